/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory areas from A0000 to FFFFF: PCI or RAM, for reads and for writes.
 * Document: Intel 82441FX (440FX PCIset), 3.2.18 PAM and 3.2.23 SMRAM.
 *
 * RAM lies below all of it, so an area in mode "read and write RAM" has nothing over it. In mode
 * "read RAM", writes are dropped instead of going to PCI, where nothing writable is meant to be.
 */
#include "i440fx-internal.h"

#include <stdio.h>
#include <string.h>

#define VGA_WINDOW_BASE 0xa0000
#define VGA_WINDOW_SIZE 0x20000

/* Over RAM, and over what the board puts there at priority 0. */
#define AREA_PRIORITY 1

/* -------------------------------------------------------------------------- windows on PCI -- */

static bool backdrop_accepts(void *opaque, hwaddr addr, unsigned size, bool is_write)
{
    return false;
}

static const MemoryRegionOps backdrop_ops = {.valid = {.accepts = backdrop_accepts}};

static void window_init(I440FXHost *host, PciWindow *window, const char *name, hwaddr start,
                        hwaddr size)
{
    MemoryOwner *owner = &host->dev.owner;

    memory_region_init(&window->container, owner, name, size);
    memory_region_init_io(&window->backdrop, owner, &backdrop_ops, window, "pci-nothing", size);
    memory_region_init_alias(&window->pci, owner, name, &host->pci_memory, start, size);
    memory_region_add_subregion_overlap(&window->container, 0, &window->backdrop, -1);
    memory_region_add_subregion(&window->container, 0, &window->pci);
    memory_region_add_subregion_overlap(host->config.system_memory, start, &window->container,
                                        AREA_PRIORITY);
}

static void part_destroy(I440FXHost *host, MemoryRegion *mr)
{
    if (memory_region_is_mapped(mr)) {
        memory_region_del_subregion(host->config.system_memory, mr);
    }
    memory_region_destroy(mr);
}

static void window_destroy(I440FXHost *host, PciWindow *window)
{
    part_destroy(host, &window->container);
    memory_region_destroy(&window->pci);
    memory_region_destroy(&window->backdrop);
}

/* -------------------------------------------------------------------- write RAM, read PCI -- */

/*
 * Mode "write RAM, read PCI", in which firmware copies itself from its ROM to the RAM below it.
 * Where all that PCI shows is ROM, reads come from a copy of it, made at the change of mode, and do
 * not leave the guest: it may be running there. Else they are passed on.
 */
static uint64_t shadow_read(void *opaque, hwaddr addr, unsigned size)
{
    const PamArea *area = opaque;
    uint8_t bytes[8];
    uint64_t val = 0;

    address_space_read(&area->host->pci_space, area->start + addr, bytes, size);
    for (unsigned i = 0; i < size; i++) {
        val |= (uint64_t)bytes[i] << (8 * i);
    }
    return val;
}

static void shadow_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    const PamArea *area = opaque;
    MemoryRegion *ram = area->host->config.ram;
    uint8_t *host = memory_region_get_ram_ptr(ram);
    hwaddr at = area->start + addr;

    for (unsigned i = 0; i < size; i++, data >>= 8) {
        if (at + i < area->host->config.below_4g) {
            host[at + i] = data;
            memory_region_set_dirty(ram, at + i, 1);
        }
    }
}

static const MemoryRegionOps shadow_ops = {
    .read = shadow_read,
    .write = shadow_write,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

static bool pci_shows_rom(const PamArea *area)
{
    MemoryRegionSection section =
        address_space_lookup(&area->host->pci_space, area->start, area->size);

    return section.mr && section.size == area->size &&
           ((memory_region_is_ram(section.mr) && section.readonly) || section.romd);
}

static void shadow_prepare(PamArea *area)
{
    bool rom = pci_shows_rom(area);

    if (rom) {
        address_space_read(&area->host->pci_space, area->start,
                           memory_region_get_ram_ptr(&area->shadow), area->size);
    }
    memory_region_rom_device_set_romd(&area->shadow, rom);
}

/* ------------------------------------------------------------------------------- the areas -- */

static void area_set_mode(PamArea *area, unsigned mode)
{
    if (mode == area->mode) {
        return;
    }
    if (mode == PAM_WE) {
        shadow_prepare(area);
    }
    area->mode = mode;
    memory_region_set_enabled(&area->pci.container, mode == 0);
    memory_region_set_enabled(&area->rom, mode == PAM_RE);
    memory_region_set_enabled(&area->shadow, mode == PAM_WE);
}

/* PAM0's low nibble is reserved; then a nibble an area, F0000 first, the rest from C0000 on. */
void i440fx_areas_update(I440FXHost *host, const uint8_t pam[7], bool smram_open)
{
    memory_region_transaction_begin();
    for (int i = 0; i < PAM_AREAS; i++) {
        unsigned nibble = i + 1;

        area_set_mode(&host->pam[i], pam[nibble / 2] >> (nibble & 1 ? 4 : 0) & (PAM_RE | PAM_WE));
    }
    memory_region_set_enabled(&host->vga_window.container, !smram_open);
    memory_region_transaction_commit();
}

static bool area_init(I440FXHost *host, PamArea *area, hwaddr start, hwaddr size, GError **errp)
{
    MemoryRegion *memory = host->config.system_memory;
    MemoryOwner *owner = &host->dev.owner;

    *area = (PamArea){.host = host, .start = start, .size = size};
    if (!memory_region_init_rom_device(&area->shadow, owner, &shadow_ops, area, "pam-shadow", size,
                                       errp)) {
        return false;
    }
    window_init(host, &area->pci, "pam-pci", start, size);
    memory_region_init_alias(
        &area->rom, owner, "pam-rom", host->config.ram, start,
        start < host->config.below_4g ? MIN(size, host->config.below_4g - start) : 0);
    memory_region_set_readonly(&area->rom, true);
    memory_region_set_enabled(&area->rom, false);
    memory_region_set_enabled(&area->shadow, false);
    memory_region_add_subregion_overlap(memory, start, &area->rom, AREA_PRIORITY);
    memory_region_add_subregion_overlap(memory, start, &area->shadow, AREA_PRIORITY);
    return true;
}

bool i440fx_areas_init(I440FXHost *host, GError **errp)
{
    window_init(host, &host->vga_window, "smram-region", VGA_WINDOW_BASE, VGA_WINDOW_SIZE);
    if (!area_init(host, &host->pam[0], 0xf0000, 0x10000, errp)) {
        return false;
    }
    for (int i = 1; i < PAM_AREAS; i++) {
        if (!area_init(host, &host->pam[i], 0xc0000 + (i - 1) * 0x4000, 0x4000, errp)) {
            return false;
        }
    }
    return true;
}

void i440fx_areas_destroy(I440FXHost *host)
{
    for (int i = 0; i < PAM_AREAS; i++) {
        window_destroy(host, &host->pam[i].pci);
        part_destroy(host, &host->pam[i].rom);
        part_destroy(host, &host->pam[i].shadow);
    }
    window_destroy(host, &host->vga_window);
}
