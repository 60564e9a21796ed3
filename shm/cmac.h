/* SPDX-License-Identifier: MIT */
/* shm/cmac.h - AES-CMAC (RFC 4493) by the processor's own instructions, as a hash.
 *
 * To who does not know the key it is a random function, which is what SipHash is for, and a key of
 * up to 16 bytes takes a sixth of its instructions. Where the processor has no such instructions,
 * there is none; nobody else sees the result, so who hashes picks what there is. */
#ifndef SHM_CMAC_H
#define SHM_CMAC_H

#include <stdbool.h>
#include <stdint.h>

#define SHM_CMAC_ROUNDS 10u

struct shm_cmac {
    _Alignas(16) uint8_t key[SHM_CMAC_ROUNDS + 1][16]; /* of each round; the first is the key */
    uint8_t whole[16], part[16]; /* the first one for a last block of 16 bytes, or of less */
};

/* The same in all processes of a machine. */
static inline bool shm_cmac_there(void)
{
#ifdef __x86_64__
    return __builtin_cpu_supports("aes");
#else
    return false;
#endif
}

/* Where it is there. */
void shm_cmac_key(struct shm_cmac *cmac, const uint8_t key[16]);
/* The first eight bytes, the first one lowest. */
uint64_t shm_cmac(const struct shm_cmac *cmac, const void *bytes, uint32_t len);

#endif
