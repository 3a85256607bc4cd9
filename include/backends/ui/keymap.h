/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard layout of -k: for displays that learn what is on a key, and not which one it is.
 */
#ifndef LIGNITE_BACKENDS_UI_KEYMAP_PUBLIC_H
#define LIGNITE_BACKENDS_UI_KEYMAP_PUBLIC_H

#include <glib.h>
#include <stdbool.h>

/*
 * Choose the layout: a name of QEMU's ("en-us", "de", "fr-ch", "pt-br"), or one of XKB's as
 * "layout" or "layout(variant)". "en-us", which it is without a choice, needs no data; the others
 * are read from the host's XKB data. Fails, with the layout as it was, for one that is not there.
 */
bool keymap_choose(const char *name, GError **errp);

#endif
