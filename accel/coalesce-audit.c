/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit of queued writes: while one is replayed, nothing may happen whose time somebody could
 * tell. docs/coalescing.md has the rules; this watches for the first four.
 *
 * The fifth, that a write must not change what a read without an exit returns, can't be seen from
 * here.
 */
#include "accel/coalesce.h"

#include "accel/coalesced.h"
#include "accel/effect-watch.h"
#include "hw/core/log.h"

/* Places that are remembered: a wrong range over a window of pixels would have as many as bytes. */
#define MAX_FINDINGS 256

typedef struct Place {
    AuditFinding finding;
    const MemoryRegion *mr;
    bool allowed; /* output, and the device's table says so */
} Place;

static struct {
    bool on;
    GArray *places;   /* Place */
    GArray *findings; /* AuditFinding, those of `places` that are not allowed */
    uint64_t left_out;
} audit;

static bool (*is_output)(const MemoryRegion *mr, hwaddr offset);

/* The write that this thread replays. Other threads may read clocks meanwhile. */
static __thread struct {
    bool replaying;
    bool own_access; /* the next access to an address space is the replay itself */
    unsigned seen;   /* effects, one bit each */
    const MemoryRegion *mr;
    hwaddr offset;
    unsigned len;
} now;

const char *coalesce_effect_name(Effect effect)
{
    static const char *const names[EFFECTS] = {
        [EFFECT_IRQ] = "changed an interrupt line",
        [EFFECT_TIMER] = "armed or disarmed a timer",
        [EFFECT_CLOCK] = "read a clock",
        [EFFECT_DMA] = "accessed memory",
        [EFFECT_MAP] = "changed the memory map",
        [EFFECT_BLOCK] = "started a disk request",
        [EFFECT_OUTPUT] = "sent data to a backend",
    };

    return names[effect];
}

/* ------------------------------------------------------------------------------------ findings --
 */

static Place *find_place(Effect effect)
{
    for (guint i = 0; i < audit.places->len; i++) {
        Place *place = &g_array_index(audit.places, Place, i);

        if (place->mr == now.mr && place->finding.offset == now.offset &&
            place->finding.effect == effect) {
            return place;
        }
    }
    return NULL;
}

static void add_place(Effect effect)
{
    Place place = {
        .finding =
            {
                .owner = g_strdup(now.mr->owner ? now.mr->owner->name : ""),
                .region = g_strdup(memory_region_name(now.mr)),
                .offset = now.offset,
                .len = now.len,
                .effect = effect,
                .count = 1,
            },
        .mr = now.mr,
        .allowed = effect == EFFECT_OUTPUT && is_output && is_output(now.mr, now.offset),
    };

    g_array_append_val(audit.places, place);
    if (!place.allowed) {
        log_warning("coalesce-audit: %s: %s+0x%" PRIx64 ", %u bytes: a queued write %s",
                    place.finding.owner, place.finding.region, now.offset, now.len,
                    coalesce_effect_name(effect));
    }
}

static void note(Effect effect)
{
    Place *place;

    if (!now.replaying || !now.mr) {
        return;
    }
    if (effect == EFFECT_DMA && now.own_access) {
        now.own_access = false;
        return;
    }
    if (now.seen & (1u << effect)) {
        return;
    }
    now.seen |= 1u << effect;
    place = find_place(effect);
    if (place) {
        place->finding.count++;
    } else if (audit.places->len < MAX_FINDINGS) {
        add_place(effect);
    } else {
        audit.left_out++;
    }
}

void coalesce_audit_begin(const MemoryRegion *mr, hwaddr offset, unsigned len,
                          bool through_address_space)
{
    if (audit.on) {
        now.mr = mr;
        now.offset = offset;
        now.len = len;
        now.seen = 0;
        now.own_access = through_address_space;
        now.replaying = true;
    }
}

void coalesce_audit_end(void)
{
    now.replaying = false;
}

const GArray *coalesce_audit_findings(uint64_t *left_out)
{
    *left_out = audit.left_out;
    if (!audit.on) {
        return NULL;
    }
    g_array_set_size(audit.findings, 0);
    for (guint i = 0; i < audit.places->len; i++) {
        const Place *place = &g_array_index(audit.places, Place, i);

        if (!place->allowed) {
            g_array_append_val(audit.findings, place->finding);
        }
    }
    return audit.findings;
}

/* -------------------------------------------------------------------------------------- on, off --
 */

static void place_clear(void *data)
{
    Place *place = data;

    g_free(place->finding.owner);
    g_free(place->finding.region);
}

void coalesce_set_audit(bool on)
{
    if (audit.on == on) {
        return;
    }
    audit.on = on;
    audit.left_out = 0;
    if (on) {
        audit.places = g_array_new(FALSE, FALSE, sizeof(Place));
        g_array_set_clear_func(audit.places, place_clear);
        audit.findings = g_array_new(FALSE, FALSE, sizeof(AuditFinding));
    } else {
        g_clear_pointer(&audit.places, g_array_unref);
        g_clear_pointer(&audit.findings, g_array_unref);
    }
    effect_listen(EFFECT_LISTENER_AUDIT, on ? note : NULL);
}

void coalesced_set_output_test(bool (*fn)(const MemoryRegion *mr, hwaddr offset))
{
    is_output = fn;
}

bool coalesce_audit_enabled(void)
{
    return audit.on;
}
