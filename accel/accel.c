/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which accelerator is used, its options, and the way to it for everybody else.
 */
#include "accel/accel.h"

#include <string.h>

#include "accel/coalesce.h"
#include "accel/internal.h"
#include "accel/io-profile.h"
#include "accel/lock.h"
#include "hw/core/log.h"

#define CPU_MODEL_DEFAULT "qemu64"

static struct {
    const AccelOps *ops;
    void *config; /* ops->config_size bytes */
    unsigned smp;
    char *cpu_model;
    const CpuInterruptOps *interrupt_ops;
    void *interrupt_opaque;
} accel;

static const AccelOps *find(const char *name)
{
    for (const AccelOps *const *ops = accel_list; *ops; ops++) {
        if (strcmp((*ops)->name, name) == 0) {
            return *ops;
        }
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------- options -- */

static bool set_option(const AccelOps *ops, void *config, const char *option, GError **errp)
{
    const char *equals = strchr(option, '=');
    g_autofree char *name = equals ? g_strndup(option, equals - option) : g_strdup(option);
    const Property *prop = property_find(ops->props, name);
    g_autofree char *path = g_strdup_printf("%s.%s", ops->name, name);

    if (!prop) {
        error_setg(errp, "-accel %s: Property '%s' not found; '-accel %s,help' lists what there is",
                   ops->name, path, ops->name);
        return false;
    }
    if (!property_set(config, prop, path, g_variant_new_string(equals ? equals + 1 : "on"), errp)) {
        g_prefix_error(errp, "-accel %s: ", ops->name);
        return false;
    }
    return true;
}

/* Fill `config` from the options after the accelerator's name. */
static bool parse_options(const AccelOps *ops, void *config, char **options, GError **errp)
{
    property_set_defaults(config, ops->props);
    for (; *options; options++) {
        if (**options && !set_option(ops, config, *options, errp)) {
            return false;
        }
    }
    return true;
}

/* --------------------------------------------------------------------------------- selection -- */

static void free_config(const AccelOps *ops, void *config)
{
    property_release_all(config, ops->props);
    g_free(config);
}

static void drain_hook(void *opaque)
{
    io_profile_look();
    accel_drain();
}

static bool start_one(const AccelOps *ops, void *config, GError **errp)
{
    /* Accelerators ask for it while they start: accel_smp(), accel_current() and the like. */
    accel.ops = ops;
    coalesce_init();
    if (!ops->start(config, errp)) {
        coalesce_cleanup();
        accel.ops = NULL;
        return false;
    }
    accel.config = config;
    machine_lock_set_drain(drain_hook, NULL);
    return true;
}

typedef enum { TRY_STARTED, TRY_NEXT, TRY_FAILED } TryResult;

/* A wrong option is the user's mistake and ends it; after what can't start, the next is tried. */
static TryResult try_text(const char *text, GError **errp)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    const AccelOps *ops = words[0] ? find(words[0]) : NULL;
    void *config;

    if (!ops) {
        error_setg(errp, "-accel %s: invalid accelerator %s", text, words[0] ? words[0] : "");
        return TRY_NEXT;
    }
    config = g_malloc0(MAX(ops->config_size, 1));
    if (!parse_options(ops, config, words + 1, errp)) {
        free_config(ops, config);
        return TRY_FAILED;
    }
    if (!start_one(ops, config, errp)) {
        g_prefix_error(errp, "-accel %s: failed to initialize %s: ", text, ops->name);
        free_config(ops, config);
        return TRY_NEXT;
    }
    return TRY_STARTED;
}

static GPtrArray *texts_to_try(const char *const *list)
{
    GPtrArray *texts = g_ptr_array_new();

    for (; list && *list; list++) {
        g_ptr_array_add(texts, (char *)*list);
    }
    for (const AccelOps *const *ops = accel_list; *ops && (!list || texts->len == 0); ops++) {
        if (!(*ops)->only_on_request) {
            g_ptr_array_add(texts, (char *)(*ops)->name);
        }
    }
    return texts;
}

bool accel_start(const char *const *list, unsigned smp, const char *cpu_model,
                 void (*warn)(const char *line), GError **errp)
{
    g_autoptr(GPtrArray) texts = NULL;

    g_assert(!accel.ops);
    if (smp < 1 || smp > ACCEL_MAX_CPUS) {
        error_setg(errp, "-smp %u: the number of CPUs must be between 1 and %d", smp,
                   ACCEL_MAX_CPUS);
        return false;
    }
    if (!cpu_model_check(cpu_model ? cpu_model : CPU_MODEL_DEFAULT, errp)) {
        return false;
    }
    accel.smp = smp;
    accel.cpu_model = g_strdup(cpu_model ? cpu_model : CPU_MODEL_DEFAULT);

    texts = texts_to_try(list && *list ? list : NULL);
    for (guint i = 0; i < texts->len; i++) {
        g_autoptr(GError) err = NULL;
        TryResult result = try_text(g_ptr_array_index(texts, i), &err);

        if (result == TRY_STARTED) {
            return true;
        }
        if (result == TRY_FAILED) {
            g_propagate_error(errp, g_steal_pointer(&err));
            g_clear_pointer(&accel.cpu_model, g_free);
            return false;
        }
        if (warn) {
            warn(err->message);
        }
    }
    g_clear_pointer(&accel.cpu_model, g_free);
    error_setg(errp, "-accel: none of the accelerators could be started; '-accel help' lists those "
                     "there are");
    return false;
}

void accel_shutdown(void)
{
    if (!accel.ops) {
        return;
    }
    g_assert(vcpu_count() == 0);
    machine_lock_set_drain(NULL, NULL);
    accel.ops->shutdown();
    coalesce_cleanup();
    free_config(accel.ops, accel.config);
    g_free(accel.cpu_model);
    memset(&accel, 0, sizeof(accel));
}

const AccelOps *accel_current(void)
{
    return accel.ops;
}

unsigned accel_smp(void)
{
    return accel.smp;
}

const char *accel_cpu_model(void)
{
    return accel.cpu_model;
}

bool accel_is_kvm(void)
{
    return accel.ops && strcmp(accel.ops->name, "kvm") == 0;
}

/* -------------------------------------------------------------------------------------- help -- */

void accel_print_help(GString *out)
{
    g_string_append(out, "Accelerators supported in this binary:\n");
    for (const AccelOps *const *ops = accel_list; *ops; ops++) {
        g_string_append_printf(out, "%s\n", (*ops)->name);
    }
}

bool accel_print_props(const char *name, GString *out)
{
    const AccelOps *ops = find(name);

    if (!ops) {
        return false;
    }
    g_string_append_printf(out, "%s options:\n", ops->name);
    property_print_help(out, ops->props);
    return true;
}

void accel_print_info(GString *out)
{
    if (!accel.ops) {
        return;
    }
    g_string_append_printf(out, "accelerator: %s (%s)\n", accel.ops->name, accel.ops->desc);
    g_string_append_printf(out, "exits: %" G_GUINT64_FORMAT "\n", vcpus_exits());
    if (accel.ops->print_info) {
        accel.ops->print_info(out);
    }
}

/* ----------------------------------------------------------------------------- queued writes -- */

const ZoneLedger *accel_zones(void)
{
    const ZoneLedger *zones = accel.ops && accel.ops->zones ? accel.ops->zones() : NULL;

    return zones && zones->zones ? zones : NULL;
}

void accel_drain(void)
{
    if (accel.ops && accel.ops->drain) {
        accel.ops->drain();
    } else {
        coalesce_drain();
    }
}

int64_t accel_coalesce_latency_ns(void)
{
    const ZoneLedger *zones = accel_zones();

    if (!zones || zones_active(zones) == 0 || !vcpus_running()) {
        return 0;
    }
    return accel.ops->coalesce_latency ? accel.ops->coalesce_latency() : 0;
}

/* -------------------------------------------------------------------------------- interrupts -- */

bool accel_irqchip_in_kernel(void)
{
    return accel.ops && accel.ops->irqchip_in_kernel && accel.ops->irqchip_in_kernel();
}

bool accel_has_local_apic(void)
{
    return accel.ops && accel.ops->local_apic;
}

void accel_set_gsi(int gsi, int level)
{
    if (accel.ops && accel.ops->set_gsi) {
        accel.ops->set_gsi(gsi, level);
    }
}

bool accel_set_irqfd(int gsi, int fd, int eoi_fd, bool add)
{
    return accel.ops && accel.ops->set_irqfd && accel.ops->set_irqfd(gsi, fd, eoi_fd, add);
}

void accel_set_intr(unsigned cpu, bool level)
{
    Vcpu *vcpu = vcpu_get(cpu);

    if (vcpu && accel.ops->set_intr) {
        accel.ops->set_intr(vcpu, level);
    }
}

void accel_set_interrupt_ops(const CpuInterruptOps *ops, void *opaque)
{
    accel.interrupt_ops = ops;
    accel.interrupt_opaque = opaque;
}

const CpuInterruptOps *accel_interrupt_ops(void **opaque)
{
    *opaque = accel.interrupt_opaque;
    return accel.interrupt_ops;
}

void accel_inject_nmi(void)
{
    for (unsigned i = 0; i < vcpu_count(); i++) {
        if (accel.ops->inject_nmi) {
            accel.ops->inject_nmi(vcpu_get(i));
        }
    }
}

void accel_set_a20(bool enabled)
{
    if (accel.ops && accel.ops->set_a20) {
        accel.ops->set_a20(enabled);
    }
}
