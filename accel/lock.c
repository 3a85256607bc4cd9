/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine lock: fair, and cheap while nobody else wants it.
 *
 * A GMutex lets a thread that unlocks and locks again pass those that sleep. So only a thread that
 * finds nobody waiting tries the mutex; all others queue for admission in the order they came, and
 * only the first of the queue sleeps on the mutex itself. A thread can pass the queue at most once,
 * if it looked before the queue began.
 */
#include "accel/lock.h"

/*
 * ThreadSanitizer does not see into glib's mutexes, which are futexes of its own: it is told what
 * they order.
 */
#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
#else
static inline void __tsan_acquire(void *addr)
{
}

static inline void __tsan_release(void *addr)
{
}
#endif

static inline void lock_mutex(GMutex *m)
{
    g_mutex_lock(m);
    __tsan_acquire(m);
}

static inline bool trylock_mutex(GMutex *m)
{
    if (!g_mutex_trylock(m)) {
        return false;
    }
    __tsan_acquire(m);
    return true;
}

static inline void unlock_mutex(GMutex *m)
{
    __tsan_release(m);
    g_mutex_unlock(m);
}

static inline void wait_cond(GCond *cond, GMutex *m)
{
    __tsan_release(m);
    g_cond_wait(cond, m);
    __tsan_acquire(m);
}

typedef struct Waiter {
    GCond cond;
    bool admitted;
    struct Waiter *next;
} Waiter;

static GMutex mutex;
static int waiters; /* atomic: threads between wanting the lock and having it */

/* The queue of those who wait behind the first. Its lock is taken inside nothing. */
static struct {
    GMutex mutex;
    bool occupied; /* somebody is first, and sleeps on the machine's mutex */
    Waiter *head, **tail;
} queue = {.tail = &queue.head};

/*
 * Waiting on a condition is waiting with `mutex` of its own, so that whoever wakes queues like
 * everybody else. It must not miss a signal that is given as soon as the lock is free: `entering`
 * says that a thread may be just before its sleep, and the next holder lets it get there first.
 */
static struct {
    GMutex mutex;  /* taken inside the machine lock */
    bool entering; /* machine lock */
} sleep_gate;

static __thread bool held;

static struct {
    void (*drain)(void *opaque);
    void *drain_opaque;
    void (*release)(void *opaque);
    void *release_opaque;
} hooks;

/* Become the first of the queue. */
static void queue_enter(void)
{
    lock_mutex(&queue.mutex);
    if (queue.occupied) {
        Waiter self = {};

        g_cond_init(&self.cond);
        *queue.tail = &self;
        queue.tail = &self.next;
        while (!self.admitted) {
            wait_cond(&self.cond, &queue.mutex);
        }
        g_cond_clear(&self.cond);
    }
    queue.occupied = true;
    unlock_mutex(&queue.mutex);
}

/* The first has the lock: the next one becomes the first. */
static void queue_leave(void)
{
    Waiter *next;

    lock_mutex(&queue.mutex);
    next = queue.head;
    if (next) {
        queue.head = next->next;
        if (!queue.head) {
            queue.tail = &queue.head;
        }
        next->admitted = true;
        g_cond_signal(&next->cond);
    } else {
        queue.occupied = false;
    }
    unlock_mutex(&queue.mutex);
}

static void acquired(void)
{
    held = true;
    if (hooks.drain) {
        hooks.drain(hooks.drain_opaque);
    }
}

static void releasing(void)
{
    if (hooks.release) {
        hooks.release(hooks.release_opaque);
    }
    held = false;
}

static void acquire(void)
{
    if (__atomic_load_n(&waiters, __ATOMIC_RELAXED) != 0 || !trylock_mutex(&mutex)) {
        __atomic_add_fetch(&waiters, 1, __ATOMIC_RELAXED);
        queue_enter();
        lock_mutex(&mutex);
        queue_leave();
        __atomic_sub_fetch(&waiters, 1, __ATOMIC_RELAXED);
    }
    if (G_UNLIKELY(sleep_gate.entering)) {
        sleep_gate.entering = false;
        lock_mutex(&sleep_gate.mutex);
        unlock_mutex(&sleep_gate.mutex);
    }
    acquired();
}

void machine_lock(void)
{
    g_assert(!held);
    acquire();
}

void machine_unlock(void)
{
    g_assert(held);
    releasing();
    unlock_mutex(&mutex);
}

bool machine_lock_held(void)
{
    return held;
}

bool machine_lock_contended(void)
{
    return __atomic_load_n(&waiters, __ATOMIC_RELAXED) != 0;
}

void machine_lock_yield(void)
{
    machine_unlock();
    machine_lock();
}

void machine_cond_wait(GCond *cond)
{
    g_assert(held);
    releasing();
    lock_mutex(&sleep_gate.mutex);
    sleep_gate.entering = true;
    unlock_mutex(&mutex);
    wait_cond(cond, &sleep_gate.mutex);
    unlock_mutex(&sleep_gate.mutex);
    acquire();
}

void machine_lock_set_drain(void (*drain)(void *opaque), void *opaque)
{
    hooks.drain = drain;
    hooks.drain_opaque = opaque;
}

void machine_lock_set_release(void (*release)(void *opaque), void *opaque)
{
    hooks.release = release;
    hooks.release_opaque = opaque;
}
