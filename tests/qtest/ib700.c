/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IB700 watchdog: its sixteen times to the nanosecond, and what may follow when it expires.
 */
#include "qmp.h"
#include "vm.h"

#define DISABLE 0x441
#define ENABLE  0x443

static void test_times(void)
{
    Qmp *qmp;
    Vm *vm = vm_start_qmp(&qmp, "-nodefaults -device ib700 -watchdog-action none");

    for (int code = 0; code < 16; code++) {
        const int64_t time = (30 - 2 * code) * NANOSECONDS_PER_SECOND;

        outb(vm, ENABLE, code | 0xf0); /* the high bits mean nothing */
        if (time > 0) {
            vm_step(vm, time - 1);
            g_assert_cmpuint(qmp_count(qmp, "WATCHDOG"), ==, 0);
        }
        vm_step(vm, 1);
        g_assert_cmpstr(qmp_wait(qmp, "WATCHDOG", "action"), ==, "none");
        vm_step(vm, 60 * NANOSECONDS_PER_SECOND); /* once */
        g_assert_cmpuint(qmp_count(qmp, "WATCHDOG"), ==, 0);
    }
    vm_stop(vm);
    qmp_free(qmp);
}

static void test_ping_and_disable(void)
{
    Qmp *qmp;
    Vm *vm = vm_start_qmp(&qmp, "-nodefaults -device ib700 -watchdog-action none");

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
    g_assert_cmpuint(qmp_count(qmp, "WATCHDOG"), ==, 0);
    g_assert_cmphex(inb(vm, DISABLE), ==, 0xff);
    g_assert_cmphex(inb(vm, ENABLE), ==, 0xff);
    vm_stop(vm);
    qmp_free(qmp);
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
        Qmp *qmp;
        Vm *vm = vm_start_qmp(&qmp, "-nodefaults -device ib700 %s", action_cases[i].options);

        g_test_message("%s", action_cases[i].options);
        g_assert_cmpstr(qmp_status(qmp), ==, "running");
        outb(vm, ENABLE, 14);
        vm_step(vm, 2 * NANOSECONDS_PER_SECOND);
        g_assert_cmpstr(qmp_wait(qmp, "WATCHDOG", "action"), ==, action_cases[i].action);
        if (action_cases[i].event) {
            qmp_wait(qmp, action_cases[i].event, NULL);
        }
        if (action_cases[i].state) {
            g_assert_cmpstr(qmp_status(qmp), ==, action_cases[i].state);
            vm_stop(vm);
        } else {
            g_assert_cmpint(vm_wait(vm), ==, 0);
        }
        qmp_free(qmp);
    }
}

static void test_set_action(void)
{
    Qmp *qmp;
    Vm *vm = vm_start_qmp(&qmp, "-nodefaults -device ib700");

    qmp_do(qmp, "watchdog-set-action", "{s:s}", "action", "none");
    outb(vm, ENABLE, 14);
    vm_step(vm, 2 * NANOSECONDS_PER_SECOND);
    g_assert_cmpstr(qmp_wait(qmp, "WATCHDOG", "action"), ==, "none");
    qmp_do(qmp, "human-monitor-command", "{s:s}", "command-line", "watchdog_action pause");
    outb(vm, ENABLE, 14);
    vm_step(vm, 2 * NANOSECONDS_PER_SECOND);
    g_assert_cmpstr(qmp_wait(qmp, "WATCHDOG", "action"), ==, "pause");
    g_assert_cmpstr(qmp_status(qmp), ==, "watchdog");
    qmp_do(qmp, "cont", NULL);
    qmp_do(qmp, "set-action", "{s:s}", "watchdog", "reset");
    outb(vm, ENABLE, 14);
    vm_step(vm, 2 * NANOSECONDS_PER_SECOND);
    g_assert_cmpstr(qmp_wait(qmp, "WATCHDOG", "action"), ==, "reset");
    g_assert_cmpstr(qmp_wait(qmp, "RESET", "reason"), ==, "guest-reset");
    vm_stop(vm);
    qmp_free(qmp);
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
