/* SPDX-License-Identifier: MIT */
/* proxy.c - a process that forwards connections between two nodes, and harms them as it is told
 * through a word that it shares with the test. */
#include "tests/e2e/partition/partition.h"

#include "tests/e2e/stores/folder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIPES 128 /* two of a connection, which stand beside each other */
#define CHUNK 4096
#define LOOK_MS 20 /* between two looks at the word */
#define DELAY (200 * MS)
#define DRIP 64 /* bytes at a time, throttled */

struct pipe {
    int from, to; /* -1: free; the other one of the pair has them turned round */
    bool waiting; /* with what is in buf, until ready_at */
    uint64_t ready_at;
    size_t len, sent;
    char buf[CHUNK];
};

static _Atomic int *mode;
static struct pipe pipes[PIPES];
static struct {
    int fd;
    unsigned target;
} doors[2];

static struct sockaddr_in address(const char *ip, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, ip, &at.sin_addr);
    return at;
}

static void close_hard(int fd)
{
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static void end_pair(int i, bool hard)
{
    struct pipe *one = &pipes[i & ~1], *other = &pipes[i | 1];
    if (hard)
        close_hard(one->from);
    else
        close(one->from);
    close(one->to);
    one->from = one->to = other->from = other->to = -1;
}

static int free_pair(void)
{
    for (int i = 0; i < PIPES; i += 2)
        if (pipes[i].from < 0)
            return i;
    return -1;
}

static void let_in(int door)
{
    int in = accept4(doors[door].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), i = free_pair();
    if (in < 0)
        return;
    int out = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = address(net_address(doors[door].target), NODE_PORT);
    if (i < 0 || *mode == PROXY_RESET || out < 0 ||
        (connect(out, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
        close_hard(in);
        close(out);
        return;
    }
    pipes[i] = (struct pipe){.from = in, .to = out};
    pipes[i + 1] = (struct pipe){.from = out, .to = in};
}

/* ---- what is forwarded ---- */

static bool take(struct pipe *pipe)
{
    ssize_t n = recv(pipe->from, pipe->buf, *mode == PROXY_THROTTLE ? DRIP : CHUNK, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    pipe->len = (size_t)n;
    pipe->sent = 0;
    pipe->ready_at = now_ns() + (*mode == PROXY_DELAY      ? DELAY
                                 : *mode == PROXY_THROTTLE ? LOOK_MS * MS
                                                           : 0);
    return true;
}

static bool give(struct pipe *pipe)
{
    size_t all = *mode == PROXY_CUT ? pipe->sent + (pipe->len - pipe->sent) / 2 : pipe->len;
    ssize_t n = send(pipe->to, pipe->buf + pipe->sent, all - pipe->sent, MSG_NOSIGNAL);
    if (*mode == PROXY_CUT || (n < 0 && errno != EAGAIN))
        return false;
    pipe->sent += n > 0 ? (size_t)n : 0;
    if (pipe->sent == pipe->len)
        pipe->len = 0;
    return true;
}

static void carry(int i, short revents)
{
    struct pipe *pipe = &pipes[i];
    bool holds = pipe->len > 0;
    if (pipe->from < 0 || *mode == PROXY_SILENT)
        return;
    if (*mode == PROXY_RESET) {
        end_pair(i, true);
        return;
    }
    if (holds ? now_ns() >= pipe->ready_at && !give(pipe) : revents != 0 && !take(pipe))
        end_pair(i, false);
}

static void work(void)
{
    struct pollfd fds[2 + PIPES];
    bool soon = false;
    for (int i = 0; i < 2; i++)
        fds[i] = (struct pollfd){.fd = doors[i].fd, .events = POLLIN};
    for (int i = 0; i < PIPES; i++) {
        bool read = *mode != PROXY_SILENT && pipes[i].len == 0;
        soon |= pipes[i].len > 0;
        fds[2 + i] = (struct pollfd){.fd = read ? pipes[i].from : -1, .events = POLLIN};
    }
    if (poll(fds, 2 + PIPES, soon ? 1 : LOOK_MS) < 0)
        return;
    for (int i = 0; i < PIPES; i++)
        carry(i, fds[2 + i].revents);
    for (int i = 0; i < 2; i++)
        if (fds[i].revents != 0)
            let_in(i);
}

/* ---- its life ---- */

static int listen_at(uint16_t port)
{
    struct sockaddr_in at = address(HUB_ADDRESS, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0)
        server_give_up("the proxy cannot listen: %s", strerror(errno));
    return fd;
}

void proxy_begin(const unsigned pair[2])
{
    pid_t parent = getpid();
    mode = mmap(NULL, sizeof *mode, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mode == MAP_FAILED)
        server_give_up("mmap: %s", strerror(errno));
    for (int i = 0; i < PIPES; i++)
        pipes[i].from = pipes[i].to = -1;
    for (int i = 0; i < 2; i++) {
        doors[i].target = pair[i];
        doors[i].fd = listen_at((uint16_t)(PROXY_PORT + i));
    }
    pid_t pid = fork();
    if (pid < 0)
        server_give_up("fork: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent)
            work();
        _exit(0);
    }
    for (int i = 0; i < 2; i++)
        close(doors[i].fd);
}

void proxy_set(enum proxy_mode next)
{
    *mode = (int)next;
}
