/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space of one bus as memory.
 * Documents: PCI Express Base Specification 1.1, 7.2.2; PCI Firmware Specification 3.0, 4.1.
 *
 * With shadows the window is one ROM device, so one memory slot, over 1 MiB of host memory that is
 * put together from the pages of a file in memory: page 0 of the file is all ones and stands where
 * no function is, and each function has a page of its own. All pages are also mapped in the file's
 * order, which is where registers are stored. A page is filled before it is mapped into the window,
 * so a vCPU that reads meanwhile sees all ones or the function.
 *
 * A function whose reads do something, or are worked out when they happen, has a config_read of its
 * own; its whole page traps. Left out: extended registers (100 and up), which no device here has.
 */
#include "hw/pci/pci-ecam.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "hw/core/log.h"
#include "pci-internal.h"

#define FUNCTIONS  256
#define ONES_PAGE  0
#define FILE_PAGES (FUNCTIONS + 1)

/* Over the I/O region are the shadows, and over these the pages that trap. */
#define SHADOW_PRIORITY 1
#define TRAP_PRIORITY   2

struct PciEcam {
    PCIBus *bus;
    MemoryOwner *owner;
    MemoryRegion window;
    MemoryRegion io;     /* every access exits */
    MemoryRegion shadow; /* reads do not; with PCI_ECAM_SHADOW alone */
    bool shadows;
    uint8_t *pages;                   /* the file's, in its order */
    int fd;                           /* the file */
    MemoryRegion *trapped[FUNCTIONS]; /* over the shadow: an alias of a page of `io`, or NULL */
};

/* -------------------------------------------------------------------------------- accesses -- */

static uint64_t ecam_read(void *opaque, hwaddr addr, unsigned size)
{
    PciEcam *ecam = opaque;

    return pci_config_read(ecam->bus, addr / PCI_ECAM_PAGE_SIZE, addr % PCI_ECAM_PAGE_SIZE, size);
}

static void ecam_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PciEcam *ecam = opaque;

    pci_config_write(ecam->bus, addr / PCI_ECAM_PAGE_SIZE, addr % PCI_ECAM_PAGE_SIZE, data, size);
}

