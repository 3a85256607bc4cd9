/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000's interrupts and their delays, its link, and transmission that has to wait.
 */
#include "e1000-rig.h"

#define US         1000
#define DELAY_UNIT 1024 /* ns, of RDTR, RADV, TIDV, TADV */
#define ITR_UNIT   256

static const uint8_t own[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

static void come(Rig *rig, size_t len)
{
    g_autofree uint8_t *frame = g_malloc0(len);

    memcpy(frame, own, 6);
    g_assert_true(net_send(rig->card[0].end.nc, frame, len));
}

static void go(Rig *rig, unsigned frames, uint32_t command)
{
    E1000Driver *d = &rig->card[0].driver;
    uint8_t frame[60] = {};

    for (unsigned i = 0; i < frames; i++) {
        e1000_driver_queue(d, e1000_driver_data(d, frame, sizeof(frame)),
                           TX_EOP | TX_IFCS | command | sizeof(frame), 0);
    }
    e1000_driver_kick(d);
}

/* Reads, and so clears. */
static uint32_t causes(Rig *rig)
{
    return rig_reg(rig, ICR);
}

static void start(Rig *rig)
{
    e1000_driver_start(&rig->card[0].driver, 0);
    causes(rig);
}

/* ----------------------------------------------------------------------------------- delays -- */

static void test_receive_delays(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig);
    rig_set(&rig, IMS, CAUSE_RXT0);
    come(&rig, 60);
    g_assert_cmpint(rig.line, ==, 1); /* RDTR 0: at once */
    g_assert_cmphex(causes(&rig), ==, CAUSE_RXT0);

    rig_set(&rig, RDTR, 100);
    come(&rig, 60);
    step(99 * DELAY_UNIT);
    come(&rig, 60);
    step(99 * DELAY_UNIT);
    g_assert_cmpint(rig.line, ==, 0);
    step(DELAY_UNIT);
    g_assert_cmpint(rig.line, ==, 1);
    g_assert_cmphex(causes(&rig), ==, CAUSE_RXT0);

    rig_set(&rig, RADV, 250); /* not longer than this from the first on */
    for (int i = 0; i < 3; i++) {
        g_assert_cmpint(rig.line, ==, 0);
        come(&rig, 60);
        step(80 * DELAY_UNIT);
    }
    step(10 * DELAY_UNIT - 1);
    g_assert_cmpint(rig.line, ==, 0);
    step(1);
    g_assert_cmpint(rig.line, ==, 1);
    causes(&rig);
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmpint(rig.line, ==, 0);

    come(&rig, 60);
    rig_set(&rig, RDTR, 100 | 1u << 31); /* FPD */
    g_assert_cmpint(rig.line, ==, 1);
    g_assert_cmphex(rig_reg(&rig, RDTR), ==, 100);
    causes(&rig);
    rig_set(&rig, RDTR, 100 | 1u << 31); /* nothing waits */
    g_assert_cmphex(causes(&rig), ==, 0);
    come(&rig, 60);
    rig_set(&rig, CTRL, CTRL_RST);
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmphex(causes(&rig), ==, 0);
    rig_end(&rig);
}

static void test_small_packets(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig);
    rig_set(&rig, RDTR, 100);
    rig_set(&rig, RSRPD, 104);
    come(&rig, 101); /* 105 are stored */
    g_assert_cmphex(causes(&rig), ==, 0);
    come(&rig, 100);
    g_assert_cmphex(causes(&rig), ==, CAUSE_SRPD);
    rig_end(&rig);
}

static void test_minimum_threshold(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig);
    rig_set(&rig, RDTR, 1000);
    for (unsigned rdmts = 0; rdmts < 3; rdmts++) {
        unsigned threshold = E1000_RING_SIZE >> (1 + rdmts);

        rig_set(&rig, RDT, (rig_reg(&rig, RDH) + E1000_RING_SIZE - 1) % E1000_RING_SIZE);
        rig_set(&rig, RCTL, RCTL_EN | rdmts << 8);
        for (unsigned left = E1000_RING_SIZE - 2; left > threshold; left--) {
            come(&rig, 60);
        }
        g_assert_cmphex(causes(&rig), ==, 0);
        come(&rig, 60);
        g_assert_cmphex(causes(&rig), ==, CAUSE_RXDMT0);
        come(&rig, 60);
        g_assert_cmphex(causes(&rig), ==, 0);
    }
    rig_end(&rig);
}

