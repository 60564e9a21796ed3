/* SPDX-License-Identifier: MIT */
/* test-timeout: 1800
 *
 * Every instruction. A worker is single-stepped through what a turn can do. After each instruction
 * that changed the memory it writes, that memory is copied and a successor is let into the copy: to
 * it this is the same as if the worker had been killed there. When the successor has nothing left
 * to do, everything that can be seen must be what it would have been without the death: the kept
 * state of each actor, each frame that reached a peer, in order, the counters, and the blocks in
 * use. Where the death falls into an await, the ways it may end are written down with the scenario.
 * One more successor, which finds nothing to do, must change nothing; and at no moment may be
 * published what a death could still take back.
 *
 * Recovery is stepped in the same way, from moments with an open turn. A sample of the moments is
 * tried again with a real SIGKILL after that many steps: both must agree. Last, each scenario is
 * repeated in one process: memory that is given back must be found again.
 *
 *   test_step [SCENARIO]     one of them; AX_STEP_VERBOSE=1 prints what it comes to;
 *                            AX_STEP_EVERY=n tries each n-th moment, AX_STEP_RECOVERY=n
 *                            each n-th of a recovery */
#include "step.h"

#include "shm/recover.h"

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__ /* processes are slow to start; the plain build tries all */
#define MOMENT_EVERY 32u
#define RECOVERY_EVERY 1u
#define ROWS_EVERY 10u
#define NESTED_FROM 0u
#define REAL_KILLS 1u
#else
#define MOMENT_EVERY 1u
#define RECOVERY_EVERY 3u
#define ROWS_EVERY 1u
#define NESTED_FROM 2u /* moments of each scenario whose recovery is stepped as well */
#define REAL_KILLS 8u  /* of each scenario */
#endif
#define NESTED_APART 32u /* moments from one of these to the next at least */
#define LARGE_EVERY 32u  /* of those within copies of large states */
#define AGAIN_EVERY 16u  /* moments after which a second successor is tried */
#define REPEATS 40u      /* of a scenario in one process */
#define TRAIL (1u << 17) /* steps that are known of a scenario */
#define AT_A_TIME 4u     /* scenarios; they mostly wait for processes to come and go */

/* ---- stepping ---- */

static uint32_t every = MOMENT_EVERY, every_of_recovery = RECOVERY_EVERY;

/* Where the stepped worker was after each step until it parked for the first time. */
static struct {
    uint64_t at[TRAIL];
    uint32_t steps;
    bool over;
} trail;

struct tally {
    uint32_t steps, moments, tried, nested, real;
    uint32_t first; /* where only some are tried: which of them */
};

static bool judge(const struct scenario *scenario, const struct seen *want, struct seen *got,
                  uint32_t step)
{
    if (got->settled && scenario->judge(want, got))
        return true;
    fprintf(stderr, "%s: killed after step %u:\n", scenario->name, step);
    seen_print("without a death", want);
    seen_print("with it", got);
    return false;
}

static void start(struct node *node, const struct scenario *scenario, bool traced)
{
    node->boot.fault = node->boot.incarnation > 0 && scenario->flags & STEP_FAULT;
    node->boot.nends = 0;
    while (scenario->flags & STEP_ENDS && node->boot.nends < BOOT_ENDS &&
           node->boot.nends < node->boot.incarnation)
        node->boot.ends[node->boot.nends++] =
            (struct boot_end){.reason = SHM_SIGNAL, .signal = SIGKILL};
    node_start(node, &ax_plugin, traced);
}

static const struct shm_private *private_of(const struct node *node)
{
    return (const void *)node->priv[NODE_WORKER];
}

/* A message is being handled, by all that can be seen. */
static bool in_hand(const struct node *node)
{
    const struct shm_public *pub = (const void *)node->pub[NODE_WORKER];
    const struct shm_journal *journal = &private_of(node)->journal;
    return journal->turn != pub->committed && journal->actor != 0 &&
           journal->message > SHM_IN_ORDER;
}

