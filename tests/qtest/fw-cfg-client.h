/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device, as firmware uses it.
 */
#ifndef LIGNITE_TESTS_QTEST_FW_CFG_CLIENT_H
#define LIGNITE_TESTS_QTEST_FW_CFG_CLIENT_H

#include "vm.h"

#define FW_CFG_PORT_SELECTOR 0x510
#define FW_CFG_PORT_DATA     0x511
#define FW_CFG_PORT_DMA      0x514

enum {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_FILE_DIR = 0x19,
};

enum {
    FW_CFG_DMA_ERROR = 1,
    FW_CFG_DMA_READ = 2,
    FW_CFG_DMA_SKIP = 4,
    FW_CFG_DMA_SELECT = 8,
    FW_CFG_DMA_WRITE = 16
};

typedef struct FwCfgFile {
    uint32_t size;
    uint16_t select, reserved;
    char name[56];
} FwCfgFile;

/* By ports. Past an item's end are zeros. */
void fw_cfg_read_item(Vm *vm, uint16_t key, void *buf, size_t len);
uint16_t fw_cfg_read_u16(Vm *vm, uint16_t key);

/* The file's place in the directory; false when it is not there. */
bool fw_cfg_find_file(Vm *vm, const char *name, FwCfgFile *file);

/* The whole file, or NULL; the caller frees it. */
uint8_t *fw_cfg_read_file(Vm *vm, const char *name, uint32_t *size);

/* Do what the descriptor says; what became of its control word. */
uint32_t fw_cfg_dma(Vm *vm, uint32_t control, uint32_t len, uint64_t addr);

#endif
