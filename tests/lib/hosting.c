/* SPDX-License-Identifier: MIT */
#include "tests/lib/hosting.h"

#include "overlay/core/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ax/actor.h>
#include <cmocka.h>

static const struct ov_self self = {.ident = {.node = "a", .boot = 1, .session = 1},
                                    .version_min = 1,
                                    .version_max = 1,
                                    .max_frame = OV_FRAME_MIN_MAX,
                                    .pattern = OV_PATTERN_NONE};
static const struct ov_registry registries[] = {{"users", HOSTING_SHARDS}, {"solo", 1}};

const struct ov_cluster_config hosting_cluster = {.core = {.self = &self,
                                                           .seed = 7,
                                                           .nodes_max = 2,
                                                           .dial_ns = 1,
                                                           .patience_ns = 1,
                                                           .retry_min_ns = 1,
                                                           .retry_max_ns = 1,
                                                           .beat_ns = 1,
                                                           .suspect_ns = 2,
                                                           .dead_ns = 3,
                                                           .drain_ns = 1},
                                                  .registries = registries,
                                                  .nregistries = 2,
                                                  .ttl_ns = 10,
                                                  .margin_ns = 1,
                                                  .answer_ns = 1,
                                                  .round_ns = 1,
                                                  .owner_ns = 1,
                                                  .key_ns = 1,
                                                  .resolve_ns = 1,
                                                  .give_up_ns = 1,
                                                  .retry_ns = HOSTING_RETRY,
                                                  .requests = HOSTING_REQUESTS,
                                                  .ensures = HOSTING_ENSURES,
                                                  .keys = HOSTING_REQUESTS + HOSTING_ENSURES + 1,
                                                  .monitors = HOSTING_MONITORS};

static const struct ov_bound bound[] = {{.registry = 0, .key = {"kept", 4}, .contract = 70},
                                        {.registry = 1, .key = {"boss", 4}, .contract = 71}};

const struct ov_host_config hosting_config = {.cluster = &hosting_cluster,
                                              .bound = bound,
                                              .nbound = 2,
                                              .actors = HOSTING_ACTORS,
                                              .spawns = HOSTING_SPAWNS,
                                              .endpoints = HOSTING_ENDPOINTS};

struct ov_host *hosting_new(const struct ov_host_config *config)
{
    static _Alignas(16) uint8_t memory[1 << 16];
    struct ov_host *host;
    assert_in_range(ov_host_size(config), 1, sizeof memory);
    memset(memory, 0xa5, sizeof memory);
    assert_int_equal(ov_host_init(&host, memory, ov_host_size(config), config), 0);
    return host;
}

uint32_t hosting_shard(const char *key)
{
    return ov_shard_of(hosting_span(key), HOSTING_SHARDS);
}

/* ---- in words ---- */

struct ov_host *hosting;
uint64_t hosting_now;
uint64_t hosting_handles[16];
static char text[1024];
static unsigned nhandles;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    size_t len = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + len, sizeof text - len, format, args);
    va_end(args);
}

/* ---- what it says ---- */

static void say_in(const struct ov_in *in)
{
    const struct ov_answer *answer = in->answer;
    if (in->kind == OV_IN_STOPPED)
        say("stopped %u/%u. ", in->registry, in->shard);
    else if (in->kind == OV_IN_ENDED)
        say("ended %u: %s%s %.*s. ", (unsigned)answer->handle, ax_reason_name(answer->reason),
            answer->restart ? " restarts" : "", (int)answer->detail.len,
            answer->detail.len > 0 ? (const char *)answer->detail.ptr : "");
    else
        say("answer %u: %u %u %.*s. ", (unsigned)answer->handle, answer->status,
            (unsigned)answer->actor, (int)answer->body.len,
            answer->body.len > 0 ? (const char *)answer->body.ptr : "");
}

void hosting_say_effect(const struct ov_host_effect *what)
{
    switch (what->kind) {
    case OV_HOST_SPAWN:
        hosting_handles[++nhandles] = what->handle;
        say("spawn %.*s under %u. ", (int)what->key.len, (const char *)what->key.ptr,
            (unsigned)what->epoch);
        break;
    case OV_HOST_STOP:
        say("stop %u%s. ", (unsigned)what->actor, what->lost ? " at once" : "");
        break;
    case OV_HOST_TELL:
    case OV_HOST_ASK:
        hosting_handles[++nhandles] = what->handle;
        say("%s %u under %u. ", what->kind == OV_HOST_ASK ? "ask" : "tell", (unsigned)what->actor,
            (unsigned)what->epoch);
        break;
    case OV_HOST_CORE:
        say_in(what->in);
        break;
    default:
        break;
    }
}

const char *hosting_said(void)
{
    static char said[sizeof text];
    struct ov_host_effect what;
    while (ov_host_next(hosting, hosting_now, &what))
        hosting_say_effect(&what);
    memcpy(said, text, sizeof said);
    text[0] = 0;
    return said;
}

/* ---- what is said to it ---- */

void hosting_out(struct ov_out what)
{
    struct ov_host_effect effect;
    assert_int_equal(ov_host_out(hosting, &what, &effect), 0);
    hosting_say_effect(&effect);
}

void hosting_to(enum ov_out_kind kind, const char *key, uint64_t epoch)
{
    hosting_out((struct ov_out){.kind = kind, .shard = hosting_shard(key), .epoch = epoch});
}

void hosting_solo(enum ov_out_kind kind, uint64_t epoch)
{
    hosting_out((struct ov_out){.kind = kind, .registry = 1, .epoch = epoch});
}

void hosting_ensure(uint64_t handle, const char *key, uint64_t epoch)
{
    hosting_out((struct ov_out){.kind = OV_OUT_ENSURE,
                                .handle = handle,
                                .shard = hosting_shard(key),
                                .epoch = epoch,
                                .key = hosting_span(key)});
}

void hosting_to_actor(enum ov_out_kind kind, uint64_t handle, const char *key, uint64_t actor,
                      uint64_t epoch)
{
    const struct ov_frame frame = {.kind = OV_TELL};
    hosting_out((struct ov_out){.kind = kind,
                                .handle = handle,
                                .shard = hosting_shard(key),
                                .epoch = epoch,
                                .actor = actor,
                                .frame = &frame});
}

void hosting_to_name(enum ov_out_kind kind, uint64_t handle, const char *name)
{
    const struct ov_frame frame = {.endpoint = hosting_span(name)};
    hosting_out((struct ov_out){
        .kind = kind, .handle = handle, .registry = OV_NO_REGISTRY, .frame = &frame});
}

void hosting_spawned(unsigned nth, uint64_t actor)
{
    assert_int_equal(ov_host_spawned(hosting, hosting_now, hosting_handles[nth], 0, actor, 1), 0);
}

void hosting_ends(uint64_t actor, uint8_t reason)
{
    struct ov_host_end end = {.reason = reason, .incarnation = 1, .detail = {"why", 3}};
    assert_int_equal(ov_host_ended(hosting, actor, &end), 0);
}

int hosting_set_up(void **state)
{
    (void)state;
    hosting = hosting_new(&hosting_config);
    text[0] = 0;
    nhandles = 0;
    hosting_now = 1;
    return 0;
}
