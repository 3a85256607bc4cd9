/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bench for one device: the two address spaces, an ISA bus with sixteen recorded lines, time by
 * command. For tests that link `hw`.
 *
 *     harness_init(&argc, &argv);               in main(), instead of g_test_init()
 *     Harness h;
 *     harness_begin(&h);                        in each case
 *     Device *rtc = harness_isa_device(&h, &mc146818rtc_class, "clock", "vm", NULL);
 *     outb(0x70, 0x0a);
 *     step(NANOSECONDS_PER_SECOND);
 *     g_assert_cmpint(h.irq[8].level, ==, 1);
 *     harness_end(&h);
 */
#ifndef LIGNITE_TESTS_UNIT_HARNESS_H
#define LIGNITE_TESTS_UNIT_HARNESS_H

#include <stdarg.h>
#include <string.h>

#include "hw/core/clock.h"
#include "hw/core/device.h"
#include "hw/isa/isa.h"
#include "memory/system.h"

/* What happened on a line since it was made, or since record_clear(). */
typedef struct IrqRecord {
    Irq irq; /* connect this */
    int level;
    unsigned raised, lowered;      /* changes of level */
    int64_t raised_at, lowered_at; /* virtual time of the last */
} IrqRecord;

static inline void record_handler(void *opaque, int n, int level)
{
    IrqRecord *record = opaque;

    if (level == record->level) {
        return;
    }
    record->level = level;
    if (level) {
        record->raised++;
        record->raised_at = clock_get_ns(VM_CLOCK_VIRTUAL);
    } else {
        record->lowered++;
        record->lowered_at = clock_get_ns(VM_CLOCK_VIRTUAL);
    }
}

static inline void record_init(IrqRecord *record, int n)
{
    *record = (IrqRecord){};
    irq_init(&record->irq, record_handler, record, n);
}

static inline void record_clear(IrqRecord *record)
{
    record->raised = record->lowered = 0;
}

typedef struct Harness {
    ISABus isa; /* a bus of `bridge`, so that lookups in the tree find it */
    Device *bridge;
    IrqRecord irq[ISA_IRQS];
} Harness;

static const DeviceClass harness_bridge_class = {
    .name = "test-isa-bridge",
    .parent = &device_class,
    .size = sizeof(Device),
};

static inline void harness_init(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    clock_manual_init();
}

static inline void harness_begin(Harness *h)
{
    Irq *lines[ISA_IRQS];

    memset(h, 0, sizeof(*h));
    memory_system_init();
    for (int i = 0; i < ISA_IRQS; i++) {
        record_init(&h->irq[i], i);
        lines[i] = &h->irq[i].irq;
    }
    h->bridge = device_new(&harness_bridge_class);
    device_realize_or_die(h->bridge, NULL);
    isa_bus_init(&h->isa, h->bridge, get_system_memory(), get_system_io());
    isa_bus_set_irqs(&h->isa, lines);
}

/* Free every device and both address spaces; what the test put there itself must be gone. */
static inline void harness_end(Harness *h)
{
    system_bus_free();
    memory_system_cleanup();
}

/* A device with properties given as pairs of strings, then NULL; not yet realized. */
static inline Device *harness_new(const DeviceClass *cls, va_list props)
{
    Device *dev = device_new(cls);
    const char *name;

    while ((name = va_arg(props, const char *))) {
        device_set_str(dev, name, va_arg(props, const char *));
    }
    return dev;
}

G_GNUC_NULL_TERMINATED
static inline Device *harness_isa_device(Harness *h, const DeviceClass *cls, ...)
{
    va_list props;
    Device *dev;

    va_start(props, cls);
    dev = harness_new(cls, props);
    va_end(props);
    device_realize_or_die(dev, &h->isa.bus);
    device_reset(dev);
    return dev;
}

G_GNUC_NULL_TERMINATED
static inline Device *harness_system_device(const DeviceClass *cls, ...)
{
    va_list props;
    Device *dev;

    va_start(props, cls);
    dev = harness_new(cls, props);
    va_end(props);
    device_realize_or_die(dev, NULL);
    device_reset(dev);
    return dev;
}

/* Let virtual time pass; timers run at their times on the way. */
static inline void step(int64_t ns)
{
    clock_manual_step(ns);
}

static inline void outb(uint16_t port, uint8_t val)
{
    address_space_stb(&address_space_io, port, val, NULL);
}

static inline void outw(uint16_t port, uint16_t val)
{
    address_space_stw_le(&address_space_io, port, val, NULL);
}

static inline void outl(uint16_t port, uint32_t val)
{
    address_space_stl_le(&address_space_io, port, val, NULL);
}

static inline uint8_t inb(uint16_t port)
{
    return address_space_ldub(&address_space_io, port, NULL);
}

static inline uint16_t inw(uint16_t port)
{
    return address_space_lduw_le(&address_space_io, port, NULL);
}

static inline uint32_t inl(uint16_t port)
{
    return address_space_ldl_le(&address_space_io, port, NULL);
}

static inline void writel(hwaddr addr, uint32_t val)
{
    address_space_stl_le(&address_space_memory, addr, val, NULL);
}

static inline uint32_t readl(hwaddr addr)
{
    return address_space_ldl_le(&address_space_memory, addr, NULL);
}

#endif
