/* SPDX-License-Identifier: MIT */
/* reply.h - replies of the Redis protocol, in its versions 2 and 3. */
#ifndef KV_REPLY_H
#define KV_REPLY_H

#include "buf.h"

/* What is said in more than one place. */
#define REPLY_WRONG_TYPE "WRONGTYPE Operation against a key holding the wrong kind of value"
#define REPLY_NOT_INTEGER "ERR value is not an integer or out of range"
#define REPLY_SYNTAX "ERR syntax error"
#define REPLY_NO_MEMORY "OOM command not allowed when used memory > 'maxmemory'."

struct reply {
    struct kv_buf *to;
    unsigned protocol; /* 2 or 3 */
};

void reply_raw(struct reply *reply, struct ax_span bytes);
void reply_status(struct reply *reply, const char *text);
/* With "ERR " or another code at its beginning; line ends become blanks. */
void reply_error(struct reply *reply, const char *text);
void reply_errorf(struct reply *reply, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void reply_integer(struct reply *reply, int64_t value);
void reply_bulk(struct reply *reply, struct ax_span bytes);
void reply_text(struct reply *reply, const char *text);
void reply_null(struct reply *reply);
void reply_null_array(struct reply *reply);
/* The elements follow. A map has `count` pairs; in version 2 maps, sets and pushes are arrays. */
void reply_array(struct reply *reply, uint64_t count);
void reply_map(struct reply *reply, uint64_t count);
void reply_set(struct reply *reply, uint64_t count);
void reply_push(struct reply *reply, uint64_t count);

#endif
