/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions that libx86emu 3.5 lacks or gets wrong, executed before it sees them. This file
 * decodes and finds them; control.c, string.c, arith.c and system.c execute them.
 * Document: Intel SDM volume 2, appendix A (opcode maps).
 *
 * What the library does with them, found by reading and by experiment:
 *
 *   prefixes      any number is accepted, and each LOCK or REP writes to a text buffer of 256
 *                 bytes without a bound: more than 14 must never reach it
 *   [EBP+disp8]   goes to DS instead of SS
 *   AAM 0, IDIV   the host's own division faults: AAM with base 0, and the least dividend by -1
 *   shifts        the count is not taken modulo 32 (so 64-bit shifts built on SHLD fail), SAR of
 *                 a byte by 8 and more does nothing, flags change when the count is 0
 *   BT and kin    a bit offset into memory is scaled wrongly
 *   BSF, BSR      change the destination when the source is 0
 *   CMOVcc        the signed conditions compare SF with OF as bits of different places
 *   LOOP, JCXZ    and XLAT choose the register by operand size instead of address size
 *   ENTER         saves the frame by the stack's size instead of the operand's
 *   RET n         discards by the operand's size instead of the stack's
 *   POP [ESP+n]   takes ESP before the pop
 *   DAA, DAS      and AAA, AAS compute from the changed value, or leave flags
 *   strings       a REP runs to its end whatever its count: no interrupt, no timer, no bound
 *   segments      no check of types; MOV to CS is accepted; no shadow after MOV SS
 *   far, INT      no gates, no faults, flags not masked; error codes also in real mode
 *   LMSW, CR0     clears PE; paging is ignored
 *   missing       BOUND, ARPL, CMPXCHG, XADD, CMPXCHG8B, LAR, LSL, VERR, VERW, LTR's check, FXSAVE
 *   SSE           half there, and its stores are wrong: CPUID has none, so these are #UD
 */
#include "internal.h"

#include <stddef.h>

#define MAX_INSN_BYTES 15

#define REG_OFFSET(field) offsetof(x86emu_regs_t, field)

static const uint16_t reg_offsets[8] = {
    REG_OFFSET(R_EAX), REG_OFFSET(R_ECX), REG_OFFSET(R_EDX), REG_OFFSET(R_EBX),
    REG_OFFSET(R_ESP), REG_OFFSET(R_EBP), REG_OFFSET(R_ESI), REG_OFFSET(R_EDI),
};

/* ---------------------------------------------------------------------------- registers -- */

static uint32_t *reg_ptr(EmuCpu *cpu, unsigned reg)
{
    return (uint32_t *)((char *)&cpu->emu->x86 + reg_offsets[reg & 7]);
}

uint32_t emu_get_reg(EmuCpu *cpu, unsigned reg, unsigned size)
{
    switch (size) {
    case 1: /* AL CL DL BL AH CH DH BH */
        return (uint8_t)(*reg_ptr(cpu, reg & 3) >> (reg & 4 ? 8 : 0));
    case 2:
        return (uint16_t)*reg_ptr(cpu, reg);
    default:
        return *reg_ptr(cpu, reg);
    }
}

void emu_set_reg(EmuCpu *cpu, unsigned reg, uint32_t value, unsigned size)
{
    uint32_t *p = reg_ptr(cpu, size == 1 ? reg & 3 : reg);
    unsigned shift = size == 1 && (reg & 4) ? 8 : 0;
    uint32_t mask = size == 4 ? UINT32_MAX : ((1u << (8 * size)) - 1) << shift;

    *p = (*p & ~mask) | ((value << shift) & mask);
}

/* ------------------------------------------------------------------------------- decoding -- */

static bool code32(EmuCpu *cpu)
{
    return cpu->emu->x86.R_CS_ACC & 0x400;
}

static uint32_t next_pos(EmuCpu *cpu, uint32_t pos)
{
    return code32(cpu) ? pos + 1 : (pos + 1) & 0xffff;
}

