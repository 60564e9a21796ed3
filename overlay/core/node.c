/* SPDX-License-Identifier: MIT */
#include "overlay/core/core_parts.h"

#include <string.h>

/* ---- the table ---- */

static bool is_idle(const struct ov_node *node)
{
    return !node->wanted && !node->up && node->kept[0] == NULL && node->kept[1] == NULL &&
           node->draining[0] == NULL && node->draining[1] == NULL && node->dial == NULL;
}

struct ov_node *ov_node_get(struct ov_core *core, const char *name)
{
    struct ov_node *place = NULL;
    for (uint32_t i = 0; i < core->config.nodes_max; i++) {
        struct ov_node *node = &core->nodes[i];
        if (strcmp(node->name, name) == 0)
            return node;
        if (node->name[0] == 0 ? place == NULL || place->name[0] != 0
                               : place == NULL && is_idle(node))
            place = node;
    }
    if (place == NULL)
        return NULL;
    *place = (struct ov_node){0};
    memcpy(place->name, name, strlen(name));
    return place;
}

uint64_t ov_node_session(const struct ov_core *core, const char *name)
{
    for (uint32_t i = 0; i < core->config.nodes_max; i++)
        if (strcmp(core->nodes[i].name, name) == 0 && core->nodes[i].own != 0)
            return core->nodes[i].own;
    return core->session;
}

/* ---- dials ---- */

/* From half of the time to all of it, which doubles. */
static void dial_later(struct ov_core *core, struct ov_node *node)
{
    uint64_t wait = core->config.retry_min_ns;
    for (unsigned i = 0; i < node->vain && wait < core->config.retry_max_ns; i++)
        wait *= 2;
    if (wait > core->config.retry_max_ns)
        wait = core->config.retry_max_ns;
    node->dial_at = core->now + wait / 2 + ov_core_jitter(core, wait - wait / 2);
    if (node->vain < 64)
        node->vain++;
}

/* The plane that is to be dialled next; OV_EITHER: none. */
static enum ov_plane missing(const struct ov_core *core, const struct ov_node *node)
{
    const struct ov_conn *control = node->kept[0];
    if (core->leaving || node->dial != NULL)
        return OV_EITHER;
    if (control == NULL)
        return node->wanted ? OV_CONTROL : OV_EITHER;
    return node->kept[1] == NULL && control->link.peer.role == OV_INITIATOR ? OV_DATA : OV_EITHER;
}

static void dial(struct ov_core *core, struct ov_node *node, enum ov_plane plane)
{
    struct ov_conn *conn = ov_conn_new(core, OV_CONN_DIALLING);
    struct ov_effect *effect = ov_core_do(core, OV_DO_DIAL);
    conn->node = ov_node_index(core, node);
    conn->plane = plane;
    conn->until = core->now + core->config.dial_ns;
    node->dial = conn;
    effect->conn = conn->id;
    effect->index = conn->node;
    effect->plane = plane;
}

void ov_node_dial_failed(struct ov_core *core, struct ov_node *node, enum ov_plane plane)
{
    dial_later(core, node);
    ov_elect_no_successor(core, node, plane);
}

/* ---- the session ---- */

/* Who has dialled data may hear the answer long after what is sent on control behind it, so it says
 * when it is there. */
static void say_ready(struct ov_core *core, struct ov_node *node)
{
    struct ov_frame frame = {.kind = OV_READY};
    if (!ov_conn_say(core, node->kept[0], &frame))
        ov_conn_fail(core, node->kept[0], OV_END_PROTOCOL);
}

static void tell_part(struct ov_core *core, const struct ov_node *node)
{
    struct ov_effect *effect = ov_core_do(core, OV_TELL_PART);
    effect->index = ov_node_index(core, node);
    effect->abstains = node->abstains;
}

