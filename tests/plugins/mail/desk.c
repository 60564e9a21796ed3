/* SPDX-License-Identifier: MIT */
/* desk.c - each test is a function that returns the first of its lines that did not hold. It runs
 * in one worker, with clerks in the same one or in another. */
#include "clerk.h"
#define AX_IMPLEMENT
#include "desk.h"

#include "mail.h"
#include "test.h"

#include <stdio.h>

struct desk {
    char none;
};

/* ---- here and there ---- */

static int open_here(struct ax_ctx *ctx, const struct desk_open *o, clerk_ref *who)
{
    struct ax_spawn spawn = {
        .name = o->name[0] != '\0' ? o->name : NULL,
        .capacity = o->capacity,
        .control_capacity = o->control,
        .high = o->high,
        .low = o->low,
        .block = o->block,
        .drain_ns = o->drain_ms * MS,
        .backoff_min_ns = o->backoff_ms * MS,
        .backoff_max_ns = 2 * o->backoff_ms * MS,
        .max_restarts = o->restarts,
        .mailbox = o->kind == KIND_STATEFUL_KEEP ? AX_MAILBOX_KEEP : AX_MAILBOX_DEFAULT,
        .restart = o->kind == KIND_NEVER ? AX_RESTART_NEVER : AX_RESTART_DEFAULT,
    };
    if (o->snapshot[0] != '\0')
        spawn.snapshot = (struct ax_span){o->snapshot, sizeof o->snapshot};
    if (o->kind == KIND_ECHO)
        return echo_spawn(ctx, &spawn, &(echo_ref){0});
    if (o->kind == KIND_STATEFUL || o->kind == KIND_STATEFUL_KEEP)
        return clerk_spawn_stateful(ctx, &spawn, who);
    return clerk_spawn(ctx, &spawn, who);
}

int open_clerk(struct test *t, struct desk_open o, clerk_ref *who)
{
    struct desk_open_reply reply;

    if (o.capacity == 0)
        o.capacity = 8;
    if (t->here)
        return open_here(t->ctx, &o, who);
    AX_TRY(desk_open(t->ctx, t->at, o.name, o.capacity, o.control, o.high, o.low, o.block, o.kind,
                     o.drain_ms, o.backoff_ms, o.restarts, o.snapshot, &reply, AX_SECONDS(5)));
    *who = reply.who;
    return reply.error;
}

int gate(struct test *t, bool is_open)
{
    struct desk_gate_reply reply;

    mail_open = is_open;
    return t->here ? 0 : desk_gate(t->ctx, t->at, is_open, &reply, AX_SECONDS(5));
}

int let(struct test *t, uint32_t count)
{
    struct desk_let_reply reply;

    if (!t->here)
        return desk_let(t->ctx, t->at, count, &reply, AX_SECONDS(5));
    mail_passes += count;
    return 0;
}

const char *trace(struct test *t)
{
    struct desk_trace_reply reply;

    if (t->here)
        memcpy(t->trace, mail_trace, sizeof t->trace);
    else if (desk_trace(t->ctx, t->at, &reply, AX_SECONDS(5)) == 0)
        memcpy(t->trace, reply.trace, sizeof t->trace);
    return t->trace;
}

bool traced(struct test *t, const char *what)
{
    return strcmp(trace(t), what) == 0;
}

int aide(struct test *t, clerk_ref to, uint32_t what, uint32_t slot, uint64_t ms)
{
    clerk_ref me;

    mail_result[slot] = -1;
    const struct ax_spawn spawn = {.snapshot = {"aide\0\0\0\0\0\0\0\0\0\0\0", 16}};
    AX_TRY(clerk_spawn(t->ctx, &spawn, &me));
    return clerk_call(t->ctx, me, to, what, slot, ms);
}

bool held(struct test *t, clerk_ref who)
{
    return clerk_mailbox_len(t->ctx, who) == 1 && strchr(trace(t), 'h') != NULL;
}

