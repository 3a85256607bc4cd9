/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Networks: cables between ends, what is kept for a slow one, the link, the machine that stands
 * still.
 */
#include "effect.h"
#include "end.h"

typedef struct Cable {
    End card, backend;
} Cable;

static void cable_init(Cable *cable)
{
    end_backend(&cable->backend, "net0");
    end_card(&cable->card, "net0");
}

static void cable_end(Cable *cable)
{
    end_free(&cable->card);
    end_free(&cable->backend);
    net_close_all();
}

/* ------------------------------------------------------------------------------------- ends -- */

static void test_names(void)
{
    Cable cable;
    End second;
    g_autoptr(GError) err = NULL;
    g_autoptr(GString) text = g_string_new(NULL);

    cable_init(&cable);
    end_card(&second, NULL);
    g_assert_cmpstr(net_client_name(cable.card.nc), ==, "card.0");
    g_assert_cmpstr(net_client_name(second.nc), ==, "card.1");
    g_assert_cmpstr(net_client_type(second.nc), ==, "nic");
    g_assert_cmpstr(net_client_type(cable.backend.nc), ==, "test");
    g_assert_true(net_client_peer(cable.card.nc) == cable.backend.nc);
    g_assert_true(net_client_peer(cable.backend.nc) == cable.card.nc);
    g_assert_null(net_client_peer(second.nc));

    g_assert_null(net_backend_new(&end_ops, NULL, "net0", &err));
    g_assert_cmpstr(err->message, ==, "Duplicate ID 'net0' for netdev");
    g_clear_error(&err);
    g_assert_null(net_nic_new(&end_ops, NULL, "card", NULL, "nowhere", &err));
    g_assert_cmpstr(err->message, ==, "Property 'card.netdev' can't find value 'nowhere'");
    g_clear_error(&err);
    g_assert_null(net_nic_new(&end_ops, NULL, "card", NULL, "card.1", &err));
    g_assert_cmpstr(err->message, ==, "Property 'card.netdev' can't find value 'card.1'");
    g_clear_error(&err);
    g_assert_null(net_nic_new(&end_ops, NULL, "card", NULL, "net0", &err));
    g_assert_cmpstr(err->message, ==,
                    "Property 'card.netdev' can't take value 'net0', it's in use");

    net_client_set_info(cable.card.nc, "model=card");
    net_client_set_info(cable.backend.nc, "more");
    net_print_info(text);
    g_assert_cmpstr(text->str, ==,
                    "card.0: index=0,type=nic,model=card\n"
                    " \\ net0: index=0,type=test,more\n"
                    "card.1: index=0,type=nic,\n");
    end_free(&second);
    cable_end(&cable);
}

/* People give a card and its network the same id. */
static void test_same_id(void)
{
    End backend, card;
    g_autoptr(GError) err = NULL;

    end_init(&card);
    card.nc = net_nic_new(&end_ops, &card, "card", "net0", NULL, &err);
    g_assert_no_error(err);
    end_backend(&backend, "net0");
    g_assert_true(net_client_find("net0") == card.nc);
    g_assert_true(net_backend_find("net0") == backend.nc);
    end_free(&card);
    g_assert_true(net_client_find("net0") == backend.nc);
    end_free(&backend);
    g_assert_null(net_client_find("net0"));
}

static void test_free(void)
{
    Cable cable;

    cable_init(&cable);
    g_assert_true(cable.card.link);
    net_client_free(cable.backend.nc);
    g_assert_cmpuint(cable.backend.cleaned, ==, 1);
    g_assert_null(net_client_peer(cable.card.nc));
    g_assert_false(cable.card.link);
    g_assert_true(end_send(&cable.card, 60, 0));
    cable.backend.nc = NULL;
    cable_end(&cable);
    g_assert_cmpuint(cable.card.cleaned, ==, 1);
    net_client_free(NULL);
}

/* ----------------------------------------------------------------------------------- frames -- */

