/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QMP commands about how the guest's accesses are carried out: which writes are queued.
 */
#include "accel/coalesced.h"
#include "qmp-commands.h"

/* --------------------------------------------------------------------------- query-coalesced -- */

static const QmpType io_space = QMP_ENUM("memory", "port");
static const QmpType coalesced_zone =
    QMP_STRUCT(QMP_MUST("space", io_space), QMP_MUST("address", qmp_uint),
               QMP_MUST("size", qmp_uint), QMP_MAY("owner", qmp_str), QMP_MUST("region", qmp_str),
               QMP_MUST("active", qmp_bool), QMP_MAY("reason", qmp_str));
static const QmpType coalesced_zones = QMP_LIST(coalesced_zone);
static const QmpType ioeventfd_info =
    QMP_STRUCT(QMP_MUST("space", io_space), QMP_MUST("address", qmp_uint), QMP_MAY("size", qmp_int),
               QMP_MAY("data", qmp_uint), QMP_MUST("active", qmp_bool), QMP_MAY("reason", qmp_str));
static const QmpType ioeventfd_infos = QMP_LIST(ioeventfd_info);
static const QmpType audit_finding =
    QMP_STRUCT(QMP_MAY("owner", qmp_str), QMP_MUST("region", qmp_str), QMP_MUST("offset", qmp_uint),
               QMP_MUST("size", qmp_int), QMP_MUST("effect", qmp_str), QMP_MUST("count", qmp_uint));
static const QmpType audit_findings = QMP_LIST(audit_finding);
static const QmpType audit_info =
    QMP_STRUCT(QMP_MUST("findings", audit_findings), QMP_MUST("left-out", qmp_uint));
/* Times in ns. Without `max-latency` a write waits for the next exit. */
static const QmpType coalesced_info = QMP_STRUCT(
    QMP_MUST("queue", qmp_bool), QMP_MAY("max-latency", qmp_int),
    QMP_MUST("zones", coalesced_zones), QMP_MUST("ioeventfds", ioeventfd_infos),
    QMP_MUST("entries", qmp_uint), QMP_MUST("drains", qmp_uint), QMP_MUST("full-rings", qmp_uint),
    QMP_MUST("deferred", qmp_uint), QMP_MUST("gone", qmp_uint), QMP_MUST("poisoned", qmp_uint),
    QMP_MUST("delay-max", qmp_uint), QMP_MUST("delay-mean", qmp_uint),
    QMP_MAY("audit", audit_info));

static const char *space_name(bool pio)
{
    return pio ? "port" : "memory";
}

/* Set a member unless the text is empty, which says that there is none. */
static void set_text(json_t *object, const char *name, const char *text)
{
    if (*text) {
        json_object_set_new(object, name, json_string(text));
    }
}

static json_t *zones_json(const CoalescedInfo *info)
{
    json_t *list = json_array();

    for (guint i = 0; i < info->zones->len; i++) {
        const CoalescedZone *zone = &g_array_index(info->zones, CoalescedZone, i);
        json_t *row =
            json_pack("{s:s, s:o, s:o, s:s, s:b}", "space", space_name(zone->pio), "address",
                      qmp_uint_json(zone->addr), "size", qmp_uint_json(zone->size), "region",
                      zone->region, "active", zone->active);

        set_text(row, "owner", zone->owner);
        set_text(row, "reason", zone->reason);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *ioeventfds_json(const CoalescedInfo *info)
{
    json_t *list = json_array();

    for (guint i = 0; i < info->doorbells->len; i++) {
        const CoalescedDoorbell *bell = &g_array_index(info->doorbells, CoalescedDoorbell, i);
        json_t *row = json_pack("{s:s, s:o, s:b}", "space", space_name(bell->pio), "address",
                                qmp_uint_json(bell->addr), "active", bell->active);

        if (bell->size) {
            json_object_set_new(row, "size", json_integer(bell->size));
        }
        if (bell->match_data) {
            json_object_set_new(row, "data", qmp_uint_json(bell->data));
        }
        set_text(row, "reason", bell->reason);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *audit_json(const CoalescedInfo *info)
{
    json_t *list = json_array();

    for (guint i = 0; i < info->findings->len; i++) {
        const CoalescedFinding *f = &g_array_index(info->findings, CoalescedFinding, i);
        json_t *row = json_pack("{s:s, s:o, s:i, s:s, s:o}", "region", f->region, "offset",
                                qmp_uint_json(f->offset), "size", (int)f->size, "effect", f->effect,
                                "count", qmp_uint_json(f->count));

        set_text(row, "owner", f->owner);
        json_array_append_new(list, row);
    }
    return json_pack("{s:o, s:o}", "findings", list, "left-out",
                     qmp_uint_json(info->findings_left_out));
}

static json_t *query_coalesced(QmpSession *session, json_t *args, GError **errp)
{
    g_autoptr(CoalescedInfo) info = coalesced_query();
    json_t *reply = json_pack("{s:b, s:o, s:o}", "queue", info->ring, "zones", zones_json(info),
                              "ioeventfds", ioeventfds_json(info));
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        {"entries", info->entries},
        {"drains", info->drains},
        {"full-rings", info->full},
        {"deferred", info->deferred},
        {"gone", info->gone},
        {"poisoned", info->poisoned},
        {"delay-max", info->delay_max_ns},
        {"delay-mean", info->delay_mean_ns},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
        json_object_set_new(reply, counters[i].name, qmp_uint_json(counters[i].value));
    }
    if (info->ring && info->latency_ns) {
        json_object_set_new(reply, "max-latency", json_integer(info->latency_ns));
    }
    if (info->audit) {
        json_object_set_new(reply, "audit", audit_json(info));
    }
    return reply;
}

/* ------------------------------------------------------------------------------------- table -- */

const QmpCommand qmp_io_commands[] = {
    {.name = "query-coalesced", .returns = &coalesced_info, .run = query_coalesced}, {}};
