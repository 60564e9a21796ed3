/* SPDX-License-Identifier: MIT */
/* links.c - the connections of the core are handles of the actor. */
#include "overlay/gateway/gw.h"
#include "overlay/gateway/tells.h"

#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define WAITS_MOST (1u << 20) /* bytes that wait for room, of one connection */

/* ---- the table ---- */

static struct gw_link *by(const struct gw_table *table, uint64_t number)
{
    uint64_t at;
    return gw_table_get(table, number, &at) ? &gw.links[at] : NULL;
}

struct gw_link *gw_links_find(uint64_t conn)
{
    return conn == 0 ? NULL : by(&gw.link_of_conn, conn);
}

uint64_t gw_links_left(struct ax_ctx *ctx, const struct gw_link *link)
{
    return link->written - far_outbound(ctx, link->io);
}

static struct gw_link *add(struct ax_ctx *ctx, uint64_t conn, uint64_t io, const char *from)
{
    uint32_t at = 0;
    while (at < gw.nlinks && gw.links[at].conn != 0)
        at++;
    if (at == gw.nlinks) {
        struct gw_link *larger = reallocarray(gw.links, at + 1, sizeof *larger);
        if (larger == NULL)
            gw_die(ctx, "no memory");
        gw.links = larger;
        gw.nlinks++;
    }
    gw.links[at] = (struct gw_link){.conn = conn, .io = io};
    snprintf(gw.links[at].from, sizeof gw.links[at].from, "%s", from);
    if (gw_table_put(&gw.link_of_conn, conn, at) != 0 || gw_table_put(&gw.link_of_io, io, at) != 0)
        gw_die(ctx, "no memory");
    return &gw.links[at];
}

static void drop(struct ax_ctx *ctx, struct gw_link *link)
{
    gw_slow_end(ctx, link);
    gw_tells_gone(ctx, link);
    gw_table_take(&gw.link_of_conn, link->conn, NULL);
    gw_table_take(&gw.link_of_io, link->io, NULL);
    free(link->kept);
    link->kept = NULL;
    link->conn = 0;
}

/* ---- what the core wants ---- */

static void closed_later(struct ax_ctx *ctx, uint64_t conn)
{
    struct gw_later *later = gw_later(ctx, OV_IN_LINK);
    later->link = (struct ov_event){.kind = OV_ON_CLOSED, .conn = conn};
}

static void dial(struct ax_ctx *ctx, const struct ov_effect *effect)
{
    struct ov_node_view view;
    uint64_t io;
    const char *address = NULL;
    if (ov_core_node(ov_cluster_core(gw.cluster), effect->index, &view))
        address = gw_address(view.node);
    if (address == NULL || ax_io_connect(ctx, address, &io) != 0) {
        closed_later(ctx, effect->conn);
        return;
    }
    struct gw_link *link = add(ctx, effect->conn, io, address);
    link->connecting = true;
    link->dials = effect->index + 1;
    link->book = gw.books;
}

static void give_up(struct ax_ctx *ctx, struct gw_link *link)
{
    uint64_t conn = link->conn;
    (void)ax_io_close(ctx, link->io);
    drop(ctx, link);
    closed_later(ctx, conn);
}

void gw_links_end(struct ax_ctx *ctx, uint64_t conn)
{
    struct gw_link *link = gw_links_find(conn);
    if (link != NULL)
        give_up(ctx, link);
}

/* Where it cannot be taken there is more under way than there is mail and answers. */
static void send_bytes(struct ax_ctx *ctx, const struct ov_effect *effect)
{
    struct gw_link *link = gw_links_find(effect->conn);
    if (link == NULL)
        return;
    link->written += effect->len;
    if (ax_io_write(ctx, link->io, effect->bytes, (uint32_t)effect->len) != 0)
        give_up(ctx, link);
    else if (far_waits(ctx, link->io, GW_SLOW))
        gw_slow_begin(ctx, link);
}

static void read_or_not(struct ax_ctx *ctx, const struct gw_link *link)
{
    (void)ax_io_read(ctx, link->io, !link->paused && !link->held && !link->choked);
}

void gw_links_choke(struct ax_ctx *ctx, uint64_t conn, bool choked)
{
    struct gw_link *link = gw_links_find(conn);
    if (link == NULL)
        return;
    link->choked = choked;
    read_or_not(ctx, link);
}

