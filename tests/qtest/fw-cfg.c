/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device, as firmware reads it: by ports, and by FW_CFG_PORT_DMA.
 */
#include <inttypes.h>

#include "fw-cfg-client.h"
#include "vm.h"

/* ---------------------------------------------------------------------------------- items -- */

static void test_identity(void)
{
    static const uint8_t uuid[16] = {0x46, 0x00, 0xcb, 0x32, 0x38, 0xec, 0x4b, 0x2f,
                                     0x8a, 0xcb, 0x81, 0xc6, 0xea, 0x54, 0xf2, 0xd8};
    Vm *vm = vm_start("-nodefaults -uuid 4600cb32-38ec-4b2f-8acb-81c6ea54f2d8");
    uint8_t buf[16];

    fw_cfg_read_item(vm, FW_CFG_SIGNATURE, buf, 4);
    g_assert_cmpmem(buf, 4, "QEMU", 4);
    g_assert_cmphex(fw_cfg_read_u16(vm, FW_CFG_ID) & 1, ==, 1);
    fw_cfg_read_item(vm, FW_CFG_UUID, buf, sizeof(buf));
    g_assert_cmpmem(buf, sizeof(buf), uuid, sizeof(uuid));
    vm_stop(vm);
}

static void test_machine(void)
{
    Vm *vm = vm_start("-nodefaults -m 96 -smp 2 -boot menu=on");
    uint64_t ram;

    fw_cfg_read_item(vm, FW_CFG_RAM_SIZE, &ram, sizeof(ram));
    g_assert_cmphex(GUINT64_FROM_LE(ram), ==, 96 << 20);
    g_assert_cmpuint(fw_cfg_read_u16(vm, FW_CFG_NB_CPUS), ==, 2);
    g_assert_cmpuint(fw_cfg_read_u16(vm, FW_CFG_MAX_CPUS), ==, 2);
    g_assert_cmpuint(fw_cfg_read_u16(vm, FW_CFG_BOOT_MENU), ==, 1);
    g_assert_cmpuint(fw_cfg_read_u16(vm, FW_CFG_NOGRAPHIC), ==, 0);
    vm_stop(vm);

    vm = vm_start("-nodefaults -M graphics=off");
    fw_cfg_read_item(vm, FW_CFG_RAM_SIZE, &ram, sizeof(ram));
    g_assert_cmphex(GUINT64_FROM_LE(ram), ==, 128 << 20);
    g_assert_cmpuint(fw_cfg_read_u16(vm, FW_CFG_NB_CPUS), ==, 1);
    g_assert_cmpuint(fw_cfg_read_u16(vm, FW_CFG_BOOT_MENU), ==, 0);
    g_assert_cmpuint(fw_cfg_read_u16(vm, FW_CFG_NOGRAPHIC), ==, 1);
    vm_stop(vm);
}

static void test_boot_waits(void)
{
    Vm *vm = vm_start("-nodefaults -boot reboot-timeout=15,splash-time=7000,menu=on");
    g_autofree uint8_t *fail = NULL;
    g_autofree uint8_t *menu = NULL;
    uint32_t size;

    fail = fw_cfg_read_file(vm, "etc/boot-fail-wait", &size);
    g_assert_nonnull(fail);
    g_assert_cmpmem(fail, size, "\x0f\0\0\0", 4);
    menu = fw_cfg_read_file(vm, "etc/boot-menu-wait", &size);
    g_assert_nonnull(menu);
    g_assert_cmpmem(menu, size, "\x58\x1b", 2);
    vm_stop(vm);
}

/* RAM below and above 4 GiB is told whole, and nothing twice. */
static void test_e820(void)
{
    Vm *vm = vm_start("-nodefaults -m 128");
    g_autofree uint8_t *map = NULL;
    uint32_t size;
    uint64_t ram = 0;

    map = fw_cfg_read_file(vm, "etc/e820", &size);
    g_assert_nonnull(map);
    g_assert_cmpuint(size % 20, ==, 0);
    for (uint32_t at = 0; at < size; at += 20) {
        uint64_t addr, len;
        uint32_t type;

        memcpy(&addr, map + at, 8);
        memcpy(&len, map + at + 8, 8);
        memcpy(&type, map + at + 16, 4);
        ram += GUINT32_FROM_LE(type) == 1 ? GUINT64_FROM_LE(len) : 0;
    }
    g_assert_cmphex(ram, ==, 128 << 20);
    vm_stop(vm);
}

