/* SPDX-License-Identifier: MIT */
/* drive.c - bench_drive: each ask is a measurement, and its reply what came out.
 *
 * It does what any actor could: finds others by name, sends, asks with a deadline, spawns,
 * monitors. A turn ends by an ask of `barrier`, and what that costs is part of the figure. Where
 * messages were lost or came twice the actor fails, and there is no figure. */
#define AX_IMPLEMENT
#include "drive.h"

#include "asking.h"
#include "durable.h"
#include "flow.h"
#include "idle.h"
#include "trek.h"

#include <ax/map.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPAWNS_A_TURN 256u
#define TIES_A_TURN 64u
#define LOADS_A_TURN 1024u

#define CALM AX_MILLISECONDS(5)

struct bench_drive {
    bench_flow_ref *flows;
    uint32_t nflows;
    bench_idle_ref *crowd;
    uint32_t ncrowd;
    uint32_t mourns; /* downs still to come */
    uint64_t mourned_from, mourned_ns;
    uint64_t weight,
        load_bytes; /* resident before the crowd was told something, and what that took */
    uint64_t handled;
    bool loaded;
    bench_echo_ref victim; /* the one that is monitored */
    uint32_t victim_pid;
    uint64_t struck_at, down_at, served_at; /* 0: not yet */
};

void bench_pin(struct ax_ctx *ctx)
{
    const char *cpu = strstr(ax_args(ctx), "\"cpu\":");
    cpu_set_t set;
    if (cpu == NULL)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)strtoul(cpu + 6, NULL, 10), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        ax_log(ctx, AX_WARN, "cannot be pinned to a processor");
}

/* Bytes of memory that this process has mapped and touched. */
static uint64_t resident(struct ax_ctx *ctx)
{
    unsigned long long kib = 0;
    char line[128];
    FILE *rollup = fopen("/proc/self/smaps_rollup", "re");
    AX_CHECK(ctx, rollup != NULL);
    while (fgets(line, sizeof line, rollup) != NULL && sscanf(line, "Rss: %llu kB", &kib) != 1)
        ;
    fclose(rollup);
    AX_CHECK(ctx, kib != 0);
    return kib * 1024;
}

static void look(struct ax_ctx *ctx, bench_echo_ref at, struct bench_echo_seen_reply *seen)
{
    AX_CHECK(ctx, bench_echo_seen_wait(ctx, at, seen, PATIENCE) == 0);
}

/* ---- messages ---- */

void bench_drive_on_hello(struct ax_ctx *ctx, struct bench_drive *self,
                          const struct bench_drive_hello *msg,
                          struct bench_drive_hello_reply *reply)
{
    (void)ctx;
    (void)self;
    (void)msg;
    reply->pid = (uint32_t)getpid();
}

void bench_drive_on_asks(struct ax_ctx *ctx, struct bench_drive *self,
                         const struct bench_drive_asks *msg, struct bench_drive_asks_reply *reply)
{
    bench_echo_ref to = bench_named(ctx, msg->to);
    (void)self;
    bench_ask(ctx, to, 0);
    uint64_t start = bench_clock();
    for (uint64_t i = 0; i < msg->count; i++)
        bench_ask(ctx, to, i);
    reply->ns = bench_clock() - start;
}

