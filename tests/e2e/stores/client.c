/* SPDX-License-Identifier: MIT */
#include "tests/e2e/stores/client.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define NS_PER_MS UINT64_C(1000000)
#define PATIENCE_NS (UINT64_C(60) * 1000 * NS_PER_MS)

uint64_t client_ttl_ns = CLIENT_LONG_NS;
const struct ov_ident client_nodes[] = {
    [A] = {"a", 1, 9},        [B] = {"b", 2, 1},       [C] = {"c", 3, 7},
    [A_REBORN] = {"a", 4, 1}, [A_NEXT] = {"a", 1, 10},
};

uint64_t client_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

/* ---- opening ---- */

struct ov_store_options client_options(const struct server *server, const char *addresses[1])
{
    addresses[0] = server->address;
    return (struct ov_store_options){.kind = server->kind,
                                     .addresses = addresses,
                                     .n_addresses = strcmp(server->kind, "memory") != 0,
                                     .tls = server->tls,
                                     .room = CLIENT_ROOM,
                                     .timeout_ns = CLIENT_TIMEOUT_MS * NS_PER_MS,
                                     .pause_ns = CLIENT_PAUSE_MS * NS_PER_MS};
}

struct ov_store *client_open_as(const struct ov_store_options *options)
{
    struct ov_store *store = NULL;
    char error[OV_STORE_ERROR_MAX] = "";
    if (ov_store_open(&store, options, error) != 0)
        fail_msg("%s: %s", options->kind, error);
    return store;
}

struct ov_store *client_open(const struct server *server)
{
    const char *addresses[1];
    struct ov_store_options options = client_options(server, addresses);
    return client_open_as(&options);
}

/* ---- the loop ---- */

/* Waits for the store or until then, whichever comes first. */
static void step(struct ov_store *store, uint64_t at)
{
    struct pollfd fd = {.fd = ov_store_fd(store), .events = POLLIN};
    uint64_t now = client_now(), next = ov_store_next(store);
    if (next > at)
        next = at;
    uint64_t wait = next > now ? next - now : 0;
    const struct timespec limit = {(time_t)(wait / (1000 * NS_PER_MS)),
                                   (long)(wait % (1000 * NS_PER_MS))};
    ppoll(&fd, 1, &limit, NULL);
    ov_store_run(store, client_now());
}

void client_run_until(struct ov_store *store, uint64_t at)
{
    while (client_now() < at)
        step(store, at);
}

void client_await_trouble(struct ov_store *store, const char *text)
{
    uint64_t end = client_now() + PATIENCE_NS;
    while (strstr(ov_store_trouble(store), text) == NULL) {
        if (client_now() >= end)
            fail_msg("its trouble is \"%s\", not \"%s\"", ov_store_trouble(store), text);
        step(store, end);
    }
}

/* ---- requests ---- */

struct ov_store_request client_request(enum ov_store_op op, unsigned node, uint32_t shard,
                                       uint64_t epoch)
{
    static uint64_t number;
    return (struct ov_store_request){.number = ++number,
                                     .op = op,
                                     .registry = "users",
                                     .shard = shard,
                                     .asker = client_nodes[node],
                                     .epoch = epoch,
                                     .ttl_ns = client_ttl_ns};
}

void client_submit(struct ov_store *store, const struct ov_store_request *request)
{
    assert_int_equal(ov_store_submit(store, client_now(), request), 0);
    ov_store_run(store, client_now());
}

struct ov_store_answer client_await(struct ov_store *store)
{
    struct ov_store_answer answer;
    uint64_t end = client_now() + PATIENCE_NS;
    while (!ov_store_take(store, &answer)) {
        if (client_now() >= end)
            fail_msg("no answer; its trouble is \"%s\"", ov_store_trouble(store));
        step(store, end);
    }
    return answer;
}

struct ov_store_answer client_ask(struct ov_store *store, enum ov_store_op op, unsigned node,
                                  uint32_t shard, uint64_t epoch)
{
    struct ov_store_request request = client_request(op, node, shard, epoch);
    client_submit(store, &request);
    struct ov_store_answer answer = client_await(store);
    assert_int_equal(answer.number, request.number);
    return answer;
}

struct ov_store_answer client_insist(struct ov_store *store, enum ov_store_op op, unsigned node,
                                     uint32_t shard, uint64_t epoch)
{
    struct ov_store_answer answer;
    uint64_t end = client_now() + PATIENCE_NS;
    do {
        if (client_now() >= end)
            fail_msg("still unknown; its trouble is \"%s\"", ov_store_trouble(store));
        answer = client_ask(store, op, node, shard, epoch);
    } while (answer.outcome == OV_STORE_UNKNOWN);
    return answer;
}

/* ---- answers ---- */

void client_expect(const struct ov_store_answer *answer, enum ov_store_outcome outcome,
                   uint64_t epoch)
{
    static const char *const names[] = {"done", "refused", "unknown"};
    if (answer->outcome != outcome || answer->epoch != epoch)
        fail_msg("%s at epoch %llu, not %s at %llu", names[answer->outcome],
                 (unsigned long long)answer->epoch, names[outcome], (unsigned long long)epoch);
}

/* NULL: nobody. */
void client_expect_owner(const struct ov_store_answer *answer, const struct ov_ident *owner)
{
    if (owner == NULL) {
        assert_int_equal(answer->owner.boot, 0);
        assert_int_equal(answer->left_ns, 0);
    } else {
        assert_true(ov_ident_same(&answer->owner, owner));
        assert_true(answer->left_ns > 0);
    }
}
