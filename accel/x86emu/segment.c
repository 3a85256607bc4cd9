/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments, far transfers and interrupts of the x86emu CPU, in real and in protected mode.
 * Document: Intel SDM volume 3, chapters 3 (descriptors), 5 (protection) and 6 (interrupts).
 *
 * Left out, each with a clear stop: rings other than 0, virtual-8086 mode, task switches, and
 * expand-down segments. Accesses are checked against limits, not against a segment's type.
 */
#include "internal.h"

#define DESC_TYPE(hi) (((hi) >> 8) & 0xf)
#define DESC_S        (1u << 12)
#define DESC_DPL(hi)  (((hi) >> 13) & 3)
#define DESC_P        (1u << 15)
#define DESC_G        (1u << 23)

#define TYPE_ACCESSED 1u
#define TYPE_WRITABLE 2u /* data; code: readable */
#define TYPE_DOWN     4u /* data: expand-down; code: conforming */
#define TYPE_CODE     8u

#define ERROR_EXT 1u
#define ERROR_IDT 2u

#define ACC_PRESENT 0x80u
#define ACC_DB      0x400u

/* ------------------------------------------------------------------------------ accesses -- */

static uint32_t linear(EmuCpu *cpu, unsigned seg, uint32_t offset, unsigned size)
{
    const sel_t *s = &cpu->emu->x86.seg[seg];
    uint32_t last = offset + size - 1;

    if (G_UNLIKELY(last > s->limit || last < offset || !(s->acc & ACC_PRESENT))) {
        emu_raise_error(cpu, seg == R_SS_INDEX ? VEC_SS : VEC_GP, 0);
    }
    return s->base + offset;
}

void emu_seg_check(EmuCpu *cpu, unsigned seg, uint32_t offset, unsigned size)
{
    linear(cpu, seg, offset, size);
}

uint32_t emu_seg_read(EmuCpu *cpu, unsigned seg, uint32_t offset, unsigned size)
{
    return emu_read(cpu, linear(cpu, seg, offset, size), size);
}

void emu_seg_write(EmuCpu *cpu, unsigned seg, uint32_t offset, uint32_t value, unsigned size)
{
    emu_write(cpu, linear(cpu, seg, offset, size), value, size);
}

static bool stack32(EmuCpu *cpu)
{
    return cpu->emu->x86.R_SS_ACC & ACC_DB;
}

void emu_add_sp(EmuCpu *cpu, uint32_t bytes)
{
    if (stack32(cpu)) {
        cpu->emu->x86.R_ESP += bytes;
    } else {
        cpu->emu->x86.R_SP += bytes;
    }
}

static uint32_t stack_offset(EmuCpu *cpu)
{
    return stack32(cpu) ? cpu->emu->x86.R_ESP : cpu->emu->x86.R_SP;
}

void emu_push(EmuCpu *cpu, uint32_t value, unsigned size)
{
    emu_add_sp(cpu, -size);
    emu_seg_write(cpu, R_SS_INDEX, stack_offset(cpu), value, size);
}

uint32_t emu_pop(EmuCpu *cpu, unsigned size)
{
    uint32_t value = emu_seg_read(cpu, R_SS_INDEX, stack_offset(cpu), size);

    emu_add_sp(cpu, size);
    return value;
}

/* --------------------------------------------------------------------------- descriptors -- */

/* The linear address of a selector's descriptor; false when the table ends before it. */
static bool descriptor_address(EmuCpu *cpu, uint16_t selector, uint32_t *addr)
{
    const x86emu_regs_t *x86 = &cpu->emu->x86;
    uint32_t base = selector & 4 ? x86->R_LDT_BASE : x86->R_GDT_BASE;
    uint32_t limit = selector & 4 ? x86->R_LDT_LIMIT : x86->R_GDT_LIMIT;
    uint32_t offset = selector & 0xfff8;

    *addr = base + offset;
    return offset + 7 <= limit && !((selector & 4) && x86->R_LDT == 0);
}

bool emu_descriptor(EmuCpu *cpu, uint16_t selector, uint32_t *lo, uint32_t *hi)
{
    uint32_t addr;

    if ((selector & ~3) == 0 || !descriptor_address(cpu, selector, &addr)) {
        return false;
    }
    *lo = emu_read(cpu, addr, 4);
    *hi = emu_read(cpu, addr + 4, 4);
    return true;
}

static void need_descriptor(EmuCpu *cpu, uint16_t selector, uint32_t *lo, uint32_t *hi)
{
    if (!emu_descriptor(cpu, selector, lo, hi)) {
        emu_raise_error(cpu, VEC_GP, selector & ~3);
    }
}

