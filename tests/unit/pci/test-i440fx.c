/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host bridge: registers, configuration mechanism 1, PAM, SMRAM, the layout of RAM.
 */
#include "bench.h"
#include "hw/core/runstate.h"

#define HOST PCI_DEVFN(0, 0)

static void test_defaults(void)
{
    Bench b;

    bench_begin(&b);
    g_assert_cmphex(cfg_readl(HOST, 0x00), ==, 0x12378086);
    g_assert_cmphex(cfg_readl(HOST, 0x04), ==, 0x02800006);
    g_assert_cmphex(cfg_readl(HOST, 0x08), ==, 0x06000002);
    g_assert_cmphex(cfg_readl(HOST, 0x2c), ==, 0x11001af4);
    g_assert_cmphex(cfg_readl(HOST, 0x50), ==, 0x80000000);
    g_assert_cmphex(cfg_readb(HOST, 0x57), ==, 0x01);
    g_assert_cmphex(cfg_readb(HOST, 0x58), ==, 0x10);
    for (int reg = 0x59; reg <= 0x5f; reg++) {
        g_assert_cmphex(cfg_readb(HOST, reg), ==, 0);
    }
    for (int reg = 0x60; reg <= 0x67; reg++) {
        g_assert_cmphex(cfg_readb(HOST, reg), ==, 1);
    }
    g_assert_cmphex(cfg_readb(HOST, 0x70), ==, 0x00);
    g_assert_cmphex(cfg_readb(HOST, 0x71), ==, 0x10);
    g_assert_cmphex(cfg_readb(HOST, 0x72), ==, 0x02);
    g_assert_cmphex(cfg_readb(HOST, 0x93), ==, 0x00);

    for (int reg = 0; reg < 256; reg++) {
        if (reg != 0x93) {
            cfg_writeb(HOST, reg, 0xff);
        }
    }
    g_assert_cmphex(cfg_readl(HOST, 0x00), ==, 0x12378086);
    g_assert_cmphex(cfg_readw(HOST, 0x04), ==, 0x0146);
    g_assert_cmphex(cfg_readb(HOST, 0x59), ==, 0x30);
    g_assert_cmphex(cfg_readb(HOST, 0x5a), ==, 0x33);
    devices_reset();
    g_assert_cmphex(cfg_readw(HOST, 0x04), ==, 0x0006);
    g_assert_cmphex(cfg_readb(HOST, 0x59), ==, 0x00);
    g_assert_cmphex(cfg_readb(HOST, 0x72), ==, 0x02);
    bench_end(&b);
}

static uint8_t rcr;
static unsigned rcr_writes;

static uint8_t rcr_read(void *opaque)
{
    return rcr;
}

static void rcr_write(void *opaque, uint8_t val)
{
    rcr = val;
    rcr_writes++;
}

static const I440FXResetControl rcr_ops = {rcr_read, rcr_write};

static void test_confadd_widths(void)
{
    Bench b;

    bench_begin(&b);
    g_assert_cmphex(inl(0xcf8), ==, 0);
    outl(0xcf8, 0x80000000);
    g_assert_cmphex(inl(0xcf8), ==, 0x80000000);
    outl(0xcf8, 0xffffffff);
    g_assert_cmphex(inl(0xcf8), ==, 0x80ffffff);
    outl(0xcf8, 0x80000058);

    /* nothing narrower or elsewhere is the bridge's */
    outb(0xcf8, 0x10);
    outb(0xcfb, 0x01);
    outw(0xcf8, 0x1111);
    outw(0xcfa, 0x1111);
    g_assert_cmphex(inl(0xcf8), ==, 0x80000058);
    g_assert_cmphex(inb(0xcf8), ==, 0xff);
    g_assert_cmphex(inb(0xcf9), ==, 0xff);
    g_assert_cmphex(inw(0xcfa), ==, 0xffff);

    rcr = 0x02;
    rcr_writes = 0;
    i440fx_set_reset_control(b.host, &rcr_ops, NULL);
    g_assert_cmphex(inb(0xcf9), ==, 0x02);
    g_assert_cmphex(inw(0xcf8), ==, 0x02ff);
    g_assert_cmphex(inw(0xcf9), ==, 0xff02);
    g_assert_cmphex(inl(0xcf8), ==, 0x80000058);
    outl(0xcf8, 0x80000658); /* its byte 1 is the address's */
    outb(0xcf8, 0x06);
    outb(0xcfa, 0x06);
    g_assert_cmpuint(rcr_writes, ==, 0);
    outb(0xcf9, 0x06);
    g_assert_cmpuint(rcr_writes, ==, 1);
    g_assert_cmphex(rcr, ==, 0x06);
    outw(0xcf8, 0x0a00);
    g_assert_cmphex(rcr, ==, 0x0a);
    outw(0xcf9, 0x0004);
    g_assert_cmphex(rcr, ==, 0x04);
    g_assert_cmpuint(rcr_writes, ==, 3);
    g_assert_cmphex(inl(0xcf8), ==, 0x80000658);
    bench_end(&b);
}

