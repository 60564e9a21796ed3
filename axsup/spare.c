/* SPDX-License-Identifier: MIT */
#include "axsup/spare.h"

#include "axsup/files.h"
#include "axsup/proc_stat.h"
#include "axsup/sup.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEND_SECONDS 2 /* a process that does not read its order is none */

void sup_spare_init(struct sup_spare *spare)
{
    *spare = (struct sup_spare){.pidfd = -1, .stat = -1, .socket = -1};
}

int sup_spare_open(struct sup_spare *spare, int *other)
{
    const struct timeval patience = {.tv_sec = SEND_SECONDS};
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -errno;
    spare->socket = pair[0];
    *other = pair[1];
    return setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 ? 0
                                                                                         : -errno;
}

static bool is_own_child(pid_t pid)
{
    siginfo_t info;

    return pid > 1 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Whether it is already known as somebody else. */
static bool is_taken(const struct sup *sup, pid_t pid)
{
    for (uint32_t s = 1; s < sup->n_slots; s++)
        if (sup->slots[s].pid == pid || sup->slots[s].child.corpse.pid == pid)
            return true;
    for (uint32_t i = 0; i < sup->n_templates; i++)
        if (sup->templates[i].pid == pid || sup->templates[i].spare.pid == pid ||
            (sup->templates[i].reload.next != NULL && sup->templates[i].reload.next->pid == pid))
            return true;
    return false;
}

int sup_spare_adopt(struct sup_spare *spare, const struct sup *sup, pid_t pid)
{
    if (!is_own_child(pid) || is_taken(sup, pid))
        return -ECHILD;
    spare->pid = pid;
    spare->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (spare->pidfd < 0)
        return -errno;
    spare->stat = sup_proc_stat_open(pid); /* the notice is later without it */
    return 0;
}

void sup_spare_end(struct sup_spare *spare, struct sup *sup)
{
    if (spare->pid != 0) {
        kill(spare->pid, SIGKILL); /* not reaped yet, so the number is still its own */
        while (waitpid(spare->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (sup != NULL && spare->pidfd >= 0)
        sup_loop_remove(sup, spare->pidfd);
    sup_file_close(&spare->pidfd);
    sup_file_close(&spare->stat);
    sup_file_close(&spare->socket);
    spare->pid = 0;
}
