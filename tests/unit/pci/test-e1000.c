/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000's registers, interrupts, EEPROM, PHY and ROM.
 */
#include "bench.h"
#include "hw/net/e1000.h"

#define NIC     PCI_DEVFN(3, 0)
#define BASE    0xfe000000u
#define IO_BASE 0xc000

#define CTRL   0x0000
#define STATUS 0x0008
#define EECD   0x0010
#define EERD   0x0014
#define MDIC   0x0020
#define ICR    0x00c0
#define ICS    0x00c8
#define IMS    0x00d0
#define IMC    0x00d8
#define RAL0   0x5400
#define RAH0   0x5404

static int line;

static void set_line(void *opaque, int pirq, int level)
{
    line = level;
}

static uint32_t reg_read(uint32_t reg)
{
    return readl(BASE + reg);
}

static void reg_write(uint32_t reg, uint32_t val)
{
    writel(BASE + reg, val);
}

static Device *nic_new(Bench *b, const char *romfile, const char *mac)
{
    Device *dev = device_new(&e1000_class.device);

    if (romfile) {
        device_set_str(dev, "romfile", romfile);
    }
    if (mac) {
        device_set_str(dev, "mac", mac);
    }
    device_realize_or_die(dev, &b->bus->bus);
    device_reset(dev);
    return dev;
}

static Device *nic_begin(Bench *b)
{
    Device *dev;

    bench_begin(b);
    line = 0;
    pci_bus_set_irq_routing(b->bus, set_line, NULL, NULL);
    dev = device_new(&e1000_class.device);
    device_set_str(dev, "romfile", "");
    device_set_str(dev, "addr", "3");
    device_realize_or_die(dev, &b->bus->bus);
    device_reset(dev);
    cfg_writel(NIC, 0x10, BASE);
    cfg_writel(NIC, 0x14, IO_BASE);
    cfg_writew(NIC, PCI_COMMAND, 7);
    return dev;
}

static void test_identity(void)
{
    Bench b;

    nic_begin(&b);
    g_assert_cmphex(cfg_readl(NIC, 0x00), ==, 0x100e8086);
    g_assert_cmphex(cfg_readl(NIC, 0x08), ==, 0x02000003);
    g_assert_cmphex(cfg_readb(NIC, 0x3d), ==, 1);
    cfg_writel(NIC, 0x10, 0xffffffff);
    cfg_writel(NIC, 0x14, 0xffffffff);
    g_assert_cmphex(cfg_readl(NIC, 0x10), ==, 0xfffe0000);
    g_assert_cmphex(cfg_readl(NIC, 0x14), ==, 0xffffffc1);
    bench_end(&b);
}

/* Values after reset, and after writing ones. */
static void test_registers(void)
{
    static const struct {
        uint32_t reg, reset, written;
    } rows[] = {
        {0x0028, 0x00c28001, 0xffffffff}, /* FCAL */
        {0x002c, 0x00000100, 0x0000ffff}, /* FCAH */
        {0x0030, 0x00008808, 0x0000ffff}, /* FCT */
        {0x0038, 0x00008100, 0x0000ffff}, /* VET */
        {0x0100, 0x00000000, 0x06dfb3fe}, /* RCTL */
        {0x0400, 0x00000000, 0x01fffffa}, /* TCTL */
        {0x0410, 0x00602008, 0x3fffffff}, /* TIPG */
        {0x1000, 0x00100030, 0x0010ffff}, /* PBA */
        {0x2800, 0x00000000, 0xfffffff0}, /* RDBAL */
        {0x2808, 0x00000000, 0x000fff80}, /* RDLEN */
        {0x3818, 0x00000000, 0x0000ffff}, /* TDT */
        {0x5200, 0x00000000, 0xffffffff}, /* MTA, first and last */
        {0x53fc, 0x00000000, 0xffffffff},  {0x547c, 0x00000000, 0x8003ffff}, /* RAH15 */
        {0x57fc, 0x00000000, 0xffffffff},                                    /* VFTA, last */
        {0x5810, 0x00000000, 0x00000000},                                    /* WUS */
        {0x4000, 0x00000000, 0x00000000},                                    /* statistics */
        {0x1234, 0x00000000, 0x00000000},                                    /* no register */
        {0x1fffc, 0x00000000, 0x00000000}, {STATUS, 0x00000681, 0x00000681},
        {ICS, 0x00000000, 0x00000000},
    };
    Bench b;

    nic_begin(&b);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmphex(reg_read(rows[i].reg), ==, rows[i].reset);
        reg_write(rows[i].reg, 0xffffffff);
        g_assert_cmphex(reg_read(rows[i].reg), ==, rows[i].written);
    }
    reg_write(CTRL, 1 << 26);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmphex(reg_read(rows[i].reg), ==, rows[i].reset);
    }
    g_assert_cmphex(reg_read(CTRL) & (1 << 26), ==, 0);
    g_assert_cmphex(reg_read(RAL0), ==, 0x12005452);
    g_assert_cmphex(reg_read(RAH0), ==, 0x80005634);
    bench_end(&b);
}

