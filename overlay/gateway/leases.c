/* SPDX-License-Identifier: MIT */
/* leases.c - the lease store as the core asks it. The memory store is the table of one node, which
 * others ask as an endpoint that no actor can have. Where it is not reached in time there is no
 * answer: so the core takes the outcome for unknown when it has waited for one, and not again at
 * once. */
#include "overlay/gateway/gw.h"
#include "overlay/gateway/own.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- whether it answers ----
 *
 * It is UNKNOWN, UP from its first answer that says something, and DOWN from when a server has
 * trouble, or the node that has it is gone, says no, or has said nothing for lease_ttl, until it
 * answers again. A change is told at once, and what changes DOWN alone is held to a rate. What was
 * told is kept: a process that begins anew tells what is other than that. */

#define TROUBLE_NS UINT64_C(1000000000)

static const struct ax_span told_store = {"store", sizeof "store" - 1};

static void tell(struct ax_ctx *ctx, enum gw_store_state state, const char *why)
{
    const uint8_t told = (uint8_t)state;
    const struct gateway_news news = {.what = state == GW_STORE_UP ? GATEWAY_STORE_UP
                                                                   : GATEWAY_STORE_DOWN,
                                      .name = gw.store.is,
                                      .why = why};
    gw.store.state = state;
    if (gw.store.told == state)
        return;
    gw.store.told = state;
    if (ax_map_put(ctx, gateway_told, told_store, (struct ax_span){&told, sizeof told}) != 0)
        ax_log(ctx, AX_WARN, "no memory to keep what was told of the lease store");
    gateway_event(ctx, &news);
}

static void read_told(struct ax_ctx *ctx)
{
    struct ax_span told;
    if (ax_map_get(ctx, gateway_told, told_store, &told) == 0 && told.len == 1)
        gw.store.told = *(const uint8_t *)told.ptr;
}

static void is_down(struct ax_ctx *ctx, const char *why)
{
    ax_log(ctx, AX_WARN, "the lease store does not answer: %s", why);
    tell(ctx, GW_STORE_DOWN, why);
}

static void has_answered(struct ax_ctx *ctx, const struct ov_store_answer *answer)
{
    if (answer->outcome == OV_STORE_UNKNOWN)
        return;
    if (gw.store.state == GW_STORE_DOWN)
        ax_log(ctx, AX_INFO, "the lease store answers again");
    tell(ctx, GW_STORE_UP, NULL);
}

/* Where only some of what a server is asked has an answer it comes and goes. */
static void look_at_server(struct ax_ctx *ctx)
{
    const char *trouble = ov_store_trouble(gw.store.server);
    if (trouble[0] == '\0')
        gw.store.trouble[0] = '\0';
    if (strcmp(trouble, gw.store.trouble) == 0 || gw.now < gw.store.trouble_at)
        return;
    gw.store.trouble_at = gw.now + TROUBLE_NS;
    snprintf(gw.store.trouble, sizeof gw.store.trouble, "%s", trouble);
    is_down(ctx, trouble);
}

static bool is_of_node(const char *node)
{
    return gw.store.server == NULL && !gw.store.here && strcmp(node, gw.store.node) == 0 &&
           gw.config.nregistries > 0;
}

static void node_is_down(struct ax_ctx *ctx, const char *why)
{
    char text[64 + OV_NODE_MAX];
    if (gw.store.state == GW_STORE_DOWN)
        return;
    snprintf(text, sizeof text, "%s: node %s", why, gw.store.node);
    is_down(ctx, text);
}

void gw_leases_node_down(struct ax_ctx *ctx, const char *node)
{
    if (is_of_node(node))
        node_is_down(ctx, "no session");
}

static void look_at_node(struct ax_ctx *ctx)
{
    struct ov_target target;
    if (gw.now < gw_leases_next())
        return;
    bool session = gw_own_target(gw_node_of_name(gw.store.node), GW_LEASES, &target);
    node_is_down(ctx, session ? "no answer" : "no session");
}

