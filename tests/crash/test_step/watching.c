/* SPDX-License-Identifier: MIT */
/* Monitors, links and groups, within the worker and with the peer. */
#include "scenario.h"

/* ---- monitors ---- */

static void watch_peer(struct node *node)
{
    TELL(node, 1, watch, .who = there());
}

static void unwatch(struct node *node)
{
    TELL(node, 1, watch, .who = here(2));
    TELL(node, 3, watch, .who = to(peer_watched()));
    TELL(node, 1, unwatch);
    TELL(node, 3, unwatch);
    TELL(node, 2, leave);
}

static bool same_and_unwatched(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->downs[1] == 0 && got->nframes == 2 &&
           got->frame[0].kind == SHM_MONITOR && got->frame[1].kind == SHM_DEMONITOR;
}

static void watch_again(struct node *node)
{
    TELL(node, 1, watch, .who = here(2));
    TELL(node, 3, watch, .who = to(peer_watched()));
    TELL(node, 1, unwatch);
    TELL(node, 3, unwatch);
}

static void two_watchers(struct node *node)
{
    TELL(node, 1, watch, .who = to(peer_watched()));
    TELL(node, 3, watch, .who = to(peer_watched()));
}

/* Both of its worker and of itself. */
static void watch_within(struct node *node)
{
    TELL(node, 1, watch, .who = here(2));
    TELL(node, 3, watch, .who = here(2));
    TELL(node, 3, watch, .who = here(3));
}

static void fail_watched(struct node *node)
{
    TELL(node, 2, fail, .by = 100, .there = there());
    TELL(node, 2, add, .by = 1);
}

/* Each death is told once, and the failure. */
static bool each_end_once(const struct seen *want, const struct seen *got)
{
    struct seen copy = *got;
    for (uint32_t i = 1; i <= 3;
         i += 2) { /* each down is a message that is handled, and an event */
        uint32_t more = (i == 3 ? 2 : 1) * (got->deaths - want->deaths);
        copy.downs[i] -= more;
        copy.turns[i] -= more;
        copy.handled[i] -= more;
        copy.events -= more;
    }
    return got->downs[1] == got->deaths + 1 && got->downs[3] == 2 * got->deaths + 1 &&
           got->sum[2] == 1 && same(want, &copy);
}

static void leave_watched(struct node *node)
{
    TELL(node, 2, leave);
    TELL(node, 3, leave);
}

/* The last death may come before the end or after it; of that of itself nobody is told. */
static bool gone_once(const struct seen *want, const struct seen *got)
{
    return got->downs[1] > 1 && got->downs[1] <= got->deaths + 1 && got->mail == 0 &&
           got->state[1] == SHM_LIVE && got->state[2] == SHM_FREE && got->state[3] == SHM_FREE &&
           got->units == want->units && got->turns[1] == 1 + got->downs[1];
}

/* A message of the peer that it commits, or not, before it dies; not published in any case. */
static void stage(struct node *node, int64_t by, bool commit)
{
    struct shm_port *port = &node->port[NODE_PEER];
    const struct probe_add body = {.by = by};
    uint32_t size = shm_frame_size(sizeof body);
    shm_turn_begin(port, 0, 0);
    struct shm_frame *frame = shm_lane_reserve(port, NODE_WORKER, SHM_DATA, size);
    if (frame == NULL)
        abort();
    head(frame, here(1).ref.addr, SHM_TELL, probe_method_add);
    frame->size = size;
    frame->stamp = port->turn;
    memcpy(frame->body, &body, sizeof body);
    shm_lane_stage(port, NODE_WORKER, SHM_DATA, size);
    if (commit)
        shm_turn_commit(port);
}

static void say_down(struct node *node, uint64_t turn)
{
    const struct shm_frame frame = {.kind = SHM_SLOT_DOWN};
    const struct shm_slot_down_body body = {.slot = NODE_PEER,
                                            .incarnation = 1,
                                            .reason = SHM_SIGNAL,
                                            .signal = 9,
                                            .will_restart = 1,
                                            .turn = turn};
    node_send(node, 0, SHM_CONTROL, &frame, &body, sizeof body);
}

/* The peer dies with one message committed and one not, and nobody follows it yet. */
static void peer_dies(struct node *node)
{
    stage(node, 1, true);
    uint64_t turn = node->port[NODE_PEER].turn;
    stage(node, 100, false);
    say_down(node, turn);
}

/* Its successor has sent something before anyone looks. */
static void peer_returns(struct node *node)
{
    struct shm_public *pub = (void *)node->pub[NODE_PEER];
    stage(node, 1, true);
    uint64_t turn = node->port[NODE_PEER].turn;
    stage(node, 100, false);
    shm_turn_undo(&node->port[NODE_PEER]);
    pub->incarnation = 2;
    ((struct shm_public *)(void *)node->pub[0])->slot[NODE_PEER].incarnation = 2;
    TELL(node, 1, add, .by = 5);
    say_down(node, turn);
}

/* Here it sends first, and the notice of the death comes when the worker rests. */
static void peer_first(struct node *node)
{
    struct shm_public *pub = (void *)node->pub[NODE_PEER];
    pub->incarnation = 2;
    ((struct shm_public *)(void *)node->pub[0])->slot[NODE_PEER].incarnation = 2;
    TELL(node, 1, add, .by = 5);
}

static void then_say_down(struct node *node)
{
    say_down(node, node->port[NODE_PEER].turn - 1);
}

static bool same_and_after(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->downs[1] == 1 && got->sum[1] == 5;
}

