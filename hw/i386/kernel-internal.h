/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel loaders share. They only compute; kernel.c reads files and fills fw_cfg.
 */
#ifndef LIGNITE_HW_I386_KERNEL_INTERNAL_H
#define LIGNITE_HW_I386_KERNEL_INTERNAL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "hw/i386/kernel.h"

#define KERNEL_HIGH_ADDR 0x100000

/* A range of the guest's memory and its bytes (owned). */
typedef struct KernelBlob {
    uint8_t *data;
    uint32_t addr;
    uint32_t size;
} KernelBlob;

/* What the option ROM is to load, and where to. */
typedef struct KernelImage {
    const char *rom; /* the option ROM's file name */
    KernelBlob setup;
    KernelBlob cmdline;
    KernelBlob kernel;
    KernelBlob initrd; /* multiboot: the boot information */
    uint32_t entry;
} KernelImage;

/* A whole file in memory. */
typedef struct KernelFile {
    char *data; /* owned */
    size_t size;
} KernelFile;

void kernel_file_clear(KernelFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KernelFile, kernel_file_clear)

/* Read a file of at most 2 GiB; `what` stands in the message: "kernel", "initrd". */
bool kernel_file_read(KernelFile *file, const char *path, const char *what, GError **errp);

/* Whether the file has the header that Linux kernels have since protocol 2.00. */
bool linux_probe(const KernelFile *file);

/*
 * The loaders: false with `errp` set when the file is one of theirs and can't be loaded. The
 * first sets `*is_multiboot` to whether it is one at all; the second takes older kernels as well.
 */
bool multiboot_load(KernelImage *image, const KernelFile *file, const KernelOptions *options,
                    bool *is_multiboot, GError **errp);
bool linux_load(KernelImage *image, const KernelFile *file, const KernelOptions *options,
                GError **errp);

static inline uint16_t get16(const void *p)
{
    uint16_t value;

    memcpy(&value, p, sizeof(value));
    return GUINT16_FROM_LE(value);
}

static inline uint32_t get32(const void *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return GUINT32_FROM_LE(value);
}

static inline void put16(void *p, uint16_t value)
{
    value = GUINT16_TO_LE(value);
    memcpy(p, &value, sizeof(value));
}

static inline void put32(void *p, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(p, &value, sizeof(value));
}

#endif
