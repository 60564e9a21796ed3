/* SPDX-License-Identifier: MIT */
/* test-timeout: 300
 *
 * A hostile worker, in every memory that it may write. Each variant takes a moment of a small
 * system, lets a vandal loose (tests/lib/vandal.c) on all that one slot may write, and then
 *
 *   reading     has the others read it: another worker its lanes, directory and geometry, axsup its
 *               lanes, records, journal and event rings. Nobody may crash, hang, touch a byte
 *               outside what is mapped, believe what only somebody else may say, or find fault with
 *               itself. They still serve each other, and when the culprit has been emptied and is
 *               there again, they read it again.
 *   recovery    lets a successor into the slot. Either all adds up, and then it can be used to the
 *               last byte, or it says what does not, and after axsup has emptied it, it can.
 *
 * Each CPU has a share of the variants, in a process of its own.
 *
 *   AX_HOSTILE_VARIANTS  how many (100000)     AX_HOSTILE_SEED  the first number (1)
 *   AX_HOSTILE_ONLY      one variant, by its number, with its aims printed */
#include "tests/lib/guard.h"
#include "tests/lib/world.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES 32 /* of a stack that is shown */
#define VARIANT_SECONDS 60
#define REASONS 32u
#define SHARES 64u /* at most */

static struct {
    uint64_t number;
    const char *aim, *part;
} now; /* for whoever must say where it ended */

/* What comes of a share of the variants. */
struct found {
    uint64_t failures;
    struct {
        const char *text; /* of this program, of which each process is a copy */
        uint64_t count;
    } reasons[REASONS];
};

static int console;
static struct found *found;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vdprintf(console, format, args);
    va_end(args);
}

static void fail(const char *what)
{
    if (found->failures++ < 20)
        say("variant %" PRIu64 " (%s, last aim: %s): %s\n", now.number, now.part, now.aim, what);
}

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail(#condition);                                                                      \
    } while (0)

static void on_death(int number)
{
    void *frames[FRAMES];
    say("variant %" PRIu64 " (%s, last aim: %s): %s\n", now.number, now.part, now.aim,
        number == SIGALRM ? "it hangs" : strsignal(number));
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES), console);
    signal(number, SIG_DFL);
    raise(number == SIGALRM ? SIGABRT : number);
}

/* ---- reading ---- */

static int64_t told_before; /* downs and replies in the moment */

struct answer {
    int count, error;
};

static void on_reply(void *ctx, int error, const void *body, size_t size)
{
    struct answer *answer = ctx;
    (void)body;
    (void)size;
    answer->count++;
    answer->error = error;
}

static void rounds(struct world *world, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        victim_round(&world->victim);
        world_hub(world);
    }
}

/* An ask of axsup to the worker is answered once, whatever slot 2 does; or refused at once, where
 * slot 2 has had that actor stopped, as any worker may. */
static void serve(struct world *world)
{
    const struct ax_contract *contract = world->template.types[0].contract;
    struct answer answer = {0};
    static const uint8_t none;
    int error = sup_ask(&world->sup, world_ref(WORKER, 2), contract, subject_method_get, &none, 0,
                        UINT64_MAX, on_reply, &answer);
    sup_hub_flush(&world->sup);
    rounds(world, 16);
    if (error == 0)
        REQUIRE(answer.count == 1);
    else
        REQUIRE(error == AX_E_NO_ACTOR || error == AX_E_CLOSED);
    sup_ask_forget(&world->sup, &answer);
}

static int64_t told(struct world *world)
{
    int64_t sum = 0;
    for (uint32_t index = 1; index < 4; index++) {
        struct subject_counts counts = {0};
        size_t size = sizeof counts;
        if (sup_actor_state(&world->sup, world_ref(WORKER, index), &counts, &size) == 0)
            sum += counts.told;
    }
    return sum;
}

static bool all_live(const struct worker *w)
{
    bool live = true;
    for (uint32_t index = 1; index < w->port.priv->fresh_actor; index++)
        live &= w->port.actors[index].state == SHM_LIVE;
    return live;
}

/* Nobody else may answer an ask of an actor of axsup's slot, nor tell the end of an actor here.
 * (Slot 2 may stop actors here, as anybody may: then there are ends to be told.) */
static void not_fooled(struct world *world)
{
    if (all_live(&world->victim.worker))
        REQUIRE(told(world) == told_before);
}

