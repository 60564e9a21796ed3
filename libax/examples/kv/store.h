/* SPDX-License-Identifier: MIT */
/* store.h - what a shard keeps, in four maps.
 *
 *   keys     key -> head (type, deadline), and behind it the string, or the list, hash or set as
 *            struct collection
 *   members  a list's elements by their number; fields of a hash and members of a set by name, and
 *            their names by number, so that a walk touches what belongs to the key alone
 *   expiry   each key that has a deadline, and some that have none any more
 *   trash    collections that are no more, whose members are still there
 *
 * Each collection has an id of its own that its members' keys begin with: it can be deleted, or its
 * key be given another value, at once, and its members go later, some a turn (sweep.c). */
#ifndef KV_STORE_H
#define KV_STORE_H

#include "call.h"
#include "shard.h"

#include <ax/map.h>

AX_MAPS(shard, keys, members, expiry, trash);

enum kv_type { TYPE_STRING, TYPE_LIST, TYPE_HASH, TYPE_SET };

struct collection {
    uint64_t id;
    int64_t head, tail; /* of a list: the first element and behind the last; else 0 and how many */
};

struct value {
    bool there;
    enum kv_type type;
    int64_t expires_ms;        /* 0: never */
    struct ax_span payload;    /* in the arena: valid until the next change of `keys` */
    struct collection members; /* but of a string */
};

/* ---- keys ---- */

/* What a key has; what has expired is deleted, and is not there. Returns value->there. */
bool store_find(struct call *call, struct ax_span key, struct value *value);
/* The same, but it must be of this type, or absent. False: answered. */
bool store_find_typed(struct call *call, struct ax_span key, enum kv_type type,
                      struct value *value);
/* As store_find for walks: changes nothing. */
bool store_peek(struct call *call, struct ax_span entry, struct value *value);

/* Gives the key a string: two parts, one behind the other. `old` is what it had. */
AX_MUST_USE int store_string(struct call *call, struct ax_span key, const struct value *old,
                             int64_t expires_ms, struct ax_span first, struct ax_span second);
/* Writes value->members back; a collection that has none left goes. */
AX_MUST_USE int store_collection(struct call *call, struct ax_span key, struct value *value);
/* Makes value an empty collection, where the key is absent; nothing is written. */
void store_begin(struct call *call, struct value *value, enum kv_type type);
AX_MUST_USE int store_delete(struct call *call, struct ax_span key, const struct value *value);
AX_MUST_USE int store_set_deadline(struct call *call, struct ax_span key, const struct value *value,
                                   int64_t expires_ms);

/* ---- elements of a list: any number between head and tail ---- */

AX_MUST_USE int store_element_put(struct call *call, uint64_t id, int64_t at, struct ax_span bytes);
struct ax_span store_element(struct call *call, uint64_t id, int64_t at);
AX_MUST_USE int store_element_delete(struct call *call, uint64_t id, int64_t at);

/* ---- fields of a hash, members of a set ---- */

#define STORE_FIELD_MAX (AX_MAP_KEY_MAX - 8)

/* False: there is no such field. */
bool store_field(struct call *call, const struct value *table, struct ax_span field,
                 struct ax_span *bytes);
/* By number, below members.tail. */
struct ax_span store_field_name(struct call *call, uint64_t id, int64_t at);
/* Adds a field or replaces its bytes; *added where it is new, and members.tail is one more. */
AX_MUST_USE int store_field_put(struct call *call, struct value *table, struct ax_span field,
                                struct ax_span bytes, bool *added);
/* After fields were added: writes the head; or where there is no memory for it takes out again what
 * is from number `before` on. */
AX_MUST_USE int store_fields_added(struct call *call, struct value *table, int64_t before);
/* The last one takes its number. False: there is no such field. */
bool store_field_delete(struct call *call, struct value *table, struct ax_span field);

/* ---- what is left of something deleted ---- */

/* Up to `most` members of a collection that is not of a key any more; true: none are left. */
bool store_give_back(struct call *call, enum kv_type type, struct collection *members,
                     uint32_t most);

/* ---- shard.c ---- */

uint64_t shard_new_id(struct shard *self);
/* There is something to be swept. */
void shard_wants_sweep(struct call *call);

#endif
