/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vCPUs on real KVM: reset, registers, interrupts with both irqchips, failures, several CPUs. */
#include "guest.h"

static void assert_reset(unsigned cpu)
{
    X86State s = guest_state(cpu), want;

    x86_state_reset(&want, cpu, accel_current()->cpu_signature());
    g_assert_cmphex(s.rip, ==, want.rip);
    g_assert_cmphex(s.rflags, ==, want.rflags);
    g_assert_cmphex(s.cr0, ==, want.cr0);
    g_assert_cmphex(s.efer, ==, 0);
    g_assert_cmphex(s.gpr[X86_RDX], ==, want.gpr[X86_RDX]);
    g_assert_cmphex(s.gpr[X86_RAX], ==, 0);
    g_assert_cmphex(s.seg[X86_SEG_CS].base, ==, 0xffff0000);
    g_assert_cmphex(s.seg[X86_SEG_CS].selector, ==, 0xf000);
    g_assert_cmphex(s.fpu.fcw, ==, 0x37f);
    g_assert_cmphex(s.fpu.mxcsr, ==, 0x1f80);
    g_assert_cmphex(s.dr[7], ==, 0x400);
}

static void test_reset(void)
{
    if (!guest_start("kvm", 2)) {
        return;
    }
    assert_reset(0);
    assert_reset(1);
    g_assert_false(guest_state(0).halted);
    g_assert_true(guest_state(1).halted);
    g_assert_cmphex(guest_state(0).apic_base, ==, 0xfee00900);
    g_assert_cmphex(guest_state(1).apic_base, ==, 0xfee00800);
    GUEST_CODE(0xb8, 0x34, 0x12, 0x0f, 0x22, 0xc0, GUEST_END); /* ax, cr0 = eax */
    guest_code(0, CODE, (const uint8_t[]){0xb8, 0x34, 0x12, GUEST_END}, 9);
    guest_run();
    g_assert_cmphex(guest_state(0).gpr[X86_RAX], ==, 0x1234);
    vcpus_reset();
    assert_reset(0);
    assert_reset(1);
    guest_stop();
}

static void test_registers_round_trip(void)
{
    X86State in, out;

    if (!guest_start("kvm", 1)) {
        return;
    }
    in = guest_state(0);
    for (int i = 0; i < 16; i++) {
        in.gpr[i] = 0x1111111100000000ull + i;
        in.fpu.xmm[i][0] = i;
        in.fpu.xmm[i][1] = ~(uint64_t)i;
    }
    for (int i = 0; i < 4; i++) {
        in.dr[i] = 0x1000 * i;
    }
    in.fpu.st[3].mantissa = 0x8000000000000000ull;
    in.fpu.st[3].exponent = 0x3fff;
    in.fpu.mxcsr = 0x1fa0;
    in.cr2 = 0xabcdef;
    in.gdt_base = 0x5000;
    in.gdt_limit = 0x27;
    in.seg[X86_SEG_DS].base = 0x12340;
    in.seg[X86_SEG_DS].selector = 0x1234;
    vcpu_set_state(vcpu_get(0), &in);
    out = guest_state(0);
    g_assert_cmpmem(in.gpr, sizeof(in.gpr), out.gpr, sizeof(out.gpr));
    g_assert_cmpmem(in.dr, sizeof(in.dr), out.dr, sizeof(out.dr));
    g_assert_cmpmem(in.fpu.xmm, sizeof(in.fpu.xmm), out.fpu.xmm, sizeof(out.fpu.xmm));
    g_assert_cmphex(out.fpu.st[3].mantissa, ==, in.fpu.st[3].mantissa);
    g_assert_cmphex(out.fpu.mxcsr, ==, in.fpu.mxcsr);
    g_assert_cmphex(out.cr2, ==, in.cr2);
    g_assert_cmphex(out.gdt_base, ==, in.gdt_base);
    g_assert_cmphex(out.gdt_limit, ==, in.gdt_limit);
    for (int i = 0; i < X86_SEGS; i++) {
        g_assert_cmphex(out.seg[i].base, ==, in.seg[i].base);
        g_assert_cmphex(out.seg[i].limit, ==, in.seg[i].limit);
        g_assert_cmphex(out.seg[i].selector, ==, in.seg[i].selector);
        g_assert_cmphex(out.seg[i].access & 0xf0ff, ==, in.seg[i].access & 0xf0ff);
    }
    guest_stop();
}

