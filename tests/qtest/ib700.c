/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IB700 watchdog: its sixteen times to the nanosecond, and what may follow when it expires.
 */
#include "vm.h"

#define DISABLE 0x441
#define ENABLE  0x443

static void test_times(void)
{
    Vm *vm = vm_start("-nodefaults -device ib700 -watchdog-action none");

    for (int code = 0; code < 16; code++) {
        const int64_t time = (30 - 2 * code) * NANOSECONDS_PER_SECOND;

        outb(vm, ENABLE, code | 0xf0); /* the high bits mean nothing */
        if (time > 0) {
            vm_step(vm, time - 1);
            g_assert_false(vm_qmp_has_event(vm, "WATCHDOG"));
        }
        vm_step(vm, 1);
        vm_expect_event(vm, "WATCHDOG", "action", "none");
        vm_step(vm, 60 * NANOSECONDS_PER_SECOND); /* once */
        g_assert_false(vm_qmp_has_event(vm, "WATCHDOG"));
    }
    vm_stop(vm);
}

static void test_ping_and_disable(void)
{
    Vm *vm = vm_start("-nodefaults -device ib700 -watchdog-action none");

    vm_step(vm, 40 * NANOSECONDS_PER_SECOND); /* off after reset */
    for (int i = 0; i < 4; i++) {
        outb(vm, ENABLE, 14);
        vm_step(vm, 2 * NANOSECONDS_PER_SECOND - 1);
    }
    outb(vm, DISABLE, 0x5a);
    vm_step(vm, 60 * NANOSECONDS_PER_SECOND);
    outb(vm, ENABLE, 0);
    vm_reset(vm);
    vm_step(vm, 60 * NANOSECONDS_PER_SECOND);
    g_assert_false(vm_qmp_has_event(vm, "WATCHDOG"));
    g_assert_cmphex(inb(vm, DISABLE), ==, 0xff);
    g_assert_cmphex(inb(vm, ENABLE), ==, 0xff);
    vm_stop(vm);
}

/* After WATCHDOG with that action: an event and the state, or the end with a status. */
static const struct {
    const char *options;
    const char *action;
    const char *event;
    const char *state;
} action_cases[] = {
    {"", "reset", "RESET", "running"},
    {"-action watchdog=reset", "reset", "RESET", "running"},
    {"-action watchdog=reset -no-reboot", "reset", "SHUTDOWN", NULL},
    {"-action watchdog=reset -no-reboot -no-shutdown", "reset", "SHUTDOWN", "shutdown"},
    {"-watchdog-action shutdown", "shutdown", "POWERDOWN", "running"},
    {"-watchdog-action poweroff", "poweroff", NULL, NULL},
    {"-watchdog-action poweroff -no-shutdown", "poweroff", NULL, NULL},
    {"-watchdog-action pause", "pause", "STOP", "watchdog"},
    {"-watchdog-action debug", "debug", NULL, "running"},
    {"-watchdog-action none", "none", NULL, "running"},
    {"-watchdog-action inject-nmi", "inject-nmi", NULL, "running"},
};

static void test_actions(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(action_cases); i++) {
        Vm *vm = vm_start("-nodefaults -device ib700 %s", action_cases[i].options);

        g_test_message("%s", action_cases[i].options);
        vm_expect_status(vm, "running");
        outb(vm, ENABLE, 14);
        vm_step(vm, 2 * NANOSECONDS_PER_SECOND);
        vm_expect_event(vm, "WATCHDOG", "action", action_cases[i].action);
        if (action_cases[i].event) {
            vm_expect_event(vm, action_cases[i].event, NULL, NULL);
        }
        if (action_cases[i].state) {
            vm_expect_status(vm, action_cases[i].state);
            vm_stop(vm);
        } else {
            g_assert_cmpint(vm_wait(vm), ==, 0);
        }
    }
}

static void test_set_action(void)
{
    Vm *vm = vm_start("-nodefaults -device ib700");

    vm_do(vm, "watchdog-set-action", "{s:s}", "action", "none");
    outb(vm, ENABLE, 14);
    vm_step(vm, 2 * NANOSECONDS_PER_SECOND);
    vm_expect_event(vm, "WATCHDOG", "action", "none");
    g_free(vm_hmp(vm, "watchdog_action pause"));
    outb(vm, ENABLE, 14);
    vm_step(vm, 2 * NANOSECONDS_PER_SECOND);
    vm_expect_event(vm, "WATCHDOG", "action", "pause");
    vm_expect_status(vm, "watchdog");
    vm_do(vm, "cont", NULL);
    vm_do(vm, "set-action", "{s:s}", "watchdog", "reset");
    outb(vm, ENABLE, 14);
    vm_step(vm, 2 * NANOSECONDS_PER_SECOND);
    vm_expect_event(vm, "WATCHDOG", "action", "reset");
    vm_expect_event(vm, "RESET", "reason", "guest-reset");
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ib700/times", test_times);
    g_test_add_func("/ib700/ping-and-disable", test_ping_and_disable);
    g_test_add_func("/ib700/actions", test_actions);
    g_test_add_func("/ib700/set-action", test_set_action);
    return g_test_run();
}
