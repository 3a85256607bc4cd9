/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ACPI tables, linked as firmware does it, then walked; and iasl's opinion of them.
 */
#include "hw/i386/acpi.h"

#include <glib/gstdio.h>

#include "common.h"

#define TABLES_AT 0x07fe0000 /* where the "firmware" puts the files */
#define RSDP_AT   0x000f5000

typedef struct Linked {
    FwCfg *fw;
    uint8_t *tables, *rsdp;
    size_t tables_len, rsdp_len;
    unsigned allocated;
} Linked;

static const AcpiConfig default_config = {
    .cpus = 3,
    .apic = true,
    .pci_hole = 0xc0000000,
    .pm_base = 0x600,
    .gpe_base = 0xafe0,
    .gpe_len = 4,
    .fdc = true,
    .com1 = true,
    .com2 = false,
    .lpt1 = true,
    .pvpanic = 0,
};

static uint8_t *linked_file(Linked *l, const char *name, size_t *len, uint64_t *addr)
{
    if (strcmp(name, "etc/acpi/tables") == 0) {
        *len = l->tables_len;
        *addr = TABLES_AT;
        return l->tables;
    }
    g_assert_cmpstr(name, ==, "etc/acpi/rsdp");
    *len = l->rsdp_len;
    *addr = RSDP_AT;
    return l->rsdp;
}

static void run_command(Linked *l, const uint8_t *cmd)
{
    const char *name = (const char *)cmd + 4;
    uint64_t addr, target;
    size_t len, other;
    uint8_t *data = linked_file(l, name, &len, &addr);
    uint32_t value, at, from, n;

    switch (get_le(cmd, 4)) {
    case 1:
        l->allocated++;
        g_assert_cmphex(addr % get_le(cmd + 60, 4), ==, 0);
        g_assert_cmphex(cmd[64], ==, strstr(name, "rsdp") ? 2 : 1);
        break;
    case 2:
        at = get_le(cmd + 116, 4);
        g_assert_cmphex(cmd[120], ==, 4);
        g_assert_cmpuint(at + 4, <=, len);
        linked_file(l, (const char *)cmd + 60, &other, &target);
        value = get_le(data + at, 4);
        g_assert_cmpuint(value, <, other);
        value = GUINT32_TO_LE(value + (uint32_t)target);
        memcpy(data + at, &value, 4);
        break;
    case 3:
        at = get_le(cmd + 60, 4);
        from = get_le(cmd + 64, 4);
        n = get_le(cmd + 68, 4);
        g_assert_cmpuint((uint64_t)from + n, <=, len);
        g_assert_cmpuint(at - from, <, n);
        data[at] -= sum_of(data + from, n);
        break;
    default:
        g_assert_not_reached();
    }
}

static void link_tables(Linked *l, const AcpiConfig *config)
{
    const uint8_t *loader;
    size_t len;

    memset(l, 0, sizeof(*l));
    l->fw = fw_new();
    acpi_add_tables(l->fw, config);
    l->tables = (uint8_t *)fw_cfg_get_file(l->fw, "etc/acpi/tables", &l->tables_len);
    l->rsdp = (uint8_t *)fw_cfg_get_file(l->fw, "etc/acpi/rsdp", &l->rsdp_len);
    l->tables = g_memdup2(l->tables, l->tables_len);
    l->rsdp = g_memdup2(l->rsdp, l->rsdp_len);
    loader = fw_cfg_get_file(l->fw, "etc/table-loader", &len);
    g_assert_nonnull(loader);
    g_assert_cmpuint(len % 128, ==, 0);
    for (size_t i = 0; i < len; i += 128) {
        run_command(l, loader + i);
    }
    g_assert_cmpuint(l->allocated, ==, 2);
}

static void unlink_tables(Linked *l)
{
    g_free(l->tables);
    g_free(l->rsdp);
    fw_free(l->fw);
}

/* The table at a linked address; checks its head. */
static const uint8_t *table_at(Linked *l, uint32_t addr)
{
    const uint8_t *p;

    g_assert_cmphex(addr, >=, TABLES_AT);
    g_assert_cmphex(addr - TABLES_AT + 36, <=, l->tables_len);
    p = l->tables + (addr - TABLES_AT);
    g_assert_cmphex(addr - TABLES_AT + get_le(p + 4, 4), <=, l->tables_len);
    return p;
}

