/* SPDX-License-Identifier: MIT */
/* A node that has confirmed and says what makes no sense: answers to what it was not asked,
 * requests for what nobody has, ends of what does not watch. And hosts that answer by chance.
 * Others must go on as if it were not there: each of their requests and monitors ends once, their
 * session stays, and no table grows. */
#include "overlay/core/frame_shape.h"
#include "overlay/sim/sim_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

#define NODES 3u /* the first is the confused one */
#define MOST 20000u
#define ROUNDS 12000u

static const struct ov_registry registries[] = {{"users", 4}, {"solo", 1}};

static struct sim *sim;
static struct {
    unsigned node, ends;
    bool monitor;
    uint64_t id;
} things[MOST];
static unsigned nthings, sessions_lost;

static uint64_t chance(uint64_t n)
{
    return sim_random(sim, n);
}

static bool stale; /* all that hosts say */
static unsigned nensures;

static uint8_t some_status(void)
{
    if (stale)
        return AX_E_STALE;
    static const uint8_t statuses[] = {
        0, 0, 0, AX_E_NO_ACTOR, AX_E_BUSY, AX_E_STALE, AX_E_CLOSED, AX_E_LIMIT, AX_E_TIMEOUT, 255};
    return statuses[chance(sizeof statuses)];
}

/* ---- hosts ---- */

static void answer(void *of, uint64_t handle)
{
    unsigned node = *(const unsigned *)of;
    struct ov_answer done = {.handle = handle,
                             .status = some_status(),
                             .actor = chance(9),
                             .incarnation = 1,
                             .body = {"answer", (uint32_t)chance(6)}};
    (void)sim_in(sim, node, &(struct ov_in){.kind = OV_IN_ANSWER, .answer = &done}, NULL);
}

static void ended(void *of, uint64_t handle)
{
    unsigned node = *(const unsigned *)of;
    static char detail[300];
    struct ov_answer done = {.handle = handle,
                             .reason = (uint8_t)chance(AX_REASON_COUNT + 1),
                             .restart = chance(2) == 0,
                             .detail = {detail, (uint32_t)chance(sizeof detail)}};
    memset(detail, 'x', sizeof detail);
    (void)sim_in(sim, node, &(struct ov_in){.kind = OV_IN_ENDED, .answer = &done}, NULL);
}

static void stopped(void *of, uint64_t arg)
{
    struct ov_in in = {.kind = OV_IN_STOPPED,
                       .registry = (uint32_t)(arg >> 8 & 0xff),
                       .shard = (uint32_t)(arg & 0xff),
                       .epoch = arg >> 16};
    assert_int_equal(sim_in(sim, *(const unsigned *)of, &in, NULL), 0);
}

static void go_on(void *of, uint64_t id)
{
    struct ov_in in = {.kind = OV_IN_GO_ON, .id = id, .body = {"go", 2}};
    int r = sim_in(sim, *(const unsigned *)of, &in, NULL);
    assert_true(r == 0 || r == AX_E_NO_KEY);
}

static void end_thing(unsigned node, uint64_t token, bool monitor)
{
    assert_true(token < nthings && things[token].node == node);
    assert_int_equal(things[token].monitor, monitor);
    assert_int_equal(things[token].ends++, 0);
}

static void out(void *of, unsigned node, const struct ov_out *what)
{
    static const unsigned numbers[NODES] = {0, 1, 2};
    void *arg = (void *)(uintptr_t)&numbers[node];
    uint64_t later = stale ? SIM_MS : chance(30) * SIM_MS;
    nensures += what->kind == OV_OUT_ENSURE;
    (void)of;
    switch (what->kind) {
    case OV_OUT_LINK:
        if (what->link->kind == OV_TELL_DOWN && node != 0 && what->link->ident.node[0] != 'a')
            sessions_lost++;
        break;
    case OV_OUT_DRAIN:
    case OV_OUT_LOST:
        sim_later(sim, later, node, stopped, arg,
                  what->epoch << 16 | what->registry << 8 | what->shard);
        break;
    case OV_OUT_ENSURE:
    case OV_OUT_TELL:
    case OV_OUT_ASK:
        if (what->handle != 0)
            sim_later(sim, later, node, answer, arg, what->handle);
        break;
    case OV_OUT_WATCH:
        sim_later(sim, later * 10, node, ended, arg, what->handle);
        break;
    case OV_OUT_READY:
        sim_later(sim, later, node, go_on, arg, what->id);
        break;
    case OV_OUT_END:
        end_thing(node, what->token, false);
        break;
    case OV_OUT_DOWN:
        end_thing(node, what->token, true);
        break;
    default:
        break;
    }
}

