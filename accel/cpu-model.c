/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text after -cpu: a model, features by name, and a few numbers.
 */
#include "accel/cpu-model.h"

#include <stdlib.h>
#include <string.h>

#include "accel/accel.h"
#include "error.h"
#include "hw/core/property.h"

/* Second names of features. Besides, '_' may stand for '-' in any of them. */
static const struct {
    const char *alias, *name;
} aliases[] = {
    {"sse3", "pni"},       {"pclmuldq", "pclmulqdq"}, {"sse4-1", "sse4.1"}, {"sse4-2", "sse4.2"},
    {"xd", "nx"},          {"i64", "lm"},             {"ffxsr", "fxsr-opt"},
};

static const char *const all_of_host[] = {"host", "max"};

static char *canonical(const char *name)
{
    char *text = g_strdelimit(g_strdup(name), "_", '-');

    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (strcmp(text, aliases[i].alias) == 0) {
            g_free(text);
            return g_strdup(aliases[i].name);
        }
    }
    return text;
}

static bool find_feature(const char *name, X86FeatureWord *word, uint32_t *bits)
{
    g_autofree char *text = canonical(name);

    for (X86FeatureWord w = 0; w < X86_FEATURE_WORDS; w++) {
        for (unsigned bit = 0; bit < 32; bit++) {
            const char *feature = x86_feature_words[w].names[bit];

            if (feature && strcmp(feature, text) == 0) {
                *word = w;
                *bits = 1u << bit;
                /* The clock has two bits: one per pair of MSRs. */
                if (w == X86_FEAT_KVM && bit == 0) {
                    *bits |= 1u << 3;
                }
                return true;
            }
        }
    }
    return false;
}

static const CpuModel *find_model(const char *name)
{
    for (const CpuModel *m = x86_cpu_models; m->name; m++) {
        if (strcmp(m->name, name) == 0) {
            return m;
        }
    }
    return NULL;
}

/* -------------------------------------------------------------------------------- properties -- */

typedef enum { VALUE_NUMBER, VALUE_TEXT, VALUE_BOOL } ValueKind;

static const struct SpecProperty {
    const char *name;
    ValueKind kind;
    size_t offset;
    uint64_t max; /* of numbers; of texts, the longest */
} spec_properties[] = {
    {"family", VALUE_NUMBER, offsetof(CpuSpec, family), 0xff + 0xf},
    {"model", VALUE_NUMBER, offsetof(CpuSpec, model_number), 0xff},
    {"stepping", VALUE_NUMBER, offsetof(CpuSpec, stepping), 0xf},
    {"level", VALUE_NUMBER, offsetof(CpuSpec, level), 0x1f},
    {"xlevel", VALUE_NUMBER, offsetof(CpuSpec, xlevel), 0x80000021},
    {"vendor", VALUE_TEXT, offsetof(CpuSpec, vendor), 12},
    {"model-id", VALUE_TEXT, offsetof(CpuSpec, model_id), 48},
    {"kvm", VALUE_BOOL, offsetof(CpuSpec, kvm), 0},
    {"check", VALUE_BOOL, offsetof(CpuSpec, check), 0},
    {"enforce", VALUE_BOOL, offsetof(CpuSpec, enforce), 0},
};

static bool parse_number(const char *name, const char *text, uint64_t max, uint64_t *value,
                         GError **errp)
{
    char *end;

    *value = g_ascii_strtoull(text, &end, 0);
    if (end == text || *end || *text == '-' || *value > max) {
        error_setg(errp, "-cpu: %s=%s: a number of at most 0x%" G_GINT64_MODIFIER "x is expected",
                   name, text, max);
        return false;
    }
    return true;
}

static bool set_property(CpuSpec *spec, const struct SpecProperty *p, const char *text,
                         GError **errp)
{
    void *field = (char *)spec + p->offset;
    uint64_t number;

    switch (p->kind) {
    case VALUE_BOOL:
        return parse_bool(p->name, text, field, errp);
    case VALUE_TEXT:
        if (strlen(text) > p->max || (field == spec->vendor && strlen(text) != p->max)) {
            error_setg(errp, "-cpu: %s=%s: a text of %s%d characters is expected", p->name, text,
                       field == spec->vendor ? "" : "at most ", (int)p->max);
            return false;
        }
        strcpy(field, text);
        return true;
    case VALUE_NUMBER:
        if (!parse_number(p->name, text, p->max, &number, errp)) {
            return false;
        }
        *(int64_t *)field = number;
        return true;
    }
    g_assert_not_reached();
}