static void test_interrupts(void)
{
    Bench b;

    nic_begin(&b);
    reg_write(ICS, 0x04);
    g_assert_cmpint(line, ==, 0);
    reg_write(IMS, 0x84);
    g_assert_cmphex(reg_read(IMS), ==, 0x84);
    g_assert_cmpint(line, ==, 1);
    reg_write(IMC, 0x04);
    g_assert_cmphex(reg_read(IMS), ==, 0x80);
    g_assert_cmpint(line, ==, 0);
    reg_write(ICS, 0x80);
    g_assert_cmpint(line, ==, 1);
    reg_write(ICR, 0x80); /* a one clears */
    g_assert_cmpint(line, ==, 0);
    reg_write(ICS, 0x80);
    g_assert_cmphex(reg_read(ICR), ==, 0x84); /* reading clears */
    g_assert_cmpint(line, ==, 0);
    g_assert_cmphex(reg_read(ICR), ==, 0);
    reg_write(ICS, 0x80);
    g_assert_cmpint(line, ==, 1);
    reg_write(CTRL, 1 << 26);
    g_assert_cmpint(line, ==, 0);
    g_assert_cmphex(reg_read(IMS), ==, 0);
    bench_end(&b);
}

static uint16_t eerd(unsigned word)
{
    uint32_t val;

    reg_write(EERD, word << 8 | 1);
    val = reg_read(EERD);
    g_assert_cmphex(val & 0x10, ==, 0x10);
    return val >> 16;
}

static void test_eerd(void)
{
    uint16_t sum = 0;
    Bench b;

    nic_begin(&b);
    for (int i = 0; i < 64; i++) {
        sum += eerd(i);
    }
    g_assert_cmphex(sum, ==, 0xbaba);
    g_assert_cmphex(eerd(0), ==, 0x5452);
    g_assert_cmphex(eerd(1), ==, 0x1200);
    g_assert_cmphex(eerd(2), ==, 0x5634);
    g_assert_cmphex(eerd(0xd), ==, 0x100e);
    g_assert_cmphex(eerd(0xe), ==, 0x8086);
    bench_end(&b);
}

/* As a driver does: DI is set, SK goes up and down. Returns DO while SK is up. */
static bool clock_bit(bool di)
{
    uint32_t lines = 0x42 | (di ? 4 : 0); /* EE_REQ, CS */
    bool out;

    reg_write(EECD, lines);
    reg_write(EECD, lines | 1);
    out = reg_read(EECD) & 8;
    reg_write(EECD, lines);
    return out;
}

static void clock_out(uint32_t val, int bits)
{
    while (bits-- > 0) {
        clock_bit(val >> bits & 1);
    }
}

static uint16_t clock_in(void)
{
    uint16_t val = 0;

    for (int i = 0; i < 16; i++) {
        val = val << 1 | clock_bit(false);
    }
    return val;
}

static void deselect(void)
{
    reg_write(EECD, 0x40);
}

