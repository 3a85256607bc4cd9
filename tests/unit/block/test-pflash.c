/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pflash: what reaches the drive, in which order; when the host fails; what can't be a chip. */
#include "../harness.h"
#include "../host-faults.h"
#include "hw/block/pflash-cfi01.h"
#include "images.h"

#define SIZE 0x4000

static MemoryRegion *flash;

static void put(hwaddr addr, uint8_t val)
{
    address_space_stb(&address_space_memory, addr, val, NULL);
}

static uint8_t get(hwaddr addr)
{
    return address_space_ldub(&address_space_memory, addr, NULL);
}

static void program(hwaddr addr, uint8_t val)
{
    put(addr, 0x40);
    put(addr, val);
    put(addr, 0xff);
}

static void begin(Harness *h, BlockOptions options)
{
    harness_begin(h);
    image_open("flash", SIZE, options);
    flash = pflash_cfi01_memory(harness_system_device(&pflash_cfi01_class, "drive", "flash", NULL));
    memory_region_add_subregion(get_system_memory(), 0, flash);
}

static void end(Harness *h)
{
    memory_region_del_subregion(get_system_memory(), flash);
    harness_end(h);
    block_close_all();
}

/* Writes that come while one is on its way are joined, and the last one wins. */
static void test_order(void)
{
    g_autofree uint8_t *content = NULL;
    Harness h;

    begin(&h, (BlockOptions){});
    put(0x1000, 0x20);
    put(0x1000, 0xd0);
    g_atomic_int_set(&writes_at_once, 0);
    g_atomic_int_set(&io_held, 1);
    program(0x1000, 0x7f);
    program(0x1000, 0x3f);
    program(0x1fff, 0x01);
    program(0x0000, 0x00);
    program(0x1000, 0x1f);
    g_usleep(20000); /* for whoever would write beside the first */
    g_atomic_int_set(&io_held, 0);
    end(&h); /* waits for all of it */
    g_assert_cmpint(g_atomic_int_get(&writes_at_once), ==, 1);
    content = image_content("flash");
    g_assert_cmphex(content[0x1000], ==, 0x1f);
    g_assert_cmphex(content[0x1001], ==, 0xff);
    g_assert_cmphex(content[0x1fff], ==, 0x01);
    g_assert_cmphex(content[0], ==, 0);
    g_assert_cmphex(content[1], ==, image_byte(1));
    g_assert_cmphex(content[0x2000], ==, image_byte(0x2000));
}

/* A write that the host refuses is in the status from then on; the chip goes on. */
static void test_host_error(void)
{
    Harness h;

    begin(&h, (BlockOptions){.werror = BLOCK_ERROR_REPORT});
    fault_from = 0;
    fault_to = 0x1000;
    g_atomic_int_set(&fault_write, EIO);
    program(0x10, 0);
    for (int i = 0; i < 10000; i++) {
        put(0, 0x70);
        if (get(0) & 0x10) {
            break;
        }
        g_main_context_iteration(NULL, FALSE);
        g_usleep(100);
    }
    g_assert_cmphex(get(0), ==, 0x90);
    g_atomic_int_set(&fault_write, 0);
    put(0, 0x50);
    g_assert_cmphex(get(0x10), ==, 0); /* the array has it */
    program(0x11, 0);
    end(&h);
    g_autofree uint8_t *content = image_content("flash");
    g_assert_cmphex(content[0x11], ==, 0);
    g_assert_cmphex(content[0x10], ==, 0); /* the sector was written whole */
}

/* A disk that stays full: the end does not wait for it. */
static void test_stuck(void)
{
    Harness h;

    begin(&h, (BlockOptions){.werror = BLOCK_ERROR_STOP});
    fault_from = 0;
    fault_to = SIZE;
    g_atomic_int_set(&fault_write, ENOSPC);
    program(0x10, 0);
    program(0x2000, 0);
    end(&h);
    g_atomic_int_set(&fault_write, 0);
}

/* The memory is shown while it reads as an array, and only then. */
static void test_memory_mode(void)
{
    MemoryRegionSection section;
    Harness h;

    begin(&h, (BlockOptions){.read_only = true});
    section = address_space_lookup(&address_space_memory, 0, SIZE);
    g_assert_true(section.romd);
    put(5, 0x70);
    section = address_space_lookup(&address_space_memory, 0, SIZE);
    g_assert_false(section.romd);
    put(5, 0xff);
    section = address_space_lookup(&address_space_memory, 0, SIZE);
    g_assert_true(section.romd);
    end(&h);
}

static void check_refused(const char *drive, const char *why)
{
    Device *dev = device_new(&pflash_cfi01_class);
    g_autoptr(GError) err = NULL;

    if (drive) {
        device_set_str(dev, "drive", drive);
    }
    g_assert_false(device_realize(dev, NULL, &err));
    g_assert_nonnull(strstr(err->message, why));
    device_free(dev);
}

static void test_refused(void)
{
    Harness h;

    begin(&h, (BlockOptions){});
    check_refused(NULL, "can't find value ''");
    check_refused("zz", "can't find value 'zz'");
    check_refused("flash", "already in use");
    image_open("ragged", 4096 + 512, (BlockOptions){});
    check_refused("ragged", "invalid size 4608");
    image_open("empty", 0, (BlockOptions){});
    check_refused("empty", "invalid size 0");
    end(&h);
}

/* Any bytes written anywhere: it never leaves its memory. */
static void test_random(void)
{
    static const uint8_t commands[] = {0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70,
                                       0x90, 0x98, 0xd0, 0xe8, 0xf0, 0xff};
    GRand *rand = g_rand_new_with_seed(0xf1a5);
    Harness h;

    begin(&h, (BlockOptions){.snapshot = true});
    for (int i = 0; i < 50000; i++) {
        const hwaddr addr = g_rand_int_range(rand, 0, SIZE);

        if (i % 5 == 0) {
            get(addr);
        } else if (i % 7 == 0) {
            address_space_stq_le(&address_space_memory, addr, g_rand_int(rand), NULL);
        } else {
            put(addr, i % 2 ? commands[g_rand_int_range(rand, 0, sizeof(commands))]
                            : g_rand_int_range(rand, 0, 256));
        }
    }
    g_rand_free(rand);
    end(&h);
}

int main(int argc, char **argv)
{
    int result;

    harness_init(&argc, &argv);
    images_begin();
    g_test_add_func("/pflash/order", test_order);
    g_test_add_func("/pflash/host-error", test_host_error);
    g_test_add_func("/pflash/stuck", test_stuck);
    g_test_add_func("/pflash/memory-mode", test_memory_mode);
    g_test_add_func("/pflash/refused", test_refused);
    g_test_add_func("/pflash/random", test_random);
    result = g_test_run();
    images_end();
    return result;
}
