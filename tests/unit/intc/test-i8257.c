/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DMA controllers: registers, transfers both ways, counts, wraps, when handlers are called.
 */
#include "hw/dma/i8257.h"

#include "harness.h"

enum { WRITE = 0x44, READ = 0x48, VERIFY = 0x40, AUTO = 0x10, DOWN = 0x20 };

#define RAM_SIZE (2 * 1024 * 1024)

static Harness h;
static Device *dma;
static MemoryRegion ram;
static uint8_t *mem;
static unsigned called;

static const uint8_t pages[8] = {0x87, 0x83, 0x81, 0x82, 0x8f, 0x8b, 0x89, 0x8a};

static void handler(void *opaque, unsigned channel)
{
    g_assert_cmpuint(channel, ==, GPOINTER_TO_UINT(opaque));
    called++;
}

static void begin(void)
{
    harness_begin(&h);
    g_assert_true(memory_region_init_ram(&ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(get_system_memory(), 0, &ram);
    mem = memory_region_get_ram_ptr(&ram);
    dma = harness_isa_device(&h, &i8257_class, NULL);
    called = 0;
}

static void end(void)
{
    memory_region_del_subregion(get_system_memory(), &ram);
    memory_region_destroy(&ram);
    harness_end(&h);
}

static uint16_t port(unsigned channel, unsigned reg)
{
    return channel < 4 ? reg : 0xc0 + 2 * reg;
}

/* As drivers do: mask, mode, flip-flop, address, page, count, unmask. */
static void program(unsigned channel, uint8_t mode, uint32_t addr, unsigned units)
{
    unsigned n = channel & 3;
    uint16_t offset = channel < 4 ? addr : addr >> 1;

    outb(port(channel, 0xa), 4 | n);
    outb(port(channel, 0xb), mode | n);
    outb(port(channel, 0xc), 0);
    outb(port(channel, 2 * n), offset);
    outb(port(channel, 2 * n), offset >> 8);
    outb(pages[channel], addr >> 16);
    outb(port(channel, 2 * n + 1), units - 1);
    outb(port(channel, 2 * n + 1), (units - 1) >> 8);
    outb(port(channel, 0xa), n);
}

static uint16_t get16(unsigned channel, unsigned reg)
{
    uint8_t low;

    outb(port(channel, 0xc), 0);
    low = inb(port(channel, reg));
    return low | inb(port(channel, reg)) << 8;
}

static void fill(uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        buf[i] = i * 7 + i / 251 + 1;
    }
}

static void test_registers(void)
{
    begin();
    for (unsigned channel = 0; channel < 8; channel++) {
        program(channel, READ, 0x123456, 0x4321);
        g_assert_cmphex(get16(channel, 2 * (channel & 3)), ==, channel < 4 ? 0x3456 : 0x1a2b);
        g_assert_cmphex(get16(channel, 2 * (channel & 3) + 1), ==, 0x4320);
        g_assert_cmphex(inb(pages[channel]), ==, 0x12);
    }
    g_assert_cmphex(inb(0x0f), ==, 0xf0);
    outb(0x0f, 0x05);
    g_assert_cmphex(inb(0x0f), ==, 0xf5);
    outb(0x0e, 0);
    g_assert_cmphex(inb(0x0f), ==, 0xf0);
    outb(0x0d, 0);
    g_assert_cmphex(inb(0x0f), ==, 0xff);
    g_assert_cmphex(inb(0xde), ==, 0xf0);
    outb(0x84, 0x77); /* a spare page register */
    g_assert_cmphex(inb(0x84), ==, 0x77);
    end();
}

static void test_flip_flop(void)
{
    begin();
    outb(0x0c, 0);
    outb(0x00, 0x11);
    outb(0x03, 0x22); /* the flip-flop is the controller's: this is a high byte */
    g_assert_cmphex(get16(0, 0) & 0xff, ==, 0x11);
    g_assert_cmphex(get16(1, 3) >> 8, ==, 0x22);
    outb(0x00, 0x33);
    outb(0x0d, 0);
    outb(0x00, 0x44);
    g_assert_cmphex(get16(0, 0) & 0xff, ==, 0x44);
    end();
}

static void test_transfers(void)
{
    uint8_t data[1024], back[1024];
    bool tc;

    fill(data, sizeof(data));
    begin();
    for (unsigned channel = 0; channel < 8; channel++) {
        unsigned shift = channel / 4;

        if (channel == 4) {
            continue;
        }
        memset(mem, 0, RAM_SIZE);
        inb(port(channel, 8));
        program(channel, WRITE, 0x12340, sizeof(data) >> shift);
        g_assert_cmpuint(isa_dma_transfer(&h.isa, channel, data, 512, true, &tc), ==, 512);
        g_assert_false(tc);
        g_assert_cmphex(get16(channel, 2 * (channel & 3) + 1), ==, (512 >> shift) - 1);
        g_assert_cmphex(inb(port(channel, 8)) & 0xf, ==, 0);
        g_assert_cmpuint(isa_dma_transfer(&h.isa, channel, data + 512, 4096, true, &tc), ==, 512);
        g_assert_true(tc);
        g_assert_cmpmem(mem + 0x12340, sizeof(data), data, sizeof(data));
        g_assert_cmphex(mem[0x12340 + sizeof(data)], ==, 0);
        g_assert_cmphex(inb(port(channel, 8)) & 0xf, ==, 1 << (channel & 3));
        g_assert_cmphex(inb(port(channel, 8)) & 0xf, ==, 0); /* a read clears it */
        g_assert_cmphex(inb(port(channel, 0xf)) & 1 << (channel & 3), !=, 0);
        g_assert_cmpuint(isa_dma_transfer(&h.isa, channel, data, 512, true, &tc), ==, 0);

        program(channel, READ, 0x12340, sizeof(data) >> shift);
        g_assert_cmpuint(isa_dma_transfer(&h.isa, channel, back, 512, true, NULL), ==, 0);
        g_assert_cmpuint(isa_dma_transfer(&h.isa, channel, back, sizeof(back), false, &tc), ==,
                         sizeof(back));
        g_assert_true(tc);
        g_assert_cmpmem(back, sizeof(back), data, sizeof(data));
    }
    end();
}

static void test_wraps(void)
{
    uint8_t data[0x200];

    fill(data, sizeof(data));
    begin();
    program(2, WRITE, 0x1ff00, 0x200);
    isa_dma_transfer(&h.isa, 2, data, 0x200, true, NULL);
    g_assert_cmpmem(mem + 0x1ff00, 0x100, data, 0x100);
    g_assert_cmpmem(mem + 0x10000, 0x100, data + 0x100, 0x100); /* not 20000 */
    g_assert_cmphex(mem[0x20000], ==, 0);
    program(5, WRITE, 0x7ff00, 0x100);
    isa_dma_transfer(&h.isa, 5, data, 0x200, true, NULL);
    g_assert_cmpmem(mem + 0x7ff00, 0x100, data, 0x100);
    g_assert_cmpmem(mem + 0x60000, 0x100, data + 0x100, 0x100); /* 128 KiB pages */
    /* Words do cross 64 KiB. */
    program(6, WRITE, 0x4ff00, 0x100);
    isa_dma_transfer(&h.isa, 6, data, 0x201, true, NULL);
    g_assert_cmpmem(mem + 0x4ff00, 0x200, data, 0x200);
    end();
}

static void test_decrement(void)
{
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6};
    uint8_t back[6];

    begin();
    program(1, WRITE | DOWN, 0x10002, 6);
    g_assert_cmpuint(isa_dma_transfer(&h.isa, 1, (void *)data, 6, true, NULL), ==, 6);
    g_assert_cmphex(mem[0x10002], ==, 1);
    g_assert_cmphex(mem[0x10000], ==, 3);
    g_assert_cmphex(mem[0x1ffff], ==, 4); /* wraps downwards */
    g_assert_cmphex(mem[0x1fffd], ==, 6);
    program(7, READ | DOWN, 0x1fffe, 1);
    g_assert_cmpuint(isa_dma_transfer(&h.isa, 7, back, 6, false, NULL), ==, 2);
    g_assert_cmphex(back[0], ==, 5);
    g_assert_cmphex(back[1], ==, 4);
    end();
}

