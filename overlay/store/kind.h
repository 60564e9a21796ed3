/* SPDX-License-Identifier: MIT */
/* overlay/store/kind.h - what a kind of lease store is made of, for who adds one.
 *
 * A kind is a table of functions, named in the list below. store.c has the requests, each in a
 * slot, their timeouts and the answers; the kind talks to its server. It hears of each request by
 * `submit`, and ends it by ov_store_end or ov_store_lose, at once or when it is run. After that,
 * and after `forget`, the slot may have another request: a kind that hears of the old one then must
 * know by itself that it is over.
 *
 * All descriptors are added to store->epoll, with any events; a kind is run when one is ready, when
 * the time that `next` says has come, and after each submit. */
#ifndef OV_STORE_KIND_H
#define OV_STORE_KIND_H

#include "overlay/store/store.h"

struct ov_store_kind {
    const char *name;
    /* Makes store->own from store->options. Fails as ov_store_open, by ov_store_complain. */
    int (*open)(struct ov_store *store);
    void (*close)(struct ov_store *store);
    void (*submit)(struct ov_store *store, uint32_t slot);
    /* The time of a request is over. NULL: nothing is to be done. */
    void (*forget)(struct ov_store *store, uint32_t slot);
    void (*run)(struct ov_store *store);
    uint64_t (*next)(const struct ov_store *store); /* NULL: never */
};

/* Those of this build. */
#ifdef OV_WITH_REDIS
#define OV_STORE_KIND_REDIS(X) X(redis)
#else
#define OV_STORE_KIND_REDIS(X)
#endif
#ifdef OV_WITH_ETCD
#define OV_STORE_KIND_ETCD(X) X(etcd)
#else
#define OV_STORE_KIND_ETCD(X)
#endif
#define OV_STORE_KINDS(X) X(memory) OV_STORE_KIND_REDIS(X) OV_STORE_KIND_ETCD(X)

extern const struct ov_store_kind ov_store_kind_memory;
extern const struct ov_store_kind ov_store_kind_redis;
extern const struct ov_store_kind ov_store_kind_etcd;

enum ov_store_slot_state {
    OV_SLOT_FREE,
    OV_SLOT_BUSY,  /* the kind has it */
    OV_SLOT_LOST,  /* it is unknown, and is told so at `until` */
    OV_SLOT_ENDED, /* its answer waits to be taken */
};

struct ov_store_slot {
    enum ov_store_slot_state state;
    struct ov_store_request request;
    uint64_t submitted_at;
    uint64_t until; /* BUSY: it is lost then */
    struct ov_store_answer answer;
};

struct ov_store {
    const struct ov_store_kind *kind;
    struct ov_store_options
        options;    /* `user` and `password` are texts or NULL, `prefix` is a text */
    char *password; /* from its file */
    int epoll;
    int knock; /* an eventfd within `epoll`: something was submitted since the last run */
    uint64_t now;
    uint64_t chance;             /* a state for backoff_random */
    struct ov_store_slot *slots; /* options.room of them */
    uint32_t *answers;           /* a queue of slots */
    uint32_t answers_first, answers_n;
    char trouble[OV_STORE_ERROR_MAX];
    void *own; /* the kind's */
};

/* `answer` needs no number. */
void ov_store_end(struct ov_store *store, uint32_t slot, const struct ov_store_answer *answer);
/* It may have been done, or not. */
void ov_store_lose(struct ov_store *store, uint32_t slot);
/* Sets store->trouble; well: there is none. */
__attribute__((format(printf, 2, 3))) void ov_store_complain(struct ov_store *store,
                                                             const char *format, ...);
void ov_store_well(struct ov_store *store);
/* How long to wait before the nth attempt to connect in a row, from 1. */
uint64_t ov_store_backoff(struct ov_store *store, uint32_t nth);

/* The part of an address: host without brackets, and port; a unix path has no port. */
struct ov_store_address {
    char host[256];
    char port[8];
    bool is_unix;
};
/* AX_E_INVALID: it has another form. */
AX_MUST_USE int ov_store_address_parse(const char *text, struct ov_store_address *address);

/* The options of a store, copied and checked; ov_store_options_clear frees them. */
AX_MUST_USE int ov_store_options_take(struct ov_store *store,
                                      const struct ov_store_options *options);
void ov_store_options_clear(struct ov_store *store);

#endif
