/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a write costs, beside what it must cost: one that exits, one that is queued, a doorbell; of
 * ports and of memory.
 *
 * The same guest loop runs on the same host through the accelerator (lock, drain, dispatch,
 * unlock), and in a bare loop around KVM_RUN that does nothing at all; where writes are queued it
 * empties the ring. Both are measured in the CPU time of the thread that runs the guest, from one
 * write of the guest's to another, so that other load on the host counts little. They take turns;
 * the ratio is the median of the rounds' ratios.
 *
 * What user space does for an exit (lock, drain, dispatch, unlock; all that lies between two
 * KVM_RUN but some tests of flags) is also measured in a loop of its own.
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
#include <time.h>
#include <unistd.h>

#include "accel/accel.h"
#include "accel/lock.h"
#include "memory/system.h"

#define RAM_SIZE 0x10000
#define CODE     0x1000
#define WINDOW   0xd0000
#define ROUNDS   15

#define USER_TARGET  0.25 /* us */
#define RATIO_TARGET 1.05

static unsigned loops = 20000;

#define START_PORT 0xf5
#define END_PORT   0xf4

/* ds = d000; port 0xf5; ecx = loops; then the body until ecx is 0; then port 0xf4. */
static gsize build(uint8_t *code, const uint8_t *body, gsize len)
{
    static const uint8_t end[] = {0xe6, 0xf4, 0xfa, 0xf4};
    uint8_t *p = code;

    memcpy(p,
           (const uint8_t[]){0xb8, WINDOW >> 4 & 0xff, WINDOW >> 12, 0x8e, 0xd8, 0xe6, START_PORT,
                             0x66, 0xb9},
           9);
    p += 9;
    memcpy(p, &loops, 4);
    p += 4;
    memcpy(p, body, len);
    p += len;
    memcpy(p, (const uint8_t[]){0x66, 0x49, 0x75, (uint8_t) - (len + 4)}, 4); /* dec ecx; jnz */
    p += 4;
    memcpy(p, end, sizeof(end));
    return p + sizeof(end) - code;
}

static const uint8_t pio_body[] = {0xe6, 0x80};        /* out 80, al */
static const uint8_t mmio_body[] = {0xa2, 0x10, 0x00}; /* mov [10], al */
static const uint8_t nop_body[] = {0x90};

/* The CPU time of this thread, in s. */
static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* ------------------------------------------------------------------------------- a bare loop -- */

typedef enum Kind { EXITS, QUEUED, DOORBELL } Kind;

typedef struct Case {
    const char *name;
    const uint8_t *body;
    gsize len;
    Kind kind;
    bool port;
} Case;

/* Have the kernel take the case's writes. */
static void bare_take(int vm, const Case *c, int event)
{
    uint64_t addr = c->port ? 0x80 : WINDOW + 0x10;
    struct kvm_coalesced_mmio_zone zone = {.addr = addr, .size = 1, .pio = c->port};
    struct kvm_ioeventfd doorbell = {
        .addr = addr, .len = 1, .fd = event, .flags = c->port ? KVM_IOEVENTFD_FLAG_PIO : 0};

    if (c->kind == QUEUED) {
        ioctl(vm, KVM_REGISTER_COALESCED_MMIO, &zone);
    } else if (c->kind == DOORBELL) {
        ioctl(vm, KVM_IOEVENTFD, &doorbell);
    }
}

static double bare(const Case *c)
{
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = ioctl(kvm, KVM_CREATE_VM, 0), cpu;
    uint8_t *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct kvm_userspace_memory_region slot = {.memory_size = RAM_SIZE,
                                               .userspace_addr = (uintptr_t)ram};
    int run_size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    struct kvm_sregs sregs;
    struct kvm_regs regs = {.rip = CODE, .rflags = 2};
    int ring_page = ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_COALESCED_MMIO);
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct kvm_coalesced_mmio_ring *ring;
    struct kvm_run *run;
    double start = 0, t;

    ioctl(vm, KVM_SET_TSS_ADDR, 0xfeffd000ul);
    /* As the accelerator has by default: entries differ with and without. */
    ioctl(vm, KVM_CREATE_IRQCHIP, 0);
    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot);
    cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
    ring = (void *)((char *)run + ring_page * 4096);
    bare_take(vm, c, event);
    build(ram + CODE, c->body, c->len);
    ioctl(cpu, KVM_GET_SREGS, &sregs);
    sregs.cs.base = 0;
    sregs.cs.selector = 0;
    ioctl(cpu, KVM_SET_SREGS, &sregs);
    ioctl(cpu, KVM_SET_REGS, &regs);
    for (;;) {
        ioctl(cpu, KVM_RUN, 0);
        if (ring_page > 0) {
            __atomic_store_n(&ring->first, __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE),
                             __ATOMIC_RELEASE);
        }
        if (run->exit_reason == KVM_EXIT_IO && run->io.port == START_PORT) {
            start = now();
        } else if (run->exit_reason != KVM_EXIT_MMIO &&
                   (run->exit_reason != KVM_EXIT_IO || run->io.port == END_PORT)) {
            break;
        }
    }
    t = now() - start;
    munmap(run, run_size);
    munmap(ram, RAM_SIZE);
    close(cpu);
    close(vm);
    close(kvm);
    close(event);
    return t;
}

