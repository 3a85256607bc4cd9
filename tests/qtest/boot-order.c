/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -boot, as firmware reads it in CMOS: 0x3d holds the first two devices, 0x38 the third. Once=
 * holds until the first reset.
 */
#include "vm.h"

static uint16_t boot_order(Vm *vm)
{
    return cmos_read(vm, 0x3d) << 8 | cmos_read(vm, 0x38);
}

static void test_orders(void)
{
    static const struct {
        const char *options;
        uint16_t before, after;
    } cases[] = {
        {"", 0x1230, 0x1230},
        {"-boot c", 0x0200, 0x0200},
        {"-boot nda", 0x3410, 0x3410},
        {"-boot order=", 0x0000, 0x0000},
        {"-boot order= -boot order=c", 0x0200, 0x0200},
        {"-boot order=c -boot menu=off", 0x0200, 0x0200},
        {"-boot once=a", 0x0100, 0x1230},
        {"-boot once=a,order=c", 0x0100, 0x0200},
        {"-boot once=d -boot order=nda", 0x0300, 0x3410},
        {"-boot once=a -boot once=b -boot once=c", 0x0200, 0x1230},
        {"-no-fd-bootchk", 0x1231, 0x1231},
        {"-M pc,fd-bootchk=off -boot once=a", 0x0101, 0x1231},
        {"-boot strict=on,menu=on,splash-time=5,reboot-timeout=9", 0x1230, 0x1230},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vm *vm = vm_start("-nodefaults %s", cases[i].options);

        g_test_message("%s", cases[i].options);
        g_assert_cmphex(boot_order(vm), ==, cases[i].before);
        vm_reset(vm);
        g_assert_cmphex(boot_order(vm), ==, cases[i].after);
        vm_reset(vm);
        g_assert_cmphex(boot_order(vm), ==, cases[i].after);
        vm_stop(vm);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boot-order/before-and-after-reset", test_orders);
    return g_test_run();
}
