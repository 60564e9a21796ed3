/* SPDX-License-Identifier: MIT */
/* How requests find their way, what they wait for, and how they end, in virtual time. */
#include "tests/lib/host.h"

#include "overlay/core/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

#define ROOM 64u /* for requests of a node, and of others that it serves */
#define ROOM_FOR_ENSURES 8u

/* ---- the way ---- */

static void test_finds_the_new_owner(void **state)
{
    struct host *host = host_new(3, 11);
    unsigned cursor = 0;
    const char *key = host_key_of(host, 0, &cursor);
    uint64_t epoch = host_find(host, 1, HOST_USERS, key)->out.epoch;
    const struct host_note *note;
    (void)state;
    assert_string_equal(host_ask(host, 1, HOST_USERS, key, "one")->text, "one");
    host_crash(host, 0);
    host_settle(host);
    note = host_ask(host, 1, HOST_USERS, key, "two"); /* the cache has the old one */
    assert_int_equal(note->out.status, 0);
    assert_string_equal(note->text, "two");
    assert_true(host_find(host, 1, HOST_USERS, key)->out.epoch > epoch);
    assert_int_equal(host_living(host, HOST_USERS, key), 1);
    host_free(host);
}

/* What is known of a key has run out: who uses it next asks anew and waits for nobody else, also
 * where many do in the same moment. */
static void test_known_for_too_long(void **state)
{
    struct host *host = host_new(3, 31);
    unsigned cursor = 0;
    const char *key = host_key_of(host, 0, &cursor);
    uint64_t tokens[5];
    (void)state;
    assert_string_equal(host_ask(host, 1, HOST_USERS, key, "one")->text, "one");
    for (unsigned round = 0; round < 3; round++) {
        sim_run(host->sim, 6 * SIM_S); /* key_ns is 5 */
        for (unsigned i = 0; i < 5; i++)
            tokens[i] = host_request(host, 1, OV_ASK, HOST_USERS, key, "two");
        sim_run(host->sim, SIM_S);
        for (unsigned i = 0; i < 5; i++) {
            const struct host_note *note = host_note(host, tokens[i]);
            assert_int_equal(note->n, 1);
            assert_int_equal(note->out.status, 0);
            assert_string_equal(note->text, "two");
        }
    }
    assert_int_equal(host_living(host, HOST_USERS, key), 1);
    host_free(host);
}

/* The owner gives the shard away and lives: who asks it is shown the next one, or asks the store,
 * and the message is handled once. */
static void test_follows_a_move(void **state)
{
    struct host *host = host_new_down(3, 12);
    uint64_t epoch;
    uint32_t shard = ov_shard_of((struct ax_span){"key", 3}, HOST_SHARDS);
    unsigned owner;
    (void)state;
    sim_start(host->sim, 0);
    sim_start(host->sim, 1);
    sim_run(host->sim, 3 * SIM_S);
    host_settle(host);
    owner = host_owner(host, HOST_USERS, shard);
    epoch = host->epochs[HOST_USERS][shard];
    (void)host_ask(host, 1 - owner, HOST_USERS, "key", "one");
    assert_int_equal(sim_in(host->sim, owner, &(struct ov_in){.kind = OV_IN_DRAIN}, NULL), 0);
    for (unsigned i = 0; i < 5; i++)
        (void)host_request(host, 1 - owner, OV_ASK, HOST_USERS, "key", "away");
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_view(host, owner).held, 0);
    host_crash(host, owner);
    host_settle(host);
    host->handled = 0;
    assert_string_equal(host_ask(host, 1 - owner, HOST_USERS, "key", "two")->text, "two");
    assert_int_equal(host->handled, 1);
    assert_true(host->epochs[HOST_USERS][shard] > epoch);
    host_free(host);
}

