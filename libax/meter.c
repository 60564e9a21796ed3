/* SPDX-License-Identifier: MIT */
#include "libax/meter.h"

#include "libax/event.h"
#include "libax/turn.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SAMPLE_LEAST 32u  /* messages between two samples: 32 to 95, so that no rhythm of theirs */
#define SAMPLE_SPREAD 63u /* meets ours */
#define SLOW_TICKS 2u     /* that a slow message sees go by at least */

void meter_open(struct worker *w)
{
    w->meter.ticks = &w->port.peers[0]->ticks;
    w->meter.until_sample = SAMPLE_LEAST;
    meter_rested(w);
}

/* ---- busy time, slow messages ---- */

const char *meter_name(struct worker *w, uint32_t index, uint32_t method)
{
    const struct ax_contract *contract = w->plugin->actors[actor_at(w, index)->type]->contract;
    if (method == METER_HOOK)
        return "a hook";
    return method < contract->nmethods ? contract->methods[method].name : "an event";
}

static void warn_of(struct worker *w, uint32_t index, uint32_t method, uint64_t took)
{
    char text[192], who[SHM_NAME_MAX + 1];
    actor_name(w, index, who);
    snprintf(text, sizeof text, "slow: %.0f ms in %s", (double)took / 1e6,
             meter_name(w, index, method));
    worker_log(w, AX_WARN, who, text);
    shm_turn_begin(&w->port, 0, 0);
    struct shm_event *event = event_next(w, SHM_SLOW, index);
    event->method = (uint16_t)method;
    event->took_ns = took;
    turn_commit(w);
}

void meter_tick(struct worker *w, uint32_t index, uint32_t method)
{
    uint64_t ticks = shm_load(w->meter.ticks), crossed = ticks - w->meter.seen;
    uint64_t since = w->meter.since;
    clock_read(w);
    uint64_t took = w->now - since;
    meter_rested(w);
    if (index == 0)
        return;
    struct shm_meters *slot = &w->port.pub->meters;
    struct shm_meter *meter = &w->port.meters[index];
    shm_store(&slot->busy_ns, slot->busy_ns + took);
    shm_store(&meter->busy_ns, meter->busy_ns + took);
    if (w->boot->slow_ns == 0 || crossed < SLOW_TICKS || took < w->boot->slow_ns)
        return;
    shm_store(&slot->slow, slot->slow + 1);
    shm_store(&meter->slow, (uint16_t)(meter->slow + (meter->slow < UINT16_MAX)));
    warn_of(w, index, method, took);
}

/* ---- what others see ---- */

/* The meters of an actor elsewhere lie where its own process says; believed as far as they are
 * within the file. */
static const struct shm_meter *meter_of(const struct shm_port *port, uint32_t slot, uint32_t index)
{
    const uint8_t *base = (const uint8_t *)port->peers[slot];
    uint64_t off =
        slot == port->slot ? port->geo.meter_off : shm_load(&port->peers[slot]->geometry.meter_off);
    uint64_t bytes = slot == port->slot ? port->geo.public_bytes : port->peer_bytes[slot];
    uint64_t end = (index + 1ull) * sizeof(struct shm_meter);
    if (off & 7 || off > bytes || end > bytes - off)
        return NULL;
    return (const struct shm_meter *)(const void *)(base + off) + index;
}

static void read_meter(const struct shm_meter *meter, struct ax_meters *out)
{
    struct timespec clock;
    clock_gettime(CLOCK_MONOTONIC, &clock);
    uint32_t now = shm_hundredths((uint64_t)clock.tv_sec * 1000000000u + (uint64_t)clock.tv_nsec);
    uint32_t active = shm_load(&meter->active_at);
    out->busy_ns = shm_load(&meter->busy_ns);
    out->slow = shm_load(&meter->slow);
    out->handled = shm_load(&meter->handled);
    out->failures = shm_load(&meter->failures);
    if (active != 0 && active < now)
        out->silence_ns = (now - active) * 10000000ull;
}

static const struct shm_directory *entry_of(const struct shm_port *port, struct ax_ref who)
{
    uint32_t slot = SHM_REF_SLOT(who.addr), index = SHM_REF_INDEX(who.addr);
    if (who.node != 0 || slot == 0 || slot >= port->slots || index == 0 ||
        index >= port->peer_actors[slot])
        return NULL;
    const struct shm_directory *entry = &port->directories[slot][index];
    return shm_load_acquire(&entry->state) == SHM_FREE ||
                   shm_load(&entry->gen) != SHM_REF_GEN(who.addr)
               ? NULL
               : entry;
}

