/* SPDX-License-Identifier: MIT */
/* Cores in a network of virtual time: sessions come up once, end when they should and only then,
 * and whatever the network does, in the end each two nodes have one. */
#include "overlay/core/core_parts.h" /* which connection is being given up is not to be seen */
#include "tests/lib/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { A, B, C };

static struct net net;

static int tear_down(void **state)
{
    (void)state;
    net_deinit(&net);
    return 0;
}

/* Two nodes that have a session, and have had no other. */
static void set_up_pair(uint64_t seed)
{
    net_init(&net, 2, seed);
    net_mesh(&net);
    assert_true(net_run_until_up(&net, 5 * NET_S));
}

static void expect_one_session(void)
{
    for (unsigned i = 0; i < net.nodes; i++)
        for (unsigned j = 0; j < net.nodes; j++)
            if (i != j) {
                assert_int_equal(net.node[i].peer[j].ups, 1);
                assert_int_equal(net.node[i].peer[j].downs, 0);
                assert_true(i > j || net_joined(&net, i, j));
            }
}

/* ---- sessions come up ---- */

static void test_mesh_comes_up(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        net_init(&net, 3, seed);
        net_mesh(&net);
        assert_true(net_run_until_up(&net, NET_S));
        unsigned dials = net.node[A].dials + net.node[B].dials + net.node[C].dials;
        net_run(&net, 60 * NET_S);
        expect_one_session();
        assert_int_equal(net.node[A].dials + net.node[B].dials + net.node[C].dials, dials);
        net_deinit(&net);
    }
}

/* With both dialling at once, whatever comes first: one session, the same on both sides, and no
 * other before it. */
static void test_simultaneous_dials(void **state)
{
    uint64_t given_up = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        set_up_pair(seed);
        net_run(&net, 3 * NET_S);
        expect_one_session();
        assert_true(net.node[A].dials <= 2 && net.node[B].dials <= 2);
        given_up += ov_core_counts(net.node[A].core)->given_up;
        net_deinit(&net);
    }
    assert_true(given_up > 100); /* it was not always one dial alone */
}

/* What is said while connections are being elected comes, once, and each plane in its order. */
static void test_nothing_is_lost_by_an_election(void **state)
{
    unsigned said = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 80; seed++) {
        net_init(&net, 2, seed);
        net_mesh(&net);
        for (unsigned i = 0; i < 300; i++) {
            net_run(&net, NET_MS);
            for (unsigned from = A; from <= B; from++)
                if (net.node[from].peer[1 - from].up) {
                    assert_int_equal(net_tell(&net, from, 1 - from), 0);
                    assert_int_equal(net_demonitor(&net, from, 1 - from), 0);
                    said++;
                }
        }
        net_run(&net, NET_S);
        for (unsigned from = A; from <= B; from++) {
            assert_int_equal(net.node[1 - from].peer[from].taken,
                             net.node[from].peer[1 - from].sent);
            assert_int_equal(net.node[1 - from].peer[from].swapped, 0);
        }
        expect_one_session();
        net_deinit(&net);
    }
    assert_true(said > 20000);
}

/* The connection that A has given up and still reads; NET_PIPES: none. */
static unsigned draining_of_a(void)
{
    const struct ov_node *peer = &net.node[A].core->nodes[net.node[A].index[B]];

    for (unsigned plane = 0; net.node[A].peer[B].up && plane < OV_PLANES; plane++)
        for (unsigned i = 0; peer->draining[plane] != NULL && i < net.npipes; i++)
            for (unsigned end = 0; end < 2; end++)
                if (net.pipe[i].end[end].node == A &&
                    net.pipe[i].end[end].conn == peer->draining[plane]->id)
                    return i;
    return NET_PIPES;
}

static bool under_way_to(unsigned pipe, unsigned node)
{
    for (unsigned i = 0; i < net.nmail; i++)
        if (net.mail[i].at != 0 && net.mail[i].pipe == pipe &&
            net.pipe[pipe].end[net.mail[i].end].node == node)
            return true;
    return false;
}

/* What the peer still had to say on a connection that was given up never comes: the session is not
 * whole, and ends on both sides. */
static void test_given_up_and_lost(void **state)
{
    unsigned lost = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        unsigned pipe = NET_PIPES;
        net_init(&net, 2, seed);
        net_mesh(&net);
        for (unsigned i = 0; i < 1000 && pipe == NET_PIPES; i++) {
            net_run(&net, NET_MS);
            pipe = draining_of_a();
        }
        if (pipe != NET_PIPES && !under_way_to(pipe, A)) {
            net.pipe[pipe].lost = net.faulty = true;
            net_run(&net, 3 * NET_S); /* drain_ns is 2 s */
            assert_int_equal(net.node[A].peer[B].downs, 1);
            assert_string_equal(ov_end_text(net.node[A].peer[B].end), ov_end_text(OV_END_LOST));
            assert_int_equal(net.node[B].peer[A].downs, 1);
            net_run(&net, 20 * NET_S);
            assert_true(net_joined(&net, A, B));
            net_expect_even(&net);
            lost++;
        }
        net_deinit(&net);
    }
    assert_true(lost >= 5);
}

