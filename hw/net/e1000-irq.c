/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The e1000's interrupt: causes, the mask, and what keeps interrupts apart.
 * Document: Intel 317453, 3.2.7 (receive interrupts), 13.4.17 (ICR) to 13.4.21 (IMC), 13.4.30
 * (RDTR), 13.4.31 (RADV), 13.4.41 (TIDV), 13.4.44 (TADV).
 *
 * A cause that comes with frames is set late by two timers: one starts again with each frame, the
 * other one runs from the first on. ITR is the least time from one rise of the line to the next.
 */
#include "e1000-internal.h"

#define DELAY_UNIT_NS 1024
#define ITR_UNIT_NS   256

/* ------------------------------------------------------------------------------------ line -- */

void e1000_update_irq(E1000 *s)
{
    bool level = s->icr & s->ims;

    if (level && !s->pci.irq_level) {
        if (timer_pending(&s->itr_timer)) {
            return; /* which comes here again */
        }
        if (s->mitigation && e1000_reg(s, E1000_ITR)) {
            timer_mod(&s->itr_timer, clock_get_ns(VM_CLOCK_VIRTUAL) +
                                         (int64_t)e1000_reg(s, E1000_ITR) * ITR_UNIT_NS);
        }
    }
    pci_set_irq(&s->pci, level);
}

void e1000_set_causes(E1000 *s, uint32_t causes)
{
    s->icr |= causes & E1000_ICR_BITS;
    e1000_update_irq(s);
}

static void itr_over(void *opaque)
{
    e1000_update_irq(opaque);
}

void e1000_write_itr(E1000 *s, uint32_t val)
{
    s->regs[E1000_ITR / 4] = val & e1000_find_register(E1000_ITR)->wmask;
    if (e1000_reg(s, E1000_ITR) == 0) {
        timer_del(&s->itr_timer);
        e1000_update_irq(s);
    }
}

/* ---------------------------------------------------------------------------------- delays -- */

static void delay_over(void *opaque)
{
    E1000Delay *delay = opaque;

    timer_del(&delay->timer);
    e1000_set_causes(delay->nic, delay->cause);
}

void e1000_delay_cause(E1000Delay *delay)
{
    E1000 *s = delay->nic;
    int64_t packet = (int64_t)e1000_reg(s, delay->packet_reg) * DELAY_UNIT_NS;
    int64_t absolute = (int64_t)e1000_reg(s, delay->absolute_reg) * DELAY_UNIT_NS;
    int64_t now;

    if (!s->mitigation || packet == 0) {
        delay_over(delay);
        return;
    }
    now = clock_get_ns(VM_CLOCK_VIRTUAL);
    if (!timer_pending(&delay->timer)) {
        delay->latest = absolute ? now + absolute : INT64_MAX;
    }
    timer_mod(&delay->timer, MIN(now + packet, delay->latest));
}

void e1000_write_delay(E1000Delay *delay, uint32_t val)
{
    E1000 *s = delay->nic;

    s->regs[delay->packet_reg / 4] = val & e1000_find_register(delay->packet_reg)->wmask;
    if ((val & E1000_DELAY_FPD) && timer_pending(&delay->timer)) {
        delay_over(delay);
    }
}

static void delay_init(E1000Delay *delay, E1000 *s, uint32_t cause, uint16_t packet_reg,
                       uint16_t absolute_reg)
{
    *delay = (E1000Delay){
        .nic = s, .cause = cause, .packet_reg = packet_reg, .absolute_reg = absolute_reg};
    timer_init(&delay->timer, VM_CLOCK_VIRTUAL, delay_over, delay);
}

/* ------------------------------------------------------------------------------------------- */

void e1000_irq_init(E1000 *s)
{
    timer_init(&s->itr_timer, VM_CLOCK_VIRTUAL, itr_over, s);
    delay_init(&s->rx_delay, s, E1000_ICR_RXT0, E1000_RDTR, E1000_RADV);
    delay_init(&s->tx_delay, s, E1000_ICR_TXDW, E1000_TIDV, E1000_TADV);
}

void e1000_irq_cleanup(E1000 *s)
{
    timer_del(&s->itr_timer);
    timer_del(&s->rx_delay.timer);
    timer_del(&s->tx_delay.timer);
}

void e1000_irq_reset(E1000 *s)
{
    e1000_irq_cleanup(s);
    s->icr = s->ims = 0;
    e1000_update_irq(s);
}
