/* SPDX-License-Identifier: MIT */
/* test-timeout: 300
 *
 * Random deaths. A real system of five workers, in which everybody does everything to everybody
 * (tests/plugins/flood), while its processes are killed with SIGKILL at moments that nobody chose:
 * one at a time, several at once, again and again while they start, stopped for a while before.
 * Then the drivers pause, all mail is handled, and the books must balance:
 *
 *   tells     each handled once, in the order of its sender and receiver
 *   asks      each question handled once; each ended once, in a reply, AX_E_CANCELED or a timeout
 *   timers    each went off once or was canceled
 *   monitors  one down for each death of each actor, in order of incarnations; one last one for
 *             each that left
 *   dead letters   one for each handler that died in an await, one for each that failed; no others
 *
 *   AX_KILLS=100000   how many (default 3000, with sanitizers 1000)
 *   AX_SEED=1         of the moments (default: the time) */
#include "axsup/loop.h"
#include "libax/boot.h"
#include "tests/lib/system.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORKERS 5u
#define ACTORS (3 * WORKERS)
#define QUIET_NS 60000000000ull /* from the pause until nothing is under way */
#define LOOK_NS 2000000ull

#ifdef __SANITIZE_ADDRESS__ /* the plain build does more of the same */
#define KILLS 1000u
#else
#define KILLS 3000u
#endif

static uint64_t seed;

/* xorshift64 (Marsaglia 2003). */
static uint64_t dice(uint64_t sides)
{
    static uint64_t x;
    if (x == 0)
        x = seed * 2 + 1;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (x >> 8) % sides;
}

/* ---- the system ---- */

static char *config(void)
{
    const char *build = getenv("AX_BUILD");
    json_t *actors = json_array();
    for (uint32_t i = 0; i < ACTORS; i++)
        json_array_append_new(
            actors,
            json_pack("{s:o, s:s, s:i, s:i, s:{s:s, s:i, s:s, s:[ss]}, s:{s:i, s:i, s:I}}", "name",
                      json_sprintf("f%u", i), "contract", "flood", "capacity", 100000, "worker",
                      (int)(i % WORKERS), "restart", "policy", "on_failure", "max", 1000000,
                      "window", "1ms", "backoff", "0ms", "0ms", "args", "number", (int)i, "workers",
                      (int)WORKERS, "seed", (json_int_t)(seed >> 1)));
    json_t *all = json_pack(
        "{s:s, s:s, s:s, s:s, s:[{s:s, s:o, s:i, s:o, s:s, s:{s:s, s:i, s:s, s:[ss]}}]}", "system",
        "random", "run_dir", "run", "max_message", "1K", "lane", "16K", "workers", "name", "w",
        "plugin", json_sprintf("%s/tests/plugins/flood.so", build == NULL ? "build" : build),
        "count", (int)WORKERS, "actors", actors, "arena", "32M", "restart", "policy", "always",
        "max", 1000000, "window", "1ms", "backoff", "0ms", "0ms");
    char *text = all == NULL ? NULL : json_dumps(all, JSON_INDENT(1));
    json_decref(all);
    if (text == NULL)
        give_up("no memory");
    return text;
}

static bool signal_to(struct system *system, uint32_t worker, int number)
{
    char name[16];
    snprintf(name, sizeof name, "w/%u", worker);
    json_t *result = system_ask(
        system, json_pack("{s:s, s:s, s:i}", "command", "kill", "worker", name, "signal", number));
    json_decref(result);
    return result != NULL;
}

static json_t *state_of(struct system *system, uint32_t actor)
{
    for (uint32_t tries = 0; tries < 1000; tries++) {
        char name[16];
        snprintf(name, sizeof name, "f%u", actor);
        json_t *state =
            system_ask(system, json_pack("{s:s, s:s}", "command", "state", "actor", name));
        if (state != NULL)
            return state;
    }
    give_up("the state of f%u cannot be read", actor);
}

/* ---- the books of all ---- */

struct pair {
    uint64_t count;
    uint64_t marks;
};

struct books { /* of all actors together */
    struct pair gets, chains, served, chained, later, later_over;
    uint64_t begun, done, answered, timed_out, canceled, later_answered, hops_sent, hops_got;
    uint64_t ticks_set, ticks_over, bred, hatched, watched, finals, trips;
    uint64_t sent[ACTORS][ACTORS], got[ACTORS][ACTORS], downs[ACTORS][ACTORS];
    uint64_t wrong, hits;
    uint32_t settled, rounds;
};

