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

#define IDE    PCI_DEVFN(1, 1)
#define SECTOR 512

enum { DATA, ERROR, COUNT, LBA_LOW, LBA_MID, LBA_HIGH, DEVICE, COMMAND };
enum { BSY = 0x80, DRDY = 0x40, DF = 0x20, DRQ = 0x08, ERR = 0x01 };

#define PORT    0x1f0
#define CONTROL 0x3f6
#define IRQ     14

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

/* ------------------------------------------------------------------------- the bus master -- */

#define BM     0xc000
#define PRDT   0x4000
#define BUFFER 0x10000
#define EOT    (1u << 31)

enum { ACTIVE = 1, BM_ERROR = 2, INTERRUPT = 4 };

static Vm *start_with_bus_master(const char *image, const char *options)
{
    Vm *vm = vm_start("-nodefaults -drive file=%s,format=raw%s", image, options);

    vm_watch_irqs(vm, "ioapic");
    pci_writel(vm, IDE, 0x20, BM);
    pci_writew(vm, IDE, 4, 5);
    return vm;
}

static void put_prd(Vm *vm, unsigned i, uint32_t addr, uint32_t word)
{
    writel(vm, PRDT + 8 * i, addr);
    writel(vm, PRDT + 8 * i + 4, word);
}

/* Run a DMA command to its end, or until it can't go on; the bus master's status. */
static uint8_t run_dma(Vm *vm, uint8_t cmd, uint32_t lba, uint8_t count, bool to_memory)
{
    uint8_t status = 0;

    outb(vm, BM, 0);
    outl(vm, BM + 4, PRDT);
    outb(vm, BM + 2, BM_ERROR | INTERRUPT);
    command(vm, 0, lba, count, cmd);
    outb(vm, BM, to_memory ? 9 : 1);
    for (int i = 0; i < 200; i++) {
        status = inb(vm, BM + 2) & (ACTIVE | BM_ERROR | INTERRUPT);
        if ((status & INTERRUPT) || !(status & ACTIVE)) {
            break;
        }
        g_usleep(500);
    }
    return status;
}

static void end_dma(Vm *vm)
{
    outb(vm, BM, 0);
    g_assert_cmphex(inb(vm, BM + 2) & ACTIVE, ==, 0);
    inb(vm, PORT + COMMAND);
}

/*
 * Every shape of a table: what the bus master says at the end, and how much of the data got where
 * it belongs. A short table leaves the command without an interrupt.
 */
static void test_prd_shapes(void)
{
    static const struct {
        uint32_t prds[3][2]; /* address, count and mark; an empty one ends them */
        uint8_t sectors, status;
        uint32_t moved;
    } cases[] = {
        {{{BUFFER, SECTOR | EOT}}, 1, INTERRUPT, SECTOR},
        {{{BUFFER, 2 * SECTOR | EOT}}, 1, ACTIVE | INTERRUPT, SECTOR}, /* long */
        {{{BUFFER, 16 | EOT}}, 1, 0, 16},                              /* short */
        {{{BUFFER, SECTOR | EOT}}, 2, 0, SECTOR},
        {{{BUFFER, 16}, {BUFFER + 16, (SECTOR - 16) | EOT}}, 1, INTERRUPT, SECTOR},
        {{{BUFFER, SECTOR + 2}, {BUFFER + SECTOR + 2, (SECTOR - 2) | EOT}},
         2,
         INTERRUPT,
         2 * SECTOR},
        {{{BUFFER, 0 | EOT}}, 128, INTERRUPT, 65536}, /* 0 is 64 KiB */
        {{{BUFFER + 1, SECTOR | EOT}},
         1,
         INTERRUPT,
         0}, /* the address is even: bit 0 is not there */
        {{{BUFFER, (SECTOR + 1) | EOT}}, 1, INTERRUPT, SECTOR},
    };
    g_autofree char *image = make_image(20480);
    g_autofree uint8_t *seen = g_malloc(65536 + 16);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Vm *vm = start_with_bus_master(image, "");

        g_test_message("%zu", i);
        vm_fill(vm, BUFFER, 65536 + 16, 0xee);
        for (unsigned n = 0; n < 3 && cases[i].prds[n][1]; n++) {
            put_prd(vm, n, cases[i].prds[n][0], cases[i].prds[n][1]);
        }
        g_assert_cmphex(run_dma(vm, 0xc8, 0, cases[i].sectors, true), ==, cases[i].status);
        end_dma(vm);
        vm_read(vm, BUFFER, seen, 65536 + 16);
        for (uint32_t n = 0; n < cases[i].moved; n++) { /* each word of a sector is its number */
            const uint32_t number = n / SECTOR < 64 ? n / SECTOR : 0;

            g_assert_cmphex(seen[n], ==, n % 4 == 0 ? number : 0);
        }
        for (uint32_t n = cases[i].moved ? cases[i].moved : SECTOR; n < 65536 + 16; n++) {
            g_assert_cmphex(seen[n], ==, 0xee);
        }
        /* The channel works afterwards. */
        put_prd(vm, 0, BUFFER, SECTOR | EOT);
        g_assert_cmphex(run_dma(vm, 0xc8, 1, 1, true), ==, INTERRUPT);
        end_dma(vm);
        g_assert_cmphex(readl(vm, BUFFER), ==, 1);
        vm_stop(vm);
    }
    remove(image);
}