/* A hint of an epoch below one that is known is none: who it names is not asked. */
static void test_hint_of_a_lower_epoch(void **state)
{
    struct host *host = host_new(3, 19);
    const struct ov_cluster_counts *third = ov_cluster_counts(sim_cluster(host->sim, 2));
    unsigned cursor = 0;
    const char *key;
    uint32_t shard;
    struct ov_frame moved = {.kind = OV_MOVED};
    struct ov_node_view view;
    char third_is[OV_ID_TEXT];
    unsigned turn;
    uint64_t token, before;
    (void)state;
    host_crash(host, 0); /* so that its shards come back under a higher epoch */
    host_settle(host);
    sim_start(host->sim, 0);
    sim_run(host->sim, 20 * SIM_S);
    key = host_key_of(host, 0, &cursor);
    shard = ov_shard_of((struct ax_span){key, (uint32_t)strlen(key)}, HOST_SHARDS);
    assert_true(host->epochs[HOST_USERS][shard] > 1);
    (void)host_find(host, 1, HOST_USERS, key);
    host->mute = true;
    token = host_request(host, 1, OV_ASK, HOST_USERS, key, "one");
    sim_run(host->sim, 50 * SIM_MS);
    turn = host->nturns;
    assert_true(host_has_session(host, 1, 2, &view));
    OV_SET(&moved, request, host_note(host, token)->id);
    OV_SET(&moved, registry, ((struct ax_span){"users", 5}));
    OV_SET(&moved, shard, shard);
    OV_SET(&moved, epoch, host->epochs[HOST_USERS][shard] - 1);
    OV_SET(&moved, owner,
           ((struct ax_span){third_is, (uint32_t)ov_ident_format(&view.ident, third_is)}));
    before = third->moved;
    host_forge(host, 0, 1, &moved);
    sim_run(host->sim, SIM_S);
    assert_int_equal(third->moved, before);
    assert_true(host->nturns > turn); /* by what the store has said */
    assert_int_equal(host->turns[host->nturns - 1].node, 0);
    assert_int_equal(host_answer(host, host->nturns - 1, "two"), 0);
    sim_run(host->sim, SIM_S);
    assert_string_equal(host_note(host, token)->text, "two");
    host_free(host);
}

/* ---- answers ---- */

static struct ov_frame answer_to(const struct host *host, uint64_t token, const char *text)
{
    struct ov_frame frame = {.kind = OV_ASK, .response = true};
    OV_SET(&frame, request, host_note(host, token)->id);
    OV_SET(&frame, status, 0);
    frame.body = (struct ax_span){text, (uint32_t)strlen(text)};
    return frame;
}

/* An answer from a node that was not asked, though it has a session, is dropped. */
static void test_not_asked(void **state)
{
    struct host *host = host_new(3, 14);
    const struct ov_cluster_counts *counts = ov_cluster_counts(sim_cluster(host->sim, 1));
    struct ov_target target;
    struct ov_frame frame;
    unsigned cursor = 0;
    uint64_t token;
    (void)state;
    sim_run(host->sim, 20 * SIM_S); /* each has its part of the shards by then */
    target = host_target(host_find(host, 1, HOST_USERS, host_key_of(host, 0, &cursor)));
    host->mute = true;
    assert_int_equal(host_try(host, 1, OV_ASK, &target, "who", &token), 0);
    frame = answer_to(host, token, "me");
    host_forge(host, 2, 1, &frame);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_note(host, token)->n, 0);
    assert_int_equal(counts->late, 1);
    assert_int_equal(host_answer(host, host->nturns - 1, "the owner"), 0);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_note(host, token)->n, 1);
    assert_string_equal(host_note(host, token)->text, "the owner");
    host_forge(host, 0, 1, &frame); /* nor twice */
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_note(host, token)->n, 1);
    assert_int_equal(counts->late, 2);
    host_free(host);
}

/* The asked node comes back as the next session of the same boot: its answer is taken then, and
 * nothing that claims to be it before. */
