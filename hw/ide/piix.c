/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IDE function of the PIIX3 (82371SB, function 1): two channels at the PC's fixed ports, with a
 * bus master each in BAR 4. Document: 82371FB/82371SB data sheet (290550), 2.3 and 2.7.
 *
 * The timing registers 40h..45h hold what is written; of them only IDE Decode Enable (bit 15 of 40h
 * and 42h) has an effect: a channel without it has no ports. The data sheet has it off at reset,
 * and firmware turns it on; here it starts on, so that a machine without firmware has its disks.
 * For the same reason the fixed ports do not wait for I/O Space Enable; BAR 4 does.
 */
#include "bmdma.h"
#include "hw/ide/ide.h"

#define PIIX_IDETIM        0x40 /* 16 bits a channel */
#define PIIX_IDETIM_DECODE 0x8000
#define PIIX_SIDETIM       0x44
#define PIIX_BMIBA         4 /* the BAR */

#define PIIX_PROG_IF 0x80 /* bus master; both channels at fixed ports */

typedef struct PIIX3IDE {
    PCIDevice pci;
    IDEBus channels[IDE_CHANNELS];
    BMDMA bm[IDE_CHANNELS];
    MemoryRegion bar;       /* both bus masters */
    Irq *irq[IDE_CHANNELS]; /* outputs: ISA interrupts 14 and 15 */
} PIIX3IDE;

static const struct {
    const char *name;
    uint16_t command, control;
} ports[IDE_CHANNELS] = {{"ide.0", 0x1f0, 0x3f6}, {"ide.1", 0x170, 0x376}};

static bool may_master(void *opaque)
{
    const PIIX3IDE *s = opaque;

    return pci_get_word(s->pci.config + PCI_COMMAND) & PCI_COMMAND_MASTER;
}

/* Show the channels that are decoded. */
static void update_decode(PIIX3IDE *s)
{
    memory_region_transaction_begin();
    for (int i = 0; i < IDE_CHANNELS; i++) {
        bool on = pci_get_word(s->pci.config + PIIX_IDETIM + 2 * i) & PIIX_IDETIM_DECODE;
        memory_region_set_enabled(&s->channels[i].command, on);
        memory_region_set_enabled(&s->channels[i].control, on);
    }
    memory_region_transaction_commit();
}

static void piix_config_write(PCIDevice *pci, uint32_t addr, uint32_t val, unsigned len)
{
    pci_default_write_config(pci, addr, val, len);
    if (addr < PIIX_IDETIM + 4 && addr + len > PIIX_IDETIM) {
        update_decode((PIIX3IDE *)pci);
    }
}

static bool piix_realize(Device *dev, GError **errp)
{
    PIIX3IDE *s = (PIIX3IDE *)dev;
    PCIDevice *pci = &s->pci;
    MemoryRegion *io = pci_bus_of(pci)->io;

    pci->config_write = piix_config_write;
    memset(pci->wmask + PIIX_IDETIM, 0xff, 5);
    memory_region_init(&s->bar, &dev->owner, "piix3-ide-bmdma", IDE_CHANNELS * BMDMA_PORTS);
    for (int i = 0; i < IDE_CHANNELS; i++) {
        ide_bus_init(&s->channels[i], dev, ports[i].name, &s->irq[i]);
        bmdma_init(&s->bm[i], &s->channels[i], &dev->owner, &pci->bus_master, may_master, s);
        memory_region_add_subregion(&s->bar, i * BMDMA_PORTS, &s->bm[i].io);
        memory_region_add_subregion(io, ports[i].command, &s->channels[i].command);
        memory_region_add_subregion(io, ports[i].control, &s->channels[i].control);
    }
    device_init_gpio_out(dev, NULL, s->irq, IDE_CHANNELS);
    pci_register_bar(pci, PIIX_BMIBA, PCI_BASE_ADDRESS_SPACE_IO, &s->bar);
    return true;
}

static void piix_unrealize(Device *dev)
{
    PIIX3IDE *s = (PIIX3IDE *)dev;
    MemoryRegion *io = pci_bus_of(&s->pci)->io;

    for (int i = 0; i < IDE_CHANNELS; i++) {
        memory_region_del_subregion(io, &s->channels[i].command);
        memory_region_del_subregion(io, &s->channels[i].control);
        memory_region_del_subregion(&s->bar, &s->bm[i].io);
        bmdma_destroy(&s->bm[i]);
        memory_region_destroy(&s->channels[i].command);
        memory_region_destroy(&s->channels[i].control);
    }
}

static void piix_reset(Device *dev)
{
    PIIX3IDE *s = (PIIX3IDE *)dev;

    for (int i = 0; i < IDE_CHANNELS; i++) {
        pci_config_store(&s->pci, PIIX_IDETIM + 2 * i, PIIX_IDETIM_DECODE, 2);
        ide_bus_reset(&s->channels[i]);
        bmdma_reset(&s->bm[i]);
    }
    pci_config_store(&s->pci, PIIX_SIDETIM, 0, 1);
    pci_config_store(&s->pci, PCI_STATUS, PCI_STATUS_FAST_BACK | PCI_STATUS_DEVSEL_MEDIUM, 2);
    update_decode(s);
}

IDEBus *piix3_ide_bus(Device *dev, unsigned channel)
{
    PIIX3IDE *s = DEVICE_CAST(PIIX3IDE, &piix3_ide_class.device, dev);

    g_assert(channel < IDE_CHANNELS);
    return &s->channels[channel];
}

/*
 * Features, sector count and LBA are only latched; nothing comes of them before a command, whose
 * write, like any read, finds them there. The device register is not among them: a change of the
 * selected drive can move the interrupt line.
 */
static const CoalescedRange piix_coalesced[] = {
    COALESCED_PIO(PIIX3IDE, channels[0].command, 1, 5),
    COALESCED_PIO(PIIX3IDE, channels[1].command, 1, 5),
    {},
};

const PCIDeviceClass piix3_ide_class = {
    .device =
        {
            .name = "piix3-ide",
            .desc = "IDE controller of the PIIX3",
            .category = "Storage",
            .parent = &pci_device_class,
            .size = sizeof(PIIX3IDE),
            .coalesced = piix_coalesced,
            .realize = piix_realize,
            .unrealize = piix_unrealize,
            .reset = piix_reset,
        },
    .vendor_id = 0x8086,
    .device_id = 0x7010,
    .class_id = PCI_CLASS_STORAGE_IDE,
    .prog_if = PIIX_PROG_IF,
};