/* A table, or a buffer, that is nowhere; and a function that may not master the bus. */
static void test_no_memory(void)
{
    g_autofree char *image = make_image(20480);
    Vm *vm = start_with_bus_master(image, "");

    put_prd(vm, 0, 0xf0000000, SECTOR | EOT);
    g_assert_cmphex(run_dma(vm, 0xc8, 0, 1, true) & (ACTIVE | BM_ERROR), ==, BM_ERROR);
    end_dma(vm);
    pci_writew(vm, IDE, 4, 1);
    put_prd(vm, 0, BUFFER, SECTOR | EOT);
    g_assert_cmphex(run_dma(vm, 0xc8, 0, 1, true), ==, ACTIVE | INTERRUPT); /* the disk has ended */
    end_dma(vm);
    g_assert_cmphex(readl(vm, BUFFER), ==, 0);
    pci_writew(vm, IDE, 4, 5);
    g_assert_cmphex(run_dma(vm, 0xc8, 5, 1, true), ==, INTERRUPT);
    end_dma(vm);
    g_assert_cmphex(readl(vm, BUFFER), ==, 5);
    vm_stop(vm);
    remove(image);
}

/* The command is taken back in the middle of it. */
static void test_abort(void)
{
    g_autofree char *image = make_image(20480);
    Vm *vm = start_with_bus_master(image, "");

    for (int i = 0; i < 20; i++) {
        put_prd(vm, 0, BUFFER, SECTOR | EOT);
        outb(vm, BM, 0);
        outl(vm, BM + 4, PRDT);
        outb(vm, BM + 2, BM_ERROR | INTERRUPT);
        command(vm, 0, 3, 1, 0xc8);
        outb(vm, BM, 9);
        outb(vm, BM, 0);
        g_assert_cmphex(inb(vm, BM + 2) & ACTIVE, ==, 0);
        g_assert_cmphex(wait_ready(vm) & DF, ==, 0);
    }
    outb(vm, CONTROL, 4);
    outb(vm, CONTROL, 0);
    wait_ready(vm);
    g_assert_cmphex(run_dma(vm, 0xc8, 3, 1, true), ==, INTERRUPT);
    end_dma(vm);
    vm_stop(vm);
    remove(image);
}

static void test_trim(void)
{
    g_autofree char *image = make_image(20480);
    uint32_t sector[SECTOR / 4];
    Vm *vm = start_with_bus_master(image, ",discard=unmap");

    writeq(vm, BUFFER, 4 | UINT64_C(2) << 48); /* sectors 4 and 5 */
    writeq(vm, BUFFER + 8, 8 | UINT64_C(1) << 48);
    put_prd(vm, 0, BUFFER, SECTOR | EOT);
    outb(vm, PORT + ERROR, 1); /* TRIM */
    outb(vm, PORT + COUNT, 0); /* the high byte */
    run_dma(vm, 0x06, 0, 1, false);
    wait_irq(vm); /* the table has come to its end before the disk's work has */
    g_assert_cmphex(inb(vm, BM + 2) & (ACTIVE | BM_ERROR | INTERRUPT), ==, INTERRUPT);
    g_assert_cmphex(inb(vm, PORT + COMMAND) & (ERR | DF), ==, 0);
    end_dma(vm);
    for (uint32_t i = 3; i < 10; i++) {
        const bool gone = i == 4 || i == 5 || i == 8;

        command(vm, 0, i, 1, 0x20);
        wait_ready(vm);
        read_data(vm, sector, SECTOR / 2);
        g_assert_cmphex(sector[0], ==, gone ? 0 : i);
    }
    writeq(vm, BUFFER, 20479 | UINT64_C(2) << 48); /* beyond the end */
    outb(vm, PORT + ERROR, 1);
    outb(vm, PORT + COUNT, 0);
    run_dma(vm, 0x06, 0, 1, false);
    wait_irq(vm);
    g_assert_cmphex(inb(vm, PORT + COMMAND) & ERR, ==, ERR);
    end_dma(vm);
    vm_stop(vm);
    remove(image);
}

/* ------------------------------------------------------------------------- other commands -- */

