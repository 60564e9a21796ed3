/* SPDX-License-Identifier: MIT */
#include "scenario.h"

static uint64_t actor, watched, fails;

void scenarios_open(struct node *node)
{
    uint64_t contract = ax_contract_hash(&probe_contract);
    actor = node_peer_actor(node, PLAYED_ANSWERS, contract);
    watched = node_peer_actor(node, PLAYED_STAYS, contract);
    fails = node_peer_actor(node, PLAYED_FAILS, contract);
}

probe_ref to(uint64_t address)
{
    return (probe_ref){.ref = {.addr = address}};
}

probe_ref here(uint32_t index)
{
    return to(SHM_REF(NODE_WORKER, index, 1));
}

probe_ref there(void)
{
    return to(actor);
}

uint64_t peer_watched(void)
{
    return watched;
}

uint64_t peer_fails(void)
{
    return fails;
}

void head(struct shm_frame *frame, uint64_t target, uint8_t kind, uint16_t method)
{
    *frame = (struct shm_frame){
        .kind = kind,
        .method = method,
        .to = target,
        .from = STEP_ASKER,
    };
}

void send_frame(struct node *node, uint64_t target, uint8_t kind, uint16_t method, const void *body,
                uint32_t size)
{
    struct shm_frame frame;
    head(&frame, target, kind, method);
    frame.corr = kind == SHM_ASK ? *(const uint64_t *)body : 0;
    node_send(node, NODE_PEER, SHM_DATA, &frame, body, size);
}

/* ---- judges ---- */

bool same(const struct seen *want, const struct seen *got)
{
    struct seen copy = *got;
    copy.deaths = want->deaths;
    memcpy(copy.gen, want->gen, sizeof copy.gen);
    return memcmp(want, &copy, sizeof copy) == 0;
}

uint32_t answers(const struct seen *seen, uint8_t kind, uint64_t corr)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < seen->nframes; i++)
        count += seen->frame[i].to == STEP_ASKER && seen->frame[i].kind == kind &&
                 seen->frame[i].corr == corr &&
                 (kind != SHM_ERROR || seen->frame[i].method == AX_E_CANCELED);
    return count;
}

bool at_rest(const struct seen *want, const struct seen *got, uint64_t letters)
{
    return got->mail == 0 && got->units == want->units && got->letters == letters &&
           memcmp(got->state, want->state, sizeof want->state) == 0 &&
           memcmp(got->handled, want->handled, sizeof want->handled) == 0;
}

uint32_t charged(const struct seen *seen)
{
    uint32_t units = 0;
    for (uint32_t i = 1; i < STEP_RECORDS; i++)
        units += seen->failures[i] > 0 ? 1u + (1u << SHM_MORE_ORDER) : 0;
    return units;
}

int64_t total(const int64_t of[STEP_RECORDS])
{
    int64_t sum = 0;
    for (uint32_t i = 1; i < STEP_RECORDS; i++)
        sum += of[i];
    return sum;
}
