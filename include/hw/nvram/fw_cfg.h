/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_cfg: how the host hands firmware its configuration, as numbered items and as named files.
 *
 * All functions are called with the machine lock held. Items and files are added while the machine
 * is built, before the guest runs: adding a file renumbers the files that sort after it.
 */
#ifndef LIGNITE_HW_NVRAM_FW_CFG_H
#define LIGNITE_HW_NVRAM_FW_CFG_H

#include "hw/core/device.h"

/* Keys of the items that have a fixed number. */
enum {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_MACHINE_ID = 0x06,
    FW_CFG_KERNEL_ADDR = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_KERNEL_CMDLINE = 0x09,
    FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_BOOT_DEVICE = 0x0c,
    FW_CFG_NUMA = 0x0d,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDR = 0x16,
    FW_CFG_SETUP_SIZE = 0x17,
    FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
    FW_CFG_WRITE_CHANNEL = 0x4000, /* bit of the selector, without effect */
    FW_CFG_ARCH_LOCAL = 0x8000,    /* bit of the keys that belong to the architecture */
    FW_CFG_IRQ0_OVERRIDE = FW_CFG_ARCH_LOCAL + 2,
};

#define FW_CFG_MAX_FILES     1024
#define FW_CFG_MAX_FILE_NAME 56 /* with the final NUL */

/* Bits of a DMA descriptor's control word. */
#define FW_CFG_DMA_CTL_ERROR  0x01
#define FW_CFG_DMA_CTL_READ   0x02
#define FW_CFG_DMA_CTL_SKIP   0x04
#define FW_CFG_DMA_CTL_SELECT 0x08
#define FW_CFG_DMA_CTL_WRITE  0x10

typedef struct FwCfg FwCfg;

/* "fw_cfg_io"; properties: dma_enabled. */
extern const DeviceClass fw_cfg_io_class;

/* Called when the guest selects a file, before it reads the first byte; may call
 * fw_cfg_modify_file() on it. */
typedef void (*FwCfgSelectFunc)(void *opaque);

/* Called after the guest wrote [offset, offset + len) of a writable file. */
typedef void (*FwCfgWriteFunc)(void *opaque, size_t offset, size_t len);

/* The device of this machine, or NULL. */
FwCfg *fw_cfg_find(void);

/*
 * The ports, a container of 12 bytes: selector at 0, data at 1, DMA address at 4. Boards map it at
 * I/O port 510. Valid from realize on.
 */
MemoryRegion *fw_cfg_ports(FwCfg *fw);

/* Whether the guest can use DMA, and so write files. */
bool fw_cfg_has_dma(const FwCfg *fw);

/* Where descriptors and buffers of DMA lie. Without one, every transfer fails. */
void fw_cfg_set_dma_address_space(FwCfg *fw, AddressSpace *as);

/*
 * Give the item `key` (below FW_CFG_FILE_FIRST, or architecture local) its bytes, which are
 * copied; integers are stored little endian, strings with their final NUL. An earlier value is
 * replaced.
 */
void fw_cfg_add_bytes(FwCfg *fw, uint16_t key, const void *data, size_t len);
void fw_cfg_add_i16(FwCfg *fw, uint16_t key, uint16_t value);
void fw_cfg_add_i32(FwCfg *fw, uint16_t key, uint32_t value);
void fw_cfg_add_i64(FwCfg *fw, uint16_t key, uint64_t value);
void fw_cfg_add_string(FwCfg *fw, uint16_t key, const char *value);

/* As fw_cfg_add_bytes(), taking over `data`, which g_free() can free: for large items. */
void fw_cfg_take_bytes(FwCfg *fw, uint16_t key, void *data, size_t len);

/*
 * Add a file whose bytes are copied. The name must be new, not empty, and shorter than
 * FW_CFG_MAX_FILE_NAME (asserted; see fw_cfg_check_file_name() for names that users give).
 */
void fw_cfg_add_file(FwCfg *fw, const char *name, const void *data, size_t len);

/*
 * As fw_cfg_add_file(), with callbacks (either may be NULL). With `writable` the guest may change
 * the bytes, never the length, by DMA; a reset does not undo that.
 */
void fw_cfg_add_file_callback(FwCfg *fw, const char *name, const void *data, size_t len,
                              bool writable, FwCfgSelectFunc select, FwCfgWriteFunc write,
                              void *opaque);

/* Replace a file's bytes, or add it. */
void fw_cfg_modify_file(FwCfg *fw, const char *name, const void *data, size_t len);

/* The present bytes of a file, until it is changed; NULL if there is none of that name. */
const void *fw_cfg_get_file(FwCfg *fw, const char *name, size_t *len);

/* The present bytes of an item; NULL if it was never added. */
const void *fw_cfg_get_item(FwCfg *fw, uint16_t key, size_t *len);

/* Whether a file of that name can be added: its length, its uniqueness, the room left. */
bool fw_cfg_check_file_name(FwCfg *fw, const char *name, GError **errp);

#endif
