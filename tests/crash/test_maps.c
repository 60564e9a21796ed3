/* SPDX-License-Identifier: MIT */
/* Kept maps against a plain table in the test: whatever is put, replaced, deleted, walked and
 * cleared, in turns that commit and turns that are undone, over deaths of the process. Memory that
 * is given back is found again, and at the limits nothing changes. */
#include "libax/life.h"
#include "libax/map.h"
#include "libax/more.h"
#include "libax/send.h"
#include "libax/turn.h"
#include "tests/lib/alone.h"

#include <ax/map.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ACTOR 1u
#define KEYS 3000u
#define VALUE_MAX 1024u

static uint64_t seed = 1;

static uint32_t below(uint32_t bound)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 11) % bound);
}

static int begin(void **state)
{
    node_arena = 8u << 20;
    return alone_begin(state);
}

static int begin_small(void **state)
{
    node_arena = 1u << 20;
    return alone_begin(state);
}

static struct ax_ctx *turn(void)
{
    return victim_turn(&victim, ACTOR);
}

static void tidy(void)
{
    while (w->map_dead)
        (void)maps_tidy(w);
}

/* ---- the reference ---- */

struct value {
    bool there;
    uint32_t len, mark;
};

struct table {
    struct value value[KEYS];
    uint64_t count;
};

/* Some keys are long, one is empty; most have the same first bytes. */
static struct ax_span key_of(uint32_t number, char room[300])
{
    uint32_t len = (uint32_t)snprintf(room, 300, "key:%u", number);
    if (number == 0)
        len = 0;
    if (number % 50 == 7) {
        memset(room + len, 'x', 299 - len);
        len = 299;
    }
    return (struct ax_span){room, len};
}

static struct ax_span fill(uint8_t *room, struct value value)
{
    for (uint32_t i = 0; i < value.len; i++)
        room[i] = (uint8_t)(value.mark + i * 7);
    return (struct ax_span){room, value.len};
}

static void put(struct ax_ctx *ctx, struct table *table, uint32_t number, uint32_t most)
{
    char key[300];
    uint8_t bytes[VALUE_MAX];
    struct value value = {.there = true, .len = below(most + 1), .mark = below(256)};
    if (ax_map_put(ctx, SUBJECT_NOTES, key_of(number, key), fill(bytes, value)) != 0)
        fail();
    table->count += !table->value[number].there;
    table->value[number] = value;
}

static void delete (struct ax_ctx *ctx, struct table *table, uint32_t number)
{
    char key[300];
    int error = ax_map_delete(ctx, SUBJECT_NOTES, key_of(number, key));
    assert_int_equal(error, table->value[number].there ? 0 : AX_E_NO_KEY);
    table->count -= table->value[number].there;
    table->value[number].there = false;
}

static bool agrees(struct value want, struct ax_span got)
{
    uint8_t bytes[VALUE_MAX];
    struct ax_span span = fill(bytes, want);
    return want.there && got.len == span.len && ((uintptr_t)got.ptr & 7) == 0 &&
           memcmp(got.ptr, span.ptr, span.len) == 0;
}

static uint32_t number_of(struct ax_span key)
{
    const char *text = key.ptr;
    uint32_t number = 0;
    for (uint32_t i = 4; i < key.len && text[i] != 'x'; i++)
        number = number * 10 + (uint32_t)(text[i] - '0');
    return number;
}

/* By each key, and by a walk. */
static void compare(struct ax_ctx *ctx, const struct table *table)
{
    char room[300];
    struct ax_span key, value;
    uint64_t cursor = 0, walked = 0;
    assert_int_equal(ax_map_count(ctx, SUBJECT_NOTES), table->count);
    for (uint32_t i = 0; i < KEYS; i++) {
        int error = ax_map_get(ctx, SUBJECT_NOTES, key_of(i, room), &value);
        assert_int_equal(error, table->value[i].there ? 0 : AX_E_NO_KEY);
        assert_true(error != 0 || agrees(table->value[i], value));
    }
    while (ax_map_next(ctx, SUBJECT_NOTES, &cursor, &key, &value) == 0) {
        assert_true(agrees(table->value[number_of(key)], value));
        walked++;
    }
    assert_int_equal(walked, table->count);
    assert_int_equal(ax_map_next(ctx, SUBJECT_NOTES, &cursor, &key, NULL), AX_E_NO_KEY);
}

