/* SPDX-License-Identifier: MIT */
/* What comes to etcd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/e2e/stores/scenarios.h"

/* A server that is full takes no new lease, which is told as unknown; those that are there can be
 * read, kept and given back. */
static void full(struct server *server)
{
    server_start(server);
    struct ov_store *store = client_open(server);
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    server_kill(server);
    server->options[0] = "--quota-backend-bytes";
    server->options[1] = "1";
    server_restart(server);
    answer = client_insist(store, OV_STORE_RENEW, A, 0, 1);
    client_expect(&answer, OV_STORE_DONE, 1);
    answer = client_ask(store, OV_STORE_ACQUIRE, A, 1, 0);
    assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
    assert_non_null(strstr(ov_store_trouble(store), "space exceeded"));
    answer = client_ask(store, OV_STORE_RENEW, A, 0, 1);
    client_expect(&answer, OV_STORE_DONE, 1);
    answer = client_ask(store, OV_STORE_RELEASE, A, 0, 1);
    client_expect(&answer, OV_STORE_DONE, 1);
    ov_store_close(store);
}

/* ---- passwords ---- */

static void want_passwords(const struct server *server)
{
    static const char root[] = "{\"name\":\"root\",\"password\":\"secret\"}";
    server_etcd(server, "/v3/auth/user/add", root);
    server_etcd(server, "/v3/auth/role/add", "{\"name\":\"root\"}");
    server_etcd(server, "/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
    server_etcd(server, "/v3/auth/enable", "{}");
}

static struct ov_store *open_with(const struct server *server, const char *password)
{
    const char *addresses[1];
    struct ov_store_options options = client_options(server, addresses);
    options.user = password == NULL ? NULL : "root";
    options.password_file = password == NULL ? NULL : server_file("password", password, 0600);
    return client_open_as(&options);
}

static void refuse_password(const struct server *server, const char *password, const char *trouble)
{
    struct ov_store *store = open_with(server, password);
    struct ov_store_request request = client_request(OV_STORE_READ, A, 0, 0);
    client_submit(store, &request);
    client_await_trouble(store, trouble);
    ov_store_close(store);
}

static void passwords(struct server *server)
{
    server_start(server);
    want_passwords(server);
    struct ov_store *store = open_with(server, "secret\n");
    struct ov_store_answer answer = client_ask(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    server_kill(server);
    server_restart(server);
    answer = client_insist(store, OV_STORE_RENEW, A, 0, 1);
    client_expect(&answer, OV_STORE_DONE, 1);
    ov_store_close(store);
    refuse_password(server, "wrong\n", "authentication failed");
    refuse_password(server, NULL, "user name is empty");
}

/* It stops while somebody logs in: that is given up, and tried again. */
static void stopped_at_log_in(struct server *server)
{
    server_start(server);
    want_passwords(server);
    struct ov_store *store = open_with(server, "secret\n");
    struct ov_store_request request = client_request(OV_STORE_READ, A, 0, 0);
    server_freeze(server);
    client_submit(store, &request);
    struct ov_store_answer answer = client_await(store);
    assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
    server_thaw(server);
    answer = client_insist(store, OV_STORE_ACQUIRE, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 1);
    ov_store_close(store);
}

/* What somebody else has written there is not taken for a lease: ax/users/0/owner,
 * ax/users/1/epoch, ax/users/2/owner, the last well-formed but of no lease. */
static void strange_values(struct server *server)
{
    server_start(server);
    struct ov_store *store = client_open(server);
    struct ov_store_answer answer = client_ask(store, OV_STORE_READ, A, 0, 0);
    client_expect(&answer, OV_STORE_DONE, 0);
    server_etcd(server, "/v3/kv/put", "{\"key\":\"YXgvdXNlcnMvMC9vd25lcg==\",\"value\":\"eA==\"}");
    server_etcd(server, "/v3/kv/put", "{\"key\":\"YXgvdXNlcnMvMS9lcG9jaA==\",\"value\":\"eA==\"}");
    server_etcd(server, "/v3/kv/put",
                "{\"key\":\"YXgvdXNlcnMvMi9vd25lcg==\","
                "\"value\":\"MSBhQGJvb3QtMS1zZXNzaW9uLTE=\"}");
    static const char *const troubles[] = {"makes no sense", "makes no sense", "without a lease"};
    for (uint32_t shard = 0; shard < 3; shard++) {
        answer = client_ask(store, OV_STORE_ACQUIRE, B, shard, 0);
        assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
        assert_non_null(strstr(ov_store_trouble(store), troubles[shard]));
    }
    ov_store_close(store);
}

const struct fault faults_of_etcd[] = {
    {"etcd", "full, no lease is new", full},
    {"etcd", "passwords", passwords},
    {"etcd", "stopped while it is logged in to", stopped_at_log_in},
    {"etcd", "strange values", strange_values},
};
const size_t faults_of_etcd_n = sizeof faults_of_etcd / sizeof faults_of_etcd[0];
