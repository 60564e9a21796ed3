/* SPDX-License-Identifier: MIT */
/* What the worker is given to do, and what may be seen of it in the end. A judge is asked about the
 * undisturbed run as well, against itself. */
#include "step.h"

#include "steady.h"

#include "libax/registry.h"
#include "shm/lane.h"

#include <stdlib.h>
#include <string.h>

static uint64_t peer_actor, peer_watched;

void scenarios_open(struct node *node)
{
    uint64_t contract = ax_contract_hash(&probe_contract);
    peer_actor = node_peer_actor(node, 1, contract);
    peer_watched = node_peer_actor(node, 2, contract);
}

static probe_ref to(uint64_t address)
{
    return (probe_ref){.ref = {.addr = address}};
}

static probe_ref here(uint32_t index)
{
    return to(SHM_REF(NODE_WORKER, index, 1));
}

static probe_ref there(void)
{
    return to(peer_actor);
}

static void head(struct shm_frame *frame, uint64_t target, uint8_t kind, uint16_t method)
{
    *frame = (struct shm_frame){
        .kind = kind,
        .method = method,
        .to = target,
        .from = STEP_ASKER,
    };
}

/* `body` of a question begins with its number. */
static void send_frame(struct node *node, uint64_t target, uint8_t kind, uint16_t method,
                       const void *body, uint32_t size)
{
    struct shm_frame frame;
    head(&frame, target, kind, method);
    frame.corr = kind == SHM_ASK ? *(const uint64_t *)body : 0;
    node_send(node, NODE_PEER, SHM_DATA, &frame, body, size);
}

#define SEND(node, target, kind, message, ...)                                                     \
    send_frame(node, (target).ref.addr, kind, probe_method_##message,                              \
               &(struct probe_##message){__VA_ARGS__}, sizeof(struct probe_##message))
#define TELL(node, index, message, ...) SEND(node, here(index), SHM_TELL, message, __VA_ARGS__)
#define ASK(node, index, message, ...) SEND(node, here(index), SHM_ASK, message, __VA_ARGS__)

/* ---- judges ---- */

/* But for deaths, and for generations: what is spawned again has an address of its own. */
static bool same(const struct seen *want, const struct seen *got)
{
    struct seen copy = *got;
    copy.deaths = want->deaths;
    memcpy(copy.gen, want->gen, sizeof copy.gen);
    return memcmp(want, &copy, sizeof copy) == 0;
}

/* How many answers of that kind and number the scenario's questions have had. */
static uint32_t answers(const struct seen *seen, uint8_t kind, uint64_t corr)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < seen->nframes; i++)
        count += seen->frame[i].to == STEP_ASKER && seen->frame[i].kind == kind &&
                 seen->frame[i].corr == corr &&
                 (kind != SHM_ERROR || seen->frame[i].method == AX_E_CANCELED);
    return count;
}

static bool at_rest(const struct seen *want, const struct seen *got, uint64_t letters)
{
    return got->mail == 0 && got->units == want->units && got->letters == letters &&
           memcmp(got->state, want->state, sizeof want->state) == 0 &&
           memcmp(got->handled, want->handled, sizeof want->handled) == 0;
}

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

/* ---- asks ---- */

static void ask(struct node *node)
{
    ASK(node, 1, get, .by = 4);
}

static void await_peer(struct node *node)
{
    ASK(node, 1, forward, .by = 3, .to = there());
}

static void await_local(struct node *node)
{
    ASK(node, 1, forward, .by = 3, .to = here(2));
}

static void await_twice(struct node *node)
{
    ASK(node, 1, forward, .by = 3, .to = there());
    ASK(node, 1, forward, .by = 4, .to = there());
}

static void await_itself(struct node *node)
{
    ASK(node, 1, muse, .by = 3, .to = there());
}

static void ask_async(struct node *node)
{
    TELL(node, 1, ask_later, .to = there());
    TELL(node, 1, ask_later, .to = here(2));
}

