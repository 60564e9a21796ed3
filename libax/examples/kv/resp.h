/* SPDX-License-Identifier: MIT */
/* resp.h - requests of the Redis protocol, from bytes to arguments.
 *
 * A request is an array of bulk strings, or a line of words as a person types it ("inline"). The
 * bytes come in pieces of any size: the parser remembers how far it is, and is given the bytes of
 * the request in hand again, from its first one on, with more behind them. */
#ifndef KV_RESP_H
#define KV_RESP_H

#include "buf.h"

enum resp_result {
    RESP_MORE,    /* the request goes on; nothing is used yet */
    RESP_REQUEST, /* argc, argv */
    RESP_EMPTY,   /* bytes that ask for nothing: an empty line or array */
    RESP_BROKEN,  /* not the protocol; `error` has the words for it, and nothing more can be read */
};

struct resp_arg {
    uint32_t at, len; /* from the first byte of the request */
};

/* Zeroed memory is one at its beginning. */
struct resp {
    uint32_t at;            /* bytes of the request that are done with */
    uint32_t expected;      /* arguments still to come */
    bool in_array, in_bulk; /* behind the array's head, behind a bulk string's */
    uint32_t bulk;          /* length of that one */
    uint32_t argc, room;
    struct resp_arg *args;
    struct ax_span *argv; /* of a whole request: into the bytes given, or into `words` */
    struct kv_buf words;  /* of an inline request */
    char error[64];
};

/* Longest bulk string; a longer one is RESP_BROKEN, as with Redis beyond proto-max-bulk-len. */
#define RESP_BULK_MAX (768u << 10)
/* Longest line: an inline request, or the length of something. */
#define RESP_LINE_MAX (64u << 10)

/* Reads one request from data, which begins where it begins. *used: the bytes to go on behind;
 * 0 with RESP_MORE. */
enum resp_result resp_parse(struct resp *resp, const uint8_t *data, uint32_t size, uint32_t *used);

void resp_free(struct resp *resp);

#endif
