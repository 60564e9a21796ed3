/* SPDX-License-Identifier: MIT */
/* sup.c - building, running and taking down the whole.
 *
 * The order of building is the order of what can go wrong with least to undo: signals, run
 * directory (another system?), templates (the config's plugins), then memory, and processes last.
 * Taking down is the reverse. */
#include "axsup/sup.h"

#include "axsup/memory_plan.h"
#include "axsup/order.h"
#include "axsup/room.h"
#include "axsup/tick.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* ---- slots ---- */

static int name_slots(struct sup *sup)
{
    int error = 0;
    uint32_t number = 1;

    snprintf(sup->slots[0].name, sizeof sup->slots[0].name, "axsup");
    sup->slots[0].sup = sup;
    for (size_t i = 0; i < sup->config->n_workers; i++)
        for (uint32_t k = 0; k < sup->config->workers[i].count; k++, number++) {
            struct sup_slot *slot = &sup->slots[number];
            slot->sup = sup;
            slot->number = number;
            slot->count = k;
            slot->config = &sup->config->workers[i];
            slot->template = &sup->templates[i];
            slot->child.pidfd = slot->child.stat = -1;
            snprintf(slot->name, sizeof slot->name, "%s/%u", slot->config->name, k);
            if (error == 0)
                error = sup_restarts_init(&slot->counted, slot->config->restart.max);
            sup->supervision.children[number - 1] = sup_supervision_child(
                slot->config->restart.policy, sup_stop_grace(sup->config->shutdown_ns));
        }
    return error;
}

static int make_slots(struct sup *sup)
{
    sup->n_slots = sup_plan_slots(sup->config);
    sup->n_templates = (uint32_t)sup->config->n_workers;
    if (sup->n_slots > SHM_SLOTS)
        return AX_E_LIMIT;
    sup->slots = calloc(sup->n_slots, sizeof *sup->slots);
    sup->templates = calloc(sup->n_templates + 1, sizeof *sup->templates);
    if (sup->slots == NULL || sup->templates == NULL)
        return -ENOMEM;
    sup_templates_init(sup->templates, sup, sup->config);
    return name_slots(sup);
}

static int init_children(struct sup *sup)
{
    int error = sup_cluster_open(sup); /* they are told of it */

    for (uint32_t s = 1; s < sup->n_slots && error == 0; s++) {
        error = sup_child_init(&sup->slots[s]);
        if (error != 0)
            sup_log(AX_ERROR, "%s cannot be prepared: %s", sup->slots[s].name, ax_strerror(error));
    }
    return error;
}

static int watch_templates(struct sup *sup)
{
    int error = 0;

    for (uint32_t i = 0; i < sup->n_templates && error == 0; i++)
        error = sup_template_watch(&sup->templates[i]);
    return error;
}

/* ---- signals ---- */

/* A blocked signal is taken even where it is ignored, and whoever starts axsup by nohup ignores
 * SIGHUP so that it goes on. */
static bool is_ignored(int number)
{
    struct sigaction is;

    return sigaction(number, NULL, &is) == 0 && is.sa_handler == SIG_IGN;
}

/* From before there is anything that would have to be removed, so that none of it is left behind.
 * Templates and workers begin with an empty mask. */
static int take_signals(struct sup *sup)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (!is_ignored(SIGHUP))
        sigaddset(&set, SIGHUP);
    sup->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (sup->signals < 0) {
        int error = -errno;
        sup_log(AX_ERROR, "signals cannot be taken: %s", ax_strerror(error));
        return error;
    }
    sigprocmask(SIG_BLOCK, &set, &sup->mask);
    return 0;
}

static bool read_signal(struct sup *sup)
{
    struct signalfd_siginfo info;

    return read(sup->signals, &info, sizeof info) == (ssize_t)sizeof info;
}

static void give_signals_back(struct sup *sup)
{
    if (sup->signals < 0)
        return;
    while (read_signal(sup)) /* those that came twice */
        ;
    close(sup->signals);
    sup->signals = -1;
    sigprocmask(SIG_SETMASK, &sup->mask, NULL);
}

