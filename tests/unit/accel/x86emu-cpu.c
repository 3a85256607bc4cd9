/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The x86emu accelerator's CPU: modes, interrupts, faults, stops, time. Guests are in bytes, with
 * the instruction beside them.
 */
#include "x86emu-rig.h"

static void test_mode_switches(void)
{
    X86State s;

    rig_start("sleep=off");
    s = rig_run_code(
        0xfa,                                                       /* cli */
        0x0f, 0x01, 0x16, 0x88, 0x7c,                               /* lgdt [gdtr] */
        0x0f, 0x20, 0xc0,                                           /* mov eax, cr0 */
        0x0c, 0x01,                                                 /* or al, 1 */
        0x0f, 0x22, 0xc0,                                           /* mov cr0, eax */
        0xea, 0x13, 0x7c, 0x08, 0x00,                               /* jmp 8:pm */
        0x66, 0xb8, 0x10, 0x00,                                     /* pm: mov ax, 0x10 */
        0x8e, 0xd8,                                                 /* mov ds, ax */
        0x8e, 0xd0,                                                 /* mov ss, ax */
        0xbc, 0x00, 0x90, 0x00, 0x00,                               /* mov esp, 0x9000 */
        0xc7, 0x05, 0x00, 0x00, 0x15, 0x00, 0x78, 0x56, 0x34, 0x12, /* mov d [150000], 12345678 */
        0xe8, 0x07, 0x00, 0x00, 0x00,                               /* call sub */
        0xea, 0x3e, 0x7c, 0x00, 0x00, 0x18, 0x00,                   /* jmp 0x18:back16 */
        0x83, 0x05, 0x00, 0x00, 0x15, 0x00, 0x01,                   /* sub: add d [0x150000], 1 */
        0xc3,                                                       /* ret */
        0x0f, 0x20, 0xc0,                                           /* back16: mov eax, cr0 */
        0x24, 0xfe,                                                 /* and al, 0xfe */
        0x0f, 0x22, 0xc0,                                           /* mov cr0, eax */
        0xea, 0x4b, 0x7c, 0x00, 0x00,                               /* jmp 0:real */
        0x66, 0xb8, 0x00, 0x00, 0x15, 0x00,                         /* real: mov eax, 0x150000 */
        0x67, 0x66, 0x8b, 0x18,                                     /* mov ebx, [eax] */
        0x31, 0xc0,                                                 /* xor ax, ax */
        0x8e, 0xd8,                                                 /* mov ds, ax: limit stays */
        0x66, 0xb8, 0x00, 0x00, 0x15, 0x00,                         /* mov eax, 0x150000 */
        0x67, 0x66, 0x8b, 0x08,                                     /* mov ecx, [eax] */
        0xe6, 0xf4,                                                 /* out 0xf4, al */
        0xf4, 0x66, 0x90,                                           /* hlt */
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,             /* gdt: null */
        0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0xcf, 0x00,             /* 8: 32-bit code */
        0xff, 0xff, 0x00, 0x00, 0x00, 0x93, 0xcf, 0x00,             /* 10: data, 4 GiB */
        0xff, 0xff, 0x00, 0x00, 0x00, 0x9b, 0x00, 0x00,             /* 18: 16-bit code */
        0x1f, 0x00, 0x68, 0x7c, 0x00, 0x00);                        /* gdtr */
    g_assert_cmphex(rig_long(0x150000), ==, 0x12345679);
    g_assert_cmphex(s.gpr[X86_RBX], ==, 0x12345679);
    g_assert_cmphex(s.gpr[X86_RCX], ==, 0x12345679);
    g_assert_cmphex(s.cr0 & 1, ==, 0);
    g_assert_cmphex(s.seg[X86_SEG_DS].base, ==, 0);
    g_assert_cmphex(s.seg[X86_SEG_DS].limit, ==, UINT32_MAX);
    rig_end();
}

