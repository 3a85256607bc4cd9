/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000 in the whole machine: every register, every kind of descriptor, and what a hostile
 * guest may try. Frames come back through the card's own loopback.
 */
#include "e1000-driver.h"
#include "vm.h"

#define BAR    0xe0000000u
#define MEMORY 0x100000 /* of the driver */
#define SPARE  0x400000 /* memory for tests, below 16 MiB */
#define MACHINE                                                                                    \
    "-m 16 -nodefaults -device %s,romfile=,addr=3,mac=52:54:00:12:34:56,autonegotiation=off"
#define CARD PCI_DEVFN(3, 0)

static const uint8_t own_address[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

static uint32_t vm_reg_read(void *opaque, uint32_t reg)
{
    return readl(opaque, BAR + reg);
}

static void vm_reg_write(void *opaque, uint32_t reg, uint32_t val)
{
    writel(opaque, BAR + reg, val);
}

static void vm_mem_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
    if (len) {
        vm_read(opaque, addr, buf, len);
    }
}

static void vm_mem_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
    if (len) {
        vm_write(opaque, addr, buf, len);
    }
}

static const E1000DriverOps vm_ops = {
    .read_reg = vm_reg_read,
    .write_reg = vm_reg_write,
    .read = vm_mem_read,
    .write = vm_mem_write,
};

static Vm *start_model(const char *model)
{
    Vm *vm = vm_start(MACHINE, model);

    pci_writel(vm, CARD, 0x10, BAR);
    pci_writew(vm, CARD, 0x04, 6); /* memory, bus master */
    return vm;
}

/* With the loopback on, and rings. */
static Vm *start(E1000Driver *d)
{
    Vm *vm = start_model("e1000");

    *d = (E1000Driver){.ops = &vm_ops, .opaque = vm, .memory = MEMORY};
    e1000_driver_start(d, RCTL_LBM_MAC | RCTL_UPE | RCTL_BAM | RCTL_SECRC);
    return vm;
}

static uint32_t get(E1000Driver *d, uint32_t reg)
{
    return e1000_driver_read(d, reg);
}

static void set(E1000Driver *d, uint32_t reg, uint32_t val)
{
    e1000_driver_write(d, reg, val);
}

static void put16(uint8_t *at, uint16_t val)
{
    at[0] = val >> 8;
    at[1] = val;
}

static uint16_t get16(const uint8_t *at)
{
    return at[0] << 8 | at[1];
}

/* A frame to the card itself, of no protocol. */
static void make_frame(uint8_t *frame, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        frame[i] = i * 7 + len;
    }
    memcpy(frame, own_address, 6);
    put16(frame + 12, 0x88b5);
}

/* That the card still does what it should. */
static void check_alive(E1000Driver *d)
{
    static E1000Frame got;
    uint8_t frame[100];

    e1000_driver_start(d, RCTL_LBM_MAC | RCTL_SECRC);
    make_frame(frame, sizeof(frame));
    e1000_driver_send(d, frame, sizeof(frame));
    g_assert_true(e1000_driver_receive(d, &got));
    g_assert_cmpmem(got.data, got.len, frame, sizeof(frame));
    g_assert_false(e1000_driver_receive(d, &got));
}

static void expect(E1000Driver *d, const uint8_t *frame, size_t len)
{
    static E1000Frame got;

    g_assert_true(e1000_driver_receive(d, &got));
    g_assert_cmpmem(got.data, got.len, frame, len);
}

static void expect_none(E1000Driver *d)
{
    static E1000Frame got;

    g_assert_false(e1000_driver_receive(d, &got));
}

/* ------------------------------------------------------------------------------- registers -- */

#define ONES 0xffffffff

