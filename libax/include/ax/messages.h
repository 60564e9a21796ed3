/* SPDX-License-Identifier: MIT */
/* ax/messages.h - from the messages of a contract to C; AX_ACTOR and AX_PLUGIN.
 *
 * <ax/contract.h> runs AX_MESSAGES several times over, each time with another pair of the macros
 * AX_<something>_TELL(message, fields) and AX_<something>_ASK(message, fields, reply's fields).
 * Names that a sender has beside its arguments begin with ax_, which a field's name cannot. */
#ifndef AX_MESSAGES_H
#define AX_MESSAGES_H

#include <ax/actor.h>
#include <ax/cluster.h>
#include <ax/fields.h>
#include <ax/registry.h>

/* clang-format off */

/* ---- names ---- */

/* What cannot be the name of a message: the calls that every ref has, and what is generated once a
 * contract. X(s, name) */
#define AX_RESERVED_NAMES(X, s) \
    X(s, "new") X(s, "stop") X(s, "as_local_ref") X(s, "mailbox_len") X(s, "control_mailbox_len") \
    X(s, "inflight_count") X(s, "idle_for") X(s, "silence_for") X(s, "incarnation") X(s, "pid") \
    X(s, "is_closed") X(s, "is_terminated") X(s, "snapshot") X(s, "restore") X(s, "spawn") \
    X(s, "spawn_stateful") X(s, "as_remote_ref") X(s, "of_local") X(s, "of_remote") \
    X(s, "find") X(s, "ref_key") X(s, "ref_at") X(s, "get_or_spawn") X(s, "lookup") X(s, "ref") X(s, "local_ref") X(s, "remote_ref") X(s, "ref_of") X(s, "self") \
    X(s, "contract") X(s, "method") X(s, "state") X(s, "actor") X(s, "actor_type")
#define AX_BANNED_SUFFIXES(X, s) \
    X(s, "_wait") X(s, "_timeout") X(s, "_async") X(s, "_after") X(s, "_every") \
    X(s, "_reply") X(s, "_reply_of")
#define AX_OR_SAME(s, name) || AX_SAME(s, name)
#define AX_OR_ENDS(s, suffix) || AX_ENDS(s, suffix)

