/* SPDX-License-Identifier: MIT */
/* stand_in.c - who stands here for actors elsewhere: actors without messages, so that they have an
 * address, can be monitored as any, and end when whom they stand for does.
 *
 * Those for a key or for a name of a node stay as long as there is room (evict.c). One for an actor
 * is made where somebody monitors it (gw_watch), and ends with it, or when nobody does any more. */
#define AX_IMPLEMENT
#include "overlay/gateway/remote.h"

#include "libax/boot.h"
#include "libax/utf8.h"
#include "overlay/gateway/gw.h"

#include <ax/reflect.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SPARE 512u /* of the actors that the gateway may have: see set_room of axsup */

struct remote {
    char none;
};

AX_ACTOR(remote);

/* ---- the tables ---- */

static struct ax_span bytes_of(const void *ptr, size_t len)
{
    return (struct ax_span){ptr, (uint32_t)len};
}

/* Whoever chooses keys does not know the secret, and so makes no two with the same hash. */
static uint64_t hash_of(const struct gw_identity *identity)
{
    uint64_t hash;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "a value of SipHash");
    _Static_assert(sizeof gw.hash_secret == crypto_shorthash_KEYBYTES, "and its key");
    crypto_shorthash((void *)&hash, (const void *)identity, sizeof *identity, gw.hash_secret);
    return hash != 0 ? hash : 1;
}

static int remember(const struct gw_identity *identity, uint64_t addr)
{
    return gw_table_put(&gw.addr_of_identity, hash_of(identity), addr);
}

bool gw_stands_for(struct ax_ctx *ctx, uint64_t addr, struct gw_identity *identity)
{
    struct ax_span value;
    if (ax_map_get(ctx, gateway_stand_ins, bytes_of(&addr, sizeof addr), &value) != 0)
        return false;
    memcpy(identity, value.ptr, sizeof *identity);
    return true;
}

static int keep(struct ax_ctx *ctx, const struct gw_identity *identity, uint64_t addr)
{
    return ax_map_put(ctx, gateway_stand_ins, bytes_of(&addr, sizeof addr),
                      bytes_of(identity, sizeof *identity));
}

static void forget(struct ax_ctx *ctx, uint64_t addr, const struct gw_identity *identity)
{
    gw_table_take(&gw.addr_of_identity, hash_of(identity), NULL);
    gw_table_take(&gw.used_stand_ins, addr, NULL);
    if (ax_map_delete(ctx, gateway_stand_ins, bytes_of(&addr, sizeof addr)) == AX_E_LIMIT)
        gw_die(ctx, "who stands for another cannot be forgotten");
}

void gw_stand_in_end(struct ax_ctx *ctx, uint64_t addr, enum ax_reason reason)
{
    struct gw_identity identity;
    if (gw_stands_for(ctx, addr, &identity))
        forget(ctx, addr, &identity);
    if (far_end(ctx, (struct ax_ref){addr, 0}, reason, false) == AX_E_LIMIT)
        gw_die(ctx, "who stands for another cannot end");
}

static uint64_t most(void)
{
    return (uint64_t)gw.config.keys + gw.config.requests + gw.config.monitors + SPARE;
}

/* Who stands for it by now. Another one with the same hash gives way. */
static bool find(struct ax_ctx *ctx, const struct gw_identity *identity, uint64_t *addr)
{
    struct gw_identity found;
    if (!gw_table_get(&gw.addr_of_identity, hash_of(identity), addr) ||
        !gw_stands_for(ctx, *addr, &found))
        return false;
    if (memcmp(&found, identity, sizeof found) == 0)
        return true;
    gw_stand_in_end(ctx, *addr, AX_NODE_DOWN);
    return false;
}

int gw_stand_in(struct ax_ctx *ctx, const struct gw_identity *identity, struct ax_ref *who)
{
    remote_ref made;
    *who = (struct ax_ref){0};
    if (find(ctx, identity, &who->addr)) {
        gw_evict_used(ctx, who->addr);
        return 0;
    }
    if (ax_map_count(ctx, gateway_stand_ins) >= most() && !gw_evict(ctx))
        return AX_E_LIMIT;
    AX_TRY(remote_spawn(ctx, NULL, &made));
    int error = keep(ctx, identity, made.ref.addr);
    if (error == 0)
        error = remember(identity, made.ref.addr);
    if (error != 0) {
        gw_stand_in_end(ctx, made.ref.addr, AX_NORMAL);
        return gw_status(error);
    }
    gw_evict_used(ctx, made.ref.addr);
    *who = made.ref;
    return 0;
}

