/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATA disks by their registers: selection, resets, IDENTIFY, PIO, errors, settings.
 */
#include "bench.h"

#define DISK_SECTORS 2000

static void assert_pattern(const uint8_t *buf, uint64_t sector, unsigned sectors)
{
    for (size_t i = 0; i < sectors * 512; i++) {
        g_assert_cmphex(buf[i], ==, pattern(sector * 512 + i));
    }
}

static void check_signature(uint8_t status, uint8_t mid, uint8_t high)
{
    g_assert_cmphex(inb(ERROR), ==, 1);
    g_assert_cmphex(inb(COUNT), ==, 1);
    g_assert_cmphex(inb(LBA_LOW), ==, 1);
    g_assert_cmphex(inb(LBA_MID), ==, mid);
    g_assert_cmphex(inb(LBA_HIGH), ==, high);
    g_assert_cmphex(inb(STATUS), ==, status);
}

static void test_reset_signature(void)
{
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    bench_device(&b, &ide_cd_class, NULL);
    check_signature(DRDY | DSC, 0, 0);
    outb(DEVHEAD, DEV1);
    check_signature(0, 0x14, 0xeb);
    outb(LBA_MID, 0x77);
    outb(CONTROL, 0x04);
    g_assert_cmphex(inb(ALT_STATUS), ==, BSY);
    outb(COMMAND, 0xec); /* not heard */
    outb(CONTROL, 0);
    g_assert_cmphex(inb(DEVHEAD) & 0x10, ==, 0);
    check_signature(DRDY | DSC, 0, 0);
    g_assert_cmpint(b.irq.raised, ==, 0);
    bench_end(&b);
}

static void test_absent_drives(void)
{
    Bench b;

    bench_begin(&b);
    for (int port = 0x1f1; port <= 0x1f7; port++) {
        g_assert_cmphex(inb(port), ==, 0);
    }
    outb(DEVHEAD, 0xb0);
    outb(COMMAND, 0xec);
    outb(COMMAND, 0x90);
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    g_assert_cmphex(inb(ALT_STATUS), ==, 0);
    g_assert_cmphex(inw(DATA), ==, 0);
    outb(BM_CMD, 9);
    outb(BM_CMD, 0);
    bench_end(&b);

    /* Drive 1 is absent, drive 0 answers for it with zeros; the select bit reads back. */
    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    outb(DEVHEAD, DEV1);
    g_assert_cmphex(inb(DEVHEAD), ==, 0xf0);
    g_assert_cmphex(inb(STATUS), ==, 0);
    outb(COMMAND, 0xec);
    g_assert_cmphex(inb(STATUS), ==, 0);
    g_assert_cmpint(b.irq.raised, ==, 0);
    outb(COMMAND, 0x90); /* DIAGNOSTIC is for both, and selects drive 0 */
    g_assert_cmphex(inb(DEVHEAD) & 0x10, ==, 0);
    g_assert_cmpint(b.irq.level, ==, 1);
    g_assert_cmphex(inb(ERROR), ==, 1);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    g_assert_cmpint(b.irq.level, ==, 0);
    bench_end(&b);
}

static void get_string(const uint8_t *id, unsigned word, unsigned words, char *out)
{
    for (unsigned i = 0; i < words * 2; i++) {
        out[i] = id[word * 2 + (i ^ 1)];
    }
    out[words * 2] = 0;
    g_strchomp(out);
}

static uint16_t word_of(const uint8_t *id, unsigned word)
{
    return id[word * 2] | id[word * 2 + 1] << 8;
}

static void test_identify(void)
{
    g_autofree char *path = NULL;
    uint8_t id[512], sum = 0;
    char text[48];
    Bench b;

    bench_begin(&b);
    path = bench_image("disk0", DISK_SECTORS * 512);
    bench_drive("d0", path, (BlockOptions){});
    bench_device(&b, &ide_hd_class, "drive", "d0", "serial", "testdisk", "ver", "1.2", "model",
                 "A model", "wwn", "0x5000c50012345678", NULL);
    outb(COMMAND, 0xec);
    g_assert_cmphex(inb(ALT_STATUS) & (DRDY | DRQ | BSY | ERR | DF), ==, DRDY | DRQ);
    pio_in(&b, id, 1, 512);
    g_assert_cmpint(b.irq.raised, ==, 1);
    get_string(id, 10, 10, text);
    g_assert_cmpstr(text, ==, "testdisk");
    get_string(id, 23, 4, text);
    g_assert_cmpstr(text, ==, "1.2");
    get_string(id, 27, 20, text);
    g_assert_cmpstr(text, ==, "A model");
    g_assert_cmphex(word_of(id, 85) & 0x20, ==, 0x20);
    g_assert_cmpuint(word_of(id, 60) | word_of(id, 61) << 16, ==, DISK_SECTORS);
    g_assert_cmpuint(word_of(id, 100), ==, DISK_SECTORS);
    g_assert_cmphex(word_of(id, 108), ==, 0x5000);
    g_assert_cmphex(word_of(id, 111), ==, 0x5678);
    g_assert_cmphex(id[510], ==, 0xa5);
    for (int i = 0; i < 512; i++) {
        sum += id[i];
    }
    g_assert_cmphex(sum, ==, 0);
    bench_end(&b);
}

