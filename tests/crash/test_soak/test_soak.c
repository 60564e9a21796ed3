/* SPDX-License-Identifier: MIT */
/* test-timeout: 180
 *
 * Actors come and go, and nothing grows. Two processes (tests/plugins/soak): in each a driver that
 * spawns and monitors actors which leave behind something of every sort (maps, memberships, timers,
 * links, monitors, also of somebody in the other process, asks that nobody waits for any more,
 * mail, names, files) and end; and a walker that uses actors of a registry, half of them of the
 * other process, which rest or end after each use. After a first part all comes to rest and is
 * weighed. Then comes the soak, and a part in which both processes are killed again and again;
 * after each all is weighed, and must be what it was:
 *
 *   exactly  the bytes that are left in each arena; the actors, and how many more there may be;
 * keys; what "inspect" lists of those that stay; processes, their descriptors and mappings; the
 *            size of all segments
 *   nearly   the memory of their own of the processes, which the C library manages, to 512 KiB;
 * what of the segments is resident, to 1 MiB, as pages come that nothing had needed before
 *
 * Each limit is set so low, and so often reached for, that what is not given back makes a spawn
 * fail long before the end: the log must have no such line.
 *
 *   AX_SPAWNS=1000000  actors that come and go    AX_CYCLES=100000  uses by key    AX_KILLS=40 */
#include "soak.h"

#include "axsup/loop.h"
#include "tests/plugins/soak/walker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTORS 3u /* of the config, in each */
#define LOOK_NS 5000000ull

#ifdef __SANITIZE_ADDRESS__ /* the plain build does more of the same */
#define SPAWNS 200000u
#define CYCLES 20000u
#define KILLS 20u
#else
#define SPAWNS 1000000u
#define CYCLES 100000u
#define KILLS 40u
#endif

struct system soak_system = {.client = {.fd = -1, .server = -1}};
uint32_t faults;
static uint64_t until[WORKERS]; /* of the walkers */
static uint64_t deaths;

/* ---- the system ---- */

static json_t *an_actor(const char *contract, uint32_t worker)
{
    return json_pack("{s:o, s:s, s:i, s:i, s:{s:s, s:i, s:s, s:[ss]}}", "name",
                     json_sprintf("%s%u", contract, worker), "contract", contract, "capacity", 1000,
                     "worker", (int)worker, "restart", "policy", "on_failure", "max", 1000000,
                     "window", "1ms", "backoff", "0ms", "0ms");
}

static char *config(void)
{
    const char *build = getenv("AX_BUILD");
    json_t *actors = json_array();
    for (uint32_t i = 0; i < WORKERS; i++) {
        json_array_append_new(actors, an_actor("driver", i));
        json_array_append_new(actors, an_actor("walker", i));
        json_array_append_new(actors, an_actor("seer", i));
    }
    json_t *soak = json_pack(
        "{s:s, s:o, s:i, s:o, s:s, s:i, s:i, s:i, s:i, s:[{s:s, s:s, s:i, s:s}],"
        " s:{s:s, s:i, s:s, s:[ss]}}",
        "name", "w", "plugin",
        json_sprintf("%s/tests/plugins/soak.so", build == NULL ? "build" : build), "count",
        (int)WORKERS, "actors", actors, "arena", "2M", "max_actors", (int)MOST_ACTORS,
        "max_memberships", 64, "max_handles", 16, "rerandomize", 0, "registries", "name", "sparks",
        "contract", "spark", "keys", (int)(2 * WALKER_KEYS), "idle", "1h", "restart", "policy",
        "always", "max", 1000000, "window", "1ms", "backoff", "0ms", "0ms");
    json_t *all =
        json_pack("{s:s, s:s, s:[o]}", "system", "soak", "run_dir", "run", "workers", soak);
    char *text = all == NULL ? NULL : json_dumps(all, JSON_INDENT(1));
    json_decref(all);
    if (text == NULL)
        give_up("no memory");
    return text;
}

/* ---- a part ---- */

struct progress {
    uint64_t left; /* actors to come or there, and uses */
    bool known;    /* everybody has answered */
};

static struct progress look(void)
{
    struct progress all = {.known = true};
    for (uint32_t i = 0; i < WORKERS; i++) {
        json_t *driver = ask("driver", i, "left"), *walker = ask("walker", i, "at");
        all.known &= driver != NULL && walker != NULL;
        all.left += (uint64_t)json_integer_value(json_object_get(driver, "left")) +
                    (uint64_t)json_integer_value(json_object_get(driver, "open")) + until[i] -
                    (uint64_t)json_integer_value(json_object_get(walker, "at"));
        json_decref(driver);
        json_decref(walker);
    }
    return all;
}

