/* SPDX-License-Identifier: MIT */
/* What a lease store must do, whatever its kind. */
#ifndef TESTS_STORES_SCENARIOS_H
#define TESTS_STORES_SCENARIOS_H

#include "tests/e2e/stores/client.h"

#define SHARDS_APART 20u

struct scenario {
    const char *name;
    /* `store` is a client of `server`; the shards from this one on are its own. */
    void (*play)(const struct server *server, struct ov_store *store, uint32_t shard);
};

extern const struct scenario scenarios[];
extern const size_t scenarios_n;

struct fault {
    const char *kind; /* of the store that has it */
    const char *name;
    void (*play)(struct server *server); /* a new one that has not been started */
};

extern const struct fault faults[];
extern const size_t faults_n;
extern const struct fault faults_of_redis[];
extern const size_t faults_of_redis_n;
extern const struct fault faults_of_etcd[];
extern const size_t faults_of_etcd_n;
extern const struct fault faults_canned[];
extern const size_t faults_canned_n;

#endif
