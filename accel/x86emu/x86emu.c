/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accelerator x86emu: one CPU without an MMU or FPU, for firmware on hosts without KVM.
 *
 * It runs real mode and unpaged protected mode on the library libx86emu, helped by fixups.c. What
 * it has not (paging, FPU, long mode, rings, task switches) stops the VM with one clear line.
 *
 * Time. Virtual time counts instructions: each takes emu_insn_ns. The vCPU's thread owns that time
 * and runs the virtual timers itself, at the instruction at which they are due; so every run is the
 * same. A halted CPU lets time pass at the host's pace up to the next timer (sleep=on), or jumps
 * there at once (sleep=off).
 *
 * Lock. The guest runs with the machine lock held, a batch of instructions at a time, and gives way
 * between batches when somebody waits. So devices are entered directly; only what stands in the
 * coalesced ring is behind, and it is drained before the next access to a device, before timers
 * run, and whenever somebody else takes the lock.
 */
#include "internal.h"

#include <string.h>

#include "accel/coalesce.h"
#include "accel/internal.h"
#include "accel/lock.h"
#include "hw/core/clock.h"
#include "hw/core/log.h"
#include "hw/core/runstate.h"

#define BATCH_INSNS    2048
#define SLEEP_SLICE_NS (10 * NANOSECONDS_PER_MS) /* then look for timers that others armed */

typedef struct EmuConfig {
    bool sleep;
    uint32_t insn_ns;
    int64_t coalesce_latency;
    bool coalesce_audit;
} EmuConfig;

static const Property emu_props[] = {
    PROP_BOOL("sleep", EmuConfig, sleep, true,
              .help = "a halted CPU waits as long as the guest would; off: time jumps"),
    PROP_UINT32("insn-ns", EmuConfig, insn_ns, 50, .min = 1, .max = 1000,
                .help = "virtual nanoseconds that an instruction takes"),
    PROP_DURATION("coalesce-latency", EmuConfig, coalesce_latency, 10 * NANOSECONDS_PER_MS,
                  .help = "longest time that a queued write waits (0: no bound)"),
    PROP_BOOL("coalesce-audit", EmuConfig, coalesce_audit, false,
              .help = "report queued writes whose delay somebody could tell"),
    {},
};

static EmuConfig config;
static EmuCpu *the_cpu;
static uint32_t a20_mask = UINT32_MAX; /* the board may set it before there is a CPU */

int64_t emu_insn_ns;
int64_t emu_virtual_ns;

/* ------------------------------------------------------------------------- time and exits -- */

static bool kicked(EmuCpu *cpu)
{
    return __atomic_load_n(&cpu->vcpu->kick_requested, __ATOMIC_SEQ_CST);
}

void emu_update_limit(EmuCpu *cpu)
{
    int64_t deadline = clock_virtual_deadline();

    if (deadline >= 0 && deadline < cpu->limit) {
        cpu->limit = deadline;
    }
    if (machine_lock_contended() || kicked(cpu)) {
        cpu->limit = emu_now(); /* the access may have been a request: let it be served */
    }
}

void emu_exit(EmuCpu *cpu, IoProfileExit why)
{
    __atomic_store_n(&cpu->vcpu->exits, cpu->vcpu->exits + 1, __ATOMIC_RELAXED);
    io_profile_begin(cpu->vcpu->index, why);
    accel_drain();
}

/* ---------------------------------------------------------------------------------- stops -- */

void emu_raise(EmuCpu *cpu, int vector)
{
    cpu->fault_vector = vector;
    cpu->fault_has_error = false;
    cpu->fault_error = 0;
    longjmp(cpu->leave, LEAVE_FAULT);
}

void emu_raise_error(EmuCpu *cpu, int vector, uint16_t error)
{
    cpu->fault_vector = vector;
    cpu->fault_has_error = true;
    cpu->fault_error = error;
    longjmp(cpu->leave, LEAVE_FAULT);
}

