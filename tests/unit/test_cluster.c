/* SPDX-License-Identifier: MIT */
/* What a cluster of one node, and the core below it, refuse: configs, events and ids that are none.
 * What they do is what the tests in virtual time are about. */
#include "overlay/core/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ax/actor.h>

static const struct ov_self self = {.ident = {.node = "a", .boot = 1, .session = 1},
                                    .version_min = 1,
                                    .version_max = 1,
                                    .max_frame = OV_FRAME_MIN_MAX,
                                    .pattern = OV_PATTERN_NONE};

static struct ov_registry registries[1];

static struct ov_cluster_config good(void)
{
    registries[0] = (struct ov_registry){"users", 4};
    return (struct ov_cluster_config){.core = {.self = &self,
                                               .nodes_max = 2,
                                               .dial_ns = 1,
                                               .patience_ns = 1,
                                               .retry_min_ns = 1,
                                               .retry_max_ns = 1,
                                               .beat_ns = 1,
                                               .suspect_ns = 2,
                                               .dead_ns = 3,
                                               .drain_ns = 1},
                                      .registries = registries,
                                      .nregistries = 1,
                                      .ttl_ns = 10,
                                      .margin_ns = 1,
                                      .answer_ns = 1,
                                      .round_ns = 1,
                                      .owner_ns = 1,
                                      .key_ns = 1,
                                      .resolve_ns = 1,
                                      .give_up_ns = 1,
                                      .retry_ns = 1,
                                      .requests = 2,
                                      .ensures = 1,
                                      .keys = 4,
                                      .monitors = 1};
}

static void refused(const struct ov_cluster_config *config)
{
    static _Alignas(16) uint8_t memory[1 << 20];
    struct ov_cluster *cluster;
    assert_int_equal(ov_cluster_size(config), 0);
    assert_int_equal(ov_cluster_init(&cluster, memory, sizeof memory, config), AX_E_INVALID);
}

#define REFUSED(field, value)                                                                      \
    do {                                                                                           \
        struct ov_cluster_config config_ = good();                                                 \
        assert_true(ov_cluster_size(&config_) > 0);                                                \
        config_.field = (value);                                                                   \
        refused(&config_);                                                                         \
    } while (0)

static void test_config(void **state)
{
    (void)state;
    REFUSED(nregistries, OV_REGISTRIES_MAX + 1);
    REFUSED(ttl_ns, 0);
    REFUSED(margin_ns, 5);
    REFUSED(answer_ns, 0);
    REFUSED(round_ns, 0);
    REFUSED(owner_ns, 0);
    REFUSED(key_ns, 0);
    REFUSED(resolve_ns, 0);
    REFUSED(give_up_ns, 0);
    REFUSED(retry_ns, 0);
    REFUSED(requests, 0);
    REFUSED(requests, UINT32_MAX);
    REFUSED(ensures, 0);
    REFUSED(ensures, UINT32_MAX);
    REFUSED(monitors, 0);
    REFUSED(monitors, UINT32_MAX);
    REFUSED(keys, 3);
    REFUSED(keys, UINT32_MAX);
}

static void test_core_config(void **state)
{
    (void)state;
    REFUSED(core.nodes_max, 0);
    REFUSED(core.nodes_max, OV_NODES_MAX + 1);
    REFUSED(core.dial_ns, 0);
    REFUSED(core.patience_ns, 0);
    REFUSED(core.retry_min_ns, 0);
    REFUSED(core.retry_max_ns, 0);
    REFUSED(core.beat_ns, 0);
    REFUSED(core.suspect_ns, 1);
    REFUSED(core.dead_ns, 2);
    REFUSED(core.drain_ns, 0);
}

