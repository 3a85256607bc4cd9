/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small PC for tests of coalesced writes, on real KVM or on x86emu: host bridge, south bridge,
 * clock, VGA, e1000 with a cable whose other end the test holds, pci-testdev, 2 MiB of RAM, and a
 * device that writes down every access. The guest is a Program; it runs in the vCPU's own thread.
 */
#ifndef LIGNITE_TESTS_COALESCING_BOARD_H
#define LIGNITE_TESTS_COALESCING_BOARD_H

#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "../../accel/coalesce.h"
#include "accel/accel.h"
#include "accel/coalesced.h"
#include "accel/lock.h"
#include "backends/display.h"
#include "hw/core/clock.h"
#include "hw/core/runstate.h"
#include "hw/display/vga.h"
#include "hw/isa/piix3.h"
#include "hw/misc/pci-testdev.h"
#include "hw/net/e1000.h"
#include "hw/pci-host/i440fx.h"
#include "hw/rtc/mc146818rtc.h"
#include "memory/system.h"
#include "net/end.h"
#include "program.h"
#include "system/mainloop.h"

#define BOARD_RAM  0x200000u
#define BOARD_GDT  0x800u
#define BOARD_FLAG 0x900u   /* a byte of RAM for guests to say how far they are */
#define BOARD_CODE 0x10000u /* of CPU n: plus n * PROGRAM_MAX */
#define BOARD_LOG  0x100000u

/* The recorder: ports, and a window of memory. */
#define REC_PORT  0x300
#define REC_PORTS 0x40
#define REC_MEM   0x40000000u
#define REC_SIZE  0x1000

#define VGA_DEV     PCI_DEVFN(2, 0)
#define NIC_DEV     PCI_DEVFN(3, 0)
#define TEST_DEV    PCI_DEVFN(4, 0)
#define VGA_FB      0xe0000000u /* BAR 0 */
#define VGA_REGS    0xe1000000u /* BAR 2 */
#define CIRRUS_REGS 0xe5000000u /* BAR 1 */
#define VGA_MEMORY  0x100000u
#define NIC_MEM     0xe2000000u
#define NIC_IO      0xc000
#define TESTDEV_MEM 0xe3000000u
#define TESTDEV_IO  0xc100

#define NIC_FCAL  0x0028
#define NIC_FCAH  0x002c
#define NIC_FCTTV 0x0170

typedef struct Access {
    char kind; /* 'i', 'o', 'r', 'w' */
    hwaddr addr;
    unsigned size;
    uint64_t data;
} Access;

static struct {
    MemoryRegion ram, rec_io, rec_mem, end;
    MemoryOwner rec_owner;
    uint8_t *mem;
    I440FXHost *host;
    PCIBus *pci;
    ISABus *isa;
    Device *rtc, *vga, *nic, *testdev;
    End wire;    /* of the e1000 */
    GArray *log; /* Access */
    void (*on_access)(const Access *a);
    void (*at_end)(void); /* inside the access that ends a program */
    uint64_t input;       /* what the recorder reads as, counting up */
    unsigned ended;       /* CPUs that have */
    GCond cond;
} board;

static inline void board_note(char kind, hwaddr addr, unsigned size, uint64_t data)
{
    Access a = {kind, addr, size, data};

    g_array_append_val(board.log, a);
    if (board.on_access) {
        board.on_access(&a);
    }
}

static inline uint64_t rec_io_read(void *opaque, hwaddr addr, unsigned size)
{
    board_note('i', addr, size, board.input);
    return board.input++;
}

static inline void rec_io_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    board_note('o', addr, size, data);
}

static inline uint64_t rec_mem_read(void *opaque, hwaddr addr, unsigned size)
{
    board_note('r', addr, size, board.input);
    return board.input++;
}

static inline void rec_mem_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    board_note('w', addr, size, data);
}

static inline void board_end_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    if (board.at_end) {
        board.at_end();
    }
    board.ended++;
    g_cond_broadcast(&board.cond);
    mainloop_wake();
}

