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
static const struct ov_bound bound[] = {{.registry = HOST_SOLO, .key = {HOST_BOSS, 4}}};
static const struct ov_host_config hosting = {
    .bound = bound, .nbound = 1, .actors = HOST_FREE, .spawns = 4, .endpoints = HOST_FREE + 1};

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

unsigned host_living(const struct host *host, uint32_t registry, const char *key)
{
    unsigned n = 0;
    for (unsigned i = 0; i < host->nactors; i++)
        n += lives(host, &host->actors[i]) && host->actors[i].registry == registry &&
             strcmp(host->actors[i].key, key) == 0;
    return n;
}

static bool same_key(const struct host_actor *actor, const struct host_actor *other)
{
    return actor->node == other->node && actor->registry == other->registry &&
           strcmp(actor->key, other->key) == 0;
}

static void spawned(void *of, uint64_t address)
{
    struct host *host = of;
    struct host_actor *actor = host_actor(host, address);
    bool failed = host->failing > 0 && sim_random(host->sim, 100) < host->failing;
    int r =
        sim_spawned(host->sim, actor->node, actor->handle, failed ? AX_E_FAILED : 0, address, 1);
    assert_int_equal(r, 0);
    actor->told = !failed;
    actor->alive &= !failed;
    actor->ended = failed;
    if (failed)
        return;
    r = sim_register(host->sim, actor->node, span(actor->key), address);
    assert_true(r == 0 || r == AX_E_CLOSED);
}

/* Two of one key at once on a node would be one too many. */
static void spawn(struct host *host, unsigned node, const struct ov_host_effect *what)
{
    struct host_actor *actor = &host->actors[host->nactors++];
    assert_true(host->nactors < HOST_ACTORS);
    *actor = (struct host_actor){.alive = true,
                                 .node = node,
                                 .life = sim_life(host->sim, node),
                                 .registry = what->registry,
                                 .shard = what->shard,
                                 .epoch = what->epoch,
                                 .handle = what->handle};
    copy(actor->key, what->key);
    for (unsigned i = 0; i + 1 < host->nactors; i++)
        assert_false(lives(host, &host->actors[i]) && same_key(&host->actors[i], actor));
    host->spawned += actor->registry == HOST_USERS;
    sim_later(host->sim, host->spawn_ns, node, spawned, host, host->nactors);
}

static void end(struct host *host, uint64_t address, uint8_t reason)
{
    struct host_actor *actor = host_actor(host, address);
    struct ov_host_end what = {.reason = reason, .incarnation = 1};
    int r;
    if (actor->ended || !sim_alive(host->sim, actor->node) ||
        sim_life(host->sim, actor->node) != actor->life)
        return;
    actor->alive = false;
    actor->ended = true;
    r = sim_ended(host->sim, actor->node, address, &what);
    assert_int_equal(r, 0);
}

void host_end(struct host *host, uint64_t address)
{
    end(host, address, AX_NORMAL);
}

/* ---- later than it was told ---- */

static uint8_t take_turn(struct host *host, const struct host_turn *turn)
{
    struct host_actor *actor = host_actor(host, turn->actor);
    if (!actor->alive)
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
    bool reply = status == 0 && turn->ask;
    if (turn->handle != 0)
        (void)sim_answer(host->sim, turn->node, turn->handle, status,
                         span(reply ? turn->text : ""));
}

int host_answer(struct host *host, unsigned turn, const char *text)
{
    return sim_answer(host->sim, host->turns[turn].node, host->turns[turn].handle, 0, span(text));
}

static void stop_lost(void *of, uint64_t address)
{
    end(of, address, AX_LEASE_LOST);
}

static void stop(void *of, uint64_t address)
{
    end(of, address, AX_NORMAL);
}

/* ---- what is to be done ---- */

static void message(struct host *host, unsigned node, const struct ov_host_effect *what)
{
    struct host_turn *turn = &host->turns[host->nturns++];
    assert_true(host->nturns < HOST_TURNS);
    *turn = (struct host_turn){.node = node,
                               .handle = what->handle,
                               .actor = what->actor,
                               .epoch = what->epoch,
                               .ask = what->kind == OV_HOST_ASK};
    copy(turn->text, what->frame->body);
    if (!host->mute || !turn->ask)
        sim_later(host->sim, host->delay_ns, node, handle, host, (uint64_t)(turn - host->turns));
}

static void run(void *of, unsigned node, const struct ov_host_effect *what)
{
    struct host *host = of;
    switch (what->kind) {
    case OV_HOST_SPAWN:
        spawn(host, node, what);
        break;
    case OV_HOST_STOP:
        host_actor(host, what->actor)->alive = false;
        sim_later(host->sim, host->stop_ns, node, what->lost ? stop_lost : stop, host, what->actor);
        break;
    default:
        message(host, node, what);
    }
}

/* ---- what comes out ---- */

/* An epoch is gained once, but for a process that takes over what one before had. */
static void gained(struct host *host, unsigned node, const struct ov_out *out)
{
    uint64_t *epoch = &host->epochs[out->registry][out->shard];
    unsigned *gainer = &host->gainers[out->registry][out->shard];
    unsigned *life = &host->lives[out->registry][out->shard];
    bool anew = *gainer == node && *life < sim_life(host->sim, node);
    host->gained++;
    assert_true(anew ? out->epoch >= *epoch : out->epoch > *epoch);
    *epoch = out->epoch;
    *gainer = node;
    *life = sim_life(host->sim, node);
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

void host_go_on(struct host *host, uint64_t token)
{
    go_on(host, token);
}

static void out(void *of, unsigned node, const struct ov_out *what)
{
    struct host *host = of;
    switch (what->kind) {
    case OV_OUT_GAINED:
        gained(host, node, what);
        break;
    case OV_OUT_DRAIN:
        host->drained++;
        break;
    case OV_OUT_LOST:
        host->lost++;
        break;
    case OV_OUT_WATCH:
        host->watched++;
        break;
    case OV_OUT_UNWATCH:
        host->unwatched++;
        break;
    case OV_OUT_READY:
        if (!host->still)
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
    host->spawn_ns = SIM_MS / 10;
    host->stop_ns = host->delay_ns = SIM_MS;
    host->sim = sim_new(
        &(struct sim_config){.nodes = nodes,
                             .seed = seed,
                             .registries = registries,
                             .nregistries = 2,
                             .trace = getenv("AX_TRACE") != NULL ? stderr : NULL,
                             .hosting = &hosting,
                             .host = {.of = host, .out = out, .run = run, .stepped = stepped}});
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