static void begin_part(uint64_t spawns, uint64_t rounds)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        until[i] += rounds * WALKER_ROUND;
        tell("driver", i, "go", json_pack("{s:I}", "count", (json_int_t)(spawns / WORKERS)));
        tell("walker", i, "walk",
             json_pack("{s:I, s:i}", "until", (json_int_t)until[i], "chain", 0));
    }
}

static void kill_one(uint32_t worker)
{
    json_t *result =
        system_ask(&soak_system, json_pack("{s:s, s:o, s:i}", "command", "kill", "worker",
                                           json_sprintf("w/%u", worker), "signal", SIGKILL));
    deaths += result != NULL; /* else it is just being started */
    json_decref(result);
}

/* In turn, and each fourth time both; each time there is something to do for who comes next. */
static void kill_some(uint64_t kills, uint64_t spawns)
{
    for (uint64_t i = 0; i < kills; i++) {
        for (uint32_t worker = 0; worker < WORKERS; worker++)
            tell("driver", worker, "go",
                 json_pack("{s:I}", "count", (json_int_t)(spawns / kills / WORKERS)));
        kill_one((uint32_t)(i % WORKERS));
        if (i % 4 == 3)
            kill_one((uint32_t)((i + 1) % WORKERS));
        system_wait(&soak_system, 1000000 * (1 + i * 7 % 20));
    }
}

static void finish_part(void)
{
    uint64_t least = UINT64_MAX, since = sup_clock();
    for (struct progress now = look(); !now.known || now.left > 0; now = look()) {
        if (now.known && now.left < least) {
            least = now.left;
            since = sup_clock();
        }
        if (sup_clock() - since > STALL_NS)
            give_up("%" PRIu64 " are left, and nothing goes on", least);
        system_wait(&soak_system, LOOK_NS);
    }
}

static bool is_at_rest(void)
{
    json_t *all = status();
    json_int_t mail = 0, actors = 0;
    bool runs = true;
    for (uint32_t i = 0; i < WORKERS; i++) {
        mail += of_worker(all, i, "mail");
        actors += of_worker(all, i, "actors");
        runs &= of_worker(all, i, "pid") > 0;
    }
    json_decref(all);
    return runs && mail == 0 && actors == WORKERS * (ACTORS + WALKER_KEYS);
}

void come_to_rest(void)
{
    const uint64_t end = sup_clock() + STALL_NS;
    while (!is_at_rest()) {
        if (sup_clock() > end)
            give_up("there are actors or mail that should not be");
        system_wait(&soak_system, LOOK_NS);
    }
}

static void end_part(const char *what, struct sample *sample)
{
    static uint64_t began; /* of the part; the first is not timed */
    finish_part();
    come_to_rest();
    printf("%s, %.1f s\n", what, began == 0 ? 0.0 : (double)(sup_clock() - began) * 1e-9);
    weigh(sample);
    began = sup_clock();
}

int main(void)
{
    const uint64_t spawns = system_setting("AX_SPAWNS", SPAWNS);
    const uint64_t rounds = system_setting("AX_CYCLES", CYCLES) / (WORKERS * WALKER_ROUND);
    const uint64_t kills = system_setting("AX_KILLS", KILLS);
    struct sample first, soaked, killed;
    char *text = config();
    system_start(&soak_system, text);
    free(text);

    for (uint32_t i = 0; i < WORKERS; i++)
        until[i] = WALKER_KEYS; /* in the end each key has an actor that rests */
    begin_part(SPAWNS / 5, 2);
    end_part("to begin with", &first);

    begin_part(spawns, rounds);
    end_part("the soak", &soaked);
    judge(&first, &soaked);
    for (uint32_t i = 0; i < WORKERS; i++)
        same("a walker", "uses that were not what they should be", 0,
             (uint64_t)must_ask("walker", i, "at", "wrong"));

    begin_part(0, rounds / 10 + 1);
    kill_some(kills, spawns / 10);
    end_part("the deaths", &killed);
    judge(&soaked, &killed);
    printf("%" PRIu64 " actors came and went, %" PRIu64 " uses by key, %" PRIu64 " deaths\n",
           spawns + spawns / 10, (rounds + rounds / 10 + 1) * WORKERS * WALKER_ROUND, deaths);

    same("the log", "lines that tell of a failed check", 0,
         system_logged(&soak_system, "check failed"));
    if (faults > 0)
        give_up("%u things are not what they were; log: %s", faults, soak_system.folder);
    return system_stop(&soak_system);
}
