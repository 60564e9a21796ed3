/* SPDX-License-Identifier: MIT */
/* Which link to a peer stays: both nodes keep the same one, in whatever order they see the links
 * confirmed; and a session that is over is not taken up again. */
#include "overlay/core/election.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct ov_ident ann = {.node = "ann", .boot = 0xa, .session = 1};
static const struct ov_ident bob = {.node = "bob", .boot = 0xb, .session = 1};

/* A link as this side sees it. */
static struct ov_link link_of(const struct ov_ident *self, const struct ov_ident *peer, bool own,
                              uint64_t dial)
{
    return (struct ov_link){
        .peer = {.ident = *peer, .role = own ? OV_INITIATOR : OV_RESPONDER, .dial = dial},
        .session = self->session,
    };
}

struct dialled {
    bool by_ann;
    uint64_t number;
};

/* The index of the link that a side has in the end, when it sees them confirmed in this order. */
static unsigned survivor(const struct ov_ident *self, const struct ov_ident *peer,
                         const struct dialled *dials, const unsigned *order, unsigned count)
{
    bool is_ann = strcmp(self->node, "ann") == 0;
    unsigned kept = order[0];

    for (unsigned i = 1; i < count; i++) {
        const struct dialled *now = &dials[order[i]], *before = &dials[kept];
        struct ov_link newer = link_of(self, peer, now->by_ann == is_ann, now->number);
        struct ov_link older = link_of(self, peer, before->by_ann == is_ann, before->number);
        assert_true(ov_link_kept(&newer, &older, self) != ov_link_kept(&older, &newer, self));
        if (ov_link_kept(&newer, &older, self))
            kept = order[i];
    }
    return kept;
}

static bool next_order(unsigned *order, unsigned count)
{
    unsigned i = count - 1, j = count - 1;

    while (i > 0 && order[i - 1] > order[i])
        i--;
    if (i == 0)
        return false;
    while (order[j] < order[i - 1])
        j--;
    unsigned swap = order[i - 1];
    order[i - 1] = order[j];
    order[j] = swap;
    for (j = count - 1; i < j; i++, j--) {
        swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    return true;
}

/* All dials of up to four, in all orders at either side: 2^4 * 4! * 4! elections. */
static void test_both_sides_agree(void **state)
{
    (void)state;
    for (unsigned set = 0; set < 16; set++) {
        struct dialled dials[4];
        unsigned at_ann[4] = {0, 1, 2, 3}, agreed = 4;
        for (unsigned i = 0; i < 4; i++)
            dials[i] = (struct dialled){.by_ann = (set >> i & 1) != 0, .number = 10 + i};
        do {
            unsigned at_bob[4] = {0, 1, 2, 3};
            unsigned first = survivor(&ann, &bob, dials, at_ann, 4);
            do
                assert_int_equal(survivor(&bob, &ann, dials, at_bob, 4), first);
            while (next_order(at_bob, 4));
            assert_true(agreed == 4 || agreed == first);
            agreed = first;
        } while (next_order(at_ann, 4));
        /* "bob" is greater than "ann": what it has dialled last, where it has dialled */
        assert_int_equal(dials[agreed].by_ann, set == 15);
    }
}

static void test_no_link_beats_itself(void **state)
{
    struct ov_link link = link_of(&ann, &bob, true, 3);

    (void)state;
    assert_false(ov_link_kept(&link, &link, &ann));
}

static void test_sessions(void **state)
{
    struct ov_sessions sessions = {0};
    struct ov_ident later = bob, reborn = bob, again = bob;
    later.session = 2;
    reborn.boot = 0xc;
    again.boot = 0xd;

    (void)state;
    assert_int_equal(ov_sessions_confirm(&sessions, &bob), OV_NEWS_BOOT);
    assert_int_equal(ov_sessions_confirm(&sessions, &bob), OV_NEWS_NONE);
    assert_int_equal(ov_sessions_confirm(&sessions, &later), OV_NEWS_SESSION);
    assert_int_equal(ov_sessions_confirm(&sessions, &bob), OV_NEWS_OBSOLETE);
    assert_int_equal(ov_sessions_confirm(&sessions, &reborn), OV_NEWS_BOOT);
    /* what the dead one has sent last, read late, is no news of a third life */
    assert_int_equal(ov_sessions_confirm(&sessions, &later), OV_NEWS_REPLACED);
    assert_int_equal(ov_sessions_confirm(&sessions, &again), OV_NEWS_BOOT);
    assert_int_equal(ov_sessions_confirm(&sessions, &reborn), OV_NEWS_REPLACED);
    assert_int_equal(ov_sessions_confirm(&sessions, &later), OV_NEWS_REPLACED);
    assert_true(ov_ident_same(&sessions.now, &again));
}

/* What is remembered is bounded: the boots before the last. */
static void test_boots_are_forgotten_in_order(void **state)
{
    struct ov_sessions sessions = {0};
    struct ov_ident peer = bob;

    (void)state;
    for (uint64_t boot = 1; boot <= OV_BOOTS_LEFT + 2; boot++) {
        peer.boot = boot;
        assert_int_equal(ov_sessions_confirm(&sessions, &peer), OV_NEWS_BOOT);
    }
    for (uint64_t boot = 2; boot <= OV_BOOTS_LEFT + 1; boot++) {
        peer.boot = boot;
        assert_int_equal(ov_sessions_confirm(&sessions, &peer), OV_NEWS_REPLACED);
    }
    peer.boot = 1;
    assert_int_equal(ov_sessions_confirm(&sessions, &peer), OV_NEWS_BOOT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_sides_agree),
        cmocka_unit_test(test_no_link_beats_itself),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_boots_are_forgotten_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
