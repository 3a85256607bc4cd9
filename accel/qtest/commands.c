/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of the qtest protocol: one row per command, and what it does. Every line that is not
 * well formed is answered with FAIL and the reason, and changes nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "hw/core/clock.h"
#include "internal.h"
#include "memory/system.h"

#define ARGS_MAX 4
#define MEMSET_MAX (UINT64_C(1) << 40) /* as much as a machine can have */
#define CHUNK 65536
#define PORTS 65536

typedef struct Arg {
    char *text;
    size_t len;
    uint64_t n; /* where the row says that it is a number */
} Arg;

typedef struct Command {
    const char *name;
    const char *args; /* one letter each: n number, s text; those after '?' may be left out */
    const char *usage;
    void (*run)(QtestServer *s, const struct Command *command, const Arg *args, unsigned n);
    unsigned width; /* bytes, of a port or memory access */
} Command;

static void fail(QtestServer *s, const char *why)
{
    qtest_answerf(s, "FAIL %s", why);
}

static void ok(QtestServer *s)
{
    qtest_answer(s, "OK", 2);
}

/* ------------------------------------------------------------------------ ports and memory -- */

static bool check_port(QtestServer *s, uint64_t port)
{
    if (port >= PORTS) {
        fail(s, "a port is at most 0xffff");
        return false;
    }
    return true;
}

/* Little-endian, as the bus has it, whatever the host is. */
static uint64_t load(AddressSpace *as, hwaddr addr, unsigned width)
{
    uint64_t value = 0;

    address_space_read(as, addr, &value, width);
    return GUINT64_FROM_LE(value);
}

static void store(AddressSpace *as, hwaddr addr, uint64_t value, unsigned width)
{
    value = GUINT64_TO_LE(value);
    address_space_write(as, addr, &value, width);
}

static void run_out(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    if (check_port(s, args[0].n)) {
        store(&address_space_io, args[0].n, args[1].n, command->width);
        ok(s);
    }
}

static void run_in(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    if (check_port(s, args[0].n)) {
        qtest_answerf(s, "OK 0x%04" PRIx64,
                      load(&address_space_io, args[0].n, command->width));
    }
}

static void run_store(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    store(&address_space_memory, args[0].n, args[1].n, command->width);
    ok(s);
}

static void run_load(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    qtest_answerf(s, "OK 0x%016" PRIx64,
                  load(&address_space_memory, args[0].n, command->width));
}

/* Whether [addr, addr + len) can be moved by one line. */
static bool check_range(QtestServer *s, uint64_t addr, uint64_t len, uint64_t max)
{
    if (len > max) {
        qtest_answerf(s, "FAIL a size is at most 0x%" PRIx64, max);
        return false;
    }
    if (len && addr + (len - 1) < addr) {
        fail(s, "the range goes beyond the last address");
        return false;
    }
    return true;
}

static bool check_block(QtestServer *s, uint64_t addr, uint64_t len)
{
    if (len == 0) {
        fail(s, "a size of 0");
        return false;
    }
    return check_range(s, addr, len, QTEST_DATA_MAX);
}

static void run_read(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    static const char digits[] = "0123456789abcdef";
    const size_t len = args[1].n;
    g_autofree uint8_t *data = NULL;
    g_autofree char *line = NULL;
    char *p;

    if (!check_block(s, args[0].n, args[1].n)) {
        return;
    }
    data = g_malloc(len);
    address_space_read(&address_space_memory, args[0].n, data, len);
    p = line = g_malloc(strlen("OK 0x") + 2 * len);
    p = mempcpy(p, "OK 0x", strlen("OK 0x"));
    for (size_t i = 0; i < len; i++) {
        *p++ = digits[data[i] >> 4];
        *p++ = digits[data[i] & 15];
    }
    qtest_answer(s, line, p - line);
}

static void run_b64read(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    g_autofree uint8_t *data = NULL;
    g_autofree char *text = NULL;

    if (!check_block(s, args[0].n, args[1].n)) {
        return;
    }
    data = g_malloc(args[1].n);
    address_space_read(&address_space_memory, args[0].n, data, args[1].n);
    text = g_base64_encode(data, args[1].n);
    qtest_answerf(s, "OK %s", text);
}

/* Hexadecimal digits in pairs, at most `max` of them; -1: something else. */
static gssize decode_hex(const char *text, size_t digits, uint8_t *data, size_t max)
{
    size_t n = MIN(digits / 2, max);

    if (digits % 2) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]);
        int low = g_ascii_xdigit_value(text[2 * i + 1]);

        if (high < 0 || low < 0) {
            return -1;
        }
        data[i] = high << 4 | low;
    }
    return n;
}

