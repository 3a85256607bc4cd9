/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interface of the host, to be bridged or routed there.
 * Document: Linux, Documentation/networking/tuntap.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define DEVICE             "/dev/net/tun"
#define DEFAULT_SCRIPT     "/etc/qemu-ifup"
#define DEFAULT_DOWNSCRIPT "/etc/qemu-ifdown"

typedef struct NetTapDev {
    NetPackets packets; /* first: packets.c finds it there */
    char *ifname;
    char *downscript; /* NULL: none */
} NetTapDev;

/* Run `script` with the interface's name, and wait until it ends. */
static bool run_script(const char *script, const char *ifname, GError **errp)
{
    char *argv[] = {(char *)script, (char *)ifname, NULL};
    g_autoptr(GError) err = NULL;
    int status;

    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL,
                      &status, &err)) {
        error_setg(errp, "could not launch network script %s: %s: script=no runs none", script,
                   err->message);
        return false;
    }
    if (!g_spawn_check_wait_status(status, &err)) {
        error_setg(errp, "network script %s failed: %s", script, err->message);
        return false;
    }
    return true;
}

/* The script that the user named; NULL: none. Without a name, the usual one if it is there. */
static const char *choose_script(Opts *opts, const char *key, const char *usual)
{
    const char *script = opts_get(opts, key);

    if (!script) {
        return access(usual, X_OK) == 0 ? usual : NULL;
    }
    return *script && !g_str_equal(script, "no") ? script : NULL;
}

/* Open the interface `ifname`, or make it ("%d" in it becomes a free number). */
static int open_interface(const char *ifname, struct ifreq *request, GError **errp)
{
    int fd;

    if (strlen(ifname) >= IFNAMSIZ) {
        error_setg(errp, "Parameter 'ifname': '%s' is too long: at most %d characters", ifname,
                   IFNAMSIZ - 1);
        return -1;
    }
    fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        error_setg(errp, "could not open %s: %s", DEVICE, g_strerror(errno));
        return -1;
    }
    *request = (struct ifreq){.ifr_flags = IFF_TAP | IFF_NO_PI};
    strcpy(request->ifr_name, ifname);
    if (ioctl(fd, TUNSETIFF, request) < 0) {
        error_setg(errp, "could not configure %s (%s): %s%s", DEVICE, ifname, g_strerror(errno),
                   errno == EPERM ? ": as root, 'ip tuntap add NAME mode tap user USER' makes one"
                                    " that USER may open"
                                  : "");
        close(fd);
        return -1;
    }
    return fd;
}

/* A tap without headers is what we read and write. */
static bool check_fd(int fd, GError **errp)
{
    struct ifreq request = {};

    if (ioctl(fd, TUNGETIFF, &request) < 0) {
        error_setg(errp, "Parameter 'fd': %d is not a tap: %s", fd, g_strerror(errno));
        return false;
    }
    if (!(request.ifr_flags & IFF_TAP) || !(request.ifr_flags & IFF_NO_PI) ||
        (request.ifr_flags & IFF_VNET_HDR)) {
        error_setg(errp,
                   "Parameter 'fd': %d must be a tap with IFF_TAP | IFF_NO_PI, without"
                   " IFF_VNET_HDR",
                   fd);
        return false;
    }
    return true;
}

static bool set_sndbuf(int fd, Opts *opts, GError **errp)
{
    uint64_t size = INT32_MAX;
    int value;

    if (!opts_get_size(opts, "sndbuf", &size, errp)) {
        return false;
    }
    value = size && size < INT32_MAX ? size : INT32_MAX;
    if (ioctl(fd, TUNSETSNDBUF, &value) < 0 && opts_has(opts, "sndbuf")) {
        error_setg(errp, "could not set the send buffer of the tap: %s", g_strerror(errno));
        return false;
    }
    return true;
}

static bool open_fd(NetClient *nc, Opts *opts, int *fd, GError **errp)
{
    static const char *const others[] = {"ifname", "script", "downscript"};
    g_autofree char *info = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (opts_has(opts, others[i])) {
            error_setg(errp, "ifname=, script= and downscript= are invalid with fd=");
            return false;
        }
    }
    if (!net_parse_fd("fd", opts_get(opts, "fd"), fd, errp) || !check_fd(*fd, errp)) {
        return false;
    }
    info = g_strdup_printf("fd=%d", *fd);
    net_client_set_info(nc, info);
    return true;
}

static bool open_named(NetClient *nc, Opts *opts, int *fd, GError **errp)
{
    NetTapDev *s = nc->opaque;
    const char *ifname = opts_get(opts, "ifname");
    const char *script = choose_script(opts, "script", DEFAULT_SCRIPT);
    const char *downscript = choose_script(opts, "downscript", DEFAULT_DOWNSCRIPT);
    g_autofree char *info = NULL;
    struct ifreq request;

    *fd = open_interface(ifname ? ifname : "tap%d", &request, errp);
    if (*fd < 0) {
        return false;
    }
    s->ifname = g_strdup(request.ifr_name);
    if (script && !run_script(script, s->ifname, errp)) {
        close(*fd);
        return false;
    }
    s->downscript = g_strdup(downscript);
    info = g_strdup_printf("ifname=%s,script=%s,downscript=%s", s->ifname, script ? script : "no",
                           downscript ? downscript : "no");
    net_client_set_info(nc, info);
    return true;
}

static bool tap_open(NetClient *nc, Opts *opts, GError **errp)
{
    NetTapDev *s = g_new0(NetTapDev, 1);
    int fd;

    nc->opaque = s;
    net_packets_init(&s->packets, nc);
    if (!(opts_has(opts, "fd") ? open_fd(nc, opts, &fd, errp) : open_named(nc, opts, &fd, errp))) {
        return false;
    }
    if (!set_sndbuf(fd, opts, errp)) {
        close(fd);
        return false;
    }
    net_packets_start(&s->packets, fd, false);
    return true;
}

static void tap_cleanup(NetClient *nc)
{
    NetTapDev *s = nc->opaque;

    if (!s) {
        return;
    }
    if (s->downscript) {
        run_script(s->downscript, s->ifname, NULL); /* nobody is left to hear that it failed */
    }
    net_packets_close(&s->packets);
    g_free(s->downscript);
    g_free(s->ifname);
    g_free(s);
}

const NetdevKind netdev_tap = {
    .ops = {.type = "tap",
            .receive = net_packets_receive,
            .send_ready = net_packets_send_ready,
            .cleanup = tap_cleanup},
    .help = "an interface of the host: [ifname=NAME][,script=FILE|no][,downscript=FILE|no]\n"
            "           [,sndbuf=SIZE], or fd=N of an open one",
    .keys = (const char *const[]){"fd", "ifname", "script", "downscript", "sndbuf", NULL},
    .open = tap_open,
};
