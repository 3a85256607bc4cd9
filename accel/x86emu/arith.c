/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic of the x86emu CPU that libx86emu gets wrong or lacks: shifts and rotates, signed
 * division, decimal adjustment, bit tests and scans, exchanges with a condition.
 * Document: Intel SDM volume 2. Flags that it calls undefined are left as they were, or cleared.
 */
#include "internal.h"

static uint32_t size_mask(unsigned size)
{
    return size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
}

static uint32_t size_sign(unsigned size)
{
    return 1u << (8 * size - 1);
}

static void set_flags(EmuCpu *cpu, uint32_t which, uint32_t value)
{
    uint32_t *flags = &cpu->emu->x86.R_EFLG;

    *flags = (*flags & ~which) | (value & which);
}

static uint32_t result_flags(uint32_t value, unsigned size)
{
    return (value & size_mask(size) ? 0 : FL_ZF) | (value & size_sign(size) ? FL_SF : 0) |
           (__builtin_parity(value & 0xff) ? 0 : FL_PF);
}

/* The flags of a + b (+ carry) or a - b, which gave `result`. */
static uint32_t add_flags(uint32_t a, uint32_t b, uint32_t result, unsigned size)
{
    return result_flags(result, size) | (result < a ? FL_CF : 0) |
           ((a ^ b ^ result) & 0x10 ? FL_AF : 0) |
           (~(a ^ b) & (a ^ result) & size_sign(size) ? FL_OF : 0);
}

static uint32_t sub_flags(uint32_t a, uint32_t b, uint32_t result, unsigned size)
{
    return result_flags(result, size) | (a < b ? FL_CF : 0) |
           ((a ^ b ^ result) & 0x10 ? FL_AF : 0) |
           ((a ^ b) & (a ^ result) & size_sign(size) ? FL_OF : 0);
}

/* -------------------------------------------------------------------- shifts and rotates -- */

/* ROL ROR RCL RCR SHL SHR (SHL) SAR of `value` by `count`, 1..31. Sets the flags. */
static uint32_t shift(EmuCpu *cpu, unsigned kind, uint32_t value, unsigned count, unsigned size)
{
    unsigned bits = 8 * size;
    uint32_t mask = size_mask(size), sign = size_sign(size), result;
    bool carry = cpu->emu->x86.R_EFLG & FL_CF;
    uint32_t flags, which = FL_CF | FL_OF;
    uint64_t wide;

    switch (kind) {
    case 0: /* ROL */
        count %= bits;
        result = count ? (value << count | value >> (bits - count)) & mask : value;
        carry = result & 1;
        flags = carry != !!(result & sign) ? FL_OF : 0;
        break;
    case 1: /* ROR */
        count %= bits;
        result = count ? (value >> count | value << (bits - count)) & mask : value;
        carry = result & sign;
        flags = !!(result & sign) != !!(result & sign >> 1) ? FL_OF : 0;
        break;
    case 2: /* RCL: through bits + 1 places */
        count %= bits + 1;
        wide = (uint64_t)carry << bits | value;
        wide = count ? wide << count | wide >> (bits + 1 - count) : wide;
        result = wide & mask;
        carry = wide >> bits & 1;
        flags = carry != !!(result & sign) ? FL_OF : 0;
        break;
    case 3: /* RCR */
        count %= bits + 1;
        wide = (uint64_t)carry << bits | value;
        wide = count ? wide >> count | wide << (bits + 1 - count) : wide;
        result = wide & mask;
        carry = wide >> bits & 1;
        flags = !!(result & sign) != !!(result & sign >> 1) ? FL_OF : 0;
        break;
    case 5: /* SHR */
        result = value >> count;
        carry = value >> (count - 1) & 1;
        flags = value & sign ? FL_OF : 0;
        break;
    case 7: { /* SAR */
        int32_t extended = (int32_t)(value << (32 - bits)) >> (32 - bits);

        result = (uint32_t)(extended >> count) & mask;
        carry = extended >> (count - 1) & 1;
        flags = 0;
        break;
    }
    default: /* SHL, and its alias 6 */
        wide = (uint64_t)value << count;
        result = wide & mask;
        carry = wide >> bits & 1;
        flags = carry != !!(result & sign) ? FL_OF : 0;
        break;
    }
    if (kind >= 4) {
        which |= FL_ZF | FL_SF | FL_PF | FL_AF;
        flags |= result_flags(result, size);
    }
    set_flags(cpu, which, flags | (carry ? FL_CF : 0));
    return result;
}

