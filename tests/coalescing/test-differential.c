/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random guest programs, each run with queued writes, without, and with the switches thrown as it
 * runs: what it reads, the state it leaves in the devices, and the screen must be the same.
 *
 * A program is a straight line of port and memory accesses to clock, PCI configuration, VGA (the
 * standard one, or Cirrus with its blitter), NIC (its registers, or its rings at work) and
 * pci-testdev, with resets and BAR moves in between. Two ports of the recorder reset the devices
 * and throw the switches. The state is taken inside the access that ends the program, so it is of
 * the same instant each time.
 *
 * All follow from --seed, which GLib prints. LIGNITE_DIFF_PROGRAMS=N sets how many programs each
 * case runs (on KVM a fiftieth of it), LIGNITE_DIFF_FIRST=N which is the first.
 *
 * Left out on purpose: an access to the linear frame buffer straight after queued writes to the
 * window at A0000. It is RAM, does not exit, and may be ahead of them: see docs/coalescing.md. The
 * programs read a port in between.
 */
#include "board.h"

#define RESET_PORT  (REC_PORT + 0x3e)
#define SWITCH_PORT (REC_PORT + 0x3d)
#define PROGRAMS    400 /* of each of the kinds below */
#define KVM_SHARE   50

/* Memory for the rings of the NIC and their buffers. */
#define NIC_RINGS      0x180000u
#define NIC_RINGS_SIZE 0x20000u

enum Mode { ALWAYS, NEVER, TOGGLING, MODES };

typedef struct Snapshot {
    uint64_t clock, config, nic, testdev, vga, vram, screen;
} Snapshot;

static enum Mode mode;
static Snapshot taken;

/* ------------------------------------------------------------------------------- the state -- */