/* Interrupt vector 20h: count in [500], and tell port 81. */
static void install_handler(unsigned vector)
{
    static const uint8_t handler[] = {0xfe, 0x06, 0x00, 0x05, 0xe6, 0x81, 0xcf};
    const uint8_t entry[] = {0x00, 0x04, 0x00, 0x00};

    memcpy(guest.mem + 0x400, handler, sizeof(handler));
    memcpy(guest.mem + 4 * vector, entry, sizeof(entry));
}

/* A PIC in user space: one interrupt per raise, vector 20h. */
static int pending, acknowledged;

static int fake_acknowledge(void *opaque)
{
    if (!pending) {
        return -1;
    }
    acknowledged++;
    if (--pending == 0) {
        accel_set_intr(0, false);
    }
    return 0x20;
}

static const CpuInterruptOps fake_pic = {.acknowledge = fake_acknowledge};

static void raise_interrupt(const Access *a)
{
    if (a->addr == 0x90) {
        pending = a->data;
        accel_set_intr(0, true);
    }
}

static void test_user_irqchip(void)
{
    if (!guest_start("kvm,kernel-irqchip=off", 1)) {
        return;
    }
    pending = acknowledged = 0;
    accel_set_interrupt_ops(&fake_pic, NULL);
    vcpus_reset();
    guest.on_access = raise_interrupt;
    install_handler(0x20);
    /*
     * Raised while interrupts are off, delivered after sti, one after another, to a guest that
     * does not exit meanwhile. (How soon is the host's affair.)
     */
    GUEST_CODE(0xfa, 0xb0, 0x03, 0xe6, 0x90, 0x8a, 0x1e, 0x00, 0x05, /* bl = count before */
               0xfb, 0x80, 0x3e, 0x00, 0x05, 0x03, 0x75, 0xf9,       /* until [500] is 3 */
               0xe6, 0x80, GUEST_END);
    guest_run();
    g_assert_cmpint(acknowledged, ==, 3);
    g_assert_cmpint(guest.mem[0x500], ==, 3);
    g_assert_cmphex(guest_state(0).gpr[X86_RBX] & 0xff, ==, 0);
    guest_assert_access(1, true, true, 0x81, 1, 3);
    guest_assert_access(4, true, true, 0x80, 1, 3);
    guest_stop();
}

/* HLT sleeps until an interrupt comes from another thread. */
static void test_user_irqchip_halt(void)
{
    uint64_t exits;

    if (!guest_start("kvm,kernel-irqchip=off", 1)) {
        return;
    }
    pending = acknowledged = 0;
    accel_set_interrupt_ops(&fake_pic, NULL);
    vcpus_reset();
    install_handler(0x20);
    GUEST_CODE(0xb0, 0x01, 0xe6, 0xf4, 0xfb, 0xf4, GUEST_END);
    vcpus_resume();
    guest_wait();
    machine_unlock();
    g_usleep(20000);
    machine_lock();
    exits = vcpus_exits();
    machine_unlock();
    g_usleep(20000);
    machine_lock();
    g_assert_cmpuint(vcpus_exits(), ==, exits);
    vcpus_pause();
    g_assert_true(guest_state(0).halted);
    vcpus_resume();
    pending = 1;
    accel_set_intr(0, true);
    guest_wait();
    vcpus_pause();
    g_assert_cmpint(guest.mem[0x500], ==, 1);
    guest_stop();
}

/* The kernel's PIC: line 5, vector base 20h. */
static void raise_line(const Access *a)
{
    if (a->addr == 0x90) {
        accel_set_gsi(5, a->data);
    }
}