/* After reset, after ones were written, after zeros: `count` of them, `stride` bytes apart. */
static const struct {
    uint32_t reg, reset, ones, zeros;
    unsigned count, stride;
} register_rows[] = {
    {0x0000, 0x00140241, 0x5bfc1be9, 0x00000000, 1, 4}, /* CTRL; not the bits that reset */
    {0x0008, 0x80000681 & 0xfff, 0x681, 0x681, 1, 4},   /* STATUS: no link */
    {0x0018, 0x00000000, 0x00c0bfff, 0, 1, 4},          /* CTRL_EXT */
    {0x001c, 0x00000000, 0x0000000f, 0, 1, 4},          /* FLA */
    {0x0028, 0x00c28001, ONES, 0, 1, 4},                /* FCAL */
    {0x002c, 0x00000100, 0x0000ffff, 0, 1, 4},          /* FCAH */
    {0x0030, 0x00008808, 0x0000ffff, 0, 1, 4},          /* FCT */
    {0x0038, 0x00008100, 0x0000ffff, 0, 1, 4},          /* VET */
    {0x00c4, 0x00000000, 0x0000ffff, 0, 1, 4},          /* ITR */
    {0x0100, 0x00000000, 0x06dfb3fe, 0, 1, 4},          /* RCTL */
    {0x0170, 0x00000000, 0x0000ffff, 0, 1, 4},          /* FCTTV */
    {0x0178, 0x00000000, 0xc000ffff, 0, 1, 4},          /* TXCW */
    {0x0180, 0x00000000, 0x00000000, 0, 1, 4},          /* RXCW */
    {0x0400, 0x00000000, 0x01fffffa, 0, 1, 4},          /* TCTL */
    {0x0410, 0x00602008, 0x3fffffff, 0, 1, 4},          /* TIPG */
    {0x0458, 0x00000000, 0x0000ffff, 0, 1, 4},          /* AIT */
    {0x0e00, 0x07068302, 0xcfcfcfcf, 0, 1, 4},          /* LEDCTL; two bits are fixed */
    {0x1000, 0x00100030, 0x0010ffff, 0x00100000, 1, 4}, /* PBA */
    {0x2160, 0x00000000, 0x8000fff8, 0, 1, 4},          /* FCRTL */
    {0x2168, 0x00000000, 0x0000fff8, 0, 1, 4},          /* FCRTH */
    {0x2410, 0x00000000, 0x00001fff, 0, 5, 8},          /* RDFH, RDFT, RDFHS, RDFTS, RDFPC */
    {0x2800, 0x00000000, 0xfffffff0, 0, 1, 4},          /* RDBAL */
    {0x2804, 0x00000000, ONES, 0, 1, 4},                /* RDBAH */
    {0x2808, 0x00000000, 0x000fff80, 0, 1, 4},          /* RDLEN */
    {0x2810, 0x00000000, 0x0000ffff, 0, 1, 4},          /* RDH */
    {0x2818, 0x00000000, 0x0000ffff, 0, 1, 4},          /* RDT */
    {0x2820, 0x00000000, 0x0000ffff, 0, 1, 4},          /* RDTR */
    {0x2828, 0x00010000, 0x013f3f3f, 0, 1, 4},          /* RXDCTL */
    {0x282c, 0x00000000, 0x0000ffff, 0, 1, 4},          /* RADV */
    {0x2c00, 0x00000000, 0x00000fff, 0, 1, 4},          /* RSRPD */
    {0x3000, 0x00000000, 0x00000001, 0, 1, 4},          /* TXDMAC */
    {0x3410, 0x00000000, 0x00001fff, 0, 5, 8},          /* TDFH, TDFT, TDFHS, TDFTS, TDFPC */
    {0x3800, 0x00000000, 0xfffffff0, 0, 1, 4},          /* TDBAL */
    {0x3804, 0x00000000, ONES, 0, 1, 4},                /* TDBAH */
    {0x3808, 0x00000000, 0x000fff80, 0, 1, 4},          /* TDLEN */
    {0x3810, 0x00000000, 0x0000ffff, 0, 1, 4},          /* TDH */
    {0x3818, 0x00000000, 0x0000ffff, 0, 1, 4},          /* TDT */
    {0x3820, 0x00000000, 0x0000ffff, 0, 1, 4},          /* TIDV */
    {0x3828, 0x00000000, 0xff3f3f3f, 0, 1, 4},          /* TXDCTL */
    {0x382c, 0x00000000, 0x0000ffff, 0, 1, 4},          /* TADV */
    {0x3830, 0x01000400, ONES, 0, 1, 4},                /* TSPMT */
    {0x4000, 0x00000000, 0x00000000, 0, 64, 4},         /* statistics */
    {0x5000, 0x00000000, 0x000007ff, 0, 1, 4},          /* RXCSUM */
    {0x5200, 0x00000000, ONES, 0, 128, 4},              /* MTA */
    {0x5408, 0x00000000, ONES, 0, 15, 8},               /* RAL, but the first */
    {0x540c, 0x00000000, 0x8003ffff, 0, 15, 8},         /* RAH */
    {0x5600, 0x00000000, ONES, 0, 128, 4},              /* VFTA */
    {0x5800, 0x00000000, 0x0000000f, 0, 1, 4},          /* WUC */
    {0x5808, 0x00000000, 0x000f80ff, 0, 1, 4},          /* WUFC */
    {0x5810, 0x00000000, 0x00000000, 0, 1, 4},          /* WUS */
    {0x5820, 0x00000000, ONES, 0, 1, 4},                /* MANC */
    {0x5838, 0x00000000, 0x0001000f, 0, 1, 4},          /* IPAV */
    {0x5840, 0x00000000, ONES, 0, 4, 8},                /* IP4AT */
    {0x5880, 0x00000000, ONES, 0, 4, 4},                /* IP6AT */
    {0x5900, 0x00000000, 0x00000000, 0, 1, 4},          /* WUPL */
    {0x5a00, 0x00000000, 0x00000000, 0, 32, 4},         /* WUPM */
    {0x5f00, 0x00000000, 0x000007ff, 0, 4, 8},          /* FFLT */
    {0x9000, 0x00000000, 0x0000000f, 0, 128, 8},        /* FFMT */
    {0x9800, 0x00000000, ONES, 0, 128, 8},              /* FFVT */
};

