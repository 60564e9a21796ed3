/* SPDX-License-Identifier: MIT */
#include "overlay/core/lease_store.h"

#include <string.h>

/* ---- finding ----
 *
 * A hash table with chains, of which each record has a link, and the beginning of another chain. */

void ov_store_memory_init(struct ov_store_memory *store, struct ov_store_record *records,
                          uint32_t room)
{
    *store = (struct ov_store_memory){.records = records, .room = room};
    for (uint32_t i = 0; i < room; i++)
        records[i].head = 0;
}

static uint32_t *chain_of(const struct ov_store_memory *store, const char *registry, uint32_t shard)
{
    uint64_t hash = 0;
    for (; *registry != '\0'; registry++)
        hash = 31 * hash + (uint8_t)*registry;
    hash += shard; /* so that those of one registry have a chain each */
    return &store->records[hash % store->room].head;
}

/* What links to it, or to nothing where there is none. */
static uint32_t *link_to(const struct ov_store_memory *store, const char *registry, uint32_t shard)
{
    uint32_t *link = chain_of(store, registry, shard);
    while (*link != 0 && (store->records[*link - 1].shard != shard ||
                          strcmp(store->records[*link - 1].registry, registry) != 0))
        link = &store->records[*link - 1].next;
    return link;
}

/* 0: there is none; else 1 and which. */
static uint32_t find(const struct ov_store_memory *store, const char *registry, uint32_t shard)
{
    return store->room > 0 ? *link_to(store, registry, shard) : 0;
}

const struct ov_store_record *ov_store_memory_find(const struct ov_store_memory *store,
                                                   const char *registry, uint32_t shard)
{
    uint32_t at = find(store, registry, shard);
    return at != 0 ? &store->records[at - 1] : NULL;
}

/* All of a record but its part in the table. */
static void put(struct ov_store_record *to, const struct ov_store_record *from)
{
    uint32_t head = to->head;
    *to = *from;
    to->head = head;
}

bool ov_store_memory_add(struct ov_store_memory *store, const struct ov_store_record *record)
{
    if (store->n == store->room)
        return false;
    uint32_t *link = link_to(store, record->registry, record->shard);
    put(&store->records[store->n], record);
    store->records[store->n++].next = 0;
    *link = store->n;
    return true;
}

/* ---- what is asked ---- */

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
    struct ov_store_record made = {.shard = request->shard};
    uint32_t at = find(store, request->registry, request->shard);
    struct ov_store_record *record = at != 0 ? &store->records[at - 1] : &made;
    bool makes = at == 0 && request->op == OV_STORE_ACQUIRE && store->n < store->room;
    bool done = request->op == OV_STORE_READ;
    memcpy(made.registry, request->registry, sizeof made.registry);
    if (at != 0 || makes)
        done = apply(record, request, now);
    if (makes && done) /* only who acquires makes a record, and not for nothing */
        (void)ov_store_memory_add(store, &made);
    *answer = (struct ov_store_answer){.number = request->number,
                                       .outcome = done ? OV_STORE_DONE : OV_STORE_REFUSED,
                                       .epoch = record->epoch};
    if (is_held(record, now)) {
        answer->owner = record->owner;
        answer->left_ns = record->until - now;
    }
}

/* The last one comes in its place. */
void ov_store_memory_lose(struct ov_store_memory *store, const char *registry, uint32_t shard)
{
    uint32_t at = find(store, registry, shard);
    if (at == 0)
        return;
    *link_to(store, registry, shard) = store->records[at - 1].next;
    const struct ov_store_record *last = &store->records[--store->n];
    if (at - 1 == store->n)
        return;
    *link_to(store, last->registry, last->shard) = at;
    put(&store->records[at - 1], last);
}
