/* SPDX-License-Identifier: MIT */
/* ax/reflect.h - what a contract says about itself: the records that <ax/contract.h> generates.
 *
 * They are static data without constructors; every translation unit that includes a contract has
 * its own copy, and the linker drops those that nobody uses. So two records of one contract are
 * compared by name and hash (ax_contract_same), not by address. */
#ifndef AX_REFLECT_H
#define AX_REFLECT_H

#include <ax/types.h>

/* The closed set. X(symbol, word in a contract, size, alignment); size 0: depends on the field. */
#define AX_TYPES(X)                                                                                \
    X(BOOL, "bool", 1, 1)                                                                          \
    X(I8, "i8", 1, 1)                                                                              \
    X(I16, "i16", 2, 2)                                                                            \
    X(I32, "i32", 4, 4)                                                                            \
    X(I64, "i64", 8, 8)                                                                            \
    X(U8, "u8", 1, 1)                                                                              \
    X(U16, "u16", 2, 2)                                                                            \
    X(U32, "u32", 4, 4)                                                                            \
    X(U64, "u64", 8, 8)                                                                            \
    X(F32, "f32", 4, 4)                                                                            \
    X(F64, "f64", 8, 8)                                                                            \
    X(STR, "str", 16, 8)                                                                           \
    X(BYTES, "bytes", 16, 8)                                                                       \
    X(REF, "ref", 16, 8)                                                                           \
    X(REF_TO, "ref_to", 16, 8)                                                                     \
    X(TEXT, "text", 0, 1)                                                                          \
    X(NESTED, "nested", 0, 0)

enum ax_type {
#define AX_TYPE_ENUM(symbol, word, size, align) AX_TYPE_##symbol,
    AX_TYPES(AX_TYPE_ENUM)
#undef AX_TYPE_ENUM
        AX_TYPE_COUNT
};

#define AX_FIELD_ARRAY 1u /* ax_field.flags: `count` elements of `type` */
#define AX_FIELD_LOCAL 2u /* for the compiler alone: a ref to a contract marked AX_LOCAL */

#define AX_FIELDS_MAX 32u             /* fields of a struct */
#define AX_MAPS_MAX 12u               /* kept maps of an actor */
#define AX_METHODS_MAX 1024u          /* messages of a contract */
#define AX_NESTING_MAX 8u             /* structs in structs */
#define AX_FIXED_MAX (1u << 24)       /* bytes of a fixed part */
#define AX_DESCRIPTION_MAX (1u << 20) /* bytes of what ax_contract_parse takes */

struct ax_layout;

struct ax_field {
    const char *name;
    uint8_t type;                   /* enum ax_type; of an array: of its elements */
    uint8_t flags;                  /* AX_FIELD_* */
    uint32_t offset, size;          /* bytes; size is that of the whole array or text */
    uint32_t count;                 /* array: its elements; text: its bytes with NUL; else 0 */
    const struct ax_layout *nested; /* of AX_TYPE_NESTED, else NULL */
    const char *ref_to;             /* contract's name of AX_TYPE_REF_TO, else NULL */
};

/* The fixed part of a message, of a kept state or of an AX_STRUCT. */
struct ax_layout {
    const char *name;
    uint32_t size, nfields;
    const struct ax_field *fields;
    bool has_var; /* has a str or bytes field */
    bool plain;   /* any bytes of the right size are a valid image */
};

/* The names of an actor's kept maps, see <ax/map.h>. */
struct ax_maps {
    uint32_t count; /* up to AX_MAPS_MAX */
    const char *const *names;
};

typedef void (*ax_handler)(struct ax_ctx *ctx, void *self, const void *msg, void *reply);

struct ax_method {
    const char *name;
    bool is_ask;
    const struct ax_layout *msg, *reply; /* reply: NULL of a tell */
};

struct ax_contract {
    const char *name;
    uint32_t nmethods;
    const struct ax_method *methods;
};

struct ax_down;
struct ax_exit;
struct ax_reply;
struct ax_io_event;
struct ax_life;

/* The members of struct ax_actor_type. They are declared twice: with void for the runtime, and with
 * the actor's own struct, against which the compiler checks the hooks in AX_ACTOR(). Both have one
 * representation, and the runtime calls a hook as if its `self` were a void pointer: every ABI that
 * ax runs on passes the two alike. A hook that is not set is NULL. */
