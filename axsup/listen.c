/* SPDX-License-Identifier: MIT */
#include "axsup/listen.h"

#include "axsup/socket_file.h"

#include <ax/errors.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 4096 /* the system's own limit (net.core.somaxconn) holds besides */

/* A file that a system left which did not end properly: nobody is there any more. */
static void remove_stale(const struct boot_address *address)
{
    const char *path = address->of.local.sun_path;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    /* a regular file refuses as well */
    if (fd >= 0 && connect(fd, &address->of.any, address->length) != 0 && errno == ECONNREFUSED)
        (void)sup_socket_file_remove(path);
    if (fd >= 0)
        close(fd);
}

/* Accepted connections have the options of the listening socket. */
static int set_options(int fd, int family)
{
    const int on = 1, off = 0;

    if (family == AF_UNIX)
        return 0;
    if (family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return -errno;
    return 0;
}

static int bind_one(struct sup_listener *one)
{
    int family = one->address.of.any.sa_family;

    one->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (one->fd < 0)
        return -errno;
    int error = set_options(one->fd, family);
    if (family == AF_UNIX)
        remove_stale(&one->address);
    if (error == 0 && (bind(one->fd, &one->address.of.any, one->address.length) != 0 ||
                       listen(one->fd, BACKLOG) != 0 ||
                       getsockname(one->fd, &one->address.of.any, &one->address.length) != 0))
        error = -errno;
    if (error != 0) {
        close(one->fd);
        one->fd = -1;
    }
    return error;
}

struct place { /* where the config names it */
    const struct sup_json *node;
    const char *key;
};

static struct place place_of(const struct sup_config *config, const struct sup_listen_config *from)
{
    bool cluster = from->text == config->cluster.listen.text;

    return cluster ? (struct place){config->cluster.json, "listen"}
                   : (struct place){sup_json_get(config->node, "listen"), from->name};
}

/* Only a socket is ever removed; what else is there, by mistake, stays, and is named. */
static bool is_obstructed(const struct sup_config *config, const struct sup_listen_config *from,
                          struct sup_config_errors *errors)
{
    struct place place = place_of(config, from);
    const char *obstacle = from->address.of.any.sa_family == AF_UNIX
                               ? sup_socket_file_obstacle(from->address.of.local.sun_path)
                               : NULL;

    if (obstacle != NULL)
        sup_config_error(errors, place.node, place.key, "%s %s", from->text, obstacle);
    return obstacle != NULL;
}

int sup_listen_probe(const struct sup_config *config, struct sup_config_errors *errors)
{
    int result = 0;

    for (size_t i = 0; i < config->n_listen; i++)
        if (is_obstructed(config, &config->listen[i], errors))
            result = AX_E_INVALID;
    return result;
}

int sup_listen_open(struct sup_listeners *listeners, const struct sup_config *config,
                    struct sup_config_errors *errors)
{
    int result = 0;

    for (size_t i = 0; i < config->n_listen; i++) {
        const struct sup_listen_config *from = &config->listen[i];
        struct place place = place_of(config, from);
        struct sup_listener one = {.name = from->name, .fd = -1, .address = from->address};
        if (is_obstructed(config, from, errors)) {
            result = AX_E_INVALID;
            continue;
        }
        int error = bind_one(&one);
        if (error == 0) {
            listeners->all[listeners->count++] = one;
            continue;
        }
        sup_config_error(errors, place.node, place.key, "cannot listen at %s: %s", from->text,
                         ax_strerror(error));
        result = AX_E_INVALID;
    }
    return result;
}

void sup_listen_close(struct sup_listeners *listeners)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        const struct sup_listener *one = &listeners->all[i];
        if (one->address.of.any.sa_family == AF_UNIX)
            (void)sup_socket_file_remove(one->address.of.local.sun_path);
        close(one->fd);
    }
    listeners->count = 0;
}
