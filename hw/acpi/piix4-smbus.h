/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SMBus host controller inside the PIIX4's power management function.
 */
#ifndef LIGNITE_HW_ACPI_PIIX4_SMBUS_H
#define LIGNITE_HW_ACPI_PIIX4_SMBUS_H

#include "hw/core/irq.h"
#include "memory/memory.h"

#define PIIX4_SMBUS_SIZE 16

typedef struct Piix4Smbus {
    MemoryRegion io;
    uint8_t status;       /* 00 SMBHSTSTS */
    uint8_t slave_status; /* 01 SMBSLVSTS */
    uint8_t control;      /* 02 SMBHSTCNT */
    uint8_t command;      /* 03 SMBHSTCMD */
    uint8_t address;      /* 04 SMBHSTADD */
    uint8_t data[2];      /* 05 SMBHSTDAT0, 06 SMBHSTDAT1 */
    uint8_t block[32];    /* 07 SMBBLKDAT, one byte at a time */
    unsigned block_index;
    uint8_t slave_control;  /* 08 SMBSLVCNT */
    uint8_t shadow;         /* 09 SMBSHDWCMD, read-only */
    uint8_t slave_event[2]; /* 0A SMBSLVEVT */
    uint8_t slave_data[2];  /* 0C SMBSLVDAT, read-only */
    void (*update_irq)(void *opaque);
    void *opaque;
} Piix4Smbus;

/* `update_irq` is called whenever piix4_smbus_irq() may have changed. */
void piix4_smbus_init(Piix4Smbus *s, MemoryOwner *owner, void (*update_irq)(void *opaque),
                      void *opaque);
void piix4_smbus_reset(Piix4Smbus *s);

/* Whether it asks for an interrupt. */
bool piix4_smbus_irq(const Piix4Smbus *s);

#endif
