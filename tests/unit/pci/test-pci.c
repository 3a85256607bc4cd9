/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI: configuration space, BARs, the ROM, interrupt pins, bus mastering, places on the bus.
 */
#include <glib/gstdio.h>

#include "bench.h"

#define SLOT5  PCI_DEVFN(5, 0)
#define MEM_AT 0xfe000000u

static void test_header(void)
{
    Bench b;

    bench_begin(&b);
    bench_probe(&b, "addr", "5", NULL);
    g_assert_cmphex(cfg_readl(SLOT5, 0x00), ==, 0x56781234);
    g_assert_cmphex(cfg_readl(SLOT5, 0x08), ==, 0x00ff119a);
    g_assert_cmphex(cfg_readl(SLOT5, 0x2c), ==, 0x11001af4);
    g_assert_cmphex(cfg_readb(SLOT5, 0x0e), ==, 0);
    g_assert_cmphex(cfg_readl(PCI_DEVFN(6, 0), 0), ==, 0xffffffff);
    g_assert_cmphex(cfg_readl(PCI_DEVFN(5, 1), 0), ==, 0xffffffff);
    bench_end(&b);
}

static void test_masks(void)
{
    Bench b;
    Probe *p;

    bench_begin(&b);
    p = bench_probe(&b, "addr", "5", NULL);
    cfg_writel(SLOT5, 0x00, 0);
    cfg_writel(SLOT5, 0x08, 0);
    g_assert_cmphex(cfg_readl(SLOT5, 0x00), ==, 0x56781234);
    g_assert_cmphex(cfg_readl(SLOT5, 0x08), ==, 0x00ff119a);
    cfg_writel(SLOT5, 0x04, 0xffffffff);
    g_assert_cmphex(cfg_readw(SLOT5, 0x04), ==, 0x0507);
    cfg_writeb(SLOT5, 0x3c, 0x5a);
    g_assert_cmphex(cfg_readw(SLOT5, 0x3c), ==, 0x015a);

    p->pci.config[0x42] = 0xff;
    cfg_writel(SLOT5, 0x40, 0x0030ffff);
    g_assert_cmphex(cfg_readl(SLOT5, 0x40), ==, 0x00cf0faa);
    p->pci.config[PCI_STATUS + 1] = 0xff;
    cfg_writew(SLOT5, PCI_STATUS, 0x2000);
    g_assert_cmphex(cfg_readb(SLOT5, PCI_STATUS + 1), ==, 0xdf);

    device_reset(DEVICE(p));
    g_assert_cmphex(cfg_readw(SLOT5, 0x04), ==, 0);
    g_assert_cmphex(cfg_readb(SLOT5, 0x3c), ==, 0);
    bench_end(&b);
}

static void test_sizing(void)
{
    Bench b;

    bench_begin(&b);
    bench_probe(&b, "addr", "5", NULL);
    for (int reg = 0x10; reg < 0x28; reg += 4) {
        cfg_writel(SLOT5, reg, 0xffffffff);
    }
    g_assert_cmphex(cfg_readl(SLOT5, 0x10), ==, 0xfffff008);
    g_assert_cmphex(cfg_readl(SLOT5, 0x14), ==, 0xfffffff1);
    g_assert_cmphex(cfg_readl(SLOT5, 0x18), ==, 0xffff0004);
    g_assert_cmphex(cfg_readl(SLOT5, 0x1c), ==, 0xffffffff);
    g_assert_cmphex(cfg_readl(SLOT5, 0x20), ==, 0);
    cfg_writel(SLOT5, 0x30, 0xffffffff);
    g_assert_cmphex(cfg_readl(SLOT5, 0x30), ==, 0); /* no ROM */
    bench_end(&b);
}

