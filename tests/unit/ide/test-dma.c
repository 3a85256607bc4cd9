/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus master: every shape of descriptor table, stops, errors, resets, and what goes over it.
 */
#include "bench.h"

#define DISK_SECTORS 4096
#define TABLE        0x8000
#define PLACE        0x100000

static void assert_memory(Bench *b, uint32_t addr, uint64_t pos, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        g_assert_cmphex(b->mem[addr + i], ==, pattern(pos + i));
    }
}

static void assert_untouched(Bench *b, uint32_t addr, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        g_assert_cmphex(b->mem[addr + i], ==, 0xee);
    }
}

static void setup(Bench *b)
{
    bench_begin(b);
    bench_disk(b, DISK_SECTORS * 512);
    memset(b->mem + PLACE, 0xee, RAM_SIZE - PLACE);
}

/* Read `sectors` from `lba` on through the table. */
static uint8_t dma_read(uint32_t lba, unsigned sectors)
{
    outb(BM_CMD, 0);
    outb(BM_STS, INTR | BM_ERROR);
    outl(BM_PRD, TABLE);
    set_address48(LBA, lba, sectors);
    outb(COMMAND, 0x25);
    return run_dma(true);
}

static uint8_t dma_write(uint32_t lba, unsigned sectors)
{
    outb(BM_CMD, 0);
    outb(BM_STS, INTR | BM_ERROR);
    outl(BM_PRD, TABLE);
    set_address48(LBA, lba, sectors);
    outb(COMMAND, 0x35);
    return run_dma(false);
}

static void test_registers(void)
{
    Bench b;

    setup(&b);
    outl(BM_PRD, 0x12345677);
    g_assert_cmphex(inl(BM_PRD), ==, 0x12345674);
    outw(BM_PRD + 2, 0xabcd);
    g_assert_cmphex(inl(BM_PRD), ==, 0xabcd5674);
    outb(BM_PRD + 1, 0x99);
    g_assert_cmphex(inw(BM_PRD), ==, 0x9974);
    outb(BM_STS, 0xff);
    g_assert_cmphex(inb(BM_STS), ==, 0x60);
    outb(BM_STS, 0);
    g_assert_cmphex(inb(BM_STS), ==, 0);
    outb(BM_CMD, 0xfe);
    g_assert_cmphex(inb(BM_CMD), ==, 0x08);
    outb(BM_CMD, 0x09);
    g_assert_cmphex(inb(BM_STS), ==, ACTIVE); /* nobody asks for anything */
    outb(BM_CMD, 0);
    g_assert_cmphex(inb(BM_STS), ==, 0);
    bench_end(&b);
}

static void test_exact(void)
{
    Bench b;

    setup(&b);
    put_prd(&b, TABLE, 0, PLACE, 4096 | EOT);
    g_assert_cmphex(dma_read(5, 8), ==, INTR);
    g_assert_cmpint(b.irq.level, ==, 1);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    g_assert_cmpint(b.irq.level, ==, 0);
    assert_memory(&b, PLACE, 5 * 512, 4096);
    assert_untouched(&b, PLACE + 4096, 512);
    /* Pieces that are no sectors, and one at an odd address, whose lowest bit is not seen. */
    put_prd(&b, TABLE, 0, PLACE + 0x10001, 6);
    put_prd(&b, TABLE, 1, PLACE + 0x20000, 1000);
    put_prd(&b, TABLE, 2, PLACE + 0x30000, (1024 - 1006) | EOT);
    g_assert_cmphex(dma_read(7, 2), ==, INTR);
    assert_memory(&b, PLACE + 0x10000, 7 * 512, 6);
    assert_memory(&b, PLACE + 0x20000, 7 * 512 + 6, 1000);
    assert_memory(&b, PLACE + 0x30000, 7 * 512 + 1006, 18);
    /* Count 0 is 64 KiB; more than one chunk. */
    for (int i = 0; i < 6; i++) {
        put_prd(&b, TABLE, i, PLACE + i * 65536, i == 5 ? EOT : 0);
    }
    g_assert_cmphex(dma_read(100, 768), ==, INTR);
    assert_memory(&b, PLACE, 100 * 512, 768 * 512);
    bench_end(&b);
}

