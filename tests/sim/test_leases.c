/* SPDX-License-Identifier: MIT */
/* Who owns a shard, in virtual time. That no shard has two owners is held after each step. */
#include "tests/lib/host.h"

#include "overlay/core/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

static const struct sim_store_faults none;

static void cut_store(struct host *host, unsigned node)
{
    sim_store(host->sim, &(struct sim_store_faults){.cut = 1u << node});
}

/* The node hears nothing, and nobody hears it. */
static void isolate(struct host *host, unsigned node, bool is)
{
    sim_store(host->sim, is ? &(struct sim_store_faults){.cut = 1u << node} : &none);
    for (unsigned other = 0; other < host->nodes; other++) {
        sim_lose(host->sim, node, other, is);
        sim_lose(host->sim, other, node, is);
    }
}

/* Whose end nobody sees is suspected before its sessions end, and does not keep what it had. */
static void test_failover_unseen(void **state)
{
    struct host *host = host_new(3, 1);
    (void)state;
    sim_crash(host->sim, 0, true);
    sim_run(host->sim, 7 * SIM_S); /* a session ends 8 s after the last answer */
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        assert_in_range(host_owner(host, HOST_USERS, shard), 1, 2);
    host_free(host);
}

/* The shards of a node that has ended are owned by others, under later epochs; the rest stays. */
static void test_failover(void **state)
{
    struct host *host = host_new(3, 1);
    unsigned owners[HOST_SHARDS], moved = 0;
    uint64_t epochs[HOST_SHARDS];
    (void)state;
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++) {
        owners[shard] = host_owner(host, HOST_USERS, shard);
        epochs[shard] = host->epochs[HOST_USERS][shard];
        moved += owners[shard] == 0;
    }
    assert_in_range(moved, 1, HOST_SHARDS - 1);
    host_crash(host, 0);
    for (unsigned i = 0; i < 10; i++) { /* not before the lease has run out */
        sim_run(host->sim, 100 * SIM_MS);
        for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
            if (owners[shard] == 0)
                assert_int_equal(host_owner(host, HOST_USERS, shard), SIM_NOBODY);
    }
    host_settle(host);
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++) {
        uint64_t epoch = host->epochs[HOST_USERS][shard];
        assert_int_not_equal(host_owner(host, HOST_USERS, shard), 0);
        if (owners[shard] == 0)
            assert_true(epoch > epochs[shard]);
        else
            assert_int_equal(epoch, epochs[shard]);
    }
    host_free(host);
}

/* A node that the store has given up is refused with its epoch, where it was and where it is. */
static void test_stale_owner(void **state)
{
    struct host *host = host_new(3, 2);
    unsigned cursor = 0, owner;
    const char *key = host_key_of(host, 0, &cursor);
    const struct host_note *found = host_find(host, 1, HOST_USERS, key);
    struct ov_target target = host_target(found);
    uint64_t there, here;
    (void)state;
    assert_int_equal(sim_node_of(host->sim, 1, target.node), 0);
    isolate(host, 0, true);
    owner = host_wait_for_another(host, HOST_USERS, target.shard, 0);
    sim_run(host->sim, 2 * SIM_S); /* until all suspect the one before */
    host->handled = 0;
    target = host_target(host_find(host, 3 - owner, HOST_USERS, key));
    assert_true(target.epoch > found->out.epoch);
    target.epoch = found->out.epoch;
    assert_int_equal(host_try(host, 3 - owner, OV_ASK, &target, "old", &here), 0);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_note(host, here)->n, 1);
    assert_int_equal(host_note(host, here)->out.status, AX_E_STALE);
    sim_run(host->sim, 5 * SIM_S); /* until its sessions have ended */
    isolate(host, 0, false);
    host_wait_for_session(host, 1, 0);
    target = host_target(found);
    assert_int_equal(host_try(host, 1, OV_ASK, &target, "old", &there), 0);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host_note(host, there)->n, 1);
    assert_int_equal(host_note(host, there)->out.status, AX_E_STALE);
    assert_int_equal(host->handled, 0);
    for (unsigned node = 0; node < 3; node++) /* it is the core that refuses it */
        assert_int_equal(ov_host_counts(sim_hosted(host->sim, node))->stale, 0);
    host_free(host);
}