int ax_meters(struct ax_ctx *ctx, struct ax_ref who, struct ax_meters *out)
{
    struct worker *w = ctx->worker;
    const struct shm_port *port = &w->port;
    const struct shm_directory *entry = entry_of(port, who);
    uint32_t slot = SHM_REF_SLOT(who.addr), index = SHM_REF_INDEX(who.addr);
    *out = (struct ax_meters){.closed = true, .terminated = true};
    if (entry == NULL)
        return AX_E_NO_ACTOR;
    uint32_t life =
        slot == port->slot ? w->boot->incarnation : shm_load(&port->slot_info[slot].incarnation);
    *out = (struct ax_meters){
        .closed = shm_load(&entry->state) == SHM_CLOSING,
        .incarnation = shm_load(&entry->incarnation) + life,
        .mail = shm_load(&port->depths[slot][index]),
        .capacity = shm_load(&entry->capacity),
        .waits_on.addr = shm_load(&entry->waits_on),
    };
    out->restarts = out->incarnation == 0 ? 0 : out->incarnation - 1;
    const struct shm_meter *meter = meter_of(port, slot, index);
    if (meter != NULL)
        read_meter(meter, out);
    bool at_rest = out->mail == 0 && (shm_load(&entry->refuse) & SHM_INFLIGHT) == 0;
    out->idle_ns = at_rest ? out->silence_ns : 0;
    if (slot == port->slot) { /* as the open turn has left it */
        out->handled = port->actors[index].mail.handled;
        out->failures = port->cold[index].failures;
    }
    return 0;
}

/* ---- samples ---- */

static void count(uint64_t *histogram, uint64_t ns)
{
    uint64_t *bucket = &histogram[shm_bucket(ns)];
    shm_store(bucket, *bucket + 1);
}

/* NULL: the actor has none of its own. */
static struct shm_histograms *own_of(struct worker *w, uint32_t index)
{
    return index - 1 < w->port.geo.histograms ? &w->port.histograms[index - 1] : NULL;
}

void meter_born(struct worker *w, uint32_t index)
{
    struct shm_histograms *own = own_of(w, index);
    memset(&w->port.meters[index], 0, sizeof w->port.meters[index]);
    if (own != NULL)
        memset(own, 0, sizeof *own);
    meter_active(w, index);
}

void meter_revive(struct worker *w, uint32_t index)
{
    struct shm_meter *meter = &w->port.meters[index];
    uint32_t failures = w->port.cold[index].failures;
    shm_store(&meter->failures, (uint16_t)(failures < UINT16_MAX ? failures : UINT16_MAX));
    shm_store(&meter->handled, actor_at(w, index)->mail.handled);
}

/* A probe whose actor is gone is met by nobody. */
static void renew_probe(struct worker *w)
{
    uint32_t index = w->meter.probe;
    if (index != 0 &&
        (actor_at(w, index)->gen != w->meter.probe_gen || actor_at(w, index)->state == SHM_FREE))
        w->meter.probe = 0;
    w->meter.want_probe = w->meter.probe == 0;
}

void meter_sample_begin(struct worker *w, uint32_t index)
{
    clock_read(w);
    w->meter.sampled = index;
    w->meter.sampled_at = w->now;
    w->meter.until_sample = SAMPLE_LEAST + (uint32_t)((w->now >> 3) & SAMPLE_SPREAD);
    renew_probe(w);
}

void meter_sample_end(struct worker *w)
{
    struct shm_histograms *own = own_of(w, w->meter.sampled);
    clock_read(w);
    uint64_t took = w->now - w->meter.sampled_at;
    count(w->port.pub->meters.all.handling, took);
    if (own != NULL)
        count(own->handling, took);
    w->meter.sampled_at = 0;
}

/* In the turn that sends it: where that is undone, another message takes its place. */
void meter_probe_place(struct worker *w, uint32_t index)
{
    const struct shm_actor *actor = actor_at(w, index);
    clock_read(w);
    w->meter.want_probe = false;
    w->meter.probe = index;
    w->meter.probe_gen = actor->gen;
    w->meter.probe_place = (uint32_t)actor->mail.accepted - 1;
    w->meter.probe_at = w->now;
}

void meter_probe_meet(struct worker *w, uint32_t index)
{
    const struct shm_actor *actor = actor_at(w, index);
    struct shm_histograms *own = own_of(w, index);
    int32_t left = (int32_t)(w->meter.probe_place - (uint32_t)actor->mail.handled);
    if (actor->gen == w->meter.probe_gen && left > 0)
        return;
    if (actor->gen == w->meter.probe_gen && left == 0) {
        clock_read(w);
        count(w->port.pub->meters.all.queueing, w->now - w->meter.probe_at);
        if (own != NULL)
            count(own->queueing, w->now - w->meter.probe_at);
    }
    w->meter.probe = 0;
}
