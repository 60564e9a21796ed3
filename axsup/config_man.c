/* SPDX-License-Identifier: MIT */
/* config_man.c - the table of keys for people: the section of the manual page, and the listing. */
#include "axsup/config.h"
#include "axsup/config_keys.h"
#include "axsup/prose.h"

#include <ctype.h>
#include <string.h>

static void put_man_key(FILE *to, const struct sup_key *key)
{
    char takes[SUP_KEY_TAKES_ROOM], line[512];

    sup_key_takes(key, takes);
    takes[0] = (char)toupper(takes[0]);
    fprintf(to, ".It Cm %s\n", key->name);
    sup_prose_man(to, key->about);
    if (key->def)
        snprintf(line, sizeof(line), "%s; the default is %s.", takes, key->def);
    else if (key->absent)
        snprintf(line, sizeof(line), "%s; where it is absent: %s.", takes, key->absent);
    else
        snprintf(line, sizeof(line), "%s%s.", takes, key->required ? "; required" : "");
    sup_prose_man(to, line);
}

static void put_man_object(const struct sup_key_object *object, void *context)
{
    FILE *to = context;

    fprintf(to, ".Ss %s\n", object->title);
    sup_prose_man(to, object->about);
    fputs(".Bl -tag -width Ds\n", to);
    for (size_t i = 0; i < object->count; i++)
        put_man_key(to, &object->keys[i]);
    fputs(".El\n", to);
}

void sup_config_print_man(FILE *to)
{
    fputs(".Sh KEYS\n", to);
    sup_prose_man(
        to, "A duration is a string of a number, which may have a fraction, and one of the "
            "units ns, us, ms, s, m and h, such as \"250ms\" or \"1.5s\". A size is a string "
            "of a whole number of bytes, or of a whole number and K, M or G (of 1024), such as "
            "\"64K\".");
    sup_key_objects(put_man_object, to);
}

/* Prints the keys of an object and of those in it; the depth is that of the table. */
static void put_list(FILE *to, const struct sup_key_object *object, const char *prefix)
{
    for (size_t i = 0; i < object->count; i++) {
        const struct sup_key *key = &object->keys[i];
        char path[128], inner[130], takes[SUP_KEY_TAKES_ROOM];

        snprintf(path, sizeof(path), "%s%s%s", prefix, key->name,
                 key->kind == SUP_KEY_LIST ? "[]" : "");
        snprintf(inner, sizeof(inner), "%s.", path);
        fprintf(to, "  %-36s %s", path, sup_key_takes(key, takes));
        if (key->def)
            fprintf(to, "; default %s", key->def);
        fputs(key->required ? "; required\n" : "\n", to);
        if (key->kind == SUP_KEY_OBJECT || key->kind == SUP_KEY_LIST)
            put_list(to, key->object, inner);
    }
}

void sup_config_print_keys(FILE *to)
{
    fputs("keys:\n", to);
    put_list(to, &sup_key_top, "");
}
