/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000 receives: filters, buffers, and frames that have to wait for something.
 */
#include "e1000-rig.h"

#define RNBC 0x40a0
#define MPC  0x4010
#define RING (RIG_MEMORY + 0x1000) /* of receive descriptors */

static const uint8_t own[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};

static void make_frame(uint8_t *frame, const uint8_t *destination, size_t len, uint32_t number)
{
    end_fill(frame, len, number);
    memcpy(frame, destination, 6);
    memcpy(frame + 6, "\x02\x11\x22\x33\x44\x55\x88\xb5", 8);
}

static bool send_to(Rig *rig, const uint8_t *destination, size_t len, uint32_t number)
{
    g_autofree uint8_t *frame = g_malloc(len);

    make_frame(frame, destination, len, number);
    return net_send(rig->card[0].end.nc, frame, len);
}

/* That send_to(destination, len, number) is what comes next; its status. */
static uint8_t expect(Rig *rig, const uint8_t *destination, size_t len, uint32_t number)
{
    static E1000Frame got;
    g_autofree uint8_t *frame = g_malloc(len);

    make_frame(frame, destination, len, number);
    g_assert_true(e1000_driver_receive(&rig->card[0].driver, &got));
    g_assert_cmpmem(got.data, got.len, frame, len);
    return got.status;
}

static void expect_none(Rig *rig)
{
    static E1000Frame got;

    g_assert_false(e1000_driver_receive(&rig->card[0].driver, &got));
}

static void start(Rig *rig, uint32_t rctl)
{
    e1000_driver_start(&rig->card[0].driver, rctl | RCTL_SECRC);
}

/* 0: does not pass; else the status, but what all have. */
#define PASSED 0x100
static unsigned passes(Rig *rig, const uint8_t *destination)
{
    static E1000Frame got;

    g_assert_true(send_to(rig, destination, 100, 1));
    if (!e1000_driver_receive(&rig->card[0].driver, &got)) {
        return 0;
    }
    return PASSED | (got.status & RX_PIF);
}

/* ----------------------------------------------------------------------------------- filter -- */

static void set_address(Rig *rig, unsigned n, const uint8_t *address, uint32_t flags)
{
    rig_set(rig, RAL0 + 8 * n, pci_get_long(address));
    rig_set(rig, RAH0 + 8 * n, pci_get_word(address + 4) | flags);
}

static void test_exact(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig, 0);
    g_assert_cmphex(passes(&rig, own), ==, PASSED);
    g_assert_cmphex(passes(&rig, broadcast), ==, 0);
    for (unsigned n = 1; n < 16; n++) {
        uint8_t address[6] = {n & 1 ? 0x03 : 0x02, 1, 2, 3, 4, n};

        g_assert_cmphex(passes(&rig, address), ==, 0);
        set_address(&rig, n, address, 0);
        g_assert_cmphex(passes(&rig, address), ==, 0);
        set_address(&rig, n, address, RAH_AV);
        g_assert_cmphex(passes(&rig, address), ==, PASSED);
        set_address(&rig, n, address, RAH_AV | 1 << 16); /* as a source */
        g_assert_cmphex(passes(&rig, address), ==, 0);
        set_address(&rig, n, address, RAH_AV | 2 << 16); /* reserved */
        g_assert_cmphex(passes(&rig, address), ==, 0);
    }
    set_address(&rig, 15, (const uint8_t *)"\x02\x11\x22\x33\x44\x55", RAH_AV | 1 << 16);
    g_assert_cmphex(passes(&rig, broadcast), ==, PASSED);            /* for its source */
    g_assert_cmpuint(rig_reg(&rig, 0x40d0), ==, 1 + 1 + 15 * 5 + 1); /* TPR: all that came */
    rig_end(&rig);
}

static void test_casts(void)
{
    static const uint8_t multicast[6] = {0x01, 0, 0x5e, 0, 0, 1}, other[6] = {2, 2, 2, 2, 2, 2};
    Rig rig;

    rig_begin(&rig);
    start(&rig, RCTL_BAM);
    g_assert_cmphex(passes(&rig, broadcast), ==, PASSED);
    g_assert_cmphex(passes(&rig, multicast), ==, 0);
    g_assert_cmphex(passes(&rig, other), ==, 0);
    start(&rig, RCTL_MPE);
    g_assert_cmphex(passes(&rig, broadcast), ==, PASSED | RX_PIF);
    g_assert_cmphex(passes(&rig, multicast), ==, PASSED | RX_PIF);
    g_assert_cmphex(passes(&rig, other), ==, 0);
    start(&rig, RCTL_UPE);
    g_assert_cmphex(passes(&rig, broadcast), ==, 0);
    g_assert_cmphex(passes(&rig, multicast), ==, 0);
    g_assert_cmphex(passes(&rig, other), ==, PASSED | RX_PIF);
    g_assert_cmphex(passes(&rig, own), ==, PASSED);
    rig_end(&rig);
}

