/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interval timer: every mode's OUT and count against a counter that is stepped clock by clock
 * as the data sheet tells it, latches and read-back, the line of counter 0, port 61h.
 */
#include "hw/timer/i8254.h"
#include "hw/timer/pcspk.h"

#include "harness.h"

enum { LSB = 0x10, MSB = 0x20, BOTH = 0x30, BCD = 1 };

static Harness h;
static Device *pit;
static IrqRecord line;

static void begin(void)
{
    harness_begin(&h);
    pit = harness_isa_device(&h, &isa_pit_class, NULL);
    record_init(&line, 0);
    device_connect_gpio_out(pit, NULL, 0, &line.irq);
}

static void end(void)
{
    harness_end(&h);
}

static int64_t cycle_ns(int64_t cycle)
{
    return ((__int128)cycle * NANOSECONDS_PER_SECOND + PIT_HZ - 1) / PIT_HZ;
}

/* The cycle that has just begun, after waiting for it. */
static int64_t next_cycle(void)
{
    int64_t cycle = (__int128)clock_get_ns(VM_CLOCK_VIRTUAL) * PIT_HZ / NANOSECONDS_PER_SECOND + 1;

    clock_manual_set(cycle_ns(cycle));
    return cycle;
}

static void run_cycles(int64_t n)
{
    int64_t cycle = (__int128)clock_get_ns(VM_CLOCK_VIRTUAL) * PIT_HZ / NANOSECONDS_PER_SECOND;

    clock_manual_set(cycle_ns(cycle + n));
}

/* --------------------------------------------------------------- a counter, clock by clock -- */

typedef struct Model {
    int mode;
    bool gate, out, load, started, odd;
    int cr, ce;
} Model;

static void model_control(Model *m, int mode)
{
    m->mode = mode;
    m->out = mode != 0;
    m->load = m->started = false;
    m->cr = 0;
}

static void model_count(Model *m, int count)
{
    bool first = m->cr == 0;

    m->cr = count;
    if (m->mode == 0 || m->mode == 4) {
        m->load = true;
    } else if ((m->mode == 2 || m->mode == 3) && m->gate && (first || !m->started)) {
        m->load = true;
    }
}

static void model_gate(Model *m, bool gate)
{
    bool rises = gate && !m->gate;

    m->gate = gate;
    if (rises && m->cr && m->mode != 0 && m->mode != 4) {
        m->load = true;
    }
    if (!gate && (m->mode == 2 || m->mode == 3)) {
        m->out = true;
        m->started = false;
    }
}

static void model_reload(Model *m)
{
    m->ce = m->mode == 3 ? m->cr & ~1 : m->cr;
    m->odd = m->cr & 1;
}

static void model_clock(Model *m)
{
    if (m->load) {
        m->load = false;
        m->started = true;
        model_reload(m);
        m->out = m->mode >= 2;
        return;
    }
    if (!m->started || (!m->gate && m->mode != 1 && m->mode != 5)) {
        return;
    }
    switch (m->mode) {
    case 0:
    case 1:
        m->ce--;
        if (m->ce == 0) {
            m->out = true;
        }
        break;
    case 2:
        m->ce--;
        if (m->ce == 1) {
            m->out = false;
        } else if (m->ce == 0) {
            model_reload(m);
            m->out = true;
        }
        break;
    case 3:
        if (m->ce == 0) {
            m->out = false; /* the extra clock of an odd count */
            model_reload(m);
            break;
        }
        m->ce -= 2;
        if (m->ce == 0 && !(m->odd && m->out)) {
            m->out = !m->out;
            model_reload(m);
        }
        break;
    default:
        m->ce--;
        m->out = m->ce != 0;
        break;
    }
}

static void test_waveforms(void)
{
    for (int mode = 0; mode < 8; mode++) {
        for (int round = 0; round < 40; round++) {
            Model m = {};

            begin();
            next_cycle();
            pit_set_gate(pit, 2, true);
            m.gate = true;
            outb(0x43, 0x80 | LSB | mode << 1);
            model_control(&m, mode & 4 && mode & 2 ? mode - 4 : mode);
            for (int i = 0; i < 300; i++) {
                int what = g_test_rand_int_range(0, 30);
                /* What the sheet's diagrams do not show: a gate that falls during a strobe. */
                bool strobe = m.mode == 4 && !m.out;

                if (i == 0 || what == 0) {
                    int count = g_test_rand_int_range(2, 20);

                    outb(0x42, count);
                    model_count(&m, count);
                } else if (what < 4 && !strobe) {
                    pit_set_gate(pit, 2, !m.gate);
                    model_gate(&m, !m.gate);
                }
                next_cycle();
                model_clock(&m);
                g_assert_cmpint(pit_get_out(pit, 2), ==, m.out);
                if (m.started && m.ce > 0) {
                    g_assert_cmpint(inb(0x42), ==, m.ce & 0xff);
                }
            }
            end();
        }
    }
}

