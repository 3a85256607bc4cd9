/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an exit costs, beside what it must cost.
 *
 * The same guest loop runs on the same host through the accelerator (lock, drain, dispatch, unlock),
 * and in a bare loop around KVM_RUN that does nothing at all. The two take turns, so that other load
 * on the host meets both; the ratio is the median of the rounds' ratios, and that of the best times
 * is beside it.
 *
 * The user-mode time of an exit is too short for the host's clock ticks. It is measured in two
 * ways: what user space does for an exit in a timed loop of its own (lock, drain, dispatch, unlock;
 * all that lies between two KVM_RUN but some tests of flags), and as the difference to the bare
 * loop, which has in it what the caches lose, too. getrusage()'s count is printed, coarse as it is.
 *
 * Coalesced writes and ioeventfds are measured through the accelerator only; there is no bare loop
 * without them.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/lock.h"
#include "memory/system.h"

#define RAM_SIZE 0x10000
#define CODE 0x1000
#define WINDOW 0xd0000
#define ROUNDS 15

#define USER_TARGET 0.25 /* us */
#define RATIO_TARGET 1.1

static unsigned loops = 20000;

/*
 * ecx = loops; ds = d000; then the body until ecx is 0; then port 0xf4. The body's bytes come in
 * between.
 */
static gsize build(uint8_t *code, const uint8_t *body, gsize len)
{
    static const uint8_t end[] = {0xe6, 0xf4, 0xfa, 0xf4};
    uint8_t *p = code;

    memcpy(p, (const uint8_t[]){0xb8, WINDOW >> 4 & 0xff, WINDOW >> 12, 0x8e, 0xd8, 0x66, 0xb9}, 7);
    p += 7;
    memcpy(p, &loops, 4);
    p += 4;
    memcpy(p, body, len);
    p += len;
    memcpy(p, (const uint8_t[]){0x66, 0x49, 0x75, (uint8_t)-(len + 4)}, 4); /* dec ecx; jnz */
    p += 4;
    memcpy(p, end, sizeof(end));
    return p + sizeof(end) - code;
}

static const uint8_t pio_body[] = {0xe6, 0x80};        /* out 80, al */
static const uint8_t mmio_body[] = {0xa2, 0x10, 0x00}; /* mov [10], al */
static const uint8_t nop_body[] = {0x90};

static double now(clockid_t clock)
{
    struct timespec ts;

    clock_gettime(clock, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double thread_user_time(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6;
}

/* ------------------------------------------------------------------------------- a bare loop -- */

static double bare(const uint8_t *body, gsize len, double *user)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = ioctl(kvm, KVM_CREATE_VM, 0), cpu;
    uint8_t *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct kvm_userspace_memory_region slot = {.memory_size = RAM_SIZE,
                                               .userspace_addr = (uintptr_t)ram};
    int run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    struct kvm_sregs sregs;
    struct kvm_regs regs = {.rip = CODE, .rflags = 2};
    struct kvm_run *run;
    double start, t;

    ioctl(vm, KVM_SET_TSS_ADDR, 0xfeffd000ul);
    /* As the accelerator has by default: entries differ with and without. */
    ioctl(vm, KVM_CREATE_IRQCHIP, 0);
    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot);
    cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
    build(ram + CODE, body, len);
    ioctl(cpu, KVM_GET_SREGS, &sregs);
    sregs.cs.base = 0;
    sregs.cs.selector = 0;
    ioctl(cpu, KVM_SET_SREGS, &sregs);
    ioctl(cpu, KVM_SET_REGS, &regs);
    *user = thread_user_time();
    start = now(CLOCK_MONOTONIC);
    do {
        ioctl(cpu, KVM_RUN, 0);
    } while ((run->exit_reason == KVM_EXIT_IO && run->io.port != 0xf4) ||
             run->exit_reason == KVM_EXIT_MMIO);
    t = now(CLOCK_MONOTONIC) - start;
    *user = thread_user_time() - *user;
    munmap(run, run_size);
    munmap(ram, RAM_SIZE);
    close(cpu);
    close(vm);
    close(kvm);
    return t;
}

/* ------------------------------------------------------------------- through the accelerator -- */

static MemoryRegion ram, device, window, end;
static GCond done_cond;
static bool done;
static double user_start, user_end;

static void ignore(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    /* In the vCPU's thread: the first access starts its clock. */
    if (user_start < 0) {
        user_start = thread_user_time();
    }
}

static void finish(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    user_end = thread_user_time();
    done = true;
    g_cond_broadcast(&done_cond);
}

static const MemoryRegionOps ignore_ops = {.write = ignore};
static const MemoryRegionOps end_ops = {.write = finish};

static bool setup(void)
{
    static const char *const list[] = {"kvm", NULL};
    g_autoptr(GError) err = NULL;

    machine_lock();
    memory_system_init();
    if (!memory_region_init_ram(&ram, NULL, "ram", RAM_SIZE, &err)) {
        fprintf(stderr, "%s\n", err->message);
        return false;
    }
    memory_region_add_subregion(get_system_memory(), 0, &ram);
    memory_region_init_io(&device, NULL, &ignore_ops, NULL, "port80", 1);
    memory_region_add_subregion(get_system_io(), 0x80, &device);
    memory_region_init_io(&window, NULL, &ignore_ops, NULL, "window", 0x1000);
    memory_region_add_subregion(get_system_memory(), WINDOW, &window);
    memory_region_init_io(&end, NULL, &end_ops, NULL, "end", 1);
    memory_region_add_subregion(get_system_io(), 0xf4, &end);
    if (!accel_start(list, 1, "qemu64,check=off", NULL, &err) || !vcpus_create(1, &err)) {
        fprintf(stderr, "%s\n", err->message);
        return false;
    }
    return true;
}

