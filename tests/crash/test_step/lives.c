/* SPDX-License-Identifier: MIT */
/* How actors come to be and end; timers, orders, what they keep besides their state. */
#include "scenario.h"

/* ---- lives ---- */

static void first_boot(struct node *node)
{
    TELL(node, 1, add, .by = 1);
    TELL(node, 3, add, .by = 3);
}

static void spawn(struct node *node)
{
    TELL(node, 1, breed, .by = 9);
}

static void attend(struct node *node)
{
    TELL(node, 3, listen);
}

/* Notices of restarts come on top of what it has handled. */
static bool same_but_notices(const struct seen *want, const struct seen *got)
{
    struct seen copy = *got;
    copy.handled[3] = want->handled[3];
    return same(want, &copy) && got->handled[3] >= want->handled[3];
}

static bool told_once(const struct seen *want, const struct seen *got)
{
    return same_but_notices(want, got) && want->sum[3] == 10;
}

/* Of an actor elsewhere, by axsup. */
static void start_elsewhere(struct node *node)
{
    const struct shm_life_body body = {
        .who = SHM_REF(NODE_PEER, 7, 1), .incarnation = 1, .what = SHM_ACTOR_STARTED};
    const struct shm_frame frame = {.kind = SHM_LIFE};
    node_send(node, 0, SHM_CONTROL, &frame, &body, sizeof body);
}

static bool heard_once(const struct seen *want, const struct seen *got)
{
    return same_but_notices(want, got) && want->sum[3] == 1;
}

static void leave(struct node *node)
{
    TELL(node, 3, watch, .who = here(2));
    TELL(node, 2, leave);
    TELL(node, 2, add, .by = 1);
}

/* The record of an actor that is gone, used again; somebody still writes to the old one. */
static void stale_ref(struct node *node)
{
    TELL(node, 1, raise, .by = 9);
    SEND(node, here(4), SHM_TELL, add, .by = 7);
    SEND(node, here(4), SHM_TELL, leave);
}

static bool same_and_refused(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->state[4] == SHM_LIVE && got->gen[4] > 1 && got->sum[4] == 9 &&
           got->letters == 2;
}

static void claim(struct node *node)
{
    TELL(node, 1, claim, .name = "child");
    TELL(node, 1, raise, .by = 9);
}

/* A named actor is binding when it is there, whatever becomes of who spawned it. */
static void claim_and_fail(struct node *node)
{
    TELL(node, 1, claim, .name = "doomed");
}

static bool claimed_and_failed(const struct seen *want, const struct seen *got)
{
    return want->state[4] == SHM_LIVE && got->mail == 0 && got->letters == 1 &&
           got->replies[1] == 0 && got->state[1] == SHM_LIVE;
}

/* A claim is an await as well: named and counted, or canceled, before the child is there or after.
 * The name that was granted is the child's or nobody's. */
static bool claimed_or_not(const struct seen *want, const struct seen *got)
{
    (void)want;
    uint32_t living = 0;
    bool child = false;
    for (uint32_t i = 1; i < STEP_RECORDS; i++)
        living += got->state[i] == SHM_LIVE;
    for (uint32_t i = 0; i < got->nframes; i++) {
        uint32_t index = SHM_REF_INDEX(got->frame[i].to);
        if (got->frame[i].kind != SHM_CLAIM || index >= STEP_RECORDS ||
            got->state[index] == SHM_FREE || got->gen[index] != SHM_REF_GEN(got->frame[i].to))
            continue;
        if (got->handled[index] != 0) /* the other one */
            return false;
        child = true;
    }
    return got->mail == 0 && got->turns[1] == 2 && got->errors[1] == 0 && total(got->sum) == 9 &&
           got->letters == (got->replies[1] == 0) && living == 4u + child &&
           (child || got->replies[1] == 0);
}

/* ---- by key ---- */

