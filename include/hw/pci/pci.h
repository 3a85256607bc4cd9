/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI devices and buses: configuration space, base address registers, interrupt pins, bus master.
 * Document: PCI Local Bus Specification 2.2.
 *
 * All functions are called with the machine lock held.
 */
#ifndef LIGNITE_HW_PCI_PCI_H
#define LIGNITE_HW_PCI_PCI_H

#include "hw/core/device.h"
#include "hw/pci/pci_regs.h"

#define PCI_CONFIG_SIZE     256
#define PCI_NUM_BARS        7 /* six BARs and the expansion ROM */
#define PCI_ROM_BAR         6
#define PCI_DEVFN(slot, fn) ((slot) << 3 | (fn))
#define PCI_SLOT(devfn)     ((devfn) >> 3)
#define PCI_FUNC(devfn)     ((devfn)&7)
#define PCI_NUM_PINS        4 /* INTA..INTD */
#define PCI_BAR_UNMAPPED    UINT64_MAX

typedef struct PCIBus PCIBus;
typedef struct PCIDevice PCIDevice;
typedef struct PciEcam PciEcam;

/*
 * A class of PCI functions: a device class, and the functions' identity. Every class whose parent
 * is pci_device_class must be such a table, and is listed in hw/devices.c by its `.device`.
 */
typedef struct PCIDeviceClass {
    DeviceClass device;
    uint16_t vendor_id;
    uint16_t device_id;
    uint8_t revision;
    uint16_t class_id; /* base class << 8 | subclass */
    uint8_t prog_if;
    uint16_t subsystem_vendor_id; /* 0: 1AF4:1100, as SeaBIOS looks for */
    uint16_t subsystem_id;
    const char *romfile; /* default of the property, or NULL */
} PCIDeviceClass;

typedef struct PCIBar {
    MemoryRegion *region; /* NULL: not implemented */
    uint8_t type;         /* PCI_BASE_ADDRESS_* flags */
    hwaddr size;
    hwaddr addr; /* where it is mapped, or PCI_BAR_UNMAPPED */
} PCIBar;

/* A write or read of `len` (1, 2, 4) bytes at `addr`, within one aligned double word. */
typedef void (*PCIConfigWrite)(PCIDevice *dev, uint32_t addr, uint32_t val, unsigned len);
typedef uint32_t (*PCIConfigRead)(PCIDevice *dev, uint32_t addr, unsigned len);

struct PCIDevice {
    Device dev;
    /* For all to read. Realize may fill it; from then on pci_config_store() alone changes it. */
    uint8_t config[PCI_CONFIG_SIZE];
    /*
     * Where the guest reads `config` without an exit, or NULL; hw/pci/pci-config.c alone stores
     * there. While `shadow_holds` is not 0, double words that are to be stored are a bit here.
     */
    uint32_t *shadow;
    uint64_t shadow_stale;
    unsigned shadow_holds;
    /*
     * Bits a write changes, and bits a write of 1 clears. Realize of pci_device_class sets them for
     * the header; from 0x40 on all is read-only until the device's realize says otherwise.
     */
    uint8_t wmask[PCI_CONFIG_SIZE];
    uint8_t w1cmask[PCI_CONFIG_SIZE];
    int32_t devfn; /* the property addr: "slot[.fn]", in hexadecimal; -1: the next free slot */
    bool multifunction;
    char *romfile; /* NULL: the class's; "" turns the ROM off */
    uint32_t rom_bar;
    PCIBar bars[PCI_NUM_BARS];
    MemoryRegion rom;
    PCIConfigWrite config_write; /* NULL: pci_default_write_config() */
    /* NULL: pci_default_read_config(). For reads that do something, or are worked out: they exit.
     */
    PCIConfigRead config_read;
    int irq_level;               /* what the device wants of its interrupt pin */
    int irq_driven;              /* the line (0..3) it drives now, or -1 */
    /* What the device sees as bus master; shut while Bus Master Enable is 0. */
    MemoryRegion bus_master_root;
    MemoryRegion bus_master_window;
    AddressSpace bus_master;
};