/* ---- messages ---- */

static const char *forms(struct test *t)
{
    struct clerk_sum_reply sum;
    clerk_ref c;

    HOLDS(OPEN(&c, .capacity = 8) == 0);
    HOLDS(clerk_bare(t->ctx, c) == 0);
    HOLDS(clerk_note_wait(t->ctx, c, 1) == 0);
    HOLDS(clerk_sum(t->ctx, c, 2, 3, &sum, AX_SECONDS(5)) == 0 && sum.sum == 5);
    HOLDS(clerk_sum_wait(t->ctx, c, 4, 5, &sum, AX_SECONDS(5)) == 0 && sum.sum == 9);
    HOLDS(strstr(trace(t), "b1") != NULL);
    return NULL;
}

static const char *given_up(struct test *t)
{
    struct clerk_get_reply got;
    clerk_ref c, d;

    OPEN_HELD(&c, .capacity = 8);
    HOLDS(clerk_get(t->ctx, c, &got, 20 * MS) == AX_E_TIMEOUT);
    HOLDS(clerk_mailbox_len(t->ctx, c) == 2);
    HOLDS(OPEN(&d, .capacity = 8) == 0);
    HOLDS(clerk_call(t->ctx, d, c, CALL_GET, 1, 5000) == 0);
    BECOMES(clerk_inflight_count(t->ctx, d) == 1);
    HOLDS(gate(t, true) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 0 && clerk_inflight_count(t->ctx, c) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, d) == 0 && clerk_inflight_count(t->ctx, d) == 0);
    HOLDS(clerk_control_mailbox_len(t->ctx, c) == 0);
    HOLDS(clerk_get(t->ctx, c, &got, AX_SECONDS(5)) == 0 && got.n == 0);
    return NULL;
}

static const char *full(struct test *t)
{
    struct clerk_get_reply got;
    uint64_t began;
    clerk_ref c;

    OPEN_HELD(&c, .capacity = 2);
    HOLDS(clerk_note(t->ctx, c, 1) == 0);
    HOLDS(mail_pause(t->ctx) == 0); /* what is under way is no depth yet */
    BECOMES(clerk_mailbox_len(t->ctx, c) == 2);
    HOLDS(clerk_note(t->ctx, c, 2) == AX_E_FULL);
    began = ax_now(t->ctx);
    HOLDS(clerk_get_wait(t->ctx, c, &got, 100 * MS) == AX_E_TIMEOUT);
    HOLDS(ax_now(t->ctx) - began >= 90 * MS && ax_now(t->ctx) - began < AX_SECONDS(4));
    HOLDS(gate(t, true) == 0);
    HOLDS(clerk_get_wait(t->ctx, c, &got, AX_SECONDS(5)) == 0 && got.n == 1);
    return NULL;
}

/* Who waits first is served first, and nobody gets in between. */
static const char *fair(struct test *t)
{
    clerk_ref c;

    OPEN_HELD(&c, .capacity = 2);
    HOLDS(clerk_note(t->ctx, c, 0) == 0);
    HOLDS(mail_pause(t->ctx) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 2);
    for (uint32_t i = 1; i <= 5; i++) {
        HOLDS(aide(t, c, CALL_NOTE_WAIT, i, 0) == 0);
        HOLDS(mail_pause(t->ctx) == 0 && mail_pause(t->ctx) == 0);
    }
    HOLDS(gate(t, true) == 0);
    for (uint32_t i = 0; t->here && i < 20; i++) { /* one who does not wait */
        bool waiting = mail_result[5] == -1;
        int error = clerk_note(t->ctx, c, 9);
        HOLDS(!waiting || error == AX_E_FULL);
        HOLDS(mail_pause(t->ctx) == 0);
    }
    BECOMES(strstr(trace(t), "012345") != NULL);
    return NULL;
}

