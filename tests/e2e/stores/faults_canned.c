/* SPDX-License-Identifier: MIT */
/* What etcd says only at rare moments, said by a server that knows nothing else: one answer for
 * each path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/stores/scenarios.h"

/* A token is given to anybody. */
#define LOGIN                                                                                      \
    {                                                                                              \
        "/v3/auth/authenticate", 200, "{\"token\":\"first\"}", NULL, false                         \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, 404, NULL, NULL, false                                                               \
    }
/* ax/users/0/owner is "1 a@boot-1-session-9", with the lease 5. */
#define SEEN                                                                                       \
    "{\"succeeded\":true,\"responses\":[{\"response_range\":{\"kvs\":[{\"mod_revision\":\"2\","    \
    "\"value\":\"MSBhQGJvb3QtMS1zZXNzaW9uLTk=\",\"lease\":\"5\"}]}},"                              \
    "{\"response_range\":{\"kvs\":[{\"mod_revision\":\"2\",\"value\":\"MQ==\"}]}}]}"

struct canned {
    const char *path;
    int status;
    const char *body;
    const char *with; /* NULL, or what the request must have, or the next line is tried */
    bool once;        /* the next time, too */
};

/* ---- the server ---- */

static int listen_for(struct server *server)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &length) != 0)
        server_give_up("no socket");
    snprintf(server->address, sizeof server->address, "127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}

/* A request ends with its body, which is an object. */
static bool read_request(int fd, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (;;) {
        const char *body = strstr(text, "\r\n\r\n");
        if (body != NULL && text[length - 1] == '}')
            return true;
        ssize_t got = read(fd, text + length, size - 1 - length);
        if (got <= 0)
            return false;
        length += (size_t)got;
        text[length] = '\0';
    }
}

static bool is_for(const struct canned *line, bool used, const char *text)
{
    const char *path = text + strlen("POST ");
    return line->path == NULL ||
           (strncmp(path, line->path, strlen(line->path)) == 0 &&
            (line->with == NULL || strstr(text, line->with) != NULL) && !(line->once && used));
}

static void answer_request(int fd, const struct canned *list, const char *text)
{
    static bool used[8];
    size_t i = 0;
    while (!is_for(&list[i], used[i], text))
        i++;
    used[i] = true;
    dprintf(fd, "HTTP/1.1 %d -\r\nConnection: close\r\n\r\n%s", list[i].status,
            list[i].body == NULL ? "" : list[i].body);
}

static _Noreturn void serve(int listener, const struct canned *list)
{
    char text[8192];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (read_request(fd, text, sizeof text))
            answer_request(fd, list, text);
        close(fd);
    }
}

/* ---- asking it ---- */

static struct ov_store_answer ask(struct server *server, enum ov_store_op op, unsigned node,
                                  const struct canned *list, const char *trouble)
{
    int listener = listen_for(server);
    server->pid = fork();
    if (server->pid == 0)
        serve(listener, list);
    close(listener);
    const char *addresses[1];
    struct ov_store_options options = client_options(server, addresses);
    options.user = "ax";
    options.password_file = server_file("password", "secret", 0600);
    struct ov_store *store = client_open_as(&options);
    struct ov_store_answer answer = client_ask(store, op, node, 0, 1);
    if (strstr(ov_store_trouble(store), trouble) == NULL)
        fail_msg("its trouble is \"%s\", not \"%s\"", ov_store_trouble(store), trouble);
    ov_store_close(store);
    server_kill(server);
    return answer;
}

/* A lease that is over is kept with status 200 and without a TTL, and cannot be revoked. */
static void gone(struct server *server)
{
    static const struct canned keep[] = {
        LOGIN,
        {"/v3/kv/txn", 200, SEEN, NULL, false},
        {"/v3/lease/keepalive", 200, "{\"result\":{\"ID\":\"5\"}}", NULL, false},
        END};
    static const struct canned revoke[] = {
        LOGIN,
        {"/v3/kv/txn", 200, SEEN, NULL, false},
        {"/v3/lease/revoke", 404, "{\"error\":\"-\",\"message\":\"-\",\"code\":5}", NULL, false},
        END};
    struct ov_store_answer answer = ask(server, OV_STORE_RENEW, A, keep, "");
    client_expect(&answer, OV_STORE_REFUSED, 1);
    client_expect_owner(&answer, NULL);
    answer = ask(server, OV_STORE_RELEASE, A, revoke, "");
    client_expect(&answer, OV_STORE_REFUSED, 1);
    client_expect_owner(&answer, NULL);
}

