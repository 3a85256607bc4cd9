/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM accelerator: opening it, what it must be able to do, its vCPUs, and its table.
 * Document: Documentation/virt/kvm/api.rst of Linux.
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "accel/coalesce.h"
#include "accel/internal.h"
#include "accel/lock.h"
#include "error.h"
#include "hw/core/log.h"

#define KVM_DEVICE "/dev/kvm"
#define SIG_KICK SIGUSR1

KvmState kvm = {.fd = -1, .vm = -1};

static struct sigaction old_kick_action;

/* Who waits for the vCPUs to be out of the guest. The mutex is taken inside the machine lock. */
static struct {
    int wanted; /* atomic */
    GMutex mutex;
    GCond left;
} exclusive;

/* ----------------------------------------------------------------------------------- helpers -- */

int kvm_ioctl(int fd, unsigned long request, void *arg)
{
    int rc;

    do {
        rc = ioctl(fd, request, arg);
    } while (rc < 0 && errno == EINTR);
    return rc;
}

int kvm_check(int capability)
{
    return MAX(ioctl(kvm.vm >= 0 ? kvm.vm : kvm.fd, KVM_CHECK_EXTENSION, (long)capability), 0);
}

/* ------------------------------------------------------------------------ kicks, exclusivity -- */

/*
 * A vCPU that has not entered yet sees immediate_exit, one that has is interrupted by the signal.
 * The flag stays until the vCPU's own thread clears it, before it looks what is wanted of it.
 */
void kvm_kick(KvmVcpu *kv)
{
    __atomic_store_n(&kv->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    if (kv->vcpu->tid) {
        tgkill(getpid(), kv->vcpu->tid, SIG_KICK);
    }
}

static void vcpu_kick(Vcpu *vcpu)
{
    kvm_kick(kvm_vcpu(vcpu));
}

static void mask_kick(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIG_KICK);
    pthread_sigmask(how, &set, NULL);
}

void kvm_unblock_kick(void)
{
    mask_kick(SIG_UNBLOCK);
}

/* The kick is let in by sigsuspend() alone, so none is missed between question and sleep. */
void kvm_wait_for_kick(KvmVcpu *kv, bool (*done)(KvmVcpu *kv))
{
    sigset_t set;

    mask_kick(SIG_BLOCK);
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    sigdelset(&set, SIG_KICK);
    while (!done(kv)) {
        sigsuspend(&set);
    }
    mask_kick(SIG_UNBLOCK);
}

/* The signal only has to interrupt. */
static void on_kick(int sig)
{
}

void kvm_guest_leave(KvmVcpu *kv)
{
    __atomic_store_n(&kv->in_guest, 0, __ATOMIC_SEQ_CST);
    if (G_UNLIKELY(__atomic_load_n(&exclusive.wanted, __ATOMIC_SEQ_CST))) {
        g_mutex_lock(&exclusive.mutex);
        g_cond_broadcast(&exclusive.left);
        g_mutex_unlock(&exclusive.mutex);
    }
}

void kvm_guest_enter(KvmVcpu *kv)
{
    for (;;) {
        __atomic_store_n(&kv->in_guest, 1, __ATOMIC_SEQ_CST);
        if (G_LIKELY(!__atomic_load_n(&exclusive.wanted, __ATOMIC_SEQ_CST))) {
            return;
        }
        kvm_guest_leave(kv);
        /* Whoever wants to be alone holds the lock meanwhile. */
        machine_lock();
        machine_unlock();
    }
}

void kvm_exclusive_begin(void)
{
    __atomic_store_n(&exclusive.wanted, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < kvm.vcpus_n; i++) {
        KvmVcpu *kv = kvm.vcpus[i];

        if (!__atomic_load_n(&kv->in_guest, __ATOMIC_SEQ_CST)) {
            continue;
        }
        kvm_kick(kv);
        g_mutex_lock(&exclusive.mutex);
        while (__atomic_load_n(&kv->in_guest, __ATOMIC_SEQ_CST)) {
            g_cond_wait(&exclusive.left, &exclusive.mutex);
        }
        g_mutex_unlock(&exclusive.mutex);
    }
}

void kvm_exclusive_end(void)
{
    __atomic_store_n(&exclusive.wanted, 0, __ATOMIC_SEQ_CST);
}

/* ------------------------------------------------------------------------------------- vCPUs -- */

static void vcpu_destroy(Vcpu *vcpu)
{
    KvmVcpu *kv = kvm_vcpu(vcpu);

    if (!kv) {
        return;
    }
    if (kvm.vcpus_n > vcpu->index) {
        kvm.vcpus[vcpu->index] = NULL;
        kvm.vcpus_n = vcpu->index;
    }
    if (vcpu->index == 0) {
        coalesce_set_ring(NULL);
    }
    if (kv->run) {
        munmap(kv->run, kvm.run_size);
    }
    if (kv->fd >= 0) {
        close(kv->fd);
    }
    g_free(kv);
    vcpu->accel = NULL;
}

