/* SPDX-License-Identifier: MIT */
/* What the peer asks of the worker's actors, and its death for good. */
#include "scenario.h"

#include "steady.h"

static void control(struct node *node, uint64_t target, uint8_t kind, uint64_t corr, bool final)
{
    const struct shm_since_body since = {.incarnation = 1, .process = 1};
    struct shm_frame frame;
    head(&frame, target, kind, final);
    frame.corr = corr;
    node_send(node, NODE_PEER, SHM_CONTROL, &frame, &since, kind == SHM_LINK ? sizeof since : 0);
}

/* How many frames of that kind and number it was sent. */
static uint32_t told(const struct seen *seen, uint8_t kind, uint64_t corr)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < seen->nframes; i++)
        count += seen->frame[i].kind == kind && seen->frame[i].corr == corr;
    return count;
}

/* ---- watched and linked from there ---- */

/* Two that last, one taken back, and of nobody. */
static void watch(struct node *node)
{
    control(node, here(2).ref.addr, SHM_MONITOR, 11, false);
    control(node, here(2).ref.addr, SHM_MONITOR, 12, false);
    control(node, here(2).ref.addr, SHM_DEMONITOR, 12, false);
    control(node, here(2).ref.addr, SHM_MONITOR, 13, true);
    control(node, here(7).ref.addr, SHM_MONITOR, 14, false);
    TELL(node, 2, relay, .by = 5, .here = here(1), .there = there());
    TELL(node, 2, quit, .reason = AX_FAILED);
}

static bool same_and_watched(const struct seen *want, const struct seen *got)
{
    return same(want, got) && told(got, SHM_DOWN, 11) == 1 && told(got, SHM_DOWN, 12) == 0 &&
           told(got, SHM_DOWN, 13) == 1 && told(got, SHM_DOWN, 14) == 1 && got->nframes == 7 &&
           told(got, SHM_SINCE, 11) == 1 && told(got, SHM_SINCE, 14) == 0 &&
           got->frame[5].after == shm_frame_size(sizeof(struct probe_add)); /* behind the relay */
}

/* A failure is no end for one of them. */
static void watch_failing(struct node *node)
{
    control(node, here(2).ref.addr, SHM_MONITOR, 11, false);
    control(node, here(2).ref.addr, SHM_MONITOR, 13, true);
    TELL(node, 2, fail, .by = 5, .there = there());
    TELL(node, 2, quit, .reason = AX_FAILED);
}

static bool same_and_told_twice(const struct seen *want, const struct seen *got)
{
    return same(want, got) && told(got, SHM_DOWN, 11) == 2 && told(got, SHM_DOWN, 13) == 1;
}

static void link_from(struct node *node)
{
    control(node, here(2).ref.addr, SHM_LINK, 21, false);
    control(node, here(3).ref.addr, SHM_LINK, 22, false);
    control(node, here(3).ref.addr, SHM_UNLINK, 22, false);
    control(node, here(7).ref.addr, SHM_LINK, 23, false);
    TELL(node, 2, quit, .reason = AX_FAILED);
    TELL(node, 3, quit, .reason = AX_FAILED);
}

static bool same_and_linked(const struct seen *want, const struct seen *got)
{
    return same(want, got) && told(got, SHM_EXIT, 21) == 1 && told(got, SHM_EXIT, 22) == 0 &&
           told(got, SHM_EXIT, 23) == 1 && told(got, SHM_SINCE, 21) == 1 && got->nframes == 4;
}

/* ---- linked from both sides at once ---- */

static void link_to(struct node *node)
{
    TELL(node, 1, link, .who = to(peer_watched()), .trap = true);
    TELL(node, 2, link, .who = to(peer_watched()));
}

static void link_back(struct node *node, uint32_t index, uint64_t corr)
{
    const struct shm_since_body since = {.incarnation = 1, .process = 1};
    struct shm_frame frame;
    head(&frame, here(index).ref.addr, SHM_LINK, 0);
    frame.from = peer_watched();
    frame.corr = corr;
    node_send(node, NODE_PEER, SHM_CONTROL, &frame, &since, sizeof since);
}

/* One takes both back, the other ends: of two links one tells. */
static void twins(struct node *node)
{
    link_back(node, 1, 31);
    link_back(node, 2, 32);
    TELL(node, 1, unlink, .who = to(peer_watched()));
    TELL(node, 2, quit, .reason = AX_FAILED);
}

static bool same_and_told_once(const struct seen *want, const struct seen *got)
{
    uint32_t exits = 0, unlinks = 0;
    for (uint32_t i = 0; i < got->nframes; i++) {
        exits += got->frame[i].kind == SHM_EXIT;
        unlinks += got->frame[i].kind == SHM_UNLINK;
    }
    return same(want, got) && exits == 1 && unlinks == 2 && got->nframes == 5;
}

/* ---- its ends ---- */

/* An end with another life behind it, and the last one. */
static void watch_one_that_fails(struct node *node)
{
    TELL(node, 1, watch, .who = to(peer_fails()));
}

static bool same_and_two_downs(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->downs[1] == 2;
}

static void die_for_good(struct node *node)
{
    const struct shm_frame frame = {.kind = SHM_SLOT_DOWN};
    const struct shm_slot_down_body body = {.slot = NODE_PEER,
                                            .incarnation = 1,
                                            .reason = SHM_SIGNAL,
                                            .signal = 9,
                                            .turn = node->port[NODE_PEER].turn};
    ((struct shm_public *)(void *)node->pub[0])->slot[NODE_PEER].state = SHM_SLOT_FAILED;
    node_send(node, 0, SHM_CONTROL, &frame, &body, sizeof body);
}

/* Questions to one that keeps silent, from on_reply, and from one who waits. */
static void ask_for_ever(struct node *node)
{
    TELL(node, 1, ask_later, .to = to(peer_watched()));
    TELL(node, 2, link, .who = to(peer_watched()), .trap = true);
    TELL(node, 3, watch, .who = to(peer_watched()));
}

static bool same_and_canceled(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->errors[1] == 1 && got->replies[1] == 0 && got->turns[1] == 2 &&
           got->downs[2] == 1 && got->downs[3] == 1;
}

static void walk_for_ever(struct node *node)
{
    const struct steady_stroll body = {.by = 3, .to = to(peer_watched()), .next = here(2)};
    send_frame(node, here(1).ref.addr, SHM_TELL, steady_method_stroll, &body, sizeof body);
}

/* It goes on with the error, and with the next step. */
static bool same_and_strolled(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->errors[1] == 1 && got->replies[1] == 1 && got->turns[1] == 1 &&
           got->sum[2] == 10;
}

static const struct scenario rows[] = {
    {"watched_far", watch, same_and_watched, NULL, NULL, STEP_ONCE, NULL},
    {"fails_far", watch_failing, same_and_told_twice, NULL, NULL, STEP_ONCE, NULL},
    {"linked_far", link_from, same_and_linked, NULL, NULL, STEP_ONCE, NULL},
    {"link_twins", twins, same_and_told_once, link_to, NULL, STEP_ONCE, NULL},
    {"two_downs", watch_one_that_fails, same_and_two_downs, NULL, NULL, 0, NULL},
    {"asked_dies", ask_for_ever, same_and_canceled, NULL, die_for_good, STEP_ONCE, NULL},
    {"durable_dies", walk_for_ever, same_and_strolled, NULL, die_for_good, STEP_ONCE, "steady"},
};
const struct scenario_set far_scenarios = {rows, sizeof rows / sizeof *rows};