static void stepped(void *of, unsigned node)
{
    struct ov_cluster_view view;
    (void)of;
    ov_cluster_look(sim_cluster(sim, node), &view);
    assert_true(view.requests <= 64 && view.ensures <= 8 && view.served <= 72 &&
                view.monitors <= 32 && view.watchers <= 32 && view.keys <= 128);
}

/* ---- what nodes do ---- */

static const char *const names[] = {"k1", "k2", "k3", "users", "solo", "other"};

static struct ax_span some_name(void)
{
    const char *name = names[chance(sizeof names / sizeof *names)];
    return (struct ax_span){name, (uint32_t)strlen(name)};
}

/* Some are beyond all that will ever be. */
static uint64_t some_epoch(void)
{
    return chance(8) > 0 ? chance(4) : UINT64_MAX - chance(3);
}

static struct ov_target some_target(unsigned node)
{
    struct ov_target target = {.registry = chance(3) > 0 ? (uint32_t)chance(2) : OV_NO_REGISTRY,
                               .shard = (uint32_t)chance(5),
                               .epoch = some_epoch()};
    unsigned to = (unsigned)chance(NODES);
    target.node = sim_index(sim, node, to);
    target.boot = chance(9) > 0 ? sim_boot(sim, to) : 5;
    if (chance(2) == 0)
        target.actor = 1 + chance(9);
    else
        target.endpoint = some_name();
    return target;
}

static void make_request(unsigned node)
{
    static const enum ov_kind kinds[] = {OV_ENSURE, OV_TELL, OV_ASK};
    struct ov_request request = {.kind = kinds[chance(3)],
                                 .token = nthings,
                                 .deadline = sim_clock(sim, node) + chance(2000) * SIM_MS,
                                 .sender = chance(2),
                                 .body = {"body", (uint32_t)chance(5)}};
    if (chance(2) == 0)
        request.target = (struct ov_target){.registry = (uint32_t)chance(2), .key = some_name()};
    else
        request.target = some_target(node);
    things[nthings].node = node;
    things[nthings].ends = 0;
    nthings++;
    if (sim_in(sim, node, &(struct ov_in){.kind = OV_IN_REQUEST, .request = &request},
               &things[request.token].id) != 0)
        things[request.token].ends = 1; /* it was refused at once */
}

static void make_monitor(unsigned node)
{
    struct ov_target target = some_target(node);
    uint64_t token = nthings++;
    things[token].node = node;
    things[token].monitor = true;
    if (sim_in(
            sim, node,
            &(struct ov_in){
                .kind = OV_IN_MONITOR, .target = &target, .token = token, .final = chance(2) == 0},
            &things[token].id) != 0)
        things[token].ends = 1;
}

/* ---- what makes no sense ---- */

/* Mostly a number that means something to somebody. */
static uint64_t some_id(void)
{
    uint64_t id = nthings > 0 ? things[chance(nthings)].id : 0;
    return chance(4) > 0 && id != 0 ? id : 1 + chance(1000);
}

static void fill(struct ov_frame *frame, unsigned node)
{
    static char session[OV_ID_TEXT];
    struct ov_ident ident = {.node = {(char)('a' + chance(NODES + 1))},
                             .boot = chance(2) == 0 ? sim_boot(sim, node) : 7,
                             .session = 1 + chance(3)};
    frame->request = some_id() | (chance(8) == 0 ? 1ull << 63 : 0);
    frame->timeout = chance(2) * chance(1000) * SIM_MS;
    frame->status = some_status();
    frame->registry = some_name();
    frame->shard = (uint32_t)chance(5);
    frame->epoch = some_epoch();
    frame->key = some_name();
    frame->actor = 1 + chance(9);
    frame->endpoint = some_name();
    frame->sender = 1;
    frame->monitor = some_id();
    frame->reason = (uint8_t)chance(256);
    frame->owner = (struct ax_span){session, (uint32_t)ov_ident_format(&ident, session)};
    frame->detail = some_name();
    frame->after = chance(2) * chance(1000);
    frame->final = chance(2) == 0;
    frame->answer = chance(2) == 0;
}

