/* SPDX-License-Identifier: MIT */
/* libax/supervisor.c - supervisors and nurseries as actors, made of public calls alone: they carry
 * out what libax/supervise.c decides. What it takes to go on is kept state, and there are three
 * ways for it and the truth to part; on_restart deals with each:
 *
 *   a child is gone and the turn that was told of it failed   the link is set up again, and says so
 *   a spawn with a name was binding, and what follows was not the child is found by its name
 *   a nursery has spawned, and its answer was lost            the same
 *
 * A child without a name is spawned in the turn that remembers it. So no child is started twice,
 * and none forgotten. */
#include "libax/supervise.h"

#include <ax/nursery.h>
#include <stdio.h>

#define ACTIONS_A_TURN 8u
#define BEAR_NS AX_SECONDS(5)
#define NAME_NS AX_MILLISECONDS(10)    /* until a name that is being freed is looked for again */
#define NURSERY_NS AX_MILLISECONDS(50) /* until a nursery that is not there is */

static const char *label(const struct ax_supervision *what, uint32_t i)
{
    const struct ax_child *child = &what->children[i];
    return child->spawn.name != NULL ? child->spawn.name : child->contract->name;
}

/* ---- starting ---- */

static void follow(struct ax_ctx *ctx, struct ax_supervisor *s, const struct supervise_table *t,
                   enum supervise_verdict verdict)
{
    if (verdict != SUPERVISE_TOO_MANY)
        return;
    ax_log(ctx, AX_ERROR, "too many restarts");
    supervise_stop(s, t, AX_RESTART_INTENSITY);
}

static void started(struct ax_ctx *ctx, struct ax_supervisor *s, const struct ax_supervision *what,
                    uint32_t i, int error, struct ax_ref who)
{
    const struct supervise_table t = supervise_table(s, what);
    if (error == 0 &&
        who.addr == s->children[i].who.addr) { /* its end has come before its name's */
        supervise_lost(s, i, ax_now(ctx) + NAME_NS);
    } else if (error == 0) {
        AX_CHECK(ctx, ax_link(ctx, who) == 0);
        supervise_started(s, i, who);
    } else {
        ax_log(ctx, AX_WARN, "cannot start %s: %s", label(what, i), ax_strerror(error));
        follow(ctx, s, &t, supervise_unstarted(s, &t, i, ax_now(ctx)));
    }
}

static int spawn_here(struct ax_ctx *ctx, const struct ax_child *child, struct ax_ref *who)
{
    struct ax_spawn spawn = child->spawn;
    spawn.restart = AX_RESTART_NEVER;
    return ax_spawn_(ctx, child->contract, &spawn, who);
}

static int spawn_there(struct ax_ctx *ctx, const struct ax_child *child, nursery_ref nursery,
                       uint64_t *ask)
{
    return nursery_bear_async(ctx, nursery, child->contract->name, child->spawn.name,
                              child->spawn.capacity, child->spawn.control_capacity,
                              child->spawn.high, child->spawn.low, child->spawn.block,
                              child->spawn.mailbox == AX_MAILBOX_DROP, child->spawn.retries,
                              child->spawn.drain_ns, child->spawn.snapshot, BEAR_NS, ask);
}

static void start(struct ax_ctx *ctx, struct ax_supervisor *s, const struct ax_supervision *what,
                  uint32_t i)
{
    const struct ax_child *child = &what->children[i];
    struct ax_ref who = {.addr = 0};
    int error = AX_E_NO_ACTOR;
    if (child->spawn.name != NULL)
        error = ax_find_(ctx, child->contract, child->spawn.name, &who);
    if (error == AX_E_NO_ACTOR && child->nursery != NULL) {
        nursery_ref nursery;
        error = nursery_find(ctx, child->nursery, &nursery);
        if (error == AX_E_NO_ACTOR) { /* not yet: workers start side by side */
            supervise_lost(s, i, ax_now(ctx) + NURSERY_NS);
            return;
        }
        if (error == 0)
            error = spawn_there(ctx, child, nursery, &s->children[i].ask);
        if (error == 0)
            return; /* the reply goes on */
    } else if (error == AX_E_NO_ACTOR) {
        error = spawn_here(ctx, child, &who);
    }
    started(ctx, s, what, i, error, who);
}