static void pause_or_not(struct ax_ctx *ctx, struct gw_link *link, bool paused)
{
    if (link->paused == paused)
        return;
    link->paused = paused;
    read_or_not(ctx, link);
}

uint64_t gw_links_wait(struct ax_ctx *ctx, uint64_t bytes, bool crowded)
{
    struct gw_link *link = gw_links_find(gw.reading);
    if (link == NULL)
        return 0;
    link->waits += bytes;
    if (crowded || link->waits > WAITS_MOST)
        pause_or_not(ctx, link, true);
    return link->conn;
}

void gw_links_waited(struct ax_ctx *ctx, uint64_t conn, uint64_t bytes)
{
    struct gw_link *link = gw_links_find(conn);
    if (link == NULL)
        return;
    link->waits -= bytes;
    if (link->waits == 0)
        pause_or_not(ctx, link, false);
}

static void received(struct ax_ctx *ctx, uint64_t conn, const void *bytes, size_t len)
{
    uint64_t before = gw.reading;
    gw.reading = conn;
    (void)gw_link_event(
        ctx, (struct ov_event){.kind = OV_ON_RECEIVED, .conn = conn, .bytes = bytes, .len = len});
    gw.reading = before;
}

/* What has come with the bytes by which it was held: it is read no more with this turn. */
bool gw_links_keep(struct ax_ctx *ctx, const struct ov_event *event)
{
    struct gw_link *link = gw_links_find(event->conn);
    if (link == NULL || !link->held)
        return false;
    if (link->kept != NULL || (link->kept = malloc(event->len)) == NULL)
        gw_die(ctx, "no memory for what is not to be read yet");
    memcpy(link->kept, event->bytes, event->len);
    link->nkept = event->len;
    return true;
}

/* Ahead of all that is read from now on. */
static void give_again(struct ax_ctx *ctx, const struct gw_later *later)
{
    struct gw_link *link = gw_links_find(later->link.conn);
    if (link == NULL)
        return;
    uint8_t *bytes = link->kept;
    size_t len = link->nkept;
    link->kept = NULL;
    link->nkept = 0;
    if (len > 0)
        received(ctx, later->link.conn, bytes, len);
    free(bytes);
}

static void hold(struct ax_ctx *ctx, struct gw_link *link, bool held)
{
    link->held = held;
    read_or_not(ctx, link);
    if (!held)
        gw_run_later(ctx, give_again)->link.conn = link->conn;
}

static void tell(struct ax_ctx *ctx, const struct ov_effect *effect)
{
    struct ov_node_view view;
    if (!ov_core_node(ov_cluster_core(gw.cluster), effect->index, &view))
        return;
    if (effect->kind == OV_TELL_UP || effect->kind == OV_TELL_DOWN)
        gw_news_node(ctx, view.node, effect);
    if (effect->kind == OV_TELL_UP) {
        gw_news_not_hung_up(effect->index);
        ax_log(ctx, AX_INFO, "node %s is up, boot %llx, session %llu", view.node,
               (unsigned long long)effect->ident.boot, (unsigned long long)effect->ident.session);
        gw_leases_node_up(ctx, view.node);
        gw_alike_node_up(ctx, effect->index);
    } else if (effect->kind == OV_TELL_DOWN) {
        ax_log(ctx, AX_WARN, "node %s is down, it may be alive: %s", view.node,
               ov_end_text(effect->end));
        if (effect->end != OV_END_SESSION) /* another one takes its place */
            gw_leases_node_down(ctx, view.node);
    }
}

static void hang_up(struct ax_ctx *ctx, struct gw_link *link, const struct ov_effect *effect)
{
    if (effect->end == OV_END_REFUSED)
        gw_news_refused(ctx, link->from, ov_refusal_text(effect->refusal));
    else if (effect->end == OV_END_REPLACED || effect->end == OV_END_PUT_OUT ||
             (effect->end == OV_END_LATE && link->dials == 0))
        gw_news_refused(ctx, link->from, ov_end_text(effect->end));
    (void)ax_io_close(ctx, link->io);
    drop(ctx, link);
}