static void check_registers(Vm *vm, uint32_t value_of_row(size_t row))
{
    for (size_t i = 0; i < G_N_ELEMENTS(register_rows); i++) {
        for (unsigned n = 0; n < register_rows[i].count; n++) {
            uint32_t reg = register_rows[i].reg + n * register_rows[i].stride;
            uint32_t got = readl(vm, BAR + reg), expected = value_of_row(i);

            if (got != expected) {
                g_error("register %04x is %08x, not %08x", reg, got, expected);
            }
        }
    }
}

static uint32_t reset_value(size_t row)
{
    return register_rows[row].reset;
}

static void test_registers(const void *model)
{
    Vm *vm = start_model(model);

    check_registers(vm, reset_value);
    for (size_t i = 0; i < G_N_ELEMENTS(register_rows); i++) {
        unsigned last = register_rows[i].count - 1;

        /* of an array the first and the last, and a neighbour that must not change */
        for (unsigned n = 0;; n = last) {
            uint32_t addr = BAR + register_rows[i].reg + n * register_rows[i].stride;

            writel(vm, addr, register_rows[i].reg == CTRL ? 0x7bffffff & ~CTRL_RST : ONES);
            g_assert_cmphex(readl(vm, addr), ==, register_rows[i].ones);
            writel(vm, addr, 0);
            g_assert_cmphex(readl(vm, addr), ==, register_rows[i].zeros);
            writel(vm, addr, register_rows[i].reg == CTRL ? 0 : ONES);
            if (n == last) {
                break;
            }
        }
    }
    writel(vm, BAR + CTRL, CTRL_RST);
    check_registers(vm, reset_value);
    g_assert_cmphex(readl(vm, BAR + RAL0), ==, 0x12005452);
    g_assert_cmphex(readl(vm, BAR + RAH0), ==, 0x80005634);
    vm_stop(vm);
}

static uint32_t phy_read(Vm *vm, unsigned reg)
{
    writel(vm, BAR + MDIC, 2u << 26 | 1 << 21 | reg << 16);
    return readl(vm, BAR + MDIC) & 0xffff;
}

static void test_models(void)
{
    static const struct {
        const char *name;
        uint16_t device, phy;
    } models[] = {{"e1000", 0x100e, 0x0c20},
                  {"e1000-82540em", 0x100e, 0x0c20},
                  {"e1000-82544gc", 0x1008, 0x0c30},
                  {"e1000-82545em", 0x100f, 0x0c20}};

    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        Vm *vm = start_model(models[i].name);

        g_assert_cmphex(pci_readl(vm, CARD, 0), ==, (uint32_t)models[i].device << 16 | 0x8086);
        g_assert_cmphex(phy_read(vm, 3), ==, models[i].phy);
        writel(vm, BAR + EERD, 0x0d << 8 | 1); /* the EEPROM's device id */
        g_assert_cmphex(readl(vm, BAR + EERD) >> 16, ==, models[i].device);
        vm_stop(vm);
    }
}

/* ------------------------------------------------------------------------------ descriptors -- */

/* An IPv4 packet of TCP or UDP, with the pseudo header's sum where the card makes the checksum. */
#define IP_OFFSET  14
#define TCP_OFFSET 34
#define TCP_HEADER (TCP_OFFSET + 20)