static void test_both_ways(void)
{
    static const size_t sizes[] = {1, 14, 60, 1514, 9014, NET_FRAME_MAX};
    Cable cable;

    cable_init(&cable);
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_true(end_send(&cable.card, sizes[i], i));
        g_assert_true(end_send(&cable.backend, sizes[i], i + 100));
        end_check(&cable.backend, i, sizes[i], i);
        end_check(&cable.card, i, sizes[i], i + 100);
    }
    cable_end(&cable);
}

static void test_keeps_order(void)
{
    Cable cable;

    cable_init(&cable);
    cable.card.room = 2;
    for (unsigned i = 0; i < 10; i++) {
        g_assert_true(end_send(&cable.backend, 60 + i, i) == (i < 2));
    }
    g_assert_cmpuint(cable.card.refused, ==, 1); /* those behind are not even tried */
    cable.card.room = 3;
    net_client_receive_ready(cable.card.nc);
    g_assert_cmpuint(cable.card.frames->len, ==, 5);
    g_assert_cmpuint(cable.backend.send_ready, ==, 0);
    g_assert_false(end_send(&cable.backend, 70, 10));
    cable.card.room = -1;
    net_client_receive_ready(cable.card.nc);
    g_assert_cmpuint(cable.card.frames->len, ==, 11);
    g_assert_cmpuint(cable.backend.send_ready, ==, 1);
    for (unsigned i = 0; i < 11; i++) {
        end_check(&cable.card, i, 60 + i, i);
    }
    g_assert_true(end_send(&cable.backend, 60, 0));
    net_client_receive_ready(cable.card.nc);
    g_assert_cmpuint(cable.backend.send_ready, ==, 1); /* nobody waited */
    cable_end(&cable);
}

/* A sender that does not hold back loses what goes beyond the bound, the newest. */
static void test_bounds(void)
{
    static const struct {
        size_t len;
        unsigned sent, kept;
    } cases[] = {{60, 5000, 1024}, {65536, 100, 64}};

    for (unsigned c = 0; c < G_N_ELEMENTS(cases); c++) {
        Cable cable;

        cable_init(&cable);
        cable.card.room = 0;
        for (unsigned i = 0; i < cases[c].sent; i++) {
            g_assert_false(end_send(&cable.backend, cases[c].len, i));
        }
        cable.card.room = -1;
        net_client_receive_ready(cable.card.nc);
        g_assert_cmpuint(cable.card.frames->len, ==, cases[c].kept);
        end_check(&cable.card, 0, cases[c].len, 0);
        end_check(&cable.card, cases[c].kept - 1, cases[c].len, cases[c].kept - 1);
        cable_end(&cable);
    }
}

static void purge_end(End *end, const uint8_t *frame, size_t len)
{
    net_client_purge(end->nc);
}

/* An end that forgets what is kept for it while it takes a part of that. */
static void test_purge_in_receive(void)
{
    Cable cable;

    cable_init(&cable);
    cable.card.room = 0;
    end_send(&cable.backend, 60, 0);
    end_send(&cable.backend, 60, 1);
    cable.card.room = -1;
    cable.card.on_frame = purge_end;
    net_client_receive_ready(cable.card.nc);
    g_assert_cmpuint(cable.card.frames->len, ==, 1);
    cable.card.on_frame = NULL;
    cable.card.room = 0;
    end_send(&cable.backend, 50, 2); /* there is room for it to be kept */
    cable.card.room = -1;
    net_client_receive_ready(cable.card.nc);
    end_check(&cable.card, 1, 50, 2);
    cable_end(&cable);
}

