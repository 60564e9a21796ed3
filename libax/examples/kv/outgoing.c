/* SPDX-License-Identifier: MIT */
/* outgoing.c - the messages from a connection to shards and fronts.
 *
 * They are gathered in memory that all connections of the process share: a turn begins and ends
 * with none. Only where a mailbox or a lane is full does the turn suspend in between; then what is
 * there moves to memory of its own before. */
#include "connection.h"
#include "front.h"
#include "shard.h"

#define PARCEL_BYTES (128u << 10) /* what is more goes with the next one */
#define PARCEL_WEIGHT 256u        /* elements: what a turn may change has bounds */

struct outgoing {
    struct kv_buf bytes;
    uint32_t weight, target, number;
};
static struct outgoing all[OWED_TARGETS];
static uint8_t used[OWED_TARGETS]; /* those that hold something */
static uint32_t nused;

static int tell(const struct talk *talk, const struct outgoing *parcel, bool wait)
{
    const struct ax_ref to = kv_system.target[parcel->target];
    const struct ax_span bytes = {parcel->bytes.data, parcel->bytes.len};
    const uint32_t target = parcel->target, number = parcel->number;
    const uint32_t protocol = talk->s->protocol;
    if (target >= kv_system.shards)
        return wait ? front_run_wait(talk->ctx, front_ref_of(to), target, number, protocol, bytes)
                    : front_run(talk->ctx, front_ref_of(to), target, number, protocol, bytes);
    return wait ? shard_run_wait(talk->ctx, shard_ref_of(to), target, number, protocol, bytes)
                : shard_run(talk->ctx, shard_ref_of(to), target, number, protocol, bytes);
}

/* What could not be sent will not be answered. */
static void conclude(const struct talk *talk, const struct outgoing *parcel, int error)
{
    struct reply to = session_reply(talk->s);
    if (error != 0)
        owed_lost(&talk->s->owed, &to, (uint8_t)parcel->target, parcel->number + 1);
}

static void send_waiting(const struct talk *talk, struct outgoing mine[], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        conclude(talk, &mine[i], tell(talk, &mine[i], true));
        kv_buf_free(&mine[i].bytes);
    }
}

static void clear(struct outgoing *parcel)
{
    kv_buf_reset(&parcel->bytes, 2 * PARCEL_BYTES);
    parcel->weight = 0;
}

void outgoing_flush(const struct talk *talk)
{
    for (uint32_t i = 0; i < nused; i++) {
        struct outgoing *parcel = &all[used[i]];
        int error = tell(talk, parcel, false);
        if (error == AX_E_FULL) {
            struct outgoing mine[OWED_TARGETS];
            uint32_t count = 0;
            for (; i < nused; i++) {
                mine[count++] = all[used[i]];
                all[used[i]] = (struct outgoing){0};
            }
            nused = 0;
            send_waiting(talk, mine, count);
            return;
        }
        conclude(talk, parcel, error);
        clear(parcel);
    }
    nused = 0;
}

/* The connection is told when the target's process dies: it may have lost an answer. */
static void watch(const struct talk *talk, uint32_t target)
{
    if (talk->s->watches[target])
        return;
    talk->s->watches[target] = ax_monitor(talk->ctx, kv_system.target[target], NULL) == 0;
}

static struct outgoing *parcel_for(const struct talk *talk, uint32_t target)
{
    struct outgoing *parcel = &all[target];
    if (parcel->weight == 0) {
        used[nused++] = (uint8_t)target;
        parcel->target = target;
        parcel->number = ++talk->s->sent[target];
        watch(talk, target);
    }
    return parcel;
}

void outgoing_add(const struct talk *talk, uint32_t target, const struct kv_command *command,
                  uint32_t argc, const struct ax_span *argv, bool last)
{
    const struct outgoing *before = &all[target];
    uint64_t size = 8;
    for (uint32_t i = 1; i < argc; i++)
        size += 4 + (uint64_t)argv[i].len;
    if (before->weight != 0 && !talk->s->in_exec &&
        (before->weight + argc > PARCEL_WEIGHT || before->bytes.len + size > PARCEL_BYTES))
        outgoing_flush(talk);
    struct outgoing *parcel = parcel_for(talk, target);
    parcel->weight += argc;
    parcel_add(&parcel->bytes, command, argc, argv);
    owed_by(&talk->s->owed, (uint8_t)target, parcel->number, command->join, last);
}

void outgoing_fence(const struct talk *talk, uint32_t target)
{
    const struct outgoing fence = {.target = target, .number = ++talk->s->sent[target]};
    int error = tell(talk, &fence, false);
    if (error == AX_E_FULL)
        error = tell(talk, &fence, true);
    conclude(talk, &fence, error);
}
