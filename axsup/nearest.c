/* SPDX-License-Identifier: MIT */
/* nearest.c - the optimal string alignment distance (Damerau-Levenshtein without overlaps), which
 * takes two swapped letters for one mistake, as people do. */
#include "axsup/nearest.h"

#include <string.h>

#define NEAREST_MAX 64

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned sup_edit_distance(const char *a, const char *b)
{
    unsigned rows[3][NEAREST_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t n = strlen(a), m = strlen(b);

    if (n > NEAREST_MAX || m > NEAREST_MAX)
        return (unsigned)(n > m ? n - m : m - n) + NEAREST_MAX;
    for (unsigned j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        unsigned *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[m];
}

void sup_nearest_init(struct sup_nearest *search, const char *meant)
{
    size_t length = strlen(meant);

    search->meant = meant;
    search->best = NULL;
    /* Up to a third of it may be wrong, and at least two letters; all of it never. */
    search->distance = length < 3 ? (unsigned)length : length < 9 ? 3 : (unsigned)(length / 3) + 1;
}

void sup_nearest_try(struct sup_nearest *search, const char *name)
{
    unsigned distance = sup_edit_distance(search->meant, name);

    if (distance < search->distance && distance < strlen(name)) {
        search->distance = distance;
        search->best = name;
    }
}