/* Which segment an address with no override has, by its base register. */
static void test_default_segments(void)
{
    static const struct {
        uint8_t code[6]; /* mov al, [...] */
        unsigned len;
        bool stack;
    } rows[] = {
        {{0x8a, 0x03}, 2, false},                   /* [ebx] */
        {{0x8a, 0x43, 0x00}, 3, false},             /* [ebx+disp8] */
        {{0x8a, 0x45, 0x00}, 3, true},              /* [ebp+disp8] */
        {{0x8a, 0x85, 0x00, 0, 0, 0}, 6, true},     /* [ebp+disp32] */
        {{0x8a, 0x04, 0x24}, 3, true},              /* [esp] */
        {{0x8a, 0x44, 0x05, 0x00}, 4, true},        /* [ebp+eax+disp8] */
        {{0x8a, 0x44, 0x28, 0x00}, 4, false},       /* [eax+ebp+disp8] */
        {{0x3e, 0x8a, 0x45, 0x00}, 4, false},       /* ds:[ebp+disp8] */
        {{0x67, 0x8a, 0x46, 0x00}, 4, true},        /* [bp+disp8] */
        {{0x67, 0x8a, 0x42, 0x00}, 4, true},        /* [bp+si+disp8] */
        {{0x67, 0x8a, 0x07}, 3, false},             /* [bx] */
        {{0xd0, 0x45, 0x00}, 3, true},              /* rol [ebp+disp8], 1: one of ours */
        {{0xa0, 0x45, 0x60, 0x00, 0x00}, 5, false}, /* mov al, [0x6045]: looks like one */
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        X86State s = {};

        rig_start("sleep=off");
        rig_protected(32);
        memset(rig.mem + 0x6000, 0x11, 0x100);   /* DS */
        memset(rig.mem + 0x106000, 0x22, 0x100); /* SS */
        rig.ops->vcpu_get_state(rig.cpu, &s);
        s.seg[X86_SEG_SS].base = 0x100000;
        s.gpr[X86_RBX] = s.gpr[X86_RBP] = s.gpr[X86_RSP] = 0x6000;
        rig.ops->vcpu_set_state(rig.cpu, &s);
        memset(rig.mem + RIG_CODE, 0x90, 8); /* nop */
        rig_load(RIG_CODE, rows[i].code, rows[i].len);
        rig_load(RIG_CODE + 8, "\xe6\xf4\xf4", 3); /* out 0xf4, al; hlt */
        s = rig_run();
        if (rows[i].code[0] == 0xd0) {
            g_assert_cmphex(rig.mem[0x106000], ==, 0x44);
        } else {
            g_assert_cmphex(s.gpr[X86_RAX] & 0xff, ==, rows[i].stack ? 0x22 : 0x11);
        }
        rig_end();
    }
}

static void test_stack_instructions(void)
{
    X86State s;

    rig_start("sleep=off");
    rig_protected(32);
    s = rig_run_code(0xbd, 0x44, 0x33, 0x22, 0x11, /* mov ebp, 0x11223344 */
                     0xc8, 0x08, 0x00, 0x01,       /* enter 8, 1 */
                     0x89, 0xe8,                   /* mov eax, ebp */
                     0x8b, 0x4d, 0x00,             /* mov ecx, [ebp] */
                     0x8b, 0x55, 0xfc,             /* mov edx, [ebp-4] */
                     0xc9,                         /* leave */
                     0x6a, 0x55, 0x6a, 0x66,       /* push 0x55; push 0x66 */
                     0x8f, 0x44, 0x24, 0x04,       /* pop d [esp+4] */
                     0x5b,                         /* pop ebx */
                     0x6a, 0x01, 0x6a, 0x02,       /* push 1; push 2 */
                     0xe8, 0x03, 0x00, 0x00, 0x00, /* call f */
                     0xe6, 0xf4, 0xf4,             /* out 0xf4, al; hlt */
                     0xc2, 0x08, 0x00);            /* f: ret 8 */
    g_assert_cmphex(s.gpr[X86_RAX], ==, 0x6ffc);
    g_assert_cmphex(s.gpr[X86_RCX], ==, 0x11223344);
    g_assert_cmphex(s.gpr[X86_RDX], ==, 0x6ffc);
    g_assert_cmphex(s.gpr[X86_RBP], ==, 0x11223344);
    g_assert_cmphex(s.gpr[X86_RBX], ==, 0x55);
    g_assert_cmphex(rig_long(0x7000), ==, 0x66);
    g_assert_cmphex(s.gpr[X86_RSP], ==, 0x7000);
    rig_end();
}

