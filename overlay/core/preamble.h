/* SPDX-License-Identifier: MIT */
/* overlay/core/preamble.h - the first bytes of a connection: who dials claims who it is. */
#ifndef OV_PREAMBLE_H
#define OV_PREAMBLE_H

#include "overlay/core/handshake.h"

struct ov_preamble {
    uint8_t pattern, plane;
    uint16_t version_min, version_max;
    uint64_t dial;
    struct ov_ident from;
    char to[OV_NODE_MAX + 1];
};

/* Returns its length. `from` and `to` are valid names. */
uint32_t ov_preamble_write(const struct ov_preamble *preamble, uint8_t out[OV_PREAMBLE_MAX]);

/* The length of the preamble of which `len` bytes are there; 0: more are needed; UINT32_MAX: it is
 * none. */
uint32_t ov_preamble_size(const uint8_t *bytes, uint32_t len);

/* Reads a whole one. OV_REFUSED_PREAMBLE, _PLANE or _NAME. */
enum ov_refusal ov_preamble_read(const uint8_t *bytes, uint32_t len, struct ov_preamble *preamble);

#endif