/* A successor in a copy of `moment`; after some, another one. */
static bool try_moment(const struct scenario *scenario, const struct node *moment,
                       struct node *copy, const struct seen *want, const struct seen *so_far,
                       uint32_t step, bool again)
{
    struct seen got = *so_far;
    if (seen_too_early(moment)) {
        fprintf(stderr, "%s: step %u: published before it was committed\n", scenario->name, step);
        return false;
    }
    node_copy(copy, moment);
    start(copy, scenario, false);
    seen_finish(copy, &got);
    if (!judge(scenario, want, &got, step))
        return false;
    if (scenario->flags & STEP_FAULT && in_hand(moment) && got.letters == 0) {
        fprintf(stderr, "%s: step %u: nobody was suspected\n", scenario->name, step);
        return false;
    }
    if (!again)
        return true;
    start(copy, scenario, false);
    seen_finish(copy, &got);
    return judge(scenario, want, &got, step);
}

static bool parked(const struct node *node)
{
    const struct shm_public *pub = (const void *)node->pub[NODE_WORKER];
    return pub->parked != 0 && pub->incarnation == node->boot.incarnation;
}

static void wait_stopped(pid_t worker)
{
    int status;
    if (waitpid(worker, &status, 0) < 0 || !WIFSTOPPED(status))
        abort();
}

/* Lets it run; it stops when it comes to `place`. What has been in the code there. */
static long aim(pid_t worker, uint64_t place)
{
    void *at = (void *)(uintptr_t)place;
    long code = ptrace(PTRACE_PEEKTEXT, worker, at, NULL);
    ptrace(PTRACE_POKETEXT, worker, at, (void *)((code & ~0xffl) | 0xcc)); /* int3 */
    ptrace(PTRACE_CONT, worker, NULL, NULL);
    return code;
}

static void arrive(pid_t worker, uint64_t place, long code)
{
    struct user_regs_struct regs;
    ptrace(PTRACE_POKETEXT, worker, (void *)(uintptr_t)place, (void *)code);
    ptrace(PTRACE_GETREGS, worker, NULL, &regs);
    regs.rip = place;
    ptrace(PTRACE_SETREGS, worker, NULL, &regs);
}

/* Lets it run as far as `place`: what comes before touches none of the memory in question. */
static void run_to(pid_t worker, uint64_t place)
{
    long code = aim(worker, place);
    wait_stopped(worker);
    arrive(worker, place, code);
}

/* The same where it may park before it comes there: then false, and it runs. */
static bool run_to_or_park(const struct node *node, uint64_t place)
{
    long code = aim(node->worker, place);
    int status;
    pid_t pid;
    for (; (pid = waitpid(node->worker, &status, WNOHANG)) == 0; sched_yield())
        if (parked(node))
            return false;
    if (pid < 0 || !WIFSTOPPED(status))
        abort();
    arrive(node->worker, place, code);
    return true;
}

static uint64_t register_of(pid_t worker, size_t offset)
{
    return (uint64_t)ptrace(PTRACE_PEEKUSER, worker, offset, NULL);
}

/* A call of ax_contract_hash, which is a function of its argument alone and most of the
 * instructions of a scenario, is one step. */
static bool one_step(struct node *node)
{
    int status;
    if (ptrace(PTRACE_SINGLESTEP, node->worker, NULL, NULL) != 0 ||
        waitpid(node->worker, &status, 0) < 0 || !WIFSTOPPED(status)) {
        node->worker = 0;
        return false;
    }
    if (register_of(node->worker, offsetof(struct user_regs_struct, rip)) ==
        (uintptr_t)ax_contract_hash) {
        uint64_t stack = register_of(node->worker, offsetof(struct user_regs_struct, rsp));
        run_to(node->worker, (uint64_t)ptrace(PTRACE_PEEKDATA, node->worker, stack, NULL));
    }
    return true;
}

static void trail_add(const struct node *node)
{
    trail.over |= trail.steps == TRAIL || parked(node);
    if (!trail.over)
        trail.at[trail.steps++] = register_of(node->worker, offsetof(struct user_regs_struct, rip));
}

/* The last step up to `at` with which the worker came to a place in this program for the first
 * time: it can be let run as far as that. */
static uint32_t trail_before(uint32_t at)
{
    extern const char __executable_start[], etext[];
    uint32_t step = at < trail.steps ? at : trail.steps - 1;
    for (; step > 0; step--) {
        uint64_t place = trail.at[step];
        uint32_t first = 0;
        while (trail.at[first] != place)
            first++;
        if (first == step && place >= (uintptr_t)__executable_start && place < (uintptr_t)etext)
            return step;
    }
    return 0;
}

