/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PIIX4, function 3: power management. ACPI's fixed registers with the timer and the power button,
 * soft off, a general purpose event block, the APM ports, and the SMBus (piix4-smbus.c).
 * Documents: Intel 82371AB (PIIX4), chapter 7; ACPI 2.0, 4.7.
 *
 * There is no system management mode. So the function comes out of reset in ACPI mode, and DEVACTB
 * says that APM's port raises an SMI, which tells firmware that somebody set up SMM already.
 * Sleeping states other than soft off, throttling, device monitors and the chip's own general
 * purpose events are left out: those registers read 0. The event block at AFE0 is not the chip's:
 * it is where guests of QEMU's board look for events, and nothing here raises one yet.
 */
#include "hw/acpi/piix4-pm.h"

#include "hw/core/clock.h"
#include "hw/core/log.h"
#include "hw/core/runstate.h"
#include "piix4-smbus.h"

enum {
    /* configuration space */
    PIIX4_PMBA = 0x40,
    PIIX4_DEVACTB = 0x58,
    PIIX4_DEVRESB = 0x5c,     /* device resources: which ports are decoded */
    PIIX4_DEVRESB_LPT = 0x80, /* in byte 3 */
    PIIX4_DEVRESC = 0x60,
    PIIX4_DEVRESD = 0x64,
    PIIX4_DEVRESD_COM1 = 0x08, /* in byte 3 */
    PIIX4_DEVRESD_COM2 = 0x90,
    PIIX4_PMREGMISC = 0x80,
    PIIX4_PMREGMISC_PMIOSE = 0x01,
    PIIX4_SMBBA = 0x90,
    PIIX4_SMBHSTCFG = 0xd2,
    PIIX4_SMBHSTCFG_HST_EN = 0x01,
    PIIX4_SMBHSTCFG_INTRSEL = 0x0e,
    PIIX4_SMBHSTCFG_INTRSEL_IRQ9 = 0x08,

    /* offsets from PMBA */
    PMSTS = 0x00,
    PMEN = 0x02,
    PMCNTRL = 0x04,
    PMTMR = 0x08,
    PM_IO_SIZE = 0x40,

    PMSTS_TMROF = 0x0001,
    PMSTS_BM = 0x0010,
    PMSTS_GBL = 0x0020,
    PMSTS_PWRBTN = 0x0100,
    PMSTS_RTC = 0x0400,
    PMSTS_RSM = 0x8000,
    PMSTS_W1C = PMSTS_TMROF | PMSTS_BM | PMSTS_GBL | PMSTS_PWRBTN | PMSTS_RTC | PMSTS_RSM,
    PMEN_MASK = PMSTS_TMROF | PMSTS_GBL | PMSTS_PWRBTN | PMSTS_RTC,

    PMCNTRL_SCI_EN = 0x0001,
    PMCNTRL_BRLD_EN = 0x0002,
    PMCNTRL_SLP_TYP_SHIFT = 10,
    PMCNTRL_SLP_TYP = 7 << PMCNTRL_SLP_TYP_SHIFT,
    PMCNTRL_SLP_EN = 0x2000, /* reads 0 */
    PMCNTRL_MASK = PMCNTRL_BRLD_EN | PMCNTRL_SLP_TYP,
    SLP_TYP_S5 = 0, /* soft off */

    PMTMR_MASK = 0xffffff,
    PMTMR_MSB = 0x800000, /* TMROF_STS tells of its changes */

    APM_PORT = 0xb2,
    APM_CONTROL = 0,
    APM_STATUS = 1,
};

typedef struct PIIX4PM {
    PCIDevice pci;

    MemoryRegion io;        /* at PMBA */
    hwaddr io_base;         /* where it is mapped; 0: nowhere */
    hwaddr smbus_base;      /* the same of the SMBus */
    uint16_t pmsts;         /* 00 */
    uint16_t pmen;          /* 02 */
    uint16_t pmcntrl;       /* 04 */
    uint64_t next_overflow; /* tick at which PMTMR_MSB changes next and TMROF_STS is set */
    Timer overflow_timer;   /* runs while that would raise the SCI */

    MemoryRegion gpe;
    uint8_t gpests[PIIX4_PM_GPE_LEN / 2];
    uint8_t gpeen[PIIX4_PM_GPE_LEN / 2];

    MemoryRegion apm;
    uint8_t apm_control; /* B2 */
    uint8_t apm_status;  /* B3 */

    Piix4Smbus smbus;
    Irq *sci;
    uint8_t disable_s3;
    uint8_t disable_s4;
} PIIX4PM;

