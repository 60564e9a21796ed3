/* SPDX-License-Identifier: MIT */
/* Any bytes as requests of the Redis protocol; the first one says in pieces of which size they
 * come. Given whole or in pieces they are the same requests, and no byte outside is touched. */
#include "libax/examples/kv/parcel.h"
#include "libax/examples/kv/resp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void kv_info(struct reply *to, uint64_t keys, uint64_t expires);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* Which is the server's. */
void kv_info(struct reply *to, uint64_t keys, uint64_t expires)
{
    (void)to, (void)keys, (void)expires;
}

/* One request from the first `given` bytes, which end where the heap's memory does. */
static enum resp_result parse(struct resp *resp, const uint8_t *data, size_t given, uint32_t *used,
                              struct kv_buf *seen)
{
    uint8_t *copy = malloc(given == 0 ? 1 : given);
    REQUIRE(copy != NULL);
    memcpy(copy, data, given);
    enum resp_result result = resp_parse(resp, copy, (uint32_t)given, used);
    REQUIRE(*used <= given && (result == RESP_MORE || result == RESP_BROKEN || *used != 0));
    REQUIRE(result != RESP_MORE || *used == 0);
    if (result == RESP_BROKEN)
        kv_buf_add(seen, resp->error, (uint32_t)strlen(resp->error));
    for (uint32_t i = 0; result == RESP_REQUEST && i < resp->argc; i++) {
        kv_buf_u32(seen, resp->argv[i].len);
        kv_buf_add(seen, resp->argv[i].ptr, resp->argv[i].len);
    }
    free(copy);
    return result;
}

static void run(const uint8_t *data, size_t size, size_t step, struct kv_buf *seen)
{
    struct resp resp = {0};
    size_t begin = 0, given = 0;
    for (;;) {
        uint32_t used = 0;
        given = size - given < step ? size : given + step;
        enum resp_result result = parse(&resp, data + begin, given - begin, &used, seen);
        begin += used;
        if (given < begin)
            given = begin;
        if (result == RESP_BROKEN || (result == RESP_MORE && given == size))
            break;
    }
    resp_free(&resp);
}

/* As parcels and as pieces of answers they are read to their end, or refused. */
static void as_parcel(const uint8_t *data, size_t size)
{
    struct parcel_reader reader = {0};
    struct piece_reader pieces = {.at = data, .end = data + size};
    parcel_read(&reader, data, (uint32_t)size);
    while (parcel_next(&reader) > 0)
        REQUIRE(reader.argc >= 1 && reader.at <= reader.end);
    while (piece_next(&pieces) > 0)
        REQUIRE(pieces.at <= pieces.end);
    free(reader.argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kv_buf whole = {0}, pieces = {0};
    if (size == 0)
        return 0;
    run(data + 1, size - 1, size, &whole);
    run(data + 1, size - 1, data[0] % 16u + 1, &pieces);
    REQUIRE(kv_same((struct ax_span){whole.data, whole.len},
                    (struct ax_span){pieces.data, pieces.len}));
    as_parcel(data + 1, size - 1);
    kv_buf_free(&whole);
    kv_buf_free(&pieces);
    return 0;
}
