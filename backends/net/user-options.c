/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of the user network: addresses, names, forwarded ports.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "user.h"

/* The hosts of a network that the options do not name, by the last bits. */
enum { HOST_GATEWAY = 2, HOST_DNS = 3, HOST_DHCP = 15 };

/* ----------------------------------------------------------------------------------- IPv4 -- */

static bool parse_ipv4(const char *key, const char *text, struct in_addr *addr, GError **errp)
{
    if (inet_pton(AF_INET, text, addr) == 1) {
        return true;
    }
    error_setg(errp, "Parameter '%s': '%s' is not an IPv4 address", key, text);
    return false;
}

static uint32_t mask_of_length(unsigned bits)
{
    return bits ? UINT32_MAX << (32 - bits) : 0;
}

/* The mask of a network that is given without one: that of its class, or of a private block. */
static uint32_t usual_mask(uint32_t net)
{
    static const struct {
        uint32_t net;
        unsigned bits, mask_bits;
    } table[] = {
        {0x00000000, 1, 8},   /* A */
        {0xac100000, 12, 12}, /* 172.16.0.0 */
        {0x80000000, 2, 16},  /* B */
        {0xc0a80000, 16, 16}, /* 192.168.0.0 */
        {0xc6120000, 15, 15}, /* 198.18.0.0 */
        {0xc0000000, 3, 24},  /* C */
        {0x00000000, 0, 28},
    };

    for (size_t i = 0;; i++) {
        if ((net & mask_of_length(table[i].bits)) == table[i].net) {
            return mask_of_length(table[i].mask_bits);
        }
    }
}

/* "ADDR", "ADDR/BITS" or "ADDR/MASK", in the host's byte order. */
static bool parse_net(const char *text, uint32_t *net, uint32_t *mask, GError **errp)
{
    const char *slash = strchr(text, '/');
    g_autofree char *addr_text = slash ? g_strndup(text, slash - text) : g_strdup(text);
    struct in_addr addr, mask_addr;
    guint64 bits;

    if (!parse_ipv4("net", addr_text, &addr, errp)) {
        return false;
    }
    if (!slash) {
        *mask = usual_mask(ntohl(addr.s_addr));
    } else if (g_ascii_string_to_unsigned(slash + 1, 10, 4, 28, &bits, NULL)) {
        *mask = mask_of_length(bits);
    } else if (inet_pton(AF_INET, slash + 1, &mask_addr) == 1 &&
               (ntohl(mask_addr.s_addr) | 0xf) != UINT32_MAX) {
        *mask = ntohl(mask_addr.s_addr);
    } else {
        error_setg(errp,
                   "Parameter 'net': the mask '%s' is neither 4 to 28 bits nor 240.0.0.0 to"
                   " 255.255.255.240",
                   slash + 1);
        return false;
    }
    if (~*mask & (~*mask + 1)) {
        error_setg(errp, "Parameter 'net': the bits of the mask '%s' are not together", slash + 1);
        return false;
    }
    *net = ntohl(addr.s_addr) & *mask;
    return true;
}

/* One of the hosts in the network; `last` is its number where the user gives none. */
static bool parse_host(Opts *opts, const char *key, uint32_t net, uint32_t mask, uint32_t last,
                       bool inside, struct in_addr *addr, GError **errp)
{
    const char *text = opts_get(opts, key);

    addr->s_addr = htonl(net | last);
    if (!text) {
        return true;
    }
    if (!parse_ipv4(key, text, addr, errp)) {
        return false;
    }
    if (inside && (ntohl(addr->s_addr) & mask) != net) {
        error_setg(errp, "Parameter '%s': %s is outside the network", key, text);
        return false;
    }
    return true;
}

