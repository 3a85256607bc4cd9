/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts: the controllers in the kernel, or the INTR and NMI pins for one in user space.
 * Document: Documentation/virt/kvm/api.rst of Linux: KVM_CREATE_IRQCHIP, KVM_SET_GSI_ROUTING,
 * KVM_IRQ_LINE, KVM_IRQFD, KVM_INTERRUPT, KVM_NMI. 82093AA data sheet and the PC's wiring for the
 * routes.
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "accel/lock.h"
#include "error.h"
#include "hw/core/log.h"

#define GSIS 24
#define ISA_IRQS 16
#define PIC_PINS 8

/* Three pages for real mode on Intel and one of page tables, below the largest firmware image. */
#define IDENTITY_MAP_ADDR 0xfeffc000ull
#define TSS_ADDR (IDENTITY_MAP_ADDR + KVM_PAGE_SIZE)

/* The chips as the kernel made them: their state after reset. */
static struct {
    struct kvm_irqchip chips[3]; /* PIC master, PIC slave, I/O APIC */
    struct kvm_pit_state2 pit;
    bool created;
} initial;

/* ------------------------------------------------------------------------------------- start -- */

static bool failed(const char *what, GError **errp)
{
    error_setg(errp, "%s failed: %s", what, g_strerror(errno));
    return false;
}

/* Both kinds of controller see the ISA interrupts; the PIT's is on pin 2 of the I/O APIC. */
static bool set_routes(GError **errp)
{
    g_autofree struct kvm_irq_routing *routing =
        g_malloc0(sizeof(*routing) + 2 * GSIS * sizeof(struct kvm_irq_routing_entry));

    for (unsigned gsi = 0; gsi < GSIS; gsi++) {
        struct kvm_irq_routing_entry entry = {.gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP};

        if (gsi < ISA_IRQS) {
            entry.u.irqchip.irqchip =
                gsi < PIC_PINS ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE;
            entry.u.irqchip.pin = gsi % PIC_PINS;
            routing->entries[routing->nr++] = entry;
        }
        if (gsi != 2) {
            entry.u.irqchip.irqchip = KVM_IRQCHIP_IOAPIC;
            entry.u.irqchip.pin = gsi == 0 ? 2 : gsi;
            routing->entries[routing->nr++] = entry;
        }
    }
    if (kvm_ioctl(kvm.vm, KVM_SET_GSI_ROUTING, routing) < 0) {
        return failed("KVM_SET_GSI_ROUTING", errp);
    }
    return true;
}

static bool has_chips(GError **errp)
{
    if (!kvm_check(KVM_CAP_IRQCHIP) || !kvm_check(KVM_CAP_PIT2) || !kvm_check(KVM_CAP_PIT_STATE2) ||
        !kvm_check(KVM_CAP_IRQ_ROUTING)) {
        error_setg(errp, "the host's KVM has no interrupt controllers: use kernel-irqchip=off");
        return false;
    }
    return true;
}

bool kvm_irq_create_chips(GError **errp)
{
    struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};

    if (!kvm.irqchip || initial.created) {
        return true;
    }
    initial.created = true;
    if (kvm_ioctl(kvm.vm, KVM_CREATE_IRQCHIP, NULL) < 0) {
        return failed("KVM_CREATE_IRQCHIP", errp);
    }
    if (kvm_ioctl(kvm.vm, KVM_CREATE_PIT2, &pit) < 0) {
        return failed("KVM_CREATE_PIT2", errp);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(initial.chips); i++) {
        initial.chips[i].chip_id = i;
        if (kvm_ioctl(kvm.vm, KVM_GET_IRQCHIP, &initial.chips[i]) < 0) {
            return failed("KVM_GET_IRQCHIP", errp);
        }
    }
    if (kvm_ioctl(kvm.vm, KVM_GET_PIT2, &initial.pit) < 0) {
        return failed("KVM_GET_PIT2", errp);
    }
    return set_routes(errp);
}

bool kvm_irq_start(GError **errp)
{
    uint64_t identity_map = IDENTITY_MAP_ADDR;

    if (kvm_check(KVM_CAP_SET_IDENTITY_MAP_ADDR) &&
        kvm_ioctl(kvm.vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) < 0) {
        return failed("KVM_SET_IDENTITY_MAP_ADDR", errp);
    }
    if (kvm_ioctl(kvm.vm, KVM_SET_TSS_ADDR, (void *)TSS_ADDR) < 0) {
        return failed("KVM_SET_TSS_ADDR", errp);
    }
    initial.created = false;
    return !kvm.irqchip || has_chips(errp);
}

bool kvm_irq_vcpu_created(KvmVcpu *kv, GError **errp)
{
    if (kvm.irqchip && kvm_ioctl(kv->fd, KVM_GET_LAPIC, &kv->lapic) < 0) {
        return failed("KVM_GET_LAPIC", errp);
    }
    return true;
}

/* ------------------------------------------------------------------------------------- reset -- */

void kvm_irq_vcpu_reset(KvmVcpu *kv)
{
    __atomic_store_n(&kv->nmi, 0, __ATOMIC_RELAXED);
    kv->halted = false;
    if (kvm.irqchip && kvm_ioctl(kv->fd, KVM_SET_LAPIC, &kv->lapic) < 0) {
        warn_once("the local APIC can't be reset: %s", g_strerror(errno));
    }
}

