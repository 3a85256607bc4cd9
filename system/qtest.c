/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -qtest: where its client is, its log, and which device a client means.
 */
#include "qtest.h"

#include <errno.h>
#include <string.h>

#include "accel/accel.h"
#include "accel/qtest.h"
#include "backends/char.h"
#include "error.h"
#include "qom.h"

static Chardev *chr; /* opened by us, or NULL while it is a -chardev's to be */
static QtestServer *server;
static FILE *log_file;

bool qtest_open(const Options *options, GError **errp)
{
    g_autoptr(GError) err = NULL;
    bool mon;

    if (!options->qtest || g_str_has_prefix(options->qtest, "chardev:")) {
        return true;
    }
    chr = chardev_new_compat("qtest", options->qtest, &mon, &err);
    if (!err && mon) {
        error_setg(&err, "no monitor can be beside it");
    }
    if (err) {
        error_setg(errp, "-qtest %s: %s", options->qtest, err->message);
        return false;
    }
    return true;
}

/* -------------------------------------------------------------------------------- devices -- */

typedef struct Search {
    const char *name;
    Device *found;
    unsigned matches;
} Search;

static void match_class(Device *dev, void *opaque)
{
    Search *search = opaque;

    if (g_str_equal(dev->cls->name, search->name) ||
        g_strcmp0(dev->cls->alias, search->name) == 0) {
        search->found = dev;
        search->matches++;
    }
}

/* The device at a path, or at the only one that ends so; else the only one of a class. */
static Device *find_device(const char *path)
{
    Search search = {.name = path};
    QomNode node;

    if (qom_resolve(path, &node, NULL)) {
        return node.kind == QOM_DEVICE ? node.dev : NULL;
    }
    device_foreach(match_class, &search);
    return search.matches == 1 ? search.found : NULL;
}

/* --------------------------------------------------------------------------------- server -- */

static bool open_log(const char *path, GError **errp)
{
    /* What nobody reads need not be written. */
    if (!path || g_str_equal(path, "/dev/null") || g_str_equal(path, "none")) {
        return true;
    }
    log_file = fopen(path, "we");
    if (!log_file) {
        error_setg(errp, "-qtest-log %s: cannot open it: %s", path, g_strerror(errno));
    }
    return log_file != NULL;
}

bool qtest_serve(const Options *options, GError **errp)
{
    const AccelOps *accel = accel_current();
    QtestConfig config = {
        .manual_clock = g_str_equal(accel->name, "qtest"),
        .find_device = find_device,
    };
    Chardev *client = chr;

    if (!options->qtest || !open_log(options->qtest_log, errp)) {
        return !options->qtest;
    }
    if (g_str_has_prefix(options->qtest, "chardev:")) {
        client = chardev_find(options->qtest + strlen("chardev:"));
        if (!client) {
            error_setg(errp, "-qtest %s: chardev '%s' not found", options->qtest,
                       options->qtest + strlen("chardev:"));
            return false;
        }
    }
    if (!client) { /* "none" */
        return true;
    }
    config.log = log_file;
    server = qtest_server_new(client, &config, errp);
    if (!server) {
        g_prefix_error(errp, "-qtest %s: ", options->qtest);
    }
    return server != NULL;
}

void qtest_end(void)
{
    g_clear_pointer(&server, qtest_server_free);
    g_clear_pointer(&log_file, fclose);
}