/* The address size chooses the counter, whatever the operand size. */
static void test_loops(void)
{
    X86State s;

    rig_start("sleep=off");
    s = rig_run_code(0x66, 0xb9, 0x02, 0x00, 0x01, 0x00, /* mov ecx, 0x10002 */
                     0x31, 0xc0,                         /* xor ax, ax */
                     0x40, 0xe2, 0xfd,                   /* l: inc ax; loop l */
                     0x31, 0xdb,                         /* xor bx, bx */
                     0x43,                               /* m: inc bx */
                     0x83, 0xfb, 0x64,                   /* cmp bx, 100 */
                     0x67, 0xe0, 0xf9,                   /* loopne m, by ECX */
                     0xe6, 0xf4, 0xf4);                  /* out 0xf4, al; hlt */
    g_assert_cmphex(s.gpr[X86_RAX], ==, 2);
    g_assert_cmphex(s.gpr[X86_RBX], ==, 100);
    g_assert_cmphex(s.gpr[X86_RCX], ==, 0x10000 - 100);
    rig_end();
}

static void test_descriptors(void)
{
    static const uint64_t more[] = {
        0x00008c0000083000, /* 18: a call gate to 8:3000 */
        0x0000820050000007, /* 20: an LDT at 5000 */
    };
    static const uint64_t ldt[] = {0x00409300600000ff}; /* 4: data at 6000 */
    X86State s = {};

    rig_start("sleep=off");
    rig_protected(32);
    rig_load(RIG_GDT + 0x18, more, sizeof(more));
    rig_load(0x5000, ldt, sizeof(ldt));
    rig_load(0x6000, "\x78\x56\x34\x12", 4);
    rig_load(0x3000, "\xcb", 1); /* retf */
    rig.ops->vcpu_get_state(rig.cpu, &s);
    s.gdt_limit = 0x27;
    rig.ops->vcpu_set_state(rig.cpu, &s);
    s = rig_run_code(0x9a, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, /* call 0x18:0 */
                     0x66, 0xb8, 0x20, 0x00,                   /* mov ax, 0x20 */
                     0x0f, 0x00, 0xd0,                         /* lldt ax */
                     0x66, 0xb8, 0x04, 0x00,                   /* mov ax, 4 */
                     0x8e, 0xc0,                               /* mov es, ax */
                     0x26, 0x8b, 0x0d, 0x00, 0x00, 0x00, 0x00, /* mov ecx, es:[0] */
                     0x66, 0xb8, 0x10, 0x00,                   /* mov ax, 0x10 */
                     0x0f, 0x03, 0xd0,                         /* lsl edx, ax */
                     0x0f, 0x94, 0xc3,                         /* setz bl */
                     0x66, 0xb8, 0x40, 0x00,                   /* mov ax, 0x40 */
                     0x0f, 0x02, 0xf8,                         /* lar edi, ax */
                     0x0f, 0x94, 0xc7,                         /* setz bh */
                     0xe6, 0xf4, 0xf4);                        /* out 0xf4, al; hlt */
    g_assert_cmphex(s.gpr[X86_RCX], ==, 0x12345678);
    g_assert_cmphex(s.gpr[X86_RDX], ==, UINT32_MAX);
    g_assert_cmphex(s.gpr[X86_RBX], ==, 0x0001);
    g_assert_cmphex(s.gpr[X86_RSP], ==, 0x7000);
    g_assert_cmphex(s.seg[X86_SEG_ES].limit, ==, 0xff);
    rig_end();
}