static void test_purge(void)
{
    Cable cable;

    cable_init(&cable);
    cable.card.room = 0;
    end_send(&cable.backend, 60, 0);
    end_send(&cable.backend, 60, 1);
    net_client_purge(cable.card.nc);
    g_assert_cmpuint(cable.backend.send_ready, ==, 0);
    cable.card.room = -1;
    net_client_receive_ready(cable.card.nc);
    g_assert_cmpuint(cable.card.frames->len, ==, 0);
    g_assert_cmpuint(cable.backend.send_ready, ==, 1);
    g_assert_true(end_send(&cable.backend, 60, 2));
    end_check(&cable.card, 0, 60, 2);
    cable_end(&cable);
}

static void send_more(End *end)
{
    for (unsigned i = 0; i < 3; i++) {
        end_send(end, 60, 100 + i);
    }
}

/* The sender goes on from within send_ready(). */
static void test_send_from_send_ready(void)
{
    Cable cable;

    cable_init(&cable);
    cable.card.room = 0;
    cable.backend.on_send_ready = send_more;
    g_assert_false(end_send(&cable.backend, 60, 99));
    cable.card.room = 3;
    net_client_receive_ready(cable.card.nc);
    g_assert_cmpuint(cable.card.frames->len, ==, 3);
    g_assert_cmpuint(cable.card.refused, ==, 2);
    cable.backend.on_send_ready = NULL;
    cable.card.room = -1;
    net_client_receive_ready(cable.card.nc);
    for (unsigned i = 0; i < 4; i++) {
        end_check(&cable.card, i, 60, 99 + i);
    }
    g_assert_cmpuint(cable.backend.send_ready, ==, 2);
    cable_end(&cable);
}

/* ------------------------------------------------------------------------------- re-entrance -- */

static void answer(End *end, const uint8_t *frame, size_t len)
{
    g_autofree uint8_t *reply = g_memdup2(frame, len);

    reply[0]++;
    net_send(end->nc, reply, len);
}

/* The answer is there before net_send() returns. */
static void test_answer(void)
{
    Cable cable;

    cable_init(&cable);
    cable.backend.on_frame = answer;
    g_assert_true(end_send(&cable.card, 60, 1));
    g_assert_cmpuint(cable.card.frames->len, ==, 1);
    cable_end(&cable);
}

static unsigned depth, max_depth;

static void answer_counting(End *end, const uint8_t *frame, size_t len)
{
    depth++;
    max_depth = MAX(max_depth, depth);
    answer(end, frame, len);
    depth--;
}

/* Two ends that answer each other for ever neither recurse nor hold the lock for ever. */
static void test_ping_pong(void)
{
    Cable cable;
    unsigned before;

    cable_init(&cable);
    depth = max_depth = 0;
    cable.backend.on_frame = cable.card.on_frame = answer_counting;
    end_send(&cable.card, 60, 1);
    g_assert_cmpuint(max_depth, <=, 2);
    before = cable.backend.frames->len;
    g_assert_false(end_send(&cable.card, 60, 1)); /* what waits for the main loop goes first */
    g_assert_cmpuint(cable.backend.frames->len, ==, before);
    before = cable.card.frames->len;
    g_assert_cmpuint(before, <, 10);
    while (cable.card.frames->len < before + 10) {
        g_assert_true(g_main_context_iteration(NULL, FALSE));
    }
    cable.backend.on_frame = cable.card.on_frame = NULL;
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    g_assert_cmpuint(max_depth, <=, 2);
    cable_end(&cable);
}

/* ------------------------------------------------------------------------------------- link -- */

