/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The coalesced ranges that device classes declare, and their switches.
 */
#include <string.h>

#include "error.h"
#include "hw/core/device.h"

MemoryRegion *device_coalesced_region(Device *dev, const CoalescedRange *range)
{
    return (MemoryRegion *)((char *)dev + range->region);
}

bool device_class_declares_range(const DeviceClass *cls, bool pio)
{
    for (; cls; cls = cls->parent) {
        for (const CoalescedRange *range = cls->coalesced; range && range->size; range++) {
            if (range->pio == pio) {
                return true;
            }
        }
    }
    return false;
}

/* Every range of the class and its parents: first all are taken back, then the allowed added. */
static void foreach_range(Device *dev, bool add)
{
    for (const DeviceClass *cls = dev->cls; cls; cls = cls->parent) {
        for (const CoalescedRange *range = cls->coalesced; range && range->size; range++) {
            MemoryRegion *mr = device_coalesced_region(dev, range);

            if (!add) {
                memory_region_clear_coalescing(mr);
            } else if (range->pio ? dev->coalesced_pio : dev->coalesced_mmio) {
                memory_region_add_coalescing(mr, range->addr, range->size);
            }
        }
    }
}

void device_update_coalescing(Device *dev)
{
    memory_region_transaction_begin();
    foreach_range(dev, false);
    foreach_range(dev, true);
    memory_region_transaction_commit();
}

typedef struct OutputSearch {
    const MemoryRegion *mr;
    hwaddr offset;
    bool found;
} OutputSearch;

static void find_output(Device *dev, void *opaque)
{
    OutputSearch *search = opaque;

    for (const DeviceClass *cls = dev->cls; cls; cls = cls->parent) {
        for (const CoalescedRange *range = cls->coalesced; range && range->size; range++) {
            search->found |= range->output && device_coalesced_region(dev, range) == search->mr &&
                             search->offset >= range->addr &&
                             search->offset - range->addr < range->size;
        }
    }
}

bool device_coalesced_is_output(const MemoryRegion *mr, hwaddr offset)
{
    OutputSearch search = {.mr = mr, .offset = offset};

    device_foreach(find_output, &search);
    return search.found;
}

/* ------------------------------------------------------------------------ the monitor's switch --
 */

typedef struct Switch {
    const char *name;
    CoalescedKinds kinds;
    bool on;
    bool by_id;        /* a device has `name` as its id */
    unsigned named;    /* devices that are meant */
    unsigned switched; /* those of them that declare such a range */
    bool dry;          /* only count */
} Switch;

static bool is_meant(const Device *dev, const Switch *s)
{
    if (s->by_id) {
        return dev->id && strcmp(dev->id, s->name) == 0;
    }
    return strcmp(s->name, "all") == 0 || device_class_find(s->name) == dev->cls;
}

static void switch_one(Device *dev, void *opaque)
{
    Switch *s = opaque;
    bool mmio = s->kinds & COALESCED_KIND_MMIO && device_class_declares_range(dev->cls, false);
    bool pio = s->kinds & COALESCED_KIND_PIO && device_class_declares_range(dev->cls, true);

    if (!is_meant(dev, s)) {
        return;
    }
    s->named++;
    if (!mmio && !pio) {
        return;
    }
    s->switched++;
    if (s->dry) {
        return;
    }
    if (mmio) {
        dev->coalesced_mmio = s->on;
    }
    if (pio) {
        dev->coalesced_pio = s->on;
    }
    device_update_coalescing(dev);
}

bool devices_set_coalescing(const char *name, CoalescedKinds kinds, bool on, GError **errp)
{
    Switch s = {.name = name, .kinds = kinds, .on = on, .by_id = device_find(name), .dry = true};

    device_foreach(switch_one, &s);
    if (!s.named) {
        error_setg(errp, "Device '%s' not found: an id, a class of devices or 'all' is needed",
                   name);
        return false;
    }
    if (!s.switched) {
        error_setg(errp, "Device '%s' has no registers whose %swrites may be queued", name,
                   kinds == COALESCED_KIND_MMIO  ? "memory "
                   : kinds == COALESCED_KIND_PIO ? "port "
                                                 : "");
        return false;
    }
    s.dry = false;
    memory_region_transaction_begin();
    device_foreach(switch_one, &s);
    memory_region_transaction_commit();
    return true;
}
