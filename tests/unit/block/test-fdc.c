/* SPDX-License-Identifier: GPL-2.0-or-later */
/* isa-fdc: host errors, what a reset stops, drives that come and go, properties. */
#include "../harness.h"
#include "../host-faults.h"
#include "hw/block/fdc.h"
#include "hw/dma/i8257.h"
#include "images.h"

#define FLOPPY_SIZE (1440 << 10)
#define MSR         0x3f4
#define FIFO        0x3f5
#define RAM_SIZE    0x20000

typedef struct Fixture {
    Harness h;
    Device *fdc;
    Device *drive;
    MemoryRegion ram;
} Fixture;

static void begin(Fixture *f, BlockOptions options)
{
    harness_begin(&f->h);
    memset(&f->ram, 0, sizeof(f->ram));
    g_assert_true(memory_region_init_ram(&f->ram, NULL, "ram", RAM_SIZE, NULL));
    memory_region_add_subregion(get_system_memory(), 0, &f->ram);
    harness_isa_device(&f->h, &i8257_class, NULL);
    f->fdc = harness_isa_device(&f->h, &isa_fdc_class, NULL);
    image_open("floppy", FLOPPY_SIZE, options);
    f->drive = device_new(&floppy_class);
    device_set_str(f->drive, "drive", "floppy");
    device_realize_or_die(f->drive, fdc_bus(f->fdc));
}

static void end(Fixture *f)
{
    memory_region_del_subregion(get_system_memory(), &f->ram);
    harness_end(&f->h);
    block_close_all();
    memory_region_destroy(&f->ram);
}

static void send_all(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_assert_cmphex(inb(MSR) & 0xc0, ==, 0x80);
        outb(FIFO, bytes[i]);
    }
}

#define SEND(...) send_all((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void wait_irq(Fixture *f)
{
    while (!f->h.irq[6].level) {
        g_main_context_iteration(NULL, TRUE);
    }
}

static void check_result(Fixture *f, uint8_t st0, uint8_t st1, uint8_t st2, uint8_t sector)
{
    uint8_t bytes[7];

    wait_irq(f);
    for (int i = 0; i < 7; i++) {
        g_assert_cmphex(inb(MSR), ==, 0xd0);
        bytes[i] = inb(FIFO);
    }
    g_assert_cmphex(bytes[0], ==, st0);
    g_assert_cmphex(bytes[1], ==, st1);
    g_assert_cmphex(bytes[2], ==, st2);
    g_assert_cmpuint(bytes[5], ==, sector);
    g_assert_cmphex(inb(MSR), ==, 0x80);
    g_assert_cmpint(f->h.irq[6].level, ==, 0);
}

static void set_dma(bool to_memory, uint16_t len)
{
    outb(0x0a, 0x06);
    outb(0x0c, 0);
    outb(0x0b, to_memory ? 0x46 : 0x4a);
    outb(0x04, 0);
    outb(0x04, 0);
    outb(0x81, 1);
    outb(0x05, len - 1);
    outb(0x05, (len - 1) >> 8);
    outb(0x0a, 0x02);
}

static void test_host_errors(void)
{
    Fixture f;

    begin(&f, (BlockOptions){.werror = BLOCK_ERROR_REPORT});
    fault_from = 2 * 512;
    fault_to = 3 * 512;
    g_atomic_int_set(&fault_read, EIO);
    set_dma(true, 1024);
    SEND(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff); /* the whole track is read */
    check_result(&f, 0x40, 0x20, 0x20, 1);
    SEND(0x46, 0, 0, 0, 4, 2, 18, 0x1b, 0xff); /* beside the bad sector */
    check_result(&f, 0, 0, 0, 6);
    g_atomic_int_set(&fault_read, 0);
    g_atomic_int_set(&fault_write, EIO);
    set_dma(false, 512);
    SEND(0x45, 0, 0, 0, 3, 2, 18, 0x1b, 0xff);
    check_result(&f, 0x40, 0x20, 0x20, 3);
    address_space_stl_le(&address_space_memory, 0x10000, 0x02030000, NULL); /* sector 3 again */
    set_dma(false, 4);
    SEND(0x4d, 0, 2, 1, 0x54, 0xf6);
    check_result(&f, 0x40, 0x20, 0x20, 1);
    g_atomic_int_set(&fault_write, 0);
    end(&f);
}