static double through(const uint8_t *body, gsize len, double *user)
{
    Vcpu *vcpu = vcpu_get(0);
    double start;
    X86State state;

    build((uint8_t *)memory_region_get_ram_ptr(&ram) + CODE, body, len);
    vcpus_reset();
    vcpu_get_state(vcpu, &state);
    state.seg[X86_SEG_CS].base = 0;
    state.seg[X86_SEG_CS].selector = 0;
    state.rip = CODE;
    vcpu_set_state(vcpu, &state);
    done = false;
    user_start = -1;
    start = now(CLOCK_MONOTONIC);
    vcpus_resume();
    while (!done) {
        machine_cond_wait(&done_cond);
    }
    start = now(CLOCK_MONOTONIC) - start;
    vcpus_pause();
    *user = user_end - user_start;
    return start;
}

/* --------------------------------------------------------------------------------- the table -- */

typedef double (*Runner)(const uint8_t *body, gsize len, double *user);

/*
 * In us per pass of the loop: the best of some rounds, and the mean user-mode time, which the
 * host counts in ticks of its clock.
 */
static double best(Runner run, const uint8_t *body, gsize len, double *user)
{
    double t = 1e9;

    *user = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double u, x = run(body, len, &u);

        t = MIN(t, x);
        *user += u;
    }
    *user *= 1e6 / loops / ROUNDS;
    return t * 1e6 / loops;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double median(double *values, gsize n)
{
    qsort(values, n, sizeof(*values), compare_doubles);
    return values[n / 2];
}

/* Bare and through in turns; each goes first every other time. */
static void compare(const char *name, const uint8_t *body, gsize len)
{
    const double scale = 1e6 / loops;
    double ratios[ROUNDS], differences[ROUNDS];
    double best_bare = 1e9, best_through = 1e9, user = 0, bare_user = 0;

    for (int i = 0; i < ROUNDS; i++) {
        double a, b, u, bu;

        if (i % 2) {
            b = bare(body, len, &bu);
            a = through(body, len, &u);
        } else {
            a = through(body, len, &u);
            b = bare(body, len, &bu);
        }
        ratios[i] = a / b;
        differences[i] = (a - b) * scale;
        best_through = MIN(best_through, a);
        best_bare = MIN(best_bare, b);
        user += u;
        bare_user += bu;
    }
    printf("%-28s %7.2f us   bare KVM_RUN %7.2f us   ratio %.3f, of the best %.3f (target: at most"
           " %.1f)\n",
           name, best_through * scale, best_bare * scale, median(ratios, ROUNDS),
           best_through / best_bare, RATIO_TARGET);
    printf("%-28s %7.3f us   of the best %.3f us   getrusage %.3f us (bare %.3f)\n",
           "  beyond the bare loop", median(differences, ROUNDS), (best_through - best_bare) * scale,
           user * scale / ROUNDS, bare_user * scale / ROUNDS);
}

static void single(const char *name, const uint8_t *body, gsize len, double exit_cost)
{
    double user, a = best(through, body, len, &user);

    printf("%-28s %7.2f us   %.2f of a port write that exits\n", name, a, a / exit_cost);
}

/*
 * Lock, drain check, dispatch to a handler, unlock: what an exit does between two KVM_RUN. In the
 * thread's own CPU time, which other load does not count in.
 */
static void user_part(void)
{
    enum { N = 200000 };
    double rounds[ROUNDS];
    uint8_t byte = 0;

    machine_unlock();
    for (int round = 0; round < ROUNDS; round++) {
        double start = now(CLOCK_THREAD_CPUTIME_ID);

        for (int i = 0; i < N; i++) {
            machine_lock();
            address_space_rw(&address_space_io, 0x80, &byte, 1, true);
            machine_unlock();
        }
        rounds[round] = (now(CLOCK_THREAD_CPUTIME_ID) - start) * 1e6 / N;
    }
    machine_lock();
    printf("%-28s %7.3f us   (target: less than %.2f us)\n", "user space of a port write",
           median(rounds, ROUNDS), USER_TARGET);
}

int main(int argc, char **argv)
{
    double user, exit_cost;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        printf("/dev/kvm is missing\n");
        return 77;
    }
    if (argc > 1) {
        loops = MAX(atoi(argv[1]), 1);
    }
    if (!setup()) {
        return 1;
    }
    user_start = 0;
    user_part();
    compare("port write", pio_body, sizeof(pio_body));
    compare("memory write", mmio_body, sizeof(mmio_body));
    exit_cost = best(through, pio_body, sizeof(pio_body), &user);
    single("nothing (nop)", nop_body, sizeof(nop_body), exit_cost);
    memory_region_add_coalescing(&device, 0, 1);
    memory_region_add_coalescing(&window, 0, 0x1000);
    single("port write, coalesced", pio_body, sizeof(pio_body), exit_cost);
    single("memory write, coalesced", mmio_body, sizeof(mmio_body), exit_cost);
    memory_region_clear_coalescing(&device);
    memory_region_clear_coalescing(&window);
    memory_region_add_eventfd(&device, 0, 1, false, 0, fd);
    memory_region_add_eventfd(&window, 0x10, 1, false, 0, fd);
    single("port write, ioeventfd", pio_body, sizeof(pio_body), exit_cost);
    single("memory write, ioeventfd", mmio_body, sizeof(mmio_body), exit_cost);
    memory_region_del_eventfd(&device, 0, 1, false, 0, fd);
    memory_region_del_eventfd(&window, 0x10, 1, false, 0, fd);
    vcpus_destroy();
    accel_shutdown();
    machine_unlock();
    close(fd);
    return 0;
}
