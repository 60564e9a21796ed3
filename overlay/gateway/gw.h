/* SPDX-License-Identifier: MIT */
/* overlay/gateway/gw.h - the gateway as its own files see it: what carries the core
 * (core/cluster.h) in a process that is a worker like others.
 *
 *   gateway.c   the actor, and its hooks: each begins a step
 *   step.c      the core's steps, and what comes out of them
 *   setup.c     from the config to a core
 *   book.c      whom it dials, and who others have to be
 *   links.c     its connections
 *   slow.c      those whose peers do not read
 *   calls.c     what actors of this node send to others
 *   tells.c     tells that have not left
 *   serve.c     what others send to actors of this node
 *   waiting.c   what of that finds no room
 *   stand_in.c  who stands here for actors elsewhere
 *   evict.c     which of them makes room for another one
 *   leases.c    the lease store
 *   alike.c     whether others are configured as this node is
 *   own.c       what nodes say to each other of their own accord
 *   clerk.c     actors that look for keys, which may take time
 *   show.c      what axsup shows
 *   counts.c    of that, what is counted
 *   news.c      what axsup tells as events
 *
 * The core, the sockets and the tables are volatile: they die with the process, and the next one
 * begins a new session. What must outlive it is in kept maps of the actor: who waits for an answer,
 * who stands for whom, the leases of the memory store, and what was told of the lease store; of
 * tells that have not left, in memory of their own (shm/tell.h).
 *
 * All of it runs in turns of the one actor. The core changes at once and the rest when the turn
 * commits; so no turn here fails: where there is no memory for something the process ends itself,
 * as gw_die, and begins anew. What may be much is spread over several turns (far_go_on): so no
 * peer, and nobody here, can make one that has no room. */
#ifndef GW_GW_H
#define GW_GW_H

#include "libax/far_serve.h"
#include "libax/gateway.h"
#include "libax/gateway_event.h"
#include "overlay/core/host.h"
#include "overlay/gateway/clerk.h"
#include "overlay/gateway/table.h"
#include "overlay/store/store.h"
#include "shm/geometry.h"
#include "shm/tell.h"

#include <ax/io.h>
#include <ax/map.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>

AX_MAPS(gateway, asks, stand_ins, leases, clerks, leaving, told, tells);

#define GW_CLERKS_EACH 8u                      /* of a home of keys */
#define GW_CLERKS (SHM_SLOTS * GW_CLERKS_EACH) /* that there may be */

struct gw_peer {
    char *node, *address;
};

struct gw_book { /* whom this node dials, and by which keys it knows others */
    struct gw_peer *peers;
    uint32_t npeers;
    struct ov_pin *pins;
    unsigned npins;
};

#define GW_FROM 64u /* bytes of an address as text: "127.0.0.1" */
_Static_assert(GW_FROM >= INET6_ADDRSTRLEN, "an address fits");

struct gw_link {       /* a connection */
    uint64_t conn, io; /* conn 0: free */
    bool connecting;
    uint32_t dials; /* a node, as the core calls it, and one; 0: it was accepted */
    uint32_t book;  /* gw.books when it was dialled: another one has other addresses */
    bool paused;    /* is not read, as there is no room for what it says */
    uint64_t waits; /* bytes that have come by it and wait for room */
    bool held;      /* is not read, as the core wants it so */
    uint8_t *kept;  /* what has come meanwhile; owned */
    size_t nkept;
    bool choked;                     /* is not read, as answers wait to leave for its node */
    uint64_t slow_since;             /* more than GW_SLOW bytes wait to leave; 0: they do not */
    bool waited_for;                 /* and mail waits with them, or */
    bool stuck;                      /* does no more; what is for it is refused */
    uint64_t written, left, left_at; /* bytes; that had left when it was looked at; since when */
    uint64_t chokes;                 /* the connection that is not read because of it; 0: none */
    uint32_t tells_to;               /* a node, and one; 0: tells.c does not know it */
    char from[GW_FROM];              /* who is at the other end */
};

