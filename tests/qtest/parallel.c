/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parallel port: what a guest prints arrives; its registers and its interrupt.
 */
#include <glib/gstdio.h>

#include "vm.h"

#define LPT1    0x378
#define DATA    0
#define STATUS  1
#define CONTROL 2
#define IRQ     7

enum { READY = 0xdf, BUSY = 0x5f };
enum { STROBE = 0x01, NINIT = 0x04, SELECT = 0x08, INTERRUPT = 0x10, INPUT = 0x20, ONES = 0xc0 };

typedef struct Fixture {
    Vm *vm;
    char *path;
} Fixture;

static Fixture start(const char *options)
{
    g_autofree char *folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    Fixture f = {.path = g_build_filename(folder, "paper", NULL)};

    f.vm = vm_start("-nodefaults %s -chardev file,id=printer,path=%s", options, f.path);
    vm_watch_irqs(f.vm, "ioapic");
    return f;
}

static void stop(Fixture *f, const char *printed)
{
    g_autofree char *folder = g_path_get_dirname(f->path);
    g_autofree char *text = NULL;

    vm_stop(f->vm);
    g_assert_true(g_file_get_contents(f->path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, printed);
    g_unlink(f->path);
    g_rmdir(folder);
    g_free(f->path);
}

static void print_at(Vm *vm, uint16_t port, const char *text)
{
    for (; *text; text++) {
        g_assert_cmphex(inb(vm, port + STATUS), ==, READY);
        outb(vm, port + DATA, *text);
        outb(vm, port + CONTROL, SELECT | NINIT | STROBE);
        g_assert_cmphex(inb(vm, port + STATUS), ==, BUSY);
        outb(vm, port + CONTROL, SELECT | NINIT);
    }
}

static void test_print(void)
{
    Fixture f = start("-parallel chardev:printer");

    print_at(f.vm, LPT1, "one line\n");
    outb(f.vm, LPT1 + DATA, 'x');
    outb(f.vm, LPT1 + CONTROL, SELECT | STROBE); /* the printer is being initialized */
    g_assert_cmphex(inb(f.vm, LPT1 + STATUS), ==, BUSY);
    outb(f.vm, LPT1 + CONTROL, SELECT);
    outb(f.vm, LPT1 + CONTROL, NINIT | STROBE); /* it is not selected */
    outb(f.vm, LPT1 + CONTROL, NINIT);
    outb(f.vm, LPT1 + CONTROL, SELECT | NINIT | STROBE);
    outb(f.vm, LPT1 + CONTROL, SELECT | NINIT | STROBE); /* no edge, no character */
    outb(f.vm, LPT1 + CONTROL, SELECT | NINIT);
    stop(&f, "one line\nx");
}

static void test_registers(void)
{
    Fixture f = start("-parallel chardev:printer");

    for (int round = 0; round < 2; round++) {
        g_assert_cmphex(inb(f.vm, LPT1 + DATA), ==, 0);
        g_assert_cmphex(inb(f.vm, LPT1 + STATUS), ==, READY);
        g_assert_cmphex(inb(f.vm, LPT1 + CONTROL), ==, ONES | SELECT | NINIT);
        outb(f.vm, LPT1 + DATA, 0xaa);
        g_assert_cmphex(inb(f.vm, LPT1 + DATA), ==, 0xaa);
        outb(f.vm, LPT1 + STATUS, 0); /* read-only */
        g_assert_cmphex(inb(f.vm, LPT1 + STATUS), ==, READY);
        outb(f.vm, LPT1 + CONTROL, INPUT | NINIT);
        g_assert_cmphex(inb(f.vm, LPT1 + CONTROL), ==, ONES | INPUT | NINIT);
        g_assert_cmphex(inb(f.vm, LPT1 + DATA), ==, 0xff); /* nobody drives the lines */
        g_assert_cmphex(inb(f.vm, LPT1 + 3), ==, 0xff);
        outb(f.vm, LPT1 + 3, 0x55);
        vm_reset(f.vm);
    }
    stop(&f, "");
}

static void test_interrupt(void)
{
    Fixture f = start("-device isa-parallel,chardev=printer");

    print_at(f.vm, LPT1, "a");
    g_assert_cmpuint(vm_irq_count(f.vm, IRQ), ==, 0);
    for (unsigned i = 1; i < 4; i++) {
        outb(f.vm, LPT1 + DATA, '0' + i);
        outb(f.vm, LPT1 + CONTROL, INTERRUPT | SELECT | NINIT | STROBE);
        g_assert_false(vm_irq(f.vm, IRQ));
        outb(f.vm, LPT1 + CONTROL, INTERRUPT | SELECT | NINIT);
        g_assert_true(vm_irq(f.vm, IRQ));
        if (i == 1) {
            inb(f.vm, LPT1 + STATUS); /* takes it back */
        } else if (i == 2) {
            outb(f.vm, LPT1 + CONTROL, SELECT | NINIT); /* so does this */
        } else {
            vm_reset(f.vm);
        }
        g_assert_false(vm_irq(f.vm, IRQ));
        g_assert_cmpuint(vm_irq_count(f.vm, IRQ), ==, i);
        inb(f.vm, LPT1 + STATUS);
    }
    stop(&f, "a123");
}

/* Several ports, in their places; those that are not there, and none by default. */
static void test_ports(void)
{
    static const uint16_t ports[] = {0x378, 0x278, 0x3bc};
    Fixture f = start("-parallel null -parallel none -parallel chardev:printer");
    Vm *vm;

    for (int i = 0; i < 3; i++) {
        g_assert_cmphex(inb(f.vm, ports[i] + STATUS), ==, i == 1 ? 0xff : READY);
    }
    print_at(f.vm, ports[2], "third");
    g_assert_cmphex(pci_readb(f.vm, PCI_DEVFN(1, 3), 0x5f) & 0x80, ==, 0x80); /* LPT1 there */
    stop(&f, "third");
    f = start("-device isa-parallel,chardev=printer,iobase=0x3f0,index=1,irq=5");
    vm = f.vm;
    print_at(vm, 0x3f0, "elsewhere");
    g_assert_cmphex(pci_readb(vm, PCI_DEVFN(1, 3), 0x5f) & 0x80, ==, 0);
    outb(vm, 0x3f0 + CONTROL, INTERRUPT | SELECT | NINIT | STROBE);
    outb(vm, 0x3f0 + CONTROL, INTERRUPT | SELECT | NINIT);
    g_assert_true(vm_irq(vm, 5));
    stop(&f, "elsewheree");
    vm = vm_start("-display none");
    g_assert_cmphex(inb(vm, LPT1 + STATUS), ==, 0xff);
    vm_stop(vm);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parallel/print", test_print);
    g_test_add_func("/parallel/registers", test_registers);
    g_test_add_func("/parallel/interrupt", test_interrupt);
    g_test_add_func("/parallel/ports", test_ports);
    return g_test_run();
}
