/* SPDX-License-Identifier: MIT */
#include "tests/lib/linear.h"

#include <stdlib.h>
#include <string.h>

#define WORDS (LINEAR_OPS / 64)
#define NONE UINT32_MAX

/* Begins and ends in the order of their times, as a list from which those of an operation that was
 * given its place are taken, and to which they come back. 0 is its head. */
struct moment {
    uint64_t at;
    uint32_t op, other; /* its end's place, of a begin; NONE: it is an end */
    uint32_t before, after;
};

struct state { /* which operations have their place, and what the register holds then */
    uint64_t placed[WORDS];
    uint64_t value;
};

struct search {
    const struct linear_op *ops;
    unsigned n, left; /* operations that must still get a place */
    struct moment moments[2 * LINEAR_OPS + 1];
    struct state now;
    struct {
        uint32_t moment;
        uint64_t value;
    } stack[LINEAR_OPS];
    unsigned depth;
    struct state *seen; /* a hash table; a value of UINT64_MAX and no bit: free */
    size_t room, nseen;
};

/* ---- what was looked at before ---- */

static size_t hash(const struct state *state)
{
    uint64_t h = state->value * 0x9e3779b97f4a7c15u;
    for (unsigned i = 0; i < WORDS; i++)
        h = (h ^ state->placed[i] ^ h >> 29) * 0xbf58476d1ce4e5b9u;
    return (size_t)(h ^ h >> 32);
}

static bool is_free(const struct state *state)
{
    static const struct state none;
    return memcmp(state->placed, none.placed, sizeof none.placed) == 0;
}

static bool put(struct state *table, size_t room, const struct state *state)
{
    size_t i = hash(state) & (room - 1);
    while (!is_free(&table[i])) {
        if (memcmp(&table[i], state, sizeof *state) == 0)
            return false;
        i = (i + 1) & (room - 1);
    }
    table[i] = *state;
    return true;
}

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    if (memory == NULL)
        abort();
    return memory;
}

/* True: it is new. What is remembered has one bit at least. */
static bool remember(struct search *search, const struct state *state)
{
    if (2 * search->nseen >= search->room) {
        size_t room = search->room > 0 ? 2 * search->room : 64;
        struct state *table = allocate(room, sizeof *table);
        for (size_t i = 0; i < search->room; i++)
            if (!is_free(&search->seen[i]))
                (void)put(table, room, &search->seen[i]);
        free(search->seen);
        search->seen = table;
        search->room = room;
    }
    if (!put(search->seen, search->room, state))
        return false;
    search->nseen++;
    return true;
}

/* ---- the list ---- */

static int compare(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->other == NONE) - (y->other == NONE); /* at one time: each begins before any ends */
}

static void make_list(struct search *search)
{
    struct moment *moments = search->moments;
    uint32_t end_of[LINEAR_OPS], count = 2 * search->n;

    for (unsigned i = 0; i < search->n; i++) {
        moments[2 * i + 1] = (struct moment){.at = search->ops[i].begin, .op = i};
        moments[2 * i + 2] = (struct moment){.at = search->ops[i].end, .op = i, .other = NONE};
    }
    qsort(moments + 1, count, sizeof *moments, compare);
    for (uint32_t i = 0; i <= count; i++) {
        moments[i].before = i > 0 ? i - 1 : NONE;
        moments[i].after = i < count ? i + 1 : NONE;
        if (i > 0 && moments[i].other == NONE)
            end_of[moments[i].op] = i;
    }
    for (uint32_t i = 1; i <= count; i++)
        if (moments[i].other != NONE)
            moments[i].other = end_of[moments[i].op];
}

static void take_out(struct moment *moments, uint32_t i)
{
    moments[moments[i].before].after = moments[i].after;
    if (moments[i].after != NONE)
        moments[moments[i].after].before = moments[i].before;
}

static void put_back(struct moment *moments, uint32_t i)
{
    moments[moments[i].before].after = i;
    if (moments[i].after != NONE)
        moments[moments[i].after].before = i;
}

/* ---- the search ---- */

static bool happens(const struct linear_op *op, uint64_t *value)
{
    if (op->kind == LINEAR_ADD)
        *value += op->argument;
    if (op->kind == LINEAR_WRITE || (op->kind == LINEAR_SWAP && *value == op->expected))
        *value = op->argument;
    return !op->told || op->result == *value;
}

/* Gives the operation that begins there the next place, if that leads to anything new. */
static bool place(struct search *search, uint32_t i)
{
    const struct linear_op *op = &search->ops[search->moments[i].op];
    struct state next = search->now;

    if (!happens(op, &next.value))
        return false;
    next.placed[search->moments[i].op / 64] |= 1ull << search->moments[i].op % 64;
    if (!remember(search, &next))
        return false;
    search->stack[search->depth].moment = i;
    search->stack[search->depth++].value = search->now.value;
    search->now = next;
    search->left -= op->end != LINEAR_NEVER;
    take_out(search->moments, i);
    take_out(search->moments, search->moments[i].other);
    return true;
}

/* Takes the last one back; returns where it begins. */
static uint32_t take_back(struct search *search)
{
    uint32_t i = search->stack[--search->depth].moment, op = search->moments[i].op;
    search->now.value = search->stack[search->depth].value;
    search->now.placed[op / 64] &= ~(1ull << op % 64);
    search->left += search->ops[op].end != LINEAR_NEVER;
    put_back(search->moments, search->moments[i].other);
    put_back(search->moments, i);
    return i;
}

static enum linear_verdict run(struct search *search, uint64_t effort)
{
    uint32_t at = search->moments[0].after;
    while (search->left > 0) {
        if (search->nseen > effort)
            return LINEAR_TOO_HARD;
        if (search->moments[at].other == NONE) { /* it had to be given its place before */
            if (search->depth == 0)
                return LINEAR_NO;
            at = search->moments[take_back(search)].after;
        } else if (place(search, at)) {
            at = search->moments[0].after;
        } else {
            at = search->moments[at].after;
        }
    }
    return LINEAR_YES;
}

enum linear_verdict linear_check(const struct linear_op *ops, unsigned n, uint64_t effort)
{
    struct search *search = allocate(1, sizeof *search);
    enum linear_verdict verdict = LINEAR_TOO_HARD;

    search->ops = ops;
    search->n = n;
    for (unsigned i = 0; i < n && n <= LINEAR_OPS; i++)
        search->left += ops[i].end != LINEAR_NEVER;
    if (n <= LINEAR_OPS) {
        make_list(search);
        verdict = run(search, effort);
    }
    free(search->seen);
    free(search);
    return verdict;
}
