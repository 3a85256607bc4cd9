/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of libaccel share.
 */
#ifndef LIGNITE_ACCEL_INTERNAL_H
#define LIGNITE_ACCEL_INTERNAL_H

#include "accel/accel.h"
#include "accel/zones.h"

/* Every accelerator, ended by NULL, in the order in which they are tried: accel/accel-list.c. */
extern const AccelOps *const accel_list[];

extern const AccelOps kvm_accel_ops;
extern const AccelOps x86emu_accel_ops;
extern const AccelOps qtest_accel_ops;

/* The ledger of the accelerator in use, or NULL. */
const ZoneLedger *accel_zones(void);

/* Dispatch what is queued, here and now. Lock held, no device's handler running. */
void accel_drain(void);

/*
 * In a vCPU's thread, lock held, when the CPU can't go on: whether that is of no interest, because
 * what it queued before asked for a reset, or somebody else did, or it is to be parked anyway. In
 * that last case it runs into the same again when it goes on.
 */
bool vcpu_is_outrun(Vcpu *vcpu);

/*
 * Park every vCPU for a moment, and let those go on that did; not in a vCPU's thread. The first
 * returns what the second is to be told: whether they ran.
 */
bool vcpus_hold(void);
void vcpus_release(bool running);

#endif
