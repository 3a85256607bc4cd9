/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of the files that tell SeaBIOS how to boot.
 */
#include "hw/i386/fw-files.h"

#include "common.h"

static void test_e820(void)
{
    static const E820Entry map[] = {
        {0, 0xc0000000, E820_RAM},
        {0x100000000ull, 0x123456789000ull, E820_RAM},
        {0xfeffc000, 0x4000, E820_RESERVED},
    };
    FwCfg *fw = fw_new();
    const uint8_t *p;
    size_t len;

    fw_files_add_e820(fw, map, G_N_ELEMENTS(map));
    p = fw_cfg_get_file(fw, "etc/e820", &len);
    g_assert_cmpuint(len, ==, 3 * 20);
    for (unsigned i = 0; i < G_N_ELEMENTS(map); i++, p += 20) {
        g_assert_cmphex(get_le(p, 8), ==, map[i].address);
        g_assert_cmphex(get_le(p + 8, 8), ==, map[i].length);
        g_assert_cmphex(get_le(p + 16, 4), ==, map[i].type);
    }
    fw_free(fw);
}

static void test_machine_items(void)
{
    FwMachine machine = {.uuid = {1, 2, 3},
                         .ram_size = 0x123456789ull,
                         .cpus = 2,
                         .max_cpus = 4,
                         .nographic = true,
                         .boot_menu = true};
    FwCfg *fw = fw_new();
    size_t len;

    fw_files_add_machine(fw, &machine);
    g_assert_cmpmem(fw_cfg_get_item(fw, FW_CFG_UUID, &len), 16, machine.uuid, 16);
    g_assert_cmphex(get_le(fw_cfg_get_item(fw, FW_CFG_RAM_SIZE, &len), 8), ==, 0x123456789ull);
    g_assert_cmphex(get_le(fw_cfg_get_item(fw, FW_CFG_NB_CPUS, &len), 2), ==, 2);
    g_assert_cmpuint(len, ==, 2);
    g_assert_cmphex(get_le(fw_cfg_get_item(fw, FW_CFG_MAX_CPUS, &len), 2), ==, 4);
    g_assert_cmphex(get_le(fw_cfg_get_item(fw, FW_CFG_NOGRAPHIC, &len), 2), ==, 1);
    g_assert_cmphex(get_le(fw_cfg_get_item(fw, FW_CFG_BOOT_MENU, &len), 2), ==, 1);
    g_assert_cmphex(get_le(fw_cfg_get_item(fw, FW_CFG_IRQ0_OVERRIDE, &len), 4), ==, 1);
    fw_free(fw);
}

static void test_waits_and_states(void)
{
    static const uint8_t states[] = {0x80, 0, 0, 0x01, 0x82, 0x80};
    FwCfg *fw = fw_new();
    size_t len;

    fw_files_add_boot_fail_wait(fw, -1);
    g_assert_cmphex(get_le(fw_cfg_get_file(fw, "etc/boot-fail-wait", &len), 4), ==, 0xffffffff);
    g_assert_cmpuint(len, ==, 4);
    fw_files_add_boot_menu_wait(fw, 5000);
    g_assert_cmpuint(get_le(fw_cfg_get_file(fw, "etc/boot-menu-wait", &len), 2), ==, 5000);
    g_assert_cmpuint(len, ==, 2);
    fw_files_add_system_states(fw, false, true);
    g_assert_cmpmem(fw_cfg_get_file(fw, "etc/system-states", &len), 6, states, 6);
    g_assert_cmpuint(len, ==, 6);
    fw_free(fw);
}

static void test_boot_order(void)
{
    static const char *const paths[] = {"/rom@genroms/linuxboot.bin",
                                        "/pci@i0cf8/ide@1,1/drive@0/disk@0"};
    FwCfg *fw = fw_new();
    size_t len;

    fw_files_add_boot_order(fw, NULL, 0, false);
    g_assert_null(fw_cfg_get_file(fw, "bootorder", &len));
    fw_files_add_boot_order(fw, NULL, 0, true);
    g_assert_cmpstr(fw_cfg_get_file(fw, "bootorder", &len), ==, "HALT");
    fw_files_add_boot_order(fw, paths, 2, false);
    g_assert_cmpstr(fw_cfg_get_file(fw, "bootorder", &len), ==,
                    "/rom@genroms/linuxboot.bin\n/pci@i0cf8/ide@1,1/drive@0/disk@0");
    g_assert_cmpuint(len, ==, strlen(paths[0]) + strlen(paths[1]) + 2);
    fw_files_add_boot_order(fw, paths, 1, true);
    g_assert_cmpstr(fw_cfg_get_file(fw, "bootorder", &len), ==, "/rom@genroms/linuxboot.bin\nHALT");
    fw_free(fw);
}

static void test_bios_geometry(void)
{
    static const char lines[] = "/a/disk@0 1024 16 63\n/a/disk@1 4 5 6\n";
    static const char expected[] = "/a/disk@0 1024 16 63\n/a/disk@1 4 5 6"; /* with its NUL */
    FwCfg *fw = fw_new();
    const char *text;
    size_t len;

    fw_files_add_bios_geometry(fw, "");
    g_assert_null(fw_cfg_get_file(fw, "bios-geometry", &len));
    fw_files_add_bios_geometry(fw, lines);
    text = fw_cfg_get_file(fw, "bios-geometry", &len);
    g_assert_cmpmem(text, len, expected, sizeof(expected));
    fw_free(fw);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fw-files/e820", test_e820);
    g_test_add_func("/fw-files/machine-items", test_machine_items);
    g_test_add_func("/fw-files/waits-and-states", test_waits_and_states);
    g_test_add_func("/fw-files/boot-order", test_boot_order);
    g_test_add_func("/fw-files/bios-geometry", test_bios_geometry);
    return fw_run();
}
