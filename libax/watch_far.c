/* SPDX-License-Identifier: MIT */
/* libax/watch_far.c - what is told of the death of another slot's process, to who watches or links
 * an actor in it. Nobody is left there to send, so axsup says that the process died, and the
 * watcher's own record is all that is needed. It remembers of which process the death was told last
 * (`fell`), so that each is told once even if the watcher's process dies in the middle of telling,
 * and which incarnation's end (`heard`), by which the next one's number is known.
 *
 * Both count from the moment when the peer came to know of the record: it says so (SHM_SINCE), in
 * the turn in which it did, or, where it was the one to ask for a link, with its request. What a
 * dead process had committed to send is read before its death is dealt with, so at that point a
 * record is known to the peer if and only if the dead process knew of it. Of one that it did not
 * know, nothing is told: the next process is asked, and who was gone before is not told to have
 * died and to come back. Nothing else would do. What is published may be of a later process, for
 * deaths may be looked at late, or be less than what the dead one had committed.
 *
 * A peer whose lane was full may have died before its answer was in it; it comes from the next
 * process, and the death in between is told with it.
 *
 * Whom the gateway's actors stand for are not in its process. So of the death of that slot nothing
 * is told but the last end of its actors, that the connection is gone: by the next process, or here
 * where there is none. */
#include "libax/watch.h"

#include "libax/life.h"
#include "libax/link.h"
#include "libax/record.h"
#include "libax/send.h"
#include "libax/turn.h"

#include <string.h>

/* ---- since when ---- */

struct shm_since_body since_now(struct worker *w, const struct shm_watch *watch)
{
    return (struct shm_since_body){.incarnation = actor_incarnation(w, watch->owner),
                                   .process = w->boot->incarnation,
                                   .unit = record_unit(&w->port, watch)};
}

int watch_say_since(struct worker *w, const struct shm_watch *watch)
{
    const struct shm_since_body body = since_now(w, watch);
    const struct post post = {
        .to = watch->peer,
        .from = actor_ref(w, watch->owner),
        .corr = watch->id,
        .kind = SHM_SINCE,
        .fixed = &body,
        .size = sizeof body,
    };
    uint32_t slot = SHM_REF_SLOT(watch->peer);
    bool elsewhere = slot != w->port.slot && slot < w->port.slots;
    return elsewhere ? post_slot(w, slot, SHM_CONTROL, &post) : 0;
}

void watch_is_known(struct shm_watch *watch, struct shm_since_body since)
{
    watch->known = 1;
    watch->other = since.unit;
    watch->heard = since.incarnation - 1;
    watch->fell = since.process - 1;
}

/* The record that has asked for it. */
static struct shm_watch *asker(struct worker *w, const struct shm_frame *frame)
{
    uint32_t index = actor_local(w, frame->to);
    struct shm_watch *watch = NULL;
    if (index != 0)
        watch = record_of(w, index, SHM_WATCHES, frame->corr);
    if (index != 0 && watch == NULL)
        watch = record_of(w, index, SHM_LINKED, frame->corr);
    return watch != NULL && watch->peer == frame->from && !watch->known ? watch : NULL;
}

/* ---- a death ---- */

static struct shm_death death_of(const struct shm_slot_down_body *body)
{
    return (struct shm_death){
        .suspect = body->suspect, .reason = body->reason, .signal = body->signal};
}

uint8_t watch_gone(const struct worker *w, uint32_t slot)
{
    return slot == w->boot->gateway ? SHM_NODE_DOWN : SHM_GONE;
}

/* Whether a death that is not its peer's last end is to be told. */
static bool tells_deaths(const struct worker *w, const struct shm_watch *watch, uint32_t slot)
{
    return !watch->final && slot != w->boot->gateway;
}

/* In the open turn. */
static int tell(struct worker *w, struct shm_watch *watch, const struct shm_down_body *down,
                uint32_t process)
{
    int error = watch_tell_owner(w, watch, down);
    if (error != 0)
        return error;
    shm_log(&w->port, &watch->heard); /* both, in one word */
    watch->heard = down->incarnation;
    watch->fell = process;
    shm_order();
    return 0;
}

/* The last of these of which nobody was told yet has ended the actor's incarnation. */
static struct shm_down_body ended(const struct shm_watch *watch, const struct shm_death *death,
                                  uint32_t process)
{
    return (struct shm_down_body){
        .who = watch->peer,
        .incarnation = watch->heard + process - watch->fell,
        .reason = death->reason,
        .signal = death->signal,
        .suspect = SHM_REF_INDEX(watch->peer) == death->suspect,
        .will_restart = 1,
    };
}

