/* SPDX-License-Identifier: MIT */
#include "overlay/core/core_parts.h"

#include <sodium.h>
#include <string.h>

/* ---- memory: the core, its nodes, connections and buffers, one behind another ---- */

#define ALIGN 16u

struct layout {
    size_t nodes, conns, free, buffers, size;
    uint32_t nconns, nbuffers;
    size_t buffer;
};

static size_t take(size_t *at, size_t bytes)
{
    size_t begin = (*at + ALIGN - 1) / ALIGN * ALIGN;
    *at = begin + bytes;
    return begin;
}

static struct layout lay_out(const struct ov_core_config *config)
{
    struct layout layout = {.size = sizeof(struct ov_core)};
    layout.nconns = OV_GATE_PLACES + OV_CONNS_OF_NODE * config->nodes_max;
    layout.nbuffers = OV_STREAMS_OF_NODE * config->nodes_max;
    layout.buffer = OV_STREAM_ROOM((size_t)config->self->max_frame);
    layout.nodes = take(&layout.size, config->nodes_max * sizeof(struct ov_node));
    layout.conns = take(&layout.size, layout.nconns * sizeof(struct ov_conn));
    layout.free = take(&layout.size, layout.nbuffers * sizeof(struct ov_buffer));
    layout.buffers = take(&layout.size, layout.nbuffers * layout.buffer);
    return layout;
}

static bool config_valid(const struct ov_core_config *config)
{
    return config->nodes_max >= 1 && config->nodes_max <= OV_NODES_MAX &&
           ov_self_valid(config->self) && config->dial_ns > 0 && config->patience_ns > 0 &&
           config->retry_min_ns > 0 && config->retry_max_ns >= config->retry_min_ns &&
           config->beat_ns > 0 && config->suspect_ns > config->beat_ns &&
           config->dead_ns > config->suspect_ns && config->drain_ns > 0;
}

size_t ov_core_size(const struct ov_core_config *config)
{
    return config_valid(config) ? lay_out(config).size : 0;
}

int ov_core_init(struct ov_core **out, void *memory, size_t size,
                 const struct ov_core_config *config)
{
    struct ov_core *core = memory;
    struct layout layout;

    if (!config_valid(config))
        return AX_E_INVALID;
    layout = lay_out(config);
    if (size < layout.size)
        return AX_E_INVALID;
    memset(memory, 0, layout.buffers); /* of a buffer nothing is read that was not put there */
    *core = (struct ov_core){.config = *config,
                             .chance = config->seed,
                             .session = config->self->ident.session,
                             .gate.patience_ns = config->patience_ns,
                             .nodes = (void *)((char *)memory + layout.nodes),
                             .conns = (void *)((char *)memory + layout.conns),
                             .buffers = (void *)((char *)memory + layout.free),
                             .nconns = layout.nconns,
                             .nbuffers = layout.nbuffers,
                             .size = layout.buffers};
    for (uint32_t i = 0; i < layout.nbuffers; i++)
        core->buffers[i].bytes = (uint8_t *)memory + layout.buffers + i * layout.buffer;
    *out = core;
    return 0;
}

void ov_core_deinit(struct ov_core *core)
{
    ov_conn_wipe(core);
    for (uint32_t i = 0; i < core->nconns; i++)
        ov_stream_wipe(&core->conns[i].stream);
    sodium_memzero(core, core->size);
}

/* ---- what the other files share ---- */

struct ov_effect *ov_core_do(struct ov_core *core, enum ov_effect_kind kind)
{
    struct ov_effect *effect = &core->out->list[core->out->n++];
    *effect = (struct ov_effect){.kind = kind};
    return effect;
}

bool ov_core_has_room(struct ov_core *core)
{
    struct ov_effects *out = core->out;
    bool room =
        out->room - out->n >= OV_UNIT_EFFECTS && out->bytes_room - out->bytes_n >= OV_UNIT_BYTES;
    if (!room)
        out->more = true;
    return room;
}

/* splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
uint64_t ov_core_jitter(struct ov_core *core, uint64_t range)
{
    uint64_t z = core->chance += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return z % (range + 1);
}

/* ---- events ---- */

static int know(struct ov_core *core, const char *name)
{
    size_t len = strnlen(name, OV_NODE_MAX + 1);
    struct ov_node *node;

    if (core->leaving)
        return AX_E_SHUTTING_DOWN;
    if (!ov_node_valid((struct ax_span){name, (uint32_t)len}) ||
        strcmp(name, core->config.self->ident.node) == 0)
        return AX_E_INVALID;
    node = ov_node_get(core, name);
    if (node == NULL)
        return AX_E_LIMIT;
    if (!node->wanted)
        node->dial_at = core->now;
    node->wanted = true;
    return 0;
}

/* What is dialled within a session belongs to that, which goes on. */
static void forget(struct ov_core *core, const char *name)
{
    for (uint32_t i = 0; i < core->config.nodes_max; i++) {
        struct ov_node *node = &core->nodes[i];
        if (!node->wanted || strcmp(node->name, name) != 0)
            continue;
        node->wanted = false;
        if (!node->up && node->dial != NULL)
            ov_conn_fail(core, node->dial, OV_END_FORGOTTEN);
    }
}

static int send_frame(struct ov_core *core, uint32_t index, const struct ov_frame *frame)
{
    enum ov_plane plane = ov_frame_plane(frame->kind, frame->response);
    struct ov_effects *out = core->out;
    struct ov_conn *conn;
    size_t len;
    int r;

    if (index >= core->config.nodes_max || !core->nodes[index].up)
        return AX_E_NODE_DOWN;
    if (plane == OV_EITHER || frame->kind == OV_HEARTBEAT || frame->kind == OV_READY)
        return AX_E_INVALID;
    conn = core->nodes[index].kept[ov_plane_index(plane)];
    if (plane == OV_DATA && conn->stuck)
        return AX_E_FULL;
    r = core->config.gather ? ov_gather(core, conn, frame) : AX_E_BUSY;
    if (r != AX_E_BUSY)
        return r;
    r = ov_stream_seal(&conn->stream, frame, out->bytes + out->bytes_n,
                       out->bytes_room - out->bytes_n, &len);
    if (r != 0)
        return r;
    ov_conn_send(core, conn, len);
    return 0;
}

static void leave(struct ov_core *core)
{
    core->leaving = true;
    for (unsigned place = 1; place <= OV_GATE_PLACES; place++)
        if (core->gated[place] != NULL && ov_core_has_room(core))
            ov_conn_fail(core, core->gated[place], OV_END_LEFT);
    for (uint32_t i = 0; i < core->config.nodes_max; i++)
        if (ov_core_has_room(core))
            ov_node_leave(core, &core->nodes[i]);
}

/* Where a record holds many frames, all bytes may have been taken before all frames are read. */
static void read_on(struct ov_core *core)
{
    struct ov_conn *conn = ov_conn_find(core, core->unread);
    core->unread = 0;
    if (conn != NULL)
        ov_conn_received(core, conn, &(struct ov_event){.conn = conn->id});
}

static void tick(struct ov_core *core)
{
    unsigned place;
    read_on(core);
    while (ov_core_has_room(core) && (place = ov_gate_expire(&core->gate, core->now)) != 0) {
        struct ov_conn *conn = core->gated[place];
        core->gated[place] = NULL;
        conn->place = 0; /* it has left the gate by that */
        ov_conn_fail(core, conn, OV_END_LATE);
    }
    for (uint32_t i = 0; i < core->config.nodes_max; i++)
        while (ov_core_has_room(core) && ov_node_tick(core, &core->nodes[i]))
            ;
}