static const MemoryRegionOps rec_io_ops = {
    .read = rec_io_read,
    .write = rec_io_write,
    .valid.unaligned = true,
    .impl.unaligned = true,
};
static const MemoryRegionOps rec_mem_ops = {
    .read = rec_mem_read,
    .write = rec_mem_write,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};
static const MemoryRegionOps board_end_ops = {.write = board_end_write};

static inline void board_warn(const char *line)
{
    g_test_message("%s", line);
}

/* For the next board; NULL: the standard VGA. */
static const PCIDeviceClass *board_vga_class;

static inline bool board_has_cirrus(void)
{
    return board_vga_class == &cirrus_vga_class;
}

static inline Device *board_pci(const PCIDeviceClass *cls, uint8_t devfn)
{
    Device *dev = device_new(&cls->device);

    ((PCIDevice *)dev)->devfn = devfn;
    device_set_str(dev, "romfile", "");
    if (cls == &e1000_class) {
        device_set_str(dev, "netdev", "wire");
    }
    if (cls == &pci_vga_class) {
        device_set_str(dev, "vgamem_mb", "1");
    }
    device_realize_or_die(dev, &board.pci->bus);
    return dev;
}

static inline void host_config_write(uint8_t devfn, uint8_t reg, uint32_t val)
{
    pci_config_write(board.pci, devfn, reg, val, 4);
}

/* BARs and decoding, as firmware would set them. */
static inline void board_map_bars(void)
{
    const uint32_t decode = PCI_COMMAND_MEMORY | PCI_COMMAND_IO;

    host_config_write(VGA_DEV, PCI_BASE_ADDRESS_0, VGA_FB);
    if (board_has_cirrus()) {
        host_config_write(VGA_DEV, PCI_BASE_ADDRESS_0 + 4, CIRRUS_REGS);
    } else {
        host_config_write(VGA_DEV, PCI_BASE_ADDRESS_0 + 8, VGA_REGS);
    }
    host_config_write(NIC_DEV, PCI_BASE_ADDRESS_0, NIC_MEM);
    host_config_write(NIC_DEV, PCI_BASE_ADDRESS_0 + 4, NIC_IO);
    host_config_write(TEST_DEV, PCI_BASE_ADDRESS_0, TESTDEV_MEM);
    host_config_write(TEST_DEV, PCI_BASE_ADDRESS_0 + 4, TESTDEV_IO);
    host_config_write(VGA_DEV, PCI_COMMAND, decode);
    host_config_write(NIC_DEV, PCI_COMMAND, decode);
    host_config_write(TEST_DEV, PCI_COMMAND, decode);
}

/* Takes the lock, and keeps it. */
static inline void board_begin(void)
{
    memset(&board, 0, sizeof(board));
    board.log = g_array_new(FALSE, FALSE, sizeof(Access));
    machine_lock();
    memory_system_init();
}

static inline void board_add_devices(void)
{
    g_autoptr(GError) err = NULL;
    Device *piix3;

    memory_region_init_ram(&board.ram, NULL, "pc.ram", BOARD_RAM, &err);
    g_assert_no_error(err);
    board.mem = memory_region_get_ram_ptr(&board.ram);
    board.host = i440fx_new(&(I440FXConfig){.system_memory = get_system_memory(),
                                            .system_io = get_system_io(),
                                            .ram = &board.ram,
                                            .below_4g = BOARD_RAM},
                            &err);
    g_assert_no_error(err);
    board.pci = i440fx_pci_bus(board.host);
    piix3 = piix3_new(board.pci);
    i440fx_set_reset_control(board.host, &piix3_reset_control, piix3);
    board.isa = piix3_isa_bus(piix3);
    board.rtc = device_new(&mc146818rtc_class);
    device_set_str(board.rtc, "clock", "vm");
    device_set_str(board.rtc, "base", "2020-01-01T00:00:00");
    device_realize_or_die(board.rtc, &board.isa->bus);
    board.vga = board_pci(board_vga_class ? board_vga_class : &pci_vga_class, VGA_DEV);
    end_backend(&board.wire, "wire");
    board.nic = board_pci(&e1000_class, NIC_DEV);
    board.testdev = board_pci(&pci_testdev_class, TEST_DEV);
    board.rec_owner.name = "recorder";
    memory_region_init_io(&board.rec_io, &board.rec_owner, &rec_io_ops, NULL, "recorder-io",
                          REC_PORTS);
    memory_region_add_subregion(get_system_io(), REC_PORT, &board.rec_io);
    memory_region_init_io(&board.rec_mem, &board.rec_owner, &rec_mem_ops, NULL, "recorder",
                          REC_SIZE);
    memory_region_add_subregion_overlap(get_system_memory(), REC_MEM, &board.rec_mem, 1);
    memory_region_init_io(&board.end, NULL, &board_end_ops, NULL, "end", 1);
    memory_region_add_subregion(get_system_io(), PROGRAM_END_PORT, &board.end);
    devices_reset();
    board_map_bars();
}

