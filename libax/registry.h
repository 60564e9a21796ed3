/* SPDX-License-Identifier: MIT */
/* libax/registry.h - actors by key; see <ax/registry.h>. */
#ifndef LIBAX_REGISTRY_H
#define LIBAX_REGISTRY_H

#include "libax/worker.h"

#include <ax/registry.h>

struct lookup_body { /* of SHM_LOOKUP */
    uint64_t contract;
    uint16_t registry;
    uint8_t spawn, len;
    uint8_t key[AX_KEY_MAX]; /* len of them */
};

struct found_body { /* of SHM_FOUND */
    uint64_t ref;
};

/* Prepares the index of each registry that has a home here. 0 or -ENOMEM. */
int registry_open(struct worker *w);
/* After a recovery: puts a keyed actor into the index. */
void registry_revive(struct worker *w, uint32_t actor);
/* In the turn of a control frame: a lookup from another slot is answered. 0, AX_E_NO_MEMORY,
 * AX_E_LIMIT: it stays in its lane. */
int registry_serve(struct worker *w, const struct shm_frame *frame);
/* In the open turn: gives back the key of an actor that ends. */
void registry_give(struct worker *w, uint32_t actor);
bool registry_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);
/* Passivates who has been idle for long, some at a time; turns of its own. Sets w->sweep_at. */
void registry_sweep(struct worker *w);

#endif
