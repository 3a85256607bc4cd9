/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUID: what a model asks for, what the host has of it, and the leaves that come of it.
 * Documents: Intel SDM volume 2 (CPUID), AMD APM volume 3 appendix E,
 * Documentation/virt/kvm/x86/cpuid.rst of Linux.
 *
 * One package holds all CPUs as cores of one thread each. The caches are a constant.
 */
#include "accel/kvm/internal.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "error.h"
#include "hw/core/log.h"

#define ENTRIES_MAX 256
#define LEAF_KVM_SIGNATURE 0x40000000u
#define LEAF_KVM_FEATURES 0x40000001u
#define LEAF_KVM_TIMING 0x40000010u
#define APIC_BUS_KHZ 1000000u /* the in-kernel APIC's timer counts nanoseconds */
#define PHYS_BITS_DEFAULT 40

static struct {
    CpuSpec spec;
    struct kvm_cpuid2 *host; /* what KVM supports */
    uint32_t features[X86_FEATURE_WORDS];
    uint32_t signature;
    uint32_t level, xlevel;
    char vendor[13];
    char brand[49];
    unsigned phys_bits;
} cpu;

/* ------------------------------------------------------------------------- what the host has -- */

static const struct kvm_cpuid_entry2 *host_leaf(uint32_t leaf, uint32_t subleaf)
{
    for (uint32_t i = 0; i < cpu.host->nent; i++) {
        const struct kvm_cpuid_entry2 *e = &cpu.host->entries[i];

        if (e->function == leaf &&
            (e->index == subleaf || !(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX))) {
            return e;
        }
    }
    return NULL;
}

static bool get_host(GError **errp)
{
    cpu.host = g_malloc0(sizeof(*cpu.host) + ENTRIES_MAX * sizeof(struct kvm_cpuid_entry2));
    cpu.host->nent = ENTRIES_MAX;
    if (kvm_ioctl(kvm.fd, KVM_GET_SUPPORTED_CPUID, cpu.host) < 0) {
        error_setg(errp, "KVM_GET_SUPPORTED_CPUID failed: %s", g_strerror(errno));
        return false;
    }
    return true;
}

static uint32_t host_word(X86FeatureWord w)
{
    const X86FeatureWordInfo *info = &x86_feature_words[w];
    const struct kvm_cpuid_entry2 *e = host_leaf(info->leaf, info->subleaf);

    if (!e) {
        return 0;
    }
    switch (info->reg[1]) {
    case 'A':
        return e->eax;
    case 'B':
        return e->ebx;
    case 'C':
        return e->ecx;
    default:
        return e->edx;
    }
}

static void host_features(uint32_t host[X86_FEATURE_WORDS])
{
    /* PV EOI, unhalt, IPIs and interrupts for asynchronous faults go through the kernel's APIC. */
    static const uint32_t need_apic = 1u << 6 | 1u << 7 | 1u << 11 | 1u << 14;

    for (X86FeatureWord w = 0; w < X86_FEATURE_WORDS; w++) {
        host[w] = host_word(w);
    }
    host[X86_FEAT_8000_0001_EDX] &= ~X86_FEAT_8000_0001_EDX_REPEATED;
    /* Ours to say: the topology, and that this is a guest. There are no leaves for TOPOEXT. */
    host[X86_FEAT_1_EDX] |= X86_1_EDX_HTT;
    host[X86_FEAT_1_ECX] |= X86_1_ECX_HYPERVISOR;
    host[X86_FEAT_8000_0001_ECX] |= X86_8000_0001_ECX_CMP_LEGACY;
    host[X86_FEAT_8000_0001_ECX] &= ~X86_8000_0001_ECX_TOPOEXT;
    if (!kvm.irqchip) {
        host[X86_FEAT_1_ECX] &= ~(X86_1_ECX_X2APIC | X86_1_ECX_TSC_DEADLINE);
        host[X86_FEAT_KVM] &= ~need_apic;
    } else if (kvm_check(KVM_CAP_TSC_DEADLINE_TIMER)) {
        host[X86_FEAT_1_ECX] |= X86_1_ECX_TSC_DEADLINE;
    }
}