/* A node that does not read is sent no more data, but for what goes on control. */
static void test_stuck(void **state)
{
    struct ov_node_view view;
    struct ov_event event = {.kind = OV_ON_STUCK};

    (void)state;
    set_up_pair(1);
    assert_true(ov_core_node(net.node[A].core, net.node[A].index[B], &view));
    event.conn = view.conn[0];
    assert_int_equal(net_step(&net, A, &event), 0);
    assert_int_equal(net_tell(&net, A, B), 0);
    event.conn = view.conn[1];
    assert_int_equal(net_step(&net, A, &event), 0);
    assert_int_equal(net_tell(&net, A, B), AX_E_FULL);
    assert_int_equal(net_demonitor(&net, A, B), 0);
    assert_int_equal(net_tell(&net, B, A), 0);
    event.kind = OV_ON_FLOWS;
    assert_int_equal(net_step(&net, A, &event), 0);
    assert_int_equal(net_tell(&net, A, B), 0);
    net_run(&net, NET_S);
    net_expect_even(&net);
    assert_int_equal(net.node[B].peer[A].taken, 3);
}

/* What is said as soon as there is a session comes in the other one's as well, also where one plane
 * is far slower than the other, and whoever has dialled it. */
static void test_planes_of_different_delay(void **state)
{
    uint64_t given_up = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        net_init(&net, 2, seed);
        net.extra[seed % 2 == 0 ? OV_CONTROL : OV_DATA] = seed * 37 % 240 * NET_MS;
        net.delay_max = (1 + seed % 20) * NET_MS;
        if (seed % 3 == 0)
            net.unknown[seed % 6 == 0 ? A : B][seed % 6 == 0 ? B : A] = true;
        net_mesh(&net);
        for (unsigned i = 0; i < 3000; i++) {
            net_run(&net, NET_MS);
            for (unsigned from = A; from <= B; from++)
                if (net.node[from].peer[1 - from].up && net.node[from].peer[1 - from].sent < 600) {
                    assert_int_equal(net_demonitor(&net, from, 1 - from), 0);
                    assert_int_equal(net_tell(&net, from, 1 - from), 0);
                }
        }
        net_run(&net, NET_S);
        expect_one_session();
        for (unsigned from = A; from <= B; from++) {
            assert_int_equal(net.node[1 - from].peer[from].taken, 600);
            assert_int_equal(net.node[1 - from].peer[from].swapped, 0);
        }
        net_expect_even(&net);
        given_up += ov_core_counts(net.node[A].core)->given_up;
        net_deinit(&net);
    }
    assert_true(given_up > 20);
}

/* What a node says when it is up rides the connection that it has then: the other one may have
 * given that up since, and has to wait for nothing else. */
static void test_ready_on_what_is_given_up(void **state)
{
    struct ov_node_view view;

    (void)state;
    net_init(&net, 2, 1);
    net.delay_min = net.delay_max = 10 * NET_MS;
    net_start(&net, A);
    net_start(&net, B);
    net.extra[OV_CONTROL] = 75 * NET_MS;
    net_know(&net, B, A); /* its dial goes out so late that A is up by its own before */
    net_run(&net, 0);
    net.extra[OV_CONTROL] = 0;
    net_know(&net, A, B);
    net_run(&net, 117 * NET_MS);
    assert_false(net.node[A].peer[B].up);
    net.extra[OV_CONTROL] = 100 * NET_MS; /* of ready */
    net_run(&net, 5 * NET_MS);
    net.extra[OV_CONTROL] = 0;
    assert_true(net.node[A].peer[B].up);
    net_run(&net, 20 * NET_MS); /* B's dial is through */
    assert_true(ov_core_node(net.node[B].core, 0, &view) && view.dial == 0);
    assert_int_equal(ov_core_counts(net.node[B].core)->given_up, 1);
    assert_false(net.node[B].peer[A].up);
    net_run(&net, NET_S);
    expect_one_session();
}

/* Answers each frame that comes, many times, while the effects of its step are being done: what it
 * says, and what the others of that step say, is as it was. */
static void answer_while_told(struct net *of, unsigned node, const struct ov_effect *effect)
{
    static uint8_t bytes[2 * OV_EFFECT_BYTES];
    static char other[1024];
    struct ov_effect list[OV_EFFECTS_MIN];
    struct ov_effects effects = {
        .list = list, .room = OV_EFFECTS_MIN, .bytes = bytes, .bytes_room = sizeof bytes};
    struct ov_frame frame = effect->frame;
    struct ov_event event = {.kind = OV_ON_SEND, .index = effect->index, .frame = &frame};
    char want[9];

    snprintf(want, sizeof want, "body %03u", (unsigned)effect->frame.request);
    for (unsigned i = 0; i < 100; i++) {
        frame.body = i % 2 == 0 ? effect->frame.body : (struct ax_span){other, sizeof other};
        assert_int_equal(ov_core_step(of->node[node].core, of->now, &event, &effects), 0);
        assert_int_equal(effects.n, 1);
        assert_int_equal(effect->frame.body.len, 8);
        assert_memory_equal(effect->frame.body.ptr, want, 8);
        assert_memory_equal(effect->frame.endpoint.ptr, "door", 4);
    }
}

