/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses: what reaches a device, in which sizes and in which byte order; what is refused; DMA
 * mappings.
 */
#include "common.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define RECORDER_OPS(...)                                                                          \
    {                                                                                              \
        .read = recorder_read, .write = recorder_write, __VA_ARGS__                                \
    }

/* A recorder of 32 bytes at 0x100 of a space of 64 KiB. */
typedef struct Fixture {
    Space s;
    Recorder r;
} Fixture;

static void setup(Fixture *f, const MemoryRegionOps *ops)
{
    space_init(&f->s, 0x10000);
    recorder_init(&f->r, ops, 0x20);
    memory_region_add_subregion(&f->s.root, 0x100, &f->r.mr);
}

static void teardown(Fixture *f)
{
    memory_region_del_subregion(&f->s.root, &f->r.mr);
    recorder_end(&f->r);
    space_end(&f->s);
}

/* ---------------------------------------------------------------------- sizes and byte order -- */

static void test_one_access_reaches_the_device_as_one(void)
{
    static const MemoryRegionOps ops =
        RECORDER_OPS(.valid = {.max_access_size = 8}, .impl = {.max_access_size = 8});
    MemTxResult result = MEMTX_ERROR;
    Fixture f;

    setup(&f, &ops);
    g_assert_cmphex(address_space_ldub(&f.s.as, 0x103, &result), ==, 0x13);
    g_assert_cmpint(result, ==, MEMTX_OK);
    g_assert_cmphex(address_space_lduw_le(&f.s.as, 0x102, NULL), ==, 0x1312);
    g_assert_cmphex(address_space_lduw_be(&f.s.as, 0x102, NULL), ==, 0x1213);
    g_assert_cmphex(address_space_ldl_le(&f.s.as, 0x104, NULL), ==, 0x17161514);
    g_assert_cmphex(address_space_ldl_be(&f.s.as, 0x104, NULL), ==, 0x14151617);
    g_assert_cmphex(address_space_ldq_le(&f.s.as, 0x108, NULL), ==, 0x1f1e1d1c1b1a1918);
    g_assert_cmphex(address_space_ldq_be(&f.s.as, 0x108, NULL), ==, 0x18191a1b1c1d1e1f);
    assert_log(&f.r, "r1@3 r2@2 r2@2 r4@4 r4@4 r8@8 r8@8 ");
    address_space_stb(&f.s.as, 0x101, 0xa1, &result);
    address_space_stw_le(&f.s.as, 0x102, 0xa1a2, NULL);
    address_space_stw_be(&f.s.as, 0x102, 0xa1a2, NULL);
    address_space_stl_le(&f.s.as, 0x104, 0xa1a2a3a4, NULL);
    address_space_stl_be(&f.s.as, 0x104, 0xa1a2a3a4, NULL);
    address_space_stq_le(&f.s.as, 0x108, 0xa1a2a3a4a5a6a7a8, NULL);
    address_space_stq_be(&f.s.as, 0x108, 0xa1a2a3a4a5a6a7a8, NULL);
    assert_log(&f.r, "w1@1=a1 w2@2=a1a2 w2@2=a2a1 w4@4=a1a2a3a4 w4@4=a4a3a2a1 "
                     "w8@8=a1a2a3a4a5a6a7a8 w8@8=a8a7a6a5a4a3a2a1 ");
    teardown(&f);
}

