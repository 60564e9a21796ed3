/* SPDX-License-Identifier: MIT */
/* pool.c - a supervisor of four who do jobs, two of them in another worker, where its nursery
 * spawns them. */
#include "job.h"

#include <ax/nursery.h>
#include <ax/supervisor.h>

#define AX_IMPLEMENT
#include "pool.h"

AX_STATE(pool, (nested(ax_supervisor), supervisor));

static const struct ax_child children[] = {
    {.contract = &job_contract, .spawn = {.name = "job-1"}},
    {.contract = &job_contract, .spawn = {.name = "job-2"}},
    {.contract = &job_contract, .spawn = {.name = "job-3"}, .nursery = "nursery"},
    {.contract = &job_contract, .spawn = {.name = "job-4"}, .nursery = "nursery"},
};

static const struct ax_supervision supervision = {
    .children = children,
    .count = sizeof children / sizeof *children,
    .wake = pool_supervise_after,
};

void pool_on_who(struct ax_ctx *ctx, struct pool *self, const struct pool_who *msg,
                 struct pool_who_reply *reply)
{
    (void)self, (void)msg;
    if (ax_pick(ctx, "jobs", &reply->job) != 0) /* each in its turn */
        reply->job = (struct ax_ref){.addr = 0};
}

AX_SUPERVISOR(pool, supervision);
AX_PLUGIN("pool", &pool_actor, &job_actor, &nursery_actor);
