/* SPDX-License-Identifier: MIT */
/* config_schema.c - the JSON Schema of axsup.json (draft 2020-12), from the table of keys.
 *
 * An editor that knows the schema completes keys and marks mistakes while a config is written. What
 * a schema cannot say (sums, orders, names taken, the range of a duration) stands in the
 * descriptions and is checked by the loader alone. */
#include "axsup/config.h"
#include "axsup/config_keys.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define DURATION_PATTERN "^[0-9]+(\\\\.[0-9]+)?(ns|us|ms|s|m|h)$"
#define SIZE_PATTERN "^[0-9]+[KMG]?$"

static void put_string(FILE *to, const char *text)
{
    putc('"', to);
    for (; *text; text++)
        fprintf(to, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    putc('"', to);
}

static void put_words(FILE *to, const struct sup_key *key)
{
    fputs("\"enum\": [", to);
    for (size_t i = 0; key->words[i]; i++)
        fprintf(to, "%s\"%s\"", i > 0 ? ", " : "", key->words[i]);
    putc(']', to);
}

static void put_name(FILE *to, const struct sup_key *key)
{
    fprintf(to, "\"type\": \"string\", \"minLength\": %" PRIu64 ", \"maxLength\": %" PRIu64,
            key->min, key->max);
    if (key->first)
        fprintf(to, ", \"pattern\": \"^[%s][%s]*$\"", key->first, key->rest);
    else
        fputs(", \"pattern\": \"^[^/\\\\u0000-\\\\u001f\\\\u007f]*$\"", to);
}

/* What a value of the key looks like: the members of its schema up to the description. */
static void put_type(FILE *to, const struct sup_key *key)
{
    switch (key->kind) {
    case SUP_KEY_NAME:
        put_name(to, key);
        break;
    case SUP_KEY_PATH:
        fputs("\"type\": \"string\", \"minLength\": 1", to);
        break;
    case SUP_KEY_INTEGER:
        fprintf(to, "\"type\": \"integer\", \"minimum\": %" PRIu64 ", \"maximum\": %" PRIu64,
                key->min, key->max);
        break;
    case SUP_KEY_DURATION:
        fputs("\"type\": \"string\", \"pattern\": \"" DURATION_PATTERN "\"", to);
        break;
    case SUP_KEY_SIZE:
        fputs("\"type\": \"string\", \"pattern\": \"" SIZE_PATTERN "\"", to);
        break;
    case SUP_KEY_WORD:
        put_words(to, key);
        break;
    case SUP_KEY_BACKOFF:
        fputs("\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2,\n"
              "          \"items\": {\"type\": \"string\", \"pattern\": \"" DURATION_PATTERN "\"}",
              to);
        break;
    case SUP_KEY_SUSPECT:
        fputs("\"anyOf\": [{", to);
        put_words(to, key);
        fprintf(to, "}, {\"$ref\": \"#/$defs/%s\"}]", key->object->name);
        break;
    case SUP_KEY_ARGS:
        fputs("\"type\": \"object\"", to);
        break;
    case SUP_KEY_LISTEN:
        fprintf(to,
                "\"type\": \"object\", \"maxProperties\": %" PRIu64
                ",\n          \"propertyNames\": {\"minLength\": 1, \"maxLength\": %d},"
                "\n          \"additionalProperties\": {\"type\": \"string\"}",
                key->max, SUP_LISTEN_NAME_MAX);
        break;
    case SUP_KEY_BOOL:
        fputs("\"type\": \"boolean\"", to);
        break;
    case SUP_KEY_ADDRESS:
        fputs("\"type\": \"string\", \"minLength\": 1", to);
        break;
    case SUP_KEY_PINS:
        fprintf(to,
                "\"type\": \"object\", \"maxProperties\": %" PRIu64
                ",\n          \"additionalProperties\": {\"type\": \"string\", "
                "\"pattern\": \"^[0-9A-Fa-f]{%d}$\"}",
                key->max, 2 * SUP_PIN_BYTES);
        break;
    case SUP_KEY_TEXTS:
        fprintf(to,
                "\"type\": \"array\", \"minItems\": %" PRIu64 ", \"maxItems\": %" PRIu64
                ",\n          \"items\": {\"type\": \"string\", \"minLength\": 1}",
                key->min, key->max);
        break;
    case SUP_KEY_OBJECT:
        fprintf(to, "\"$ref\": \"#/$defs/%s\"", key->object->name);
        break;
    case SUP_KEY_LIST:
        fprintf(to, "\"type\": \"array\", \"minItems\": %" PRIu64 ", ", key->min);
        if (key->max != UINT32_MAX)
            fprintf(to, "\"maxItems\": %" PRIu64 ", ", key->max);
        fprintf(to, "\"items\": {\"$ref\": \"#/$defs/%s\"}", key->object->name);
        break;
    }
}

static void put_key(FILE *to, const struct sup_key *key, const char *indent)
{
    char takes[SUP_KEY_TAKES_ROOM], about[1024];

    sup_key_takes(key, takes);
    takes[0] = (char)toupper(takes[0]);
    snprintf(about, sizeof(about), "%s %s.%s%s%s", key->about, takes,
             key->absent ? " Where absent: " : "", key->absent ? key->absent : "",
             key->absent ? "." : "");
    fprintf(to, "%s\"%s\": {\n%s  ", indent, key->name, indent);
    put_type(to, key);
    fprintf(to, ",\n%s  \"description\": ", indent);
    put_string(to, about);
    if (key->def)
        fprintf(to, ",\n%s  \"default\": %s", indent, key->def);
    fprintf(to, "\n%s}", indent);
}

/* The members of an object's schema, the braces around them excepted. */
static void put_object(FILE *to, const struct sup_key_object *object, const char *indent)
{
    const char *between = "";
    char inner[32];

    snprintf(inner, sizeof(inner), "%s  ", indent);
    fprintf(to, "%s\"description\": ", indent);
    put_string(to, object->about);
    fprintf(to, ",\n%s\"type\": \"object\",\n%s\"additionalProperties\": false,\n", indent, indent);
    fprintf(to, "%s\"required\": [", indent);
    for (size_t i = 0; i < object->count; i++) {
        if (!object->keys[i].required)
            continue;
        fprintf(to, "%s\"%s\"", between, object->keys[i].name);
        between = ", ";
    }
    fprintf(to, "],\n%s\"properties\": {\n", indent);
    for (size_t i = 0; i < object->count; i++) {
        put_key(to, &object->keys[i], inner);
        fputs(i + 1 < object->count ? ",\n" : "\n", to);
    }
    fprintf(to, "%s}", indent);
}

struct definitions {
    FILE *to;
    const char *between;
};

static void put_definition(const struct sup_key_object *object, void *context)
{
    struct definitions *d = context;

    if (object == &sup_key_top)
        return;
    fprintf(d->to, "%s    \"%s\": {\n", d->between, object->name);
    put_object(d->to, object, "      ");
    fputs("\n    }", d->to);
    d->between = ",\n";
}

void sup_config_schema(FILE *to)
{
    struct definitions d = {to, ""};

    fputs("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
          "  \"title\": \"axsup.json\",\n",
          to);
    put_object(to, &sup_key_top, "  ");
    fputs(",\n  \"$defs\": {\n", to);
    sup_key_objects(put_definition, &d);
    fputs("\n  }\n}\n", to);
}
