/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can go wrong when writes are queued: a case for each hazard. Some have their case among the
 * shortfalls, too: stop (2, 7), reset (7), the bound (1, 8), receive (3), banks (4).
 */
#include "board.h"

#include <sys/eventfd.h>

#include "display/vga-modes.h"

#define VGA_COLOR 0x67 /* Misc Output: memory enabled, the CRTC at 3D4 */

static void set_switches(bool on)
{
    Device *devices[] = {board.rtc, board.vga, board.nic, board.testdev, DEVICE(board.host)};

    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
        /* A class without ranges of a kind has no such property. */
        device_set_property(devices[i], "coalesced-mmio", g_variant_new_boolean(on), NULL);
        device_set_property(devices[i], "coalesced-pio", g_variant_new_boolean(on), NULL);
    }
}

/* ------------------------------------------------------------------------- stale for the host --
 */

/* A character is written, and there is no exit before the screen is looked at. */
static void test_character_before_screendump(const void *accel)
{
    g_autofree char *text = NULL;
    Program p = {};
    uint64_t exits;

    if (!board_start(accel, 1)) {
        return;
    }
    set_mode(&mode_text);
    p_store(&p, 0xb8000, 0x0741, 2);
    p_store(&p, 0xb8002, 0x0742, 2);
    p_store(&p, BOARD_FLAG, 1, 1);
    p_spin(&p);
    board_load(0, &p);
    exits = vcpus_exits();
    vcpus_resume();
    board_wait_flag(1);
    g_assert_cmpuint(vcpus_exits() - exits, ==, 0);
    text = console_text(console_default());
    g_assert_nonnull(text);
    g_assert_true(g_str_has_prefix(text, "AB\n"));
    vcpus_pause();
    board_stop();
}

static void test_guest_never_exits(const void *accel)
{
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    memory_region_add_coalescing(&board.rec_mem, 0, 0x100);
    p_pause(&p); /* the main loop waits by then */
    p_store(&p, REC_MEM + 8, 0x1234, 2);
    p_spin(&p);
    board_load(0, &p);
    vcpus_resume();
    while (board.log->len == 0) {
        mainloop_iterate(true); /* nothing but the bound on the delay wakes it */
    }
    board_expect(0, 'w', 8, 2, 0x1234);
    vcpus_pause();
    board_stop();
}

/* --------------------------------------------------------------------- index and data registers --
 */

static void p_pair(Program *p, uint16_t index, uint16_t data, uint8_t a, uint8_t b)
{
    p_outb(p, index, a);
    p_outb(p, data, 0x35);
    p_outb(p, index, b);
    p_outb(p, data, 0x4a);
    p_in(p, data, 1);
    p_in(p, index, 1);
    p_outb(p, index, a);
    p_in(p, data, 1);
}

static void p_all_pairs(Program *p)
{
    p_outb(p, 0x3c2, 0x67);
    p_pair(p, 0x70, 0x71, 0x40, 0x51);
    p_pair(p, 0x3c4, 0x3c5, 0x02, 0x03);
    p_pair(p, 0x3ce, 0x3cf, 0x08, 0x04);
    p_pair(p, 0x3d4, 0x3d5, 0x0c, 0x0f);
    p_outb(p, 0x3c2, 0x66); /* the same registers elsewhere */
    p_pair(p, 0x3b4, 0x3b5, 0x0c, 0x0f);
    p_outb(p, 0x3c2, 0x67);
    /* The palette: an index to write from, three parts, an index to read from. */
    p_outb(p, 0x3c8, 0x10);
    p_outb(p, 0x3c9, 1);
    p_outb(p, 0x3c9, 2);
    p_outb(p, 0x3c9, 3);
    p_in(p, 0x3c8, 1);
    p_outb(p, 0x3c7, 0x10);
    p_in(p, 0x3c9, 1);
    p_in(p, 0x3c9, 1);
    p_in(p, 0x3c9, 1);
    /* PCI: each byte of the data register, and the address read back. */
    p_config_write(p, NIC_DEV, PCI_INTERRUPT_LINE, 0x0b, 1);
    p_config_write(p, VGA_DEV, PCI_INTERRUPT_LINE, 0x05, 1);
    p_config_read(p, NIC_DEV, PCI_INTERRUPT_LINE, 1);
    p_config_read(p, VGA_DEV, PCI_INTERRUPT_LINE, 2);
    p_config_read(p, VGA_DEV, PCI_DEVICE_ID, 2);
    p_in(p, 0xcf8, 4);
    p_out(p, 0xcfb, 0, 1); /* a byte is not the bridge's */
    p_in(p, 0xcf8, 4);
    /* The NIC's window of ports. */
    p_out(p, NIC_IO, NIC_FCTTV, 4);
    p_out(p, NIC_IO + 4, 0x4321, 4);
    p_out(p, NIC_IO, NIC_FCAH, 4);
    p_in(p, NIC_IO + 4, 4);
    p_load(p, NIC_MEM + NIC_FCTTV, 4);
}