static bool map_run(KvmVcpu *kv, GError **errp)
{
    void *map = mmap(NULL, kvm.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, kv->fd, 0);

    if (map == MAP_FAILED) {
        error_setg(errp, "the state of CPU %u can't be mapped: %s", kv->vcpu->index,
                   g_strerror(errno));
        return false;
    }
    kv->run = map;
    return true;
}

/*
 * The interrupt controllers and the zones come with the first CPU, when the machine's memory is
 * there: a change of the memory slots waits until the kernel has let go of its old table of I/O
 * devices, for some 10 ms after anything was put on that.
 */
static bool vcpu_create(Vcpu *vcpu, GError **errp)
{
    KvmVcpu *kv = g_new0(KvmVcpu, 1);

    g_assert(vcpu->index == kvm.vcpus_n);
    kv->vcpu = vcpu;
    kv->fd = -1;
    vcpu->accel = kv;
    if (!kvm_irq_create_chips(errp)) {
        vcpu_destroy(vcpu);
        return false;
    }
    kv->fd = ioctl(kvm.vm, KVM_CREATE_VCPU, (long)vcpu->index);
    if (kv->fd < 0) {
        error_setg(errp, "KVM makes no CPU %u: %s", vcpu->index, g_strerror(errno));
        vcpu_destroy(vcpu);
        return false;
    }
    if (!map_run(kv, errp) || !kvm_cpuid_set(kv, errp) || !kvm_irq_vcpu_created(kv, errp)) {
        vcpu_destroy(vcpu);
        return false;
    }
    kvm.vcpus[kvm.vcpus_n++] = kv;
    if (vcpu->index == 0 && kvm.ring_page) {
        coalesce_set_ring((void *)((char *)kv->run + kvm.ring_page * KVM_PAGE_SIZE));
    }
    kvm_io_listen();
    return true;
}

/* ------------------------------------------------------------------------- start and the end -- */

static bool open_device(GError **errp)
{
    const char *remedy = "";
    int version;

    kvm.fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
    if (kvm.fd < 0) {
        if (errno == EACCES || errno == EPERM) {
            remedy = " (add the user to group kvm)";
        } else if (errno == ENOENT || errno == ENODEV || errno == ENXIO) {
            remedy = " (turn on virtualization in the host's firmware and load the module kvm_intel"
                     " or kvm_amd)";
        }
        error_setg(errp, "Could not access KVM kernel module: " KVM_DEVICE ": %s%s",
                   g_strerror(errno), remedy);
        return false;
    }
    version = ioctl(kvm.fd, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION) {
        error_setg(errp, "the host's KVM has interface version %d, %d is needed", version,
                   KVM_API_VERSION);
        return false;
    }
    return true;
}