static void test_pio_read_addresses(void)
{
    g_autofree uint8_t *buf = g_malloc(512 * 512);
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    set_address28(LBA, 3, 2);
    outb(COMMAND, 0x20);
    g_assert_cmphex(inb(ALT_STATUS) & (BSY | DRQ), ==, BSY); /* never at once */
    pio_in(&b, buf, 2, 512);
    assert_pattern(buf, 3, 2);
    g_assert_cmphex(inb(LBA_LOW), ==, 4); /* the last sector */

    set_address28(LBA, 1700, 0); /* 0 is 256 */
    outb(COMMAND, 0x21);
    pio_in(&b, buf, 256, 512);
    assert_pattern(buf, 1700, 256);

    set_address48(LBA, 1500, 300);
    outb(COMMAND, 0x24);
    pio_in(&b, buf, 300, 512);
    assert_pattern(buf, 1500, 300);

    /* Geometry 2/16/63: cylinder 1, head 2, sector 5. */
    set_address28(0xa2, 0, 1);
    outb(LBA_LOW, 5);
    outb(LBA_MID, 1);
    outb(LBA_HIGH, 0);
    outb(COMMAND, 0x20);
    pio_in(&b, buf, 1, 512);
    assert_pattern(buf, (1 * 16 + 2) * 63 + 4, 1);

    /* And with 4 heads and 17 sectors. */
    set_address28(0xa3, 0, 17);
    g_assert_cmphex(simple_command(&b, 0x91) & ERR, ==, 0);
    set_address28(0xa2, 0, 1);
    outb(LBA_LOW, 5);
    outb(LBA_MID, 1);
    outb(COMMAND, 0x20);
    pio_in(&b, buf, 1, 512);
    assert_pattern(buf, (1 * 4 + 2) * 17 + 4, 1);
    set_address28(0xa3, 0, 0);
    g_assert_cmphex(simple_command(&b, 0x91) & ERR, ==, ERR);
    bench_end(&b);
}

static void test_pio_write(void)
{
    g_autofree uint8_t *out = g_malloc(300 * 512), *in = g_malloc(300 * 512);
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    for (int i = 0; i < 300 * 512; i++) {
        out[i] = i * 11 + (i >> 8);
    }
    set_address48(LBA, 77, 300);
    outb(COMMAND, 0x34);
    pio_out(&b, out, 300, 512);
    set_address48(LBA, 77, 300);
    outb(COMMAND, 0x24);
    pio_in(&b, in, 300, 512);
    g_assert_cmpmem(in, 300 * 512, out, 300 * 512);

    /* 32-bit accesses move two words. */
    set_address28(LBA, 77, 1);
    outb(COMMAND, 0x20);
    wait_idle();
    for (int i = 0; i < 128; i++) {
        g_assert_cmphex(inl(DATA), ==,
                        out[i * 4] | out[i * 4 + 1] << 8 | out[i * 4 + 2] << 16 |
                            (uint32_t)out[i * 4 + 3] << 24);
    }
    g_assert_cmphex(inb(STATUS) & DRQ, ==, 0);
    g_assert_cmphex(inw(DATA), ==, 0);
    outw(DATA, 0x1234);
    bench_end(&b);
}

static void test_multiple(void)
{
    uint8_t buf[20 * 512];
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    set_address28(LBA, 0, 4);
    g_assert_cmphex(simple_command(&b, 0xc4) & ERR, ==, ERR); /* not set up */
    outb(COUNT, 3);
    g_assert_cmphex(simple_command(&b, 0xc6) & ERR, ==, ERR);
    outb(COUNT, 32);
    g_assert_cmphex(simple_command(&b, 0xc6) & ERR, ==, ERR);
    outb(COUNT, 8);
    g_assert_cmphex(simple_command(&b, 0xc6) & ERR, ==, 0);
    record_clear(&b.irq);
    set_address28(LBA, 100, 20); /* two blocks of 8, one of 4 */
    outb(COMMAND, 0xc4);
    wait_idle();
    for (int i = 0; i < 20 * 256; i++) {
        if (i % (8 * 256) == 0) {
            g_assert_cmpint(b.irq.level, ==, 1);
            inb(STATUS);
        }
        g_assert_cmpint(b.irq.level, ==, 0);
        uint16_t val = inw(DATA);
        memcpy(buf + i * 2, &val, 2);
    }
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    g_assert_cmpint(b.irq.raised, ==, 3);
    assert_pattern(buf, 100, 20);

    memset(buf, 0x5c, sizeof(buf));
    set_address48(LBA, 200, 20);
    outb(COMMAND, 0x39);
    for (int i = 0; i < 20 * 256; i++) {
        outw(DATA, 0x5c5c);
    }
    wait_idle();
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    g_assert_cmpint(block_pread(block_find("d0"), 219 * 512, buf, 1024), ==, 0);
    g_assert_cmphex(buf[511], ==, 0x5c);
    assert_pattern(buf + 512, 220, 1);
    bench_end(&b);
}

