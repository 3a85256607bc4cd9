/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects that users create: a row for each type.
 */
#include "objects.h"

#include "backends/char.h"
#include "backends/netdev.h"
#include "backends/parse.h"
#include "error.h"
#include "system/qmp.h"

typedef struct ObjectKind {
    const char *name;
    const char *help;
    const char *const *keys; /* of its options but qom-type and id; NULL-terminated */
    /* What `destroy` needs; NULL is success only where there is no `destroy`. */
    void *(*create)(Opts *opts, GError **errp);
    void (*destroy)(void *state); /* NULL: it stays */
} ObjectKind;

typedef struct Object {
    const ObjectKind *kind;
    char *id;
    void *state;
} Object;

static GPtrArray *objects; /* Object, oldest first */

static const char *must_get(Opts *opts, const char *key, GError **errp)
{
    const char *value = opts_get(opts, key);

    if (!value) {
        error_setg(errp, "Parameter '%s' is missing", key);
    }
    return value;
}

static void *create_monitor_qmp(Opts *opts, GError **errp)
{
    const char *id = must_get(opts, "chardev", errp);
    bool pretty = false;
    Chardev *chr;

    if (!id || !opts_get_bool(opts, "pretty", &pretty, errp)) {
        return NULL;
    }
    chr = chardev_find(id);
    if (!chr) {
        error_setg(errp, "chardev '%s' not found", id);
        return NULL;
    }
    qmp_new(chr, pretty, errp);
    return NULL;
}

static void *create_filter_dump(Opts *opts, GError **errp)
{
    const char *netdev = must_get(opts, "netdev", errp);
    const char *file = netdev ? must_get(opts, "file", errp) : NULL;
    uint64_t maxlen = NET_DUMP_MAXLEN;

    if (!file || !opts_get_uint(opts, "maxlen", UINT32_MAX, &maxlen, errp)) {
        return NULL;
    }
    return net_dump_new(netdev, file, maxlen, errp);
}

static void destroy_filter_dump(void *state)
{
    net_dump_free(state);
}

static const ObjectKind kinds[] = {
    {"filter-dump", "the frames of a netdev, into a pcap file: netdev=ID,file=F[,maxlen=N]",
     (const char *const[]){"netdev", "file", "maxlen", NULL}, create_filter_dump,
     destroy_filter_dump},
    {"monitor-qmp", "QMP on a chardev: chardev=ID[,pretty=on|off]",
     (const char *const[]){"chardev", "pretty", NULL}, create_monitor_qmp, NULL},
};

static Object *find(const char *id)
{
    for (unsigned i = 0; objects && i < objects->len; i++) {
        Object *object = objects->pdata[i];

        if (g_str_equal(object->id, id)) {
            return object;
        }
    }
    return NULL;
}

static const ObjectKind *find_kind(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_equal(kinds[i].name, name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

static bool check_key(const char *key, const char *value, void *opaque, GError **errp)
{
    static const char *const common[] = {"qom-type", "id", NULL};
    const ObjectKind *kind = opaque;

    if (g_strv_contains(common, key) || g_strv_contains(kind->keys, key)) {
        return true;
    }
    error_setg(errp, "Property '%s.%s' not found", kind->name, key);
    return false;
}

static void object_free(void *data)
{
    Object *object = data;

    if (object->kind->destroy) {
        object->kind->destroy(object->state);
    }
    g_free(object->id);
    g_free(object);
}

bool object_add(Opts *opts, GError **errp)
{
    const char *type = must_get(opts, "qom-type", errp);
    const ObjectKind *kind = type ? find_kind(type) : NULL;
    g_autoptr(GError) err = NULL;
    const char *id;
    Object *object;
    void *state;

    if (!type) {
        return false;
    }
    if (!kind) {
        error_setg(errp, "invalid object type: %s: -object help lists them", type);
        return false;
    }
    id = must_get(opts, "id", errp);
    if (!id || !parse_id("id", id, errp) || !opts_foreach(opts, check_key, (void *)kind, errp)) {
        return false;
    }
    if (find(id)) {
        error_setg(errp, "attempt to add duplicate property '%s' to object (type 'container')", id);
        return false;
    }
    state = kind->create(opts, &err);
    if (err) {
        g_propagate_error(errp, g_steal_pointer(&err));
        return false;
    }
    object = g_new(Object, 1);
    *object = (Object){kind, g_strdup(id), state};
    if (!objects) {
        objects = g_ptr_array_new_with_free_func(object_free);
    }
    g_ptr_array_add(objects, object);
    return true;
}

bool object_del(const char *id, GError **errp)
{
    Object *object = find(id);

    if (!object) {
        error_setg(errp, "object '%s' not found", id);
        return false;
    }
    if (!object->kind->destroy) {
        error_setg(errp, "object '%s' is in use, can not be deleted", id);
        return false;
    }
    g_ptr_array_remove(objects, object);
    return true;
}

void objects_foreach(void (*fn)(const char *id, const char *type, void *opaque), void *opaque)
{
    for (unsigned i = 0; objects && i < objects->len; i++) {
        const Object *object = objects->pdata[i];

        fn(object->id, object->kind->name, opaque);
    }
}

void object_types_foreach(void (*fn)(const char *type, void *opaque), void *opaque)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        fn(kinds[i].name, opaque);
    }
}

void objects_print_help(GString *out)
{
    g_string_append(out, "List of user creatable objects:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_string_append_printf(out, "  %-12s %s\n", kinds[i].name, kinds[i].help);
    }
}

void objects_close_all(void)
{
    g_clear_pointer(&objects, g_ptr_array_unref);
}
