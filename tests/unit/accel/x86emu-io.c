/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the x86emu CPU's accesses reach: ports, MMIO, A20, ROM; and the coalesced ring.
 */
#include "x86emu-rig.h"

#include <sys/eventfd.h>
#include <unistd.h>

static void test_ports(void)
{
    X86State s;

    rig_start("sleep=off");
    rig.input = 0x55;
    s = rig_run_code(0xb0, 0x11,                         /* mov al, 0x11 */
                     0xe6, 0x80,                         /* out 0x80, al */
                     0xba, 0x00, 0x03,                   /* mov dx, 0x300 */
                     0xb8, 0x33, 0x22,                   /* mov ax, 0x2233 */
                     0xef,                               /* out dx, ax */
                     0x66, 0xb8, 0x77, 0x66, 0x55, 0x44, /* mov eax, 0x44556677 */
                     0x66, 0xef,                         /* out dx, eax */
                     0xe4, 0x81,                         /* in al, 0x81 */
                     0x88, 0xc3,                         /* mov bl, al */
                     0x66, 0xed,                         /* in eax, dx */
                     0xe6, 0xf4, 0xf4);                  /* out 0xf4, al; hlt */
    rig_expect(0, 'o', 0x80, 0x11, 1);
    rig_expect(1, 'o', 0x300, 0x2233, 2);
    rig_expect(2, 'o', 0x300, 0x44556677, 4);
    rig_expect(3, 'i', 0x81, 0x55, 1);
    rig_expect(4, 'i', 0x300, 0x56, 4);
    g_assert_cmphex(s.gpr[X86_RBX] & 0xff, ==, 0x55);
    g_assert_cmphex(s.gpr[X86_RAX], ==, 0x56);
    g_assert_cmpuint(rig.cpu->exits, ==, 6);
    rig_end();
}

static void test_string_ports(void)
{
    X86State s;

    rig_start("sleep=off");
    rig.input = 0x1000;
    s = rig_run_code(0xfc,                          /* cld */
                     0xbe, 0x17, 0x7c,              /* mov si, text */
                     0xba, 0x00, 0x03,              /* mov dx, 0x300 */
                     0xb9, 0x05, 0x00,              /* mov cx, 5 */
                     0xf3, 0x6e,                    /* rep outsb */
                     0xbf, 0x00, 0x06,              /* mov di, 0x600 */
                     0xb9, 0x03, 0x00,              /* mov cx, 3 */
                     0xf3, 0x6d,                    /* rep insw */
                     0xe6, 0xf4, 0xf4,              /* out 0xf4, al; hlt */
                     0x48, 0x45, 0x4c, 0x4c, 0x4f); /* text: "HELLO" */
    for (unsigned i = 0; i < 5; i++) {
        rig_expect(i, 'o', 0x300, "HELLO"[i], 1);
    }
    for (unsigned i = 0; i < 3; i++) {
        rig_expect(5 + i, 'i', 0x300, 0x1000 + i, 2);
        g_assert_cmphex(rig_word(0x600 + 2 * i), ==, 0x1000 + i);
    }
    g_assert_cmphex(s.gpr[X86_RDI], ==, 0x606);
    g_assert_cmphex(s.gpr[X86_RCX], ==, 0);
    rig_end();
}

/* 32-bit code at RIG_CODE with flat segments and ESI pointing at the MMIO region. */
static void start_flat(void)
{
    X86State state = {};

    rig_start("sleep=off");
    rig_protected(32);
    rig.ops->vcpu_get_state(rig.cpu, &state);
    state.gpr[X86_RSI] = RIG_MMIO;
    rig.ops->vcpu_set_state(rig.cpu, &state);
}

