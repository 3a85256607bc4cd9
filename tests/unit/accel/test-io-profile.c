/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O profile: what is counted where, what is advised, and the forms of the report. */
#include "accel/io-profile.h"
#include "guest.h"

/* -------------------------------------------------------------------------- a made-up device -- */

static const RegisterName names[] = {{0, 1, "INDEX"}, {1, 2, "DATA"}, {}};

static Effect next_effect = EFFECTS; /* EFFECTS: the handler does nothing that may not wait */

static uint64_t dev_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void dev_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    if (next_effect != EFFECTS) {
        effect_note(effect_hook_core, next_effect);
    }
}

static const MemoryRegionOps dev_ops = {.read = dev_read, .write = dev_write, .registers = names};
static const MemoryRegionOps plain_ops = {.read = dev_read, .write = dev_write};

static MemoryOwner owner = {.name = "dev,\"0\""};
static MemoryRegion ports, window;

static void begin(void)
{
    machine_lock();
    memory_system_init();
    next_effect = EFFECTS;
    memory_region_init_io(&ports, &owner, &dev_ops, NULL, "ports", 8);
    memory_region_add_subregion(get_system_io(), 0x100, &ports);
    memory_region_init_io(&window, &owner, &plain_ops, NULL, "window", 0x4000);
    memory_region_add_subregion(get_system_memory(), 0x10000, &window);
    io_profile_start();
}

static void remove_region(MemoryRegion *container, MemoryRegion *mr)
{
    memory_region_del_subregion(container, mr);
    io_profile_forget(mr); /* as the accelerator's hook does */
    memory_region_destroy(mr);
}

static void end(void)
{
    remove_region(get_system_io(), &ports);
    remove_region(get_system_memory(), &window);
    io_profile_stop();
    g_assert_null(effect_hook_core);
    memory_system_cleanup();
    machine_unlock();
}

/* One exit of CPU 0, as an accelerator makes it. */
static void access_by(unsigned cpu, AddressSpace *as, hwaddr addr, bool is_write, unsigned count)
{
    uint8_t byte = 0;

    io_profile_begin(cpu, IO_PROFILE_ACCESS);
    io_profile_look();
    io_profile_access(cpu, as, addr, is_write, count);
    for (unsigned i = 0; i < count; i++) {
        address_space_rw(as, addr, &byte, 1, is_write);
    }
    io_profile_accessed(cpu);
    io_profile_end(cpu);
}

static void out(hwaddr port)
{
    access_by(0, &address_space_io, port, true, 1);
}

static void in(hwaddr port)
{
    access_by(0, &address_space_io, port, false, 1);
}

/* The line of a register, of the present report. */
static const IoProfileLine *find(const IoProfileReport *report, const char *name)
{
    for (guint i = 0; i < report->lines->len; i++) {
        const IoProfileLine *line = &g_array_index(report->lines, IoProfileLine, i);

        if (g_str_equal(line->name, name)) {
            return line;
        }
    }
    g_error("no line '%s'", name);
}

static IoProfileReport *query(void)
{
    g_autoptr(GError) err = NULL;
    IoProfileReport *report = io_profile_query(-1, &err);

    g_assert_no_error(err);
    return report;
}

/* ------------------------------------------------------------------------------------ counts -- */

