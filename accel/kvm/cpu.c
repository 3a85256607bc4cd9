/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a vCPU: read, written and reset.
 * Documents: Documentation/virt/kvm/api.rst of Linux; Intel SDM volume 3 table 10-1 (state after
 * reset) and volume 4 (MSRs).
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hw/core/log.h"

/* An ioctl on a vCPU that can only fail if the host's KVM is odd. */
static bool vcpu_ioctl(KvmVcpu *kv, unsigned long request, void *arg, const char *name)
{
    if (kvm_ioctl(kv->fd, request, arg) == 0) {
        return true;
    }
    log_warning("CPU %u: %s failed: %s", kv->vcpu->index, name, g_strerror(errno));
    return false;
}

#define VCPU_IOCTL(kv, request, arg) vcpu_ioctl(kv, request, arg, #request)

/* ---------------------------------------------------------------------------------- segments -- */

static X86Segment get_segment(const struct kvm_segment *s)
{
    return (X86Segment){
        .base = s->base,
        .limit = s->limit,
        .selector = s->selector,
        .access = s->type | s->s << 4 | s->dpl << X86_ACCESS_DPL_SHIFT | s->present << 7 |
                  s->avl << 12 | s->l << 13 | s->db << 14 | s->g << 15,
    };
}

static struct kvm_segment put_segment(const X86Segment *s)
{
    return (struct kvm_segment){
        .base = s->base,
        .limit = s->limit,
        .selector = s->selector,
        .type = s->access & X86_ACCESS_TYPE,
        .s = s->access >> 4 & 1,
        .dpl = s->access >> X86_ACCESS_DPL_SHIFT & 3,
        .present = s->access >> 7 & 1,
        .avl = s->access >> 12 & 1,
        .l = s->access >> 13 & 1,
        .db = s->access >> 14 & 1,
        .g = s->access >> 15 & 1,
        .unusable = !(s->access & X86_ACCESS_P),
    };
}

/* In X86State's order. */
static struct kvm_segment *segment_of(struct kvm_sregs *sregs, int i)
{
    struct kvm_segment *const segments[X86_SEGS] = {&sregs->es, &sregs->cs, &sregs->ss,
                                                    &sregs->ds, &sregs->fs, &sregs->gs};

    return segments[i];
}

/* ------------------------------------------------------------------------- general registers -- */

/* KVM's order of the first eight differs from the instruction encoding's. */
static uint64_t *gpr_of(struct kvm_regs *regs, int i)
{
    uint64_t *const first[8] = {
        (uint64_t *)&regs->rax, (uint64_t *)&regs->rcx, (uint64_t *)&regs->rdx,
        (uint64_t *)&regs->rbx, (uint64_t *)&regs->rsp, (uint64_t *)&regs->rbp,
        (uint64_t *)&regs->rsi, (uint64_t *)&regs->rdi};

    return i < 8 ? first[i] : (uint64_t *)&regs->r8 + (i - 8);
}

static void get_regs(KvmVcpu *kv, X86State *state)
{
    struct kvm_regs regs = {};

    VCPU_IOCTL(kv, KVM_GET_REGS, &regs);
    for (int i = 0; i < 16; i++) {
        state->gpr[i] = *gpr_of(&regs, i);
    }
    state->rip = regs.rip;
    state->rflags = regs.rflags;
}

static void put_regs(KvmVcpu *kv, const X86State *state)
{
    struct kvm_regs regs = {.rip = state->rip, .rflags = state->rflags};

    for (int i = 0; i < 16; i++) {
        *gpr_of(&regs, i) = state->gpr[i];
    }
    VCPU_IOCTL(kv, KVM_SET_REGS, &regs);
}

