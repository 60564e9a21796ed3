/* SPDX-License-Identifier: MIT */
/* tests/lib/node.h - the shared memory of a small system, without axsup: the test plays all slots
 * but one, whose worker is a real process. The memory can be copied, so that a successor may be
 * tried on any moment of it. */
#ifndef TESTS_NODE_H
#define TESTS_NODE_H

#include "libax/boot.h"
#include "shm/lane.h"

#include <ax/reflect.h>
#include <sys/types.h>

#define NODE_SLOTS 3u /* 0 axsup, 1 the worker, 2 a peer */
#define NODE_WORKER 1u
#define NODE_PEER 2u

/* Of each slot in what node_open makes, unless the test says otherwise: 128 KiB of arena, records
 * of 24 actors, of which the first is unused, and 16 memberships. */
extern uint32_t node_arena, node_actors, node_members;

struct node {
    struct shm_geometry geo[NODE_SLOTS];
    int priv_fd[NODE_SLOTS], pub_fd[NODE_SLOTS], edge_fd[NODE_SLOTS][NODE_SLOTS];
    uint8_t *priv[NODE_SLOTS], *pub[NODE_SLOTS], *edge[NODE_SLOTS][NODE_SLOTS];
    int bell[NODE_SLOTS];
    struct shm_port port[NODE_SLOTS]; /* of the slots that the test plays; [1] is not open */
    struct boot boot;
    pid_t worker;
};

/* Makes the memory; aborts the test when it cannot. */
void node_open(struct node *node);
void node_close(struct node *node);
/* Makes `to` the same moment as `from`. The worker must not run in `to`. */
void node_copy(struct node *to, const struct node *from);
/* The memory that the worker writes differs between the two. */
bool node_differs(const struct node *a, const struct node *b);

/* Forks a worker with the plugin that is linked into the test. `traced`: it stops (SIGSTOP) with
 * PTRACE_TRACEME before it does anything. */
void node_start(struct node *node, const struct ax_plugin *plugin, bool traced);
void node_kill(struct node *node);

/* An actor of the peer that messages can be sent to. */
uint64_t node_peer_actor(struct node *node, uint32_t index, uint64_t contract);
/* Puts a frame from a played slot into the worker's lane, published, and rings. */
void node_send(struct node *node, uint32_t slot, uint32_t lane, const struct shm_frame *header,
               const void *body, uint32_t size);

/* node_take: takes each frame that the worker has sent to a played slot by now; how many.
 * node_settle: until it is parked and nothing is left; false when it died, or at the deadline. */
typedef void node_taker(void *ctx, struct node *node, uint32_t slot, uint32_t lane,
                        const struct shm_frame *frame);
uint32_t node_take(struct node *node, node_taker *taker, void *ctx);
bool node_settle(struct node *node, node_taker *taker, void *ctx);

/* Has the worker not read everything that was sent to it? */
bool node_unread(const struct node *node);

uint64_t node_ref(const struct node *node, uint32_t index);

#endif