void kvm_cpu_features(uint32_t *words)
{
    host_features(words);
}

/* ----------------------------------------------------------------------- what the guest gets -- */

/* Drop what the host has not, and say so. */
static bool filter_features(const uint32_t host[X86_FEATURE_WORDS], GError **errp)
{
    bool complete = true;

    for (X86FeatureWord w = 0; w < X86_FEATURE_WORDS; w++) {
        uint32_t missing = cpu.features[w] & ~host[w];

        cpu.features[w] &= host[w];
        for (; missing; missing &= missing - 1) {
            complete = false;
            if (cpu.spec.check || cpu.spec.enforce) {
                g_autofree char *text = x86_feature_text(w, __builtin_ctz(missing));

                log_warning("host doesn't support requested feature: %s", text);
            }
        }
    }
    if (!complete && cpu.spec.enforce) {
        error_setg(errp, "-cpu %s: Host doesn't support requested features", accel_cpu_model());
        return false;
    }
    if (!(cpu.features[X86_FEAT_1_ECX] & X86_1_ECX_XSAVE)) {
        cpu.features[X86_FEAT_D_1_EAX] = 0;
    }
    return true;
}

static void set_text(char *text, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    memcpy(text, &a, 4);
    memcpy(text + 4, &b, 4);
    memcpy(text + 8, &c, 4);
    memcpy(text + 12, &d, 4);
}

static void host_brand(char brand[49])
{
    unsigned a, b, c, d;

    for (unsigned i = 0; i < 3; i++) {
        if (__get_cpuid(0x80000002 + i, &a, &b, &c, &d)) {
            set_text(brand + 16 * i, a, b, c, d);
        }
    }
}

static uint32_t value_or(int64_t asked, uint32_t otherwise)
{
    return asked >= 0 ? asked : otherwise;
}

static void identify_like_host(void)
{
    const struct kvm_cpuid_entry2 *e = host_leaf(0, 0);
    const struct kvm_cpuid_entry2 *x = host_leaf(0x80000000, 0);
    uint32_t sig = host_leaf(1, 0) ? host_leaf(1, 0)->eax : 0x600;
    unsigned family = (sig >> 8 & 0xf) == 0xf ? 0xf + (sig >> 20 & 0xff) : sig >> 8 & 0xf;
    unsigned model = (sig >> 4 & 0xf) | (sig >> 16 & 0xf) << 4;

    cpu.level = e ? e->eax : 1;
    cpu.xlevel = x ? x->eax : 0;
    if (e) {
        memcpy(cpu.vendor, &e->ebx, 4);
        memcpy(cpu.vendor + 4, &e->edx, 4);
        memcpy(cpu.vendor + 8, &e->ecx, 4);
    }
    host_brand(cpu.brand);
    cpu.signature = x86_signature(value_or(cpu.spec.family, family),
                                  value_or(cpu.spec.model_number, model),
                                  value_or(cpu.spec.stepping, sig & 0xf));
}

static void identify_like_model(const CpuModel *m)
{
    cpu.level = m->level;
    cpu.xlevel = m->xlevel;
    g_strlcpy(cpu.vendor, m->vendor, sizeof(cpu.vendor));
    g_strlcpy(cpu.brand, m->model_id ? m->model_id : "Lignite Virtual CPU", sizeof(cpu.brand));
    cpu.signature = x86_signature(value_or(cpu.spec.family, m->family),
                                  value_or(cpu.spec.model_number, m->model),
                                  value_or(cpu.spec.stepping, m->stepping));
}

/* Leaves that features stand in exist. */
static void raise_levels(void)
{
    for (X86FeatureWord w = 0; w < X86_FEATURE_WORDS; w++) {
        uint32_t leaf = x86_feature_words[w].leaf;

        if (!cpu.features[w] || w == X86_FEAT_KVM) {
            continue;
        }
        if (leaf >= 0x80000000) {
            cpu.xlevel = MAX(cpu.xlevel, leaf);
        } else {
            cpu.level = MAX(cpu.level, leaf);
        }
    }
    if (cpu.features[X86_FEAT_1_ECX] & X86_1_ECX_XSAVE) {
        cpu.level = MAX(cpu.level, 0xd);
    }
    if (cpu.features[X86_FEAT_8000_0001_EDX] & X86_8000_0001_EDX_LM) {
        cpu.xlevel = MAX(cpu.xlevel, 0x80000008);
    }
    cpu.level = value_or(cpu.spec.level, cpu.level);
    cpu.xlevel = value_or(cpu.spec.xlevel, cpu.xlevel);
}

