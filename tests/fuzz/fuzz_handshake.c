/* SPDX-License-Identifier: MIT */
/* Any bytes as what comes at the beginning of a connection. The first byte says who reads them, by
 * which pattern, and in pieces of which size. Who cannot know the token is never known; without a
 * token (pattern none) what is known is what was said, and no byte outside is touched. */
#include "overlay/core/handshake.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static const uint8_t chance[OV_KEY] = {7};

static void begin(struct ov_handshake *hs, struct ov_self *self, bool dials)
{
    struct ov_dial dial = {.to = "node-a", .plane = OV_CONTROL, .number = 1};
    if (dials)
        REQUIRE(ov_handshake_dial(hs, self, &dial, chance) == 0);
    else
        ov_handshake_accept(hs, self, chance);
}

static void check(const struct ov_handshake *hs, const struct ov_self *self)
{
    const struct ov_peer *peer = ov_handshake_peer(hs);
    REQUIRE(hs->taken <= OV_HANDSHAKE_MAX && hs->out_len <= OV_HANDSHAKE_OUT);
    if (peer == NULL)
        return;
    REQUIRE(self->pattern == OV_PATTERN_NONE);
    REQUIRE(strcmp(peer->ident.node, self->ident.node) != 0 && peer->ident.boot != 0);
    REQUIRE(ov_node_valid((struct ax_span){peer->ident.node, (uint32_t)strlen(peer->ident.node)}));
    REQUIRE(peer->version >= self->version_min && peer->version <= self->version_max);
    REQUIRE(peer->max_frame >= OV_FRAME_MIN_MAX && peer->max_frame <= OV_FRAME_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ov_self self = {.ident = {"node-b", 2, 1},
                           .version_min = 1,
                           .version_max = 2,
                           .max_frame = OV_FRAME_MAX,
                           .ntokens = 1,
                           .psks = {{1, 2, 3}},
                           .static_secret = {4}};
    struct ov_handshake hs;
    if (size == 0)
        return 0;
    size_t step = data[0] >> 4 == 0 ? size : (data[0] >> 4) * 3u;
    /* Mostly without cryptography, where something can be reached. */
    self.pattern = (data[0] & 7) < 6 ? OV_PATTERN_NONE : (enum ov_pattern)((data[0] & 7) - 5);
    begin(&hs, &self, (data[0] & 8) != 0);
    for (size_t at = 1, used; at < size; at += used) {
        size_t len = size - at < step ? size - at : step;
        uint8_t *copy = malloc(len);
        memcpy(copy, data + at, len);
        hs.out_len = 0;
        int r = ov_handshake_take(&hs, copy, len, &used);
        free(copy);
        REQUIRE(used <= len);
        check(&hs, &self);
        if (r != 0 || ov_handshake_peer(&hs) != NULL)
            break;
    }
    return 0;
}
