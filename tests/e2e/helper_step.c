/* SPDX-License-Identifier: MIT */
/* helper_step PID POINTS: kills a process at so many points behind where it was, or when it has
 * nothing to do any more.
 *
 * A point is where it has changed memory that it shares, or made a system call: what it does
 * between two of them is gone with it, so a death there is one at the point before. Shared memory
 * is write-protected, and a store that is refused is done again, alone and without.
 *
 * It says "stopped" when the process stands still, which goes on when a line comes in; then how
 * many points there were: "N killed", or "N idle" where it then waited for IDLE_MS, and was killed
 * while it did. Ends with 77 where it does not know the machine's registers.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#ifdef __x86_64__

#define IDLE_MS 300u
#define STOP_S 10u
#define AREAS_MAX 256u
#define PAGE 4096u

static pid_t pid;
static uint64_t gate; /* where the process has the instruction of a system call */
static struct {
    uint64_t begin, end;
} areas[AREAS_MAX]; /* of its memory that others see */
static unsigned count;

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

/* Waits until it stands still; the signal at which it does. 0: it did not in that time. */
static int stands(unsigned ms)
{
    const struct timespec moment = {.tv_nsec = 20000}; /* between two looks */
    uint64_t until = clock_ms() + ms;
    int status;
    do {
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got < 0)
            fail("waitpid");
        if (got == pid && !WIFSTOPPED(status))
            errno = ECHILD, fail("the process has ended");
        if (got == pid)
            return WSTOPSIG(status);
        (void)nanosleep(&moment, NULL);
    } while (clock_ms() < until);
    return 0;
}

static void go(enum __ptrace_request how, int signal)
{
    if (ptrace(how, pid, NULL, (void *)(intptr_t)signal) != 0)
        fail("ptrace: it does not go on");
}

/* One instruction, which waits for nothing. */
static int step(void)
{
    int signal;
    go(PTRACE_SINGLESTEP, 0);
    signal = stands(STOP_S * 1000);
    if (signal == 0)
        errno = ETIMEDOUT, fail("an instruction");
    return signal;
}

/* Has the process call mprotect. */
static void protect(uint64_t begin, uint64_t end, unsigned long how)
{
    struct user_regs_struct was, now;
    if (ptrace(PTRACE_GETREGS, pid, NULL, &was) != 0)
        fail("PTRACE_GETREGS");
    now = was;
    now.orig_rax = -1ull; /* a call that was interrupted is not to begin again here */
    now.rip = gate;
    now.rax = SYS_mprotect;
    now.rdi = begin;
    now.rsi = end - begin;
    now.rdx = how;
    if (ptrace(PTRACE_SETREGS, pid, NULL, &now) != 0)
        fail("PTRACE_SETREGS");
    (void)step();
    if (ptrace(PTRACE_GETREGS, pid, NULL, &now) != 0 ||
        ptrace(PTRACE_SETREGS, pid, NULL, &was) != 0)
        fail("PTRACE_GETREGS");
    if (now.rax != 0)
        errno = (int)-(int64_t)now.rax, fail("mprotect");
}

/* What it shares, and where it has "syscall": behind the one in which it waits. */
static void look(void)
{
    char path[64], line[512], name[256], right[5];
    struct user_regs_struct now;
    FILE *maps;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    maps = fopen(path, "re");
    if (maps == NULL)
        fail(path);
    while (fgets(line, sizeof line, maps) != NULL && count < AREAS_MAX)
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %255s", &areas[count].begin,
                   &areas[count].end, right, name) == 4 &&
            right[1] == 'w' && right[3] == 's' && strncmp(name, "anon_inode:", 11) != 0)
            count++;
    fclose(maps);
    if (count == 0 || count == AREAS_MAX)
        errno = ENOENT, fail("memory that it shares");
    if (ptrace(PTRACE_GETREGS, pid, NULL, &now) != 0)
        fail("PTRACE_GETREGS");
    gate = now.rip - 2;
    if ((ptrace(PTRACE_PEEKTEXT, pid, (void *)(uintptr_t)gate, NULL) & 0xffff) != 0x050f)
        errno = EBUSY, fail("it is not in a system call");
}

/* Whether it was stopped by a store into what it shares, which has been done then. */
static bool stored(void)
{
    siginfo_t info;
    uint64_t at, first, last;
    if (ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) != 0)
        fail("PTRACE_GETSIGINFO");
    for (unsigned i = 0; i < count; i++) {
        at = (uintptr_t)info.si_addr;
        if (at < areas[i].begin || at >= areas[i].end)
            continue;
        /* It may go on in the next page. */
        first = at & ~(uint64_t)(PAGE - 1);
        last = first + 2 * PAGE < areas[i].end ? first + 2 * PAGE : areas[i].end;
        protect(first, last, PROT_READ | PROT_WRITE);
        if (step() != SIGTRAP)
            errno = EFAULT, fail("a store");
        protect(first, last, PROT_READ);
        return true;
    }
    return false;
}

/* On to the next point. False: it waits. */
static bool next(void)
{
    static bool within; /* a system call */
    int signal = 0;
    for (;;) {
        go(PTRACE_SYSCALL, signal);
        signal = stands(IDLE_MS);
        if (signal == 0)
            return false;
        if (signal == SIGSEGV && stored())
            return true;
        if (signal == (SIGTRAP | 0x80)) {
            within = !within;
            if (!within)
                return true;
        }
        if ((signal & 0x7f) == SIGTRAP)
            signal = 0;
    }
}

int main(int argc, char **argv)
{
    char line[8];
    unsigned long points = 0, most = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    bool idle = false;
    pid = argc == 3 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
    if (pid <= 0) {
        fprintf(stderr, "usage: helper_step PID POINTS\n");
        return 2;
    }
    if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD) != 0 ||
        ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0)
        fail("ptrace");
    if (stands(STOP_S * 1000) == 0)
        errno = ETIMEDOUT, fail("it does not stop");
    look();
    for (unsigned i = 0; i < count; i++)
        protect(areas[i].begin, areas[i].end, PROT_READ);
    puts("stopped");
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        return 1;
    for (; points < most && !idle; points++)
        idle = !next();
    if (kill(pid, SIGKILL) != 0)
        fail("kill");
    printf("%lu %s\n", points, idle ? "idle" : "killed");
    return 0;
}

#else

int main(void)
{
    puts("helper_step: knows the registers of x86-64 alone");
    return 77;
}

#endif
