/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86emu CPU's arithmetic against the host's: instructions whose bytes mean the same in 64-bit
 * code run on both with the same random registers and flags, and must give the same.
 */
#include "x86emu-rig.h"

#include <sys/mman.h>

#define CF 0x001
#define PF 0x004
#define AF 0x010
#define ZF 0x040
#define SF 0x080
#define OF 0x800
#define ARITH (CF | PF | AF | ZF | SF | OF)

typedef struct Case {
    const char *name;
    uint8_t code[6];
    uint8_t len;
    uint32_t undefined; /* flags that the SDM leaves undefined */
} Case;

/* Operands are in EAX, EBX, ECX and EDX. */
static const Case cases[] = {
    {"add eax, ebx", {0x01, 0xd8}, 2, 0},
    {"add al, bh", {0x00, 0xf8}, 2, 0},
    {"adc ax, bx", {0x66, 0x11, 0xd8}, 3, 0},
    {"adc eax, ebx", {0x11, 0xd8}, 2, 0},
    {"sbb eax, ebx", {0x19, 0xd8}, 2, 0},
    {"sbb ah, bl", {0x18, 0xdc}, 2, 0},
    {"sub ax, bx", {0x66, 0x29, 0xd8}, 3, 0},
    {"cmp eax, ebx", {0x39, 0xd8}, 2, 0},
    {"and eax, ebx", {0x21, 0xd8}, 2, AF},
    {"or al, bl", {0x08, 0xd8}, 2, AF},
    {"xor ax, bx", {0x66, 0x31, 0xd8}, 3, AF},
    {"test eax, ebx", {0x85, 0xd8}, 2, AF},
    {"inc eax", {0xff, 0xc0}, 2, 0},
    {"dec al", {0xfe, 0xc8}, 2, 0},
    {"neg eax", {0xf7, 0xd8}, 2, 0},
    {"neg bl", {0xf6, 0xdb}, 2, 0},
    {"not ax", {0x66, 0xf7, 0xd0}, 3, 0},
    {"mul ebx", {0xf7, 0xe3}, 2, SF | ZF | AF | PF},
    {"mul bl", {0xf6, 0xe3}, 2, SF | ZF | AF | PF},
    {"mul bx", {0x66, 0xf7, 0xe3}, 3, SF | ZF | AF | PF},
    {"imul ebx", {0xf7, 0xeb}, 2, SF | ZF | AF | PF},
    {"imul bl", {0xf6, 0xeb}, 2, SF | ZF | AF | PF},
    {"imul eax, ebx", {0x0f, 0xaf, 0xc3}, 3, SF | ZF | AF | PF},
    {"imul ax, bx", {0x66, 0x0f, 0xaf, 0xc3}, 4, SF | ZF | AF | PF},
    {"imul eax, ebx, -7", {0x6b, 0xc3, 0xf9}, 3, SF | ZF | AF | PF},
    {"cwde", {0x98}, 1, 0},
    {"cbw", {0x66, 0x98}, 2, 0},
    {"cdq", {0x99}, 1, 0},
    {"xchg eax, ebx", {0x87, 0xd8}, 2, 0},
    {"xadd eax, ebx", {0x0f, 0xc1, 0xd8}, 3, 0},
    {"xadd al, bl", {0x0f, 0xc0, 0xd8}, 3, 0},
    {"cmpxchg ebx, ecx", {0x0f, 0xb1, 0xcb}, 3, 0},
    {"cmpxchg bl, cl", {0x0f, 0xb0, 0xcb}, 3, 0},
    {"bswap eax", {0x0f, 0xc8}, 2, 0},
    {"movzx eax, bl", {0x0f, 0xb6, 0xc3}, 3, 0},
    {"movsx eax, bx", {0x0f, 0xbf, 0xc3}, 3, 0},
    {"movsx ax, bl", {0x66, 0x0f, 0xbe, 0xc3}, 4, 0},
    {"setl al", {0x0f, 0x9c, 0xc0}, 3, 0},
    {"seta bl", {0x0f, 0x97, 0xc3}, 3, 0},
    {"cmovge eax, ebx", {0x0f, 0x4d, 0xc3}, 3, 0},
    {"cmovbe ax, bx", {0x66, 0x0f, 0x46, 0xc3}, 4, 0},
    {"lahf", {0x9f}, 1, 0},
    {"sahf", {0x9e}, 1, 0},
    {"cmc", {0xf5}, 1, 0},
    {"bt eax, ebx", {0x0f, 0xa3, 0xd8}, 3, OF | SF | AF | PF},
    {"bts eax, ebx", {0x0f, 0xab, 0xd8}, 3, OF | SF | AF | PF},
    {"btr ax, bx", {0x66, 0x0f, 0xb3, 0xd8}, 4, OF | SF | AF | PF},
    {"btc eax, 37", {0x0f, 0xba, 0xf8, 37}, 4, OF | SF | AF | PF},
    {"bsf eax, ebx", {0x0f, 0xbc, 0xc3}, 3, CF | OF | SF | AF | PF},
    {"bsr ax, bx", {0x66, 0x0f, 0xbd, 0xc3}, 4, CF | OF | SF | AF | PF},
};

