/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The items and files of fw_cfg that tell SeaBIOS about the machine and how to boot.
 *
 * Document: SeaBIOS's docs/Runtime_config.md; the items' layouts are those QEMU's PC has.
 */
#include "hw/i386/fw-files.h"

#include <string.h>

#define SYSTEM_STATES          6
#define SYSTEM_STATE_SUPPORTED 0x80

void fw_files_add_machine(FwCfg *fw, const FwMachine *machine)
{
    fw_cfg_add_bytes(fw, FW_CFG_UUID, machine->uuid, sizeof(machine->uuid));
    fw_cfg_add_i64(fw, FW_CFG_RAM_SIZE, machine->ram_size);
    fw_cfg_add_i16(fw, FW_CFG_NOGRAPHIC, machine->nographic);
    fw_cfg_add_i16(fw, FW_CFG_NB_CPUS, machine->cpus);
    fw_cfg_add_i16(fw, FW_CFG_MAX_CPUS, machine->max_cpus);
    fw_cfg_add_i16(fw, FW_CFG_BOOT_MENU, machine->boot_menu);
    fw_cfg_add_i64(fw, FW_CFG_NUMA, 0);
    fw_cfg_add_i32(fw, FW_CFG_IRQ0_OVERRIDE, 1);
}

void fw_files_add_e820(FwCfg *fw, const E820Entry *entries, unsigned n)
{
    g_autoptr(GByteArray) out = g_byte_array_new();

    for (unsigned i = 0; i < n; i++) {
        uint64_t range[2] = {GUINT64_TO_LE(entries[i].address), GUINT64_TO_LE(entries[i].length)};
        uint32_t type = GUINT32_TO_LE(entries[i].type);

        g_byte_array_append(out, (const guint8 *)range, sizeof(range));
        g_byte_array_append(out, (const guint8 *)&type, sizeof(type));
    }
    fw_cfg_modify_file(fw, "etc/e820", out->data, out->len);
}

void fw_files_add_system_states(FwCfg *fw, bool s3, bool s4)
{
    /* S0 and S5 always; the low bits are the values of SLP_TYP, if the state is offered. */
    uint8_t states[SYSTEM_STATES] = {
        [0] = SYSTEM_STATE_SUPPORTED,
        [3] = s3 ? SYSTEM_STATE_SUPPORTED | 1 : 1,
        [4] = s4 ? SYSTEM_STATE_SUPPORTED | 2 : 2,
        [5] = SYSTEM_STATE_SUPPORTED,
    };

    fw_cfg_modify_file(fw, "etc/system-states", states, sizeof(states));
}

void fw_files_add_boot_fail_wait(FwCfg *fw, int32_t ms)
{
    ms = GINT32_TO_LE(ms);
    fw_cfg_modify_file(fw, "etc/boot-fail-wait", &ms, sizeof(ms));
}

void fw_files_add_boot_menu_wait(FwCfg *fw, uint16_t ms)
{
    ms = GUINT16_TO_LE(ms);
    fw_cfg_modify_file(fw, "etc/boot-menu-wait", &ms, sizeof(ms));
}

void fw_files_add_boot_order(FwCfg *fw, const char *const *paths, unsigned n, bool strict)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(text, "%s%s", text->len ? "\n" : "", paths[i]);
    }
    if (strict) {
        g_string_append_printf(text, "%sHALT", text->len ? "\n" : "");
    }
    if (text->len) {
        fw_cfg_modify_file(fw, "bootorder", text->str, text->len + 1); /* with its NUL */
    }
}

void fw_files_add_bios_geometry(FwCfg *fw, const char *lines)
{
    const size_t len = strlen(lines);
    g_autofree char *text = g_strdup(lines);

    if (len) {
        text[len - 1] = '\0'; /* in place of the last newline */
        fw_cfg_modify_file(fw, "bios-geometry", text, len);
    }
}