static uint64_t number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        give_up("no number \"%s\" in a state", key);
    return (uint64_t)json_integer_value(value);
}

static void add_pair(struct pair *sum, const json_t *state, const char *key)
{
    const json_t *pair = json_object_get(state, key);
    sum->count += number_of(pair, "count");
    sum->marks += number_of(pair, "marks");
}

static void read_list(uint64_t *out, uint32_t count, const json_t *state, const char *key)
{
    const json_t *list = json_object_get(state, key);
    for (uint32_t i = 0; i < count; i++)
        out[i] = (uint64_t)json_integer_value(json_array_get(list, i));
}

static void add_books(struct books *all, uint32_t actor, const json_t *state)
{
    uint64_t wrong[8];
#define PAIR(name) add_pair(&all->name, state, #name)
    PAIR(gets), PAIR(chains), PAIR(served), PAIR(chained), PAIR(later), PAIR(later_over);
#define SUM(name) all->name += number_of(state, #name)
    SUM(begun), SUM(done), SUM(answered), SUM(timed_out), SUM(canceled), SUM(later_answered);
    SUM(hops_sent), SUM(hops_got), SUM(ticks_set), SUM(ticks_over), SUM(bred), SUM(hatched);
    SUM(watched), SUM(finals), SUM(trips);
#undef SUM
#undef PAIR
    all->settled += json_is_true(json_object_get(state, "settled"));
    read_list(all->sent[actor], ACTORS, state, "sent");
    read_list(all->got[actor], ACTORS, state, "got");
    read_list(all->downs[actor], ACTORS, state, "downs");
    read_list(wrong, 8, state, "wrong");
    for (uint32_t i = 0; i < 8; i++)
        all->wrong += wrong[i];
    for (uint32_t i = 0; i < ACTORS; i++)
        all->hits += all->got[actor][i];
}

static void read_books(struct system *system, struct books *all)
{
    memset(all, 0, sizeof *all);
    for (uint32_t i = 0; i < ACTORS; i++) {
        json_t *state = state_of(system, i);
        add_books(all, i, state);
        json_decref(state);
    }
}

struct outside { /* what axsup says */
    uint64_t deaths, mail, actors, letters;
    uint64_t incarnation[ACTORS]; /* of each actor */
    bool running;
};

static void read_outside(struct system *system, struct outside *out)
{
    json_t *status = system_ask(system, json_pack("{s:s}", "command", "status"));
    json_t *actors = system_ask(system, json_pack("{s:s}", "command", "actors"));
    const json_t *each;
    size_t i;
    *out = (struct outside){.running = true};
    json_array_foreach(json_object_get(status, "workers"), i, each)
    {
        const char *state = json_string_value(json_object_get(each, "state"));
        out->running &= state != NULL && strcmp(state, "running") == 0;
        out->deaths += number_of(each, "incarnation") - 1;
        out->mail += number_of(each, "mail");
        out->actors += number_of(each, "actors");
    }
    out->letters = number_of(status, "deadletters");
    json_array_foreach(actors, i, each)
    {
        const char *name = json_string_value(json_object_get(each, "name"));
        if (name != NULL && name[0] == 'f' && strtoul(name + 1, NULL, 10) < ACTORS)
            out->incarnation[strtoul(name + 1, NULL, 10)] = number_of(each, "incarnation");
    }
    json_decref(actors);
    json_decref(status);
}

/* ---- the balance ---- */

static uint32_t failures;
static bool quiet; /* only look, print nothing */

static void same(const char *what, uint64_t a, uint64_t b)
{
    if (a == b)
        return;
    failures++;
    if (!quiet)
        fprintf(stderr, "  WRONG  %s: %" PRIu64 " and %" PRIu64 "\n", what, a, b);
}

static void same_pair(const char *what, const struct pair *a, const struct pair *b)
{
    same(what, a->count, b->count);
    if (a->count == b->count)
        same(what, a->marks, b->marks);
}