/* -------------------------------------------------------------------------- interrupts -- */

static void tick(void *opaque)
{
    Timer *timer = opaque;

    rig_note('t', 0, 0, 0);
    rig.ops->set_intr(rig.cpu, true);
    timer_mod(timer, timer->expire + NANOSECONDS_PER_MS);
}

static const uint8_t halting_guest[] = {
    0xc7, 0x06, 0x20, 0x00, 0x1c, 0x7c, /* mov w [0x20], isr */
    0xc7, 0x06, 0x22, 0x00, 0x00, 0x00, /* mov w [0x22], 0 */
    0x31, 0xdb,                         /* xor bx, bx */
    0x31, 0xd2,                         /* xor dx, dx */
    0xfb,                               /* sti */
    0xf4,                               /* w: hlt */
    0x42,                               /* inc dx */
    0x83, 0xfb, 0x03,                   /* cmp bx, 3 */
    0x72, 0xf9,                         /* jb w */
    0xfa,                               /* cli */
    0xe6, 0xf4,                         /* out 0xf4, al */
    0xf4,                               /* hlt */
    0x43,                               /* isr: inc bx */
    0xe6, 0x20,                         /* out 0x20, al */
    0xcf,                               /* iret */
};

static void run_halting_guest(const char *option)
{
    Timer timer;
    X86State s;

    rig_start(option);
    timer_init(&timer, VM_CLOCK_VIRTUAL, tick, &timer);
    machine_lock();
    timer_mod(&timer, NANOSECONDS_PER_MS);
    machine_unlock();
    rig_load(RIG_CODE, halting_guest, sizeof(halting_guest));
    s = rig_run();
    g_assert_cmphex(s.gpr[X86_RBX], ==, 3);
    g_assert_cmphex(s.gpr[X86_RDX], ==, 3);
    g_assert_cmphex(s.gpr[X86_RSP], ==, 0x7000);
    g_assert_cmpuint(rig.acknowledged, ==, 3);
    g_assert_cmpuint(rig.log->len, ==, 3);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(rig_access(i)->when, ==, (i + 1) * NANOSECONDS_PER_MS);
    }
    machine_lock();
    timer_del(&timer);
    machine_unlock();
    rig_end();
}

static void test_halt_warps(void)
{
    run_halting_guest("sleep=off");
}

static void test_halt_sleeps(void)
{
    run_halting_guest("sleep=on");
}

/* A timer that comes due in a loop that never exits interrupts it, each time at the same place. */
static void test_timer_in_loop(void)
{
    uint64_t first = 0;

    for (int i = 0; i < 3; i++) {
        Timer timer;
        X86State s;

        rig_start("sleep=off");
        timer_init(&timer, VM_CLOCK_VIRTUAL, tick, &timer);
        machine_lock();
        timer_mod(&timer, NANOSECONDS_PER_MS);
        machine_unlock();
        rig_set_vector(8, RIG_CODE + 8);
        s = rig_run_code(0xfb,             /* sti */
                         0x66, 0x40,       /* l: inc eax */
                         0x66, 0x41,       /* inc ecx */
                         0xeb, 0xfa,       /* jmp l */
                         0x90,             /* nop */
                         0xe6, 0xf4,       /* isr: out 0xf4, al */
                         0xf4);            /* hlt */
        g_assert_cmpuint(s.gpr[X86_RAX], >, 1000);
        if (i == 0) {
            first = s.gpr[X86_RAX];
        }
        g_assert_cmpuint(s.gpr[X86_RAX], ==, first);
        machine_lock();
        timer_del(&timer);
        machine_unlock();
        rig_end();
    }
}

