/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What drawing the screen costs when nothing changed and when everything did, and what blits cost.
 * Prints figures; nothing passes or fails by them. The device and the memory library alone: with
 * KVM a refresh also asks the kernel for its dirty pages.
 */
#include <stdio.h>
#include <time.h>

#include "display/pci-display.h"

#define REFRESH_HZ 30
#define ROUNDS     200

static uint8_t *vram;
static MemoryRegion *vram_mr;

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void set_packed(unsigned depth)
{
    static const uint8_t sr07[] = {[1] = 0x01, [2] = 0x07, [3] = 0x05, [4] = 0x09};
    unsigned bytes = depth / 8;

    set_mode(&mode_12h);
    index_write(0x3d4, 0x01, 1024 / 8 - 1);
    index_write(0x3d4, 0x12, (768 - 1) & 0xff);
    index_write(0x3d4, 0x07, 0x3c | ((768 - 1) >> 8 & 1) << 1 | ((768 - 1) >> 9 & 1) << 6);
    index_write(0x3c4, 7, sr07[bytes]);
    index_write(0x3d4, 0x13, 128 * bytes & 0xff);
    index_write(0x3d4, 0x1b, (128 * bytes >> 8) << 4 | 0x02);
    for (int i = 0; i < 4; i++) {
        inb(0x3c6);
    }
    outb(0x3c6, depth == 16 ? 0xe1 : depth == 8 ? 0 : 0xe5);
}

/* The mean time of a refresh in microseconds; `change`: each finds all of memory other than before.
 */
static double refresh(bool change, unsigned rounds)
{
    double spent = 0;

    console_refresh(console_default());
    for (unsigned i = 0; i < rounds; i++) {
        double before;

        if (change) {
            for (unsigned n = 0; n < VRAM / 8; n++) {
                ((uint64_t *)vram)[n] ^= UINT64_C(0x5555555555555555) + i;
            }
            memory_region_set_dirty(vram_mr, 0, VRAM);
        }
        before = now_us();
        console_refresh(console_default());
        spent += now_us() - before;
    }
    return spent / rounds;
}

static void print_refresh(const char *name)
{
    double same = refresh(false, 20 * ROUNDS), full = refresh(true, ROUNDS);

    printf("%-18s nothing changed: %8.1f us, %.3f %% of a core at %d Hz; everything: %6.2f ms\n",
           name, same, same * REFRESH_HZ / 1e4, REFRESH_HZ, full / 1e3);
}

static void blt_write(unsigned reg, uint32_t val)
{
    writel(MMIO + 0x100 + reg, val);
}

/* A blit of 1 MiB in lines of 1024 bytes, in microseconds. */
static void print_blit(const char *name, uint8_t mode, uint8_t ext, uint8_t rop)
{
    double before = now_us(), spent;

    blt_write(0x00, 0x10203040);
    blt_write(0x04, 0x50607080);
    blt_write(0x08, (1024 - 1) | (1024 - 1) << 16);
    blt_write(0x0c, 1024 | 1024 << 16);
    blt_write(0x14, 2 * 1024 * 1024);
    blt_write(0x18, mode | rop << 16 | (uint32_t)ext << 24);
    for (unsigned i = 0; i < ROUNDS; i++) {
        blt_write(0x10, 0);
        address_space_stb(&address_space_memory, MMIO + 0x140, 0x02, NULL);
    }
    spent = (now_us() - before) / ROUNDS;
    printf("%-18s %8.1f us for 1 MiB\n", name, spent);
}

/* A byte of eight pixels through the VGA's planes, in nanoseconds. */
static void print_planar_writes(void)
{
    double before = now_us();

    set_mode(&mode_12h);
    for (unsigned i = 0; i < ROUNDS; i++) {
        for (unsigned n = 0; n < 38400; n++) {
            poke(0xa0000 + n, n + i);
        }
    }
    printf("%-18s %8.1f ns for a byte of the window\n", "mode 12h",
           (now_us() - before) * 1e3 / ROUNDS / 38400);
}

int main(int argc, char **argv)
{
    static const unsigned depths[] = {8, 16, 24, 32};

    harness_init(&argc, &argv);
    begin();
    vram_mr = address_space_lookup(&address_space_memory, LFB, 1).mr;
    vram = memory_region_get_ram_ptr(vram_mr);
    set_colors();
    for (size_t i = 0; i < G_N_ELEMENTS(depths); i++) {
        g_autofree char *name = g_strdup_printf("1024 x 768 x %u", depths[i]);

        set_packed(depths[i]);
        print_refresh(name);
    }
    index_write(0x3c4, 7, 0x00);
    set_mode(&mode_12h);
    print_refresh("mode 12h");
    set_mode(&mode_text);
    print_refresh("text, 80 x 25");

    print_planar_writes();
    print_blit("solid fill", 0xc0, 0x04, 0x0d);
    print_blit("copy", 0x00, 0x00, 0x0d);
    print_blit("copy, exclusive or", 0x00, 0x00, 0x59);
    print_blit("expansion", 0x80, 0x00, 0x0d);
    print_blit("pattern", 0x40, 0x00, 0x0d);
    end();
    return 0;
}
