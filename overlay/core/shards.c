/* SPDX-License-Identifier: MIT */
#include "overlay/core/shards.h"

#include "overlay/core/place.h"

#include <string.h>

static uint64_t score_of(const struct ov_shards *shards, struct ax_span node, uint32_t shard)
{
    struct ax_span registry = {shards->registry, (uint32_t)strlen(shards->registry)};
    return ov_place_score(node, registry, shard);
}

/* ---- when there is something to do ----
 *
 * A tree has for each pair of shards, pair of pairs and so on when the first of them is due: there
 * may be very many, and an event is for one. Its node 1 is the root, those below node i are 2i and
 * 2i + 1, and its leaves are the shards, in their order. */

static bool holds(const struct ov_shard *shard)
{
    return shard->lease.state == OV_HELD || shard->lease.state == OV_RENEWING;
}

static uint32_t round_most(const struct ov_shards *shards)
{
    return shards->leaving                   ? shards->n
           : shards->n < 2 * OV_SHARDS_ROUND ? 1
                                             : shards->n / OV_SHARDS_ROUND;
}

static uint64_t next_of(const struct ov_shards *shards, const struct ov_shard *shard)
{
    uint64_t next = ov_lease_next(&shard->lease, &shards->lease), at = UINT64_MAX;
    if (shard->ours && shard->lease.state == OV_FREE && !shards->lease.paused)
        at = shard->lease.wait_until;
    else if (!shard->ours && holds(shard))
        at = shards->moved < round_most(shards) ? 0 : shards->round_end;
    return at < next ? at : next;
}

static uint64_t tree_at(const struct ov_shards *shards, uint32_t node)
{
    if (node < shards->leaves)
        return shards->shards[node / 2].sooner[node % 2];
    return node - shards->leaves < shards->n ? shards->shards[node - shards->leaves].due
                                             : UINT64_MAX;
}

static bool tree_set(struct ov_shards *shards, uint32_t node)
{
    uint64_t left = tree_at(shards, 2 * node), right = tree_at(shards, 2 * node + 1);
    uint64_t *at = &shards->shards[node / 2].sooner[node % 2];
    uint64_t before = *at;
    *at = left < right ? left : right;
    return *at != before;
}

static void note_shard(struct ov_shards *shards, struct ov_shard *shard)
{
    bool held = shard->lease.epoch != 0 || shard->stopping != 0;
    shards->held = shards->held - shard->held + held;
    shard->held = held;
    shard->due = next_of(shards, shard);
}

/* Something is different with that shard. */
static void note(struct ov_shards *shards, uint32_t index)
{
    note_shard(shards, &shards->shards[index]);
    for (uint32_t node = (shards->leaves + index) / 2; node > 0 && tree_set(shards, node);)
        node /= 2;
}

/* Something is different that is for all of them. */
static void note_all(struct ov_shards *shards)
{
    for (uint32_t i = 0; i < shards->n; i++)
        note_shard(shards, &shards->shards[i]);
    for (uint32_t node = shards->leaves - 1; node > 0; node--)
        (void)tree_set(shards, node);
}

/* The first from that one on; n: there is none. */
static uint32_t next_due(const struct ov_shards *shards, uint32_t from, uint64_t now)
{
    uint32_t node = shards->leaves + from;
    if (from >= shards->n)
        return shards->n;
    while (tree_at(shards, node) > now) { /* on to what is right of it */
        while (node % 2 != 0)
            node /= 2;
        if (node == 0)
            return shards->n;
        node++;
    }
    while (node < shards->leaves)
        node = 2 * node + (tree_at(shards, 2 * node) > now);
    return node - shards->leaves;
}

uint64_t ov_shards_next(const struct ov_shards *shards)
{
    return tree_at(shards, 1);
}

/* ---- beginning ---- */

