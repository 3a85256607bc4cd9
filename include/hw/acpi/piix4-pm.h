/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PIIX4's power management function, as a board sees it.
 */
#ifndef LIGNITE_HW_ACPI_PIIX4_PM_H
#define LIGNITE_HW_ACPI_PIIX4_PM_H

#include "hw/pci/pci.h"

extern const PCIDeviceClass piix4_pm_class; /* "PIIX4_PM" */

/* Facts for ACPI tables. Ports but GPE's are where firmware puts them. */
#define PIIX4_PM_TIMER_HZ     3579545
#define PIIX4_PM_GPE_BASE     0xafe0
#define PIIX4_PM_GPE_LEN      4 /* two bytes of status, two of enable */
#define PIIX4_PM_SCI_IRQ      9
#define PIIX4_PM_ACPI_ENABLE  0xf1 /* written to APM's control port B2 */
#define PIIX4_PM_ACPI_DISABLE 0xf0

/*
 * Make and realize the function as 01.3 of `bus`, and make it answer runstate_request_powerdown().
 * Its unnamed output 0 is the SCI, a level, for ISA interrupt 9.
 */
Device *piix4_pm_new(PCIBus *bus);

/*
 * Say which legacy ports the machine has, which is for ACPI code to read in the function's
 * configuration space. Call it once, when all devices are there.
 */
void piix4_pm_set_legacy_ports(Device *pm, bool lpt1, bool com1, bool com2);

#endif
