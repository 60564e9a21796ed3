/* SPDX-License-Identifier: MIT */
/* Any bytes as what a hostile slot has in the memory that it writes: lanes, ends, public segment,
 * and, with the slot's process dead, its private memory. The first byte says who looks: another
 * worker and axsup at a slot that lives, or a successor and axsup at one that died. The rest are
 * patches to a moment in which everything adds up:
 *
 *      place (1 byte) | word within the place (2 bytes) | words (1 byte, modulo 8) | the words
 *
 * Nobody may crash or touch a byte outside what is mapped; a peer's memory never makes another
 * worker's recovery fail; and what adds up can be used to the last byte. */
#include "tests/lib/guard.h"
#include "tests/lib/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stdout, "line %d: %s\n", __LINE__, #condition);                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static struct world world;
static struct node moments[WORLD_MOMENTS];

/* What the worker logs is of no interest, and it is much. */
static void quiet(bool on)
{
    static int console = -1, null = -1;
    if (console < 0) {
        console = dup(STDERR_FILENO);
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    }
    REQUIRE(dup2(on ? null : console, STDERR_FILENO) >= 0);
}

static void open_once(void)
{
    static bool done;
    if (done)
        return;
    done = true;
    guard_mappings();
    for (uint32_t i = 0; i < WORLD_MOMENTS; i++)
        world_moment(&moments[i], i);
    world_open(&world);
}

/* ---- patches ---- */

struct place {
    uint8_t *base;
    uint64_t bytes;
};

static uint32_t list_places(const struct node *node, uint32_t slot, struct place places[])
{
    const struct shm_geometry *geo = &node->geo[slot];
    uint8_t *priv = node->priv[slot], *pub = node->pub[slot];
    const uint64_t words = offsetof(struct shm_private, read_data);
    uint32_t n = 0;
    for (uint32_t to = 0; to < NODE_SLOTS; to++) {
        if (to == slot)
            continue;
        uint8_t *edge = node->edge[slot][to];
        places[n++] = (struct place){(uint8_t *)shm_edge_ends(edge, slot, to), SHM_LINE};
        places[n++] = (struct place){(uint8_t *)shm_edge_staged(edge, slot, to), SHM_LINE};
        places[n++] = (struct place){edge + SHM_PAGE, geo->control_ring};
        places[n++] = (struct place){edge + SHM_PAGE + geo->control_ring, geo->data_ring};
    }
    places[n++] = (struct place){pub, sizeof(struct shm_geometry)};
    places[n++] = (struct place){pub + offsetof(struct shm_public, committed), 512};
    places[n++] = (struct place){pub + geo->directory_off, 512};
    places[n++] = (struct place){priv, sizeof(struct shm_geometry)};
    places[n++] = (struct place){priv + offsetof(struct shm_private, journal), 1024};
    places[n++] = (struct place){priv + words, sizeof(struct shm_private) - words};
    places[n++] = (struct place){priv + geo->actor_off, 512};
    places[n++] = (struct place){priv + geo->cold_off, 512};
    places[n++] = (struct place){priv + geo->arena_off, 16384};
    places[n++] = (struct place){priv + geo->event_off, 1024};
    places[n++] = (struct place){priv + geo->letter_off, 1024};
    return n;
}

static void patch(const struct node *node, uint32_t slot, const uint8_t *data, size_t size)
{
    struct place places[32];
    uint32_t count = list_places(node, slot, places);
    while (size >= 5) {
        const struct place *place = &places[data[0] % count];
        uint64_t at = (data[1] | (uint64_t)data[2] << 8) * 8 % place->bytes;
        size_t bytes = (data[3] % 8 + 1u) * 8;
        data += 4;
        size -= 4;
        if (bytes > size)
            bytes = size;
        if (bytes > place->bytes - at)
            bytes = place->bytes - at;
        memcpy(place->base + at, data, bytes);
        data += bytes;
        size -= bytes;
    }
}

/* ---- who looks ---- */

static void reading(const uint8_t *data, size_t size)
{
    world_become(&world, &moments[0]);
    REQUIRE(victim_enter(&world.victim, &world.node, &subject_plugin) == 0);
    REQUIRE(victim_start(&world.victim) == 0);
    patch(&world.node, OTHER, data, size);
    for (uint32_t i = 0; i < 12; i++) {
        victim_round(&world.victim);
        world_hub(&world);
    }
    world_look(&world, OTHER);
    REQUIRE(world_blamed[WORKER] == 0);
    REQUIRE(!world.sup.hub.port.in[WORKER].cut && !world.victim.worker.port.in[0].cut);
    victim_leave(&world.victim);
    REQUIRE(victim_enter(&world.victim, &world.node, &subject_plugin) == 0); /* its successor */
    victim_leave(&world.victim);
    REQUIRE(world_empty(&world, OTHER) == 0);
}

static void recovery(const uint8_t *data, size_t size, uint32_t moment)
{
    world_become(&world, &moments[moment]);
    patch(&world.node, WORKER, data, size);
    world_look(&world, WORKER);
    int error = victim_enter(&world.victim, &world.node, &subject_plugin);
    REQUIRE(error == 0 || error == -EBADMSG);
    if (error == 0)
        world_use_all(&world.victim.worker);
    victim_leave(&world.victim);
    REQUIRE(world_empty(&world, WORKER) == 0);
    REQUIRE(victim_enter(&world.victim, &world.node, &subject_plugin) == 0);
    victim_leave(&world.victim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    open_once();
    quiet(true);
    if (data[0] % 3 == 0)
        reading(data + 1, size - 1);
    else
        recovery(data + 1, size - 1, data[0] % 3 - 1);
    quiet(false);
    return 0;
}