/* ---- tests ---- */

/* Phases that grow the map and phases that shrink it, a few changes in each turn. */
static void test_like_a_table(void **state)
{
    static struct table table, before;
    (void)state;
    memset(&table, 0, sizeof table);
    for (uint32_t round = 0; round < 4000; round++) {
        struct ax_ctx *ctx = turn();
        uint32_t puts = round / 500 % 2 == 0 ? 9 : 1;
        before = table;
        for (uint32_t i = below(12); i > 0; i--) {
            uint32_t number = below(KEYS);
            if (below(10) < puts)
                put(ctx, &table, number, round % 40 == 0 ? VALUE_MAX : 80);
            else
                delete (ctx, &table, number);
        }
        if (below(200) == 0) {
            assert_int_equal(ax_map_clear(ctx, SUBJECT_NOTES), 0);
            memset(&table, 0, sizeof table);
        }
        uint32_t end = below(10);
        if (end == 0) {
            turn_undo(w);
            table = before;
        } else if (end == 1) { /* it dies in the turn */
            alone_die();
            table = before;
        } else {
            turn_commit(w);
        }
        if (below(4) == 0 && w->map_dead)
            (void)maps_tidy(w);
        if (round % 100 == 0) {
            compare(turn(), &table);
            turn_commit(w);
            alone_die();
        }
    }
}

static void put_some(uint32_t from, uint32_t to, struct table *table)
{
    for (uint32_t i = from; i < to; i++) {
        put(turn(), table, i, 60);
        turn_commit(w);
    }
}

/* What is there from the first step to the last comes once, whatever else changes. */
static void test_walk_stands_changes(void **state)
{
    static struct table table;
    static uint8_t seen[KEYS];
    (void)state;
    for (uint32_t shrinks = 0; shrinks < 2; shrinks++) {
        struct ax_span key, value;
        uint64_t cursor = 0;
        uint32_t other = 1000;
        memset(&table, 0, sizeof table);
        memset(seen, 0, sizeof seen);
        put_some(0, shrinks ? KEYS : 1000, &table);
        while (ax_map_next(turn(), SUBJECT_NOTES, &cursor, &key, &value) == 0) {
            struct ax_ctx *ctx = &w->current->ctx;
            seen[number_of(key)]++;
            for (uint32_t i = 0; i < 4 && other < KEYS; i++, other++)
                if (shrinks)
                    delete (ctx, &table, other);
                else
                    put(ctx, &table, other, 60);
            put(ctx, &table, below(1000), 60);
            turn_commit(w);
        }
        turn_commit(w);
        for (uint32_t i = 0; i < 1000; i++)
            assert_int_equal(seen[i], 1);
        assert_int_equal(other, KEYS);
        (void)ax_map_clear(turn(), SUBJECT_NOTES);
        turn_commit(w);
    }
}

static uint32_t used(void)
{
    return w->port.arena.used;
}

#define MORE (1u << SHM_MORE_ORDER)           /* units of what few actors have, the first map too */
#define SMALL (1 + (1u << SHM_MAP_ORDER) + 1) /* of roots, map, bucket */

