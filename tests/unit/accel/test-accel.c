/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which accelerator is chosen, and the vCPUs' threads, with accelerators of our own. */
#include <glib.h>
#include <string.h>

#include "accel/accel.h"
#include "accel/lock.h"
#include "hw/core/runstate.h"

typedef struct FakeConfig {
    bool broken;
    uint32_t level;
} FakeConfig;

static FakeConfig config;
static GString *warnings;
static int resets, settled;

/* A CPU that waits for its kick, or gives up at once. */
static GMutex fake_mutex;
static GCond fake_cond;
static bool give_up;

static bool fake_start(const void *c, GError **errp)
{
    config = *(const FakeConfig *)c;
    if (config.broken) {
        g_set_error(errp, g_quark_from_static_string("test"), 0, "it is broken");
        return false;
    }
    return true;
}

static void fake_shutdown(void)
{
}

static bool fake_create(Vcpu *vcpu, GError **errp)
{
    if (vcpu->index == 3) {
        g_set_error(errp, g_quark_from_static_string("test"), 0, "no fourth CPU");
        return false;
    }
    return true;
}

static void fake_destroy(Vcpu *vcpu)
{
}

static void fake_run(Vcpu *vcpu)
{
    vcpu->exits++;
    if (give_up) {
        return;
    }
    g_mutex_lock(&fake_mutex);
    while (!g_atomic_int_get(&vcpu->kick_requested)) {
        g_cond_wait(&fake_cond, &fake_mutex);
    }
    g_mutex_unlock(&fake_mutex);
}

static void fake_kick(Vcpu *vcpu)
{
    g_mutex_lock(&fake_mutex);
    g_cond_broadcast(&fake_cond);
    g_mutex_unlock(&fake_mutex);
}

static void fake_settle(Vcpu *vcpu)
{
    g_assert_false(machine_lock_held());
    g_assert_true(vcpu_current() == vcpu);
    g_atomic_int_inc(&settled);
}

static void fake_reset(Vcpu *vcpu)
{
    g_assert_true(vcpu->paused);
    resets++;
}

static const Property fake_props[] = {
    PROP_BOOL("broken", FakeConfig, broken, false, .help = "do not start"),
    PROP_UINT32("level", FakeConfig, level, 7, .help = "some number"),
    {}};

#define FAKE_OPS                                                                                   \
    .config_size = sizeof(FakeConfig), .props = fake_props, .start = fake_start,                   \
    .shutdown = fake_shutdown, .vcpu_create = fake_create, .vcpu_destroy = fake_destroy,           \
    .vcpu_kick = fake_kick, .vcpu_settle = fake_settle, .vcpu_reset = fake_reset

static const AccelOps shy = {.name = "shy", .desc = "", .only_on_request = true, FAKE_OPS};
static const AccelOps first = {.name = "first", .desc = "", .vcpu_run = fake_run, FAKE_OPS};
static const AccelOps second = {.name = "second", .desc = "", .vcpu_run = fake_run, FAKE_OPS};

/* In place of the library's. */
extern const AccelOps *const accel_list[];
const AccelOps *const accel_list[] = {&shy, &first, &second, NULL};

static void warn(const char *line)
{
    g_string_append_printf(warnings, "%s\n", line);
}

static bool start(const char *const *list, GError **errp)
{
    warnings = g_string_new(NULL);
    machine_lock();
    return accel_start(list, 1, NULL, warn, errp);
}

static void stop(void)
{
    accel_shutdown();
    machine_unlock();
    g_string_free(warnings, TRUE);
}

static void test_default(void)
{
    g_assert_true(start(NULL, NULL));
    g_assert_cmpstr(accel_current()->name, ==, "first");
    g_assert_cmpstr(accel_cpu_model(), ==, "qemu64");
    g_assert_cmpuint(config.level, ==, 7);
    g_assert_false(accel_is_kvm());
    stop();
    g_assert_null(accel_current());
}

static void test_fallback(void)
{
    static const char *const list[] = {"nonsense,x=1", "first,broken=on", "second,level=0x10",
                                       NULL};

    g_assert_true(start(list, NULL));
    g_assert_cmpstr(accel_current()->name, ==, "second");
    g_assert_cmpuint(config.level, ==, 16);
    g_assert_cmpstr(warnings->str, ==,
                    "-accel nonsense,x=1: invalid accelerator nonsense\n"
                    "-accel first,broken=on: failed to initialize first: it is broken\n");
    stop();
}

