/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network boot without a PXE ROM: a multiboot kernel that drives the e1000 by itself, asks by DHCP
 * for an address and a file, fetches that by TFTP, and starts it as a Linux kernel. It runs on a
 * KVM that emulates each instruction, where iPXE does not: flat 32-bit code, no interrupts,
 * polling.
 *
 * It says what it does on the first serial port.
 *
 * Documents: Intel 317453, chapters 3, 13 and 14; RFC 826 (ARP), 791, 768, 2131 and 2132 (DHCP),
 * 1350 (TFTP); the Linux/x86 Boot Protocol 2.03.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void netboot(void);
void enter_kernel(void) __attribute__((noreturn));

/* ---------------------------------------------------------------------------- the machine -- */

static void outb(uint16_t port, uint8_t val)
{
    __asm__ volatile("outb %0, %1" : : "a"(val), "Nd"(port));
}

static void outl(uint16_t port, uint32_t val)
{
    __asm__ volatile("outl %0, %1" : : "a"(val), "Nd"(port));
}

static uint8_t inb(uint16_t port)
{
    uint8_t val;

    __asm__ volatile("inb %1, %0" : "=a"(val) : "Nd"(port));
    return val;
}

static uint32_t inl(uint16_t port)
{
    uint32_t val;

    __asm__ volatile("inl %1, %0" : "=a"(val) : "Nd"(port));
    return val;
}

/* The compiler calls these two by itself, too. */
void *memcpy(void *to, const void *from, size_t len);
void *memset(void *to, int val, size_t len);

void *memcpy(void *to, const void *from, size_t len)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(len) : : "memory");
    return to;
}

void *memset(void *to, int val, size_t len)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(len) : "a"(val) : "memory");
    return to;
}

static bool equal(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a, *y = b;

    while (len && *x == *y) {
        x++, y++, len--;
    }
    return len == 0;
}

enum { COM1 = 0x3f8, UART_LSR = COM1 + 5, UART_LSR_THRE = 0x20 };

static void say(const char *text)
{
    for (; *text; text++) {
        while (!(inb(UART_LSR) & UART_LSR_THRE)) {
        }
        outb(COM1, *text);
    }
}

static void say_number(uint32_t number)
{
    char digits[11];
    char *at = digits + 10;

    *at = '\0';
    do {
        *--at = '0' + number % 10;
        number /= 10;
    } while (number);
    say(at);
}

static void say_address(const char *name, uint32_t ip)
{
    say(name);
    for (int shift = 24; shift >= 0; shift -= 8) {
        say_number(ip >> shift & 0xff);
        say(shift ? "." : "\r\n");
    }
}

