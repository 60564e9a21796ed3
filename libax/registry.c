/* SPDX-License-Identifier: MIT */
/* libax/registry.c - one actor a key, because one process decides: the key's home, a hash of the
 * key over the processes of the registry's worker entry. What belongs to an actor, and outlives the
 * process, is its key, a block of the arena behind shm_more; the index from keys to actors is
 * volatile and built anew from them. An entry of it is a hint: it counts only while the record it
 * names is alive, of that generation and of that key, so an undone spawn and an actor's end need
 * not touch it.
 *
 * From elsewhere a key is looked up by a control frame (SHM_LOOKUP), answered in the turn that
 * finds or spawns (SHM_FOUND). If the home dies the frame lies in its lane for the next process,
 * and the asker waits on. What was found is remembered by the asker, and used as long as the home's
 * directory shows that actor alive and the home has not failed for good.
 *
 * Passivation is an end of an incarnation (libax/life.c): the record stays, with its key and its
 * mailbox, so nobody who sends needs to know. */
#include "libax/registry.h"

#include "libax/lease.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/more.h"
#include "libax/pending.h"
#include "libax/send.h"
#include "libax/turn.h"
#include "libax/watch.h"
#include "shm/siphash.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_LEAST 64u
#define CACHE_ENTRIES 1024u
#define TRIES 8u
#define FULL_NS UINT64_C(10000000) /* between two looks at whether a full registry still is */
#define SWEEP_RECORDS 4096u        /* looked at in one go */
#define SWEEP_LEAST_NS UINT64_C(10000000)

struct entry { /* of an index; index 0: empty */
    uint64_t hash;
    uint32_t index, gen;
};

struct registry {
    const struct boot_registry *config;
    struct entry *entries;
    uint32_t room, used; /* a power of two; entries that are not empty */
    uint64_t full_until; /* when to see whether it is still full */
    int type;            /* of the plugin's actors; -1: the home is elsewhere */
};

struct cached {
    uint64_t ref;
    uint16_t registry;
    uint8_t len;
    uint8_t key[AX_KEY_MAX];
};

struct registries {
    uint8_t secret[16];
    struct cached *cache; /* NULL until something is found elsewhere */
    struct registry all[BOOT_REGISTRIES];
};

static uint32_t key_order(uint32_t len)
{
    return shm_order_of(sizeof(struct shm_key) + len);
}

/* ---- homes ---- */

/* FNV-1a, then the 64-bit finalizer of MurmurHash3 (Appleby): every worker must come to the same
 * home, in every life. */
static uint64_t spread(struct ax_span key)
{
    const uint8_t *at = key.ptr;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 0; i < key.len; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 33;
}

static uint32_t home_of(const struct boot_registry *config, struct ax_span key)
{
    return config->first + (config->slots == 1 ? 0 : (uint32_t)(spread(key) % config->slots));
}

static struct registry *registry_at(struct worker *w, uint32_t number)
{
    return number < w->boot->nregistries ? &w->registries->all[number] : NULL;
}

uint32_t registry_number(const struct worker *w, const char *name)
{
    for (uint32_t number = 0; name != NULL && number < w->boot->nregistries; number++)
        if (strcmp(w->boot->registries[number].name, name) == 0)
            return number;
    return BOOT_REGISTRIES;
}

uint32_t registry_home(const struct worker *w, uint32_t number, struct ax_span key)
{
    return home_of(&w->boot->registries[number], key);
}

/* Which of the plugin's actors a registry spawns in this slot; -1: none, its homes are elsewhere.
 */
static int type_here(const struct worker *w, uint32_t slot, const struct boot_registry *config)
{
    if (slot - config->first >= config->slots)
        return -1;
    for (uint32_t i = 0; i < w->plugin->nactors; i++)
        if (strcmp(w->plugin->actors[i]->contract->name, config->contract) == 0)
            return (int)i;
    return -1;
}