static void test_transmit_causes(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig);
    go(&rig, 1, 0);
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXQE);
    go(&rig, 1, TX_RS);
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXQE | CAUSE_TXDW);
    rig_set(&rig, TIDV, 10);
    go(&rig, 1, TX_RS | TX_IDE);
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXQE);
    step(10 * DELAY_UNIT);
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXDW);
    go(&rig, 1, TX_IDE); /* means nothing without RS */
    step(10 * DELAY_UNIT);
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXQE);
    rig_set(&rig, TXDCTL, 2u << 25); /* LWTHRESH: 16 */
    go(&rig, 16, 0);
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXQE);
    go(&rig, 17, 0);
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXQE | CAUSE_TXD_LOW);
    rig_end(&rig);
}

/* From one rise of the line to the next it takes ITR; it falls at once. */
static void test_throttle(void)
{
    Rig rig;

    rig_begin(&rig);
    start(&rig);
    rig_set(&rig, IMS, CAUSE_RXT0);
    rig_set(&rig, ITR, 1000);
    come(&rig, 60);
    g_assert_cmpint(rig.line, ==, 1);
    causes(&rig);
    g_assert_cmpint(rig.line, ==, 0);
    come(&rig, 60);
    step(1000 * ITR_UNIT - 1);
    g_assert_cmpint(rig.line, ==, 0);
    step(1);
    g_assert_cmpint(rig.line, ==, 1);
    causes(&rig);
    step(1000 * ITR_UNIT);
    come(&rig, 60);
    g_assert_cmpint(rig.line, ==, 1); /* it was long ago */
    causes(&rig);
    come(&rig, 60);
    causes(&rig);
    step(1000 * ITR_UNIT);
    g_assert_cmpint(rig.line, ==, 0); /* nothing is left to tell */
    come(&rig, 60);
    causes(&rig);
    come(&rig, 60);
    g_assert_cmpint(rig.line, ==, 0);
    rig_set(&rig, ITR, 0);
    g_assert_cmpint(rig.line, ==, 1);
    rig_end(&rig);
}

/* A rig that has started, and whose card has a property turned off. */
static void begin_without(Rig *rig, const char *property)
{
    Device *dev;

    rig_begin(rig);
    device_free(rig->card[0].dev);
    dev = rig->card[0].dev = device_new(&e1000_class.device);
    device_set_str(dev, "romfile", "");
    device_set_str(dev, "addr", "3");
    device_set_str(dev, "netdev", "wire0");
    device_set_bool(dev, property, false);
    device_realize_or_die(dev, &rig->bench.bus->bus);
    device_reset(dev);
    rig_map(&rig->card[0]);
    start(rig);
}

static void test_no_mitigation(void)
{
    Rig rig;

    begin_without(&rig, "mitigation");
    rig_set(&rig, IMS, CAUSE_RXT0 | CAUSE_TXDW);
    rig_set(&rig, ITR, 1000);
    rig_set(&rig, RDTR, 1000);
    rig_set(&rig, TIDV, 1000);
    for (int i = 0; i < 3; i++) {
        come(&rig, 60);
        g_assert_cmpint(rig.line, ==, 1);
        g_assert_cmphex(causes(&rig), ==, CAUSE_RXT0);
        go(&rig, 1, TX_RS | TX_IDE);
        g_assert_cmpint(rig.line, ==, 1);
        g_assert_cmphex(causes(&rig), ==, CAUSE_TXDW | CAUSE_TXQE);
    }
    rig_end(&rig);
}

/* ------------------------------------------------------------------------------------- link -- */

static uint16_t phy_read(Rig *rig, unsigned reg)
{
    rig_set(rig, MDIC, 2u << 26 | 1 << 21 | reg << 16);
    return rig_reg(rig, MDIC);
}

static void phy_write(Rig *rig, unsigned reg, uint16_t val)
{
    rig_set(rig, MDIC, 1u << 26 | 1 << 21 | reg << 16 | val);
}

static bool link_up(Rig *rig)
{
    bool up = rig_reg(rig, STATUS) & STATUS_LU;

    g_assert_cmphex(phy_read(rig, 1) & 0x24, ==, up ? 0x24 : 0); /* link, negotiation complete */
    g_assert_cmphex(phy_read(rig, 0x11) & 0x0400, ==, up ? 0x0400 : 0);
    g_assert_cmphex(phy_read(rig, 5), ==, up ? 0x45e1 : 0);
    return up;
}

