/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hooks of effect.h, shared by those who listen.
 */
#ifndef LIGNITE_ACCEL_EFFECT_WATCH_H
#define LIGNITE_ACCEL_EFFECT_WATCH_H

#include "effect.h"

typedef enum EffectListener {
    EFFECT_LISTENER_AUDIT,
    EFFECT_LISTENER_PROFILE,
    EFFECT_LISTENERS,
} EffectListener;

/* Have `hook` called for every effect from now on; NULL: no more. Lock held, no vCPU running. */
void effect_listen(EffectListener listener, EffectHook hook);

#endif