static void restore_registers(EmuCpu *cpu)
{
    cpu->emu->x86.gen = cpu->start.gen;
    cpu->emu->x86.spc = cpu->start.spc;
}

/* The CPU had asked for a reset before it got here: see vcpu_is_outrun(). */
static void leave_if_outrun(EmuCpu *cpu)
{
    if (vcpu_is_outrun(cpu->vcpu)) {
        restore_registers(cpu);
        longjmp(cpu->leave, LEAVE_DEAD);
    }
}

void emu_unsupported(EmuCpu *cpu, const char *feature)
{
    const x86emu_regs_t *x86 = &cpu->emu->x86;
    GString *bytes;

    leave_if_outrun(cpu);
    bytes = g_string_new(NULL);
    restore_registers(cpu);
    for (unsigned i = 0; i < 8; i++) {
        g_string_append_printf(bytes, " %02x", emu_peek(cpu, x86->R_CS_BASE + x86->R_EIP + i));
    }
    g_free(cpu->error);
    cpu->error = g_strdup_printf("the guest needs %s at %04x:%08x (bytes%s)", feature, x86->R_CS,
                                 x86->R_EIP, bytes->str);
    g_string_free(bytes, TRUE);
    log_warning("accelerator x86emu: %s; it is for firmware only: use -accel kvm", cpu->error);
    runstate_request_stop(RUN_STATE_INTERNAL_ERROR);
    cpu->dead = true;
    longjmp(cpu->leave, LEAVE_DEAD);
}

void emu_triple_fault(EmuCpu *cpu)
{
    leave_if_outrun(cpu);
    if (log_enabled(LOG_CPU_RESET)) {
        log_line(LOG_CPU_RESET, "x86emu: triple fault at %04x:%08x", cpu->emu->x86.R_CS,
                 cpu->emu->x86.R_EIP);
    }
    runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    cpu->dead = true;
    longjmp(cpu->leave, LEAVE_DEAD);
}

/* --------------------------------------------------------------------- faults, interrupts -- */

static bool is_contributory(int vector)
{
    return vector == VEC_DE || (vector >= VEC_TS && vector <= VEC_GP);
}

static void deliver_fault(EmuCpu *cpu)
{
    int vector = cpu->fault_vector;
    bool has_error = cpu->fault_has_error;
    uint16_t error = cpu->fault_error;

    restore_registers(cpu);
    cpu->emu->x86.intr_type = 0;
    cpu->trap = false;
    if (cpu->delivering == VEC_DF) {
        emu_triple_fault(cpu);
    }
    if (is_contributory(cpu->delivering) && is_contributory(vector)) {
        vector = VEC_DF;
        has_error = true;
        error = 0;
    }
    cpu->delivering = vector;
    if (log_enabled(LOG_INT)) {
        log_line(LOG_INT, "x86emu: exception %d at %04x:%08x", vector, cpu->emu->x86.R_CS,
                 cpu->emu->x86.R_EIP);
    }
    emu_interrupt(cpu, vector, INT_EXCEPTION, has_error, error);
    cpu->delivering = -1;
}

static bool interrupt_wanted(const EmuCpu *cpu)
{
    return cpu->intr && (cpu->emu->x86.R_EFLG & FL_IF);
}

static bool nmi_wanted(const EmuCpu *cpu)
{
    return cpu->nmi && !cpu->in_nmi;
}

static void take_external(EmuCpu *cpu)
{
    void *opaque;
    const CpuInterruptOps *ops = accel_interrupt_ops(&opaque);
    int vector;

    accel_drain(); /* the controller's registers may be among what is queued */
    vector = ops ? ops->acknowledge(opaque) : -1;
    if (vector >= 0) {
        emu_interrupt(cpu, vector, INT_EXTERNAL, false, 0);
    } else {
        cpu->intr = false; /* nothing behind the pin: wait for its next change */
    }
}

