/* SPDX-License-Identifier: MIT */
#include "tests/plugins/cell/log.h"

#define AX_IMPLEMENT
#include "tests/plugins/cell/cell.h"

#include <ax/cluster.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PERIOD AX_MILLISECONDS(50)
#define ACTS 200 /* of itself, after it was last asked something */

/* id, value: of the last write. left: how often it acts yet, 0: no timer goes. */
AX_STATE(cell, (u64, id), (u64, value), (u32, left));

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* First in each turn: when it was is what says in the end whether another owner's was later. */
static struct cell_record begin(struct ax_ctx *ctx, const struct cell *self, enum cell_kind kind)
{
    const char *node = getenv("CELL_NODE");
    struct cell_record record = {.at = clock_ns(CLOCK_BOOTTIME),
                                 .wall_at = clock_ns(CLOCK_REALTIME),
                                 .kind = kind,
                                 .id = self->id,
                                 .value = self->value};
    record.epoch = ax_lease_epoch(ctx);
    record.pid = (int32_t)getpid();
    snprintf(record.node, sizeof record.node, "%s", node == NULL ? "" : node);
    return record;
}

/* False: it is not the owner any more. */
static bool note(struct ax_ctx *ctx, struct cell_record *record)
{
    struct ax_span key = ax_key(ctx);
    char name[CELL_NAME] = "";
    AX_CHECK(ctx, key.len < sizeof name);
    memcpy(name, key.ptr, key.len);
    int error = cell_append(name, record);
    if (error < 0)
        ax_fail(ctx, ax_strerror(error));
    return error == 0;
}

static void act_on(struct ax_ctx *ctx, struct cell *self)
{
    if (self->left == 0)
        AX_CHECK(ctx, cell_act_after(ctx, PERIOD, NULL) == 0);
    self->left = ACTS;
}

void cell_on_act(struct ax_ctx *ctx, struct cell *self, const struct cell_act *msg)
{
    struct cell_record record = begin(ctx, self, CELL_ACT);
    (void)msg;
    (void)note(ctx, &record);
    if (--self->left > 0)
        AX_CHECK(ctx, cell_act_after(ctx, PERIOD, NULL) == 0);
}

/* What it knows it may say: the turn began under its lease. */
static bool look(struct ax_ctx *ctx, struct cell *self, uint64_t *answer)
{
    struct cell_record record = begin(ctx, self, CELL_READ);
    (void)note(ctx, &record);
    act_on(ctx, self);
    *answer = self->value;
    return true;
}

static bool change(struct ax_ctx *ctx, struct cell *self, uint64_t id, uint64_t value,
                   uint64_t *answer)
{
    struct cell_record record = begin(ctx, self, CELL_WRITE);
    act_on(ctx, self);
    record.id = id;
    record.value = value;
    if (!note(ctx, &record))
        return false;
    *answer = record.value;
    if (record.kind == CELL_WRITE) {
        self->id = id;
        self->value = value;
    }
    return true;
}

void cell_on_get(struct ax_ctx *ctx, struct cell *self, const struct cell_get *msg,
                 struct cell_get_reply *reply)
{
    (void)msg;
    reply->done = look(ctx, self, &reply->value);
}

void cell_on_add(struct ax_ctx *ctx, struct cell *self, const struct cell_add *msg,
                 struct cell_add_reply *reply)
{
    reply->done = change(ctx, self, msg->id, self->value + msg->argument, &reply->value);
}

void cell_on_put(struct ax_ctx *ctx, struct cell *self, const struct cell_put *msg,
                 struct cell_put_reply *reply)
{
    reply->done = change(ctx, self, msg->id, msg->argument, &reply->value);
}

void cell_on_swap(struct ax_ctx *ctx, struct cell *self, const struct cell_swap *msg,
                  struct cell_swap_reply *reply)
{
    bool met = self->value == msg->expected || self->id == msg->id;
    reply->done = met ? change(ctx, self, msg->id, msg->argument, &reply->value)
                      : look(ctx, self, &reply->value);
}

/* The next process has the state of the last turn that was committed, and the file may have more.
 */
static void take_over(struct ax_ctx *ctx, struct cell *self)
{
    struct cell_record record = begin(ctx, self, CELL_OPEN);
    if (!note(ctx, &record))
        ax_fail(ctx, "another owner has the cell");
    self->id = record.id;
    self->value = record.value;
}

AX_ACTOR(cell, .on_start = take_over, .on_restart = take_over);
AX_PLUGIN("cell", &cell_actor);