static void expect_negotiation(Rig *rig)
{
    g_assert_false(link_up(rig));
    g_assert_cmphex(causes(rig), ==, CAUSE_LSC);
    step(499 * NANOSECONDS_PER_MS);
    g_assert_false(link_up(rig));
    step(NANOSECONDS_PER_MS);
    g_assert_true(link_up(rig));
    g_assert_cmphex(causes(rig), ==, CAUSE_LSC);
}

static void test_negotiation(void)
{
    Rig rig;

    rig_begin(&rig);
    g_assert_true(link_up(&rig)); /* since long, when the machine starts */
    start(&rig);
    phy_write(&rig, 0, 0x1340); /* restart */
    expect_negotiation(&rig);
    phy_write(&rig, 0, 0x9140); /* reset */
    expect_negotiation(&rig);
    rig_set(&rig, CTRL, 1u << 31 | CTRL_SLU); /* PHY_RST */
    expect_negotiation(&rig);
    phy_write(&rig, 0, 0x1940); /* power down */
    g_assert_false(link_up(&rig));
    g_assert_cmphex(causes(&rig), ==, CAUSE_LSC);
    step(NANOSECONDS_PER_SECOND);
    g_assert_false(link_up(&rig));
    phy_write(&rig, 0, 0x1140);
    step(500 * NANOSECONDS_PER_MS);
    g_assert_true(link_up(&rig));
    causes(&rig);

    /* The cable, pulled while it goes on, too. */
    g_assert_true(net_set_link("wire0", false, NULL));
    g_assert_false(link_up(&rig));
    g_assert_cmphex(causes(&rig), ==, CAUSE_LSC);
    g_assert_true(net_set_link("wire0", true, NULL));
    g_assert_cmphex(causes(&rig), ==, 0);
    step(300 * NANOSECONDS_PER_MS);
    g_assert_true(net_set_link("e1000.0", false, NULL));
    step(NANOSECONDS_PER_SECOND);
    g_assert_false(link_up(&rig));
    g_assert_cmphex(causes(&rig), ==, 0);
    g_assert_true(net_set_link("e1000.0", true, NULL));
    step(500 * NANOSECONDS_PER_MS);
    g_assert_true(link_up(&rig));
    g_assert_cmphex(causes(&rig), ==, CAUSE_LSC);

    /* CTRL.RST leaves the PHY alone; a reset of the machine does not wait for it. */
    rig_set(&rig, CTRL, CTRL_RST);
    g_assert_true(link_up(&rig));
    phy_write(&rig, 0, 0x1340);
    device_reset(rig.card[0].dev);
    rig_map(&rig.card[0]);
    g_assert_true(link_up(&rig));
    g_assert_cmphex(causes(&rig), ==, 0);
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmphex(causes(&rig), ==, 0);
    rig_end(&rig);
}

/* What comes while the link is negotiated waits for it; what goes is lost. */
static void test_frames_and_link(void)
{
    static E1000Frame got;
    uint8_t frame[60] = {};
    Rig rig;

    rig_begin(&rig);
    start(&rig);
    phy_write(&rig, 0, 0x1340);
    memcpy(frame, own, 6);
    g_assert_false(net_send(rig.card[0].end.nc, frame, sizeof(frame)));
    g_assert_false(e1000_driver_receive(&rig.card[0].driver, &got));
    step(500 * NANOSECONDS_PER_MS);
    g_assert_true(e1000_driver_receive(&rig.card[0].driver, &got));
    g_assert_true(net_set_link("wire0", false, NULL));
    go(&rig, 3, TX_RS);
    g_assert_cmpuint(rig_reg(&rig, TDH), ==, 3);
    g_assert_cmpuint(rig.card[0].end.frames->len, ==, 0);
    rig_end(&rig);
}

static void test_untimed_negotiation(void)
{
    Rig rig;

    begin_without(&rig, "autonegotiation");
    phy_write(&rig, 0, 0x1340);
    g_assert_true(link_up(&rig));
    g_assert_cmphex(causes(&rig), ==, CAUSE_LSC);
    g_assert_true(net_set_link("wire0", false, NULL));
    g_assert_false(link_up(&rig));
    g_assert_true(net_set_link("wire0", true, NULL));
    g_assert_true(link_up(&rig));
    rig_end(&rig);
}

/* ------------------------------------------------------------------------------ transmission -- */

