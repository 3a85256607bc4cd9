/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lays out a Linux kernel image: setup code, command line, kernel, initial RAM disk.
 *
 * Document: The Linux/x86 Boot Protocol (Documentation/arch/x86/boot.rst in Linux).
 *
 * Left out: what is older than protocol 2.00 with an initial RAM disk or a kernel loaded high (it
 * has neither); the 32-bit and EFI entries; setup_data.
 */
#include "kernel-internal.h"

#define SETUP_SECTS     0x1f1
#define VID_MODE        0x1fa
#define BOOT_FLAG       0x1fe
#define HEADER_MAGIC    0x202
#define HEADER_VERSION  0x206
#define TYPE_OF_LOADER  0x210
#define LOADFLAGS       0x211
#define RAMDISK_IMAGE   0x218
#define RAMDISK_SIZE    0x21c
#define HEAP_END_PTR    0x224
#define CMD_LINE_PTR    0x228
#define INITRD_ADDR_MAX 0x22c
#define CMDLINE_SIZE    0x238
#define PREF_ADDRESS    0x258
#define INIT_SIZE       0x260
#define HEADER_END      0x264

/* Of loaders that predate CMD_LINE_PTR: in the boot sector. */
#define OLD_CMD_LINE_MAGIC       0x20
#define OLD_CMD_LINE_OFFSET      0x22
#define OLD_CMD_LINE_MAGIC_VALUE 0xa33f

#define BOOT_FLAG_VALUE    0xaa55
#define HEADER_MAGIC_VALUE 0x53726448 /* "HdrS" */
#define LOADED_HIGH        0x01
#define CAN_USE_HEAP       0x80
#define LOADER_UNDEFINED   0xff

#define SECTOR          512
#define OLD_SETUP_SECTS 4
#define SETUP_MAX       (65 * SECTOR)

/* Where things go: high kernels leave low memory free; low ones lie there, setup code above. */
#define SETUP_ADDR      0x10000
#define CMDLINE_ADDR    0x20000
#define LOW_KERNEL_ADDR 0x10000
#define LOW_SETUP_ADDR  0x90000
#define LOW_SETUP_SPACE 0xa000 /* of setup code, heap and command line */
#define OLD_CMDLINE_MAX 255
#define CMDLINE_MAX     2047    /* when the kernel doesn't say */
#define CMDLINE_LIMIT   0x60000 /* what there is room for */
#define HEAP_RESERVE    0x200   /* HEAP_END_PTR says the heap's end less this */
#define OLD_INITRD_MAX  0x37ffffff

/* "vga=" on the command line is for the loader; returns the video mode. */
static uint16_t linux_video_mode(const char *cmdline)
{
    const char *arg = strstr(cmdline, "vga=");
    uint16_t mode = 0xffff;

    /* As an argument of its own, the last one that can be read. */
    for (; arg; arg = strstr(arg + 4, "vga=")) {
        const char *text = arg + 4;

        if (arg > cmdline && arg[-1] != ' ') {
            continue;
        }
        if (g_str_has_prefix(text, "normal")) {
            mode = 0xffff;
        } else if (g_str_has_prefix(text, "ext")) {
            mode = 0xfffe;
        } else if (g_str_has_prefix(text, "ask")) {
            mode = 0xfffd;
        } else if (g_ascii_isdigit(*text)) {
            mode = g_ascii_strtoull(text, NULL, 0);
        }
    }
    return mode;
}

/* Put the RAM disk as high as the kernel and the RAM allow, above what the kernel will use. */
static bool linux_place_initrd(KernelImage *image, const KernelOptions *options, uint64_t limit,
                               uint64_t floor, GError **errp)
{
    g_auto(KernelFile) file = {0};
    uint64_t top = options->ram_below_4g;

    if (!kernel_file_read(&file, options->initrd, "initrd", errp)) {
        return false;
    }
    top = top > KERNEL_FIRMWARE_RESERVE ? top - KERNEL_FIRMWARE_RESERVE : 0;
    top = MIN(top, limit + 1);
    if (floor > top || file.size > top - floor) {
        error_setg(errp,
                   "could not load initrd '%s': its %" G_GSIZE_FORMAT " bytes do not fit between "
                   "the kernel's end %#" G_GINT64_MODIFIER "x and %#" G_GINT64_MODIFIER
                   "x; give the machine more memory with -m",
                   options->initrd, file.size, floor, top);
        return false;
    }
    image->initrd.addr = (top - file.size) & ~0xfffull;
    if (image->initrd.addr < floor) {
        image->initrd.addr = floor; /* not aligned, but there */
    }
    image->initrd.size = file.size;
    image->initrd.data = (uint8_t *)g_steal_pointer(&file.data);
    return true;
}

bool linux_probe(const KernelFile *file)
{
    return file->size >= HEADER_END && get16(file->data + BOOT_FLAG) == BOOT_FLAG_VALUE &&
           get32(file->data + HEADER_MAGIC) == HEADER_MAGIC_VALUE;
}