/* ---- what the core asks ---- */

/* Who runs the actors sees at once how long the lease is. */
static void take_answer(struct ax_ctx *ctx, const struct gw_later *later)
{
    const struct ov_in in = {.kind = OV_IN_STORE, .store = &later->store};
    uint32_t registry, shard;
    (void)gw_step(ctx, &in, NULL);
    if (ov_cluster_asked(gw.cluster, later->store.number, &registry, &shard))
        gw_lease_publish(ctx, registry, shard);
}

static void answer_core(struct ax_ctx *ctx, const struct ov_store_answer *answer)
{
    has_answered(ctx, answer);
    gw_run_later(ctx, take_answer)->store = *answer;
}

static void forget_late(struct gw_store *store)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < store->nunsent; i++)
        if (store->unsent[i].until > gw.now)
            store->unsent[n++] = store->unsent[i];
    store->nunsent = n;
}

/* As a node begins before it knows any other: else it would wait for answers that nobody gives. */
static void ask_once_up(struct ax_ctx *ctx, const struct ov_store_request *request)
{
    struct gw_store *store = &gw.store;
    if (store->nunsent == store->unsent_room)
        forget_late(store);
    if (store->nunsent == store->unsent_room)
        store->unsent = gw_grow(ctx, store->unsent, &store->unsent_room, sizeof *store->unsent);
    store->unsent[store->nunsent++] = (struct gw_unsent){gw.now + gw.config.answer_ns, *request};
}

static void ask_node(struct ax_ctx *ctx, const struct gw_later *later)
{
    const struct ov_store_request *request = &later->request;
    struct lease_store_change change = {.op = (uint8_t)request->op,
                                        .shard = request->shard,
                                        .epoch = request->epoch,
                                        .ttl_ns = request->ttl_ns};
    char asker[OV_ID_TEXT];
    struct gw_image image;
    struct ov_target target;
    if (!gw_own_target(gw_node_of_name(gw.store.node), GW_LEASES, &target)) {
        ask_once_up(ctx, request);
        return;
    }
    ov_ident_format(&request->asker, asker);
    gw_set_text(&change.registry, request->registry);
    gw_set_text(&change.asker, asker);
    const struct ov_request ask = {
        .kind = OV_ASK,
        .deadline = gw.now + gw.config.answer_ns,
        .contract = ax_contract_hash(&lease_store_contract),
        .method = lease_store_method_change,
        .target = target,
        .body = gw_flatten(lease_store_contract.methods[0].msg, &change, &image),
    };
    gw_calls_lease(ctx, request->number, &ask);
}

void gw_leases_node_up(struct ax_ctx *ctx, const char *node)
{
    struct gw_store *store = &gw.store;
    if (store->here && gw.book.npeers == 0)
        ax_log(ctx, AX_WARN,
               "node %s gets no lease: this node has no peers, so it keeps leases for itself alone",
               node);
    if (!is_of_node(node))
        return;
    forget_late(store);
    for (uint32_t i = 0; i < store->nunsent; i++)
        gw_run_later(ctx, ask_node)->request = store->unsent[i].request;
    store->nunsent = 0;
}

/* ---- the memory store of this node ---- */

static struct ax_span name_of(const struct ov_store_record *record, char *text)
{
    int n = snprintf(text, OV_REGISTRY_MAX + 16, "%s/%u", record->registry, record->shard);
    return (struct ax_span){text, (uint32_t)n};
}

/* Written with the turn, so that a process that dies takes no lease and no epoch with it. */
static void keep_record(struct ax_ctx *ctx, const struct ov_store_request *request)
{
    const struct ov_store_record *record =
        ov_store_memory_find(&gw.store.memory, request->registry, request->shard);
    const struct ax_span value = {record, sizeof *record};
    char text[OV_REGISTRY_MAX + 16];
    if (record != NULL && ax_map_put(ctx, gateway_leases, name_of(record, text), value) != 0)
        gw_die(ctx, "no memory for a lease");
}