static void test_kernel_irqchip(void)
{
    if (!guest_start("kvm", 1)) {
        return;
    }
    g_assert_true(accel_irqchip_in_kernel());
    guest.on_access = raise_line;
    install_handler(0x25);
    GUEST_CODE(0xfa, 0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0,
               0x01, 0xe6, 0x21, 0xb0, 0xdf, 0xe6, 0x21, /* PIC: base 20h, only line 5 */
               0xfb, 0xb0, 0x01, 0xe6, 0x90, 0x90, 0x90, 0xb0, 0x00, 0xe6, 0x90, GUEST_END);
    guest_run();
    g_assert_cmpint(guest.mem[0x500], ==, 1);
    /* After a reset the PIC is as new: its vectors begin at 0, not at 20h. */
    vcpus_reset();
    guest.mem[0x500] = 0;
    memcpy(guest.mem + 0x420, (const uint8_t[]){0xfe, 0x06, 0x01, 0x05, 0xcf}, 5);
    memcpy(guest.mem + 4 * 5, (const uint8_t[]){0x20, 0x04, 0x00, 0x00}, 4);
    GUEST_CODE(0xfb, 0xb0, 0x01, 0xe6, 0x90, 0x90, 0x90, 0xb0, 0x00, 0xe6, 0x90, GUEST_END);
    guest_run();
    g_assert_cmpint(guest.mem[0x500], ==, 0);
    g_assert_cmpint(guest.mem[0x501], ==, 1);
    guest_stop();
}

static void test_nmi(void)
{
    for (int i = 0; i < 2; i++) {
        if (!guest_start(i ? "kvm,kernel-irqchip=off" : "kvm", 1)) {
            return;
        }
        install_handler(2);
        GUEST_CODE(0xb0, 0x01, 0xe6, 0xf4, 0xfa, 0xf4, 0xe6, 0xf4, 0xf4);
        vcpus_resume();
        guest_wait();
        /* One that comes before the hlt does not end it: so there may have to be another. */
        while (!guest.done) {
            accel_inject_nmi();
            machine_unlock();
            g_usleep(10000);
            machine_lock();
        }
        vcpus_pause();
        g_assert_cmpint(guest.mem[0x500], >=, 1);
        guest_stop();
    }
}

static void test_triple_fault(void)
{
    RunstateRequests r;

    if (!guest_start("kvm", 1)) {
        return;
    }
    /* lidt [2000] (limit 0); protected mode; ud2: no gate for it, nor for the faults after it */
    GUEST_CODE(0x0f, 0x01, 0x1e, 0x00, 0x20, 0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, 0x0f,
               0x0b);
    vcpus_resume();
    r = guest_wait_request();
    g_assert_cmpint(r.reset, ==, SHUTDOWN_CAUSE_GUEST_RESET);
    g_assert_false(r.stop);
    vcpus_pause();
    vcpus_reset();
    GUEST_CODE(GUEST_END);
    guest_run();
    guest_stop();
}

/* Code where there is nothing: KVM can't emulate it. The VM stops, the process lives. */
static void test_internal_error(void)
{
    RunstateRequests r;
    X86State state;

    if (g_test_subprocess()) {
        guest_start("kvm", 1);
        state = guest_state(0);
        state.seg[X86_SEG_CS].base = 0xd0000;
        state.rip = 0x10;
        vcpu_set_state(vcpu_get(0), &state);
        vcpus_resume();
        r = guest_wait_request();
        g_assert_true(r.stop);
        g_assert_cmpint(r.stop_state, ==, RUN_STATE_INTERNAL_ERROR);
        /* It stays parked until it is told to go on. */
        machine_unlock();
        g_usleep(20000);
        machine_lock();
        g_assert_false(runstate_take_requests(&r));
        vcpus_pause();
        GUEST_CODE(GUEST_END);
        guest_run();
        guest_stop();
        return;
    }
    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        g_test_skip("/dev/kvm is missing");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("*KVM internal error. Suberror: *EIP=00000010*Code=*");
}