static void test_registries(void **state)
{
    static char longest[OV_REGISTRY_MAX + 2];
    const struct ov_registry wrong[] = {{NULL, 1},   {"", 1},  {longest, 1},
                                        {"\xff", 1}, {"x", 0}, {"x", OV_SHARDS_MOST + 1}};
    (void)state;
    memset(longest, 'x', OV_REGISTRY_MAX + 1);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ov_cluster_config config = good();
        registries[0] = wrong[i];
        refused(&config);
    }
}

#define WRONG_SELF(field, value)                                                                   \
    do {                                                                                           \
        struct ov_self self_ = self;                                                               \
        struct ov_cluster_config config_ = good();                                                 \
        config_.core.self = &self_;                                                                \
        assert_true(ov_cluster_size(&config_) > 0);                                                \
        self_.field = (value);                                                                     \
        refused(&config_);                                                                         \
    } while (0)

static void test_self(void **state)
{
    (void)state;
    WRONG_SELF(ident.node[0], 0);
    WRONG_SELF(ident.boot, 0);
    WRONG_SELF(ident.session, 0);
    WRONG_SELF(version_min, 0);
    WRONG_SELF(version_max, 0);
    WRONG_SELF(max_frame, OV_FRAME_MIN_MAX - 1);
    WRONG_SELF(max_frame, OV_FRAME_MAX + 1);
    WRONG_SELF(ntokens, OV_TOKENS_MAX + 1);
    WRONG_SELF(pattern, OV_PATTERN_NNPSK0); /* without a token */
}

/* ---- a node alone ---- */

struct alone {
    struct ov_cluster *cluster;
    void *memory;
    struct ov_outs outs;
    struct ov_out list[OV_OUTS_MIN];
    uint8_t bytes[OV_OUT_BYTES];
};

static struct alone *begin(void)
{
    struct alone *alone = calloc(1, sizeof *alone);
    struct ov_cluster_config config = good();
    size_t size = ov_cluster_size(&config);
    assert_non_null(alone);
    alone->memory = malloc(size);
    assert_non_null(alone->memory);
    assert_int_equal(ov_cluster_init(&alone->cluster, alone->memory, size - 1, &config),
                     AX_E_INVALID);
    assert_int_equal(ov_cluster_init(&alone->cluster, alone->memory, size, &config), 0);
    alone->outs = (struct ov_outs){.list = alone->list,
                                   .room = OV_OUTS_MIN,
                                   .bytes = alone->bytes,
                                   .bytes_room = sizeof alone->bytes};
    return alone;
}

static void end(struct alone *alone)
{
    ov_cluster_deinit(alone->cluster);
    free(alone->memory);
    free(alone);
}

static int step(struct alone *alone, const struct ov_in *in)
{
    return ov_cluster_step(alone->cluster, 1, in, &alone->outs);
}

static int on_link(struct alone *alone, const struct ov_event *event)
{
    return step(alone, &(struct ov_in){.kind = OV_IN_LINK, .link = event});
}

static void test_room(void **state)
{
    struct alone *alone = begin();
    (void)state;
    alone->outs.room--;
    assert_int_equal(step(alone, &(struct ov_in){.kind = OV_IN_TIMER}), AX_E_LIMIT);
    alone->outs.room++;
    alone->outs.bytes_room--;
    assert_int_equal(step(alone, &(struct ov_in){.kind = OV_IN_TIMER}), AX_E_LIMIT);
    alone->outs.bytes_room++;
    assert_int_equal(step(alone, &(struct ov_in){.kind = OV_IN_TIMER}), 0);
    end(alone);
}

