/* SPDX-License-Identifier: MIT */
#include "tests/sim/seeds/world.h"

#include <ax/actor.h>
#include <string.h>

static bool is_own(const struct world *world, unsigned node, unsigned of_node, unsigned life)
{
    return of_node == node && life == sim_life(world->sim, node);
}

/* ---- requests ---- */

/* To an actor that there is, wherever it is; or, where none is known there, to its key. */
static void aim(struct world *world, struct op *op, struct ov_target *target, uint32_t by_chance)
{
    const struct actor *actor = &world->actors[by_chance % ACTORS];
    for (unsigned i = 0; i < ACTORS && !actor->alive; i++)
        actor = actor + 1 < world->actors + ACTORS ? actor + 1 : world->actors;
    if (!actor->alive || !sim_alive(world->sim, actor->node) ||
        (actor->node != op->node && sim_index(world->sim, op->node, actor->node) == UINT32_MAX))
        return;
    op->direct = true;
    op->key = actor->key;
    *target = (struct ov_target){.registry = actor->registry,
                                 .node = sim_index(world->sim, op->node, actor->node),
                                 .boot = sim_boot(world->sim, actor->node),
                                 .actor = (uint64_t)actor->generation << 32 |
                                          (uint32_t)(actor - world->actors + 1),
                                 .shard = actor->shard,
                                 .epoch = actor->epoch};
}

static bool may_be_refused(const struct op *op, int r)
{
    return r == AX_E_BUSY || r == AX_E_FULL ||
           (op->direct && (r == AX_E_NODE_DOWN || r == AX_E_STALE));
}

static struct op *new_op(struct world *world, unsigned node, const struct planned *planned)
{
    static const enum ov_kind kinds[] = {OV_ASK, OV_ASK, OV_ASK, OV_TELL, OV_ENSURE};
    static const enum linear_kind whats[] = {LINEAR_ADD, LINEAR_ADD, LINEAR_READ, LINEAR_WRITE};
    unsigned index = world->nops++;

    world->ops[index] = (struct op){.state = OP_OPEN,
                                    .kind = kinds[planned->c % 5],
                                    .what = whats[planned->c / 5 % 4],
                                    .node = node,
                                    .life = sim_life(world->sim, node),
                                    .key = planned->b % KEYS,
                                    .number = ++world->numbers,
                                    .begun_at = sim_now(world->sim),
                                    .body = index};
    world->tally.n[ASKED]++;
    return &world->ops[index];
}

void ledger_request(struct world *world, unsigned node, const struct planned *planned)
{
    struct op *op;
    struct ov_request request;
    char name[8];
    int r;

    if (world->nops == OPS)
        return;
    op = new_op(world, node, planned);
    request = (struct ov_request){.kind = op->kind,
                                  .token = op->body,
                                  .deadline = sim_clock(world->sim, node) +
                                              (100 + planned->d % 4000) * SIM_MS,
                                  .target = {.registry = key_registry(op->key),
                                             .key = key_name(op->key, name),
                                             .node = OV_HERE},
                                  .contract = 7,
                                  .method = 1,
                                  .body = {(const char *)&op->body, sizeof op->body}};
    if (op->kind != OV_ENSURE && planned->c / 20 % 8 == 0)
        aim(world, op, &request.target, planned->c);
    say(world, node, "request %u: %s %s of k%u", (unsigned)op->body,
        op->kind == OV_ASK    ? "ask"
        : op->kind == OV_TELL ? "tell"
                              : "ensure",
        op->direct ? "to an actor" : "by key", op->key);
    r = sim_in(world->sim, node, &(struct ov_in){.kind = OV_IN_REQUEST, .request = &request},
               &op->id);
    if (r == 0)
        return;
    if (!may_be_refused(op, r))
        fail(world, "host", "a request is refused: %s", ax_strerror(r));
    world->tally.n[BUSY] += r == AX_E_BUSY;
    world->tally.n[FULL] += r == AX_E_FULL;
    op->state = OP_ENDED;
    op->status = (unsigned)r;
}

/* I9 where it is done: once, in the order of the asker, and not for a request that has ended in a
 * way that says that nothing was done. */
void ledger_done(struct world *world, unsigned index, uint64_t value)
{
    struct op *op = &world->ops[index < OPS ? index : 0];
    uint64_t *last = &world->resources[op->key].last[op->node][op->life % 64];

    if (index >= world->nops || ++op->done > 1)
        fail(world, "I9", "request %u is done twice", index);
    if (op->state == OP_ENDED && op->status != AX_E_TIMEOUT && op->status != AX_E_NODE_DOWN &&
        op->status != AX_E_CANCELED)
        fail(world, "I9", "request %u is done after it has ended with %u", index, op->status);
    op->value = value;
    say(world, SIM_NOBODY, "request %u of k%u is done: %llu", index, op->key,
        (unsigned long long)value);
    if (op->direct)
        return;
    if (op->number < *last)
        fail(world, "order", "request %u of %c, for k%u, is done after a later one", index,
             'a' + (int)op->node, op->key);
    *last = op->number;
}

