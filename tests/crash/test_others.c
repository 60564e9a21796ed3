/* SPDX-License-Identifier: MIT */
/* The end of an actor, among few others and among thousands that are in groups, linked, or monitor:
 * it takes as many instructions. They are counted one by one, in a process of its own, so no clock
 * is looked at. Of those that end one was there before all others, and one came after them: whoever
 * looks for something along a list finds one of them late.
 *
 * not-with-sanitizers: they would be counted, and test_watches and test_asked run the rest */
#include "libax/life.h"
#include "libax/turn.h"
#include "tests/lib/alone.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FEW 10u
#define MANY 10000u
#define SLACK 2000u /* instructions: far fewer than a look at each of the others takes */
#define CENTER 1u   /* the configured actor that others are tied to */
#define NONE 0u
#define ROUNDS 2 /* until it has ended, and who was told of it is done */
#define PEER SHM_REF(NODE_PEER, 1, 1)

enum { OLD, YOUNG, ENDS };

struct crowd {
    const char *name;
    /* Ties an actor to others: to that before it, or to NONE. 0 or an error. */
    int (*tie)(uint32_t index, uint32_t before);
};

/* ---- in the process that is looked at ---- */

static void must(int error)
{
    if (error == 0)
        return;
    fprintf(stderr, "test_others: %s\n", ax_strerror(error));
    _exit(1);
}

static struct ax_ref ref(uint32_t index)
{
    return (struct ax_ref){.addr = actor_ref(w, index)};
}

static int in_groups(uint32_t index, uint32_t before)
{
    struct ax_ctx *ctx = victim_turn(&victim, index);
    char own[32];
    (void)before;
    snprintf(own, sizeof own, "own-%u", index);
    int error = ax_join(ctx, "all");
    if (error == 0)
        error = ax_join(ctx, own);
    turn_commit(w);
    return error;
}

static int link_to(uint32_t index, struct ax_ref who)
{
    int error = ax_link(victim_turn(&victim, index), who);
    turn_commit(w);
    return error;
}

static int in_links(uint32_t index, uint32_t before)
{
    int error = link_to(index, ref(CENTER));
    return error == 0 && before != NONE ? link_to(index, ref(before)) : error;
}

static int in_links_far(uint32_t index, uint32_t before)
{
    (void)before;
    return link_to(index, (struct ax_ref){.addr = PEER});
}

static int monitor(uint32_t index, struct ax_ref who)
{
    int error = ax_monitor(victim_turn(&victim, index), who, NULL);
    turn_commit(w);
    return error;
}

static int in_monitors(uint32_t index, uint32_t before)
{
    int error = monitor(index, ref(CENTER));
    if (error == 0)
        error = monitor(CENTER, ref(index));
    return error == 0 && before != NONE ? monitor(index, ref(before)) : error;
}

static int in_monitors_far(uint32_t index, uint32_t before)
{
    (void)before;
    return monitor(index, (struct ax_ref){.addr = PEER});
}

static void ignored(void *ctx, struct node *from, uint32_t slot, uint32_t lane,
                    const struct shm_frame *frame)
{
    (void)ctx, (void)from, (void)slot, (void)lane, (void)frame;
}

static uint32_t add(const struct crowd *crowd, uint32_t before)
{
    subject_ref made;
    must(subject_spawn(victim_turn(&victim, CENTER), NULL, &made));
    turn_commit(w);
    uint32_t index = SHM_REF_INDEX(made.ref.addr);
    victim_round(&victim);
    must(crowd->tie(index, before));
    victim_round(&victim);
    node_take(&node, ignored, NULL);
    return index;
}

static void end(uint32_t index)
{
    shm_turn_begin(&w->port, 0, 0);
    actor_stop(w, index, SHM_NORMAL, 0, AX_STOP_NORMAL);
    turn_commit(w);
    for (int i = 0; i < ROUNDS; i++)
        victim_round(&victim);
    if (actor_at(w, index)->state != SHM_FREE || w->run_first != 0)
        _exit(1);
}

/* The tables have room for the others and not for more: those of few are small. It stands still
 * before and behind each end that counts; the first may have to bring library functions in. */
static void play(const struct crowd *crowd, uint32_t others)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    node_actors = others + 16;
    node_members = 2 * node_actors;
    node_arena = (128u << 10) + others * 2048;
    must(alone_begin(NULL));
    alone_rounds();
    uint32_t first = add(crowd, NONE), old = add(crowd, NONE), last = NONE;
    for (uint32_t i = 0; i < others; i++)
        last = add(crowd, last);
    uint32_t young = add(crowd, NONE);
    end(first);
    raise(SIGSTOP);
    end(old);
    raise(SIGSTOP);
    end(young);
    raise(SIGSTOP);
    _exit(0);
}

/* ---- who looks at it ---- */

/* They take turns at each instruction: on one CPU none need wake the other. */
static void stay_here(void)
{
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET((size_t)sched_getcpu(), &here);
    (void)sched_setaffinity(0, sizeof here, &here);
}

/* The signal that it stands still with. */
static int stopped(pid_t player)
{
    int status;
    assert_int_equal(waitpid(player, &status, 0), player);
    assert_true(WIFSTOPPED(status));
    return WSTOPSIG(status);
}

/* No further than to `most` of each. */
static void count(const struct crowd *crowd, uint32_t others, const uint32_t most[ENDS],
                  uint32_t counts[ENDS])
{
    fflush(NULL);
    pid_t player = fork();
    if (player == 0)
        play(crowd, others);
    assert_true(player > 0);
    assert_int_equal(stopped(player), SIGSTOP);
    int signal = SIGSTOP;
    for (uint32_t i = 0; i < ENDS && signal == SIGSTOP; i++) {
        counts[i] = 0;
        do {
            assert_int_equal(ptrace(PTRACE_SINGLESTEP, player, NULL, NULL), 0);
            signal = stopped(player);
        } while (signal == SIGTRAP && ++counts[i] < most[i]);
    }
    kill(player, SIGKILL);
    assert_int_equal(waitpid(player, NULL, 0), player);
}

static void as_many(void **state)
{
    const struct crowd *crowd = *state;
    uint32_t few[ENDS], many[ENDS] = {0}, most[ENDS] = {UINT32_MAX, UINT32_MAX};
    count(crowd, FEW, most, few);
    for (uint32_t i = 0; i < ENDS; i++)
        most[i] = few[i] + SLACK;
    count(crowd, MANY, most, many);
    printf("%s: older than %u others: %u instructions; than %u: %u; younger: %u, %u\n", crowd->name,
           FEW, few[OLD], MANY, many[OLD], few[YOUNG], many[YOUNG]);
    for (uint32_t i = 0; i < ENDS; i++)
        assert_in_range(many[i], 1, most[i] - 1);
}

static struct crowd crowds[] = {
    {"groups", in_groups},
    {"links", in_links},
    {"links_far", in_links_far},
    {"monitors", in_monitors},
    {"monitors_far", in_monitors_far},
};
#define CROWDS (sizeof crowds / sizeof *crowds)

int main(void)
{
    struct CMUnitTest tests[CROWDS];
    for (size_t i = 0; i < CROWDS; i++)
        tests[i] = (struct CMUnitTest){
            .name = crowds[i].name, .test_func = as_many, .initial_state = &crowds[i]};
    stay_here();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