/* Who waits for one actor stands in no way of those who wait for another, whoever that is. */
static const char *apart(struct test *t)
{
    struct clerk_get_reply got;
    clerk_ref c, d;

    OPEN_HELD(&c, .capacity = 1);
    HOLDS(aide(t, c, CALL_NOTE_WAIT, 1, 0) == 0);
    HOLDS(mail_pause(t->ctx) == 0 && mail_pause(t->ctx) == 0);
    for (uint32_t i = 0; i < 1500; i++) {
        HOLDS(OPEN(&d, .capacity = 1) == 0);
        HOLDS(clerk_note(t->ctx, d, 1) == 0);
        HOLDS(clerk_note(t->ctx, d, 1) == AX_E_FULL);
        HOLDS(clerk_get_wait(t->ctx, d, &got, AX_SECONDS(5)) == 0 && got.n == 1);
        HOLDS(clerk_stop(t->ctx, d) == 0);
    }
    HOLDS(mail_result[1] == -1);
    HOLDS(gate(t, true) == 0);
    BECOMES(mail_result[1] == 0);
    return NULL;
}

/* ---- restarts ---- */

static const char *restart(struct test *t, uint32_t kind, const char *want, int asked)
{
    clerk_ref c;

    OPEN_HELD(&c, .capacity = 8, .kind = kind);
    HOLDS(aide(t, c, CALL_DIE, 1, 5000) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 2);
    HOLDS(clerk_note(t->ctx, c, 1) == 0 && clerk_note(t->ctx, c, 2) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 4);
    HOLDS(aide(t, c, CALL_GET, 2, 5000) == 0);
    HOLDS(aide(t, c, CALL_SNAPSHOT, 3, 5000) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 5 && clerk_control_mailbox_len(t->ctx, c) == 1);
    HOLDS(gate(t, true) == 0);
    BECOMES(mail_result[1] == AX_E_CANCELED && mail_result[2] == asked && mail_result[3] == 0);
    BECOMES(clerk_incarnation(t->ctx, c) == 2);
    BECOMES(strstr(trace(t), want) != NULL);
    return NULL;
}

static const char *plain(struct test *t)
{
    return restart(t, KIND_PLAIN, "R12", 0);
}

static const char *stateful(struct test *t)
{
    const char *wrong = restart(t, KIND_STATEFUL, "R", AX_E_CANCELED);
    if (wrong == NULL && strpbrk(trace(t), "12") != NULL)
        return "mail was not dropped";
    return wrong;
}

static const char *stateful_keeps(struct test *t)
{
    return restart(t, KIND_STATEFUL_KEEP, "R12", 0);
}

/* ---- the end ---- */

static const char *end(struct test *t, uint64_t drain_ms, const char *want, int asked)
{
    clerk_ref c;

    OPEN_HELD(&c, .capacity = 4, .drain_ms = drain_ms);
    HOLDS(clerk_note(t->ctx, c, 1) == 0 && clerk_note(t->ctx, c, 2) == 0);
    HOLDS(aide(t, c, CALL_GET, 2, 5000) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 4);
    HOLDS(clerk_note(t->ctx, c, 3) == AX_E_FULL); /* which is in no stop's way */
    HOLDS(aide(t, c, CALL_STOP_WAIT, 1, 5000) == 0);
    BECOMES(clerk_is_closed(t->ctx, c));
    HOLDS(!clerk_is_terminated(t->ctx, c) && mail_result[1] == -1);
    HOLDS(clerk_note(t->ctx, c, 3) == AX_E_CLOSED);
    HOLDS(gate(t, true) == 0);
    BECOMES(mail_result[1] == 0 && mail_result[2] != -1);
    HOLDS(mail_result[2] == asked);
    HOLDS(clerk_is_terminated(t->ctx, c) && clerk_is_closed(t->ctx, c));
    HOLDS(clerk_note(t->ctx, c, 3) == AX_E_NO_ACTOR);
    HOLDS(traced(t, want));
    return NULL;
}

