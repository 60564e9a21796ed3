/* SPDX-License-Identifier: MIT */
/* The bell: who parks is woken for whatever comes, once. Two slots send each other frames as fast
 * as they park, each with a pause of its own before, so that publishing meets parking at every
 * distance; a wake-up that is lost is seen by the deadline of the wait. */
#include "shm/bell.h"
#include "shm/lane.h"
#include "shm/recover.h"
#include "tests/lib/node.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 4u /* AX_BELL_SECONDS */
#define LOST_READS 100000u
#define LOST_MS 2000
#define PAUSES 128u

static struct node node;

static int open_node(void **state)
{
    (void)state;
    node_open(&node);
    return 0;
}

static int close_node(void **state)
{
    (void)state;
    node_close(&node);
    return 0;
}

static void publish(struct shm_port *port, uint32_t to)
{
    const uint32_t size = sizeof(struct shm_frame);
    shm_turn_begin(port, 0, 0);
    struct shm_frame *frame = shm_lane_reserve(port, to, SHM_DATA, size);
    if (frame == NULL)
        abort();
    *frame = (struct shm_frame){.size = size, .kind = SHM_TELL, .stamp = port->turn};
    shm_lane_stage(port, to, SHM_DATA, size);
    shm_turn_commit(port);
    shm_lane_flush(port);
}

/* Takes all that is there; how many frames. */
static uint32_t take(struct shm_port *port, uint32_t from)
{
    uint64_t *read = &port->priv->read_data[from], at = *read;
    uint64_t end = shm_load_acquire(&port->in_ends[from]->data);
    uint32_t taken = 0, size;
    bool malformed;
    for (; shm_lane_next(port, from, SHM_DATA, &at, end, &size, &malformed) != NULL; taken++)
        at += size;
    *read = at;
    port->read_dirty |= 1ull << from;
    return taken;
}

static bool rung(const struct shm_port *port, int timeout_ms)
{
    struct pollfd bell = {.fd = port->bell, .events = POLLIN};
    uint64_t count;
    return poll(&bell, 1, timeout_ms) > 0 && read(port->bell, &count, sizeof count) > 0;
}

static void is_rung_once_a_parking(void **state)
{
    struct shm_port *sup = &node.port[0], *peer = &node.port[NODE_PEER];
    (void)state;
    publish(sup, NODE_PEER);
    assert_false(rung(peer, 0)); /* it is not parked */
    assert_int_equal(take(peer, 0), 1);
    assert_true(shm_bell_park(peer));
    publish(sup, NODE_PEER);
    assert_true(rung(peer, 0));
    publish(sup, NODE_PEER);
    assert_false(rung(peer, 0)); /* it knows already */
    shm_bell_unpark(peer);
    assert_false(shm_bell_park(peer)); /* there is something */
    assert_int_equal(peer->pub->parked, 0);
    assert_int_equal(take(peer, 0), 2);
    assert_true(shm_bell_park(peer));
    publish(sup, NODE_PEER);
    assert_true(rung(peer, 0));
    assert_int_equal(take(peer, 0), 1);
    shm_bell_unpark(peer);
}

static bool mark_nothing(const struct shm_port *port, uint32_t actor, uint64_t *used)
{
    (void)port, (void)actor, (void)used;
    return true;
}

/* A sender remembers which parking it rang last, a successor does not know of it. */
static void is_rung_for_a_successor(void **state)
{
    struct shm_port *sup = &node.port[0], *peer = &node.port[NODE_PEER];
    struct shm_recovery found;
    (void)state;
    for (uint32_t life = 0; life < 3; life++) {
        assert_true(shm_bell_park(peer));
        publish(sup, NODE_PEER);
        assert_true(rung(peer, 0));
        assert_int_equal(take(peer, 0), 1);
        assert_int_equal(shm_recover(peer, mark_nothing, &found), 0);
        assert_int_equal(peer->pub->parked, 0);
    }
}

/* ---- two at once ---- */

static bool lost, over; /* a wake-up; the time */

static uint64_t seconds_of_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

static uint64_t end_of_game(void)
{
    const char *seconds = getenv("AX_BELL_SECONDS");
    return seconds_of_clock() + (seconds == NULL ? SECONDS : strtoull(seconds, NULL, 10));
}

static void pause_some(uint32_t *dice)
{
    *dice = *dice * 1664525 + 1013904223; /* Knuth, Lewis */
    for (uint32_t left = (*dice >> 16) % PAUSES; left > 0; left--)
        __asm__ volatile("" ::: "memory");
}

/* Sends the next as soon as the last has been taken, just when the other is about to park. */
static void *send_all(void *arg)
{
    struct shm_port *port = &node.port[0];
    const struct shm_ends *other = port->in_ends[NODE_PEER];
    uint32_t dice = 1;
    (void)arg;
    for (uint32_t tries = 1; !shm_load(&over); tries++) {
        if (shm_load_acquire(&other->read_data) == port->out[NODE_PEER].staged[SHM_DATA]) {
            pause_some(&dice);
            publish(port, NODE_PEER);
        } else if (tries % 4096 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

/* Does not sleep, so that the two meet more often. */
static bool rung_soon(const struct shm_port *port)
{
    uint64_t count;
    for (uint32_t tries = 0; tries < LOST_READS; tries++) {
        if (read(port->bell, &count, sizeof count) > 0)
            return true;
        if (tries % 1024 == 1023)
            sched_yield();
    }
    return rung(port, LOST_MS);
}

static void *take_all(void *arg)
{
    struct shm_port *port = &node.port[NODE_PEER];
    uint32_t dice = 2;
    uint64_t end = end_of_game();
    (void)arg;
    for (uint64_t round = 0; !lost;) {
        if (take(port, 0) != 0) {
            if (++round % 256 == 0 && seconds_of_clock() >= end)
                break;
            shm_lane_flush(port);
            pause_some(&dice);
        } else if (shm_bell_park(port)) {
            lost = !rung_soon(port) && shm_lane_any(port);
            shm_bell_unpark(port);
        }
    }
    shm_store(&over, true);
    return NULL;
}

static void is_never_missed(void **state)
{
    pthread_t threads[2];
    (void)state;
    assert_int_equal(pthread_create(&threads[0], NULL, send_all, NULL), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, take_all, NULL), 0);
    for (uint32_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_false(lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_rung_once_a_parking, open_node, close_node),
        cmocka_unit_test_setup_teardown(is_rung_for_a_successor, open_node, close_node),
        cmocka_unit_test_setup_teardown(is_never_missed, open_node, close_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