bool gw_stand_in_next(struct ax_ctx *ctx, uint64_t *cursor, uint64_t *addr,
                      struct gw_identity *identity)
{
    struct ax_span key, value;
    if (ax_map_next(ctx, gateway_stand_ins, cursor, &key, &value) != 0)
        return false;
    memcpy(addr, key.ptr, sizeof *addr);
    memcpy(identity, value.ptr, sizeof *identity);
    return true;
}

/* What the process before watched nobody watches any more: as if their nodes were down. */
void gw_stand_ins_open(struct ax_ctx *ctx)
{
    struct gw_identity identity;
    uint64_t addr;
    for (uint64_t at = 0; gw_stand_in_next(ctx, &at, &addr, &identity);) {
        if (identity.watched)
            gw_stand_in_end(ctx, addr, AX_NODE_DOWN);
        else if (remember(&identity, addr) != 0)
            gw_die(ctx, "no memory");
        far_go_on(ctx);
    }
}

/* ---- nodes ---- */

uint32_t gw_node_of_boot(uint64_t boot)
{
    struct ov_node_view view;
    for (uint32_t i = 0; i < gw.config.core.nodes_max; i++)
        if (ov_core_node(ov_cluster_core(gw.cluster), i, &view) && view.ident.boot == boot)
            return i;
    return GW_NO_NODE;
}

uint32_t gw_node_of_name(const char *name)
{
    struct ov_node_view view;
    if (strcmp(name, gw.self->ident.node) == 0)
        return OV_HERE;
    for (uint32_t i = 0; i < gw.config.core.nodes_max; i++)
        if (ov_core_node(ov_cluster_core(gw.cluster), i, &view) && strcmp(view.node, name) == 0)
            return i;
    return GW_NO_NODE;
}

uint64_t gw_boot_of(uint32_t node)
{
    struct ov_node_view view;
    if (node == OV_HERE)
        return gw.self->ident.boot;
    if (!ov_core_node(ov_cluster_core(gw.cluster), node, &view) || !view.up)
        return 0;
    return view.ident.boot;
}

/* ---- targets ---- */

static int target_endpoint(const struct gw_identity *identity, struct ov_target *target)
{
    target->node = gw_node_of_name(identity->name);
    if (target->node == GW_NO_NODE || (target->boot = gw_boot_of(target->node)) == 0)
        return AX_E_NODE_DOWN;
    target->endpoint = bytes_of(identity->endpoint, strlen(identity->endpoint));
    return 0;
}

static int target_actor(const struct gw_identity *identity, struct ov_target *target)
{
    target->node = gw_node_of_boot(identity->node);
    if (target->node == GW_NO_NODE)
        return AX_E_NODE_DOWN;
    target->boot = identity->node;
    target->actor = identity->addr;
    if (identity->epoch == 0)
        return 0;
    target->registry = identity->registry;
    target->shard = identity->shard;
    target->epoch = identity->epoch;
    return 0;
}

static int target_of(const struct gw_identity *identity, struct ov_target *target)
{
    *target = (struct ov_target){.registry = OV_NO_REGISTRY, .node = OV_HERE};
    switch (identity->kind) {
    case GW_KEY:
        target->registry = identity->registry;
        target->key = bytes_of(identity->key, identity->key_len);
        return 0;
    case GW_ENDPOINT:
        return target_endpoint(identity, target);
    default:
        return target_actor(identity, target);
    }
}

int gw_target(struct ax_ctx *ctx, uint64_t node, uint64_t addr, struct gw_identity *identity,
              struct ov_target *target)
{
    if (node == GATEWAY_VIA) {
        if (!gw_stands_for(ctx, addr, identity))
            return AX_E_NO_ACTOR;
        gw_evict_used(ctx, addr);
    } else {
        *identity = (struct gw_identity){.kind = GW_ACTOR, .node = node, .addr = addr};
    }
    return target_of(identity, target);
}

