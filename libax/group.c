/* SPDX-License-Identifier: MIT */
/* libax/group.c - groups. What an actor is in is a list of its own, in private memory, that changes
 * with the turn. Each slot shows the memberships of its actors in a table of its public segment,
 * one entry each, which is brought up to date when a turn has committed; so there is no list of a
 * group that several would have to write, and whoever looks for its members looks through the
 * tables of all slots. A successor brings its table up to date by what it finds.
 *
 * In the table a group is known by 128 bits made of its name. Readers believe a table as much as
 * its slot: an entry counts while the actor it names lives there. */
#include "libax/group.h"

#include "libax/event.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/more.h"
#include "libax/send.h"
#include "libax/turn.h"
#include "libax/watch.h"
#include "shm/names.h"

#include <stdlib.h>
#include <string.h>

#define PICKS (sizeof((struct worker *)0)->picked / sizeof *((struct worker *)0)->picked)

static struct shm_membership *membership_at(const struct shm_port *port, uint32_t unit)
{
    return shm_unit(port, unit);
}

static void key_of(const char *group, uint64_t key[2])
{
    uint64_t other = 0x9e3779b97f4a7c15ull;
    for (const char *at = group; *at != '\0'; at++)
        other = (other ^ (uint8_t)*at) * 0xff51afd7ed558ccdull ^ other >> 29;
    key[0] = shm_name_hash(group);
    key[1] = other;
}

static bool same_key(const uint64_t a[2], const uint64_t b[2])
{
    return a[0] == b[0] && a[1] == b[1];
}

/* The link that leads to an actor's membership, NULL: it is no member. */
static uint32_t *find(const struct shm_port *port, uint32_t index, const uint64_t key[2])
{
    struct shm_more *more = more_of(port, index);
    if (more == NULL)
        return NULL;
    uint32_t *link = &more->groups;
    while (*link != 0 && !same_key(membership_at(port, *link)->key, key))
        link = &membership_at(port, *link)->next;
    return *link != 0 ? link : NULL;
}

/* ---- the table ---- */

static struct shm_member *entry_at(struct worker *w, uint32_t entry)
{
    return (struct shm_member *)(void *)((uint8_t *)w->port.pub + w->port.geo.member_off) + entry -
           1;
}

static bool table_open(struct worker *w)
{
    if (w->members.first != NULL)
        return true;
    w->members.first = calloc(w->port.geo.actors, sizeof *w->members.first);
    w->members.next = calloc(w->port.geo.members + 1, sizeof *w->members.next);
    if (w->members.first == NULL || w->members.next == NULL) {
        free(w->members.first);
        free(w->members.next);
        w->members.first = w->members.next = NULL;
        return false;
    }
    for (uint32_t entry = w->port.geo.members; entry > 0; entry--) {
        w->members.next[entry] = w->members.free;
        w->members.free = entry;
    }
    return true;
}

static bool is_member(struct worker *w, uint32_t index, const uint64_t key[2])
{
    return actor_at(w, index)->state != SHM_FREE && find(&w->port, index, key) != NULL;
}

/* Takes the entries of memberships that are over out of the table. */
static void withdraw(struct worker *w, uint32_t index)
{
    for (uint32_t *link = &w->members.first[index]; *link != 0;) {
        uint32_t entry = *link;
        struct shm_member *shown = entry_at(w, entry);
        if (shown->ref == actor_ref(w, index) && is_member(w, index, shown->key)) {
            link = &w->members.next[entry];
            continue;
        }
        shm_store_release(&shown->ref, 0);
        *link = w->members.next[entry];
        w->members.next[entry] = w->members.free;
        w->members.free = entry;
    }
}

static bool is_shown(struct worker *w, uint32_t index, const uint64_t key[2])
{
    uint32_t entry = w->members.first[index];
    while (entry != 0 && !same_key(entry_at(w, entry)->key, key))
        entry = w->members.next[entry];
    return entry != 0;
}

