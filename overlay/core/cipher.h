/* SPDX-License-Identifier: MIT */
/* overlay/core/cipher.h - the two lower objects of the Noise Protocol Framework (revision 34,
 * noiseprotocol.org, sections 4 and 5) with 25519, ChaChaPoly and SHA512: the cipher, which
 * encrypts under a key and counts, and the symmetric state, which gathers in a key and a hash all
 * that a handshake has said. noise.h builds the handshakes from them.
 *
 * A cipher without a key lets plaintext through, as the framework has it.
 *
 * All of this holds secrets. Who allocates memory for it sees that it is in no core dump
 * (MADV_DONTDUMP) and calls the wipe functions when it is done. */
#ifndef OV_CIPHER_H
#define OV_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ax/errors.h>

#define OV_KEY 32u              /* bytes of a key, secret or public */
#define OV_HASH 64u             /* of SHA-512 */
#define OV_TAG 16u              /* bytes by which a ciphertext is longer */
#define OV_NOISE_MAX 65535u     /* bytes of a Noise message */
#define OV_REKEY (1u << 20)     /* messages under one key */
#define OV_NONCE_MAX UINT64_MAX /* reserved by the framework, for rekey */

struct ov_cipher {
    uint8_t key[OV_KEY];
    uint64_t n; /* the nonce of the next message */
    bool keyed;
};

/* Encrypts `len` bytes to `out`, which has room for len + OV_TAG; both may begin at one address.
 * *out_len is set. AX_E_LIMIT: the nonces are used up. AX_E_TOO_BIG: beyond OV_NOISE_MAX. */
AX_MUST_USE int ov_cipher_seal(struct ov_cipher *cipher, const void *ad, size_t ad_len,
                               const void *plain, size_t len, void *out, size_t *out_len);

/* The reverse. AX_E_INVALID where it was not sealed under this key, at this place and with this
 * `ad`: nothing has changed then, the nonce included, and `out` holds no plaintext. */
AX_MUST_USE int ov_cipher_open(struct ov_cipher *cipher, const void *ad, size_t ad_len,
                               const void *sealed, size_t len, void *out, size_t *out_len);

/* The next key from this one, by which this one cannot be had again (section 4.2). The count goes
 * on. */
void ov_cipher_rekey(struct ov_cipher *cipher);

/* As above with no `ad`, and with a new key behind every OV_REKEY messages: what a link does. Both
 * ends count alike, so nobody needs to say so. */
AX_MUST_USE int ov_record_seal(struct ov_cipher *cipher, const void *plain, size_t len, void *out,
                               size_t *out_len);
AX_MUST_USE int ov_record_open(struct ov_cipher *cipher, const void *sealed, size_t len, void *out,
                               size_t *out_len);

void ov_cipher_wipe(struct ov_cipher *cipher);

/* ---- the symmetric state ---- */

struct ov_symmetric {
    struct ov_cipher cipher;
    uint8_t chain[OV_HASH]; /* "ck": what the next key is made from */
    uint8_t hash[OV_HASH];  /* "h": of everything said so far */
};

/* Begins with the name of the protocol, at most OV_HASH bytes. */
void ov_symmetric_init(struct ov_symmetric *sym, const char *protocol);
void ov_symmetric_mix_hash(struct ov_symmetric *sym, const void *data, size_t len);
void ov_symmetric_mix_key(struct ov_symmetric *sym, const uint8_t secret[OV_KEY]);
void ov_symmetric_mix_key_and_hash(struct ov_symmetric *sym, const uint8_t psk[OV_KEY]);
/* Seal and open with the hash as `ad`, and the ciphertext mixed into the hash. */
AX_MUST_USE int ov_symmetric_seal(struct ov_symmetric *sym, const void *plain, size_t len,
                                  void *out, size_t *out_len);
AX_MUST_USE int ov_symmetric_open(struct ov_symmetric *sym, const void *sealed, size_t len,
                                  void *out, size_t *out_len);
/* The ciphers of the two directions: the initiator's to the responder first. */
void ov_symmetric_split(const struct ov_symmetric *sym, struct ov_cipher *first,
                        struct ov_cipher *second);

#endif
