/* SPDX-License-Identifier: MIT */
/* What comes to Redis and etcd alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/stores/scenarios.h"

#define NS_PER_MS UINT64_C(1000000)

static struct ov_store *begin(struct server *server, uint64_t timeout_ms)
{
    const char *addresses[1];
    server_start(server);
    struct ov_store_options options = client_options(server, addresses);
    options.timeout_ns = timeout_ms * NS_PER_MS;
    struct ov_store *store = client_open_as(&options);
    struct ov_store_answer answer = client_insist(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    return store;
}

/* What is under way is unknown, though its timeout is far; so is what is asked while nobody is
 * there, when its time is over. */
static void killed(struct server *server)
{
    struct ov_store *store = begin(server, 3000);
    struct ov_store_request request = client_request(OV_STORE_ACQUIRE, A, 1, 0);
    server_freeze(server);
    client_submit(store, &request);
    server_kill(server);
    struct ov_store_answer answer = client_await(store);
    assert_int_equal(answer.number, request.number);
    assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
    answer = client_ask(store, OV_STORE_READ, A, 1, 0);
    assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
    client_await_trouble(store, server->address);
    server_restart(server);
    answer = client_insist(store, OV_STORE_ACQUIRE, B, 2, 4);
    client_expect(&answer, OV_STORE_DONE, 5);
    assert_string_equal(ov_store_trouble(store), "");
    ov_store_close(store);
}

/* It waits for the server, and is then done. */
static void asked_while_away(struct server *server)
{
    struct ov_store *store = begin(server, CLIENT_TIMEOUT_MS);
    server_kill(server);
    struct ov_store_request request = client_request(OV_STORE_ACQUIRE, A, 1, 0);
    client_submit(store, &request);
    client_await_trouble(store, server->address);
    server_restart(server);
    struct ov_store_answer answer = client_await(store);
    client_expect(&answer, OV_STORE_DONE, 1);
    ov_store_close(store);
}

/* What a server does late does no harm: it is seen when it is read back. */
static void stopped(struct server *server)
{
    struct ov_store *store = begin(server, 400);
    server_freeze(server);
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, A, 1, 0);
    assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
    answer = client_ask(store, OV_STORE_READ, A, 1, 0);
    assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
    assert_non_null(strstr(ov_store_trouble(store), "in time"));
    server_thaw(server);
    answer = client_insist(store, OV_STORE_ACQUIRE, A, 1, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    answer = client_insist(store, OV_STORE_ACQUIRE, B, 1, 0);
    client_expect(&answer, OV_STORE_REFUSED, 1);
    ov_store_close(store);
}

/* Nothing is left of what it knew, but in those who ask. */
static void emptied(struct server *server)
{
    struct ov_store *store = begin(server, CLIENT_TIMEOUT_MS);
    server_kill(server);
    server_empty(server);
    server_restart(server);
    struct ov_store_answer answer = client_insist(store, OV_STORE_READ, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 0);
    answer = client_ask(store, OV_STORE_RENEW, A, 0, 1);
    client_expect(&answer, OV_STORE_REFUSED, 0);
    answer = client_ask(store, OV_STORE_ACQUIRE, B, 0, 1);
    client_expect(&answer, OV_STORE_DONE, 2);
    ov_store_close(store);
}

/* Of two addresses the one works. */
static void second_address(struct server *server)
{
    struct server dead = {.kind = server->kind};
    server_start(&dead);
    server_kill(&dead);
    server_start(server);
    const char *addresses[2] = {dead.address, server->address};
    struct ov_store_options options = client_options(server, addresses);
    addresses[0] = dead.address;
    options.n_addresses = 2;
    struct ov_store *store = client_open_as(&options);
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    ov_store_close(store);
}

/* Stores with another prefix have other leases. */
static void by_name(struct server *server)
{
    char name[64];
    const char *addresses[1];
    struct ov_store *store = begin(server, CLIENT_TIMEOUT_MS);
    struct ov_store_options options = client_options(server, addresses);
    snprintf(name, sizeof name, "localhost%s", strchr(server->address, ':'));
    addresses[0] = name;
    options.prefix = "other/";
    struct ov_store *other = client_open_as(&options);
    struct ov_store_answer answer = client_ask(other, OV_STORE_ACQUIRE, B, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    answer = client_ask(store, OV_STORE_READ, A, 0, 0);
    client_expect_owner(&answer, &client_nodes[A]);
    ov_store_close(store);
    ov_store_close(other);
}

static void no_such_name(struct server *server)
{
    const char *addresses[1];
    struct ov_store_options options = client_options(server, addresses);
    addresses[0] = "no-such-host.invalid:1";
    struct ov_store *store = client_open_as(&options);
    struct ov_store_request request = client_request(OV_STORE_READ, A, 0, 0);
    client_submit(store, &request);
    client_await_trouble(store, "no-such-host.invalid:1: ");
    ov_store_close(store); /* whatever is under way */
}

/* ---- TLS ---- */

static void trust(struct server *server, const char *ca, bool certified, const char *trouble)
{
    const char *addresses[1];
    struct ov_store_options options = client_options(server, addresses);
    options.ca_file = server_path(ca);
    options.cert_file = certified ? server_path("cert.pem") : NULL;
    options.key_file = certified ? server_path("key.pem") : NULL;
    struct ov_store *store = client_open_as(&options);
    struct ov_store_request request = client_request(OV_STORE_ACQUIRE, A, 0, 0);
    client_submit(store, &request);
    if (trouble == NULL) {
        struct ov_store_answer answer = client_await(store);
        client_expect(&answer, OV_STORE_DONE, 1);
    } else {
        client_await_trouble(store, trouble);
    }
    ov_store_close(store);
}

/* Both show a certificate, and both look at the other's. */
static void by_tls(struct server *server)
{
    const char *addresses[1];
    char error[OV_STORE_ERROR_MAX];
    struct ov_store *none;
    if (!server_certificates()) {
        print_message("by TLS is skipped: no openssl here: make deps\n");
        skip();
    }
    server->tls = true;
    server_start(server);
    trust(server, "other.pem", true, "certificate");
    trust(server, "ca.pem", false, server->address);
    trust(server, "ca.pem", true, NULL);
    struct ov_store_options options = client_options(server, addresses);
    options.ca_file = server_path("no.pem");
    if (strcmp(server->kind, "redis") == 0)
        assert_int_equal(ov_store_open(&none, &options, error), AX_E_INVALID);
}

#define OF_BOTH(name, play)                                                                        \
    {"redis", name, play},                                                                         \
    {                                                                                              \
        "etcd", name, play                                                                         \
    }

const struct fault faults[] = {
    OF_BOTH("killed, what is under way is unknown", killed),
    OF_BOTH("what is asked while it is away waits", asked_while_away),
    OF_BOTH("stopped, what is under way is unknown", stopped),
    OF_BOTH("emptied, epochs rise all the same", emptied),
    OF_BOTH("the second address", second_address),
    OF_BOTH("by a name, with a prefix", by_name),
    OF_BOTH("by a name that is none", no_such_name),
    OF_BOTH("by TLS", by_tls),
};
const size_t faults_n = sizeof faults / sizeof faults[0];