uint32_t emu_descriptor_limit(uint32_t lo, uint32_t hi)
{
    uint32_t limit = (lo & 0xffff) | (hi & 0xf0000);

    return hi & DESC_G ? limit << 12 | 0xfff : limit;
}

static void set_cache(sel_t *seg, uint16_t selector, uint32_t lo, uint32_t hi)
{
    seg->sel = selector;
    seg->base = lo >> 16 | (hi & 0xff) << 16 | (hi & 0xff000000);
    seg->limit = emu_descriptor_limit(lo, hi);
    seg->acc = ((hi >> 8) & 0xff) | ((hi >> 12) & 0xf00);
}

/* As the CPU does, note in the table that the segment was loaded. */
static uint32_t set_accessed(EmuCpu *cpu, uint16_t selector, uint32_t hi)
{
    uint32_t addr;

    if (!(hi & TYPE_ACCESSED << 8) && descriptor_address(cpu, selector, &addr)) {
        hi |= TYPE_ACCESSED << 8;
        emu_write(cpu, addr + 5, hi >> 8, 1);
    }
    return hi;
}

static void load_real(sel_t *seg, uint16_t selector)
{
    /* Limit and attributes stay: that is what "big real mode" lives on. */
    seg->sel = selector;
    seg->base = (uint32_t)selector << 4;
    if (!(seg->acc & ACC_PRESENT)) { /* it was null when protected mode ended */
        seg->acc = ACC_PRESENT | 0x13;
        seg->limit = 0xffff;
    }
}

void emu_load_segment(EmuCpu *cpu, unsigned index, uint16_t selector)
{
    sel_t *seg = &cpu->emu->x86.seg[index];
    uint16_t error = selector & ~3;
    uint32_t lo, hi;
    unsigned type;

    if (!emu_protected(cpu)) {
        load_real(seg, selector);
        return;
    }
    if (error == 0) {
        if (index == R_SS_INDEX) {
            emu_raise_error(cpu, VEC_GP, 0);
        }
        *seg = (sel_t){.sel = selector};
        return;
    }
    need_descriptor(cpu, selector, &lo, &hi);
    type = DESC_TYPE(hi);
    if (!(hi & DESC_S)) {
        emu_raise_error(cpu, VEC_GP, error);
    }
    if (index == R_SS_INDEX) {
        if ((type & TYPE_CODE) || !(type & TYPE_WRITABLE) || (selector & 3) || DESC_DPL(hi)) {
            emu_raise_error(cpu, VEC_GP, error);
        }
    } else if ((type & TYPE_CODE) && !(type & TYPE_WRITABLE)) {
        emu_raise_error(cpu, VEC_GP, error); /* code that cannot be read */
    }
    if (!(type & TYPE_CODE) && (type & TYPE_DOWN)) {
        emu_unsupported(cpu, "an expand-down segment");
    }
    if (!(hi & DESC_P)) {
        emu_raise_error(cpu, index == R_SS_INDEX ? VEC_SS : VEC_NP, error);
    }
    set_cache(seg, selector, lo, set_accessed(cpu, selector, hi));
}

void emu_load_ldt(EmuCpu *cpu, uint16_t selector)
{
    uint32_t lo, hi;

    if ((selector & ~3) == 0) {
        cpu->emu->x86.ldt = (sel_t){.sel = selector};
        return;
    }
    if (selector & 4) {
        emu_raise_error(cpu, VEC_GP, selector & ~3);
    }
    need_descriptor(cpu, selector, &lo, &hi);
    if ((hi & DESC_S) || DESC_TYPE(hi) != 2) {
        emu_raise_error(cpu, VEC_GP, selector & ~3);
    }
    if (!(hi & DESC_P)) {
        emu_raise_error(cpu, VEC_NP, selector & ~3);
    }
    set_cache(&cpu->emu->x86.ldt, selector, lo, hi);
}

void emu_load_tr(EmuCpu *cpu, uint16_t selector)
{
    uint32_t lo, hi, addr;
    unsigned type;

    if ((selector & ~3) == 0 || (selector & 4)) {
        emu_raise_error(cpu, VEC_GP, selector & ~3);
    }
    need_descriptor(cpu, selector, &lo, &hi);
    type = DESC_TYPE(hi);
    if ((hi & DESC_S) || (type != 1 && type != 9)) { /* an available TSS of either size */
        emu_raise_error(cpu, VEC_GP, selector & ~3);
    }
    if (!(hi & DESC_P)) {
        emu_raise_error(cpu, VEC_NP, selector & ~3);
    }
    hi |= 2u << 8; /* busy */
    descriptor_address(cpu, selector, &addr);
    emu_write(cpu, addr + 5, hi >> 8, 1);
    set_cache(&cpu->emu->x86.tr, selector, lo, hi);
}

