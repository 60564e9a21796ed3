/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <ax/nursery.h>

#define AX_IMPLEMENT
#include "warden.h"

/* As that of the probe. */
AX_STATE(warden, (i64, sum), (i64, turns), (i64, downs), (i64, replies), (i64, errors),
         (u32, table), (nested(ax_supervisor), supervisor));

#define STOP_NS AX_SECONDS(3600) /* stepped, a child takes its time */
#define CHILD(...)                                                                                 \
    {                                                                                              \
        .contract = &probe_contract, .spawn = {.capacity = 100}, .stop_ns = STOP_NS, __VA_ARGS__   \
    }
#define TABLE(list, ...)                                                                           \
    {                                                                                              \
        .children = (list), .count = sizeof(list) / sizeof *(list),                                \
        .wake = warden_supervise_after, .backoff_min_ns = 1, .backoff_max_ns = 1, .quiet_ns = 1,   \
        __VA_ARGS__                                                                                \
    }

static const struct ax_child three[] = {CHILD(.nursery = NULL), CHILD(.nursery = NULL),
                                        CHILD(.kind = AX_TRANSIENT)};
static const struct ax_child named[] = {
    {.contract = &probe_contract, .spawn = {.name = "ward", .capacity = 100}, .stop_ns = STOP_NS},
    CHILD(.kind = AX_TRANSIENT)};
static const struct ax_child two[] = {CHILD(.nursery = NULL), CHILD(.kind = AX_TRANSIENT)};
static const struct ax_child far[] = {{.contract = &probe_contract,
                                       .spawn = {.name = "far-ward", .capacity = 100},
                                       .nursery = "nursery"}};

static const struct ax_supervision tables[] = {
    [WARDEN_ALL] = TABLE(three, .strategy = AX_ONE_FOR_ALL, .intensity = 100, .within_ns = 1),
    [WARDEN_NAMED] = TABLE(named, .intensity = 100, .within_ns = 1),
    [WARDEN_FEW] = TABLE(two, .intensity = 1, .within_ns = AX_SECONDS(3600)),
    [WARDEN_FAR] = TABLE(far, .intensity = 100, .within_ns = 1),
};

static void look(struct warden *self)
{
    self->sum = (int64_t)self->supervisor.restarts;
    self->turns = 0;
    for (uint32_t i = 0; i < tables[self->table].count; i++)
        self->turns += ax_supervisor_child(&self->supervisor, i).addr != 0;
}

void warden_on_found(struct ax_ctx *ctx, struct warden *self, const struct warden_found *msg)
{
    self->table = msg->table;
    ax_supervisor_start(ctx, &self->supervisor, &tables[self->table]);
    look(self);
}

void warden_on_retire(struct ax_ctx *ctx, struct warden *self, const struct warden_retire *msg)
{
    (void)msg;
    ax_supervisor_stop(ctx, &self->supervisor, &tables[self->table], AX_NORMAL);
    look(self);
}

static void on_restart(struct ax_ctx *ctx, struct warden *self)
{
    if (self->table == 0)
        return;
    ax_supervisor_restart(ctx, &self->supervisor, &tables[self->table]);
    look(self);
}

static void on_exit_of(struct ax_ctx *ctx, struct warden *self, const struct ax_exit *exit)
{
    ax_supervisor_exit(ctx, &self->supervisor, &tables[self->table], exit);
    look(self);
}

static void on_reply(struct ax_ctx *ctx, struct warden *self, const struct ax_reply *reply)
{
    ax_supervisor_reply(ctx, &self->supervisor, &tables[self->table], reply);
    look(self);
}

void warden_on_supervise(struct ax_ctx *ctx, struct warden *self,
                         const struct warden_supervise *msg)
{
    if (msg->at != self->supervisor.wake_at)
        return;
    ax_supervisor_wake(ctx, &self->supervisor, &tables[self->table]);
    look(self);
}

void warden_on_children(struct ax_ctx *ctx, struct warden *self, const struct warden_children *msg,
                        struct warden_children_reply *reply)
{
    (void)msg;
    reply->restarts = self->supervisor.restarts;
    reply->running =
        ax_supervisor_list(ctx, &self->supervisor, &tables[self->table], &reply->children);
}

AX_ACTOR(warden, .on_restart = on_restart, .on_exit = on_exit_of, .on_reply = on_reply);
