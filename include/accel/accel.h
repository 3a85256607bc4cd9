/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accelerators: who runs the guest's CPUs.
 *
 * An accelerator is a static table (AccelOps), listed in accel/accel.c. `-accel` chooses: the
 * first of the list that starts is used. vCPU threads, their pausing and their kicks are common
 * code (accel/vcpu.c); the table says how one vCPU runs until it needs something.
 *
 * Functions are called with the machine lock held unless their comment says otherwise.
 */
#ifndef LIGNITE_ACCEL_ACCEL_H
#define LIGNITE_ACCEL_ACCEL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "accel/cpu-state.h"
#include "hw/core/irq.h"
#include "hw/core/property.h"

#define ACCEL_MAX_CPUS 8

typedef struct AccelOps AccelOps;

typedef struct Vcpu {
    unsigned index; /* also the local APIC's id */
    GThread *thread;
    void *accel; /* the accelerator's own state for this vCPU */
    /* Below: private to accel/vcpu.c and the accelerator. */
    int tid;            /* of the host's thread; 0 where the accelerator needs none */
    bool paused;        /* the thread is parked; lock */
    bool stopped;       /* vcpu_run() gave up: parked until the next vcpus_resume(); lock */
    int kick_requested; /* atomic: come out of the guest */
    uint64_t exits;     /* times the guest was left; written by its own thread alone */
} Vcpu;

/*
 * A user-space interrupt controller as the CPU sees it: the board's PIC, or a local APIC in front
 * of it. Used when accel_irqchip_in_kernel() is false.
 */
typedef struct CpuInterruptOps {
    /* The vector of the highest pending interrupt; acknowledges it. -1: none (spurious). */
    int (*acknowledge)(void *opaque);
    /* The task priority (CR8) as the CPU changed it, and as the controller has it. NULL: none. */
    void (*set_tpr)(void *opaque, uint8_t tpr);
    uint8_t (*get_tpr)(void *opaque);
    /* The APIC base MSR. NULL: the CPU has no local APIC, and CPUID says so. */
    void (*set_apic_base)(void *opaque, uint64_t value);
    uint64_t (*get_apic_base)(void *opaque);
} CpuInterruptOps;

struct AccelOps {
    const char *name; /* "kvm" */
    const char *desc;
    bool only_on_request; /* not tried when no -accel is given */
    size_t config_size;    /* bytes of the struct that `props` describes */
    const Property *props; /* what `-accel NAME,p=v` takes */
    bool local_apic;       /* its CPUs can have a local APIC, in the kernel or in user space */

    /* Open, check capabilities, register memory listeners. On failure all is as before. */
    bool (*start)(const void *config, GError **errp);
    void (*shutdown)(void); /* after every vCPU thread ended */

    /* Make vcpu->accel. Before the thread starts. */
    bool (*vcpu_create)(Vcpu *vcpu, GError **errp);
    void (*vcpu_destroy)(Vcpu *vcpu);
    void (*vcpu_thread_start)(Vcpu *vcpu); /* in the vCPU's thread, once; may be NULL */
    /*
     * In the vCPU's thread, lock NOT held: run the guest and handle its exits until
     * vcpu->kick_requested, or until the CPU cannot go on (it has then asked for it through
     * runstate_request_*; the vCPU then stays parked until the next vcpus_resume()). NULL: the
     * machine is driven from outside, vCPUs have no threads.
     */
    void (*vcpu_run)(Vcpu *vcpu);
    /* Any thread, lock held or not: make vcpu_run() return soon; kick_requested is set already. */
    void (*vcpu_kick)(Vcpu *vcpu);
    /*
     * In the vCPU's thread before it parks, lock NOT held: complete a half-done I/O instruction.
     * May be NULL.
     */
    void (*vcpu_settle)(Vcpu *vcpu);

    /* While the vCPU is parked. */
    void (*vcpu_get_state)(Vcpu *vcpu, X86State *state);
    void (*vcpu_set_state)(Vcpu *vcpu, const X86State *state);
    void (*vcpu_reset)(Vcpu *vcpu);
    void (*reset)(void); /* what belongs to no vCPU, after the vCPUs; may be NULL */
    uint32_t (*cpu_signature)(void); /* CPUID 1 EAX */
    /* The features that there can be, by X86FeatureWord. NULL: it does not look at models. */
    void (*cpu_features)(uint32_t *words);

    /* Interrupts. Irqchip in the kernel: set_gsi; else set_intr and the CpuInterruptOps. */
    bool (*irqchip_in_kernel)(void);
    void (*set_gsi)(int gsi, int level);
    /* As accel_set_irqfd(). NULL: it can't. */
    bool (*set_irqfd)(int gsi, int fd, int eoi_fd, bool add);
    void (*set_intr)(Vcpu *vcpu, bool level);
    void (*inject_nmi)(Vcpu *vcpu);
    void (*set_a20)(bool enabled); /* NULL: address line 20 is always on */

