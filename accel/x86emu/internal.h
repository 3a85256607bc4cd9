/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86emu accelerator's CPU, as its own files share it.
 *
 * libx86emu decodes and computes; this accelerator gives it memory, ports, interrupts and time,
 * and executes by itself the instructions that the library lacks or gets wrong (fixups.c says
 * which and why). Everything here runs in the vCPU's thread with the machine lock held.
 */
#ifndef LIGNITE_ACCEL_X86EMU_INTERNAL_H
#define LIGNITE_ACCEL_X86EMU_INTERNAL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <x86emu.h>

#include "accel/accel.h"
#include "accel/io-profile.h"
#include "accel/zones.h"

#define CR0_PE     (1u << 0)
#define CR0_EM_BIT (1u << 2)
#define CR0_TS     (1u << 3)
#define CR0_ET     (1u << 4)
#define CR0_PG     (1u << 31)
#define CR4_TSD    (1u << 2)
#define CR4_DE     (1u << 3)

#define FL_CF     (1u << 0)
#define FL_ONE    (1u << 1)
#define FL_PF     (1u << 2)
#define FL_AF     (1u << 4)
#define FL_ZF     (1u << 6)
#define FL_SF     (1u << 7)
#define FL_TF     (1u << 8)
#define FL_IF     (1u << 9)
#define FL_DF     (1u << 10)
#define FL_OF     (1u << 11)
#define FL_NT     (1u << 14)
#define FL_RF     (1u << 16)
#define FL_VM     (1u << 17)
#define FL_ARITH  (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_OF)
#define FL_POPPED 0x00247fd5u /* what POPF and IRET can change: ID AC NT IOPL OF..CF */

enum {
    VEC_DE = 0,
    VEC_DB = 1,
    VEC_NMI = 2,
    VEC_BP = 3,
    VEC_OF = 4,
    VEC_BR = 5,
    VEC_UD = 6,
    VEC_NM = 7,
    VEC_DF = 8,
    VEC_TS = 10,
    VEC_NP = 11,
    VEC_SS = 12,
    VEC_GP = 13,
};

/* Why the library's loop was left; 0 is what setjmp() returns at first. */
enum { LEAVE_FAULT = 1, LEAVE_DEAD };

/* What a fault must put back: the registers that an instruction changes on its way. */
typedef struct EmuRegs {
    struct i386_general_regs gen;
    struct i386_special_regs spc;
} EmuRegs;

typedef struct EmuCpu {
    x86emu_t *emu;
    Vcpu *vcpu;
    jmp_buf leave;
    EmuRegs start; /* at the start of the present instruction */

    int fault_vector; /* what emu_raise() asked for */
    bool fault_has_error;
    uint16_t fault_error;
    int delivering; /* the exception that is being delivered, or -1 */

    bool intr;   /* the INTR pin */
    bool nmi;    /* an edge is pending */
    bool in_nmi; /* until IRET */
    bool shadow; /* no interrupt before the next instruction: STI, MOV SS, POP SS */
    bool trap;   /* the instruction began with TF set: #DB follows */
    bool halted;
    bool dead; /* it cannot go on before a reset */

    uint32_t a20_mask;
    int64_t limit; /* virtual time at which the batch ends */
    int64_t tsc_offset;
    char *error; /* why it died, for `info accel` */

    GMutex wake_lock;
    GCond wake_cond;
    bool wake; /* wake_lock: something happened that may end a halt */
} EmuCpu;

/* ------------------------------------------------------------------------------ x86emu.c -- */

/* Nanoseconds of virtual time that one instruction takes. */
extern int64_t emu_insn_ns;

/* Virtual time; written by the vCPU's thread alone. */
extern int64_t emu_virtual_ns;

static inline int64_t emu_now(void)
{
    return __atomic_load_n(&emu_virtual_ns, __ATOMIC_RELAXED);
}

static inline void emu_advance(int64_t ns)
{
    __atomic_store_n(&emu_virtual_ns, emu_virtual_ns + ns, __ATOMIC_RELAXED);
}

