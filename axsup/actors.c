/* SPDX-License-Identifier: MIT */
/* actors.c - actors as seen from outside: their public directory, and what more the private records
 * say. Each number that is used to find something is checked first; the others are shown as they
 * are. Shown numbers may be of different turns, but for kept state, which is copied whole. */
#include "axsup/names.h"
#include "axsup/sup.h"

#include <string.h>

struct record { /* where an actor's bytes lie */
    const struct shm_actor *hot;
    const struct shm_actor_cold *cold;
    const struct shm_directory *public;
    const struct shm_meter *meter;
};

/* False: nothing can be there. */
static bool record_at(const struct sup *sup, uint32_t slot, uint32_t index, struct record *out)
{
    if (slot == 0 || slot >= sup->n_slots || index == 0 ||
        index >= sup->slots[slot].memory.geo.actors)
        return false;
    const struct sup_memory *memory = &sup->slots[slot].memory;
    const uint8_t *base = (const uint8_t *)memory->view;
    out->hot = (const struct shm_actor *)(const void *)(base + memory->geo.actor_off) + index;
    out->cold = (const struct shm_actor_cold *)(const void *)(base + memory->geo.cold_off) + index;
    out->public = &sup->hub.port.directories[slot][index];
    out->meter =
        (const struct shm_meter *)(const void *)((const uint8_t *)sup->hub.port.peers[slot] +
                                                 memory->geo.meter_off) +
        index;
    return true;
}

static const struct sup_type *type_by_hash(const struct sup *sup, uint32_t slot, uint64_t hash)
{
    const struct sup_template *template = sup->slots[slot].template;

    for (uint32_t i = 0; i < template->n_types; i++)
        if (template->types[i].hash == hash)
            return &template->types[i];
    return NULL;
}

const char *sup_actor_state_name(uint8_t state)
{
    static const char *const names[] = {"free", "live", "restarting", "closing"};

    return state < sizeof names / sizeof *names ? names[state] : "unknown";
}

const struct ax_contract *sup_record_names(const struct sup *sup, uint64_t ref,
                                           char name[SHM_NAME_MAX + 1])
{
    uint32_t slot = SHM_REF_SLOT(ref);
    struct record record;

    name[0] = '\0';
    if (!record_at(sup, slot, SHM_REF_INDEX(ref), &record))
        return NULL;
    (void)sup_name_of(sup, ref, shm_load(&record.cold->name), name);
    const struct sup_template *template = sup->slots[slot].template;
    uint16_t type = shm_load(&record.hot->type);
    if (shm_load(&record.hot->gen) != SHM_REF_GEN(ref) || type >= template->n_types)
        return NULL;
    return template->types[type].contract;
}

static uint32_t out_of(uint32_t incarnation)
{
    return incarnation == 0 ? 0 : incarnation - 1;
}

/* What is measured; a worker may have written anything there. */
static void fill_meters(const struct sup *sup, const struct record *record, uint32_t index,
                        struct sup_actor *out)
{
    const struct shm_journal *journal = &sup->slots[out->slot].memory.view->journal;
    uint32_t now = shm_hundredths(sup_clock()), active = shm_load(&record->meter->active_at);
    bool open =
        shm_load(&journal->turn) != shm_load_acquire(&sup->hub.port.peers[out->slot]->committed);
    bool runs = open && shm_load(&journal->actor) == index;

    out->in_hand = out->suspended || runs;
    out->waits_on = out->suspended ? shm_load(&record->public->waits_on) : 0;
    out->busy_ns = shm_load(&record->meter->busy_ns) & INT64_MAX;
    out->slow = shm_load(&record->meter->slow);
    if (active != 0 && active <= now && !runs)
        out->silence_ns = (uint64_t)(now - active) * 10000000u;
    out->idle_ns = out->mail == 0 && !out->in_hand ? out->silence_ns : 0;
}

/* False: nobody has the record now. */
static bool fill(const struct sup *sup, uint32_t slot, uint32_t index, struct sup_actor *out)
{
    struct record record;

    if (!record_at(sup, slot, index, &record))
        return false;
    const struct shm_directory *public = record.public;
    uint8_t state = shm_load_acquire(&public->state);
    if (state == SHM_FREE)
        return false;
    *out = (struct sup_actor){
        .ref = SHM_REF(slot, index, shm_load(&public->gen)),
        .slot = slot,
        .state = state,
        .suspended = shm_load(&record.hot->suspended) != 0,
        .passive = state == SHM_RESTARTING && shm_load(&record.cold->restart_at) == SHM_PASSIVE,
        .incarnation = shm_load(&public->incarnation) + sup->slots[slot].incarnation,
        .mail = shm_load(&sup->hub.port.depths[slot][index]),
        .control_mail = shm_load(&public->control),
        .capacity = shm_load(&public->capacity),
        .failures = shm_load(&record.cold->failures),
        .turns = shm_load(&record.hot->mail.handled) & INT64_MAX,
        .restarts = out_of(shm_load(&public->incarnation) + sup->slots[slot].incarnation),
    };
    fill_meters(sup, &record, index, out);
    const struct sup_type *type = type_by_hash(sup, slot, shm_load(&public->contract));
    if (type != NULL) {
        out->contract = type->contract;
        out->kept = type->kept;
        out->maps = (const char(*)[AX_NAME_MAX + 1]) type->maps;
        out->n_maps = type->n_maps;
    }
    (void)sup_name_of(sup, out->ref, shm_load(&record.cold->name), out->name);
    return true;
}