/* ------------------------------------------------------------------- through the accelerator -- */

static MemoryRegion ram, device, window, start_port, end_port;
static GCond done_cond;
static bool done;
static double started, ended;

static void ignore(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
}

/* In the vCPU's thread. */
static void begin(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    started = now();
}

static void finish(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    ended = now();
    done = true;
    g_cond_broadcast(&done_cond);
}

static const MemoryRegionOps ignore_ops = {.write = ignore};
static const MemoryRegionOps start_ops = {.write = begin};
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
    memory_region_init_io(&start_port, NULL, &start_ops, NULL, "start", 1);
    memory_region_add_subregion(get_system_io(), START_PORT, &start_port);
    memory_region_init_io(&end_port, NULL, &end_ops, NULL, "end", 1);
    memory_region_add_subregion(get_system_io(), END_PORT, &end_port);
    if (!accel_start(list, 1, "qemu64,check=off", NULL, &err) || !vcpus_create(1, &err)) {
        fprintf(stderr, "%s\n", err->message);
        return false;
    }
    return true;
}

static double through(const Case *c)
{
    Vcpu *vcpu = vcpu_get(0);
    X86State state;

    build((uint8_t *)memory_region_get_ram_ptr(&ram) + CODE, c->body, c->len);
    vcpus_reset();
    vcpu_get_state(vcpu, &state);
    state.seg[X86_SEG_CS].base = 0;
    state.seg[X86_SEG_CS].selector = 0;
    state.rip = CODE;
    vcpu_set_state(vcpu, &state);
    done = false;
    vcpus_resume();
    while (!done) {
        machine_cond_wait(&done_cond);
    }
    vcpus_pause();
    return ended - started;
}

/* --------------------------------------------------------------------------------- the table -- */

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
static void compare(const Case *c)
{
    const double scale = 1e6 / loops;
    double ratios[ROUNDS], bares[ROUNDS], throughs[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        bool first = i % 2;

        bares[i] = first ? bare(c) : 0;
        throughs[i] = through(c);
        bares[i] = first ? bares[i] : bare(c);
        ratios[i] = throughs[i] / bares[i];
    }
    printf("%-24s %7.3f us   bare KVM_RUN %7.3f us   ratio %.3f (target: at most %.2f)\n", c->name,
           median(throughs, ROUNDS) * scale, median(bares, ROUNDS) * scale, median(ratios, ROUNDS),
           RATIO_TARGET);
}

/* Lock, drain check, dispatch to a handler, unlock: what an exit does between two KVM_RUN. */
static void user_part(void)
{
    enum { N = 200000 };
    double rounds[ROUNDS];
    uint8_t byte = 0;

    machine_unlock();
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();

        for (int i = 0; i < N; i++) {
            machine_lock();
            address_space_rw(&address_space_io, 0x80, &byte, 1, true);
            machine_unlock();
        }
        rounds[round] = (now() - start) * 1e6 / N;
    }
    machine_lock();
    printf("%-24s %7.3f us   (target: less than %.2f us)\n", "user space of a port write",
           median(rounds, ROUNDS), USER_TARGET);
}

/* The same for the accelerator as bare_take() for the bare loop; and back. */
static void take(const Case *c, int event, bool add)
{
    MemoryRegion *mr = c->port ? &device : &window;
    hwaddr offset = c->port ? 0 : 0x10;

    if (c->kind == QUEUED && add) {
        memory_region_add_coalescing(mr, offset, 1);
    } else if (c->kind == QUEUED) {
        memory_region_clear_coalescing(mr);
    } else if (c->kind == DOORBELL && add) {
        memory_region_add_eventfd(mr, offset, 1, false, 0, event);
    } else if (c->kind == DOORBELL) {
        memory_region_del_eventfd(mr, offset, 1, false, 0, event);
    }
}

int main(int argc, char **argv)
{
    static const Case cases[] = {
        {"nothing (nop)", nop_body, sizeof(nop_body), EXITS, true},
        {"port write", pio_body, sizeof(pio_body), EXITS, true},
        {"memory write", mmio_body, sizeof(mmio_body), EXITS, false},
        {"port write, coalesced", pio_body, sizeof(pio_body), QUEUED, true},
        {"memory write, coalesced", mmio_body, sizeof(mmio_body), QUEUED, false},
        {"port write, ioeventfd", pio_body, sizeof(pio_body), DOORBELL, true},
        {"memory write, ioeventfd", mmio_body, sizeof(mmio_body), DOORBELL, false},
    };
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
    user_part();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        take(&cases[i], fd, true);
        compare(&cases[i]);
        take(&cases[i], fd, false);
    }
    vcpus_destroy();
    accel_shutdown();
    machine_unlock();
    close(fd);
    return 0;
}
