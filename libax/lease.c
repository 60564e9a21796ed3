/* SPDX-License-Identifier: MIT */
#include "libax/lease.h"

#include "libax/life.h"
#include "libax/more.h"
#include "libax/registry.h"
#include "libax/shard.h"
#include "libax/signal.h"
#include "libax/turn.h"

#include <ax/cluster.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_NS UINT64_C(500000000)
#define LOOK_RECORDS 4096u /* of actors, at a time */
#define READ_TRIES 8
#define LOOKS_MAX 2u
/* Between two looks while one is being closed: so that many actors are not all that is looked at.
 */
#define CLOSE_NS UINT64_C(1000000)
#define CLOSE_NS_EACH UINT64_C(100)
#define CLOSE_MAX_NS UINT64_C(32000000)

static uint64_t boot_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* What its writer changes is 0 meanwhile; another `until` alone is a renewal. Tried again for that,
 * but not for ever: who writes is not trusted. */
static uint64_t epoch_at(const struct worker *w, uint32_t lease, uint64_t now)
{
    if (lease == 0 || lease > w->nleases)
        return 0;
    const struct shm_lease *at = &w->leases[lease - 1];
    for (int tries = 0; tries < READ_TRIES; tries++) {
        uint64_t until = shm_load_acquire(&at->until), epoch = shm_load_acquire(&at->epoch);
        if (until == shm_load_acquire(&at->until))
            return until > now ? epoch : 0;
    }
    return 0;
}

static uint64_t epoch_of(const struct worker *w, uint32_t lease)
{
    return epoch_at(w, lease, boot_clock());
}

/* True: some lease that was there has ended, or is of another epoch. */
static bool one_has_ended(struct worker *w)
{
    uint64_t now = boot_clock();
    bool ended = false;
    for (uint32_t i = 0; i < w->nleases; i++) {
        struct lease_seen *seen = &w->leases_seen[i];
        uint64_t epoch = epoch_at(w, i + 1, now);
        ended |= seen->epoch != 0 && seen->epoch != epoch;
        seen->epoch = epoch;
    }
    return ended;
}

/* They lie where the gateway's segment says; believed as far as they are within it. */
int lease_open(struct worker *w)
{
    uint32_t gateway = w->boot->gateway;
    for (uint32_t i = 0; i < w->boot->nregistries; i++) {
        const struct boot_registry *registry = &w->boot->registries[i];
        w->leased |= registry->shards != 0 && w->port.slot - registry->first < registry->slots;
    }
    if (!w->leased || gateway == 0 || gateway == w->port.slot)
        return 0;
    const struct shm_geometry *geo = &w->port.peers[gateway]->geometry;
    uint64_t off = shm_load(&geo->lease_off), count = shm_load(&geo->leases);
    uint64_t bytes = w->port.peer_bytes[gateway];
    if (off & 7 || off > bytes || count * sizeof(struct shm_lease) > bytes - off)
        return 0;
    w->leases_seen = calloc(count != 0 ? count : 1, sizeof *w->leases_seen);
    if (w->leases_seen == NULL)
        return -ENOMEM;
    w->leases = (const void *)((const uint8_t *)w->port.peers[gateway] + off);
    w->nleases = (uint32_t)(count < w->port.geo.leases ? count : w->port.geo.leases);
    w->lease_ended = true; /* while nobody saw: whoever lived in the process before is looked at */
    return 0;
}

int lease_of(struct worker *w, const struct boot_registry *registry, struct ax_span key,
             uint32_t *lease, uint64_t *epoch)
{
    *lease = registry->first_lease + shard_of(key, registry->shards);
    *epoch = epoch_of(w, *lease);
    if (*epoch == 0 || *epoch == shm_load_acquire(&w->leases[*lease - 1].closing))
        return AX_E_STALE;
    struct lease_seen *seen = &w->leases_seen[*lease - 1];
    w->lease_ended |= seen->epoch != 0 && seen->epoch != *epoch;
    seen->epoch = *epoch;
    return 0;
}

/* What the actor lives under; lease 0: nothing. */
static struct shm_leased leased_by(const struct shm_port *port, uint32_t index)
{
    const struct shm_key *key = registry_key(port, index);
    const struct shm_more *more = more_of(port, index);
    if (key != NULL && key->lease != 0)
        return (struct shm_leased){key->epoch, key->lease};
    if (more != NULL && more->leased != 0)
        return *(const struct shm_leased *)shm_unit(port, more->leased);
    return (struct shm_leased){0};
}

int lease_inherit(struct worker *w, uint32_t parent, uint32_t index)
{
    const struct shm_leased leased = leased_by(&w->port, parent);
    if (leased.lease == 0)
        return 0;
    if (leased.lease <= w->nleases) /* it may lie where those that live have been gone through */
        w->leases_seen[leased.lease - 1].born = true;
    struct shm_more *more = more_get(w, index);
    uint32_t unit = more == NULL ? 0 : shm_arena_take(&w->port, 0);
    if (unit == 0)
        return AX_E_NO_MEMORY;
    *(struct shm_leased *)shm_unit(&w->port, unit) = leased;
    shm_set(&w->port, &more->leased, unit);
    return 0;
}

bool lease_holds(struct worker *w, uint32_t index)
{
    const struct shm_leased leased = leased_by(&w->port, index);
    return leased.lease == 0 || epoch_of(w, leased.lease) == leased.epoch;
}

/* What it awaits is over; it may have been popped while it was suspended. */
static void end_await(struct worker *w, uint32_t index)
{
    if (!actor_at(w, index)->suspended)
        return;
    actor_cancel(w, index);
    runq_push(w, index);
}

