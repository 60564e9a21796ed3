/* SPDX-License-Identifier: MIT */
/* parcel.h - requests on their way from a connection to a shard, and answers on their way back.
 *
 * All that one read of a connection has for one shard travels as one message. Requests:
 *
 *      command (1 byte) | 0 (3 bytes) | argc (4) | argc - 1 times: length (4), bytes
 *
 * the name itself is not sent. Answers, each as it goes to the client, in the order of requests:
 *
 *      length (4 bytes, PIECE_MORE: another piece of this answer follows) | bytes
 *
 * Nothing is aligned. The reader trusts none of it. */
#ifndef KV_PARCEL_H
#define KV_PARCEL_H

#include "command.h"

#define PIECE_MORE 0x80000000u

struct parcel_reader {
    const uint8_t *at, *end;
    const struct kv_command *command;
    uint32_t argc, room;
    struct ax_span *argv; /* argv[0]: the name, from the table. The heap's, and kept */
};

void parcel_add(struct kv_buf *parcel, const struct kv_command *command, uint32_t argc,
                const struct ax_span *argv);
void parcel_read(struct parcel_reader *reader, const void *bytes, uint32_t len);
/* 1: there is a request; 0: there are no more; -1: this is no parcel. */
int parcel_next(struct parcel_reader *reader);

struct piece_reader {
    const uint8_t *at, *end;
    struct ax_span bytes;
    bool more;
};

/* Leaves room for the head of a piece; returns where it is, for piece_end. */
static inline uint32_t piece_begin(struct kv_buf *answers)
{
    kv_buf_u32(answers, 0);
    return answers->len;
}
static inline void piece_end(struct kv_buf *answers, uint32_t begin, bool more)
{
    uint32_t head = (answers->len - begin) | (more ? PIECE_MORE : 0);
    memcpy(answers->data + begin - sizeof head, &head, sizeof head);
}
/* As parcel_next. */
int piece_next(struct piece_reader *reader);

/* Which of `shards` has a key: by its hash, or by that of the part within the first { } where there
 * is one, so that keys can be kept together. */
uint32_t parcel_shard(struct ax_span key, uint32_t shards);

#endif