void bench_drive_on_tells(struct ax_ctx *ctx, struct bench_drive *self,
                          const struct bench_drive_tells *msg,
                          struct bench_drive_tells_reply *reply)
{
    static const uint64_t words[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    bench_echo_ref to = bench_named(ctx, msg->to), barrier = bench_named(ctx, msg->barrier);
    struct bench_echo_seen_reply before, after;
    (void)self;
    look(ctx, to, &before);
    uint64_t start = bench_clock();
    for (uint64_t sent = 0; sent < msg->count;) {
        for (uint32_t i = 0; i < msg->batch && sent < msg->count; i++, sent++)
            AX_CHECK(ctx, bench_echo_data_wait(ctx, to, words) == 0);
        bench_ask(ctx, barrier, sent);
    }
    look(ctx, to, &after);
    AX_CHECK(ctx, after.messages - before.messages == msg->count);
    reply->ns = after.at - start;
}

void bench_drive_on_blobs(struct ax_ctx *ctx, struct bench_drive *self,
                          const struct bench_drive_blobs *msg,
                          struct bench_drive_blobs_reply *reply)
{
    bench_echo_ref to = bench_named(ctx, msg->to), barrier = bench_named(ctx, msg->barrier);
    struct bench_echo_seen_reply before, after;
    void *bytes = calloc(1, msg->size);
    (void)self;
    AX_CHECK(ctx, bytes != NULL);
    look(ctx, to, &before);
    uint64_t start = bench_clock();
    for (uint64_t sent = 0; sent < msg->count; sent++) {
        AX_CHECK(ctx, bench_echo_blob_wait(ctx, to, (struct ax_span){bytes, msg->size}) == 0);
        bench_ask(ctx, barrier, sent);
    }
    look(ctx, to, &after);
    free(bytes);
    AX_CHECK(ctx, after.messages - before.messages == msg->count);
    reply->ns = after.at - start;
}

static void want_flows(struct ax_ctx *ctx, struct bench_drive *self, uint32_t count)
{
    if (count <= self->nflows)
        return;
    bench_flow_ref *flows = realloc(self->flows, count * sizeof *flows);
    AX_CHECK(ctx, flows != NULL);
    self->flows = flows;
    for (; self->nflows < count; self->nflows++)
        AX_CHECK(ctx, bench_flow_spawn(ctx, NULL, &flows[self->nflows]) == 0);
}

void bench_drive_on_flows(struct ax_ctx *ctx, struct bench_drive *self,
                          const struct bench_drive_flows *msg,
                          struct bench_drive_flows_reply *reply)
{
    bench_echo_ref to = bench_named(ctx, msg->to);
    struct bench_flow_done_reply done;
    want_flows(ctx, self, msg->flows);
    bench_ask(ctx, to, 0); /* they are there from now on */
    uint64_t start = bench_clock();
    for (uint32_t i = 0; i < msg->flows; i++)
        AX_CHECK(ctx, bench_flow_flow(ctx, self->flows[i], to, msg->rounds) == 0);
    for (uint32_t i = 0; i < msg->flows; i++) {
        AX_CHECK(ctx, bench_flow_done(ctx, self->flows[i], &done, PATIENCE) == 0);
        AX_CHECK(ctx, done.failures == 0);
    }
    reply->ns = bench_clock() - start;
}

/* ---- awaits that outlive the process ---- */

#define SLICES 16u

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* A difference of two small figures: of each its best slice, or noise is all there is. */
void bench_drive_on_treks(struct ax_ctx *ctx, struct bench_drive *self,
                          const struct bench_drive_treks *msg,
                          struct bench_drive_treks_reply *reply)
{
    bench_echo_ref to = bench_named(ctx, msg->to);
    bench_trek_ref plain;
    bench_durable_ref durable;
    struct bench_trek_trek_reply one;
    struct bench_durable_trek_reply other;
    (void)self;
    AX_CHECK(ctx, bench_trek_spawn(ctx, NULL, &plain) == 0);
    AX_CHECK(ctx, bench_durable_spawn(ctx, NULL, &durable) == 0);
    reply->ns = reply->durable_ns = UINT64_MAX;
    for (uint32_t i = 0; i < SLICES; i++) {
        uint64_t start = bench_clock();
        AX_CHECK(ctx, bench_trek_trek(ctx, plain, to, msg->rounds, &one, PATIENCE) == 0);
        uint64_t middle = bench_clock();
        AX_CHECK(ctx, bench_durable_trek(ctx, durable, to, msg->rounds, &other, PATIENCE) == 0);
        reply->ns = least(reply->ns, middle - start);
        reply->durable_ns = least(reply->durable_ns, bench_clock() - middle);
        AX_CHECK(ctx, one.failures == 0 && other.failures == 0);
    }
    AX_CHECK(ctx, ax_stop_actor(ctx, plain.ref) == 0 && ax_stop_actor(ctx, durable.ref) == 0);
}

/* ---- spawn ---- */

static void spawn_many(struct ax_ctx *ctx, bench_idle_ref *refs, uint32_t count,
                       bench_echo_ref barrier)
{
    for (uint32_t i = 0; i < count; i++) {
        AX_CHECK(ctx, bench_idle_spawn(ctx, NULL, &refs[i]) == 0);
        if ((i + 1) % SPAWNS_A_TURN == 0)
            bench_ask(ctx, barrier, i);
    }
    bench_ask(ctx, barrier, count);
}

void bench_drive_on_spawns(struct ax_ctx *ctx, struct bench_drive *self,
                           const struct bench_drive_spawns *msg,
                           struct bench_drive_spawns_reply *reply)
{
    bench_echo_ref barrier = bench_named(ctx, msg->barrier);
    bench_idle_ref *refs = calloc(msg->count, sizeof *refs);
    (void)self;
    AX_CHECK(ctx, refs != NULL);
    uint64_t start = bench_clock();
    spawn_many(ctx, refs, msg->count, barrier);
    reply->ns = bench_clock() - start;
    for (uint32_t i = 0; i < msg->count; i++) {
        AX_CHECK(ctx, ax_stop_actor(ctx, refs[i].ref) == 0);
        if ((i + 1) % SPAWNS_A_TURN == 0)
            bench_ask(ctx, barrier, i);
    }
    free(refs);
}

static void tie(struct ax_ctx *ctx, struct ax_ref to, bool link)
{
    uint64_t monitor;
    if (link) {
        AX_CHECK(ctx, ax_link(ctx, to) == 0);
        AX_CHECK(ctx, ax_unlink(ctx, to) == 0);
        return;
    }
    AX_CHECK(ctx, ax_monitor(ctx, to, &monitor) == 0);
    AX_CHECK(ctx, ax_demonitor(ctx, monitor) == 0);
}

void bench_drive_on_ties(struct ax_ctx *ctx, struct bench_drive *self,
                         const struct bench_drive_ties *msg, struct bench_drive_ties_reply *reply)
{
    bench_echo_ref to = bench_named(ctx, msg->to), barrier = bench_named(ctx, msg->barrier);
    (void)self;
    uint64_t start = bench_clock();
    for (uint32_t i = 0; i < msg->count; i++) {
        tie(ctx, to.ref, msg->link);
        if ((i + 1) % TIES_A_TURN == 0)
            bench_ask(ctx, barrier, i);
    }
    reply->ns = bench_clock() - start;
}

void bench_drive_on_mourn(struct ax_ctx *ctx, struct bench_drive *self,
                          const struct bench_drive_mourn *msg,
                          struct bench_drive_mourn_reply *reply)
{
    bench_echo_ref barrier = bench_named(ctx, msg->barrier);
    bench_idle_ref who;
    (void)reply;
    AX_CHECK(ctx, bench_idle_spawn(ctx, NULL, &who) == 0);
    for (uint32_t i = 0; i < msg->count; i++) {
        AX_CHECK(ctx, ax_monitor(ctx, who.ref, NULL) == 0);
        if ((i + 1) % TIES_A_TURN == 0)
            bench_ask(ctx, barrier, i);
    }
    self->mourns = msg->count;
    self->mourned_from = bench_clock();
    AX_CHECK(ctx, ax_stop_actor(ctx, who.ref) == 0);
}

void bench_drive_on_mourned(struct ax_ctx *ctx, struct bench_drive *self,
                            const struct bench_drive_mourned *msg,
                            struct bench_drive_mourned_reply *reply)
{
    (void)ctx, (void)msg;
    reply->done = self->mourns == 0;
    reply->ns = self->mourned_ns;
}

void bench_drive_on_crowd(struct ax_ctx *ctx, struct bench_drive *self,
                          const struct bench_drive_crowd *msg,
                          struct bench_drive_crowd_reply *reply)
{
    bench_echo_ref barrier = bench_named(ctx, msg->barrier);
    AX_CHECK(ctx, self->crowd == NULL);
    self->crowd = malloc(msg->count * sizeof *self->crowd);
    AX_CHECK(ctx, self->crowd != NULL);
    memset(self->crowd, 0xff, msg->count * sizeof *self->crowd); /* resident before we weigh */
    bench_ask(ctx, barrier, 0);
    uint64_t weight = resident(ctx);
    spawn_many(ctx, self->crowd, msg->count, barrier);
    self->ncrowd = msg->count;
    reply->bytes = resident(ctx) - weight;
}

/* The next portion is sent first, so that it is handled before anybody of the crowd has its turn:
 * an actor handles up to 64 messages on end. */
void bench_drive_on_load(struct ax_ctx *ctx, struct bench_drive *self,
                         const struct bench_drive_load *msg)
{
    static const uint64_t words[8];
    uint32_t end = msg->from + LOADS_A_TURN;
    if (msg->from == 0) {
        self->weight = resident(ctx);
        self->handled = bench_idle_handled;
    }
    if (end < self->ncrowd)
        AX_CHECK(ctx, bench_drive_load(ctx, bench_drive_self(ctx), end) == 0);
    else
        end = self->ncrowd;
    for (uint32_t i = msg->from; i < end; i++)
        AX_CHECK(ctx, bench_idle_data(ctx, self->crowd[i], words) == 0);
    if (end == self->ncrowd) {
        AX_CHECK(ctx, bench_idle_handled == self->handled);
        self->load_bytes = resident(ctx) - self->weight;
        self->loaded = true;
    }
}

void bench_drive_on_loaded(struct ax_ctx *ctx, struct bench_drive *self,
                           const struct bench_drive_loaded *msg,
                           struct bench_drive_loaded_reply *reply)
{
    (void)ctx;
    (void)msg;
    reply->done = self->loaded;
    reply->messages = self->ncrowd;
    reply->bytes = self->load_bytes;
}

/* ---- death ---- */

/* The descriptor stays open as long as the process does. */
void bench_drive_on_hoard(struct ax_ctx *ctx, struct bench_drive *self,
                          const struct bench_drive_hoard *msg,
                          struct bench_drive_hoard_reply *reply)
{
    (void)self;
    int fd = memfd_create("bench", MFD_CLOEXEC);
    AX_CHECK(ctx, fd >= 0 && fallocate(fd, 0, 0, (off_t)msg->bytes) == 0);
    reply->pid = (uint32_t)getpid();
    reply->fd = (uint32_t)fd;
}

void bench_drive_on_strike(struct ax_ctx *ctx, struct bench_drive *self,
                           const struct bench_drive_strike *msg,
                           struct bench_drive_strike_reply *reply)
{
    bench_echo_ref victim = bench_named(ctx, msg->to);
    uint64_t monitor;
    (void)reply;
    if (victim.ref.addr != self->victim.ref.addr)
        AX_CHECK(ctx, ax_monitor(ctx, victim.ref, &monitor) == 0);
    self->victim = victim;
    self->down_at = self->served_at = 0;
    AX_CHECK(ctx, bench_drive_blow_after(ctx, CALM, NULL) == 0);
}

void bench_drive_on_blow(struct ax_ctx *ctx, struct bench_drive *self,
                         const struct bench_drive_blow *msg)
{
    struct bench_echo_hello_reply hello;
    (void)msg;
    AX_CHECK(ctx, bench_echo_hello(ctx, self->victim, &hello, PATIENCE) == 0);
    self->victim_pid = hello.pid;
    AX_CHECK(ctx, bench_echo_probe(ctx, self->victim, bench_drive_self(ctx)) == 0);
    self->struck_at = bench_clock();
    AX_CHECK(ctx, kill((pid_t)hello.pid, SIGKILL) == 0);
}

void bench_drive_on_served(struct ax_ctx *ctx, struct bench_drive *self,
                           const struct bench_drive_served *msg)
{
    (void)ctx;
    if (msg->pid != self->victim_pid)
        self->served_at = msg->at;
    else /* the dying one was faster: nothing was left for its successor */
        self->served_at = self->struck_at;
}

void bench_drive_on_struck(struct ax_ctx *ctx, struct bench_drive *self,
                           const struct bench_drive_struck *msg,
                           struct bench_drive_struck_reply *reply)
{
    (void)ctx;
    (void)msg;
    reply->done = self->down_at != 0 && self->served_at != 0;
    if (reply->done) {
        reply->down_ns = self->down_at - self->struck_at;
        reply->served_ns = self->served_at - self->struck_at;
    }
}

static void down(struct ax_ctx *ctx, struct bench_drive *self, const struct ax_down *event)
{
    if (self->mourns != 0) {
        if (--self->mourns == 0)
            self->mourned_ns = bench_clock() - self->mourned_from;
        return;
    }
    (void)ctx;
    if (event->who.addr == self->victim.ref.addr && self->down_at == 0)
        self->down_at = bench_clock();
}

static void start(struct ax_ctx *ctx, struct bench_drive *self)
{
    (void)self;
    bench_pin(ctx);
}

AX_MAPS(bench_drive, table);
AX_ACTOR(bench_drive, .on_start = start, .on_down = down);
