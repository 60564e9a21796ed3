/* SPDX-License-Identifier: MIT */
#include "tests/lib/host.h"

#include "overlay/core/place.h"
#include "overlay/sim/sim_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

#define DEADLINE (10 * SIM_S)

static struct ax_span span(const char *text)
{
    return (struct ax_span){text, (uint32_t)strlen(text)};
}

/* ---- requests and monitors ---- */

static uint64_t new_note(struct host *host, unsigned node, const char *text)
{
    uint64_t token = ++host->nnotes;
    assert_true(token < HOST_NOTES);
    host->notes[token].out.node = node;
    snprintf(host->notes[token].text, HOST_TEXT, "%s", text);
    return token;
}

const struct host_note *host_note(const struct host *host, uint64_t token)
{
    assert_in_range(token, 1, host->nnotes);
    return &host->notes[token];
}

int host_try(struct host *host, unsigned node, enum ov_kind kind, const struct ov_target *target,
             const char *text, uint64_t *token)
{
    struct ov_request request = {.kind = kind,
                                 .token = new_note(host, node, text),
                                 .deadline = sim_clock(host->sim, node) + DEADLINE,
                                 .target = *target,
                                 .body = span(text)};
    uint64_t id = 0;
    int r =
        sim_in(host->sim, node, &(struct ov_in){.kind = OV_IN_REQUEST, .request = &request}, &id);
    host->notes[request.token].id = id;
    if (token != NULL)
        *token = request.token;
    return r;
}

uint64_t host_request(struct host *host, unsigned node, enum ov_kind kind, uint32_t registry,
                      const char *key, const char *text)
{
    struct ov_target target = {.registry = registry, .key = span(key)};
    uint64_t token;
    assert_int_equal(host_try(host, node, kind, &target, text, &token), 0);
    return token;
}

static const struct host_note *wait_for(struct host *host, uint64_t token)
{
    const struct host_note *note = host_note(host, token);
    for (unsigned i = 0; i < DEADLINE / SIM_MS + 100 && note->n == 0; i++)
        sim_run(host->sim, SIM_MS);
    assert_int_equal(note->n, 1);
    return note;
}

const struct host_note *host_ask(struct host *host, unsigned node, uint32_t registry,
                                 const char *key, const char *text)
{
    return wait_for(host, host_request(host, node, OV_ASK, registry, key, text));
}

const struct host_note *host_find(struct host *host, unsigned node, uint32_t registry,
                                  const char *key)
{
    const struct host_note *note =
        wait_for(host, host_request(host, node, OV_ENSURE, registry, key, ""));
    assert_int_equal(note->out.status, 0);
    return note;
}

struct ov_target host_target(const struct host_note *found)
{
    return (struct ov_target){.registry = found->out.registry,
                              .node = found->out.node,
                              .boot = found->out.boot,
                              .actor = found->out.actor,
                              .shard = found->out.shard,
                              .epoch = found->out.epoch};
}

int host_try_watch(struct host *host, unsigned node, const struct ov_target *target,
                   uint64_t *token)
{
    uint64_t id = 0;
    *token = new_note(host, node, "");
    struct ov_in in = {.kind = OV_IN_MONITOR, .target = target, .token = *token};
    int r = sim_in(host->sim, node, &in, &id);
    host->notes[*token].id = id;
    return r;
}

uint64_t host_watch(struct host *host, unsigned node, const struct ov_target *target)
{
    uint64_t token;
    assert_int_equal(host_try_watch(host, node, target, &token), 0);
    return token;
}

int host_demonitor(struct host *host, unsigned node, uint64_t token)
{
    struct ov_in in = {.kind = OV_IN_DEMONITOR, .id = host_note(host, token)->id};
    return sim_in(host->sim, node, &in, NULL);
}

/* ---- to be looked at ---- */

const char *host_key_of(struct host *host, unsigned node, unsigned *cursor)
{
    static char key[HOST_TEXT];
    do
        snprintf(key, sizeof key, "k%u", (*cursor)++);
    while (host_owner(host, HOST_USERS, ov_shard_of(span(key), HOST_SHARDS)) != node);
    return key;
}

