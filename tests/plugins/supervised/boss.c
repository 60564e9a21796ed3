/* SPDX-License-Identifier: MIT */
#include "diary.h"
#include "kid.h"

#include <ax/nursery.h>
#include <ax/supervisor.h>

#define AX_IMPLEMENT
#include "boss.h"

AX_STATE(boss, (nested(ax_supervisor), supervisor));

#define KID(who, where, what, patience, ...)                                                       \
    {                                                                                              \
        .contract = &kid_contract, .spawn = {.name = (who), __VA_ARGS__}, .nursery = (where),      \
        .kind = (what), .stop_ns = (patience)                                                      \
    }
#define KIDS(boss, where)                                                                          \
    (const struct ax_child[])                                                                      \
    {                                                                                              \
        KID(boss "-a", where, AX_PERMANENT, 0), KID(boss "-b", where, AX_PERMANENT, 0),            \
            KID(boss "-c", where, AX_PERMANENT, 0)                                                 \
    }
/* One that begins from a snapshot, and one that ends with all its mail handled, of which it can
 * have more than from where on it is told as overload. */
#define RESTS(boss, where)                                                                         \
    (const struct ax_child[])                                                                      \
    {                                                                                              \
        KID(boss "-a", where, AX_PERMANENT, 0, .snapshot = {"\144\0\0\0\0\0\0", 8}),               \
            KID(boss "-b", where, AX_PERMANENT, 0),                                                \
            KID(boss "-c", where, AX_PERMANENT, 0, .capacity = 8, .control_capacity = 3,           \
                .high = 2, .low = 1, .block = true, .drain_ns = AX_SECONDS(5))                     \
    }
#define KINDS(boss, where)                                                                         \
    (const struct ax_child[])                                                                      \
    {                                                                                              \
        KID(boss "-a", where, AX_PERMANENT, 0), KID(boss "-b", where, AX_TRANSIENT, 0),            \
            KID(boss "-c", where, AX_TEMPORARY, AX_MILLISECONDS(50))                               \
    }
#define BOSS(who, table, ...)                                                                      \
    {                                                                                              \
        .name = (who), .what = {                                                                   \
            .children = (table),                                                                   \
            .count = 3,                                                                            \
            .wake = boss_supervise_after,                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define BOSSES(p, where)                                                                           \
    BOSS(p "one", KIDS(p "one", where), .strategy = AX_ONE_FOR_ONE, .intensity = 100),             \
        BOSS(p "all", KIDS(p "all", where), .strategy = AX_ONE_FOR_ALL, .intensity = 100),         \
        BOSS(p "rest", RESTS(p "rest", where), .strategy = AX_REST_FOR_ONE, .intensity = 100),     \
        BOSS(p "kinds", KINDS(p "kinds", where), .strategy = AX_ONE_FOR_ALL, .intensity = 100),    \
        BOSS(p "slow", KIDS(p "slow", where), .backoff_min_ns = AX_MILLISECONDS(500)),             \
        BOSS(p "few", KIDS(p "few", where), .strategy = AX_ONE_FOR_ALL, .intensity = 7,            \
             .within_ns = AX_SECONDS(3600))

static const struct {
    const char *name;
    struct ax_supervision what;
} bosses[] = {BOSSES("", NULL), BOSSES("far-", "nursery")};

static const struct ax_supervision *table(struct ax_ctx *ctx)
{
    const char *name = ax_name(ctx, ax_self(ctx));
    for (size_t i = 0; i < sizeof bosses / sizeof *bosses; i++)
        if (strcmp(bosses[i].name, name) == 0)
            return &bosses[i].what;
    ax_fail(ctx, "nobody knows this boss");
}

void boss_on_fail(struct ax_ctx *ctx, struct boss *self, const struct boss_fail *msg)
{
    (void)self, (void)msg;
    ax_fail(ctx, "on purpose");
}

void boss_on_leave(struct ax_ctx *ctx, struct boss *self, const struct boss_leave *msg)
{
    (void)msg;
    ax_supervisor_stop(ctx, &self->supervisor, table(ctx), AX_NORMAL);
}

void boss_on_stop_of(struct ax_ctx *ctx, struct boss *self, const struct boss_stop_of *msg)
{
    boss_ref who;
    (void)self;
    AX_CHECK(ctx, boss_find(ctx, msg->name, &who) == 0);
    AX_CHECK(ctx, boss_stop(ctx, who) == 0);
}

void boss_on_send(struct ax_ctx *ctx, struct boss *self, const struct boss_send *msg)
{
    boss_ref who;
    (void)self;
    AX_CHECK(ctx, boss_find(ctx, msg->name, &who) == 0);
    AX_CHECK(ctx, ax_exit_actor(ctx, who.ref, (enum ax_reason)msg->reason) == 0);
}

AX_SUPERVISOR(boss, *table(ctx));
AX_PLUGIN("supervised", &boss_actor, &kid_actor, &diary_actor, &nursery_actor);
