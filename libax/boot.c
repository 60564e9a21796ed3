/* SPDX-License-Identifier: MIT */
#include "libax/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX (2u + SHM_SLOTS + 3u * SHM_SLOTS + BOOT_LISTENERS)

struct header { /* in front of each message */
    uint32_t type, size, nfds, spare;
};

/* ---- orders ---- */

struct wire_actor {
    struct boot_actor actor; /* its pointers are meaningless; all texts follow all records, each
                                with the snapshot behind it */
    uint32_t args_size;      /* with NUL; 0: none */
    uint32_t spare;
};

static size_t args_size(const struct boot_actor *actor)
{
    return actor->args == NULL ? 0 : strlen(actor->args) + 1;
}

int boot_pack(const struct boot *boot, void **payload, size_t *size)
{
    size_t bytes = sizeof *boot + boot->nactors * sizeof(struct wire_actor);
    for (uint32_t i = 0; i < boot->nactors; i++)
        bytes += args_size(&boot->actors[i]) + boot->actors[i].snapshot_size;
    uint8_t *at = calloc(1, bytes);
    if (at == NULL)
        return -ENOMEM;
    *payload = at;
    *size = bytes;
    memcpy(at, boot, sizeof *boot);
    struct wire_actor *wire = (struct wire_actor *)(void *)(at + sizeof *boot);
    char *text = (char *)(wire + boot->nactors);
    for (uint32_t i = 0; i < boot->nactors; i++) {
        const struct boot_actor *actor = &boot->actors[i];
        wire[i].actor = *actor;
        wire[i].actor.args = NULL;
        wire[i].actor.snapshot = NULL;
        wire[i].args_size = (uint32_t)args_size(actor);
        if (actor->args != NULL)
            memcpy(text, actor->args, wire[i].args_size);
        text += wire[i].args_size;
        if (actor->snapshot_size != 0)
            memcpy(text, actor->snapshot, actor->snapshot_size);
        text += actor->snapshot_size;
    }
    return 0;
}

/* With what it fails there is something to free all the same. */
static int unpack_actor(struct boot_actor *actor, const struct wire_actor *wire, const char *text)
{
    *actor = wire->actor;
    actor->args = NULL;
    actor->snapshot = NULL;
    actor->name[sizeof actor->name - 1] = actor->contract[sizeof actor->contract - 1] = '\0';
    if (wire->args_size != 0 && (actor->args = strndup(text, wire->args_size - 1)) == NULL)
        return -ENOMEM;
    if (actor->snapshot_size == 0)
        return 0;
    actor->snapshot = malloc(actor->snapshot_size);
    if (actor->snapshot == NULL)
        return -ENOMEM;
    memcpy(actor->snapshot, text + wire->args_size, actor->snapshot_size);
    return 0;
}

/* Its text and snapshot, within what is left? */
static bool bounded(const struct wire_actor *wire, size_t left)
{
    return wire->args_size <= left && wire->actor.snapshot_size <= left - wire->args_size;
}

int boot_unpack(const void *payload, size_t size, struct boot *boot)
{
    if (size < sizeof *boot)
        return -EBADMSG;
    memcpy(boot, payload, sizeof *boot);
    boot->actors = NULL;
    boot->name[sizeof boot->name - 1] = '\0';
    for (uint32_t i = 0; i < BOOT_LISTENERS; i++)
        boot->listener[i][sizeof boot->listener[i] - 1] = '\0';
    size_t left = size - sizeof *boot;
    uint32_t count = boot->nactors;
    boot->nactors = 0;
    if (count > left / sizeof(struct wire_actor) || boot->nends > BOOT_ENDS ||
        boot->nregistries > BOOT_REGISTRIES || boot->nlisteners > BOOT_LISTENERS ||
        boot->slot >= SHM_SLOTS || boot->geo.slots > SHM_SLOTS)
        return -EBADMSG;
    const struct wire_actor *wire =
        (const struct wire_actor *)(const void *)((const uint8_t *)payload + sizeof *boot);
    const char *text = (const char *)(wire + count);
    left -= count * sizeof *wire;
    boot->actors = calloc(count == 0 ? 1 : count, sizeof *boot->actors);
    if (boot->actors == NULL)
        return -ENOMEM;
    for (const struct wire_actor *one = wire; boot->nactors < count; one++) {
        int error = -EBADMSG;
        if (bounded(one, left))
            error = unpack_actor(&boot->actors[boot->nactors++], one, text);
        if (error != 0) {
            boot_deinit(boot);
            return error;
        }
        text += one->args_size + one->actor.snapshot_size;
        left -= one->args_size + one->actor.snapshot_size;
    }
    return 0;
}

