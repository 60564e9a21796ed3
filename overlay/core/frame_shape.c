/* SPDX-License-Identifier: MIT */
#include "overlay/core/frame_shape.h"

#include "libax/utf8.h"
#include "overlay/core/ident.h"
#include <ax/registry.h>

_Static_assert(OV_TAG_COUNT <= 64, "a bit for each field");

/* The limits of the table are what they are elsewhere. */
enum {
#define LIMIT(name, tag, type, max) LIMIT_##name = max,
    OV_FIELDS(LIMIT)
#undef LIMIT
};
_Static_assert(LIMIT_session == OV_ID_TEXT - 1 && LIMIT_owner == OV_ID_TEXT - 1, "ids");
_Static_assert(LIMIT_registry == AX_NAME_MAX && LIMIT_endpoint == AX_NAME_MAX, "names");
_Static_assert(LIMIT_key == AX_KEY_MAX, "keys");

const struct ov_field_info ov_field_table[OV_TAG_COUNT] = {
#define ROW(name, tag, type, max) [tag] = {OV_IS_##type, max, offsetof(struct ov_frame, name)},
    OV_FIELDS(ROW)
#undef ROW
};

/* ---- what each kind has ---- */

#define H OV_HAS
#define SHARD (H(registry) | H(shard) | H(epoch))
#define TARGET (SHARD | H(key) | H(actor) | H(endpoint))
#define MAY(must_have, may_have)                                                                   \
    .exists = true, .must = (must_have), .may = (must_have) | (may_have)
#define RESPONSE MAY(H(request) | H(status), H(detail))

/* Requests, then responses. */
static const struct ov_shape shapes[OV_KIND_COUNT][2] = {
    [OV_HELLO] = {{MAY(H(version) | H(session) | H(max_frame), H(detail))},
                  {MAY(H(status), H(version) | H(session) | H(max_frame) | H(detail))}},
    [OV_ENSURE] = {{MAY(H(request) | H(timeout) | SHARD | H(key) | H(contract), 0)},
                   {MAY(H(request) | H(status), H(actor) | H(incarnation) | H(detail))}},
    [OV_TELL] = {{MAY(H(request) | H(contract) | H(method), TARGET | H(sender) | H(answer)),
                  .target = true, .body = true},
                 {RESPONSE}},
    [OV_ASK] = {{MAY(H(request) | H(timeout) | H(contract) | H(method), TARGET | H(sender)),
                 .target = true, .body = true},
                {RESPONSE, .body = true}},
    [OV_MONITOR] = {{MAY(H(request) | H(monitor), TARGET | H(final)), .target = true}, {RESPONSE}},
    [OV_DEMONITOR] = {{MAY(H(request) | H(monitor), 0)}, {RESPONSE}},
    [OV_DOWN] = {{MAY(H(request) | H(monitor) | H(reason),
                      H(incarnation) | H(restart) | H(detail) | H(after))},
                 {RESPONSE}},
    [OV_HEARTBEAT] = {{MAY(H(sequence), H(abstains))}, {MAY(H(sequence), 0)}},
    [OV_MOVED] = {{MAY(H(request) | SHARD, H(owner))}},
    [OV_BUSY] = {{MAY(H(request), H(retry))}},
    [OV_GOODBYE] = {{MAY(H(status) | H(last), H(detail))}},
    [OV_READY] = {{MAY(0, H(detail))}},
    [OV_RELEASED] = {{MAY(SHARD, 0), .skip = true}},
};

const struct ov_shape *ov_shape_of(unsigned kind, bool response)
{
    const struct ov_shape *shape;
    if (kind >= OV_KIND_COUNT)
        return NULL;
    shape = &shapes[kind][response];
    return shape->exists ? shape : NULL;
}

/* ---- values ---- */

bool ov_span_valid(const struct ov_field_info *info, struct ax_span span)
{
    struct ov_ident ident;
    if (span.len == 0 || span.len > info->max)
        return false;
    switch (info->type) {
    case OV_IS_TEXT:
        return ax_utf8_valid(span.ptr, span.len) && memchr(span.ptr, 0, span.len) == NULL;
    case OV_IS_SESSION:
        return ov_ident_parse(span, &ident) == 0;
    default:
        return true;
    }
}

/* An actor by its address, or by its key, or an endpoint; the first two with the shard that they
 * are in, without which a key means nothing. */
static bool one_target(uint64_t has)
{
    uint64_t shard = has & SHARD;
    if (shard != 0 && shard != SHARD)
        return false;
    switch (has & (H(actor) | H(key) | H(endpoint))) {
    case H(actor):
        return true;
    case H(key):
        return shard != 0;
    case H(endpoint):
        return shard == 0;
    default:
        return false;
    }
}

enum ov_fault ov_shape_check(const struct ov_shape *shape, uint64_t has)
{
    if ((has & shape->must) != shape->must)
        return OV_FAULT_FIELD_MISSING;
    return shape->target && !one_target(has) ? OV_FAULT_TARGET : OV_FAULT_NONE;
}

/* ---- names ---- */

enum ov_plane ov_frame_plane(enum ov_kind kind, bool response)
{
    static const uint8_t planes[OV_KIND_COUNT] = {
#define PLANE(symbol, number, name, plane, has_response) [number] = OV_##plane,
        OV_KINDS(PLANE)
#undef PLANE
    };
    if ((unsigned)kind >= OV_KIND_COUNT)
        return OV_EITHER;
    return planes[kind] == OV_DATA && response ? OV_CONTROL : planes[kind];
}

const char *ov_kind_name(enum ov_kind kind)
{
    static const char *const names[OV_KIND_COUNT] = {
#define NAME(symbol, number, name, ...) [number] = name,
        OV_KINDS(NAME)
#undef NAME
    };
    return (unsigned)kind < OV_KIND_COUNT && names[kind] != NULL ? names[kind] : "?";
}

static const struct {
    int result;
    const char *text;
} faults[] = {
#define FAULT(symbol, result, text) {result, text},
    OV_FAULTS(FAULT)
#undef FAULT
};

const char *ov_fault_text(enum ov_fault fault)
{
    return (unsigned)fault < OV_FAULT_COUNT ? faults[fault].text : "?";
}

int ov_fault_result(enum ov_fault fault)
{
    return (unsigned)fault < OV_FAULT_COUNT ? faults[fault].result : AX_E_PROTOCOL;
}