struct gw_refused {       /* since it was told last */
    uint64_t count, next; /* next: when it may be told again */
    char from[GW_FROM];
    const char *why;
};

struct gw_hung_up {   /* dials of a node, one after another, that whoever is there has ended */
    uint32_t running; /* in a row */
    uint32_t untold;
    uint64_t next; /* when it may be told again */
};

/* While so many bytes wait to leave for a peer it is slow: see slow.c. */
#define GW_SLOW (1u << 20)

struct gw_later { /* comes in, or is done, when this step is over */
    void (*run)(struct ax_ctx *ctx, const struct gw_later *later); /* NULL: `in` comes in */
    struct ov_in in;
    struct ov_answer answer;
    struct ov_store_answer store;
    struct ov_event link;
    struct ov_out out;
    struct ov_store_request request;
};

struct gw_unsent {
    uint64_t until; /* then the core waits for its answer no more */
    struct ov_store_request request;
};

#define GW_STORE_IS 128u

enum gw_store_state { GW_STORE_UNKNOWN, GW_STORE_UP, GW_STORE_DOWN };

struct gw_store {                     /* see leases.c */
    struct ov_store *server;          /* NULL: it is the memory store of a node, */
    uint64_t io;                      /* the server's descriptor */
    char trouble[OV_STORE_ERROR_MAX]; /* the last that was logged, */
    uint64_t trouble_at;              /* and when the next may be */
    enum gw_store_state state;        /* as this process knows it, */
    enum gw_store_state told;         /* and as it was told last, by whichever process */
    uint64_t silent_at;               /* that of another node, where it has not answered by then */
    bool here;                        /* of this one */
    char node[OV_NODE_MAX + 1];       /* who keeps it */
    char is[GW_STORE_IS];             /* in words: where leases are, the same on all nodes */
    struct ov_store_memory memory;
    uint64_t least;     /* epoch: of what has no record, and may be forgotten, none is above */
    uint64_t closed_to; /* until then others may believe in leases that it has forgotten */
    struct gw_unsent *unsent; /* as there is no session with that node */
    uint32_t nunsent, unsent_room;
};

struct gw_closing {    /* see closing.c */
    uint64_t *stopped; /* of leases, from 1: the epoch of which the core is not told yet; owned */
    uint32_t n;        /* of these */
    uint32_t left;     /* as the node leaves: leases under which something lives */
    bool tell;         /* workers that some were closed */
    uint64_t look_at;  /* UINT64_MAX: there are none of either */
    uint64_t pause;
};

struct gw {
    struct ov_self *self; /* secrets: in memory that no core file has */
    struct ov_cluster_config config;
    struct ov_registry registries[OV_REGISTRIES_MAX];
    struct gw_book book;
    struct gw_store store;
    struct gw_closing closing;
    struct far_keep_alive keep_alive;
    size_t show_room; /* bytes of what is shown at once */

    struct ov_cluster *cluster;
    struct ov_host_config host_config;
    struct ov_bound *bound;
    struct ov_host *host; /* of registries of the cluster */
    struct ov_outs outs;
    bool following;         /* what comes of a step: gw_step does not */
    struct gw_later *later; /* a queue, of which so many have come in */
    uint32_t nlater, later_room, came_in;
    uint64_t now;     /* CLOCK_BOOTTIME, ns */
    uint64_t tick_at; /* when a tick is under way for; UINT64_MAX: none is */
    uint64_t timer;   /* which that is */
    bool waited_for;  /* that it has no shard; by whom is kept, if by any */

    struct gw_link *links;
    uint32_t nlinks, nslow;                   /* nslow: that are waited for */
    uint64_t slow_at;                         /* when gw_slow_look has something to do */
    struct gw_table link_of_conn, link_of_io; /* indexes of links */
    uint64_t accepted;                        /* the socket that the core is being asked about */
    char accepted_from[GW_FROM];
    struct gw_refused refused;
    struct gw_hung_up hung_up[OV_NODES_MAX];
    uint32_t books;              /* address books that reloads have brought */
    bool rotating[OV_NODES_MAX]; /* the node's last session has ended for another one */