/* Between two instructions, by the CPU's priorities. */
static void take_events(EmuCpu *cpu)
{
    cpu->start.gen = cpu->emu->x86.gen;
    cpu->start.spc = cpu->emu->x86.spc;
    if (cpu->trap) {
        cpu->trap = false;
        cpu->emu->x86.R_DR6 |= 1u << 14; /* BS */
        emu_interrupt(cpu, VEC_DB, INT_EXCEPTION, false, 0);
    } else if (cpu->shadow) {
        return;
    } else if (nmi_wanted(cpu)) {
        cpu->nmi = false;
        cpu->in_nmi = true;
        emu_interrupt(cpu, VEC_NMI, INT_EXTERNAL, false, 0);
    } else if (interrupt_wanted(cpu)) {
        take_external(cpu);
    }
}

/* ------------------------------------------------------------------------------ execution -- */

/* What the library derived before it asked us, for the instruction that it is to execute now. */
static void library_mode(x86emu_t *emu)
{
    x86emu_regs_t *x86 = &emu->x86;

    x86->mode = 0;
    if (ACC_D(x86->R_CS_ACC)) {
        x86->mode |= _MODE_DATA32 | _MODE_ADDR32 | _MODE_CODE32;
    }
    if (ACC_D(x86->R_SS_ACC)) {
        x86->mode |= _MODE_STACK32;
    }
    x86->saved_cs = x86->R_CS;
    x86->saved_eip = x86->R_EIP;
}

/*
 * The library's hook before each instruction. Executes ours; 0 when the library is to execute the
 * one at CS:EIP, 1 when the batch is over.
 */
static int before_instruction(x86emu_t *emu)
{
    EmuCpu *cpu = emu->_private;

    for (;;) {
        if (G_UNLIKELY(emu_virtual_ns >= cpu->limit || cpu->halted)) {
            return 1;
        }
        if (G_UNLIKELY(cpu->intr | cpu->nmi | cpu->trap)) {
            take_events(cpu);
        }
        cpu->shadow = false;
        cpu->start.gen = emu->x86.gen;
        cpu->start.spc = emu->x86.spc;
        cpu->trap = emu->x86.R_EFLG & FL_TF;
        emu_advance(emu_insn_ns);
        if (!emu_fixup(cpu)) {
            library_mode(emu);
            return 0;
        }
    }
}

static unsigned library_access(x86emu_t *emu, u32 addr, u32 *val, unsigned type)
{
    static const unsigned sizes[] = {1, 2, 4, 1};
    EmuCpu *cpu = emu->_private;
    unsigned size = sizes[type & 3];

    if (G_UNLIKELY(emu->x86.intr_type)) {
        /* The library notes a fault and carries on: stop it before it touches anything. */
        emu->x86.intr_type = 0;
        if (emu->x86.intr_nr == VEC_GP) {
            emu_raise_error(cpu, VEC_GP, 0);
        }
        emu_raise(cpu, emu->x86.intr_nr);
    }
    switch (type & ~0xffu) {
    case X86EMU_MEMIO_X:
        *val = 0;
        for (unsigned i = 0; i < size; i++) {
            *val |= (u32)emu_peek(cpu, addr + i) << (8 * i);
        }
        break;
    case X86EMU_MEMIO_R:
        *val = emu_read(cpu, addr, size);
        break;
    case X86EMU_MEMIO_W:
        emu_write(cpu, addr, *val, size);
        break;
    case X86EMU_MEMIO_I:
        *val = emu_in(cpu, addr, size);
        break;
    case X86EMU_MEMIO_O:
        emu_out(cpu, addr, *val, size);
        break;
    }
    return 0;
}

/* What the library raises at an instruction's end: only faults, INT and INTO are ours. */
static int library_interrupt(x86emu_t *emu, u8 vector, unsigned type)
{
    emu->x86.intr_type = 0;
    if (vector == VEC_GP) {
        emu_raise_error(emu->_private, VEC_GP, 0);
    }
    emu_raise(emu->_private, vector);
}