static void test_autoinit_and_verify(void)
{
    uint8_t data[64];
    bool tc;

    fill(data, sizeof(data));
    begin();
    program(3, WRITE | AUTO, 0x30000, 32);
    g_assert_cmpuint(isa_dma_transfer(&h.isa, 3, data, 64, true, &tc), ==, 32);
    g_assert_true(tc);
    g_assert_cmphex(get16(3, 6), ==, 0);
    g_assert_cmphex(get16(3, 7), ==, 31);
    g_assert_cmpuint(isa_dma_transfer(&h.isa, 3, data + 32, 32, true, &tc), ==, 32);
    g_assert_cmpmem(mem + 0x30000, 32, data + 32, 32);
    program(3, VERIFY, 0x40000, 16);
    g_assert_cmpuint(isa_dma_transfer(&h.isa, 3, data, 64, true, &tc), ==, 16);
    g_assert_true(tc);
    g_assert_cmphex(mem[0x40000], ==, 0);
    end();
}

static void test_handlers(void)
{
    begin();
    isa_dma_register(&h.isa, 2, handler, GUINT_TO_POINTER(2));
    isa_dma_register(&h.isa, 6, handler, GUINT_TO_POINTER(6));
    isa_dma_hold_dreq(&h.isa, 2);
    g_assert_cmpuint(called, ==, 0); /* masked */
    g_assert_cmphex(inb(0x08), ==, 0x40);
    outb(0x0a, 1); /* another channel */
    g_assert_cmpuint(called, ==, 0);
    outb(0x0a, 2);
    g_assert_cmpuint(called, ==, 1);
    outb(0x0a, 2);
    isa_dma_hold_dreq(&h.isa, 2);
    g_assert_cmpuint(called, ==, 1); /* nothing new */
    outb(0x08, 4);                   /* the controller off, and on */
    outb(0x08, 0);
    g_assert_cmpuint(called, ==, 2);
    isa_dma_release_dreq(&h.isa, 2);
    isa_dma_hold_dreq(&h.isa, 2);
    g_assert_cmpuint(called, ==, 3);
    isa_dma_release_dreq(&h.isa, 2);
    outb(0x0d, 0);
    outb(0x0e, 0);
    g_assert_cmpuint(called, ==, 3);
    outb(0xde, 0);
    outb(0xd6, 0xc2); /* cascade: never ready */
    isa_dma_hold_dreq(&h.isa, 6);
    g_assert_cmpuint(called, ==, 3);
    outb(0xd6, 0x46);
    g_assert_cmpuint(called, ==, 4);
    device_reset(dma);
    g_assert_cmphex(inb(0xde), ==, 0xff);
    end();
}

