/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI side of the 440FX: function 00:00.0 and its registers.
 * Document: Intel 82441FX (440FX PCIset), 3.2.
 *
 * PAM and SMRAM act; TRC resets. The DRAM, timing and error registers hold what firmware writes:
 * there is no DRAM to time. System management mode is not modelled, so SMRAM is RAM only while it
 * is open.
 */
#include <string.h>

#include "hw/core/runstate.h"
#include "i440fx-internal.h"

enum {
    I440FX_PMCCFG = 0x50,
    I440FX_DETURBO = 0x52,
    I440FX_DBC = 0x53,
    I440FX_AXC = 0x54,
    I440FX_DRT = 0x55,
    I440FX_DRAMC = 0x57,
    I440FX_DRAMT = 0x58,
    I440FX_PAM0 = 0x59,
    I440FX_DRB0 = 0x60,
    I440FX_FDHC = 0x68,
    I440FX_MTT = 0x70,
    I440FX_CLT = 0x71,
    I440FX_SMRAM = 0x72,
    I440FX_ERRCMD = 0x90,
    I440FX_ERRSTS = 0x91,
    I440FX_TRC = 0x93,

    I440FX_SMRAM_DOPEN = 0x40,
    I440FX_SMRAM_DCLS = 0x20,
    I440FX_SMRAM_DLCK = 0x10,
    I440FX_SMRAM_SMRAME = 0x08,
    I440FX_TRC_RCPU = 0x04,
};

typedef struct I440FX {
    PCIDevice pci;
} I440FX;

/* Registers, their values after reset, and the bits that can be written or cleared by a 1. */
static const struct {
    uint8_t reg;
    uint8_t count;
    uint8_t reset;
    uint8_t wmask;
    uint8_t w1cmask;
} i440fx_registers[] = {
    {PCI_COMMAND, 1, 0x06, 0x40, 0}, /* memory and bus master: always on */
    {PCI_COMMAND + 1, 1, 0x00, 0x01, 0},
    {PCI_STATUS, 1, 0x80, 0, 0},
    {PCI_STATUS + 1, 1, 0x02, 0, 0xf9},
    {PCI_LATENCY_TIMER, 1, 0x00, 0xf8, 0},
    {PCI_CACHE_LINE_SIZE, 1, 0x00, 0, 0},
    {PCI_INTERRUPT_LINE, 1, 0x00, 0, 0},
    {I440FX_PMCCFG, 1, 0x00, 0x7f, 0},
    {I440FX_PMCCFG + 1, 1, 0x00, 0xfc, 0}, /* the host frequency is strapped */
    {I440FX_DETURBO, 1, 0x00, 0xff, 0},
    {I440FX_DBC, 1, 0x80, 0xff, 0},
    {I440FX_AXC, 1, 0x00, 0xff, 0},
    {I440FX_DRT, 2, 0x00, 0xff, 0},
    {I440FX_DRAMC, 1, 0x01, 0xff, 0},
    {I440FX_DRAMT, 1, 0x10, 0xff, 0},
    {I440FX_PAM0, 1, 0x00, 0x30, 0},
    {I440FX_PAM0 + 1, 6, 0x00, 0x33, 0},
    {I440FX_DRB0, 8, 0x01, 0xff, 0},
    {I440FX_FDHC, 1, 0x00, 0xc0, 0},
    {I440FX_MTT, 1, 0x00, 0xf8, 0},
    {I440FX_CLT, 1, 0x10, 0xf8, 0},
    {I440FX_SMRAM, 1, 0x02, 0x78, 0}, /* the base can only be A0000 */
    {I440FX_ERRCMD, 1, 0x00, 0xff, 0},
    {I440FX_ERRSTS, 1, 0x00, 0, 0x13},
    {I440FX_TRC, 1, 0x00, 0x0f, 0},
};

static bool smram_open(uint8_t smram)
{
    return (smram & I440FX_SMRAM_DOPEN) && (smram & I440FX_SMRAM_SMRAME) &&
           !(smram & I440FX_SMRAM_DCLS);
}

static void i440fx_update_areas(I440FX *s)
{
    I440FXHost *host = (I440FXHost *)pci_bus_of(&s->pci)->bus.parent;

    i440fx_areas_update(host, s->pci.config + I440FX_PAM0, smram_open(s->pci.config[I440FX_SMRAM]));
}

static void i440fx_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, unsigned len)
{
    I440FX *s = DEVICE_CAST(I440FX, &i440fx_pci_class.device, pci);
    uint8_t trc = pci->config[I440FX_TRC];

    pci_default_write_config(pci, addr, val, len);

    /* Locking closes SMRAM, and takes both bits out of the guest's hands until reset. */
    if (pci->config[I440FX_SMRAM] & I440FX_SMRAM_DLCK) {
        pci->wmask[I440FX_SMRAM] &= ~(I440FX_SMRAM_DOPEN | I440FX_SMRAM_DLCK);
        pci_config_store(pci, I440FX_SMRAM, pci->config[I440FX_SMRAM] & ~I440FX_SMRAM_DOPEN, 1);
    }
    if ((addr < I440FX_PAM0 + 7 && addr + len > I440FX_PAM0) ||
        (addr <= I440FX_SMRAM && addr + len > I440FX_SMRAM)) {
        i440fx_update_areas(s);
    }
    if (~trc & pci->config[I440FX_TRC] & I440FX_TRC_RCPU) {
        runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    }
}

static bool i440fx_realize(Device *dev, GError **errp)
{
    I440FX *s = DEVICE_CAST(I440FX, &i440fx_pci_class.device, dev);

    /* The bridge's areas are this function's to govern; another bridge has none. */
    if (!dev->bus->parent || dev->bus->parent->cls != &i440fx_host_class) {
        error_setg(errp, "Device '%s' is a part of the board and can't be added", dev->cls->name);
        return false;
    }
    s->pci.config_write = i440fx_write_config;
    return true;
}

static void i440fx_reset(Device *dev)
{
    I440FX *s = DEVICE_CAST(I440FX, &i440fx_pci_class.device, dev);

    for (size_t i = 0; i < G_N_ELEMENTS(i440fx_registers); i++) {
        for (int n = 0; n < i440fx_registers[i].count; n++) {
            unsigned reg = i440fx_registers[i].reg + n;

            pci_config_store(&s->pci, reg, i440fx_registers[i].reset, 1);
            s->pci.wmask[reg] = i440fx_registers[i].wmask;
            s->pci.w1cmask[reg] = i440fx_registers[i].w1cmask;
        }
    }
    i440fx_update_areas(s);
}

const PCIDeviceClass i440fx_pci_class = {
    .device =
        {
            .name = "i440FX",
            .desc = "Host bridge",
            .category = "Controller/Bridge/Hub",
            .parent = &pci_device_class,
            .size = sizeof(I440FX),
            .internal = true,
            .realize = i440fx_realize,
            .reset = i440fx_reset,
        },
    .vendor_id = 0x8086,
    .device_id = 0x1237,
    .revision = 0x02,
    .class_id = PCI_CLASS_BRIDGE_HOST,
};
