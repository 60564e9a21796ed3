/* SPDX-License-Identifier: MIT */
#include "overlay/core/host_parts.h"

#include <ax/actor.h>
#include <string.h>

/* Claims and watches are in two tables, as a watch is so much larger. */
static struct ov_pool *pool_of(struct ov_host *host, enum ov_claim_kind kind)
{
    return kind == OV_CLAIM_WATCH ? &host->watches : &host->claims;
}

static struct ov_watch *watch_of(struct ov_claim *claim)
{
    return OV_ENTRY(claim, struct ov_watch, claim);
}

struct ov_claim *ov_claim_make(struct ov_host *host, enum ov_claim_kind kind,
                               const struct ov_out *out)
{
    struct ov_claim *claim = ov_pool_take(pool_of(host, kind));

    if (claim == NULL)
        return NULL;
    claim->kind = kind;
    claim->registry = out->registry;
    claim->shard = out->shard;
    claim->handle = out->handle;
    ov_row_init(&claim->row);
    host->nclaims[kind]++;
    if (kind == OV_CLAIM_WATCH) {
        watch_of(claim)->final = out->frame->final;
        ov_table_add(&host->by_handle, &watch_of(claim)->by_handle, ov_host_mix(out->handle));
    }
    return claim;
}

struct ov_watch *ov_claim_watch(const struct ov_host *host, uint64_t handle)
{
    uint64_t hash = ov_host_mix(handle);
    struct ov_chain *at = ov_table_find(&host->by_handle, hash);

    for (; at != NULL; at = ov_table_of(at->next, hash)) {
        struct ov_watch *watch = OV_ENTRY(at, struct ov_watch, by_handle);
        if (watch->claim.handle == handle)
            return watch;
    }
    return NULL;
}

void ov_claim_drop(struct ov_host *host, struct ov_claim *claim)
{
    struct ov_hosted *whom = claim->whom;

    if (claim->kind == OV_CLAIM_WATCH)
        (void)ov_table_take(&host->by_handle, &watch_of(claim)->by_handle);
    host->nclaims[claim->kind]--;
    ov_row_leave(&claim->row);
    ov_pool_give(pool_of(host, claim->kind), claim);
    if (whom != NULL)
        ov_hosted_settle(host, whom);
}

/* ---- due ---- */

void ov_claim_answer(struct ov_host *host, struct ov_claim *claim, uint8_t status)
{
    claim->status = status;
    if (claim->kind == OV_CLAIM_ENSURE && status == 0) {
        claim->actor = claim->whom->actor;
        claim->incarnation = claim->whom->incarnation;
    }
    claim->whom = NULL;
    ov_row_join(&host->due, &claim->row);
}

void ov_claim_end(struct ov_host *host, struct ov_claim *claim, const struct ov_host_end *end)
{
    struct ov_watch *watch = watch_of(claim);

    watch->reason = end->reason;
    watch->restart = end->restart;
    claim->incarnation = end->incarnation;
    watch->detail_len = (uint8_t)end->detail.len;
    if (end->detail.len > 0)
        memcpy(watch->detail, end->detail.ptr, end->detail.len);
    claim->whom = NULL;
    ov_row_join(&host->due, &claim->row);
}

void ov_claim_answer_all(struct ov_host *host, struct ov_hosted *hosted, enum ov_claim_kind kind,
                         uint8_t status)
{
    OV_EACH(&hosted->claims, at, behind)
    {
        struct ov_claim *claim = OV_ENTRY(at, struct ov_claim, row);
        if (claim->kind == kind)
            ov_claim_answer(host, claim, status);
    }
}

void ov_claim_end_all(struct ov_host *host, struct ov_row *row, const struct ov_host_end *end)
{
    OV_EACH(row, at, behind)
    {
        struct ov_claim *claim = OV_ENTRY(at, struct ov_claim, row);
        if (claim->kind == OV_CLAIM_WATCH && !(end->restart && watch_of(claim)->final))
            ov_claim_end(host, claim, end);
    }
}

void ov_claim_lost(struct ov_host *host, struct ov_row *row, uint32_t registry, uint32_t shard)
{
    OV_EACH(row, at, behind)
    {
        struct ov_claim *claim = OV_ENTRY(at, struct ov_claim, row);
        if (claim->registry == registry && claim->shard == shard)
            ov_claim_drop(host, claim);
    }
}

bool ov_claim_say(struct ov_host *host)
{
    struct ov_claim *claim = OV_ENTRY(host->due.next, struct ov_claim, row);

    if (ov_row_empty(&host->due))
        return false;
    host->in = (struct ov_in){.kind = OV_IN_ANSWER, .answer = &host->answer};
    host->answer = (struct ov_answer){.handle = claim->handle,
                                      .status = claim->status,
                                      .actor = claim->actor,
                                      .incarnation = claim->incarnation};
    if (claim->kind == OV_CLAIM_WATCH) {
        const struct ov_watch *watch = watch_of(claim);
        host->in.kind = OV_IN_ENDED;
        host->answer.reason = watch->reason;
        host->answer.restart = watch->restart;
        memcpy(host->detail, watch->detail, watch->detail_len);
        host->answer.detail = (struct ax_span){host->detail, watch->detail_len};
    }
    ov_claim_drop(host, claim);
    return true;
}

/* ---- the runner's answer ---- */

int ov_host_answer(struct ov_host *host, uint64_t handle, uint8_t status, struct ax_span body,
                   struct ov_host_effect *effect)
{
    struct ov_claim *claim = ov_pool_find(&host->claims, handle);

    if (claim == NULL || claim->kind != OV_CLAIM_CALL || claim->whom == NULL) {
        host->counts.late++;
        return AX_E_NO_KEY;
    }
    host->in = (struct ov_in){.kind = OV_IN_ANSWER, .answer = &host->answer};
    host->answer = (struct ov_answer){.handle = claim->handle, .status = status, .body = body};
    *effect = (struct ov_host_effect){.kind = OV_HOST_CORE, .in = &host->in};
    ov_claim_drop(host, claim);
    return 0;
}
