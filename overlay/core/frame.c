/* SPDX-License-Identifier: MIT */
#include "overlay/core/frame.h"

#include "overlay/core/frame_shape.h"
#include "shm/frame.h"

#include <endian.h>
#include <string.h>

/* Numbers are little-endian on the wire. */
static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

/* 1, 2, 4 or 8 bytes: each a store of its own, as numbers are most of a frame without a body. */
static inline void put(uint8_t *at, unsigned bytes, uint64_t value)
{
    value = htole64(value);
    switch (bytes) {
    case 8:
        memcpy(at, &value, 8);
        break;
    case 4:
        memcpy(at, &value, 4);
        break;
    case 2:
        memcpy(at, &value, 2);
        break;
    default:
        at[0] = (uint8_t)le64toh(value);
    }
}

static uint32_t align8(uint32_t n)
{
    return (n + 7u) & ~7u;
}

/* ---- decode ---- */

enum ov_fault ov_frame_size(const void *bytes, size_t len, uint32_t max, uint32_t *size)
{
    *size = 0;
    if (len < 4)
        return OV_FAULT_NONE;
    uint32_t whole = (uint32_t)get(bytes, 4);
    if (whole < OV_FRAME_HEADER)
        return OV_FAULT_SHORT;
    if (whole > max)
        return OV_FAULT_TOO_BIG;
    *size = whole;
    return OV_FAULT_NONE;
}

static enum ov_fault set_number(const struct ov_field_info *info, uint64_t value, void *member)
{
    bool flag = value != 0;
    if ((info->type == OV_IS_BOOL && value > 1) || (info->type == OV_IS_ID && value == 0))
        return OV_FAULT_FIELD_VALUE;
    if (info->type == OV_IS_BOOL)
        memcpy(member, &flag, sizeof flag);
    else if (info->max == 1)
        *(uint8_t *)member = (uint8_t)value;
    else if (info->max == 2)
        *(uint16_t *)member = (uint16_t)value;
    else if (info->max == 4)
        *(uint32_t *)member = (uint32_t)value;
    else
        *(uint64_t *)member = value;
    return OV_FAULT_NONE;
}

static enum ov_fault set_field(struct ov_frame *frame, unsigned tag, const uint8_t *at,
                               uint32_t len)
{
    const struct ov_field_info *info = &ov_field_table[tag];
    void *member = (char *)frame + info->offset;
    struct ax_span span = {at, len};
    frame->has |= 1ull << tag;
    if (!ov_is_span(info))
        return len == info->max ? set_number(info, get(at, len), member) : OV_FAULT_FIELD_SIZE;
    if (len == 0 || len > info->max)
        return OV_FAULT_FIELD_SIZE;
    if (!ov_span_valid(info, span))
        return OV_FAULT_FIELD_VALUE;
    *(struct ax_span *)member = span;
    return OV_FAULT_NONE;
}

static enum ov_fault read_fields(const uint8_t *at, const uint8_t *end, uint64_t may,
                                 struct ov_frame *frame)
{
    unsigned before = 0;
    while (at < end) {
        if (end - at < 4 || (uint64_t)(end - at - 4) < get(at + 2, 2))
            return OV_FAULT_FIELD_CUT;
        unsigned word = (unsigned)get(at, 2), tag = word & ~OV_TAG_MUST;
        uint32_t len = (uint32_t)get(at + 2, 2);
        enum ov_fault fault = OV_FAULT_NONE;
        if (tag <= before)
            return OV_FAULT_FIELD_ORDER;
        if (tag < OV_TAG_COUNT && (may >> tag & 1) != 0)
            fault = set_field(frame, tag, at + 4, len);
        else if ((word & OV_TAG_MUST) != 0)
            fault = OV_FAULT_FIELD_UNKNOWN;
        if (fault != OV_FAULT_NONE)
            return fault;
        before = tag;
        at += 4 + len;
    }
    return OV_FAULT_NONE;
}

static enum ov_fault read_body(const uint8_t *bytes, uint32_t size, uint32_t end, bool may,
                               struct ov_frame *frame)
{
    uint32_t begin = align8(end);
    if (size == end)
        return OV_FAULT_NONE;
    if (!may)
        return OV_FAULT_BODY;
    if (size <= begin)
        return OV_FAULT_PADDING;
    for (uint32_t i = end; i < begin; i++)
        if (bytes[i] != 0)
            return OV_FAULT_PADDING;
    frame->body = (struct ax_span){bytes + begin, size - begin};
    return OV_FAULT_NONE;
}