/* The manual's example: with MO 0 the address xx:xx:xx:xx:9x:BC is bit 9 of row 94. */
static void test_hash(void)
{
    static const uint8_t example[6] = {0x01, 0, 0, 0, 0x90, 0xbc};
    static const unsigned low_bit[] = {36, 35, 34, 32}; /* of the address, as a number */
    Rig rig;

    rig_begin(&rig);
    start(&rig, 0);
    rig_set(&rig, MTA + 4 * 94, 1 << 9);
    g_assert_cmphex(passes(&rig, example), ==, PASSED | RX_PIF);
    for (unsigned mo = 0; mo < 4; mo++) {
        start(&rig, mo << RCTL_MO_SHIFT);
        for (int i = 0; i < 200; i++) {
            uint64_t number = ((uint64_t)g_test_rand_int() << 16 | 1) & ~UINT64_C(2);
            unsigned hash = number >> low_bit[mo] & 0xfff;
            uint8_t address[6];

            for (int byte = 0; byte < 6; byte++) {
                address[byte] = number >> 8 * byte;
            }
            rig_set(&rig, MTA + 4 * (hash / 32), ~(1u << hash % 32));
            g_assert_cmphex(passes(&rig, address), ==, 0);
            rig_set(&rig, MTA + 4 * (hash / 32), 1u << hash % 32);
            g_assert_cmphex(passes(&rig, address), ==, PASSED | RX_PIF);
            address[0] &= ~1; /* not for unicasts */
            g_assert_cmphex(passes(&rig, address), ==, 0);
            rig_set(&rig, MTA + 4 * (hash / 32), 0);
        }
    }
    rig_end(&rig);
}

static bool tag_passes(Rig *rig, uint16_t type, uint16_t tag)
{
    static E1000Frame got;
    uint8_t frame[80];

    make_frame(frame, own, sizeof(frame), 1);
    frame[12] = type >> 8;
    frame[13] = type;
    frame[14] = tag >> 8;
    frame[15] = tag;
    g_assert_true(net_send(rig->card[0].end.nc, frame, sizeof(frame)));
    return e1000_driver_receive(&rig->card[0].driver, &got);
}

static void test_vlan_filter(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig, RCTL_VFE);
    g_assert_true(tag_passes(&rig, 0x88b5, 5));
    g_assert_false(tag_passes(&rig, 0x8100, 5));
    rig_set(&rig, VFTA, 1 << 5);
    rig_set(&rig, VFTA + 4 * 127, 1u << 31);
    g_assert_true(tag_passes(&rig, 0x8100, 0xf005)); /* CFI is not looked at */
    g_assert_true(tag_passes(&rig, 0x8100, 0x0fff));
    g_assert_false(tag_passes(&rig, 0x8100, 6));
    rig_set(&rig, RCTL, RCTL_EN | RCTL_VFE | RCTL_CFIEN);
    g_assert_true(tag_passes(&rig, 0x8100, 0xe005));
    g_assert_false(tag_passes(&rig, 0x8100, 0x1005));
    rig_set(&rig, RCTL, RCTL_EN | RCTL_VFE | RCTL_CFIEN | RCTL_CFI);
    g_assert_false(tag_passes(&rig, 0x8100, 0x0005));
    g_assert_true(tag_passes(&rig, 0x8100, 0x1005));
    rig_set(&rig, VET, 0x88a8);
    g_assert_true(tag_passes(&rig, 0x8100, 6));
    g_assert_false(tag_passes(&rig, 0x88a8, 6));
    rig_set(&rig, RCTL, RCTL_EN);
    g_assert_true(tag_passes(&rig, 0x88a8, 6));
    rig_end(&rig);
}

static unsigned filter_changes;

static void note_change(NetClient *nc)
{
    filter_changes++;
}

