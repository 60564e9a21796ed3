/* SPDX-License-Identifier: MIT */
/* libax/map.h - kept maps, as the files of the worker see them. shm/map.h has the layout. */
#ifndef LIBAX_MAP_H
#define LIBAX_MAP_H

#include "libax/worker.h"
#include "shm/map.h"

/* ---- map_find.c: where a key is ---- */

/* The unit of a segment's first bucket. */
uint32_t map_segment(const struct shm_port *port, const struct shm_map *map, uint32_t segment);
struct shm_map_bucket *map_bucket(const struct shm_port *port, const struct shm_map *map,
                                  uint32_t number);
static inline struct shm_map_bucket *map_more(const struct shm_port *port,
                                              const struct shm_map_bucket *bucket)
{
    return bucket->more == 0 ? NULL : (struct shm_map_bucket *)shm_unit(port, bucket->more);
}

/* NULL: it is not there. */
const struct shm_map_entry *map_look(const struct shm_port *port, const struct shm_map *map,
                                     struct ax_span key);

struct map_place {                 /* where a key is, or could go */
    uint64_t *slot;                /* NULL: its bucket is full */
    struct shm_map_bucket *bucket; /* of a key that is not there: the last that was looked at */
    struct shm_map_entry *entry;   /* NULL: it is not there */
    uint32_t tie;                  /* for a new entry */
};

void map_find(const struct shm_port *port, const struct shm_map *map, uint32_t hash,
              struct ax_span key, struct map_place *place);

/* ---- map_table.c: the buckets of one map ---- */

/* In the open turn, all of them. A map of one bucket that holds nothing; its unit, 0: no memory. */
uint32_t map_new(struct worker *w);
/* A slot behind a bucket that is full. NULL: no memory. */
uint64_t *map_overflow(struct worker *w, struct shm_map_bucket *last);
/* Frees a slot, and the overflow that holds nothing else. */
void map_remove(struct worker *w, struct shm_map *map, uint32_t hash, uint64_t *slot);
/* After a put or a delete: one more bucket or one less, where that is due and the turn and the
 * arena have room for it. */
void map_grow(struct worker *w, struct shm_map *map);
void map_shrink(struct worker *w, struct shm_map *map);
/* Gives the last bucket with all its entries back, and the map itself after the first. True:
 * nothing is left of it. How much it gave is added to *blocks. */
bool map_give_bucket(struct worker *w, uint32_t unit, uint32_t *blocks);

/* ---- map_dead.c: maps that were cleared, or whose actor ends ---- */

/* In the open turn: what the actor's map `number` holds is to be given back. */
void map_detach(struct worker *w, struct shm_map_roots *roots, unsigned number);
/* A turn of its own: gives some of what is to be given back. How much there was to do. */
uint32_t maps_tidy(struct worker *w);
/* The actor ends: turns of its own. False: there is more, for another time. */
bool maps_end(struct worker *w, uint32_t actor);
/* After a recovery: is there something to be given back? */
void maps_revive(struct worker *w, uint32_t actor);

/* ---- map_mark.c ---- */

/* Marks an actor's maps, for shm_recover; its struct shm_more has been marked. */
bool map_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);

/* The roots of an actor's maps; NULL: it has none. */
struct shm_map_roots *map_roots(const struct shm_port *port, uint32_t actor);

#endif
