/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions in the monitor's commands, and the CPU whose registers they name.
 */
#include <errno.h>
#include <string.h>

#include "accel/accel.h"
#include "error.h"
#include "monitor-internal.h"

#define DEPTH_MAX 100 /* of parentheses */

/* ----------------------------------------------------------------------------------- the CPU -- */

static unsigned current_cpu;

unsigned monitor_cpu(void)
{
    return current_cpu;
}

bool monitor_set_cpu(unsigned cpu, GError **errp)
{
    if (cpu >= vcpu_count()) {
        error_setg(errp, "invalid CPU index %u: there are %u", cpu, vcpu_count());
        return false;
    }
    current_cpu = cpu;
    return true;
}

bool monitor_cpu_state(X86State *state, GError **errp)
{
    const bool running = vcpus_running();

    if (current_cpu >= vcpu_count()) {
        error_setg(errp, "there is no CPU");
        return false;
    }
    if (running) {
        vcpus_pause();
    }
    vcpu_get_state(vcpu_get(current_cpu), state);
    if (running) {
        vcpus_resume();
    }
    return true;
}

/* --------------------------------------------------------------------------------- registers -- */

static uint64_t state_pc(const X86State *s)
{
    return s->seg[X86_SEG_CS].base + s->rip;
}

/* The general registers by their number: rax and eax are its halves of one. */
static bool general_register(const X86State *s, const char *name, uint64_t *value)
{
    static const char *const names[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    char *end;
    const unsigned n = g_ascii_strtoull(name[0] ? name + 1 : name, &end, 10);

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if ((name[0] == 'e' || name[0] == 'r') && g_str_equal(name + 1, names[i])) {
            *value = name[0] == 'e' ? (uint32_t)s->gpr[i] : s->gpr[i];
            return true;
        }
    }
    if (name[0] == 'r' && name[1] && !*end && n >= 8 && n < 16) {
        *value = s->gpr[n];
        return true;
    }
    return false;
}

static bool register_value(const X86State *s, const char *name, uint64_t *value)
{
    static const char *const segments[] = {"es", "cs", "ss", "ds", "fs", "gs"};
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"pc", state_pc(s)}, {"rip", s->rip},          {"eip", (uint32_t)s->rip},
        {"cr0", s->cr0},     {"rflags", s->rflags},    {"eflags", (uint32_t)s->rflags},
        {"cr2", s->cr2},     {"cr3", s->cr3},          {"cr4", s->cr4},
        {"cr8", s->cr8},     {"gdtbase", s->gdt_base}, {"idtbase", s->idt_base},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_str_equal(rows[i].name, name)) {
            *value = rows[i].value;
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(segments); i++) {
        if (g_str_equal(segments[i], name)) {
            *value = s->seg[i].selector;
            return true;
        }
    }
    return general_register(s, name, value);
}

/* -------------------------------------------------------------------------------- expressions --
 */

typedef struct Parser {
    const char *p;
    unsigned depth;
    GError **errp;
} Parser;

static bool parse_level(Parser *parser, unsigned level, uint64_t *value);

static void skip_blanks(Parser *parser)
{
    parser->p += strspn(parser->p, " \t");
}

static bool parse_register(Parser *parser, uint64_t *value)
{
    const size_t len = strspn(parser->p + 1, "abcdefghijklmnopqrstuvwxyz0123456789");
    g_autofree char *name = g_strndup(parser->p + 1, len);
    X86State state;

    if (!monitor_cpu_state(&state, parser->errp)) {
        return false;
    }
    if (!register_value(&state, name, value)) {
        error_setg(parser->errp, "unknown register: '$%s'", name);
        return false;
    }
    parser->p += 1 + len;
    return true;
}

static bool parse_number(Parser *parser, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = g_ascii_strtoull(parser->p, &end, 0);
    if (!g_ascii_isdigit(*parser->p) || g_ascii_isalnum(*end)) {
        error_setg(parser->errp, "a number or a register is expected at '%s'", parser->p);
        return false;
    }
    if (errno) {
        error_setg(parser->errp, "number too large at '%s'", parser->p);
        return false;
    }
    parser->p = end;
    return true;
}

static bool parse_operand(Parser *parser, uint64_t *value)
{
    bool ok;

    skip_blanks(parser);
    if (parser->depth >= DEPTH_MAX) {
        error_setg(parser->errp, "the expression nests too deep");
        return false;
    }
    parser->depth++;
    switch (*parser->p) {
    case '(':
        parser->p++;
        ok = parse_level(parser, 0, value);
        if (ok && *parser->p != ')') {
            error_setg(parser->errp, "')' expected");
            ok = false;
        }
        parser->p += ok;
        break;
    case '+':
    case '-':
    case '~': {
        const char op = *parser->p++;

        ok = parse_operand(parser, value);
        if (ok) {
            *value = op == '-' ? -*value : op == '~' ? ~*value : *value;
        }
        break;
    }
    case '$':
        ok = parse_register(parser, value);
        break;
    default:
        ok = parse_number(parser, value);
        break;
    }
    parser->depth--;
    skip_blanks(parser);
    return ok;
}

static bool apply(Parser *parser, char op, uint64_t *value, uint64_t right)
{
    if ((op == '/' || op == '%') && right == 0) {
        error_setg(parser->errp, "division by zero");
        return false;
    }
    switch (op) {
    case '|':
        *value |= right;
        break;
    case '^':
        *value ^= right;
        break;
    case '&':
        *value &= right;
        break;
    case '+':
        *value += right;
        break;
    case '-':
        *value -= right;
        break;
    case '*':
        *value *= right;
        break;
    case '/':
        *value /= right;
        break;
    default:
        *value %= right;
        break;
    }
    return true;
}

/* Operators of this level and of those that bind tighter. */
static bool parse_level(Parser *parser, unsigned level, uint64_t *value)
{
    static const char *const operators[] = {"|", "^", "&", "+-", "*/%"};

    if (level == G_N_ELEMENTS(operators)) {
        return parse_operand(parser, value);
    }
    if (!parse_level(parser, level + 1, value)) {
        return false;
    }
    while (*parser->p && strchr(operators[level], *parser->p)) {
        const char op = *parser->p++;
        uint64_t right;

        if (!parse_level(parser, level + 1, &right) || !apply(parser, op, value, right)) {
            return false;
        }
    }
    return true;
}

bool monitor_evaluate(const char *text, uint64_t *value, GError **errp)
{
    Parser parser = {.p = text, .errp = errp};

    if (!parse_level(&parser, 0, value)) {
        return false;
    }
    if (*parser.p) {
        error_setg(errp, "unexpected '%s' after the expression", parser.p);
        return false;
    }
    return true;
}