uint32_t insn_fetch(EmuCpu *cpu, Insn *insn, unsigned size)
{
    const x86emu_regs_t *x86 = &cpu->emu->x86;
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        if (insn->pos > x86->R_CS_LIMIT) {
            emu_raise_error(cpu, VEC_GP, 0);
        }
        value |= (uint32_t)emu_peek(cpu, x86->R_CS_BASE + insn->pos) << (8 * i);
        insn->pos = next_pos(cpu, insn->pos);
    }
    return value;
}

void insn_done(EmuCpu *cpu, const Insn *insn)
{
    cpu->emu->x86.R_EIP = insn->pos;
}

static void modrm_mem16(EmuCpu *cpu, Insn *insn)
{
    static const struct {
        int8_t base, index;
        uint8_t seg;
    } forms[8] = {{3, 6, R_DS_INDEX},  {3, 7, R_DS_INDEX},  {5, 6, R_SS_INDEX},
                  {5, 7, R_SS_INDEX},  {6, -1, R_DS_INDEX}, {7, -1, R_DS_INDEX},
                  {5, -1, R_SS_INDEX}, {3, -1, R_DS_INDEX}};
    unsigned mod = insn->modrm >> 6;
    uint32_t offset = 0;

    insn->mem_seg = forms[insn->rm].seg;
    if (mod == 0 && insn->rm == 6) {
        insn->mem_seg = R_DS_INDEX;
        offset = insn_fetch(cpu, insn, 2);
    } else {
        offset = emu_get_reg(cpu, forms[insn->rm].base, 2);
        if (forms[insn->rm].index >= 0) {
            offset += emu_get_reg(cpu, forms[insn->rm].index, 2);
        }
        if (mod == 1) {
            offset += (int8_t)insn_fetch(cpu, insn, 1);
        } else if (mod == 2) {
            offset += insn_fetch(cpu, insn, 2);
        }
    }
    insn->mem_offset = offset & 0xffff;
}

static void modrm_mem32(EmuCpu *cpu, Insn *insn)
{
    unsigned mod = insn->modrm >> 6, base = insn->rm;
    uint32_t offset = 0;

    if (base == 4) {
        uint8_t sib = insn_fetch(cpu, insn, 1);
        unsigned index = (sib >> 3) & 7;

        base = sib & 7;
        if (index != 4) {
            offset = emu_get_reg(cpu, index, 4) << (sib >> 6);
        }
    }
    insn->mem_seg = R_DS_INDEX;
    if (mod == 0 && base == 5) {
        offset += insn_fetch(cpu, insn, 4);
    } else {
        offset += emu_get_reg(cpu, base, 4);
        if (base == 4 || base == 5) {
            insn->mem_seg = R_SS_INDEX;
        }
    }
    if (mod == 1) {
        offset += (int8_t)insn_fetch(cpu, insn, 1);
    } else if (mod == 2) {
        offset += insn_fetch(cpu, insn, 4);
    }
    insn->mem_offset = offset;
}

void insn_modrm(EmuCpu *cpu, Insn *insn)
{
    insn->modrm = insn_fetch(cpu, insn, 1);
    insn->reg = (insn->modrm >> 3) & 7;
    insn->rm = insn->modrm & 7;
    insn->is_reg = insn->modrm >> 6 == 3;
    if (insn->is_reg) {
        return;
    }
    if (insn->addr32) {
        modrm_mem32(cpu, insn);
    } else {
        modrm_mem16(cpu, insn);
    }
    if (insn->segment >= 0) {
        insn->mem_seg = insn->segment;
    }
}

void insn_modrm_mem(EmuCpu *cpu, Insn *insn)
{
    insn_modrm(cpu, insn);
    if (insn->is_reg) {
        emu_raise(cpu, VEC_UD);
    }
}

uint32_t insn_read_rm(EmuCpu *cpu, const Insn *insn, unsigned size)
{
    return insn->is_reg ? emu_get_reg(cpu, insn->rm, size)
                        : emu_seg_read(cpu, insn->mem_seg, insn->mem_offset, size);
}

void insn_write_rm(EmuCpu *cpu, const Insn *insn, uint32_t value, unsigned size)
{
    if (insn->is_reg) {
        emu_set_reg(cpu, insn->rm, value, size);
    } else {
        emu_seg_write(cpu, insn->mem_seg, insn->mem_offset, value, size);
    }
}

