/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floppy controller: its commands, media that come and go, and what a guest may do wrong.
 */
#include <glib/gstdio.h>
#include <stdio.h>

#include "vm.h"

#define DOR  0x3f2
#define MSR  0x3f4
#define DSR  0x3f4
#define FIFO 0x3f5
#define DIR  0x3f7
#define CCR  0x3f7
#define IRQ  6

#define SECTOR 512
#define BUFFER 0x10000 /* in the guest's memory */

enum { RQM = 0x80, DIO = 0x40, NONDMA = 0x20, BUSY = 0x10 };
enum { DSKCHG = 0x80 };
enum { NRESET = 0x04, DMAGATE = 0x08 };

enum {
    READ_TRACK = 0x42,
    SPECIFY = 0x03,
    SENSE_DRIVE = 0x04,
    WRITE = 0x45,
    READ = 0x46,
    RECALIBRATE = 0x07,
    SENSE_INTERRUPT = 0x08,
    READ_ID = 0x4a,
    READ_DELETED = 0x4c,
    FORMAT = 0x4d,
    DUMPREG = 0x0e,
    SEEK = 0x0f,
    VERSION = 0x10,
    PERPENDICULAR = 0x12,
    CONFIGURE = 0x13,
    UNLOCK = 0x14,
    LOCK = 0x94,
    VERIFY = 0x56,
    PART_ID = 0x18,
    SEEK_OUT = 0x8f,
    SEEK_IN = 0xcf,
    MT = 0x80,
};

enum {
    ABNORMAL = 0x40,
    SE = 0x20,
    EN = 0x80,
    DE = 0x20,
    ND = 0x04,
    NW = 0x02,
    MA = 0x01,
    CM = 0x40,
    WC = 0x10,
};

static char *folder;

/* ------------------------------------------------------------------------------- the image -- */

static uint8_t pattern(size_t n)
{
    return n * 3 + (n >> 9) * 7 + (n >> 17);
}

static char *image_path(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static char *make_image(const char *name, size_t size)
{
    g_autofree uint8_t *data = g_malloc(size + 1);
    char *path = image_path(name);

    for (size_t n = 0; n < size; n++) {
        data[n] = pattern(n);
    }
    g_assert_true(g_file_set_contents(path, (char *)data, size, NULL));
    return path;
}

static void check_pattern(const uint8_t *data, size_t offset, size_t len)
{
    for (size_t n = 0; n < len; n++) {
        g_assert_cmphex(data[n], ==, pattern(offset + n));
    }
}

/* ---------------------------------------------------------------------------- the protocol -- */

static void send(Vm *vm, uint8_t byte)
{
    g_assert_cmphex(inb(vm, MSR) & (RQM | DIO), ==, RQM);
    outb(vm, FIFO, byte);
}

static void send_all(Vm *vm, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        send(vm, bytes[i]);
    }
}