static void get_sregs(KvmVcpu *kv, X86State *state)
{
    struct kvm_sregs sregs = {};

    VCPU_IOCTL(kv, KVM_GET_SREGS, &sregs);
    for (int i = 0; i < X86_SEGS; i++) {
        state->seg[i] = get_segment(segment_of(&sregs, i));
    }
    state->ldt = get_segment(&sregs.ldt);
    state->tr = get_segment(&sregs.tr);
    state->gdt_base = sregs.gdt.base;
    state->gdt_limit = sregs.gdt.limit;
    state->idt_base = sregs.idt.base;
    state->idt_limit = sregs.idt.limit;
    state->cr0 = sregs.cr0;
    state->cr2 = sregs.cr2;
    state->cr3 = sregs.cr3;
    state->cr4 = sregs.cr4;
    state->cr8 = sregs.cr8;
    state->efer = sregs.efer;
    state->apic_base = sregs.apic_base;
}

static void put_sregs(KvmVcpu *kv, const X86State *state, bool keep_interrupt)
{
    struct kvm_sregs sregs = {};

    /* An interrupt that is on its way in stands in the bitmap, and in no register. */
    VCPU_IOCTL(kv, KVM_GET_SREGS, &sregs);
    if (!keep_interrupt) {
        memset(sregs.interrupt_bitmap, 0, sizeof(sregs.interrupt_bitmap));
    }
    for (int i = 0; i < X86_SEGS; i++) {
        *segment_of(&sregs, i) = put_segment(&state->seg[i]);
    }
    sregs.ldt = put_segment(&state->ldt);
    sregs.tr = put_segment(&state->tr);
    sregs.gdt = (struct kvm_dtable){.base = state->gdt_base, .limit = state->gdt_limit};
    sregs.idt = (struct kvm_dtable){.base = state->idt_base, .limit = state->idt_limit};
    sregs.cr0 = state->cr0;
    sregs.cr2 = state->cr2;
    sregs.cr3 = state->cr3;
    sregs.cr4 = state->cr4;
    sregs.cr8 = state->cr8;
    sregs.efer = state->efer;
    if (kvm_cpu_has_apic()) {
        sregs.apic_base = state->apic_base;
    }
    VCPU_IOCTL(kv, KVM_SET_SREGS, &sregs);
    kv->run->cr8 = state->cr8;
    kv->run->apic_base = sregs.apic_base;
}

static void get_debug(KvmVcpu *kv, X86State *state)
{
    struct kvm_debugregs dbg = {};

    VCPU_IOCTL(kv, KVM_GET_DEBUGREGS, &dbg);
    for (int i = 0; i < 4; i++) {
        state->dr[i] = dbg.db[i];
    }
    state->dr[6] = dbg.dr6;
    state->dr[7] = dbg.dr7;
}

static void put_debug(KvmVcpu *kv, const X86State *state)
{
    struct kvm_debugregs dbg = {.dr6 = state->dr[6], .dr7 = state->dr[7]};

    for (int i = 0; i < 4; i++) {
        dbg.db[i] = state->dr[i];
    }
    VCPU_IOCTL(kv, KVM_SET_DEBUGREGS, &dbg);
}

/* --------------------------------------------------------------------------------------- FPU -- */

/* struct kvm_fpu has a field for MXCSR that KVM neither reads nor writes; the XSAVE area has it. */
#define XSAVE_FCW_FSW 0 /* indices of dwords */
#define XSAVE_MXCSR 6
#define XSAVE_XSTATE_BV 128
#define XSTATE_X87_SSE 3

static uint32_t get_mxcsr(KvmVcpu *kv)
{
    g_autofree struct kvm_xsave *xsave = g_new0(struct kvm_xsave, 1);

    if (!kvm_check(KVM_CAP_XSAVE)) {
        return 0;
    }
    VCPU_IOCTL(kv, KVM_GET_XSAVE, xsave);
    return xsave->region[XSAVE_MXCSR];
}

