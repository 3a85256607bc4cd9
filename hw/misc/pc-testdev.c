/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What test programs for a hypervisor want of a PC: a register at ports of every width, a window of
 * memory that is a device, interrupt lines at will, and a page that loses its mapping.
 * Document: kvm-unit-tests, whose guests it is for; QEMU's hw/misc/pc-testdev is known to them.
 *
 *     E0..E3      a register of 4 bytes
 *     E4..E7      a guest address, as a double word: the host maps its page anew
 *     E8..EB      the same register, a byte at a time whatever the guest's width
 *     2000..2017  write: the level of that interrupt line (any value but 0 is high)
 *     FF000000    64 KiB that hold what is written
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hw/isa/isa.h"
#include "hw/misc/pc-testdev.h"
#include "memory/system.h"

enum {
    REG_PORT = 0xe0,
    FLUSH_PORT = 0xe4,
    REG_BYTES_PORT = 0xe8,
    LINES_PORT = 0x2000,
    REG_SIZE = 4,
    WINDOW_SIZE = 0x10000,
};
#define WINDOW_BASE UINT64_C(0xff000000)

typedef struct PcTestdev {
    ISADevice isa;
    MemoryRegion reg_io, flush_io, reg_bytes_io, lines_io, window_io;
    uint8_t reg[REG_SIZE];
    uint8_t window[WINDOW_SIZE];
    Irq *gsi[PC_TESTDEV_LINES - ISA_IRQS];
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

static void lines_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PcTestdev *s = opaque;
    Irq *line = addr < ISA_IRQS ? isa_get_irq(&s->isa.dev, addr) : s->gsi[addr - ISA_IRQS];

    irq_set(line, data != 0);
}

static const MemoryRegionOps lines_ops = {
    .write = lines_write,
    .valid = {.min_access_size = 1, .max_access_size = 1},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

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
    memory_region_add_subregion(isa_bus_of(dev)->mem, WINDOW_BASE, &s->window_io);
    device_init_gpio_out(dev, "gsi", s->gsi, G_N_ELEMENTS(s->gsi));
    return true;
}

/* The bus takes the ports out and destroys them. */
static void pc_testdev_unrealize(Device *dev)
{
    PcTestdev *s = DEVICE_CAST(PcTestdev, &pc_testdev_class, dev);

    memory_region_del_subregion(isa_bus_of(dev)->mem, &s->window_io);
    memory_region_destroy(&s->window_io);
}

const DeviceClass pc_testdev_class = {
    .name = "pc-testdev",
    .desc = "registers, memory and interrupts for hypervisor tests",
    .category = "Misc",
    .parent = &isa_device_class,
    .size = sizeof(PcTestdev),
    .realize = pc_testdev_realize,
    .unrealize = pc_testdev_unrealize,
};