void boot_deinit(struct boot *boot)
{
    for (uint32_t i = 0; i < boot->nactors; i++) {
        free(boot->actors[i].args);
        free(boot->actors[i].snapshot);
    }
    free(boot->actors);
    boot->actors = NULL;
    boot->nactors = 0;
}

/* ---- descriptors ---- */

uint32_t boot_fds_count(uint32_t slots)
{
    return 2 + slots + 3 * (slots - 1);
}

/* One order for both directions, so they cannot differ. */
static void each_fd(struct shm_fds *fds, uint32_t slot, uint32_t slots, int *flat,
                    void (*move)(int *in_struct, int *in_array))
{
    move(&fds->priv, flat++);
    move(&fds->pub, flat++);
    for (uint32_t i = 0; i < slots; i++)
        move(&fds->bell[i], flat++);
    for (uint32_t i = 0; i < slots; i++) {
        if (i == slot)
            continue;
        move(&fds->peer_pub[i], flat++);
        move(&fds->out[i], flat++);
        move(&fds->in[i], flat++);
    }
}

static void to_array(int *in_struct, int *in_array)
{
    *in_array = *in_struct;
}

static void to_struct(int *in_struct, int *in_array)
{
    *in_struct = *in_array;
}

void boot_fds_flatten(const struct shm_fds *fds, uint32_t slot, uint32_t slots, int *flat)
{
    struct shm_fds copy = *fds;
    each_fd(&copy, slot, slots, flat, to_array);
}

void boot_fds_restore(const int *flat, uint32_t slot, uint32_t slots, struct shm_fds *fds)
{
    int copy[FDS_MAX];
    memcpy(copy, flat, boot_fds_count(slots) * sizeof *flat);
    memset(fds, 0xff, sizeof *fds);
    each_fd(fds, slot, slots, copy, to_struct);
}

/* ---- messages ---- */

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(BOOT_FDS * sizeof(int))];
};

static void attach(struct msghdr *message, union control *control, const int *fds, uint32_t count)
{
    if (count == 0)
        return;
    message->msg_control = control->bytes;
    message->msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, count * sizeof(int));
}

/* All bytes of both parts; the descriptors ride on the first byte. */
static int send_parts(int socket, struct iovec parts[2], const int *fds, uint32_t nfds)
{
    union control control = {0};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    attach(&message, &control, fds, nfds);
    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -errno;
        message.msg_control = NULL;
        message.msg_controllen = 0;
        for (int i = 0; i < 2; i++) {
            size_t part = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            parts[i].iov_base = (uint8_t *)parts[i].iov_base + part;
            parts[i].iov_len -= part;
            sent -= (ssize_t)part;
        }
    }
    return 0;
}

static uint32_t batch(uint32_t nfds, uint32_t done)
{
    return nfds - done < BOOT_FDS ? nfds - done : BOOT_FDS;
}

/* The first batch of descriptors comes with the header, each other one with a byte. */
int boot_send(int socket, enum boot_type type, const void *payload, size_t size, const int *fds,
              uint32_t nfds)
{
    struct header header = {.type = type, .size = (uint32_t)size, .nfds = nfds};
    struct iovec parts[2] = {{&header, sizeof header}, {(void *)(uintptr_t)payload, size}};
    if (size > BOOT_MAX)
        return -EMSGSIZE;
    int error = send_parts(socket, parts, fds, batch(nfds, 0));
    for (uint32_t sent = BOOT_FDS; error == 0 && sent < nfds; sent += BOOT_FDS) {
        char byte = 0;
        struct iovec more[2] = {{&byte, 1}, {NULL, 0}};
        error = send_parts(socket, more, fds + sent, batch(nfds, sent));
    }
    return error;
}

