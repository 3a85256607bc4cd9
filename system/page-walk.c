/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linear to physical addresses for the monitors.
 * Document: Intel SDM volume 3, chapter 4 (paging).
 *
 * Reserved bits are not looked at, and rights only told: this is for people who look into a
 * machine.
 */
#include "page-walk.h"

#include "memory/system.h"

#define CR0_PG        (UINT64_C(1) << 31)
#define CR4_PSE       (1u << 4)
#define CR4_PAE       (1u << 5)
#define CR4_LA57      (1u << 12)
#define EFER_LMA      (1u << 10)
#define ENTRY_P       1u
#define ENTRY_RW      (1u << 1)
#define ENTRY_US      (1u << 2)
#define ENTRY_PS      (1u << 7)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)

/* The 64-bit tables: `levels` of them, each indexed by 9 bits (of PAE's first one, 2 are left). */
static void walk64(uint64_t table, unsigned levels, PageMapping *m)
{
    for (unsigned level = levels; level > 0; level--) {
        const unsigned shift = 12 + 9 * (level - 1);
        const uint64_t index = m->linear >> shift & 0x1ff;
        const uint64_t inside = (UINT64_C(1) << shift) - 1;
        /* Of PAE's three levels the highest has no large pages, and no rights. */
        const bool pae_top = level == 3 && levels == 3;
        uint64_t entry = address_space_ldq_le(&address_space_memory, table + 8 * index, NULL);

        m->size = inside + 1;
        if (!(entry & ENTRY_P)) {
            return;
        }
        if (!pae_top) {
            m->writable &= !!(entry & ENTRY_RW);
            m->user &= !!(entry & ENTRY_US);
        }
        if (level == 1 || ((entry & ENTRY_PS) && level <= 3 && !pae_top)) {
            m->present = true;
            m->physical = (entry & ENTRY_ADDRESS & ~inside) | (m->linear & inside);
            return;
        }
        table = entry & ENTRY_ADDRESS;
    }
}

static void walk32(const X86State *state, PageMapping *m)
{
    const uint32_t linear = m->linear;
    const uint64_t directory = state->cr3 & 0xfffff000;
    uint32_t pde =
        address_space_ldl_le(&address_space_memory, directory + (linear >> 22) * 4, NULL);
    uint32_t pte;

    m->size = 1u << 22;
    m->writable = pde & ENTRY_RW;
    m->user = pde & ENTRY_US;
    if (!(pde & ENTRY_P)) {
        return;
    }
    if ((pde & ENTRY_PS) && (state->cr4 & CR4_PSE)) {
        /* PSE-36: bits 13..20 are the address's bits 32..39. */
        m->present = true;
        m->physical = (pde & 0xffc00000) | (uint64_t)(pde >> 13 & 0xff) << 32 | (linear & 0x3fffff);
        return;
    }
    pte = address_space_ldl_le(&address_space_memory,
                               (pde & 0xfffff000) + (linear >> 12 & 0x3ff) * 4, NULL);
    m->size = PAGE_WALK_PAGE;
    m->writable &= !!(pte & ENTRY_RW);
    m->user &= !!(pte & ENTRY_US);
    m->present = pte & ENTRY_P;
    m->physical = (pte & 0xfffff000) | (linear & 0xfff);
}

/* Bits above those that the tables translate repeat the highest one. */
static bool is_canonical(uint64_t linear, unsigned bits)
{
    return (uint64_t)((int64_t)(linear << (64 - bits)) >> (64 - bits)) == linear;
}

bool page_walk_paging(const X86State *state)
{
    return state->efer & EFER_LMA || state->cr0 & CR0_PG;
}

unsigned page_walk_bits(const X86State *state)
{
    return !(state->efer & EFER_LMA) ? 32 : state->cr4 & CR4_LA57 ? 57 : 48;
}

PageMapping page_walk_mapping(const X86State *state, uint64_t linear)
{
    PageMapping m = {.linear = linear, .size = PAGE_WALK_PAGE, .writable = true, .user = true};
    const unsigned bits = page_walk_bits(state);

    if (bits == 32 ? linear > UINT32_MAX : !is_canonical(linear, bits)) {
        return m;
    }
    if (!page_walk_paging(state)) {
        m.present = true;
        m.physical = linear;
    } else if (bits > 32) {
        walk64(state->cr3 & ENTRY_ADDRESS, bits == 57 ? 5 : 4, &m);
    } else if (state->cr4 & CR4_PAE) {
        walk64(state->cr3 & 0xffffffe0, 3, &m);
    } else {
        walk32(state, &m);
    }
    return m;
}

bool page_walk(const X86State *state, uint64_t linear, uint64_t *physical)
{
    PageMapping m = page_walk_mapping(state, linear);

    if (m.present) {
        *physical = m.physical;
    }
    return m.present;
}