void gw_links_do(struct ax_ctx *ctx, const struct ov_effect *effect)
{
    struct gw_link *link;
    switch (effect->kind) {
    case OV_DO_DIAL:
        dial(ctx, effect);
        break;
    case OV_DO_ACCEPT:
        (void)add(ctx, effect->conn, gw.accepted, gw.accepted_from);
        far_keep_alive(ctx, gw.accepted, &gw.keep_alive);
        break;
    case OV_DO_TURN_AWAY:
        (void)ax_io_close(ctx, gw.accepted);
        gw_news_refused(ctx, gw.accepted_from, "too many connections at once");
        break;
    case OV_DO_SEND:
        send_bytes(ctx, effect);
        break;
    case OV_DO_HOLD:
    case OV_DO_GO_ON:
        if ((link = gw_links_find(effect->conn)) != NULL)
            hold(ctx, link, effect->kind == OV_DO_HOLD);
        break;
    case OV_DO_CLOSE:
        if ((link = gw_links_find(effect->conn)) != NULL)
            hang_up(ctx, link, effect);
        break;
    default:
        tell(ctx, effect);
    }
}

/* ---- what happens to them ---- */

static void accepted(struct ax_ctx *ctx, uint64_t io)
{
    uint8_t chance[OV_KEY];
    struct ov_address address = {.local = true};
    struct sockaddr_storage from = {0};
    if (far_peer(ctx, io, &from) != 0) { /* it has gone already, and would count as nobody's */
        (void)ax_io_close(ctx, io);
        return;
    }
    randombytes_buf(chance, sizeof chance);
    if (from.ss_family != AF_UNIX) {
        address.local = false;
        if (from.ss_family == AF_INET6)
            memcpy(address.bytes, &((struct sockaddr_in6 *)(void *)&from)->sin6_addr, 16);
        else {
            memset(address.bytes + 10, 0xff, 2);
            memcpy(address.bytes + 12, &((struct sockaddr_in *)(void *)&from)->sin_addr, 4);
        }
    }
    gw.accepted = io;
    gw_news_from(gw.accepted_from, &from);
    (void)gw_link_event(
        ctx, (struct ov_event){.kind = OV_ON_ACCEPTED, .address = &address, .chance = chance});
    sodium_memzero(chance, sizeof chance);
}

static void connected(struct ax_ctx *ctx, struct gw_link *link, int error)
{
    uint64_t conn = link->conn;
    uint8_t chance[OV_KEY];
    link->connecting = false;
    if (error != 0) {
        gw_news_not_hung_up(link->dials - 1);
        drop(ctx, link);
        (void)gw_link_event(ctx, (struct ov_event){.kind = OV_ON_CLOSED, .conn = conn});
        return;
    }
    far_keep_alive(ctx, link->io, &gw.keep_alive);
    randombytes_buf(chance, sizeof chance);
    (void)gw_link_event(ctx,
                        (struct ov_event){.kind = OV_ON_CONNECTED, .conn = conn, .chance = chance});
    sodium_memzero(chance, sizeof chance);
}

static void closed(struct ax_ctx *ctx, struct gw_link *link)
{
    uint64_t conn = link->conn;
    struct ov_node_view view;
    if (link->dials != 0 && link->book == gw.books &&
        ov_core_node(ov_cluster_core(gw.cluster), link->dials - 1, &view) && view.dial == conn &&
        !gw_has_connection(&view) && gw_address(view.node) != NULL)
        gw_news_hung_up(ctx, link->dials - 1, view.node, gw_address(view.node));
    drop(ctx, link);
    (void)gw_link_event(ctx, (struct ov_event){.kind = OV_ON_CLOSED, .conn = conn});
}

void gw_links_io(struct ax_ctx *ctx, const struct ax_io_event *event)
{
    struct gw_link *link = by(&gw.link_of_io, event->io);
    if (event->what == AX_IO_ACCEPTED) {
        accepted(ctx, event->accepted);
    } else if (link == NULL) {
        return;
    } else if (event->what == AX_IO_CONNECTED) {
        connected(ctx, link, event->error);
    } else if (event->what == AX_IO_DATA) {
        received(ctx, link->conn, event->data, event->size);
    } else if (event->what == AX_IO_DRAINED) {
        gw_slow_drained(ctx, link);
    } else if (event->what == AX_IO_CLOSED) {
        closed(ctx, link);
    }
}