static void test_microwire(void)
{
    Device *dev;
    Bench b;

    dev = nic_begin(&b);
    reg_write(EECD, 0x40);
    g_assert_cmphex(reg_read(EECD), ==, 0x1d8); /* present, granted, DO high */
    for (int word = 0; word < 64; word++) {
        clock_out(0, g_test_rand_int_range(0, 4)); /* before the start bit */
        clock_out(6, 3);
        clock_out(word, 6);
        g_assert_cmphex(reg_read(EECD) & 8, ==, 0); /* the zero before the word */
        g_assert_cmphex(clock_in(), ==, eerd(word));
        g_assert_cmphex(clock_in(), ==, eerd((word + 1) % 64));
        deselect();
    }
    /* no write without EWEN */
    clock_out(5 << 6 | 0x20, 9);
    clock_out(0x1234, 16);
    deselect();
    g_assert_cmphex(eerd(0x20), ==, 0);
    clock_out(4 << 6 | 0x30, 9);
    deselect();
    clock_out(5 << 6 | 0x20, 9);
    clock_out(0x1234, 16);
    g_assert_cmphex(reg_read(EECD) & 8, ==, 8); /* ready */
    deselect();
    g_assert_cmphex(eerd(0x20), ==, 0x1234);
    clock_out(7 << 6 | 0x20, 9);
    deselect();
    g_assert_cmphex(eerd(0x20), ==, 0xffff);
    clock_out(4 << 6, 9); /* EWDS */
    deselect();
    clock_out(5 << 6 | 0x20, 9);
    clock_out(0x4321, 16);
    deselect();
    g_assert_cmphex(eerd(0x20), ==, 0xffff);
    device_reset(dev); /* it is no RAM */
    cfg_writel(NIC, 0x10, BASE);
    cfg_writew(NIC, PCI_COMMAND, 7);
    g_assert_cmphex(eerd(0x20), ==, 0xffff);
    bench_end(&b);
}

static uint32_t mdic(unsigned op, unsigned phy, unsigned reg, uint16_t data)
{
    reg_write(MDIC, op << 26 | phy << 21 | reg << 16 | data);
    return reg_read(MDIC);
}

static uint16_t phy_read(unsigned reg)
{
    uint32_t val = mdic(2, 1, reg, 0);

    g_assert_cmphex(val >> 28, ==, 1); /* ready, no error */
    return val;
}

static void test_phy(void)
{
    Bench b;

    nic_begin(&b);
    g_assert_cmphex(phy_read(2), ==, 0x0141);
    g_assert_cmphex(phy_read(3), ==, 0x0c20);
    g_assert_cmphex(phy_read(0), ==, 0x1140);
    g_assert_cmphex(phy_read(1), ==, 0x7949); /* no link: there is nobody at the other end */
    g_assert_cmphex(reg_read(STATUS) & 2, ==, 0);
    mdic(1, 1, 4, 0xffff);
    g_assert_cmphex(phy_read(4), ==, 0xbfff);
    mdic(1, 1, 2, 0x5555);
    g_assert_cmphex(phy_read(2), ==, 0x0141);
    mdic(1, 1, 0, 0x9140);
    g_assert_cmphex(phy_read(0), ==, 0x1140); /* reset clears itself, and all else */
    g_assert_cmphex(phy_read(4), ==, 0x0de1);

    g_assert_cmphex(mdic(2, 2, 2, 0) >> 28, ==, 5);
    g_assert_cmphex(mdic(3, 1, 2, 0) >> 28, ==, 5);
    g_assert_cmphex(reg_read(ICR), ==, 0);
    reg_write(IMS, 1 << 9);
    mdic(2 | 8, 1, 2, 0); /* with I */
    g_assert_cmpint(line, ==, 1);
    g_assert_cmphex(reg_read(ICR), ==, 1 << 9);
    bench_end(&b);
}

static void test_io_bar(void)
{
    Bench b;

    nic_begin(&b);
    outl(IO_BASE, 0x5404);
    g_assert_cmphex(inl(IO_BASE), ==, 0x5404);
    g_assert_cmphex(inl(IO_BASE + 4), ==, 0x80005634);
    outl(IO_BASE, 0x0410);
    outl(IO_BASE + 4, 0x00abcdef);
    g_assert_cmphex(reg_read(0x0410), ==, 0x00abcdef);
    outl(IO_BASE, 0xffffffff);
    outl(IO_BASE + 4, 0);
    g_assert_cmphex(inl(IO_BASE + 4), ==, 0);
    bench_end(&b);
}

static void check_mac(Device *dev, const char *mac)
{
    g_autoptr(GVariant) value = g_variant_ref_sink(device_get_property(dev, "mac", NULL));

    g_assert_cmpstr(g_variant_get_string(value, NULL), ==, mac);
}

static void test_addresses(void)
{
    Device *dev;
    Bench b;

    bench_begin(&b);
    nic_new(&b, "", "52:54:00:12:34:57");
    dev = nic_new(&b, "", NULL);
    check_mac(dev, "52:54:00:12:34:56");
    check_mac(nic_new(&b, "", NULL), "52:54:00:12:34:58"); /* 57 is taken */
    check_mac(nic_new(&b, "", "aa:bb:cc:dd:ee:ff"), "aa:bb:cc:dd:ee:ff");
    device_free(dev);
    check_mac(nic_new(&b, "", NULL), "52:54:00:12:34:56");
    bench_end(&b);
}

