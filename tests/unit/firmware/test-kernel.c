/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -kernel, -initrd and -append: where things are put, and what is refused. The option ROMs come
 * from the build.
 */
#include "hw/i386/kernel.h"

#include <elf.h>
#include <glib/gstdio.h>

#include "common.h"

#define MIB (1024 * 1024ull)

typedef struct Fixture {
    FwCfg *fw;
    char *dir;
    char *kernel; /* path */
    char *initrd;
    KernelOptions options;
    const char *boot_path;
    GError *err;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
    memset(f, 0, sizeof(*f));
    f->fw = fw_new();
    f->dir = g_dir_make_tmp("lignite-kernel-XXXXXX", NULL);
    f->kernel = g_build_filename(f->dir, "kernel", NULL);
    f->initrd = g_build_filename(f->dir, "initrd", NULL);
    f->options.kernel = f->kernel;
    f->options.ram_below_4g = 128 * MIB;
}

static void teardown(Fixture *f, gconstpointer data)
{
    g_clear_error(&f->err);
    g_unlink(f->kernel);
    g_unlink(f->initrd);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0);
    g_free(f->kernel);
    g_free(f->initrd);
    g_free(f->dir);
    fw_free(f->fw);
}

static void put_le(uint8_t *p, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++) {
        p[i] = value >> (8 * i);
    }
}

static void write_kernel(Fixture *f, const void *data, size_t len)
{
    g_assert_true(g_file_set_contents(f->kernel, data, len, NULL));
}

static void write_initrd(Fixture *f, size_t len)
{
    g_autofree char *data = g_malloc(MAX(len, 1));

    memset(data, 'i', len);
    g_assert_true(g_file_set_contents(f->initrd, data, len, NULL));
    f->options.initrd = f->initrd;
}

static void load(Fixture *f)
{
    bool ok = kernel_load(f->fw, &f->options, &f->boot_path, &f->err);

    g_assert_no_error(f->err);
    g_assert_true(ok);
}

/* It must fail, in one line that holds `text`, and add nothing. */
static void refuse(Fixture *f, const char *text)
{
    size_t len;

    g_assert_false(kernel_load(f->fw, &f->options, &f->boot_path, &f->err));
    g_assert_nonnull(f->err);
    g_assert_null(strchr(f->err->message, '\n'));
    if (!strstr(f->err->message, text)) {
        g_test_message("'%s' is not in: %s", text, f->err->message);
        g_test_fail();
    }
    g_assert_null(fw_cfg_get_item(f->fw, FW_CFG_KERNEL_SIZE, &len));
    g_assert_null(fw_cfg_get_file(f->fw, "genroms/linuxboot.bin", &len));
    g_assert_null(fw_cfg_get_file(f->fw, "genroms/multiboot.bin", &len));
    g_clear_error(&f->err);
}

static uint32_t item32(Fixture *f, uint16_t key)
{
    size_t len;
    const uint8_t *p = fw_cfg_get_item(f->fw, key, &len);

    g_assert_nonnull(p);
    g_assert_cmpuint(len, ==, 4);
    return get_le(p, 4);
}

static const uint8_t *item(Fixture *f, uint16_t key, size_t *len)
{
    const uint8_t *p = fw_cfg_get_item(f->fw, key, len);

    g_assert_nonnull(p);
    return p;
}

/* ------------------------------------------------------------------------------------ Linux -- */

#define SETUP_SIZE (5 * 512)
#define LINUX_SIZE (SETUP_SIZE + 3000)

/* A kernel of that protocol version; `high` says it is loaded to 1 MiB. */
static uint8_t *linux_new(unsigned version, bool high)
{
    uint8_t *k = g_malloc0(LINUX_SIZE);

    k[0x1f1] = 4;
    put_le(k + 0x1fe, 0xaa55, 2);
    if (version) {
        memcpy(k + 0x202, "HdrS", 4);
        put_le(k + 0x206, version, 2);
        k[0x211] = high;
        put_le(k + 0x22c, 0x37ffffff, 4);
        put_le(k + 0x238, 2047, 4);
        put_le(k + 0x258, 0x1000000, 8);
        put_le(k + 0x260, 0x2000000, 4);
    }
    memset(k + SETUP_SIZE, 'k', LINUX_SIZE - SETUP_SIZE);
    return k;
}

static void linux_write(Fixture *f, uint8_t *k)
{
    write_kernel(f, k, LINUX_SIZE);
    g_free(k);
}

