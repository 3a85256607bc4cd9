/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CD drive: packets with data by PIO and DMA, media, the tray, and what a guest may do wrong.
 */
#include <glib/gstdio.h>

#include "vm.h"

#define PORT    0x170 /* the second channel's first drive */
#define CONTROL 0x376
#define IRQ     15
#define IDE     PCI_DEVFN(1, 1)
#define BM      0xc008
#define PRDT    0x4000
#define BUFFER  0x10000
#define BLOCK   2048
#define BLOCKS  64

enum { DATA, ERROR, REASON, LBA_LOW, COUNT_LOW, COUNT_HIGH, DEVICE, COMMAND };
enum { BSY = 0x80, DRDY = 0x40, DF = 0x20, DRQ = 0x08, ERR = 0x01 };
enum { PACKET = 0xa0, IDENTIFY = 0xec, IDENTIFY_PACKET = 0xa1 };

static char *image;

static uint8_t pattern(size_t n)
{
    return n * 5 + (n >> 11) * 3;
}

static Vm *start(const char *options)
{
    Vm *vm = vm_start("-nodefaults -drive id=cd0,media=cdrom,if=ide,index=2%s", options);

    vm_watch_irqs(vm, "ioapic");
    return vm;
}

static Vm *start_with_disc(void)
{
    g_autofree char *options = g_strdup_printf(",file=%s", image);

    return start(options);
}

static uint8_t wait_ready(Vm *vm)
{
    uint8_t status;

    for (int i = 0; (status = inb(vm, CONTROL)) & BSY; i++) {
        g_assert_cmpint(i, <, 20000);
        g_usleep(200);
    }
    return status;
}

/* Send a packet; `limit` is how much the drive may move at a time, `dma` how it moves it. */
static uint8_t packet(Vm *vm, const uint8_t cdb[12], uint16_t limit, bool dma)
{
    outb(vm, PORT + DEVICE, 0xa0);
    outb(vm, PORT + ERROR, dma);
    outb(vm, PORT + COUNT_LOW, limit);
    outb(vm, PORT + COUNT_HIGH, limit >> 8);
    outb(vm, PORT + COMMAND, PACKET);
    g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, DRQ);
    g_assert_cmphex(inb(vm, PORT + REASON) & 3, ==, 1);
    for (int i = 0; i < 12; i += 2) {
        outw(vm, PORT + DATA, cdb[i] | cdb[i + 1] << 8);
    }
    return dma ? 0 : wait_ready(vm);
}

#define CDB(...) ((const uint8_t[12]){__VA_ARGS__})

/* Take all that the drive gives; how many bytes. */
static size_t take_data(Vm *vm, uint8_t *buf, size_t max)
{
    size_t n = 0;

    while (wait_ready(vm) & DRQ) {
        const unsigned len = inb(vm, PORT + COUNT_LOW) | inb(vm, PORT + COUNT_HIGH) << 8;

        g_assert_cmphex(inb(vm, PORT + REASON) & 3, ==, 2);
        g_assert_cmpuint(len, >, 0);
        g_assert_cmpuint(n + len, <=, max);
        for (unsigned i = 0; i < len; i += 2) {
            const uint16_t word = inw(vm, PORT + DATA);

            buf[n++] = word;
            if (n < max) {
                buf[n++] = word >> 8;
            }
        }
    }
    g_assert_cmphex(inb(vm, PORT + REASON) & 3, ==, 3);
    return n;
}

/* Sense key and code of the last command, by REQUEST SENSE. */
static unsigned sense(Vm *vm)
{
    uint8_t data[18];

    packet(vm, CDB(0x03, 0, 0, 0, 18), 18, false);
    g_assert_cmpuint(take_data(vm, data, sizeof(data)), ==, 18);
    return (data[2] & 0xf) << 8 | data[12];
}

/* A drive that was reset, or whose disc came, says so once. */
static void attend(Vm *vm)
{
    for (int i = 0; i < 4 && (packet(vm, CDB(0x00), 0, false) & ERR); i++) {
        sense(vm);
    }
}

static void test_identify(void)
{
    Vm *vm = start_with_disc();

    outb(vm, PORT + DEVICE, 0xa0);
    outb(vm, PORT + COMMAND, IDENTIFY_PACKET);
    g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, DRQ);
    g_assert_cmphex(inw(vm, PORT + DATA) & 0xff00, ==, 0x8500); /* a removable CD drive */
    for (int i = 1; i < 256; i++) {
        inw(vm, PORT + DATA);
    }
    outb(vm, PORT + COMMAND, IDENTIFY);
    g_assert_cmphex(wait_ready(vm) & (DRQ | ERR), ==, ERR);
    g_assert_cmphex(inb(vm, PORT + COUNT_LOW), ==, 0x14);
    g_assert_cmphex(inb(vm, PORT + COUNT_HIGH), ==, 0xeb);
    vm_stop(vm);
}