void ov_shards_init(struct ov_shards *shards, const struct ov_lease_config *lease,
                    const char *registry, uint64_t round_ns, struct ov_shard *table, uint32_t n)
{
    char text[OV_ID_TEXT];
    struct ax_span self = ov_place_name(&lease->self, text);
    *shards = (struct ov_shards){.lease = *lease, .round_ns = round_ns, .shards = table, .n = n};
    memcpy(shards->registry, registry, strlen(registry) + 1);
    shards->leaves = 1;
    while (shards->leaves < n)
        shards->leaves *= 2;
    for (uint32_t i = 0; i < n; i++) {
        table[i] = (struct ov_shard){.lease.shard = i, .score = score_of(shards, self, i)};
        memcpy(table[i].lease.registry, shards->registry, sizeof shards->registry);
    }
    note_all(shards);
}

/* ---- who should have what: as ov_place, a node at a time ---- */

static void contend(struct ov_shards *shards, const struct ov_ident *member)
{
    char text[OV_ID_TEXT], own_text[OV_ID_TEXT];
    struct ax_span name = ov_place_name(member, text);
    struct ax_span own = ov_place_name(&shards->lease.self, own_text);
    for (uint32_t i = 0; i < shards->n; i++) {
        struct ov_shard *shard = &shards->shards[i];
        if (shard->ours)
            shard->ours = ov_place_before(shard->score, own, score_of(shards, name, i), name);
    }
}

void ov_shards_members(struct ov_shards *shards, const struct ov_ident *members, uint32_t n)
{
    for (uint32_t i = 0; i < shards->n; i++)
        shards->shards[i].ours = !shards->leaving;
    for (uint32_t i = 0; i < n; i++)
        if (!ov_ident_same_boot(&members[i], &shards->lease.self))
            contend(shards, &members[i]);
    for (uint32_t i = 0; i < shards->n; i++)
        if (shards->shards[i].ours)
            ov_lease_ask_anew(&shards->shards[i].lease);
    note_all(shards);
}

void ov_shards_pause(struct ov_shards *shards, bool paused)
{
    shards->lease.paused = paused;
    note_all(shards);
}

void ov_shards_leave(struct ov_shards *shards)
{
    shards->leaving = true;
    for (uint32_t i = 0; i < shards->n; i++)
        shards->shards[i].ours = false;
    note_all(shards);
}

/* ---- giving away ---- */

static bool in_hand_off(const struct ov_shard *shard)
{
    return shard->lease.state == OV_DRAINING || shard->lease.state == OV_RELEASING;
}

/* One more may go now. A new round counts those that are still on their way. */
static bool may_move(struct ov_shards *shards, uint64_t now)
{
    if (now >= shards->round_end) {
        shards->round_end = now + shards->round_ns;
        shards->moved = 0;
        for (uint32_t i = 0; i < shards->n; i++)
            shards->moved += in_hand_off(&shards->shards[i]);
    }
    if (shards->moved >= round_most(shards))
        return false;
    shards->moved++;
    return true;
}

/* ---- one shard ---- */

/* The shard is in the number, so that an answer finds it. */
static uint64_t next_number(const struct ov_shards *shards, uint32_t shard)
{
    return (shards->numbers + 1) * OV_SHARDS_MOST + shard;
}

static bool take(struct ov_shards *shards, uint32_t index, const struct ov_lease_effect *did,
                 struct ov_shards_effect *effect)
{
    struct ov_shard *shard = &shards->shards[index];
    *effect = (struct ov_shards_effect){.shard = index, .epoch = shard->lease.epoch};
    if (did->send) {
        shards->numbers++;
        effect->kind = OV_SHARDS_ASK;
        effect->request = did->request;
    } else if (did->lost) {
        effect->kind = OV_SHARDS_LOST;
        effect->epoch = shard->stopping = shard->lease.last;
    } else if (did->gained) {
        effect->kind = OV_SHARDS_GAINED;
    } else if (did->released) {
        effect->kind = OV_SHARDS_RELEASED;
        effect->epoch = shard->lease.last;
    } else {
        return false;
    }
    return true;
}

