/* SPDX-License-Identifier: MIT */
/* bench.c - axsup bench: how fast is it, beside what the machine can do at best.
 *
 * Everything between actors goes through the public interface: systems are started from a config as
 * any other ("axsup run"), their plugin is an example of the tree (libax/examples/bench) that only
 * includes <ax/...>, actors find each other by name, asks have deadlines, what is sent is checked,
 * counted and can be monitored. An actor measures by its own clock in its handler and the result is
 * fetched by asking it, so nothing of the fetching is in a figure.
 *
 * Machines differ, and a virtual one differs from itself a minute later: what two cores cost each
 * other moves by a factor of ten. So a figure that crosses processes is taken in turn with what it
 * can be at best, the baseline, and the goal is for the ratio of the two. All are medians.
 *
 * The table of figures in bench.h has the definitions; --help prints them. */
#include "axsup/bench.h"

#include "axsup/client.h"
#include "axsup/nearest.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum unit { NS, RATE, BYTES, COUNT, RATIO };
enum goal { NO, AT_MOST, AT_LEAST };

static const struct {
    const char *name;
    enum unit unit;
    enum goal kind;
    double goal;
    const char *about;
} figures[] = {
#define FIGURE_ROW(name, unit, kind, goal, about) {#name, unit, kind, goal, about},
    SUP_BENCH_FIGURES(FIGURE_ROW)
#undef FIGURE_ROW
};

#define ROUNDS 15u
#define QUICK_ROUNDS 7u

/* ---- text ---- */

static const char *in_unit(enum unit unit, double value, char *to, size_t room)
{
    if (unit == RATIO)
        snprintf(to, room, "%.2f x", value);
    else if (unit == RATE)
        snprintf(to, room, "%.1f M/s", value / BENCH_MILLION);
    else if (unit == BYTES)
        snprintf(to, room, "%.1f GB/s", value / BENCH_GIGA);
    else if (unit == COUNT)
        snprintf(to, room, "%.0f B", value);
    else if (value >= 10000)
        snprintf(to, room, "%.1f us", value / 1000);
    else
        snprintf(to, room, "%.1f ns", value);
    return to;
}

static const char *goal_text(size_t i, char *to, size_t room)
{
    char value[32];

    if (figures[i].kind == NO)
        return "";
    snprintf(to, room, "%s %s", figures[i].kind == AT_MOST ? "<=" : ">=",
             in_unit(figures[i].unit, figures[i].goal, value, sizeof value));
    return to;
}

static bool reached(size_t i, double value)
{
    return figures[i].kind == NO ||
           (figures[i].kind == AT_MOST ? value <= figures[i].goal : value >= figures[i].goal);
}

static void print_help(void)
{
    char goal[48];

    fputs("usage: axsup bench [--json] [--quick] [--only NAME,...] [--rounds N]\n\n"
          "Measures the runtime beside what the machine can do at best, in one run.\n\n"
          "  --json           one JSON object, each figure a number\n"
          "  --quick          fewer and shorter rounds\n"
          "  --only NAME,...  only these figures, and what is measured with them\n"
          "  --rounds N       rounds of which the median is taken, 1 to 101\n\n"
          "Times are nanoseconds. The figures and their goals:\n\n",
          stdout);
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        printf("  %-32s %-14s %s\n", figures[i].name, goal_text(i, goal, sizeof goal),
               figures[i].about);
}

static void print_text(const struct sup_bench *bench)
{
    for (size_t i = 0; i < BENCH_FIGURES; i++) {
        char value[32], goal[48];

        if (bench->value[i] > 0)
            printf("%-32s %12s  %-14s %s\n", figures[i].name,
                   in_unit(figures[i].unit, bench->value[i], value, sizeof value),
                   goal_text(i, goal, sizeof goal), reached(i, bench->value[i]) ? "" : "missed");
    }
}

static void print_json(const struct sup_bench *bench)
{
    const char *separator = "{";

    for (size_t i = 0; i < BENCH_FIGURES; i++)
        if (bench->value[i] > 0) {
            printf("%s\"%s\":%.*f", separator, figures[i].name,
                   figures[i].unit == RATE || figures[i].unit == BYTES ? 0 : 3, bench->value[i]);
            separator = ",";
        }
    puts("}");
}

/* ---- arguments ---- */

static int unknown_figure(const char *name)
{
    struct sup_nearest near;

    sup_nearest_init(&near, name);
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        sup_nearest_try(&near, figures[i].name);
    if (near.best)
        sup_complain("bench: there is no figure \"%.80s\"; did you mean \"%s\"?", name, near.best);
    else
        sup_complain("bench: there is no figure \"%.80s\"; \"axsup bench --help\" lists them",
                     name);
    return SUP_EXIT_USAGE;
}

static int read_only(struct sup_bench *bench, char *names)
{
    char *rest = NULL;

    memset(bench->wanted, 0, sizeof bench->wanted);
    for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        size_t i = 0;

        while (i < BENCH_FIGURES && strcmp(figures[i].name, name) != 0)
            i++;
        if (i == BENCH_FIGURES)
            return unknown_figure(name);
        bench->wanted[i] = true;
    }
    return 0;
}