static void test_pio(void)
{
    static const uint16_t limits[] = {2048, 512, 1024, 3000, 0xfffe, 0xffff};
    Vm *vm = start_with_disc();
    uint8_t data[3 * BLOCK];

    attend(vm);
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        packet(vm, CDB(0x28, 0, 0, 0, 0, 5, 0, 0, 3), limits[i], false);
        g_assert_cmpuint(take_data(vm, data, sizeof(data)), ==, sizeof(data));
        for (size_t n = 0; n < sizeof(data); n++) {
            g_assert_cmphex(data[n], ==, pattern(5 * BLOCK + n));
        }
        g_assert_cmphex(inb(vm, PORT + COMMAND) & (ERR | DF), ==, 0);
    }
    packet(vm, CDB(0x28, 0, 0, 0, 0, 5, 0, 0, 0), 2048, false); /* of nothing */
    g_assert_cmpuint(take_data(vm, data, sizeof(data)), ==, 0);
    vm_stop(vm);
}

static void test_dma(void)
{
    Vm *vm = start_with_disc();
    uint8_t data[4 * BLOCK];

    attend(vm);
    pci_writel(vm, IDE, 0x20, BM & ~0xf);
    pci_writew(vm, IDE, 4, 5);
    writel(vm, PRDT, BUFFER);
    writel(vm, PRDT + 4, 1u << 31 | sizeof(data));
    outl(vm, BM + 4, PRDT);
    outb(vm, BM + 2, 6);
    packet(vm, CDB(0x28, 0, 0, 0, 0, 9, 0, 0, 4), 0, true);
    outb(vm, BM, 9);
    for (int i = 0; !(inb(vm, BM + 2) & 4); i++) {
        g_assert_cmpint(i, <, 20000);
        g_usleep(200);
    }
    g_assert_cmphex(inb(vm, BM + 2) & 7, ==, 4);
    outb(vm, BM, 8);
    g_assert_cmphex(inb(vm, PORT + COMMAND) & (BSY | DRQ | DF | ERR), ==, 0);
    vm_read(vm, BUFFER, data, sizeof(data));
    for (size_t n = 0; n < sizeof(data); n++) {
        g_assert_cmphex(data[n], ==, pattern(9 * BLOCK + n));
    }
    vm_stop(vm);
}

/* Without a disc commands on one fail, others work; a disc that comes is announced. */
static void test_empty(void)
{
    Vm *vm = start("");
    uint8_t data[BLOCK];

    attend(vm);
    g_assert_cmphex(packet(vm, CDB(0x00), 0, false) & ERR, ==, ERR);
    g_assert_cmphex(sense(vm), ==, 0x23a); /* not ready: no medium */
    g_assert_cmphex(packet(vm, CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 1), 2048, false) & (ERR | DRQ), ==,
                    ERR);
    g_assert_cmphex(sense(vm), ==, 0x23a);
    packet(vm, CDB(0x12, 0, 0, 0, 36), 36, false);
    g_assert_cmpuint(take_data(vm, data, sizeof(data)), ==, 36);
    vm_do(vm, "blockdev-change-medium", "{s:s, s:s}", "device", "cd0", "filename", image);
    g_assert_cmphex(packet(vm, CDB(0x00), 0, false) & ERR, ==, ERR);
    attend(vm);
    packet(vm, CDB(0x28, 0, 0, 0, 0, 1, 0, 0, 1), 2048, false);
    g_assert_cmpuint(take_data(vm, data, sizeof(data)), ==, BLOCK);
    g_assert_cmphex(data[3], ==, pattern(BLOCK + 3));
    vm_do(vm, "eject", "{s:s}", "device", "cd0");
    g_assert_cmphex(packet(vm, CDB(0x28, 0, 0, 0, 0, 1, 0, 0, 1), 2048, false) & (ERR | DRQ), ==,
                    ERR);
    vm_stop(vm);
}