static void choose_phys_bits(void)
{
    const struct kvm_cpuid_entry2 *e = host_leaf(0x80000008, 0);
    unsigned host = e && (e->eax & 0xff) ? e->eax & 0xff : 36;

    if (cpu.spec.phys_bits) {
        cpu.phys_bits = cpu.spec.phys_bits;
        if (cpu.phys_bits > host) {
            log_warning("-cpu: phys-bits=%u is more than the host's %u", cpu.phys_bits, host);
        }
    } else if (!cpu.spec.model) {
        cpu.phys_bits = host;
    } else {
        cpu.phys_bits = MIN(host, PHYS_BITS_DEFAULT);
    }
}

bool kvm_cpuid_start(GError **errp)
{
    uint32_t host[X86_FEATURE_WORDS];

    memset(&cpu, 0, sizeof(cpu));
    if (!cpu_spec_parse(&cpu.spec, accel_cpu_model(), errp) || !get_host(errp)) {
        return false;
    }
    host_features(host);
    cpu_spec_features(&cpu.spec, host, cpu.features);
    if (!filter_features(host, errp)) {
        return false;
    }
    if (cpu.spec.model) {
        identify_like_model(cpu.spec.model);
    } else {
        identify_like_host();
    }
    if (cpu.spec.vendor[0]) {
        memcpy(cpu.vendor, cpu.spec.vendor, sizeof(cpu.vendor));
    }
    if (cpu.spec.model_id[0]) {
        memcpy(cpu.brand, cpu.spec.model_id, sizeof(cpu.brand));
    }
    raise_levels();
    choose_phys_bits();
    return true;
}

void kvm_cpuid_stop(void)
{
    cpu_spec_clear(&cpu.spec);
    g_clear_pointer(&cpu.host, g_free);
}

uint32_t kvm_cpu_signature(void)
{
    return cpu.signature;
}

bool kvm_cpu_has(X86FeatureWord word, uint32_t bits)
{
    return cpu.features[word] & bits;
}

/* There is one in the kernel, or the board connected one. */
bool kvm_cpu_has_apic(void)
{
    void *opaque;
    const CpuInterruptOps *ops = accel_interrupt_ops(&opaque);

    return kvm.irqchip || (ops && ops->set_apic_base);
}

/* -------------------------------------------------------------------------------- the leaves -- */

typedef struct Leaves {
    struct kvm_cpuid2 *list;
    unsigned apic_id;
    unsigned cores;
} Leaves;

static struct kvm_cpuid_entry2 *add(Leaves *l, uint32_t leaf)
{
    struct kvm_cpuid_entry2 *e = &l->list->entries[l->list->nent];

    g_assert(l->list->nent < ENTRIES_MAX);
    l->list->nent++;
    e->function = leaf;
    return e;
}

static struct kvm_cpuid_entry2 *add_sub(Leaves *l, uint32_t leaf, uint32_t subleaf)
{
    struct kvm_cpuid_entry2 *e = add(l, leaf);

    e->index = subleaf;
    e->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
    return e;
}

static bool is_amd(void)
{
    return strcmp(cpu.vendor, "AuthenticAMD") == 0 || strcmp(cpu.vendor, "HygonGenuine") == 0;
}

/* Bits of an APIC id that tell the cores of the package. */
static unsigned core_bits(unsigned cores)
{
    return cores > 1 ? 32 - __builtin_clz(cores - 1) : 0;
}

static void set_vendor(struct kvm_cpuid_entry2 *e)
{
    memcpy(&e->ebx, cpu.vendor, 4);
    memcpy(&e->edx, cpu.vendor + 4, 4);
    memcpy(&e->ecx, cpu.vendor + 8, 4);
}

