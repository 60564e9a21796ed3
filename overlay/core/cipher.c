/* SPDX-License-Identifier: MIT */
#include "overlay/core/cipher.h"

#include <sodium.h>
#include <string.h>

_Static_assert(OV_KEY == crypto_aead_chacha20poly1305_IETF_KEYBYTES, "libsodium's");
_Static_assert(OV_TAG == crypto_aead_chacha20poly1305_IETF_ABYTES, "libsodium's");
_Static_assert(OV_HASH == crypto_hash_sha512_BYTES, "libsodium's");
_Static_assert(OV_HASH == crypto_auth_hmacsha512_BYTES, "libsodium's");

/* ---- the cipher ---- */

/* Four bytes of 0, then the count, little-endian (section 12.3). */
static void make_nonce(uint8_t nonce[12], uint64_t n)
{
    memset(nonce, 0, 4);
    for (unsigned i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(n >> (8 * i));
}

int ov_cipher_seal(struct ov_cipher *cipher, const void *ad, size_t ad_len, const void *plain,
                   size_t len, void *out, size_t *out_len)
{
    uint8_t nonce[12];
    unsigned long long sealed = 0;
    size_t more = cipher->keyed ? OV_TAG : 0;
    if (len > OV_NOISE_MAX - more)
        return AX_E_TOO_BIG;
    *out_len = len + more;
    if (!cipher->keyed) {
        if (len > 0)
            memmove(out, plain, len);
        return 0;
    }
    if (cipher->n == OV_NONCE_MAX)
        return AX_E_LIMIT;
    make_nonce(nonce, cipher->n);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, &sealed, plain, len, ad, ad_len, NULL, nonce,
                                              cipher->key);
    cipher->n++;
    return 0;
}

int ov_cipher_open(struct ov_cipher *cipher, const void *ad, size_t ad_len, const void *sealed,
                   size_t len, void *out, size_t *out_len)
{
    uint8_t nonce[12];
    if (len > OV_NOISE_MAX)
        return AX_E_TOO_BIG;
    if (!cipher->keyed) {
        *out_len = len;
        if (len > 0)
            memmove(out, sealed, len);
        return 0;
    }
    if (len < OV_TAG)
        return AX_E_INVALID;
    if (cipher->n == OV_NONCE_MAX)
        return AX_E_LIMIT;
    make_nonce(nonce, cipher->n);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, len, ad, ad_len, nonce,
                                                  cipher->key) != 0)
        return AX_E_INVALID;
    *out_len = len - OV_TAG;
    cipher->n++;
    return 0;
}

void ov_cipher_rekey(struct ov_cipher *cipher)
{
    uint8_t nonce[12], zeros[OV_KEY] = {0}, next[OV_KEY + OV_TAG];
    if (!cipher->keyed)
        return;
    make_nonce(nonce, OV_NONCE_MAX);
    crypto_aead_chacha20poly1305_ietf_encrypt(next, NULL, zeros, sizeof zeros, NULL, 0, NULL, nonce,
                                              cipher->key);
    memcpy(cipher->key, next, OV_KEY);
    sodium_memzero(next, sizeof next);
}

static int rekey_when_due(struct ov_cipher *cipher, int result)
{
    if (result == 0 && cipher->n % OV_REKEY == 0)
        ov_cipher_rekey(cipher);
    return result;
}

int ov_record_seal(struct ov_cipher *cipher, const void *plain, size_t len, void *out,
                   size_t *out_len)
{
    return rekey_when_due(cipher, ov_cipher_seal(cipher, NULL, 0, plain, len, out, out_len));
}

int ov_record_open(struct ov_cipher *cipher, const void *sealed, size_t len, void *out,
                   size_t *out_len)
{
    return rekey_when_due(cipher, ov_cipher_open(cipher, NULL, 0, sealed, len, out, out_len));
}

void ov_cipher_wipe(struct ov_cipher *cipher)
{
    sodium_memzero(cipher, sizeof *cipher);
}

/* ---- the symmetric state ---- */

struct part {
    const void *ptr;
    size_t len;
};

typedef crypto_auth_hmacsha512_state hmac_key;

