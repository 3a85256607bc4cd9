/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user network: libslirp plays a router with DHCP, DNS and TFTP, and opens ordinary sockets for
 * what the guest connects to. Nobody needs rights for it.
 *
 * libslirp is called with the machine lock held only. Before each poll of the main loop it says
 * what it waits for; when a vCPU's frame changes that, the main loop is woken.
 */
#include <errno.h>
#include <string.h>

#include "backends/char.h"
#include "defrag.h"
#include "error.h"
#include "user.h"

/* A port of a host in the guest's network that leads to a chardev. */
typedef struct GuestForward {
    struct UserNet *net;
    Chardev *chr;
    bool ours; /* to be freed */
    struct in_addr addr;
    int port;
} GuestForward;

typedef struct UserTimer {
    SlirpTimerId id;
    void *cb_opaque;
    int64_t expire_ms; /* of the guest's time; -1: not armed */
} UserTimer;

typedef struct UserNet {
    NetClient *nc;
    Slirp *slirp;
    Defrag defrag;
    GSource *source;
    GPtrArray *fds;       /* GPollFD: what the source waits for */
    unsigned filled;      /* how many of them libslirp asked for again */
    int64_t deadline;     /* when it wants to be called in any case, monotonic us */
    bool woken;           /* the main loop comes round soon */
    bool must_wake;       /* libslirp waits for something else than the source does */
    GPtrArray *timers;    /* UserTimer */
    GPtrArray *guestfwds; /* GuestForward */
} UserNet;

/* ----------------------------------------------------------------- libslirp's view of us -- */

static void wake(void *opaque)
{
    UserNet *u = opaque;

    if (!u->woken) {
        u->woken = true;
        g_main_context_wakeup(NULL);
    }
}

static void wake_for_fd(int fd, void *opaque)
{
    wake(opaque);
}

static void ignore_fd(int fd, void *opaque)
{
}

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
    UserNet *u = opaque;

    if (len > 0 && len <= NET_FRAME_MAX) {
        net_send(u->nc, buf, len); /* what finds no room is dropped: TCP slows down by that */
    }
    return len;
}

static void guest_error(const char *msg, void *opaque)
{
    net_guest_error(msg);
}

static int64_t clock_get_ns(void *opaque)
{
    return net_clock_ns();
}

static void *timer_new(SlirpTimerId id, void *cb_opaque, void *opaque)
{
    UserNet *u = opaque;
    UserTimer *timer = g_new(UserTimer, 1);

    *timer = (UserTimer){id, cb_opaque, -1};
    g_ptr_array_add(u->timers, timer);
    return timer;
}

static void timer_free(void *timer, void *opaque)
{
    UserNet *u = opaque;

    g_ptr_array_remove(u->timers, timer);
}

static void timer_set(void *timer, int64_t expire_ms, void *opaque)
{
    UserTimer *t = timer;

    t->expire_ms = expire_ms;
    wake(opaque);
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new_opaque = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_set,
    .register_poll_fd = wake_for_fd,
    .unregister_poll_fd = ignore_fd,
    .notify = wake,
};

/* ------------------------------------------------------------------------------ main loop -- */

static const struct {
    int slirp;
    GIOCondition io;
} conditions[] = {
    {SLIRP_POLL_IN, G_IO_IN},   {SLIRP_POLL_OUT, G_IO_OUT}, {SLIRP_POLL_PRI, G_IO_PRI},
    {SLIRP_POLL_ERR, G_IO_ERR}, {SLIRP_POLL_HUP, G_IO_HUP},
};

static GIOCondition to_io(int events)
{
    GIOCondition io = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(conditions); i++) {
        io |= events & conditions[i].slirp ? conditions[i].io : 0;
    }
    return io;
}

static int to_slirp(GIOCondition io)
{
    int events = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(conditions); i++) {
        events |= io & conditions[i].io ? conditions[i].slirp : 0;
    }
    return events;
}

static int64_t deadline_of(uint32_t timeout_ms)
{
    return timeout_ms == UINT32_MAX ? INT64_MAX
                                    : g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
}

/* Before the poll: the source waits for this, too. Those that stay are left in place. */
static int add_poll(int fd, int events, void *opaque)
{
    UserNet *u = opaque;
    unsigned i = u->filled++;
    GPollFD *pfd = i < u->fds->len ? u->fds->pdata[i] : NULL;

    if (!pfd) {
        pfd = g_new(GPollFD, 1);
        g_ptr_array_add(u->fds, pfd);
        pfd->fd = -1;
    }
    pfd->events = to_io(events);
    pfd->revents = 0;
    if (pfd->fd != fd) {
        if (pfd->fd >= 0) {
            g_source_remove_poll(u->source, pfd);
        }
        pfd->fd = fd;
        g_source_add_poll(u->source, pfd);
    }
    return i;
}

