/* SPDX-License-Identifier: MIT */
#include "axsup/client.h"
#include "axsup/control.h"
#include "axsup/rundir.h"

#include <ax/errors.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX (256u << 20) /* bytes of an answer */
/* How long nobody may listen: while a supervisor loads its plugins, and before it is seen. */
#define STARTING_NS 5000000000u
#define ABOUT_TO_START_NS 250000000u
#define LOOK_AGAIN_MS 5
#define LOOK_NS 60000000000u /* at a time */
#define ALIVE_NS 3000000000u /* in which a living system says something */

void sup_complain(const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fputs("axsup: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    putc('\n', stderr);
}

static int locate(const char *file, struct sup_config **out)
{
    struct sup_config_errors errors = {0};
    int error = sup_config_locate(file, out, &errors);

    if (sup_config_errors_any(&errors))
        sup_config_errors_print(&errors, stderr);
    else if (error != 0)
        sup_complain("%s: %s (%s)", file, ax_strerror(error), ax_error_name(error));
    sup_config_errors_deinit(&errors);
    if (error == 0)
        return 0;
    *out = sup_config_free(*out);
    return error == AX_E_INVALID ? SUP_EXIT_USAGE : SUP_EXIT_FAILED;
}

static int not_running(const struct sup_client *client)
{
    sup_complain("%s: %s (run_dir %s)", client->config->system, ax_strerror(AX_E_NOT_RUNNING),
                 client->config->run_dir);
    return SUP_EXIT_NOT_RUNNING;
}

static int no_answer(const struct sup_client *client)
{
    sup_complain("%s: the system does not answer (AX_E_TIMEOUT)", client->config->system);
    return SUP_EXIT_FAILED;
}

/* ---- a system that is starting ---- */

static uint64_t clock_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool absent(int error)
{
    return error == ENOENT || error == ECONNREFUSED;
}

/* Connects; where nobody listens, tries again while a supervisor holds the run directory, and for a
 * moment before it may have come that far; where the queue of those that wait is full, until it
 * moves. 0 or an errno, EAGAIN where it did not move. */
static int connect_patiently(int fd, const struct sockaddr_un *address, const char *run_dir)
{
    uint64_t began = clock_ns();

    for (;;) {
        if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
            return 0;
        int error = errno;
        uint64_t patience =
            error == EAGAIN || sup_rundir_held(run_dir) ? STARTING_NS : ABOUT_TO_START_NS;
        if (error == EINTR)
            continue;
        if ((!absent(error) && error != EAGAIN) || clock_ns() - began >= patience)
            return error;
        (void)poll(NULL, 0, LOOK_AGAIN_MS);
    }
}

/* ---- whom we talk to ---- */

/* Whoever can put a socket there must not pass for the system: only its user and root may serve it.
 * Root looks after other users' systems, whose run directories are theirs. */
static int check_server(const struct sup_client *client, const struct ucred *server)
{
    struct stat st;

    if (server->uid == 0 || server->uid == geteuid())
        return 0;
    if (geteuid() == 0 && stat(client->config->run_dir, &st) == 0 && st.st_uid == server->uid)
        return 0;
    sup_complain("%s/" SUP_CONTROL_NAME " is served by user %u, who is not the system's",
                 client->config->run_dir, (unsigned)server->uid);
    return SUP_EXIT_FAILED;
}

/* False: no socket has such a path. */
static bool set_address(struct sockaddr_un *address, const struct sup_client *client)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    return (size_t)snprintf(address->sun_path, sizeof(address->sun_path), "%s/" SUP_CONTROL_NAME,
                            client->config->run_dir) < sizeof(address->sun_path);
}

static void disconnect(struct sup_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    if (client->server >= 0)
        close(client->server);
    client->fd = client->server = -1;
}

/* 0 or an errno. */
static int dial(struct sup_client *client, struct ucred *server)
{
    struct sockaddr_un address;
    socklen_t size = sizeof(*server);

    if (!set_address(&address, client))
        return ENOENT;
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0)
        return errno;
    int error = connect_patiently(client->fd, &address, client->config->run_dir);
    if (error == 0 && getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, server, &size) != 0)
        error = errno;
    if (error == 0 && server->pid > 0)
        client->server = (int)syscall(SYS_pidfd_open, server->pid, 0);
    return error;
}

/* Again: only to the same process; where that is gone nothing is told of it. */
static int connect_to(struct sup_client *client, bool again)
{
    struct ucred server = {.uid = (uid_t)-1};
    int error = dial(client, &server);

    if (error == EAGAIN)
        return no_answer(client);
    if (again && (absent(error) || (error == 0 && server.pid != client->pid)))
        return SUP_EXIT_NOT_RUNNING;
    client->pid = server.pid;
    if (absent(error) || error == ENOTDIR)
        return not_running(client);
    if (error != 0) {
        sup_complain("%s/" SUP_CONTROL_NAME ": %s", client->config->run_dir, strerror(error));
        return SUP_EXIT_FAILED;
    }
    return check_server(client, &server);
}