/* axsup empties slot 2; its next process sends a message, and it is handled. */
static void come_back(struct world *world)
{
    struct shm_public *pub = (struct shm_public *)(void *)world->node.pub[OTHER];
    struct shm_port *axsup = &world->sup.hub.port;
    const struct shm_slot_down_body down = {
        .slot = OTHER, .incarnation = 1, .reason = SHM_CORRUPT, .will_restart = 1};
    const struct shm_frame head = {.kind = SHM_SLOT_DOWN};
    sup_hub_control(&world->sup, WORKER, &head, &down, sizeof down);
    rounds(world, 16);
    REQUIRE(world_empty(world, OTHER) == 0);
    world->slots[OTHER].incarnation = 2;
    axsup->pub->slot[OTHER].incarnation = 2;
    sup_hub_uncut(&world->sup, OTHER);
    struct victim *other = &world->successor;
    other->boot.incarnation = 2;
    struct worker *kept = ax_worker;
    REQUIRE(victim_enter(other, &world->node, &subject_plugin) == 0);
    pub->incarnation = 2;
    uint64_t handled = world->victim.worker.messages;
    struct shm_port *port = &other->worker.port;
    shm_turn_begin(port, 0, 0);
    uint32_t size = shm_frame_size(sizeof(struct subject_add));
    struct shm_frame *frame = shm_lane_reserve(port, WORKER, SHM_DATA, size);
    REQUIRE(frame != NULL);
    if (frame != NULL) {
        *frame = (struct shm_frame){.size = size,
                                    .kind = SHM_TELL,
                                    .method = subject_method_add,
                                    .to = world_ref(WORKER, 3),
                                    .from = world_ref(OTHER, 1),
                                    .stamp = port->turn};
        memset(frame->body, 0, sizeof(struct subject_add));
        shm_lane_stage(port, WORKER, SHM_DATA, size);
    }
    shm_turn_commit(port);
    shm_lane_flush(port);
    ax_worker = kept;
    bool there = world->victim.worker.port.actors[3].state == SHM_LIVE;
    uint64_t letters = world->victim.worker.port.priv->letters;
    rounds(world, 16);
    if (there)
        REQUIRE(world->victim.worker.messages == handled + 1);
    else
        REQUIRE(world->victim.worker.port.priv->letters == letters + 1);
    victim_leave(other);
}

static void reading(struct world *world, const struct node *moment, uint64_t seed)
{
    struct vandal vandal;
    now.part = "reading";
    world_become(world, moment);
    world_reach(world, OTHER, &vandal);
    now.aim = vandal_strike(&vandal, seed);
    int error = victim_enter(&world->victim, &world->node, &subject_plugin);
    REQUIRE(error == 0);
    if (error == 0) {
        REQUIRE(victim_start(&world->victim) == 0);
        rounds(world, 16);
        now.aim = vandal_strike(&vandal, seed ^ 0x5555); /* while it runs */
        rounds(world, 16);
        serve(world);
        not_fooled(world);
        world_look(world, OTHER);
        REQUIRE(!world->victim.worker.port.in[0].cut);
        REQUIRE(!world->sup.hub.port.in[WORKER].cut);
        REQUIRE(world_blamed[WORKER] == 0);
        come_back(world);
    }
    victim_leave(&world->victim);
}

/* ---- recovery ---- */

static void count_reason(struct found *in, const char *text, uint64_t count)
{
    for (uint32_t i = 0; i < REASONS; i++)
        if (in->reasons[i].text == NULL || strcmp(in->reasons[i].text, text) == 0) {
            in->reasons[i].text = text;
            in->reasons[i].count += count;
            return;
        }
}

static void recovery(struct world *world, const struct node *moment, uint64_t seed)
{
    struct vandal vandal;
    struct victim *victim = &world->victim;
    now.part = "recovery";
    world_become(world, moment);
    world_reach(world, WORKER, &vandal);
    now.aim = vandal_strike(&vandal, seed);
    world_look(world, WORKER);
    int error = victim_enter(victim, &world->node, &subject_plugin);
    if (error == 0) {
        count_reason(found, "nothing", 1);
        world_use_all(&victim->worker);
        victim_leave(victim);
        return;
    }
    REQUIRE(error == -EBADMSG);
    REQUIRE(victim->found.wrong != NULL);
    count_reason(found, victim->found.wrong != NULL ? victim->found.wrong : "?", 1);
    victim_leave(victim);
    REQUIRE(world_empty(world, WORKER) == 0);
    victim->boot.incarnation = 2;
    victim->boot.epoch = 1;
    error = victim_enter(victim, &world->node, &subject_plugin);
    REQUIRE(error == 0);
    if (error == 0) {
        REQUIRE(victim_start(victim) == 0);
        rounds(world, 4);
        REQUIRE(victim->worker.port.priv->booted == victim->boot.nactors);
    }
    victim_leave(victim);
}

