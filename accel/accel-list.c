/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accelerators that this build has. A file of its own, so that a unit test can bring its own
 * list and accelerator.
 */
#include "accel/internal.h"

const AccelOps *const accel_list[] = {
    &kvm_accel_ops,
    &x86emu_accel_ops,
    &qtest_accel_ops,
    NULL,
};