/* A bulk access comes in the widest pieces that alignment and `valid` allow. */
static void test_bulk_access_is_cut_to_valid_sizes(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS();
    static const MemoryRegionOps byte_ops = RECORDER_OPS(.valid = {.max_access_size = 1});
    static const MemoryRegionOps unaligned_ops =
        RECORDER_OPS(.valid = {.max_access_size = 8, .unaligned = true},
                     .impl = {.max_access_size = 8, .unaligned = true});
    uint8_t buf[16];
    Fixture f;

    setup(&f, &ops);
    g_assert_cmpint(address_space_read(&f.s.as, 0x101, buf, 11), ==, MEMTX_OK);
    assert_log(&f.r, "r1@1 r2@2 r4@4 r4@8 ");
    for (int i = 0; i < 11; i++) {
        g_assert_cmphex(buf[i], ==, 0x11 + i);
    }
    address_space_stq_le(&f.s.as, 0x108, 0x0807060504030201, NULL);
    assert_log(&f.r, "w4@8=4030201 w4@c=8070605 ");
    teardown(&f);

    setup(&f, &byte_ops);
    address_space_stl_le(&f.s.as, 0x104, 0x04030201, NULL);
    assert_log(&f.r, "w1@4=1 w1@5=2 w1@6=3 w1@7=4 ");
    teardown(&f);

    setup(&f, &unaligned_ops);
    address_space_read(&f.s.as, 0x101, buf, 15);
    assert_log(&f.r, "r8@1 r4@9 r2@d r1@f ");
    teardown(&f);
}

static void test_larger_than_implemented_is_split(void)
{
    static const MemoryRegionOps ops =
        RECORDER_OPS(.valid = {.max_access_size = 8}, .impl = {.max_access_size = 2});
    Fixture f;

    setup(&f, &ops);
    g_assert_cmphex(address_space_ldq_le(&f.s.as, 0x108, NULL), ==, 0x1f1e1d1c1b1a1918);
    assert_log(&f.r, "r2@8 r2@a r2@c r2@e ");
    address_space_stl_le(&f.s.as, 0x104, 0xa1a2a3a4, NULL);
    assert_log(&f.r, "w2@4=a3a4 w2@6=a1a2 ");
    teardown(&f);
}

/* Reads take their bytes out of the unit; writes put theirs in place, beside zeros. */
static void test_smaller_than_implemented_is_widened(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS(.impl = {.min_access_size = 4});
    Fixture f;

    setup(&f, &ops);
    g_assert_cmphex(address_space_ldub(&f.s.as, 0x106, NULL), ==, 0x16);
    g_assert_cmphex(address_space_lduw_le(&f.s.as, 0x102, NULL), ==, 0x1312);
    assert_log(&f.r, "r4@4 r4@0 ");
    address_space_stb(&f.s.as, 0x106, 0xab, NULL);
    address_space_stw_le(&f.s.as, 0x102, 0xabcd, NULL);
    address_space_stw_le(&f.s.as, 0x108, 0xabcd, NULL);
    assert_log(&f.r, "w4@4=ab0000 w4@0=abcd0000 w4@8=abcd ");
    teardown(&f);
}

static void test_unaligned_is_done_in_aligned_units(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS(.valid = {.unaligned = true});
    static const MemoryRegionOps wide_ops =
        RECORDER_OPS(.valid = {.unaligned = true}, .impl = {.min_access_size = 4});
    Fixture f;

    setup(&f, &ops);
    g_assert_cmphex(address_space_ldl_le(&f.s.as, 0x101, NULL), ==, 0x14131211);
    assert_log(&f.r, "r1@1 r2@2 r1@4 ");
    address_space_stl_le(&f.s.as, 0x102, 0xa1a2a3a4, NULL);
    assert_log(&f.r, "w2@2=a3a4 w2@4=a1a2 ");
    teardown(&f);

    setup(&f, &wide_ops);
    g_assert_cmphex(address_space_ldl_le(&f.s.as, 0x103, NULL), ==, 0x16151413);
    assert_log(&f.r, "r4@0 r4@4 ");
    address_space_stl_le(&f.s.as, 0x102, 0xa1a2a3a4, NULL);
    assert_log(&f.r, "w4@0=a3a40000 w4@4=a1a2 ");
    teardown(&f);
}

