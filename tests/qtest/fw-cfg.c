/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device, as firmware reads it: by ports, and by DMA.
 */
#include <inttypes.h>

#include "vm.h"

#define SELECTOR 0x510
#define DATA     0x511
#define DMA      0x514

enum {
    SIGNATURE = 0x00,
    ID = 0x01,
    UUID = 0x02,
    RAM_SIZE = 0x03,
    NOGRAPHIC = 0x04,
    NB_CPUS = 0x05,
    BOOT_MENU = 0x0e,
    MAX_CPUS = 0x0f,
    FILE_DIR = 0x19,
};

enum { DMA_ERROR = 1, DMA_READ = 2, DMA_SKIP = 4, DMA_SELECT = 8, DMA_WRITE = 16 };

static void read_item(Vm *vm, uint16_t key, void *buf, size_t len)
{
    outw(vm, SELECTOR, key);
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)buf)[i] = inb(vm, DATA);
    }
}

static uint16_t read_u16(Vm *vm, uint16_t key)
{
    uint16_t value;

    read_item(vm, key, &value, sizeof(value));
    return GUINT16_FROM_LE(value);
}

typedef struct File {
    uint32_t size;
    uint16_t select, reserved;
    char name[56];
} File;

static bool find_file(Vm *vm, const char *name, File *file)
{
    uint32_t count;

    read_item(vm, FILE_DIR, &count, sizeof(count));
    count = GUINT32_FROM_BE(count);
    for (uint32_t i = 0; i < count; i++) {
        for (size_t n = 0; n < sizeof(*file); n++) {
            ((uint8_t *)file)[n] = inb(vm, DATA);
        }
        if (strcmp(file->name, name) == 0) {
            file->size = GUINT32_FROM_BE(file->size);
            file->select = GUINT16_FROM_BE(file->select);
            return true;
        }
    }
    return false;
}

/* The whole file, or NULL; the caller frees it. */
static uint8_t *read_file(Vm *vm, const char *name, uint32_t *size)
{
    File file;
    uint8_t *data;

    *size = 0;
    if (!find_file(vm, name, &file)) {
        return NULL;
    }
    data = g_malloc0(file.size + 1);
    read_item(vm, file.select, data, file.size);
    *size = file.size;
    return data;
}

/* Do what the descriptor says; what became of its control word. */
static uint32_t dma(Vm *vm, uint32_t control, uint32_t len, uint64_t addr)
{
    const uint64_t at = 0x8000;

    writel(vm, at, GUINT32_TO_BE(control));
    writel(vm, at + 4, GUINT32_TO_BE(len));
    writeq(vm, at + 8, GUINT64_TO_BE(addr));
    outl(vm, DMA, 0);
    outl(vm, DMA + 4, GUINT32_TO_BE((uint32_t)at));
    return GUINT32_FROM_BE(readl(vm, at));
}

/* ---------------------------------------------------------------------------------- items -- */

static void test_identity(void)
{
    static const uint8_t uuid[16] = {0x46, 0x00, 0xcb, 0x32, 0x38, 0xec, 0x4b, 0x2f,
                                     0x8a, 0xcb, 0x81, 0xc6, 0xea, 0x54, 0xf2, 0xd8};
    Vm *vm = vm_start("-nodefaults -uuid 4600cb32-38ec-4b2f-8acb-81c6ea54f2d8");
    uint8_t buf[16];

    read_item(vm, SIGNATURE, buf, 4);
    g_assert_cmpmem(buf, 4, "QEMU", 4);
    g_assert_cmphex(read_u16(vm, ID) & 1, ==, 1);
    read_item(vm, UUID, buf, sizeof(buf));
    g_assert_cmpmem(buf, sizeof(buf), uuid, sizeof(uuid));
    vm_stop(vm);
}

