/* SPDX-License-Identifier: MIT */
/* A peer that has the token and breaks the protocol once it is confirmed: its session ends, and the
 * reason is told; what it sends outside a session changes nothing. Of both nodes here the core is
 * as it should be, and frames are put into B's connections besides, so B comes back afterwards. */
#include "tests/lib/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { A, B };

static struct net net;

static int tear_down(void **state)
{
    (void)state;
    net_deinit(&net);
    return 0;
}

/* A has ended the one session that it had, B has noticed, and the next one stays. */
static void expect_end(enum ov_end end)
{
    net_run(&net, 60 * NET_MS);
    assert_string_equal(ov_end_text(net.node[A].peer[B].end), ov_end_text(end));
    for (unsigned i = A; i <= B; i++)
        assert_int_equal(net.node[i].peer[1 - i].downs, 1);
    net_run(&net, 20 * NET_S);
    assert_true(net_joined(&net, A, B));
    for (unsigned i = A; i <= B; i++)
        assert_int_equal(net.node[i].peer[1 - i].ups, 2);
    net_expect_even(&net);
}

/* Of each kind, with all fields that one of them must have. */
static struct ov_frame frame_of(enum ov_kind kind, bool response)
{
    static const char text[] = "b@boot-1-session-1";
    struct ov_frame frame = {.kind = kind, .response = response};

    switch (kind) {
    case OV_HELLO:
        OV_SET(&frame, version, 1);
        OV_SET(&frame, session, ((struct ax_span){text, sizeof text - 1}));
        OV_SET(&frame, max_frame, OV_FRAME_MIN_MAX);
        break;
    case OV_HEARTBEAT:
        OV_SET(&frame, sequence, 1);
        return frame;
    case OV_GOODBYE:
        OV_SET(&frame, last, true);
        OV_SET(&frame, status, 0);
        return frame;
    case OV_READY:
        return frame;
    default:
        OV_SET(&frame, request, 1);
    }
    if (response)
        OV_SET(&frame, status, 0);
    else if (kind == OV_DEMONITOR)
        OV_SET(&frame, monitor, 1);
    else if (kind == OV_TELL) {
        OV_SET(&frame, contract, 1);
        OV_SET(&frame, method, 1);
        OV_SET(&frame, actor, 1);
    }
    return frame;
}

static void set_up_pair(uint64_t seed)
{
    net_init(&net, 2, seed);
    net_mesh(&net);
    assert_true(net_run_until_up(&net, 5 * NET_S));
    net_run(&net, 100 * NET_MS);
}

static void breaks(enum ov_kind kind, bool response, enum ov_plane plane)
{
    struct ov_frame frame = frame_of(kind, response);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        set_up_pair(seed);
        net_forge(&net, B, A, plane, &frame, 1);
        expect_end(OV_END_PROTOCOL);
        net_deinit(&net);
    }
}

static void test_hello_after_the_handshake(void **state)
{
    (void)state;
    breaks(OV_HELLO, false, OV_CONTROL);
    breaks(OV_HELLO, false, OV_DATA);
    breaks(OV_HELLO, true, OV_CONTROL);
}

/* A message of B, and in the same bytes what ends its connection. */
static void tell_and_break(void)
{
    struct ov_frame frames[] = {frame_of(OV_TELL, false), frame_of(OV_HELLO, false)};
    frames[0].body = (struct ax_span){"12345678", 8};
    set_up_pair(1);
    net_forge(&net, B, A, OV_DATA, frames, 2);
}

/* What came whole before it is told whole, though its connection has ended by then. */
static void test_message_before_the_end(void **state)
{
    (void)state;
    tell_and_break();
    expect_end(OV_END_PROTOCOL);
    assert_int_equal(net.node[A].peer[B].taken, 1);
}

/* And is wiped when the next step begins. */
static void test_wiped_after_the_end(void **state)
{
    (void)state;
    tell_and_break();
    net_run(&net, 60 * NET_MS);
    assert_int_equal(net.node[A].peer[B].downs, 1);
    net_expect_wiped(&net, A);
}

