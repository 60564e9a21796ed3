/* SPDX-License-Identifier: MIT */
/* helper_step PID STEPS: kills a process so many instructions behind where it was, or when it has
 * nothing to do any more.
 *
 * It says "stopped" when the process stands still, which goes on when a line comes in; then how
 * many instructions there were: "N killed", or "N idle" where it then waited for IDLE_MS, and was
 * killed while it did. A system call counts as one. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#define IDLE_MS 300u
#define STOP_S 10u

static pid_t pid;

static void fail(const char *what)
{
    fprintf(stderr, "helper_step: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits until it stands still. False: it did not in that time. */
static bool stands(unsigned ms)
{
    const struct timespec moment = {.tv_nsec = 100000}; /* between two looks */
    uint64_t until = clock_ms() + ms;
    int status;
    do {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got < 0)
            fail("waitpid");
        if (got == pid && !WIFSTOPPED(status))
            errno = ECHILD, fail("the process has ended");
        if (got == pid)
            return true;
        (void)nanosleep(&moment, NULL);
    } while (clock_ms() < until);
    return false;
}

/* A step mostly ends at once. */
static bool step(void)
{
    int status;
    if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0)
        fail("PTRACE_SINGLESTEP");
    for (unsigned spin = 0; spin < 2000; spin++)
        if (waitpid(pid, &status, WNOHANG) == pid) {
            if (!WIFSTOPPED(status))
                errno = ECHILD, fail("the process has ended");
            return true;
        }
    return stands(IDLE_MS);
}

int main(int argc, char **argv)
{
    char line[8];
    unsigned long steps = 0, most = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    bool idle = false;
    pid = argc == 3 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
    if (pid <= 0) {
        fprintf(stderr, "usage: helper_step PID STEPS\n");
        return 2;
    }
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0 ||
        ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0)
        fail("ptrace");
    if (!stands(STOP_S * 1000))
        fail("it does not stop");
    puts("stopped");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        return 1;
    for (; steps < most && !idle; steps++)
        idle = !step();
    if (kill(pid, SIGKILL) != 0)
        fail("kill");
    printf("%lu %s\n", steps, idle ? "idle" : "killed");
    return 0;
}