/* ------------------------------------------------------------------------------- dispatch -- */

static struct {
    InsnFunc func;
    uint8_t groups;
} rows[2][256]; /* one-byte opcodes, and those after 0F */

static void fill(unsigned map, const InsnRow *row)
{
    for (; row->func; row++) {
        g_assert(!rows[map][row->opcode].func);
        rows[map][row->opcode].func = row->func;
        rows[map][row->opcode].groups = row->groups;
    }
}

static void fill_rows(void)
{
    static gsize done;

    if (g_once_init_enter(&done)) {
        fill(0, insn_control_rows);
        fill(0, insn_string_rows);
        fill(0, insn_arith_rows);
        fill(0, insn_system_rows);
        fill(1, insn_control_0f_rows);
        fill(1, insn_arith_0f_rows);
        fill(1, insn_system_0f_rows);
        g_once_init_leave(&done, 1);
    }
}

void emu_fixups_init(void)
{
    fill_rows();
}

/* Take one prefix byte in; false when it is none. */
static inline bool take_prefix(EmuCpu *cpu, Insn *insn, uint8_t byte)
{
    switch (byte) {
    case 0x26:
        insn->segment = R_ES_INDEX;
        return true;
    case 0x2e:
        insn->segment = R_CS_INDEX;
        return true;
    case 0x36:
        insn->segment = R_SS_INDEX;
        return true;
    case 0x3e:
        insn->segment = R_DS_INDEX;
        return true;
    case 0x64:
        insn->segment = R_FS_INDEX;
        return true;
    case 0x65:
        insn->segment = R_GS_INDEX;
        return true;
    case 0x66:
        insn->data32 = !code32(cpu);
        return true;
    case 0x67:
        insn->addr32 = !code32(cpu);
        return true;
    case 0xf0:
        return true;
    case 0xf2:
        insn->repne = true;
        insn->rep = false;
        return true;
    case 0xf3:
        insn->rep = true;
        insn->repne = false;
        return true;
    default:
        return false;
    }
}

/*
 * An instruction that is the library's: choose SS where it would forget to, by a segment that it
 * takes for an override. The byte is no modrm for some opcodes; those do not use the choice, but
 * for MOV with an absolute address (A0..A3).
 */
static void help_library(EmuCpu *cpu, const Insn *insn, unsigned map, uint8_t opcode)
{
    x86emu_regs_t *x86 = &cpu->emu->x86;

    if (insn->addr32 && insn->segment < 0 && !(map == 0 && (opcode & 0xfc) == 0xa0) &&
        (emu_peek(cpu, x86->R_CS_BASE + insn->pos) & 0xc7) == 0x45) {
        x86->default_seg = &x86->seg[R_SS_INDEX];
    }
}

bool emu_fixup(EmuCpu *cpu)
{
    const x86emu_regs_t *x86 = &cpu->emu->x86;
    Insn insn = {.pos = x86->R_EIP, .data32 = code32(cpu), .addr32 = code32(cpu), .segment = -1};
    unsigned map = 0, prefixes = 0;
    uint8_t byte;

    /* The library's EIP can run past 64 KiB in 16-bit code; a CPU's faults there, as here. */
    while (take_prefix(cpu, &insn, byte = insn_fetch(cpu, &insn, 1))) {
        if (++prefixes == MAX_INSN_BYTES) {
            emu_raise_error(cpu, VEC_GP, 0);
        }
    }
    if (byte == 0x0f) {
        map = 1;
        byte = insn_fetch(cpu, &insn, 1);
    }
    if (!rows[map][byte].func) {
        help_library(cpu, &insn, map, byte);
        return false;
    }
    if (rows[map][byte].groups) {
        unsigned reg = (emu_peek(cpu, x86->R_CS_BASE + insn.pos) >> 3) & 7;

        if (!(rows[map][byte].groups & 1 << reg)) {
            help_library(cpu, &insn, map, byte);
            return false;
        }
    }
    insn.opcode = byte;
    rows[map][byte].func(cpu, &insn);
    return true;
}
