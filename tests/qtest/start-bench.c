/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a client waits: start, first answer, end. Figures only; `LIGNITE` may name another program
 * that speaks qtest, to compare.
 */
#include <stdio.h>

#include "vm.h"

#define STARTS 500

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void report(const char *what, double *ms)
{
    qsort(ms, STARTS, sizeof(*ms), compare);
    printf("%-20s median %6.2f ms, 90%% below %6.2f, least %6.2f\n", what, ms[STARTS / 2],
           ms[STARTS * 9 / 10], ms[0]);
}

static void measure(const char *options)
{
    static double start[STARTS], end[STARTS], all[STARTS];

    for (int i = 0; i < STARTS; i++) {
        const int64_t begun = g_get_monotonic_time();
        Vm *vm = vm_start("%s", options);
        const int64_t answered = g_get_monotonic_time();

        vm_stop(vm);
        start[i] = (answered - begun) / 1000.0;
        end[i] = (g_get_monotonic_time() - answered) / 1000.0;
        all[i] = start[i] + end[i];
    }
    printf("options: %s\n", *options ? options : "(none)");
    report("start and handshake", start);
    report("end", end);
    report("all", all);
}

int main(void)
{
    measure("");
    measure("-nodefaults");
    measure("-machine none");
    return 0;
}
