/* SPDX-License-Identifier: MIT */
/* How actors end: by themselves, by others, by a failure; what they leave behind, and what others
 * are told. The first actor is an envoy. */
#include "scenario.h"

#include "envoy.h"

#define BID(node, message, ...)                                                                    \
    send_frame(node, here(1).ref.addr, SHM_TELL, envoy_method_##message,                           \
               &(struct envoy_##message){__VA_ARGS__}, sizeof(struct envoy_##message))

/* Of restarts it has as many as there were deaths at most. */
static bool same_but_restarts(const struct seen *want, const struct seen *got)
{
    struct seen copy = *got;
    copy.downs[1] = want->downs[1];
    return same(want, &copy) && got->downs[1] >= 0 &&
           got->downs[1] <= got->deaths + got->failures[1];
}

/* ---- hooks ---- */

static void hooks(struct node *node)
{
    BID(node, inherit, .heir = here(2));
    BID(node, leave);
    TELL(node, 3, add, .by = 1);
}

static bool same_and_inherited(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->state[1] == SHM_FREE && got->sum[2] == 100 && got->turns[2] == 1;
}

static void begin(struct node *node)
{
    BID(node, inherit, .heir = here(2));
}

static bool begun_once(const struct seen *want, const struct seen *got)
{
    return same_but_restarts(want, got) && got->sum[1] == 1000 && got->turns[1] == 1;
}

/* ---- by himself ---- */

static void watched(struct node *node)
{
    TELL(node, 3, watch, .who = here(2));
}

/* What it has accepted is handled first. */
static void drain(struct node *node)
{
    TELL(node, 2, relay, .by = 5, .here = here(3), .there = there());
    TELL(node, 2, leave);
    TELL(node, 2, relay, .by = 6, .here = here(3), .there = there());
    ASK(node, 2, get, .by = 4);
}

static bool same_and_drained(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->state[2] == SHM_FREE && got->letters == 0 &&
           answers(got, SHM_REPLY, 4) == 1 && got->downs[3] == 1 && got->sum[3] == 110;
}

/* The end is another beginning. */
static void come_back(struct node *node)
{
    TELL(node, 2, add, .by = 1);
    TELL(node, 2, leave);
    TELL(node, 2, add, .by = 2);
}

static bool same_and_back(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->state[2] == SHM_LIVE && got->sum[2] == 3 && got->downs[3] == 1 &&
           got->letters == 0;
}

/* ---- by a failure ---- */

static void fail_for_good(struct node *node)
{
    TELL(node, 2, fail, .by = 100, .there = there());
    ASK(node, 2, get, .by = 4);
}

static bool same_and_lost(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->state[2] == SHM_FREE && got->downs[3] == 1 &&
           got->letters == 2 && got->nframes == 1 && answers(got, SHM_ERROR, 4) == 1;
}

/* ---- by others ---- */

static void stop_order(struct node *node)
{
    struct shm_frame frame;
    head(&frame, here(2).ref.addr, SHM_STOP, 0);
    frame.from = 0;
    node_send(node, 0, SHM_CONTROL, &frame, NULL, 0);
    TELL(node, 3, add, .by = 1);
}

static void dismiss(struct node *node)
{
    BID(node, dismiss, .who = here(2));
    BID(node, dismiss, .who = to(peer_watched()));
}

static bool same_and_dismissed(const struct seen *want, const struct seen *got)
{
    return same_but_restarts(want, got) && got->state[2] == SHM_FREE && got->downs[3] == 1 &&
           got->nframes == 1 && got->frame[0].kind == SHM_STOP;
}

static bool same_and_stopped(const struct seen *want, const struct seen *got)
{
    return same_but_restarts(want, got) && got->state[2] == SHM_FREE && got->downs[3] == 1;
}

/* Who waits for the end is an asker: if he dies meanwhile, his message is dropped, and the end
 * comes all the same. */
static void see_off(struct node *node)
{
    BID(node, see_off, .who = here(2));
}

static bool seen_off(const struct seen *want, const struct seen *got)
{
    if (same_but_restarts(want, got))
        return got->replies[1] == 1 && got->state[2] == SHM_FREE;
    return got->letters == 1 && got->turns[1] == 1 && got->replies[1] + got->errors[1] == 0 &&
           got->state[2] == SHM_FREE && got->downs[3] == 1 && got->mail == 0 &&
           got->units == want->units;
}

static void linked_and_watched(struct node *node)
{
    TELL(node, 2, link, .who = here(3), .trap = true);
    TELL(node, 3, watch, .who = here(2));
}

/* It comes behind what was sent, and is trapped; the other one's is not. */
static void bid_go(struct node *node)
{
    BID(node, bid, .who = here(2), .reason = AX_FAILED);
    BID(node, bid, .who = here(3), .reason = AX_FAILED);
    BID(node, bid, .who = to(peer_watched()), .reason = AX_FAILED);
}

static bool same_and_told(const struct seen *want, const struct seen *got)
{
    return same_but_restarts(want, got) && got->state[3] == SHM_FREE && got->state[2] == SHM_LIVE &&
           got->downs[2] == 2 && got->sum[2] == 100 && got->nframes == 2 &&
           got->frame[1].kind == SHM_EXIT;
}

/* It overtakes: nothing of what was sent is handled. */
static void kill_it(struct node *node)
{
    BID(node, bid, .who = here(2), .reason = AX_KILLED);
    BID(node, bid, .who = to(peer_watched()), .reason = AX_KILLED);
}

static bool same_and_killed(const struct seen *want, const struct seen *got)
{
    return same_but_restarts(want, got) && got->state[2] == SHM_FREE && got->state[3] == SHM_FREE &&
           got->letters == 1 && got->nframes == 2 && got->frame[1].kind == SHM_KILL;
}

/* From elsewhere, while it waits for an answer that does not come. */
static void wait_for_ever(struct node *node)
{
    ASK(node, 2, forward, .by = 3, .to = to(peer_watched()));
    ASK(node, 2, get, .by = 4);
}

static void then_kill(struct node *node)
{
    struct shm_frame frame;
    head(&frame, here(2).ref.addr, SHM_KILL, 0);
    node_send(node, NODE_PEER, SHM_CONTROL, &frame, NULL, 0);
}

/* What waits behind it is handled if the process dies before it is killed. */
static bool killed_in_hand(const struct seen *want, const struct seen *got)
{
    return got->state[2] == SHM_FREE && got->mail == 0 && got->units == want->units &&
           got->downs[3] == 1 && answers(got, SHM_ERROR, 3) == 1 &&
           answers(got, SHM_ERROR, 4) + answers(got, SHM_REPLY, 4) == 1 &&
           got->letters == 1 + answers(got, SHM_ERROR, 4) && got->nframes == 3 &&
           (same(want, got) || got->deaths > want->deaths);
}

/* ---- what is taken back ---- */

static void call_off(struct node *node)
{
    BID(node, remind, .who = here(2));
    BID(node, call_off);
}

static bool same_and_called_off(const struct seen *want, const struct seen *got)
{
    return same_but_restarts(want, got) && got->turns[1] == 2;
}

/* It ends with a timer and a question under way. */
static void leave_open(struct node *node)
{
    BID(node, remind, .who = here(2));
    BID(node, wonder, .who = to(peer_watched()), .timeout_ns = AX_FOREVER);
    BID(node, leave);
}

static bool same_and_left(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->state[1] == SHM_FREE;
}

static void wonder(struct node *node)
{
    BID(node, wonder, .who = to(peer_watched()), .timeout_ns = 1);
}

static bool same_and_timed_out(const struct seen *want, const struct seen *got)
{
    return same_but_restarts(want, got) && got->errors[1] == AX_E_TIMEOUT && got->replies[1] == 0;
}

/* It has what few actors have: its lists are there, and empty. */
static void pinged(struct node *node)
{
    struct shm_frame frame;
    head(&frame, here(1).ref.addr, SHM_ORDER, SHM_ORDER_PING);
    node_send(node, NODE_PEER, SHM_CONTROL, &frame, NULL, 0);
}

static void regret(struct node *node)
{
    BID(node, regret, .who = here(2), .other = here(3), .far = to(peer_watched()));
    TELL(node, 2, add, .by = 1);
    TELL(node, 3, add, .by = 2);
}

static bool same_and_regretted(const struct seen *want, const struct seen *got)
{
    return same_but_restarts(want, got) && got->failures[1] == 1 && got->letters == 1 &&
           got->turns[1] == 0 && got->errors[1] == 0 && got->members == 0 && got->saved[1] == 0 &&
           got->nframes == 0 && got->sum[2] == 1 && got->sum[3] == 2 && got->state[1] == SHM_LIVE &&
           got->downs[2] == 0 && got->downs[3] == 0;
}

static const struct scenario rows[] = {
    {"begin", begin, begun_once, NULL, NULL, STEP_FIRST | STEP_ONCE, "envoy"},
    {"hooks", hooks, same_and_inherited, NULL, NULL, STEP_ONCE, "envoy"},
    {"drain", drain, same_and_drained, watched, NULL, STEP_ONCE | STEP_DRAIN, NULL},
    {"come_back", come_back, same_and_back, watched, NULL, STEP_ONCE | STEP_ALWAYS, NULL},
    {"fail_ends", fail_for_good, same_and_lost, watched, NULL, STEP_ONCE | STEP_NEVER, NULL},
    {"stop_order", stop_order, same_and_stopped, watched, NULL, STEP_ONCE, NULL},
    {"stop_always", stop_order, same_and_stopped, watched, NULL, STEP_ONCE | STEP_ALWAYS, NULL},
    {"dismiss", dismiss, same_and_dismissed, watched, NULL, STEP_ONCE, "envoy"},
    {"see_off", see_off, seen_off, watched, NULL, STEP_ONCE, "envoy"},
    {"signal", bid_go, same_and_told, linked_and_watched, NULL, STEP_ONCE, "envoy"},
    {"kill", kill_it, same_and_killed, linked_and_watched, NULL, STEP_ONCE, "envoy"},
    {"killed", wait_for_ever, killed_in_hand, watched, then_kill, STEP_ONCE, NULL},
    {"call_off", call_off, same_and_called_off, NULL, NULL, 0, "envoy"},
    {"end_timers", leave_open, same_and_left, NULL, NULL, STEP_ONCE, "envoy"},
    {"regret", regret, same_and_regretted, pinged, NULL, STEP_ONCE, "envoy"},
    {"timeout", wonder, same_and_timed_out, NULL, NULL, 0, "envoy"},
};
const struct scenario_set ends_scenarios = {rows, sizeof rows / sizeof *rows};
