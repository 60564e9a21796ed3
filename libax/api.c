/* SPDX-License-Identifier: MIT */
#include "libax/event.h"
#include "libax/far.h"
#include "libax/lease.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/names.h"
#include "libax/order.h"
#include "libax/room.h"
#include "libax/send.h"
#include "libax/snapshot.h"
#include "libax/turn.h"
#include "shm/names.h"

#include <string.h>

#define DEFAULT_CAPACITY 256u
#define DEFAULT_RESTARTS 10u
#define CAPACITY_MOST 1000000u
#define RESTARTS_MOST 1000000u
#define RETRIES_MOST 100u
#define BACKOFF_MOST AX_SECONDS(3600) /* as in the config */
#define NAMES 4u                      /* that ax_name has given and keeps */

struct ax_ref ax_self(struct ax_ctx *ctx)
{
    return (struct ax_ref){.addr = actor_ref(ctx->worker, ctx->actor)};
}

struct ax_ref ax_sender(struct ax_ctx *ctx)
{
    uint64_t from = ctx->frame == NULL ? 0 : ctx->frame->from;
    return (struct ax_ref){.addr = is_far(ctx->worker, SHM_REF_SLOT(from)) ? 0 : from};
}

uint32_t ax_incarnation(struct ax_ctx *ctx)
{
    return actor_incarnation(ctx->worker, ctx->actor);
}

uint64_t ax_now(struct ax_ctx *ctx)
{
    return ctx->worker->now;
}

const char *ax_args(struct ax_ctx *ctx)
{
    const struct boot_actor *config = actor_config(ctx->worker, ctx->actor);
    return config == NULL || config->args == NULL ? "{}" : config->args;
}

const char *ax_name(struct ax_ctx *ctx, struct ax_ref who)
{
    static char texts[NAMES][SHM_NAME_MAX + 1];
    static uint32_t next;
    struct shm_port *port = &ctx->worker->port;
    uint32_t index = actor_local(ctx->worker, who.addr);
    char *text = texts[next++ % NAMES];
    text[0] = '\0';
    if (who.node != 0)
        return text;
    if (index != 0) {
        if (port->cold[index].name != 0)
            shm_name_text(port, port->cold[index].name - 1, text);
        return text;
    }
    for (uint32_t entry = 0; entry < port->name_count; entry++)
        if (shm_load(&port->names[entry].ref) == who.addr && who.addr != 0) {
            shm_name_text(port, entry, text);
            break;
        }
    return text;
}

void ax_stop(struct ax_ctx *ctx)
{
    actor_stop(ctx->worker, ctx->actor, SHM_NORMAL, 0, AX_STOP_CONTEXT_STOP);
}

void ax_passivate(struct ax_ctx *ctx)
{
    actor_retire(ctx->worker, ctx->actor);
}

int stop_actor(struct ax_ctx *ctx, struct ax_ref who, uint8_t reason)
{
    struct worker *w = ctx->worker;
    uint32_t slot = SHM_REF_SLOT(who.addr), index = actor_local(w, who.addr);
    if (who.node != 0)
        return AX_E_NO_ACTOR;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (index != 0) {
        actor_told(w, index, reason);
        return 0;
    }
    if (slot == w->port.slot || slot == 0 || slot >= w->port.slots)
        return AX_E_NO_ACTOR;
    const struct post post = {
        .to = who.addr, .from = actor_ref(w, ctx->actor), .kind = SHM_STOP, .method = reason};
    return post_slot(w, slot, SHM_CONTROL, &post);
}

int ax_stop_actor(struct ax_ctx *ctx, struct ax_ref who)
{
    return stop_actor(ctx, who, SHM_NORMAL);
}

