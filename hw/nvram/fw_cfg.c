/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fw_cfg device of QEMU's PC: a selector, a data port and a DMA channel through which firmware
 * reads configuration items and files.
 *
 * Document: "QEMU Firmware Configuration (fw_cfg) Device" (docs/specs/fw_cfg in QEMU's manual).
 *
 * Left out: writing through the data port (QEMU dropped it in 2.4) and the memory-mapped form.
 */
#include "hw/nvram/fw_cfg.h"

#include <string.h>

#include "hw/core/log.h"

#define FW_CFG_ID_TRADITIONAL 0x01
#define FW_CFG_ID_DMA         0x02

#define FW_CFG_KEY_MASK   0x3fff
#define FW_CFG_LOCAL_KEYS 16 /* room for keys 8000.. */

#define FW_CFG_DMA_SIGNATURE       0x51454d5520434647ull /* "QEMU CFG", big endian */
#define FW_CFG_DMA_DESCRIPTOR_SIZE 16

#define FW_CFG_DIR_ENTRY_SIZE (8 + FW_CFG_MAX_FILE_NAME)

typedef struct FwCfgItem {
    uint8_t *data; /* owned; NULL while the item was not added */
    size_t len;
    bool writable;
    FwCfgSelectFunc select;
    FwCfgWriteFunc write;
    void *opaque;
} FwCfgItem;

typedef struct FwCfgFile {
    char *name;
    FwCfgItem item;
} FwCfgFile;

struct FwCfg {
    Device dev;
    bool dma_enabled;

    MemoryRegion ports;
    MemoryRegion io;  /* +0 selector (16 bits), +1 data (8 bits) */
    MemoryRegion dma; /* +4 address, 64 bits big endian; its low half at +8 starts a transfer */
    AddressSpace *dma_as;

    uint16_t key;      /* what is selected, without FW_CFG_WRITE_CHANNEL */
    uint32_t offset;   /* of the next byte in the selected item */
    uint64_t dma_addr; /* as far as it was written; 0 when idle */

    FwCfgItem fixed[FW_CFG_FILE_FIRST];
    FwCfgItem local[FW_CFG_LOCAL_KEYS];
    GPtrArray *files; /* FwCfgFile, by name; file i has the key FW_CFG_FILE_FIRST + i */
    bool dir_stale;   /* the directory item must be made again before it is read */
};

static FwCfg *fw_cfg_cast(Device *dev)
{
    return DEVICE_CAST(FwCfg, &fw_cfg_io_class, dev);
}

/* ------------------------------------------------------------------------------------ items -- */

static void fw_cfg_item_clear(FwCfgItem *item)
{
    g_free(item->data);
    memset(item, 0, sizeof(*item));
}

static void fw_cfg_item_take(FwCfgItem *item, void *data, size_t len)
{
    g_free(item->data);
    /* An empty item exists all the same, so it has a pointer. */
    item->data = data ? data : g_malloc0(1);
    item->len = len;
}

static void *fw_cfg_copy(const void *data, size_t len)
{
    uint8_t *copy = g_malloc(MAX(len, 1));

    if (len) {
        memcpy(copy, data, len);
    }
    return copy;
}

static void fw_cfg_file_free(gpointer data)
{
    FwCfgFile *file = data;

    fw_cfg_item_clear(&file->item);
    g_free(file->name);
    g_free(file);
}

/* Where `name` is, or (returning NULL) would be inserted. */
static FwCfgFile *fw_cfg_lookup_file(FwCfg *fw, const char *name, unsigned *position)
{
    unsigned low = 0, high = fw->files->len;

    while (low < high) {
        unsigned mid = (low + high) / 2;
        FwCfgFile *file = g_ptr_array_index(fw->files, mid);
        int order = strcmp(name, file->name);

        if (order == 0) {
            *position = mid;
            return file;
        }
        if (order < 0) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    *position = low;
    return NULL;
}

static FwCfgItem *fw_cfg_fixed_item(FwCfg *fw, uint16_t key)
{
    unsigned index = key & FW_CFG_KEY_MASK;

    if (key & FW_CFG_ARCH_LOCAL) {
        return index < G_N_ELEMENTS(fw->local) ? &fw->local[index] : NULL;
    }
    return index < G_N_ELEMENTS(fw->fixed) ? &fw->fixed[index] : NULL;
}

/* The item a guest's key names, or NULL: nothing is there. */
static FwCfgItem *fw_cfg_item(FwCfg *fw, uint16_t key)
{
    unsigned index = key & FW_CFG_KEY_MASK;
    FwCfgItem *item;

    if (!(key & FW_CFG_ARCH_LOCAL) && index >= FW_CFG_FILE_FIRST) {
        index -= FW_CFG_FILE_FIRST;
        if (index >= fw->files->len) {
            return NULL;
        }
        return &((FwCfgFile *)g_ptr_array_index(fw->files, index))->item;
    }
    item = fw_cfg_fixed_item(fw, key);
    return item && item->data ? item : NULL;
}

static void fw_cfg_put_be32(uint8_t *p, uint32_t value)
{
    value = GUINT32_TO_BE(value);
    memcpy(p, &value, sizeof(value));
}

static void fw_cfg_build_dir(FwCfg *fw)
{
    size_t len = 4 + fw->files->len * FW_CFG_DIR_ENTRY_SIZE;
    uint8_t *dir = g_malloc0(len);
    uint8_t *entry = dir + 4;

    fw_cfg_put_be32(dir, fw->files->len);
    for (unsigned i = 0; i < fw->files->len; i++, entry += FW_CFG_DIR_ENTRY_SIZE) {
        const FwCfgFile *file = g_ptr_array_index(fw->files, i);

        fw_cfg_put_be32(entry, file->item.len);
        fw_cfg_put_be32(entry + 4, (uint32_t)(FW_CFG_FILE_FIRST + i) << 16);
        strcpy((char *)entry + 8, file->name);
    }
    fw_cfg_item_take(&fw->fixed[FW_CFG_FILE_DIR], dir, len);
    fw->dir_stale = false;
}

static void fw_cfg_select(FwCfg *fw, uint16_t selector)
{
    FwCfgItem *item;

    fw->key = selector & ~FW_CFG_WRITE_CHANNEL;
    fw->offset = 0;
    if (fw->key == FW_CFG_FILE_DIR && fw->dir_stale) {
        fw_cfg_build_dir(fw);
    }
    item = fw_cfg_item(fw, fw->key);
    if (item && item->select) {
        item->select(item->opaque);
    }
}

/* How many bytes of the selected item are left from the present offset on. */
static size_t fw_cfg_left(FwCfg *fw, const FwCfgItem *item)
{
    return item && fw->offset < item->len ? item->len - fw->offset : 0;
}

/* Move the offset; it stops at the top, where no item reaches. */
static void fw_cfg_advance(FwCfg *fw, uint32_t len)
{
    fw->offset = len > UINT32_MAX - fw->offset ? UINT32_MAX : fw->offset + len;
}

/* --------------------------------------------------------------------------- selector, data -- */

static uint64_t fw_cfg_io_read(void *opaque, hwaddr addr, unsigned size)
{
    FwCfg *fw = opaque;
    FwCfgItem *item = fw_cfg_item(fw, fw->key);
    uint8_t value = 0;

    if (fw_cfg_left(fw, item)) {
        value = item->data[fw->offset++];
    }
    return value;
}

static void fw_cfg_io_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    FwCfg *fw = opaque;

    if (size == 2) {
        fw_cfg_select(fw, data);
    }
}

/* Words select, bytes are data; both registers answer at both ports, as the ports overlap. */
static bool fw_cfg_io_accepts(void *opaque, hwaddr addr, unsigned size, bool is_write)
{
    return size == 1 || (size == 2 && is_write && addr == 0);
}

static const RegisterName fw_cfg_io_registers[] = {{0x0, 1, "Selector"}, {0x1, 1, "Data"}, {}};

static const MemoryRegionOps fw_cfg_io_ops = {
    .read = fw_cfg_io_read,
    .write = fw_cfg_io_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .registers = fw_cfg_io_registers,
    .valid = {.min_access_size = 1, .max_access_size = 2, .accepts = fw_cfg_io_accepts},
    .impl = {.min_access_size = 1, .max_access_size = 2},
};

/* -------------------------------------------------------------------------------------- DMA -- */

/* Copy to the guest; what lies past the item's end reads as zeros. */
static bool fw_cfg_dma_read(FwCfg *fw, hwaddr address, uint32_t len)
{
    static const uint8_t zeros[64 * 1024];
    FwCfgItem *item = fw_cfg_item(fw, fw->key);
    uint32_t n = MIN(fw_cfg_left(fw, item), len);

    if (n && address_space_write(fw->dma_as, address, item->data + fw->offset, n) != MEMTX_OK) {
        return false;
    }
    fw_cfg_advance(fw, n);
    address += n;
    /* Stops at the first failure, so a length of 4 GiB into nowhere costs nothing. */
    for (len -= n; len; len -= n, address += n) {
        n = MIN(len, sizeof(zeros));
        if (address_space_write(fw->dma_as, address, zeros, n) != MEMTX_OK) {
            return false;
        }
    }
    return true;
}

/* Copy from the guest: all of it or nothing, and never past the item's end. */
static bool fw_cfg_dma_write(FwCfg *fw, hwaddr address, uint32_t len)
{
    FwCfgItem *item = fw_cfg_item(fw, fw->key);
    g_autofree uint8_t *buf = NULL;

    if (!item || !item->writable || len > fw_cfg_left(fw, item)) {
        log_guest_error("fw_cfg: write of %u bytes to key %04x refused", len, fw->key);
        return false;
    }
    buf = g_malloc(MAX(len, 1));
    if (address_space_read(fw->dma_as, address, buf, len) != MEMTX_OK) {
        return false;
    }
    memcpy(item->data + fw->offset, buf, len);
    if (item->write) {
        item->write(item->opaque, fw->offset, len);
    }
    fw_cfg_advance(fw, len);
    return true;
}

static void fw_cfg_dma_transfer(FwCfg *fw)
{
    hwaddr descriptor = fw->dma_addr;
    uint8_t raw[FW_CFG_DMA_DESCRIPTOR_SIZE];
    uint32_t control, len;
    uint64_t address;
    bool ok = true;

    fw->dma_addr = 0;
    if (!fw->dma_as) {
        return;
    }
    if (address_space_read(fw->dma_as, descriptor, raw, sizeof(raw)) != MEMTX_OK) {
        log_guest_error("fw_cfg: no descriptor at %" G_GINT64_MODIFIER "x", descriptor);
        address_space_stl_be(fw->dma_as, descriptor, FW_CFG_DMA_CTL_ERROR, NULL);
        return;
    }
    memcpy(&control, raw, 4);
    memcpy(&len, raw + 4, 4);
    memcpy(&address, raw + 8, 8);
    control = GUINT32_FROM_BE(control);
    len = GUINT32_FROM_BE(len);
    address = GUINT64_FROM_BE(address);

    if (control & FW_CFG_DMA_CTL_SELECT) {
        fw_cfg_select(fw, control >> 16);
    }
    if (control & FW_CFG_DMA_CTL_READ) {
        ok = fw_cfg_dma_read(fw, address, len);
    } else if (control & FW_CFG_DMA_CTL_WRITE) {
        ok = fw_cfg_dma_write(fw, address, len);
    } else if (control & FW_CFG_DMA_CTL_SKIP) {
        fw_cfg_advance(fw, len);
    }
    address_space_stl_be(fw->dma_as, descriptor, ok ? 0 : FW_CFG_DMA_CTL_ERROR, NULL);
}

/* The register reads as a signature that tells the channel is there. */
static uint64_t fw_cfg_dma_reg_read(void *opaque, hwaddr addr, unsigned size)
{
    uint64_t value = FW_CFG_DMA_SIGNATURE >> (8 * (8 - addr - size));

    return size == 8 ? value : value & ((1ull << (8 * size)) - 1);
}

static void fw_cfg_dma_reg_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    FwCfg *fw = opaque;

    if (size == 8) {
        fw->dma_addr = data;
        fw_cfg_dma_transfer(fw);
    } else if (addr == 0) {
        fw->dma_addr = data << 32;
    } else {
        fw->dma_addr |= (uint32_t)data;
        fw_cfg_dma_transfer(fw);
    }
}