static void test_next_session(void **state)
{
    struct host *host = host_new(2, 15);
    unsigned cursor = 0;
    const char *key = host_key_of(host, 0, &cursor);
    struct ov_target target = host_target(host_find(host, 1, HOST_USERS, key));
    struct ov_node_view view;
    struct ov_frame frame;
    uint8_t bytes[256];
    uint64_t token, session;
    uint32_t size;
    (void)state;
    assert_true(host_has_session(host, 1, 0, &view));
    session = view.ident.session;
    host->mute = true;
    assert_int_equal(host_try(host, 1, OV_ASK, &target, "who", &token), 0);
    sim_run(host->sim, 50 * SIM_MS);
    frame = answer_to(host, token, "me");
    assert_int_equal(ov_frame_encode(&frame, bytes, sizeof bytes, &size), 0);
    sim_cut_half(host->sim, 0, 1);
    sim_attack(host->sim, 1, bytes, size);
    sim_replay(host->sim, 1);
    sim_run(host->sim, 5 * SIM_MS);
    assert_int_equal(host_note(host, token)->n, 0);
    sim_run(host->sim, 3 * SIM_S);
    assert_int_equal(host_note(host, token)->n, 0);
    assert_true(host_has_session(host, 1, 0, &view));
    assert_true(view.ident.session > session);
    assert_int_equal(host_answer(host, host->nturns - 1, "the next session"), 0);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_note(host, token)->n, 1);
    assert_int_equal(host_note(host, token)->out.status, 0);
    assert_string_equal(host_note(host, token)->text, "the next session");
    host_free(host);
}

/* Another boot is another life: what was asked of the one before ends as node down, at once. */
static void test_next_boot(void **state)
{
    struct host *host = host_new(2, 16);
    unsigned cursor = 0;
    const char *key = host_key_of(host, 0, &cursor);
    struct ov_target target = host_target(host_find(host, 1, HOST_USERS, key));
    uint64_t token;
    (void)state;
    host->mute = true;
    assert_int_equal(host_try(host, 1, OV_ASK, &target, "who", &token), 0);
    sim_run(host->sim, 50 * SIM_MS);
    sim_crash(host->sim, 0, true);
    sim_start(host->sim, 0);
    host->mute = false;
    sim_run(host->sim, 3 * SIM_S);
    assert_int_equal(host_note(host, token)->n, 1);
    assert_int_equal(host_note(host, token)->out.status, AX_E_NODE_DOWN);
    assert_int_equal(host_try(host, 1, OV_ASK, &target, "who", NULL), AX_E_NODE_DOWN);
    host_free(host);
}

/* ---- what is in hand ---- */

/* A request that cannot be sent leaves nothing behind. */
static void test_failed_send(void **state)
{
    struct host *host = host_new(2, 17);
    unsigned cursor = 0;
    const char *key = host_key_of(host, 0, &cursor);
    struct ov_target target = host_target(host_find(host, 1, HOST_USERS, key));
    struct ov_request request = {.kind = OV_ASK, .target = target};
    static char body[2 * OV_FRAME_MIN_MAX];
    struct ov_in in = {.kind = OV_IN_REQUEST, .request = &request};
    uint64_t watch;
    (void)state;
    request.deadline = sim_clock(host->sim, 1) + SIM_S;
    request.body = (struct ax_span){body, sizeof body};
    assert_int_equal(sim_in(host->sim, 1, &in, NULL), AX_E_TOO_BIG);
    assert_int_equal(host_view(host, 1).requests, 0);
    host_crash(host, 0);
    sim_run(host->sim, 100 * SIM_MS);
    assert_int_equal(host_try(host, 1, OV_ASK, &target, "hello", NULL), AX_E_NODE_DOWN);
    assert_int_equal(host_try(host, 1, OV_TELL, &target, "hello", NULL), AX_E_NODE_DOWN);
    assert_int_equal(host_view(host, 1).requests, 0);
    watch = host_watch(host, 1, &target);
    assert_int_equal(host_note(host, watch)->n, 1);
    assert_int_equal(host_note(host, watch)->out.reason, AX_NODE_DOWN);
    assert_int_equal(host_view(host, 1).monitors, 0);
    host_free(host);
}