/* ------------------------------------------------------------------------ timer, interrupt -- */

/* Ticks since the guest's time began; the timer shows the lower 24 bits. */
static uint64_t pm_ticks(void)
{
    return muldiv64(clock_get_ns(VM_CLOCK_VIRTUAL), PIIX4_PM_TIMER_HZ, NANOSECONDS_PER_SECOND);
}

/* The first nanosecond at which `tick` has come. */
static int64_t tick_time(uint64_t tick)
{
    unsigned __int128 scaled = (unsigned __int128)tick * NANOSECONDS_PER_SECOND;

    return (scaled + PIIX4_PM_TIMER_HZ - 1) / PIIX4_PM_TIMER_HZ;
}

/* Set TMROF_STS if the top bit has changed since the last look, however often. */
static void pm_sync_timer(PIIX4PM *s)
{
    uint64_t now = pm_ticks();

    if (now >= s->next_overflow) {
        s->pmsts |= PMSTS_TMROF;
        s->next_overflow = (now | (PMTMR_MSB - 1)) + 1;
    }
}

/* Recompute the SCI, and when time alone would raise it. */
static void pm_update_sci(void *opaque)
{
    PIIX4PM *s = opaque;
    bool level = false;
    uint8_t smbus_intr = s->pci.config[PIIX4_SMBHSTCFG] & PIIX4_SMBHSTCFG_INTRSEL;

    pm_sync_timer(s);
    if (s->pmcntrl & PMCNTRL_SCI_EN) {
        level = s->pmsts & s->pmen & PMEN_MASK;
        for (size_t i = 0; i < G_N_ELEMENTS(s->gpests); i++) {
            level |= (s->gpests[i] & s->gpeen[i]) != 0;
        }
    }
    level |= smbus_intr == PIIX4_SMBHSTCFG_INTRSEL_IRQ9 && piix4_smbus_irq(&s->smbus);
    irq_set(s->sci, level);

    if ((s->pmen & PMSTS_TMROF) && !(s->pmsts & PMSTS_TMROF)) {
        timer_mod(&s->overflow_timer, tick_time(s->next_overflow));
    } else {
        timer_del(&s->overflow_timer);
    }
}

static void pm_powerdown(void *opaque)
{
    PIIX4PM *s = opaque;

    s->pmsts |= PMSTS_PWRBTN;
    pm_update_sci(s);
}

/* ----------------------------------------------------------------------- registers at PMBA -- */

static void pm_sleep(PIIX4PM *s)
{
    unsigned type = (s->pmcntrl & PMCNTRL_SLP_TYP) >> PMCNTRL_SLP_TYP_SHIFT;

    if (type == SLP_TYP_S5) {
        runstate_request_shutdown(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
    } else {
        log_guest_error("PIIX4_PM: sleep type %u is not announced and does nothing", type);
    }
}

/* The 16-bit register at `addr`, when the timer shows `ticks`. */
static uint32_t pm_register(const PIIX4PM *s, hwaddr addr, uint32_t ticks)
{
    switch (addr) {
    case PMSTS:
        return s->pmsts;
    case PMEN:
        return s->pmen;
    case PMCNTRL:
        return s->pmcntrl;
    case PMTMR:
        return ticks & 0xffff;
    case PMTMR + 2:
        return ticks >> 16;
    default:
        return 0;
    }
}

/* The timer is looked at once: its four bytes are one value. */
static uint64_t pm_read(void *opaque, hwaddr addr, unsigned size)
{
    PIIX4PM *s = opaque;
    uint32_t ticks = pm_ticks() & PMTMR_MASK;
    uint64_t val = 0;

    pm_sync_timer(s);
    for (unsigned i = 0; i < size; i++) {
        hwaddr byte = addr + i;
        uint32_t reg = pm_register(s, byte & ~UINT64_C(1), ticks);

        val |= (uint64_t)(reg >> (byte & 1 ? 8 : 0) & 0xff) << (8 * i);
    }
    return val;
}

/* Write the bytes of a 16-bit register that `mask` selects. */
static void pm_write_register(PIIX4PM *s, hwaddr addr, uint16_t val, uint16_t mask)
{
    switch (addr) {
    case PMSTS:
        pm_sync_timer(s);
        s->pmsts &= ~(val & mask & PMSTS_W1C);
        break;
    case PMEN:
        s->pmen = (s->pmen & ~mask) | (val & mask & PMEN_MASK);
        break;
    case PMCNTRL:
        mask &= PMCNTRL_MASK | PMCNTRL_SLP_EN;
        s->pmcntrl = (s->pmcntrl & ~(mask & PMCNTRL_MASK)) | (val & mask & PMCNTRL_MASK);
        if (val & mask & PMCNTRL_SLP_EN) {
            pm_sleep(s);
        }
        break;
    default:
        return; /* the timer can't be set */
    }
    pm_update_sci(s);
}

static void pm_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PIIX4PM *s = opaque;

    if (addr & 1) {
        pm_write_register(s, addr - 1, data << 8, 0xff00);
        addr++;
        data >>= 8;
        size--;
    }
    for (; size >= 2; addr += 2, data >>= 16, size -= 2) {
        pm_write_register(s, addr, data, 0xffff);
    }
    if (size) {
        pm_write_register(s, addr, data, 0x00ff);
    }
}