static void test_links(void **state)
{
    struct alone *alone = begin();
    uint8_t chance[OV_KEY] = {0};
    (void)state;
    assert_int_equal(on_link(alone, &(struct ov_event){.kind = OV_ON_TIMER}), AX_E_INVALID);
    assert_int_equal(on_link(alone, &(struct ov_event){.kind = OV_ON_SEND}), AX_E_INVALID);
    assert_int_equal(on_link(alone, &(struct ov_event){.kind = OV_ON_KNOW, .node = "a"}),
                     AX_E_INVALID);
    assert_int_equal(on_link(alone, &(struct ov_event){.kind = OV_ON_KNOW, .node = ""}),
                     AX_E_INVALID);
    assert_int_equal(on_link(alone, &(struct ov_event){.kind = OV_ON_KNOW, .node = "b"}), 0);
    assert_int_equal(on_link(alone, &(struct ov_event){.kind = OV_ON_KNOW, .node = "b"}), 0);
    assert_int_equal(on_link(alone, &(struct ov_event){.kind = OV_ON_KNOW, .node = "c"}), 0);
    assert_int_equal(on_link(alone, &(struct ov_event){.kind = OV_ON_KNOW, .node = "d"}),
                     AX_E_LIMIT);
    assert_int_equal(
        on_link(alone, &(struct ov_event){.kind = OV_ON_CONNECTED, .conn = 99, .chance = chance}),
        0);
    assert_int_equal(ov_core_counts(ov_cluster_core(alone->cluster))->stale, 1);
    end(alone);
}

/* What arrives on a connection that is still being dialled is of none. */
static void test_too_early(void **state)
{
    struct alone *alone = begin();
    uint8_t chance[OV_KEY] = {0};
    uint64_t conn = 0;
    (void)state;
    assert_int_equal(on_link(alone, &(struct ov_event){.kind = OV_ON_KNOW, .node = "b"}), 0);
    assert_int_equal(step(alone, &(struct ov_in){.kind = OV_IN_TIMER}), 0);
    for (unsigned i = 0; i < alone->outs.n; i++)
        if (alone->list[i].kind == OV_OUT_LINK && alone->list[i].link->kind == OV_DO_DIAL)
            conn = alone->list[i].link->conn;
    assert_int_not_equal(conn, 0);
    assert_int_equal(
        on_link(alone,
                &(struct ov_event){.kind = OV_ON_RECEIVED, .conn = conn, .bytes = "x", .len = 1}),
        0);
    assert_int_equal(alone->outs.used, 1);
    assert_int_equal(ov_core_counts(ov_cluster_core(alone->cluster))->stale, 1);
    assert_int_equal(
        on_link(alone, &(struct ov_event){.kind = OV_ON_CONNECTED, .conn = conn, .chance = chance}),
        0);
    assert_int_equal(
        on_link(alone, &(struct ov_event){.kind = OV_ON_CONNECTED, .conn = conn, .chance = chance}),
        0);
    assert_int_equal(ov_core_counts(ov_cluster_core(alone->cluster))->stale, 2);
    end(alone);
}

static void test_ids(void **state)
{
    static const enum ov_in_kind by_id[] = {OV_IN_GO_ON, OV_IN_CANCEL, OV_IN_DEMONITOR};
    static const enum ov_in_kind by_handle[] = {OV_IN_ANSWER, OV_IN_ENDED};
    struct alone *alone = begin();
    (void)state;
    for (unsigned i = 0; i < sizeof by_id / sizeof *by_id; i++)
        assert_int_equal(step(alone, &(struct ov_in){.kind = by_id[i], .id = 5}), AX_E_NO_KEY);
    for (unsigned i = 0; i < sizeof by_handle / sizeof *by_handle; i++)
        assert_int_equal(step(alone, &(struct ov_in){.kind = by_handle[i],
                                                     .answer = &(struct ov_answer){.handle = 5}}),
                         AX_E_NO_KEY);
    for (uint64_t number = 0; number < (uint64_t)4 * OV_REGISTRIES_MAX; number++)
        assert_int_equal(
            step(alone, &(struct ov_in){.kind = OV_IN_STORE,
                                        .store = &(struct ov_store_answer){.number = number}}),
            number % ((uint64_t)2 * OV_REGISTRIES_MAX) < 2 ? 0 : AX_E_NO_KEY);
    uint32_t registry, shard;
    const uint64_t askers = (uint64_t)2 * OV_REGISTRIES_MAX;
    assert_true(ov_cluster_asked(alone->cluster, 0, &registry, &shard));
    assert_false(ov_cluster_asked(alone->cluster, 2, &registry, &shard));
    assert_false(
        ov_cluster_asked(alone->cluster, askers * (OV_SHARDS_MOST - 1), &registry, &shard));
    assert_int_equal(step(alone, &(struct ov_in){.kind = OV_IN_STOPPED, .registry = 1}),
                     AX_E_INVALID);
    assert_int_equal(step(alone, &(struct ov_in){.kind = OV_IN_STOPPED}), 0);
    assert_int_equal(ov_cluster_epoch(alone->cluster, 1, 0, 1), 0);
    end(alone);
}