/* The same node gains the shard anew: what ran under the old epoch is gone, and what is told late
 * of that epoch does not touch what runs under the new one. */
static void test_new_epoch(void **state)
{
    struct host *host = host_new(1, 4);
    struct ov_target old = host_target(host_find(host, 0, HOST_USERS, "key")), new;
    struct ov_in stopped = {
        .kind = OV_IN_STOPPED, .registry = HOST_USERS, .shard = old.shard, .epoch = old.epoch};
    struct ov_answer answer;
    uint64_t watch, ask;
    (void)state;
    host->mute = true;
    ask = host_request(host, 0, OV_ASK, HOST_USERS, "key", "never");
    answer = (struct ov_answer){.handle = host->turns[host->nturns - 1].handle};
    cut_store(host, 0);
    sim_run(host->sim, 3 * SIM_S);
    assert_int_equal(host_owner(host, HOST_USERS, old.shard), SIM_NOBODY);
    assert_int_equal(host_living(host, HOST_USERS, "key"), 0);
    assert_int_equal(host_note(host, ask)->n, 1); /* whether it was done nobody knows */
    assert_int_equal(host_note(host, ask)->out.status, AX_E_CANCELED);
    sim_store(host->sim, &none);
    host_settle(host);
    new = host_target(host_find(host, 0, HOST_USERS, "key"));
    assert_true(new.epoch > old.epoch);
    assert_int_not_equal(new.actor, old.actor);
    watch = host_watch(host, 0, &new);
    assert_int_equal(sim_in(host->sim, 0, &stopped, NULL), 0);
    assert_int_equal(
        sim_in(host->sim, 0, &(struct ov_in){.kind = OV_IN_ANSWER, .answer = &answer}, NULL),
        AX_E_NO_KEY);
    sim_run(host->sim, SIM_S);
    host->mute = false;
    assert_int_equal(host_note(host, watch)->n, 0);
    assert_int_equal(host_living(host, HOST_USERS, "key"), 1);
    assert_string_equal(host_ask(host, 0, HOST_USERS, "key", "hello")->text, "hello");
    assert_int_equal(host_actor(host, new.actor)->turns, 1);
    host_free(host);
}

/* A message of the old epoch, under which its actor has ended, does not reach the one that has its
 * key now; a shard that has not stopped yet is not gained anew. */
static void test_late_stop(void **state)
{
    struct host *host = host_new(1, 5);
    struct ov_target old = host_target(host_find(host, 0, HOST_USERS, "key"));
    uint64_t epoch = old.epoch, token;
    (void)state;
    host->stop_ns = 4 * SIM_S;
    cut_store(host, 0);
    sim_run(host->sim, 3 * SIM_S);
    sim_store(host->sim, &none);
    sim_run(host->sim, 2 * SIM_S);
    assert_int_equal(host->epochs[HOST_USERS][old.shard], epoch);
    assert_int_equal(host_owner(host, HOST_USERS, old.shard), SIM_NOBODY);
    host_settle(host);
    assert_true(host->epochs[HOST_USERS][old.shard] > epoch);
    old.actor = host_find(host, 0, HOST_USERS, "key")->out.actor;
    assert_int_equal(host_try(host, 0, OV_ASK, &old, "old", &token), AX_E_STALE);
    assert_int_equal(host_actor(host, old.actor)->turns, 0);
    host_free(host);
}

