/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info coalesced`, as rows and as text.
 */
#include "accel/coalesced.h"

#include "accel/coalesce.h"
#include "accel/internal.h"

/* ---------------------------------------------------------------------------------------- rows --
 */

static void zone_clear(void *data)
{
    CoalescedZone *zone = data;

    g_free(zone->owner);
    g_free(zone->region);
    g_free(zone->reason);
}

static void finding_clear(void *data)
{
    CoalescedFinding *finding = data;

    g_free(finding->owner);
    g_free(finding->region);
}

static GArray *new_rows(guint size, GDestroyNotify clear)
{
    GArray *rows = g_array_new(FALSE, FALSE, size);

    g_array_set_clear_func(rows, clear);
    return rows;
}

static int compare_places(bool a_pio, uint64_t a, bool b_pio, uint64_t b)
{
    if (a_pio != b_pio) {
        return a_pio ? 1 : -1;
    }
    return a < b ? -1 : a > b;
}

static int compare_zones(gconstpointer a, gconstpointer b)
{
    const CoalescedZone *x = a, *y = b;

    return compare_places(x->pio, x->addr, y->pio, y->addr);
}

static int compare_doorbells(gconstpointer a, gconstpointer b)
{
    const CoalescedDoorbell *x = a, *y = b;

    return compare_places(x->pio, x->addr, y->pio, y->addr);
}

static void add_zones(CoalescedInfo *info, const ZoneLedger *ledger)
{
    for (guint i = 0; i < ledger->zones->len; i++) {
        const Zone *zone = &g_array_index(ledger->zones, Zone, i);
        CoalescedZone row = {
            .owner = g_strdup(zone->mr && zone->mr->owner ? zone->mr->owner->name : ""),
            .region = g_strdup(zone->mr ? memory_region_name(zone->mr) : ""),
            .addr = zone->addr,
            .size = zone->size,
            .pio = zone->pio,
            .active = zone->state == ZONE_ACTIVE,
            .reason = g_strdup(zone_reason(zone)),
        };

        g_array_append_val(info->zones, row);
    }
    for (guint i = 0; i < ledger->doorbells->len; i++) {
        const Doorbell *doorbell = &g_array_index(ledger->doorbells, Doorbell, i);
        CoalescedDoorbell row = {
            .addr = doorbell->addr,
            .data = doorbell->data,
            .size = doorbell->size,
            .pio = doorbell->pio,
            .match_data = doorbell->match_data,
            .active = doorbell->active,
            .reason = doorbell_reason(doorbell),
        };

        g_array_append_val(info->doorbells, row);
    }
    g_array_sort(info->zones, compare_zones);
    g_array_sort(info->doorbells, compare_doorbells);
}

static void add_findings(CoalescedInfo *info)
{
    const GArray *found = coalesce_audit_findings(&info->findings_left_out);

    for (guint i = 0; found && i < found->len; i++) {
        const AuditFinding *finding = &g_array_index(found, AuditFinding, i);
        CoalescedFinding row = {
            .owner = g_strdup(finding->owner),
            .region = g_strdup(finding->region),
            .offset = finding->offset,
            .size = finding->len,
            .effect = coalesce_effect_name(finding->effect),
            .count = finding->count,
        };

        g_array_append_val(info->findings, row);
    }
}

CoalescedInfo *coalesced_query(void)
{
    CoalescedInfo *info = g_new0(CoalescedInfo, 1);
    const AccelOps *ops = accel_current();
    const ZoneLedger *ledger = accel_zones();
    const CoalesceStats *stats = coalesce_stats();

    info->ring = coalesce_has_ring();
    info->latency_ns = ops && ops->coalesce_latency ? ops->coalesce_latency() : 0;
    info->entries = stats->entries;
    info->drains = stats->drains;
    info->full = stats->full;
    info->deferred = stats->deferred;
    info->gone = stats->gone;
    info->poisoned = stats->poisoned;
    info->delay_max_ns = stats->delay_max;
    info->delay_mean_ns = stats->entries ? stats->delay_sum / stats->entries : 0;
    info->audit = coalesce_audit_enabled();
    info->zones = new_rows(sizeof(CoalescedZone), zone_clear);
    info->doorbells = new_rows(sizeof(CoalescedDoorbell), NULL);
    info->findings = new_rows(sizeof(CoalescedFinding), finding_clear);
    if (ledger) {
        add_zones(info, ledger);
    }
    add_findings(info);
    return info;
}

void coalesced_info_free(CoalescedInfo *info)
{
    if (!info) {
        return;
    }
    g_array_unref(info->zones);
    g_array_unref(info->doorbells);
    g_array_unref(info->findings);
    g_free(info);
}

/* ---------------------------------------------------------------------------------------- text --
 */

static const char *kind_name(bool pio)
{
    return pio ? "port" : "memory";
}

static void print_range(GString *out, bool pio, uint64_t addr, uint64_t size)
{
    int digits = pio ? 4 : 16;

    g_string_append_printf(out, "  %s %0*" PRIx64 "-%0*" PRIx64, kind_name(pio), digits, addr,
                           digits, addr + (size - 1));
}

static void print_zones(GString *out, const CoalescedInfo *info)
{
    g_string_append_printf(out, "zones: %u\n", info->zones->len);
    for (guint i = 0; i < info->zones->len; i++) {
        const CoalescedZone *zone = &g_array_index(info->zones, CoalescedZone, i);

        print_range(out, zone->pio, zone->addr, zone->size);
        g_string_append_printf(out, " %s %s: %s%s\n", zone->owner, zone->region,
                               zone->active ? "active" : "not active, ", zone->reason);
    }
}

static void print_doorbells(GString *out, const CoalescedInfo *info)
{
    if (!info->doorbells->len) {
        return;
    }
    g_string_append_printf(out, "ioeventfds: %u\n", info->doorbells->len);
    for (guint i = 0; i < info->doorbells->len; i++) {
        const CoalescedDoorbell *bell = &g_array_index(info->doorbells, CoalescedDoorbell, i);

        print_range(out, bell->pio, bell->addr, MAX(bell->size, 1));
        if (!bell->size) {
            g_string_append(out, " any width");
        }
        if (bell->match_data) {
            g_string_append_printf(out, " value 0x%" PRIx64, bell->data);
        }
        g_string_append_printf(out, ": %s%s\n",
                               bell->active ? "active" : "signalled in user space, ", bell->reason);
    }
}

static void print_counters(GString *out, const CoalescedInfo *info)
{
    g_string_append_printf(out,
                           "queued writes done: %" PRIu64 "\n"
                           "drains: %" PRIu64 ", ring found full: %" PRIu64 "\n"
                           "kept back while the map changed: %" PRIu64 ", target gone: %" PRIu64
                           ", poisoned: %" PRIu64 "\n",
                           info->entries, info->drains, info->full, info->deferred, info->gone,
                           info->poisoned);
    g_string_append_printf(out,
                           "delay, at most (since the ring was last seen without the write): "
                           "largest %.3f ms, mean %.3f ms\n",
                           info->delay_max_ns / 1e6, info->delay_mean_ns / 1e6);
}

static void print_findings(GString *out, const CoalescedInfo *info)
{
    if (!info->audit) {
        g_string_append(out, "audit: off\n");
        return;
    }
    g_string_append_printf(out, "audit: on, %u findings\n", info->findings->len);
    for (guint i = 0; i < info->findings->len; i++) {
        const CoalescedFinding *f = &g_array_index(info->findings, CoalescedFinding, i);

        g_string_append_printf(out, "  %s %s+0x%" PRIx64 ", %u bytes: %s, %" PRIu64 " times\n",
                               f->owner, f->region, f->offset, f->size, f->effect, f->count);
    }
    if (info->findings_left_out) {
        g_string_append_printf(out, "  and at further places, %" PRIu64 " times\n",
                               info->findings_left_out);
    }
}

void coalesced_print_info(GString *out)
{
    g_autoptr(CoalescedInfo) info = coalesced_query();

    if (!info->ring) {
        g_string_append(out, "queue: none, every write exits\n");
    } else if (info->latency_ns) {
        g_string_append_printf(out, "queue: on, drained at least every %.3f ms\n",
                               info->latency_ns / 1e6);
    } else {
        g_string_append(out, "queue: on, drained at the next exit\n");
    }
    print_zones(out, info);
    print_doorbells(out, info);
    print_counters(out, info);
    print_findings(out, info);
}
