/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one list of device classes: a new device is its file, and one line in each half here.
 */
#include "hw/pci/pci.h"

extern const DeviceClass apic_class;
extern const DeviceClass debugcon_class;
extern const DeviceClass debugexit_class;
extern const DeviceClass fw_cfg_io_class;
extern const DeviceClass i440fx_host_class;
extern const DeviceClass i8042_class;
extern const DeviceClass i8257_class;
extern const DeviceClass ide_cd_class;
extern const DeviceClass ide_device_class;
extern const DeviceClass ide_hd_class;
extern const DeviceClass ioapic_class;
extern const DeviceClass isa_device_class;
extern const DeviceClass isa_i8259_class;
extern const DeviceClass isa_pcspk_class;
extern const DeviceClass isa_pit_class;
extern const DeviceClass isa_vga_class;
extern const DeviceClass mc146818rtc_class;
extern const DeviceClass port92_class;
extern const DeviceClass serial_class;

extern const PCIDeviceClass cirrus_vga_class;
extern const PCIDeviceClass e1000_class;
extern const PCIDeviceClass i440fx_pci_class;
extern const PCIDeviceClass pci_vga_class;
extern const PCIDeviceClass piix3_class;
extern const PCIDeviceClass piix3_ide_class;
extern const PCIDeviceClass piix4_pm_class;

/* Plain classes; PCI classes are PCIDeviceClass tables and listed by their `.device`. */

const DeviceClass *const device_classes[] = {
    &device_class,
    &apic_class,
    &cirrus_vga_class.device,
    &debugcon_class,
    &debugexit_class,
    &e1000_class.device,
    &fw_cfg_io_class,
    &i440fx_host_class,
    &i440fx_pci_class.device,
    &i8042_class,
    &i8257_class,
    &ide_cd_class,
    &ide_device_class,
    &ide_hd_class,
    &ioapic_class,
    &isa_device_class,
    &isa_i8259_class,
    &isa_pcspk_class,
    &isa_pit_class,
    &isa_vga_class,
    &mc146818rtc_class,
    &pci_device_class,
    &pci_vga_class.device,
    &piix3_class.device,
    &piix3_ide_class.device,
    &piix4_pm_class.device,
    &port92_class,
    &serial_class,
    NULL,
};