static void test_flush(void)
{
    g_autofree char *image = make_image(20480);
    Vm *vm = start_with_bus_master(image, "");

    command(vm, 0, 0, 0, 0xe7);
    wait_irq(vm);
    g_assert_cmphex(wait_ready(vm) & (DRDY | DF | ERR | DRQ), ==, DRDY);
    command(vm, 0, 0, 0, 0xea); /* EXT */
    g_assert_cmphex(wait_ready(vm) & (DRDY | DF | ERR | DRQ), ==, DRDY);
    vm_stop(vm);
    vm = vm_start("-nodefaults -device ide-cd"); /* an empty drive */
    command(vm, 0, 0, 0, 0xe7);
    g_assert_cmphex(wait_ready(vm) & BSY, ==, 0);
    vm_stop(vm);
    remove(image);
}

static void test_diagnostic(void)
{
    g_autofree char *image = make_image(20480);
    Vm *vm = vm_start("-nodefaults -hda %s -snapshot -device ide-cd,bus=ide.0", image);

    outb(vm, PORT + DEVICE, 0xf0);
    outb(vm, PORT + COMMAND, 0x90);
    g_assert_cmphex(wait_ready(vm) & (ERR | DRQ), ==, 0);
    g_assert_cmphex(inb(vm, PORT + ERROR), ==, 1); /* both passed */
    g_assert_cmphex(inb(vm, PORT + DEVICE) & 0x10, ==, 0);
    g_assert_cmphex(inb(vm, PORT + COUNT), ==, 1);
    g_assert_cmphex(inb(vm, PORT + LBA_LOW), ==, 1);
    g_assert_cmphex(inb(vm, PORT + LBA_MID), ==, 0);
    g_assert_cmphex(inb(vm, PORT + LBA_HIGH), ==, 0);
    outb(vm, PORT + DEVICE, 0xf0);
    g_assert_cmphex(inb(vm, PORT + LBA_MID), ==, 0x14); /* a packet device */
    g_assert_cmphex(inb(vm, PORT + LBA_HIGH), ==, 0xeb);
    vm_stop(vm);
    remove(image);
}

/* SMART's self-test log at an index that it can't have, and one past its subcommands. */
static void test_smart(void)
{
    g_autofree char *image = make_image(20480);
    Vm *vm = start_with_bus_master(image, "");

    for (int feature = 0xd0; feature < 0xe0; feature++) {
        for (int selector = 0; selector < 256; selector += 5) {
            outb(vm, PORT + ERROR, feature);
            outb(vm, PORT + DEVICE, 0xe0);
            outb(vm, PORT + COUNT, 1);
            outb(vm, PORT + LBA_LOW, selector);
            outb(vm, PORT + LBA_MID, 0x4f);
            outb(vm, PORT + LBA_HIGH, 0xc2);
            outb(vm, PORT + COMMAND, 0xb0);
            if (wait_ready(vm) & DRQ) {
                uint16_t data[SECTOR / 2];

                read_data(vm, data, SECTOR / 2);
            }
            g_assert_cmphex(wait_ready(vm) & DRQ, ==, 0);
        }
    }
    vm_stop(vm);
    remove(image);
}

/* ---------------------------------------------------------------------------------- a reset -- */

/* The other drive's DMA is stopped by the channel's reset, and nothing of it comes later. */
static void test_reset_of_the_other_drive(void)
{
    g_autofree char *image = make_image(20480);
    Vm *vm = vm_start("-nodefaults -drive file=%s,format=raw,snapshot=on"
                      " -drive file=%s,format=raw,snapshot=on",
                      image, image);

    pci_writel(vm, IDE, 0x20, BM);
    pci_writew(vm, IDE, 4, 5);
    for (int i = 0; i < 20; i++) {
        put_prd(vm, 0, BUFFER, 0 | EOT);
        outb(vm, BM, 0);
        outl(vm, BM + 4, PRDT);
        outb(vm, BM + 2, BM_ERROR | INTERRUPT);
        command(vm, 1, 0, 128, 0xc8);
        outb(vm, BM, 9);
        outb(vm, PORT + DEVICE, 0xe0); /* the first drive is selected */
        outb(vm, CONTROL, 4);
        outb(vm, CONTROL, 0);
        g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, 0);
        outb(vm, BM, 0);
        vm_fill(vm, BUFFER, 65536, 0xee);
        g_usleep(1000);
        inb(vm, CONTROL);
        g_assert_cmphex(readl(vm, BUFFER), ==, 0xeeeeeeee);
        g_assert_cmphex(inb(vm, PORT + ERROR), ==, 1);
    }
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
    g_test_add_func("/ide/prd-shapes", test_prd_shapes);
    g_test_add_func("/ide/no-memory", test_no_memory);
    g_test_add_func("/ide/abort", test_abort);
    g_test_add_func("/ide/trim", test_trim);
    g_test_add_func("/ide/flush", test_flush);
    g_test_add_func("/ide/diagnostic", test_diagnostic);
    g_test_add_func("/ide/smart-selectors", test_smart);
    g_test_add_func("/ide/reset-of-the-other-drive", test_reset_of_the_other_drive);
    return g_test_run();
}