/* The shard is lost and gained again and again, and nothing of the earlier epochs is left. */
static void test_fifty_epochs(void **state)
{
    struct host *host = host_new(2, 6);
    unsigned cursor = 0, lives = 0;
    const char *key = host_key_of(host, 0, &cursor);
    uint64_t epoch = 0;
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct ov_target target;
        uint64_t watch;
        assert_string_equal(host_ask(host, 1, HOST_USERS, key, "hello")->text, "hello");
        target = host_target(host_find(host, 1, HOST_USERS, key));
        watch = host_watch(host, 1, &target);
        assert_true(target.epoch > epoch);
        epoch = target.epoch;
        sim_store(host->sim, &(struct sim_store_faults){.cut = 3}); /* of both, so that it stays */
        sim_run(host->sim, 3 * SIM_S);
        assert_int_equal(host_living(host, HOST_USERS, key), 0);
        sim_store(host->sim, &none);
        host_settle(host);
        assert_int_equal(host_note(host, watch)->n, 1);
        assert_int_equal(host_note(host, watch)->out.reason, AX_LEASE_LOST);
    }
    assert_string_equal(host_ask(host, 1, HOST_USERS, key, "hello")->text, "hello");
    assert_int_equal(host_living(host, HOST_USERS, key), 1);
    assert_int_equal(host->spawned, 51);
    sim_run(host->sim, SIM_S);
    for (unsigned node = 0; node < 2; node++) {
        struct ov_cluster_view view = host_view(host, node);
        struct ov_host_view hosted;
        ov_host_look(sim_hosted(host->sim, node), &hosted);
        assert_int_equal(view.watchers + view.monitors + view.served + view.requests, 0);
        assert_int_equal(hosted.watches + hosted.calls + hosted.ensures, 0);
        assert_int_equal(hosted.wanted + hosted.spawning + hosted.undone + hosted.stopping, 0);
        lives += hosted.living;
    }
    assert_int_equal(lives, 2); /* it, and the one that is bound */
    host_free(host);
}

/* A node whose renewal is paused acquires nothing, and what it has runs out. */
static void test_paused(void **state)
{
    struct host *host = host_new_down(2, 7);
    struct ov_in pause = {.kind = OV_IN_PAUSE, .paused = true}, go = {.kind = OV_IN_PAUSE};
    (void)state;
    cut_store(host, 0); /* what it asks for in its first step is lost */
    sim_start(host->sim, 0);
    assert_int_equal(sim_in(host->sim, 0, &pause, NULL), 0);
    sim_run(host->sim, SIM_S);
    sim_store(host->sim, &none);
    sim_run(host->sim, 10 * SIM_S);
    assert_int_equal(host->gained, 0);
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        assert_null(sim_record(host->sim, HOST_USERS, shard));
    assert_int_equal(sim_in(host->sim, 0, &go, NULL), 0);
    host_settle(host);
    assert_int_equal(host->gained, HOST_SHARDS + 1);
    assert_int_equal(sim_in(host->sim, 0, &pause, NULL), 0);
    sim_run(host->sim, 3 * SIM_S);
    assert_int_equal(host->lost, HOST_SHARDS + 1);
    assert_int_equal(host_view(host, 0).held, 0);
    sim_run(host->sim, 5 * SIM_S);
    assert_int_equal(host->gained, HOST_SHARDS + 1);
    sim_start(host->sim, 1); /* whose part is free for it: and placement leaves the rest so */
    sim_run(host->sim, 5 * SIM_S);
    assert_int_equal(host_view(host, 0).held, 0);
    assert_true(host_view(host, 1).held > 0);
    host_free(host);
}

/* A node that is to leave, and stays on, has no shard, and no other waits for it to take one, nor
 * gives it one before it is told. */
static void test_drained(void **state)
{
    struct host *host = host_new(3, 15);
    uint64_t epochs[HOST_SHARDS];
    struct ov_node_view view;
    (void)state;
    assert_true(host_view(host, 0).held > 0);
    assert_int_equal(sim_in(host->sim, 0, &(struct ov_in){.kind = OV_IN_DRAIN}, NULL), 0);
    sim_run(host->sim, SIM_S / 2);
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        assert_in_range(host_owner(host, HOST_USERS, shard), 1, 2);
    assert_true(host_has_session(host, 1, 0, &view));
    assert_int_equal(view.abstains, OV_LEAVING);
    memcpy(epochs, host->epochs[HOST_USERS], sizeof epochs);
    sim_cut(host->sim, 0, 1); /* who comes to know it later is told as well */
    sim_cut(host->sim, 0, 2);
    host_wait_for_session(host, 1, 0);
    sim_run(host->sim, 3 * SIM_S);
    assert_true(host_has_session(host, 1, 0, &view));
    assert_int_equal(view.abstains, OV_LEAVING);
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        assert_in_range(host_owner(host, HOST_USERS, shard), 1, 2);
    assert_memory_equal(epochs, host->epochs[HOST_USERS], sizeof epochs);
    host_crash(host, 0);
    sim_start(host->sim, 0); /* its next life is as any */
    sim_run(host->sim, 20 * SIM_S);
    assert_true(host_view(host, 0).held > 0);
    host_free(host);
}

