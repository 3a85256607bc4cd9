/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PIIX3, function 0: the ISA bridge, the routing of the PCI interrupts, the reset control register.
 * Document: Intel 82371SB (PIIX3), 2.2 and 2.5.
 *
 * The ISA timing, chip select and motherboard interrupt registers hold what is written to them. The
 * chip's timers, interrupt and DMA controllers, port 61h and port 92h are devices on its bus.
 */
#include "hw/isa/piix3.h"

#include <string.h>

#include "hw/core/runstate.h"

enum {
    PIIX3_IORT = 0x4c,
    PIIX3_XBCS = 0x4e,
    PIIX3_PIRQRCA = 0x60, /* to PIRQRCD at 63 */
    PIIX3_TOM = 0x69,
    PIIX3_MBIRQ0 = 0x70,
    PIIX3_MBDMA0 = 0x76,
    PIIX3_MBDMA1 = 0x77,
    PIIX3_PCSC = 0x78,
    PIIX3_APICBASE = 0x80,
    PIIX3_DLC = 0x82,
    PIIX3_SMICNTL = 0xa0,
    PIIX3_SMIEN = 0xa2,
    PIIX3_SEE = 0xa4,
    PIIX3_FTMR = 0xa8,
    PIIX3_SMIREQ = 0xaa,
    PIIX3_CTLTMR = 0xac,
    PIIX3_CTHTMR = 0xae,

    PIIX3_PIRQRC_DISABLE = 0x80,
    PIIX3_PIRQRC_IRQ = 0x0f,
    /* The interrupts a PIRQ can be routed to; the others belong to the chip's own devices. */
    PIIX3_PIRQRC_ROUTES = 0xdef8,

    PIIX3_RC_SRST = 0x02, /* the next reset is a hard one */
    PIIX3_RC_RCPU = 0x04, /* reset, at the change from 0 to 1 */
};

typedef struct PIIX3 {
    PCIDevice pci;
    ISABus isa;
    uint8_t reset_control; /* at CF9 */
    uint8_t pirq_level[PCI_NUM_PINS];
    uint8_t isa_level[ISA_IRQS];
    Irq *irq[ISA_IRQS]; /* to the interrupt controllers */
} PIIX3;

/* Registers, their values after reset, and the bits that can be written or cleared by a 1. */
static const struct {
    uint8_t reg;
    uint8_t count;
    uint8_t reset;
    uint8_t wmask;
    uint8_t w1cmask;
} piix3_registers[] = {
    {PCI_COMMAND, 1, 0x07, 0x00, 0}, /* always on */
    {PCI_COMMAND + 1, 1, 0x00, 0x01, 0},
    {PCI_STATUS + 1, 1, 0x02, 0, 0x78},
    {PCI_CACHE_LINE_SIZE, 1, 0x00, 0, 0},
    {PCI_INTERRUPT_LINE, 1, 0x00, 0, 0},
    {PIIX3_IORT, 1, 0x4d, 0x7f, 0},
    {PIIX3_XBCS, 1, 0x03, 0xff, 0},
    {PIIX3_XBCS + 1, 1, 0x00, 0x01, 0},
    {PIIX3_PIRQRCA, 4, 0x80, 0x8f, 0},
    {PIIX3_TOM, 1, 0x02, 0xfe, 0},
    {PIIX3_MBIRQ0, 1, 0x80, 0xef, 0},
    {PIIX3_MBDMA0, 2, 0x0c, 0x8f, 0},
    {PIIX3_PCSC, 1, 0x02, 0xff, 0},
    {PIIX3_PCSC + 1, 1, 0x00, 0xff, 0},
    {PIIX3_APICBASE, 1, 0x00, 0x7f, 0},
    {PIIX3_DLC, 1, 0x00, 0x0f, 0},
    {PIIX3_SMICNTL, 1, 0x08, 0x1f, 0},
    {PIIX3_SMIEN, 2, 0x00, 0xff, 0},
    {PIIX3_SEE, 4, 0x00, 0xff, 0},
    {PIIX3_FTMR, 1, 0x0f, 0xff, 0},
    {PIIX3_SMIREQ, 2, 0x00, 0xff, 0},
    {PIIX3_CTLTMR, 1, 0x00, 0xff, 0},
    {PIIX3_CTHTMR, 1, 0x00, 0xff, 0},
};

/* ------------------------------------------------------------------------------ interrupts -- */

/* The interrupt that PIRQ `n` is routed to, or -1. */
static int pirq_route(const PIIX3 *s, int n)
{
    uint8_t pirqrc = s->pci.config[PIIX3_PIRQRCA + n];
    int irq = pirqrc & PIIX3_PIRQRC_IRQ;

    return !(pirqrc & PIIX3_PIRQRC_DISABLE) && (PIIX3_PIRQRC_ROUTES >> irq & 1) ? irq : -1;
}

/* Set one of the chip's sixteen lines from what drives it: its ISA line, and PIRQs routed to it. */
static void piix3_update_irq(PIIX3 *s, int irq)
{
    int level = s->isa_level[irq];

    for (int n = 0; n < PCI_NUM_PINS; n++) {
        level |= s->pirq_level[n] && pirq_route(s, n) == irq;
    }
    irq_set(s->irq[irq], level);
}

static void piix3_set_isa_irq(void *opaque, int n, int level)
{
    PIIX3 *s = opaque;

    s->isa_level[n] = level;
    piix3_update_irq(s, n);
}

