/* SPDX-License-Identifier: MIT */
/* overlay/core/frame.h - what nodes say to each other once their link is up: frames, and a bounded
 * codec for them. ax_wire(7) has every byte.
 *
 * A frame is a header of 8 bytes, fields in ascending order of their tags, each with its length,
 * and for some kinds a body, the image of a message of a contract. It can grow: a field that the
 * reader does not know is skipped, unless its writer has marked it as one that must be understood;
 * a kind that is marked likewise may be skipped whole.
 *
 * Decoding copies nothing: texts and bodies of a decoded frame lie in the buffer. It trusts
 * nothing, and says by a fault what was wrong, for logs and for who writes another implementation.
 * A body is opaque until ov_frame_body has held it against its contract. */
#ifndef OV_FRAME_H
#define OV_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ax/reflect.h>

#include "overlay/core/frame_table.h"

#define OV_FRAME_HEADER 8u
#define OV_FRAME_MIN_MAX 4096u  /* the least that a node may set as the most that it takes */
#define OV_FRAME_MAX (1u << 20) /* and the most */
#define OV_TAG_MUST 0x8000u     /* who does not know this field must refuse the frame */
#define OV_FLAG_RESPONSE 1u     /* header flags */
#define OV_FLAG_SKIP 2u         /* who does not know this kind may skip the frame */

enum ov_plane { OV_EITHER, OV_CONTROL = 1, OV_DATA = 2 };

enum ov_kind {
#define OV_KIND_ENUM(symbol, number, ...) OV_##symbol = number,
    OV_KINDS(OV_KIND_ENUM)
#undef OV_KIND_ENUM
        OV_KIND_COUNT
};

enum ov_tag {
#define OV_TAG_ENUM(name, tag, ...) OV_TAG_##name = tag,
    OV_FIELDS(OV_TAG_ENUM)
#undef OV_TAG_ENUM
        OV_TAG_COUNT
};

/* The bit of a field in ov_frame.has. */
#define OV_HAS(name) (1ull << OV_TAG_##name)

struct ov_frame {
    enum ov_kind kind;
    bool response;
    uint64_t has; /* which of the fields are there */
#define OV_MEMBER(name, tag, type, max) OV_TYPE_##type name;
    OV_FIELDS(OV_MEMBER)
#undef OV_MEMBER
    struct ax_span body; /* unchecked; at a multiple of 8 from the start of the frame */
};

/* Sets a field. */
#define OV_SET(frame, name, value) ((frame)->name = (value), (frame)->has |= OV_HAS(name), (void)0)

/* X(symbol, result, text) */
#define OV_FAULTS(X)                                                                               \
    X(NONE, 0, "nothing")                                                                          \
    X(SHORT, AX_E_PROTOCOL, "the frame ends before its header or its fields do")                   \
    X(TOO_BIG, AX_E_TOO_BIG, "the frame is larger than the reader takes")                          \
    X(FLAGS, AX_E_UNSUPPORTED, "a flag that is not known is set")                                  \
    X(KIND, AX_E_UNSUPPORTED, "the kind of the frame is not known")                                \
    X(DIRECTION, AX_E_PROTOCOL, "there is no response of this kind")                               \
    X(PLANE, AX_E_PROTOCOL, "the frame is not of this plane")                                      \
    X(FIELD_CUT, AX_E_PROTOCOL, "a field ends behind the fields")                                  \
    X(FIELD_ORDER, AX_E_PROTOCOL, "fields are not in order, or one is there twice")                \
    X(FIELD_UNKNOWN, AX_E_UNSUPPORTED, "a field that must be understood is not known")             \
    X(FIELD_SIZE, AX_E_PROTOCOL, "a field has another size than its type")                         \
    X(FIELD_VALUE, AX_E_PROTOCOL, "a field has a value that its type does not allow")              \
    X(FIELD_MISSING, AX_E_PROTOCOL, "a field that the kind requires is missing")                   \
    X(TARGET, AX_E_PROTOCOL, "the fields do not name one target")                                  \
    X(PADDING, AX_E_PROTOCOL, "the padding before the body is not zero")                           \
    X(BODY, AX_E_PROTOCOL, "there is a body where none may be")

enum ov_fault {
#define OV_FAULT_ENUM(symbol, result, text) OV_FAULT_##symbol,
    OV_FAULTS(OV_FAULT_ENUM)
#undef OV_FAULT_ENUM
        OV_FAULT_COUNT
};

/* What is said about a fault, and the result that goes with it. */
const char *ov_fault_text(enum ov_fault fault);
int ov_fault_result(enum ov_fault fault);

/* The size of the frame of which `len` bytes are there: *size is 0 as long as more are needed to
 * tell. OV_FAULT_SHORT or _TOO_BIG: it can be no frame; the link is to be closed. */
enum ov_fault ov_frame_size(const void *bytes, size_t len, uint32_t max, uint32_t *size);

/* Reads a whole frame of `size` bytes that came on a link of that plane. OV_FAULT_NONE with
 * frame->kind 0: a kind of later versions, to be skipped. With any fault the frame is zeroed. */
enum ov_fault ov_frame_decode(const void *bytes, uint32_t size, enum ov_plane plane,
                              struct ov_frame *frame);

/* Writes it. *size is what it takes. AX_E_TOO_BIG: that is more than `cap`. AX_E_INVALID: no reader
 * would take it. `body` must not overlap `buf`. */
AX_MUST_USE int ov_frame_encode(const struct ov_frame *frame, void *buf, size_t cap,
                                uint32_t *size);

/* The plane that such a frame rides; 0: either. */
enum ov_plane ov_frame_plane(enum ov_kind kind, bool response);

/* "ask", "tell" ...; "?" for what is none. */
const char *ov_kind_name(enum ov_kind kind);

/* Holds the body of a tell, of an ask or of its answer against the contract, whose hash is given as
 * it costs to compute. `method` is what the answered ask had; for a request it is the frame's own.
 * Only then is the image to be looked at, by `*layout`. AX_E_WRONG_CONTRACT: it is of another;
 * AX_E_INVALID: it is no such message. */
AX_MUST_USE int ov_frame_body(const struct ov_frame *frame, const struct ax_contract *contract,
                              uint64_t hash, uint16_t method, const struct ax_layout **layout);

#endif