static bool step(struct ov_shards *shards, uint32_t index, uint64_t now,
                 struct ov_shards_effect *effect)
{
    struct ov_shard *shard = &shards->shards[index];
    struct ov_lease_effect did =
        ov_lease_tick(&shard->lease, &shards->lease, now, next_number(shards, index));
    if (take(shards, index, &did, effect))
        return true;
    if (shard->ours) {
        did = ov_lease_want(&shard->lease, &shards->lease, now, next_number(shards, index));
        return take(shards, index, &did, effect);
    }
    if (!holds(shard) || !may_move(shards, now))
        return false;
    ov_lease_drain(&shard->lease);
    shard->stopping = shard->lease.epoch;
    *effect = (struct ov_shards_effect){
        .kind = OV_SHARDS_DRAIN, .shard = index, .epoch = shard->lease.epoch};
    return true;
}

bool ov_shards_step(struct ov_shards *shards, uint64_t now, struct ov_shards_effect *effect)
{
    for (;;) {
        uint32_t index = next_due(shards, shards->cursor, now);
        if (index == shards->n)
            break;
        shards->cursor = index + 1;
        bool did = step(shards, index, now, effect);
        note(shards, index);
        if (did)
            return true;
    }
    shards->cursor = 0;
    return false;
}

/* ---- events ---- */

static bool taken(struct ov_shards *shards, uint32_t index, const struct ov_lease_effect *did,
                  struct ov_shards_effect *effect)
{
    bool takes = take(shards, index, did, effect);
    note(shards, index);
    return takes;
}

bool ov_shards_answer(struct ov_shards *shards, uint64_t now, const struct ov_store_answer *answer,
                      struct ov_shards_effect *effect)
{
    uint32_t index = (uint32_t)(answer->number % OV_SHARDS_MOST);
    if (index >= shards->n)
        return false;
    struct ov_lease_effect did = ov_lease_answer(&shards->shards[index].lease, &shards->lease, now,
                                                 answer, next_number(shards, index));
    return taken(shards, index, &did, effect);
}

bool ov_shards_stopping(const struct ov_shards *shards, uint32_t shard, uint64_t epoch)
{
    return shard < shards->n && epoch != 0 && shards->shards[shard].stopping == epoch;
}

bool ov_shards_stopped(struct ov_shards *shards, uint64_t now, uint32_t shard, uint64_t epoch,
                       struct ov_shards_effect *effect)
{
    if (!ov_shards_stopping(shards, shard, epoch))
        return false;
    shards->shards[shard].stopping = 0;
    struct ov_lease_effect did = ov_lease_stopped(&shards->shards[shard].lease, &shards->lease, now,
                                                  next_number(shards, shard));
    return taken(shards, shard, &did, effect);
}

bool ov_shards_saw(struct ov_shards *shards, uint32_t shard, uint64_t epoch,
                   struct ov_shards_effect *effect)
{
    if (shard >= shards->n)
        return false;
    struct ov_lease_effect did = ov_lease_saw(&shards->shards[shard].lease, epoch);
    return taken(shards, shard, &did, effect);
}

void ov_shards_released(struct ov_shards *shards, uint32_t shard, uint64_t epoch)
{
    if (shard >= shards->n)
        return;
    ov_lease_released(&shards->shards[shard].lease, epoch);
    note(shards, shard);
}

/* ---- looking ---- */

uint64_t ov_shards_epoch(const struct ov_shards *shards, uint32_t shard, uint64_t now)
{
    if (shard >= shards->n || !ov_lease_may_begin(&shards->shards[shard].lease, now))
        return 0;
    return shards->shards[shard].lease.epoch;
}

uint32_t ov_shards_held(const struct ov_shards *shards)
{
    return shards->held;
}
