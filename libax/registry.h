/* SPDX-License-Identifier: MIT */
/* libax/registry.h - actors by key; see <ax/registry.h>. */
#ifndef LIBAX_REGISTRY_H
#define LIBAX_REGISTRY_H

#include "libax/more.h"
#include "libax/post.h"

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

struct list_body { /* of SHM_LIST */
    uint32_t registry;
    uint32_t at; /* the first record to be looked at */
};

struct listed_body { /* of SHM_FOUND, as answer to that */
    uint64_t ref;    /* 0: none of those that were looked at */
    uint32_t next;   /* the record to go on from; 0: that was the last one */
    uint32_t len;
    uint8_t key[AX_KEY_MAX];
};

static inline const struct shm_key *registry_key(const struct shm_port *port, uint32_t actor)
{
    const struct shm_more *more = more_of(port, actor);
    return more == NULL || more->key == 0 ? NULL : shm_unit(port, more->key);
}

/* Prepares the index of each registry that has a home here. 0 or -ENOMEM. */
int registry_open(struct worker *w);
/* After a recovery: puts a keyed actor into the index. */
void registry_revive(struct worker *w, uint32_t actor);
/* In the turn of a control frame: a lookup from another slot is answered. 0, AX_E_NO_MEMORY,
 * AX_E_LIMIT: it stays in its lane. */
int registry_serve(struct worker *w, const struct shm_frame *frame);
/* The same for a list: what comes next in it. */
int registry_list_serve(struct worker *w, const struct shm_frame *frame);
/* In the open turn of such a frame: answers it, with what is `fixed` where there is no error. 0,
 * AX_E_NO_MEMORY, AX_E_LIMIT. */
int registry_answer(struct worker *w, const struct shm_frame *frame, int error, const void *fixed,
                    uint32_t size);
/* Asks a home, by a post whose kind and body are set, and suspends until *answer is there. */
int registry_ask(struct ax_ctx *ctx, uint32_t home, struct post *post, uint64_t timeout_ns,
                 void *answer, uint32_t size);
/* The slot whose process is the home of a key. */
uint32_t registry_home(const struct worker *w, uint32_t number, struct ax_span key);
/* The number of a registry; BOOT_REGISTRIES: there is none of that name. */
uint32_t registry_number(const struct worker *w, const char *name);
/* In the open turn: gives back the key of an actor that ends. */
void registry_give(struct worker *w, uint32_t actor);
bool registry_mark(const struct shm_port *port, uint32_t actor, uint64_t *used);
/* Passivates who has been idle for long, some at a time; turns of its own. Sets w->sweep_at. */
void registry_sweep(struct worker *w);

#endif
