/* SPDX-License-Identifier: MIT */
/* overlay/core/noise.h - the handshakes of the Noise Protocol Framework (revision 34) that links
 * begin with: by default NNpsk0, in which both sides show that they have the cluster's token, and
 * XXpsk3, in which they show besides that they have their own key.
 *
 *      NNpsk0      -> psk, e               XXpsk3      -> e
 *                  <- e, ee                            <- e, ee, s, es
 *                                                      -> s, se, psk
 *
 * A third pattern, of two messages without any cryptography, is for clusters that have no token
 * and say so (allow_insecure_auth).
 *
 * There is no randomness in here: the ephemeral secret is given, and must never be given twice.
 * This is only the cryptography: that the first message of a handshake may be a replay, and who
 * may have which effect when, is what handshake.h is about. */
#ifndef OV_NOISE_H
#define OV_NOISE_H

#include "overlay/core/cipher.h"

/* The numbers are those of the wire. X(symbol, number, name) */
#define OV_PATTERNS(X)                                                                             \
    X(NONE, 0, "none")                                                                             \
    X(NNPSK0, 1, "Noise_NNpsk0_25519_ChaChaPoly_SHA512")                                           \
    X(XXPSK3, 2, "Noise_XXpsk3_25519_ChaChaPoly_SHA512")

enum ov_pattern {
#define OV_PATTERN_ENUM(symbol, number, name) OV_PATTERN_##symbol = number,
    OV_PATTERNS(OV_PATTERN_ENUM)
#undef OV_PATTERN_ENUM
        OV_PATTERN_COUNT
};

enum ov_role { OV_INITIATOR, OV_RESPONDER };

struct ov_noise_keys {               /* what a handshake needs; copied */
    const uint8_t *psk;              /* OV_KEY bytes; NULL: set later, by ov_noise_set_psk */
    const uint8_t *static_secret;    /* OV_KEY bytes, for XXPSK3 */
    const uint8_t *ephemeral_secret; /* OV_KEY bytes of chance, used once; NULL for NONE */
};

struct ov_noise {
    struct ov_symmetric sym;
    enum ov_pattern pattern;
    enum ov_role role;
    unsigned step; /* messages said so far */
    bool has_psk;
    uint8_t psk[OV_KEY];
    uint8_t s[OV_KEY], e[OV_KEY];   /* this side's; the public ones are made when they are said */
    uint8_t rs[OV_KEY], re[OV_KEY]; /* the other side's public keys, as far as they were said */
};

/* `prologue` is what both sides must have seen alike for the handshake to succeed.
 * AX_E_INVALID: a key that the pattern needs is missing. */
AX_MUST_USE int ov_noise_init(struct ov_noise *noise, enum ov_pattern pattern, enum ov_role role,
                              const struct ov_noise_keys *keys, const void *prologue, size_t len);

/* Instead of the one that there is, as long as no message with it has been read or written. */
void ov_noise_set_psk(struct ov_noise *noise, const uint8_t psk[OV_KEY]);

/* Bytes by which the next message is longer than its payload. */
size_t ov_noise_overhead(const struct ov_noise *noise);

/* The next message. `out` has room for payload and overhead and lies elsewhere than `payload`.
 * AX_E_NOT_ALLOWED: it is not this side's turn, or the handshake is over; AX_E_TOO_BIG;
 * AX_E_INVALID: no psk yet. Where it fails, the state is as before. */
AX_MUST_USE int ov_noise_write(struct ov_noise *noise, const void *payload, size_t len, void *out,
                               size_t *out_len);

/* Reads the next message. `payload` has room for `len` bytes and lies elsewhere than `message`. As
 * above; AX_E_INVALID too where the message was changed, cut, said in another handshake, or not by
 * who has the psk. Whatever fails leaves the state as it was, so that another psk can be tried. */
AX_MUST_USE int ov_noise_read(struct ov_noise *noise, const void *message, size_t len,
                              void *payload, size_t *payload_len);

/* Whether all messages of the pattern have been said. */
bool ov_noise_done(const struct ov_noise *noise);

/* Of a handshake that is done: the ciphers for what this side sends and receives, and the hash of
 * all that was said. Then everything is wiped. */
void ov_noise_finish(struct ov_noise *noise, struct ov_cipher *send, struct ov_cipher *receive,
                     uint8_t hash[OV_HASH]);

void ov_noise_wipe(struct ov_noise *noise);

/* The psk of a token of 32 bytes or more: the first half of SHA-512 over a label and the token, so
 * that a token that is text makes a key as good as its letters are. AX_E_INVALID: it is shorter. */
#define OV_TOKEN_MIN 32u
AX_MUST_USE int ov_token_psk(const void *token, size_t len, uint8_t psk[OV_KEY]);

/* The public key of a secret. AX_E_INVALID where there is none. */
AX_MUST_USE int ov_public_key(uint8_t public[OV_KEY], const uint8_t secret[OV_KEY]);

#endif