    struct gw_call *calls; /* calls.c */
    uint32_t ncalls, free_call;

    struct gw_table handle_of_ask; /* serve.c: of the core, or of the host with GW_OF_HOST */
    struct gw_table handle_of_monitor, monitor_of_handle, monitor_of_actor;
    struct gw_table bound_of_spawn; /* which of `bound` that is for, and one */
    uint64_t *unfound_at;           /* of each: when it may be logged again that it is not found */
    uint8_t hash_secret[16];        /* of stand_in.c */
    struct gw_table addr_of_identity;    /* the same; by a hash */
    struct gw_table monitor_of_stand_in; /* those that the core watches for */
    struct gw_table used_stand_ins;      /* since evict.c looked at them */
    struct gw_table lingering;           /* until when, and why they end */
    uint64_t sweep_at, look_at;
    uint64_t room_at; /* when what waits for room is looked at; UINT64_MAX: nothing does */
    uint64_t reading; /* the connection whose bytes come in; 0: none */
    struct ax_ref clerks[SHM_SLOTS][GW_CLERKS_EACH];
    uint32_t next_clerk[SHM_SLOTS];
};

extern struct gw gw; /* the process has one */

_Noreturn void gw_die(struct ax_ctx *ctx, const char *why);
/* Room for more, of that size each; dies where there is no memory. */
void *gw_grow(struct ax_ctx *ctx, void *array, uint32_t *room, size_t size);
/* What others are told of an error: AX_E_NO_MEMORY for one of the system. */
static inline uint8_t gw_status(int error)
{
    return error < 0 ? AX_E_NO_MEMORY : (uint8_t)error;
}
/* Answers what this turn has been asked with an error. */
void gw_refuse(struct ax_ctx *ctx, int error);

/* ---- setup.c ---- */

/* Memory that is in no core file, zeroed; NULL: there is none. */
void *gw_secret_memory(size_t size);
/* Adds the tokens that args name. 0, or an error whose text was logged. */
int gw_read_tokens(struct ax_ctx *ctx, const json_t *args, struct ov_self *self);
/* OV_NO_REGISTRY: there is none of that name. */
uint32_t gw_registry(const char *name);
/* Of all registries together. */
uint32_t gw_shards(void);
/* From the args of the actor. 0, or an error whose text was logged. */
int gw_setup(struct ax_ctx *ctx);

/* ---- book.c ---- */

int gw_key_from_hex(const char *hex, uint8_t key[OV_KEY]);
/* The peers and pins that args name, into one that is zeroed. */
int gw_book_read(struct gw_book *book, const json_t *args);
/* Of a node of the book; NULL: it is not in there. */
const char *gw_address(const char *node);
#define GW_WHY_ROOM 256u
/* Goes on with the tokens, peers and pins of other args. An error: with those that it has, and why.
 */
int gw_learn(struct ax_ctx *ctx, const char *args, char *why, size_t room);

/* ---- step.c ---- */

/* Sets gw.now; each step does. */
void gw_clock(void);
/* Something has come in: a step, what comes out of it, and all that follows. Result of the step. */
int gw_step(struct ax_ctx *ctx, const struct ov_in *in, uint64_t *id);
/* As an event of a connection, with its bytes. */
int gw_link_event(struct ax_ctx *ctx, struct ov_event event);
/* Within a step: comes in after it. */
struct gw_later *gw_later(struct ax_ctx *ctx, enum ov_in_kind kind);
/* Within a step: is done after it, with the request or the out that is put into it. */
struct gw_later *gw_run_later(struct ax_ctx *ctx,
                              void (*run)(struct ax_ctx *ctx, const struct gw_later *later));
/* Sets the tick for what is due next; sets none. */
void gw_arm(struct ax_ctx *ctx);
void gw_disarm(struct ax_ctx *ctx);

/* ---- links.c ---- */

