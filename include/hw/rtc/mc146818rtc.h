/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real-time clock and its battery-backed memory, as the board and the monitor see them.
 *
 * All functions are called with the machine lock held, on a realized device.
 */
#ifndef LIGNITE_HW_RTC_MC146818RTC_H
#define LIGNITE_HW_RTC_MC146818RTC_H

#include <time.h>

#include "hw/core/device.h"

#define RTC_RAM_SIZE 128

/*
 * Properties a board sets before realize: base (utc, localtime or a date), clock (host, rt, vm),
 * lost_tick_policy (discard, slew), base_year, iobase, irq.
 */
extern const DeviceClass mc146818rtc_class;

/*
 * Set a byte of CMOS memory, `addr` 0x0e..0x7f (asserted). The century bytes 0x32 and 0x37 belong
 * to the clock: setting them has no effect.
 */
void rtc_set_memory(Device *rtc, unsigned addr, uint8_t val);

/* A byte as the guest would read it, below RTC_RAM_SIZE; reading register C here clears nothing. */
uint8_t rtc_get_memory(Device *rtc, unsigned addr);

/* Whether the guest masked NMI with bit 7 of the index port. */
bool rtc_nmi_masked(Device *rtc);

/* The date and time that the guest's clock shows; tm_wday as the guest set it. */
void rtc_get_date(Device *rtc, struct tm *date);

/*
 * `changed` is called when the guest sets the clock; `offset` is how many seconds it is then ahead
 * of what it would show had no guest ever set it. NULL for none.
 */
void rtc_set_change_handler(Device *rtc, void (*changed)(void *opaque, int64_t offset),
                            void *opaque);

/* Forget the ticks that lost_tick_policy=slew still owes the guest. */
void rtc_reset_reinjection(Device *rtc);

#endif
