/* SPDX-License-Identifier: MIT */
/* names.c - granting names. shm/names.h says how the table is read.
 *
 * Whether a name's owner still is, its slot's directory says: another generation there means it is
 * gone. An owner that is not there yet (granted, and its spawn not committed) keeps the name as
 * long as the process lives that asked for it; if that dies first, the spawn was undone. A
 * configured actor has its name before its worker has ever run, and keeps it until it ends.
 *
 * A stale name stays for those who ask whose it was, until its entry is given to another name or
 * its slot has as many names as it may. Then the whole table is swept. An entry may become unused
 * where no probe for a name in use passes it, so whoever reads meanwhile finds what is there. */
#include "axsup/names.h"

#include "axsup/sup.h"
#include "shm/names.h"

#include <string.h>

#define SWEEP_NS UINT64_C(50000000) /* between two sweeps for a slot that gain little */
#define GAIN 8u                     /* a part of its share that is worth another sweep at once */
#define CONFIGURED UINT32_MAX       /* the incarnation of a name that no process has asked for */

uint32_t sup_names_room(uint64_t names)
{
    uint32_t room = 64;

    while (room < 2 * names && room < 1u << 24)
        room *= 2;
    return room;
}

static struct shm_name *entry_at(const struct sup *sup, uint32_t entry)
{
    const struct shm_port *port = &sup->hub.port;

    return (struct shm_name *)(void *)((uint8_t *)port->pub + port->geo.name_off) + entry;
}

static bool stale(const struct sup *sup, const struct shm_name *name)
{
    uint32_t slot = SHM_REF_SLOT(name->ref), index = SHM_REF_INDEX(name->ref);

    if (slot == 0 || slot >= sup->n_slots || index >= sup->slots[slot].memory.geo.actors)
        return true;
    const struct shm_directory *owner = &sup->hub.port.directories[slot][index];
    uint8_t state = shm_load_acquire(&owner->state);
    uint32_t gen = shm_load(&owner->gen);
    if (gen == SHM_REF_GEN(name->ref) && state != SHM_FREE)
        return false;
    if ((int32_t)(gen - SHM_REF_GEN(name->ref)) > 0)
        return true;
    return name->incarnation < sup->slots[slot].incarnation;
}

static void count_name(struct sup *sup, uint64_t ref, int by)
{
    uint32_t slot = SHM_REF_SLOT(ref);

    if (ref != 0 && slot < sup->n_slots)
        sup->slots[slot].names += (uint32_t)by;
}

/* The name "": the entry is unused from now on. */
static void write_entry(struct sup *sup, struct shm_name *entry, const char *name, uint64_t ref,
                        uint32_t incarnation)
{
    uint32_t seq = entry->seq;

    count_name(sup, entry->ref, -1);
    count_name(sup, ref, 1);
    shm_store_release(&entry->seq, seq + 1);
    atomic_thread_fence(memory_order_release); /* pairs with the reader's second look at seq */
    entry->incarnation = incarnation;
    shm_store(&entry->hash, name[0] != '\0' ? shm_name_hash(name) : 0);
    shm_store(&entry->ref, ref);
    if (name != entry->name) {
        memset(entry->name, 0, sizeof entry->name);
        memcpy(entry->name, name, strlen(name));
    }
    shm_store_release(&entry->seq, seq + 2);
}

/* The entry that has the name, else the one to put it into; NULL: the table is full. */
static struct shm_name *place_of(const struct sup *sup, const char *name, uint32_t *at, bool *has)
{
    uint32_t room = sup->hub.port.geo.names;
    uint64_t hash = shm_name_hash(name);
    struct shm_name *place = NULL;

    *has = false;
    for (uint32_t probe = 0; probe < room; probe++) {
        uint32_t number = (uint32_t)((hash + probe) % room);
        struct shm_name *entry = entry_at(sup, number);
        bool unused = entry->hash == 0;
        *has = !unused && entry->hash == hash && strcmp(entry->name, name) == 0;
        if (*has || (place == NULL && (unused || stale(sup, entry)))) {
            place = entry;
            *at = number;
        }
        if (*has || unused)
            break;
    }
    return place;
}