static void test_protected_interrupts(void)
{
    static const uint8_t isr[] = {
        0x43,                   /* inc ebx */
        0x9c, 0x59,             /* pushfd; pop ecx */
        0x8b, 0x54, 0x24, 0x04, /* mov edx, [esp+4] */
        0xe6, 0x20,             /* out 0x20, al */
        0xcf,                   /* iretd */
    };
    static const uint8_t trap[] = {0x9c, 0x5f, 0xcf}; /* pushfd; pop edi; iretd */
    X86State s;

    rig_start("sleep=off");
    rig_protected(0x40);
    rig_gate(0x30, 0x3000, 14);
    rig_gate(0x31, 0x3100, 15);
    rig_load(0x3000, isr, sizeof(isr));
    rig_load(0x3100, trap, sizeof(trap));
    rig.vector = 0x30;
    s = rig_run_code(0xfb,       /* sti */
                     0xe6, 0x90, /* out 0x90, al: raises INTR */
                     0x9c, 0x5e, /* pushfd; pop esi */
                     0xcd, 0x31, /* int 0x31 */
                     0xfa,       /* cli */
                     0xe6, 0xf4, /* out 0xf4, al */
                     0xf4);      /* hlt */
    g_assert_cmphex(s.gpr[X86_RBX], ==, 1);
    g_assert_cmphex(s.gpr[X86_RCX] & 0x200, ==, 0);     /* an interrupt gate masks */
    g_assert_cmphex(s.gpr[X86_RSI] & 0x200, ==, 0x200); /* IRETD gave IF back */
    g_assert_cmphex(s.gpr[X86_RDI] & 0x200, ==, 0x200); /* a trap gate does not */
    g_assert_cmphex(s.gpr[X86_RDX], ==, 8);             /* the pushed CS */
    g_assert_cmphex(s.gpr[X86_RSP], ==, 0x7000);
    rig_end();
}

/* Where the interrupt came in: the IP that its handler found on the stack. */
static uint16_t interrupted_at(const X86State *s)
{
    return rig_word(s->gpr[X86_RSP]);
}

static void test_interrupt_shadows(void)
{
    X86State s;

    rig_start("sleep=off");
    rig_set_vector(8, 0x3000);
    rig_load(0x3000, "\xe6\xf4\xf4", 3); /* out 0xf4, al; hlt */
    s = rig_run_code(0xfa, 0xe6, 0x90,   /* cli; out 0x90, al */
                     0x90, 0xfb,         /* nop; sti */
                     0x43, 0x43);        /* inc bx; inc bx */
    g_assert_cmphex(interrupted_at(&s), ==, RIG_CODE + 6);
    g_assert_cmphex(s.gpr[X86_RBX], ==, 1);
    rig_end();

    rig_start("sleep=off");
    rig_set_vector(8, 0x3000);
    rig_load(0x3000, "\xe6\xf4\xf4", 3);
    s = rig_run_code(0xfa, 0xe6, 0x90,        /* cli; out 0x90, al */
                     0xfb,                    /* sti */
                     0x8e, 0xd0,              /* mov ss, ax: in STI's shadow, casts its own */
                     0xbc, 0x00, 0x60,        /* mov sp, 0x6000 */
                     0x43);                   /* inc bx */
    g_assert_cmphex(interrupted_at(&s), ==, RIG_CODE + 9);
    g_assert_cmphex(s.gpr[X86_RSP], ==, 0x6000 - 6);
    rig_end();
}

static void test_nmi_ends_halt(void)
{
    X86State s;

    rig_start("sleep=off");
    rig_set_vector(2, 0x3000);
    rig_load(0x3000, "\xe6\xf4\xf4", 3);
    machine_lock();
    rig.ops->inject_nmi(rig.cpu);
    machine_unlock();
    s = rig_run_code(0xfa, 0xf4, 0x90); /* cli; hlt; nop */
    g_assert_cmphex(interrupted_at(&s), ==, RIG_CODE); /* pending before the first */
    rig_end();
}