static const char *graceful(struct test *t)
{
    return end(t, 5000, "Bh12S", 0);
}

static const char *immediate(struct test *t)
{
    return end(t, 0, "BhS", AX_E_CANCELED);
}

/* The deadline of a graceful end. */
static const char *late_end(struct test *t)
{
    clerk_ref c;

    OPEN_HELD(&c, .capacity = 8, .drain_ms = 1);
    HOLDS(clerk_note(t->ctx, c, 1) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 2);
    HOLDS(aide(t, c, CALL_STOP_WAIT, 1, 5000) == 0);
    BECOMES(clerk_is_closed(t->ctx, c));
    uint64_t began = ax_now(t->ctx);
    BECOMES(ax_now(t->ctx) - began > 50 * MS);
    HOLDS(gate(t, true) == 0);
    BECOMES(mail_result[1] == 0);
    HOLDS(traced(t, "BhS"));
    return NULL;
}

/* A ref to one that is gone never reaches another. */
static const char *stale(struct test *t)
{
    clerk_ref old, next[8];

    HOLDS(OPEN(&old, .capacity = 8) == 0);
    HOLDS(clerk_stop_wait(t->ctx, old, AX_SECONDS(5)) == 0);
    for (int i = 0; i < 8; i++)
        HOLDS(OPEN(&next[i], .capacity = 8) == 0);
    HOLDS(clerk_note(t->ctx, old, 7) == AX_E_NO_ACTOR);
    HOLDS(ax_ping(t->ctx, old.ref, 0) == AX_E_NO_ACTOR);
    HOLDS(ax_stop_actor(t->ctx, old.ref) == (t->here ? AX_E_NO_ACTOR : 0));
    for (int i = 0; i < 8; i++)
        HOLDS(ax_ping(t->ctx, next[i].ref, 0) == 0 && !clerk_is_closed(t->ctx, next[i]));
    HOLDS(strchr(trace(t), '7') == NULL);
    return NULL;
}

/* ---- hooks ---- */

static const char *hooks(struct test *t)
{
    clerk_ref c;

    HOLDS(OPEN(&c, .capacity = 8) == 0);
    HOLDS(clerk_note(t->ctx, c, 1) == 0 && clerk_fail(t->ctx, c) == 0);
    HOLDS(clerk_note(t->ctx, c, 2) == 0);
    BECOMES(traced(t, "B1R2"));
    HOLDS(clerk_stop_wait(t->ctx, c, AX_SECONDS(5)) == 0);
    HOLDS(traced(t, "B1R2S"));
    return NULL;
}

/* A start that fails leaves nothing behind, also no name. */
static const char *bad_start(struct test *t)
{
    clerk_ref c;

    for (int i = 0; i < 3; i++) {
        HOLDS(OPEN(&c, .name = "born", .capacity = 8, .snapshot = "bad") == 0);
        BECOMES(clerk_is_terminated(t->ctx, c));
        HOLDS(OPEN(&c, .name = "born", .kind = KIND_NEVER, .snapshot = "bad start") == 0);
        BECOMES(clerk_is_terminated(t->ctx, c));
    }
    HOLDS(clerk_find(t->ctx, "born", &c) == AX_E_NO_ACTOR);
    HOLDS(OPEN(&c, .kind = KIND_ECHO, .snapshot = "any") == AX_E_UNSUPPORTED);
    return NULL;
}

static const char *ends_in_hook(struct test *t, uint64_t drain_ms, const char *wanted)
{
    clerk_ref c;

    HOLDS(OPEN(&c, .capacity = 8, .drain_ms = drain_ms, .snapshot = "brief") == 0);
    HOLDS(clerk_note(t->ctx, c, 1) == 0 && clerk_fail(t->ctx, c) == 0);
    HOLDS(clerk_note(t->ctx, c, 2) == 0);
    BECOMES(traced(t, wanted));
    BECOMES(clerk_is_terminated(t->ctx, c));
    HOLDS(traced(t, wanted));
    return NULL;
}