/* The bytes of a big-endian device's value are the other way round, in each unit. */
static void test_big_endian(void)
{
    static const MemoryRegionOps ops =
        RECORDER_OPS(.endianness = DEVICE_BIG_ENDIAN, .valid = {.max_access_size = 8},
                     .impl = {.min_access_size = 4});
    Fixture f;

    setup(&f, &ops);
    /* The handler's value for offset 4 is 0x17161514: its first byte is 0x17. */
    g_assert_cmphex(address_space_ldl_be(&f.s.as, 0x104, NULL), ==, 0x17161514);
    g_assert_cmphex(address_space_ldub(&f.s.as, 0x104, NULL), ==, 0x17);
    g_assert_cmphex(address_space_lduw_be(&f.s.as, 0x106, NULL), ==, 0x1514);
    g_assert_cmphex(address_space_ldq_be(&f.s.as, 0x108, NULL), ==, 0x1b1a19181f1e1d1c);
    assert_log(&f.r, "r4@4 r4@4 r4@4 r4@8 r4@c ");
    address_space_stl_be(&f.s.as, 0x104, 0xa1a2a3a4, NULL);
    address_space_stb(&f.s.as, 0x104, 0xa1, NULL);
    address_space_stq_be(&f.s.as, 0x108, 0xa1a2a3a4a5a6a7a8, NULL);
    assert_log(&f.r, "w4@4=a1a2a3a4 w4@4=a1000000 w4@8=a1a2a3a4 w4@c=a5a6a7a8 ");
    teardown(&f);
}

/* A register's upper garbage does not get into a narrow read. */
static uint64_t all_ones(void *opaque, hwaddr addr, unsigned size)
{
    return UINT64_MAX;
}

static void test_read_is_cut_to_its_size(void)
{
    static const MemoryRegionOps ops = {.read = all_ones};
    Fixture f;
    uint64_t data;

    setup(&f, &ops);
    g_assert_cmpint(memory_region_dispatch_read(&f.r.mr, 2, &data, 2), ==, MEMTX_OK);
    g_assert_cmphex(data, ==, 0xffff);
    teardown(&f);
}

static void test_no_access_leaves_the_region(void)
{
    static const MemoryRegionOps ops =
        RECORDER_OPS(.valid = {.max_access_size = 8, .unaligned = true},
                     .impl = {.max_access_size = 8, .unaligned = true});
    static const MemoryRegionOps wide_ops = RECORDER_OPS(.impl = {.min_access_size = 4});
    uint64_t data;
    Fixture f;

    setup(&f, &ops);
    g_assert_cmphex(address_space_ldq_le(&f.s.as, 0x11d, NULL), ==, 0xffffffffff2f2e2d);
    assert_log(&f.r, "r2@1d r1@1f ");
    g_assert_cmpint(memory_region_dispatch_read(&f.r.mr, 0x1d, &data, 4), ==, MEMTX_DECODE_ERROR);
    g_assert_cmphex(data, ==, 0xffffffff);
    g_assert_cmpint(memory_region_dispatch_write(&f.r.mr, UINT64_MAX, 0, 2), ==,
                    MEMTX_DECODE_ERROR);
    assert_log(&f.r, "");
    teardown(&f);

    /* Nor does a unit that is wider than what is left of the region. */
    setup(&f, &wide_ops);
    memory_region_set_size(&f.r.mr, 0x1e);
    g_assert_cmpint(memory_region_dispatch_read(&f.r.mr, 0x1c, &data, 2), ==, MEMTX_DECODE_ERROR);
    g_assert_cmphex(data, ==, 0xffff);
    assert_log(&f.r, "");
    teardown(&f);
}

/* An access belongs to what answers its first byte, whatever lies over the others. */
static void test_overlaid_bytes_do_not_cut_an_access(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS();
    Recorder reset;
    Fixture f;

    setup(&f, &ops);
    recorder_init(&reset, &ops, 1);
    memory_region_add_subregion_overlap(&f.s.root, 0x105, &reset.mr, 1);
    address_space_stl_le(&f.s.as, 0x104, 0x80000006, NULL);
    assert_log(&f.r, "w4@4=80000006 ");
    assert_log(&reset, "");
    address_space_stb(&f.s.as, 0x105, 6, NULL);
    assert_log(&f.r, "");
    assert_log(&reset, "w1@0=6 ");
    memory_region_del_subregion(&f.s.root, &reset.mr);
    recorder_end(&reset);
    teardown(&f);
}

/* ------------------------------------------------------------------------------- refusals -- */

static bool accept_reads_below_16(void *opaque, hwaddr addr, unsigned size, bool is_write)
{
    return !is_write && addr < 16;
}