static void test_index_and_data(const void *accel)
{
    g_autofree void *with = NULL;
    uint64_t exits[2];
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    for (int i = 0; i < 20; i++) {
        p_all_pairs(&p);
    }
    p_end(&p);
    for (int off = 0; off < 2; off++) {
        set_switches(!off);
        exits[off] = vcpus_exits();
        board_run(&p);
        exits[off] = vcpus_exits() - exits[off];
        if (off == 0) {
            with = g_memdup2(board.mem + BOARD_LOG, 4 * p.reads);
        }
    }
    g_assert_cmpmem(with, 4 * p.reads, board.mem + BOARD_LOG, 4 * p.reads);
    g_assert_cmpuint(exits[0] + 10 * 20, <, exits[1]);
    g_assert_cmphex(board_logged(0), ==, 0x4a);
    g_assert_cmphex(board_logged(2), ==, 0x35);
    board_stop();
}

/* ------------------------------------------------------------------------------------ stopping --
 */

static void test_stop_with_pending_index(const void *accel)
{
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    outb(0x3c2, VGA_COLOR);
    p_out(&p, 0xcf8, 0x80000000 | NIC_DEV << 8, 4);
    p_outb(&p, 0x3d4, 0x0e);
    p_store(&p, BOARD_FLAG, 1, 1);
    p_spin(&p);
    board_load(0, &p);
    vcpus_resume();
    board_wait_flag(1);
    vcpus_pause();
    /* Without the lock being taken again, as whoever saves the state would. */
    g_assert_cmphex(address_space_ldl_le(&address_space_io, 0xcfc, NULL), ==, 0x100e8086);
    g_assert_cmphex(host_inb(0x3d4), ==, 0x0e);
    board_stop();
}

/* A port is read over and over, and the CPU stopped at any point: no value is lost or read twice.
 */
static void check_stop_inside(bool string)
{
    Program p = {};
    unsigned start, after = 0, n = 3000;

    start = p_loop(&p, string ? n / 100 : n);
    if (string) {
        p_port(&p, REC_PORT);
        p_byte(&p, 0x89); /* mov ebx, ecx */
        p_byte(&p, 0xcb);
        p_byte(&p, 0xb9); /* mov ecx, 100; rep insd */
        p_long(&p, 100, 4);
        p_byte(&p, 0xf3);
        p_byte(&p, 0x6d);
        p_byte(&p, 0x89); /* mov ecx, ebx */
        p_byte(&p, 0xd9);
    } else {
        p_in(&p, REC_PORT, 4);
        after = p.len - 1; /* the store is one byte */
    }
    p_loop_end(&p, start);
    p_end(&p);
    board_load(0, &p);
    board.ended = 0;
    board.input = 0;
    while (board.ended == 0) {
        X86State state;
        unsigned stored;
        bool held;

        vcpus_resume();
        machine_unlock();
        g_usleep(200);
        machine_lock();
        vcpus_pause();
        /* What the device gave is in memory; or in EAX, between the `in` and the store. */
        vcpu_get_state(vcpu_get(0), &state);
        stored = (state.gpr[X86_RDI] - BOARD_LOG) / 4;
        held = !string && state.rip == BOARD_CODE + after;
        g_assert_cmpuint(board.input - stored, ==, held);
        if (held) {
            g_assert_cmpuint(state.gpr[X86_RAX], ==, stored);
        }
    }
    g_assert_cmpuint(board.input, ==, n);
    for (unsigned i = 0; i < n; i++) {
        g_assert_cmpuint(board_logged(i), ==, i);
    }
}

static void test_stop_inside_in(const void *accel)
{
    if (board_start(accel, 1)) {
        check_stop_inside(false);
        board_stop();
    }
}

static void test_stop_inside_rep_ins(const void *accel)
{
    if (board_start(accel, 1)) {
        check_stop_inside(true);
        board_stop();
    }
}

/*
 * An access that exits drains a queued write that asks for a reset. The CPU goes no further; but
 * that access is complete before anybody reads its registers, and does not write to them later.
 */
