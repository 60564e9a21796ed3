/* SPDX-License-Identifier: MIT */
/* libax/loop.c - the round of a worker: drain, resume, run, flush, timers; then spin, yield or
 * park.
 *
 * A worker spins only while somebody else runs who could send it something, and only while there is
 * a core for each that runs: two spinners on one core are 13 times slower than parking at once. How
 * long it spins adapts: a spin that found work doubles the limit, one that did not halves it.
 *
 * A worker whose last rests were short gives its processor to whoever can run, and looks in
 * between, before it parks: as long as it does a processor does not rest, from which it would take
 * 25 us to wake where the machine is a virtual one, at each of the six hand-overs of an ask between
 * nodes. */
#include "libax/drain.h"
#include "libax/event.h"
#include "libax/far.h"
#include "libax/io.h"
#include "libax/lease.h"
#include "libax/life.h"
#include "libax/map.h"
#include "libax/memory.h"
#include "libax/meter.h"
#include "libax/pending.h"
#include "libax/registry.h"
#include "libax/ring.h"
#include "libax/room.h"
#include "libax/send.h"
#include "libax/timer.h"
#include "libax/turn.h"
#include "libax/wake.h"
#include "shm/bell.h"
#include "shm/lane.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256u
#define ACTORS_A_ROUND 64u
#define MESSAGES_A_ACTOR 64u
#define LANES_EVERY 8u           /* times that all who can go on did, at most */
#define CLOCK_EVERY 16u          /* likewise; a multiple of it */
#define PARK_MAX_NS 500000000ull /* a lost bell costs this at most */
#define ROOM_POLL_NS 200000ull   /* while somebody or something waits for room elsewhere */
#define GIVE_UP_NS 10000000ull   /* at least, between two times that waits are given up */
#define SPIN_LEAST_NS 1000u
#define YIELD_SPINS 4u          /* times as long as it spins at most, and no longer than */
#define YIELD_MOST_NS 200000ull /* this; what lasts longer is worth a sleep */
#define REST_MOST_NS 1000000ull /* what one long rest counts for: several short ones */
#define SPIN_ROUNDS 32u         /* between two looks at the clock and at who runs */
_Static_assert(CLOCK_EVERY % LANES_EVERY == 0, "a series of steps never goes past such a look");

void clock_read(struct worker *w)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    w->now = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    w->hundredths = shm_hundredths(w->now);
}

/* Now is when what was asked since the last look began. */
static void look_at_clock(struct worker *w)
{
    clock_read(w);
    if (w->pending_unstamped != 0)
        pending_stamp(w);
}

/* ---- parking ---- */

/* Something waits for room in a lane that is being read. */
static bool over_somewhere(const struct worker *w)
{
    for (uint64_t set = w->over; set != 0; set &= set - 1)
        if (shm_load(&w->port.slot_info[__builtin_ctzll(set)].state) == SHM_SLOT_RUNNING)
            return true;
    return false;
}

/* 0: there is something to do now. */
static uint64_t sleep_until(const struct worker *w)
{
    uint64_t until = w->now + (w->room_far != 0 || over_somewhere(w) ? ROOM_POLL_NS : PARK_MAX_NS);
    if (w->room_freed && w->room.first != NULL)
        return 0;
    if (w->room_deadline < until)
        until = w->room_deadline;
    if (w->next_deadline < until)
        until = w->next_deadline;
    if (timer_next(w) < until)
        until = timer_next(w);
    if (wake_next(w) < until)
        until = wake_next(w);
    if (w->sweep_at < until && !w->stopping)
        until = w->sweep_at;
    if (lease_look_at(w) < until)
        until = lease_look_at(w);
    if (w->stopping && w->give_up_at < until)
        until = w->give_up_at;
    if (io_next(w) < until)
        until = io_next(w);
    return until > w->now ? until : 0;
}

static uint64_t yield_most(const struct worker *w)
{
    uint64_t most = w->boot->spin_us * 1000ull * YIELD_SPINS;
    return w->boot->cores < 2 ? 0 : most < YIELD_MOST_NS ? most : YIELD_MOST_NS;
}

/* Whether something has come by then, of the lanes or of the actors' I/O. What comes to nobody
 * there is left to the parking. */