/* While the main loop may be in poll: does the source wait for this? */
static int look_up_poll(int fd, int events, void *opaque)
{
    UserNet *u = opaque;

    for (unsigned i = 0; i < u->fds->len; i++) {
        unsigned at = (u->filled + i) % u->fds->len; /* most often they come in the same order */
        const GPollFD *pfd = u->fds->pdata[at];

        if (pfd->fd == fd) {
            u->filled = at + 1;
            u->must_wake |= (to_io(events) & ~pfd->events) != 0;
            return at;
        }
    }
    u->must_wake = true;
    return -1; /* it is not polled yet */
}

static int get_revents(int index, void *opaque)
{
    UserNet *u = opaque;
    const GPollFD *pfd = u->fds->pdata[index];

    return to_slirp(pfd->revents);
}

static void drop_fds(UserNet *u, unsigned keep)
{
    while (u->fds->len > keep) {
        GPollFD *pfd = u->fds->pdata[u->fds->len - 1];

        g_source_remove_poll(u->source, pfd);
        g_ptr_array_remove_index(u->fds, u->fds->len - 1);
    }
}

/* While the machine stands still, so do the timers. */
static int64_t next_timer(const UserNet *u)
{
    int64_t next = INT64_MAX;

    for (unsigned i = 0; net_running() && i < u->timers->len; i++) {
        const UserTimer *timer = u->timers->pdata[i];

        if (timer->expire_ms >= 0) {
            next = MIN(next, timer->expire_ms - net_clock_ns() / 1000000);
        }
    }
    return next == INT64_MAX ? INT64_MAX : g_get_monotonic_time() + MAX(next, 0) * 1000;
}

static void run_timers(UserNet *u)
{
    for (unsigned i = 0; net_running() && i < u->timers->len; i++) {
        UserTimer *timer = u->timers->pdata[i];

        if (timer->expire_ms >= 0 && timer->expire_ms <= net_clock_ns() / 1000000) {
            timer->expire_ms = -1;
            slirp_handle_timer(u->slirp, timer->id, timer->cb_opaque);
        }
    }
}

typedef struct UserSource {
    GSource base;
    UserNet *net;
} UserSource;

static gboolean user_prepare(GSource *source, gint *timeout)
{
    UserNet *u = ((UserSource *)source)->net;
    uint32_t timeout_ms = UINT32_MAX;

    u->filled = 0;
    slirp_pollfds_fill(u->slirp, &timeout_ms, add_poll, u);
    drop_fds(u, u->filled);
    u->woken = false;
    u->deadline = MIN(deadline_of(timeout_ms), next_timer(u));
    *timeout = u->deadline == INT64_MAX
                   ? -1
                   : CLAMP((u->deadline - g_get_monotonic_time() + 999) / 1000, 0, INT_MAX);
    return FALSE;
}

static gboolean user_check(GSource *source)
{
    UserNet *u = ((UserSource *)source)->net;

    for (unsigned i = 0; i < u->fds->len; i++) {
        const GPollFD *pfd = u->fds->pdata[i];

        if (pfd->revents) {
            return TRUE;
        }
    }
    return g_get_monotonic_time() >= u->deadline;
}

static void guestfwd_accept_input(UserNet *u)
{
    for (unsigned i = 0; i < u->guestfwds->len; i++) {
        GuestForward *fwd = u->guestfwds->pdata[i];

        if (fwd->chr) {
            chardev_accept_input(fwd->chr);
        }
    }
}

static gboolean user_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    UserNet *u = ((UserSource *)source)->net;

    slirp_pollfds_poll(u->slirp, 0, get_revents, u);
    run_timers(u);
    guestfwd_accept_input(u);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs user_source_funcs = {
    .prepare = user_prepare, .check = user_check, .dispatch = user_dispatch};

static bool user_receive(NetClient *nc, const uint8_t *frame, size_t len)
{
    UserNet *u = nc->opaque;
    uint32_t timeout_ms = UINT32_MAX;

    if (!defrag(&u->defrag, &frame, &len, net_clock_ns())) {
        return true;
    }
    slirp_input(u->slirp, frame, len);
    if (u->woken) {
        return true;
    }
    u->must_wake = false;
    u->filled = 0;
    slirp_pollfds_fill(u->slirp, &timeout_ms, look_up_poll, u);
    if (u->must_wake || deadline_of(timeout_ms) < u->deadline - 1000) {
        wake(u);
    }
    return true;
}

/* -------------------------------------------------------------------- forwarding to the guest --
 */

