/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SMBIOS tables, walked as an operating system does it.
 */
#include "hw/i386/smbios.h"

#include "common.h"

#define MIB (1024 * 1024ull)
#define GIB (1024 * MIB)

static const SmbiosConfig default_config = {
    .manufacturer = "Lignite",
    .product = "Standard PC (i440FX + PIIX, 1996)",
    .version = "pc",
    .uuid = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
             0xee, 0xff},
    .cpus = 2,
    .ram_below_4g = 3 * GIB,
    .ram_above_4g = 61 * GIB,
};

/* Number `n` of the strings after a structure. */
static const char *string_of(const uint8_t *p, unsigned n)
{
    const char *text = (const char *)p + p[1];

    g_assert_cmpuint(n, >, 0);
    while (--n) {
        g_assert_cmpuint(strlen(text), >, 0);
        text += strlen(text) + 1;
    }
    return text;
}

static const uint8_t *next_of(const uint8_t *p, const uint8_t *end)
{
    p += p[1];
    while (p + 2 <= end && (p[0] || p[1])) {
        p++;
    }
    g_assert_true(p + 2 <= end);
    return p + 2;
}

/* Structure `n` of a type; NULL if there is none. Checks what holds for all on the way. */
static const uint8_t *find(FwCfg *fw, uint8_t type, unsigned n)
{
    size_t len;
    const uint8_t *p = fw_cfg_get_file(fw, "etc/smbios/smbios-tables", &len);
    const uint8_t *end = p + len;

    for (; p < end; p = next_of(p, end)) {
        g_assert_cmpuint(p[1], >=, 4);
        g_assert_true(p + p[1] < end);
        if (p[0] == type && n-- == 0) {
            return p;
        }
    }
    return NULL;
}

static void test_anchor(void)
{
    FwCfg *fw = fw_new();
    const uint8_t *anchor, *p, *end;
    unsigned count = 0, last = 0;
    size_t len, max = 0;

    g_assert_true(smbios_add_tables(fw, &default_config, NULL));
    anchor = fw_cfg_get_file(fw, "etc/smbios/smbios-anchor", &len);
    g_assert_cmpuint(len, ==, 31);
    g_assert_cmpmem(anchor, 4, "_SM_", 4);
    g_assert_cmpmem(anchor + 16, 5, "_DMI_", 5);
    g_assert_cmphex(sum_of(anchor, anchor[5]), ==, 0);
    g_assert_cmphex(sum_of(anchor + 16, 15), ==, 0);
    p = fw_cfg_get_file(fw, "etc/smbios/smbios-tables", &len);
    g_assert_cmpuint(get_le(anchor + 0x16, 2), ==, len);
    for (end = p + len; p < end; count++) {
        const uint8_t *next = next_of(p, end);

        last = p[0];
        max = MAX(max, (size_t)(next - p));
        p = next;
    }
    g_assert_cmpuint(get_le(anchor + 0x1c, 2), ==, count);
    g_assert_cmpuint(get_le(anchor + 8, 2), ==, max);
    g_assert_cmpuint(last, ==, 127);
    fw_free(fw);
}

static void test_system(void)
{
    static const uint8_t uuid[16] = {0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                                     0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    FwCfg *fw = fw_new();
    const uint8_t *p;

    g_assert_true(smbios_add_tables(fw, &default_config, NULL));
    p = find(fw, 1, 0);
    g_assert_cmpstr(string_of(p, p[4]), ==, "Lignite");
    g_assert_cmpstr(string_of(p, p[5]), ==, "Standard PC (i440FX + PIIX, 1996)");
    g_assert_cmpstr(string_of(p, p[6]), ==, "pc");
    g_assert_cmpuint(p[7], ==, 0); /* no serial number */
    g_assert_cmpmem(p + 8, 16, uuid, 16);
    g_assert_nonnull(find(fw, 3, 0));
    g_assert_nonnull(find(fw, 32, 0));
    g_assert_null(find(fw, 0, 0));
    fw_free(fw);
}

static void test_handles_are_unique(void)
{
    FwCfg *fw = fw_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    const uint8_t *p, *end;
    size_t len;

    g_assert_true(smbios_add_tables(fw, &default_config, NULL));
    p = fw_cfg_get_file(fw, "etc/smbios/smbios-tables", &len);
    for (end = p + len; p < end; p = next_of(p, end)) {
        g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(get_le(p + 2, 2) + 1)));
    }
    fw_free(fw);
}