static void execute(EmuCpu *cpu)
{
    switch (setjmp(cpu->leave)) {
    case LEAVE_DEAD:
        return;
    case LEAVE_FAULT:
        deliver_fault(cpu); /* may come back here */
        break;
    }
    x86emu_run(cpu->emu, 0);
}

static void run_due_timers(EmuCpu *cpu)
{
    int64_t deadline = clock_virtual_deadline();

    if (deadline >= 0 && deadline <= emu_now()) {
        accel_drain();
        clock_run_timers();
    }
}

static void wake(EmuCpu *cpu)
{
    g_mutex_lock(&cpu->wake_lock);
    cpu->wake = true;
    g_cond_signal(&cpu->wake_cond);
    g_mutex_unlock(&cpu->wake_lock);
}

/* Without the lock, until something happens, at most `ns`. The time that passed. */
static int64_t wait_awhile(EmuCpu *cpu, int64_t ns)
{
    int64_t begin = g_get_monotonic_time();
    int64_t end = begin + (ns + 999) / 1000;

    machine_unlock();
    g_mutex_lock(&cpu->wake_lock);
    while (!cpu->wake && !kicked(cpu) && g_cond_wait_until(&cpu->wake_cond, &cpu->wake_lock, end)) {
    }
    cpu->wake = false;
    g_mutex_unlock(&cpu->wake_lock);
    machine_lock();
    return (g_get_monotonic_time() - begin) * 1000;
}

/* The CPU is halted: let time pass, to the next virtual timer at most. */
static void idle(EmuCpu *cpu)
{
    int64_t deadline = clock_virtual_deadline();
    int64_t left = deadline >= 0 ? MAX(deadline - emu_now(), 0) : SLEEP_SLICE_NS;

    if (deadline >= 0 && !config.sleep) {
        emu_advance(left);
        return;
    }
    if (left > 0) {
        int64_t passed = wait_awhile(cpu, MIN(left, SLEEP_SLICE_NS));

        if (config.sleep) {
            emu_advance(MIN(passed, left));
        }
    }
}

static void emu_vcpu_run(Vcpu *vcpu)
{
    EmuCpu *cpu = vcpu->accel;

    machine_lock();
    while (!kicked(cpu) && !cpu->dead) {
        run_due_timers(cpu);
        if (cpu->halted && (interrupt_wanted(cpu) || nmi_wanted(cpu))) {
            cpu->halted = false;
        }
        if (cpu->halted) {
            idle(cpu);
        } else {
            cpu->limit = emu_now() + BATCH_INSNS * emu_insn_ns;
            emu_update_limit(cpu);
            cpu->limit = MAX(cpu->limit, emu_now() + 1); /* one instruction at least */
            execute(cpu);
        }
        if (machine_lock_contended()) {
            machine_lock_yield();
        }
    }
    machine_unlock();
}

static void emu_vcpu_kick(Vcpu *vcpu)
{
    wake(vcpu->accel);
}

/* ---------------------------------------------------------------------------------- state -- */

static void get_segment(X86Segment *out, const sel_t *seg)
{
    *out = (X86Segment){
        .base = seg->base,
        .limit = seg->limit,
        .selector = seg->sel,
        .access = (seg->acc & 0xff) | (seg->acc & 0xf00) << 4,
    };
}

static void set_segment(sel_t *seg, const X86Segment *in)
{
    *seg = (sel_t){
        .base = in->base,
        .limit = in->limit,
        .sel = in->selector,
        .acc = (in->access & 0xff) | (in->access >> 4 & 0xf00),
    };
}