static uint16_t sum16(uint32_t sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        sum += data[i] << (i & 1 ? 0 : 8);
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static void make_tcp(uint8_t *frame, size_t payload, bool whole)
{
    size_t len = TCP_HEADER + payload;

    memset(frame, 0, TCP_HEADER);
    memcpy(frame, own_address, 6);
    put16(frame + 12, 0x0800);
    frame[14] = 0x45;
    put16(frame + 16, len - IP_OFFSET);
    put16(frame + 18, 0x1234);
    frame[22] = 64;
    frame[23] = 6;
    memcpy(frame + 26, "\x0a\x00\x02\x0f\x0a\x00\x02\x02", 8);
    memcpy(frame + 34, "\x12\x34\x00\x50\x00\x01\x00\x00\x00\x00\x00\x00\x50\x19\x20\x00", 16);
    for (size_t i = 0; i < payload; i++) {
        frame[TCP_HEADER + i] = i * 3;
    }
    put16(frame + 50, sum16(6 + (whole ? len - TCP_OFFSET : 0), frame + 26, 8));
}

/* Whether both checksums of a received packet are right. */
static bool tcp_is_good(const E1000Frame *f)
{
    size_t len = f->len - TCP_OFFSET;

    return sum16(0, f->data + IP_OFFSET, 20) == 0xffff &&
           sum16(sum16(6 + len, f->data + 26, 8), f->data + TCP_OFFSET, len) == 0xffff;
}

static void queue_tcp_context(E1000Driver *d, size_t payload, uint16_t mss)
{
    uint64_t offsets = IP_OFFSET | (IP_OFFSET + 10) << 8 | (TCP_OFFSET - 1) << 16 |
                       (uint64_t)TCP_OFFSET << 32 | (uint64_t)(TCP_OFFSET + 16) << 40;

    e1000_driver_queue(d, offsets,
                       TX_CONTEXT | TX_CONTEXT_TCP | TX_CONTEXT_IP | TX_RS | (mss ? TX_TSE : 0) |
                           payload,
                       TCP_HEADER << 8 | (uint32_t)mss << 16);
}

static void test_legacy(void)
{
    uint8_t frame[1400];
    E1000Driver d;
    Vm *vm = start(&d);

    make_frame(frame, sizeof(frame));
    set(&d, ICR, ONES);
    e1000_driver_send(&d, frame, sizeof(frame));
    expect(&d, frame, sizeof(frame));
    g_assert_cmphex(e1000_driver_tx_status(&d, 0), ==, TX_DD);
    g_assert_cmphex(get(&d, ICR), ==, CAUSE_TXDW | CAUSE_TXQE | CAUSE_RXT0);

    /* Without RS nothing is reported; in three pieces it is the same frame. */
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 10), 10, 0);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame + 10, 0), 0, 0);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame + 10, 90), TX_EOP | TX_IFCS | 90, 0);
    e1000_driver_kick(&d);
    expect(&d, frame, 100);
    g_assert_cmphex(e1000_driver_tx_status(&d, 0), ==, 0);
    g_assert_cmphex(get(&d, ICR), ==, CAUSE_TXQE | CAUSE_RXT0);

    /* Padding, and what is too short to be a frame. */
    e1000_driver_send(&d, frame, 20);
    memset(frame + 20, 0, 40);
    expect(&d, frame, 60);
    set(&d, TCTL, TCTL_EN);
    e1000_driver_send(&d, frame, 13);
    expect_none(&d);
    vm_stop(vm);
}

static void test_legacy_checksum(void)
{
    static E1000Frame got;
    uint8_t frame[200];
    E1000Driver d;
    Vm *vm = start(&d);

    make_tcp(frame, sizeof(frame) - TCP_HEADER, true);
    put16(frame + 24, ~sum16(0, frame + IP_OFFSET, 20));
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, sizeof(frame)),
                       TX_EOP | TX_IFCS | TX_IC | (TCP_OFFSET + 16) << 16 | sizeof(frame),
                       TCP_OFFSET << 8);
    e1000_driver_kick(&d);
    g_assert_true(e1000_driver_receive(&d, &got));
    g_assert_cmpuint(got.len, ==, sizeof(frame));
    g_assert_true(tcp_is_good(&got));
    vm_stop(vm);
}

static void test_own_fcs(void)
{
    uint8_t frame[64];
    E1000Driver d;
    Vm *vm = start(&d);

    /* The check sequence of 60 zeros, as it lies on the wire. */
    memset(frame, 0, sizeof(frame));
    memcpy(frame + 60, "\x08\x89\x12\x04", 4);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 64), TX_EOP | 64, 0);
    e1000_driver_kick(&d);
    expect(&d, frame, 60);
    frame[60]++; /* it isn't one, then */
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 64), TX_EOP | 64, 0);
    e1000_driver_kick(&d);
    expect(&d, frame, 64);
    vm_stop(vm);
}

static void test_context_and_data(void)
{
    static E1000Frame got;
    uint8_t frame[300];
    E1000Driver d;
    Vm *vm = start(&d);

    make_tcp(frame, sizeof(frame) - TCP_HEADER, true);
    queue_tcp_context(&d, sizeof(frame) - TCP_HEADER, 0);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 100), TX_DATA | TX_RS | 100,
                       TX_IXSM | TX_TXSM);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame + 100, 200),
                       TX_DATA | TX_EOP | TX_IFCS | TX_RS | 200, 0); /* options: of the first */
    e1000_driver_kick(&d);
    for (unsigned back = 0; back < 3; back++) {
        g_assert_cmphex(e1000_driver_tx_status(&d, back) & TX_DD, ==, TX_DD);
    }
    set(&d, RXCSUM, RXCSUM_IPOFL | RXCSUM_TUOFL);
    g_assert_true(e1000_driver_receive(&d, &got));
    g_assert_true(tcp_is_good(&got));
    g_assert_cmphex(got.status, ==, RX_DD | RX_EOP | RX_IXSM); /* it came before */

    /* The context is still there. */
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 300),
                       TX_DATA | TX_EOP | TX_IFCS | TX_RS | 300, TX_IXSM | TX_TXSM);
    e1000_driver_kick(&d);
    g_assert_true(e1000_driver_receive(&d, &got));
    g_assert_true(tcp_is_good(&got));
    g_assert_cmphex(got.status, ==, RX_DD | RX_EOP | RX_IPCS | RX_TCPCS);
    g_assert_cmphex(got.errors, ==, 0);
    vm_stop(vm);
}