/* Ranges as an accelerator hears them, and the registers that must not be in one. */
static GArray *zones;

static void zone_add(MemoryListener *listener, const MemoryRegionSection *section, hwaddr addr,
                     hwaddr size)
{
    g_array_append_val(zones, ((MemoryRange){addr, size}));
}

static void test_coalesced_ranges(void)
{
    static const uint32_t excluded[] = {
        0x0000, 0x0010, 0x0014, 0x0020, 0x0038, 0x00c0, 0x00c4, 0x00c8, 0x00d0, 0x00d8,
        0x0100, 0x0400, 0x2800, 0x2804, 0x2808, 0x2810, 0x2818, 0x2820, 0x282c, 0x3818,
        0x3820, 0x382c, 0x5000, 0x5200, 0x53fc, 0x5400, 0x5404, 0x5600, 0x57fc};
    MemoryListener listener = {.name = "zones", .coalesced_io_add = zone_add};
    bool tdbal = false;
    Device *dev;
    Bench b;

    dev = nic_begin(&b);
    zones = g_array_new(FALSE, FALSE, sizeof(MemoryRange));
    memory_listener_register(&listener, &address_space_memory);
    for (unsigned i = 0; i < zones->len; i++) {
        MemoryRange zone = g_array_index(zones, MemoryRange, i);

        for (size_t n = 0; n < G_N_ELEMENTS(excluded); n++) {
            hwaddr at = BASE + excluded[n];

            g_assert_false(at + 4 > zone.addr && at < zone.addr + zone.size);
        }
        tdbal |= zone.addr == BASE + 0x3800;
    }
    g_assert_true(tdbal);
    memory_listener_unregister(&listener);
    device_set_bool(dev, "coalesced-mmio", false);
    g_array_set_size(zones, 0);
    memory_listener_register(&listener, &address_space_memory);
    g_assert_cmpuint(zones->len, ==, 0);
    memory_listener_unregister(&listener);
    g_array_unref(zones);
    bench_end(&b);
}

static void test_default_rom(void)
{
    g_autoptr(GError) err = NULL;
    uint8_t devfn;
    Device *dev;
    Bench b;

    bench_begin(&b);
    dev = device_new(&e1000_class.device);
    if (!device_realize(dev, &b.bus->bus, &err)) {
        g_test_skip("the package ipxe-qemu is not installed");
        device_free(dev);
        bench_end(&b);
        return;
    }
    devfn = ((PCIDevice *)dev)->devfn;
    cfg_writel(devfn, 0x30, 0xfffffffe);
    g_assert_cmphex(cfg_readl(devfn, 0x30), ==, 0xfffc0000);
    cfg_writel(devfn, 0x30, BASE | 1);
    cfg_writew(devfn, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(readl(BASE) & 0xffff, ==, 0xaa55);
    bench_end(&b);
}

static void test_random_accesses(void)
{
    Bench b;

    nic_begin(&b);
    for (int i = 0; i < 50000; i++) {
        hwaddr at = BASE + (g_test_rand_bit() ? g_test_rand_int_range(0, 0x6000)
                                              : g_test_rand_int_range(0, 0x20008));
        uint64_t val = (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
        unsigned size = 1 << g_test_rand_int_range(0, 4);

        if (g_test_rand_bit()) {
            address_space_write(&address_space_memory, at, &val, size);
        } else {
            address_space_read(&address_space_memory, at, &val, size);
        }
        outl(IO_BASE + (i & 0x3c), val);
    }
    bench_end(&b);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/e1000/identity", test_identity);
    g_test_add_func("/e1000/registers", test_registers);
    g_test_add_func("/e1000/interrupts", test_interrupts);
    g_test_add_func("/e1000/eeprom/eerd", test_eerd);
    g_test_add_func("/e1000/eeprom/microwire", test_microwire);
    g_test_add_func("/e1000/phy", test_phy);
    g_test_add_func("/e1000/io-bar", test_io_bar);
    g_test_add_func("/e1000/addresses", test_addresses);
    g_test_add_func("/e1000/coalesced-ranges", test_coalesced_ranges);
    g_test_add_func("/e1000/default-rom", test_default_rom);
    g_test_add_func("/e1000/random-accesses", test_random_accesses);
    return g_test_run();
}
