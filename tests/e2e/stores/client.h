/* SPDX-License-Identifier: MIT */
/* A lease store under test, driven as a loop drives it, and what tests ask of it. */
#ifndef TESTS_STORES_CLIENT_H
#define TESTS_STORES_CLIENT_H

#include "overlay/store/store.h"
#include "tests/e2e/stores/server.h"

/* What requests ask for: longer than any test takes, or, where a test says so, as long as it waits.
 */
#define CLIENT_LONG_NS UINT64_C(60000000000)
#define CLIENT_ROOM 32u
#define CLIENT_TIMEOUT_MS 15000u
#define CLIENT_PAUSE_MS 20u

extern uint64_t client_ttl_ns;
/* Another boot of the first, and its next process. */
enum { A, B, C, A_REBORN, A_NEXT };
extern const struct ov_ident client_nodes[A_NEXT + 1];

uint64_t client_now(void);

/* Of this server, with times that suit most tests. */
struct ov_store_options client_options(const struct server *server, const char *addresses[1]);
/* Ends the test where it cannot be opened. */
struct ov_store *client_open(const struct server *server);
struct ov_store *client_open_as(const struct ov_store_options *options);

struct ov_store_request client_request(enum ov_store_op op, unsigned node, uint32_t shard,
                                       uint64_t epoch);
/* Submits it, and does what the loop would do at once. */
void client_submit(struct ov_store *store, const struct ov_store_request *request);
/* The next answer; ends the test where none comes within its patience. */
struct ov_store_answer client_await(struct ov_store *store);
/* Both. */
struct ov_store_answer client_ask(struct ov_store *store, enum ov_store_op op, unsigned node,
                                  uint32_t shard, uint64_t epoch);
/* Asks again and again while the outcome is unknown. */
struct ov_store_answer client_insist(struct ov_store *store, enum ov_store_op op, unsigned node,
                                     uint32_t shard, uint64_t epoch);
/* Runs the loop until its trouble has this text. */
void client_await_trouble(struct ov_store *store, const char *text);
/* Runs the loop until then. */
void client_run_until(struct ov_store *store, uint64_t at);

/* What an answer has to be. */
void client_expect(const struct ov_store_answer *answer, enum ov_store_outcome outcome,
                   uint64_t epoch);
void client_expect_owner(const struct ov_store_answer *answer, const struct ov_ident *owner);

#endif
