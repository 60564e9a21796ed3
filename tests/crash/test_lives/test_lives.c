/* SPDX-License-Identifier: MIT */
/* test-timeout: 240
 *
 * Actors in three processes that spawn, link, monitor, join, ask, tell, fail and end each other as
 * dice say, while their processes are killed; after each round all comes to rest, and what has
 * happened is compared with a model (model.h) of what must have. Each actor notes what it does in a
 * book (tests/plugins/lives), as part of the turn in which it does it; the book is in a process
 * that nobody kills.
 *
 * What must be so:
 *
 *   messages   each accepted one handled once, in the order of its sender and receiver; to one that
 *              ended, the first of them
 *   asks       each ended once; with an answer where there was one
 *   monitors   one down for each end of an incarnation, as everybody else is told it, behind what
 *              the dead one had sent, until it is gone; none after it was taken back
 *   links      one exit to who traps, the end of who does not; who ended has a cause
 *   groups     the members are those who live and have joined
 *   registry   one actor a key, and it is the one that is found
 *   state      what is kept, in state and maps, is what was put; nothing of a failed turn is left
 *   timers     each went off once, or was canceled
 *   actors     those who live, as axsup lists them
 *
 *   AX_SEED=77     of the dice and the moments of death (default)
 *   AX_SECONDS=30  how long (default)        AX_ROUNDS=n  or how many rounds */
#include "plan.h"

#include "axsup/loop.h"
#include "libax/boot.h"
#include "tests/lib/system.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 3u
#define REST_NS 30000000000ull /* from the last order until all is at rest */
#define LOOK_NS 1000000ull

#ifdef __SANITIZE_ADDRESS__ /* the plain build does more of the same */
#define SECONDS 20u
#else
#define SECONDS 30u
#endif

static struct system system_ = {.client = {.fd = -1, .server = -1}};
static struct model model;
static uint64_t kills;
static int book = -1;

/* ---- the system ---- */

static json_t *an_actor(const char *name, uint32_t worker)
{
    return json_pack("{s:o, s:s, s:i, s:i, s:{s:s, s:i, s:s, s:[ss]}}", "name",
                     json_sprintf("%s%u", name, worker), "contract", "life", "capacity", 100000,
                     "worker", (int)worker, "restart", "policy", "on_failure", "max", 1000000,
                     "window", "1ms", "backoff", "0ms", "0ms");
}

static char *config(void)
{
    const char *build = getenv("AX_BUILD");
    json_t *actors = json_array(), *plugin;
    plugin = json_sprintf("%s/tests/plugins/lives.so", build == NULL ? "build" : build);
    for (uint32_t i = 0; i < WORKERS; i++) {
        json_array_append_new(actors, an_actor("nurse", i));
        json_array_append_new(actors, an_actor("root", i));
    }
    json_t *writer =
        json_pack("{s:s, s:O, s:s, s:[{s:s, s:s, s:i, s:{s:s}}]}", "name", "writer", "plugin",
                  plugin, "arena", "64M", "actors", "name", "book", "contract", "book", "capacity",
                  500000, "args", "folder", system_.folder);
    json_t *lives = json_pack(
        "{s:s, s:o, s:i, s:o, s:s, s:[{s:s, s:s, s:s, s:i, s:{s:i, s:s, s:[ss]}}], s:{s:s, s:i, "
        "s:s, s:[ss]}}",
        "name", "w", "plugin", plugin, "count", (int)WORKERS, "actors", actors, "arena", "32M",
        "registries", "name", "lives", "contract", "life", "idle", "1h", "capacity", 100000,
        "restart", "max", 1000000, "window", "1ms", "backoff", "0ms", "0ms", "restart", "policy",
        "always", "max", 1000000, "window", "1ms", "backoff", "0ms", "0ms");
    json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:[oo]}", "system", "lives", "run_dir", "run",
                            "max_message", "4K", "lane", "1M", "workers", writer, lives);
    char *text = all == NULL ? NULL : json_dumps(all, JSON_INDENT(1));
    json_decref(all);
    if (text == NULL)
        give_up("no memory");
    return text;
}

