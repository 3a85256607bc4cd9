/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random frames with random offloads through e1000s: back to the card by its own loopback, and over
 * a cable to another card. What is received is compared byte for byte, with descriptor and
 * statistics, with what the model makes of it.
 */
#include <sys/socket.h>

#include "e1000-model.h"
#include "e1000-rig.h"

#define FRAMES       100000
#define SETUP_FRAMES 500 /* until the cards are set up anew */
#define BATCH_MAX    6   /* packets */
#define PATIENCE_US  (60 * G_USEC_PER_SEC)

static const uint8_t addresses[RIG_CARDS][6] = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56},
                                                {0x52, 0x54, 0x00, 0x12, 0x34, 0x57}};

/* What statistics must be: the same for both directions, but where they are. */
typedef struct Counts {
    uint32_t frames, broadcasts, multicasts, sizes[6], segmented;
    uint64_t octets;
} Counts;

typedef struct Batch {
    Packet packets[BATCH_MAX];
    Wire wires[BATCH_MAX * MODEL_FRAMES_MAX];
    unsigned n_packets, n_wires, buffers;
} Batch;

static Batch batch; /* too large for a stack */

/* ----------------------------------------------------------------------------------- counts -- */

static void count(Counts *c, const Wire *w)
{
    static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
    size_t octets = w->len + 4;

    c->frames++;
    c->octets += octets;
    c->sizes[octets == 64    ? 0
             : octets < 128  ? 1
             : octets < 256  ? 2
             : octets < 512  ? 3
             : octets < 1024 ? 4
                             : 5]++;
    if (memcmp(w->data, broadcast, 6) == 0) {
        c->broadcasts++;
    } else if (w->data[0] & 1) {
        c->multicasts++;
    }
}

static uint64_t read_octets(E1000Driver *d, uint32_t reg)
{
    uint64_t low = e1000_driver_read(d, reg);

    return low | (uint64_t)e1000_driver_read(d, reg + 4) << 32;
}

static void check_counts(E1000Driver *sender, E1000Driver *receiver, const Counts *c)
{
    static const uint32_t sent[] = {0x4080, 0x40d4, 0x40f4, 0x40f0, 0x40d8},
                          received[] = {0x4074, 0x40d0, 0x4078, 0x407c, 0x405c};
    E1000Driver *d[] = {sender, receiver};
    const uint32_t *const regs[] = {sent, received};
    static const uint32_t octets[][2] = {{0x4090, 0x40c8}, {0x4088, 0x40c0}};

    for (int i = 0; i < 2; i++) {
        g_assert_cmpuint(e1000_driver_read(d[i], regs[i][0]), ==, c->frames);
        g_assert_cmpuint(e1000_driver_read(d[i], regs[i][1]), ==, c->frames);
        g_assert_cmpuint(e1000_driver_read(d[i], regs[i][2]), ==, c->broadcasts);
        g_assert_cmpuint(e1000_driver_read(d[i], regs[i][3]), ==, c->multicasts);
        for (int size = 0; size < 6; size++) {
            g_assert_cmpuint(e1000_driver_read(d[i], regs[i][4] + 4 * size), ==, c->sizes[size]);
        }
        g_assert_cmpuint(read_octets(d[i], octets[i][0]), ==, c->octets);
        g_assert_cmpuint(read_octets(d[i], octets[i][1]), ==, c->octets);
        g_assert_cmpuint(e1000_driver_read(d[i], regs[i][0]), ==, 0); /* it was read */
    }
    g_assert_cmpuint(e1000_driver_read(sender, 0x40f8), ==, c->segmented); /* TSCTC */
    g_assert_cmpuint(e1000_driver_read(sender, 0x40fc), ==, 0);            /* TSCTFC */
    g_assert_cmpuint(e1000_driver_read(receiver, 0x4010), ==, 0);          /* MPC */
}

/* ----------------------------------------------------------------------------------- sending -- */

static void queue_context(E1000Driver *d, const Packet *p)
{
    uint64_t ip = model_ip_offset(p), transport = ip + model_ip_len(p);
    uint64_t offsets = ip | (ip + 10) << 8 | (transport - 1) << 16 | transport << 32 |
                       (uint64_t)model_transport_checksum_offset(p) << 40;

    e1000_driver_queue(d, offsets,
                       TX_CONTEXT | (p->protocol == MODEL_TCP ? TX_CONTEXT_TCP : 0) |
                           (p->ipv6 ? 0 : TX_CONTEXT_IP) | (p->mss ? TX_TSE : 0) | p->payload_len,
                       model_header_len(p) << 8 | (uint32_t)p->mss << 16);
}

