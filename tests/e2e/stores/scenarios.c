/* SPDX-License-Identifier: MIT */
#include "tests/e2e/stores/scenarios.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_NS UINT64_C(1000000000)

static uint64_t acquire(struct ov_store *store, unsigned node, uint32_t shard, uint64_t floor,
                        uint64_t wanted)
{
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, node, shard, floor);
    client_expect(&answer, OV_STORE_DONE, wanted);
    client_expect_owner(&answer, &client_nodes[node]);
    return answer.epoch;
}

static void release(struct ov_store *store, unsigned node, uint32_t shard, uint64_t epoch)
{
    struct ov_store_answer answer = client_ask(store, OV_STORE_RELEASE, node, shard, epoch);
    client_expect(&answer, OV_STORE_DONE, epoch);
    client_expect_owner(&answer, NULL);
}

/* What is asked for is refused; the shard is the owner's at this epoch. */
static void refuse(struct ov_store *store, enum ov_store_op op, unsigned node, uint32_t shard,
                   uint64_t asked, const struct ov_ident *owner, uint64_t epoch)
{
    struct ov_store_answer answer = client_ask(store, op, node, shard, asked);
    client_expect(&answer, OV_STORE_REFUSED, epoch);
    client_expect_owner(&answer, owner);
}

static void acquire_free(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    struct ov_store_answer answer = client_ask(store, OV_STORE_READ, A, shard, 0);
    client_expect(&answer, OV_STORE_DONE, 0);
    client_expect_owner(&answer, NULL);
    acquire(store, A, shard, 0, 1);
    acquire(store, B, shard + 1, 0, 1);
}

static void refused_while_held(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    acquire(store, A, shard, 0, 1);
    refuse(store, OV_STORE_ACQUIRE, B, shard, 0, &client_nodes[A], 1);
    refuse(store, OV_STORE_ACQUIRE, B, shard, 9, &client_nodes[A], 1);
    refuse(store, OV_STORE_ACQUIRE, A_REBORN, shard, 1, &client_nodes[A], 1);
}