static void test_latch(void)
{
    begin();
    next_cycle();
    outb(0x43, 0x40 | BOTH | 2 << 1);
    outb(0x41, 0x34);
    outb(0x41, 0x12);
    run_cycles(1 + 0x30);
    outb(0x43, 0x40); /* latch */
    run_cycles(0x100);
    outb(0x43, 0x40); /* does nothing while one is unread */
    g_assert_cmphex(inb(0x41), ==, 0x04);
    run_cycles(0x100);
    g_assert_cmphex(inb(0x41), ==, 0x12);
    g_assert_cmphex(inb(0x41), ==, 0x04); /* live: 1234 - 230 = 1004 */
    g_assert_cmphex(inb(0x41), ==, 0x10);
    end();
}

static void test_byte_modes(void)
{
    begin();
    next_cycle();
    outb(0x43, 0x40 | MSB | 0 << 1);
    outb(0x41, 0x20);
    run_cycles(2);
    g_assert_cmphex(inb(0x41), ==, 0x1f);
    g_assert_cmphex(inb(0x41), ==, 0x1f);
    outb(0x43, 0x40 | LSB | 0 << 1);
    outb(0x41, 0x20);
    run_cycles(2);
    g_assert_cmphex(inb(0x41), ==, 0x1f);
    g_assert_cmphex(inb(0x43), ==, 0xff);
    end();
}

static void test_bcd(void)
{
    begin();
    next_cycle();
    outb(0x43, 0x40 | BOTH | 2 << 1 | BCD);
    outb(0x41, 0x00);
    outb(0x41, 0x10); /* 1000 */
    run_cycles(2);
    g_assert_cmphex(inb(0x41), ==, 0x99);
    g_assert_cmphex(inb(0x41), ==, 0x09);
    run_cycles(999);
    g_assert_cmphex(inb(0x41), ==, 0x00);
    g_assert_cmphex(inb(0x41), ==, 0x10);
    outb(0x43, 0x40 | BOTH | 0 << 1 | BCD);
    outb(0x41, 0x00);
    outb(0x41, 0x00); /* 10000 */
    run_cycles(10000);
    g_assert_false(pit_get_out(pit, 1));
    run_cycles(1);
    g_assert_true(pit_get_out(pit, 1));
    run_cycles(1);
    g_assert_cmphex(inb(0x41), ==, 0x99);
    g_assert_cmphex(inb(0x41), ==, 0x99);
    end();
}

static void test_read_back(void)
{
    begin();
    next_cycle();
    outb(0x43, 0x00 | BOTH | 2 << 1);
    outb(0x43, 0x40 | LSB | 0 << 1 | BCD);
    outb(0x43, 0xe0 | 2 << 0 | 2 << 1);                     /* status of 0 and 1 */
    g_assert_cmphex(inb(0x40), ==, 0x80 | 0x40 | BOTH | 4); /* null count */
    g_assert_cmphex(inb(0x41), ==, 0x40 | LSB | BCD);
    outb(0x40, 0x10);
    outb(0x40, 0x00);
    run_cycles(6);
    outb(0x43, 0xc0 | 2); /* count and status: status comes first */
    run_cycles(3);
    g_assert_cmphex(inb(0x40), ==, 0x80 | BOTH | 4);
    g_assert_cmphex(inb(0x40), ==, 0x0b);
    g_assert_cmphex(inb(0x40), ==, 0x00);
    g_assert_cmphex(inb(0x40), ==, 0x08);
    inb(0x40);
    outb(0x40, 0x20); /* a new count waits for the end of the period */
    outb(0x40, 0x00);
    outb(0x43, 0xe0 | 2);
    g_assert_cmphex(inb(0x40) & 0x40, ==, 0x40);
    run_cycles(8);
    outb(0x43, 0xe0 | 2);
    g_assert_cmphex(inb(0x40) & 0x40, ==, 0);
    g_assert_cmphex(inb(0x40), ==, 0x20);
    end();
}

static void program(uint8_t mode, uint16_t count)
{
    outb(0x43, BOTH | mode << 1);
    outb(0x40, count);
    outb(0x40, count >> 8);
}

static void test_line_rates(void)
{
    for (int mode = 2; mode <= 3; mode++) {
        int64_t cycle;

        begin();
        cycle = next_cycle();
        program(mode, 11932);
        g_assert_cmpint(line.level, ==, 1);
        record_clear(&line);
        for (int i = 1; i <= 300; i++) {
            int64_t due = cycle_ns(cycle + 1 + i * 11932LL);

            clock_manual_set(due - 1);
            g_assert_cmpint(line.raised, ==, i - 1);
            clock_manual_set(due);
            g_assert_cmpint(line.raised, ==, i);
            g_assert_cmpint(line.raised_at, ==, due);
        }
        if (mode == 3) {
            g_assert_cmpint(line.lowered_at, ==, cycle_ns(cycle + 1 + 299 * 11932LL + 5966));
        }
        end();
    }
}