static void test_linux_modern(Fixture *f, gconstpointer data)
{
    const uint8_t *setup_code, *p;
    size_t len;

    linux_write(f, linux_new(0x20f, true));
    write_initrd(f, 5000);
    f->options.append = "console=ttyS0 vga=0x317";
    load(f);
    g_assert_cmpstr(f->boot_path, ==, "/rom@genroms/linuxboot.bin");
    p = fw_cfg_get_file(f->fw, "genroms/linuxboot.bin", &len);
    g_assert_nonnull(p);
    g_assert_cmphex(sum_of(p, len), ==, 0);
    g_assert_cmpuint(p[2] * 512, ==, len);

    g_assert_cmphex(item32(f, FW_CFG_KERNEL_ADDR), ==, 0x100000);
    p = item(f, FW_CFG_KERNEL_DATA, &len);
    g_assert_cmpuint(len, ==, 3000);
    g_assert_cmpuint(item32(f, FW_CFG_KERNEL_SIZE), ==, len);
    g_assert_cmphex(p[0] & p[2999], ==, 'k');
    p = item(f, FW_CFG_CMDLINE_DATA, &len);
    g_assert_cmpmem(p, len, f->options.append, strlen(f->options.append) + 1);
    g_assert_cmpuint(item32(f, FW_CFG_CMDLINE_SIZE), ==, len);

    setup_code = item(f, FW_CFG_SETUP_DATA, &len);
    g_assert_cmpuint(len, ==, SETUP_SIZE);
    g_assert_cmphex(get_le(setup_code + 0x1fa, 2), ==, 0x317);
    g_assert_cmphex(setup_code[0x210], ==, 0xff);
    g_assert_cmphex(setup_code[0x211], ==, 0x81);
    g_assert_cmphex(get_le(setup_code + 0x228, 4), ==, item32(f, FW_CFG_CMDLINE_ADDR));
    g_assert_cmphex(get_le(setup_code + 0x218, 4), ==, item32(f, FW_CFG_INITRD_ADDR));
    g_assert_cmphex(get_le(setup_code + 0x21c, 4), ==, 5000);
    g_assert_cmphex(item32(f, FW_CFG_INITRD_ADDR) & 0xfff, ==, 0);
    g_assert_cmphex(item32(f, FW_CFG_INITRD_ADDR), >=, 0x3000000);
    g_assert_cmphex(item32(f, FW_CFG_INITRD_ADDR) + 5000, <=, 127 * MIB);
    /* Heap and stack lie between the setup code and the command line. */
    g_assert_cmphex(get_le(setup_code + 0x224, 2), ==,
                    item32(f, FW_CFG_CMDLINE_ADDR) - item32(f, FW_CFG_SETUP_ADDR) - 0x200);
}

static void test_linux_initrd_limit(Fixture *f, gconstpointer data)
{
    uint8_t *k = linux_new(0x20f, true);

    put_le(k + 0x22c, 0x3ffffff, 4);
    linux_write(f, k);
    write_initrd(f, 0x10000);
    load(f);
    g_assert_cmphex(item32(f, FW_CFG_INITRD_ADDR), ==, 0x3ff0000);
}

static void test_linux_old(Fixture *f, gconstpointer data)
{
    const uint8_t *setup_code;
    size_t len;

    linux_write(f, linux_new(0, false));
    f->options.append = "root=/dev/hda1";
    load(f);
    g_assert_cmphex(item32(f, FW_CFG_KERNEL_ADDR), ==, 0x10000);
    g_assert_cmphex(item32(f, FW_CFG_SETUP_ADDR), ==, 0x90000);
    setup_code = item(f, FW_CFG_SETUP_DATA, &len);
    g_assert_cmphex(get_le(setup_code + 0x20, 2), ==, 0xa33f);
    g_assert_cmphex(0x90000 + get_le(setup_code + 0x22, 2), ==, item32(f, FW_CFG_CMDLINE_ADDR));
    g_assert_cmphex(setup_code[0x210], ==, 0); /* no such field */
}

/* Where the kernel will look for its command line. */
static uint32_t linux_command_line(Fixture *f, unsigned version)
{
    size_t len;
    const uint8_t *setup_code = item(f, FW_CFG_SETUP_DATA, &len);

    return version >= 0x202 ? get_le(setup_code + 0x228, 4)
                            : item32(f, FW_CFG_SETUP_ADDR) + get_le(setup_code + 0x22, 2);
}