static void check_stop_by_what_is_drained(const char *accel, bool port)
{
    RunstateRequests requests = {};
    Program p = {}, after = {};
    X86State state;

    if (!board_start(accel, 1)) {
        return;
    }
    board.input = 0x5566;
    p_outb(&p, 0xcf9, 2);
    p_outb(&p, 0xcf9, 6);
    if (port) {
        p_in(&p, REC_PORT, 4);
    } else {
        p_load(&p, REC_MEM, 4);
    }
    p_end(&p);
    board_load(0, &p);
    vcpus_resume();
    while (!runstate_take_requests(&requests)) {
        mainloop_iterate(true);
    }
    g_assert_cmpint(requests.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    vcpus_pause();
    g_assert_cmpuint(board.ended, ==, 0);
    vcpu_get_state(vcpu_get(0), &state);
    g_assert_cmpuint(board.log->len, ==, 1);
    g_assert_cmphex(state.gpr[X86_RAX], ==, 0x5566);
    vcpus_reset();
    p_note(&after);
    p_outb(&after, REC_PORT, 0x66);
    while (after.len < p.len) {
        p_byte(&after, 0x90);
    }
    p_end(&after);
    board_run(&after);
    g_assert_cmphex(board_logged(0), ==, 0);
    g_assert_cmpuint(board.log->len, ==, 2);
    board_expect(1, 'o', 0, 1, 0x66);
    board_stop();
}

static void test_stop_by_what_in_drained(const void *accel)
{
    check_stop_by_what_is_drained(accel, true);
}

static void test_stop_by_what_load_drained(const void *accel)
{
    check_stop_by_what_is_drained(accel, false);
}

static void test_reset_drains_first(const void *accel)
{
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    p_out(&p, NIC_IO, NIC_FCTTV, 4); /* its window's address, */
    p_store(&p, NIC_MEM + NIC_FCAH, 0x55, 4);
    p_outb(&p, 0x70, 0x33); /* and an index: both are 0 after a reset */
    p_store(&p, BOARD_FLAG, 1, 1);
    p_spin(&p);
    board_load(0, &p);
    vcpus_resume();
    board_wait_flag(1);
    vcpus_pause();
    devices_reset();
    vcpus_reset();
    board_map_bars();
    machine_lock_yield();
    g_assert_cmphex(host_readl(NIC_MEM + NIC_FCAH), ==, 0x100);
    g_assert_cmphex(address_space_ldl_le(&address_space_io, NIC_IO, NULL), ==, 0);
    board_stop();
}

/* --------------------------------------------------------------------------------- maps change --
 */

static void test_bar_moves(const void *accel)
{
    const uint32_t other = NIC_MEM + 0x100000;
    uint64_t unassigned;
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    for (unsigned i = 0; i < 50; i++) {
        p_store(&p, NIC_MEM + NIC_FCTTV, 0x100 + i, 4);
        p_config_write(&p, NIC_DEV, PCI_BASE_ADDRESS_0, other, 4);
        p_load(&p, other + NIC_FCTTV, 4);
        p_store(&p, other + NIC_FCTTV, 0x200 + i, 4);
        p_config_write(&p, NIC_DEV, PCI_COMMAND, PCI_COMMAND_IO, 2); /* disabled */
        p_config_write(&p, NIC_DEV, PCI_BASE_ADDRESS_0, NIC_MEM, 4);
        p_config_write(&p, NIC_DEV, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
        p_load(&p, NIC_MEM + NIC_FCTTV, 4);
    }
    p_end(&p);
    unassigned = board_unassigned();
    board_run(&p);
    g_assert_cmpuint(board_unassigned(), ==, unassigned);
    for (unsigned i = 0; i < 50; i++) {
        g_assert_cmphex(board_logged(2 * i), ==, 0x100 + i);
        g_assert_cmphex(board_logged(2 * i + 1), ==, 0x200 + i);
    }
    board_stop();
}

/* A device under the PAM areas: what was written to it before its area became RAM is its. */
static void test_pam_changes(const void *accel)
{
    MemoryRegion *pci;
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    pci = board.pci->mem;
    memory_region_del_subregion(get_system_memory(), &board.rec_mem);
    memory_region_add_subregion(pci, 0xc8000, &board.rec_mem);
    memory_region_add_coalescing(&board.rec_mem, 0, 0x100);
    for (unsigned i = 0; i < 20; i++) {
        p_store(&p, 0xc8010, 2 * i, 4);
        p_config_write(&p, 0, 0x5b, 0x33, 1); /* C8000..CFFFF are RAM */
        p_store(&p, 0xc8010, 2 * i + 1, 4);
        p_load(&p, 0xc8010, 4);
        p_config_write(&p, 0, 0x5b, 0, 1);
    }
    p_end(&p);
    board_run(&p);
    g_assert_cmpuint(board.log->len, ==, 20);
    for (unsigned i = 0; i < 20; i++) {
        board_expect(i, 'w', 0x10, 4, 2 * i);
        g_assert_cmpuint(board_logged(i), ==, 2 * i + 1);
    }
    memory_region_del_subregion(pci, &board.rec_mem);
    board_stop();
}

/* Remaps and resets: neither our ledger nor the host's has more or less than before. */
static void test_zones_do_not_leak(const void *accel)
{
    uint64_t exits;
    unsigned zones;
    Program p = {}, old = {};
    unsigned start;

    if (!board_start(accel, 1)) {
        return;
    }
    zones = board_zones();
    /* Each change of a zone costs the host milliseconds: mostly a device with one is moved. */
    for (unsigned i = 0; i < 500; i++) {
        host_config_write(TEST_DEV, PCI_BASE_ADDRESS_0, TESTDEV_MEM + 0x1000 + (i & 3) * 0x1000);
        if (i % 50 == 0) {
            host_config_write(NIC_DEV, PCI_BASE_ADDRESS_0,
                              NIC_MEM + 0x100000 + (i / 50 & 7) * 0x20000);
        }
        if (i % 100 == 0) {
            devices_reset();
            board_map_bars();
        }
    }
    board_map_bars();
    g_assert_cmpuint(board_zones(), ==, zones);
    start = p_loop(&p, 100);
    p_store_count(&p, NIC_MEM + NIC_FCTTV, 4);
    p_loop_end(&p, start);
    p_end(&p);
    exits = vcpus_exits();
    board_run(&p);
    g_assert_cmpuint(vcpus_exits() - exits, <, 10);
    /* Where it was for a while a write is nobody's, and leaves the guest. */
    for (unsigned i = 0; i < 8; i++) {
        p_store(&old, NIC_MEM + 0x100000 + i * 0x20000 + NIC_FCTTV, i, 4);
    }
    p_end(&old);
    exits = vcpus_exits();
    board_run(&old);
    g_assert_cmpuint(vcpus_exits() - exits, >=, 9);
    board_stop();
}

/* A queued write changes the map: the access that drains it is translated afterwards. */
static void move_by_port(const Access *a)
{
    if (a->kind == 'o' && a->addr == 1) {
        memory_region_set_address(&board.rec_mem, REC_MEM + a->data * REC_SIZE);
    }
}

static void test_drain_changes_map(const void *accel)
{
    uint64_t unassigned;
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    memory_region_add_coalescing(&board.rec_io, 0, 4);
    memory_region_add_coalescing(&board.rec_mem, 0, 0x100);
    board.on_access = move_by_port;
    for (unsigned i = 0; i < 20; i++) {
        p_store(&p, REC_MEM + 4, i, 1); /* queued, for the place before */
        p_outb(&p, REC_PORT + 1, 3);    /* queued, moves it */
        p_store(&p, REC_MEM + 3 * REC_SIZE + 0x200, i, 1);
        p_outb(&p, REC_PORT + 1, 0);
        p_load(&p, REC_MEM + 0x200, 1);
    }
    p_end(&p);
    unassigned = board_unassigned();
    board_run(&p);
    g_assert_cmpuint(board_unassigned(), ==, unassigned);
    g_assert_cmpuint(board.log->len, ==, 100);
    for (unsigned i = 0; i < 20; i++) {
        board_expect(5 * i, 'w', 4, 1, i);
        board_expect(5 * i + 1, 'o', 1, 1, 3);
        board_expect(5 * i + 2, 'w', 0x200, 1, i);
        board_expect(5 * i + 3, 'o', 1, 1, 0);
        board_expect(5 * i + 4, 'r', 0x200, 1, i);
    }
    board_stop();
}

/*
 * One CPU's exit swaps what lies at an address, while another's writes to it are queued. They go
 * where they were meant, when the handler has returned: in order, and none inside it.
 *
 * The writer begins when the first handler runs, and each handler waits until something is queued;
 * unless the writer has exited, which it does once in a ring's worth, or is done.
 */
static struct {
    MemoryRegion other;
    bool inside;
    unsigned nested, misrouted;
} swap;

static void swap_other_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    swap.misrouted++;
}

static void swap_in_handler(const Access *a)
{
    swap.nested += swap.inside;
    if (a->kind != 'o' || a->addr != 0x20) {
        return;
    }
    swap.inside = true;
    board_let_write();
    memory_region_transaction_begin();
    memory_region_set_enabled(&board.rec_mem, false);
    memory_region_set_enabled(&swap.other, true);
    memory_region_transaction_commit();
    memory_region_transaction_begin();
    memory_region_set_enabled(&swap.other, false);
    memory_region_set_enabled(&board.rec_mem, true);
    memory_region_transaction_commit();
    swap.inside = false;
}

static void test_map_changes_in_handler(const void *accel)
{
    static const MemoryRegionOps ops = {.write = swap_other_write};
    g_autoptr(CoalescedInfo) info = NULL;
    Program mover = {}, writer = {};
    unsigned start, next = 3000;

    if (!board_start(accel, 2)) {
        return;
    }
    memset(&swap, 0, sizeof(swap));
    memory_region_init_io(&swap.other, NULL, &ops, NULL, "other", REC_SIZE);
    memory_region_set_enabled(&swap.other, false);
    memory_region_add_subregion_overlap(get_system_memory(), REC_MEM, &swap.other, 2);
    memory_region_add_coalescing(&board.rec_mem, 0, 0x100);
    board.on_access = swap_in_handler;
    start = p_loop(&mover, 100);
    p_out_count(&mover, REC_PORT + 0x20, 1);
    p_loop_end(&mover, start);
    p_end(&mover);
    p_wait_to_write(&writer);
    start = p_loop(&writer, next);
    p_store_count(&writer, REC_MEM + 8, 4);
    p_loop_end(&writer, start);
    p_store(&writer, BOARD_FLAG, BOARD_WRITTEN, 1);
    p_end(&writer);
    board_load(0, &mover);
    board_load(1, &writer);
    vcpus_resume();
    board_wait(2);
    vcpus_pause();
    g_assert_cmpuint(swap.nested, ==, 0);
    g_assert_cmpuint(swap.misrouted, ==, 0);
    info = coalesced_query();
    g_assert_cmpuint(info->deferred, >, 0);
    g_assert_cmpuint(info->gone, ==, 0);
    for (guint i = 0; i < board.log->len; i++) {
        const Access *a = &g_array_index(board.log, Access, i);

        if (a->kind == 'w') {
            g_assert_cmpuint(a->data, ==, next);
            next--;
        }
    }
    g_assert_cmpuint(next, ==, 0);
    board_remove(get_system_memory(), &swap.other);
    board_stop();
}

/* What another region shows of a range is a range, too; both are the same registers. */
static void test_alias_shows_a_range_twice(const void *accel)
{
    MemoryRegion alias;
    uint64_t exits;
    unsigned zones;
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    memory_region_add_coalescing(&board.rec_mem, 0x10, 0x20);
    zones = board_zones();
    memory_region_init_alias(&alias, NULL, "again", &board.rec_mem, 0x18, 0x800);
    memory_region_add_subregion(get_system_memory(), REC_MEM + 0x10000, &alias);
    g_assert_cmpuint(board_zones(), ==, zones + 1);
    for (unsigned i = 0; i < 20; i++) {
        p_store(&p, REC_MEM + 0x18, 2 * i, 4);
        p_store(&p, REC_MEM + 0x10000, 2 * i + 1, 4);
    }
    p_store(&p, REC_MEM + 0x10018, 99, 4); /* behind the range */
    p_end(&p);
    exits = vcpus_exits();
    board_run(&p);
    g_assert_cmpuint(vcpus_exits() - exits, <, 10);
    g_assert_cmpuint(board.log->len, ==, 41);
    for (unsigned i = 0; i < 40; i++) {
        board_expect(i, 'w', 0x18, 4, i);
    }
    board_expect(40, 'w', 0x30, 4, 99);
    /* The second goes with writes pending: they were for the same registers. */
    memory_region_del_subregion(get_system_memory(), &alias);
    memory_region_destroy(&alias);
    g_assert_cmpuint(board_zones(), ==, zones);
    board_stop();
}

/* Memory that reads without an exit, and whose writes are the device's: those are queued. */
static void test_range_over_read_only_memory(const void *accel)
{
    g_autoptr(GError) err = NULL;
    MemoryRegion rom;
    uint64_t exits;
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    memory_region_init_rom_device(&rom, &board.rec_owner, &rec_mem_ops, NULL, "registers", 0x1000,
                                  &err);
    g_assert_no_error(err);
    memory_region_add_subregion(get_system_memory(), REC_MEM + 0x100000, &rom);
    memory_region_add_coalescing(&rom, 0x100, 0x100);
    ((uint8_t *)memory_region_get_ram_ptr(&rom))[0x104] = 0x77;
    for (unsigned i = 0; i < 20; i++) {
        p_store(&p, REC_MEM + 0x100104, i, 1);
        p_load(&p, REC_MEM + 0x100104, 1);
    }
    p_end(&p);
    exits = vcpus_exits();
    board_run(&p);
    g_assert_cmpuint(vcpus_exits() - exits, <, 10);
    g_assert_cmpuint(board.log->len, ==, 20);
    for (unsigned i = 0; i < 20; i++) {
        board_expect(i, 'w', 0x104, 1, i);
        g_assert_cmphex(board_logged(i), ==, 0x77); /* and leave the memory alone */
    }
    board_remove(get_system_memory(), &rom);
    board_stop();
}

static uint64_t rings(int fd)
{
    uint64_t n = 0;

    return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* Whether the one doorbell there is is the host's. */
static bool doorbell_is_active(void)
{
    g_autoptr(CoalescedInfo) info = coalesced_query();
    const CoalescedDoorbell *bell = &g_array_index(info->doorbells, CoalescedDoorbell, 0);

    g_assert_cmpuint(info->doorbells->len, ==, 1);
    g_assert_cmpstr(bell->reason, ==, bell->active ? "" : "the host takes no more");
    return bell->active;
}

/*
 * More ranges than the host takes: the writes to the rest exit, and all arrive. A doorbell is rung
 * in user space then, until there is room.
 */
static void test_host_takes_no_more(const void *accel)
{
    enum { RANGES = 1050, STRIDE = 8 };
    g_autoptr(CoalescedInfo) info = NULL;
    MemoryRegion many;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    unsigned refused = 0, start;
    Program p = {}, ring = {};
    uint64_t exits;

    if (!board_start(accel, 1)) {
        close(fd);
        return;
    }
    memory_region_init_io(&many, &board.rec_owner, &rec_mem_ops, NULL, "many", RANGES * STRIDE);
    for (unsigned i = 0; i < RANGES; i++) {
        memory_region_add_coalescing(&many, i * STRIDE, 4);
    }
    memory_region_add_subregion(get_system_memory(), REC_MEM + 0x100000, &many);
    info = coalesced_query();
    for (guint i = 0; i < info->zones->len; i++) {
        const CoalescedZone *zone = &g_array_index(info->zones, CoalescedZone, i);

        refused += strcmp(zone->reason, "the host takes no more") == 0;
    }
    g_assert_cmpuint(refused, >, 0);
    g_assert_cmpuint(refused, <, RANGES);
    /* mov edi, the first; then RANGES times: mov [edi], ecx; add edi, STRIDE */
    p_byte(&p, 0xbf);
    p_long(&p, REC_MEM + 0x100000, 4);
    start = p_loop(&p, RANGES);
    p_byte(&p, 0x89);
    p_byte(&p, 0x0f);
    p_byte(&p, 0x83);
    p_byte(&p, 0xc7);
    p_byte(&p, STRIDE);
    p_loop_end(&p, start);
    p_end(&p);
    exits = vcpus_exits();
    board_run(&p);
    exits = vcpus_exits() - exits;
    g_assert_cmpuint(exits, >=, refused);
    g_assert_cmpuint(exits, <, refused + 20);
    g_assert_cmpuint(board.log->len, ==, RANGES);
    for (unsigned i = 0; i < RANGES; i++) {
        board_expect(i, 'w', i * STRIDE, 4, RANGES - i);
    }
    memory_region_add_eventfd(&board.rec_mem, 0x40, 4, false, 0, fd);
    g_assert_false(doorbell_is_active());
    p_store(&ring, REC_MEM + 0x40, 1, 4);
    p_end(&ring);
    board_run(&ring);
    g_assert_cmpuint(rings(fd), ==, 1);
    board_remove(get_system_memory(), &many);
    g_assert_true(doorbell_is_active());
    board_run(&ring);
    g_assert_cmpuint(rings(fd), ==, 1);
    memory_region_del_eventfd(&board.rec_mem, 0x40, 4, false, 0, fd);
    board_stop();
    close(fd);
}

/* --------------------------------------------------------------------------------------- order --
 */

static void test_memory_and_ports_in_order(const void *accel)
{
    Program p = {};
    unsigned start;

    if (!board_start(accel, 1)) {
        return;
    }
    memory_region_add_coalescing(&board.rec_io, 0, 4);
    memory_region_add_coalescing(&board.rec_mem, 0, 0x100);
    start = p_loop(&p, 500);
    p_store_count(&p, REC_MEM + 4, 4);
    p_out_count(&p, REC_PORT, 4);
    p_store_count(&p, REC_MEM + 0x80, 2);
    p_out_count(&p, REC_PORT + 2, 2);
    p_loop_end(&p, start);
    p_end(&p);
    board_run(&p);
    g_assert_cmpuint(board.log->len, ==, 2000);
    for (unsigned i = 0; i < 500; i++) {
        board_expect(4 * i, 'w', 4, 4, 500 - i);
        board_expect(4 * i + 1, 'o', 0, 4, 500 - i);
        board_expect(4 * i + 2, 'w', 0x80, 2, 500 - i);
        board_expect(4 * i + 3, 'o', 2, 2, 500 - i);
    }
    board_stop();
}

/* A handler that takes its time: the ring fills while it is drained. */
static void dawdle(const Access *a)
{
    if (a->data % 16 == 0) {
        g_usleep(50);
    }
}

/* Two CPUs, each with numbers of its own: of each all arrive, in its order. */
static void test_two_cpus_in_order(const void *accel)
{
    Program p[2] = {};
    unsigned next[2] = {3000, 3000};

    if (!board_start(accel, 2)) {
        return;
    }
    memory_region_add_coalescing(&board.rec_io, 0, 4);
    memory_region_add_coalescing(&board.rec_mem, 0, 0x100);
    board.on_access = dawdle;
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        unsigned start = p_loop(&p[cpu], 3000);

        if (cpu == 0) {
            p_out_count(&p[0], REC_PORT, 2);
        } else {
            p_store_count(&p[1], REC_MEM + 0x10, 4);
        }
        p_loop_end(&p[cpu], start);
        p_end(&p[cpu]);
        board_load(cpu, &p[cpu]);
    }
    vcpus_resume();
    board_wait(2);
    vcpus_pause();
    g_assert_cmpuint(board.log->len, ==, 6000);
    for (guint i = 0; i < board.log->len; i++) {
        const Access *a = &g_array_index(board.log, Access, i);
        unsigned cpu = a->kind == 'w';

        g_assert_cmpuint(a->data, ==, next[cpu]);
        next[cpu]--;
    }
    board_stop();
}

/* ----------------------------------------------------------------------------------- doorbells --
 */

/* Rung while nobody takes the lock: so it did not wait in the ring. */
static void check_rings_at_once(int fd)
{
    Program p = {};
    uint64_t n = 0;

    p_store(&p, REC_MEM + 0x20, 5, 4);
    p_store(&p, BOARD_FLAG, 1, 1);
    p_spin(&p);
    board.mem[BOARD_FLAG] = 0;
    board_load(0, &p);
    vcpus_resume();
    machine_unlock();
    while (__atomic_load_n(&board.mem[BOARD_FLAG], __ATOMIC_ACQUIRE) == 0) {
        g_usleep(100);
    }
    n = rings(fd);
    machine_lock();
    vcpus_pause();
    g_assert_cmpuint(n, ==, 1);
}

static void test_doorbell_in_a_range(const void *accel)
{
    for (int order = 0; order < 2; order++) {
        int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        uint64_t exits;
        Program p = {};

        if (!board_start(accel, 1)) {
            close(fd);
            return;
        }
        if (order == 0) {
            memory_region_add_coalescing(&board.rec_mem, 0, 0x100);
        }
        memory_region_add_eventfd(&board.rec_mem, 0x20, 4, true, 5, fd);
        if (order == 1) {
            memory_region_add_coalescing(&board.rec_mem, 0, 0x100);
        }
        check_rings_at_once(fd);
        p_store(&p, REC_MEM + 0x20, 5, 4); /* rings */
        p_store(&p, REC_MEM + 0x20, 6, 4); /* does not */
        p_end(&p);
        board_run(&p);
        g_assert_cmpuint(rings(fd), ==, 1);
        g_assert_cmpuint(board.log->len, ==, 1);
        board_expect(0, 'w', 0x20, 4, 6);
        /* It goes, and the range is in force again. */
        memory_region_del_eventfd(&board.rec_mem, 0x20, 4, true, 5, fd);
        exits = vcpus_exits();
        board_run(&p);
        g_assert_cmpuint(vcpus_exits() - exits, <=, 3);
        g_assert_cmpuint(board.log->len, ==, 3);
        g_assert_cmpuint(rings(fd), ==, 0);
        board_stop();
        close(fd);
    }
}

/* --------------------------------------------------------------------------- a ring of our own --
 */

static union {
    struct kvm_coalesced_mmio_ring ring;
    uint8_t bytes[4096];
} page;

static void fake_ring(void)
{
    memset(&page, 0, sizeof(page));
    board_devices();
    coalesce_init();
    coalesce_set_ring(&page.ring);
}

static void fake_put(uint64_t addr, uint32_t len, uint8_t data)
{
    struct kvm_coalesced_mmio *e = &page.ring.coalesced_mmio[page.ring.last];

    *e = (struct kvm_coalesced_mmio){.phys_addr = addr, .len = len, .data = {data}};
    page.ring.last = (page.ring.last + 1) % COALESCE_RING_SLOTS;
}

static void fake_end(void)
{
    coalesce_cleanup();
    board_stop();
}

static void test_target_gone(const void *accel)
{
    fake_ring();
    fake_put(0x76543210, 4, 1); /* nobody is there */
    fake_put(REC_MEM, 1, 2);
    coalesce_drain();
    g_assert_cmpuint(coalesce_stats()->gone, ==, 1);
    g_assert_cmpuint(board.log->len, ==, 1);
    board_expect(0, 'w', 0, 1, 2);
    fake_end();
}

/* A store across the end of a page: the kernel queues its parts, of 3 bytes and 1, say. */
static struct {
    MemoryRegion mr;
    uint8_t bytes[4 * 0x1000];
} pages;

static void pages_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        pages.bytes[addr + i] = data >> 8 * i;
    }
}

