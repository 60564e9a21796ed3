/* SPDX-License-Identifier: MIT */
#include "axsup/supervision.h"

#include "axsup/sup.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- tables ---- */

struct supervise_table sup_supervision_table(const struct ax_child *children, uint32_t count,
                                             enum sup_strategy strategy,
                                             const struct sup_restart_config *config,
                                             struct sup_restarts *restarts)
{
    static const enum ax_strategy strategies[] = {[SUP_ONE_FOR_ONE] = AX_ONE_FOR_ONE,
                                                  [SUP_ONE_FOR_ALL] = AX_ONE_FOR_ALL,
                                                  [SUP_REST_FOR_ONE] = AX_REST_FOR_ONE};

    return (struct supervise_table){
        .children = children,
        .count = count,
        .strategy = strategies[strategy],
        .side_by_side = true,
        .limits = {.most = config->max,
                   .within_ns = config->window_ns,
                   .backoff_min_ns = config->backoff_ns[0],
                   .backoff_max_ns = config->backoff_ns[1],
                   .quiet_ns = config->window_ns,
                   .at = restarts->at,
                   .used = &restarts->used,
                   .next = &restarts->next},
    };
}

struct ax_child sup_supervision_child(enum sup_restart_policy policy, uint64_t stop_ns)
{
    static const enum ax_child_kind kinds[] = {[SUP_RESTART_NEVER] = AX_TEMPORARY,
                                               [SUP_RESTART_ON_FAILURE] = AX_TRANSIENT,
                                               [SUP_RESTART_ALWAYS] = AX_PERMANENT};

    return (struct ax_child){.kind = kinds[policy], .stop_ns = stop_ns};
}

int sup_restarts_init(struct sup_restarts *restarts, unsigned max)
{
    *restarts = (struct sup_restarts){.at = calloc((size_t)max + 1, sizeof *restarts->at)};
    return restarts->at != NULL ? 0 : -ENOMEM;
}

void sup_restarts_deinit(struct sup_restarts *restarts)
{
    free(restarts->at);
    restarts->at = NULL;
}

static struct supervise_table table_of(struct sup_slot *slot)
{
    struct sup *sup = slot->sup;

    return sup_supervision_table(sup->supervision.children, sup->n_slots - 1, sup->config->strategy,
                                 &slot->config->restart, &slot->counted);
}

static uint32_t child_of(const struct sup_slot *slot)
{
    return slot->number - 1;
}

/* ---- carrying out ---- */

static void start(struct sup_slot *slot)
{
    struct sup *sup = slot->sup;
    struct ax_supervisor *s = &sup->supervision.state;

    if (sup_child_exists(slot)) { /* the process before is not over yet */
        supervise_lost(s, child_of(slot), UINT64_MAX);
        return;
    }
    if (sup->config->strategy == SUP_ONE_FOR_ONE) /* nobody waits for it */
        supervise_started(s, child_of(slot), (struct ax_ref){.addr = 0});
    sup_child_start(slot);
}

static void carry_out(struct sup *sup, struct supervise_action action)
{
    struct sup_slot *slot = &sup->slots[action.child + 1];

    switch (action.act) {
    case SUPERVISE_START:
        start(slot);
        break;
    case SUPERVISE_EXIT:
        sup_log(AX_INFO, "%s is stopped: another one has ended", slot->name);
        slot->child.restart = true;
        (void)sup_child_signal(slot, SIGTERM);
        break;
    case SUPERVISE_KILL:
        sup_log(AX_WARN, "%s does not end in time: SIGKILL", slot->name);
        (void)sup_child_signal(slot, SIGKILL);
        break;
    case SUPERVISE_QUIT: /* of actors alone */
    case SUPERVISE_NOTHING:
        break;
    }
}

static void go_on(struct sup *sup)
{
    struct sup_supervision *all = &sup->supervision;
    const struct supervise_table t = table_of(&sup->slots[1]); /* limits do not matter here */
    struct supervise_action action;

    if (sup->stop.phase != SUP_STOP_NO)
        return;
    while ((action = supervise_next(&all->state, &t, sup_clock())).act != SUPERVISE_NOTHING)
        carry_out(sup, action);
    uint64_t at = supervise_wake_at(&all->state, &t);
    sup_timer_clear(sup, &all->timer);
    if (at != UINT64_MAX || all->given_up)
        sup_timer_set(sup, &all->timer, all->given_up ? sup_clock() : at);
}

static void on_timer(void *ctx)
{
    struct sup *sup = ctx;

    if (!sup->supervision.given_up) {
        go_on(sup);
        return;
    }
    sup_log(AX_ERROR, "the system stops: the others depend on the worker that has failed");
    sup_request_stop(sup, false);
}

/* ---- what happens ---- */

void sup_supervision_begin(struct sup *sup)
{
    struct sup_supervision *all = &sup->supervision;
    const struct supervise_table t = table_of(&sup->slots[1]);

    all->timer = (struct sup_timer){.fn = on_timer, .ctx = sup};
    supervise_begin(&all->state, &t, sup_realtime() ^ (uint64_t)getpid() << 32);
    go_on(sup);
}

enum sup_next sup_supervision_ended(struct sup_slot *slot, enum sup_end end, uint64_t now,
                                    uint64_t *start_at)
{
    struct ax_supervisor *s = &slot->sup->supervision.state;
    const struct supervise_table t = table_of(slot);
    bool asked = s->children[child_of(slot)].stops;
    enum supervise_verdict verdict =
        supervise_ended(s, &t, child_of(slot), end == SUP_END_NORMAL ? AX_NORMAL : AX_FAILED, now);

    if (verdict == SUPERVISE_AGAIN) {
        uint64_t at = s->children[child_of(slot)].start_at;
        *start_at = at > now ? at : now;
        return SUP_NEXT_START;
    }
    if (verdict == SUPERVISE_REST && (asked || end == SUP_END_NORMAL))
        return SUP_NEXT_NOTHING;
    if (verdict == SUPERVISE_TOO_MANY)
        sup_supervision_drop(slot);
    return SUP_NEXT_FAILED;
}

void sup_supervision_again(struct sup_slot *slot, uint64_t now)
{
    supervise_lost(&slot->sup->supervision.state, child_of(slot), now);
}

bool sup_supervision_stops(const struct sup_slot *slot)
{
    return slot->sup->supervision.state.children[child_of(slot)].stops;
}

void sup_supervision_forget(struct sup_slot *slot)
{
    const struct supervise_table t = table_of(slot);

    supervise_forget(&slot->sup->supervision.state, &t, child_of(slot));
}

void sup_supervision_drop(struct sup_slot *slot)
{
    struct sup *sup = slot->sup;

    supervise_drop(&sup->supervision.state, child_of(slot));
    sup->supervision.given_up |= sup->config->strategy != SUP_ONE_FOR_ONE;
}

void sup_supervision_over(struct sup_slot *slot, enum sup_next next, uint64_t not_before)
{
    struct ax_supervised *child = &slot->sup->supervision.state.children[child_of(slot)];

    if (next == SUP_NEXT_START && (child->start_at == UINT64_MAX || child->start_at < not_before))
        supervise_lost(&slot->sup->supervision.state, child_of(slot), not_before);
    go_on(slot->sup);
}

void sup_supervision_ready(struct sup_slot *slot)
{
    struct ax_supervisor *s = &slot->sup->supervision.state;

    if (s->children[child_of(slot)].phase != CHILD_STARTING)
        return;
    supervise_started(s, child_of(slot), (struct ax_ref){.addr = 0});
    go_on(slot->sup);
}