static void add_leaf_1(Leaves *l)
{
    struct kvm_cpuid_entry2 *e = add(l, 1);
    static const uint32_t clflush_quads = 64 / 8;

    e->eax = cpu.signature;
    e->ebx = l->apic_id << 24 | clflush_quads << 8;
    e->ecx = cpu.features[X86_FEAT_1_ECX];
    e->edx = cpu.features[X86_FEAT_1_EDX];
    if (!kvm_cpu_has_apic()) {
        e->edx &= ~X86_1_EDX_APIC;
    }
    if (l->cores > 1) {
        e->ebx |= (1u << core_bits(l->cores)) << 16;
        e->edx |= X86_1_EDX_HTT;
    }
}

static void add_caches(Leaves *l)
{
    enum { DATA = 1, INSTRUCTION = 2, UNIFIED = 3 };
    static const struct {
        unsigned type, level, ways, sets;
        bool shared;
    } caches[] = {
        {DATA, 1, 8, 64, false},
        {INSTRUCTION, 1, 8, 64, false},
        {UNIFIED, 2, 16, 4096, false},
        {UNIFIED, 3, 16, 16384, true},
    };
    static const uint32_t self_initializing = 1 << 8, line = 64;
    uint32_t ids = 1u << core_bits(l->cores);

    for (unsigned i = 0; i < G_N_ELEMENTS(caches); i++) {
        struct kvm_cpuid_entry2 *e = add_sub(l, 4, i);

        e->eax = caches[i].type | caches[i].level << 5 | self_initializing |
                 (caches[i].shared ? ids - 1 : 0) << 14 | (ids - 1) << 26;
        e->ebx = (caches[i].ways - 1) << 22 | (line - 1);
        e->ecx = caches[i].sets - 1;
        e->edx = caches[i].shared ? 1 << 1 : 0; /* inclusive */
    }
    add_sub(l, 4, G_N_ELEMENTS(caches));
}

static void add_topology(Leaves *l, uint32_t leaf)
{
    enum { LEVEL_SMT = 1, LEVEL_CORE = 2 };
    struct kvm_cpuid_entry2 *e = add_sub(l, leaf, 0);

    e->ebx = 1;
    e->ecx = LEVEL_SMT << 8;
    e->edx = l->apic_id;
    e = add_sub(l, leaf, 1);
    e->eax = core_bits(l->cores);
    e->ebx = l->cores;
    e->ecx = 1 | LEVEL_CORE << 8;
    e->edx = l->apic_id;
    e = add_sub(l, leaf, 2);
    e->ecx = 2;
    e->edx = l->apic_id;
}

/* The parts of the extended state whose features the guest has. */
static uint64_t state_components(void)
{
    static const struct {
        X86FeatureWord word;
        unsigned bit;
        uint64_t components;
    } rows[] = {
        {X86_FEAT_1_ECX, 28, 1 << 2},          /* AVX: YMM */
        {X86_FEAT_7_0_EBX, 14, 3 << 3},        /* MPX */
        {X86_FEAT_7_0_EBX, 16, 7 << 5},        /* AVX-512: masks, ZMM */
        {X86_FEAT_7_0_ECX, 3, 1 << 9},         /* PKU */
        {X86_FEAT_7_0_EDX, 24, UINT64_C(3) << 17}, /* AMX: tiles */
    };
    const struct kvm_cpuid_entry2 *host = host_leaf(0xd, 0);
    uint64_t mask = 3;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (cpu.features[rows[i].word] >> rows[i].bit & 1) {
            mask |= rows[i].components;
        }
    }
    return host ? mask & (host->eax | (uint64_t)host->edx << 32) : 0;
}