/* All sizes of one piece against all lengths of a command, run to the end and stopped at once. */
static void test_all_sizes(void)
{
    Bench b;

    setup(&b);
    for (unsigned sectors = 1; sectors <= 256; sectors *= 2) {
        for (unsigned size = 0; size < 65536; size += 1792) {
            unsigned have = size ? size : 65536, want = sectors * 512;
            uint8_t expect = have < want ? 0 : have == want ? INTR : ACTIVE | INTR;
            put_prd(&b, TABLE, 0, PLACE, size | EOT);
            g_assert_cmphex(dma_read(0, sectors), ==, expect);
            g_assert_cmpint(b.irq.level, ==, !!(expect & INTR));
            g_assert_cmphex(inb(STATUS) & (DF | ERR | DRQ | BSY), ==, 0);
            g_assert_cmpint(b.irq.level, ==, 0);

            /* Clearing Start waits for what is in flight. */
            outb(BM_CMD, 0);
            outb(BM_STS, INTR);
            set_address48(LBA, 0, sectors);
            outb(COMMAND, 0x25);
            outb(BM_CMD, 9);
            outb(BM_CMD, 0);
            g_assert_cmphex(inb(BM_STS), ==, expect & INTR);
            g_assert_cmphex(inb(STATUS) & (DF | ERR | DRQ | BSY), ==, 0);
        }
    }
    assert_memory(&b, PLACE, 0, 65536);
    bench_end(&b);
}

static void test_short_table(void)
{
    uint8_t buf[3 * 512];
    Bench b;

    setup(&b);
    put_prd(&b, TABLE, 0, PLACE, 700 | EOT);
    g_assert_cmphex(dma_read(3, 4), ==, 0);
    assert_memory(&b, PLACE, 3 * 512, 700);
    assert_untouched(&b, PLACE + 700, 512);
    /* Of a write, the whole sectors that came. */
    g_assert_cmphex(dma_write(3, 4), ==, 0);
    wait_idle();
    g_assert_cmpint(block_pread(block_find("d0"), 3 * 512, buf, sizeof(buf)), ==, 0);
    for (int i = 0; i < 512; i++) {
        g_assert_cmphex(buf[i], ==, pattern(3 * 512 + i));
        g_assert_cmphex(buf[512 + i], ==, pattern(4 * 512 + i));
    }
    put_prd(&b, TABLE, 0, PLACE + 0x1000, 700 | EOT);
    g_assert_cmphex(dma_write(3, 4), ==, 0);
    wait_idle();
    g_assert_cmpint(block_pread(block_find("d0"), 3 * 512, buf, sizeof(buf)), ==, 0);
    g_assert_cmphex(buf[511], ==, 0xee);
    g_assert_cmphex(buf[512], ==, pattern(4 * 512));
    put_prd(&b, TABLE, 0, PLACE + 0x1000, 2 | EOT);
    g_assert_cmphex(dma_write(3, 4), ==, 0);
    wait_idle();
    g_assert_cmpint(b.irq.level, ==, 0);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    /* And the drive is well. */
    put_prd(&b, TABLE, 0, PLACE, 512 | EOT);
    g_assert_cmphex(dma_read(9, 1), ==, INTR);
    bench_end(&b);
}

static void test_long_table(void)
{
    Bench b;

    setup(&b);
    put_prd(&b, TABLE, 0, PLACE, 512);
    put_prd(&b, TABLE, 1, PLACE + 4096, 512 | EOT);
    g_assert_cmphex(dma_read(1, 1), ==, ACTIVE | INTR);
    assert_untouched(&b, PLACE + 4096, 512);
    outb(BM_CMD, 0);
    g_assert_cmphex(inb(BM_STS), ==, INTR);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    bench_end(&b);
}