static void test_confdata_widths(void)
{
    uint8_t wide[8] = {0x00, 0x00, 0x00, 0x80, 0xaa, 0xaa, 0xaa, 0xaa};
    Bench b;

    bench_begin(&b);
    outl(0xcf8, 0x80000000);
    g_assert_cmphex(inb(0xcfc), ==, 0x86);
    g_assert_cmphex(inb(0xcfd), ==, 0x80);
    g_assert_cmphex(inw(0xcfe), ==, 0x1237);
    g_assert_cmphex(inw(0xcfd), ==, 0x3780);
    /* past the port's end there is nothing */
    g_assert_cmphex(inl(0xcfe), ==, 0xffff1237);
    g_assert_cmphex(inw(0xcff), ==, 0xff12);
    /* before it there is CF8's last byte */
    g_assert_cmphex(inl(0xcfb), ==, 0x378086ff);

    /* the end of configuration space does not wrap to its start */
    outl(0xcf8, 0x800000fc);
    g_assert_cmphex(inl(0xcfe), ==, 0xffff0000);

    /* an eight byte access is an address, then data */
    address_space_write(&address_space_io, 0xcf8, wide, 8);
    g_assert_cmphex(inl(0xcf8), ==, 0x80000000);
    address_space_read(&address_space_io, 0xcf8, wide, 8);
    g_assert_cmpmem(wide, 8, "\x00\x00\x00\x80\x86\x80\x37\x12", 8);

    /* disabled, or another bus */
    outl(0xcf8, 0x00000000);
    g_assert_cmphex(inl(0xcfc), ==, 0xffffffff);
    outl(0xcf8, 0x80010000);
    g_assert_cmphex(inl(0xcfc), ==, 0xffffffff);
    bench_end(&b);
}

/* The coalesced range over CF8 must be one, whatever answers at CF9. */
static hwaddr zone_addr, zone_size;
static unsigned zones;

static void zone_add(MemoryListener *listener, const MemoryRegionSection *section, hwaddr addr,
                     hwaddr size)
{
    zones++;
    zone_addr = addr;
    zone_size = size;
}

static void test_confadd_is_one_zone(void)
{
    MemoryListener listener = {.name = "zones", .coalesced_io_add = zone_add};
    Bench b;

    bench_begin(&b);
    zones = 0;
    i440fx_set_reset_control(b.host, &rcr_ops, NULL);
    memory_listener_register(&listener, &address_space_io);
    g_assert_cmpuint(zones, ==, 1);
    g_assert_cmphex(zone_addr, ==, 0xcf8);
    g_assert_cmphex(zone_size, ==, 4);
    memory_listener_unregister(&listener);
    bench_end(&b);
}

#define PAM_RE 1
#define PAM_WE 2

/* Area `i` is in nibble i + 1 from register 59 on: F0000 first, then the 16 KiB ones. */
static void pam_set(int i, unsigned mode)
{
    uint8_t reg = 0x59 + (i + 1) / 2;
    int shift = i % 2 ? 0 : 4;
    uint8_t val = cfg_readb(HOST, reg) & ~(0xf << shift);

    cfg_writeb(HOST, reg, val | mode << shift);
}

static hwaddr pam_start(int i)
{
    return i == 0 ? 0xf0000 : 0xc0000 + (i - 1) * 0x4000;
}

static hwaddr pam_last(int i)
{
    return i == 0 ? 0xffffc : pam_start(i) + 0x3ffc;
}

static void check_area(int i, uint32_t first, uint32_t last)
{
    g_assert_cmphex(readl(pam_start(i)), ==, first);
    g_assert_cmphex(readl(pam_last(i)), ==, last);
}

static void write_area(int i, uint32_t first, uint32_t last)
{
    writel(pam_start(i), first);
    writel(pam_last(i), last);
}

static uint32_t ram_at(Bench *b, hwaddr addr)
{
    uint32_t val;

    memcpy(&val, (uint8_t *)memory_region_get_ram_ptr(&b->ram) + addr, 4);
    return val;
}

