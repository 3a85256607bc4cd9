/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000's EEPROM: 64 words, read through EERD, and bit by bit with Microwire through EECD.
 * Documents: Intel 317453, 5.3 (EEPROM interface), 5.6 (map), 13.4.3 and 13.4.4; Microchip 93C46B.
 *
 * Writes last until the machine ends: there is no file behind the EEPROM.
 */
#include <string.h>

#include "e1000-internal.h"

enum {
    EECD_SK = 1 << 0,
    EECD_CS = 1 << 1,
    EECD_DI = 1 << 2,
    EECD_DO = 1 << 3,
    EECD_FWE_DISABLED = 1 << 4,
    EECD_EE_REQ = 1 << 6,
    EECD_EE_GNT = 1 << 7,
    EECD_EE_PRES = 1 << 8,
    EECD_LINES = EECD_SK | EECD_CS | EECD_DI | EECD_EE_REQ,

    EERD_START = 1 << 0,
    EERD_DONE = 1 << 4,
    EERD_ADDR_SHIFT = 8,
    EERD_ADDR_MASK = 0xff << EERD_ADDR_SHIFT,
    EERD_DATA_SHIFT = 16,

    /* words of the map */
    EEPROM_MAC = 0x00,
    EEPROM_PBA = 0x08,
    EEPROM_INIT_CONTROL_1 = 0x0a,
    EEPROM_SUBSYSTEM_ID = 0x0b,
    EEPROM_SUBSYSTEM_VENDOR_ID = 0x0c,
    EEPROM_DEVICE_ID = 0x0d,
    EEPROM_VENDOR_ID = 0x0e,
    EEPROM_CHECKSUM = 0x3f,
    EEPROM_SUM = 0xbaba, /* of all 64 words */

    INIT_CONTROL_1_VALID = 0x4000,
    INIT_CONTROL_1_LOAD_IDS = 0x0003,

    /* commands: two bits, then six of address */
    COMMAND_BITS = 8,
    COMMAND_SHIFT = 6,
    COMMAND_ADDR = 0x3f,
    COMMAND_WRITE = 1,
    COMMAND_READ = 2,
    COMMAND_ERASE = 3,
    COMMAND_EXTENDED = 0, /* by the two upper bits of the address: */
    EXTENDED_EWDS = 0,
    EXTENDED_WRAL = 1,
    EXTENDED_ERAL = 2,
    EXTENDED_EWEN = 3,
    DATA_BITS = 16,
};

void e1000_eeprom_init(E1000Eeprom *s, const MacAddr *mac, const PCIDeviceClass *cls)
{
    uint16_t sum = 0;

    *s = (E1000Eeprom){.data_out = true};
    memset(s->words, 0xff, sizeof(s->words)); /* as erased: no option is set up */
    for (int i = 0; i < 3; i++) {
        s->words[EEPROM_MAC + i] = mac->a[2 * i] | mac->a[2 * i + 1] << 8;
    }
    for (int i = 3; i < EEPROM_PBA; i++) {
        s->words[i] = 0;
    }
    s->words[EEPROM_INIT_CONTROL_1] = INIT_CONTROL_1_VALID | INIT_CONTROL_1_LOAD_IDS;
    s->words[EEPROM_SUBSYSTEM_ID] = cls->device_id;
    s->words[EEPROM_SUBSYSTEM_VENDOR_ID] = cls->vendor_id;
    s->words[EEPROM_DEVICE_ID] = cls->device_id;
    s->words[EEPROM_VENDOR_ID] = cls->vendor_id;
    for (int i = EEPROM_VENDOR_ID + 1; i < 0x30; i++) {
        s->words[i] = 0;
    }
    for (int i = 0; i < EEPROM_CHECKSUM; i++) {
        sum += s->words[i];
    }
    s->words[EEPROM_CHECKSUM] = EEPROM_SUM - sum;
}