/* The devices alone, with no accelerator. The lock is held then. */
static inline void board_devices(void)
{
    board_begin();
    board_add_devices();
}

/*
 * `accel` is a line of -accel. False, and the test is skipped, where it can't be had. The lock is
 * held then.
 */
static inline bool board_start(const char *accel, unsigned smp)
{
    g_autofree char *line = g_strconcat(accel, ",coalesce-audit=on", NULL);
    const char *list[] = {line, NULL};
    g_autoptr(GError) err = NULL;

    if (g_str_has_prefix(accel, "kvm") && access("/dev/kvm", R_OK | W_OK) < 0) {
        g_test_skip("/dev/kvm is missing");
        return false;
    }
    board_begin();
    g_assert_true(accel_start(list, smp, "qemu64,check=off", board_warn, &err));
    g_assert_no_error(err);
    board_add_devices();
    g_assert_true(vcpus_create(smp, &err));
    g_assert_no_error(err);
    return true;
}

static inline void board_remove(MemoryRegion *container, MemoryRegion *mr)
{
    if (memory_region_is_mapped(mr)) {
        memory_region_del_subregion(container, mr);
    }
    memory_region_destroy(mr);
}

/*
 * The audit is on in every test: no queued write of a real device had an effect that it must not
 * have. The recorder breaks the rules as its tests want.
 */
static inline void board_check_audit(void)
{
    g_autoptr(CoalescedInfo) info = coalesced_query();

    for (guint i = 0; i < info->findings->len; i++) {
        const CoalescedFinding *f = &g_array_index(info->findings, CoalescedFinding, i);

        if (strcmp(f->owner, board.rec_owner.name) != 0) {
            g_error("a queued write to %s %s+%x %s", f->owner, f->region, (unsigned)f->offset,
                    f->effect);
        }
    }
}

static inline void board_stop(void)
{
    RunstateRequests requests;

    board_check_audit();
    vcpus_destroy();
    accel_shutdown();
    board_remove(get_system_io(), &board.end);
    board_remove(get_system_io(), &board.rec_io);
    board_remove(get_system_memory(), &board.rec_mem);
    system_bus_free();
    end_free(&board.wire);
    net_close_all();
    memory_region_destroy(&board.ram);
    memory_system_cleanup();
    machine_unlock();
    g_array_unref(board.log);
    while (runstate_take_requests(&requests)) {
    }
}

