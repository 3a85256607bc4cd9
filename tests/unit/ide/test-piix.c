/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PIIX3's IDE function on a PCI bus: identity, decoding, the bus master's BAR, both channels.
 */
#include <glib/gstdio.h>
#include <unistd.h>

#include "../pci/bench.h"
#include "backends/block.h"
#include "hw/ide/ide.h"

#define FN    PCI_DEVFN(1, 1)
#define BMIBA 0xc000

typedef struct Board {
    Bench b;
    Device *ide;
    IrqRecord irq[IDE_CHANNELS];
    char *path;
} Board;

/* A disk as the second channel's first drive. */
static void board_begin(Board *board)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = g_malloc(64 * 512);

    bench_begin(&board->b);
    board->ide = device_new(&piix3_ide_class.device);
    device_set_str(board->ide, "addr", "1.1");
    device_realize_or_die(board->ide, &board->b.bus->bus);
    for (int i = 0; i < IDE_CHANNELS; i++) {
        record_init(&board->irq[i], 14 + i);
        device_connect_gpio_out(board->ide, NULL, i, &board->irq[i].irq);
    }
    for (int i = 0; i < 64 * 512; i++) {
        data[i] = i / 512 + i;
    }
    int fd = g_file_open_tmp("lignite-piix-XXXXXX", &board->path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, data, 64 * 512), ==, 64 * 512);
    close(fd);
    g_assert_nonnull(
        block_open("d0", &(BlockOptions){.filename = board->path, .format_given = true}, &error));
    Device *disk = device_new(&ide_hd_class);
    device_set_str(disk, "drive", "d0");
    device_realize_or_die(disk, bus_find("ide.1"));
    g_assert_true(bus_find("ide.1") == &piix3_ide_bus(board->ide, 1)->bus);
    devices_reset();
}

static void board_end(Board *board)
{
    bench_end(&board->b);
    block_close_all();
    g_unlink(board->path);
    g_free(board->path);
}

static void test_config(void)
{
    Board board;

    board_begin(&board);
    g_assert_cmphex(cfg_readl(FN, 0), ==, 0x70108086);
    g_assert_cmphex(cfg_readl(FN, 8) >> 8, ==, 0x010180);
    g_assert_cmphex(cfg_readw(FN, 6), ==, 0x0280);
    g_assert_cmphex(cfg_readb(FN, 0x3d), ==, 0); /* no pin: the fixed interrupts */
    cfg_writel(FN, 0x20, 0xffffffff);
    g_assert_cmphex(cfg_readl(FN, 0x20), ==, 0xfffffff1);
    board_end(&board);
}

static void test_decode(void)
{
    Board board;

    board_begin(&board);
    g_assert_cmphex(inb(0x177), ==, 0x50);
    g_assert_cmphex(inb(0x376), ==, 0x50);
    cfg_writew(FN, 0x42, 0);
    g_assert_cmphex(inb(0x177), ==, 0xff);
    g_assert_cmphex(inb(0x376), ==, 0xff);
    g_assert_cmphex(inb(0x1f7), ==, 0); /* the other channel has no drives */
    cfg_writel(FN, 0x40, 0x80000000);
    g_assert_cmphex(inb(0x177), ==, 0x50);
    g_assert_cmphex(inb(0x1f7), ==, 0xff);
    devices_reset();
    g_assert_cmphex(inb(0x1f7), ==, 0);
    g_assert_cmphex(cfg_readl(FN, 0x40), ==, 0x80008000);
    board_end(&board);
}

static uint8_t run(unsigned sectors)
{
    outb(BMIBA + 8, 0);
    outb(BMIBA + 10, 6);
    outb(0x172, sectors);
    outb(0x173, 5);
    outb(0x174, 0);
    outb(0x175, 0);
    outb(0x176, 0xe0);
    outl(BMIBA + 12, 0x1000);
    outb(0x177, 0xc8);
    outb(BMIBA + 8, 9);
    uint8_t status;
    while (((status = inb(BMIBA + 10)) & 5) == 1) {
        g_main_context_iteration(NULL, TRUE);
    }
    return status;
}

static void test_bus_master(void)
{
    Board board;

    board_begin(&board);
    g_assert_cmphex(inb(BMIBA + 10), ==, 0xff); /* not mapped */
    cfg_writel(FN, 0x20, BMIBA);
    cfg_writew(FN, 4, 5);
    g_assert_cmphex(inb(BMIBA + 10), ==, 0);
    writel(0x1000, 0x8000);
    writel(0x1004, 512 | 0x80000000);
    g_assert_cmphex(run(1), ==, 4);
    g_assert_cmpint(board.irq[1].level, ==, 1);
    g_assert_cmpint(board.irq[0].raised, ==, 0);
    g_assert_cmphex(readl(0x8000), ==, 0x08070605);
    g_assert_cmphex(inb(BMIBA + 2), ==, 0); /* the first channel's */
    inb(0x177);
    g_assert_cmpint(board.irq[1].level, ==, 0);

    /* Without Bus Master Enable the drive ends, and memory stays. */
    writel(0x8000, 0x55555555);
    cfg_writew(FN, 4, 1);
    g_assert_cmphex(run(1), ==, 5);
    g_assert_cmphex(inb(0x177) & 0x21, ==, 0);
    g_assert_cmphex(readl(0x8000), ==, 0x55555555);

    /* A piece that lies over configuration or the device's own ports is not memory. */
    cfg_writew(FN, 4, 5);
    writel(0x1000, 0xfffffffe);
    g_assert_cmphex(run(1) & 4, ==, 4);
    devices_reset();
    g_assert_cmphex(inb(0x177), ==, 0x50);
    board_end(&board);
}

static void test_reset_in_transfer(void)
{
    Board board;

    board_begin(&board);
    cfg_writel(FN, 0x20, BMIBA);
    cfg_writew(FN, 4, 5);
    writel(0x1000, 0x8000);
    writel(0x1004, 512 | 0x80000000);
    outl(BMIBA + 12, 0x1000);
    outb(0x172, 1);
    outb(0x173, 5);
    outb(0x176, 0xe0);
    outb(0x177, 0xc8);
    outb(BMIBA + 8, 9);
    devices_reset();
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_assert_cmphex(readl(0x8000), ==, 0);
    g_assert_cmpint(board.irq[1].raised, ==, 0);
    g_assert_cmphex(inb(0x177), ==, 0x50);
    board_end(&board);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/piix3-ide/config", test_config);
    g_test_add_func("/piix3-ide/decode", test_decode);
    g_test_add_func("/piix3-ide/bus-master", test_bus_master);
    g_test_add_func("/piix3-ide/reset-in-transfer", test_reset_in_transfer);
    return g_test_run();
}
