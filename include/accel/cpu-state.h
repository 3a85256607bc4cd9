/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of an x86 CPU, as every accelerator gives and takes them.
 * Document: Intel SDM volume 3, chapter 3 and table 10-1 (state after reset).
 */
#ifndef LIGNITE_ACCEL_CPU_STATE_H
#define LIGNITE_ACCEL_CPU_STATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI }; /* then R8..R15 */
enum { X86_SEG_ES, X86_SEG_CS, X86_SEG_SS, X86_SEG_DS, X86_SEG_FS, X86_SEG_GS, X86_SEGS };

typedef struct X86Segment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector;
    uint16_t access; /* descriptor bits 8..15 and 20..23 << 4: type, S, DPL, P, AVL, L, D, G */
} X86Segment;

typedef struct X86State {
    uint64_t gpr[16];
    uint64_t rip, rflags;
    X86Segment seg[X86_SEGS], ldt, tr;
    uint64_t gdt_base, idt_base;
    uint16_t gdt_limit, idt_limit;
    uint64_t cr0, cr2, cr3, cr4, cr8, efer, apic_base;
    uint64_t dr[8];
    bool halted;
} X86State;

/* The state after RESET#; `apic_base` has the BSP bit for CPU 0, `signature` goes to EDX. */
void x86_state_reset(X86State *state, unsigned cpu_index, uint32_t signature);

/* Append the text of `info registers`. */
void x86_state_print(const X86State *state, GString *out);

#endif
