/* SPDX-License-Identifier: MIT */
/* A real redis-server or etcd of a test's own, on a free port of 127.0.0.1, with its files in a
 * folder below TMPDIR. What goes wrong here ends the test program. */
#ifndef TESTS_STORES_SERVER_H
#define TESTS_STORES_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/e2e/stores/folder.h"

#define SERVER_OPTIONS 20

struct server {
    const char *kind;                    /* "redis" or "etcd"; "memory" is none */
    bool tls;                            /* with clients' certificates wanted, see folder.h */
    const char *options[SERVER_OPTIONS]; /* more of them, ended by NULL */
    pid_t pid;
    uint16_t port;
    char address[32], folder[200];
};

/* Why tests of this kind cannot run here; NULL: they can. */
const char *server_lacks(const char *kind);
/* Zeroed but for what is above; waits until it listens. */
void server_start(struct server *server);
/* The same port and folder again, after a kill. */
void server_restart(struct server *server);
void server_kill(struct server *server);
void server_freeze(struct server *server);
void server_thaw(struct server *server);
/* Forgets what is on its disk; it does not run. */
void server_empty(struct server *server);
void server_end(struct server *server);

/* A Redis command in one line; what it says first must begin as `wanted`. */
void server_redis(const struct server *server, const char *line, const char *wanted);
/* A POST to etcd, which must be answered by 200. */
void server_etcd(const struct server *server, const char *path, const char *body);

#endif