static void put_mxcsr(KvmVcpu *kv, uint32_t mxcsr)
{
    g_autofree struct kvm_xsave *xsave = g_new0(struct kvm_xsave, 1);

    if (!kvm_check(KVM_CAP_XSAVE) || !VCPU_IOCTL(kv, KVM_GET_XSAVE, xsave)) {
        return;
    }
    xsave->region[XSAVE_MXCSR] = mxcsr;
    xsave->region[XSAVE_XSTATE_BV] |= XSTATE_X87_SSE;
    VCPU_IOCTL(kv, KVM_SET_XSAVE, xsave);
}

static void get_fpu(KvmVcpu *kv, X86Fpu *fpu)
{
    struct kvm_fpu k = {};

    VCPU_IOCTL(kv, KVM_GET_FPU, &k);
    fpu->fcw = k.fcw;
    fpu->fsw = k.fsw;
    fpu->ftw = k.ftwx;
    fpu->mxcsr = get_mxcsr(kv);
    for (int i = 0; i < 8; i++) {
        memcpy(&fpu->st[i].mantissa, k.fpr[i], 8);
        memcpy(&fpu->st[i].exponent, k.fpr[i] + 8, 2);
    }
    memcpy(fpu->xmm, k.xmm, sizeof(fpu->xmm));
}

static void put_fpu(KvmVcpu *kv, const X86Fpu *fpu)
{
    struct kvm_fpu k = {.fcw = fpu->fcw, .fsw = fpu->fsw, .ftwx = fpu->ftw};

    for (int i = 0; i < 8; i++) {
        memcpy(k.fpr[i], &fpu->st[i].mantissa, 8);
        memcpy(k.fpr[i] + 8, &fpu->st[i].exponent, 2);
    }
    memcpy(k.xmm, fpu->xmm, sizeof(fpu->xmm));
    VCPU_IOCTL(kv, KVM_SET_FPU, &k);
    put_mxcsr(kv, fpu->mxcsr);
}

/* All parts of the extended state as after reset, those too that X86State has not. */
static void reset_fpu(KvmVcpu *kv, const X86Fpu *fpu)
{
    g_autofree struct kvm_xsave *xsave = g_new0(struct kvm_xsave, 1);

    if (!kvm_check(KVM_CAP_XSAVE)) {
        put_fpu(kv, fpu);
        return;
    }
    xsave->region[XSAVE_FCW_FSW] = fpu->fcw | (uint32_t)fpu->fsw << 16;
    xsave->region[XSAVE_MXCSR] = fpu->mxcsr;
    xsave->region[XSAVE_XSTATE_BV] = XSTATE_X87_SSE;
    VCPU_IOCTL(kv, KVM_SET_XSAVE, xsave);
}

/* -------------------------------------------------------------------------- halt and shadows -- */

static void get_run_state(KvmVcpu *kv, X86State *state)
{
    struct kvm_vcpu_events events = {};
    struct kvm_mp_state mp = {};

    state->halted = kv->halted;
    if (kvm.irqchip) {
        VCPU_IOCTL(kv, KVM_GET_MP_STATE, &mp);
        state->halted = mp.mp_state != KVM_MP_STATE_RUNNABLE;
    }
    VCPU_IOCTL(kv, KVM_GET_VCPU_EVENTS, &events);
    state->interrupt_shadow = events.interrupt.shadow;
    state->smm = (events.flags & KVM_VCPUEVENT_VALID_SMM) && events.smi.smm;
}

static void put_mp_state(KvmVcpu *kv, uint32_t value)
{
    struct kvm_mp_state mp = {.mp_state = value};

    if (kvm.irqchip) {
        VCPU_IOCTL(kv, KVM_SET_MP_STATE, &mp);
    }
}

void kvm_vcpu_get_state(Vcpu *vcpu, X86State *state)
{
    KvmVcpu *kv = kvm_vcpu(vcpu);

    get_regs(kv, state);
    get_sregs(kv, state);
    get_debug(kv, state);
    get_fpu(kv, &state->fpu);
    get_run_state(kv, state);
}