static void test_describe(void)
{
    static const NetMonitor monitor = {.rx_filter_changed = note_change};
    static const uint8_t unicast[6] = {2, 0, 0, 0, 0, 9}, multicast[6] = {1, 0, 0, 0, 0, 9};
    NetRxFilter filter;
    NetClient *nc;
    Rig rig;

    rig_begin(&rig);
    net_set_monitor(&monitor);
    nc = net_client_find("e1000.0");
    g_assert_nonnull(nc);
    g_assert_true(net_rx_filter_query(nc, &filter));
    g_assert_cmpint(filter.unicast, ==, NET_RX_NONE);
    g_assert_cmpmem(filter.main_mac, 6, own, 6);
    net_rx_filter_clear(&filter);

    start(&rig, RCTL_BAM);
    set_address(&rig, 1, unicast, RAH_AV);
    set_address(&rig, 2, multicast, RAH_AV);
    g_assert_true(net_rx_filter_query(nc, &filter));
    g_assert_cmpint(filter.unicast, ==, NET_RX_NORMAL);
    g_assert_cmpint(filter.multicast, ==, NET_RX_NORMAL);
    g_assert_cmpint(filter.vlan, ==, NET_RX_ALL);
    g_assert_true(filter.broadcast_allowed);
    g_assert_false(filter.promiscuous || filter.multicast_overflow);
    g_assert_cmpuint(filter.unicast_table->len, ==, 1);
    g_assert_cmpmem(filter.unicast_table->data, 6, unicast, 6);
    g_assert_cmpuint(filter.multicast_table->len, ==, 1);
    g_assert_cmpmem(filter.multicast_table->data, 6, multicast, 6);
    net_rx_filter_clear(&filter);

    filter_changes = 0;
    rig_set(&rig, VFTA + 4, 1 << 3);
    rig_set(&rig, MTA + 8, 1);
    rig_set(&rig, RCTL, RCTL_EN | RCTL_UPE | RCTL_MPE | RCTL_VFE);
    g_assert_cmpuint(filter_changes, ==, 1); /* until it is asked for */
    g_assert_true(net_rx_filter_query(nc, &filter));
    g_assert_cmpint(filter.unicast, ==, NET_RX_ALL);
    g_assert_cmpint(filter.multicast, ==, NET_RX_ALL);
    g_assert_cmpint(filter.vlan, ==, NET_RX_NORMAL);
    g_assert_true(filter.promiscuous && filter.multicast_overflow);
    g_assert_cmpuint(filter.vlan_table->len, ==, 1);
    g_assert_cmpuint(g_array_index(filter.vlan_table, uint16_t, 0), ==, 35);
    net_rx_filter_clear(&filter);
    net_set_monitor(NULL);
    rig_end(&rig);
}

/* ---------------------------------------------------------------------------------- buffers -- */

/* Every size of buffers: how the frame is cut, and that nothing lies behind a buffer's end. */
static void test_buffer_sizes(void)
{
    static const struct {
        bool bsex;
        uint8_t bsize;
        uint16_t size;
    } rows[] = {{false, 0, 2048}, {false, 1, 1024}, {false, 2, 512}, {false, 3, 256},
                {true, 1, 16384}, {true, 2, 8192},  {true, 3, 4096}};
    enum { LEN = 9000, BUFFER = 0x400000, ROOM = 0x8000 };
    g_autofree uint8_t *frame = g_malloc(LEN), *got = g_malloc(ROOM);
    Rig rig;

    rig_begin(&rig);
    make_frame(frame, own, LEN, 3);
    for (size_t row = 0; row < G_N_ELEMENTS(rows); row++) {
        unsigned n = 0;

        start(&rig, 0);
        for (unsigned desc = 0; desc < E1000_RING_SIZE; desc++) {
            address_space_stq_le(&address_space_memory, RING + 16 * desc, BUFFER + desc * ROOM,
                                 NULL);
        }
        for (unsigned i = 0; i < LEN / 256 + 1; i++) {
            memset(got, 0xee, ROOM);
            rig_write(NULL, BUFFER + i * ROOM, got, ROOM);
        }
        rig_set(&rig, RCTL,
                RCTL_EN | RCTL_SECRC | RCTL_LPE | (rows[row].bsex ? RCTL_BSEX : 0) |
                    rows[row].bsize << RCTL_BSIZE_SHIFT);
        g_assert_true(net_send(rig.card[0].end.nc, frame, LEN));
        for (unsigned done = 0; done < LEN; n++) {
            unsigned part = MIN(rows[row].size, LEN - done);
            hwaddr desc = RING + 16 * n;
            bool last = done + part == LEN;

            g_assert_cmpuint(address_space_lduw_le(&address_space_memory, desc + 8, NULL), ==,
                             part);
            g_assert_cmphex(address_space_ldub(&address_space_memory, desc + 12, NULL), ==,
                            last ? RX_DD | RX_EOP | RX_IXSM : RX_DD);
            rig_read(NULL, BUFFER + n * ROOM, got, ROOM);
            g_assert_cmpmem(got, part, frame + done, part);
            g_assert_cmphex(got[part], ==, 0xee);
            done += part;
        }
        g_assert_cmpuint(rig_reg(&rig, RDH), ==, n);
    }
    rig_end(&rig);
}

