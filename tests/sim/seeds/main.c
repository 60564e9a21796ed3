/* SPDX-License-Identifier: MIT */
/* seeds [FIRST SEEDS]  runs seeds, on all processors; without arguments, AX_SEEDS of them
 * seeds SEED           one
 * seeds -t SEED        one, and tells its story
 *
 * It ends with "N passed, N failed". The same seed is the same run, to the byte. */
#include "tests/sim/seeds/world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#define SEEDS 1000u /* where nothing else is said */

static struct world world;

static void add(struct tally *sum, const struct tally *other)
{
    unsigned long *to = sum->n;
    for (unsigned i = 0; i < TALLIES; i++)
        to[i] += other->n[i];
}

/* One of `shares` processes, which says what it has counted to `to`. */
static void run_share(uint64_t first, unsigned long seeds, unsigned share, unsigned shares, int to)
{
    struct tally sum = {0};
    for (unsigned long i = share; i < seeds; i += shares) {
        uint64_t seed = first + i;
        bool ok = run_seed(&world, seed, NULL);
        add(&sum, &world.tally);
        sum.n[ok ? PASSED : FAILED]++;
        if (!ok)
            printf("seed %llu: %s\n", (unsigned long long)seed, world.why);
        fflush(stdout);
    }
    _exit(write(to, &sum, sizeof sum) == (ssize_t)sizeof sum ? 0 : 2);
}

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static void report(const struct tally *sum, unsigned long seeds, double seconds)
{
    static const char *const names[] = {
#define NAME(symbol, name) name,
        TALLY(NAME)
#undef NAME
    };
    unsigned long ran = sum->n[PASSED] + sum->n[FAILED];

    for (unsigned i = FAILED + 1; i < TALLIES; i++)
        printf("%s%lu %s", i > FAILED + 1 ? ", " : "", sum->n[i], names[i]);
    printf("\n%.0f seeds/s; virtual time passes %.0f times as fast as real time\n",
           (double)ran / seconds, (double)ran * SEED_SECONDS / seconds);
    printf("%lu passed, %lu failed\n", sum->n[PASSED], seeds - sum->n[PASSED]);
}

static int run_all(uint64_t first, unsigned long seeds)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned shares = cpus > 0 ? (unsigned)cpus : 1;
    struct timespec begin;
    struct tally sum = {0}, part;
    int fd[2];

    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (pipe(fd) != 0)
        return 2;
    for (unsigned i = 0; i < shares; i++)
        if (fork() == 0)
            run_share(first, seeds, i, shares, fd[1]);
    close(fd[1]);
    while (read(fd[0], &part, sizeof part) == (ssize_t)sizeof part)
        add(&sum, &part);
    while (wait(NULL) > 0)
        ;
    report(&sum, seeds, seconds_since(&begin));
    return sum.n[PASSED] < seeds;
}

static int run_one(uint64_t seed, FILE *trace)
{
    bool ok = run_seed(&world, seed, trace);
    printf("%s\n", ok ? "1 passed, 0 failed" : world.why);
    return !ok;
}

static unsigned long number(const char *text, unsigned long otherwise)
{
    return text != NULL && *text != 0 ? strtoul(text, NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    bool trace = argc > 1 && strcmp(argv[1], "-t") == 0;

    if (sodium_init() < 0)
        return 2;
    if (argc == 2 + trace)
        return run_one(strtoull(argv[1 + trace], NULL, 10), trace ? stdout : NULL);
    return run_all(argc > 2 ? number(argv[1], 1) : 1,
                   argc > 2 ? number(argv[2], SEEDS) : number(getenv("AX_SEEDS"), SEEDS));
}