void kvm_vcpu_set_state(Vcpu *vcpu, const X86State *state)
{
    KvmVcpu *kv = kvm_vcpu(vcpu);

    put_sregs(kv, state, true);
    put_regs(kv, state);
    put_debug(kv, state);
    put_fpu(kv, &state->fpu);
    kv->halted = state->halted && !kvm.irqchip;
    /* An application processor that waits for its startup IPI goes on waiting when shown halted. */
    if (!state->halted) {
        put_mp_state(kv, KVM_MP_STATE_RUNNABLE);
    }
}

/* ------------------------------------------------------------------------------------- reset -- */

/* Optional ones are left out where the host does not list them. */
static const struct ResetMsr {
    uint32_t index;
    bool optional;
    uint64_t value;
} reset_msrs[] = {
    {0x00000010, false, 0},                  /* TSC */
    {0x00000174, false, 0},                  /* SYSENTER_CS */
    {0x00000175, false, 0},                  /* SYSENTER_ESP */
    {0x00000176, false, 0},                  /* SYSENTER_EIP */
    {0x000001d9, true, 0},                   /* DEBUGCTL */
    {0x00000277, true, 0x0007040600070406},  /* PAT */
    {0xc0000081, true, 0},                   /* STAR */
    {0xc0000082, true, 0},                   /* LSTAR */
    {0xc0000083, true, 0},                   /* CSTAR */
    {0xc0000084, true, 0},                   /* FMASK */
    {0xc0000102, true, 0},                   /* KERNEL_GS_BASE */
    {0xc0000103, true, 0},                   /* TSC_AUX */
    {0x0000003b, true, 0},                   /* TSC_ADJUST */
    {0x00000048, true, 0},                   /* SPEC_CTRL */
    {0x000006e0, true, 0},                   /* TSC_DEADLINE */
    {0x0000017a, true, 0},                   /* MCG_STATUS */
    {0x00000da0, true, 0},                   /* XSS */
    {0x00000d90, true, 0},                   /* BNDCFGS */
    {0x000001a0, true, 1},                   /* MISC_ENABLE: fast strings */
    {0x4b564d00, true, 0},                   /* KVM: wall clock */
    {0x4b564d01, true, 0},                   /* KVM: system time */
    {0x00000011, true, 0},                   /* KVM: wall clock, old number */
    {0x00000012, true, 0},                   /* KVM: system time, old number */
    {0x4b564d02, true, 0},                   /* KVM: asynchronous page faults */
    {0x4b564d03, true, 0},                   /* KVM: steal time */
    {0x4b564d04, true, 0},                   /* KVM: end of interrupt */
};

#define MSR_MTRR_PHYSBASE0 0x200
#define MTRR_VARIABLE 8
#define MSR_MTRR_DEF_TYPE 0x2ff
#define X86_1_EDX_MTRR (1u << 12)

static const uint32_t fixed_mtrrs[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
                                       0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

typedef struct MsrList {
    uint32_t n;
    uint32_t indices[];
} MsrList;

/* The MSRs that the host's KVM knows. */
static MsrList *host_msrs(void)
{
    struct kvm_msr_list probe = {};
    MsrList *list;

    ioctl(kvm.fd, KVM_GET_MSR_INDEX_LIST, &probe);
    list = g_malloc0(sizeof(*list) + probe.nmsrs * sizeof(list->indices[0]));
    list->n = probe.nmsrs;
    if (kvm_ioctl(kvm.fd, KVM_GET_MSR_INDEX_LIST, list) < 0) {
        list->n = 0;
    }
    return list;
}

static bool has_msr(const MsrList *list, uint32_t index)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->indices[i] == index) {
            return true;
        }
    }
    return false;
}

typedef struct MsrBatch {
    struct kvm_msrs head;
    struct kvm_msr_entry entries[G_N_ELEMENTS(reset_msrs) + 2 * MTRR_VARIABLE +
                                 G_N_ELEMENTS(fixed_mtrrs) + 1];
} MsrBatch;

