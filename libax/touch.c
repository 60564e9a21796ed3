/* SPDX-License-Identifier: MIT */
/* libax/touch.c - maps what a forked process will touch, before anybody waits for it.
 *
 * After a fork the pages of files are not mapped at all and all others are still the parent's: a
 * worker that starts pays some hundred page faults, a microsecond or two each. MADV_POPULATE_*
 * (kernel 5.14) takes them at once. Where a mapping is large, most of it is none of the worker's
 * business, or rather memory that it would not have used: that is left to be touched. */
#include "libax/template.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define COPY_MAX (1u << 20)     /* costs memory */
#define FILE_MAX (2u << 20)     /* costs page table entries, which are taken down at its end */
#define HEAP_BYTES (127u << 10) /* malloc gives more back at once */

static void touch(uintptr_t from, uintptr_t to, const char access[5])
{
    if (access[0] != 'r' || access[3] != 'p')
        return;
    bool copy = access[1] == 'w';
    void *start = (void *)from; // NOLINT(performance-no-int-to-ptr)
    if (to - from <= (copy ? COPY_MAX : FILE_MAX))
        (void)madvise(start, to - from, copy ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

/* What is allocated with the slot comes from where this was. */
static void touch_heap(void)
{
    void *block = malloc(HEAP_BYTES);
    if (block == NULL)
        return;
    memset(block, 0, HEAP_BYTES);
    __asm__ volatile("" : : "r"(block) : "memory"); /* it is to be written */
    free(block);
}

void worker_touch(void)
{
    touch_heap();
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512], access[5];
    unsigned long from, to;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx %4s", &from, &to, access) == 3)
            touch(from, to, access);
    if (maps != NULL)
        fclose(maps);
}