bool ledger_may_be_done(unsigned status)
{
    return status == 0 || status == AX_E_TIMEOUT || status == AX_E_NODE_DOWN ||
           status == AX_E_CANCELED;
}

/* I9 each request ends once, as what has become of it. */
static void ended(struct world *world, unsigned node, const struct ov_out *out)
{
    struct op *op = &world->ops[out->token < OPS ? out->token : 0];
    unsigned index = (unsigned)(op - world->ops);
    uint64_t value = 0;

    if (op->state != OP_OPEN || !is_own(world, node, op->node, op->life))
        fail(world, "I9", "request %u ends twice", index);
    op->state = OP_ENDED;
    op->status = out->status;
    op->ended_at = sim_now(world->sim);
    say(world, node, "request %u to k%u ends: %s", index, op->key, ax_strerror(out->status));
    if (op->done > 0 && !ledger_may_be_done(out->status))
        fail(world, "I9", "request %u was done, and is said to have ended with %u", index,
             out->status);
    if (out->status != 0)
        return;
    world->tally.n[ANSWERED]++;
    if (op->kind != OV_ENSURE && op->done != 1)
        fail(world, "I9", "request %u was not done, and is said to be", index);
    if (op->kind == OV_ENSURE)
        ledger_learn(world, node, out);
    if (op->kind != OV_ASK)
        return;
    memcpy(&value, out->body.ptr, out->body.len == sizeof value ? sizeof value : 0);
    if (value != op->value)
        fail(world, "I9", "request %u is answered with what is another's", index);
}

static void go_on(void *of, uint64_t arg)
{
    struct world *world = of;
    struct op *op = &world->ops[arg];
    struct ov_in in = {
        .kind = OV_IN_GO_ON, .id = op->id, .body = {(const char *)&op->body, sizeof op->body}};
    int r = sim_in(world->sim, op->node, &in, NULL);
    if (r != 0 && r != AX_E_NO_KEY)
        fail(world, "host", "going on with request %u is refused: %d", (unsigned)arg, r);
}

/* One of the last ones is given up, if it has not ended: it may be done, and does not end again. */
void ledger_cancel(struct world *world, uint32_t by_chance)
{
    struct op *op =
        &world->ops[world->nops > 0 ? world->nops - 1 - by_chance % world->nops % 8 : 0];
    int r;

    if (op->state != OP_OPEN || op->id == 0 || !can_act(world, op->node) ||
        sim_life(world->sim, op->node) != op->life)
        return;
    op->state = OP_ENDED;
    op->status = AX_E_CANCELED;
    world->tally.n[CANCELED]++;
    say(world, op->node, "request %u to k%u is taken back", (unsigned)op->body, op->key);
    r = sim_in(world->sim, op->node, &(struct ov_in){.kind = OV_IN_CANCEL, .id = op->id}, NULL);
    if (r != 0)
        fail(world, "I9", "request %u has not ended and cannot be taken back: %s",
             (unsigned)op->body, ax_strerror(r));
}

/* ---- monitors ---- */

static void set(void *of, uint64_t arg)
{
    struct world *world = of;
    struct watch *watch = &world->watches[arg];
    const struct actor *actor = &world->actors[watch->actor];
    bool there = sim_alive(world->sim, actor->node);
    struct ov_target target = {.registry = actor->registry,
                               .node = sim_index(world->sim, watch->node, actor->node),
                               .boot = there ? sim_boot(world->sim, actor->node) : 1,
                               .actor = (uint64_t)actor->generation << 32 | (watch->actor + 1),
                               .shard = actor->shard,
                               .epoch = actor->epoch};
    int r = AX_E_BUSY;

    watch->generation = actor->generation;
    if (target.node != UINT32_MAX || actor->node == watch->node)
        r = sim_in(world->sim, watch->node,
                   &(struct ov_in){.kind = OV_IN_MONITOR, .target = &target, .token = arg},
                   &watch->id);
    if (r != 0 && r != AX_E_BUSY)
        fail(world, "host", "a monitor is refused: %d", r);
    if (r != 0)
        watch->state = OP_ENDED;
    say(world, watch->node, "monitor %u of actor %u, of k%u on %c: %s", (unsigned)arg, watch->actor,
        actor->key, 'a' + (int)actor->node, ax_strerror(r));
}

static void watch_actor(struct world *world, unsigned node, unsigned actor)
{
    unsigned index = world->nwatches;
    if (index == WATCHES)
        return;
    world->nwatches++;
    world->watches[index] = (struct watch){
        .state = OP_OPEN, .node = node, .life = sim_life(world->sim, node), .actor = actor};
    sim_later(world->sim, 0, node, set, world, index);
}

