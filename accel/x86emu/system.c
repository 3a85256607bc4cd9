/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System instructions of the x86emu CPU: control and debug registers, descriptor tables, CPUID,
 * MSRs, the time stamp counter, and the coprocessor that is not there.
 * Document: Intel SDM volumes 2, 3 (chapter 2) and 4.
 *
 * The CPU is a Pentium Pro without an FPU, paging, or an MMU: what firmware asks CPUID for and
 * finds missing, it does without. The time stamp counter counts virtual nanoseconds.
 */
#include "internal.h"

#include <string.h>

#include "accel/internal.h"
#include "hw/core/log.h"

#define CPUID_SIGNATURE 0x00000619 /* family 6, model 1, stepping 9 */
#define CPUID_TSC       (1u << 4)
#define CPUID_MSR       (1u << 5)
#define CPUID_CX8       (1u << 8)
#define CPUID_APIC      (1u << 9)
#define CPUID_CMOV      (1u << 15)

#define MSR_TSC          0x10
#define MSR_PLATFORM_ID  0x17
#define MSR_APIC_BASE    0x1b
#define MSR_BIOS_SIGN_ID 0x8b
#define MSR_EFER         0xc0000080
#define EFER_LME         (1u << 8)

/* What CR0 takes. */
#define CR0_SETTABLE 0x6005003fu /* CD NW AM WP NE ET TS EM MP PE */

uint32_t emu_cpu_signature(void)
{
    return CPUID_SIGNATURE;
}

/* ----------------------------------------------------------------------------- registers -- */

static void write_cr0(EmuCpu *cpu, uint32_t value)
{
    if (value & CR0_PG) {
        emu_unsupported(cpu, "paging (CR0.PG)");
    }
    cpu->emu->x86.R_CR0 = (value & CR0_SETTABLE) | CR0_ET;
}

static void insn_mov_cr(EmuCpu *cpu, Insn *insn) /* 0F 20, 0F 22 */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    uint32_t value;
    unsigned cr, rm;

    /* The r/m is a register whatever mod says. */
    insn->modrm = insn_fetch(cpu, insn, 1);
    cr = (insn->modrm >> 3) & 7;
    rm = insn->modrm & 7;
    if (cr == 1 || cr > 4) {
        emu_raise(cpu, VEC_UD);
    }
    if (insn->opcode == 0x20) {
        emu_set_reg(cpu, rm, x86->crx[cr], 4);
        insn_done(cpu, insn);
        return;
    }
    value = emu_get_reg(cpu, rm, 4);
    if (cr == 0) {
        write_cr0(cpu, value);
    } else if (cr == 4 && (value & ~(CR4_TSD | CR4_DE))) {
        emu_raise_error(cpu, VEC_GP, 0); /* CPUID has nothing that the other bits turn on */
    } else {
        x86->crx[cr] = value;
    }
    insn_done(cpu, insn);
}

static void insn_mov_dr(EmuCpu *cpu, Insn *insn) /* 0F 21, 0F 23: kept, without effect */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    unsigned dr, rm;

    insn->modrm = insn_fetch(cpu, insn, 1);
    dr = (insn->modrm >> 3) & 7;
    rm = insn->modrm & 7;
    if (dr == 4 || dr == 5) {
        if (x86->R_CR4 & CR4_DE) {
            emu_raise(cpu, VEC_UD);
        }
        dr += 2;
    }
    if (insn->opcode == 0x21) {
        emu_set_reg(cpu, rm, x86->drx[dr], 4);
    } else {
        x86->drx[dr] = emu_get_reg(cpu, rm, 4);
    }
    insn_done(cpu, insn);
}

static void store_table(EmuCpu *cpu, const Insn *insn, uint32_t base, uint32_t limit)
{
    emu_seg_check(cpu, insn->mem_seg, insn->mem_offset, 6);
    emu_seg_write(cpu, insn->mem_seg, insn->mem_offset, limit, 2);
    emu_seg_write(cpu, insn->mem_seg, insn->mem_offset + 2, base, 4);
}

static void load_table(EmuCpu *cpu, const Insn *insn, uint32_t *base, uint32_t *limit)
{
    uint32_t new_limit = emu_seg_read(cpu, insn->mem_seg, insn->mem_offset, 2);
    uint32_t new_base = emu_seg_read(cpu, insn->mem_seg, insn->mem_offset + 2, 4);

    *limit = new_limit;
    *base = insn->data32 ? new_base : new_base & 0xffffff;
}