/* ---- in words ---- */

/* What is too long is cut. */
__attribute__((format(printf, 2, 3))) static void put(char *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(text, FAR_WHOM_MAX + 1, format, args);
    va_end(args);
}

static bool is_text(const uint8_t *key, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (key[i] < 0x20 || key[i] == 0x7f)
            return false;
    return ax_utf8_valid((const char *)key, len);
}

/* As "axsup call" has it; in hex where it is no text. */
static void key_text(const struct gw_identity *identity, char *text)
{
    const char *registry = gw.registries[identity->registry].name;
    char hex[2 * AX_KEY_MAX + 1] = "";
    if (is_text(identity->key, identity->key_len)) {
        put(text, "%s/%.*s", registry, (int)identity->key_len, (const char *)identity->key);
        return;
    }
    for (size_t i = 0; i < identity->key_len; i++)
        snprintf(hex + 2 * i, 3, "%02x", identity->key[i]);
    put(text, "%s/0x%s", registry, hex);
}

static void actor_text(const struct gw_identity *identity, char *text)
{
    char ref[AX_REF_TEXT];
    struct ov_node_view view;
    uint32_t node = gw_node_of_boot(identity->node);
    if (node != GW_NO_NODE && ov_core_node(ov_cluster_core(gw.cluster), node, &view))
        put(text, "%s at %s", ax_ref_format((struct ax_ref){identity->addr, 0}, ref), view.node);
    else
        put(text, "%s", ax_ref_format((struct ax_ref){identity->addr, identity->node}, ref));
}

const char *gw_whom(struct ax_ctx *ctx, uint64_t node, uint64_t addr, char *text)
{
    struct gw_identity identity = {.kind = GW_ACTOR, .node = node, .addr = addr};
    if (node == 0 || (node == GATEWAY_VIA && !gw_stands_for(ctx, addr, &identity)))
        return NULL;
    if (identity.kind == GW_KEY)
        key_text(&identity, text);
    else if (identity.kind == GW_ENDPOINT)
        put(text, "%s at %s", identity.endpoint, identity.name);
    else
        actor_text(&identity, text);
    return text;
}

/* ---- to be told of an end ---- */

/* Its monitors may still be on their way to it. */
#define LINGER_NS UINT64_C(1000000000)
#define LOOK_NS UINT64_C(5000000)
#define SWEEP_NS UINT64_C(5000000000)

/* The core watches it, for the one at `addr`. */
static int set_monitor(struct ax_ctx *ctx, const struct gw_identity *identity, uint64_t addr)
{
    struct ov_target target;
    uint64_t id = 0;
    AX_TRY(target_of(identity, &target));
    const struct ov_in in = {.kind = OV_IN_MONITOR, .target = &target, .token = addr};
    if (gw_table_put(&gw.monitor_of_stand_in, addr, UINT64_MAX) != 0)
        gw_die(ctx, "no memory");
    int error = gw_step(ctx, &in, &id);
    if (error != 0)
        gw_table_take(&gw.monitor_of_stand_in, addr, NULL);
    else if (gw_table_get(&gw.monitor_of_stand_in, addr, NULL)) /* not over yet */
        error = gw_table_put(&gw.monitor_of_stand_in, addr, id);
    return error == AX_E_BUSY ? AX_E_LIMIT : error;
}

/* Who stands for it until it ends. */
static int watch(struct ax_ctx *ctx, const struct gw_identity *identity, struct ax_ref *who)
{
    if (find(ctx, identity, &who->addr) && gw_table_get(&gw.monitor_of_stand_in, who->addr, NULL))
        return 0;
    AX_TRY(gw_stand_in(ctx, identity, who));
    if (gw.now + SWEEP_NS < gw.sweep_at)
        gw.sweep_at = gw.now + SWEEP_NS;
    if (gw.sweep_at < gw.look_at)
        gw.look_at = gw.sweep_at;
    int error = set_monitor(ctx, identity, who->addr);
    if (error != 0)
        gw_stand_in_end(ctx, who->addr, AX_NORMAL);
    return error;
}

