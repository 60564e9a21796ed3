/* SPDX-License-Identifier: MIT */
/* libax/map_mark.c - what a dead process has left of its maps is checked before it is used: each
 * place lies in the arena and is used once, each entry in the bucket where its key belongs, and
 * there are as many as the map says. */
#include "libax/map.h"

#include "libax/more.h"

#include <string.h>

struct marking {
    const struct shm_port *port;
    const struct shm_map *map;
    uint64_t *used;
    uint64_t count;
};

static bool mark_segment(const struct marking *m, uint32_t segment)
{
    uint32_t unit, index;
    if (segment < SHM_MAP_SMALL) {
        unit = m->map->small[segment];
    } else {
        uint32_t directory = m->map->directory[shm_map_directory_of(segment, &index)];
        bool first = index == 0 || segment == SHM_MAP_SMALL;
        if (first && !shm_mark(m->port, m->used, directory, SHM_MAP_DIRECTORY_ORDER))
            return false;
        unit = ((const uint32_t *)shm_unit(m->port, directory))[index];
    }
    return shm_mark(m->port, m->used, unit, shm_map_segment_order(segment));
}

static bool mark_segments(const struct marking *m)
{
    uint32_t last = shm_map_segment_of((uint32_t)(m->map->buckets - 1));
    for (uint32_t segment = 0; segment <= last; segment++)
        if (!mark_segment(m, segment))
            return false;
    return true;
}

static bool mark_entry(struct marking *m, uint64_t slot, uint32_t number)
{
    uint32_t unit = (uint32_t)slot;
    if (unit == 0 || unit >= m->port->arena.fresh)
        return false;
    const struct shm_map_entry *entry = shm_map_entry_at(m->port, slot);
    uint32_t key = shm_map_key_len(entry), value = entry->value_len;
    if (key > SHM_MAP_KEY_MAX || value > m->port->geo.max_message ||
        !shm_mark(m->port, m->used, unit, shm_order_of(shm_map_entry_size(key, value))))
        return false;
    m->count++;
    return shm_map_hash(m->map, entry->data, key) == slot >> 32 &&
           shm_map_bucket_of((uint32_t)(slot >> 32), m->map->buckets) == number;
}

static void prefetch(const struct marking *m, uint32_t number)
{
    const struct shm_map_bucket *bucket = map_bucket(m->port, m->map, number);
    for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++)
        shm_prefetch(m->port->units + (bucket->slot[i] & UINT32_MAX) * SHM_UNIT);
}

static bool mark_bucket(struct marking *m, uint32_t number)
{
    const struct shm_map_bucket *bucket = map_bucket(m->port, m->map, number);
    for (;; bucket = map_more(m->port, bucket)) {
        for (uint32_t i = 0; i < SHM_MAP_SLOTS; i++)
            if (bucket->slot[i] != 0 && !mark_entry(m, bucket->slot[i], number))
                return false;
        if (bucket->more == 0)
            return true;
        if (!shm_mark(m->port, m->used, bucket->more, 0))
            return false;
    }
}

static bool mark_map(const struct shm_port *port, uint32_t unit, uint64_t *used, bool dead)
{
    if (!shm_mark(port, used, unit, SHM_MAP_ORDER))
        return false;
    struct marking m = {.port = port, .map = shm_unit(port, unit), .used = used};
    uint64_t buckets = m.map->buckets;
    if (buckets == 0 || buckets > SHM_MAP_BUCKETS || !mark_segments(&m))
        return false;
    for (uint32_t number = 0; number < buckets; number++) {
        if (number + 4 < buckets)
            prefetch(&m, number + 4);
        if (!mark_bucket(&m, number))
            return false;
    }
    return dead || m.count == m.map->count;
}

static uint32_t maps_of_type(const struct shm_port *port, uint32_t index)
{
    const struct ax_actor_type *type = ax_worker->plugin->actors[port->actors[index].type];
    return type->maps == NULL ? 0 : type->maps->count;
}

bool map_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    const struct shm_more *more = more_of(port, index);
    if (more == NULL || more->maps == 0)
        return true;
    if (!shm_mark(port, used, more->maps, 0))
        return false;
    const struct shm_map_roots *roots = shm_unit(port, more->maps);
    if (roots->count != maps_of_type(port, index) || roots->count > AX_MAPS_MAX)
        return false;
    for (uint32_t number = 0; number < roots->count; number++)
        if (roots->map[number] != 0 && !mark_map(port, roots->map[number], used, false))
            return false;
    for (uint32_t unit = roots->dead; unit != 0;) {
        if (!mark_map(port, unit, used, true))
            return false;
        unit = ((const struct shm_map *)shm_unit(port, unit))->next;
    }
    return true;
}