#define AX_CHECK_CONTRACT(c) \
    _Static_assert(!AX_STARTS(#c "_", "ax_") && sizeof(#c) <= AX_NAME_MAX + 1, \
                   "ax: contract `" #c "`: a name has up to 63 bytes and is not `ax` nor begins " \
                   "with `ax_`"); \
    enum { ax_the_header_of_contract_##c##_is_included_twice };

/* The folded results go through an enum, because clang shows the whole of an asserted expression. */
#define AX_CHECK_MESSAGE(c, m) \
    enum { \
        c##_ax_##m##_is_reserved = 0 AX_RESERVED_NAMES(AX_OR_SAME, #m) || AX_STARTS(#m, "ax_"), \
        c##_ax_##m##_has_suffix = 0 AX_BANNED_SUFFIXES(AX_OR_ENDS, #m), \
    }; \
    _Static_assert(!c##_ax_##m##_is_reserved, \
                   "ax: message `" #m "` of contract `" #c "` has a reserved name"); \
    _Static_assert(!c##_ax_##m##_has_suffix, \
                   "ax: message `" #m "` of contract `" #c "` ends in a suffix of a generated " \
                   "name: _wait _timeout _async _after _every _reply _reply_of"); \
    _Static_assert(sizeof(#m) <= AX_NAME_MAX + 1, \
                   "ax: message `" #m "` of contract `" #c "`: a name has up to 63 bytes");

#define AX_CHECK_PAIRS(tag, list) AX_CHECK_PAIRS_(tag, AX_CAT(AX_PAIRS_, AX_PAIR_COUNT list), list)
#define AX_CHECK_PAIRS_(tag, loop, list) \
    _Static_assert(!AX_SAME(AX_STRINGIZE(loop), "AX_PAIRS_MANY"), \
                   "ax: `" #tag "` has more than 32 fields; put some into an AX_STRUCT"); \
    _Static_assert(!AX_SAME(AX_STRINGIZE(loop), "AX_PAIRS_ODD") && \
                       (!AX_SAME(AX_STRINGIZE(loop), "AX_PAIRS_0") || sizeof(#list) == sizeof("()")), \
                   "ax: fields " #list " of `" #tag "` are not pairs: (type, name, type, name)"); \
    AX_PAIRS(AX_CHECK_FIELD, tag, list) \
    _Static_assert(sizeof(struct tag) <= AX_FIXED_MAX, "ax: `" #tag "` is larger than 16 MiB");

#define AX_CHECKS_TELL(m, fields) AX_CALL(AX_CHECKS, AX_CONTRACT, m, fields)
#define AX_CHECKS_ASK(m, fields, back) \
    AX_CALL(AX_CHECKS, AX_CONTRACT, m, fields) \
    AX_CALL(AX_CHECK_PAIRS, AX_JOIN(AX_JOIN(AX_CONTRACT, m), reply), back) \
    AX_PAIRS(AX_CHECK_WIRE, AX_CONTRACT, back)
#define AX_CHECKS(c, m, fields) \
    AX_CHECK_MESSAGE(c, m) AX_CHECK_PAIRS(c##_##m, fields) AX_PAIRS(AX_CHECK_WIRE, c, fields)

/* What leads to an actor that no other node may talk to must not get there. */
#define AX_CHECK_WIRE(c, type, name) AX_FIELD(AX_CHECK_WIRE_ROW, c, type, #type, name)
#define AX_CHECK_WIRE_ROW(kind, c, spelled, name, ctype, elem, symbol, flags, ...) \
    _Static_assert(c##_ax_local != 0 || ((flags) & AX_FIELD_LOCAL) == 0, \
                   "ax: field `" #name "` of contract `" #c "`: `" spelled "` is a ref to a " \
                   "contract marked AX_LOCAL, which cannot cross the wire; mark this one too");

/* Two messages that would generate one name make an enumerator twice, and the error shows which. */
#define AX_ONCE_TELL(m, fields) AX_CALL(AX_ONCE, AX_CONTRACT, m)
#define AX_ONCE_ASK(m, fields, back) AX_CALL(AX_ONCE, AX_CONTRACT, m)
#define AX_ONCE(c, m) \
    ax_two_messages_generate_##c##_##m, ax_two_messages_generate_##c##_on_##m, \
    ax_two_messages_generate_##c##_method_##m,

/* ---- structs, methods, layouts ---- */

#define AX_STRUCTS_TELL(m, fields) AX_CALL(AX_STRUCT_OF, AX_JOIN(AX_CONTRACT, m), fields)
#define AX_STRUCTS_ASK(m, fields, back) \
    AX_CALL(AX_STRUCT_OF, AX_JOIN(AX_CONTRACT, m), fields) \
    AX_CALL(AX_STRUCT_OF, AX_JOIN(AX_JOIN(AX_CONTRACT, m), reply), back)
#define AX_STRUCT_OF(tag, list) __extension__ struct tag { AX_PAIRS(AX_MEMBER, tag, list) };

#define AX_NUMBERS_TELL(m, fields) AX_JOIN(AX_JOIN(AX_CONTRACT, method), m),
#define AX_NUMBERS_ASK(m, fields, back) AX_JOIN(AX_JOIN(AX_CONTRACT, method), m),

#define AX_LAYOUTS_TELL(m, fields) AX_CALL(AX_MESSAGE_LAYOUT, AX_CONTRACT, m, fields)
#define AX_LAYOUTS_ASK(m, fields, back) \
    AX_CALL(AX_MESSAGE_LAYOUT, AX_CONTRACT, m, fields) \
    AX_CALL(AX_REPLY_LAYOUT, AX_CONTRACT, m, back)
#define AX_MESSAGE_LAYOUT(c, m, list) AX_LIST_LAYOUT(c##_ax_msg_##m, c##_##m, #m, list)
#define AX_REPLY_LAYOUT(c, m, list) AX_LIST_LAYOUT(c##_ax_rep_##m, c##_##m##_reply, #m, list)
#define AX_LIST_LAYOUT(id, tag, label, list) \
    AX_LAYOUT(id, tag, label, 0 AX_PAIRS(AX_OR_VAR, tag, list), \
              1 AX_PAIRS(AX_AND_PLAIN, tag, list), AX_PAIRS(AX_RECORD, tag, list));

#define AX_METHODS_TELL(m, fields) {#m, false, &AX_JOIN(AX_JOIN(AX_CONTRACT, ax_msg), m), NULL},
#define AX_METHODS_ASK(m, fields, back) \
    {#m, true, &AX_JOIN(AX_JOIN(AX_CONTRACT, ax_msg), m), \
     &AX_JOIN(AX_JOIN(AX_CONTRACT, ax_rep), m)},

/* ---- senders ---- */

#define AX_SENDER AX_MUST_USE __attribute__((unused)) static inline int

#define AX_SENDERS_TELL(m, fields) AX_CALL(AX_TELL_SENDERS, AX_CONTRACT, m, fields)
#define AX_TELL_SENDERS(c, m, fields) \
    /* Never waits. */ \
    AX_SENDER c##_##m(struct ax_ctx *ax_ctx, c##_ref ax_to AX_PAIRS(AX_ARG, , fields)) \
    { \
        AX_OUTGOING(c, m, fields) \
        return ax_tell_(ax_ctx, ax_to.ref, &ax_out, false); \
    } \
    /* Waits for room: may suspend. */ \
    AX_SENDER c##_##m##_wait(struct ax_ctx *ax_ctx, c##_ref ax_to AX_PAIRS(AX_ARG, , fields)) \
    { \
        AX_OUTGOING(c, m, fields) \
        return ax_tell_(ax_ctx, ax_to.ref, &ax_out, true); \
    } \
    /* To this actor itself, after a time. */ \
    AX_SENDER c##_##m##_after(struct ax_ctx *ax_ctx AX_PAIRS(AX_ARG, , fields), \
                              uint64_t ax_delay_ns, uint64_t *ax_timer) \
    { \
        AX_OUTGOING(c, m, fields) \
        return ax_timer_(ax_ctx, &ax_out, ax_delay_ns, ax_timer); \
    } \
    /* The same again and again. */ \
    AX_SENDER c##_##m##_every(struct ax_ctx *ax_ctx AX_PAIRS(AX_ARG, , fields), \
                              uint64_t ax_period_ns, uint64_t *ax_timer) \
    { \
        AX_OUTGOING(c, m, fields) \
        return ax_timer_every_(ax_ctx, &ax_out, ax_period_ns, ax_timer); \
    }

#define AX_SENDERS_ASK(m, fields, back) AX_CALL(AX_ASK_SENDERS, AX_CONTRACT, m, fields)
#define AX_ASK_SENDERS(c, m, fields) \
    /* Suspends until the reply, an error or the deadline; never waits for room. */ \
    AX_SENDER c##_##m(struct ax_ctx *ax_ctx, c##_ref ax_to AX_PAIRS(AX_ARG, , fields), \
                      struct c##_##m##_reply *ax_answer, uint64_t ax_timeout_ns) \
    { \
        AX_OUTGOING(c, m, fields) \
        return ax_ask_(ax_ctx, ax_to.ref, &ax_out, ax_answer, ax_timeout_ns, false); \
    } \
    /* One deadline over the wait for room and for the reply. */ \
    AX_SENDER c##_##m##_wait(struct ax_ctx *ax_ctx, c##_ref ax_to AX_PAIRS(AX_ARG, , fields), \
                             struct c##_##m##_reply *ax_answer, uint64_t ax_timeout_ns) \
    { \
        AX_OUTGOING(c, m, fields) \
        return ax_ask_(ax_ctx, ax_to.ref, &ax_out, ax_answer, ax_timeout_ns, true); \
    } \
    /* Never suspends: the reply goes to on_reply, with the number left in *ax_ask. */ \
    AX_SENDER c##_##m##_async(struct ax_ctx *ax_ctx, c##_ref ax_to AX_PAIRS(AX_ARG, , fields), \
                              uint64_t ax_timeout_ns, uint64_t *ax_ask) \
    { \
        AX_OUTGOING(c, m, fields) \
        return ax_ask_async_(ax_ctx, ax_to.ref, &ax_out, ax_timeout_ns, ax_ask); \
    } \
    /* The reply of this method, or NULL for another's and for an error. */ \
    __attribute__((unused)) static inline const struct c##_##m##_reply *c##_##m##_reply_of( \
        const struct ax_reply *ax_reply) \
    { \
        return (const struct c##_##m##_reply *)ax_reply_body_(ax_reply, &c##_contract, \
                                                              c##_method_##m); \
    }

/* ax_out, built on the stack. Padding is zeroed, so that no bytes of the stack reach another
 * process; where there is none the comparison is false at compile time. */
#define AX_OUTGOING(c, m, list) \
    struct c##_##m ax_msg; \
    if (sizeof(ax_msg) != 0 AX_PAIRS(AX_SUM, , list)) \
        __builtin_memset(&ax_msg, 0, sizeof(ax_msg)); \
    AX_PAIRS(AX_FILL, , list) \
    if ((0 AX_PAIRS(AX_OR_CHECKED, , list)) && \
        ax_layout_validate(&c##_ax_msg_##m, &ax_msg, sizeof(ax_msg)) != 0) \
        return AX_E_INVALID; \
    const struct ax_part ax_parts[] = {{0, 0, NULL} AX_PAIRS(AX_PART, struct c##_##m, list)}; \
    enum { ax_nparts = sizeof(ax_parts) / sizeof(ax_parts[0]) - 1 }; \
    const struct ax_outgoing ax_out = { \
        &c##_contract, c##_method_##m, ax_nparts, sizeof(ax_msg), &ax_msg, \
        ax_nparts ? &ax_parts[1] : NULL};

#define AX_SUM(x, type, name) +sizeof(ax_msg.name)

#define AX_ARG(x, type, name) AX_FIELD(AX_ARG_ROW, x, type, #type, name)
#define AX_ARG_ROW(kind, x, spelled, name, c, elem, symbol, flags, count, ...) \
    , AX_ARG_##kind(name, c, elem, count)
#define AX_ARG_SCALAR(name, c, elem, n) c name
#define AX_ARG_UNKNOWN(name, c, elem, n) c name
#define AX_ARG_STR(name, c, elem, n) const char *name
#define AX_ARG_BYTES(name, c, elem, n) struct ax_span name
#define AX_ARG_TEXT(name, c, elem, n) const char *name
#define AX_ARG_NESTED(name, c, elem, n) const c *name
#define AX_ARG_ARRAY(name, c, elem, n) const __typeof__(elem) name[static n]
#define AX_ARG_CHECKED_ARRAY(name, c, elem, n) const __typeof__(elem) name[static n]
#define AX_ARG_VAR_ARRAY(name, c, elem, n) const __typeof__(elem) name[static n]

#define AX_FILL(x, type, name) AX_FIELD(AX_FILL_ROW, x, type, #type, name)
#define AX_FILL_ROW(kind, x, spelled, name, ...) AX_FILL_##kind(name)
#define AX_FILL_SCALAR(name) ax_msg.name = name;
#define AX_FILL_UNKNOWN(name) ax_msg.name = name;
#define AX_FILL_STR(name) ax_msg.name = (struct ax_str){0, 0, 0};
#define AX_FILL_BYTES(name) ax_msg.name = (struct ax_bytes){0, 0, 0};
#define AX_FILL_TEXT(name) \
    if (!ax_text_set(ax_msg.name, sizeof(ax_msg.name), name)) \
        return AX_E_INVALID;
#define AX_FILL_NESTED(name) ax_msg.name = *name;
#define AX_FILL_ARRAY(name) __builtin_memcpy(ax_msg.name, name, sizeof(ax_msg.name));
#define AX_FILL_CHECKED_ARRAY(name) AX_FILL_ARRAY(name)
#define AX_FILL_VAR_ARRAY(name) AX_FILL_ARRAY(name)

/* What the caller filled by itself, and could have filled with a text without its NUL. */
#define AX_OR_CHECKED(x, type, name) AX_FIELD(AX_OR_CHECKED_ROW, x, type, #type, name)
#define AX_OR_CHECKED_ROW(kind, x, spelled, name, c, elem, symbol, flags, count, nested, refto, \
                          plain, tail) \
    AX_OR_CHECKED_##kind(plain)
#define AX_OR_CHECKED_SCALAR(plain)
#define AX_OR_CHECKED_UNKNOWN(plain)
#define AX_OR_CHECKED_STR(plain)
#define AX_OR_CHECKED_BYTES(plain)
#define AX_OR_CHECKED_TEXT(plain)
#define AX_OR_CHECKED_ARRAY(plain)
#define AX_OR_CHECKED_VAR_ARRAY(plain)
#define AX_OR_CHECKED_NESTED(plain) || !plain
#define AX_OR_CHECKED_CHECKED_ARRAY(plain) || !plain

#define AX_PART(tag, type, name) AX_FIELD(AX_PART_ROW, tag, type, #type, name)
#define AX_PART_ROW(kind, tag, spelled, name, ...) AX_PART_##kind(tag, name)
#define AX_PART_SCALAR(tag, name)
#define AX_PART_UNKNOWN(tag, name)
#define AX_PART_TEXT(tag, name)
#define AX_PART_NESTED(tag, name)
#define AX_PART_ARRAY(tag, name)
#define AX_PART_CHECKED_ARRAY(tag, name)
#define AX_PART_VAR_ARRAY(tag, name)
#define AX_PART_STR(tag, name) , {offsetof(tag, name), ax_part_len_(name), name}
#define AX_PART_BYTES(tag, name) , {offsetof(tag, name), (name).len, (name).ptr}

/* A length that does not fit is more than any message may have, and refused as such. */
static inline uint32_t ax_part_len_(const char *text)
{
    size_t len = text ? __builtin_strlen(text) : 0;

    return len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
}

/* ---- once a contract ---- */

#define AX_REF_TYPES(c) \
    struct c; \
    typedef struct c##_ref { struct ax_ref ref; } c##_ref; \
    typedef struct c##_local_ref { struct ax_ref ref; } c##_local_ref;

/* Every call takes a ref of either sort; the two others are conversions away, at no cost. */
#define AX_WIRE_REFS(c) \
    typedef struct c##_remote_ref { struct ax_ref ref; } c##_remote_ref; \
    enum { c##_ax_local = 0 }; \
    /* AX_E_NOT_ALLOWED for an actor of this node. */ \
    AX_SENDER c##_as_remote_ref(c##_ref any, c##_remote_ref *out) \
    { \
        *out = (c##_remote_ref){any.ref}; \
        return any.ref.node == 0 ? AX_E_NOT_ALLOWED : 0; \
    } \
    __attribute__((unused)) static inline c##_ref c##_of_remote(c##_remote_ref remote) \
    { \
        return (c##_ref){remote.ref}; \
    }
#define AX_LOCAL_REFS(c) \
    typedef struct c##_remote_ref { struct ax_ref ref; } c##_remote_ref __attribute__(( \
        unavailable("ax: contract `" #c "` is marked AX_LOCAL: it has no remote refs"))); \
    enum { c##_ax_local = AX_FIELD_LOCAL };

#define AX_STATUS_OF(c, name, type, member) \
    __attribute__((unused)) static inline type c##_##name(struct ax_ctx *ctx, c##_ref to) \
    { \
        struct ax_status status; \
        ax_status(ctx, to.ref, &status); \
        return status.member; \
    }

#define AX_METER_OF(c, name, member) \
    AX_SENDER c##_##name(struct ax_ctx *ctx, c##_ref to, uint64_t *out) \
    { \
        struct ax_meters meters; \
        int error = ax_meters(ctx, to.ref, &meters); \
        *out = meters.member; \
        return error; \
    }

#define AX_CALLS(c) \
    AX_SENDER c##_spawn(struct ax_ctx *ctx, const struct ax_spawn *spawn, c##_ref *out) \
    { \
        return ax_spawn_(ctx, &c##_contract, spawn, &out->ref); \
    } \
    /* The same, but by default a restart drops the mail. */ \
    AX_SENDER c##_spawn_stateful(struct ax_ctx *ctx, const struct ax_spawn *spawn, c##_ref *out) \
    { \
        struct ax_spawn own = {0}; \
        if (spawn) \
            own = *spawn; \
        if (own.mailbox == AX_MAILBOX_DEFAULT) \
            own.mailbox = AX_MAILBOX_DROP; \
        return ax_spawn_(ctx, &c##_contract, &own, &out->ref); \
    } \
    AX_SENDER c##_find(struct ax_ctx *ctx, const char *name, c##_ref *out) \
    { \
        return ax_find_(ctx, &c##_contract, name, &out->ref); \
    } \
    AX_SENDER c##_get_or_spawn(struct ax_ctx *ctx, const char *registry, struct ax_span key, \
                               uint64_t timeout_ns, c##_ref *out) \
    { \
        return ax_registry_get_(ctx, &c##_contract, registry, key, timeout_ns, true, &out->ref); \
    } \
    AX_SENDER c##_lookup(struct ax_ctx *ctx, const char *registry, struct ax_span key, \
                         uint64_t timeout_ns, c##_ref *out) \
    { \
        return ax_registry_get_(ctx, &c##_contract, registry, key, timeout_ns, false, &out->ref); \
    } \
    /* AX_E_NOT_ALLOWED for an actor of another node. */ \
    AX_SENDER c##_as_local_ref(c##_ref any, c##_local_ref *out) \
    { \
        *out = (c##_local_ref){any.ref}; \
        return any.ref.node != 0 ? AX_E_NOT_ALLOWED : 0; \
    } \
    __attribute__((unused)) static inline c##_ref c##_of_local(c##_local_ref local) \
    { \
        return (c##_ref){local.ref}; \
    } \
    AX_SENDER c##_stop(struct ax_ctx *ctx, c##_ref to) \
    { \
        return ax_stop_actor(ctx, to.ref); \
    } \
    AX_SENDER c##_stop_wait(struct ax_ctx *ctx, c##_ref to, uint64_t timeout_ns) \
    { \
        return ax_stop_wait(ctx, to.ref, timeout_ns); \
    } \
    AX_METER_OF(c, idle_for, idle_ns) \
    AX_METER_OF(c, silence_for, silence_ns) \
    AX_STATUS_OF(c, mailbox_len, uint32_t, mailbox) \
    AX_STATUS_OF(c, control_mailbox_len, uint32_t, control_mailbox) \
    AX_STATUS_OF(c, inflight_count, uint32_t, inflight) \
    AX_STATUS_OF(c, incarnation, uint32_t, incarnation) \
    AX_STATUS_OF(c, is_closed, bool, closed) \
    AX_STATUS_OF(c, is_terminated, bool, terminated) \
    /* From a ref whose contract is known otherwise; a send checks it. */ \
    __attribute__((unused)) static inline c##_ref c##_ref_of(struct ax_ref ref) \
    { \
        return (c##_ref){ref}; \
    } \
    /* The actor itself; to be called in an actor of this contract. */ \
    __attribute__((unused)) static inline c##_ref c##_self(struct ax_ctx *ctx) \
    { \
        return (c##_ref){ax_self(ctx)}; \
    }

/* Where other nodes are to know it. */
#define AX_WIRE_CALLS(c) \
    /* Of whom a registry of the cluster has by that key, wherever it is. */ \
    AX_SENDER c##_ref_key(struct ax_ctx *ctx, const char *registry, struct ax_span key, \
                          c##_ref *out) \
    { \
        return ax_ref_key_(ctx, &c##_contract, registry, key, &out->ref); \
    } \
    /* Of whom a node of the cluster knows by that name. */ \
    AX_SENDER c##_ref_at(struct ax_ctx *ctx, const char *node, const char *name, c##_ref *out) \
    { \
        return ax_ref_at_(ctx, &c##_contract, node, name, &out->ref); \
    }

#define AX_ACTOR_OF(c) \
    union c##_actor_type { \
        struct { AX_ACTOR_MEMBERS(struct c) }; \
        struct ax_actor_type type; \
    }; \
    extern const union c##_actor_type c##_actor __attribute__((visibility("hidden")));

/* ---- AX_IMPLEMENT ---- */

/* Handlers are hidden: one that is missing fails the link, also that of a shared object, and two
 * plugins never call each other's. */
#define AX_HANDLER_DECLARED __attribute__((visibility("hidden"))) void

#define AX_THUNKS_TELL(m, fields) AX_CALL(AX_TELL_THUNK, AX_CONTRACT, m)
#define AX_TELL_THUNK(c, m) \
    AX_HANDLER_DECLARED c##_on_##m(struct ax_ctx *ctx, struct c *self, const struct c##_##m *msg); \
    static void c##_ax_run_##m(struct ax_ctx *ctx, void *self, const void *msg, void *reply) \
    { \
        (void)reply; \
        c##_on_##m(ctx, (struct c *)self, (const struct c##_##m *)msg); \
    }

#define AX_THUNKS_ASK(m, fields, back) AX_CALL(AX_ASK_THUNK, AX_CONTRACT, m)
#define AX_ASK_THUNK(c, m) \
    AX_HANDLER_DECLARED c##_on_##m(struct ax_ctx *ctx, struct c *self, const struct c##_##m *msg, \
                                   struct c##_##m##_reply *reply); \
    static void c##_ax_run_##m(struct ax_ctx *ctx, void *self, const void *msg, void *reply) \
    { \
        c##_on_##m(ctx, (struct c *)self, (const struct c##_##m *)msg, \
                   (struct c##_##m##_reply *)reply); \
    }

#define AX_THUNK_NAMES_TELL(m, fields) AX_JOIN(AX_JOIN(AX_CONTRACT, ax_run), m),
#define AX_THUNK_NAMES_ASK(m, fields, back) AX_JOIN(AX_JOIN(AX_CONTRACT, ax_run), m),

/* The layout is completed by AX_STATE; without it there are no fields, and the state is fresh. So
 * are the names of maps by AX_MAPS. */
#define AX_FRESH(c) \
    __attribute__((unused)) static const struct ax_layout c##_state; \
    __attribute__((unused)) static const struct ax_maps c##_ax_maps;

/* ---- what users write ---- */

/* AX_ACTOR(counter, .on_start = start, ...); after the handlers and struct counter. A hook of the
 * wrong shape is an error, whatever the compiler's options. */
#define AX_ACTOR(...) AX_ACTOR_(__VA_ARGS__, .reserved = false)
#define AX_ACTOR_(c, ...) \
    _Pragma("GCC diagnostic push") \
    _Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"") \
    const union c##_actor_type c##_actor = {{ \
        .contract = &c##_contract, \
        .handlers = c##_ax_handlers_made_by_AX_IMPLEMENT, \
        .state = &c##_state, \
        .state_size = sizeof(struct c), \
        .maps = &c##_ax_maps, \
        __VA_ARGS__}}; \
    _Pragma("GCC diagnostic pop") \
    _Static_assert(sizeof(struct ax_actor_type) == sizeof(union c##_actor_type), "one layout")

/* Among the arguments of AX_ACTOR: a handler that awaits a reply, or waits for room, goes on in the
 * next process when its own dies, with its locals as they were. The state must be AX_STATE or an
 * empty struct. Over an await such a handler may hold plain locals, pointers to them, to the message
 * and to the state, and refs; no heap memory, descriptors or writable static data. */
#define AX_DURABLE .durable = true

/* AX_PLUGIN("name", &counter_actor, &other_actor, ...); once in a shared object. */
#define AX_PLUGIN(plugin_name, ...) \
    static const struct ax_actor_type *const ax_plugin_actors[] = { \
        AX_EACH(AX_PLUGIN_ACTOR, , __VA_ARGS__)}; \
    extern const struct ax_plugin ax_plugin; \
    __attribute__((visibility("default"))) const struct ax_plugin ax_plugin = { \
        AX_PLUGIN_MAGIC, AX_PLUGIN_ABI, sizeof(ax_plugin_actors) / sizeof(ax_plugin_actors[0]), \
        plugin_name, ax_plugin_actors}
#define AX_PLUGIN_ACTOR(x, actor) &(actor)->type,

/* clang-format on */

#endif
