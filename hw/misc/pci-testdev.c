/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PCI function for tests of what a write costs: as an exit, queued, and as a doorbell
 * (ioeventfd).
 * Document: QEMU's docs/specs/pci-testdev, whose guests it is for.
 *
 * BAR 0 (4 KiB of memory) and BAR 1 (256 ports) show the same header. Writing the number of a test
 * to its first byte selects that test, and starts to count; a number past the last selects none. A
 * test names an address, a width and a value: each such write adds one to the count. Tests 0..2 are
 * writes to BAR 0, 3..5 to BAR 1: plain, to a doorbell that takes any value of any width, and to
 * one that matches the value. While none is selected the header reads as zeros.
 *
 * Left out: the optional third BAR that is plain memory.
 */
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "error.h"
#include "hw/misc/pci-testdev.h"

enum {
    HDR_TEST = 0x00,   /* u8, the number of the selected test */
    HDR_WIDTH = 0x01,  /* u8, bytes of a write that counts */
    HDR_OFFSET = 0x04, /* u32, where in the BAR */
    HDR_DATA = 0x08,   /* u32, what is to be written */
    HDR_COUNT = 0x0c,  /* u32, how many such writes there were */
    HDR_NAME = 0x10,   /* text, ended by 0 */
    HDR_SIZE = 0x40,

    MEM_BAR_SIZE = 0x1000,
    IO_BAR_SIZE = 0x100,
    MEM_TEST_OFFSET = MEM_BAR_SIZE / 2, /* plus the test's number */
    IO_TEST_OFFSET = IO_BAR_SIZE / 2,

    TEST_WIDTH = 1,
    TEST_DATA = 0xfa,
    TEST_DATA_WILDCARD = 0xce,
    NO_TEST = -1,
};

typedef struct TestRow {
    const char *name;
    bool io;
    bool doorbell;
    bool match_data;
    uint8_t data;
} TestRow;

/* The numbers are the guest's. */
static const TestRow test_rows[] = {
    {"mmio-no-eventfd", false, false, false, TEST_DATA},
    {"mmio-wildcard-eventfd", false, true, false, TEST_DATA_WILDCARD},
    {"mmio-datamatch-eventfd", false, true, true, TEST_DATA},
    {"portio-no-eventfd", true, false, false, TEST_DATA},
    {"portio-wildcard-eventfd", true, true, false, TEST_DATA_WILDCARD},
    {"portio-datamatch-eventfd", true, true, true, TEST_DATA},
};

enum { MEM_PLAIN = 0, IO_PLAIN = 3 };

typedef struct PciTestdev {
    PCIDevice pci;
    MemoryRegion mem, io;
    int selected; /* index of test_rows, or NO_TEST */
    uint32_t count;
    int fd; /* the doorbell */
    GSource *source;
} PciTestdev;

static uint32_t test_offset(int test)
{
    return (test_rows[test].io ? IO_TEST_OFFSET : MEM_TEST_OFFSET) + test;
}

/* ------------------------------------------------------------------------------- the doorbell --
 */

/* How often it was rung since the last look. */
static uint64_t take_rings(PciTestdev *s)
{
    uint64_t n = 0;

    while (read(s->fd, &n, sizeof(n)) < 0 && errno == EINTR) {
    }
    return n;
}

/* In the main loop, which holds the machine lock: so what was queued before the ring has arrived.
 */
static gboolean rung(gint fd, GIOCondition condition, gpointer opaque)
{
    PciTestdev *s = opaque;

    s->count += take_rings(s);
    return G_SOURCE_CONTINUE;
}

static void set_doorbell(PciTestdev *s, int test, bool add)
{
    const TestRow *row = &test_rows[test];
    MemoryRegion *mr = row->io ? &s->io : &s->mem;
    unsigned width = row->match_data ? TEST_WIDTH : 0;

    if (!row->doorbell) {
        return;
    }
    if (add) {
        memory_region_add_eventfd(mr, test_offset(test), width, row->match_data, row->data, s->fd);
    } else {
        memory_region_del_eventfd(mr, test_offset(test), width, row->match_data, row->data, s->fd);
    }
}

static void select_test(PciTestdev *s, int test)
{
    memory_region_transaction_begin();
    if (s->selected != NO_TEST) {
        set_doorbell(s, s->selected, false);
    }
    if (test != NO_TEST) {
        set_doorbell(s, test, true);
    }
    memory_region_transaction_commit();
    /* Nobody can ring the old one any more; what was rung is of the old count. */
    take_rings(s);
    s->selected = test;
    s->count = 0;
}

/* ---------------------------------------------------------------------------------- registers --
 */

static void make_header(PciTestdev *s, uint8_t *header)
{
    const TestRow *row = &test_rows[s->selected];

    header[HDR_TEST] = s->selected;
    header[HDR_WIDTH] = TEST_WIDTH;
    pci_set_long(header + HDR_OFFSET, test_offset(s->selected));
    pci_set_long(header + HDR_DATA, row->data);
    pci_set_long(header + HDR_COUNT, s->count);
    strcpy((char *)header + HDR_NAME, row->name);
}

