/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -kernel, -initrd and -append: a Linux or multiboot kernel, handed to an option ROM of ours by
 * fw_cfg.
 */
#ifndef LIGNITE_HW_I386_KERNEL_H
#define LIGNITE_HW_I386_KERNEL_H

#include "hw/nvram/fw_cfg.h"

/* Below this address firmware's own tables at the top of RAM can't reach. */
#define KERNEL_FIRMWARE_RESERVE (1024 * 1024)

typedef struct KernelOptions {
    const char *kernel;    /* file */
    const char *initrd;    /* Linux: file; multiboot: "file args,file args"; or NULL */
    const char *append;    /* command line, or NULL */
    uint64_t ram_below_4g; /* bytes from address 0 on */
} KernelOptions;

/*
 * Read and check the files, choose their places, add the items and the option ROM to `fw`.
 * `*boot_path` becomes the entry that must come first in `bootorder` (a constant). On failure
 * nothing has been added; the message names the file and the cause.
 */
bool kernel_load(FwCfg *fw, const KernelOptions *options, const char **boot_path, GError **errp);

#endif