/* An ensure has named an actor: it may be watched. */
void ledger_learn(struct world *world, unsigned node, const struct ov_out *out)
{
    uint32_t index = (uint32_t)out->actor - 1;
    if (index < ACTORS && chance(world, 3) > 0 && !world->calm)
        watch_actor(world, node, index);
}

void ledger_watch(struct world *world, unsigned node, uint32_t by_chance)
{
    unsigned actor = by_chance % ACTORS;
    for (unsigned i = 0; i < ACTORS; i++, actor = (actor + 1) % ACTORS)
        if (world->actors[actor].alive) {
            watch_actor(world, node, actor);
            return;
        }
}

void ledger_take_back(struct world *world, uint32_t by_chance)
{
    struct watch *watch = &world->watches[world->nwatches > 0 ? by_chance % world->nwatches : 0];
    if (watch->state != OP_OPEN || watch->id == 0 || !sim_alive(world->sim, watch->node) ||
        sim_life(world->sim, watch->node) != watch->life || sim_paused(world->sim, watch->node))
        return;
    watch->state = OP_ENDED;
    watch->taken_back = true;
    say(world, watch->node, "monitor %u is taken back", (unsigned)(watch - world->watches));
    if (sim_in(world->sim, watch->node, &(struct ov_in){.kind = OV_IN_DEMONITOR, .id = watch->id},
               NULL) != 0)
        fail(world, "I8", "a monitor that was not down cannot be taken back");
}

void ledger_notice(struct world *world, unsigned node, uint64_t monitor, bool said)
{
    for (unsigned i = 0; i < world->nwatches; i++) {
        struct watch *watch = &world->watches[i];
        if (!is_own(world, node, watch->node, watch->life) || watch->id != monitor)
            continue;
        if (said && watch->state == OP_ENDED && !watch->taken_back && !watch->refused)
            fail(world, "I8", "the down of monitor %u came before the last message", i);
        watch->noticed = true;
    }
}

/* I8 one down per monitor, none before the last message of the same sender, and none of one that
 * was taken back. */
static void down(struct world *world, unsigned node, const struct ov_out *out)
{
    struct watch *watch = &world->watches[out->token < WATCHES ? out->token : 0];

    world->tally.n[DOWNS]++;
    say(world, node, "monitor %u is down: %s", (unsigned)out->token, ax_reason_name(out->reason));
    if (watch->state != OP_OPEN || !is_own(world, node, watch->node, watch->life))
        fail(world, "I8", "a second down of monitor %u, or one that was taken back",
             (unsigned)out->token);
    watch->state = OP_ENDED;
    watch->refused = out->reason == AX_OTHER;
    if (out->reason == AX_NORMAL && !watch->noticed)
        fail(world, "I8", "monitor %u is down before the last message", (unsigned)out->token);
    if (out->reason != AX_NORMAL && out->reason != AX_GONE && out->reason != AX_NODE_DOWN &&
        out->reason != AX_LEASE_LOST && (out->reason != AX_OTHER || out->detail.len == 0))
        fail(world, "I8", "a down with reason %u", out->reason);
}

/* ---- all of it ---- */

void ledger_out(struct world *world, unsigned node, const struct ov_out *out)
{
    switch (out->kind) {
    case OV_OUT_READY:
        world->ops[out->token].id = out->id;
        sim_later(world->sim, 0, node, go_on, world, out->token);
        break;
    case OV_OUT_END:
        ended(world, node, out);
        break;
    case OV_OUT_DOWN:
        down(world, node, out);
        break;
    default:
        break;
    }
}

void ledger_crash(struct world *world, unsigned node)
{
    for (unsigned i = 0; i < world->nops; i++)
        if (world->ops[i].node == node && world->ops[i].state == OP_OPEN) {
            world->ops[i].state = OP_ENDED;
            world->ops[i].status = AX_E_NODE_DOWN;
        }
    for (unsigned i = 0; i < world->nwatches; i++)
        if (world->watches[i].node == node && world->watches[i].state == OP_OPEN) {
            world->watches[i].state = OP_ENDED;
            world->watches[i].taken_back = true;
        }
}

void ledger_all_ended(struct world *world)
{
    for (unsigned i = 0; i < world->nops; i++)
        if (world->ops[i].state == OP_OPEN)
            fail(world, "I9", "request %u never ends", i);
    for (unsigned i = 0; i < world->nwatches; i++) {
        const struct watch *watch = &world->watches[i];
        const struct actor *actor = &world->actors[watch->actor];
        if (watch->state == OP_OPEN && (!actor->alive || actor->generation != watch->generation))
            fail(world, "I8", "monitor %u of what is gone is never down", i);
    }
}