static void run_write(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    g_autofree uint8_t *data = NULL;

    if (!check_block(s, args[0].n, args[1].n)) {
        return;
    }
    data = g_malloc0(args[1].n); /* short data goes on with zeros */
    if (!g_str_has_prefix(args[2].text, "0x") ||
        decode_hex(args[2].text + 2, args[2].len - 2, data, args[1].n) < 0) {
        fail(s, "the data are not 0x and pairs of hexadecimal digits");
        return;
    }
    address_space_write(&address_space_memory, args[0].n, data, args[1].n);
    ok(s);
}

static bool is_base64(const char *text, size_t len)
{
    const size_t body = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789+/");

    return len % 4 == 0 && body > 0 && len - body <= 2 && strspn(text + body, "=") == len - body;
}

static void run_b64write(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    g_autofree uint8_t *data = NULL;
    gsize len;

    if (!check_block(s, args[0].n, args[1].n)) {
        return;
    }
    if (!is_base64(args[2].text, args[2].len)) {
        fail(s, "the data are not base64");
        return;
    }
    data = g_base64_decode(args[2].text, &len);
    if (len != args[1].n) {
        qtest_answerf(s, "FAIL the data are %zu bytes, not %" PRIu64, len, args[1].n);
        return;
    }
    address_space_write(&address_space_memory, args[0].n, data, len);
    ok(s);
}

static void run_memset(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    g_autofree uint8_t *data = NULL;
    uint64_t addr = args[0].n, left = args[1].n;

    if (!check_range(s, addr, left, MEMSET_MAX)) {
        return;
    }
    data = g_malloc(CHUNK);
    memset(data, args[2].n, CHUNK);
    while (left) {
        /* Nothing is written to a hole, however large. */
        MemoryRegionSection section = address_space_lookup(&address_space_memory, addr, left);
        hwaddr len = section.mr ? MIN(section.size, CHUNK) : section.size;

        if (section.mr) {
            address_space_write(&address_space_memory, addr, data, len);
        }
        addr += len;
        left -= len;
    }
    ok(s);
}

static void run_endianness(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    qtest_answer(s, "OK little", strlen("OK little"));
}

/* ----------------------------------------------------------------------------- the clock -- */

static bool check_clock(QtestServer *s)
{
    if (!s->config.manual_clock) {
        fail(s, "the clock runs by itself: only -accel qtest leaves it to the client");
    }
    return s->config.manual_clock;
}

static void step_to(QtestServer *s, uint64_t target, const char *why_not)
{
    if (target > INT64_MAX) {
        fail(s, "the time is beyond the last one");
    } else if ((int64_t)target <= clock_get_ns(VM_CLOCK_VIRTUAL)) {
        fail(s, why_not);
    } else {
        qtest_step_to(s, target);
    }
}

static void run_clock_step(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    uint64_t now = clock_get_ns(VM_CLOCK_VIRTUAL);
    int64_t deadline;

    if (!check_clock(s)) {
        return;
    }
    if (n) {
        step_to(s, args[0].n > INT64_MAX ? UINT64_MAX : now + args[0].n, "no time passes");
        return;
    }
    deadline = clock_virtual_deadline();
    if (deadline < 0) {
        fail(s, "no timer is pending");
    } else {
        step_to(s, deadline, "no time passes: a timer is due now");
    }
}

static void run_clock_set(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    if (check_clock(s)) {
        step_to(s, args[0].n, "the time is not in the future");
    }
}

/* ----------------------------------------------------------------------------- interrupts -- */

static void on_irq(void *opaque, int n, int level)
{
    g_autofree char *line = g_strdup_printf("IRQ %s %d", level ? "raise" : "lower", n);

    qtest_send(opaque, line, strlen(line));
}

static Device *find_device(QtestServer *s, const char *path)
{
    Device *dev = s->config.find_device(path);

    if (!dev) {
        fail(s, "Unknown device");
    }
    return dev;
}

/* The list called so; clients call the unnamed one "unnamed-gpio-in" or "unnamed-gpio-out". */
static const char *list_name(const char *text, bool out)
{
    return g_str_equal(text, out ? "unnamed-gpio-out" : "unnamed-gpio-in") ? NULL : text;
}

static void intercept(QtestServer *s, bool out, const char *path, const char *name)
{
    Device *dev = find_device(s, path);

    if (!dev) {
        return;
    }
    if (s->intercept) {
        if (intercept_is_of(s->intercept, dev)) {
            ok(s);
        } else {
            fail(s, "IRQ intercept already enabled on another device");
        }
        return;
    }
    s->intercept = intercept_new(dev, out, name, on_irq, s);
    if (s->intercept) {
        ok(s);
    } else {
        fail(s, out ? "the device has no such outputs" : "the device has no inputs");
    }
}

static void run_intercept_in(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    intercept(s, false, args[0].text, NULL);
}

static void run_intercept_out(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    intercept(s, true, args[0].text, n > 1 ? list_name(args[1].text, true) : NULL);
}