static uint64_t hash(uint64_t h, const void *data, gsize len)
{
    const uint8_t *p = data;
    uint64_t word;

    for (; len >= 8; len -= 8, p += 8) {
        memcpy(&word, p, 8);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    while (len-- > 0) {
        h = (h ^ *p++) * UINT64_C(0x100000001b3);
    }
    return h;
}

static uint64_t hash_value(uint64_t h, uint64_t val)
{
    return hash(h, &val, sizeof(val));
}

static uint64_t hash_clock(void)
{
    uint64_t h = host_inb(0x70);

    for (unsigned i = 0; i < RTC_RAM_SIZE; i++) {
        h = hash_value(h, rtc_get_memory(board.rtc, i));
    }
    return hash_value(h, rtc_nmi_masked(board.rtc));
}

static uint64_t hash_config(void)
{
    uint64_t h = address_space_ldl_le(&address_space_io, 0xcf8, NULL);

    for (unsigned devfn = 0; devfn < 256; devfn++) {
        PCIDevice *dev = pci_bus_find(board.pci, devfn);

        if (dev) {
            h = hash(h, dev->config, sizeof(dev->config));
        }
    }
    return h;
}

static uint64_t hash_registers(uint64_t h, hwaddr addr, unsigned len)
{
    for (unsigned i = 0; i < len; i += 4) {
        h = hash_value(h, host_readl(addr + i));
    }
    return h;
}

static uint64_t hash_nic(void)
{
    uint64_t h = address_space_ldl_le(&address_space_io, NIC_IO, NULL);

    h = hash_registers(h, NIC_MEM, 0x180);
    h = hash_registers(h, NIC_MEM + 0x400, 0x60);
    h = hash_registers(h, NIC_MEM + 0xe00, 4);
    h = hash_registers(h, NIC_MEM + 0x1000, 4);
    h = hash_registers(h, NIC_MEM + 0x2800, 0x30);
    h = hash_registers(h, NIC_MEM + 0x3800, 0x30);
    h = hash_registers(h, NIC_MEM + 0x4000, 0x100);
    h = hash_registers(h, NIC_MEM + 0x5000, 0x700);
    for (unsigned i = 0; i < board.wire.frames->len; i++) {
        gsize len;
        const void *frame = g_bytes_get_data(board.wire.frames->pdata[i], &len);

        h = hash(hash_value(h, len), frame, len);
    }
    return hash(h, board.mem + NIC_RINGS, NIC_RINGS_SIZE);
}

static uint64_t hash_indexed(uint64_t h, uint16_t port, unsigned n)
{
    h = hash_value(h, host_inb(port));
    for (unsigned i = 0; i < n; i++) {
        address_space_stb(&address_space_io, port, i, NULL);
        h = hash_value(h, host_inb(port + 1));
    }
    return h;
}

static uint64_t hash_vga(void)
{
    uint64_t h = hash_value(0, host_inb(0x3cc));
    bool color = host_inb(0x3cc) & 1;

    h = hash_indexed(h, 0x3c4, board_has_cirrus() ? 32 : 8);
    h = hash_indexed(h, 0x3ce, board_has_cirrus() ? 64 : 16);
    h = hash_indexed(h, color ? 0x3d4 : 0x3b4, board_has_cirrus() ? 64 : 32);
    h = hash_value(h, host_inb(0x3c0)); /* the index; then the flip-flop is known */
    for (unsigned i = 0; i < 0x15; i++) {
        host_inb(color ? 0x3da : 0x3ba);
        address_space_stb(&address_space_io, 0x3c0, i | 0x20, NULL);
        h = hash_value(h, host_inb(0x3c1));
    }
    h = hash_value(h, host_inb(0x3c6));
    h = hash_value(h, host_inb(0x3c8));
    address_space_stb(&address_space_io, 0x3c7, 0, NULL);
    for (unsigned i = 0; i < 768; i++) {
        h = hash_value(h, host_inb(0x3c9));
    }
    for (unsigned i = 0; i < 16 && !board_has_cirrus(); i++) {
        h = hash_value(
            h, address_space_lduw_le(&address_space_memory, VGA_REGS + 0x500 + 2 * i, NULL));
    }
    return h;
}

/* A Cirrus has its frame buffer as memory when no blit waits for the CPU, and no write is extended.
 */
static void show_plain_memory(void)
{
    static const uint16_t plain[] = {0x0431, 0x0031, 0x000b};

    for (size_t i = 0; board_has_cirrus() && i < G_N_ELEMENTS(plain); i++) {
        address_space_stw_le(&address_space_io, 0x3ce, plain[i], NULL);
    }
}

static uint64_t hash_vram(void)
{
    MemoryRegionSection section = address_space_lookup(&address_space_memory, VGA_FB, VGA_MEMORY);

    g_assert_cmpuint(section.size, ==, VGA_MEMORY);
    return hash(1, (uint8_t *)memory_region_get_ram_ptr(section.mr) + section.offset_within_region,
                VGA_MEMORY);
}

static uint64_t hash_screen(void)
{
    pixman_image_t *image;
    uint64_t h;

    console_invalidate(console_default());
    console_refresh(console_default());
    image = console_image(console_default());
    h = hash_value(pixman_image_get_width(image), pixman_image_get_height(image));
    return hash(h, pixman_image_get_data(image),
                (gsize)pixman_image_get_stride(image) * pixman_image_get_height(image));
}

static void take_snapshot(void)
{
    taken.config = hash_config();
    taken.clock = hash_clock();
    taken.screen = hash_screen();
    board_map_bars(); /* wherever the program has left them */
    taken.vga = hash_vga();
    show_plain_memory();
    taken.vram = hash_vram();
    taken.nic = hash_nic();
    taken.testdev = hash_registers(0, TESTDEV_MEM, 0x20);
}

/* ------------------------------------------------------------------------------ the programs -- */

static uint32_t pick(GRand *rand, const uint32_t *list, gsize n)
{
    return list[g_rand_int_range(rand, 0, n)];
}

#define PICK(rand, ...)                                                                            \
    ({                                                                                             \
        static const uint32_t list_[] = {__VA_ARGS__};                                             \
        pick(rand, list_, G_N_ELEMENTS(list_));                                                    \
    })

static unsigned below(GRand *rand, unsigned n)
{
    return g_rand_int_range(rand, 0, n);
}

static void p_any(GRand *rand, Program *p, uint16_t port, unsigned size)
{
    if (below(rand, 2)) {
        p_out(p, port, g_rand_int(rand), size);
    } else {
        p_in(p, port, size);
    }
}

static void clock_op(GRand *rand, Program *p)
{
    if (below(rand, 3)) {
        p_outb(p, 0x70, below(rand, 2) ? below(rand, 16) : below(rand, 256));
    }
    switch (below(rand, 6)) {
    case 0:
    case 1:
        p_outb(p, 0x71, g_rand_int(rand));
        break;
    case 2:
        p_in(p, 0x70, 1);
        break;
    case 3:
        p_out(p, 0x70, g_rand_int(rand), 2); /* both at once */
        break;
    default:
        p_in(p, 0x71, 1);
        break;
    }
}

/* Never a byte at CF9: it resets. */
static void config_op(GRand *rand, Program *p)
{
    uint8_t devfn = PICK(rand, 0, PCI_DEVFN(1, 0), VGA_DEV, NIC_DEV, TEST_DEV, PCI_DEVFN(9, 0));
    unsigned size = 1 << below(rand, 3);
    uint8_t reg = PICK(rand, 0x00, 0x04, 0x0c, 0x10, 0x14, 0x18, 0x2c, 0x30, 0x3c, 0x40, 0x58) +
                  (size == 4 ? 0 : below(rand, 4) & -size);

    switch (below(rand, 8)) {
    case 0:
        p_config(p, devfn, reg);
        p_config(p, VGA_DEV, 0);
        break;
    case 1:
        p_out(p, PICK(rand, 0xcf8, 0xcfa, 0xcfb), g_rand_int(rand), 1);
        break;
    case 2:
        p_in(p, 0xcf8, PICK(rand, 1, 2, 4));
        break;
    case 3:
        if (reg >= 0x10 && reg < 0x34) {
            break; /* BARs are move_op()'s */
        }
        p_config_write(p, devfn, reg, g_rand_int(rand), size);
        break;
    case 4:
        p_in(p, 0xcfc + (below(rand, 4) & -size), size);
        break;
    default:
        p_config_read(p, devfn, reg, size);
        break;
    }
}

static void move_op(GRand *rand, Program *p)
{
    static const struct {
        uint8_t devfn, bar;
        uint32_t home;
        unsigned step;
    } bars[] = {
        {VGA_DEV, 0x10, VGA_FB, 0x100000},     {VGA_DEV, 0x18, VGA_REGS, 0x1000},
        {NIC_DEV, 0x10, NIC_MEM, 0x20000},     {NIC_DEV, 0x14, NIC_IO, 0x40},
        {TEST_DEV, 0x10, TESTDEV_MEM, 0x1000}, {TEST_DEV, 0x14, TESTDEV_IO, 0x100},
    };
    unsigned n = below(rand, G_N_ELEMENTS(bars));

    switch (below(rand, 4)) {
    case 0:
        p_config_write(p, bars[n].devfn, PCI_COMMAND, below(rand, 4), 2);
        break;
    case 1:
        p_config_write(p, bars[n].devfn, bars[n].bar, bars[n].home + bars[n].step, 4);
        break;
    case 2:
        p_config_write(p, bars[n].devfn, PCI_COMMAND, 3, 2);
        break;
    default:
        p_config_write(p, bars[n].devfn, bars[n].bar, bars[n].home, 4);
        break;
    }
}

static void nic_op(GRand *rand, Program *p)
{
    uint32_t reg = PICK(rand, 0x0000, 0x0008, 0x0014, 0x0018, 0x0020, 0x0028, 0x002c, 0x0030,
                        0x0038, 0x00c0, 0x00c4, 0x00c8, 0x00d0, 0x00d8, 0x0100, 0x0170, 0x0178,
                        0x0400, 0x0410, 0x0458, 0x0e00, 0x1000, 0x2800, 0x2810, 0x2818, 0x3800,
                        0x3804, 0x3808, 0x3810, 0x3818, 0x5200, 0x5400, 0x5404, 0x5600);
    uint32_t base = NIC_MEM + (below(rand, 8) == 0 ? 0x20000 : 0);

    switch (below(rand, 6)) {
    case 0:
        p_out(p, NIC_IO, reg, 4);
        p_any(rand, p, NIC_IO + 4, 4);
        break;
    case 1:
        p_any(rand, p, NIC_IO, 4);
        break;
    case 2:
    case 3:
        p_store(p, base + reg, g_rand_int(rand), 4);
        break;
    case 4:
        p_store(p, base + reg, g_rand_int(rand), 1 << below(rand, 3));
        break;
    default:
        p_load(p, base + reg, 4);
        break;
    }
}

/* A place for data or a buffer; seldom none. */
static uint32_t nic_buffer(GRand *rand)
{
    return below(rand, 16) ? NIC_RINGS + 0x2000 + 0x800 * below(rand, 0x20) : 0;
}

/* A descriptor, of either ring: both are read as whatever they are for. */
static void nic_descriptor(GRand *rand, Program *p)
{
    uint32_t desc = NIC_RINGS + 0x400 * below(rand, 4) + 16 * below(rand, 16);

    p_store(p, desc, nic_buffer(rand), 4);
    p_store(p, desc + 8,
            below(rand, 1200) | PICK(rand, 0x0b000000, 0x0b000000, 0x08000000, 0x4b000000,
                                     0x2b100000, 0x2f100000, 0x27000000),
            4);
    p_store(p, desc + 12, g_rand_int(rand) & 0x00ff0700, 4);
}

/* Registers of a ring, some of them, in any order. */
static void nic_ring(GRand *rand, Program *p, uint32_t base)
{
    for (unsigned n = 1 + below(rand, 4); n > 0; n--) {
        switch (below(rand, 3)) {
        case 0:
            p_store(p, base, NIC_RINGS + 0x400 * below(rand, 4), 4);
            break;
        case 1:
            p_store(p, base + 0x08, 128 * (1 + below(rand, 3)), 4);
            break;
        default:
            p_store(p, base + 0x10, below(rand, 9), 4);
            break;
        }
    }
}

/* The NIC with its rings at work, on the wire and in the loopback. */
static void nic_rings_op(GRand *rand, Program *p)
{
    switch (below(rand, 10)) {
    case 0:
        p_config_write(p, NIC_DEV, PCI_COMMAND, 7, 2);
        p_store(p, NIC_MEM + 0x0400, PICK(rand, 0x0a, 0x0a, 0x02, 0), 4);
        p_store(p, NIC_MEM + 0x0100, PICK(rand, 0x0400805a, 0x0400805a, 0x805a, 0x801a, 0), 4);
        break;
    case 1:
    case 2:
        nic_ring(rand, p, NIC_MEM + PICK(rand, 0x2800, 0x3800));
        break;
    case 3:
    case 4:
        nic_descriptor(rand, p);
        break;
    case 5:
        p_store(p, NIC_MEM + 0x2818, below(rand, 16), 4);
        break;
    case 6:
    case 7:
        p_store(p, NIC_MEM + 0x3818, below(rand, 16), 4);
        /* Done or not, without an exit. */
        p_load(p, NIC_RINGS + 0x400 * below(rand, 4) + 16 * below(rand, 16) + 12, 4);
        break;
    case 8:
        p_store(p, NIC_MEM + PICK(rand, 0x0028, 0x0030, 0x0170, 0x0410, 0x0458, 0x1000),
                g_rand_int(rand), 4);
        break;
    default:
        p_load(p, NIC_MEM + PICK(rand, 0x00c0, 0x2810, 0x3810, 0x4074, 0x4080, 0x4010), 4);
        break;
    }
}

/* Both rings with descriptors, most of them good, and the card on. */
static void nic_begin(GRand *rand, Program *p)
{
    p_config_write(p, NIC_DEV, PCI_COMMAND, 7, 2);
    for (unsigned i = 0; i < 16; i++) {
        p_store(p, NIC_RINGS + 16 * i, nic_buffer(rand), 4);
        p_store(p, NIC_RINGS + 16 * i + 8, 0x0b000000 | (14 + below(rand, 1200)), 4);
        p_store(p, NIC_RINGS + 0x400 + 16 * i, nic_buffer(rand), 4);
    }
    p_store(p, NIC_MEM + 0x2800, NIC_RINGS + 0x400, 4);
    p_store(p, NIC_MEM + 0x2808, 256, 4);
    p_store(p, NIC_MEM + 0x2818, 15, 4);
    p_store(p, NIC_MEM + 0x3800, NIC_RINGS, 4);
    p_store(p, NIC_MEM + 0x3808, 256, 4);
    p_store(p, NIC_MEM + 0x0400, 0x0a, 4);
    p_store(p, NIC_MEM + 0x0100, PICK(rand, 0x0400805a, 0x805a, 0x801a), 4);
}

static void testdev_op(GRand *rand, Program *p)
{
    unsigned test = below(rand, 7);

    switch (below(rand, 6)) {
    case 0:
        p_store(p, TESTDEV_MEM, test, 1);
        break;
    case 1:
        p_outb(p, TESTDEV_IO, test);
        break;
    case 2:
        p_store(p, TESTDEV_MEM + 2048 + below(rand, 3), PICK(rand, 0xfa, 0xce, 1),
                1 << below(rand, 2));
        break;
    case 3:
        p_out(p, TESTDEV_IO + 131 + below(rand, 3), PICK(rand, 0xfa, 0xce, 1), 1 << below(rand, 2));
        break;
    default:
        p_load(p, TESTDEV_MEM + PICK(rand, 0, 4, 8, 12), 4);
        break;
    }
}

static void vga_register(GRand *rand, Program *p)
{
    static const uint16_t indices[] = {0x3c4, 0x3ce, 0x3d4, 0x3b4};
    uint16_t index = indices[below(rand, 4)];
    unsigned limit = index == 0x3c4 ? 5 : index == 0x3ce ? 9 : 25;

    switch (below(rand, 5)) {
    case 0:
        p_outb(p, index, below(rand, limit));
        break;
    case 1:
        p_outb(p, index, below(rand, limit));
        p_in(p, index + 1, 1);
        break;
    case 2:
        p_in(p, index, below(rand, 2) ? 1 : 2);
        break;
    default:
        p_out(p, index, below(rand, limit) | g_rand_int(rand) << 8, 2);
        break;
    }
}

static void vga_other(GRand *rand, Program *p)
{
    switch (below(rand, 6)) {
    case 0: /* palette */
        p_any(rand, p, PICK(rand, 0x3c6, 0x3c7, 0x3c8, 0x3c9, 0x3c9, 0x3c9), 1);
        break;
    case 1: /* attributes; the status by its side effect alone: on KVM its time is the host's */
        p_port(p, 0x3da);
        p_byte(p, 0xec);
        p_outb(p, 0x3c0, below(rand, 2) ? below(rand, 0x40) : g_rand_int(rand));
        p_outb(p, 0x3c0, g_rand_int(rand));
        break;
    case 2:
        p_outb(p, 0x3c2, PICK(rand, 0x67, 0xe3, 0x63, 0x66, 0x65));
        break;
    case 3:
        p_out(p, 0x1ce, below(rand, 11), 2);
        p_out(p, 0x1cf, PICK(rand, 0, 1, 2, 3, 4, 8, 16, 0x40, 320, 200, 0x41), 2);
        break;
    case 4:
        p_store(p, VGA_REGS + 0x500 + 2 * below(rand, 11), PICK(rand, 0, 1, 2, 3, 4, 8, 160), 2);
        break;
    default:
        p_load(p, VGA_REGS + 0x500 + 2 * below(rand, 11), 2);
        break;
    }
}

static void vga_op(GRand *rand, Program *p)
{
    uint32_t window =
        0xa0000 + PICK(rand, 0, 0x10, 0x7ffc, 0x8000, 0x10000, 0x18000, 0x18f00) + below(rand, 16);

    switch (below(rand, 8)) {
    case 0:
        vga_register(rand, p);
        break;
    case 1:
    case 2:
        vga_other(rand, p);
        break;
    case 3: /* see the head of the file */
        p_in(p, 0x3cc, 1);
        p_store(p, VGA_FB + below(rand, 0x10000), g_rand_int(rand), 1 << below(rand, 3));
        break;
    case 4:
        p_in(p, 0x3cc, 1);
        p_load(p, VGA_FB + below(rand, 0x10000), 1 << below(rand, 3));
        break;
    case 5:
        p_load(p, window, 1 << below(rand, 3));
        break;
    default:
        p_store(p, window, g_rand_int(rand), 1 << below(rand, 3));
        break;
    }
}

/* ---------------------------------------------------------------------------------- Cirrus -- */

static void cirrus_gr(Program *p, uint8_t index, uint8_t val)
{
    p_out(p, 0x3ce, index | val << 8, 2);
}

/* What a blit does, by the blitter's registers: in memory, queued, or by port, from GR20 on. */
static void cirrus_describe(GRand *rand, Program *p, uint8_t kind)
{
    const uint32_t rop = PICK(rand, 0x0d, 0x00, 0x0e, 0x05, 0x59, 0x0b, 0xda, 0x6d);
    const uint32_t size[] = {below(rand, 64), below(rand, 16), 64 << below(rand, 3),
                             64 << below(rand, 3)};
    const uint32_t dst = below(rand, 0x40000), src = below(rand, 0x40000);

    if (below(rand, 2)) {
        for (unsigned i = 0; i < 4; i++) {
            p_store(p, CIRRUS_REGS + 0x108 + 2 * i, size[i], 2);
        }
        p_store(p, CIRRUS_REGS + 0x110, dst, 2);
        p_store(p, CIRRUS_REGS + 0x112, dst >> 16, 1);
        p_store(p, CIRRUS_REGS + 0x114, src, 4);
        p_store(p, CIRRUS_REGS + 0x118, kind, 1);
        p_store(p, CIRRUS_REGS + 0x11a, rop, 1);
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        cirrus_gr(p, 0x20 + i, size[i / 2] >> (i % 2 ? 8 : 0));
    }
    for (unsigned i = 0; i < 3; i++) {
        cirrus_gr(p, 0x28 + i, dst >> 8 * i);
        cirrus_gr(p, 0x2c + i, src >> 8 * i);
    }
    cirrus_gr(p, 0x30, kind);
    cirrus_gr(p, 0x32, rop);
}

static void cirrus_blit(GRand *rand, Program *p)
{
    uint8_t kind =
        PICK(rand, 0x00, 0x00, 0x01, 0x04, 0x40, 0xc0, 0x80, 0x84, 0x88, 0x14, 0x24, 0x44);
    uint32_t base;

    p_store(p, CIRRUS_REGS + 0x100, g_rand_int(rand), 4);
    p_store(p, CIRRUS_REGS + 0x104, g_rand_int(rand), 4);
    cirrus_describe(rand, p, kind);
    if (below(rand, 2)) {
        p_store(p, CIRRUS_REGS + 0x140, 2, 1);
    } else {
        cirrus_gr(p, 0x31, 2);
    }
    /* All through the window, or all through the frame buffer: see the head of the file. */
    base = below(rand, 4) ? 0xa0000 : VGA_FB;
    p_in(p, 0x3cc, 1);
    for (unsigned n = kind & 4 ? below(rand, 40) : 0; n > 0; n--) {
        p_store(p, base + below(rand, 0x1000) * 4, g_rand_int(rand), 4);
    }
    p_outb(p, 0x3ce, 0x31);
    p_in(p, 0x3cf, 1);
}

static void cirrus_registers(GRand *rand, Program *p)
{
    switch (below(rand, 6)) {
    case 0:
        p_out(p, 0x3c4, 0x07 | PICK(rand, 0, 1, 3, 7, 0x11, 0x17) << 8, 2);
        break;
    case 1:
        cirrus_gr(p, PICK(rand, 0x09, 0x0a), g_rand_int(rand)); /* banks */
        break;
    case 2:
        cirrus_gr(p, 0x0b, PICK(rand, 0, 0, 1, 2, 4, 6, 0x14, 0x20, 0x21));
        break;
    case 3:
        cirrus_gr(p, PICK(rand, 0x05, 0x00, 0x01, 0x10, 0x11, 0x33), below(rand, 8));
        break;
    case 4: /* the hidden register of the colours */
        for (unsigned i = 0; i < 4; i++) {
            p_in(p, 0x3c6, 1);
        }
        p_outb(p, 0x3c6, PICK(rand, 0x00, 0xc1, 0xe1));
        break;
    default:
        p_out(p, 0x3d4, PICK(rand, 0x0c, 0x0d, 0x13, 0x1b) | g_rand_int(rand) << 8, 2);
        break;
    }
}

static void cirrus_op(GRand *rand, Program *p)
{
    switch (below(rand, 8)) {
    case 0:
    case 1:
        cirrus_blit(rand, p);
        break;
    case 2:
    case 3:
        cirrus_registers(rand, p);
        break;
    case 4:
        p_outb(p, 0x3c8, g_rand_int(rand));
        p_outb(p, 0x3c9, g_rand_int(rand));
        break;
    case 5: /* see the head of the file */
        p_in(p, 0x3cc, 1);
        p_load(p, VGA_FB + below(rand, 0x40000), 1 << below(rand, 3));
        break;
    case 6:
        p_load(p, 0xa0000 + below(rand, 0x10000), 1 << below(rand, 3));
        break;
    default:
        for (unsigned n = below(rand, 8); n > 0; n--) {
            p_store(p, 0xa0000 + below(rand, 0x10000), g_rand_int(rand), 1 << below(rand, 3));
        }
        break;
    }
}

/* A mode to start from: text, planes, or bytes. */
static void vga_begin(GRand *rand, Program *p)
{
    switch (below(rand, 3)) {
    case 0:
        p_outb(p, 0x3c2, 0x67);
        p_out(p, 0x3c4, 0x0302, 2);
        p_out(p, 0x3c4, 0x0204, 2);
        p_out(p, 0x3ce, 0x1005, 2);
        p_out(p, 0x3ce, 0x0e06, 2);
        break;
    case 1:
        p_outb(p, 0x3c2, 0xe3);
        p_out(p, 0x3c4, 0x0f02, 2);
        p_out(p, 0x3c4, 0x0604, 2);
        p_out(p, 0x3ce, 0x0506, 2);
        break;
    default:
        p_outb(p, 0x3c2, 0x63);
        p_out(p, 0x3c4, 0x0f02, 2);
        p_out(p, 0x3c4, 0x0e04, 2);
        p_out(p, 0x3ce, 0x4005, 2);
        p_out(p, 0x3ce, 0x0506, 2);
        break;
    }
    p_out(p, 0x3ce, 0xff08, 2);
    p_out(p, 0x3c4, 0x0300, 2);
    p_out(p, 0x3d4, 0x4f01, 2);
    p_out(p, 0x3d4, 0x5012, 2);
    p_out(p, 0x3d4, 0x2813, 2);
    p_outb(p, 0x3c0, 0x20);
}

typedef void (*Op)(GRand *rand, Program *p);

typedef struct Kind {
    const char *name;
    Op ops[8]; /* one is chosen for each step */
    unsigned n;
    Op begin;                   /* a state to start from; NULL: that after reset */
    const PCIDeviceClass *card; /* NULL: the standard one */
} Kind;

static const Kind kinds[] = {
    {"clock", {clock_op}, 1, NULL},
    {"pci-configuration", {config_op, config_op, config_op, move_op, clock_op}, 5, NULL},
    {"vga", {vga_op}, 1, vga_begin},
    {"cirrus", {cirrus_op}, 1, vga_begin, &cirrus_vga_class},
    {"e1000", {nic_op, nic_op, nic_op, move_op}, 4, NULL},
    {"e1000-rings",
     {nic_rings_op, nic_rings_op, nic_rings_op, nic_rings_op, nic_rings_op, nic_rings_op,
      nic_rings_op, move_op},
     8,
     nic_begin},
    {"everything",
     {clock_op, config_op, nic_op, vga_op, testdev_op, move_op, vga_op, nic_op},
     8,
     vga_begin},
};

static void generate(const Kind *kind, GRand *rand, Program *p)
{
    unsigned steps = 10 + below(rand, 50);

    memset(p, 0, sizeof(*p));
    if (kind->begin) {
        kind->begin(rand, p);
    }
    for (unsigned i = 0; i < steps; i++) {
        switch (below(rand, 24)) {
        case 0:
            p_outb(p, SWITCH_PORT, g_rand_int(rand));
            break;
        case 1:
            p_outb(p, RESET_PORT, 1);
            break;
        default:
            kind->ops[below(rand, kind->n)](rand, p);
            break;
        }
    }
    p_end(p);
}

/* ----------------------------------------------------------------------------------- running -- */

static void set_switches(unsigned bits)
{
    Device *devices[] = {board.rtc, board.vga, board.nic, board.testdev, DEVICE(board.host)};

    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
        device_set_property(devices[i], "coalesced-mmio", g_variant_new_boolean(bits & 1), NULL);
        device_set_property(devices[i], "coalesced-pio", g_variant_new_boolean(bits >> 1 & 1),
                            NULL);
        if (i % 2) {
            bits >>= 1;
        }
    }
}

