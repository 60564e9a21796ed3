/* SPDX-License-Identifier: MIT */
/* The text of a contract, and its hash.
 *
 *   {"contract":"bank","hash":"90ab...","messages":[
 *    {"name":"note","kind":"tell","fields":[{"name":"amount","type":"i64"},...]},
 *    {"name":"open","kind":"ask","fields":[...],"reply":[...]}],
 *    "state":[{"name":"at","type":"nested(point)","fields":[{"name":"x","type":"f64"},...]}]}
 *
 * in one line, without spaces, members in this order, "state" where there is one. Every name is a C
 * identifier, so nothing needs to be escaped. The hash is the first eight bytes, little-endian, of
 * BLAKE2b-128 over the same text without "hash" and "state": a state may change its fields without
 * the contract becoming another. Offsets are not in the text. They follow from the types, each
 * field at the next offset that its alignment allows, as every ABI that ax runs on lays out a
 * struct; ax_contract_describe checks that the compiler did. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "libax/contract.h"

const struct ax_type_info ax_type_table[AX_TYPE_COUNT] = {
#define AX_TYPE_ROW(symbol, word, size, align) {word, size, align},
    AX_TYPES(AX_TYPE_ROW)
#undef AX_TYPE_ROW
};

/* ---- the rules of a layout ---- */

uint32_t ax_layout_align(const struct ax_layout *layout)
{
    uint32_t align = 1;

    for (uint32_t i = 0; i < layout->nfields; i++) {
        uint32_t one = ax_field_align(&layout->fields[i]);

        align = one > align ? one : align;
    }
    return align;
}

uint32_t ax_field_align(const struct ax_field *field)
{
    return field->type == AX_TYPE_NESTED ? ax_layout_align(field->nested)
                                         : ax_type_table[field->type].align;
}

static bool layout_sound(const struct ax_layout *layout, uint32_t depth, bool var_allowed);

static bool field_sound(const struct ax_field *field, uint32_t depth, bool var_allowed)
{
    bool array = field->flags & AX_FIELD_ARRAY;
    bool var = field->type == AX_TYPE_STR || field->type == AX_TYPE_BYTES;
    uint32_t size;

    if (field->type >= AX_TYPE_COUNT || (array && field->count == 0))
        return false;
    if (var && (array || !var_allowed))
        return false;
    if (field->type == AX_TYPE_NESTED && !layout_sound(field->nested, depth + 1, false))
        return false;
    size = ax_type_table[field->type].size;
    if (field->type == AX_TYPE_NESTED)
        size = field->nested->size;
    else if (field->type == AX_TYPE_TEXT)
        size = array ? field->size / field->count : field->count;
    return size != 0 && (uint64_t)size * (array ? field->count : 1) == field->size;
}

/* Whether the compiler laid the struct out as ax_contract_parse will. */
static bool layout_sound(const struct ax_layout *layout, uint32_t depth, bool var_allowed)
{
    uint64_t at = 0;
    uint32_t align;

    if (depth > AX_NESTING_MAX || layout->nfields > AX_FIELDS_MAX || layout->size > AX_FIXED_MAX)
        return false;
    for (uint32_t i = 0; i < layout->nfields; i++) {
        const struct ax_field *field = &layout->fields[i];

        if (!field_sound(field, depth, var_allowed))
            return false;
        align = ax_field_align(field);
        at = (at + align - 1) & ~(uint64_t)(align - 1);
        if (field->offset != at)
            return false;
        at += field->size;
    }
    align = ax_layout_align(layout);
    return layout->size == ((at + align - 1) & ~(uint64_t)(align - 1));
}

static bool contract_sound(const struct ax_contract *contract, const struct ax_layout *state)
{
    if (contract->nmethods > AX_METHODS_MAX)
        return false;
    for (uint32_t i = 0; i < contract->nmethods; i++) {
        const struct ax_method *method = &contract->methods[i];

        if (!layout_sound(method->msg, 0, true) ||
            (method->is_ask && !layout_sound(method->reply, 0, true)))
            return false;
    }
    return !state || layout_sound(state, 0, false);
}

/* ---- writing the text ---- */

/* Where text goes: into a hash, or into `buf`, or nowhere but into the count. */
struct sink {
    crypto_generichash_state *hash;
    char *buf;
    size_t len;
};

static void put(struct sink *sink, const char *text)
{
    size_t len = strlen(text);

    if (sink->hash)
        crypto_generichash_update(sink->hash, (const unsigned char *)text, len);
    if (sink->buf)
        memcpy(sink->buf + sink->len, text, len);
    sink->len += len;
}

