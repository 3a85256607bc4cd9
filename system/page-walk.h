/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_SYSTEM_PAGE_WALK_H
#define LIGNITE_SYSTEM_PAGE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "accel/cpu-state.h"

#define PAGE_WALK_PAGE 4096

/*
 * The physical address of a linear one, as the CPU in `state` would reach it for reading as
 * supervisor; nothing is marked as accessed. False where nothing is mapped. Lock held.
 */
bool page_walk(const X86State *state, uint64_t linear, uint64_t *physical);

#endif
