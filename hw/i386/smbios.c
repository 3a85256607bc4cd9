/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the SMBIOS tables, which firmware copies into the guest's memory.
 *
 * Document: DMTF DSP0134, System Management BIOS Reference Specification 2.8.
 *
 * Left out: type 0, which SeaBIOS adds unless the user says what is in it; a description of slots,
 * ports and caches.
 */
#include "hw/i386/smbios.h"

#include <string.h>

#include "error.h"

#define SMBIOS_ANCHOR_SIZE          31
#define SMBIOS_ANCHOR_MAX_STRUCTURE 8
#define SMBIOS_ANCHOR_LENGTH        0x16
#define SMBIOS_ANCHOR_COUNT         0x1c

/* Handles: the type's number in the high byte, so that several of a type count up. */
#define HANDLE(type, n) ((type) << 8 | (n))

#define MIB (1024 * 1024ull)
#define GIB (1024 * MIB)

/* Limits that keep all tables within 64 KiB, whatever the user asks for. */
#define SMBIOS_STRING_MAX  64
#define SMBIOS_MODULE_SIZE (16 * GIB) /* larger where there would be too many */
#define SMBIOS_MODULES_MAX 32

typedef struct Smbios {
    GByteArray *out;
    GPtrArray *strings; /* of the structure being made */
    guint start;        /* and where it starts */
    unsigned count;
    unsigned max_size;
} Smbios;

static void put(Smbios *s, uint64_t value, unsigned len)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(s->out, (const guint8 *)&value, len);
}

/* A string's number in its structure; 0 stands for none. */
static void put_string(Smbios *s, const char *text)
{
    if (!text || !*text) {
        put(s, 0, 1);
        return;
    }
    g_ptr_array_add(s->strings, g_strndup(text, SMBIOS_STRING_MAX));
    put(s, s->strings->len, 1);
}

static void begin(Smbios *s, uint8_t type, unsigned n)
{
    s->start = s->out->len;
    g_ptr_array_set_size(s->strings, 0);
    put(s, type, 1);
    put(s, 0, 1); /* length, see end() */
    put(s, HANDLE(type, n), 2);
}

static void end(Smbios *s, unsigned size)
{
    g_assert(s->out->len - s->start == size);
    s->out->data[s->start + 1] = size;
    for (unsigned i = 0; i < s->strings->len; i++) {
        const char *text = g_ptr_array_index(s->strings, i);

        g_byte_array_append(s->out, (const guint8 *)text, strlen(text) + 1);
    }
    put(s, 0, s->strings->len ? 1 : 2);
    s->max_size = MAX(s->max_size, s->out->len - s->start);
    s->count++;
}

/* What the user says, else the machine. */
static const char *pick(const char *user, const char *machine)
{
    return user ? user : machine;
}

static void add_bios(Smbios *s, const SmbiosConfig *config)
{
    begin(s, 0, 0);
    put_string(s, config->bios.vendor);
    put_string(s, config->bios.version);
    put(s, 0xe800, 2); /* its segment */
    put_string(s, config->bios.date);
    put(s, 0, 1); /* 64 KiB */
    put(s, 8, 8); /* characteristics are not given */
    put(s, 0, 1);
    put(s, 1 << 4, 1); /* a virtual machine */
    put(s, 0, 1);      /* releases */
    put(s, 0, 1);
    put(s, 0xffff, 2); /* no embedded controller */
    end(s, 24);
}

static void add_board(Smbios *s, const SmbiosConfig *config)
{
    begin(s, 2, 0);
    put_string(s, pick(config->board.manufacturer, config->manufacturer));
    put_string(s, pick(config->board.product, config->product));
    put_string(s, pick(config->board.version, config->version));
    put_string(s, config->board.serial);
    put_string(s, config->board.asset);
    put(s, 1, 1); /* it hosts others */
    put_string(s, config->board.location);
    put(s, HANDLE(3, 0), 2); /* in this chassis */
    put(s, 10, 1);           /* a motherboard */
    put(s, 0, 1);
    end(s, 15);
}

static void add_oem_strings(Smbios *s, const GPtrArray *texts)
{
    begin(s, 11, 0);
    put(s, texts->len, 1);
    for (unsigned i = 0; i < texts->len; i++) {
        const char *text = g_ptr_array_index(texts, i);

        g_ptr_array_add(s->strings, g_strdup(*text ? text : " "));
    }
    end(s, 5);
}