static void balance_pairs(const struct books *all, const struct outside *outside)
{
    char what[64];
    for (uint32_t i = 0; i < ACTORS; i++)
        for (uint32_t j = 0; j < ACTORS; j++) {
            snprintf(what, sizeof what, "tells from f%u to f%u, sent and handled", i, j);
            same(what, all->sent[i][j], all->got[j][i]);
            snprintf(what, sizeof what, "downs of f%u that f%u had, and its ends", i, j);
            same(what, all->downs[j][i], outside->incarnation[i] - 1);
        }
}

/* How many of the books are wrong. */
static uint32_t balance(const struct books *all, const struct outside *outside, bool print)
{
    failures = 0;
    quiet = !print;
    balance_pairs(all, outside);
    same_pair("questions asked of servers, and handled", &all->gets, &all->served);
    same_pair("questions asked of chains, and begun", &all->chains, &all->chained);
    same_pair("async asks sent, and ended", &all->later, &all->later_over);
    same("hops sent, and handled", all->hops_sent, all->hops_got);
    same("timers set, and gone off or canceled", all->ticks_set, all->ticks_over);
    same("chicks spawned, and hatched", all->bred, all->hatched);
    same("chicks spawned, and monitored", all->bred, all->watched);
    same("chicks monitored, and gone", all->watched, all->finals);
    same("actors that are left", outside->actors, ACTORS);
    same("mail that is left", outside->mail, 0);
    same("dead letters, and handlers that died in an await or failed", outside->letters,
         all->begun - all->done + all->trips);
    same("what actors found wrong", all->wrong, 0);
    return failures;
}

/* ---- the killing ---- */

struct toll {
    uint64_t kills, starting, stops, together;
};

/* A process that starts can be killed from the moment that its slot has it. */
static void kill_starting(struct system *system, uint32_t worker, struct toll *toll)
{
    for (uint64_t times = 1 + dice(4); times > 0; times--) {
        bool hit = false;
        for (uint32_t tries = 0; tries < 1000 && !hit; tries++)
            hit = signal_to(system, worker, SIGKILL);
        toll->kills += hit;
        toll->starting += hit;
    }
}

static void kill_one(struct system *system, uint32_t worker, struct toll *toll)
{
    toll->kills += signal_to(system, worker, SIGKILL);
}

/* Stopped for a while, then killed or let go on. */
static void stop_one(struct system *system, uint32_t worker, struct toll *toll)
{
    if (!signal_to(system, worker, SIGSTOP))
        return;
    toll->stops++;
    if (dice(2) == 0)
        kill_one(system, (worker + 1) % WORKERS, toll);
    system_wait(system, dice(10000000));
    if (dice(2) == 0)
        kill_one(system, worker, toll);
    else
        (void)signal_to(system, worker, SIGCONT);
}

static void strike(struct system *system, struct toll *toll)
{
    uint32_t worker = (uint32_t)dice(WORKERS);
    uint64_t how = dice(100);
    if (how < 60) {
        kill_one(system, worker, toll);
    } else if (how < 75) {
        kill_one(system, worker, toll);
        kill_starting(system, worker, toll);
    } else if (how < 85) {
        stop_one(system, worker, toll);
    } else if (how < 95) {
        kill_one(system, worker, toll);
        kill_one(system, (worker + 1 + (uint32_t)dice(WORKERS - 1)) % WORKERS, toll);
    } else {
        for (uint32_t i = 0; i < WORKERS; i++)
            kill_one(system, i, toll);
        toll->together++;
    }
    system_wait(system, dice(4) == 0 ? dice(500000) : dice(16000000));
}

/* Killed by us, or by a template that was too slow for its own reasons. */
static void as_it_should(const json_t *end, size_t worker)
{
    const char *signal = json_string_value(json_object_get(end, "signal"));
    json_int_t code = json_integer_value(json_object_get(end, "code"));
    if (signal != NULL && strcmp(signal, "SIGKILL") != 0)
        give_up("w/%zu died of %s", worker, signal);
    if (signal == NULL && code != BOOT_EXIT_SETUP)
        give_up("w/%zu ended with %" JSON_INTEGER_FORMAT, worker, code);
}

static uint64_t deaths(struct system *system)
{
    json_t *status = system_ask(system, json_pack("{s:s}", "command", "status"));
    const json_t *each;
    uint64_t sum = 0;
    size_t i;
    json_array_foreach(json_object_get(status, "workers"), i, each)
    {
        uint64_t ends = number_of(each, "incarnation") - 1;
        if (ends > 0)
            as_it_should(json_object_get(each, "last_exit"), i);
        sum += ends;
    }
    json_decref(status);
    return sum;
}