/* Shifts by CL (D2, D3) and by 1; which flags are defined depends on the count. */
typedef struct Regs {
    uint32_t a, b, c, d;
    uint64_t flags;
} Regs;

typedef void (*Native)(Regs *regs);

static uint8_t *native_code;

/*
 * A function around the instruction: push rbx; push rdi; load eax ebx ecx edx; push and pop the
 * flags; ...; pushfq; pop r8; pop rdi; store; pop rbx; ret.
 */
static void native_run(const uint8_t *code, unsigned len, Regs *regs)
{
    static const uint8_t before[] = {0x53, 0x57, 0x8b, 0x07, 0x8b, 0x5f, 0x04, 0x8b, 0x4f,
                                     0x08, 0x8b, 0x57, 0x0c, 0xff, 0x77, 0x10, 0x9d};
    static const uint8_t after[] = {0x9c, 0x41, 0x58, 0x5f, 0x89, 0x07, 0x89, 0x5f, 0x04, 0x89,
                                    0x4f, 0x08, 0x89, 0x57, 0x0c, 0x4c, 0x89, 0x47, 0x10, 0x5b,
                                    0xc3};
    uint8_t *p = native_code;
    Native run;

    memcpy(p, before, sizeof(before));
    memcpy(p + sizeof(before), code, len);
    memcpy(p + sizeof(before) + len, after, sizeof(after));
    memcpy(&run, &native_code, sizeof(run));
    run(regs);
}

static void guest_run(const uint8_t *code, unsigned len, Regs *regs)
{
    X86State s = {};

    rig.ops->vcpu_get_state(rig.cpu, &s);
    s.rip = RIG_CODE;
    s.halted = false;
    s.gpr[X86_RAX] = regs->a;
    s.gpr[X86_RBX] = regs->b;
    s.gpr[X86_RCX] = regs->c;
    s.gpr[X86_RDX] = regs->d;
    s.rflags = regs->flags;
    rig.ops->vcpu_set_state(rig.cpu, &s);
    rig_load(RIG_CODE, code, len);
    rig_load(RIG_CODE + len, "\xe6\xf4\xf4", 3);
    s = rig_run();
    *regs = (Regs){s.gpr[X86_RAX], s.gpr[X86_RBX], s.gpr[X86_RCX], s.gpr[X86_RDX], s.rflags};
}

static uint32_t random_operand(void)
{
    static const uint32_t edges[] = {0,      1,      0x7f,       0x80,       0xff,
                                     0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff};

    return g_test_rand_bit() ? (uint32_t)g_test_rand_int()
                             : edges[g_test_rand_int_range(0, G_N_ELEMENTS(edges))];
}

static void compare(const char *name, const uint8_t *code, unsigned len, const Regs *in,
                    uint32_t undefined)
{
    Regs host = *in, guest = *in;

    native_run(code, len, &host);
    guest_run(code, len, &guest);
    if (host.a != guest.a || host.b != guest.b || host.c != guest.c || host.d != guest.d ||
        ((host.flags ^ guest.flags) & ARITH & ~undefined)) {
        g_test_message("%s: a=%x b=%x c=%x d=%x flags=%x: host %x %x %x %x %x, guest %x %x %x %x %x",
                       name, in->a, in->b, in->c, in->d, (unsigned)in->flags, host.a, host.b,
                       host.c, host.d, (unsigned)host.flags, guest.a, guest.b, guest.c, guest.d,
                       (unsigned)guest.flags);
        g_test_fail();
    }
}