static void test_single_step(void)
{
    X86State s;

    rig_start("sleep=off");
    rig_set_vector(1, 0x3000);
    rig_load(0x3000, "\xe6\xf4\xf4", 3);
    s = rig_run_code(0x9c, 0x58,       /* pushf; pop ax */
                     0x80, 0xcc, 0x01, /* or ah, 1 */
                     0x50, 0x9d,       /* push ax; popf */
                     0x90, 0x90);      /* nop: traps behind this one */
    g_assert_cmphex(interrupted_at(&s), ==, RIG_CODE + 8);
    rig_end();
}

/* ------------------------------------------------------------------------------ faults -- */

typedef struct Fault {
    const char *what;
    unsigned vector;
    uint8_t code[24];
    unsigned skip; /* bytes before the one that faults */
} Fault;

static const Fault faults[] = {
    {"ud2", 6, {0x0f, 0x0b}, 0},
    {"an opcode that nobody has", 6, {0x0f, 0xff}, 0},
    {"mov cs, ax", 6, {0x8e, 0xc8}, 0},
    {"lea of a register", 6, {0x8d, 0xc0}, 0},
    {"SSE, which CPUID has not", 6, {0x0f, 0x28, 0xc1}, 0},
    {"lldt in real mode", 6, {0x0f, 0x00, 0xd0}, 0},
    {"div by 0", 0, {0x31, 0xc9, 0xf7, 0xf1}, 2},
    {"div that overflows", 0, {0xba, 0x02, 0x00, 0xb9, 0x01, 0x00, 0xf7, 0xf1}, 6},
    {"idiv of the least by -1", 0,
     {0xba, 0x00, 0x80, 0x31, 0xc0, 0xb9, 0xff, 0xff, 0xf7, 0xf9}, 8},
    {"idiv of the least by -1, 32 bits", 0,
     {0x66, 0xba, 0x00, 0x00, 0x00, 0x80, 0x66, 0x31, 0xc0, 0x66, 0xb9, 0xff, 0xff, 0xff, 0xff,
      0x66, 0xf7, 0xf9},
     15},
    {"aam 0", 0, {0xd4, 0x00}, 0},
    {"bound", 5, {0xbb, 0x05, 0x00, 0x62, 0x1e, 0x00, 0x05}, 3},
    {"a word at the segment's end", 13, {0xbf, 0xff, 0xff, 0x8b, 0x05}, 3},
    {"a string across the stack segment's end", 12, {0xbe, 0xff, 0xff, 0x36, 0xad}, 3},
    {"a string across the end", 13, {0xbe, 0xff, 0xff, 0xad}, 3},
    {"sixteen prefixes", 13,
     {0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0,
      0x90},
     0},
    {"an MSR that is not there", 13, {0x66, 0xb9, 0x00, 0x10, 0x00, 0x00, 0x0f, 0x32}, 6},
    {"int3", 3, {0xcc}, -1u},
    {"into", 4, {0xb0, 0x7f, 0x04, 0x01, 0xce}, -1u},
};

static void test_faults(void)
{
    rig_start("sleep=off");
    rig_load(0x502, "\x04\x00", 2); /* bounds 0..4 */
    for (unsigned i = 0; i < G_N_ELEMENTS(faults); i++) {
        const Fault *fault = &faults[i];
        X86State s;

        g_test_message("%s", fault->what);
        rig_reset_cpu();
        for (unsigned v = 0; v < 32; v++) {
            rig_set_vector(v, 0x3000 + v * 16);
            rig_load(0x3000 + v * 16, "\xe6\xf4\xf4", 3);
        }
        rig_load(RIG_CODE, fault->code, sizeof(fault->code));
        s = rig_run();
        g_assert_cmphex(s.rip, ==, 0x3002 + fault->vector * 16);
        g_assert_cmphex(s.gpr[X86_RSP], ==, 0x7000 - 6);
        if (fault->skip != -1u) {
            g_assert_cmphex(interrupted_at(&s), ==, RIG_CODE + fault->skip);
        }
    }
    rig_end();
}