int sup_client_open(struct sup_client *client, const char *file)
{
    int status;

    *client = (struct sup_client){.fd = -1, .server = -1, .patience_ns = ALIVE_NS};
    status = locate(file, &client->config);
    return status != 0 ? status : connect_to(client, false);
}

static void forget_request(struct sup_client *client)
{
    json_decref(client->asked);
    client->asked = NULL;
    free(client->request);
    client->request = NULL;
}

void sup_client_close(struct sup_client *client)
{
    client->config = sup_config_free(client->config);
    disconnect(client);
    forget_request(client);
    free(client->buffer);
    client->buffer = NULL;
}

/* ---- a system that does not answer ---- */

static bool ready(int fd, short events, uint64_t timeout_ns)
{
    struct pollfd p = {.fd = fd, .events = events};
    uint64_t until = clock_ns() + timeout_ns, left = timeout_ns;

    while (poll(&p, 1, (int)((left < LOOK_NS ? left : LOOK_NS) / 1000000 + 1)) <= 0) {
        uint64_t now = clock_ns();

        if (now >= until)
            return false;
        left = until - now;
    }
    return true;
}

/* Whether there is still somebody who serves the socket: another connection, with a request that
 * needs no time, is answered. A system that has gone is as good: that is seen by who waits. */
static bool is_alive(const struct sup_client *client)
{
    static const char request[] = "{\"command\":\"status\"}\n";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un address;
    uint64_t until = clock_ns() + ALIVE_NS;
    int error = fd < 0 || !set_address(&address, client) ? EMFILE : EAGAIN;

    while (error == EAGAIN && clock_ns() < until) {
        error = connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ? errno : 0;
        if (error == EAGAIN)
            (void)poll(NULL, 0, LOOK_AGAIN_MS);
    }
    bool alive = error == 0 && send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0
                     ? ready(fd, POLLIN, ALIVE_NS)
                     : error != EAGAIN;
    if (fd >= 0)
        close(fd);
    return alive;
}

/* Until the socket is ready. An answer may take as long as it likes while the system lives; that is
 * looked at when it has taken longer than it should. 0 or SUP_EXIT_FAILED. */
static int await(const struct sup_client *client, short events)
{
    while (!ready(client->fd, events, client->patience_ns))
        if (!is_alive(client))
            return no_answer(client);
    return 0;
}

/* The system went away, or refused us, before it took all of the request: what it says is still to
 * be read, so this is no error yet. */
static int send_request(struct sup_client *client)
{
    const char *text = client->request;
    size_t size = client->request_size;

    client->cut = false;
    while (size > 0) {
        ssize_t n = send(client->fd, text, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            int status = await(client, POLLOUT);
            if (status != 0)
                return status;
            continue;
        }
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            client->cut = true;
            return 0;
        }
        if (n < 0) {
            sup_complain("the control socket: %s", strerror(errno));
            return SUP_EXIT_FAILED;
        }
        text += n;
        size -= (size_t)n;
    }
    return 0;
}

/* The request as a line, with so much of its timeout; it says for which system it is, for the
 * run_dir may be another one's. 0 or SUP_EXIT_USAGE. */
static int write_request(struct sup_client *client, uint64_t left_ns)
{
    json_t *own = client->asked;
    bool whole =
        own && json_object_set_new(own, "system", json_string(client->config->system)) == 0;

    if (client->timeout_ns != 0)
        whole =
            whole && json_object_set_new(own, "timeout_ns", json_integer((json_int_t)left_ns)) == 0;
    char *text = whole ? json_dumps(own, JSON_COMPACT) : NULL;
    size_t size = text ? strlen(text) : 0;

    free(client->request);
    client->request = NULL;
    client->patience_ns = ALIVE_NS + left_ns;
    if (!text) {
        sup_complain("the arguments are not UTF-8");
        return SUP_EXIT_USAGE;
    }
    if (size >= SUP_CONTROL_REQUEST_MAX) {
        sup_complain("a request of %zu bytes: at most %u are possible", size,
                     SUP_CONTROL_REQUEST_MAX - 1);
        free(text);
        return SUP_EXIT_USAGE;
    }
    text[size] = '\n'; /* in the place of the NUL */
    client->request = text;
    client->request_size = size + 1;
    return 0;
}

int sup_client_send(struct sup_client *client, json_t *request)
{
    forget_request(client);
    client->asked = request;
    client->asked_at = clock_ns();
    client->timeout_ns = (uint64_t)json_integer_value(json_object_get(request, "timeout_ns"));
    int status = write_request(client, client->timeout_ns);
    return status != 0 ? status : send_request(client);
}

