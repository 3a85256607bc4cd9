/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ranges that devices declare, held against the rules: on a whole PC every register of every
 * range of every class is written in each width, then all of them in random order, under the audit.
 * A class with a table that the board has not is added; one that can't be is a failure.
 */
#include <glib.h>
#include <string.h>

#include "../../../accel/coalesce.h"
#include "accel/accel.h"
#include "accel/coalesced.h"
#include "accel/lock.h"
#include "backends/block.h"
#include "backends/char.h"
#include "chardevs.h"
#include "drives.h"
#include "hw/core/device.h"
#include "hw/core/machine.h"
#include "machine-config.h"
#include "memory/system.h"
#include "options.h"
#include "system/mainloop.h"
#include "system/vm.h"

#define ALL_OFFSETS    4096 /* a larger range is sampled */
#define RANDOM_WRITES  200000
#define RESET_INTERVAL 20000

/* A declared range of a device that exists. */
typedef struct Target {
    Device *dev;
    const CoalescedRange *range;
    MemoryRegion *mr;
    hwaddr size; /* the region may be smaller than the range */
} Target;

static GArray *targets; /* Target */
static Options options;

static void add_targets(Device *dev, void *opaque)
{
    for (const DeviceClass *cls = dev->cls; cls; cls = cls->parent) {
        for (const CoalescedRange *range = cls->coalesced; range && range->size; range++) {
            Target t = {.dev = dev, .range = range, .mr = device_coalesced_region(dev, range)};

            g_assert_cmpuint(memory_region_size(t.mr), >, range->addr);
            t.size = MIN(range->size, memory_region_size(t.mr) - range->addr);
            g_array_append_val(targets, t);
        }
    }
}

static bool declares(const DeviceClass *cls)
{
    return !cls->abstract &&
           (device_class_declares_range(cls, false) || device_class_declares_range(cls, true));
}

static void add_missing_classes(void)
{
    for (const DeviceClass *const *cls = device_classes; *cls; cls++) {
        g_autoptr(GError) err = NULL;
        const BusClass *kind = device_class_bus(*cls);
        Device *dev;

        if (!declares(*cls) || device_find_class(*cls)) {
            continue;
        }
        dev = device_new(*cls);
        if (!device_realize(dev, kind == &system_bus_class ? NULL : bus_find_class(kind), &err)) {
            g_error("the class %s declares ranges, and can't be tested: %s", (*cls)->name,
                    err->message);
        }
    }
}

static void start(void)
{
    static char *argv[] = {
        (char *)"lignite",   (char *)"-accel",   (char *)"x86emu,coalesce-audit=on",
        (char *)"-display",  (char *)"none",     (char *)"-serial",
        (char *)"null",      (char *)"-monitor", (char *)"none",
        (char *)"-debugcon", (char *)"null",     (char *)"-parallel",
        (char *)"null",      NULL};
    Machine *machine = machine_current();
    g_autoptr(GError) err = NULL;

    g_assert_cmpint(options_parse(&options, G_N_ELEMENTS(argv) - 1, argv, &err), ==, OPTIONS_RUN);
    machine_lock();
    mainloop_init();
    memory_system_init();
    coalesced_set_output_test(device_coalesced_is_output);
    machine_configure(machine, &options, &err);
    g_assert_no_error(err);
    drives_open(&options, machine, &err);
    g_assert_no_error(err);
    chardevs_open(&options, machine, &err);
    g_assert_no_error(err);
    accel_start((const char *const *)options.accels->pdata, 1, machine->cpu_model, NULL, &err);
    g_assert_no_error(err);
    machine->cls->init(machine, &err);
    g_assert_no_error(err);
    chardevs_add_debugcons(&err);
    g_assert_no_error(err);
    machine->cls->done(machine, &err);
    g_assert_no_error(err);
    add_missing_classes();
    vm_init(&options.policy, true);
    targets = g_array_new(FALSE, FALSE, sizeof(Target));
    device_foreach(add_targets, NULL);
}

static void finish(void)
{
    Machine *machine = machine_current();

    g_array_unref(targets);
    vcpus_destroy();
    accel_shutdown();
    machine->cls->cleanup(machine);
    block_close_all();
    chardev_close_all();
    machine_unlock();
    options_clear(&options);
}

static void write_audited(const Target *t, hwaddr offset, uint64_t data, unsigned size)
{
    data = GUINT64_TO_LE(data);
    coalesce_audit_begin(t->mr, t->range->addr + offset, size, false);
    memory_region_write(t->mr, t->range->addr + offset, &data, size);
    coalesce_audit_end();
}

static void assert_clean(void)
{
    g_autoptr(CoalescedInfo) info = coalesced_query();

    for (guint i = 0; i < info->findings->len; i++) {
        const CoalescedFinding *f = &g_array_index(info->findings, CoalescedFinding, i);

        g_test_message("%s %s+0x%" G_GINT64_MODIFIER "x: a queued write %s", f->owner, f->region,
                       f->offset, f->effect);
    }
    g_assert_cmpuint(info->findings->len, ==, 0);
    g_assert_cmpuint(info->findings_left_out, ==, 0);
}

static void test_every_register(void)
{
    static const uint64_t values[] = {
        0, UINT64_MAX, UINT64_C(0x5555555555555555), UINT64_C(0x8000000080000001), 0x06, 0x80};

    for (guint i = 0; i < targets->len; i++) {
        const Target *t = &g_array_index(targets, Target, i);
        hwaddr step = MAX(t->size / ALL_OFFSETS, 1);

        for (hwaddr offset = 0; offset < t->size; offset += step) {
            for (unsigned size = 1; size <= 8 && offset + size <= t->size; size *= 2) {
                for (size_t v = 0; v < G_N_ELEMENTS(values); v++) {
                    write_audited(t, offset, values[v], size);
                }
            }
        }
    }
    assert_clean();
}

/* Indexes and data, states that one write makes for the next, and resets in between. */
static void test_random_writes(void)
{
    for (unsigned n = 0; n < RANDOM_WRITES; n++) {
        const Target *t =
            &g_array_index(targets, Target, g_test_rand_int_range(0, (gint32)targets->len));
        unsigned size = 1u << g_test_rand_int_range(0, 4);
        uint64_t data = (uint64_t)(uint32_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();

        if (size > t->size) {
            continue;
        }
        write_audited(t, (uint32_t)g_test_rand_int() % (t->size - size + 1), data, size);
        if (n % RESET_INTERVAL == 0) {
            devices_reset();
        }
    }
    assert_clean();
}

/* The whole of a table lies in its region, and what it names may be coalesced. */
static void test_tables(void)
{
    unsigned classes = 0;

    for (const DeviceClass *const *cls = device_classes; *cls; cls++) {
        bool found = false;

        if (!declares(*cls)) {
            continue;
        }
        for (guint i = 0; i < targets->len; i++) {
            found |= g_array_index(targets, Target, i).dev->cls == *cls;
        }
        g_assert_true(found);
        classes++;
    }
    g_assert_cmpuint(classes, >=, 9);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    start();
    g_test_add_func("/coalesced-ranges/every-class-is-here", test_tables);
    g_test_add_func("/coalesced-ranges/every-register", test_every_register);
    g_test_add_func("/coalesced-ranges/random-writes", test_random_writes);
    status = g_test_run();
    finish();
    return status;
}
