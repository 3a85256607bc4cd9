/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of an x86 CPU, as every accelerator gives and takes them.
 * Document: Intel SDM volume 3, chapter 3 and table 10-1 (state after reset).
 */
#ifndef LIGNITE_ACCEL_CPU_STATE_H
#define LIGNITE_ACCEL_CPU_STATE_H

#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

enum { X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI }; /* then R8..R15 */
enum { X86_SEG_ES, X86_SEG_CS, X86_SEG_SS, X86_SEG_DS, X86_SEG_FS, X86_SEG_GS, X86_SEGS };

typedef struct X86Segment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector;
    /* The descriptor's second dword >> 8, & 0xf0ff: type, S, DPL, P; in 12..15 AVL, L, D, G. */
    uint16_t access;
} X86Segment;

#define X86_ACCESS_TYPE 0x000f
#define X86_ACCESS_S 0x0010 /* code or data, not a system segment */
#define X86_ACCESS_DPL_SHIFT 5
#define X86_ACCESS_P 0x0080
#define X86_ACCESS_AVL 0x1000
#define X86_ACCESS_L 0x2000
#define X86_ACCESS_D 0x4000 /* D of code, B of data */
#define X86_ACCESS_G 0x8000

#define X86_APIC_BASE_BSP (1u << 8)
#define X86_APIC_BASE_ENABLE (1u << 11)

/* The x87 and SSE registers; XMM8..15 exist in 64-bit mode. */
typedef struct X86Fpu {
    uint16_t fcw, fsw;
    uint8_t ftw; /* a bit per register that is not empty */
    uint32_t mxcsr;
    struct {
        uint64_t mantissa;
        uint16_t exponent;
    } st[8]; /* ST0..ST7 */
    uint64_t xmm[16][2]; /* low half first */
} X86Fpu;

typedef struct X86State {
    uint64_t gpr[16];
    uint64_t rip, rflags;
    X86Segment seg[X86_SEGS], ldt, tr;
    uint64_t gdt_base, idt_base;
    uint16_t gdt_limit, idt_limit;
    uint64_t cr0, cr2, cr3, cr4, cr8, efer, apic_base;
    uint64_t dr[8];
    X86Fpu fpu;
    bool halted;
    bool interrupt_shadow; /* after STI or MOV SS; read only */
    bool smm;              /* read only */
    bool a20_masked;       /* read only */
} X86State;

/* The state after RESET#; `apic_base` has the BSP bit for CPU 0, `signature` goes to EDX. */
void x86_state_reset(X86State *state, unsigned cpu_index, uint32_t signature);

/* Append the text of `info registers`, which a line "CPU#n" precedes. */
void x86_state_print(const X86State *state, GString *out);

#endif
