/* SPDX-License-Identifier: MIT */
/* news.c - what "axsup events" shows of nodes, of leases, and of who was refused, as the log does.
 */
#include "libax/gateway_event.h"

#include "overlay/gateway/gw.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Whoever can reach the port can be refused as often as he likes: so many are told at once. */
#define REFUSED_NS UINT64_C(1000000000)

/* Each is told whole. */
#define FITS(text) _Static_assert(sizeof(text) - 1 <= AX_WORDS_MAX, "too long: " text);
#define END_FITS(symbol, text) FITS(text)
#define REFUSAL_FITS(symbol, result, text) FITS(text)
OV_ENDS(END_FITS)
OV_REFUSALS(REFUSAL_FITS)

/* ---- nodes ---- */

/* A session in place of one that has ended for it is no news of the node. */
void gw_news_node(struct ax_ctx *ctx, const char *node, const struct ov_effect *effect)
{
    bool up = effect->kind == OV_TELL_UP, rotated = gw.rotating[effect->index];
    enum gateway_what what = !up       ? GATEWAY_NODE_DOWN
                             : rotated ? GATEWAY_SESSION_ROTATED
                                       : GATEWAY_NODE_UP;
    const struct gateway_news news = {.what = what,
                                      .name = node,
                                      .number = effect->ident.session,
                                      .why = up ? NULL : ov_end_text(effect->end)};
    gw.rotating[effect->index] = !up && effect->end == OV_END_SESSION;
    gateway_event(ctx, &news);
}

/* ---- leases ---- */

static void tell_lease(struct ax_ctx *ctx, uint32_t registry, uint32_t shard, uint64_t epoch,
                       const char *why)
{
    const struct gateway_news news = {.what =
                                          why == NULL ? GATEWAY_LEASE_ACQUIRED : GATEWAY_LEASE_LOST,
                                      .name = gw.registries[registry].name,
                                      .shard = shard,
                                      .number = epoch,
                                      .why = why};
    gateway_event(ctx, &news);
}

void gw_news_lease(struct ax_ctx *ctx, const struct ov_out *out)
{
    if (out->kind == OV_OUT_GAINED)
        tell_lease(ctx, out->registry, out->shard, out->epoch, NULL);
    else if (out->kind == OV_OUT_LOST)
        tell_lease(ctx, out->registry, out->shard, out->epoch, "lost");
}

void gw_news_stopped(struct ax_ctx *ctx, const struct ov_in *in)
{
    struct ov_shard_view view;
    if (in->kind != OV_IN_STOPPED)
        return;
    ov_cluster_shard(gw.cluster, in->registry, in->shard, gw.now, &view);
    if (view.state == OV_DRAINING)
        tell_lease(ctx, in->registry, in->shard, view.epoch, "given away");
}

/* ---- who is refused ---- */

void gw_news_from(char text[GW_FROM], const struct sockaddr_storage *from)
{
    const struct sockaddr_in6 *v6 = (const void *)from;
    const struct sockaddr_in *v4 = (const void *)from;
    snprintf(text, GW_FROM, "a Unix socket");
    if (from->ss_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, text, GW_FROM);
    else if (from->ss_family == AF_INET)
        (void)inet_ntop(AF_INET, &v4->sin_addr, text, GW_FROM);
}

void gw_news_refused(struct ax_ctx *ctx, const char *from, const char *why)
{
    gw.refused.count++;
    gw.refused.why = why;
    snprintf(gw.refused.from, sizeof gw.refused.from, "%s", from);
    gw_news_look(ctx);
}

/* A node that is being stopped hangs up as well, but not as often. */
#define HUNG_UP 4u
#define HUNG_UP_NS (10 * UINT64_C(1000000000)) /* between two that are told of a node */

void gw_news_hung_up(struct ax_ctx *ctx, uint32_t node, const char *name, const char *address)
{
    struct gw_hung_up *hung_up = &gw.hung_up[node];
    hung_up->running++;
    hung_up->untold++;
    if (hung_up->running < HUNG_UP || gw.now < hung_up->next)
        return;
    const struct gateway_news news = {
        .what = GATEWAY_DIAL_REFUSED, .name = name, .number = hung_up->untold, .why = address};
    gateway_event(ctx, &news);
    ax_log(ctx, AX_WARN,
           "node %s is not at %s: another node is there, or one that refuses this one, or a relay "
           "without a node behind it; %u connection(s) were ended there, and its own log says why",
           name, address, hung_up->untold);
    hung_up->untold = 0;
    hung_up->next = gw.now + HUNG_UP_NS;
}

void gw_news_not_hung_up(uint32_t node)
{
    gw.hung_up[node] = (struct gw_hung_up){.next = gw.hung_up[node].next};
}

void gw_news_no_dials(void)
{
    gw.books++;
    for (uint32_t node = 0; node < OV_NODES_MAX; node++)
        gw_news_not_hung_up(node);
}

void gw_news_look(struct ax_ctx *ctx)
{
    const struct gateway_news news = {.what = GATEWAY_AUTH_REFUSED,
                                      .name = gw.refused.from,
                                      .number = gw.refused.count,
                                      .why = gw.refused.why};
    if (gw.refused.count == 0 || gw.now < gw.refused.next)
        return;
    gateway_event(ctx, &news);
    ax_log(ctx, AX_WARN, "refused %llu time(s), last from %s: %s",
           (unsigned long long)gw.refused.count, gw.refused.from, gw.refused.why);
    gw.refused.count = 0;
    gw.refused.next = gw.now + REFUSED_NS;
}

uint64_t gw_news_next(void)
{
    return gw.refused.count > 0 ? gw.refused.next : UINT64_MAX;
}