static bool set_phys_bits(CpuSpec *spec, const char *text, GError **errp)
{
    uint64_t bits;

    if (!parse_number("phys-bits", text, 52, &bits, errp)) {
        return false;
    }
    if (bits != 0 && bits < 32) {
        error_setg(errp, "-cpu: phys-bits=%s: must be between 32 and 52, or 0 for the default",
                   text);
        return false;
    }
    spec->phys_bits = bits;
    return true;
}

static bool set_feature(CpuSpec *spec, const char *name, bool on, GError **errp)
{
    X86FeatureWord word;
    uint32_t bits;

    if (!find_feature(name, &word, &bits)) {
        error_setg(errp, "-cpu: Property '%s-x86_64-cpu.%s' not found", spec->name, name);
        return false;
    }
    spec->plus[word] = on ? spec->plus[word] | bits : spec->plus[word] & ~bits;
    spec->minus[word] = on ? spec->minus[word] & ~bits : spec->minus[word] | bits;
    return true;
}

/* One word after the model: "+flag", "-flag", "flag", "flag=on", "property=value". */
static bool parse_word(CpuSpec *spec, const char *word, GError **errp)
{
    const char *equals = strchr(word, '=');
    g_autofree char *name = NULL;
    g_autofree char *dashed = NULL;
    bool on = true;

    if (*word == '+' || *word == '-') {
        return set_feature(spec, word + 1, *word == '+', errp);
    }
    name = equals ? g_strndup(word, equals - word) : g_strdup(word);
    dashed = g_strdelimit(g_strdup(name), "_", '-');
    if (equals && strcmp(dashed, "phys-bits") == 0) {
        return set_phys_bits(spec, equals + 1, errp);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(spec_properties); i++) {
        if (strcmp(spec_properties[i].name, dashed) == 0) {
            return set_property(spec, &spec_properties[i], equals ? equals + 1 : "on", errp);
        }
    }
    if (equals && !parse_bool(name, equals + 1, &on, errp)) {
        return false;
    }
    return set_feature(spec, name, on, errp);
}

bool cpu_spec_parse(CpuSpec *spec, const char *text, GError **errp)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    const char *name = words[0] ? words[0] : "";

    memset(spec, 0, sizeof(*spec));
    spec->family = spec->model_number = spec->stepping = spec->level = spec->xlevel = -1;
    spec->kvm = spec->check = true;
    spec->name = g_strdup(name);
    spec->model = find_model(name);
    if (!spec->model) {
        bool known = false;

        for (gsize i = 0; i < G_N_ELEMENTS(all_of_host); i++) {
            known |= strcmp(name, all_of_host[i]) == 0;
        }
        if (!known) {
            error_setg(errp, "-cpu: unable to find CPU model '%s'; '-cpu help' lists those there "
                             "are",
                       name);
            return false;
        }
    }
    for (char **word = words + 1; words[0] && *word; word++) {
        if (**word && !parse_word(spec, *word, errp)) {
            return false;
        }
    }
    return true;
}

void cpu_spec_clear(CpuSpec *spec)
{
    g_clear_pointer(&spec->name, g_free);
}

bool cpu_model_check(const char *model, GError **errp)
{
    CpuSpec spec;
    bool ok = cpu_spec_parse(&spec, model, errp);

    cpu_spec_clear(&spec);
    return ok;
}