static void start_traced(struct node *node, const struct scenario *scenario)
{
    start(node, scenario, true);
    wait_stopped(node->worker);
    run_to(node->worker, (uintptr_t)shm_recover);
}

struct stage { /* three sets of memory: the stepped one, the last moment seen, one for successors */
    struct node live, last, copy, deeper_live, deeper_last;
};

static bool open_turn(const struct node *node)
{
    const struct shm_private *priv = (const void *)node->priv[NODE_WORKER];
    const struct shm_public *pub = (const void *)node->pub[NODE_WORKER];
    return priv->journal.turn != pub->committed && priv->journal.entries > 4;
}

/* Of two moments that differ: only in what blocks hold. */
static bool arena_alone(const struct node *a, const struct node *b)
{
    const uint32_t w = NODE_WORKER;
    bool lanes = false;
    for (uint32_t to = 0; to < NODE_SLOTS; to++)
        lanes |= to != w && memcmp(a->edge[w][to], b->edge[w][to], a->geo[w].edge_bytes) != 0;
    return !lanes && memcmp(a->pub[w], b->pub[w], a->geo[w].public_bytes) == 0 &&
           memcmp(a->priv[w], b->priv[w], a->geo[w].arena_off) == 0;
}

static bool step_recovery(const struct scenario *scenario, struct stage *stage,
                          const struct seen *want, const struct seen *so_far, struct tally *tally);

/* Steps a worker in `live` until it parks, trying every moment. */
static bool step_through(const struct scenario *scenario, struct stage *stage, struct node *live,
                         struct node *last, const struct seen *want, const struct seen *so_far,
                         struct tally *tally, bool recovery)
{
    struct seen seen = *so_far;
    const uint32_t nth = recovery ? every_of_recovery : every;
    uint32_t deeper = 0, deeper_at = 0, copied = 0;
    start_traced(live, scenario);
    node_copy(last, live);
    for (uint32_t step = 0;; step++) {
        if (!recovery)
            trail_add(live);
        if (parked(live)) { /* the peers' turn; then it goes on, or has nothing left to do */
            seen_play(live, &seen);
            if (seen_rests(live))
                break;
        }
        if (!one_step(live)) {
            fprintf(stderr, "%s: the stepped worker died\n", scenario->name);
            return false;
        }
        tally->steps++;
        if (!node_differs(live, last))
            continue;
        bool copying = scenario->flags & STEP_LARGE && arena_alone(live, last);
        node_copy(last, live);
        if (copying && ++copied % LARGE_EVERY != 0)
            continue;
        tally->moments++;
        if ((tally->moments + tally->first) % nth == 0 &&
            !try_moment(scenario, last, &stage->copy, want, &seen, step,
                        ++tally->tried % AGAIN_EVERY == 0))
            return false;
        if (!recovery && open_turn(last) && tally->moments >= deeper_at && deeper != NESTED_FROM) {
            deeper++;
            deeper_at = tally->moments + NESTED_APART;
            if (!step_recovery(scenario, stage, want, &seen, tally))
                return false;
        }
    }
    node_kill(live);
    return true;
}

static bool step_recovery(const struct scenario *scenario, struct stage *stage,
                          const struct seen *want, const struct seen *so_far, struct tally *tally)
{
    struct tally inner = {.first = tally->nested};
    node_copy(&stage->deeper_live, &stage->last);
    bool ok = step_through(scenario, stage, &stage->deeper_live, &stage->deeper_last, want, so_far,
                           &inner, true);
    node_kill(&stage->deeper_live);
    tally->nested += inner.tried;
    return ok;
}

/* Starts a worker to be as far as it was in step_through after `at` steps: the step from which on
 * it is to be stepped. It is let run to where it was for the first time; where it does not come
 * there, as what it does may depend on the time, it is to be stepped from the start. */
static uint32_t start_at(const struct scenario *scenario, struct node *live,
                         const struct node *from, uint32_t at)
{
    uint32_t step = trail_before(at);
    for (;; step = 0) {
        node_copy(live, from);
        start_traced(live, scenario);
        if (step == 0 || run_to_or_park(live, trail.at[step]))
            return step;
        node_kill(live);
    }
}

