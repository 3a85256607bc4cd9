/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATAPI drives: the packet protocol by PIO and DMA, each packet, media that come and go.
 */
#include "bench.h"

#define SECTORS 200
#define TABLE   0x8000
#define PLACE   0x100000

typedef struct Reply {
    uint8_t data[1 << 17];
    size_t len;
    unsigned blocks;
    bool failed;
    uint8_t key, asc, ascq;
} Reply;

static Reply reply;

static void setup(Bench *b, size_t len)
{
    g_autofree char *path = bench_image("cd0", len);

    bench_begin(b);
    bench_drive("cd", path, (BlockOptions){.media_cdrom = true});
    bench_device(b, &ide_cd_class, "drive", "cd", "serial", "SN1", NULL);
}

static void send_cdb(const uint8_t *cdb, unsigned limit, bool dma)
{
    outb(DEVHEAD, 0);
    outb(FEATURES, dma);
    outb(LBA_MID, limit);
    outb(LBA_HIGH, limit >> 8);
    outb(COMMAND, 0xa0);
    g_assert_cmphex(inb(STATUS) & (BSY | DRDY | DRQ | ERR | DF), ==, DRDY | DRQ);
    g_assert_cmphex(inb(COUNT) & 3, ==, 1);
    for (int i = 0; i < 12; i += 2) {
        outw(DATA, cdb[i] | cdb[i + 1] << 8);
    }
}

/* Run a packet by PIO; each block is announced by an interrupt. Fetches the sense of a failure. */
static void packet(Bench *b, const uint8_t *cdb, unsigned limit)
{
    reply.len = reply.blocks = 0;
    send_cdb(cdb, limit, false);
    for (;;) {
        wait_irq(b);
        uint8_t status = inb(STATUS);
        g_assert_cmphex(status & (BSY | DRDY), ==, DRDY);
        if (!(status & DRQ)) {
            g_assert_cmphex(inb(COUNT) & 7, ==, 3);
            reply.failed = status & ERR;
            break;
        }
        g_assert_cmphex(inb(COUNT) & 7, ==, 2);
        unsigned n = inb(LBA_MID) | inb(LBA_HIGH) << 8;
        g_assert_cmpuint(n, >, 0);
        g_assert_cmpuint(n, <=, limit ? MAX(limit, 2) : 0xfffe);
        for (unsigned i = 0; i < n; i += 2) {
            uint16_t val = inw(DATA);
            memcpy(reply.data + reply.len + i, &val, MIN(2, n - i));
        }
        reply.len += n;
        reply.blocks++;
        g_assert_cmpuint(reply.len, <=, sizeof(reply.data) - 65536);
    }
    g_assert_cmphex(inw(DATA), ==, 0);
    if (reply.failed) {
        uint8_t key = inb(ERROR) >> 4;
        static const uint8_t sense[12] = {0x03, 0, 0, 0, 18};
        reply.len = 0;
        packet(b, sense, 64);
        g_assert_false(reply.failed);
        g_assert_cmpuint(reply.len, ==, 18);
        reply.failed = true;
        reply.key = reply.data[2];
        reply.asc = reply.data[12];
        reply.ascq = reply.data[13];
        g_assert_cmphex(reply.key, ==, key);
    }
}

#define CDB(...) ((const uint8_t[12]){__VA_ARGS__})

static void assert_ok(Bench *b, const uint8_t *cdb, size_t len)
{
    packet(b, cdb, 0xfffe);
    g_assert_false(reply.failed);
    g_assert_cmpuint(reply.len, ==, len);
}

static void assert_sense(Bench *b, const uint8_t *cdb, uint8_t key, uint8_t asc)
{
    packet(b, cdb, 0xfffe);
    g_assert_true(reply.failed);
    g_assert_cmphex(reply.key, ==, key);
    g_assert_cmphex(reply.asc, ==, asc);
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void assert_pattern(const uint8_t *buf, uint64_t pos, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        g_assert_cmphex(buf[i], ==, pattern(pos + i));
    }
}

