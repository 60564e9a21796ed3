/* SPDX-License-Identifier: MIT */
/* Messages, mailboxes and lanes; handlers that fail. */
#include "scenario.h"

/* ---- messages ---- */

static void receive_lane(struct node *node)
{
    for (int64_t i = 1; i <= 3; i++)
        TELL(node, 1, add, .by = i);
    TELL(node, 2, add, .by = 10);
}

static void receive_many(struct node *node)
{
    for (int64_t i = 1; i <= 9; i++)
        TELL(node, 1, add, .by = i);
}

static void send_both(struct node *node)
{
    TELL(node, 1, relay, .by = 5, .here = here(2), .there = there());
    TELL(node, 1, relay, .by = 6, .here = here(2), .there = there());
}

static void receive_local(struct node *node)
{
    TELL(node, 1, relay, .by = 1, .here = here(2), .there = here(3));
    TELL(node, 3, relay, .by = 2, .here = here(1), .there = here(1));
}

/* The lane to the peer as if it had been used before: `unread` bytes of its ring up to `end`. */
static void used_lane(struct node *node, uint64_t end, uint64_t unread)
{
    uint8_t *edge = node->edge[NODE_WORKER][NODE_PEER];
    struct shm_ends *ends = shm_edge_ends(edge, NODE_WORKER, NODE_PEER);
    uint64_t pad = unread | (uint64_t)SHM_PAD << 48;
    memcpy(edge + SHM_PAGE + node->geo[0].control_ring, &pad, unread == 0 ? 0 : sizeof pad);
    ends->data = shm_edge_staged(edge, NODE_WORKER, NODE_PEER)->end[SHM_DATA] = end;
    node->port[NODE_PEER].priv->read_data[NODE_WORKER] = end - unread;
    shm_edge_ends(node->edge[NODE_PEER][NODE_WORKER], NODE_PEER, NODE_WORKER)->read_data =
        end - unread;
}

/* A frame that does not fit before the end of the ring. */
static void wrap(struct node *node)
{
    used_lane(node, node->geo[0].data_ring - 40, 0);
    TELL(node, 1, relay, .by = 5, .here = here(2), .there = there());
    TELL(node, 1, relay, .by = 6, .here = here(2), .there = there());
}

#define QUESTIONS 5

/* Room for one reply; the others wait in the overflow queue. */
static void overflow(struct node *node)
{
    used_lane(node, node->geo[0].data_ring - 48, node->geo[0].data_ring - 48);
    for (int64_t by = 1; by <= QUESTIONS; by++)
        ASK(node, 1, get, .by = by);
    TELL(node, 1, raise, .by = 9); /* takes memory while they wait */
}

static bool all_answered(const struct seen *want, const struct seen *got)
{
    for (uint64_t by = 1; by <= QUESTIONS; by++)
        if (answers(got, SHM_REPLY, by) != 1)
            return false;
    return same(want, got) && got->nframes == QUESTIONS;
}

/* ---- failures ---- */

static void fail(struct node *node)
{
    TELL(node, 1, add, .by = 1);
    TELL(node, 1, fail, .by = 100, .there = there());
    TELL(node, 1, add, .by = 2);
    TELL(node, 1, relay, .by = 6, .here = here(2), .there = there());
}

static bool same_and_failed(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->sum[1] == -9 && got->nframes == 1 && got->frame[0].body == 6;
}

/* A failure that drops the mail leaves the down and the reply, which is that it was dropped. */
static void mope(struct node *node)
{
    TELL(node, 1, mope, .by = 100, .there = there());
}

static bool same_and_moped(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->downs[1] == 1 && got->errors[1] == 1 && got->turns[1] == 3 &&
           got->letters == 3 && got->nframes == 0;
}

/* The process dies by its own doing: what was in hand is dropped, that and nothing else. */
static void crash(struct node *node)
{
    TELL(node, 1, relay, .by = 5, .here = here(2), .there = there());
    TELL(node, 1, add, .by = 2);
}

static bool same_or_dropped(const struct seen *want, const struct seen *got)
{
    if (same(want, got))
        return got->sum[1] == -8 && got->sum[2] == 5 && got->nframes == 1;
    bool relay = got->nframes == 1, local = relay && got->sum[2] == 5;
    bool add = got->sum[1] == (relay ? -8 : 2);
    return (add || got->sum[1] == (relay ? -10 : 0)) && got->turns[1] == relay + add &&
           got->turns[2] == local && got->mail == 0 && got->units == want->units + charged(got) &&
           got->letters == (uint64_t)!relay + !add + (relay && !local) &&
           total(got->failures) == (int64_t)got->letters && got->events == want->events;
}

/* What no honest peer sends, and one good message. */
static void forged(struct node *node)
{
    const struct probe_add by = {.by = 50};
    struct shm_frame frame;
    head(&frame, here(1).ref.addr, SHM_TELL, probe_method_add);
    frame.from = SHM_REF(NODE_WORKER, 2, 1);
    node_send(node, NODE_PEER, SHM_DATA, &frame, &by, sizeof by);
    send_frame(node, here(1).ref.addr, SHM_TELL, 99, &by, sizeof by);
    send_frame(node, here(1).ref.addr, SHM_TELL, probe_method_get, &by, sizeof by);
    send_frame(node, here(1).ref.addr, SHM_TELL, probe_method_add, &by, 0);
    SEND(node, here(1), SHM_TELL, claim,
         .name = {'1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1', '2', '3', '4', '5', '6'});
    SEND(node, to(SHM_REF(NODE_WORKER, 1, 2)), SHM_TELL, add, .by = 60);
    TELL(node, 1, add, .by = 1);
}

static bool same_and_one_good(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->turns[1] == 1 && got->sum[1] == 1 && got->nframes == 0 &&
           got->letters == 6;
}

static const struct scenario rows[] = {
    {"receive_lane", receive_lane, same, NULL, NULL, 0, NULL},
    {"receive_many", receive_many, same, NULL, NULL, 0, NULL},
    {"receive_local", receive_local, same, NULL, NULL, 0, NULL},
    {"send_both", send_both, same, NULL, NULL, 0, NULL},
    {"wrap", wrap, same, NULL, NULL, STEP_ONCE, NULL},
    {"overflow", overflow, all_answered, NULL, NULL, STEP_ONCE, NULL},
    {"forged", forged, same_and_one_good, NULL, NULL, 0, NULL},
    {"fail", fail, same_and_failed, NULL, NULL, 0, NULL},
    {"mope", mope, same_and_moped, NULL, NULL, STEP_DROP, NULL},
    {"crash", crash, same_or_dropped, NULL, NULL, STEP_ONCE | STEP_FAULT, NULL},
};
const struct scenario_set messages_scenarios = {rows, sizeof rows / sizeof *rows};
