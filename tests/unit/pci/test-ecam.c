/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space as memory: that what is read without an exit is what the registers hold,
 * whoever changed them.
 */
#include "bench.h"
#include "hw/acpi/piix4-pm.h"
#include "hw/core/runstate.h"
#include "hw/display/vga.h"
#include "hw/ide/ide.h"
#include "hw/isa/piix3.h"
#include "hw/misc/pci-testdev.h"
#include "hw/net/e1000.h"

#define BASE 0x80000000u
#define PAGE 0x1000
#define HOLE 0x01000000 /* where BARs may lie: above the RAM, below the window */

static Bench bench;
static Probe *probe;

/* A function with one property set. */
static Device *add(const PCIDeviceClass *cls, const char *prop, const char *value)
{
    Device *dev = device_new(&cls->device);

    device_set_str(dev, prop, value);
    device_realize_or_die(dev, &bench.bus->bus);
    return dev;
}

static void begin(PciEcamMode mode)
{
    const PCIDeviceClass *classes[] = {&cirrus_vga_class, &e1000_class, &pci_testdev_class};
    Device *piix3;

    bench_begin_config(&bench, BENCH_RAM_SIZE,
                       (I440FXConfig){.below_4g = BENCH_RAM_SIZE, .ecam = mode, .ecam_base = BASE});
    piix3 = piix3_new(bench.bus);
    i440fx_set_reset_control(bench.host, &piix3_reset_control, piix3);
    add(&piix3_ide_class, "addr", "1.1");
    piix4_pm_new(bench.bus);
    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        add(classes[i], "romfile", "");
    }
    probe = bench_probe(&bench, "addr", "1f.0", NULL);
    devices_reset();
}

static void end(void)
{
    RunstateRequests requests;

    bench_end(&bench);
    runstate_take_requests(&requests);
}

static uint32_t window_readl(uint8_t devfn, unsigned reg)
{
    return address_space_ldl_le(&address_space_memory, BASE + devfn * PAGE + reg, NULL);
}

/* What a read without an exit finds, against what the function itself says. */
static void compare_function(uint8_t devfn, const char *when)
{
    for (unsigned reg = 0; reg < PCI_CONFIG_SIZE; reg += 4) {
        uint32_t want = pci_config_read(bench.bus, devfn, reg, 4);
        uint32_t got = window_readl(devfn, reg);

        if (want != got) {
            g_error("%s: function %02x.%x, register %02x: %08x in the window, not %08x", when,
                    PCI_SLOT(devfn), PCI_FUNC(devfn), reg, got, want);
        }
    }
}

static void compare_all(const char *when)
{
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        if (bench.bus->devices[devfn]) {
            compare_function(devfn, when);
        }
    }
}

/* ------------------------------------------------------------------------ the ways to write -- */

static void write_ports(uint8_t devfn, unsigned reg, uint8_t val)
{
    cfg_writeb(devfn, reg, val);
}

static void write_ports_long(uint8_t devfn, unsigned reg, uint8_t val)
{
    cfg_writel(devfn, reg & 0xfc, val * 0x01010101u);
}

static void write_window(uint8_t devfn, unsigned reg, uint8_t val)
{
    address_space_stb(&address_space_memory, BASE + devfn * PAGE + reg, val, NULL);
}

static void write_window_quad(uint8_t devfn, unsigned reg, uint8_t val)
{
    address_space_stq_le(&address_space_memory, BASE + devfn * PAGE + (reg & 0xf8),
                         val * UINT64_C(0x0101010101010101), NULL);
}

static void write_device(uint8_t devfn, unsigned reg, uint8_t val)
{
    pci_config_store(bench.bus->devices[devfn], reg, val, 1);
    pci_set_irq(bench.bus->devices[devfn], val & 1);
}