/* Descriptors without a buffer are passed over, and done. */
static void test_null_descriptors(void)
{
    Rig rig;
    uint8_t frame[700];

    rig_begin(&rig);
    start(&rig, 3 << RCTL_BSIZE_SHIFT);
    make_frame(frame, own, sizeof(frame), 1);
    for (unsigned n = 0; n < 7; n += 2) {
        address_space_stq_le(&address_space_memory, RING + 16 * n, 0, NULL);
    }
    g_assert_true(net_send(rig.card[0].end.nc, frame, sizeof(frame)));
    g_assert_cmpuint(rig_reg(&rig, RDH), ==, 6);
    for (unsigned n = 0; n < 6; n++) {
        hwaddr desc = RING + 16 * n;
        unsigned len = n % 2 == 0 ? 0 : n == 5 ? 700 - 512 : 256;

        g_assert_cmpuint(address_space_lduw_le(&address_space_memory, desc + 8, NULL), ==, len);
        g_assert_cmphex(address_space_ldub(&address_space_memory, desc + 12, NULL) & 3, ==,
                        n == 5 ? RX_DD | RX_EOP : RX_DD);
    }
    rig_end(&rig);
}

/* The longest ring without any buffer: no frame may cost a walk through it. */
static void test_ring_without_buffers(void)
{
    enum { LONG_RING = 0x500000 };
    Rig rig;

    rig_begin(&rig);
    start(&rig, 0);
    rig_set(&rig, RDBAL, LONG_RING);
    rig_set(&rig, RDLEN, 0xfff80);
    rig_set(&rig, RDT, 0xfff80 / 16 - 1);
    rig_set(&rig, ICR, ~0u);
    g_assert_true(send_to(&rig, own, 100, 1));
    g_assert_cmpuint(rig_reg(&rig, MPC), ==, 1);
    g_assert_cmphex(rig_reg(&rig, ICR), ==, CAUSE_RXO);
    address_space_stq_le(&address_space_memory, LONG_RING + 16 * 511, 0x400000, NULL);
    g_assert_true(send_to(&rig, own, 100, 1));
    g_assert_cmpuint(rig_reg(&rig, RDH), ==, 512);
    rig_end(&rig);
}

/* --------------------------------------------------------------------------------- waiting -- */

/* A full ring: what does not fit waits, in order, and comes with the write of RDT that makes room.
 */
static void test_full_ring(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig, 0);
    for (unsigned i = 0; i < E1000_RING_SIZE - 1; i++) {
        g_assert_true(send_to(&rig, own, 100, i));
    }
    g_assert_cmpuint(rig_reg(&rig, RDH), ==, rig_reg(&rig, RDT));
    for (unsigned i = 0; i < 200; i++) {
        g_assert_false(send_to(&rig, own, 100, E1000_RING_SIZE - 1 + i));
    }
    g_assert_cmpuint(rig_reg(&rig, RNBC), ==, 1);
    g_assert_cmpuint(rig.card[0].end.send_ready, ==, 0);
    for (unsigned i = 0; i < E1000_RING_SIZE - 1 + 200; i++) {
        expect(&rig, own, 100, i);
    }
    expect_none(&rig);
    g_assert_cmpuint(rig.card[0].end.send_ready, ==, 1);
    g_assert_cmpuint(rig_reg(&rig, MPC), ==, 0);
    g_assert_true(send_to(&rig, own, 100, 1000));
    expect(&rig, own, 100, 1000);
    rig_end(&rig);
}