/* Who ends in a hook handles nothing after it, unless it is to drain. */
static const char *end_in_hook(struct test *t)
{
    const char *wrong = ends_in_hook(t, 0, "rB1rRS");

    /* there the second note may come when nothing new is taken */
    return wrong != NULL || !t->here ? wrong : ends_in_hook(t, 5000, "rB1rRSrB1rR2S");
}

static const char *bad_end(struct test *t)
{
    clerk_ref c;

    HOLDS(OPEN(&c, .name = "ender", .capacity = 8, .snapshot = "bad end") == 0);
    BECOMES(traced(t, "rB"));
    HOLDS(clerk_stop_wait(t->ctx, c, AX_SECONDS(5)) == 0);
    HOLDS(traced(t, "rBS"));
    return NULL;
}

static const char *snapshots(struct test *t)
{
    struct ax_span span = {0};
    struct clerk_get_reply got;
    char kept[16];
    clerk_ref c, d;
    echo_ref echo;

    HOLDS(OPEN(&c, .capacity = 8) == 0);
    HOLDS(clerk_keep(t->ctx, c, "first") == 0 && clerk_keep(t->ctx, c, "second") == 0);
    HOLDS(clerk_get(t->ctx, c, &got, AX_SECONDS(5)) == 0); /* an order would overtake */
    HOLDS(ax_take_snapshot(t->ctx, c.ref, &span, 0) == 0 && span.len == sizeof kept);
    memcpy(kept, span.ptr, sizeof kept);
    HOLDS(strcmp(kept, "second") == 0);
    HOLDS(clerk_fail(t->ctx, c) == 0);
    BECOMES(clerk_incarnation(t->ctx, c) == 2);
    HOLDS(ax_take_snapshot(t->ctx, c.ref, &span, 0) == 0 && strcmp(span.ptr, "second") == 0);
    struct desk_open heir = {0};
    memcpy(heir.snapshot, kept, sizeof kept);
    HOLDS(open_clerk(t, heir, &d) == 0);
    HOLDS(ax_take_snapshot(t->ctx, d.ref, &span, 0) == 0 && strcmp(span.ptr, "second") == 0);
    HOLDS(echo_find(t->ctx, t->here ? "echo0" : "echo1", &echo) == 0);
    HOLDS(ax_take_snapshot(t->ctx, echo.ref, &span, 0) == AX_E_UNSUPPORTED);
    HOLDS(clerk_keep(t->ctx, c, "twice") == 0);
    HOLDS(clerk_get(t->ctx, c, &got, AX_SECONDS(5)) == 0);
    HOLDS(ax_take_snapshot(t->ctx, c.ref, &span, 0) == 0 && strcmp(span.ptr, "twice") == 0);
    HOLDS(clerk_keep(t->ctx, c, "none") == 0);
    HOLDS(clerk_get(t->ctx, c, &got, AX_SECONDS(5)) == 0);
    HOLDS(ax_take_snapshot(t->ctx, c.ref, &span, 0) == AX_E_FAILED);
    HOLDS(clerk_keep(t->ctx, c, "fail") == 0);
    HOLDS(clerk_get(t->ctx, c, &got, AX_SECONDS(5)) == 0);
    HOLDS(ax_take_snapshot(t->ctx, c.ref, &span, 0) == AX_E_FAILED);
    BECOMES(clerk_incarnation(t->ctx, c) >= 3);
    HOLDS(ax_ping(t->ctx, c.ref, 0) == 0);
    return NULL;
}

/* ---- control and overload ---- */