static void test_out_of_range(void)
{
    static const uint8_t reads[] = {0x20, 0x30, 0x40, 0x70, 0xc8, 0xca};
    static const uint8_t ext[] = {0x24, 0x34, 0x25, 0x35, 0x42, 0x29, 0x39};
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    outb(COUNT, 1);
    simple_command(&b, 0xc6);
    for (unsigned i = 0; i < sizeof(reads); i++) {
        set_address28(LBA, DISK_SECTORS, 1);
        g_assert_cmphex(simple_command(&b, reads[i]) & ERR, ==, ERR);
        g_assert_cmphex(inb(ERROR) & IDNF, ==, IDNF);
        set_address28(LBA, 0xfffffff, 0);
        g_assert_cmphex(simple_command(&b, reads[i]) & ERR, ==, ERR);
        set_address28(0xa0, 0, 1); /* sector 0 of a track */
        g_assert_cmphex(simple_command(&b, reads[i]) & ERR, ==, ERR);
    }
    for (unsigned i = 0; i < sizeof(ext); i++) {
        set_address48(LBA, DISK_SECTORS - 1, 2);
        g_assert_cmphex(simple_command(&b, ext[i]) & ERR, ==, ERR);
        set_address48(LBA, 0xffffffffffffULL, 0);
        g_assert_cmphex(simple_command(&b, ext[i]) & ERR, ==, ERR);
        set_address48(LBA, 0xffffffffULL, 1);
        g_assert_cmphex(simple_command(&b, ext[i]) & ERR, ==, ERR);
    }
    set_address28(LBA, DISK_SECTORS - 1, 1);
    g_assert_cmphex(simple_command(&b, 0x40) & ERR, ==, 0);
    g_assert_cmphex(inb(ERROR), ==, 0);
    bench_end(&b);
}

static void test_simple_commands(void)
{
    static const uint8_t good[] = {0x10, 0x1f, 0x70, 0x94, 0x95, 0x96, 0x97, 0x99,
                                   0xe0, 0xe1, 0xe2, 0xe3, 0xe6, 0xe7, 0xea};
    static const uint8_t bad[] = {0x00, 0x08, 0x22, 0xa0, 0xa1, 0xf1, 0xf5, 0xff, 0x92};
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    for (unsigned i = 0; i < sizeof(good); i++) {
        set_address28(LBA, 1, 1);
        g_assert_cmphex(simple_command(&b, good[i]), ==, DRDY | DSC);
    }
    for (unsigned i = 0; i < sizeof(bad); i++) {
        g_assert_cmphex(simple_command(&b, bad[i]), ==, DRDY | DSC | ERR);
        g_assert_cmphex(inb(ERROR), ==, ABRT);
    }
    simple_command(&b, 0xe1);
    simple_command(&b, 0xe5);
    g_assert_cmphex(inb(COUNT), ==, 0xff);
    simple_command(&b, 0xe0);
    simple_command(&b, 0xe5);
    g_assert_cmphex(inb(COUNT), ==, 0);

    set_address28(LBA, 0, 0);
    simple_command(&b, 0xf8);
    g_assert_cmphex(inb(LBA_LOW) | inb(LBA_MID) << 8, ==, DISK_SECTORS - 1);
    set_address48(LBA, 0x123456789a, 0);
    simple_command(&b, 0x27);
    g_assert_cmphex(inb(LBA_LOW) | inb(LBA_MID) << 8, ==, DISK_SECTORS - 1);
    outb(CONTROL, 0x80);
    g_assert_cmphex(inb(LBA_LOW) | inb(LBA_MID) | inb(LBA_HIGH), ==, 0);
    bench_end(&b);
}

static void test_hob(void)
{
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    outb(LBA_MID, 0x11);
    outb(LBA_MID, 0x22);
    g_assert_cmphex(inb(LBA_MID), ==, 0x22);
    outb(CONTROL, 0x80);
    g_assert_cmphex(inb(LBA_MID), ==, 0x11);
    outb(LBA_LOW, 1); /* any write to the command block ends it */
    g_assert_cmphex(inb(LBA_MID), ==, 0x22);
    bench_end(&b);
}

