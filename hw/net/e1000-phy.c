/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000's PHY, reached through MDIC: the registers of IEEE 802.3 clause 22 and those of the
 * Marvell 88E1011 that drivers look at.
 * Document: Intel 317453, 13.4.6 (MDIC) and 13.5 (PHY registers).
 *
 * The partner can do all, so a negotiation ends well; it takes half a second. Cable tests, power
 * saving, the PHY's own interrupts and the pages behind registers 1D and 1E hold what is written.
 */
#include <string.h>

#include "e1000-internal.h"

enum {
    MDIC_DATA = 0xffff,
    MDIC_REG_SHIFT = 16,
    MDIC_REG_MASK = 0x1f,
    MDIC_PHY_SHIFT = 21,
    MDIC_PHY_MASK = 0x1f,
    MDIC_OP_SHIFT = 26,
    MDIC_OP_MASK = 3,
    MDIC_OP_WRITE = 1,
    MDIC_OP_READ = 2,
    MDIC_R = 1 << 28,
    MDIC_I = 1 << 29,
    MDIC_E = 1 << 30,
    MDIC_PHY_ADDRESS = 1, /* the internal one */

    PHY_PCTRL = 0x00,
    PHY_PSTATUS = 0x01,
    PHY_ID1 = 0x02,
    PHY_ID2 = 0x03,
    PHY_ANA = 0x04,
    PHY_LPA = 0x05,
    PHY_ANE = 0x06,
    PHY_NPT = 0x07,
    PHY_LPN = 0x08,
    PHY_GCON = 0x09,
    PHY_GSTATUS = 0x0a,
    PHY_ESTATUS = 0x0f,
    PHY_PSCON = 0x10,
    PHY_PSSTAT = 0x11,
    PHY_PINTE = 0x12,
    PHY_PINTS = 0x13,
    PHY_EPSCON1 = 0x14,
    PHY_RECV = 0x15,
    PHY_EPSCON2 = 0x1a,
    PHY_R30PS = 0x1d,
    PHY_R30AW = 0x1e,

    PHY_ID2_8254X = 0x0c20,
    PHY_ID2_82544 = 0x0c30,
    DEVICE_ID_82544GC = 0x1008,

    PCTRL_RESTART = 1 << 9,
    PCTRL_POWER_DOWN = 1 << 11,
    PCTRL_NEGOTIATE = 1 << 12,
    PCTRL_LOOPBACK = 1 << 14,
    PCTRL_RESET = 1 << 15,
    PSTATUS_LINK = 1 << 2,
    PSTATUS_NEGOTIATED = 1 << 5,
    PSSTAT_LINK = 1 << 10,
    PSSTAT_RESOLVED = 1 << 11,
    PSSTAT_DUPLEX = 1 << 13,
    PSSTAT_SPEED_1000 = 2 << 14,
    LPA_ALL = 0x45e1,     /* acknowledged, pause, 10 and 100 Mb/s of both kinds */
    GSTATUS_ALL = 0x3c00, /* both receivers good, partner can do 1000 Mb/s of both kinds */
    GSTATUS_MASTER = 0x4000,
};

#define NEGOTIATION_NS (500 * NANOSECONDS_PER_MS)

static const struct {
    uint8_t reg;
    uint16_t reset;
    uint16_t wmask;
} phy_registers[] = {
    {PHY_PCTRL, 0x1140, 0x7dc0}, /* reset and restart clear themselves */
    {PHY_PSTATUS, 0x7949, 0},      {PHY_ID1, 0x0141, 0},
    {PHY_ID2, 0x0000, 0}, /* by the model */
    {PHY_ANA, 0x0de1, 0xbfff},     {PHY_LPA, 0x0000, 0},
    {PHY_ANE, 0x0004, 0},          {PHY_NPT, 0x2001, 0xbfff},
    {PHY_LPN, 0x0000, 0},          {PHY_GCON, 0x0e00, 0xff00},
    {PHY_GSTATUS, 0x0000, 0},      {PHY_ESTATUS, 0x3000, 0},
    {PHY_PSCON, 0x0068, 0xffff},   {PHY_PSSTAT, 0x0000, 0},
    {PHY_PINTE, 0x0000, 0xffff},   {PHY_PINTS, 0x0000, 0},
    {PHY_EPSCON1, 0x0d60, 0xffff}, {PHY_RECV, 0x0000, 0},
    {PHY_EPSCON2, 0x0000, 0xffff}, {PHY_R30PS, 0x0000, 0xffff},
    {PHY_R30AW, 0x0000, 0xffff},
};

