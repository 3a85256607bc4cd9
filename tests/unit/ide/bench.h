/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bench for IDE drives: one channel at the PC's ports, a bus master at C000, RAM, images in a
 * temporary folder. The host's reads and writes go through this program, which can make them fail.
 */
#ifndef LIGNITE_TESTS_UNIT_IDE_BENCH_H
#define LIGNITE_TESTS_UNIT_IDE_BENCH_H

#include <glib/gstdio.h>
#include <unistd.h>

#include "backends/block.h"
#include "harness.h"
#include "host-faults.h"
#include "../../../hw/ide/bmdma.h"

#define DATA       0x1f0
#define ERROR      0x1f1
#define FEATURES   0x1f1
#define COUNT      0x1f2
#define LBA_LOW    0x1f3
#define LBA_MID    0x1f4
#define LBA_HIGH   0x1f5
#define DEVHEAD    0x1f6
#define STATUS     0x1f7
#define COMMAND    0x1f7
#define CONTROL    0x3f6
#define ALT_STATUS 0x3f6
#define BM         0xc000
#define BM_CMD     (BM + 0)
#define BM_STS     (BM + 2)
#define BM_PRD     (BM + 4)

#define BSY  0x80
#define DRDY 0x40
#define DF   0x20
#define DSC  0x10
#define DRQ  0x08
#define ERR  0x01
#define ABRT 0x04
#define IDNF 0x10
#define UNC  0x40
#define LBA  0xe0
#define DEV1 0xf0

#define ACTIVE   1
#define BM_ERROR 2
#define INTR     4
#define EOT      0x80000000u

#define RAM_SIZE (4 << 20)

typedef struct Bench {
    IDEBus bus;
    BMDMA bm;
    bool bm_enabled;
    MemoryRegion ram;
    IrqRecord irq;
    Irq *pin;
    uint8_t *mem; /* the RAM */
} Bench;

static char *bench_dir;

static inline bool bench_enabled(void *opaque)
{
    return ((Bench *)opaque)->bm_enabled;
}

static inline void bench_begin(Bench *b)
{
    memset(b, 0, sizeof(*b));
    memory_system_init();
    record_init(&b->irq, 14);
    b->pin = &b->irq.irq;
    b->bm_enabled = true;
    g_assert_true(memory_region_init_ram(&b->ram, NULL, "ram", RAM_SIZE, NULL));
    b->mem = memory_region_get_ram_ptr(&b->ram);
    memory_region_add_subregion(get_system_memory(), 0, &b->ram);
    ide_bus_init(&b->bus, NULL, "ide.0", &b->pin);
    bmdma_init(&b->bm, &b->bus, NULL, &address_space_memory, bench_enabled, b);
    memory_region_add_subregion(get_system_io(), 0x1f0, &b->bus.command);
    memory_region_add_subregion(get_system_io(), 0x3f6, &b->bus.control);
    memory_region_add_subregion(get_system_io(), BM, &b->bm.io);
}

static inline void bench_end(Bench *b)
{
    memory_region_del_subregion(get_system_io(), &b->bus.command);
    memory_region_del_subregion(get_system_io(), &b->bus.control);
    memory_region_del_subregion(get_system_io(), &b->bm.io);
    memory_region_del_subregion(get_system_memory(), &b->ram);
    bus_destroy(&b->bus.bus);
    bmdma_destroy(&b->bm);
    memory_region_destroy(&b->bus.command);
    memory_region_destroy(&b->bus.control);
    memory_region_destroy(&b->ram);
    block_close_all();
    memory_system_cleanup();
}

static inline uint8_t pattern(uint64_t pos)
{
    return pos * 7 + (pos >> 9) * 13 + (pos >> 17);
}

/* An image whose bytes tell their place. */
static inline char *bench_image(const char *name, size_t len)
{
    char *path = g_build_filename(bench_dir, name, NULL);
    g_autofree char *data = g_malloc(len + 1);

    for (size_t i = 0; i < len; i++) {
        data[i] = pattern(i);
    }
    g_assert_true(g_file_set_contents(path, data, len, NULL));
    return path;
}

static inline void bench_drive(const char *id, const char *path, BlockOptions options)
{
    g_autoptr(GError) error = NULL;

    options.filename = path;
    options.format_given = true;
    BlockBackend *blk = block_open(id, &options, &error);
    g_assert_no_error(error);
    g_assert_nonnull(blk);
}

/* A drive with properties in pairs, then NULL. */
G_GNUC_NULL_TERMINATED
static inline Device *bench_device(Bench *b, const DeviceClass *cls, ...)
{
    va_list props;

    va_start(props, cls);
    Device *dev = harness_new(cls, props);
    va_end(props);
    device_realize_or_die(dev, &b->bus.bus);
    device_reset(dev);
    return dev;
}

