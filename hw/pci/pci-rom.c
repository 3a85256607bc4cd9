/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The expansion ROM: its file, its identity, its BAR.
 * Document: PCI Local Bus Specification 2.2, 6.3.
 */
#include <string.h>

#include "backends/firmware.h"
#include "pci-internal.h"

#define ROM_MAX_SIZE (16 * 1024 * 1024)
#define ROM_MIN_SIZE 2048 /* the smallest a ROM BAR can say */

#define ROM_SIGNATURE      0xaa55
#define ROM_CHECKSUM_SPARE 6 /* a byte of the PC-AT image's header that no firmware reads */
#define ROM_PCIR_POINTER   0x18
#define PCIR_VENDOR_ID     4
#define PCIR_DEVICE_ID     6
#define PCIR_MIN_SIZE      8 /* of what is looked at here */

/*
 * Firmware runs an image only for the function its PCI data structure names. The ROM a class comes
 * with may be one for several of a family; make its first image name this one, and keep the
 * image's checksum. A ROM of the user's own is left alone.
 */
static void rom_name_device(uint8_t *rom, gsize len, const PCIDeviceClass *cls)
{
    uint8_t ids[4], *pcir;
    uint16_t at;

    if (len < ROM_PCIR_POINTER + 2 || pci_get_word(rom) != ROM_SIGNATURE) {
        return;
    }
    at = pci_get_word(rom + ROM_PCIR_POINTER);
    if (at + PCIR_MIN_SIZE > len || memcmp(rom + at, "PCIR", 4) != 0) {
        return;
    }
    pcir = rom + at;
    pci_set_word(ids, cls->vendor_id);
    pci_set_word(ids + 2, cls->device_id);
    for (int i = 0; i < 4; i++) {
        rom[ROM_CHECKSUM_SPARE] += pcir[PCIR_VENDOR_ID + i] - ids[i];
        pcir[PCIR_VENDOR_ID + i] = ids[i];
    }
}

static hwaddr round_up_to_power_of_two(hwaddr n)
{
    return n <= 1 ? 1 : (hwaddr)1 << (64 - __builtin_clzll(n - 1));
}

bool pci_rom_init(PCIDevice *dev, const PCIDeviceClass *cls, GError **errp)
{
    g_autofree char *path = NULL;
    g_autofree char *data = NULL;
    g_autoptr(GError) err = NULL;
    hwaddr size;
    gsize len;
    char *rom;

    if (!dev->romfile) {
        dev->romfile = g_strdup(cls->romfile);
    }
    if (!dev->romfile || !*dev->romfile || !dev->rom_bar) {
        return true;
    }
    path = firmware_find(dev->romfile);
    if (!path) {
        error_setg(errp,
                   "failed to find romfile \"%s\": give its path or its folder with -L, or "
                   "romfile= for none",
                   dev->romfile);
        return false;
    }
    if (!firmware_read(path, ROM_MAX_SIZE, &data, &len, &err)) {
        error_setg(errp, "failed to load romfile \"%s\": %s", dev->romfile, err->message);
        return false;
    }
    if (len == 0) {
        error_setg(errp, "romfile \"%s\" is empty", dev->romfile);
        return false;
    }
    size = MAX(round_up_to_power_of_two(len), ROM_MIN_SIZE);
    if (!memory_region_init_rom(&dev->rom, &dev->dev.owner, "pci.rom", size, errp)) {
        return false;
    }
    rom = memory_region_get_ram_ptr(&dev->rom);
    memcpy(rom, data, len);
    if (g_strcmp0(dev->romfile, cls->romfile) == 0) {
        rom_name_device((uint8_t *)rom, len, cls);
    }
    pci_bar_init(dev, PCI_ROM_BAR, 0, &dev->rom);
    return true;
}