/* One that could go out, and is refused then, leaves those behind it where they are. */
static void test_refused_in_front(void **state)
{
    struct host *host = host_new(2, 17);
    struct ov_event event = {.kind = OV_ON_STUCK};
    struct ov_in in = {.kind = OV_IN_LINK, .link = &event};
    struct ov_node_view view;
    unsigned cursor = 0, turns;
    uint64_t notes[4];
    const char *key = host_key_of(host, 0, &cursor);
    (void)state;
    assert_true(ov_core_node(ov_cluster_core(sim_cluster(host->sim, 1)), sim_index(host->sim, 1, 0),
                             &view));
    event.conn = view.conn[1];
    host->still = true;
    notes[0] = host_request(host, 1, OV_TELL, HOST_USERS, key, "refused");
    notes[1] = host_request(host, 1, OV_TELL, HOST_USERS, key, "one");
    notes[2] = host_request(host, 1, OV_TELL, HOST_USERS, key, "two");
    sim_run(host->sim, SIM_S);
    assert_int_equal(sim_in(host->sim, 1, &in, NULL), 0);
    host_go_on(host, notes[0]);
    assert_int_equal(host_note(host, notes[0])->n, 1);
    assert_int_equal(host_note(host, notes[0])->out.status, AX_E_FULL);
    event.kind = OV_ON_FLOWS;
    assert_int_equal(sim_in(host->sim, 1, &in, NULL), 0);
    host->still = false;
    turns = host->nturns;
    notes[3] = host_request(host, 1, OV_TELL, HOST_USERS, key, "three");
    host_go_on(host, notes[1]);
    host_go_on(host, notes[2]);
    sim_run(host->sim, SIM_S);
    for (unsigned i = 1; i < 4; i++) {
        static const char *const texts[] = {"", "one", "two", "three"};
        assert_int_equal(host_note(host, notes[i])->out.status, 0);
        assert_string_equal(host->turns[turns + i - 1].text, texts[i]);
    }
    host_free(host);
}

/* A slow ask holds up nothing that comes behind it. */
static void test_slow_ask(void **state)
{
    struct host *host = host_new(2, 18);
    unsigned cursor = 0;
    char key[HOST_TEXT];
    struct ov_target target;
    uint64_t slow, others[4];
    (void)state;
    snprintf(key, sizeof key, "%s", host_key_of(host, 0, &cursor));
    target = host_target(host_find(host, 1, HOST_USERS, key));
    host->mute = true;
    slow = host_request(host, 1, OV_ASK, HOST_USERS, key, "slow");
    sim_run(host->sim, 20 * SIM_MS);
    host->mute = false;
    others[0] = host_request(host, 1, OV_ASK, HOST_USERS, key, "ask");
    others[1] = host_request(host, 1, OV_TELL, HOST_USERS, key, "tell");
    others[2] = host_request(host, 1, OV_ENSURE, HOST_USERS, host_key_of(host, 0, &cursor), "");
    others[3] = host_watch(host, 1, &target);
    sim_run(host->sim, 20 * SIM_MS);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(host_note(host, others[i])->n, 1);
        assert_int_equal(host_note(host, others[i])->out.status, 0);
    }
    assert_int_equal(host_note(host, slow)->n, 0);
    sim_run(host->sim, 10 * SIM_S);
    assert_int_equal(host_note(host, slow)->n, 1);
    assert_int_equal(host_note(host, slow)->out.status, AX_E_TIMEOUT);
    host->mute = true;
    assert_int_equal(host_try(host, 1, OV_ASK, &target, "slow", &slow), 0);
    sim_run(host->sim, 20 * SIM_MS);
    host_end(host, target.actor); /* who would have answered: canceled, and the monitor is told */
    sim_run(host->sim, 20 * SIM_MS);
    assert_int_equal(host_note(host, others[3])->n, 1);
    assert_int_equal(host_note(host, slow)->n, 1);
    assert_int_equal(host_note(host, slow)->out.status, AX_E_CANCELED);
    host_free(host);
}