/* A disk of `len` bytes in unit 0. */
static inline void bench_disk(Bench *b, size_t len)
{
    g_autofree char *path = bench_image("disk0", len);

    bench_drive("d0", path, (BlockOptions){.discard = true});
    bench_device(b, &ide_hd_class, "drive", "d0", NULL);
}

static inline uint8_t wait_idle(void)
{
    while (inb(ALT_STATUS) & BSY) {
        g_main_context_iteration(NULL, TRUE);
    }
    return inb(ALT_STATUS);
}

/* Until the drive interrupts. */
static inline void wait_irq(Bench *b)
{
    while (!b->irq.level) {
        g_main_context_iteration(NULL, TRUE);
    }
}

static inline void set_address28(unsigned device, uint32_t lba, unsigned count)
{
    outb(DEVHEAD, device | (lba >> 24 & 0xf));
    outb(COUNT, count);
    outb(LBA_LOW, lba);
    outb(LBA_MID, lba >> 8);
    outb(LBA_HIGH, lba >> 16);
}

static inline void set_address48(unsigned device, uint64_t lba, unsigned count)
{
    outb(DEVHEAD, device);
    outb(COUNT, count >> 8);
    outb(COUNT, count);
    outb(LBA_LOW, lba >> 24);
    outb(LBA_LOW, lba);
    outb(LBA_MID, lba >> 32);
    outb(LBA_MID, lba >> 8);
    outb(LBA_HIGH, lba >> 40);
    outb(LBA_HIGH, lba >> 16);
}

/* Run a command without data; returns the status it ends with, which clears the interrupt. */
static inline uint8_t simple_command(Bench *b, uint8_t command)
{
    outb(COMMAND, command);
    wait_idle();
    g_assert_cmpint(b->irq.level, ==, 1);
    uint8_t status = inb(STATUS);
    g_assert_cmpint(b->irq.level, ==, 0);
    g_assert_cmphex(status & (BSY | DRQ), ==, 0);
    return status;
}

/* Take `blocks` DRQ blocks of `len` bytes each. */
static inline void pio_in(Bench *b, uint8_t *buf, unsigned blocks, size_t len)
{
    for (unsigned i = 0; i < blocks; i++) {
        wait_idle();
        g_assert_cmpint(b->irq.level, ==, 1);
        g_assert_cmphex(inb(STATUS) & (BSY | DRDY | DRQ | ERR | DF), ==, DRDY | DRQ);
        for (size_t k = 0; k < len; k += 2) {
            uint16_t val = inw(DATA);
            *buf++ = val;
            *buf++ = val >> 8;
        }
    }
    g_assert_cmphex(wait_idle() & (DRQ | ERR), ==, 0);
}

static inline void pio_out(Bench *b, const uint8_t *buf, unsigned blocks, size_t len)
{
    for (unsigned i = 0; i < blocks; i++) {
        wait_idle();
        g_assert_cmpint(b->irq.level, ==, i > 0); /* none for the first block */
        g_assert_cmphex(inb(STATUS) & (BSY | DRDY | DRQ | ERR | DF), ==, DRDY | DRQ);
        for (size_t k = 0; k < len; k += 2) {
            outw(DATA, buf[0] | buf[1] << 8);
            buf += 2;
        }
    }
    wait_idle();
    g_assert_cmpint(b->irq.level, ==, 1);
    g_assert_cmphex(inb(STATUS) & (DRQ | ERR | DRDY), ==, DRDY);
}

static inline void put_prd(Bench *b, uint32_t table, unsigned i, uint32_t addr, uint32_t word)
{
    uint32_t prd[2] = {GUINT32_TO_LE(addr), GUINT32_TO_LE(word)};

    memcpy(b->mem + table + 8 * i, prd, 8);
}

/* Start the bus master; returns its status when the transfer came to rest. */
static inline uint8_t run_dma(bool to_memory)
{
    outb(BM_CMD, to_memory ? 9 : 1);
    uint8_t status;
    while (((status = inb(BM_STS)) & (ACTIVE | INTR)) == ACTIVE) {
        g_main_context_iteration(NULL, TRUE);
    }
    return status;
}

static inline void stop_dma(void)
{
    outb(BM_CMD, 0);
    outb(BM_STS, INTR | BM_ERROR);
    inb(STATUS);
}

static inline void bench_init(int *argc, char ***argv)
{
    harness_init(argc, argv);
    bench_dir = g_dir_make_tmp("lignite-ide-XXXXXX", NULL);
    g_assert_nonnull(bench_dir);
}

static inline int bench_run(void)
{
    int status = g_test_run();
    GDir *d = g_dir_open(bench_dir, 0, NULL);

    for (const char *name; (name = g_dir_read_name(d));) {
        g_autofree char *path = g_build_filename(bench_dir, name, NULL);
        g_unlink(path);
    }
    g_dir_close(d);
    g_rmdir(bench_dir);
    g_free(bench_dir);
    return status;
}

#endif