static void test_linux_every_version(Fixture *f, gconstpointer data)
{
    for (unsigned version = 0x200; version <= 0x20f; version++) {
        for (int high = 0; high < 2; high++) {
            Fixture g;

            setup(&g, NULL);
            linux_write(&g, linux_new(version, high));
            write_initrd(&g, 100);
            if (!high && version >= 0x20a) {
                refuse(&g, "low memory"); /* init_size says it needs far more */
            } else {
                load(&g);
                g_assert_cmphex(item32(&g, FW_CFG_KERNEL_ADDR), ==, high ? 0x100000 : 0x10000);
                g_assert_cmphex(linux_command_line(&g, version), ==,
                                item32(&g, FW_CFG_CMDLINE_ADDR));
            }
            teardown(&g, NULL);
        }
    }
}

static void test_linux_bad(Fixture *f, gconstpointer data)
{
    g_autofree char *too_long = g_strnfill(2048, 'x');
    uint8_t *k;

    refuse(f, "could not load kernel '");
    refuse(f, "No such file or directory");
    f->options.kernel = f->dir;
    refuse(f, "Is a directory");
    f->options.kernel = f->kernel;

    write_kernel(f, "", 0);
    refuse(f, "neither a Linux nor a multiboot kernel");
    k = linux_new(0x20f, true);
    for (unsigned len = 0; len <= SETUP_SIZE; len += 16) {
        write_kernel(f, k, len);
        refuse(f, f->kernel);
    }
    g_free(k);

    k = linux_new(0x20f, true);
    put_le(k + 0x1fe, 0, 2);
    linux_write(f, k);
    refuse(f, "neither a Linux nor a multiboot kernel");

    k = linux_new(0x20f, true);
    k[0x1f1] = 255;
    linux_write(f, k);
    refuse(f, "too long, or the file is cut off");

    k = linux_new(0x20f, true);
    put_le(k + 0x258, UINT64_MAX, 8);
    put_le(k + 0x260, UINT32_MAX, 4);
    linux_write(f, k);
    refuse(f, "-m");

    linux_write(f, linux_new(0x20f, true));
    f->options.append = too_long;
    refuse(f, "-append");
    f->options.append = NULL;

    f->options.ram_below_4g = 64 * 1024;
    refuse(f, "-m");
    f->options.ram_below_4g = 0x3000000 + MIB; /* no room between kernel and firmware's share */
    write_initrd(f, 4096);
    refuse(f, "could not load initrd '");
    f->options.ram_below_4g = 0x3000000 + MIB + 4096;
    load(f);
    g_assert_cmphex(item32(f, FW_CFG_INITRD_ADDR), ==, 0x3000000);
}

static void test_linux_initrd_missing(Fixture *f, gconstpointer data)
{
    linux_write(f, linux_new(0x20f, true));
    f->options.initrd = f->initrd;
    refuse(f, "could not load initrd '");
    refuse(f, "No such file or directory");
    linux_write(f, linux_new(0, false));
    write_initrd(f, 10);
    refuse(f, "too old");
}

static void test_linux_video_mode(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *append;
        unsigned mode;
    } cases[] = {
        {"", 0xffff},     {"vga=normal", 0xffff}, {"quiet vga=ext", 0xfffe}, {"vga=ask x", 0xfffd},
        {"vga=791", 791}, {"xvga=5", 0xffff},     {"vga=", 0xffff},          {"vga=1 vga=2", 2},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fixture g;
        size_t len;

        setup(&g, NULL);
        linux_write(&g, linux_new(0x20f, true));
        g.options.append = cases[i].append;
        load(&g);
        g_assert_cmphex(get_le(item(&g, FW_CFG_SETUP_DATA, &len) + 0x1fa, 2), ==, cases[i].mode);
        teardown(&g, NULL);
    }
}

/* -------------------------------------------------------------------------------- multiboot -- */

#define ELF_SIZE 0x2000