static bool add_hostfwd(UserNet *u, const char *rule, GError **errp)
{
    UserForward f;

    if (!user_parse_hostfwd(&f, rule, errp)) {
        return false;
    }
    if (slirp_add_hostfwd(u->slirp, f.udp, f.host, f.host_port, f.guest, f.guest_port) < 0) {
        error_setg(errp, "Could not set up host forwarding rule '%s': %s", rule, g_strerror(errno));
        return false;
    }
    return true;
}

static bool remove_hostfwd(UserNet *u, const char *rule, GError **errp)
{
    UserForward f;

    if (!user_parse_hostfwd_host(&f, rule, errp)) {
        return false;
    }
    if (slirp_remove_hostfwd(u->slirp, f.udp, f.host, f.host_port) < 0) {
        error_setg(errp, "host forwarding rule for %s not found", rule);
        return false;
    }
    return true;
}

/* The user network called `id`, or the oldest. */
static void find_user(NetClient *nc, void *opaque)
{
    struct {
        const char *id;
        UserNet *found;
    } *search = opaque;

    if (!search->found && nc->ops == &netdev_user.ops &&
        (!search->id || g_str_equal(nc->name, search->id))) {
        search->found = nc->opaque;
    }
}

static UserNet *user_find(const char *id, GError **errp)
{
    struct {
        const char *id;
        UserNet *found;
    } search = {id, NULL};

    net_client_foreach(find_user, &search);
    if (!search.found) {
        if (id) {
            error_setg(errp, "'%s' is not a user network", id);
        } else {
            error_setg(errp, "there is no user network");
        }
    }
    return search.found;
}

bool net_user_add_hostfwd(const char *id, const char *rule, GError **errp)
{
    UserNet *u = user_find(id, errp);

    return u && add_hostfwd(u, rule, errp);
}

bool net_user_remove_hostfwd(const char *id, const char *rule, GError **errp)
{
    UserNet *u = user_find(id, errp);

    return u && remove_hostfwd(u, rule, errp);
}

static void print_user(NetClient *nc, void *opaque)
{
    if (nc->ops == &netdev_user.ops) {
        UserNet *u = nc->opaque;
        g_autofree char *text = slirp_connection_info(u->slirp);

        g_string_append_printf(opaque, "Hub -1 (%s):\n%s", nc->name, text);
    }
}

void net_user_print_info(GString *out)
{
    net_client_foreach(print_user, out);
}

/* --------------------------------------------------------------- forwarding from the guest -- */

static ssize_t guestfwd_write(const void *buf, size_t len, void *opaque)
{
    GuestForward *fwd = opaque;

    return chardev_write(fwd->chr, buf, len);
}

static size_t guestfwd_can_receive(void *opaque)
{
    GuestForward *fwd = opaque;

    return slirp_socket_can_recv(fwd->net->slirp, fwd->addr, fwd->port);
}

static void guestfwd_receive(void *opaque, const uint8_t *buf, size_t len)
{
    GuestForward *fwd = opaque;

    slirp_socket_recv(fwd->net->slirp, fwd->addr, fwd->port, buf, len);
}

static const ChardevHandlers guestfwd_handlers = {
    .can_receive = guestfwd_can_receive,
    .receive = guestfwd_receive,
};

static void guestfwd_free(void *data)
{
    GuestForward *fwd = data;

    if (fwd->chr) {
        chardev_detach(fwd->chr, fwd);
        if (fwd->ours) {
            chardev_free(fwd->chr);
        }
    }
    g_free(fwd);
}

static bool open_guestfwd_chardev(GuestForward *fwd, const char *dev, GError **errp)
{
    g_autofree char *id = g_strdup_printf("guestfwd.tcp.%d", fwd->port);
    g_autoptr(GError) err = NULL;
    Chardev *chr;
    bool mon;

    chr = chardev_new_compat(id, dev, &mon, &err);
    if (!chr) {
        error_setg(errp, "%s", err ? err->message : "it leads nowhere");
        return false;
    }
    fwd->ours = !g_str_has_prefix(dev, "chardev:");
    if (!chardev_attach(chr, &guestfwd_handlers, fwd, errp)) {
        if (fwd->ours) {
            chardev_free(chr);
        }
        return false;
    }
    fwd->chr = chr;
    return true;
}

static bool is_taken(const UserNet *u, const GuestForward *fwd)
{
    for (unsigned i = 0; i < u->guestfwds->len; i++) {
        const GuestForward *other = u->guestfwds->pdata[i];

        if (other != fwd && other->addr.s_addr == fwd->addr.s_addr && other->port == fwd->port) {
            return true;
        }
    }
    return false;
}

