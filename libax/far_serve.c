/* SPDX-License-Identifier: MIT */
#include "libax/far_serve.h"

#include "libax/ask.h"
#include "libax/event.h"
#include "libax/far.h"
#include "libax/io.h"
#include "libax/life.h"
#include "libax/meter.h"
#include "libax/names.h"
#include "libax/registry.h"
#include "libax/send.h"
#include "libax/turn.h"
#include "libax/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

/* A turn goes on in another one when half of what it may log or give back is left. */
#define WORDS_LEFT (SHM_UNDO / 2)
#define BLOCKS_LEFT (SHM_PENDING / 2)

void far_go_on(struct ax_ctx *ctx)
{
    struct worker *w = ctx->worker;
    const struct shm_arena *arena = &w->port.arena;
    if (shm_log_room(&w->port, WORDS_LEFT) && arena->ngiven < BLOCKS_LEFT &&
        arena->ntaken < BLOCKS_LEFT)
        return;
    turn_pause(w);
    turn_continue(w);
}

void far_behind(struct ax_ctx *ctx, void (*run)(struct ax_ctx *ctx))
{
    ctx->worker->behind_all.run = run;
    ctx->worker->behind_all.actor = ctx->actor;
}

void far_run_behind(struct worker *w)
{
    uint32_t index = w->behind_all.actor;
    void (*run)(struct ax_ctx * ctx) = w->behind_all.run;
    w->behind_all.run = NULL;
    if (actor_at(w, index)->state != SHM_LIVE || w->self[index] == NULL)
        return;
    struct ax_ctx *ctx = ctx_enter(w, index);
    shm_turn_begin(&w->port, index, 0);
    run(ctx);
    kept_save(w, index);
    turn_commit(w);
    ctx_release(ctx);
    meter_look(w, index, METER_EVENT);
}

void far_defer(struct ax_ctx *ctx, struct far_asker *asker)
{
    const struct shm_frame *frame = ctx->frame;
    *asker = (struct far_asker){frame->from, frame->corr, frame->to, frame->method};
    ctx->deferred = true;
}

int far_answer(struct ax_ctx *ctx, const struct far_asker *asker, int error,
               const struct ax_outgoing *reply)
{
    struct worker *w = ctx->worker;
    const struct shm_frame ask = {
        .kind = SHM_ASK, .from = asker->from, .to = asker->to, .corr = asker->corr};
    struct post post = {.kind = SHM_ERROR, .method = (uint16_t)error};
    uint64_t wake;
    if (error == 0)
        post = (struct post){
            .kind = SHM_REPLY,
            .method = asker->method,
            .fixed = reply->fixed,
            .size = reply->size,
            .parts = reply->parts,
            .nparts = reply->nparts,
        };
    if (error == 0 && outgoing_size(reply) > w->port.geo.max_message)
        return AX_E_TOO_BIG;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    return answer(w, &ask, &post, &wake);
}

/* Peers choose the hashes: so many are remembered, and one makes room for the next. */
#define CONTRACTS 256u

const struct ax_contract *far_contract(struct ax_ctx *ctx, uint64_t hash)
{
    static struct hashed_contract known[CONTRACTS];
    struct hashed_contract *at = &known[(hash ^ hash >> 32) % CONTRACTS];
    if (at->as.name != NULL && at->hash == hash)
        return &at->as;
    contract_forget(ctx->worker, &at->as);
    *at = (struct hashed_contract){.as.name = hashed_contract_name, .hash = hash};
    return &at->as;
}

_Static_assert(FAR_WHOM_MAX <= SHM_NAME_MAX, "a letter has room for it");

void far_dead(struct ax_ctx *ctx, const struct far_lost *lost)
{
    struct shm_letter *letter = letter_next(ctx->worker, lost->error);
    letter->event.actor = lost->to;
    letter->event.other = lost->from;
    letter->event.contract = lost->contract;
    letter->event.method = lost->contract != 0 ? lost->message : UINT16_MAX;
    letter->event.kind = SHM_TELL;
    if (lost->whom != NULL)
        memcpy(letter->whom, lost->whom, strnlen(lost->whom, FAR_WHOM_MAX));
}

int far_lost(struct ax_ctx *ctx, struct ax_ref who)
{
    return stop_actor(ctx, who, SHM_LEASE_LOST);
}

