/* SPDX-License-Identifier: MIT */
#include "tests/e2e/partition/partition.h"

#include "overlay/store/store.h"
#include "tests/e2e/stores/folder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMBERS 3
#define PEER_PORT (STORE_PORT + MEMBERS)
#define PATIENCE (60 * SECOND)

static const char *kind;
static unsigned members;
static struct {
    pid_t pid;
    char folder[200];
} member[MEMBERS];

/* ---- how they are called ---- */

/* What it has answered is on its disk. */
static void redis_words(struct server_words *words, unsigned i)
{
    server_word(words, "redis-server");
    server_option(words, "--port", "%u", STORE_PORT + i);
    server_option(words, "--bind", STORE_ADDRESS);
    server_option(words, "--protected-mode", "no");
    server_option(words, "--dir", "%s", member[i].folder);
    server_option(words, "--save", "%s", "");
    server_option(words, "--appendonly", "yes");
    server_option(words, "--appendfsync", "always");
}

static void etcd_words(struct server_words *words, unsigned i)
{
    const char *at = "http://" STORE_ADDRESS;
    server_word(words, "etcd");
    server_option(words, "--name", "m%u", i);
    server_option(words, "--data-dir", "%s/data", member[i].folder);
    server_option(words, "--listen-client-urls", "%s:%u", at, STORE_PORT + i);
    server_option(words, "--advertise-client-urls", "%s:%u", at, STORE_PORT + i);
    server_option(words, "--listen-peer-urls", "%s:%u", at, PEER_PORT + i);
    server_option(words, "--initial-advertise-peer-urls", "%s:%u", at, PEER_PORT + i);
    server_option(words, "--initial-cluster", "m0=%s:%u,m1=%s:%u,m2=%s:%u", at, PEER_PORT, at,
                  PEER_PORT + 1, at, PEER_PORT + 2);
}

/* ---- their life ---- */

static bool listens(unsigned i)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(STORE_PORT + i))};
    inet_pton(AF_INET, STORE_ADDRESS, &at.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool open = fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0;
    close(fd);
    return open;
}

static bool has_ended(unsigned i)
{
    if (member[i].pid != 0 && waitpid(member[i].pid, NULL, WNOHANG) == member[i].pid)
        member[i].pid = 0;
    return member[i].pid == 0;
}

void store_start(unsigned i)
{
    struct server_words words = {0};
    if (!has_ended(i))
        return;
    if (strcmp(kind, "redis") == 0)
        redis_words(&words, i);
    else
        etcd_words(&words, i);
    member[i].pid = server_spawn(words.word, server_path("store.log"));
}

static bool has_program(const char *name)
{
    const char *const args[] = {name, "--version", NULL};
    return server_run(args);
}

static void make_disk(unsigned i)
{
    char name[16];
    const char *size = strcmp(kind, "redis") == 0 ? "size=64m" : "size=256m";
    snprintf(name, sizeof name, "store%u", i);
    snprintf(member[i].folder, sizeof member[i].folder, "%s", server_path(name));
    if (mkdir(member[i].folder, 0700) != 0 ||
        mount("none", member[i].folder, "tmpfs", 0, size) != 0)
        server_give_up("%s: %s", member[i].folder, strerror(errno));
}

static bool is_built(const char *wanted)
{
    for (const char *const *name = ov_store_kinds(); *name != NULL; name++)
        if (strcmp(*name, wanted) == 0)
            return true;
    return false;
}

const char *store_begin(const char *wanted)
{
    kind = wanted;
    if (!is_built(kind))
        return "the kind of lease store is left out of this build";
    if (!has_program(strcmp(kind, "redis") == 0 ? "redis-server" : "etcd"))
        return "no server of the lease store here: make deps";
    members = strcmp(kind, "redis") == 0 ? 1 : MEMBERS;
    for (unsigned i = 0; i < members; i++) {
        make_disk(i);
        store_start(i);
    }
    uint64_t until = now_ns() + PATIENCE;
    for (unsigned i = 0; i < members; i++)
        while (!listens(i)) {
            if (has_ended(i) || now_ns() > until)
                server_give_up("the store does not start: %s", server_path("store.log"));
            poll(NULL, 0, 10); /* between two looks */
        }
    return NULL;
}

const char *store_config(void)
{
    static char text[256];
    int n =
        snprintf(text, sizeof text, "{ \"%s\": { \"timeout\": \"300ms\", \"endpoints\": [", kind);
    for (unsigned i = 0; i < members; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s\"" STORE_ADDRESS ":%u\"",
                      i > 0 ? "," : "", DOOR_PORT + i);
    snprintf(text + n, sizeof text - (size_t)n, "] } }");
    return text;
}

unsigned store_members(void)
{
    return members;
}

void store_signal(unsigned i, int signal)
{
    if (!has_ended(i))
        kill(member[i].pid, signal);
    if (signal == SIGKILL && member[i].pid != 0) {
        waitpid(member[i].pid, NULL, 0);
        member[i].pid = 0;
    }
}

void store_fill(unsigned i, bool full)
{
    static const char block[65536];
    char path[256];
    snprintf(path, sizeof path, "%s/filler", member[i].folder);
    if (!full) {
        unlink(path);
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(fd, block, sizeof block) > 0) {
    }
    close(fd);
}

void store_end(void)
{
    for (unsigned i = 0; i < members; i++) {
        store_signal(i, SIGKILL);
        umount2(member[i].folder, MNT_DETACH);
    }
}
