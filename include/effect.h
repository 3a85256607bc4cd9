/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device's handler does beyond its own registers, for whoever audits that.
 *
 * Three libraries know of such effects and don't know each other, so each has a hook of its own.
 * NULL, as they begin, costs one test of a pointer.
 */
#ifndef LIGNITE_EFFECT_H
#define LIGNITE_EFFECT_H

#include <stddef.h>

typedef enum Effect {
    EFFECT_IRQ,    /* an interrupt line changed */
    EFFECT_TIMER,  /* a timer was armed or disarmed */
    EFFECT_CLOCK,  /* a clock was read */
    EFFECT_DMA,    /* an access through an address space */
    EFFECT_MAP,    /* the memory map changed */
    EFFECT_BLOCK,  /* a request to a disk image */
    EFFECT_OUTPUT, /* bytes to a character or network backend */
    EFFECTS,
} Effect;

/* Called when it happens; any thread (EFFECT_CLOCK), else with the machine lock held. */
typedef void (*EffectHook)(Effect effect);

/* Set with no vCPU running, by accel/effect-watch.c alone. */
extern EffectHook effect_hook_memory;   /* EFFECT_DMA, EFFECT_MAP; in memory/ */
extern EffectHook effect_hook_core;     /* EFFECT_IRQ, EFFECT_TIMER, EFFECT_CLOCK; in hw/core/ */
extern EffectHook effect_hook_backends; /* EFFECT_BLOCK, EFFECT_OUTPUT; in backends/ */

static inline void effect_note(EffectHook hook, Effect effect)
{
    if (__builtin_expect(hook != NULL, 0)) {
        hook(effect);
    }
}

#endif
