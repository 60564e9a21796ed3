/* SPDX-License-Identifier: MIT */
/* faults.c - what is broken, and when: a plan that a seed makes before anything runs. Each fault
 * lasts for less or more than a lease. There may be one of each class at a time; after some faults
 * comes a time with none. */
#include "tests/e2e/partition/partition.h"

#include "tests/e2e/stores/folder.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define FAULTS_MAX 4000u
#define EXCUSES_MAX 20000u
#define SHORTEST (300 * MS)
#define CLOCK_STEP ((int64_t)(3600 * SECOND))
#define ROUND 6u /* faults, then a rest */

enum class { NETWORK, PROCESS, STORE, PROXY, CLOCK, CLASSES };

struct fault {
    unsigned kind, node, other, member;
    uint64_t begin_at, end_at;
    bool begun, over;
    pid_t pids[3]; /* that are stopped */
};

/* Of NETWORK: from whom or to whom nothing comes. */
enum { DEAF = 1, MUTE = 2, ONE = 4, NODES_ALL = 8, THE_STORE = 16 };

static void cut(struct fault *fault, unsigned how, bool on);
static void link_down(struct fault *fault, unsigned how, bool on);
static void stop(struct fault *fault, unsigned which, bool on);
static void kill_one(struct fault *fault, unsigned which, bool on);
static void kill_node(struct fault *fault, unsigned how, bool on);
static void stop_store(struct fault *fault, unsigned how, bool on);
static void kill_store(struct fault *fault, unsigned how, bool on);
static void fill_store(struct fault *fault, unsigned how, bool on);
static void harm(struct fault *fault, unsigned mode, bool on);
static void harm_store(struct fault *fault, unsigned mode, bool on);
static void step_clock(struct fault *fault, unsigned back, bool on);

static const char *const processes[] = {"axsup", "gateway/0", "cell/0"};
enum { AXSUP = 1, GATEWAY = 2, WORKER = 4 }; /* bits of these */
enum { A_MEMBER, ALL_MEMBERS };