/* ---- carrying out ---- */

static void end_child(struct ax_ctx *ctx, const struct ax_supervisor *s, uint32_t i,
                      enum ax_reason reason)
{
    int error = ax_exit_actor(ctx, s->children[i].who, reason);
    AX_CHECK(ctx, error == 0 || error == AX_E_NO_ACTOR); /* gone: its exit is on its way */
}

static void carry_out(struct ax_ctx *ctx, struct ax_supervisor *s,
                      const struct ax_supervision *what, struct supervise_action action)
{
    switch (action.act) {
    case SUPERVISE_NOTHING:
        break;
    case SUPERVISE_START:
        start(ctx, s, what, action.child);
        break;
    case SUPERVISE_EXIT:
        end_child(ctx, s, action.child, AX_SHUTDOWN);
        break;
    case SUPERVISE_KILL:
        ax_log(ctx, AX_WARN, "%s has not ended in time: it is killed", label(what, action.child));
        end_child(ctx, s, action.child, AX_KILLED);
        break;
    case SUPERVISE_QUIT:
        AX_CHECK(ctx, ax_stop_exit(ctx, (enum ax_reason)s->reason) == 0);
        break;
    }
}

/* One timer, for what comes first. */
static void set_timer(struct ax_ctx *ctx, struct ax_supervisor *s,
                      const struct ax_supervision *what)
{
    const struct supervise_table t = supervise_table(s, what);
    uint64_t at = supervise_wake_at(s, &t), now = ax_now(ctx);
    if (at < now)
        at = now;
    if (s->timer != 0)
        (void)ax_timer_cancel(ctx, s->timer);
    s->timer = 0;
    s->wake_at = at;
    if (at != UINT64_MAX)
        AX_CHECK(ctx, what->wake(ctx, at, at - now, &s->timer) == 0);
}

/* A turn has its limits; what is beyond them is left to the timer. */
static void go_on(struct ax_ctx *ctx, struct ax_supervisor *s, const struct ax_supervision *what)
{
    const struct supervise_table t = supervise_table(s, what);
    for (unsigned n = 0; n < ACTIONS_A_TURN; n++) {
        struct supervise_action action = supervise_next(s, &t, ax_now(ctx));
        if (action.act == SUPERVISE_NOTHING)
            break;
        carry_out(ctx, s, what, action);
    }
    set_timer(ctx, s, what);
}

/* ---- hooks ---- */

void ax_supervisor_start(struct ax_ctx *ctx, struct ax_supervisor *s,
                         const struct ax_supervision *what)
{
    AX_CHECK(ctx, supervise_is_valid(what));
    AX_CHECK(ctx, ax_trap_exit(ctx, true) == 0);
    const struct supervise_table t = supervise_table(s, what);
    supervise_begin(s, &t, ax_self(ctx).addr ^ ax_now(ctx));
    go_on(ctx, s, what);
}

void ax_supervisor_restart(struct ax_ctx *ctx, struct ax_supervisor *s,
                           const struct ax_supervision *what)
{
    AX_CHECK(ctx, supervise_is_valid(what));
    AX_CHECK(ctx, ax_trap_exit(ctx, true) == 0);
    for (uint32_t i = 0; i < what->count; i++) {
        const struct ax_supervised *child = &s->children[i];
        if (child->phase == CHILD_STARTING)
            supervise_lost(s, i, 0);
        else if (child->phase > CHILD_STARTING) /* if it is gone, this says so */
            AX_CHECK(ctx, ax_link(ctx, child->who) == 0);
    }
    go_on(ctx, s, what);
}

void ax_supervisor_exit(struct ax_ctx *ctx, struct ax_supervisor *s,
                        const struct ax_supervision *what, const struct ax_exit *exit)
{
    const struct supervise_table t = supervise_table(s, what);
    uint32_t i = 0;
    if (exit->will_restart)
        return; /* its process has died, and it comes back with it */
    while (i < what->count && s->children[i].who.addr != exit->from.addr)
        i++;
    if (i == what->count && exit->reason != AX_NORMAL) {
        supervise_stop(s, &t, exit->reason);
    } else if (i < what->count && s->children[i].phase > CHILD_STARTING) {
        ax_log(ctx, AX_INFO, "%s has ended: %s", label(what, i), ax_reason_name(exit->reason));
        follow(ctx, s, &t, supervise_ended(s, &t, i, exit->reason, ax_now(ctx)));
    }
    go_on(ctx, s, what);
}