static void hmac(uint8_t out[OV_HASH], const hmac_key *key, struct part a, struct part b)
{
    hmac_key state = *key;
    crypto_auth_hmacsha512_update(&state, a.ptr, a.len);
    crypto_auth_hmacsha512_update(&state, b.ptr, b.len);
    crypto_auth_hmacsha512_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

/* Section 4.3: `n` outputs of 64 bytes, two or three. All of them have one key, which costs as much
 * as what it is for. */
static void hkdf(const uint8_t chain[OV_HASH], const void *input, size_t len,
                 uint8_t out[][OV_HASH], uint8_t n)
{
    uint8_t temp[OV_HASH];
    hmac_key key;
    crypto_auth_hmacsha512_init(&key, chain, OV_HASH);
    hmac(temp, &key, (struct part){input, len}, (struct part){NULL, 0});
    crypto_auth_hmacsha512_init(&key, temp, OV_HASH);
    for (uint8_t i = 1; i <= n; i++) {
        struct part before = {i > 1 ? out[i - 2] : NULL, i > 1 ? OV_HASH : 0};
        hmac(out[i - 1], &key, before, (struct part){&i, 1});
    }
    sodium_memzero(temp, sizeof temp);
    sodium_memzero(&key, sizeof key);
}

static void set_key(struct ov_cipher *cipher, const uint8_t *key)
{
    memcpy(cipher->key, key, OV_KEY);
    cipher->n = 0;
    cipher->keyed = true;
}

void ov_symmetric_init(struct ov_symmetric *sym, const char *protocol)
{
    size_t len = strlen(protocol);
    *sym = (struct ov_symmetric){0};
    memcpy(sym->hash, protocol, len < OV_HASH ? len : OV_HASH);
    memcpy(sym->chain, sym->hash, OV_HASH);
}

void ov_symmetric_mix_hash(struct ov_symmetric *sym, const void *data, size_t len)
{
    crypto_hash_sha512_state state;
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, sym->hash, OV_HASH);
    crypto_hash_sha512_update(&state, data, len);
    crypto_hash_sha512_final(&state, sym->hash);
}

void ov_symmetric_mix_key(struct ov_symmetric *sym, const uint8_t secret[OV_KEY])
{
    uint8_t out[2][OV_HASH];
    hkdf(sym->chain, secret, OV_KEY, out, 2);
    memcpy(sym->chain, out[0], OV_HASH);
    set_key(&sym->cipher, out[1]);
    sodium_memzero(out, sizeof out);
}

void ov_symmetric_mix_key_and_hash(struct ov_symmetric *sym, const uint8_t psk[OV_KEY])
{
    uint8_t out[3][OV_HASH];
    hkdf(sym->chain, psk, OV_KEY, out, 3);
    memcpy(sym->chain, out[0], OV_HASH);
    ov_symmetric_mix_hash(sym, out[1], OV_HASH);
    set_key(&sym->cipher, out[2]);
    sodium_memzero(out, sizeof out);
}

int ov_symmetric_seal(struct ov_symmetric *sym, const void *plain, size_t len, void *out,
                      size_t *out_len)
{
    int r = ov_cipher_seal(&sym->cipher, sym->hash, OV_HASH, plain, len, out, out_len);
    if (r == 0)
        ov_symmetric_mix_hash(sym, out, *out_len);
    return r;
}

int ov_symmetric_open(struct ov_symmetric *sym, const void *sealed, size_t len, void *out,
                      size_t *out_len)
{
    struct ov_symmetric next = *sym; /* `out` may lie over `sealed` */
    ov_symmetric_mix_hash(&next, sealed, len);
    int r = ov_cipher_open(&sym->cipher, sym->hash, OV_HASH, sealed, len, out, out_len);
    if (r == 0)
        memcpy(sym->hash, next.hash, OV_HASH);
    sodium_memzero(&next, sizeof next);
    return r;
}

void ov_symmetric_split(const struct ov_symmetric *sym, struct ov_cipher *first,
                        struct ov_cipher *second)
{
    uint8_t out[2][OV_HASH];
    *first = *second = (struct ov_cipher){0};
    if (!sym->cipher.keyed)
        return;
    hkdf(sym->chain, NULL, 0, out, 2);
    set_key(first, out[0]);
    set_key(second, out[1]);
    sodium_memzero(out, sizeof out);
}