static const RegisterName pm_registers[] = {{0x00, 2, "PMSTS"},
                                            {0x02, 2, "PMEN"},
                                            {0x04, 2, "PMCNTRL"},
                                            {0x08, 4, "PMTMR"},
                                            {0x0c, 2, "GPSTS"},
                                            {0x0e, 2, "GPEN"},
                                            {0x10, 4, "PCNTRL"},
                                            {0x14, 1, "PLVL2"},
                                            {0x15, 1, "PLVL3"},
                                            {0x18, 2, "GLBSTS"},
                                            {0x1c, 4, "DEVSTS"},
                                            {0x20, 2, "GLBEN"},
                                            {0x28, 4, "GLBCTL"},
                                            {0x2c, 4, "DEVCTL"},
                                            {0x30, 4, "GPIREG"},
                                            {0x34, 4, "GPOREG"},
                                            {}};

static const MemoryRegionOps pm_ops = {
    .read = pm_read,
    .write = pm_write,
    .registers = pm_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

/* ------------------------------------------------------------------ general purpose events -- */

static uint64_t gpe_read(void *opaque, hwaddr addr, unsigned size)
{
    const PIIX4PM *s = opaque;

    return addr < G_N_ELEMENTS(s->gpests) ? s->gpests[addr]
                                          : s->gpeen[addr - G_N_ELEMENTS(s->gpests)];
}

static void gpe_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PIIX4PM *s = opaque;

    if (addr < G_N_ELEMENTS(s->gpests)) {
        s->gpests[addr] &= ~data;
    } else {
        s->gpeen[addr - G_N_ELEMENTS(s->gpests)] = data;
    }
    pm_update_sci(s);
}

static const RegisterName gpe_registers[] = {{0, 2, "GPE0_STS"}, {2, 2, "GPE0_EN"}, {}};

static const MemoryRegionOps gpe_ops = {
    .read = gpe_read,
    .write = gpe_write,
    .registers = gpe_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ------------------------------------------------------------------------------- APM ports -- */

static uint64_t apm_read(void *opaque, hwaddr addr, unsigned size)
{
    const PIIX4PM *s = opaque;

    return addr == APM_CONTROL ? s->apm_control : s->apm_status;
}

/* A write of the control port is an SMI; these are the requests its handler would answer. */
static void apm_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PIIX4PM *s = opaque;

    if (addr == APM_STATUS) {
        s->apm_status = data;
        return;
    }
    s->apm_control = data;
    if (s->apm_control == PIIX4_PM_ACPI_ENABLE) {
        s->pmcntrl |= PMCNTRL_SCI_EN;
    } else if (s->apm_control == PIIX4_PM_ACPI_DISABLE) {
        s->pmcntrl &= ~PMCNTRL_SCI_EN;
    } else {
        log_unimp("PIIX4_PM: SMI command 0x%02x", s->apm_control);
    }
    pm_update_sci(s);
}

static const RegisterName apm_registers[] = {{0x0, 1, "APMC"}, {0x1, 1, "APMS"}, {}};

