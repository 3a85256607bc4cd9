/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lays out a multiboot kernel (ELF32, or with the address fields of its header), its modules and
 * the boot information.
 *
 * Document: Multiboot Specification 0.6.96; System V ABI, "Program Header".
 *
 * Left out: symbols, drives, APM and video modes in the boot information; kernels below 1 MiB.
 */
#include "kernel-internal.h"

#include <elf.h>

#define HEADER_MAGIC          0x1badb002
#define HEADER_SEARCH         8192
#define HEADER_SIZE           12 /* magic, flags, checksum */
#define HEADER_ADDRESS_SIZE   32 /* and the five addresses */
#define HEADER_FLAG_ADDRESSES (1 << 16)
/* Of the flags that must be understood: modules on pages, memory information, video mode. */
#define HEADER_FLAGS_KNOWN    0x0007

#define PAGE 4096

/* Boot information: fixed part, room for the ROM's memory map, strings, module list. */
#define MBI_ADDR                  0x10000
#define MBI_LIMIT                 0x80000 /* firmware's low memory is above */
#define MBI_FLAGS                 0
#define MBI_CMDLINE               16
#define MBI_MODS_COUNT            20
#define MBI_MODS_ADDR             24
#define MBI_MMAP_ADDR             48
#define MBI_BOOT_LOADER_NAME      64
#define MBI_FIXED_SIZE            128
#define MBI_MMAP_SIZE             (64 * 24) /* as many entries as pc-bios/multiboot.S makes */
#define MBI_FLAG_CMDLINE          (1 << 2)
#define MBI_FLAG_MODS             (1 << 3)
#define MBI_FLAG_BOOT_LOADER_NAME (1 << 9)

#define MODULE_ENTRY_SIZE 16
#define MODULES_MAX       256

typedef struct Multiboot {
    const KernelOptions *options;
    GByteArray *mem; /* the kernel and its modules, from `base` on */
    uint32_t base;
    uint32_t entry;
    GByteArray *info; /* what goes to MBI_ADDR */
    GByteArray *mods; /* the module list, to be appended to it */
} Multiboot;

/* The first header whose checksum is right; NULL if there is none. */
static const uint8_t *multiboot_find_header(const KernelFile *file)
{
    size_t end = MIN(file->size, HEADER_SEARCH);

    for (size_t at = 0; at + HEADER_SIZE <= end; at += 4) {
        const uint8_t *p = (const uint8_t *)file->data + at;

        if (get32(p) == HEADER_MAGIC && get32(p) + get32(p + 4) + get32(p + 8) == 0) {
            return p;
        }
    }
    return NULL;
}

/* Make `mem` cover [base, base + size), filled with zeros. */
static bool multiboot_set_range(Multiboot *m, uint64_t base, uint64_t size, GError **errp)
{
    uint64_t limit = m->options->ram_below_4g;

    if (base < KERNEL_HIGH_ADDR) {
        error_setg(errp,
                   "could not load kernel '%s': it lies at %#" G_GINT64_MODIFIER
                   "x; multiboot kernels are loaded at 0x100000 or above",
                   m->options->kernel, base);
        return false;
    }
    limit = limit > KERNEL_FIRMWARE_RESERVE ? limit - KERNEL_FIRMWARE_RESERVE : 0;
    if (base > limit || size > limit - base || size > G_MAXINT32) {
        error_setg(errp,
                   "could not load kernel '%s': it needs memory up to %#" G_GINT64_MODIFIER
                   "x; give the machine more with -m",
                   m->options->kernel, base + size);
        return false;
    }
    m->base = base;
    g_byte_array_set_size(m->mem, size);
    if (size) {
        memset(m->mem->data, 0, size);
    }
    return true;
}

/* One segment of an ELF file: where it is in the file, and in memory. */
typedef struct Segment {
    uint32_t offset, file_size;
    uint32_t addr, mem_size;
} Segment;

