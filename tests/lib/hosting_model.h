/* SPDX-License-Identifier: MIT */
/* tests/lib/hosting_model.h - what a host (overlay/core/host.h) must do, as plainly as it can be
 * said: tables without links or hashes, all of them looked through each time. Each function does
 * something to the host and to the model; model_check holds what the host says against it. */
#ifndef TESTS_LIB_HOSTING_MODEL_H
#define TESTS_LIB_HOSTING_MODEL_H

#include "tests/lib/hosting.h"

#define M_SHARDS 4u
#define M_KEYS 9u /* the last two are bound: */
#define M_BOUND (M_KEYS - 2)
#define M_ACTORS 32u
#define M_CLAIMS 64u
#define M_NAMES 5u

struct m_shard {
    uint32_t registry, number;
    enum { M_AWAY, M_HELD, M_GIVEN_UP } state;
    uint64_t epoch;
};

struct m_actor {
    enum { M_NONE, M_WANTED, M_LATER, M_SPAWNING, M_UNDONE, M_LIVES, M_STOPPING } state;
    bool to_stop, lost; /* the host is still to say so; at once */
    uint32_t registry, shard, incarnation;
    unsigned key, names;
    uint64_t epoch, handle, address, order, retry_at;
};

struct m_claim {
    uint64_t handle;      /* 0: free */
    uint64_t call, actor; /* of the runner; what an ensure has found */
    enum { M_ENSURE, M_CALL, M_WATCH } kind;
    struct m_actor *whom; /* NULL: it is due */
    char name[8];         /* of the endpoint that is watched */
    uint32_t registry, shard;
    bool final, restart;
    uint8_t result; /* status, or reason */
};

struct m_name {
    char name[8];
    struct m_actor *whom;
};

struct model {
    struct m_shard shards[M_SHARDS];
    struct m_actor actors[M_ACTORS];
    struct m_claim claims[M_CLAIMS];
    struct m_name names[M_NAMES];
    uint64_t orders, addresses;
};

extern struct model model;
extern const char *const model_keys[M_KEYS];

void model_begin(void);
const struct m_shard *model_shard_of(unsigned key);
unsigned model_count(unsigned kind); /* claims */

void model_out(const struct ov_out *out);
void model_spawned(const struct m_actor *actor, uint8_t status);
void model_ended(uint64_t address, const struct ov_host_end *end);
void model_answer(const struct m_claim *call);
void model_register(const char *name, uint64_t actor);
void model_unregister(const char *name);
/* Takes all that the host says is to be done. */
void model_check(void);

/* ---- between hosting_model.c and hosting_play.c ---- */

#define M_EACH(thing, table)                                                                       \
    (thing) = (table);                                                                             \
    (thing) < (table) + sizeof(table) / sizeof *(table);                                           \
    (thing)++

struct m_shard *m_shard_at(uint32_t registry, uint32_t number);
unsigned m_count_actors(unsigned from, unsigned to);
struct m_actor *m_by_address(uint64_t address);
struct m_name *m_by_name(struct ax_span name);
struct m_claim *m_by_handle(uint64_t handle);
struct m_actor *m_new_actor(unsigned key);
void m_settle(struct m_actor *actor);
void m_due(struct m_claim *claim, uint8_t result);
void m_all_due(struct m_actor *actor, unsigned kind, uint8_t result);
void m_free_claim(struct m_claim *claim);

#endif