int registry_open(struct worker *w)
{
    if (w->boot->nregistries == 0)
        return 0;
    w->registries = calloc(1, sizeof *w->registries);
    if (w->registries == NULL)
        return -ENOMEM;
    randombytes_buf(w->registries->secret, sizeof w->registries->secret);
    for (uint32_t i = 0; i < w->boot->nregistries; i++) {
        const struct boot_registry *config = &w->boot->registries[i];
        struct registry *r = &w->registries->all[i];
        *r = (struct registry){.config = config, .type = type_here(w, w->port.slot, config)};
        if (r->type < 0)
            continue;
        r->room = INDEX_LEAST;
        r->entries = calloc(r->room, sizeof *r->entries);
        if (r->entries == NULL)
            return -ENOMEM;
        if (config->idle_ns != 0)
            w->sweep_at = 0;
    }
    return 0;
}

/* ---- the index ---- */

static uint64_t index_hash(const struct worker *w, struct ax_span key)
{
    return shm_sip_hash(w->registries->secret, key.ptr, key.len, 1, 3);
}

/* The key of the actor that an entry names; NULL: that one is no more, or none of this registry. */
static const struct shm_key *entry_key(struct worker *w, const struct registry *r,
                                       const struct entry *entry)
{
    const struct shm_actor *actor = actor_at(w, entry->index);
    if (actor->state == SHM_FREE || actor->gen != entry->gen)
        return NULL;
    const struct shm_key *key = registry_key(&w->port, entry->index);
    return key != NULL && &w->registries->all[key->registry] == r ? key : NULL;
}

static bool entry_lives(struct worker *w, const struct registry *r, const struct entry *entry)
{
    return entry_key(w, r, entry) != NULL;
}

static void insert(struct registry *r, struct entry entry)
{
    uint32_t at = (uint32_t)entry.hash & (r->room - 1);
    while (r->entries[at].index != 0)
        at = (at + 1) & (r->room - 1);
    r->entries[at] = entry;
    r->used++;
}

/* Only what lives, in a table that it fills by half at most. */
static int index_rebuild(struct worker *w, struct registry *r)
{
    struct registry old = *r;
    uint32_t living = 0;
    for (uint32_t i = 0; i < old.room; i++)
        living += old.entries[i].index != 0 && entry_lives(w, r, &old.entries[i]);
    for (r->room = INDEX_LEAST; r->room < 2 * (living + 1);)
        r->room *= 2;
    r->entries = calloc(r->room, sizeof *r->entries);
    if (r->entries == NULL) {
        *r = old;
        return AX_E_NO_MEMORY;
    }
    r->used = 0;
    for (uint32_t i = 0; i < old.room; i++)
        if (old.entries[i].index != 0 && entry_lives(w, r, &old.entries[i]))
            insert(r, old.entries[i]);
    free(old.entries);
    return 0;
}

/* Room for one more key than there is; stale entries count until they are in the way. */
static int index_room(struct worker *w, struct registry *r)
{
    uint32_t most = r->room / 4 * 3 < r->config->keys ? r->room / 4 * 3 : r->config->keys;
    if (r->used < most)
        return 0;
    if (w->now < r->full_until)
        return AX_E_LIMIT;
    int error = index_rebuild(w, r);
    if (error != 0 || r->used < r->config->keys)
        return error;
    r->full_until = w->now + FULL_NS;
    return AX_E_LIMIT;
}

static bool same_key(const struct shm_key *own, struct ax_span key)
{
    return own->len == key.len && memcmp(own->bytes, key.ptr, key.len) == 0;
}

/* The actor that has the key, 0: none. */
static uint32_t index_find(struct worker *w, const struct registry *r, struct ax_span key,
                           uint64_t hash)
{
    for (uint32_t at = (uint32_t)hash & (r->room - 1); r->entries[at].index != 0;
         at = (at + 1) & (r->room - 1)) {
        const struct entry *entry = &r->entries[at];
        const struct shm_key *own = entry->hash == hash ? entry_key(w, r, entry) : NULL;
        if (own != NULL && same_key(own, key))
            return entry->index;
    }
    return 0;
}

