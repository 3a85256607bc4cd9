/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -cpu texts, features and models; the state after reset, and the text of `info registers`. */
#include <glib.h>
#include <string.h>

#include "../../../accel/cpu-model.h"
#include "accel/accel.h"

static void assert_bad(const char *text, const char *pattern)
{
    g_autoptr(GError) err = NULL;

    g_assert_false(cpu_model_check(text, &err));
    g_assert_nonnull(err);
    g_test_message("%s", err->message);
    g_assert_true(g_pattern_match_simple(pattern, err->message));
}

static void test_parse(void)
{
    CpuSpec spec;

    g_assert_true(cpu_spec_parse(&spec,
                                 "Nehalem,+sse4_1,-sse3,avx=on,lahf_lm=off,vendor=AuthenticAMD,"
                                 "family=15,model_id=A CPU,phys-bits=36,check=off,enforce",
                                 NULL));
    g_assert_cmpstr(spec.model->name, ==, "Nehalem");
    g_assert_cmphex(spec.plus[X86_FEAT_1_ECX], ==, 1u << 19 | 1u << 28);
    g_assert_cmphex(spec.minus[X86_FEAT_1_ECX], ==, 1);
    g_assert_cmphex(spec.minus[X86_FEAT_8000_0001_ECX], ==, 1);
    g_assert_cmpstr(spec.vendor, ==, "AuthenticAMD");
    g_assert_cmpint(spec.family, ==, 15);
    g_assert_cmpint(spec.stepping, ==, -1);
    g_assert_cmpstr(spec.model_id, ==, "A CPU");
    g_assert_cmpuint(spec.phys_bits, ==, 36);
    g_assert_false(spec.check);
    g_assert_true(spec.enforce);
    cpu_spec_clear(&spec);

    g_assert_true(cpu_spec_parse(&spec, "host,+avx,-avx,kvmclock=off", NULL));
    g_assert_null(spec.model);
    g_assert_cmphex(spec.plus[X86_FEAT_1_ECX], ==, 0);
    g_assert_cmphex(spec.minus[X86_FEAT_1_ECX], ==, 1u << 28);
    g_assert_cmphex(spec.minus[X86_FEAT_KVM], ==, 9);
    cpu_spec_clear(&spec);
}

static void test_bad(void)
{
    assert_bad("", "*unable to find CPU model ''*");
    assert_bad("qemu65", "*unable to find CPU model 'qemu65'*");
    assert_bad("qemu64,+warp", "*Property 'qemu64-x86_64-cpu.warp' not found*");
    assert_bad("qemu64,warp=on", "*Property 'qemu64-x86_64-cpu.warp' not found*");
    assert_bad("qemu64,avx=perhaps", "*avx*");
    assert_bad("qemu64,family=300", "*family=300*");
    assert_bad("qemu64,vendor=Short", "*12 characters*");
    assert_bad("qemu64,phys-bits=7", "*between 32 and 52*");
    assert_bad("qemu64,stepping=-1", "*stepping=-1*");
}

/* Whatever follows, no text makes it fall over. */
static void test_random_texts(void)
{
    static const char *const words[] = {"qemu64", "host", "486", "+", "-", ",", "=", "avx", "on",
                                        "family", "0x", "vendor", "999999999999999999999", "_", ""};

    for (int i = 0; i < 20000; i++) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (int n = g_test_rand_int_range(0, 8); n > 0; n--) {
            g_string_append(text, words[g_test_rand_int_range(0, G_N_ELEMENTS(words))]);
        }
        cpu_model_check(text->str, NULL);
    }
}

static void test_features(void)
{
    uint32_t host[X86_FEATURE_WORDS], features[X86_FEATURE_WORDS];
    CpuSpec spec;

    memset(host, 0xff, sizeof(host));
    g_assert_true(cpu_spec_parse(&spec, "qemu64,+avx,-nx,+svm", NULL));
    cpu_spec_features(&spec, host, features);
    g_assert_cmphex(features[X86_FEAT_1_ECX] & 1u << 28, !=, 0);
    g_assert_cmphex(features[X86_FEAT_8000_0001_EDX], ==, 0x20000800);
    g_assert_cmphex(features[X86_FEAT_8000_0001_ECX] & X86_8000_0001_ECX_SVM, !=, 0);
    g_assert_cmphex(features[X86_FEAT_1_EDX] & X86_1_EDX_ACPI, ==, 0);
    cpu_spec_clear(&spec);
    g_assert_true(cpu_spec_parse(&spec, "kvm64,kvm=off", NULL));
    cpu_spec_features(&spec, host, features);
    g_assert_cmphex(features[X86_FEAT_KVM], ==, 0);
    cpu_spec_clear(&spec);
}

static void test_models(void)
{
    g_autoptr(GString) help = g_string_new(NULL);

    cpu_models_print_help(help);
    for (const CpuModel *m = x86_cpu_models; m->name; m++) {
        g_assert_true(cpu_model_check(m->name, NULL));
        g_assert_nonnull(strstr(help->str, m->name));
        g_assert_cmpuint(strlen(m->vendor), ==, 12);
        g_assert_cmpuint(m->model_id ? strlen(m->model_id) : 0, <=, 48);
        /* Each has an FPU, and is told to be a guest. */
        g_assert_cmphex(m->features[X86_FEAT_1_EDX] & 1, ==, 1);
        g_assert_cmphex(m->features[X86_FEAT_1_ECX] & X86_1_ECX_HYPERVISOR, !=, 0);
    }
    g_assert_cmphex(x86_signature(15, 107, 1), ==, 0x60fb1);
    g_assert_cmphex(x86_signature(6, 26, 3), ==, 0x106a3);
    g_assert_cmphex(x86_signature(23, 1, 2), ==, 0x800f12);
}

