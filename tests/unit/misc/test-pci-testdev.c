/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pci-testdev: the header, what counts, and that its doorbells come and go with the selection. */
#include "../pci/bench.h"
#include "hw/misc/pci-testdev.h"

#define DEV  PCI_DEVFN(3, 0)
#define MEM  0xfe000000u
#define PORT 0xc000

static struct {
    unsigned live, added, removed;
    hwaddr addr, size;
    bool match;
    uint64_t data;
} bells;

static void bell_add(MemoryListener *listener, const MemoryRegionSection *section, bool match,
                     uint64_t data, int fd)
{
    bells.live++;
    bells.added++;
    bells.addr = section->offset_within_address_space;
    bells.size = section->size;
    bells.match = match;
    bells.data = data;
}

static void bell_del(MemoryListener *listener, const MemoryRegionSection *section, bool match,
                     uint64_t data, int fd)
{
    bells.live--;
    bells.removed++;
}

static MemoryListener mem_listener = {
    .name = "m", .eventfd_add = bell_add, .eventfd_del = bell_del};
static MemoryListener io_listener = {.name = "p", .eventfd_add = bell_add, .eventfd_del = bell_del};

static Device *begin(Bench *b)
{
    Device *dev;

    bench_begin(b);
    memset(&bells, 0, sizeof(bells));
    memory_listener_register(&mem_listener, &address_space_memory);
    memory_listener_register(&io_listener, &address_space_io);
    dev = device_new(&pci_testdev_class.device);
    device_set_str(dev, "addr", "3");
    device_realize_or_die(dev, &b->bus->bus);
    device_reset(dev);
    cfg_writel(DEV, PCI_BASE_ADDRESS_0, MEM);
    cfg_writel(DEV, PCI_BASE_ADDRESS_0 + 4, PORT);
    cfg_writew(DEV, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
    return dev;
}

static void end(Bench *b)
{
    memory_listener_unregister(&mem_listener);
    memory_listener_unregister(&io_listener);
    bench_end(b);
    g_assert_cmpuint(bells.live, ==, 0);
}

static void writeb(hwaddr addr, uint8_t val)
{
    address_space_stb(&address_space_memory, addr, val, NULL);
}

static uint8_t readb(hwaddr addr)
{
    return address_space_ldub(&address_space_memory, addr, NULL);
}

static void assert_name(const char *name)
{
    char text[0x30] = "";

    for (unsigned i = 0; i < sizeof(text) - 1; i++) {
        text[i] = readb(MEM + 0x10 + i);
        g_assert_cmphex((uint8_t)text[i], ==, inb(PORT + 0x10 + i));
    }
    g_assert_cmpstr(text, ==, name);
}

static void test_identity(void)
{
    Bench b;

    begin(&b);
    g_assert_cmphex(cfg_readl(DEV, PCI_VENDOR_ID), ==, 0x00051b36);
    g_assert_cmphex(cfg_readl(DEV, PCI_REVISION_ID), ==, 0x00ff0000);
    g_assert_cmphex(cfg_readb(DEV, PCI_INTERRUPT_PIN), ==, 0);
    cfg_writel(DEV, PCI_BASE_ADDRESS_0, 0xffffffff);
    cfg_writel(DEV, PCI_BASE_ADDRESS_0 + 4, 0xffffffff);
    g_assert_cmphex(cfg_readl(DEV, PCI_BASE_ADDRESS_0), ==, 0xfffff000);
    g_assert_cmphex(cfg_readl(DEV, PCI_BASE_ADDRESS_0 + 4), ==, 0xffffff01);
    end(&b);
}

static void test_header(void)
{
    static const char *const names[] = {"mmio-no-eventfd",         "mmio-wildcard-eventfd",
                                        "mmio-datamatch-eventfd",  "portio-no-eventfd",
                                        "portio-wildcard-eventfd", "portio-datamatch-eventfd"};
    Bench b;

    begin(&b);
    g_assert_cmphex(readl(MEM), ==, 0); /* none is selected */
    g_assert_cmphex(inl(PORT + 0x10), ==, 0);
    for (unsigned i = 0; i < 6; i++) {
        writeb(MEM, i);
        g_assert_cmphex(readb(MEM), ==, i);
        g_assert_cmphex(readb(MEM + 1), ==, 1);
        g_assert_cmphex(readl(MEM + 4), ==, (i < 3 ? 2048 : 128) + i);
        g_assert_cmphex(inl(PORT + 8), ==, i % 3 == 1 ? 0xce : 0xfa);
        g_assert_cmphex(readl(MEM + 12), ==, 0);
        g_assert_cmphex(readl(MEM + 0x40), ==, 0);
        assert_name(names[i]);
    }
    outb(PORT, 2); /* either BAR selects */
    assert_name(names[2]);
    outb(PORT, 6);
    g_assert_cmphex(readl(MEM + 0x10), ==, 0);
    g_assert_cmphex(readb(MEM + 1), ==, 0);
    end(&b);
}

/* One write that counts, then some that do not. */
static void check_counting(unsigned test)
{
    bool io = test >= 3;
    uint32_t offset = (io ? 128 : 2048) + test;
    AddressSpace *as = io ? &address_space_io : &address_space_memory;
    hwaddr addr = (io ? PORT : MEM) + offset;
    uint8_t data = readl(MEM + 8);
    bool wildcard = test % 3 == 1;

    address_space_stb(as, addr, data, NULL);
    address_space_stb(as, addr, data, NULL);
    g_assert_cmpuint(readl(MEM + 12), ==, 2);
    address_space_stb(as, addr, data + 1, NULL);
    g_assert_cmpuint(readl(MEM + 12), ==, wildcard ? 3 : 2);
    address_space_stw_le(as, addr, data, NULL);
    g_assert_cmpuint(readl(MEM + 12), ==, wildcard ? 4 : 2);
    address_space_stb(as, addr - 1, data, NULL);
    address_space_stb(io ? &address_space_memory : &address_space_io,
                      (io ? MEM : PORT) + 0x80 + test, data, NULL);
    g_assert_cmpuint(inl(PORT + 12), ==, wildcard ? 4 : 2);
}

static void test_counts(void)
{
    Bench b;

    begin(&b);
    for (unsigned i = 0; i < 6; i++) {
        writeb(MEM, i);
        check_counting(i);
    }
    writeb(MEM, 0xff);
    writeb(MEM + 2048, 0xfa);
    writeb(MEM, 0);
    g_assert_cmpuint(readl(MEM + 12), ==, 0); /* selecting starts anew */
    end(&b);
}

static void test_doorbells_follow_selection(void)
{
    Device *dev;
    Bench b;

    dev = begin(&b);
    writeb(MEM, 0);
    g_assert_cmpuint(bells.added, ==, 0);
    writeb(MEM, 1);
    g_assert_cmpuint(bells.live, ==, 1);
    g_assert_cmphex(bells.addr, ==, MEM + 2049);
    g_assert_false(bells.match);
    g_assert_cmphex(bells.size, ==, 0);
    writeb(MEM, 5);
    g_assert_cmpuint(bells.live, ==, 1);
    g_assert_cmphex(bells.addr, ==, PORT + 133);
    g_assert_true(bells.match);
    g_assert_cmphex(bells.data, ==, 0xfa);
    g_assert_cmphex(bells.size, ==, 1);
    cfg_writel(DEV, PCI_BASE_ADDRESS_0 + 4, 0xd000);
    g_assert_cmpuint(bells.live, ==, 1);
    g_assert_cmphex(bells.addr, ==, 0xd085);
    cfg_writew(DEV, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmpuint(bells.live, ==, 0);
    cfg_writew(DEV, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
    g_assert_cmpuint(bells.live, ==, 1);
    writeb(MEM, 6);
    g_assert_cmpuint(bells.live, ==, 0);
    writeb(MEM, 2);
    device_reset(dev);
    g_assert_cmpuint(bells.live, ==, 0);
    cfg_writel(DEV, PCI_BASE_ADDRESS_0, MEM);
    cfg_writew(DEV, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_cmphex(readl(MEM), ==, 0);
    writeb(MEM, 4);
    end(&b); /* it goes with its doorbell */
}

/* A ring that nobody reads a register after is taken by the main loop. */
static void test_main_loop_takes_rings(void)
{
    Bench b;

    begin(&b);
    writeb(MEM, 1);
    g_assert_false(g_main_context_pending(NULL));
    writeb(MEM + 2049, 7);
    writeb(MEM + 2049, 8);
    g_assert_true(g_main_context_pending(NULL));
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_assert_cmpuint(readl(MEM + 12), ==, 2);
    /* What was rung before a new selection is not of its count. */
    writeb(MEM + 2049, 7);
    writeb(MEM, 1);
    g_assert_cmpuint(readl(MEM + 12), ==, 0);
    g_assert_false(g_main_context_pending(NULL));
    end(&b);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/pci-testdev/identity-and-bars", test_identity);
    g_test_add_func("/pci-testdev/header-of-each-test", test_header);
    g_test_add_func("/pci-testdev/what-counts", test_counts);
    g_test_add_func("/pci-testdev/doorbells-follow-selection", test_doorbells_follow_selection);
    g_test_add_func("/pci-testdev/main-loop-takes-rings", test_main_loop_takes_rings);
    return g_test_run();
}
