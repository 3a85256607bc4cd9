/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floppy controller and its drives. All functions are called with the machine lock held.
 */
#ifndef LIGNITE_HW_BLOCK_FDC_H
#define LIGNITE_HW_BLOCK_FDC_H

#include "hw/core/device.h"

#define FDC_DRIVES 2 /* that can be attached */

extern const BusClass floppy_bus_class;
extern const DeviceClass isa_fdc_class; /* "isa-fdc"; needs the ISA bus's DMA controller */
extern const DeviceClass floppy_class;  /* "floppy" */

/* The bus that drives sit on. */
Bus *fdc_bus(Device *fdc);

/* The type of drive `unit` as CMOS byte 10h has it: 2 for 1.2 MB, 4 for 1.44 MB...; 0: none. */
uint8_t fdc_drive_code(Device *fdc, unsigned unit);

/* A drive's place below its ISA bridge, in the manner of Open Firmware: "fdc@03f0/floppy@0". */
char *floppy_boot_path(Device *floppy);

#endif