static void test_feature_text(void)
{
    g_autofree char *pni = x86_feature_text(X86_FEAT_1_ECX, 0);
    g_autofree char *svm = x86_feature_text(X86_FEAT_8000_0001_ECX, 2);

    g_assert_cmpstr(pni, ==, "CPUID.01H:ECX.pni [bit 0]");
    g_assert_cmpstr(svm, ==, "CPUID.80000001H:ECX.svm [bit 2]");
}

static void test_print_real_mode(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    X86State s;

    x86_state_reset(&s, 0, 0x60fb1);
    x86_state_print(&s, text);
    g_assert_cmpstr(
        text->str, ==,
        "EAX=00000000 EBX=00000000 ECX=00000000 EDX=00060fb1\n"
        "ESI=00000000 EDI=00000000 EBP=00000000 ESP=00000000\n"
        "EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\n"
        "ES =0000 00000000 0000ffff 00009300\n"
        "CS =f000 ffff0000 0000ffff 00009b00\n"
        "SS =0000 00000000 0000ffff 00009300\n"
        "DS =0000 00000000 0000ffff 00009300\n"
        "FS =0000 00000000 0000ffff 00009300\n"
        "GS =0000 00000000 0000ffff 00009300\n"
        "LDT=0000 00000000 0000ffff 00008200\n"
        "TR =0000 00000000 0000ffff 00008b00\n"
        "GDT=     00000000 0000ffff\n"
        "IDT=     00000000 0000ffff\n"
        "CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000\n"
        "DR0=0000000000000000 DR1=0000000000000000 DR2=0000000000000000 DR3=0000000000000000 \n"
        "DR6=00000000ffff0ff0 DR7=0000000000000400\n"
        "EFER=0000000000000000\n"
        "FCW=037f FSW=0000 [ST=0] FTW=00 MXCSR=00001f80\n"
        "FPR0=0000000000000000 0000 FPR1=0000000000000000 0000\n"
        "FPR2=0000000000000000 0000 FPR3=0000000000000000 0000\n"
        "FPR4=0000000000000000 0000 FPR5=0000000000000000 0000\n"
        "FPR6=0000000000000000 0000 FPR7=0000000000000000 0000\n"
        "XMM00=0000000000000000 0000000000000000 XMM01=0000000000000000 0000000000000000\n"
        "XMM02=0000000000000000 0000000000000000 XMM03=0000000000000000 0000000000000000\n"
        "XMM04=0000000000000000 0000000000000000 XMM05=0000000000000000 0000000000000000\n"
        "XMM06=0000000000000000 0000000000000000 XMM07=0000000000000000 0000000000000000\n");
}

static void test_print_long_mode(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    X86State s;

    x86_state_reset(&s, 0, 0);
    s.cr0 = 0x80050033;
    s.efer = 0xd01;
    s.gpr[8] = 0x1234;
    s.rflags = 0xa46;
    s.halted = true;
    s.seg[X86_SEG_CS] = (X86Segment){.selector = 0x10, .limit = 0xffffffff, .access = 0xa09b};
    s.seg[X86_SEG_SS] = (X86Segment){.selector = 0x18, .limit = 0xffffffff, .access = 0xc0f3};
    s.seg[X86_SEG_DS] = (X86Segment){};
    s.tr = (X86Segment){.selector = 0x40, .base = 0xfffffe0000003000, .limit = 0x206f,
                        .access = 0x008b};
    x86_state_print(&s, text);
    g_assert_nonnull(strstr(text->str, "R8 =0000000000001234 R9 =0000000000000000 R10="));
    g_assert_nonnull(strstr(text->str, "RFL=00000a46 [-O-Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=1\n"));
    g_assert_nonnull(
        strstr(text->str, "CS =0010 0000000000000000 ffffffff 00a09b00 DPL=0 CS64 [-RA]\n"));
    g_assert_nonnull(
        strstr(text->str, "SS =0018 0000000000000000 ffffffff 00c0f300 DPL=3 DS   [-WA]\n"));
    g_assert_nonnull(strstr(text->str, "DS =0000 0000000000000000 00000000 00000000\n"));
    g_assert_nonnull(
        strstr(text->str, "TR =0040 fffffe0000003000 0000206f 00008b00 DPL=0 TSS64-busy\n"));
    g_assert_nonnull(strstr(text->str, "XMM14="));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cpu-model/parse", test_parse);
    g_test_add_func("/cpu-model/bad", test_bad);
    g_test_add_func("/cpu-model/random-texts", test_random_texts);
    g_test_add_func("/cpu-model/features", test_features);
    g_test_add_func("/cpu-model/models", test_models);
    g_test_add_func("/cpu-model/feature-text", test_feature_text);
    g_test_add_func("/cpu-state/print-real-mode", test_print_real_mode);
    g_test_add_func("/cpu-state/print-long-mode", test_print_long_mode);
    return g_test_run();
}
