/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control transfers and segment loads of the x86emu CPU: far jumps, interrupts, loops, the stack
 * frame, and whatever loads a segment register.
 * Document: Intel SDM volume 2.
 */
#include "internal.h"

/* -------------------------------------------------------------------------- far and near -- */

static void insn_jmp_far(EmuCpu *cpu, Insn *insn) /* EA */
{
    uint32_t offset = insn_fetch(cpu, insn, insn_size(insn));
    uint16_t selector = insn_fetch(cpu, insn, 2);

    insn_done(cpu, insn);
    emu_jump_far(cpu, selector, offset);
}

static void insn_call_far(EmuCpu *cpu, Insn *insn) /* 9A */
{
    uint32_t offset = insn_fetch(cpu, insn, insn_size(insn));
    uint16_t selector = insn_fetch(cpu, insn, 2);

    insn_done(cpu, insn);
    emu_call_far(cpu, selector, offset, insn_size(insn));
}

static void insn_group5_far(EmuCpu *cpu, Insn *insn) /* FF /3 /5 */
{
    unsigned size = insn_size(insn);
    uint32_t offset;
    uint16_t selector;

    insn_modrm_mem(cpu, insn);
    offset = emu_seg_read(cpu, insn->mem_seg, insn->mem_offset, size);
    selector = emu_seg_read(cpu, insn->mem_seg, insn->mem_offset + size, 2);
    insn_done(cpu, insn);
    if (insn->reg == 3) {
        emu_call_far(cpu, selector, offset, size);
    } else {
        emu_jump_far(cpu, selector, offset);
    }
}

static void insn_ret_near(EmuCpu *cpu, Insn *insn) /* C2 */
{
    uint16_t discard = insn_fetch(cpu, insn, 2);
    uint32_t offset = emu_pop(cpu, insn_size(insn));

    emu_add_sp(cpu, discard);
    cpu->emu->x86.R_EIP = offset;
}

static void insn_ret_far(EmuCpu *cpu, Insn *insn) /* CA, CB */
{
    uint16_t discard = insn->opcode == 0xca ? insn_fetch(cpu, insn, 2) : 0;

    emu_return_far(cpu, insn_size(insn), discard);
}

static void insn_iret(EmuCpu *cpu, Insn *insn) /* CF */
{
    emu_iret(cpu, insn_size(insn));
}

static void insn_int(EmuCpu *cpu, Insn *insn) /* CC, CD, CE */
{
    uint8_t vector;

    switch (insn->opcode) {
    case 0xcc:
        vector = VEC_BP;
        break;
    case 0xcd:
        vector = insn_fetch(cpu, insn, 1);
        break;
    default: /* INTO */
        if (!(cpu->emu->x86.R_EFLG & FL_OF)) {
            insn_done(cpu, insn);
            return;
        }
        vector = VEC_OF;
        break;
    }
    insn_done(cpu, insn);
    emu_interrupt(cpu, vector, INT_SOFTWARE, false, 0);
}

/* LOOPNE, LOOPE, LOOP, JCXZ: the address size chooses CX or ECX. */
static void insn_loop(EmuCpu *cpu, Insn *insn) /* E0..E3 */
{
    unsigned count_size = insn->addr32 ? 4 : 2;
    int8_t displacement = insn_fetch(cpu, insn, 1);
    uint32_t count = emu_get_reg(cpu, 1, count_size);
    bool zf = cpu->emu->x86.R_EFLG & FL_ZF;
    bool taken;

    if (insn->opcode == 0xe3) {
        taken = count == 0;
    } else {
        count--;
        emu_set_reg(cpu, 1, count, count_size);
        taken = emu_get_reg(cpu, 1, count_size) != 0 &&
                (insn->opcode == 0xe2 || zf == (insn->opcode == 0xe1));
    }
    insn_done(cpu, insn);
    if (taken) {
        uint32_t target = cpu->emu->x86.R_EIP + displacement;

        cpu->emu->x86.R_EIP = insn->data32 ? target : target & 0xffff;
    }
}

/* ------------------------------------------------------------------------------ segments -- */

/* A new stack is given one instruction to load its pointer too. */
static void load_segment(EmuCpu *cpu, unsigned seg, uint16_t selector)
{
    emu_load_segment(cpu, seg, selector);
    if (seg == R_SS_INDEX) {
        cpu->shadow = true;
    }
}

static void insn_mov_sreg(EmuCpu *cpu, Insn *insn) /* 8E */
{
    insn_modrm(cpu, insn);
    if (insn->reg == R_CS_INDEX || insn->reg > R_GS_INDEX) {
        emu_raise(cpu, VEC_UD);
    }
    load_segment(cpu, insn->reg, insn_read_rm(cpu, insn, 2));
    insn_done(cpu, insn);
}

static void insn_pop_sreg(EmuCpu *cpu, Insn *insn) /* 07, 17, 1F; 0F A1, 0F A9 */
{
    unsigned size = insn_size(insn);
    unsigned seg = (insn->opcode >> 3) & 7; /* 0F A1 and A9 are FS and GS by this too */

    load_segment(cpu, seg, emu_pop(cpu, size));
    insn_done(cpu, insn);
}