/* ---- all of it ---- */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL || *text == '\0' ? otherwise : strtoull(text, NULL, 10);
}

/* Without a vandal all adds up, and nothing is told. */
static void check_moment(struct world *world, const struct node *moment)
{
    now.part = "nothing done";
    world_become(world, moment);
    REQUIRE(victim_enter(&world->victim, &world->node, &subject_plugin) == 0);
    REQUIRE(victim_start(&world->victim) == 0);
    rounds(world, 16);
    told_before = told(world);
    REQUIRE(all_live(&world->victim.worker));
    come_back(world);
    victim_leave(&world->victim);
}

static void one(struct world *world, const struct node *moments, uint64_t number)
{
    now.number = number;
    alarm(VARIANT_SECONDS);
    if (number % 2 == 0)
        reading(world, &moments[0], number);
    else
        recovery(world, &moments[number / 2 % WORLD_MOMENTS], number);
}

static void watch_for_death(void)
{
    static const int deaths[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM};
    for (unsigned i = 0; i < sizeof deaths / sizeof *deaths; i++)
        signal(deaths[i], on_death);
}

/* What the worker logs is of no interest, and it is much. */
static void quiet(void)
{
    console = dup(STDERR_FILENO);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (console < 0 || null < 0 || dup2(null, STDERR_FILENO) < 0)
        exit(1);
}

/* Those with numbers from `first` on, up to `end`. */
static void play(uint64_t first, uint64_t end)
{
    static struct world world;
    static struct node moments[WORLD_MOMENTS];
    guard_mappings();
    watch_for_death();
    for (uint32_t i = 0; i < WORLD_MOMENTS; i++)
        world_moment(&moments[i], i);
    world_open(&world);
    for (uint32_t i = WORLD_MOMENTS; i-- > 0;)
        check_moment(&world, &moments[i]);
    for (uint64_t number = first; number < end; number++)
        one(&world, moments, number);
    world_close(&world);
    for (uint32_t i = 0; i < WORLD_MOMENTS; i++)
        node_close(&moments[i]);
}

static uint32_t cpus(void)
{
    cpu_set_t set;
    uint32_t count = sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
    return count < SHARES ? count : SHARES;
}

/* Each share ends in `all`; how many of their processes have failed. */
static uint32_t play_shares(uint64_t first, uint64_t count, struct found *all, uint32_t shares)
{
    uint32_t bad = 0;
    int status;
    for (uint32_t i = 0; i < shares; i++) {
        pid_t pid = fork();
        bad += pid < 0;
        if (pid != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        found = &all[i];
        play(first + count * i / shares, first + count * (i + 1) / shares);
        exit(found->failures != 0);
    }
    while (wait(&status) > 0)
        bad += status != 0;
    return bad;
}

int main(void)
{
    static struct found sum;
    uint64_t seed = number_of("AX_HOSTILE_SEED", 1);
    uint64_t count = number_of("AX_HOSTILE_VARIANTS", 100000);
    uint64_t only = number_of("AX_HOSTILE_ONLY", 0);
    uint32_t shares = cpus(), bad = 0;
    struct found *all =
        mmap(NULL, SHARES * sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return 1;
    if (only == 0)
        quiet();
    else
        console = STDERR_FILENO;
    if (only != 0) {
        found = &sum;
        play(only, only + 1);
    } else {
        bad = play_shares(seed, count, all, shares);
    }
    for (uint32_t i = 0; i < shares; i++) {
        sum.failures += all[i].failures;
        for (uint32_t j = 0; j < REASONS && all[i].reasons[j].text != NULL; j++)
            count_reason(&sum, all[i].reasons[j].text, all[i].reasons[j].count);
    }
    for (uint32_t i = 0; i < REASONS && sum.reasons[i].text != NULL; i++)
        printf("recovery: %8" PRIu64 " found wrong: %s\n", sum.reasons[i].count,
               sum.reasons[i].text);
    printf("%" PRIu64 " variants, %" PRIu64 " failures\n", only != 0 ? 1 : count, sum.failures);
    return sum.failures != 0 || bad != 0;
}
