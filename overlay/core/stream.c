/* SPDX-License-Identifier: MIT */
#include "overlay/core/stream.h"

#include <sodium.h>
#include <string.h>

#define HEAD 2u /* bytes of a record's length */

/* ---- in ---- */

void ov_stream_compact(struct ov_stream *stream)
{
    if (stream->at == 0)
        return;
    memmove(stream->in, stream->in + stream->at, stream->plain - stream->at + stream->sealed);
    stream->plain -= stream->at;
    stream->at = 0;
}

/* Bytes that the record has, with its length; 0: not known yet. */
static uint32_t record_size(const uint8_t *record, uint32_t have)
{
    return have < HEAD ? 0 : HEAD + (record[0] | (uint32_t)record[1] << 8);
}

static int open_record(struct ov_stream *stream, uint8_t *record, uint32_t size)
{
    size_t len;
    int r;
    if (size == HEAD)
        return AX_E_PROTOCOL;
    r = ov_record_open(&stream->receive, record + HEAD, size - HEAD, record + HEAD, &len);
    if (r != 0)
        return r;
    memmove(record, record + HEAD, len);
    stream->plain += (uint32_t)len;
    stream->sealed = 0;
    stream->opened++;
    return 0;
}

/* Takes what the record that is being gathered still needs, and opens it when it is whole. */
static int gather(struct ov_stream *stream, const uint8_t *bytes, size_t len, size_t *used)
{
    uint8_t *record = stream->in + stream->plain;
    uint32_t size = record_size(record, stream->sealed);
    uint32_t want = (size == 0 ? HEAD : size) - stream->sealed;
    if (want > len - *used)
        want = (uint32_t)(len - *used);
    if (want > 0)
        memcpy(record + stream->sealed, bytes + *used, want);
    *used += want;
    stream->sealed += want;
    if (stream->plain + stream->sealed > stream->most)
        stream->most = stream->plain + stream->sealed;
    size = record_size(record, stream->sealed);
    return size != 0 && stream->sealed == size ? open_record(stream, record, size) : 0;
}

/* Whether a whole frame is there: reads it. One of a later version, to be skipped, has kind 0. */
static int read_frame(struct ov_stream *stream, struct ov_frame *frame, bool *whole)
{
    const uint8_t *at = stream->in + stream->at;
    uint32_t have = stream->plain - stream->at, size;
    enum ov_fault fault = ov_frame_size(at, have, stream->max_frame, &size);
    *whole = fault == OV_FAULT_NONE && size != 0 && size <= have;
    if (!*whole)
        return ov_fault_result(fault);
    stream->at += size;
    return ov_fault_result(ov_frame_decode(at, size, stream->plane, frame));
}

int ov_stream_next(struct ov_stream *stream, const void *bytes, size_t len, size_t *used,
                   struct ov_frame *frame)
{
    for (;;) {
        bool whole;
        int r = read_frame(stream, frame, &whole);
        if (r != 0 || (whole && frame->kind != 0))
            return r;
        if (whole)
            continue;
        *frame = (struct ov_frame){0};
        if (*used == len)
            return 0;
        if (stream->plain > stream->max_frame)
            return AX_E_BUSY;
        if ((r = gather(stream, bytes, len, used)) != 0)
            return r;
    }
}

/* ---- out ---- */

static uint32_t records_of(uint32_t size)
{
    return (size + OV_RECORD_PLAIN - 1) / OV_RECORD_PLAIN;
}

/* Where the plaintext of so many records may begin, so that what is sealed before it does not reach
 * what is not. */
static size_t plain_at(uint32_t records)
{
    return (size_t)records * (HEAD + OV_TAG) - OV_TAG;
}

static int seal_all(struct ov_stream *stream, uint8_t *out, size_t at, uint32_t size, size_t *len)
{
    size_t done = 0;
    while (size > 0) {
        uint32_t part = size < OV_RECORD_PLAIN ? size : OV_RECORD_PLAIN;
        size_t sealed;
        if (at != done + HEAD) /* as it does where it was written for one record */
            memmove(out + done + HEAD, out + at, part);
        int r = ov_record_seal(&stream->send, out + done + HEAD, part, out + done + HEAD, &sealed);
        if (r != 0)
            return r;
        out[done] = (uint8_t)sealed;
        out[done + 1] = (uint8_t)(sealed >> 8);
        done += HEAD + sealed;
        at += part;
        size -= part;
    }
    *len = done;
    return 0;
}

int ov_stream_seal(struct ov_stream *stream, const struct ov_frame *frame, uint8_t *out, size_t cap,
                   size_t *len)
{
    size_t at = plain_at(frame->body.len / OV_RECORD_PLAIN + 1), need;
    uint32_t size = 0;
    int r = ov_frame_encode(frame, at < cap ? out + at : out, at < cap ? cap - at : 0, &size);
    if (r != 0)
        return r != AX_E_TOO_BIG ? r : size > stream->peer_frame ? AX_E_TOO_BIG : AX_E_LIMIT;
    if (size > stream->peer_frame)
        return AX_E_TOO_BIG;
    need = plain_at(records_of(size));
    if (need + size + OV_TAG > cap)
        return AX_E_LIMIT;
    if (need > at) { /* the fields have made one record more of it */
        memmove(out + need, out + at, size);
        at = need;
    }
    return seal_all(stream, out, at, size, len);
}

int ov_stream_seal_plain(struct ov_stream *stream, const uint8_t *plain, uint32_t size,
                         uint8_t *out, size_t cap, size_t *len)
{
    if (OV_SEALED_ROOM((size_t)size) > cap)
        return AX_E_LIMIT;
    memcpy(out + HEAD, plain, size);
    return seal_all(stream, out, HEAD, size, len);
}

/* ---- end ---- */

void ov_stream_wipe(struct ov_stream *stream)
{
    if (stream->in != NULL)
        sodium_memzero(stream->in, stream->most);
    sodium_memzero(stream, sizeof *stream);
}