static const struct {
    const char *text;
    enum class class;
    void (*turn)(struct fault *fault, unsigned how, bool on);
    unsigned how;
} kinds[] = {
    {"two nodes cut off from each other", NETWORK, cut, ONE | DEAF | MUTE},
    {"a node deaf to another one", NETWORK, cut, ONE | DEAF},
    {"a node cut off from the others", NETWORK, cut, NODES_ALL | DEAF | MUTE},
    {"a node deaf to the others", NETWORK, cut, NODES_ALL | DEAF},
    {"a node that the others do not hear", NETWORK, cut, NODES_ALL | MUTE},
    {"a node cut off from the store", NETWORK, cut, THE_STORE | DEAF | MUTE},
    {"answers of the store lost", NETWORK, cut, THE_STORE | DEAF},
    {"a link down", NETWORK, link_down, 0},
    {"a gateway stopped", PROCESS, stop, GATEWAY},
    {"a worker stopped", PROCESS, stop, WORKER},
    {"axsup stopped", PROCESS, stop, AXSUP},
    {"a node stopped", PROCESS, stop, AXSUP | GATEWAY | WORKER},
    {"a gateway killed", PROCESS, kill_one, GATEWAY},
    {"a worker killed", PROCESS, kill_one, WORKER},
    {"a node killed", PROCESS, kill_node, 0},
    {"a member of the store stopped", STORE, stop_store, A_MEMBER},
    {"the store stopped", STORE, stop_store, ALL_MEMBERS},
    {"a member of the store killed", STORE, kill_store, A_MEMBER},
    {"the disk of a member of the store full", STORE, fill_store, A_MEMBER},
    {"the store slow", STORE, harm_store, PROXY_DELAY},
    {"the store throttled", STORE, harm_store, PROXY_THROTTLE},
    {"a store that accepts and says nothing", STORE, harm_store, PROXY_SILENT},
    {"connections to the store reset", STORE, harm_store, PROXY_RESET},
    {"connections to the store cut in the middle of what is said", STORE, harm_store, PROXY_CUT},
    {"a connection slow", PROXY, harm, PROXY_DELAY},
    {"a connection throttled", PROXY, harm, PROXY_THROTTLE},
    {"a peer that accepts and says nothing", PROXY, harm, PROXY_SILENT},
    {"connections reset", PROXY, harm, PROXY_RESET},
    {"connections cut in the middle of what is said", PROXY, harm, PROXY_CUT},
    {"a wall clock stepped forth", CLOCK, step_clock, 0},
    {"a wall clock stepped back", CLOCK, step_clock, 1},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static struct fault faults[FAULTS_MAX];
static unsigned nfaults, counts[KINDS];
/* What may seem wrong once of that process. */
static struct excuse {
    pid_t pid;
    uint64_t at;
    bool used;
} pauses[EXCUSES_MAX], kills[EXCUSES_MAX];
static unsigned npauses, nkills;

/* ---- what they do ---- */

static void filter(unsigned node, unsigned how, const char *address, bool on)
{
    if ((how & DEAF) != 0)
        net_deaf(node, address, on);
    if ((how & MUTE) != 0)
        net_mute(node, address, on);
}

static void cut(struct fault *fault, unsigned how, bool on)
{
    if ((how & ONE) != 0)
        filter(fault->node, how, net_address(fault->other), on);
    if ((how & THE_STORE) != 0)
        filter(fault->node, how, STORE_ADDRESS, on);
    if ((how & NODES_ALL) == 0)
        return;
    filter(fault->node, how, HUB_ADDRESS, on);
    for (unsigned i = 0; i < NODES; i++)
        if (i != fault->node)
            filter(fault->node, how, net_address(i), on);
}

static void link_down(struct fault *fault, unsigned how, bool on)
{
    (void)how;
    net_link(fault->node, !on);
}

static void excuse(struct excuse *list, unsigned *n, pid_t pid)
{
    if (*n == EXCUSES_MAX)
        server_give_up("too many faults");
    list[(*n)++] = (struct excuse){.pid = pid, .at = now_ns()};
}

static void go_on(pid_t pid)
{
    kill(pid, SIGCONT);
    excuse(pauses, &npauses, pid);
}

static void stop(struct fault *fault, unsigned which, bool on)
{
    for (int i = 0; i < 3; i++) {
        if (on)
            fault->pids[i] = (which & 1u << i) != 0 ? node_process(fault->node, processes[i]) : 0;
        if (fault->pids[i] == 0)
            continue;
        if (on)
            kill(fault->pids[i], SIGSTOP);
        else
            go_on(fault->pids[i]);
    }
}

static void kill_one(struct fault *fault, unsigned which, bool on)
{
    pid_t pid = node_process(fault->node, processes[which == GATEWAY ? 1 : 2]);
    if (!on || pid == 0)
        return;
    kill(pid, SIGKILL);
    excuse(kills, &nkills, pid);
}

static void kill_node(struct fault *fault, unsigned how, bool on)
{
    (void)how;
    if (!on) {
        node_start(fault->node);
        return;
    }
    excuse(kills, &nkills, node_process(fault->node, "cell/0"));
    node_kill(fault->node);
}

static void stop_store(struct fault *fault, unsigned how, bool on)
{
    for (unsigned i = 0; i < store_members(); i++)
        if (how == ALL_MEMBERS || i == fault->member % store_members())
            store_signal(i, on ? SIGSTOP : SIGCONT);
}

static void kill_store(struct fault *fault, unsigned how, bool on)
{
    unsigned member = fault->member % store_members();
    (void)how;
    if (on)
        store_signal(member, SIGKILL);
    else
        store_start(member);
}

/* A server that finds no room may end by that. */
static void fill_store(struct fault *fault, unsigned how, bool on)
{
    unsigned member = fault->member % store_members();
    (void)how;
    store_fill(member, on);
    if (!on)
        store_start(member);
}

static void harm(struct fault *fault, unsigned mode, bool on)
{
    (void)fault;
    proxy_set(LINE_NODES, on ? (enum proxy_mode)mode : PROXY_PASS);
}

static void harm_store(struct fault *fault, unsigned mode, bool on)
{
    (void)fault;
    proxy_set(LINE_STORE, on ? (enum proxy_mode)mode : PROXY_PASS);
}

static void step_clock(struct fault *fault, unsigned back, bool on)
{
    node_step_clock(fault->node, !on ? 0 : back != 0 ? -CLOCK_STEP : CLOCK_STEP);
}

/* ---- the plan ---- */

/* Each kind comes once before any comes again. */
static unsigned draw(uint64_t *dice)
{
    static unsigned cards[KINDS], left;
    for (unsigned i = 0; left == 0 && i < KINDS; i++)
        cards[i] = i;
    left = left == 0 ? KINDS : left;
    unsigned *card = &cards[roll(dice, left)], kind = *card;
    *card = cards[--left];
    return kind;
}

/* Two that talk by the proxy cannot be cut off from each other alone. */
static struct fault choose(uint64_t *dice, const unsigned pair[2])
{
    unsigned third = NODES - pair[0] - pair[1];
    struct fault fault = {.kind = draw(dice), .node = (unsigned)roll(dice, NODES), .other = third};
    fault.member = (unsigned)roll(dice, NODES);
    if (fault.node == third)
        fault.other = pair[roll(dice, 2)];
    return fault;
}

/* By the longer ones a lease is lost, and found by another node, which waits for as long again. */
static uint64_t lasts(uint64_t *dice, uint64_t ttl)
{
    return roll(dice, 3) == 0 ? SHORTEST + roll(dice, ttl / 2) : 2 * ttl + roll(dice, 2 * ttl);
}

void faults_plan(uint64_t seed, uint64_t length, uint64_t ttl, const unsigned pair[2])
{
    uint64_t dice = seed, at = SECOND, busy[CLASSES] = {0};
    while (at < length && nfaults < FAULTS_MAX) {
        struct fault fault = choose(&dice, pair);
        uint64_t *until = &busy[kinds[fault.kind].class];
        at = at > *until ? at : *until;
        fault.begin_at = at;
        fault.end_at = *until = at + lasts(&dice, ttl);
        faults[nfaults++] = fault;
        at += SHORTEST + roll(&dice, ttl);
        for (int i = 0; nfaults % ROUND == 0 && i < CLASSES; i++)
            at = at > busy[i] + 2 * ttl ? at : busy[i] + 2 * ttl;
    }
}

static void turn(struct fault *fault, bool on, uint64_t at)
{
    printf("%6lu ms  %s %s (%s%s%s)\n", at / MS,
           on ? "begins:" : "ends:  ", kinds[fault->kind].text, node_name(fault->node),
           kinds[fault->kind].turn == cut ? ", " : "",
           kinds[fault->kind].turn == cut ? node_name(fault->other) : "");
    kinds[fault->kind].turn(fault, kinds[fault->kind].how, on);
    if (on)
        counts[fault->kind]++;
}

/* When this process was held up, what is due may be more than one of a class. */
static bool is_busy(enum class class)
{
    for (unsigned i = 0; i < nfaults; i++)
        if (faults[i].begun && !faults[i].over && kinds[faults[i].kind].class == class)
            return true;
    return false;
}

static void step(struct fault *fault, uint64_t at)
{
    if (fault->over || (fault->begun ? fault->end_at : fault->begin_at) > at)
        return;
    if (fault->begun) {
        turn(fault, false, at);
        fault->over = true;
    } else if (!is_busy(kinds[fault->kind].class)) {
        turn(fault, true, at);
        fault->begun = true;
        fault->end_at += at - fault->begin_at; /* it lasts as long as it should */
    }
}

uint64_t faults_step(uint64_t at)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < nfaults; i++) {
        const struct fault *fault = &faults[i];
        step(&faults[i], at);
        uint64_t due = fault->begun ? fault->end_at : fault->begin_at;
        if (!fault->over && due > at && due < next)
            next = due;
    }
    return next;
}

void faults_end(uint64_t at)
{
    for (unsigned i = 0; i < nfaults; i++)
        if (faults[i].begun && !faults[i].over)
            turn(&faults[i], false, at);
    nfaults = 0;
}

unsigned faults_print(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < KINDS; i++) {
        printf("%3u x %s\n", counts[i], kinds[i].text);
        n += counts[i];
    }
    return n;
}

static bool use(struct excuse *list, unsigned n, pid_t pid, uint64_t at)
{
    for (unsigned i = 0; i < n; i++)
        if (list[i].pid == pid && !list[i].used && list[i].at <= at) {
            list[i].used = true;
            return true;
        }
    return false;
}

bool faults_excuse_late(pid_t pid, uint64_t at)
{
    return use(pauses, npauses, pid, at);
}

bool faults_excuse_undone(pid_t pid)
{
    return use(kills, nkills, pid, UINT64_MAX);
}
