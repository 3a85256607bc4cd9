/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A display device on a PCI bus of its own, with its BARs mapped; for tests of `hw`.
 */
#ifndef LIGNITE_TESTS_UNIT_PCI_DISPLAY_H
#define LIGNITE_TESTS_UNIT_PCI_DISPLAY_H

#include "backends/display.h"
#include "hw/display/vga.h"

#include "vga-modes.h"

#define LFB  0xe0000000u
#define MMIO 0xe4000000u
#define VRAM (4 * 1024 * 1024)

static const DeviceClass board_class = {
    .name = "test-board", .parent = &device_class, .size = sizeof(Device)};

static PCIBus bus;
static Device *board, *dev;

/* With its registers in that BAR; `prop` (or NULL) is set to `value`. */
static inline void begin_with_prop(const PCIDeviceClass *cls, int mmio_bar, const char *prop,
                                   const char *value)
{
    PCIDevice *pci;

    memory_system_init();
    memset(&bus, 0, sizeof(bus));
    board = device_new(&board_class);
    device_realize_or_die(board, NULL);
    pci_bus_init(&bus, board, "pci.0", get_system_memory(), get_system_io(), get_system_memory());
    dev = device_new(&cls->device);
    device_set_str(dev, "romfile", "");
    if (prop) {
        device_set_str(dev, prop, value);
    }
    device_realize_or_die(dev, &bus.bus);
    device_reset(dev);
    pci = (PCIDevice *)dev;
    pci_config_write(&bus, pci->devfn, 0x10, LFB, 4);
    pci_config_write(&bus, pci->devfn, 0x10 + 4 * mmio_bar, MMIO, 4);
    pci_config_write(&bus, pci->devfn, 0x04, 3, 2);
}

static inline void begin_with(const PCIDeviceClass *cls, int mmio_bar)
{
    begin_with_prop(cls, mmio_bar, NULL, NULL);
}

static inline void begin(void)
{
    begin_with(&cirrus_vga_class, 1);
}

static inline void end(void)
{
    system_bus_free();
    memory_system_cleanup();
}

static inline void poke(hwaddr addr, uint8_t val)
{
    address_space_stb(&address_space_memory, addr, val, NULL);
}

static inline uint8_t peek(hwaddr addr)
{
    return address_space_ldub(&address_space_memory, addr, NULL);
}

static inline bool is_ram(hwaddr addr)
{
    return memory_region_is_ram(address_space_lookup(&address_space_memory, addr, 1).mr);
}

static inline uint32_t pixel(int x, int y)
{
    pixman_image_t *image = console_image(console_default());

    return pixman_image_get_data(image)[y * pixman_image_get_stride(image) / 4 + x] & 0xffffff;
}

static inline void assert_size(int width, int height)
{
    console_refresh(console_default());
    g_assert_cmpint(pixman_image_get_width(console_image(console_default())), ==, width);
    g_assert_cmpint(pixman_image_get_height(console_image(console_default())), ==, height);
}

#endif
