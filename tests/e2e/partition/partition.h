/* SPDX-License-Identifier: MIT */
/* partition.h - a cluster of three real nodes, each in a network namespace of its own, whose parts
 * are cut off, stopped and killed as a plan made by a seed says, while clients read and change
 * registers and counters at all of them. In the end what the clients saw must have an order that
 * explains it (tests/lib/linear.h), and what the actors noted must show one owner at a time
 * (check.c).
 *
 * The test's own namespace is the hub: a bridge, to which each node has a link, the lease store,
 * and a proxy between two of the nodes, and one between all and the store, which delay, throttle,
 * reset and cut (proxy.c). What reaches all nodes whatever is cut are files: the logs of the cells
 * (tests/plugins/cell). */
#ifndef TESTS_PARTITION_H
#define TESTS_PARTITION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NODES 3u
#define NODE_PORT 7411
#define PROXY_PORT 7501 /* and the next one, for the other direction */
#define STORE_PORT 7601 /* of the first member */
#define DOOR_PORT 7701  /* by which the nodes know it */
#define HUB_ADDRESS "10.77.0.1"
#define STORE_ADDRESS "10.77.0.2"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

/* CLOCK_BOOTTIME, ns: the clock of the cells' logs. */
uint64_t now_ns(void);
uint64_t roll(uint64_t *dice, uint64_t n);

/* ---- net.c ---- */

/* Makes the namespaces, with no fault in them. NULL, or why that cannot be done here. */
const char *net_begin(void);
const char *net_address(unsigned node);
/* A program within the namespace of a node; it ends with the test. */
pid_t net_spawn(unsigned node, const char *const *args, const char *log);
/* From now on nothing that comes from the address gets in; nothing that goes there gets out. */
void net_deaf(unsigned node, const char *address, bool on);
void net_mute(unsigned node, const char *address, bool on);
void net_link(unsigned node, bool up);

/* ---- proxy.c ---- */

enum proxy_mode {
    PROXY_PASS,
    PROXY_DELAY,
    PROXY_THROTTLE,
    PROXY_SILENT, /* accepts, and says nothing */
    PROXY_RESET,
    PROXY_CUT, /* in the middle of what comes next */
};

enum proxy_line { LINE_NODES, LINE_STORE, LINES };

/* Between two nodes, both ways, and between all of them and each member of the store. */
void proxy_begin(const unsigned pair[2]);
void proxy_set(enum proxy_line line, enum proxy_mode mode);

/* ---- store.c ---- */

/* "redis", one server, or "etcd", three members, each with a small disk of its own. NULL, or why it
 * cannot be had here. */
const char *store_begin(const char *kind);
const char *store_config(void); /* the "store" of a node's config */
unsigned store_members(void);
void store_signal(unsigned member, int signal);
void store_start(unsigned member); /* again, where it has ended */
void store_fill(unsigned member, bool full);
void store_end(void);

/* ---- nodes.c ---- */

/* Two of them know each other by the proxy's address. */
void nodes_begin(uint64_t ttl_ms, const unsigned pair[2]);
void node_start(unsigned node);
void node_kill(unsigned node);
/* Ends it in order. False: it does not. */
bool node_stop(unsigned node);
/* By how much its wall clock is off. */
void node_step_clock(unsigned node, int64_t ns);
const char *node_name(unsigned node);
const char *node_control(unsigned node); /* the path of its socket */
/* A process of a node by its name: "axsup", "gateway/0", "cell/0". 0: it is not there now. */
pid_t node_process(unsigned node, const char *name);

/* ---- clients.c ---- */

#define KEYS_MAX 4000u

struct history;

void clients_begin(uint64_t seed);
/* Lets them work until then; waits no longer. */
void clients_work(uint64_t until);
/* Nothing new; each key ever used is to be answered for. False: one was not within the time. */
bool clients_finish(uint64_t patience_ns);
unsigned clients_keys(void);
const struct history *clients_history(unsigned key);
void clients_end(void);

/* ---- faults.c ---- */

/* Of so much time, ns; pair: who talk by the proxy. */
void faults_plan(uint64_t seed, uint64_t length, uint64_t ttl, const unsigned pair[2]);
/* Does what is due at that time after the beginning; the time of what comes next. */
uint64_t faults_step(uint64_t at);
void faults_end(uint64_t at); /* mends what is left, and begins nothing more */
unsigned faults_print(void);  /* how many have begun */

/* Whether a turn of that process may have been stopped in the middle, and gone on at that time or
 * before it; whether one may have been undone by a kill. True once for each. */
bool faults_excuse_late(pid_t pid, uint64_t at);
bool faults_excuse_undone(pid_t pid);

/* ---- check.c ---- */

/* Prints what is wrong, and counts; a run of that length, ns, has to show something. How many
 * things are. */
unsigned check_all(uint64_t length);

#endif