bool linux_load(KernelImage *image, const KernelFile *file, const KernelOptions *options,
                GError **errp)
{
    const uint8_t *data = (const uint8_t *)file->data;
    const char *cmdline = options->append ? options->append : "";
    size_t cmdline_size = strlen(cmdline) + 1;
    size_t setup_size, cmdline_max, setup_end;
    unsigned version = 0;
    bool high = false;
    uint64_t initrd_max = OLD_INITRD_MAX, kernel_end;
    uint8_t *setup;

    if (file->size < HEADER_END || get16(data + BOOT_FLAG) != BOOT_FLAG_VALUE) {
        error_setg(errp, "could not load kernel '%s': it is neither a Linux nor a multiboot kernel",
                   options->kernel);
        return false;
    }
    if (linux_probe(file)) {
        version = get16(data + HEADER_VERSION);
    }
    setup_size = (1 + (data[SETUP_SECTS] ? data[SETUP_SECTS] : OLD_SETUP_SECTS)) * SECTOR;
    if (setup_size > SETUP_MAX || setup_size >= file->size) {
        error_setg(errp,
                   "could not load kernel '%s': its setup code of %" G_GSIZE_FORMAT
                   " bytes is too long, or the file is cut off",
                   options->kernel, setup_size);
        return false;
    }

    /* Fields are read, and written, only where the version has them. */
    high = version >= 0x200 && (data[LOADFLAGS] & LOADED_HIGH);
    image->setup.size = setup_size;
    image->setup.addr = high ? SETUP_ADDR : LOW_SETUP_ADDR;
    image->kernel.size = file->size - setup_size;
    image->kernel.addr = high ? KERNEL_HIGH_ADDR : LOW_KERNEL_ADDR;

    cmdline_max = version >= 0x206   ? get32(data + CMDLINE_SIZE)
                  : version >= 0x202 ? CMDLINE_MAX
                                     : OLD_CMDLINE_MAX;
    cmdline_max = MIN(cmdline_max, high && version >= 0x202 ? CMDLINE_LIMIT : CMDLINE_MAX);
    if (cmdline_size - 1 > cmdline_max) {
        error_setg(errp,
                   "-append: the command line has %" G_GSIZE_FORMAT
                   " characters, the kernel takes %" G_GSIZE_FORMAT,
                   cmdline_size - 1, cmdline_max);
        return false;
    }
    image->cmdline.size = cmdline_size;
    /* Older kernels, and those in low memory, have it in the setup code's 64 KiB. */
    image->cmdline.addr = high && version >= 0x202
                              ? CMDLINE_ADDR
                              : (image->setup.addr + LOW_SETUP_SPACE - cmdline_size) & ~15u;

    /* The kernel unpacks itself to where it likes to be, or further up from where it is. */
    kernel_end = (uint64_t)image->kernel.addr + image->kernel.size;
    if (version >= 0x20a) {
        uint64_t preferred = get32(data + PREF_ADDRESS);

        if (get32(data + PREF_ADDRESS + 4)) {
            preferred = UINT32_MAX;
        }
        kernel_end =
            MAX(kernel_end, MAX(preferred, image->kernel.addr) + (uint64_t)get32(data + INIT_SIZE));
    }
    if (high ? kernel_end > options->ram_below_4g : kernel_end > LOW_SETUP_ADDR) {
        error_setg(
            errp, "could not load kernel '%s': it needs memory up to %#" G_GINT64_MODIFIER "x; %s",
            options->kernel, kernel_end,
            high ? "give the machine more with -m" : "there is no room for it in low memory");
        return false;
    }
    if (version >= 0x203) {
        initrd_max = get32(data + INITRD_ADDR_MAX);
    }
    if (options->initrd) {
        if (version < 0x200) {
            error_setg(errp, "could not load initrd '%s': the kernel '%s' is too old to take one",
                       options->initrd, options->kernel);
            return false;
        }
        if (!linux_place_initrd(image, options, initrd_max,
                                MAX((kernel_end + 0xfff) & ~0xfffull, KERNEL_HIGH_ADDR), errp)) {
            return false;
        }
    }

    image->rom = "linuxboot.bin";
    image->cmdline.data = (uint8_t *)g_strdup(cmdline);
    image->kernel.data = g_memdup2(data + setup_size, image->kernel.size);
    image->setup.data = setup = g_memdup2(data, setup_size);

    setup_end = image->cmdline.addr - image->setup.addr;
    put16(setup + VID_MODE, linux_video_mode(cmdline));
    if (version >= 0x200) {
        setup[TYPE_OF_LOADER] = LOADER_UNDEFINED;
        put32(setup + RAMDISK_IMAGE, image->initrd.addr);
        put32(setup + RAMDISK_SIZE, image->initrd.size);
    }
    if (version >= 0x201) {
        setup[LOADFLAGS] |= CAN_USE_HEAP;
        put16(setup + HEAP_END_PTR, setup_end - HEAP_RESERVE);
    }
    if (version >= 0x202) {
        put32(setup + CMD_LINE_PTR, image->cmdline.addr);
    } else {
        put16(setup + OLD_CMD_LINE_MAGIC, OLD_CMD_LINE_MAGIC_VALUE);
        put16(setup + OLD_CMD_LINE_OFFSET, setup_end);
    }
    return true;
}