/* A frame of several buffers does not come in part. */
static void test_too_few_buffers(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig, 3 << RCTL_BSIZE_SHIFT);
    rig_set(&rig, RDT, 5);
    g_assert_false(send_to(&rig, own, 1500, 1)); /* 6 buffers */
    g_assert_cmpuint(rig_reg(&rig, RDH), ==, 0);
    g_assert_cmphex(address_space_ldub(&address_space_memory, RING + 12, NULL), ==, 0);
    rig_set(&rig, RDT, 6);
    g_assert_cmpuint(rig_reg(&rig, RDH), ==, 6);

    /* No ring of this size can take it: it is missed, and those behind it are not held up. */
    rig_set(&rig, RCTL, 0);
    rig_set(&rig, RDLEN, 128);
    rig_set(&rig, RDH, 0);
    rig_set(&rig, RDT, 7);
    rig_set(&rig, ICR, ~0u);
    rig_set(&rig, RCTL, RCTL_EN | RCTL_LPE | 3 << RCTL_BSIZE_SHIFT);
    g_assert_true(send_to(&rig, own, 7 * 256 - 4 + 1, 2));
    g_assert_cmpuint(rig_reg(&rig, MPC), ==, 1);
    g_assert_cmphex(rig_reg(&rig, ICR), ==, CAUSE_RXO);
    g_assert_true(send_to(&rig, own, 7 * 256 - 4, 3));
    g_assert_cmpuint(rig_reg(&rig, RDH), ==, 7);
    rig_end(&rig);
}

static void test_waits_for_enable(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig, 0);
    rig_set(&rig, RCTL, RCTL_SECRC);
    g_assert_false(send_to(&rig, own, 100, 1));
    expect_none(&rig);
    rig_set(&rig, RCTL, RCTL_EN | RCTL_SECRC);
    expect(&rig, own, 100, 1);

    cfg_writew(rig.card[0].devfn, PCI_COMMAND, PCI_COMMAND_MEMORY);
    g_assert_false(send_to(&rig, own, 100, 2));
    expect_none(&rig);
    cfg_writew(rig.card[0].devfn, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    expect(&rig, own, 100, 2);

    rig_set(&rig, CTRL, rig_reg(&rig, CTRL) & ~CTRL_SLU);
    g_assert_false(send_to(&rig, own, 100, 3));
    expect_none(&rig);
    rig_set(&rig, CTRL, rig_reg(&rig, CTRL) | CTRL_SLU);
    expect(&rig, own, 100, 3);
    rig_end(&rig);
}

static void test_reset_forgets(void)
{
    Rig rig;

    rig_begin(&rig);
    for (int way = 0; way < 2; way++) {
        start(&rig, 0);
        rig_set(&rig, RCTL, 0);
        g_assert_false(send_to(&rig, own, 100, 1));
        if (way) {
            device_reset(rig.card[0].dev);
            rig_map(&rig.card[0]);
        }
        start(&rig, 0);
        expect_none(&rig);
        g_assert_true(send_to(&rig, own, 100, 2));
        expect(&rig, own, 100, 2);
    }
    rig_end(&rig);
}

/*
 * A frame from the network, which no handler of the card is busy with, is stored over TDT: it is
 * refused, and counted.
 */
static void test_buffer_in_own_registers(void)
{
    uint8_t frame[0x800];
    Rig rig;

    rig_begin(&rig);
    start(&rig, 0);
    for (unsigned i = 0; i < sizeof(frame); i++) {
        frame[i] = i % 4 == 0 ? 5 : 0;
    }
    memcpy(frame, own, 6);
    rig_set(&rig, RCTL, rig_reg(&rig, RCTL) | RCTL_LPE);
    address_space_stq_le(&address_space_memory, RING, rig.card[0].base + 0x3400, NULL);
    g_assert_true(net_send(rig.card[0].end.nc, frame, sizeof(frame)));
    g_assert_cmpuint(rig_reg(&rig, TDT), ==, 0);
    g_assert_cmpuint(rig_reg(&rig, RDH), ==, 1);
    g_assert_cmpuint(rig.card[0].dev->owner.reentries, >, 0);
    g_assert_false(rig.card[0].dev->owner.busy);
    rig_end(&rig);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/e1000/filter/exact", test_exact);
    g_test_add_func("/e1000/filter/casts", test_casts);
    g_test_add_func("/e1000/filter/hash", test_hash);
    g_test_add_func("/e1000/filter/vlan", test_vlan_filter);
    g_test_add_func("/e1000/filter/describe", test_describe);
    g_test_add_func("/e1000/buffers/sizes", test_buffer_sizes);
    g_test_add_func("/e1000/buffers/null-descriptors", test_null_descriptors);
    g_test_add_func("/e1000/buffers/none", test_ring_without_buffers);
    g_test_add_func("/e1000/waiting/full-ring", test_full_ring);
    g_test_add_func("/e1000/waiting/too-few-buffers", test_too_few_buffers);
    g_test_add_func("/e1000/waiting/enable", test_waits_for_enable);
    g_test_add_func("/e1000/waiting/reset-forgets", test_reset_forgets);
    g_test_add_func("/e1000/buffer-in-own-registers", test_buffer_in_own_registers);
    return g_test_run();
}
