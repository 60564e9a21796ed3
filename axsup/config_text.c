/* SPDX-License-Identifier: MIT */
/* config_text.c - what the table of keys says, in words; and which key a mistaken one was meant to
 * be. */
#include "axsup/config_keys.h"

#include "axsup/config.h"
#include "axsup/nearest.h"

#include <inttypes.h>
#include <string.h>

/* Writes `"never", "on_failure" or "always"`; `more` words will follow. */
static size_t put_words(const struct sup_key *key, bool more, char *to, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; key->words[i] && n < room; i++) {
        const char *between = i == 0 ? "" : key->words[i + 1] || more ? ", " : " or ";

        n += (size_t)snprintf(to + n, room - n, "%s\"%s\"", between, key->words[i]);
    }
    return n < room ? n : room;
}

static void put_range(const struct sup_key *key, const char *noun, char *to)
{
    char low[SUP_UNIT_ROOM], high[SUP_UNIT_ROOM], zero[SUP_UNIT_ROOM];
    char *(*format)(uint64_t, char *) =
        key->kind == SUP_KEY_SIZE ? sup_format_size : sup_format_duration;

    if (key->kind == SUP_KEY_INTEGER)
        snprintf(to, SUP_KEY_TAKES_ROOM, "%s from %" PRIu64 " to %" PRIu64, noun, key->min,
                 key->max);
    else if (key->or_zero)
        snprintf(to, SUP_KEY_TAKES_ROOM, "\"%s\" or %s from \"%s\" to \"%s\"", format(0, zero),
                 noun, format(key->min, low), format(key->max, high));
    else
        snprintf(to, SUP_KEY_TAKES_ROOM, "%s from \"%s\" to \"%s\"", noun, format(key->min, low),
                 format(key->max, high));
}

static void put_name(const struct sup_key *key, char *to)
{
    int n =
        snprintf(to, SUP_KEY_TAKES_ROOM, "a string of %" PRIu64 " to %" PRIu64, key->min, key->max);
    size_t room = SUP_KEY_TAKES_ROOM - (size_t)n;

    if (!key->first)
        snprintf(to + n, room, " bytes without \"/\" and control characters");
    else
        snprintf(to + n, room, " characters of [%s], the first of [%s]", key->rest, key->first);
}

static void put_suspect(const struct sup_key *key, char *to)
{
    const struct sup_key *form = key->object->keys;
    size_t n = put_words(key, true, to, SUP_KEY_TAKES_ROOM);

    snprintf(to + n, SUP_KEY_TAKES_ROOM - n, " or {\"%s\": N} with N from %" PRIu64 " to %" PRIu64,
             form->name, form->min, form->max);
}

char *sup_key_takes(const struct sup_key *key, char *buffer)
{
    switch (key->kind) {
    case SUP_KEY_NAME:
        put_name(key, buffer);
        break;
    case SUP_KEY_PATH:
        snprintf(buffer, SUP_KEY_TAKES_ROOM, "a path");
        break;
    case SUP_KEY_INTEGER:
        put_range(key, "an integer", buffer);
        break;
    case SUP_KEY_DURATION:
        put_range(key, "a duration", buffer);
        break;
    case SUP_KEY_SIZE:
        put_range(key, "a size", buffer);
        break;
    case SUP_KEY_WORD:
        put_words(key, false, buffer, SUP_KEY_TAKES_ROOM);
        break;
    case SUP_KEY_BACKOFF:
        put_range(key, "an array of two durations", buffer);
        break;
    case SUP_KEY_SUSPECT:
        put_suspect(key, buffer);
        break;
    case SUP_KEY_ARGS:
        snprintf(buffer, SUP_KEY_TAKES_ROOM,
                 "an object, of at most %" PRIu64 " bytes as compact JSON", key->max);
        break;
    case SUP_KEY_LISTEN:
        snprintf(buffer, SUP_KEY_TAKES_ROOM,
                 "an object of at most %" PRIu64 " members {NAME: ADDRESS}", key->max);
        break;
    case SUP_KEY_BOOL:
        snprintf(buffer, SUP_KEY_TAKES_ROOM, "true or false");
        break;
    case SUP_KEY_ADDRESS:
        snprintf(buffer, SUP_KEY_TAKES_ROOM, "an address");
        break;
    case SUP_KEY_PINS:
        snprintf(buffer, SUP_KEY_TAKES_ROOM,
                 "an object of at most %" PRIu64 " members {NAME: KEY of %d hexadecimal digits}",
                 key->max, 2 * SUP_PIN_BYTES);
        break;
    case SUP_KEY_TEXTS:
        snprintf(buffer, SUP_KEY_TAKES_ROOM, "an array of %" PRIu64 " to %" PRIu64 " strings",
                 key->min, key->max);
        break;
    case SUP_KEY_OBJECT:
        snprintf(buffer, SUP_KEY_TAKES_ROOM, "an object");
        break;
    case SUP_KEY_LIST:
        if (key->max == UINT32_MAX)
            snprintf(buffer, SUP_KEY_TAKES_ROOM, "an array of objects");
        else
            snprintf(buffer, SUP_KEY_TAKES_ROOM, "an array of %" PRIu64 " to %" PRIu64 " objects",
                     key->min, key->max);
        break;
    }
    return buffer;
}

const struct sup_key *sup_key_find(const struct sup_key_object *object, const char *name)
{
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->keys[i].name, name) == 0)
            return &object->keys[i];
    return NULL;
}

const struct sup_key *sup_key_near(const struct sup_key_object *object, const char *name)
{
    struct sup_nearest search;

    sup_nearest_init(&search, name);
    for (size_t i = 0; i < object->count; i++)
        sup_nearest_try(&search, object->keys[i].name);
    return search.best ? sup_key_find(object, search.best) : NULL;
}