static void show(struct worker *w, uint32_t index, const uint64_t key[2])
{
    uint32_t entry = w->members.free;
    if (entry == 0)
        return; /* never: memberships are counted */
    struct shm_member *shown = entry_at(w, entry);
    w->members.free = w->members.next[entry];
    w->members.next[entry] = w->members.first[index];
    w->members.first[index] = entry;
    shm_store(&shown->key[0], key[0]);
    shm_store(&shown->key[1], key[1]);
    shm_store_release(&shown->ref, actor_ref(w, index)); /* pairs with matches */
}

void groups_publish(struct worker *w, uint32_t index)
{
    const struct shm_more *more =
        actor_at(w, index)->state == SHM_FREE ? NULL : more_of(&w->port, index);
    if (w->members.first == NULL)
        return; /* nobody here is in a group */
    withdraw(w, index);
    for (uint32_t unit = more == NULL ? 0 : more->groups; unit != 0;
         unit = membership_at(&w->port, unit)->next)
        if (!is_shown(w, index, membership_at(&w->port, unit)->key))
            show(w, index, membership_at(&w->port, unit)->key);
}

/* What the last process has shown stays shown where it is right. */
static void adopt(struct worker *w)
{
    w->members.free = 0;
    for (uint32_t entry = w->port.geo.members; entry > 0; entry--) {
        struct shm_member *shown = entry_at(w, entry);
        uint32_t index = actor_local(w, shown->ref);
        bool right =
            index != 0 && is_member(w, index, shown->key) && !is_shown(w, index, shown->key);
        uint32_t *list = right ? &w->members.first[index] : &w->members.free;
        if (!right && shown->ref != 0)
            shm_store_release(&shown->ref, 0);
        w->members.next[entry] = *list;
        *list = entry;
    }
}

void groups_revive(struct worker *w)
{
    bool any = w->port.priv->memberships != 0;
    for (uint32_t entry = 1; entry <= w->port.geo.members && !any; entry++)
        any = entry_at(w, entry)->ref != 0;
    if (!any)
        return;
    if (!table_open(w)) {
        worker_log(w, AX_ERROR, "ax", "no memory to show who is in which group");
        return;
    }
    adopt(w); /* what is missing is shown as each actor is published */
}

/* ---- the list ---- */

static void take_out(struct worker *w, uint32_t *link)
{
    uint32_t unit = *link;
    shm_set(&w->port, link, membership_at(&w->port, unit)->next);
    shm_set(&w->port, &w->port.priv->memberships, w->port.priv->memberships - 1);
    shm_arena_give(&w->port, unit, SHM_MEMBERSHIP_ORDER);
}

/* All at once: of the list only the beginning is logged. */
void groups_leave(struct worker *w, uint32_t index)
{
    struct shm_more *more = more_of(&w->port, index);
    uint64_t count = 0;
    if (more == NULL || more->groups == 0)
        return;
    for (uint32_t unit = more->groups; unit != 0; unit = membership_at(&w->port, unit)->next) {
        shm_arena_give(&w->port, unit, SHM_MEMBERSHIP_ORDER);
        count++;
    }
    shm_set(&w->port, &more->groups, 0);
    shm_set(&w->port, &w->port.priv->memberships, w->port.priv->memberships - count);
}

bool groups_mark(const struct shm_port *port, uint32_t index, uint64_t *used)
{
    const struct shm_more *more = more_of(port, index);
    uint64_t count = 0;
    for (uint32_t unit = more == NULL ? 0 : more->groups; unit != 0;
         unit = membership_at(port, unit)->next)
        if (++count > port->priv->memberships || count > port->geo.members ||
            !shm_mark(port, used, unit, SHM_MEMBERSHIP_ORDER))
            return false;
    return true;
}

/* ---- what actors call ---- */