static void add_system(Smbios *s, const SmbiosConfig *config)
{
    /* The first three fields of a UUID are little endian here. */
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

    begin(s, 1, 0);
    put_string(s, pick(config->system.manufacturer, config->manufacturer));
    put_string(s, pick(config->system.product, config->product));
    put_string(s, pick(config->system.version, config->version));
    put_string(s, pick(config->system.serial, config->serial));
    for (unsigned i = 0; i < 16; i++) {
        put(s, config->uuid[order[i]], 1);
    }
    put(s, 6, 1); /* woken by the power switch */
    put_string(s, config->system.sku);
    put_string(s, config->system.family);
    end(s, 27);
}

static void add_chassis(Smbios *s, const SmbiosConfig *config)
{
    begin(s, 3, 0);
    put_string(s, pick(config->chassis.manufacturer, config->manufacturer));
    put(s, 1, 1); /* of another kind */
    put_string(s, pick(config->chassis.version, config->version));
    put_string(s, pick(config->chassis.serial, config->serial));
    put_string(s, config->chassis.asset);
    put(s, 3, 1); /* states: safe */
    put(s, 3, 1);
    put(s, 3, 1);
    put(s, 2, 1); /* security: unknown */
    put(s, 0, 4);
    put(s, 0, 1); /* height, power cords: unspecified */
    put(s, 0, 1);
    put(s, 0, 1); /* no contained elements */
    put(s, 0, 1);
    put_string(s, config->chassis.sku);
    end(s, 22);
}

/* One package holds all CPUs as its cores, as CPUID says. */
static void add_processor(Smbios *s, const SmbiosConfig *config)
{
    begin(s, 4, 0);
    put_string(s, "CPU 0");
    put(s, 3, 1); /* a central processor */
    put(s, 1, 1); /* of another family */
    put_string(s, config->manufacturer);
    put(s, config->cpuid_version, 4);
    put(s, config->cpuid_features, 4);
    put_string(s, config->version);
    put(s, 0, 1); /* voltage, clocks: unknown */
    put(s, 0, 2);
    put(s, 2000, 2); /* MHz: none would count as unpopulated for some readers */
    put(s, 2000, 2);
    put(s, 0x41, 1);   /* populated and enabled */
    put(s, 1, 1);      /* no known upgrade */
    put(s, 0xffff, 2); /* no caches described */
    put(s, 0xffff, 2);
    put(s, 0xffff, 2);
    put_string(s, NULL);
    put_string(s, NULL);
    put_string(s, NULL);
    put(s, config->cpus, 1); /* cores, of them enabled, threads */
    put(s, config->cpus, 1);
    put(s, config->cpus, 1);
    put(s, 2, 2); /* characteristics: unknown */
    put(s, 1, 2); /* family, again */
    end(s, 42);
}

/* Sizes in KiB that do not fit are escaped with all ones and a bit, and follow in bytes. */
static void add_memory_array(Smbios *s, uint64_t ram, unsigned devices)
{
    bool large = ram / 1024 >= 0x80000000;

    begin(s, 16, 0);
    put(s, 1, 1); /* location: other */
    put(s, 3, 1); /* system memory */
    put(s, 6, 1); /* multi-bit error correction */
    put(s, large ? 0x80000000 : ram / 1024, 4);
    put(s, 0xfffe, 2); /* no error information */
    put(s, devices, 2);
    put(s, large ? ram : 0, 8);
    end(s, 23);
}

static void add_memory_device(Smbios *s, const SmbiosConfig *config, unsigned n, uint64_t size)
{
    uint64_t mib = MAX(size / MIB, 1);
    char locator[16];

    g_snprintf(locator, sizeof(locator), "DIMM %u", n);
    begin(s, 17, n);
    put(s, HANDLE(16, 0), 2);
    put(s, 0xfffe, 2);
    put(s, 0xffff, 2); /* widths: unknown */
    put(s, 0xffff, 2);
    /* In MiB; what doesn't fit has a field of its own below. */
    put(s, MIN(mib, 0x7fff), 2);
    put(s, 9, 1); /* a DIMM */
    put(s, 0, 1); /* in no set */
    put_string(s, locator);
    put_string(s, NULL);
    put(s, 7, 1); /* RAM */
    put(s, 2, 2); /* of another technology */
    put(s, 0, 2); /* speed: unknown */
    put_string(s, config->manufacturer);
    put_string(s, NULL);
    put_string(s, NULL);
    put_string(s, NULL);
    put(s, 0, 1); /* rank: unknown */
    put(s, mib >= 0x7fff ? mib : 0, 4);
    put(s, 0, 2);
    put(s, 0, 2); /* voltages: unknown */
    put(s, 0, 2);
    put(s, 0, 2);
    end(s, 40);
}