/* All comes back: by deletes, by a clear, also over a death in the middle, by the actor's end. */
static void test_gives_all_back(void **state)
{
    static struct table table;
    (void)state;
    memset(&table, 0, sizeof table);
    uint32_t empty = used();
    put_some(0, KEYS, &table);
    for (uint32_t i = 0; i < KEYS; i++) {
        delete (turn(), &table, i);
        turn_commit(w);
    }
    assert_in_range(used(), empty, empty + MORE + SMALL);
    put_some(0, KEYS, &table);
    assert_int_equal(ax_map_clear(turn(), SUBJECT_NOTES), 0);
    assert_int_equal(ax_map_count(&w->current->ctx, SUBJECT_NOTES), 0);
    turn_commit(w);
    (void)maps_tidy(w);
    assert_true(used() > empty + MORE + SMALL && w->map_dead);
    alone_die();
    tidy();
    assert_int_equal(used(), empty + MORE + 1);
    memset(&table, 0, sizeof table);
    put_some(0, KEYS, &table);
    shm_turn_begin(&w->port, 0, 0);
    actor_stop(w, ACTOR, SHM_NORMAL, 0, AX_STOP_CONTEXT_STOP);
    turn_commit(w);
    for (uint32_t i = 0; i < 400 && actor_at(w, ACTOR)->state != SHM_FREE; i++)
        victim_round(&victim);
    assert_int_equal(actor_at(w, ACTOR)->state, SHM_FREE);
    assert_true(used() < empty);
    alone_die();
    assert_true(used() < empty);
}

/* A fixed set that changes takes no more memory than it ever took. The long form: AX_MAPS_CHANGES.
 */
static void test_reuses_memory(void **state)
{
    static struct table table;
    const char *text = getenv("AX_MAPS_CHANGES");
    uint64_t changes = text == NULL ? 400000 : strtoull(text, NULL, 10);
    uint32_t fresh = 0;
    (void)state;
    memset(&table, 0, sizeof table);
    put_some(0, KEYS, &table);
    for (uint64_t i = 0; i < changes; i++) {
        uint32_t number = below(KEYS);
        struct ax_ctx *ctx = turn();
        if (i % 5 == 4) {
            if (table.value[number].there)
                delete (ctx, &table, number);
        }
        put(ctx, &table, number, i % 3 == 0 ? 500 : 80);
        turn_commit(w);
        if (i == changes / 2)
            fresh = w->port.arena.fresh;
    }
    assert_in_range(w->port.arena.fresh, fresh, fresh + fresh / 20);
    compare(turn(), &table);
    turn_commit(w);
}

/* Until the turn or the arena is full, and then nothing has changed. */
static void test_limits(void **state)
{
    static struct table table;
    static uint8_t big[AX_MAP_KEY_MAX + 1];
    char room[300];
    uint32_t puts = 0, number = 0;
    (void)state;
    struct ax_span one = {"1", 1};
    memset(&table, 0, sizeof table);
    struct ax_ctx *ctx = turn();
    assert_int_equal(ax_map_put(ctx, SUBJECT_NOTES, (struct ax_span){big, sizeof big}, one),
                     AX_E_TOO_BIG);
    assert_int_equal(ax_map_put(ctx, SUBJECT_NOTES, one, (struct ax_span){big, VALUE_MAX + 1}),
                     AX_E_TOO_BIG);
    assert_int_equal(ax_map_put(ctx, SUBJECT_OTHER + 1, one, one), AX_E_INVALID);
    assert_int_equal(ax_map_get(ctx, SUBJECT_OTHER + 1, one, NULL), AX_E_INVALID);
    assert_int_equal(ax_map_get(ctx, SUBJECT_OTHER, one, NULL), AX_E_NO_KEY);
    assert_int_equal(ax_map_delete(ctx, SUBJECT_OTHER, one), AX_E_NO_KEY);
    assert_int_equal(ax_map_put(ctx, SUBJECT_OTHER, (struct ax_span){big, AX_MAP_KEY_MAX}, one), 0);
    assert_int_equal(ax_map_clear(ctx, SUBJECT_OTHER), 0);
    turn_commit(w);
    tidy();
    ctx = turn();
    for (int error; (error = ax_map_put(ctx, SUBJECT_NOTES, key_of(puts * 50 + 1, room), one)) == 0;
         puts++)
        if (puts * 50 > UINT32_MAX - 100)
            fail();
    assert_int_equal(ax_map_put(ctx, SUBJECT_NOTES, key_of(1, room), one), AX_E_LIMIT);
    assert_int_equal(ax_map_delete(ctx, SUBJECT_NOTES, key_of(1, room)), AX_E_LIMIT);
    assert_int_equal(ax_map_count(ctx, SUBJECT_NOTES), puts);
    assert_true(puts >= 1500);
    turn_undo(w);
    assert_int_equal(ax_map_count(turn(), SUBJECT_NOTES), 0);
    turn_commit(w);
    for (int error = 0; error == 0; number++) {
        struct value value = {.there = true, .len = 200, .mark = number};
        ctx = turn();
        error = ax_map_put(ctx, SUBJECT_NOTES, key_of(number, room), fill(big, value));
        turn_commit(w);
        if (error == 0) {
            table.value[number] = value;
            table.count++;
        } else {
            assert_int_equal(error, AX_E_NO_MEMORY);
        }
    }
    compare(turn(), &table);
    turn_commit(w);
    alone_die();
    delete (turn(), &table, 5);
    turn_commit(w);
    compare(turn(), &table);
    turn_commit(w);
}