static void test_segmentation(void)
{
    static E1000Frame got;
    static uint8_t frame[TCP_HEADER + 3500];
    E1000Driver d;
    Vm *vm = start(&d);

    make_tcp(frame, 3500, false);
    queue_tcp_context(&d, 3500, 1000);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, TCP_HEADER), TX_DATA | TX_TSE | TCP_HEADER,
                       TX_IXSM | TX_TXSM);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame + TCP_HEADER, 3500),
                       TX_DATA | TX_TSE | TX_EOP | TX_IFCS | TX_RS | 3500, 0);
    e1000_driver_kick(&d);
    for (unsigned n = 0; n < 4; n++) {
        size_t len = n < 3 ? 1000 : 500;

        g_assert_true(e1000_driver_receive(&d, &got));
        g_assert_cmpuint(got.len, ==, TCP_HEADER + len);
        g_assert_true(tcp_is_good(&got));
        g_assert_cmpuint(get16(got.data + 16), ==, len + 40);
        g_assert_cmphex(get16(got.data + 18), ==, 0x1234 + n);
        g_assert_cmpuint(get16(got.data + 38) << 16 | get16(got.data + 40), ==, 0x10000 + 1000 * n);
        g_assert_cmphex(got.data[47], ==, n < 3 ? 0x10 : 0x19);
        g_assert_cmpmem(got.data + TCP_HEADER, len, frame + TCP_HEADER + 1000 * n, len);
    }
    expect_none(&d);
    g_assert_cmpuint(get(&d, 0x40f8), ==, 1); /* TSCTC */
    vm_stop(vm);
}

static void test_vlan(void)
{
    static E1000Frame got;
    uint8_t frame[100], tagged[104];
    E1000Driver d;
    Vm *vm = start(&d);

    make_frame(frame, sizeof(frame));
    memcpy(tagged, frame, 12);
    memcpy(tagged + 12, "\x81\x00\x60\x05", 4);
    memcpy(tagged + 16, frame + 12, sizeof(frame) - 12);
    for (int data = 0; data < 2; data++) {
        uint32_t command = TX_EOP | TX_IFCS | TX_RS | TX_VLE | (data ? TX_DATA : 0) | sizeof(frame);

        /* Without VME nothing is inserted; with it, and taken out again. */
        set(&d, CTRL, CTRL_SLU);
        e1000_driver_queue(&d, e1000_driver_data(&d, frame, sizeof(frame)), command, 0x6005 << 16);
        e1000_driver_kick(&d);
        expect(&d, frame, sizeof(frame));
        set(&d, CTRL, CTRL_SLU | CTRL_VME);
        e1000_driver_queue(&d, e1000_driver_data(&d, frame, sizeof(frame)), command, 0x6005 << 16);
        e1000_driver_kick(&d);
        g_assert_true(e1000_driver_receive(&d, &got));
        g_assert_cmpmem(got.data, got.len, frame, sizeof(frame));
        g_assert_cmphex(got.status & RX_VP, ==, RX_VP);
        g_assert_cmphex(got.special, ==, 0x6005);
    }
    /* A tag of the guest's own stays where VME is off. */
    set(&d, CTRL, CTRL_SLU);
    e1000_driver_send(&d, tagged, sizeof(tagged));
    g_assert_true(e1000_driver_receive(&d, &got));
    g_assert_cmpmem(got.data, got.len, tagged, sizeof(tagged));
    g_assert_cmphex(got.status & RX_VP, ==, 0);
    vm_stop(vm);
}

/* TXDW waits for TIDV, which each descriptor starts again, but no longer than TADV. */
static void test_delayed_report(void)
{
    uint8_t frame[60];
    E1000Driver d;
    Vm *vm = start(&d);

    make_frame(frame, sizeof(frame));
    set(&d, RCTL, 0);
    set(&d, TIDV, 1000); /* 1.024 ms */
    set(&d, TADV, 2500);
    for (int i = 0; i < 3; i++) {
        e1000_driver_queue(&d, e1000_driver_data(&d, frame, sizeof(frame)),
                           TX_IDE | TX_EOP | TX_IFCS | TX_RS | sizeof(frame), 0);
        e1000_driver_kick(&d);
        g_assert_cmphex(e1000_driver_tx_status(&d, 0) & TX_DD, ==, TX_DD);
        g_assert_cmphex(get(&d, ICR), ==, CAUSE_TXQE);
        vm_step(vm, 900 * NANOSECONDS_PER_US);
    }
    /* 2.7 ms: the absolute timer is over. */
    g_assert_cmphex(get(&d, ICR), ==, CAUSE_TXDW);
    vm_step(vm, 10 * NANOSECONDS_PER_MS);
    g_assert_cmphex(get(&d, ICR), ==, 0);
    vm_stop(vm);
}

/* --------------------------------------------------------------------------------- security -- */

