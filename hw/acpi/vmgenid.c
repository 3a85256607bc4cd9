/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmgenid: a number that tells one life of a virtual machine from another, in a page of the guest's
 * memory that an ACPI device names.
 *
 * Documents: Microsoft's "Virtual Machine Generation ID"; "Virtual Machine Generation ID Device"
 * (docs/specs/vmgenid in QEMU's manual). Firmware copies the page into memory that the operating
 * system leaves alone, and writes its address back.
 *
 * Left out: the event that the number has changed, as there is nothing here that changes it: a
 * machine can't go back to an earlier state.
 */
#include "hw/acpi/vmgenid.h"

#include "backends/parse.h"
#include "error.h"
#include "hw/nvram/fw_cfg.h"

#define VMGENID_PAGE_SIZE 4096
#define GUID_SIZE         16

typedef struct VmGenId {
    Device dev;
    FwCfg *fw;
    char *guid; /* property; "auto" becomes a random one */
} VmGenId;

const char *vmgenid_text(const Device *dev)
{
    return ((const VmGenId *)dev)->guid;
}

static bool vmgenid_realize(Device *dev, GError **errp)
{
    VmGenId *s = DEVICE_CAST(VmGenId, &vmgenid_class, dev);
    /* In memory the first three fields are little endian. */
    static const uint8_t order[GUID_SIZE] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    uint8_t page[VMGENID_PAGE_SIZE] = {}, guid[GUID_SIZE];
    const uint64_t nowhere = 0;

    if (g_strcmp0(s->guid, "auto") == 0) {
        g_free(s->guid);
        s->guid = g_uuid_string_random();
    }
    if (!parse_uuid(s->guid ? s->guid : "", guid, errp)) {
        g_prefix_error(errp, "Property 'vmgenid.guid' needs a UUID or 'auto': ");
        return false;
    }
    s->fw = fw_cfg_find();
    if (!s->fw || !fw_cfg_has_dma(s->fw)) {
        error_setg(errp, "vmgenid requires DMA write support in fw_cfg");
        return false;
    }
    if (!fw_cfg_check_file_name(s->fw, VMGENID_GUID_FILE, NULL)) {
        error_setg(errp, "at most one vmgenid device is permitted");
        return false;
    }
    for (unsigned i = 0; i < GUID_SIZE; i++) {
        page[VMGENID_GUID_OFFSET + i] = guid[order[i]];
    }
    fw_cfg_add_file(s->fw, VMGENID_GUID_FILE, page, sizeof(page));
    fw_cfg_add_file_callback(s->fw, VMGENID_ADDR_FILE, &nowhere, sizeof(nowhere), true, NULL, NULL,
                             s);
    return true;
}

static void vmgenid_reset(Device *dev)
{
    VmGenId *s = DEVICE_CAST(VmGenId, &vmgenid_class, dev);
    const uint64_t nowhere = 0;

    fw_cfg_modify_file(s->fw, VMGENID_ADDR_FILE, &nowhere, sizeof(nowhere));
}

static const Property vmgenid_props[] = {
    PROP_STRING("guid", VmGenId, guid, .help = "the identifier: a UUID, or auto"), {}};

const DeviceClass vmgenid_class = {
    .name = "vmgenid",
    .desc = "virtual machine generation ID",
    .category = "Misc",
    .parent = &device_class,
    .size = sizeof(VmGenId),
    .no_hotplug = true,
    .props = vmgenid_props,
    .realize = vmgenid_realize,
    .reset = vmgenid_reset,
};
