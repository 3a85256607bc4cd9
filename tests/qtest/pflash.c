/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flash chips with firmware: where the guest sees them, the command set, what reaches the image.
 */
#include <glib/gstdio.h>

#include "vm.h"

#define TOP   (UINT64_C(1) << 32)
#define BLOCK 4096

enum {
    READ_ARRAY = 0xff,
    READ_ID = 0x90,
    READ_QUERY = 0x98,
    READ_STATUS = 0x70,
    CLEAR_STATUS = 0x50,
    PROGRAM = 0x40,
    WRITE_BUFFER = 0xe8,
    ERASE = 0x20,
    LOCK = 0x60,
    CONFIRM = 0xd0,

    READY = 0x80,
    ERASE_ERROR = 0x20,
    PROGRAM_ERROR = 0x10,
    PROTECTED = 0x02,
};

static char *folder;

static uint8_t pattern(size_t n)
{
    return n ^ n >> 8 ^ n >> 16 ^ 0x5a;
}

static char *image_path(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static char *make_image(const char *name, size_t size)
{
    g_autofree uint8_t *data = g_malloc(size);
    char *path = image_path(name);

    for (size_t n = 0; n < size; n++) {
        data[n] = pattern(n);
    }
    g_assert_true(g_file_set_contents(path, (char *)data, size, NULL));
    return path;
}

static void check_image(const char *path, size_t offset, const void *expected, size_t len)
{
    g_autofree char *data = NULL;
    gsize size;

    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    g_assert_cmpuint(offset + len, <=, size);
    g_assert_cmpmem(data + offset, len, expected, len);
}

/* Two chips of several sizes: the first ends at 4 GiB, the second below it, and the last 128 KiB of
 * the first are seen below 1 MiB too. */
static void test_map(void)
{
    static const unsigned sizes[] = {64, 128, 256, 4096, 3564}; /* KiB; the last is no power of 2 */

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const size_t size = sizes[i] << 10, isa = MIN(size, 128 << 10);
        g_autofree char *code = make_image("code", size);
        g_autofree char *vars = make_image("vars", 84 << 10);
        g_autofree uint8_t *seen = g_malloc(size);
        Vm *vm = vm_start("-nodefaults -drive if=pflash,format=raw,readonly=on,file=%s"
                          " -drive if=pflash,format=raw,file=%s",
                          code, vars);

        vm_read(vm, TOP - size, seen, size);
        check_image(code, 0, seen, size);
        vm_read(vm, (1 << 20) - isa, seen, isa);
        check_image(code, size - isa, seen, isa);
        vm_read(vm, TOP - size - (84 << 10), seen, 64 << 10);
        check_image(vars, 0, seen, 64 << 10);
        g_assert_cmphex(readb(vm, TOP - size - (84 << 10) - 1), ==, 0xff);
        vm_stop(vm);
        g_unlink(code);
        g_unlink(vars);
    }
}

/* The same by -M pflash0=, and the short form. */
static void test_options(void)
{
    g_autofree char *code = make_image("code", 64 << 10);
    g_autofree char *vars = make_image("vars", 64 << 10);
    Vm *vm = vm_start("-nodefaults -M pflash0=a,pflash1=b -drive if=none,id=b,format=raw,file=%s"
                      " -drive if=none,id=a,format=raw,readonly=on,file=%s",
                      vars, code);

    g_assert_cmphex(readb(vm, TOP - 1), ==, pattern((64 << 10) - 1));
    g_assert_cmphex(readb(vm, TOP - (128 << 10)), ==, pattern(0));
    vm_stop(vm);
    vm = vm_start("-nodefaults -pflash %s -pflash %s", code, vars);
    g_assert_cmphex(readb(vm, TOP - 1), ==, pattern((64 << 10) - 1));
    writeb(vm, TOP - (128 << 10), READ_STATUS);
    g_assert_cmphex(readb(vm, TOP - (128 << 10)), ==, READY);
    vm_stop(vm);
    g_unlink(code);
    g_unlink(vars);
}