#define AX_ACTOR_MEMBERS(state_type)                                                               \
    const struct ax_contract *contract;                                                            \
    const ax_handler *handlers;    /* one a method */                                              \
    const struct ax_layout *state; /* nfields == 0: fresh; else kept */                            \
    uint32_t state_size;                                                                           \
    const struct ax_maps *maps; /* kept; NULL or a count of 0: none */                             \
    void (*on_start)(struct ax_ctx * ctx, state_type * self);                                      \
    void (*on_restart)(struct ax_ctx * ctx, state_type * self);                                    \
    void (*on_stop)(struct ax_ctx * ctx, state_type * self);                                       \
    void (*on_down)(struct ax_ctx * ctx, state_type * self, const struct ax_down *down);           \
    void (*on_exit)(struct ax_ctx * ctx, state_type * self, const struct ax_exit *exit);           \
    void (*on_reply)(struct ax_ctx * ctx, state_type * self, const struct ax_reply *reply);        \
    void (*on_io)(struct ax_ctx * ctx, state_type * self, const struct ax_io_event *event);        \
    void (*on_lifecycle)(struct ax_ctx * ctx, state_type * self, const struct ax_life *life);      \
    void (*snapshot)(struct ax_ctx * ctx, state_type * self);                                      \
    void (*restore)(struct ax_ctx * ctx, state_type * self, const void *data, uint32_t size);      \
    bool durable;  /* AX_DURABLE: a handler that awaits goes on in the next process */             \
    bool reserved; /* always false */

struct ax_actor_type {
    AX_ACTOR_MEMBERS(void)
};

#define AX_PLUGIN_MAGIC 0x31676c702d7861ull /* "ax-plg1" */
#define AX_PLUGIN_ABI 2u                    /* counts up when a struct above changes */

/* What a plugin exports, under the name ax_plugin. */
struct ax_plugin {
    uint64_t magic;
    uint32_t abi;
    uint32_t nactors;
    const char *name;
    const struct ax_actor_type *const *actors;
};

/* 64 bits of BLAKE2b over the canonical text of the contract: names, order and types of messages
 * and fields, those of nested structs included. Equal hashes: the images mean the same. Costs a
 * microsecond or more: keep it. */
uint64_t ax_contract_hash(const struct ax_contract *contract);

/* Whether two records are of one contract: at once if they are one record, else by name and hash.
 */
bool ax_contract_same(const struct ax_contract *a, const struct ax_contract *b);

/* The method of that name, or NULL. */
const struct ax_method *ax_contract_find(const struct ax_contract *contract, const char *name);

/* The canonical JSON text of a contract, and of an actor's kept state where `state` is not NULL and
 * has fields. *text is NUL-terminated and the caller's to free(). AX_E_INVALID for a record that
 * <ax/contract.h> would not have generated, -ENOMEM. */
AX_MUST_USE int ax_contract_describe(const struct ax_contract *contract,
                                     const struct ax_layout *state, char **text);

/* Reads what ax_contract_describe wrote, trusting none of it: AX_E_INVALID for anything else,
 * AX_E_LIMIT above the limits in this header, -ENOMEM (within the JSON parser a failed allocation
 * may show as AX_E_INVALID). *state may be asked for with NULL; it
 * belongs to the contract and is NULL where none was described. */
AX_MUST_USE int ax_contract_parse(const char *text, size_t len, struct ax_contract **contract,
                                  const struct ax_layout **state);

/* Frees what ax_contract_parse made, and nothing else. Takes NULL; returns NULL. */
struct ax_contract *ax_contract_free(struct ax_contract *contract);

/* Whether `image` of `size` bytes is a message of that layout: its str and bytes lie within it and
 * behind the fixed part, a NUL follows each str, bools are 0 or 1, a text has its NUL. `size` may
 * be up to 7 more than what there is, as frames are padded. 0 or AX_E_INVALID. The image may come
 * from anyone and have any alignment, but nobody must be able to change it meanwhile: copy, then
 * validate. */
AX_MUST_USE int ax_layout_validate(const struct ax_layout *layout, const void *image, size_t size);

/* After the fixed part at `src` was copied to `dst`: makes the str and bytes of `dst` point at the
 * data of `src`, which must outlive their use. Both aligned as the struct. */
void ax_layout_relocate(const struct ax_layout *layout, void *dst, const void *src);

/* Makes an image from a fixed part whose str and bytes may point anywhere in the process (as
 * ax_reply_str leaves them). *size is what it takes, also with AX_E_TOO_BIG, when `cap` is less.
 * `buf` and `fixed` must not overlap. */
AX_MUST_USE int ax_layout_flatten(const struct ax_layout *layout, const void *fixed, void *buf,
                                  size_t cap, size_t *size);

/* Bytes of one element of an array, else of the field. */
static inline uint32_t ax_field_element(const struct ax_field *field)
{
    return field->flags & AX_FIELD_ARRAY ? field->size / field->count : field->size;
}

/* A ref as people write it, "slot.index.generation" in decimal, with "@node" behind it when not of
 * this node. buf has room for AX_REF_TEXT bytes; returned for convenience. */
#define AX_REF_TEXT 48
char *ax_ref_format(struct ax_ref ref, char *buf);
/* The reverse; false for anything else, parts out of range and leading zeros included. */
AX_MUST_USE bool ax_ref_parse(const char *text, struct ax_ref *ref);

#endif
