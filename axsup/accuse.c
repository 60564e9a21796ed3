/* SPDX-License-Identifier: MIT */
/* accuse.c - a worker says that the lane of another one to it is malformed.
 *
 * axsup can believe neither of them, but it can look: it holds both ends of every edge. Where in
 * the lane the accuser has read to is only his word, and in the middle of an honest frame anything
 * may stand. So axsup begins where a frame begins whatever anybody says, at the start of the ring,
 * and walks to the end that the writer has published: what it finds on that way the writer alone
 * has written, and answers for. The writer may be at work meanwhile; what he could have overwritten
 * during the walk is no evidence, so the walk counts if his journal stood still.
 *
 * What lies before the start of the ring, of the lap before, cannot be told apart from a lie. Then
 * it is said and nothing done: the accuser reads nothing more of that lane, and nobody can have
 * another worker ended by his word. */
#include "axsup/hub.h"
#include "axsup/sup.h"
#include "shm/segment.h"

#define CONTROL_FRAME_MAX 256u /* no control frame is larger */
#define LOOKS 16u              /* at a writer who does not stand still */

struct lane { /* of the accused, as he wrote it */
    const struct shm_ends *ends;
    const struct shm_staged *staged;
    const uint8_t *ring;
    uint32_t number, bytes, most; /* most: bytes of a frame */
};

/* Whether the frames from the start of the ring lead to the end, without a gap or a rest. Where the
 * end is the ring's own, and nothing is staged behind it, that is all of the lap. */
static bool well_formed(const struct lane *lane, uint64_t end)
{
    bool full = end >= lane->bytes && shm_load(&lane->staged->end[lane->number]) == end;
    uint64_t at = (end - full) / lane->bytes * lane->bytes;

    while (at != end) {
        uint64_t left = end - at;
        const uint8_t *frame = lane->ring + at % lane->bytes;
        uint64_t word = shm_load((const uint64_t *)(const void *)frame);
        uint32_t size = (uint32_t)word;
        if (size < 8 || size & 7 || size > left)
            return false;
        if (word >> 48 != SHM_PAD && (size < sizeof(struct shm_frame) || size > lane->most))
            return false;
        at += size;
    }
    return true;
}

static bool honest_ends(const struct lane *lane, uint64_t *end)
{
    *end = shm_load_acquire(lane->number == SHM_DATA ? &lane->ends->data : &lane->ends->control);
    uint64_t staged = shm_load_acquire(&lane->staged->end[lane->number]);

    return ((*end | staged) & 7) == 0 && staged - *end <= lane->bytes;
}

/* Seen with no turn open before and after it. */
static bool malformed(const struct sup *sup, uint32_t slot, const struct lane *lane)
{
    const struct shm_journal *journal = &sup->slots[slot].memory.view->journal;
    const struct shm_public *pub = sup->hub.port.peers[slot];

    for (unsigned look = 0; look < LOOKS; look++) {
        uint64_t turn = shm_load_acquire(&journal->turn), end;
        bool still = turn == shm_load_acquire(&pub->committed);
        bool good = honest_ends(lane, &end) && well_formed(lane, end);
        if (good)
            return false;
        atomic_thread_fence(memory_order_acquire);
        if (still && shm_load(&journal->turn) == turn)
            return true;
        shm_relax();
    }
    return false;
}

static bool see(struct sup *sup, uint32_t from, uint32_t to, uint32_t number)
{
    const struct shm_geometry *geo = &sup->slots[0].memory.geo;
    int fd = sup->slots[from].memory.out_readonly[to];
    uint8_t *edge = shm_segment_map(fd, geo->edge_bytes, false);

    if (edge == NULL)
        return false;
    const struct lane lane = {
        .ends = shm_edge_ends(edge, from, to),
        .staged = shm_edge_staged(edge, from, to),
        .ring = edge + SHM_PAGE + (number == SHM_DATA ? geo->control_ring : 0),
        .number = number,
        .bytes = number == SHM_DATA ? geo->data_ring : geo->control_ring,
        .most = number == SHM_DATA ? shm_frame_size(geo->max_message) : CONTROL_FRAME_MAX,
    };
    bool wrong = malformed(sup, from, &lane);
    shm_segment_unmap(edge, geo->edge_bytes);
    return wrong;
}

void sup_hub_accused(struct sup *sup, uint32_t slot, const struct shm_frame *frame)
{
    uint32_t from = (uint32_t)frame->corr, lane = frame->method;

    if (frame->corr == 0 || frame->corr >= sup->n_slots || from == slot || lane > SHM_CONTROL)
        return;
    /* once for each process that is accused: looking is work, and accusing is not */
    uint32_t *heard = &sup->slots[slot].child.accused[from];
    if (*heard == sup->slots[from].incarnation)
        return;
    *heard = sup->slots[from].incarnation;
    if (see(sup, from, slot, lane))
        sup_child_corrupt(&sup->slots[from], "a lane that it writes");
    else
        sup_log(AX_WARN, "%s says that %s writes a malformed lane; nothing of it can be seen",
                sup->slots[slot].name, sup->slots[from].name);
}