/* How many entries a probe for the name in this one has passed. */
static uint32_t way_to(const struct shm_name *entry, uint32_t number, uint32_t room)
{
    return (number + room - (uint32_t)(entry->hash % room)) % room;
}

/* Backwards, so that it is known of each entry whether it is on the way to one behind it; and round
 * twice, for a way may lead over the end. */
static void sweep(struct sup *sup)
{
    uint32_t room = sup->hub.port.geo.names, on_way = 0;

    for (uint32_t step = 2 * room; step-- > 0;) {
        uint32_t number = step % room;
        struct shm_name *entry = entry_at(sup, number);
        bool needed = on_way != 0;

        on_way -= needed;
        if (entry->hash == 0)
            continue;
        if (!stale(sup, entry)) {
            uint32_t way = way_to(entry, number, room);
            on_way = way > on_way ? way : on_way;
        } else if (step < room && (!needed || entry->ref != 0)) {
            write_entry(sup, entry, needed ? entry->name : "", 0, 0);
        }
    }
}

/* A worker that runs wild must not take the names of all, nor the time. */
static bool within_share(struct sup *sup, struct sup_slot *slot)
{
    uint64_t share =
        slot->config->n_actors +
        (slot->config->max_actors < SUP_SPARE_NAMES ? slot->config->max_actors : SUP_SPARE_NAMES);
    uint64_t now = sup_clock();

    if (slot->names >= share && now >= slot->names_sweep_at) {
        sweep(sup);
        slot->names_sweep_at = slot->names + share / GAIN < share ? 0 : now + SWEEP_NS;
    }
    return slot->names < share;
}

int sup_name_claim(struct sup *sup, const char *name, uint64_t ref, uint32_t *at)
{
    uint32_t slot = SHM_REF_SLOT(ref);
    bool has;

    if (!shm_name_valid(name) || slot == 0 || slot >= sup->n_slots)
        return AX_E_INVALID;
    if (!within_share(sup, &sup->slots[slot]))
        return AX_E_LIMIT;
    struct shm_name *entry = place_of(sup, name, at, &has);
    if (entry == NULL)
        return AX_E_LIMIT;
    if (has && entry->ref != ref && !stale(sup, entry))
        return AX_E_NAME_TAKEN;
    write_entry(sup, entry, name, ref, sup->slots[slot].incarnation);
    return 0;
}

int sup_name_assign(struct sup *sup, const char *name, uint64_t ref, uint32_t *at)
{
    bool has;
    struct shm_name *entry = place_of(sup, name, at, &has);

    if (entry == NULL)
        return AX_E_LIMIT;
    /* after its slot was emptied a configured name may belong to somebody else by now */
    if (has && SHM_REF_SLOT(entry->ref) != SHM_REF_SLOT(ref) && !stale(sup, entry))
        return AX_E_NAME_TAKEN;
    write_entry(sup, entry, name, ref, CONFIGURED);
    return 0;
}

uint64_t sup_name_find(const struct sup *sup, const char *name)
{
    uint64_t ref = shm_name_find(&sup->hub.port, name, NULL);
    uint32_t slot = SHM_REF_SLOT(ref), index = SHM_REF_INDEX(ref);

    if (ref == 0 || slot >= sup->n_slots || index >= sup->slots[slot].memory.geo.actors)
        return 0;
    const struct shm_directory *owner = &sup->hub.port.directories[slot][index];
    bool there =
        shm_load_acquire(&owner->state) != SHM_FREE && shm_load(&owner->gen) == SHM_REF_GEN(ref);
    return there ? ref : 0;
}

bool sup_name_of(const struct sup *sup, uint64_t ref, uint32_t hint, char name[SHM_NAME_MAX + 1])
{
    name[0] = '\0';
    if (ref == 0 || hint == 0 || hint > sup->hub.port.geo.names)
        return false;
    const struct shm_name *entry = entry_at(sup, hint - 1);
    if (entry->ref != ref)
        return false;
    memcpy(name, entry->name, SHM_NAME_MAX + 1);
    return true;
}
