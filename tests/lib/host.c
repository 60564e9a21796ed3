/* SPDX-License-Identifier: MIT */
#include "tests/lib/host.h"

#include "overlay/core/place.h"
#include "overlay/sim/sim_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

static const struct ov_registry registries[] = {{"users", HOST_SHARDS}, {"solo", 1}};

static struct ax_span span(const char *text)
{
    return (struct ax_span){text, (uint32_t)strlen(text)};
}

static void copy(char to[HOST_TEXT], struct ax_span from)
{
    assert_true(from.len < HOST_TEXT);
    if (from.len > 0)
        memcpy(to, from.ptr, from.len);
    to[from.len] = 0;
}

/* ---- actors ---- */

struct host_actor *host_actor(struct host *host, uint64_t address)
{
    assert_in_range(address, 1, host->nactors);
    return &host->actors[address - 1];
}

static bool lives(const struct host *host, const struct host_actor *actor)
{
    return actor->alive && sim_alive(host->sim, actor->node) &&
           sim_life(host->sim, actor->node) == actor->life;
}

static uint64_t find_key(const struct host *host, unsigned node, uint32_t registry,
                         struct ax_span key)
{
    for (unsigned i = 0; i < host->nactors; i++) {
        const struct host_actor *actor = &host->actors[i];
        if (lives(host, actor) && actor->node == node && strlen(actor->key) == key.len &&
            memcmp(actor->key, key.ptr, key.len) == 0 &&
            (registry == OV_NO_REGISTRY || actor->registry == registry))
            return i + 1;
    }
    return 0;
}

unsigned host_living(const struct host *host, uint32_t registry, const char *key)
{
    unsigned n = 0;
    for (unsigned i = 0; i < host->nactors; i++)
        n += lives(host, &host->actors[i]) && host->actors[i].registry == registry &&
             strcmp(host->actors[i].key, key) == 0;
    return n;
}

static uint64_t spawn(struct host *host, unsigned node, const struct ov_out *out)
{
    struct host_actor *actor = &host->actors[host->nactors++];
    assert_true(host->nactors < HOST_ACTORS);
    *actor = (struct host_actor){.alive = true,
                                 .node = node,
                                 .life = sim_life(host->sim, node),
                                 .registry = out->registry,
                                 .shard = out->shard,
                                 .epoch = out->epoch};
    copy(actor->key, out->key);
    host->spawned++;
    return host->nactors;
}

static void say_ended(struct host *host, unsigned node, uint64_t handle, uint8_t reason)
{
    struct ov_answer answer = {.handle = handle, .reason = reason, .incarnation = 1};
    int r = sim_in(host->sim, node, &(struct ov_in){.kind = OV_IN_ENDED, .answer = &answer}, NULL);
    assert_true(r == 0 || r == AX_E_NO_KEY);
}

void host_end(struct host *host, uint64_t address)
{
    struct host_actor *actor = host_actor(host, address);
    if (!lives(host, actor))
        return;
    actor->alive = false;
    for (unsigned i = 0; i < HOST_WATCHES; i++)
        if (actor->watches[i] != 0)
            say_ended(host, actor->node, actor->watches[i], AX_NORMAL);
}

/* ---- later than it was told ---- */

static int answer(struct host *host, const struct host_turn *turn, uint8_t status, const char *text)
{
    struct ov_answer what = {
        .handle = turn->handle, .status = status, .actor = turn->actor, .incarnation = 1};
    if (text != NULL)
        what.body = span(text);
    return sim_in(host->sim, turn->node, &(struct ov_in){.kind = OV_IN_ANSWER, .answer = &what},
                  NULL);
}

static uint8_t take_turn(struct host *host, const struct host_turn *turn)
{
    struct host_actor *actor =
        turn->actor != 0 && turn->actor <= host->nactors ? &host->actors[turn->actor - 1] : NULL;
    if (actor == NULL || !lives(host, actor) || actor->node != turn->node)
        return AX_E_NO_ACTOR;
    if (ov_cluster_epoch(sim_cluster(host->sim, turn->node), actor->registry, actor->shard,
                         sim_clock(host->sim, turn->node)) != actor->epoch)
        return AX_E_STALE;
    actor->turns++;
    host->handled++;
    return 0;
}