static int read_rounds(struct sup_bench *bench, const char *text)
{
    char *end;
    unsigned long rounds = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || rounds < 1 || rounds > BENCH_ROUNDS_MAX) {
        sup_complain("bench: --rounds \"%.80s\": must be a number from 1 to %u", text,
                     BENCH_ROUNDS_MAX);
        return SUP_EXIT_USAGE;
    }
    bench->rounds = (unsigned)rounds;
    return 0;
}

/* 0, SUP_EXIT_USAGE, or -1 after --help. */
static int read_arguments(struct sup_bench *bench, int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},       {"quick", no_argument, NULL, 'q'},
        {"only", required_argument, NULL, 'o'}, {"rounds", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    int option, status = 0;

    optind = 1;
    opterr = 0;
    while (status == 0 && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1)
        switch (option) {
        case 'j':
            bench->json = true;
            break;
        case 'q':
            bench->quick = true;
            break;
        case 'o':
            status = read_only(bench, optarg);
            break;
        case 'r':
            status = read_rounds(bench, optarg);
            break;
        case 'h':
            print_help();
            return -1;
        default:
            sup_complain("bench: \"%.80s\" %s; \"axsup bench --help\" lists its arguments",
                         argv[optind - 1], option == ':' ? "needs a value" : "is no option");
            status = SUP_EXIT_USAGE;
        }
    if (status == 0 && optind < argc) {
        sup_complain("bench: takes no argument \"%.80s\"", argv[optind]);
        status = SUP_EXIT_USAGE;
    }
    if (bench->rounds == 0)
        bench->rounds = bench->quick ? QUICK_ROUNDS : ROUNDS;
    return status;
}

/* ---- the run ---- */

/* The first two cores that this process may use. */
static void choose_cores(struct sup_bench *bench)
{
    cpu_set_t set;
    int found = 0;

    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return;
    for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++)
        if (CPU_ISSET((size_t)cpu, &set))
            bench->cpu[found++] = cpu;
    if (found == 1)
        bench->cpu[1] = bench->cpu[0];
}

static int drop(const char *path, const struct stat *stat, int type, struct FTW *at)
{
    (void)stat;
    (void)type;
    (void)at;
    return remove(path);
}

/* ---- whatever ends the bench ---- */

#define CLEAN_TRIES 200
#define CLEAN_MS 50

/* Its systems end with the bench, and are still writing there for a moment. */
static void clean_up(const char *folder)
{
    for (int tries = 0; tries < CLEAN_TRIES && access(folder, F_OK) == 0; tries++) {
        (void)nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
        if (access(folder, F_OK) == 0)
            (void)poll(NULL, 0, CLEAN_MS);
    }
}

/* A process that makes the folder, says its name and removes it when the other end of its socket is
 * closed: by the end of the bench, whatever ends it and however early. It owns the folder so that
 * there is no moment at which nobody does. */
struct keeper {
    pid_t pid;
    int socket;
};

static _Noreturn void keep_folder(char *folder, int socket)
{
    char byte;
    int error;

    (void)setsid(); /* a terminal's interrupt is not for it */
    error = mkdtemp(folder) ? 0 : errno;
    (void)send(socket, &error, sizeof error, MSG_NOSIGNAL);
    (void)send(socket, folder, strlen(folder), MSG_NOSIGNAL);
    while (recv(socket, &byte, 1, 0) < 0 && errno == EINTR)
        ;
    if (error == 0)
        clean_up(folder);
    _exit(0);
}

/* Fills in the X's of `folder`; 0 or an errno. */
static int keeper_begin(struct keeper *keeper, char *folder)
{
    const size_t length = strlen(folder);
    int sockets[2], error = ECHILD;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return errno;
    keeper->socket = sockets[1];
    keeper->pid = fork();
    if (keeper->pid == 0) {
        close(sockets[1]);
        keep_folder(folder, sockets[0]);
    }
    if (keeper->pid < 0)
        error = errno;
    close(sockets[0]);
    if (recv(sockets[1], &error, sizeof error, 0) < 0 || error != 0)
        return error;
    return recv(sockets[1], folder, length, 0) == (ssize_t)length ? 0 : ECHILD;
}

static void keeper_end(struct keeper *keeper)
{
    if (keeper->pid == 0)
        return;
    close(keeper->socket);
    while (keeper->pid > 0 && waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static int measure(struct sup_bench *bench)
{
    const char *parent = getenv("TMPDIR");
    struct keeper keeper = {0};
    int error;

    if (asprintf(&bench->folder, "%s/axsup-bench.XXXXXX", parent && *parent ? parent : "/tmp") < 0)
        return -1;
    error = keeper_begin(&keeper, bench->folder);
    if (error != 0) {
        sup_complain("bench: %s: %s", bench->folder, strerror(error));
    } else {
        choose_cores(bench);
        error = sup_bench_measure(bench);
    }
    keeper_end(&keeper);
    free(bench->folder);
    return error;
}

int sup_bench_main(int argc, char **argv)
{
    struct sup_bench bench = {0};
    int status;

    memset(bench.wanted, true, sizeof bench.wanted);
    status = read_arguments(&bench, argc, argv);
    if (status != 0)
        return status < 0 ? SUP_EXIT_DONE : status;
    status = measure(&bench);
    if (bench.json)
        print_json(&bench);
    else
        print_text(&bench);
    return status == 0 ? SUP_EXIT_DONE : SUP_EXIT_FAILED;
}
