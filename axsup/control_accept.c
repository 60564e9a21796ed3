/* SPDX-License-Identifier: MIT */
/* control_accept.c - the places that clients of the control socket have, and who gets one.
 *
 * While all are taken nobody is accepted: who comes then waits in the kernel's queue, and is served
 * when a place is free. So that silent clients do not hold places for ever, one that has no request
 * under way gives up its place after SUP_CONTROL_IDLE_NS where somebody waits for one, and after
 * SUP_CONTROL_SILENT_NS in any case. Commands ask as soon as they are connected: what has come with
 * a client is read when it is accepted, and who never asked anything gives up its place after
 * SUP_CONTROL_MUTE_NS, so that hundreds of those delay nobody for long. */
#include "axsup/control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_AGAIN_NS 1000000000ull /* for a place that has become free by silence */

static void on_listener(void *ctx, uint32_t events);

static void listen_on(struct sup_control *control, bool wanted)
{
    control->full = !wanted;
    (void)sup_loop_add(control->sup, control->listener, wanted ? POLLIN : 0, on_listener, control);
}

/* An actor's reply, an event or the end of the system may take as long as it likes. */
static uint64_t silence(const struct control_client *client)
{
    bool busy = client->state != CONTROL_READING && client->out.size == 0;

    return busy || client->state == CONTROL_FREE ? 0
                                                 : sup_now(client->control->sup) - client->moved_at;
}

static bool is_mute(const struct control_client *client)
{
    return client->state == CONTROL_READING && !client->asked;
}

/* How long it may be silent where somebody waits for its place. */
static uint64_t patience(const struct control_client *client)
{
    return is_mute(client) ? SUP_CONTROL_MUTE_NS : SUP_CONTROL_IDLE_NS;
}

static bool any_mute(const struct sup_control *control)
{
    for (uint32_t i = 0; i < SUP_CONTROL_CLIENTS; i++)
        if (is_mute(&control->clients[i]))
            return true;
    return false;
}

static void sweep_later(struct sup_control *control)
{
    uint64_t at = sup_now(control->sup);

    if (!control->full)
        at += SUP_CONTROL_SILENT_NS / 2;
    else
        at += any_mute(control) ? SUP_CONTROL_MUTE_NS : LOOK_AGAIN_NS;
    if (control->sweep.at == 0 || control->sweep.at > at)
        sup_timer_set(control->sup, &control->sweep, at);
}

static void on_sweep(void *ctx)
{
    struct sup_control *control = ctx;
    bool any = false;

    for (uint32_t i = 0; i < SUP_CONTROL_CLIENTS; i++) {
        if (silence(&control->clients[i]) > SUP_CONTROL_SILENT_NS)
            sup_control_drop(&control->clients[i]);
        any |= control->clients[i].state != CONTROL_FREE;
    }
    if (control->full)
        listen_on(control, true);
    if (any)
        sweep_later(control);
}

static void wait_for_place(struct sup_control *control)
{
    listen_on(control, false);
    sweep_later(control);
}

void sup_control_place_free(struct sup_control *control)
{
    if (control->full)
        listen_on(control, true);
}

int sup_control_accept(struct sup_control *control)
{
    control->sweep = (struct sup_timer){.fn = on_sweep, .ctx = control};
    return sup_loop_add(control->sup, control->listener, POLLIN, on_listener, control);
}

static bool is_readable(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

static bool anyone_waits(const struct sup_control *control)
{
    return is_readable(control->listener);
}

/* Who has just asked for the first time, and was not read yet, does not. */
static bool gives_way(const struct control_client *client)
{
    return silence(client) >= patience(client) && !(is_mute(client) && is_readable(client->fd));
}

/* A free place or, where there is none, that of who has been silent for longest and for long
 * enough. */
static struct control_client *find_place(struct sup_control *control)
{
    struct control_client *idle = NULL;

    for (uint32_t i = 0; i < SUP_CONTROL_CLIENTS; i++) {
        struct control_client *client = &control->clients[i];

        if (client->state == CONTROL_FREE)
            return client;
        if ((!idle || silence(client) > silence(idle)) && gives_way(client))
            idle = client;
    }
    if (idle && !anyone_waits(control))
        return NULL;
    if (idle)
        sup_control_drop(idle);
    return idle;
}

static bool is_allowed(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void turn_away(int fd, const char *why)
{
    char line[200];
    int size = snprintf(line, sizeof(line), "{\"ok\":false,\"error\":\"%s\",\"message\":\"%s\"}\n",
                        "AX_E_LIMIT", why);

    (void)!send(fd, line, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static void take_in(struct control_client *client, int fd)
{
    if (!is_allowed(fd)) {
        close(fd);
        return;
    }
    client->fd = fd;
    client->state = CONTROL_READING;
    client->moved_at = sup_now(client->control->sup);
    client->out.limit = SUP_CONTROL_ANSWER_MAX;
    if (!sup_control_receive(client))
        client->state = CONTROL_CLOSING;
    sup_control_pump(client);
}

static void keep_spare(struct sup_control *control)
{
    if (control->spare < 0)
        control->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Without a descriptor to accept with, the listener would stay readable and the loop would spin:
 * the spare one is given up for a moment, to turn the client away. Where that is gone too, or
 * something else is lacking, the client waits. */
static void shed(struct sup_control *control, int error)
{
    if ((error != EMFILE && error != ENFILE) || control->spare < 0) {
        wait_for_place(control);
        return;
    }
    close(control->spare);
    control->spare = -1;
    int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        turn_away(fd, "the system has no descriptor left");
    keep_spare(control);
}

static void on_listener(void *ctx, uint32_t events)
{
    struct sup_control *control = ctx;

    (void)events;
    sweep_later(control);
    keep_spare(control);
    for (uint32_t i = 0; i < SUP_CONTROL_CLIENTS; i++) {
        struct control_client *client = find_place(control);
        int fd = -1;

        if (!client) {
            if (anyone_waits(control))
                wait_for_place(control);
            return;
        }
        fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            take_in(client, fd);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            if (errno != EAGAIN)
                shed(control, errno);
            return;
        }
    }
}