static void test_no_bus_master(void)
{
    uint8_t buf[512];
    Bench b;

    setup(&b);
    b.bm_enabled = false;
    g_assert_cmphex(dma_read(0, 512), ==, ACTIVE | INTR);
    g_assert_cmpint(b.irq.level, ==, 1);
    g_assert_cmphex(inb(STATUS) & (DF | ERR), ==, 0);
    assert_untouched(&b, PLACE, 65536);
    /* Nothing is written that did not come from memory. */
    outb(BM_CMD, 0);
    dma_write(7, 1);
    g_assert_cmphex(inb(STATUS) & ERR, ==, ERR);
    g_assert_cmpint(block_pread(block_find("d0"), 7 * 512, buf, 512), ==, 0);
    g_assert_cmphex(buf[1], ==, pattern(7 * 512 + 1));

    /* A channel without one aborts. */
    ide_bus_set_dma(&b.bus, NULL, NULL);
    set_address28(LBA, 0, 1);
    g_assert_cmphex(simple_command(&b, 0xc8) & ERR, ==, ERR);
    bench_end(&b);
}

static void test_unreadable(void)
{
    Bench b;

    setup(&b);
    /* A table in nowhere, then pieces in nowhere. */
    static const uint32_t tables[] = {0xfffffff8, RAM_SIZE, 0x80000000, RAM_SIZE - 4};
    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        for (int write = 0; write < 2; write++) {
            outb(BM_CMD, 0);
            outb(BM_STS, INTR | BM_ERROR);
            outl(BM_PRD, tables[i]);
            set_address28(LBA, 1, 1);
            outb(COMMAND, write ? 0xca : 0xc8);
            g_assert_cmphex(run_dma(!write), ==, INTR | BM_ERROR);
            g_assert_cmphex(inb(STATUS) & (ERR | BSY | DRQ), ==, ERR);
            g_assert_cmphex(inb(ERROR) & ABRT, ==, ABRT);
        }
    }
    static const uint32_t places[] = {0xfffffffe, RAM_SIZE, RAM_SIZE - 256, 0xf0000000};
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        put_prd(&b, TABLE, 0, places[i], 512 | EOT);
        g_assert_cmphex(dma_read(1, 1) & (BM_ERROR | INTR), ==, BM_ERROR | INTR);
        g_assert_cmphex(inb(STATUS) & ERR, ==, ERR);
    }
    put_prd(&b, TABLE, 0, PLACE, 512 | EOT);
    g_assert_cmphex(dma_read(1, 1), ==, INTR);
    bench_end(&b);
}

static void test_stop_in_long_command(void)
{
    Bench b;

    setup(&b);
    for (int i = 0; i < 16; i++) {
        put_prd(&b, TABLE, i, PLACE + i * 65536, i == 15 ? EOT : 0);
    }
    outl(BM_PRD, TABLE);
    set_address48(LBA, 0, 2048);
    outb(COMMAND, 0x25);
    outb(BM_CMD, 9);
    outb(BM_CMD, 0);
    g_assert_cmphex(inb(BM_STS), ==, 0);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC); /* the drive gave it up */
    g_assert_cmpint(b.irq.raised, ==, 0);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    assert_untouched(&b, PLACE + 2048 * 512 - 65536, 65536);
    /* A stop before the drive asked, and a start after: the command still goes. */
    set_address48(LBA, 2, 1);
    put_prd(&b, TABLE, 0, PLACE, 512 | EOT);
    outb(BM_CMD, 9);
    outb(BM_CMD, 0);
    outb(COMMAND, 0x25);
    outb(BM_CMD, 0);
    g_assert_cmphex(inb(STATUS) & BSY, ==, BSY);
    g_assert_cmphex(run_dma(true), ==, INTR);
    assert_memory(&b, PLACE, 1024, 512);
    /* Start first, command second. */
    stop_dma();
    outb(BM_CMD, 9);
    set_address48(LBA, 3, 1);
    outb(COMMAND, 0x25);
    wait_irq(&b);
    g_assert_cmphex(inb(BM_STS), ==, INTR);
    assert_memory(&b, PLACE, 3 * 512, 512);
    bench_end(&b);
}

