/* SPDX-License-Identifier: MIT */
/* lives.c - names, waits before a restart, hooks that fail, a mailbox that refuses. */
#include "test.h"

#include <time.h>

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* A name is one actor's, wherever it is, from its start over its restarts to its end. */
const char *names(struct test *t)
{
    const struct ax_spawn twin = {.name = "twin", .capacity = 8};
    clerk_ref c, d;

    HOLDS(OPEN(&c, .name = "twin") == 0);
    HOLDS(clerk_spawn(t->ctx, &twin, &d) == AX_E_NAME_TAKEN);
    HOLDS(clerk_find(t->ctx, "twin", &d) == 0 && d.ref.addr == c.ref.addr);
    HOLDS(clerk_fail(t->ctx, c) == 0);
    BECOMES(clerk_incarnation(t->ctx, c) == 2);
    HOLDS(clerk_spawn(t->ctx, &twin, &d) == AX_E_NAME_TAKEN);
    HOLDS(clerk_stop_wait(t->ctx, c, AX_SECONDS(5)) == 0);
    HOLDS(clerk_spawn(t->ctx, &twin, &d) == 0 && d.ref.addr != c.ref.addr);
    HOLDS(OPEN(&c, .name = "twin") == AX_E_NAME_TAKEN);
    HOLDS(clerk_stop_wait(t->ctx, d, AX_SECONDS(5)) == 0);
    HOLDS(OPEN(&c, .name = "twin") == 0);
    HOLDS(clerk_stop_wait(t->ctx, c, AX_SECONDS(5)) == 0);
    return NULL;
}

/* It comes back when its backoff is over and not before; who asked is told at once. */
const char *backoff(struct test *t)
{
    static const uint64_t waits[] = {100, 200, 200}; /* twice as long each time, up to the most */
    const uint64_t hour = UINT64_C(3600000);
    struct clerk_die_reply died;
    struct clerk_get_reply got;
    clerk_ref c;

    HOLDS(OPEN(&c, .backoff_ms = waits[0]) == 0);
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t began = now();
        HOLDS(clerk_die(t->ctx, c, &died, AX_SECONDS(5)) == AX_E_CANCELED);
        HOLDS(clerk_get(t->ctx, c, &got, AX_SECONDS(5)) == 0);
        HOLDS(now() - began >= waits[i] * MS);
        HOLDS(clerk_incarnation(t->ctx, c) == i + 2);
    }
    HOLDS(OPEN(&c, .backoff_ms = hour / 2) == 0);
    HOLDS(clerk_die(t->ctx, c, &died, AX_SECONDS(5)) == AX_E_CANCELED);
    HOLDS(clerk_get(t->ctx, c, &got, 20 * MS) == AX_E_TIMEOUT); /* accepted */
    HOLDS(!clerk_is_closed(t->ctx, c));
    HOLDS(clerk_stop_wait(t->ctx, c, AX_SECONDS(5)) == 0);
    return NULL;
}

/* Each that fails is a failure of the actor; the script looks at what it ended of. */
const char *bad_hooks(struct test *t)
{
    clerk_ref c, d;

    HOLDS(OPEN(&c, .name = "starter", .kind = KIND_NEVER, .snapshot = "bad start") == 0);
    BECOMES(clerk_is_terminated(t->ctx, c));
    HOLDS(traced(t, "rB"));
    HOLDS(OPEN(&c, .name = "restarter", .restarts = 1, .snapshot = "bad restart") == 0);
    HOLDS(clerk_fail(t->ctx, c) == 0);
    BECOMES(clerk_is_terminated(t->ctx, c));
    HOLDS(traced(t, "rBrBrR"));
    HOLDS(OPEN(&c, .name = "downer", .kind = KIND_NEVER, .snapshot = "bad down") == 0);
    HOLDS(OPEN(&d, .capacity = 8) == 0);
    HOLDS(clerk_watch(t->ctx, c, d) == 0 && clerk_stop(t->ctx, d) == 0);
    BECOMES(clerk_is_terminated(t->ctx, c));
    return NULL;
}

/* Orders go before messages, but no more than 64 in a row. */
const char *in_a_row(struct test *t)
{
    const uint32_t orders = 70;
    clerk_ref c;

    OPEN_HELD(&c, .capacity = 8, .control = orders);
    for (uint32_t i = 0; i < orders; i++)
        HOLDS(aide(t, c, CALL_SNAPSHOT, 1, 5000) == 0);
    HOLDS(clerk_note(t->ctx, c, 1) == 0 && clerk_note(t->ctx, c, 2) == 0);
    BECOMES(clerk_control_mailbox_len(t->ctx, c) == orders);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 3);
    HOLDS(gate(t, true) == 0);
    BECOMES(strlen(trace(t)) == strlen("Bh12") + orders);
    HOLDS(strncmp(t->trace, "Bhp", 3) == 0);
    HOLDS(strchr(t->trace, '1') == t->trace + strlen("Bh") + 64);
    return NULL;
}

/* From the high mark on until the low one, and not between. Elsewhere what is under way is above
 * the high one. */
const char *reject(struct test *t)
{
    uint32_t left = 0;
    clerk_ref c;

    HOLDS(gate(t, false) == 0);
    HOLDS(OPEN(&c, .capacity = 8, .high = 4, .low = 1) == 0);
    for (; left < 4; left++)
        HOLDS(clerk_pass(t->ctx, c) == 0);
    HOLDS(mail_pause(t->ctx) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 4);
    BECOMES(clerk_pass(t->ctx, c) == AX_E_FULL || left++ == UINT32_MAX);
    BECOMES(clerk_mailbox_len(t->ctx, c) == left);
    while (left-- > 1) {
        HOLDS(clerk_note(t->ctx, c, 1) == AX_E_FULL);
        HOLDS(let(t, 1) == 0);
        BECOMES(clerk_mailbox_len(t->ctx, c) == left);
    }
    BECOMES(clerk_note(t->ctx, c, 2) == 0);
    HOLDS(let(t, 1) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 0);
    HOLDS(traced(t, "B2"));
    return NULL;
}

/* What a configured actor begins from, once: a restart is given what it has kept since. */
const char *heir(struct test *t)
{
    struct ax_span span;
    struct clerk_get_reply got;
    clerk_ref c;

    HOLDS(clerk_find(t->ctx, t->here ? "broken0" : "broken1", &c) == AX_E_NO_ACTOR);
    HOLDS(clerk_find(t->ctx, t->here ? "heir0" : "heir1", &c) == 0);
    HOLDS(ax_take_snapshot(t->ctx, c.ref, &span, 0) == 0 && strcmp(span.ptr, "silver") == 0);
    HOLDS(clerk_keep(t->ctx, c, "gold") == 0);
    HOLDS(clerk_get(t->ctx, c, &got, AX_SECONDS(5)) == 0 && clerk_fail(t->ctx, c) == 0);
    BECOMES(clerk_incarnation(t->ctx, c) == 2);
    HOLDS(ax_take_snapshot(t->ctx, c.ref, &span, 0) == 0 && strcmp(span.ptr, "gold") == 0);
    return NULL;
}

/* The same after the death of its process. */
const char *heir_again(struct test *t)
{
    struct ax_span span;
    clerk_ref c;

    HOLDS(clerk_find(t->ctx, t->here ? "heir0" : "heir1", &c) == 0);
    BECOMES(clerk_incarnation(t->ctx, c) == 3);
    HOLDS(ax_take_snapshot(t->ctx, c.ref, &span, 0) == 0 && strcmp(span.ptr, "gold") == 0);
    return NULL;
}
