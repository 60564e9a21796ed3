/* SPDX-License-Identifier: MIT */
/* What <ax/contract.h> generates: senders, records, actors; and the text and hash of a contract.
 * The calls of the runtime are replaced by ones that keep what they were given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "libax/contract.h"
#include "tests/lib/everything.h"

/* ---- the runtime's place ---- */

static struct {
    char call[16];
    struct ax_ref to;
    uint16_t method;
    const struct ax_contract *contract;
    bool wait;
    uint64_t time_ns;
    void *reply;
    _Alignas(8) unsigned char image[1024];
    size_t size;
    uint32_t nparts;
} sent;

/* Builds the image as the runtime does: the fixed part, then the parts. */
static int keep(const char *call, struct ax_ref to, const struct ax_outgoing *out)
{
    memset(&sent, 0, sizeof(sent));
    strcpy(sent.call, call);
    sent.to = to;
    sent.method = out->method;
    sent.contract = out->contract;
    sent.nparts = out->nparts;
    memcpy(sent.image, out->fixed, out->size);
    sent.size = out->size;
    for (uint32_t i = 0; i < out->nparts; i++) {
        const struct ax_part *part = &out->parts[i];
        struct ax_str field = {(int64_t)(sent.size - part->field), part->len, 0};

        memcpy(sent.image + part->field, &field, sizeof(field));
        if (part->len)
            memcpy(sent.image + sent.size, part->ptr, part->len);
        sent.size += part->len + 1;
    }
    return AX_E_FULL;
}

int ax_tell_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, bool wait)
{
    (void)ctx;
    keep("tell", to, out);
    sent.wait = wait;
    return AX_E_FULL;
}

int ax_ask_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out, void *reply,
            uint64_t timeout_ns, bool wait)
{
    (void)ctx;
    keep("ask", to, out);
    sent.reply = reply;
    sent.wait = wait;
    sent.time_ns = timeout_ns;
    return AX_E_TIMEOUT;
}

int ax_ask_async_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out,
                  uint64_t timeout_ns, uint64_t *ask)
{
    (void)ctx;
    keep("async", to, out);
    sent.time_ns = timeout_ns;
    *ask = 77;
    return 0;
}

int ax_timer_(struct ax_ctx *ctx, const struct ax_outgoing *out, uint64_t delay_ns, uint64_t *timer)
{
    (void)ctx;
    keep("timer", (struct ax_ref){0, 0}, out);
    sent.time_ns = delay_ns;
    *timer = 78;
    return 0;
}

int ax_timer_every_(struct ax_ctx *ctx, const struct ax_outgoing *out, uint64_t period_ns,
                    uint64_t *timer)
{
    (void)ctx;
    keep("every", (struct ax_ref){0, 0}, out);
    sent.time_ns = period_ns;
    *timer = 79;
    return 0;
}

int ax_spawn_(struct ax_ctx *ctx, const struct ax_contract *contract, const struct ax_spawn *spawn,
              struct ax_ref *out)
{
    (void)ctx;
    strcpy(sent.call, "spawn");
    sent.contract = contract;
    *out = (struct ax_ref){spawn->capacity, 0};
    return 0;
}

int ax_find_(struct ax_ctx *ctx, const struct ax_contract *contract, const char *name,
             struct ax_ref *out)
{
    (void)ctx;
    (void)name;
    strcpy(sent.call, "find");
    sent.contract = contract;
    *out = (struct ax_ref){9, 0};
    return AX_E_WRONG_CONTRACT;
}

struct ax_ref ax_self(struct ax_ctx *ctx)
{
    (void)ctx;
    return (struct ax_ref){5, 6};
}

const void *ax_reply_body_(const struct ax_reply *reply, const struct ax_contract *contract,
                           uint16_t method)
{
    (void)contract;
    return reply->method == method ? reply->body : NULL;
}

/* ---- two actors ---- */

static char trace[64];

#define AX_IMPLEMENT
#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(inc, ())                                                                                  \
    TELL(add, (i64, by))                                                                           \
    ASK(get, (), (i64, value))
#include <ax/contract.h>

AX_STATE(counter, (i64, n), (text(32), owner), (nested(label), label), (array(ref, 2), friends));

void counter_on_inc(struct ax_ctx *ctx, struct counter *self, const struct counter_inc *msg)
{
    (void)ctx;
    (void)msg;
    self->n += 1;
}

