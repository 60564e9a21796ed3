/* SPDX-License-Identifier: MIT */
/* overlay/store/etcd_step.c - a request as a few steps, one POST each:
 *
 *      LOOK    both keys of the shard, at one moment; what was seen decides what comes
 *      GRANT   ACQUIRE: a lease of etcd's, which nothing is attached to yet
 *      TAKE    ACQUIRE: a transaction; where something has changed since, that decides again
 *      KEEP    RENEW: the lease starts anew. It is that of the key that was seen to be the asker's,
 *              and the key cannot have gone from it while it lived, but by the asker's doing, or
 *              that of a process that has taken the asker's place
 *      REVOKE  RELEASE: the lease ends, and the owner's key with it, unless such a process has
 *              taken that to a lease of its own
 *      LEFT    where somebody has it: how much is left of the lease
 *
 * Each may be sent twice without harm: a transaction that was done is seen to be done, and a lease
 * that was granted for nothing runs out. */
#include "overlay/store/etcd_parts.h"

#define NS UINT64_C(1000000000)
#define TRIES_MAX 4u

/* ---- steps ---- */

static void go(struct ov_etcd *etcd, uint32_t slot, enum ov_etcd_step step)
{
    etcd->tasks[slot].step = step;
    etcd->tasks[slot].waits = true;
}

static void end(struct ov_etcd *etcd, uint32_t slot, enum ov_store_outcome outcome, int64_t left)
{
    const struct ov_etcd_seen *seen = &etcd->tasks[slot].seen;
    struct ov_store_answer answer = {.outcome = outcome, .epoch = seen->epoch};
    if (seen->owner.boot != 0 && left >= 0) {
        answer.owner = seen->owner;
        answer.left_ns = (uint64_t)left * NS;
    }
    ov_store_end(etcd->store, slot, &answer);
    ov_store_well(etcd->store);
}

/* The answer says how long somebody has it. */
static void end_by_looking(struct ov_etcd *etcd, uint32_t slot, enum ov_store_outcome outcome)
{
    const struct ov_etcd_seen *seen = &etcd->tasks[slot].seen;
    etcd->tasks[slot].outcome = outcome;
    if (seen->owner.boot == 0)
        end(etcd, slot, outcome, -1);
    else if (strcmp(seen->lease, "0") == 0)
        ov_etcd_lose(etcd, slot, "an owner without a lease");
    else
        go(etcd, slot, OV_ETCD_LEFT);
}

static void decide_acquire(struct ov_etcd *etcd, uint32_t slot)
{
    struct ov_etcd_task *task = &etcd->tasks[slot];
    const struct ov_store_request *request = &etcd->store->slots[slot].request;
    uint64_t floor = request->epoch;
    uint64_t seen = task->seen.epoch, last = seen > floor ? seen : floor;
    bool mine = ov_ident_inherits(&request->asker, &task->seen.owner);
    bool same = mine && seen > floor; /* the answer to it was lost */
    if ((task->seen.owner.boot != 0 && !mine) || (!same && last == UINT64_MAX)) {
        end_by_looking(etcd, slot, OV_STORE_REFUSED);
        return;
    }
    task->epoch = same ? seen : last + 1;
    go(etcd, slot, task->lease[0] == '\0' ? OV_ETCD_GRANT : OV_ETCD_TAKE);
}

static void decide(struct ov_etcd *etcd, uint32_t slot)
{
    const struct ov_store_request *request = &etcd->store->slots[slot].request;
    const struct ov_etcd_seen *seen = &etcd->tasks[slot].seen;
    bool mine = ov_ident_same(&seen->owner, &request->asker);
    if (request->op == OV_STORE_ACQUIRE)
        decide_acquire(etcd, slot);
    else if (request->op == OV_STORE_READ)
        end_by_looking(etcd, slot, OV_STORE_DONE);
    else if (!mine || seen->epoch != request->epoch)
        end_by_looking(etcd, slot, OV_STORE_REFUSED);
    else
        go(etcd, slot, request->op == OV_STORE_RENEW ? OV_ETCD_KEEP : OV_ETCD_REVOKE);
}

