/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit of queued writes: a device that breaks one rule with each of its registers is found
 * out, once for each place, and what others do meanwhile is not laid at its door.
 */
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../../../accel/coalesce.h"
#include "accel/coalesced.h"
#include "accel/lock.h"
#include "backends/block.h"
#include "backends/char.h"
#include "hw/core/clock.h"
#include "hw/core/irq.h"
#include "memory/system.h"

enum {
    REG_PLAIN,
    REG_IRQ,
    REG_TIMER_ARM,
    REG_TIMER_DISARM,
    REG_CLOCK,
    REG_DMA_READ,
    REG_DMA_WRITE,
    REG_DMA_MAP,
    REG_MAP,
    REG_BLOCK,
    REG_OUTPUT,
    REG_ENTER, /* in the middle of it others act */
    REGS,
};

static union {
    struct kvm_coalesced_mmio_ring ring;
    uint8_t bytes[4096];
} page;

static MemoryOwner owner = {.name = "rule-breaker"};
static MemoryRegion regs, bank, ram;
static Irq line;
static Timer timer;
static BlockBackend *disk;
static Chardev *chr;

static void hear_line(void *opaque, int n, int level)
{
}

static void expired(void *opaque)
{
}

static void stored(void *opaque, int ret)
{
}

static void *read_clocks(void *opaque)
{
    clock_get_ns(VM_CLOCK_REALTIME);
    return NULL;
}

static void regs_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    static uint8_t sector[512];
    struct iovec iov = {sector, sizeof(sector)};
    hwaddr len = 4;
    void *host;

    switch (addr) {
    case REG_IRQ:
        irq_set(&line, data);
        break;
    case REG_TIMER_ARM:
        timer_mod(&timer, INT64_C(1) << 60);
        break;
    case REG_TIMER_DISARM:
        timer_del(&timer);
        break;
    case REG_CLOCK:
        clock_get_ns(VM_CLOCK_VIRTUAL);
        break;
    case REG_DMA_READ:
        address_space_ldl_le(&address_space_memory, 0, NULL);
        break;
    case REG_DMA_WRITE:
        address_space_stb(&address_space_memory, 0, 1, NULL);
        break;
    case REG_DMA_MAP:
        host = address_space_map(&address_space_memory, 0, &len, false);
        address_space_unmap(&address_space_memory, host, len, false, 0);
        break;
    case REG_MAP:
        memory_region_set_enabled(&bank, data);
        break;
    case REG_BLOCK:
        block_aio_readv(disk, 0, &iov, 1, stored, NULL);
        block_drain_all();
        break;
    case REG_OUTPUT:
        chardev_write(chr, "x", 1);
        break;
    case REG_ENTER:
        g_thread_join(g_thread_new("other", read_clocks, NULL));
        break;
    default:
        break;
    }
}

static const MemoryRegionOps regs_ops = {
    .write = regs_write,
    .valid = {.min_access_size = 1, .max_access_size = 4},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static const MemoryRegionOps bank_ops = {};

static void setup(void)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *image = NULL;
    bool mon;
    int fd = g_file_open_tmp("lignite-audit-XXXXXX", &image, &err);

    g_assert_no_error(err);
    g_assert_cmpint(ftruncate(fd, 65536), ==, 0);
    close(fd);
    disk = block_open("disk", &(BlockOptions){.filename = image, .format_given = true}, &err);
    g_assert_no_error(err);
    unlink(image);
    chr = chardev_new_compat("sink", "null", &mon, &err);
    g_assert_no_error(err);

    memset(&page, 0, sizeof(page));
    memory_system_init();
    memory_region_init_ram(&ram, NULL, "ram", 0x10000, &err);
    g_assert_no_error(err);
    memory_region_add_subregion(get_system_memory(), 0, &ram);
    memory_region_init_io(&bank, &owner, &bank_ops, NULL, "bank", 0x1000);
    memory_region_set_enabled(&bank, false);
    memory_region_add_subregion(get_system_memory(), 0x20000, &bank);
    memory_region_init_io(&regs, &owner, &regs_ops, NULL, "regs", REGS);
    memory_region_add_subregion(get_system_memory(), 0x10000, &regs);
    memory_region_add_coalescing(&regs, 0, REGS);
    irq_init(&line, hear_line, NULL, 0);
    timer_init(&timer, VM_CLOCK_VIRTUAL, expired, NULL);
    coalesce_init();
    coalesce_set_ring(&page.ring);
    coalesce_set_audit(true);
}

static void teardown(void)
{
    timer_del(&timer);
    coalesced_set_output_test(NULL);
    coalesce_cleanup();
    memory_region_del_subregion(get_system_memory(), &regs);
    memory_region_del_subregion(get_system_memory(), &bank);
    memory_region_del_subregion(get_system_memory(), &ram);
    memory_region_destroy(&regs);
    memory_region_destroy(&bank);
    memory_region_destroy(&ram);
    memory_system_cleanup();
    block_close(disk);
    chardev_free(chr);
}