void counter_on_add(struct ax_ctx *ctx, struct counter *self, const struct counter_add *msg)
{
    (void)ctx;
    self->n += msg->by;
}

void counter_on_get(struct ax_ctx *ctx, struct counter *self, const struct counter_get *msg,
                    struct counter_get_reply *reply)
{
    (void)ctx;
    (void)msg;
    reply->value = self->n;
}
AX_ACTOR(counter);

#define AX_IMPLEMENT
#define AX_CONTRACT idle
#define AX_MESSAGES(TELL, ASK)
#include <ax/contract.h>

struct idle {
    char *heap;
};

static void started(struct ax_ctx *ctx, struct idle *self)
{
    (void)ctx;
    (void)self;
    strcat(trace, "start ");
}

static void heard(struct ax_ctx *ctx, struct idle *self, const struct ax_reply *reply)
{
    (void)ctx;
    (void)self;
    (void)reply;
    strcat(trace, "reply ");
}
AX_ACTOR(idle, .on_start = started, .on_reply = heard);

AX_PLUGIN("both", &counter_actor, &idle_actor);

/* ---- senders ---- */

static const everything_ref whom = {{42, 7}};

static void test_scalars(void **state)
{
    struct everything_scalars *msg = (struct everything_scalars *)sent.image;

    (void)state;
    assert_int_equal(everything_scalars(NULL, whom, true, INT8_MIN, INT16_MIN, INT32_MIN, INT64_MIN,
                                        UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX, 1.5f, -2.5),
                     AX_E_FULL);
    assert_string_equal(sent.call, "tell");
    assert_false(sent.wait);
    assert_int_equal(sent.to.addr, 42);
    assert_int_equal(sent.to.node, 7);
    assert_int_equal(sent.method, everything_method_scalars);
    assert_ptr_equal(sent.contract, &everything_contract);
    assert_int_equal(sent.size, sizeof(*msg));
    assert_int_equal(sent.nparts, 0);
    assert_true(msg->a && msg->b == INT8_MIN && msg->c == INT16_MIN && msg->d == INT32_MIN &&
                msg->e == INT64_MIN && msg->f == UINT8_MAX && msg->g == UINT16_MAX &&
                msg->h == UINT32_MAX && msg->i == UINT64_MAX);
    assert_true(msg->j == 1.5f && msg->k == -2.5);
    assert_int_equal(everything_scalars_wait(NULL, whom, true, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
                     AX_E_FULL);
    assert_true(sent.wait);
}

static void test_texts(void **state)
{
    struct everything_texts *msg = (struct everything_texts *)sent.image;
    uint64_t timer = 0;

    (void)state;
    assert_int_equal(
        everything_texts(NULL, whom, "hello", (struct ax_span){"\0\1", 2}, "seven77", 3),
        AX_E_FULL);
    assert_int_equal(sent.nparts, 2);
    assert_int_equal(ax_layout_validate(&everything_ax_msg_texts, sent.image, sent.size), 0);
    assert_string_equal(ax_str(&msg->reply), "hello");
    assert_int_equal(msg->reply.len, 5);
    assert_int_equal(msg->timeout.len, 2);
    assert_memory_equal(ax_bytes(&msg->timeout), "\0\1", 2);
    assert_string_equal(msg->ctx, "seven77");
    assert_int_equal(msg->to, 3);

    assert_int_equal(everything_texts(NULL, whom, NULL, (struct ax_span){NULL, 0}, NULL, 0),
                     AX_E_FULL);
    assert_int_equal(ax_layout_validate(&everything_ax_msg_texts, sent.image, sent.size), 0);
    assert_string_equal(ax_str(&msg->reply), "");
    assert_null(ax_bytes(&msg->timeout));
    assert_string_equal(msg->ctx, "");

    memset(&sent, 0, sizeof(sent));
    assert_int_equal(everything_texts(NULL, whom, "", (struct ax_span){NULL, 0}, "eight888", 0),
                     AX_E_INVALID);
    assert_string_equal(sent.call, "");
    assert_int_equal(
        everything_texts_after(NULL, "x", (struct ax_span){NULL, 0}, "t", 1, 1000, &timer), 0);
    assert_string_equal(sent.call, "timer");
    assert_int_equal(sent.time_ns, 1000);
    assert_int_equal(timer, 78);
    assert_int_equal(
        everything_texts_every(NULL, "x", (struct ax_span){NULL, 0}, "t", 1, 2000, &timer), 0);
    assert_string_equal(sent.call, "every");
    assert_int_equal(sent.time_ns, 2000);
    assert_int_equal(timer, 79);
}

static void test_lists(void **state)
{
    struct everything_lists *msg = (struct everything_lists *)sent.image;
    uint8_t bytes[3] = {1, 2, 3};
    bool flags[2] = {false, true};
    float floats[2] = {1, 2};
    char words[3][4] = {"one", "two", ""};
    struct label labels[2] = {{"a", {1, 2}, true, {1, 2, 3}}, {"b", {3, 4}, false, {4, 5, 6}}};

    (void)state;
    assert_int_equal(everything_lists(NULL, whom, bytes, flags, floats, words, labels), AX_E_FULL);
    assert_memory_equal(msg->bytes, bytes, sizeof(bytes));
    assert_memory_equal(msg->flags, flags, sizeof(flags));
    assert_memory_equal(msg->words, words, sizeof(words));
    assert_string_equal(msg->labels[1].word, "b");
    assert_true(msg->labels[1].at.y == 4);
    assert_int_equal(msg->labels[1].tags[2], 6);

    memset(words[2], 'x', 4);
    assert_int_equal(everything_lists(NULL, whom, bytes, flags, floats, words, labels),
                     AX_E_INVALID);
    words[2][3] = 0;
    memset(labels[1].word, 'x', 5);
    assert_int_equal(everything_lists(NULL, whom, bytes, flags, floats, words, labels),
                     AX_E_INVALID);
    assert_int_equal(everything_deep(NULL, whom, &labels[1], ""), AX_E_INVALID);
    assert_int_equal(everything_deep(NULL, whom, &labels[0], "why"), AX_E_FULL);
    assert_string_equal(((struct everything_deep *)sent.image)->label.word, "a");
}

static void test_refs(void **state)
{
    struct everything_refs *msg = (struct everything_refs *)sent.image;
    peer_ref two[2] = {{{1, 0}}, {{2, 0}}};

    (void)state;
    assert_int_equal(everything_refs(NULL, whom, whom.ref, two[1], two), AX_E_FULL);
    assert_int_equal(msg->any.addr, 42);
    assert_int_equal(msg->one.ref.addr, 2);
    assert_int_equal(msg->two[0].ref.addr, 1);
}

/* Leaves bytes that are not 0 where the next function's frame will be. */
__attribute__((noinline)) static void soil_stack(void)
{
    volatile unsigned char soil[4096];

    for (size_t i = 0; i < sizeof(soil); i++)
        soil[i] = 0xaa;
}

__attribute__((noinline)) static int send_wide(void)
{
    return everything_wide(NULL, whom, 1, 2, 3, 4, 5, 6, 7, whom.ref, 9, 10, 11, "12", true, 14, 15,
                           (struct ax_span){"x", 1}, 17, 18, 19, 20, 21, 22, 23, 24, 25,
                           &(struct point){26, 27}, 27, "28", 29, (uint16_t[2]){30, 31}, 31, false);
}

/* What lies between the fields on the sender's stack does not leave the process. */
static void test_padding(void **state)
{
    static const unsigned char zero[7];

    (void)state;
    soil_stack();
    assert_int_equal(send_wide(), AX_E_FULL);
    assert_memory_equal(sent.image + offsetof(struct everything_wide, f1) + 1, zero, 7);
    assert_memory_equal(sent.image + offsetof(struct everything_wide, f3) + 1, zero, 3);
    assert_int_equal(ax_layout_validate(&everything_ax_msg_wide, sent.image, sent.size), 0);
}

static void test_asks(void **state)
{
    struct everything_get_reply reply;
    struct ax_reply event = {.method = everything_method_get, .body = &reply};
    uint64_t ask = 0;

    (void)state;
    assert_int_equal(everything_get(NULL, whom, "k", &reply, AX_SECONDS(1)), AX_E_TIMEOUT);
    assert_string_equal(sent.call, "ask");
    assert_ptr_equal(sent.reply, &reply);
    assert_false(sent.wait);
    assert_int_equal(sent.time_ns, AX_SECONDS(1));
    assert_int_equal(everything_get_wait(NULL, whom, "k", &reply, 5), AX_E_TIMEOUT);
    assert_true(sent.wait);
    assert_int_equal(everything_get_async(NULL, whom, "k", 6, &ask), 0);
    assert_string_equal(sent.call, "async");
    assert_int_equal(ask, 77);
    assert_ptr_equal(everything_get_reply_of(&event), &reply);
    assert_null(everything_flush_reply_of(&event));
    assert_int_equal(everything_flush(NULL, whom, NULL, 1), AX_E_TIMEOUT);
    assert_int_equal(sent.size, 0);
}

static void test_calls(void **state)
{
    struct ax_spawn spawn = {.capacity = 3};
    everything_ref ref;

    (void)state;
    assert_int_equal(everything_spawn(NULL, &spawn, &ref), 0);
    assert_string_equal(sent.call, "spawn");
    assert_int_equal(ref.ref.addr, 3);
    assert_int_equal(everything_find(NULL, "x", &ref), AX_E_WRONG_CONTRACT);
    assert_ptr_equal(sent.contract, &everything_contract);
    assert_int_equal(everything_self(NULL).ref.node, 6);
    assert_int_equal(everything_ref_of((struct ax_ref){8, 0}).ref.addr, 8);
}

/* ---- actors and the plugin ---- */

static void test_kept(void **state)
{
    const struct ax_actor_type *type = ax_plugin.actors[0];
    struct counter self = {0};
    struct counter_get_reply reply;
    struct counter_add add = {.by = 4};

    (void)state;
    assert_int_equal(ax_plugin.magic, AX_PLUGIN_MAGIC);
    assert_int_equal(ax_plugin.abi, AX_PLUGIN_ABI);
    assert_int_equal(ax_plugin.nactors, 2);
    assert_string_equal(ax_plugin.name, "both");
    assert_ptr_equal(type->contract, &counter_contract);
    assert_int_equal(type->state_size, sizeof(self));
    assert_int_equal(type->state->nfields, 4);
    assert_int_equal(type->state->size, sizeof(self));
    assert_int_equal(type->state->fields[1].count, 32);
    assert_null((void *)type->on_start);
    assert_false(type->durable || type->reserved);
    type->handlers[counter_method_inc](NULL, &self, NULL, NULL);
    type->handlers[counter_method_add](NULL, &self, &add, NULL);
    type->handlers[counter_method_get](NULL, &self, NULL, &reply);
    assert_int_equal(reply.value, 5);
}

static void test_fresh(void **state)
{
    const struct ax_actor_type *type = ax_plugin.actors[1];
    struct idle self;

    (void)state;
    assert_int_equal(type->state->nfields, 0);
    assert_int_equal(type->state_size, sizeof(struct idle));
    assert_int_equal(type->contract->nmethods, 0);
    assert_null((void *)type->on_restart);
    type->on_start(NULL, &self);
    type->on_reply(NULL, &self, NULL);
    assert_string_equal(trace, "start reply ");
}

/* ---- reflection ---- */

static void test_records(void **state)
{
    const struct ax_method *get = ax_contract_find(&everything_contract, "get");
    const struct ax_field *field;

    (void)state;
    assert_int_equal(everything_contract.nmethods, 9);
    assert_null(ax_contract_find(&everything_contract, "got"));
    assert_true(get->is_ask && get->msg->has_var && get->reply->has_var);
    assert_true(everything_ax_msg_refs.plain);
    assert_false(everything_ax_msg_scalars.plain); /* a bool */
    assert_true(point_ax_layout.plain);
    assert_false(label_ax_layout.plain);
    assert_false(counter_contract.methods[counter_method_add].msg->has_var);
    field = &everything_ax_msg_lists.fields[3];
    assert_int_equal(field->type, AX_TYPE_TEXT);
    assert_int_equal(field->flags, AX_FIELD_ARRAY);
    assert_int_equal(field->count, 3);
    assert_int_equal(field->size, 12);
    assert_int_equal(ax_field_element(field), 4);
    assert_string_equal(everything_ax_msg_refs.fields[1].ref_to, "peer");
    assert_ptr_equal(everything_ax_msg_lists.fields[4].nested, &label_ax_layout);
}

/* A change of these is a change of what is on the wire: contracts of old plugins become others. */
static void test_golden_text(void **state)
{
    char *text;

    (void)state;
    assert_int_equal(ax_contract_describe(&counter_contract, counter_actor.state, &text), 0);
    assert_string_equal(
        text,
        "{\"contract\":\"counter\",\"hash\":\"ad49b40107dfc179\",\"messages\":["
        "{\"name\":\"inc\",\"kind\":\"tell\",\"fields\":[]},"
        "{\"name\":\"add\",\"kind\":\"tell\",\"fields\":[{\"name\":\"by\",\"type\":\"i64\"}]},"
        "{\"name\":\"get\",\"kind\":\"ask\",\"fields\":[],"
        "\"reply\":[{\"name\":\"value\",\"type\":\"i64\"}]}],"
        "\"state\":[{\"name\":\"n\",\"type\":\"i64\"},{\"name\":\"owner\",\"type\":\"text(32)\"},"
        "{\"name\":\"label\",\"type\":\"nested(label)\",\"fields\":["
        "{\"name\":\"word\",\"type\":\"text(5)\"},"
        "{\"name\":\"at\",\"type\":\"nested(point)\",\"fields\":["
        "{\"name\":\"x\",\"type\":\"f64\"},{\"name\":\"y\",\"type\":\"f64\"}]},"
        "{\"name\":\"shown\",\"type\":\"bool\"},"
        "{\"name\":\"tags\",\"type\":\"array(u16,3)\"}]},"
        "{\"name\":\"friends\",\"type\":\"array(ref,2)\"}]}");
    free(text);
}

static void assert_same_layout(const struct ax_layout *a, const struct ax_layout *b)
{
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->nfields, b->nfields);
    assert_int_equal(a->has_var, b->has_var);
    assert_int_equal(a->plain, b->plain);
    for (uint32_t i = 0; i < a->nfields; i++) {
        const struct ax_field *f = &a->fields[i], *g = &b->fields[i];

        assert_string_equal(f->name, g->name);
        assert_int_equal(f->type, g->type);
        assert_int_equal(f->flags, g->flags);
        assert_int_equal(f->offset, g->offset);
        assert_int_equal(f->size, g->size);
        assert_int_equal(f->count, g->count);
        assert_int_equal(!f->ref_to, !g->ref_to);
        if (f->ref_to)
            assert_string_equal(f->ref_to, g->ref_to);
        assert_int_equal(!f->nested, !g->nested);
        if (f->nested)
            assert_same_layout(f->nested, g->nested);
    }
}