/* The guest moves its tray, and holds it shut against the user. */
static void test_tray(void)
{
    Vm *vm = start_with_disc();
    g_autofree char *desc = NULL;
    g_autofree char *class = NULL;

    attend(vm);
    packet(vm, CDB(0x1e, 0, 0, 0, 1), 0, false); /* lock */
    g_assert_cmphex(packet(vm, CDB(0x1b, 0, 0, 0, 2), 0, false) & ERR, ==, ERR);
    class = vm_qmp_error(vm, &desc, "eject", "{s:s}", "device", "cd0");
    g_assert_nonnull(strstr(desc, "is locked"));
    packet(vm, CDB(0x1e, 0, 0, 0, 0), 0, false);
    g_assert_cmphex(packet(vm, CDB(0x1b, 0, 0, 0, 2), 0, false) & ERR, ==, 0);
    vm_expect_event(vm, "DEVICE_TRAY_MOVED", "device", "cd0");
    g_assert_cmphex(packet(vm, CDB(0x00), 0, false) & ERR, ==, ERR);
    g_assert_cmphex(packet(vm, CDB(0x1b, 0, 0, 0, 3), 0, false) & ERR, ==, 0);
    vm_expect_event(vm, "DEVICE_TRAY_MOVED", "device", "cd0");
    attend(vm);
    g_assert_cmphex(packet(vm, CDB(0x00), 0, false) & ERR, ==, 0);
    vm_stop(vm);
}

/* ----------------------------------------------------------------------------- known faults -- */

/* What only a disk knows (CVE-2015-6855), the data port after a command without data
 * (CVE-2015-5154), and addresses beyond all bounds (CVE-2020-29443). */
static void test_faults(void)
{
    static const uint8_t disk_commands[] = {0x20, 0x24, 0x30, 0x34, 0xc4, 0xc5, 0xc8, 0xca,
                                            0xc6, 0xf8, 0x27, 0x06, 0xe7, 0xb0, 0x25, 0x35};
    Vm *vm = start_with_disc();
    uint8_t data[64 * 1024];

    attend(vm);
    for (size_t i = 0; i < G_N_ELEMENTS(disk_commands); i++) {
        outb(vm, PORT + DEVICE, 0xe0);
        outb(vm, PORT + REASON, 0);
        outb(vm, PORT + COMMAND, disk_commands[i]);
        g_assert_cmphex(wait_ready(vm) & DRQ, ==, 0);
        for (int n = 0; n < 300; n++) {
            inl(vm, PORT + DATA);
            outl(vm, PORT + DATA, 0xffffffff);
        }
    }
    for (int i = 0; i < 4; i++) { /* stop, start, eject, load */
        packet(vm, CDB(0x1b, 0, 0, 0, i), 0xffff, false);
        for (int n = 0; n < 2000; n++) {
            outl(vm, PORT + DATA, 0xffffffff);
            inl(vm, PORT + DATA);
        }
    }
    attend(vm);
    for (int limit = 0; limit < 0x10000; limit += 0x5555) {
        g_assert_cmphex(packet(vm, CDB(0xa8, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2), limit, false) &
                            (ERR | DRQ),
                        ==, ERR);
        g_assert_cmphex(
            packet(vm, CDB(0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff), limit, false) &
                (ERR | DRQ),
            ==, ERR);
        g_assert_cmphex(packet(vm, CDB(0x28, 0, 0, 0, 0, BLOCKS - 1, 0, 0, 2), limit, false) &
                            (ERR | DRQ),
                        ==, ERR);
        g_assert_cmphex(sense(vm), ==, 0x521); /* out of range */
    }
    packet(vm, CDB(0x28, 0, 0, 0, 0, BLOCKS - 1, 0, 0, 1), 2048, false);
    g_assert_cmpuint(take_data(vm, data, sizeof(data)), ==, BLOCK);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_autofree char *folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_autofree char *data = g_malloc(BLOCKS * BLOCK);
    int result;

    g_test_init(&argc, &argv, NULL);
    image = g_build_filename(folder, "disc", NULL);
    for (size_t n = 0; n < BLOCKS * BLOCK; n++) {
        data[n] = pattern(n);
    }
    g_assert_true(g_file_set_contents(image, data, BLOCKS * BLOCK, NULL));
    g_test_add_func("/atapi/identify", test_identify);
    g_test_add_func("/atapi/pio", test_pio);
    g_test_add_func("/atapi/dma", test_dma);
    g_test_add_func("/atapi/empty", test_empty);
    g_test_add_func("/atapi/tray", test_tray);
    g_test_add_func("/atapi/faults", test_faults);
    result = g_test_run();
    g_unlink(image);
    g_rmdir(folder);
    g_free(image);
    return result;
}