static void test_mmio(void)
{
    X86State s;

    start_flat();
    rig.input = 0xa0;
    s = rig_run_code(0xb8, 0x44, 0x33, 0x22, 0x11, /* mov eax, 0x11223344 */
                     0x89, 0x46, 0x10,             /* mov [esi+0x10], eax */
                     0x66, 0x89, 0x46, 0x20,       /* mov [esi+0x20], ax */
                     0x88, 0x66, 0x30,             /* mov [esi+0x30], ah */
                     0x8b, 0x5e, 0x40,             /* mov ebx, [esi+0x40] */
                     0x80, 0x4e, 0x50, 0x01,       /* or b [esi+0x50], 1 */
                     0xe6, 0xf4, 0xf4);            /* out 0xf4, al; hlt */
    rig_expect(0, 'w', 0x10, 0x11223344, 4);
    rig_expect(1, 'w', 0x20, 0x3344, 2);
    rig_expect(2, 'w', 0x30, 0x33, 1);
    rig_expect(3, 'r', 0x40, 0xa0, 4);
    rig_expect(4, 'r', 0x50, 0xa1, 1);
    rig_expect(5, 'w', 0x50, 0xa1, 1);
    g_assert_cmphex(s.gpr[X86_RBX], ==, 0xa0);
    g_assert_cmpuint(rig.cpu->exits, ==, 7);
    rig_end();
}

static void test_a20(void)
{
    static const uint8_t code[] = {
        0xb8, 0xff, 0xff,       /* mov ax, 0xffff */
        0x8e, 0xd8,             /* mov ds, ax */
        0xa0, 0x10, 0x05,       /* mov al, [0x510]: 0x100500 */
        0xc6, 0x06, 0x10, 0x06, /* mov b [0x610], 0x77: 0x100600 */
        0x77, 0xe6, 0xf4, 0xf4, /* out 0xf4, al; hlt */
    };
    X86State s;

    for (int on = 0; on < 2; on++) {
        rig_start("sleep=off");
        rig.mem[0x500] = 0x11;
        rig.mem[0x100500] = 0x22;
        rig_load(RIG_CODE, code, sizeof(code));
        rig.ops->set_a20(on);
        s = rig_run();
        g_assert_cmphex(s.gpr[X86_RAX] & 0xff, ==, on ? 0x22 : 0x11);
        g_assert_cmphex(rig.mem[0x600], ==, on ? 0 : 0x77);
        g_assert_cmphex(rig.mem[0x100600], ==, on ? 0x77 : 0);
        rig_end();
    }
}

static void test_rom_and_remap(void)
{
    MemoryRegion rom;
    GError *err = NULL;
    X86State s;

    rig_start("sleep=off");
    machine_lock();
    memory_region_init_rom(&rom, NULL, "rom", 0x1000, &err);
    g_assert_no_error(err);
    memset(memory_region_get_ram_ptr(&rom), 0x5a, 0x1000);
    memory_region_add_subregion_overlap(get_system_memory(), 0x8000, &rom, 1);
    machine_unlock();
    s = rig_run_code(0xc6, 0x06, 0x10, 0x80, 0x11, /* mov b [0x8010], 0x11 */
                     0xa0, 0x10, 0x80,             /* mov al, [0x8010] */
                     0xa1, 0xff, 0x8f,             /* mov ax, [0x8fff] */
                     0xe6, 0xf4, 0xf4);            /* out 0xf4, al; hlt */
    g_assert_cmphex(s.gpr[X86_RAX], ==, 0x005a); /* a word across ROM and RAM */
    g_assert_cmpuint(rig.cpu->exits, ==, 2);     /* KVM leaves for a write to ROM too */
    g_assert_cmphex(rig.mem[0x8010], ==, 0);
    machine_lock();
    memory_region_del_subregion(get_system_memory(), &rom);
    memory_region_destroy(&rom);
    rig_reset_cpu();
    machine_unlock();
    s = rig_run_code(0xc6, 0x06, 0x10, 0x80, 0x11, 0xa0, 0x10, 0x80, 0xe6, 0xf4, 0xf4);
    g_assert_cmphex(s.gpr[X86_RAX] & 0xff, ==, 0x11); /* the RAM below shows again */
    rig_end();
}