static void test_invalid_accesses_are_rejected_and_counted(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS(.valid = {.min_access_size = 2});
    static const MemoryRegionOps picky_ops =
        RECORDER_OPS(.valid = {.accepts = accept_reads_below_16});
    MemTxResult result;
    uint64_t data = 0;
    Fixture f;

    setup(&f, &ops);
    g_assert_cmphex(address_space_ldub(&f.s.as, 0x102, &result), ==, 0xff);
    g_assert_cmpint(result, ==, MEMTX_DECODE_ERROR);
    address_space_stb(&f.s.as, 0x102, 1, &result);
    g_assert_cmpint(result, ==, MEMTX_DECODE_ERROR);
    g_assert_cmpuint(f.s.as.stats.rejected, ==, 2);
    g_assert_cmpint(memory_region_dispatch_read(&f.r.mr, 1, &data, 2), ==, MEMTX_DECODE_ERROR);
    g_assert_cmphex(data, ==, 0xffff);
    g_assert_cmpint(memory_region_dispatch_read(&f.r.mr, 8, &data, 8), ==, MEMTX_DECODE_ERROR);
    g_assert_cmphex(data, ==, UINT64_MAX);
    assert_log(&f.r, "");
    teardown(&f);

    setup(&f, &picky_ops);
    g_assert_cmphex(address_space_ldub(&f.s.as, 0x102, &result), ==, 0x12);
    g_assert_cmpint(result, ==, MEMTX_OK);
    g_assert_cmphex(address_space_ldub(&f.s.as, 0x112, &result), ==, 0xff);
    g_assert_cmpint(result, ==, MEMTX_DECODE_ERROR);
    address_space_stb(&f.s.as, 0x102, 0, NULL);
    assert_log(&f.r, "r1@2 ");
    g_assert_cmpuint(f.s.as.stats.rejected, ==, 2);
    teardown(&f);
}

static void test_missing_handlers(void)
{
    static const MemoryRegionOps ops = {.endianness = DEVICE_BIG_ENDIAN};
    MemTxResult result;
    Fixture f;

    setup(&f, &ops);
    g_assert_cmphex(address_space_ldl_le(&f.s.as, 0x104, &result), ==, 0xffffffff);
    g_assert_cmpint(result, ==, MEMTX_OK);
    address_space_stl_le(&f.s.as, 0x104, 1, &result);
    g_assert_cmpint(result, ==, MEMTX_OK);
    teardown(&f);
}