typedef struct Flash {
    Vm *vm;
    char *path;
    uint64_t at; /* where the chip starts */
} Flash;

static Flash flash_start(const char *options)
{
    Flash f = {.path = make_image("flash", 64 << 10), .at = TOP - (64 << 10)};

    f.vm = vm_start("-nodefaults -drive if=pflash,format=raw,file=%s%s", f.path, options);
    return f;
}

static void flash_stop(Flash *f)
{
    vm_stop(f->vm);
}

static void flash_free(Flash *f)
{
    g_unlink(f->path);
    g_free(f->path);
}

static void test_read_modes(void)
{
    static const char qry[] = {'Q', 'R', 'Y', 0x01, 0x00, 0x31, 0x00};
    Flash f = flash_start("");
    uint8_t seen[sizeof(qry)];

    g_assert_cmphex(readb(f.vm, f.at), ==, pattern(0));
    writeb(f.vm, f.at, READ_ID);
    g_assert_cmphex(readb(f.vm, f.at), ==, 0x89);
    g_assert_cmphex(readb(f.vm, f.at + 1), ==, 0x18);
    g_assert_cmphex(readw(f.vm, f.at), ==, 0x1889);
    writeb(f.vm, f.at + 0x55, READ_QUERY);
    vm_read(f.vm, f.at + 0x10, seen, sizeof(seen));
    g_assert_cmpmem(seen, sizeof(seen), qry, sizeof(qry));
    g_assert_cmphex(readb(f.vm, f.at + 0x27), ==, 16);         /* 2^16 bytes */
    g_assert_cmphex(readb(f.vm, f.at + 0x2a), ==, 8);          /* 2^8 at once */
    g_assert_cmphex(readl(f.vm, f.at + 0x2d), ==, 0x0010000f); /* 16 blocks of 4 KiB */
    g_assert_cmphex(readl(f.vm, f.at + 0xfc), ==, 0);          /* no more of it */
    writeb(f.vm, f.at, READ_STATUS);
    g_assert_cmphex(readb(f.vm, f.at + 0x1234), ==, READY);
    g_assert_cmphex(readb(f.vm, 0xf0000), ==, READY); /* the same chip below 1 MiB */
    writeb(f.vm, f.at, READ_ARRAY);
    g_assert_cmphex(readb(f.vm, f.at), ==, pattern(0));
    for (int command = 0; command < 256; command += 0xf0) { /* both mean: read the array */
        writeb(f.vm, f.at, READ_ID);
        writeb(f.vm, f.at, command);
        g_assert_cmphex(readb(f.vm, f.at), ==, pattern(0));
    }
    writeb(f.vm, f.at, READ_ID);
    vm_reset(f.vm);
    g_assert_cmphex(readb(f.vm, f.at), ==, pattern(0));
    flash_stop(&f);
    flash_free(&f);
}

/* How firmware finds out that there is flash and neither ROM nor RAM. */
static void test_probe(void)
{
    Flash f = flash_start("");

    writeb(f.vm, f.at, CLEAR_STATUS);
    g_assert_cmphex(readb(f.vm, f.at), ==, pattern(0));
    writeb(f.vm, f.at, READ_STATUS);
    g_assert_cmphex(readb(f.vm, f.at), ==, 0);
    writeb(f.vm, f.at, READ_ARRAY);
    g_assert_cmphex(readb(f.vm, f.at), ==, pattern(0));
    flash_stop(&f);
    flash_free(&f);
}

static uint8_t status(Flash *f)
{
    uint8_t value;

    writeb(f->vm, f->at, READ_STATUS);
    value = readb(f->vm, f->at);
    writeb(f->vm, f->at, CLEAR_STATUS);
    return value;
}