static void add_mapped_range(Smbios *s, unsigned n, uint64_t base, uint64_t size)
{
    uint64_t last = base + size - 1;
    bool large = last / 1024 >= UINT32_MAX;

    begin(s, 19, n);
    put(s, large ? UINT32_MAX : base / 1024, 4);
    put(s, large ? UINT32_MAX : last / 1024, 4);
    put(s, HANDLE(16, 0), 2);
    put(s, 1, 1);
    put(s, large ? base : 0, 8);
    put(s, large ? last : 0, 8);
    end(s, 31);
}

static void add_boot_status(Smbios *s)
{
    begin(s, 32, 0);
    put(s, 0, 6);
    put(s, 0, 1); /* no errors */
    end(s, 11);
}

static void set_checksum(uint8_t *data, unsigned at, unsigned from, unsigned len)
{
    uint8_t sum = 0;

    data[at] = 0;
    for (unsigned i = from; i < from + len; i++) {
        sum += data[i];
    }
    data[at] = -sum;
}

/* Entry point; firmware fills in the tables' address and updates the sums. */
static void build_anchor(const Smbios *s, uint8_t anchor[SMBIOS_ANCHOR_SIZE])
{
    static const uint8_t fixed[SMBIOS_ANCHOR_SIZE] = {
        '_',  'S', 'M', '_', 0,   SMBIOS_ANCHOR_SIZE,
        2,    8,   0,   0,   0,   0,
        0,    0,   0,   0,   '_', 'D',
        'M',  'I', '_', 0,   0,   0,
        0,    0,   0,   0,   0,   0,
        0x28,
    };

    memcpy(anchor, fixed, sizeof(fixed));
    anchor[SMBIOS_ANCHOR_MAX_STRUCTURE] = s->max_size;
    anchor[SMBIOS_ANCHOR_MAX_STRUCTURE + 1] = s->max_size >> 8;
    anchor[SMBIOS_ANCHOR_LENGTH] = s->out->len;
    anchor[SMBIOS_ANCHOR_LENGTH + 1] = s->out->len >> 8;
    anchor[SMBIOS_ANCHOR_COUNT] = s->count;
    anchor[SMBIOS_ANCHOR_COUNT + 1] = s->count >> 8;
    set_checksum(anchor, 0x15, 0x10, 15);
    set_checksum(anchor, 0x04, 0, SMBIOS_ANCHOR_SIZE);
}

bool smbios_add_tables(FwCfg *fw, const SmbiosConfig *config, GError **errp)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
    Smbios s = {.out = out, .strings = strings};
    uint64_t ram = config->ram_below_4g + config->ram_above_4g;
    uint64_t module = SMBIOS_MODULE_SIZE;
    unsigned devices;
    uint8_t anchor[SMBIOS_ANCHOR_SIZE];

    g_assert(config->cpus >= 1 && config->cpus <= 255 && config->ram_below_4g > 0);
    while ((ram + module - 1) / module > SMBIOS_MODULES_MAX) {
        module *= 2;
    }
    devices = (ram + module - 1) / module;

    if (config->bios.present) {
        add_bios(&s, config);
    }
    add_system(&s, config);
    if (config->board.present) {
        add_board(&s, config);
    }
    add_chassis(&s, config);
    add_processor(&s, config);
    if (config->oem_strings && config->oem_strings->len) {
        add_oem_strings(&s, config->oem_strings);
    }
    add_memory_array(&s, ram, devices);
    for (unsigned i = 0; i < devices; i++) {
        add_memory_device(&s, config, i, MIN(ram - i * module, module));
    }
    add_mapped_range(&s, 0, 0, config->ram_below_4g);
    if (config->ram_above_4g) {
        add_mapped_range(&s, 1, 4 * GIB, config->ram_above_4g);
    }
    add_boot_status(&s);
    begin(&s, 127, 0);
    end(&s, 4);
    if (out->len > UINT16_MAX || (config->oem_strings && config->oem_strings->len > UINT8_MAX)) {
        error_setg(errp, "-smbios type=11: the SMBIOS tables do not fit into 64 KiB");
        return false;
    }

    build_anchor(&s, anchor);
    fw_cfg_add_file(fw, "etc/smbios/smbios-tables", out->data, out->len);
    fw_cfg_add_file(fw, "etc/smbios/smbios-anchor", anchor, sizeof(anchor));
    return true;
}
