/* SPDX-License-Identifier: MIT */
/* memory_mail.c - what a slot has not handled: what lies in the lanes to it, and in its mailboxes.
 *
 * Both are read as of the last committed turn of who wrote them, and nothing in them is believed: a
 * frame is shown only where it lies whole within its lane or its block, and a chain is followed no
 * further than its count says and the arena could hold. */
#include "axsup/memory.h"

#include "axsup/sup.h"
#include "shm/chain.h"
#include "shm/segment.h"

#define DATA ((uint32_t)offsetof(struct shm_chunk, data))

/* ---- lanes ---- */

struct lane {
    const uint8_t *ring;
    uint64_t bytes;
};

static struct lane data_lane(const struct sup_memory *memory, const uint8_t *edge)
{
    return (struct lane){edge + SHM_PAGE + memory->geo.control_ring, memory->geo.data_ring};
}

/* The frame at `at`, of which not more than `most` bytes may be there; NULL: it is none. */
static const struct shm_frame *lane_frame(const struct lane *lane, uint64_t at, uint64_t most,
                                          uint32_t *size, bool *pad)
{
    const void *bytes = lane->ring + (at & (lane->bytes - 1));
    uint64_t word = shm_load((const uint64_t *)bytes);
    uint64_t lap = lane->bytes - (at & (lane->bytes - 1));

    *size = (uint32_t)word;
    *pad = word >> 48 == SHM_PAD;
    if (*size < 8 || *size & 7 || *size > most || *size > lap)
        return NULL;
    return *pad || *size >= sizeof(struct shm_frame) ? bytes : NULL;
}

uint64_t sup_memory_each_between(const struct sup_memory *memory, const uint8_t *edge,
                                 const uint64_t range[2], uint32_t peer, sup_frame_fn *fn,
                                 void *ctx)
{
    const struct lane lane = data_lane(memory, edge);
    const struct shm_frame *frame;
    uint64_t at = range[0], to = range[1], count = 0;
    uint32_t size;
    bool pad;

    if (to - at > lane.bytes || at & 7)
        return 0;
    for (; at != to && (frame = lane_frame(&lane, at, to - at, &size, &pad)); at += size) {
        if (pad)
            continue;
        count++;
        if (fn)
            fn(ctx, peer, frame);
    }
    return count;
}

/* Where the lane from a peer ends. One that died between its commit and the publishing has sent
 * what it staged up to there, and nobody may be there to say so. */
static uint64_t lane_end(const struct sup *sup, uint32_t slot, uint32_t peer, uint8_t *edge)
{
    const struct lane lane = data_lane(&sup->slots[slot].memory, edge);
    uint64_t at = shm_load_acquire(&shm_edge_ends(edge, peer, slot)->data), end = at;
    const struct shm_frame *frame;
    uint32_t size;
    bool pad;

    if (peer == 0 || sup_child_exists(&sup->slots[peer]))
        return end;
    uint64_t staged = shm_load(&shm_edge_staged(edge, peer, slot)->end[SHM_DATA]);
    uint64_t committed = shm_load_acquire(&sup->hub.port.peers[peer]->committed);
    if (staged - at > lane.bytes || (at | staged) & 7)
        return end;
    for (; at != staged && (frame = lane_frame(&lane, at, staged - at, &size, &pad)); at += size) {
        if (!pad && shm_load(&frame->stamp) > committed)
            break;
        if (!pad)
            end = at + size;
    }
    return end;
}

uint64_t sup_memory_each_unread(const struct sup *sup, uint32_t slot, sup_frame_fn *fn, void *ctx)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    uint64_t bytes = memory->geo.edge_bytes, count = 0;

    for (uint32_t peer = 0; peer < sup->n_slots; peer++) {
        uint64_t range[2], where = offsetof(struct shm_private, read_data) + peer * sizeof *range;
        uint8_t *edge = peer == slot ? NULL
                                     : shm_segment_map(sup->slots[peer].memory.out_readonly[slot],
                                                       bytes, false);
        if (edge == NULL)
            continue;
        range[1] = lane_end(sup, slot, peer, edge);
        if (sup_memory_word(sup, slot, where, &range[0]))
            count += sup_memory_each_between(memory, edge, range, peer, fn, ctx);
        shm_segment_unmap(edge, bytes);
    }
    return count;
}

