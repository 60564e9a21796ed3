/* SPDX-License-Identifier: MIT */
/* ax/supervisor.h - an actor that starts others, its children, in order, and starts them again when
 * they end.
 *
 * What it does is decided by a table that the plugin has, a struct ax_supervision. What it knows of
 * its children is kept state: a supervisor whose process dies goes on where it was, and takes up
 * the children that still live. It is an actor like any other, made of public calls; besides what
 * its contract needs for itself it handles what AX_SUPERVISOR_MESSAGES lists:
 *
 *   #define AX_CONTRACT pool
 *   #define AX_MESSAGES(TELL, ASK) AX_SUPERVISOR_MESSAGES(TELL, ASK) ...
 *   #include <ax/contract.h>
 *
 *   AX_STATE(pool, (nested(ax_supervisor), supervisor), ...);
 *   static const struct ax_child children[] = {{.contract = &job_contract}, ...};
 *   static const struct ax_supervision supervision = {
 *       .children = children, .count = 2, .wake = pool_supervise_after};
 *   AX_SUPERVISOR(pool, supervision);
 *
 * A child is linked to its supervisor and never restarts by itself after a failure; that its
 * process dies is no end of it, unless by its own doing. It must send its supervisor no exits: they
 * would be taken for its end. An exit from anybody else, other than normal, ends the supervisor,
 * as does its own decision: its children are stopped first, the last one first. */
#ifndef AX_SUPERVISOR_H
#define AX_SUPERVISOR_H

#include <ax/contract.h>

#define AX_CHILDREN_MAX 64
#define AX_INTENSITY_MAX 100

enum ax_strategy {
    AX_ONE_FOR_ONE,  /* the child that has ended is started again */
    AX_ONE_FOR_ALL,  /* all the others are stopped, the last one first, and all started in order */
    AX_REST_FOR_ONE, /* the same for those behind it in the table */
};

enum ax_child_kind {
    AX_PERMANENT, /* is started again whenever it ends, but for the reason shutdown */
    AX_TRANSIENT, /* when it ends for another reason than normal or shutdown */
    AX_TEMPORARY, /* never, nor after it was stopped because of another one */
};

struct ax_child {
    const struct ax_contract *contract;
    struct ax_spawn spawn; /* `restart`, `max_restarts`, `window_ns`, `backoff_...` are unused */
    const char *nursery;   /* spawns it: an actor of <ax/nursery.h>, anywhere; such a child needs a
                              name. NULL: the supervisor does, in its own worker */
    enum ax_child_kind kind;
    uint64_t stop_ns; /* asked to end, it is killed after that; 0: 5 s */
};

struct ax_supervision { /* zero means the default */
    const struct ax_child *children;
    uint32_t count; /* up to AX_CHILDREN_MAX */
    enum ax_strategy strategy;
    uint32_t intensity; /* restarts within within_ns, one for each child that is concerned; one more
                           ends the supervisor, AX_RESTART_INTENSITY. 10, at most 100 */
    uint64_t within_ns; /* 5 s */
    /* The wait doubles with each restart of a child, and a tenth of it is left to chance: 20 ms,
     * 2 s. After quiet_ns without one, 5 s, it begins anew. */
    uint64_t backoff_min_ns, backoff_max_ns, quiet_ns;
    int (*wake)(struct ax_ctx *ctx, uint64_t at, uint64_t delay_ns, uint64_t *timer);
};

/* clang-format off */
AX_STRUCT(ax_supervised, (ref, who), (u64, ask), (u64, start_at), (u64, kill_at), (u64, last_at),
          (u32, row), (u8, phase), (bool, stops), (bool, again));
AX_STRUCT(ax_supervisor, (array(nested(ax_supervised), AX_CHILDREN_MAX), children),
          (array(u64, AX_INTENSITY_MAX), at), (u32, used), (u32, next), (u64, restarts),
          (u64, chance), (u64, timer), (u64, wake_at), (u8, reason), (bool, ending), (bool, quit));
/* clang-format on */

/* What a supervisor handles: its own timer, and an ask for its children, "NAME PHASE;" each, where
 * the phase is ended, waiting, starting, running, stopping or killed. */
#define AX_SUPERVISOR_MESSAGES(TELL, ASK)                                                          \
    TELL(supervise, (u64, at))                                                                     \
    ASK(children, (), (u32, running, u64, restarts, str, children))