/* ------------------------------------------------------------------------- far transfers -- */

/* Load CS in protected mode from a code segment's descriptor, for a transfer inside ring 0. */
static void load_code(EmuCpu *cpu, uint16_t selector, uint32_t lo, uint32_t hi, uint32_t offset,
                      uint16_t ext)
{
    uint16_t error = (selector & ~3) | ext;

    if (!(hi & DESC_S) || !(DESC_TYPE(hi) & TYPE_CODE) || DESC_DPL(hi) != 0) {
        emu_raise_error(cpu, VEC_GP, error);
    }
    if (!(hi & DESC_P)) {
        emu_raise_error(cpu, VEC_NP, error);
    }
    if (offset > emu_descriptor_limit(lo, hi)) {
        emu_raise_error(cpu, VEC_GP, ext);
    }
    set_cache(&cpu->emu->x86.seg[R_CS_INDEX], selector & ~3, lo, set_accessed(cpu, selector, hi));
    cpu->emu->x86.R_EIP = offset;
}

/* The target of JMP or CALL: a code segment, or through a call gate. Gives the operand size. */
static unsigned far_target(EmuCpu *cpu, uint16_t *selector, uint32_t *offset, unsigned size,
                           uint32_t *lo, uint32_t *hi)
{
    need_descriptor(cpu, *selector, lo, hi);
    if (!(*hi & DESC_S)) {
        unsigned type = DESC_TYPE(*hi);
        uint16_t error = *selector & ~3;

        if (type == 1 || type == 5 || type == 9) {
            emu_unsupported(cpu, "a task switch");
        }
        if ((type != 4 && type != 12) || DESC_DPL(*hi) < (*selector & 3)) {
            emu_raise_error(cpu, VEC_GP, error);
        }
        if (!(*hi & DESC_P)) {
            emu_raise_error(cpu, VEC_NP, error);
        }
        size = type == 12 ? 4 : 2;
        *selector = *lo >> 16;
        *offset = (*lo & 0xffff) | (size == 4 ? *hi & 0xffff0000 : 0);
        need_descriptor(cpu, *selector, lo, hi);
    } else if ((*selector & 3) && !(DESC_TYPE(*hi) & TYPE_DOWN)) {
        emu_raise_error(cpu, VEC_GP, *selector & ~3);
    }
    return size;
}

static void check_real_offset(EmuCpu *cpu, uint32_t offset)
{
    if (offset > cpu->emu->x86.R_CS_LIMIT) {
        emu_raise_error(cpu, VEC_GP, 0);
    }
}

void emu_jump_far(EmuCpu *cpu, uint16_t selector, uint32_t offset)
{
    uint32_t lo, hi;

    if (emu_protected(cpu)) {
        far_target(cpu, &selector, &offset, 0, &lo, &hi);
        load_code(cpu, selector, lo, hi, offset, 0);
    } else {
        check_real_offset(cpu, offset);
        load_real(&cpu->emu->x86.seg[R_CS_INDEX], selector);
        cpu->emu->x86.R_EIP = offset;
    }
}

void emu_call_far(EmuCpu *cpu, uint16_t selector, uint32_t offset, unsigned size)
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    uint32_t lo, hi;

    if (emu_protected(cpu)) {
        size = far_target(cpu, &selector, &offset, size, &lo, &hi);
    } else {
        check_real_offset(cpu, offset);
    }
    emu_push(cpu, x86->R_CS, size);
    emu_push(cpu, x86->R_EIP, size);
    if (emu_protected(cpu)) {
        load_code(cpu, selector, lo, hi, offset, 0);
    } else {
        load_real(&x86->seg[R_CS_INDEX], selector);
        x86->R_EIP = offset;
    }
}

/* The way back of RETF and IRET, once CS and EIP are popped. */
static void return_to(EmuCpu *cpu, uint16_t selector, uint32_t offset)
{
    uint32_t lo, hi;

    if (emu_protected(cpu)) {
        need_descriptor(cpu, selector, &lo, &hi);
        if (selector & 3) {
            emu_unsupported(cpu, "a return to another privilege level");
        }
        load_code(cpu, selector, lo, hi, offset, 0);
    } else {
        check_real_offset(cpu, offset);
        load_real(&cpu->emu->x86.seg[R_CS_INDEX], selector);
        cpu->emu->x86.R_EIP = offset;
    }
}

void emu_return_far(EmuCpu *cpu, unsigned size, uint16_t discard)
{
    uint32_t offset = emu_pop(cpu, size);
    uint16_t selector = emu_pop(cpu, size);

    return_to(cpu, selector, offset);
    emu_add_sp(cpu, discard);
}

