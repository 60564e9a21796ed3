/* SPDX-License-Identifier: MIT */
/* seeds [FIRST SEEDS]   runs seeds, on all processors; without arguments, AX_SEEDS of them
 * seeds -1 FIRST SEEDS  runs them one after another until one fails
 * seeds SEED            one
 * seeds -t SEED         one, and tells its story
 * seeds -s SEED         one that fails, without what its plan does not need for that; -t as above
 * seeds -x ...          with a mistake planted in the host: that this is found is a test
 *
 * It ends with "N passed, N failed". The same seed is the same run, to the byte. */
#include "tests/lib/shrink.h"
#include "tests/sim/seeds/world.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#define SEEDS 1000u     /* where nothing else is said */
#define SEED_LIMIT_S 30 /* of real time: no step may take for ever */

static struct world world;
static struct plan plan;

static void add(struct tally *sum, const struct tally *other)
{
    unsigned long *to = (unsigned long *)sum;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += ((const unsigned long *)other)[i];
}

/* A core that crashes, or goes on for ever, is a failure of its seed. */
static void died(int signal)
{
    char text[96];
    int n = snprintf(text, sizeof text, "seed %llu: core: signal %d\n",
                     (unsigned long long)plan.seed, signal);
    _exit(write(1, text, (size_t)n) == n ? 1 : 2);
}

static void watch_over(void)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)signal(signals[i], died);
}

static bool run_seed(uint64_t seed, bool careless, FILE *trace)
{
    plan.careless = careless;
    plan.until = 0;
    plan_make(&plan, seed);
    alarm(SEED_LIMIT_S);
    bool ok = run_plan(&world, &plan, trace);
    alarm(0);
    if (!ok)
        printf("seed %llu: %s\n", (unsigned long long)seed, world.why);
    fflush(stdout);
    return ok;
}

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

/* One of `shares` processes, which says what it has counted to `to`. */
static void run_share(uint64_t first, unsigned long seeds, unsigned share, unsigned shares, int to)
{
    struct tally sum = {0};
    watch_over();
    for (unsigned long i = share; i < seeds; i += shares) {
        struct timespec begin;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        bool ok = run_seed(first + i, false, NULL), five = plan.nodes == 5 && plan.locks != OPEN;
        add(&sum, &world.tally);
        sum.fives += five;
        sum.fives_us += five ? (unsigned long)(1e6 * seconds_since(&begin)) : 0;
        sum.n[ok ? PASSED : FAILED]++;
    }
    _exit(write(to, &sum, sizeof sum) == (ssize_t)sizeof sum ? 0 : 2);
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
    putchar('\n');
    cover_print(sum);
    printf("%.0f seeds/s; virtual time passes %.0f times as fast as real time\n",
           (double)ran / seconds, (double)ran * SEED_SECONDS / seconds);
    if (sum->fives_us > 0)
        printf("with five nodes, encryption and all checks %.0f times, in one process\n",
               (double)sum->fives * SEED_SECONDS * 1e6 / (double)sum->fives_us);
    printf("%lu seeds, %lu failed\n", seeds, seeds - sum->n[PASSED]);
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

static int run_until_one_fails(uint64_t first, unsigned long seeds, bool careless)
{
    watch_over();
    for (unsigned long i = 0; i < seeds; i++)
        if (!run_seed(first + i, careless, NULL))
            return 1;
    printf("%lu passed, 0 failed\n", seeds);
    return 0;
}

/* ---- one seed ---- */

static bool fails_alike(void *of, const bool *off)
{
    memcpy(plan.off, off, plan.n * sizeof *off);
    return !run_plan(&world, &plan, NULL) && strcmp(world.tag, of) == 0;
}

static void shrink_plan(void)
{
    char tag[16];
    bool off[PLAN_MOST];
    unsigned left;

    snprintf(tag, sizeof tag, "%s", world.tag);
    for (unsigned i = 0; i < plan.n; i++)
        off[i] = plan.list[i].at + SIM_S > world.failed_at; /* virtual time begins at 1 s */
    plan.until = world.failed_at + SIM_S;
    if (!fails_alike(tag, off))
        memset(off, 0, sizeof off);
    left = shrink(off, plan.n, fails_alike, tag);
    (void)fails_alike(tag, off);
    printf("%u of %u that were planned are enough: %s\n", left, plan.n, world.why);
    plan_print(&plan, stdout);
}

static int run_one(uint64_t seed, bool careless, bool smaller, FILE *trace)
{
    bool ok = run_seed(seed, careless, smaller ? NULL : trace);
    if (!ok && smaller) {
        shrink_plan();
        if (trace != NULL)
            (void)run_plan(&world, &plan, trace);
    }
    printf("%d passed, %d failed\n", ok, !ok);
    return !ok;
}

static unsigned long number(const char *text, unsigned long otherwise)
{
    return text != NULL && *text != 0 ? strtoul(text, NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    bool trace = false, smaller = false, careless = false, until = false;
    int option;

    while ((option = getopt(argc, argv, "1stx")) != -1) {
        trace |= option == 't';
        smaller |= option == 's';
        careless |= option == 'x';
        until |= option == '1';
    }
    if (sodium_init() < 0)
        return 2;
    argv += optind;
    argc -= optind;
    if (argc == 1)
        return run_one(strtoull(argv[0], NULL, 10), careless, smaller, trace ? stdout : NULL);
    if (until && argc == 2)
        return run_until_one_fails(number(argv[0], 1), number(argv[1], SEEDS), careless);
    return run_all(argc == 2 ? number(argv[0], 1) : 1,
                   argc == 2 ? number(argv[1], SEEDS) : number(getenv("AX_SEEDS"), SEEDS));
}