/* Over the limit of requests a node is busy, to itself and to others; and has room for ensures. */
static void test_busy(void **state)
{
    struct host *host = host_new(3, 19);
    unsigned cursor = 0, refused = 0;
    char key[HOST_TEXT];
    struct ov_target targets[3];
    uint64_t tokens[2 * ROOM];
    (void)state;
    snprintf(key, sizeof key, "%s", host_key_of(host, 0, &cursor));
    host->mute = true;
    for (unsigned node = 1; node < 3; node++)
        targets[node] = host_target(host_find(host, node, HOST_USERS, key));
    for (unsigned i = 0; i < 2 * (ROOM - 8); i++)
        assert_int_equal(host_try(host, 1 + i % 2, OV_ASK, &targets[1 + i % 2], "slow", &tokens[i]),
                         0);
    sim_run(host->sim, 50 * SIM_MS);
    for (unsigned i = 0; i < 2 * (ROOM - 8); i++) {
        refused += host_note(host, tokens[i])->n;
        if (host_note(host, tokens[i])->n > 0)
            assert_int_equal(host_note(host, tokens[i])->out.status, AX_E_BUSY);
    }
    assert_int_equal(refused, ROOM - 16);
    const struct ov_target own = {.registry = OV_NO_REGISTRY,
                                  .node = targets[1].node,
                                  .boot = targets[1].boot,
                                  .endpoint = {"/own", 4}};
    uint64_t token;
    assert_int_equal(host_view(host, 0).served, ROOM);
    assert_int_equal(ov_cluster_counts(sim_cluster(host->sim, 0))->busy, refused);
    (void)host_find(host, 1, HOST_USERS, host_key_of(host, 0, &cursor)); /* room for ensures */
    assert_int_equal(host->spawned, 2);
    while (host_view(host, 1).requests < ROOM)
        (void)host_request(host, 1, OV_ASK, HOST_USERS, host_key_of(host, 1, &cursor), "mine");
    assert_int_equal(host_try(host, 1, OV_ASK, &targets[1], "one more", NULL), AX_E_BUSY);
    assert_int_equal(host_view(host, 1).requests, ROOM);
    /* what nodes ask of their own accord has room on both sides */
    assert_int_equal(host_try(host, 1, OV_ASK, &own, "one of the nodes", &token), 0);
    sim_run(host->sim, 50 * SIM_MS);
    assert_int_equal(host_note(host, token)->n, 1);
    assert_int_equal(host_note(host, token)->out.status, AX_E_NO_ACTOR);
    while (host_view(host, 1).requests < ROOM + ROOM_FOR_ENSURES)
        assert_int_equal(host_try(host, 1, OV_ASK, &own, "one of the nodes", NULL), 0);
    assert_int_equal(host_try(host, 1, OV_ASK, &own, "one too many", NULL), AX_E_BUSY);
    sim_run(host->sim, 11 * SIM_S);
    for (unsigned node = 0; node < 3; node++)
        assert_int_equal(host_view(host, node).requests, 0);
    host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_new_owner),
        cmocka_unit_test(test_known_for_too_long),
        cmocka_unit_test(test_follows_a_move),
        cmocka_unit_test(test_hint_of_a_lower_epoch),
        cmocka_unit_test(test_not_asked),
        cmocka_unit_test(test_next_session),
        cmocka_unit_test(test_next_boot),
        cmocka_unit_test(test_failed_send),
        cmocka_unit_test(test_refused_in_front),
        cmocka_unit_test(test_slow_ask),
        cmocka_unit_test(test_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