static json_t *call_of(const char *actor, const char *message, json_t *arguments)
{
    char *text = json_dumps(arguments, 0);
    json_t *reply = system_ask(&system_, json_pack("{s:s, s:s, s:s, s:s, s:I}", "command", "call",
                                                   "actor", actor, "message", message, "args", text,
                                                   "timeout_ns", (json_int_t)REST_NS));
    free(text);
    json_decref(arguments);
    return reply;
}

static json_t *call(const char *message, json_t *arguments)
{
    json_t *reply = call_of("book", message, arguments);
    if (reply == NULL)
        give_up("the book does not answer: %s", message);
    return reply;
}

static uint32_t must_pass[WORKERS]; /* incarnations that were killed */

static uint32_t incarnation(uint32_t worker)
{
    json_t *status = system_ask(&system_, json_pack("{s:s}", "command", "status"));
    const json_t *each = json_array_get(json_object_get(status, "workers"), worker + 1);
    const uint32_t number = (uint32_t)json_integer_value(json_object_get(each, "incarnation"));
    json_decref(status);
    return number;
}

static void kill_worker(uint32_t worker)
{
    const uint32_t number = incarnation(worker);
    json_t *result =
        system_ask(&system_, json_pack("{s:s, s:o, s:i}", "command", "kill", "worker",
                                       json_sprintf("w/%u", worker), "signal", SIGKILL));
    if (result != NULL) {
        kills++;
        must_pass[worker] = number;
    }
    json_decref(result);
}

/* A signal was sent; rest begins after the deaths. */
static void await_deaths(void)
{
    const uint64_t end = sup_clock() + REST_NS;
    for (uint32_t i = 0; i < WORKERS; i++) {
        while (must_pass[i] != 0 && incarnation(i) <= must_pass[i]) {
            if (sup_clock() > end)
                give_up("w/%u was killed and has no successor", i);
            system_wait(&system_, LOOK_NS);
        }
        must_pass[i] = 0;
    }
}

static uint64_t addr_of(const char *ref)
{
    unsigned slot, index, generation;
    if (ref == NULL || sscanf(ref, "%u.%u.%u", &slot, &index, &generation) != 3)
        give_up("\"%s\" is no ref", ref == NULL ? "" : ref);
    return (uint64_t)slot << 56 | (uint64_t)index << 32 | generation;
}

/* ---- looking ---- */

static void read_book(void)
{
    static struct note notes[512];
    ssize_t got;
    while ((got = read(book, notes, sizeof notes)) > 0) {
        if ((size_t)got % sizeof *notes != 0)
            give_up("half a note");
        for (size_t i = 0; i < (size_t)got / sizeof *notes; i++)
            model_note(&model, &notes[i]);
    }
}

/* All processes run, and no mail is left. */
static bool is_quiet(void)
{
    json_t *status = system_ask(&system_, json_pack("{s:s}", "command", "status"));
    const json_t *each;
    bool quiet = true;
    size_t i;
    json_array_foreach(json_object_get(status, "workers"), i, each)
    {
        const char *state = json_string_value(json_object_get(each, "state"));
        quiet &= state != NULL && strcmp(state, "running") == 0;
        quiet &= json_integer_value(json_object_get(each, "mail")) == 0;
    }
    json_decref(status);
    return quiet;
}

/* What a new process tells of the death before it is no mail yet when it runs, nor is what an actor
 * has just sent to its neighbour. Who is asked again answers behind all that was to be done before,
 * so after some rounds of questions what is left is mail or done. */
static bool is_done(void)
{
    for (uint32_t round = 0; round < 4; round++)
        for (uint32_t i = 0; i < WORKERS; i++) {
            char nurse[16];
            snprintf(nurse, sizeof nurse, "nurse%u", i);
            json_t *reply = call_of(nurse, "get", json_pack("{s:i}", "number", 0));
            if (reply == NULL)
                return false;
            json_decref(reply);
        }
    return true;
}

