/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine for tests of the x86emu CPU: 4 MiB of RAM, ports that note what is done to them, an
 * interrupt controller that gives one vector, and the CPU, as a rule in the test's own thread.
 *
 * A guest ends by a write to RIG_DONE (then HLT), or by what makes the CPU ask for a stop.
 */
#ifndef LIGNITE_TEST_X86EMU_RIG_H
#define LIGNITE_TEST_X86EMU_RIG_H

#include <glib.h>
#include <string.h>

#include "accel/accel.h"
#include "accel/lock.h"
#include "hw/core/clock.h"
#include "hw/core/runstate.h"
#include "memory/system.h"

#define RIG_RAM     (4u << 20)
#define RIG_CODE    0x7c00u
#define RIG_DONE    0xf4
#define RIG_EOI     0x20 /* a write lowers INTR */
#define RIG_REQUEST 0x90 /* a write raises INTR */
#define RIG_MMIO    0x80000000u
#define RIG_GDT     0x1000u
#define RIG_IDT     0x2000u

typedef struct RigAccess {
    char kind; /* 'i', 'o', 'r', 'w' */
    uint32_t addr;
    uint32_t value;
    unsigned size;
    int64_t when;
} RigAccess;

typedef struct Rig {
    Vcpu *cpu;
    Vcpu own; /* where the test's own thread runs it; else accel/vcpu.c has one */
    GCond done;
    bool is_done;
    const AccelOps *ops;
    MemoryRegion ram, ports, mmio;
    uint8_t *mem;
    GArray *log;    /* RigAccess */
    uint32_t input; /* what ports and MMIO give, counting up */
    int vector;
    unsigned acknowledged;
} Rig;

static Rig rig;

static void rig_note(char kind, uint32_t addr, uint32_t value, unsigned size)
{
    RigAccess access = {kind, addr, value, size, clock_get_ns(VM_CLOCK_VIRTUAL)};

    g_array_append_val(rig.log, access);
}

static uint64_t rig_port_read(void *opaque, hwaddr addr, unsigned size)
{
    rig_note('i', addr, rig.input, size);
    return rig.input++;
}

static void rig_port_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    switch (addr) {
    case RIG_DONE:
        rig.is_done = true;
        g_cond_signal(&rig.done);
        if (rig.cpu == &rig.own) {
            rig.cpu->kick_requested = 1;
        }
        return;
    case RIG_EOI:
        rig.ops->set_intr(rig.cpu, false);
        return;
    case RIG_REQUEST:
        rig.ops->set_intr(rig.cpu, true);
        return;
    }
    rig_note('o', addr, value, size);
}

static uint64_t rig_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    rig_note('r', addr, rig.input, size);
    return rig.input++;
}

static void rig_mmio_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    rig_note('w', addr, value, size);
}