void registry_revive(struct worker *w, uint32_t index)
{
    const struct shm_key *key = registry_key(&w->port, index);
    if (key == NULL)
        return;
    struct registry *r = registry_at(w, key->registry);
    if (r->used + 1 > r->room / 4 * 3 && index_rebuild(w, r) != 0)
        return; /* it is found no more, and lives on by its refs */
    const struct ax_span span = {key->bytes, key->len};
    insert(r, (struct entry){index_hash(w, span), index, actor_at(w, index)->gen});
}

/* ---- the home's side ---- */

struct units { /* of the arena, for a new actor */
    uint32_t more, key;
};

static void give_units(struct worker *w, const struct units *units, uint32_t len)
{
    if (units->more != 0)
        shm_arena_give(&w->port, units->more, SHM_MORE_ORDER);
    if (units->key != 0)
        shm_arena_give(&w->port, units->key, key_order(len));
}

/* Before the spawn, so that it lacks nothing when it is done. */
static int take_units(struct worker *w, uint32_t len, struct units *units)
{
    units->more = shm_arena_take(&w->port, SHM_MORE_ORDER);
    units->key = shm_arena_take(&w->port, key_order(len));
    if (units->more != 0 && units->key != 0)
        return 0;
    give_units(w, units, len);
    return AX_E_NO_MEMORY;
}

static void attach(struct worker *w, uint32_t index, const struct shm_key *as, struct ax_span key,
                   const struct units *units)
{
    struct shm_more *more = shm_unit(&w->port, units->more);
    struct shm_key *own = shm_unit(&w->port, units->key);
    memset(more, 0, sizeof *more);
    more->key = units->key;
    *own = *as;
    memcpy(own->bytes, key.ptr, key.len);
    shm_set(&w->port, &w->port.cold[index].more, units->more);
}

/* In the open turn, in which an error has changed nothing. */
static int raise_actor(struct worker *w, struct registry *r, struct ax_span key, uint64_t hash,
                       uint32_t *index)
{
    struct shm_key as = {(uint16_t)(r - w->registries->all), (uint16_t)key.len, 0, 0};
    struct units units;
    if (w->stopping)
        return AX_E_SHUTTING_DOWN;
    if (r->config->shards != 0)
        AX_TRY(lease_of(w, r->config, key, &as.lease, &as.epoch));
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (!memory_room(w, 2 * w->plugin->actors[r->type]->state_size / SHM_UNIT + 32))
        return AX_E_NO_MEMORY;
    int error = index_room(w, r);
    if (error == 0)
        error = take_units(w, key.len, &units);
    if (error != 0)
        return error;
    error = actor_spawn(w, (uint16_t)r->type, &r->config->policy, r->config->capacity, 0, index);
    if (error != 0) {
        give_units(w, &units, key.len);
        return error;
    }
    attach(w, *index, &as, key, &units);
    insert(r, (struct entry){hash, *index, actor_at(w, *index)->gen});
    return 0;
}

/* In the open turn, in which an error has changed nothing. Contract 0: whatever it is. */
static int resolve(struct worker *w, struct registry *r, struct ax_span key, uint64_t contract,
                   bool spawn, uint64_t *ref)
{
    uint64_t hash = index_hash(w, key);
    uint32_t index = index_find(w, r, key, hash);
    int error = 0;
    if (contract != 0 && contract != w->contracts[r->type].hash)
        return AX_E_WRONG_CONTRACT;
    if (index == 0 && !spawn)
        return AX_E_NO_ACTOR;
    if (index == 0)
        error = raise_actor(w, r, key, hash, &index);
    else if (actor_at(w, index)->state == SHM_CLOSING || actor_at(w, index)->flags & SHM_STOPPING)
        error = AX_E_CLOSED;
    *ref = error == 0 ? actor_ref(w, index) : 0;
    return error;
}

