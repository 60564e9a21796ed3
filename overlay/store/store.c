/* SPDX-License-Identifier: MIT */
#include "overlay/store/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "libax/backoff.h"
#include "overlay/store/kind.h"

#define BACKOFF_MOST_NS UINT64_C(2000000000)

#define ADDRESS_OF(name) &ov_store_kind_##name,
static const struct ov_store_kind *const kinds[] = {OV_STORE_KINDS(ADDRESS_OF)};
#define KINDS (sizeof kinds / sizeof kinds[0])

/* ---- trouble ---- */

void ov_store_complain(struct ov_store *store, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(store->trouble, sizeof store->trouble, format, args);
    va_end(args);
}

void ov_store_well(struct ov_store *store)
{
    store->trouble[0] = '\0';
}

const char *ov_store_trouble(const struct ov_store *store)
{
    return store->trouble;
}

uint64_t ov_store_backoff(struct ov_store *store, uint32_t nth)
{
    return backoff_wait(store->options.pause_ns, BACKOFF_MOST_NS, nth,
                        backoff_random(&store->chance));
}

/* ---- its life ---- */

static int find_kind(struct ov_store *store, const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (name != NULL && strcmp(kinds[i]->name, name) == 0)
            store->kind = kinds[i];
    if (store->kind != NULL)
        return 0;
    ov_store_complain(store, "there is no kind of store called \"%s\" in this build",
                      name == NULL ? "" : name);
    return AX_E_INVALID;
}

static int failed(struct ov_store *store, const char *what)
{
    int error = -errno;
    ov_store_complain(store, "%s: %s", what, ax_strerror(error));
    return error;
}

static int make_descriptors(struct ov_store *store)
{
    store->epoll = epoll_create1(EPOLL_CLOEXEC);
    store->knock = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = store->knock};
    if (store->epoll < 0 || store->knock < 0 ||
        epoll_ctl(store->epoll, EPOLL_CTL_ADD, store->knock, &event) != 0)
        return failed(store, "descriptors");
    return 0;
}

static int make_tables(struct ov_store *store)
{
    store->slots = calloc(store->options.room, sizeof *store->slots);
    store->answers = calloc(store->options.room, sizeof *store->answers);
    if (store->slots == NULL || store->answers == NULL)
        return failed(store, "tables");
    return 0;
}

static int open_store(struct ov_store *store, const struct ov_store_options *options)
{
    int error = find_kind(store, options->kind);
    if (error == 0)
        error = ov_store_options_take(store, options);
    if (error == 0)
        error = make_descriptors(store);
    if (error == 0)
        error = make_tables(store);
    if (error == 0 && getrandom(&store->chance, sizeof store->chance, 0) < 0)
        error = failed(store, "getrandom");
    return error != 0 ? error : store->kind->open(store);
}

int ov_store_open(struct ov_store **out, const struct ov_store_options *options,
                  char error[OV_STORE_ERROR_MAX])
{
    struct ov_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        snprintf(error, OV_STORE_ERROR_MAX, "no memory");
        return -ENOMEM;
    }
    store->epoll = store->knock = -1;
    int result = open_store(store, options);
    if (result != 0) {
        memcpy(error, store->trouble, OV_STORE_ERROR_MAX);
        store = ov_store_close(store);
    }
    *out = store;
    return result;
}

struct ov_store *ov_store_close(struct ov_store *store)
{
    if (store == NULL)
        return NULL;
    if (store->own != NULL)
        store->kind->close(store);
    if (store->knock >= 0)
        close(store->knock);
    if (store->epoll >= 0)
        close(store->epoll);
    ov_store_options_clear(store);
    free(store->slots);
    free(store->answers);
    free(store);
    return NULL;
}

/* ---- requests ---- */

static void knock(struct ov_store *store)
{
    uint64_t one = 1;
    /* It can only be full of knocks already. */
    if (write(store->knock, &one, sizeof one) < 0)
        return;
}

static bool is_valid(const struct ov_store_request *request)
{
    bool timed = request->op == OV_STORE_ACQUIRE || request->op == OV_STORE_RENEW;
    return memchr(request->registry, '\0', sizeof request->registry) != NULL &&
           memchr(request->asker.node, '\0', sizeof request->asker.node) != NULL &&
           (unsigned)request->op <= OV_STORE_RELEASE && (!timed || request->ttl_ns != 0);
}

int ov_store_submit(struct ov_store *store, uint64_t now, const struct ov_store_request *request)
{
    uint32_t i = 0;
    if (!is_valid(request))
        return AX_E_INVALID;
    while (i < store->options.room && store->slots[i].state != OV_SLOT_FREE)
        i++;
    if (i == store->options.room)
        return AX_E_FULL;
    store->now = now;
    store->slots[i] = (struct ov_store_slot){.state = OV_SLOT_BUSY,
                                             .request = *request,
                                             .submitted_at = now,
                                             .until = now + store->options.timeout_ns};
    store->kind->submit(store, i);
    knock(store);
    return 0;
}

void ov_store_end(struct ov_store *store, uint32_t slot, const struct ov_store_answer *answer)
{
    struct ov_store_slot *s = &store->slots[slot];
    s->state = OV_SLOT_ENDED;
    s->answer = *answer;
    s->answer.number = s->request.number;
    store->answers[(store->answers_first + store->answers_n++) % store->options.room] = slot;
}

void ov_store_lose(struct ov_store *store, uint32_t slot)
{
    struct ov_store_slot *s = &store->slots[slot];
    s->state = OV_SLOT_LOST;
    s->until = s->submitted_at + store->options.pause_ns;
}

bool ov_store_take(struct ov_store *store, struct ov_store_answer *answer)
{
    if (store->answers_n == 0)
        return false;
    struct ov_store_slot *slot = &store->slots[store->answers[store->answers_first]];
    store->answers_first = (store->answers_first + 1) % store->options.room;
    store->answers_n--;
    *answer = slot->answer;
    slot->state = OV_SLOT_FREE;
    return true;
}

/* ---- the loop ---- */

int ov_store_fd(const struct ov_store *store)
{
    return store->epoll;
}

uint64_t ov_store_next(const struct ov_store *store)
{
    uint64_t next = store->kind->next == NULL ? UINT64_MAX : store->kind->next(store);
    for (uint32_t i = 0; i < store->options.room; i++) {
        const struct ov_store_slot *slot = &store->slots[i];
        if ((slot->state == OV_SLOT_BUSY || slot->state == OV_SLOT_LOST) && slot->until < next)
            next = slot->until;
    }
    return next;
}

/* Of each request whose time is over. One that the kind ends by that is left as it is. */
static void expire(struct ov_store *store, uint32_t i)
{
    struct ov_store_slot *slot = &store->slots[i];
    if (slot->state == OV_SLOT_BUSY && slot->until <= store->now) {
        slot->state = OV_SLOT_LOST;
        if (store->kind->forget != NULL)
            store->kind->forget(store, i);
    }
    if (slot->state == OV_SLOT_LOST && slot->until <= store->now)
        ov_store_end(store, i, &(struct ov_store_answer){.outcome = OV_STORE_UNKNOWN});
}

void ov_store_run(struct ov_store *store, uint64_t now)
{
    uint64_t knocks;
    store->now = now;
    if (read(store->knock, &knocks, sizeof knocks) < 0 && errno != EAGAIN)
        ov_store_complain(store, "eventfd: %s", ax_strerror(-errno));
    store->kind->run(store);
    for (uint32_t i = 0; i < store->options.room; i++)
        expire(store, i);
}