/* Names are in order and each once; an unknown one is not there. */
static void test_directory(void)
{
    Vm *vm = vm_start("-nodefaults");
    char last[56] = "";
    uint32_t count;
    FwCfgFile file;

    g_assert_false(fw_cfg_find_file(vm, "etc/nothing", &file));
    fw_cfg_read_item(vm, FW_CFG_FILE_DIR, &count, sizeof(count));
    count = GUINT32_FROM_BE(count);
    g_assert_cmpuint(count, >, 3);
    for (uint32_t i = 0; i < count; i++) {
        for (size_t n = 0; n < sizeof(file); n++) {
            ((uint8_t *)&file)[n] = inb(vm, FW_CFG_PORT_DATA);
        }
        g_assert_cmpint(strcmp(file.name, last), >, 0);
        g_strlcpy(last, file.name, sizeof(last));
    }
    vm_stop(vm);
}

/* ------------------------------------------------------------------------------------
 * FW_CFG_PORT_DMA -- */

static void test_dma(void)
{
    Vm *vm = vm_start("-nodefaults");
    char buf[5] = "";

    g_assert_cmphex(GUINT32_FROM_BE(inl(vm, FW_CFG_PORT_DMA)), ==, 0x51454d55); /* "QEMU CFG" */
    g_assert_cmphex(GUINT32_FROM_BE(inl(vm, FW_CFG_PORT_DMA + 4)), ==, 0x20434647);
    g_assert_cmphex(fw_cfg_read_u16(vm, FW_CFG_ID) & 2, ==, 2);
    g_assert_cmphex(
        fw_cfg_dma(vm, FW_CFG_DMA_SELECT | FW_CFG_DMA_READ | FW_CFG_SIGNATURE << 16, 4, 0x9000), ==,
        0);
    vm_read(vm, 0x9000, buf, 4);
    g_assert_cmpstr(buf, ==, "QEMU");
    g_assert_cmphex(
        fw_cfg_dma(vm, FW_CFG_DMA_SELECT | FW_CFG_DMA_SKIP | FW_CFG_SIGNATURE << 16, 2, 0), ==, 0);
    g_assert_cmphex(fw_cfg_dma(vm, FW_CFG_DMA_READ, 2, 0x9000), ==, 0);
    vm_read(vm, 0x9000, buf, 4);
    g_assert_cmpstr(buf, ==, "MUMU");
    vm_stop(vm);
}

/* Into nowhere, and from a descriptor that is nowhere: an error, and the machine goes on. */
static void test_dma_to_nowhere(void)
{
    Vm *vm = vm_start("-nodefaults -m 16");

    g_assert_cmphex(fw_cfg_dma(vm, FW_CFG_DMA_SELECT | FW_CFG_DMA_READ | FW_CFG_SIGNATURE << 16, 4,
                               UINT64_C(1) << 52) &
                        FW_CFG_DMA_ERROR,
                    ==, FW_CFG_DMA_ERROR);
    outl(vm, FW_CFG_PORT_DMA, GUINT32_TO_BE(0xffffffff));
    outl(vm, FW_CFG_PORT_DMA + 4, GUINT32_TO_BE(0xfffffff0));
    g_assert_cmphex(
        fw_cfg_dma(vm, FW_CFG_DMA_SELECT | FW_CFG_DMA_READ | FW_CFG_SIGNATURE << 16, 4, 0x9000), ==,
        0);
    g_assert_cmphex(readl(vm, 0x9000), ==, 0x554d4551);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fw-cfg/identity", test_identity);
    g_test_add_func("/fw-cfg/machine", test_machine);
    g_test_add_func("/fw-cfg/boot-waits", test_boot_waits);
    g_test_add_func("/fw-cfg/e820", test_e820);
    g_test_add_func("/fw-cfg/directory", test_directory);
    g_test_add_func("/fw-cfg/dma", test_dma);
    g_test_add_func("/fw-cfg/dma-to-nowhere", test_dma_to_nowhere);
    return g_test_run();
}
