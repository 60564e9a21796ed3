/* SPDX-License-Identifier: MIT */
/* test-timeout: 900
 *
 * Every instruction. A worker is single-stepped through what a turn can do. After each instruction
 * that changed the memory it writes, that memory is copied and a successor is let into the copy: to
 * it this is the same as if the worker had been killed there. When the successor has nothing left
 * to do, everything that can be seen must be what it would have been without the death: the kept
 * state of each actor, each frame that reached a peer, in order, the counters, and the blocks in
 * use. Where the death falls into an await, the ways it may end are written down with the scenario.
 *
 * Recovery is stepped in the same way, from moments with an open turn. A sample of the moments is
 * tried again with a real SIGKILL after that many steps: both must agree.
 *
 *   test_step [SCENARIO]     one of them; AX_STEP_VERBOSE=1 prints each moment */
#include "probe.h"

#include "shm/chain.h"
#include "shm/recover.h"
#include "tests/lib/node.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACTORS 3u /* configured: indexes 1..3 */
#define FRAMES 64u
#define NESTED_FROM 3u /* moments of each scenario whose recovery is stepped as well */
#define REAL_KILLS 8u  /* of each scenario */

/* ---- what can be seen ---- */

struct seen { /* words only, so that two can be compared as bytes */
    int64_t sum[8], turns[8], downs[8], replies[8], errors[8];
    uint64_t state[8], handled[8];
    uint64_t nframes;
    struct {
        uint64_t kind, slot, method, to;
        int64_t body;
    } frame[FRAMES];
    uint64_t letters, settled;
};

static uint32_t kept_of(const struct node *node, uint32_t index, const int64_t **state)
{
    const struct shm_geometry *geo = &node->geo[NODE_WORKER];
    const struct shm_actor *actor =
        (const struct shm_actor *)(const void *)(node->priv[NODE_WORKER] + geo->actor_off) + index;
    const uint8_t *block =
        node->priv[NODE_WORKER] + geo->arena_off + (size_t)actor->kept * SHM_UNIT;
    uint32_t size = *(const uint32_t *)(const void *)(block + 4);
    *state = (const int64_t *)(const void *)(block + 8 + (actor->flags & SHM_HALF ? size : 0));
    return actor->state == SHM_FREE || actor->kept == 0 ? 0 : size;
}

static void look(const struct node *node, struct seen *seen)
{
    const struct shm_geometry *geo = &node->geo[NODE_WORKER];
    const struct shm_private *priv = (const void *)node->priv[NODE_WORKER];
    for (uint32_t i = 1; i < 8; i++) {
        const struct shm_actor *actor =
            (const struct shm_actor *)(const void *)(node->priv[NODE_WORKER] + geo->actor_off) + i;
        const int64_t *state;
        seen->state[i] = actor->state;
        if (kept_of(node, i, &state) == 0)
            continue;
        seen->handled[i] = actor->mail.handled;
        seen->sum[i] = state[0];
        seen->turns[i] = state[1];
        seen->downs[i] = state[2];
        seen->replies[i] = state[3];
        seen->errors[i] = state[4];
    }
    seen->letters = priv->letters;
}

/* ---- the peer and axsup, played ---- */

struct script {
    struct seen seen;
    struct node *node;
};