/* The state that an ask leaves behind when its handler died in the await: everything of the first
 * turn, nothing of the second, and the asker told AX_E_CANCELED; or all of it as if nothing had
 * happened. */
static bool same_or_canceled(const struct seen *want, const struct seen *got)
{
    if (same(want, got))
        return answers(got, SHM_REPLY, 3) == 1;
    return answers(got, SHM_ERROR, 3) == 1 && answers(got, SHM_REPLY, 3) == 0 &&
           got->turns[1] == 1 && got->sum[1] == 1 && got->replies[1] == 0 && got->errors[1] == 0 &&
           got->sum[2] == want->sum[2] && at_rest(want, got, 1);
}

/* At most one of the two; the other has its own answer, not that of the first. */
static bool same_or_one_canceled(const struct seen *want, const struct seen *got)
{
    for (uint32_t i = 0; i < got->nframes; i++)
        if (got->frame[i].to == STEP_ASKER && got->frame[i].kind == SHM_REPLY &&
            got->frame[i].body != 10 * (int64_t)got->frame[i].corr)
            return false;
    if (same(want, got))
        return answers(got, SHM_REPLY, 3) == 1 && answers(got, SHM_REPLY, 4) == 1;
    if (answers(got, SHM_ERROR, 3) == 1 && answers(got, SHM_ERROR, 4) == 1) /* two deaths */
        return got->deaths > want->deaths + 1 && got->nframes == want->nframes &&
               got->turns[1] == 2 && got->sum[1] == 2 && got->replies[1] == 0 &&
               at_rest(want, got, 2);
    uint64_t canceled = answers(got, SHM_ERROR, 3) == 1 ? 3 : 4;
    return answers(got, SHM_ERROR, canceled) == 1 && answers(got, SHM_REPLY, 7 - canceled) == 1 &&
           got->nframes == want->nframes && got->turns[1] == 2 && got->sum[1] == 1002 &&
           got->replies[1] == 1 && at_rest(want, got, 1);
}

/* What it told itself is handled after it, once, whatever becomes of the handler. */
static bool same_or_mused(const struct seen *want, const struct seen *got)
{
    if (same(want, got))
        return got->sum[1] == 1003 && got->turns[1] == 2;
    return answers(got, SHM_ERROR, 3) == 1 && got->sum[1] == 3 && got->turns[1] == 2 &&
           got->replies[1] == 0 && at_rest(want, got, 1);
}

/* ---- durable awaits ---- */

static void walk(struct node *node, probe_ref to, probe_ref next)
{
    const struct steady_walk body = {.by = 3, .to = to, .next = next};
    send_frame(node, here(1).ref.addr, SHM_ASK, steady_method_walk, &body, sizeof body);
}

static void walk_peer(struct node *node)
{
    walk(node, there(), here(2));
}

static void walk_local(struct node *node)
{
    walk(node, here(3), here(2));
}

static void read_local(struct node *node)
{
    const struct steady_read body = {.by = 3, .to = here(2)};
    send_frame(node, here(1).ref.addr, SHM_ASK, steady_method_read, &body, sizeof body);
}

static bool answered(const struct seen *seen, int64_t value)
{
    for (uint32_t i = 0; i < seen->nframes; i++)
        if (seen->frame[i].to == STEP_ASKER && seen->frame[i].body == value)
            return answers(seen, SHM_REPLY, 3) == 1;
    return false;
}

/* No death makes a difference. */
static bool same_and_walked(const struct seen *want, const struct seen *got)
{
    return same(want, got) && (answered(got, 3120) || answered(got, 3030)) && got->turns[1] == 1 &&
           got->sum[1] == 3 && got->replies[1] == 2 && got->errors[1] == 0;
}

static bool same_and_read(const struct seen *want, const struct seen *got)
{
    return same(want, got) && answered(got, 712) && got->turns[1] == 1 && got->replies[1] == 1;
}

/* What was in hand is dropped, before the first await or behind any; nothing else is. Where that is
 * what was asked, who asked goes on with the error. */
