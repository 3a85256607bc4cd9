/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An assembler of a few instructions, for guests of tests: 32-bit code in flat segments, whose
 * accesses are what the test is about. What a program reads goes to the log that EDI points to,
 * one double word each.
 */
#ifndef LIGNITE_TESTS_COALESCING_PROGRAM_H
#define LIGNITE_TESTS_COALESCING_PROGRAM_H

#include <glib.h>
#include <stdint.h>

#define PROGRAM_MAX      0x10000
#define PROGRAM_END_PORT 0xf4

typedef struct Program {
    uint8_t code[PROGRAM_MAX];
    unsigned len;
    unsigned reads; /* double words that it logs when it runs once, without loops */
} Program;

static inline void p_byte(Program *p, uint8_t byte)
{
    g_assert_cmpuint(p->len, <, PROGRAM_MAX);
    p->code[p->len++] = byte;
}

static inline void p_long(Program *p, uint32_t val, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        p_byte(p, val >> 8 * i);
    }
}

/* `op` with its operand size prefix; the byte form is `op`, the others `op` + 1. */
static inline void p_op(Program *p, uint8_t op, unsigned size)
{
    if (size == 2) {
        p_byte(p, 0x66);
    }
    p_byte(p, size == 1 ? op : op + 1);
}

/* mov edx, port */
static inline void p_port(Program *p, uint16_t port)
{
    p_byte(p, 0xba);
    p_long(p, port, 4);
}

/* mov eax, val */
static inline void p_eax(Program *p, uint32_t val)
{
    p_byte(p, 0xb8);
    p_long(p, val, 4);
}

static inline void p_out(Program *p, uint16_t port, uint32_t val, unsigned size)
{
    p_port(p, port);
    p_eax(p, val);
    p_op(p, 0xee, size);
}

static inline void p_outb(Program *p, uint16_t port, uint8_t val)
{
    p_out(p, port, val, 1);
}

/* xor eax, eax */
static inline void p_clear(Program *p)
{
    p_byte(p, 0x31);
    p_byte(p, 0xc0);
}

/* stosd */
static inline void p_note(Program *p)
{
    p_byte(p, 0xab);
    p->reads++;
}

static inline void p_in(Program *p, uint16_t port, unsigned size)
{
    p_port(p, port);
    p_clear(p);
    p_op(p, 0xec, size);
    p_note(p);
}

static inline void p_store(Program *p, uint32_t addr, uint32_t val, unsigned size)
{
    p_op(p, 0xc6, size);
    p_byte(p, 0x05);
    p_long(p, addr, 4);
    p_long(p, val, size);
}

static inline void p_load(Program *p, uint32_t addr, unsigned size)
{
    p_clear(p);
    p_op(p, 0xa0, size);
    p_long(p, addr, 4);
    p_note(p);
}

/* mov ecx, n: the loop goes from here ... */
static inline unsigned p_loop(Program *p, uint32_t n)
{
    p_byte(p, 0xb9);
    p_long(p, n, 4);
    return p->len;
}

/* ... to here, ECX counting down: dec ecx; jnz start. */
static inline void p_loop_end(Program *p, unsigned start)
{
    p_byte(p, 0x49);
    p_byte(p, 0x0f);
    p_byte(p, 0x85);
    p_long(p, start - (p->len + 4), 4);
}

/* mov eax, ecx; then an out or a store of it */
static inline void p_out_count(Program *p, uint16_t port, unsigned size)
{
    p_port(p, port);
    p_byte(p, 0x89);
    p_byte(p, 0xc8);
    p_op(p, 0xee, size);
}

static inline void p_store_count(Program *p, uint32_t addr, unsigned size)
{
    p_byte(p, 0x89);
    p_byte(p, 0xc8);
    p_op(p, 0xa2, size);
    p_long(p, addr, 4);
}

/* Some 30 ms of a CPU that is emulated. */
static inline void p_pause(Program *p)
{
    p_loop_end(p, p_loop(p, 30000));
}

/* Look at a byte of memory until one of these bits is set: test byte [addr], bits; jz back. */
static inline void p_wait(Program *p, uint32_t addr, uint8_t bits)
{
    p_byte(p, 0xf6);
    p_byte(p, 0x05);
    p_long(p, addr, 4);
    p_byte(p, bits);
    p_byte(p, 0x74);
    p_byte(p, 0xf7);
}

/* jmp $ */
static inline void p_spin(Program *p)
{
    p_byte(p, 0xeb);
    p_byte(p, 0xfe);
}

static inline void p_end(Program *p)
{
    p_outb(p, PROGRAM_END_PORT, 0);
    p_byte(p, 0xfa); /* cli; hlt; jmp back */
    p_byte(p, 0xf4);
    p_byte(p, 0xeb);
    p_byte(p, 0xfd);
}

static inline void p_config(Program *p, uint8_t devfn, uint8_t reg)
{
    p_out(p, 0xcf8, 0x80000000 | devfn << 8 | (reg & 0xfc), 4);
}

static inline void p_config_write(Program *p, uint8_t devfn, uint8_t reg, uint32_t val,
                                  unsigned size)
{
    p_config(p, devfn, reg);
    p_out(p, 0xcfc + (reg & 3), val, size);
}

static inline void p_config_read(Program *p, uint8_t devfn, uint8_t reg, unsigned size)
{
    p_config(p, devfn, reg);
    p_in(p, 0xcfc + (reg & 3), size);
}

#endif