static void insn_shift(EmuCpu *cpu, Insn *insn) /* C0 C1 D0..D3 */
{
    unsigned size = insn->opcode & 1 ? insn_size(insn) : 1;
    unsigned count = 1;
    uint32_t value;

    insn_modrm(cpu, insn);
    if (insn->opcode < 0xd0) {
        count = insn_fetch(cpu, insn, 1);
    } else if (insn->opcode >= 0xd2) {
        count = cpu->emu->x86.R_CL;
    }
    count &= 31;
    value = insn_read_rm(cpu, insn, size);
    if (count) {
        insn_write_rm(cpu, insn, shift(cpu, insn->reg, value, count, size), size);
    }
    insn_done(cpu, insn);
}

static void insn_double_shift(EmuCpu *cpu, Insn *insn) /* 0F A4 A5 (SHLD), AC AD (SHRD) */
{
    unsigned size = insn_size(insn), bits = 8 * size, count;
    uint32_t value, fill, result;
    bool carry;

    insn_modrm(cpu, insn);
    count = (insn->opcode & 1 ? cpu->emu->x86.R_CL : insn_fetch(cpu, insn, 1)) & 31;
    value = insn_read_rm(cpu, insn, size);
    fill = emu_get_reg(cpu, insn->reg, size);
    if (count) {
        uint64_t wide;

        /* 16 bits by more than 16 is undefined: here the operand comes in again. */
        if (insn->opcode < 0xa8) {
            wide = size == 4 ? (uint64_t)value << 32 | fill
                             : (uint64_t)value << 32 | fill << 16 | value;
            result = (wide << count) >> 32;
            carry = wide >> (32 + bits - count) & 1;
        } else {
            wide = size == 4 ? (uint64_t)fill << 32 | value
                             : (uint64_t)value << 32 | fill << 16 | value;
            result = wide >> count;
            carry = wide >> (count - 1) & 1;
        }
        result &= size_mask(size);
        insn_write_rm(cpu, insn, result, size);
        set_flags(cpu, FL_ARITH,
                  result_flags(result, size) | (carry ? FL_CF : 0) |
                      ((value ^ result) & size_sign(size) ? FL_OF : 0));
    }
    insn_done(cpu, insn);
}

/* ------------------------------------------------------------------------------ division -- */

/* DX:AX and the like; a quotient that does not fit is #DE, as is a divisor of 0. */
static void insn_divide(EmuCpu *cpu, Insn *insn) /* F6 F7 /6 (DIV) /7 (IDIV) */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    unsigned size = insn->opcode & 1 ? insn_size(insn) : 1, bits = 8 * size;
    uint64_t dividend, quotient, remainder;
    uint32_t divisor;

    insn_modrm(cpu, insn);
    divisor = insn_read_rm(cpu, insn, size);
    if (divisor == 0) {
        emu_raise(cpu, VEC_DE);
    }
    if (size == 1) {
        dividend = x86->R_AX;
    } else {
        dividend = (uint64_t)emu_get_reg(cpu, 2, size) << bits | emu_get_reg(cpu, 0, size);
    }
    if (insn->reg == 6) {
        quotient = dividend / divisor;
        remainder = dividend % divisor;
        if (quotient > size_mask(size)) {
            emu_raise(cpu, VEC_DE);
        }
    } else {
        /* By magnitudes: no quotient of int64_t can overflow on the way. */
        int64_t a = (int64_t)(dividend << (64 - 2 * bits)) >> (64 - 2 * bits);
        int32_t b = (int32_t)(divisor << (32 - bits)) >> (32 - bits);
        uint64_t ua = a < 0 ? -(uint64_t)a : (uint64_t)a;
        uint64_t ub = b < 0 ? -(uint64_t)b : (uint64_t)b;
        bool negative = (a < 0) != (b < 0);

        quotient = ua / ub;
        remainder = a < 0 ? -(ua % ub) : ua % ub;
        if (quotient > size_sign(size) - (negative ? 0 : 1)) {
            emu_raise(cpu, VEC_DE);
        }
        quotient = negative ? -quotient : quotient;
    }
    if (size == 1) {
        x86->R_AL = quotient;
        x86->R_AH = remainder;
    } else {
        emu_set_reg(cpu, 0, quotient, size);
        emu_set_reg(cpu, 2, remainder, size);
    }
    insn_done(cpu, insn);
}

