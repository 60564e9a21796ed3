/* SPDX-License-Identifier: MIT */
/* note.h - the lines of the book and of the script, as they are in files. */
#ifndef NOTE_H
#define NOTE_H

#include <stdint.h>

#define LIVES_GROUPS 6u
#define LIVES_KEYS 12u
#define LIVES_ENTRIES 64u /* keys of a life's map */

/* X(name): what an actor may be told to do. Its arguments are `who` and `value`. */
#define LIVES_OPS(X)                                                                               \
    X(SPAWN)     /* bits of enum spawn_how */                                                      \
    X(LINK)      /* who */                                                                         \
    X(UNLINK)    /* who */                                                                         \
    X(MONITOR)   /* who; value: the flags */                                                       \
    X(DEMONITOR) /* value: the monitor */                                                          \
    X(TRAP)      /* value: on or off */                                                            \
    X(JOIN)      /* value: the group */                                                            \
    X(LEAVE)     /* value: the group */                                                            \
    X(TELL)      /* who; value: how many hits */                                                   \
    X(ASK)       /* who; value: the deadline in ns */                                              \
    X(LATER)     /* the same, without waiting */                                                   \
    X(UPSET)     /* who: fails; hits before and behind */                                          \
    X(QUIT)      /* value: the reason; who gets a last hit */                                      \
    X(SIGNAL)    /* who; value: the reason of the exit that is sent */                             \
    X(STOP)      /* who */                                                                         \
    X(TIMER)     /* value: ns */                                                                   \
    X(CANCEL)    /* value: the timer */                                                            \
    X(PUT)       /* value: what is put under its remainder */                                      \
    X(DELETE)    /* value: the entry */                                                            \
    X(CLEAR)     /* */                                                                             \
    X(CHECK)     /* notes what it keeps */                                                         \
    X(KEY)       /* value: the key, whose actor gets a hit */                                      \
    X(REST)      /* passivates itself */

enum op {
#define LIVES_OP(name) OP_##name,
    LIVES_OPS(LIVES_OP)
#undef LIVES_OP
        OPS
};

enum spawn_how { SPAWN_NEVER = 1, SPAWN_LINKED = 2, SPAWN_WATCHED = 4, SPAWN_NAMED = 8 };

enum note_kind {              /* error, where something was tried: its result */
                 NOTE_BEGUN,  /* first life; number: its key + 1, or 0 */
                 NOTE_AGAIN,  /* a later one */
                 NOTE_ENDING, /* on_stop */
                 NOTE_ACT,    /* number, value: op. It is done, or begun where it suspends */
                 NOTE_DID,  /* the result of an op; number, who, value: op and NOTE_HOW, more: what
                               it gave */
                 NOTE_HIT,  /* number, who: sender, value: life of the sender */
                 NOTE_SENT, /* number, who */
                 NOTE_SERVED, /* number */
                 NOTE_ENDED, /* an ask: number, or more: its number in the runtime; value: number in
                                the reply */
                 NOTE_DOWN,  /* who, number: monitor, value: life, more: reason and flags */
                 NOTE_EXIT,  /* who, value: life, more: reason and flags */
                 NOTE_RANG,  /* number */
                 NOTE_FATE,  /* by the book: who, value: life, more: reason and flags */
                 NOTE_ORDER, /* by the book: number, who, value: op, error: whether it was accepted
                              */
};

#define NOTE_OP(value) ((uint32_t)((value)&0xff))
#define NOTE_HOW(value) ((uint32_t)((value) >> 8))
#define NOTE_REASON(more) ((uint32_t)((more)&0xff))
#define NOTE_RETURNS 0x100u /* will_restart */
#define NOTE_SUSPECT 0x200u

struct note {
    uint32_t kind, life; /* of self */
    int32_t error;
    uint32_t zero;
    uint64_t order; /* of the notes of self, from 1 */
    uint64_t self, number, who, value, more;
};

struct order { /* a line of the script */
    uint64_t to, number, who, value;
    uint32_t op, zero;
};

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t lives_mark(uint64_t x)
{
    x *= 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

#endif