static void insn_group7(EmuCpu *cpu, Insn *insn) /* 0F 01 */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    uint32_t value;

    insn_modrm(cpu, insn);
    if (insn->is_reg && insn->reg != 4 && insn->reg != 6) {
        emu_raise(cpu, VEC_UD);
    }
    switch (insn->reg) {
    case 0:
        store_table(cpu, insn, x86->R_GDT_BASE, x86->R_GDT_LIMIT);
        break;
    case 1:
        store_table(cpu, insn, x86->R_IDT_BASE, x86->R_IDT_LIMIT);
        break;
    case 2:
        load_table(cpu, insn, &x86->R_GDT_BASE, &x86->R_GDT_LIMIT);
        break;
    case 3:
        load_table(cpu, insn, &x86->R_IDT_BASE, &x86->R_IDT_LIMIT);
        break;
    case 4: /* SMSW */
        insn_write_rm(cpu, insn, x86->R_CR0, insn->is_reg ? insn_size(insn) : 2);
        break;
    case 6: /* LMSW sets PE but cannot clear it */
        value = insn_read_rm(cpu, insn, 2) & 0xf;
        write_cr0(cpu, (x86->R_CR0 & ~0xeu) | value);
        break;
    case 7: /* INVLPG: there is nothing to invalidate */
        break;
    default:
        emu_raise(cpu, VEC_UD);
    }
    insn_done(cpu, insn);
}

/* VERR, VERW, LAR, LSL and ARPL answer through ZF. */
static void set_zf(EmuCpu *cpu, bool zf)
{
    cpu->emu->x86.R_EFLG = (cpu->emu->x86.R_EFLG & ~FL_ZF) | (zf ? FL_ZF : 0);
}

static void insn_group6(EmuCpu *cpu, Insn *insn) /* 0F 00 */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    uint32_t lo, hi;
    uint16_t selector;
    bool code, ok;

    if (!emu_protected(cpu)) {
        emu_raise(cpu, VEC_UD);
    }
    insn_modrm(cpu, insn);
    switch (insn->reg) {
    case 0: /* SLDT */
        insn_write_rm(cpu, insn, x86->R_LDT, insn->is_reg ? insn_size(insn) : 2);
        break;
    case 1: /* STR */
        insn_write_rm(cpu, insn, x86->R_TR, insn->is_reg ? insn_size(insn) : 2);
        break;
    case 2:
        emu_load_ldt(cpu, insn_read_rm(cpu, insn, 2));
        break;
    case 3:
        emu_load_tr(cpu, insn_read_rm(cpu, insn, 2));
        break;
    case 4: /* VERR */
    case 5: /* VERW */
        selector = insn_read_rm(cpu, insn, 2);
        ok = emu_descriptor(cpu, selector, &lo, &hi) && (hi & 1u << 12);
        if (ok) {
            code = hi & 1u << 11;
            ok = insn->reg == 4 ? !code || (hi & 1u << 9) : !code && (hi & 1u << 9);
            ok = ok && ((code && (hi & 1u << 10)) || ((hi >> 13) & 3) >= (selector & 3));
        }
        set_zf(cpu, ok);
        break;
    default:
        emu_raise(cpu, VEC_UD);
    }
    insn_done(cpu, insn);
}

static void insn_lar_lsl(EmuCpu *cpu, Insn *insn) /* 0F 02, 0F 03 */
{
    /* Types of system descriptors that each may see; bit per type. */
    const uint32_t lar_types =
        1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 9 | 1u << 11 | 1u << 12;
    const uint32_t lsl_types = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 9 | 1u << 11;
    bool lar = insn->opcode == 0x02, ok;
    uint32_t lo = 0, hi = 0;
    uint16_t selector;

    if (!emu_protected(cpu)) {
        emu_raise(cpu, VEC_UD);
    }
    insn_modrm(cpu, insn);
    selector = insn_read_rm(cpu, insn, 2);
    ok = emu_descriptor(cpu, selector, &lo, &hi);
    if (ok && !(hi & 1u << 12)) {
        ok = (lar ? lar_types : lsl_types) & 1u << ((hi >> 8) & 0xf);
    }
    if (ok && (hi & 0x1c00) != 0x1c00) { /* but a conforming code segment is seen by all */
        ok = ((hi >> 13) & 3) >= (selector & 3);
    }
    if (ok) {
        emu_set_reg(cpu, insn->reg, lar ? hi & 0x00ffff00 : emu_descriptor_limit(lo, hi),
                    insn_size(insn));
    }
    set_zf(cpu, ok);
    insn_done(cpu, insn);
}

