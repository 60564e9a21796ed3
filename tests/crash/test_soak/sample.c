/* SPDX-License-Identifier: MIT */
#include "soak.h"

#include <inttypes.h>
#include <stdio.h>

#define OWN_SLACK_KIB 512u     /* the C library manages it */
#define SHARED_SLACK_KIB 1024u /* pages of segments that nothing had needed so far */

#ifdef __SANITIZE_ADDRESS__ /* freed memory is kept there */
#define WEIGHS_OWN false
#else
#define WEIGHS_OWN true
#endif

static uint64_t count_lists(const char *actor, uint32_t worker)
{
    static const char *const lists[] = {"monitors", "watchers", "links", "groups", "timers"};
    json_t *all = system_ask(&soak_system, json_pack("{s:s, s:o}", "command", "inspect", "actor",
                                                     json_sprintf("%s%u", actor, worker)));
    uint64_t n = 0;
    if (all == NULL)
        give_up("%s%u cannot be inspected", actor, worker);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        n += json_array_size(json_object_get(all, lists[i]));
    json_decref(all);
    return n;
}

static void weigh_worker(struct sample *sample, uint32_t i)
{
    tell("seer", i, "crowd", json_object());
    sample->records[i] = must_ask("seer", i, "counted", "actors");
    /* behind its failure, the first of which leaves it the times of its restarts */
    sample->room[i] = must_ask("seer", i, "room", "bytes");
    sample->listed += count_lists("driver", i) + count_lists("walker", i) + count_lists("seer", i);
}

static void weigh_processes(struct sample *sample)
{
    pid_t pids[WORKERS];
    json_t *all = status();
    for (uint32_t i = 0; i < WORKERS; i++) {
        pids[i] = (pid_t)of_worker(all, i, "pid");
        sample->actors[i] = of_worker(all, i, "actors");
        weight_add(&sample->worker[i], pids[i]);
    }
    json_decref(all);
    weight_add(&sample->axsup, soak_system.pid);
    weight_children(&sample->others, soak_system.pid, pids, WORKERS);
    sample->shared = weight_shared(soak_system.pid);
}

static void print_weight(const char *who, const struct weight *weight)
{
    printf("  %-7s %5" PRIu64 " KiB and %5" PRIu64 " KiB shared, %3" PRIu64
           " descriptors, %3" PRIu64 " mappings",
           who, weight->own_kib, weight->shared_kib, weight->descriptors, weight->mappings);
}

static void print(const struct sample *sample)
{
    print_weight("axsup", &sample->axsup);
    printf(", %" PRIu64 " KiB of segments\n", sample->shared / 1024);
    print_weight("others", &sample->others);
    printf(", %" PRIu64 " processes\n", sample->others.processes);
    for (uint32_t i = 0; i < WORKERS; i++) {
        print_weight(i == 0 ? "w/0" : "w/1", &sample->worker[i]);
        printf(", %d actors, room for %d and for %d bytes\n", (int)sample->actors[i],
               (int)sample->records[i], (int)sample->room[i]);
    }
    fflush(stdout);
}

void weigh(struct sample *sample)
{
    *sample = (struct sample){0};
    for (uint32_t i = 0; i < WORKERS; i++)
        weigh_worker(sample, i);
    come_to_rest();
    weigh_processes(sample);
    print(sample);
}

/* ---- the judgement ---- */

void same(const char *who, const char *what, uint64_t was, uint64_t is)
{
    if (was == is)
        return;
    faults++;
    fprintf(stderr, "  FAULT: %s: %s: %" PRIu64 ", not %" PRIu64 "\n", who, what, is, was);
}

static void no_more(const char *who, const char *what, uint64_t was, uint64_t is, uint64_t slack)
{
    if (is <= was + slack)
        return;
    faults++;
    fprintf(stderr, "  FAULT: %s: %s: %" PRIu64 " KiB after %" PRIu64 "\n", who, what, is, was);
}

static void judge_weight(const char *who, const struct weight *was, const struct weight *is)
{
    same(who, "processes", was->processes, is->processes);
    same(who, "descriptors", was->descriptors, is->descriptors);
    same(who, "mappings of shared memory", was->mappings, is->mappings);
    if (WEIGHS_OWN)
        no_more(who, "memory of its own", was->own_kib, is->own_kib, OWN_SLACK_KIB);
    no_more(who, "resident shared memory", was->shared_kib, is->shared_kib, SHARED_SLACK_KIB);
}

void judge(const struct sample *was, const struct sample *is)
{
    judge_weight("axsup", &was->axsup, &is->axsup);
    judge_weight("others", &was->others, &is->others);
    same("all", "bytes of shared memory", was->shared, is->shared);
    same("all", "entries that are listed", was->listed, is->listed);
    for (uint32_t i = 0; i < WORKERS; i++) {
        const char *who = i == 0 ? "w/0" : "w/1";
        judge_weight(who, &was->worker[i], &is->worker[i]);
        same(who, "bytes left in its arena", (uint64_t)was->room[i], (uint64_t)is->room[i]);
        same(who, "actors", (uint64_t)was->actors[i], (uint64_t)is->actors[i]);
        same(who, "actors and room for more", MOST_ACTORS,
             (uint64_t)(is->actors[i] + is->records[i]));
    }
}
