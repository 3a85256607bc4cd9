/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device, as firmware reads it: by ports, and by FW_CFG_PORT_DMA.
 */
#include <glib/gstdio.h>
#include <inttypes.h>
#include <unistd.h>

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

/* ------------------------------------------------------------------------------------ DMA -- */

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

/* Keys without an item, at the ends of the ranges: zeros, by either way (CVE-2016-1714). */
static void test_absent_keys(void)
{
    static const uint16_t keys[] = {0xffff, 0xbfff, 0x7fff, 0x3fff, 0x8fff, 0x0420, 0x001f, 0x8005};
    Vm *vm = vm_start("-nodefaults");

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        uint8_t buf[64];

        fw_cfg_read_item(vm, keys[i], buf, sizeof(buf));
        for (size_t n = 0; n < sizeof(buf); n++) {
            g_assert_cmphex(buf[n], ==, 0);
        }
        writeq(vm, 0x9000, UINT64_MAX);
        g_assert_cmphex(
            fw_cfg_dma(vm, FW_CFG_DMA_SELECT | FW_CFG_DMA_READ | keys[i] << 16, 8, 0x9000), ==, 0);
        g_assert_cmphex(readq(vm, 0x9000), ==, 0);
        g_assert_cmphex(
            fw_cfg_dma(vm, FW_CFG_DMA_SELECT | FW_CFG_DMA_WRITE | keys[i] << 16, 8, 0x9000), ==,
            FW_CFG_DMA_ERROR);
    }
    vm_stop(vm);
}

/* --------------------------------------------------------------------------- the user's own -- */