/* Those who live, as axsup lists them; with `nurses`, notes who is one. */
static uint32_t judge_listing(bool nurses, bool print)
{
    json_t *actors =
        system_ask(&system_, json_pack("{s:s, s:s}", "command", "actors", "contract", "life"));
    const json_t *each;
    uint32_t listed = 0, alive = 0, faults = 0;
    size_t i;
    json_array_foreach(actors, i, each)
    {
        const char *name = json_string_value(json_object_get(each, "name"));
        const char *ref = json_string_value(json_object_get(each, "ref"));
        struct life *life =
            nurses ? model_life(&model, addr_of(ref)) : model_find(&model, addr_of(ref));
        listed++;
        if (nurses && name != NULL && strncmp(name, "nurse", 5) == 0)
            life->nurse = true;
        if (life != NULL && !life->gone)
            continue;
        faults++;
        if (print)
            fprintf(stderr, "  FAULT: %s is listed, and gone\n", ref);
    }
    json_decref(actors);
    VEC_EACH(&model.lives, life)
    alive += !(*life)->gone;
    if (print && listed != alive)
        fprintf(stderr, "  FAULT: %u live, and %u are listed\n", alive, listed);
    return faults + (listed != alive);
}

static uint32_t judge_groups(bool print)
{
    uint32_t faults = 0;
    for (uint32_t group = 0; group <= LIVES_GROUPS; group++) {
        json_t *reply =
            call("members", json_pack("{s:o}", "group",
                                      group == LIVES_GROUPS ? json_string("failed")
                                                            : json_sprintf("g%u", group)));
        const json_int_t count = json_integer_value(json_object_get(reply, "count"));
        json_int_t joined = 0, there = 0;
        for (json_int_t i = 0; i < count; i++) {
            const json_t *who = json_array_get(json_object_get(reply, "who"), (size_t)i);
            const struct life *life = model_find(&model, (uint64_t)json_integer_value(who));
            there += life != NULL && !life->gone && life->groups >> group & 1;
        }
        VEC_EACH(&model.lives, life)
        joined += !(*life)->gone && (*life)->groups >> group & 1;
        json_decref(reply);
        if (joined == count && there == count)
            continue;
        faults++;
        if (print)
            fprintf(stderr, "  FAULT: group %u has %d members, %d of whom live; %d have joined\n",
                    group, (int)count, (int)there, (int)joined);
    }
    return faults;
}

static uint32_t judge_keys(bool print)
{
    uint32_t faults = 0;
    for (uint32_t key = 0; key < LIVES_KEYS; key++) {
        json_t *reply = call("holder", json_pack("{s:o}", "key", json_sprintf("k%u", key)));
        const uint64_t who = (uint64_t)json_integer_value(json_object_get(reply, "who"));
        const json_int_t error = json_integer_value(json_object_get(reply, "error"));
        uint64_t wanted = 0;
        json_decref(reply);
        VEC_EACH(&model.lives, life)
        if (!(*life)->gone && (*life)->key == key + 1)
            wanted = (*life)->addr;
        if (wanted == (error == 0 ? who : 0) && (error == 0 || error == AX_E_NO_ACTOR))
            continue;
        faults++;
        if (print)
            fprintf(stderr, "  FAULT: key %u is %s's, and %s is found, error %d\n", key,
                    model_name(wanted), model_name(who), (int)error);
    }
    return faults;
}

static uint32_t judge_all(bool print)
{
    uint32_t faults = model_judge(&model, print);
    if (faults == 0 || print)
        faults += judge_listing(false, print) + judge_groups(print) + judge_keys(print);
    return faults;
}

static bool looks_at_rest(void)
{
    const bool quiet = is_quiet();
    read_book();
    return quiet && judge_all(false) == 0 && model.wrongs == 0;
}

