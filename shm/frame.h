/* SPDX-License-Identifier: MIT */
/* shm/frame.h - one message, in a lane and in a mailbox: the same bytes; and what the runtime's own
 * messages say. */
#ifndef SHM_FRAME_H
#define SHM_FRAME_H

#include "shm/atomic.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define SHM_NAME_MAX 63u

/* An actor's address: slot 8 bits, index 24 bits, generation 32 bits. 0 is nobody. */
#define SHM_REF(slot, index, gen)                                                                  \
    ((uint64_t)(slot) << 56 | (uint64_t)(index) << 32 | (uint64_t)(uint32_t)(gen))
#define SHM_REF_SLOT(ref) ((uint32_t)((ref) >> 56))
#define SHM_REF_INDEX(ref) ((uint32_t)((ref) >> 32) & 0xffffffu)
#define SHM_REF_GEN(ref) ((uint32_t)(ref))

enum shm_kind {
    SHM_TELL = 1,
    SHM_ASK,
    SHM_REPLY,     /* body: the reply's image; corr: the asker's number */
    SHM_ERROR,     /* a reply that is an AX_E_* in `method` */
    SHM_DOWN,      /* body: struct shm_down_body */
    SHM_MONITOR,   /* control: `from` watches `to`; corr is the monitor's number */
    SHM_DEMONITOR, /* control */
    SHM_SLOT_DOWN, /* control, from axsup: body: struct shm_slot_down_body */
    SHM_READY,     /* control, to axsup: body: struct shm_ready_body */
    SHM_CLAIM,     /* control, to axsup: a name for `from`; body: the name */
    SHM_GRANT,     /* control, from axsup: answer to a claim; method: AX_E_* or 0 */
    SHM_STOP,      /* control, from axsup: stop the actor `to`, or the whole worker when 0; body of
                      the latter: struct shm_stop_body */
    SHM_STOPPED,   /* control, to axsup: the worker has stopped; body: struct shm_stopped_body */
    SHM_ACCUSE,    /* control, to axsup: the lane of slot `corr` is malformed; method: which lane;
                      body: uint64_t position */
    SHM_LOOKUP,    /* control: the actor of a key; body: struct lookup_body */
    SHM_FOUND,     /* control: answer to a lookup or a list; method: AX_E_* or 0; body: the ref, of
                      a list: struct listed_body */
    SHM_LINK,      /* control: `from` links `to`; corr is the link's number; body: struct
                      shm_since_body of `from` */
    SHM_UNLINK,    /* control */
    SHM_EXIT,      /* body: struct shm_down_body; corr: the link, 0: a signal sent by an actor */
    SHM_KILL,      /* control: ends the actor `to` at once */
    SHM_LIFE,      /* a notice of the lifecycle stream, within a slot, or control, from axsup: of
                      another slot's actor; body: struct shm_life_body */
    SHM_ORDER,     /* control: a question that overtakes the mail of `to`; method: enum shm_order.
                      Answered as an ask is */
    SHM_SINCE,     /* control: the monitor or link `corr` has reached `from`; body: struct
                      shm_since_body */
    SHM_LIST,      /* control: the next actor of a registry; body: struct list_body */
    SHM_PAD = 255, /* fills a ring up to its wrap; only `size` and `kind` count */
};

/* What an order asks. */
enum shm_order { SHM_ORDER_PING, SHM_ORDER_SNAPSHOT };

struct shm_frame {
    uint32_t size; /* whole frame, bytes, a multiple of 8 */
    uint16_t method;
    uint8_t kind;
    uint8_t pad;
    uint64_t to;    /* address */
    uint64_t from;  /* address, 0: no actor (axsup's command line, a timer) */
    uint64_t corr;  /* number of the ask or the monitor */
    uint64_t stamp; /* in a lane: the sender's turn. In a mailbox: 0 */
    uint8_t body[];
};
_Static_assert(sizeof(struct shm_frame) == 40, "frame header");

static inline uint32_t shm_frame_size(uint32_t body)
{
    return (uint32_t)sizeof(struct shm_frame) + ((body + 7u) & ~7u);
}

static inline uint32_t shm_frame_body(const struct shm_frame *frame)
{
    return frame->size - (uint32_t)sizeof(struct shm_frame);
}