void ax_supervisor_reply(struct ax_ctx *ctx, struct ax_supervisor *s,
                         const struct ax_supervision *what, const struct ax_reply *reply)
{
    const struct nursery_bear_reply *bear = nursery_bear_reply_of(reply);
    uint32_t i = 0;
    while (i < what->count &&
           (s->children[i].phase != CHILD_STARTING || s->children[i].ask != reply->ask))
        i++;
    if (i == what->count)
        return;
    if (bear != NULL)
        started(ctx, s, what, i, bear->error, bear->child);
    else
        started(ctx, s, what, i, reply->error != 0 ? reply->error : AX_E_WRONG_CONTRACT,
                (struct ax_ref){.addr = 0});
    go_on(ctx, s, what);
}

void ax_supervisor_wake(struct ax_ctx *ctx, struct ax_supervisor *s,
                        const struct ax_supervision *what)
{
    go_on(ctx, s, what);
}

void ax_supervisor_stop(struct ax_ctx *ctx, struct ax_supervisor *s,
                        const struct ax_supervision *what, enum ax_reason reason)
{
    AX_CHECK(ctx, (unsigned)reason < AX_REASON_COUNT);
    const struct supervise_table t = supervise_table(s, what);
    supervise_stop(s, &t, reason);
    go_on(ctx, s, what);
}

void ax_supervisor_end(struct ax_ctx *ctx, struct ax_supervisor *s,
                       const struct ax_supervision *what)
{
    for (uint32_t i = what->count; i-- > 0;)
        if (s->children[i].phase > CHILD_STARTING)
            end_child(ctx, s, i, AX_SHUTDOWN);
}

struct ax_ref ax_supervisor_child(const struct ax_supervisor *s, uint32_t i)
{
    return i < AX_CHILDREN_MAX && s->children[i].phase == CHILD_RUNNING
               ? s->children[i].who
               : (struct ax_ref){.addr = 0};
}

uint32_t ax_supervisor_list(struct ax_ctx *ctx, const struct ax_supervisor *s,
                            const struct ax_supervision *what, struct ax_str *text)
{
    static const char *const phases[CHILD_PHASES] = {"ended",   "waiting",  "starting",
                                                     "running", "stopping", "killed"};
    char line[AX_CHILDREN_MAX * (AX_NAME_MAX + 12)] = "";
    size_t used = 0;
    uint32_t running = 0;
    for (uint32_t i = 0; i < what->count; i++) {
        uint8_t phase = s->children[i].phase < CHILD_PHASES ? s->children[i].phase : CHILD_ENDED;
        running += phase == CHILD_RUNNING;
        used += (size_t)snprintf(line + used, sizeof line - used, "%s %s;", label(what, i),
                                 phases[phase]);
    }
    AX_CHECK(ctx, ax_reply_str(ctx, text, line) == 0);
    return running;
}

/* ---- nurseries ---- */

int ax_nursery_bear(struct ax_ctx *ctx, const struct ax_plugin *plugin,
                    const struct nursery_bear *msg, struct ax_ref *child)
{
    struct ax_child wanted = {
        .spawn = {.name = msg->name,
                  .capacity = msg->capacity,
                  .control_capacity = msg->control_capacity,
                  .high = msg->high,
                  .low = msg->low,
                  .block = msg->block,
                  .mailbox = msg->drop_mail ? AX_MAILBOX_DROP : AX_MAILBOX_KEEP,
                  .retries = msg->retries,
                  .drain_ns = msg->drain_ns,
                  .snapshot = {ax_bytes(&msg->snapshot), msg->snapshot.len}}};
    for (uint32_t i = 0; i < plugin->nactors; i++)
        if (strcmp(plugin->actors[i]->contract->name, msg->contract) == 0)
            wanted.contract = plugin->actors[i]->contract;
    if (wanted.contract == NULL)
        return AX_E_WRONG_CONTRACT;
    int error = spawn_here(ctx, &wanted, child);
    if (error == AX_E_NAME_TAKEN)
        error = ax_find_(ctx, wanted.contract, msg->name, child);
    return error;
}