/* Eight bytes at once are two configuration cycles. */
static const MemoryRegionOps ecam_ops = {
    .read = ecam_read,
    .write = ecam_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

/* ----------------------------------------------------------------------------------- pages -- */

static uint8_t *file_page(PciEcam *ecam, unsigned page)
{
    return ecam->pages + page * PCI_ECAM_PAGE_SIZE;
}

/* Show page `page` of the file as the function's. */
static bool show_page(PciEcam *ecam, uint8_t devfn, unsigned page)
{
    uint8_t *host = memory_region_get_ram_ptr(&ecam->shadow);

    return mmap(host + devfn * PCI_ECAM_PAGE_SIZE, PCI_ECAM_PAGE_SIZE, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_FIXED, ecam->fd, (off_t)page * PCI_ECAM_PAGE_SIZE) != MAP_FAILED;
}

static void trap(PciEcam *ecam, uint8_t devfn)
{
    MemoryRegion *mr = g_new0(MemoryRegion, 1);

    memory_region_init_alias(mr, ecam->owner, "pci-ecam-trapped", &ecam->io,
                             devfn * PCI_ECAM_PAGE_SIZE, PCI_ECAM_PAGE_SIZE);
    memory_region_add_subregion_overlap(&ecam->window, devfn * PCI_ECAM_PAGE_SIZE, mr,
                                        TRAP_PRIORITY);
    ecam->trapped[devfn] = mr;
}

static void untrap(PciEcam *ecam, uint8_t devfn)
{
    MemoryRegion *mr = ecam->trapped[devfn];

    if (mr) {
        memory_region_del_subregion(&ecam->window, mr);
        memory_region_destroy(mr);
        g_free(mr);
        ecam->trapped[devfn] = NULL;
    }
}

void pci_ecam_add(PciEcam *ecam, PCIDevice *dev)
{
    const unsigned page = dev->devfn + 1;

    if (!ecam->shadows) {
        return;
    }
    if (dev->config_read) {
        trap(ecam, dev->devfn);
        return;
    }
    memset(file_page(ecam, page), 0xff, PCI_ECAM_PAGE_SIZE);
    dev->shadow = (uint32_t *)file_page(ecam, page);
    pci_shadow_update(dev, 0, PCI_CONFIG_SIZE);
    if (!show_page(ecam, dev->devfn, page)) {
        warn_once("no page for the configuration space of %s: %s: reads of it will exit",
                  dev->dev.owner.name, g_strerror(errno));
        dev->shadow = NULL;
        trap(ecam, dev->devfn);
    }
}

void pci_ecam_remove(PciEcam *ecam, PCIDevice *dev)
{
    if (!ecam->shadows) {
        return;
    }
    /* Where the host has no page to show, an absent function's accesses exit and find nothing. */
    if (dev->shadow && !show_page(ecam, dev->devfn, ONES_PAGE)) {
        trap(ecam, dev->devfn);
    } else {
        untrap(ecam, dev->devfn);
    }
    dev->shadow = NULL;
}

bool pci_ecam_is_shadowed(const PciEcam *ecam, uint8_t devfn)
{
    return ecam->shadows && !ecam->trapped[devfn];
}

/* ---------------------------------------------------------------------------- life and death -- */

static bool make_pages(PciEcam *ecam, GError **errp)
{
    const size_t size = FILE_PAGES * PCI_ECAM_PAGE_SIZE;
    bool ok;

    ecam->fd = memfd_create("pci-ecam", MFD_CLOEXEC);
    if (ecam->fd < 0 || ftruncate(ecam->fd, size) < 0) {
        error_setg(errp, "no memory for PCI configuration space: %s", g_strerror(errno));
        return false;
    }
    ecam->pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ecam->fd, 0);
    if (ecam->pages == MAP_FAILED) {
        ecam->pages = NULL;
        error_setg(errp, "no memory for PCI configuration space: %s", g_strerror(errno));
        return false;
    }
    memset(file_page(ecam, ONES_PAGE), 0xff, PCI_ECAM_PAGE_SIZE);
    ok = memory_region_init_rom_device(&ecam->shadow, ecam->owner, &ecam_ops, ecam,
                                       "pci-ecam-shadow", PCI_ECAM_SIZE, errp);
    if (!ok) {
        return false;
    }
    ecam->shadows = true;
    memory_region_add_subregion_overlap(&ecam->window, 0, &ecam->shadow, SHADOW_PRIORITY);
    for (unsigned devfn = 0; devfn < FUNCTIONS; devfn++) {
        if (!show_page(ecam, devfn, ONES_PAGE)) {
            error_setg(errp, "no memory for PCI configuration space: %s", g_strerror(errno));
            return false;
        }
    }
    return true;
}

PciEcam *pci_ecam_new(PCIBus *bus, MemoryOwner *owner, PciEcamMode mode, GError **errp)
{
    PciEcam *ecam = g_new0(PciEcam, 1);

    g_assert(mode != PCI_ECAM_OFF && !bus->ecam);
    ecam->bus = bus;
    ecam->owner = owner;
    ecam->fd = -1;
    memory_region_init(&ecam->window, owner, "pci-ecam", PCI_ECAM_SIZE);
    memory_region_init_io(&ecam->io, owner, &ecam_ops, ecam, "pci-ecam-io", PCI_ECAM_SIZE);
    memory_region_add_subregion(&ecam->window, 0, &ecam->io);
    if (mode == PCI_ECAM_SHADOW && !make_pages(ecam, errp)) {
        pci_ecam_free(ecam);
        return NULL;
    }
    bus->ecam = ecam;
    for (unsigned devfn = 0; devfn < FUNCTIONS; devfn++) {
        if (bus->devices[devfn] && bus->devices[devfn]->dev.realized) {
            pci_ecam_add(ecam, bus->devices[devfn]);
        }
    }
    return ecam;
}

MemoryRegion *pci_ecam_region(PciEcam *ecam)
{
    return &ecam->window;
}

void pci_ecam_free(PciEcam *ecam)
{
    if (!ecam) {
        return;
    }
    for (unsigned devfn = 0; devfn < FUNCTIONS; devfn++) {
        if (ecam->bus->devices[devfn]) {
            ecam->bus->devices[devfn]->shadow = NULL;
        }
        untrap(ecam, devfn);
    }
    if (ecam->bus->ecam == ecam) {
        ecam->bus->ecam = NULL;
    }
    memory_region_destroy(&ecam->window); /* takes the others out */
    memory_region_destroy(&ecam->shadow);
    memory_region_destroy(&ecam->io);
    if (ecam->pages) {
        munmap(ecam->pages, FILE_PAGES * PCI_ECAM_PAGE_SIZE);
    }
    if (ecam->fd >= 0) {
        close(ecam->fd);
    }
    g_free(ecam);
}