static void insn_load_pointer(EmuCpu *cpu, Insn *insn) /* C4, C5; 0F B2, B4, B5 */
{
    unsigned size = insn_size(insn);
    unsigned seg;
    uint32_t offset;

    switch (insn->opcode) {
    case 0xc4:
        seg = R_ES_INDEX;
        break;
    case 0xc5:
        seg = R_DS_INDEX;
        break;
    case 0xb2:
        seg = R_SS_INDEX;
        break;
    default:
        seg = insn->opcode & 7; /* B4: FS, B5: GS */
        break;
    }
    insn_modrm_mem(cpu, insn);
    offset = emu_seg_read(cpu, insn->mem_seg, insn->mem_offset, size);
    emu_load_segment(cpu, seg, emu_seg_read(cpu, insn->mem_seg, insn->mem_offset + size, 2));
    emu_set_reg(cpu, insn->reg, offset, size);
    insn_done(cpu, insn);
}

/* --------------------------------------------------------------------------------- stack -- */

static void insn_pop_rm(EmuCpu *cpu, Insn *insn) /* 8F /0 */
{
    uint32_t value = emu_pop(cpu, insn_size(insn));

    insn_modrm(cpu, insn); /* an address with ESP in it sees ESP popped */
    insn_write_rm(cpu, insn, value, insn_size(insn));
    insn_done(cpu, insn);
}

static void insn_pushf(EmuCpu *cpu, Insn *insn) /* 9C */
{
    emu_push(cpu, cpu->emu->x86.R_EFLG & ~(FL_VM | FL_RF), insn_size(insn));
    insn_done(cpu, insn);
}

static void insn_popf(EmuCpu *cpu, Insn *insn) /* 9D */
{
    unsigned size = insn_size(insn);

    emu_set_flags(cpu, emu_pop(cpu, size), size);
    insn_done(cpu, insn);
}

static void insn_enter(EmuCpu *cpu, Insn *insn) /* C8 */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    unsigned size = insn_size(insn);
    uint16_t locals = insn_fetch(cpu, insn, 2);
    unsigned level = insn_fetch(cpu, insn, 1) & 31;
    bool wide = x86->R_SS_ACC & 0x400;
    uint32_t frame;

    emu_push(cpu, x86->R_EBP, size);
    frame = x86->R_ESP;
    if (level > 0) {
        uint32_t bp = x86->R_EBP;

        for (unsigned i = 1; i < level; i++) {
            bp -= size;
            emu_push(cpu, emu_seg_read(cpu, R_SS_INDEX, wide ? bp : bp & 0xffff, size), size);
        }
        emu_push(cpu, frame, size);
    }
    emu_set_reg(cpu, 5, frame, size);
    emu_add_sp(cpu, -(uint32_t)locals);
    insn_done(cpu, insn);
}

static void insn_bound(EmuCpu *cpu, Insn *insn) /* 62 */
{
    unsigned size = insn_size(insn);
    int32_t index, lower, upper;

    insn_modrm_mem(cpu, insn);
    index = emu_get_reg(cpu, insn->reg, size);
    lower = emu_seg_read(cpu, insn->mem_seg, insn->mem_offset, size);
    upper = emu_seg_read(cpu, insn->mem_seg, insn->mem_offset + size, size);
    if (size == 2) {
        index = (int16_t)index;
        lower = (int16_t)lower;
        upper = (int16_t)upper;
    }
    if (index < lower || index > upper) {
        emu_raise(cpu, VEC_BR);
    }
    insn_done(cpu, insn);
}

static void insn_sti(EmuCpu *cpu, Insn *insn) /* FB */
{
    if (!(cpu->emu->x86.R_EFLG & FL_IF)) {
        cpu->shadow = true;
    }
    cpu->emu->x86.R_EFLG |= FL_IF;
    insn_done(cpu, insn);
}

static void insn_hlt(EmuCpu *cpu, Insn *insn) /* F4 */
{
    insn_done(cpu, insn);
    cpu->halted = true;
    emu_exit(cpu, IO_PROFILE_HLT);
    emu_exit_done(cpu);
}

const InsnRow insn_control_rows[] = {
    {0x07, 0, insn_pop_sreg},
    {0x17, 0, insn_pop_sreg},
    {0x1f, 0, insn_pop_sreg},
    {0x62, 0, insn_bound},
    {0x8e, 0, insn_mov_sreg},
    {0x8f, 1 << 0, insn_pop_rm},
    {0x9a, 0, insn_call_far},
    {0x9c, 0, insn_pushf},
    {0x9d, 0, insn_popf},
    {0xc2, 0, insn_ret_near},
    {0xc4, 0, insn_load_pointer},
    {0xc5, 0, insn_load_pointer},
    {0xc8, 0, insn_enter},
    {0xca, 0, insn_ret_far},
    {0xcb, 0, insn_ret_far},
    {0xcc, 0, insn_int},
    {0xcd, 0, insn_int},
    {0xce, 0, insn_int},
    {0xcf, 0, insn_iret},
    {0xe0, 0, insn_loop},
    {0xe1, 0, insn_loop},
    {0xe2, 0, insn_loop},
    {0xe3, 0, insn_loop},
    {0xea, 0, insn_jmp_far},
    {0xf4, 0, insn_hlt},
    {0xfb, 0, insn_sti},
    {0xff, 1 << 3 | 1 << 5, insn_group5_far},
    {},
};

const InsnRow insn_control_0f_rows[] = {
    {0xa1, 0, insn_pop_sreg},     {0xa9, 0, insn_pop_sreg},     {0xb2, 0, insn_load_pointer},
    {0xb4, 0, insn_load_pointer}, {0xb5, 0, insn_load_pointer}, {},
};
