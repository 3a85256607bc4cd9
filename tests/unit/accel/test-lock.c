/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine lock: drain, release, contention, fairness, waiting. */
#include <glib.h>
#include <stdint.h>

#include "accel/lock.h"

static int drained, released;
static bool held_in_hook;

static void drain(void *opaque)
{
    g_assert_true(opaque == &drained);
    held_in_hook = machine_lock_held();
    drained++;
}

static void release(void *opaque)
{
    held_in_hook &= machine_lock_held();
    released++;
}

static void test_drain_on_each_acquisition(void)
{
    drained = released = 0;
    machine_lock_set_drain(drain, &drained);
    machine_lock_set_release(release, NULL);
    machine_lock();
    g_assert_cmpint(drained, ==, 1);
    g_assert_cmpint(released, ==, 0);
    g_assert_true(held_in_hook);
    machine_lock_yield();
    g_assert_cmpint(drained, ==, 2);
    g_assert_cmpint(released, ==, 1);
    machine_unlock();
    g_assert_cmpint(released, ==, 2);
    g_assert_false(machine_lock_held());
    machine_lock_set_drain(NULL, NULL);
    machine_lock_set_release(NULL, NULL);
}

/* Threads note the order in which they get in. */
static GString *order;
static int asked; /* atomic */

static gpointer ask(gpointer letter)
{
    g_atomic_int_inc(&asked);
    machine_lock();
    g_string_append_c(order, GPOINTER_TO_INT(letter));
    machine_unlock();
    return NULL;
}

static void test_yield_lets_all_in(void)
{
    GThread *threads[4];

    order = g_string_new(NULL);
    asked = 0;
    machine_lock();
    g_assert_false(machine_lock_contended());
    for (int i = 0; i < 4; i++) {
        threads[i] = g_thread_new("ask", ask, GINT_TO_POINTER('a' + i));
        while (g_atomic_int_get(&asked) <= i) {
            g_usleep(100);
        }
        /* Long enough to queue: the order is then that of asking. */
        g_usleep(20000);
    }
    g_assert_true(machine_lock_contended());
    machine_lock_yield();
    g_assert_cmpstr(order->str, ==, "abcd");
    g_assert_false(machine_lock_contended());
    machine_unlock();
    for (int i = 0; i < 4; i++) {
        g_thread_join(threads[i]);
    }
    g_string_free(order, TRUE);
}

/* A thread that takes the lock over and over, without a pause, shuts nobody out. */
static bool stop; /* lock */

static gpointer hog(gpointer counter)
{
    bool end = false;

    while (!end) {
        machine_lock();
        ++*(uint64_t *)counter;
        end = stop;
        machine_unlock();
    }
    return NULL;
}

static void test_hogs_share(void)
{
    uint64_t counts[3] = {};
    GThread *threads[3];

    stop = false;
    for (int i = 0; i < 3; i++) {
        threads[i] = g_thread_new("hog", hog, &counts[i]);
    }
    /* Each gets its turn between any two of ours, once it waits. */
    for (int i = 0; i < 200; i++) {
        machine_lock();
        machine_unlock();
        g_usleep(10);
    }
    machine_lock();
    for (int i = 0; i < 100; i++) {
        machine_lock_yield();
    }
    for (int i = 0; i < 3; i++) {
        g_assert_cmpuint(counts[i], >, 0);
    }
    stop = true;
    machine_unlock();
    for (int i = 0; i < 3; i++) {
        g_thread_join(threads[i]);
    }
}

static GCond cond;
static bool ready;

static gpointer make_ready(gpointer opaque)
{
    machine_lock();
    ready = true;
    g_cond_broadcast(&cond);
    machine_unlock();
    return NULL;
}

static void test_cond_wait(void)
{
    GThread *thread;
    int before;

    machine_lock_set_drain(drain, &drained);
    machine_lock();
    before = drained;
    thread = g_thread_new("ready", make_ready, NULL);
    while (!ready) {
        machine_cond_wait(&cond);
    }
    g_assert_true(machine_lock_held());
    g_assert_cmpint(drained, >=, before + 2); /* the other's, and ours on coming back */
    machine_unlock();
    g_thread_join(thread);
    machine_lock_set_drain(NULL, NULL);
}

/* Two threads pass a ball, each sleeping until it has it: no signal is ever missed. */
static int ball;

static gpointer play(gpointer opaque)
{
    int me = GPOINTER_TO_INT(opaque);

    for (int i = 0; i < 20000; i++) {
        machine_lock();
        while (ball != me) {
            machine_cond_wait(&cond);
        }
        ball = !me;
        g_cond_broadcast(&cond);
        machine_unlock();
    }
    return NULL;
}

static void test_no_signal_is_missed(void)
{
    GThread *a = g_thread_new("a", play, GINT_TO_POINTER(0));
    GThread *b = g_thread_new("b", play, GINT_TO_POINTER(1));

    g_thread_join(a);
    g_thread_join(b);
    g_assert_cmpint(ball, ==, 0);
}

/* A sleeper that was woken is not passed for ever by a holder that only yields. */
static bool awake;

static gpointer sleeper(gpointer opaque)
{
    machine_lock();
    ready = true;
    while (ready) {
        machine_cond_wait(&cond);
    }
    awake = true;
    machine_unlock();
    return NULL;
}

static void test_woken_sleeper_gets_in(void)
{
    GThread *thread;

    ready = awake = false;
    thread = g_thread_new("sleeper", sleeper, NULL);
    machine_lock();
    while (!ready) {
        machine_unlock();
        g_usleep(1000);
        machine_lock();
    }
    ready = false;
    g_cond_broadcast(&cond);
    g_usleep(50000);
    machine_lock_yield();
    g_assert_true(awake);
    machine_unlock();
    g_thread_join(thread);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lock/drain-on-each-acquisition", test_drain_on_each_acquisition);
    g_test_add_func("/lock/yield-lets-all-in", test_yield_lets_all_in);
    g_test_add_func("/lock/hogs-share", test_hogs_share);
    g_test_add_func("/lock/cond-wait", test_cond_wait);
    g_test_add_func("/lock/no-signal-is-missed", test_no_signal_is_missed);
    g_test_add_func("/lock/woken-sleeper-gets-in", test_woken_sleeper_gets_in);
    return g_test_run();
}