static void take(void *ctx, struct node *node, uint32_t slot, const struct shm_frame *frame)
{
    struct script *script = ctx;
    struct seen *seen = &script->seen;
    if (frame->kind == SHM_CLAIM) {
        const struct shm_frame grant = {.kind = SHM_GRANT, .to = frame->from, .corr = frame->corr};
        const uint32_t entry = 5;
        node_send(node, 0, SHM_CONTROL, &grant, &entry, sizeof entry);
        return;
    }
    if (slot == NODE_PEER && frame->kind == SHM_ASK) {
        const struct shm_frame reply = {.kind = SHM_REPLY,
                                        .to = frame->from,
                                        .from = frame->to,
                                        .corr = frame->corr,
                                        .method = frame->method};
        const struct probe_get_reply body = {.value = 50};
        node_send(node, NODE_PEER, SHM_DATA, &reply, &body, sizeof body);
    }
    if (slot == NODE_PEER && frame->kind == SHM_MONITOR) {
        const struct shm_frame down = {
            .kind = SHM_DOWN, .to = frame->from, .from = frame->to, .corr = frame->corr};
        const struct shm_down_body body = {.who = frame->to, .reason = SHM_NORMAL};
        node_send(node, NODE_PEER, SHM_CONTROL, &down, &body, sizeof body);
    }
    if (frame->kind == SHM_READY || seen->nframes == FRAMES)
        return;
    uint64_t n = seen->nframes++;
    seen->frame[n].kind = frame->kind;
    seen->frame[n].slot = slot;
    seen->frame[n].method = frame->method;
    seen->frame[n].to = frame->to;
    seen->frame[n].body =
        shm_frame_body(frame) >= 8 ? *(const int64_t *)(const void *)frame->body : 0;
}

/* Goes on from what was seen before. */
static bool finish(struct node *node, struct seen *seen)
{
    struct script script = {.node = node, .seen = *seen};
    script.seen.settled = node_settle(node, take, &script);
    node_kill(node);
    look(node, &script.seen);
    *seen = script.seen;
    return seen->settled;
}

/* ---- scenarios ---- */

static uint64_t peer_actor;

static probe_ref here(uint32_t index)
{
    return (probe_ref){.ref = {.addr = SHM_REF(NODE_WORKER, index, 1)}};
}

static probe_ref there(void)
{
    return (probe_ref){.ref = {.addr = peer_actor}};
}

static void tell(struct node *node, uint32_t index, uint8_t kind, uint16_t method, const void *body,
                 uint32_t size)
{
    const struct shm_frame frame = {
        .kind = kind,
        .method = method,
        .to = here(index).ref.addr,
        .from = SHM_REF(NODE_PEER, 1, 1),
        .corr = kind == SHM_ASK ? 77 : 0,
    };
    node_send(node, NODE_PEER, SHM_DATA, &frame, body, size);
}