static void look_up(struct node *node, uint64_t corr, const char *key)
{
    struct shm_frame frame;
    struct lookup_body body = {
        .contract = ax_contract_hash(&probe_contract), .spawn = 1, .len = (uint8_t)strlen(key)};
    memcpy(body.key, key, strlen(key));
    head(&frame, 0, SHM_LOOKUP, 0);
    frame.corr = corr;
    node_send(node, NODE_PEER, SHM_CONTROL, &frame, &body, sizeof body);
}

/* One and the same from here and from elsewhere, and another one. */
static void registry(struct node *node)
{
    TELL(node, 1, key, .by = 4, .key = "a");
    look_up(node, 1, "a");
    look_up(node, 2, "b");
    TELL(node, 1, key, .by = 5, .key = "b");
}

static bool one_a_key(const struct seen *want, const struct seen *got)
{
    return same(want, got) && total(got->sum) == 9 && got->nframes == 2 &&
           got->frame[0].body != got->frame[1].body && got->state[4] == SHM_LIVE &&
           got->state[5] == SHM_LIVE && got->state[6] == SHM_FREE;
}

/* What arrives while it is put to rest begins its next life. */
static void passivate(struct node *node)
{
    TELL(node, 1, key, .by = 4, .key = "a");
    TELL(node, 2, retire);
    TELL(node, 2, add, .by = 1);
    TELL(node, 3, retire);
}

static bool rested(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->sum[2] == 1 && got->state[2] == SHM_LIVE &&
           got->state[3] == SHM_RESTARTING;
}

/* ---- orders and snapshots ---- */

static void order(struct node *node, uint32_t index, enum shm_order what, uint64_t corr)
{
    struct shm_frame frame;
    head(&frame, here(index).ref.addr, SHM_ORDER, (uint16_t)what);
    frame.corr = corr;
    node_send(node, NODE_PEER, SHM_CONTROL, &frame, NULL, 0);
}

/* One with nobody to ask among them. */
static void ping(struct node *node)
{
    order(node, 1, SHM_ORDER_PING, 3);
    order(node, 7, SHM_ORDER_PING, 4);
}

static bool same_and_answered(const struct seen *want, const struct seen *got)
{
    return same(want, got) && answers(got, SHM_REPLY, 3) == 1 && got->nframes == 2;
}

static void snapshot(struct node *node)
{
    TELL(node, 1, keep, .by = 5);
    order(node, 1, SHM_ORDER_SNAPSHOT, 3);
    order(node, 1, SHM_ORDER_SNAPSHOT, 4);
}

static void keep(struct node *node)
{
    TELL(node, 1, keep, .by = 5);
    TELL(node, 1, keep, .by = 6);
}

/* The hook dies by its own doing: who asked is told, once. */
static bool saved_or_failed(const struct seen *want, const struct seen *got)
{
    uint32_t saved = answers(got, SHM_REPLY, 3) + answers(got, SHM_REPLY, 4), failed = 0;
    for (uint32_t i = 0; i < got->nframes; i++)
        failed += got->frame[i].kind == SHM_ERROR && got->frame[i].method == AX_E_FAILED;
    return got->nframes == 2 && saved + failed == 2 && got->replies[1] == saved && got->mail == 0 &&
           (got->sum[1] == 5 || got->letters != 0) && got->state[1] == want->state[1];
}

static void inherit(struct node *node)
{
    TELL(node, 1, inherit, .by = 40);
}

static bool same_and_inherited(const struct seen *want, const struct seen *got)
{
    return same(want, got) && total(got->sum) == 41;
}

/* Up to the high mark and down to the low one. */
static void overload(struct node *node)
{
    for (int64_t i = 1; i <= 5; i++)
        TELL(node, 1, add, .by = i);
}

static bool same_and_overloaded(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->sum[1] == 15 && got->events >= 5;
}

/* ---- timers, events ---- */

static void timer(struct node *node)
{
    TELL(node, 1, later, .by = 8, .delay_ns = 0);
}