static bool walked_or_dropped(const struct seen *want, const struct seen *got)
{
    if (same_and_walked(want, got))
        return true;
    bool went_on = answers(got, SHM_REPLY, 3) == 1 && got->errors[1] == 1 && got->replies[1] == 1 &&
                   got->turns[2] + got->turns[3] == 1;
    bool dropped = answers(got, SHM_ERROR, 3) == 1 && got->errors[1] == 0;
    return went_on != dropped && got->mail == 0 && got->state[1] == SHM_LIVE && got->letters == 1 &&
           got->units <= want->units;
}

/* ---- orders and snapshots ---- */

static int64_t total(const int64_t of[STEP_RECORDS])
{
    int64_t sum = 0;
    for (uint32_t i = 1; i < STEP_RECORDS; i++)
        sum += of[i];
    return sum;
}

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

/* ---- monitors ---- */

static void watch_peer(struct node *node)
{
    TELL(node, 1, watch, .who = there());
}

static void unwatch(struct node *node)
{
    TELL(node, 1, watch, .who = here(2));
    TELL(node, 3, watch, .who = to(peer_watched));
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
    TELL(node, 3, watch, .who = to(peer_watched));
    TELL(node, 1, unwatch);
    TELL(node, 3, unwatch);
}

static void two_watchers(struct node *node)
{
    TELL(node, 1, watch, .who = to(peer_watched));
    TELL(node, 3, watch, .who = to(peer_watched));
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
    TELL(node, 2, link, .who = to(peer_watched));
    TELL(node, 1, link, .who = to(peer_watched));
}

static void unlink_both(struct node *node)
{
    link_both(node);
    TELL(node, 2, unlink, .who = here(1));
    TELL(node, 2, unlink, .who = to(peer_watched));
    TELL(node, 1, unlink, .who = to(peer_watched));
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
    TELL(node, 2, quit, .reason = AX_FAILED);
}

/* Who traps is told of the deaths besides, as long as there was somebody to die. */
static bool ended_together(const struct seen *want, const struct seen *got)
{
    return got->downs[1] >= 1 && got->downs[1] <= got->deaths + 1 && got->downs[3] == 0 &&
           got->mail == 0 && got->state[1] == SHM_LIVE && got->state[2] == SHM_FREE &&
           got->state[3] == SHM_FREE && got->units == want->units &&
           got->turns[1] == 1 + got->downs[1];
}