static void test_counts(void)
{
    g_autoptr(IoProfileReport) report = NULL;
    const IoProfileLine *line;

    begin();
    in(0x100);
    out(0x100);
    out(0x101);
    out(0x102);                                      /* the same register's second byte */
    in(0x105);                                       /* no name */
    in(0x300);                                       /* nothing there */
    access_by(0, &address_space_io, 0x101, true, 7); /* rep outs */
    access_by(1, &address_space_memory, 0x11234, false, 1);
    access_by(1, &address_space_memory, 0x11fff, true, 1);
    io_profile_begin(1, IO_PROFILE_HLT);
    io_profile_end(1);
    io_profile_end(1); /* stopped already */
    io_profile_queued(&address_space_io, 0x100);
    io_profile_queued(&address_space_io, 0x100);

    report = query();
    line = find(report, "INDEX");
    g_assert_cmpstr(line->device, ==, "dev,\"0\"");
    g_assert_cmpstr(line->region, ==, "ports");
    g_assert_cmpint(line->space, ==, IO_PROFILE_PORT);
    g_assert_cmpuint(line->reads, ==, 1);
    g_assert_cmpuint(line->writes, ==, 1);
    g_assert_cmpuint(line->exits, ==, 2);
    g_assert_cmpuint(line->queued, ==, 2);
    g_assert_cmphex(line->addr, ==, 0x100);
    g_assert_cmpfloat(line->time_min, <=, line->time_mean);
    g_assert_cmpfloat(line->time_mean, <=, line->time_max);
    g_assert_cmpfloat(line->time_max, <=, line->time_sum);
    line = find(report, "DATA");
    g_assert_cmpuint(line->writes, ==, 9);
    g_assert_cmpuint(line->exits, ==, 3);
    g_assert_cmphex(line->offset, ==, 1);
    g_assert_cmpuint(find(report, "ports+0x5")->reads, ==, 1);
    line = find(report, "(nothing)");
    g_assert_cmphex(line->addr, ==, 0x300);
    g_assert_cmpstr(line->device, ==, "");
    line = find(report, "window+0x1000"); /* a page of the window, not a byte */
    g_assert_cmpuint(line->exits, ==, 2);
    g_assert_cmpint(line->space, ==, IO_PROFILE_MEMORY);
    line = find(report, "HLT");
    g_assert_cmpint(line->space, ==, IO_PROFILE_NO_SPACE);
    g_assert_cmpuint(line->exits, ==, 1);
    g_assert_cmpuint(report->queued, ==, 2);
    /* Most exits first. */
    for (guint i = 1; i < report->lines->len; i++) {
        g_assert_cmpuint(g_array_index(report->lines, IoProfileLine, i - 1).exits, >=,
                         g_array_index(report->lines, IoProfileLine, i).exits);
    }
    end();
}

static void test_times(void)
{
    g_autoptr(IoProfileReport) report = NULL;
    const IoProfileLine *line;

    begin();
    for (int i = 0; i < 3; i++) {
        io_profile_begin(0, IO_PROFILE_HLT);
        if (i == 2) {
            g_usleep(20000);
        }
        io_profile_end(0);
        g_usleep(5000); /* inside the guest: of no account */
    }
    report = query();
    line = find(report, "HLT");
    /* Bounds that hold however slow the host is. */
    g_assert_cmpfloat(line->time_max, >=, 19e6);
    g_assert_cmpfloat(line->time_min, <, line->time_max);
    g_assert_cmpfloat(line->time_sum, <=, report->seconds * 1e9 - 10e6);
    g_assert_cmpfloat_with_epsilon(line->time_mean, line->time_sum / 3, 1);
    g_assert_cmpfloat(line->time_deviation, >, 0);
    g_assert_cmpfloat(line->time_deviation, <, line->time_max);
    end();
}

/* The cache of addresses must not outlive the map, nor a row its region's address. */
static void test_map_changes(void)
{
    g_autoptr(IoProfileReport) report = NULL;

    begin();
    out(0x100);
    memory_region_set_address(&ports, 0x200);
    in(0x100); /* nothing there any more */
    out(0x200);
    remove_region(get_system_io(), &ports);
    memory_region_init_io(&ports, NULL, &plain_ops, NULL, "other", 8); /* at the same address */
    memory_region_add_subregion(get_system_io(), 0x200, &ports);
    out(0x200);
    report = query();
    g_assert_cmpuint(find(report, "INDEX")->writes, ==, 2);
    g_assert_cmphex(find(report, "INDEX")->addr, ==, 0x200);
    g_assert_cmpuint(find(report, "(nothing)")->reads, ==, 1);
    g_assert_cmpuint(find(report, "other+0x0")->writes, ==, 1);
    end();
}