static void test_line_one_shot(void)
{
    int64_t cycle;

    begin();
    cycle = next_cycle();
    program(0, 0); /* 65536 */
    g_assert_cmpint(line.level, ==, 0);
    step(10 * NANOSECONDS_PER_SECOND);
    g_assert_cmpint(line.raised, ==, 1);
    g_assert_cmpint(line.raised_at, ==, cycle_ns(cycle + 1 + 65536));
    /* A new count alone, of one byte, starts again: OUT falls with the write. */
    outb(0x43, LSB | 0 << 1);
    outb(0x40, 100);
    run_cycles(200);
    g_assert_cmpint(line.level, ==, 1);
    record_clear(&line);
    cycle = next_cycle();
    outb(0x40, 100);
    g_assert_cmpint(line.level, ==, 0);
    run_cycles(200);
    g_assert_cmpint(line.raised, ==, 1);
    g_assert_cmpint(line.raised_at, ==, cycle_ns(cycle + 1 + 100));
    program(4, 1000);
    cycle = next_cycle();
    program(4, 1000);
    record_clear(&line);
    step(NANOSECONDS_PER_SECOND);
    g_assert_cmpint(line.raised, ==, 1);
    g_assert_cmpint(line.raised_at, ==, cycle_ns(cycle + 1 + 1000 + 1));
    g_assert_cmpint(clock_virtual_deadline(), ==, -1);
    device_reset(pit);
    g_assert_cmpint(line.level, ==, 0);
    end();
}

/* The smallest counts ask for 600 000 interrupts a second: the host makes at most 40 000. */
static void test_line_rate_is_bounded(void)
{
    for (int count = 1; count < 30; count++) {
        for (int mode = 2; mode <= 3; mode++) {
            begin();
            program(mode, count);
            record_clear(&line);
            step(NANOSECONDS_PER_SECOND / 100);
            g_assert_cmpint(line.raised, <=, 400);
            g_assert_cmpint(line.raised, >=, count == 1 ? 0 : 200);
            end();
        }
    }
}

static void test_speaker_port(void)
{
    Device *pcspk;
    int toggles = 0;
    uint8_t last;

    begin();
    pcspk = device_new(&isa_pcspk_class);
    pcspk_set_pit(pcspk, pit);
    device_realize_or_die(pcspk, &h.isa.bus);
    outb(0x61, 0xff);
    g_assert_cmphex(inb(0x61) & 0xcf, ==, 0x0f);
    outb(0x61, 0x00);
    next_cycle();
    outb(0x43, 0x80 | BOTH | 0 << 1);
    outb(0x42, 0x00);
    outb(0x42, 0x10);
    g_assert_false(pit_get_gate(pit, 2));
    run_cycles(10000);
    g_assert_cmphex(inb(0x61) & 0x20, ==, 0x00); /* the gate is low */
    outb(0x61, 0x01);
    run_cycles(0xfff);
    g_assert_cmphex(inb(0x61) & 0x21, ==, 0x01);
    run_cycles(1);
    g_assert_cmphex(inb(0x61) & 0x21, ==, 0x21);
    last = inb(0x61);
    for (int i = 0; i < 1000; i++) {
        step(1000);
        toggles += (inb(0x61) ^ last) >> 4 & 1;
        last = inb(0x61);
    }
    g_assert_cmpint(toggles, >=, 66); /* once in 15.085 us */
    g_assert_cmpint(toggles, <=, 67);
    end();
}

static void test_random_accesses(void)
{
    begin();
    for (int i = 0; i < 50000; i++) {
        uint16_t port = 0x40 + g_test_rand_int_range(0, 4);

        if (g_test_rand_bit()) {
            outb(port, g_test_rand_int_range(0, 256));
        } else {
            inb(port);
        }
        pit_set_gate(pit, g_test_rand_int_range(0, 3), g_test_rand_bit());
        step(g_test_rand_int_range(0, i % 100 ? 3000 : 30000000));
        g_assert_cmpint(clock_virtual_deadline(), !=, clock_get_ns(VM_CLOCK_VIRTUAL));
    }
    end();
}

int main(int argc, char **argv)
{
    harness_init(&argc, &argv);
    g_test_add_func("/i8254/waveforms", test_waveforms);
    g_test_add_func("/i8254/latch", test_latch);
    g_test_add_func("/i8254/byte-modes", test_byte_modes);
    g_test_add_func("/i8254/bcd", test_bcd);
    g_test_add_func("/i8254/read-back", test_read_back);
    g_test_add_func("/i8254/line-rates", test_line_rates);
    g_test_add_func("/i8254/line-one-shot", test_line_one_shot);
    g_test_add_func("/i8254/line-rate-is-bounded", test_line_rate_is_bounded);
    g_test_add_func("/i8254/speaker-port", test_speaker_port);
    g_test_add_func("/i8254/random-accesses", test_random_accesses);
    return g_test_run();
}