/* A network without room stops the ring; nothing is lost, and it goes on by itself. */
static void test_network_without_room(void)
{
    End *end;
    Rig rig;

    rig_begin(&rig);
    end = &rig.card[0].end;
    start(&rig);
    end->room = 10;
    go(&rig, 30, TX_RS);
    g_assert_cmpuint(end->frames->len, ==, 10);
    g_assert_cmpuint(rig_reg(&rig, TDH), ==, 11); /* one is kept */
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXDW);
    rig_set(&rig, TDT, rig_reg(&rig, TDT));
    g_assert_cmpuint(rig_reg(&rig, TDH), ==, 11);
    end->room = -1;
    net_client_receive_ready(end->nc);
    g_assert_cmpuint(end->frames->len, ==, 11); /* the rest at the machine's time */
    step(1);
    g_assert_cmpuint(end->frames->len, ==, 30);
    g_assert_cmpuint(rig_reg(&rig, TDH), ==, 30);
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXDW | CAUSE_TXQE);
    rig_end(&rig);
}

/*
 * Data in the card's own registers is refused also where no handler of the card is busy: when the
 * bus may be mastered again. Reading ICR would clear it.
 */
static void test_data_in_own_registers(void)
{
    E1000Driver *d;
    Rig rig;

    rig_begin(&rig);
    d = &rig.card[0].driver;
    start(&rig);
    cfg_writew(rig.card[0].devfn, PCI_COMMAND, PCI_COMMAND_MEMORY);
    e1000_driver_queue(d, rig.card[0].base + ICR, TX_EOP | TX_IFCS | 60, 0);
    e1000_driver_kick(d);
    rig_set(&rig, ICS, CAUSE_LSC);
    cfg_writew(rig.card[0].devfn, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    g_assert_cmpuint(rig_reg(&rig, TDH), ==, 1);
    g_assert_cmphex(causes(&rig), ==, CAUSE_LSC | CAUSE_TXQE);
    g_assert_cmpuint(rig.card[0].end.frames->len, ==, 0);
    g_assert_cmpuint(rig.card[0].dev->owner.reentries, >, 0);
    rig_end(&rig);
}

/* One write of TDT does not take the time of 65000 descriptors. */
static void test_long_ring(void)
{
    enum { RING = 0x500000, COUNT = 0xfff80 / 16 };
    uint32_t before, after;
    Rig rig;

    rig_begin(&rig);
    start(&rig);
    rig_set(&rig, TDBAL, RING);
    rig_set(&rig, TDLEN, 0xfff80);
    rig_set(&rig, TDT, COUNT - 1);
    after = rig_reg(&rig, TDH);
    g_assert_cmpuint(after, <=, 4096);
    do {
        before = after;
        clock_manual_advance(clock_get_ns(VM_CLOCK_VIRTUAL), 1); /* one timer */
        after = rig_reg(&rig, TDH);
        g_assert_cmpuint(after - before, <=, 4096);
        g_assert_cmpuint(after, >, before);
    } while (after != COUNT - 1);
    g_assert_cmphex(causes(&rig), ==, CAUSE_TXQE);

    /* It can be reset, and removed, while it goes on. */
    rig_set(&rig, TDH, 0);
    rig_set(&rig, TDT, COUNT - 1);
    rig_set(&rig, CTRL, CTRL_RST);
    step(1);
    g_assert_cmpuint(rig_reg(&rig, TDH), ==, 0);
    start(&rig);
    rig_set(&rig, TDBAL, RING);
    rig_set(&rig, TDLEN, 0xfff80);
    rig_set(&rig, TDT, COUNT - 1);
    rig_set(&rig, RDTR, 100);
    rig_set(&rig, ITR, 100);
    come(&rig, 60);
    phy_write(&rig, 0, 0x1340);
    rig_end(&rig);
    step(NANOSECONDS_PER_SECOND);
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/e1000/interrupts/receive-delays", test_receive_delays);
    g_test_add_func("/e1000/interrupts/small-packets", test_small_packets);
    g_test_add_func("/e1000/interrupts/minimum-threshold", test_minimum_threshold);
    g_test_add_func("/e1000/interrupts/transmit", test_transmit_causes);
    g_test_add_func("/e1000/interrupts/throttle", test_throttle);
    g_test_add_func("/e1000/interrupts/no-mitigation", test_no_mitigation);
    g_test_add_func("/e1000/link/negotiation", test_negotiation);
    g_test_add_func("/e1000/link/frames", test_frames_and_link);
    g_test_add_func("/e1000/link/untimed", test_untimed_negotiation);
    g_test_add_func("/e1000/transmission/network-without-room", test_network_without_room);
    g_test_add_func("/e1000/transmission/data-in-own-registers", test_data_in_own_registers);
    g_test_add_func("/e1000/transmission/long-ring", test_long_ring);
    return g_test_run();
}
