/* SPDX-License-Identifier: MIT */
/* libax/worker.c - a fresh process enters its slot. */
#include "libax/worker.h"

#include "libax/event.h"
#include "libax/lease.h"
#include "libax/life.h"
#include "libax/memory.h"
#include "libax/meter.h"
#include "libax/pending.h"
#include "libax/place.h"
#include "libax/record.h"
#include "libax/registry.h"
#include "libax/send.h"
#include "libax/template.h"
#include "libax/timer.h"
#include "libax/turn.h"
#include "libax/wake.h"
#include "shm/obituary.h"
#include "shm/recover.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

struct worker *ax_worker;
static struct worker worker;

static _Noreturn void give_up(struct worker *w, const char *what, int error)
{
    char text[192];
    struct rlimit space;
    int at = snprintf(text, sizeof text, "cannot start: %s: %s", what, ax_strerror(error));
    if (error == -ENOMEM && getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
        snprintf(text + at, sizeof text - (size_t)at,
                 ": its address space is limited to %lluM (limits.memory, or ulimit -v)",
                 (unsigned long long)space.rlim_cur >> 20);
    worker_log(w, AX_ERROR, "ax", text);
    _exit(BOOT_EXIT_SETUP);
}

static const struct ax_plugin *prepared;
static struct own_contract *prepared_contracts;

int worker_prepare(const struct ax_plugin *plugin)
{
    if (prepared == plugin)
        return 0;
    place_choose();
    free(prepared_contracts);
    prepared = NULL;
    prepared_contracts = calloc(plugin->nactors + 1, sizeof *prepared_contracts);
    if (prepared_contracts == NULL)
        return -ENOMEM;
    for (uint32_t i = 0; i < plugin->nactors; i++)
        prepared_contracts[i].hash = ax_contract_hash(plugin->actors[i]->contract);
    prepared = plugin;
    return 0;
}

int worker_warm(void)
{
    if (worker.publish == NULL)
        worker.publish = malloc(SHM_UNDO * sizeof *worker.publish);
    if (worker.publish == NULL)
        return -ENOMEM;
    return worker.idle != NULL ? 0 : strands_open(&worker);
}

static int allocate(struct worker *w)
{
    w->self = calloc(w->port.geo.actors, sizeof *w->self);
    w->strand_of = calloc(w->port.geo.actors, sizeof(struct strand *));
    w->scratch = malloc(shm_frame_size(w->port.geo.max_message));
    if (w->self == NULL || w->strand_of == NULL || w->scratch == NULL)
        return -ENOMEM;
    int error = worker_prepare(w->plugin);
    w->contracts = prepared_contracts;
    if (error == 0)
        error = worker_warm();
    return error != 0 ? error : pending_open(w);
}

static void close_segments(const struct shm_fds *fds, uint32_t slots)
{
    close(fds->priv);
    close(fds->pub);
    for (uint32_t i = 0; i < slots; i++) {
        if (fds->peer_pub[i] < 0)
            continue;
        close(fds->peer_pub[i]);
        close(fds->out[i]);
        close(fds->in[i]);
    }
}

static void log_lane(struct worker *w, uint32_t slot)
{
    char text[96];
    snprintf(text, sizeof text, "a lane to or from slot %u does not add up: what it held is lost",
             slot);
    worker_log(w, AX_ERROR, "ax", text);
}

static void recover(struct worker *w, struct shm_recovery *found)
{
    int error = shm_recover(&w->port, actor_mark, found);
    if (error == 0 && !boot_adds_up(w)) {
        found->wrong = "the configured actors";
        error = -EBADMSG;
    }
    for (uint64_t set = error == 0 ? found->lanes : 0; set != 0; set &= set - 1)
        log_lane(w, (uint32_t)__builtin_ctzll(set));
    if (error == 0)
        return;
    if (error != -EBADMSG)
        give_up(w, "recovery", error);
    char text[128];
    snprintf(text, sizeof text, "memory does not add up: %s", found->wrong);
    worker_log(w, AX_ERROR, "ax", text);
    _exit(BOOT_EXIT_CORRUPT);
}

static void say_ready(struct worker *w, const struct shm_recovery *found)
{
    const struct shm_ready_body body = {.incarnation = w->boot->incarnation, .mail = found->mail};
    const struct post post = {.kind = SHM_READY, .fixed = &body, .size = sizeof body};
    shm_store_release(&w->port.pub->incarnation, w->boot->incarnation);
    shm_turn_begin(&w->port, 0, 0);
    (void)post_slot(w, 0, SHM_CONTROL, &post);
    turn_commit(w);
    shm_lane_flush(&w->port);
}

static void begin_configured(struct worker *w)
{
    char what[SHM_NAME_MAX + 32];
    int error = boot_actors(w);
    if (error == 0)
        return;
    snprintf(what, sizeof what, "the configured actor %s",
             w->boot->actors[w->port.priv->booted].name);
    give_up(w, what, error);
}

static void enter_slot(struct worker *w, const struct boot *boot, const struct shm_fds *fds,
                       const struct ax_plugin *plugin)
{
    struct shm_recovery found;
    ax_worker = w;
    w->sweep_at = UINT64_MAX;
    w->boot = boot;
    w->plugin = plugin;
    place_choose(); /* the template has, or there is none */
    int error = shm_port_open_at(&w->port, &boot->geo, fds, place_private());
    if (error != 0)
        give_up(w, "shared memory", error);
    w->placed = place_private() != NULL && w->port.priv == place_private();
    error = shm_obituary_arm(w->port.pub);
    if (error != 0)
        give_up(w, "death notice", error);
    close_segments(fds, boot->geo.slots);
    error = allocate(w);
    if (error == 0)
        error = registry_open(w);
    if (error == 0)
        error = lease_open(w);
    if (error == 0)
        error = timers_open(w);
    if (error == 0)
        error = wakes_open(w);
    if (error == 0)
        error = records_open(w);
    if (error != 0)
        give_up(w, "memory", error);
    recover(w, &found);
    memory_reserve(w);
    w->messages = shm_load(&w->port.pub->messages); /* of the processes before */
    clock_read(w);
    w->sweep_next = 1;
    meter_open(w);
    w->spin_limit = boot->spin_us * 1000ull;
    w->rest_ns = UINT32_MAX; /* not known: long */
    for (uint64_t set = w->port.all; set != 0; set &= set - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(set);
        if (w->port.priv->over_data[slot].tail != 0 || w->port.priv->over_control[slot].tail != 0)
            w->over |= 1ull << slot;
    }
    actors_revive(w);
    begin_configured(w);
    say_ready(w, &found);
}

void worker_main(const struct boot *boot, const struct shm_fds *fds, const struct ax_plugin *plugin)
{
    struct fiber main_fiber = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_TIMERSLACK, 1);
    signal(SIGTERM, SIG_DFL);
    enter_slot(&worker, boot, fds, plugin);
    fiber_switch(&main_fiber, &worker.current->fiber);
    abort(); /* the loop leaves the process by itself */
}