/* CVE-2012-0029: pieces that together are longer than any packet. */
static void test_fragments_beyond_buffer(void)
{
    E1000Driver d;
    Vm *vm = start(&d);

    vm_fill(vm, SPARE, 0x10000, 0xa5);
    set(&d, RCTL, get(&d, RCTL) | RCTL_LPE);
    for (int kind = 0; kind < 2; kind++) {
        for (unsigned i = 0; i < 40; i++) {
            e1000_driver_queue(&d, SPARE, (kind ? TX_DATA : 0) | 0xffff, 0);
        }
        e1000_driver_queue(&d, SPARE, (kind ? TX_DATA : 0) | TX_EOP | TX_IFCS | TX_RS | 0xffff, 0);
        e1000_driver_kick(&d);
        g_assert_cmphex(e1000_driver_tx_status(&d, 0) & TX_DD, ==, TX_DD);
        g_assert_cmpuint(get(&d, 0x40d4), ==, 1); /* TPT: it was cut, and sent */
        g_assert_cmpuint(get(&d, 0x40c8), ==, 16288 + 4);
        get(&d, 0x40cc); /* TOTH: clears both */
    }
    check_alive(&d);
    vm_stop(vm);
}

/* CVE-2012-6075: more than 1522 bytes come in while LPE and SBP are off. */
static void test_long_frame(void)
{
    static E1000Frame got;
    uint8_t frame[2000];
    E1000Driver d;
    Vm *vm = start(&d);

    make_frame(frame, sizeof(frame));
    e1000_driver_send(&d, frame, 1518);
    expect(&d, frame, 1518);
    e1000_driver_send(&d, frame, 1519);
    expect_none(&d);
    g_assert_cmpuint(get(&d, 0x40ac), ==, 1); /* ROC */
    set(&d, RCTL, get(&d, RCTL) | RCTL_SBP);
    e1000_driver_send(&d, frame, 1519);
    expect(&d, frame, 1519);
    set(&d, RCTL, (get(&d, RCTL) & ~RCTL_SBP) | RCTL_LPE);
    e1000_driver_send(&d, frame, 2000);
    g_assert_true(e1000_driver_receive(&d, &got));
    g_assert_cmpmem(got.data, got.len, frame, sizeof(frame));
    check_alive(&d);
    vm_stop(vm);
}

/* CVE-2015-6815: a segmentation that makes no progress. */
static void test_segments_of_nothing(void)
{
    static const struct {
        uint8_t hdrlen;
        uint16_t mss;
    } rows[] = {{0, 0}, {54, 0}, {0, 100}, {255, 0}, {255, 0xffff}, {1, 16288}};
    uint8_t frame[1000] = {};
    E1000Driver d;
    Vm *vm = start(&d);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        e1000_driver_queue(&d, 0, TX_CONTEXT | TX_TSE | 0xfffff,
                           rows[i].hdrlen << 8 | (uint32_t)rows[i].mss << 16);
        e1000_driver_queue(&d, e1000_driver_data(&d, frame, sizeof(frame)),
                           TX_DATA | TX_TSE | TX_EOP | TX_RS | sizeof(frame), TX_IXSM | TX_TXSM);
        e1000_driver_kick(&d);
        g_assert_cmphex(e1000_driver_tx_status(&d, 0) & TX_DD, ==, TX_DD);
    }
    expect_none(&d);
    g_assert_cmpuint(get(&d, 0x40fc), ==, G_N_ELEMENTS(rows)); /* TSCTFC */

    /* The data ends within the header. */
    e1000_driver_queue(&d, 0, TX_CONTEXT | TX_TSE | 100, 200 << 8 | 100 << 16);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 100), TX_DATA | TX_TSE | TX_EOP | 100, 0);
    e1000_driver_kick(&d);
    expect_none(&d);
    g_assert_cmpuint(get(&d, 0x40fc), ==, 1);
    check_alive(&d);
    vm_stop(vm);
}

/* CVE-2021-20257: a legacy descriptor in the middle of a segmentation, whose data is given up. */
static void test_segmentation_then_legacy(void)
{
    uint8_t frame[2000];
    E1000Driver d;
    Vm *vm = start(&d);

    make_frame(frame, sizeof(frame));
    e1000_driver_queue(&d, 0, TX_CONTEXT | TX_TSE | 1000, 54 << 8 | 500 << 16);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 300), TX_DATA | TX_TSE | 300, 0);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 200), TX_EOP | TX_IFCS | TX_RS | 200, 0);
    e1000_driver_kick(&d);
    expect(&d, frame, 200);
    expect_none(&d);
    g_assert_cmpuint(get(&d, 0x40fc), ==, 1); /* TSCTFC */
    /* A context that shrinks what is being put together. */
    e1000_driver_queue(&d, 0, TX_CONTEXT | TX_TSE | 1000, 200 << 8 | 1000 << 16);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 900), TX_DATA | TX_TSE | 900, 0);
    e1000_driver_queue(&d, 0, TX_CONTEXT | TX_TSE | 1000, 20 << 8 | 10 << 16);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 1000),
                       TX_DATA | TX_TSE | TX_EOP | TX_RS | 1000, 0);
    e1000_driver_kick(&d);
    g_assert_cmphex(e1000_driver_tx_status(&d, 0) & TX_DD, ==, TX_DD);
    check_alive(&d);
    vm_stop(vm);
}