static bool create_vm(GError **errp)
{
    do {
        kvm.vm = ioctl(kvm.fd, KVM_CREATE_VM, 0);
    } while (kvm.vm < 0 && errno == EINTR);
    if (kvm.vm < 0) {
        error_setg(errp, "KVM makes no virtual machine: %s%s", g_strerror(errno),
                   errno == EBUSY ? " (another hypervisor uses the processor)" : "");
        return false;
    }
    kvm.run_size = ioctl(kvm.fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (kvm.run_size < (int)sizeof(struct kvm_run)) {
        error_setg(errp, "the host's KVM gives no size of a CPU's state");
        return false;
    }
    return true;
}

static bool check_capabilities(GError **errp)
{
    static const struct {
        int capability;
        const char *name;
    } needed[] = {
        {KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY"},
        {KVM_CAP_DESTROY_MEMORY_REGION_WORKS, "KVM_CAP_DESTROY_MEMORY_REGION_WORKS"},
        {KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM"},
        {KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR"},
        {KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID"},
        {KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE"},
        {KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS"},
        {KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS"},
        {KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!kvm_check(needed[i].capability)) {
            error_setg(errp, "the host's KVM lacks %s: a newer Linux is needed", needed[i].name);
            return false;
        }
    }
    /* What is missing of these costs speed only: writes exit. */
    kvm.ring_page = kvm_check(KVM_CAP_COALESCED_MMIO);
    if ((kvm.ring_page + 1) * KVM_PAGE_SIZE > kvm.run_size) {
        kvm.ring_page = 0;
    }
    kvm.coalesced_pio = kvm.ring_page && kvm_check(KVM_CAP_COALESCED_PIO);
    return true;
}

static bool check_smp(GError **errp)
{
    unsigned smp = accel_smp();
    int soft = kvm_check(KVM_CAP_NR_VCPUS);
    int most = kvm_check(KVM_CAP_MAX_VCPUS);

    if (smp > 1 && !kvm.irqchip) {
        error_setg(errp, "-smp %u: more than one CPU needs kernel-irqchip=on", smp);
        return false;
    }
    if (most && smp > most) {
        error_setg(errp, "-smp %u: the host's KVM takes at most %d CPUs", smp, most);
        return false;
    }
    if (soft && smp > soft) {
        log_warning("-smp %u: more CPUs than the %d that KVM recommends on this host", smp, soft);
    }
    return true;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void close_all(void)
{
    kvm_cpuid_stop();
    close_fd(&kvm.vm);
    close_fd(&kvm.fd);
}

static bool start(const void *config, GError **errp)
{
    struct sigaction action = {.sa_handler = on_kick};

    kvm = (KvmState){.fd = -1, .vm = -1, .config = *(const KvmConfig *)config};
    kvm.irqchip = kvm.config.kernel_irqchip == KVM_IRQCHIP_ON;
    if (kvm.config.kernel_irqchip == KVM_IRQCHIP_SPLIT) {
        error_setg(errp, "kernel-irqchip=split is not supported: use on or off");
        return false;
    }
    if (!coalesce_check_latency(kvm.config.coalesce_latency, errp)) {
        return false;
    }
    if (!open_device(errp) || !create_vm(errp) || !check_capabilities(errp) || !check_smp(errp) ||
        !kvm_irq_start(errp) || !kvm_cpuid_start(errp)) {
        close_all();
        return false;
    }
    sigemptyset(&action.sa_mask);
    sigaction(SIG_KICK, &action, &old_kick_action);
    coalesce_set_audit(kvm.config.coalesce_audit);
    kvm_memory_start();
    kvm_io_start();
    return true;
}

static void shutdown(void)
{
    kvm_memory_stop(); /* before the zones: see vcpu_create() */
    kvm_io_stop();
    close_all();
    sigaction(SIG_KICK, &old_kick_action, NULL);
}

/* ------------------------------------------------------------------------------------- table -- */

static bool irqchip_in_kernel(void)
{
    return kvm.irqchip;
}

static int64_t coalesce_latency(void)
{
    return kvm.config.coalesce_latency;
}

static void print_info(GString *out)
{
    g_string_append_printf(out, "kernel-irqchip: %s\n", kvm.irqchip ? "on" : "off");
    g_string_append_printf(out, "coalesced MMIO: %s\ncoalesced PIO: %s\n",
                           kvm.ring_page ? "yes" : "no", kvm.coalesced_pio ? "yes" : "no");
    kvm_memory_print_info(out);
}

static const char *const irqchip_names[] = {
    [KVM_IRQCHIP_ON] = "on",
    [KVM_IRQCHIP_OFF] = "off",
    [KVM_IRQCHIP_SPLIT] = "split",
    NULL,
};

static const Property kvm_props[] = {
    PROP_ENUM("kernel-irqchip", KvmConfig, kernel_irqchip, irqchip_names, KVM_IRQCHIP_ON,
              .help = "who models PIC, I/O APIC, local APICs and PIT (on: the kernel)"),
    PROP_DURATION("coalesce-latency", KvmConfig, coalesce_latency, 10 * 1000 * 1000,
                  .help = "longest time that a queued write waits (0: until the next exit)"),
    PROP_BOOL("coalesce-audit", KvmConfig, coalesce_audit, false,
              .help = "report queued writes whose delay somebody could tell"),
    {}};

const AccelOps kvm_accel_ops = {
    .name = "kvm",
    .desc = "the host's processor, through Linux' KVM",
    .config_size = sizeof(KvmConfig),
    .props = kvm_props,
    .local_apic = true,
    .start = start,
    .shutdown = shutdown,
    .vcpu_create = vcpu_create,
    .vcpu_destroy = vcpu_destroy,
    .vcpu_thread_start = kvm_vcpu_thread_start,
    .vcpu_run = kvm_vcpu_run,
    .vcpu_kick = vcpu_kick,
    .vcpu_settle = kvm_vcpu_settle,
    .vcpu_get_state = kvm_vcpu_get_state,
    .vcpu_set_state = kvm_vcpu_set_state,
    .vcpu_reset = kvm_vcpu_reset,
    .reset = kvm_irq_reset,
    .cpu_signature = kvm_cpu_signature,
    .cpu_features = kvm_cpu_features,
    .irqchip_in_kernel = irqchip_in_kernel,
    .set_gsi = kvm_set_gsi,
    .set_irqfd = kvm_set_irqfd,
    .set_intr = kvm_set_intr,
    .inject_nmi = kvm_inject_nmi,
    .coalesce_latency = coalesce_latency,
    .zones = kvm_io_zones,
    .print_info = print_info,
};
