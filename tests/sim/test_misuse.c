/* SPDX-License-Identifier: MIT */
/* A test that calls the simulation otherwise than sim.h says is told so, and does not read what
 * lies beside its nodes. */
#include "overlay/sim/sim.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void out(void *of, unsigned node, const struct ov_out *what)
{
    (void)of, (void)node, (void)what;
}

static struct sim *begin(unsigned nodes)
{
    return sim_new(&(struct sim_config){.nodes = nodes, .seed = 1, .host = {.out = out}});
}

/* ---- each breaks one rule ---- */

static void no_nodes(void)
{
    begin(0);
}

static void too_many_nodes(void)
{
    begin(SIM_NODES + 1);
}

static void no_host(void)
{
    sim_new(&(struct sim_config){.nodes = 1});
}

static void too_many_registries(void)
{
    static const struct ov_registry registries[OV_REGISTRIES_MAX + 1];
    sim_new(&(struct sim_config){.nodes = 1,
                                 .registries = registries,
                                 .nregistries = OV_REGISTRIES_MAX + 1,
                                 .host = {.out = out}});
}

static void start_of_none(void)
{
    sim_start(begin(2), 2);
}

static void crash_of_none(void)
{
    sim_crash(begin(2), SIM_NODES + 1, false);
}

static void input_to_the_dead(void)
{
    (void)sim_in(begin(2), 0, &(struct ov_in){.kind = OV_IN_TIMER}, NULL);
}

static void cut_from_none(void)
{
    sim_cut(begin(2), 0, 2);
}

static void delays_backward(void)
{
    sim_delays(begin(2), 2, 1);
}

static void chance_of_none(void)
{
    (void)sim_random(begin(2), 0);
}

static void impostor_of_none(void)
{
    sim_impostor(begin(2), 'A', 1);
}

static void record_of_no_registry(void)
{
    (void)sim_record(begin(2), 0, 0);
}

static void host_that_there_is_not(void)
{
    struct sim *sim = begin(2);
    sim_start_all(sim);
    (void)sim_unregister(sim, 0, (struct ax_span){"x", 1});
}

static void right(void)
{
    struct sim *sim = begin(SIM_NODES);
    sim_start_all(sim);
    sim_impostor(sim, 'a', 1);
    sim_cut(sim, 0, SIM_IMPOSTOR);
    sim_run(sim, SIM_S);
    sim_crash(sim, SIM_IMPOSTOR, true);
    sim_free(sim);
    _exit(0);
}

/* ---- */

struct misuse {
    void (*call)(void);
    const char *said; /* how that begins; NULL: nothing, as it is none */
};

#define MISUSES(X)                                                                                 \
    X(no_nodes, "check_config: expected config->nodes >= 1")                                       \
    X(too_many_nodes, "check_config: expected config->nodes >= 1 && config->nodes <= SIM_NODES")   \
    X(no_host, "check_config: expected config->host.out != NULL")                                  \
    X(too_many_registries, "check_config: expected config->nregistries <= OV_REGISTRIES_MAX")      \
    X(start_of_none, "sim_start: expected")                                                        \
    X(crash_of_none, "sim_crash: expected sim_is_any(sim, node)")                                  \
    X(input_to_the_dead, "sim_in: expected sim->node[node].alive")                                 \
    X(cut_from_none, "sim_cut: expected")                                                          \
    X(delays_backward, "sim_delays: expected min <= max")                                          \
    X(chance_of_none, "sim_random: expected n > 0")                                                \
    X(impostor_of_none, "sim_impostor: expected")                                                  \
    X(record_of_no_registry, "sim_record: expected registry < sim->config.nregistries")            \
    X(host_that_there_is_not, "sim_unregister: expected sim->node[node].host != NULL")             \
    X(right, NULL)

static void told(void **state)
{
    const struct misuse *misuse = *state;
    char said[256] = "";
    int pipes[2], status;

    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka's would go on */
        dup2(pipes[1], STDERR_FILENO);
        misuse->call();
        _exit(1);
    }
    close(pipes[1]);
    ssize_t len = read(pipes[0], said, sizeof said - 1);
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (misuse->said == NULL) {
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0 && len == 0);
        return;
    }
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    if (strncmp(said, misuse->said, strlen(misuse->said)) != 0)
        fail_msg("it says %s", said);
}

int main(void)
{
#define NUMBER(name, text) NUMBER_##name,
    enum { MISUSES(NUMBER) };
#define MISUSE(name, text) {name, text},
    static struct misuse misuses[] = {MISUSES(MISUSE)};
#define TEST(name, text) {#name, told, NULL, NULL, &misuses[NUMBER_##name]},
    const struct CMUnitTest tests[] = {MISUSES(TEST)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