static void insn_arpl(EmuCpu *cpu, Insn *insn) /* 63 */
{
    uint16_t dst, rpl;

    if (!emu_protected(cpu)) {
        emu_raise(cpu, VEC_UD);
    }
    insn_modrm(cpu, insn);
    dst = insn_read_rm(cpu, insn, 2);
    rpl = emu_get_reg(cpu, insn->reg, 2) & 3;
    if ((dst & 3) < rpl) {
        insn_write_rm(cpu, insn, (dst & ~3) | rpl, 2);
        set_zf(cpu, true);
    } else {
        set_zf(cpu, false);
    }
    insn_done(cpu, insn);
}

/* ---------------------------------------------------------------------------- CPUID, MSRs -- */

static const CpuInterruptOps *local_apic(void **opaque)
{
    const CpuInterruptOps *ops = accel_interrupt_ops(opaque);

    return ops && ops->get_apic_base && ops->set_apic_base ? ops : NULL;
}

static void insn_cpuid(EmuCpu *cpu, Insn *insn) /* 0F A2 */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    void *opaque;

    switch (x86->R_EAX) {
    case 0:
        x86->R_EAX = 1;
        memcpy(&x86->R_EBX, "Genu", 4);
        memcpy(&x86->R_EDX, "ineI", 4);
        memcpy(&x86->R_ECX, "ntel", 4);
        break;
    case 0x80000000:
        x86->R_EAX = 0x80000000;
        x86->R_EBX = x86->R_ECX = x86->R_EDX = 0;
        break;
    default: /* beyond the last leaf, Intel's CPUs give the last one */
        x86->R_EAX = CPUID_SIGNATURE;
        x86->R_EBX = 0;
        x86->R_ECX = 0;
        x86->R_EDX = CPUID_TSC | CPUID_MSR | CPUID_CX8 | CPUID_CMOV;
        if (local_apic(&opaque)) {
            x86->R_EDX |= CPUID_APIC;
        }
        break;
    }
    insn_done(cpu, insn);
}

uint64_t emu_tsc(EmuCpu *cpu)
{
    return emu_now() + cpu->tsc_offset;
}

static void insn_rdtsc(EmuCpu *cpu, Insn *insn) /* 0F 31 */
{
    uint64_t tsc = emu_tsc(cpu);

    cpu->emu->x86.R_EAX = tsc;
    cpu->emu->x86.R_EDX = tsc >> 32;
    insn_done(cpu, insn);
}

static void insn_rdmsr(EmuCpu *cpu, Insn *insn) /* 0F 32 */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    const CpuInterruptOps *apic;
    uint64_t value = 0;
    void *opaque;

    switch (x86->R_ECX) {
    case MSR_TSC:
        value = emu_tsc(cpu);
        break;
    case MSR_PLATFORM_ID:
    case MSR_BIOS_SIGN_ID:
        break;
    case MSR_APIC_BASE:
        apic = local_apic(&opaque);
        if (!apic) {
            emu_raise_error(cpu, VEC_GP, 0);
        }
        emu_exit(cpu, IO_PROFILE_OTHER);
        value = apic->get_apic_base(opaque);
        emu_exit_done(cpu);
        break;
    default:
        log_guest_error("x86emu: RDMSR of 0x%x, which is not there", x86->R_ECX);
        emu_raise_error(cpu, VEC_GP, 0);
    }
    x86->R_EAX = value;
    x86->R_EDX = value >> 32;
    insn_done(cpu, insn);
}

static void insn_wrmsr(EmuCpu *cpu, Insn *insn) /* 0F 30 */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    uint64_t value = (uint64_t)x86->R_EDX << 32 | x86->R_EAX;
    const CpuInterruptOps *apic;
    void *opaque;

    switch (x86->R_ECX) {
    case MSR_TSC:
        cpu->tsc_offset = value - emu_now();
        break;
    case MSR_BIOS_SIGN_ID:
        break;
    case MSR_APIC_BASE:
        apic = local_apic(&opaque);
        if (!apic) {
            emu_raise_error(cpu, VEC_GP, 0);
        }
        emu_exit(cpu, IO_PROFILE_OTHER);
        apic->set_apic_base(opaque, value);
        emu_exit_done(cpu);
        break;
    case MSR_EFER:
        if (value & EFER_LME) {
            emu_unsupported(cpu, "long mode (EFER.LME)");
        }
        /* fall through */
    default:
        log_guest_error("x86emu: WRMSR of 0x%x, which is not there", x86->R_ECX);
        emu_raise_error(cpu, VEC_GP, 0);
    }
    insn_done(cpu, insn);
}

/* ----------------------------------------------------------------- what is not there -- */