static void test_identify(void)
{
    uint8_t id[512];
    Bench b;

    setup(&b, SECTORS * 2048);
    outb(COMMAND, 0xa1);
    pio_in(&b, id, 1, 512);
    g_assert_cmphex(id[0] | id[1] << 8, ==, 0x85c0);
    g_assert_cmpint(id[21], ==, 'S');
    g_assert_cmpint(id[20], ==, 'N');
    /* Disk commands tell what it is. */
    static const uint8_t disk[] = {0xec, 0x20};
    for (unsigned i = 0; i < 2; i++) {
        outb(LBA_MID, 0);
        outb(LBA_HIGH, 0);
        g_assert_cmphex(simple_command(&b, disk[i]) & ERR, ==, ERR);
        g_assert_cmphex(inb(ERROR), ==, ABRT);
        g_assert_cmphex(inb(LBA_MID) | inb(LBA_HIGH) << 8, ==, 0xeb14);
    }
    bench_end(&b);
}

/* A CD drive has no sectors for disk commands, with a medium or without. */
static void test_disk_commands(void)
{
    static const uint8_t commands[] = {0x06, 0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35,
                                       0x39, 0x3d, 0x40, 0x70, 0x91, 0xb0, 0xc4, 0xc5,
                                       0xc6, 0xc8, 0xca, 0xce, 0xf8, 0x27, 0x00, 0xff};
    Bench b;

    for (int empty = 0; empty < 2; empty++) {
        if (empty) {
            bench_begin(&b);
            bench_device(&b, &ide_cd_class, NULL);
        } else {
            setup(&b, SECTORS * 2048);
        }
        for (unsigned i = 0; i < sizeof(commands); i++) {
            set_address28(LBA, 0, 1);
            outb(FEATURES, 1);
            g_assert_cmphex(simple_command(&b, commands[i]) & ERR, ==, ERR);
            outb(BM_CMD, 9);
            outb(BM_CMD, 0);
        }
        static const uint8_t good[] = {0xe0, 0xe1, 0xe2, 0xe3, 0xe5, 0xe6, 0xe7};
        for (unsigned i = 0; i < sizeof(good); i++) {
            g_assert_cmphex(simple_command(&b, good[i]) & ERR, ==, 0);
        }
        bench_end(&b);
    }
}

static void test_read_limits(void)
{
    static const unsigned limits[] = {5120, 5121, 2048, 2, 1, 0, 0xffff, 0xfffe, 3000, 65000};
    Bench b;

    setup(&b, SECTORS * 2048);
    for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++) {
        unsigned n = limits[i] < 100 && limits[i] ? 2 : 25;
        unsigned limit = limits[i] == 0 || limits[i] == 0xffff ? 0xfffe : MAX(limits[i] & ~1, 2);
        packet(&b, CDB(0x28, 0, 0, 0, 0, 3, 0, 0, n), limits[i] ? limits[i] : 0);
        g_assert_false(reply.failed);
        g_assert_cmpuint(reply.len, ==, n * 2048);
        g_assert_cmpuint(reply.blocks, ==, (n * 2048 + limit - 1) / limit);
        assert_pattern(reply.data, 3 * 2048, n * 2048);
    }
    bench_end(&b);
}

static void test_read_long(void)
{
    Bench b;
    g_autofree uint8_t *all = g_malloc(SECTORS * 2048);
    size_t got = 0;

    /* More than one chunk, in blocks that fit nothing. */
    setup(&b, SECTORS * 2048);
    send_cdb(CDB(0xa8, 0, 0, 0, 0, 0, 0, 0, 0, SECTORS), 65002, false);
    while (got < SECTORS * 2048) {
        wait_irq(&b);
        g_assert_cmphex(inb(STATUS) & (DRQ | ERR), ==, DRQ);
        unsigned n = inb(LBA_MID) | inb(LBA_HIGH) << 8;
        for (unsigned i = 0; i < n; i += 2, got += 2) {
            uint16_t val = inw(DATA);
            memcpy(all + got, &val, 2);
        }
    }
    wait_irq(&b);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    assert_pattern(all, 0, SECTORS * 2048);
    bench_end(&b);
}

static void test_read_cd(void)
{
    static const uint8_t head[16] = {0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0,    0,    0x02, 0x10, 1};
    Bench b;

    setup(&b, SECTORS * 2048);
    assert_ok(&b, CDB(0xbe, 0, 0, 0, 0, 10, 0, 0, 3, 0x10), 3 * 2048);
    assert_pattern(reply.data, 10 * 2048, 3 * 2048);
    packet(&b, CDB(0xbe, 0, 0, 0, 0, 10, 0, 0, 20, 0xf8), 7000);
    g_assert_cmpuint(reply.len, ==, 20 * 2352);
    g_assert_cmpmem(reply.data, 16, head, 16);
    for (int i = 0; i < 20; i++) {
        assert_pattern(reply.data + i * 2352 + 16, (10 + i) * 2048, 2048);
    }
    assert_ok(&b, CDB(0xbe, 0, 0, 0, 0, 10, 0, 0, 3, 0), 0);
    assert_sense(&b, CDB(0xbe, 0, 0, 0, 0, 10, 0, 0, 3, 0x40), 5, 0x24);
    bench_end(&b);
}

