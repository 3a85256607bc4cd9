/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SMBus host controller of the PIIX4.
 * Document: Intel 82371AB (PIIX4), 7.3.
 *
 * There are no devices on the bus, so every transaction ends at its address byte, which nobody
 * acknowledges: DEV_ERR. It ends at once; HOST_BUSY is never seen. The controller's own slave port
 * is never addressed.
 */
#include "piix4-smbus.h"

#include <string.h>

enum {
    SMBHSTSTS = 0x00,
    SMBSLVSTS = 0x01,
    SMBHSTCNT = 0x02,
    SMBHSTCMD = 0x03,
    SMBHSTADD = 0x04,
    SMBHSTDAT0 = 0x05,
    SMBHSTDAT1 = 0x06,
    SMBBLKDAT = 0x07,
    SMBSLVCNT = 0x08,
    SMBSHDWCMD = 0x09,
    SMBSLVEVT = 0x0a,
    SMBSLVDAT = 0x0c,

    SMBHSTSTS_INTER = 0x02, /* ended, with success */
    SMBHSTSTS_DEV_ERR = 0x04,
    SMBHSTSTS_BUS_ERR = 0x08,
    SMBHSTSTS_FAILED = 0x10, /* killed */
    SMBHSTSTS_W1C = SMBHSTSTS_INTER | SMBHSTSTS_DEV_ERR | SMBHSTSTS_BUS_ERR | SMBHSTSTS_FAILED,

    SMBHSTCNT_INTEREN = 0x01,
    SMBHSTCNT_KILL = 0x02,
    SMBHSTCNT_PROT = 0x1c,
    SMBHSTCNT_START = 0x40, /* reads 0 */

    SMBSLVSTS_W1C = 0x3c,
    SMBSLVCNT_MASK = 0x0d,
};

bool piix4_smbus_irq(const Piix4Smbus *s)
{
    return (s->control & SMBHSTCNT_INTEREN) && (s->status & SMBHSTSTS_W1C);
}

static uint64_t smbus_read(void *opaque, hwaddr addr, unsigned size)
{
    Piix4Smbus *s = opaque;

    switch (addr) {
    case SMBHSTSTS:
        return s->status;
    case SMBSLVSTS:
        return s->slave_status;
    case SMBHSTCNT:
        s->block_index = 0; /* reading it rewinds the block buffer */
        return s->control;
    case SMBHSTCMD:
        return s->command;
    case SMBHSTADD:
        return s->address;
    case SMBHSTDAT0:
    case SMBHSTDAT1:
        return s->data[addr - SMBHSTDAT0];
    case SMBBLKDAT:
        s->block_index %= sizeof(s->block);
        return s->block[s->block_index++];
    case SMBSLVCNT:
        return s->slave_control;
    case SMBSHDWCMD:
        return s->shadow;
    case SMBSLVEVT:
    case SMBSLVEVT + 1:
        return s->slave_event[addr - SMBSLVEVT];
    case SMBSLVDAT:
    case SMBSLVDAT + 1:
        return s->slave_data[addr - SMBSLVDAT];
    default:
        return 0;
    }
}

static void smbus_write_control(Piix4Smbus *s, uint8_t val)
{
    s->control = val & (SMBHSTCNT_INTEREN | SMBHSTCNT_KILL | SMBHSTCNT_PROT);
    if (val & SMBHSTCNT_KILL) {
        s->status |= SMBHSTSTS_FAILED;
    } else if (val & SMBHSTCNT_START) {
        s->status |= SMBHSTSTS_DEV_ERR;
    }
}

static void smbus_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Piix4Smbus *s = opaque;

    switch (addr) {
    case SMBHSTSTS:
        s->status &= ~(data & SMBHSTSTS_W1C);
        s->block_index = 0;
        break;
    case SMBSLVSTS:
        s->slave_status &= ~(data & SMBSLVSTS_W1C);
        break;
    case SMBHSTCNT:
        smbus_write_control(s, data);
        break;
    case SMBHSTCMD:
        s->command = data;
        break;
    case SMBHSTADD:
        s->address = data;
        break;
    case SMBHSTDAT0:
    case SMBHSTDAT1:
        s->data[addr - SMBHSTDAT0] = data;
        break;
    case SMBBLKDAT:
        s->block_index %= sizeof(s->block);
        s->block[s->block_index++] = data;
        break;
    case SMBSLVCNT:
        s->slave_control = data & SMBSLVCNT_MASK;
        break;
    case SMBSLVEVT:
    case SMBSLVEVT + 1:
        s->slave_event[addr - SMBSLVEVT] = data;
        break;
    default:
        break;
    }
    s->update_irq(s->opaque);
}

static const RegisterName smbus_registers[] = {{0x0, 1, "SMBHSTSTS"},
                                               {0x1, 1, "SMBSLVSTS"},
                                               {0x2, 1, "SMBHSTCNT"},
                                               {0x3, 1, "SMBHSTCMD"},
                                               {0x4, 1, "SMBHSTADD"},
                                               {0x5, 1, "SMBHSTDAT0"},
                                               {0x6, 1, "SMBHSTDAT1"},
                                               {0x7, 1, "SMBBLKDAT"},
                                               {0x8, 1, "SMBSLVCNT"},
                                               {0x9, 1, "SMBSHDWCMD"},
                                               {0xa, 2, "SMBSLVEVT"},
                                               {0xc, 2, "SMBSLVDAT"},
                                               {}};

static const MemoryRegionOps smbus_ops = {
    .read = smbus_read,
    .write = smbus_write,
    .registers = smbus_registers,
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

void piix4_smbus_init(Piix4Smbus *s, MemoryOwner *owner, void (*update_irq)(void *opaque),
                      void *opaque)
{
    s->update_irq = update_irq;
    s->opaque = opaque;
    memory_region_init_io(&s->io, owner, &smbus_ops, s, "pm-smbus", PIIX4_SMBUS_SIZE);
}

void piix4_smbus_reset(Piix4Smbus *s)
{
    s->status = s->slave_status = s->control = s->command = s->address = 0;
    s->slave_control = s->shadow = 0;
    s->block_index = 0;
    memset(s->data, 0, sizeof(s->data));
    memset(s->block, 0, sizeof(s->block));
    memset(s->slave_event, 0, sizeof(s->slave_event));
    memset(s->slave_data, 0, sizeof(s->slave_data));
}