static void insn_aam(EmuCpu *cpu, Insn *insn) /* D4 */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    uint8_t base = insn_fetch(cpu, insn, 1);

    if (base == 0) {
        emu_raise(cpu, VEC_DE);
    }
    x86->R_AH = x86->R_AL / base;
    x86->R_AL = x86->R_AL % base;
    set_flags(cpu, FL_ARITH, result_flags(x86->R_AL, 1));
    insn_done(cpu, insn);
}

static void insn_decimal(EmuCpu *cpu, Insn *insn) /* 27 DAA, 2F DAS */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    bool subtract = insn->opcode == 0x2f;
    uint8_t al = x86->R_AL, result = al;
    bool carry = false, low = (al & 0xf) > 9 || (x86->R_EFLG & FL_AF);

    if (low) {
        result += subtract ? -6 : 6;
        carry = (x86->R_EFLG & FL_CF) || (subtract ? al < 6 : al > 0xff - 6);
    }
    if (al > 0x99 || (x86->R_EFLG & FL_CF)) {
        result += subtract ? -0x60 : 0x60;
        carry = true;
    }
    x86->R_AL = result;
    set_flags(cpu, FL_ARITH, result_flags(result, 1) | (carry ? FL_CF : 0) | (low ? FL_AF : 0));
    insn_done(cpu, insn);
}

static void insn_ascii(EmuCpu *cpu, Insn *insn) /* 37 AAA, 3F AAS */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;

    if ((x86->R_AL & 0xf) > 9 || (x86->R_EFLG & FL_AF)) {
        x86->R_AX += insn->opcode == 0x37 ? 0x106 : -0x106;
        set_flags(cpu, FL_CF | FL_AF, FL_CF | FL_AF);
    } else {
        set_flags(cpu, FL_CF | FL_AF, 0);
    }
    x86->R_AL &= 0xf;
    insn_done(cpu, insn);
}

/* ---------------------------------------------------------------------------------- bits -- */

/* BT BTS BTR BTC by a register (0F A3 AB B3 BB): into memory, the bit offset is not bounded. */
static void insn_bit_reg(EmuCpu *cpu, Insn *insn)
{
    unsigned size = insn_size(insn), kind = (insn->opcode >> 3) & 3;
    int32_t bit;
    uint32_t value, mask;

    insn_modrm(cpu, insn);
    bit = emu_get_reg(cpu, insn->reg, size);
    if (!insn->is_reg) {
        bit = size == 2 ? (int16_t)bit : bit;
        insn->mem_offset += (bit >> (size == 4 ? 5 : 4)) * (int32_t)size;
        if (!insn->addr32) {
            insn->mem_offset &= 0xffff;
        }
    }
    mask = 1u << (bit & (8 * size - 1));
    value = insn_read_rm(cpu, insn, size);
    if (kind != 0) {
        insn_write_rm(cpu, insn,
                      kind == 1   ? value | mask
                      : kind == 2 ? value & ~mask
                                  : value ^ mask,
                      size);
    }
    set_flags(cpu, FL_CF, value & mask ? FL_CF : 0);
    insn_done(cpu, insn);
}