static enum ov_fault read_frame(const uint8_t *bytes, uint32_t size, enum ov_plane plane,
                                struct ov_frame *frame)
{
    if (size < OV_FRAME_HEADER || get(bytes, 4) != size)
        return OV_FAULT_SHORT;
    unsigned kind = bytes[4], flags = bytes[5];
    uint32_t end = OV_FRAME_HEADER + (uint32_t)get(bytes + 6, 2);
    bool response = (flags & OV_FLAG_RESPONSE) != 0;
    if ((flags & ~(OV_FLAG_RESPONSE | OV_FLAG_SKIP)) != 0)
        return OV_FAULT_FLAGS;
    if (end > size)
        return OV_FAULT_SHORT;
    const struct ov_shape *shape = ov_shape_of(kind, response);
    if (shape == NULL && ov_shape_of(kind, false) != NULL)
        return OV_FAULT_DIRECTION;
    if (shape == NULL)
        return (flags & OV_FLAG_SKIP) != 0 ? OV_FAULT_NONE : OV_FAULT_KIND;
    frame->kind = kind;
    frame->response = response;
    if ((plane | ov_frame_plane(kind, response)) != plane)
        return OV_FAULT_PLANE;
    enum ov_fault fault = read_fields(bytes + OV_FRAME_HEADER, bytes + end, shape->may, frame);
    if (fault == OV_FAULT_NONE)
        fault = ov_shape_check(shape, frame->has);
    return fault != OV_FAULT_NONE ? fault : read_body(bytes, size, end, shape->body, frame);
}

enum ov_fault ov_frame_decode(const void *bytes, uint32_t size, enum ov_plane plane,
                              struct ov_frame *frame)
{
    *frame = (struct ov_frame){0};
    enum ov_fault fault = read_frame(bytes, size, plane, frame);
    if (fault != OV_FAULT_NONE)
        *frame = (struct ov_frame){0};
    else if (frame->reason > SHM_OTHER) /* one of later versions */
        frame->reason = SHM_OTHER;
    return fault;
}

/* ---- encode ---- */

static uint64_t number_of(const struct ov_field_info *info, const void *member)
{
    if (info->type == OV_IS_BOOL)
        return *(const bool *)member;
    if (info->max == 1)
        return *(const uint8_t *)member;
    if (info->max == 2)
        return *(const uint16_t *)member;
    return info->max == 4 ? *(const uint32_t *)member : *(const uint64_t *)member;
}

/* Writes what fits; returns what it takes, 0 for what no reader would take. */
static uint32_t write_field(const struct ov_frame *frame, unsigned tag, uint8_t *at, size_t cap)
{
    const struct ov_field_info *info = &ov_field_table[tag];
    const void *member = (const char *)frame + info->offset;
    bool is_span = ov_is_span(info);
    struct ax_span span = is_span ? *(const struct ax_span *)member : (struct ax_span){0};
    uint32_t len = is_span ? span.len : info->max;
    uint64_t number = is_span ? 1 : number_of(info, member);
    if ((is_span && !ov_span_valid(info, span)) || (info->type == OV_IS_ID && number == 0))
        return 0;
    if (cap < 4u + len)
        return 4 + len;
    put(at, 4, tag | (uint64_t)len << 16);
    if (is_span)
        memcpy(at + 4, span.ptr, len);
    else
        put(at + 4, len, number);
    return 4 + len;
}

static bool may_write(const struct ov_frame *frame, const struct ov_shape *shape)
{
    return shape != NULL && (frame->has & ~shape->may) == 0 &&
           ov_shape_check(shape, frame->has) == OV_FAULT_NONE &&
           (shape->body || frame->body.len == 0) && frame->body.len <= OV_FRAME_MAX;
}

int ov_frame_encode(const struct ov_frame *frame, void *buf, size_t cap, uint32_t *size)
{
    uint8_t *out = buf;
    uint32_t at = OV_FRAME_HEADER, end;
    const struct ov_shape *shape = ov_shape_of(frame->kind, frame->response);
    *size = 0;
    if (!may_write(frame, shape))
        return AX_E_INVALID;
    for (uint64_t left = frame->has; left != 0; left &= left - 1) {
        uint32_t n = write_field(frame, (unsigned)__builtin_ctzll(left), out + (at < cap ? at : 0),
                                 at < cap ? cap - at : 0);
        if (n == 0)
            return AX_E_INVALID;
        at += n;
    }
    end = frame->body.len > 0 ? align8(at) + frame->body.len : at;
    *size = end;
    if (end > cap || end > OV_FRAME_MAX)
        return AX_E_TOO_BIG;
    put(out, 4, end);
    out[4] = (uint8_t)frame->kind;
    out[5] = (uint8_t)((frame->response ? OV_FLAG_RESPONSE : 0) | (shape->skip ? OV_FLAG_SKIP : 0));
    put(out + 6, 2, at - OV_FRAME_HEADER);
    if (frame->body.len > 0) {
        memset(out + at, 0, align8(at) - at);
        memcpy(out + align8(at), frame->body.ptr, frame->body.len);
    }
    return 0;
}

/* ---- body ---- */

int ov_frame_body(const struct ov_frame *frame, const struct ax_contract *contract, uint64_t hash,
                  uint16_t method, const struct ax_layout **layout)
{
    static const uint64_t nothing;
    const void *image = frame->body.len > 0 ? frame->body.ptr : &nothing;
    bool tell = frame->kind == OV_TELL && !frame->response;
    if (!frame->response && frame->contract != hash)
        return AX_E_WRONG_CONTRACT;
    if (!tell && frame->kind != OV_ASK)
        return AX_E_INVALID;
    if (!frame->response)
        method = frame->method;
    if (method >= contract->nmethods || contract->methods[method].is_ask == tell)
        return AX_E_INVALID;
    *layout = frame->response ? contract->methods[method].reply : contract->methods[method].msg;
    return ax_layout_validate(*layout, image, frame->body.len);
}
