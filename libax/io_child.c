/* SPDX-License-Identifier: MIT */
/* libax/io_child.c - processes that actors start.
 *
 * A child shares one Unix socket with its handle. It is started when the turn of ax_io_spawn
 * commits, by vfork, which copies nothing of a worker's mappings; the kernel kills it with its
 * worker. */
#include "libax/io.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child, which has the worker's memory until it executes. What a program that it becomes
 * closes, or keeps a table of, goes by its limit of descriptors: that is not the worker's. */
static int become(char *const argv[], int socket, pid_t worker, const struct rlimit *files)
{
    sigset_t none;
    (void)setrlimit(RLIMIT_NOFILE, files);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGINT, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return errno;
    if (getppid() != worker) /* it has died before */
        return ESRCH;
    if (dup2(socket, STDIN_FILENO) >= 0 && dup2(socket, STDOUT_FILENO) >= 0)
        execvp(argv[0], argv);
    return errno;
}

static pid_t start(char *const argv[], int socket, const struct rlimit *files, int *error)
{
    volatile int failed = 0;
    pid_t worker = getpid();
    pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
    if (pid == 0) {
        failed = become(argv, socket, worker, files); /* NOLINT(clang-analyzer-unix.Vfork) */
        _exit(127);
    }
    *error = pid < 0 ? errno : failed;
    return pid;
}

static int launch(struct io_handle *h, const struct rlimit *files)
{
    int pair[2], error;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return errno;
    h->fd = pair[0];
    pid_t pid = start(h->spec->argv, pair[1], files, &error);
    close(pair[1]);
    if (error != 0) {
        if (pid > 0)
            (void)waitpid(pid, NULL, 0);
        return error;
    }
    h->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (h->pidfd >= 0)
        return 0;
    error = errno;
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return error;
}

void io_child_start(struct worker *w, struct io_handle *h)
{
    int error = launch(h, &w->io->files);
    if (error == 0)
        return;
    h->status = h->error = -error;
    h->exited = h->eof = true;
    if (h->owner != 0)
        io_ready(w, h);
}

void io_child_kill(struct io_handle *h)
{
    if (!h->exited && h->pidfd >= 0)
        (void)syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0);
    h->error = -ECANCELED; /* nobody is to get what is left */
}

bool io_child_reap(struct io_handle *h)
{
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)h->pidfd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
        return false;
    h->status = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : info.si_status;
    return true;
}

/* The words and the array of pointers to them, in one block. */
static char **copy_words(const char *const argv[])
{
    size_t count = 0, bytes = 0;
    for (; argv[count] != NULL; count++)
        bytes += strlen(argv[count]) + 1;
    char **copy = malloc((count + 1) * sizeof *copy + bytes);
    if (copy == NULL)
        return NULL;
    char *at = (char *)(copy + count + 1);
    for (size_t i = 0; i < count; i++) {
        copy[i] = at;
        at = stpcpy(at, argv[i]) + 1;
    }
    copy[count] = NULL;
    return copy;
}

int ax_io_spawn(struct ax_ctx *ctx, const char *const argv[], uint64_t *io)
{
    struct io_handle *h;
    *io = 0;
    if (argv[0] == NULL)
        return AX_E_INVALID;
    struct io_spec *spec = calloc(1, sizeof *spec);
    if (spec == NULL || (spec->argv = copy_words(argv)) == NULL) {
        free(spec);
        return -ENOMEM;
    }
    int error = io_make(ctx, IO_SOCKET, -1, &h);
    if (error != 0) {
        free(spec->argv);
        free(spec);
        return error;
    }
    h->spec = spec;
    h->child = true;
    *io = io_number(ctx->worker, h);
    return 0;
}