void ov_node_settle(struct ov_core *core, struct ov_node *node)
{
    struct ov_effect *effect;
    if (node->up || node->kept[0] == NULL || node->kept[1] == NULL)
        return;
    bool own = node->kept[1]->link.peer.role == OV_INITIATOR;
    if (!own && !node->peer_up)
        return;
    node->up = true;
    node->ident = node->sessions.now;
    effect = ov_core_do(core, OV_TELL_UP);
    effect->index = ov_node_index(core, node);
    effect->ident = node->ident;
    if (node->said)
        tell_part(core, node);
    if (own)
        say_ready(core, node);
}

bool ov_node_peer_up(struct ov_core *core, struct ov_node *node)
{
    if (node->kept[1] == NULL)
        return false;
    node->peer_up = true;
    ov_node_settle(core, node);
    return node->up;
}

static void close_one(struct ov_core *core, struct ov_conn **place, enum ov_end end,
                      const struct ov_conn *spared)
{
    struct ov_conn *conn = *place;
    if (conn == NULL || conn == spared)
        return;
    *place = NULL;
    ov_conn_close(core, conn, end);
}

/* What this node has lost by itself it tells by a higher session, so that the peer gives up the
 * same, though it may not have noticed. */
static void next_session(struct ov_core *core, struct ov_node *node)
{
    if (node->kept[0] != NULL || node->kept[1] != NULL || node->draining[0] != NULL ||
        node->draining[1] != NULL || node->up)
        node->own = ++core->session;
}

void ov_node_end(struct ov_core *core, struct ov_node *node, enum ov_end end,
                 const struct ov_conn *spared)
{
    if (spared == NULL)
        next_session(core, node);
    for (unsigned i = 0; i < OV_PLANES; i++) {
        close_one(core, &node->kept[i], end, spared);
        close_one(core, &node->draining[i], end, spared);
    }
    if (node->dial != NULL && node->dial->plane == OV_DATA)
        close_one(core, &node->dial, end, spared);
    dial_later(core, node);
    node->suspect = node->peer_up = node->ready = node->said = false;
    node->abstains = OV_TAKES_PART;
    node->dialled[0] = node->dialled[1] = 0;
    if (!node->up)
        return;
    node->up = false;
    struct ov_effect *effect = ov_core_do(core, OV_TELL_DOWN);
    effect->index = ov_node_index(core, node);
    effect->ident = node->ident;
    effect->end = end;
}

static void say_goodbye(struct ov_core *core, struct ov_conn *conn)
{
    struct ov_frame frame = {.kind = OV_GOODBYE};
    OV_SET(&frame, status, AX_E_SHUTTING_DOWN);
    OV_SET(&frame, last, true);
    if (conn != NULL) /* it is closed next, whatever comes of this */
        (void)ov_conn_say(core, conn, &frame);
}

bool ov_node_leave(struct ov_core *core, struct ov_node *node)
{
    if (node->kept[0] == NULL && node->kept[1] == NULL && node->draining[0] == NULL &&
        node->draining[1] == NULL && node->dial == NULL)
        return false;
    say_goodbye(core, node->kept[0]);
    say_goodbye(core, node->kept[1]);
    close_one(core, &node->dial, OV_END_LEFT, NULL);
    ov_node_end(core, node, OV_END_LEFT, NULL);
    return true;
}

/* ---- heartbeats ---- */

/* Three quarters of the time to all of it, so that nodes do not beat in step. */
static void beat_later(struct ov_core *core, struct ov_node *node)
{
    uint64_t quarter = core->config.beat_ns / 4;
    node->beat_at = core->now + core->config.beat_ns - ov_core_jitter(core, quarter);
}

static void shown_alive(struct ov_core *core, struct ov_node *node)
{
    node->alive_at = core->now;
    if (!node->suspect)
        return;
    node->suspect = false;
    ov_core_do(core, OV_TELL_ALIVE)->index = ov_node_index(core, node);
}

void ov_node_begin_beats(struct ov_core *core, struct ov_node *node)
{
    node->dial_at = core->now; /* data may follow at once */
    shown_alive(core, node);
    node->beat_at = core->now; /* by which it says whether it takes part */
}