/* One segment of 0x1000 bytes at `addr`, from 0x1000 in the file; 0x3000 in memory. */
static uint8_t *elf_new(uint32_t addr)
{
    uint8_t *k = g_malloc0(ELF_SIZE);
    Elf32_Ehdr *eh = (Elf32_Ehdr *)k;
    Elf32_Phdr *ph = (Elf32_Phdr *)(k + sizeof(*eh));

    memcpy(eh->e_ident, ELFMAG, SELFMAG);
    eh->e_ident[EI_CLASS] = ELFCLASS32;
    eh->e_ident[EI_DATA] = ELFDATA2LSB;
    eh->e_machine = EM_386;
    eh->e_entry = addr + 0x20;
    eh->e_phoff = sizeof(*eh);
    eh->e_phentsize = sizeof(*ph);
    eh->e_phnum = 1;
    ph->p_type = PT_LOAD;
    ph->p_offset = 0x1000;
    ph->p_paddr = addr;
    ph->p_filesz = 0x1000;
    ph->p_memsz = 0x3000;
    memset(k + 0x1000, 'e', 0x1000);
    put_le(k + 0x1000, 0x1badb002, 4);
    put_le(k + 0x1004, 0, 4);
    put_le(k + 0x1008, -0x1badb002u, 4);
    return k;
}

static void elf_write(Fixture *f, uint8_t *k)
{
    write_kernel(f, k, ELF_SIZE);
    g_free(k);
}

/* A string of the boot information. */
static const char *info_string(Fixture *f, uint32_t addr)
{
    size_t len;
    const uint8_t *info = item(f, FW_CFG_INITRD_DATA, &len);

    addr -= item32(f, FW_CFG_INITRD_ADDR);
    g_assert_cmpuint(addr, <, len);
    return (const char *)info + addr;
}

static void test_multiboot_elf(Fixture *f, gconstpointer data)
{
    g_autofree char *initrd = g_strdup_printf("%s a=1,%s,%s b,,c", f->kernel, f->kernel, f->kernel);
    g_autofree char *cmdline = g_strdup_printf("%s one two", f->kernel);
    g_autofree char *last = g_strdup_printf("%s b,c", f->kernel);
    const uint8_t *info, *mem;
    uint32_t mods;
    size_t len, info_len;

    elf_write(f, elf_new(0x400000));
    f->options.append = "one two";
    f->options.initrd = initrd;
    load(f);
    g_assert_cmpstr(f->boot_path, ==, "/rom@genroms/multiboot.bin");
    g_assert_cmphex(item32(f, FW_CFG_KERNEL_ADDR), ==, 0x400000);
    g_assert_cmphex(item32(f, FW_CFG_KERNEL_ENTRY), ==, 0x400020);
    mem = item(f, FW_CFG_KERNEL_DATA, &len);
    g_assert_cmpuint(len, ==, 0x3000 + 3 * ELF_SIZE);
    g_assert_cmphex(mem[0xfff], ==, 'e');
    g_assert_cmphex(mem[0x1000] | mem[0x2fff], ==, 0);

    info = item(f, FW_CFG_INITRD_DATA, &info_len);
    g_assert_cmphex(item32(f, FW_CFG_INITRD_ADDR) & 15, ==, 0);
    g_assert_cmphex(get_le(info, 4), ==, 0x20c);
    g_assert_cmpstr(info_string(f, get_le(info + 16, 4)), ==, cmdline);
    g_assert_cmpstr(info_string(f, get_le(info + 64, 4)), ==, "lignite");
    g_assert_cmpuint(get_le(info + 20, 4), ==, 3);
    mods = get_le(info + 24, 4) - item32(f, FW_CFG_INITRD_ADDR);
    g_assert_cmphex(mods & 3, ==, 0);
    g_assert_cmpuint(mods + 48, <=, info_len);
    for (unsigned i = 0; i < 3; i++) {
        uint32_t start = get_le(info + mods + 16 * i, 4);

        g_assert_cmphex(start, ==, 0x403000 + i * ELF_SIZE);
        g_assert_cmphex(get_le(info + mods + 16 * i + 4, 4), ==, start + ELF_SIZE);
        g_assert_cmpmem(mem + (start - 0x400000), 4, ELFMAG, 4);
    }
    g_assert_cmpstr(info_string(f, get_le(info + mods + 16 + 8, 4)), ==, f->kernel);
    g_assert_cmpstr(info_string(f, get_le(info + mods + 32 + 8, 4)), ==, last);
    /* Room for the ROM's memory map, before the strings. */
    g_assert_cmphex(get_le(info + 48, 4) + 64 * 24, <=, get_le(info + 16, 4));
}