/* Events about one connection. */
static void on_conn(struct ov_core *core, const struct ov_event *event)
{
    struct ov_conn *conn = ov_conn_find(core, event->conn);
    bool dialling = conn != NULL && conn->state == OV_CONN_DIALLING;

    if (conn == NULL || (event->kind == OV_ON_CONNECTED && !dialling) ||
        (event->kind == OV_ON_RECEIVED && dialling)) {
        core->counts.stale++;
        core->out->used = event->len;
        return;
    }
    if (event->kind == OV_ON_CONNECTED)
        ov_conn_connected(core, conn, event->chance);
    else if (event->kind == OV_ON_RECEIVED)
        ov_conn_received(core, conn, event);
    else if (event->kind == OV_ON_STUCK || event->kind == OV_ON_FLOWS)
        conn->stuck = event->kind == OV_ON_STUCK;
    else
        ov_conn_closed(core, conn);
}

int ov_core_step(struct ov_core *core, uint64_t now, const struct ov_event *event,
                 struct ov_effects *effects)
{
    effects->n = 0;
    effects->bytes_n = effects->used = 0;
    effects->more = false;
    if (effects->room < OV_EFFECTS_MIN || effects->bytes_room < OV_EFFECT_BYTES)
        return AX_E_LIMIT;
    core->now = now;
    core->out = effects;
    if (event->kind == OV_ON_CLOSED)
        ov_gather_forget(core, event->conn);
    if (event->kind != OV_ON_SEND) {
        ov_conn_wipe(core);
        ov_gather_send(core);
    }
    switch (event->kind) {
    case OV_ON_TIMER:
        tick(core);
        return 0;
    case OV_ON_KNOW:
        return know(core, event->node);
    case OV_ON_FORGET:
        forget(core, event->node);
        return 0;
    case OV_ON_ACCEPTED:
        ov_conn_accepted(core, event);
        return 0;
    case OV_ON_SEND:
        return send_frame(core, event->index, event->frame);
    case OV_ON_LEAVE:
        leave(core);
        return 0;
    default:
        on_conn(core, event);
        return 0;
    }
}

void ov_core_abstain(struct ov_core *core, enum ov_abstains abstains)
{
    if (core->abstains == abstains)
        return;
    core->abstains = abstains;
    for (uint32_t i = 0; i < core->config.nodes_max; i++)
        core->nodes[i].beat_at = core->now;
}

uint64_t ov_core_next(const struct ov_core *core)
{
    uint64_t next = ov_core_gathers(core) ? 0 : ov_gate_next(&core->gate);
    for (uint32_t i = 0; i < core->config.nodes_max; i++) {
        uint64_t at = ov_node_next(core, &core->nodes[i]);
        if (at < next)
            next = at;
    }
    return next;
}

/* ---- to be looked at ---- */

static uint64_t id_of(const struct ov_conn *conn)
{
    return conn != NULL ? conn->id : 0;
}

bool ov_core_node(const struct ov_core *core, uint32_t index, struct ov_node_view *view)
{
    const struct ov_node *node;
    if (index >= core->config.nodes_max || core->nodes[index].name[0] == 0)
        return false;
    node = &core->nodes[index];
    *view = (struct ov_node_view){
        .node = node->name,
        .up = node->up,
        .suspect = node->suspect,
        .abstains = node->abstains,
        .ident = node->sessions.now,
        .version = node->kept[0] != NULL ? node->kept[0]->link.peer.version : 0,
        .conn = {id_of(node->kept[0]), id_of(node->kept[1])},
        .dial = id_of(node->dial),
    };
    return true;
}

const struct ov_core_counts *ov_core_counts(const struct ov_core *core)
{
    return &core->counts;
}

bool ov_core_gathers(const struct ov_core *core)
{
    return core->ngathered > 0;
}

const struct ov_gate *ov_core_gate(const struct ov_core *core)
{
    return &core->gate;
}

const char *ov_end_text(enum ov_end end)
{
    static const char *const texts[] = {
#define TEXT(symbol, text) text,
        OV_ENDS(TEXT)
#undef TEXT
    };
    return (unsigned)end < OV_END_COUNT ? texts[end] : "?";
}
