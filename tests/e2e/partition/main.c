/* SPDX-License-Identifier: MIT */
/* AX_SEED: the plan, by default the time. AX_SECONDS: how long faults go on. AX_STORE: redis or
 * etcd, by default as the seed says. What it prints tells what was broken when.
 *
 * test-timeout: 400 */
#include "tests/e2e/partition/partition.h"

#include "tests/e2e/stores/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define PATIENCE (150 * SECOND) /* until all answers again */

static struct {
    uint64_t seed, length, ttl;
    const char *store;
    unsigned pair[2]; /* who talk by the proxy */
} run;

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* splitmix64 */
uint64_t roll(uint64_t *dice, uint64_t n)
{
    uint64_t z = *dice += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % n;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoull(text, NULL, 10);
}

static void choose(void)
{
    const char *store = getenv("AX_STORE");
    run.seed = number("AX_SEED", (uint64_t)time(NULL));
    run.length = number("AX_SECONDS", 60) * SECOND;
    run.store = store != NULL && *store != '\0' ? store : run.seed % 2 == 0 ? "redis" : "etcd";
    if (strcmp(run.store, "redis") != 0 && strcmp(run.store, "etcd") != 0)
        server_give_up("AX_STORE is redis or etcd, not %s", run.store);
    run.ttl = strcmp(run.store, "redis") == 0 ? SECOND : 2 * SECOND; /* etcd counts in seconds */
    run.pair[0] = (unsigned)(run.seed / 2 % NODES);
    run.pair[1] = (run.pair[0] + 1) % NODES;
}

static _Noreturn void skip(const char *why)
{
    server_clean();
    printf("skipped: %s\n", why);
    exit(77);
}

static void begin(void)
{
    const char *why = net_begin();
    if (why == NULL)
        why = store_begin(run.store);
    if (why != NULL)
        skip(why);
    const char *cells = server_path("cells");
    if (mkdir(cells, 0700) != 0 || setenv("CELLS", cells, 1) != 0)
        server_give_up("%s: cannot be made", cells);
    nodes_begin(run.ttl / MS, run.pair);
    clients_begin(run.seed);
    faults_plan(run.seed, run.length, run.ttl, run.pair);
}

static void work(void)
{
    uint64_t began = now_ns(), next = 0;
    for (uint64_t at = 0; at < run.length; at = now_ns() - began) {
        if (at >= next)
            next = faults_step(at);
        clients_work(began + (next < run.length ? next : run.length));
    }
    faults_end(now_ns() - began);
}

static unsigned end(void)
{
    unsigned wrong = 0;
    if (!clients_finish(PATIENCE)) {
        printf("WRONG  not all keys answer again, %lu s after the last fault\n", PATIENCE / SECOND);
        wrong++;
    }
    for (unsigned i = 0; i < NODES; i++)
        if (!node_stop(i)) {
            printf("WRONG  node %s does not stop in order\n", node_name(i));
            wrong++;
        }
    return wrong;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    choose();
    printf("AX_SEED=%lu AX_SECONDS=%lu AX_STORE=%s; %s and %s talk by the proxy\n", run.seed,
           run.length / SECOND, run.store, node_name(run.pair[0]), node_name(run.pair[1]));
    begin();
    work();
    unsigned wrong = end();
    store_end();
    wrong += check_all(run.length);
    unsigned faults = faults_print();
    if (faults < run.length / (6 * SECOND)) {
        printf("WRONG  only %u faults began\n", faults);
        wrong++;
    }
    printf("AX_SEED=%lu: %s\n", run.seed,
           wrong > 0 ? "something is wrong" : "all is as it must be");
    clients_end();
    if (wrong > 0)
        printf("the nodes' logs are in %s\n", server_path(""));
    else
        server_clean();
    return wrong > 0;
}