static void test_set_link(void)
{
    static const char *const names[] = {"net0", "card.0"};
    g_autoptr(GError) err = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        Cable cable;
        unsigned changes;

        cable_init(&cable);
        changes = cable.card.link_changed;
        g_assert_true(net_set_link(names[i], true, NULL)); /* as it was */
        g_assert_cmpuint(cable.card.link_changed, ==, changes);
        g_assert_true(net_set_link(names[i], false, NULL));
        g_assert_cmpuint(cable.card.link_changed, ==, changes + 1);
        g_assert_false(cable.card.link);
        g_assert_false(cable.backend.link);
        g_assert_false(net_link_up(cable.card.nc));
        g_assert_true(end_send(&cable.card, 60, 0));
        g_assert_true(end_send(&cable.backend, 60, 0));
        g_assert_cmpuint(cable.card.frames->len + cable.backend.frames->len, ==, 0);
        g_assert_true(net_set_link(names[!i], false, NULL)); /* the other end, too: both count */
        g_assert_true(net_set_link(names[i], true, NULL));
        g_assert_false(net_link_up(cable.card.nc));
        g_assert_true(net_set_link(names[!i], true, NULL));
        g_assert_true(cable.card.link);
        g_assert_true(end_send(&cable.card, 60, 1));
        end_check(&cable.backend, 0, 60, 1);
        cable_end(&cable);
    }
    g_assert_false(net_set_link("nobody", true, &err));
    g_assert_cmpstr(err->message, ==, "Device 'nobody' not found");
}

/* What waited for room is lost with the link, and the sender need not wait for it. */
static void test_link_down_frees_the_sender(void)
{
    static const char *const names[] = {"net0", "card.0"};

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        Cable cable;

        cable_init(&cable);
        cable.card.room = 0;
        g_assert_false(end_send(&cable.backend, 60, 0));
        net_set_link(names[i], false, NULL);
        g_assert_cmpuint(cable.backend.send_ready, ==, 1);
        net_set_link(names[i], true, NULL);
        g_assert_false(end_send(&cable.backend, 60, 1)); /* the card did not say it has room */
        cable.card.room = -1;
        net_client_receive_ready(cable.card.nc);
        end_check(&cable.card, 0, 60, 1);
        g_assert_cmpuint(cable.card.frames->len, ==, 1);
        cable_end(&cable);
    }
}

static void test_free_frees_the_sender(void)
{
    Cable cable;

    cable_init(&cable);
    cable.card.room = 0;
    cable.backend.on_send_ready = send_more;
    g_assert_false(end_send(&cable.backend, 60, 0));
    g_clear_pointer(&cable.card.nc, net_client_free);
    g_assert_cmpuint(cable.backend.send_ready, ==, 1);
    g_assert_cmpuint(cable.card.frames->len, ==, 0);
    cable_end(&cable);
}

/* ------------------------------------------------------------------------- a stopped machine -- */

static void test_stopped(void)
{
    Cable cable;

    cable_init(&cable);
    net_set_running(false);
    g_assert_false(end_send(&cable.backend, 60, 0));
    g_assert_false(end_send(&cable.backend, 60, 1));
    net_client_receive_ready(cable.card.nc); /* a debugger moves RDT */
    g_assert_cmpuint(cable.card.frames->len, ==, 0);
    g_assert_true(end_send(&cable.card, 60, 2)); /* what leaves the machine may go */
    net_set_running(true);
    g_assert_cmpuint(cable.card.frames->len, ==, 2);
    end_check(&cable.card, 1, 60, 1);
    g_assert_cmpuint(cable.backend.send_ready, ==, 1);
    cable_end(&cable);
}

/* --------------------------------------------------------------------------------- monitors -- */

static unsigned filter_events;

static void count_filter_event(NetClient *nc)
{
    g_assert_cmpstr(net_client_name(nc), ==, "card.0");
    filter_events++;
}

static void test_rx_filter(void)
{
    static const NetMonitor monitor = {.rx_filter_changed = count_filter_event};
    NetRxFilter filter;
    Cable cable;

    cable_init(&cable);
    net_rx_filter_changed(cable.card.nc); /* nobody listens */
    net_set_monitor(&monitor);
    net_rx_filter_changed(cable.card.nc);
    net_rx_filter_changed(cable.card.nc);
    g_assert_cmpuint(filter_events, ==, 1);
    g_assert_true(net_rx_filter_query(cable.card.nc, &filter));
    g_assert_true(filter.promiscuous);
    g_assert_cmpuint(filter.multicast_table->len, ==, 1);
    g_assert_cmpuint(filter.unicast_table->len, ==, 0);
    g_assert_cmpuint(g_array_index(filter.vlan_table, uint16_t, 0), ==, 7);
    net_rx_filter_clear(&filter);
    net_rx_filter_changed(cable.card.nc);
    g_assert_cmpuint(filter_events, ==, 2);
    net_set_monitor(NULL);
    cable_end(&cable);
}