static void round_trip(const struct ax_contract *contract, const struct ax_layout *kept)
{
    const struct ax_layout *state;
    struct ax_contract *parsed;
    char *text, *again;

    assert_int_equal(ax_contract_describe(contract, kept, &text), 0);
    assert_int_equal(ax_contract_parse(text, strlen(text), &parsed, &state), 0);
    assert_true(ax_contract_same(contract, parsed));
    assert_int_equal(parsed->nmethods, contract->nmethods);
    for (uint32_t i = 0; i < contract->nmethods; i++) {
        assert_int_equal(contract->methods[i].is_ask, parsed->methods[i].is_ask);
        assert_same_layout(contract->methods[i].msg, parsed->methods[i].msg);
        if (contract->methods[i].is_ask)
            assert_same_layout(contract->methods[i].reply, parsed->methods[i].reply);
        else
            assert_null(parsed->methods[i].reply);
    }
    assert_int_equal(state != NULL, kept && kept->nfields);
    if (state)
        assert_same_layout(kept, state);
    assert_int_equal(ax_contract_describe(parsed, state, &again), 0);
    assert_string_equal(text, again);
    free(text);
    free(again);
    assert_null(ax_contract_free(parsed));
}

static void test_round_trip(void **state)
{
    (void)state;
    round_trip(&everything_contract, NULL);
    round_trip(&counter_contract, counter_actor.state);
    round_trip(&idle_contract, idle_actor.state);
    round_trip(&peer_contract, NULL);
    assert_null(ax_contract_free(NULL));
}