/* One at least is kept; there may be no session yet, or any more. */
static inline bool gw_has_connection(const struct ov_node_view *view)
{
    return view->up || view->conn[0] != 0 || view->conn[1] != 0;
}
/* NULL: there is none of that number. */
struct gw_link *gw_links_find(uint64_t conn);
/* Bytes of it that have left. */
uint64_t gw_links_left(struct ax_ctx *ctx, const struct gw_link *link);
void gw_links_do(struct ax_ctx *ctx, const struct ov_effect *effect);
/* As if the peer had closed it; of 0, or one that is gone, nothing. */
void gw_links_end(struct ax_ctx *ctx, uint64_t conn);
/* So many bytes of what comes in wait for room, by the connection that is returned, 0: by none. It
 * is not read any further for now where they are too many, or where it is `crowded`. */
uint64_t gw_links_wait(struct ax_ctx *ctx, uint64_t bytes, bool crowded);
/* They do no more; where nothing of that one waits it is read again. */
void gw_links_waited(struct ax_ctx *ctx, uint64_t conn, uint64_t bytes);
/* That one alone, if it is there. */
void gw_links_choke(struct ax_ctx *ctx, uint64_t conn, bool choked);
void gw_links_io(struct ax_ctx *ctx, const struct ax_io_event *event);
/* What is left of what was received, where the connection is held; false: it is not. */
bool gw_links_keep(struct ax_ctx *ctx, const struct ov_event *event);

/* ---- slow.c ---- */

/* More than GW_SLOW bytes wait to leave by it; they have left; it is no more. */
void gw_slow_begin(struct ax_ctx *ctx, struct gw_link *link);
void gw_slow_drained(struct ax_ctx *ctx, struct gw_link *link);
void gw_slow_end(struct ax_ctx *ctx, struct gw_link *link);
/* What is due by now; gw.slow_at says when to look again. */
void gw_slow_look(struct ax_ctx *ctx);

/* ---- calls.c ---- */

struct gw_call {
    union {
        struct far_asker asker; /* of an ask */
        struct shm_tell_what tell;
    };
    uint64_t contract;
    void *body;           /* a copy, where it may be wanted again */
    uint32_t len, serial; /* serial: counts up with each use of the place */
    uint32_t next_free;
    uint16_t message;
    uint8_t kind; /* enum gw_call_kind; 0: free */
};

enum gw_call_kind { GW_TELL = 1, GW_ASK, GW_WATCH, GW_LEASE };

/* It is a dead letter. */
void gw_tell_lost(struct ax_ctx *ctx, const struct shm_tell_what *tell, int error);
void gw_calls_post(struct ax_ctx *ctx, const struct gateway_post *msg);
void gw_calls_ask(struct ax_ctx *ctx, const struct gateway_call *msg);
void gw_calls_watch(struct ax_ctx *ctx, const struct gateway_watch *msg,
                    struct gateway_watch_reply *reply);
/* Of the lease store that another node keeps; an answer goes to gw_leases_answer. */
void gw_calls_lease(struct ax_ctx *ctx, uint64_t number, const struct ov_request *request);
/* Asks that a process before this one had not answered, and tells that it had not sent: they end as
 * node down. */
void gw_calls_fail(struct ax_ctx *ctx);
void gw_calls_ready(struct ax_ctx *ctx, const struct ov_out *out);
void gw_calls_end(struct ax_ctx *ctx, const struct ov_out *out);

/* ---- serve.c ---- */

/* What the core says of actors of this node, and what the host of registries then wants done. */
void gw_serve(struct ax_ctx *ctx, const struct ov_out *out);
void gw_serve_host(struct ax_ctx *ctx, const struct ov_host_effect *effect);
void gw_serve_found(struct ax_ctx *ctx, const struct gateway_found *msg);
void gw_serve_reply(struct ax_ctx *ctx, const struct ax_reply *reply);
void gw_serve_down(struct ax_ctx *ctx, const struct ax_down *down);

struct gw_mail { /* a tell or ask for an actor of this node */
    const struct ov_frame *frame;
    uint64_t actor, handle; /* actor 0: the one that the frame names */
    uint64_t to;            /* its address; 0: it is not known yet, or there is none */
    uint32_t node;          /* it comes from, as the core calls it */
};

