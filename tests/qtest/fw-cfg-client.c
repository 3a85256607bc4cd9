/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fw-cfg-client.h"

void fw_cfg_read_item(Vm *vm, uint16_t key, void *buf, size_t len)
{
    outw(vm, FW_CFG_PORT_SELECTOR, key);
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)buf)[i] = inb(vm, FW_CFG_PORT_DATA);
    }
}

uint16_t fw_cfg_read_u16(Vm *vm, uint16_t key)
{
    uint16_t value;

    fw_cfg_read_item(vm, key, &value, sizeof(value));
    return GUINT16_FROM_LE(value);
}

bool fw_cfg_find_file(Vm *vm, const char *name, FwCfgFile *file)
{
    uint32_t count;

    fw_cfg_read_item(vm, FW_CFG_FILE_DIR, &count, sizeof(count));
    count = GUINT32_FROM_BE(count);
    for (uint32_t i = 0; i < count; i++) {
        for (size_t n = 0; n < sizeof(*file); n++) {
            ((uint8_t *)file)[n] = inb(vm, FW_CFG_PORT_DATA);
        }
        if (strcmp(file->name, name) == 0) {
            file->size = GUINT32_FROM_BE(file->size);
            file->select = GUINT16_FROM_BE(file->select);
            return true;
        }
    }
    return false;
}

/* The whole file, or NULL; the caller frees it. */
uint8_t *fw_cfg_read_file(Vm *vm, const char *name, uint32_t *size)
{
    FwCfgFile file;
    uint8_t *data;

    *size = 0;
    if (!fw_cfg_find_file(vm, name, &file)) {
        return NULL;
    }
    data = g_malloc0(file.size + 1);
    fw_cfg_read_item(vm, file.select, data, file.size);
    *size = file.size;
    return data;
}

/* Do what the descriptor says; what became of its control word. */
uint32_t fw_cfg_dma(Vm *vm, uint32_t control, uint32_t len, uint64_t addr)
{
    const uint64_t at = 0x8000;

    writel(vm, at, GUINT32_TO_BE(control));
    writel(vm, at + 4, GUINT32_TO_BE(len));
    writeq(vm, at + 8, GUINT64_TO_BE(addr));
    outl(vm, FW_CFG_PORT_DMA, 0);
    outl(vm, FW_CFG_PORT_DMA + 4, GUINT32_TO_BE((uint32_t)at));
    return GUINT32_FROM_BE(readl(vm, at));
}