static void test_map_and_move(void)
{
    Bench b;
    Probe *p;

    bench_begin(&b);
    p = bench_probe(&b, "addr", "5", NULL);
    p->tag = 0x1000;
    cfg_writel(SLOT5, 0x10, MEM_AT);
    cfg_writel(SLOT5, 0x14, 0xc000);
    g_assert_cmphex(readl(MEM_AT), ==, 0xffffffff);
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 0), ==, PCI_BAR_UNMAPPED);
    cfg_writew(SLOT5, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(readl(MEM_AT + 4), ==, 0x1004);
    g_assert_cmphex(inl(0xc000), ==, 0xffffffff);
    cfg_writew(SLOT5, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    g_assert_cmphex(inl(0xc00c), ==, 0x100c);
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 1), ==, 0xc000);

    cfg_writel(SLOT5, 0x10, MEM_AT + 0x5000);
    g_assert_cmphex(readl(MEM_AT), ==, 0xffffffff);
    g_assert_cmphex(readl(MEM_AT + 0x5000), ==, 0x1000);
    /* one byte of the register moves it, too */
    cfg_writeb(SLOT5, 0x11, 0x70);
    g_assert_cmphex(readl(MEM_AT + 0x7ffc), ==, 0x1ffc);

    cfg_writew(SLOT5, PCI_COMMAND, 0);
    g_assert_cmphex(readl(MEM_AT + 0x7000), ==, 0xffffffff);
    g_assert_cmphex(inl(0xc000), ==, 0xffffffff);
    bench_end(&b);
}

static void test_unmappable(void)
{
    Bench b;
    Probe *p;

    bench_begin(&b);
    p = bench_probe(&b, "addr", "5", NULL);
    cfg_writew(SLOT5, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 0), ==, PCI_BAR_UNMAPPED);
    cfg_writel(SLOT5, 0x10, 0xffffffff); /* its last byte is the space's */
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 0), ==, PCI_BAR_UNMAPPED);
    cfg_writel(SLOT5, 0x10, 0xffffe000);
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 0), ==, 0xffffe000);
    cfg_writel(SLOT5, 0x10, 0);
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 0), ==, PCI_BAR_UNMAPPED);

    cfg_writel(SLOT5, 0x14, 0xfff0);
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 1), ==, 0xfff0);
    cfg_writel(SLOT5, 0x14, 0x1c000); /* no such port */
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 1), ==, PCI_BAR_UNMAPPED);

    cfg_writel(SLOT5, 0x1c, 0xffffffff);
    cfg_writel(SLOT5, 0x18, 0xffffffff);
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 2), ==, PCI_BAR_UNMAPPED);
    cfg_writel(SLOT5, 0x1c, 0x00000008);
    g_assert_cmphex(pci_get_bar_addr(&p->pci, 2), ==, UINT64_C(0x8ffff0000));
    p->tag = 0x77;
    g_assert_cmphex(readl(UINT64_C(0x8ffff0000)), ==, 0x77);
    bench_end(&b);
}

static void test_overlap(void)
{
    Bench b;
    Probe *p, *q;

    bench_begin(&b);
    p = bench_probe(&b, "addr", "5", NULL);
    q = bench_probe(&b, "addr", "6", NULL);
    p->tag = 0x10000;
    q->tag = 0x20000;
    for (int slot = 5; slot <= 6; slot++) {
        cfg_writel(PCI_DEVFN(slot, 0), 0x10, MEM_AT);
        cfg_writew(PCI_DEVFN(slot, 0), PCI_COMMAND, PCI_COMMAND_MEMORY);
    }
    g_assert_cmphex(readl(MEM_AT), ==, 0x20000); /* the one mapped last */
    cfg_writew(PCI_DEVFN(6, 0), PCI_COMMAND, 0);
    g_assert_cmphex(readl(MEM_AT), ==, 0x10000);
    device_free(DEVICE(p));
    g_assert_cmphex(readl(MEM_AT), ==, 0xffffffff);
    g_assert_cmphex(cfg_readl(SLOT5, 0), ==, 0xffffffff);
    bench_end(&b);
}

static unsigned commits;

static void count_commit(MemoryListener *listener)
{
    commits++;
}