/* To mail->to; and what the error of that means. */
int gw_deliver(struct ax_ctx *ctx, const struct gw_mail *mail);
void gw_served(struct ax_ctx *ctx, const struct gw_mail *mail, int error);

/* ---- waiting.c ---- */

/* To mail->to, at once or when there is room, behind what waits for the same one. */
void gw_deliver_or_wait(struct ax_ctx *ctx, const struct gw_mail *mail);
/* A down, behind all that waits and has come from its node; false: nothing does. */
bool gw_waits_down(struct ax_ctx *ctx, const struct ov_out *out);
/* What has room by now. */
void gw_waiting_look(struct ax_ctx *ctx);

/* ---- stand_in.c ---- */

enum gw_kind { GW_KEY = 1, GW_ENDPOINT, GW_ACTOR };

struct gw_identity { /* as it is kept */
    uint8_t kind, key_len;
    bool watched;
    uint8_t pad[5];
    uint64_t node, addr; /* GW_ACTOR: the life of its node, and where it is there */
    uint64_t epoch;      /* and in which life of its shard; 0: it is in none */
    uint64_t contract;
    uint32_t registry, shard;
    char name[OV_NODE_MAX + 1];     /* of the node of an endpoint */
    char endpoint[OV_NODE_MAX + 1]; /* its name there */
    uint8_t key[AX_KEY_MAX];
};

/* The tables, from what was kept. */
void gw_stand_ins_open(struct ax_ctx *ctx);
/* The next of all, from *cursor on, as ax_map_next; false: there are no more. */
bool gw_stand_in_next(struct ax_ctx *ctx, uint64_t *cursor, uint64_t *addr,
                      struct gw_identity *identity);
void gw_stand_in_end(struct ax_ctx *ctx, uint64_t addr, enum ax_reason reason);
/* Who stands for it; made where there is nobody. 0, AX_E_LIMIT. */
int gw_stand_in(struct ax_ctx *ctx, const struct gw_identity *identity, struct ax_ref *who);
/* Whom that one stands for. False: nobody. */
bool gw_stands_for(struct ax_ctx *ctx, uint64_t addr, struct gw_identity *identity);
/* What a message to (node, addr) is for. 0, AX_E_NO_ACTOR, AX_E_NODE_DOWN. */
int gw_target(struct ax_ctx *ctx, uint64_t node, uint64_t addr, struct gw_identity *identity,
              struct ov_target *target);
/* Who stands for the actor at (node, addr), and ends with it. With GW_KEY in *identity it is to be
 * found first, by an ensure, and gw_watch_found takes that. 0 or the error. */
int gw_watch(struct ax_ctx *ctx, uint64_t node, uint64_t addr, struct ax_ref *who,
             struct gw_identity *identity);
int gw_watch_found(struct ax_ctx *ctx, const struct ov_out *out, struct ax_ref *who);
void gw_watch_down(struct ax_ctx *ctx, const struct ov_out *out);
/* What is due by now; gw.look_at says when to look again. */
void gw_stand_ins_look(struct ax_ctx *ctx);
/* The same in words, into `text` of FAR_WHOM_MAX + 1 bytes; NULL: nobody is meant. */
const char *gw_whom(struct ax_ctx *ctx, uint64_t node, uint64_t addr, char *text);
/* The core's index of the node in that life; GW_NO_NODE: it is not known. */
#define GW_NO_NODE (UINT32_MAX - 1)
uint32_t gw_node_of_boot(uint64_t boot);
uint32_t gw_node_of_name(const char *name);
/* And the life that the node is in now; 0: it is not up. */
uint64_t gw_boot_of(uint32_t node);

/* ---- evict.c ---- */

/* It is not the next one to go. */
void gw_evict_used(struct ax_ctx *ctx, uint64_t addr);
/* Ends one; false: all are needed. */
bool gw_evict(struct ax_ctx *ctx);

/* ---- leases.c ---- */

