/* SPDX-License-Identifier: MIT */
/* model.h - what must be so after a round, from what the actors have noted.
 *
 * The order in which things happen is not known, so the model does not predict it. It takes what an
 * actor has committed to do (its notes are part of its turns) and knows from it what others must
 * have been told once all is at rest. Where two actors act on the same thing in one round, and the
 * order decides, it accepts either end and no third. */
#ifndef MODEL_H
#define MODEL_H

#include "tests/plugins/lives/note.h"

#include <ax/actor.h>
#include <stdbool.h>

#define UNKNOWN 0xffu /* a reason */
#define BOOK 1ull     /* who has sent an order */

/* A growing array. */
#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *at;                                                                                  \
        uint32_t n, room;                                                                          \
    }
#define VEC_ADD(vec, ...)                                                                          \
    __extension__({                                                                                \
        (vec)->at = vec_room((vec)->at, (vec)->n, &(vec)->room, sizeof *(vec)->at);                \
        (vec)->at[(vec)->n] = (__VA_ARGS__);                                                       \
        &(vec)->at[(vec)->n++];                                                                    \
    })
#define VEC_EACH(vec, p)                                                                           \
    for (__typeof__(*(vec)->at) *p = (vec)->at; p != NULL && p < (vec)->at + (vec)->n; p++)
void *vec_room(void *at, uint32_t n, uint32_t *room, size_t size);

struct end { /* of an incarnation, in this round */
    uint32_t life;
    bool past;     /* in the one before: somebody may be told late */
    uint64_t more; /* NOTE_REASON, NOTE_RETURNS, NOTE_SUSPECT */
};

struct life {
    uint64_t addr, key; /* key + 1; 0: none */
    bool begun, gone, never, nurse;
    bool old;         /* was there when the round began */
    bool was_gone;    /* and gone already */
    uint32_t reason;  /* of its end for good */
    uint32_t life;    /* the latest that is known */
    uint32_t at_open; /* the same when the round began */
    uint32_t fates;   /* the last that the book was told of */
    uint32_t noted;   /* the life of its last note */
    bool ending, resting;
    uint64_t notes;
    bool trap, trap_moved;
    uint32_t groups; /* bits */
    uint64_t hits, table[LIVES_ENTRIES];
    uint32_t entries;
    bool has[LIVES_ENTRIES];
    uint32_t upset, failed; /* told to fail, and failed, in this round */
    bool quit, stopped, explained;
    uint32_t quit_reason;
    VEC(struct end) ends;
};

struct watch {
    uint64_t monitor, self, who;
    uint32_t flags, next; /* next: the life whose end is told next; 0: not known yet */
    uint32_t at_open;     /* `next` when the round began */
    bool done, off;
};

enum tie_state { OFF, ON, EITHER };

struct tie { /* between two, a < b */
    uint64_t a, b;
    enum tie_state state;
    bool possible; /* at any moment of this round */
    uint32_t acted, links, unlinks;
};

struct mail { /* from one to another, in this round */
    uint64_t from, to;
    VEC(uint64_t) sent;
    VEC(uint64_t) got;
};

struct notice { /* of an end that somebody was told of, or of a signal that was sent */
    uint64_t self, from;
    uint32_t life;
    uint64_t more;
};

struct question {
    uint64_t number, self, who, ask;
    bool asked, later;
    uint32_t life, served, ended;
    int error; /* how it has ended */
};

struct timer {
    uint64_t number, self, timer;
    uint32_t rang, canceled;
};

struct tried { /* a result other than 0, or of what might have failed */
    uint64_t self, who;
    uint32_t op;
    int error;
    enum tie_state state; /* of OP_UNLINK: of the link before, if the other one did nothing */
};

struct model {
    VEC(struct life *) lives;
    VEC(struct watch) watches;
    VEC(struct tie) ties;
    VEC(struct mail) mails;
    VEC(struct notice) exits; /* noted by on_exit */
    VEC(struct notice) signals;
    VEC(struct notice) downs;
    VEC(struct question) questions;
    VEC(struct timer) timers;
    VEC(struct tried) tried;
    uint64_t round, notes, wrongs, gone, ops[OPS];
    uint64_t told_downs, told_exits, hits, ends, answers, cancels;
};

/* Something that must not be, whatever comes. */
__attribute__((format(printf, 2, 3))) void wrong(struct model *model, const char *format, ...);

struct life *model_life(struct model *model, uint64_t addr); /* made where there is none */
struct life *model_find(const struct model *model, uint64_t addr);
struct tie *model_tie(struct model *model, uint64_t a, uint64_t b);
struct mail *model_mail(struct model *model, uint64_t from, uint64_t to);
const char *model_name(uint64_t addr);

void model_note(struct model *model, const struct note *note);
void model_did(struct model *model, struct life *self, const struct note *note);
void model_down(struct model *model, struct life *self, const struct note *note);

/* How many things are not as they must be once all is at rest; printed if wanted. */
uint32_t model_judge(struct model *model, bool print);
void judge_ends(struct model *model);
/* The beginning of the next round, after the model was content. */
void model_next(struct model *model);

__attribute__((format(printf, 1, 2))) void fault(const char *format, ...);

#endif
