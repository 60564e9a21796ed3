/* SPDX-License-Identifier: MIT */
/* Connections in their handshake: how many there may be, of one address and in all, and for how
 * long; against a plain count. */
#include "overlay/core/gate.h"

#include <ax/errors.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE 3000u
#define PARTIES 40u /* of a flood */

static struct ov_address v4(uint8_t last)
{
    return (struct ov_address){.bytes = {[10] = 0xff, [11] = 0xff, 192, 0, 2, last}};
}

static struct ov_address v6(uint8_t net, uint8_t host)
{
    return (struct ov_address){.bytes = {0x20, 0x01, 0x0d, 0xb8, [7] = net, [15] = host}};
}

static void test_few_of_one_address(void **state)
{
    struct ov_gate gate = {.patience_ns = PATIENCE};
    struct ov_address one = v4(1), other = v4(2);
    unsigned place[OV_GATE_OF_ONE], more;

    (void)state;
    for (unsigned i = 0; i < OV_GATE_OF_ONE; i++)
        assert_int_equal(ov_gate_enter(&gate, i, &one, &place[i]), 0);
    assert_int_equal(ov_gate_enter(&gate, 9, &one, &more), AX_E_BUSY);
    assert_int_equal(ov_gate_enter(&gate, 9, &other, &more), 0);
    ov_gate_leave(&gate, place[2]);
    assert_int_equal(ov_gate_enter(&gate, 9, &one, &more), 0);
    assert_int_equal(ov_gate_enter(&gate, 9, &one, &more), AX_E_BUSY);
    assert_int_equal(gate.crowded, 2);
    assert_int_equal(gate.full, 0);
}

/* Who is given a /64 has 2^64 addresses, and is one party; neighbours in IPv4 are not. */
static void test_a_network_is_one_party(void **state)
{
    struct ov_gate gate = {.patience_ns = PATIENCE};
    unsigned place;

    (void)state;
    for (uint8_t host = 0; host < OV_GATE_OF_ONE; host++) {
        struct ov_address address = v6(1, host);
        assert_int_equal(ov_gate_enter(&gate, 0, &address, &place), 0);
    }
    struct ov_address same = v6(1, 77), other = v6(2, 0);
    assert_int_equal(ov_gate_enter(&gate, 0, &same, &place), AX_E_BUSY);
    assert_int_equal(ov_gate_enter(&gate, 0, &other, &place), 0);
    for (uint8_t host = 0; host < 16; host++) {
        struct ov_address address = v4(host);
        assert_int_equal(ov_gate_enter(&gate, 0, &address, &place), 0);
    }
}

static void test_a_unix_socket_is_nobodys_address(void **state)
{
    struct ov_gate gate = {.patience_ns = PATIENCE};
    struct ov_address local = {.local = true}, somebody = v4(1);
    unsigned place, first;

    (void)state;
    assert_int_equal(ov_gate_enter(&gate, 0, &local, &first), 0);
    for (unsigned i = 1; i < OV_GATE_PLACES; i++)
        assert_int_equal(ov_gate_enter(&gate, i, &local, &place), 0);
    assert_int_equal(ov_gate_enter(&gate, 99, &local, &place), AX_E_FULL);
    assert_int_equal(place, first);
    assert_int_equal(ov_gate_enter(&gate, 99, &somebody, &place), AX_E_FULL);
    assert_int_equal(place, first);
    assert_int_equal(gate.full, 2);
    assert_int_equal(gate.crowded, 0);
}

/* Where all places are held, who has most makes room, with the place that is held longest; but not
 * for one who has as many. */