void ov_node_heartbeat(struct ov_core *core, struct ov_node *node, uint64_t sequence)
{
    if (sequence <= node->answered || sequence > node->beats)
        return;
    node->answered = sequence;
    node->vain = 0;
    shown_alive(core, node);
}

/* What is no number of ours is from a later version, and some reason. What is said before the
 * session is up is told with that. */
void ov_node_takes_part(struct ov_core *core, struct ov_node *node, enum ov_abstains abstains)
{
    if (node->said && node->abstains == abstains)
        return;
    node->said = true;
    node->abstains = abstains;
    if (node->up)
        tell_part(core, node);
}

static void beat(struct ov_core *core, struct ov_node *node)
{
    struct ov_frame frame = {.kind = OV_HEARTBEAT};
    OV_SET(&frame, sequence, ++node->beats);
    if (core->abstains != OV_TAKES_PART)
        OV_SET(&frame, abstains, (uint8_t)core->abstains);
    beat_later(core, node);
    if (!ov_conn_say(core, node->kept[0], &frame))
        ov_conn_fail(core, node->kept[0], OV_END_PROTOCOL);
}

static void suspect(struct ov_core *core, struct ov_node *node)
{
    node->suspect = true;
    ov_core_do(core, OV_TELL_SUSPECT)->index = ov_node_index(core, node);
}

/* ---- time ---- */

static struct ov_conn *late_one(const struct ov_core *core, const struct ov_node *node)
{
    struct ov_conn *const with_deadline[] = {node->dial, node->draining[0], node->draining[1],
                                             node->kept[0], node->kept[1]};
    for (unsigned i = 0; i < sizeof with_deadline / sizeof *with_deadline; i++)
        if (with_deadline[i] != NULL && with_deadline[i]->until <= core->now)
            return with_deadline[i];
    return NULL;
}

static bool tick_beats(struct ov_core *core, struct ov_node *node)
{
    const struct ov_core_config *config = &core->config;
    if (node->kept[0] == NULL)
        return false;
    if (node->alive_at + config->dead_ns <= core->now)
        ov_node_end(core, node, OV_END_SILENT, NULL);
    else if (node->up && !node->suspect && node->alive_at + config->suspect_ns <= core->now)
        suspect(core, node);
    else if (node->beat_at <= core->now)
        beat(core, node);
    else
        return false;
    return true;
}

bool ov_node_tick(struct ov_core *core, struct ov_node *node)
{
    struct ov_conn *late = late_one(core, node);
    enum ov_plane plane = missing(core, node);

    if (late != NULL) {
        bool kept = late->state == OV_CONN_KEPT;
        core->counts.late += late == node->dial;
        ov_conn_fail(core, late,
                     kept                 ? OV_END_SILENT
                     : late == node->dial ? OV_END_LATE
                                          : OV_END_GIVEN_UP);
        return true;
    }
    if (tick_beats(core, node))
        return true;
    if (plane == OV_EITHER || node->dial_at > core->now)
        return false;
    dial(core, node, plane);
    return true;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t until_of(const struct ov_conn *conn)
{
    return conn != NULL ? conn->until : UINT64_MAX;
}

uint64_t ov_node_next(const struct ov_core *core, const struct ov_node *node)
{
    uint64_t next = sooner(until_of(node->draining[0]), until_of(node->draining[1]));
    next = sooner(next, until_of(node->dial));
    next = sooner(next, sooner(until_of(node->kept[0]), until_of(node->kept[1])));
    if (missing(core, node) != OV_EITHER)
        next = sooner(next, node->dial_at);
    if (node->kept[0] == NULL)
        return next;
    next = sooner(next, node->beat_at);
    if (node->up && !node->suspect)
        next = sooner(next, node->alive_at + core->config.suspect_ns);
    return sooner(next, node->alive_at + core->config.dead_ns);
}
