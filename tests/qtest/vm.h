/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A qtest client: starts the program without a CPU and does to its machine what a CPU would.
 *
 *     Vm *vm = vm_start("-rtc clock=vm -m 64");
 *
 *     vm_watch_irqs(vm, "ioapic");
 *     outb(vm, 0x70, 0x0a);
 *     vm_step(vm, NANOSECONDS_PER_SECOND);
 *     g_assert_true(vm_irq(vm, 8));
 *     vm_stop(vm);
 *
 * Whatever the program does that it should not do (end, say FAIL, say nothing for a minute) fails
 * the test. The program is what the environment's LIGNITE names.
 */
#ifndef LIGNITE_TESTS_QTEST_VM_H
#define LIGNITE_TESTS_QTEST_VM_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)
#define NANOSECONDS_PER_MS     INT64_C(1000000)
#define NANOSECONDS_PER_US     INT64_C(1000)

typedef struct Vm Vm;

/* Start with these options beside the usual ones, in a shell's quoting; waits for its first word.
 */
Vm *vm_start(const char *fmt, ...) G_GNUC_PRINTF(1, 2);

/* End it, expect status 0 and nothing left behind. */
void vm_stop(Vm *vm);

/* Wait for it to end by itself; its status. */
int vm_wait(Vm *vm);

pid_t vm_pid(const Vm *vm);
const char *vm_folder(const Vm *vm); /* for the test's files; goes with the machine */

/* Say a line, and take the answer without its "OK "; NULL for FAIL. The caller frees it. */
char *vm_ask(Vm *vm, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* ------------------------------------------------------------------------------ monitors -- */

/*
 * A QMP command, as in vm_qmp(vm, "query-status", NULL) or, with arguments for json_pack(),
 * vm_qmp(vm, "eject", "{s:s}", "id", "cd0"). What it returns, for the caller to json_decref();
 * vm_qmp_error() expects it to fail, and returns the error's class and, in `desc` if not NULL, its
 * text; both are for the caller to free.
 */
json_t *vm_qmp(Vm *vm, const char *command, const char *args, ...);
char *vm_qmp_error(Vm *vm, char **desc, const char *command, const char *args, ...);

/* The data of the first event of a name that came and was not asked for yet; waits for it. */
json_t *vm_qmp_event(Vm *vm, const char *name);

/* Do a QMP command, and drop what it returns. */
#define vm_do(vm, command, ...) json_decref(vm_qmp(vm, command, __VA_ARGS__))

/* Wait for an event, whose data's `member` (NULL: any data) must be that text. */
void vm_expect_event(Vm *vm, const char *name, const char *member, const char *value);

/* What query-status must say. */
void vm_expect_status(Vm *vm, const char *status);

/* Whether an event of a name came before the answer to a command that is sent now. */
bool vm_qmp_has_event(Vm *vm, const char *name);

/* What the human monitor answers to a line; the caller frees it. */
char *vm_hmp(Vm *vm, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* ------------------------------------------------------------------------- ports, memory -- */

void outb(Vm *vm, uint16_t port, uint8_t value);
void outw(Vm *vm, uint16_t port, uint16_t value);
void outl(Vm *vm, uint16_t port, uint32_t value);
uint8_t inb(Vm *vm, uint16_t port);
uint16_t inw(Vm *vm, uint16_t port);
uint32_t inl(Vm *vm, uint16_t port);

void writeb(Vm *vm, uint64_t addr, uint8_t value);
void writew(Vm *vm, uint64_t addr, uint16_t value);
void writel(Vm *vm, uint64_t addr, uint32_t value);
void writeq(Vm *vm, uint64_t addr, uint64_t value);
uint8_t readb(Vm *vm, uint64_t addr);
uint16_t readw(Vm *vm, uint64_t addr);
uint32_t readl(Vm *vm, uint64_t addr);
uint64_t readq(Vm *vm, uint64_t addr);
void vm_read(Vm *vm, uint64_t addr, void *buf, size_t len);
void vm_write(Vm *vm, uint64_t addr, const void *buf, size_t len);
void vm_fill(Vm *vm, uint64_t addr, size_t len, uint8_t value);

/* Reset the machine, as the guest does by port 0xcf9. */
void vm_reset(Vm *vm);

/* A byte of CMOS memory. */
uint8_t cmos_read(Vm *vm, uint8_t index);
void cmos_write(Vm *vm, uint8_t index, uint8_t value);

/* ---------------------------------------------------------------------- time, interrupts -- */

/* These return the time that it became, in ns. */
int64_t vm_step(Vm *vm, int64_t ns);
int64_t vm_step_to_next(Vm *vm); /* the next timer; -1 when there is none */
int64_t vm_set_clock(Vm *vm, int64_t ns);

/* Watch the inputs of a device; then, the level of one, and how often it rose. */
void vm_watch_irqs(Vm *vm, const char *device);
bool vm_irq(const Vm *vm, int n);
unsigned vm_irq_count(const Vm *vm, int n);
void vm_set_irq(Vm *vm, const char *device, const char *list, int n, int level);

/* ----------------------------------------------------------------------------------- PCI -- */

#define PCI_DEVFN(slot, function) ((slot) << 3 | (function))

uint8_t pci_readb(Vm *vm, int devfn, uint8_t reg);
uint16_t pci_readw(Vm *vm, int devfn, uint8_t reg);
uint32_t pci_readl(Vm *vm, int devfn, uint8_t reg);
void pci_writeb(Vm *vm, int devfn, uint8_t reg, uint8_t value);
void pci_writew(Vm *vm, int devfn, uint8_t reg, uint16_t value);
void pci_writel(Vm *vm, int devfn, uint8_t reg, uint32_t value);

/* The `nth` function (from 0) on bus 0 with these ids; -1 when there is none. */
int pci_find(Vm *vm, uint16_t vendor, uint16_t device, int nth);

/* The size of a BAR by the usual probe; 0: it is not there. Its value is as before. */
uint32_t pci_bar_size(Vm *vm, int devfn, int bar);

#endif
