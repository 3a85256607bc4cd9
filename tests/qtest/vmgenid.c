/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual machine generation ID: by the monitor, in fw_cfg, and, when firmware has run, by the
 * ACPI tables in the guest's memory.
 */
#include "fw-cfg-client.h"
#include "vm.h"

#define GUID        "324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87"
#define GUID_OFFSET 40

static const uint8_t guid_bytes[16] = {0xaf, 0x6e, 0x4e, 0x32, 0xd1, 0xd1, 0xf6, 0x4b,
                                       0xbf, 0x41, 0xb9, 0xbb, 0x6c, 0x91, 0xfb, 0x87};

static char *query(Vm *vm)
{
    json_t *reply = vm_qmp(vm, "query-vm-generation-id", NULL);
    char *guid = g_strdup(json_string_value(json_object_get(reply, "guid")));

    json_decref(reply);
    return guid;
}

static void test_set(void)
{
    Vm *vm = vm_start("-nodefaults -device vmgenid,guid=" GUID);
    g_autofree char *guid = query(vm);
    g_autofree uint8_t *page = NULL;
    g_autofree uint8_t *addr = NULL;
    FwCfgFile file;
    uint32_t size;

    g_assert_cmpstr(guid, ==, GUID);
    page = fw_cfg_read_file(vm, "etc/vmgenid_guid", &size);
    g_assert_cmpuint(size, ==, 4096);
    for (uint32_t i = 0; i < size; i++) {
        const bool inside = i >= GUID_OFFSET && i < GUID_OFFSET + 16;

        g_assert_cmphex(page[i], ==, inside ? guid_bytes[i - GUID_OFFSET] : 0);
    }
    g_assert_true(fw_cfg_find_file(vm, "etc/vmgenid_addr", &file));
    g_assert_cmpuint(file.size, ==, 8);
    writeq(vm, 0x9000, 0x123456789a);
    g_assert_cmphex(
        fw_cfg_dma(vm, FW_CFG_DMA_SELECT | FW_CFG_DMA_WRITE | file.select << 16, 8, 0x9000), ==, 0);
    addr = fw_cfg_read_file(vm, "etc/vmgenid_addr", &size);
    g_assert_cmphex(addr[0], ==, 0x9a);
    vm_reset(vm); /* the place is firmware's to choose again */
    g_free(addr);
    addr = fw_cfg_read_file(vm, "etc/vmgenid_addr", &size);
    g_assert_cmphex(addr[0], ==, 0);
    vm_stop(vm);
}

static void test_auto(void)
{
    char *guids[2];

    for (int i = 0; i < 2; i++) {
        Vm *vm = vm_start("-nodefaults -device vmgenid,guid=auto");

        guids[i] = query(vm);
        g_assert_true(g_uuid_string_is_valid(guids[i]));
        vm_stop(vm);
    }
    g_assert_cmpstr(guids[0], !=, guids[1]);
    g_free(guids[0]);
    g_free(guids[1]);
}

static void test_absent(void)
{
    Vm *vm = vm_start("-nodefaults");
    g_autofree char *desc = NULL;
    g_autofree char *class = vm_qmp_error(vm, &desc, "query-vm-generation-id", NULL);

    g_assert_cmpstr(class, ==, "GenericError");
    g_assert_cmpstr(desc, ==, "VM Generation ID device not found");
    vm_stop(vm);
}

/* The root pointer, once firmware has put it where one looks for it. */
static uint32_t find_rsdp(Vm *vm)
{
    g_autofree uint8_t *area = g_malloc(0x20000);

    for (int tries = 0; tries < 600; tries++) {
        vm_read(vm, 0xe0000, area, 0x20000);
        for (uint32_t at = 0; at + 20 <= 0x20000; at += 16) {
            uint8_t sum = 0;

            for (int i = 0; i < 20; i++) {
                sum += area[at + i];
            }
            if (memcmp(area + at, "RSD PTR ", 8) == 0 && sum == 0) {
                return 0xe0000 + at;
            }
        }
        g_usleep(100000);
    }
    g_error("firmware installs no ACPI tables");
}

static void test_tables(void)
{
    Vm *vm = vm_start("-accel x86emu -nodefaults -m 64 -device vmgenid,guid=" GUID);
    const uint32_t rsdt = readl(vm, find_rsdp(vm) + 16);
    uint32_t found = 0, size;
    uint8_t seen[16];

    for (uint32_t at = 36; at < readl(vm, rsdt + 4); at += 4) {
        const uint32_t table = readl(vm, rsdt + at);
        char id[8];

        vm_read(vm, table + 16, id, sizeof(id));
        if (readl(vm, table) == 0x54445353 && memcmp(id, "VMGENID", 7) == 0) { /* SSDT */
            vm_read(vm, table + 36, id, 6);
            g_assert_cmpmem(id, 6, "\x08VGIA\x0c", 6);
            found = readl(vm, table + 42);
        }
    }
    g_assert_cmphex(found, !=, 0);
    g_assert_cmphex(found % 4096, ==, 0);
    vm_read(vm, found + GUID_OFFSET, seen, sizeof(seen));
    g_assert_cmpmem(seen, sizeof(seen), guid_bytes, sizeof(guid_bytes));
    vm_do(vm, "stop", NULL); /* firmware uses the selector, too */
    g_autofree uint8_t *addr = fw_cfg_read_file(vm, "etc/vmgenid_addr", &size);
    g_assert_cmphex(addr[0] | addr[1] << 8 | addr[2] << 16 | addr[3] << 24, ==, found);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmgenid/set", test_set);
    g_test_add_func("/vmgenid/auto", test_auto);
    g_test_add_func("/vmgenid/absent", test_absent);
    g_test_add_func("/vmgenid/tables", test_tables);
    return g_test_run();
}
