/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks on the PIIX3's two channels: IDENTIFY, reads and writes by PIO and by bus master DMA, and
 * what CMOS tells firmware of them.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "vm.h"

#define IDE PCI_DEVFN(1, 1)
#define SECTOR 512

enum { DATA, ERROR, COUNT, LBA_LOW, LBA_MID, LBA_HIGH, DEVICE, COMMAND };
enum { BSY = 0x80, DRDY = 0x40, DF = 0x20, DRQ = 0x08, ERR = 0x01 };

#define PORT 0x1f0
#define CONTROL 0x3f6
#define IRQ 14

/* An image of that many sectors, each full of its number. */
static char *make_image(uint32_t sectors)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("lignite-XXXXXX", &path, NULL);
    uint32_t words[SECTOR / 4];

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, (off_t)sectors * SECTOR), ==, 0);
    for (uint32_t i = 0; i < MIN(sectors, 64); i++) {
        for (size_t n = 0; n < G_N_ELEMENTS(words); n++) {
            words[n] = GUINT32_TO_LE(i);
        }
        g_assert_cmpint(pwrite(fd, words, SECTOR, (off_t)i * SECTOR), ==, SECTOR);
    }
    close(fd);
    return g_steal_pointer(&path);
}

/* The block layer's workers are real: their completion is waited for, in the guest's way. */
static uint8_t wait_ready(Vm *vm)
{
    uint8_t status;

    for (int i = 0; (status = inb(vm, CONTROL)) & BSY; i++) {
        g_assert_cmpint(i, <, 20000);
        g_usleep(500);
    }
    return status;
}

static void wait_irq(Vm *vm)
{
    for (int i = 0; !vm_irq(vm, IRQ); i++) {
        g_assert_cmpint(i, <, 20000);
        inb(vm, CONTROL);
        g_usleep(200);
    }
}

static void command(Vm *vm, uint8_t device, uint32_t lba, uint8_t count, uint8_t cmd)
{
    outb(vm, PORT + DEVICE, 0xe0 | device << 4 | lba >> 24);
    outb(vm, PORT + COUNT, count);
    outb(vm, PORT + LBA_LOW, lba);
    outb(vm, PORT + LBA_MID, lba >> 8);
    outb(vm, PORT + LBA_HIGH, lba >> 16);
    outb(vm, PORT + COMMAND, cmd);
}

static void read_data(Vm *vm, void *buf, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        ((uint16_t *)buf)[i] = GUINT16_TO_LE(inw(vm, PORT + DATA));
    }
}

/* ATA strings have the bytes of each word swapped. */
static char *ata_string(const uint16_t *words, size_t n)
{
    char *text = g_malloc0(2 * n + 1);

    for (size_t i = 0; i < n; i++) {
        text[2 * i] = GUINT16_FROM_LE(words[i]) >> 8;
        text[2 * i + 1] = GUINT16_FROM_LE(words[i]) & 0xff;
    }
    return g_strchomp(text);
}

static void test_identify(void)
{
    g_autofree char *image = make_image(20480);
    g_autofree char *serial = NULL;
    g_autofree char *version = NULL;
    uint16_t id[256];
    Vm *vm = vm_start("-nodefaults -drive id=d0,file=%s,format=raw,if=none "
                      "-device ide-hd,drive=d0,serial=testdisk,ver=version",
                      image);

    vm_watch_irqs(vm, "ioapic");
    command(vm, 0, 0, 0, 0xec);
    g_assert_cmphex(wait_ready(vm) & (DRDY | DRQ | DF | ERR), ==, DRDY | DRQ);
    g_assert_true(vm_irq(vm, IRQ));
    g_assert_cmphex(inb(vm, PORT + COMMAND) & DRQ, ==, DRQ);
    g_assert_false(vm_irq(vm, IRQ)); /* reading the status takes it back */
    read_data(vm, id, 256);
    g_assert_cmphex(inb(vm, CONTROL) & (DRDY | DRQ), ==, DRDY);
    serial = ata_string(id + 10, 10);
    version = ata_string(id + 23, 4);
    g_assert_cmpstr(serial, ==, "testdisk");
    g_assert_cmpstr(version, ==, "version");
    g_assert_cmpuint(GUINT16_FROM_LE(id[60]) | GUINT16_FROM_LE(id[61]) << 16, ==, 20480);
    g_assert_cmphex(GUINT16_FROM_LE(id[85]) & 0x20, ==, 0x20); /* its write cache is on */
    vm_stop(vm);
    remove(image);
}