static void test_wrong_plane(void **state)
{
    (void)state;
    breaks(OV_TELL, false, OV_CONTROL);
    breaks(OV_TELL, true, OV_DATA);
    breaks(OV_DEMONITOR, false, OV_DATA);
    breaks(OV_HEARTBEAT, false, OV_DATA);
    breaks(OV_READY, false, OV_DATA);
}

static void test_record_that_does_not_decrypt(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        set_up_pair(seed);
        net_forge_record(&net, B, A, seed % 2 == 0 ? OV_CONTROL : OV_DATA);
        expect_end(OV_END_PROTOCOL);
        net_deinit(&net);
    }
}

/* One is what it says if it has dialled data, and of no meaning otherwise. */
static void test_second_ready(void **state)
{
    struct ov_frame frames[] = {frame_of(OV_READY, false), frame_of(OV_READY, false)};

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        set_up_pair(seed);
        net_forge(&net, B, A, OV_CONTROL, frames, 2);
        expect_end(OV_END_PROTOCOL);
        net_deinit(&net);
    }
}

/* Answers to heartbeats that were answered already, or never sent, are no sign of life and no harm.
 */
static void test_answers_to_no_heartbeat(void **state)
{
    struct ov_frame frames[] = {frame_of(OV_HEARTBEAT, true), frame_of(OV_HEARTBEAT, true)};

    (void)state;
    frames[1].sequence = UINT64_MAX;
    set_up_pair(1);
    net_run(&net, 3 * NET_S);
    net_forge(&net, B, A, OV_CONTROL, frames, 2);
    net_run(&net, 3 * NET_S);
    assert_int_equal(net.node[A].peer[B].downs, 0);
    assert_true(net_joined(&net, A, B));
}

/* ---- goodbyes ---- */

/* One with more to come says nothing yet. */
static void test_goodbye_that_is_not_the_last(void **state)
{
    struct ov_frame frame = frame_of(OV_GOODBYE, false);

    (void)state;
    frame.last = false;
    set_up_pair(1);
    net_forge(&net, B, A, OV_CONTROL, &frame, 1);
    net_run(&net, 3 * NET_S);
    assert_int_equal(net.node[A].peer[B].downs, 0);
    assert_true(net_joined(&net, A, B));
}

/* Nothing takes the place of what the peer has given up. */
static void test_goodbye_without_successor(void **state)
{
    struct ov_frame frame = frame_of(OV_GOODBYE, false);

    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        set_up_pair(seed);
        net_forge(&net, B, A, seed % 2 == 0 ? OV_CONTROL : OV_DATA, &frame, 1);
        expect_end(OV_END_LOST);
        net_deinit(&net);
    }
}

/* A session over what B has dialled, with a dial of A's own that hangs: by it, B could have elected
 * another connection. */
static void set_up_hung(void)
{
    struct ov_node_view view;

    net_init(&net, 2, 3);
    net.hung[A][B] = true;
    for (unsigned i = A; i <= B; i++) /* no heartbeat of B's core as long as the dial takes */
        net.node[i].config.beat_ns = 3 * NET_S;
    net_mesh(&net);
    net_run(&net, 180 * NET_MS);
    assert_true(net.node[A].peer[B].up);
    assert_true(ov_core_node(net.node[A].core, net.node[A].index[B], &view) && view.dial != 0);
    net.hung[A][B] = false;
}

static void test_frame_after_the_last(void **state)
{
    struct ov_frame frames[] = {frame_of(OV_GOODBYE, false), frame_of(OV_HEARTBEAT, false)};

    (void)state;
    set_up_hung();
    net_forge(&net, B, A, OV_CONTROL, frames, 2);
    expect_end(OV_END_PROTOCOL);
}

/* The session goes on as long as there may be another connection, and no longer. */
static void test_goodbye_before_a_dial_that_fails(void **state)
{
    struct ov_frame frame = frame_of(OV_GOODBYE, false);

    (void)state;
    set_up_hung();
    net_forge(&net, B, A, OV_CONTROL, &frame, 1);
    net_run(&net, 1500 * NET_MS);
    assert_int_equal(net.node[A].peer[B].downs, 0);
    assert_int_equal(net_tell(&net, A, B), 0);
    net_run(&net, 400 * NET_MS);
    assert_int_equal(net.node[B].peer[A].taken, 1);
    expect_end(OV_END_LOST);
}

