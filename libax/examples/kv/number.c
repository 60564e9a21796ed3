/* SPDX-License-Identifier: MIT */
/* number.c - numbers as Redis reads and writes them: a value counts as a number only in the form
 * in which it would be written again. */
#include "number.h"

bool number_read(struct ax_span text, int64_t *value)
{
    const uint8_t *at = text.ptr, *end = at + text.len;
    bool minus = text.len > 1 && *at == '-';
    uint64_t sum = 0, most = minus ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    at += minus;
    if (at == end || end - at > 19)
        return false;
    if (*at == '0') {
        *value = 0;
        return text.len == 1;
    }
    for (; at < end; at++) {
        uint8_t digit = (uint8_t)(*at - '0');
        if (digit > 9)
            return false;
        sum = sum * 10 + digit; /* 19 digits are less than 2^64 */
    }
    if (sum > most)
        return false;
    *value = minus ? (int64_t)-sum : (int64_t)sum;
    return true;
}

uint32_t number_write(int64_t value, uint8_t text[static NUMBER_MAX])
{
    uint8_t digits[NUMBER_MAX];
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    uint32_t count = 0, len = 0;
    do {
        digits[count++] = (uint8_t)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        text[len++] = '-';
    while (count != 0)
        text[len++] = digits[--count];
    return len;
}
