/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one list of device classes: a new device is its file, and one line here.
 */
#include "hw/core/device.h"
#include "hw/pci/pci.h"

/* Plain classes, and classes of PCI functions. */
#define CLASSES(PLAIN, PCI)                                                                        \
    PLAIN(device_class)                                                                            \
    PLAIN(apic_class)                                                                              \
    PCI(cirrus_vga_class)                                                                          \
    PLAIN(debugcon_class)                                                                          \
    PLAIN(debugexit_class)                                                                         \
    PCI(e1000_82544gc_class)                                                                       \
    PCI(e1000_82545em_class)                                                                       \
    PCI(e1000_base_class)                                                                          \
    PCI(e1000_class)                                                                               \
    PLAIN(fw_cfg_io_class)                                                                         \
    PLAIN(i440fx_host_class)                                                                       \
    PLAIN(floppy_class)                                                                            \
    PCI(i440fx_pci_class)                                                                          \
    PLAIN(i8042_class)                                                                             \
    PLAIN(i8257_class)                                                                             \
    PLAIN(ib700_class)                                                                             \
    PLAIN(ide_cd_class)                                                                            \
    PLAIN(ide_device_class)                                                                        \
    PLAIN(ide_hd_class)                                                                            \
    PLAIN(ioapic_class)                                                                            \
    PLAIN(isa_device_class)                                                                        \
    PLAIN(isa_fdc_class)                                                                           \
    PLAIN(isa_i8259_class)                                                                         \
    PLAIN(isa_pcspk_class)                                                                         \
    PLAIN(isa_pit_class)                                                                           \
    PLAIN(isa_vga_class)                                                                           \
    PLAIN(mc146818rtc_class)                                                                       \
    PLAIN(pc_testdev_class)                                                                        \
    PLAIN(pci_device_class)                                                                        \
    PLAIN(parallel_class)                                                                          \
    PCI(pci_testdev_class)                                                                         \
    PCI(pci_vga_class)                                                                             \
    PLAIN(pflash_cfi01_class)                                                                      \
    PCI(piix3_class)                                                                               \
    PCI(piix3_ide_class)                                                                           \
    PCI(piix4_pm_class)                                                                            \
    PLAIN(port92_class)                                                                            \
    PLAIN(pvpanic_class)                                                                           \
    PCI(pvpanic_pci_class)                                                                         \
    PLAIN(serial_class)                                                                            \
    PLAIN(vmcoreinfo_class)                                                                        \
    PLAIN(vmgenid_class)

#define DECLARE_PLAIN(name) extern const DeviceClass name;
#define DECLARE_PCI(name) extern const PCIDeviceClass name;
CLASSES(DECLARE_PLAIN, DECLARE_PCI)

#define LIST_PLAIN(name) &name,
#define LIST_PCI(name) &name.device,
const DeviceClass *const device_classes[] = {CLASSES(LIST_PLAIN, LIST_PCI) NULL};
