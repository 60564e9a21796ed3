/* SPDX-License-Identifier: MIT */
/* libax/names.c - one writer for all names: axsup. No two processes could agree on a name by reads
 * and writes of their own memory alone (consensus among two needs more than registers: Herlihy,
 * Wait-free synchronization, 1991), so a worker asks, and the actor that spawns waits for the
 * answer. Finding a name is a read of axsup's table, checked against the owner's directory: an
 * entry whose actor is gone, or was never committed, names nobody. */
#include "libax/names.h"

#include "libax/event.h"
#include "libax/life.h"
#include "libax/pending.h"
#include "libax/send.h"
#include "libax/turn.h"
#include "shm/names.h"

#include <string.h>

static const struct shm_directory *entry_of(const struct worker *w, uint64_t ref)
{
    uint32_t slot = SHM_REF_SLOT(ref), index = SHM_REF_INDEX(ref);
    if (ref == 0 || slot >= w->port.slots || index == 0 || index >= w->port.peer_actors[slot])
        return NULL;
    return &w->port.directories[slot][index];
}

int name_find(struct worker *w, const char *name, uint64_t hash, uint64_t *ref)
{
    uint64_t found = shm_name_find(&w->port, name, NULL);
    const struct shm_directory *entry = entry_of(w, found);
    if (entry == NULL || shm_load_acquire(&entry->state) == SHM_FREE ||
        shm_load(&entry->gen) != SHM_REF_GEN(found))
        return AX_E_NO_ACTOR;
    if (hash != 0 && shm_load(&entry->contract) != hash)
        return AX_E_WRONG_CONTRACT;
    *ref = found;
    return 0;
}

int name_claim(struct worker *w, const char *name, uint64_t ref, uint32_t *entry)
{
    struct pending *claim = pending_new(w, 0, AX_FOREVER);
    if (claim == NULL)
        return AX_E_LIMIT;
    claim->reply = entry;
    claim->bytes = sizeof *entry;
    const struct post post = {
        .from = ref,
        .corr = claim->corr,
        .kind = SHM_CLAIM,
        .fixed = name,
        .size = (uint32_t)strlen(name) + 1,
    };
    int error = post_slot(w, 0, SHM_CONTROL, &post);
    if (error != 0) {
        pending_cancel(w, claim);
        return error;
    }
    return pending_wait(w);
}

int ax_find_(struct ax_ctx *ctx, const struct ax_contract *contract, const char *name,
             struct ax_ref *out)
{
    struct worker *w = ctx->worker;
    *out = (struct ax_ref){0};
    return name == NULL ? AX_E_NO_ACTOR
                        : name_find(w, name, contract_hash(w, contract), &out->addr);
}
