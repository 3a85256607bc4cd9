/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two CPUs on real KVM: one writes numbers to coalesced registers, of memory and of ports, and some
 * to one that exits; the other moves the BARs of that device and resets it, or a monitor throws its
 * switches. Of the numbers none is
 * lost, none comes twice or out of order, none goes to nobody, and the ledger is in the end what it
 * was.
 *
 * Some seconds in the suite; LIGNITE_SECONDS=N makes it N for each case. Built with
 * -Db_sanitize=thread it shows that all device state is under the lock; there it takes a minute.
 */
#include "board.h"

#define DEV      PCI_DEVFN(5, 0)
#define HOME_MEM 0xe4000000u
#define AWAY_MEM 0xe4100000u
#define HOME_IO  0xc800
#define AWAY_IO  0xc900
#define SECONDS  1.5 /* for each case */

#define REG_QUEUED 0x08  /* of BAR 0 */
#define REG_EXITS  0x200 /* of BAR 0 */
#define EXIT_MASK  63    /* numbers whose low bits are 0 go there, too */

/* Bytes of RAM by which the two agree. */
#define STOP_FLAG 0x910 /* the writer is done */
#define REQUEST   0x914 /* the mover wants the writer to hold */
#define HOLDING   0x918 /* the writer does */
#define BASE      0x91c /* where BAR 0 is */

/* --------------------------------------------------------------------------------- the device --
 */

typedef struct Numbered {
    PCIDevice pci;
    MemoryRegion mem, io;
} Numbered;

/* What it must get next: a number comes in memory, then at the port, then maybe by an exit. */
static struct {
    uint32_t number;
    enum { BY_MEM, BY_PORT, BY_EXIT } by;
    uint64_t good, wrong;
    uint32_t wrong_number;
    unsigned resets, moves;
} next;

static void arrived(int by, uint32_t number)
{
    if (by != next.by || number != next.number) {
        if (next.wrong++ == 0) {
            next.wrong_number = number;
        }
        return;
    }
    next.good++;
    switch (by) {
    case BY_MEM:
        next.by = BY_PORT;
        return;
    case BY_PORT:
        if (!(number & EXIT_MASK)) {
            next.by = BY_EXIT;
            return;
        }
        break;
    }
    next.by = BY_MEM;
    next.number--;
}

static void numbered_mem_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    arrived(addr == REG_EXITS ? BY_EXIT : BY_MEM, data);
}

static void numbered_io_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    arrived(BY_PORT, data);
}

static const MemoryRegionOps numbered_mem_ops = {.write = numbered_mem_write};
static const MemoryRegionOps numbered_io_ops = {.write = numbered_io_write};

static bool numbered_realize(Device *dev, GError **errp)
{
    Numbered *s = (Numbered *)dev;

    memory_region_init_io(&s->mem, &dev->owner, &numbered_mem_ops, s, "numbered", 0x1000);
    memory_region_init_io(&s->io, &dev->owner, &numbered_io_ops, s, "numbered-io", 0x10);
    pci_register_bar(&s->pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->mem);
    pci_register_bar(&s->pci, 1, PCI_BASE_ADDRESS_SPACE_IO, &s->io);
    return true;
}

static void numbered_reset(Device *dev)
{
    next.resets++;
}

static const CoalescedRange numbered_coalesced[] = {
    COALESCED_MMIO(Numbered, mem, 0, 0x100), COALESCED_PIO(Numbered, io, 0, 4), {}};

static const PCIDeviceClass numbered_class = {
    .device = {.name = "numbered",
               .parent = &pci_device_class,
               .size = sizeof(Numbered),
               .coalesced = numbered_coalesced,
               .realize = numbered_realize,
               .reset = numbered_reset},
    .vendor_id = 0x1234,
    .device_id = 0x4321,
    .class_id = PCI_CLASS_OTHERS,
};

static Device *numbered;