#define ONE_FIELD(id, name, type, next)                                                            \
    static const struct ax_field id##_fields[] = {{name, type, 0, 0, 8, 0, NULL, NULL}};           \
    static const struct ax_layout id = {next, 8, 1, id##_fields, false, true};
ONE_FIELD(plain_layout, "value", AX_TYPE_I64, "get")
ONE_FIELD(renamed_layout, "valve", AX_TYPE_I64, "get")
ONE_FIELD(retyped_layout, "value", AX_TYPE_U64, "get")

static uint64_t hash_of(const char *name, const char *method, bool is_ask,
                        const struct ax_layout *msg)
{
    struct ax_method one = {method, is_ask, msg, is_ask ? &plain_layout : NULL};

    return ax_contract_hash(&(struct ax_contract){name, 1, &one});
}

/* Each thing that the hash is about changes it; the state does not. */
static void test_hash(void **state)
{
    uint64_t hash = hash_of("c", "get", false, &plain_layout);
    struct ax_contract copy = counter_contract;

    (void)state;
    assert_int_equal(hash, hash_of("c", "get", false, &plain_layout));
    assert_int_not_equal(hash, hash_of("d", "get", false, &plain_layout));
    assert_int_not_equal(hash, hash_of("c", "put", false, &plain_layout));
    assert_int_not_equal(hash, hash_of("c", "get", true, &plain_layout));
    assert_int_not_equal(hash, hash_of("c", "get", false, &renamed_layout));
    assert_int_not_equal(hash, hash_of("c", "get", false, &retyped_layout));
    assert_true(ax_contract_same(&copy, &counter_contract));
    copy.nmethods--;
    assert_false(ax_contract_same(&copy, &counter_contract));
    copy = counter_contract;
    copy.name = "other";
    assert_false(ax_contract_same(&copy, &counter_contract));
}

/* ---- refused ---- */

/* Reads a contract made of these texts. Its hash is right if the text is canonical, so what is
 * refused is refused for what is wrong with it. */
static int parse_with_hash(const char *messages, const char *kept)
{
    size_t room = strlen(messages) + strlen(kept) + 200;
    struct ax_contract *contract = NULL;
    unsigned char digest[16];
    char *text = malloc(room), hash[17];
    int error;

    snprintf(text, room, "{\"contract\":\"c\",\"messages\":%s}", messages);
    crypto_generichash(digest, sizeof(digest), (unsigned char *)text, strlen(text), NULL, 0);
    for (int i = 0; i < 8; i++)
        snprintf(hash + 2 * (size_t)i, 3, "%02x", digest[7 - i]);
    snprintf(text, room, "{\"contract\":\"c\",\"hash\":\"%s\",\"messages\":%s%s}", hash, messages,
             kept);
    error = ax_contract_parse(text, strlen(text), &contract, NULL);
    free(text);
    ax_contract_free(contract);
    return error;
}

#define F(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\"}"
#define EMPTY "e836e8976170a3b8" /* the hash of contract c without messages */
#define TELL_OF(fields) "[{\"name\":\"m\",\"kind\":\"tell\",\"fields\":[" fields "]}]"

static void test_limits(void **state)
{
    char *deep = calloc(1, 4096), *many = calloc(1, 1 << 21);
    char *at = deep;

    (void)state;
    at += sprintf(at, "[{\"name\":\"m\",\"kind\":\"tell\",\"fields\":[");
    for (int i = 0; i < 9; i++)
        at += sprintf(at, "{\"name\":\"a\",\"type\":\"nested(s)\",\"fields\":[");
    at += sprintf(at, F("x", "i8"));
    for (int i = 0; i < 9; i++)
        at += sprintf(at, "]}");
    sprintf(at, "]}]");
    assert_int_equal(parse_with_hash(deep, ""), AX_E_LIMIT);

    at = many + sprintf(many, "[");
    for (int i = 0; i < 1025; i++)
        at += sprintf(at, "%s{\"name\":\"m%d\",\"kind\":\"tell\",\"fields\":[]}", i ? "," : "", i);
    sprintf(at, "]");
    assert_int_equal(parse_with_hash(many, ""), AX_E_LIMIT);
    memset(many, ' ', 1 << 20);
    many[1 << 20] = 0;
    assert_int_equal(parse_with_hash(many, ""), AX_E_LIMIT);

    at = many + sprintf(many, "[{\"name\":\"m\",\"kind\":\"tell\",\"fields\":[");
    for (int i = 0; i < 33; i++)
        at += sprintf(at, "%s{\"name\":\"f%d\",\"type\":\"u8\"}", i ? "," : "", i);
    sprintf(at, "]}]");
    assert_int_equal(parse_with_hash(many, ""), AX_E_LIMIT);

    assert_int_equal(parse_with_hash(TELL_OF(F("a", "array(u64,16777216)")), ""), AX_E_LIMIT);
    assert_int_equal(parse_with_hash(TELL_OF(F("a", "array(text(65536),65536)")), ""), AX_E_LIMIT);
    assert_int_equal(parse_with_hash(TELL_OF(F("a", "text(16777216)") "," F("b", "u8")), ""),
                     AX_E_LIMIT);
    free(deep);
    free(many);
}

static void test_hostile_texts(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"contract\":\"c\"}",
        "{\"contract\":\"c\",\"messages\":[]}",
        "{\"contract\":1,\"hash\":\"" EMPTY "\",\"messages\":[]}",
        "{\"contract\":\"c d\",\"hash\":\"" EMPTY "\",\"messages\":[]}",
        "{\"contract\":\"\",\"hash\":\"" EMPTY "\",\"messages\":[]}",
        "{\"contract\":\"1c\",\"hash\":\"" EMPTY "\",\"messages\":[]}",
        "{\"contract\":\"c\\u0000d\",\"hash\":\"" EMPTY "\",\"messages\":[]}",
        "{\"contract\":\"c\",\"hash\":0,\"messages\":[]}",
        "{\"contract\":\"c\",\"hash\":\"0000000000000000\",\"messages\":[]}",
        "{\"contract\":\"c\",\"hash\":\"" EMPTY "0\",\"messages\":[]}",
        "{\"contract\":\"c\",\"hash\":\"" EMPTY "\",\"messages\":{}}",
        "{\"contract\":\"c\",\"hash\":\"" EMPTY "\",\"messages\":[1]}",
        "{\"contract\":\"c\",\"contract\":\"c\",\"hash\":\"" EMPTY "\",\"messages\":[]}",
        "{\"contract\":\"c\",\"hash\":\"" EMPTY "\",\"messages\":[],\"more\":1}",
    };
    static const char *const messages[] = {
        "[{\"name\":\"m\",\"kind\":\"tell\"}]",
        "[{\"name\":\"m\",\"kind\":\"shout\",\"fields\":[]}]",
        "[{\"name\":\"m\",\"kind\":\"tell\",\"fields\":[],\"reply\":[]}]",
        "[{\"name\":\"m\",\"kind\":\"ask\",\"fields\":[]}]",
        "[{\"name\":\"m\",\"kind\":\"tell\",\"fields\":[]},"
        "{\"name\":\"m\",\"kind\":\"tell\",\"fields\":[]}]",
        TELL_OF("1"),
        TELL_OF(F("a", "")),
        TELL_OF(F("a", "int")),
        TELL_OF(F("a", "i64 ")),
        TELL_OF(F("a", "i64*")),
        TELL_OF(F("a", "text")),
        TELL_OF(F("a", "text()")),
        TELL_OF(F("a", "text(0)")),
        TELL_OF(F("a", "text(01)")),
        TELL_OF(F("a", "text(-1)")),
        TELL_OF(F("a", "text(16777217)")),
        TELL_OF(F("a", "text(99999999999999999999)")),
        TELL_OF(F("a", "text(3")),
        TELL_OF(F("a", "array(u8)")),
        TELL_OF(F("a", "array(u8,0)")),
        TELL_OF(F("a", "array(u8,1")),
        TELL_OF(F("a", "array(str,2)")),
        TELL_OF(F("a", "array(bytes,2)")),
        TELL_OF(F("a", "array(array(u8,2),2)")),
        TELL_OF(F("a", "ref_to()")),
        TELL_OF(F("a", "ref_to(a b)")),
        TELL_OF(F("a", "nested(s)")),
        TELL_OF("{\"name\":\"a\",\"type\":\"nested(s)\",\"fields\":[]}"),
        TELL_OF("{\"name\":\"a\",\"type\":\"nested(s)\",\"fields\":[" F("x", "str") "]}"),
        TELL_OF("{\"name\":\"a\",\"type\":\"u8\",\"fields\":[]}"),
        TELL_OF(F("a", "u8") "," F("a", "u8")),
        TELL_OF(F("a234567890123456789012345678901234567890123456789012345678901234", "u8")),
    };

    struct ax_contract *empty = NULL;
    const char *good = "{\"contract\":\"c\",\"hash\":\"" EMPTY "\",\"messages\":[]}";

    (void)state;
    assert_int_equal(ax_contract_parse(good, strlen(good), &empty, NULL), 0);
    ax_contract_free(empty);
    assert_int_equal(parse_with_hash("[]", ""), 0);
    assert_int_equal(parse_with_hash(TELL_OF(F("a", "array(text(3),2)")), ""), 0);
    assert_int_equal(parse_with_hash("[]", ",\"state\":[" F("s", "text(16777216)") "]"), 0);
    assert_int_equal(
        parse_with_hash(
            TELL_OF("{\"name\":\"a\",\"type\":\"nested(s)\",\"fields\":[" F("x", "ref_to(c)") "]}"),
            ""),
        0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct ax_contract *contract = NULL;

        if (ax_contract_parse(bad[i], strlen(bad[i]), &contract, NULL) != AX_E_INVALID)
            fail_msg("%s", bad[i]);
    }
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        if (parse_with_hash(messages[i], "") != AX_E_INVALID)
            fail_msg("%s", messages[i]);
    assert_int_equal(parse_with_hash("[]", ",\"state\":[]"), AX_E_INVALID);
    assert_int_equal(parse_with_hash("[]", ",\"state\":1"), AX_E_INVALID);
    assert_int_equal(parse_with_hash("[]", ",\"state\":[" F("s", "text(01)") "]"), AX_E_INVALID);
    assert_int_equal(parse_with_hash("[]", ",\"state\":[" F("s", "str") "]"), AX_E_INVALID);
}