/* The same with a SIGKILL, for some of the steps. */
static bool kill_for_real(const struct scenario *scenario, struct stage *stage,
                          const struct node *from, const struct seen *want, struct tally *tally)
{
    uint32_t stride = tally->steps / REAL_KILLS + 1;
    for (uint32_t at = stride / 2; at < tally->steps; at += stride) {
        struct seen got = {0};
        uint32_t step = start_at(scenario, &stage->live, from, at);
        for (; step < at; step++) {
            if (parked(&stage->live)) {
                seen_play(&stage->live, &got);
                if (seen_rests(&stage->live))
                    break;
            }
            if (!one_step(&stage->live))
                return false;
        }
        node_kill(&stage->live);
        start(&stage->live, scenario, false);
        seen_finish(&stage->live, &got);
        tally->real++;
        if (!judge(scenario, want, &got, at))
            return false;
    }
    return true;
}

/* All of it at once, however slow the test is. */
static void stimulate(const struct scenario *scenario, struct node *node)
{
    kill(node->worker, SIGSTOP);
    waitpid(node->worker, NULL, WUNTRACED);
    scenario->stimulus(node);
    kill(node->worker, SIGCONT);
}

/* The same again and again in one process, without a death: no more memory than at first. */
static bool repeat(const struct scenario *scenario, struct node *node, const struct node *from)
{
    struct seen seen = {0};
    uint32_t units = 0;
    node_copy(node, from);
    start(node, scenario, false);
    for (uint32_t i = 0; i < REPEATS; i++) {
        if (i == REPEATS / 2)
            units = private_of(node)->fresh_unit;
        stimulate(scenario, node);
        seen.nframes = 0;
        if (!seen_settle(node, &seen)) {
            fprintf(stderr, "%s: it does not settle when it is repeated\n", scenario->name);
            return false;
        }
    }
    node_kill(node);
    if (private_of(node)->fresh_unit == units)
        return true;
    fprintf(stderr, "%s: repeated, it uses more and more memory: %u units, then %u\n",
            scenario->name, units, private_of(node)->fresh_unit);
    return false;
}

static void boot(const struct scenario *scenario, struct node *node)
{
    static struct boot_actor actors[STEP_ACTORS];
    for (uint32_t i = 0; i < STEP_ACTORS; i++)
        actors[i] = (struct boot_actor){
            .contract = "",
            .capacity = 100,
            .name_entry = 0,
            .policy = {.window_ns = 1,
                       .max = 1000,
                       .restart = scenario->flags & STEP_NEVER    ? 0
                                  : scenario->flags & STEP_ALWAYS ? 2
                                                                  : 1,
                       .drain_ns = scenario->flags & STEP_DRAIN ? AX_SECONDS(3600) : 0,
                       .backoff_max_ns = 1,
                       .high = scenario->flags & STEP_HIGH ? 3 : 0,
                       .low = scenario->flags & STEP_HIGH ? 1 : 0,
                       .drop_mail = (scenario->flags & STEP_DROP) != 0},
        };
    for (uint32_t i = 0; i < STEP_ACTORS; i++)
        snprintf(actors[i].contract, sizeof actors[i].contract, "%s",
                 i == 0 && scenario->first != NULL ? scenario->first : "probe");
    node->boot.actors = actors;
    node->boot.nactors = STEP_ACTORS;
    node->boot.nregistries = 1;
    node->boot.registries[0] = (struct boot_registry){.name = "keys",
                                                      .contract = "probe",
                                                      .first = NODE_WORKER,
                                                      .slots = 1,
                                                      .keys = 100,
                                                      .capacity = 100,
                                                      .policy = actors[0].policy};
    scenarios_open(node);
}

/* The memory from which the scenario starts, its stimulus not yet given. */
static bool prepare(const struct scenario *scenario, struct node *node)
{
    struct seen seen = {0};
    node_open(node);
    boot(scenario, node);
    if (scenario->flags & STEP_FIRST)
        return true;
    node_start(node, &ax_plugin, false);
    if (scenario->before != NULL && seen_settle(node, &seen))
        scenario->before(node);
    return seen_finish(node, &seen);
}