static bool parse_all_ipv4(SlirpConfig *slirp, Opts *opts, GError **errp)
{
    uint32_t net = 0x0a000200, mask = 0xffffff00;
    const char *text = opts_get(opts, "net");

    if ((text && !parse_net(text, &net, &mask, errp)) ||
        !parse_host(opts, "host", net, mask, HOST_GATEWAY, true, &slirp->vhost, errp) ||
        !parse_host(opts, "dns", net, mask, HOST_DNS, slirp->restricted, &slirp->vnameserver,
                    errp) ||
        !parse_host(opts, "dhcpstart", net, mask, HOST_DHCP, true, &slirp->vdhcp_start, errp)) {
        return false;
    }
    slirp->vnetwork.s_addr = htonl(net);
    slirp->vnetmask.s_addr = htonl(mask);
    if (slirp->vhost.s_addr == slirp->vnameserver.s_addr) {
        error_setg(errp, "Parameter 'dns' must be different from host");
        return false;
    }
    if (slirp->vdhcp_start.s_addr == slirp->vhost.s_addr ||
        slirp->vdhcp_start.s_addr == slirp->vnameserver.s_addr) {
        error_setg(errp, "Parameter 'dhcpstart' must be different from host and dns");
        return false;
    }
    return true;
}

/* ----------------------------------------------------------------------------------- IPv6 -- */

static bool parse_ipv6(const char *key, const char *text, struct in6_addr *addr, GError **errp)
{
    if (inet_pton(AF_INET6, text, addr) == 1) {
        return true;
    }
    error_setg(errp, "Parameter '%s': '%s' is not an IPv6 address", key, text);
    return false;
}

static bool parse_host6(Opts *opts, const char *key, const SlirpConfig *slirp, uint8_t last,
                        struct in6_addr *addr, GError **errp)
{
    const char *text = opts_get(opts, key);

    *addr = slirp->vprefix_addr6;
    addr->s6_addr[15] |= last;
    return !text || parse_ipv6(key, text, addr, errp);
}

/* ipv6-net=PREFIX[/LENGTH], or the two apart. */
static bool parse_all_ipv6(SlirpConfig *slirp, Opts *opts, GError **errp)
{
    const char *net = opts_get(opts, "ipv6-net");
    const char *prefix = opts_get(opts, "ipv6-prefix");
    const char *slash = net ? strchr(net, '/') : NULL;
    g_autofree char *net_prefix = net ? g_strndup(net, slash ? slash - net : strlen(net)) : NULL;
    uint64_t length = 64;

    if (net && (prefix || opts_has(opts, "ipv6-prefixlen"))) {
        error_setg(errp, "ipv6-net= can't be used with ipv6-prefix= and ipv6-prefixlen=");
        return false;
    }
    if (slash && !g_ascii_string_to_unsigned(slash + 1, 10, 0, 126, &length, NULL)) {
        error_setg(errp, "Parameter 'ipv6-net': the length '%s' is not 0 to 126", slash + 1);
        return false;
    }
    if (!opts_get_uint(opts, "ipv6-prefixlen", 126, &length, errp)) {
        return false;
    }
    if (net) {
        prefix = net_prefix;
    }
    if (!parse_ipv6(net ? "ipv6-net" : "ipv6-prefix",
                    prefix ? prefix : "fec0::", &slirp->vprefix_addr6, errp)) {
        return false;
    }
    slirp->vprefix_len = length;
    return parse_host6(opts, "ipv6-host", slirp, HOST_GATEWAY, &slirp->vhost6, errp) &&
           parse_host6(opts, "ipv6-dns", slirp, HOST_DNS, &slirp->vnameserver6, errp);
}

/* -------------------------------------------------------------------------------- the rest -- */