static void add_msr(MsrBatch *batch, uint32_t index, uint64_t value)
{
    g_assert(batch->head.nmsrs < G_N_ELEMENTS(batch->entries));
    batch->entries[batch->head.nmsrs++] = (struct kvm_msr_entry){.index = index, .data = value};
}

/*
 * Together, for every call costs a switch of the vCPU's context. KVM stops at the first MSR that
 * it refuses; those behind it are tried again.
 */
static void set_msrs(KvmVcpu *kv, MsrBatch *batch)
{
    while (batch->head.nmsrs > 0) {
        int set = kvm_ioctl(kv->fd, KVM_SET_MSRS, batch);
        uint32_t done = MAX(set, 0);

        if (done < batch->head.nmsrs) {
            warn_once("the host's KVM refuses MSR 0x%x: it is not reset",
                      batch->entries[done].index);
            done++;
        }
        batch->head.nmsrs -= done;
        memmove(batch->entries, batch->entries + done,
                batch->head.nmsrs * sizeof(batch->entries[0]));
    }
}

static void reset_msr_state(KvmVcpu *kv)
{
    g_autofree MsrList *host = host_msrs();
    MsrBatch batch = {};

    for (gsize i = 0; i < G_N_ELEMENTS(reset_msrs); i++) {
        if (!reset_msrs[i].optional || has_msr(host, reset_msrs[i].index)) {
            add_msr(&batch, reset_msrs[i].index, reset_msrs[i].value);
        }
    }
    if (kvm_cpu_has(X86_FEAT_1_EDX, X86_1_EDX_MTRR)) {
        for (unsigned i = 0; i < 2 * MTRR_VARIABLE; i++) {
            add_msr(&batch, MSR_MTRR_PHYSBASE0 + i, 0);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(fixed_mtrrs); i++) {
            add_msr(&batch, fixed_mtrrs[i], 0);
        }
        add_msr(&batch, MSR_MTRR_DEF_TYPE, 0);
    }
    set_msrs(kv, &batch);
}

/* Nothing pending, no shadow, no SMM. */
static void reset_events(KvmVcpu *kv)
{
    struct kvm_vcpu_events events = {};

    events.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
    if (kvm_check(KVM_CAP_X86_SMM)) {
        events.flags |= KVM_VCPUEVENT_VALID_SMM;
    }
    VCPU_IOCTL(kv, KVM_SET_VCPU_EVENTS, &events);
}

static void reset_xcr(KvmVcpu *kv)
{
    struct kvm_xcrs xcrs = {.nr_xcrs = 1, .xcrs[0] = {.xcr = 0, .value = 1}};

    if (kvm_check(KVM_CAP_XCRS) && kvm_cpu_has(X86_FEAT_1_ECX, X86_1_ECX_XSAVE)) {
        VCPU_IOCTL(kv, KVM_SET_XCRS, &xcrs);
    }
}

void kvm_vcpu_reset(Vcpu *vcpu)
{
    KvmVcpu *kv = kvm_vcpu(vcpu);
    g_autoptr(GError) err = NULL;
    X86State state;

    /* The board may have connected a local APIC since, or none. */
    if (kv->cpuid_has_apic != kvm_cpu_has_apic() && !kvm_cpuid_set(kv, &err)) {
        log_warning("%s", err->message);
    }
    x86_state_reset(&state, vcpu->index, kvm_cpu_signature());
    put_sregs(kv, &state, false);
    kvm_irq_vcpu_reset(kv);
    put_regs(kv, &state);
    reset_events(kv);
    put_debug(kv, &state);
    reset_fpu(kv, &state.fpu);
    reset_xcr(kv);
    reset_msr_state(kv);
    put_mp_state(kv, vcpu->index == 0 ? KVM_MP_STATE_RUNNABLE : KVM_MP_STATE_UNINITIALIZED);
}