int registry_answer(struct worker *w, const struct shm_frame *frame, int error, const void *fixed,
                    uint32_t size)
{
    const struct post post = {
        .to = frame->from,
        .from = SHM_REF(w->port.slot, 0, 0),
        .corr = frame->corr,
        .method = (uint16_t)error,
        .kind = SHM_FOUND,
        .fixed = fixed,
        .size = size,
    };
    return post_slot(w, SHM_REF_SLOT(frame->from), SHM_CONTROL, &post);
}

int registry_serve(struct worker *w, const struct shm_frame *frame)
{
    const struct lookup_body *body = (const void *)frame->body;
    uint32_t size = shm_frame_body(frame);
    struct found_body found = {0};
    int error = AX_E_INVALID;
    if (size < offsetof(struct lookup_body, key) || body->len == 0 || body->len > AX_KEY_MAX ||
        size < offsetof(struct lookup_body, key) + body->len)
        return 0; /* a liar's */
    struct registry *r = registry_at(w, body->registry);
    const struct ax_span key = {body->key, body->len};
    if (r != NULL && r->config->shards != 0 && SHM_REF_SLOT(frame->from) != w->boot->gateway)
        error = AX_E_NOT_ALLOWED;
    else if (r != NULL && r->type >= 0)
        error = resolve(w, r, key, body->contract, body->spawn != 0, &found.ref);
    return registry_answer(w, frame, error, &found, sizeof found);
}

void registry_give(struct worker *w, uint32_t index)
{
    const struct shm_key *key = registry_key(&w->port, index);
    if (key != NULL)
        shm_arena_give(&w->port, more_of(&w->port, index)->key, key_order(key->len));
}

bool registry_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    const struct worker *w = ax_worker;
    const struct shm_more *more = more_of(port, index);
    if (more == NULL || more->key == 0)
        return true;
    if (more->key >= port->arena.fresh)
        return false;
    const struct shm_key *key = shm_unit(port, more->key);
    return key->len != 0 && key->len <= AX_KEY_MAX && key->registry < w->boot->nregistries &&
           type_here(w, port->slot, &w->boot->registries[key->registry]) ==
               (int)port->actors[index].type &&
           shm_mark(port, used, more->key, key_order(key->len));
}

/* ---- the asker's side ---- */

static struct cached *cache_at(struct worker *w, struct ax_span key)
{
    struct registries *all = w->registries;
    if (all->cache == NULL)
        all->cache = calloc(CACHE_ENTRIES, sizeof *all->cache);
    return all->cache == NULL ? NULL : &all->cache[index_hash(w, key) % CACHE_ENTRIES];
}

static bool shown_alive(const struct worker *w, uint64_t ref)
{
    uint32_t slot = SHM_REF_SLOT(ref), index = SHM_REF_INDEX(ref);
    if (ref == 0 || slot >= w->port.slots || index >= w->port.peer_actors[slot])
        return false;
    const struct shm_directory *entry = &w->port.directories[slot][index];
    uint8_t state = shm_load_acquire(&entry->state); /* pairs with publish_now */
    return (state == SHM_LIVE || state == SHM_RESTARTING) &&
           shm_load(&entry->gen) == SHM_REF_GEN(ref);
}

static bool remembered(struct worker *w, uint32_t number, struct ax_span key, uint64_t *ref)
{
    const struct cached *cached = cache_at(w, key);
    if (cached == NULL || cached->registry != number || cached->len != key.len ||
        memcmp(cached->key, key.ptr, key.len) != 0 || !shown_alive(w, cached->ref))
        return false;
    *ref = cached->ref;
    return true;
}

static void remember(struct worker *w, uint32_t number, struct ax_span key, uint64_t ref)
{
    struct cached *cached = cache_at(w, key);
    if (cached == NULL)
        return;
    *cached = (struct cached){.ref = ref, .registry = (uint16_t)number, .len = (uint8_t)key.len};
    memcpy(cached->key, key.ptr, key.len);
}