static void test_program_and_erase(void)
{
    uint8_t block[BLOCK];
    Flash f = flash_start("");
    const uint64_t at = f.at + 3 * BLOCK;

    writeb(f.vm, at + 5, PROGRAM);
    writeb(f.vm, at + 5, 0x35); /* ones become zeros, nothing else changes */
    g_assert_cmphex(status(&f), ==, READY);
    g_assert_cmphex(readb(f.vm, at + 5), ==, (pattern(3 * BLOCK + 5) & 0x35));
    g_assert_cmphex(readb(f.vm, at + 4), ==, pattern(3 * BLOCK + 4));
    writeb(f.vm, at + 0x123, ERASE);               /* anywhere in the block */
    g_assert_cmphex(readb(f.vm, f.at), ==, READY); /* nothing is erased yet */
    writeb(f.vm, at + 0x123, CONFIRM);
    g_assert_cmphex(status(&f), ==, READY);
    vm_read(f.vm, at, block, sizeof(block));
    for (size_t i = 0; i < sizeof(block); i++) {
        g_assert_cmphex(block[i], ==, 0xff);
    }
    g_assert_cmphex(readb(f.vm, at - 1), ==, pattern(3 * BLOCK - 1));
    g_assert_cmphex(readb(f.vm, at + BLOCK), ==, pattern(4 * BLOCK));
    writeb(f.vm, at, 0x10); /* the other code */
    writeb(f.vm, at, 0xa5);
    g_assert_cmphex(status(&f), ==, READY);
    vm_reset(f.vm); /* which changes nothing of that */
    block[0] = 0xa5;
    g_assert_cmphex(readb(f.vm, at), ==, 0xa5);
    flash_stop(&f);
    check_image(f.path, 3 * BLOCK, block, sizeof(block));
    flash_free(&f);
}

static void test_buffer(void)
{
    uint8_t data[256], seen[256];
    Flash f = flash_start("");
    const uint64_t at = f.at + 2 * BLOCK + 0x100;

    writeb(f.vm, at, ERASE);
    writeb(f.vm, at, CONFIRM);
    writeb(f.vm, at, WRITE_BUFFER);
    g_assert_cmphex(readb(f.vm, at), ==, READY); /* there is a buffer */
    writeb(f.vm, at, 255);
    for (int i = 0; i < 256; i++) {
        data[i] = 3 * i + 1;
        writeb(f.vm, at + i, data[i]);
    }
    writeb(f.vm, at, CONFIRM);
    g_assert_cmphex(status(&f), ==, READY);
    vm_read(f.vm, at, seen, sizeof(seen));
    g_assert_cmpmem(seen, sizeof(seen), data, sizeof(data));
    g_assert_cmphex(readw(f.vm, at + 0xff), ==, 0xff00 | data[255]);

    /* Two bytes somewhere in it; wide accesses are bytes one after the other. */
    writeb(f.vm, at + 0x200, WRITE_BUFFER);
    writeb(f.vm, at + 0x200, 1);
    writew(f.vm, at + 0x210, 0x1234);
    writeb(f.vm, at + 0x200, CONFIRM);
    g_assert_cmphex(status(&f), ==, READY);
    g_assert_cmphex(readl(f.vm, at + 0x20f), ==, 0xff1234ff);
    flash_stop(&f);
    check_image(f.path, 2 * BLOCK + 0x100, data, sizeof(data));
    flash_free(&f);
}