static void test_disk_error(void)
{
    Bench b;

    setup(&b);
    for (int i = 0; i < 4; i++) {
        put_prd(&b, TABLE, i, PLACE + i * 65536, i == 3 ? EOT : 0);
    }
    fault_from = 300 * 512;
    fault_to = 301 * 512;
    g_atomic_int_set(&fault_read, EIO);
    g_assert_cmphex(dma_read(0, 512) & INTR, ==, INTR);
    g_assert_cmphex(inb(STATUS) & (ERR | BSY), ==, ERR);
    g_assert_cmphex(inb(ERROR), ==, UNC);
    g_assert_cmpuint(inb(LBA_LOW) | inb(LBA_MID) << 8, ==, 300);
    assert_memory(&b, PLACE, 0, 300 * 512);
    g_atomic_int_set(&fault_read, 0);
    g_atomic_int_set(&fault_write, EIO);
    g_assert_cmphex(dma_write(300, 1) & INTR, ==, INTR);
    g_assert_cmphex(inb(STATUS) & (ERR | BSY), ==, ERR);
    g_atomic_int_set(&fault_write, 0);
    bench_end(&b);
}

static void test_fua(void)
{
    Bench b;

    setup(&b);
    put_prd(&b, TABLE, 0, PLACE, 512 | EOT);
    outl(BM_PRD, TABLE);
    g_atomic_int_set(&sync_count, 0);
    set_address48(LBA, 1, 1);
    outb(COMMAND, 0x3d);
    g_assert_cmphex(run_dma(false), ==, INTR);
    g_assert_cmpint(g_atomic_int_get(&sync_count), ==, 1);
    bench_end(&b);
}

static void put_range(Bench *b, unsigned i, uint64_t lba, uint64_t count)
{
    uint64_t entry = GUINT64_TO_LE(lba | count << 48);

    memcpy(b->mem + PLACE + i * 8, &entry, 8);
}

static uint8_t trim(unsigned blocks, uint8_t feature)
{
    outb(BM_CMD, 0);
    outb(BM_STS, INTR | BM_ERROR);
    outl(BM_PRD, TABLE);
    set_address48(LBA, 0, blocks);
    outb(FEATURES, feature);
    outb(COMMAND, 0x06);
    return run_dma(false);
}

static void test_trim(void)
{
    uint8_t buf[20 * 512];
    Bench b;

    setup(&b);
    memset(b.mem + PLACE, 0, 65536);
    put_range(&b, 0, 0, 2);
    put_range(&b, 1, 6, 8);
    put_range(&b, 63, 16, 1);
    put_prd(&b, TABLE, 0, PLACE, 512 | EOT);
    g_assert_cmphex(trim(1, 1), ==, INTR);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    g_assert_cmpint(block_pread(block_find("d0"), 0, buf, sizeof(buf)), ==, 0);
    for (int i = 0; i < 20; i++) {
        bool gone = i < 2 || (i >= 6 && i < 14) || i == 16;
        g_assert_cmphex(buf[i * 512 + 1], ==, gone ? 0 : pattern(i * 512 + 1));
    }
    /* A range beyond the end: nothing of that command happens. */
    put_range(&b, 0, 2, 2);
    put_range(&b, 1, DISK_SECTORS - 1, 2);
    g_assert_cmphex(trim(1, 1), ==, INTR);
    g_assert_cmphex(inb(STATUS) & ERR, ==, ERR);
    g_assert_cmphex(inb(ERROR) & ABRT, ==, ABRT);
    put_range(&b, 1, 0xffffffffffffULL, 0xffff);
    trim(1, 1);
    g_assert_cmphex(inb(STATUS) & ERR, ==, ERR);
    g_assert_cmpint(block_pread(block_find("d0"), 0, buf, sizeof(buf)), ==, 0);
    g_assert_cmphex(buf[2 * 512 + 1], ==, pattern(2 * 512 + 1));
    /* Not TRIM. */
    g_assert_cmphex(trim(1, 0) & INTR, ==, INTR);
    g_assert_cmphex(inb(STATUS) & ERR, ==, ERR);
    /* The largest command, all of it empty ranges, over and over the same memory. */
    memset(b.mem + PLACE, 0, 65536);
    for (int i = 0; i < 512; i++) {
        put_prd(&b, TABLE, i, PLACE, i == 511 ? EOT : 0);
    }
    g_assert_cmphex(trim(0, 1), ==, INTR);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    bench_end(&b);
}

