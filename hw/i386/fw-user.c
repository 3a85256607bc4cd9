/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -fw_cfg, -acpitable and -smbios: files, ACPI tables and SMBIOS texts of the user's own.
 *
 * Documents: ACPI 1.0b, 5.2.3 (table header); DMTF DSP0134 for the names of SMBIOS fields.
 * Left out: -smbios file=, and types whose structures are made from what the machine is (4, 17...).
 */
#include "hw/i386/fw-user.h"

#include <string.h>

#include "backends/parse.h"
#include "error.h"
#include "hw/core/log.h"

#define FILE_MAX         (64u << 20)
#define ACPI_HEADER_SIZE 36
#define ACPI_TABLE_MAX   (1u << 20)

static bool read_file(const char *path, gsize max, char **data, gsize *len, GError **errp)
{
    g_autoptr(GError) err = NULL;

    if (!g_file_get_contents(path, data, len, &err)) {
        error_setg(errp, "%s", err->message);
        return false;
    }
    if (*len > max) {
        g_clear_pointer(data, g_free);
        error_setg(errp, "'%s' is larger than %zu bytes", path, (size_t)max);
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------- -fw_cfg -- */

static bool add_file(FwCfg *fw, Opts *opts, GError **errp)
{
    const char *name = opts_get(opts, "name");
    const char *path = opts_get(opts, "file");
    const char *text = opts_get(opts, "string");
    g_autofree char *data = NULL;
    gsize len;

    if (!opts_check_unknown(opts, errp)) {
        return false;
    }
    if (!name || !*name) {
        error_setg(errp, "name=NAME is missing");
        return false;
    }
    if (!path == !text) {
        error_setg(errp, "one of file=FILE and string=TEXT is needed");
        return false;
    }
    if (!fw_cfg_check_file_name(fw, name, errp)) {
        return false;
    }
    if (!g_str_has_prefix(name, "opt/")) {
        log_warning("-fw_cfg %s: a name of the user's own should begin with \"opt/\"", name);
    }
    if (text) {
        fw_cfg_add_file(fw, name, text, strlen(text)); /* without a NUL */
        return true;
    }
    if (!read_file(path, FILE_MAX, &data, &len, errp)) {
        return false;
    }
    fw_cfg_add_file(fw, name, data, len);
    return true;
}

bool fw_user_add_files(FwCfg *fw, const GPtrArray *options, GError **errp)
{
    for (unsigned i = 0; i < options->len; i++) {
        if (!add_file(fw, options->pdata[i], errp)) {
            g_prefix_error(errp, "-fw_cfg %s: ", opts_text(options->pdata[i]));
            return false;
        }
    }
    return true;
}

/* ----------------------------------------------------------------------------- -acpitable -- */

/* Fields of the header that the user may set; texts are padded with zeros. */
static const struct {
    const char *name;
    unsigned offset, len;
    bool is_number;
} header_fields[] = {
    {"sig", 0, 4, false},
    {"rev", 8, 1, true},
    {"oem_id", 10, 6, false},
    {"oem_table_id", 16, 8, false},
    {"oem_rev", 24, 4, true},
    {"asl_compiler_id", 28, 4, false},
    {"asl_compiler_rev", 32, 4, true},
};

static const uint8_t default_header[ACPI_HEADER_SIZE] = {
    'L', 'G', 'N', 'T', 0,   0,   0, 0, 1, 0, 'L', 'I', 'G', 'N', 'I', 'T', 'L', 'G',
    'N', 'T', 'U', 'S', 'E', 'R', 1, 0, 0, 0, 'L', 'G', 'N', 'T', 1,   0,   0,   0};

static void put_le(uint8_t *p, uint64_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++, value >>= 8) {
        p[i] = value;
    }
}

static bool set_header(uint8_t *header, Opts *opts, GError **errp)
{
    for (size_t i = 0; i < G_N_ELEMENTS(header_fields); i++) {
        const char *name = header_fields[i].name;
        const unsigned len = header_fields[i].len;
        uint8_t *at = header + header_fields[i].offset;
        const char *text = opts_get(opts, name);
        uint64_t number = 0;

        if (!text) {
            continue;
        }
        if (header_fields[i].is_number) {
            if (!opts_get_uint(opts, name, (UINT64_C(1) << (8 * len)) - 1, &number, errp)) {
                return false;
            }
            put_le(at, number, len);
        } else if (strlen(text) > len) {
            error_setg(errp, "Parameter '%s' takes at most %u characters", name, len);
            return false;
        } else {
            memset(at, 0, len);
            memcpy(at, text, strlen(text));
        }
    }
    return true;
}

/* One table from the files that `paths` names, with ':' between them. */
static GByteArray *load_table(Opts *opts, GError **errp)
{
    const char *whole = opts_get(opts, "file"), *body = opts_get(opts, "data");
    g_auto(GStrv) paths = g_strsplit(whole ? whole : body ? body : "", ":", -1);
    g_autoptr(GByteArray) table = g_byte_array_new();

    if (!whole == !body) {
        error_setg(errp, "one of file=FILE (with its header) and data=FILE (without) is needed");
        return NULL;
    }
    if (body) {
        g_byte_array_append(table, default_header, sizeof(default_header));
    }
    for (char **path = paths; *path; path++) {
        g_autofree char *data = NULL;
        gsize len;

        if (!read_file(*path, ACPI_TABLE_MAX - table->len, &data, &len, errp)) {
            return NULL;
        }
        g_byte_array_append(table, (const guint8 *)data, len);
    }
    if (table->len < ACPI_HEADER_SIZE) {
        error_setg(errp, "'%s' is too short for a table with its header of %d bytes", whole,
                   ACPI_HEADER_SIZE);
        return NULL;
    }
    if (!set_header(table->data, opts, errp) || !opts_check_unknown(opts, errp)) {
        return NULL;
    }
    return g_steal_pointer(&table);
}

static void free_table(void *table)
{
    g_byte_array_unref(table);
}

GPtrArray *fw_user_load_acpi_tables(const GPtrArray *options, GError **errp)
{
    g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func(free_table);

    for (unsigned i = 0; i < options->len; i++) {
        GByteArray *table = load_table(options->pdata[i], errp);

        if (!table) {
            g_prefix_error(errp, "-acpitable %s: ", opts_text(options->pdata[i]));
            return NULL;
        }
        g_ptr_array_add(tables, table);
    }
    return g_steal_pointer(&tables);
}

/* -------------------------------------------------------------------------------- -smbios -- */

static const struct {
    unsigned type;
    const char *name;
    size_t field;
} smbios_fields[] = {
    {0, "vendor", offsetof(SmbiosConfig, bios.vendor)},
    {0, "version", offsetof(SmbiosConfig, bios.version)},
    {0, "date", offsetof(SmbiosConfig, bios.date)},
    {1, "manufacturer", offsetof(SmbiosConfig, system.manufacturer)},
    {1, "product", offsetof(SmbiosConfig, system.product)},
    {1, "version", offsetof(SmbiosConfig, system.version)},
    {1, "serial", offsetof(SmbiosConfig, system.serial)},
    {1, "sku", offsetof(SmbiosConfig, system.sku)},
    {1, "family", offsetof(SmbiosConfig, system.family)},
    {2, "manufacturer", offsetof(SmbiosConfig, board.manufacturer)},
    {2, "product", offsetof(SmbiosConfig, board.product)},
    {2, "version", offsetof(SmbiosConfig, board.version)},
    {2, "serial", offsetof(SmbiosConfig, board.serial)},
    {2, "asset", offsetof(SmbiosConfig, board.asset)},
    {2, "location", offsetof(SmbiosConfig, board.location)},
    {3, "manufacturer", offsetof(SmbiosConfig, chassis.manufacturer)},
    {3, "version", offsetof(SmbiosConfig, chassis.version)},
    {3, "serial", offsetof(SmbiosConfig, chassis.serial)},
    {3, "asset", offsetof(SmbiosConfig, chassis.asset)},
    {3, "sku", offsetof(SmbiosConfig, chassis.sku)},
};

typedef struct SmbiosRequest {
    unsigned type;
    SmbiosConfig *config;
    GPtrArray *oem_strings;
} SmbiosRequest;

static bool set_smbios_field(const char *key, const char *value, void *opaque, GError **errp)
{
    SmbiosRequest *request = opaque;

    if (g_str_equal(key, "type")) {
        return true;
    }
    if (request->type == 11 && g_str_equal(key, "value")) {
        g_ptr_array_add(request->oem_strings, (char *)value);
        return true;
    }
    if (request->type == 1 && g_str_equal(key, "uuid")) {
        return parse_uuid(value, request->config->uuid, errp);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(smbios_fields); i++) {
        if (smbios_fields[i].type == request->type && g_str_equal(smbios_fields[i].name, key)) {
            *(const char **)((char *)request->config + smbios_fields[i].field) = value;
            return true;
        }
    }
    error_setg(errp, "Invalid parameter '%s' of type %u", key, request->type);
    return false;
}

static bool add_smbios(Opts *opts, SmbiosRequest *request, GError **errp)
{
    uint64_t type = UINT64_MAX;

    if (opts_has(opts, "file")) {
        error_setg(errp, "file= is not supported: give the fields with type=");
        return false;
    }
    if (!opts_get_uint(opts, "type", 127, &type, errp)) {
        return false;
    }
    if (type > 3 && type != 11) {
        error_setg(errp, "type= must be 0, 1, 2, 3 or 11: others can't be set");
        return false;
    }
    request->type = type;
    if (type == 0) {
        request->config->bios.present = true;
    } else if (type == 2) {
        request->config->board.present = true;
    }
    return opts_foreach(opts, set_smbios_field, request, errp);
}

bool fw_user_set_smbios(const GPtrArray *options, SmbiosConfig *config, GPtrArray **oem_strings,
                        GError **errp)
{
    SmbiosRequest request = {.config = config, .oem_strings = g_ptr_array_new()};

    *oem_strings = request.oem_strings;
    for (unsigned i = 0; i < options->len; i++) {
        if (!add_smbios(options->pdata[i], &request, errp)) {
            g_prefix_error(errp, "-smbios %s: ", opts_text(options->pdata[i]));
            return false;
        }
    }
    config->oem_strings = request.oem_strings;
    return true;
}