/* ---- life ---- */

/* Is there enough memory for it? */
static int take_room(const struct sup *sup, struct sup_config_errors *errors)
{
    char text[SUP_ROOM_TEXT];
    struct sup_room room;

    sup_room_read(&room);
    int error = sup_room_check(&room, sup->config, errors);
    if (error == 0 && (error = sup_room_try(&room, sup->config, text)) != 0)
        sup_log(AX_ERROR, "%s", text);
    return error;
}

/* What the config may be at fault for, all of it in one run. */
static int take_config(struct sup *sup, struct sup_config_errors *errors)
{
    int place = sup_rundir_open(&sup->rundir, sup->config, errors);

    if (place != 0 && place != AX_E_INVALID)
        return place;
    int room = take_room(sup, errors);
    int listening = sup_listen_open(&sup->listeners, sup->config, errors);
    int plugins = sup_templates_load(sup->templates, sup->n_templates, errors);
    /* a terminal's interrupt is for the templates as well: what they then say is no mistake */
    if (read_signal(sup))
        return AX_E_CANCELED;
    if (plugins != 0)
        return plugins;
    if (place != 0 || listening != 0)
        return place != 0 ? place : listening;
    return room;
}

static int build(struct sup *sup, struct sup_config_errors *errors)
{
    int error = make_slots(sup);

    if (error == 0)
        error = take_signals(sup);
    if (error == 0)
        error = take_config(sup, errors);
    if (error == 0)
        error = sup_loop_open(sup);
    if (error == 0)
        error = sup_memory_open(sup);
    if (error == 0)
        error = sup_hub_open(sup);
    if (error == 0)
        error = sup_events_open(sup, sup->config);
    if (error == 0)
        error = init_children(sup);
    if (error == 0)
        error = watch_templates(sup);
    return error;
}

int sup_new(struct sup **out, const struct sup_config *config, struct sup_config_errors *errors)
{
    struct sup *sup = calloc(1, sizeof *sup);

    *out = NULL;
    if (sup == NULL) {
        sup_log(AX_ERROR, "the system cannot be built: %s", ax_strerror(-ENOMEM));
        return -ENOMEM;
    }
    sup->config = config;
    sup->rundir.lock = sup->signals = -1;
    sup->started_at = sup_clock();
    int error = build(sup, errors);
    if (error == 0) {
        *out = sup;
        return 0;
    }
    if (error == -ENOMEM)
        sup_log(AX_ERROR, "the system cannot be built: %s", ax_strerror(error));
    sup_free(sup);
    return error;
}

struct sup *sup_free(struct sup *sup)
{
    if (sup == NULL)
        return NULL;
    for (uint32_t s = 1; sup->slots != NULL && s < sup->n_slots; s++) {
        sup_child_deinit(&sup->slots[s]);
        sup_restarts_deinit(&sup->slots[s].counted);
    }
    if (sup->templates != NULL)
        sup_templates_close(sup->templates, sup->n_templates);
    sup_hub_close(sup);
    sup_events_close(sup);
    sup_cluster_close(sup);
    sup_loop_close(sup);
    if (sup->slots != NULL)
        sup_memory_close(sup);
    sup_listen_close(&sup->listeners);
    sup_rundir_close(&sup->rundir);
    give_signals_back(sup);
    free(sup->templates);
    free(sup->slots);
    free(sup);
    return NULL;
}

/* ---- running ---- */

static void on_signal(void *ctx, uint32_t events)
{
    struct sup *sup = ctx;

    (void)events;
    if (read_signal(sup))
        sup_request_stop(sup, false);
}

static void on_time(void *ctx)
{
    sup_request_stop(ctx, false);
}