/* All monitors have come to whom they are of: of a death before that nobody is told. */
static bool all_watched(struct system *system)
{
    bool all = true;
    for (uint32_t i = 0; i < ACTORS && all; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%u", i);
        json_t *actor =
            system_ask(system, json_pack("{s:s, s:s}", "command", "inspect", "actor", name));
        all = json_array_size(json_object_get(actor, "watchers")) == ACTORS;
        json_decref(actor);
    }
    return all;
}

static void settle(struct system *system)
{
    struct books all;
    for (uint64_t end = sup_clock() + QUIET_NS; sup_clock() < end;) {
        read_books(system, &all);
        if (all.settled == ACTORS && all_watched(system))
            return;
        system_wait(system, LOOK_NS);
    }
    give_up("only %u actors find all others, or not all are watched by each", all.settled);
}

static void pause_all(struct system *system)
{
    for (uint32_t i = 0; i < ACTORS; i++) {
        char name[16];
        json_t *reply = NULL;
        snprintf(name, sizeof name, "f%u", i);
        for (uint32_t tries = 0; reply == NULL && tries < 5; tries++)
            reply = system_ask(system, json_pack("{s:s, s:s, s:s, s:I}", "command", "call", "actor",
                                                 name, "message", "pause", "timeout_ns",
                                                 (json_int_t)20000000000));
        if (reply == NULL)
            give_up("%s does not answer", name);
        json_decref(reply);
    }
}

static bool come_to_rest(struct system *system, struct books *all, struct outside *outside)
{
    for (uint64_t end = sup_clock() + QUIET_NS; sup_clock() < end;) {
        read_outside(system, outside);
        read_books(system, all);
        if (outside->running && balance(all, outside, false) == 0)
            return true;
        if (all->wrong != 0)
            break;
        system_wait(system, LOOK_NS);
    }
    return balance(all, outside, true) == 0;
}

static void print(const struct books *all, const struct outside *outside, const struct toll *toll,
                  uint64_t ns)
{
    printf("%" PRIu64 " kills in %.1f s, %" PRIu64 " of them while a process started, %" PRIu64
           " times all at once; %" PRIu64 " stops; %" PRIu64 " deaths\n",
           toll->kills, (double)ns * 1e-9, toll->starting, toll->together, toll->stops,
           outside->deaths);
    printf("%" PRIu64 " tells and %" PRIu64 " hops, %" PRIu64 " questions, %" PRIu64
           " of them async, %" PRIu64 " canceled, %" PRIu64 " timed out; %" PRIu64
           " timers, %" PRIu64 " actors spawned; %" PRIu64 " handlers died in an await, %" PRIu64
           " failed; %" PRIu64 " dead letters\n",
           all->hits, all->hops_got, all->gets.count + all->chains.count, all->later.count,
           all->canceled + all->later_over.count - all->later_answered, all->timed_out,
           all->ticks_set, all->bred, all->begun - all->done, all->trips, outside->letters);
}

int main(void)
{
    struct system system = {.client = {.fd = -1, .server = -1}};
    struct toll toll = {0};
    struct books all;
    struct outside outside;
    uint64_t kills = system_setting("AX_KILLS", KILLS);
    seed = system_setting("AX_SEED", sup_clock() % 1000000);
    printf("AX_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    char *text = config();
    system_start(&system, text);
    free(text);
    settle(&system);
    uint64_t began = sup_clock();
    do
        strike(&system, &toll);
    while (deaths(&system) < kills);
    pause_all(&system);
    bool ok = come_to_rest(&system, &all, &outside);
    print(&all, &outside, &toll, sup_clock() - began);
    uint64_t unborn = system_logged(&system, "could not begin");
    if (outside.deaths >
        toll.kills + unborn) /* fewer: a signal may meet one that is dead already */
        give_up("%" PRIu64 " processes died by themselves", outside.deaths - toll.kills - unborn);
    ok &= system_logged(&system, "does not add up") == 0;
    ok &= system_logged(&system, "malformed") == 0;
    ok &= system_logged(&system, "flood: wrong") == 0;
    int status = system_stop(&system);
    if (status != 0)
        give_up("axsup ended with status %d", status);
    return ok ? 0 : 1;
}