/* The BSP starts the second CPU by INIT and SIPI to 2000h; both count, each in its own byte. */
static void test_second_cpu(void)
{
    static const uint8_t bsp[] = {
        0x0f, 0x01, 0x16, 0x00, 0x30,       /* lgdt [3000] */
        0x0f, 0x20, 0xc0, 0x0c, 0x01, 0x0f, 0x22, 0xc0, /* cr0.pe */
        0xbb, 0x08, 0x00, 0x8e, 0xdb,       /* ds = flat */
        0x24, 0xfe, 0x0f, 0x22, 0xc0,       /* back to real mode, ds keeps its limit */
        0x66, 0xbe, 0x00, 0x03, 0xe0, 0xfe, /* esi = ICR */
        0x67, 0x66, 0xc7, 0x46, 0x10, 0x00, 0x00, 0x00, 0x01, /* to APIC id 1 */
        0x67, 0x66, 0xc7, 0x06, 0x00, 0x45, 0x00, 0x00,       /* INIT */
        0x67, 0x66, 0xc7, 0x46, 0x10, 0x00, 0x00, 0x00, 0x01,
        0x67, 0x66, 0xc7, 0x06, 0x02, 0x46, 0x00, 0x00,       /* SIPI, page 2 */
        0x31, 0xc0, 0x8e, 0xd8,             /* ds = 0 */
        0x80, 0x3e, 0x00, 0x05, 0x64, 0x75, 0xf9, /* until [500] is 100 */
        GUEST_END};
    static const uint8_t ap[] = {0x31, 0xc0, 0x8e, 0xd8, 0xfe, 0x06, 0x00, 0x05, 0xe6, 0x80,
                                 0x80, 0x3e, 0x00, 0x05, 0x64, 0x75, 0xf3, 0xfa, 0xf4};
    static const uint8_t gdt[] = {0x0f, 0, 0x10, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                  0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0};

    if (!guest_start("kvm", 2)) {
        return;
    }
    memcpy(guest.mem + 0x3000, gdt, sizeof(gdt));
    memcpy(guest.mem + 0x2000, ap, sizeof(ap));
    guest_code(0, CODE, bsp, sizeof(bsp));
    guest_run();
    g_assert_cmpint(guest.mem[0x500], ==, 100);
    g_assert_cmpuint(guest.log->len, ==, 100);
    g_assert_cmphex(guest_state(1).seg[X86_SEG_CS].selector, ==, 0x200);
    /* A reset sends it back to waiting. */
    vcpus_reset();
    assert_reset(1);
    g_assert_true(guest_state(1).halted);
    guest_stop();
}

static void count_up(unsigned cpu, uint32_t addr)
{
    /* mov al, [500]; inc; out 80: nothing else; jmp */
    static const uint8_t code[] = {0xfe, 0xc0, 0xe6, 0x80, 0xeb, 0xfa};

    guest_code(cpu, addr, code, sizeof(code));
}

/* Four CPUs that do nothing but exit, paused and resumed: every time all stop, none is lost. */
static void test_pause_storm(void)
{
    if (!guest_start("kvm", 4)) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        count_up(i, 0x1000 + i * 0x1000);
    }
    for (int round = 0; round < 50; round++) {
        uint64_t exits;

        vcpus_resume();
        machine_unlock();
        g_usleep(round * 20);
        machine_lock();
        vcpus_pause();
        exits = vcpus_exits();
        g_assert_false(vcpus_running());
        machine_unlock();
        g_usleep(100);
        machine_lock();
        g_assert_cmpuint(vcpus_exits(), ==, exits);
    }
    g_assert_cmpuint(guest.log->len, >, 100);
    guest_stop();
}

/* One CPU exits all the time while memory is cut and joined around the code of all of them. */
static void test_remap_storm(void)
{
    MemoryRegion window;

    if (!guest_start("kvm", 2)) {
        return;
    }
    memory_region_init_io(&window, NULL, &guest_mmio_ops, NULL, "window", 0x1000);
    count_up(0, 0x1000);
    guest_code(1, 0x2000, (const uint8_t[]){0xfe, 0x06, 0x00, 0x05, 0xeb, 0xfa}, 6);
    vcpus_resume();
    for (int i = 0; i < 200; i++) {
        memory_region_add_subregion_overlap(get_system_memory(), 0x8000, &window, 1);
        memory_region_del_subregion(get_system_memory(), &window);
        machine_lock_yield();
    }
    vcpus_pause();
    for (guint i = 0; i < guest.log->len; i++) {
        guest_assert_access(i, true, true, 0x80, 1, (i + 1) & 0xff);
    }
    memory_region_destroy(&window);
    guest_stop();
}

static void assert_refused(const char *accel, unsigned smp, const char *model, const char *pattern)
{
    const char *list[] = {accel, NULL};
    g_autoptr(GError) err = NULL;
    static char *warning;

    g_clear_pointer(&warning, g_free);
    machine_lock();
    memory_system_init();
    g_assert_false(accel_start(list, smp, model, NULL, &err));
    g_assert_nonnull(err);
    g_test_message("%s", err->message);
    g_assert_true(g_pattern_match_simple(pattern, err->message));
    g_assert_null(accel_current());
    memory_system_cleanup();
    machine_unlock();
}