static void test_reset_of_the_other_drive(void)
{
    g_autofree char *path = bench_image("cd0", 64 * 2048);
    Bench b;

    setup(&b);
    bench_drive("cd", path, (BlockOptions){.media_cdrom = true});
    bench_device(&b, &ide_cd_class, "drive", "cd", NULL);
    put_prd(&b, TABLE, 0, PLACE, 65536 & 0xffff);
    put_prd(&b, TABLE, 1, PLACE + 65536, EOT);
    outl(BM_PRD, TABLE);
    set_address28(LBA, 0, 0);
    g_atomic_int_set(&io_held, 1);
    outb(COMMAND, 0xc8);
    outb(BM_CMD, 9);
    outb(DEVHEAD, DEV1);
    outb(COMMAND, 0x08); /* DEVICE RESET of the CD drive: the disk goes on */
    g_assert_cmphex(inb(LBA_HIGH), ==, 0xeb);
    outb(FEATURES, 1);
    outb(COMMAND, 0xa0); /* the CD drive wants the bus master too */
    for (int i = 0; i < 6; i++) {
        outw(DATA, i == 0 ? 0x12 : i == 2 ? 36 : 0);
    }
    g_assert_cmphex(inb(STATUS) & (BSY | ERR), ==, ERR);
    outb(DEVHEAD, LBA);
    g_assert_cmphex(inb(STATUS) & BSY, ==, BSY);
    g_atomic_int_set(&io_held, 0);
    wait_irq(&b);
    g_assert_cmphex(inb(BM_STS) & (ACTIVE | INTR), ==, INTR);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    assert_memory(&b, PLACE, 0, 256 * 512);
    /* A software reset ends both. */
    stop_dma();
    memset(b.mem + PLACE, 0xee, 65536);
    set_address28(LBA, 0, 0);
    outb(COMMAND, 0xc8);
    outb(BM_CMD, 9);
    outb(DEVHEAD, DEV1);
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    assert_untouched(&b, PLACE, 65536);
    outb(BM_CMD, 0);
    g_assert_cmphex(inb(BM_STS) & ACTIVE, ==, 0);
    bench_end(&b);
}

/* A stop, while the request waits for the host's disk to have room again. */
static void test_stop_of_a_parked_write(void)
{
    g_autofree char *path = bench_image("disk0", 64 * 512);
    Bench b;

    bench_begin(&b);
    bench_drive("d0", path, (BlockOptions){.werror = BLOCK_ERROR_STOP});
    bench_device(&b, &ide_hd_class, "drive", "d0", NULL);
    put_prd(&b, TABLE, 0, PLACE, 512 | EOT);
    outl(BM_PRD, TABLE);
    fault_from = 0;
    fault_to = INT64_MAX;
    g_atomic_int_set(&fault_write, ENOSPC);
    set_address28(LBA, 1, 1);
    outb(COMMAND, 0xca);
    outb(BM_CMD, 1);
    block_drain_all();
    g_assert_cmphex(inb(STATUS) & BSY, ==, BSY);
    outb(BM_CMD, 0);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    g_atomic_int_set(&fault_write, 0);
    block_resume_all();
    block_drain_all();
    g_assert_cmpint(b.irq.raised, ==, 0);
    bench_end(&b);
}

int main(int argc, char **argv)
{
    bench_init(&argc, &argv);
    g_test_add_func("/bmdma/registers", test_registers);
    g_test_add_func("/bmdma/exact", test_exact);
    g_test_add_func("/bmdma/all-sizes", test_all_sizes);
    g_test_add_func("/bmdma/short-table", test_short_table);
    g_test_add_func("/bmdma/long-table", test_long_table);
    g_test_add_func("/bmdma/no-bus-master", test_no_bus_master);
    g_test_add_func("/bmdma/unreadable", test_unreadable);
    g_test_add_func("/bmdma/stop-in-long-command", test_stop_in_long_command);
    g_test_add_func("/bmdma/disk-error", test_disk_error);
    g_test_add_func("/bmdma/fua", test_fua);
    g_test_add_func("/bmdma/trim", test_trim);
    g_test_add_func("/bmdma/reset-of-the-other-drive", test_reset_of_the_other_drive);
    g_test_add_func("/bmdma/stop-of-a-parked-write", test_stop_of_a_parked_write);
    return bench_run();
}
