/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What test programs for a hypervisor want of a PC: a register at ports of every width, a window of
 * memory that is a device, interrupt lines at will, and a page that loses its mapping.
 * Document: kvm-unit-tests, whose guests it is for; QEMU's hw/misc/pc-testdev is known to them.
 *
 *     E0..E3      a register of 4 bytes
 *     E4..E7      a guest address, as a double word: the host maps its page anew
 *     E8..EB      the same register, a byte at a time whatever the guest's width
 *     EC          with irqfd=N: a doorbell (an ioeventfd) that raises line N (an irqfd); any byte
 *     ED          with irqfd=N,irqfd-level=on: while not 0, that interrupt's cause persists
 *     2000..2017  write: the level of that interrupt line (any value but 0 is high)
 *     FF000000    64 KiB that hold what is written
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "hw/core/irqfd.h"
#include "hw/core/log.h"
#include "hw/isa/isa.h"
#include "hw/misc/pc-testdev.h"
#include "memory/system.h"

enum {
    REG_PORT = 0xe0,
    FLUSH_PORT = 0xe4,
    REG_BYTES_PORT = 0xe8,
    IRQFD_PORT = 0xec,
    LINES_PORT = 0x2000,
    REG_SIZE = 4,
    WINDOW_SIZE = 0x10000,

    IRQFD_DOORBELL = 0,
    IRQFD_PERSISTS = 1,
    IRQFD_PORTS = 2,
};
#define WINDOW_BASE UINT64_C(0xff000000)

typedef struct PcTestdev {
    ISADevice isa;
    MemoryRegion reg_io, flush_io, reg_bytes_io, lines_io, window_io;
    uint8_t reg[REG_SIZE];
    uint8_t window[WINDOW_SIZE];
    Irq *gsi[PC_TESTDEV_LINES - ISA_IRQS];

    int irqfd_line; /* -1: none */
    bool irqfd_level;
    MemoryRegion irqfd_io;
    IrqFd irqfd;
    uint8_t persists;
} PcTestdev;

static uint64_t load(const uint8_t *bytes, unsigned size)
{
    uint64_t val = 0;

    for (unsigned i = 0; i < size; i++) {
        val |= (uint64_t)bytes[i] << 8 * i;
    }
    return val;
}

static void store(uint8_t *bytes, uint64_t val, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        bytes[i] = val >> 8 * i;
    }
}

/* ------------------------------------------------------------------------------- the register --
 */

static uint64_t reg_read(void *opaque, hwaddr addr, unsigned size)
{
    const PcTestdev *s = opaque;

    return load(s->reg + addr, size);
}

static void reg_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PcTestdev *s = opaque;

    store(s->reg + addr, data, size);
}

static const RegisterName reg_registers[] = {{0, 4, "REG"}, {}};

static const MemoryRegionOps reg_ops = {
    .read = reg_read,
    .write = reg_write,
    .registers = reg_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

static const MemoryRegionOps reg_bytes_ops = {
    .read = reg_read,
    .write = reg_write,
    .registers = reg_registers,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* ---------------------------------------------------------------------------------- the flush --
 */

/*
 * Have the kernel drop its mappings of one page of RAM. A change of protection does that; adding a
 * permission and taking it back leaves no moment at which a CPU or a disk would find the page shut.
 * Where the host does not grant it, nothing happens.
 */
static void flush_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    hwaddr page_size = sysconf(_SC_PAGESIZE);
    hwaddr page = data & -page_size;
    MemoryRegionSection section = address_space_lookup(&address_space_memory, page, page_size);
    uint8_t *host;

    if (!section.mr || !memory_region_is_ram(section.mr) || section.size < page_size) {
        return;
    }
    host = memory_region_get_ram_ptr(section.mr);
    host += section.offset_within_region;
    if (((uintptr_t)host & (page_size - 1)) == 0 &&
        mprotect(host, page_size, PROT_READ | PROT_WRITE | PROT_EXEC) == 0) {
        mprotect(host, page_size, PROT_READ | PROT_WRITE);
    }
}

static const RegisterName flush_registers[] = {{0, 4, "FLUSH"}, {}};

static const MemoryRegionOps flush_ops = {
    .write = flush_write,
    .registers = flush_registers,
    .valid = {.min_access_size = 4, .max_access_size = 4},
};

/* ---------------------------------------------------------------------------------- the lines --
 */

static Irq *testdev_line(PcTestdev *s, unsigned n)
{
    return n < ISA_IRQS ? isa_get_irq(&s->isa.dev, n) : s->gsi[n - ISA_IRQS];
}

static void lines_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PcTestdev *s = opaque;

    irq_set(testdev_line(s, addr), data != 0);
}

static const MemoryRegionOps lines_ops = {
    .write = lines_write,
    .valid = {.min_access_size = 1, .max_access_size = 1},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* --------------------------------------------------------------------------------- the irqfd -- */

static bool irqfd_persists(void *opaque)
{
    const PcTestdev *s = opaque;

    return s->persists != 0;
}

static uint64_t irqfd_read(void *opaque, hwaddr addr, unsigned size)
{
    const PcTestdev *s = opaque;

    return addr == IRQFD_PERSISTS ? s->persists : 0;
}

/* The doorbell never gets here. */
static void irqfd_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PcTestdev *s = opaque;

    if (addr == IRQFD_PERSISTS) {
        s->persists = data;
    }
}