static bool yield(struct worker *w, uint64_t until)
{
    uint64_t most = yield_most(w), begun = w->now;
    bool comes = false;
    if (w->rest_ns >= most || shm_bell_running(&w->port) > w->boot->cores)
        return false;
    if (until > begun + most)
        until = begun + most;
    ring_catch_up(w);
    while (!(comes = shm_lane_any(&w->port) || (w->io != NULL && ring_has(w))) && w->now < until) {
        sched_yield();
        clock_read(w);
    }
    return comes;
}

/* The last rest counts for a quarter, all before it for the rest. */
static void rested(struct worker *w, uint64_t begun)
{
    uint64_t rest = w->now - begun < REST_MOST_NS ? w->now - begun : REST_MOST_NS;
    w->rest_ns += rest / 4 - w->rest_ns / 4;
    meter_rested(w);
}

static void park(struct worker *w)
{
    ring_open(w);
    shm_store(&w->port.pub->messages, w->messages);
    shm_store(&w->port.pub->turn_started_at, 0);
    look_at_clock(w);
    memory_look(w);
    uint64_t begun = w->now, until = sleep_until(w);
    if (until != 0 && !yield(w, until) && shm_bell_park(&w->port)) {
        ring_wait(w, until);
        shm_bell_unpark(&w->port);
    } else
        ring_catch_up(w);
    w->idle_rounds = 0;
    clock_read(w);
    rested(w, begun);
}

static bool worth_spinning(const struct worker *w)
{
    if (w->boot->spin_us == 0 || w->boot->cores < 2)
        return false;
    uint32_t running = shm_bell_running(&w->port);
    return running > 1 && running <= w->boot->cores;
}

/* While it spins it looks at its lanes alone for a while: that is where the answer comes from. What
 * was put off goes out by parking, or at once where that is not yet to be. */
static void idle(struct worker *w)
{
    uint32_t round = w->idle_rounds++;
    bool put_off = w->ring_open && io_uring_sq_ready(&w->ring) != 0;
    if (round == 0)
        w->idle_since = 0;
    if (put_off || round % SPIN_ROUNDS == (w->spinning ? SPIN_ROUNDS - 1 : 0)) {
        w->spinning = worth_spinning(w);
        if (w->spinning) {
            clock_read(w);
            if (w->idle_since == 0)
                w->idle_since = w->now;
        }
        if (!w->spinning || w->now - w->idle_since >= w->spin_limit) {
            if (w->spinning && w->spin_limit > SPIN_LEAST_NS)
                w->spin_limit /= 2;
            park(w);
            return;
        }
    }
    if (put_off)
        ring_catch_up(w);
    shm_relax();
}

static void found_work(struct worker *w)
{
    uint64_t spin_max = w->boot->spin_us * 1000ull;
    if (w->idle_rounds > 1)
        w->spin_limit = w->spin_limit * 2 < spin_max ? w->spin_limit * 2 : spin_max;
    w->idle_rounds = 0;
}

/* ---- stopping ---- */

static bool anyone_waits(const struct worker *w)
{
    for (uint32_t i = 1; i < w->pending_used; i++)
        if (w->pending[i].strand != NULL)
            return true;
    return w->room.first != NULL;
}

static uint64_t mail_left(struct worker *w, bool *living)
{
    uint64_t mail = 0;
    *living = false;
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++) {
        const struct shm_actor *actor = actor_at(w, index);
        if (actor->state == SHM_FREE)
            continue;
        *living = true;
        mail += shm_chain_depth(&actor->mail);
    }
    return mail;
}

static void stop_all(struct worker *w)
{
    for (uint32_t index = w->port.priv->fresh_actor - 1; index > 0; index--) {
        if (actor_at(w, index)->state != SHM_LIVE && actor_at(w, index)->state != SHM_RESTARTING)
            continue;
        shm_turn_begin(&w->port, 0, 0);
        actor_told(w, index, SHM_SHUTDOWN);
        turn_commit(w);
    }
}

static void say_stopped(struct worker *w, uint64_t mail)
{
    const struct shm_stopped_body body = {.mail = mail + w->unserved};
    const struct post post = {.kind = SHM_STOPPED, .fixed = &body, .size = sizeof body};
    shm_turn_begin(&w->port, 0, 0);
    (void)post_slot(w, 0, SHM_CONTROL, &post);
    turn_commit(w);
    shm_lane_flush(&w->port);
}

static void close_all(struct worker *w)
{
    w->closing = true;
    stop_all(w);
}

/* Half of the time is over, and then half of what is left each time. A handler that waits is told
 * that it is canceled, so that its actor can end in order. The first time the others still wait for
 * what it does then; but no longer, for they must have the time for theirs. */
