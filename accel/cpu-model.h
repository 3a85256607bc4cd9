/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPU models: what `-cpu` names, as CPUID feature words.
 * Documents: Intel SDM volume 2 (CPUID), AMD APM volume 3 appendix E, Linux' kvm/x86/cpuid.
 */
#ifndef LIGNITE_ACCEL_CPU_MODEL_H
#define LIGNITE_ACCEL_CPU_MODEL_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum X86FeatureWord {
    X86_FEAT_1_EDX,
    X86_FEAT_1_ECX,
    X86_FEAT_7_0_EBX,
    X86_FEAT_7_0_ECX,
    X86_FEAT_7_0_EDX,
    X86_FEAT_7_1_EAX,
    X86_FEAT_8000_0001_EDX, /* without the bits that AMD repeats from 1.EDX */
    X86_FEAT_8000_0001_ECX,
    X86_FEAT_8000_0007_EDX,
    X86_FEAT_8000_0008_EBX,
    X86_FEAT_D_1_EAX,
    X86_FEAT_6_EAX,
    X86_FEAT_KVM, /* 4000_0001.EAX */
    X86_FEATURE_WORDS,
} X86FeatureWord;

/* The bits of 8000_0001.EDX that AMD's CPUs repeat from 1.EDX. */
#define X86_FEAT_8000_0001_EDX_REPEATED 0x0183f3ffu

#define X86_1_EDX_APIC (1u << 9)
#define X86_1_EDX_ACPI (1u << 22)
#define X86_1_EDX_HTT (1u << 28)
#define X86_1_ECX_MONITOR (1u << 3)
#define X86_1_ECX_VMX (1u << 5)
#define X86_1_ECX_X2APIC (1u << 21)
#define X86_1_ECX_TSC_DEADLINE (1u << 24)
#define X86_1_ECX_XSAVE (1u << 26)
#define X86_1_ECX_HYPERVISOR (1u << 31)
#define X86_8000_0001_ECX_CMP_LEGACY (1u << 1)
#define X86_8000_0001_ECX_SVM (1u << 2)
#define X86_8000_0001_ECX_TOPOEXT (1u << 22)
#define X86_8000_0001_EDX_LM (1u << 29)
#define X86_8000_0007_EDX_INVTSC (1u << 8)
#define X86_7_0_EDX_ARCH_CAPABILITIES (1u << 29)

/* Where a word stands in CPUID, and what its bits are called. */
typedef struct X86FeatureWordInfo {
    uint32_t leaf;
    uint32_t subleaf;
    const char *reg; /* "EDX" */
    const char *names[32];
} X86FeatureWordInfo;

extern const X86FeatureWordInfo x86_feature_words[X86_FEATURE_WORDS];

typedef struct CpuModel {
    const char *name;
    const char *model_id; /* the brand string, at most 48 characters; NULL: Lignite's */
    const char *vendor;   /* 12 characters */
    uint32_t level;       /* the highest basic leaf */
    uint32_t xlevel;      /* the highest extended leaf; 0: none */
    unsigned family, model, stepping;
    uint32_t features[X86_FEATURE_WORDS];
} CpuModel;

/* The models with features of their own, ended by a row without name: accel/cpu-models.c. */
extern const CpuModel x86_cpu_models[];

/* What `-cpu` asks for, before the host has had its say. */
typedef struct CpuSpec {
    char *name;             /* of the model */
    const CpuModel *model;  /* NULL: all that the host has ("host", "max") */
    char vendor[13];        /* "" while it is the model's, or the host's */
    char model_id[49];      /* likewise */
    int64_t family, model_number, stepping; /* -1: the model's, or the host's */
    int64_t level, xlevel;                  /* likewise */
    unsigned phys_bits;                     /* 0: by default */
    uint32_t plus[X86_FEATURE_WORDS];       /* asked for by name */
    uint32_t minus[X86_FEATURE_WORDS];
    bool kvm;     /* show KVM's leaves */
    bool check;   /* warn about what the host has not */
    bool enforce; /* fail for it */
} CpuSpec;

/* Parse "model,+flag,-flag,flag=on,property=value". cpu_spec_clear() it either way. */
bool cpu_spec_parse(CpuSpec *spec, const char *text, GError **errp);
void cpu_spec_clear(CpuSpec *spec);

/*
 * The features that `spec` asks for on a host that has `host`: the model's, or all of the host's,
 * with what was asked for by name. What of it the host has not is still in it.
 */
void cpu_spec_features(const CpuSpec *spec, const uint32_t host[X86_FEATURE_WORDS],
                       uint32_t features[X86_FEATURE_WORDS]);

/* "CPUID.01H:ECX.pni [bit 0]" */
char *x86_feature_text(X86FeatureWord word, unsigned bit);

/* The value of CPUID 1 EAX. */
uint32_t x86_signature(unsigned family, unsigned model, unsigned stepping);

#endif
