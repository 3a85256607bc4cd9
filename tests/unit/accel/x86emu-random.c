/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random bytes as guest code: whatever a guest executes, the process lives, stays inside its
 * buffers (the sanitizers look), and comes back when it is asked to.
 */
#include "x86emu-rig.h"

#define RUNS   150
#define RUN_NS (2 * NANOSECONDS_PER_MS)

static void end_run(void *opaque)
{
    rig.cpu->kick_requested = 1;
}

/* Opcodes that lead somewhere, so that runs do not all end at once in the same fault. */
static const uint8_t favourites[] = {
    0x0f, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x64, 0x8e, 0xa4, 0xa5, 0xab, 0x6d, 0x6f, 0xd4, 0xf7,
    0xff, 0xcf, 0xcb, 0x9a, 0xea, 0xcd, 0xc8, 0xc9, 0xd3, 0x62, 0x8f, 0x61, 0x9d, 0xfb, 0xe2, 0x01,
};

static void run_random(bool protected_mode)
{
    X86State state = {};
    Timer timer;

    rig_start("sleep=off");
    timer_init(&timer, VM_CLOCK_VIRTUAL, end_run, NULL);
    machine_lock();
    memory_region_add_coalescing(&rig.ports, 0x300, 0x80);
    timer_mod(&timer, RUN_NS);
    machine_unlock();
    for (uint32_t i = 0; i < 0x20000; i++) {
        rig.mem[i] = g_test_rand_int_range(0, 3)
                         ? g_test_rand_int()
                         : favourites[g_test_rand_int_range(0, sizeof(favourites))];
    }
    if (protected_mode) {
        rig_protected(64);
        for (unsigned v = 0; v < 64; v++) {
            rig_gate(v, 0x3000 + 64 * v, 14 + (v & 1));
        }
    }
    rig.ops->vcpu_get_state(rig.cpu, &state);
    for (unsigned i = 0; i < 8; i++) {
        state.gpr[i] = (uint32_t)g_test_rand_int();
    }
    state.gpr[X86_RSP] = 0x7000;
    state.cr0 |= 1 << 2; /* EM: an FPU instruction faults instead of ending the run */
    rig.ops->vcpu_set_state(rig.cpu, &state);
    rig_run();
    machine_lock();
    timer_del(&timer);
    machine_unlock();
    rig_end();
}

static void test_random_real(void)
{
    for (int i = 0; i < RUNS; i++) {
        run_random(false);
    }
}

static void test_random_protected(void)
{
    for (int i = 0; i < RUNS; i++) {
        run_random(true);
    }
}

/* As many prefixes as a segment holds, which the library would copy to a buffer of 256 bytes. */
static void test_endless_prefixes(void)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x66, 0x67, 0xf0, 0xf2, 0xf3};

    for (unsigned i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        Timer timer;

        rig_start("sleep=off");
        timer_init(&timer, VM_CLOCK_VIRTUAL, end_run, NULL);
        memset(rig.mem, prefixes[i], 0x20000);
        machine_lock();
        timer_mod(&timer, RUN_NS);
        machine_unlock();
        rig_run();
        machine_lock();
        timer_del(&timer);
        machine_unlock();
        rig_end();
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86emu/random/real-mode", test_random_real);
    g_test_add_func("/x86emu/random/protected-mode", test_random_protected);
    g_test_add_func("/x86emu/random/endless-prefixes", test_endless_prefixes);
    return g_test_run();
}