static void piix3_set_pirq(void *opaque, int pirq, int level)
{
    PIIX3 *s = opaque;
    int irq = pirq_route(s, pirq);

    s->pirq_level[pirq] = level;
    if (irq >= 0) {
        piix3_update_irq(s, irq);
    }
}

/* As the board is laid out: each slot's INTA is one PIRQ further; slot 1 begins with PIRQA. */
static int piix3_map_pirq(PCIDevice *dev, int pin)
{
    return (pin + PCI_SLOT(dev->devfn) + PCI_NUM_PINS - 1) % PCI_NUM_PINS;
}

/* Routes changed, from `old`: only lines that lose or gain a PIRQ are set again. */
static void piix3_reroute(PIIX3 *s, const int old[PCI_NUM_PINS])
{
    for (int n = 0; n < PCI_NUM_PINS; n++) {
        int now = pirq_route(s, n);

        if (now == old[n]) {
            continue;
        }
        if (old[n] >= 0) {
            piix3_update_irq(s, old[n]);
        }
        if (now >= 0) {
            piix3_update_irq(s, now);
        }
    }
}

static void piix3_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, unsigned len)
{
    PIIX3 *s = DEVICE_CAST(PIIX3, &piix3_class.device, pci);
    int old[PCI_NUM_PINS];

    for (int n = 0; n < PCI_NUM_PINS; n++) {
        old[n] = pirq_route(s, n);
    }
    pci_default_write_config(pci, addr, val, len);
    piix3_reroute(s, old);
}

/* --------------------------------------------------------------------------- reset control -- */

static uint8_t piix3_reset_control_read(void *opaque)
{
    const PIIX3 *s = opaque;

    return s->reset_control;
}

/* RCPU never reads as 1: the reset it starts clears it. */
static void piix3_reset_control_write(void *opaque, uint8_t val)
{
    PIIX3 *s = opaque;

    s->reset_control = val & PIIX3_RC_SRST;
    if (val & PIIX3_RC_RCPU) {
        runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    }
}

const I440FXResetControl piix3_reset_control = {
    .read = piix3_reset_control_read,
    .write = piix3_reset_control_write,
};

/* ----------------------------------------------------------------------------------- class -- */

static bool piix3_realize(Device *dev, GError **errp)
{
    PIIX3 *s = DEVICE_CAST(PIIX3, &piix3_class.device, dev);
    PCIBus *bus = pci_bus_of(&s->pci);
    Irq *lines[ISA_IRQS];

    s->pci.config_write = piix3_write_config;
    for (size_t i = 0; i < G_N_ELEMENTS(piix3_registers); i++) {
        for (int n = 0; n < piix3_registers[i].count; n++) {
            s->pci.wmask[piix3_registers[i].reg + n] = piix3_registers[i].wmask;
            s->pci.w1cmask[piix3_registers[i].reg + n] = piix3_registers[i].w1cmask;
        }
    }
    device_init_gpio_out(dev, "irq", s->irq, ISA_IRQS);
    device_init_gpio_in(dev, "isa", piix3_set_isa_irq, s, ISA_IRQS);
    for (int i = 0; i < ISA_IRQS; i++) {
        lines[i] = device_get_gpio_in(dev, "isa", i);
        lines[i]->onward = &s->irq[i];
    }
    isa_bus_init(&s->isa, dev, bus->mem, bus->io);
    isa_bus_set_irqs(&s->isa, lines);
    pci_bus_set_irq_routing(bus, piix3_set_pirq, piix3_map_pirq, s);
    return true;
}

static void piix3_unrealize(Device *dev)
{
    PIIX3 *s = DEVICE_CAST(PIIX3, &piix3_class.device, dev);

    pci_bus_set_irq_routing(pci_bus_of(&s->pci), NULL, NULL, NULL);
}

static void piix3_reset(Device *dev)
{
    PIIX3 *s = DEVICE_CAST(PIIX3, &piix3_class.device, dev);
    int old[PCI_NUM_PINS];

    for (int n = 0; n < PCI_NUM_PINS; n++) {
        old[n] = pirq_route(s, n);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(piix3_registers); i++) {
        for (int n = 0; n < piix3_registers[i].count; n++) {
            pci_config_store(&s->pci, piix3_registers[i].reg + n, piix3_registers[i].reset, 1);
        }
    }
    s->reset_control = 0;
    piix3_reroute(s, old);
}

const PCIDeviceClass piix3_class = {
    .device =
        {
            .name = "PIIX3",
            .desc = "ISA bridge",
            .category = "Controller/Bridge/Hub",
            .parent = &pci_device_class,
            .size = sizeof(PIIX3),
            .internal = true,
            .realize = piix3_realize,
            .unrealize = piix3_unrealize,
            .reset = piix3_reset,
        },
    .vendor_id = 0x8086,
    .device_id = 0x7000,
    .class_id = PCI_CLASS_BRIDGE_ISA,
};

Device *piix3_new(PCIBus *bus)
{
    Device *dev = device_new(&piix3_class.device);

    device_set_str(dev, "addr", "01.0");
    device_set_bool(dev, "multifunction", true);
    device_realize_or_die(dev, &bus->bus);
    return dev;
}

ISABus *piix3_isa_bus(Device *piix3)
{
    return &DEVICE_CAST(PIIX3, &piix3_class.device, piix3)->isa;
}