static void test_out_of_range(void)
{
    Bench b;

    setup(&b, SECTORS * 2048 + 700);
    assert_sense(&b, CDB(0x28, 0, 0, 0, 0, SECTORS, 0, 0, 1), 5, 0x21);
    assert_sense(&b, CDB(0x28, 0, 0, 0, 0, SECTORS - 1, 0, 0, 2), 5, 0x21);
    assert_sense(&b, CDB(0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff), 5, 0x21);
    assert_sense(&b, CDB(0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1), 5, 0x21);
    assert_sense(&b, CDB(0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0), 5, 0x21);
    assert_sense(&b, CDB(0xa8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 5, 0x21);
    assert_sense(&b, CDB(0xbe, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf8), 5, 0x21);
    assert_sense(&b, CDB(0x2b, 0, 0, 0, 1, 0), 5, 0x21);
    assert_ok(&b, CDB(0x28, 0, 0, 0, 0, 5, 0, 0, 0), 0);
    assert_ok(&b, CDB(0x2b, 0, 0, 0, 0, 5), 0);
    bench_end(&b);
}

static void put_one_prd(Bench *b, uint32_t word)
{
    put_prd(b, TABLE, 0, PLACE, word);
    outb(BM_CMD, 0);
    outb(BM_STS, INTR | BM_ERROR);
    outl(BM_PRD, TABLE);
}

static void test_dma(void)
{
    Bench b;

    setup(&b, SECTORS * 2048);
    for (int i = 0; i < 7; i++) { /* six whole pieces and a rest */
        put_prd(&b, TABLE, i, PLACE + i * 65536, i == 6 ? (SECTORS * 2048 & 0xffff) | EOT : 0);
    }
    outl(BM_PRD, TABLE);
    send_cdb(CDB(0x28, 0, 0, 0, 0, 0, 0, 0, SECTORS), 0, true);
    g_assert_cmphex(run_dma(true), ==, INTR);
    g_assert_cmphex(inb(STATUS), ==, DRDY | DSC);
    g_assert_cmphex(inb(COUNT) & 7, ==, 3);
    assert_pattern(b.mem + PLACE, 0, SECTORS * 2048);

    put_one_prd(&b, 100 | EOT); /* short */
    send_cdb(CDB(0x28, 0, 0, 0, 0, 2, 0, 0, 1), 0, true);
    g_assert_cmphex(run_dma(true), ==, 0);
    assert_pattern(b.mem + PLACE, 2 * 2048, 100);
    put_one_prd(&b, 4096 | EOT); /* long, and raw */
    send_cdb(CDB(0xbe, 0, 0, 0, 0, 2, 0, 0, 1, 0xf8), 0, true);
    g_assert_cmphex(run_dma(true), ==, ACTIVE | INTR);
    assert_pattern(b.mem + PLACE + 16, 2 * 2048, 2048);
    inb(STATUS);
    put_one_prd(&b, 36 | EOT); /* a reply */
    send_cdb(CDB(0x12, 0, 0, 0, 36), 0, true);
    g_assert_cmphex(run_dma(true), ==, INTR);
    g_assert_cmphex(b.mem[PLACE], ==, 5);
    inb(STATUS);
    put_prd(&b, TABLE, 0, 0xf0000000, 36 | EOT);
    outb(BM_CMD, 0);
    outb(BM_STS, INTR | BM_ERROR);
    send_cdb(CDB(0x12, 0, 0, 0, 36), 0, true);
    g_assert_cmphex(run_dma(true), ==, INTR | BM_ERROR);
    g_assert_cmphex(inb(STATUS) & ERR, ==, ERR);
    /* Failures do not need memory. */
    put_one_prd(&b, 36 | EOT);
    send_cdb(CDB(0xff), 0, true);
    wait_irq(&b);
    g_assert_cmphex(inb(STATUS) & ERR, ==, ERR);
    /* DEVICE RESET in the middle, then a start that finds nobody. */
    put_one_prd(&b, 2048 | EOT);
    send_cdb(CDB(0x28, 0, 0, 0, 0, 2, 0, 0, 1), 0, true);
    outb(COMMAND, 0x08);
    g_assert_cmphex(inb(LBA_MID), ==, 0x14);
    outb(BM_CMD, 9);
    g_assert_cmphex(inb(BM_STS), ==, ACTIVE);
    outb(BM_CMD, 0);
    ide_bus_set_dma(&b.bus, NULL, NULL);
    send_cdb(CDB(0x28, 0, 0, 0, 0, 2, 0, 0, 1), 0, true);
    g_assert_cmphex(inb(STATUS) & ERR, ==, ERR);
    bench_end(&b);
}

static void test_data_port_after_end(void)
{
    Bench b;

    setup(&b, SECTORS * 2048);
    assert_ok(&b, CDB(0x1b, 0, 0, 0, 2), 0); /* CVE-2015-5154: the port after START STOP UNIT */
    for (int i = 0; i < 70000; i++) {
        outl(DATA, 0xffffffff);
        g_assert_cmphex(inl(DATA), ==, 0);
    }
    g_assert_cmphex(inb(STATUS) & (DRQ | BSY), ==, 0);
    bench_end(&b);
}

static void test_read_error(void)
{
    Bench b;

    setup(&b, SECTORS * 2048);
    fault_from = 20 * 2048;
    fault_to = 21 * 2048;
    g_atomic_int_set(&fault_read, EIO);
    assert_sense(&b, CDB(0x28, 0, 0, 0, 0, 20, 0, 0, 1), 3, 0x11);
    g_atomic_int_set(&fault_read, 0);
    assert_ok(&b, CDB(0x28, 0, 0, 0, 0, 20, 0, 0, 1), 2048);
    bench_end(&b);
}

static void test_about(void)
{
    Bench b;

    setup(&b, SECTORS * 2048);
    assert_ok(&b, CDB(0), 0);
    assert_ok(&b, CDB(0x12, 0, 0, 0, 36), 36);
    g_assert_cmphex(reply.data[0], ==, 5);
    g_assert_cmphex(reply.data[1], ==, 0x80);
    assert_ok(&b, CDB(0x12, 0, 0, 0, 5), 5); /* an odd length */
    assert_ok(&b, CDB(0x12, 1, 0x80, 0, 255), 24);
    g_assert_cmpmem(reply.data + 4, 3, "SN1", 3);
    assert_sense(&b, CDB(0x12, 1, 0x99, 0, 255), 5, 0x24);
    assert_ok(&b, CDB(0x25), 8);
    g_assert_cmpuint(be32(reply.data), ==, SECTORS - 1);
    g_assert_cmpuint(be32(reply.data + 4), ==, 2048);

    assert_ok(&b, CDB(0x43, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 20);
    g_assert_cmphex(reply.data[1], ==, 18);
    g_assert_cmpuint(be32(reply.data + 16), ==, SECTORS);
    assert_ok(&b, CDB(0x43, 2, 0, 0, 0, 0, 0xaa, 0xff, 0xff), 12);
    g_assert_cmpuint(reply.data[10], ==, (SECTORS + 150) / 75);
    assert_ok(&b, CDB(0x43, 0, 1, 0, 0, 0, 0, 0xff, 0xff), 12);
    assert_ok(&b, CDB(0x43, 0, 2, 0, 0, 0, 0, 0xff, 0xff), 48);
    assert_ok(&b, CDB(0x43, 0, 0, 0, 0, 0, 0, 0, 4), 4); /* as long as the host allows */
    assert_sense(&b, CDB(0x43, 0, 0, 0, 0, 0, 9, 0, 255), 5, 0x24);
    assert_sense(&b, CDB(0x43, 0, 5, 0, 0, 0, 0, 0, 255), 5, 0x24);

    assert_ok(&b, CDB(0x46, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 76);
    g_assert_cmpuint(be32(reply.data), ==, reply.len - 4);
    g_assert_cmphex(reply.data[7], ==, 0x08); /* a CD-ROM */
    assert_ok(&b, CDB(0x46, 2, 0, 0x1e, 0, 0, 0, 0xff, 0xff), 16);
    assert_sense(&b, CDB(0x46, 3, 0, 0, 0, 0, 0, 0, 255), 5, 0x24);

    assert_ok(&b, CDB(0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 255), 30);
    g_assert_cmphex(reply.data[8], ==, 0x2a);
    assert_ok(&b, CDB(0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 255), 8 + 8 + 16 + 22);
    assert_sense(&b, CDB(0x5a, 0, 0x11, 0, 0, 0, 0, 0, 255), 5, 0x24);
    assert_sense(&b, CDB(0x5a, 0, 0xea, 0, 0, 0, 0, 0, 255), 5, 0x39);
    assert_ok(&b, CDB(0x51, 0, 0, 0, 0, 0, 0, 0, 255), 34);
    assert_ok(&b, CDB(0xbd, 0, 0, 0, 0, 0, 0, 0, 0, 255), 8);
    assert_ok(&b, CDB(0xbb), 0);
    assert_ok(&b, CDB(0x23, 0, 0, 0, 0, 0, 0, 0, 255), 12);
    assert_sense(&b, CDB(0xad, 0, 0, 0, 0, 0, 0, 0, 8, 0xff), 5, 0x24); /* no DVD */
    assert_sense(&b, CDB(0xff), 5, 0x20);
    assert_sense(&b, CDB(0x2a, 0, 0, 0, 0, 0, 0, 0, 1), 5, 0x20);
    bench_end(&b);
}

static void test_dvd(void)
{
    g_autofree char *path = bench_image("dvd", 0);
    Bench b;

    g_assert_cmpint(truncate(path, 1LL << 30), ==, 0);
    bench_begin(&b);
    bench_drive("cd", path, (BlockOptions){.media_cdrom = true});
    bench_device(&b, &ide_cd_class, "drive", "cd", NULL);
    assert_ok(&b, CDB(0x46, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 76);
    g_assert_cmphex(reply.data[7], ==, 0x10);
    assert_ok(&b, CDB(0xad, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 2052);
    g_assert_cmpuint(be32(reply.data + 12) & 0xffffff, ==, 0x30000 + (1 << 19) - 1);
    assert_ok(&b, CDB(0xad, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff), 20);
    assert_ok(&b, CDB(0xad, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff), 8);
    assert_sense(&b, CDB(0xad, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff), 5, 0x24);
    assert_sense(&b, CDB(0xad, 0, 0, 0, 0, 0, 1, 0, 0xff, 0xff), 5, 0x24);
    bench_end(&b);
}

static const uint8_t event_cdb[12] = {0x4a, 1, 0, 0, 0x10, 0, 0, 0, 255};

static void test_empty_and_changed(void)
{
    g_autofree char *path = bench_image("cd1", 100 * 2048);
    BlockBackend *blk;
    Bench b;

    bench_begin(&b);
    bench_drive("cd", NULL, (BlockOptions){.media_cdrom = true});
    bench_device(&b, &ide_cd_class, "drive", "cd", NULL);
    blk = block_find("cd");
    assert_sense(&b, CDB(0), 2, 0x3a);
    assert_sense(&b, CDB(0x25), 2, 0x3a);
    assert_sense(&b, CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 1), 2, 0x3a);
    assert_sense(&b, CDB(0x43, 0, 0, 0, 0, 0, 0, 0, 255), 2, 0x3a);
    assert_ok(&b, CDB(0x46, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 76);
    assert_ok(&b, event_cdb, 8);
    g_assert_cmphex(reply.data[4], ==, 0);
    g_assert_cmphex(reply.data[5], ==, 0);

    g_assert_true(block_change_medium(blk, path, NULL));
    assert_ok(&b, CDB(0x12, 0, 0, 0, 36), 36); /* INQUIRY says nothing of it */
    assert_ok(&b, event_cdb, 8);
    g_assert_cmphex(reply.data[4], ==, 2);
    g_assert_cmphex(reply.data[5], ==, 2);
    assert_ok(&b, event_cdb, 8);
    g_assert_cmphex(reply.data[4], ==, 0);
    assert_sense(&b, CDB(0), 6, 0x28);
    assert_ok(&b, CDB(0), 0);
    assert_ok(&b, CDB(0x25), 8);
    g_assert_cmpuint(be32(reply.data), ==, 99);

    /* The lock keeps the guest's own eject away, and the user's asks the guest. */
    assert_ok(&b, CDB(0x1e, 0, 0, 0, 1), 0);
    g_assert_true(block_is_locked(blk));
    assert_sense(&b, CDB(0x1b, 0, 0, 0, 2), 5, 0x53);
    block_request_eject(blk);
    assert_ok(&b, event_cdb, 8);
    g_assert_cmphex(reply.data[4], ==, 1);
    assert_ok(&b, CDB(0x1e, 0, 0, 0, 0), 0);
    assert_ok(&b, CDB(0x1b, 0, 0, 0, 2), 0);
    g_assert_true(block_is_tray_open(blk));
    assert_sense(&b, CDB(0), 2, 0x3a);
    g_assert_cmphex(reply.ascq, ==, 2);
    assert_ok(&b, event_cdb, 8);
    g_assert_cmphex(reply.data[4], ==, 3);
    g_assert_cmphex(reply.data[5], ==, 1);
    assert_ok(&b, CDB(0x1b, 0, 0, 0, 3), 0);
    assert_sense(&b, CDB(0), 6, 0x28);
    assert_ok(&b, CDB(0), 0);

    /* Taken out in the middle of a transfer. */
    send_cdb(CDB(0x28, 0, 0, 0, 0, 0, 0, 0, 100), 2048, false);
    wait_irq(&b);
    inb(STATUS);
    g_assert_true(block_change_medium(blk, NULL, NULL));
    bool failed = false;
    while (!failed) {
        for (int i = 0; i < 1024; i++) {
            inw(DATA);
        }
        wait_irq(&b);
        failed = inb(STATUS) & ERR;
    }
    assert_sense(&b, CDB(0), 2, 0x3a);
    bench_end(&b);

    /* A drive without a backend has a tray as well. */
    bench_begin(&b);
    bench_device(&b, &ide_cd_class, NULL);
    assert_sense(&b, CDB(0), 2, 0x3a);
    assert_ok(&b, CDB(0x1b, 0, 0, 0, 2), 0);
    assert_ok(&b, event_cdb, 8);
    g_assert_cmphex(reply.data[5], ==, 1);
    assert_ok(&b, CDB(0x1b, 0, 0, 0, 3), 0);
    assert_sense(&b, CDB(0), 2, 0x3a);
    bench_end(&b);
}

/* Every packet with random arguments: it ends, and in no more data than it said. */
static void test_random_packets(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(0xcd);
    Bench b;

    setup(&b, SECTORS * 2048);
    for (int i = 0; i < 6000; i++) {
        uint8_t cdb[12];
        for (int k = 0; k < 12; k++) {
            cdb[k] = g_rand_int_range(rand, 0, 3) ? g_rand_int_range(rand, 0, 4)
                                                  : g_rand_int_range(rand, 0, 256);
        }
        cdb[0] = i;
        if (cdb[0] == 0x1e || cdb[0] == 0xa8 || cdb[0] == 0x03) {
            continue; /* the lock; more data than fits here; has its own rules */
        }
        if (cdb[0] == 0x28 || cdb[0] == 0xbe) {
            cdb[7] = 0;
            cdb[8] &= 15;
            cdb[6] = 0;
        }
        packet(&b, cdb, 2 + g_rand_int_range(rand, 0, 0xfffd));
        if (block_is_tray_open(block_find("cd"))) {
            assert_ok(&b, CDB(0x1b, 0, 0, 0, 3), 0);
        }
    }
    bench_end(&b);
}

int main(int argc, char **argv)
{
    bench_init(&argc, &argv);
    g_test_add_func("/atapi/identify", test_identify);
    g_test_add_func("/atapi/disk-commands", test_disk_commands);
    g_test_add_func("/atapi/read-limits", test_read_limits);
    g_test_add_func("/atapi/read-long", test_read_long);
    g_test_add_func("/atapi/read-cd", test_read_cd);
    g_test_add_func("/atapi/out-of-range", test_out_of_range);
    g_test_add_func("/atapi/dma", test_dma);
    g_test_add_func("/atapi/data-port-after-end", test_data_port_after_end);
    g_test_add_func("/atapi/read-error", test_read_error);
    g_test_add_func("/atapi/about", test_about);
    g_test_add_func("/atapi/dvd", test_dvd);
    g_test_add_func("/atapi/empty-and-changed", test_empty_and_changed);
    g_test_add_func("/atapi/random-packets", test_random_packets);
    return bench_run();
}
