/* SPDX-License-Identifier: MIT */
/* The arena against a plain map of units: blocks are taken and given back at random, in turns that
 * commit or are undone, and by successors that carve it anew. No two blocks overlap, each lies
 * where its size says, what is taken stays as it was written, and nothing is ever lost: in the end
 * all of it is one. */
#include "shm/arena.h"
#include "shm/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNITS 4096u
#define BLOCKS 512u
#define TURNS 20000u

static struct shm_port port;
static struct shm_public pub;
static struct shm_block blocks[BLOCKS]; /* taken; unit 0: none */
static uint64_t owned[UNITS / 64];
static uint64_t dice_state = 1;

/* xorshift64 (Marsaglia 2003). */
static uint32_t dice(uint32_t sides)
{
    dice_state ^= dice_state << 13;
    dice_state ^= dice_state >> 7;
    dice_state ^= dice_state << 17;
    return (uint32_t)(dice_state >> 8) % sides;
}

static int open_arena(void **state)
{
    (void)state;
    memset(&port, 0, sizeof port);
    memset(blocks, 0, sizeof blocks);
    memset(owned, 0, sizeof owned);
    port.geo.units = UNITS;
    port.geo.private_bytes = sizeof *port.priv;
    port.priv = aligned_alloc(SHM_PAGE, sizeof *port.priv);
    port.units = aligned_alloc(SHM_PAGE, (size_t)UNITS * SHM_UNIT);
    port.pub = &pub;
    pub.committed = 0;
    if (port.priv == NULL || port.units == NULL)
        return -1;
    memset(port.priv, 0, sizeof *port.priv);
    return shm_arena_open(&port);
}

static int close_arena(void **state)
{
    (void)state;
    shm_arena_close(&port);
    free(port.priv);
    free(port.units);
    return 0;
}

static void own(const struct shm_block *block, bool yes)
{
    assert_int_equal(block->unit % (1u << block->order), 0);
    assert_in_range(block->unit, 1, UNITS - (1u << block->order));
    for (uint32_t k = block->unit; k < block->unit + (1u << block->order); k++) {
        assert_int_equal(owned[k / 64] >> (k % 64) & 1, !yes);
        owned[k / 64] ^= 1ull << (k % 64);
    }
}

static void write_block(const struct shm_block *block)
{
    memset(shm_unit(&port, block->unit), (int)(block->unit & 0xff),
           (size_t)SHM_UNIT << block->order);
}

static void check_block(const struct shm_block *block)
{
    const uint8_t *at = shm_unit(&port, block->unit);
    for (size_t i = 0; i < (size_t)SHM_UNIT << block->order; i++)
        assert_int_equal(at[i], block->unit & 0xff);
}

static uint32_t units_owned(void)
{
    uint32_t sum = 1; /* unit 0 is nobody's */
    for (uint32_t i = 0; i < UNITS / 64; i++)
        sum += (uint32_t)__builtin_popcountll(owned[i]);
    return sum;
}

/* A turn that takes some blocks and gives some back, and takes effect or not. */
static void one_turn(uint32_t largest)
{
    struct shm_block before[BLOCKS];
    uint64_t owned_before[UNITS / 64];
    memcpy(before, blocks, sizeof before);
    memcpy(owned_before, owned, sizeof owned_before);
    shm_turn_begin(&port, 0, 0);
    for (uint32_t left = 1 + dice(8); left > 0; left--) {
        uint32_t i = dice(BLOCKS), order = dice(largest + 1);
        if (blocks[i].unit != 0) {
            check_block(&blocks[i]);
            shm_arena_give(&port, blocks[i].unit, blocks[i].order);
            if (memcmp(&blocks[i], &before[i], sizeof before[i]) != 0)
                own(&blocks[i], false); /* taken in this turn: its units stay ours till it ends */
            blocks[i].unit = 0;
            continue;
        }
        blocks[i] = (struct shm_block){shm_arena_take(&port, order), order};
        if (blocks[i].unit == 0)
            continue;
        own(&blocks[i], true);
        write_block(&blocks[i]);
    }
    if (dice(4) == 0) {
        shm_turn_undo(&port);
        memcpy(blocks, before, sizeof before);
        memcpy(owned, owned_before, sizeof owned);
    } else {
        shm_turn_commit(&port);
        for (uint32_t i = 0; i < BLOCKS; i++)
            if (before[i].unit != 0 && memcmp(&blocks[i], &before[i], sizeof before[i]) != 0)
                own(&before[i], false);
    }
    assert_int_equal(port.arena.used, units_owned());
}

/* Only the high-water mark and what is reached are known to it. */
static void succeed(void)
{
    shm_arena_close(&port);
    assert_int_equal(shm_arena_open(&port), 0);
    port.arena.fresh = port.priv->fresh_unit == 0 ? 1 : port.priv->fresh_unit;
    shm_arena_carve(&port, owned);
    for (uint32_t i = 0; i < BLOCKS; i++)
        if (blocks[i].unit != 0)
            check_block(&blocks[i]);
}

static void give_all(void)
{
    shm_turn_begin(&port, 0, 0);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        if (blocks[i].unit == 0)
            continue;
        check_block(&blocks[i]);
        own(&blocks[i], false);
        shm_arena_give(&port, blocks[i].unit, blocks[i].order);
        blocks[i].unit = 0;
    }
    shm_turn_commit(&port);
    assert_int_equal(port.arena.used, 1);
}

/* All that there is, in the largest blocks that fit, can be had. */
static void take_all(void)
{
    uint32_t units = 1;
    shm_turn_begin(&port, 0, 0);
    for (uint32_t order = 11; order < 12; order--)
        for (uint32_t unit; (unit = shm_arena_take(&port, order)) != 0;) {
            const struct shm_block block = {unit, order};
            own(&block, true);
            units += 1u << order;
        }
    assert_int_equal(units, UNITS);
    shm_turn_undo(&port);
    memset(owned, 0, sizeof owned);
}

static void loses_nothing(void **state)
{
    (void)state;
    port.arena.used = 1;
    for (uint32_t turn = 1; turn <= TURNS; turn++) {
        one_turn(turn % 1000 < 500 ? 5 : 8); /* mostly full, or with large holes */
        if (turn % 100 == 0 && dice(4) == 0)
            succeed();
        if (turn % 1000 == 0) {
            give_all();
            take_all();
        }
    }
}

/* The first blocks of a fresh arena: what alignment skips is used as well. */
static void wastes_nothing(void **state)
{
    (void)state;
    static const uint32_t orders[] = {0, 4, 0, 1, 2, 3, 5, 4, 0};
    uint32_t units = 1;
    shm_turn_begin(&port, 0, 0);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        const struct shm_block block = {shm_arena_take(&port, orders[i]), orders[i]};
        own(&block, true);
        units += 1u << orders[i];
    }
    shm_turn_commit(&port);
    assert_int_equal(port.priv->fresh_unit, port.arena.fresh);
    assert_in_range(port.arena.fresh, units, 96);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(loses_nothing, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(wastes_nothing, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
