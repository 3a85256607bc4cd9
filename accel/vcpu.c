/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vCPUs: their threads, parking, kicks, reset, and what the monitor prints of them.
 *
 * A vCPU's thread is either inside the accelerator's vcpu_run() without the machine lock, or parked
 * here: waiting on `resume_cond`, with its registers in a state that others may read and change.
 * To pause, `running` is cleared under the lock and each vCPU is kicked. A thread clears its
 * kick_requested under the lock, while `running`, before it enters; so a kick that comes later
 * is seen by vcpu_run(), and none is lost.
 */
#include "accel/accel.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "accel/coalesce.h"
#include "accel/internal.h"
#include "accel/io-profile.h"
#include "accel/lock.h"
#include "hw/core/runstate.h"

static struct {
    Vcpu *vcpus[ACCEL_MAX_CPUS];
    unsigned n;
    bool running; /* they may run */
    bool ending;  /* the threads are to end */
    GCond resume_cond;
    GCond parked_cond;
} cpus;

static __thread Vcpu *current_vcpu;

static bool may_run(const Vcpu *vcpu)
{
    return cpus.running && !vcpu->stopped;
}

/* The process's signals are the main thread's; only an accelerator's kick comes here. */
static void block_signals(void)
{
    sigset_t set;

    sigfillset(&set);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void park(Vcpu *vcpu)
{
    vcpu->paused = true;
    g_cond_broadcast(&cpus.parked_cond);
    while (!may_run(vcpu) && !cpus.ending) {
        machine_cond_wait(&cpus.resume_cond);
    }
    vcpu->paused = false;
}

static void *vcpu_thread(void *opaque)
{
    Vcpu *vcpu = opaque;
    const AccelOps *ops = accel_current();

    block_signals();
    current_vcpu = vcpu;
    vcpu->tid = gettid();
    if (ops->vcpu_thread_start) {
        ops->vcpu_thread_start(vcpu);
    }
    machine_lock();
    while (!cpus.ending) {
        if (!may_run(vcpu)) {
            park(vcpu);
            continue;
        }
        __atomic_store_n(&vcpu->kick_requested, 0, __ATOMIC_SEQ_CST);
        machine_unlock();
        ops->vcpu_run(vcpu);
        /* The access that it came out for is done: it must not write to registers of later. */
        if (ops->vcpu_settle) {
            ops->vcpu_settle(vcpu);
        }
        io_profile_end(vcpu->index);
        machine_lock();
        if (!__atomic_load_n(&vcpu->kick_requested, __ATOMIC_SEQ_CST)) {
            vcpu->stopped = true;
        }
    }
    vcpu->paused = true;
    g_cond_broadcast(&cpus.parked_cond);
    machine_unlock();
    return NULL;
}

/* In a vCPU's thread: not to enter the guest again before the next vcpus_resume(). */
static void stop_current(void)
{
    if (current_vcpu) {
        current_vcpu->stopped = true;
        __atomic_store_n(&current_vcpu->kick_requested, 1, __ATOMIC_SEQ_CST);
    }
}

bool vcpu_is_outrun(Vcpu *vcpu)
{
    accel_drain();
    return __atomic_load_n(&vcpu->kick_requested, __ATOMIC_SEQ_CST) || runstate_reset_pending();
}

static bool all_parked(void)
{
    for (unsigned i = 0; i < cpus.n; i++) {
        if (!cpus.vcpus[i]->paused) {
            return false;
        }
    }
    return true;
}

static void kick(Vcpu *vcpu)
{
    __atomic_store_n(&vcpu->kick_requested, 1, __ATOMIC_SEQ_CST);
    accel_current()->vcpu_kick(vcpu);
}

static void wait_for_all(void)
{
    for (unsigned i = 0; i < cpus.n; i++) {
        if (!cpus.vcpus[i]->paused) {
            kick(cpus.vcpus[i]);
        }
    }
    while (!all_parked()) {
        machine_cond_wait(&cpus.parked_cond);
    }
}

/* ------------------------------------------------------------------------- making and ending -- */

static Vcpu *vcpu_new(unsigned index, GError **errp)
{
    const AccelOps *ops = accel_current();
    Vcpu *vcpu = g_new0(Vcpu, 1);

    vcpu->index = index;
    vcpu->paused = true;
    if (!ops->vcpu_create(vcpu, errp)) {
        g_free(vcpu);
        return NULL;
    }
    return vcpu;
}

bool vcpus_create(unsigned n, GError **errp)
{
    const AccelOps *ops = accel_current();

    g_assert(cpus.n == 0 && n >= 1 && n <= ACCEL_MAX_CPUS);
    runstate_set_stop_cpu(stop_current);
    for (unsigned i = 0; i < n; i++) {
        Vcpu *vcpu = vcpu_new(i, errp);

        if (!vcpu) {
            vcpus_destroy();
            return false;
        }
        cpus.vcpus[cpus.n++] = vcpu;
    }
    vcpus_reset();
    if (!ops->vcpu_run) {
        return true;
    }
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *name = g_strdup_printf("CPU %u", i);

        cpus.vcpus[i]->paused = false;
        cpus.vcpus[i]->thread = g_thread_try_new(name, vcpu_thread, cpus.vcpus[i], errp);
        if (!cpus.vcpus[i]->thread) {
            cpus.vcpus[i]->paused = true;
            vcpus_destroy();
            return false;
        }
    }
    while (!all_parked()) {
        machine_cond_wait(&cpus.parked_cond);
    }
    return true;
}

