/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space: masks, and what a write sets in motion.
 * Document: PCI Local Bus Specification 2.2, chapter 6.
 */
#include <string.h>

#include "pci-internal.h"

/* SeaBIOS knows QEMU's board, and so ours, by this subsystem. */
#define SUBSYSTEM_VENDOR_ID 0x1af4
#define SUBSYSTEM_ID        0x1100

uint16_t pci_get_word(const uint8_t *config)
{
    return config[0] | config[1] << 8;
}

uint32_t pci_get_long(const uint8_t *config)
{
    return pci_get_word(config) | (uint32_t)pci_get_word(config + 2) << 16;
}

void pci_set_word(uint8_t *config, uint16_t val)
{
    config[0] = val;
    config[1] = val >> 8;
}

void pci_set_long(uint8_t *config, uint32_t val)
{
    pci_set_word(config, val);
    pci_set_word(config + 2, val >> 16);
}

/* ---------------------------------------------------------------------------------- stores -- */

/* What the guest reads meanwhile is the old double word or the new one. */
static void store_shadow(PCIDevice *dev, unsigned dword)
{
    __atomic_store_n(&dev->shadow[dword], GUINT32_TO_LE(pci_get_long(dev->config + 4 * dword)),
                     __ATOMIC_RELEASE);
}

void pci_shadow_update(PCIDevice *dev, unsigned addr, unsigned len)
{
    for (unsigned dword = addr / 4; dev->shadow && dword <= (addr + len - 1) / 4; dword++) {
        if (dev->shadow_holds) {
            dev->shadow_stale |= UINT64_C(1) << dword;
        } else {
            store_shadow(dev, dword);
        }
    }
}

/*
 * Between these a guest that reads sees the registers as they were. What a device's own function
 * does to a written value, after it is stored, is not to be seen half done.
 */
static void shadow_hold(PCIDevice *dev)
{
    dev->shadow_holds++;
}

static void shadow_release(PCIDevice *dev)
{
    if (--dev->shadow_holds) {
        return;
    }
    for (uint64_t stale = dev->shadow_stale; dev->shadow && stale; stale &= stale - 1) {
        store_shadow(dev, __builtin_ctzll(stale));
    }
    dev->shadow_stale = 0;
}

void pci_config_store(PCIDevice *dev, uint32_t addr, uint32_t val, unsigned len)
{
    g_assert(len <= 4 && addr + len <= PCI_CONFIG_SIZE);
    for (unsigned i = 0; i < len; i++, val >>= 8) {
        dev->config[addr + i] = val;
    }
    pci_shadow_update(dev, addr, len);
}

/* ----------------------------------------------------------------------- realize and reset -- */

void pci_config_init(PCIDevice *dev, const PCIDeviceClass *cls)
{
    uint8_t *config = dev->config;

    memset(config, 0, sizeof(dev->config));
    memset(dev->wmask, 0, sizeof(dev->wmask));
    memset(dev->w1cmask, 0, sizeof(dev->w1cmask));

    pci_set_word(config + PCI_VENDOR_ID, cls->vendor_id);
    pci_set_word(config + PCI_DEVICE_ID, cls->device_id);
    config[PCI_REVISION_ID] = cls->revision;
    config[PCI_CLASS_PROG] = cls->prog_if;
    pci_set_word(config + PCI_CLASS_DEVICE, cls->class_id);
    pci_set_word(config + PCI_SUBSYSTEM_VENDOR_ID,
                 cls->subsystem_vendor_id ? cls->subsystem_vendor_id : SUBSYSTEM_VENDOR_ID);
    pci_set_word(config + PCI_SUBSYSTEM_ID,
                 cls->subsystem_vendor_id ? cls->subsystem_id : SUBSYSTEM_ID);
    config[PCI_HEADER_TYPE] = dev->multifunction ? PCI_HEADER_TYPE_MULTI_FUNCTION : 0;

    pci_set_word(dev->wmask + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
                                               PCI_COMMAND_MASTER | PCI_COMMAND_SERR |
                                               PCI_COMMAND_INTX_DISABLE);
    pci_set_word(dev->w1cmask + PCI_STATUS,
                 PCI_STATUS_SIG_TARGET_ABORT | PCI_STATUS_REC_TARGET_ABORT |
                     PCI_STATUS_REC_MASTER_ABORT | PCI_STATUS_SIG_SYSTEM_ERROR |
                     PCI_STATUS_DETECTED_PARITY | 0x0100 /* master data parity error */);
    dev->wmask[PCI_CACHE_LINE_SIZE] = 0xff;
    dev->wmask[PCI_INTERRUPT_LINE] = 0xff;
}

