/* SPDX-License-Identifier: MIT */
/* libax/map_dead.c - maps that nobody uses any more.
 *
 * To clear a map is to take it from its place and put it before the other dead ones of its actor:
 * two words, whatever is in it. What it holds is given back from the last bucket to the first, in
 * turns of the worker's own of so many blocks each; a successor goes on where it finds it. An actor
 * that ends stays CLOSING until nothing is left. */
#include "libax/map.h"

#include "libax/more.h"
#include "libax/turn.h"

#define BLOCKS_A_TURN 256u
#define TURNS_A_STEP 4u
#define RECORDS_A_STEP 4096u

struct shm_map_roots *map_roots(const struct shm_port *port, uint32_t index)
{
    const struct shm_more *more = more_of(port, index);
    return more == NULL || more->maps == 0 ? NULL : shm_unit(port, more->maps);
}

void map_detach(struct worker *w, struct shm_map_roots *roots, unsigned number)
{
    uint32_t unit = roots->map[number];
    if (unit == 0)
        return;
    struct shm_map *map = shm_unit(&w->port, unit);
    shm_set(&w->port, &map->next, roots->dead);
    shm_set(&w->port, &roots->dead, unit);
    shm_set(&w->port, &roots->map[number], 0);
    w->map_dead = true;
}

/* A turn of its own. */
static void give_some(struct worker *w, struct shm_map_roots *roots)
{
    uint32_t blocks = 0;
    shm_turn_begin(&w->port, 0, 0);
    while (roots->dead != 0 && blocks < BLOCKS_A_TURN) {
        uint32_t next = ((const struct shm_map *)shm_unit(&w->port, roots->dead))->next;
        if (map_give_bucket(w, roots->dead, &blocks))
            shm_set(&w->port, &roots->dead, next);
    }
    turn_commit(w);
}

static struct shm_map_roots *dead_of(struct worker *w, uint32_t index)
{
    if (actor_at(w, index)->state == SHM_FREE)
        return NULL;
    struct shm_map_roots *roots = map_roots(&w->port, index);
    return roots != NULL && roots->dead != 0 ? roots : NULL;
}

uint32_t maps_tidy(struct worker *w)
{
    uint32_t records = w->port.priv->fresh_actor;
    for (uint32_t looked = 0; looked < RECORDS_A_STEP; looked++) {
        uint32_t index = w->map_look;
        struct shm_map_roots *roots = index != 0 && index < records ? dead_of(w, index) : NULL;
        if (roots != NULL) {
            for (uint32_t turn = 0; turn < TURNS_A_STEP && roots->dead != 0; turn++)
                give_some(w, roots);
            w->map_clean = 0;
            return 1;
        }
        w->map_look = index + 1 < records ? index + 1 : 1;
        if (++w->map_clean > records) { /* all have been looked at since the last one */
            w->map_dead = false;
            w->map_clean = 0;
            return 0;
        }
    }
    return 1;
}

static void detach_all(struct worker *w, struct shm_map_roots *roots)
{
    shm_turn_begin(&w->port, 0, 0);
    for (uint32_t number = 0; number < roots->count; number++)
        map_detach(w, roots, number);
    turn_commit(w);
}

bool maps_end(struct worker *w, uint32_t index)
{
    struct shm_map_roots *roots = map_roots(&w->port, index);
    if (roots == NULL)
        return true;
    detach_all(w, roots);
    for (uint32_t turn = 0; turn < TURNS_A_STEP && roots->dead != 0; turn++)
        give_some(w, roots);
    if (roots->dead != 0)
        return false;
    struct shm_more *more = more_of(&w->port, index);
    shm_turn_begin(&w->port, 0, 0);
    shm_arena_give(&w->port, more->maps, 0);
    shm_set(&w->port, &more->maps, 0);
    turn_commit(w);
    return true;
}

void maps_revive(struct worker *w, uint32_t index)
{
    w->map_dead |= dead_of(w, index) != NULL;
}