static void add_extended_state(Leaves *l)
{
    static const uint32_t legacy_and_header = 576;
    struct kvm_cpuid_entry2 *main, *sub;
    uint64_t mask = state_components();
    uint32_t size = legacy_and_header;

    main = add_sub(l, 0xd, 0);
    if (!(cpu.features[X86_FEAT_1_ECX] & X86_1_ECX_XSAVE)) {
        return;
    }
    sub = add_sub(l, 0xd, 1);
    sub->eax = cpu.features[X86_FEAT_D_1_EAX];
    for (unsigned i = 2; i < 63; i++) {
        const struct kvm_cpuid_entry2 *host = host_leaf(0xd, i);

        if (host && mask >> i & 1) {
            sub = add_sub(l, 0xd, i);
            sub->eax = host->eax;
            sub->ebx = host->ebx;
            sub->ecx = host->ecx;
            sub->edx = host->edx;
            size = MAX(size, host->ebx + host->eax);
        }
    }
    main->eax = mask;
    main->edx = mask >> 32;
    main->ebx = legacy_and_header; /* KVM keeps it up to date with XCR0 */
    main->ecx = size;
}

/* Leaves that have no meaning of their own here: empty for a model, the host's for "host". */
static void add_host_leaf(Leaves *l, uint32_t leaf)
{
    bool any = false;

    for (uint32_t i = 0; !cpu.spec.model && i < cpu.host->nent; i++) {
        const struct kvm_cpuid_entry2 *host = &cpu.host->entries[i];

        if (host->function == leaf) {
            *add(l, leaf) = *host;
            any = true;
        }
    }
    if (!any) {
        add(l, leaf);
    }
}

static void add_basic(Leaves *l, uint32_t leaf)
{
    struct kvm_cpuid_entry2 *e;

    switch (leaf) {
    case 0:
        e = add(l, 0);
        e->eax = cpu.level;
        set_vendor(e);
        break;
    case 1:
        add_leaf_1(l);
        break;
    case 2:
        e = add(l, 2);
        if (cpu.level >= 4) {
            e->eax = 0xff01; /* "see leaf 4" */
        } else {
            e->eax = 0x01;
            e->edx = 0x2c307d; /* 32K data, 32K code, 2M second level */
        }
        break;
    case 4:
        add_caches(l);
        break;
    case 6:
        e = add(l, 6);
        e->eax = cpu.features[X86_FEAT_6_EAX];
        break;
    case 7:
        e = add_sub(l, 7, 0);
        e->eax = cpu.features[X86_FEAT_7_1_EAX] ? 1 : 0;
        e->ebx = cpu.features[X86_FEAT_7_0_EBX];
        e->ecx = cpu.features[X86_FEAT_7_0_ECX];
        e->edx = cpu.features[X86_FEAT_7_0_EDX];
        e = add_sub(l, 7, 1);
        e->eax = cpu.features[X86_FEAT_7_1_EAX];
        break;
    case 0xb:
    case 0x1f:
        add_topology(l, leaf);
        break;
    case 0xd:
        add_extended_state(l);
        break;
    default:
        add_host_leaf(l, leaf);
        break;
    }
}

