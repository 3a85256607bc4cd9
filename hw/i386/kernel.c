/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads -kernel: reads the files, has a loader lay them out, and fills fw_cfg for the option ROM.
 */
#include "hw/i386/kernel.h"

#include "backends/firmware.h"
#include "kernel-internal.h"

#define OPTION_ROM_MAX (128 * 1024)

void kernel_file_clear(KernelFile *file)
{
    g_clear_pointer(&file->data, g_free);
}

bool kernel_file_read(KernelFile *file, const char *path, const char *what, GError **errp)
{
    g_autoptr(GError) err = NULL;

    if (!g_file_get_contents(path, &file->data, &file->size, &err)) {
        /* GLib's message names the path again: say the cause alone where there is one. */
        const char *cause = err->message;

        if (err->domain == G_FILE_ERROR) {
            const char *colon = strrchr(cause, ':');

            cause = colon ? colon + 2 : cause;
        }
        error_setg(errp, "could not load %s '%s': %s", what, path, cause);
        return false;
    }
    if (file->size > G_MAXINT32) {
        error_setg(errp, "could not load %s '%s': it is larger than 2 GiB", what, path);
        return false;
    }
    return true;
}

static void kernel_image_clear(KernelImage *image)
{
    g_free(image->setup.data);
    g_free(image->cmdline.data);
    g_free(image->kernel.data);
    g_free(image->initrd.data);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KernelImage, kernel_image_clear)

static void kernel_add_blob(FwCfg *fw, KernelBlob *blob, uint16_t addr_key, uint16_t size_key,
                            uint16_t data_key)
{
    fw_cfg_add_i32(fw, addr_key, blob->addr);
    fw_cfg_add_i32(fw, size_key, blob->size);
    fw_cfg_take_bytes(fw, data_key, g_steal_pointer(&blob->data), blob->size);
}

bool kernel_load(FwCfg *fw, const KernelOptions *options, const char **boot_path, GError **errp)
{
    g_auto(KernelFile) file = {0};
    g_auto(KernelImage) image = {0};
    g_autofree char *rom = NULL;
    g_autofree char *rom_file = NULL;
    gsize rom_size;
    bool is_multiboot = false;

    /* Some files are both (iPXE's): then Linux's protocol is the richer one. */
    if (!kernel_file_read(&file, options->kernel, "kernel", errp) ||
        (!linux_probe(&file) && !multiboot_load(&image, &file, options, &is_multiboot, errp)) ||
        (!is_multiboot && !linux_load(&image, &file, options, errp)) ||
        !firmware_read(image.rom, OPTION_ROM_MAX, &rom, &rom_size, errp)) {
        return false;
    }
    rom_file = g_strdup_printf("genroms/%s", image.rom);
    if (!fw_cfg_check_file_name(fw, rom_file, errp)) {
        return false;
    }

    kernel_add_blob(fw, &image.setup, FW_CFG_SETUP_ADDR, FW_CFG_SETUP_SIZE, FW_CFG_SETUP_DATA);
    kernel_add_blob(fw, &image.cmdline, FW_CFG_CMDLINE_ADDR, FW_CFG_CMDLINE_SIZE,
                    FW_CFG_CMDLINE_DATA);
    kernel_add_blob(fw, &image.kernel, FW_CFG_KERNEL_ADDR, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA);
    kernel_add_blob(fw, &image.initrd, FW_CFG_INITRD_ADDR, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA);
    fw_cfg_add_i32(fw, FW_CFG_KERNEL_ENTRY, image.entry);
    fw_cfg_add_file(fw, rom_file, rom, rom_size);
    *boot_path = is_multiboot ? "/rom@genroms/multiboot.bin" : "/rom@genroms/linuxboot.bin";
    return true;
}