/* Both protocols, unless one is asked for: then it alone. */
static bool choose_protocols(SlirpConfig *slirp, Opts *opts, GError **errp)
{
    static const char *const keys[][8] = {
        {"net", "host", "dns", "dhcpstart"},
        {"ipv6-net", "ipv6-prefix", "ipv6-prefixlen", "ipv6-host", "ipv6-dns"}};
    bool given4 = opts_has(opts, "ipv4"), given6 = opts_has(opts, "ipv6");
    bool ipv4 = true, ipv6 = true;

    if (!opts_get_bool(opts, "ipv4", &ipv4, errp) || !opts_get_bool(opts, "ipv6", &ipv6, errp)) {
        return false;
    }
    slirp->in_enabled = ipv4 && !(given6 && ipv6 && !given4);
    slirp->in6_enabled = ipv6 && !(given4 && ipv4 && !given6);
    if (!slirp->in_enabled && !slirp->in6_enabled) {
        error_setg(errp, "IPv4 and IPv6 disabled: nothing is left");
        return false;
    }
    for (int family = 0; family < 2; family++) {
        for (const char *const *key = keys[family]; *key; key++) {
            if (opts_has(opts, *key) && !(family ? slirp->in6_enabled : slirp->in_enabled)) {
                error_setg(errp, "IPv%d disabled but %s= provided", family ? 6 : 4, *key);
                return false;
            }
        }
    }
    return true;
}

/* What the BOOTP and DHCP replies have room for. */
static bool check_lengths(const SlirpConfig *slirp, GError **errp)
{
    const struct {
        const char *key, *value;
        size_t max;
    } table[] = {{"hostname", slirp->vhostname, 32},
                 {"domainname", slirp->vdomainname, 255},
                 {"bootfile", slirp->bootfile, 127},
                 {"tftp-server-name", slirp->tftp_server_name, 255}};

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].value && strlen(table[i].value) > table[i].max) {
            error_setg(errp, "Parameter '%s' is too long: at most %zu characters", table[i].key,
                       table[i].max);
            return false;
        }
    }
    return true;
}

static bool add_dnssearch(const char *key, const char *value, void *opaque, GError **errp)
{
    if (g_str_equal(key, "dnssearch")) {
        g_ptr_array_add(opaque, (void *)value);
    }
    return true;
}

static bool check_tftp(const char *folder, GError **errp)
{
    struct stat st;

    if (folder && (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))) {
        error_setg(errp, "Parameter 'tftp': '%s' is not a folder", folder);
        return false;
    }
    return true;
}

bool user_config_parse(UserConfig *config, Opts *opts, GError **errp)
{
    SlirpConfig *slirp = &config->slirp;
    g_autofree char *net = NULL;
    bool restricted = false;

    *config = (UserConfig){.slirp = {.version = 4}};
    if (!opts_get_bool(opts, "restrict", &restricted, errp)) {
        return false;
    }
    slirp->restricted = restricted;
    slirp->vhostname = opts_get(opts, "hostname");
    slirp->vdomainname = opts_get(opts, "domainname");
    slirp->tftp_path = opts_get(opts, "tftp");
    slirp->bootfile = opts_get(opts, "bootfile");
    slirp->tftp_server_name = opts_get(opts, "tftp-server-name");
    if (opts_has(opts, "dnssearch")) {
        config->dnssearch = g_ptr_array_new();
        opts_foreach(opts, add_dnssearch, config->dnssearch, NULL);
        g_ptr_array_add(config->dnssearch, NULL);
        slirp->vdnssearch = (const char **)config->dnssearch->pdata;
    }
    if (!choose_protocols(slirp, opts, errp) ||
        (slirp->in_enabled && !parse_all_ipv4(slirp, opts, errp)) ||
        (slirp->in6_enabled && !parse_all_ipv6(slirp, opts, errp)) || !check_lengths(slirp, errp) ||
        !check_tftp(slirp->tftp_path, errp)) {
        return false;
    }
    net = g_strdup(inet_ntoa(slirp->vnetwork));
    config->info = g_strdup_printf("net=%s,restrict=%s", net, restricted ? "on" : "off");
    return true;
}

void user_config_clear(UserConfig *config)
{
    g_clear_pointer(&config->dnssearch, g_ptr_array_unref);
    g_clear_pointer(&config->info, g_free);
}

/* ----------------------------------------------------------------------------- forwarding -- */

