/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An end of a cable that the test holds: it keeps what comes, and has room as it is told.
 */
#ifndef LIGNITE_TESTS_NET_END_H
#define LIGNITE_TESTS_NET_END_H

#include <string.h>

#include "backends/netdev.h"

typedef struct End {
    NetClient *nc;
    GPtrArray *frames; /* GBytes: what came */
    int room;          /* frames that it takes; negative: any number */
    unsigned refused, send_ready, link_changed, cleaned;
    bool link; /* as it was told last */
    void (*on_frame)(struct End *end, const uint8_t *frame, size_t len);
    void (*on_send_ready)(struct End *end);
} End;

static bool end_receive(NetClient *nc, const uint8_t *frame, size_t len)
{
    End *end = net_client_opaque(nc);

    if (end->room == 0) {
        end->refused++;
        return false;
    }
    end->room -= end->room > 0;
    g_ptr_array_add(end->frames, g_bytes_new(frame, len));
    if (end->on_frame) {
        end->on_frame(end, frame, len);
    }
    return true;
}

static void end_send_ready(NetClient *nc)
{
    End *end = net_client_opaque(nc);

    end->send_ready++;
    if (end->on_send_ready) {
        end->on_send_ready(end);
    }
}

static void end_link_changed(NetClient *nc)
{
    End *end = net_client_opaque(nc);

    end->link_changed++;
    end->link = net_link_up(nc);
}

static void end_rx_filter(NetClient *nc, NetRxFilter *filter)
{
    const uint8_t address[6] = {1, 2, 3, 4, 5, 6};
    const uint16_t vlan = 7;

    filter->promiscuous = true;
    memcpy(filter->main_mac, address, 6);
    g_array_append_vals(filter->multicast_table, address, 1);
    g_array_append_val(filter->vlan_table, vlan);
}

static void end_cleanup(NetClient *nc)
{
    End *end = net_client_opaque(nc);

    end->cleaned++;
}

static const NetClientOps end_ops = {
    .type = "test",
    .receive = end_receive,
    .send_ready = end_send_ready,
    .link_changed = end_link_changed,
    .rx_filter = end_rx_filter,
    .cleanup = end_cleanup,
};

static inline void end_init(End *end)
{
    *end = (End){.room = -1};
    end->frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
}

/* A backend called `id`. */
static inline void end_backend(End *end, const char *id)
{
    g_autoptr(GError) err = NULL;

    end_init(end);
    end->nc = net_backend_new(&end_ops, end, id, &err);
    g_assert_no_error(err);
}

/* A card of the model "card" at `netdev`. */
static inline void end_card(End *end, const char *netdev)
{
    g_autoptr(GError) err = NULL;

    end_init(end);
    end->nc = net_nic_new(&end_ops, end, "card", NULL, netdev, &err);
    g_assert_no_error(err);
}

static inline void end_free(End *end)
{
    g_clear_pointer(&end->nc, net_client_free);
    g_clear_pointer(&end->frames, g_ptr_array_unref);
}

/* A frame of `len` bytes that says which it is. */
static inline void end_fill(uint8_t *frame, size_t len, uint32_t number)
{
    for (size_t i = 0; i < len; i++) {
        frame[i] = number * 31 + i * 7 + (i >> 8);
    }
    memcpy(frame, &number, MIN(len, sizeof(number)));
}

static inline bool end_send(End *end, size_t len, uint32_t number)
{
    g_autofree uint8_t *frame = g_malloc(len);

    end_fill(frame, len, number);
    return net_send(end->nc, frame, len);
}

/* That the frame at `index` of those that came is end_send(len, number)'s. */
static inline void end_check(End *end, unsigned index, size_t len, uint32_t number)
{
    g_autofree uint8_t *expected = g_malloc(len);
    size_t got_len;
    const uint8_t *got;

    g_assert_cmpuint(index, <, end->frames->len);
    got = g_bytes_get_data(end->frames->pdata[index], &got_len);
    end_fill(expected, len, number);
    g_assert_cmpmem(got, got_len, expected, len);
}

/* A backend from its options. */
static inline NetClient *make(const char *options)
{
    g_autoptr(GError) err = NULL;
    g_autoptr(Opts) opts = opts_parse(options, "type", &err);
    NetClient *nc = netdev_new(opts, &err);

    if (!nc) {
        g_error("%s: %s", options, err->message);
    }
    return nc;
}

G_GNUC_PRINTF(1, 2) static inline NetClient *makef(const char *format, ...)
{
    g_autofree char *options = NULL;
    va_list args;

    va_start(args, format);
    options = g_strdup_vprintf(format, args);
    va_end(args);
    return make(options);
}

/* Let the main loop run until the end has `count` frames. */
static inline void wait_frames(End *end, unsigned count)
{
    while (end->frames->len < count) {
        g_main_context_iteration(NULL, TRUE);
    }
}

#endif
