/* SPDX-License-Identifier: MIT */
#include "libax/place.h"

#include "libax/fiber.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/random.h>

/* Above what address sanitizers shadow, below where programs and their heaps are loaded. */
#define LOWEST (5ull << 42)
#define CHOICE ((1ull << 45) - 1)

/* From the start. Private memory before the stacks is mapped as large as its arena may become: that
 * has 32 bits of units, which is half of this, and all else in it is a few GiB. */
#define STACKS (1ull << 39)
#define REPLIES (1ull << 40)
#define REPLY_STEP (32ull << 20)

static uint64_t base, id;

void place_choose(void)
{
    uint64_t random[2];
    if (id != 0 || getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return;
    base = LOWEST + (random[0] & CHOICE & ~(FIBER_PAGE - 1ull));
    id = random[1] | 1;
}

uint64_t place_id(void)
{
    return id;
}

static void *place(uint64_t offset)
{
    return id == 0 ? NULL : (void *)(uintptr_t)(base + offset); // NOLINT(performance-no-int-to-ptr)
}

void *place_private(void)
{
    return place(0);
}

void *place_stack(uint32_t strand)
{
    return strand < PLACE_STRANDS ? place(STACKS + (uint64_t)strand * FIBER_SPACE) : NULL;
}

void *place_reply(uint32_t strand)
{
    return strand < PLACE_STRANDS ? place(REPLIES + (uint64_t)strand * REPLY_STEP) : NULL;
}

void *place_map(void *at, uint64_t bytes)
{
    void *got =
        mmap(at, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at != NULL ? MAP_FIXED_NOREPLACE : 0),
             -1, 0);
    return got == MAP_FAILED ? NULL : got;
}