static void queue(unsigned reg, uint8_t data)
{
    struct kvm_coalesced_mmio *e = &page.ring.coalesced_mmio[page.ring.last];

    *e = (struct kvm_coalesced_mmio){.phys_addr = 0x10000 + reg, .len = 1};
    e->data[0] = data;
    page.ring.last = (page.ring.last + 1) % COALESCE_RING_SLOTS;
}

static void replay(unsigned reg, uint8_t data)
{
    queue(reg, data);
    machine_lock();
    coalesce_drain();
    machine_unlock();
}

static void expect_warning(unsigned reg, const char *effect)
{
    g_autoptr(CoalescedInfo) info = coalesced_query();
    const CoalescedFinding *f;

    g_assert_cmpuint(info->findings->len, >, 0);
    f = &g_array_index(info->findings, CoalescedFinding, info->findings->len - 1);
    g_assert_cmpstr(f->owner, ==, "rule-breaker");
    g_assert_cmpstr(f->region, ==, "regs");
    g_assert_cmpuint(f->offset, ==, reg);
    g_assert_cmpuint(f->size, ==, 1);
    g_assert_cmpstr(f->effect, ==, effect);
}

static unsigned findings(void)
{
    g_autoptr(CoalescedInfo) info = coalesced_query();

    g_assert_true(info->audit);
    return info->findings->len;
}

static void test_each_rule(void)
{
    static const struct {
        unsigned reg;
        uint8_t data;
        const char *effect;
    } rows[] = {
        {REG_IRQ, 1, "changed an interrupt line"},
        {REG_TIMER_ARM, 0, "armed or disarmed a timer"},
        {REG_TIMER_DISARM, 0, "armed or disarmed a timer"},
        {REG_CLOCK, 0, "read a clock"},
        {REG_DMA_READ, 0, "accessed memory"},
        {REG_DMA_WRITE, 0, "accessed memory"},
        {REG_DMA_MAP, 0, "accessed memory"},
        {REG_MAP, 1, "changed the memory map"},
        {REG_BLOCK, 0, "started a disk request"},
        {REG_OUTPUT, 0, "sent data to a backend"},
    };

    setup();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        replay(rows[i].reg, rows[i].data);
        g_assert_cmpuint(findings(), ==, i + 1);
        expect_warning(rows[i].reg, rows[i].effect);
    }
    teardown();
}

static void test_harmless(void)
{
    setup();
    replay(REG_PLAIN, 1);
    replay(REG_IRQ, 0);          /* the line is low */
    replay(REG_TIMER_DISARM, 0); /* and the timer not armed */
    replay(REG_MAP, 0);          /* nor the bank mapped */
    g_assert_cmpuint(findings(), ==, 0);
    teardown();
}

static void test_once_per_place(void)
{
    g_autoptr(CoalescedInfo) info = NULL;

    setup();
    for (unsigned i = 0; i < 10; i++) {
        replay(REG_CLOCK, i);
    }
    info = coalesced_query();
    g_assert_cmpuint(info->findings->len, ==, 1);
    g_assert_cmpuint(g_array_index(info->findings, CoalescedFinding, 0).count, ==, 10);
    teardown();
}

/* A write that waited on the list of deferred ones is watched as well. */
static void test_deferred(void)
{
    setup();
    machine_lock();
    queue(REG_IRQ, 1);
    queue(REG_DMA_READ, 1);
    memory_region_clear_coalescing(&regs);
    g_assert_cmpuint(findings(), ==, 0);
    machine_unlock();
    g_assert_cmpuint(findings(), ==, 2);
    expect_warning(REG_DMA_READ, "accessed memory");
    teardown();
}

/* What exits, and what others do, is no concern of the audit. */
static void test_others(void)
{
    setup();
    machine_lock();
    address_space_stb(&address_space_memory, 0x10000 + REG_IRQ, 1, NULL);
    address_space_stb(&address_space_memory, 0x10000 + REG_MAP, 1, NULL);
    machine_unlock();
    replay(REG_ENTER, 0);
    g_assert_cmpuint(findings(), ==, 0);
    teardown();
}

static bool output_reg(const MemoryRegion *mr, hwaddr offset)
{
    return mr == &regs && (offset == REG_OUTPUT || offset == REG_BLOCK);
}

/* A declared output may go to a backend, but nothing else. */
static void test_declared_output(void)
{
    setup();
    coalesced_set_output_test(output_reg);
    replay(REG_OUTPUT, 1);
    replay(REG_OUTPUT, 2);
    g_assert_cmpuint(findings(), ==, 0);
    replay(REG_BLOCK, 1);
    g_assert_cmpuint(findings(), ==, 1);
    teardown();
}

static void test_off(void)
{
    setup();
    coalesce_set_audit(false);
    replay(REG_IRQ, 1);
    g_assert_null(effect_hook_core);
    g_assert_null(effect_hook_memory);
    g_assert_null(effect_hook_backends);
    teardown();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audit/each-rule", test_each_rule);
    g_test_add_func("/audit/harmless", test_harmless);
    g_test_add_func("/audit/once-per-place", test_once_per_place);
    g_test_add_func("/audit/deferred", test_deferred);
    g_test_add_func("/audit/others", test_others);
    g_test_add_func("/audit/declared-output", test_declared_output);
    g_test_add_func("/audit/off", test_off);
    return g_test_run();
}
