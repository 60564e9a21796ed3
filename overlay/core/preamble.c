/* SPDX-License-Identifier: MIT */
#include "overlay/core/preamble.h"

#include <string.h>

static const uint8_t magic[8] = "ax-wire\n";

#define NAMES_AT 40u

static void put(uint8_t *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static uint32_t put_name(uint8_t *at, const char *name)
{
    uint32_t len = (uint32_t)strnlen(name, OV_NODE_MAX);
    at[0] = (uint8_t)len;
    memcpy(at + 1, name, len);
    return 1 + len;
}

uint32_t ov_preamble_write(const struct ov_preamble *preamble, uint8_t out[OV_PREAMBLE_MAX])
{
    uint32_t at = NAMES_AT;
    memcpy(out, magic, sizeof magic);
    out[10] = preamble->pattern;
    out[11] = preamble->plane;
    put(out + 12, 2, preamble->version_min);
    put(out + 14, 2, preamble->version_max);
    put(out + 16, 8, preamble->dial);
    put(out + 24, 8, preamble->from.boot);
    put(out + 32, 8, preamble->from.session);
    at += put_name(out + at, preamble->from.node);
    at += put_name(out + at, preamble->to);
    put(out + 8, 2, at);
    return at;
}

uint32_t ov_preamble_size(const uint8_t *bytes, uint32_t len)
{
    if (memcmp(bytes, magic, len < sizeof magic ? len : sizeof magic) != 0)
        return UINT32_MAX;
    if (len < 10)
        return 0;
    uint32_t size = (uint32_t)get(bytes + 8, 2);
    return size >= OV_PREAMBLE_MIN && size <= OV_PREAMBLE_MAX ? size : UINT32_MAX;
}

static bool take_name(const uint8_t **at, const uint8_t *end, char name[OV_NODE_MAX + 1])
{
    struct ax_span span = {*at + 1, 0};
    if (*at == end || end - *at - 1 < **at)
        return false;
    span.len = **at;
    if (!ov_node_valid(span))
        return false;
    memcpy(name, span.ptr, span.len);
    name[span.len] = 0;
    *at += 1 + span.len;
    return true;
}

enum ov_refusal ov_preamble_read(const uint8_t *bytes, uint32_t len, struct ov_preamble *preamble)
{
    const uint8_t *at = bytes + NAMES_AT, *end = bytes + len;
    if (ov_preamble_size(bytes, len) != len)
        return OV_REFUSED_PREAMBLE;
    *preamble = (struct ov_preamble){.pattern = bytes[10],
                                     .plane = bytes[11],
                                     .version_min = (uint16_t)get(bytes + 12, 2),
                                     .version_max = (uint16_t)get(bytes + 14, 2),
                                     .dial = get(bytes + 16, 8),
                                     .from.boot = get(bytes + 24, 8),
                                     .from.session = get(bytes + 32, 8)};
    if (preamble->plane != OV_CONTROL && preamble->plane != OV_DATA)
        return OV_REFUSED_PLANE;
    if (!take_name(&at, end, preamble->from.node) || !take_name(&at, end, preamble->to))
        return OV_REFUSED_NAME;
    if (at != end || preamble->from.boot == 0 || preamble->from.session == 0 ||
        preamble->version_min == 0 || preamble->version_min > preamble->version_max)
        return OV_REFUSED_PREAMBLE;
    return OV_REFUSED_NONE;
}