/* What the registers tell of the link, now; and whoever wants to hear of it. */
static void update_link(E1000Phy *s)
{
    bool up = s->cable && !s->negotiating && !(s->regs[PHY_PCTRL] & PCTRL_POWER_DOWN);
    bool negotiated = up && (s->regs[PHY_PCTRL] & PCTRL_NEGOTIATE);

    s->regs[PHY_PSTATUS] &= ~(PSTATUS_LINK | PSTATUS_NEGOTIATED);
    s->regs[PHY_PSTATUS] |= (up ? PSTATUS_LINK : 0) | (negotiated ? PSTATUS_NEGOTIATED : 0);
    s->regs[PHY_LPA] = negotiated ? LPA_ALL : 0;
    s->regs[PHY_GSTATUS] = negotiated ? GSTATUS_ALL | GSTATUS_MASTER : 0;
    s->regs[PHY_PSSTAT] =
        up ? PSSTAT_LINK | PSSTAT_RESOLVED | PSSTAT_DUPLEX | PSSTAT_SPEED_1000 : 0;
    if (s->link != up) {
        s->link = up;
        s->link_changed(s->opaque);
    }
}

static void negotiation_over(void *opaque)
{
    E1000Phy *s = opaque;

    timer_del(&s->timer);
    s->negotiating = false;
    update_link(s);
}

/* The link goes down until the partners have agreed again, if they have to. */
static void negotiate(E1000Phy *s)
{
    s->negotiating = s->cable && (s->regs[PHY_PCTRL] & PCTRL_NEGOTIATE) &&
                     !(s->regs[PHY_PCTRL] & PCTRL_POWER_DOWN);
    update_link(s);
    if (s->negotiating && s->negotiation_timed) {
        timer_mod(&s->timer, clock_get_ns(VM_CLOCK_VIRTUAL) + NEGOTIATION_NS);
    } else {
        negotiation_over(s);
    }
}

static void reset_registers(E1000Phy *s)
{
    memset(s->regs, 0, sizeof(s->regs));
    for (size_t i = 0; i < G_N_ELEMENTS(phy_registers); i++) {
        s->regs[phy_registers[i].reg] = phy_registers[i].reset;
    }
    s->regs[PHY_ID2] = s->id2;
}

void e1000_phy_init(E1000Phy *s, const PCIDeviceClass *cls, void (*link_changed)(void *opaque),
                    void *opaque)
{
    s->id2 = cls->device_id == DEVICE_ID_82544GC ? PHY_ID2_82544 : PHY_ID2_8254X;
    s->link_changed = link_changed;
    s->opaque = opaque;
    timer_init(&s->timer, VM_CLOCK_VIRTUAL, negotiation_over, s);
    reset_registers(s);
}

void e1000_phy_cleanup(E1000Phy *s)
{
    timer_del(&s->timer);
}

void e1000_phy_power_on(E1000Phy *s)
{
    reset_registers(s);
    timer_del(&s->timer);
    s->negotiating = false;
    s->link = s->cable;
    update_link(s);
}

void e1000_phy_reset(E1000Phy *s)
{
    reset_registers(s);
    negotiate(s);
}

void e1000_phy_set_cable(E1000Phy *s, bool plugged)
{
    if (s->cable != plugged) {
        s->cable = plugged;
        negotiate(s);
    }
}

bool e1000_phy_loopback(const E1000Phy *s)
{
    return s->regs[PHY_PCTRL] & PCTRL_LOOPBACK;
}

static void phy_write(E1000Phy *s, unsigned reg, uint16_t val)
{
    uint16_t old = s->regs[reg];

    if (reg == PHY_PCTRL && (val & PCTRL_RESET)) {
        e1000_phy_reset(s);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(phy_registers); i++) {
        if (phy_registers[i].reg == reg) {
            uint16_t wmask = phy_registers[i].wmask;

            s->regs[reg] = (s->regs[reg] & ~wmask) | (val & wmask);
        }
    }
    if (reg == PHY_PCTRL &&
        ((val & PCTRL_RESTART) || ((old ^ val) & (PCTRL_NEGOTIATE | PCTRL_POWER_DOWN)))) {
        negotiate(s);
    }
}

uint32_t e1000_mdic_access(E1000Phy *s, uint32_t val, bool *interrupt)
{
    unsigned reg = val >> MDIC_REG_SHIFT & MDIC_REG_MASK;
    unsigned phy = val >> MDIC_PHY_SHIFT & MDIC_PHY_MASK;
    unsigned op = val >> MDIC_OP_SHIFT & MDIC_OP_MASK;

    *interrupt = val & MDIC_I;
    val = (val & ~(uint32_t)MDIC_E) | MDIC_R;
    if (phy != MDIC_PHY_ADDRESS || (op != MDIC_OP_READ && op != MDIC_OP_WRITE)) {
        return val | MDIC_E;
    }
    if (op == MDIC_OP_WRITE) {
        phy_write(s, reg, val & MDIC_DATA);
        return val;
    }
    return (val & ~(uint32_t)MDIC_DATA) | s->regs[reg];
}