static void test_store_across_pages(const void *accel)
{
    static const MemoryRegionOps ops = {
        .write = pages_write, .valid.unaligned = true, .impl.unaligned = true};
    g_autoptr(CoalescedInfo) info = NULL;
    Program p = {};

    if (!board_start(accel, 1)) {
        return;
    }
    memset(&pages, 0, sizeof(pages));
    memory_region_init_io(&pages.mr, NULL, &ops, NULL, "pages", sizeof(pages.bytes));
    memory_region_add_coalescing(&pages.mr, 0, sizeof(pages.bytes));
    memory_region_add_subregion(get_system_memory(), REC_MEM + REC_SIZE, &pages.mr);
    for (unsigned n = 1; n < 4; n++) { /* n bytes on the first of two pages */
        p_store(&p, REC_MEM + REC_SIZE + 0x1000 * n - n, 0x44332211 * n, 4);
    }
    p_end(&p);
    board_run(&p);
    for (unsigned n = 1; n < 4; n++) {
        uint32_t val;

        memcpy(&val, pages.bytes + 0x1000 * n - n, 4);
        g_assert_cmphex(GUINT32_FROM_LE(val), ==, 0x44332211 * n);
    }
    info = coalesced_query();
    g_assert_cmpuint(info->entries, >=, 3);
    g_assert_cmpuint(info->poisoned, ==, 0);
    memory_region_del_subregion(get_system_memory(), &pages.mr);
    memory_region_destroy(&pages.mr);
    board_stop();
}

