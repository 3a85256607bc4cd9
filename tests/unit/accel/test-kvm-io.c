/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port and memory accesses of a guest on real KVM; queued writes; doorbells; stopping inside. */
#include "accel/coalesced.h"
#include "guest.h"

#include <sys/eventfd.h>

static void test_port_widths(void)
{
    if (!guest_start("kvm", 1)) {
        return;
    }
    guest.read_value = 0x11223344;
    GUEST_CODE(0xb0, 0x5a, 0xe6, 0x80,                         /* mov al, 5a; out 80, al */
               0xb8, 0x34, 0x12, 0xe7, 0x82,                   /* mov ax, 1234; out 82, ax */
               0x66, 0xb8, 0x78, 0x56, 0x34, 0x12, 0x66, 0xe7, 0x84, /* out 84, eax */
               0x66, 0x31, 0xc0, 0xe4, 0x90, 0x66, 0x89, 0xc3, /* in al, 90; mov ebx, eax */
               0xe5, 0x92, 0x66, 0x89, 0xc1,                   /* in ax, 92; mov ecx, eax */
               0x66, 0xe5, 0x94, 0x66, 0x89, 0xc2,             /* in eax, 94; mov edx, eax */
               GUEST_END);
    guest_run();
    guest_assert_access(0, true, true, 0x80, 1, 0x5a);
    guest_assert_access(1, true, true, 0x82, 2, 0x1234);
    guest_assert_access(2, true, true, 0x84, 4, 0x12345678);
    guest_assert_access(3, true, false, 0x90, 1, 0x11223344);
    guest_assert_access(4, true, false, 0x92, 2, 0x11223345);
    guest_assert_access(5, true, false, 0x94, 4, 0x11223346);
    g_assert_cmphex(guest_state(0).gpr[X86_RBX], ==, 0x44);
    g_assert_cmphex(guest_state(0).gpr[X86_RCX], ==, 0x3345);
    g_assert_cmphex(guest_state(0).gpr[X86_RDX], ==, 0x11223346);
    g_assert_cmpuint(vcpus_exits(), >=, 7);
    guest_stop();
}

static void test_string_ports(void)
{
    if (!guest_start("kvm", 1)) {
        return;
    }
    guest.read_value = 0x40;
    memcpy(guest.mem + 0x2000, "abcdefgh", 8);
    GUEST_CODE(0xfc, 0xbe, 0x00, 0x20, 0xb9, 0x08, 0x00, 0xba, 0x80, 0x00, /* si, cx, dx */
               0xf3, 0x6e,                                                 /* rep outsb */
               0xbe, 0x00, 0x20, 0xb9, 0x02, 0x00, 0x66, 0xf3, 0x6f,       /* rep outsd */
               0xbf, 0x00, 0x30, 0xb9, 0x04, 0x00, 0xf3, 0x6c,             /* rep insb to 3000 */
               GUEST_END);
    guest_run();
    for (int i = 0; i < 8; i++) {
        guest_assert_access(i, true, true, 0x80, 1, 'a' + i);
    }
    guest_assert_access(8, true, true, 0x80, 4, 0x64636261);
    guest_assert_access(9, true, true, 0x80, 4, 0x68676665);
    g_assert_cmpmem(guest.mem + 0x3000, 4, "\x40\x41\x42\x43", 4);
    guest_stop();
}

/* ds = d000; the end's port number is an immediate */
#define DS_MMIO 0xb8, 0x00, 0xd0, 0x8e, 0xd8