static void test_sends_leave_what_was_told(void **state)
{
    struct ov_frame frames[5];
    char bodies[5][9];

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        snprintf(bodies[i], sizeof bodies[i], "body %03u", i + 1);
        frames[i] = (struct ov_frame){.kind = OV_TELL, .body = {bodies[i], 8}};
        OV_SET(&frames[i], request, i + 1);
        OV_SET(&frames[i], contract, 1);
        OV_SET(&frames[i], method, 1);
        OV_SET(&frames[i], endpoint, ((struct ax_span){"door", 4}));
    }
    for (uint64_t seed = 1; seed <= 20; seed++) { /* whole records, and parts of them behind */
        set_up_pair(seed);
        net_run(&net, 100 * NET_MS);
        net.taken = answer_while_told;
        net_forge(&net, B, A, OV_DATA, frames, 5);
        net_run(&net, 25 * NET_MS);
        assert_int_equal(net.node[A].peer[B].taken, 5);
        net_deinit(&net);
    }
}

/* ---- gathered frames ---- */

static void set_up_gathering(unsigned nodes, uint32_t max_frame)
{
    net_init(&net, nodes, 5);
    for (unsigned i = 0; i < nodes; i++) {
        net.node[i].config.gather = true;
        net.node[i].self.max_frame = max_frame;
    }
    net_mesh(&net);
    assert_true(net_run_until_up(&net, 5 * NET_S));
    net_run(&net, 100 * NET_MS);
}

static uint8_t pattern[20001];

static const uint32_t pattern_sizes[] = {8, 100, 5000, 8, 3000, 3000, 9000, 8};
#define PATTERNS (sizeof pattern_sizes / sizeof *pattern_sizes)

static void is_pattern(struct net *of, unsigned node, const struct ov_effect *effect)
{
    (void)of;
    (void)node;
    assert_in_range(effect->frame.request, 1, PATTERNS);
    assert_int_equal(effect->frame.body.len, pattern_sizes[effect->frame.request - 1]);
    assert_memory_equal(effect->frame.body.ptr, pattern, effect->frame.body.len);
}

static int tell_pattern(uint32_t len)
{
    struct ov_frame frame = {.kind = OV_TELL, .body = {(const char *)pattern, len}};
    OV_SET(&frame, contract, 1);
    OV_SET(&frame, method, 1);
    OV_SET(&frame, actor, 1);
    return net_say(&net, A, B, frame);
}

/* One that is too large to be gathered goes alone, behind those before it. */
static void test_large_between_gathered(void **state)
{
    size_t room;

    (void)state;
    for (uint32_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 7 + i / 256);
    set_up_gathering(2, 20000);
    net.taken = is_pattern;
    for (unsigned i = 0; i < PATTERNS; i++)
        assert_int_equal(tell_pattern(pattern_sizes[i]), 0);
    assert_int_equal(tell_pattern(20001), AX_E_TOO_BIG);
    room = net.effects.bytes_room;
    net.effects.bytes_room = OV_EFFECT_BYTES;
    assert_int_equal(tell_pattern(15000), AX_E_LIMIT);
    net.effects.bytes_room = room;
    net_run(&net, 100 * NET_MS);
    assert_int_equal(net.node[B].peer[A].taken, PATTERNS);
    assert_int_equal(net.node[B].peer[A].swapped, 0);
    assert_true(net_joined(&net, A, B));
}

/* For more connections than there are places: they are sent, and it goes on. */
static void test_gathered_for_many(void **state)
{
    (void)state;
    set_up_gathering(NET_NODES, OV_FRAME_MIN_MAX);
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = B; i < NET_NODES; i++) {
            assert_int_equal(net_tell(&net, A, i), 0);
            assert_int_equal(net_demonitor(&net, A, i), 0);
        }
    net_run(&net, 100 * NET_MS);
    for (unsigned i = B; i < NET_NODES; i++)
        assert_int_equal(net.node[i].peer[A].taken, 6);
    net_expect_even(&net);
}

/* One that nobody has told of the other learns of it when that has confirmed. */
static void test_dialled_by_one(void **state)
{
    (void)state;
    net_init(&net, 2, 7);
    net_start(&net, A);
    net_start(&net, B);
    net_know(&net, A, B);
    assert_true(net_run_until_up(&net, NET_S));
    assert_int_equal(net.node[B].dials, 0);
    assert_int_equal(net_tell(&net, B, A), 0);
    net_cut(&net, A, B, OV_EITHER);
    net_run(&net, NET_S);
    assert_int_equal(net.node[B].dials, 0);
    assert_int_equal(net.node[B].peer[A].ups, 2);
    assert_true(net_joined(&net, A, B));
}

/* A session goes on; when it has ended nobody dials, until the peer is known again. */
static void test_forgotten(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        set_up_pair(seed);
        net_forget(&net, A, B);
        net_forget(&net, B, A);
        net_run(&net, 20 * NET_S);
        expect_one_session();
        unsigned dials = net.node[A].dials + net.node[B].dials;
        net_cut(&net, A, B, OV_EITHER);
        net_run(&net, 60 * NET_S);
        assert_int_equal(net.node[A].peer[B].downs, 1);
        assert_int_equal(net.node[A].dials + net.node[B].dials, dials);
        assert_true(ov_core_next(net.node[A].core) == UINT64_MAX);
        net_know(&net, A, B);
        assert_true(net_run_until_up(&net, 5 * NET_S));
        net_deinit(&net);
    }
}

/* Others are still dialled. */
static void test_one_of_two_forgotten(void **state)
{
    (void)state;
    net_init(&net, 3, 9);
    net_mesh(&net);
    assert_true(net_run_until_up(&net, 5 * NET_S));
    net_forget(&net, A, C);
    net_forget(&net, C, A);
    for (unsigned other = B; other <= C; other++)
        net_cut(&net, A, other, OV_EITHER);
    net_run(&net, 30 * NET_S);
    assert_true(net_joined(&net, A, B));
    assert_int_equal(net.node[A].peer[C].ups, 1);
}