static bool add_guestfwd(UserNet *u, const UserConfig *config, const char *rule, GError **errp)
{
    GuestForward *fwd = g_new0(GuestForward, 1);
    const char *dev;
    int failed;

    g_ptr_array_add(u->guestfwds, fwd);
    fwd->net = u;
    if (!user_parse_guestfwd(config, rule, &fwd->addr, &fwd->port, &dev, errp)) {
        return false;
    }
    if (is_taken(u, fwd)) {
        failed = -1;
    } else if (g_str_has_prefix(dev, "cmd:")) {
        failed = slirp_add_exec(u->slirp, dev + strlen("cmd:"), &fwd->addr, fwd->port);
    } else if (open_guestfwd_chardev(fwd, dev, errp)) {
        failed = slirp_add_guestfwd(u->slirp, guestfwd_write, fwd, &fwd->addr, fwd->port);
    } else {
        g_prefix_error(errp, "Could not open guest forwarding device '%s': ", dev);
        return false;
    }
    if (failed) {
        error_setg(errp, "Conflicting/invalid host:port in guest forwarding rule '%s'", rule);
    }
    return !failed;
}

/* ----------------------------------------------------------------------------------- kind -- */

typedef struct Forwarding {
    UserNet *net;
    const UserConfig *config;
} Forwarding;

static bool add_forward(const char *key, const char *value, void *opaque, GError **errp)
{
    Forwarding *f = opaque;

    if (g_str_equal(key, "hostfwd")) {
        return add_hostfwd(f->net, value, errp);
    }
    return !g_str_equal(key, "guestfwd") || add_guestfwd(f->net, f->config, value, errp);
}

static void user_cleanup(NetClient *nc)
{
    UserNet *u = nc->opaque;

    if (!u) {
        return;
    }
    if (u->source) {
        drop_fds(u, 0);
        g_source_destroy(u->source);
        g_source_unref(u->source);
    }
    g_ptr_array_unref(u->guestfwds); /* they may not hear of what libslirp still wants to write */
    if (u->slirp) {
        slirp_cleanup(u->slirp);
    }
    defrag_clear(&u->defrag);
    g_ptr_array_unref(u->timers);
    g_ptr_array_unref(u->fds);
    g_free(u);
}

static bool user_start(UserNet *u, const UserConfig *config, Opts *opts, GError **errp)
{
    Forwarding forwarding = {u, config};

    u->slirp = slirp_new(&config->slirp, &callbacks, u);
    if (!u->slirp) {
        error_setg(errp, "libslirp does not accept these options");
        return false;
    }
    u->source = g_source_new(&user_source_funcs, sizeof(UserSource));
    ((UserSource *)u->source)->net = u;
    g_source_attach(u->source, NULL);
    net_client_set_info(u->nc, config->info);
    return opts_foreach(opts, add_forward, &forwarding, errp);
}

static bool user_open(NetClient *nc, Opts *opts, GError **errp)
{
    UserNet *u = g_new0(UserNet, 1);
    UserConfig config;
    bool ok;

    nc->opaque = u;
    u->nc = nc;
    defrag_init(&u->defrag);
    u->fds = g_ptr_array_new_with_free_func(g_free);
    u->timers = g_ptr_array_new_with_free_func(g_free);
    u->guestfwds = g_ptr_array_new_with_free_func(guestfwd_free);
    ok = user_config_parse(&config, opts, errp) && user_start(u, &config, opts, errp);
    user_config_clear(&config);
    return ok;
}

const NetdevKind netdev_user = {
    .ops = {.type = "user", .receive = user_receive, .cleanup = user_cleanup},
    .help = "a router of our own, with DHCP, DNS and TFTP; needs no rights:\n"
            "           [net=ADDR[/MASK]][,host=A][,dns=A][,dhcpstart=A][,restrict=on|off]\n"
            "           [,hostname=N][,domainname=N][,dnssearch=N...][,tftp=FOLDER][,bootfile=F]\n"
            "           [,tftp-server-name=N][,ipv4=on|off][,ipv6=on|off][,ipv6-net=A[/N]]\n"
            "           [,ipv6-host=A][,ipv6-dns=A]\n"
            "           [,hostfwd=[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT...]\n"
            "           [,guestfwd=[tcp]:ADDR:PORT-DEV|cmd:COMMAND...]",
    .keys = (const char *const[]){"net",
                                  "host",
                                  "dns",
                                  "dhcpstart",
                                  "restrict",
                                  "hostname",
                                  "domainname",
                                  "dnssearch",
                                  "tftp",
                                  "bootfile",
                                  "tftp-server-name",
                                  "ipv4",
                                  "ipv6",
                                  "ipv6-net",
                                  "ipv6-prefix",
                                  "ipv6-prefixlen",
                                  "ipv6-host",
                                  "ipv6-dns",
                                  "hostfwd",
                                  "guestfwd",
                                  NULL},
    .open = user_open,
};
