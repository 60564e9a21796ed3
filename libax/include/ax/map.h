/* SPDX-License-Identifier: MIT */
/* ax/map.h - kept maps: tables of bytes to bytes that an actor has in the arena of its worker, for
 * state that is too large to be copied with each turn.
 *
 *     AX_STATE(shard, (u64, changes));
 *     AX_MAPS(shard, data, expiry);
 *     AX_ACTOR(shard);
 *
 * makes the enumerators shard_data and shard_expiry, which name the maps in the calls below. Maps
 * are kept as AX_STATE is, whether or not the actor has that: a change is part of the turn, is
 * undone with it, and outlives whatever the process dies of. It costs what it changes and not what
 * there is. A map ends with its actor.
 *
 * Keys and values are any bytes, also none. A key has up to AX_MAP_KEY_MAX bytes, a value up to the
 * config's max_message. What a turn may change in maps is bounded (AX_E_LIMIT): 1,500 puts at
 * least. Memory comes from the worker's arena; a removed or replaced entry is free again when its
 * turn has committed.
 *
 * Nothing here suspends. A `map` that AX_MAPS of this actor does not name is AX_E_INVALID. */
#ifndef AX_MAP_H
#define AX_MAP_H

#include <ax/contract.h>

#define AX_MAP_KEY_MAX 65536u /* bytes */

/* clang-format off */

/* AX_MAPS(shard, data, expiry); up to 12 names, before AX_ACTOR(shard). */
#define AX_MAPS(c, ...) \
    enum { AX_EACH(AX_MAP_NUMBER, c, __VA_ARGS__) c##_ax_nmaps }; \
    static const char *const c##_ax_map_names[] = {AX_EACH(AX_MAP_NAME, c, __VA_ARGS__)}; \
    _Static_assert(c##_ax_nmaps <= AX_MAPS_MAX, "ax: `" #c "` has more than 12 maps"); \
    __attribute__((unused)) static const struct ax_maps c##_ax_maps = { \
        c##_ax_nmaps, c##_ax_map_names}
#define AX_MAP_NUMBER(c, name) c##_##name,
#define AX_MAP_NAME(c, name) #name,

/* clang-format on */

/* Adds the entry, or replaces the value of the key that is there; both are copied. Returns 0 or,
 * with nothing changed, AX_E_TOO_BIG (key or value), AX_E_NO_MEMORY (the arena is full now),
 * AX_E_LIMIT (more than a turn may change). Never suspends. */
AX_MUST_USE int ax_map_put(struct ax_ctx *ctx, unsigned map, struct ax_span key,
                           struct ax_span value);

/* Finds a key: 0 or AX_E_NO_KEY. *value, which may be NULL, then points at the value in the arena,
 * 8-byte aligned. It must not be written to, and is valid until the next put, delete or clear of
 * that map, the actor's next suspension, or the end of the handler. Never suspends. */
int ax_map_get(struct ax_ctx *ctx, unsigned map, struct ax_span key, struct ax_span *value);

/* Removes a key. Returns 0 or, with nothing changed, AX_E_NO_KEY, AX_E_LIMIT. It needs no memory.
 * Never suspends. */
int ax_map_delete(struct ax_ctx *ctx, unsigned map, struct ax_span key);

/* Entries. 0 for a map that is not there. Never suspends. */
uint64_t ax_map_count(struct ax_ctx *ctx, unsigned map);

/* Steps through a map in no particular order. *cursor is 0 at first. Returns 0 with the next entry
 * in *key and *value, which live as long as that of ax_map_get and may be NULL, or AX_E_NO_KEY at
 * the end. The cursor is a plain number: it may be kept over turns, and the map may change
 * meanwhile; an entry that is there from the start of the walk to its end comes exactly once, one
 * that is put or deleted meanwhile once or not at all. (After ax_map_clear a cursor still walks,
 * through what was put since.) Never suspends. */
int ax_map_next(struct ax_ctx *ctx, unsigned map, uint64_t *cursor, struct ax_span *key,
                struct ax_span *value);

/* Removes all entries, at a cost that does not depend on how many there are; the worker gives their
 * memory back bit by bit in turns of its own. Returns 0, AX_E_LIMIT. Never suspends. */
int ax_map_clear(struct ax_ctx *ctx, unsigned map);

#endif