/* How many shards of its users nodes 1 and 2 have. */
static unsigned others_have(const struct host *host)
{
    unsigned n = 0;
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++) {
        unsigned owner = host_owner(host, HOST_USERS, shard);
        n += owner == 1 || owner == 2;
    }
    return n;
}

/* What is given away is with others as soon as it is given back, long before the lease would have
 * run out; but where one actor does not end, the rest does not wait for it. */
static void drain_with(uint64_t stop_ns, uint64_t wait_ns, unsigned kept)
{
    struct host *host = host_new(3, 18);
    unsigned cursor = 0;
    host->stop_ns = stop_ns;
    assert_int_equal(host_ask(host, 1, HOST_USERS, host_key_of(host, 0, &cursor), "x")->n, 1);
    assert_int_equal(sim_in(host->sim, 0, &(struct ov_in){.kind = OV_IN_DRAIN}, NULL), 0);
    sim_run(host->sim, wait_ns);
    assert_int_equal(others_have(host), HOST_SHARDS - kept);
    host_free(host);
}

static void test_handed_over(void **state)
{
    (void)state;
    drain_with(SIM_S / 5, SIM_S / 4, 0);
    drain_with(20 * SIM_S, 5 * SIM_S, 1);
}

/* A bit for each shard of its users that node 0 owns. */
static unsigned first_has(const struct host *host)
{
    unsigned has = 0;
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        has |= (unsigned)(host_owner(host, HOST_USERS, shard) == 0) << shard;
    return has;
}

/* A process gives all its shards back and ends before the store hears of it; the next one of its
 * boot has taken them over by then, and they stay its own. */
static void test_given_back_by_a_process_before(void **state)
{
    struct host *host = host_new(3, 15);
    unsigned had = first_has(host);
    (void)state;
    assert_true(had != 0);
    sim_delays(host->sim, SIM_S, SIM_S);
    assert_int_equal(sim_in(host->sim, 0, &(struct ov_in){.kind = OV_IN_DRAIN}, NULL), 0);
    sim_run(host->sim, SIM_MS);
    sim_crash(host->sim, 0, true);
    sim_delays(host->sim, 0, 0);
    sim_succeed(host->sim, 0);
    host_settle(host);
    assert_int_equal(first_has(host) & had, had);
    for (unsigned i = 0; i < 300; i++) {
        sim_run(host->sim, 10 * SIM_MS);
        assert_int_equal(first_has(host) & had, had);
    }
    host_free(host);
}

/* How long a shard is nobody's, at most, while they move. */
static uint64_t longest_without_owner(struct host *host)
{
    uint64_t since[HOST_SHARDS] = {0}, longest = 0;
    for (unsigned i = 0; i < 2000; i++) {
        sim_run(host->sim, 10 * SIM_MS);
        for (uint32_t shard = 0; shard < HOST_SHARDS; shard++) {
            bool owned = host_owner(host, HOST_USERS, shard) != SIM_NOBODY;
            since[shard] = owned ? 0 : since[shard] + 10 * SIM_MS;
            longest = since[shard] > longest ? since[shard] : longest;
        }
    }
    return longest;
}

/* The first of three has just begun, and the others have all. */
static struct host *first_comes(void)
{
    struct host *host = host_new(3, 19);
    host_crash(host, 0);
    host_settle(host);
    sim_start(host->sim, 0);
    return host;
}

/* A node that comes has its part of the shards one after another, each as soon as it is given back:
 * for most of the time that a lease lasts nobody would be its owner otherwise. */