/* In up to four pieces, by legacy descriptors where those can do it. */
static void queue_packet(GRand *rand, E1000Driver *d, const Packet *p)
{
    uint8_t frame[sizeof(batch.wires[0].data)];
    size_t len = model_given(p, frame), done = 0;
    bool data =
        p->offload_ip || p->offload_transport || (!p->offload_legacy && g_rand_boolean(rand));
    uint32_t command = TX_IFCS | TX_RS | (p->card_tag ? TX_VLE : 0),
             status = (uint32_t)p->tag << 16;
    unsigned pieces = g_rand_int_range(rand, 1, 5);

    if (p->offload_ip || p->offload_transport) {
        queue_context(d, p);
    }
    if (data) {
        command |= TX_DATA | (p->mss ? TX_TSE : 0);
        status |= (p->offload_ip ? TX_IXSM : 0) | (p->offload_transport ? TX_TXSM : 0);
    } else if (p->offload_legacy) {
        command |= TX_IC | model_transport_checksum_offset(p) << 16;
        status |= (model_ip_offset(p) + model_ip_len(p)) << 8;
    }
    for (unsigned i = 0; i < pieces; i++) {
        size_t part = i + 1 == pieces ? len - done : g_rand_int_range(rand, 0, len - done + 1);

        e1000_driver_queue(d, e1000_driver_data(d, frame + done, part),
                           command | part | (i + 1 == pieces ? TX_EOP : 0), status);
        done += part;
    }
}

/* -------------------------------------------------------------------------------- setting up -- */

static void set_up(GRand *rand, E1000Driver *sender, E1000Driver *receiver, bool loopback,
                   bool *sender_vme, Receiver *r)
{
    unsigned bsize = g_rand_int_range(rand, 0, 4);
    uint32_t rctl;

    *r = (Receiver){.vme = g_rand_boolean(rand),
                    .secrc = g_rand_boolean(rand),
                    .ipofl = g_rand_boolean(rand),
                    .tuofl = g_rand_boolean(rand),
                    .ipv6ofl = g_rand_boolean(rand),
                    .pcss = g_rand_int_range(rand, 0, 80),
                    .buffer_size = 2048 >> bsize};
    *sender_vme = loopback ? r->vme : g_rand_boolean(rand);
    rctl = RCTL_UPE | RCTL_MPE | RCTL_BAM | RCTL_LPE | (r->secrc ? RCTL_SECRC : 0) |
           bsize << RCTL_BSIZE_SHIFT | (loopback ? RCTL_LBM_MAC : 0);
    e1000_driver_start(receiver, rctl);
    if (!loopback) {
        e1000_driver_start(sender, 0);
        e1000_driver_write(sender, CTRL, CTRL_SLU | (*sender_vme ? CTRL_VME : 0));
    }
    e1000_driver_write(receiver, CTRL, CTRL_SLU | (r->vme ? CTRL_VME : 0));
    e1000_driver_write(receiver, RXCSUM,
                       r->pcss | (r->ipofl ? RXCSUM_IPOFL : 0) | (r->tuofl ? RXCSUM_TUOFL : 0) |
                           (r->ipv6ofl ? RXCSUM_IPV6OFL : 0));
}

static void make_batch(GRand *rand, E1000Driver *sender, bool vme, const Receiver *r)
{
    unsigned packets = g_rand_int_range(rand, 1, BATCH_MAX + 1);

    batch.n_packets = batch.n_wires = batch.buffers = 0;
    while (batch.n_packets < packets) {
        Packet *p = &batch.packets[batch.n_packets];
        Wire *wires = &batch.wires[batch.n_wires];
        unsigned n, buffers = 0;

        model_random_packet(rand, p, r->address);
        n = model_wires(p, vme, wires);
        for (unsigned i = 0; i < n; i++) {
            buffers += (wires[i].len + 4 + r->buffer_size - 1) / r->buffer_size;
        }
        if (batch.buffers + buffers >= E1000_RING_SIZE) {
            return;
        }
        batch.buffers += buffers;
        batch.n_wires += n;
        batch.n_packets++;
        queue_packet(rand, sender, p);
    }
}

/* Whether the next frame is there; `far`: it may be on its way through the host. */
static bool next_frame(E1000Driver *receiver, bool far, E1000Frame *frame)
{
    gint64 limit = g_get_monotonic_time() + PATIENCE_US;

    while (!e1000_driver_receive(receiver, frame)) {
        if (!far || g_get_monotonic_time() > limit) {
            return false;
        }
        g_main_context_iteration(NULL, FALSE);
        step(1); /* a card goes on when the network has room again */
    }
    return true;
}

