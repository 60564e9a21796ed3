/* SPDX-License-Identifier: MIT */
#include "axsup/stop.h"

#include "axsup/death.h"
#include "axsup/leftover.h"
#include "axsup/sup.h"

#include <signal.h>

#define MS UINT64_C(1000000)
#define GRACE_MAX (500 * MS)
#define GRACE_MIN (10 * MS)

uint64_t sup_stop_grace(uint64_t time_ns)
{
    uint64_t grace = time_ns / 10;

    return grace > GRACE_MAX ? GRACE_MAX : grace < GRACE_MIN ? GRACE_MIN : grace;
}

/* ---- one worker ---- */

static void on_slot_timer(void *ctx)
{
    struct sup_slot *slot = ctx;
    struct sup_stop *stop = &slot->sup->stop;
    bool first = stop->phase == SUP_STOP_ASKED && stop->share != 0;

    if (slot->pid == 0)
        return;
    sup_log(AX_WARN, "%s does not end in time: %s", slot->name, first ? "SIGTERM" : "SIGKILL");
    sup_child_signal(slot, first ? SIGTERM : SIGKILL);
    if (first)
        sup_timer_set(slot->sup, &slot->child.stop_timer,
                      sup_clock() + sup_stop_grace(stop->share));
    stop->share = 0;
}

void sup_stop_init_slot(struct sup_slot *slot)
{
    slot->child.stop_timer = (struct sup_timer){.fn = on_slot_timer, .ctx = slot};
}

/* A process in a slot may end at any instruction, and mail and kept state go over to the next. An
 * ordered stop would be the end of its actors instead. */
int sup_restart(struct sup *sup, uint32_t number)
{
    if (number == 0 || number >= sup->n_slots)
        return AX_E_INVALID;
    struct sup_slot *slot = &sup->slots[number];
    if (sup->stop.phase != SUP_STOP_NO)
        return AX_E_SHUTTING_DOWN;
    if (slot->child.ordered || (slot->pid != 0 && slot->child.restart))
        return AX_E_NOT_ALLOWED;
    sup_supervision_forget(slot);
    if (slot->pid == 0) {
        slot->restarts++;
        sup_supervision_again(slot, sup_clock());
        sup_supervision_over(slot, SUP_NEXT_START, sup_clock());
        return 0;
    }
    slot->child.restart = true;
    sup_timer_set(sup, &slot->child.stop_timer,
                  sup_clock() + sup_stop_grace(sup->config->shutdown_ns));
    return sup_child_signal(slot, SIGTERM);
}

/* ---- the system ---- */

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* Of the time that is left, so that one which hangs takes none from those that come after it. The
 * last one has all of it, and the deadline for its end. */
static void set_share(struct sup_slot *slot)
{
    struct sup *sup = slot->sup;
    uint64_t now = sup_clock();
    uint32_t count = 0;

    sup->stop.share = 0;
    for (uint32_t s = 1; s < sup->n_slots; s++)
        count += sup_child_exists(&sup->slots[s]);
    if (count < 2)
        return;
    sup->stop.share = 1 + (sup->stop.timer.at > now ? (sup->stop.timer.at - now) / count : 0);
    sup_timer_set(sup, &slot->child.stop_timer, now + sup->stop.share);
}

static void order(struct sup_slot *slot)
{
    const struct sup_stop *stop = &slot->sup->stop;
    const struct shm_frame head = {.kind = SHM_STOP};
    struct shm_stop_body body = {.now = stop->now};
    uint64_t at = stop->share != 0 ? slot->child.stop_timer.at : stop->timer.at;
    uint64_t now = sup_clock();

    body.within = at > now ? at - now : 0;
    slot->child.stopping = true;
    if (slot->state == SHM_SLOT_RUNNING || slot->state == SHM_SLOT_STARTING)
        sup_child_state(slot, SHM_SLOT_STOPPING);
    sup_hub_control(slot->sup, slot->number, &head, &body, sizeof body);
    sup_hub_flush(slot->sup);
}

static void finish(struct sup *sup)
{
    struct sup_stop *stop = &sup->stop;

    sup_timer_clear(sup, &stop->timer);
    stop->slot = 0;
    for (uint32_t s = 1; s < sup->n_slots; s++)
        stop->left += sup_leftover_lanes(sup, s);
    if (stop->left > 0)
        sup_log(AX_WARN, "stopped; %llu message%s left", (unsigned long long)stop->left,
                stop->left == 1 ? " was" : "s were");
    if (stop->killed > 0)
        sup_log(AX_WARN, "stopped; %u worker%s did not end by %s", stop->killed,
                plural(stop->killed), stop->killed == 1 ? "itself" : "themselves");
    bool failed = stop->killed > 0 || stop->failed || sup->supervision.given_up;
    sup->result = failed ? AX_E_CANCELED : 0;
    sup_loop_quit(sup);
}

/* Tells the next one in reverse order; all are gone when there is none. */
static void next(struct sup *sup)
{
    struct sup_stop *stop = &sup->stop;

    for (uint32_t s = sup->n_slots - 1; s > 0; s--) {
        struct sup_slot *slot = &sup->slots[s];
        if (!sup_child_exists(slot))
            continue;
        if (stop->phase == SUP_STOP_ASKED && (stop->slot != s || !slot->child.stopping)) {
            stop->slot = s;
            set_share(slot);
            order(slot);
        }
        return;
    }
    finish(sup);
}

/* A process that is still being made: it goes with its template, or with us. */
static void drop_orders(struct sup *sup)
{
    for (uint32_t s = 1; s < sup->n_slots; s++)
        if (sup->slots[s].pid == 0 && sup->slots[s].child.ordered) {
            sup->slots[s].child.ordered = false;
            sup->stop.killed++;
        }
}