static void test_poisoned_ring(const void *accel)
{
    static const uint32_t lengths[] = {0, 9, 16, 0x103, 0x80000000, UINT32_MAX};
    static const uint32_t indices[] = {COALESCE_RING_SLOTS, 171, 0x10000, UINT32_MAX};

    fake_ring();
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        fake_put(REC_MEM, lengths[i], 1);
    }
    coalesce_drain();
    g_assert_cmpuint(board.log->len, ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(indices); i++) {
        page.ring.last = indices[i];
        coalesce_drain();
        g_assert_cmpuint(page.ring.first, ==, page.ring.last);
        page.ring.first = indices[i];
        page.ring.last = 1;
        coalesce_drain();
        g_assert_cmpuint(page.ring.first, ==, page.ring.last);
    }
    g_assert_cmpuint(board.log->len, ==, 0);
    g_assert_cmpuint(coalesce_stats()->poisoned, ==, 6 + 8);
    fake_put(REC_MEM, 1, 7);
    coalesce_drain();
    g_assert_cmpuint(board.log->len, ==, 1); /* and it goes on */
    fake_end();
}

/* ---------------------------------------------------------------------------------------- time --
 */

/*
 * The clock's interrupts are due at the same instants of virtual time, with and without. The guest
 * asks for a look by a port that is never queued.
 */