static void test_mmio(void)
{
    if (!guest_start("kvm", 1)) {
        return;
    }
    guest.read_value = 0x99887766;
    GUEST_CODE(DS_MMIO, 0xc6, 0x06, 0x10, 0x00, 0xab,        /* mov byte [10], ab */
               0xc7, 0x06, 0x21, 0x00, 0x34, 0x12,           /* mov word [21], 1234 */
               0x66, 0xc7, 0x06, 0x30, 0x00, 0x78, 0x56, 0x34, 0x12, /* mov dword [30] */
               0x66, 0xa1, 0x40, 0x00, 0x66, 0x89, 0xc3,     /* mov eax, [40]; mov ebx, eax */
               GUEST_END);
    guest_run();
    guest_assert_access(0, false, true, 0xd0010, 1, 0xab);
    guest_assert_access(1, false, true, 0xd0021, 2, 0x1234);
    guest_assert_access(2, false, true, 0xd0030, 4, 0x12345678);
    guest_assert_access(3, false, false, 0xd0040, 4, 0x99887766);
    g_assert_cmphex(guest_state(0).gpr[X86_RBX], ==, 0x99887766);
    guest_stop();
}

/* Port 80 and memory d0000 are queued; b0 is not, and reads the order. */
static void test_coalesced_order(void)
{
    uint64_t exits;

    if (!guest_start("kvm", 1)) {
        return;
    }
    memory_region_add_coalescing(&guest.ports, 0, 4);
    memory_region_add_coalescing(&guest.mmio, 0, 0x100);
    GUEST_CODE(DS_MMIO, 0xb9, 0x0a, 0x00,         /* cx = 10 */
               0x88, 0xc8, 0xe6, 0x80,            /* al = cl; out 80, al */
               0xa2, 0x08, 0x00,                  /* mov [8], al */
               0xe2, 0xf7,                        /* loop */
               0xe4, 0xb0,                        /* in al, b0 */
               GUEST_END);
    exits = vcpus_exits();
    guest_run();
    exits = vcpus_exits() - exits;
    for (int i = 0; i < 10; i++) {
        guest_assert_access(2 * i, true, true, 0x80, 1, 10 - i);
        guest_assert_access(2 * i + 1, false, true, 0xd0008, 1, 10 - i);
    }
    guest_assert_access(20, true, false, 0xb0, 1, 0);
    g_assert_cmpuint(exits, <, 10);
    guest_stop();
}

/* 1000 writes: 169 fit the ring, then one exits. Nothing is lost, and nothing passes another. */
static void test_ring_overflow(void)
{
    uint64_t exits;

    if (!guest_start("kvm", 1)) {
        return;
    }
    memory_region_add_coalescing(&guest.ports, 0, 4);
    GUEST_CODE(0x31, 0xc0, 0xb9, 0xe8, 0x03, /* ax = 0, cx = 1000 */
               0xe7, 0x80, 0x40, 0xe2, 0xfb, /* out 80, ax; inc ax; loop */
               GUEST_END);
    exits = vcpus_exits();
    guest_run();
    exits = vcpus_exits() - exits;
    g_assert_cmpuint(guest.log->len, ==, 1000);
    for (int i = 0; i < 1000; i++) {
        guest_assert_access(i, true, true, 0x80, 2, i);
    }
    g_assert_cmpuint(exits, <=, 14);
    guest_stop();
}

/* What is queued when the guest is parked has been dispatched. */
static void test_pause_drains(void)
{
    if (!guest_start("kvm", 1)) {
        return;
    }
    memory_region_add_coalescing(&guest.ports, 0, 4);
    GUEST_CODE(0xb0, 0x01, 0xe6, 0xf4, 0xb0, 0x77, 0xe6, 0x80, 0xeb, 0xfe); /* end; out 80; jmp $ */
    vcpus_resume();
    guest_wait();
    machine_unlock();
    g_usleep(20000);
    machine_lock();
    vcpus_pause();
    g_assert_cmpuint(guest.log->len, ==, 1);
    guest_assert_access(0, true, true, 0x80, 1, 0x77);
    guest_stop();
}

/* A region with queued writes goes away: they reach it, through the old map. */
static void hide_ports(const Access *a)
{
    if (a->addr == 0xb0) {
        memory_region_del_subregion(get_system_memory(), &guest.mmio);
        memory_region_add_subregion_overlap(get_system_memory(), 0xe0000, &guest.mmio, 1);
    }
}