void lease_end(struct worker *w, uint32_t index)
{
    shm_turn_begin(&w->port, 0, 0);
    actor_stop(w, index, SHM_LEASE_LOST, 0, AX_STOP_SHUTDOWN_IMMEDIATE);
    turn_commit(w);
    end_await(w, index);
}

/* ---- those that nothing wakes ----
 *
 * All that live are gone through, for leases that had ended before that began, and for those that
 * are closing. Of these, whom the gateway knows it has told itself, before it asked, so the first
 * time is left to that. Then the actors of keys are told to end, and when there are none any more
 * whom they have left behind. When nobody lives the gateway is told. */

static struct shm_lease *own_leases(struct worker *w)
{
    return (void *)((uint8_t *)w->port.pub + w->port.geo.lease_off);
}

/* True: of some that are being closed it is not known that nothing lives under them. */
static bool closing_begin(struct worker *w)
{
    bool any = false;
    for (uint32_t i = 0; i < w->nleases; i++) {
        struct lease_seen *seen = &w->leases_seen[i];
        uint64_t closing = shm_load_acquire(&w->leases[i].closing);
        uint64_t asked = shm_load_acquire(&w->leases[i].asked);
        bool open = closing != 0 && asked != own_leases(w)[i].asked;
        bool again = open && asked == seen->asked;
        seen->orphans = again && seen->found == LEASE_ORPHANS;
        seen->looks = again ? seen->looks + (seen->looks < LOOKS_MAX) : 0;
        seen->closing = open ? closing : 0;
        seen->asked = asked;
        seen->found = LEASE_NOTHING;
        seen->born = false;
        any |= open;
    }
    return any;
}

/* True: something lives under some of them. */
static bool closing_end(struct worker *w)
{
    bool any = false;
    for (uint32_t i = 0; i < w->nleases; i++) {
        const struct lease_seen *seen = &w->leases_seen[i];
        if (seen->closing == 0)
            continue;
        if (seen->found != LEASE_NOTHING || seen->born)
            any = true;
        else
            shm_store_release(&own_leases(w)[i].asked, seen->asked);
    }
    return any;
}

/* One that traps exits may have children to end before itself, and is told once. What another one
 * awaits that was left behind is of no use to anybody. */
static void tell_to_end(struct worker *w, uint32_t index, bool keyed, bool once)
{
    const struct shm_more *more = more_of(&w->port, index);
    bool traps = keyed && more != NULL && more->traps;
    if (traps && !once)
        return;
    shm_turn_begin(&w->port, 0, 0);
    if (traps)
        (void)signal_shutdown(w, index); /* without memory it ends with its lease */
    else
        actor_told(w, index, SHM_NORMAL);
    turn_commit(w);
    if (!keyed)
        end_await(w, index);
}

static void look_at_closing(struct worker *w, uint32_t index, const struct shm_leased *leased)
{
    const struct shm_actor *actor = actor_at(w, index);
    const struct shm_key *key = registry_key(&w->port, index);
    struct lease_seen *seen = &w->leases_seen[leased->lease - 1];
    bool keyed = key != NULL && key->lease != 0;
    if (seen->closing != leased->epoch)
        return;
    if (keyed || seen->found == LEASE_NOTHING)
        seen->found = keyed ? LEASE_KEYS : LEASE_ORPHANS;
    if (actor->state == SHM_CLOSING || actor->flags & SHM_STOPPING ||
        !(keyed ? seen->looks > 0 : seen->orphans) ||
        shm_load_acquire(&w->leases[leased->lease - 1].closing) != seen->closing)
        return;
    tell_to_end(w, index, keyed, seen->looks == 1);
}

static void look_at(struct worker *w, uint32_t index)
{
    const struct shm_leased leased = leased_by(&w->port, index);
    uint8_t state = actor_at(w, index)->state;
    if (state == SHM_FREE || leased.lease == 0 || leased.lease > w->nleases)
        return;
    if (state != SHM_CLOSING && !lease_holds(w, index))
        lease_end(w, index);
    look_at_closing(w, index, &leased);
}

/* Less often the longer it takes, and the more there is to look at. */
static uint64_t closing_pause(struct worker *w)
{
    uint64_t least = CLOSE_NS + (w->port.priv->fresh_actor + w->nleases) * CLOSE_NS_EACH;
    uint64_t pause = w->lease_pause < least ? least : w->lease_pause;
    w->lease_pause = 2 * pause < CLOSE_MAX_NS ? 2 * pause : CLOSE_MAX_NS;
    return pause;
}

void lease_look_now(struct worker *w)
{
    w->lease_look_at = 0;
    w->lease_pause = 0;
}

/* From the first to the last; what ends meanwhile is for the next time. */
void lease_look(struct worker *w)
{
    uint32_t fresh = w->port.priv->fresh_actor;
    bool due = w->lease_next == 0 && w->lease_look_at <= w->now;
    if (due) {
        w->lease_ended |= one_has_ended(w);
        w->lease_look_at = w->now + LOOK_NS;
    }
    if (w->lease_next == 0 && (due || w->lease_ended)) {
        bool closing = closing_begin(w);
        w->lease_next = closing || w->lease_ended ? 1 : 0;
        w->lease_ended = false;
    }
    if (w->lease_next == 0)
        return;
    uint32_t end = w->lease_next + LOOK_RECORDS;
    bool last = end >= fresh;
    for (uint32_t at = w->lease_next; at < (last ? fresh : end); at++)
        look_at(w, at);
    w->lease_next = last ? 0 : end;
    if (last && closing_end(w) && w->lease_look_at > w->now) {
        uint64_t at = w->now + closing_pause(w);
        if (at < w->lease_look_at)
            w->lease_look_at = at;
    }
}

uint64_t ax_lease_epoch(struct ax_ctx *ctx)
{
    return leased_by(&ctx->worker->port, ctx->actor).epoch;
}