static void check_batch(E1000Driver *receiver, const Receiver *r, bool far)
{
    static E1000Frame expected, got;

    for (unsigned i = 0; i < batch.n_wires; i++) {
        model_received(&batch.wires[i], r, &expected);
        g_assert_true(next_frame(receiver, far, &got));
        g_assert_cmpmem(got.data, got.len, expected.data, expected.len);
        g_assert_cmpuint(got.buffers, ==, expected.buffers);
        g_assert_cmphex(got.status, ==, expected.status);
        g_assert_cmphex(got.errors, ==, expected.errors);
        g_assert_cmphex(got.special, ==, expected.special);
        g_assert_cmphex(got.checksum, ==, expected.checksum);
    }
    g_assert_false(e1000_driver_receive(receiver, &got));
}

/* Some frames with one setup; returns how many. */
static unsigned run_setup(GRand *rand, E1000Driver *sender, E1000Driver *receiver,
                          const uint8_t *address, bool far)
{
    Counts counts = {};
    Receiver r;
    bool vme;

    set_up(rand, sender, receiver, sender == receiver, &vme, &r);
    memcpy(r.address, address, 6);
    while (counts.frames < SETUP_FRAMES) {
        make_batch(rand, sender, vme, &r);
        e1000_driver_kick(sender);
        for (unsigned i = 0; i < batch.n_packets; i++) {
            counts.segmented += batch.packets[i].mss != 0;
        }
        for (unsigned i = 0; i < batch.n_wires; i++) {
            count(&counts, &batch.wires[i]);
        }
        check_batch(receiver, &r, far);
    }
    check_counts(sender, receiver, &counts);
    return counts.frames;
}

static void run(E1000Driver *sender, E1000Driver *receiver, const uint8_t *address, bool far)
{
    GRand *rand = g_rand_new_with_seed(g_test_rand_int());
    unsigned total = 0;

    while (total < FRAMES) {
        total += run_setup(rand, sender, receiver, address, far);
    }
    g_test_message("%u frames", total);
    g_rand_free(rand);
}

/* ------------------------------------------------------------------------------------- cases -- */

static void test_loopback(void)
{
    Rig rig;

    rig_begin(&rig);
    run(&rig.card[0].driver, &rig.card[0].driver, addresses[0], false);
    g_assert_cmpuint(rig.card[0].end.frames->len, ==, 0);
    rig_end(&rig);
}

static End *other_end;

static void pass_on(End *end, const uint8_t *frame, size_t len)
{
    g_ptr_array_set_size(end->frames, 0);
    g_assert_true(net_send(other_end->nc, frame, len));
}

static void test_cable(void)
{
    Rig rig;

    rig_begin(&rig);
    rig_add_card(&rig, 1, &e1000_82545em_class);
    rig.card[0].end.on_frame = pass_on;
    other_end = &rig.card[1].end;
    run(&rig.card[0].driver, &rig.card[1].driver, addresses[1], false);
    rig_end(&rig);
}

/* Through a pair of sockets of the host, as `-netdev` takes them: frames of a stream, or datagrams.
 */
static void test_sockets(const void *format)
{
    static const char *const names[RIG_CARDS] = {"net0", "net1"};
    bool datagrams = g_str_has_prefix(format, "dgram");
    int fds[2];
    Rig rig;

    g_assert_cmpint(socketpair(AF_UNIX, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0, fds), ==, 0);
    rig_begin_empty(&rig);
    for (unsigned n = 0; n < RIG_CARDS; n++) {
        g_autofree char *text =
            g_strdup_printf("%s%d,id=%s", (const char *)format, fds[n], names[n]);
        g_autoptr(GError) err = NULL;
        g_autoptr(Opts) opts = opts_parse(text, "type", &err);

        g_assert_no_error(err);
        netdev_new(opts, &err);
        g_assert_no_error(err);
        rig_put_card(&rig, n, &e1000_class, names[n]);
    }
    run(&rig.card[0].driver, &rig.card[1].driver, addresses[1], true);
    rig_end(&rig);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/e1000/frames/loopback", test_loopback);
    g_test_add_func("/e1000/frames/cable", test_cable);
    g_test_add_data_func("/e1000/frames/socket", "socket,fd=", test_sockets);
    g_test_add_data_func("/e1000/frames/dgram", "dgram,local.type=fd,local.str=", test_sockets);
    return g_test_run();
}