static void test_machine(void)
{
    Vm *vm = vm_start("-nodefaults -m 96 -smp 2 -boot menu=on");
    uint64_t ram;

    read_item(vm, RAM_SIZE, &ram, sizeof(ram));
    g_assert_cmphex(GUINT64_FROM_LE(ram), ==, 96 << 20);
    g_assert_cmpuint(read_u16(vm, NB_CPUS), ==, 2);
    g_assert_cmpuint(read_u16(vm, MAX_CPUS), ==, 2);
    g_assert_cmpuint(read_u16(vm, BOOT_MENU), ==, 1);
    g_assert_cmpuint(read_u16(vm, NOGRAPHIC), ==, 0);
    vm_stop(vm);

    vm = vm_start("-nodefaults -M graphics=off");
    read_item(vm, RAM_SIZE, &ram, sizeof(ram));
    g_assert_cmphex(GUINT64_FROM_LE(ram), ==, 128 << 20);
    g_assert_cmpuint(read_u16(vm, NB_CPUS), ==, 1);
    g_assert_cmpuint(read_u16(vm, BOOT_MENU), ==, 0);
    g_assert_cmpuint(read_u16(vm, NOGRAPHIC), ==, 1);
    vm_stop(vm);
}

static void test_boot_waits(void)
{
    Vm *vm = vm_start("-nodefaults -boot reboot-timeout=15,splash-time=7000,menu=on");
    g_autofree uint8_t *fail = NULL;
    g_autofree uint8_t *menu = NULL;
    uint32_t size;

    fail = read_file(vm, "etc/boot-fail-wait", &size);
    g_assert_nonnull(fail);
    g_assert_cmpmem(fail, size, "\x0f\0\0\0", 4);
    menu = read_file(vm, "etc/boot-menu-wait", &size);
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

    map = read_file(vm, "etc/e820", &size);
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
    File file;

    g_assert_false(find_file(vm, "etc/nothing", &file));
    read_item(vm, FILE_DIR, &count, sizeof(count));
    count = GUINT32_FROM_BE(count);
    g_assert_cmpuint(count, >, 3);
    for (uint32_t i = 0; i < count; i++) {
        for (size_t n = 0; n < sizeof(file); n++) {
            ((uint8_t *)&file)[n] = inb(vm, DATA);
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

    g_assert_cmphex(GUINT32_FROM_BE(inl(vm, DMA)), ==, 0x51454d55); /* "QEMU CFG" */
    g_assert_cmphex(GUINT32_FROM_BE(inl(vm, DMA + 4)), ==, 0x20434647);
    g_assert_cmphex(read_u16(vm, ID) & 2, ==, 2);
    g_assert_cmphex(dma(vm, DMA_SELECT | DMA_READ | SIGNATURE << 16, 4, 0x9000), ==, 0);
    vm_read(vm, 0x9000, buf, 4);
    g_assert_cmpstr(buf, ==, "QEMU");
    g_assert_cmphex(dma(vm, DMA_SELECT | DMA_SKIP | SIGNATURE << 16, 2, 0), ==, 0);
    g_assert_cmphex(dma(vm, DMA_READ, 2, 0x9000), ==, 0);
    vm_read(vm, 0x9000, buf, 4);
    g_assert_cmpstr(buf, ==, "MUMU");
    vm_stop(vm);
}

/* Into nowhere, and from a descriptor that is nowhere: an error, and the machine goes on. */
static void test_dma_to_nowhere(void)
{
    Vm *vm = vm_start("-nodefaults -m 16");

    g_assert_cmphex(dma(vm, DMA_SELECT | DMA_READ | SIGNATURE << 16, 4, UINT64_C(1) << 52) &
                        DMA_ERROR,
                    ==, DMA_ERROR);
    outl(vm, DMA, GUINT32_TO_BE(0xffffffff));
    outl(vm, DMA + 4, GUINT32_TO_BE(0xfffffff0));
    g_assert_cmphex(dma(vm, DMA_SELECT | DMA_READ | SIGNATURE << 16, 4, 0x9000), ==, 0);
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