static void test_interrupt_enable(void)
{
    uint8_t id[512];
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    bench_device(&b, &ide_cd_class, NULL);
    outb(CONTROL, 2);
    outb(COMMAND, 0xec);
    g_assert_cmpint(b.irq.level, ==, 0);
    g_assert_cmphex(inb(BM_STS) & INTR, ==, 0);
    outb(CONTROL, 0); /* it was pending */
    g_assert_cmpint(b.irq.level, ==, 1);
    outb(DEVHEAD, DEV1); /* the other drive has none */
    g_assert_cmpint(b.irq.level, ==, 0);
    outb(DEVHEAD, LBA);
    g_assert_cmpint(b.irq.level, ==, 1);
    inb(ALT_STATUS);
    g_assert_cmpint(b.irq.level, ==, 1);
    pio_in(&b, id, 1, 512);
    g_assert_cmphex(inb(BM_STS) & INTR, ==, INTR);
    outb(BM_STS, INTR);
    g_assert_cmphex(inb(BM_STS) & INTR, ==, 0);
    bench_end(&b);
}

static void test_busy_ignores(void)
{
    uint8_t buf[512];
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    g_atomic_int_set(&io_held, 1);
    set_address28(LBA, 9, 1);
    outb(COMMAND, 0x20);
    outb(LBA_LOW, 50);
    outb(COMMAND, 0xe7);
    outb(COMMAND, 0x08);
    g_assert_cmphex(inb(STATUS) & BSY, ==, BSY);
    g_atomic_int_set(&io_held, 0);
    pio_in(&b, buf, 1, 512);
    assert_pattern(buf, 9, 1);
    bench_end(&b);
}

static void test_reset_cancels(void)
{
    uint8_t buf[512];
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    set_address28(LBA, 9, 200);
    outb(COMMAND, 0x20);
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    check_signature(DRDY | DSC, 0, 0);
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_assert_cmpint(b.irq.raised, ==, 0);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);

    /* In the middle of a block; and of a write, whose sectors then do not change. */
    set_address28(LBA, 9, 2);
    outb(COMMAND, 0x20);
    wait_idle();
    inw(DATA);
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    g_assert_cmphex(inw(DATA), ==, 0);
    set_address28(LBA, 9, 2);
    outb(COMMAND, 0x30);
    for (int i = 0; i < 300; i++) {
        outw(DATA, 0);
    }
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    outw(DATA, 0);
    set_address28(LBA, 9, 1);
    outb(COMMAND, 0x20);
    pio_in(&b, buf, 1, 512);
    assert_pattern(buf, 9, 1);

    set_address28(LBA, 9, 1);
    outb(COMMAND, 0x20);
    device_reset(DEVICE(b.bus.drives[0])); /* a machine's reset */
    check_signature(DRDY | DSC, 0, 0);
    /* A drive that goes away while it works. */
    set_address28(LBA, 9, 1);
    outb(COMMAND, 0x20);
    bench_end(&b);
}

static void test_smart(void)
{
    uint8_t buf[512];
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    /* Without the keys it is nothing. */
    set_address28(LBA, 0, 1);
    outb(FEATURES, 0xda);
    g_assert_cmphex(simple_command(&b, 0xb0) & ERR, ==, ERR);
    for (int i = 0; i < 600; i++) { /* the log's ring goes round */
        set_address28(LBA, 0xc24f00 | (i & 1 ? 0x81 : 0x02), 1);
        outb(FEATURES, 0xd4);
        g_assert_cmphex(simple_command(&b, 0xb0) & ERR, ==, 0);
        if (i % 50 == 0) {
            set_address28(LBA, 0xc24f06, 1);
            outb(FEATURES, 0xd5);
            outb(COMMAND, 0xb0);
            pio_in(&b, buf, 1, 512);
            g_assert_cmpuint(buf[508], ==, i % 21 + 1);
        }
    }
    static const uint8_t subs[] = {0xd0, 0xd1, 0xd5};
    for (unsigned k = 0; k < sizeof(subs); k++) {
        uint8_t sum = 0;
        set_address28(LBA, 0xc24f01, 1);
        outb(FEATURES, subs[k]);
        outb(COMMAND, 0xb0);
        pio_in(&b, buf, 1, 512);
        for (int i = 0; i < 512; i++) {
            sum += buf[i];
        }
        g_assert_cmphex(sum, ==, 0);
    }
    set_address28(LBA, 0xc24f00, 1);
    outb(FEATURES, 0xda);
    g_assert_cmphex(simple_command(&b, 0xb0) & ERR, ==, 0);
    g_assert_cmphex(inb(LBA_MID), ==, 0x4f);
    for (int log = 2; log < 256; log++) {
        if (log != 6) {
            set_address28(LBA, 0xc24f00 | log, 1);
            outb(FEATURES, 0xd5);
            g_assert_cmphex(simple_command(&b, 0xb0) & ERR, ==, ERR);
        }
    }
    outb(FEATURES, 0xd9);
    set_address28(LBA, 0xc24f00, 1);
    g_assert_cmphex(simple_command(&b, 0xb0) & ERR, ==, 0);
    outb(FEATURES, 0xda);
    g_assert_cmphex(simple_command(&b, 0xb0) & ERR, ==, ERR);
    bench_end(&b);
}