/* CVE-2016-1981: heads and tails that no step through the ring arrives at. */
static void test_head_beyond_ring(void)
{
    static const uint16_t places[] = {8, 9, 0xff, 0x7fff, 0xffff};
    E1000Driver d;
    Vm *vm = start(&d);

    vm_fill(vm, SPARE, 0x1000, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        for (int way = 0; way < 4; way++) {
            uint32_t base = way & 1 ? TDBAL : RDBAL;
            bool head = way & 2;

            check_alive(&d);
            set(&d, base, SPARE);
            set(&d, base + 8, 128);
            set(&d, base + 0x10, head ? places[i] : 3);
            set(&d, base + 0x18, head ? 3 : places[i]);
            set(&d, TCTL, TCTL_EN);
            if (!(way & 1)) {
                uint8_t frame[60];

                make_frame(frame, sizeof(frame));
                e1000_driver_send(&d, frame, sizeof(frame));
            }
            g_assert_cmpuint(get(&d, base + 0x10), ==, head ? places[i] : 3);
        }
    }
    /* A ring of no length. */
    set(&d, TDLEN, 0);
    set(&d, TDH, 0);
    set(&d, TDT, 1);
    check_alive(&d);
    vm_stop(vm);
}

/* The longest ring, of descriptors of nothing: it ends, after one lap. */
static void test_longest_ring(void)
{
    E1000Driver d;
    Vm *vm = start(&d);

    vm_fill(vm, SPARE, 0x100000, 0);
    set(&d, TDBAL, SPARE);
    set(&d, TDLEN, 0xfff80);
    set(&d, TDH, 1);
    set(&d, ICR, ONES);
    set(&d, TDT, 0);
    vm_step(vm, NANOSECONDS_PER_MS);
    g_assert_cmpuint(get(&d, TDH), ==, 0);
    g_assert_cmphex(get(&d, ICR), ==, CAUSE_TXQE);
    check_alive(&d);
    vm_stop(vm);
}

/* CVE-2021-3416: what comes back by a loopback is stored over TDT, and over the rest of the card.
 */
static void test_loopback_onto_own_registers(void)
{
    uint8_t frame[1000];
    E1000Driver d;
    Vm *vm = start(&d);

    for (size_t i = 0; i < sizeof(frame); i++) {
        frame[i] = i % 4 ? 0 : 0x20 + i / 4 % 8; /* as tails they would make it send */
    }
    memset(frame, 0xff, 6);
    for (int phy = 0; phy < 2; phy++) {
        for (unsigned target = 0; target < 0x6000; target += 0x1f8) {
            uint64_t buffer = BAR + target;
            uint32_t rctl = RCTL_EN | RCTL_BAM | (phy ? 0 : RCTL_LBM_MAC);
            uint32_t tail;

            e1000_driver_start(&d, rctl);
            if (phy) {
                set(&d, MDIC, 1u << 26 | 1 << 21 | 0x4140); /* PCTRL: loopback */
            }
            for (unsigned i = 0; i < E1000_RING_SIZE; i++) {
                writeq(vm, MEMORY + 0x1000 + i * 16, buffer);
            }
            e1000_driver_send(&d, frame, sizeof(frame));
            tail = get(&d, TDT);
            g_assert_cmpuint(tail, ==, 1);
            g_assert_cmpuint(get(&d, TDH), ==, tail);
            g_assert_cmpuint(get(&d, RDH), ==, 1);
        }
        set(&d, MDIC, 1u << 26 | 1 << 21 | 0x1140);
    }
    /* Descriptors and data in the card's registers. */
    set(&d, TDBAL, BAR + TDBAL);
    set(&d, TDH, 0);
    set(&d, TDT, 5);
    set(&d, RDBAL, BAR + RDBAL);
    e1000_driver_start(&d, RCTL_LBM_MAC | RCTL_BAM);
    e1000_driver_queue(&d, BAR, TX_EOP | TX_IFCS | TX_RS | 100, 0);
    e1000_driver_kick(&d);
    expect_none(&d); /* it can't be read, and isn't sent */
    check_alive(&d);
    vm_stop(vm);
}