void kvm_irq_reset(void)
{
    if (!kvm.irqchip) {
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(initial.chips); i++) {
        struct kvm_irqchip chip = initial.chips[i];

        if (kvm_ioctl(kvm.vm, KVM_SET_IRQCHIP, &chip) < 0) {
            warn_once("the interrupt controllers can't be reset: %s", g_strerror(errno));
        }
    }
    if (kvm_ioctl(kvm.vm, KVM_SET_PIT2, &initial.pit) < 0) {
        warn_once("the interval timer can't be reset: %s", g_strerror(errno));
    }
}

/* ------------------------------------------------------------------------------------- lines -- */

void kvm_set_gsi(int gsi, int level)
{
    struct kvm_irq_level line = {.irq = gsi, .level = level != 0};

    if (!kvm.irqchip || gsi < 0 || gsi >= GSIS) {
        return;
    }
    if (kvm_ioctl(kvm.vm, KVM_IRQ_LINE, &line) < 0) {
        warn_once("interrupt line %d can't be set: %s", gsi, g_strerror(errno));
    }
}

bool kvm_set_irqfd(int gsi, int fd, int eoi_fd, bool add)
{
    struct kvm_irqfd irqfd = {
        .fd = fd,
        .gsi = gsi,
        .flags = (add ? 0 : KVM_IRQFD_FLAG_DEASSIGN) | (eoi_fd >= 0 ? KVM_IRQFD_FLAG_RESAMPLE : 0),
        .resamplefd = eoi_fd >= 0 ? eoi_fd : 0,
    };

    if (!kvm.irqchip || gsi < 0 || gsi >= GSIS || !kvm_check(KVM_CAP_IRQFD) ||
        (eoi_fd >= 0 && !kvm_check(KVM_CAP_IRQFD_RESAMPLE))) {
        return false;
    }
    if (kvm_ioctl(kvm.vm, KVM_IRQFD, &irqfd) < 0) {
        warn_once("an eventfd for interrupt line %d is handled in user space: %s", gsi,
                  g_strerror(errno));
        return false;
    }
    return true;
}

void kvm_set_intr(Vcpu *vcpu, bool level)
{
    KvmVcpu *kv = kvm_vcpu(vcpu);
    int old = __atomic_exchange_n(&kv->intr, level, __ATOMIC_SEQ_CST);

    if (level && !old && vcpu != vcpu_current()) {
        kvm_kick(kv);
    }
}

void kvm_inject_nmi(Vcpu *vcpu)
{
    KvmVcpu *kv = kvm_vcpu(vcpu);

    __atomic_store_n(&kv->nmi, 1, __ATOMIC_SEQ_CST);
    if (vcpu != vcpu_current()) {
        kvm_kick(kv);
    }
}

/* ------------------------------------------------------------------------- around each entry -- */

bool kvm_irq_wakes(KvmVcpu *kv)
{
    return __atomic_load_n(&kv->nmi, __ATOMIC_SEQ_CST) ||
           (__atomic_load_n(&kv->intr, __ATOMIC_SEQ_CST) && kv->run->if_flag);
}

/* The controller's answer to INTA; it lowers INTR, unless there is more. */
static void acknowledge(KvmVcpu *kv)
{
    void *opaque;
    const CpuInterruptOps *ops;
    struct kvm_interrupt interrupt;
    int vector = -1;

    machine_lock();
    ops = accel_interrupt_ops(&opaque);
    if (ops && __atomic_load_n(&kv->intr, __ATOMIC_RELAXED)) {
        vector = ops->acknowledge(opaque);
    }
    machine_unlock();
    if (vector < 0) {
        return;
    }
    interrupt.irq = vector & 0xff;
    if (kvm_ioctl(kv->fd, KVM_INTERRUPT, &interrupt) < 0) {
        warn_once("interrupt 0x%02x can't be injected: %s", interrupt.irq, g_strerror(errno));
    }
    kv->run->ready_for_interrupt_injection = 0;
}

/* A task priority register outside the CPU follows CR8, and the other way round. */
static void sync_tpr(KvmVcpu *kv, bool to_controller)
{
    void *opaque;
    const CpuInterruptOps *ops = accel_interrupt_ops(&opaque);

    if (!ops || !ops->set_tpr) {
        return;
    }
    machine_lock();
    if (!to_controller) {
        kv->run->cr8 = ops->get_tpr(opaque);
    } else {
        ops->set_tpr(opaque, kv->run->cr8);
        if (ops->set_apic_base && ops->get_apic_base(opaque) != kv->run->apic_base) {
            ops->set_apic_base(opaque, kv->run->apic_base);
        }
    }
    machine_unlock();
}

void kvm_irq_prepare(KvmVcpu *kv)
{
    if (G_UNLIKELY(__atomic_load_n(&kv->nmi, __ATOMIC_RELAXED)) &&
        __atomic_exchange_n(&kv->nmi, 0, __ATOMIC_SEQ_CST) &&
        kvm_ioctl(kv->fd, KVM_NMI, NULL) < 0) {
        warn_once("an NMI can't be injected: %s", g_strerror(errno));
    }
    if (kvm.irqchip) {
        return;
    }
    sync_tpr(kv, false);
    if (kv->run->ready_for_interrupt_injection && __atomic_load_n(&kv->intr, __ATOMIC_SEQ_CST)) {
        acknowledge(kv);
    }
    kv->run->request_interrupt_window = __atomic_load_n(&kv->intr, __ATOMIC_SEQ_CST);
}

void kvm_irq_finish(KvmVcpu *kv)
{
    if (!kvm.irqchip) {
        sync_tpr(kv, true);
    }
}
