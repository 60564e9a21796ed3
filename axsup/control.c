/* SPDX-License-Identifier: MIT */
#include "axsup/control_client.h"

#include "axsup/socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_FIRST 4096u /* bytes of the first buffer for requests */
#define STEPS_AT_ONCE 16 /* for one client before others have their turn */

void sup_control_drop(struct control_client *client)
{
    struct sup_control *control = client->control;

    sup_control_forget(client);
    sup_loop_remove(control->sup, client->fd);
    close(client->fd);
    free(client->in);
    sup_out_deinit(&client->out);
    *client = (struct control_client){.control = control, .fd = -1};
    sup_control_place_free(control);
}

/* False: the client is gone. */
static bool send_out(struct control_client *client)
{
    size_t sent = 0;

    while (sent < client->out.size) {
        ssize_t n = send(client->fd, client->out.text + sent, client->out.size - sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            return false;
        if (n < 0)
            break;
        sent += (size_t)n;
        client->moved_at = sup_now(client->control->sup);
    }
    sup_out_drop(&client->out, sent);
    if (client->out.size == 0)
        sup_out_deinit(&client->out); /* an answer may have been large */
    return true;
}

/* Handles the first line that has come in whole. False: there is none. */
static bool serve_line(struct control_client *client)
{
    const char *start = client->in + client->in_used;
    size_t size = client->in_size - client->in_used;
    const char *end = size > 0 ? memchr(start, '\n', size) : NULL;

    if (end) {
        size_t line = (size_t)(end - start);
        client->in_used += line + 1;
        client->asked = true;
        sup_control_serve(client, start, line);
        if (client->state == CONTROL_EARLY)
            client->in_used -= line + 1;
        return client->state != CONTROL_EARLY;
    }
    if (size < SUP_CONTROL_REQUEST_MAX)
        return false;
    sup_control_refuse(client, AX_E_TOO_BIG, "a request has at most %u bytes",
                       SUP_CONTROL_REQUEST_MAX - 1);
    client->state = CONTROL_CLOSING;
    return false;
}

bool sup_control_receive(struct control_client *client)
{
    if (client->in_used > 0) {
        client->in_size -= client->in_used;
        memmove(client->in, client->in + client->in_used, client->in_size);
        client->in_used = 0;
    }
    if (client->in_size == client->in_room && client->in_room < SUP_CONTROL_REQUEST_MAX) {
        size_t room = client->in_room ? 2 * client->in_room : READ_FIRST;
        char *in = realloc(client->in, room);

        if (!in)
            return false;
        client->in = in;
        client->in_room = room;
    }
    ssize_t n = recv(client->fd, client->in + client->in_size, client->in_room - client->in_size,
                     MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return false;
    client->in_size += (size_t)n;
    client->moved_at = sup_now(client->control->sup);
    return true;
}

static void on_client(void *ctx, uint32_t events);

static void watch(struct control_client *client)
{
    uint32_t mask = client->out.size > 0 ? POLLOUT : 0;

    if (client->again)
        mask |= POLLOUT;
    else if (client->state == CONTROL_READING && client->out.size == 0)
        mask |= POLLIN;
    if (mask == client->mask)
        return;
    client->mask = mask;
    if (sup_loop_add(client->control->sup, client->fd, mask, on_client, client) != 0)
        sup_control_drop(client);
}

/* Does one thing that can be done now. False: there is none. */
static bool step(struct control_client *client)
{
    if (client->state == CONTROL_FOLLOWING)
        return client->out.size < FOLLOW_AT_ONCE && sup_control_advance(client);
    return client->state == CONTROL_READING && client->out.size == 0 && serve_line(client);
}

void sup_control_pump(struct control_client *client)
{
    bool there = send_out(client);
    int steps = 0;

    while (there && steps < STEPS_AT_ONCE && step(client)) {
        there = send_out(client);
        steps++;
    }
    client->again = steps == STEPS_AT_ONCE;
    if (there)
        there = send_out(client);
    there = there && client->out.error == 0; /* half a line would follow */
    if (!there || (client->state == CONTROL_CLOSING && client->out.size == 0))
        sup_control_drop(client);
    else
        watch(client);
}

static void on_client(void *ctx, uint32_t events)
{
    struct control_client *client = ctx;

    /* While it waits for something it is only asked for its end. */
    if (client->state == CONTROL_READING && client->out.size == 0 && !client->again) {
        if (!sup_control_receive(client))
            client->state = CONTROL_CLOSING;
    } else if (events & (POLLHUP | POLLERR)) {
        sup_control_drop(client);
        return;
    }
    sup_control_pump(client);
}

/* ---- clients that came early ---- */

static void serve_early(struct sup_control *control)
{
    control->begun = true;
    sup_timer_clear(control->sup, &control->timer);
    for (uint32_t i = 0; i < SUP_CONTROL_CLIENTS; i++)
        if (control->clients[i].state == CONTROL_EARLY) {
            control->clients[i].state = CONTROL_READING;
            sup_control_pump(&control->clients[i]);
        }
}

static void on_timer(void *ctx)
{
    serve_early(ctx);
}

static bool has_begun(const struct sup *sup)
{
    for (uint32_t s = 1; s < sup->n_slots; s++)
        if (!sup_slot_begun(&sup->slots[s]))
            return false;
    return true;
}

/* ---- the whole ---- */

/* The folder is 0700 and locked by us; the mask makes the socket 0600 from its first moment on. */
static int listen_at(struct sup_control *control)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask;
    int error;

    snprintf(control->path, sizeof(control->path), "%s/" SUP_CONTROL_NAME,
             control->sup->config->run_dir);
    if (strlen(control->path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, control->path, strlen(control->path) + 1);
    control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->listener < 0)
        return -errno;
    error = sup_socket_file_remove(control->path);
    if (error != 0)
        return error;
    mask = umask(0177);
    error = bind(control->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ? -errno : 0;
    umask(mask);
    control->bound = error == 0;
    if (error == 0 && listen(control->listener, SOMAXCONN) != 0)
        error = -errno;
    return error;
}

int sup_control_open(struct sup_control **out, struct sup *sup)
{
    struct sup_control *control = calloc(1, sizeof(*control));
    int error;

    *out = NULL;
    if (!control) {
        sup_log(AX_ERROR, "the control socket: %s", ax_strerror(-ENOMEM));
        return -ENOMEM;
    }
    control->sup = sup;
    control->listener = -1;
    control->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (uint32_t i = 0; i < SUP_CONTROL_CLIENTS; i++)
        control->clients[i] = (struct control_client){.control = control, .fd = -1};
    error = control->spare < 0 ? -errno : listen_at(control);
    if (error == 0)
        error = sup_control_accept(control);
    control->timer = (struct sup_timer){.fn = on_timer, .ctx = control};
    sup_timer_set(sup, &control->timer, sup_clock() + SUP_CONTROL_EARLY_NS);
    if (error != 0) {
        sup_log(AX_ERROR, "the control socket %s: %s", control->path, ax_strerror(error));
        sup_control_close(control);
        return error;
    }
    *out = control;
    return 0;
}

void sup_control_events(struct sup_control *control)
{
    if (!control->begun && has_begun(control->sup))
        serve_early(control);
    for (uint32_t i = 0; i < SUP_CONTROL_CLIENTS; i++) {
        struct control_client *client = &control->clients[i];

        bool waits = client->state == CONTROL_RESTARTING || client->state == CONTROL_RELOADING;
        bool changed = waits && sup_control_advance(client);

        if (changed || client->state == CONTROL_FOLLOWING)
            sup_control_pump(client);
    }
}

/* The last words to a client, as far as its socket takes them. */
static void take_leave(struct control_client *client)
{
    const struct sup_stop *stop = &client->control->sup->stop;

    if (client->state == CONTROL_STOPPING)
        sup_out_format(&client->out, SUP_CONTROL_OK "{\"killed\":%u,\"left\":%llu}}\n",
                       stop->killed, (unsigned long long)stop->left);
    else if (client->state == CONTROL_ASKING || client->state == CONTROL_RESTARTING ||
             client->state == CONTROL_RELOADING || client->state == CONTROL_EARLY)
        sup_control_refuse(client, AX_E_SHUTTING_DOWN, "%s", ax_strerror(AX_E_SHUTTING_DOWN));
    else if (client->state == CONTROL_FOLLOWING) {
        (void)sup_control_advance(client);
        /* more than it has room for may have come at the end */
        sup_control_missed(client, client->control->sup->events.seq + 1);
        sup_out_text(&client->out, SUP_CONTROL_END "\n");
    }
    (void)send_out(client);
    sup_control_drop(client);
}

struct sup_control *sup_control_close(struct sup_control *control)
{
    if (!control)
        return NULL;
    for (uint32_t i = 0; i < SUP_CONTROL_CLIENTS; i++)
        if (control->clients[i].state != CONTROL_FREE)
            take_leave(&control->clients[i]);
    sup_timer_clear(control->sup, &control->timer);
    sup_timer_clear(control->sup, &control->sweep);
    if (control->listener >= 0) {
        sup_loop_remove(control->sup, control->listener);
        close(control->listener);
    }
    if (control->bound)
        (void)sup_socket_file_remove(control->path);
    if (control->spare >= 0)
        close(control->spare);
    free(control);
    return NULL;
}
