/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -netdev, -nic and -net: which networks there are, and which cards of the board are on them.
 */
#include "nets.h"

#include "backends/netdev.h"
#include "error.h"
#include "hw/core/clock.h"
#include "hw/core/device.h"
#include "hw/core/log.h"

#define LEGACY_HUB 0 /* where -net puts all */

static int64_t guest_time(void)
{
    return clock_get_ns(VM_CLOCK_VIRTUAL);
}

static void guest_error(const char *text)
{
    log_guest_error("%s", text);
}

void nets_print_models(GString *out)
{
    g_string_append(out, "Available NIC models:\n");
    for (const DeviceClass *const *cls = device_classes; *cls; cls++) {
        if (!(*cls)->abstract && g_strcmp0((*cls)->category, "Network") == 0) {
            g_string_append_printf(out, "%s\n", (*cls)->name);
        }
    }
}

static bool is_model(const char *model)
{
    const DeviceClass *cls = device_class_find(model);

    return cls && !cls->abstract && g_strcmp0(cls->category, "Network") == 0;
}

/* A card for the board, from its options; takes over `netdev`. */
static bool add_nic(Machine *machine, Opts *opts, const char *mac_key, char *netdev, GError **errp)
{
    NicConfig *nic = g_new0(NicConfig, 1);

    nic->netdev = netdev;
    nic->model = opts_take(opts, "model");
    nic->mac = opts_take(opts, mac_key);
    nic->addr = opts_take(opts, "addr");
    g_ptr_array_add(machine->nics, nic);
    if (!machine->cls->default_nic) {
        error_setg(errp, "machine type '%s' has no place for a network card", machine->cls->name);
        return false;
    }
    if (nic->model && !is_model(nic->model)) {
        error_setg(errp, "Unsupported NIC model: %s: -nic model=help lists them", nic->model);
        return false;
    }
    return true;
}

/* The user's id, or one that no user can give. */
static void choose_id(Opts *opts)
{
    static unsigned count;

    if (!opts_has(opts, "id")) {
        g_autofree char *id = g_strdup_printf("#net%u", count++);

        opts_set(opts, "id", id);
    }
}

/* A backend and the card on it. */
static bool open_nic(Machine *machine, Opts *opts, GError **errp)
{
    if (!opts_has(opts, "type")) {
        opts_set(opts, "type", "user");
    }
    choose_id(opts);
    return add_nic(machine, opts, "mac", g_strdup(opts_get(opts, "id")), errp) &&
           netdev_new(opts, errp);
}

/* The next port of the hub, with `netdev` at it, or NULL; its name. */
static char *add_hub_port(const char *netdev, GError **errp)
{
    static unsigned count;
    g_autoptr(Opts) opts = opts_new();
    g_autofree char *hub = g_strdup_printf("%d", LEGACY_HUB);
    g_autofree char *id = g_strdup_printf("hub%dport%u", LEGACY_HUB, count++);

    opts_set(opts, "type", "hubport");
    opts_set(opts, "id", id);
    opts_set(opts, "hubid", hub);
    if (netdev) {
        opts_set(opts, "netdev", netdev);
    }
    return netdev_new(opts, errp) ? g_steal_pointer(&id) : NULL;
}

/* A card or a backend, on the hub where the others are. */
static bool open_net(Machine *machine, Opts *opts, GError **errp)
{
    const char *type = opts_get(opts, "type");
    g_autofree char *name = opts_take(opts, "name");
    g_autofree char *port = NULL;

    if (!type) {
        error_setg(errp, "Parameter 'type' is missing");
        return false;
    }
    if (g_str_equal(type, "nic")) {
        port = add_hub_port(NULL, errp);
        return port && add_nic(machine, opts, "macaddr", g_steal_pointer(&port), errp) &&
               opts_check_unknown(opts, errp);
    }
    if (name && !opts_has(opts, "id")) {
        opts_set(opts, "id", name);
    }
    choose_id(opts);
    if (!netdev_new(opts, errp)) {
        return false;
    }
    port = add_hub_port(opts_get(opts, "id"), errp);
    return port != NULL;
}

static bool open_option(Machine *machine, const NetOption *net, GError **errp)
{
    const char *type = opts_get(net->opts, "type");

    if (g_str_equal(net->option, "netdev")) {
        return netdev_new(net->opts, errp) != NULL;
    }
    if (g_strcmp0(type, "none") == 0) {
        return opts_check_unknown(net->opts, errp);
    }
    return g_str_equal(net->option, "nic") ? open_nic(machine, net->opts, errp)
                                           : open_net(machine, net->opts, errp);
}

bool nets_open(Options *options, Machine *machine, GError **errp)
{
    static const NetHost host = {.clock_ns = guest_time, .guest_error = guest_error};

    net_set_host(&host);
    for (unsigned i = 0; i < options->nets->len; i++) {
        const NetOption *net = options->nets->pdata[i];

        if (!open_option(machine, net, errp)) {
            g_prefix_error(errp, "-%s %s: ", net->option, opts_text(net->opts));
            return false;
        }
    }
    if (!options->nets->len && !options->no_nic && machine->cls->default_nic) {
        g_autoptr(Opts) opts = opts_new();

        if (!open_nic(machine, opts, errp)) {
            g_prefix_error(errp, "the default network card (-nic none: no card): ");
            return false;
        }
    }
    return true;
}