/* Put a program into memory, and a parked CPU at its start, with flat segments. */
static inline void board_load(unsigned cpu, const Program *p)
{
    static const uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff};
    uint32_t code = BOARD_CODE + cpu * PROGRAM_MAX;
    X86State state;

    memcpy(board.mem + BOARD_GDT, gdt, sizeof(gdt));
    memcpy(board.mem + code, p->code, p->len);
    vcpu_get_state(vcpu_get(cpu), &state);
    state.cr0 |= 1;
    state.gdt_base = BOARD_GDT;
    state.gdt_limit = sizeof(gdt) - 1;
    for (int i = 0; i < X86_SEGS; i++) {
        state.seg[i] = (X86Segment){.limit = UINT32_MAX,
                                    .selector = i == X86_SEG_CS ? 8 : 0x10,
                                    .access = i == X86_SEG_CS ? 0xc09b : 0xc093};
    }
    state.rip = code;
    state.gpr[X86_RSP] = 0x8000;
    state.gpr[X86_RDI] = BOARD_LOG + cpu * 0x40000;
    state.halted = false;
    vcpu_set_state(vcpu_get(cpu), &state);
}

/* Wait, with no main loop, until `cpus` programs have ended. */
static inline void board_wait(unsigned cpus)
{
    while (board.ended < cpus) {
        machine_cond_wait(&board.cond);
    }
    board.ended = 0;
}

static inline void board_run(const Program *p)
{
    board_load(0, p);
    board.ended = 0;
    vcpus_resume();
    board_wait(1);
    vcpus_pause();
}

/* The guest's own time goes on without the lock, until it sets the flag: nobody drains meanwhile.
 */
static inline void board_wait_flag(uint8_t val)
{
    machine_unlock();
    while (__atomic_load_n(&board.mem[BOARD_FLAG], __ATOMIC_ACQUIRE) != val) {
        /* x86emu runs with the lock, and lets in only who waits for it. */
        g_usleep(100);
    }
    machine_lock();
}

/*
 * Two CPUs: one's handler, with the lock, waits until the other has queued something. That one
 * begins with p_wait_to_write(), and ends with BOARD_WRITTEN in the flag. It may also wait for the
 * lock itself, with nothing queued.
 */
enum { BOARD_WRITE = 1, BOARD_WRITTEN = 2 };

static inline void board_let_write(void)
{
    if (board.mem[BOARD_FLAG] == 0) {
        __atomic_store_n(&board.mem[BOARD_FLAG], BOARD_WRITE, __ATOMIC_RELEASE);
    }
    while (coalesce_is_empty() && !machine_lock_contended() &&
           __atomic_load_n(&board.mem[BOARD_FLAG], __ATOMIC_ACQUIRE) != BOARD_WRITTEN) {
        g_usleep(50);
    }
}

/* cmp byte [flag], 0; je back */
static inline void p_wait_to_write(Program *p)
{
    p_byte(p, 0x80);
    p_byte(p, 0x3d);
    p_long(p, BOARD_FLAG, 4);
    p_byte(p, 0);
    p_byte(p, 0x74);
    p_byte(p, 0x100 - 9);
}

static inline uint32_t board_logged(unsigned i)
{
    uint32_t val;

    memcpy(&val, board.mem + BOARD_LOG + 4 * i, 4);
    return GUINT32_FROM_LE(val);
}

static inline void board_expect(guint i, char kind, hwaddr addr, unsigned size, uint64_t data)
{
    const Access *a;

    g_assert_cmpuint(i, <, board.log->len);
    a = &g_array_index(board.log, Access, i);
    g_assert_cmpint(a->kind, ==, kind);
    g_assert_cmphex(a->addr, ==, addr);
    g_assert_cmpuint(a->size, ==, size);
    g_assert_cmphex(a->data, ==, data);
}

/* How many coalesced ranges are in force. */
static inline unsigned board_zones(void)
{
    g_autoptr(CoalescedInfo) info = coalesced_query();
    unsigned n = 0;

    for (guint i = 0; i < info->zones->len; i++) {
        n += g_array_index(info->zones, CoalescedZone, i).active;
    }
    return n;
}

static inline uint64_t board_unassigned(void)
{
    return address_space_memory.stats.unassigned_writes + address_space_io.stats.unassigned_writes;
}

static inline uint8_t host_inb(uint16_t port)
{
    return address_space_ldub(&address_space_io, port, NULL);
}

static inline uint32_t host_readl(hwaddr addr)
{
    return address_space_ldl_le(&address_space_memory, addr, NULL);
}

#endif