/* A node that was started anew has forgotten all: its epochs go on from the time of day, and until
 * the last lease that it may have given has run out it gives none. Where it has no peers it gives
 * others none at all, and so has not to wait. */
void gw_leases_open(struct ax_ctx *ctx)
{
    struct ov_store_memory *memory = &gw.store.memory;
    struct ax_span key, value;
    read_told(ctx);
    gw.store.silent_at = gw.config.nregistries > 0 ? gw.now + gw.config.ttl_ns : UINT64_MAX;
    if (gw.store.server != NULL || !gw.store.here)
        return;
    for (uint64_t at = 0; ax_map_next(ctx, gateway_leases, &at, &key, &value) == 0;) {
        struct ov_store_record record;
        memcpy(&record, value.ptr, sizeof record);
        if (!ov_store_memory_add(memory, &record))
            break;
    }
    gw.store.least = (uint64_t)time(NULL);
    if (memory->n == 0 && gw.book.npeers > 0)
        gw.store.closed_to = gw.now + gw.config.ttl_ns;
}

/* False: there is no answer. */
static bool ask_memory(struct ax_ctx *ctx, const struct ov_store_request *request,
                       struct ov_store_answer *answer)
{
    struct ov_store_request own = *request;
    if (own.op == OV_STORE_ACQUIRE && gw.now < gw.store.closed_to)
        return false;
    if (own.op == OV_STORE_ACQUIRE && own.epoch < gw.store.least &&
        ov_store_memory_find(&gw.store.memory, own.registry, own.shard) == NULL)
        own.epoch = gw.store.least;
    ov_store_memory_handle(&gw.store.memory, gw.now, &own, answer);
    if (own.op != OV_STORE_READ && answer->outcome == OV_STORE_DONE)
        keep_record(ctx, &own);
    return true;
}

/* ---- a server ---- */

void gw_leases_run(struct ax_ctx *ctx)
{
    struct ov_store_answer answer;
    if (gw.store.server == NULL) {
        look_at_node(ctx);
        return;
    }
    ov_store_run(gw.store.server, gw.now);
    while (ov_store_take(gw.store.server, &answer))
        answer_core(ctx, &answer);
    look_at_server(ctx);
}

uint64_t gw_leases_next(void)
{
    if (gw.store.server != NULL)
        return ov_store_next(gw.store.server);
    return gw.store.here || gw.store.state != GW_STORE_UNKNOWN ? UINT64_MAX : gw.store.silent_at;
}

static void ask_server(struct ax_ctx *ctx, const struct gw_later *later)
{
    int error = ov_store_submit(gw.store.server, gw.now, &later->request);
    if (error != 0)
        ax_log(ctx, AX_WARN, "the lease store cannot be asked: %s", ax_strerror(error));
    gw_leases_run(ctx);
}

/* ---- */

void gw_leases_ask(struct ax_ctx *ctx, const struct ov_store_request *request)
{
    struct ov_store_answer answer;
    /* No turn begins any more. */
    if (request->op == OV_STORE_RELEASE)
        gw_lease_publish(ctx, gw_registry(request->registry), request->shard);
    if (gw.store.server != NULL)
        gw_run_later(ctx, ask_server)->request = *request;
    else if (!gw.store.here)
        gw_run_later(ctx, ask_node)->request = *request;
    else if (ask_memory(ctx, request, &answer))
        answer_core(ctx, &answer);
}

static bool read_answer(struct ax_span body, struct ov_store_answer *answer)
{
    struct gw_image image;
    const struct lease_store_change_reply *reply = (const void *)image.bytes;
    if (!gw_take_image(lease_store_contract.methods[0].reply, body, &image) ||
        reply->outcome > OV_STORE_UNKNOWN)
        return false;
    answer->outcome = (enum ov_store_outcome)reply->outcome;
    answer->epoch = reply->epoch;
    answer->left_ns = reply->left_ns;
    struct ax_span owner = {ax_str(&reply->owner), reply->owner.len};
    return owner.len == 0 || ov_ident_parse(owner, &answer->owner) == 0;
}