/* A guest that touches everything does not make the host keep a line for each. */
static void test_many_places(void)
{
    g_autoptr(IoProfileReport) report = NULL;
    uint64_t sum = 0;

    begin();
    for (unsigned port = 0x1000; port < 0x4000; port++) {
        in(port);
    }
    in(0x100);
    report = query();
    g_assert_cmpuint(report->lines->len, <, 4200);
    g_assert_cmpuint(find(report, "(further places)")->reads, >, 0x3000 - 0x1000);
    for (guint i = 0; i < report->lines->len; i++) {
        sum += g_array_index(report->lines, IoProfileLine, i).exits;
    }
    g_assert_cmpuint(sum, ==, 0x3001);
    end();
}

static void test_reset_and_off(void)
{
    g_autoptr(GError) err = NULL;

    begin();
    out(0x100);
    io_profile_start();
    {
        g_autoptr(IoProfileReport) report = query();

        g_assert_cmpuint(report->lines->len, ==, 0);
    }
    out(0x100);
    {
        g_autoptr(IoProfileReport) report = query();

        g_assert_cmpuint(find(report, "INDEX")->exits, ==, 1);
    }
    io_profile_stop();
    out(0x100); /* of no account */
    g_assert_null(io_profile_query(-1, &err));
    g_assert_nonnull(strstr(err->message, "io-profile on"));
    end();
}

/* ------------------------------------------------------------------------------------ advice -- */

static void assert_advice(const char *name, uint64_t could_wait, unsigned rule, const char *words)
{
    g_autoptr(IoProfileReport) report = query();
    const IoProfileLine *line = find(report, name);
    g_autofree char *advice = io_profile_advice(line);

    g_assert_cmpuint(line->could_wait, ==, could_wait);
    g_assert_cmpuint(io_profile_rule(line), ==, rule);
    if (!strstr(advice, words)) {
        g_error("'%s' is not in '%s'", words, advice);
    }
}

static void test_advice_followed(void)
{
    begin();
    for (int i = 0; i < 5; i++) {
        out(0x100);
        in(0x101);
    }
    assert_advice("INDEX", 5, 0, "would save 5 of 5 exits");
    out(0x100); /* not followed by anything yet */
    assert_advice("INDEX", 5, 0, "would save 5 of 6 exits");
    io_profile_look(); /* somebody else looks, and could see that it is not there */
    in(0x101);
    assert_advice("INDEX", 5, 0, "would save 5 of 6 exits");
    /* Another CPU's access comes with a look at the queue. */
    out(0x100);
    access_by(1, &address_space_io, 0x101, false, 1);
    in(0x101);
    assert_advice("INDEX", 5, 0, "would save 5 of 7 exits");
    end();
}

static void test_advice_rules(void)
{
    static const struct {
        Effect effect;
        unsigned rule;
        const char *words;
    } rows[] = {{EFFECT_IRQ, 1, "interrupt"}, {EFFECT_TIMER, 2, "timer"},
                {EFFECT_CLOCK, 2, "clock"},   {EFFECT_DMA, 3, "memory"},
                {EFFECT_BLOCK, 3, "disk"},    {EFFECT_OUTPUT, 3, "backend"},
                {EFFECT_MAP, 4, "map"}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        begin();
        next_effect = rows[i].effect;
        out(0x100);
        next_effect = EFFECTS;
        out(0x100); /* once is enough */
        in(0x100);
        assert_advice("INDEX", 1, rows[i].rule, rows[i].words);
        end();
    }
    begin();
    /* What a read does is no matter, nor what happens between accesses. */
    in(0x101);
    effect_note(effect_hook_core, EFFECT_IRQ);
    out(0x101);
    in(0x101);
    assert_advice("DATA", 1, 0, "would save 1");
    end();
}

static void test_advice_none(void)
{
    begin();
    in(0x100);
    assert_advice("INDEX", 0, 0, "");
    out(0x300);
    in(0x300);
    assert_advice("(nothing)", 1, 0, "");
    out(0x101);
    in(0x101);
    io_profile_queued(&address_space_io, 0x101);
    assert_advice("DATA", 1, 0, "queued already");
    end();
}

