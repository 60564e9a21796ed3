/* SPDX-License-Identifier: MIT */
/* owed.h - the answers that a client is owed, in the order of its requests.
 *
 * A request becomes one entry or several: one that is answered here at once, or one for each part
 * that some shard was sent. Answers of one shard come in the order in which it was asked, those of
 * different shards as they like; what is first in the queue and there leaves for the client.
 * Entries that are parts of one answer stand one behind another, so to join them is to fold over
 * them as they leave.
 *
 * A shard numbers what it answers as the connection numbered what it sent. An answer with a later
 * number says that those before will not come: their message was dropped with a process that it
 * had killed, or the answer was lost with one. The client is told TRYAGAIN. */
#ifndef KV_OWED_H
#define KV_OWED_H

#include "command.h"
#include "parcel.h"

#define OWED_TARGETS 80u /* shards and fronts */

struct owed_entry {
    uint8_t join, target; /* enum kv_join; who owes it, or OWED_HERE */
    bool last;            /* of the entries that make one answer */
    bool done;
    uint32_t number; /* of the message in which it was sent */
    struct kv_buf bytes;
};
#define OWED_HERE 255u

struct owed {
    struct owed_entry *ring; /* `room` entries, a power of two */
    uint32_t room, head, tail;
    uint32_t next[OWED_TARGETS]; /* the first entry of a target that is not done is not before */
    /* the answer that is being joined */
    bool failed;
    int64_t sum;
    uint64_t count;
    struct kv_buf joined;
};

/* Zeroed memory owes nothing. `to` has the protocol that answers are joined in. */
static inline uint32_t owed_count(const struct owed *owed)
{
    return owed->tail - owed->head;
}

/* An answer that is there already. */
void owed_here(struct owed *owed, struct reply *to, struct ax_span bytes);
/* One that `target` will give to its message `number`. */
void owed_by(struct owed *owed, uint8_t target, uint32_t number, uint8_t join, bool last);

/* A message of answers to message `number` has come. False: it is none. */
bool owed_take(struct owed *owed, struct reply *to, uint8_t target, uint32_t number,
               struct ax_span pieces);
/* No answer will come to what was sent to `target` before message `number`. */
void owed_lost(struct owed *owed, struct reply *to, uint8_t target, uint32_t number);

void owed_free(struct owed *owed);

/* The text of INFO; info.c */
void kv_info(struct reply *to, uint64_t keys, uint64_t expires);
/* What a shard answers to INFO: ":n\r\n", where n is this. */
#define KV_STAT(keys, expires) ((int64_t)((keys) << 31 | (expires)))

#endif
