/* SPDX-License-Identifier: MIT */
/* bench_system.c - a real system to measure: a config in a temporary folder, "axsup run" in a
 * process of its own, and its control socket to ask the actors for what they have seen. */
#include "axsup/bench.h"

#include "axsup/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_NS 30000000000ull /* a system that takes longer to start will not */
#define CALL_NS 60000000000ll
#define SAID_MAX 65536u

struct bench_system {
    pid_t pid;
    int said; /* the end of a pipe: what it says on standard error */
    size_t size;
    char text[SAID_MAX];
    char *config;
    struct sup_client client;
};

/* ---- the config ---- */

#define ANY_CPU (-1)

static void print_actor(FILE *to, const char *name, const char *contract, unsigned capacity,
                        int cpu)
{
    fprintf(to, "{\"name\": \"%s\", \"contract\": \"%s\", \"capacity\": %u", name, contract,
            capacity);
    if (cpu != ANY_CPU)
        fprintf(to, ", \"args\": {\"cpu\": %d}", cpu);
    fputs("}", to);
}

static void print_worker(FILE *to, const struct bench_plan *plan, const char *name, unsigned count)
{
    fprintf(to,
            "{\"name\": \"%s\", \"plugin\": \"bench.so\", \"count\": %u, \"spin_us\": %u, "
            "\"rerandomize\": 0,\n",
            name, count, plan->spin_us);
    if (plan->arena)
        fprintf(to, "  \"arena\": \"%s\",\n", plan->arena);
    if (plan->keys > 0 && strcmp(name, "a") == 0)
        fprintf(to,
                "  \"registries\": [{\"name\": \"keys\", \"contract\": \"bench_idle\", "
                "\"keys\": %u}],\n",
                plan->keys);
    if (plan->max_actors > 0)
        fprintf(to, "  \"max_actors\": %u,\n", plan->max_actors);
    fputs("  \"restart\": {\"policy\": \"on_failure\", \"max\": 1000, \"window\": \"1h\", "
          "\"backoff\": [\"0s\", \"0s\"]},\n  \"actors\": [",
          to);
}

static void print_config(FILE *to, const struct sup_bench *bench, const struct bench_plan *plan)
{
    int second = plan->loose ? ANY_CPU : bench->cpu[plan->one_core ? 0 : 1];

    fprintf(to,
            "{\"system\": \"bench-%s\", \"run_dir\": \"%s/%s\", \"max_message\": \"%s\", "
            "\"shutdown\": \"2s\",\n\"workers\": [\n",
            plan->name, bench->folder, plan->name, plan->message ? plan->message : "8K");
    print_worker(to, plan, "a", 1);
    print_actor(to, "drive", "bench_drive", 200000, bench->cpu[0]);
    fputs(",\n  ", to);
    print_actor(to, "near", "bench_echo", 1024, bench->cpu[0]);
    fputs("]},\n", to);
    print_worker(to, plan, "b", 1);
    print_actor(to, "far", "bench_echo", 1024, second);
    fputs("]}", to);
    if (plan->idle > 0) {
        fputs(",\n", to);
        print_worker(to, plan, "idle", plan->idle);
        fputs("]}", to);
    }
    fputs("\n]}\n", to);
}

static int write_config(struct bench_system *system, const struct sup_bench *bench,
                        const struct bench_plan *plan)
{
    FILE *file;
    int failed;

    if (asprintf(&system->config, "%s/%s.json", bench->folder, plan->name) < 0) {
        system->config = NULL;
        return -ENOMEM;
    }
    file = fopen(system->config, "we");
    if (!file)
        return -errno;
    print_config(file, bench, plan);
    failed = ferror(file);
    return fclose(file) != 0 || failed ? -EIO : 0;
}

/* ---- the process ---- */

/* In the child. One core means that axsup counts one: then nobody spins. */
static _Noreturn void become_axsup(const struct bench_system *system, const struct sup_bench *bench,
                                   const struct bench_plan *plan, int said)
{
    cpu_set_t one;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    CPU_ZERO(&one);
    CPU_SET((size_t)bench->cpu[0], &one);
    if (plan->one_core)
        (void)sched_setaffinity(0, sizeof one, &one);
    dup2(said, STDERR_FILENO);
    dup2(said, STDOUT_FILENO);
    execl("/proc/self/exe", "axsup", "run", system->config, (char *)NULL);
    _exit(127);
}