    /*
     * Dispatch every queued write, in order; called by machine_lock(). NULL: the accelerator has no
     * ring, or leaves it to accel/coalesce.h.
     */
    void (*drain)(void);
    /* How long a queued write may wait for the lock, in ns; 0: for ever. NULL: nothing is queued. */
    int64_t (*coalesce_latency)(void);
    /* The ledger of zones and doorbells (accel/zones.h). NULL: nothing is ever queued. */
    const struct ZoneLedger *(*zones)(void);
    /* Append lines about the accelerator to `info accel` (name, capabilities, exits). */
    void (*print_info)(GString *out);
};

/* ----------------------------------------------------------------------------- selection -- */

/*
 * Start the first accelerator that works. `list` holds -accel texts in order ("kvm,p=v"); empty:
 * kvm, then x86emu. For each one that does not start, `warn` is called with a line that says why.
 * Fails when none does.
 */
bool accel_start(const char *const *list, unsigned smp, const char *cpu_model,
                 void (*warn)(const char *line), GError **errp);
void accel_shutdown(void);

/* The accelerator in use, NULL before accel_start(). */
const AccelOps *accel_current(void);

/* What accel_start() was given: for the accelerators, from start() on. */
unsigned accel_smp(void);
const char *accel_cpu_model(void); /* never NULL */

/*
 * How soon, in ns from now, the main loop has to take the machine lock again for the sake of
 * queued writes. 0: never, because nothing can be queued while the VM is stopped, because there
 * is no coalesced range, or because coalesce-latency=0.
 */
int64_t accel_coalesce_latency_ns(void);

/* Append the text of `info accel`. */
void accel_print_info(GString *out);

/* Whether the accelerator is KVM: `info kvm`, query-kvm. */
bool accel_is_kvm(void);

/* The text of `-accel help`, and of `-accel NAME,help`. */
void accel_print_help(GString *out);
bool accel_print_props(const char *name, GString *out);

/* The text of `-cpu help`; and whether a model with its flags is known ("qemu64,+x,-y"). */
void cpu_models_print_help(GString *out);
bool cpu_model_check(const char *model, GError **errp);

/* Calls `fn` for each model's name; `fixed` says that its features do not depend on the host. */
void cpu_models_foreach(void (*fn)(const char *name, bool fixed, void *opaque), void *opaque);

/*
 * Calls `fn` for each feature that has a name, and whether a CPU that is asked for by `model`, as by
 * -cpu, has it here. With an accelerator that hides nothing of the host's (it has no cpu_features)
 * that is what the model says. Lock held.
 */
bool cpu_model_foreach_feature(const char *model,
                               void (*fn)(const char *name, bool on, void *opaque), void *opaque,
                               GError **errp);

/* ---------------------------------------------------------------------------------- vCPUs -- */

/* Make `n` vCPUs (1..ACCEL_MAX_CPUS), parked. */
bool vcpus_create(unsigned n, GError **errp);
void vcpus_destroy(void); /* parks, ends the threads, frees */
unsigned vcpu_count(void);
Vcpu *vcpu_get(unsigned index);
Vcpu *vcpu_current(void); /* the calling thread's, or NULL. Any thread. */

/* Let them run; park them all (returns when every thread is parked and the ring is empty). */
void vcpus_resume(void);
void vcpus_pause(void); /* releases the lock while it waits; not from a vCPU's thread */
bool vcpus_running(void);

/* The registers of a vCPU, which must be parked. */
void vcpu_get_state(Vcpu *vcpu, X86State *state);
void vcpu_set_state(Vcpu *vcpu, const X86State *state);

/* Reset every vCPU, and the interrupt controllers in the kernel. They must be parked. */
void vcpus_reset(void);

/* The sum of the vCPUs' exits since they were made. Any thread; exact while they are parked. */
uint64_t vcpus_exits(void);

/* Append the text of `info registers` (of one vCPU, or of all) and `info cpus`. */
void vcpus_print_registers(GString *out, int index);
void vcpus_print(GString *out);

/* ----------------------------------------------------------------------------- interrupts -- */

bool accel_irqchip_in_kernel(void);

/* Whether a machine with this accelerator has local APICs, and so an I/O APIC. */
bool accel_has_local_apic(void);

/* Drive line `gsi` (0..23) of the irqchip in the kernel. */
void accel_set_gsi(int gsi, int level);

/*
 * Have the irqchip in the kernel drive line `gsi` (0..23) by an eventfd, or no more. A signal of `fd`
 * is an edge; with `eoi_fd` (not -1) a level, which falls at the guest's end of interrupt, of which
 * `eoi_fd` tells. False: it can't be had; user space has to do it.
 */
bool accel_set_irqfd(int gsi, int fd, int eoi_fd, bool add);

/* Drive the INTR pin of a CPU with a user-space controller; connect that controller. */
void accel_set_intr(unsigned cpu, bool level);
void accel_set_interrupt_ops(const CpuInterruptOps *ops, void *opaque);
const CpuInterruptOps *accel_interrupt_ops(void **opaque); /* NULL while none is connected */

/* An edge of NMI on every CPU. */
void accel_inject_nmi(void);
void accel_set_a20(bool enabled);

#endif