static void test_features(void)
{
    uint8_t id[512];
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    for (int mode = 0; mode < 256; mode++) {
        bool valid = mode <= 1 || (mode >= 8 && mode <= 12) || (mode >= 0x20 && mode <= 0x22) ||
                     (mode >= 0x40 && mode <= 0x45);
        outb(FEATURES, 3);
        outb(COUNT, mode);
        g_assert_cmphex(simple_command(&b, 0xef) & ERR, ==, valid ? 0 : ERR);
    }
    outb(COMMAND, 0xec);
    pio_in(&b, id, 1, 512);
    g_assert_cmphex(word_of(id, 88), ==, 0x203f);
    g_assert_cmphex(word_of(id, 63), ==, 0x0007);

    /* Without a write cache each write is on the medium when it ends. */
    static const uint8_t zeros[512];
    set_address28(LBA, 1, 1);
    g_atomic_int_set(&sync_count, 0);
    outb(COMMAND, 0x30);
    pio_out(&b, zeros, 1, 512);
    g_assert_cmpint(g_atomic_int_get(&sync_count), ==, 0);
    outb(FEATURES, 0x82);
    g_assert_cmphex(simple_command(&b, 0xef) & ERR, ==, 0);
    g_assert_cmpint(g_atomic_int_get(&sync_count), ==, 1);
    set_address28(LBA, 1, 1);
    outb(COMMAND, 0x30);
    pio_out(&b, zeros, 1, 512);
    g_assert_cmpint(g_atomic_int_get(&sync_count), ==, 2);
    outb(COMMAND, 0xec);
    pio_in(&b, id, 1, 512);
    g_assert_cmphex(word_of(id, 85) & 0x20, ==, 0);
    outb(FEATURES, 0x77);
    g_assert_cmphex(simple_command(&b, 0xef) & ERR, ==, ERR);
    bench_end(&b);
}

static void test_read_error_names_the_sector(void)
{
    uint8_t buf[10 * 512];
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    fault_from = 117 * 512;
    fault_to = 118 * 512;
    g_atomic_int_set(&fault_read, EIO);
    set_address28(LBA, 110, 20);
    outb(COMMAND, 0x20);
    for (int i = 0; i < 7; i++) {
        wait_irq(&b);
        g_assert_cmphex(inb(STATUS) & (DRQ | ERR), ==, DRQ);
        for (int k = 0; k < 256; k++) {
            uint16_t val = inw(DATA);
            memcpy(buf + i * 512 + k * 2, &val, 2);
        }
    }
    assert_pattern(buf, 110, 7);
    wait_irq(&b);
    g_assert_cmphex(inb(STATUS) & (DRQ | ERR), ==, ERR);
    g_assert_cmphex(inb(ERROR), ==, UNC);
    g_assert_cmpuint(inb(LBA_LOW), ==, 117);
    set_address28(LBA, 100, 50);
    g_assert_cmphex(simple_command(&b, 0x40) & ERR, ==, ERR);
    g_assert_cmpuint(inb(LBA_LOW), ==, 117);
    /* READ MULTIPLE keeps to its blocks: those before the one with the error are whole. */
    outb(COUNT, 4);
    simple_command(&b, 0xc6);
    set_address28(LBA, 111, 12);
    outb(COMMAND, 0xc4);
    wait_irq(&b);
    g_assert_cmphex(inb(STATUS) & (DRQ | ERR), ==, DRQ);
    for (int k = 0; k < 4 * 256; k++) {
        uint16_t val = inw(DATA);
        memcpy(buf + k * 2, &val, 2);
    }
    assert_pattern(buf, 111, 4);
    wait_irq(&b);
    g_assert_cmphex(inb(STATUS) & (DRQ | ERR), ==, ERR);
    g_assert_cmpuint(inb(LBA_LOW), ==, 115);
    g_atomic_int_set(&fault_read, 0);
    g_assert_cmphex(simple_command(&b, 0xe7) & ERR, ==, 0);
    bench_end(&b);
}

static void test_write_and_flush_errors(void)
{
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    fault_from = 0;
    fault_to = INT64_MAX;
    g_atomic_int_set(&fault_write, EIO);
    set_address28(LBA, 10, 1);
    outb(COMMAND, 0x30);
    for (int i = 0; i < 256; i++) {
        outw(DATA, i);
    }
    wait_irq(&b);
    g_assert_cmphex(inb(STATUS) & (DRQ | ERR | BSY), ==, ERR);
    g_assert_cmpuint(inb(LBA_LOW), ==, 10);
    g_atomic_int_set(&fault_write, 0);
    g_atomic_int_set(&fault_sync, EIO);
    g_assert_cmphex(simple_command(&b, 0xe7) & ERR, ==, ERR);
    g_assert_cmphex(inb(ERROR), ==, ABRT);
    g_atomic_int_set(&fault_sync, 0);
    bench_end(&b);
}