/* Reads program header `i`; false for one that loads nothing. */
static bool elf_segment(const KernelFile *file, const Elf32_Ehdr *eh, unsigned i, Segment *seg)
{
    Elf32_Phdr ph;

    memcpy(&ph,
           file->data + GUINT32_FROM_LE(eh->e_phoff) + (size_t)i * GUINT16_FROM_LE(eh->e_phentsize),
           sizeof(ph));
    seg->offset = GUINT32_FROM_LE(ph.p_offset);
    seg->file_size = GUINT32_FROM_LE(ph.p_filesz);
    seg->addr = GUINT32_FROM_LE(ph.p_paddr);
    seg->mem_size = GUINT32_FROM_LE(ph.p_memsz);
    return GUINT32_FROM_LE(ph.p_type) == PT_LOAD && seg->mem_size > 0;
}

static bool multiboot_load_elf(Multiboot *m, const KernelFile *file, GError **errp)
{
    const char *name = m->options->kernel;
    uint64_t low = UINT64_MAX, end = 0;
    Elf32_Ehdr eh;
    Segment seg;

    if (file->size < sizeof(eh)) {
        error_setg(errp, "could not load kernel '%s': its ELF header is cut off", name);
        return false;
    }
    memcpy(&eh, file->data, sizeof(eh));
    if (eh.e_ident[EI_CLASS] == ELFCLASS64) {
        error_setg(errp, "could not load kernel '%s': Cannot load x86-64 image, give a 32bit one.",
                   name);
        return false;
    }
    if (eh.e_ident[EI_CLASS] != ELFCLASS32 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
        GUINT16_FROM_LE(eh.e_machine) != EM_386) {
        error_setg(errp, "could not load kernel '%s': it is no ELF file for i386", name);
        return false;
    }
    if (GUINT16_FROM_LE(eh.e_phentsize) < sizeof(Elf32_Phdr) ||
        GUINT32_FROM_LE(eh.e_phoff) > file->size ||
        (uint64_t)GUINT16_FROM_LE(eh.e_phnum) * GUINT16_FROM_LE(eh.e_phentsize) >
            file->size - GUINT32_FROM_LE(eh.e_phoff)) {
        error_setg(errp, "could not load kernel '%s': its program headers are not in the file",
                   name);
        return false;
    }

    for (unsigned i = 0; i < GUINT16_FROM_LE(eh.e_phnum); i++) {
        if (!elf_segment(file, &eh, i, &seg)) {
            continue;
        }
        if (seg.file_size > seg.mem_size || seg.offset > file->size ||
            seg.file_size > file->size - seg.offset) {
            error_setg(errp, "could not load kernel '%s': segment %u is not in the file", name, i);
            return false;
        }
        low = MIN(low, seg.addr);
        end = MAX(end, (uint64_t)seg.addr + seg.mem_size);
    }
    if (end == 0) {
        error_setg(errp, "could not load kernel '%s': it has nothing to load", name);
        return false;
    }
    if (!multiboot_set_range(m, low, end - low, errp)) {
        return false;
    }
    for (unsigned i = 0; i < GUINT16_FROM_LE(eh.e_phnum); i++) {
        if (elf_segment(file, &eh, i, &seg)) {
            memcpy(m->mem->data + (seg.addr - low), file->data + seg.offset, seg.file_size);
        }
    }
    m->entry = GUINT32_FROM_LE(eh.e_entry);
    return true;
}