void gw_leases_answer(struct ax_ctx *ctx, uint64_t number, const struct ov_out *out)
{
    struct ov_store_answer answer = {.number = number};
    if (out->status == 0 && read_answer(out->body, &answer))
        answer_core(ctx, &answer);
    else if (out->status == AX_E_NOT_ALLOWED || out->status == AX_E_NO_ACTOR ||
             out->status == AX_E_INVALID)
        node_is_down(ctx, ax_strerror(out->status));
}

/* ---- what other nodes ask ---- */

static void reply_node(struct ax_ctx *ctx, const struct gw_later *later)
{
    struct lease_store_change_reply reply = {.outcome = (uint8_t)later->store.outcome,
                                             .epoch = later->store.epoch,
                                             .left_ns = later->store.left_ns};
    char owner[OV_ID_TEXT] = "";
    struct gw_image image;
    struct ov_answer answer = later->answer;
    const struct ov_in in = {.kind = OV_IN_ANSWER, .answer = &answer};
    if (later->store.owner.boot != 0)
        ov_ident_format(&later->store.owner, owner);
    gw_set_text(&reply.owner, owner);
    if (answer.status == 0)
        answer.body = gw_flatten(lease_store_contract.methods[0].reply, &reply, &image);
    (void)gw_step(ctx, &in, NULL);
}

/* A node asks for itself alone. */
static bool read_request(const struct ov_out *out, struct ov_store_request *request)
{
    struct gw_image image;
    const struct lease_store_change *change = (const void *)image.bytes;
    struct ov_node_view view;
    if (!gw_take_image(lease_store_contract.methods[0].msg, out->frame->body, &image))
        return false;
    *request = (struct ov_store_request){.op = (enum ov_store_op)change->op,
                                         .shard = change->shard,
                                         .epoch = change->epoch,
                                         .ttl_ns = change->ttl_ns};
    uint32_t registry = gw_registry(ax_str(&change->registry));
    if (change->op > OV_STORE_RELEASE || registry == OV_NO_REGISTRY ||
        change->shard >= gw.registries[registry].shards)
        return false;
    memcpy(request->registry, ax_str(&change->registry), change->registry.len);
    return ov_ident_parse((struct ax_span){ax_str(&change->asker), change->asker.len},
                          &request->asker) == 0 &&
           ov_core_node(ov_cluster_core(gw.cluster), out->node, &view) &&
           strcmp(view.node, request->asker.node) == 0;
}

/* What it has seen is no more than a store can have given: else none could be given any more. */
static bool is_believed(const struct ov_store_request *request)
{
    const struct ov_store_record *record =
        ov_store_memory_find(&gw.store.memory, request->registry, request->shard);
    uint64_t known = record != NULL ? record->epoch : 0;
    return ov_epoch_believed(known > gw.store.least ? known : gw.store.least, request->epoch);
}

bool gw_leases_serve(struct ax_ctx *ctx, const struct ov_out *out)
{
    struct ov_store_request request;
    if (out->kind != OV_OUT_ASK || !gw_is_for(out->frame, GW_LEASES))
        return false;
    struct gw_later *later = gw_run_later(ctx, reply_node);
    later->answer.handle = out->handle;
    if (!gw.store.here)
        later->answer.status = AX_E_NO_ACTOR;
    else if (gw.book.npeers == 0)
        later->answer.status = AX_E_NOT_ALLOWED;
    else if (!read_request(out, &request) || !is_believed(&request))
        later->answer.status = AX_E_INVALID;
    else if (!ask_memory(ctx, &request, &later->store))
        later->answer.status = AX_E_BUSY;
    return true;
}
