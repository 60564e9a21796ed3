/* SPDX-License-Identifier: MIT */
/* show.c - what axsup shows of the cluster, as items of a JSON array. */
#include "libax/address.h"

#include "overlay/gateway/gw.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct page {
    char *text;
    size_t room, len;
};

/* An item, or nothing of it. */
static bool __attribute__((format(printf, 2, 3))) add(struct page *page, const char *format, ...)
{
    size_t left = page->room - page->len, comma = page->len > 0;
    va_list args;
    va_start(args, format);
    int n = left > comma ? vsnprintf(page->text + page->len + comma, left - comma, format, args)
                         : (int)left;
    va_end(args);
    if (n < 0 || (size_t)n + comma >= left) {
        page->text[page->len] = '\0';
        return false;
    }
    if (comma)
        page->text[page->len] = ',';
    page->len += (size_t)n + comma;
    return true;
}

#define EPOCH_TEXT 24

/* Bytes of a text of so many as JSON has it. */
#define SHOWN(bytes) (6 * (bytes) + 3)

/* A text, or null where it is not known. What is shown is UTF-8. */
static const char *shown(const char *text, char *to)
{
    char *at = to;
    if (text == NULL)
        return "null";
    *at++ = '"';
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ') {
            at += sprintf(at, "\\u%04x", (unsigned)*text);
            continue;
        }
        if (*text == '"' || *text == '\\')
            *at++ = '\\';
        *at++ = *text;
    }
    *at++ = '"';
    *at = '\0';
    return to;
}

static const char *session_of(const struct ov_ident *ident, char *text)
{
    if (ident->boot == 0)
        return NULL;
    ov_ident_format(ident, text);
    return text;
}

/* A peer, or who has come by its own address book; nobody else is known any more. */
static bool show_node(struct page *page, uint64_t at)
{
    struct ov_node_view view;
    char name[SHOWN(OV_NODE_MAX)], id[OV_ID_TEXT], session[SHOWN(OV_ID_TEXT)];
    char address[SHOWN(BOOT_ADDRESS_TEXT)];
    if (!ov_core_node(ov_cluster_core(gw.cluster), (uint32_t)at, &view) ||
        (gw_address(view.node) == NULL && !gw_has_connection(&view)))
        return true;
    return add(page, "{\"node\":%s,\"address\":%s,\"state\":\"%s\",\"session\":%s}",
               shown(view.node, name), shown(gw_address(view.node), address),
               !view.up                      ? "down"
               : view.suspect                ? "suspect"
               : view.abstains == OV_LEAVING ? "leaving"
               : view.abstains == OV_CUT_OFF ? "cut off"
                                             : "up",
               shown(session_of(&view.ident, id), session));
}

static bool show_session(struct page *page, uint64_t at)
{
    struct ov_node_view view;
    char name[SHOWN(OV_NODE_MAX)], id[OV_ID_TEXT], session[SHOWN(OV_ID_TEXT)];
    if (!ov_core_node(ov_cluster_core(gw.cluster), (uint32_t)at, &view) || !view.up)
        return true;
    return add(page,
               "{\"node\":%s,\"session\":%s,\"version\":%u,\"control\":%" PRIu64
               ",\"data\":%" PRIu64 "}",
               shown(view.node, name), shown(session_of(&view.ident, id), session), view.version,
               view.conn[0], view.conn[1]);
}

/* All shards of all registries, one behind the other. */
static bool shard_at(uint64_t at, uint32_t *registry, uint32_t *shard)
{
    for (*registry = 0; *registry < gw.config.nregistries; ++*registry) {
        if (at < gw.registries[*registry].shards) {
            *shard = (uint32_t)at;
            return true;
        }
        at -= gw.registries[*registry].shards;
    }
    return false;
}

/* 0: not known, or none yet. */
static const char *epoch_of(const struct ov_shard_view *view, char text[EPOCH_TEXT])
{
    snprintf(text, EPOCH_TEXT, "%" PRIu64, view->epoch);
    return view->epoch != 0 ? text : "null";
}

/* Of a shard that this node has, or has to do with. */
static bool show_lease(struct page *page, uint64_t at)
{
    uint32_t registry, shard;
    char name[SHOWN(OV_REGISTRY_MAX)], epoch[EPOCH_TEXT];
    struct ov_shard_view view;
    if (!shard_at(at, &registry, &shard))
        return true;
    ov_cluster_shard(gw.cluster, registry, shard, gw.now, &view);
    if (!view.here && view.state == OV_FREE)
        return true;
    return add(page,
               "{\"registry\":%s,\"shard\":%u,\"state\":\"%s\",\"epoch\":%s,"
               "\"left_ns\":%" PRIu64 "}",
               shown(gw.registries[registry].name, name), shard, ov_lease_state_text(view.state),
               epoch_of(&view, epoch), view.left_ns);
}

static bool show_shard(struct page *page, uint64_t at)
{
    uint32_t registry, shard;
    char name[SHOWN(OV_REGISTRY_MAX)], id[OV_ID_TEXT], owner[SHOWN(OV_ID_TEXT)], epoch[EPOCH_TEXT];
    struct ov_shard_view view;
    if (!shard_at(at, &registry, &shard))
        return true;
    ov_cluster_shard(gw.cluster, registry, shard, gw.now, &view);
    return add(page, "{\"registry\":%s,\"shard\":%u,\"owner\":%s,\"epoch\":%s,\"here\":%s}",
               shown(gw.registries[registry].name, name), shard,
               shown(session_of(&view.owner, id), owner), epoch_of(&view, epoch),
               view.here ? "true" : "false");
}

static bool show_count(struct page *page, uint64_t at)
{
    struct gw_count count = gw_count(at);
    char most[24] = "null";
    if (count.in_hand)
        snprintf(most, sizeof most, "%" PRIu64, count.most);
    return add(page, "{\"count\":\"%s\",\"value\":%" PRIu64 ",\"most\":%s}", count.name,
               count.value, most);
}

static uint64_t nodes(void)
{
    return gw.config.core.nodes_max;
}

static uint64_t shards(void)
{
    return gw_shards();
}

static const struct kind {
    const char *what;
    bool (*show)(struct page *page, uint64_t at);
    uint64_t (*n)(void);
} kinds[] = {{"nodes", show_node, nodes},
             {"sessions", show_session, nodes},
             {"shards", show_shard, shards},
             {"leases", show_lease, shards},
             {"counts", show_count, gw_counts_look}};

int gw_show(const char *what, uint64_t from, char *text, size_t room, uint64_t *next)
{
    const struct kind *kind = kinds;
    struct page page = {text, room, 0};
    while (kind < kinds + sizeof kinds / sizeof *kinds && strcmp(kind->what, what) != 0)
        kind++;
    if (kind == kinds + sizeof kinds / sizeof *kinds)
        return AX_E_INVALID;
    uint64_t count = kind->n();
    text[0] = '\0';
    while (from < count && kind->show(&page, from))
        from++;
    *next = from < count ? from : 0;
    return 0;
}
