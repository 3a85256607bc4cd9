/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where backends tell what devices make them do.
 */
#include "effect.h"

EffectHook effect_hook_backends;
