/* SPDX-License-Identifier: MIT */
/* show_maps.c - kept maps for the control socket. A map may be large and axsup has other things to
 * do, so a request is answered with what a few milliseconds give, and the place where the next one
 * goes on. */
#include "axsup/maps.h"
#include "axsup/show.h"
#include "libax/utf8.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define STEP_NS UINT64_C(5000000)
#define STEP_BYTES (4u << 20) /* of an answer */

int sup_show_map_counts(struct sup_out *out, struct sup *sup, const struct sup_actor *actor)
{
    int error = 0;

    sup_out_open(out, '{');
    for (uint32_t i = 0; i < actor->n_maps && error == 0; i++) {
        uint64_t count;
        error = sup_map_count(sup, actor, i, &count);
        sup_out_key(out, actor->maps[i]);
        sup_out_number(out, count);
    }
    sup_out_close(out, '}');
    return error;
}

/* A text where it is one, else {"base64": ...}. */
static void show_bytes(struct sup_out *out, const uint8_t *bytes, uint32_t len)
{
    size_t room = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    bool text = ax_utf8_valid((const char *)bytes, len) && memchr(bytes, '\0', len) == NULL;
    char *copy = malloc(text ? (size_t)len + 1 : room);

    if (copy == NULL) {
        out->error = -ENOMEM;
        return;
    }
    if (text) {
        memcpy(copy, bytes, len);
        copy[len] = '\0';
        sup_out_string(out, copy);
    } else {
        sodium_bin2base64(copy, room, bytes, len, sodium_base64_VARIANT_ORIGINAL);
        sup_out_open(out, '{');
        sup_out_key(out, "base64");
        sup_out_string(out, copy);
        sup_out_close(out, '}');
    }
    free(copy);
}

static void show_entry(struct sup_out *out, const struct sup_map_entry *entry)
{
    sup_out_open(out, '{');
    sup_out_key(out, "key");
    show_bytes(out, entry->key, entry->key_len);
    sup_out_key(out, "value");
    show_bytes(out, entry->value, entry->value_len);
    sup_out_close(out, '}');
}

/* Up to `limit` entries from *cursor on; fewer where it would take too long. */
static int show_entries(struct sup_out *out, struct sup *sup, const struct sup_actor *actor,
                        uint32_t number, const char *prefix, uint64_t limit, uint64_t *cursor)
{
    struct sup_map_entry entry = {0};
    uint64_t until = sup_clock() + STEP_NS;
    size_t most = out->size + STEP_BYTES;
    int error = 0;

    while (limit > 0 && *cursor != SUP_MAP_END && out->size < most && sup_clock() < until) {
        bool match = false;
        error = sup_map_next(sup, actor, number, cursor, prefix, &entry, &match);
        if (error == AX_E_NO_KEY)
            continue;
        if (error != 0)
            break;
        if (match) {
            show_entry(out, &entry);
            limit--;
        }
    }
    sup_map_entry_deinit(&entry);
    return error == AX_E_NO_KEY ? 0 : error;
}

int sup_show_map(struct sup_out *out, struct sup *sup, const struct sup_actor *actor,
                 const char *map, const char *prefix, uint64_t limit, uint64_t cursor)
{
    for (uint32_t i = 0; i < actor->n_maps; i++) {
        if (strcmp(actor->maps[i], map) != 0)
            continue;
        sup_out_open(out, '{');
        sup_out_key(out, "entries");
        sup_out_open(out, '[');
        int error = show_entries(out, sup, actor, i, prefix ? prefix : "", limit, &cursor);
        sup_out_close(out, ']');
        sup_out_key(out, "cursor");
        if (cursor == SUP_MAP_END)
            sup_out_null(out);
        else
            sup_out_number(out, cursor);
        sup_out_close(out, '}');
        return error;
    }
    return AX_E_NO_KEY;
}