/* Reads of a ROM device do not exit: a late write would be seen by them. */
static void test_advice_shadow(void)
{
    g_autoptr(GError) err = NULL;
    MemoryRegion rom = {};

    begin();
    memory_region_init_rom_device(&rom, &owner, &plain_ops, NULL, "shadow", 0x1000, &err);
    g_assert_no_error(err);
    memory_region_add_subregion(get_system_memory(), 0x20000, &rom);
    access_by(0, &address_space_memory, 0x20010, true, 1);
    in(0x100);
    assert_advice("shadow+0x10", 1, 5, "read without an exit");
    remove_region(get_system_memory(), &rom);
    end();
}

/* ------------------------------------------------------------------------------------- forms -- */

static unsigned count_lines(const char *text)
{
    unsigned n = 0;

    for (; (text = strchr(text, '\n')); text++) {
        n++;
    }
    return n;
}

static void check_element(GMarkupParseContext *context, const char *name, const char **attributes,
                          const char **values, gpointer opaque, GError **errp)
{
    if (g_str_equal(name, "title")) {
        ++*(unsigned *)opaque;
    }
}

static void test_forms(void)
{
    g_autoptr(IoProfileReport) report = NULL;
    g_autoptr(GString) table = g_string_new(NULL), csv = g_string_new(NULL),
                       svg = g_string_new(NULL);
    const GMarkupParser parser = {.start_element = check_element};
    g_autoptr(GMarkupParseContext) context = NULL;
    g_autoptr(GError) err = NULL;
    unsigned titles = 0;

    begin();
    for (int i = 0; i < 200; i++) {
        out(0x100);
        in(0x101);
    }
    in(0x106);
    report = query();
    report->exits = 401; /* no accelerator counts here */
    io_profile_print_table(table, report, 0);
    g_assert_nonnull(strstr(table->str, "Samples Samples%   Time%  Min Time  Max Time  Avg time"));
    g_assert_nonnull(strstr(table->str, "INDEX"));
    g_assert_nonnull(strstr(table->str, "49.88%"));
    g_assert_nonnull(strstr(table->str, "Total Samples:401"));
    g_assert_nonnull(strstr(table->str, "In all 200 of 401 exits could be saved"));
    g_string_truncate(table, 0);
    io_profile_print_table(table, report, 1);
    g_assert_nonnull(strstr(table->str, "... and 2 lines with less"));

    io_profile_print_csv(csv, report);
    g_assert_cmpuint(count_lines(csv->str), ==, 4);
    g_assert_true(g_str_has_prefix(csv->str, "space,device,region,register,"));
    g_assert_nonnull(
        strstr(csv->str, "port,\"dev,\"\"0\"\"\",\"ports\",\"INDEX\",0x0,0x100,0,200,200,"));

    io_profile_print_svg(svg, report);
    context = g_markup_parse_context_new(&parser, 0, &titles, NULL);
    g_assert_true(g_markup_parse_context_parse(context, svg->str, svg->len, &err));
    g_assert_no_error(err);
    g_assert_true(g_markup_parse_context_end_parse(context, &err));
    g_assert_cmpuint(titles, ==, 3);
    g_assert_nonnull(strstr(svg->str, "dev,&quot;0&quot; INDEX: 200 exits"));
    end();
}

/* An empty one, and one with more devices than there is room for. */
static void test_svg_sizes(void)
{
    MemoryRegion many[20] = {};
    MemoryOwner owners[20];
    char texts[20][8];
    g_autoptr(GString) svg = g_string_new(NULL);

    begin();
    {
        g_autoptr(IoProfileReport) report = query();

        io_profile_print_svg(svg, report);
        g_assert_true(g_str_has_suffix(svg->str, "</svg>\n"));
    }
    for (int i = 0; i < 20; i++) {
        g_snprintf(texts[i], sizeof(texts[i]), "dev%d", i);
        owners[i] = (MemoryOwner){.name = texts[i]};
        memory_region_init_io(&many[i], &owners[i], &plain_ops, NULL, "io", 1);
        memory_region_add_subregion(get_system_io(), 0x400 + i, &many[i]);
        for (int k = 0; k <= i; k++) {
            out(0x400 + i);
        }
    }
    {
        g_autoptr(IoProfileReport) report = query();

        g_string_truncate(svg, 0);
        io_profile_print_svg(svg, report);
        g_assert_nonnull(strstr(svg->str, ">dev19<"));
        g_assert_null(strstr(svg->str, ">dev0<"));
        g_assert_nonnull(strstr(svg->str, ">other devices<"));
    }
    for (int i = 0; i < 20; i++) {
        remove_region(get_system_io(), &many[i]);
    }
    end();
}