static void test_forgotten_while_it_is_dialled(void **state)
{
    (void)state;
    for (unsigned hung = 0; hung <= 1; hung++) {
        net_init(&net, 2, 8);
        net_start(&net, A);
        net_start(&net, B);
        net.unknown[A][B] = hung == 0; /* then it waits for its next dial */
        net.hung[A][B] = hung == 1;
        net_know(&net, A, B);
        net_run(&net, 20 * NET_MS);
        assert_int_equal(net.node[A].dials, 1);
        net_forget(&net, A, B);
        if (hung == 1)
            assert_int_equal(net.node[A].closed, OV_END_FORGOTTEN);
        net_forget(&net, A, B); /* it is not known by now */
        net.unknown[A][B] = net.hung[A][B] = false;
        net_run(&net, 60 * NET_S);
        assert_int_equal(net.node[A].dials, 1);
        assert_int_equal(net.node[B].peer[A].ups, 0);
        net_know(&net, B, A); /* it may dial all the same */
        assert_true(net_run_until_up(&net, 5 * NET_S));
        assert_int_equal(net.node[A].dials, 1);
        net_deinit(&net);
    }
}

static void test_versions(void **state)
{
    struct ov_node_view view;

    (void)state;
    net_init(&net, 2, 3);
    net.node[A].self.version_max = 3;
    net.node[B].self.version_max = 2;
    net_mesh(&net);
    assert_true(net_run_until_up(&net, NET_S));
    assert_true(ov_core_node(net.node[A].core, net.node[A].index[B], &view));
    assert_int_equal(view.version, 2);
    net_crash(&net, B, false); /* with its connections its version is forgotten */
    net_run(&net, 100 * NET_MS);
    assert_true(ov_core_node(net.node[A].core, net.node[A].index[B], &view));
    assert_int_equal(view.version, 0);
    net.node[B].self.version_min = net.node[B].self.version_max = 4;
    net_start(&net, B);
    net_know(&net, B, A);
    net_run(&net, 20 * NET_S);
    assert_int_equal(net.node[A].peer[B].ups, 1);
    assert_true(ov_core_counts(net.node[A].core)->refused > 0);
}

/* ---- and end ---- */

static void expect_down_after(unsigned at, unsigned peer, enum ov_end end, uint64_t least,
                              uint64_t most)
{
    net_run(&net, least);
    assert_true(net.node[at].peer[peer].up);
    net_run(&net, most - least);
    assert_int_equal(net.node[at].peer[peer].downs, 1);
    assert_string_equal(ov_end_text(net.node[at].peer[peer].end), ov_end_text(end));
}

static void test_half_open_peer_is_dropped(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        set_up_pair(seed);
        net_run(&net, 10 * NET_S);
        net_crash(&net, B, true);
        net_run(&net, 2900 * NET_MS); /* the last answer was at most a beat ago */
        assert_false(net.node[A].peer[B].suspect);
        net_run(&net, 1200 * NET_MS);
        assert_true(net.node[A].peer[B].suspect);
        expect_down_after(A, B, OV_END_SILENT, 2800 * NET_MS, 4100 * NET_MS);
        net_deinit(&net);
    }
}

/* Only one direction is dead: both find out. */
static void test_one_way(void **state)
{
    (void)state;
    set_up_pair(5);
    net.lost[A][B] = true;
    net_run(&net, 9 * NET_S);
    for (unsigned i = A; i <= B; i++)
        assert_int_equal(net.node[i].peer[1 - i].downs, 1);
    net.lost[A][B] = false;
    assert_true(net_run_until_up(&net, 20 * NET_S));
}

/* A pause that is shorter than the patience ends nothing; who was suspect no longer is. */
static void test_slow_is_not_dead(void **state)
{
    (void)state;
    set_up_pair(6);
    net_run(&net, 2 * NET_S);
    net.delay_min = net.delay_max = 2600 * NET_MS; /* 5.2 s there and back */
    net_run(&net, 6 * NET_S);
    net.delay_min = net.delay_max = NET_MS;
    net_run(&net, 10 * NET_S);
    expect_one_session();
    assert_false(net.node[A].peer[B].suspect);
}

static void test_cut(void **state)
{
    static const enum ov_plane planes[] = {OV_EITHER, OV_CONTROL, OV_DATA};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        set_up_pair(10 + i);
        net_cut(&net, A, B, planes[i]);
        net_run(&net, 60 * NET_MS);
        for (unsigned k = A; k <= B; k++) {
            assert_int_equal(net.node[k].peer[1 - k].downs, 1);
            assert_int_equal(net.node[k].peer[1 - k].end, OV_END_LOST);
        }
        assert_true(net_run_until_up(&net, 3 * NET_S));
        net_run(&net, 20 * NET_S);
        assert_int_equal(net.node[A].peer[B].ups, 2);
        assert_int_equal(net.node[B].peer[A].ups, 2);
        net_deinit(&net);
    }
}