void emu_set_flags(EmuCpu *cpu, uint32_t value, unsigned size)
{
    uint32_t mask = size == 4 ? FL_POPPED : FL_POPPED & 0xffff;
    uint32_t *flags = &cpu->emu->x86.R_EFLG;

    *flags = (*flags & ~(mask | FL_RF)) | (value & mask) | FL_ONE;
}

void emu_iret(EmuCpu *cpu, unsigned size)
{
    uint32_t offset, flags;
    uint16_t selector;

    if (emu_protected(cpu) && (cpu->emu->x86.R_EFLG & FL_NT)) {
        emu_unsupported(cpu, "a task switch (IRET with NT set)");
    }
    offset = emu_pop(cpu, size);
    selector = emu_pop(cpu, size);
    flags = emu_pop(cpu, size);
    if (emu_protected(cpu) && size == 4 && (flags & FL_VM)) {
        emu_unsupported(cpu, "virtual-8086 mode");
    }
    return_to(cpu, selector, offset);
    emu_set_flags(cpu, flags, size);
    cpu->in_nmi = false;
}

/* ---------------------------------------------------------------------------- interrupts -- */

static void interrupt_real(EmuCpu *cpu, uint8_t vector)
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    uint32_t entry;

    if (vector * 4u + 3 > x86->R_IDT_LIMIT) {
        emu_raise_error(cpu, VEC_GP, 0);
    }
    entry = emu_read(cpu, x86->R_IDT_BASE + vector * 4u, 4);
    check_real_offset(cpu, entry & 0xffff);
    emu_push(cpu, x86->R_EFLG & 0xffff, 2);
    emu_push(cpu, x86->R_CS, 2);
    emu_push(cpu, x86->R_IP, 2);
    x86->R_EFLG &= ~(FL_IF | FL_TF | FL_RF | 1u << 18);
    load_real(&x86->seg[R_CS_INDEX], entry >> 16);
    x86->R_EIP = entry & 0xffff;
}

static void interrupt_protected(EmuCpu *cpu, uint8_t vector, EmuIntKind kind, bool has_error,
                                uint16_t error)
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    uint16_t ext = kind == INT_SOFTWARE ? 0 : ERROR_EXT;
    uint16_t gate_error = vector * 8u | ERROR_IDT | ext;
    uint32_t gate_lo, gate_hi, lo, hi, offset, eip = x86->R_EIP, flags = x86->R_EFLG;
    uint16_t selector, cs = x86->R_CS;
    unsigned type, size;

    if (vector * 8u + 7 > x86->R_IDT_LIMIT) {
        emu_raise_error(cpu, VEC_GP, gate_error);
    }
    gate_lo = emu_read(cpu, x86->R_IDT_BASE + vector * 8u, 4);
    gate_hi = emu_read(cpu, x86->R_IDT_BASE + vector * 8u + 4, 4);
    type = DESC_TYPE(gate_hi);
    if (!(gate_hi & DESC_S) && type == 5) {
        emu_unsupported(cpu, "a task gate");
    }
    if ((gate_hi & DESC_S) || (type & 6) != 6) { /* 6, 7: 16 bit; 14, 15: 32 bit */
        emu_raise_error(cpu, VEC_GP, gate_error);
    }
    if (!(gate_hi & DESC_P)) {
        emu_raise_error(cpu, VEC_NP, gate_error);
    }
    size = type & 8 ? 4 : 2;
    selector = gate_lo >> 16;
    offset = (gate_lo & 0xffff) | (size == 4 ? gate_hi & 0xffff0000 : 0);
    if (!emu_descriptor(cpu, selector, &lo, &hi)) {
        emu_raise_error(cpu, VEC_GP, (selector & ~3) | ext);
    }
    emu_push(cpu, flags, size);
    emu_push(cpu, cs, size);
    emu_push(cpu, eip, size);
    if (has_error) {
        emu_push(cpu, error, size);
    }
    load_code(cpu, selector, lo, hi, offset, ext);
    x86->R_EFLG &= ~(FL_TF | FL_NT | FL_RF | FL_VM);
    if (!(type & 1)) {
        x86->R_EFLG &= ~FL_IF; /* an interrupt gate; a trap gate leaves it */
    }
}

void emu_interrupt(EmuCpu *cpu, uint8_t vector, EmuIntKind kind, bool has_error, uint16_t error)
{
    if (emu_protected(cpu)) {
        interrupt_protected(cpu, vector, kind, has_error, error);
    } else {
        interrupt_real(cpu, vector);
    }
}