/*
 * Without a coprocessor the probes by which software looks for one do nothing: FNINIT, FNCLEX,
 * FNSTSW and FNSTCW leave memory and AX as they were. CR0.EM and TS give #NM, for an emulator;
 * anything else would compute with what is not there.
 */
static void insn_fpu(EmuCpu *cpu, Insn *insn) /* D8..DF */
{
    uint8_t modrm;
    bool probe;

    if (cpu->emu->x86.R_CR0 & (CR0_EM_BIT | CR0_TS)) {
        emu_raise(cpu, VEC_NM);
    }
    insn_modrm(cpu, insn);
    modrm = insn->modrm;
    if (insn->is_reg) {
        probe = (insn->opcode == 0xdb && (modrm == 0xe3 || modrm == 0xe2)) ||
                (insn->opcode == 0xdf && modrm == 0xe0);
    } else {
        probe = insn->reg == 7 && (insn->opcode == 0xd9 || insn->opcode == 0xdd);
    }
    if (!probe) {
        emu_unsupported(cpu, "an FPU instruction");
    }
    insn_done(cpu, insn);
}

/*
 * FXSAVE and FXRSTOR: CPUID has not got them, but iPXE of Debian 12 saves what it finds without
 * asking. What it finds is an FPU just reset, and there is nothing to restore.
 */
static void insn_fxsave(EmuCpu *cpu, Insn *insn) /* 0F AE /0 /1 */
{
    const unsigned image_bytes = 512, fcw_offset = 0, mxcsr_offset = 24;

    if (cpu->emu->x86.R_CR0 & (CR0_EM_BIT | CR0_TS)) {
        emu_raise(cpu, VEC_NM);
    }
    insn_modrm_mem(cpu, insn);
    emu_seg_check(cpu, insn->mem_seg, insn->mem_offset, image_bytes);
    if ((cpu->emu->x86.seg[insn->mem_seg].base + insn->mem_offset) & 15) {
        emu_raise_error(cpu, VEC_GP, 0);
    }
    for (unsigned i = 0; insn->reg == 0 && i < image_bytes; i += 4) {
        uint32_t value = i == fcw_offset ? 0x40 : i == mxcsr_offset ? 0x1f80 : 0;

        emu_seg_write(cpu, insn->mem_seg, insn->mem_offset + i, value, 4);
    }
    insn_done(cpu, insn);
}

static void insn_undefined(EmuCpu *cpu, Insn *insn)
{
    emu_raise(cpu, VEC_UD);
}

const InsnRow insn_system_rows[] = {
    {0x63, 0, insn_arpl}, {0xd8, 0, insn_fpu},
    {0xd9, 0, insn_fpu},  {0xda, 0, insn_fpu},
    {0xdb, 0, insn_fpu},  {0xdc, 0, insn_fpu},
    {0xdd, 0, insn_fpu},  {0xde, 0, insn_fpu},
    {0xdf, 0, insn_fpu},  {},
};

const InsnRow insn_system_0f_rows[] = {
    {0x00, 0, insn_group6},
    {0x01, 0, insn_group7},
    {0x02, 0, insn_lar_lsl},
    {0x03, 0, insn_lar_lsl},
    {0x10, 0, insn_undefined}, /* SSE */
    {0x11, 0, insn_undefined},
    {0x12, 0, insn_undefined},
    {0x13, 0, insn_undefined},
    {0x14, 0, insn_undefined},
    {0x15, 0, insn_undefined},
    {0x16, 0, insn_undefined},
    {0x17, 0, insn_undefined},
    {0x20, 0, insn_mov_cr},
    {0x21, 0, insn_mov_dr},
    {0x22, 0, insn_mov_cr},
    {0x23, 0, insn_mov_dr},
    {0x28, 0, insn_undefined}, /* SSE */
    {0x29, 0, insn_undefined},
    {0x2a, 0, insn_undefined},
    {0x2b, 0, insn_undefined},
    {0x2c, 0, insn_undefined},
    {0x2d, 0, insn_undefined},
    {0x2e, 0, insn_undefined},
    {0x2f, 0, insn_undefined},
    {0x30, 0, insn_wrmsr},
    {0x31, 0, insn_rdtsc},
    {0x32, 0, insn_rdmsr},
    {0x33, 0, insn_undefined}, /* RDPMC */
    {0x54, 0, insn_undefined}, /* SSE */
    {0x55, 0, insn_undefined},
    {0x56, 0, insn_undefined},
    {0x57, 0, insn_undefined},
    {0xa2, 0, insn_cpuid},
    {0xae, 1 << 0 | 1 << 1, insn_fxsave},
    {},
};