static void test_nothing_there(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS();
    uint8_t buf[8];
    MemTxResult result;
    Fixture f;

    setup(&f, &ops);
    g_assert_cmphex(address_space_ldl_le(&f.s.as, 0x200, &result), ==, 0xffffffff);
    g_assert_cmpint(result, ==, MEMTX_DECODE_ERROR);
    address_space_stl_le(&f.s.as, 0x200, 0, &result);
    g_assert_cmpint(result, ==, MEMTX_DECODE_ERROR);
    g_assert_cmpuint(f.s.as.stats.unassigned_reads, ==, 1);
    g_assert_cmpuint(f.s.as.stats.unassigned_writes, ==, 1);

    /* Half in a hole: what is there is read. */
    g_assert_cmpint(address_space_read(&f.s.as, 0xfc, buf, 8), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpmem(buf, 8, "\xff\xff\xff\xff\x10\x11\x12\x13", 8);
    assert_log(&f.r, "r4@0 ");
    g_assert_cmpint(address_space_read(&f.s.as, 0xfc, buf, 0), ==, MEMTX_OK);
    teardown(&f);
}

/* ------------------------------------------------------------------------------ re-entrancy -- */

static AddressSpace *dma_space;
static MemTxResult dma_result;

/* What a device does whose DMA address is its own registers. */
static void dma_to_itself(Recorder *r, hwaddr addr, uint64_t data)
{
    if (data == 0x77) {
        uint32_t value = 0x11;

        g_assert_true(r->owner.busy);
        dma_result = address_space_write(dma_space, 0x104, &value, 4);
        g_assert_true(r->owner.busy);
    }
}

static void test_reentry_is_refused(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS();
    Fixture f;

    setup(&f, &ops);
    dma_space = &f.s.as;
    f.r.on_write = dma_to_itself;
    address_space_stl_le(&f.s.as, 0x108, 0x77, NULL);
    assert_log(&f.r, "w4@8=77 ");
    g_assert_cmpint(dma_result, ==, MEMTX_ACCESS_ERROR);
    g_assert_cmpuint(f.r.owner.reentries, ==, 1);
    g_assert_cmpuint(f.s.as.stats.reentries, ==, 1);
    g_assert_false(f.r.owner.busy);

    /* The next access from outside is as good as ever. */
    address_space_stl_le(&f.s.as, 0x108, 0x78, NULL);
    assert_log(&f.r, "w4@8=78 ");

    memory_region_set_reentrant(&f.r.mr, true);
    address_space_stl_le(&f.s.as, 0x108, 0x77, NULL);
    assert_log(&f.r, "w4@8=77 w4@4=11 ");
    g_assert_cmpint(dma_result, ==, MEMTX_OK);
    g_assert_cmpuint(f.r.owner.reentries, ==, 1);
    g_assert_false(f.r.owner.busy);
    teardown(&f);
}

/* A handler may take its own region off the map in the middle of a long access. */
static void unmap_itself(Recorder *r, hwaddr addr, uint64_t data)
{
    memory_region_set_enabled(&r->mr, false);
}

static void test_handler_changes_the_map(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS();
    uint8_t buf[16] = {1};
    Fixture f;

    setup(&f, &ops);
    f.r.on_write = unmap_itself;
    g_assert_cmpint(address_space_write(&f.s.as, 0x104, buf, 16), ==, MEMTX_DECODE_ERROR);
    assert_log(&f.r, "w4@4=1 ");
    g_assert_cmpuint(f.s.as.stats.unassigned_writes, ==, 1);
    teardown(&f);
}

static Fixture *shrunk;
static MemTxResult shrunk_results[3];

/* A queued write that is replayed while the region behind it has shrunk already. */
static void write_past_the_new_end(void *opaque)
{
    uint8_t buf[8] = {};

    shrunk_results[0] = address_space_write(&shrunk->s.as, 0x10f, buf, 1);
    shrunk_results[1] = address_space_write(&shrunk->s.as, 0x110, buf, 4);
    shrunk_results[2] = address_space_write(&shrunk->s.as, 0x11c, buf, 4);
}

static void test_region_shrinks_under_queued_writes(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS();
    Fixture f;

    setup(&f, &ops);
    shrunk = &f;
    memory_region_add_coalescing(&f.r.mr, 0, 0x20);
    memory_set_drain_hook(write_past_the_new_end, NULL);
    memory_region_set_size(&f.r.mr, 0x10);
    memory_set_drain_hook(NULL, NULL);
    assert_log(&f.r, "w1@f=0 ");
    g_assert_cmpint(shrunk_results[0], ==, MEMTX_OK);
    g_assert_cmpint(shrunk_results[1], ==, MEMTX_DECODE_ERROR);
    g_assert_cmpint(shrunk_results[2], ==, MEMTX_DECODE_ERROR);
    teardown(&f);
}

/* -------------------------------------------------------------------------------- doorbells -- */

static uint64_t rung(int fd)
{
    uint64_t n = 0;

    return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void test_doorbells_without_an_accelerator(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS();
    int any = eventfd(0, EFD_NONBLOCK);
    int word = eventfd(0, EFD_NONBLOCK);
    int value = eventfd(0, EFD_NONBLOCK);
    Fixture f;

    setup(&f, &ops);
    memory_region_add_eventfd(&f.r.mr, 0, 0, false, 0, any);
    memory_region_add_eventfd(&f.r.mr, 8, 4, false, 0, word);
    memory_region_add_eventfd(&f.r.mr, 4, 2, true, 0x1234, value);

    address_space_stb(&f.s.as, 0x100, 1, NULL);
    address_space_stl_le(&f.s.as, 0x100, 1, NULL);
    g_assert_cmpuint(rung(any), ==, 2);
    address_space_stl_le(&f.s.as, 0x108, 5, NULL);
    g_assert_cmpuint(rung(word), ==, 1);
    address_space_stw_le(&f.s.as, 0x104, 0x1234, NULL);
    g_assert_cmpuint(rung(value), ==, 1);
    g_assert_cmpint(memory_region_dispatch_write(&f.r.mr, 4, 0xffff1234, 2), ==, MEMTX_OK);
    g_assert_cmpuint(rung(value), ==, 1);
    assert_log(&f.r, "");

    /* Another width, another value, a read: the device's. */
    address_space_stw_le(&f.s.as, 0x108, 5, NULL);
    address_space_stw_le(&f.s.as, 0x104, 0x1235, NULL);
    address_space_ldl_le(&f.s.as, 0x108, NULL);
    assert_log(&f.r, "w2@8=5 w2@4=1235 r4@8 ");
    g_assert_cmpuint(rung(word) + rung(value), ==, 0);

    /* A write that the registers would not take whole still rings. */
    memory_region_add_eventfd(&f.r.mr, 0x10, 8, false, 0, word);
    address_space_stq_le(&f.s.as, 0x110, 5, NULL);
    g_assert_cmpuint(rung(word), ==, 1);
    memory_region_del_eventfd(&f.r.mr, 0x10, 8, false, 0, word);

    memory_region_del_eventfd(&f.r.mr, 0, 0, false, 0, any);
    memory_region_del_eventfd(&f.r.mr, 8, 4, false, 0, word);
    memory_region_del_eventfd(&f.r.mr, 4, 2, true, 0x1234, value);
    address_space_stl_le(&f.s.as, 0x108, 5, NULL);
    assert_log(&f.r, "w4@8=5 ");
    teardown(&f);
    close(any);
    close(word);
    close(value);
}

/* ------------------------------------------------------------------------------- memory -- */

static void test_ram_rom_and_romd(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS();
    Space s;
    Recorder r;
    MemoryRegion ram, rom, romd;
    MemTxResult result;
    uint8_t buf[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    space_init(&s, MEMORY_SIZE_ALL);
    recorder_init(&r, &ops, 0x20);
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x1000, NULL));
    g_assert_true(memory_region_init_rom(&rom, NULL, "rom", 0x1000, NULL));
    g_assert_true(memory_region_init_rom_device(&romd, NULL, &ops, &r, "romd", 0x20, NULL));
    memory_region_add_subregion(&s.root, 0, &ram);
    memory_region_add_subregion(&s.root, 0x1000, &rom);
    memory_region_add_subregion(&s.root, 0x2000, &romd);

    /* Across the border: what lands in ROM is dropped, and is no mistake. */
    g_assert_cmpint(address_space_write(&s.as, 0xffc, buf, 8), ==, MEMTX_OK);
    g_assert_cmphex(address_space_ldq_le(&s.as, 0xffc, &result), ==, 0x04030201);
    g_assert_cmpint(result, ==, MEMTX_OK);
    g_assert_cmpuint(s.as.stats.unassigned_writes, ==, 0);
    g_assert_cmpint(address_space_write_rom(&s.as, 0xffc, buf, 8), ==, MEMTX_OK);
    g_assert_cmphex(address_space_ldq_le(&s.as, 0xffc, NULL), ==, 0x0807060504030201);

    memcpy(memory_region_get_ram_ptr(&romd), "\xaa\xbb\xcc\xdd", 4);
    g_assert_cmphex(address_space_ldl_le(&s.as, 0x2000, NULL), ==, 0xddccbbaa);
    address_space_stl_le(&s.as, 0x2000, 5, NULL);
    assert_log(&r, "w4@0=5 ");
    g_assert_cmphex(address_space_ldl_le(&s.as, 0x2000, NULL), ==, 0xddccbbaa);
    memory_region_rom_device_set_romd(&romd, false);
    g_assert_cmphex(address_space_ldl_le(&s.as, 0x2000, NULL), ==, 5);
    assert_log(&r, "r4@0 ");
    g_assert_cmpint(address_space_write_rom(&s.as, 0x2000, buf, 4), ==, MEMTX_OK);
    g_assert_cmpmem(memory_region_get_ram_ptr(&romd), 4, buf, 4);

    /* A loader hears of bytes that found no memory. */
    g_assert_cmpint(address_space_write_rom(&s.as, 0x201f, buf, 2), ==, MEMTX_DECODE_ERROR);

    memory_region_del_subregion(&s.root, &ram);
    memory_region_del_subregion(&s.root, &rom);
    memory_region_del_subregion(&s.root, &romd);
    memory_region_destroy(&ram);
    memory_region_destroy(&rom);
    memory_region_destroy(&romd);
    recorder_end(&r);
    space_end(&s);
}

static void test_addresses_wrap(void)
{
    Space s;
    MemoryRegion low, high;
    uint8_t buf[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8];

    space_init(&s, MEMORY_SIZE_ALL);
    g_assert_true(memory_region_init_ram(&low, NULL, "low", 0x1000, NULL));
    g_assert_true(memory_region_init_ram(&high, NULL, "high", 0x1000, NULL));
    memory_region_add_subregion(&s.root, 0, &low);
    memory_region_add_subregion(&s.root, -UINT64_C(0x1000), &high);
    g_assert_cmpint(address_space_write(&s.as, -UINT64_C(4), buf, 8), ==, MEMTX_OK);
    g_assert_cmpmem((uint8_t *)memory_region_get_ram_ptr(&high) + 0xffc, 4, buf, 4);
    g_assert_cmpmem(memory_region_get_ram_ptr(&low), 4, buf + 4, 4);
    g_assert_cmpint(address_space_read(&s.as, -UINT64_C(4), back, 8), ==, MEMTX_OK);
    g_assert_cmpmem(back, 8, buf, 8);

    memory_region_set_enabled(&high, false);
    g_assert_cmpint(address_space_read(&s.as, -UINT64_C(4), back, 8), ==, MEMTX_DECODE_ERROR);
    g_assert_cmpmem(back, 8, "\xff\xff\xff\xff\5\6\7\10", 8);

    memory_region_del_subregion(&s.root, &low);
    memory_region_del_subregion(&s.root, &high);
    memory_region_destroy(&low);
    memory_region_destroy(&high);
    space_end(&s);
}

/* ----------------------------------------------------------------------------- DMA mappings -- */

static void test_map_ram(void)
{
    Space s;
    MemoryRegion ram;
    hwaddr len = 0x2000;
    uint8_t *p, *q;
    g_autofree unsigned long *snapshot = NULL;

    space_init(&s, MEMORY_SIZE_ALL);
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", 0x4000, NULL));
    memory_region_add_subregion(&s.root, 0x1000, &ram);
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);

    /* Past the region's end there is nothing to map. */
    p = address_space_map(&s.as, 0x4000, &len, true);
    g_assert_true(p == (uint8_t *)memory_region_get_ram_ptr(&ram) + 0x3000);
    g_assert_cmphex(len, ==, 0x1000);
    p[0] = 0x55;
    len = 0x100;
    q = address_space_map(&s.as, 0x4000, &len, false);
    g_assert_true(q == p);
    address_space_unmap(&s.as, q, 0x100, false, 0x100);
    snapshot = memory_region_snapshot_and_clear_dirty(&ram, 0, 0x4000, DIRTY_MEMORY_VGA);
    g_assert_false(memory_snapshot_get_dirty(snapshot, 0, 0x4000));
    address_space_unmap(&s.as, p, 0x1000, true, 1);
    g_free(snapshot);
    snapshot = memory_region_snapshot_and_clear_dirty(&ram, 0, 0x4000, DIRTY_MEMORY_VGA);
    g_assert_false(memory_snapshot_get_dirty(snapshot, 0, 0x3000));
    g_assert_true(memory_snapshot_get_dirty(snapshot, 0x3000, 0x1000));

    /* A mapping outlives the region; the sanitizer watches. */
    len = 0x10;
    p = address_space_map(&s.as, 0x1000, &len, true);
    memory_region_del_subregion(&s.root, &ram);
    memory_region_destroy(&ram);
    p[15] = 1;
    address_space_unmap(&s.as, p, 0x10, true, 0x10);

    len = 0;
    g_assert_null(address_space_map(&s.as, 0x1000, &len, true));
    space_end(&s);
}

