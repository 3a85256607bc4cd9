/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of an x86 CPU: after reset, and as text.
 * Document: Intel SDM volume 3, table 10-1 (state after reset). The text has the layout that
 * `info registers` has in QEMU, which debuggers' scripts parse. It leaves out AVX and above.
 */
#include "accel/cpu-state.h"

#include <string.h>

#define CR0_PE (1u << 0)
#define EFER_LMA (1u << 10)
#define APIC_BASE 0xfee00000u

#define RFLAGS_IOPL_SHIFT 12
#define RFLAGS_VM (1u << 17)

static X86Segment reset_segment(uint16_t selector, uint64_t base, uint16_t access)
{
    return (X86Segment){.selector = selector, .base = base, .limit = 0xffff, .access = access};
}

void x86_state_reset(X86State *state, unsigned cpu_index, uint32_t signature)
{
    memset(state, 0, sizeof(*state));
    state->gpr[X86_RDX] = signature;
    state->rip = 0xfff0;
    state->rflags = 2;
    for (int i = 0; i < X86_SEGS; i++) {
        state->seg[i] = reset_segment(0, 0, X86_ACCESS_P | X86_ACCESS_S | 0x3);
    }
    state->seg[X86_SEG_CS] =
        reset_segment(0xf000, 0xffff0000, X86_ACCESS_P | X86_ACCESS_S | 0xb);
    state->ldt = reset_segment(0, 0, X86_ACCESS_P | 0x2);
    state->tr = reset_segment(0, 0, X86_ACCESS_P | 0xb);
    state->gdt_limit = 0xffff;
    state->idt_limit = 0xffff;
    state->cr0 = 0x60000010;
    state->apic_base =
        APIC_BASE | X86_APIC_BASE_ENABLE | (cpu_index == 0 ? X86_APIC_BASE_BSP : 0);
    state->dr[6] = 0xffff0ff0;
    state->dr[7] = 0x400;
    state->fpu.fcw = 0x37f;
    state->fpu.mxcsr = 0x1f80;
}

/* ---------------------------------------------------------------------------------- the text -- */

static bool in_long_code(const X86State *s)
{
    return (s->efer & EFER_LMA) && (s->seg[X86_SEG_CS].access & X86_ACCESS_L);
}

static void print_gprs(const X86State *s, GString *out)
{
    static const char *const names[] = {"AX", "BX", "CX", "DX", "SI", "DI", "BP", "SP"};
    static const int order[] = {X86_RAX, X86_RBX, X86_RCX, X86_RDX,
                                X86_RSI, X86_RDI, X86_RBP, X86_RSP};
    bool wide = in_long_code(s);

    for (int i = 0; i < 8; i++) {
        char end = i % 4 == 3 ? '\n' : ' ';

        if (wide) {
            g_string_append_printf(out, "R%s=%016" PRIx64 "%c", names[i], s->gpr[order[i]], end);
        } else {
            g_string_append_printf(out, "E%s=%08x%c", names[i], (uint32_t)s->gpr[order[i]], end);
        }
    }
    for (int i = 8; wide && i < 16; i++) {
        g_string_append_printf(out, "R%-2d=%016" PRIx64 "%c", i, s->gpr[i],
                               i % 4 == 3 ? '\n' : ' ');
    }
}

/* The privilege level is the stack segment's; real and virtual-8086 mode have fixed ones. */
static int privilege(const X86State *s)
{
    if (!(s->cr0 & CR0_PE)) {
        return 0;
    }
    if (s->rflags & RFLAGS_VM) {
        return 3;
    }
    return s->seg[X86_SEG_SS].access >> X86_ACCESS_DPL_SHIFT & 3;
}

static void print_rip(const X86State *s, GString *out)
{
    static const struct {
        int bit;
        char letter;
    } flags[] = {{10, 'D'}, {11, 'O'}, {7, 'S'}, {6, 'Z'}, {4, 'A'}, {2, 'P'}, {0, 'C'}};

    if (in_long_code(s)) {
        g_string_append_printf(out, "RIP=%016" PRIx64 " RFL=%08x [", s->rip, (uint32_t)s->rflags);
    } else {
        g_string_append_printf(out, "EIP=%08x EFL=%08x [", (uint32_t)s->rip, (uint32_t)s->rflags);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
        g_string_append_c(out, s->rflags >> flags[i].bit & 1 ? flags[i].letter : '-');
    }
    g_string_append_printf(out, "] CPL=%d II=%d A20=%d SMM=%d HLT=%d\n", privilege(s),
                           s->interrupt_shadow, !s->a20_masked, s->smm, s->halted);
}