static void on_deadline(void *ctx)
{
    struct sup *sup = ctx;
    struct sup_stop *stop = &sup->stop;
    int signal = stop->phase <= SUP_STOP_ASKED ? SIGTERM : SIGKILL;
    uint32_t told = 0;

    sup_ask_forget(sup, stop);
    sup_timer_clear(sup, &stop->drained);
    if (signal == SIGKILL)
        drop_orders(sup);
    for (uint32_t s = 1; s < sup->n_slots; s++)
        if (sup->slots[s].pid != 0) {
            sup->slots[s].child.stopping = true;
            sup_child_signal(&sup->slots[s], signal);
            told++;
        }
    if (told > 0)
        sup_log(AX_WARN, "the time to stop is over: %s to %u worker%s",
                signal == SIGTERM ? "SIGTERM" : "SIGKILL", told, plural(told));
    stop->phase = signal == SIGTERM ? SUP_STOP_TERM : SUP_STOP_KILL;
    if (stop->phase == SUP_STOP_TERM)
        sup_timer_set(sup, &stop->timer, sup_clock() + stop->grace);
    next(sup);
}

/* Workers that wait for their start do not get one; their mail is what is left. */
static void cancel_starts(struct sup *sup)
{
    for (uint32_t s = 1; s < sup->n_slots; s++) {
        struct sup_slot *slot = &sup->slots[s];
        sup_timer_clear(sup, &slot->child.timer);
        sup_timer_clear(sup, &slot->child.stop_timer);
        slot->child.restart = false;
        if (slot->child.ordered) {
            slot->child.ordered = false;
            slot->incarnation--; /* no process has had that number */
        }
        if (sup_child_exists(slot))
            continue;
        sup->stop.left += sup_slot_mail(sup, s);
        sup_leftover_mail(sup, s);
        bool awaited = slot->state == SHM_SLOT_BACKOFF || slot->state == SHM_SLOT_STARTING;
        if (slot->state != SHM_SLOT_FAILED)
            sup_child_state(slot, SHM_SLOT_STOPPED);
        if (awaited)
            sup_death_for_good(slot);
    }
}

/* The shards are handed over, or that is given up. */
static void begin(void *ctx)
{
    struct sup *sup = ctx;

    sup_ask_forget(sup, &sup->stop);
    sup_timer_clear(sup, &sup->stop.drained);
    sup->stop.phase = SUP_STOP_ASKED;
    next(sup);
}

static void on_drained(void *ctx, int error, const void *body, size_t size)
{
    struct sup_stop *stop = ctx;
    struct sup *sup = (struct sup *)(void *)((char *)stop - offsetof(struct sup, stop));

    (void)body, (void)size;
    if (error != 0)
        sup_log(AX_WARN, "the shards were not handed over: %s", ax_strerror(error));
    sup_timer_set(sup, &stop->drained, 0); /* not in the midst of a death */
}

/* One that runs; where none does, leases run out by themselves. */
static bool drain(struct sup *sup)
{
    uint32_t gateway = sup_cluster_slot(sup);
    uint64_t time_ns = sup->config->shutdown_ns / 2;
    bool runs = gateway != 0 && sup->slots[gateway].state == SHM_SLOT_RUNNING;

    if (gateway != 0 && !runs && sup->config->cluster.n_registries > 0)
        sup_log(AX_WARN, "the shards were not handed over, as no gateway runs: others have them "
                         "when their leases are over");
    return runs && time_ns > 0 &&
           sup_cluster_ask(sup, "drain", "{}", time_ns, on_drained, &sup->stop) == 0;
}

/* The one that is at its mail already is told again, and has no more time for that. */
static void hurry(struct sup *sup)
{
    struct sup_stop *stop = &sup->stop;

    if (stop->now || stop->phase > SUP_STOP_ASKED)
        return;
    stop->now = true;
    if (stop->phase == SUP_STOP_DRAIN)
        begin(sup);
    else if (stop->slot != 0 && sup_child_exists(&sup->slots[stop->slot]))
        order(&sup->slots[stop->slot]);
}

void sup_request_stop(struct sup *sup, bool now)
{
    struct sup_stop *stop = &sup->stop;

    if (stop->phase != SUP_STOP_NO) {
        if (now)
            hurry(sup);
        return;
    }
    sup_log(AX_INFO, "stopping");
    stop->now = now;
    stop->phase = SUP_STOP_DRAIN;
    stop->grace = sup_stop_grace(sup->config->shutdown_ns);
    stop->timer = (struct sup_timer){.fn = on_deadline, .ctx = sup};
    stop->drained = (struct sup_timer){.fn = begin, .ctx = sup};
    sup_timer_set(sup, &stop->timer, sup_clock() + sup->config->shutdown_ns);
    sup_timer_clear(sup, &sup->supervision.timer);
    cancel_starts(sup);
    if (now || !drain(sup))
        begin(sup);
}

void sup_stop_gone(struct sup *sup, struct sup_slot *slot, bool clean)
{
    struct sup_stop *stop = &sup->stop;

    if (stop->phase == SUP_STOP_NO)
        return;
    stop->killed += !clean;
    /* one that stopped by itself has said what it leaves */
    stop->left += slot->last_exit.reason == SHM_SHUTDOWN ? slot->child.left
                                                         : sup_slot_mail(sup, slot->number);
    sup_leftover_mail(sup, slot->number);
    if (stop->phase == SUP_STOP_ASKED && !clean)
        sup_log(AX_WARN, "%s did not stop cleanly", slot->name);
    if (stop->phase != SUP_STOP_DRAIN)
        next(sup);
}