/* With the deadline that it had at first. */
static int send_again(struct sup_client *client)
{
    uint64_t taken = clock_ns() - client->asked_at;

    if (client->timeout_ns == 0)
        return send_request(client);
    if (taken >= client->timeout_ns)
        return no_answer(client);
    int status = write_request(client, client->timeout_ns - taken);
    return status != 0 ? status : send_request(client);
}

/* Where the connection has ended before the system read all of the request, it has done nothing of
 * it. As sup_client_line. */
static int ask_again(struct sup_client *client)
{
    if (clock_ns() - client->asked_at >= STARTING_NS)
        return SUP_EXIT_NOT_RUNNING;
    (void)poll(NULL, 0, LOOK_AGAIN_MS);
    disconnect(client);
    int status = connect_to(client, true);
    return status != 0 ? status : send_again(client);
}

/* Makes room for more. False: no memory, or a line without end. */
static bool make_room(struct sup_client *client)
{
    if (client->used > 0) {
        memmove(client->buffer, client->buffer + client->used, client->have - client->used);
        client->have -= client->used;
        client->used = 0;
    }
    if (client->room - client->have > 1)
        return true;

    size_t room = client->room ? 2 * client->room : 64u << 10;
    char *buffer = room <= LINE_MAX ? realloc(client->buffer, room) : NULL;

    if (!buffer)
        return false;
    client->buffer = buffer;
    client->room = room;
    return true;
}

/* Takes what has come, or waits for it. As sup_client_line. */
static int receive(struct sup_client *client)
{
    ssize_t n = recv(client->fd, client->buffer + client->have, client->room - client->have - 1, 0);

    if (n < 0 && errno == EAGAIN)
        return await(client, POLLIN);
    if (n < 0 && errno == EINTR)
        return 0;
    bool untaken = client->cut || (n < 0 && errno == ECONNRESET);
    if (n <= 0)
        return client->request && untaken ? ask_again(client) : SUP_EXIT_NOT_RUNNING;
    forget_request(client);
    client->have += (size_t)n;
    return 0;
}

int sup_client_line(struct sup_client *client, char **line)
{
    size_t searched = 0;

    for (;;) {
        char *start = client->buffer + client->used;
        size_t size = client->have - client->used;
        char *end = size > searched ? memchr(start + searched, '\n', size - searched) : NULL;

        if (end) {
            *end = '\0';
            *line = start;
            client->used = (size_t)(end - client->buffer) + 1;
            return 0;
        }
        searched = size;
        *line = NULL;
        if (!make_room(client)) {
            sup_complain("the answer is too long");
            return SUP_EXIT_FAILED;
        }
        int status = receive(client);
        if (status != 0)
            return status;
    }
}

/* {"ok":false,"error":"AX_E_FULL","message":"counter.get: mailbox full"} */
static int print_failure(const char *line)
{
    json_t *answer = json_loads(line, 0, NULL);
    const char *error = NULL, *message = NULL;
    int status = SUP_EXIT_FAILED;

    if (json_unpack(answer, "{s:s, s:s}", "error", &error, "message", &message) == 0)
        sup_complain(*error ? "%s (%s)" : "%s", message, error);
    else
        sup_complain("the system gave an answer that makes no sense");
    if (error && strcmp(error, ax_error_name(AX_E_NOT_RUNNING)) == 0)
        status = SUP_EXIT_NOT_RUNNING;
    else if (json_is_true(json_object_get(answer, "usage")))
        status = SUP_EXIT_USAGE;
    json_decref(answer);
    return status;
}

/* The system has gone without a word. */
static void say_gone(const struct sup_client *client)
{
    sup_complain("%s: the system has gone away (run_dir %s)", client->config->system,
                 client->config->run_dir);
}

int sup_client_follow(struct sup_client *client, char **line)
{
    int status = sup_client_line(client, line);

    if (status == SUP_EXIT_NOT_RUNNING) {
        say_gone(client);
        return SUP_EXIT_FAILED;
    }
    if (status == 0 && strcmp(*line, SUP_CONTROL_END) == 0)
        *line = NULL;
    return status;
}

int sup_client_result(struct sup_client *client, char **result)
{
    char *line;
    int status = sup_client_line(client, &line);
    size_t size;

    if (status == SUP_EXIT_NOT_RUNNING)
        say_gone(client);
    if (status != 0)
        return status;
    size = strlen(line);
    if (strncmp(line, SUP_CONTROL_OK, strlen(SUP_CONTROL_OK)) != 0 || line[size - 1] != '}')
        return print_failure(line);
    line[size - 1] = '\0';
    *result = line + strlen(SUP_CONTROL_OK);
    return 0;
}

int sup_client_ask(struct sup_client *client, const char *file, json_t *request, char **result)
{
    int status = sup_client_open(client, file);

    if (status != 0) {
        json_decref(request);
        return status;
    }
    status = sup_client_send(client, request);
    return status != 0 ? status : sup_client_result(client, result);
}