int sup_actor_info(struct sup *sup, uint64_t ref, struct sup_actor *out)
{
    if (!fill(sup, SHM_REF_SLOT(ref), SHM_REF_INDEX(ref), out) || out->ref != ref)
        return AX_E_NO_ACTOR;
    return 0;
}

int sup_actors(struct sup *sup, uint32_t slot, int (*fn)(void *ctx, const struct sup_actor *actor),
               void *ctx)
{
    uint32_t count = slot != 0 && slot < sup->n_slots ? sup->slots[slot].memory.geo.actors : 0;
    uint32_t used = count != 0 ? shm_load(&sup->slots[slot].memory.view->fresh_actor) : 0;
    struct sup_actor actor;
    int result = 0;

    for (uint32_t index = 1; index < count && index < used && result == 0; index++)
        if (fill(sup, slot, index, &actor))
            result = fn(ctx, &actor);
    return result;
}

int sup_actor_lookup(struct sup *sup, const char *who, uint64_t *ref,
                     const struct ax_contract **contract)
{
    uint64_t found = sup_name_find(sup, who);
    struct sup_actor actor;
    struct ax_ref parsed;

    if (found == 0 && ax_ref_parse(who, &parsed) && parsed.node == 0)
        found = parsed.addr;
    if (found == 0 || sup_actor_info(sup, found, &actor) != 0)
        return AX_E_NO_ACTOR;
    if (ref != NULL)
        *ref = found;
    if (contract != NULL)
        *contract = actor.contract;
    return 0;
}

const struct ax_contract *sup_contract_by_hash(const struct sup *sup, uint64_t hash)
{
    for (uint32_t s = 1; s < sup->n_slots; s++) {
        const struct sup_type *type = type_by_hash(sup, s, hash);
        if (type != NULL)
            return type->contract;
    }
    return NULL;
}

const struct ax_contract *sup_contract_by_name(const struct sup *sup, const char *name)
{
    for (uint32_t i = 0; i < sup->n_templates; i++) {
        const struct sup_type *type = sup_template_type(&sup->templates[i], name, NULL);
        if (type != NULL)
            return type->contract;
    }
    return NULL;
}

/* ---- kept state ---- */

#define LOOKS 1000u

/* The bytes of the committed half. The block is {order, size, two halves}. */
static const uint8_t *kept_half(const struct sup_memory *memory, uint32_t unit, uint32_t size,
                                bool second)
{
    uint64_t half = shm_round(size, 8), bytes = 8 + 2 * half;
    const uint8_t *arena = (const uint8_t *)memory->view + memory->geo.arena_off;

    if (unit == 0 || unit >= memory->units || bytes > (uint64_t)(memory->units - unit) * SHM_UNIT)
        return NULL;
    const uint8_t *block = arena + (uint64_t)unit * SHM_UNIT;
    if (shm_load((const uint32_t *)(const void *)(block + 4)) != size)
        return NULL;
    return block + 8 + (second ? half : 0);
}

static uint64_t private_offset(const struct sup_memory *memory, const void *field)
{
    return (uint64_t)((const uint8_t *)field - (const uint8_t *)memory->view) & ~7ull;
}

/* A field of a record as committed; it lies within one aligned word. */
static bool committed_field(const struct sup *sup, uint32_t slot, const void *field, void *out,
                            size_t size)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    uint64_t word;

    if (!sup_memory_word(sup, slot, private_offset(memory, field), &word))
        return false;
    memcpy(out, (const uint8_t *)&word + ((uintptr_t)field & 7), size);
    return true;
}

/* One look: the state of a turn, where no turn has been committed meanwhile that could have begun
 * to overwrite it. The half that is current is not written before the turn after the next. */
static int look(struct sup *sup, uint32_t slot, const struct record *record, uint32_t size,
                void *buf)
{
    const struct sup_memory *memory = &sup->slots[slot].memory;
    const struct shm_public *pub = sup->hub.port.peers[slot];
    uint64_t before = shm_load_acquire(&pub->committed);
    uint32_t unit = shm_load(&record->hot->kept);
    uint8_t flags;

    if (!committed_field(sup, slot, &record->hot->flags, &flags, sizeof flags))
        return AX_E_TIMEOUT;
    const uint8_t *half = kept_half(memory, unit, size, (flags & SHM_HALF) != 0);
    if (half == NULL)
        return AX_E_NOT_ALLOWED;
    memcpy(buf, half, size);
    atomic_thread_fence(memory_order_acquire);
    return shm_load(&pub->committed) == before ? 0 : AX_E_TIMEOUT;
}

int sup_actor_state(struct sup *sup, uint64_t ref, void *buf, size_t *size)
{
    struct sup_actor actor;
    struct record record;
    size_t room = *size;
    int error = sup_actor_info(sup, ref, &actor);

    if (error != 0)
        return error;
    if (actor.kept == NULL || !record_at(sup, actor.slot, SHM_REF_INDEX(ref), &record))
        return AX_E_NOT_ALLOWED;
    *size = actor.kept->size;
    if (room < actor.kept->size)
        return AX_E_TOO_BIG;
    error = AX_E_TIMEOUT;
    for (unsigned tries = 0; tries < LOOKS && error == AX_E_TIMEOUT; tries++) {
        error = look(sup, actor.slot, &record, actor.kept->size, buf);
        if (error == AX_E_TIMEOUT)
            shm_relax();
    }
    return error;
}