static void expect_settled(unsigned most_downs)
{
    unsigned downs = 0, later = 0;

    net_run(&net, 20 * NET_S);
    assert_true(net_joined(&net, A, B));
    for (unsigned i = A; i <= B; i++) {
        assert_in_range(net.node[i].peer[1 - i].downs, 1, most_downs);
        downs += net.node[i].peer[1 - i].downs;
    }
    net_expect_even(&net);
    net_run(&net, 60 * NET_S);
    for (unsigned i = A; i <= B; i++)
        later += net.node[i].peer[1 - i].downs;
    assert_int_equal(later, downs);
}

static void talk(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        net_run(&net, 7 * NET_MS);
        for (unsigned from = A; from <= B; from++)
            if (net.node[from].peer[1 - from].up)
                assert_int_equal(i % 2 == 0 ? net_tell(&net, from, 1 - from)
                                            : net_demonitor(&net, from, 1 - from),
                                 0);
    }
}

/* One side knows that its connections are gone, and comes back before the other does, which has
 * lost what was under way, and elects. Whoever has dialled the ones before, and whenever the other
 * hears of it: both tell that the session is over, so that nobody counts on what has not come. */
static void lose_one_side(uint64_t seed, uint64_t told_ns)
{
    unsigned loser = seed & 1, dialler = seed >> 1 & 1;

    net_init(&net, 2, seed);
    net.unknown[1 - dialler][dialler] = true;
    net_mesh(&net);
    assert_true(net_run_until_up(&net, NET_S));
    net.unknown[1 - dialler][dialler] = false;
    talk(10);
    net_lose(&net, loser, 1 - loser, told_ns);
    assert_false(net.node[loser].peer[1 - loser].up);
    talk(400);
    expect_settled(1);
    net_deinit(&net);
}

static void test_lost_on_one_side(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 48; seed++) {
        lose_one_side(seed, seed * 31 % 100 * NET_MS);
        lose_one_side(seed, seed * 31 % 40 * 100 * NET_MS);
        lose_one_side(seed, UINT64_MAX);
    }
}

/* While two are about to come up, one of them loses a third, and so begins another session. */
static void test_session_rises_meanwhile(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        net_init(&net, 3, seed);
        net_start(&net, A);
        net_start(&net, C);
        net_know(&net, A, C);
        net_run(&net, NET_S);
        net_start(&net, B);
        net_know(&net, A, B);
        net_run(&net, seed % 7 * 5 * NET_MS);
        net_cut(&net, A, C, OV_EITHER);
        net_run(&net, seed % 5 * 5 * NET_MS);
        net_know(&net, B, A);
        net_know(&net, B, C);
        assert_true(net_run_until_up(&net, 20 * NET_S));
        net_run(&net, 20 * NET_S);
        assert_true(net_joined(&net, A, B));
        net_deinit(&net);
    }
}

/* A dial that its node has given up, and that gets through after the next one: nobody waits for
 * what comes on it. */
static void test_late_dial(void **state)
{
    (void)state;
    net_init(&net, 2, 1);
    net.delay_min = net.delay_max = 10 * NET_MS;
    net.node[B].config.patience_ns = 5 * NET_S;
    net_start(&net, A);
    net_start(&net, B);
    net_know(&net, A, B);
    net_run(&net, 35 * NET_MS);
    net.extra[OV_CONTROL] = 2500 * NET_MS; /* of its hello, and that alone */
    net_run(&net, 10 * NET_MS);
    net.extra[OV_CONTROL] = 0;
    net_run(&net, 2300 * NET_MS);
    assert_int_equal(net.node[A].closed, OV_END_LATE);
    assert_true(net.node[A].peer[B].up && net.node[B].peer[A].up);
    assert_int_equal(net_open(&net, A, B), 3);
    net_run(&net, 20 * NET_S);
    expect_one_session();
    assert_int_equal(ov_core_counts(net.node[B].core)->obsolete, 1);
}

/* Its connections seem alive yet when a new life of a node confirms. */
static void test_reboot_rotates(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++) {
        set_up_pair(seed);
        net_run(&net, 3 * NET_S);
        uint64_t before = net.node[B].self.ident.boot;
        net_crash(&net, B, true);
        net_start(&net, B);
        net_know(&net, B, A);
        assert_true(net_run_until_up(&net, NET_S));
        const struct net_peer *peer = &net.node[A].peer[B];
        assert_int_equal(peer->ups, 2);
        assert_int_equal(peer->downs, 1);
        assert_string_equal(ov_end_text(peer->end), ov_end_text(OV_END_BOOT));
        assert_true(peer->ident.boot == net.node[B].self.ident.boot && peer->ident.boot != before);
        net_deinit(&net);
    }
}

static void test_goodbye(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        set_up_pair(seed);
        net_run(&net, 3 * NET_S);
        net_leave(&net, B);
        assert_int_equal(net.node[B].peer[A].end, OV_END_LEFT);
        assert_false(net.node[B].peer[A].up);
        net_run(&net, 21 * NET_MS);
        assert_string_equal(ov_end_text(net.node[A].peer[B].end), ov_end_text(OV_END_GOODBYE));
        assert_int_equal(net.node[A].peer[B].downs, 1);
        net_run(&net, 20 * NET_S);
        assert_int_equal(net.node[A].peer[B].ups, 1);
        assert_true(net.node[B].turned_away > 0); /* A does not give up; B stays away */
        assert_true(ov_core_next(net.node[B].core) == UINT64_MAX);
        assert_int_equal(net_step(&net, B, &(struct ov_event){.kind = OV_ON_KNOW, .node = "c"}),
                         AX_E_SHUTTING_DOWN);
        net_deinit(&net);
    }
}