static void test_who_has_most_makes_room(void **state)
{
    struct ov_gate gate = {.patience_ns = PATIENCE};
    unsigned place, of_two[2];
    struct ov_address many = v4(200), few = v4(1), other = v4(201);

    (void)state;
    for (unsigned i = 1; i <= OV_GATE_PLACES - 2; i++) {
        struct ov_address one = v4((uint8_t)i);
        assert_int_equal(ov_gate_enter(&gate, i, &one, &place), 0);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(ov_gate_enter(&gate, 100 + i, &many, &of_two[i]), 0);
    assert_int_equal(ov_gate_enter(&gate, 110, &many, &place), AX_E_BUSY);
    assert_int_equal(ov_gate_enter(&gate, 110, &few, &place), AX_E_FULL);
    assert_int_equal(place, of_two[0]);
    ov_gate_leave(&gate, place);
    assert_int_equal(ov_gate_enter(&gate, 110, &few, &place), 0);
    assert_int_equal(place, of_two[0]); /* few has two, as many as anybody */
    assert_int_equal(ov_gate_enter(&gate, 120, &few, &place), AX_E_BUSY);
    assert_int_equal(ov_gate_enter(&gate, 120, &other, &place), AX_E_FULL);
    assert_int_equal(gate.place[place - 1].until, 1 + PATIENCE); /* the first of few */
}

static void test_time_is_up(void **state)
{
    struct ov_gate gate = {.patience_ns = PATIENCE};
    struct ov_address one = v4(1);
    unsigned first, second;

    (void)state;
    assert_true(ov_gate_next(&gate) == UINT64_MAX);
    assert_int_equal(ov_gate_enter(&gate, 10, &one, &first), 0);
    assert_int_equal(ov_gate_enter(&gate, 20, &one, &second), 0);
    assert_int_equal(ov_gate_next(&gate), 10 + PATIENCE);
    assert_int_equal(ov_gate_expire(&gate, 9 + PATIENCE), 0);
    assert_int_equal(ov_gate_expire(&gate, 10 + PATIENCE), first);
    assert_int_equal(ov_gate_expire(&gate, 10 + PATIENCE), 0);
    assert_int_equal(ov_gate_next(&gate), 20 + PATIENCE);
    ov_gate_leave(&gate, second);
    assert_int_equal(ov_gate_expire(&gate, UINT64_MAX), 0);
    assert_true(ov_gate_next(&gate) == UINT64_MAX);
    assert_int_equal(gate.late, 1);
    assert_int_equal(gate.held, 0);
}

/* A flood of 100,000 connections by chance, some of which leave: the limits hold at each moment. */
static void test_flood(void **state)
{
    struct ov_gate gate = {.patience_ns = PATIENCE};
    uint8_t of[OV_GATE_PLACES + 1] = {0}; /* who has a place, from 1 */
    unsigned held[PARTIES + 1] = {0}, all = 0;

    (void)state;
    srandom(7);
    for (uint64_t now = 1; now < 100000; now++) {
        uint8_t who =
            (uint8_t)(1 + random() % (now < 50000 ? OV_GATE_PLACES / OV_GATE_OF_ONE : PARTIES));
        struct ov_address address = v4(who);
        unsigned place = 0, gone;
        while ((gone = ov_gate_expire(&gate, now)) != 0) {
            held[of[gone]]--;
            of[gone] = 0;
            all--;
        }
        int error = ov_gate_enter(&gate, now, &address, &place);
        unsigned most = 0;
        for (unsigned i = 1; i <= PARTIES; i++)
            most = held[i] > most ? held[i] : most;
        bool full = all == OV_GATE_PLACES, moves = full && most > held[who];
        bool crowded = held[who] >= OV_GATE_OF_ONE;
        assert_int_equal(error, crowded || (full && !moves) ? AX_E_BUSY : full ? AX_E_FULL : 0);
        if (error == AX_E_FULL) {
            assert_int_equal(held[of[place]], most);
            ov_gate_leave(&gate, place);
            held[of[place]]--;
            of[place] = 0;
            all--;
            error = ov_gate_enter(&gate, now, &address, &place);
            assert_int_equal(error, 0);
        }
        if (error == 0) {
            assert_int_equal(of[place], 0);
            of[place] = who;
            held[who]++;
            all++;
        }
        unsigned leaves = 1 + (unsigned)random() % OV_GATE_PLACES;
        if (random() % 64 == 0 && of[leaves] != 0) {
            ov_gate_leave(&gate, leaves);
            held[of[leaves]]--;
            of[leaves] = 0;
            all--;
        }
        assert_int_equal(gate.held, all);
    }
    assert_true(gate.crowded > 0 && gate.late > 0 && gate.full > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_of_one_address),
        cmocka_unit_test(test_a_network_is_one_party),
        cmocka_unit_test(test_a_unix_socket_is_nobodys_address),
        cmocka_unit_test(test_who_has_most_makes_room),
        cmocka_unit_test(test_time_is_up),
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