static const MemoryRegionOps apm_ops = {
    .read = apm_read,
    .write = apm_write,
    .registers = apm_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* --------------------------------------------------------------------- configuration space -- */

/* Have `mr` mapped at `want` (0: nowhere) on the bus; `*have` is where it is. */
static void pm_map(PIIX4PM *s, MemoryRegion *mr, hwaddr *have, hwaddr want)
{
    MemoryRegion *io = pci_bus_of(&s->pci)->io;

    if (*have == want) {
        return;
    }
    memory_region_transaction_begin();
    if (*have) {
        memory_region_del_subregion(io, mr);
    }
    if (want) {
        memory_region_add_subregion_overlap(io, want, mr, 1);
    }
    memory_region_transaction_commit();
    *have = want;
}

static void pm_update_mappings(PIIX4PM *s)
{
    const uint8_t *config = s->pci.config;
    bool pm_on = config[PIIX4_PMREGMISC] & PIIX4_PMREGMISC_PMIOSE;
    bool smbus_on = config[PIIX4_SMBHSTCFG] & PIIX4_SMBHSTCFG_HST_EN;

    memory_region_transaction_begin();
    pm_map(s, &s->io, &s->io_base, pm_on ? pci_get_word(config + PIIX4_PMBA) & 0xffc0 : 0);
    pm_map(s, &s->smbus.io, &s->smbus_base,
           smbus_on ? pci_get_word(config + PIIX4_SMBBA) & 0xfff0 : 0);
    memory_region_transaction_commit();
}

static void pm_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, unsigned len)
{
    PIIX4PM *s = DEVICE_CAST(PIIX4PM, &piix4_pm_class.device, pci);

    pci_default_write_config(pci, addr, val, len);
    pm_update_mappings(s);
    pm_update_sci(s);
}

static void pm_init_masks(PCIDevice *pci)
{
    uint8_t *wmask = pci->wmask;

    pci_set_word(wmask + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_SPECIAL);
    wmask[PCI_CACHE_LINE_SIZE] = 0;
    pci_set_long(wmask + PIIX4_PMBA, 0xffc0);
    /* Activity, resource and idle timer registers, 44 to 7F: nothing is monitored. */
    for (int reg = 0x44; reg < 0x80; reg++) {
        wmask[reg] = 0xff;
    }
    wmask[PIIX4_PMREGMISC] = PIIX4_PMREGMISC_PMIOSE;
    pci_set_long(wmask + PIIX4_SMBBA, 0xfff0);
    wmask[PIIX4_SMBHSTCFG] = 0x0f;
    wmask[PIIX4_SMBHSTCFG + 1] = 0xff; /* slave command */
    wmask[PIIX4_SMBHSTCFG + 2] = 0xff; /* slave shadow ports */
    wmask[PIIX4_SMBHSTCFG + 3] = 0xff;
}

/* ----------------------------------------------------------------------------------- class -- */

static void overflow_expired(void *opaque)
{
    pm_update_sci(opaque);
}

static bool piix4_pm_realize(Device *dev, GError **errp)
{
    PIIX4PM *s = DEVICE_CAST(PIIX4PM, &piix4_pm_class.device, dev);
    MemoryRegion *io = pci_bus_of(&s->pci)->io;

    pm_init_masks(&s->pci);
    s->pci.config[PCI_INTERRUPT_PIN] = 1;
    s->pci.config_write = pm_write_config;
    device_init_gpio_out(dev, NULL, &s->sci, 1);
    timer_init(&s->overflow_timer, VM_CLOCK_VIRTUAL, overflow_expired, s);
    piix4_smbus_init(&s->smbus, &dev->owner, pm_update_sci, s);

    memory_region_init_io(&s->io, &dev->owner, &pm_ops, s, "piix4-pm", PM_IO_SIZE);
    memory_region_init_io(&s->gpe, &dev->owner, &gpe_ops, s, "acpi-gpe0", PIIX4_PM_GPE_LEN);
    memory_region_init_io(&s->apm, &dev->owner, &apm_ops, s, "apm-io", 2);
    memory_region_transaction_begin();
    memory_region_add_subregion(io, PIIX4_PM_GPE_BASE, &s->gpe);
    memory_region_add_subregion(io, APM_PORT, &s->apm);
    memory_region_transaction_commit();
    return true;
}