static void test_multiboot_elf_bad(Fixture *f, gconstpointer data)
{
    static const struct {
        unsigned at, len;
        uint32_t value;
        const char *message;
    } cases[] = {
        {EI_CLASS, 1, ELFCLASS64, "Cannot load x86-64 image"},
        {EI_DATA, 1, ELFDATA2MSB, "no ELF file for i386"},
        {offsetof(Elf32_Ehdr, e_machine), 2, EM_ARM, "no ELF file for i386"},
        {offsetof(Elf32_Ehdr, e_phoff), 4, 0xffffffff, "program headers"},
        {offsetof(Elf32_Ehdr, e_phoff), 4, ELF_SIZE - 8, "program headers"},
        {offsetof(Elf32_Ehdr, e_phnum), 2, 0xffff, "program headers"},
        {offsetof(Elf32_Ehdr, e_phnum), 2, 0, "nothing to load"},
        {offsetof(Elf32_Ehdr, e_phentsize), 2, 8, "program headers"},
        {offsetof(Elf32_Ehdr, e_entry), 4, 0x500000, "entry"},
        {52 + offsetof(Elf32_Phdr, p_offset), 4, 0xffffffff, "not in the file"},
        {52 + offsetof(Elf32_Phdr, p_offset), 4, ELF_SIZE - 1, "not in the file"},
        {52 + offsetof(Elf32_Phdr, p_filesz), 4, 0xffffffff, "not in the file"},
        {52 + offsetof(Elf32_Phdr, p_memsz), 4, 0xfff, "not in the file"},
        {52 + offsetof(Elf32_Phdr, p_memsz), 4, 0xffffffff, "-m"},
        {52 + offsetof(Elf32_Phdr, p_paddr), 4, 0xfffffff0, "-m"},
        {52 + offsetof(Elf32_Phdr, p_paddr), 4, 0x8000, "0x100000 or above"},
        {0x1004, 4, 0x8000, "neither"}, /* and the checksum is wrong */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint8_t *k = elf_new(0x400000);

        put_le(k + cases[i].at, cases[i].value, cases[i].len);
        elf_write(f, k);
        refuse(f, cases[i].message);
    }
}

static void test_multiboot_flags_and_modules_bad(Fixture *f, gconstpointer data)
{
    g_autofree char *missing = g_strdup_printf("%s,%s.none x", f->kernel, f->kernel);
    g_autoptr(GString) many = g_string_new(f->kernel);
    uint8_t *k = elf_new(0x400000);

    put_le(k + 0x1004, 0x8000, 4);
    put_le(k + 0x1008, -(0x1badb002u + 0x8000), 4);
    elf_write(f, k);
    refuse(f, "multiboot features");

    elf_write(f, elf_new(0x400000));
    f->options.initrd = missing;
    refuse(f, "kernel.none'");
    for (int i = 0; i < 256; i++) {
        g_string_append_printf(many, ",%s", f->kernel);
    }
    f->options.initrd = many->str;
    refuse(f, "more than 256 modules");
    f->options.initrd = f->kernel;
    f->options.ram_below_4g = 0x404000 + MIB;
    refuse(f, "could not load initrd '");
    f->options.initrd = NULL;
    load(f);
}

static void test_multiboot_command_line_too_long(Fixture *f, gconstpointer data)
{
    g_autofree char *text = g_strnfill(1024 * 1024, 'x');

    elf_write(f, elf_new(0x400000));
    f->options.append = text;
    refuse(f, "too long");
}

#define FLAT_SIZE   0x3000
#define FLAT_HEADER 0x100

static uint8_t *flat_new(uint32_t header, uint32_t load_addr, uint32_t load_end, uint32_t bss_end,
                         uint32_t entry)
{
    uint8_t *k = g_malloc(FLAT_SIZE);

    for (unsigned i = 0; i < FLAT_SIZE; i++) {
        k[i] = i >> 4;
    }
    put_le(k + FLAT_HEADER, 0x1badb002, 4);
    put_le(k + FLAT_HEADER + 4, 0x10003, 4);
    put_le(k + FLAT_HEADER + 8, -(0x1badb002u + 0x10003), 4);
    put_le(k + FLAT_HEADER + 12, header, 4);
    put_le(k + FLAT_HEADER + 16, load_addr, 4);
    put_le(k + FLAT_HEADER + 20, load_end, 4);
    put_le(k + FLAT_HEADER + 24, bss_end, 4);
    put_le(k + FLAT_HEADER + 28, entry, 4);
    return k;
}

