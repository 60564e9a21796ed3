/* SPDX-License-Identifier: MIT */
#include "axsup/memory.h"

#include "axsup/files.h"
#include "axsup/memory_plan.h"
#include "axsup/sup.h"
#include "shm/segment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXTENT (UINT64_C(4) << 20)
#define AGAIN_NS UINT64_C(1000000000)

/* ---- making ---- */

static const char *remedy(int error, bool edge)
{
    switch (-error) {
    case EMFILE:
    case ENFILE:
        return "too many open files: raise the limit (ulimit -Hn, LimitNOFILE=), or have fewer "
               "workers";
    case ENOSPC:
    case ENOMEM:
    case EFBIG:
        return edge ? "give the machine or its cgroup more memory, or lower lane, max_message or "
                      "the number of workers"
                    : "give the machine or its cgroup more memory, or lower arena, max_actors, "
                      "events or deadletters";
    default:
        return "the system refused it";
    }
}

static int say(int error, const char *what, uint64_t bytes, bool edge)
{
    sup_log(AX_ERROR, "cannot make the shared memory %s (%llu bytes): %s: %s", what,
            (unsigned long long)bytes, ax_strerror(error), remedy(error, edge));
    return error;
}

/* A segment, and a second descriptor that cannot write. */
static int make(int *fd, int *readonly, uint64_t bytes, const char *what, bool edge)
{
    int made = shm_segment_create(what, bytes);

    if (made < 0)
        return say(made, what, bytes, edge);
    *fd = made;
    made = shm_segment_readonly(*fd);
    if (made < 0)
        return say(made, what, bytes, edge);
    *readonly = made;
    return 0;
}

static int write_geometry(int fd, const struct shm_geometry *geo)
{
    ssize_t n = pwrite(fd, geo, sizeof *geo, 0);

    return n == (ssize_t)sizeof *geo ? 0 : n < 0 ? -errno : -EIO;
}

bool sup_memory_intact(const struct sup *sup, uint32_t slot)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    const struct shm_public *pub = sup->hub.port.peers[slot];

    return memcmp(&memory->view->geometry, &memory->geo, sizeof memory->geo) == 0 &&
           memcmp(&pub->geometry, &memory->geo, sizeof memory->geo) == 0;
}

void sup_memory_mend(const struct sup *sup, uint32_t slot)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;

    sup_bells_mend(memory->bell, sup->n_slots);
    if (!sup_memory_intact(sup, slot)) {
        (void)write_geometry(memory->priv, &memory->geo);
        (void)write_geometry(memory->pub, &memory->geo);
    }
}

static int make_own(struct sup_slot *slot)
{
    struct sup_memory *memory = &slot->memory;
    char what[112];

    snprintf(what, sizeof what, "private:%s", slot->name);
    uint64_t there = shm_private_there(&memory->geo, memory->units);
    int error = shm_segment_create_part(what, memory->geo.private_bytes, there);
    if (error < 0)
        return say(error, what, there, false);
    memory->priv = error;
    snprintf(what, sizeof what, "public:%s", slot->name);
    error = make(&memory->pub, &memory->pub_readonly, memory->geo.public_bytes, what, false);
    if (error != 0)
        return error;
    if ((error = write_geometry(memory->priv, &memory->geo)) != 0 ||
        (error = write_geometry(memory->pub, &memory->geo)) != 0)
        return say(error, what, sizeof memory->geo, false);
    if (slot->number == 0)
        return 0;
    memory->view = shm_segment_map(memory->priv, memory->geo.private_bytes, false);
    return memory->view != NULL ? 0 : say(-errno, "mapping", memory->geo.private_bytes, false);
}

static int make_edges(struct sup *sup, struct sup_slot *from)
{
    struct sup_memory *memory = &from->memory;
    char what[160];

    for (uint32_t to = 0; to < sup->n_slots; to++) {
        if (to == from->number)
            continue;
        snprintf(what, sizeof what, "lanes:%s>%s", from->name, sup->slots[to].name);
        int error =
            make(&memory->out[to], &memory->out_readonly[to], memory->geo.edge_bytes, what, true);
        if (error != 0)
            return error;
        memory->bell[to] = sup_bell_new(sup->slots[to].memory.bells);
        if (memory->bell[to] < 0)
            return say(memory->bell[to], "bell", 8, true);
    }
    return 0;
}