static void on_access(const Access *a)
{
    if (a->kind != 'o') {
        return;
    }
    if (a->addr == RESET_PORT - REC_PORT) {
        devices_reset();
        board_map_bars();
    } else if (a->addr == SWITCH_PORT - REC_PORT && mode == TOGGLING) {
        set_switches(a->data);
    }
}

static void run(const char *accel, const Program *p, enum Mode how, uint32_t *reads,
                Snapshot *snapshot)
{
    mode = how;
    board_start(accel, 1);
    set_switches(how == NEVER ? 0 : ~0u);
    clock_virtual_enable(g_str_has_prefix(accel, "x86emu"));
    board.on_access = on_access;
    board.at_end = take_snapshot;
    board_run(p);
    memcpy(reads, board.mem + BOARD_LOG, 4 * p->reads);
    *snapshot = taken;
    clock_virtual_enable(false);
    board_stop();
}

static void compare(const char *what, uint64_t a, uint64_t b, uint32_t seed)
{
    if (a != b) {
        g_error("program %u: %s differs: %" G_GINT64_MODIFIER "x and %" G_GINT64_MODIFIER "x", seed,
                what, a, b);
    }
}

static void compare_runs(const Program *p, const uint32_t *a, const uint32_t *b, const Snapshot *x,
                         const Snapshot *y, uint32_t seed)
{
    for (unsigned i = 0; i < p->reads; i++) {
        g_autofree char *name = g_strdup_printf("read %u", i);

        compare(name, a[i], b[i], seed);
    }
    compare("the clock", x->clock, y->clock, seed);
    compare("PCI configuration", x->config, y->config, seed);
    compare("the NIC", x->nic, y->nic, seed);
    compare("pci-testdev", x->testdev, y->testdev, seed);
    compare("the VGA", x->vga, y->vga, seed);
    compare("video memory", x->vram, y->vram, seed);
    compare("the screen", x->screen, y->screen, seed);
}

