/* SPDX-License-Identifier: MIT */
/* memory_read.c - looking into the private memory of a slot, alive or dead.
 *
 * The journal of a slot says what of its words is committed: where no turn is open, all of them;
 * else a word that the open turn has logged had its first logged value before. A living process
 * goes on meanwhile, so the look is repeated until the journal stood still around it. Whatever is
 * read may be a lie; offsets and numbers are bounded here, their meaning is checked by who asks. */
#include "axsup/memory.h"

#include "axsup/sup.h"

#define LOOKS 64u /* before it is "too fast" */

static uint64_t word_at(const struct shm_private *view, uint64_t where)
{
    return shm_load((const uint64_t *)(const void *)((const uint8_t *)view + where));
}

static uint64_t before_turn(const struct shm_journal *journal, uint32_t entries, uint64_t where,
                            uint64_t value)
{
    for (uint32_t n = 0; n < entries; n++)
        if (shm_load(&journal->undo[n].where) == where)
            return shm_load(&journal->undo[n].old);
    return value;
}

bool sup_memory_word(const struct sup *sup, uint32_t slot, uint64_t where, uint64_t *value)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    const struct shm_journal *journal = &memory->view->journal;
    const struct shm_public *pub = sup->hub.port.peers[slot];

    if (where & 7 || where + sizeof(uint64_t) > shm_private_there(&memory->geo, memory->units))
        return false;
    for (unsigned look = 0; look < LOOKS; look++) {
        uint64_t committed = shm_load_acquire(&pub->committed);
        uint64_t turn = shm_load_acquire(&journal->turn);
        uint32_t entries = shm_load_acquire(&journal->entries);
        *value = word_at(memory->view, where);
        if (turn != committed) {
            if (entries > SHM_UNDO)
                return false;
            *value = before_turn(journal, entries, where, *value);
        }
        atomic_thread_fence(memory_order_acquire);
        if (shm_load(&journal->turn) == turn && shm_load(&pub->committed) == committed &&
            (turn == committed || shm_load(&journal->entries) == entries))
            return true;
    }
    return false;
}

/* The frame that a chain word points at, or NULL where it cannot be one. */
static const struct shm_frame *frame_at(const struct sup_memory *memory, uint64_t word)
{
    uint64_t at = (word >> 32) * SHM_UNIT + (uint32_t)word;
    uint64_t bytes = (uint64_t)memory->units * SHM_UNIT;

    if (word == 0 || at & 7 || at > bytes || bytes - at < sizeof(struct shm_frame))
        return NULL;
    return (const struct shm_frame *)(const void *)((const uint8_t *)memory->view +
                                                    memory->geo.arena_off + at);
}

uint32_t sup_memory_suspect(const struct sup *sup, uint32_t slot, uint32_t *method)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    const struct shm_journal *journal = &memory->view->journal;
    uint64_t committed = shm_load_acquire(&sup->hub.port.peers[slot]->committed);
    uint32_t actor = shm_load(&journal->actor);

    *method = UINT32_MAX;
    if (shm_load(&journal->turn) != committed + 1 || actor == 0 || actor >= memory->geo.actors ||
        actor >= shm_load(&memory->view->fresh_actor))
        return 0;
    const struct shm_frame *frame = frame_at(memory, shm_load(&journal->message));
    if (frame != NULL)
        *method = shm_load(&frame->method);
    return actor;
}
