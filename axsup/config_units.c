/* SPDX-License-Identifier: MIT */
#include "axsup/config.h"

#include <inttypes.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* Largest first. */
static const struct unit durations[] = {
    {"h", UINT64_C(3600000000000)},
    {"m", UINT64_C(60000000000)},
    {"s", 1000000000},
    {"ms", 1000000},
    {"us", 1000},
    {"ns", 1},
};
static const struct unit sizes[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DURATION_RIGHT                                                                             \
    "a duration is a number and ns, us, ms, s, m or h, such as \"250ms\" or \"5s\""
#define SIZE_RIGHT                                                                                 \
    "a size is a whole number of bytes, or a whole number and K, M or G (of 1024), such as "       \
    "\"64K\""

static const struct unit *find_unit(const struct unit *units, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

/* Takes digits; false where there are none or too many for the type. */
static bool take_digits(const char **text, uint64_t *value)
{
    const char *t = *text;

    for (*value = 0; *t >= '0' && *t <= '9'; t++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*t - '0'), value))
            return false;
    if (t == *text)
        return false;
    *text = t;
    return true;
}

const char *sup_parse_duration(const char *text, uint64_t *ns)
{
    uint64_t whole, fraction = 0, scale = 1;
    const struct unit *unit;
    const char *point;

    if (!take_digits(&text, &whole))
        return DURATION_RIGHT;
    if (*text == '.') {
        point = ++text;
        if (!take_digits(&text, &fraction) || text - point > 12)
            return DURATION_RIGHT;
        for (; point < text; point++)
            scale *= 10;
    }
    unit = find_unit(durations, COUNT(durations), text);
    if (!unit)
        return DURATION_RIGHT;
    if ((unsigned __int128)fraction * unit->factor % scale != 0)
        return "a duration is a whole number of nanoseconds";
    fraction = (uint64_t)((unsigned __int128)fraction * unit->factor / scale);
    if (__builtin_mul_overflow(whole, unit->factor, ns) ||
        __builtin_add_overflow(*ns, fraction, ns))
        return "a duration ends at 584 years";
    return NULL;
}

const char *sup_parse_size(const char *text, uint64_t *bytes)
{
    const struct unit *unit;
    uint64_t whole;

    if (!take_digits(&text, &whole))
        return SIZE_RIGHT;
    unit = find_unit(sizes, COUNT(sizes), text);
    if (!unit)
        return SIZE_RIGHT;
    if (__builtin_mul_overflow(whole, unit->factor, bytes))
        return "a size ends at 2 to the power of 64 bytes";
    return NULL;
}

static char *format(uint64_t value, const struct unit *unit, char *buffer)
{
    while (value % unit->factor != 0)
        unit++;
    snprintf(buffer, SUP_UNIT_ROOM, "%" PRIu64 "%s", value / unit->factor, unit->name);
    return buffer;
}

char *sup_format_duration(uint64_t ns, char *buffer)
{
    return format(ns, ns == 0 ? find_unit(durations, COUNT(durations), "s") : durations, buffer);
}

char *sup_format_size(uint64_t bytes, char *buffer)
{
    return format(bytes, bytes == 0 ? find_unit(sizes, COUNT(sizes), "") : sizes, buffer);
}
