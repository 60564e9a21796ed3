/* SPDX-License-Identifier: MIT */
/* luggage.h - asks with 512 bytes of locals that are needed after each. */
#ifndef BENCH_LUGGAGE_H
#define BENCH_LUGGAGE_H

#include "echo.h"

#include <string.h>

/* How many asks failed, or lost something. */
static inline uint64_t bench_walk(struct ax_ctx *ctx, bench_echo_ref to, uint32_t rounds)
{
    struct bench_echo_echo_reply reply;
    uint64_t failures = 0, luggage[64];
    memset(luggage, 1, sizeof luggage);
    for (uint32_t i = 0; i < rounds; i++) {
        luggage[i % 64]++;
        __asm__ volatile("" : : "r"(luggage) : "memory");
        failures += bench_echo_echo(ctx, to, i, &reply, AX_SECONDS(10)) != 0 || reply.value != i;
    }
    for (uint32_t i = 0; i < 64; i++)
        failures += luggage[i] != 0x0101010101010101u + rounds / 64 + (i < rounds % 64);
    return failures;
}

#endif
