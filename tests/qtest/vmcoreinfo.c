/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file in which a guest says where its note for crash dumps is.
 */
#include "fw-cfg-client.h"
#include "vm.h"

#define BUFFER 0x9000

static const uint8_t initial[16] = {1};

static void check_file(Vm *vm, const uint8_t expected[16])
{
    uint32_t size;
    g_autofree uint8_t *data = fw_cfg_read_file(vm, "etc/vmcoreinfo", &size);

    g_assert_cmpmem(data, size, expected, 16);
}

/* What is left of the control word. */
static uint32_t write_file(Vm *vm, const uint8_t *data, uint32_t skip, uint32_t len)
{
    FwCfgFile file;

    g_assert_true(fw_cfg_find_file(vm, "etc/vmcoreinfo", &file));
    vm_write(vm, BUFFER, data, len);
    g_assert_cmphex(
        fw_cfg_dma(vm, FW_CFG_DMA_SELECT | FW_CFG_DMA_SKIP | file.select << 16, skip, 0), ==, 0);
    return fw_cfg_dma(vm, FW_CFG_DMA_WRITE, len, BUFFER);
}

static void test_write(void)
{
    static const uint8_t note[16] = {1, 0, 1, 0, 0x34, 0x12, 0, 0, 0x78, 0x56, 0x34, 0x12};
    Vm *vm = vm_start("-nodefaults -device vmcoreinfo");
    uint8_t changed[16];

    check_file(vm, initial);
    g_assert_cmphex(write_file(vm, note, 0, 16), ==, 0);
    check_file(vm, note);
    memcpy(changed, note, 16);
    changed[9] = 0xaa;
    g_assert_cmphex(write_file(vm, changed + 8, 8, 8), ==, 0);
    check_file(vm, changed);
    g_assert_cmphex(write_file(vm, note, 8, 9), ==, FW_CFG_DMA_ERROR); /* past the end */
    g_assert_cmphex(write_file(vm, note, 0, 17), ==, FW_CFG_DMA_ERROR);
    check_file(vm, changed);
    vm_reset(vm);
    check_file(vm, initial);
    vm_stop(vm);
}

static void test_absent(void)
{
    Vm *vm = vm_start("-nodefaults");
    FwCfgFile file;

    g_assert_false(fw_cfg_find_file(vm, "etc/vmcoreinfo", &file));
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmcoreinfo/write", test_write);
    g_test_add_func("/vmcoreinfo/absent", test_absent);
    return g_test_run();
}