static void handle(void *of, uint64_t index)
{
    struct host *host = of;
    struct host_turn *turn = &host->turns[index];
    uint8_t status = take_turn(host, turn);
    if (turn->handle != 0)
        (void)answer(host, turn, status, status == 0 && turn->ask ? turn->text : NULL);
}

static void ensure(void *of, uint64_t index)
{
    struct host *host = of;
    (void)answer(host, &host->turns[index], 0, NULL);
}

int host_answer(struct host *host, unsigned turn, const char *text)
{
    return answer(host, &host->turns[turn], 0, text);
}

static void stop_shard(void *of, uint64_t arg)
{
    struct host *host = of;
    struct ov_in in = {.kind = OV_IN_STOPPED,
                       .registry = (uint32_t)(arg >> 8 & 0xff),
                       .shard = (uint32_t)(arg & 0xff)};
    assert_int_equal(sim_in(host->sim, (unsigned)(arg >> 16), &in, NULL), 0);
}

static void tell_end(void *of, uint64_t arg)
{
    say_ended(of, (unsigned)(arg >> 56), arg & UINT64_MAX >> 8, AX_GONE);
}

/* ---- what comes out ---- */

static void gained(struct host *host, unsigned node, const struct ov_out *out)
{
    host->gained++;
    assert_true(out->epoch > host->epochs[out->registry][out->shard]);
    host->epochs[out->registry][out->shard] = out->epoch;
    host->gained_epoch[node][out->registry][out->shard] = out->epoch;
}

/* Its actors, all of them of one epoch, end; who watches them is told by the core. */
static void ending(struct host *host, unsigned node, const struct ov_out *out)
{
    *(out->kind == OV_OUT_DRAIN ? &host->drained : &host->lost) += 1;
    for (unsigned i = 0; i < host->nactors; i++) {
        struct host_actor *actor = &host->actors[i];
        if (lives(host, actor) && actor->node == node && actor->registry == out->registry &&
            actor->shard == out->shard && actor->epoch <= out->epoch)
            actor->alive = false;
    }
    sim_later(host->sim, host->stop_ns, node, stop_shard, host,
              (uint64_t)node << 16 | out->registry << 8 | out->shard);
}

static struct host_turn *new_turn(struct host *host, unsigned node, const struct ov_out *out)
{
    struct host_turn *turn = &host->turns[host->nturns++];
    assert_true(host->nturns < HOST_TURNS);
    *turn = (struct host_turn){.node = node,
                               .handle = out->handle,
                               .actor = out->actor,
                               .epoch = out->epoch,
                               .ask = out->kind == OV_OUT_ASK};
    return turn;
}

static void message(struct host *host, unsigned node, const struct ov_out *out)
{
    struct host_turn *turn = new_turn(host, node, out);
    if (turn->actor == 0)
        turn->actor = find_key(host, node, OV_NO_REGISTRY, out->frame->endpoint);
    copy(turn->text, out->frame->body);
    if (!host->mute || !turn->ask)
        sim_later(host->sim, host->delay_ns, node, handle, host, (uint64_t)(turn - host->turns));
}

static void ensured(struct host *host, unsigned node, const struct ov_out *out)
{
    struct host_turn *turn = new_turn(host, node, out);
    turn->actor = find_key(host, node, out->registry, out->key);
    if (turn->actor == 0)
        turn->actor = spawn(host, node, out);
    sim_later(host->sim, SIM_MS / 10, node, ensure, host, (uint64_t)(turn - host->turns));
}

static void watch(struct host *host, unsigned node, const struct ov_out *out)
{
    uint64_t address =
        out->actor != 0 ? out->actor : find_key(host, node, OV_NO_REGISTRY, out->frame->endpoint);
    struct host_actor *actor =
        address != 0 && address <= host->nactors ? host_actor(host, address) : NULL;

    host->watched++;
    if (actor != NULL && lives(host, actor) && actor->node == node)
        for (unsigned i = 0; i < HOST_WATCHES; i++)
            if (actor->watches[i] == 0) {
                actor->watches[i] = out->handle;
                return;
            }
    sim_later(host->sim, 0, node, tell_end, host, (uint64_t)node << 56 | out->handle);
}