static void send_frame(unsigned to, const struct ov_frame *frame)
{
    struct ov_core *core = (struct ov_core *)(uintptr_t)ov_cluster_core(sim_cluster(sim, 0));
    static struct ov_effect list[OV_EFFECTS_MIN];
    static uint8_t bytes[OV_EFFECT_BYTES];
    struct ov_effects effects = {
        .list = list, .room = OV_EFFECTS_MIN, .bytes = bytes, .bytes_room = sizeof bytes};
    struct ov_event event = {.kind = OV_ON_SEND, .index = sim_index(sim, 0, to), .frame = frame};
    if (ov_core_step(core, sim_clock(sim, 0), &event, &effects) != 0)
        return; /* it was no frame after all, or there is no session */
    for (unsigned i = 0; i < effects.n; i++)
        sim_carry(sim, 0, &list[i]);
}

static void talk_nonsense(void)
{
    static const enum ov_kind kinds[] = {OV_ENSURE,    OV_TELL, OV_ASK,   OV_MONITOR,
                                         OV_DEMONITOR, OV_DOWN, OV_MOVED, OV_BUSY};
    unsigned to = 1 + (unsigned)chance(NODES - 1);
    struct ov_frame frame = {.kind = kinds[chance(8)], .response = chance(2) == 0};
    const struct ov_shape *shape = ov_shape_of(frame.kind, frame.response);
    if (shape == NULL || sim_index(sim, 0, to) == UINT32_MAX)
        return;
    fill(&frame, to);
    frame.has = shape->must;
    for (unsigned tag = 0; tag < OV_TAG_COUNT; tag++)
        if ((shape->may >> tag & 1) != 0 && chance(2) == 0)
            frame.has |= 1ull << tag;
    if (shape->body && chance(2) == 0)
        frame.body = (struct ax_span){"body", 4};
    send_frame(to, &frame);
}

/* ---- both ---- */

static void begin(bool tight)
{
    memset(things, 0, sizeof things);
    nthings = sessions_lost = 0;
    sim = sim_new(&(struct sim_config){.nodes = NODES,
                                       .seed = tight,
                                       .registries = registries,
                                       .nregistries = 2,
                                       .tight = tight,
                                       .host = {.out = out, .stepped = stepped}});
    sim_start_all(sim);
    sim_run(sim, 3 * SIM_S);
}

static void confuse(bool tight)
{
    const struct ov_cluster_counts *counts;
    begin(tight);
    counts = ov_cluster_counts(sim_cluster(sim, 1));
    for (unsigned round = 0; round < ROUNDS; round++) {
        talk_nonsense();
        if (round % 3 == 0)
            make_request((unsigned)chance(NODES));
        if (round % 20 == 0)
            make_monitor((unsigned)chance(NODES));
        sim_run(sim, chance(10) * SIM_MS);
    }
    assert_true(counts->late > 1000 && counts->moved > 30 && counts->unsent > 1000);
    sim_run(sim, 30 * SIM_S);
    assert_int_equal(sessions_lost, 0);
    for (unsigned i = 0; i < nthings; i++)
        if (things[i].node != 0 && !things[i].monitor)
            assert_int_equal(things[i].ends, 1);
    sim_free(sim);
}

static void test_confused(void **state)
{
    (void)state;
    confuse(false);
}

static void test_confused_and_tight(void **state)
{
    (void)state;
    confuse(true);
}

/* A host that answers at once that it is not there, though the lease is held, is not asked at once
 * again and again. */
static void test_asked_in_vain(void **state)
{
    (void)state;
    begin(false);
    stale = true;
    nensures = 0;
    for (unsigned node = 0; node < NODES; node++) {
        struct ov_request request = {.kind = OV_ASK,
                                     .token = nthings,
                                     .deadline = UINT64_MAX,
                                     .target = {.registry = 1, .key = {"k", 1}, .node = OV_HERE}};
        things[nthings++].node = node;
        assert_int_equal(
            sim_in(sim, node, &(struct ov_in){.kind = OV_IN_REQUEST, .request = &request}, NULL),
            0);
    }
    sim_run(sim, SIM_S);
    assert_in_range(nensures, 3, 40);
    sim_run(sim, 10 * SIM_S);
    for (unsigned i = 0; i < nthings; i++)
        assert_int_equal(things[i].ends, 1);
    stale = false;
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confused),
        cmocka_unit_test(test_confused_and_tight),
        cmocka_unit_test(test_asked_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
