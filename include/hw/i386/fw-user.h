/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What users add to what firmware is told: -fw_cfg, -acpitable, -smbios. All functions are called
 * with the machine lock held, while the machine is built.
 */
#ifndef LIGNITE_HW_I386_FW_USER_H
#define LIGNITE_HW_I386_FW_USER_H

#include "backends/opts.h"
#include "hw/i386/smbios.h"
#include "hw/nvram/fw_cfg.h"

/*
 * -fw_cfg [name=]NAME,file=FILE|string=TEXT, each an Opts. Fails with nothing but the earlier ones
 * added.
 */
bool fw_user_add_files(FwCfg *fw, const GPtrArray *options, GError **errp);

/*
 * -acpitable ...,data=FILE[:FILE...]|file=FILE[:FILE...], each an Opts: the tables, as GByteArray,
 * whole but for lengths and checksums. NULL when it fails.
 */
GPtrArray *fw_user_load_acpi_tables(const GPtrArray *options, GError **errp);

/*
 * -smbios type=N,FIELD=TEXT..., each an Opts, into `config`, which borrows the texts.
 * `*oem_strings` becomes the array that config->oem_strings is, for the caller to free after use.
 */
bool fw_user_set_smbios(const GPtrArray *options, SmbiosConfig *config, GPtrArray **oem_strings,
                        GError **errp);

#endif
