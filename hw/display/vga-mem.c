/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VGA's window at A0000: memory maps, planes, latches, write modes 0..3, read modes 0 and 1,
 * odd/even, chain-4.
 *
 * Document: IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem".
 *
 * Two things differ from IBM's VGA, on purpose. Chain-4 puts byte n at offset n / 4 of plane n % 4,
 * without holes, as its successors do: so that memory is linear. And while chain-4 is all that the
 * graphics controller does, the window is mapped as RAM: then reads leave the latches alone.
 * Not modelled: the page bit of odd/even (misc output bit 5).
 */
#include "vga.h"

#include <string.h>

enum { ALU_COPY, ALU_AND, ALU_OR, ALU_XOR };

/* Bit n of `planes` fills byte n. */
static uint32_t expand_planes(unsigned planes)
{
    static const uint32_t bytes[16] = {
        0x00000000, 0x000000ff, 0x0000ff00, 0x0000ffff, 0x00ff0000, 0x00ff00ff,
        0x00ffff00, 0x00ffffff, 0xff000000, 0xff0000ff, 0xff00ff00, 0xff00ffff,
        0xffff0000, 0xffff00ff, 0xffffff00, 0xffffffff,
    };

    return bytes[planes & 15];
}

static uint32_t load_planes(const Vga *s, uint32_t offset)
{
    uint32_t val;

    memcpy(&val, &s->mem[(offset * 4) & s->mem_mask], 4);
    return GUINT32_FROM_LE(val);
}

static void store_planes(Vga *s, uint32_t offset, uint32_t val, unsigned planes)
{
    uint32_t addr = (offset * 4) & s->mem_mask, mask = expand_planes(planes);

    val = GUINT32_TO_LE((load_planes(s, offset) & ~mask) | (val & mask));
    memcpy(&s->mem[addr], &val, 4);
    memory_region_set_dirty(&s->vram, addr, 4);
}

uint8_t vga_mem_read(Vga *s, uint32_t addr)
{
    unsigned plane = s->gr[VGA_GR_READ_MAP] & 3;
    uint32_t offset = addr, diff;

    if (s->sr[VGA_SR_MEMORY_MODE] & VGA_SR04_CHAIN4) {
        plane = addr & 3;
        offset = addr >> 2;
    } else if (s->gr[VGA_GR_MODE] & VGA_GR05_ODD_EVEN) {
        plane = (plane & 2) | (addr & 1);
        offset = addr & ~1;
    }
    s->latch = load_planes(s, offset);
    if (!(s->gr[VGA_GR_MODE] & VGA_GR05_READ_MODE)) {
        return s->latch >> 8 * plane;
    }
    /* A bit is 1 where the planes that matter have the colour. */
    diff = (s->latch ^ expand_planes(s->gr[VGA_GR_COLOR_COMPARE])) &
           expand_planes(s->gr[VGA_GR_COLOR_DONT_CARE]);
    return ~(diff | diff >> 8 | diff >> 16 | diff >> 24);
}

static uint32_t alu(const Vga *s, uint32_t val)
{
    switch (s->gr[VGA_GR_ROTATE] >> 3 & 3) {
    case ALU_AND:
        return val & s->latch;
    case ALU_OR:
        return val | s->latch;
    case ALU_XOR:
        return val ^ s->latch;
    default:
        return val;
    }
}

void vga_mem_write(Vga *s, uint32_t addr, uint8_t data)
{
    unsigned planes = s->sr[VGA_SR_MAP_MASK] & 15, rotate = s->gr[VGA_GR_ROTATE] & 7;
    uint32_t offset = addr, mask = s->gr[VGA_GR_BIT_MASK] * UINT32_C(0x01010101), val, set;
    uint8_t rotated = data >> rotate | data << (8 - rotate);

    if (s->sr[VGA_SR_MEMORY_MODE] & VGA_SR04_CHAIN4) {
        planes &= 1 << (addr & 3);
        offset = addr >> 2;
    } else if (!(s->sr[VGA_SR_MEMORY_MODE] & VGA_SR04_SEQUENTIAL)) {
        planes &= addr & 1 ? 0x0a : 0x05;
        offset = addr & ~1;
    }
    switch (s->gr[VGA_GR_MODE] & 3) {
    case 0:
        set = expand_planes(s->gr[VGA_GR_ENABLE_SET_RESET]);
        val = rotated * UINT32_C(0x01010101);
        val = alu(s, (val & ~set) | (expand_planes(s->gr[VGA_GR_SET_RESET]) & set));
        break;
    case 1:
        store_planes(s, offset, s->latch, planes);
        return;
    case 2:
        val = alu(s, expand_planes(data & 15));
        break;
    default:
        mask &= rotated * UINT32_C(0x01010101);
        val = alu(s, expand_planes(s->gr[VGA_GR_SET_RESET]));
        break;
    }
    store_planes(s, offset, (val & mask) | (s->latch & ~mask), planes);
}

