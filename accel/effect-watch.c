/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hooks of effect.h, shared by those who listen.
 */
#include "accel/effect-watch.h"

static EffectHook listeners[EFFECT_LISTENERS];

static void tell_all(Effect effect)
{
    for (unsigned i = 0; i < EFFECT_LISTENERS; i++) {
        if (listeners[i]) {
            listeners[i](effect);
        }
    }
}

void effect_listen(EffectListener listener, EffectHook hook)
{
    EffectHook all = NULL;
    unsigned n = 0;

    listeners[listener] = hook;
    for (unsigned i = 0; i < EFFECT_LISTENERS; i++) {
        if (listeners[i]) {
            all = n++ ? tell_all : listeners[i];
        }
    }
    effect_hook_memory = all;
    effect_hook_core = all;
    effect_hook_backends = all;
}
