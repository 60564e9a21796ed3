/* SPDX-License-Identifier: MIT */
/* overlay/core/stream.h - a connection whose handshake is over: bytes to records to frames, and
 * back.
 *
 * What comes in is gathered in one buffer, which the caller gives: at its front the plaintext that
 * has not been read as frames, behind it the bytes of the next record, which is opened where it
 * lies. A partial frame is smaller than the largest one and a record is taken up only when there is
 * no whole frame left to read, so OV_STREAM_ROOM is enough for ever.
 *
 * The struct and the buffer hold secrets: see cipher.h. */
#ifndef OV_STREAM_H
#define OV_STREAM_H

#include "overlay/core/cipher.h"
#include "overlay/core/frame.h"

#define OV_RECORD_MAX (2u + OV_NOISE_MAX)
#define OV_RECORD_PLAIN (OV_NOISE_MAX - OV_TAG)
#define OV_STREAM_ROOM(max_frame) ((max_frame) + OV_RECORD_MAX)

/* Room that is enough for the records of a frame of so many bytes. */
#define OV_SEALED_ROOM(frame) ((frame) + ((frame) / OV_RECORD_PLAIN + 1u) * (2u + OV_TAG))

struct ov_stream {
    struct ov_cipher send, receive; /* of ov_handshake_finish */
    enum ov_plane plane;
    uint32_t max_frame;  /* that this side takes */
    uint32_t peer_frame; /* and the peer */
    uint8_t *in;         /* OV_STREAM_ROOM(max_frame) bytes */
    uint32_t at;         /* plaintext that has been read as frames */
    uint32_t plain;      /* all plaintext, from the front of `in` */
    uint32_t sealed;     /* bytes of the next record, behind it */
    uint32_t most;       /* bytes of `in` that were ever written */
    uint64_t opened;     /* records so far */
};

/* Whether a frame, or a record, has begun and is not whole. */
static inline bool ov_stream_in_half(const struct ov_stream *stream)
{
    return stream->sealed > 0 || stream->plain > stream->at;
}

/* Forgets the frames that were read: before the first ov_stream_next of a step. */
void ov_stream_compact(struct ov_stream *stream);

/* The next frame, from what is there and from *used to `len` of `bytes`; *used advances.
 * frame->kind 0: there is none without more bytes. AX_E_BUSY: there is no room as long as the
 * frames that were read, whose texts lie in the buffer, are not forgotten. Anything else: the
 * stream is at its end, and the connection is to be closed. */
AX_MUST_USE int ov_stream_next(struct ov_stream *stream, const void *bytes, size_t len,
                               size_t *used, struct ov_frame *frame);

/* Writes the records of a frame. AX_E_TOO_BIG: it is more than the peer takes; AX_E_LIMIT: than
 * `cap`; AX_E_INVALID: no reader would take it. Nothing was sealed then. */
AX_MUST_USE int ov_stream_seal(struct ov_stream *stream, const struct ov_frame *frame, uint8_t *out,
                               size_t cap, size_t *len);

/* The same of frames that were written already, no more than fit into a record. */
AX_MUST_USE int ov_stream_seal_plain(struct ov_stream *stream, const uint8_t *plain, uint32_t size,
                                     uint8_t *out, size_t cap, size_t *len);

/* Wipes what there was in the buffer, if it has one, and all else. */
void ov_stream_wipe(struct ov_stream *stream);

#endif
