/* SPDX-License-Identifier: MIT */
/* book.c - whom this node dials, and where, and by which keys it knows them; also when that changes
 * while it runs. A peer that is in the book no more is not dialled again, and no session is ended
 * by that, for it may be in the peer's book. One whose key is gone, or another one, was put out:
 * its session ends, and the next one has to show the key. */
#include "overlay/gateway/gw.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

int gw_key_from_hex(const char *hex, uint8_t key[OV_KEY])
{
    size_t len = 0;
    return sodium_hex2bin(key, OV_KEY, hex, 2 * (size_t)OV_KEY, NULL, &len, NULL) == 0 &&
                   len == OV_KEY
               ? 0
               : AX_E_INVALID;
}

static int read_pins(struct gw_book *book, json_t *pins)
{
    const char *node;
    json_t *hex;
    book->pins = calloc(json_object_size(pins) + 1, sizeof *book->pins);
    if (book->pins == NULL)
        return -ENOMEM;
    json_object_foreach(pins, node, hex)
    {
        struct ov_pin *pin = &book->pins[book->npins++];
        snprintf(pin->node, sizeof pin->node, "%s", node);
        AX_TRY(gw_key_from_hex(json_string_value(hex), pin->key));
    }
    return 0;
}

static int read_peers(struct gw_book *book, json_t *peers)
{
    const char *node;
    json_t *address;
    book->peers = calloc(json_object_size(peers) + 1, sizeof *book->peers);
    if (book->peers == NULL)
        return -ENOMEM;
    json_object_foreach(peers, node, address)
    {
        struct gw_peer *peer = &book->peers[book->npeers++];
        peer->node = strdup(node);
        peer->address = strdup(json_string_value(address));
        if (peer->node == NULL || peer->address == NULL)
            return -ENOMEM;
    }
    return 0;
}

int gw_book_read(struct gw_book *book, const json_t *args)
{
    AX_TRY(read_pins(book, json_object_get(args, "pins")));
    return read_peers(book, json_object_get(args, "peers"));
}

static void book_deinit(struct gw_book *book)
{
    for (uint32_t i = 0; i < book->npeers; i++) {
        free(book->peers[i].node);
        free(book->peers[i].address);
    }
    free(book->peers);
    free(book->pins);
    *book = (struct gw_book){0};
}

static const struct gw_peer *peer_in(const struct gw_book *book, const char *node)
{
    for (uint32_t i = 0; i < book->npeers; i++)
        if (strcmp(book->peers[i].node, node) == 0)
            return &book->peers[i];
    return NULL;
}

const char *gw_address(const char *node)
{
    const struct gw_peer *peer = peer_in(&gw.book, node);
    return peer == NULL ? NULL : peer->address;
}

/* ---- another one ---- */

/* How many peers the core has room for, beside nodes that are none and have a connection. */
static uint32_t room_for(const struct gw_book *book)
{
    const struct ov_core *core = ov_cluster_core(gw.cluster);
    uint32_t room = gw.config.core.nodes_max;
    struct ov_node_view view;
    for (uint32_t i = 0; i < gw.config.core.nodes_max; i++)
        room -= ov_core_node(core, i, &view) && gw_has_connection(&view) &&
                peer_in(book, view.node) == NULL;
    return room;
}

static int check_room(const struct gw_book *book, char *why, size_t room)
{
    uint32_t most = room_for(book);
    if (book->npeers <= most)
        return 0;
    snprintf(why, room,
             "cluster.peers: %u are too many for this process, which has room for %u: nothing was "
             "changed",
             book->npeers, most);
    return AX_E_LIMIT;
}

/* Those that have gone first: they make room. */
static int dial_others(struct ax_ctx *ctx, const struct gw_book *before)
{
    for (uint32_t i = 0; i < before->npeers; i++)
        if (gw_address(before->peers[i].node) == NULL)
            (void)gw_link_event(
                ctx, (struct ov_event){.kind = OV_ON_FORGET, .node = before->peers[i].node});
    for (uint32_t i = 0; i < gw.book.npeers; i++)
        AX_TRY(gw_link_event(ctx,
                             (struct ov_event){.kind = OV_ON_KNOW, .node = gw.book.peers[i].node}));
    return 0;
}

static const struct ov_pin *pin_in(const struct gw_book *book, const char *node)
{
    for (unsigned i = 0; i < book->npins; i++)
        if (strcmp(book->pins[i].node, node) == 0)
            return &book->pins[i];
    return NULL;
}

static void put_out(struct ax_ctx *ctx, const struct gw_book *before)
{
    struct ov_node_view view;
    for (unsigned i = 0; i < before->npins; i++) {
        const struct ov_pin *was = &before->pins[i], *is = pin_in(&gw.book, was->node);
        if ((is != NULL && memcmp(is->key, was->key, OV_KEY) == 0) ||
            !ov_core_node(ov_cluster_core(gw.cluster), gw_node_of_name(was->node), &view))
            continue;
        ax_log(ctx, AX_INFO, "node %s is not known by that key any more", was->node);
        gw_links_end(ctx, view.conn[0]);
        gw_links_end(ctx, view.conn[1]);
        gw_links_end(ctx, view.dial);
    }
    (void)gw_step(ctx, &(struct ov_in){.kind = OV_IN_TIMER}, NULL);
}

static void swap_books(struct gw_book *other)
{
    struct gw_book before = gw.book;
    gw.book = *other;
    *other = before;
    gw.self->pins = gw.book.pins;
    gw.self->npins = gw.book.npins;
}

/* With all of it or, where that is an error, with nothing of it; the other one is in its place. */
static int take_book(struct ax_ctx *ctx, struct gw_book *book, char *why, size_t room)
{
    AX_TRY(check_room(book, why, room));
    swap_books(book);
    int error = dial_others(ctx, book);
    if (error != 0) { /* a connection of a peer that has gone is still being closed */
        swap_books(book);
        (void)dial_others(ctx, book);
        snprintf(why, room, "cluster.peers: not all can be dialled, so nothing was changed: %s",
                 ax_strerror(error));
        return error;
    }
    gw_news_no_dials();
    put_out(ctx, book);
    return 0;
}

/* What cannot be read changes nothing. */
static int learn(struct ax_ctx *ctx, const json_t *args, struct ov_self *fresh, char *why,
                 size_t room)
{
    struct gw_book book = {0};
    int error = gw_read_tokens(ctx, args, fresh);
    if (error == 0)
        error = gw_book_read(&book, args);
    if (error != 0)
        snprintf(why, room, "the tokens or peers cannot be read: %s", ax_strerror(error));
    else
        error = take_book(ctx, &book, why, room);
    if (error == 0) {
        memcpy(gw.self->psks, fresh->psks, sizeof gw.self->psks);
        gw.self->ntokens = fresh->ntokens;
    }
    book_deinit(&book);
    return error;
}

int gw_learn(struct ax_ctx *ctx, const char *text, char *why, size_t room)
{
    json_t *args = json_loads(text, 0, NULL);
    struct ov_self *fresh = gw_secret_memory(sizeof *fresh);
    int error = args == NULL || fresh == NULL ? -ENOMEM : learn(ctx, args, fresh, why, room);
    if (args == NULL || fresh == NULL)
        snprintf(why, room, "%s", ax_strerror(error));
    if (fresh != NULL) {
        sodium_memzero(fresh, sizeof *fresh);
        munmap(fresh, sizeof *fresh);
    }
    json_decref(args);
    return gw_status(error);
}