static void test_writes(void)
{
    static const struct {
        const char *name;
        void (*write)(uint8_t devfn, unsigned reg, uint8_t val);
    } ways[] = {{"a byte through CF8", write_ports},
                {"a double word through CF8", write_ports_long},
                {"a byte in the window", write_window},
                {"a quad word in the window", write_window_quad},
                {"the device", write_device}};
    static const uint8_t values[] = {0xff, 0x55, 0xaa, 0x00};
    unsigned written = 0, changed = 0;

    begin(PCI_ECAM_SHADOW);
    compare_all("after realize and reset");
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        PCIDevice *dev = bench.bus->devices[devfn];

        for (unsigned reg = 0; dev && reg < PCI_CONFIG_SIZE; reg++) {
            if (!dev->wmask[reg] && !dev->w1cmask[reg]) {
                continue;
            }
            for (size_t way = 0; way < G_N_ELEMENTS(ways); way++) {
                for (size_t v = 0; v < G_N_ELEMENTS(values); v++) {
                    uint8_t before[PCI_CONFIG_SIZE];

                    memcpy(before, dev->config, sizeof(before));
                    ways[way].write(devfn, reg, values[v]);
                    compare_function(devfn, ways[way].name);
                    written++;
                    changed += memcmp(before, dev->config, sizeof(before)) != 0;
                }
            }
        }
    }
    compare_all("after all writes");
    g_test_message("%u writes, %u of them changed something", written, changed);
    g_assert_cmpuint(changed, >, 1000);
    devices_reset();
    compare_all("after reset");
    end();
}

/* Bus-wide side effects: what one function's write does to others, and lines that they drive. */
static void test_interrupt_status(void)
{
    begin(PCI_ECAM_SHADOW);
    for (int level = 1; level >= 0; level--) {
        pci_set_irq(&probe->pci, level);
        g_assert_cmphex(window_readl(probe->pci.devfn, PCI_COMMAND) >> 16 & PCI_STATUS_INTERRUPT,
                        ==, level ? PCI_STATUS_INTERRUPT : 0);
        compare_all("after the pin's change");
    }
    end();
}

static void test_bar_moves(void)
{
    const uint8_t devfn = PCI_DEVFN(0x1f, 0);

    begin(PCI_ECAM_SHADOW);
    cfg_writew(devfn, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    for (unsigned i = 0; i < 50; i++) {
        uint32_t addr = HOLE + i * 0x1000;

        if (i & 1) {
            cfg_writel(devfn, PCI_BASE_ADDRESS_0, addr);
        } else {
            address_space_stl_le(&address_space_memory, BASE + devfn * PAGE + PCI_BASE_ADDRESS_0,
                                 addr, NULL);
        }
        g_assert_cmphex(pci_get_bar_addr(&probe->pci, 0), ==, addr);
        g_assert_cmphex(window_readl(devfn, PCI_BASE_ADDRESS_0), ==, addr | 8);
        compare_all("after a BAR's move");
    }
    /* Sizing, and a BAR over the window itself: the window stays. */
    cfg_writel(devfn, PCI_BASE_ADDRESS_0, 0xffffffff);
    g_assert_cmphex(window_readl(devfn, PCI_BASE_ADDRESS_0), ==, 0xfffff008);
    cfg_writel(devfn, PCI_BASE_ADDRESS_0, BASE + devfn * PAGE);
    compare_all("under a BAR");
    devices_reset();
    g_assert_cmphex(window_readl(devfn, PCI_BASE_ADDRESS_0), ==, 8);
    compare_all("after reset");
    end();
}

/* ------------------------------------------------------------------------- absent functions -- */

static void test_absent(void)
{
    const PciEcamMode modes[] = {PCI_ECAM_TRAP, PCI_ECAM_SHADOW};

    for (size_t m = 0; m < G_N_ELEMENTS(modes); m++) {
        begin(modes[m]);
        for (unsigned devfn = 0; devfn < 256; devfn++) {
            unsigned first = bench.bus->devices[devfn] ? PCI_CONFIG_SIZE : 0;

            for (unsigned reg = first; reg < PAGE; reg += first ? 4 : 0x3fc) {
                g_assert_cmphex(window_readl(devfn, reg), ==, UINT32_MAX);
            }
            /* Writes there do nothing. */
            address_space_stl_le(&address_space_memory, BASE + devfn * PAGE + 0x100, 0, NULL);
            g_assert_cmphex(window_readl(devfn, 0x100), ==, UINT32_MAX);
            if (!first) {
                address_space_stl_le(&address_space_memory, BASE + devfn * PAGE, 0, NULL);
                g_assert_cmphex(window_readl(devfn, 0), ==, UINT32_MAX);
            }
        }
        end();
    }
}

static void test_comes_and_goes(void)
{
    const uint8_t devfn = PCI_DEVFN(0x1e, 3);

    begin(PCI_ECAM_SHADOW);
    for (int i = 0; i < 3; i++) {
        Probe *other;

        g_assert_cmphex(window_readl(devfn, 0), ==, UINT32_MAX);
        other = bench_probe(&bench, "addr", "1e.3", NULL);
        g_assert_cmphex(window_readl(devfn, 0), ==, 0x56781234);
        compare_function(devfn, "after it came");
        address_space_stb(&address_space_memory, BASE + devfn * PAGE + 0x41, 0x0f, NULL);
        g_assert_cmphex(window_readl(devfn, 0x40), ==, 0x00000faa);
        device_free(&other->pci.dev);
    }
    g_assert_cmphex(window_readl(devfn, 0), ==, UINT32_MAX);
    end();
}

/* ------------------------------------------------------------------ modes and what they show -- */

static bool is_direct(uint8_t devfn)
{
    MemoryRegionSection section =
        address_space_lookup(&address_space_memory, BASE + devfn * PAGE, 4);

    return section.romd;
}

static void test_trap(void)
{
    begin(PCI_ECAM_TRAP);
    compare_all("after reset");
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        g_assert_false(is_direct(devfn));
    }
    address_space_stw_le(&address_space_memory, BASE + probe->pci.devfn * PAGE + PCI_COMMAND,
                         PCI_COMMAND_MEMORY, NULL);
    g_assert_cmphex(cfg_readw(probe->pci.devfn, PCI_COMMAND), ==, PCI_COMMAND_MEMORY);
    /* Any alignment, as on the bus. */
    g_assert_cmphex(
        address_space_lduw_le(&address_space_memory, BASE + probe->pci.devfn * PAGE + 1, NULL), ==,
        0x7812);
    end();
}