/* Sets line `pirq` (0..3) of the bus; the host bridge knows where it goes. */
typedef void (*PCISetIrq)(void *opaque, int pirq, int level);
/* The line that pin `pin` (0..3) of a device drives. */
typedef int (*PCIMapIrq)(PCIDevice *dev, int pin);

struct PCIBus {
    Bus bus;
    MemoryRegion *mem;       /* the container of memory BARs */
    MemoryRegion *io;        /* the container of I/O BARs */
    MemoryRegion *dma;       /* what bus masters see */
    PCIDevice *devices[256]; /* by devfn */
    PCISetIrq set_irq;
    PCIMapIrq map_irq;
    void *irq_opaque;
    PciEcam *ecam;               /* the bus's configuration space as memory, or NULL */
    int irq_count[PCI_NUM_PINS]; /* devices that drive each line */
};

extern const BusClass pci_bus_class;
extern const DeviceClass pci_device_class; /* abstract */

void pci_bus_init(PCIBus *bus, Device *parent, const char *name, MemoryRegion *mem,
                  MemoryRegion *io, MemoryRegion *dma);
void pci_bus_set_irq_routing(PCIBus *bus, PCISetIrq set, PCIMapIrq map, void *opaque);

/* Call `set` again for every line after the routing behind it changed. */
void pci_bus_update_irqs(PCIBus *bus);

PCIBus *pci_bus_of(const PCIDevice *dev);
const PCIDeviceClass *pci_class_of(const PCIDevice *dev);
PCIDevice *pci_bus_find(PCIBus *bus, uint8_t devfn);

/*
 * Declare BAR `n` (0..5) in realize: `type` has PCI_BASE_ADDRESS_* flags; the region's size is a
 * power of two, at least 16 bytes of memory or 4 of I/O. A 64-bit BAR takes the next one, too. When
 * the device goes, the region is unmapped and destroyed after the device's own unrealize.
 */
void pci_register_bar(PCIDevice *dev, int n, uint8_t type, MemoryRegion *region);

/* Take all BARs out of the bus: for a device that destroys its regions itself, in unrealize. */
void pci_unmap_bars(PCIDevice *dev);

/* The address BAR `n` (6: the ROM) is mapped at, or PCI_BAR_UNMAPPED. */
hwaddr pci_get_bar_addr(const PCIDevice *dev, int n);

/* Drive the function's interrupt pin (PCI_INTERRUPT_PIN must be set). */
void pci_set_irq(PCIDevice *dev, int level);

/*
 * Configuration accesses of 1, 2 or 4 bytes as the bus makes them: through the device's own
 * functions; pieces that cross a double word are split. Reads of an absent function give ones.
 */
uint32_t pci_config_read(PCIBus *bus, uint8_t devfn, uint32_t addr, unsigned len);
void pci_config_write(PCIBus *bus, uint8_t devfn, uint32_t addr, uint32_t val, unsigned len);

/*
 * The plain behaviour, for devices' own functions to call: masks, then, in one memory transaction,
 * BARs, bus master and the interrupt pin.
 */
void pci_default_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, unsigned len);
uint32_t pci_default_read_config(PCIDevice *dev, uint32_t addr, unsigned len);

/*
 * Store `len` (1, 2, 4) bytes at `addr`: the one way to change configuration registers after
 * realize, for devices as well as for accesses. Takes no mask and maps nothing.
 */
void pci_config_store(PCIDevice *dev, uint32_t addr, uint32_t val, unsigned len);

/* Little-endian access to the raw bytes, of masks or of a device that is being realized. */
uint16_t pci_get_word(const uint8_t *config);
uint32_t pci_get_long(const uint8_t *config);
void pci_set_word(uint8_t *config, uint16_t val);
void pci_set_long(uint8_t *config, uint32_t val);

/* DMA of a bus master: as address_space_read/write on the function's own address space. */
MemTxResult pci_dma_read(PCIDevice *dev, hwaddr addr, void *buf, hwaddr len);
MemTxResult pci_dma_write(PCIDevice *dev, hwaddr addr, const void *buf, hwaddr len);

/* The name of a class of functions (PCI_CLASS_DEVICE), as "Host bridge"; NULL for unknown ones. */
const char *pci_class_name(uint16_t class_id);

/* Append the text of `info pci`. */
void pci_print_info(GString *out);

#endif