static void test_remap_in_handler(void)
{
    if (!guest_start("kvm", 1)) {
        return;
    }
    memory_region_add_coalescing(&guest.mmio, 0, 0x100);
    guest.on_access = hide_ports;
    GUEST_CODE(DS_MMIO, 0xb0, 0x01, 0xa2, 0x08, 0x00, /* mov [8], al */
               0xe6, 0xb0,                            /* moves the window */
               0xb0, 0x02, 0xa2, 0x08, 0x00,          /* RAM now */
               0xb8, 0x00, 0xe0, 0x8e, 0xd8, 0xb0, 0x03, 0xa2, 0x08, 0x00, /* the new place */
               GUEST_END);
    guest_run();
    guest_assert_access(0, false, true, 0xd0008, 1, 1);
    guest_assert_access(1, true, true, 0xb0, 1, 1);
    guest_assert_access(2, false, true, 0xd0008, 1, 3);
    g_assert_cmpuint(guest.log->len, ==, 3);
    g_assert_cmpint(guest.mem[0xd0008], ==, 2);
    guest_stop();
}

static uint64_t eventfd_count(int fd)
{
    uint64_t n = 0;

    return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void test_ioeventfd(void)
{
    int any = eventfd(0, EFD_NONBLOCK), matched = eventfd(0, EFD_NONBLOCK);
    uint64_t exits;

    if (guest_start("kvm", 1)) {
        memory_region_add_eventfd(&guest.ports, 8, 2, true, 0x1234, matched);
        memory_region_add_eventfd(&guest.mmio, 0x40, 0, false, 0, any);
        GUEST_CODE(DS_MMIO, 0xb9, 0x14, 0x00, 0xb8, 0x34, 0x12, /* 20 times: */
                   0xe7, 0x88, 0xe2, 0xfc,                      /* out 88, 1234: rings */
                   0xa3, 0x40, 0x00, 0xa2, 0x40, 0x00,    /* word and byte: ring */
                   0xb8, 0x35, 0x12, 0xe7, 0x88,          /* other data: exits */
                   GUEST_END);
        exits = vcpus_exits();
        guest_run();
        g_assert_cmpuint(vcpus_exits() - exits, <=, 6);
        g_assert_cmpuint(eventfd_count(matched), ==, 20);
        g_assert_cmpuint(eventfd_count(any), ==, 2);
        g_assert_cmpuint(guest.log->len, ==, 1);
        guest_assert_access(0, true, true, 0x88, 2, 0x1235);
        memory_region_del_eventfd(&guest.ports, 8, 2, true, 0x1234, matched);
        memory_region_del_eventfd(&guest.mmio, 0x40, 0, false, 0, any);
        guest_stop();
    }
    close(any);
    close(matched);
}

/* A doorbell within a coalesced range rings at once, whichever came first. */
static void test_doorbell_beats_zone(void)
{
    for (int order = 0; order < 2; order++) {
        int fd = eventfd(0, EFD_NONBLOCK);

        if (!guest_start("kvm", 1)) {
            close(fd);
            return;
        }
        if (order == 0) {
            memory_region_add_coalescing(&guest.ports, 0, 4);
        }
        memory_region_add_eventfd(&guest.ports, 0, 1, false, 0, fd);
        if (order == 1) {
            memory_region_add_coalescing(&guest.ports, 0, 4);
        }
        GUEST_CODE(0xe6, 0x80, GUEST_END);
        guest_run();
        g_assert_cmpuint(eventfd_count(fd), ==, 1);
        g_assert_cmpuint(guest.log->len, ==, 0);
        memory_region_del_eventfd(&guest.ports, 0, 1, false, 0, fd);
        GUEST_CODE(0xe6, 0x80, GUEST_END);
        guest_run();
        g_assert_cmpuint(guest.log->len, ==, 1);
        guest_stop();
        close(fd);
    }
}

static void wake(const Access *a)
{
    if (guest.log->len == 5) {
        guest.done = true;
        g_cond_broadcast(&guest.cond);
    }
}

/* Stopped while it reads a port over and over: each value is seen, none twice. */
static void test_settle_inside_in(void)
{
    X86State state;
    unsigned seen;

    if (!guest_start("kvm", 1)) {
        return;
    }
    guest.on_access = wake;
    GUEST_CODE(0x66, 0x31, 0xdb,             /* ebx = 0 */
               0x66, 0xe5, 0x80, 0x66, 0x01, 0xc3, /* in eax, 80; add ebx, eax */
               0xeb, 0xf8);
    for (int round = 0; round < 50; round++) {
        uint64_t sum;

        guest.done = false;
        if (round == 0) {
            vcpus_resume();
            guest_wait();
        } else {
            vcpus_resume();
            machine_unlock();
            g_usleep(300);
            machine_lock();
        }
        vcpus_pause();
        seen = guest.log->len;
        state = guest_state(0);
        /* The sum of the values read, but for the last if the `add` has not run. */
        sum = (uint64_t)seen * (seen - 1) / 2;
        if (state.rip == CODE + 6) {
            g_assert_cmphex((uint32_t)state.gpr[X86_RAX], ==, seen - 1);
            sum -= seen - 1;
        }
        g_assert_cmpuint((uint32_t)state.gpr[X86_RBX], ==, (uint32_t)sum);
    }
    guest_stop();
}

/* Memory that changes under a running guest, many times: the ledger stays as it was. */
static void test_remap_keeps_zones(void)
{
    g_autoptr(CoalescedInfo) before = NULL, after = NULL;

    if (!guest_start("kvm", 1)) {
        return;
    }
    memory_region_add_coalescing(&guest.mmio, 0, 0x100);
    memory_region_add_coalescing(&guest.ports, 0, 4);
    before = coalesced_query();
    for (int i = 0; i < 500; i++) {
        memory_region_set_address(&guest.mmio, 0xd0000 + (i & 1) * 0x10000);
        memory_region_set_enabled(&guest.ports, i & 1);
    }
    memory_region_set_address(&guest.mmio, 0xd0000);
    after = coalesced_query();
    g_assert_cmpuint(before->zones->len, ==, 2);
    g_assert_cmpuint(after->zones->len, ==, 2);
    for (guint i = 0; i < 2; i++) {
        const CoalescedZone *was = &g_array_index(before->zones, CoalescedZone, i);
        const CoalescedZone *is = &g_array_index(after->zones, CoalescedZone, i);

        g_assert_true(was->active && is->active);
        g_assert_cmpuint(was->addr, ==, is->addr);
        g_assert_cmpuint(was->size, ==, is->size);
        g_assert_cmpint(was->pio, ==, is->pio);
    }
    g_assert_cmpint(accel_coalesce_latency_ns(), ==, 0);
    vcpus_resume();
    g_assert_cmpint(accel_coalesce_latency_ns(), ==, 10 * 1000 * 1000);
    memory_region_clear_coalescing(&guest.mmio);
    memory_region_clear_coalescing(&guest.ports);
    g_assert_cmpint(accel_coalesce_latency_ns(), ==, 0);
    guest_stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kvm/io/port-widths", test_port_widths);
    g_test_add_func("/kvm/io/string-ports", test_string_ports);
    g_test_add_func("/kvm/io/mmio", test_mmio);
    g_test_add_func("/kvm/io/coalesced-order", test_coalesced_order);
    g_test_add_func("/kvm/io/ring-overflow", test_ring_overflow);
    g_test_add_func("/kvm/io/pause-drains", test_pause_drains);
    g_test_add_func("/kvm/io/remap-in-handler", test_remap_in_handler);
    g_test_add_func("/kvm/io/ioeventfd", test_ioeventfd);
    g_test_add_func("/kvm/io/doorbell-beats-zone", test_doorbell_beats_zone);
    g_test_add_func("/kvm/io/settle-inside-in", test_settle_inside_in);
    g_test_add_func("/kvm/io/remap-keeps-zones", test_remap_keeps_zones);
    return g_test_run();
}