uint32_t e1000_eerd_access(const E1000Eeprom *s, uint32_t val)
{
    unsigned word = (val & EERD_ADDR_MASK) >> EERD_ADDR_SHIFT;

    if (!(val & EERD_START)) {
        return val & EERD_ADDR_MASK;
    }
    return (val & EERD_ADDR_MASK) | EERD_DONE |
           (uint32_t)s->words[word % E1000_EEPROM_WORDS] << EERD_DATA_SHIFT;
}

uint32_t e1000_eecd_read(const E1000Eeprom *s)
{
    return s->lines | (s->lines & EECD_EE_REQ ? EECD_EE_GNT : 0) | (s->data_out ? EECD_DO : 0) |
           EECD_EE_PRES | EECD_FWE_DISABLED;
}

static void eeprom_store(E1000Eeprom *s, unsigned word, uint16_t val)
{
    if (s->writable) {
        s->words[word] = val;
    }
}

static void eeprom_store_all(E1000Eeprom *s, uint16_t val)
{
    for (unsigned i = 0; i < E1000_EEPROM_WORDS; i++) {
        eeprom_store(s, i, val);
    }
}

/* The command is in. Whatever it does is done at once, so DO says "ready". */
static void eeprom_command(E1000Eeprom *s)
{
    unsigned addr = s->command & COMMAND_ADDR;
    unsigned extended = addr >> 4;

    s->data_bits = 0;
    s->data_out = true;
    switch (s->command >> COMMAND_SHIFT) {
    case COMMAND_READ:
        s->data = s->words[addr];
        s->data_out = false; /* a zero goes before the word */
        break;
    case COMMAND_ERASE:
        eeprom_store(s, addr, 0xffff);
        break;
    case COMMAND_EXTENDED:
        if (extended == EXTENDED_ERAL) {
            eeprom_store_all(s, 0xffff);
        } else if (extended != EXTENDED_WRAL) {
            s->writable = extended == EXTENDED_EWEN;
        }
        break;
    default:
        break;
    }
}

/* A bit of a read's word goes out. Words follow each other as long as there are clocks. */
static void eeprom_read_bit(E1000Eeprom *s)
{
    if (s->data_bits == DATA_BITS) {
        s->command = (s->command & ~COMMAND_ADDR) | ((s->command + 1) & COMMAND_ADDR);
        s->data = s->words[s->command & COMMAND_ADDR];
        s->data_bits = 0;
    }
    s->data_out = s->data >> (DATA_BITS - 1);
    s->data <<= 1;
    s->data_bits++;
}

/* A bit of a write's word comes in. */
static void eeprom_write_bit(E1000Eeprom *s, bool data_in)
{
    unsigned addr = s->command & COMMAND_ADDR;

    if (s->data_bits == DATA_BITS) {
        return;
    }
    s->data = s->data << 1 | data_in;
    if (++s->data_bits < DATA_BITS) {
        return;
    }
    if (s->command >> COMMAND_SHIFT == COMMAND_WRITE) {
        eeprom_store(s, addr, s->data);
    } else if (s->command >> COMMAND_SHIFT == COMMAND_EXTENDED && addr >> 4 == EXTENDED_WRAL) {
        eeprom_store_all(s, s->data);
    }
}

/* SK rises with the chip selected. */
static void eeprom_clock(E1000Eeprom *s, bool data_in)
{
    if (!s->started) {
        s->started = data_in;
        s->command = 0;
        s->command_bits = 0;
    } else if (s->command_bits < COMMAND_BITS) {
        s->command = s->command << 1 | data_in;
        if (++s->command_bits == COMMAND_BITS) {
            eeprom_command(s);
        }
    } else if (s->command >> COMMAND_SHIFT == COMMAND_READ) {
        eeprom_read_bit(s);
    } else {
        eeprom_write_bit(s, data_in);
    }
}

void e1000_eecd_write(E1000Eeprom *s, uint32_t val)
{
    uint32_t old = s->lines;

    s->lines = val & EECD_LINES;
    if (!(val & EECD_CS)) {
        s->started = false;
        s->data_out = true;
    } else if (~old & val & EECD_SK) {
        eeprom_clock(s, val & EECD_DI);
    }
}
