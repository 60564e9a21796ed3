/* SPDX-License-Identifier: MIT */
/* overlay/store/store.h - a lease store that is elsewhere, for a loop that must not wait.
 *
 * A request is submitted, and its answer is taken later. In between the store is driven by whoever
 * has the loop: one descriptor that can be polled for reading, whatever the store has open behind
 * it, and the time at which it wants to be called at the latest.
 *
 *      ov_store_submit(store, now, &request);
 *      poll {ov_store_fd(store), POLLIN} until ov_store_next(store)
 *      ov_store_run(store, now);
 *      while (ov_store_take(store, &answer))
 *              ...
 *
 * None of these calls waits for anything or calls back. Each request that was accepted is answered
 * once. There is room for a fixed number of them, until their answers are taken.
 *
 * What is not known to have been done or refused ends as *unknown*: no answer within the timeout, a
 * connection that is lost in between, an error of the server. While there is no connection requests
 * wait for one, as long as their timeout allows. An unknown is told no sooner than `pause_ns` after
 * it was asked for: who asks again at once, as one who holds a lease does, makes no busy loop of a
 * server that is down.
 *
 * The process is to ignore SIGPIPE: OpenSSL writes without a word about signals.
 *
 * Times are on the clock of the caller, which should be CLOCK_BOOTTIME, in nanoseconds. A lease is
 * rounded up to what the server counts in: it never ends there before it does for its owner. */
#ifndef OV_STORE_H
#define OV_STORE_H

#include "overlay/core/lease_store.h"

#define OV_STORE_PREFIX_MAX 128u
#define OV_STORE_ADDRESSES_MAX 16u
#define OV_STORE_ERROR_MAX 256u
#define OV_STORE_ROOM_MAX 65536u
/* The room for who asks about so many shards at once: to have each, and whose it is. */
#define OV_STORE_ROOM(shards) (2 * (shards) + 64)

struct ov_store;

struct ov_store_options {         /* all is copied */
    const char *kind;             /* see ov_store_kinds */
    const char *const *addresses; /* HOST:PORT or [IPV6]:PORT, Redis also unix:PATH; the next one
                                     is tried where one does not work */
    uint32_t n_addresses;
    const char *prefix;        /* of all keys; NULL: "ax/" */
    const char *user;          /* NULL: Redis, its default user; etcd, nobody */
    const char *password_file; /* its first line; not readable by others. NULL: none */
    bool tls;                  /* and then, each may be NULL: */
    const char *ca_file;       /* who may have signed the server's certificate, PEM; NULL: whom
                                  the system trusts */
    const char *cert_file, *key_file; /* the client's own certificate and key, PEM */
    uint32_t room;                    /* requests at a time, and of the memory store its shards */
    uint64_t timeout_ns;              /* of a request, and of making a connection; not 0 */
    uint64_t pause_ns; /* between two attempts to connect, at first; less than timeout_ns */
};

/* The kinds that were built in, ended by NULL: "memory", and "redis" and "etcd" unless left out. */
const char *const *ov_store_kinds(void);

/* Makes a store; it connects on its own. Returns AX_E_INVALID for options that cannot be, files
 * that cannot be read among them, and otherwise -errno; `error` then says what is wrong. Reads
 * files, and resolves no names. etcd's TLS files are read when it connects: one that cannot be is
 * trouble, as a server that is away. */
AX_MUST_USE int ov_store_open(struct ov_store **out, const struct ov_store_options *options,
                              char error[OV_STORE_ERROR_MAX]);
/* Forgets what is under way. Takes NULL, returns NULL. */
struct ov_store *ov_store_close(struct ov_store *store);

/* AX_E_FULL: there is no room; AX_E_INVALID: no text in its names, a ttl of 0 where one is needed.
 */
AX_MUST_USE int ov_store_submit(struct ov_store *store, uint64_t now,
                                const struct ov_store_request *request);
/* Readable when ov_store_run has something to do. Stays the same for the life of the store. */
int ov_store_fd(const struct ov_store *store);
/* When ov_store_run is to be called at the latest; UINT64_MAX: only when the descriptor says so. */
uint64_t ov_store_next(const struct ov_store *store);
/* Does what there is to do. */
void ov_store_run(struct ov_store *store, uint64_t now);
/* The next answer, in the order in which they came. False: there is none. */
bool ov_store_take(struct ov_store *store, struct ov_store_answer *answer);

/* What last went wrong, with the address, or "" where the last attempt was well. For people. */
const char *ov_store_trouble(const struct ov_store *store);

#endif