static void test_checksum_past_packet(void)
{
    uint8_t frame[100];
    E1000Driver d;
    Vm *vm = start(&d);

    make_frame(frame, sizeof(frame));
    for (unsigned start_at = 90; start_at < 256; start_at += 5) {
        for (unsigned at = 90; at < 256; at += 5) {
            uint64_t offsets = start_at | at << 8 | 0xffff << 16 | (uint64_t)start_at << 32 |
                               (uint64_t)at << 40 | UINT64_C(0xffff) << 48;
            uint64_t addr = e1000_driver_data(&d, frame, sizeof(frame));

            e1000_driver_queue(&d, addr, TX_EOP | TX_IFCS | TX_IC | at << 16 | sizeof(frame),
                               start_at << 8);
            e1000_driver_queue(&d, offsets, TX_CONTEXT | TX_CONTEXT_TCP | TX_CONTEXT_IP, 0);
            e1000_driver_queue(&d, addr, TX_DATA | TX_EOP | TX_IFCS | sizeof(frame),
                               TX_IXSM | TX_TXSM);
            e1000_driver_queue(&d, offsets, TX_CONTEXT | TX_TSE | TX_CONTEXT_IP | 50,
                               50 << 8 | 20u << 16);
            e1000_driver_queue(&d, addr, TX_DATA | TX_TSE | TX_EOP | TX_IFCS | sizeof(frame),
                               TX_IXSM | TX_TXSM);
            set(&d, RCTL, 0);
            e1000_driver_kick(&d);
        }
    }
    set(&d, RCTL, RCTL_EN | RCTL_LBM_MAC | RCTL_SECRC);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 100),
                       TX_EOP | TX_IFCS | TX_IC | 99 << 16 | 100, 50 << 8);
    e1000_driver_queue(&d, e1000_driver_data(&d, frame, 100),
                       TX_EOP | TX_IFCS | TX_IC | 20 << 16 | 100, 100 << 8);
    e1000_driver_kick(&d);
    expect(&d, frame, 100);
    expect(&d, frame, 100);
    vm_stop(vm);
}

/* Data, rings and buffers where there is no memory, and across its end. */
static void test_dma_to_nowhere(void)
{
    static const uint64_t places[] = {0x40000000, 0xfffffff0, (16 << 20) - 8, UINT64_MAX - 7,
                                      UINT64_C(1) << 52};
    uint8_t frame[60];
    E1000Driver d;
    Vm *vm = start(&d);

    make_frame(frame, sizeof(frame));
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        e1000_driver_start(&d, RCTL_LBM_MAC | RCTL_SECRC);
        e1000_driver_queue(&d, places[i], TX_EOP | TX_IFCS | TX_RS | 100, 0);
        e1000_driver_kick(&d);
        g_assert_cmphex(e1000_driver_tx_status(&d, 0) & TX_DD, ==, TX_DD);
        expect_none(&d);
        writeq(vm, MEMORY + 0x1000, places[i]); /* the first receive buffer */
        e1000_driver_send(&d, frame, sizeof(frame));
        g_assert_cmpuint(get(&d, RDH), ==, 1);
        for (int rx = 0; rx < 2; rx++) {
            check_alive(&d);
            set(&d, rx ? RDBAL : TDBAL, places[i]);
            set(&d, rx ? RDBAH : TDBAH, places[i] >> 32);
            set(&d, rx ? RDH : TDH, 0);
            e1000_driver_send(&d, frame, sizeof(frame));
        }
    }
    check_alive(&d);
    /* A card that may not master the bus stands still, and goes on when it may. */
    pci_writew(vm, CARD, 0x04, 2);
    e1000_driver_send(&d, frame, sizeof(frame));
    g_assert_cmpuint(get(&d, TDH), !=, get(&d, TDT));
    pci_writew(vm, CARD, 0x04, 6);
    g_assert_cmpuint(get(&d, TDH), ==, get(&d, TDT));
    expect(&d, frame, sizeof(frame));
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/e1000/models", test_models);
    g_test_add_data_func("/e1000/registers/82540em", "e1000", test_registers);
    g_test_add_data_func("/e1000/registers/82544gc", "e1000-82544gc", test_registers);
    g_test_add_data_func("/e1000/registers/82545em", "e1000-82545em", test_registers);
    g_test_add_func("/e1000/descriptors/legacy", test_legacy);
    g_test_add_func("/e1000/descriptors/legacy-checksum", test_legacy_checksum);
    g_test_add_func("/e1000/descriptors/own-fcs", test_own_fcs);
    g_test_add_func("/e1000/descriptors/context-and-data", test_context_and_data);
    g_test_add_func("/e1000/descriptors/segmentation", test_segmentation);
    g_test_add_func("/e1000/descriptors/vlan", test_vlan);
    g_test_add_func("/e1000/descriptors/delayed-report", test_delayed_report);
    g_test_add_func("/e1000/security/2012-0029-fragments-beyond-buffer",
                    test_fragments_beyond_buffer);
    g_test_add_func("/e1000/security/2012-6075-long-frame", test_long_frame);
    g_test_add_func("/e1000/security/2015-6815-segments-of-nothing", test_segments_of_nothing);
    g_test_add_func("/e1000/security/2021-20257-segmentation-then-legacy",
                    test_segmentation_then_legacy);
    g_test_add_func("/e1000/security/2016-1981-head-beyond-ring", test_head_beyond_ring);
    g_test_add_func("/e1000/security/longest-ring", test_longest_ring);
    g_test_add_func("/e1000/security/2021-3416-loopback-onto-own-registers",
                    test_loopback_onto_own_registers);
    g_test_add_func("/e1000/security/checksum-past-packet", test_checksum_past_packet);
    g_test_add_func("/e1000/security/dma-to-nowhere", test_dma_to_nowhere);
    return g_test_run();
}