static bool undisturbed(const struct scenario *scenario, struct node *copy, const struct node *from,
                        struct seen *want)
{
    node_copy(copy, from);
    start(copy, scenario, false);
    bool ok = seen_finish(copy, want) && scenario->judge(want, want);
    if (!ok || getenv("AX_STEP_VERBOSE") != NULL)
        seen_print(scenario->name, want);
    return ok;
}

static bool run(const struct scenario *scenario)
{
    static struct node booted, from;
    static struct stage stage;
    const struct seen nothing = {0};
    struct seen want = {0};
    struct tally tally = {0};
    node_open(&from);
    node_open(&stage.live);
    node_open(&stage.last);
    node_open(&stage.copy);
    node_open(&stage.deeper_live);
    node_open(&stage.deeper_last);
    bool ok = prepare(scenario, &booted);
    seen_late(scenario->late);
    node_copy(&from, &booted);
    scenario->stimulus(&from);
    ok = ok && undisturbed(scenario, &stage.copy, &from, &want);
    node_copy(&stage.live, &from);
    ok = ok &&
         step_through(scenario, &stage, &stage.live, &stage.last, &want, &nothing, &tally, false);
    node_kill(&stage.live);
    ok = ok && kill_for_real(scenario, &stage, &from, &want, &tally);
    node_kill(&stage.live);
    ok = ok && (scenario->flags & STEP_ONCE || repeat(scenario, &stage.live, &booted));
    node_kill(&stage.live);
    printf("%-14s %6u instructions, %5u kill points, %5u within recovery, %3u real kills: %s\n",
           scenario->name, tally.steps, tally.tried, tally.nested, tally.real,
           ok ? "ok" : "FAILED");
    fflush(stdout);
    return ok && tally.tried > 0 && (tally.nested > 0 || NESTED_FROM == 0) &&
           tally.real > 0; /* else it shows nothing */
}

/* ---- all of them, a process each ---- */

static pid_t running[AT_A_TIME]; /* 0: there is room for one */

static uint32_t place_of(pid_t pid)
{
    uint32_t place = 0;
    while (place < AT_A_TIME && running[place] != pid)
        place++;
    return place;
}

static void wait_for_one(uint32_t *passed, uint32_t *failed)
{
    int status;
    uint32_t place = place_of(wait(&status));
    if (place == AT_A_TIME)
        abort();
    running[place] = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        ++*passed;
    else
        ++*failed;
}

/* A scenario and its workers take turns at each instruction: on one CPU none need wake another. */
static void stay_on_one_cpu(uint32_t nth)
{
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        return;
    nth %= (uint32_t)CPU_COUNT(&all);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &all) || nth-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        (void)sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

static void begin(const struct scenario *scenario, uint32_t place)
{
    fflush(NULL);
    running[place] = fork();
    if (running[place] < 0)
        abort();
    if (running[place] != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    stay_on_one_cpu((uint32_t)getppid() + place); /* one alone is not always on the first */
    exit(run(scenario) ? 0 : 1);
}

static uint32_t number_from(const char *variable, uint32_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL && atoi(text) > 0 ? (uint32_t)atoi(text) : otherwise;
}

/* First those that take longest, so that none of them is left alone at the end. */
static const struct scenario_set *const sets[] = {
    &supervising_scenarios, &messages_scenarios, &awaits_scenarios, &lives_scenarios,
    &watching_scenarios,    &maps_scenarios,     &ends_scenarios,   &far_scenarios,
};
#define SETS (sizeof sets / sizeof *sets)

int main(int argc, char **argv)
{
    uint32_t passed = 0, failed = 0, row = 0, begun = 0;
    every = number_from("AX_STEP_EVERY", every);
    every_of_recovery = number_from("AX_STEP_RECOVERY", every_of_recovery);
    for (uint32_t i = 0; i < SETS; i++)
        for (uint32_t j = 0; j < sets[i]->count; j++) {
            const struct scenario *scenario = &sets[i]->rows[j];
            if (argc > 1 ? strcmp(argv[1], scenario->name) != 0 : row++ % ROWS_EVERY != 0)
                continue;
            if (place_of(0) == AT_A_TIME)
                wait_for_one(&passed, &failed);
            begin(scenario, place_of(0));
            begun++;
        }
    while (passed + failed < begun)
        wait_for_one(&passed, &failed);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