#define SEND(vm, ...)                                                                              \
    send_all(vm, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static uint8_t receive(Vm *vm)
{
    g_assert_cmphex(inb(vm, MSR), ==, RQM | DIO | BUSY);
    return inb(vm, FIFO);
}

static void check_idle(Vm *vm)
{
    g_assert_cmphex(inb(vm, MSR), ==, RQM);
}

/* What SENSE INTERRUPT STATUS says: ST0 and the cylinder, or ST0 alone when it is 80. */
static void check_sense(Vm *vm, uint8_t st0, uint8_t pcn)
{
    SEND(vm, SENSE_INTERRUPT);
    g_assert_false(vm_irq(vm, IRQ));
    g_assert_cmphex(receive(vm), ==, st0);
    if (st0 != 0x80) {
        g_assert_cmpuint(receive(vm), ==, pcn);
    }
    check_idle(vm);
}

static void seek(Vm *vm, uint8_t cylinder)
{
    SEND(vm, SEEK, 0);
    g_assert_false(vm_irq(vm, IRQ));
    SEND(vm, cylinder);
    g_assert_true(vm_irq(vm, IRQ));
    check_sense(vm, SE, cylinder);
}

/* Wait for the end of the execution: the host's disk takes its own time. */
static void wait_irq(Vm *vm)
{
    for (int i = 0; !vm_irq(vm, IRQ); i++) {
        g_assert_cmpint(i, <, 10000);
        inb(vm, MSR);
        g_usleep(i < 100 ? 0 : 1000);
    }
}

typedef struct Result {
    uint8_t st0, st1, st2, c, h, r, n;
} Result;

static Result take_result(Vm *vm)
{
    Result result;
    uint8_t *bytes = (uint8_t *)&result;

    for (size_t i = 0; i < sizeof(result); i++) {
        g_assert_true(vm_irq(vm, IRQ)); /* until the last byte */
        bytes[i] = receive(vm);
    }
    g_assert_false(vm_irq(vm, IRQ));
    check_idle(vm);
    return result;
}

static void check_result(Vm *vm, Result expected)
{
    wait_irq(vm);
    Result result = take_result(vm);

    expected.n = 2;
    g_assert_cmpmem(&result, sizeof(result), &expected, sizeof(expected));
}

/* Let DMA channel 2 move `len` bytes: to memory for a read. */
static void set_dma(Vm *vm, bool to_memory, uint32_t addr, uint16_t len)
{
    outb(vm, 0x0a, 0x06);
    outb(vm, 0x0c, 0);
    outb(vm, 0x0b, to_memory ? 0x46 : 0x4a);
    outb(vm, 0x04, addr);
    outb(vm, 0x04, addr >> 8);
    outb(vm, 0x81, addr >> 16);
    outb(vm, 0x05, len - 1);
    outb(vm, 0x05, (len - 1) >> 8);
    outb(vm, 0x0a, 0x02);
}

/* -------------------------------------------------------------------------------- machines -- */

typedef struct Fixture {
    Vm *vm;
    char *image;
} Fixture;

/* One drive, empty, as a client makes it. */
static Fixture start_empty(void)
{
    Fixture f = {.image = make_image("image", 1440 << 10)};

    f.vm = vm_start("-device floppy,id=floppy0");
    vm_watch_irqs(f.vm, "ioapic");
    return f;
}

/* One drive with a medium of 1.44 MB; its line "disk change" is still set. */
static Fixture start_with_image(const char *options)
{
    Fixture f = {.image = make_image("image", 1440 << 10)};

    f.vm = vm_start("-nodefaults -drive if=floppy,format=raw,file=%s%s", f.image, options);
    vm_watch_irqs(f.vm, "ioapic");
    return f;
}

static void stop(Fixture *f)
{
    vm_stop(f->vm);
    g_unlink(f->image);
    g_free(f->image);
}

static void insert(Fixture *f)
{
    vm_do(f->vm, "blockdev-change-medium", "{s:s, s:s, s:s}", "id", "floppy0", "filename", f->image,
          "format", "raw");
}

static void eject(Fixture *f)
{
    vm_do(f->vm, "eject", "{s:s}", "id", "floppy0");
}

/* ----------------------------------------------------------------------------- CMOS, media -- */

static void test_cmos(void)
{
    static const struct {
        const char *options;
        unsigned size; /* KiB of the image; 0: none is needed */
        uint8_t types, equipment;
    } cases[] = {
        {"-nodefaults", 0, 0x00, 0x06},
        {"", 0, 0x50, 0x07},
        {"-device floppy", 0, 0x50, 0x07},
        {"-nodefaults -device floppy,drive-type=144", 0, 0x40, 0x07},
        {"-nodefaults -device floppy,drive-type=120 -device floppy", 0, 0x25, 0x47},
        {"-nodefaults -global isa-fdc.fallback=144 -device floppy", 0, 0x40, 0x07},
        {"-nodefaults -global isa-fdc.fdtypeB=120 -device floppy,unit=1", 0, 0x02, 0x07},
        {"-nodefaults -fda %s", 1440, 0x40, 0x07},
        {"-nodefaults -drive if=floppy,format=raw,file=%s", 720, 0x40, 0x07},
        {"-nodefaults -drive if=floppy,format=raw,file=%s", 2880, 0x50, 0x07},
        {"-nodefaults -drive if=floppy,format=raw,file=%s", 1200, 0x20, 0x07},
        {"-nodefaults -drive if=floppy,format=raw,file=%s", 360, 0x20, 0x07},
        {"-nodefaults -drive if=floppy,format=raw,file=%s", 100, 0x40, 0x07},
        {"-nodefaults -fdb %s", 1440, 0x04, 0x07},
        {"-nodefaults -drive if=floppy,file=%s -drive if=floppy", 1440, 0x45, 0x47},
        {"-nodefaults -drive if=none,id=d,file=%s -device floppy,drive=d", 1440, 0x40, 0x07},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *image = make_image("image", cases[i].size << 10);
        g_auto(GStrv) parts = g_strsplit(cases[i].options, "%s", -1);
        g_autofree char *options = g_strjoinv(image, parts);
        Vm *vm = vm_start("%s", options);

        g_test_message("%s", options);
        g_assert_cmphex(cmos_read(vm, 0x10), ==, cases[i].types);
        g_assert_cmphex(cmos_read(vm, 0x14), ==, cases[i].equipment);
        vm_stop(vm);
        g_unlink(image);
    }
}

static void check_changed(Vm *vm, bool changed)
{
    for (int i = 0; i < 2; i++) { /* looking does not take it back */
        g_assert_cmphex(inb(vm, DIR), ==, changed ? DSKCHG : 0);
    }
}

/* The line is set from the start and after each change, until a step with a medium in the drive. */
static void test_media_change(void)
{
    Fixture f = start_empty();

    check_changed(f.vm, true);
    seek(f.vm, 1); /* no step without a medium */
    check_changed(f.vm, true);
    insert(&f);
    check_changed(f.vm, true);
    seek(f.vm, 0); /* so this is none either */
    check_changed(f.vm, true);
    seek(f.vm, 1);
    check_changed(f.vm, false);
    vm_reset(f.vm);
    check_changed(f.vm, false);
    eject(&f);
    check_changed(f.vm, true);
    seek(f.vm, 0);
    check_changed(f.vm, true);
    seek(f.vm, 1);
    check_changed(f.vm, true);
    insert(&f);
    seek(f.vm, 0); /* the heads are there, as above */
    check_changed(f.vm, true);
    seek(f.vm, 1);
    check_changed(f.vm, false);
    eject(&f);
    insert(&f);
    SEND(f.vm, RECALIBRATE, 0); /* steps too */
    check_sense(f.vm, SE, 0);
    check_changed(f.vm, false);
    outb(f.vm, DOR, NRESET | DMAGATE | 1); /* the other drive's line: there is none */
    check_changed(f.vm, false);
    stop(&f);
}

static void check_info_block(Vm *vm, const char *expected)
{
    g_autofree char *text = vm_hmp(vm, "info block");

    g_assert_nonnull(strstr(text, expected));
}

static void test_monitor(void)
{
    Fixture f = start_with_image("");
    g_autofree char *class = NULL;
    g_autofree char *error = NULL;

    check_info_block(f.vm, "floppy0: /");
    seek(f.vm, 1);
    check_changed(f.vm, false);
    g_free(vm_hmp(f.vm, "eject floppy0"));
    check_changed(f.vm, true);
    check_info_block(f.vm, "floppy0: [not inserted]");
    class = vm_qmp_error(f.vm, &error, "blockdev-change-medium", "{s:s, s:s}", "device", "floppy0",
                         "filename", "no/such/file");
    g_assert_nonnull(strstr(error, "no/such/file"));
    vm_do(f.vm, "blockdev-change-medium", "{s:s, s:s, s:s}", "device", "floppy0", "filename",
          f.image, "format", "raw");
    seek(f.vm, 0);
    check_changed(f.vm, false);
    stop(&f);
}

/* A medium's layout follows from its size: the last sector is there, and none after it. */
static void test_geometry(void)
{
    static const struct {
        unsigned kib;
        uint8_t sectors, cylinders, heads, rate;
    } cases[] = {
        {1440, 18, 80, 2, 0}, {2880, 36, 80, 2, 3}, {720, 9, 80, 2, 2},   {1200, 15, 80, 2, 0},
        {360, 9, 40, 2, 1},   {180, 9, 40, 1, 1},   {320, 8, 40, 2, 2},   {160, 8, 40, 1, 2},
        {1600, 20, 80, 2, 0}, {1680, 21, 80, 2, 0}, {1722, 21, 82, 2, 0}, {1760, 22, 80, 2, 0},
        {1920, 24, 80, 2, 0}, {3120, 39, 80, 2, 3}, {800, 10, 80, 2, 2},  {820, 10, 82, 2, 2},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const uint8_t c = cases[i].cylinders - 1, h = cases[i].heads - 1, r = cases[i].sectors;
        const size_t size = cases[i].kib << 10;
        Fixture f = {.image = make_image("image", size)};
        uint8_t data[SECTOR];

        g_assert_cmpuint(size, ==, SECTOR * r * (c + 1) * (h + 1));
        f.vm = vm_start("-nodefaults -drive if=floppy,format=raw,file=%s", f.image);
        vm_watch_irqs(f.vm, "ioapic");
        outb(f.vm, CCR, (cases[i].rate + 1) & 3);
        SEND(f.vm, READ, h << 2, c, h, r, 2, r, 0x1b, 0xff); /* at another speed */
        check_result(f.vm, (Result){ABNORMAL | h << 2, MA, 0, c, h, r});
        outb(f.vm, CCR, cases[i].rate);
        set_dma(f.vm, true, BUFFER, SECTOR);
        SEND(f.vm, READ, h << 2, c, h, r, 2, r, 0x1b, 0xff);
        check_result(f.vm, (Result){h << 2, 0, 0, c + 1, h, 1});
        vm_read(f.vm, BUFFER, data, sizeof(data));
        check_pattern(data, size - SECTOR, SECTOR);
        SEND(f.vm, READ, h << 2, c, h, r + 1, 2, r + 1, 0x1b, 0xff);
        check_result(f.vm, (Result){ABNORMAL | h << 2, ND, 0, c, h, r + 1});
        SEND(f.vm, READ, h << 2, c + 1, h, 1, 2, 1, 0x1b, 0xff);
        check_result(f.vm, (Result){ABNORMAL | h << 2, ND, 0, c + 1, h, 1});
        stop(&f);
    }
}

/* An image that is a boot sector and no more: zeros follow it, and can't be replaced. */
static void test_short_image(void)
{
    Fixture f = {.image = make_image("image", SECTOR)};
    uint8_t data[2 * SECTOR];

    f.vm = vm_start("-nodefaults -drive if=floppy,format=raw,file=%s", f.image);
    vm_watch_irqs(f.vm, "ioapic");
    vm_fill(f.vm, BUFFER, sizeof(data), 0xff);
    set_dma(f.vm, true, BUFFER, sizeof(data));
    SEND(f.vm, READ, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    check_result(f.vm, (Result){0, 0, 0, 0, 0, 3});
    vm_read(f.vm, BUFFER, data, sizeof(data));
    check_pattern(data, 0, SECTOR);
    for (size_t i = SECTOR; i < sizeof(data); i++) {
        g_assert_cmphex(data[i], ==, 0);
    }
    set_dma(f.vm, false, BUFFER, sizeof(data));
    SEND(f.vm, WRITE, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    check_result(f.vm, (Result){ABNORMAL, DE, 0x20, 0, 0, 2});
    stop(&f);
}

/* ------------------------------------------------------------------------ seeks and status -- */

static void test_sense_interrupt(void)
{
    Fixture f = start_empty();

    check_sense(f.vm, 0x80, 0);
    SEND(f.vm, SEEK, 0, 0);
    check_sense(f.vm, SE, 0);
    check_sense(f.vm, 0x80, 0);
    SEND(f.vm, SEEK, 4, 7); /* head 1 */
    check_sense(f.vm, SE | 4, 7);
    SEND(f.vm, SEEK, 0, 3);
    SEND(f.vm, SEEK, 1, 5); /* two have something to say */
    check_sense(f.vm, SE, 3);
    check_sense(f.vm, SE | 1, 5);
    check_sense(f.vm, 0x80, 0);
    stop(&f);
}

static void test_relative_seek(void)
{
    Fixture f = start_empty();

    seek(f.vm, 0);
    SEND(f.vm, SEEK_IN, 0, 9);
    check_sense(f.vm, SE, 9);
    SEND(f.vm, SEEK_OUT, 0, 2);
    check_sense(f.vm, SE, 7);
    SEND(f.vm, SEEK_OUT, 0, 200); /* the stop */
    check_sense(f.vm, SE, 0);
    SEND(f.vm, SEEK_IN, 0, 200);
    SEND(f.vm, SEEK_IN, 0, 200);
    check_sense(f.vm, SE, 255);
    stop(&f);
}

static void test_recalibrate(void)
{
    Fixture f = start_with_image("");

    seek(f.vm, 80);
    SEND(f.vm, RECALIBRATE, 0);
    g_assert_true(vm_irq(f.vm, IRQ));
    check_sense(f.vm, SE, 0);
    seek(f.vm, 100); /* 80 steps are not enough */
    SEND(f.vm, RECALIBRATE, 0);
    check_sense(f.vm, 0x70, 0);
    SEND(f.vm, RECALIBRATE, 0);
    check_sense(f.vm, SE, 0);
    SEND(f.vm, RECALIBRATE, 1); /* a drive that is not there has no track 0 */
    check_sense(f.vm, 0x71, 0);
    SEND(f.vm, RECALIBRATE, 3);
    check_sense(f.vm, 0x73, 0);
    stop(&f);
}

static void test_sense_drive(void)
{
    Fixture f = start_with_image(",readonly=on");

    SEND(f.vm, SENSE_DRIVE, 0);
    g_assert_cmphex(receive(f.vm), ==, 0x78); /* protected, ready, track 0, two sides */
    seek(f.vm, 1);
    SEND(f.vm, SENSE_DRIVE, 4);
    g_assert_cmphex(receive(f.vm), ==, 0x6c);
    SEND(f.vm, SENSE_DRIVE, 1);
    g_assert_cmphex(receive(f.vm), ==, 0x21);
    check_idle(f.vm);
    stop(&f);
}

/* Without a medium there are no marks; else the sector is that which passes next. */
static void test_read_id(void)
{
    const int64_t sector_time = 200 * NANOSECONDS_PER_MS / 18;
    Fixture f = start_empty();
    Result id;

    SEND(f.vm, READ_ID, 0);
    g_assert_cmphex(inb(f.vm, MSR), ==, BUSY);
    vm_step(f.vm, 400 * NANOSECONDS_PER_MS - 1);
    g_assert_false(vm_irq(f.vm, IRQ));
    vm_step(f.vm, 1); /* two turns */
    check_result(f.vm, (Result){ABNORMAL, MA, 0, 0, 0, 1});
    insert(&f);
    for (int cylinder = 0; cylinder < 80; cylinder += 79) {
        for (int head = 0; head < 2; head++) {
            SEND(f.vm, SEEK, head << 2, cylinder);
            check_sense(f.vm, SE | head << 2, cylinder);
            for (int i = 0, last = 0; i < 40; i++, last = id.r) {
                SEND(f.vm, READ_ID, head << 2);
                g_assert_cmphex(inb(f.vm, MSR), ==, BUSY);
                vm_step(f.vm, sector_time);
                wait_irq(f.vm);
                id = take_result(f.vm);
                g_assert_cmphex(id.st0, ==, head << 2);
                g_assert_cmphex(id.st1 | id.st2, ==, 0);
                g_assert_cmpuint(id.c, ==, cylinder);
                g_assert_cmpuint(id.h, ==, head);
                g_assert_true(i == 0 || id.r == last % 18 + 1);
            }
        }
    }
    outb(f.vm, CCR, 2);
    SEND(f.vm, READ_ID, 0);
    vm_step(f.vm, 400 * NANOSECONDS_PER_MS);
    check_result(f.vm, (Result){ABNORMAL, MA, 0, 79, 0, 1});
    outb(f.vm, CCR, 0);
    SEND(f.vm, READ_ID, 1); /* it is about that drive, not the one before */
    vm_step(f.vm, 400 * NANOSECONDS_PER_MS);
    check_result(f.vm, (Result){ABNORMAL | 1, MA, 0, 0, 0, 1});
    SEND(f.vm, SEEK, 0, 90); /* no tracks there */
    check_sense(f.vm, SE, 90);
    SEND(f.vm, READ_ID, 0);
    vm_step(f.vm, 400 * NANOSECONDS_PER_MS);
    check_result(f.vm, (Result){ABNORMAL, MA, 0, 90, 0, 1});
    seek(f.vm, 0);
    SEND(f.vm, READ_ID, 0);
    eject(&f); /* before a sector passes */
    wait_irq(f.vm);
    id = take_result(f.vm);
    g_assert_cmphex(id.st0, ==, ABNORMAL);
    g_assert_cmphex(id.st1, ==, MA);
    stop(&f);
}

/* -------------------------------------------------------------------------- reset, settings -- */

static void check_reset_senses(Vm *vm)
{
    g_assert_true(vm_irq(vm, IRQ));
    for (int unit = 0; unit < 4; unit++) {
        check_sense(vm, 0xc0 | unit, 0);
    }
    check_sense(vm, 0x80, 0);
}

static void test_reset(void)
{
    Fixture f = start_with_image("");

    g_assert_cmphex(inb(f.vm, DOR), ==, NRESET | DMAGATE);
    check_idle(f.vm);
    seek(f.vm, 5);
    outb(f.vm, DOR, 0);
    g_assert_cmphex(inb(f.vm, MSR), ==, 0);
    outb(f.vm, FIFO, VERSION); /* nobody listens */
    outb(f.vm, DOR, NRESET | DMAGATE);
    check_reset_senses(f.vm);
    outb(f.vm, DSR, 0x80); /* comes back by itself */
    check_reset_senses(f.vm);
    SEND(f.vm, READ, 0, 0); /* in the middle of a command */
    g_assert_cmphex(inb(f.vm, MSR), ==, RQM | BUSY);
    outb(f.vm, DSR, 0x80);
    check_reset_senses(f.vm);
    SEND(f.vm, READ, 0, 0, 0, 1, 2, 18, 0x1b, 0xff); /* it waits for DMA */
    g_assert_cmphex(inb(f.vm, MSR), ==, BUSY);
    outb(f.vm, DSR, 0x80);
    check_reset_senses(f.vm);
    SEND(f.vm, READ_ID, 0);
    outb(f.vm, DSR, 0x80);
    check_reset_senses(f.vm);
    vm_step(f.vm, NANOSECONDS_PER_SECOND);
    g_assert_false(vm_irq(f.vm, IRQ));
    SEND(f.vm, CONFIGURE, 0, 0x10, 0); /* no polling */
    outb(f.vm, DSR, 0x80);
    g_assert_false(vm_irq(f.vm, IRQ));
    check_sense(f.vm, 0x80, 0);
    SEND(f.vm, SEEK, 0, 3); /* the machine's reset takes everything back, and says nothing */
    SEND(f.vm, SEEK, 0);
    vm_reset(f.vm);
    g_assert_false(vm_irq(f.vm, IRQ));
    check_idle(f.vm);
    check_sense(f.vm, 0x80, 0);
    stop(&f);
}

static void check_dumpreg(Vm *vm, const uint8_t expected[10])
{
    uint8_t seen[10];

    SEND(vm, DUMPREG);
    for (int i = 0; i < 10; i++) {
        seen[i] = receive(vm);
    }
    check_idle(vm);
    g_assert_cmpmem(seen, 10, expected, 10);
}

static void test_settings(void)
{
    Fixture f = start_with_image("");

    SEND(f.vm, VERSION);
    g_assert_cmphex(receive(f.vm), ==, 0x90);
    SEND(f.vm, PART_ID);
    g_assert_cmphex(receive(f.vm), ==, 0x41);
    seek(f.vm, 9);
    SEND(f.vm, SPECIFY, 0xaf, 0x1e);
    SEND(f.vm, CONFIGURE, 0, 0x57, 0x21);
    SEND(f.vm, PERPENDICULAR, 0x88);
    SEND(f.vm, LOCK);
    g_assert_cmphex(receive(f.vm), ==, 0x10);
    check_dumpreg(f.vm, (uint8_t[]){9, 0, 0, 0, 0xaf, 0x1e, 0, 0x88, 0x57, 0x21});
    outb(f.vm, DSR, 0x80); /* which leaves what is locked */
    check_dumpreg(f.vm, (uint8_t[]){0, 0, 0, 0, 0xaf, 0x1e, 0, 0x88, 0x57, 0x21});
    SEND(f.vm, PERPENDICULAR, 0x03); /* the drives' bits stay without OW */
    SEND(f.vm, UNLOCK);
    g_assert_cmphex(receive(f.vm), ==, 0x00);
    outb(f.vm, DSR, 0x80);
    check_dumpreg(f.vm, (uint8_t[]){0, 0, 0, 0, 0xaf, 0x1e, 0, 0x0b, 0x70, 0x00});
    g_assert_false(vm_irq(f.vm, IRQ));
    for (int code = 0; code < 256; code++) { /* what is no command says so at once */
        static const uint8_t unknown[] = {0x00, 0x01, 0x0b, 0x11, 0x15, 0x19, 0x1a, 0x1f, 0x20};

        if (memchr(unknown, code, sizeof(unknown))) {
            SEND(f.vm, code);
            g_assert_cmphex(receive(f.vm), ==, 0x80);
            check_idle(f.vm);
        }
    }
    stop(&f);
}

/* ------------------------------------------------------------------------------ data by DMA -- */

static void test_no_media(void)
{
    static const uint8_t codes[] = {READ, VERIFY, WRITE, READ | MT, READ_TRACK, READ_DELETED};
    Fixture f = start_empty();

    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        SEND(f.vm, codes[i], 0, 0, 0, 1, 2, 1, 0x1b, 0xff);
        g_assert_cmphex(inb(f.vm, MSR), ==, RQM | DIO | BUSY); /* no time passes */
        check_result(f.vm, (Result){ABNORMAL, MA, 0, 0, 0, 1});
        SEND(f.vm, codes[i], 3, 0, 0, 1, 2, 1, 0x1b, 0xff); /* nor is there such a drive */
        check_result(f.vm, (Result){ABNORMAL | 3, MA, 0, 0, 0, 1});
    }
    SEND(f.vm, FORMAT, 1, 2, 18, 0x54, 0xf6);
    check_result(f.vm, (Result){ABNORMAL | 1, MA, 0, 0, 0, 1});
    stop(&f);
}

/* Bytes by DMA, with a terminal count in several places, and where the chip stands then. */
static void test_dma_read(void)
{
    static const struct {
        uint8_t code, head, c, r, eot;
        uint16_t len;
        Result result;
    } cases[] = {
        {READ, 0, 0, 1, 18, 512, {0, 0, 0, 0, 0, 2}},
        {READ, 0, 0, 1, 18, 100, {0, 0, 0, 0, 0, 2}}, /* part of a sector */
        {READ, 0, 0, 1, 18, 513, {0, 0, 0, 0, 0, 3}},
        {READ, 1, 3, 5, 18, 14 * 512, {4, 0, 0, 4, 1, 1}},
        {READ | MT, 0, 3, 17, 18, 3 * 512, {4, 0, 0, 3, 1, 2}}, /* on to the other side */
        {READ | MT, 0, 3, 1, 18, 36 * 512, {4, 0, 0, 4, 0, 1}},
        {READ | MT, 1, 3, 18, 18, 512, {4, 0, 0, 4, 0, 1}},
        {READ, 0, 0, 1, 2, 1025, {ABNORMAL, EN, 0, 1, 0, 1}}, /* it wants more than there is */
        {READ, 0, 0, 17, 20, 2049, {ABNORMAL, ND, 0, 1, 0, 1}},
        {READ, 0, 0, 17, 20, 1024, {0, 0, 0, 1, 0, 1}},
        {READ_TRACK, 0, 2, 7, 18, 3 * 512, {0, 0, 0, 2, 0, 4}}, /* from the index on */
        {READ_DELETED, 0, 0, 1, 18, 512, {0, 0, CM, 0, 0, 2}},
        {READ_DELETED, 0, 0, 1, 18, 1024, {ABNORMAL, EN, CM, 0, 0, 2}},
    };
    Fixture f = start_with_image("");
    uint8_t data[36 * 512];

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const uint8_t r = cases[i].code == READ_TRACK ? 1 : cases[i].r;
        const size_t offset = ((cases[i].c * 2 + cases[i].head) * 18 + r - 1) * SECTOR;
        const size_t len =
            MIN(cases[i].len, cases[i].result.st1
                                  ? (size_t)(cases[i].code == READ_DELETED ? 1 : 2) * SECTOR
                                  : sizeof(data));

        g_test_message("%zu", i);
        vm_fill(f.vm, BUFFER, sizeof(data), 0xee);
        set_dma(f.vm, true, BUFFER, cases[i].len);
        SEND(f.vm, cases[i].code, cases[i].head << 2, cases[i].c, cases[i].head, cases[i].r, 2,
             cases[i].eot, 0x1b, 0xff);
        check_result(f.vm, cases[i].result);
        vm_read(f.vm, BUFFER, data, sizeof(data));
        check_pattern(data, offset, len);
        for (size_t n = len; n < sizeof(data); n++) {
            g_assert_cmphex(data[n], ==, 0xee);
        }
    }
    stop(&f);
}

/* The channel may be made ready after the command, and in several steps. */
static void test_dma_late(void)
{
    Fixture f = start_with_image("");
    uint8_t data[SECTOR];

    outb(f.vm, 0x0a, 0x06);
    SEND(f.vm, READ, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    g_usleep(20000);
    g_assert_cmphex(inb(f.vm, MSR), ==, BUSY);
    g_assert_false(vm_irq(f.vm, IRQ));
    set_dma(f.vm, false, BUFFER, SECTOR); /* the wrong way: nothing moves */
    g_assert_cmphex(inb(f.vm, MSR), ==, BUSY);
    set_dma(f.vm, true, BUFFER, SECTOR);
    check_result(f.vm, (Result){0, 0, 0, 0, 0, 2});
    vm_read(f.vm, BUFFER, data, sizeof(data));
    check_pattern(data, 0, SECTOR);
    stop(&f);
}

static void test_dma_write(void)
{
    Fixture f = start_with_image("");
    g_autofree char *content = NULL;
    uint8_t data[3 * SECTOR];
    gsize size;

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = i ^ 0xa5;
    }
    vm_write(f.vm, BUFFER, data, sizeof(data));
    set_dma(f.vm, false, BUFFER, 2 * SECTOR + 10);
    SEND(f.vm, WRITE | MT, 0, 5, 0, 17, 2, 18, 0x1b, 0xff);
    check_result(f.vm, (Result){4, 0, 0, 5, 1, 2});
    set_dma(f.vm, false, BUFFER, sizeof(data)); /* a gap between the two sides' sectors */
    SEND(f.vm, WRITE | MT, 0, 7, 0, 1, 2, 2, 0x1b, 0xff);
    check_result(f.vm, (Result){4, 0, 0, 7, 1, 2});
    set_dma(f.vm, false, BUFFER, SECTOR);
    SEND(f.vm, 0x49, 0, 9, 0, 1, 2, 18, 0x1b, 0xff); /* deleted data, as data */
    check_result(f.vm, (Result){0, 0, 0, 9, 0, 2});
    set_dma(f.vm, false, BUFFER, 2 * SECTOR); /* no terminal count */
    SEND(f.vm, WRITE, 0, 10, 0, 1, 2, 1, 0x1b, 0xff);
    check_result(f.vm, (Result){ABNORMAL, EN, 0, 11, 0, 1});
    vm_stop(f.vm);

    g_assert_true(g_file_get_contents(f.image, &content, &size, NULL));
    const size_t first = (5 * 2 * 18 + 16) * SECTOR, second = 7 * 2 * 18 * SECTOR;
    const size_t other = second + 18 * SECTOR;
    g_assert_cmpmem(content + first, 2 * SECTOR + 10, data, 2 * SECTOR + 10);
    for (size_t i = 2 * SECTOR + 10; i < 3 * SECTOR; i++) {
        g_assert_cmphex(content[first + i], ==, 0); /* the rest of a sector */
    }
    check_pattern((uint8_t *)content, 0, first);
    check_pattern((uint8_t *)content + first + 3 * SECTOR, first + 3 * SECTOR,
                  second - first - 3 * SECTOR);
    g_assert_cmpmem(content + second, 2 * SECTOR, data, 2 * SECTOR);
    check_pattern((uint8_t *)content + second + 2 * SECTOR, second + 2 * SECTOR, 16 * SECTOR);
    g_assert_cmpmem(content + other, SECTOR, data + 2 * SECTOR, SECTOR);
    g_assert_cmpmem(content + 9 * 36 * SECTOR, SECTOR, data, SECTOR);
    g_assert_cmpmem(content + 10 * 36 * SECTOR, SECTOR, data, SECTOR);
    check_pattern((uint8_t *)content + (10 * 36 + 1) * SECTOR, (10 * 36 + 1) * SECTOR, SECTOR);
    g_unlink(f.image);
    g_free(f.image);
}

static void test_verify(void)
{
    Fixture f = start_with_image("");

    outb(f.vm, 0x0a, 0x06); /* it needs no DMA */
    SEND(f.vm, VERIFY, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    check_result(f.vm, (Result){0, 0, 0, 1, 0, 1});
    SEND(f.vm, VERIFY | MT, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    check_result(f.vm, (Result){4, 0, 0, 1, 0, 1});
    SEND(f.vm, VERIFY, 0x80, 0, 0, 3, 2, 18, 0x1b, 5); /* five sectors */
    check_result(f.vm, (Result){0, 0, 0, 0, 0, 8});
    SEND(f.vm, VERIFY, 0x80, 0, 0, 15, 2, 18, 0x1b, 0); /* 256: more than a side has */
    check_result(f.vm, (Result){ABNORMAL, ND, 0, 1, 0, 1});
    stop(&f);
}

/* Four bytes a sector, in any order; sectors that an image can't have are left out. */
static void test_format(void)
{
    Fixture f = start_with_image("");
    g_autofree char *content = NULL;
    const size_t at = (4 * 2 + 1) * 18 * SECTOR;
    uint8_t ids[18][4];
    gsize size;

    for (int i = 0; i < 18; i++) {
        memcpy(ids[i], (uint8_t[]){4, 1, (i * 5) % 18 + 1, 2}, 4);
    }
    ids[3][2] = 19;
    ids[4][3] = 3;
    ids[5][0] = 77;
    SEND(f.vm, SEEK, 4, 4);
    check_sense(f.vm, SE | 4, 4);
    vm_write(f.vm, BUFFER, ids, sizeof(ids));
    set_dma(f.vm, false, BUFFER, sizeof(ids));
    SEND(f.vm, FORMAT, 4, 2, 18, 0x54, 0xf6);
    wait_irq(f.vm);
    g_assert_cmphex(take_result(f.vm).st0, ==, 4);
    SEND(f.vm, FORMAT, 4, 2, 0, 0x54, 0x11); /* no sector at all */
    wait_irq(f.vm);
    g_assert_cmphex(take_result(f.vm).st0, ==, 4);
    SEND(f.vm, SEEK, 4, 200); /* where the medium has no track */
    check_sense(f.vm, SE | 4, 200);
    vm_write(f.vm, BUFFER, (uint8_t[]){200, 1, 1, 2}, 4);
    set_dma(f.vm, false, BUFFER, 4);
    SEND(f.vm, FORMAT, 4, 2, 1, 0x54, 0x22);
    wait_irq(f.vm);
    g_assert_cmphex(take_result(f.vm).st0, ==, 4);
    vm_stop(f.vm);
    g_assert_true(g_file_get_contents(f.image, &content, &size, NULL));
    check_pattern((uint8_t *)content, 0, at);
    check_pattern((uint8_t *)content + at + 18 * SECTOR, at + 18 * SECTOR, SECTOR);
    for (int i = 0; i < 18; i++) {
        const int sector = (i * 5) % 18;

        if (i >= 3 && i <= 5) {
            check_pattern((uint8_t *)content + at + sector * SECTOR, at + sector * SECTOR, SECTOR);
        } else {
            for (int n = 0; n < SECTOR; n++) {
                g_assert_cmphex((uint8_t)content[at + sector * SECTOR + n], ==, 0xf6);
            }
        }
    }
    g_unlink(f.image);
    g_free(f.image);
}

static void test_write_protect(void)
{
    Fixture f = start_with_image(",readonly=on");

    SEND(f.vm, WRITE, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    check_result(f.vm, (Result){ABNORMAL, NW, 0, 0, 0, 1});
    SEND(f.vm, FORMAT, 0, 2, 18, 0x54, 0xf6);
    check_result(f.vm, (Result){ABNORMAL, NW, 0, 0, 0, 1});
    stop(&f);
}

/* IDs that the medium does not have; with implied seeks off, the wrong cylinder. */
static void test_wrong_ids(void)
{
    static const struct {
        uint8_t head, c, h, r, n, eot;
        uint8_t st1, st2;
    } cases[] = {
        {0, 0, 0, 0, 2, 18, ND, 0}, {0, 0, 0, 19, 2, 19, ND, 0},  {0, 0, 1, 1, 2, 18, ND, 0},
        {0, 0, 0, 1, 3, 18, ND, 0}, {0, 0, 0, 1, 0, 18, ND, 0},   {0, 0, 0, 255, 2, 255, ND, 0},
        {0, 0, 0, 5, 2, 4, ND, 0},  {0, 80, 0, 1, 2, 18, ND, WC}, {0, 255, 0, 1, 2, 18, ND, WC},
    };
    Fixture f = start_with_image("");

    for (int implied = 1; implied >= 0; implied--) {
        SEND(f.vm, CONFIGURE, 0, implied ? 0x60 : 0x20, 0);
        seek(f.vm, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
            const uint8_t st2 = implied ? 0 : cases[i].st2;

            SEND(f.vm, READ, cases[i].head << 2, cases[i].c, cases[i].h, cases[i].r, cases[i].n,
                 cases[i].eot, 0x1b, 0xff);
            check_result(f.vm, (Result){ABNORMAL | cases[i].head << 2, cases[i].st1, st2,
                                        cases[i].c, cases[i].h, cases[i].r});
        }
    }
    stop(&f);
}

/* ------------------------------------------------------------------------- data by the FIFO -- */

static void no_dma(Vm *vm)
{
    outb(vm, DOR, inb(vm, DOR) & ~DMAGATE);
    seek(vm, 0);
}

static void take_bytes(Vm *vm, size_t offset, size_t len)
{
    wait_irq(vm);
    for (size_t i = 0; i < len; i++) {
        g_assert_cmphex(inb(vm, MSR), ==, BUSY | NONDMA | DIO | RQM);
        g_assert_cmphex(inb(vm, FIFO), ==, pattern(offset + i));
    }
}

static void test_pio_read(void)
{
    Fixture f = start_with_image("");

    no_dma(f.vm);
    SEND(f.vm, READ | MT, 0, 0, 0, 1, 2, 1, 0x1b, 0xff); /* the first of both sides */
    take_bytes(f.vm, 0, SECTOR);
    take_bytes(f.vm, 18 * SECTOR, SECTOR);
    check_result(f.vm, (Result){4, 0, 0, 1, 0, 1});
    SEND(f.vm, READ | MT, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    take_bytes(f.vm, 0, 36 * SECTOR);
    check_result(f.vm, (Result){4, 0, 0, 1, 0, 1});
    SEND(f.vm, READ | MT, 0, 0, 0, 1, 2, 19, 0x1b, 0xff); /* on to the next cylinder */
    take_bytes(f.vm, 0, 38 * SECTOR);
    check_result(f.vm, (Result){SE, 0, 0, 1, 0, 3});
    SEND(f.vm, READ, 0, 0, 0, 18, 2, 19, 0x1b, 0xff); /* not without MT */
    take_bytes(f.vm, 17 * SECTOR, SECTOR);
    check_result(f.vm, (Result){ABNORMAL, ND, 0, 1, 0, 1});
    outb(f.vm, DOR, NRESET | DMAGATE);
    SEND(f.vm, SPECIFY, 0xdf, 0x03); /* the other way to say it */
    SEND(f.vm, READ, 0, 2, 0, 4, 2, 4, 0x1b, 0xff);
    take_bytes(f.vm, (2 * 36 + 3) * SECTOR, SECTOR);
    check_result(f.vm, (Result){0, 0, 0, 3, 0, 1});
    stop(&f);
}

static void test_pio_write(void)
{
    Fixture f = start_with_image("");

    no_dma(f.vm);
    SEND(f.vm, WRITE, 0, 2, 0, 4, 2, 5, 0x1b, 0xff);
    for (int i = 0; i < 2 * SECTOR; i++) {
        g_assert_cmphex(inb(f.vm, MSR), ==, BUSY | NONDMA | RQM);
        g_assert_true(vm_irq(f.vm, IRQ));
        outb(f.vm, FIFO, pattern(i));
    }
    check_result(f.vm, (Result){0, 0, 0, 3, 0, 1});
    SEND(f.vm, READ, 0, 2, 0, 4, 2, 5, 0x1b, 0xff);
    take_bytes(f.vm, 0, 2 * SECTOR);
    check_result(f.vm, (Result){0, 0, 0, 3, 0, 1});
    SEND(f.vm, READ, 0, 2, 0, 4, 2, 5, 0x1b, 0xff);
    take_bytes(f.vm, 0, 7);
    outb(f.vm, FIFO, 0); /* the wrong way: it is not taken */
    take_bytes(f.vm, 7, 2 * SECTOR - 7);
    check_result(f.vm, (Result){0, 0, 0, 3, 0, 1});
    stop(&f);
}

/* The medium goes in the middle of a command: that ends, and nothing is written to the next one. */
static void test_eject_during_command(void)
{
    Fixture f = start_empty();

    insert(&f);
    no_dma(f.vm);
    SEND(f.vm, READ, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
    take_bytes(f.vm, 0, 100);
    eject(&f);
    check_result(f.vm, (Result){ABNORMAL, MA, 0, 0, 0, 1});
    insert(&f);
    SEND(f.vm, WRITE, 0, 0, 0, 1, 2, 1, 0x1b, 0xff);
    for (int i = 0; i < SECTOR - 1; i++) {
        outb(f.vm, FIFO, 0xff);
    }
    insert(&f);
    check_result(f.vm, (Result){ABNORMAL, MA, 0, 0, 0, 1});
    SEND(f.vm, READ, 0, 0, 0, 1, 2, 1, 0x1b, 0xff);
    take_bytes(f.vm, 0, SECTOR);
    check_result(f.vm, (Result){0, 0, 0, 1, 0, 1});
    stop(&f);
}

/* ---------------------------------------------------------------------- known faults, noise -- */

/* The index of the FIFO can't leave it, whatever is written or read (CVE-2015-3456). */
static void test_fifo_index(void)
{
    static const uint8_t first[] = {0x8e, 0x4a, 0x0a, 0x4d, 0x0e, 0x33, 0x2e, 0x4e, 0x06};
    Fixture f = start_with_image("");

    for (size_t i = 0; i < G_N_ELEMENTS(first); i++) {
        outb(f.vm, FIFO, first[i]);
        for (int n = 0; n < 2000; n++) {
            outb(f.vm, FIFO, n % 3 ? 0x00 : 0x7f);
        }
        for (int n = 0; n < 2000; n++) {
            inb(f.vm, FIFO);
        }
        outb(f.vm, DOR, 0);
        outb(f.vm, DOR, NRESET | DMAGATE);
        check_reset_senses(f.vm);
    }
    SEND(f.vm, VERSION);
    g_assert_cmphex(receive(f.vm), ==, 0x90);
    stop(&f);
}

/* A command to a drive that is not there, in the midst of one to another (CVE-2021-20196). */
static void test_absent_drive(void)
{
    Fixture f = start_with_image("");

    outw(f.vm, 0x3f4, 0x0500);
    outb(f.vm, 0x3f5, 0x00);
    outb(f.vm, 0x3f5, 0x00);
    outw(f.vm, 0x3f4, 0x0000);
    outb(f.vm, 0x3f5, 0x00);
    outw(f.vm, 0x3f1, 0x0400);
    outw(f.vm, 0x3f4, 0x0000);
    outw(f.vm, 0x3f4, 0x0000);
    outb(f.vm, 0x3f5, 0x00);
    outb(f.vm, 0x3f5, 0x01);
    outw(f.vm, 0x3f1, 0x0500);
    outb(f.vm, 0x3f5, 0x00);
    outb(f.vm, DOR, NRESET | DMAGATE);
    outb(f.vm, DSR, 0x80);
    check_reset_senses(f.vm);
    for (int unit = 1; unit < 4; unit++) {
        outb(f.vm, DOR, NRESET | DMAGATE | unit);
        SEND(f.vm, READ, unit, 0, 0, 1, 2, 18, 0x1b, 0xff);
        check_result(f.vm, (Result){ABNORMAL | unit, MA, 0, 0, 0, 1});
    }
    stop(&f);
}

/* EOT beyond the end of the track, and before the first sector (CVE-2021-3507). */
static void test_eot(void)
{
    Fixture f = start_with_image(",snapshot=on");

    outl(f.vm, 0x9, 0x0a0206);
    outw(f.vm, 0x3f4, 0x1600);
    for (int i = 0; i < 3; i++) {
        outw(f.vm, 0x3f4, 0x0000);
    }
    outw(f.vm, 0x3f4, 0x0200);
    outw(f.vm, 0x3f4, 0x0200);
    for (int i = 0; i < 3; i++) {
        outw(f.vm, 0x3f4, 0x0000);
    }
    outb(f.vm, DSR, 0x80);
    check_reset_senses(f.vm);
    for (int eot = 0; eot < 256; eot += 15) {
        for (int mt = 0; mt <= MT; mt += MT) {
            set_dma(f.vm, true, BUFFER, 0xffff);
            SEND(f.vm, READ | mt, 0, 78, 0, 10, 2, eot, 0x1b, 0xff);
            wait_irq(f.vm);
            g_assert_cmphex(take_result(f.vm).st0 & ABNORMAL, ==, ABNORMAL);
            SEND(f.vm, VERIFY | mt, 0, 78, 0, 10, 2, eot, 0x1b, 0xff);
            wait_irq(f.vm);
            take_result(f.vm);
        }
    }
    stop(&f);
}

static void test_random(void)
{
    Fixture f = start_with_image(",snapshot=on");
    GRand *rand = g_rand_new_with_seed(0xfdc);

    for (int i = 0; i < 20000; i++) {
        const uint16_t port = 0x3f0 + g_rand_int_range(rand, 0, 8);

        switch (g_rand_int_range(rand, 0, 24)) {
        case 0:
            vm_step(f.vm, NANOSECONDS_PER_MS);
            break;
        case 1:
            set_dma(f.vm, g_rand_boolean(rand), BUFFER, g_rand_int_range(rand, 1, 65536));
            break;
        case 2:
            outb(f.vm, DOR, NRESET | g_rand_int_range(rand, 0, 256));
            break;
        case 3:
        case 4:
            inb(f.vm, port);
            break;
        case 5:
            outb(f.vm, port, g_rand_int_range(rand, 0, 256));
            break;
        default: /* small numbers make commands that run */
            outb(f.vm, FIFO, g_rand_int_range(rand, 0, i % 2 ? 256 : 24));
            break;
        }
    }
    g_rand_free(rand);
    outb(f.vm, DOR, 0);
    outb(f.vm, DOR, NRESET | DMAGATE);
    SEND(f.vm, VERSION);
    g_assert_cmphex(receive(f.vm), ==, 0x90);
    stop(&f);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("lignite-XXXXXX", NULL);
    g_test_add_func("/fdc/cmos", test_cmos);
    g_test_add_func("/fdc/media-change", test_media_change);
    g_test_add_func("/fdc/monitor", test_monitor);
    g_test_add_func("/fdc/geometry", test_geometry);
    g_test_add_func("/fdc/short-image", test_short_image);
    g_test_add_func("/fdc/sense-interrupt", test_sense_interrupt);
    g_test_add_func("/fdc/relative-seek", test_relative_seek);
    g_test_add_func("/fdc/recalibrate", test_recalibrate);
    g_test_add_func("/fdc/sense-drive", test_sense_drive);
    g_test_add_func("/fdc/read-id", test_read_id);
    g_test_add_func("/fdc/reset", test_reset);
    g_test_add_func("/fdc/settings", test_settings);
    g_test_add_func("/fdc/no-media", test_no_media);
    g_test_add_func("/fdc/dma-read", test_dma_read);
    g_test_add_func("/fdc/dma-late", test_dma_late);
    g_test_add_func("/fdc/dma-write", test_dma_write);
    g_test_add_func("/fdc/verify", test_verify);
    g_test_add_func("/fdc/format", test_format);
    g_test_add_func("/fdc/write-protect", test_write_protect);
    g_test_add_func("/fdc/wrong-ids", test_wrong_ids);
    g_test_add_func("/fdc/pio-read", test_pio_read);
    g_test_add_func("/fdc/pio-write", test_pio_write);
    g_test_add_func("/fdc/eject-during-command", test_eject_during_command);
    g_test_add_func("/fdc/fifo-index", test_fifo_index);
    g_test_add_func("/fdc/absent-drive", test_absent_drive);
    g_test_add_func("/fdc/eot-beyond-track", test_eot);
    g_test_add_func("/fdc/random", test_random);
    result = g_test_run();
    g_rmdir(folder);
    g_free(folder);
    return result;
}
