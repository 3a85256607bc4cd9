/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that reports its crash, and every -action for that; pvpanic on ISA and on PCI.
 */
#include "fw-cfg-client.h"
#include "vm.h"

#define PORT 0x505
#define BAR  0xe0000000

enum { PANICKED = 1, CRASH_LOADED = 2, SHUTDOWN = 4 };

static void check_port_file(Vm *vm, uint16_t expected)
{
    uint32_t size;
    g_autofree uint8_t *port = fw_cfg_read_file(vm, "etc/pvpanic-port", &size);

    g_assert_cmpuint(size, ==, 2);
    g_assert_cmphex(port[0] | port[1] << 8, ==, expected);
}

static void test_register(void)
{
    Vm *vm = vm_start("-nodefaults -device pvpanic");

    g_assert_cmphex(inb(vm, PORT), ==, 7);
    g_assert_cmphex(inb(vm, PORT + 1), ==, 0xff);
    outb(vm, PORT, 0xf8); /* unknown events */
    outb(vm, PORT, 0);
    g_assert_false(vm_qmp_has_event(vm, "GUEST_PANICKED"));
    vm_expect_status(vm, "running");
    check_port_file(vm, PORT);
    vm_stop(vm);
}

static void test_properties(void)
{
    Vm *vm = vm_start("-nodefaults -device pvpanic,ioport=0x510a,events=2");

    g_assert_cmphex(inb(vm, PORT), ==, 0xff);
    g_assert_cmphex(inb(vm, 0x510a), ==, 2);
    outb(vm, 0x510a, PANICKED | SHUTDOWN); /* it does not know these */
    g_assert_false(vm_qmp_has_event(vm, "GUEST_PANICKED"));
    outb(vm, 0x510a, CRASH_LOADED);
    vm_expect_event(vm, "GUEST_CRASHLOADED", NULL, NULL);
    check_port_file(vm, 0x510a);
    vm_stop(vm);
}

/* A port of one device, or the first byte of BAR 0 of the other. */
static void report(Vm *vm, bool pci, uint8_t events)
{
    if (!pci) {
        outb(vm, PORT, events);
    } else {
        const int devfn = pci_find(vm, 0x1b36, 0x0011, 0);

        pci_writel(vm, devfn, 0x10, BAR);
        pci_writew(vm, devfn, 4, 2);
        g_assert_cmphex(readb(vm, BAR), ==, 7);
        writeb(vm, BAR, events);
    }
}

/* What follows a panic; `status` is that of the process, or -1 when it goes on. */
typedef struct PanicCase {
    const char *options;
    const char *action;
    const char *state;
    int status;
} PanicCase;

static const PanicCase panic_cases[] = {
    {"-action panic=none", "run", "running", -1},
    {"-action panic=pause", "pause", "guest-panicked", -1},
    {"-no-shutdown", "pause", "guest-panicked", -1},
    {"-action panic=shutdown,shutdown=pause", "pause", "guest-panicked", -1},
    {"", "poweroff", NULL, 0},
    {"-action panic=shutdown", "poweroff", NULL, 0},
    {"-action panic=exit-failure", "poweroff", NULL, 1},
    {"-action panic=exit-failure -no-shutdown", "poweroff", NULL, 1},
};

static void check_panic(const PanicCase *test, bool pci)
{
    Vm *vm = vm_start("-nodefaults -device %s %s", pci ? "pvpanic-pci" : "pvpanic", test->options);

    g_test_message("%s", test->options);
    vm_expect_status(vm, "running");
    report(vm, pci, PANICKED | CRASH_LOADED); /* the first counts */
    vm_expect_event(vm, "GUEST_PANICKED", "action", test->action);
    if (test->status >= 0) {
        vm_expect_event(vm, "STOP", NULL, NULL);
        vm_expect_event(vm, "SHUTDOWN", "reason", "guest-panic");
        g_assert_cmpint(vm_wait(vm), ==, test->status);
    } else {
        if (strcmp(test->state, "running") != 0) {
            vm_expect_event(vm, "STOP", NULL, NULL);
        }
        vm_expect_status(vm, test->state);
        g_assert_false(vm_qmp_has_event(vm, "GUEST_CRASHLOADED"));
        vm_do(vm, "cont", NULL); /* it may go on */
        vm_expect_status(vm, "running");
        vm_stop(vm);
    }
}

static void test_panic(gconstpointer pci)
{
    for (size_t i = 0; i < G_N_ELEMENTS(panic_cases); i++) {
        check_panic(&panic_cases[i], GPOINTER_TO_INT(pci));
    }
}

static void test_crash_loaded(gconstpointer pci)
{
    Vm *vm = vm_start("-nodefaults -device %s", GPOINTER_TO_INT(pci) ? "pvpanic-pci" : "pvpanic");

    report(vm, GPOINTER_TO_INT(pci), CRASH_LOADED);
    vm_expect_event(vm, "GUEST_CRASHLOADED", "action", "run");
    vm_expect_status(vm, "running");
    vm_stop(vm);
}

static void test_shutdown(gconstpointer pci)
{
    Vm *vm = vm_start("-nodefaults -device %s", GPOINTER_TO_INT(pci) ? "pvpanic-pci" : "pvpanic");

    report(vm, GPOINTER_TO_INT(pci), SHUTDOWN);
    vm_expect_event(vm, "GUEST_PVSHUTDOWN", NULL, NULL);
    vm_expect_event(vm, "SHUTDOWN", "reason", "guest-shutdown");
    g_assert_cmpint(vm_wait(vm), ==, 0);
}

/* set-action changes what the command line said, while the machine runs. */
static void test_set_action(void)
{
    Vm *vm = vm_start("-nodefaults -device pvpanic -action panic=none");

    outb(vm, PORT, PANICKED);
    vm_expect_event(vm, "GUEST_PANICKED", "action", "run");
    vm_do(vm, "set-action", "{s:s}", "panic", "pause");
    outb(vm, PORT, PANICKED);
    vm_expect_event(vm, "GUEST_PANICKED", "action", "pause");
    vm_expect_status(vm, "guest-panicked");
    vm_do(vm, "system_reset", NULL);
    vm_expect_event(vm, "RESET", NULL, NULL);
    vm_expect_status(vm, "paused");
    vm_do(vm, "cont", NULL);
    vm_do(vm, "set-action", "{s:s, s:s}", "panic", "shutdown", "shutdown", "poweroff");
    outb(vm, PORT, PANICKED);
    vm_expect_event(vm, "GUEST_PANICKED", "action", "poweroff");
    g_assert_cmpint(vm_wait(vm), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pvpanic/register", test_register);
    g_test_add_func("/pvpanic/properties", test_properties);
    g_test_add_func("/pvpanic/set-action", test_set_action);
    g_test_add_data_func("/pvpanic/panic", GINT_TO_POINTER(0), test_panic);
    g_test_add_data_func("/pvpanic/crash-loaded", GINT_TO_POINTER(0), test_crash_loaded);
    g_test_add_data_func("/pvpanic/shutdown", GINT_TO_POINTER(0), test_shutdown);
    g_test_add_data_func("/pvpanic-pci/panic", GINT_TO_POINTER(1), test_panic);
    g_test_add_data_func("/pvpanic-pci/crash-loaded", GINT_TO_POINTER(1), test_crash_loaded);
    g_test_add_data_func("/pvpanic-pci/shutdown", GINT_TO_POINTER(1), test_shutdown);
    return g_test_run();
}