static void test_map_by_bounce_buffer(void)
{
    static const MemoryRegionOps ops = RECORDER_OPS();
    hwaddr len = 0x100;
    hwaddr other = 0x10;
    uint8_t *p;
    Fixture f;

    setup(&f, &ops);
    p = address_space_map(&f.s.as, 0x110, &len, false);
    g_assert_nonnull(p);
    g_assert_cmphex(len, ==, 0x10);
    assert_log(&f.r, "r4@10 r4@14 r4@18 r4@1c ");
    g_assert_cmphex(p[5], ==, 0x25);

    /* There is one. */
    g_assert_null(address_space_map(&f.s.as, 0x100, &other, false));
    g_assert_cmphex(other, ==, 0);
    address_space_unmap(&f.s.as, p, len, false, len);
    assert_log(&f.r, "");

    /* What was written goes out when the mapping ends, and no more than was written. */
    len = 8;
    p = address_space_map(&f.s.as, 0x110, &len, true);
    g_assert_nonnull(p);
    assert_log(&f.r, "");
    memcpy(p, "\1\2\3\4\5\6\7\10", 8);
    address_space_unmap(&f.s.as, p, len, true, 4);
    assert_log(&f.r, "w4@10=4030201 ");

    /* A hole reads as ones, at most 4 KiB at a time. */
    len = 0x8000;
    p = address_space_map(&f.s.as, 0x1000, &len, false);
    g_assert_cmphex(len, ==, 0x1000);
    g_assert_cmphex(p[0xfff], ==, 0xff);
    address_space_unmap(&f.s.as, p, len, false, len);
    teardown(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/dispatch/one-access-reaches-the-device-as-one",
                    test_one_access_reaches_the_device_as_one);
    g_test_add_func("/memory/dispatch/bulk-access-is-cut-to-valid-sizes",
                    test_bulk_access_is_cut_to_valid_sizes);
    g_test_add_func("/memory/dispatch/larger-than-implemented-is-split",
                    test_larger_than_implemented_is_split);
    g_test_add_func("/memory/dispatch/smaller-than-implemented-is-widened",
                    test_smaller_than_implemented_is_widened);
    g_test_add_func("/memory/dispatch/unaligned-is-done-in-aligned-units",
                    test_unaligned_is_done_in_aligned_units);
    g_test_add_func("/memory/dispatch/big-endian", test_big_endian);
    g_test_add_func("/memory/dispatch/read-is-cut-to-its-size", test_read_is_cut_to_its_size);
    g_test_add_func("/memory/dispatch/no-access-leaves-the-region",
                    test_no_access_leaves_the_region);
    g_test_add_func("/memory/dispatch/overlaid-bytes-do-not-cut-an-access",
                    test_overlaid_bytes_do_not_cut_an_access);
    g_test_add_func("/memory/dispatch/invalid-accesses-are-rejected-and-counted",
                    test_invalid_accesses_are_rejected_and_counted);
    g_test_add_func("/memory/dispatch/missing-handlers", test_missing_handlers);
    g_test_add_func("/memory/dispatch/nothing-there", test_nothing_there);
    g_test_add_func("/memory/dispatch/reentry-is-refused", test_reentry_is_refused);
    g_test_add_func("/memory/dispatch/handler-changes-the-map", test_handler_changes_the_map);
    g_test_add_func("/memory/dispatch/region-shrinks-under-queued-writes",
                    test_region_shrinks_under_queued_writes);
    g_test_add_func("/memory/dispatch/doorbells-without-an-accelerator",
                    test_doorbells_without_an_accelerator);
    g_test_add_func("/memory/dispatch/ram-rom-and-romd", test_ram_rom_and_romd);
    g_test_add_func("/memory/dispatch/addresses-wrap", test_addresses_wrap);
    g_test_add_func("/memory/dispatch/map-ram", test_map_ram);
    g_test_add_func("/memory/dispatch/map-by-bounce-buffer", test_map_by_bounce_buffer);
    return g_test_run();
}