/* ---- who is nobody ---- */

static void test_wrong_token_has_no_effect(void **state)
{
    struct ov_node_view view;

    (void)state;
    net_init(&net, 2, 9);
    net.node[B].self.psks[0][31] ^= 1;
    net_start(&net, A);
    net_start(&net, B);
    net_know(&net, B, A);
    net_run(&net, 60 * NET_S);
    for (uint32_t i = 0; i < NET_NODES; i++)
        assert_false(ov_core_node(net.node[A].core, i, &view));
    assert_int_equal(net.node[B].peer[A].ups, 0);
    assert_true(ov_core_counts(net.node[A].core)->refused >= 10);
    assert_true(net.node[B].dials >= 10 && net.node[B].dials < 40); /* it backs off */
    assert_int_equal(net_open(&net, A, B), 0);
    assert_int_equal(ov_core_gate(net.node[A].core)->held, 0);
}

/* A dial that nobody answers is the only one until its time is up. */
static void test_one_dial_in_flight(void **state)
{
    (void)state;
    net_init(&net, 2, 4);
    net_start(&net, A);
    net_start(&net, B);
    net.lost[A][B] = true;
    net_know(&net, A, B);
    net_run(&net, 1999 * NET_MS);
    assert_int_equal(net.node[A].dials, 1);
    net_run(&net, 200 * NET_MS);
    assert_int_equal(net.node[A].dials, 2);
    assert_int_equal(net.node[A].closed, OV_END_LATE);
    assert_int_equal(ov_core_counts(net.node[A].core)->late, 1);
}

/* What becomes of one more: its number, and whether another one had to make room. */
static uint64_t accept_one(uint8_t address, uint8_t chance, bool *put_out)
{
    struct ov_effect list[OV_EFFECTS_MIN];
    uint8_t bytes[OV_EFFECT_BYTES], key[OV_KEY] = {chance};
    struct ov_effects effects = {
        .list = list, .room = OV_EFFECTS_MIN, .bytes = bytes, .bytes_room = sizeof bytes};
    struct ov_address from = {.bytes = {[10] = 0xff, 0xff, 10, 0, 1, address}};
    struct ov_event event = {.kind = OV_ON_ACCEPTED, .address = &from, .chance = key};
    assert_int_equal(ov_core_step(net.node[A].core, net.now, &event, &effects), 0);
    *put_out = effects.n == 2 && list[0].kind == OV_DO_CLOSE && list[0].end == OV_END_PUT_OUT;
    assert_int_equal(effects.n, 1 + *put_out);
    return list[*put_out].kind == OV_DO_ACCEPT ? list[*put_out].conn : 0;
}

/* Runs all that is due by then; the connections that are closed by it. */
static unsigned time_passes(uint64_t ns, enum ov_end end)
{
    struct ov_effect list[OV_EFFECTS_MIN];
    uint8_t bytes[OV_EFFECT_BYTES];
    struct ov_effects effects = {
        .list = list, .room = OV_EFFECTS_MIN, .bytes = bytes, .bytes_room = sizeof bytes};
    unsigned closed = 0;

    net.now += ns;
    do {
        struct ov_event event = {.kind = OV_ON_TIMER};
        assert_int_equal(ov_core_step(net.node[A].core, net.now, &event, &effects), 0);
        for (unsigned i = 0; i < effects.n; i++)
            closed += list[i].kind == OV_DO_CLOSE && list[i].end == end;
    } while (effects.more);
    return closed;
}

/* Connections that say nothing, as many as there are: they take the gate's places and no more, not
 * for long, and the next one has a place all the same. */
static void test_flood(void **state)
{
    unsigned taken = 0, gone = 0;
    bool put_out;

    (void)state;
    net_init(&net, 2, 2);
    net_start(&net, A);
    for (unsigned i = 0; i < 1000; i++) {
        taken += accept_one((uint8_t)i, (uint8_t)i, &put_out) != 0;
        gone += put_out;
    }
    assert_int_equal(taken, 1000);
    assert_int_equal(gone, 1000 - OV_GATE_PLACES);
    assert_int_equal(ov_core_gate(net.node[A].core)->held, OV_GATE_PLACES);
    assert_int_equal(ov_core_next(net.node[A].core), net.now + 2 * NET_S);
    assert_int_equal(time_passes(2 * NET_S, OV_END_LATE), OV_GATE_PLACES);
    assert_true(ov_core_next(net.node[A].core) == UINT64_MAX);
    for (unsigned i = 0; i < 10; i++)
        assert_true((accept_one(1, (uint8_t)i, &put_out) != 0) == (i < OV_GATE_OF_ONE));
    assert_int_equal(ov_core_gate(net.node[A].core)->held, OV_GATE_OF_ONE);
}