/* The text up to `end`, which `*text` is moved past; NULL if `end` is not there. */
static char *next_part(const char **text, char end)
{
    const char *found = strchr(*text, end);
    char *part = found ? g_strndup(*text, found - *text) : NULL;

    *text = found ? found + 1 : *text;
    return part;
}

static bool parse_port(const char *text, unsigned min, int *port)
{
    guint64 number;

    if (!text || !g_ascii_string_to_unsigned(text, 10, min, 65535, &number, NULL)) {
        return false;
    }
    *port = number;
    return true;
}

/* Empty: 0.0.0.0. */
static bool parse_addr(const char *text, struct in_addr *addr)
{
    addr->s_addr = 0;
    return text && (!*text || inet_pton(AF_INET, text, addr) == 1);
}

static const char *parse_host_side(UserForward *forward, const char **rule, char end)
{
    g_autofree char *protocol = next_part(rule, ':');
    g_autofree char *addr = protocol ? next_part(rule, ':') : NULL;
    g_autofree char *port = end ? next_part(rule, end) : g_strdup(*rule);

    *forward = (UserForward){};
    if (!protocol ||
        !(g_str_equal(protocol, "tcp") || g_str_equal(protocol, "udp") || !*protocol)) {
        return "bad protocol name";
    }
    forward->udp = g_str_equal(protocol, "udp");
    if (!parse_addr(addr, &forward->host)) {
        return "bad host address";
    }
    return parse_port(port, 0, &forward->host_port) ? NULL : "bad host port";
}

bool user_parse_hostfwd(UserForward *forward, const char *rule, GError **errp)
{
    const char *rest = rule;
    const char *problem = parse_host_side(forward, &rest, '-');
    g_autofree char *addr = problem ? NULL : next_part(&rest, ':');

    if (!problem && !parse_addr(addr, &forward->guest)) {
        problem = "bad guest address";
    }
    if (!problem && !parse_port(rest, 1, &forward->guest_port)) {
        problem = "bad guest port";
    }
    if (problem) {
        error_setg(errp,
                   "Invalid host forwarding rule '%s' (%s): expected"
                   " [tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT",
                   rule, problem);
    }
    return !problem;
}

bool user_parse_hostfwd_host(UserForward *forward, const char *rule, GError **errp)
{
    const char *rest = rule;
    const char *problem = parse_host_side(forward, &rest, '\0');

    if (problem) {
        error_setg(errp, "invalid format: '%s' (%s): expected [tcp|udp]:[HOSTADDR]:HOSTPORT", rule,
                   problem);
    }
    return !problem;
}

bool user_parse_guestfwd(const UserConfig *config, const char *rule, struct in_addr *addr,
                         int *port, const char **dev, GError **errp)
{
    const SlirpConfig *slirp = &config->slirp;
    const char *rest = rule;
    g_autofree char *protocol = next_part(&rest, ':');
    g_autofree char *addr_text = protocol ? next_part(&rest, ':') : NULL;
    g_autofree char *port_text = addr_text ? next_part(&rest, '-') : NULL;

    *dev = rest;
    if (!port_text || (*protocol && !g_str_equal(protocol, "tcp")) || !*addr_text ||
        !parse_addr(addr_text, addr) || !parse_port(port_text, 1, port) || !*rest) {
        error_setg(errp,
                   "Invalid guest forwarding rule '%s': expected [tcp]:ADDR:PORT-DEV, where"
                   " DEV is as for -serial, or cmd:COMMAND",
                   rule);
        return false;
    }
    if ((addr->s_addr & slirp->vnetmask.s_addr) != slirp->vnetwork.s_addr ||
        addr->s_addr == slirp->vhost.s_addr || addr->s_addr == slirp->vnameserver.s_addr) {
        error_setg(errp,
                   "Invalid guest forwarding rule '%s': %s is not a free address of the"
                   " network",
                   rule, addr_text);
        return false;
    }
    return true;
}