/* ---- answers to steps ---- */

static bool taken(struct ov_etcd *etcd, uint32_t slot, const json_t *answer)
{
    struct ov_etcd_task *task = &etcd->tasks[slot];
    const struct ov_store_request *request = &etcd->store->slots[slot].request;
    if (ov_etcd_succeeded(answer)) {
        task->seen.owner = request->asker;
        task->seen.epoch = task->epoch;
        end(etcd, slot, OV_STORE_DONE, (int64_t)((request->ttl_ns + NS - 1) / NS));
        return true;
    }
    if (!ov_etcd_parse_seen(answer, &task->seen))
        return false;
    if (++task->tries < TRIES_MAX)
        decide(etcd, slot);
    else
        end_by_looking(etcd, slot, OV_STORE_REFUSED);
    return true;
}

/* False: the answer makes no sense. */
static bool go_on(struct ov_etcd *etcd, uint32_t slot, const json_t *answer)
{
    struct ov_etcd_task *task = &etcd->tasks[slot];
    int64_t left;
    switch (task->step) {
    case OV_ETCD_LOOK:
        if (!ov_etcd_parse_seen(answer, &task->seen))
            return false;
        decide(etcd, slot);
        return true;
    case OV_ETCD_GRANT:
        go(etcd, slot, OV_ETCD_TAKE);
        return ov_etcd_parse_lease(answer, task->lease);
    case OV_ETCD_TAKE:
        return taken(etcd, slot, answer);
    case OV_ETCD_KEEP:
        left = ov_etcd_kept(answer);
        end(etcd, slot, left < 0 ? OV_STORE_REFUSED : OV_STORE_DONE, left);
        return true;
    case OV_ETCD_REVOKE:
        end(etcd, slot, OV_STORE_DONE, -1);
        return true;
    case OV_ETCD_LEFT:
    default:
        left = ov_etcd_left(answer);
        end(etcd, slot, task->outcome, left < 0 ? left : left + 1);
        return true;
    }
}

void ov_etcd_answered(struct ov_etcd *etcd, uint32_t slot, const json_t *answer)
{
    if (!go_on(etcd, slot, answer))
        ov_etcd_lose(etcd, slot, "an answer that makes no sense");
}

void ov_etcd_had_gone(struct ov_etcd *etcd, uint32_t slot)
{
    end(etcd, slot, OV_STORE_REFUSED, -1);
}

/* ---- what is said ---- */

const char *ov_etcd_path(const struct ov_etcd_task *task)
{
    static const char *const paths[] = {
        [OV_ETCD_LOOK] = "/v3/kv/txn",         [OV_ETCD_GRANT] = "/v3/lease/grant",
        [OV_ETCD_TAKE] = "/v3/kv/txn",         [OV_ETCD_KEEP] = "/v3/lease/keepalive",
        [OV_ETCD_REVOKE] = "/v3/lease/revoke", [OV_ETCD_LEFT] = "/v3/lease/timetolive",
    };
    return paths[task->step];
}

json_t *ov_etcd_body(const struct ov_etcd *etcd, uint32_t slot)
{
    const struct ov_etcd_task *task = &etcd->tasks[slot];
    const struct ov_store_request *request = &etcd->store->slots[slot].request;
    const char *prefix = etcd->store->options.prefix;
    switch (task->step) {
    case OV_ETCD_LOOK:
        return ov_etcd_look(prefix, request);
    case OV_ETCD_GRANT:
        return ov_etcd_grant(request->ttl_ns);
    case OV_ETCD_TAKE:
        return ov_etcd_take(prefix, request, &task->seen, task->lease, task->epoch);
    case OV_ETCD_KEEP:
    case OV_ETCD_REVOKE:
    case OV_ETCD_LEFT:
    default:
        return ov_etcd_lease(task->seen.lease);
    }
}