static void add_extended(Leaves *l, uint32_t leaf)
{
    struct kvm_cpuid_entry2 *e;
    uint32_t words[4];

    switch (leaf) {
    case 0x80000000:
        e = add(l, leaf);
        e->eax = cpu.xlevel;
        if (is_amd()) {
            set_vendor(e);
        }
        break;
    case 0x80000001:
        e = add(l, leaf);
        e->ecx = cpu.features[X86_FEAT_8000_0001_ECX];
        e->edx = cpu.features[X86_FEAT_8000_0001_EDX];
        if (is_amd()) {
            e->eax = cpu.signature;
            e->edx |= cpu.features[X86_FEAT_1_EDX] & X86_FEAT_8000_0001_EDX_REPEATED;
            if (!kvm_cpu_has_apic()) {
                e->edx &= ~X86_1_EDX_APIC;
            }
            if (l->cores > 1) {
                e->ecx |= X86_8000_0001_ECX_CMP_LEGACY;
            }
        }
        break;
    case 0x80000002 ... 0x80000004:
        memcpy(words, cpu.brand + 16 * (leaf - 0x80000002), sizeof(words));
        e = add(l, leaf);
        e->eax = words[0];
        e->ebx = words[1];
        e->ecx = words[2];
        e->edx = words[3];
        break;
    case 0x80000005:
        e = add(l, leaf);
        e->ecx = 32 << 24 | 8 << 16 | 1 << 8 | 64; /* KiB, ways, lines per tag, line size */
        e->edx = e->ecx;
        break;
    case 0x80000006:
        e = add(l, leaf);
        e->ecx = 4096 << 16 | 8 << 12 | 1 << 8 | 64; /* KiB, 8: 16 ways */
        e->edx = 32 << 18 | 8 << 12 | 1 << 8 | 64;   /* units of 512 KiB */
        break;
    case 0x80000007:
        e = add(l, leaf);
        e->edx = cpu.features[X86_FEAT_8000_0007_EDX];
        break;
    case 0x80000008:
        e = add(l, leaf);
        if (cpu.features[X86_FEAT_8000_0001_EDX] & X86_8000_0001_EDX_LM) {
            e->eax = cpu.phys_bits |
                     (cpu.features[X86_FEAT_7_0_ECX] & 1u << 16 ? 57 : 48) << 8; /* LA57 */
        } else {
            e->eax = cpu.features[X86_FEAT_1_EDX] & 1u << 17 ? 36 : 32; /* PSE36 */
        }
        e->ebx = cpu.features[X86_FEAT_8000_0008_EBX];
        if (is_amd() && l->cores > 1) {
            e->ecx = core_bits(l->cores) << 12 | (l->cores - 1);
        }
        break;
    case 0x8000000a:
        if (cpu.features[X86_FEAT_8000_0001_ECX] & X86_8000_0001_ECX_SVM && host_leaf(leaf, 0)) {
            *add(l, leaf) = *host_leaf(leaf, 0);
        } else {
            add(l, leaf);
        }
        break;
    default:
        add_host_leaf(l, leaf);
        break;
    }
}

/* KVM's own leaves: the guest finds clock and frequency there. */
static void add_kvm(Leaves *l, KvmVcpu *kv)
{
    /* A TSC that stops or changes pace on the host is no clock. */
    bool steady = host_word(X86_FEAT_8000_0007_EDX) & X86_8000_0007_EDX_INVTSC;
    int tsc_khz = steady ? ioctl(kv->fd, KVM_GET_TSC_KHZ, 0) : 0;
    struct kvm_cpuid_entry2 *e = add(l, LEAF_KVM_SIGNATURE);
    uint32_t words[3];

    memcpy(words, "KVMKVMKVM\0\0\0", sizeof(words));
    e->eax = tsc_khz > 0 ? LEAF_KVM_TIMING : LEAF_KVM_FEATURES;
    e->ebx = words[0];
    e->ecx = words[1];
    e->edx = words[2];
    e = add(l, LEAF_KVM_FEATURES);
    e->eax = cpu.features[X86_FEAT_KVM];
    for (uint32_t leaf = LEAF_KVM_FEATURES + 1; tsc_khz > 0 && leaf < LEAF_KVM_TIMING; leaf++) {
        add(l, leaf);
    }
    if (tsc_khz > 0) {
        e = add(l, LEAF_KVM_TIMING);
        e->eax = tsc_khz;
        e->ebx = APIC_BUS_KHZ;
    }
}

bool kvm_cpuid_set(KvmVcpu *kv, GError **errp)
{
    g_autofree struct kvm_cpuid2 *list =
        g_malloc0(sizeof(*list) + ENTRIES_MAX * sizeof(struct kvm_cpuid_entry2));
    Leaves l = {.list = list, .apic_id = kv->vcpu->index, .cores = accel_smp()};

    for (uint32_t leaf = 0; leaf <= MIN(cpu.level, 0x24); leaf++) {
        add_basic(&l, leaf);
    }
    if (cpu.spec.kvm) {
        add_kvm(&l, kv);
    }
    for (uint32_t leaf = 0x80000000; cpu.xlevel && leaf <= MIN(cpu.xlevel, 0x80000021); leaf++) {
        add_extended(&l, leaf);
    }
    if (kvm_ioctl(kv->fd, KVM_SET_CPUID2, list) < 0) {
        error_setg(errp, "KVM_SET_CPUID2 failed for -cpu %s: %s", accel_cpu_model(),
                   g_strerror(errno));
        return false;
    }
    kv->cpuid_has_apic = kvm_cpu_has_apic();
    return true;
}