static void test_second_controller_is_refused(void)
{
    g_autoptr(GError) err = NULL;
    Device *second;

    begin();
    second = device_new(&i8257_class);
    g_assert_false(device_realize(second, &h.isa.bus, &err));
    g_assert_nonnull(err);
    device_free(second);
    g_assert_nonnull(h.isa.dma[0]);
    end();
}

static void test_random_accesses(void)
{
    uint8_t data[4096];

    fill(data, sizeof(data));
    begin();
    for (int i = 0; i < 20000; i++) {
        static const uint16_t bases[] = {0x00, 0x80, 0xc0};
        uint16_t at = bases[g_test_rand_int_range(0, 3)];

        at += g_test_rand_int_range(0, at == 0xc0 ? 32 : 16);
        if (g_test_rand_bit()) {
            outb(at, g_test_rand_int_range(0, 256));
        } else {
            inb(at);
        }
        if (i % 4 == 0) {
            unsigned channel = g_test_rand_int_range(0, 7);
            size_t len = g_test_rand_int_range(0, sizeof(data));

            channel += channel >= 4;
            g_assert_cmpuint(isa_dma_transfer(&h.isa, channel, data, len, g_test_rand_bit(), NULL),
                             <=, len);
        }
    }
    end();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/i8257/registers", test_registers);
    g_test_add_func("/i8257/flip-flop", test_flip_flop);
    g_test_add_func("/i8257/transfers", test_transfers);
    g_test_add_func("/i8257/wraps", test_wraps);
    g_test_add_func("/i8257/decrement", test_decrement);
    g_test_add_func("/i8257/autoinit-and-verify", test_autoinit_and_verify);
    g_test_add_func("/i8257/handlers", test_handlers);
    g_test_add_func("/i8257/second-controller-is-refused", test_second_controller_is_refused);
    g_test_add_func("/i8257/random-accesses", test_random_accesses);
    return g_test_run();
}