static void test_node_comes(void **state)
{
    struct host *host = first_comes();
    (void)state;
    assert_in_range(longest_without_owner(host), 0, SIM_S / 4);
    assert_true(host_view(host, 0).held > 1);
    host_free(host);
}

/* So it has where those that give them away begin anew meanwhile: what the process before had is
 * taken up, also where it should be another's by now. */
static void test_begins_anew_while_shards_move(void **state)
{
    struct host *host = first_comes();
    (void)state;
    sim_run(host->sim, SIM_S / 10);
    for (unsigned node = 1; node < 3; node++) {
        sim_crash(host->sim, node, false);
        sim_succeed(host->sim, node);
    }
    assert_in_range(longest_without_owner(host), 0, SIM_S / 4);
    assert_true(host_view(host, 0).held > 1);
    host_free(host);
}

/* What a node says that has given nothing back changes nothing. */
static void test_released_in_vain(void **state)
{
    struct host *host = host_new(3, 20);
    struct ov_frame frame = {.kind = OV_RELEASED};
    unsigned owner[HOST_SHARDS];
    (void)state;
    sim_run(host->sim, 20 * SIM_S);
    OV_SET(&frame, registry, ((struct ax_span){"nobodys", 7}));
    OV_SET(&frame, shard, 0);
    OV_SET(&frame, epoch, 1);
    host_forge(host, 0, 1, &frame);
    OV_SET(&frame, registry, ((struct ax_span){"users", 5}));
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++) {
        owner[shard] = host_owner(host, HOST_USERS, shard);
        OV_SET(&frame, shard, shard);
        OV_SET(&frame, epoch, host->epochs[HOST_USERS][shard]);
        for (unsigned node = 1; node < 3; node++)
            host_forge(host, 0, node, &frame);
    }
    sim_run(host->sim, 5 * SIM_S);
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        assert_int_equal(host_owner(host, HOST_USERS, shard), owner[shard]);
    host_free(host);
}

/* Who does not reach the store, alone, loses what it has to others, and gets its part back. */
static void test_cut_off(void **state)
{
    struct host *host = host_new(3, 16);
    struct ov_node_view view;
    (void)state;
    assert_true(host_view(host, 0).held > 0);
    cut_store(host, 0);
    sim_run(host->sim, 8 * SIM_S);
    assert_true(host_has_session(host, 1, 0, &view));
    assert_int_equal(view.abstains, OV_CUT_OFF);
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        assert_in_range(host_owner(host, HOST_USERS, shard), 1, 2);
    sim_store(host->sim, &none);
    sim_run(host->sim, 20 * SIM_S);
    assert_true(host_has_session(host, 1, 0, &view));
    assert_int_equal(view.abstains, OV_TAKES_PART);
    assert_true(host_view(host, 0).held > 0);
    host_free(host);
}

/* Where nobody reaches it, each gets back what it had, and no more. */
static void test_store_away(void **state)
{
    struct host *host = host_new(3, 17);
    unsigned owners[HOST_SHARDS], gained = host->gained;
    (void)state;
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        owners[shard] = host_owner(host, HOST_USERS, shard);
    sim_store(host->sim, &(struct sim_store_faults){.cut = 7});
    sim_run(host->sim, 10 * SIM_S);
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        assert_int_equal(host_owner(host, HOST_USERS, shard), SIM_NOBODY);
    sim_store(host->sim, &none);
    host_settle(host);
    sim_run(host->sim, 10 * SIM_S);
    for (uint32_t shard = 0; shard < HOST_SHARDS; shard++)
        assert_int_equal(host_owner(host, HOST_USERS, shard), owners[shard]);
    assert_int_equal(host->gained, gained + HOST_SHARDS + 1);
    host_free(host);
}