static uint64_t testdev_read(void *opaque, hwaddr addr, unsigned size)
{
    PciTestdev *s = opaque;
    uint8_t header[HDR_SIZE] = {};
    uint64_t val = 0;

    if (s->selected == NO_TEST) {
        return 0;
    }
    s->count += take_rings(s);
    make_header(s, header);
    for (unsigned i = 0; i < size && addr + i < HDR_SIZE; i++) {
        val |= (uint64_t)header[addr + i] << 8 * i;
    }
    return val;
}

/* A write to a doorbell comes here when its value or width is another than the test's. */
static void testdev_write(PciTestdev *s, bool io, hwaddr addr, uint64_t data, unsigned size)
{
    if (addr == HDR_TEST) {
        uint8_t test = data;

        select_test(s, test < G_N_ELEMENTS(test_rows) ? test : NO_TEST);
    } else if (s->selected != NO_TEST && test_rows[s->selected].io == io &&
               addr == test_offset(s->selected) && size == TEST_WIDTH &&
               data == test_rows[s->selected].data) {
        s->count++;
    }
}

static void testdev_mem_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    testdev_write(opaque, false, addr, data, size);
}

static void testdev_io_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    testdev_write(opaque, true, addr, data, size);
}

static const RegisterName testdev_mem_registers[] = {{HDR_TEST, 1, "test"},
                                                     {HDR_WIDTH, 1, "width"},
                                                     {HDR_OFFSET, 4, "offset"},
                                                     {HDR_DATA, 4, "data"},
                                                     {HDR_COUNT, 4, "count"},
                                                     {HDR_NAME, HDR_SIZE - HDR_NAME, "name"},
                                                     {MEM_TEST_OFFSET, 3, "doorbells"},
                                                     {}};

static const MemoryRegionOps testdev_mem_ops = {
    .read = testdev_read,
    .write = testdev_mem_write,
    .registers = testdev_mem_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

static const RegisterName testdev_io_registers[] = {{HDR_TEST, 1, "test"},
                                                    {HDR_WIDTH, 1, "width"},
                                                    {HDR_OFFSET, 4, "offset"},
                                                    {HDR_DATA, 4, "data"},
                                                    {HDR_COUNT, 4, "count"},
                                                    {HDR_NAME, HDR_SIZE - HDR_NAME, "name"},
                                                    {IO_TEST_OFFSET + 3, 3, "doorbells"},
                                                    {}};

static const MemoryRegionOps testdev_io_ops = {
    .read = testdev_read,
    .write = testdev_io_write,
    .registers = testdev_io_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

/* ------------------------------------------------------------------------------------- class -- */

static bool testdev_realize(Device *dev, GError **errp)
{
    PciTestdev *s = DEVICE_CAST(PciTestdev, &pci_testdev_class.device, dev);

    s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->fd < 0) {
        error_setg(errp, "pci-testdev: no eventfd: %s", g_strerror(errno));
        return false;
    }
    s->source = g_unix_fd_source_new(s->fd, G_IO_IN);
    g_source_set_callback(s->source, G_SOURCE_FUNC(rung), s, NULL);
    g_source_attach(s->source, NULL);
    s->selected = NO_TEST;
    memory_region_init_io(&s->mem, &dev->owner, &testdev_mem_ops, s, "pci-testdev-mmio",
                          MEM_BAR_SIZE);
    memory_region_init_io(&s->io, &dev->owner, &testdev_io_ops, s, "pci-testdev-portio",
                          IO_BAR_SIZE);
    pci_register_bar(&s->pci, 0, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->mem);
    pci_register_bar(&s->pci, 1, PCI_BASE_ADDRESS_SPACE_IO, &s->io);
    return true;
}

static void testdev_unrealize(Device *dev)
{
    PciTestdev *s = DEVICE_CAST(PciTestdev, &pci_testdev_class.device, dev);

    select_test(s, NO_TEST);
    g_source_destroy(s->source);
    g_clear_pointer(&s->source, g_source_unref);
    close(s->fd);
}

static void testdev_reset(Device *dev)
{
    select_test(DEVICE_CAST(PciTestdev, &pci_testdev_class.device, dev), NO_TEST);
}

/*
 * The plain tests' own bytes: their writes only count, and the count is read through an exit. The
 * first byte of the header is not here: it adds and takes doorbells.
 */
static const CoalescedRange testdev_coalesced[] = {
    COALESCED_MMIO(PciTestdev, mem, MEM_TEST_OFFSET + MEM_PLAIN, TEST_WIDTH),
    COALESCED_PIO(PciTestdev, io, IO_TEST_OFFSET + IO_PLAIN, TEST_WIDTH),
    {}};

const PCIDeviceClass pci_testdev_class = {
    .device =
        {
            .name = "pci-testdev",
            .desc = "counts writes: exits, queued, doorbells",
            .category = "Misc",
            .parent = &pci_device_class,
            .size = sizeof(PciTestdev),
            .coalesced = testdev_coalesced,
            .realize = testdev_realize,
            .unrealize = testdev_unrealize,
            .reset = testdev_reset,
        },
    .vendor_id = 0x1b36,
    .device_id = 0x0005,
    .class_id = PCI_CLASS_OTHERS,
};
