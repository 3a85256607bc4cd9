/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * String instructions of the x86emu CPU: MOVS CMPS STOS LODS SCAS INS OUTS, with REP.
 * Document: Intel SDM volume 2.
 *
 * A REP is carried out a bounded number of elements at a time, and EIP stays on it until the count
 * is 0: so interrupts, timers and other threads get in between, as on a CPU.
 */
#include "internal.h"

#include <string.h>

#define REG_CX 1
#define REG_SI 6
#define REG_DI 7

#define MAX_ELEMENTS 4096 /* one step of a REP */

typedef struct StringOp {
    unsigned size, addr_size, source;
    int32_t step;
} StringOp;

static StringOp string_op(EmuCpu *cpu, const Insn *insn)
{
    StringOp op = {
        .size = insn->opcode & 1 ? insn_size(insn) : 1,
        .addr_size = insn->addr32 ? 4 : 2,
        .source = insn->segment >= 0 ? (unsigned)insn->segment : R_DS_INDEX,
    };

    op.step = cpu->emu->x86.R_EFLG & FL_DF ? -(int32_t)op.size : (int32_t)op.size;
    return op;
}

static void step_reg(EmuCpu *cpu, const StringOp *op, unsigned reg, uint32_t elements)
{
    emu_set_reg(cpu, reg, emu_get_reg(cpu, reg, op->addr_size) + op->step * elements,
                op->addr_size);
}

static void compare(EmuCpu *cpu, uint32_t a, uint32_t b, unsigned size)
{
    unsigned bits = 8 * size;
    uint32_t mask = size == 4 ? UINT32_MAX : (1u << bits) - 1, sign = 1u << (bits - 1);
    uint32_t result = (a - b) & mask, flags = 0;

    flags |= a < b ? FL_CF : 0;
    flags |= result == 0 ? FL_ZF : 0;
    flags |= result & sign ? FL_SF : 0;
    flags |= (a ^ b) & (a ^ result) & sign ? FL_OF : 0;
    flags |= (a ^ b ^ result) & 0x10 ? FL_AF : 0;
    flags |= __builtin_parity(result & 0xff) ? 0 : FL_PF;
    cpu->emu->x86.R_EFLG = (cpu->emu->x86.R_EFLG & ~FL_ARITH) | flags;
}

/* One element; false ends a REP early. */
static bool element(EmuCpu *cpu, const Insn *insn, const StringOp *op)
{
    uint32_t si = emu_get_reg(cpu, REG_SI, op->addr_size);
    uint32_t di = emu_get_reg(cpu, REG_DI, op->addr_size);
    uint16_t port = cpu->emu->x86.R_DX;
    uint32_t a, b;

    switch (insn->opcode & ~1) {
    case 0x6c: /* INS: the place is checked before the port is read */
        emu_seg_check(cpu, R_ES_INDEX, di, op->size);
        emu_seg_write(cpu, R_ES_INDEX, di, emu_in(cpu, port, op->size), op->size);
        step_reg(cpu, op, REG_DI, 1);
        return true;
    case 0x6e: /* OUTS */
        emu_out(cpu, port, emu_seg_read(cpu, op->source, si, op->size), op->size);
        step_reg(cpu, op, REG_SI, 1);
        return true;
    case 0xa4: /* MOVS */
        emu_seg_write(cpu, R_ES_INDEX, di, emu_seg_read(cpu, op->source, si, op->size), op->size);
        step_reg(cpu, op, REG_SI, 1);
        step_reg(cpu, op, REG_DI, 1);
        return true;
    case 0xa6: /* CMPS */
        a = emu_seg_read(cpu, op->source, si, op->size);
        b = emu_seg_read(cpu, R_ES_INDEX, di, op->size);
        step_reg(cpu, op, REG_SI, 1);
        step_reg(cpu, op, REG_DI, 1);
        break;
    case 0xaa: /* STOS */
        emu_seg_write(cpu, R_ES_INDEX, di, emu_get_reg(cpu, 0, op->size), op->size);
        step_reg(cpu, op, REG_DI, 1);
        return true;
    case 0xac: /* LODS */
        emu_set_reg(cpu, 0, emu_seg_read(cpu, op->source, si, op->size), op->size);
        step_reg(cpu, op, REG_SI, 1);
        return true;
    default: /* AE: SCAS */
        a = emu_get_reg(cpu, 0, op->size);
        b = emu_seg_read(cpu, R_ES_INDEX, di, op->size);
        step_reg(cpu, op, REG_DI, 1);
        break;
    }
    compare(cpu, a, b, op->size);
    return insn->rep == !!(cpu->emu->x86.R_EFLG & FL_ZF);
}

