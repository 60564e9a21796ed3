/* SPDX-License-Identifier: MIT */
/* accuse.c - a worker says that the lane of another one to it is malformed.
 *
 * axsup cannot believe either of them, but it can look: it holds both ends of every edge. Only what
 * it sees itself counts, so a worker cannot have another one ended by a lie. */
#include "axsup/hub.h"
#include "axsup/sup.h"
#include "shm/segment.h"

#define CONTROL_FRAME_MAX 256u /* no control frame is larger */

struct claim {
    uint32_t from, to, lane;
    uint64_t position; /* of the frame that is none */
};

static bool malformed(const struct shm_geometry *geo, const uint8_t *ring, uint32_t lane,
                      uint64_t at, uint64_t end)
{
    uint64_t bytes = lane == SHM_DATA ? geo->data_ring : geo->control_ring;
    uint64_t offset = at & (bytes - 1), room = bytes - offset;
    uint32_t most = lane == SHM_DATA ? shm_frame_size(geo->max_message) : CONTROL_FRAME_MAX;

    if (at == end)
        return false;
    if (at & 7 || end - at > bytes)
        return true;
    uint64_t word = shm_load((const uint64_t *)(const void *)(ring + offset));
    uint32_t size = (uint32_t)word;
    if (room > end - at)
        room = end - at;
    if (size < 8 || size & 7 || size > room)
        return true;
    return word >> 48 != SHM_PAD && (size < sizeof(struct shm_frame) || size > most);
}

static bool see(struct sup *sup, const struct claim *claim)
{
    const struct shm_geometry *geo = &sup->slots[0].memory.geo;
    int fd = sup->slots[claim->from].memory.out_readonly[claim->to];
    uint8_t *edge = shm_segment_map(fd, geo->edge_bytes, false);

    if (edge == NULL)
        return false;
    const struct shm_ends *ends = shm_edge_ends(edge, claim->from, claim->to);
    const uint8_t *ring = edge + SHM_PAGE + (claim->lane == SHM_DATA ? geo->control_ring : 0);
    uint64_t end = shm_load_acquire(claim->lane == SHM_DATA ? &ends->data : &ends->control);
    bool wrong = malformed(geo, ring, claim->lane, claim->position, end);
    shm_segment_unmap(edge, geo->edge_bytes);
    return wrong;
}

void sup_hub_accused(struct sup *sup, uint32_t slot, const struct shm_frame *frame)
{
    struct claim claim = {.to = slot, .lane = frame->method};

    if (frame->corr == 0 || frame->corr >= sup->n_slots || frame->corr == slot ||
        claim.lane > SHM_CONTROL)
        return;
    claim.from = (uint32_t)frame->corr;
    claim.position = *(const uint64_t *)(const void *)frame->body;
    if (see(sup, &claim))
        sup_child_corrupt(&sup->slots[claim.from], "a lane that it writes");
    else
        sup_log(AX_WARN, "%s says that %s writes a malformed lane; nothing of it can be seen",
                sup->slots[slot].name, sup->slots[claim.from].name);
}