static unsigned outputs;

static void count_output(Effect effect)
{
    outputs += effect == EFFECT_OUTPUT;
}

/* What a card sends leaves the machine; what it gets does not. */
static void test_effect(void)
{
    Cable cable;

    cable_init(&cable);
    effect_hook_backends = count_output;
    end_send(&cable.backend, 60, 0);
    g_assert_cmpuint(outputs, ==, 0);
    end_send(&cable.card, 60, 0);
    g_assert_cmpuint(outputs, ==, 1);
    net_set_link("net0", false, NULL);
    end_send(&cable.card, 60, 0); /* a cable that is pulled may be plugged in any time */
    g_assert_cmpuint(outputs, ==, 2);
    effect_hook_backends = NULL;
    cable_end(&cable);
}

typedef struct TestTap {
    NetTap tap;
    unsigned from, to, gone;
} TestTap;

static void tap_frame(NetTap *tap, NetDirection direction, const uint8_t *frame, size_t len)
{
    TestTap *t = (TestTap *)tap;

    t->from += direction == NET_FROM_CLIENT;
    t->to += direction == NET_TO_CLIENT;
}

static void tap_gone(NetTap *tap)
{
    TestTap *t = (TestTap *)tap;

    t->gone++;
}

/* A frame is seen once, also when it waits; not on a cable that is pulled. */
static void test_tap(void)
{
    TestTap tap = {.tap = {tap_frame, tap_gone}};
    TestTap other = tap;
    Cable cable;

    cable_init(&cable);
    net_client_add_tap(cable.backend.nc, &tap.tap);
    net_client_add_tap(cable.backend.nc, &other.tap);
    net_client_remove_tap(cable.backend.nc, &other.tap);
    cable.card.room = 0;
    end_send(&cable.backend, 60, 0);
    end_send(&cable.card, 60, 0);
    end_send(&cable.card, 60, 0);
    cable.card.room = -1;
    net_client_receive_ready(cable.card.nc);
    g_assert_cmpuint(tap.from, ==, 1);
    g_assert_cmpuint(tap.to, ==, 2);
    net_set_link("net0", false, NULL);
    end_send(&cable.card, 60, 0);
    g_assert_cmpuint(tap.to, ==, 2);
    cable_end(&cable);
    g_assert_cmpuint(tap.gone, ==, 1);
    g_assert_cmpuint(other.from + other.to + other.gone, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net/names", test_names);
    g_test_add_func("/net/same-id", test_same_id);
    g_test_add_func("/net/free", test_free);
    g_test_add_func("/net/both-ways", test_both_ways);
    g_test_add_func("/net/keeps-order", test_keeps_order);
    g_test_add_func("/net/bounds", test_bounds);
    g_test_add_func("/net/purge", test_purge);
    g_test_add_func("/net/purge-in-receive", test_purge_in_receive);
    g_test_add_func("/net/send-from-send-ready", test_send_from_send_ready);
    g_test_add_func("/net/answer", test_answer);
    g_test_add_func("/net/ping-pong", test_ping_pong);
    g_test_add_func("/net/set-link", test_set_link);
    g_test_add_func("/net/link-down-frees-the-sender", test_link_down_frees_the_sender);
    g_test_add_func("/net/free-frees-the-sender", test_free_frees_the_sender);
    g_test_add_func("/net/stopped", test_stopped);
    g_test_add_func("/net/rx-filter", test_rx_filter);
    g_test_add_func("/net/effect", test_effect);
    g_test_add_func("/net/tap", test_tap);
    return g_test_run();
}