/* ------------------------------------------------------------------------------ a real guest -- */

/* Every exit has a line; returns their sum. */
static uint64_t assert_complete(const IoProfileReport *report)
{
    uint64_t sum = 0;

    for (guint i = 0; i < report->lines->len; i++) {
        sum += g_array_index(report->lines, IoProfileLine, i).exits;
    }
    g_assert_cmpuint(sum, ==, report->exits);
    return sum;
}

static void test_kvm(void)
{
    if (!guest_start("kvm", 2)) {
        return;
    }
    io_profile_start();
    guest_code(1, 0x2000, (const uint8_t[]){0xe4, 0x81, 0xeb, 0xfc}, 4); /* 1: in al, 81; jmp 1b */
    /* mov cx, 200; 1: out 80, al; in al, 80; loop 1b; mov ds, d000; mov [10], al; end */
    GUEST_CODE(0xb9, 200, 0, 0xe6, 0x80, 0xe4, 0x80, 0xe2, 0xfa, 0xb8, 0x00, 0xd0, 0x8e, 0xd8, 0xa2,
               0x10, 0x00, GUEST_END);
    vcpus_resume();
    guest_wait();
    /* While they run: a query stops them. */
    for (int i = 0; i < 20; i++) {
        g_autoptr(IoProfileReport) all = query();

        assert_complete(all);
        g_assert_cmpuint(find(all, "ports+0x0")->writes, ==, 200);
        g_assert_cmpuint(find(all, "ports+0x0")->reads, ==, 200);
        g_assert_cmpuint(find(all, "mmio+0x0")->writes, ==, 1);
        g_assert_cmpuint(find(all, "INTR")->exits, >, 0);
        for (int cpu = 0; cpu < 2; cpu++) {
            g_autoptr(IoProfileReport) one = io_profile_query(cpu, NULL);

            assert_complete(one);
        }
        machine_lock_yield();
    }
    io_profile_start(); /* again, while they run */
    {
        g_autoptr(IoProfileReport) report = query();

        g_assert_cmpuint(assert_complete(report), <, vcpus_exits());
    }
    io_profile_stop();
    vcpus_pause();
    guest_stop();
}

/* HLT exits, and what sleeping takes is not time outside the guest. */
static void test_kvm_hlt(void)
{
    g_autoptr(IoProfileReport) report = NULL;

    if (!guest_start("kvm,kernel-irqchip=off", 1)) {
        return;
    }
    io_profile_start();
    GUEST_CODE(0xe6, 0x80, GUEST_END);
    vcpus_resume();
    guest_wait();
    machine_unlock();
    g_usleep(400000);
    machine_lock();
    vcpus_pause();
    report = query();
    assert_complete(report);
    g_assert_cmpuint(find(report, "HLT")->exits, ==, 1);
    g_assert_cmpfloat(find(report, "HLT")->time_sum, <, 350e6);
    io_profile_stop();
    guest_stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/io-profile/counts", test_counts);
    g_test_add_func("/io-profile/times", test_times);
    g_test_add_func("/io-profile/map-changes", test_map_changes);
    g_test_add_func("/io-profile/many-places", test_many_places);
    g_test_add_func("/io-profile/reset-and-off", test_reset_and_off);
    g_test_add_func("/io-profile/advice/followed", test_advice_followed);
    g_test_add_func("/io-profile/advice/rules", test_advice_rules);
    g_test_add_func("/io-profile/advice/none", test_advice_none);
    g_test_add_func("/io-profile/advice/shadow", test_advice_shadow);
    g_test_add_func("/io-profile/forms", test_forms);
    g_test_add_func("/io-profile/svg-sizes", test_svg_sizes);
    g_test_add_func("/io-profile/kvm", test_kvm);
    g_test_add_func("/io-profile/kvm-hlt", test_kvm_hlt);
    return g_test_run();
}