static const MemoryRegionOps rig_port_ops = {
    .read = rig_port_read,
    .write = rig_port_write,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

static const MemoryRegionOps rig_mmio_ops = {
    .read = rig_mmio_read,
    .write = rig_mmio_write,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

static int rig_acknowledge(void *opaque)
{
    rig.acknowledged++;
    return rig.vector;
}

static const CpuInterruptOps rig_interrupt_ops = {.acknowledge = rig_acknowledge};

static void rig_reset_cpu(void)
{
    X86State state = {};

    rig.ops->vcpu_reset(rig.cpu);
    rig.ops->vcpu_get_state(rig.cpu, &state);
    state.seg[X86_SEG_CS].selector = 0;
    state.seg[X86_SEG_CS].base = 0;
    state.rip = RIG_CODE;
    state.gpr[X86_RDX] = 0;
    state.gpr[X86_RSP] = 0x7000;
    rig.ops->vcpu_set_state(rig.cpu, &state);
}

/*
 * `option` is what stands after "x86emu" in -accel: sleep=off makes waits instant. With `threaded`
 * the CPU has a thread, and starts by vcpus_resume().
 */
static void rig_start_as(const char *option, bool threaded)
{
    g_autofree char *text = g_strconcat("x86emu,", option, NULL);
    const char *list[] = {text, NULL};
    GError *err = NULL;

    memset(&rig, 0, sizeof(rig));
    rig.log = g_array_new(FALSE, FALSE, sizeof(RigAccess));
    machine_lock();
    memory_system_init();
    memory_region_init_ram(&rig.ram, NULL, "ram", RIG_RAM, &err);
    g_assert_no_error(err);
    memory_region_add_subregion(get_system_memory(), 0, &rig.ram);
    rig.mem = memory_region_get_ram_ptr(&rig.ram);
    memory_region_init_io(&rig.ports, NULL, &rig_port_ops, NULL, "ports", 0x10000);
    memory_region_add_subregion(get_system_io(), 0, &rig.ports);
    memory_region_init_io(&rig.mmio, NULL, &rig_mmio_ops, NULL, "mmio", 0x10000);
    memory_region_add_subregion(get_system_memory(), RIG_MMIO, &rig.mmio);

    accel_start(list, 1, NULL, NULL, &err);
    g_assert_no_error(err);
    rig.ops = accel_current();
    if (threaded) {
        g_assert_true(vcpus_create(1, &err));
        rig.cpu = vcpu_get(0);
    } else {
        rig.cpu = &rig.own;
        g_assert_true(rig.ops->vcpu_create(rig.cpu, &err));
    }
    accel_set_interrupt_ops(&rig_interrupt_ops, NULL);
    rig.vector = 8;
    clock_virtual_enable(true);
    rig_reset_cpu();
    machine_unlock();
}

static inline void rig_start(const char *option)
{
    rig_start_as(option, false);
}

static void rig_end(void)
{
    RunstateRequests requests;

    machine_lock();
    if (rig.cpu == &rig.own) {
        rig.ops->vcpu_destroy(rig.cpu);
    } else {
        vcpus_destroy();
    }
    clock_virtual_enable(false);
    accel_shutdown();
    memory_region_del_subregion(get_system_memory(), &rig.mmio);
    memory_region_del_subregion(get_system_memory(), &rig.ram);
    memory_region_del_subregion(get_system_io(), &rig.ports);
    memory_region_destroy(&rig.mmio);
    memory_region_destroy(&rig.ram);
    memory_region_destroy(&rig.ports);
    memory_system_cleanup();
    machine_unlock();
    g_array_free(rig.log, TRUE);
    while (runstate_take_requests(&requests)) {
    }
}

static inline void rig_load(uint32_t addr, const void *code, size_t len)
{
    memcpy(rig.mem + addr, code, len);
}

/* Run until the guest is done; its registers then. */
static inline X86State rig_run(void)
{
    X86State state = {};

    rig.cpu->kick_requested = 0;
    rig.ops->vcpu_run(rig.cpu);
    rig.ops->vcpu_get_state(rig.cpu, &state);
    return state;
}

#define rig_run_code(...)                                                                          \
    ({                                                                                             \
        const uint8_t code_[] = {__VA_ARGS__};                                                     \
        rig_load(RIG_CODE, code_, sizeof(code_));                                                  \
        rig_run();                                                                                 \
    })

static inline const RigAccess *rig_access(unsigned i)
{
    g_assert_cmpuint(i, <, rig.log->len);
    return &g_array_index(rig.log, RigAccess, i);
}

static inline void rig_expect(unsigned i, char kind, uint32_t addr, uint32_t value, unsigned size)
{
    const RigAccess *access = rig_access(i);

    g_assert_cmpint(access->kind, ==, kind);
    g_assert_cmphex(access->addr, ==, addr);
    g_assert_cmphex(access->value, ==, value);
    g_assert_cmpuint(access->size, ==, size);
}

/* A GDT with flat code at 8 and flat data at 10 (hex), an IDT of `n` gates; the CPU uses them. */
static inline void rig_protected(unsigned n)
{
    static const uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff};
    X86State state = {};

    memcpy(rig.mem + RIG_GDT, gdt, sizeof(gdt));
    rig.ops->vcpu_get_state(rig.cpu, &state);
    state.cr0 |= 1;
    state.gdt_base = RIG_GDT;
    state.gdt_limit = sizeof(gdt) - 1;
    state.idt_base = RIG_IDT;
    state.idt_limit = n * 8 - 1;
    for (unsigned i = 0; i < X86_SEGS; i++) {
        state.seg[i] = (X86Segment){.limit = UINT32_MAX,
                                    .selector = i == X86_SEG_CS ? 8 : 0x10,
                                    .access = i == X86_SEG_CS ? 0xc09b : 0xc093};
    }
    rig.ops->vcpu_set_state(rig.cpu, &state);
}

static inline void rig_gate(unsigned vector, uint32_t offset, unsigned type)
{
    uint32_t lo = 8u << 16 | (offset & 0xffff);
    uint32_t hi = (offset & 0xffff0000) | 0x8000 | type << 8;

    memcpy(rig.mem + RIG_IDT + vector * 8, &lo, 4);
    memcpy(rig.mem + RIG_IDT + vector * 8 + 4, &hi, 4);
}

static inline uint32_t rig_long(uint32_t addr)
{
    uint32_t value;

    memcpy(&value, rig.mem + addr, 4);
    return value;
}

static inline uint16_t rig_word(uint32_t addr)
{
    return rig_long(addr);
}

static inline void rig_set_vector(unsigned vector, uint16_t offset)
{
    const uint16_t entry[2] = {offset, 0};

    memcpy(rig.mem + vector * 4, entry, 4);
}

#endif