static void piix4_pm_unrealize(Device *dev)
{
    PIIX4PM *s = DEVICE_CAST(PIIX4PM, &piix4_pm_class.device, dev);
    MemoryRegion *io = pci_bus_of(&s->pci)->io;

    runstate_set_powerdown_handler(NULL, NULL);
    timer_del(&s->overflow_timer);
    pm_map(s, &s->io, &s->io_base, 0);
    pm_map(s, &s->smbus.io, &s->smbus_base, 0);
    memory_region_del_subregion(io, &s->gpe);
    memory_region_del_subregion(io, &s->apm);
    memory_region_destroy(&s->io);
    memory_region_destroy(&s->smbus.io);
    memory_region_destroy(&s->gpe);
    memory_region_destroy(&s->apm);
}

static void piix4_pm_reset(Device *dev)
{
    PIIX4PM *s = DEVICE_CAST(PIIX4PM, &piix4_pm_class.device, dev);
    PCIDevice *pci = &s->pci;

    pci_config_store(pci, PCI_STATUS, PCI_STATUS_FAST_BACK | PCI_STATUS_DEVSEL_MEDIUM, 2);
    pci_config_store(pci, PIIX4_PMBA, PCI_BASE_ADDRESS_SPACE_IO, 4);
    /* APMC_EN: no firmware should wait for an SMI handler that can't be set up. */
    pci_config_store(pci, PIIX4_DEVACTB, 0x02000000, 4);
    pci_config_store(pci, PIIX4_PMREGMISC, 0, 1);
    pci_config_store(pci, PIIX4_SMBBA, PCI_BASE_ADDRESS_SPACE_IO, 4);
    pci_config_store(pci, PIIX4_SMBHSTCFG, PIIX4_SMBHSTCFG_INTRSEL_IRQ9, 1);

    s->pmsts = s->pmen = 0;
    s->pmcntrl = PMCNTRL_SCI_EN;
    s->next_overflow = (pm_ticks() | (PMTMR_MSB - 1)) + 1;
    for (size_t i = 0; i < G_N_ELEMENTS(s->gpests); i++) {
        s->gpests[i] = s->gpeen[i] = 0;
    }
    s->apm_control = s->apm_status = 0;
    piix4_smbus_reset(&s->smbus);
    pm_update_mappings(s);
    pm_update_sci(s);
}

/* Suspending needs a guest's RAM kept with the CPUs off; there is no such state yet. */
static const Property piix4_pm_props[] = {
    PROP_UINT8("disable_s3", PIIX4PM, disable_s3, 1, .min = 1, .max = 1,
               .help = "suspend to RAM is not there"),
    PROP_UINT8("disable_s4", PIIX4PM, disable_s4, 1, .min = 1, .max = 1,
               .help = "suspend to disk by firmware is not there"),
    {}};

/* No range is queued: writes change the SCI, its timer, or the machine's power. */
const PCIDeviceClass piix4_pm_class = {
    .device =
        {
            .name = "PIIX4_PM",
            .desc = "Power management",
            .category = "Controller/Bridge/Hub",
            .parent = &pci_device_class,
            .size = sizeof(PIIX4PM),
            .internal = true,
            .props = piix4_pm_props,
            .realize = piix4_pm_realize,
            .unrealize = piix4_pm_unrealize,
            .reset = piix4_pm_reset,
        },
    .vendor_id = 0x8086,
    .device_id = 0x7113,
    .revision = 0x03,
    .class_id = PCI_CLASS_BRIDGE_OTHER,
};

Device *piix4_pm_new(PCIBus *bus)
{
    Device *dev = device_new(&piix4_pm_class.device);

    device_set_str(dev, "addr", "01.3");
    device_realize_or_die(dev, &bus->bus);
    runstate_set_powerdown_handler(pm_powerdown, DEVICE_CAST(PIIX4PM, &piix4_pm_class.device, dev));
    return dev;
}

void piix4_pm_set_legacy_ports(Device *pm, bool lpt1, bool com1, bool com2)
{
    PIIX4PM *s = DEVICE_CAST(PIIX4PM, &piix4_pm_class.device, pm);

    pci_config_store(&s->pci, PIIX4_DEVRESB + 3, lpt1 ? PIIX4_DEVRESB_LPT : 0, 1);
    /* The floppy's and the keyboard's ports. */
    pci_config_store(&s->pci, PIIX4_DEVRESC + 3, 0x60, 1);
    pci_config_store(&s->pci, PIIX4_DEVRESD + 3,
                     (com1 ? PIIX4_DEVRESD_COM1 : 0) | (com2 ? PIIX4_DEVRESD_COM2 : 0), 1);
}