/* What PCI shows of an area: ROM of one kind or another, a device, or nothing. */
static void pam_all_modes(MemoryRegion *pci_side)
{
    Bench b;

    bench_begin(&b);
    if (pci_side) {
        memory_region_add_subregion_overlap(i440fx_pci_memory(b.host), 0xc0000, pci_side, 1);
    }
    for (int i = 0; i < 13; i++) {
        uint32_t pci_first = readl(pam_start(i)), pci_last = readl(pam_last(i));

        g_assert_cmphex(pci_first, !=, 0);
        write_area(i, 0x11, 0x12);
        check_area(i, pci_first, pci_last);
        g_assert_cmphex(ram_at(&b, pam_start(i)), ==, 0);

        pam_set(i, PAM_RE);
        check_area(i, 0, 0);
        write_area(i, 0x21, 0x22);
        check_area(i, 0, 0);
        g_assert_cmphex(ram_at(&b, pam_start(i)), ==, 0);

        pam_set(i, PAM_RE | PAM_WE);
        write_area(i, 0x31, 0x32);
        check_area(i, 0x31, 0x32);

        pam_set(i, PAM_WE);
        check_area(i, pci_first, pci_last);
        write_area(i, 0x41, 0x42);
        check_area(i, pci_first, pci_last);
        g_assert_cmphex(ram_at(&b, pam_start(i)), ==, 0x41);
        g_assert_cmphex(ram_at(&b, pam_last(i)), ==, 0x42);
        address_space_stb(&address_space_memory, pam_start(i) + 1, 0x99, NULL);
        address_space_stq_le(&address_space_memory, pam_start(i) + 8, UINT64_C(0x1122334455667788),
                             NULL);

        pam_set(i, PAM_RE);
        check_area(i, 0x9941, 0x42);
        g_assert_cmphex(readl(pam_start(i) + 12), ==, 0x11223344);
        pam_set(i, 0);
        check_area(i, pci_first, pci_last);
        /* what the neighbours show is theirs */
        if (i > 1) {
            g_assert_cmphex(readl(pam_last(i - 1)), !=, 0x42);
        }
    }
    if (pci_side) {
        memory_region_del_subregion(i440fx_pci_memory(b.host), pci_side);
    }
    bench_end(&b);
}

static void test_pam_nothing_behind(void)
{
    pam_all_modes(NULL);
}

static void test_pam_rom_behind(void)
{
    MemoryRegion rom = {};

    g_assert_true(memory_region_init_rom(&rom, NULL, "rom", 0x40000, NULL));
    for (int i = 0; i < 0x40000; i++) {
        ((uint8_t *)memory_region_get_ram_ptr(&rom))[i] = 0x80 | (i >> 8);
    }
    pam_all_modes(&rom);
    memory_region_destroy(&rom);
}

static uint64_t tag_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0xd0000000 + addr;
}

static const MemoryRegionOps tag_ops = {.read = tag_read};

static void test_pam_device_behind(void)
{
    MemoryRegion io = {};

    memory_region_init_io(&io, NULL, &tag_ops, NULL, "tag", 0x40000);
    pam_all_modes(&io);
    memory_region_destroy(&io);
}

/* Firmware that copies itself onto itself runs from where it writes: no exit for a fetch. */
static void test_pam_shadowing_is_memory(void)
{
    MemoryRegion rom = {};
    MemoryRegionSection section;
    Bench b;

    g_assert_true(memory_region_init_rom(&rom, NULL, "rom", 0x20000, NULL));
    memset(memory_region_get_ram_ptr(&rom), 0xea, 0x20000);
    bench_begin(&b);
    memory_region_add_subregion(i440fx_pci_memory(b.host), 0xe0000, &rom);
    pam_set(0, PAM_WE);
    section = address_space_lookup(&address_space_memory, 0xf0000, 0x10000);
    g_assert_true(section.romd);
    for (hwaddr at = 0xf0000; at < 0x100000; at += 4) {
        writel(at, readl(at));
    }
    pam_set(0, PAM_RE);
    for (hwaddr at = 0xf0000; at < 0x100000; at += 4) {
        g_assert_cmphex(readl(at), ==, 0xeaeaeaea);
    }
    devices_reset();
    writel(0xf0000, 0);
    g_assert_cmphex(readl(0xf0000), ==, 0xeaeaeaea);
    memory_region_del_subregion(i440fx_pci_memory(b.host), &rom);
    bench_end(&b);
    memory_region_destroy(&rom);
}

static void test_smram(void)
{
    Bench b;

    bench_begin(&b);
    writel(0xa0000, 1);
    g_assert_cmphex(readl(0xa0000), ==, 0xffffffff);
    cfg_writeb(HOST, 0x72, 0x42); /* open, but not enabled */
    g_assert_cmphex(readl(0xa0000), ==, 0xffffffff);
    cfg_writeb(HOST, 0x72, 0x4a);
    writel(0xa0000, 0x1234);
    writel(0xbfffc, 0x5678);
    g_assert_cmphex(readl(0xa0000), ==, 0x1234);
    g_assert_cmphex(readl(0xbfffc), ==, 0x5678);
    cfg_writeb(HOST, 0x72, 0x6a); /* closed for data */
    g_assert_cmphex(readl(0xa0000), ==, 0xffffffff);
    cfg_writeb(HOST, 0x72, 0x5a); /* locked */
    g_assert_cmphex(cfg_readb(HOST, 0x72), ==, 0x1a);
    cfg_writeb(HOST, 0x72, 0x4a);
    g_assert_cmphex(cfg_readb(HOST, 0x72), ==, 0x1a);
    g_assert_cmphex(readl(0xa0000), ==, 0xffffffff);
    devices_reset();
    cfg_writeb(HOST, 0x72, 0x4a);
    g_assert_cmphex(readl(0xa0000), ==, 0x1234); /* RAM survives */
    bench_end(&b);
}