/* A fault leaves the instruction undone, and memory untouched. */
static void test_fault_undoes(void)
{
    X86State s;

    rig_start("sleep=off");
    rig_set_vector(13, 0x3000);
    rig_load(0x3000, "\xe6\xf4\xf4", 3);
    s = rig_run_code(0xb8, 0x34, 0x12,       /* mov ax, 0x1234 */
                     0xbf, 0xff, 0xff,       /* mov di, 0xffff */
                     0xbb, 0x00, 0x00,       /* mov bx, 0 */
                     0x87, 0x05);            /* xchg [di], ax */
    g_assert_cmphex(s.gpr[X86_RAX], ==, 0x1234);
    g_assert_cmphex(rig.mem[0xffff], ==, 0);
    g_assert_cmphex(rig.mem[0], ==, 0);
    rig_end();

    /* REP keeps what it did before the fault. */
    rig_start("sleep=off");
    rig_set_vector(13, 0x3000);
    rig_load(0x3000, "\xe6\xf4\xf4", 3);
    s = rig_run_code(0xb0, 0x5a,             /* mov al, 0x5a */
                     0x31, 0xdb,             /* xor bx, bx */
                     0x66, 0xbf, 0xf8, 0xff, 0x00, 0x00, /* mov edi, 0xfff8 */
                     0x66, 0xb9, 0x10, 0x00, 0x00, 0x00, /* mov ecx, 16 */
                     0x67, 0xf3, 0xaa);      /* rep stosb by EDI */
    g_assert_cmphex(s.gpr[X86_RDI], ==, 0x10000);
    g_assert_cmphex(s.gpr[X86_RCX], ==, 8);
    g_assert_cmphex(rig.mem[0xffff], ==, 0x5a);
    rig_end();
}

static void test_protected_faults(void)
{
    X86State s;

    rig_start("sleep=off");
    rig_protected(32);
    rig_gate(13, 0x3000, 14);
    rig_load(0x3000, "\xe6\xf4\xf4", 3);
    s = rig_run_code(0xb8, 0x50, 0x00, 0x00, 0x00, /* mov eax, 0x50 */
                     0x8e, 0xd8);                  /* mov ds, ax: beyond the GDT */
    g_assert_cmphex(s.rip, ==, 0x3002);
    g_assert_cmphex(rig_long(s.gpr[X86_RSP]), ==, 0x50); /* the error code */
    g_assert_cmphex(rig_long(s.gpr[X86_RSP] + 4), ==, RIG_CODE + 5);
    g_assert_cmphex(s.seg[X86_SEG_DS].selector, ==, 0x10);
    rig_end();

    /* No gate for #UD: #GP(gate); none for that either: #DF. */
    rig_start("sleep=off");
    rig_protected(32);
    rig_gate(8, 0x3000, 14);
    rig_load(0x3000, "\xe6\xf4\xf4", 3);
    s = rig_run_code(0x0f, 0x0b); /* ud2 */
    g_assert_cmphex(s.rip, ==, 0x3002);
    g_assert_cmphex(rig_long(s.gpr[X86_RSP]), ==, 0);
    rig_end();
}