/* For on_start: begins to start the children. A child whose name somebody of its contract bears is
 * not spawned but adopted. Fails the actor where the table is wrong. May suspend, as all of these.
 */
void ax_supervisor_start(struct ax_ctx *ctx, struct ax_supervisor *supervisor,
                         const struct ax_supervision *what);
/* For on_restart: takes up what still lives, and goes on. */
void ax_supervisor_restart(struct ax_ctx *ctx, struct ax_supervisor *supervisor,
                           const struct ax_supervision *what);
/* For on_exit, on_reply, and the message `supervise`. */
void ax_supervisor_exit(struct ax_ctx *ctx, struct ax_supervisor *supervisor,
                        const struct ax_supervision *what, const struct ax_exit *exit);
void ax_supervisor_reply(struct ax_ctx *ctx, struct ax_supervisor *supervisor,
                         const struct ax_supervision *what, const struct ax_reply *reply);
void ax_supervisor_wake(struct ax_ctx *ctx, struct ax_supervisor *supervisor,
                        const struct ax_supervision *what);
/* Stops the children, the last one first, and then this actor, for that reason. */
void ax_supervisor_stop(struct ax_ctx *ctx, struct ax_supervisor *supervisor,
                        const struct ax_supervision *what, enum ax_reason reason);
/* For on_stop: where somebody has stopped the supervisor itself, asks the children that are left to
 * end, the last one first, without waiting for any. */
void ax_supervisor_end(struct ax_ctx *ctx, struct ax_supervisor *supervisor,
                       const struct ax_supervision *what);
/* The child at `index` of the table, addr 0 while it is not running. Never suspends. */
struct ax_ref ax_supervisor_child(const struct ax_supervisor *supervisor, uint32_t index);
/* Fills the reply to `children`; returns how many are running. Never suspends. */
uint32_t ax_supervisor_list(struct ax_ctx *ctx, const struct ax_supervisor *supervisor,
                            const struct ax_supervision *what, struct ax_str *text);

/* All hooks and both handlers of a supervisor whose state has a field nested(ax_supervisor),
 * supervisor. One that has hooks of its own writes AX_ACTOR() and makes the calls above itself. */
#define AX_SUPERVISOR(c, what)                                                                     \
    static void c##_ax_start(struct ax_ctx *ctx, struct c *self)                                   \
    {                                                                                              \
        ax_supervisor_start(ctx, &self->supervisor, &(what));                                      \
    }                                                                                              \
    static void c##_ax_restart(struct ax_ctx *ctx, struct c *self)                                 \
    {                                                                                              \
        ax_supervisor_restart(ctx, &self->supervisor, &(what));                                    \
    }                                                                                              \
    static void c##_ax_exit(struct ax_ctx *ctx, struct c *self, const struct ax_exit *exit)        \
    {                                                                                              \
        ax_supervisor_exit(ctx, &self->supervisor, &(what), exit);                                 \
    }                                                                                              \
    static void c##_ax_reply(struct ax_ctx *ctx, struct c *self, const struct ax_reply *reply)     \
    {                                                                                              \
        ax_supervisor_reply(ctx, &self->supervisor, &(what), reply);                               \
    }                                                                                              \
    static void c##_ax_stop(struct ax_ctx *ctx, struct c *self)                                    \
    {                                                                                              \
        ax_supervisor_end(ctx, &self->supervisor, &(what));                                        \
    }                                                                                              \
    AX_SUPERVISOR_HANDLERS(c, what)                                                                \
    AX_ACTOR(c, .on_start = c##_ax_start, .on_restart = c##_ax_restart, .on_stop = c##_ax_stop,    \
             .on_exit = c##_ax_exit, .on_reply = c##_ax_reply)

#define AX_SUPERVISOR_HANDLERS(c, what)                                                            \
    void c##_on_supervise(struct ax_ctx *ctx, struct c *self, const struct c##_supervise *msg)     \
    {                                                                                              \
        if (msg->at == self->supervisor.wake_at)                                                   \
            ax_supervisor_wake(ctx, &self->supervisor, &(what));                                   \
    }                                                                                              \
    void c##_on_children(struct ax_ctx *ctx, struct c *self, const struct c##_children *msg,       \
                         struct c##_children_reply *reply)                                         \
    {                                                                                              \
        (void)msg;                                                                                 \
        reply->restarts = self->supervisor.restarts;                                               \
        reply->running = ax_supervisor_list(ctx, &self->supervisor, &(what), &reply->children);    \
    }

#endif
