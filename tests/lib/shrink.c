/* SPDX-License-Identifier: MIT */
#include "tests/lib/shrink.h"

#include <string.h>

static unsigned count(const bool *off, unsigned n)
{
    unsigned left = 0;
    for (unsigned i = 0; i < n; i++)
        left += !off[i];
    return left;
}

/* Leaves out `size` of those that are left, from *i on, which goes behind them. */
static void leave_out(bool *off, unsigned n, unsigned size, unsigned *i)
{
    for (unsigned left = size; *i < n && left > 0; ++*i) {
        left -= !off[*i];
        off[*i] = true;
    }
}

/* Tries to do without each part of that size. True: one could go. */
static bool without_parts(bool *off, unsigned n, unsigned size,
                          bool (*fails)(void *of, const bool *off), void *of)
{
    bool before[SHRINK_MOST], any = false;
    for (unsigned i = 0; i < n;) {
        memcpy(before, off, n * sizeof *off);
        leave_out(off, n, size, &i);
        if (count(off, n) == count(before, n))
            break;
        if (fails(of, off))
            any = true;
        else
            memcpy(off, before, n * sizeof *off);
    }
    return any;
}

unsigned shrink(bool *off, unsigned n, bool (*fails)(void *of, const bool *off), void *of)
{
    unsigned size = count(off, n);
    while (size > 0)
        if (!without_parts(off, n, size, fails, of) || size > 1)
            size /= 2;
    return count(off, n);
}
