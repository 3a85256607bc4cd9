/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info pci`: what sits on the bus and where it is mapped, in the words QEMU uses.
 */
#include <inttypes.h>

#include "pci-internal.h"

const char *pci_class_name(uint16_t class_id)
{
    static const struct {
        uint16_t class_id;
        const char *name;
    } names[] = {
        {0x0001, "VGA controller"},
        {0x0100, "SCSI controller"},
        {PCI_CLASS_STORAGE_IDE, "IDE controller"},
        {0x0102, "Floppy controller"},
        {0x0103, "IPI controller"},
        {0x0104, "RAID controller"},
        {0x0106, "SATA controller"},
        {0x0107, "SAS controller"},
        {0x0180, "Storage controller"},
        {PCI_CLASS_NETWORK_ETHERNET, "Ethernet controller"},
        {0x0201, "Token Ring controller"},
        {0x0202, "FDDI controller"},
        {0x0203, "ATM controller"},
        {0x0280, "Network controller"},
        {PCI_CLASS_DISPLAY_VGA, "VGA controller"},
        {0x0301, "XGA controller"},
        {0x0302, "3D controller"},
        {0x0380, "Display controller"},
        {0x0400, "Video controller"},
        {0x0401, "Audio controller"},
        {0x0402, "Phone"},
        {0x0403, "Audio controller"},
        {0x0480, "Multimedia controller"},
        {0x0500, "RAM controller"},
        {0x0501, "Flash controller"},
        {0x0580, "Memory controller"},
        {PCI_CLASS_BRIDGE_HOST, "Host bridge"},
        {PCI_CLASS_BRIDGE_ISA, "ISA bridge"},
        {0x0602, "EISA bridge"},
        {0x0603, "MC bridge"},
        {0x0604, "PCI bridge"},
        {0x0605, "PCMCIA bridge"},
        {0x0606, "NUBUS bridge"},
        {0x0607, "CARDBUS bridge"},
        {0x0608, "RACEWAY bridge"},
        {PCI_CLASS_BRIDGE_OTHER, "Bridge"},
        {0x0700, "Serial port"},
        {0x0701, "Parallel port"},
        {0x0800, "Interrupt controller"},
        {0x0801, "DMA controller"},
        {0x0802, "Timer"},
        {0x0803, "RTC"},
        {0x0900, "Keyboard"},
        {0x0901, "Pen"},
        {0x0902, "Mouse"},
        {0x0c00, "Firewire"},
        {0x0c01, "Access bus controller"},
        {0x0c02, "SSA controller"},
        {0x0c03, "USB controller"},
        {0x0c04, "Fibre channel controller"},
        {0x0c05, "SMBus"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (names[i].class_id == class_id) {
            return names[i].name;
        }
    }
    return NULL;
}

static void print_bar(const PCIDevice *dev, int n, GString *out)
{
    const PCIBar *bar = &dev->bars[n];
    hwaddr last = bar->addr + bar->size - 1;

    g_string_append_printf(out, "      BAR%d: ", n);
    if (bar->type & PCI_BASE_ADDRESS_SPACE_IO) {
        g_string_append_printf(out, "I/O at 0x%04" HWADDR_PRIx " [0x%04" HWADDR_PRIx "].\n",
                               bar->addr, last);
    } else {
        g_string_append_printf(
            out, "%d bit%s memory at 0x%08" HWADDR_PRIx " [0x%08" HWADDR_PRIx "].\n",
            bar->type & PCI_BASE_ADDRESS_MEM_TYPE_64 ? 64 : 32,
            bar->type & PCI_BASE_ADDRESS_MEM_PREFETCH ? " prefetchable" : "", bar->addr, last);
    }
}

static void print_function(const PCIDevice *dev, GString *out)
{
    const uint8_t *config = dev->config;
    uint16_t class_id = pci_get_word(config + PCI_CLASS_DEVICE);
    const char *name = pci_class_name(class_id);

    g_string_append_printf(out, "  Bus %2d, device %3d, function %d:\n    ", 0,
                           PCI_SLOT(dev->devfn), PCI_FUNC(dev->devfn));
    if (name) {
        g_string_append(out, name);
    } else {
        g_string_append_printf(out, "Class %04x", class_id);
    }
    g_string_append_printf(
        out, ": PCI device %04x:%04x\n      PCI subsystem %04x:%04x\n",
        pci_get_word(config + PCI_VENDOR_ID), pci_get_word(config + PCI_DEVICE_ID),
        pci_get_word(config + PCI_SUBSYSTEM_VENDOR_ID), pci_get_word(config + PCI_SUBSYSTEM_ID));
    if (config[PCI_INTERRUPT_PIN]) {
        g_string_append_printf(out, "      IRQ %d, pin %c\n", config[PCI_INTERRUPT_LINE],
                               'A' + config[PCI_INTERRUPT_PIN] - 1);
    }
    for (int n = 0; n < PCI_NUM_BARS; n++) {
        if (dev->bars[n].region) {
            print_bar(dev, n, out);
        }
    }
    g_string_append_printf(out, "      id \"%s\"\n", dev->dev.id ? dev->dev.id : "");
}

void pci_print_info(GString *out)
{
    PCIBus *bus = (PCIBus *)bus_find_class(&pci_bus_class);

    if (!bus) {
        g_string_append(out, "No PCI buses\n");
        return;
    }
    for (int devfn = 0; devfn < 256; devfn++) {
        if (bus->devices[devfn]) {
            print_function(bus->devices[devfn], out);
        }
    }
}
