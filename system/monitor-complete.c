/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the word may be that is being typed at a monitor: commands, and the names that they take.
 */
#include <string.h>

#include "backends/block.h"
#include "backends/netdev.h"
#include "error.h"
#include "hw/core/device.h"
#include "hw/core/log.h"
#include "monitor-internal.h"
#include "qom.h"

void monitor_offer(GPtrArray *candidates, const char *typed, const char *candidate)
{
    if (g_str_has_prefix(candidate, typed)) {
        g_ptr_array_add(candidates, g_strdup(candidate));
    }
}

/* The last of the words: what was typed of it. */
static const char *last(char **argv)
{
    return argv[g_strv_length(argv) - 1];
}

/* The argument's place: 0 for the first; flags do not count. */
static unsigned place(char **argv)
{
    unsigned n = 0;

    for (; argv[0] && argv[1]; argv++) {
        n += argv[0][0] != '-';
    }
    return n;
}

static void offer_table(const MonitorCommand *table, const char *typed, GPtrArray *out)
{
    for (; table->name; table++) {
        monitor_offer(out, typed, table->name);
    }
}

void complete_command(char **argv, GPtrArray *out)
{
    if (place(argv) == 0) {
        offer_table(monitor_commands, last(argv), out);
    } else if (place(argv) == 1 && g_str_equal(argv[0], "info")) {
        offer_table(monitor_info_commands, last(argv), out);
    }
}

/* The first word chooses from a table, the rest is for the row's own completion. */
static void complete_in(const MonitorCommand *table, char **argv, GPtrArray *out)
{
    const MonitorCommand *command;

    if (!argv[1]) {
        offer_table(table, argv[0], out);
        return;
    }
    command = monitor_find_command(table, argv[0]);
    if (command && command->complete) {
        command->complete(argv + 1, out);
    }
}

void complete_info(char **argv, GPtrArray *out)
{
    complete_in(monitor_info_commands, argv, out);
}

void monitor_complete(const char *before, GPtrArray *candidates)
{
    g_auto(GStrv) words = g_strsplit_set(before, " ", -1);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    for (char **word = words; *word; word++) {
        if (**word || !word[1]) { /* several blanks are one; the last word may be empty */
            g_ptr_array_add(argv, *word);
        }
    }
    if (argv->len) {
        g_ptr_array_add(argv, NULL);
        complete_in(monitor_commands, (char **)argv->pdata, candidates);
    }
}

/* ------------------------------------------------------------------------------------- names -- */

typedef struct Offer {
    const char *typed;
    GPtrArray *out;
} Offer;

static void offer_device(Device *dev, void *opaque)
{
    const Offer *offer = opaque;

    if (dev->by_user && dev->id) {
        monitor_offer(offer->out, offer->typed, dev->id);
    }
}

void complete_device(char **argv, GPtrArray *out)
{
    if (place(argv) == 0) {
        device_foreach(offer_device, &(Offer){last(argv), out});
    }
}

void complete_driver(char **argv, GPtrArray *out)
{
    for (const DeviceClass *const *cls = device_classes; *cls && place(argv) == 0; cls++) {
        if (!(*cls)->abstract && !(*cls)->internal && !(*cls)->no_hotplug) {
            monitor_offer(out, last(argv), (*cls)->name);
        }
    }
}

static void offer_drive(BlockBackend *blk, void *opaque)
{
    const Offer *offer = opaque;

    monitor_offer(offer->out, offer->typed, block_id(blk));
}

void complete_drive(char **argv, GPtrArray *out)
{
    if (place(argv) == 0) {
        block_foreach(offer_drive, &(Offer){last(argv), out});
    }
}

static void offer_net(NetClient *nc, void *opaque)
{
    const Offer *offer = opaque;

    monitor_offer(offer->out, offer->typed, net_client_name(nc));
}

static void offer_netdev(NetClient *nc, void *opaque)
{
    if (!net_client_is_nic(nc)) {
        offer_net(nc, opaque);
    }
}

void complete_netdev(char **argv, GPtrArray *out)
{
    if (place(argv) == 0) {
        net_client_foreach(offer_netdev, &(Offer){last(argv), out});
    }
}

void complete_set_link(char **argv, GPtrArray *out)
{
    if (place(argv) == 0) {
        net_client_foreach(offer_net, &(Offer){last(argv), out});
    } else if (place(argv) == 1) {
        monitor_offer(out, last(argv), "on");
        monitor_offer(out, last(argv), "off");
    }
}

/* Keys are joined by dashes: it is the last of them that is typed. */
void complete_keys(char **argv, GPtrArray *out)
{
    static const char *const names[] = {
#define KEY(code, name, set1, set2) name,
#include "hw/input/keys.def"
#undef KEY
    };
    const char *dash = strrchr(last(argv), '-');
    const int len = dash ? dash + 1 - last(argv) : 0;

    for (size_t i = 0; i < G_N_ELEMENTS(names) && place(argv) == 0; i++) {
        g_autofree char *keys = g_strdup_printf("%.*s%s", len, last(argv), names[i]);

        monitor_offer(out, last(argv), keys);
    }
}

typedef struct PathOffer {
    Offer offer;
    const char *parent;
} PathOffer;

static void offer_child(const char *name, const QomNode *child, void *opaque)
{
    const PathOffer *offer = opaque;
    g_autofree char *path = g_strdup_printf("%s/%s", offer->parent, name);

    monitor_offer(offer->offer.out, offer->offer.typed, path);
}

/* An absolute path, part by part. */
void complete_path(char **argv, GPtrArray *out)
{
    const char *slash = strrchr(last(argv), '/');
    g_autofree char *parent = g_strndup(last(argv), slash ? slash - last(argv) : 0);
    QomNode node;

    if (place(argv) == 0 && qom_resolve(*parent ? parent : "/", &node, NULL)) {
        qom_foreach_child(&node, offer_child, &(PathOffer){{last(argv), out}, parent});
    }
}

static void offer_words(const char *typed, const char *const *words, GPtrArray *out)
{
    for (; *words; words++) {
        monitor_offer(out, typed, *words);
    }
}

void complete_coalesce(char **argv, GPtrArray *out)
{
    static const char *const kinds[] = {"mmio", "pio", "both", NULL};
    static const char *const states[] = {"on", "off", NULL};

    switch (place(argv)) {
    case 0:
        monitor_offer(out, last(argv), "all");
        complete_device(argv, out);
        break;
    case 1:
        offer_words(last(argv), kinds, out);
        break;
    case 2:
        offer_words(last(argv), states, out);
        break;
    }
}

void complete_log(char **argv, GPtrArray *out)
{
    static const char *const items[] = {"none",         "all",   "int", "cpu_reset",
                                        "guest_errors", "unimp", "vnc", NULL};

    if (place(argv) == 0) {
        offer_words(last(argv), items, out);
    }
}