/* Where `elements` rising elements from `offset` lie in RAM, one page and one segment; or NULL. */
static uint8_t *plain_ram(EmuCpu *cpu, const StringOp *op, unsigned seg, uint32_t offset,
                          bool write, uint32_t *elements)
{
    const sel_t *s = &cpu->emu->x86.seg[seg];
    uint32_t room;
    uint8_t *p = emu_ram(cpu, s->base + offset, write, &room);

    if (!p || !(s->acc & 0x80) || offset > s->limit) {
        return NULL;
    }
    if (s->limit - offset < room - 1) {
        room = s->limit - offset + 1;
    }
    if (op->addr_size == 2) {
        room = MIN(room, 0x10000 - offset);
    }
    *elements = MIN(*elements, room / op->size);
    return p;
}

/* As many elements of a rising REP MOVS or REP STOS as lie in RAM without a border; 0: none. */
static uint32_t fast_elements(EmuCpu *cpu, const Insn *insn, const StringOp *op, uint32_t count)
{
    uint32_t si = emu_get_reg(cpu, REG_SI, op->addr_size);
    uint32_t di = emu_get_reg(cpu, REG_DI, op->addr_size);
    uint32_t value = GUINT32_TO_LE(emu_get_reg(cpu, 0, op->size));
    uint8_t *src, *dst;

    if (op->step < 0) {
        return 0;
    }
    dst = plain_ram(cpu, op, R_ES_INDEX, di, true, &count);
    if (!dst) {
        return 0;
    }
    if ((insn->opcode & ~1) == 0xaa) {
        for (uint32_t i = 0; i < count; i++) {
            memcpy(dst + (size_t)i * op->size, &value, op->size);
        }
    } else {
        src = plain_ram(cpu, op, op->source, si, false, &count);
        if (!src || (src < dst && src + (size_t)count * op->size > dst)) {
            return 0; /* a copy onto itself repeats a pattern */
        }
        memmove(dst, src, (size_t)count * op->size);
        step_reg(cpu, op, REG_SI, count);
    }
    step_reg(cpu, op, REG_DI, count);
    return count;
}

static void insn_string(EmuCpu *cpu, Insn *insn)
{
    StringOp op = string_op(cpu, insn);
    unsigned kind = insn->opcode & ~1;
    uint32_t count, done = 0;
    bool more = true;

    if (!insn->rep && !insn->repne) {
        element(cpu, insn, &op);
        insn_done(cpu, insn);
        return;
    }
    count = emu_get_reg(cpu, REG_CX, op.addr_size);
    while (count > 0 && more && done < MAX_ELEMENTS && (done == 0 || emu_now() < cpu->limit)) {
        uint32_t n = 0;

        if (kind == 0xa4 || kind == 0xaa) {
            /* No more than the time to the next timer allows, or runs would differ. */
            int64_t time = MAX((cpu->limit - emu_now()) / emu_insn_ns, 1);

            n = fast_elements(cpu, insn, &op, MIN(MIN(count, MAX_ELEMENTS - done), time));
        }
        if (n == 0) {
            more = element(cpu, insn, &op);
            n = 1;
        }
        count -= n;
        done += n;
        emu_set_reg(cpu, REG_CX, count, op.addr_size);
        emu_advance((int64_t)n * emu_insn_ns);
        /* A fault in the next element leaves this one done. */
        cpu->start.gen = cpu->emu->x86.gen;
        cpu->start.spc = cpu->emu->x86.spc;
    }
    if (count == 0 || !more) {
        insn_done(cpu, insn);
    }
}

const InsnRow insn_string_rows[] = {
    {0x6c, 0, insn_string}, {0x6d, 0, insn_string}, {0x6e, 0, insn_string},
    {0x6f, 0, insn_string}, {0xa4, 0, insn_string}, {0xa5, 0, insn_string},
    {0xa6, 0, insn_string}, {0xa7, 0, insn_string}, {0xaa, 0, insn_string},
    {0xab, 0, insn_string}, {0xac, 0, insn_string}, {0xad, 0, insn_string},
    {0xae, 0, insn_string}, {0xaf, 0, insn_string}, {},
};