/* One life of it has ended, and another begins: that is watched anew. */
static void watch_again(struct ax_ctx *ctx, const struct gw_later *later)
{
    uint64_t addr = later->out.token;
    struct gw_identity identity;
    if (gw_stands_for(ctx, addr, &identity) && set_monitor(ctx, &identity, addr) != 0)
        gw_stand_in_end(ctx, addr, AX_NODE_DOWN);
}

int gw_watch(struct ax_ctx *ctx, uint64_t node, uint64_t addr, struct ax_ref *who,
             struct gw_identity *identity)
{
    struct ov_target target;
    int error = gw_target(ctx, node, addr, identity, &target);
    if (error != 0 || identity->kind == GW_KEY)
        return error;
    identity->watched = true;
    return watch(ctx, identity, who);
}

int gw_watch_found(struct ax_ctx *ctx, const struct ov_out *out, struct ax_ref *who)
{
    const struct gw_identity identity = {
        .kind = GW_ACTOR,
        .watched = true,
        .node = out->boot,
        .addr = out->actor,
        .epoch = out->epoch,
        .registry = out->registry,
        .shard = out->shard,
    };
    if (out->node != OV_HERE)
        return watch(ctx, &identity, who);
    *who = (struct ax_ref){out->actor, 0};
    return 0;
}

/* The number says both until when and why. */
static void linger(struct ax_ctx *ctx, uint64_t addr, enum ax_reason reason)
{
    uint64_t until = (gw.now + LINGER_NS) / AX_REASON_COUNT * AX_REASON_COUNT;
    if (gw_table_put(&gw.lingering, addr, until + reason) != 0)
        gw_die(ctx, "no memory");
    if (gw.now + LOOK_NS < gw.look_at)
        gw.look_at = gw.now + LOOK_NS;
}

void gw_watch_down(struct ax_ctx *ctx, const struct ov_out *out)
{
    uint64_t addr = out->token;
    if (out->restart) {
        if (far_end(ctx, (struct ax_ref){addr, 0}, (enum ax_reason)out->reason, true) == AX_E_LIMIT)
            gw_die(ctx, "the end of an incarnation cannot be told");
        gw_run_later(ctx, watch_again)->out.token = addr;
        return;
    }
    gw_table_take(&gw.monitor_of_stand_in, addr, NULL);
    if (far_is_watched(ctx, (struct ax_ref){addr, 0}))
        gw_stand_in_end(ctx, addr, (enum ax_reason)out->reason);
    else
        linger(ctx, addr, (enum ax_reason)out->reason);
}

/* ---- now and then ---- */

/* Those that have ended and have been monitored by now, or never will be. */
static void look_at_lingering(struct ax_ctx *ctx)
{
    struct gw_pair *pair;
    for (uint32_t at = 0; (pair = gw_table_next(&gw.lingering, &at)) != NULL;) {
        uint64_t addr = pair->key, until = pair->value;
        if (gw.now < until && !far_is_watched(ctx, (struct ax_ref){addr, 0}))
            continue;
        enum ax_reason reason = (enum ax_reason)(pair->value % AX_REASON_COUNT);
        gw_table_take(&gw.lingering, addr, NULL);
        gw_stand_in_end(ctx, addr, reason);
        far_go_on(ctx);
        at--; /* another may have taken its place */
    }
}

/* Nobody monitors it any more. */
static void sweep(struct ax_ctx *ctx)
{
    struct gw_pair *pair;
    for (uint32_t at = 0; (pair = gw_table_next(&gw.monitor_of_stand_in, &at)) != NULL;) {
        uint64_t addr = pair->key;
        if (far_is_watched(ctx, (struct ax_ref){addr, 0}))
            continue;
        gw_later(ctx, OV_IN_DEMONITOR)->in.id = pair->value;
        gw_table_take(&gw.monitor_of_stand_in, addr, NULL);
        gw_stand_in_end(ctx, addr, AX_NORMAL);
        far_go_on(ctx);
        at--;
    }
}

void gw_stand_ins_look(struct ax_ctx *ctx)
{
    look_at_lingering(ctx);
    if (gw.now >= gw.sweep_at) {
        sweep(ctx);
        gw.sweep_at = gw.monitor_of_stand_in.used > 0 ? gw.now + SWEEP_NS : UINT64_MAX;
    }
    gw.look_at = gw.lingering.used > 0 ? gw.now + LOOK_NS : gw.sweep_at;
}