static const char *system_type(const X86State *s, unsigned type)
{
    static const char *const types32[16] = {
        "Reserved",  "TSS16-avl", "LDT",       "TSS16-busy", "CallGate16", "TaskGate",
        "IntGate16", "TrapGate16", "Reserved", "TSS32-avl",  "Reserved",   "TSS32-busy",
        "CallGate32", "Reserved", "IntGate32", "TrapGate32"};
    static const char *const types64[16] = {
        "<hiword>", "Reserved",  "LDT",      "Reserved",   "Reserved",   "Reserved",
        "Reserved", "Reserved",  "Reserved", "TSS64-avl",  "Reserved",   "TSS64-busy",
        "CallGate64", "Reserved", "IntGate64", "TrapGate64"};

    return (s->efer & EFER_LMA ? types64 : types32)[type];
}

static void print_segment(const X86State *s, const char *name, const X86Segment *seg, GString *out)
{
    unsigned type = seg->access & X86_ACCESS_TYPE;

    g_string_append_printf(out, "%-3s=%04x ", name, seg->selector);
    if (in_long_code(s)) {
        g_string_append_printf(out, "%016" PRIx64 " ", seg->base);
    } else {
        g_string_append_printf(out, "%08x ", (uint32_t)seg->base);
    }
    g_string_append_printf(out, "%08x %08x", seg->limit, (uint32_t)(seg->access & 0xf0ff) << 8);
    if (!(s->cr0 & CR0_PE) || !(seg->access & X86_ACCESS_P)) {
        g_string_append_c(out, '\n');
        return;
    }
    g_string_append_printf(out, " DPL=%d ", seg->access >> X86_ACCESS_DPL_SHIFT & 3);
    if (!(seg->access & X86_ACCESS_S)) {
        g_string_append_printf(out, "%s\n", system_type(s, type));
        return;
    }
    if (type & 8) {
        g_string_append_printf(out, "%s [%c%c",
                               seg->access & X86_ACCESS_L   ? "CS64"
                               : seg->access & X86_ACCESS_D ? "CS32"
                                                            : "CS16",
                               type & 4 ? 'C' : '-', type & 2 ? 'R' : '-');
    } else {
        g_string_append_printf(
            out, "%s [%c%c", (seg->access & X86_ACCESS_D) || (s->efer & EFER_LMA) ? "DS  " : "DS16",
            type & 4 ? 'E' : '-', type & 2 ? 'W' : '-');
    }
    g_string_append_printf(out, "%c]\n", type & 1 ? 'A' : '-');
}

static void print_table(const X86State *s, const char *name, uint64_t base, uint32_t limit,
                        GString *out)
{
    g_string_append_printf(out, "%s=     %0*" PRIx64 " %08x\n", name, in_long_code(s) ? 16 : 8,
                           in_long_code(s) ? base : (uint32_t)base, limit);
}

static void print_control(const X86State *s, GString *out)
{
    int width = in_long_code(s) ? 16 : 8;

    g_string_append_printf(out, "CR0=%08x CR2=%0*" PRIx64 " CR3=%0*" PRIx64 " CR4=%08x\n",
                           (uint32_t)s->cr0, width, s->cr2, width, s->cr3, (uint32_t)s->cr4);
    for (int i = 0; i < 4; i++) {
        g_string_append_printf(out, "DR%d=%016" PRIx64 " ", i, s->dr[i]);
    }
    g_string_append_printf(out, "\nDR6=%016" PRIx64 " DR7=%016" PRIx64 "\n", s->dr[6], s->dr[7]);
    g_string_append_printf(out, "EFER=%016" PRIx64 "\n", s->efer);
}

static void print_fpu(const X86State *s, GString *out)
{
    const X86Fpu *fpu = &s->fpu;
    int n = in_long_code(s) ? 16 : 8;

    g_string_append_printf(out, "FCW=%04x FSW=%04x [ST=%d] FTW=%02x MXCSR=%08x\n", fpu->fcw,
                           fpu->fsw, fpu->fsw >> 11 & 7, fpu->ftw, fpu->mxcsr);
    for (int i = 0; i < 8; i++) {
        g_string_append_printf(out, "FPR%d=%016" PRIx64 " %04x%c", i, fpu->st[i].mantissa,
                               fpu->st[i].exponent, i % 2 ? '\n' : ' ');
    }
    for (int i = 0; i < n; i++) {
        g_string_append_printf(out, "XMM%02d=%016" PRIx64 " %016" PRIx64 "%c", i, fpu->xmm[i][1],
                               fpu->xmm[i][0], i % 2 ? '\n' : ' ');
    }
}

void x86_state_print(const X86State *s, GString *out)
{
    static const char *const names[X86_SEGS] = {"ES", "CS", "SS", "DS", "FS", "GS"};

    print_gprs(s, out);
    print_rip(s, out);
    for (int i = 0; i < X86_SEGS; i++) {
        print_segment(s, names[i], &s->seg[i], out);
    }
    print_segment(s, "LDT", &s->ldt, out);
    print_segment(s, "TR", &s->tr, out);
    print_table(s, "GDT", s->gdt_base, s->gdt_limit, out);
    print_table(s, "IDT", s->idt_base, s->idt_limit, out);
    print_control(s, out);
    print_fpu(s, out);
}