/* Of a text with one byte changed, what is read has the hash it says. */
static void test_mutations(void **state)
{
    uint32_t seed = 1;
    char *text, *copy;
    size_t len;

    (void)state;
    assert_int_equal(ax_contract_describe(&everything_contract, counter_actor.state, &text), 0);
    len = strlen(text);
    copy = malloc(len);
    for (int i = 0; i < 3000; i++) {
        struct ax_contract *contract;

        memcpy(copy, text, len);
        seed = seed * 1103515245u + 12345u;
        copy[(seed >> 8) % len] = (char)(seed >> 3);
        if (ax_contract_parse(copy, len, &contract, NULL) == 0) {
            assert_true(ax_contract_same(contract, &everything_contract));
            ax_contract_free(contract);
        }
        if (i < 200)
            assert_int_not_equal(ax_contract_parse(copy, (seed >> 8) % len, &contract, NULL), 0);
    }
    free(copy);
    free(text);
}

static void test_unsound(void **state)
{
    struct ax_field fields[2] = {{"a", AX_TYPE_U8, 0, 0, 1, 0, NULL, NULL},
                                 {"b", AX_TYPE_U32, 0, 4, 4, 0, NULL, NULL}};
    struct ax_layout layout = {"m", 8, 2, fields, false, true};
    struct ax_method method = {"m", false, &layout, NULL};
    struct ax_contract contract = {"c", 1, &method};
    char *text = NULL;

    (void)state;
    assert_int_equal(ax_contract_describe(&contract, NULL, &text), 0);
    free(text);
    fields[1].offset = 1;
    assert_int_equal(ax_contract_describe(&contract, NULL, &text), AX_E_INVALID);
    fields[1].offset = 4;
    layout.size = 12;
    assert_int_equal(ax_contract_describe(&contract, NULL, &text), AX_E_INVALID);
    layout.size = 8;
    fields[0].type = AX_TYPE_COUNT;
    assert_int_equal(ax_contract_describe(&contract, NULL, &text), AX_E_INVALID);
    fields[0].type = AX_TYPE_U8;
    fields[1].size = 8;
    assert_int_equal(ax_contract_describe(&contract, NULL, &text), AX_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),       cmocka_unit_test(test_texts),
        cmocka_unit_test(test_lists),         cmocka_unit_test(test_refs),
        cmocka_unit_test(test_padding),       cmocka_unit_test(test_asks),
        cmocka_unit_test(test_calls),         cmocka_unit_test(test_kept),
        cmocka_unit_test(test_fresh),         cmocka_unit_test(test_records),
        cmocka_unit_test(test_golden_text),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_hash),          cmocka_unit_test(test_limits),
        cmocka_unit_test(test_hostile_texts), cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_unsound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
