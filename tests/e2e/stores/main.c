/* SPDX-License-Identifier: MIT */
/* The lease stores: what each kind must do, against the memory store, a real Redis and a real etcd
 * alike; then what comes when a server is killed, stopped, emptied, full, replaced, or wants
 * another password or certificate. test-timeout: 240 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/stores/options.h"
#include "tests/e2e/stores/scenarios.h"

#define KINDS 3u
#define TESTS 80u
#define AT_A_TIME 3u /* tests; they mostly wait for servers and for leases to run out */

static const char *const kinds[KINDS] = {"memory", "redis", "etcd"};
static struct server servers[KINDS]; /* for the scenarios of each */

struct case_of {
    struct server *server; /* NULL: its own */
    const struct scenario *scenario;
    const struct fault *fault;
    uint32_t shard;
};

/* ---- running one ---- */

static bool is_missing(const char *kind, const char *name)
{
    const char *lacks = server_lacks(kind);
    if (lacks != NULL)
        print_message("%s is skipped: %s\n", name, lacks);
    return lacks != NULL;
}

static void run_scenario(void **state)
{
    const struct case_of *it = *state;
    if (is_missing(it->server->kind, it->scenario->name))
        skip();
    if (it->server->pid == 0)
        server_start(it->server);
    client_ttl_ns = CLIENT_LONG_NS;
    struct ov_store *store = client_open(it->server);
    it->scenario->play(it->server, store, it->shard);
    ov_store_close(store);
}

static void run_fault(void **state)
{
    const struct case_of *it = *state;
    struct server server = {.kind = it->fault->kind};
    if (is_missing(server.kind, it->fault->name))
        skip();
    client_ttl_ns = CLIENT_LONG_NS;
    it->fault->play(&server);
    server_end(&server);
}

static void run_mistakes(void **state)
{
    (void)state;
    options_mistakes();
}

/* ---- all of them ---- */

static struct CMUnitTest tests[TESTS];
static struct case_of cases[TESTS];
static char names[TESTS][96];
static size_t n;

static void add(const char *kind, const char *name, CMUnitTestFunction play, struct case_of it)
{
    if (n == TESTS)
        abort();
    cases[n] = it;
    snprintf(names[n], sizeof names[n], "%s: %s", kind, name);
    tests[n] = (struct CMUnitTest){.name = names[n], .test_func = play, .initial_state = &cases[n]};
    n++;
}

static void add_faults(const struct fault *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(list[i].kind, list[i].name, run_fault, (struct case_of){.fault = &list[i]});
}

static int end_servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        server_end(&servers[i]);
    server_clean();
    return 0;
}

/* Every third test from this one on, in a process with servers of its own. */
static pid_t run_some(size_t first)
{
    static struct CMUnitTest some[TESTS];
    size_t k = 0;
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = first; i < n; i += AT_A_TIME)
        some[k++] = tests[i];
    exit(_cmocka_run_group_tests("stores", some, k, NULL, end_servers) != 0);
}

/* With a word of its name: only such. */
int main(int argc, char **argv)
{
    pid_t pids[AT_A_TIME];
    int status, failed = 0;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0); /* lines of several processes */
    add("any", "options that cannot be are told", run_mistakes, (struct case_of){0});
    for (size_t k = 0; k < KINDS; k++) {
        servers[k].kind = kinds[k];
        for (size_t i = 0; i < scenarios_n; i++)
            add(kinds[k], scenarios[i].name, run_scenario,
                (struct case_of){.server = &servers[k],
                                 .scenario = &scenarios[i],
                                 .shard = (uint32_t)i * SHARDS_APART});
    }
    add_faults(faults, faults_n);
    add_faults(faults_of_redis, faults_of_redis_n);
    add_faults(faults_of_etcd, faults_of_etcd_n);
    add_faults(faults_canned, faults_canned_n);
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
        return _cmocka_run_group_tests("stores", tests, n, NULL, end_servers);
    }
    for (size_t i = 0; i < AT_A_TIME; i++) {
        pids[i] = run_some(i);
        if (pids[i] < 0)
            abort();
    }
    for (size_t i = 0; i < AT_A_TIME; i++)
        failed += waitpid(pids[i], &status, 0) < 0 || status != 0;
    return failed != 0;
}