/* A file of any format, whose header says what goes where. */
static bool multiboot_load_flat(Multiboot *m, const KernelFile *file, const uint8_t *header,
                                GError **errp)
{
    const char *name = m->options->kernel;
    uint64_t at = header - (const uint8_t *)file->data;
    uint32_t header_addr, load_addr, load_end, bss_end;
    uint64_t start, size, mem_size;

    if (file->size - at < HEADER_ADDRESS_SIZE) {
        error_setg(errp, "could not load kernel '%s': its multiboot header is cut off", name);
        return false;
    }
    header_addr = get32(header + 12);
    load_addr = get32(header + 16);
    load_end = get32(header + 20); /* 0: to the end of the file */
    bss_end = get32(header + 24);  /* 0: none */
    m->entry = get32(header + 28);

    if (load_addr > header_addr || header_addr - load_addr > at) {
        error_setg(errp,
                   "could not load kernel '%s': its load_addr %#x does not fit its "
                   "header_addr %#x",
                   name, load_addr, header_addr);
        return false;
    }
    start = at - (header_addr - load_addr);
    if (load_end && load_end < load_addr) {
        error_setg(errp,
                   "could not load kernel '%s': its load_end_addr %#x is below its "
                   "load_addr %#x",
                   name, load_end, load_addr);
        return false;
    }
    size = load_end ? load_end - load_addr : file->size - start;
    if (size > file->size - start) {
        error_setg(errp,
                   "could not load kernel '%s': its load_end_addr %#x is past the file's "
                   "end",
                   name, load_end);
        return false;
    }
    mem_size = bss_end > load_addr ? MAX(size, bss_end - load_addr) : size;
    if (!multiboot_set_range(m, load_addr, mem_size, errp)) {
        return false;
    }
    if (size) {
        memcpy(m->mem->data, file->data + start, size);
    }
    return true;
}

/* Append a string to the boot information; returns where it will be. */
static uint32_t multiboot_add_string(Multiboot *m, const char *text)
{
    uint32_t addr = MBI_ADDR + m->info->len;

    g_byte_array_append(m->info, (const guint8 *)text, strlen(text) + 1);
    return addr;
}

/* One module, "file args": its bytes go on the next page after the kernel. */
static bool multiboot_add_module(Multiboot *m, const char *module, GError **errp)
{
    uint64_t limit = m->options->ram_below_4g - KERNEL_FIRMWARE_RESERVE;
    g_auto(KernelFile) file = {0};
    g_autofree char *path = g_strndup(module, strcspn(module, " "));
    uint64_t start = (m->mem->len + (uint64_t)m->base + PAGE - 1) & ~(uint64_t)(PAGE - 1);
    uint8_t entry[MODULE_ENTRY_SIZE] = {0};
    guint old = m->mem->len;

    if (!kernel_file_read(&file, path, "initrd", errp)) {
        return false;
    }
    if (start > limit || file.size > limit - start || start - m->base + file.size > G_MAXINT32) {
        error_setg(errp,
                   "could not load initrd '%s': its %" G_GSIZE_FORMAT " bytes do not fit above "
                   "%#" G_GINT64_MODIFIER "x; give the machine more memory with -m",
                   path, file.size, start);
        return false;
    }
    g_byte_array_set_size(m->mem, start - m->base);
    memset(m->mem->data + old, 0, m->mem->len - old);
    g_byte_array_append(m->mem, (const guint8 *)file.data, file.size);

    put32(entry, start);
    put32(entry + 4, start + file.size);
    put32(entry + 8, multiboot_add_string(m, module));
    g_byte_array_append(m->mods, entry, sizeof(entry));
    return true;
}

/* "file args,file args"; two commas stand for one. */
static bool multiboot_add_modules(Multiboot *m, GError **errp)
{
    const char *p = m->options->initrd;
    unsigned n = 0;

    while (p && *p) {
        g_autoptr(GString) module = g_string_new(NULL);

        for (; *p && (*p != ',' || p[1] == ','); p++) {
            p += *p == ',';
            g_string_append_c(module, *p);
        }
        p += *p == ',';
        if (++n > MODULES_MAX) {
            error_setg(errp, "-initrd: more than %d modules", MODULES_MAX);
            return false;
        }
        if (!multiboot_add_module(m, module->str, errp)) {
            return false;
        }
    }
    return true;
}

