/* SPDX-License-Identifier: MIT */
/* What nodes know of each other, and what of strangers reaches their hosts, in virtual time. */
#include "tests/lib/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

/* A node that is down has no version and no session, and what is known of it is not used. */
static void test_node_down(void **state)
{
    struct host *host = host_new(2, 31);
    struct ov_node_view view;
    struct ov_ident before;
    (void)state;
    assert_true(host_has_session(host, 1, 0, &view));
    assert_int_equal(view.version, 1);
    before = view.ident;
    assert_int_equal(host_view(host, 1).sessions, 1);
    assert_int_equal(host_view(host, 1).handshakes, 0);
    host_crash(host, 0);
    sim_run(host->sim, 100 * SIM_MS);
    assert_false(host_has_session(host, 1, 0, &view));
    assert_int_equal(host_view(host, 1).sessions, 0);
    assert_int_equal(view.version, 0);
    assert_int_equal(view.conn[0], 0);
    assert_int_equal(view.conn[1], 0);
    sim_lose(host->sim, 1, 0, true); /* so that a dial has no answer */
    sim_run(host->sim, 3 * SIM_S);
    assert_int_equal(host_view(host, 1).handshakes, 1);
    sim_lose(host->sim, 1, 0, false);
    sim_start(host->sim, 0);
    host_wait_for_session(host, 1, 0);
    assert_true(host_has_session(host, 1, 0, &view));
    assert_int_equal(view.version, 1);
    assert_int_not_equal(view.ident.boot, before.boot);
    host_free(host);
}

/* Another process of the same boot does not answer what the one before was asked, also where its
 * session is seen before the end of the other's. */
static void test_successor(void **state)
{
    struct host *host = host_new(2, 32);
    struct ov_node_view view;
    struct ov_ident before;
    unsigned cursor = 0;
    const char *key = host_key_of(host, 0, &cursor);
    uint64_t token;
    (void)state;
    (void)host_find(host, 1, HOST_USERS, key);
    host->mute = true;
    token = host_request(host, 1, OV_ASK, HOST_USERS, key, "never");
    sim_run(host->sim, 50 * SIM_MS);
    assert_true(host_has_session(host, 1, 0, &view));
    before = view.ident;
    sim_crash(host->sim, 0, true);
    sim_store(host->sim, &(struct sim_store_faults){.cut = 1}); /* it does not find its leases */
    sim_succeed(host->sim, 0);
    sim_run(host->sim, SIM_S);
    assert_true(host_has_session(host, 1, 0, &view));
    assert_int_equal(view.ident.boot, before.boot);
    assert_true(view.ident.session > before.session);
    assert_int_equal(host_note(host, token)->n, 1);
    assert_int_equal(host_note(host, token)->out.status, AX_E_NODE_DOWN);
    host_free(host);
}

/* A message as it would be within a session, to an actor that is there. */
static uint32_t message(const struct ov_target *target, uint8_t *bytes, size_t room)
{
    struct ov_frame frame = {.kind = OV_TELL, .body = {"hello", 5}};
    uint32_t size;
    OV_SET(&frame, request, 7);
    OV_SET(&frame, answer, false);
    OV_SET(&frame, contract, 0);
    OV_SET(&frame, method, 0);
    OV_SET(&frame, actor, target->actor);
    OV_SET(&frame, registry, ((struct ax_span){"users", 5}));
    OV_SET(&frame, shard, target->shard);
    OV_SET(&frame, epoch, target->epoch);
    assert_int_equal(ov_frame_encode(&frame, bytes, room, &size), 0);
    return size;
}

/* Who has not shaken hands reaches no host: with plain frames, and with all that a node has said
 * before, under its name. */
static void test_before_the_handshake(void **state)
{
    struct host *host = host_new(2, 32);
    unsigned cursor = 0, turns;
    const char *key = host_key_of(host, 0, &cursor);
    struct ov_target target = host_target(host_find(host, 1, HOST_USERS, key));
    struct ov_node_view before, after;
    uint8_t bytes[512];
    uint32_t size = message(&target, bytes, sizeof bytes);
    (void)state;
    assert_string_equal(host_ask(host, 1, HOST_USERS, key, "hello")->text, "hello");
    assert_true(host_has_session(host, 0, 1, &before));
    turns = host->nturns;
    for (unsigned i = 0; i < 50; i++) {
        sim_attack(host->sim, 0, bytes, size);
        sim_replay(host->sim, 0);
        sim_run(host->sim, 100 * SIM_MS);
    }
    assert_int_equal(host->nturns, turns);
    assert_true(host_has_session(host, 0, 1, &after));
    assert_int_equal(after.ident.session, before.ident.session);
    assert_int_equal(after.conn[0], before.conn[0]);
    assert_int_equal(after.conn[1], before.conn[1]);
    assert_string_equal(host_ask(host, 1, HOST_USERS, key, "hello")->text, "hello");
    host_free(host);
}

/* Within a session the same message does: what is refused is not the message itself. */
static void test_after_the_handshake(void **state)
{
    struct host *host = host_new(2, 33);
    unsigned cursor = 0, turns;
    struct ov_target target =
        host_target(host_find(host, 1, HOST_USERS, host_key_of(host, 0, &cursor)));
    struct ov_frame frame;
    uint8_t bytes[512];
    uint32_t size = message(&target, bytes, sizeof bytes);
    (void)state;
    assert_int_equal(ov_frame_decode(bytes, size, OV_DATA, &frame), 0);
    turns = host->nturns;
    host_forge(host, 1, 0, &frame);
    sim_run(host->sim, 100 * SIM_MS);
    assert_int_equal(host->nturns, turns + 1);
    assert_int_equal(host->handled, 1);
    host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_node_down),
        cmocka_unit_test(test_successor),
        cmocka_unit_test(test_before_the_handshake),
        cmocka_unit_test(test_after_the_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
