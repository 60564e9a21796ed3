/* SPDX-License-Identifier: MIT */
/* config_read_map.c - keys whose value is an object of names that the user chooses, or a list of
 * texts. */
#include "axsup/config_reader.h"

#include <sodium.h>
#include <string.h>

static bool take_address(struct sup_reader *r, struct sup_json *node, struct sup_listen_config *out)
{
    out->text = node->text;
    return boot_address_read(node->text, &out->address) ||
           sup_read_wrong(r, node,
                          "expected \"IP:PORT\", \"[IPV6]:PORT\" or a path of at most %zu bytes "
                          "that begins with \"/\", found \"%.120s\"",
                          sizeof(out->address.of.local.sun_path) - 1, node->text);
}

bool sup_read_address(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                      void *field)
{
    if (node->kind != SUP_JSON_STRING)
        return sup_read_wrong_type(r, node, key);
    return take_address(r, node, field);
}

/* The key of a member, which is a name. */
static bool take_name(struct sup_reader *r, struct sup_json *node, const char **out)
{
    size_t length = strlen(node->key);

    if (length == 0 || length > SUP_LISTEN_NAME_MAX)
        return sup_read_wrong(r, node, "expected a name of 1 to %d bytes", SUP_LISTEN_NAME_MAX);
    *out = node->key;
    return true;
}

static bool read_listener(struct sup_reader *r, struct sup_json *node,
                          struct sup_listen_config *out)
{
    if (node->kind != SUP_JSON_STRING)
        return sup_read_wrong(r, node, "expected an address, found %s",
                              sup_json_kind_text(node->kind));
    return take_name(r, node, &out->name) && take_address(r, node, out);
}

/* The system picks another port for each that says 0. */
static bool is_new(struct sup_reader *r, struct sup_json *node, const struct sup_listen_config *all,
                   size_t count)
{
    char one[BOOT_ADDRESS_TEXT], other[BOOT_ADDRESS_TEXT];
    const char *colon = strrchr(boot_address_text(&all[count].address, one), ':');

    if (*one != '/' && colon && strcmp(colon, ":0") == 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if (strcmp(boot_address_text(&all[i].address, other), one) == 0)
            return sup_read_wrong(r, node,
                                  "\"%.63s\" has that address already: each needs one of its own",
                                  all[i].name);
    return true;
}

/* Room for the members of an object or the elements of a list, one more than there are, which are
 * set where the key is with their number. NULL after saying what is wrong. */
static void *make_room(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                       size_t size)
{
    char takes[SUP_KEY_TAKES_ROOM];
    void *all;

    if (node->count < key->min || node->count > key->max) {
        sup_read_wrong(r, node, "expected %s, found %u", sup_key_takes(key, takes), node->count);
        return NULL;
    }
    all = sup_pool_alloc(&r->config->pool, (node->count + 1) * size);
    r->errors->no_memory |= !all;
    return all;
}

static bool set(const struct sup_key *key, void *field, const void *all, size_t count)
{
    memcpy(field, &all, sizeof(all));
    memcpy((char *)field - key->offset + key->count_offset, &count, sizeof(count));
    return true;
}

bool sup_read_listen(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                     void *field)
{
    struct sup_listen_config *all;
    size_t count = 0;

    if (node->kind != SUP_JSON_OBJECT)
        return sup_read_wrong_type(r, node, key);
    all = make_room(r, node, key, sizeof(*all));
    for (struct sup_json *m = all ? node->first : NULL; m; m = m->next)
        if (m->kind != SUP_JSON_BAD)
            count += read_listener(r, m, &all[count]) && is_new(r, m, all, count);
    return all && set(key, field, all, count);
}

static bool read_pin(struct sup_reader *r, struct sup_json *node, struct sup_pin_config *out)
{
    size_t n = 0;

    if (node->kind != SUP_JSON_STRING)
        return sup_read_wrong(r, node, "expected a public key, found %s",
                              sup_json_kind_text(node->kind));
    if (strlen(node->text) != 2 * sizeof(out->key) ||
        sodium_hex2bin(out->key, sizeof(out->key), node->text, 2 * sizeof(out->key), NULL, &n,
                       NULL) != 0 ||
        n != sizeof(out->key))
        return sup_read_wrong(r, node,
                              "expected a public key of %zu hexadecimal digits, as \"axsup keygen "
                              "--key\" prints it, found \"%.80s\"",
                              2 * sizeof(out->key), node->text);
    return take_name(r, node, &out->node);
}

bool sup_read_pins(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                   void *field)
{
    struct sup_pin_config *all;
    size_t count = 0;

    if (node->kind != SUP_JSON_OBJECT)
        return sup_read_wrong_type(r, node, key);
    all = make_room(r, node, key, sizeof(*all));
    for (struct sup_json *m = all ? node->first : NULL; m; m = m->next)
        if (m->kind != SUP_JSON_BAD)
            count += read_pin(r, m, &all[count]);
    return all && set(key, field, all, count);
}

bool sup_read_texts(struct sup_reader *r, struct sup_json *node, const struct sup_key *key,
                    void *field)
{
    const char **all;
    size_t count = 0;

    if (node->kind != SUP_JSON_LIST)
        return sup_read_wrong_type(r, node, key);
    all = make_room(r, node, key, sizeof(*all));
    for (struct sup_json *e = all ? node->first : NULL; e; e = e->next) {
        if (e->kind == SUP_JSON_STRING && *e->text != '\0')
            all[count++] = e->text;
        else if (e->kind != SUP_JSON_BAD)
            sup_read_wrong(r, e, "expected a string that is not empty, found %s",
                           e->kind == SUP_JSON_STRING ? "an empty one"
                                                      : sup_json_kind_text(e->kind));
    }
    return all && set(key, field, all, count);
}