static int run(struct bench_system *system, const struct sup_bench *bench,
               const struct bench_plan *plan)
{
    int pipes[2];

    if (pipe2(pipes, O_CLOEXEC) != 0)
        return -errno;
    /* Nobody reads it on; it must never make the system wait. */
    (void)fcntl(pipes[1], F_SETPIPE_SZ, 1 << 20);
    system->said = pipes[0];
    system->pid = fork();
    if (system->pid == 0)
        become_axsup(system, bench, plan, pipes[1]);
    close(pipes[1]);
    return system->pid < 0 ? -errno : 0;
}

/* Takes what the system has said so far. False: it will say no more. */
static bool listen_to(struct bench_system *system, int timeout_ms)
{
    struct pollfd poller = {.fd = system->said, .events = POLLIN};
    ssize_t n;

    if (system->size == sizeof system->text - 1 || poll(&poller, 1, timeout_ms) <= 0)
        return false;
    n = read(system->said, system->text + system->size, sizeof system->text - 1 - system->size);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    system->size += (size_t)n;
    system->text[system->size] = '\0';
    return true;
}

static bool wait_until_it_runs(struct bench_system *system)
{
    uint64_t deadline = sup_bench_now() + START_NS, now;

    while ((now = sup_bench_now()) < deadline) {
        if (strstr(system->text, " is running: "))
            return true;
        if (!listen_to(system, (int)((deadline - now) / 1000000 + 1)))
            return false;
    }
    return false;
}

static struct bench_system *give_up(struct bench_system *system, const char *why)
{
    while (system->said >= 0 && listen_to(system, 0))
        ;
    sup_complain("bench: %s%s%s", why, system->size ? "; it said:\n" : "", system->text);
    return sup_bench_system_stop(system);
}

struct bench_system *sup_bench_system_start(const struct sup_bench *bench,
                                            const struct bench_plan *plan)
{
    struct bench_system *system = calloc(1, sizeof *system);
    int error;

    if (!system) {
        sup_complain("bench: %s", strerror(ENOMEM));
        return NULL;
    }
    system->said = -1;
    system->client = (struct sup_client){.fd = -1, .server = -1};
    error = write_config(system, bench, plan);
    if (error == 0)
        error = run(system, bench, plan);
    if (error != 0)
        return give_up(system, strerror(-error));
    if (!wait_until_it_runs(system))
        return give_up(system, "a system does not start");
    if (sup_client_open(&system->client, system->config) != 0)
        return give_up(system, "a system cannot be asked");
    return system;
}

struct bench_system *sup_bench_system_stop(struct bench_system *system)
{
    if (!system)
        return NULL;
    sup_client_close(&system->client);
    if (system->pid > 0) {
        kill(system->pid, SIGTERM);
        while (waitpid(system->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (system->said >= 0)
        close(system->said);
    if (system->config)
        unlink(system->config);
    free(system->config);
    free(system);
    return NULL;
}

/* ---- asking ---- */

static json_t *request(const char *actor, const char *message, json_t *args)
{
    char *text = json_dumps(args, JSON_COMPACT);
    json_t *request =
        json_pack("{s:s, s:s, s:s, s:s?, s:I}", "command", "call", "actor", actor, "message",
                  message, "args", text, "timeout_ns", (json_int_t)CALL_NS);

    free(text);
    json_decref(args);
    return request;
}

json_t *sup_bench_call(struct bench_system *system, const char *actor, const char *message,
                       json_t *args)
{
    json_t *asked = request(actor, message, args), *reply = NULL;
    char *text;

    if (asked && sup_client_send(&system->client, asked) == 0 &&
        sup_client_result(&system->client, &text) == 0)
        reply = json_loads(text, 0, NULL);
    if (!reply) {
        while (listen_to(system, 0))
            ;
        sup_complain("bench: %s.%s has no answer; the system said:\n%s", actor, message,
                     system->text);
    }
    return reply;
}