static unsigned live_reads;

static uint32_t live_read(PCIDevice *dev, uint32_t addr, unsigned len)
{
    return addr == 0x40 ? ++live_reads : pci_default_read_config(dev, addr, len);
}

static bool live_realize(Device *dev, GError **errp)
{
    ((PCIDevice *)dev)->config_read = live_read;
    return true;
}

static const PCIDeviceClass live_class = {
    .device = {.name = "live",
               .parent = &pci_device_class,
               .size = sizeof(PCIDevice),
               .realize = live_realize},
    .vendor_id = 0x1234,
    .device_id = 0x0001,
};

static void test_live_function(void)
{
    const uint8_t devfn = PCI_DEVFN(0x1d, 0);
    Device *dev;

    begin(PCI_ECAM_SHADOW);
    g_assert_true(is_direct(devfn));
    dev = add(&live_class, "addr", "1d.0");
    /* All of its page, and nobody else's. */
    g_assert_false(is_direct(devfn));
    g_assert_true(is_direct(devfn - 1));
    g_assert_true(is_direct(devfn + 1));
    live_reads = 0;
    for (unsigned i = 1; i <= 5; i++) {
        g_assert_cmpuint(window_readl(devfn, 0x40), ==, i);
    }
    g_assert_cmphex(window_readl(devfn, 0), ==, 0x00011234);
    device_free(dev);
    g_assert_true(is_direct(devfn));
    g_assert_cmphex(window_readl(devfn, 0), ==, UINT32_MAX);
    end();
}

/* ------------------------------------------------------------------------ nothing half done -- */

static uint32_t seen_inside;

/* A register of which the device takes a bit back after the masks have let it through. */
static void fussy_write(PCIDevice *dev, uint32_t addr, uint32_t val, unsigned len)
{
    pci_default_write_config(dev, addr, val, len);
    seen_inside = window_readl(dev->devfn, 0x40);
    pci_config_store(dev, 0x41, dev->config[0x41] & ~1, 1);
}

static void test_not_half_done(void)
{
    const uint8_t devfn = PCI_DEVFN(0x1f, 0);

    begin(PCI_ECAM_SHADOW);
    probe->pci.config_write = fussy_write;
    cfg_writeb(devfn, 0x41, 0x0f);
    g_assert_cmphex(seen_inside, ==, 0x000000aa);
    g_assert_cmphex(window_readl(devfn, 0x40), ==, 0x00000eaa);
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ecam/writes", test_writes);
    g_test_add_func("/ecam/interrupt-status", test_interrupt_status);
    g_test_add_func("/ecam/bar-moves", test_bar_moves);
    g_test_add_func("/ecam/absent", test_absent);
    g_test_add_func("/ecam/comes-and-goes", test_comes_and_goes);
    g_test_add_func("/ecam/trap", test_trap);
    g_test_add_func("/ecam/live-function", test_live_function);
    g_test_add_func("/ecam/not-half-done", test_not_half_done);
    return g_test_run();
}