#define TELL(node, index, message, ...)                                                            \
    tell(node, index, SHM_TELL, probe_method_##message, &(struct probe_##message){__VA_ARGS__},    \
         sizeof(struct probe_##message))
#define ASK(node, index, message, ...)                                                             \
    tell(node, index, SHM_ASK, probe_method_##message, &(struct probe_##message){__VA_ARGS__},     \
         sizeof(struct probe_##message))

static void receive_lane(struct node *node)
{
    for (int64_t i = 1; i <= 3; i++)
        TELL(node, 1, add, .by = i);
    TELL(node, 2, add, .by = 10);
}

static void send_both(struct node *node)
{
    TELL(node, 1, relay, .by = 5, .here = here(2), .there = there());
    TELL(node, 1, relay, .by = 6, .here = here(2), .there = there());
}

static void receive_local(struct node *node)
{
    TELL(node, 1, relay, .by = 1, .here = here(2), .there = here(3));
    TELL(node, 3, relay, .by = 2, .here = here(1), .there = here(1));
}

static void ask(struct node *node)
{
    ASK(node, 1, get, .by = 4);
}

static void await_peer(struct node *node)
{
    ASK(node, 1, forward, .by = 3, .to = there());
}

static void await_local(struct node *node)
{
    ASK(node, 1, forward, .by = 3, .to = here(2));
}

static void ask_async(struct node *node)
{
    TELL(node, 1, ask_later, .to = there());
    TELL(node, 1, ask_later, .to = here(2));
}

static void spawn(struct node *node)
{
    TELL(node, 1, breed, .by = 9);
}

static void leave(struct node *node)
{
    TELL(node, 3, watch, .who = here(2));
    TELL(node, 2, leave);
    TELL(node, 2, add, .by = 1);
}

static void claim(struct node *node)
{
    TELL(node, 1, claim, .name = "child");
}

static void watch_peer(struct node *node)
{
    TELL(node, 1, watch, .who = there());
}

static void timer(struct node *node)
{
    TELL(node, 1, later, .by = 8, .delay_ns = 0);
}

static void fail(struct node *node)
{
    TELL(node, 1, add, .by = 1);
    TELL(node, 1, fail, .by = 100);
    TELL(node, 1, add, .by = 2);
}

static bool same(const struct seen *want, const struct seen *got)
{
    return memcmp(want, got, sizeof *want) == 0;
}

/* The state that an ask leaves behind when its handler died in the await: everything of the first
 * turn, nothing of the second, and the asker told AX_E_CANCELED; or all of it as if nothing had
 * happened. */
static bool same_or_canceled(const struct seen *want, const struct seen *got)
{
    if (same(want, got))
        return true;
    bool answered = false;
    for (uint64_t i = 0; i < got->nframes; i++)
        answered |= got->frame[i].kind == SHM_ERROR && got->frame[i].method == AX_E_CANCELED &&
                    got->frame[i].to == SHM_REF(NODE_PEER, 1, 1);
    return answered && got->turns[1] == 1 && got->sum[1] == 1 && got->replies[1] == 0 &&
           got->errors[1] == 0 && got->state[1] == SHM_LIVE && got->sum[2] <= want->sum[2] &&
           got->letters == 1;
}

/* A claim is an await as well: named and counted, or canceled before the child is there. */
static bool same_or_unclaimed(const struct seen *want, const struct seen *got)
{
    if (same(want, got))
        return true;
    return got->turns[1] == 1 && got->replies[1] == 0 && got->errors[1] == 0 && got->letters == 1;
}

static const struct scenario {
    const char *name;
    void (*stimulus)(struct node *node);
    bool (*judge)(const struct seen *want, const struct seen *got);
} scenarios[] = {
    {"receive_lane", receive_lane, same},
    {"receive_local", receive_local, same},
    {"send_both", send_both, same},
    {"ask", ask, same},
    {"await_peer", await_peer, same_or_canceled},
    {"await_local", await_local, same_or_canceled},
    {"ask_async", ask_async, same},
    {"spawn", spawn, same},
    {"exit", leave, same},
    {"claim", claim, same_or_unclaimed},
    {"monitor", watch_peer, same},
    {"timer", timer, same},
    {"fail", fail, same},
};

/* ---- stepping ---- */

struct tally {
    uint32_t steps, moments, nested, real;
};

static void report(const char *what, const struct seen *seen)
{
    fprintf(stderr, "  %s: settled %" PRIu64 " letters %" PRIu64 "\n", what, seen->settled,
            seen->letters);
    for (uint32_t i = 1; i < 8; i++)
        if (seen->state[i] != 0 || seen->turns[i] != 0)
            fprintf(stderr,
                    "    actor %u: state %" PRIu64 " handled %" PRIu64 " sum %" PRId64
                    " turns %" PRId64 " downs %" PRId64 " replies %" PRId64 " errors %" PRId64 "\n",
                    i, seen->state[i], seen->handled[i], seen->sum[i], seen->turns[i],
                    seen->downs[i], seen->replies[i], seen->errors[i]);
    for (uint64_t i = 0; i < seen->nframes; i++)
        fprintf(stderr,
                "    frame to slot %" PRIu64 ": kind %" PRIu64 " method %" PRIu64 " to %" PRIx64
                " body %" PRId64 "\n",
                seen->frame[i].slot, seen->frame[i].kind, seen->frame[i].method, seen->frame[i].to,
                seen->frame[i].body);
}

static bool judge(const struct scenario *scenario, const struct seen *want, struct seen *got,
                  uint32_t step)
{
    if (got->settled && scenario->judge(want, got))
        return true;
    fprintf(stderr, "%s: killed after step %u:\n", scenario->name, step);
    report("without a death", want);
    report("with it", got);
    return false;
}

/* A successor in a copy of `moment`. */
static bool try_moment(const struct scenario *scenario, const struct node *moment,
                       struct node *copy, const struct seen *want, const struct seen *so_far,
                       uint32_t step)
{
    struct seen got = *so_far;
    node_copy(copy, moment);
    node_start(copy, &ax_plugin, false);
    finish(copy, &got);
    return judge(scenario, want, &got, step);
}

static bool parked(const struct node *node)
{
    const struct shm_public *pub = (const void *)node->pub[NODE_WORKER];
    return pub->parked != 0 && pub->incarnation == node->boot.incarnation;
}

static bool one_step(struct node *node)
{
    int status;
    if (ptrace(PTRACE_SINGLESTEP, node->worker, NULL, NULL) != 0 ||
        waitpid(node->worker, &status, 0) < 0 || !WIFSTOPPED(status)) {
        node->worker = 0;
        return false;
    }
    return true;
}

static void wait_stopped(pid_t worker)
{
    int status;
    if (waitpid(worker, &status, 0) < 0 || !WIFSTOPPED(status))
        abort();
}

/* Lets it run as far as `function`: what comes before touches none of the memory in question. */
static void run_to(pid_t worker, void *function)
{
    struct user_regs_struct regs;
    long code = ptrace(PTRACE_PEEKTEXT, worker, function, NULL);
    ptrace(PTRACE_POKETEXT, worker, function, (void *)((code & ~0xffl) | 0xcc)); /* int3 */
    ptrace(PTRACE_CONT, worker, NULL, NULL);
    wait_stopped(worker);
    ptrace(PTRACE_POKETEXT, worker, function, (void *)code);
    ptrace(PTRACE_GETREGS, worker, NULL, &regs);
    regs.rip = (unsigned long long)(uintptr_t)function;
    ptrace(PTRACE_SETREGS, worker, NULL, &regs);
}

static void start_traced(struct node *node)
{
    node_start(node, &ax_plugin, true);
    wait_stopped(node->worker);
    run_to(node->worker, (void *)(uintptr_t)shm_recover);
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

static bool step_recovery(const struct scenario *scenario, struct stage *stage,
                          const struct seen *want, const struct seen *so_far, struct tally *tally);

/* Steps a worker in `live` until it parks, trying every moment. */
static bool step_through(const struct scenario *scenario, struct stage *stage, struct node *live,
                         struct node *last, const struct seen *want, const struct seen *so_far,
                         struct tally *tally, bool recovery)
{
    struct script script = {.node = live, .seen = *so_far};
    uint32_t deeper = 0;
    start_traced(live);
    node_copy(last, live);
    for (uint32_t step = 0;; step++) {
        if (parked(live)) { /* the peers' turn; then it goes on, or has nothing left to do */
            node_take(live, take, &script);
            if (!node_unread(live))
                break;
        }
        if (!one_step(live)) {
            fprintf(stderr, "%s: the stepped worker died\n", scenario->name);
            return false;
        }
        tally->steps++;
        if (!node_differs(live, last))
            continue;
        node_copy(last, live);
        tally->moments++;
        if (!try_moment(scenario, last, &stage->copy, want, &script.seen, step))
            return false;
        if (!recovery && open_turn(last) && tally->moments % 16 == 0 && deeper < NESTED_FROM) {
            deeper++;
            if (!step_recovery(scenario, stage, want, &script.seen, tally))
                return false;
        }
    }
    node_kill(live);
    return true;
}

static bool step_recovery(const struct scenario *scenario, struct stage *stage,
                          const struct seen *want, const struct seen *so_far, struct tally *tally)
{
    struct tally inner = {0};
    node_copy(&stage->deeper_live, &stage->last);
    bool ok = step_through(scenario, stage, &stage->deeper_live, &stage->deeper_last, want, so_far,
                           &inner, true);
    node_kill(&stage->deeper_live);
    tally->nested += inner.moments;
    return ok;
}

/* The same with a SIGKILL, for some of the steps. */
static bool kill_for_real(const struct scenario *scenario, struct stage *stage,
                          const struct node *start, const struct seen *want, struct tally *tally)
{
    uint32_t stride = tally->steps / REAL_KILLS + 1;
    for (uint32_t at = stride / 2; at < tally->steps; at += stride) {
        struct seen got = {0};
        struct script script = {.node = &stage->live};
        node_copy(&stage->live, start);
        start_traced(&stage->live);
        for (uint32_t step = 0; step < at; step++) {
            if (parked(&stage->live)) {
                node_take(&stage->live, take, &script);
                if (!node_unread(&stage->live))
                    break;
            }
            if (!one_step(&stage->live))
                return false;
        }
        got = script.seen;
        node_kill(&stage->live);
        node_start(&stage->live, &ax_plugin, false);
        finish(&stage->live, &got);
        tally->real++;
        if (!judge(scenario, want, &got, at))
            return false;
    }
    return true;
}

static void boot(struct node *node, struct boot_actor *actors)
{
    struct seen seen = {0};
    for (uint32_t i = 0; i < ACTORS; i++)
        actors[i] = (struct boot_actor){
            .contract = "probe",
            .capacity = 100,
            .name_entry = 0,
            .policy = {.window_ns = 1, .max = 1000, .restart = 1, .backoff_max_ns = 1},
        };
    node->boot.actors = actors;
    node->boot.nactors = ACTORS;
    peer_actor = node_peer_actor(node, 1, ax_contract_hash(&probe_contract));
    node_start(node, &ax_plugin, false);
    if (!finish(node, &seen)) {
        fprintf(stderr, "the worker does not start\n");
        exit(1);
    }
}

static bool run(const struct scenario *scenario, struct stage *stage, const struct node *booted)
{
    static struct node start;
    static bool open;
    const struct seen nothing = {0};
    struct seen want = {0};
    struct tally tally = {0};
    if (!open)
        node_open(&start);
    open = true;
    node_copy(&start, booted);
    scenario->stimulus(&start);
    node_copy(&stage->copy, &start);
    node_start(&stage->copy, &ax_plugin, false);
    if (!finish(&stage->copy, &want)) {
        report("without a death it does not settle", &want);
        return false;
    }
    if (getenv("AX_STEP_VERBOSE") != NULL)
        report(scenario->name, &want);
    node_copy(&stage->live, &start);
    bool ok =
        step_through(scenario, stage, &stage->live, &stage->last, &want, &nothing, &tally, false) &&
        kill_for_real(scenario, stage, &start, &want, &tally);
    node_kill(&stage->live);
    printf("%-14s %6u instructions, %5u kill points, %5u within recovery, %3u real kills: %s\n",
           scenario->name, tally.steps, tally.moments, tally.nested, tally.real,
           ok ? "ok" : "FAILED");
    fflush(stdout);
    return ok && tally.moments > 0;
}

int main(int argc, char **argv)
{
    static struct stage stage;
    static struct node booted;
    static struct boot_actor actors[ACTORS];
    uint32_t passed = 0, failed = 0;
    node_open(&booted);
    node_open(&stage.live);
    node_open(&stage.last);
    node_open(&stage.copy);
    node_open(&stage.deeper_live);
    node_open(&stage.deeper_last);
    boot(&booted, actors);
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (argc > 1 && strcmp(argv[1], scenarios[i].name) != 0)
            continue;
        if (run(&scenarios[i], &stage, &booted))
            passed++;
        else
            failed++;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