/* The table of that signature by way of RSDP and RSDT; NULL if there is none. */
static const uint8_t *find_table(Linked *l, const char *signature)
{
    const uint8_t *rsdt = table_at(l, get_le(l->rsdp + 16, 4));
    const uint8_t *found = NULL;

    g_assert_cmpmem(l->rsdp, 8, "RSD PTR ", 8);
    g_assert_cmpmem(rsdt, 4, "RSDT", 4);
    for (unsigned i = 36; i < get_le(rsdt + 4, 4); i += 4) {
        const uint8_t *table = table_at(l, get_le(rsdt + i, 4));

        if (memcmp(table, signature, 4) == 0) {
            g_assert_null(found);
            found = table;
        }
    }
    return found;
}

static void test_checksums(void)
{
    static const char *const names[] = {"FACP", "APIC", "SSDT", "WAET"};
    const uint8_t *table;
    Linked l;

    link_tables(&l, &default_config);
    g_assert_cmpuint(l.rsdp_len, ==, 20);
    g_assert_cmphex(sum_of(l.rsdp, 20), ==, 0);
    table = table_at(&l, get_le(l.rsdp + 16, 4));
    g_assert_cmphex(sum_of(table, get_le(table + 4, 4)), ==, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        table = find_table(&l, names[i]);
        g_assert_nonnull(table);
        g_assert_cmphex(sum_of(table, get_le(table + 4, 4)), ==, 0);
    }
    table = table_at(&l, get_le(find_table(&l, "FACP") + 40, 4));
    g_assert_cmpmem(table, 4, "DSDT", 4);
    g_assert_cmphex(sum_of(table, get_le(table + 4, 4)), ==, 0);
    unlink_tables(&l);
}

static void test_fadt(void)
{
    const uint8_t *fadt, *facs;
    Linked l;

    link_tables(&l, &default_config);
    fadt = find_table(&l, "FACP");
    facs = table_at(&l, get_le(fadt + 36, 4));
    g_assert_cmpmem(facs, 4, "FACS", 4);
    g_assert_cmphex(get_le(fadt + 36, 4) % 64, ==, 0);
    g_assert_cmpuint(get_le(facs + 4, 4), ==, 64);
    g_assert_cmpuint(get_le(fadt + 46, 2), ==, 9);         /* SCI_INT */
    g_assert_cmphex(get_le(fadt + 48, 4), ==, 0);          /* SMI_CMD */
    g_assert_cmphex(get_le(fadt + 52, 4), ==, 0);          /* and its values */
    g_assert_cmphex(get_le(fadt + 56, 4), ==, 0x600);      /* PM1a_EVT_BLK */
    g_assert_cmphex(get_le(fadt + 64, 4), ==, 0x604);      /* PM1a_CNT_BLK */
    g_assert_cmphex(get_le(fadt + 76, 4), ==, 0x608);      /* PM_TMR_BLK */
    g_assert_cmphex(get_le(fadt + 80, 4), ==, 0xafe0);     /* GPE0_BLK */
    g_assert_cmphex(get_le(fadt + 88, 4), ==, 0x04000204); /* lengths */
    g_assert_cmphex(fadt[92], ==, 4);
    g_assert_cmphex(fadt[108], ==, 0x32);                 /* CENTURY */
    g_assert_cmphex(get_le(fadt + 112, 4) & 0x10, ==, 0); /* the power button is a fixed one */
    unlink_tables(&l);
}