static void test_multiboot_flat(Fixture *f, gconstpointer data)
{
    uint8_t *k = flat_new(0x200080, 0x200000, 0x201000, 0x204000, 0x200200);
    const uint8_t *mem;
    size_t len;

    write_kernel(f, k, FLAT_SIZE);
    load(f);
    mem = item(f, FW_CFG_KERNEL_DATA, &len);
    g_assert_cmphex(item32(f, FW_CFG_KERNEL_ADDR), ==, 0x200000);
    g_assert_cmphex(item32(f, FW_CFG_KERNEL_ENTRY), ==, 0x200200);
    g_assert_cmpuint(len, ==, 0x4000);
    g_assert_cmpmem(mem, 0x1000, k + 0x80, 0x1000);
    g_assert_cmphex(mem[0x1000] | mem[0x3fff], ==, 0);
    g_free(k);
}

static void test_multiboot_flat_to_end_of_file(Fixture *f, gconstpointer data)
{
    uint8_t *k = flat_new(0x200100, 0x200000, 0, 0, 0x200200);
    size_t len;

    write_kernel(f, k, FLAT_SIZE);
    load(f);
    item(f, FW_CFG_KERNEL_DATA, &len);
    g_assert_cmpuint(len, ==, FLAT_SIZE);
    g_free(k);
}

static void test_multiboot_flat_bad(Fixture *f, gconstpointer data)
{
    static const struct {
        uint32_t header, load, load_end, bss_end, entry;
        const char *message;
    } cases[] = {
        {0x200000, 0x200080, 0, 0, 0x200100, "load_addr"},
        {0x200200, 0x200000, 0, 0, 0x200100, "load_addr"}, /* before the file */
        {0xffffffff, 0, 0, 0, 0, "load_addr"},
        {0x200080, 0x200000, 0x1fffff, 0, 0x200100, "load_end_addr"},
        {0x200080, 0x200000, 0x204000, 0, 0x200100, "load_end_addr"},
        {0x200080, 0x200000, 0xffffffff, 0, 0x200100, "load_end_addr"},
        {0x200080, 0x200000, 0x201000, 0xffffffff, 0x200100, "-m"},
        {0x200080, 0x200000, 0x201000, 0, 0x201000, "entry"},
        {0x200080, 0x200000, 0x200000, 0, 0x200000, "entry"},
        {0x80, 0, 0, 0, 0x10, "0x100000 or above"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree uint8_t *k = flat_new(cases[i].header, cases[i].load, cases[i].load_end,
                                         cases[i].bss_end, cases[i].entry);

        write_kernel(f, k, FLAT_SIZE);
        refuse(f, cases[i].message);
    }
    for (unsigned len = 0; len <= FLAT_HEADER + 32; len += 4) {
        g_autofree uint8_t *k = flat_new(0x200100, 0x200000, 0x203000, 0, 0x200200);

        write_kernel(f, k, len);
        refuse(f, "could not load kernel '");
    }
}

static void test_both_formats_is_linux(Fixture *f, gconstpointer data)
{
    uint8_t *k = linux_new(0x20f, true);

    put_le(k + 0x300, 0x1badb002, 4);
    put_le(k + 0x308, -0x1badb002u, 4);
    linux_write(f, k);
    load(f);
    g_assert_cmpstr(f->boot_path, ==, "/rom@genroms/linuxboot.bin");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, func) g_test_add(path, Fixture, NULL, setup, func, teardown)
    ADD("/kernel/linux/modern", test_linux_modern);
    ADD("/kernel/linux/initrd-limit", test_linux_initrd_limit);
    ADD("/kernel/linux/old", test_linux_old);
    ADD("/kernel/linux/every-version", test_linux_every_version);
    ADD("/kernel/linux/bad", test_linux_bad);
    ADD("/kernel/linux/initrd-missing", test_linux_initrd_missing);
    ADD("/kernel/linux/video-mode", test_linux_video_mode);
    ADD("/kernel/multiboot/elf", test_multiboot_elf);
    ADD("/kernel/multiboot/elf-bad", test_multiboot_elf_bad);
    ADD("/kernel/multiboot/flags-and-modules-bad", test_multiboot_flags_and_modules_bad);
    ADD("/kernel/multiboot/command-line-too-long", test_multiboot_command_line_too_long);
    ADD("/kernel/multiboot/flat", test_multiboot_flat);
    ADD("/kernel/multiboot/flat-to-end-of-file", test_multiboot_flat_to_end_of_file);
    ADD("/kernel/multiboot/flat-bad", test_multiboot_flat_bad);
    ADD("/kernel/both-formats-is-linux", test_both_formats_is_linux);
    return fw_run();
}