/* In the last second of a lease there is no word of how much is left; when it is over, -1. */
static void last_second(struct server *server)
{
    static const struct canned last[] = {
        LOGIN,
        {"/v3/kv/txn", 200, SEEN, NULL, false},
        {"/v3/lease/timetolive", 200, "{\"ID\":\"5\"}", NULL, false},
        END};
    static const struct canned over[] = {
        LOGIN,
        {"/v3/kv/txn", 200, SEEN, NULL, false},
        {"/v3/lease/timetolive", 200, "{\"ID\":\"5\",\"TTL\":\"-1\"}", NULL, false},
        END};
    struct ov_store_answer answer = ask(server, OV_STORE_ACQUIRE, B, last, "");
    client_expect(&answer, OV_STORE_REFUSED, 1);
    client_expect_owner(&answer, &client_nodes[A]);
    assert_int_equal(answer.left_ns, UINT64_C(1000000000));
    answer = ask(server, OV_STORE_READ, B, over, "");
    client_expect(&answer, OV_STORE_DONE, 1);
    client_expect_owner(&answer, NULL);
}

/* A token that is no longer good is given up for another one: it is too old, or, of JWT, users have
 * been changed since. */
static void old_token(struct server *server)
{
#define OLD_TOKEN(status, refusal)                                                                 \
    {                                                                                              \
        {"/v3/auth/authenticate", 200, "{\"token\":\"first\"}", NULL, true},                       \
            {"/v3/auth/authenticate", 200, "{\"token\":\"second\"}", NULL, false},                 \
            {"/v3/kv/txn", 200, SEEN, "Authorization: second", false},                             \
            {"/v3/kv/txn", status, refusal, NULL, false},                                          \
            {"/v3/lease/keepalive", 200, "{\"result\":{\"ID\":\"5\",\"TTL\":\"9\"}}",              \
             "Authorization: second", false},                                                      \
            END                                                                                    \
    }
#define OLD_STORE "etcdserver: revision of auth store is old"
    static const struct canned lists[][6] = {
        OLD_TOKEN(401, "{\"error\":\"-\",\"message\":\"-\",\"code\":16}"),
        OLD_TOKEN(400, "{\"error\":\"" OLD_STORE "\",\"message\":\"" OLD_STORE "\",\"code\":3}")};
    for (unsigned i = 0; i < 2; i++) {
        struct ov_store_answer answer = ask(server, OV_STORE_RENEW, A, lists[i], "");
        client_expect(&answer, OV_STORE_DONE, 1);
        client_expect_owner(&answer, &client_nodes[A]);
    }
}

/* Whatever else is said is no answer. */
static void nonsense(struct server *server)
{
    static char long_text[100000];
    static const struct {
        const char *body, *trouble;
    } said[] = {{"", "no JSON"},
                {"not JSON", "no JSON"},
                {"[]", "makes no sense"},
                {"{\"responses\":[]}", "makes no sense"},
                {"{\"error\":\"-\",\"message\":\"no leader\",\"code\":14}", "no leader"},
                {"{\"error\":{\"message\":\"over\"}}", "over"},
                {long_text, "127.0.0.1"}};
    memset(long_text, '[', sizeof long_text - 1);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        const struct canned list[] = {LOGIN, {"/v3/kv/txn", 200, said[i].body, NULL, false}, END};
        struct ov_store_answer answer = ask(server, OV_STORE_ACQUIRE, A, list, said[i].trouble);
        assert_int_equal(answer.outcome, OV_STORE_UNKNOWN);
    }
}

const struct fault faults_canned[] = {
    {"etcd", "a lease is gone when it is kept", gone},
    {"etcd", "the last second of a lease", last_second},
    {"etcd", "a token that is no longer good", old_token},
    {"etcd", "nonsense is no answer", nonsense},
};
const size_t faults_canned_n = sizeof faults_canned / sizeof faults_canned[0];