/* Why an incarnation ended. X(name, number, text) */
#define SHM_REASONS(X)                                                                             \
    X(NORMAL, 0, "normal")                                                                         \
    X(SHUTDOWN, 1, "shutdown")                                                                     \
    X(FAILED, 2, "failed")                                                                         \
    X(KILLED, 3, "killed")                                                                         \
    X(SIGNAL, 4, "signal")                                                                         \
    X(EXITED, 5, "exited")                                                                         \
    X(HUNG, 6, "hung")                                                                             \
    X(GONE, 7, "no such actor")                                                                    \
    X(RESTART_INTENSITY, 8, "restart intensity exceeded")                                          \
    X(CORRUPT, 9, "memory does not add up")                                                        \
    X(LEASE_LOST, 10, "lease lost")                                                                \
    X(NODE_DOWN, 11, "node down")                                                                  \
    X(PROTOCOL, 12, "protocol violation")                                                          \
    X(OTHER, 13, "other")

enum shm_reason {
#define SHM_REASON_ENUM(name, number, text) SHM_##name = number,
    SHM_REASONS(SHM_REASON_ENUM)
#undef SHM_REASON_ENUM
};

#define SHM_REASON_ONE(name, number, text) +1
enum { SHM_REASON_COUNT = SHM_REASONS(SHM_REASON_ONE) };
#undef SHM_REASON_ONE

#define SHM_WORDS 48u /* of a reason that is other, the NUL included */

/* Only with words does it take all of its bytes: shm_down_size. */
struct shm_down_body {
    uint64_t who;
    uint32_t incarnation;
    uint8_t reason; /* enum shm_reason */
    uint8_t signal; /* for SHM_SIGNAL */
    uint8_t suspect;
    uint8_t will_restart;
    uint64_t after; /* read the sender's data lane up to here first: downs keep their place */
    char words[SHM_WORDS]; /* for SHM_OTHER */
};
#define SHM_DOWN_LEAST offsetof(struct shm_down_body, words)

static inline uint32_t shm_down_size(const struct shm_down_body *body)
{
    return body->reason == SHM_OTHER && body->words[0] != '\0' ? (uint32_t)sizeof *body
                                                               : (uint32_t)SHM_DOWN_LEAST;
}

/* Of a frame that anybody may have written. False: it is no such body. */
static inline bool shm_down_read(const struct shm_frame *frame, struct shm_down_body *body)
{
    uint32_t size = shm_frame_body(frame);
    if (size < SHM_DOWN_LEAST)
        return false;
    memset(body->words, 0, sizeof body->words);
    memcpy(body, frame->body, SHM_DOWN_LEAST);
    if (size >= sizeof *body)
        memcpy(body->words, frame->body + SHM_DOWN_LEAST, sizeof body->words);
    body->words[SHM_WORDS - 1] = '\0';
    return body->reason < SHM_REASON_COUNT && body->suspect <= 1 && body->will_restart <= 1;
}

/* From when on the sender of a frame knows of a monitor or a link. */
struct shm_since_body {
    uint32_t incarnation; /* its own */
    uint32_t process;     /* of its slot */
    uint32_t unit;        /* where it keeps its record */
    uint32_t pad;
};

struct shm_life_body {
    uint64_t who;
    uint32_t incarnation;
    uint32_t missed; /* notices before this one that were left out */
    uint8_t what;    /* SHM_ACTOR_STARTED, _RESTARTED, _STOPPED */
    uint8_t reason;  /* enum shm_reason */
    uint8_t stop;    /* enum ax_stop_reason */
    uint8_t pad[5];
};

struct shm_slot_down_body {
    uint32_t slot;
    uint32_t incarnation; /* of the process that died */
    uint8_t reason;
    uint8_t signal;
    uint8_t will_restart;
    uint8_t pad;
    uint32_t suspect; /* index of the actor in hand, 0: none */
    uint64_t turn;    /* the last that it committed */
};

struct shm_ready_body {
    uint32_t incarnation;
    uint32_t pad;
    uint64_t mail; /* messages found in mailboxes */
};

struct shm_stop_body {
    uint64_t within; /* ns from now on, until the process is ended by a signal */
    uint64_t now;    /* not 0: the mail is left */
};

struct shm_stopped_body {
    uint64_t mail; /* messages left unhandled */
};

#endif