/* With werror=stop the command waits, and ends well when there is room again. */
static void test_stop_policy(void)
{
    g_autofree uint8_t *content = NULL;
    Fixture f;

    begin(&f, (BlockOptions){.werror = BLOCK_ERROR_STOP});
    fault_from = 0;
    fault_to = FLOPPY_SIZE;
    g_atomic_int_set(&fault_write, ENOSPC);
    set_dma(false, 512);
    SEND(0x45, 0, 0, 0, 3, 2, 18, 0x1b, 0xff);
    block_drain_all();
    g_assert_cmphex(inb(MSR), ==, 0x10);
    g_assert_cmpint(f.h.irq[6].level, ==, 0);
    g_atomic_int_set(&fault_write, 0);
    block_resume_all();
    check_result(&f, 0, 0, 0, 4);
    end(&f);
    content = image_content("floppy");
    g_assert_cmphex(content[2 * 512], ==, 0);
    g_assert_cmphex(content[3 * 512], ==, image_byte(3 * 512));
}

/* A reset, and a drive that goes, stop what is on its way to the host and back. */
static void test_cancel(void)
{
    Fixture f;

    begin(&f, (BlockOptions){});
    for (int way = 0; way < 3; way++) {
        g_atomic_int_set(&io_held, 1);
        set_dma(true, 512);
        SEND(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff);
        g_assert_cmphex(inb(MSR), ==, 0x10);
        g_atomic_int_set(&io_held, 0); /* a cancel waits for the host's part */
        if (way == 0) {
            outb(MSR, 0x80);
            g_assert_cmpint(f.h.irq[6].level, ==, 1);
            for (int i = 0; i < 4; i++) {
                SEND(0x08);
                inb(FIFO);
                inb(FIFO);
            }
        } else if (way == 1) {
            device_reset(f.fdc);
        } else {
            device_free(f.drive);
            check_result(&f, 0x40, 0x01, 0, 1);
        }
        g_assert_cmphex(inb(MSR), ==, 0x80);
        g_assert_cmpint(f.h.irq[6].level, ==, 0);
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_assert_cmphex(inb(MSR), ==, 0x80);
    }
    SEND(0x46, 0, 0, 0, 1, 2, 18, 0x1b, 0xff); /* no drive */
    check_result(&f, 0x40, 0x01, 0, 1);
    end(&f);
}

static Device *new_drive(Fixture *f, const char *name, const char *value, GError **errp)
{
    Device *dev = device_new(&floppy_class);

    device_set_str(dev, name, value);
    if (!device_realize(dev, fdc_bus(f->fdc), errp)) {
        device_free(dev);
        return NULL;
    }
    return dev;
}

static void test_drives(void)
{
    g_autofree char *path = NULL;
    Fixture f;
    Device *dev;

    begin(&f, (BlockOptions){});
    path = floppy_boot_path(f.drive);
    g_assert_cmpstr(path, ==, "fdc@03f0/floppy@0");
    g_assert_cmpuint(fdc_drive_code(f.fdc, 0), ==, 4);
    g_assert_cmpuint(fdc_drive_code(f.fdc, 1), ==, 0);
    g_assert_null(new_drive(&f, "unit", "0", NULL));
    g_assert_null(new_drive(&f, "unit", "2", NULL));
    g_assert_null(new_drive(&f, "drive", "zz", NULL));
    g_assert_null(new_drive(&f, "drive", "floppy", NULL)); /* it is the other one's */
    g_assert_null(new_drive(&f, "drive-type", "none", NULL));
    dev = new_drive(&f, "drive-type", "120", NULL);
    g_assert_nonnull(dev);
    g_assert_cmpuint(fdc_drive_code(f.fdc, 1), ==, 2);
    g_assert_nonnull(block_find("floppy1"));
    g_assert_null(new_drive(&f, "drive-type", "144", NULL)); /* no room */
    device_free(dev);
    g_assert_null(block_find("floppy1"));
    g_assert_nonnull(block_find("floppy"));
    end(&f);
}

static void check_refused(ISABus *bus, const char *name, const char *value, const char *why)
{
    Device *dev = device_new(&isa_fdc_class);
    g_autoptr(GError) err = NULL;

    device_set_str(dev, name, value);
    g_assert_false(device_realize(dev, &bus->bus, &err));
    g_assert_nonnull(strstr(err->message, why));
    device_free(dev);
}

static void test_refused(void)
{
    Harness h;

    harness_begin(&h);
    check_refused(&h.isa, "irq", "6", "no DMA channel 2"); /* without a controller */
    harness_isa_device(&h, &i8257_class, NULL);
    check_refused(&h.isa, "dma", "4", "no DMA channel 4");
    check_refused(&h.isa, "fallback", "auto", "fallback");
    check_refused(&h.isa, "fallback", "none", "fallback");
    harness_end(&h);
}

int main(int argc, char **argv)
{
    int result;

    harness_init(&argc, &argv);
    images_begin();
    g_test_add_func("/fdc/host-errors", test_host_errors);
    g_test_add_func("/fdc/stop-policy", test_stop_policy);
    g_test_add_func("/fdc/cancel", test_cancel);
    g_test_add_func("/fdc/drives", test_drives);
    g_test_add_func("/fdc/refused", test_refused);
    result = g_test_run();
    images_end();
    return result;
}