static Regs random_regs(void)
{
    return (Regs){random_operand(), random_operand(), random_operand(), random_operand(),
                  0x202 | ((uint32_t)g_test_rand_int() & ARITH)};
}

static void test_cases(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (int n = 0; n < 200; n++) {
            Regs in = random_regs();

            compare(cases[i].name, cases[i].code, cases[i].len, &in, cases[i].undefined);
        }
    }
}

/* Every count from 0 to 255, in every size. */
static void test_shifts(void)
{
    for (unsigned kind = 0; kind < 8; kind++) {
        for (unsigned count = 0; count < 256; count++) {
            for (unsigned size = 1; size <= 4; size *= 2) {
                uint8_t code[3] = {0x66, 0xd3, 0xc0 | kind << 3}; /* ... ax, cl */
                const uint8_t *start = size == 2 ? code : code + 1;
                unsigned masked = count & 31, bits = 8 * size;
                g_autofree char *name = g_strdup_printf("shift %u size %u", kind, size);
                uint32_t undefined = kind >= 4 && masked ? AF : 0;
                Regs in = random_regs();

                code[1] = size == 1 ? 0xd2 : 0xd3;
                in.c = (in.c & ~0xffu) | count;
                if (masked != 1) {
                    undefined |= masked ? OF : 0;
                }
                if (masked >= bits && kind >= 4 && kind != 7) {
                    undefined |= CF;
                }
                compare(name, start, size == 2 ? 3 : 2, &in, undefined);
            }
        }
    }
}

static void test_double_shifts(void)
{
    for (unsigned count = 0; count < 256; count++) {
        for (unsigned right = 0; right < 2; right++) {
            const uint8_t code[] = {0x0f, right ? 0xad : 0xa5, 0xd8}; /* eax, ebx, cl */
            const uint8_t code16[] = {0x66, 0x0f, right ? 0xad : 0xa5, 0xd8};
            unsigned masked = count & 31;
            uint32_t undefined = masked ? AF | (masked != 1 ? OF : 0) : 0;
            Regs in = random_regs();

            in.c = (in.c & ~0xffu) | count;
            compare(right ? "shrd" : "shld", code, sizeof(code), &in, undefined);
            if (masked <= 16) {
                compare(right ? "shrd 16" : "shld 16", code16, sizeof(code16), &in, undefined);
            }
        }
    }
}

static void test_divisions(void)
{
    static const Case divisions[] = {
        {"div ebx", {0xf7, 0xf3}, 2, ARITH},
        {"idiv ebx", {0xf7, 0xfb}, 2, ARITH},
        {"div bx", {0x66, 0xf7, 0xf3}, 3, ARITH},
        {"idiv bx", {0x66, 0xf7, 0xfb}, 3, ARITH},
        {"div bl", {0xf6, 0xf3}, 2, ARITH},
        {"idiv bl", {0xf6, 0xfb}, 2, ARITH},
    };

    for (int n = 0; n < 2000; n++) {
        const Case *c = &divisions[n % G_N_ELEMENTS(divisions)];
        bool is_signed = n % 2;
        unsigned bits = c->code[0] == 0x66 ? 16 : c->code[0] == 0xf6 ? 8 : 32;
        uint32_t mask = bits == 32 ? UINT32_MAX : (1u << bits) - 1;
        Regs in = random_regs();
        uint32_t quotient = random_operand() & mask & (is_signed ? mask >> 1 : mask);
        uint32_t divisor = MAX(in.b & mask & (is_signed ? mask >> 1 : mask), 1);
        uint64_t product = (uint64_t)quotient * divisor;
        bool negative = is_signed && g_test_rand_bit();

        /* A dividend whose quotient fits, or the host would trap. */
        product += random_operand() % divisor;
        product = negative ? -product : product;
        in.b = (in.b & ~mask) | divisor;
        if (bits == 8) {
            in.a = (in.a & ~0xffffu) | (product & 0xffff);
        } else {
            in.a = (in.a & ~mask) | (product & mask);
            in.d = (in.d & ~mask) | (product >> bits & mask);
        }
        compare(c->name, c->code, c->len, &in, c->undefined);
    }
}