/* Something outside was touched: the next timer may be due sooner than the batch's end. */
void emu_update_limit(EmuCpu *cpu);

/*
 * An access to a device is about to happen, or something else for which a CPU in hardware would be
 * left: count it, and let it find every earlier write. emu_exit_done() follows.
 */
void emu_exit(EmuCpu *cpu, IoProfileExit why);

static inline void emu_exit_done(EmuCpu *cpu)
{
    io_profile_accessed(cpu->vcpu->index);
    io_profile_end(cpu->vcpu->index);
}

/* Abandon the instruction, putting its registers back, and deliver an exception. */
G_NORETURN void emu_raise(EmuCpu *cpu, int vector);
G_NORETURN void emu_raise_error(EmuCpu *cpu, int vector, uint16_t error);

/* Stop the VM: the guest wants `feature`, which this accelerator has not. */
G_NORETURN void emu_unsupported(EmuCpu *cpu, const char *feature);

/* Reset the machine: an exception could not be delivered, nor the double fault that follows. */
G_NORETURN void emu_triple_fault(EmuCpu *cpu);

/* ------------------------------------------------------------------------------ memory.c -- */

bool emu_memory_init(GError **errp);
void emu_memory_cleanup(void);

/* Linear addresses: there is no paging. `size` is 1, 2 or 4. */
uint32_t emu_read(EmuCpu *cpu, uint32_t addr, unsigned size);
void emu_write(EmuCpu *cpu, uint32_t addr, uint32_t value, unsigned size);
uint32_t emu_in(EmuCpu *cpu, uint16_t port, unsigned size);
void emu_out(EmuCpu *cpu, uint16_t port, uint32_t value, unsigned size);

/*
 * The host's pointer to `addr`, and through `*room` how many bytes to the end of its page; NULL
 * where the guest's access must take the long way.
 */
uint8_t *emu_ram(EmuCpu *cpu, uint32_t addr, bool write, uint32_t *room);

/* A byte of code, without effects. */
uint8_t emu_peek(EmuCpu *cpu, uint32_t addr);

/* -------------------------------------------------------------------------------- ring.c -- */

void emu_ring_init(void);
void emu_ring_cleanup(void);
void emu_ring_zone(bool pio, uint64_t addr, uint64_t size, const MemoryRegion *mr, bool add);
void emu_ring_doorbell(const Doorbell *doorbell, bool add);

/* Queue a write that lies wholly in one zone. False: it lies in none, or the ring is full. */
bool emu_ring_push(bool pio, uint32_t addr, uint32_t value, unsigned size);

/* Whether a write only signals an eventfd: nobody leaves the guest for it. */
bool emu_ring_is_doorbell(bool pio, uint32_t addr, uint32_t value, unsigned size);

const ZoneLedger *emu_ring_zones(void);

/* ----------------------------------------------------------------------------- segment.c -- */

static inline bool emu_protected(EmuCpu *cpu)
{
    return cpu->emu->x86.R_CR0 & CR0_PE;
}

/* Accesses through a segment, with its limit checked. `seg` is R_xS_INDEX. */
void emu_seg_check(EmuCpu *cpu, unsigned seg, uint32_t offset, unsigned size);
uint32_t emu_seg_read(EmuCpu *cpu, unsigned seg, uint32_t offset, unsigned size);
void emu_seg_write(EmuCpu *cpu, unsigned seg, uint32_t offset, uint32_t value, unsigned size);

/* The stack, as SS's descriptor says. `size` is 2 or 4. */
void emu_push(EmuCpu *cpu, uint32_t value, unsigned size);
uint32_t emu_pop(EmuCpu *cpu, unsigned size);
void emu_add_sp(EmuCpu *cpu, uint32_t bytes);