/* ------------------------------------------------------------------------------- the window -- */

static unsigned window_map(const Vga *s)
{
    return s->gr[VGA_GR_MISC] >> 2 & 3;
}

bool vga_window_place(const Vga *s, hwaddr *start, hwaddr *size)
{
    static const struct {
        hwaddr start, size;
    } maps[] = {{0, 0x20000}, {0, 0x10000}, {0x10000, 0x8000}, {0x18000, 0x8000}};

    *start = maps[window_map(s)].start;
    *size = maps[window_map(s)].size;
    return s->misc & VGA_MISC_RAM;
}

/* From an offset in the window to one in banked memory; false where the window is shut. */
static bool window_decode(const Vga *s, hwaddr addr, uint32_t *mem_addr)
{
    hwaddr start, size;
    uint32_t offset;

    if (!vga_window_place(s, &start, &size) || addr < start || addr - start >= size) {
        return false;
    }
    offset = addr - start;
    if (window_map(s) <= 1 && offset < 2 * VGA_BANK_SIZE) {
        offset = s->bank[offset / VGA_BANK_SIZE] + offset % VGA_BANK_SIZE;
    }
    *mem_addr = offset;
    return true;
}

static uint64_t window_read(void *opaque, hwaddr addr, unsigned size)
{
    Vga *s = opaque;
    uint32_t mem_addr;

    if (!window_decode(s, addr, &mem_addr)) {
        return 0xff;
    }
    return (s->hooks->mem_read ? s->hooks->mem_read : vga_mem_read)(s, mem_addr);
}

static void window_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Vga *s = opaque;
    uint32_t mem_addr;

    if (window_decode(s, addr, &mem_addr)) {
        (s->hooks->mem_write ? s->hooks->mem_write : vga_mem_write)(s, mem_addr, data);
    }
}

static const MemoryRegionOps window_ops = {
    .read = window_read,
    .write = window_write,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

bool vga_window_is_chained(const Vga *s)
{
    return (s->sr[VGA_SR_MEMORY_MODE] & VGA_SR04_CHAIN4) && s->sr[VGA_SR_MAP_MASK] == 15 &&
           !(s->gr[VGA_GR_MODE] & (3 | VGA_GR05_READ_MODE)) && s->gr[VGA_GR_ROTATE] == 0 &&
           (s->gr[VGA_GR_ENABLE_SET_RESET] & 15) == 0 && s->gr[VGA_GR_BIT_MASK] == 0xff;
}

void vga_update_window(Vga *s)
{
    bool ram = (s->misc & VGA_MISC_RAM) && window_map(s) <= 1 &&
               (s->hooks->window_is_ram ? s->hooks->window_is_ram(s) : vga_window_is_chained(s));

    memory_region_transaction_begin();
    for (int i = 0; i < 2; i++) {
        /* A bank that reaches past the end of memory wraps: byte by byte. */
        bool inside = s->bank[i] <= s->mem_mask + 1 - VGA_BANK_SIZE;

        if (ram && inside) {
            memory_region_set_alias_offset(&s->window_ram[i], s->bank[i]);
        }
        memory_region_set_enabled(&s->window_ram[i], ram && inside);
    }
    if (s->hooks->update_map) {
        s->hooks->update_map(s);
    }
    memory_region_transaction_commit();
}

void vga_mem_init(Vga *s, MemoryOwner *owner)
{
    memory_region_init(&s->window, owner, "vga-window", VGA_WINDOW_SIZE);
    memory_region_init_io(&s->window_io, owner, &window_ops, s, "vga-lowmem", VGA_WINDOW_SIZE);
    memory_region_add_subregion(&s->window, 0, &s->window_io);
    for (int i = 0; i < 2; i++) {
        memory_region_init_alias(&s->window_ram[i], owner, i ? "vga-bank1" : "vga-bank0", &s->vram,
                                 i * VGA_BANK_SIZE, VGA_BANK_SIZE);
        memory_region_set_enabled(&s->window_ram[i], false);
        memory_region_add_subregion_overlap(&s->window, i * VGA_BANK_SIZE, &s->window_ram[i], 1);
    }
}