static void test_stop_policy(void)
{
    g_autofree char *path = bench_image("disk0", DISK_SECTORS * 512);
    uint8_t buf[512];
    Bench b;

    bench_begin(&b);
    bench_drive("d0", path, (BlockOptions){.werror = BLOCK_ERROR_ENOSPC});
    bench_device(&b, &ide_hd_class, "drive", "d0", NULL);
    fault_from = 0;
    fault_to = INT64_MAX;
    g_atomic_int_set(&fault_write, ENOSPC);
    for (int round = 0; round < 2; round++) {
        set_address28(LBA, 10, 1);
        outb(COMMAND, 0x30);
        for (int i = 0; i < 256; i++) {
            outw(DATA, 0xabab);
        }
        block_drain_all();
        g_assert_cmphex(inb(STATUS) & (BSY | ERR), ==, BSY); /* the guest sees nothing */
        if (round == 0) {                                    /* a reset gives it up */
            outb(CONTROL, 4);
            outb(CONTROL, 0);
            g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
        }
    }
    g_atomic_int_set(&fault_write, 0);
    block_resume_all();
    wait_irq(&b);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    g_assert_cmpint(block_pread(block_find("d0"), 10 * 512, buf, 512), ==, 0);
    g_assert_cmphex(buf[511], ==, 0xab);
    bench_end(&b);
}

static void assert_realize_fails(Bench *b, const DeviceClass *cls, const char *name,
                                 const char *value, const char *drive, const char *part)
{
    g_autoptr(GError) error = NULL;
    Device *dev = device_new(cls);

    if (drive) {
        device_set_str(dev, "drive", drive);
    }
    if (name) {
        device_set_str(dev, name, value);
    }
    g_assert_false(device_realize(dev, &b->bus.bus, &error));
    g_assert_nonnull(strstr(error->message, part));
    device_free(dev);
}

static void test_realize_errors(void)
{
    g_autofree char *path = bench_image("disk1", 4096), *none = bench_image("disk2", 0);
    const DeviceClass *hd = &ide_hd_class;
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    bench_drive("ro", path, (BlockOptions){.read_only = true});
    assert_realize_fails(&b, hd, NULL, NULL, "ro", "Block node is read-only");
    block_close(block_find("ro"));
    bench_drive("d1", path, (BlockOptions){});
    bench_drive("empty", NULL, (BlockOptions){});
    bench_drive("none", none, (BlockOptions){});
    bench_drive("cd", NULL, (BlockOptions){.media_cdrom = true});
    assert_realize_fails(&b, hd, NULL, NULL, NULL, "No drive specified");
    assert_realize_fails(&b, hd, NULL, NULL, "nowhere", "can't find value 'nowhere'");
    assert_realize_fails(&b, hd, NULL, NULL, "empty", "Device needs media, but drive is empty");
    assert_realize_fails(&b, hd, NULL, NULL, "none", "no sectors");
    assert_realize_fails(&b, hd, NULL, NULL, "d0", "already in use");
    assert_realize_fails(&b, hd, "unit", "0", "d1", "IDE unit 0 is in use");
    assert_realize_fails(&b, hd, "unit", "2", "d1", "supports only 2 units");
    assert_realize_fails(&b, hd, "logical_block_size", "4096", "d1", "must be 512");
    assert_realize_fails(&b, hd, "physical_block_size", "513", "d1", "power of 2");
    assert_realize_fails(&b, hd, "cyls", "5", "d1", "heads must be between 1 and 16");
    assert_realize_fails(&b, hd, "serial", "123456789012345678901", "d1", "at most 20");
    bench_device(&b, &ide_cd_class, "drive", "cd", NULL);
    assert_realize_fails(&b, hd, NULL, NULL, "d1", "supports only 2 units");
    bench_end(&b);
}

static uint8_t cmos[128];

static void set_cmos(void *opaque, unsigned index, uint8_t value)
{
    cmos[index] = value;
}

static void put_partition(uint8_t *mbr, uint8_t heads, uint8_t secs)
{
    mbr[446 + 5] = heads - 1;
    mbr[446 + 6] = secs;
    mbr[446 + 12] = 1;
    mbr[510] = 0x55;
    mbr[511] = 0xaa;
}