static void test_processors_and_memory(void)
{
    FwCfg *fw = fw_new();
    const uint8_t *processor, *array, *range;
    uint64_t total = 0;
    unsigned n = 0;

    g_assert_true(smbios_add_tables(fw, &default_config, NULL));
    processor = find(fw, 4, 0);
    g_assert_cmpstr(string_of(processor, processor[4]), ==, "CPU 0");
    g_assert_cmpuint(processor[0x23], ==, 2); /* cores, of them enabled, threads */
    g_assert_cmpuint(processor[0x24], ==, 2);
    g_assert_cmpuint(processor[0x25], ==, 2);
    g_assert_null(find(fw, 4, 1)); /* CPUID puts all CPUs into one package */
    array = find(fw, 16, 0);
    g_assert_cmphex(get_le(array + 7, 4), ==, 64 * GIB / 1024);
    for (const uint8_t *p; (p = find(fw, 17, n)); n++) {
        g_assert_cmphex(get_le(p + 4, 2), ==, get_le(array + 2, 2));
        total += get_le(p + 12, 2) * MIB;
    }
    g_assert_cmpuint(get_le(array + 13, 2), ==, n);
    g_assert_cmphex(total, ==, 64 * GIB);
    range = find(fw, 19, 0);
    g_assert_cmphex(get_le(range + 8, 4), ==, 3 * GIB / 1024 - 1);
    range = find(fw, 19, 1);
    g_assert_cmphex(get_le(range + 4, 4), ==, 4 * GIB / 1024);
    g_assert_cmphex(get_le(range + 8, 4), ==, 65 * GIB / 1024 - 1);
    fw_free(fw);
}

static void test_extremes_fit(void)
{
    g_autofree char *text = g_strnfill(10000, 'x');
    SmbiosConfig config = {
        .manufacturer = text,
        .product = text,
        .version = text,
        .serial = text,
        .cpus = 255,
        .ram_below_4g = 3 * GIB,
        .ram_above_4g = 64 * 1024 * GIB,
    };
    FwCfg *fw = fw_new();
    const uint8_t *array, *range;
    uint64_t total = 0;
    unsigned n = 0;

    g_assert_true(smbios_add_tables(fw, &config, NULL));
    g_assert_cmpuint(strlen(string_of(find(fw, 1, 0), 1)), ==, 64);
    g_assert_cmpuint(find(fw, 4, 0)[0x23], ==, 255);
    array = find(fw, 16, 0);
    g_assert_cmphex(get_le(array + 7, 4), ==, 0x80000000);
    g_assert_cmphex(get_le(array + 15, 8), ==, 64 * 1024 * GIB + 3 * GIB);
    for (const uint8_t *p; (p = find(fw, 17, n)); n++) {
        uint64_t mib = get_le(p + 12, 2);

        total += (mib == 0x7fff ? get_le(p + 28, 4) : mib) * MIB;
    }
    g_assert_cmphex(total, ==, 64 * 1024 * GIB + 3 * GIB);
    range = find(fw, 19, 1);
    g_assert_cmphex(get_le(range + 4, 4), ==, 0xffffffff);
    g_assert_cmphex(get_le(range + 15, 8), ==, 4 * GIB);
    g_assert_cmphex(get_le(range + 23, 8), ==, 64 * 1024 * GIB + 4 * GIB - 1);
    fw_free(fw);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smbios/anchor", test_anchor);
    g_test_add_func("/smbios/system", test_system);
    g_test_add_func("/smbios/handles-are-unique", test_handles_are_unique);
    g_test_add_func("/smbios/processors-and-memory", test_processors_and_memory);
    g_test_add_func("/smbios/extremes-fit", test_extremes_fit);
    return fw_run();
}
