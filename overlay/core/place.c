/* SPDX-License-Identifier: MIT */
#include "overlay/core/place.h"

#include "libax/shard.h"

#include <string.h>

uint64_t ov_hash(const struct ax_span *parts, size_t n)
{
    return shard_hash(parts, n);
}

uint32_t ov_shard_of(struct ax_span key, uint32_t shards)
{
    return shard_of(key, shards);
}

struct ax_span ov_place_name(const struct ov_ident *node, char text[OV_ID_TEXT])
{
    struct ov_ident first = *node;
    first.session = 1;
    return (struct ax_span){text, (uint32_t)ov_ident_format(&first, text)};
}

uint64_t ov_place_score(struct ax_span node, struct ax_span registry, uint64_t shard)
{
    uint8_t number[8]; /* little-endian */
    for (unsigned i = 0; i < 8; i++)
        number[i] = (uint8_t)(shard >> (8 * i));
    struct ax_span parts[] = {node, registry, {number, sizeof number}};
    return ov_hash(parts, 3);
}

bool ov_place_before(uint64_t score, struct ax_span node, uint64_t other_score,
                     struct ax_span other)
{
    int order = memcmp(node.ptr, other.ptr, node.len < other.len ? node.len : other.len);
    if (score != other_score)
        return score > other_score;
    return order != 0 ? order > 0 : node.len > other.len;
}

size_t ov_place(const struct ax_span *nodes, size_t n, struct ax_span registry, uint64_t shard)
{
    size_t best = n;
    uint64_t most = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t score = ov_place_score(nodes[i], registry, shard);
        if (best == n || ov_place_before(score, nodes[i], most, nodes[best])) {
            best = i;
            most = score;
        }
    }
    return best;
}