static GArray *instants; /* int64_t */

static void note_deadline(const Access *a)
{
    int64_t now = clock_get_ns(VM_CLOCK_VIRTUAL), deadline = clock_virtual_deadline();

    g_array_append_val(instants, now);
    g_array_append_val(instants, deadline);
}

static void test_timers_keep_their_times(const void *accel)
{
    GArray *seen[2];

    for (int off = 0; off < 2; off++) {
        Program p = {};

        if (!board_start(accel, 1)) {
            return;
        }
        seen[off] = instants = g_array_new(FALSE, FALSE, sizeof(int64_t));
        set_switches(!off);
        board.on_access = note_deadline;
        clock_virtual_enable(true);
        for (unsigned rate = 3; rate < 10; rate++) {
            p_outb(&p, 0x70, 0x0a);
            p_outb(&p, 0x71, 0x20 | rate);
            p_outb(&p, 0x70, 0x0b);
            p_outb(&p, 0x71, 0x42); /* periodic */
            p_store(&p, NIC_MEM + NIC_FCTTV, 1, 4);
            for (unsigned i = 0; i < 100; i++) {
                p_clear(&p); /* time passes */
            }
            p_outb(&p, REC_PORT + 0x30, rate);
            p_outb(&p, 0x70, 0x0c);
            p_in(&p, 0x71, 1);
        }
        p_end(&p);
        board_run(&p);
        clock_virtual_enable(false);
        board_stop();
    }
    g_assert_cmpuint(seen[0]->len, ==, 2 * 7);
    g_assert_cmpint(g_array_index(seen[0], int64_t, 1), >, 0);
    g_assert_cmpmem(seen[0]->data, 8 * seen[0]->len, seen[1]->data, 8 * seen[1]->len);
    g_array_unref(seen[0]);
    g_array_unref(seen[1]);
}

