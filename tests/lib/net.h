/* SPDX-License-Identifier: MIT */
/* tests/lib/net.h - a network of cores in one process and in virtual time: a carrier without
 * sockets. One seed decides all: how long each byte takes, in which pieces it comes, and the chance
 * that cores are given. Bytes of one connection stay in order; connections overtake each other.
 *
 * Each step is checked as it is made: a session comes up when there was none and goes down when
 * there was one; frames come within a session, from the node that has said them, and none twice. As
 * long as nothing was lost, none comes outside a session; and otherwise one does only from a node
 * that has not noticed yet that its session is over. A check that fails fails the cmocka test. */
#ifndef TESTS_NET_H
#define TESTS_NET_H

#include "overlay/core/core.h"

#define NET_NODES 6u
#define NET_PIPES 512u
#define NET_MAIL 8192u
#define NET_MS 1000000ull
#define NET_S (1000 * NET_MS)

struct net_peer { /* of a node, as it was told */
    bool up, suspect;
    struct ov_ident ident;
    enum ov_end end; /* of the last session */
    unsigned ups, downs;
    uint64_t sent, taken,
        last[3];                  /* frames: sent, taken of the peer's, and the last one's number */
    uint64_t swapped;             /* frames that came behind a later one of their plane */
    uint64_t sent_now, taken_now; /* the same, in the session that is up */
    unsigned over;                /* the last of its sessions of which a frame came outside one */
    uint8_t seen[1024];           /* by number */
};

struct net_node {
    bool alive;
    uint32_t life; /* how often it was started */
    struct ov_self self;
    struct ov_core_config config;
    struct ov_core *core;
    void *memory;
    uint32_t index[NET_NODES]; /* what its core calls the others; UINT32_MAX: not known */
    struct net_peer peer[NET_NODES];
    unsigned dials, turned_away;
    enum ov_end closed; /* the last end that it gave a connection */
};

struct net_end {
    unsigned node;
    uint32_t life;    /* of the node */
    uint64_t conn;    /* 0: not accepted yet */
    bool open;        /* at this end */
    uint64_t last_at; /* when the last of what was sent from here arrives */
    bool held;        /* what arrives here is kept */
    uint8_t *kept;    /* owned; with nkept above 0 and not held, it is about to be given again */
    size_t nkept;
};

struct net_mail {
    uint64_t at, order; /* at 0: none */
    enum { NET_CONNECT, NET_CONNECTED, NET_BYTES, NET_CLOSED } what;
    unsigned pipe, end; /* to this end of it */
    uint8_t *bytes;
    size_t len;
};

struct net {
    unsigned nodes;
    uint64_t now, seed, order, steps;
    uint64_t delay_min, delay_max;
    uint64_t extra[3];                  /* besides, by plane */
    bool faulty;                        /* something was lost */
    uint32_t effects_room;              /* of each step */
    bool lost[NET_NODES][NET_NODES];    /* what is sent from the one to the other vanishes */
    bool unknown[NET_NODES][NET_NODES]; /* dials are refused */
    bool hung[NET_NODES][NET_NODES];    /* dials are never answered */
    unsigned npipes;
    struct {
        struct net_end end[2]; /* 0 has dialled */
        enum ov_plane plane;
        bool lost; /* nothing goes through it any more */
    } pipe[NET_PIPES];
    unsigned nmail; /* places below are in use, or were */
    struct net_mail mail[NET_MAIL];
    struct net_node node[NET_NODES];
    struct ov_effects effects;
    /* NULL, or what a test does with each frame that a node is told. */
    void (*taken)(struct net *net, unsigned node, const struct ov_effect *effect);
};

/* n nodes "a", "b" ... that are not started; their config may be changed until then. */
void net_init(struct net *net, unsigned n, uint64_t seed);
void net_deinit(struct net *net);

void net_start(struct net *net, unsigned node); /* a new life, with another boot */
void net_know(struct net *net, unsigned node, unsigned other);
void net_forget(struct net *net, unsigned node, unsigned other);
void net_mesh(struct net *net); /* starts all, and each knows each */
void net_leave(struct net *net, unsigned node);
/* It is gone. Its peers see their connections closed; or, quietly, nothing. */
void net_crash(struct net *net, unsigned node, bool quiet);
/* Closes all connections between two, or those of a plane; what is under way is lost. */
void net_cut(struct net *net, unsigned a, unsigned b, enum ov_plane plane);
/* One node sees all its connections to the other closed, at once; what is under way is lost. The
 * other one hears of it after so many ns; UINT64_MAX: never. */
void net_lose(struct net *net, unsigned node, unsigned other, uint64_t told_ns);
/* One event, of the test's own. */
int net_step(struct net *net, unsigned node, const struct ov_event *event);
/* Says the next number to the other, on the data plane or on control. What ov_core_step says to it.
 */
int net_tell(struct net *net, unsigned from, unsigned to);
int net_say(struct net *net, unsigned from, unsigned to, struct ov_frame frame); /* as its number */
int net_demonitor(struct net *net, unsigned from, unsigned to);

/* A peer that breaks the protocol: frames, or a record that does not decrypt, on the connection
 * that `from` keeps, without its core. */
void net_forge(struct net *net, unsigned from, unsigned to, enum ov_plane plane,
               const struct ov_frame *frames, unsigned n);
void net_forge_record(struct net *net, unsigned from, unsigned to, enum ov_plane plane);

/* Until so many ns have passed; or until all is up, at most so long. */
void net_run(struct net *net, uint64_t ns);
bool net_run_until_up(struct net *net, uint64_t ns);

/* Whether two have a session, the same one on both sides, over the same two connections, and there
 * is no other connection between them. */
bool net_joined(struct net *net, unsigned a, unsigned b);
/* Connections between two of which an end is open. */
unsigned net_open(const struct net *net, unsigned a, unsigned b);
/* With nothing under way: what each has sent in the session that is up, the other one has taken in
 * the one that it has. */
void net_expect_even(const struct net *net);
/* Ends a node's core, and holds that nothing is left in its memory. */
void net_expect_wiped(struct net *net, unsigned node);

#endif