static void test_none(void)
{
    static const char *const list[] = {"first,broken", NULL};
    g_autoptr(GError) err = NULL;

    g_assert_false(start(list, &err));
    g_assert_nonnull(strstr(err->message, "none of the accelerators"));
    stop();
}

static void test_wrong_option_ends_it(void)
{
    static const char *const lists[][3] = {{"first,colour=red", "second", NULL},
                                           {"first,level=many", "second", NULL},
                                           {"", NULL}};

    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_false(start(lists[i], &err));
        g_assert_nonnull(err);
        g_assert_null(accel_current());
        stop();
    }
}

static void test_help(void)
{
    g_autoptr(GString) out = g_string_new(NULL);

    accel_print_help(out);
    g_assert_cmpstr(out->str, ==,
                    "Accelerators supported in this binary:\nshy\nfirst\nsecond\n");
    g_string_truncate(out, 0);
    g_assert_true(accel_print_props("first", out));
    g_assert_nonnull(strstr(out->str, "broken=<bool>"));
    g_assert_false(accel_print_props("third", out));
}

static void test_threads(void)
{
    g_assert_true(start(NULL, NULL));
    resets = settled = 0;
    give_up = false;
    g_assert_true(vcpus_create(3, NULL));
    g_assert_cmpint(resets, ==, 3);
    g_assert_null(vcpu_current());
    g_assert_null(vcpu_get(3));
    for (int i = 0; i < 100; i++) {
        vcpus_resume();
        g_assert_true(vcpus_running());
        machine_lock_yield();
        vcpus_pause();
        for (unsigned cpu = 0; cpu < 3; cpu++) {
            g_assert_true(vcpu_get(cpu)->paused);
        }
    }
    g_assert_cmpuint(vcpus_exits(), ==, g_atomic_int_get(&settled));
    vcpus_resume();
    vcpus_destroy();
    g_assert_cmpuint(vcpu_count(), ==, 0);
    stop();
}

/* A CPU that can't go on waits, without running again, until the machine is told to go on. */
static void test_given_up(void)
{
    g_assert_true(start(NULL, NULL));
    give_up = true;
    g_assert_true(vcpus_create(1, NULL));
    vcpus_resume();
    machine_unlock();
    g_usleep(20000);
    machine_lock();
    g_assert_cmpuint(vcpus_exits(), ==, 1);
    g_assert_true(vcpu_get(0)->paused);
    vcpus_pause();
    vcpus_resume();
    machine_unlock();
    g_usleep(20000);
    machine_lock();
    g_assert_cmpuint(vcpus_exits(), ==, 2);
    vcpus_destroy();
    stop();
}

static void test_create_fails(void)
{
    g_autoptr(GError) err = NULL;

    g_assert_true(start(NULL, NULL));
    g_assert_false(vcpus_create(4, &err));
    g_assert_cmpstr(err->message, ==, "no fourth CPU");
    g_assert_cmpuint(vcpu_count(), ==, 0);
    stop();
}

/* An accelerator whose machine is driven from outside has CPUs, and no threads. */
static void test_no_threads(void)
{
    static const char *const list[] = {"shy", NULL};

    g_assert_true(start(list, NULL));
    g_assert_true(vcpus_create(2, NULL));
    g_assert_null(vcpu_get(0)->thread);
    vcpus_resume();
    g_assert_true(vcpus_running());
    vcpus_pause();
    vcpus_reset();
    vcpus_destroy();
    stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accel/default", test_default);
    g_test_add_func("/accel/fallback", test_fallback);
    g_test_add_func("/accel/none", test_none);
    g_test_add_func("/accel/wrong-option-ends-it", test_wrong_option_ends_it);
    g_test_add_func("/accel/help", test_help);
    g_test_add_func("/vcpus/threads", test_threads);
    g_test_add_func("/vcpus/given-up", test_given_up);
    g_test_add_func("/vcpus/create-fails", test_create_fails);
    g_test_add_func("/vcpus/no-threads", test_no_threads);
    return g_test_run();
}