struct hashed {
    uint32_t hash, number;
};

static int by_hash(const void *a, const void *b)
{
    const struct hashed *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static struct ax_span same_key(uint32_t number, char room[16])
{
    return (struct ax_span){room, (uint32_t)snprintf(room, 16, "%u", number)};
}

/* Two keys of one hash under the map's secret: among 300,000 there are ten pairs. */
static void find_pair(const struct shm_map *map, uint32_t pair[2])
{
    enum { TRIES = 300000 };
    struct hashed *all = malloc(TRIES * sizeof *all);
    char room[16];
    assert_non_null(all);
    for (uint32_t i = 0; i < TRIES; i++) {
        struct ax_span key = same_key(i, room);
        all[i] = (struct hashed){shm_map_hash(map, key.ptr, key.len), i};
    }
    qsort(all, TRIES, sizeof *all, by_hash);
    pair[0] = pair[1] = 0;
    for (uint32_t i = 1; i < TRIES; i++)
        if (all[i].hash == all[i - 1].hash) {
            pair[0] = all[i - 1].number;
            pair[1] = all[i].number;
        }
    free(all);
    assert_int_not_equal(pair[0], pair[1]);
}

/* Neither hides the other, and a walk that is at one of them finds the other. */
static void test_same_hash(void **state)
{
    struct ax_span key, value, one = {"1", 1};
    char room[2][16];
    uint32_t pair[2];
    (void)state;
    assert_int_equal(ax_map_put(turn(), SUBJECT_NOTES, one, one), 0);
    struct ax_ctx *ctx = &w->current->ctx;
    find_pair(shm_unit(&w->port, map_roots(&w->port, ACTOR)->map[SUBJECT_NOTES]), pair);
    assert_int_equal(ax_map_delete(ctx, SUBJECT_NOTES, one), 0);
    struct ax_span a = same_key(pair[0], room[0]), b = same_key(pair[1], room[1]);
    for (uint32_t round = 0; round < 3; round++) {
        uint64_t cursor = 0;
        assert_int_equal(ax_map_put(ctx, SUBJECT_NOTES, a, a), 0);
        assert_int_equal(ax_map_put(ctx, SUBJECT_NOTES, b, b), 0);
        for (uint32_t step = 0; step < 2; step++) {
            assert_int_equal(ax_map_next(ctx, SUBJECT_NOTES, &cursor, &key, &value), 0);
            struct ax_span want = step == (round != 0) ? a : b;
            assert_int_equal(key.len, want.len);
            assert_memory_equal(key.ptr, want.ptr, want.len);
            assert_int_equal(ax_map_get(ctx, SUBJECT_NOTES, want, &value), 0);
            assert_memory_equal(value.ptr, want.ptr, want.len);
        }
        assert_int_equal(ax_map_next(ctx, SUBJECT_NOTES, &cursor, &key, &value), AX_E_NO_KEY);
        assert_int_equal(ax_map_delete(ctx, SUBJECT_NOTES, a), 0);
        assert_int_equal(ax_map_get(ctx, SUBJECT_NOTES, a, NULL), AX_E_NO_KEY);
        if (round == 0) { /* from now on b is the first */
            assert_int_equal(ax_map_delete(ctx, SUBJECT_NOTES, b), 0);
            assert_int_equal(ax_map_put(ctx, SUBJECT_NOTES, b, b), 0);
        }
    }
    turn_commit(w);
    alone_die();
}

/* With other rounds it is what libsodium has. */
static void test_hash(void **state)
{
    uint8_t secret[16], bytes[64];
    uint64_t want;
    (void)state;
    for (uint32_t i = 0; i < 64; i++) {
        secret[i % 16] = (uint8_t)below(256);
        bytes[i] = (uint8_t)below(256);
    }
    for (uint32_t len = 0; len <= 64; len++) {
        (void)crypto_shorthash((unsigned char *)&want, bytes, len, secret);
        assert_int_equal(shm_sip_hash(secret, bytes, len, 2, 4), want);
    }
}

/* The examples of RFC 4493, of which the hash is the first eight bytes, and all lengths up to 64,
 * summed up as OpenSSL has them. */
static void test_cmac(void **state)
{
    static const struct {
        uint32_t len;
        uint8_t want[8];
    } examples[] = {
        {0, {0xbb, 0x1d, 0x69, 0x29, 0xe9, 0x59, 0x37, 0x28}},
        {16, {0x07, 0x0a, 0x16, 0xb4, 0x6b, 0x4d, 0x41, 0x44}},
        {40, {0xdf, 0xa6, 0x67, 0x47, 0xde, 0x9a, 0xe6, 0x30}},
        {64, {0x51, 0xf0, 0xbe, 0xbf, 0x7e, 0x3b, 0x9d, 0x92}},
    };
    uint8_t key[16], text[64];
    struct shm_cmac cmac;
    uint64_t all = 0;
    size_t len;
    (void)state;
    if (!shm_cmac_there())
        skip();
    sodium_hex2bin(key, sizeof key, "2b7e151628aed2a6abf7158809cf4f3c", 32, NULL, &len, NULL);
    sodium_hex2bin(text, sizeof text,
                   "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                   "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
                   128, NULL, &len, NULL);
    shm_cmac_key(&cmac, key);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        uint64_t sum = shm_cmac(&cmac, text, examples[i].len);
        assert_memory_equal(&sum, examples[i].want, sizeof sum);
    }
    for (uint32_t n = 0; n <= sizeof text; n++) {
        uint8_t *alone = malloc(n + 1); /* a sanitizer sees who reads behind it */
        assert_non_null(alone);
        memcpy(alone + 1, text, n);
        all = (all << 1 | all >> 63) ^ shm_cmac(&cmac, alone + 1, n);
        free(alone);
    }
    assert_int_equal(all, 0x331639464915f534);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_cmac),
        cmocka_unit_test_setup_teardown(test_like_a_table, begin, alone_end),
        cmocka_unit_test_setup_teardown(test_walk_stands_changes, begin, alone_end),
        cmocka_unit_test_setup_teardown(test_gives_all_back, begin, alone_end),
        cmocka_unit_test_setup_teardown(test_reuses_memory, begin, alone_end),
        cmocka_unit_test_setup_teardown(test_limits, begin_small, alone_end),
        cmocka_unit_test_setup_teardown(test_same_hash, begin, alone_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
