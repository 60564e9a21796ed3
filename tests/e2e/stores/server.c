/* SPDX-License-Identifier: MIT */
#include "tests/e2e/stores/server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay/store/store.h"

#define STARTS 5
#define PATIENCE_MS 30000

/* ---- ports ---- */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t free_port(void)
{
    struct sockaddr_in at = loopback(0);
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &length) != 0)
        server_give_up("no free port");
    close(fd);
    return ntohs(at.sin_port);
}

static int dial(uint16_t port)
{
    struct sockaddr_in at = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Until it listens or has ended; false: it has. */
static bool await_listening(struct server *server)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += 10) {
        int fd = dial(server->port);
        if (fd >= 0) {
            close(fd);
            return true;
        }
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            return false;
        poll(NULL, 0, 10); /* between two looks */
    }
    server_give_up("%s does not listen within %d s: %s/log", server->kind, PATIENCE_MS / 1000,
                   server->folder);
}

/* ---- how they are called ---- */

static void redis_words(struct server_words *words, const struct server *server)
{
    server_word(words, "redis-server");
    server_option(words, "--port", "%u", server->tls ? 0u : server->port);
    server_option(words, "--bind", "127.0.0.1");
    server_option(words, "--dir", "%s", server->folder);
    server_option(words, "--save", "%s", "");
    if (!server->tls)
        return;
    server_option(words, "--tls-port", "%u", server->port);
    server_option(words, "--tls-ca-cert-file", "%s", server_path("ca.pem"));
    server_option(words, "--tls-cert-file", "%s", server_path("cert.pem"));
    server_option(words, "--tls-key-file", "%s", server_path("key.pem"));
}

/* Its least lease is a second, where an election takes less. */
static void etcd_words(struct server_words *words, const struct server *server)
{
    const char *scheme = server->tls ? "https" : "http";
    uint16_t peers = free_port();
    server_word(words, "etcd");
    server_option(words, "--name", "one");
    server_option(words, "--data-dir", "%s/data", server->folder);
    server_option(words, "--listen-client-urls", "%s://%s", scheme, server->address);
    server_option(words, "--advertise-client-urls", "%s://%s", scheme, server->address);
    server_option(words, "--listen-peer-urls", "http://127.0.0.1:%u", peers);
    server_option(words, "--initial-advertise-peer-urls", "http://127.0.0.1:%u", peers);
    server_option(words, "--initial-cluster", "one=http://127.0.0.1:%u", peers);
    server_option(words, "--heartbeat-interval", "50");
    server_option(words, "--election-timeout", "300");
    if (!server->tls)
        return;
    server_word(words, "--client-cert-auth");
    server_option(words, "--trusted-ca-file", "%s", server_path("ca.pem"));
    server_option(words, "--cert-file", "%s", server_path("cert.pem"));
    server_option(words, "--key-file", "%s", server_path("key.pem"));
}

/* ---- their life ---- */

static bool has_program(const char *name)
{
    const char *const args[] = {name, "--version", NULL};
    return server_run(args);
}

const char *server_lacks(const char *kind)
{
    bool built = false;
    for (const char *const *name = ov_store_kinds(); *name != NULL; name++)
        built |= strcmp(*name, kind) == 0;
    if (!built)
        return "left out of this build";
    if (strcmp(kind, "redis") == 0 && !has_program("redis-server"))
        return "no redis-server here: make deps";
    if (strcmp(kind, "etcd") == 0 && !has_program("etcd"))
        return "no etcd here: make deps";
    return NULL;
}

static void launch(struct server *server)
{
    struct server_words words = {0};
    char log[256];
    if (strcmp(server->kind, "redis") == 0)
        redis_words(&words, server);
    else
        etcd_words(&words, server);
    for (int i = 0; server->options[i] != NULL; i++)
        server_word(&words, server->options[i]);
    snprintf(log, sizeof log, "%s/log", server->folder);
    server->pid = server_spawn(words.word, log);
}

/* Somebody else may get the port in between. */
void server_start(struct server *server)
{
    static int number;
    char name[32];
    if (strcmp(server->kind, "memory") == 0)
        return;
    snprintf(name, sizeof name, "%s.%d", server->kind, number++);
    snprintf(server->folder, sizeof server->folder, "%s", server_path(name));
    for (int i = 0; i < STARTS; i++) {
        if (mkdir(server->folder, 0700) != 0 && i == 0)
            server_give_up("%s: cannot be made", server->folder);
        server->port = free_port();
        snprintf(server->address, sizeof server->address, "127.0.0.1:%u", server->port);
        launch(server);
        if (await_listening(server))
            return;
        server_empty(server);
    }
    server_give_up("%s does not start: %s/log", server->kind, server->folder);
}

void server_restart(struct server *server)
{
    launch(server);
    if (!await_listening(server))
        server_give_up("%s does not start again: %s/log", server->kind, server->folder);
}

void server_kill(struct server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void server_freeze(struct server *server)
{
    int status;
    kill(server->pid, SIGSTOP);
    if (waitpid(server->pid, &status, WUNTRACED) != server->pid || !WIFSTOPPED(status))
        server_give_up("%s does not stop", server->kind);
}

void server_thaw(struct server *server)
{
    kill(server->pid, SIGCONT);
}

void server_empty(struct server *server)
{
    char data[256];
    snprintf(data, sizeof data, "%s/data", server->folder);
    const char *const args[] = {"rm", "-rf", data, NULL};
    server_run(args);
}

void server_end(struct server *server)
{
    if (server->pid > 0)
        server_kill(server);
}

/* ---- talking to them ---- */

static void say(const struct server *server, const char *text, const char *wanted)
{
    char got[512];
    size_t length = 0;
    int fd = dial(server->port);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        server_give_up("%s: cannot be talked to", server->kind);
    while (length < strlen(wanted)) {
        ssize_t n = read(fd, got + length, sizeof got - 1 - length);
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    got[length] = '\0';
    close(fd);
    if (strncmp(got, wanted, strlen(wanted)) != 0)
        server_give_up("%s: to \"%s\" says \"%s\"", server->kind, text, got);
}

void server_redis(const struct server *server, const char *line, const char *wanted)
{
    char text[256];
    snprintf(text, sizeof text, "%s\r\n", line);
    say(server, text, wanted);
}

void server_etcd(const struct server *server, const char *path, const char *body)
{
    char text[1024];
    snprintf(text, sizeof text,
             "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
             path, server->address, strlen(body), body);
    say(server, text, "HTTP/1.1 200 ");
}