int registry_ask(struct ax_ctx *ctx, uint32_t home, struct post *post, uint64_t timeout_ns,
                 void *answer, uint32_t size)
{
    struct worker *w = ctx->worker;
    struct pending *entry = pending_new(w, SHM_REF(home, 0, 0), timeout_ns);
    if (entry == NULL)
        return AX_E_LIMIT;
    entry->reply = answer;
    entry->bytes = size;
    post->from = actor_ref(w, ctx->actor);
    post->corr = entry->corr;
    int error = post_slot(w, home, SHM_CONTROL, post);
    if (error != 0) {
        pending_cancel(w, entry);
        return error;
    }
    return pending_wait(w);
}

/* Asks the key's home; suspends. */
static int ask_home(struct ax_ctx *ctx, uint32_t home, struct lookup_body *body,
                    uint64_t timeout_ns, uint64_t *ref)
{
    struct found_body found = {0};
    struct post post = {
        .kind = SHM_LOOKUP,
        .fixed = body,
        .size = offsetof(struct lookup_body, key) + body->len,
    };
    int error = registry_ask(ctx, home, &post, timeout_ns, &found, sizeof found);
    if (error == 0 && SHM_REF_SLOT(found.ref) != home) /* a liar's */
        error = AX_E_INVALID;
    *ref = error == 0 ? found.ref : 0;
    return error;
}

/* The actor of the key is ending: time for it to have ended. */
static int wait_a_while(struct worker *w, uint32_t nth)
{
    if (pending_new(w, 0, AX_MILLISECONDS(1) << nth) == NULL)
        return AX_E_LIMIT;
    int error = pending_wait(w);
    return error == AX_E_TIMEOUT ? 0 : error;
}

static int get_once(struct ax_ctx *ctx, uint32_t number, struct ax_span key, uint64_t contract,
                    uint64_t timeout_ns, bool spawn, uint64_t *ref)
{
    struct worker *w = ctx->worker;
    struct registry *r = registry_at(w, number);
    uint32_t home = home_of(r->config, key);
    if (home == w->port.slot)
        return r->type < 0 ? AX_E_WRONG_CONTRACT : resolve(w, r, key, contract, spawn, ref);
    if (slot_gone(w, home)) /* its directory still shows those that lived in it */
        return AX_E_NO_ACTOR;
    if (remembered(w, number, key, ref))
        return 0;
    struct lookup_body body = {.contract = contract,
                               .registry = (uint16_t)number,
                               .spawn = spawn,
                               .len = (uint8_t)key.len};
    memcpy(body.key, key.ptr, key.len);
    int error = ask_home(ctx, home, &body, timeout_ns, ref);
    if (error == 0)
        remember(w, number, key, *ref);
    return error;
}

/* It lives here and takes messages: then there is nothing to wait for, and no clock is asked. */
static bool is_here(struct worker *w, struct registry *r, const struct ax_contract *contract,
                    struct ax_span key, uint64_t *ref)
{
    if (r->type < 0 || !contract_is(w, (uint32_t)r->type, contract) ||
        home_of(r->config, key) != w->port.slot)
        return false;
    uint32_t index = index_find(w, r, key, index_hash(w, key));
    if (index == 0 || actor_at(w, index)->state == SHM_CLOSING ||
        actor_at(w, index)->flags & SHM_STOPPING)
        return false;
    *ref = actor_ref(w, index);
    return true;
}

