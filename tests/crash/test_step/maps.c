/* SPDX-License-Identifier: MIT */
/* Kept maps, and an arena that grows. */
#include "scenario.h"

/* ---- kept maps ---- */

#define MAP_KEYS 11u

static bool same_and_entries(const struct seen *want, const struct seen *got, uint64_t entries)
{
    return same(want, got) && got->entries[1] == entries && got->letters == 0;
}

/* A first map, and more in it than one bucket may hold. */
static void map_first(struct node *node)
{
    TELL(node, 1, write, .from = 0, .to = 2, .size = 8);
    TELL(node, 1, write, .from = 2, .to = 5, .size = 8);
}

static bool same_and_five(const struct seen *want, const struct seen *got)
{
    return same_and_entries(want, got, 5);
}

static void map_filled(struct node *node)
{
    TELL(node, 1, write, .from = 0, .to = MAP_KEYS, .size = 24);
}

static void map_overwrite(struct node *node)
{
    TELL(node, 1, write, .from = 3, .to = 5, .size = 24);
    TELL(node, 1, write, .from = 4, .to = 6, .size = 200);
}

static bool same_and_all(const struct seen *want, const struct seen *got)
{
    return same_and_entries(want, got, MAP_KEYS);
}

/* So many that buckets are joined; and one that is put again. */
static void map_delete(struct node *node)
{
    TELL(node, 1, erase, .from = 0, .to = MAP_KEYS - 2);
    TELL(node, 1, write, .from = 3, .to = 4, .size = 8);
    TELL(node, 1, erase, .from = 3, .to = 4);
}

static bool same_and_two(const struct seen *want, const struct seen *got)
{
    return same_and_entries(want, got, 2);
}

static void map_clear(struct node *node)
{
    TELL(node, 1, wipe);
    TELL(node, 1, write, .from = 20, .to = 22, .size = 8);
}

/* An actor ends with its map: in turns of the worker's own. */
static void map_end(struct node *node)
{
    TELL(node, 1, leave);
}

static bool same_and_gone(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->state[1] == SHM_FREE && got->entries[1] == 0;
}

#define FEW_UNITS 520u

static struct shm_slot_info *info_of(struct node *node)
{
    return &((struct shm_public *)(void *)node->pub[0])->slot[NODE_WORKER];
}

/* An arena that is nearly too small, and becomes it. */
static void extent(struct node *node)
{
    info_of(node)->units = FEW_UNITS;
    TELL(node, 1, write, .from = 0, .to = 4, .size = 1000);
}

/* It has asked for more before it rested, gets it, and uses it. */
static void extent_more(struct node *node)
{
    const struct shm_public *pub = (const void *)node->pub[NODE_WORKER];
    if (pub->small == FEW_UNITS)
        info_of(node)->units = node->geo[NODE_WORKER].units;
    TELL(node, 1, write, .from = 4, .to = 13, .size = 1000);
}

static bool same_and_grown(const struct seen *want, const struct seen *got)
{
    return same_and_entries(want, got, 13);
}

static const struct scenario rows[] = {
    {"map_put", map_first, same_and_five, NULL, NULL, 0, NULL},
    {"map_overwrite", map_overwrite, same_and_all, map_filled, NULL, STEP_ONCE, NULL},
    {"map_delete", map_delete, same_and_two, map_filled, NULL, STEP_ONCE, NULL},
    {"map_clear", map_clear, same_and_two, map_filled, NULL, 0, NULL},
    {"map_end", map_end, same_and_gone, map_filled, NULL, STEP_ONCE, NULL},
    {"extent_growth", extent, same_and_grown, map_filled, extent_more, STEP_ONCE, NULL},
};
const struct scenario_set maps_scenarios = {rows, sizeof rows / sizeof *rows};