void vcpus_destroy(void)
{
    const AccelOps *ops = accel_current();

    vcpus_pause();
    cpus.ending = true;
    g_cond_broadcast(&cpus.resume_cond);
    machine_unlock();
    for (unsigned i = 0; i < cpus.n; i++) {
        if (cpus.vcpus[i]->thread) {
            g_thread_join(cpus.vcpus[i]->thread);
        }
    }
    machine_lock();
    while (cpus.n > 0) {
        Vcpu *vcpu = cpus.vcpus[--cpus.n];

        ops->vcpu_destroy(vcpu);
        g_free(vcpu);
        cpus.vcpus[cpus.n] = NULL;
    }
    cpus.ending = false;
}

unsigned vcpu_count(void)
{
    return cpus.n;
}

Vcpu *vcpu_get(unsigned index)
{
    return index < cpus.n ? cpus.vcpus[index] : NULL;
}

Vcpu *vcpu_current(void)
{
    return current_vcpu;
}

/* ----------------------------------------------------------------------- running and parking -- */

void vcpus_resume(void)
{
    if (cpus.running || cpus.n == 0) {
        return;
    }
    for (unsigned i = 0; i < cpus.n; i++) {
        cpus.vcpus[i]->stopped = false;
    }
    cpus.running = true;
    g_cond_broadcast(&cpus.resume_cond);
}

void vcpus_pause(void)
{
    g_assert(!current_vcpu);
    cpus.running = false;
    wait_for_all();
    /*
     * What they queued before they parked; nobody can queue more. One drain is bounded, and writes
     * that a change of the map deferred come first, so several may be needed.
     */
    do {
        accel_drain();
    } while (!coalesce_is_empty());
}

bool vcpus_hold(void)
{
    bool was_running = cpus.running;

    vcpus_pause();
    return was_running;
}

/* As they were: one that gave up stays parked. */
void vcpus_release(bool running)
{
    if (running) {
        cpus.running = true;
        g_cond_broadcast(&cpus.resume_cond);
    }
}

bool vcpus_running(void)
{
    return cpus.running;
}

void vcpus_reset(void)
{
    const AccelOps *ops = accel_current();

    g_assert(all_parked() && coalesce_is_empty());
    for (unsigned i = 0; i < cpus.n; i++) {
        ops->vcpu_reset(cpus.vcpus[i]);
    }
    if (ops->reset) {
        ops->reset();
    }
}

void vcpu_get_state(Vcpu *vcpu, X86State *state)
{
    g_assert(vcpu->paused);
    memset(state, 0, sizeof(*state));
    accel_current()->vcpu_get_state(vcpu, state);
}

void vcpu_set_state(Vcpu *vcpu, const X86State *state)
{
    g_assert(vcpu->paused);
    accel_current()->vcpu_set_state(vcpu, state);
}

/* ---------------------------------------------------------------------------------- counters -- */

uint64_t vcpus_exits(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < cpus.n; i++) {
        sum += __atomic_load_n(&cpus.vcpus[i]->exits, __ATOMIC_RELAXED);
    }
    return sum;
}

/* Whoever asks while they run stops them for the moment it takes. */
void vcpus_print_registers(GString *out, int index)
{
    bool was_running;

    if (!accel_current() || !accel_current()->vcpu_get_state) {
        return;
    }
    was_running = vcpus_hold();
    for (unsigned i = 0; i < cpus.n; i++) {
        X86State state;

        if (index >= 0 && index != i) {
            continue;
        }
        vcpu_get_state(cpus.vcpus[i], &state);
        g_string_append_printf(out, "\nCPU#%u\n", i);
        x86_state_print(&state, out);
    }
    vcpus_release(was_running);
}

void vcpus_print(GString *out)
{
    for (unsigned i = 0; i < cpus.n; i++) {
        g_string_append_printf(out, "%c CPU #%u: thread_id=%d\n", i == 0 ? '*' : ' ', i,
                               cpus.vcpus[i]->tid);
    }
}