/* What the process before has kept of the memory store; where there is nothing it begins. */
void gw_leases_open(struct ax_ctx *ctx);
/* The descriptor of a server is readable, or its time has come. */
void gw_leases_run(struct ax_ctx *ctx);
/* When that is. */
uint64_t gw_leases_next(void);
void gw_leases_ask(struct ax_ctx *ctx, const struct ov_store_request *request);
/* There is a session with that node now. */
void gw_leases_node_up(struct ax_ctx *ctx, const char *node);
/* There is none any more. */
void gw_leases_node_down(struct ax_ctx *ctx, const char *node);
/* What another node asks of the store that is kept here. False: it is no such question. */
bool gw_leases_serve(struct ax_ctx *ctx, const struct ov_out *out);
void gw_leases_answer(struct ax_ctx *ctx, uint64_t number, const struct ov_out *out);

/* ---- closing.c ---- */

/* What workers are to know of the lease of a shard. */
void gw_lease_publish(struct ax_ctx *ctx, uint32_t registry, uint32_t shard);
/* The same where the core says that the shard is gained, to be given away, or lost. */
void gw_lease_follow(struct ax_ctx *ctx, const struct ov_out *out);
/* Before anything is published. */
void gw_closing_open(struct ax_ctx *ctx);
/* What the host says of a shard, that nothing runs in it: whether the core is to know it now. */
bool gw_closed(struct ax_ctx *ctx, const struct ov_in *in);
/* Else it is told when it is so. */
void gw_closing_put_off(const struct ov_in *in);
/* Behind all that was told to end: workers look for who was not. */
void gw_closing_tell(struct ax_ctx *ctx);
/* The node leaves: whatever lives under its leases is to end. */
void gw_closing_leave(struct ax_ctx *ctx);
/* Something does, of any that are being closed. */
bool gw_closing_any(void);
/* When gw.closing.look_at has come. */
void gw_closing_look(struct ax_ctx *ctx);

/* ---- alike.c ---- */

/* There is a session with that node now, which is told how this one is configured. */
void gw_alike_node_up(struct ax_ctx *ctx, uint32_t node);
/* What another node says of that. False: it says something else. */
bool gw_alike_serve(struct ax_ctx *ctx, const struct ov_out *out);

/* ---- show.c ---- */

#define GW_SHOW_ROOM 32768u /* bytes; an item takes less than a kilobyte */

/* Items of a JSON array from the `from`th on, as many as fit, and where to go on; 0: that is all.
 * AX_E_INVALID: there is no such list. */
int gw_show(const char *what, uint64_t from, char *text, size_t room, uint64_t *next);

/* ---- counts.c ---- */

struct gw_count {
    const char *name;
    uint64_t value, most;
    bool in_hand; /* up to `most`; else: since this gateway began */
};

/* Looks at what is in hand, once for all of them; how many counts there are. */
uint64_t gw_counts_look(void);
/* One of these, as it was then. */
struct gw_count gw_count(uint64_t at);

/* ---- news.c ---- */

void gw_news_node(struct ax_ctx *ctx, const char *node, const struct ov_effect *effect);
void gw_news_lease(struct ax_ctx *ctx, const struct ov_out *out);
/* Nothing runs in a shard any more, as the core is about to hear. */
void gw_news_stopped(struct ax_ctx *ctx, const struct ov_in *in);
void gw_news_from(char text[GW_FROM], const struct sockaddr_storage *from);
/* `why` is there for good. */
void gw_news_refused(struct ax_ctx *ctx, const char *from, const char *why);
/* Whoever is where that node is dialled has ended the connection without having shown that it is
 * that one; or the dial, or the node, came to another end. */
void gw_news_hung_up(struct ax_ctx *ctx, uint32_t node, const char *name, const char *address);
void gw_news_not_hung_up(uint32_t node);
/* Peers have other addresses, and nodes may have other numbers. */
void gw_news_no_dials(void);
/* Tells what has been held back, and when that is due. */
void gw_news_look(struct ax_ctx *ctx);
uint64_t gw_news_next(void);

/* ---- gateway.c ---- */

/* Who has asked for a drain is told when no shard is left. */
void gw_drained(struct ax_ctx *ctx);

#endif