static void emu_vcpu_get_state(Vcpu *vcpu, X86State *state)
{
    EmuCpu *cpu = vcpu->accel;
    const x86emu_regs_t *x86 = &cpu->emu->x86;
    void *opaque;
    const CpuInterruptOps *ops = accel_interrupt_ops(&opaque);

    for (unsigned i = 0; i < 8; i++) {
        state->gpr[i] = emu_get_reg(cpu, i, 4);
    }
    state->rip = x86->R_EIP;
    state->rflags = x86->R_EFLG;
    for (unsigned i = 0; i < X86_SEGS; i++) {
        get_segment(&state->seg[i], &x86->seg[i]);
    }
    get_segment(&state->ldt, &x86->ldt);
    get_segment(&state->tr, &x86->tr);
    state->gdt_base = x86->R_GDT_BASE;
    state->gdt_limit = x86->R_GDT_LIMIT;
    state->idt_base = x86->R_IDT_BASE;
    state->idt_limit = x86->R_IDT_LIMIT;
    state->cr0 = x86->R_CR0;
    state->cr2 = x86->R_CR2;
    state->cr3 = x86->R_CR3;
    state->cr4 = x86->R_CR4;
    for (unsigned i = 0; i < 8; i++) {
        state->dr[i] = x86->drx[i];
    }
    state->apic_base = ops && ops->get_apic_base ? ops->get_apic_base(opaque) : 0;
    state->halted = cpu->halted;
    state->interrupt_shadow = cpu->shadow;
    state->a20_masked = cpu->a20_mask != UINT32_MAX;
}

static void emu_vcpu_set_state(Vcpu *vcpu, const X86State *state)
{
    EmuCpu *cpu = vcpu->accel;
    x86emu_regs_t *x86 = &cpu->emu->x86;

    for (unsigned i = 0; i < 8; i++) {
        emu_set_reg(cpu, i, state->gpr[i], 4);
    }
    x86->R_EIP = state->rip;
    x86->R_EFLG = state->rflags | FL_ONE;
    for (unsigned i = 0; i < X86_SEGS; i++) {
        set_segment(&x86->seg[i], &state->seg[i]);
    }
    set_segment(&x86->ldt, &state->ldt);
    set_segment(&x86->tr, &state->tr);
    x86->R_GDT_BASE = state->gdt_base;
    x86->R_GDT_LIMIT = state->gdt_limit;
    x86->R_IDT_BASE = state->idt_base;
    x86->R_IDT_LIMIT = state->idt_limit;
    x86->R_CR0 = (state->cr0 & ~(uint64_t)CR0_PG) | CR0_ET;
    x86->R_CR2 = state->cr2;
    x86->R_CR3 = state->cr3;
    x86->R_CR4 = state->cr4;
    for (unsigned i = 0; i < 8; i++) {
        x86->drx[i] = state->dr[i];
    }
    cpu->halted = state->halted;
    cpu->shadow = false;
    cpu->trap = false;
}

static void emu_vcpu_reset(Vcpu *vcpu)
{
    EmuCpu *cpu = vcpu->accel;
    X86State state;

    memset(&state, 0, sizeof(state));
    x86_state_reset(&state, vcpu->index, emu_cpu_signature());
    cpu->emu->x86.intr_type = 0;
    cpu->delivering = -1;
    cpu->nmi = false;
    cpu->in_nmi = false;
    cpu->dead = false;
    cpu->tsc_offset = -emu_now();
    g_clear_pointer(&cpu->error, g_free);
    emu_vcpu_set_state(vcpu, &state);
}

/* ----------------------------------------------------------------------------------- pins -- */

static bool emu_irqchip_in_kernel(void)
{
    return false;
}

static void emu_set_intr(Vcpu *vcpu, bool level)
{
    EmuCpu *cpu = vcpu->accel;

    cpu->intr = level;
    if (level && vcpu_current() != vcpu) {
        wake(cpu);
    }
}

static void emu_inject_nmi(Vcpu *vcpu)
{
    EmuCpu *cpu = vcpu->accel;

    cpu->nmi = true;
    if (vcpu_current() != vcpu) {
        wake(cpu);
    }
}