static void test_triple_fault(void)
{
    RunstateRequests requests;

    rig_start("sleep=off");
    rig_protected(1);
    rig_run_code(0x0f, 0x0b); /* ud2 */
    g_assert_true(runstate_take_requests(&requests));
    g_assert_cmpint(requests.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    g_assert_false(requests.stop);
    rig_reset_cpu();
    rig_run_code(0xe6, 0xf4, 0xf4); /* out 0xf4, al; hlt: it runs again */
    rig_end();

    /* No room on the stack for the fault's own frame. */
    rig_start("sleep=off");
    rig_run_code(0xbc, 0x01, 0x00, 0x50); /* mov sp, 1; push ax */
    g_assert_true(runstate_take_requests(&requests));
    g_assert_cmpint(requests.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    rig_end();
}

/* ------------------------------------------------------------------------------- stops -- */

typedef struct Stop {
    const char *needs; /* in the message */
    uint8_t code[16];
    unsigned at; /* offset of what cannot be done */
} Stop;

static const Stop stops[] = {
    {"paging (CR0.PG) at 0000:00007c06 (bytes 0f 22 c0",
     {0x66, 0xb8, 0x01, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0}, 6},
    {"an FPU instruction at 0000:00007c01", {0x90, 0xd9, 0xe8}, 1},
    {"long mode (EFER.LME)",
     {0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0, 0xb8, 0x00, 0x01, 0x0f, 0x30}, 9},
};

static void test_stops(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(stops); i++) {
        g_autoptr(GString) info = g_string_new(NULL);
        RunstateRequests requests;
        X86State s;

        rig_start("sleep=off");
        rig_load(RIG_CODE, stops[i].code, sizeof(stops[i].code));
        s = rig_run();
        g_assert_true(runstate_take_requests(&requests));
        g_assert_true(requests.stop);
        g_assert_cmpint(requests.stop_state, ==, RUN_STATE_INTERNAL_ERROR);
        g_assert_cmphex(s.rip, ==, RIG_CODE + stops[i].at);
        rig.ops->print_info(info);
        g_assert_nonnull(strstr(info->str, stops[i].needs));
        rig_end();
    }
}

/* Software looks for a coprocessor, finds its words unchanged, and goes on. */
static void test_fpu_probe(void)
{
    X86State s;

    rig_start("sleep=off");
    s = rig_run_code(0xdb, 0xe3,             /* fninit */
                     0xb8, 0x5a, 0x5a,       /* mov ax, 0x5a5a */
                     0xdf, 0xe0,             /* fnstsw ax */
                     0xd9, 0x3e, 0x00, 0x05, /* fnstcw [0x500] */
                     0x0f, 0xae, 0x06, 0x00, 0x06, /* fxsave [0x600] */
                     0x0f, 0xae, 0x0e, 0x00, 0x06, /* fxrstor [0x600] */
                     0xe6, 0xf4, 0xf4);      /* out 0xf4, al; hlt */
    g_assert_cmphex(rig_long(0x600), ==, 0x40);
    g_assert_cmphex(rig_long(0x600 + 24), ==, 0x1f80);
    g_assert_cmphex(s.gpr[X86_RAX], ==, 0x5a5a);
    g_assert_cmphex(rig_word(0x500), ==, 0);
    rig_end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x86emu/cpu/mode-switches", test_mode_switches);
    g_test_add_func("/x86emu/cpu/default-segments", test_default_segments);
    g_test_add_func("/x86emu/cpu/stack-instructions", test_stack_instructions);
    g_test_add_func("/x86emu/cpu/loops", test_loops);
    g_test_add_func("/x86emu/cpu/descriptors", test_descriptors);
    g_test_add_func("/x86emu/cpu/halt-warps-to-timer", test_halt_warps);
    g_test_add_func("/x86emu/cpu/halt-sleeps-to-timer", test_halt_sleeps);
    g_test_add_func("/x86emu/cpu/timer-interrupts-loop-at-same-instruction", test_timer_in_loop);
    g_test_add_func("/x86emu/cpu/protected-interrupts", test_protected_interrupts);
    g_test_add_func("/x86emu/cpu/interrupt-shadows", test_interrupt_shadows);
    g_test_add_func("/x86emu/cpu/nmi", test_nmi_ends_halt);
    g_test_add_func("/x86emu/cpu/single-step", test_single_step);
    g_test_add_func("/x86emu/cpu/faults", test_faults);
    g_test_add_func("/x86emu/cpu/fault-undoes", test_fault_undoes);
    g_test_add_func("/x86emu/cpu/protected-faults", test_protected_faults);
    g_test_add_func("/x86emu/cpu/triple-fault-resets", test_triple_fault);
    g_test_add_func("/x86emu/cpu/stops", test_stops);
    g_test_add_func("/x86emu/cpu/fpu-probe", test_fpu_probe);
    return g_test_run();
}
