/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the ACPI tables, and the commands by which firmware puts them in memory and links them.
 *
 * Documents: Advanced Configuration and Power Interface 1.0b; for the MADT's entries 2.0; for WAET
 * "Windows ACPI Emulated Devices Table"; for MCFG the PCI Firmware Specification 3.0, 4.1.2. The
 * loader's commands are those of QEMU's "etc/table-loader" file: 128 bytes each, little endian, a
 * number and its arguments.
 *
 * Left out: sleeping states but soft off (the board can't wake), hot-plugged CPUs and slots, NUMA.
 */
#include "hw/i386/acpi.h"

#include <string.h>

#include "dsdt.h" /* dsdt_aml, compiled from dsdt.asl */
#include "hw/acpi/vmgenid.h"
#include "vmgenid-ssdt.h" /* vmgenid_aml */

#define ACPI_HEADER_SIZE     36
#define ACPI_HEADER_LENGTH   4
#define ACPI_HEADER_CHECKSUM 9

#define FADT_SIZE          116
#define FADT_FIRMWARE_CTRL 36
#define FADT_DSDT          40
#define FADT_WBINVD        (1 << 0)
#define FADT_PROC_C1       (1 << 2)
#define FADT_SLP_BUTTON    (1 << 5) /* no sleep button among the fixed features */

#define FACS_SIZE     64
#define RSDP_SIZE     20
#define RSDP_CHECKSUM 8
#define RSDP_RSDT     16

#define SCI_INTERRUPT         9
#define LOCAL_APIC_BASE       0xfee00000
#define IO_APIC_BASE          0xfec00000
#define MADT_PCAT_COMPAT      1
#define MPS_ACTIVE_HIGH_LEVEL 0x0d
#define WAET_PM_TIMER_GOOD    0x02

#define AML_NAME_OP       0x08
#define AML_BYTE_PREFIX   0x0a
#define AML_WORD_PREFIX   0x0b
#define AML_DWORD_PREFIX  0x0c
#define AML_SCOPE_OP      0x10
#define AML_EXT_OP_PREFIX 0x5b
#define AML_PROCESSOR_OP  0x83

#define TABLES_FILE "etc/acpi/tables"
#define RSDP_FILE   "etc/acpi/rsdp"
#define LOADER_FILE "etc/table-loader"

#define LOADER_ALLOCATE      1
#define LOADER_ADD_POINTER   2
#define LOADER_ADD_CHECKSUM  3
#define LOADER_WRITE_POINTER 4
#define LOADER_ENTRY_SIZE    128
#define LOADER_ZONE_HIGH     1
#define LOADER_ZONE_FSEG     2

typedef struct AcpiBuilder {
    GByteArray *tables;
    GByteArray *loader;
} AcpiBuilder;

static void put(GByteArray *out, uint64_t value, unsigned len)
{
    value = GUINT64_TO_LE(value);
    g_byte_array_append(out, (const guint8 *)&value, len);
}

static void put_zeros(GByteArray *out, unsigned len)
{
    guint old = out->len;

    g_byte_array_set_size(out, old + len);
    if (len) {
        memset(out->data + old, 0, len);
    }
}

/* `len` characters of `text`, filled up with zeros. */
static void put_text(GByteArray *out, const char *text, unsigned len)
{
    unsigned n = MIN(strlen(text), len);

    g_byte_array_append(out, (const guint8 *)text, n);
    put_zeros(out, len - n);
}

/* ------------------------------------------------------------------------------- the loader -- */

static void loader_end(AcpiBuilder *b, guint start)
{
    put_zeros(b->loader, start + LOADER_ENTRY_SIZE - b->loader->len);
}

static void loader_allocate(AcpiBuilder *b, const char *file, uint32_t align, uint8_t zone)
{
    guint start = b->loader->len;

    put(b->loader, LOADER_ALLOCATE, 4);
    put_text(b->loader, file, FW_CFG_MAX_FILE_NAME);
    put(b->loader, align, 4);
    put(b->loader, zone, 1);
    loader_end(b, start);
}

/* Add the place of `target` to the 32 bits at `offset` in `file`. */
static void loader_add_pointer_to(AcpiBuilder *b, const char *file, uint32_t offset,
                                  const char *target)
{
    guint start = b->loader->len;

    put(b->loader, LOADER_ADD_POINTER, 4);
    put_text(b->loader, file, FW_CFG_MAX_FILE_NAME);
    put_text(b->loader, target, FW_CFG_MAX_FILE_NAME);
    put(b->loader, offset, 4);
    put(b->loader, 4, 1);
    loader_end(b, start);
}

static void loader_add_pointer(AcpiBuilder *b, const char *file, uint32_t offset)
{
    loader_add_pointer_to(b, file, offset, TABLES_FILE);
}

/* Write the place of `target`, 64 bits, into the writable file `file`. */
static void loader_write_pointer(AcpiBuilder *b, const char *file, const char *target)
{
    guint start = b->loader->len;

    put(b->loader, LOADER_WRITE_POINTER, 4);
    put_text(b->loader, file, FW_CFG_MAX_FILE_NAME);
    put_text(b->loader, target, FW_CFG_MAX_FILE_NAME);
    put(b->loader, 0, 4); /* offset in the file */
    put(b->loader, 0, 4); /* offset from the place */
    put(b->loader, 8, 1);
    loader_end(b, start);
}

/* Make the bytes [from, from + len) of `file` sum to zero, by the byte at `offset`. */
static void loader_add_checksum(AcpiBuilder *b, const char *file, uint32_t offset, uint32_t from,
                                uint32_t len)
{
    guint start = b->loader->len;

    put(b->loader, LOADER_ADD_CHECKSUM, 4);
    put_text(b->loader, file, FW_CFG_MAX_FILE_NAME);
    put(b->loader, offset, 4);
    put(b->loader, from, 4);
    put(b->loader, len, 4);
    loader_end(b, start);
}

/* -------------------------------------------------------------------------------- the tables -- */

/* Start a table; returns where. */
static guint table_begin(AcpiBuilder *b, const char *signature, uint8_t revision)
{
    guint start;
    char oem_table[9];

    put_zeros(b->tables, -b->tables->len & 7);
    start = b->tables->len;
    g_snprintf(oem_table, sizeof(oem_table), "LGNT%s", signature);
    put_text(b->tables, signature, 4);
    put(b->tables, 0, 4); /* length, see table_end() */
    put(b->tables, revision, 1);
    put(b->tables, 0, 1); /* checksum */
    put_text(b->tables, "LIGNIT", 6);
    put_text(b->tables, oem_table, 8);
    put(b->tables, 1, 4);
    put_text(b->tables, "LGNT", 4);
    put(b->tables, 1, 4);
    return start;
}

static void table_set_length(AcpiBuilder *b, guint start)
{
    uint32_t len = GUINT32_TO_LE(b->tables->len - start);

    memcpy(b->tables->data + start + ACPI_HEADER_LENGTH, &len, 4);
}

/* Finish a table that holds no addresses. */
static void table_end(AcpiBuilder *b, guint start)
{
    uint8_t sum = 0;

    table_set_length(b, start);
    b->tables->data[start + ACPI_HEADER_CHECKSUM] = 0;
    for (guint i = start; i < b->tables->len; i++) {
        sum += b->tables->data[i];
    }
    b->tables->data[start + ACPI_HEADER_CHECKSUM] = -sum;
}

/* Finish a table in which firmware will add addresses: it computes the checksum afterwards. */
static void table_end_linked(AcpiBuilder *b, guint start)
{
    table_set_length(b, start);
    loader_add_checksum(b, TABLES_FILE, start + ACPI_HEADER_CHECKSUM, start,
                        b->tables->len - start);
}

static guint build_facs(AcpiBuilder *b)
{
    guint start;

    put_zeros(b->tables, -b->tables->len & 63);
    start = b->tables->len;
    put_text(b->tables, "FACS", 4);
    put(b->tables, FACS_SIZE, 4);
    put_zeros(b->tables, FACS_SIZE - 8);
    return start;
}

/* Where the value of `Name (seg, <value>)` lies; the compiler kept its prefix. */
static uint8_t *dsdt_value(uint8_t *dsdt, const char *seg, uint8_t prefix)
{
    uint8_t pattern[6] = {AML_NAME_OP};
    uint8_t *found;

    memcpy(pattern + 1, seg, 4);
    pattern[5] = prefix;
    found = memmem(dsdt, sizeof(dsdt_aml), pattern, sizeof(pattern));
    g_assert(found);
    return found + sizeof(pattern);
}

static void dsdt_set_present(uint8_t *dsdt, const char *seg, bool present)
{
    *dsdt_value(dsdt, seg, AML_BYTE_PREFIX) = present ? 0x0f : 0;
}

static guint build_dsdt(AcpiBuilder *b, const AcpiConfig *config)
{
    uint32_t hole = GUINT32_TO_LE(config->pci_hole);
    uint32_t ecam = GUINT32_TO_LE(config->ecam_base);
    uint16_t pvpanic = GUINT16_TO_LE(config->pvpanic);
    uint8_t *dsdt;
    guint start;

    put_zeros(b->tables, -b->tables->len & 7);
    start = b->tables->len;
    g_byte_array_append(b->tables, dsdt_aml, sizeof(dsdt_aml));
    dsdt = b->tables->data + start;
    memcpy(dsdt_value(dsdt, "HOLE", AML_DWORD_PREFIX), &hole, 4);
    memcpy(dsdt_value(dsdt, "ECAM", AML_DWORD_PREFIX), &ecam, 4);
    dsdt_set_present(dsdt, "ECAP", config->ecam_base);
    dsdt_set_present(dsdt, "FDCP", config->fdc);
    dsdt_set_present(dsdt, "COMA", config->com1);
    dsdt_set_present(dsdt, "COMB", config->com2);
    dsdt_set_present(dsdt, "LPTP", config->lpt1);
    dsdt_set_present(dsdt, "PVPP", config->pvpanic);
    memcpy(dsdt_value(dsdt, "PVPO", AML_WORD_PREFIX), &pvpanic, 2);
    table_end(b, start);
    return start;
}

/* A processor object per CPU: older systems count these, newer ones the MADT. */
static guint build_ssdt(AcpiBuilder *b, const AcpiConfig *config)
{
    guint start = table_begin(b, "SSDT", 1);
    /* Lengths count from the length itself: 1 byte with 4 of name, id, 4 of address and 1. */
    const unsigned processor = 1 + 4 + 1 + 4 + 1;
    const unsigned scope = 2 + 5 + (2 + processor) * config->cpus;

    put(b->tables, AML_SCOPE_OP, 1);
    put(b->tables, 0x40 | (scope & 0x0f), 1);
    put(b->tables, scope >> 4, 1);
    put_text(b->tables, "\\_PR_", 5);
    for (unsigned i = 0; i < config->cpus; i++) {
        char name[5];

        g_snprintf(name, sizeof(name), "CP%02X", i);
        put(b->tables, AML_EXT_OP_PREFIX, 1);
        put(b->tables, AML_PROCESSOR_OP, 1);
        put(b->tables, processor, 1);
        put_text(b->tables, name, 4);
        put(b->tables, i, 1);
        put(b->tables, 0, 4); /* no processor control block */
        put(b->tables, 0, 1);
    }
    table_end(b, start);
    return start;
}

/* Firmware adds the address of the page to VGIA, which the table begins with. */
static guint build_vmgenid(AcpiBuilder *b)
{
    static const char vgia_op[] = {AML_NAME_OP, 'V', 'G', 'I', 'A', AML_DWORD_PREFIX};
    guint start, vgia;

    put_zeros(b->tables, -b->tables->len & 7);
    start = b->tables->len;
    g_byte_array_append(b->tables, vmgenid_aml, sizeof(vmgenid_aml));
    vgia = start + ACPI_HEADER_SIZE + sizeof(vgia_op);
    g_assert(memcmp(b->tables->data + vgia - sizeof(vgia_op), vgia_op, sizeof(vgia_op)) == 0);
    memset(b->tables->data + vgia, 0, 4);
    loader_allocate(b, VMGENID_GUID_FILE, 4096, LOADER_ZONE_HIGH);
    loader_add_pointer_to(b, TABLES_FILE, vgia, VMGENID_GUID_FILE);
    loader_write_pointer(b, VMGENID_ADDR_FILE, VMGENID_GUID_FILE);
    table_end_linked(b, start);
    return start;
}

static guint build_fadt(AcpiBuilder *b, const AcpiConfig *config, guint facs, guint dsdt)
{
    guint start = table_begin(b, "FACP", 1);

    put(b->tables, facs, 4);
    put(b->tables, dsdt, 4);
    put(b->tables, config->apic, 1); /* INT_MODEL: dual PIC, or multiple APIC */
    put(b->tables, 0, 1);
    put(b->tables, SCI_INTERRUPT, 2);
    put_zeros(b->tables, 4 + 1 + 1 + 1 + 1); /* SMI_CMD and its values: SCI_EN stays set */
    put(b->tables, config->pm_base, 4);      /* PM1a_EVT_BLK */
    put(b->tables, 0, 4);
    put(b->tables, config->pm_base + 4, 4); /* PM1a_CNT_BLK */
    put(b->tables, 0, 4);
    put(b->tables, 0, 4);
    put(b->tables, config->pm_base + 8, 4); /* PM_TMR_BLK */
    put(b->tables, config->gpe_base, 4);
    put(b->tables, 0, 4);
    put(b->tables, 4, 1); /* PM1_EVT_LEN */
    put(b->tables, 2, 1); /* PM1_CNT_LEN */
    put(b->tables, 0, 1);
    put(b->tables, 4, 1); /* PM_TM_LEN */
    put(b->tables, config->gpe_base ? config->gpe_len : 0, 1);
    put(b->tables, 0, 1);
    put(b->tables, 0, 1);
    put(b->tables, 0, 1);
    put(b->tables, 0x0fff, 2); /* P_LVL2_LAT: no C2 */
    put(b->tables, 0x0fff, 2); /* P_LVL3_LAT: no C3 */
    put_zeros(b->tables, 2 + 2 + 1 + 1);
    put(b->tables, 0, 1);    /* DAY_ALRM */
    put(b->tables, 0, 1);    /* MON_ALRM */
    put(b->tables, 0x32, 1); /* CENTURY, in CMOS */
    put_zeros(b->tables, 3);
    put(b->tables, FADT_WBINVD | FADT_PROC_C1 | FADT_SLP_BUTTON, 4);
    g_assert(b->tables->len - start == FADT_SIZE);
    loader_add_pointer(b, TABLES_FILE, start + FADT_FIRMWARE_CTRL);
    loader_add_pointer(b, TABLES_FILE, start + FADT_DSDT);
    table_end_linked(b, start);
    return start;
}

static void put_madt_override(AcpiBuilder *b, uint8_t source, uint32_t gsi, uint16_t flags)
{
    put(b->tables, 2, 1);
    put(b->tables, 10, 1);
    put(b->tables, 0, 1); /* ISA */
    put(b->tables, source, 1);
    put(b->tables, gsi, 4);
    put(b->tables, flags, 2);
}

static guint build_madt(AcpiBuilder *b, const AcpiConfig *config)
{
    static const uint8_t pci_interrupts[] = {5, 9, 10, 11};
    guint start = table_begin(b, "APIC", 1);

    put(b->tables, LOCAL_APIC_BASE, 4);
    put(b->tables, MADT_PCAT_COMPAT, 4);
    for (unsigned i = 0; i < config->cpus; i++) {
        put(b->tables, 0, 1);
        put(b->tables, 8, 1);
        put(b->tables, i, 1); /* the processor object's id */
        put(b->tables, i, 1); /* its APIC's */
        put(b->tables, 1, 4); /* enabled */
    }
    put(b->tables, 1, 1);
    put(b->tables, 12, 1);
    put(b->tables, 0, 1); /* id */
    put(b->tables, 0, 1);
    put(b->tables, IO_APIC_BASE, 4);
    put(b->tables, 0, 4); /* its first interrupt */
    put_madt_override(b, 0, 2, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(pci_interrupts); i++) {
        put_madt_override(b, pci_interrupts[i], pci_interrupts[i], MPS_ACTIVE_HIGH_LEVEL);
    }
    /* NMI at LINT1 of every local APIC. */
    put(b->tables, 4, 1);
    put(b->tables, 6, 1);
    put(b->tables, 0xff, 1);
    put(b->tables, 0, 2);
    put(b->tables, 1, 1);
    table_end(b, start);
    return start;
}

/* Where bus 0's configuration space is memory. */
static guint build_mcfg(AcpiBuilder *b, const AcpiConfig *config)
{
    guint start = table_begin(b, "MCFG", 1);

    put_zeros(b->tables, 8);
    put(b->tables, config->ecam_base, 8);
    put(b->tables, 0, 2); /* PCI segment */
    put(b->tables, 0, 1); /* the first bus ... */
    put(b->tables, 0, 1); /* ... and the last */
    put_zeros(b->tables, 4);
    table_end(b, start);
    return start;
}

/* The PM timer needs no double reads here: tell those who ask. */
static guint build_waet(AcpiBuilder *b)
{
    guint start = table_begin(b, "WAET", 1);

    put(b->tables, WAET_PM_TIMER_GOOD, 4);
    table_end(b, start);
    return start;
}

static guint build_user_table(AcpiBuilder *b, const GByteArray *table)
{
    guint start;

    put_zeros(b->tables, -b->tables->len & 7);
    start = b->tables->len;
    g_byte_array_append(b->tables, table->data, table->len);
    table_end(b, start);
    return start;
}

static guint build_rsdt(AcpiBuilder *b, const guint *tables, unsigned n)
{
    guint start = table_begin(b, "RSDT", 1);

    for (unsigned i = 0; i < n; i++) {
        loader_add_pointer(b, TABLES_FILE, b->tables->len);
        put(b->tables, tables[i], 4);
    }
    table_end_linked(b, start);
    return start;
}

static void build_rsdp(AcpiBuilder *b, GByteArray *rsdp, guint rsdt)
{
    put_text(rsdp, "RSD PTR ", 8);
    put(rsdp, 0, 1); /* checksum */
    put_text(rsdp, "LIGNIT", 6);
    put(rsdp, 0, 1); /* ACPI 1.0 */
    put(rsdp, rsdt, 4);
    g_assert(rsdp->len == RSDP_SIZE);
    loader_add_pointer(b, RSDP_FILE, RSDP_RSDT);
    loader_add_checksum(b, RSDP_FILE, RSDP_CHECKSUM, 0, RSDP_SIZE);
}

void acpi_add_tables(FwCfg *fw, const AcpiConfig *config)
{
    g_autoptr(GByteArray) tables = g_byte_array_new();
    g_autoptr(GByteArray) loader = g_byte_array_new();
    g_autoptr(GByteArray) rsdp = g_byte_array_new();
    AcpiBuilder b = {tables, loader};
    const unsigned extra = config->user_tables ? config->user_tables->len : 0;
    g_autofree guint *list = g_new(guint, 6 + extra);
    guint facs, dsdt;
    unsigned n = 0;

    g_assert(config->cpus >= 1 && config->cpus <= 255);
    g_assert(config->pci_hole < IO_APIC_BASE);
    loader_allocate(&b, TABLES_FILE, 64, LOADER_ZONE_HIGH); /* 64: the FACS asks for it */
    loader_allocate(&b, RSDP_FILE, 16, LOADER_ZONE_FSEG);
    facs = build_facs(&b);
    dsdt = build_dsdt(&b, config);
    list[n++] = build_fadt(&b, config, facs, dsdt);
    list[n++] = build_ssdt(&b, config);
    if (config->apic) {
        list[n++] = build_madt(&b, config);
    }
    list[n++] = build_waet(&b);
    if (config->vmgenid) {
        list[n++] = build_vmgenid(&b);
    }
    if (config->ecam_base) {
        list[n++] = build_mcfg(&b, config);
    }
    for (unsigned i = 0; i < extra; i++) {
        list[n++] = build_user_table(&b, g_ptr_array_index(config->user_tables, i));
    }
    build_rsdp(&b, rsdp, build_rsdt(&b, list, n));

    fw_cfg_add_file(fw, TABLES_FILE, tables->data, tables->len);
    fw_cfg_add_file(fw, RSDP_FILE, rsdp->data, rsdp->len);
    fw_cfg_add_file(fw, LOADER_FILE, loader->data, loader->len);
}