static void test_madt(void)
{
    const uint8_t *madt;
    unsigned cpus = 0, ioapics = 0, overrides = 0;
    Linked l;

    link_tables(&l, &default_config);
    madt = find_table(&l, "APIC");
    g_assert_cmphex(get_le(madt + 36, 4), ==, 0xfee00000);
    for (unsigned i = 44; i < get_le(madt + 4, 4); i += madt[i + 1]) {
        g_assert_cmpuint(madt[i + 1], >=, 2);
        switch (madt[i]) {
        case 0:
            g_assert_cmpuint(madt[i + 2], ==, cpus);
            g_assert_cmpuint(madt[i + 3], ==, cpus);
            g_assert_cmphex(get_le(madt + i + 4, 4), ==, 1);
            cpus++;
            break;
        case 1:
            g_assert_cmphex(get_le(madt + i + 4, 4), ==, 0xfec00000);
            ioapics++;
            break;
        case 2:
            if (madt[i + 3] == 0) {
                g_assert_cmpuint(get_le(madt + i + 4, 4), ==, 2);
                g_assert_cmphex(get_le(madt + i + 8, 2), ==, 0);
            } else {
                g_assert_cmpuint(get_le(madt + i + 4, 4), ==, madt[i + 3]);
                g_assert_cmphex(get_le(madt + i + 8, 2), ==, 0x0d);
            }
            overrides++;
            break;
        }
    }
    g_assert_cmpuint(cpus, ==, 3);
    g_assert_cmpuint(ioapics, ==, 1);
    g_assert_cmpuint(overrides, ==, 5);
    unlink_tables(&l);
}

static void test_without_apic(void)
{
    AcpiConfig config = default_config;
    Linked l;

    config.apic = false;
    config.cpus = 1;
    config.gpe_base = 0;
    link_tables(&l, &config);
    g_assert_null(find_table(&l, "APIC"));
    g_assert_cmphex(find_table(&l, "FACP")[92], ==, 0);
    unlink_tables(&l);
}

/* Write a table to a file and disassemble it; returns the source. */
static char *disassemble(const uint8_t *table, const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "table.aml", NULL);
    g_autofree char *dsl = g_build_filename(dir, "table.dsl", NULL);
    const char *const argv[] = {IASL, "-d", path, NULL};
    g_autofree char *out = NULL;
    char *text = NULL;
    int status = -1;
    g_autoptr(GError) err = NULL;

    g_assert_true(g_file_set_contents(path, (const char *)table, get_le(table + 4, 4), NULL));
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                               &out, NULL, &status, &err));
    g_assert_cmpint(status, ==, 0);
    g_assert_true(g_file_get_contents(dsl, &text, NULL, NULL));
    g_assert_null(strstr(text, "ncorrect checksum"));
    g_assert_null(strstr(text, "Invalid"));
    g_unlink(path);
    g_unlink(dsl);
    return text;
}

static AcpiConfig ecam_config(void)
{
    AcpiConfig config = default_config;

    config.ecam_base = 0xc0000000;
    config.pci_hole = 0xc0100000;
    return config;
}

static void test_mcfg(void)
{
    const AcpiConfig config = ecam_config();
    const uint8_t *mcfg;
    Linked l;

    link_tables(&l, &config);
    mcfg = find_table(&l, "MCFG");
    g_assert_nonnull(mcfg);
    g_assert_cmpuint(get_le(mcfg + 4, 4), ==, 36 + 8 + 16);
    g_assert_cmphex(sum_of(mcfg, 60), ==, 0);
    g_assert_cmphex(get_le(mcfg + 44, 4), ==, 0xc0000000);
    g_assert_cmphex(get_le(mcfg + 48, 4), ==, 0);
    g_assert_cmphex(get_le(mcfg + 52, 4), ==, 0); /* segment 0, bus 0 to bus 0 */
    unlink_tables(&l);

    link_tables(&l, &default_config);
    g_assert_null(find_table(&l, "MCFG"));
    unlink_tables(&l);
}

static void test_iasl_reads_every_table(void)
{
    static const char *const names[] = {"FACP", "APIC", "SSDT", "WAET", "MCFG"};
    const AcpiConfig config = ecam_config();
    char *dir = g_dir_make_tmp("lignite-acpi-XXXXXX", NULL);
    Linked l;

    link_tables(&l, &config);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = disassemble(find_table(&l, names[i]), dir);

        if (strcmp(names[i], "SSDT") == 0) {
            g_assert_nonnull(strstr(text, "Processor (CP02, 0x02, 0x00000000, 0x00)"));
            g_assert_null(strstr(text, "CP03"));
        }
    }
    unlink_tables(&l);
    g_rmdir(dir);
    g_free(dir);
}