static void two_linked_far(struct node *node)
{
    TELL(node, 1, link, .who = to(peer_watched), .trap = true);
    TELL(node, 3, link, .who = to(peer_watched));
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
    const struct shm_down_body body = {.who = peer_watched,
                                       .incarnation = 1,
                                       .reason = SHM_KILLED,
                                       .after =
                                           node->port[NODE_PEER].out[NODE_WORKER].staged[SHM_DATA]};
    for (uint32_t index = 1; index <= 3; index += 2) {
        head(&frame, here(index).ref.addr, SHM_EXIT, 0);
        frame.from = peer_watched;
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

/* ---- timers, failures ---- */

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
           got->turns[2] == local && got->mail == 0 && got->units == want->units &&
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

/* ---- kept maps ---- */

#define MAP_KEYS 11u

static bool same_and_entries(const struct seen *want, const struct seen *got, uint64_t entries)
{
    return same(want, got) && got->entries[1] == entries && got->letters == 0;
}

/* A first map, and more in it than one bucket may hold. */
static void map_first(struct node *node)
{
    TELL(node, 1, write, .from = 0, .to = 2, .size = 8);
    TELL(node, 1, write, .from = 2, .to = 5, .size = 8);
}

static bool same_and_five(const struct seen *want, const struct seen *got)
{
    return same_and_entries(want, got, 5);
}

static void map_filled(struct node *node)
{
    TELL(node, 1, write, .from = 0, .to = MAP_KEYS, .size = 24);
}

static void map_overwrite(struct node *node)
{
    TELL(node, 1, write, .from = 3, .to = 5, .size = 24);
    TELL(node, 1, write, .from = 4, .to = 6, .size = 200);
}

static bool same_and_all(const struct seen *want, const struct seen *got)
{
    return same_and_entries(want, got, MAP_KEYS);
}

/* So many that buckets are joined; and one that is put again. */
static void map_delete(struct node *node)
{
    TELL(node, 1, erase, .from = 0, .to = MAP_KEYS - 2);
    TELL(node, 1, write, .from = 3, .to = 4, .size = 8);
    TELL(node, 1, erase, .from = 3, .to = 4);
}

static bool same_and_two(const struct seen *want, const struct seen *got)
{
    return same_and_entries(want, got, 2);
}

static void map_clear(struct node *node)
{
    TELL(node, 1, wipe);
    TELL(node, 1, write, .from = 20, .to = 22, .size = 8);
}

/* An actor ends with its map: in turns of the worker's own. */
static void map_end(struct node *node)
{
    TELL(node, 1, leave);
}

static bool same_and_gone(const struct seen *want, const struct seen *got)
{
    return same(want, got) && got->state[1] == SHM_FREE && got->entries[1] == 0;
}

#define FEW_UNITS 520u

static struct shm_slot_info *info_of(struct node *node)
{
    return &((struct shm_public *)(void *)node->pub[0])->slot[NODE_WORKER];
}

/* An arena that is nearly too small, and becomes it. */
static void extent(struct node *node)
{
    info_of(node)->units = FEW_UNITS;
    TELL(node, 1, write, .from = 0, .to = 4, .size = 1000);
}

/* It has asked for more before it rested, gets it, and uses it. */
static void extent_more(struct node *node)
{
    const struct shm_public *pub = (const void *)node->pub[NODE_WORKER];
    if (pub->small == FEW_UNITS)
        info_of(node)->units = node->geo[NODE_WORKER].units;
    TELL(node, 1, write, .from = 4, .to = 13, .size = 1000);
}

static bool same_and_grown(const struct seen *want, const struct seen *got)
{
    return same_and_entries(want, got, 13);
}

const struct scenario scenarios[] = {
    {"first_boot", first_boot, same, NULL, NULL, STEP_FIRST | STEP_ONCE},
    {"receive_lane", receive_lane, same, NULL, NULL, 0},
    {"receive_many", receive_many, same, NULL, NULL, 0},
    {"receive_local", receive_local, same, NULL, NULL, 0},
    {"send_both", send_both, same, NULL, NULL, 0},
    {"wrap", wrap, same, NULL, NULL, STEP_ONCE},
    {"overflow", overflow, all_answered, NULL, NULL, STEP_ONCE},
    {"ask", ask, same, NULL, NULL, 0},
    {"await_peer", await_peer, same_or_canceled, NULL, NULL, 0},
    {"await_local", await_local, same_or_canceled, NULL, NULL, 0},
    {"await_twice", await_twice, same_or_one_canceled, NULL, NULL, 0},
    {"await_itself", await_itself, same_or_mused, NULL, NULL, 0},
    {"durable_peer", walk_peer, same_and_walked, NULL, NULL, STEP_STEADY},
    {"durable_local", walk_local, same_and_walked, NULL, NULL, STEP_STEADY},
    {"durable_large", read_local, same_and_read, NULL, NULL, STEP_STEADY},
    {"durable_crash", walk_local, walked_or_dropped, NULL, NULL,
     STEP_STEADY | STEP_ONCE | STEP_FAULT},
    {"ask_async", ask_async, same, NULL, NULL, 0},
    {"spawn", spawn, same, NULL, NULL, 0},
    {"listen", attend, same_but_notices, NULL, NULL, 0},
    {"lifecycle", spawn, told_once, attend, NULL, STEP_ONCE},
    {"lifecycle_far", start_elsewhere, heard_once, attend, NULL, STEP_ONCE},
    {"exit", leave, same, NULL, NULL, STEP_ONCE},
    {"stale_ref", stale_ref, same_and_refused, spawn, NULL, STEP_ONCE},
    {"claim", claim, claimed_or_not, NULL, NULL, STEP_ONCE},
    {"claim_and_fail", claim_and_fail, claimed_and_failed, NULL, NULL, STEP_ONCE},
    {"registry", registry, one_a_key, NULL, NULL, STEP_ONCE},
    {"passivate", passivate, rested, NULL, NULL, STEP_ONCE},
    {"monitor", watch_peer, same, NULL, NULL, 0},
    {"watch_again", watch_again, same, NULL, NULL, 0},
    {"demonitor", unwatch, same_and_unwatched, NULL, NULL, STEP_ONCE},
    {"peer_dies", peer_dies, same_and_one_down, two_watchers, NULL, STEP_ONCE},
    {"peer_returns", peer_returns, same_and_in_order, two_watchers, NULL, STEP_ONCE},
    {"peer_first", peer_first, same_and_after, two_watchers, then_say_down, STEP_ONCE},
    {"watch_within", fail_watched, each_end_once, watch_within, NULL, STEP_ONCE | STEP_ENDS},
    {"leave_within", leave_watched, gone_once, watch_within, NULL, STEP_ONCE | STEP_ENDS},
    {"link", link_both, same, NULL, NULL, 0},
    {"link_again", unlink_both, same, NULL, NULL, 0},
    {"unlink", unlink_and_quit, same_and_unlinked, NULL, NULL, STEP_ONCE},
    {"end_linked", quit_linked, ended_together, two_linked, NULL, STEP_ONCE | STEP_ENDS},
    {"linked_dies", peer_dies, same_and_one_exit, two_linked_far, NULL, STEP_ONCE},
    {"exit_signal", far_quits, same_and_one_ended, two_linked_far, NULL, STEP_ONCE},
    {"join", join, same_and_one_member, NULL, NULL, 0},
    {"join_end", join_and_leave, same_and_one_member, NULL, NULL, STEP_ONCE},
    {"timer", timer, same, NULL, NULL, 0},
    {"two_timers", two_timers, same, NULL, NULL, STEP_ONCE},
    {"rash", rash, same_and_waiting, NULL, NULL, STEP_ONCE},
    {"timer_again", repeat, same_and_thrice, NULL, NULL, STEP_ONCE},
    {"timer_cancel", juggle, same_and_five_added, NULL, NULL, STEP_ONCE},
    {"fail", fail, same_and_failed, NULL, NULL, 0},
    {"mope", mope, same_and_moped, NULL, NULL, STEP_DROP},
    {"crash", crash, same_or_dropped, NULL, NULL, STEP_ONCE | STEP_FAULT},
    {"io_event", dial, same_or_no_event, NULL, NULL, 0},
    {"map_put", map_first, same_and_five, NULL, NULL, 0},
    {"map_overwrite", map_overwrite, same_and_all, map_filled, NULL, STEP_ONCE},
    {"map_delete", map_delete, same_and_two, map_filled, NULL, STEP_ONCE},
    {"map_clear", map_clear, same_and_two, map_filled, NULL, 0},
    {"map_end", map_end, same_and_gone, map_filled, NULL, STEP_ONCE},
    {"extent_growth", extent, same_and_grown, map_filled, extent_more, STEP_ONCE},
    {"ping", ping, same_and_answered, NULL, NULL, 0},
    {"snapshot", snapshot, same, NULL, NULL, 0},
    {"snapshot_dies", snapshot, saved_or_failed, NULL, NULL, STEP_ONCE | STEP_FAULT},
    {"keep", keep, same, NULL, NULL, 0},
    {"inherit", inherit, same_and_inherited, NULL, NULL, STEP_ONCE},
    {"overload", overload, same_and_overloaded, NULL, NULL, STEP_HIGH},
    {"forged", forged, same_and_one_good, NULL, NULL, 0},
};
const uint32_t scenario_count = sizeof scenarios / sizeof *scenarios;
