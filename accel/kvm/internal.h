/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the KVM accelerator share.
 */
#ifndef LIGNITE_ACCEL_KVM_INTERNAL_H
#define LIGNITE_ACCEL_KVM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/kvm.h>

#include "accel/accel.h"
#include "accel/cpu-model.h"
#include "accel/zones.h"

#define KVM_PAGE_SIZE 4096

typedef struct KvmConfig {
    int kernel_irqchip; /* KvmIrqchip */
    int64_t coalesce_latency;
    bool coalesce_audit;
} KvmConfig;

typedef enum KvmIrqchip { KVM_IRQCHIP_ON, KVM_IRQCHIP_OFF, KVM_IRQCHIP_SPLIT } KvmIrqchip;

typedef struct KvmVcpu {
    Vcpu *vcpu;
    int fd;
    struct kvm_run *run;
    int in_guest;    /* atomic: between kvm_guest_enter() and kvm_guest_leave() */
    bool io_pending; /* the last exit's instruction is completed by the next entry */
    bool halted;     /* HLT with the irqchip in user space; the thread's, or anybody's if parked */
    int intr;        /* atomic: level of INTR, irqchip in user space */
    int nmi;         /* atomic: an NMI is to be injected */
    bool cpuid_has_apic;
    struct kvm_lapic_state lapic; /* as the kernel made it: its state after reset */
} KvmVcpu;

typedef struct KvmState {
    KvmConfig config;
    int fd;
    int vm;
    int run_size;  /* bytes of a vCPU's mmap */
    bool irqchip;  /* in the kernel */
    int ring_page; /* 0: no coalescing */
    bool coalesced_pio;
    KvmVcpu *vcpus[ACCEL_MAX_CPUS];
    unsigned vcpus_n;
} KvmState;

extern KvmState kvm;

static inline KvmVcpu *kvm_vcpu(const Vcpu *vcpu)
{
    return vcpu->accel;
}

/* ioctl() again after EINTR; -1 and errno. */
int kvm_ioctl(int fd, unsigned long request, void *arg);

/* The value of a capability, 0 where it is missing. */
int kvm_check(int capability);

/* Make a vCPU come out of the guest; any thread. */
void kvm_kick(KvmVcpu *kv);

/*
 * Between begin and end no vCPU is in the guest: for changes of memory that can't be made at
 * once. Machine lock held throughout.
 */
void kvm_exclusive_begin(void);
void kvm_exclusive_end(void);

/* Around each KVM_RUN, in the vCPU's thread, lock not held; enter waits while somebody is alone. */
void kvm_guest_enter(KvmVcpu *kv);
void kvm_guest_leave(KvmVcpu *kv);

/* In the vCPU's thread: sleep until done(kv); it is asked again after each kick. */
void kvm_wait_for_kick(KvmVcpu *kv, bool (*done)(KvmVcpu *kv));
void kvm_unblock_kick(void);

/* ------------------------------------------------------------------------------------- run.c -- */

void kvm_vcpu_thread_start(Vcpu *vcpu);
void kvm_vcpu_run(Vcpu *vcpu);
void kvm_vcpu_settle(Vcpu *vcpu);

/* ---------------------------------------------------------------------------------- memory.c -- */

void kvm_memory_start(void);
void kvm_memory_stop(void);
void kvm_memory_print_info(GString *out);

/* -------------------------------------------------------------------------------------- io.c -- */

void kvm_io_start(void);
void kvm_io_listen(void); /* from now on there are zones and doorbells */
void kvm_io_stop(void);
const ZoneLedger *kvm_io_zones(void);
void kvm_handle_pio(KvmVcpu *kv);  /* lock not held */
void kvm_handle_mmio(KvmVcpu *kv); /* lock not held */

/* ------------------------------------------------------------------------------------- irq.c -- */

bool kvm_irq_start(GError **errp);        /* what can be refused is checked */
bool kvm_irq_create_chips(GError **errp); /* once, before the first vCPU exists */
bool kvm_irq_vcpu_created(KvmVcpu *kv, GError **errp);
void kvm_irq_vcpu_reset(KvmVcpu *kv);
void kvm_irq_reset(void);
void kvm_set_gsi(int gsi, int level);
bool kvm_set_irqfd(int gsi, int fd, int eoi_fd, bool add);
void kvm_set_intr(Vcpu *vcpu, bool level);
void kvm_inject_nmi(Vcpu *vcpu);
/* In the vCPU's thread, lock not held: inject what is pending and can be, before an entry. */
void kvm_irq_prepare(KvmVcpu *kv);
/* After an exit: tell a controller in user space what the CPU changed. */
void kvm_irq_finish(KvmVcpu *kv);
/* Whether what is pending wakes a halted CPU. */
bool kvm_irq_wakes(KvmVcpu *kv);

/* ------------------------------------------------------------------------------------- cpu.c -- */

void kvm_vcpu_get_state(Vcpu *vcpu, X86State *state);
void kvm_vcpu_set_state(Vcpu *vcpu, const X86State *state);
void kvm_vcpu_reset(Vcpu *vcpu);

/* ----------------------------------------------------------------------------------- cpuid.c -- */

/* Work out what the guest's CPUs are, from accel_cpu_model() and the host. */
bool kvm_cpuid_start(GError **errp);
void kvm_cpuid_stop(void);
bool kvm_cpuid_set(KvmVcpu *kv, GError **errp);
uint32_t kvm_cpu_signature(void);
void kvm_cpu_features(uint32_t *words); /* by X86FeatureWord: what KVM lets a guest have */
bool kvm_cpu_has(X86FeatureWord word, uint32_t bits);
bool kvm_cpu_has_apic(void);

#endif