static bool multiboot_build_info(Multiboot *m, GError **errp)
{
    const char *append = m->options->append;
    g_autofree char *cmdline = append && *append
                                   ? g_strdup_printf("%s %s", m->options->kernel, append)
                                   : g_strdup(m->options->kernel);
    uint32_t flags = MBI_FLAG_CMDLINE | MBI_FLAG_BOOT_LOADER_NAME;
    uint32_t cmdline_addr, loader_addr, mods_addr = 0;

    g_byte_array_set_size(m->info, MBI_FIXED_SIZE + MBI_MMAP_SIZE);
    memset(m->info->data, 0, m->info->len);
    cmdline_addr = multiboot_add_string(m, cmdline);
    loader_addr = multiboot_add_string(m, "lignite");
    if (!multiboot_add_modules(m, errp)) {
        return false;
    }
    if (m->mods->len) {
        g_byte_array_append(m->info, (const guint8 *)"\0\0\0", -m->info->len & 3);
        mods_addr = MBI_ADDR + m->info->len;
        g_byte_array_append(m->info, m->mods->data, m->mods->len);
        flags |= MBI_FLAG_MODS;
    }
    if (m->info->len > MBI_LIMIT - MBI_ADDR) {
        error_setg(errp, "-append, -initrd: the command lines are too long (%u bytes)",
                   m->info->len);
        return false;
    }
    put32(m->info->data + MBI_FLAGS, flags);
    put32(m->info->data + MBI_CMDLINE, cmdline_addr);
    put32(m->info->data + MBI_MODS_COUNT, m->mods->len / MODULE_ENTRY_SIZE);
    put32(m->info->data + MBI_MODS_ADDR, mods_addr);
    put32(m->info->data + MBI_MMAP_ADDR, MBI_ADDR + MBI_FIXED_SIZE);
    put32(m->info->data + MBI_BOOT_LOADER_NAME, loader_addr);
    return true;
}

static void multiboot_take(KernelBlob *blob, GByteArray **bytes, uint32_t addr)
{
    blob->addr = addr;
    blob->size = (*bytes)->len;
    blob->data = g_byte_array_free(g_steal_pointer(bytes), FALSE);
}

bool multiboot_load(KernelImage *image, const KernelFile *file, const KernelOptions *options,
                    bool *is_multiboot, GError **errp)
{
    g_autoptr(GByteArray) mem = g_byte_array_new();
    g_autoptr(GByteArray) info = g_byte_array_new();
    g_autoptr(GByteArray) mods = g_byte_array_new();
    Multiboot m = {.options = options, .mem = mem, .info = info, .mods = mods};
    const uint8_t *header = multiboot_find_header(file);
    bool ok;

    *is_multiboot = header != NULL;
    if (!header) {
        return true;
    }
    if (get32(header + 4) & 0xffff & ~HEADER_FLAGS_KNOWN) {
        error_setg(errp,
                   "could not load kernel '%s': it requires multiboot features (flags %#x) that "
                   "are unknown",
                   options->kernel, get32(header + 4));
        return false;
    }
    if (get32(header + 4) & HEADER_FLAG_ADDRESSES) {
        ok = multiboot_load_flat(&m, file, header, errp);
    } else if (file->size >= SELFMAG && memcmp(file->data, ELFMAG, SELFMAG) == 0) {
        ok = multiboot_load_elf(&m, file, errp);
    } else {
        error_setg(errp,
                   "could not load kernel '%s': it is no ELF file and has no multiboot "
                   "addresses",
                   options->kernel);
        ok = false;
    }
    if (!ok) {
        return false;
    }
    if (m.entry < m.base || m.entry - m.base >= mem->len) {
        error_setg(errp, "could not load kernel '%s': its entry %#x is outside of it",
                   options->kernel, m.entry);
        return false;
    }
    if (!multiboot_build_info(&m, errp)) {
        return false;
    }

    image->rom = "multiboot.bin";
    image->entry = m.entry;
    multiboot_take(&image->kernel, &mem, m.base);
    multiboot_take(&image->initrd, &info, MBI_ADDR);
    return true;
}