void host_settle(struct host *host)
{
    uint64_t until = sim_now(host->sim) + 30 * SIM_S;
    for (uint32_t i = 0; i <= HOST_SHARDS; i++)
        while (host_owner(host, i / HOST_SHARDS, i % HOST_SHARDS) == SIM_NOBODY) {
            assert_true(sim_now(host->sim) < until);
            sim_run(host->sim, 50 * SIM_MS);
        }
}

bool host_has_session(const struct host *host, unsigned node, unsigned other,
                      struct ov_node_view *view)
{
    uint32_t index = sim_index(host->sim, node, other);
    const struct ov_core *core = ov_cluster_core(sim_cluster(host->sim, node));
    *view = (struct ov_node_view){0};
    return index != UINT32_MAX && ov_core_node(core, index, view) && view->up;
}

void host_wait_for_session(struct host *host, unsigned node, unsigned other)
{
    struct ov_node_view view;
    for (unsigned i = 0; !host_has_session(host, node, other, &view); i++) {
        assert_true(i < 1000);
        sim_run(host->sim, 20 * SIM_MS);
    }
}

struct ov_cluster_view host_view(const struct host *host, unsigned node)
{
    struct ov_cluster_view view;
    ov_cluster_look(sim_cluster(host->sim, node), &view);
    return view;
}

/* Until another than `node` owns the shard. */
unsigned host_wait_for_another(struct host *host, uint32_t registry, uint32_t shard, unsigned node)
{
    for (unsigned i = 0; i < 1000; i++) {
        unsigned owner = host_owner(host, registry, shard);
        if (owner != SIM_NOBODY && owner != node)
            return owner;
        sim_run(host->sim, 20 * SIM_MS);
    }
    fail();
    return SIM_NOBODY;
}

/* An actor on node 0, as a target for node 1. */
struct host *host_with_actor(uint64_t seed, struct ov_target *target, char key[HOST_TEXT])
{
    struct host *host = host_new(3, seed);
    unsigned cursor = 0;
    snprintf(key, HOST_TEXT, "%s", host_key_of(host, 0, &cursor));
    *target = host_target(host_find(host, 1, HOST_USERS, key));
    assert_int_equal(sim_node_of(host->sim, 1, target->node), 0);
    return host;
}

void host_nothing_left(const struct host *host)
{
    for (unsigned node = 0; node < host->nodes; node++)
        if (sim_alive(host->sim, node)) {
            struct ov_cluster_view view = host_view(host, node);
            struct ov_host_view hosted;
            ov_host_look(sim_hosted(host->sim, node), &hosted);
            assert_int_equal(view.monitors, 0);
            assert_int_equal(view.watchers, 0);
            assert_int_equal(hosted.watches, 0);
        }
}

void host_is_down(const struct host *host, uint64_t token, uint8_t reason)
{
    assert_int_equal(host_note(host, token)->n, 1);
    assert_int_equal(host_note(host, token)->out.reason, reason);
}

/* ---- what a core does not do by itself ---- */

void host_crash(struct host *host, unsigned node)
{
    sim_crash(host->sim, node, false);
}

void host_forge(struct host *host, unsigned from, unsigned to, const struct ov_frame *frame)
{
    struct ov_core *core = (struct ov_core *)ov_cluster_core(sim_cluster(host->sim, from));
    static struct ov_effect list[OV_EFFECTS_MIN];
    static uint8_t bytes[OV_EFFECT_BYTES];
    struct ov_effects effects = {
        .list = list, .room = OV_EFFECTS_MIN, .bytes = bytes, .bytes_room = sizeof bytes};
    struct ov_event event = {
        .kind = OV_ON_SEND, .index = sim_index(host->sim, from, to), .frame = frame};

    assert_int_equal(ov_core_step(core, sim_clock(host->sim, from), &event, &effects), 0);
    for (unsigned i = 0; i < effects.n; i++)
        sim_carry(host->sim, from, &list[i]);
}
