/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's commands for networks, and for objects that users create.
 */
#include "backends/netdev.h"
#include "backends/parse.h"
#include "error.h"
#include "monitor-internal.h"
#include "objects.h"
#include "option-json.h"

static bool expect(char **argv, unsigned min, unsigned max, const char *usage, GError **errp)
{
    unsigned count = g_strv_length(argv);

    if (count < min || count > max) {
        error_setg(errp, "expected: %s", usage);
        return false;
    }
    return true;
}

bool run_netdev_add(char **argv, GString *out, GError **errp)
{
    g_autoptr(Opts) opts = NULL;

    if (!expect(argv, 1, 1, "netdev_add TYPE,id=ID[,PROP=VALUE...]", errp)) {
        return false;
    }
    opts = option_opts(argv[0], "type", errp);
    return opts && netdev_new(opts, errp);
}

bool run_netdev_del(char **argv, GString *out, GError **errp)
{
    return expect(argv, 1, 1, "netdev_del ID", errp) && netdev_del(argv[0], errp);
}

bool run_set_link(char **argv, GString *out, GError **errp)
{
    bool up;

    return expect(argv, 2, 2, "set_link NAME on|off", errp) &&
           parse_bool("set_link", argv[1], &up, errp) && net_set_link(argv[0], up, errp);
}

bool run_hostfwd_add(char **argv, GString *out, GError **errp)
{
    return expect(argv, 1, 2, "hostfwd_add [NETDEV] [tcp|udp]:[HOSTADDR]:PORT-[GUESTADDR]:PORT",
                  errp) &&
           net_user_add_hostfwd(argv[1] ? argv[0] : NULL, argv[1] ? argv[1] : argv[0], errp);
}

bool run_hostfwd_remove(char **argv, GString *out, GError **errp)
{
    const char *rule;

    if (!expect(argv, 1, 2, "hostfwd_remove [NETDEV] [tcp|udp]:[HOSTADDR]:PORT", errp)) {
        return false;
    }
    rule = argv[1] ? argv[1] : argv[0];
    if (!net_user_remove_hostfwd(argv[1] ? argv[0] : NULL, rule, errp)) {
        return false;
    }
    g_string_append_printf(out, "host forwarding rule for %s removed\n", rule);
    return true;
}

bool run_object_add(char **argv, GString *out, GError **errp)
{
    g_autoptr(Opts) opts = NULL;

    if (!expect(argv, 1, 1, "object_add TYPE,id=ID[,PROP=VALUE...]", errp)) {
        return false;
    }
    opts = option_opts(argv[0], "qom-type", errp);
    return opts && object_add(opts, errp);
}

bool run_object_del(char **argv, GString *out, GError **errp)
{
    return expect(argv, 1, 1, "object_del ID", errp) && object_del(argv[0], errp);
}

bool info_network(char **argv, GString *out, GError **errp)
{
    net_print_info(out);
    return true;
}

bool info_usernet(char **argv, GString *out, GError **errp)
{
    net_user_print_info(out);
    return true;
}
