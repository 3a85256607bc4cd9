/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a vCPU and handling what it comes out for.
 * Document: Documentation/virt/kvm/api.rst of Linux, "The kvm_run structure".
 */
#include "accel/kvm/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "accel/internal.h"
#include "accel/io-profile.h"
#include "accel/lock.h"
#include "hw/core/log.h"
#include "hw/core/runstate.h"
#include "memory/system.h"

/* Bytes of code that are shown of a guest that can't go on. */
#define CODE_BYTES 16

void kvm_vcpu_thread_start(Vcpu *vcpu)
{
    kvm_unblock_kick();
}

/* -------------------------------------------------------------------- what went wrong, shown -- */

/* KVM tells the bytes of the instruction that it could not emulate, if it has got so far. */
static unsigned fetched_code(const struct kvm_run *run, uint8_t *code)
{
    unsigned n;

    if (run->exit_reason != KVM_EXIT_INTERNAL_ERROR ||
        run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION ||
        run->emulation_failure.ndata < 3 ||
        !(run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)) {
        return 0;
    }
    n = MIN(run->emulation_failure.insn_size, sizeof(run->emulation_failure.insn_bytes));
    memcpy(code, run->emulation_failure.insn_bytes, n);
    return n;
}

static unsigned read_code(KvmVcpu *kv, uint64_t linear, uint8_t *code)
{
    unsigned n = 0;

    for (; n < CODE_BYTES; n++) {
        struct kvm_translation tr = {.linear_address = linear + n};
        MemoryRegionSection section;

        if (kvm_ioctl(kv->fd, KVM_TRANSLATE, &tr) < 0 || !tr.valid) {
            break;
        }
        /* Looking must not have effects: only memory is read. */
        section = address_space_lookup(&address_space_memory, tr.physical_address, 1);
        if (!section.mr || !memory_region_get_ram_ptr(section.mr)) {
            break;
        }
        code[n] = ((uint8_t *)memory_region_get_ram_ptr(section.mr))[section.offset_within_region];
    }
    return n;
}

static void append_cpu(KvmVcpu *kv, GString *out)
{
    uint8_t code[CODE_BYTES];
    unsigned n = fetched_code(kv->run, code);
    X86State state = {};

    kvm_vcpu_get_state(kv->vcpu, &state);
    x86_state_print(&state, out);
    if (n == 0) {
        n = read_code(kv, state.seg[X86_SEG_CS].base + state.rip, code);
    }
    g_string_append(out, "Code=");
    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(out, "%s%02x", i ? " " : "", code[i]);
    }
    g_string_append_printf(out, "%s\n", n ? "" : "(not readable)");
}

