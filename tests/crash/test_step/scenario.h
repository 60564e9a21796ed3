/* SPDX-License-Identifier: MIT */
/* What scenarios are made of: what the worker is given to do, and what may be seen of it in the
 * end. A judge is asked about the undisturbed run as well, against itself. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "step.h"

#include "steady.h"

#include "libax/registry.h"
#include "shm/lane.h"

#include <stdlib.h>
#include <string.h>

/* ---- who there is ---- */

probe_ref to(uint64_t address);
probe_ref here(uint32_t index); /* an actor of the worker, of the first generation */
probe_ref there(void);          /* an actor of the peer, which answers, and is gone when watched */
uint64_t peer_watched(void);    /* one that lives on, and is silent */
uint64_t peer_fails(void);      /* one that fails when watched, and then is gone */

/* ---- what they are sent ---- */

void head(struct shm_frame *frame, uint64_t target, uint8_t kind, uint16_t method);
/* By STEP_ASKER. `body` of a question begins with its number. */
void send_frame(struct node *node, uint64_t target, uint8_t kind, uint16_t method, const void *body,
                uint32_t size);

#define SEND(node, target, kind, message, ...)                                                     \
    send_frame(node, (target).ref.addr, kind, probe_method_##message,                              \
               &(struct probe_##message){__VA_ARGS__}, sizeof(struct probe_##message))
#define TELL(node, index, message, ...) SEND(node, here(index), SHM_TELL, message, __VA_ARGS__)
#define ASK(node, index, message, ...) SEND(node, here(index), SHM_ASK, message, __VA_ARGS__)

/* ---- what came of it ---- */

/* But for deaths, and for generations: what is spawned again has an address of its own. */
bool same(const struct seen *want, const struct seen *got);
/* How many answers of that kind and number the scenario's questions have had. */
uint32_t answers(const struct seen *seen, uint8_t kind, uint64_t corr);
bool at_rest(const struct seen *want, const struct seen *got, uint64_t letters);
int64_t total(const int64_t of[STEP_RECORDS]);
/* Units of those that have failed: the times of their restarts. */
uint32_t charged(const struct seen *seen);

#endif
