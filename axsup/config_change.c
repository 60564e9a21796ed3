/* SPDX-License-Identifier: MIT */
/* config_change.c - whether the cluster of a config is what a running node can go on with: its keys
 * are compared by the table, but for those that a running gateway takes. */
#include "axsup/config_keys.h"
#include "axsup/config_read.h"

#include <string.h>

/* -- what is the same -------------------------------------------------------------------------- */

static bool same_object(const struct sup_key_object *object, const void *one, const void *other);

static bool same_text(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static const void *pointer_at(const void *of, size_t offset)
{
    const void *pointer;

    memcpy(&pointer, (const char *)of + offset, sizeof(pointer));
    return pointer;
}

static size_t count_of(const struct sup_key *key, const void *of)
{
    size_t count;

    memcpy(&count, (const char *)of + key->count_offset, sizeof(count));
    return count;
}

static bool same_texts(const struct sup_key *key, const void *one, const void *other)
{
    const char *const *a = pointer_at(one, key->offset), *const *b = pointer_at(other, key->offset);
    size_t n = count_of(key, one);

    if (n != count_of(key, other))
        return false;
    while (n > 0 && same_text(a[n - 1], b[n - 1]))
        n--;
    return n == 0;
}

static bool same_list(const struct sup_key *key, const void *one, const void *other)
{
    const char *a = pointer_at(one, key->offset), *b = pointer_at(other, key->offset);
    size_t n = count_of(key, one), size = key->object->size;

    if (n != count_of(key, other))
        return false;
    while (n > 0 && same_object(key->object, a + (n - 1) * size, b + (n - 1) * size))
        n--;
    return n == 0;
}

/* Of two structs that have the key. */
static bool same(const struct sup_key *key, const void *one, const void *other)
{
    const char *a = (const char *)one + key->offset, *b = (const char *)other + key->offset;

    switch (key->kind) {
    case SUP_KEY_NAME:
    case SUP_KEY_PATH:
        return same_text(pointer_at(one, key->offset), pointer_at(other, key->offset));
    case SUP_KEY_ADDRESS:
        return same_text(pointer_at(a, offsetof(struct sup_listen_config, text)),
                         pointer_at(b, offsetof(struct sup_listen_config, text)));
    case SUP_KEY_TEXTS:
        return same_texts(key, one, other);
    case SUP_KEY_OBJECT:
        return same_object(key->object, a, b);
    case SUP_KEY_LIST:
        return same_list(key, one, other);
    default: /* numbers alone */
        return memcmp(a, b, key->width) == 0;
    }
}

static bool same_object(const struct sup_key_object *object, const void *one, const void *other)
{
    for (size_t i = 0; i < object->count; i++)
        if (!same(&object->keys[i], one, other))
            return false;
    return true;
}

/* -- what may be different --------------------------------------------------------------------- */

static bool may_change(const char *key)
{
    static const char *const keys[] = {"peers", "token_file", "accepted", "pins"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

/* What would be right, in words: the key as the system was started with it. */
static void refuse(const struct sup_config *now, const struct sup_config *next, const char *key,
                   struct sup_config_errors *errors)
{
    const struct sup_json *was = sup_json_get(now->cluster.json, key);
    bool text = was && was->kind == SUP_JSON_STRING;
    const char *shown = !was                            ? "none"
                        : text                          ? was->text
                        : was->kind == SUP_JSON_INTEGER ? was->text
                        : was->kind == SUP_JSON_TRUE    ? "true"
                        : was->kind == SUP_JSON_FALSE   ? "false"
                                                        : "what it was";

    sup_config_error(errors, next->cluster.json, key,
                     "cannot be changed while the system runs: expected %s%.120s%s, as when it was "
                     "started; for another one stop it and start it again",
                     text ? "\"" : "", shown, text ? "\"" : "");
}

/* Both have what is their default by what other keys say. */
static bool in_neither(const struct sup_config *now, const struct sup_config *next, const char *key)
{
    return !sup_json_get(now->cluster.json, key) && !sup_json_get(next->cluster.json, key);
}

/* With a token or without one: tells it once, of both keys that say so. */
static bool check_trust(const struct sup_config *now, const struct sup_config *next,
                        struct sup_config_errors *errors)
{
    if (!now->cluster.token_file == !next->cluster.token_file)
        return true;
    sup_config_error(errors, next->cluster.json, "token_file",
                     "whether nodes know each other by a token cannot be changed while the system "
                     "runs: it was started %s one; for the other stop it and start it again",
                     now->cluster.token_file ? "with" : "without");
    return false;
}

void sup_config_check_change(const struct sup_config *now, const struct sup_config *next,
                             struct sup_config_errors *errors)
{
    const struct sup_key_object *object = &sup_key_cluster;

    if (!next->cluster.json) {
        sup_config_error(errors, next->node, "cluster",
                         "missing: expected that of node \"%s\", which runs", now->cluster.node);
        return;
    }
    bool same_trust = check_trust(now, next, errors);
    for (size_t i = 0; i < object->count; i++) {
        const struct sup_key *key = &object->keys[i];

        if (may_change(key->name) || in_neither(now, next, key->name) ||
            (!same_trust && strcmp(key->name, "allow_insecure_auth") == 0))
            continue;
        if (!same(key, &now->cluster, &next->cluster))
            refuse(now, next, key->name, errors);
    }
}
