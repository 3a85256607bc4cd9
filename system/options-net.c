/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -netdev, -nic and -net; and -object.
 */
#include "backends/netdev.h"
#include "nets.h"
#include "objects.h"
#include "option-json.h"
#include "options-internal.h"

/* The row's name says which; its field, whether a card may be among the options. */
OptionsResult handle_net(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    NetOption *net;
    Opts *opts;

    if (wants_help(arg)) {
        GString *text = g_string_new(NULL);

        netdev_print_help(text);
        return print_and_stop(text);
    }
    opts = option_opts(arg, "type", errp);
    if (!opts) {
        return OPTIONS_FAIL;
    }
    if (row->field && g_strcmp0(opts_get(opts, "model"), "help") == 0) {
        GString *text = g_string_new(NULL);

        opts_free(opts);
        nets_print_models(text);
        return print_and_stop(text);
    }
    net = g_new(NetOption, 1);
    *net = (NetOption){opts, row->name};
    g_ptr_array_add(options->nets, net);
    return OPTIONS_RUN;
}

OptionsResult handle_object(Options *options, const OptionRow *row, const char *arg, GError **errp)
{
    Opts *opts;

    if (wants_help(arg)) {
        GString *text = g_string_new(NULL);

        objects_print_help(text);
        return print_and_stop(text);
    }
    opts = option_opts(arg, "qom-type", errp);
    if (!opts) {
        return OPTIONS_FAIL;
    }
    g_ptr_array_add(options->objects, opts);
    return OPTIONS_RUN;
}