static void test_split(void)
{
    static const struct {
        hwaddr size, below;
    } rows[] = {
        {128 << 20, 128 << 20},
        {UINT64_C(0xdff00000), UINT64_C(0xdff00000)},
        {UINT64_C(0xe0000000), UINT64_C(0xc0000000)},
        {UINT64_C(0xe0100000), UINT64_C(0xc0000000)},
        {UINT64_C(0x200000000), UINT64_C(0xc0000000)},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        hwaddr below, above;

        i440fx_split_ram(rows[i].size, &below, &above);
        g_assert_cmphex(below, ==, rows[i].below);
        g_assert_cmphex(below + above, ==, rows[i].size);
    }
}

static void test_layout(void)
{
    MemoryRegion dev = {};
    Bench b;

    bench_begin_with(&b, 0x500000, 0x300000);
    memory_region_init_io(&dev, NULL, &tag_ops, NULL, "tag", 0x1000);
    memory_region_add_subregion(i440fx_pci_memory(b.host), 0x300000, &dev);
    writel(0x2ffffc, 0x1111);
    g_assert_cmphex(ram_at(&b, 0x2ffffc), ==, 0x1111);
    g_assert_cmphex(readl(0x300004), ==, 0xd0000004); /* the hole begins at once */
    writel(UINT64_C(0x100000000), 0x2222);
    g_assert_cmphex(ram_at(&b, 0x300000), ==, 0x2222);
    writel(UINT64_C(0x1001ffffc), 0x3333);
    g_assert_cmphex(ram_at(&b, 0x4ffffc), ==, 0x3333);
    g_assert_cmphex(readl(UINT64_C(0x100200000)), ==, 0xffffffff);
    memory_region_del_subregion(i440fx_pci_memory(b.host), &dev);
    memory_region_destroy(&dev);
    bench_end(&b);
}

static void test_small_ram(void)
{
    Bench b;

    bench_begin_with(&b, 0xc4000, 0xc4000);
    for (int i = 0; i < 13; i++) {
        pam_set(i, PAM_WE);
        write_area(i, 1, 2);
        pam_set(i, PAM_RE);
        readl(pam_start(i));
        pam_set(i, PAM_RE | PAM_WE);
        readl(pam_start(i));
    }
    g_assert_cmphex(readl(0xc0000), ==, 1);
    bench_end(&b);
}

static void test_turbo_reset(void)
{
    RunstateRequests req;
    Bench b;

    bench_begin(&b);
    cfg_writeb(HOST, 0x93, 0x02);
    g_assert_false(runstate_take_requests(&req));
    cfg_writeb(HOST, 0x93, 0x06);
    g_assert_true(runstate_take_requests(&req));
    g_assert_cmpint(req.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    bench_end(&b);
}

static void test_not_for_users(void)
{
    g_autoptr(GError) err = NULL;
    Device *dev;

    memory_system_init();
    dev = device_new(&i440fx_host_class);
    g_assert_false(device_realize(dev, NULL, &err));
    g_assert_nonnull(err);
    device_free(dev);
    system_bus_free();
    memory_system_cleanup();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/i440fx/registers", test_defaults);
    g_test_add_func("/i440fx/confadd/widths", test_confadd_widths);
    g_test_add_func("/i440fx/confadd/one-coalesced-range", test_confadd_is_one_zone);
    g_test_add_func("/i440fx/confdata/widths", test_confdata_widths);
    g_test_add_func("/i440fx/pam/nothing-behind", test_pam_nothing_behind);
    g_test_add_func("/i440fx/pam/rom-behind", test_pam_rom_behind);
    g_test_add_func("/i440fx/pam/device-behind", test_pam_device_behind);
    g_test_add_func("/i440fx/pam/shadowing-is-memory", test_pam_shadowing_is_memory);
    g_test_add_func("/i440fx/pam/small-ram", test_small_ram);
    g_test_add_func("/i440fx/smram", test_smram);
    g_test_add_func("/i440fx/ram/split", test_split);
    g_test_add_func("/i440fx/ram/layout", test_layout);
    g_test_add_func("/i440fx/turbo-reset", test_turbo_reset);
    g_test_add_func("/i440fx/part-of-the-board", test_not_for_users);
    return g_test_run();
}
