/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the board's tables share: a fw_cfg device to hold them.
 */
#ifndef LIGNITE_TESTS_FIRMWARE_COMMON_H
#define LIGNITE_TESTS_FIRMWARE_COMMON_H

#include <string.h>

#include "hw/nvram/fw_cfg.h"

static inline FwCfg *fw_new(void)
{
    Device *dev = device_new(&fw_cfg_io_class);

    device_realize_or_die(dev, NULL);
    return (FwCfg *)dev;
}

static inline void fw_free(FwCfg *fw)
{
    device_free(DEVICE(fw));
}

/* Run the tests; several devices may have lived at a time, on one bus. */
static inline int fw_run(void)
{
    int status = g_test_run();

    system_bus_free();
    return status;
}

static inline uint64_t get_le(const uint8_t *p, unsigned len)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < len; i++) {
        value |= (uint64_t)p[i] << (8 * i);
    }
    return value;
}

static inline uint8_t sum_of(const uint8_t *p, size_t len)
{
    uint8_t sum = 0;

    while (len--) {
        sum += *p++;
    }
    return sum;
}

#endif
