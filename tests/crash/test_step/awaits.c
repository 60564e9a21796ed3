/* SPDX-License-Identifier: MIT */
/* Questions, and what waits for an answer when its process dies. */
#include "scenario.h"

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
           got->units <= want->units + charged(got);
}

static const struct scenario rows[] = {
    {"ask", ask, same, NULL, NULL, 0, NULL},
    {"await_peer", await_peer, same_or_canceled, NULL, NULL, 0, NULL},
    {"await_local", await_local, same_or_canceled, NULL, NULL, 0, NULL},
    {"await_twice", await_twice, same_or_one_canceled, NULL, NULL, 0, NULL},
    {"await_itself", await_itself, same_or_mused, NULL, NULL, 0, NULL},
    {"durable_peer", walk_peer, same_and_walked, NULL, NULL, 0, "steady"},
    {"durable_local", walk_local, same_and_walked, NULL, NULL, 0, "steady"},
    {"durable_large", read_local, same_and_read, NULL, NULL, 0, "steady"},
    {"durable_crash", walk_local, walked_or_dropped, NULL, NULL, STEP_ONCE | STEP_FAULT, "steady"},
    {"ask_async", ask_async, same, NULL, NULL, 0, NULL},
};
const struct scenario_set awaits_scenarios = {rows, sizeof rows / sizeof *rows};