int ax_join(struct ax_ctx *ctx, const char *group)
{
    struct worker *w = ctx->worker;
    struct shm_port *port = &w->port;
    const struct shm_actor *actor = actor_at(w, ctx->actor);
    uint64_t key[2];
    if (!shm_name_valid(group))
        return AX_E_INVALID;
    if (actor->state == SHM_CLOSING || actor->flags & SHM_STOPPING)
        return AX_E_CLOSED;
    key_of(group, key);
    if (find(port, ctx->actor, key) != NULL)
        return 0;
    if (!log_room_for_user(w) || port->priv->memberships >= port->geo.members)
        return AX_E_LIMIT;
    struct shm_more *more = !memory_room(w, 16) || !table_open(w) ? NULL : more_get(w, ctx->actor);
    uint32_t unit = more == NULL ? 0 : shm_arena_take(port, SHM_MEMBERSHIP_ORDER);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    struct shm_membership *membership = membership_at(port, unit);
    *membership = (struct shm_membership){.next = more->groups, .key = {key[0], key[1]}};
    memcpy(membership->group, group, strlen(group));
    shm_set(port, &more->groups, unit);
    shm_set(port, &port->priv->memberships, port->priv->memberships + 1);
    publish_later(w, ctx->actor);
    return 0;
}

int ax_leave(struct ax_ctx *ctx, const char *group)
{
    struct worker *w = ctx->worker;
    uint64_t key[2];
    key_of(group, key);
    uint32_t *link = find(&w->port, ctx->actor, key);
    if (link == NULL)
        return AX_E_NO_ACTOR;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    take_out(w, link);
    publish_later(w, ctx->actor);
    return 0;
}

struct ax_members ax_members(const char *group)
{
    struct ax_members at = {.slot = 1};
    key_of(group, at.key);
    return at;
}

static bool lives(struct worker *w, uint32_t slot, uint64_t ref)
{
    uint32_t index = SHM_REF_INDEX(ref);
    if (SHM_REF_SLOT(ref) != slot || index == 0 || index >= w->port.peer_actors[slot])
        return false;
    const struct shm_directory *entry = &w->port.directories[slot][index];
    uint8_t state = shm_load(&entry->state);
    return shm_load(&entry->gen) == SHM_REF_GEN(ref) && state != SHM_FREE && state != SHM_CLOSING;
}

/* The actor that an entry shows in that group, 0: none. */
static uint64_t matches(const struct shm_member *entry, const uint64_t key[2])
{
    uint64_t ref = shm_load_acquire(&entry->ref); /* pairs with show */
    if (ref == 0 || shm_load(&entry->key[0]) != key[0] || shm_load(&entry->key[1]) != key[1])
        return 0;
    atomic_thread_fence(memory_order_acquire);
    return shm_load(&entry->ref) == ref ? ref : 0;
}

bool ax_member(struct ax_ctx *ctx, struct ax_members *at, struct ax_ref *who)
{
    struct worker *w = ctx->worker;
    for (; at->slot < w->port.slots; at->slot++, at->entry = 0) {
        if (slot_gone(w, at->slot))
            continue;
        while (at->entry < w->port.member_count[at->slot]) {
            uint64_t ref = matches(&w->port.members[at->slot][at->entry++], at->key);
            if (ref == 0 || !lives(w, at->slot, ref))
                continue;
            *who = (struct ax_ref){.addr = ref};
            return true;
        }
    }
    return false;
}

int ax_pick(struct ax_ctx *ctx, const char *group, struct ax_ref *who)
{
    struct worker *w = ctx->worker;
    struct ax_members first = ax_members(group), at = first;
    uint32_t place = (uint32_t)(first.key[1] % PICKS);
    if (same_key(w->picked[place].key, first.key)) {
        at.slot = w->picked[place].slot;
        at.entry = w->picked[place].entry;
    }
    if (!ax_member(ctx, &at, who)) {
        at = first;
        if (!ax_member(ctx, &at, who))
            return AX_E_NO_ACTOR;
    }
    memcpy(w->picked[place].key, at.key, sizeof at.key);
    w->picked[place].slot = at.slot;
    w->picked[place].entry = at.entry;
    return 0;
}
