/* SPDX-License-Identifier: MIT */
#include "overlay/sim/sim_parts.h"

#include <stdlib.h>
#include <string.h>

struct answered {
    struct ov_store_request request;
    struct ov_store_answer answer;
};

/* Which question it is. */
static uint64_t question(unsigned node, const struct ov_store_request *request, enum sim_what what)
{
    return (uint64_t)request->shard << 32 ^ (uint64_t)(unsigned char)request->registry[0] << 24 ^
           (uint64_t)request->op << 16 ^ (uint64_t)what << 8 ^ node;
}

static bool by_chance(struct sim *sim, uint64_t of, unsigned of_hundred)
{
    return of_hundred > 0 && sim_random_of(sim, ~of, 100) < of_hundred;
}

static bool reaches(const struct sim *sim, unsigned node)
{
    return node != SIM_IMPOSTOR && (sim->faults.cut >> node & 1) == 0 &&
           sim->now >= sim->store_begins_at;
}

/* As the store answers, or, to who reads what is stale, a copy of it that hears of nothing. */
static void handle(struct sim *sim, unsigned node, const struct ov_store_request *request,
                   struct ov_store_answer *answer)
{
    bool stale = request->op == OV_STORE_READ && (sim->faults.stale >> node & 1) != 0;
    ov_store_memory_handle(stale ? &sim->old : &sim->store, sim->now, request, answer);
}

static void post(struct sim *sim, enum sim_what what, unsigned node, unsigned life, uint64_t of,
                 const void *bytes, size_t len)
{
    uint64_t delay = sim_delay(sim, of);
    if (by_chance(sim, of ^ 1ull << 62, sim->faults.slow))
        delay += sim_random_of(sim, of ^ 1ull << 61, sim->faults.slow_ns);
    struct sim_event *event = sim_post(sim, sim->now + delay, what);
    event->node = node;
    event->life = life;
    event->bytes = sim_alloc(NULL, len);
    event->len = len;
    memcpy(event->bytes, bytes, len);
}

void sim_ask(struct sim *sim, unsigned node, const struct ov_store_request *request)
{
    uint64_t of = question(node, request, SIM_ASKED);
    sim->counts.requests++;
    if (reaches(sim, node) && !by_chance(sim, of, sim->faults.lost_requests))
        post(sim, SIM_ASKED, node, sim->node[node].life, of, request, sizeof *request);
}

void sim_asked(struct sim *sim, struct sim_event *event)
{
    static const char *const ops[] = {"read", "acquire", "renew", "release"};
    struct ov_store_request request;
    struct ov_store_answer answer;
    uint64_t of;

    memcpy(&request, event->bytes, sizeof request);
    of = question(event->node, &request, SIM_ANSWERED);
    if (sim->now < sim->store_begins_at)
        return;
    handle(sim, event->node, &request, &answer);
    if (request.op != OV_STORE_READ)
        sim_say(sim, SIM_NOBODY, "store: %s asks to %s %s/%u: %s, epoch %llu",
                sim->node[event->node].name, ops[request.op], request.registry, request.shard,
                answer.outcome == OV_STORE_DONE ? "done" : "refused",
                (unsigned long long)answer.epoch);
    if (sim->config.host.stored != NULL)
        sim->config.host.stored(sim->config.host.of, event->node, &request, &answer, false);
    if (by_chance(sim, of ^ 1ull << 63, sim->faults.unknown))
        answer = (struct ov_store_answer){.number = request.number, .outcome = OV_STORE_UNKNOWN};
    if (reaches(sim, event->node) && !by_chance(sim, of, sim->faults.lost_answers))
        post(sim, SIM_ANSWERED, event->node, event->life, of,
             &(struct answered){.request = request, .answer = answer}, sizeof(struct answered));
}

void sim_answered(struct sim *sim, struct sim_event *event)
{
    struct answered on;
    memcpy(&on, event->bytes, sizeof on);
    if (sim->config.host.stored != NULL)
        sim->config.host.stored(sim->config.host.of, event->node, &on.request, &on.answer, true);
    sim_must_step(sim, event->node, (struct ov_in){.kind = OV_IN_STORE, .store = &on.answer});
}

void sim_store(struct sim *sim, const struct sim_store_faults *faults)
{
    sim->faults = *faults;
    memcpy(sim->old_records, sim->records, sim->store.room * sizeof *sim->records);
    sim->old = (struct ov_store_memory){
        .records = sim->old_records, .room = sim->store.room, .n = sim->store.n};
}

static struct ov_store_record *find(const struct sim *sim, unsigned registry, uint32_t shard)
{
    const char *name = sim->config.registries[registry].name;
    for (uint32_t i = 0; i < sim->store.n; i++)
        if (sim->records[i].shard == shard && strcmp(sim->records[i].registry, name) == 0)
            return &sim->records[i];
    return NULL;
}

static void forget(void *of, uint64_t arg)
{
    struct sim *sim = of;
    unsigned registry = (unsigned)(arg >> 48);
    uint32_t shard = (uint32_t)(arg >> 16);
    uint64_t epochs = arg & 0xffff;
    struct ov_store_record *record = find(sim, registry, shard);

    if (record == NULL)
        return;
    sim_say(sim, SIM_NOBODY, "store: another one begins, which has %s/%u %llu epochs before %llu",
            record->registry, shard, (unsigned long long)epochs, (unsigned long long)record->epoch);
    record->owner = (struct ov_ident){0};
    if (record->epoch > epochs)
        record->epoch -= epochs;
    else
        ov_store_memory_lose(&sim->store, sim->config.registries[registry].name, shard);
}

void sim_store_forget(struct sim *sim, unsigned registry, uint32_t shard, uint32_t epochs)
{
    SIM_MUST(registry < sim->config.nregistries);
    SIM_MUST(shard < sim->config.registries[registry].shards);
    SIM_MUST(epochs < 1u << 16);
    uint64_t end = sim->now;
    for (uint32_t i = 0; i < sim->store.n; i++)
        end = sim->records[i].until > end ? sim->records[i].until : end;
    if (sim->store_begins_at <= end)
        sim->store_begins_at = end + 1;
    sim_later(sim, end - sim->now, SIM_NOBODY, forget, sim,
              (uint64_t)registry << 48 | (uint64_t)shard << 16 | (epochs & 0xffff));
}

const struct ov_store_record *sim_record(const struct sim *sim, unsigned registry, uint32_t shard)
{
    SIM_MUST(registry < sim->config.nregistries);
    return find(sim, registry, shard);
}