static const char *control(struct test *t)
{
    clerk_ref c;
    uint64_t idle, silence;

    OPEN_HELD(&c, .capacity = 2, .control = 2);
    HOLDS(clerk_note(t->ctx, c, 1) == 0);
    for (uint32_t i = 1; i <= 3; i++) {
        HOLDS(aide(t, c, CALL_SNAPSHOT, i, 5000) == 0);
        BECOMES(clerk_control_mailbox_len(t->ctx, c) == (i < 3 ? i : 2));
    }
    BECOMES(mail_result[3] == AX_E_FULL);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 2);
    HOLDS(clerk_silence_for(t->ctx, c, &silence) == 0 && silence < AX_SECONDS(60));
    HOLDS(clerk_idle_for(t->ctx, c, &idle) == 0 && idle == 0); /* it has mail */
    HOLDS(gate(t, true) == 0);
    BECOMES(mail_result[1] == 0 && mail_result[2] == 0);
    BECOMES(traced(t, "Bhpp1")); /* they overtake */
    HOLDS(clerk_idle_for(t->ctx, c, &idle) == 0 && idle < AX_SECONDS(60));
    return NULL;
}

/* A ping is answered in the middle of a message. */
static const char *ping(struct test *t)
{
    clerk_ref c;

    OPEN_HELD(&c, .capacity = 2);
    HOLDS(clerk_note(t->ctx, c, 1) == 0);
    HOLDS(ax_ping(t->ctx, c.ref, 0) == 0);
    HOLDS(clerk_mailbox_len(t->ctx, c) == 2 && traced(t, "Bh"));
    HOLDS(gate(t, true) == 0);
    return NULL;
}

static const char *block(struct test *t)
{
    clerk_ref c;

    OPEN_HELD(&c, .capacity = 5, .high = 3, .low = 1, .block = true);
    for (uint32_t i = 1; i <= 4; i++)
        HOLDS(clerk_note(t->ctx, c, i) == 0);
    HOLDS(mail_pause(t->ctx) == 0);
    BECOMES(clerk_mailbox_len(t->ctx, c) == 5);
    HOLDS(clerk_note(t->ctx, c, 5) == AX_E_FULL);
    HOLDS(gate(t, true) == 0);
    BECOMES(traced(t, "Bh1234"));
    return NULL;
}

/* ---- refs and cycles ---- */

static const char *refs(struct test *t)
{
    clerk_local_ref local;
    clerk_remote_ref remote;
    clerk_ref c, far;
    struct clerk_get_reply got;

    HOLDS(OPEN(&c, .capacity = 8) == 0);
    HOLDS(clerk_as_local_ref(c, &local) == 0 && clerk_as_remote_ref(c, &remote) != 0);
    HOLDS(clerk_note(t->ctx, clerk_of_local(local), 1) == 0 && clerk_note(t->ctx, c, 2) == 0);
    HOLDS(clerk_get(t->ctx, clerk_of_local(local), &got, AX_SECONDS(5)) == 0 && got.n == 2);
    far = c;
    far.ref.node = 7;
    HOLDS(clerk_as_local_ref(far, &local) == AX_E_NOT_ALLOWED);
    HOLDS(clerk_as_remote_ref(far, &remote) == 0);
    HOLDS(clerk_note(t->ctx, clerk_of_remote(remote), 3) == AX_E_UNSUPPORTED);
    HOLDS(ax_monitor(t->ctx, clerk_of_remote(remote).ref, NULL) == 0);
    HOLDS(traced(t, "B12"));
    return NULL;
}