int far_find(struct ax_ctx *ctx, const char *name, struct ax_ref *who)
{
    *who = (struct ax_ref){0};
    return name_find(ctx->worker, name, 0, &who->addr);
}

uint32_t far_home(struct ax_ctx *ctx, const char *registry, struct ax_span key)
{
    uint32_t number = registry_number(ctx->worker, registry);
    return number == BOOT_REGISTRIES ? 0 : registry_home(ctx->worker, number, key);
}

/* Of a registry of the cluster. */
static uint64_t homes_of(const struct boot_registry *registry)
{
    uint64_t homes = 0;
    for (uint32_t n = registry->shards == 0 ? 0 : registry->slots; n > 0;)
        homes |= UINT64_C(1) << (registry->first + --n);
    return homes;
}

uint64_t far_homes(struct ax_ctx *ctx)
{
    const struct boot *boot = ctx->worker->boot;
    uint64_t homes = 0;
    for (uint32_t i = 0; i < boot->nregistries; i++)
        homes |= homes_of(&boot->registries[i]);
    return homes;
}

bool far_lane_full(struct ax_ctx *ctx, struct ax_ref who, uint32_t bytes)
{
    struct worker *w = ctx->worker;
    uint32_t slot = SHM_REF_SLOT(who.addr);
    return slot != w->port.slot && slot < w->port.slots &&
           !lane_may_hold(w, slot, shm_frame_size(bytes));
}

static struct shm_lease *lease_at(struct worker *w, uint32_t lease)
{
    uint8_t *base = (uint8_t *)w->port.pub + w->port.geo.lease_off;
    if (lease == 0 || lease > w->port.geo.leases)
        return NULL;
    return (struct shm_lease *)(void *)base + lease - 1;
}

void far_lease(struct ax_ctx *ctx, uint32_t lease, uint64_t epoch, uint64_t until)
{
    struct shm_lease *at = lease_at(ctx->worker, lease);
    if (at == NULL || (at->epoch == epoch && at->until == until))
        return;
    if (at->epoch != epoch) {
        shm_store_release(&at->until, 0);
        shm_store_release(&at->epoch, epoch);
    }
    shm_store_release(&at->until, until);
}

bool far_lease_close(struct ax_ctx *ctx, uint32_t lease, uint64_t epoch, uint64_t now)
{
    struct shm_lease *at = lease_at(ctx->worker, lease);
    if (at == NULL || at->closing == epoch)
        return false;
    shm_store_release(&at->asked, now > at->asked ? now : at->asked + 1);
    shm_store_release(&at->closing, epoch); /* behind it: nobody has answered that yet */
    return true;
}

void far_lease_look(struct ax_ctx *ctx)
{
    struct worker *w = ctx->worker;
    const struct post look = {.from = SHM_REF(w->port.slot, 0, 0), .kind = SHM_STOP};
    for (uint64_t homes = far_homes(ctx); homes != 0; homes &= homes - 1)
        (void)post_slot(w, (uint32_t)__builtin_ctzll(homes), SHM_CONTROL, &look); /* or later */
}

void far_lease_keep(struct ax_ctx *ctx, uint32_t lease)
{
    struct shm_lease *at = lease_at(ctx->worker, lease);
    if (at != NULL)
        shm_store_release(&at->closing, 0);
}

uint64_t far_lease_epoch(struct ax_ctx *ctx, uint32_t lease)
{
    const struct shm_lease *at = lease_at(ctx->worker, lease);
    return at != NULL ? at->epoch : 0;
}

/* What it says of itself, within its memory. */
static uint64_t closed_by(const struct worker *w, uint32_t slot, uint32_t lease)
{
    const struct shm_geometry *geo = &w->port.peers[slot]->geometry;
    uint64_t at = shm_load(&geo->lease_off) + (lease - 1) * sizeof(struct shm_lease);
    if (at & 7 || at > w->port.peer_bytes[slot] - sizeof(struct shm_lease))
        return 0;
    const uint8_t *base = (const uint8_t *)w->port.peers[slot];
    return shm_load_acquire(&((const struct shm_lease *)(const void *)(base + at))->asked);
}

bool far_lease_lives(struct ax_ctx *ctx, const char *registry, uint32_t lease)
{
    struct worker *w = ctx->worker;
    const struct shm_lease *at = lease_at(w, lease);
    uint32_t number = registry_number(w, registry);
    if (at == NULL || number == BOOT_REGISTRIES)
        return false;
    for (uint64_t homes = homes_of(&w->boot->registries[number]); homes != 0; homes &= homes - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(homes);
        uint8_t state = (uint8_t)shm_load(&w->port.slot_info[slot].state);
        if (state != SHM_SLOT_FAILED && state != SHM_SLOT_STOPPED &&
            closed_by(w, slot, lease) != at->asked)
            return true;
    }
    return false;
}

int far_peer(struct ax_ctx *ctx, uint64_t io, struct sockaddr_storage *peer)
{
    struct io_handle *h;
    socklen_t size = sizeof *peer;
    AX_TRY(io_own(ctx, io, &h));
    return getpeername(h->fd, (struct sockaddr *)peer, &size) == 0 ? 0 : -errno;
}

static void set_tcp(int fd, int option, uint64_t value)
{
    int number = value > INT_MAX ? INT_MAX : (int)value;
    (void)setsockopt(fd, IPPROTO_TCP, option, &number, sizeof number);
}

void far_keep_alive(struct ax_ctx *ctx, uint64_t io, const struct far_keep_alive *how)
{
    struct io_handle *h;
    if (io_own(ctx, io, &h) != 0)
        return;
    (void)setsockopt(h->fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
    set_tcp(h->fd, TCP_KEEPIDLE, how->idle_ns / AX_SECONDS(1));
    set_tcp(h->fd, TCP_KEEPINTVL, how->interval_ns / AX_SECONDS(1));
    set_tcp(h->fd, TCP_KEEPCNT, how->probes);
    set_tcp(h->fd, TCP_USER_TIMEOUT, how->give_up_ns / AX_MILLISECONDS(1));
}

bool far_waits(struct ax_ctx *ctx, uint64_t io, uint32_t most)
{
    struct io_handle *h;
    if (io_own(ctx, io, &h) != 0 || io_outbound(h) <= most)
        return false;
    h->full = true;
    return true;
}

uint64_t far_outbound(struct ax_ctx *ctx, uint64_t io)
{
    struct io_handle *h;
    return io_own(ctx, io, &h) == 0 ? io_outbound(h) : 0;
}

void far_count_left(struct ax_ctx *ctx, uint64_t io, uint64_t *bytes)
{
    struct io_handle *h;
    if (io_own(ctx, io, &h) != 0)
        return;
    h->gone = bytes;
    h->heeded = bytes != NULL && io_outbound(h) != 0;
}

struct shm_tells *far_tells(struct ax_ctx *ctx)
{
    const struct shm_port *port = &ctx->worker->port;
    return (struct shm_tells *)(void *)((uint8_t *)port->priv + port->geo.tells_off);
}

void far_set(struct ax_ctx *ctx, uint64_t *number, uint64_t value)
{
    shm_set(&ctx->worker->port, number, value);
}

void far_refuse(struct ax_ctx *ctx, bool refuse)
{
    uint8_t *flags = &ctx->worker->port.directory[ctx->actor].refuse;
    shm_store(flags, (uint8_t)(refuse ? *flags | SHM_REFUSES : *flags & ~SHM_REFUSES));
}

int far_poll(struct ax_ctx *ctx, int fd, uint64_t *io)
{
    struct io_handle *h;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return -errno;
    int error = io_make(ctx, IO_POLLED, own, &h);
    if (error != 0)
        close(own);
    else
        *io = io_number(ctx->worker, h);
    return error;
}

bool far_is_watched(struct ax_ctx *ctx, struct ax_ref who)
{
    uint32_t index = actor_local(ctx->worker, who.addr);
    return index != 0 && ctx->worker->port.cold[index].watchers != 0;
}

int far_end(struct ax_ctx *ctx, struct ax_ref who, enum ax_reason reason, bool restart)
{
    struct worker *w = ctx->worker;
    uint32_t index = actor_local(w, who.addr);
    if (index == 0)
        return AX_E_NO_ACTOR;
    if (!log_room_for_user(w))
        return AX_E_LIMIT;
    if (restart) {
        shm_set(&w->port, &actor_at(w, index)->incarnation, actor_at(w, index)->incarnation + 1);
        watch_tell(w, index, (uint8_t)reason);
        publish_later(w, index);
        runq_push(w, index);
    } else {
        actor_stop(w, index, (uint8_t)reason, 0, AX_STOP_NORMAL);
    }
    return 0;
}
