/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the I/O profile adds to an exit.
 *
 * User space's part of a port write is timed three ways in turns: as it would be had it no profile,
 * with the profile off, and with it on; 16 ports take turns, so that on, more is in use than one
 * row. Then a guest's loop of port writes runs with the profile off and on in turns. The medians of
 * the rounds' differences are printed: other load on the host meets all alike.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/io-profile.h"
#include "accel/lock.h"
#include "memory/system.h"

#define ROUNDS   31
#define ACCESSES 50000
#define LOOPS    4000
#define PORTS    16
#define TARGET   60 /* ns */
#define RAM_SIZE 0x10000
#define CODE     0x1000

static MemoryRegion ram, device, end;
static GCond done_cond;
static bool done;

static void ignore(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
}

static void finish(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    done = true;
    g_cond_broadcast(&done_cond);
}

static const MemoryRegionOps ignore_ops = {.write = ignore};
static const MemoryRegionOps end_ops = {.write = finish};

static double now(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), compare_doubles);
    return values[ROUNDS / 2];
}

/* ------------------------------------------------------------------------------ user space -- */

/* In ns per access, of the thread's own time. Not inlined: all are called the same way. */
static G_GNUC_NO_INLINE double plain(void)
{
    double start = now(CLOCK_THREAD_CPUTIME_ID);
    uint8_t byte = 0;

    for (unsigned i = 0; i < ACCESSES; i++) {
        machine_lock();
        address_space_rw(&address_space_io, 0x80 + i % PORTS, &byte, 1, true);
        machine_unlock();
    }
    return (now(CLOCK_THREAD_CPUTIME_ID) - start) / ACCESSES;
}

static G_GNUC_NO_INLINE double hooked(void)
{
    double start = now(CLOCK_THREAD_CPUTIME_ID);
    uint8_t byte = 0;

    for (unsigned i = 0; i < ACCESSES; i++) {
        io_profile_begin(0, IO_PROFILE_ACCESS);
        machine_lock();
        io_profile_access(0, &address_space_io, 0x80 + i % PORTS, true, 1);
        address_space_rw(&address_space_io, 0x80 + i % PORTS, &byte, 1, true);
        io_profile_accessed(0);
        machine_unlock();
        io_profile_end(0);
    }
    return (now(CLOCK_THREAD_CPUTIME_ID) - start) / ACCESSES;
}

static void user_space(void)
{
    double without[ROUNDS], off[ROUNDS], on[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        double base;

        machine_unlock();
        base = plain();
        without[i] = base;
        off[i] = hooked() - base;
        machine_lock();
        io_profile_start();
        machine_unlock();
        on[i] = hooked() - base;
        machine_lock();
        io_profile_stop();
    }
    printf("user space of a port write, without the profile  %7.1f ns\n", median(without));
    printf("  the profile off adds                           %7.1f ns\n", median(off));
    printf("  the profile on adds                            %7.1f ns   (target: at most %d ns)\n",
           median(on), TARGET);
}

/* --------------------------------------------------------------------------------- a guest -- */

/* mov cx, LOOPS; 1: out 80, al; dec cx; jnz 1b; out f4, al; hlt */
static const uint8_t code[] = {0xb9, LOOPS & 0xff, LOOPS >> 8, 0xe6, 0x80, 0x49,
                               0x75, 0xfb,         0xe6,       0xf4, 0xf4};

static double guest(void)
{
    Vcpu *vcpu = vcpu_get(0);
    X86State state;
    double start;

    vcpus_reset();
    vcpu_get_state(vcpu, &state);
    state.seg[X86_SEG_CS].base = 0;
    state.seg[X86_SEG_CS].selector = 0;
    state.rip = CODE;
    vcpu_set_state(vcpu, &state);
    done = false;
    start = now(CLOCK_MONOTONIC);
    vcpus_resume();
    while (!done) {
        machine_cond_wait(&done_cond);
    }
    start = (now(CLOCK_MONOTONIC) - start) / LOOPS;
    vcpus_pause();
    return start;
}

static void guest_exits(void)
{
    double off[ROUNDS], difference[ROUNDS];

    memcpy((uint8_t *)memory_region_get_ram_ptr(&ram) + CODE, code, sizeof(code));
    for (int i = 0; i < ROUNDS; i++) {
        double with;

        off[i] = guest();
        io_profile_start();
        with = guest();
        io_profile_stop();
        difference[i] = with - off[i];
    }
    printf("a guest's port write, the profile off            %7.1f ns\n", median(off));
    printf("  the profile on adds                            %7.1f ns\n", median(difference));
}

int main(void)
{
    static const char *const list[] = {"kvm", NULL};
    g_autoptr(GError) err = NULL;

    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        printf("/dev/kvm is missing\n");
        return 77;
    }
    machine_lock();
    memory_system_init();
    if (!memory_region_init_ram(&ram, NULL, "ram", RAM_SIZE, &err)) {
        fprintf(stderr, "%s\n", err->message);
        return 1;
    }
    memory_region_add_subregion(get_system_memory(), 0, &ram);
    memory_region_init_io(&device, NULL, &ignore_ops, NULL, "ports", PORTS);
    memory_region_add_subregion(get_system_io(), 0x80, &device);
    memory_region_init_io(&end, NULL, &end_ops, NULL, "end", 1);
    memory_region_add_subregion(get_system_io(), 0xf4, &end);
    if (!accel_start(list, 1, "qemu64,check=off", NULL, &err) || !vcpus_create(1, &err)) {
        fprintf(stderr, "%s\n", err->message);
        return 1;
    }
    user_space();
    guest_exits();
    vcpus_destroy();
    accel_shutdown();
    machine_unlock();
    return 0;
}
