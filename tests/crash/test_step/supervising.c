/* SPDX-License-Identifier: MIT */
/* Supervisors: what they decide, and the children that they take up again. The first actor is one,
 * its children are those behind the configured ones. */
#include "scenario.h"

#include "warden.h"

static void found(struct node *node, enum warden_table table)
{
    const struct warden_found body = {.table = table};
    send_frame(node, here(1).ref.addr, SHM_TELL, warden_method_found, &body, sizeof body);
}

static uint32_t living(const struct seen *seen)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i < STEP_RECORDS; i++)
        count += seen->state[i] == SHM_LIVE;
    return count;
}

/* As many live as without a death, all of them its children, and none was begun besides. It is told
 * of deaths, and a spawn with a name may be canceled with the message in which it waits. */
static bool tended(const struct seen *want, const struct seen *got)
{
    return got->mail == 0 && got->units == want->units && living(got) == living(want) &&
           got->starts == want->starts && got->stops == want->stops &&
           got->sum[1] == want->sum[1] && got->turns[1] == want->turns[1] &&
           got->letters <= want->letters + got->deaths - want->deaths && total(got->failures) == 0;
}

static bool tended_quietly(const struct seen *want, const struct seen *got)
{
    return tended(want, got) && got->letters == want->letters && got->nframes == want->nframes;
}

/* ---- decisions ---- */

static void found_all(struct node *node)
{
    found(node, WARDEN_ALL);
}

static bool three_run(const struct seen *want, const struct seen *got)
{
    return tended_quietly(want, got) && got->turns[1] == 3 && got->sum[1] == 0 && living(got) == 6;
}

/* The first one; the others are stopped, the last one first, and all are started. */
static void end_one(struct node *node)
{
    TELL(node, 4, quit, .reason = AX_FAILED);
}

static bool three_run_again(const struct seen *want, const struct seen *got)
{
    return tended_quietly(want, got) && got->turns[1] == 3 && got->sum[1] == 3 && living(got) == 6;
}

static void found_few(struct node *node)
{
    found(node, WARDEN_FEW);
}

/* One too many. */
static void end_both(struct node *node)
{
    TELL(node, 4, quit, .reason = AX_FAILED);
    TELL(node, 5, quit, .reason = AX_FAILED);
}

static bool all_ended(const struct seen *want, const struct seen *got)
{
    return got->mail == 0 && got->units == want->units && living(got) == 2 &&
           got->state[1] == SHM_FREE && got->letters == want->letters &&
           got->starts == got->stops + 2;
}

static void retire(struct node *node)
{
    const struct warden_retire body; /* of no bytes */
    send_frame(node, here(1).ref.addr, SHM_TELL, warden_method_retire, &body, sizeof body);
}

/* ---- children that are found again ---- */

static void found_named(struct node *node)
{
    found(node, WARDEN_NAMED);
}

static bool two_run(const struct seen *want, const struct seen *got)
{
    return tended(want, got) && got->turns[1] == 2 && got->sum[1] == 0 && living(got) == 5;
}

static bool two_run_again(const struct seen *want, const struct seen *got)
{
    return tended(want, got) && got->turns[1] == 2 && got->sum[1] == 1 && living(got) == 5;
}

static void found_far(struct node *node)
{
    (void)node_peer_actor(node, PLAYED_NURSERY, ax_contract_hash(&nursery_contract));
    played_name(node, "nursery", SHM_REF(NODE_PEER, PLAYED_NURSERY, 1));
    found(node, WARDEN_FAR);
}

/* However often it was asked for: it is one, and linked. What it asks may time out while we step,
 * and counts as a restart then. */
static bool one_runs_far(const struct seen *want, const struct seen *got)
{
    uint32_t links = 0;
    struct seen copy = *got;
    copy.sum[1] = want->sum[1];
    for (uint32_t i = 0; i < got->nframes; i++)
        links += got->frame[i].kind == SHM_LINK;
    return tended(want, &copy) && got->turns[1] == 1 && links == 1;
}

/* ---- a nursery ---- */

static void bear(struct node *node)
{
    const struct nursery_bear body = {.contract = "probe", .name = "born", .capacity = 100};
    struct shm_frame frame;
    head(&frame, here(1).ref.addr, SHM_ASK, nursery_method_bear);
    frame.corr = 3;
    node_send(node, NODE_PEER, SHM_DATA, &frame, &body, sizeof body);
}

/* Who asked is told of the child, or that nobody knows. */
static bool born_or_canceled(const struct seen *want, const struct seen *got)
{
    if (answers(got, SHM_REPLY, 3) == 1)
        return living(got) == 4 && got->letters == 0 && got->mail == 0 && got->units == want->units;
    return answers(got, SHM_ERROR, 3) == 1 && got->letters == 1 && got->mail == 0 &&
           living(got) == 3 + got->starts - (want->starts - 1);
}

static const struct scenario rows[] = {
    {"supervise", found_all, three_run, NULL, NULL, STEP_ONCE | STEP_ENDS | STEP_LARGE, "warden"},
    {"one_for_all", end_one, three_run_again, found_all, NULL, STEP_ONCE | STEP_ENDS | STEP_LARGE,
     "warden"},
    {"intensity", end_both, all_ended, found_few, NULL, STEP_ONCE | STEP_ENDS | STEP_LARGE,
     "warden"},
    {"retire", retire, all_ended, found_few, NULL, STEP_ONCE | STEP_ENDS | STEP_LARGE, "warden"},
    {"adopt", found_named, two_run, NULL, NULL, STEP_ONCE | STEP_ENDS | STEP_LARGE, "warden"},
    {"one_for_one", end_one, two_run_again, found_named, NULL, STEP_ONCE | STEP_ENDS | STEP_LARGE,
     "warden"},
    {"adopt_far", found_far, one_runs_far, NULL, NULL, STEP_ONCE | STEP_ENDS | STEP_LARGE,
     "warden"},
    {"nursery", bear, born_or_canceled, NULL, NULL, STEP_ONCE, "nursery"},
};
const struct scenario_set supervising_scenarios = {rows, sizeof rows / sizeof *rows};
