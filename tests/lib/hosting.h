/* SPDX-License-Identifier: MIT */
/* tests/lib/hosting.h - a host (overlay/core/host.h) alone, with a core and a runner that are what
 * the test says. Two registries; a key is bound in each. */
#ifndef TESTS_LIB_HOSTING_H
#define TESTS_LIB_HOSTING_H

#include "overlay/core/host.h"

#define HOSTING_SHARDS 3u /* of registry 0; registry 1 has one */
#define HOSTING_REQUESTS 8u
#define HOSTING_ENSURES 4u
#define HOSTING_MONITORS 8u
#define HOSTING_RETRY 100u /* ns until a bound key is tried again */
#define HOSTING_ACTORS 4u
#define HOSTING_SPAWNS 2u
#define HOSTING_ENDPOINTS 3u

extern const struct ov_cluster_config hosting_cluster;
extern const struct ov_host_config hosting_config; /* bound: "kept" in 0, "boss" in 1 */

/* Over memory of its own, which is the last one's. */
struct ov_host *hosting_new(const struct ov_host_config *config);

static inline struct ax_span hosting_span(const char *text)
{
    return (struct ax_span){text, (uint32_t)__builtin_strlen(text)};
}

/* The shard of a key in registry 0. */
uint32_t hosting_shard(const char *key);

/* ---- one host, and what it says in words ---- */

extern struct ov_host *hosting;
extern uint64_t hosting_now;
extern uint64_t hosting_handles[16]; /* of spawns and calls, in their order, from 1 */

int hosting_set_up(void **state);
/* What it has said since the last time, and all that is to be done. */
const char *hosting_said(void);
void hosting_say_effect(const struct ov_host_effect *what);

void hosting_out(struct ov_out what);
/* Something of the shard of the key; and of registry 1. */
void hosting_to(enum ov_out_kind kind, const char *key, uint64_t epoch);
void hosting_solo(enum ov_out_kind kind, uint64_t epoch);
void hosting_ensure(uint64_t handle, const char *key, uint64_t epoch);
void hosting_to_actor(enum ov_out_kind kind, uint64_t handle, const char *key, uint64_t actor,
                      uint64_t epoch);
void hosting_to_name(enum ov_out_kind kind, uint64_t handle, const char *name);
void hosting_spawned(unsigned nth, uint64_t actor);
void hosting_ends(uint64_t actor, uint8_t reason);

#endif