static int make_bells(struct sup *sup)
{
    for (uint32_t s = 0; s < sup->n_slots; s++) {
        int fd = sup_bells_new();
        if (fd < 0)
            return say(fd, "bell", 8, true);
        sup->slots[s].memory.bells = fd;
    }
    return 0;
}

static void nothing(struct sup_memory *memory)
{
    memory->priv = memory->pub = memory->pub_readonly = memory->bells = -1;
    for (uint32_t s = 0; s < SHM_SLOTS; s++)
        memory->out[s] = memory->out_readonly[s] = memory->bell[s] = -1;
    memory->view = NULL;
}

int sup_memory_open(struct sup *sup)
{
    for (uint32_t s = 0; s < sup->n_slots; s++) {
        nothing(&sup->slots[s].memory);
        sup_plan_slot(sup->config, s, &sup->slots[s].memory.geo);
        sup->slots[s].memory.units = sup_plan_units(sup->config, s);
    }
    sup_files_raise();
    int error = make_bells(sup);
    for (uint32_t s = 0; s < sup->n_slots && error == 0; s++) {
        error = make_own(&sup->slots[s]);
        if (error == 0)
            error = make_edges(sup, &sup->slots[s]);
    }
    if (error != 0)
        sup_memory_close(sup);
    return error;
}

static void grow(struct sup *sup, struct sup_slot *slot)
{
    struct sup_memory *memory = &slot->memory;
    uint32_t left = memory->geo.units - memory->units, extent = (uint32_t)(EXTENT / SHM_UNIT);
    uint32_t units = memory->units + (left < extent ? left : extent);
    uint64_t from = shm_private_there(&memory->geo, memory->units);
    uint64_t to = shm_private_there(&memory->geo, units);
    char what[112];
    int error = shm_segment_allocate(memory->priv, from, to);

    if (error != 0 && memory->refused_at == 0) {
        snprintf(what, sizeof what, "for more of the arena of %s", slot->name);
        (void)say(error, what, to - from, false);
    }
    memory->refused_at = error != 0 ? sup_clock() : 0;
    if (error != 0)
        return;
    memory->units = units;
    /* pairs with shm_arena_look */
    shm_store_release(&sup->hub.port.pub->slot[slot->number].units, units);
}

void sup_memory_grow(struct sup *sup, uint32_t number)
{
    struct sup_slot *slot = &sup->slots[number];
    const struct sup_memory *memory = &slot->memory;

    if (memory->units >= memory->geo.units ||
        shm_load(&sup->hub.port.peers[number]->small) != memory->units ||
        (memory->refused_at != 0 && sup_clock() - memory->refused_at < AGAIN_NS))
        return;
    grow(sup, slot);
}

void sup_memory_close(struct sup *sup)
{
    for (uint32_t s = 0; s < sup->n_slots; s++) {
        struct sup_memory *memory = &sup->slots[s].memory;
        if (memory->geo.magic == 0) /* never opened */
            continue;
        shm_segment_unmap(memory->view, memory->geo.private_bytes);
        memory->view = NULL;
        sup_file_close(&memory->priv);
        sup_file_close(&memory->pub);
        sup_file_close(&memory->pub_readonly);
        sup_file_close(&memory->bells);
        for (uint32_t to = 0; to < SHM_SLOTS; to++) {
            sup_file_close(&memory->bell[to]);
            sup_file_close(&memory->out[to]);
            sup_file_close(&memory->out_readonly[to]);
        }
    }
}

void sup_memory_fds(const struct sup *sup, uint32_t slot, struct shm_fds *fds)
{
    const struct sup_memory *own = &sup->slots[slot].memory;

    *fds = (struct shm_fds){.priv = own->priv, .pub = own->pub};
    for (uint32_t peer = 0; peer < SHM_SLOTS; peer++) {
        bool there = peer < sup->n_slots && peer != slot;
        const struct sup_memory *other = there ? &sup->slots[peer].memory : NULL;
        fds->peer_pub[peer] = there ? other->pub_readonly : -1;
        fds->in[peer] = there ? other->out_readonly[slot] : -1;
        fds->out[peer] = there ? own->out[peer] : -1;
        fds->bell[peer] = there ? own->bell[peer] : -1;
    }
    fds->bell[slot] = own->bells;
}
