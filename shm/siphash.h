/* SPDX-License-Identifier: MIT */
/* shm/siphash.h - SipHash (Aumasson, Bernstein, INDOCRYPT 2012) with a choice of rounds.
 *
 * Tables use SipHash-1-3, as hash tables elsewhere do (Rust, Ruby, Python): whoever does not know
 * the secret cannot make keys that fall into one place, and it takes half of the instructions of
 * the 2-4 that libsodium has. */
#ifndef SHM_SIPHASH_H
#define SHM_SIPHASH_H

#include <stdint.h>
#include <string.h>

struct shm_sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t shm_sip_rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static inline void shm_sip_round(struct shm_sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = shm_sip_rotate(s->v1, 13) ^ s->v0;
    s->v3 = shm_sip_rotate(s->v3, 16) ^ s->v2;
    s->v0 = shm_sip_rotate(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v3 = shm_sip_rotate(s->v3, 21) ^ s->v0;
    s->v1 = shm_sip_rotate(s->v1, 17) ^ s->v2;
    s->v2 = shm_sip_rotate(s->v2, 32);
}

/* The first ones without a loop. */
static inline void shm_sip_rounds(struct shm_sip *s, unsigned rounds)
{
    shm_sip_round(s);
    if (rounds >= 3) {
        shm_sip_round(s);
        shm_sip_round(s);
    }
    for (unsigned i = rounds >= 3 ? 3 : 1; i < rounds; i++)
        shm_sip_round(s);
}

static inline void shm_sip_word(struct shm_sip *s, uint64_t word, unsigned rounds)
{
    s->v3 ^= word;
    shm_sip_rounds(s, rounds);
    s->v0 ^= word;
}

/* The numbers are little-endian in the paper; here as the machine has them, as nobody else sees
 * the result. */
static inline uint64_t shm_sip_hash(const uint8_t secret[16], const void *bytes, uint32_t len,
                                    unsigned each, unsigned last)
{
    const uint8_t *at = bytes;
    uint64_t k0, k1, word, tail = (uint64_t)len << 56;
    memcpy(&k0, secret, sizeof k0);
    memcpy(&k1, secret + 8, sizeof k1);
    struct shm_sip s = {
        .v0 = k0 ^ 0x736f6d6570736575ull,
        .v1 = k1 ^ 0x646f72616e646f6dull,
        .v2 = k0 ^ 0x6c7967656e657261ull,
        .v3 = k1 ^ 0x7465646279746573ull,
    };
    for (uint32_t left = len / 8; left > 0; left--, at += 8) {
        memcpy(&word, at, sizeof word);
        shm_sip_word(&s, word, each);
    }
    for (uint32_t i = 0; i < len % 8; i++)
        tail |= (uint64_t)at[i] << (8 * i);
    shm_sip_word(&s, tail, each);
    s.v2 ^= 0xff;
    shm_sip_rounds(&s, last);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif
