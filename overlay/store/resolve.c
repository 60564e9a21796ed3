/* SPDX-License-Identifier: MIT */
/* The thread and its maker each have a reference to the lookup; the last one frees it. The thread
 * writes the result before it rings, the maker reads it after it has heard. */
#include "overlay/store/resolve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

struct ov_resolve {
    atomic_int references;
    int ended; /* an eventfd */
    struct ov_store_address address;
    struct ov_resolved resolved;
    int error;
};

static int look_up(const struct ov_store_address *address, int flags, struct ov_resolved *resolved)
{
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    int error = getaddrinfo(address->host, address->port, &hints, &list);
    if (error != 0)
        return error;
    resolved->n = 0;
    for (const struct addrinfo *one = list; one != NULL && resolved->n < OV_RESOLVED_MAX;
         one = one->ai_next) {
        memcpy(&resolved->address[resolved->n], one->ai_addr, one->ai_addrlen);
        resolved->length[resolved->n++] = one->ai_addrlen;
    }
    freeaddrinfo(list);
    return 0;
}

static int resolve_unix(const char *path, struct ov_resolved *resolved)
{
    struct sockaddr_un *to = (struct sockaddr_un *)&resolved->address[0];
    if (strlen(path) >= sizeof to->sun_path)
        return AX_E_INVALID;
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, path, strlen(path) + 1);
    resolved->length[0] = sizeof *to;
    resolved->n = 1;
    return 0;
}

int ov_resolve_now(const struct ov_store_address *address, struct ov_resolved *resolved)
{
    if (address->is_unix)
        return resolve_unix(address->host, resolved);
    return look_up(address, AI_NUMERICHOST, resolved) == 0 ? 0 : AX_E_INVALID;
}

/* ---- the thread ---- */

static void release(struct ov_resolve *resolve)
{
    if (atomic_fetch_sub(&resolve->references, 1) != 1)
        return;
    close(resolve->ended);
    free(resolve);
}

static void *look_up_in_thread(void *arg)
{
    struct ov_resolve *resolve = arg;
    uint64_t one = 1;
    resolve->error = look_up(&resolve->address, 0, &resolve->resolved);
    if (write(resolve->ended, &one, sizeof one) < 0)
        resolve->error = EAI_SYSTEM; /* an eventfd that nobody else writes to has room */
    release(resolve);
    return NULL;
}

/* The process's signals are for its loop. */
static int start_thread(struct ov_resolve *resolve)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attr, look_up_in_thread, resolve);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}

int ov_resolve_begin(struct ov_resolve **out, const struct ov_store_address *address)
{
    struct ov_resolve *resolve = calloc(1, sizeof *resolve);
    if (resolve == NULL)
        return -ENOMEM;
    resolve->address = *address;
    atomic_init(&resolve->references, 2);
    resolve->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = resolve->ended < 0 ? -errno : start_thread(resolve);
    if (error != 0) {
        if (resolve->ended >= 0)
            close(resolve->ended);
        free(resolve);
        return error;
    }
    *out = resolve;
    return 0;
}

int ov_resolve_fd(const struct ov_resolve *resolve)
{
    return resolve->ended;
}

bool ov_resolve_ended(const struct ov_resolve *resolve)
{
    uint64_t rings;
    return read(resolve->ended, &rings, sizeof rings) > 0;
}

int ov_resolve_end(struct ov_resolve *resolve, struct ov_resolved *resolved)
{
    *resolved = resolve->resolved;
    return resolve->error;
}

struct ov_resolve *ov_resolve_drop(struct ov_resolve *resolve)
{
    if (resolve != NULL)
        release(resolve);
    return NULL;
}