static uint64_t monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int wait_readable(int socket, uint64_t deadline)
{
    while (deadline != UINT64_MAX) { /* else the read waits */
        uint64_t now = monotonic();
        if (now >= deadline)
            return -ETIMEDOUT;
        struct pollfd poller = {.fd = socket, .events = POLLIN};
        int ready = poll(&poller, 1, (int)((deadline - now) / 1000000 + 1));
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
    return 0;
}

static int receive_all(int socket, void *data, size_t size, uint64_t deadline)
{
    for (uint8_t *at = data; size > 0;) {
        int error = wait_readable(socket, deadline);
        if (error != 0)
            return error;
        ssize_t got = recv(socket, at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 || errno == ECONNRESET ? -EPIPE : -errno;
        at += got;
        size -= (size_t)got;
    }
    return 0;
}

/* Takes the descriptors of a control message in, or closes them. */
static bool take_fds(struct boot_message *message, struct msghdr *batch)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(batch);
    bool truncated = (batch->msg_flags & MSG_CTRUNC) != 0;
    if (header == NULL || header->cmsg_type != SCM_RIGHTS)
        return !truncated;
    uint32_t count = (uint32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    const int *fds = (const int *)(const void *)CMSG_DATA(header);
    bool room = count <= FDS_MAX - message->nfds;
    for (uint32_t i = 0; i < count; i++)
        if (room)
            message->fds[message->nfds++] = fds[i];
        else
            close(fds[i]);
    return room && !truncated;
}

/* Bytes with whose first a batch of descriptors may come. */
static int receive_batch(int socket, void *data, size_t size, struct boot_message *message,
                         uint64_t deadline)
{
    union control control;
    struct iovec iov = {.iov_base = data, .iov_len = size};
    struct msghdr batch = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    int error = wait_readable(socket, deadline);
    if (error != 0)
        return error;
    ssize_t got;
    do
        got = recvmsg(socket, &batch, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got == 0 || errno == ECONNRESET ? -EPIPE : -errno;
    if (!take_fds(message, &batch))
        return -EBADMSG;
    return receive_all(socket, (uint8_t *)data + got, size - (size_t)got, deadline);
}

static int receive_body(int socket, struct boot_message *message, uint32_t nfds, uint64_t deadline)
{
    message->payload = calloc(1, message->size + 1);
    if (message->payload == NULL)
        return -ENOMEM;
    int error = receive_all(socket, message->payload, message->size, deadline);
    while (error == 0 && message->nfds < nfds) {
        uint32_t before = message->nfds;
        char byte;
        error = receive_batch(socket, &byte, 1, message, deadline);
        if (error == 0 && message->nfds == before)
            error = -EBADMSG;
    }
    return error == 0 && message->nfds != nfds ? -EBADMSG : error;
}

int boot_receive(int socket, struct boot_message *message, uint64_t timeout_ns)
{
    struct header header;
    uint64_t deadline = timeout_ns == UINT64_MAX ? UINT64_MAX : monotonic() + timeout_ns;
    *message = (struct boot_message){.fds = malloc(FDS_MAX * sizeof *message->fds)};
    int error = message->fds == NULL ? -ENOMEM : 0;
    if (error == 0)
        error = receive_batch(socket, &header, sizeof header, message, deadline);
    if (error == 0 && (header.size > BOOT_MAX || header.nfds > FDS_MAX))
        error = -EBADMSG;
    if (error == 0) {
        message->type = (enum boot_type)header.type;
        message->size = header.size;
        error = receive_body(socket, message, header.nfds, deadline);
    }
    if (error != 0)
        boot_message_deinit(message);
    return error;
}

void boot_message_deinit(struct boot_message *message)
{
    for (uint32_t i = 0; message->fds != NULL && i < message->nfds; i++)
        if (message->fds[i] >= 0)
            close(message->fds[i]);
    free(message->fds);
    free(message->payload);
    memset(message, 0, sizeof *message);
}