static void test_one_transaction(void)
{
    MemoryListener listener = {.name = "count", .commit = count_commit};
    Bench b;

    bench_begin(&b);
    bench_probe(&b, "addr", "5", NULL);
    cfg_writel(SLOT5, 0x10, MEM_AT);
    cfg_writel(SLOT5, 0x18, MEM_AT + 0x10000);
    memory_listener_register(&listener, &address_space_memory);
    commits = 0;
    cfg_writew(SLOT5, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmpuint(commits, ==, 1);
    cfg_writel(SLOT5, 0x10, MEM_AT + 0x2000);
    g_assert_cmpuint(commits, ==, 2);
    memory_listener_unregister(&listener);
    bench_end(&b);
}

static void test_bus_master(void)
{
    Bench b;
    Probe *p;
    uint32_t val = 0;

    bench_begin(&b);
    p = bench_probe(&b, "addr", "5", NULL);
    writel(0x2000, 0xcafe1234);
    g_assert_cmpint(pci_dma_read(&p->pci, 0x2000, &val, 4), ==, MEMTX_DECODE_ERROR);
    g_assert_cmphex(val, ==, 0xffffffff);
    val = 0x55;
    g_assert_cmpint(pci_dma_write(&p->pci, 0x2000, &val, 4), !=, MEMTX_OK);
    g_assert_cmphex(readl(0x2000), ==, 0xcafe1234);
    cfg_writew(SLOT5, PCI_COMMAND, PCI_COMMAND_MASTER);
    g_assert_cmpint(pci_dma_read(&p->pci, 0x2000, &val, 4), ==, MEMTX_OK);
    g_assert_cmphex(val, ==, 0xcafe1234);
    device_reset(DEVICE(p));
    g_assert_cmpint(pci_dma_read(&p->pci, 0x2000, &val, 4), ==, MEMTX_DECODE_ERROR);
    bench_end(&b);
}

static int lines[PCI_NUM_PINS];

static void set_line(void *opaque, int pirq, int level)
{
    lines[pirq] = level;
}

static int map_line(PCIDevice *dev, int pin)
{
    return (PCI_SLOT(dev->devfn) + pin) % PCI_NUM_PINS;
}

static void test_interrupt_pin(void)
{
    Bench b;
    Probe *p, *q;

    bench_begin(&b);
    memset(lines, 0, sizeof(lines));
    pci_bus_set_irq_routing(b.bus, set_line, map_line, NULL);
    p = bench_probe(&b, "addr", "5", NULL);
    q = bench_probe(&b, "addr", "9", NULL);
    pci_set_irq(&p->pci, 1);
    g_assert_cmpint(lines[1], ==, 1);
    g_assert_cmphex(cfg_readw(SLOT5, PCI_STATUS) & 8, ==, 8);
    pci_set_irq(&q->pci, 1);
    pci_set_irq(&p->pci, 0);
    g_assert_cmpint(lines[1], ==, 1); /* shared */
    g_assert_cmphex(cfg_readw(SLOT5, PCI_STATUS) & 8, ==, 0);
    cfg_writew(PCI_DEVFN(9, 0), PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
    g_assert_cmpint(lines[1], ==, 0);
    g_assert_cmphex(cfg_readw(PCI_DEVFN(9, 0), PCI_STATUS) & 8, ==, 8);
    cfg_writew(PCI_DEVFN(9, 0), PCI_COMMAND, 0);
    g_assert_cmpint(lines[1], ==, 1);
    device_reset(DEVICE(q));
    g_assert_cmpint(lines[1], ==, 0);
    pci_set_irq(&q->pci, 1);
    device_free(DEVICE(q));
    g_assert_cmpint(lines[1], ==, 0);
    bench_end(&b);
}

/* A ROM image of `len` bytes that names 8086:100e and sums to 0; the caller unlinks `*path`. */
static void make_rom(char **path, gsize len)
{
    g_autofree uint8_t *rom = g_malloc0(len);
    uint8_t sum = 0;
    int fd = g_file_open_tmp("lignite-XXXXXX.rom", path, NULL);

    g_assert_cmpint(fd, >=, 0);
    rom[0] = 0x55;
    rom[1] = 0xaa;
    rom[2] = 1;
    rom[0x18] = 0x1c;
    memcpy(rom + 0x1c, "PCIR\x86\x80\x0e\x10", 8);
    for (int i = 0; i < 512; i++) {
        sum += rom[i];
    }
    rom[511] = -sum;
    g_assert_cmpint(write(fd, rom, len), ==, len);
    close(fd);
}

static void test_rom(void)
{
    g_autofree char *path = NULL;
    PCIDeviceClass cls = probe_class;
    uint8_t sum = 0;
    Device *dev;
    Bench b;

    make_rom(&path, 5000);
    bench_begin(&b);
    bench_probe(&b, "addr", "5", "romfile", path, NULL);
    cfg_writel(SLOT5, 0x30, 0xffffffff);
    g_assert_cmphex(cfg_readl(SLOT5, 0x30), ==, 0xffffe001);
    cfg_writel(SLOT5, 0x30, MEM_AT | 1);
    g_assert_cmphex(readl(MEM_AT), ==, 0xffffffff);
    cfg_writew(SLOT5, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(readl(MEM_AT) & 0xffff, ==, 0xaa55);
    g_assert_cmphex(readl(MEM_AT + 0x20), ==, 0x100e8086); /* the user's own is left alone */
    writel(MEM_AT, 0);
    g_assert_cmphex(readl(MEM_AT) & 0xffff, ==, 0xaa55);
    cfg_writel(SLOT5, 0x30, MEM_AT);
    g_assert_cmphex(readl(MEM_AT), ==, 0xffffffff);

    /* the class's own is made to name the device, and its sum is kept */
    cls.romfile = path;
    dev = device_new(&cls.device);
    device_set_str(dev, "addr", "6");
    device_realize_or_die(dev, &b.bus->bus);
    cfg_writel(PCI_DEVFN(6, 0), 0x30, MEM_AT | 1);
    cfg_writew(PCI_DEVFN(6, 0), PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(readl(MEM_AT + 0x20), ==, 0x56781234);
    for (int i = 0; i < 512; i++) {
        sum += address_space_ldub(&address_space_memory, MEM_AT + i, NULL);
    }
    g_assert_cmphex(sum, ==, 0);
    device_free(dev);

    dev = device_new(&cls.device);
    device_set_uint(dev, "rombar", 0);
    device_realize_or_die(dev, &b.bus->bus);
    g_assert_null(((PCIDevice *)dev)->bars[PCI_ROM_BAR].region);
    bench_end(&b);
    g_unlink(path);
}

static void test_rom_mistakes(void)
{
    g_autofree char *empty = NULL;
    g_autoptr(GError) err = NULL;
    Device *dev;
    Bench b;

    close(g_file_open_tmp("lignite-XXXXXX.rom", &empty, NULL));
    bench_begin(&b);
    dev = device_new(&probe_class.device);
    device_set_str(dev, "romfile", "there-is-no-such.rom");
    g_assert_false(device_realize(dev, &b.bus->bus, &err));
    g_assert_true(g_str_has_prefix(err->message, "failed to find romfile"));
    g_clear_error(&err);
    device_set_str(dev, "romfile", empty);
    g_assert_false(device_realize(dev, &b.bus->bus, &err));
    g_assert_nonnull(strstr(err->message, "is empty"));
    device_free(dev);
    bench_end(&b);
    g_unlink(empty);
}

static void check_refused(Bench *b, const char *addr, const char *message)
{
    g_autoptr(GError) err = NULL;
    Device *dev = device_new(&probe_class.device);

    device_set_str(dev, "addr", addr);
    g_assert_false(device_realize(dev, &b->bus->bus, &err));
    g_assert_cmpstr(err->message, ==, message);
    device_free(dev);
}

static void test_places(void)
{
    static const char *const bad[] = {"20", "1.8", "x", "1.", "", "1.0.0", "fff", "-2"};
    g_autoptr(GString) tree = g_string_new(NULL);
    g_autoptr(GString) place = g_string_new(NULL);
    Device *dev;
    Probe *p;
    Bench b;

    bench_begin(&b);
    p = bench_probe(&b, NULL);
    g_assert_cmpint(p->pci.devfn, ==, PCI_DEVFN(1, 0)); /* 0 is the host bridge's */
    bench_probe(&b, "addr", "1f.7", NULL);
    bench_probe(&b, "addr", "02.0", "multifunction", "on", NULL);
    p = bench_probe(&b, "addr", "02.1", NULL);
    g_assert_cmphex(cfg_readb(PCI_DEVFN(2, 0), 0x0e), ==, 0x80);
    pci_bus_class.print_address(DEVICE(p), place);
    g_assert_cmpstr(place->str, ==, "@2,1");
    device_print_tree(tree);
    g_assert_nonnull(strstr(tree->str, "addr = 02.1\n"));
    check_refused(&b, "1",
                  "PCI: slot 1 function 0 not available for probe, in use by "
                  "probe,id=(null)");
    check_refused(&b, "1.1", "PCI: single function device can't be populated in function 01.1");
    check_refused(&b, "1f", "PCI: 1f.0 indicates single function, but 1f.7 is already populated");

    dev = device_new(&probe_class.device);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(device_set_property_str(dev, "addr", bad[i], NULL));
    }
    device_free(dev);
    for (int i = 3; i < 0x1f; i++) {
        bench_probe(&b, NULL);
    }
    dev = device_new(&probe_class.device);
    g_assert_false(device_realize(dev, &b.bus->bus, NULL));
    device_free(dev);
    bench_end(&b);
}

static void test_info(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Bench b;

    bench_begin(&b);
    bench_probe(&b, "addr", "5", NULL);
    cfg_writel(SLOT5, 0x10, MEM_AT);
    cfg_writel(SLOT5, 0x14, 0xc000);
    cfg_writeb(SLOT5, 0x3c, 11);
    cfg_writew(SLOT5, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    pci_print_info(out);
    g_assert_cmpstr(out->str, ==,
                    "  Bus  0, device   0, function 0:\n"
                    "    Host bridge: PCI device 8086:1237\n"
                    "      PCI subsystem 1af4:1100\n"
                    "      id \"\"\n"
                    "  Bus  0, device   5, function 0:\n"
                    "    Class 00ff: PCI device 1234:5678\n"
                    "      PCI subsystem 1af4:1100\n"
                    "      IRQ 11, pin A\n"
                    "      BAR0: 32 bit prefetchable memory at 0xfe000000 [0xfe000fff].\n"
                    "      BAR1: I/O at 0xc000 [0xc00f].\n"
                    "      BAR2: 64 bit memory at 0xffffffffffffffff [0x0000fffe].\n"
                    "      id \"\"\n");
    bench_end(&b);
}

static void test_random_accesses(void)
{
    Bench b;

    bench_begin(&b);
    bench_probe(&b, "addr", "5", NULL);
    for (int i = 0; i < 20000; i++) {
        uint32_t addr = g_test_rand_int_range(0, 260);
        unsigned len = g_test_rand_int_range(1, 5);

        pci_config_write(b.bus, SLOT5, addr, g_test_rand_int(), len);
        pci_config_read(b.bus, SLOT5, addr, len);
    }
    g_assert_cmphex(cfg_readl(SLOT5, 0), ==, 0x56781234);
    bench_end(&b);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/pci/config/header", test_header);
    g_test_add_func("/pci/config/masks", test_masks);
    g_test_add_func("/pci/config/random-accesses", test_random_accesses);
    g_test_add_func("/pci/bar/sizing", test_sizing);
    g_test_add_func("/pci/bar/map-and-move", test_map_and_move);
    g_test_add_func("/pci/bar/unmappable", test_unmappable);
    g_test_add_func("/pci/bar/overlap", test_overlap);
    g_test_add_func("/pci/bar/one-transaction", test_one_transaction);
    g_test_add_func("/pci/rom/load-and-map", test_rom);
    g_test_add_func("/pci/rom/mistakes", test_rom_mistakes);
    g_test_add_func("/pci/bus-master-gate", test_bus_master);
    g_test_add_func("/pci/interrupt-pin", test_interrupt_pin);
    g_test_add_func("/pci/places", test_places);
    g_test_add_func("/pci/info", test_info);
    return g_test_run();
}