#define REASON_SAME(name, number, text)                                                            \
    _Static_assert((int)AX_##name == (int)SHM_##name, "one list of reasons");
SHM_REASONS(REASON_SAME)
#undef REASON_SAME

int ax_stop_wait(struct ax_ctx *ctx, struct ax_ref who, uint64_t timeout_ns)
{
    struct worker *w = ctx->worker;
    if (who.addr == actor_ref(w, ctx->actor) && who.node == 0)
        return AX_E_DEADLOCK;
    int error = ax_stop_actor(ctx, who);
    if (error != 0)
        return error;
    clock_read(w);
    return room_wait_end(ctx, who.addr, deadline_after(w->now, timeout_ns));
}

bool ax_is_stop_requested(struct ax_ctx *ctx)
{
    return ctx->worker->stopping || actor_at(ctx->worker, ctx->actor)->flags & SHM_STOPPING;
}

/* As the turn has left it so far, of which nobody else is shown anything before the commit. */
static void status_here(struct worker *w, uint32_t index, struct ax_status *out)
{
    const struct shm_actor *actor = actor_at(w, index);
    *out = (struct ax_status){
        .closed = actor->state == SHM_CLOSING || actor->flags & SHM_STOPPING,
        .incarnation = actor_incarnation(w, index),
        .mailbox = (uint32_t)shm_chain_depth(&actor->mail),
        .control_mailbox = (uint32_t)order_depth(&w->port, index),
        .inflight = actor->suspended,
    };
}

/* As the directory shows it. */
static void status_away(struct worker *w, uint64_t who, bool closed, struct ax_status *out)
{
    uint32_t slot = SHM_REF_SLOT(who), index = SHM_REF_INDEX(who);
    const struct shm_directory *entry = &w->port.directories[slot][index];
    *out = (struct ax_status){
        .closed = closed,
        .incarnation =
            shm_load(&entry->incarnation) + shm_load(&w->port.slot_info[slot].incarnation),
        .mailbox = shm_load(&w->port.depths[slot][index]),
        .control_mailbox = shm_load(&entry->control),
        .inflight = (shm_load(&entry->refuse) & SHM_INFLIGHT) != 0,
    };
}

void ax_status(struct ax_ctx *ctx, struct ax_ref who, struct ax_status *out)
{
    struct worker *w = ctx->worker;
    uint32_t index = who.node == 0 ? actor_local(w, who.addr) : 0;
    bool away = is_here(who) && SHM_REF_SLOT(who.addr) != w->port.slot;
    int error = away ? look_at_life(w, who.addr) : AX_E_NO_ACTOR;
    *out = (struct ax_status){.closed = true, .terminated = true};
    if (index != 0)
        status_here(w, index, out);
    else if (error != AX_E_NO_ACTOR)
        status_away(w, who.addr, error == AX_E_CLOSED, out);
}

const char *ax_reason_name(enum ax_reason reason)
{
    static const char *const names[] = {
#define REASON_NAME(name, number, text) [number] = text,
        SHM_REASONS(REASON_NAME)
#undef REASON_NAME
    };
    return (unsigned)reason < sizeof names / sizeof *names ? names[reason] : "?";
}

const void *ax_reply_body_(const struct ax_reply *reply, const struct ax_contract *contract,
                           uint16_t method)
{
    if (reply->error != 0 || reply->method != method ||
        reply->contract != contract_hash(ax_worker, contract) ||
        ax_layout_validate(contract->methods[method].reply, reply->body, reply->size) != 0)
        return NULL;
    if (reply->far)
        far_import(ax_worker, contract->methods[method].reply, (void *)(uintptr_t)reply->body);
    return reply->body;
}

/* ---- spawn ---- */

/* Never so long that nobody would wait for it. */
static uint64_t backoff_most(const struct ax_spawn *spawn)
{
    uint64_t most = spawn->backoff_max_ns, least = spawn->backoff_min_ns;
    if (most == 0)
        most = least > AX_SECONDS(5) ? least : AX_SECONDS(5);
    return most < BACKOFF_MOST ? most : BACKOFF_MOST;
}

static void policy_of(const struct ax_spawn *spawn, struct shm_policy *policy)
{
    memset(policy, 0, sizeof *policy); /* padding too: policies are compared as bytes */
    policy->window_ns = spawn->window_ns == 0 ? AX_SECONDS(60) : spawn->window_ns;
    policy->backoff_min_ns = spawn->backoff_min_ns;
    policy->backoff_max_ns = backoff_most(spawn);
    policy->max = spawn->max_restarts == 0 ? DEFAULT_RESTARTS : spawn->max_restarts;
    policy->high = spawn->high;
    policy->low = spawn->low;
    policy->block = spawn->block;
    policy->control_capacity = spawn->control_capacity;
    policy->drain_ns = spawn->drain_ns;
    policy->drop_mail = spawn->mailbox == AX_MAILBOX_DROP;
    policy->retries = spawn->retries;
    policy->restart = spawn->restart == AX_RESTART_NEVER    ? 0
                      : spawn->restart == AX_RESTART_ALWAYS ? 2
                                                            : 1;
}

/* What a config would not take either. */
static bool is_sane(const struct ax_spawn *spawn)
{
    return spawn->capacity <= CAPACITY_MOST && spawn->high <= CAPACITY_MOST &&
           spawn->max_restarts <= RESTARTS_MOST && spawn->retries <= RETRIES_MOST &&
           (unsigned)spawn->restart <= AX_RESTART_ALWAYS &&
           (spawn->high == 0 || spawn->low < spawn->high) &&
           (spawn->backoff_max_ns == 0 || spawn->backoff_min_ns <= spawn->backoff_max_ns);
}

static int type_for(struct worker *w, const struct ax_contract *contract)
{
    uint64_t hash = contract_hash(w, contract);
    for (uint32_t i = 0; i < w->plugin->nactors; i++)
        if (w->contracts[i].hash == hash)
            return (int)i;
    return -1;
}

/* Of a new actor, in the turn of its spawn. */
static int endow(struct worker *w, uint32_t index, const struct ax_spawn *spawn)
{
    int error = shm_unlikely(w->leased) ? lease_inherit(w, w->current->ctx.actor, index) : 0;
    if (error == 0)
        return snapshot_initial(w, index, spawn->snapshot);
    end_failed(w, index, SHM_FAILED);
    return error;
}

/* The name first: it is granted for a record that we hold, then both become binding together. */
static int spawn_named(struct worker *w, int type, const struct shm_policy *policy,
                       uint32_t capacity, const struct ax_spawn *spawn, uint32_t *index)
{
    const char *name = spawn->name;
    uint64_t taken;
    uint32_t entry = 0;
    if (w->current->ctx.type->durable || !shm_name_valid(name))
        return AX_E_INVALID;
    if (name_find(w, name, 0, &taken) == 0)
        return AX_E_NAME_TAKEN;
    uint32_t record = actor_reserve(w);
    if (record == 0)
        return AX_E_LIMIT;
    w->current->reserved = record; /* whoever is killed while it waits gives it back */
    int error = name_claim(w, name, actor_ref(w, record), &entry);
    w->current->reserved = 0;
    if (error == 0)
        error = actor_spawn(w, (uint16_t)type, policy, capacity, record, index);
    if (error != 0) {
        actor_unreserve(w, record);
        return error;
    }
    error = endow(w, record, spawn);
    shm_set(&w->port, &w->port.cold[record].name, entry + 1);
    turn_pause(w); /* binding now: the name must not outlive a spawn that is undone */
    turn_continue(w);
    return error;
}

static int spawn_anonymous(struct worker *w, int type, const struct shm_policy *policy,
                           uint32_t capacity, const struct ax_spawn *spawn, uint32_t *index)
{
    int error = actor_spawn(w, (uint16_t)type, policy, capacity, 0, index);
    return error != 0 ? error : endow(w, *index, spawn);
}

int ax_spawn_(struct ax_ctx *ctx, const struct ax_contract *contract, const struct ax_spawn *spawn,
              struct ax_ref *out)
{
    static const struct ax_spawn defaults;
    struct worker *w = ctx->worker;
    struct shm_policy policy;
    uint32_t index;
    int type = type_for(w, contract);
    *out = (struct ax_ref){0};
    if (spawn == NULL)
        spawn = &defaults;
    if (w->stopping)
        return AX_E_SHUTTING_DOWN;
    if (type < 0)
        return AX_E_WRONG_CONTRACT;
    if (!is_sane(spawn))
        return AX_E_INVALID;
    if (spawn->snapshot.len != 0 && w->plugin->actors[type]->restore == NULL)
        return AX_E_UNSUPPORTED;
    if (spawn->snapshot.len > w->port.geo.max_message)
        return AX_E_TOO_BIG;
    if (!memory_room(w, kept_units(w->plugin->actors[type]) + spawn->snapshot.len / SHM_UNIT + 32))
        return AX_E_NO_MEMORY;
    policy_of(spawn, &policy);
    uint32_t capacity = spawn->capacity == 0 ? DEFAULT_CAPACITY : spawn->capacity;
    int error = (spawn->name == NULL ? spawn_anonymous : spawn_named)(w, type, &policy, capacity,
                                                                      spawn, &index);
    if (error == 0)
        out->addr = actor_ref(w, index);
    return error;
}
