/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O profile: which register of which device the guest leaves for, how long it stays out,
 * which writes were queued instead, and which more could be. docs/io-profile.md explains the
 * figures.
 *
 * Off, it costs a test of a flag where the guest is left and where a device is accessed. Functions
 * are called with the machine lock held, unless their comment says otherwise.
 */
#ifndef LIGNITE_ACCEL_IO_PROFILE_H
#define LIGNITE_ACCEL_IO_PROFILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "effect.h"
#include "memory/memory.h"

/* Why the guest was left. All but accesses are counted at once, by a row of their own. */
typedef enum IoProfileExit {
    IO_PROFILE_ACCESS, /* io_profile_access() follows */
    IO_PROFILE_HLT,
    IO_PROFILE_INTERRUPTED, /* by a signal: somebody wanted the CPU to come out */
    IO_PROFILE_IRQ_WINDOW,
    IO_PROFILE_SET_TPR,
    IO_PROFILE_NMI,
    IO_PROFILE_SHUTDOWN,
    IO_PROFILE_OTHER,
    IO_PROFILE_EXITS,
} IoProfileExit;

/* ------------------------------------------------------------------- for accelerators: the count
 * -- */

/* Private to the inline functions below. Changes only while no vCPU runs. */
extern bool io_profile_on;
void io_profile_count_begin(unsigned cpu, IoProfileExit why);
void io_profile_count_access(unsigned cpu, AddressSpace *as, hwaddr addr, bool is_write,
                             unsigned count);
void io_profile_count_accessed(unsigned cpu);
void io_profile_count_end(unsigned cpu);
void io_profile_count_queued(AddressSpace *as, hwaddr addr);
void io_profile_count_look(void);
void io_profile_drop_region(const MemoryRegion *mr);

/* CPU `cpu` has left the guest; its clock starts. In its thread; the lock need not be held. */
static inline void io_profile_begin(unsigned cpu, IoProfileExit why)
{
    if (G_UNLIKELY(io_profile_on)) {
        io_profile_count_begin(cpu, why);
    }
}

/*
 * CPU `cpu` came out for `count` (1..) accesses to `addr`. Before they are dispatched, in its
 * thread; io_profile_accessed() follows them.
 */
static inline void io_profile_access(unsigned cpu, AddressSpace *as, hwaddr addr, bool is_write,
                                     unsigned count)
{
    if (G_UNLIKELY(io_profile_on)) {
        io_profile_count_access(cpu, as, addr, is_write, count);
    }
}

static inline void io_profile_accessed(unsigned cpu)
{
    if (G_UNLIKELY(io_profile_on)) {
        io_profile_count_accessed(cpu);
    }
}

/*
 * CPU `cpu` is about to enter the guest, to sleep or to park: its clock stops. In its thread; the
 * lock need not be held. Without effect if it is stopped already.
 */
static inline void io_profile_end(unsigned cpu)
{
    if (G_UNLIKELY(io_profile_on)) {
        io_profile_count_end(cpu);
    }
}

/* A queued write to `addr` is about to be dispatched. */
static inline void io_profile_queued(AddressSpace *as, hwaddr addr)
{
    if (G_UNLIKELY(io_profile_on)) {
        io_profile_count_queued(as, addr);
    }
}

/* Somebody has taken the machine lock, and so could see what is queued. */
static inline void io_profile_look(void)
{
    if (G_UNLIKELY(io_profile_on)) {
        io_profile_count_look();
    }
}

/* `mr` is about to go: what was counted for it stays. */
static inline void io_profile_forget(const MemoryRegion *mr)
{
    if (G_UNLIKELY(io_profile_on)) {
        io_profile_drop_region(mr);
    }
}

/* ----------------------------------------------------------------------------- for its user -- */

/*
 * Begin to count, or count from zero again; and stop, and forget. The vCPUs are parked for a
 * moment. Not in a vCPU's thread.
 */
void io_profile_start(void);
void io_profile_stop(void);

typedef enum IoProfileSpace {
    IO_PROFILE_PORT,
    IO_PROFILE_MEMORY,
    IO_PROFILE_NO_SPACE
} IoProfileSpace;

/* One register, or one reason to leave the guest that is no access (IO_PROFILE_NO_SPACE). */
typedef struct IoProfileLine {
    IoProfileSpace space;
    char *device;           /* its id, or its class; "" where no device answers */
    char *region;           /* "" where nothing answers */
    char *name;             /* the register's, or the region's and an offset, or the reason's */
    hwaddr offset;          /* in the region */
    hwaddr addr;            /* where it was last accessed */
    uint64_t reads, writes; /* accesses that exited; a `rep outs` may have several in one exit */
    uint64_t exits;
    uint64_t queued; /* writes that did not exit; 0 in the lines of one CPU */
    /* Time outside the guest, in ns; 0 without exits. The deviation is that of the population. */
    double time_sum, time_min, time_max, time_mean, time_deviation;
    /*
     * Advice on writes that exited. Of them, those after which the same CPU came with another
     * access before anybody else had taken the machine lock; and what the writes did that may not
     * wait: bits 1 << EFFECT_... Bit EFFECTS: reads of the register do not exit.
     */
    uint64_t could_wait;
    unsigned effects;
} IoProfileLine;

typedef struct IoProfileReport {
    int cpu;         /* -1: all */
    double seconds;  /* since the start or the last reset */
    uint64_t exits;  /* as the accelerator counted them; the sum over the lines */
    uint64_t queued; /* the sum over the lines */
    double time;     /* outside the guest, ns */
    GArray *lines;   /* IoProfileLine, most exits first, then most queued writes */
} IoProfileReport;

/*
 * Take a picture of what CPU `cpu` (-1: all) did. Parks the vCPUs for a moment, so that all figures
 * are of one; not in a vCPU's thread. Fails when the profile is off.
 */
IoProfileReport *io_profile_query(int cpu, GError **errp);
void io_profile_report_free(IoProfileReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IoProfileReport, io_profile_report_free)

/*
 * What a line advises: "" for lines without writes that exited, else a sentence without a stop. To
 * be freed with g_free().
 */
char *io_profile_advice(const IoProfileLine *line);

/* The rule of docs/coalescing.md, 1..5, that forbids to queue the line's writes; 0: none seen. */
unsigned io_profile_rule(const IoProfileLine *line);

/* Whether the line counts writes that exited, are not queued anyway, and could be. */
bool io_profile_is_advised(const IoProfileLine *line);

/* Append the report: a table of at most `rows` lines (0: all), the sums, and the advice. */
void io_profile_print_table(GString *out, const IoProfileReport *report, unsigned rows);
void io_profile_print_csv(GString *out, const IoProfileReport *report);

/* Append a picture, SVG 1.1 in UTF-8: exits and queued writes by device and register. */
void io_profile_print_svg(GString *out, const IoProfileReport *report);

#endif
