/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linear to physical addresses for the monitors.
 * Document: Intel SDM volume 3, chapter 4 (paging).
 *
 * Rights and reserved bits are not looked at: this is for people who look into a machine.
 */
#include "page-walk.h"

#include "memory/system.h"

#define CR0_PG (UINT64_C(1) << 31)
#define CR4_PSE (1u << 4)
#define CR4_PAE (1u << 5)
#define CR4_LA57 (1u << 12)
#define EFER_LMA (1u << 10)
#define ENTRY_P 1u
#define ENTRY_PS (1u << 7)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)

/* The 64-bit tables: `levels` of them, each indexed by 9 bits (of PAE's first one, 2 are left). */
static bool walk64(uint64_t table, unsigned levels, uint64_t linear, uint64_t *physical)
{
    for (unsigned level = levels; level > 0; level--) {
        unsigned shift = 12 + 9 * (level - 1);
        uint64_t index = linear >> shift & 0x1ff;
        uint64_t entry = address_space_ldq_le(&address_space_memory, table + 8 * index, NULL);
        uint64_t inside = (UINT64_C(1) << shift) - 1;

        if (!(entry & ENTRY_P)) {
            return false;
        }
        /* Of PAE's three levels the highest has no large pages. */
        if (level == 1 || ((entry & ENTRY_PS) && (level == 2 || (level == 3 && levels > 3)))) {
            *physical = (entry & ENTRY_ADDRESS & ~inside) | (linear & inside);
            return true;
        }
        table = entry & ENTRY_ADDRESS;
    }
    return false;
}

static bool walk32(const X86State *state, uint32_t linear, uint64_t *physical)
{
    uint64_t directory = state->cr3 & 0xfffff000;
    uint32_t pde = address_space_ldl_le(&address_space_memory, directory + (linear >> 22) * 4, NULL);
    uint32_t pte;

    if (!(pde & ENTRY_P)) {
        return false;
    }
    if ((pde & ENTRY_PS) && (state->cr4 & CR4_PSE)) {
        /* PSE-36: bits 13..20 are the address's bits 32..39. */
        *physical = (pde & 0xffc00000) | (uint64_t)(pde >> 13 & 0xff) << 32 | (linear & 0x3fffff);
        return true;
    }
    pte = address_space_ldl_le(&address_space_memory,
                               (pde & 0xfffff000) + (linear >> 12 & 0x3ff) * 4, NULL);
    if (!(pte & ENTRY_P)) {
        return false;
    }
    *physical = (pte & 0xfffff000) | (linear & 0xfff);
    return true;
}

/* Bits above those that the tables translate repeat the highest one. */
static bool is_canonical(uint64_t linear, unsigned bits)
{
    return (uint64_t)((int64_t)(linear << (64 - bits)) >> (64 - bits)) == linear;
}

bool page_walk(const X86State *state, uint64_t linear, uint64_t *physical)
{
    if (state->efer & EFER_LMA) {
        unsigned levels = state->cr4 & CR4_LA57 ? 5 : 4;

        return is_canonical(linear, 12 + 9 * levels) &&
               walk64(state->cr3 & ENTRY_ADDRESS, levels, linear, physical);
    }
    if (linear > UINT32_MAX) {
        return false;
    }
    if (!(state->cr0 & CR0_PG)) {
        *physical = linear;
        return true;
    }
    if (state->cr4 & CR4_PAE) {
        return walk64(state->cr3 & 0xffffffe0, 3, linear, physical);
    }
    return walk32(state, linear, physical);
}