static bool hears(const struct shm_watch *watch)
{
    return watch->kind != SHM_WATCHED && watch->twin != SHM_TWIN_SILENT;
}

int watch_since(struct worker *w, uint32_t slot, const struct shm_frame *frame)
{
    struct shm_since_body since;
    struct shm_watch *watch = asker(w, frame);
    if (watch == NULL || shm_frame_body(frame) < sizeof since || SHM_REF_SLOT(frame->from) != slot)
        return 0;
    memcpy(&since, frame->body, sizeof since);
    shm_log(&w->port, &watch->heard);
    shm_log(&w->port, &watch->known);
    shm_log(&w->port, &watch->other);
    watch_is_known(watch, since);
    shm_order();
    uint32_t process = w->port.priv->seen_down[slot];
    if (process < since.process || !tells_deaths(w, watch, slot) || !hears(watch))
        return 0;
    const struct shm_down_body down = ended(watch, &w->port.priv->death[slot], process);
    return tell(w, watch, &down, process);
}

void watch_note_death(struct worker *w, const struct shm_slot_down_body *body)
{
    struct shm_private *priv = w->port.priv;
    shm_set(&w->port, &priv->seen_down[body->slot], body->incarnation);
    shm_set(&w->port, &priv->death[body->slot], death_of(body));
}

/* The slot's last process has ended. What its directory shows is all that there will be, and an
 * actor that does not know of the record, or tells it of its last end alone, has told nothing. */
static struct shm_down_body ended_last(const struct worker *w, const struct shm_watch *watch,
                                       const struct shm_slot_down_body *body)
{
    struct shm_death death = death_of(body);
    if (body->slot == w->boot->gateway)
        death = (struct shm_death){.reason = SHM_NODE_DOWN};
    struct shm_down_body down = ended(watch, &death, body->incarnation);
    down.will_restart = 0;
    if (watch->known && !watch->final)
        return down;
    uint32_t target = SHM_REF_INDEX(watch->peer);
    if (target >= w->port.peer_actors[body->slot])
        return (struct shm_down_body){.who = watch->peer, .reason = watch_gone(w, body->slot)};
    const struct shm_directory *entry = &w->port.directories[body->slot][target];
    uint32_t own = shm_load_acquire(&entry->incarnation); /* pairs with publish_now */
    if (shm_load(&entry->gen) != SHM_REF_GEN(watch->peer))
        return (struct shm_down_body){.who = watch->peer, .reason = watch_gone(w, body->slot)};
    down.incarnation = own + body->incarnation;
    return down;
}

static bool fire(struct worker *w, struct shm_watch *watch, const struct shm_slot_down_body *body,
                 bool again)
{
    const struct shm_death death = death_of(body);
    const struct shm_down_body down =
        again ? ended(watch, &death, body->incarnation) : ended_last(w, watch, body);
    shm_turn_begin(&w->port, 0, 0);
    if (tell(w, watch, &down, body->incarnation) != 0) {
        turn_undo(w);
        return false;
    }
    turn_commit(w);
    return true;
}

static void forget(struct worker *w, uint32_t unit)
{
    shm_turn_begin(&w->port, 0, 0);
    if (record_at(&w->port, unit)->kind == SHM_LINKED)
        link_drop(w, unit);
    else
        record_drop(w, unit);
    turn_commit(w);
}

/* Where the slot starts empty, or not again, its actors are gone, watchers too. */
bool watch_slot_down(struct worker *w, const struct shm_slot_down_body *body)
{
    bool again = body->will_restart && body->reason != SHM_CORRUPT;
    for (uint32_t unit = w->port.priv->of_slot[body->slot], next; unit != 0; unit = next) {
        struct shm_watch *watch = record_at(&w->port, unit);
        bool wanted = !again || (watch->known && tells_deaths(w, watch, body->slot));
        next = watch->at_next;
        if (hears(watch) && wanted && watch->fell != body->incarnation &&
            !fire(w, watch, body, again))
            return false;
        if (!again && !hears(watch))
            forget(w, unit);
    }
    return true;
}

bool slot_gone(const struct worker *w, uint32_t slot)
{
    if (slot >= w->port.slots || slot == 0)
        return true;
    uint32_t state = shm_load(&w->port.slot_info[slot].state);
    return state == SHM_SLOT_FAILED || state == SHM_SLOT_STOPPED;
}
