/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmcoreinfo: a file in fw_cfg that the guest's kernel writes, to say where the note is that
 * explains a dump of its memory.
 *
 * Document: "VMCoreInfo device" (docs/specs/vmcoreinfo in QEMU's manual).
 */
#include "hw/misc/vmcoreinfo.h"

#include <string.h>

#include "error.h"
#include "hw/core/log.h"
#include "hw/nvram/fw_cfg.h"

#define VMCOREINFO_FILE       "etc/vmcoreinfo"
#define VMCOREINFO_FORMAT_ELF 1

/* The file's layout, little endian. */
enum {
    FILE_HOST_FORMAT = 0, /* what we understand, 16 bits */
    FILE_GUEST_FORMAT = 2,
    FILE_SIZE = 4,  /* 32 bits */
    FILE_PADDR = 8, /* 64 bits */
    FILE_LENGTH = 16,
};

typedef struct VmCoreInfoDevice {
    Device dev;
    FwCfg *fw;
    bool valid;
} VmCoreInfoDevice;

static uint64_t get_le(const uint8_t *p, unsigned len)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < len; i++) {
        value |= (uint64_t)p[i] << (8 * i);
    }
    return value;
}

static const uint8_t *file_bytes(const VmCoreInfoDevice *s)
{
    size_t len;

    return fw_cfg_get_file(s->fw, VMCOREINFO_FILE, &len);
}

/* Only the whole file at once counts. */
static void on_write(void *opaque, size_t offset, size_t len)
{
    VmCoreInfoDevice *s = opaque;

    s->valid =
        len == FILE_LENGTH && get_le(file_bytes(s) + FILE_GUEST_FORMAT, 2) == VMCOREINFO_FORMAT_ELF;
    if (!s->valid) {
        log_guest_error("vmcoreinfo: a part of the file, or an unknown format");
    }
}

bool vmcoreinfo_get(const Device *dev, VmCoreInfo *info)
{
    const VmCoreInfoDevice *s = (const VmCoreInfoDevice *)dev;
    const uint8_t *bytes = file_bytes(s);

    if (s->valid) {
        info->format = get_le(bytes + FILE_GUEST_FORMAT, 2);
        info->size = get_le(bytes + FILE_SIZE, 4);
        info->paddr = get_le(bytes + FILE_PADDR, 8);
    }
    return s->valid;
}

static const uint8_t initial_file[FILE_LENGTH] = {[FILE_HOST_FORMAT] = VMCOREINFO_FORMAT_ELF};

static bool vmcoreinfo_realize(Device *dev, GError **errp)
{
    VmCoreInfoDevice *s = DEVICE_CAST(VmCoreInfoDevice, &vmcoreinfo_class, dev);

    s->fw = fw_cfg_find();
    if (!s->fw || !fw_cfg_has_dma(s->fw)) {
        error_setg(errp, "vmcoreinfo device requires fw_cfg with DMA");
        return false;
    }
    if (!fw_cfg_check_file_name(s->fw, VMCOREINFO_FILE, NULL)) {
        error_setg(errp, "at most one vmcoreinfo device is permitted");
        return false;
    }
    fw_cfg_add_file_callback(s->fw, VMCOREINFO_FILE, initial_file, sizeof(initial_file), true, NULL,
                             on_write, s);
    return true;
}

static void vmcoreinfo_reset(Device *dev)
{
    VmCoreInfoDevice *s = DEVICE_CAST(VmCoreInfoDevice, &vmcoreinfo_class, dev);

    s->valid = false;
    fw_cfg_modify_file(s->fw, VMCOREINFO_FILE, initial_file, sizeof(initial_file));
}

const DeviceClass vmcoreinfo_class = {
    .name = "vmcoreinfo",
    .desc = "where the guest keeps its note for crash dumps",
    .category = "Misc",
    .parent = &device_class,
    .size = sizeof(VmCoreInfoDevice),
    .no_hotplug = true,
    .realize = vmcoreinfo_realize,
    .reset = vmcoreinfo_reset,
};