/* What is said of connections that have ended, or never were, changes nothing. */
static void test_stale_events(void **state)
{
    static const uint64_t never[] = {0, 1, UINT64_MAX, 1ull << 32, 5ull << 32 | 3};
    struct ov_event event = {.bytes = "abc", .len = 3, .chance = (const uint8_t[OV_KEY]){0}};
    bool put_out;

    (void)state;
    set_up_pair(8);
    uint64_t gone = accept_one(1, 1, &put_out);
    assert_int_equal(time_passes(2 * NET_S, OV_END_LATE), 1);
    uint64_t again = accept_one(1, 1, &put_out); /* in the same place, by another number */
    assert_true(again != gone && (uint32_t)again == (uint32_t)gone);
    for (unsigned i = 0; i < sizeof never / sizeof *never + 1; i++)
        for (unsigned kind = OV_ON_CONNECTED; kind <= OV_ON_CLOSED; kind++) {
            event.kind = kind;
            event.conn = i == 0 ? gone : never[i - 1];
            uint64_t before = ov_core_counts(net.node[A].core)->stale;
            event.len = kind == OV_ON_RECEIVED ? 3 : 0;
            assert_int_equal(net_step(&net, A, &event), 0);
            assert_int_equal(net.effects.n, 0);
            assert_int_equal(ov_core_counts(net.node[A].core)->stale, before + 1);
        }
    assert_int_equal(ov_core_gate(net.node[A].core)->held, 1);
}

/* ---- limits ---- */

static void test_no_room_for_a_node(void **state)
{
    struct ov_event event = {.kind = OV_ON_KNOW, .node = "z"};

    (void)state;
    net_init(&net, 3, 12);
    net.node[A].config.nodes_max = 1;
    for (unsigned i = A; i <= C; i++)
        net_start(&net, i);
    net_know(&net, B, A);
    assert_true(!net_run_until_up(&net, NET_S) && net_joined(&net, A, B));
    net_know(&net, C, A);
    net_run(&net, 10 * NET_S);
    assert_int_equal(net.node[C].peer[A].ups, 0);
    assert_true(ov_core_counts(net.node[A].core)->no_room > 0);
    assert_int_equal(net_step(&net, A, &event), AX_E_LIMIT);
    assert_int_equal(net.node[A].peer[B].downs, 0);
    net_crash(&net, B, false); /* it was not asked for: its place is free when it has gone */
    net_run(&net, 10 * NET_S);
    assert_true(net_joined(&net, A, C));
    net_crash(&net, C, false);
    net_run(&net, 10 * NET_S);
    assert_int_equal(net_step(&net, A, &event), 0);
    event.node = "y";
    assert_int_equal(net_step(&net, A, &event), AX_E_LIMIT);
    event.kind = OV_ON_FORGET;
    event.node = "z";
    assert_int_equal(net_step(&net, A, &event), 0);
    event = (struct ov_event){.kind = OV_ON_KNOW, .node = "y"};
    assert_int_equal(net_step(&net, A, &event), 0);
}

/* The least room for effects is enough for the same. */
static void test_least_room(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 25; seed++) {
        net_init(&net, 3, seed);
        net.effects_room = OV_EFFECTS_MIN;
        net.effects.bytes_room = OV_EFFECT_BYTES;
        net_mesh(&net);
        assert_true(net_run_until_up(&net, NET_S));
        net_run(&net, 5 * NET_S);
        expect_one_session();
        for (unsigned i = 0; i < 100; i++)
            assert_int_equal(net_tell(&net, A, B), 0);
        net_run(&net, NET_S);
        assert_int_equal(net.node[B].peer[A].taken, 100);
        net_deinit(&net);
    }
}

static void test_refused_calls(void **state)
{
    struct ov_core *core;
    struct ov_frame frame = {.kind = OV_HEARTBEAT};
    struct ov_event event = {.kind = OV_ON_KNOW, .node = "a"};
    struct ov_core_config config;
    struct ov_effects few;
    void *memory = malloc(64);

    (void)state;
    set_up_pair(1);
    config = net.node[A].config;
    assert_int_equal(ov_core_init(&core, memory, 64, &config), AX_E_INVALID);
    config.dead_ns = config.suspect_ns;
    assert_int_equal(ov_core_size(&config), 0);
    assert_int_equal(ov_core_init(&core, memory, 64, &config), AX_E_INVALID);
    free(memory);
    assert_int_equal(net_step(&net, A, &event), AX_E_INVALID); /* itself */
    event.node = "b@boot-1-session-1";
    assert_int_equal(net_step(&net, A, &event), AX_E_INVALID);
    OV_SET(&frame, sequence, 1);
    event = (struct ov_event){.kind = OV_ON_SEND, .frame = &frame, .index = net.node[A].index[B]};
    assert_int_equal(net_step(&net, A, &event), AX_E_INVALID); /* the core's own */
    frame = (struct ov_frame){.kind = OV_READY};
    assert_int_equal(net_step(&net, A, &event), AX_E_INVALID);
    frame = (struct ov_frame){.kind = OV_GOODBYE};
    assert_int_equal(net_step(&net, A, &event), AX_E_INVALID);
    few = (struct ov_effects){
        .list = net.effects.list, .room = OV_EFFECTS_MIN, .bytes_room = OV_EFFECT_BYTES - 1};
    assert_int_equal(ov_core_step(net.node[A].core, 0, &event, &few), AX_E_LIMIT);
    event.index = NET_NODES;
    assert_int_equal(net_step(&net, A, &event), AX_E_NODE_DOWN);
    net.effects_room = OV_EFFECTS_MIN - 1;
    assert_int_equal(net_step(&net, A, &event), AX_E_LIMIT);
    net.effects_room = OV_EFFECTS_MIN;
    net_cut(&net, A, B, OV_DATA);
    net_run(&net, 30 * NET_MS);
    assert_int_equal(net_tell(&net, A, B), AX_E_NODE_DOWN);
}

