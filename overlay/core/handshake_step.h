/* SPDX-License-Identifier: MIT */
/* overlay/core/handshake_step.h - what is done with one whole message of a handshake; gathering
 * messages from a stream, and beginning and ending, is handshake.c's. */
#ifndef OV_HANDSHAKE_STEP_H
#define OV_HANDSHAKE_STEP_H

#include "overlay/core/handshake.h"

/* Begins the Noise handshake, with the preamble as prologue, and forgets the ephemeral secret. */
AX_MUST_USE int ov_handshake_noise(struct ov_handshake *hs, enum ov_role role,
                                   const uint8_t *prologue, uint32_t len);

/* Appends the next Noise message to `out`. */
AX_MUST_USE int ov_handshake_say(struct ov_handshake *hs, const void *payload, size_t len);

/* Takes the message that the state waits for: `len` bytes, with its length before it. */
enum ov_refusal ov_handshake_step(struct ov_handshake *hs, const uint8_t *bytes, uint32_t len);

#endif
