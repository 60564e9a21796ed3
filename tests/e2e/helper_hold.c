/* SPDX-License-Identifier: MIT */
/* helper_hold.c - holds a task of another process back at its end, as a debugger could.
 *
 *   helper_hold end TID    before it ends: its process cannot be reaped, and counts its threads
 *   helper_hold reap PID   when it has ended: nobody else can reap it
 *
 * Says "ready" when the task is watched and "held" when it is held; lets go at the end of standard
 * input. Exits with 77 where nobody may be traced. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int give_up(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return errno == EPERM || errno == ENOSYS ? 77 : 1;
}

static int say(const char *text)
{
    return puts(text) < 0 || fflush(stdout) != 0;
}

static int await_end_stop(pid_t task)
{
    int status;

    for (;;) {
        if (waitpid(task, &status, __WALL) < 0)
            return -1;
        if (!WIFSTOPPED(status))
            return -1;
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
            return 0;
        ptrace(PTRACE_CONT, task, NULL, 0);
    }
}

static int await_zombie(pid_t task)
{
    siginfo_t info;

    return waitid(P_PID, (id_t)task, &info, WEXITED | WNOWAIT | __WALL);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    pid_t task = (pid_t)strtol(argv[2], NULL, 10);
    int end = strcmp(argv[1], "end") == 0;
    unsigned long options = end ? PTRACE_O_TRACEEXIT : 0;
    if (ptrace(PTRACE_SEIZE, task, NULL, options) != 0)
        return give_up("PTRACE_SEIZE");
    if (say("ready") != 0)
        return 1;
    if ((end ? await_end_stop(task) : await_zombie(task)) != 0)
        return give_up("the end of the task");
    if (say("held") != 0)
        return 1;
    while (getchar() != EOF)
        ;
    return 0; /* which lets go */
}