/* A broken sequence changes nothing, and says so. */
static void test_bad_sequences(void)
{
    Flash f = flash_start("");

    writeb(f.vm, f.at, ERASE);
    writeb(f.vm, f.at, READ_ARRAY);
    g_assert_cmphex(status(&f), ==, READY | ERASE_ERROR | PROGRAM_ERROR);
    g_assert_cmphex(status(&f), ==, 0); /* cleared */
    writeb(f.vm, f.at, WRITE_BUFFER);
    writeb(f.vm, f.at, 1);
    writeb(f.vm, f.at + 0xff, 0);
    writeb(f.vm, f.at + 0x100, 0); /* beyond the buffer */
    g_assert_cmphex(status(&f), ==, READY | ERASE_ERROR | PROGRAM_ERROR);
    writeb(f.vm, f.at, WRITE_BUFFER);
    writeb(f.vm, f.at, 0);
    writeb(f.vm, f.at, 0);
    writeb(f.vm, f.at, READ_ARRAY); /* not confirmed */
    g_assert_cmphex(status(&f), ==, READY | ERASE_ERROR | PROGRAM_ERROR);
    writeb(f.vm, f.at, LOCK);
    writeb(f.vm, f.at, 0x77);
    g_assert_cmphex(status(&f), ==, READY | ERASE_ERROR | PROGRAM_ERROR);
    writeb(f.vm, f.at, LOCK);
    writeb(f.vm, f.at, CONFIRM);
    g_assert_cmphex(status(&f), ==, READY);
    writeb(f.vm, f.at, 0xb0); /* suspend: not there */
    for (size_t i = 0; i < 0x200; i++) {
        g_assert_cmphex(readb(f.vm, f.at + i), ==, pattern(i));
    }
    flash_stop(&f);
    flash_free(&f);
}

static void test_read_only(void)
{
    Flash f = flash_start(",readonly=on");

    writeb(f.vm, f.at, PROGRAM);
    writeb(f.vm, f.at, 0);
    g_assert_cmphex(status(&f), ==, READY | PROGRAM_ERROR | PROTECTED);
    writeb(f.vm, f.at, ERASE);
    writeb(f.vm, f.at, CONFIRM);
    g_assert_cmphex(status(&f), ==, READY | ERASE_ERROR | PROTECTED);
    g_assert_cmphex(readb(f.vm, f.at), ==, pattern(0));
    flash_stop(&f);
    flash_free(&f);
}

static void test_snapshot(void)
{
    uint8_t first = pattern(0);
    Flash f = flash_start(",snapshot=on");

    writeb(f.vm, f.at, ERASE);
    writeb(f.vm, f.at, CONFIRM);
    g_assert_cmphex(status(&f), ==, READY);
    g_assert_cmphex(readb(f.vm, f.at), ==, 0xff);
    flash_stop(&f);
    check_image(f.path, 0, &first, 1);
    flash_free(&f);
}

/* Firmware that runs from flash in "read ROM, write RAM" sees the array, and its own copy then. */
static void test_shadow(void)
{
    Flash f = flash_start("");
    const uint32_t code = readl(f.vm, 0xf0000);

    g_assert_cmphex(code, ==, readl(f.vm, f.at));
    pci_writeb(f.vm, PCI_DEVFN(0, 0), 0x59, 0x20); /* reads from PCI, writes to RAM */
    g_assert_cmphex(readl(f.vm, 0xf0000), ==, code);
    writel(f.vm, 0xf0000, 0x11223344);
    g_assert_cmphex(readl(f.vm, 0xf0000), ==, code);
    pci_writeb(f.vm, PCI_DEVFN(0, 0), 0x59, 0x30);
    g_assert_cmphex(readl(f.vm, 0xf0000), ==, 0x11223344);
    g_assert_cmphex(readl(f.vm, f.at), ==, code);
    flash_stop(&f);
    flash_free(&f);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_test_add_func("/pflash/map", test_map);
    g_test_add_func("/pflash/options", test_options);
    g_test_add_func("/pflash/read-modes", test_read_modes);
    g_test_add_func("/pflash/probe", test_probe);
    g_test_add_func("/pflash/program-and-erase", test_program_and_erase);
    g_test_add_func("/pflash/buffer", test_buffer);
    g_test_add_func("/pflash/bad-sequences", test_bad_sequences);
    g_test_add_func("/pflash/read-only", test_read_only);
    g_test_add_func("/pflash/snapshot", test_snapshot);
    g_test_add_func("/pflash/shadow", test_shadow);
    result = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return result;
}
