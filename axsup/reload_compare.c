/* SPDX-License-Identifier: MIT */
/* reload_compare.c - whether a plugin can take over from another one, and if not, what is
 * different. Memory names kinds of actors by their place in the plugin, messages by theirs in the
 * contract, and holds images of messages and states: so all of these must be the same. */
#include "axsup/reload.h"

#include <ax/errors.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct comparison {
    char *why;
    size_t room;
};

__attribute__((format(printf, 2, 3))) static int differs(struct comparison *out, const char *format,
                                                         ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(out->why, out->room, format, arguments);
    va_end(arguments);
    return AX_E_WRONG_CONTRACT;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

/* json_equal does not take two that are not there for equal. */
static bool same(const json_t *a, const json_t *b, const char *key)
{
    const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

    return (x == NULL && y == NULL) || json_equal(x, y);
}

static int compare_messages(struct comparison *out, const char *contract, const json_t *before,
                            const json_t *now)
{
    size_t count = json_array_size(before), has = json_array_size(now);

    for (size_t i = 0; i < count && i < has; i++) {
        const json_t *old = json_array_get(before, i), *new = json_array_get(now, i);

        if (strcmp(text_of(old, "name"), text_of(new, "name")) != 0)
            return differs(out, "has message %.63s.%.63s where %.63s was", contract,
                           text_of(new, "name"), text_of(old, "name"));
        if (!json_equal(old, new))
            return differs(out, "has a message %.63s.%.63s of other fields", contract,
                           text_of(old, "name"));
    }
    if (count > has)
        return differs(out, "has no message %.63s.%.63s", contract,
                       text_of(json_array_get(before, has), "name"));
    if (count < has)
        return differs(out, "has one message more, %.63s.%.63s", contract,
                       text_of(json_array_get(now, count), "name"));
    return 0;
}

static int compare_actor(struct comparison *out, const json_t *before, const json_t *now)
{
    const char *contract = text_of(before, "contract");

    if (*text_of(now, "contract") == '\0')
        return differs(out, "has an actor without a contract");
    if (strcmp(contract, text_of(now, "contract")) != 0)
        return differs(out, "has an actor of contract %.63s where that of %.63s was",
                       text_of(now, "contract"), contract);
    int error = compare_messages(out, contract, json_object_get(before, "messages"),
                                 json_object_get(now, "messages"));
    if (error == 0 && !same(before, now, "state"))
        error = differs(out, "keeps another state of %.63s", contract);
    if (error == 0 && !same(before, now, "maps"))
        error = differs(out, "keeps other maps of %.63s", contract);
    if (error == 0 && !same(before, now, "hash"))
        error = differs(out, "has another contract %.63s", contract);
    return error;
}

static int compare_actors(struct comparison *out, const json_t *before, const json_t *now)
{
    size_t count = json_array_size(before), has = json_array_size(now);
    int error = 0;

    for (size_t i = 0; i < count && i < has && error == 0; i++)
        error = compare_actor(out, json_array_get(before, i), json_array_get(now, i));
    if (error == 0 && count > has)
        error = differs(out, "has no actor of contract %.63s",
                        text_of(json_array_get(before, has), "contract"));
    if (error == 0 && count < has)
        error = differs(out, "has one actor more, of contract %.63s",
                        text_of(json_array_get(now, count), "contract"));
    return error;
}

int sup_reload_compare(const char *before, const char *text, size_t size, char *why, size_t room)
{
    struct comparison out = {why, room};
    json_t *old = json_loads(before, 0, NULL);
    json_t *new = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    int error = 0;

    if (old == NULL)
        error = -ENOMEM;
    else if (!json_is_array(json_object_get(new, "actors")) || *text_of(new, "plugin") == '\0')
        error = AX_E_INVALID;
    if (error == 0)
        error =
            compare_actors(&out, json_object_get(old, "actors"), json_object_get(new, "actors"));
    else
        snprintf(why, room, "%s",
                 error == -ENOMEM ? "cannot be compared: there is no memory"
                                  : "says of itself what makes no sense");
    json_decref(old);
    json_decref(new);
    return error;
}