static void run_set_irq_in(QtestServer *s, const Command *command, const Arg *args, unsigned n)
{
    Device *dev = find_device(s, args[0].text);
    const char *name = list_name(args[1].text, false);

    if (!dev) {
        return;
    }
    if (args[2].n >= device_gpio_count(dev, name, true)) {
        fail(s, "the device has no such input");
        return;
    }
    irq_set(device_get_gpio_in(dev, name, args[2].n), args[3].n != 0);
    ok(s);
}

/* ---------------------------------------------------------------------------------- lines -- */

static const Command commands[] = {
    {"outb", "nn", "PORT VALUE", run_out, 1},
    {"outw", "nn", "PORT VALUE", run_out, 2},
    {"outl", "nn", "PORT VALUE", run_out, 4},
    {"inb", "n", "PORT", run_in, 1},
    {"inw", "n", "PORT", run_in, 2},
    {"inl", "n", "PORT", run_in, 4},
    {"writeb", "nn", "ADDRESS VALUE", run_store, 1},
    {"writew", "nn", "ADDRESS VALUE", run_store, 2},
    {"writel", "nn", "ADDRESS VALUE", run_store, 4},
    {"writeq", "nn", "ADDRESS VALUE", run_store, 8},
    {"readb", "n", "ADDRESS", run_load, 1},
    {"readw", "n", "ADDRESS", run_load, 2},
    {"readl", "n", "ADDRESS", run_load, 4},
    {"readq", "n", "ADDRESS", run_load, 8},
    {"read", "nn", "ADDRESS SIZE", run_read},
    {"write", "nns", "ADDRESS SIZE 0xDATA", run_write},
    {"b64read", "nn", "ADDRESS SIZE", run_b64read},
    {"b64write", "nns", "ADDRESS SIZE DATA", run_b64write},
    {"memset", "nnn", "ADDRESS SIZE BYTE", run_memset},
    {"endianness", "", "", run_endianness},
    {"clock_step", "?n", "[NS]", run_clock_step},
    {"clock_set", "n", "NS", run_clock_set},
    {"irq_intercept_in", "s", "DEVICE", run_intercept_in},
    {"irq_intercept_out", "s?s", "DEVICE [NAME]", run_intercept_out},
    {"set_irq_in", "ssnn", "DEVICE NAME INPUT LEVEL", run_set_irq_in},
};

/* A number as C writes it: decimal, octal with 0, hexadecimal with 0x. */
static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    if (!g_ascii_isdigit(*text)) {
        return false;
    }
    errno = 0;
    *value = g_ascii_strtoull(text, &end, 0);
    return *end == '\0' && errno == 0;
}

/* Take apart the words after the command, by single spaces; more than ARGS_MAX are just more. */
static unsigned split(char *line, char *end, Arg *args)
{
    unsigned n = 0;

    while (line <= end && n <= ARGS_MAX) {
        char *space = memchr(line, ' ', end - line);
        char *stop = space ? space : end;

        if (n < ARGS_MAX) {
            args[n] = (Arg){.text = line, .len = stop - line};
        }
        *stop = '\0';
        n++;
        line = stop + 1;
    }
    return n;
}

static bool check_args(QtestServer *s, const Command *command, Arg *args, unsigned n)
{
    const unsigned most = strlen(command->args) - (strchr(command->args, '?') != NULL);
    const unsigned least = strcspn(command->args, "?");
    const char *type = command->args;

    if (n < least || n > most) {
        qtest_answerf(s, "FAIL usage: %s %s", command->name, command->usage);
        return false;
    }
    for (unsigned i = 0; i < n; i++, type++) {
        type += *type == '?';
        if (*type == 'n' && !parse_number(args[i].text, &args[i].n)) {
            g_autofree char *shown = g_strndup(args[i].text, 64);
            g_autofree char *escaped = g_strescape(shown, NULL);

            qtest_answerf(s, "FAIL '%s' is not a number: %s %s", escaped, command->name,
                          command->usage);
            return false;
        }
        if (*type == 's' && !args[i].len) {
            qtest_answerf(s, "FAIL usage: %s %s", command->name, command->usage);
            return false;
        }
    }
    return true;
}

void qtest_run_line(QtestServer *s, char *line, size_t len)
{
    char *end = line + len;
    char *space = memchr(line, ' ', len);
    g_autofree char *shown = NULL;
    g_autofree char *escaped = NULL;
    Arg args[ARGS_MAX];

    if (memchr(line, '\0', len)) {
        fail(s, "a NUL in the line");
        return;
    }
    if (space) {
        *space = '\0';
    }
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(commands[i].name, line) == 0) {
            unsigned n = space ? split(space + 1, end, args) : 0;

            if (check_args(s, &commands[i], args, n)) {
                commands[i].run(s, &commands[i], args, n);
            }
            return;
        }
    }
    shown = g_strndup(line, 64);
    escaped = g_strescape(shown, NULL);
    qtest_answerf(s, "FAIL Unknown command '%s'", escaped);
}
