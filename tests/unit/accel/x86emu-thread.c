/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86emu CPU in a thread of its own: pausing, waking, and the machine lock.
 */
#include "x86emu-rig.h"

static void wait_until_done(void)
{
    while (!rig.is_done) {
        machine_cond_wait(&rig.done);
    }
}

/* A guest that never leaves gives the lock and parks when it is asked to. */
static void test_pause_spinning(void)
{
    X86State s = {};

    rig_start_as("sleep=off", true);
    rig_load(RIG_CODE, "\xeb\xfe", 2); /* jmp $ */
    for (int i = 0; i < 10; i++) {
        machine_lock();
        vcpus_resume();
        machine_unlock();
        machine_lock(); /* it runs now; the lock comes nevertheless */
        vcpus_pause();
        rig.ops->vcpu_get_state(rig.cpu, &s);
        machine_unlock();
        g_assert_cmphex(s.rip, ==, RIG_CODE);
    }
    rig_end();
}

/* An interrupt from another thread ends a halt without any timer. */
static void test_wake_from_halt(const void *option)
{
    rig_start_as(option, true);
    rig_set_vector(8, 0x3000);
    rig_load(0x3000, "\xe6\xf4\xfa\xf4", 4);   /* out 0xf4, al; cli; hlt */
    rig_load(RIG_CODE, "\xfb\xf4\xeb\xfd", 4); /* sti; l: hlt; jmp l */
    machine_lock();
    vcpus_resume();
    machine_unlock();
    machine_lock();
    accel_set_intr(0, true);
    wait_until_done();
    vcpus_pause();
    g_assert_cmpuint(rig.acknowledged, ==, 1);
    machine_unlock();
    rig_end();
}

/* Who takes the lock sees what the guest has queued, though the guest does not leave. */
static void test_lock_drains(void)
{
    rig_start_as("sleep=off", true);
    machine_lock();
    memory_region_add_coalescing(&rig.ports, 0x300, 4);
    machine_unlock();
    rig_load(RIG_CODE,
             "\xba\x00\x03\xb0\x77\xee"      /* mov dx, 0x300; mov al, 0x77; out dx, al */
             "\xc6\x06\x00\x05\x01\xeb\xfe", /* mov b [0x500], 1; jmp $ */
             13);
    machine_lock();
    vcpus_resume();
    while (!rig.mem[0x500]) {
        machine_lock_yield();
    }
    rig_expect(0, 'o', 0x300, 0x77, 1);
    g_assert_cmpuint(rig.cpu->exits, ==, 0);
    vcpus_pause();
    machine_unlock();
    rig_end();
}

/* It stays parked, and runs again after a reset. */
static void test_reset_after_triple_fault(void)
{
    RunstateRequests requests;

    rig_start_as("sleep=off", true);
    machine_lock();
    rig_protected(1);
    rig_load(RIG_CODE, "\x0f\x0b", 2); /* ud2 */
    vcpus_resume();
    while (!rig.cpu->stopped) {
        machine_lock_yield();
    }
    g_assert_true(runstate_take_requests(&requests));
    g_assert_cmpint(requests.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    vcpus_pause();
    rig_reset_cpu();
    rig_load(RIG_CODE, "\xe6\xf4\xf4", 3); /* out 0xf4, al; hlt */
    vcpus_resume();
    wait_until_done();
    vcpus_pause();
    machine_unlock();
    rig_end();
}

static void test_one_cpu_only(void)
{
    const char *list[] = {"x86emu", NULL};
    g_autoptr(GError) err = NULL;

    machine_lock();
    memory_system_init();
    g_assert_false(accel_start(list, 2, NULL, NULL, &err));
    g_assert_nonnull(err);
    g_assert_null(accel_current());
    memory_system_cleanup();
    machine_unlock();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86emu/thread/pause-spinning-guest", test_pause_spinning);
    g_test_add_data_func("/x86emu/thread/wake-from-halt", "sleep=on", test_wake_from_halt);
    g_test_add_data_func("/x86emu/thread/wake-from-halt-warping", "sleep=off", test_wake_from_halt);
    g_test_add_func("/x86emu/thread/lock-drains", test_lock_drains);
    g_test_add_func("/x86emu/thread/reset-after-triple-fault", test_reset_after_triple_fault);
    g_test_add_func("/x86emu/thread/one-cpu-only", test_one_cpu_only);
    return g_test_run();
}
