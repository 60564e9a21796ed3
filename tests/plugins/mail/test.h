/* SPDX-License-Identifier: MIT */
/* test.h - what a test of a desk is written with: it returns the first of its lines that did not
 * hold. */
#ifndef TEST_H
#define TEST_H

#include "mail.h"

struct test { /* where it runs, and what it has */
    struct ax_ctx *ctx;
    desk_ref at;
    bool here;
    char trace[128];
};

#define STRINGIZE(x) #x
#define LINE(x) STRINGIZE(x)
#define HOLDS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return LINE(__LINE__) ": " #condition;                                                 \
    } while (0)
/* Becomes true within some seconds. */
#define BECOMES(condition)                                                                         \
    do {                                                                                           \
        uint64_t until_ = ax_now(t->ctx) + AX_SECONDS(5);                                          \
        while (!(condition)) {                                                                     \
            if (ax_now(t->ctx) > until_ || mail_pause(t->ctx) != 0)                                \
                return LINE(__LINE__) ": " #condition;                                             \
        }                                                                                          \
    } while (0)

/* A clerk, by the members of desk_open: here, or in the other worker by its desk. */
int open_clerk(struct test *t, struct desk_open o, clerk_ref *who);
#define OPEN(who, ...) open_clerk(t, (struct desk_open){__VA_ARGS__}, who)

/* Those that are told to hold go on, or no more. 0 or an error. */
int gate(struct test *t, bool is_open);
/* So many that are told to pass go on. */
int let(struct test *t, uint32_t count);
const char *trace(struct test *t);
bool traced(struct test *t, const char *what);
/* A clerk of this worker that calls. */
int aide(struct test *t, clerk_ref to, uint32_t what, uint32_t slot, uint64_t ms);
bool held(struct test *t, clerk_ref who);

/* A clerk in the middle of a message, until the gate opens. */
#define OPEN_HELD(who, ...)                                                                        \
    do {                                                                                           \
        HOLDS(gate(t, false) == 0);                                                                \
        HOLDS(OPEN(who, __VA_ARGS__) == 0);                                                        \
        HOLDS(clerk_hold(t->ctx, *(who)) == 0);                                                    \
        BECOMES(held(t, *(who)));                                                                  \
    } while (0)

/* lives.c */
const char *names(struct test *t);
const char *backoff(struct test *t);
const char *bad_hooks(struct test *t);
const char *in_a_row(struct test *t);
const char *reject(struct test *t);
const char *heir(struct test *t);
const char *heir_again(struct test *t);

#endif