static void test_refusals(void)
{
    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        g_test_skip("/dev/kvm is missing");
        return;
    }
    assert_refused("kvm,kernel-irqchip=split", 1, NULL, "*none of the accelerators*");
    assert_refused("kvm,kernel-irqchip=off", 2, NULL, "*none of the accelerators*");
    assert_refused("kvm,frobnicate=1", 1, NULL, "*kvm.frobnicate*not found*");
    assert_refused("kvm,kernel-irqchip=maybe", 1, NULL, "*kernel-irqchip*");
    assert_refused("kvm", 9, NULL, "*between 1 and 8*");
    assert_refused("kvm", 1, "i8080", "*unable to find CPU model 'i8080'*");
}

/* CPUID of a guest: vendor, brand, KVM's signature; each model starts. */
static void test_models_start(void)
{
    static const char *const models[] = {"host", "max", "qemu64,check=off", "486,check=off",
                                         "Nehalem,check=off,+invtsc", "EPYC,check=off",
                                         "Icelake-Server,check=off", "kvm32,check=off,kvm=off"};
    const char *list[] = {"kvm", NULL};

    if (access("/dev/kvm", R_OK | W_OK) < 0) {
        g_test_skip("/dev/kvm is missing");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autoptr(GError) err = NULL;

        machine_lock();
        memory_system_init();
        g_assert_true(accel_start(list, 2, models[i], guest_warn, &err));
        g_assert_true(vcpus_create(2, &err));
        g_assert_no_error(err);
        vcpus_destroy();
        accel_shutdown();
        memory_system_cleanup();
        machine_unlock();
    }
}

static void test_cpuid_in_guest(void)
{
    if (!guest_start("kvm", 1)) {
        return;
    }
    GUEST_CODE(0x66, 0x31, 0xc0, 0x0f, 0xa2, 0x66, 0x89, 0x1e, 0x00, 0x05, /* leaf 0: ebx */
               0x66, 0xb8, 0x00, 0x00, 0x00, 0x40, 0x0f, 0xa2, 0x66, 0x89, 0x1e, 0x04, 0x05,
               0x66, 0xb8, 0x01, 0x00, 0x00, 0x00, 0x0f, 0xa2, 0x66, 0xa3, 0x08, 0x05, GUEST_END);
    guest_run();
    g_assert_cmpmem(guest.mem + 0x500, 4, "Auth", 4);
    g_assert_cmpmem(guest.mem + 0x504, 4, "KVMK", 4);
    g_assert_cmphex(*(uint32_t *)(guest.mem + 0x508), ==, 0x60fb1);
    guest_stop();
}

static void test_print(void)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!guest_start("kvm", 2)) {
        return;
    }
    vcpus_print_registers(text, -1);
    g_assert_nonnull(strstr(text->str, "CPU#0\nEAX=00000000 EBX=00000000"));
    g_assert_nonnull(strstr(text->str, "CPU#1\n"));
    g_assert_nonnull(strstr(text->str, "EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1"));
    g_assert_nonnull(strstr(text->str, "CS =f000 ffff0000 0000ffff 00009b00\n"));
    g_string_truncate(text, 0);
    vcpus_print(text);
    g_assert_nonnull(strstr(text->str, "* CPU #0: thread_id="));
    guest_stop();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kvm/cpu/reset", test_reset);
    g_test_add_func("/kvm/cpu/registers-round-trip", test_registers_round_trip);
    g_test_add_func("/kvm/cpu/user-irqchip", test_user_irqchip);
    g_test_add_func("/kvm/cpu/user-irqchip-halt", test_user_irqchip_halt);
    g_test_add_func("/kvm/cpu/kernel-irqchip", test_kernel_irqchip);
    g_test_add_func("/kvm/cpu/nmi", test_nmi);
    g_test_add_func("/kvm/cpu/triple-fault", test_triple_fault);
    g_test_add_func("/kvm/cpu/internal-error", test_internal_error);
    g_test_add_func("/kvm/cpu/second-cpu", test_second_cpu);
    g_test_add_func("/kvm/cpu/pause-storm", test_pause_storm);
    g_test_add_func("/kvm/cpu/remap-storm", test_remap_storm);
    g_test_add_func("/kvm/cpu/refusals", test_refusals);
    g_test_add_func("/kvm/cpu/models-start", test_models_start);
    g_test_add_func("/kvm/cpu/cpuid-in-guest", test_cpuid_in_guest);
    g_test_add_func("/kvm/cpu/print", test_print);
    return g_test_run();
}