static void test_pio(void)
{
    g_autofree char *image = make_image(20480);
    uint32_t sector[SECTOR / 4];
    Vm *vm = vm_start("-nodefaults -drive file=%s,format=raw", image);

    command(vm, 0, 7, 2, 0x20);
    for (uint32_t i = 7; i < 9; i++) {
        g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, DRQ);
        read_data(vm, sector, SECTOR / 2);
        g_assert_cmphex(sector[0], ==, i);
        g_assert_cmphex(sector[127], ==, i);
    }
    g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, 0);

    command(vm, 0, 9, 1, 0x30);
    g_assert_cmphex(wait_ready(vm) & DRQ, ==, DRQ);
    for (int i = 0; i < SECTOR / 2; i++) {
        outw(vm, PORT + DATA, 0x5a00 + i);
    }
    g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, 0);
    command(vm, 0, 9, 1, 0x20);
    wait_ready(vm);
    read_data(vm, sector, SECTOR / 2);
    g_assert_cmphex(sector[0], ==, 0x5a015a00);
    vm_stop(vm);
    remove(image);
}

/* Beyond the end there is nothing to read, and the disk says so. */
static void test_beyond_the_end(void)
{
    g_autofree char *image = make_image(20480);
    Vm *vm = vm_start("-nodefaults -drive file=%s,format=raw", image);

    command(vm, 0, 20480, 1, 0x20);
    g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, ERR);
    command(vm, 0, 0x0fffffff, 255, 0x20);
    g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, ERR);
    command(vm, 0, 20479, 1, 0x20);
    g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, DRQ);
    vm_stop(vm);
    remove(image);
}

static void test_dma(void)
{
    const uint32_t prdt = 0x4000, buffer = 0x10000;
    const uint16_t bm = 0xc000; /* where we put the bus master's ports */
    g_autofree char *image = make_image(20480);
    Vm *vm = vm_start("-nodefaults -drive file=%s,format=raw", image);

    g_assert_cmphex(pci_readl(vm, IDE, 0), ==, 0x70108086);
    pci_writel(vm, IDE, 0x20, bm);
    pci_writew(vm, IDE, 4, 5); /* ports and mastering on */
    vm_watch_irqs(vm, "ioapic");
    writel(vm, prdt, buffer);
    writel(vm, prdt + 4, 1u << 31 | 4 * SECTOR);
    outb(vm, bm, 0);
    outl(vm, bm + 4, prdt);
    outb(vm, bm + 2, 6); /* forget what was */
    command(vm, 0, 3, 4, 0xc8);
    outb(vm, bm, 9); /* from the disk, start */
    wait_irq(vm);
    g_assert_cmphex(inb(vm, bm + 2) & 7, ==, 4); /* interrupt, not active, no error */
    outb(vm, bm, 8);
    g_assert_cmphex(inb(vm, PORT + COMMAND) & (BSY | DF | ERR | DRQ), ==, 0);
    for (uint32_t i = 0; i < 4; i++) {
        g_assert_cmphex(readl(vm, buffer + i * SECTOR), ==, 3 + i);
        g_assert_cmphex(readl(vm, buffer + i * SECTOR + SECTOR - 4), ==, 3 + i);
    }
    vm_stop(vm);
    remove(image);
}

/* The absent second drive does not answer. */
static void test_absent_drive(void)
{
    g_autofree char *image = make_image(20480);
    Vm *vm = vm_start("-nodefaults -drive file=%s,format=raw", image);

    outb(vm, PORT + DEVICE, 0xf0);
    g_assert_cmphex(inb(vm, PORT + COMMAND), ==, 0);
    command(vm, 1, 0, 1, 0xec);
    g_assert_cmphex(inb(vm, PORT + COMMAND) & (DRQ | BSY), ==, 0);
    vm_stop(vm);
    remove(image);
}

/* CMOS has the disks' types, and the geometry that firmware shows to programs of its time. */
static void test_cmos_geometry(void)
{
    g_autofree char *image = make_image(20480); /* 10 MiB: 20 * 16 * 63 */
    Vm *vm = vm_start("-nodefaults -drive file=%s,format=raw", image);

    g_assert_cmphex(cmos_read(vm, 0x12), ==, 0xf0);
    g_assert_cmphex(cmos_read(vm, 0x19), ==, 47);
    g_assert_cmpuint(cmos_read(vm, 0x1b) | cmos_read(vm, 0x1c) << 8, ==, 20);
    g_assert_cmpuint(cmos_read(vm, 0x1d), ==, 16);
    g_assert_cmpuint(cmos_read(vm, 0x23), ==, 63);
    vm_stop(vm);
    vm = vm_start("-nodefaults");
    g_assert_cmphex(cmos_read(vm, 0x12), ==, 0);
    vm_stop(vm);
    remove(image);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ide/identify", test_identify);
    g_test_add_func("/ide/pio", test_pio);
    g_test_add_func("/ide/beyond-the-end", test_beyond_the_end);
    g_test_add_func("/ide/dma", test_dma);
    g_test_add_func("/ide/absent-drive", test_absent_drive);
    g_test_add_func("/ide/cmos-geometry", test_cmos_geometry);
    return g_test_run();
}