/* ---- before there is a session ---- */

/* B alone has dialled, control is there, and data is on its way. */
static void set_up_half(uint64_t seed)
{
    struct ov_node_view view = {0};

    net_init(&net, 2, seed);
    net_start(&net, A);
    net_start(&net, B);
    net.extra[OV_DATA] = 200 * NET_MS;
    net_know(&net, B, A);
    net_run(&net, 150 * NET_MS);
    assert_true(ov_core_node(net.node[A].core, 0, &view));
    assert_true(view.conn[0] != 0 && view.conn[1] == 0);
    assert_true(ov_core_node(net.node[B].core, 0, &view) && view.conn[0] != 0);
}

static void too_early(const struct ov_frame *frame)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        set_up_half(seed);
        net_forge(&net, B, A, OV_CONTROL, frame, 1);
        net_run(&net, 25 * NET_MS);
        assert_int_equal(ov_core_counts(net.node[A].core)->early, 1);
        assert_int_equal(net.node[A].peer[B].ups, 0);
        net_run(&net, 5 * NET_S);
        assert_true(net_joined(&net, A, B));
        for (unsigned i = A; i <= B; i++) {
            assert_int_equal(net.node[i].peer[1 - i].downs, 0);
            assert_int_equal(net_tell(&net, i, 1 - i), 0);
        }
        net_run(&net, NET_S);
        for (unsigned i = A; i <= B; i++)
            assert_int_equal(net.node[i].peer[1 - i].taken, 1);
        net_deinit(&net);
    }
}

/* A peer that is up before there is a data connection: it is not, and its frames are dropped. */
static void test_too_early(void **state)
{
    struct ov_frame ready = frame_of(OV_READY, false), demonitor = frame_of(OV_DEMONITOR, false);

    (void)state;
    too_early(&ready);
    too_early(&demonitor);
}

/* What comes before its ready, from who has dialled data: it can be only behind it on the other
 * connection, so it is of the session. */
static void test_tell_before_ready(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        set_up_half(seed);
        net.extra[OV_CONTROL] = 500 * NET_MS;
        while (!net.node[B].peer[A].up)
            net_run(&net, NET_MS);
        assert_int_equal(net_tell(&net, B, A), 0);
        net_run(&net, 199 * NET_MS);
        assert_int_equal(net.node[A].peer[B].ups, 0);
        net_run(&net, 25 * NET_MS);
        assert_int_equal(net.node[A].peer[B].ups, 1);
        assert_int_equal(net.node[A].peer[B].taken, 1);
        net_run(&net, 5 * NET_S);
        assert_true(net_joined(&net, A, B));
        assert_int_equal(net.node[A].peer[B].downs, 0);
        net_deinit(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_hello_after_the_handshake, tear_down),
        cmocka_unit_test_teardown(test_wrong_plane, tear_down),
        cmocka_unit_test_teardown(test_record_that_does_not_decrypt, tear_down),
        cmocka_unit_test_teardown(test_second_ready, tear_down),
        cmocka_unit_test_teardown(test_answers_to_no_heartbeat, tear_down),
        cmocka_unit_test_teardown(test_message_before_the_end, tear_down),
        cmocka_unit_test_teardown(test_wiped_after_the_end, tear_down),
        cmocka_unit_test_teardown(test_goodbye_that_is_not_the_last, tear_down),
        cmocka_unit_test_teardown(test_goodbye_without_successor, tear_down),
        cmocka_unit_test_teardown(test_frame_after_the_last, tear_down),
        cmocka_unit_test_teardown(test_goodbye_before_a_dial_that_fails, tear_down),
        cmocka_unit_test_teardown(test_too_early, tear_down),
        cmocka_unit_test_teardown(test_tell_before_ready, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
