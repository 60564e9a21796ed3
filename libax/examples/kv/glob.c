/* SPDX-License-Identifier: MIT */
/* glob.c - the patterns of KEYS, SCAN and CONFIG GET.
 *
 * After a mismatch it is enough to let the last `*` take one byte more: what an earlier one could
 * take besides, the last one can take as well. */
#include "glob.h"

#include <ctype.h>

struct glob {
    const uint8_t *pattern, *end;
    bool ignore_case;
};

static uint8_t fold(const struct glob *glob, uint8_t byte)
{
    return glob->ignore_case ? (uint8_t)tolower(byte) : byte;
}

/* A set, from behind its '[': whether it has the byte; *at is set to what follows. */
static bool in_set(const struct glob *glob, const uint8_t **at, uint8_t byte)
{
    const uint8_t *p = *at;
    bool found = false, negated = p < glob->end && *p == '^';
    p += negated;
    while (p < glob->end && *p != ']') {
        if (*p == '\\' && glob->end - p >= 2) {
            p++;
            found |= *p == byte;
        } else if (glob->end - p >= 3 && p[1] == '-') {
            uint8_t low = fold(glob, p[0]), high = fold(glob, p[2]), c = fold(glob, byte);
            found |= low <= high ? c >= low && c <= high : c >= high && c <= low;
            p += 2;
        } else {
            found |= fold(glob, *p) == fold(glob, byte);
        }
        p++;
    }
    *at = p < glob->end ? p + 1 : p;
    return found != negated;
}

/* One element of the pattern that is not `*` against one byte. */
static bool one(const struct glob *glob, const uint8_t **at, uint8_t byte)
{
    const uint8_t *p = *at;
    if (*p == '[') {
        *at = p + 1;
        return in_set(glob, at, byte);
    }
    if (*p == '\\' && glob->end - p >= 2)
        p++;
    else if (*p == '?')
        byte = *p;
    *at = p + 1;
    return fold(glob, *p) == fold(glob, byte);
}

bool glob_match(struct ax_span pattern, struct ax_span text, bool ignore_case)
{
    const uint8_t *p = pattern.ptr, *t = text.ptr, *end = t + text.len;
    const uint8_t *behind_star = NULL, *taken = NULL;
    const struct glob glob = {p, p + pattern.len, ignore_case};
    while (t < end) {
        if (p < glob.end && *p == '*') {
            behind_star = ++p;
            taken = t;
        } else if (p < glob.end && one(&glob, &p, *t)) {
            t++;
        } else if (behind_star != NULL) {
            p = behind_star;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (p < glob.end && *p == '*')
        p++;
    return p == glob.end;
}