struct counts {
    uint32_t *of; /* each actor */
    uint32_t actors;
};

static void count_for(void *ctx, uint32_t peer, const struct shm_frame *frame)
{
    const struct counts *counts = ctx;
    uint8_t kind = shm_load(&frame->kind);
    uint32_t index = SHM_REF_INDEX(shm_load(&frame->to));

    (void)peer;
    if ((kind == SHM_TELL || kind == SHM_ASK) && index < counts->actors)
        counts->of[index]++;
}

uint64_t sup_memory_unread(const struct sup *sup, uint32_t slot, uint32_t *of)
{
    struct counts counts = {of, sup->slots[slot].memory.geo.actors};

    return sup_memory_each_unread(sup, slot, of != NULL ? count_for : NULL, &counts);
}

/* ---- mailboxes ---- */

/* The block that a chain word lies in, NULL where it cannot be one. *room: its bytes. */
static const struct shm_chunk *chunk_of(const struct sup_memory *memory, uint64_t word,
                                        uint32_t *room)
{
    uint64_t unit = word >> 32;

    if (unit == 0 || unit >= memory->units)
        return NULL;
    const uint8_t *arena = (const uint8_t *)memory->view + memory->geo.arena_off;
    const struct shm_chunk *chunk = (const void *)(arena + unit * SHM_UNIT);
    uint8_t order = shm_load(&chunk->order);
    if (order >= SHM_ORDERS || unit + (1ull << order) > memory->units)
        return NULL;
    *room = SHM_UNIT << order;
    return chunk;
}

/* The frame at *at, which may lie in the next block. NULL: there is none. */
static const struct shm_frame *chain_frame(const struct sup_memory *memory, uint64_t *at,
                                           uint64_t tail)
{
    uint32_t room, offset;
    const struct shm_chunk *chunk = chunk_of(memory, *at, &room);

    if (chunk != NULL && (*at ^ tail) >> 32 && (uint32_t)*at == shm_load(&chunk->end)) {
        *at = (uint64_t)shm_load(&chunk->next) << 32 | DATA;
        chunk = chunk_of(memory, *at, &room);
    }
    offset = (uint32_t)*at;
    if (chunk == NULL || offset < DATA || offset & 7 || offset > room ||
        room - offset < sizeof(struct shm_frame))
        return NULL;
    const struct shm_frame *frame = (const void *)((const uint8_t *)chunk + offset);
    uint32_t size = shm_load(&frame->size);
    if (size < sizeof *frame || size & 7 || size > room - offset)
        return NULL;
    *at += size;
    return frame;
}

/* False: it changes, or its journal does not add up. */
static bool read_chain(const struct sup *sup, uint32_t slot, const struct shm_chain *chain,
                       struct shm_chain *out)
{
    uint64_t where =
        (uint64_t)((const uint8_t *)chain - (const uint8_t *)sup->slots[slot].memory.view);

    return sup_memory_word(sup, slot, where + offsetof(struct shm_chain, head), &out->head) &&
           sup_memory_word(sup, slot, where + offsetof(struct shm_chain, handled), &out->handled) &&
           sup_memory_word(sup, slot, where + offsetof(struct shm_chain, tail), &out->tail) &&
           sup_memory_word(sup, slot, where + offsetof(struct shm_chain, accepted), &out->accepted);
}

void sup_memory_each_mail(const struct sup *sup, uint32_t slot, sup_frame_fn *fn, void *ctx)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    const uint8_t *base = (const uint8_t *)memory->view;
    const struct shm_actor *actors = (const void *)(base + memory->geo.actor_off);
    uint32_t used = shm_load(&memory->view->fresh_actor);
    /* of all mailboxes together: they share the arena */
    uint64_t most = (uint64_t)memory->units * SHM_UNIT / sizeof(struct shm_frame);

    for (uint32_t index = 1; index < used && index < memory->geo.actors; index++) {
        const struct shm_frame *frame;
        struct shm_chain chain;
        if (!read_chain(sup, slot, &actors[index].mail, &chain) || chain.head == chain.tail)
            continue;
        uint64_t left = shm_chain_depth(&chain), at = chain.head;
        for (; left > 0 && most > 0 && at != chain.tail; left--, most--) {
            frame = chain_frame(memory, &at, chain.tail);
            if (frame == NULL)
                break;
            fn(ctx, slot, frame);
        }
    }
}