static void insn_bit_imm(EmuCpu *cpu, Insn *insn) /* 0F BA /4../7 */
{
    unsigned size = insn_size(insn);
    uint32_t value, mask;

    insn_modrm(cpu, insn);
    mask = 1u << (insn_fetch(cpu, insn, 1) & (8 * size - 1));
    value = insn_read_rm(cpu, insn, size);
    if (insn->reg != 4) {
        insn_write_rm(cpu, insn,
                      insn->reg == 5   ? value | mask
                      : insn->reg == 6 ? value & ~mask
                                       : value ^ mask,
                      size);
    }
    set_flags(cpu, FL_CF, value & mask ? FL_CF : 0);
    insn_done(cpu, insn);
}

static void insn_bit_scan(EmuCpu *cpu, Insn *insn) /* 0F BC (BSF), BD (BSR) */
{
    unsigned size = insn_size(insn);
    uint32_t value;

    insn_modrm(cpu, insn);
    value = insn_read_rm(cpu, insn, size);
    set_flags(cpu, FL_ZF, value ? 0 : FL_ZF);
    if (value) {
        emu_set_reg(cpu, insn->reg,
                    insn->opcode == 0xbc ? __builtin_ctz(value) : 31 - __builtin_clz(value), size);
    }
    insn_done(cpu, insn);
}

/* ------------------------------------------------------------------------------ exchange -- */

static void insn_cmpxchg(EmuCpu *cpu, Insn *insn) /* 0F B0 B1 */
{
    unsigned size = insn->opcode & 1 ? insn_size(insn) : 1;
    uint32_t value, old;

    insn_modrm(cpu, insn);
    value = insn_read_rm(cpu, insn, size);
    old = emu_get_reg(cpu, 0, size);
    insn_write_rm(cpu, insn, value == old ? emu_get_reg(cpu, insn->reg, size) : value, size);
    if (value != old) {
        emu_set_reg(cpu, 0, value, size);
    }
    set_flags(cpu, FL_ARITH, sub_flags(old, value, (old - value) & size_mask(size), size));
    insn_done(cpu, insn);
}

static void insn_xadd(EmuCpu *cpu, Insn *insn) /* 0F C0 C1 */
{
    unsigned size = insn->opcode & 1 ? insn_size(insn) : 1;
    uint32_t value, add, sum;

    insn_modrm(cpu, insn);
    value = insn_read_rm(cpu, insn, size);
    add = emu_get_reg(cpu, insn->reg, size);
    sum = (value + add) & size_mask(size);
    if (insn->is_reg) {
        emu_set_reg(cpu, insn->reg, value, size); /* first: both may be one register */
        insn_write_rm(cpu, insn, sum, size);
    } else {
        insn_write_rm(cpu, insn, sum, size);
        emu_set_reg(cpu, insn->reg, value, size);
    }
    set_flags(cpu, FL_ARITH, add_flags(value, add, sum, size));
    insn_done(cpu, insn);
}

static void insn_cmpxchg8b(EmuCpu *cpu, Insn *insn) /* 0F C7 /1 */
{
    x86emu_regs_t *x86 = &cpu->emu->x86;
    uint32_t lo, hi;
    bool equal;

    insn_modrm_mem(cpu, insn);
    emu_seg_check(cpu, insn->mem_seg, insn->mem_offset, 8);
    lo = emu_seg_read(cpu, insn->mem_seg, insn->mem_offset, 4);
    hi = emu_seg_read(cpu, insn->mem_seg, insn->mem_offset + 4, 4);
    equal = lo == x86->R_EAX && hi == x86->R_EDX;
    emu_seg_write(cpu, insn->mem_seg, insn->mem_offset, equal ? x86->R_EBX : lo, 4);
    emu_seg_write(cpu, insn->mem_seg, insn->mem_offset + 4, equal ? x86->R_ECX : hi, 4);
    if (!equal) {
        x86->R_EAX = lo;
        x86->R_EDX = hi;
    }
    set_flags(cpu, FL_ZF, equal ? FL_ZF : 0);
    insn_done(cpu, insn);
}