static void test_geometry(void)
{
    uint8_t mbr[512] = {0};
    IDEGeometry g;

    ide_guess_geometry(1024 * 16 * 63, mbr, &g);
    g_assert_cmpuint(g.cyls, ==, 1024);
    g_assert_cmpint(g.translation, ==, IDE_TRANSLATION_NONE);
    ide_guess_geometry(1025 * 16 * 63, NULL, &g);
    g_assert_cmpint(g.translation, ==, IDE_TRANSLATION_LBA);
    ide_guess_geometry(1ULL << 40, NULL, &g);
    g_assert_cmpuint(g.cyls, ==, 16383);
    ide_guess_geometry(1, NULL, &g);
    g_assert_cmpuint(g.cyls, ==, 2);
    put_partition(mbr, 4, 17);
    ide_guess_geometry(4 * 17 * 100, mbr, &g);
    g_assert_cmpuint(g.cyls, ==, 100);
    g_assert_cmpuint(g.heads, ==, 4);
    g_assert_cmpuint(g.secs, ==, 17);
    g_assert_cmpint(g.translation, ==, IDE_TRANSLATION_NONE);
    put_partition(mbr, 255, 63);
    ide_guess_geometry(2000 * 16 * 63, mbr, &g);
    g_assert_cmpuint(g.heads, ==, 16);
    g_assert_cmpint(g.translation, ==, IDE_TRANSLATION_LARGE);
    ide_guess_geometry(10000 * 16 * 63, mbr, &g);
    g_assert_cmpint(g.translation, ==, IDE_TRANSLATION_LBA);
    mbr[446 + 6] = 0; /* nonsense is not followed */
    ide_guess_geometry(100, mbr, &g);
    g_assert_cmpuint(g.secs, ==, 63);
}

static void test_cmos(void)
{
    g_autofree char *path = bench_image("disk1", 300 * 9 * 30 * 512);
    g_autoptr(GString) text = g_string_new(NULL);
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    bench_drive("d1", path, (BlockOptions){});
    Device *dev = bench_device(&b, &ide_hd_class, "drive", "d1", "cyls", "300", "heads", "9",
                               "secs", "30", "bios-chs-trans", "rechs", "lcyls", "7", "lheads", "8",
                               "lsecs", "9", "bootindex", "4", NULL);
    ide_fill_cmos((IDEBus *[]){&b.bus, NULL}, set_cmos, NULL);
    static const uint8_t drive1[] = {0x2c, 1, 9, 0xff, 0xff, 0xc8, 0x2c, 1, 30};
    g_assert_cmphex(cmos[0x12], ==, 0xff);
    g_assert_cmphex(cmos[0x19], ==, 47);
    g_assert_cmphex(cmos[0x1a], ==, 47);
    g_assert_cmphex(cmos[0x1b], ==, 2);
    g_assert_cmphex(cmos[0x1d], ==, 16);
    g_assert_cmphex(cmos[0x23], ==, 63);
    g_assert_cmpmem(cmos + 0x24, 9, drive1, 9);
    g_assert_cmphex(cmos[0x39], ==, IDE_TRANSLATION_RECHS << 2);
    ide_print_bios_geometry(&b.bus, "/pci@i0cf8/ide@1,1", text);
    g_assert_cmpstr(text->str, ==, "/pci@i0cf8/ide@1,1/drive@0/disk@1 7 8 9\n");
    g_assert_cmpint(ide_bootindex((IDEDevice *)dev), ==, 4);
    bench_end(&b);
}

/* A shadow of the disk, and random transfers by every way there is. */
static void test_random_against_shadow(void)
{
    enum { MAX = 300 };
    g_autofree uint8_t *shadow = g_malloc(DISK_SECTORS * 512), *buf = g_malloc(MAX * 512);
    g_autoptr(GRand) rand = g_rand_new_with_seed(0x1de);
    Bench b;

    bench_begin(&b);
    bench_disk(&b, DISK_SECTORS * 512);
    for (size_t i = 0; i < DISK_SECTORS * 512; i++) {
        shadow[i] = pattern(i);
    }
    outb(COUNT, 16);
    simple_command(&b, 0xc6);
    for (int round = 0; round < 250; round++) {
        bool write = g_rand_boolean(rand), dma = g_rand_int_range(rand, 0, 3) > 0;
        bool ext = g_rand_boolean(rand);
        unsigned n = 1 + g_rand_int_range(rand, 0, g_rand_boolean(rand) ? 8 : ext ? MAX : 256);
        unsigned lba = g_rand_int_range(rand, 0, DISK_SECTORS - n + 1);
        uint8_t *at = shadow + lba * 512;
        if (ext) {
            set_address48(LBA, lba, n);
        } else {
            set_address28(LBA, lba, n);
        }
        if (write) {
            for (unsigned i = 0; i < n * 512; i++) {
                buf[i] = g_rand_int(rand);
            }
            memcpy(at, buf, n * 512);
        }
        if (!dma) {
            outb(COMMAND, write ? (ext ? 0x34 : 0x30) : (ext ? 0x24 : 0x20));
            if (write) {
                pio_out(&b, buf, n, 512);
            } else {
                pio_in(&b, buf, n, 512);
                g_assert_cmpmem(buf, n * 512, at, n * 512);
            }
            continue;
        }
        /* Memory in pieces of any even size. */
        uint32_t place = 0x100000 + 2 * g_rand_int_range(rand, 0, 4000), left = n * 512, i = 0;
        uint8_t *mem = b.mem + place;
        memcpy(mem, buf, n * 512);
        for (uint32_t addr = place; left; i++) {
            uint32_t piece = g_rand_boolean(rand) ? 2 * g_rand_int_range(rand, 1, 600) : left;
            piece = MIN(MIN(piece, left), 65536);
            left -= piece;
            put_prd(&b, 0x20000, i, addr, (piece & 0xffff) | (left ? 0 : EOT));
            addr += piece;
        }
        outl(BM_PRD, 0x20000);
        outb(BM_STS, INTR); /* commands by PIO leave it */
        outb(COMMAND, write ? (ext ? 0x35 : 0xca) : (ext ? 0x25 : 0xc8));
        g_assert_cmphex(run_dma(!write), ==, INTR);
        g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
        if (!write) {
            g_assert_cmpmem(mem, n * 512, at, n * 512);
        }
        stop_dma();
    }
    g_autofree uint8_t *all = g_malloc(DISK_SECTORS * 512);
    g_assert_cmpint(block_pread(block_find("d0"), 0, all, DISK_SECTORS * 512), ==, 0);
    g_assert_cmpmem(all, DISK_SECTORS * 512, shadow, DISK_SECTORS * 512);
    bench_end(&b);
}