static void test_dsdt_has_the_settings(void)
{
    char *dir = g_dir_make_tmp("lignite-acpi-XXXXXX", NULL);
    g_autofree char *text = NULL;
    Linked l;

    link_tables(&l, &default_config);
    text = disassemble(table_at(&l, get_le(find_table(&l, "FACP") + 40, 4)), dir);
    g_assert_nonnull(strstr(text, "Name (HOLE, 0xC0000000)"));
    g_assert_nonnull(strstr(text, "Name (ECAP, 0x00)"));
    g_assert_nonnull(strstr(text, "Name (FDCP, 0x0F)"));
    g_assert_nonnull(strstr(text, "Name (COMA, 0x0F)"));
    g_assert_nonnull(strstr(text, "Name (COMB, 0x00)"));
    g_assert_nonnull(strstr(text, "Name (LPTP, 0x0F)"));
    g_assert_nonnull(strstr(text, "Name (PVPP, 0x00)"));
    g_assert_nonnull(strstr(text, "Name (PVPO, 0x0000)"));
    g_assert_nonnull(strstr(text, "_S5, Package"));
    g_assert_nonnull(strstr(text, "Name (_PRT"));
    unlink_tables(&l);
    g_rmdir(dir);
    g_free(dir);
}

/* Has ACPICA run the methods, as an operating system does; link A reads as 0 there. */
static void test_methods_run(void)
{
    char *dir = g_dir_make_tmp("lignite-acpi-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "dsdt.aml", NULL);
    const char *const argv[] = {
        ACPIEXEC,
        "-b",
        "execute \\_SB.PCI0._CRS;execute \\_SB.PCI0.ISA.COM2._STA;"
        "execute \\_SB.MCFG._CRS;execute \\_SB.LNKA._CRS;execute \\_SB.LNKC._DIS;execute \\_SB.LNKC._STA",
        path,
        NULL,
    };
    const AcpiConfig config = ecam_config();
    g_autofree char *out = NULL;
    const uint8_t *dsdt;
    int status = -1;
    Linked l;

    if (!*ACPIEXEC) {
        g_test_skip("there is no acpiexec");
        g_rmdir(dir);
        g_free(dir);
        return;
    }
    link_tables(&l, &config);
    dsdt = table_at(&l, get_le(find_table(&l, "FACP") + 40, 4));
    g_assert_true(g_file_set_contents(path, (const char *)dsdt, get_le(dsdt + 4, 4), NULL));
    g_assert_true(g_spawn_sync(dir, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                               &out, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    /* The window below 4 GiB: its start, end and length. */
    g_assert_nonnull(strstr(out, "00 00 10 C0"));
    g_assert_nonnull(strstr(out, "FF FF BF FE 00 00 00 00 00 00 B0 3E"));
    /* Configuration space as memory: a fixed range, writable, 1 MiB. */
    g_assert_nonnull(strstr(out, "86 09 00 01 00 00 00 C0 00 00 10 00"));
    g_assert_nonnull(strstr(out, "LNKA._CRS returned"));
    g_assert_nonnull(strstr(out, "[Integer] = 0000000000000000")); /* no COM2 */
    g_assert_nonnull(strstr(out, "[Integer] = 0000000000000009")); /* link C is off */
    g_assert_null(strstr(out, "AE_"));
    unlink_tables(&l);
    g_unlink(path);
    g_rmdir(dir);
    g_free(dir);
}

static void test_most_cpus(void)
{
    char *dir = g_dir_make_tmp("lignite-acpi-XXXXXX", NULL);
    AcpiConfig config = default_config;
    g_autofree char *text = NULL;
    Linked l;

    config.cpus = 255;
    link_tables(&l, &config);
    text = disassemble(find_table(&l, "SSDT"), dir);
    g_assert_nonnull(strstr(text, "Processor (CPFE, 0xFE, 0x00000000, 0x00)"));
    unlink_tables(&l);
    g_rmdir(dir);
    g_free(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/acpi/checksums", test_checksums);
    g_test_add_func("/acpi/fadt", test_fadt);
    g_test_add_func("/acpi/madt", test_madt);
    g_test_add_func("/acpi/mcfg", test_mcfg);
    g_test_add_func("/acpi/without-apic", test_without_apic);
    g_test_add_func("/acpi/iasl-reads-every-table", test_iasl_reads_every_table);
    g_test_add_func("/acpi/dsdt-has-the-settings", test_dsdt_has_the_settings);
    g_test_add_func("/acpi/methods-run", test_methods_run);
    g_test_add_func("/acpi/most-cpus", test_most_cpus);
    return fw_run();
}