/* Say why, stop the VM; the process stays, so that a monitor can look. */
static void give_up(KvmVcpu *kv, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void give_up(KvmVcpu *kv, const char *fmt, ...)
{
    g_autoptr(GString) text = g_string_new(NULL);
    va_list ap;

    va_start(ap, fmt);
    g_string_append_vprintf(text, fmt, ap);
    va_end(ap);
    g_string_append_c(text, '\n');
    machine_lock();
    append_cpu(kv, text);
    machine_unlock();
    g_printerr("%s", text->str);
    runstate_request_stop(RUN_STATE_INTERNAL_ERROR);
}

static void report_internal_error(KvmVcpu *kv)
{
    const struct kvm_run *run = kv->run;
    g_autoptr(GString) data = g_string_new(NULL);

    for (unsigned i = 0; i < MIN(run->internal.ndata, G_N_ELEMENTS(run->internal.data)); i++) {
        g_string_append_printf(data, "\nextra data[%u]: 0x%016" PRIx64, i,
                               (uint64_t)run->internal.data[i]);
    }
    give_up(kv, "KVM internal error. Suberror: %u%s%s", run->internal.suberror,
            run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION ? "\nemulation failure" : "",
            data->str);
}

/* ------------------------------------------------------------------------------------- exits -- */

static void system_event(KvmVcpu *kv)
{
    switch (kv->run->system_event.type) {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        runstate_request_shutdown(SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
        break;
    case KVM_SYSTEM_EVENT_RESET:
        runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
        break;
    case KVM_SYSTEM_EVENT_CRASH:
        runstate_request_shutdown(SHUTDOWN_CAUSE_GUEST_PANIC);
        break;
    default:
        give_up(kv, "KVM: unknown system event %u", kv->run->system_event.type);
        break;
    }
}

/*
 * Whether the guest ran on into an end after it had asked for a reset: a write to the reset control
 * register may be queued, and firmware follows it with a triple fault.
 */
static bool is_outrun(KvmVcpu *kv)
{
    bool outrun;

    machine_lock();
    outrun = vcpu_is_outrun(kv->vcpu);
    machine_unlock();
    return outrun;
}

/* What the CPU can't go on after. */
static void handle_end(KvmVcpu *kv)
{
    const struct kvm_run *run = kv->run;

    if (is_outrun(kv)) {
        return;
    }
    switch (run->exit_reason) {
    case KVM_EXIT_SHUTDOWN:
        if (log_enabled(LOG_CPU_RESET)) {
            log_line(LOG_CPU_RESET, "CPU %u: triple fault", kv->vcpu->index);
        }
        runstate_request_reset(SHUTDOWN_CAUSE_GUEST_RESET);
        break;
    case KVM_EXIT_SYSTEM_EVENT:
        system_event(kv);
        break;
    case KVM_EXIT_INTERNAL_ERROR:
        report_internal_error(kv);
        break;
    case KVM_EXIT_FAIL_ENTRY:
        give_up(kv, "KVM: entry failed, hardware error 0x%" PRIx64,
                (uint64_t)run->fail_entry.hardware_entry_failure_reason);
        break;
    default:
        give_up(kv, "KVM: unknown exit, hardware reason %" PRIu64 ", exit reason %u",
                (uint64_t)run->hw.hardware_exit_reason, run->exit_reason);
        break;
    }
}

/* False: this CPU can't go on. */
static bool handle_exit(KvmVcpu *kv)
{
    struct kvm_run *run = kv->run;

    switch (run->exit_reason) {
    case KVM_EXIT_IO:
        kvm_handle_pio(kv);
        return true;
    case KVM_EXIT_MMIO:
        kvm_handle_mmio(kv);
        return true;
    case KVM_EXIT_HLT:
        kv->halted = true;
        return true;
    case KVM_EXIT_INTR:
    case KVM_EXIT_IRQ_WINDOW_OPEN:
    case KVM_EXIT_SET_TPR:
    case KVM_EXIT_NMI:
        return true;
    default:
        handle_end(kv);
        return false;
    }
}

/* What the profile is to note of the way out that KVM_RUN, with `rc`, took. */
static IoProfileExit profile_exit(const KvmVcpu *kv, int rc)
{
    if (rc < 0) {
        return IO_PROFILE_INTERRUPTED;
    }
    switch (kv->run->exit_reason) {
    case KVM_EXIT_IO:
    case KVM_EXIT_MMIO:
        return IO_PROFILE_ACCESS;
    case KVM_EXIT_HLT:
        return IO_PROFILE_HLT;
    case KVM_EXIT_INTR:
        return IO_PROFILE_INTERRUPTED;
    case KVM_EXIT_IRQ_WINDOW_OPEN:
        return IO_PROFILE_IRQ_WINDOW;
    case KVM_EXIT_SET_TPR:
        return IO_PROFILE_SET_TPR;
    case KVM_EXIT_NMI:
        return IO_PROFILE_NMI;
    case KVM_EXIT_SHUTDOWN:
        return IO_PROFILE_SHUTDOWN;
    default:
        return IO_PROFILE_OTHER;
    }
}

/* One entry. False: KVM_RUN itself failed, with an errno that says nothing about the guest. */
static int enter(KvmVcpu *kv)
{
    int rc;

    kvm_guest_enter(kv);
    io_profile_end(kv->vcpu->index);
    rc = ioctl(kv->fd, KVM_RUN, 0) < 0 ? -errno : 0;
    kvm_guest_leave(kv);
    __atomic_store_n(&kv->vcpu->exits, kv->vcpu->exits + 1, __ATOMIC_RELAXED);
    io_profile_begin(kv->vcpu->index, profile_exit(kv, rc));
    return rc;
}

static bool is_kicked(const KvmVcpu *kv)
{
    return __atomic_load_n(&kv->vcpu->kick_requested, __ATOMIC_SEQ_CST);
}

static bool wait_is_over(KvmVcpu *kv)
{
    return is_kicked(kv) || kvm_irq_wakes(kv);
}

void kvm_vcpu_run(Vcpu *vcpu)
{
    KvmVcpu *kv = kvm_vcpu(vcpu);

    for (;;) {
        int rc;

        /* Cleared before it is asked what the kick was for: see kvm_kick(). */
        if (__atomic_load_n(&kv->run->immediate_exit, __ATOMIC_RELAXED)) {
            __atomic_store_n(&kv->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
        }
        if (is_kicked(kv)) {
            return;
        }
        if (kv->halted) {
            io_profile_end(vcpu->index);
            kvm_wait_for_kick(kv, wait_is_over);
            if (is_kicked(kv)) {
                return;
            }
            kv->halted = false;
        }
        kvm_irq_prepare(kv);
        rc = enter(kv);
        kvm_irq_finish(kv);
        if (rc == 0) {
            kv->io_pending = false;
            if (!handle_exit(kv)) {
                return;
            }
        } else if (rc != -EINTR && rc != -EAGAIN) {
            give_up(kv, "KVM: running CPU %u failed: %s", vcpu->index, g_strerror(-rc));
            return;
        }
    }
}

/*
 * The instruction of an I/O exit is completed by the next entry: the register of an `in` is
 * written then, RIP of some moves on. An instruction may need several exits.
 */
void kvm_vcpu_settle(Vcpu *vcpu)
{
    KvmVcpu *kv = kvm_vcpu(vcpu);

    while (kv->io_pending) {
        int rc;

        __atomic_store_n(&kv->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
        rc = enter(kv);
        kv->io_pending = false;
        if (rc == 0) {
            handle_exit(kv);
        }
    }
}