/* Nothing of the token, of keys, or of what was said is left. */
static void test_wiped(void **state)
{
    (void)state;
    set_up_pair(1);
    net_expect_wiped(&net, A);
}

/* ---- all at once ---- */

static void disturb(uint64_t chance)
{
    unsigned a = chance % 3, b = (a + 1 + chance / 3 % 2) % 3;
    switch (chance / 6 % 9) {
    case 0:
    case 1:
        net_cut(&net, a, b, chance / 64 % 3);
        break;
    case 8:
        net_lose(&net, a, b, chance / 64 % 2 == 0 ? UINT64_MAX : chance / 128 % (3 * NET_S));
        break;
    case 2:
        if (net.node[a].alive)
            net_crash(&net, a, chance / 64 % 2);
        break;
    case 3:
    case 4:
        if (!net.node[a].alive) {
            net_start(&net, a);
            net_know(&net, a, b);
            net_know(&net, a, 3 - a - b);
        }
        break;
    case 5:
        net.lost[a][b] = !net.lost[a][b];
        break;
    case 6:
        net.unknown[a][b] = !net.unknown[a][b];
        break;
    default:
        if (net.node[a].alive && net.node[a].peer[b].up)
            (void)(chance / 64 % 2 == 0 ? net_tell : net_demonitor)(&net, a, b);
    }
}

static void heal(void)
{
    memset(net.lost, 0, sizeof net.lost);
    memset(net.unknown, 0, sizeof net.unknown);
    for (unsigned i = A; i <= C; i++)
        if (!net.node[i].alive) {
            net_start(&net, i);
            for (unsigned j = A; j <= C; j++)
                if (i != j)
                    net_know(&net, i, j);
        }
}

/* Cuts, also those that one side sees, crashes, losses one way and dials refused at random: once
 * they stop, each two nodes have one session, and it stays. */
static void test_random_faults(void **state)
{
    uint64_t chance;

    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        net_init(&net, 3, seed);
        net_mesh(&net);
        chance = seed * 7919;
        for (unsigned i = 0; i < 60; i++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            net_run(&net, (chance >> 20) % (700 * NET_MS));
            disturb(chance >> 33);
        }
        heal();
        net_run(&net, 30 * NET_S);
        unsigned downs = 0, later = 0;
        for (unsigned i = A; i <= C; i++)
            for (unsigned j = A; j <= C; j++)
                if (i != j) {
                    downs += net.node[i].peer[j].downs;
                    assert_true(i > j || net_joined(&net, i, j));
                }
        net_expect_even(&net);
        net_run(&net, 60 * NET_S);
        for (unsigned i = A; i <= C; i++)
            for (unsigned j = A; j <= C; j++)
                later += i != j ? net.node[i].peer[j].downs : 0;
        assert_int_equal(downs, later);
        net_deinit(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_mesh_comes_up, tear_down),
        cmocka_unit_test_teardown(test_simultaneous_dials, tear_down),
        cmocka_unit_test_teardown(test_nothing_is_lost_by_an_election, tear_down),
        cmocka_unit_test_teardown(test_given_up_and_lost, tear_down),
        cmocka_unit_test_teardown(test_stuck, tear_down),
        cmocka_unit_test_teardown(test_planes_of_different_delay, tear_down),
        cmocka_unit_test_teardown(test_ready_on_what_is_given_up, tear_down),
        cmocka_unit_test_teardown(test_sends_leave_what_was_told, tear_down),
        cmocka_unit_test_teardown(test_large_between_gathered, tear_down),
        cmocka_unit_test_teardown(test_gathered_for_many, tear_down),
        cmocka_unit_test_teardown(test_dialled_by_one, tear_down),
        cmocka_unit_test_teardown(test_forgotten, tear_down),
        cmocka_unit_test_teardown(test_one_of_two_forgotten, tear_down),
        cmocka_unit_test_teardown(test_forgotten_while_it_is_dialled, tear_down),
        cmocka_unit_test_teardown(test_versions, tear_down),
        cmocka_unit_test_teardown(test_half_open_peer_is_dropped, tear_down),
        cmocka_unit_test_teardown(test_one_way, tear_down),
        cmocka_unit_test_teardown(test_slow_is_not_dead, tear_down),
        cmocka_unit_test_teardown(test_cut, tear_down),
        cmocka_unit_test_teardown(test_lost_on_one_side, tear_down),
        cmocka_unit_test_teardown(test_session_rises_meanwhile, tear_down),
        cmocka_unit_test_teardown(test_late_dial, tear_down),
        cmocka_unit_test_teardown(test_reboot_rotates, tear_down),
        cmocka_unit_test_teardown(test_goodbye, tear_down),
        cmocka_unit_test_teardown(test_wrong_token_has_no_effect, tear_down),
        cmocka_unit_test_teardown(test_one_dial_in_flight, tear_down),
        cmocka_unit_test_teardown(test_flood, tear_down),
        cmocka_unit_test_teardown(test_stale_events, tear_down),
        cmocka_unit_test_teardown(test_no_room_for_a_node, tear_down),
        cmocka_unit_test_teardown(test_least_room, tear_down),
        cmocka_unit_test_teardown(test_refused_calls, tear_down),
        cmocka_unit_test_teardown(test_wiped, tear_down),
        cmocka_unit_test_teardown(test_random_faults, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