bool cpu_model_foreach_feature(const char *model,
                               void (*fn)(const char *name, bool on, void *opaque), void *opaque,
                               GError **errp)
{
    const AccelOps *accel = accel_current();
    uint32_t host[X86_FEATURE_WORDS] = {}, features[X86_FEATURE_WORDS];
    const bool filters = accel && accel->cpu_features;
    CpuSpec spec;
    bool ok = cpu_spec_parse(&spec, model, errp);

    if (ok && filters) {
        accel->cpu_features(host);
    }
    if (ok) {
        cpu_spec_features(&spec, host, features);
    }
    for (int w = 0; ok && w < X86_FEATURE_WORDS; w++) {
        for (unsigned bit = 0; bit < 32; bit++) {
            const char *name = x86_feature_words[w].names[bit];

            if (name) {
                fn(name, (features[w] & (filters ? host[w] : UINT32_MAX)) >> bit & 1, opaque);
            }
        }
    }
    cpu_spec_clear(&spec);
    return ok;
}

/* ---------------------------------------------------------------------------------- features -- */

void cpu_spec_features(const CpuSpec *spec, const uint32_t host[X86_FEATURE_WORDS],
                       uint32_t features[X86_FEATURE_WORDS])
{
    /* What KVM offers its guests on its own account belongs to every model. */
    static const uint32_t kvm_default = 0x0100007b;

    for (int w = 0; w < X86_FEATURE_WORDS; w++) {
        features[w] = spec->model ? spec->model->features[w] : host[w];
    }
    if (spec->model) {
        /* There is no thermal control, no MONITOR that would let go, no nested KVM by default. */
        features[X86_FEAT_1_EDX] &= ~X86_1_EDX_ACPI;
        features[X86_FEAT_1_ECX] &= ~X86_1_ECX_MONITOR;
        features[X86_FEAT_8000_0001_ECX] &= ~X86_8000_0001_ECX_SVM;
        features[X86_FEAT_1_ECX] |= host[X86_FEAT_1_ECX] & X86_1_ECX_X2APIC;
        features[X86_FEAT_KVM] |= kvm_default & host[X86_FEAT_KVM];
    }
    for (int w = 0; w < X86_FEATURE_WORDS; w++) {
        features[w] = (features[w] | spec->plus[w]) & ~spec->minus[w];
    }
    if (!spec->kvm) {
        features[X86_FEAT_KVM] = 0;
    }
}

char *x86_feature_text(X86FeatureWord word, unsigned bit)
{
    const X86FeatureWordInfo *info = &x86_feature_words[word];
    const char *name = info->names[bit];

    return g_strdup_printf("CPUID.%02XH:%s%s%s [bit %u]", info->leaf, info->reg, name ? "." : "",
                           name ? name : "", bit);
}

uint32_t x86_signature(unsigned family, unsigned model, unsigned stepping)
{
    uint32_t eax = (model & 0xf) << 4 | (model >> 4 & 0xf) << 16 | (stepping & 0xf);

    return eax | (family > 0xf ? 0xf00 | (family - 0xf) << 20 : family << 8);
}

/* -------------------------------------------------------------------------------------- help -- */

void cpu_models_print_help(GString *out)
{
    g_string_append(out, "Available CPUs:\n");
    for (const CpuModel *m = x86_cpu_models; m->name; m++) {
        g_string_append_printf(out, "x86 %-20s  %s\n", m->name, m->model_id ? m->model_id : "");
    }
    g_string_append_printf(out, "x86 %-20s  %s\n", "host", "All that the host's KVM supports");
    g_string_append_printf(out, "x86 %-20s  %s\n", "max", "All that the accelerator supports");
    g_string_append(out, "\nRecognized CPUID flags:\n");
    for (int w = 0; w < X86_FEATURE_WORDS; w++) {
        gsize column = 0;

        for (unsigned bit = 0; bit < 32; bit++) {
            const char *name = x86_feature_words[w].names[bit];

            if (!name) {
                continue;
            }
            if (column == 0 || column + strlen(name) + 1 > 76) {
                g_string_append(out, column == 0 ? "  " : "\n  ");
                column = 2;
            } else {
                g_string_append_c(out, ' ');
                column++;
            }
            g_string_append(out, name);
            column += strlen(name);
        }
        g_string_append_c(out, '\n');
    }
}

void cpu_models_foreach(void (*fn)(const char *name, bool fixed, void *opaque), void *opaque)
{
    for (const CpuModel *m = x86_cpu_models; m->name; m++) {
        fn(m->name, true, opaque);
    }
    fn("host", false, opaque);
    fn("max", false, opaque);
}