static int get_slowly(struct ax_ctx *ctx, uint32_t number, const struct ax_contract *contract,
                      struct ax_span key, uint64_t timeout_ns, bool spawn, struct ax_ref *out)
{
    struct worker *w = ctx->worker;
    uint8_t own[AX_KEY_MAX]; /* the caller's may be gone after an await */
    memcpy(own, key.ptr, key.len);
    const struct ax_span copy = {own, key.len};
    uint64_t hash = contract_hash(w, contract);
    clock_read(w);
    uint64_t deadline = deadline_after(w->now, timeout_ns), left = timeout_ns;
    int error = AX_E_CLOSED;
    for (uint32_t tries = 0; error == AX_E_CLOSED && tries < TRIES; tries++) {
        if (tries > 0) {
            error = wait_a_while(w, tries - 1);
            if (error != 0)
                return error;
            clock_read(w);
            if (w->now >= deadline)
                return AX_E_TIMEOUT;
            left = deadline == UINT64_MAX ? AX_FOREVER : deadline - w->now;
        }
        error = get_once(ctx, number, copy, hash, left, spawn, &out->addr);
    }
    return error;
}

int ax_registry_get_(struct ax_ctx *ctx, const struct ax_contract *contract, const char *registry,
                     struct ax_span key, uint64_t timeout_ns, bool spawn, struct ax_ref *out)
{
    struct worker *w = ctx->worker;
    uint32_t number = registry_number(w, registry);
    struct registry *r = registry_at(w, number);
    *out = (struct ax_ref){0};
    if (r == NULL || key.len == 0 || key.len > AX_KEY_MAX)
        return AX_E_INVALID;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (is_here(w, r, contract, key, &out->addr))
        return 0;
    return get_slowly(ctx, number, contract, key, timeout_ns, spawn, out);
}

struct ax_span ax_key(struct ax_ctx *ctx)
{
    const struct shm_key *key = registry_key(&ctx->worker->port, ctx->actor);
    struct ax_span span = {0};
    if (key != NULL)
        span = (struct ax_span){key->bytes, key->len};
    return span;
}

/* ---- passivation ---- */

static void look_at(struct worker *w, uint32_t index)
{
    const struct shm_actor *actor = actor_at(w, index);
    const struct shm_actor_cold *cold = &w->port.cold[index];
    const struct shm_key *key = registry_key(&w->port, index);
    if (key == NULL)
        return;
    const struct boot_registry *config = w->registries->all[key->registry].config;
    uint64_t idle = config->idle_ns, forget = config->forget_ns;
    uint64_t since = (uint64_t)(w->hundredths - w->port.meters[index].active_at) * 10000000u;
    if (idle == 0 || since < idle || actor->suspended || actor->next_run != 0 ||
        actor->mail.tail != 0 || cold->timers != 0 || actor->flags & (SHM_STOPPING | SHM_DROPPING))
        return;
    bool over = forget != 0 && is_passive(w, index) && since >= forget;
    if (actor->state != SHM_LIVE && !over)
        return;
    shm_turn_begin(&w->port, 0, 0);
    if (over)
        actor_stop(w, index, SHM_NORMAL, 0, AX_STOP_CONTEXT_STOP);
    else
        actor_retire(w, index);
    turn_commit(w);
}

/* How long until the next round: a quarter of the shortest limit. */
static uint64_t sweep_pause(const struct worker *w)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < w->boot->nregistries; i++) {
        const struct registry *r = &w->registries->all[i];
        if (r->type >= 0 && r->config->idle_ns != 0 && r->config->idle_ns / 4 < least)
            least = r->config->idle_ns / 4;
    }
    return least < SWEEP_LEAST_NS ? SWEEP_LEAST_NS : least;
}

void registry_sweep(struct worker *w)
{
    uint32_t at = w->sweep_next, end = at + SWEEP_RECORDS;
    if (end > w->port.priv->fresh_actor)
        end = w->port.priv->fresh_actor;
    bool last = end == w->port.priv->fresh_actor;
    w->sweep_next = last ? 1 : end; /* now: a hook may suspend, and the loop comes here again */
    w->sweep_at = last ? deadline_after(w->now, sweep_pause(w)) : w->now;
    for (; at < end; at++)
        if (actor_at(w, at)->state != SHM_FREE)
            look_at(w, at);
}
