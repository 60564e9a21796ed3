/* SPDX-License-Identifier: MIT */
#include "shm/cmac.h"

#ifdef __x86_64__
#include <string.h>
#include <wmmintrin.h>

#define AES __attribute__((target("aes")))

static inline __m128i load(const void *at)
{
    return _mm_loadu_si128(at);
}

/* ---- the key ---- */

/* A round's key from the one before it, and what aeskeygenassist makes of that. */
static __m128i next_key(__m128i key, __m128i assist)
{
    key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
    return _mm_xor_si128(key, _mm_shuffle_epi32(assist, 0xff));
}

static AES void expand(struct shm_cmac *cmac)
{
    __m128i key = load(cmac->key[0]);
    __m128i *to = (__m128i *)(void *)cmac->key[1];
#define ROUND(constant) *to++ = key = next_key(key, _mm_aeskeygenassist_si128(key, constant))
    ROUND(0x01);
    ROUND(0x02);
    ROUND(0x04);
    ROUND(0x08);
    ROUND(0x10);
    ROUND(0x20);
    ROUND(0x40);
    ROUND(0x80);
    ROUND(0x1b);
    ROUND(0x36);
#undef ROUND
}

/* From after the first key was added. */
static inline AES __m128i rounds(const struct shm_cmac *cmac, __m128i block)
{
    const __m128i *key = (const __m128i *)(const void *)cmac->key;
    block = _mm_aesenc_si128(block, key[1]); /* as a loop it were as much again */
    block = _mm_aesenc_si128(block, key[2]);
    block = _mm_aesenc_si128(block, key[3]);
    block = _mm_aesenc_si128(block, key[4]);
    block = _mm_aesenc_si128(block, key[5]);
    block = _mm_aesenc_si128(block, key[6]);
    block = _mm_aesenc_si128(block, key[7]);
    block = _mm_aesenc_si128(block, key[8]);
    block = _mm_aesenc_si128(block, key[9]);
    return _mm_aesenclast_si128(block, key[10]);
}

/* Times x in GF(2^128), the highest bit first. */
static void twice(uint8_t to[16], const uint8_t from[16])
{
    uint8_t carry = from[0] >> 7;
    for (uint32_t i = 0; i < 15; i++)
        to[i] = (uint8_t)(from[i] << 1 | from[i + 1] >> 7);
    to[15] = (uint8_t)(from[15] << 1 ^ carry * 0x87);
}

AES void shm_cmac_key(struct shm_cmac *cmac, const uint8_t key[16])
{
    uint8_t zero[16];
    memcpy(cmac->key[0], key, 16);
    expand(cmac);
    _mm_storeu_si128((__m128i *)(void *)zero, rounds(cmac, load(cmac->key[0])));
    twice(cmac->whole, zero);
    twice(cmac->part, cmac->whole);
    for (uint32_t i = 0; i < 16; i++) { /* each block begins with the first key */
        cmac->whole[i] ^= key[i];
        cmac->part[i] ^= key[i];
    }
}

/* ---- a text ---- */

static inline uint64_t word(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Sixteen bytes. Who calls has often just written them as words, and a processor does not hand
 * these on to one larger load: that would wait for the end of all that is under way. */
static inline __m128i pair(const uint8_t *at)
{
    __m128 low = _mm_castsi128_ps(_mm_loadl_epi64((const __m128i *)(const void *)at));
    __asm__("" : "+x"(low)); /* else a compiler makes one of two */
    return _mm_castps_si128(_mm_loadh_pi(low, (const __m64 *)(const void *)(at + 8)));
}

static inline uint64_t half(const uint8_t *at)
{
    uint32_t half;
    memcpy(&half, at, sizeof half);
    return half;
}

/* Less than 8 bytes, none behind them read; those that are read twice are the same. */
static inline uint64_t some(const uint8_t *at, uint32_t len)
{
    if (len >= 4)
        return half(at) | half(at + len - 4) << 8 * (len - 4);
    if (len == 0)
        return 0;
    uint32_t middle = len / 2;
    return at[0] | (uint64_t)at[middle] << 8 * middle | (uint64_t)at[len - 1] << 8 * (len - 1);
}

/* Less than 16 bytes, and the bit that ends them. */
static inline __m128i padded(const uint8_t *at, uint32_t len)
{
    const uint64_t end = 0x80;
    if (len < 8)
        return _mm_set_epi64x(0, (long long)(some(at, len) | end << 8 * len));
    uint64_t rest = len == 8 ? 0 : word(at + len - 8) >> 8 * (16 - len);
    return _mm_set_epi64x((long long)(rest | end << 8 * (len - 8)), (long long)word(at));
}

AES uint64_t shm_cmac(const struct shm_cmac *cmac, const void *bytes, uint32_t len)
{
    const uint8_t *at = bytes;
    __m128i sum = _mm_setzero_si128();
    for (; len > 16; len -= 16, at += 16)
        sum = rounds(cmac, _mm_xor_si128(_mm_xor_si128(sum, pair(at)), load(cmac->key[0])));
    __m128i last = len == 16 ? _mm_xor_si128(pair(at), load(cmac->whole))
                             : _mm_xor_si128(padded(at, len), load(cmac->part));
    return (uint64_t)_mm_cvtsi128_si64(rounds(cmac, _mm_xor_si128(sum, last)));
}

#else

void shm_cmac_key(struct shm_cmac *cmac, const uint8_t key[16])
{
    (void)cmac;
    (void)key;
}

uint64_t shm_cmac(const struct shm_cmac *cmac, const void *bytes, uint32_t len)
{
    (void)cmac;
    (void)bytes;
    (void)len;
    return 0;
}

#endif