/* --------------------------------------------------------------------------------------- cases --
 */

enum { KVM = 1, EMU = 2, NO_CPU = 4 };

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*test)(const void *accel);
        unsigned on;
    } cases[] = {
        {"host-sees-stale-registers/character-then-screen", test_character_before_screendump,
         KVM | EMU},
        {"guest-never-exits/latency", test_guest_never_exits, KVM | EMU},
        {"index-and-data-ports/same-reads", test_index_and_data, KVM | EMU},
        {"stop/pending-index", test_stop_with_pending_index, KVM | EMU},
        {"stop-inside-an-exit/in", test_stop_inside_in, KVM | EMU},
        {"stop-inside-an-exit/rep-ins", test_stop_inside_rep_ins, KVM | EMU},
        {"stop-inside-an-exit/reset-by-what-in-drained", test_stop_by_what_in_drained, KVM | EMU},
        {"stop-inside-an-exit/reset-by-what-load-drained", test_stop_by_what_load_drained,
         KVM | EMU},
        {"reset/drains-first", test_reset_drains_first, KVM | EMU},
        {"map-changes/bar-moved-and-disabled", test_bar_moves, KVM | EMU},
        {"map-changes/pam", test_pam_changes, KVM | EMU},
        {"map-changes/range-shown-twice", test_alias_shows_a_range_twice, KVM | EMU},
        {"map-changes/range-over-read-only-memory", test_range_over_read_only_memory, KVM | EMU},
        {"target-gone/counted", test_target_gone, NO_CPU},
        {"zones-leak/500-remaps-and-resets", test_zones_do_not_leak, KVM | EMU},
        {"zones-leak/host-takes-no-more", test_host_takes_no_more, KVM},
        {"order/memory-and-ports", test_memory_and_ports_in_order, KVM | EMU},
        {"order/across-a-page", test_store_across_pages, KVM | EMU},
        {"several-cpus/two-in-order", test_two_cpus_in_order, KVM},
        {"drain-changes-map/access-is-translated-after", test_drain_changes_map, KVM | EMU},
        {"map-changes-in-handler/others-are-replayed-after", test_map_changes_in_handler, KVM},
        {"doorbell-beside-range/both-orders", test_doorbell_in_a_range, KVM | EMU},
        {"poisoned-ring/indices-and-lengths", test_poisoned_ring, NO_CPU},
        {"effects-timed-at-drain/timers-keep-their-times", test_timers_keep_their_times, EMU},
    };

    g_test_init(&argc, &argv, NULL);
    mainloop_init();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *prefixes[] = {"kvm", "x86emu", "ring"};
        const char *accels[] = {"kvm", "x86emu,sleep=off", "none"};

        for (unsigned n = 0; n < 3; n++) {
            g_autofree char *path = g_strdup_printf("/hazards/%s/%s", prefixes[n], cases[i].name);

            if (cases[i].on >> n & 1) {
                g_test_add_data_func(path, accels[n], cases[i].test);
            }
        }
    }
    return g_test_run();
}