static char *write_temporary(const char *data, size_t len)
{
    char *path = NULL;
    int fd = g_file_open_tmp("lignite-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, data, len, NULL));
    return path;
}

static void check_file(Vm *vm, const char *name, const char *expected, size_t len)
{
    uint32_t size;
    g_autofree uint8_t *data = fw_cfg_read_file(vm, name, &size);

    g_assert_nonnull(data);
    g_assert_cmpmem(data, size, expected, len);
}

static void test_user_files(void)
{
    g_autofree char *path = write_temporary("a\0b", 3);
    Vm *vm = vm_start("-nodefaults -fw_cfg opt/text,string=one,,two -fw_cfg name=opt/file,file=%s"
                      " -fw_cfg opt/empty,string=",
                      path);

    check_file(vm, "opt/text", "one,two", 7); /* without a NUL */
    check_file(vm, "opt/file", "a\0b", 3);
    check_file(vm, "opt/empty", "", 0);
    vm_stop(vm);
    g_unlink(path);
}

/* Geometries that the BIOS is to report, of the disks that have one. */
static void test_bios_geometry(void)
{
    static const char expected[] = "/pci@i0cf8/ide@1,1/drive@0/disk@0 1024 16 63\n"
                                   "/pci@i0cf8/ide@1,1/drive@1/disk@1 4 5 6";
    g_autofree char *path = write_temporary("", 0);
    FwCfgFile file;
    Vm *vm;

    g_assert_cmpint(truncate(path, 1 << 20), ==, 0);
    vm = vm_start("-nodefaults -drive if=none,id=a,snapshot=on,format=raw,file=%s"
                  " -drive if=none,id=b,snapshot=on,format=raw,file=%s"
                  " -device ide-hd,drive=a,bus=ide.0,unit=0,lcyls=1024,lheads=16,lsecs=63"
                  " -device ide-hd,drive=b,bus=ide.1,unit=1,lcyls=4,lheads=5,lsecs=6",
                  path, path);
    check_file(vm, "bios-geometry", expected, sizeof(expected));
    vm_stop(vm);
    vm = vm_start("-nodefaults -hda %s -snapshot", path);
    g_assert_false(fw_cfg_find_file(vm, "bios-geometry", &file));
    vm_stop(vm);
    g_unlink(path);
}

/* Tables with and without a header, from one file or two; the user's word on fields counts. */
static void test_acpi_tables(void)
{
    g_autofree char *body = write_temporary("BODY", 4);
    char whole[40] = "WXYZ....\x07";
    g_autofree char *path = NULL;
    uint32_t size;
    unsigned found = 0;

    memcpy(whole + 36, "TAIL", 4);
    path = write_temporary(whole, sizeof(whole));
    Vm *vm =
        vm_start("-nodefaults -acpitable sig=MINE,rev=3,oem_id=ME,data=%s:%s -acpitable file=%s",
                 body, body, path);
    g_autofree uint8_t *tables = fw_cfg_read_file(vm, "etc/acpi/tables", &size);
    g_assert_nonnull(tables);
    for (uint32_t at = 0; at + 44 <= size; at += 8) {
        const uint8_t *table = tables + at;
        const bool mine = memcmp(table, "MINE", 4) == 0;

        if (mine || memcmp(table, "WXYZ", 4) == 0) {
            const unsigned len = mine ? 44 : 40;
            uint8_t sum = 0;

            found++;
            g_assert_cmpuint(table[4], ==, len);
            g_assert_cmpuint(table[8], ==, mine ? 3 : 7);
            g_assert_cmpmem(table + 36, len - 36, mine ? "BODYBODY" : "TAIL", len - 36);
            if (mine) {
                g_assert_cmpmem(table + 10, 6, "ME\0\0\0\0", 6);
            }
            for (unsigned i = 0; i < len; i++) {
                sum += table[i];
            }
            g_assert_cmphex(sum, ==, 0);
        }
    }
    g_assert_cmpuint(found, ==, 2);
    vm_stop(vm);
    g_unlink(body);
    g_unlink(path);
}

/* The strings of the first structure of a type, with ';' between them; NULL: there is none. */
static char *smbios_strings(const uint8_t *tables, uint32_t size, uint8_t type)
{
    for (uint32_t at = 0; at + 4 < size;) {
        const char *text = (const char *)tables + at + tables[at + 1];
        g_autoptr(GString) all = g_string_new(NULL);

        for (; *text; text += strlen(text) + 1) {
            g_string_append_printf(all, "%s;", text);
        }
        if (tables[at] == type) {
            return g_string_free(g_steal_pointer(&all), FALSE);
        }
        at = (text - (const char *)tables) + (all->len ? 1 : 2);
    }
    return NULL;
}

static void test_smbios(void)
{
    static const struct {
        const char *options;
        uint8_t type;
        const char *strings;
    } cases[] = {
        {"", 0, NULL},
        {"", 2, NULL},
        {"", 11, NULL},
        {"-smbios type=0,vendor=V,version=W,date=01/02/2003", 0, "V;W;01/02/2003;"},
        {"-smbios type=1,manufacturer=Acme,product=P,version=1,serial=S,sku=K,family=F", 1,
         "Acme;P;1;S;K;F;"},
        {"-smbios type=1,serial=a -smbios type=1,serial=b,product=x,version=y,manufacturer=z", 1,
         "z;x;y;b;"},
        {"-smbios type=2,manufacturer=M,product=P,version=1,serial=S,asset=A,location=L", 2,
         "M;P;1;S;A;L;"},
        {"-smbios type=3,manufacturer=M,version=V,serial=S,asset=A,sku=K", 3, "M;V;S;A;K;"},
        {"-smbios type=11,value=one,value=two -smbios type=11,value=three", 11, "one;two;three;"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vm *vm = vm_start("-nodefaults %s", cases[i].options);
        uint32_t size;
        g_autofree uint8_t *tables = fw_cfg_read_file(vm, "etc/smbios/smbios-tables", &size);
        g_autofree char *strings = smbios_strings(tables, size, cases[i].type);
        g_autofree char *end = smbios_strings(tables, size, 127);

        g_test_message("%s", cases[i].options);
        g_assert_cmpstr(strings, ==, cases[i].strings);
        g_assert_nonnull(end);
        vm_stop(vm);
    }
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
    g_test_add_func("/fw-cfg/absent-keys", test_absent_keys);
    g_test_add_func("/fw-cfg/user-files", test_user_files);
    g_test_add_func("/fw-cfg/bios-geometry", test_bios_geometry);
    g_test_add_func("/fw-cfg/acpi-tables", test_acpi_tables);
    g_test_add_func("/fw-cfg/smbios", test_smbios);
    return g_test_run();
}