static void put_number(struct sink *sink, uint32_t number)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", number);
    put(sink, text);
}

static void put_type(struct sink *sink, const struct ax_field *field)
{
    bool array = field->flags & AX_FIELD_ARRAY;

    put(sink, array ? "array(" : "");
    put(sink, ax_type_table[field->type].word);
    if (field->type == AX_TYPE_NESTED || field->type == AX_TYPE_REF_TO) {
        put(sink, "(");
        put(sink, field->type == AX_TYPE_NESTED ? field->nested->name : field->ref_to);
        put(sink, ")");
    } else if (field->type == AX_TYPE_TEXT) {
        put(sink, "(");
        put_number(sink, ax_field_element(field));
        put(sink, ")");
    }
    if (array) {
        put(sink, ",");
        put_number(sink, field->count);
        put(sink, ")");
    }
}

static void put_fields(struct sink *sink, const char *label, const struct ax_layout *layout)
{
    put(sink, ",\"");
    put(sink, label);
    put(sink, "\":[");
    for (uint32_t i = 0; i < layout->nfields; i++) {
        const struct ax_field *field = &layout->fields[i];

        put(sink, i ? ",{\"name\":\"" : "{\"name\":\"");
        put(sink, field->name);
        put(sink, "\",\"type\":\"");
        put_type(sink, field);
        put(sink, "\"");
        if (field->type == AX_TYPE_NESTED)
            put_fields(sink, "fields", field->nested);
        put(sink, "}");
    }
    put(sink, "]");
}

static void put_contract(struct sink *sink, const struct ax_contract *contract, const char *hash,
                         const struct ax_layout *state)
{
    put(sink, "{\"contract\":\"");
    put(sink, contract->name);
    if (hash) {
        put(sink, "\",\"hash\":\"");
        put(sink, hash);
    }
    put(sink, "\",\"messages\":[");
    for (uint32_t i = 0; i < contract->nmethods; i++) {
        const struct ax_method *method = &contract->methods[i];

        put(sink, i ? ",{\"name\":\"" : "{\"name\":\"");
        put(sink, method->name);
        put(sink, method->is_ask ? "\",\"kind\":\"ask\"" : "\",\"kind\":\"tell\"");
        put_fields(sink, "fields", method->msg);
        if (method->is_ask)
            put_fields(sink, "reply", method->reply);
        put(sink, "}");
    }
    put(sink, "]");
    if (state && state->nfields)
        put_fields(sink, "state", state);
    put(sink, "}");
}

/* ---- the public part ---- */

uint64_t ax_contract_hash(const struct ax_contract *contract)
{
    unsigned char digest[crypto_generichash_BYTES_MIN];
    crypto_generichash_state state;
    struct sink sink = {.hash = &state};
    uint64_t hash = 0;

    crypto_generichash_init(&state, NULL, 0, sizeof(digest));
    put_contract(&sink, contract, NULL, NULL);
    crypto_generichash_final(&state, digest, sizeof(digest));
    for (unsigned i = 0; i < sizeof(hash); i++)
        hash |= (uint64_t)digest[i] << (8 * i);
    return hash;
}

bool ax_contract_same(const struct ax_contract *a, const struct ax_contract *b)
{
    if (a == b)
        return true;
    return strcmp(a->name, b->name) == 0 && ax_contract_hash(a) == ax_contract_hash(b);
}

const struct ax_method *ax_contract_find(const struct ax_contract *contract, const char *name)
{
    for (uint32_t i = 0; i < contract->nmethods; i++)
        if (strcmp(contract->methods[i].name, name) == 0)
            return &contract->methods[i];
    return NULL;
}

void ax_contract_hash_text(const struct ax_contract *contract, char text[AX_HASH_TEXT])
{
    snprintf(text, AX_HASH_TEXT, "%016llx", (unsigned long long)ax_contract_hash(contract));
}

int ax_contract_describe(const struct ax_contract *contract, const struct ax_layout *state,
                         char **text)
{
    struct sink sink = {0};
    char hash[AX_HASH_TEXT];

    if (!contract_sound(contract, state))
        return AX_E_INVALID;
    ax_contract_hash_text(contract, hash);
    put_contract(&sink, contract, hash, state);
    sink.buf = malloc(sink.len + 1);
    if (!sink.buf)
        return -ENOMEM;
    sink.len = 0;
    put_contract(&sink, contract, hash, state);
    sink.buf[sink.len] = 0;
    *text = sink.buf;
    return 0;
}