static void unwatch(struct host *host, uint64_t handle)
{
    host->unwatched++;
    for (unsigned i = 0; i < host->nactors; i++)
        for (unsigned k = 0; k < HOST_WATCHES; k++)
            if (host->actors[i].watches[k] == handle)
                host->actors[i].watches[k] = 0;
}

static void ended(struct host *host, const struct ov_out *out)
{
    struct host_note *note = &host->notes[out->token];
    assert_in_range(out->token, 1, host->nnotes);
    note->n++;
    note->at = sim_now(host->sim);
    note->out = *out;
    copy(note->text, out->kind == OV_OUT_DOWN ? out->detail : out->body);
    host->downs += out->kind == OV_OUT_DOWN;
}

static void go_on(void *of, uint64_t token)
{
    struct host *host = of;
    const struct host_note *note = host_note(host, token);
    struct ov_in in = {.kind = OV_IN_GO_ON, .id = note->id, .body = span(note->text)};
    if (note->n == 0)
        (void)sim_in(host->sim, note->out.node, &in, NULL);
}

static void out(void *of, unsigned node, const struct ov_out *what)
{
    struct host *host = of;
    switch (what->kind) {
    case OV_OUT_GAINED:
        gained(host, node, what);
        break;
    case OV_OUT_DRAIN:
    case OV_OUT_LOST:
        ending(host, node, what);
        break;
    case OV_OUT_ENSURE:
        ensured(host, node, what);
        break;
    case OV_OUT_TELL:
    case OV_OUT_ASK:
        message(host, node, what);
        break;
    case OV_OUT_WATCH:
        watch(host, node, what);
        break;
    case OV_OUT_UNWATCH:
        unwatch(host, what->handle);
        break;
    case OV_OUT_READY:
        sim_later(host->sim, 0, node, go_on, host, what->token);
        break;
    case OV_OUT_END:
    case OV_OUT_DEAD:
    case OV_OUT_DOWN:
        ended(host, what);
        break;
    default:
        break;
    }
}

unsigned host_owner(const struct host *host, uint32_t registry, uint32_t shard)
{
    unsigned owner = SIM_NOBODY;
    for (unsigned node = 0; node < host->nodes; node++) {
        if (!sim_alive(host->sim, node) || ov_cluster_epoch(sim_cluster(host->sim, node), registry,
                                                            shard, sim_clock(host->sim, node)) == 0)
            continue;
        assert_int_equal(owner, SIM_NOBODY);
        owner = node;
    }
    return owner;
}

static void stepped(void *of, unsigned node)
{
    const struct host *host = of;
    (void)node;
    for (uint32_t registry = 0; registry < 2; registry++)
        for (uint32_t shard = 0; shard < registries[registry].shards; shard++)
            (void)host_owner(host, registry, shard);
}

/* ---- beginning and end ---- */

struct host *host_new_down(unsigned nodes, uint64_t seed)
{
    struct host *host = calloc(1, sizeof *host);
    assert_non_null(host);
    host->nodes = nodes;
    host->stop_ns = host->delay_ns = SIM_MS;
    host->sim = sim_new(&(struct sim_config){.nodes = nodes,
                                             .seed = seed,
                                             .registries = registries,
                                             .nregistries = 2,
                                             .trace = getenv("AX_TRACE") != NULL ? stderr : NULL,
                                             .host = {.of = host, .out = out, .stepped = stepped}});
    return host;
}

struct host *host_new(unsigned nodes, uint64_t seed)
{
    struct host *host = host_new_down(nodes, seed);
    sim_start_all(host->sim);
    sim_run(host->sim, 3 * SIM_S);
    host_settle(host);
    return host;
}

void host_free(struct host *host)
{
    sim_free(host->sim);
    free(host);
}