/* Load ES, SS, DS, FS or GS as MOV does. */
void emu_load_segment(EmuCpu *cpu, unsigned seg, uint16_t selector);
void emu_load_ldt(EmuCpu *cpu, uint16_t selector);
void emu_load_tr(EmuCpu *cpu, uint16_t selector);

/* LAR, LSL, VERR, VERW: the two words of a descriptor that may be looked at. */
bool emu_descriptor(EmuCpu *cpu, uint16_t selector, uint32_t *lo, uint32_t *hi);
uint32_t emu_descriptor_limit(uint32_t lo, uint32_t hi);

void emu_jump_far(EmuCpu *cpu, uint16_t selector, uint32_t offset);
void emu_call_far(EmuCpu *cpu, uint16_t selector, uint32_t offset, unsigned size);
void emu_return_far(EmuCpu *cpu, unsigned size, uint16_t discard);
void emu_iret(EmuCpu *cpu, unsigned size);

/* Set flags from a popped image of `size` bytes. */
void emu_set_flags(EmuCpu *cpu, uint32_t value, unsigned size);

typedef enum EmuIntKind { INT_EXTERNAL, INT_SOFTWARE, INT_EXCEPTION } EmuIntKind;

/* Enter the handler of `vector`; R_EIP is where it shall return to. */
void emu_interrupt(EmuCpu *cpu, uint8_t vector, EmuIntKind kind, bool has_error, uint16_t error);

/* ------------------------------------------------------------------------------ fixups.c -- */

/* An instruction as far as it is decoded. */
typedef struct Insn {
    uint32_t pos; /* offset in CS of the next byte to fetch */
    uint8_t opcode;
    bool data32, addr32;
    bool rep, repne;
    int segment; /* the override, or -1 */
    uint8_t modrm;
    /* the operand that modrm's r/m names */
    bool is_reg;
    uint8_t reg, rm;
    unsigned mem_seg;
    uint32_t mem_offset;
} Insn;

typedef void (*InsnFunc)(EmuCpu *cpu, Insn *insn);

/*
 * Look at the instruction at CS:EIP: if it is one of ours execute it and return true; false
 * leaves it to the library, with nothing changed.
 */
bool emu_fixup(EmuCpu *cpu);

void emu_fixups_init(void);

static inline unsigned insn_size(const Insn *insn)
{
    return insn->data32 ? 4 : 2;
}

uint32_t insn_fetch(EmuCpu *cpu, Insn *insn, unsigned size);
void insn_modrm(EmuCpu *cpu, Insn *insn);
/* As insn_modrm(), for instructions whose r/m must be memory (#UD else). */
void insn_modrm_mem(EmuCpu *cpu, Insn *insn);
uint32_t insn_read_rm(EmuCpu *cpu, const Insn *insn, unsigned size);
void insn_write_rm(EmuCpu *cpu, const Insn *insn, uint32_t value, unsigned size);
uint32_t emu_get_reg(EmuCpu *cpu, unsigned reg, unsigned size);
void emu_set_reg(EmuCpu *cpu, unsigned reg, uint32_t value, unsigned size);

/* Make EIP the end of the instruction; a jump sets EIP afterwards. */
void insn_done(EmuCpu *cpu, const Insn *insn);

/* Tables of instructions by opcode; `groups` has a bit per modrm /n that `func` executes. */
typedef struct InsnRow {
    uint8_t opcode;
    uint8_t groups; /* 0: all */
    InsnFunc func;
} InsnRow;

extern const InsnRow insn_string_rows[];    /* string.c */
extern const InsnRow insn_arith_rows[];     /* arith.c */
extern const InsnRow insn_arith_0f_rows[];  /* arith.c, after 0F */
extern const InsnRow insn_system_rows[];    /* system.c */
extern const InsnRow insn_system_0f_rows[]; /* system.c, after 0F */
extern const InsnRow insn_control_rows[];   /* control.c */
extern const InsnRow insn_control_0f_rows[];

uint32_t emu_cpu_signature(void); /* system.c */
uint64_t emu_tsc(EmuCpu *cpu);

#endif