int sup_run(struct sup *sup, uint64_t for_ns)
{
    struct sup_timer timer = {.fn = on_time, .ctx = sup};
    int error = sup_loop_add(sup, sup->signals, POLLIN, on_signal, sup);

    if (error != 0)
        return error;
    sup_cluster_start(sup);
    sup_supervision_begin(sup);
    sup_events_start(sup);
    sup_tick_start(sup);
    if (for_ns != UINT64_MAX)
        sup_timer_set(sup, &timer, sup_clock() + for_ns);
    error = sup_loop_run(sup);
    sup_timer_clear(sup, &timer);
    sup_loop_remove(sup, sup->signals);
    return error != 0 ? error : sup->result;
}

/* ---- slots, as others see them ---- */

struct sup_slot *sup_slot_find(struct sup *sup, const char *name)
{
    for (uint32_t s = 1; s < sup->n_slots; s++) {
        struct sup_slot *slot = &sup->slots[s];
        bool alone = slot->config->count == 1 && strcmp(slot->config->name, name) == 0;
        if (alone || strcmp(slot->name, name) == 0)
            return slot;
    }
    return NULL;
}

const char *sup_slot_state_name(enum shm_slot_state state)
{
    static const char *const names[] = {
        [SHM_SLOT_EMPTY] = "starting",    [SHM_SLOT_STARTING] = "starting",
        [SHM_SLOT_RUNNING] = "running",   [SHM_SLOT_BACKOFF] = "backoff",
        [SHM_SLOT_STOPPING] = "stopping", [SHM_SLOT_STOPPED] = "stopped",
        [SHM_SLOT_FAILED] = "failed",
    };

    return names[state];
}

int sup_kill(struct sup *sup, uint32_t slot, int signal)
{
    if (slot == 0 || slot >= sup->n_slots || sup->slots[slot].pid == 0)
        return AX_E_NO_ACTOR;
    int error = sup_child_signal(&sup->slots[slot], signal);
    return error == -ESRCH ? AX_E_NO_ACTOR : error;
}

/* Calls for each actor in use of a slot's directory; only as many as can have been in use. */
static uint64_t sum(const struct sup *sup, uint32_t slot, bool mail)
{
    const struct shm_directory *directory = sup->hub.port.directories[slot];
    uint32_t used = shm_load(&sup->slots[slot].memory.view->fresh_actor);
    uint64_t total = 0;

    for (uint32_t i = 1; i < used && i < sup->slots[slot].memory.geo.actors; i++)
        if (shm_load(&directory[i].state) != SHM_FREE)
            total += mail ? shm_load(&sup->hub.port.depths[slot][i]) : 1;
    /* the directory may say anything, the arena holds no more than fits */
    uint64_t most =
        sup->slots[slot].memory.geo.units * (uint64_t)SHM_UNIT / sizeof(struct shm_frame);
    return total < most ? total : most;
}

uint64_t sup_slot_mail(const struct sup *sup, uint32_t slot)
{
    return slot == 0 ? 0 : sum(sup, slot, true);
}

uint32_t sup_slot_actors(const struct sup *sup, uint32_t slot)
{
    return slot == 0 ? 0 : (uint32_t)sum(sup, slot, false);
}

uint64_t sup_slot_late(const struct sup *sup, uint32_t slot)
{
    return slot == 0 ? sup->hub.late_replies
                     : shm_load(&sup->slots[slot].memory.view->late_replies) & INT64_MAX;
}

uint64_t sup_slot_arena(const struct sup *sup, uint32_t slot, uint64_t *limit)
{
    *limit = slot == 0 ? 0 : sup->slots[slot].memory.geo.units * (uint64_t)SHM_UNIT;
    uint64_t used = slot == 0 ? 0 : shm_load(&sup->hub.port.peers[slot]->used) * (uint64_t)SHM_UNIT;
    return used < *limit ? used : *limit; /* it may say anything */
}

uint64_t sup_slot_turns(const struct sup *sup, uint32_t slot)
{
    return slot == 0 ? 0 : shm_load(&sup->hub.port.peers[slot]->messages) & INT64_MAX;
}