static const char *cycle(struct test *t)
{
    struct clerk_chain_reply answer;
    const clerk_ref none = {0};
    clerk_ref a, b;

    HOLDS(clerk_spawn(t->ctx, &(struct ax_spawn){.name = t->here ? "ann" : "amy"}, &a) == 0);
    HOLDS(OPEN(&b, .name = "bob", .capacity = 8) == 0);
    uint64_t began = ax_now(t->ctx), ms = t->here ? 5000 : 200;
    HOLDS(clerk_chain(t->ctx, a, b, a, none, ms, &answer, AX_SECONDS(20)) == 0);
    HOLDS(answer.error == AX_E_DEADLOCK);
    HOLDS(ax_now(t->ctx) - began < AX_SECONDS(3));
    HOLDS(clerk_stop_wait(t->ctx, a, AX_SECONDS(5)) == 0);
    HOLDS(clerk_stop_wait(t->ctx, b, AX_SECONDS(5)) == 0);
    return NULL;
}

/* ---- */

void desk_on_open(struct ax_ctx *ctx, struct desk *self, const struct desk_open *msg,
                  struct desk_open_reply *reply)
{
    (void)self;
    reply->error = open_here(ctx, msg, &reply->who);
}

void desk_on_gate(struct ax_ctx *ctx, struct desk *self, const struct desk_gate *msg,
                  struct desk_gate_reply *reply)
{
    (void)ctx, (void)self, (void)reply;
    if (mail_open && !msg->open) {
        memset(mail_trace, 0, sizeof mail_trace);
        mail_passes = 0;
    }
    mail_open = msg->open;
}

void desk_on_let(struct ax_ctx *ctx, struct desk *self, const struct desk_let *msg,
                 struct desk_let_reply *reply)
{
    (void)ctx, (void)self, (void)reply;
    mail_passes += msg->count;
}

void desk_on_trace(struct ax_ctx *ctx, struct desk *self, const struct desk_trace *msg,
                   struct desk_trace_reply *reply)
{
    (void)ctx, (void)self, (void)msg;
    memcpy(reply->trace, mail_trace, sizeof reply->trace);
}

void desk_on_run(struct ax_ctx *ctx, struct desk *self, const struct desk_run *msg,
                 struct desk_run_reply *reply)
{
    static const struct {
        const char *name;
        const char *(*test)(struct test *t);
    } tests[] = {
        {"forms", forms},
        {"given_up", given_up},
        {"full", full},
        {"fair", fair},
        {"apart", apart},
        {"names", names},
        {"backoff", backoff},
        {"plain", plain},
        {"stateful", stateful},
        {"stateful_keeps", stateful_keeps},
        {"graceful", graceful},
        {"immediate", immediate},
        {"late_end", late_end},
        {"stale", stale},
        {"hooks", hooks},
        {"bad_start", bad_start},
        {"end_in_hook", end_in_hook},
        {"bad_end", bad_end},
        {"bad_hooks", bad_hooks},
        {"snapshots", snapshots},
        {"control", control},
        {"in_a_row", in_a_row},
        {"ping", ping},
        {"reject", reject},
        {"block", block},
        {"refs", refs},
        {"cycle", cycle},
        {"heir", heir},
        {"heir_again", heir_again},
    };
    struct test t = {.ctx = ctx, .at = msg->at, .here = msg->at.ref.addr == ax_self(ctx).addr};
    const char *wrong = "no such test";

    (void)self;
    mail_passes = 0;
    (void)gate(&t, true);
    (void)gate(&t, false); /* empties the trace there */
    memset(mail_trace, 0, sizeof mail_trace);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (strcmp(tests[i].name, msg->test) == 0)
            wrong = tests[i].test(&t);
    snprintf(reply->verdict, sizeof reply->verdict, "%s%s%s", wrong == NULL ? "ok" : wrong,
             wrong == NULL ? "" : "; trace ", wrong == NULL ? "" : trace(&t));
    (void)gate(&t, true);
}

/* Told to stop with the whole system. */
static void on_stop(struct ax_ctx *ctx, struct desk *self)
{
    clerk_ref c;

    (void)self;
    ax_log(ctx, AX_INFO, "spawn at the end: %s", ax_strerror(clerk_spawn(ctx, NULL, &c)));
}

AX_ACTOR(desk, .on_stop = on_stop);