static void give_up(struct worker *w)
{
    uint64_t left = w->stop_by > w->now ? (w->stop_by - w->now) / 2 : 0;
    if (w->gave_up && !w->closing)
        close_all(w);
    w->gave_up = true;
    w->give_up_at = w->now + (left > GIVE_UP_NS ? left : GIVE_UP_NS);
    pending_fail_all(w, AX_E_CANCELED);
    room_fail_all(w, AX_E_CANCELED);
}

/* Told to stop. The actors end when there is nothing more to do, or when as much has been done as
 * there was at that time, for some never run out of work, or at once; then the process. True: look
 * again before going idle. */
static bool stop_step(struct worker *w, bool busy)
{
    bool living;
    if (w->stop_after == 0)
        w->stop_after = w->messages + mail_left(w, &living) + 1;
    if (w->give_up_at <= w->now || (w->stops_now && !w->closing)) {
        w->gave_up |= w->stops_now;
        give_up(w);
        return true;
    }
    if (busy && (w->closing || w->messages < w->stop_after))
        return true;
    if (!w->closing && (busy || !anyone_waits(w))) {
        close_all(w);
        return true;
    }
    uint64_t mail = mail_left(w, &living);
    if (w->closing && !living && !io_leaving(w)) {
        say_stopped(w, mail);
        _exit(BOOT_EXIT_DONE);
    }
    return false;
}

/* ---- the round ---- */

/* Actors that wait for each other go on at once, where nobody else waits for something. The count
 * is the worker's and not the strand's, for each of these can be left in here. */
static uint32_t work_here(struct worker *w)
{
    uint32_t done = 0;
    do {
        w->tick++;
        done += strands_resume(w);
        if (w->run_first != 0)
            done += run_actors(w, ACTORS_A_ROUND, MESSAGES_A_ACTOR);
    } while (w->ready.first != NULL && w->tick % LANES_EVERY != 0 && w->port.dirty == 0 &&
             w->room.first == NULL);
    return done;
}

/* Who has nothing else to do is about to park: one system call then hands over what was requested
 * and waits, and who is woken by it need not look for another processor. The next round is to find
 * that there is nothing; where it finds something, what was put off is handed over before that. Of
 * two busy rounds in a row one at most puts off. */
static bool puts_off(struct worker *w, uint32_t done)
{
    bool rests = w->run_first == 0 && w->ready.first == NULL && !w->stopping;
    w->put_off = rests && done != 0 && !w->put_off;
    return rests && (done == 0 || w->put_off);
}

static uint32_t round_of_work(struct worker *w)
{
    meter_look(w, 0, 0); /* timers, the sweep, and what else follows the messages of a round */
    uint32_t done = drain_lanes(w, BATCH);
    meter_look(w, 0, 0);
    if (w->put_off && (w->run_first != 0 || w->ready.first != NULL))
        ring_catch_up(w);
    done += work_here(w);
    if (shm_unlikely(w->behind_all.run != NULL))
        far_run_behind(w);
    if (w->over != 0)
        done += flush_overflow(w);
    shm_lane_flush(&w->port);
    if (w->io != NULL)
        done += io_round(w, puts_off(w, done));
    return done;
}

void worker_loop(struct worker *w)
{
    strand_arrived(w);
    for (;;) {
        if (w->tick % CLOCK_EVERY == 0) {
            look_at_clock(w);
            memory_look(w);
            shm_store(&w->port.pub->turn_started_at, w->now);
        }
        uint32_t done = round_of_work(w);
        if (shm_unlikely(w->map_dead))
            done += maps_tidy(w);
        if (w->next_deadline <= w->now)
            pending_expire(w);
        if (timer_next(w) <= w->now)
            done += timers_fire(w);
        if (wake_next(w) <= w->now)
            done += wakes_run(w);
        if (shm_unlikely(w->sweep_at <= w->now) && !w->stopping)
            registry_sweep(w);
        if (lease_look_at(w) <= w->now)
            lease_look(w);
        if (w->room.first != NULL &&
            (w->room_freed || w->room_far != 0 || w->room_deadline <= w->now))
            room_wake(w);
        bool busy = done != 0 || w->run_first != 0 || w->ready.first != NULL;
        if (busy)
            found_work(w);
        if (busy && !w->put_off && w->io != NULL)
            ring_catch_up(w); /* of a round that has found work after its requests */
        if (shm_unlikely(w->stopping) && stop_step(w, busy))
            continue;
        if (!busy)
            idle(w);
    }
}