static void test_dirty_logging(void)
{
    g_autofree unsigned long *dirty = NULL;

    rig_start("sleep=off");
    machine_lock();
    memory_region_set_log(&rig.ram, true, DIRTY_MEMORY_VGA);
    g_free(memory_region_snapshot_and_clear_dirty(&rig.ram, 0, RIG_RAM, DIRTY_MEMORY_VGA));
    machine_unlock();
    rig_run_code(0xc6, 0x06, 0x10, 0x80, 0x11, /* mov b [0x8010], 0x11 */
                 0xe6, 0xf4, 0xf4);            /* out 0xf4, al; hlt */
    g_assert_cmpuint(rig.cpu->exits, ==, 1);
    machine_lock();
    dirty = memory_region_snapshot_and_clear_dirty(&rig.ram, 0, RIG_RAM, DIRTY_MEMORY_VGA);
    g_assert_true(memory_snapshot_get_dirty(dirty, 0x8000, 0x1000));
    g_assert_false(memory_snapshot_get_dirty(dirty, 0x9000, 0x1000));
    memory_region_set_log(&rig.ram, false, DIRTY_MEMORY_VGA);
    machine_unlock();
    rig_end();
}

/* ---------------------------------------------------------------------------- coalescing -- */

static void coalesce_both(void)
{
    machine_lock();
    memory_region_add_coalescing(&rig.ports, 0x300, 4);
    memory_region_add_coalescing(&rig.mmio, 0x100, 0x100);
    machine_unlock();
}

/* Memory and port writes share a ring; they come in order when another access leaves the guest. */
static void test_coalescing_order(void)
{
    start_flat();
    coalesce_both();
    rig.input = 0x99;
    rig_run_code(0xba, 0x00, 0x03, 0x00, 0x00,          /* mov edx, 0x300 */
                 0xb0, 0x01, 0xee,                      /* mov al, 1; out dx, al */
                 0xc6, 0x86, 0x00, 0x01, 0, 0, 0x02,    /* mov b [esi+0x100], 2 */
                 0xb0, 0x03, 0xee,                      /* mov al, 3; out dx, al */
                 0xc6, 0x86, 0xff, 0x01, 0, 0, 0x04,    /* mov b [esi+0x1ff], 4 */
                 0xec,                                  /* in al, dx */
                 0xb0, 0x05, 0xee,                      /* mov al, 5; out dx, al */
                 0xe6, 0xf4, 0xf4);                     /* out 0xf4, al; hlt */
    rig_expect(0, 'o', 0x300, 1, 1);
    rig_expect(1, 'w', 0x100, 2, 1);
    rig_expect(2, 'o', 0x300, 3, 1);
    rig_expect(3, 'w', 0x1ff, 4, 1);
    rig_expect(4, 'i', 0x300, 0x99, 1);
    rig_expect(5, 'o', 0x300, 5, 1);
    g_assert_cmpuint(rig.cpu->exits, ==, 2); /* the read, and the end */
    rig_end();
}

static void test_coalescing_edges(void)
{
    start_flat();
    coalesce_both();
    rig_run_code(0xba, 0x02, 0x03, 0x00, 0x00,             /* mov edx, 0x302 */
                 0x66, 0xef,                               /* out dx, ax: inside */
                 0xef,                                     /* out dx, eax: across the end */
                 0x66, 0xc7, 0x86, 0xff, 0x01, 0, 0, 1, 0, /* mov w [esi+0x1ff], 1: across */
                 0xe6, 0xf4, 0xf4);                        /* out 0xf4, al; hlt */
    rig_expect(0, 'o', 0x302, 0, 2);
    rig_expect(1, 'o', 0x302, 0, 4);
    rig_expect(2, 'w', 0x1ff, 1, 2);
    g_assert_cmpuint(rig.cpu->exits, ==, 3);
    rig_end();
}