void pci_config_reset(PCIDevice *dev)
{
    static const uint8_t cleared[] = {PCI_COMMAND, PCI_COMMAND + 1, PCI_CACHE_LINE_SIZE,
                                      PCI_LATENCY_TIMER, PCI_INTERRUPT_LINE};

    memory_region_transaction_begin();
    for (size_t i = 0; i < G_N_ELEMENTS(cleared); i++) {
        pci_config_store(dev, cleared[i], dev->config[cleared[i]] & ~dev->wmask[cleared[i]], 1);
    }
    for (unsigned i = PCI_STATUS; i < PCI_STATUS + 2; i++) {
        pci_config_store(dev, i, dev->config[i] & ~dev->w1cmask[i], 1);
    }
    pci_bars_reset(dev);
    pci_update_mappings(dev);
    memory_region_set_enabled(&dev->bus_master_window, false);
    memory_region_transaction_commit();
}

/* Whether an access of `len` bytes at `addr` touches [start, start + size). */
static bool touches(uint32_t addr, unsigned len, uint32_t start, uint32_t size)
{
    return addr < start + size && start < addr + len;
}

void pci_default_write_config(PCIDevice *dev, uint32_t addr, uint32_t val, unsigned len)
{
    shadow_hold(dev);
    for (unsigned i = 0; i < len && addr + i < PCI_CONFIG_SIZE; i++, val >>= 8) {
        uint8_t byte = dev->config[addr + i];
        uint8_t wmask = dev->wmask[addr + i];

        byte = ((byte & ~wmask) | (val & wmask)) & ~(val & dev->w1cmask[addr + i]);
        pci_config_store(dev, addr + i, byte, 1);
    }

    memory_region_transaction_begin();
    if (touches(addr, len, PCI_COMMAND, 2) || touches(addr, len, PCI_BASE_ADDRESS_0, 6 * 4) ||
        touches(addr, len, PCI_ROM_ADDRESS, 4)) {
        pci_update_mappings(dev);
    }
    if (touches(addr, len, PCI_COMMAND, 2)) {
        memory_region_set_enabled(&dev->bus_master_window,
                                  dev->config[PCI_COMMAND] & PCI_COMMAND_MASTER);
        pci_update_irq(dev);
    }
    memory_region_transaction_commit();
    shadow_release(dev);
}

uint32_t pci_default_read_config(PCIDevice *dev, uint32_t addr, unsigned len)
{
    uint32_t val = 0;

    for (unsigned i = 0; i < len && addr + i < PCI_CONFIG_SIZE; i++) {
        val |= (uint32_t)dev->config[addr + i] << (8 * i);
    }
    return val;
}

/* ------------------------------------------------------------------- accesses from the bus -- */

/*
 * The largest piece of [addr, addr + len) that lies in one double word and is one cycle: 1, 2 or 4
 * bytes.
 */
static unsigned piece(uint32_t addr, unsigned len)
{
    unsigned n = MIN(len, 4 - (addr & 3));

    return n == 3 ? 2 : n;
}

static uint32_t ones(unsigned len)
{
    return len >= 4 ? UINT32_MAX : (1u << (8 * len)) - 1;
}

uint32_t pci_config_read(PCIBus *bus, uint8_t devfn, uint32_t addr, unsigned len)
{
    PCIDevice *dev = bus->devices[devfn];
    uint32_t val = 0;
    unsigned n;

    g_assert(len <= 4);
    for (unsigned done = 0; done < len; done += n) {
        uint32_t part;

        n = piece(addr + done, len - done);
        if (!dev || addr + done >= PCI_CONFIG_SIZE) {
            part = ones(n);
        } else if (dev->config_read) {
            part = dev->config_read(dev, addr + done, n) & ones(n);
        } else {
            part = pci_default_read_config(dev, addr + done, n);
        }
        val |= part << (8 * done);
    }
    return val;
}

void pci_config_write(PCIBus *bus, uint8_t devfn, uint32_t addr, uint32_t val, unsigned len)
{
    PCIDevice *dev = bus->devices[devfn];
    unsigned n;

    g_assert(len <= 4);
    if (!dev) {
        return;
    }
    shadow_hold(dev);
    for (unsigned done = 0; done < len; done += n) {
        uint32_t part = val >> (8 * done);

        n = piece(addr + done, len - done);
        if (addr + done >= PCI_CONFIG_SIZE) {
            continue;
        }
        if (dev->config_write) {
            dev->config_write(dev, addr + done, part & ones(n), n);
        } else {
            pci_default_write_config(dev, addr + done, part & ones(n), n);
        }
    }
    shadow_release(dev);
}
