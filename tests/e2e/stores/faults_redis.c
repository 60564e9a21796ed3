/* SPDX-License-Identifier: MIT */
/* What comes to Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/stores/scenarios.h"

/* The server forgets the script, and is taught it again: nothing of it is seen. */
static void script_flushed(struct server *server)
{
    server_start(server);
    struct ov_store *store = client_open(server);
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    server_redis(server, "SCRIPT FLUSH", "+OK");
    for (int i = 0; i < 3; i++) {
        struct ov_store_request request = client_request(OV_STORE_RENEW, A, 0, 1);
        client_submit(store, &request);
    }
    for (int i = 0; i < 3; i++) {
        answer = client_await(store);
        client_expect(&answer, OV_STORE_DONE, 1);
    }
    assert_string_equal(ov_store_trouble(store), "");
    ov_store_close(store);
}

/* A server that is full takes no new lease, which is told as unknown; those that are there can be
 * read, kept and given back. */
static void full(struct server *server)
{
    server_start(server);
    struct ov_store *store = client_open(server);
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    server_redis(server, "CONFIG SET maxmemory 1", "+OK");
    answer = client_ask(store, OV_STORE_ACQUIRE, A, 1, 0);
    assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
    assert_non_null(strstr(ov_store_trouble(store), "OOM"));
    answer = client_ask(store, OV_STORE_RENEW, A, 0, 1);
    client_expect(&answer, OV_STORE_DONE, 1);
    answer = client_ask(store, OV_STORE_READ, A, 1, 0);
    client_expect(&answer, OV_STORE_DONE, 0);
    answer = client_ask(store, OV_STORE_RELEASE, A, 0, 1);
    client_expect(&answer, OV_STORE_DONE, 1);
    server_redis(server, "CONFIG SET maxmemory 0", "+OK");
    answer = client_ask(store, OV_STORE_ACQUIRE, A, 1, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    ov_store_close(store);
}

/* What is unknown at once is told a pause later: who then asks again makes no busy loop. */
static void no_busy_loop(struct server *server)
{
    server_start(server);
    struct ov_store *store = client_open(server);
    struct ov_store_answer answer = client_ask(store, OV_STORE_READ, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 0);
    server_redis(server, "CONFIG SET maxmemory 1", "+OK");
    for (int i = 0; i < 10; i++) {
        uint64_t asked = client_now();
        answer = client_ask(store, OV_STORE_ACQUIRE, A, 0, 0);
        assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
        assert_true(client_now() >= asked + CLIENT_PAUSE_MS * UINT64_C(1000000));
    }
    ov_store_close(store);
}

/* What is under way when the connection ends is unknown, though there is all the time in the world
 * for its answer. */
static void cut(struct server *server)
{
    const char *addresses[1];
    server_start(server);
    struct ov_store_options options = client_options(server, addresses);
    options.timeout_ns = UINT64_C(1000000000000);
    struct ov_store *store = client_open_as(&options);
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    struct ov_store_request request = client_request(OV_STORE_RENEW, A, 0, 1);
    server_freeze(server);
    client_submit(store, &request);
    server_kill(server);
    answer = client_await(store);
    assert_int_equal(answer.number, request.number);
    assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
    ov_store_close(store);
}

/* ---- passwords ---- */

static void log_in(struct server *server, const char *user, const char *password,
                   const char *trouble)
{
    const char *addresses[1];
    struct ov_store_options options = client_options(server, addresses);
    options.user = user;
    options.password_file = password == NULL ? NULL : server_file("password", password, 0600);
    struct ov_store *store = client_open_as(&options);
    struct ov_store_request request = client_request(OV_STORE_READ, A, 0, 0);
    client_submit(store, &request);
    if (trouble != NULL) {
        client_await_trouble(store, trouble);
    } else {
        struct ov_store_answer answer = client_await(store);
        assert_string_equal(ov_store_trouble(store), "");
        client_expect(&answer, OV_STORE_DONE, 0);
    }
    ov_store_close(store);
}

static void passwords(struct server *server)
{
    static const char *const options[] = {
        "--requirepass", "secret",       "--user", "ax",   "on",   ">other",   "~ax/*", "+evalsha",
        "+hello",        "+script|load", "+get",   "+set", "+del", "+pexpire", "+pttl"};
    memcpy(server->options, options, sizeof options);
    server_start(server);
    log_in(server, NULL, "secret\n", NULL);
    log_in(server, "ax", "other", NULL);
    log_in(server, NULL, "wrong\n", "WRONGPASS");
    log_in(server, "ax", "secret\n", "WRONGPASS");
    log_in(server, NULL, NULL, "NOAUTH");
}

/* ---- replicas ---- */

/* What must not be written to is left: at once, and when it becomes so. */
static void replica(struct server *server)
{
    struct server other = {.kind = "redis"};
    char line[64];
    server_start(server);
    server_start(&other);
    snprintf(line, sizeof line, "REPLICAOF 127.0.0.1 %u", other.port);
    server_redis(server, line, "+OK");
    const char *addresses[2];
    struct ov_store_options options = client_options(server, addresses);
    addresses[1] = other.address;
    options.n_addresses = 2;
    struct ov_store *store = client_open_as(&options);
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    server_redis(server, "REPLICAOF NO ONE", "+OK");
    snprintf(line, sizeof line, "REPLICAOF 127.0.0.1 %u", server->port);
    server_redis(&other, line, "+OK");
    answer = client_insist(store, OV_STORE_ACQUIRE, B, 1, 6);
    client_expect(&answer, OV_STORE_DONE, 7);
    assert_string_equal(ov_store_trouble(store), "");
    ov_store_close(store);
    server_end(&other);
}

static void unix_socket(struct server *server)
{
    char path[280];
    const char *addresses[1];
    snprintf(path, sizeof path, "unix:%s", server_path("socket"));
    server->options[0] = "--unixsocket";
    server->options[1] = path + strlen("unix:");
    server_start(server);
    struct ov_store_options options = client_options(server, addresses);
    addresses[0] = path;
    struct ov_store *store = client_open_as(&options);
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    ov_store_close(store);
}

/* What somebody else has written there is not taken for a lease. */
static void strange_values(struct server *server)
{
    server_start(server);
    struct ov_store *store = client_open(server);
    struct ov_store_answer answer = client_ask(store, OV_STORE_READ, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 0);
    server_redis(server, "SET ax/{users/0}:epoch 7", "+OK");
    server_redis(server, "SET ax/{users/1}:owner nobody PX 100000", "+OK");
    server_redis(server, "SET ax/{users/2}:owner \"00000000000000000001 a@boot-1-session-1\"",
                 "+OK");
    server_redis(server, "HSET ax/{users/3}:owner a b", ":1");
    static const char *const troubles[] = {"AX no epoch in ax/{users/0}:epoch",
                                           "AX no epoch in ax/{users/1}:epoch",
                                           "AX no end of ax/{users/2}:owner", "WRONGTYPE"};
    for (uint32_t shard = 0; shard < 4; shard++) {
        answer = client_ask(store, OV_STORE_ACQUIRE, B, shard, 0);
        assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
        assert_non_null(strstr(ov_store_trouble(store), troubles[shard]));
    }
    ov_store_close(store);
}

const struct fault faults_of_redis[] = {
    {"redis", "the script is forgotten", script_flushed},
    {"redis", "full, no lease is new", full},
    {"redis", "an unknown is told a pause later", no_busy_loop},
    {"redis", "cut off, what is under way is unknown", cut},
    {"redis", "passwords", passwords},
    {"redis", "a replica is left", replica},
    {"redis", "by a unix socket", unix_socket},
    {"redis", "strange values", strange_values},
};
const size_t faults_of_redis_n = sizeof faults_of_redis / sizeof faults_of_redis[0];