/* A ring has 169 places: of 400 writes two find it full, and exit. */
static void test_coalescing_full(void)
{
    start_flat();
    coalesce_both();
    rig_run_code(0xba, 0x00, 0x03, 0x00, 0x00, /* mov edx, 0x300 */
                 0xb9, 0x90, 0x01, 0x00, 0x00, /* mov ecx, 400 */
                 0x89, 0xc8,                   /* l: mov eax, ecx */
                 0xef,                         /* out dx, eax */
                 0xe2, 0xfb,                   /* loop l */
                 0xe6, 0xf4, 0xf4);            /* out 0xf4, al; hlt */
    g_assert_cmpuint(rig.log->len, ==, 400);
    for (unsigned i = 0; i < 400; i++) {
        rig_expect(i, 'o', 0x300, 400 - i, 4);
    }
    g_assert_cmpuint(rig.cpu->exits, ==, 2 + 1);
    rig_end();
}

/* A queued write is seen by whoever takes the lock, and by a timer that the vCPU itself runs. */
static void count_log(void *opaque)
{
    *(unsigned *)opaque = rig.log->len;
    rig.ops->set_intr(rig.cpu, true);
}

static void test_timer_sees_queue(void)
{
    unsigned seen = 0;
    Timer timer;

    rig_start("sleep=off");
    coalesce_both();
    timer_init(&timer, VM_CLOCK_VIRTUAL, count_log, &seen);
    machine_lock();
    timer_mod(&timer, NANOSECONDS_PER_MS);
    machine_unlock();
    rig_set_vector(8, 0x3000);
    rig_load(0x3000, "\xe6\xf4\xf4", 3);
    rig_run_code(0xfb,                         /* sti */
                 0xba, 0x00, 0x03, 0xee,       /* mov dx, 0x300; out dx, al */
                 0xeb, 0xfe);                  /* jmp $ */
    g_assert_cmpuint(seen, ==, 1);
    rig_end();
}

/* A doorbell costs no exit, drains nothing, and keeps a zone from swallowing its write. */
static void test_doorbell(void)
{
    int fd = eventfd(0, EFD_NONBLOCK);
    uint64_t rung = 0;

    rig_start("sleep=off");
    coalesce_both();
    machine_lock();
    memory_region_add_eventfd(&rig.ports, 0x310, 1, true, 7, fd);
    machine_unlock();
    rig_run_code(0xba, 0x10, 0x03,        /* mov dx, 0x310 */
                 0xb0, 0x07, 0xee,        /* mov al, 7; out dx, al: rings */
                 0xb0, 0x08, 0xee,        /* mov al, 8; out dx, al: another value */
                 0xe6, 0xf4, 0xf4);       /* out 0xf4, al; hlt */
    g_assert_cmpint(read(fd, &rung, sizeof(rung)), ==, sizeof(rung));
    g_assert_cmpuint(rung, ==, 1);
    g_assert_cmpuint(rig.log->len, ==, 1);
    rig_expect(0, 'o', 0x310, 8, 1);
    g_assert_cmpuint(rig.cpu->exits, ==, 2);
    machine_lock();
    memory_region_del_eventfd(&rig.ports, 0x310, 1, true, 7, fd);
    machine_unlock();
    close(fd);
    rig_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86emu/io/ports", test_ports);
    g_test_add_func("/x86emu/io/string-ports", test_string_ports);
    g_test_add_func("/x86emu/io/mmio", test_mmio);
    g_test_add_func("/x86emu/io/a20", test_a20);
    g_test_add_func("/x86emu/io/rom-and-remap", test_rom_and_remap);
    g_test_add_func("/x86emu/io/dirty-logging", test_dirty_logging);
    g_test_add_func("/x86emu/io/coalescing-order", test_coalescing_order);
    g_test_add_func("/x86emu/io/coalescing-zone-edges", test_coalescing_edges);
    g_test_add_func("/x86emu/io/coalescing-ring-full", test_coalescing_full);
    g_test_add_func("/x86emu/io/timer-sees-queued-writes", test_timer_sees_queue);
    g_test_add_func("/x86emu/io/doorbell", test_doorbell);
    return g_test_run();
}
