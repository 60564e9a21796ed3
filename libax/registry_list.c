/* SPDX-License-Identifier: MIT */
/* libax/registry_list.c - walks through the actors of a registry: home by home, and in each by the
 * number of the record. An actor keeps its record all its life, over deaths of its process too, so
 * a cursor is two numbers (which home, which record) that nothing has to keep up to date.
 *
 * Another home is asked for the next one (SHM_LIST, answered by SHM_FOUND). It looks at some
 * records a question and says from where to go on, so that no question keeps it long. */
#include "libax/registry.h"

#include "libax/life.h"
#include "libax/send.h"
#include "libax/watch.h"

#include <string.h>

#define LOOKS 1024u /* at records, for a question from elsewhere */

/* The key of an actor that is found by one; NULL: it is not of this registry, or is ending. */
static const struct shm_key *listed(struct worker *w, uint32_t index, uint32_t registry)
{
    const struct shm_actor *actor = actor_at(w, index);
    if (actor->state == SHM_FREE || actor->state == SHM_CLOSING || actor->flags & SHM_STOPPING)
        return NULL;
    const struct shm_key *key = registry_key(&w->port, index);
    return key != NULL && key->registry == registry ? key : NULL;
}

/* The first of at most so many records. */
static void look(struct worker *w, const struct list_body *from, uint32_t most,
                 struct listed_body *out)
{
    uint32_t at = from->at == 0 ? 1 : from->at, all = w->port.priv->fresh_actor;
    uint32_t end = at < all && all - at > most ? at + most : all;
    const struct shm_key *key = NULL;
    while (at < end && (key = listed(w, at, from->registry)) == NULL)
        at++;
    *out = (struct listed_body){.next = end < all ? end : 0};
    if (key == NULL)
        return;
    out->ref = actor_ref(w, at);
    out->next = at + 1;
    out->len = key->len;
    memcpy(out->key, key->bytes, key->len);
}

int registry_list_serve(struct worker *w, const struct shm_frame *frame)
{
    const struct list_body *body = (const void *)frame->body;
    struct listed_body answer;
    if (shm_frame_body(frame) < sizeof *body)
        return 0; /* a liar's */
    look(w, body, LOOKS, &answer);
    return registry_answer(w, frame, 0, &answer, sizeof answer);
}

/* What another process says leads on, and is about an actor of its own. */
static bool makes_sense(const struct worker *w, uint32_t home, uint32_t at,
                        const struct listed_body *said)
{
    bool found = said->ref != 0;
    return (said->next == 0 || (said->next > at && said->next <= w->port.peer_actors[home])) &&
           (!found || (SHM_REF_SLOT(said->ref) == home && said->len != 0)) &&
           said->len <= AX_KEY_MAX;
}

static int look_elsewhere(struct ax_ctx *ctx, uint32_t home, const struct list_body *from,
                          uint64_t timeout_ns, struct listed_body *out)
{
    struct worker *w = ctx->worker;
    struct post post = {.kind = SHM_LIST, .fixed = from, .size = sizeof *from};
    *out = (struct listed_body){0};
    if (slot_gone(w, home))
        return 0;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    int error = registry_ask(ctx, home, &post, timeout_ns, out, sizeof *out);
    if (error != 0 || !makes_sense(w, home, from->at, out))
        *out = (struct listed_body){0};
    return error;
}

/* In the nth home. */
static int look_at(struct ax_ctx *ctx, uint32_t nth, const struct list_body *from,
                   uint64_t deadline, struct listed_body *out)
{
    struct worker *w = ctx->worker;
    uint32_t home = w->boot->registries[from->registry].first + nth;
    if (home == w->port.slot) {
        look(w, from, UINT32_MAX, out);
        return 0;
    }
    clock_read(w);
    if (w->now >= deadline)
        return AX_E_TIMEOUT;
    uint64_t left = deadline == UINT64_MAX ? AX_FOREVER : deadline - w->now;
    return look_elsewhere(ctx, home, from, left, out);
}

int ax_registry_next(struct ax_ctx *ctx, const char *registry, uint64_t *cursor,
                     uint64_t timeout_ns, struct ax_keyed *out)
{
    struct worker *w = ctx->worker;
    struct list_body from = {.registry = registry_number(w, registry)};
    struct listed_body found = {0};
    if (from.registry == BOOT_REGISTRIES)
        return AX_E_INVALID;
    uint32_t homes = w->boot->registries[from.registry].slots;
    clock_read(w);
    uint64_t deadline = deadline_after(w->now, timeout_ns);
    while (found.ref == 0) {
        uint32_t nth = (uint32_t)(*cursor >> 32);
        from.at = (uint32_t)*cursor;
        if (nth >= homes)
            return AX_E_NO_KEY;
        int error = look_at(ctx, nth, &from, deadline, &found);
        if (error != 0)
            return error;
        *cursor = found.next == 0 ? (uint64_t)(nth + 1) << 32 : (uint64_t)nth << 32 | found.next;
    }
    *out = (struct ax_keyed){.who = {.addr = found.ref}, .len = found.len};
    memcpy(out->key, found.key, found.len);
    return 0;
}