static void test_targets(void **state)
{
    static char longest[200];
    const struct ov_request wrong[] = {
        {.kind = OV_ASK, .target = {.registry = 0, .key = {longest, sizeof longest}}},
        {.kind = OV_ASK, .target = {.registry = 1, .key = {"k", 1}}},
        {.kind = OV_ASK, .target = {.registry = OV_NO_REGISTRY, .key = {"k", 1}}},
        {.kind = OV_ASK, .target = {.registry = 0, .key = {"k", 1}}, .token = 1ull << 63},
        {.kind = OV_TELL, .target = {.registry = 0, .key = {"k", 1}}, .unanswered = true},
        {.kind = OV_MONITOR, .target = {.registry = 0, .key = {"k", 1}}},
        {.kind = OV_ENSURE, .target = {.registry = OV_NO_REGISTRY, .node = OV_HERE, .actor = 1}},
        {.kind = OV_ASK,
         .target = {.registry = OV_NO_REGISTRY, .node = OV_HERE, .actor = 1},
         .unanswered = true},
        {.kind = OV_ASK, .target = {.registry = OV_NO_REGISTRY, .node = 2, .actor = 1}},
        {.kind = OV_ASK, .target = {.registry = OV_NO_REGISTRY, .node = OV_HERE}},
        {.kind = OV_ASK,
         .target = {.registry = OV_NO_REGISTRY, .node = OV_HERE, .actor = 1, .endpoint = {"e", 1}}},
    };
    struct alone *alone = begin();
    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct ov_request request = wrong[i];
        request.deadline = 10;
        assert_int_equal(step(alone, &(struct ov_in){.kind = OV_IN_REQUEST, .request = &request}),
                         AX_E_INVALID);
    }
    end(alone);
}

static void test_monitors(void **state)
{
    static char longest[64];
    const struct ov_target wrong[] = {
        {.registry = 1, .node = OV_HERE, .actor = 1},
        {.registry = OV_NO_REGISTRY, .node = 2, .actor = 1},
        {.registry = 0, .node = OV_HERE, .actor = 1, .key = {"k", 1}},
        {.registry = OV_NO_REGISTRY, .node = OV_HERE},
        {.registry = OV_NO_REGISTRY, .node = OV_HERE, .actor = 1, .endpoint = {"e", 1}},
        {.registry = OV_NO_REGISTRY, .node = OV_HERE, .endpoint = {longest, sizeof longest}},
    };
    struct alone *alone = begin();
    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(step(alone, &(struct ov_in){.kind = OV_IN_MONITOR, .target = &wrong[i]}),
                         AX_E_INVALID);
    end(alone);
}

static void test_texts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OV_END_COUNT; i++)
        assert_string_not_equal(ov_end_text((enum ov_end)i), "?");
    assert_string_equal(ov_end_text(OV_END_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config),     cmocka_unit_test(test_core_config),
        cmocka_unit_test(test_registries), cmocka_unit_test(test_self),
        cmocka_unit_test(test_room),       cmocka_unit_test(test_links),
        cmocka_unit_test(test_too_early),  cmocka_unit_test(test_ids),
        cmocka_unit_test(test_targets),    cmocka_unit_test(test_monitors),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