static bool same_and_one_down(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->downs[1] == 1 && got->downs[3] == 1 && got->sum[1] == 10;
}

static bool same_and_in_order(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->downs[1] == 1 && got->downs[3] == 1 && got->sum[1] == 15;
}

/* ---- links ---- */

static void link_both(struct node *node)
{
    TELL(node, 1, link, .who = here(2));
    TELL(node, 2, link, .who = to(peer_watched()));
    TELL(node, 1, link, .who = to(peer_watched()));
}

static void unlink_both(struct node *node)
{
    link_both(node);
    TELL(node, 2, unlink, .who = here(1));
    TELL(node, 2, unlink, .who = to(peer_watched()));
    TELL(node, 1, unlink, .who = to(peer_watched()));
}

static void unlink_and_quit(struct node *node)
{
    unlink_both(node);
    TELL(node, 2, quit, .reason = AX_FAILED);
}

static bool same_and_unlinked(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->state[1] == SHM_LIVE && got->state[2] == SHM_FREE &&
           got->nframes == 4 && got->frame[1].kind == SHM_UNLINK;
}

/* 1 traps, 3 does not. */
static void two_linked(struct node *node)
{
    TELL(node, 1, link, .who = here(2), .trap = true);
    TELL(node, 3, link, .who = here(2));
}

static void quit_linked(struct node *node)
{
    TELL(node, 2, quit, .reason = AX_OTHER);
}

/* Who traps is told of the deaths besides, as long as there was somebody to die, and of the end in
 * its own words. */
static bool ended_together(const struct seen *want, const struct seen *got)
{
    return got->downs[1] >= 1 && got->downs[1] <= got->deaths + 1 && got->downs[3] == 0 &&
           got->mail == 0 && got->state[1] == SHM_LIVE && got->state[2] == SHM_FREE &&
           got->state[3] == SHM_FREE && got->units == want->units &&
           got->turns[1] == 1 + got->downs[1] && got->errors[1] == 0;
}

static void two_linked_far(struct node *node)
{
    TELL(node, 1, link, .who = to(peer_watched()), .trap = true);
    TELL(node, 3, link, .who = to(peer_watched()));
}

/* Its process comes again: nobody else ends for that. */
static bool same_and_one_exit(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->downs[1] == 1 && got->downs[3] == 0 && got->sum[1] == 10 &&
           got->state[3] == SHM_LIVE;
}

/* What the peer says that is linked, behind a message. */
static void far_quits(struct node *node)
{
    struct shm_frame frame;
    const struct shm_down_body body = {.who = peer_watched(),
                                       .incarnation = 1,
                                       .reason = SHM_KILLED,
                                       .after =
                                           node->port[NODE_PEER].out[NODE_WORKER].staged[SHM_DATA]};
    for (uint32_t index = 1; index <= 3; index += 2) {
        head(&frame, here(index).ref.addr, SHM_EXIT, 0);
        frame.from = peer_watched();
        node_send(node, NODE_PEER, SHM_CONTROL, &frame, &body, sizeof body);
    }
    TELL(node, 1, add, .by = 1);
}

/* Signals, which need no link: one is trapped, the other one ends it. */
static bool same_and_one_ended(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->downs[1] == 1 && got->state[1] == SHM_LIVE &&
           got->state[3] == SHM_FREE;
}

/* ---- groups ---- */

static void join(struct node *node)
{
    TELL(node, 1, join, .stay = true);
    TELL(node, 2, join);
}

static void join_and_leave(struct node *node)
{
    TELL(node, 1, join, .stay = true);
    TELL(node, 2, join, .stay = true);
    TELL(node, 2, leave);
}

static bool same_and_one_member(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->members == 1;
}

static const struct scenario rows[] = {
    {"monitor", watch_peer, same, NULL, NULL, 0, NULL},
    {"watch_again", watch_again, same, NULL, NULL, 0, NULL},
    {"demonitor", unwatch, same_and_unwatched, NULL, NULL, STEP_ONCE, NULL},
    {"peer_dies", peer_dies, same_and_one_down, two_watchers, NULL, STEP_ONCE, NULL},
    {"peer_returns", peer_returns, same_and_in_order, two_watchers, NULL, STEP_ONCE, NULL},
    {"peer_first", peer_first, same_and_after, two_watchers, then_say_down, STEP_ONCE, NULL},
    {"watch_within", fail_watched, each_end_once, watch_within, NULL, STEP_ONCE | STEP_ENDS, NULL},
    {"leave_within", leave_watched, gone_once, watch_within, NULL, STEP_ONCE | STEP_ENDS, NULL},
    {"link", link_both, same, NULL, NULL, 0, NULL},
    {"link_again", unlink_both, same, NULL, NULL, 0, NULL},
    {"unlink", unlink_and_quit, same_and_unlinked, NULL, NULL, STEP_ONCE, NULL},
    {"end_linked", quit_linked, ended_together, two_linked, NULL, STEP_ONCE | STEP_ENDS, NULL},
    {"linked_dies", peer_dies, same_and_one_exit, two_linked_far, NULL, STEP_ONCE, NULL},
    {"exit_signal", far_quits, same_and_one_ended, two_linked_far, NULL, STEP_ONCE, NULL},
    {"join", join, same_and_one_member, NULL, NULL, 0, NULL},
    {"join_end", join_and_leave, same_and_one_member, NULL, NULL, STEP_ONCE, NULL},
};
const struct scenario_set watching_scenarios = {rows, sizeof rows / sizeof *rows};
