/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small guests on real KVM: 1 MiB of RAM, real mode, a few bytes of code, and a device that writes
 * down every access.
 *
 * Port 0xf4 is the end: a byte written there wakes guest_run(). Ports 0x80..0xbf and memory at
 * 0xd0000..0xdffff are the recording device.
 */
#ifndef LIGNITE_TESTS_ACCEL_GUEST_H
#define LIGNITE_TESTS_ACCEL_GUEST_H

#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/lock.h"
#include "hw/core/runstate.h"
#include "memory/system.h"

#define RAM_SIZE 0x100000
#define CODE 0x1000

typedef struct Access {
    bool pio;
    bool is_write;
    hwaddr addr;
    unsigned size;
    uint64_t data;
} Access;

static struct {
    MemoryRegion ram, hole, ports, mmio, end;
    uint8_t *mem;
    GArray *log; /* Access */
    uint64_t read_value;
    void (*on_access)(const Access *a);
    bool done;
    uint8_t code;
    GCond cond;
} guest;

static inline void guest_record(bool pio, bool is_write, hwaddr addr, unsigned size, uint64_t data)
{
    Access a = {.pio = pio, .is_write = is_write, .addr = addr, .size = size, .data = data};

    g_array_append_val(guest.log, a);
    if (guest.on_access) {
        guest.on_access(&a);
    }
}

static inline uint64_t guest_port_read(void *opaque, hwaddr addr, unsigned size)
{
    guest_record(true, false, 0x80 + addr, size, guest.read_value);
    return guest.read_value++;
}

static inline void guest_port_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    guest_record(true, true, 0x80 + addr, size, data);
}

static inline uint64_t guest_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    guest_record(false, false, 0xd0000 + addr, size, guest.read_value);
    return guest.read_value++;
}

static inline void guest_mmio_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    guest_record(false, true, 0xd0000 + addr, size, data);
}

static inline void guest_end_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    guest.code = data;
    guest.done = true;
    g_cond_broadcast(&guest.cond);
}

static const MemoryRegionOps guest_port_ops = {.read = guest_port_read, .write = guest_port_write,
                                               .valid.unaligned = true, .impl.unaligned = true};
static const MemoryRegionOps guest_mmio_ops = {
    .read = guest_mmio_read, .write = guest_mmio_write,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true}};
static const MemoryRegionOps guest_end_ops = {.write = guest_end_write};

static inline void guest_warn(const char *line)
{
    g_test_message("%s", line);
}

/* Returns false, and marks the test as skipped, where the host has no KVM. */
static inline bool guest_start(const char *accel, unsigned smp)
{
    const char *list[] = {accel, NULL};
    g_autoptr(GError) err = NULL;

    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        g_test_skip("/dev/kvm is missing");
        return false;
    }
    memset(&guest, 0, sizeof(guest));
    guest.log = g_array_new(FALSE, FALSE, sizeof(Access));
    machine_lock();
    memory_system_init();
    memory_region_init_ram(&guest.ram, NULL, "ram", RAM_SIZE, &err);
    g_assert_no_error(err);
    guest.mem = memory_region_get_ram_ptr(&guest.ram);
    memory_region_add_subregion(get_system_memory(), 0, &guest.ram);
    memory_region_init_io(&guest.ports, NULL, &guest_port_ops, NULL, "ports", 0x40);
    memory_region_add_subregion(get_system_io(), 0x80, &guest.ports);
    memory_region_init_io(&guest.mmio, NULL, &guest_mmio_ops, NULL, "mmio", 0x10000);
    memory_region_add_subregion_overlap(get_system_memory(), 0xd0000, &guest.mmio, 1);
    memory_region_init_io(&guest.end, NULL, &guest_end_ops, NULL, "end", 1);
    memory_region_add_subregion(get_system_io(), 0xf4, &guest.end);
    g_assert_true(accel_start(list, smp, "qemu64,check=off", guest_warn, &err));
    g_assert_no_error(err);
    g_assert_true(vcpus_create(smp, &err));
    g_assert_no_error(err);
    return true;
}

/* Put code at `addr` and a vCPU at its first byte: real mode, all bases 0, stack below 0x1000. */
static inline void guest_code(unsigned cpu, uint32_t addr, const void *code, gsize len)
{
    X86State state;

    memcpy(guest.mem + addr, code, len);
    vcpu_get_state(vcpu_get(cpu), &state);
    state.seg[X86_SEG_CS].base = 0;
    state.seg[X86_SEG_CS].selector = 0;
    state.rip = addr;
    state.gpr[X86_RSP] = 0x1000;
    state.halted = false;
    vcpu_set_state(vcpu_get(cpu), &state);
}

#define GUEST_CODE(...)                                                                            \
    do {                                                                                           \
        static const uint8_t code_[] = {__VA_ARGS__};                                              \
        guest_code(0, CODE, code_, sizeof(code_));                                                 \
    } while (0)

/* out 0xf4, al; hlt for ever */
#define GUEST_END 0xe6, 0xf4, 0xfa, 0xf4, 0xeb, 0xfd

static inline void guest_wait(void)
{
    while (!guest.done) {
        machine_cond_wait(&guest.cond);
    }
    guest.done = false;
}

/* Run until the guest writes port 0xf4, and park it again. */
static inline void guest_run(void)
{
    guest.done = false;
    vcpus_resume();
    guest_wait();
    vcpus_pause();
}

static inline X86State guest_state(unsigned cpu)
{
    X86State state;

    vcpu_get_state(vcpu_get(cpu), &state);
    return state;
}

static inline void guest_stop(void)
{
    RunstateRequests requests;

    vcpus_destroy();
    accel_shutdown();
    memory_region_del_subregion(get_system_io(), &guest.end);
    memory_region_del_subregion(get_system_memory(), &guest.mmio);
    memory_region_del_subregion(get_system_io(), &guest.ports);
    memory_region_del_subregion(get_system_memory(), &guest.ram);
    memory_region_destroy(&guest.end);
    memory_region_destroy(&guest.mmio);
    memory_region_destroy(&guest.ports);
    memory_region_destroy(&guest.ram);
    memory_system_cleanup();
    machine_unlock();
    g_array_unref(guest.log);
    runstate_take_requests(&requests);
}

static inline void guest_assert_access(guint i, bool pio, bool is_write, hwaddr addr, unsigned size,
                                       uint64_t data)
{
    const Access *a;

    g_assert_cmpuint(i, <, guest.log->len);
    a = &g_array_index(guest.log, Access, i);
    g_assert_cmpint(a->pio, ==, pio);
    g_assert_cmpint(a->is_write, ==, is_write);
    g_assert_cmphex(a->addr, ==, addr);
    g_assert_cmpuint(a->size, ==, size);
    g_assert_cmphex(a->data, ==, data);
}

/* Wait, without the lock, until a request comes to the main loop. */
static inline RunstateRequests guest_wait_request(void)
{
    RunstateRequests requests;

    machine_unlock();
    while (!runstate_take_requests(&requests)) {
        g_usleep(1000);
    }
    machine_lock();
    return requests;
}

#endif