static bool condition(EmuCpu *cpu, unsigned code)
{
    uint32_t flags = cpu->emu->x86.R_EFLG;
    bool less = !(flags & FL_SF) != !(flags & FL_OF);
    bool holds;

    switch (code >> 1 & 7) {
    case 0:
        holds = flags & FL_OF;
        break;
    case 1:
        holds = flags & FL_CF;
        break;
    case 2:
        holds = flags & FL_ZF;
        break;
    case 3:
        holds = flags & (FL_CF | FL_ZF);
        break;
    case 4:
        holds = flags & FL_SF;
        break;
    case 5:
        holds = flags & FL_PF;
        break;
    case 6:
        holds = less;
        break;
    default:
        holds = less || (flags & FL_ZF);
        break;
    }
    return holds != (code & 1);
}

static void insn_cmov(EmuCpu *cpu, Insn *insn) /* 0F 40..4F: reads its source either way */
{
    unsigned size = insn_size(insn);
    uint32_t value;

    insn_modrm(cpu, insn);
    value = insn_read_rm(cpu, insn, size);
    if (condition(cpu, insn->opcode)) {
        emu_set_reg(cpu, insn->reg, value, size);
    }
    insn_done(cpu, insn);
}

static void insn_xlat(EmuCpu *cpu, Insn *insn) /* D7 */
{
    unsigned seg = insn->segment >= 0 ? (unsigned)insn->segment : R_DS_INDEX;
    uint32_t offset = cpu->emu->x86.R_EBX + cpu->emu->x86.R_AL;

    cpu->emu->x86.R_AL = emu_seg_read(cpu, seg, insn->addr32 ? offset : offset & 0xffff, 1);
    insn_done(cpu, insn);
}

const InsnRow insn_arith_rows[] = {
    {0x27, 0, insn_decimal},
    {0x2f, 0, insn_decimal},
    {0x37, 0, insn_ascii},
    {0x3f, 0, insn_ascii},
    {0xc0, 0, insn_shift},
    {0xc1, 0, insn_shift},
    {0xd0, 0, insn_shift},
    {0xd1, 0, insn_shift},
    {0xd2, 0, insn_shift},
    {0xd3, 0, insn_shift},
    {0xd4, 0, insn_aam},
    {0xd7, 0, insn_xlat},
    {0xf6, 1 << 6 | 1 << 7, insn_divide},
    {0xf7, 1 << 6 | 1 << 7, insn_divide},
    {},
};

const InsnRow insn_arith_0f_rows[] = {
    {0x40, 0, insn_cmov},         {0x41, 0, insn_cmov},           {0x42, 0, insn_cmov},
    {0x43, 0, insn_cmov},         {0x44, 0, insn_cmov},           {0x45, 0, insn_cmov},
    {0x46, 0, insn_cmov},         {0x47, 0, insn_cmov},           {0x48, 0, insn_cmov},
    {0x49, 0, insn_cmov},         {0x4a, 0, insn_cmov},           {0x4b, 0, insn_cmov},
    {0x4c, 0, insn_cmov},         {0x4d, 0, insn_cmov},           {0x4e, 0, insn_cmov},
    {0x4f, 0, insn_cmov},         {0xa3, 0, insn_bit_reg},        {0xa4, 0, insn_double_shift},
    {0xa5, 0, insn_double_shift}, {0xab, 0, insn_bit_reg},        {0xac, 0, insn_double_shift},
    {0xad, 0, insn_double_shift}, {0xb0, 0, insn_cmpxchg},        {0xb1, 0, insn_cmpxchg},
    {0xb3, 0, insn_bit_reg},      {0xba, 0xf0, insn_bit_imm},     {0xbb, 0, insn_bit_reg},
    {0xbc, 0, insn_bit_scan},     {0xbd, 0, insn_bit_scan},       {0xc0, 0, insn_xadd},
    {0xc1, 0, insn_xadd},         {0xc7, 1 << 1, insn_cmpxchg8b}, {},
};