static void __attribute__((noreturn)) fail(const char *text)
{
    say("netboot: failed: ");
    say(text);
    say("\r\n");
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

/* ------------------------------------------------------------------------------- the card -- */

enum {
    CTRL = 0x0000,
    STATUS = 0x0008,
    RCTL = 0x0100,
    TCTL = 0x0400,
    TIPG = 0x0410,
    RDBAL = 0x2800,
    RDBAH = 0x2804,
    RDLEN = 0x2808,
    RDH = 0x2810,
    RDT = 0x2818,
    TDBAL = 0x3800,
    TDBAH = 0x3804,
    TDLEN = 0x3808,
    TDH = 0x3810,
    TDT = 0x3818,
    RAL0 = 0x5400,
    RAH0 = 0x5404,
    CTRL_SLU = 1 << 6,
    CTRL_RST = 1 << 26,
    STATUS_LU = 1 << 1,
    RCTL_EN = 1 << 1,
    RCTL_BAM = 1 << 15,
    RCTL_SECRC = 1 << 26,
    TCTL_EN_PSP = 0x0a,
    TIPG_COPPER = 0x00602008,
    TX_EOP_IFCS_RS = 0x0b,
    DESC_DD = 1,

    RX_RING = 32,
    TX_RING = 8,
    BUFFER = 2048,
    LINK_LOOKS = 0x100000,

    PCI_ADDRESS = 0xcf8,
    PCI_DATA = 0xcfc,
    PCI_COMMAND = 0x04,
    PCI_COMMAND_ALL = 7,
    PCI_BAR0 = 0x10,
};

typedef struct RxDesc {
    uint32_t addr, addr_high;
    uint16_t len, checksum;
    uint8_t status, errors;
    uint16_t special;
} RxDesc;

typedef struct TxDesc {
    uint32_t addr, addr_high;
    uint16_t len;
    uint8_t cso, cmd, status, css;
    uint16_t special;
} TxDesc;

static volatile RxDesc rx_ring[RX_RING] __attribute__((aligned(128)));
static volatile TxDesc tx_ring[TX_RING] __attribute__((aligned(128)));
static uint8_t rx_buffers[RX_RING][BUFFER];
static uint8_t tx_frame[BUFFER];
static unsigned rx_next, tx_next;
static uint32_t bar;
static uint8_t own_mac[6];

static uint32_t reg_read(uint32_t reg)
{
    return *(volatile uint32_t *)(bar + reg);
}

static void reg_write(uint32_t reg, uint32_t val)
{
    *(volatile uint32_t *)(bar + reg) = val;
}

static bool find_card(void)
{
    static const uint32_t ids[] = {0x100e8086, 0x10088086, 0x100f8086};

    for (uint32_t slot = 0; slot < 32; slot++) {
        const uint32_t at = 0x80000000 | slot << 11;

        outl(PCI_ADDRESS, at);
        for (unsigned i = 0, id = inl(PCI_DATA); i < sizeof(ids) / sizeof(ids[0]); i++) {
            if (id == ids[i]) {
                outl(PCI_ADDRESS, at | PCI_BAR0);
                bar = inl(PCI_DATA) & ~15u;
                outl(PCI_ADDRESS, at | PCI_COMMAND);
                outl(PCI_DATA, PCI_COMMAND_ALL);
                return true;
            }
        }
    }
    return false;
}

static void start_card(void)
{
    uint32_t low, high;
    unsigned looks = 0;

    reg_write(CTRL, reg_read(CTRL) | CTRL_RST);
    reg_write(CTRL, (reg_read(CTRL) & ~(uint32_t)CTRL_RST) | CTRL_SLU);
    while (!(reg_read(STATUS) & STATUS_LU)) {
        if (++looks == LINK_LOOKS) {
            fail("the link is down");
        }
    }
    low = reg_read(RAL0);
    high = reg_read(RAH0);
    memcpy(own_mac, &low, 4);
    memcpy(own_mac + 4, &high, 2);
    for (unsigned i = 0; i < RX_RING; i++) {
        rx_ring[i].addr = (uint32_t)rx_buffers[i];
    }
    reg_write(RDBAL, (uint32_t)rx_ring);
    reg_write(RDBAH, 0);
    reg_write(RDLEN, sizeof(rx_ring));
    reg_write(RDH, 0);
    reg_write(RCTL, RCTL_EN | RCTL_BAM | RCTL_SECRC);
    reg_write(RDT, RX_RING - 1);
    reg_write(TDBAL, (uint32_t)tx_ring);
    reg_write(TDBAH, 0);
    reg_write(TDLEN, sizeof(tx_ring));
    reg_write(TDH, 0);
    reg_write(TDT, 0);
    reg_write(TIPG, TIPG_COPPER);
    reg_write(TCTL, TCTL_EN_PSP);
}

/* Send tx_frame, and wait until the card has read it. */
static void send_frame(size_t len)
{
    volatile TxDesc *desc = &tx_ring[tx_next];

    desc->addr = (uint32_t)tx_frame;
    desc->len = len;
    desc->cmd = TX_EOP_IFCS_RS;
    desc->status = 0;
    tx_next = (tx_next + 1) % TX_RING;
    reg_write(TDT, tx_next);
    while (!(desc->status & DESC_DD)) {
    }
}

/* Look for a frame once: copies it to `frame`, and returns its length, or 0. */
static size_t receive_frame(uint8_t *frame)
{
    volatile RxDesc *desc = &rx_ring[rx_next];
    size_t len;

    if (!(desc->status & DESC_DD)) {
        return 0;
    }
    len = desc->errors ? 0 : desc->len;
    memcpy(frame, rx_buffers[rx_next], len);
    desc->status = 0;
    reg_write(RDT, rx_next);
    rx_next = (rx_next + 1) % RX_RING;
    return len;
}

/* ------------------------------------------------------------------------------ protocols -- */

enum {
    ETH = 14,
    IP = 20,
    UDP = 8,
    HEADERS = ETH + IP + UDP,
    FRAME_MIN = 60,
    TYPE_IP = 0x0800,
    TYPE_ARP = 0x0806,
    ARP_REQUEST = 1,
    ARP_REPLY = 2,
    PROTOCOL_UDP = 17,
    LOOKS = 2000000, /* at memory, until it is sent again */
    TRIES = 5,
};

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static uint8_t frame[BUFFER]; /* the last that came */
static uint8_t server_mac[6];
static uint32_t own_ip, server_ip;
static bool has_server_mac;

static void put16(uint8_t *p, uint16_t val)
{
    p[0] = val >> 8;
    p[1] = val;
}

static void put32(uint8_t *p, uint32_t val)
{
    put16(p, val >> 16);
    put16(p + 2, val);
}

static uint16_t get16(const uint8_t *p)
{
    return p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put_eth(const uint8_t *to, uint16_t type)
{
    memset(tx_frame, 0, FRAME_MIN);
    memcpy(tx_frame, to, 6);
    memcpy(tx_frame + 6, own_mac, 6);
    put16(tx_frame + 12, type);
}

static void send_arp(uint16_t op, const uint8_t *mac, uint32_t ip)
{
    static const uint8_t ethernet_ip[] = {0, 1, 8, 0, 6, 4};
    uint8_t *arp = tx_frame + ETH;

    put_eth(op == ARP_REQUEST ? broadcast : mac, TYPE_ARP);
    memcpy(arp, ethernet_ip, sizeof(ethernet_ip));
    put16(arp + 6, op);
    memcpy(arp + 8, own_mac, 6);
    put32(arp + 14, own_ip);
    if (op == ARP_REPLY) {
        memcpy(arp + 18, mac, 6);
    }
    put32(arp + 24, ip);
    send_frame(FRAME_MIN);
}

/* The payload stands in tx_frame, behind the headers. Without a checksum of UDP's. */
static void send_udp(uint32_t to, uint16_t from_port, uint16_t to_port, size_t len)
{
    uint8_t *ip = tx_frame + ETH, *udp = ip + IP;
    uint32_t sum = 0;

    memcpy(tx_frame, to == UINT32_MAX ? broadcast : server_mac, 6);
    memcpy(tx_frame + 6, own_mac, 6);
    put16(tx_frame + 12, TYPE_IP);
    memset(ip, 0, IP + UDP);
    ip[0] = 0x45;
    put16(ip + 2, IP + UDP + len);
    ip[8] = 64;
    ip[9] = PROTOCOL_UDP;
    put32(ip + 12, own_ip);
    put32(ip + 16, to);
    for (int i = 0; i < IP; i += 2) {
        sum += get16(ip + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    put16(ip + 10, ~(sum + (sum >> 16)));
    put16(udp, from_port);
    put16(udp + 2, to_port);
    put16(udp + 4, UDP + len);
    send_frame(HEADERS + len < FRAME_MIN ? FRAME_MIN : HEADERS + len);
}

static void take_arp(const uint8_t *arp)
{
    if (get16(arp + 6) == ARP_REQUEST && own_ip && get32(arp + 24) == own_ip) {
        send_arp(ARP_REPLY, arp + 8, get32(arp + 14));
    } else if (get16(arp + 6) == ARP_REPLY && get32(arp + 14) == server_ip) {
        memcpy(server_mac, arp + 8, 6);
        has_server_mac = true;
    }
}

/*
 * Wait for a UDP packet to `port`: the length of its payload, which stands in `frame` behind the
 * headers; 0 after a while. ARP is answered meanwhile; with port 0, only an answer to ours counts.
 */
static size_t wait_udp(uint16_t port)
{
    for (uint32_t look = 0; look < LOOKS; look++) {
        size_t len = receive_frame(frame);
        const uint8_t *ip = frame + ETH, *udp = ip + IP;

        if (len >= ETH + 28 && get16(frame + 12) == TYPE_ARP) {
            take_arp(ip);
            if (port == 0 && has_server_mac) {
                return 0;
            }
        } else if (port && len > HEADERS && get16(frame + 12) == TYPE_IP && ip[0] == 0x45 &&
                   ip[9] == PROTOCOL_UDP && get16(udp + 2) == port && get16(udp + 4) > UDP &&
                   get16(udp + 4) <= len - ETH - IP) {
            return get16(udp + 4) - UDP;
        }
    }
    return 0;
}

/* ----------------------------------------------------------------------------------- DHCP -- */

enum {
    DHCP_CLIENT = 68,
    DHCP_SERVER = 67,
    DHCP_XID = 0x4c494e49,
    DHCP_COOKIE = 0x63825363,
    DHCP_DISCOVER = 1,
    DHCP_OFFER = 2,
    DHCP_REQUEST = 3,
    DHCP_ACK = 5,
    BOOTP_YIADDR = 16,
    BOOTP_SIADDR = 20,
    BOOTP_CHADDR = 28,
    BOOTP_FILE = 108,
    BOOTP_FILE_SIZE = 128,
    BOOTP_COOKIE = 236,
    BOOTP_OPTIONS = 240,
    DHCP_SIZE = 300,
    OPTION_REQUESTED = 50,
    OPTION_TYPE = 53,
    OPTION_SERVER = 54,
    OPTION_END = 255,
};

static char file[BOOTP_FILE_SIZE + 1];
static uint32_t dhcp_server;

static uint8_t *put_option32(uint8_t *option, uint8_t code, uint32_t val)
{
    option[0] = code;
    option[1] = 4;
    put32(option + 2, val);
    return option + 6;
}

static void send_dhcp(uint8_t type, uint32_t ip)
{
    uint8_t *p = tx_frame + HEADERS, *option = p + BOOTP_OPTIONS;

    memset(p, 0, DHCP_SIZE);
    p[0] = 1; /* request */
    p[1] = 1; /* Ethernet */
    p[2] = 6;
    put32(p + 4, DHCP_XID);
    memcpy(p + BOOTP_CHADDR, own_mac, 6);
    put32(p + BOOTP_COOKIE, DHCP_COOKIE);
    option[0] = OPTION_TYPE;
    option[1] = 1;
    option[2] = type;
    option += 3;
    if (type == DHCP_REQUEST) {
        option = put_option32(option, OPTION_REQUESTED, ip);
        option = put_option32(option, OPTION_SERVER, dhcp_server);
    }
    *option = OPTION_END;
    send_udp(UINT32_MAX, DHCP_CLIENT, DHCP_SERVER, DHCP_SIZE);
}

static const uint8_t *find_option(const uint8_t *p, size_t len, uint8_t code, uint8_t size)
{
    size_t at = BOOTP_OPTIONS;

    while (at + 1 < len && p[at] != OPTION_END) {
        if (p[at] == 0) {
            at++;
            continue;
        }
        if (p[at] == code && p[at + 1] >= size && at + 2 + size <= len) {
            return p + at + 2;
        }
        at += 2 + p[at + 1];
    }
    return NULL;
}

/* Send, and wait for the reply of the type: its start. */
static const uint8_t *ask_dhcp(uint8_t type, uint32_t ip, uint8_t reply_type)
{
    for (int try = 0; try < TRIES; try++) {
        size_t len;

        send_dhcp(type, ip);
        while ((len = wait_udp(DHCP_CLIENT))) {
            const uint8_t *p = frame + HEADERS, *value;

            if (len < BOOTP_OPTIONS || get32(p + 4) != DHCP_XID ||
                get32(p + BOOTP_COOKIE) != DHCP_COOKIE) {
                continue;
            }
            value = find_option(p, len, OPTION_TYPE, 1);
            if (value && *value == reply_type) {
                value = find_option(p, len, OPTION_SERVER, 4);
                dhcp_server = value ? get32(value) : 0;
                return p;
            }
        }
    }
    fail("no answer to DHCP");
}

static void get_address(void)
{
    const uint8_t *p = ask_dhcp(DHCP_DISCOVER, 0, DHCP_OFFER);

    p = ask_dhcp(DHCP_REQUEST, get32(p + BOOTP_YIADDR), DHCP_ACK);
    own_ip = get32(p + BOOTP_YIADDR);
    server_ip = get32(p + BOOTP_SIADDR);
    memcpy(file, p + BOOTP_FILE, BOOTP_FILE_SIZE);
    say_address("netboot: address ", own_ip);
    say_address("netboot: server ", server_ip);
    if (!file[0]) {
        fail("the server names no file");
    }
}

static void find_server(void)
{
    for (int try = 0; !has_server_mac; try++) {
        if (try == TRIES) {
            fail("no answer to ARP");
        }
        send_arp(ARP_REQUEST, NULL, server_ip);
        wait_udp(0);
    }
}

/* ----------------------------------------------------------------------------------- TFTP -- */

enum {
    TFTP_PORT = 69,
    TFTP_OWN_PORT = 1069,
    TFTP_RRQ = 1,
    TFTP_DATA = 3,
    TFTP_ACK = 4,
    TFTP_ERROR = 5,
    TFTP_BLOCK = 512,
    IMAGE_MAX = 1 << 20,
};

static uint8_t image[IMAGE_MAX];

static void send_request(void)
{
    static const char mode[] = "octet";
    uint8_t *p = tx_frame + HEADERS;
    size_t len = 2;

    put16(p, TFTP_RRQ);
    for (const char *c = file; *c; c++) {
        p[len++] = *c;
    }
    p[len++] = '\0';
    memcpy(p + len, mode, sizeof(mode));
    send_udp(server_ip, TFTP_OWN_PORT, TFTP_PORT, len + sizeof(mode));
}

static void send_ack(uint16_t port, uint16_t block)
{
    put16(tx_frame + HEADERS, TFTP_ACK);
    put16(tx_frame + HEADERS + 2, block);
    send_udp(server_ip, TFTP_OWN_PORT, port, 4);
}

/* Fetch `file` into `image`; its size. */
static size_t fetch(void)
{
    size_t size = 0, len;
    uint16_t block = 0, port = 0;
    int tries = 0;

    for (;;) {
        const uint8_t *p = frame + HEADERS;

        if (block) {
            send_ack(port, block);
        } else {
            send_request();
        }
        len = wait_udp(TFTP_OWN_PORT);
        if (len >= 4 && get16(p) == TFTP_ERROR) {
            fail("the server has not got the file");
        }
        if (len < 4 || get16(p) != TFTP_DATA || get16(p + 2) != (uint16_t)(block + 1)) {
            if (++tries == TRIES) {
                fail("the server does not go on");
            }
            continue;
        }
        tries = 0;
        block++;
        port = get16(frame + ETH + IP);
        len -= 4;
        if (size + len > IMAGE_MAX) {
            fail("the file is too large");
        }
        memcpy(image + size, p + 4, len);
        size += len;
        if (len < TFTP_BLOCK) {
            send_ack(port, block);
            return size;
        }
    }
}

/* ------------------------------------------------------------------------------ the kernel -- */

enum {
    SETUP_SECTS = 0x1f1,
    BOOT_FLAG = 0x1fe,
    HEADER_MAGIC = 0x202,
    TYPE_OF_LOADER = 0x210,
    LOADFLAGS = 0x211,
    LOADFLAGS_CAN_USE_HEAP = 0x80,
    HEAP_END_PTR = 0x224,
    CMD_LINE_PTR = 0x228,
    LOADER_OTHER = 0xff,
    SETUP_ADDRESS = 0x90000,
    HEAP_END = 0xde00,
    CMD_LINE = 0x9e000,
    KERNEL_ADDRESS = 0x100000,
    SECTOR = 512,
};

static void start_kernel(size_t size)
{
    uint8_t *setup = (uint8_t *)SETUP_ADDRESS;
    size_t setup_size = ((image[SETUP_SECTS] ? image[SETUP_SECTS] : 4) + 1) * SECTOR;
    const uint16_t heap_end = HEAP_END;
    const uint32_t cmd_line = CMD_LINE;

    if (size < HEADER_MAGIC + 4 || image[BOOT_FLAG] != 0x55 || image[BOOT_FLAG + 1] != 0xaa ||
        !equal(image + HEADER_MAGIC, "HdrS", 4) || setup_size > size) {
        fail("the file is no Linux kernel");
    }
    memcpy(setup, image, setup_size);
    memcpy((void *)KERNEL_ADDRESS, image + setup_size, size - setup_size);
    setup[TYPE_OF_LOADER] = LOADER_OTHER;
    setup[LOADFLAGS] |= LOADFLAGS_CAN_USE_HEAP;
    memcpy(setup + HEAP_END_PTR, &heap_end, sizeof(heap_end));
    memcpy(setup + CMD_LINE_PTR, &cmd_line, sizeof(cmd_line));
    memset((void *)CMD_LINE, 0, 1);
    reg_write(CTRL, reg_read(CTRL) | CTRL_RST); /* it writes to memory no more */
    enter_kernel();
}

void netboot(void)
{
    size_t size;

    if (!find_card()) {
        fail("there is no e1000");
    }
    start_card();
    get_address();
    find_server();
    size = fetch();
    say("netboot: ");
    say(file);
    say(", ");
    say_number(size);
    say(" bytes\r\n");
    start_kernel(size);
}