static const MemoryRegionOps irqfd_ops = {
    .read = irqfd_read,
    .write = irqfd_write,
    .valid = {.min_access_size = 1, .max_access_size = 1},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static void irqfd_doorbell(PcTestdev *s, bool add)
{
    if (add) {
        memory_region_add_eventfd(&s->irqfd_io, IRQFD_DOORBELL, 1, false, 0, s->irqfd.fd);
    } else {
        memory_region_del_eventfd(&s->irqfd_io, IRQFD_DOORBELL, 1, false, 0, s->irqfd.fd);
    }
}

static bool irqfd_start(PcTestdev *s, GError **errp)
{
    if (!irqfd_init(&s->irqfd, testdev_line(s, s->irqfd_line),
                    s->irqfd_level ? irqfd_persists : NULL, s, errp)) {
        return false;
    }
    irqfd_doorbell(s, true);
    return true;
}

static void irqfd_stop(PcTestdev *s)
{
    if (s->irqfd.fd >= 0) {
        irqfd_doorbell(s, false);
        irqfd_cleanup(&s->irqfd);
    }
}

/* --------------------------------------------------------------------------------- the window --
 */

static uint64_t window_read(void *opaque, hwaddr addr, unsigned size)
{
    const PcTestdev *s = opaque;

    return load(s->window + addr, size);
}

static void window_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PcTestdev *s = opaque;

    store(s->window + addr, data, size);
}

static const MemoryRegionOps window_ops = {
    .read = window_read,
    .write = window_write,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

/* ------------------------------------------------------------------------------------- class -- */

static bool pc_testdev_realize(Device *dev, GError **errp)
{
    PcTestdev *s = DEVICE_CAST(PcTestdev, &pc_testdev_class, dev);

    memory_region_init_io(&s->reg_io, &dev->owner, &reg_ops, s, "pc-testdev-ioport", REG_SIZE);
    memory_region_init_io(&s->flush_io, &dev->owner, &flush_ops, s, "pc-testdev-flush-page", 4);
    memory_region_init_io(&s->reg_bytes_io, &dev->owner, &reg_bytes_ops, s,
                          "pc-testdev-ioport-byte", REG_SIZE);
    memory_region_init_io(&s->lines_io, &dev->owner, &lines_ops, s, "pc-testdev-irq-line",
                          PC_TESTDEV_LINES);
    memory_region_init_io(&s->window_io, &dev->owner, &window_ops, s, "pc-testdev-iomem",
                          WINDOW_SIZE);
    isa_register_ioport(dev, &s->reg_io, REG_PORT);
    isa_register_ioport(dev, &s->flush_io, FLUSH_PORT);
    isa_register_ioport(dev, &s->reg_bytes_io, REG_BYTES_PORT);
    isa_register_ioport(dev, &s->lines_io, LINES_PORT);
    s->irqfd.fd = -1;
    if (s->irqfd_line >= 0) {
        memory_region_init_io(&s->irqfd_io, &dev->owner, &irqfd_ops, s, "pc-testdev-irqfd",
                              IRQFD_PORTS);
        isa_register_ioport(dev, &s->irqfd_io, IRQFD_PORT);
    }
    memory_region_add_subregion(isa_bus_of(dev)->mem, WINDOW_BASE, &s->window_io);
    device_init_gpio_out(dev, "gsi", s->gsi, G_N_ELEMENTS(s->gsi));
    return true;
}

/* The bus takes the ports out and destroys them. */
static void pc_testdev_unrealize(Device *dev)
{
    PcTestdev *s = DEVICE_CAST(PcTestdev, &pc_testdev_class, dev);

    irqfd_stop(s);
    memory_region_del_subregion(isa_bus_of(dev)->mem, &s->window_io);
    memory_region_destroy(&s->window_io);
}

/* The line may be one that the board connects after the device was made: so not before this. */
static void pc_testdev_reset(Device *dev)
{
    PcTestdev *s = DEVICE_CAST(PcTestdev, &pc_testdev_class, dev);
    g_autoptr(GError) err = NULL;

    s->persists = 0;
    if (s->irqfd_line < 0) {
        return;
    }
    if (s->irqfd.fd >= 0) {
        irqfd_reset(&s->irqfd);
    } else if (!irqfd_start(s, &err)) {
        log_warning("pc-testdev: irqfd=%d: %s", s->irqfd_line, err->message);
    }
}

static const Property pc_testdev_props[] = {
    PROP_INT32("irqfd", PcTestdev, irqfd_line, -1, .min = -1, .max = PC_TESTDEV_LINES - 1,
               .help = "interrupt line of the doorbell at port 0xec (-1: there is none)"),
    PROP_BOOL("irqfd-level", PcTestdev, irqfd_level, false,
              .help = "that line stays up until the guest's end of interrupt"),
    {}};

const DeviceClass pc_testdev_class = {
    .name = "pc-testdev",
    .desc = "registers, memory and interrupts for hypervisor tests",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(PcTestdev),
    .props = pc_testdev_props,
    .realize = pc_testdev_realize,
    .unrealize = pc_testdev_unrealize,
    .reset = pc_testdev_reset,
};