static void two_timers(struct node *node)
{
    TELL(node, 1, later, .by = 8, .delay_ns = 0);
    TELL(node, 1, later, .by = 9, .delay_ns = AX_SECONDS(3600));
    TELL(node, 2, later, .by = 7, .delay_ns = 0);
}

/* The turn that set the first timer fails; the second must not go off in its place. */
static void rash(struct node *node)
{
    TELL(node, 1, rash, .by = 7);
    TELL(node, 1, later, .by = 8, .delay_ns = AX_SECONDS(3600));
}

static bool same_and_waiting(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->sum[1] == 0 && got->turns[1] == 1;
}

static void repeat(struct node *node)
{
    TELL(node, 1, repeat, .by = 8);
}

static bool same_and_thrice(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->sum[1] == 24 && got->errors[1] == 0;
}

static void juggle(struct node *node)
{
    for (uint32_t step = 0; step < 3; step++)
        TELL(node, 1, juggle, .step = step);
}

static bool same_and_five_added(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->sum[1] == 5 && got->turns[1] == 4;
}

/* Its event is a turn of its own. */
static void dial(struct node *node)
{
    TELL(node, 1, dial, .here = here(2), .there = there());
}

/* All of that turn or nothing of it: an event dies with its process. */
static bool same_or_no_event(const struct seen *want, const struct seen *got)
{
    if (same(want, got))
        return got->sum[1] == 8 && got->sum[2] == 7 && got->nframes == 1;
    return got->sum[1] == 1 && got->turns[1] == 1 && got->sum[2] == 0 && got->nframes == 0 &&
           got->mail == 0 && got->letters == 0 && got->units == want->units && got->deaths > 0;
}

static const struct scenario rows[] = {
    {"first_boot", first_boot, same, NULL, NULL, STEP_FIRST | STEP_ONCE, NULL},
    {"spawn", spawn, same, NULL, NULL, 0, NULL},
    {"listen", attend, same_but_notices, NULL, NULL, 0, NULL},
    {"lifecycle", spawn, told_once, attend, NULL, STEP_ONCE, NULL},
    {"lifecycle_far", start_elsewhere, heard_once, attend, NULL, STEP_ONCE, NULL},
    {"exit", leave, same, NULL, NULL, STEP_ONCE, NULL},
    {"stale_ref", stale_ref, same_and_refused, spawn, NULL, STEP_ONCE, NULL},
    {"claim", claim, claimed_or_not, NULL, NULL, STEP_ONCE, NULL},
    {"claim_and_fail", claim_and_fail, claimed_and_failed, NULL, NULL, STEP_ONCE, NULL},
    {"registry", registry, one_a_key, NULL, NULL, STEP_ONCE, NULL},
    {"passivate", passivate, rested, NULL, NULL, STEP_ONCE, NULL},
    {"timer", timer, same, NULL, NULL, 0, NULL},
    {"two_timers", two_timers, same, NULL, NULL, STEP_ONCE, NULL},
    {"rash", rash, same_and_waiting, NULL, NULL, STEP_ONCE, NULL},
    {"timer_again", repeat, same_and_thrice, NULL, NULL, STEP_ONCE, NULL},
    {"timer_cancel", juggle, same_and_five_added, NULL, NULL, STEP_ONCE, NULL},
    {"io_event", dial, same_or_no_event, NULL, NULL, 0, NULL},
    {"ping", ping, same_and_answered, NULL, NULL, 0, NULL},
    {"snapshot", snapshot, same, NULL, NULL, 0, NULL},
    {"snapshot_dies", snapshot, saved_or_failed, NULL, NULL, STEP_ONCE | STEP_FAULT, NULL},
    {"keep", keep, same, NULL, NULL, 0, NULL},
    {"inherit", inherit, same_and_inherited, NULL, NULL, STEP_ONCE, NULL},
    {"overload", overload, same_and_overloaded, NULL, NULL, STEP_HIGH, NULL},
};
const struct scenario_set lives_scenarios = {rows, sizeof rows / sizeof *rows};
