/* SPDX-License-Identifier: MIT */
/* tests/lib/guard.c - pages around every shared mapping that nobody may touch.
 *
 * Mappings lie side by side in an address space, so a read beyond the end of one finds the next and
 * goes unnoticed. In a program that calls guard_mappings, mmap of a shared file leaves a page free
 * on both sides. One thread. */
#include "tests/lib/guard.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u
#define MOST 512u

static bool guarded;
static uint8_t *known[MOST]; /* mappings with pages around them */

static void *map(void *at, size_t size, int protection, int flags, int fd, long offset)
{
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

static size_t room_of(size_t size)
{
    return (size + PAGE - 1) / PAGE * PAGE + (size_t)2 * PAGE;
}

static uint8_t **place_of(const uint8_t *at)
{
    for (unsigned i = 0; i < MOST; i++)
        if (known[i] == at)
            return &known[i];
    return NULL;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    uint8_t **place = place_of(NULL);
    if (!guarded || place == NULL || at != NULL || fd < 0 || !(flags & MAP_SHARED))
        return map(at, size, protection, flags, fd, offset);
    uint8_t *room =
        map(NULL, room_of(size), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return room;
    void *made = map(room + PAGE, size, protection, flags | MAP_FIXED, fd, offset);
    if (made != MAP_FAILED)
        *place = made;
    return made;
}

int munmap(void *at, size_t size)
{
    uint8_t **place = at != NULL ? place_of(at) : NULL;
    if (place == NULL)
        return (int)syscall(SYS_munmap, at, size);
    *place = NULL;
    return (int)syscall(SYS_munmap, (uint8_t *)at - PAGE, room_of(size));
}

void guard_mappings(void)
{
    guarded = true;
}
