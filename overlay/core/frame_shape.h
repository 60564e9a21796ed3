/* SPDX-License-Identifier: MIT */
/* overlay/core/frame_shape.h - what a frame of each kind must and may have: shared by the two
 * halves of the codec. */
#ifndef OV_FRAME_SHAPE_H
#define OV_FRAME_SHAPE_H

#include "overlay/core/frame.h"

enum ov_type {
    OV_IS_NONE,
    OV_IS_U8,
    OV_IS_U16,
    OV_IS_U32,
    OV_IS_U64,
    OV_IS_ID,
    OV_IS_BOOL,
    OV_IS_TEXT,
    OV_IS_BYTES,
    OV_IS_SESSION,
};

struct ov_field_info {
    uint8_t type; /* enum ov_type */
    uint8_t max;  /* bytes */
    uint16_t offset;
};

struct ov_shape {
    bool exists, body, target;
    bool skip;          /* who does not know the kind may skip it */
    uint64_t must, may; /* OV_HAS; `may` includes `must` */
};

/* By tag; of type OV_IS_NONE where there is none. */
extern const struct ov_field_info ov_field_table[OV_TAG_COUNT];

/* NULL where there is no such frame. */
const struct ov_shape *ov_shape_of(unsigned kind, bool response);

/* Whether a text has the form that its field wants; not for numbers. */
bool ov_span_valid(const struct ov_field_info *info, struct ax_span span);

/* What is wrong with the fields together, if anything. */
enum ov_fault ov_shape_check(const struct ov_shape *shape, uint64_t has);

static inline bool ov_is_span(const struct ov_field_info *info)
{
    return info->type >= OV_IS_TEXT;
}

#endif