/* What 64-bit code has not: by the SDM's examples. */
static void test_decimal(void)
{
    static const struct {
        uint8_t code[2];
        uint16_t ax;
        uint32_t flags;
        uint16_t ax_after;
        uint32_t flags_after; /* CF and AF */
    } rows[] = {
        {{0x27}, 0x00ae, 0, 0x0014, CF | AF}, /* daa: 79 + 35 */
        {{0x27}, 0x009a, 0, 0x0000, CF | AF},
        {{0x27}, 0x0042, 0, 0x0042, 0},
        {{0x2f}, 0x0012, CF | AF, 0x00ac, CF | AF}, /* das */
        {{0x2f}, 0x0044, AF, 0x003e, AF},
        {{0x37}, 0x000b, 0, 0x0101, CF | AF}, /* aaa */
        {{0x3f}, 0x020f, 0, 0x0109, CF | AF}, /* aas */
        {{0xd4, 10}, 0x004f, CF, 0x0709, -1u},  /* aam */
        {{0xd5, 10}, 0x0709, 0, 0x004f, -1u},   /* aad */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        Regs regs = {.a = rows[i].ax, .flags = 2 | rows[i].flags};

        guest_run(rows[i].code, rows[i].code[1] ? 2 : 1, &regs);
        g_assert_cmphex(regs.a, ==, rows[i].ax_after);
        if (rows[i].flags_after != -1u) {
            g_assert_cmphex(regs.flags & (CF | AF), ==, rows[i].flags_after);
        }
    }
}

/* A bit offset into memory reaches beyond the operand, both ways. */
static void test_bits_in_memory(void)
{
    const uint8_t bts[] = {0x0f, 0xab, 0x0b};       /* bts [ebx], ecx */
    const uint8_t bts16[] = {0x66, 0x0f, 0xab, 0x0b};
    Regs regs = {.b = 0x100000, .c = 32 * 8 + 5, .flags = 2};

    guest_run(bts, sizeof(bts), &regs);
    g_assert_cmphex(rig_long(0x100000 + 32), ==, 1u << 5);
    regs.c = -1;
    guest_run(bts, sizeof(bts), &regs);
    g_assert_cmphex(rig_long(0x100000 - 4), ==, 0x80000000);
    regs.c = 0x1234fff0; /* -16 */
    guest_run(bts16, sizeof(bts16), &regs);
    g_assert_cmphex(rig_long(0x100000 - 4), ==, 0x80010000);
}

static void test_cmpxchg8b(void)
{
    const uint8_t code[] = {0x0f, 0xc7, 0x0d, 0x00, 0x01, 0x10, 0x00}; /* [0x100100] */
    Regs regs = {.a = 1, .d = 2, .b = 3, .c = 4, .flags = 2};

    rig_load(0x100100, "\1\0\0\0\2\0\0\0", 8);
    guest_run(code, sizeof(code), &regs);
    g_assert_cmphex(regs.flags & ZF, ==, ZF);
    g_assert_cmphex(rig_long(0x100100), ==, 3);
    g_assert_cmphex(rig_long(0x100104), ==, 4);
    guest_run(code, sizeof(code), &regs);
    g_assert_cmphex(regs.flags & ZF, ==, 0);
    g_assert_cmphex(regs.a, ==, 3);
    g_assert_cmphex(regs.d, ==, 4);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    native_code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
    rig_start("sleep=off");
    rig_protected(32);
    if (native_code != MAP_FAILED) {
        g_test_add_func("/x86emu/arith/as-host", test_cases);
        g_test_add_func("/x86emu/arith/shifts-as-host", test_shifts);
        g_test_add_func("/x86emu/arith/double-shifts-as-host", test_double_shifts);
        g_test_add_func("/x86emu/arith/divisions-as-host", test_divisions);
    }
    g_test_add_func("/x86emu/arith/decimal", test_decimal);
    g_test_add_func("/x86emu/arith/bits-in-memory", test_bits_in_memory);
    g_test_add_func("/x86emu/arith/cmpxchg8b", test_cmpxchg8b);
    status = g_test_run();
    rig_end();
    return status;
}