/* A lease that has run out is not used, also before its node has noticed: no step comes between. */
static void test_run_out(void **state)
{
    struct host *host = host_new(2, 8);
    unsigned cursor = 0;
    const char *key = host_key_of(host, 0, &cursor);
    struct ov_target target = host_target(host_find(host, 1, HOST_USERS, key));
    const struct ov_cluster *cluster = sim_cluster(host->sim, 0);
    uint64_t token, inside;
    (void)state;
    host->delay_ns = 5 * SIM_MS;
    assert_int_equal(host_try(host, 1, OV_ASK, &target, "too late", &token), 0);
    sim_run(host->sim, 4 * SIM_MS); /* it is with its host, and its turn is still to come */
    assert_int_not_equal(host->turns[host->nturns - 1].handle, 0);
    assert_int_equal(ov_cluster_epoch(cluster, HOST_USERS, target.shard, sim_clock(host->sim, 0)),
                     target.epoch);
    sim_jump(host->sim, 0, 3 * SIM_S);
    assert_int_equal(ov_cluster_epoch(cluster, HOST_USERS, target.shard, sim_clock(host->sim, 0)),
                     0);
    target.node = OV_HERE;
    assert_int_equal(host_try(host, 0, OV_ASK, &target, "too late", &inside), AX_E_STALE);
    sim_run(host->sim, SIM_S);
    assert_int_equal(host->handled, 0);
    assert_int_equal(host_note(host, token)->n, 1);
    assert_int_not_equal(host_note(host, token)->out.status, 0);
    host_free(host);
}

/* The deadline counts from before the request was sent, so it is over before the store's is, by the
 * margin and by what the request took. */
static void test_deadline(void **state)
{
    struct host *host = host_new(2, 10);
    const struct ov_cluster *cluster = sim_cluster(host->sim, 0);
    unsigned cursor = 0;
    uint32_t shard = host_find(host, 1, HOST_USERS, host_key_of(host, 0, &cursor))->out.shard;
    unsigned exact = 0;
    (void)state;
    sim_delays(host->sim, 240 * SIM_MS, 240 * SIM_MS);
    sim_run(host->sim, 5 * SIM_S);
    for (unsigned i = 0; i < 300; i++) {
        uint64_t left = sim_record(host->sim, HOST_USERS, shard)->until - sim_now(host->sim);
        uint64_t end = sim_clock(host->sim, 0) + left - (200 + 240) * SIM_MS;
        assert_int_equal(ov_cluster_epoch(cluster, HOST_USERS, shard, end), 0);
        exact += ov_cluster_epoch(cluster, HOST_USERS, shard, end - 1) != 0;
        sim_run(host->sim, 10 * SIM_MS);
    }
    assert_true(exact > 0);
    host_free(host);
}

/* The lease runs out as well for one that stands still, while the other one has it already. */
static void test_stood_still(void **state)
{
    struct host *host = host_new(2, 9);
    unsigned cursor = 0;
    const char *key = host_key_of(host, 0, &cursor);
    struct ov_target target = host_target(host_find(host, 1, HOST_USERS, key));
    uint64_t token;
    (void)state;
    sim_pause(host->sim, 0, 20 * SIM_S);
    assert_int_equal(host_try(host, 1, OV_ASK, &target, "too late", &token), 0);
    assert_int_equal(host_wait_for_another(host, HOST_USERS, target.shard, 0), 1);
    assert_string_equal(host_ask(host, 1, HOST_USERS, key, "hello")->text, "hello");
    sim_run(host->sim, 20 * SIM_S);
    assert_int_equal(host->handled, 1);
    assert_int_equal(host_note(host, token)->n, 1);
    assert_int_not_equal(host_note(host, token)->out.status, 0);
    host_free(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failover),
        cmocka_unit_test(test_failover_unseen),
        cmocka_unit_test(test_stale_owner),
        cmocka_unit_test(test_new_epoch),
        cmocka_unit_test(test_late_stop),
        cmocka_unit_test(test_fifty_epochs),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_run_out),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_stood_still),
        cmocka_unit_test(test_given_back_by_a_process_before),
        cmocka_unit_test(test_drained),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_store_away),
        cmocka_unit_test(test_handed_over),
        cmocka_unit_test(test_node_comes),
        cmocka_unit_test(test_begins_anew_while_shards_move),
        cmocka_unit_test(test_released_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