static void read_back(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    uint64_t most = client_ttl_ns + SECOND_NS; /* etcd counts in seconds */
    acquire(store, A, shard, 0, 1);
    struct ov_store_answer answer = client_ask(store, OV_STORE_READ, B, shard, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    client_expect_owner(&answer, &client_nodes[A]);
    assert_true(answer.left_ns <= most);
    release(store, A, shard, 1);
    answer = client_ask(store, OV_STORE_READ, B, shard, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    client_expect_owner(&answer, NULL);
}

/* The epoch is the asker's again where it did not know it, and a higher one where it did. */
static void acquire_again(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    acquire(store, A, shard, 0, 1);
    acquire(store, A, shard, 0, 1);
    acquire(store, A, shard, 1, 2);
    acquire(store, A, shard, 5, 6);
    refuse(store, OV_STORE_RENEW, A, shard, 1, &client_nodes[A], 6);
}

/* The next process of a boot goes on with what the one before had, and nothing that comes late from
 * this one takes it away again. */
static void next_process(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    const struct ov_ident *next = &client_nodes[A_NEXT];
    acquire(store, A, shard, 0, 1);
    refuse(store, OV_STORE_RELEASE, A_NEXT, shard, 1, &client_nodes[A], 1);
    acquire(store, A_NEXT, shard, 0, 1);
    refuse(store, OV_STORE_RENEW, A, shard, 1, next, 1);
    refuse(store, OV_STORE_RELEASE, A, shard, 1, next, 1);
    refuse(store, OV_STORE_ACQUIRE, A, shard, 0, next, 1);
    refuse(store, OV_STORE_ACQUIRE, A, shard, 9, next, 1);
    struct ov_store_answer answer = client_ask(store, OV_STORE_RENEW, A_NEXT, shard, 1);
    client_expect(&answer, OV_STORE_DONE, 1);
    client_expect_owner(&answer, next);
    release(store, A_NEXT, shard, 1);
    acquire(store, A, shard, 0, 2);
    acquire(store, A_NEXT, shard, 2, 3);
}

/* Renews and sees that nobody else gets it, for longer than one ttl. False: this machine was so
 * slow that it may have run out, which then is no mistake of the store. */
static bool renew_for_long(struct ov_store *store, uint32_t shard, uint64_t epoch, uint64_t begun)
{
    uint64_t renewed = begun;
    while (client_now() < begun + client_ttl_ns + client_ttl_ns / 2) {
        uint64_t sent = client_now();
        struct ov_store_answer answer = client_ask(store, OV_STORE_RENEW, A, shard, epoch);
        bool late = client_now() >= renewed + client_ttl_ns;
        if (late && answer.outcome == OV_STORE_REFUSED)
            return false;
        client_expect(&answer, OV_STORE_DONE, epoch);
        client_expect_owner(&answer, &client_nodes[A]);
        renewed = sent;
        answer = client_ask(store, OV_STORE_ACQUIRE, B, shard, 0);
        if (client_now() >= renewed + client_ttl_ns)
            return false;
        client_expect(&answer, OV_STORE_REFUSED, epoch);
        client_expect_owner(&answer, &client_nodes[A]);
        client_run_until(store, client_now() + client_ttl_ns / 4);
    }
    return true;
}

static void renew_keeps(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    client_ttl_ns = SECOND_NS;
    for (uint32_t i = 0; i < SHARDS_APART; i++, client_ttl_ns += SECOND_NS) {
        uint64_t begun = client_now();
        acquire(store, A, shard + i, 0, 1);
        if (renew_for_long(store, shard + i, 1, begun))
            return;
    }
    fail_msg("this machine is too slow");
}

static void wrong_epoch(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    acquire(store, A, shard, 4, 5);
    static const enum ov_store_op ops[] = {OV_STORE_RENEW, OV_STORE_RELEASE};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        refuse(store, ops[i], A, shard, 4, &client_nodes[A], 5);
        refuse(store, ops[i], A, shard, 6, &client_nodes[A], 5);
        refuse(store, ops[i], B, shard, 5, &client_nodes[A], 5);
        refuse(store, ops[i], A_REBORN, shard, 5, &client_nodes[A], 5);
        refuse(store, ops[i], A, shard + 1, 5, NULL, 0);
    }
}

static void epochs_rise(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    release(store, A, shard, acquire(store, A, shard, 0, 1));
    refuse(store, OV_STORE_RENEW, A, shard, 1, NULL, 1);
    refuse(store, OV_STORE_RELEASE, A, shard, 1, NULL, 1);
    release(store, B, shard, acquire(store, B, shard, 0, 2));
    release(store, A, shard, acquire(store, A, shard, 2, 3));
    release(store, A_REBORN, shard, acquire(store, A_REBORN, shard, 99, 100));
    release(store, C, shard, acquire(store, C, shard, 7, 101));
    uint64_t high = UINT64_C(9999999999); /* a script's numbers end below 2^53 */
    release(store, C, shard, acquire(store, C, shard, high, high + 1));
    acquire(store, B, shard, UINT64_MAX - 1, UINT64_MAX);
    refuse(store, OV_STORE_ACQUIRE, B, shard, UINT64_MAX, &client_nodes[B], UINT64_MAX);
}

/* Until it is the other's: not before the ttl of the first is over. */
static void expiry(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    uint64_t begun = client_now();
    struct ov_store_answer answer;
    client_ttl_ns = SECOND_NS;
    acquire(store, A, shard, 0, 1);
    client_ttl_ns = CLIENT_LONG_NS;
    for (;;) {
        answer = client_ask(store, OV_STORE_ACQUIRE, B, shard, 1);
        if (answer.outcome == OV_STORE_DONE)
            break;
        assert_int_equal(answer.outcome, OV_STORE_REFUSED);
        assert_true(client_now() < begun + client_ttl_ns);
        client_run_until(store, client_now() + answer.left_ns);
    }
    assert_true(client_now() >= begun + SECOND_NS);
    client_expect(&answer, OV_STORE_DONE, 2);
    client_expect_owner(&answer, &client_nodes[B]);
    refuse(store, OV_STORE_RENEW, A, shard, 1, &client_nodes[B], 2);
    refuse(store, OV_STORE_RELEASE, A, shard, 1, &client_nodes[B], 2);
}

/* One of those who ask at the same time gets it; each by a connection of its own, but for a memory
 * store, which is only there once. */
static void contenders(const struct server *server, struct ov_store *store, uint32_t shard)
{
    struct ov_store *stores[4] = {store, store, store, store};
    for (int i = 1; i < 4 && strcmp(server->kind, "memory") != 0; i++)
        stores[i] = client_open(server);
    for (uint64_t round = 1; round <= 20; round++) {
        unsigned winners = 0, winner = 0;
        struct ov_store_request requests[4];
        for (unsigned i = 0; i < 4; i++) {
            requests[i] = client_request(OV_STORE_ACQUIRE, i, shard, 0);
            client_submit(stores[i], &requests[i]);
        }
        for (unsigned i = 0; i < 4; i++) {
            struct ov_store_answer answer = client_await(stores[i]);
            assert_int_equal(answer.number, requests[i].number);
            if (answer.outcome == OV_STORE_DONE) {
                winners++;
                winner = i;
            }
            client_expect(&answer, answer.outcome, round);
        }
        assert_int_equal(winners, 1);
        release(store, winner, shard, round);
    }
    for (int i = 1; i < 4; i++)
        if (stores[i] != store)
            ov_store_close(stores[i]);
}

/* All that there is room for, at a time; each is answered once. */
static void many(const struct server *server, struct ov_store *store, uint32_t shard)
{
    (void)server;
    unsigned done = 0;
    struct ov_store_answer answer;
    struct ov_store_request request = client_request(OV_STORE_READ, A, shard, 0);
    for (uint32_t i = 0; i < CLIENT_ROOM; i++) {
        request =
            client_request(i % 2 == 0 ? OV_STORE_ACQUIRE : OV_STORE_READ, A, shard + i / 2, 0);
        client_submit(store, &request);
    }
    assert_int_equal(ov_store_submit(store, client_now(), &request), AX_E_FULL);
    for (uint32_t i = 0; i < CLIENT_ROOM; i++)
        done += client_await(store).outcome == OV_STORE_DONE;
    assert_int_equal(done, CLIENT_ROOM);
    assert_false(ov_store_take(store, &answer));
    refuse(store, OV_STORE_ACQUIRE, B, shard, 0, &client_nodes[A], 1);
}

const struct scenario scenarios[] = {
    {"what is free is acquired", acquire_free},
    {"what is held is refused", refused_while_held},
    {"what was written is read back", read_back},
    {"acquired again by its owner", acquire_again},
    {"taken over by the next process", next_process},
    {"renewed it lasts", renew_keeps},
    {"by a wrong epoch or asker nothing is done", wrong_epoch},
    {"epochs rise with each owner", epochs_rise},
    {"it runs out, and not before", expiry},
    {"one of several contenders gets it", contenders},
    {"as many as there is room for", many},
};
const size_t scenarios_n = sizeof scenarios / sizeof scenarios[0];