static bool fw_cfg_dma_accepts(void *opaque, hwaddr addr, unsigned size, bool is_write)
{
    return !is_write || size >= 4;
}

static const RegisterName fw_cfg_dma_registers[] = {
    {0, 4, "DMA Address high"}, {4, 4, "DMA Address low"}, {}};

static const MemoryRegionOps fw_cfg_dma_ops = {
    .read = fw_cfg_dma_reg_read,
    .write = fw_cfg_dma_reg_write,
    .endianness = DEVICE_BIG_ENDIAN,
    .registers = fw_cfg_dma_registers,
    .valid = {.min_access_size = 1, .max_access_size = 8, .accepts = fw_cfg_dma_accepts},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

/* --------------------------------------------------------------------------- for the board -- */

FwCfg *fw_cfg_find(void)
{
    Device *dev = device_find_class(&fw_cfg_io_class);

    return dev ? fw_cfg_cast(dev) : NULL;
}

MemoryRegion *fw_cfg_ports(FwCfg *fw)
{
    return &fw->ports;
}

void fw_cfg_set_dma_address_space(FwCfg *fw, AddressSpace *as)
{
    fw->dma_as = as;
}

void fw_cfg_take_bytes(FwCfg *fw, uint16_t key, void *data, size_t len)
{
    FwCfgItem *item = fw_cfg_fixed_item(fw, key);

    g_assert(item && !(key & FW_CFG_WRITE_CHANNEL) && key != FW_CFG_FILE_DIR);
    g_assert(len <= UINT32_MAX);
    fw_cfg_item_take(item, data, len);
}

void fw_cfg_add_bytes(FwCfg *fw, uint16_t key, const void *data, size_t len)
{
    fw_cfg_take_bytes(fw, key, fw_cfg_copy(data, len), len);
}

void fw_cfg_add_i16(FwCfg *fw, uint16_t key, uint16_t value)
{
    value = GUINT16_TO_LE(value);
    fw_cfg_add_bytes(fw, key, &value, sizeof(value));
}

void fw_cfg_add_i32(FwCfg *fw, uint16_t key, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    fw_cfg_add_bytes(fw, key, &value, sizeof(value));
}

void fw_cfg_add_i64(FwCfg *fw, uint16_t key, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    fw_cfg_add_bytes(fw, key, &value, sizeof(value));
}

void fw_cfg_add_string(FwCfg *fw, uint16_t key, const char *value)
{
    fw_cfg_add_bytes(fw, key, value, strlen(value) + 1);
}

bool fw_cfg_check_file_name(FwCfg *fw, const char *name, GError **errp)
{
    unsigned position;

    if (!*name) {
        error_setg(errp, "fw_cfg: a file needs a name");
        return false;
    }
    if (strlen(name) >= FW_CFG_MAX_FILE_NAME) {
        error_setg(errp, "fw_cfg: name '%s' is too long (at most %d characters)", name,
                   FW_CFG_MAX_FILE_NAME - 1);
        return false;
    }
    if (fw_cfg_lookup_file(fw, name, &position)) {
        error_setg(errp, "fw_cfg: duplicate file name: %s", name);
        return false;
    }
    if (fw->files->len == FW_CFG_MAX_FILES) {
        error_setg(errp, "fw_cfg: no room for '%s': there are %d files already", name,
                   FW_CFG_MAX_FILES);
        return false;
    }
    return true;
}

void fw_cfg_add_file_callback(FwCfg *fw, const char *name, const void *data, size_t len,
                              bool writable, FwCfgSelectFunc select, FwCfgWriteFunc write,
                              void *opaque)
{
    FwCfgFile *file;
    unsigned position;

    g_assert(fw_cfg_check_file_name(fw, name, NULL));
    g_assert(len <= UINT32_MAX);
    fw_cfg_lookup_file(fw, name, &position);
    file = g_new0(FwCfgFile, 1);
    file->name = g_strdup(name);
    fw_cfg_item_take(&file->item, fw_cfg_copy(data, len), len);
    file->item.writable = writable;
    file->item.select = select;
    file->item.write = write;
    file->item.opaque = opaque;
    g_ptr_array_insert(fw->files, position, file);
    fw->dir_stale = true;
}

void fw_cfg_add_file(FwCfg *fw, const char *name, const void *data, size_t len)
{
    fw_cfg_add_file_callback(fw, name, data, len, false, NULL, NULL, NULL);
}

void fw_cfg_modify_file(FwCfg *fw, const char *name, const void *data, size_t len)
{
    unsigned position;
    FwCfgFile *file = fw_cfg_lookup_file(fw, name, &position);

    if (!file) {
        fw_cfg_add_file(fw, name, data, len);
        return;
    }
    g_assert(len <= UINT32_MAX);
    fw_cfg_item_take(&file->item, fw_cfg_copy(data, len), len);
    fw->dir_stale = true;
}

const void *fw_cfg_get_file(FwCfg *fw, const char *name, size_t *len)
{
    unsigned position;
    const FwCfgFile *file = fw_cfg_lookup_file(fw, name, &position);

    *len = file ? file->item.len : 0;
    return file ? file->item.data : NULL;
}

bool fw_cfg_has_dma(const FwCfg *fw)
{
    return fw->dma_enabled;
}

const void *fw_cfg_get_item(FwCfg *fw, uint16_t key, size_t *len)
{
    const FwCfgItem *item = fw_cfg_item(fw, key);

    *len = item ? item->len : 0;
    return item ? item->data : NULL;
}

/* ------------------------------------------------------------------------------------ class -- */

static bool fw_cfg_realize(Device *dev, GError **errp)
{
    FwCfg *fw = fw_cfg_cast(dev);

    fw->files = g_ptr_array_new_with_free_func(fw_cfg_file_free);
    memory_region_init(&fw->ports, &dev->owner, "fwcfg-ports", 12);
    memory_region_init_io(&fw->io, &dev->owner, &fw_cfg_io_ops, fw, "fwcfg", 2);
    memory_region_add_subregion(&fw->ports, 0, &fw->io);
    if (fw->dma_enabled) {
        memory_region_init_io(&fw->dma, &dev->owner, &fw_cfg_dma_ops, fw, "fwcfg.dma", 8);
        memory_region_add_subregion(&fw->ports, 4, &fw->dma);
    }

    fw_cfg_add_bytes(fw, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_add_i32(fw, FW_CFG_ID, FW_CFG_ID_TRADITIONAL | (fw->dma_enabled ? FW_CFG_ID_DMA : 0));
    fw->fixed[FW_CFG_FILE_DIR].data = g_malloc0(1);
    fw->dir_stale = true;
    fw_cfg_select(fw, FW_CFG_SIGNATURE);
    return true;
}

static void fw_cfg_unrealize(Device *dev)
{
    FwCfg *fw = fw_cfg_cast(dev);

    if (fw->dma_enabled) {
        memory_region_del_subregion(&fw->ports, &fw->dma);
    }
    memory_region_del_subregion(&fw->ports, &fw->io);
    memory_region_destroy(&fw->dma);
    memory_region_destroy(&fw->io);
    memory_region_destroy(&fw->ports);
    for (unsigned i = 0; i < G_N_ELEMENTS(fw->fixed); i++) {
        fw_cfg_item_clear(&fw->fixed[i]);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(fw->local); i++) {
        fw_cfg_item_clear(&fw->local[i]);
    }
    g_clear_pointer(&fw->files, g_ptr_array_unref);
}

static void fw_cfg_reset(Device *dev)
{
    FwCfg *fw = fw_cfg_cast(dev);

    fw->dma_addr = 0;
    fw_cfg_select(fw, FW_CFG_SIGNATURE);
}

static const Property fw_cfg_props[] = {
    PROP_BOOL("dma_enabled", FwCfg, dma_enabled, true, .help = "offer the DMA channel"), {}};

const DeviceClass fw_cfg_io_class = {
    .name = "fw_cfg_io",
    .desc = "firmware configuration",
    .category = "Misc",
    .parent = &device_class,
    .size = sizeof(FwCfg),
    .internal = true,
    .props = fw_cfg_props,
    .realize = fw_cfg_realize,
    .unrealize = fw_cfg_unrealize,
    .reset = fw_cfg_reset,
};