static bool come_to_rest(void)
{
    const uint64_t end = sup_clock() + REST_NS;
    while (sup_clock() < end && model.wrongs == 0) {
        if (looks_at_rest() && is_done() && looks_at_rest())
            return model.wrongs == 0;
        system_wait(&system_, LOOK_NS);
    }
    (void)judge_all(true);
    return false;
}

/* ---- a round ---- */

static void write_script(const struct order *orders, uint32_t n)
{
    char path[300];
    snprintf(path, sizeof path, "%s/script", system_.folder);
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(orders, sizeof *orders, n, file) != n || fclose(file) != 0)
        give_up("cannot write the script");
}

static void strike(struct dice *dice)
{
    const uint64_t how = dice_roll(dice, 10);
    if (how < 3)
        return; /* what happens without deaths */
    for (uint64_t left = 1 + dice_roll(dice, 3); left > 0; left--) {
        system_wait(&system_, dice_roll(dice, dice_roll(dice, 2) == 0 ? 200000 : 3000000));
        if (how == 9)
            for (uint32_t i = 0; i < WORKERS; i++)
                kill_worker(i);
        else
            kill_worker((uint32_t)dice_roll(dice, WORKERS));
    }
}

static bool play(uint64_t seed)
{
    static struct order orders[PLAN_MOST];
    struct dice dice = {lives_mark(seed ^ lives_mark(model.round)) | 1};
    const uint32_t n = plan_make(&model, &dice, orders);
    write_script(orders, n);
    json_decref(call("play", json_object()));
    strike(&dice);
    await_deaths();
    if (!come_to_rest())
        return false;
    model_next(&model);
    return true;
}

static void begin(void)
{
    char path[300];
    system_folder(&system_);
    char *text = config();
    system_start(&system_, text);
    free(text);
    json_decref(call("members", json_pack("{s:s}", "group", "g0"))); /* it has made its file */
    snprintf(path, sizeof path, "%s/book", system_.folder);
    book = open(path, O_RDONLY | O_CLOEXEC);
    if (book < 0)
        give_up("there is no book");
    (void)judge_listing(true, false);
    if (!come_to_rest())
        give_up("nothing has happened, and it is wrong");
    model_next(&model);
}

static void print(uint64_t ns)
{
    printf("%" PRIu64 " rounds in %.1f s, %" PRIu64 " kills; %" PRIu64 " notes: %" PRIu64
           " hits, %" PRIu64 " answers and %" PRIu64 " cancels, %" PRIu64 " ends, %" PRIu64
           " downs, %" PRIu64 " exits; %" PRIu64 " actors came and went\n",
           model.round, (double)ns * 1e-9, kills, model.notes, model.hits, model.answers,
           model.cancels, model.ends, model.told_downs, model.told_exits, model.gone);
    static const char *const names[] = {
#define LIVES_NAME(name) #name,
        LIVES_OPS(LIVES_NAME)};
    for (uint32_t op = 0; op < OPS; op++)
        printf("%s%s %" PRIu64, op == 0 ? "" : ", ", names[op], model.ops[op]);
    printf("\n");
}

int main(void)
{
    const uint64_t seed = system_setting("AX_SEED", 77);
    const uint64_t most = system_setting("AX_ROUNDS", UINT64_MAX);
    const uint64_t began = sup_clock(),
                   end = began + system_setting("AX_SECONDS", SECONDS) * 1000000000u;
    bool ok = true;
    printf("AX_SEED=%" PRIu64 "\n", seed);
    fflush(stdout);
    begin();
    while (ok && sup_clock() < end && model.round <= most)
        ok = play(seed);
    print(sup_clock() - began);
    if (!ok)
        give_up("round %" PRIu64 " of seed %" PRIu64 "; book and log: %s", model.round, seed,
                system_.folder);
    ok &= system_logged(&system_, "does not add up") == 0;
    ok &= system_logged(&system_, "malformed") == 0;
    ok &= system_logged(&system_, "check failed") == 0;
    int status = system_stop(&system_);
    if (status != 0)
        give_up("axsup ended with status %d", status);
    return ok ? 0 : 1;
}
