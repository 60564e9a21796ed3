/* SPDX-License-Identifier: MIT */
#include "overlay/core/lease_store.h"

#include <string.h>

void ov_store_memory_init(struct ov_store_memory *store, struct ov_store_record *records,
                          uint32_t room)
{
    *store = (struct ov_store_memory){.records = records, .room = room};
}

static struct ov_store_record *find(const struct ov_store_memory *store, const char *registry,
                                    uint32_t shard)
{
    for (uint32_t i = 0; i < store->n; i++)
        if (store->records[i].shard == shard && strcmp(store->records[i].registry, registry) == 0)
            return &store->records[i];
    return NULL;
}

/* Finds or makes it; NULL where there is no room. */
static struct ov_store_record *record_of(struct ov_store_memory *store,
                                         const struct ov_store_request *request)
{
    struct ov_store_record *record = find(store, request->registry, request->shard);
    if (record != NULL || store->n == store->room)
        return record;
    record = &store->records[store->n++];
    *record = (struct ov_store_record){.shard = request->shard};
    memcpy(record->registry, request->registry, sizeof record->registry);
    return record;
}

static bool is_held(const struct ov_store_record *record, uint64_t now)
{
    return record->owner.boot != 0 && now < record->until;
}

static bool extend(struct ov_store_record *record, uint64_t now, uint64_t ttl_ns)
{
    if (ttl_ns == 0 || ttl_ns > UINT64_MAX - now)
        return false;
    record->until = now + ttl_ns;
    return true;
}

/* Where the asker has it already, and does not know its epoch, the answer to it was lost. Where it
 * does know it, it has ended what ran under that one. What a process before it had is the asker's
 * from here on: what that one has still under way, as a release, is refused. */
static bool acquire(struct ov_store_record *record, const struct ov_store_request *request,
                    uint64_t now)
{
    uint64_t last = record->epoch > request->epoch ? record->epoch : request->epoch;
    bool held = is_held(record, now);
    bool again = held && record->epoch > request->epoch;
    if (held && !ov_ident_inherits(&request->asker, &record->owner))
        return false;
    if ((last == UINT64_MAX && !again) || !extend(record, now, request->ttl_ns))
        return false;
    record->owner = request->asker;
    record->epoch = again ? record->epoch : last + 1;
    return true;
}

static bool apply(struct ov_store_record *record, const struct ov_store_request *request,
                  uint64_t now)
{
    bool has = is_held(record, now) && ov_ident_same(&record->owner, &request->asker) &&
               record->epoch == request->epoch;
    switch (request->op) {
    case OV_STORE_READ:
        return true;
    case OV_STORE_ACQUIRE:
        return acquire(record, request, now);
    case OV_STORE_RENEW:
        return has && extend(record, now, request->ttl_ns);
    case OV_STORE_RELEASE:
        if (has)
            record->owner = (struct ov_ident){0};
        return has;
    default:
        return false;
    }
}

void ov_store_memory_handle(struct ov_store_memory *store, uint64_t now,
                            const struct ov_store_request *request, struct ov_store_answer *answer)
{
    /* Only who acquires makes a record. */
    bool makes = request->op == OV_STORE_ACQUIRE;
    uint32_t before = store->n;
    struct ov_store_record none = {0};
    struct ov_store_record *record =
        makes ? record_of(store, request) : find(store, request->registry, request->shard);
    bool done = record == NULL ? request->op == OV_STORE_READ : apply(record, request, now);
    if (record == NULL)
        record = &none;
    if (!done)
        store->n = before; /* what was made for nothing */
    *answer = (struct ov_store_answer){.number = request->number,
                                       .outcome = done ? OV_STORE_DONE : OV_STORE_REFUSED,
                                       .epoch = record->epoch};
    if (is_held(record, now)) {
        answer->owner = record->owner;
        answer->left_ns = record->until - now;
    }
}

void ov_store_memory_lose(struct ov_store_memory *store, const char *registry, uint32_t shard)
{
    struct ov_store_record *record = find(store, registry, shard);
    if (record != NULL)
        *record = store->records[--store->n];
}
