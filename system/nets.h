/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef LIGNITE_SYSTEM_NETS_H
#define LIGNITE_SYSTEM_NETS_H

#include "options.h"

/*
 * What -netdev, -nic and -net say: open the backends, and note in `machine` the cards that the
 * board is to have; without any of these options, a card on a user network. Errors begin with the
 * option. After the chardevs, before the board is built. Lock held.
 */
bool nets_open(Options *options, Machine *machine, GError **errp);

/* Append the text of `-nic model=help`. */
void nets_print_models(GString *out);

#endif
