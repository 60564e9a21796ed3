/* SPDX-License-Identifier: MIT */
/* libax/deadlock.c - a cycle of actors each of which waits for the next.
 *
 * Within a worker each wait is known, so a wait that would close a cycle is refused before it
 * begins. Between workers nobody sees all at once: a wait that has lasted until its worker next
 * looked at the clock is shown in public memory (struct shm_meter), and who has waited up to its
 * deadline follows the chain from its target. If that leads back to itself, the ask ends with
 * AX_E_DEADLOCK instead of AX_E_TIMEOUT, and the chain is logged. The words are other processes':
 * they may be stale or false, so the chain is bounded and an address is checked before it is used;
 * what a liar achieves is another error for an ask that was over anyway. */
#include "libax/deadlock.h"

#include "libax/event.h"
#include "libax/meter.h"

#include <stdio.h>

#define HOPS 64u /* of a chain over workers */
#define TEXT 512u

static size_t name_link(struct ax_ctx *ctx, uint64_t ref, const char *arrow, char *text,
                        size_t room)
{
    char formatted[AX_REF_TEXT];
    const char *name = ax_name(ctx, (struct ax_ref){.addr = ref});
    if (*name == '\0')
        name = ax_ref_format((struct ax_ref){.addr = ref}, formatted);
    int length = snprintf(text, room, "%s%s", arrow, name);
    return length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

/* The local actor that this one waits for, 0: none. */
static uint32_t next_of(struct worker *w, uint32_t actor)
{
    const struct strand *strand = actor_at(w, actor)->suspended ? w->strand_of[actor] : NULL;
    return strand != NULL && strand->ctx.actor == actor ? strand->waits_on : 0;
}

static void say_local(struct ax_ctx *ctx, uint32_t local)
{
    struct worker *w = ctx->worker;
    char chain[TEXT];
    size_t used = name_link(ctx, actor_ref(w, ctx->actor), "", chain, sizeof chain);
    for (uint32_t at = local; at != ctx->actor; at = next_of(w, at))
        used += name_link(ctx, actor_ref(w, at), " -> ", chain + used, sizeof chain - used);
    name_link(ctx, actor_ref(w, ctx->actor), " -> ", chain + used, sizeof chain - used);
    ax_log(ctx, AX_WARN, "deadlock: %s would wait for itself", chain);
}

bool deadlock(struct ax_ctx *ctx, uint32_t local)
{
    struct worker *w = ctx->worker;
    uint32_t at = local;
    for (uint32_t hops = 0; at != 0 && at != ctx->actor && hops < w->port.geo.actors; hops++)
        at = next_of(w, at);
    if (at != ctx->actor)
        return false;
    say_local(ctx, local);
    return true;
}

/* ---- between workers ---- */

static uint64_t shown(const struct worker *w, uint64_t ref)
{
    const struct shm_port *port = &w->port;
    uint32_t slot = SHM_REF_SLOT(ref), index = SHM_REF_INDEX(ref);
    if (slot == 0 || slot >= port->slots || index == 0 || index >= port->peer_actors[slot] ||
        shm_load(&port->directories[slot][index].gen) != SHM_REF_GEN(ref))
        return 0;
    return shm_load(&port->directories[slot][index].waits_on);
}

bool deadlock_found(struct worker *w, struct strand *strand, uint64_t target)
{
    struct ax_ctx *ctx = &strand->ctx;
    uint64_t self = actor_ref(w, ctx->actor);
    char chain[TEXT];
    size_t used = name_link(ctx, self, "", chain, sizeof chain);
    uint64_t at = target;
    for (uint32_t hops = 0; at != 0 && hops < HOPS; hops++) {
        used += name_link(ctx, at, " -> ", chain + used, sizeof chain - used);
        if (at == self) {
            ax_log(ctx, AX_WARN, "deadlock: %s waited for itself", chain);
            return true;
        }
        at = shown(w, at);
    }
    return false;
}

static void show(struct worker *w, uint32_t actor, uint64_t target)
{
    struct shm_port *port = &w->port;
    uint8_t *refuse = &port->directory[actor].refuse;
    shm_store(&port->directory[actor].waits_on, target);
    shm_store(refuse, (uint8_t)(target != 0 ? *refuse | SHM_INFLIGHT : *refuse & ~SHM_INFLIGHT));
}

void deadlock_show(struct worker *w, struct strand *strand, uint64_t target)
{
    if (strand->ctx.actor == 0)
        return;
    strand->shown = true;
    show(w, strand->ctx.actor, target);
}

void deadlock_hide(struct worker *w, struct strand *strand)
{
    if (strand->shown)
        show(w, strand->ctx.actor, 0);
    strand->shown = false;
}
