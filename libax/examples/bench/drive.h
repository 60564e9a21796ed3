/* SPDX-License-Identifier: MIT */
/* drive.h - the contract of the actor that measures. "axsup bench" asks it; every figure is what
 * this actor has seen by its own clock, CLOCK_MONOTONIC, which is the same in all processes. */
#ifndef BENCH_DRIVE_H
#define BENCH_DRIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct ax_ctx;

/* clang-format off */
#define AX_CONTRACT bench_drive
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK (hello, (), (u32, pid))                                                                    \
    /* `count` asks, one after another */                                                          \
    ASK (asks, (text(64), to, u64, count), (u64, ns))                                              \
    /* `count` tells of 64 bytes; after each `batch` the turn ends by an ask of `barrier` */       \
    ASK (tells, (text(64), to, text(64), barrier, u64, count, u32, batch), (u64, ns))              \
    /* `count` tells of `size` bytes, a turn each */                                               \
    ASK (blobs, (text(64), to, text(64), barrier, u64, count, u32, size), (u64, ns))               \
    /* `flows` actors ask `to`, `rounds` times each, all at a time */                              \
    ASK (flows, (text(64), to, u32, flows, u32, rounds), (u64, ns))                                \
    /* one with 512 bytes on its stack asks `to`, and a durable one: the best of each */           \
    ASK (treks, (text(64), to, u32, rounds), (u64, ns, u64, durable_ns))                           \
    /* spawns `count` actors, 256 a turn; that they are stopped again is not measured */           \
    ASK (spawns, (text(64), barrier, u32, count), (u64, ns))                                       \
    /* `count` times a monitor of `to`, or a link, and taken back, 64 a turn */                    \
    ASK (ties, (text(64), to, text(64), barrier, u32, count, bool, link), (u64, ns))               \
    /* monitors an actor `count` times and ends it; `mourned` tells how that went */               \
    ASK (mourn, (text(64), barrier, u32, count), ())                                               \
    ASK (mourned, (), (bool, done, u64, ns))                                                       \
    /* spawns `count` actors that stay: the resident memory that it took */                        \
    ASK (crowd, (text(64), barrier, u32, count), (u64, bytes))                                     \
    /* tells each of them one message of 64 bytes, weighed before they handle it */                \
    TELL(load, (u32, from))                                                                        \
    ASK (loaded, (), (bool, done, u32, messages, u64, bytes))                                      \
    /* of a kept map with `keys` of 16 bytes, values of 64: `count` gets, 64 a turn, of keys by */    \
    /* chance; `count` values that are replaced */                                                  \
    ASK (map_gets, (text(64), barrier, u64, keys, u64, count), (u64, ns))                          \
    ASK (map_puts, (text(64), barrier, u64, keys, u64, count), (u64, ns))                          \
    /* while `standing` timers wait: `count` are set, 64 a turn, each canceled in the next turn */  \
    ASK (timers, (text(64), barrier, u32, standing, u64, count), (u64, ns))                        \
    /* `count` times the actor of one of `keys` keys by chance, 64 a turn */                       \
    ASK (lookups, (text(64), barrier, u32, keys, u64, count), (u64, ns))                           \
    /* an actor fails `count` times: until it has its next message, all in all */                  \
    ASK (falls, (u32, count), (u64, ns))                                                           \
    /* the CPU time of this process so far */                                                      \
    ASK (cpu, (), (u64, ns))                                                                       \
    /* a file of so many bytes in memory, for others to map */                                     \
    ASK (hoard, (u64, bytes), (u32, pid, u32, fd))                                                 \
    /* leaves `to` a message and kills its process, when all who hear of this rest again; `struck` */ \
    /* tells how that went */                                                                      \
    ASK (strike, (text(64), to), ())                                                               \
    TELL(blow, ())                                                                                 \
    ASK (struck, (), (bool, done, u64, down_ns, u64, served_ns))                                   \
    TELL(served, (u32, pid, u64, at))
#include <ax/contract.h>
/* clang-format on */

static inline uint64_t bench_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Pins this process to the processor that the "args" of the actor name, {"cpu":1}. */
void bench_pin(struct ax_ctx *ctx);

#endif
