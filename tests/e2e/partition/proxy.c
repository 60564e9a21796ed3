/* SPDX-License-Identifier: MIT */
/* proxy.c - a process that forwards connections, and harms those of each line as it is told through
 * a word that it shares with the test. */
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

#define PIPES 512 /* two of a connection, which stand beside each other */
#define DOORS_MAX 8
#define CHUNK 4096
#define LOOK_MS 20 /* between two looks at the word */
/* How much later a chunk leaves; for the store there and back is within its timeout. */
#define DELAY(line) ((line) == LINE_STORE ? 100 * MS : 200 * MS)
#define DRIP 64 /* bytes at a time, throttled */

struct pipe {
    enum proxy_line line;
    int from, to;      /* -1: free; the other one of the pair has them turned round */
    uint64_t ready_at; /* what is in buf may leave */
    size_t len, sent;
    char buf[CHUNK];
};

static _Atomic int *modes; /* of each line */
static struct pipe pipes[PIPES];
static struct door {
    int fd;
    enum proxy_line line;
    struct sockaddr_in to;
} doors[DOORS_MAX];
static int ndoors;

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

static void let_in(const struct door *door)
{
    int in = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), i = free_pair();
    if (in < 0)
        return;
    int out = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (i < 0 || modes[door->line] == PROXY_RESET || out < 0 ||
        (connect(out, (const struct sockaddr *)&door->to, sizeof door->to) != 0 &&
         errno != EINPROGRESS)) {
        close_hard(in);
        close(out);
        return;
    }
    pipes[i] = (struct pipe){.line = door->line, .from = in, .to = out};
    pipes[i + 1] = (struct pipe){.line = door->line, .from = out, .to = in};
}

/* ---- what is forwarded ---- */

static bool take(struct pipe *pipe)
{
    int mode = modes[pipe->line];
    ssize_t n = recv(pipe->from, pipe->buf, mode == PROXY_THROTTLE ? DRIP : CHUNK, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    pipe->len = (size_t)n;
    pipe->sent = 0;
    pipe->ready_at = now_ns() + (mode == PROXY_DELAY      ? DELAY(pipe->line)
                                 : mode == PROXY_THROTTLE ? LOOK_MS * MS
                                                          : 0);
    return true;
}

static bool give(struct pipe *pipe)
{
    bool cut = modes[pipe->line] == PROXY_CUT;
    size_t all = cut ? pipe->sent + (pipe->len - pipe->sent) / 2 : pipe->len;
    ssize_t n = send(pipe->to, pipe->buf + pipe->sent, all - pipe->sent, MSG_NOSIGNAL);
    if (cut || (n < 0 && errno != EAGAIN))
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
    if (pipe->from < 0 || modes[pipe->line] == PROXY_SILENT)
        return;
    if (modes[pipe->line] == PROXY_RESET) {
        end_pair(i, true);
        return;
    }
    if (holds ? now_ns() >= pipe->ready_at && !give(pipe) : revents != 0 && !take(pipe))
        end_pair(i, false);
}

static void work(void)
{
    struct pollfd fds[DOORS_MAX + PIPES];
    bool soon = false;
    for (int i = 0; i < ndoors; i++)
        fds[i] = (struct pollfd){.fd = doors[i].fd, .events = POLLIN};
    for (int i = 0; i < PIPES; i++) {
        bool read = modes[pipes[i].line] != PROXY_SILENT && pipes[i].len == 0;
        soon |= pipes[i].len > 0;
        fds[ndoors + i] = (struct pollfd){.fd = read ? pipes[i].from : -1, .events = POLLIN};
    }
    if (poll(fds, (nfds_t)ndoors + PIPES, soon ? 1 : LOOK_MS) < 0)
        return;
    for (int i = 0; i < PIPES; i++)
        carry(i, fds[ndoors + i].revents);
    for (int i = 0; i < ndoors; i++)
        if (fds[i].revents != 0)
            let_in(&doors[i]);
}

/* ---- its life ---- */

static struct sockaddr_in address(const char *ip, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, ip, &at.sin_addr);
    return at;
}

static void open_door(enum proxy_line line, struct sockaddr_in at, struct sockaddr_in to)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 64) != 0)
        server_give_up("the proxy cannot listen: %s", strerror(errno));
    doors[ndoors++] = (struct door){fd, line, to};
}

static void open_doors(const unsigned pair[2])
{
    for (unsigned i = 0; i < 2; i++)
        open_door(LINE_NODES, address(HUB_ADDRESS, (uint16_t)(PROXY_PORT + i)),
                  address(net_address(pair[i]), NODE_PORT));
    for (unsigned i = 0; i < store_members(); i++)
        open_door(LINE_STORE, address(STORE_ADDRESS, (uint16_t)(DOOR_PORT + i)),
                  address(STORE_ADDRESS, (uint16_t)(STORE_PORT + i)));
}

void proxy_begin(const unsigned pair[2])
{
    pid_t parent = getpid();
    modes = mmap(NULL, LINES * sizeof *modes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                 -1, 0);
    if (modes == MAP_FAILED)
        server_give_up("mmap: %s", strerror(errno));
    for (int i = 0; i < PIPES; i++)
        pipes[i].from = pipes[i].to = -1;
    open_doors(pair);
    pid_t pid = fork();
    if (pid < 0)
        server_give_up("fork: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent)
            work();
        _exit(0);
    }
    for (int i = 0; i < ndoors; i++)
        close(doors[i].fd);
}

void proxy_set(enum proxy_line line, enum proxy_mode mode)
{
    modes[line] = (int)mode;
}
