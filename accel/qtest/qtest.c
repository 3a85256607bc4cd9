/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accelerator "qtest": no CPU runs. A client drives the machine (accel/qtest.h), and virtual
 * time is what it says.
 *
 * The CPUs exist, so that the board is what it would be; they keep the registers that reset or a
 * monitor gave them. Interrupt controllers are the user-space ones, where interrupts can be seen.
 */
#include "accel/internal.h"
#include "hw/core/clock.h"

/* What SMBIOS tells of it: family 6, as the model qemu64 of the other accelerators. */
#define QTEST_CPU_SIGNATURE 0x663

static bool qtest_start(const void *config, GError **errp)
{
    clock_manual_init();
    return true;
}

static void qtest_shutdown(void)
{
}

static bool qtest_vcpu_create(Vcpu *vcpu, GError **errp)
{
    vcpu->accel = g_new0(X86State, 1);
    return true;
}

static void qtest_vcpu_destroy(Vcpu *vcpu)
{
    g_clear_pointer(&vcpu->accel, g_free);
}

static void qtest_vcpu_get_state(Vcpu *vcpu, X86State *state)
{
    *state = *(X86State *)vcpu->accel;
}

static void qtest_vcpu_set_state(Vcpu *vcpu, const X86State *state)
{
    *(X86State *)vcpu->accel = *state;
}

static void qtest_vcpu_reset(Vcpu *vcpu)
{
    x86_state_reset(vcpu->accel, vcpu->index, QTEST_CPU_SIGNATURE);
}

static uint32_t qtest_cpu_signature(void)
{
    return QTEST_CPU_SIGNATURE;
}

const AccelOps qtest_accel_ops = {
    .name = "qtest",
    .desc = "no CPU; a client drives the machine",
    .only_on_request = true,
    .local_apic = true,
    .start = qtest_start,
    .shutdown = qtest_shutdown,
    .vcpu_create = qtest_vcpu_create,
    .vcpu_destroy = qtest_vcpu_destroy,
    .vcpu_get_state = qtest_vcpu_get_state,
    .vcpu_set_state = qtest_vcpu_set_state,
    .vcpu_reset = qtest_vcpu_reset,
    .cpu_signature = qtest_cpu_signature,
};