static void emu_set_a20(bool enabled)
{
    a20_mask = enabled ? UINT32_MAX : ~(1u << 20);
    if (the_cpu) {
        the_cpu->a20_mask = a20_mask;
    }
}

/* ------------------------------------------------------------------------------- lifetime -- */

static bool emu_start(const void *opaque, GError **errp)
{
    const EmuConfig *wanted = opaque;

    if (accel_smp() > 1) {
        error_setg(errp, "it runs one CPU, not %u; use -smp 1", accel_smp());
        return false;
    }
    if (!coalesce_check_latency(wanted->coalesce_latency, errp) || !emu_memory_init(errp)) {
        return false;
    }
    config = *wanted;
    coalesce_set_audit(config.coalesce_audit);
    emu_insn_ns = config.insn_ns;
    emu_virtual_ns = 0;
    a20_mask = UINT32_MAX;
    emu_fixups_init();
    clock_virtual_set_source(emu_now);
    return true;
}

static void emu_shutdown(void)
{
    emu_memory_cleanup();
    clock_virtual_set_source(NULL);
}

static bool emu_vcpu_create(Vcpu *vcpu, GError **errp)
{
    EmuCpu *cpu;

    g_assert(!the_cpu); /* emu_start() has seen to it */
    cpu = g_new0(EmuCpu, 1);
    cpu->emu = x86emu_new(0, 0);
    if (!cpu->emu) {
        error_setg(errp, "accelerator x86emu: no memory for a CPU");
        g_free(cpu);
        return false;
    }
    cpu->emu->_private = cpu;
    x86emu_set_code_handler(cpu->emu, before_instruction);
    x86emu_set_memio_handler(cpu->emu, library_access);
    x86emu_set_intr_handler(cpu->emu, library_interrupt);
    cpu->vcpu = vcpu;
    cpu->a20_mask = a20_mask;
    cpu->delivering = -1;
    g_mutex_init(&cpu->wake_lock);
    g_cond_init(&cpu->wake_cond);
    vcpu->accel = cpu;
    the_cpu = cpu;
    return true;
}

static void emu_vcpu_destroy(Vcpu *vcpu)
{
    EmuCpu *cpu = g_steal_pointer(&vcpu->accel);

    the_cpu = NULL;
    x86emu_done(cpu->emu);
    g_mutex_clear(&cpu->wake_lock);
    g_cond_clear(&cpu->wake_cond);
    g_free(cpu->error);
    g_free(cpu);
}

static void emu_print_info(GString *out)
{
    g_string_append_printf(out, "virtual time: %" PRId64 " ns, %" PRId64 " per instruction\n",
                           emu_now(), emu_insn_ns);
    if (the_cpu && the_cpu->error) {
        g_string_append_printf(out, "stopped: %s\n", the_cpu->error);
    }
}

static int64_t emu_coalesce_latency(void)
{
    return config.coalesce_latency;
}

const AccelOps x86emu_accel_ops = {
    .name = "x86emu",
    .desc = "firmware-only CPU in software",
    .config_size = sizeof(EmuConfig),
    .props = emu_props,
    .start = emu_start,
    .shutdown = emu_shutdown,
    .vcpu_create = emu_vcpu_create,
    .vcpu_destroy = emu_vcpu_destroy,
    .vcpu_run = emu_vcpu_run,
    .vcpu_kick = emu_vcpu_kick,
    .vcpu_get_state = emu_vcpu_get_state,
    .vcpu_set_state = emu_vcpu_set_state,
    .vcpu_reset = emu_vcpu_reset,
    .cpu_signature = emu_cpu_signature,
    .irqchip_in_kernel = emu_irqchip_in_kernel,
    .set_intr = emu_set_intr,
    .inject_nmi = emu_inject_nmi,
    .set_a20 = emu_set_a20,
    .coalesce_latency = emu_coalesce_latency,
    .zones = emu_ring_zones,
    .print_info = emu_print_info,
};