typedef struct Case {
    const char *accel;
    const Kind *kind;
} Case;

static unsigned from_environment(const char *name, unsigned otherwise)
{
    const char *text = g_getenv(name);

    return text ? g_ascii_strtoull(text, NULL, 0) : otherwise;
}

static void test_programs(const void *opaque)
{
    const Case *c = opaque;
    bool kvm = g_str_equal(c->accel, "kvm");
    unsigned n = from_environment("LIGNITE_DIFF_PROGRAMS", PROGRAMS);
    uint32_t first = from_environment("LIGNITE_DIFF_FIRST", g_test_rand_int());
    g_autofree Program *p = g_new(Program, 1);
    uint32_t *reads[MODES] = {};

    if (kvm && access("/dev/kvm", R_OK | W_OK) < 0) {
        g_test_skip("/dev/kvm is missing");
        return;
    }
    board_vga_class = c->kind->card;
    n = kvm ? MAX(n / KVM_SHARE, 1) : n;
    g_test_message("%u programs from LIGNITE_DIFF_FIRST=%u", n, first);
    for (unsigned i = 0; i < n; i++) {
        GRand *rand = g_rand_new_with_seed(first + i);
        Snapshot snapshots[MODES];

        generate(c->kind, rand, p);
        g_rand_free(rand);
        for (unsigned how = 0; how < MODES; how++) {
            reads[how] = g_renew(uint32_t, reads[how], MAX(p->reads, 1));
            run(c->accel, p, how, reads[how], &snapshots[how]);
        }
        compare_runs(p, reads[NEVER], reads[ALWAYS], &snapshots[NEVER], &snapshots[ALWAYS],
                     first + i);
        compare_runs(p, reads[NEVER], reads[TOGGLING], &snapshots[NEVER], &snapshots[TOGGLING],
                     first + i);
    }
    for (unsigned how = 0; how < MODES; how++) {
        g_free(reads[how]);
    }
}

int main(int argc, char **argv)
{
    static Case cases[2 * G_N_ELEMENTS(kinds)];

    g_test_init(&argc, &argv, NULL);
    mainloop_init();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Kind *kind = &kinds[i / 2];
        g_autofree char *path =
            g_strdup_printf("/differential/%s/%s", i % 2 ? "kvm" : "x86emu", kind->name);

        cases[i] = (Case){i % 2 ? "kvm" : "x86emu,sleep=off", kind};
        g_test_add_data_func(path, &cases[i], test_programs);
    }
    return g_test_run();
}