/* Any access to any register survives, with two drives and the bus master. */
static void test_random_accesses(void)
{
    g_autofree char *path = bench_image("cd0", 40 * 2048);
    g_autoptr(GRand) rand = g_rand_new_with_seed(0xa7a);
    Bench b;

    bench_begin(&b);
    bench_disk(&b, 64 * 512);
    bench_drive("cd", path, (BlockOptions){.media_cdrom = true});
    bench_device(&b, &ide_cd_class, "drive", "cd", NULL);
    for (int i = 0; i < 40000; i++) {
        unsigned where = g_rand_int_range(rand, 0, 20);
        uint16_t port = where < 8    ? 0x1f0 + where
                        : where < 9  ? 0x3f6
                        : where < 13 ? 0x1f0
                                     : BM + where - 12;
        uint32_t val = g_rand_boolean(rand) ? g_rand_int_range(rand, 0, 256) : g_rand_int(rand);
        if (port == 0x3f6 && g_rand_int_range(rand, 0, 20)) {
            val &= ~4;
        }
        switch (g_rand_int_range(rand, 0, 6)) {
        case 0:
            outw(port, val);
            break;
        case 1:
            outl(port, val);
            break;
        case 2:
            inb(port);
            break;
        case 3:
            inl(port);
            break;
        default:
            outb(port, val);
        }
        if (i % 7 == 0) {
            g_main_context_iteration(NULL, FALSE);
        }
    }
    outb(CONTROL, 4);
    outb(CONTROL, 0);
    outb(BM_CMD, 0);
    check_signature(DRDY | DSC, 0, 0);
    bench_end(&b);
}

int main(int argc, char **argv)
{
    bench_init(&argc, &argv);
    g_test_add_func("/ata/reset-signature", test_reset_signature);
    g_test_add_func("/ata/absent-drives", test_absent_drives);
    g_test_add_func("/ata/identify", test_identify);
    g_test_add_func("/ata/pio-read-addresses", test_pio_read_addresses);
    g_test_add_func("/ata/pio-write", test_pio_write);
    g_test_add_func("/ata/multiple", test_multiple);
    g_test_add_func("/ata/out-of-range", test_out_of_range);
    g_test_add_func("/ata/simple-commands", test_simple_commands);
    g_test_add_func("/ata/hob", test_hob);
    g_test_add_func("/ata/interrupt-enable", test_interrupt_enable);
    g_test_add_func("/ata/busy-ignores", test_busy_ignores);
    g_test_add_func("/ata/reset-cancels", test_reset_cancels);
    g_test_add_func("/ata/smart", test_smart);
    g_test_add_func("/ata/features", test_features);
    g_test_add_func("/ata/read-error-names-the-sector", test_read_error_names_the_sector);
    g_test_add_func("/ata/write-and-flush-errors", test_write_and_flush_errors);
    g_test_add_func("/ata/stop-policy", test_stop_policy);
    g_test_add_func("/ata/realize-errors", test_realize_errors);
    g_test_add_func("/ata/geometry", test_geometry);
    g_test_add_func("/ata/cmos", test_cmos);
    g_test_add_func("/ata/random-against-shadow", test_random_against_shadow);
    g_test_add_func("/ata/random-accesses", test_random_accesses);
    return bench_run();
}