static void map_numbered(uint32_t mem, uint32_t io)
{
    host_config_write(DEV, PCI_BASE_ADDRESS_0, mem);
    host_config_write(DEV, PCI_BASE_ADDRESS_0 + 4, io);
    host_config_write(DEV, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
}

/* -------------------------------------------------------------------------------- the programs --
 */

/* cmp byte [addr], 0; jz or jnz by `skip` bytes */
static void p_if(Program *p, uint32_t addr, bool jump_if_zero, int8_t skip)
{
    p_byte(p, 0x80);
    p_byte(p, 0x3d);
    p_long(p, addr, 4);
    p_byte(p, 0);
    p_byte(p, jump_if_zero ? 0x74 : 0x75);
    p_byte(p, skip);
}

/* mov byte [addr], val: 7 bytes; p_if() has 9 */
static void p_set(Program *p, uint32_t addr, uint8_t val)
{
    p_store(p, addr, val, 1);
}

/* mov ebx, [BASE]; the number from ECX to [EBX + 8], to the port, and maybe to [EBX + 200]. */
static void p_number(Program *p)
{
    p_byte(p, 0x8b);
    p_byte(p, 0x1d);
    p_long(p, BASE, 4);
    p_byte(p, 0x89); /* mov eax, ecx */
    p_byte(p, 0xc8);
    p_byte(p, 0x89); /* mov [ebx + 8], eax */
    p_byte(p, 0x43);
    p_byte(p, REG_QUEUED);
    p_out_count(p, HOME_IO, 4);
    p_byte(p, 0xf6); /* test cl, 63; jnz over the next */
    p_byte(p, 0xc1);
    p_byte(p, EXIT_MASK);
    p_byte(p, 0x75);
    p_byte(p, 6);
    p_byte(p, 0x89); /* mov [ebx + 200], eax */
    p_byte(p, 0x83);
    p_long(p, REG_EXITS, 4);
}

static void make_writer(Program *p, unsigned numbers, bool holds)
{
    unsigned start = p_loop(p, numbers);

    if (holds) {
        p_if(p, REQUEST, true, 7 + 9 + 7);
        p_set(p, HOLDING, 1);
        p_if(p, REQUEST, false, -9);
        p_set(p, HOLDING, 0);
    }
    p_number(p);
    p_loop_end(p, start);
    p_set(p, STOP_FLAG, 1);
    p_set(p, HOLDING, 1);
    p_end(p);
}

/* Until the writer is done: what `body` put between here and the jump back. */
static void p_until_stopped(Program *p, unsigned start)
{
    p_byte(p, 0x80);
    p_byte(p, 0x3d);
    p_long(p, STOP_FLAG, 4);
    p_byte(p, 0);
    p_byte(p, 0x0f); /* jz start */
    p_byte(p, 0x84);
    p_long(p, start - (p->len + 4), 4);
}

/* Each exit moves the device there and back, with the writer at full speed. */
static void make_exit_mover(Program *p)
{
    unsigned start = p->len;

    p_outb(p, REC_PORT + 0x20, 1);
    p_until_stopped(p, start);
    p_end(p);
}

static void move_there_and_back(const Access *a)
{
    if (a->kind != 'o' || a->addr != 0x20) {
        return;
    }
    map_numbered(AWAY_MEM, AWAY_IO);
    host_config_write(DEV, PCI_COMMAND, 0);
    if (next.moves++ % 8 == 0) {
        device_reset(numbered);
    }
    map_numbered(HOME_MEM, HOME_IO);
}

/* The guest's own way, by CF8 and CFC; the writer holds meanwhile, but what it queued is pending.
 */
static void make_config_mover(Program *p)
{
    static const uint32_t places[] = {AWAY_MEM, HOME_MEM};
    unsigned start = p->len;

    for (unsigned i = 0; i < 2; i++) {
        p_set(p, REQUEST, 1);
        p_if(p, HOLDING, true, -9);
        p_config_write(p, DEV, PCI_COMMAND, PCI_COMMAND_IO, 2);
        p_config_write(p, DEV, PCI_BASE_ADDRESS_0, places[i], 4);
        p_config_write(p, DEV, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY, 2);
        p_store(p, BASE, places[i], 4);
        p_set(p, REQUEST, 0);
        p_if(p, HOLDING, true, 9); /* until it goes on, or has ended */
        p_if(p, STOP_FLAG, true, -18);
        /* Time for the writer, and no exit: mov edx, 1000; dec edx; jnz */
        p_port(p, 1000);
        p_byte(p, 0x4a);
        p_byte(p, 0x75);
        p_byte(p, 0xfd);
    }
    p_until_stopped(p, start);
    p_end(p);
}

/* --------------------------------------------------------------------------------- the cases -- */

static double seconds(void)
{
    const char *text = g_getenv("LIGNITE_SECONDS");

    return text ? MAX(g_ascii_strtod(text, NULL), 0.1) : SECONDS;
}

static void put_long(uint32_t addr, uint32_t val)
{
    val = GUINT32_TO_LE(val);
    memcpy(board.mem + addr, &val, 4);
}

typedef enum How { BY_EXITS, BY_GUEST, SWITCHED } How;

/* As a monitor does, while the CPUs run: each switch on its own. */
static void throw_switches(void)
{
    static const char *const names[] = {"coalesced-mmio", "coalesced-pio"};

    for (unsigned i = 0; board.ended < 2; i++) {
        g_autoptr(GError) err = NULL;

        device_set_property(numbered, names[i % 2], g_variant_new_boolean(i >> 1 & 1), &err);
        g_assert_no_error(err);
        next.moves++;
        machine_unlock();
        g_usleep(200);
        machine_lock();
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        device_set_property(numbered, names[i], g_variant_new_boolean(true), NULL);
    }
}

static void run_round(unsigned numbers, How how)
{
    g_autofree Program *writer = g_new0(Program, 1), *mover = g_new0(Program, 1);

    map_numbered(HOME_MEM, HOME_IO);
    put_long(STOP_FLAG, 0);
    put_long(REQUEST, 0);
    put_long(HOLDING, 0);
    put_long(BASE, HOME_MEM);
    next.number = numbers;
    next.by = BY_MEM;
    make_writer(writer, numbers, how == BY_GUEST);
    switch (how) {
    case BY_EXITS:
        make_exit_mover(mover);
        break;
    case BY_GUEST:
        make_config_mover(mover);
        break;
    case SWITCHED:
        p_end(mover);
        break;
    }
    board_load(0, writer);
    board_load(1, mover);
    board.ended = 0;
    vcpus_resume();
    if (how == SWITCHED) {
        throw_switches();
    }
    board_wait(2);
    vcpus_pause();
    if (next.wrong) {
        g_error("%u of %u: %" PRIu64 " wrong ones, the first is %u", next.number, numbers,
                next.wrong, next.wrong_number);
    }
    g_assert_cmpuint(next.number, ==, 0);
    g_array_set_size(board.log, 0);
}

static void run_rounds(How how)
{
    g_autoptr(CoalescedInfo) info = NULL;
    const unsigned numbers = 5000;
    gint64 end;
    uint64_t unassigned;
    unsigned zones, rounds = 0;

    if (!board_start("kvm", 2)) {
        return;
    }
    memset(&next, 0, sizeof(next));
    numbered = board_pci(&numbered_class, DEV);
    map_numbered(HOME_MEM, HOME_IO);
    board.on_access = how == BY_EXITS ? move_there_and_back : NULL;
    zones = board_zones();
    unassigned = board_unassigned();
    end = g_get_monotonic_time() + seconds() * G_TIME_SPAN_SECOND;
    do {
        run_round(numbers, how);
        rounds++;
    } while (g_get_monotonic_time() < end);
    map_numbered(HOME_MEM, HOME_IO);
    info = coalesced_query();
    g_test_message("%u rounds: %u numbers in %" PRIu64 " writes, %u moves, %u resets; %" PRIu64
                   " queued, %" PRIu64 " of them deferred, %" PRIu64 " full rings",
                   rounds, rounds * numbers, next.good, next.moves, next.resets, info->entries,
                   info->deferred, info->full);
    g_assert_cmpuint(next.good, ==, rounds * (2 * numbers + numbers / (EXIT_MASK + 1)));
    g_assert_cmpuint(board_unassigned(), ==, unassigned);
    g_assert_cmpuint(info->gone, ==, 0);
    g_assert_cmpuint(info->poisoned, ==, 0);
    g_assert_cmpuint(info->entries, >, 0);
    g_assert_cmpuint(board_zones(), ==, zones);
    board_stop();
}

static void test_moved_by_exits(void)
{
    run_rounds(BY_EXITS);
}

static void test_moved_by_guest(void)
{
    run_rounds(BY_GUEST);
}

static void test_switched(void)
{
    run_rounds(SWITCHED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    mainloop_init();
    g_test_add_func("/two-cpus/moved-and-reset-while-written", test_moved_by_exits);
    g_test_add_func("/two-cpus/moved-by-the-guest-with-writes-pending", test_moved_by_guest);
    g_test_add_func("/two-cpus/switched-while-written", test_switched);
    return g_test_run();
}
