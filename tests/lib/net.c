/* SPDX-License-Identifier: MIT */
#include "tests/lib/net.h"

#include "overlay/core/core_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char body[] = "12345678"; /* of each tell */

static uint64_t chance(struct net *net)
{
    uint64_t z = net->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* ---- set up ---- */

void net_init(struct net *net, unsigned n, uint64_t seed)
{
    *net = (struct net){.nodes = n,
                        .now = NET_S,
                        .seed = seed,
                        .delay_min = NET_MS / 10,
                        .delay_max = 20 * NET_MS,
                        .effects_room = 64};
    net->effects.list = calloc(net->effects_room, sizeof *net->effects.list);
    net->effects.bytes_room = 1u << 17;
    net->effects.bytes = malloc(net->effects.bytes_room);
    for (unsigned i = 0; i < n; i++) {
        struct net_node *node = &net->node[i];
        node->self = (struct ov_self){.ident = {.node = {(char)('a' + i)}, .session = 1},
                                      .version_min = 1,
                                      .version_max = 1,
                                      .max_frame = OV_FRAME_MIN_MAX,
                                      .pattern = OV_PATTERN_NNPSK0,
                                      .ntokens = 1};
        memset(node->self.psks[0], 0x77, OV_KEY);
        node->config = (struct ov_core_config){.self = &node->self,
                                               .nodes_max = NET_NODES,
                                               .dial_ns = 2 * NET_S,
                                               .patience_ns = 2 * NET_S,
                                               .retry_min_ns = 100 * NET_MS,
                                               .retry_max_ns = 5 * NET_S,
                                               .beat_ns = NET_S,
                                               .suspect_ns = 4 * NET_S,
                                               .dead_ns = 8 * NET_S,
                                               .drain_ns = 2 * NET_S};
    }
}

void net_deinit(struct net *net)
{
    for (unsigned i = 0; i < NET_MAIL; i++)
        free(net->mail[i].bytes);
    for (unsigned i = 0; i < net->npipes; i++)
        for (unsigned end = 0; end < 2; end++)
            free(net->pipe[i].end[end].kept);
    for (unsigned i = 0; i < net->nodes; i++)
        free(net->node[i].memory);
    free(net->effects.list);
    free(net->effects.bytes);
    memset(net, 0, sizeof *net);
}

void net_start(struct net *net, unsigned node)
{
    struct net_node *at = &net->node[node];
    size_t size;

    at->alive = true;
    at->life++;
    at->self.ident.boot = chance(net) | 1;
    at->config.seed = chance(net);
    size = ov_core_size(&at->config);
    assert_true(size > 0);
    free(at->memory);
    at->memory = calloc(1, size); /* not to be taken for what a core has left */
    assert_int_equal(ov_core_init(&at->core, at->memory, size, &at->config), 0);
    memset(at->peer, 0, sizeof at->peer);
    for (unsigned i = 0; i < net->nodes; i++) {
        at->index[i] = UINT32_MAX;
        memset(net->node[i].peer[node].last, 0, sizeof at->peer[0].last); /* it counts anew */
        memset(net->node[i].peer[node].seen, 0, sizeof at->peer[0].seen);
    }
}

/* ---- mail ---- */

static void post(struct net *net, unsigned pipe, unsigned to, int what, const void *bytes,
                 size_t len)
{
    struct net_end *from = &net->pipe[pipe].end[1 - to];
    uint64_t at = net->now + net->delay_min + chance(net) % (net->delay_max - net->delay_min + 1) +
                  net->extra[net->pipe[pipe].plane];
    struct net_mail *mail = net->mail;

    if (net->pipe[pipe].lost || net->lost[from->node][net->pipe[pipe].end[to].node]) {
        net->faulty = true;
        return;
    }
    while (mail->at != 0)
        assert_true(++mail < net->mail + NET_MAIL);
    if (mail == net->mail + net->nmail)
        net->nmail++;
    if (at < from->last_at)
        at = from->last_at;
    from->last_at = at;
    *mail = (struct net_mail){
        .at = at, .order = ++net->order, .what = what, .pipe = pipe, .end = to, .len = len};
    if (len > 0) {
        mail->bytes = malloc(len);
        memcpy(mail->bytes, bytes, len);
    }
}

/* In pieces by chance. */
static void post_bytes(struct net *net, unsigned pipe, unsigned to, const uint8_t *bytes,
                       size_t len)
{
    while (len > 0) {
        size_t part = chance(net) % 2 == 0 ? len : 1 + chance(net) % len;
        post(net, pipe, to, NET_BYTES, bytes, part);
        bytes += part;
        len -= part;
    }
}

/* ---- effects ---- */

static bool find_end(const struct net *net, unsigned node, uint64_t conn, unsigned *pipe,
                     unsigned *end)
{
    for (*pipe = 0; *pipe < net->npipes; ++*pipe)
        for (*end = 0; *end < 2; ++*end) {
            const struct net_end *at = &net->pipe[*pipe].end[*end];
            if (at->node == node && at->life == net->node[node].life && at->conn == conn)
                return true;
        }
    return false;
}

static unsigned node_of(const struct net *net, unsigned at, uint32_t index)
{
    struct ov_node_view view;
    assert_true(ov_core_node(net->node[at].core, index, &view));
    unsigned node = (unsigned)(view.node[0] - 'a');
    assert_true(node < net->nodes && node != at);
    return node;
}

static void do_dial(struct net *net, unsigned node, const struct ov_effect *effect)
{
    unsigned to = node_of(net, node, effect->index), pipe = net->npipes++;

    assert_true(pipe < NET_PIPES);
    net->node[node].dials++;
    net->pipe[pipe].plane = effect->plane;
    net->pipe[pipe].end[0] = (struct net_end){
        .node = node, .life = net->node[node].life, .conn = effect->conn, .open = true};
    net->pipe[pipe].end[1] = (struct net_end){.node = to, .life = net->node[to].life};
    post(net, pipe, 1, NET_CONNECT, NULL, 0);
}

/* Of `node`; a connection that was accepted is that end. */
static void do_conn(struct net *net, unsigned node, const struct ov_effect *effect)
{
    unsigned pipe, end;

    assert_true(find_end(net, node, effect->conn, &pipe, &end));
    assert_true(net->pipe[pipe].end[end].open);
    if (effect->kind == OV_DO_SEND) {
        post_bytes(net, pipe, 1 - end, effect->bytes, effect->len);
        return;
    }
    if (effect->kind != OV_DO_CLOSE) {
        net->pipe[pipe].end[end].held = effect->kind == OV_DO_HOLD;
        return;
    }
    net->pipe[pipe].end[end].open = false;
    net->node[node].closed = effect->end;
    post(net, pipe, 1 - end, NET_CLOSED, NULL, 0);
}

static void do_tell(struct net *net, unsigned node, const struct ov_effect *effect)
{
    unsigned other = node_of(net, node, effect->index), pipe, end;
    struct net_peer *peer = &net->node[node].peer[other];

    net->node[node].index[other] = effect->index;
    assert_int_equal(peer->up, effect->kind != OV_TELL_UP);
    switch (effect->kind) {
    case OV_TELL_UP:
        peer->ident = effect->ident;
        peer->up = true;
        peer->ups++;
        peer->sent_now = peer->taken_now = 0;
        break;
    case OV_TELL_DOWN:
        assert_true(ov_ident_same(&peer->ident, &effect->ident));
        peer->up = peer->suspect = false;
        peer->end = effect->end;
        peer->downs++;
        break;
    case OV_TELL_FRAME:
        assert_true(find_end(net, node, effect->conn, &pipe, &end));
        assert_int_equal(net->pipe[pipe].end[1 - end].node, other);
        assert_int_equal(effect->frame.kind, effect->plane == OV_DATA ? OV_TELL : OV_DEMONITOR);
        assert_true(effect->frame.request < sizeof peer->seen);
        assert_int_equal(peer->seen[effect->frame.request]++, 0);
        peer->swapped += effect->frame.request < peer->last[effect->plane];
        peer->last[effect->plane] = effect->frame.request;
        peer->taken++;
        peer->taken_now++;
        if (net->taken != NULL)
            net->taken(net, node, effect);
        else if (effect->plane == OV_DATA)
            assert_true(effect->frame.body.len == sizeof body - 1 &&
                        memcmp(effect->frame.body.ptr, body, sizeof body - 1) == 0);
        break;
    default:
        assert_int_equal(peer->suspect, effect->kind == OV_TELL_ALIVE);
        peer->suspect = effect->kind == OV_TELL_SUSPECT;
    }
}

/* `pipe`: that was accepted, by this step. */
static void carry_out(struct net *net, unsigned node, unsigned pipe)
{
    for (unsigned i = 0; i < net->effects.n; i++) {
        const struct ov_effect *effect = &net->effects.list[i];
        switch (effect->kind) {
        case OV_DO_DIAL:
            do_dial(net, node, effect);
            break;
        case OV_DO_ACCEPT:
            net->pipe[pipe].end[1].conn = effect->conn;
            net->pipe[pipe].end[1].open = true;
            break;
        case OV_DO_TURN_AWAY:
            net->node[node].turned_away++;
            post(net, pipe, 0, NET_CLOSED, NULL, 0);
            break;
        case OV_DO_SEND:
        case OV_DO_HOLD:
        case OV_DO_GO_ON:
        case OV_DO_CLOSE:
            do_conn(net, node, effect);
            break;
        default:
            do_tell(net, node, effect);
        }
    }
}

/* Of the event, frames came outside a session. */
static void note_early(struct net *net, unsigned node, uint64_t conn)
{
    struct net_peer *peer;
    unsigned pipe, end;

    assert_true(net->faulty);
    assert_true(find_end(net, node, conn, &pipe, &end));
    peer = &net->node[net->pipe[pipe].end[1 - end].node].peer[node];
    peer->over = peer->ups;
}

/* What is left of what has arrived at an end that is held; false: it is not. */
static bool keep(struct net *net, const struct ov_event *event, unsigned node)
{
    unsigned pipe, end;
    struct net_end *at;
    if (!find_end(net, node, event->conn, &pipe, &end) || !net->pipe[pipe].end[end].held)
        return false;
    at = &net->pipe[pipe].end[end];
    at->kept = realloc(at->kept, at->nkept + event->len);
    memcpy(at->kept + at->nkept, event->bytes, event->len);
    at->nkept += event->len;
    return true;
}

static int step(struct net *net, unsigned node, struct ov_event event, unsigned pipe);

/* What was kept at ends that are held no more. */
static void go_on(struct net *net, unsigned node)
{
    for (unsigned pipe = 0; pipe < net->npipes; pipe++)
        for (unsigned end = 0; end < 2; end++) {
            struct net_end *at = &net->pipe[pipe].end[end], kept = *at;
            if (at->node != node || at->held || at->nkept == 0)
                continue;
            at->kept = NULL;
            at->nkept = 0;
            struct ov_event event = {
                .kind = OV_ON_RECEIVED, .conn = kept.conn, .bytes = kept.kept, .len = kept.nkept};
            if (kept.open)
                assert_int_equal(step(net, node, event, pipe), 0);
            free(kept.kept);
        }
}

/* All of an event, however little room there is for effects. */
static int step(struct net *net, unsigned node, struct ov_event event, unsigned pipe)
{
    const struct ov_core_counts *counts = ov_core_counts(net->node[node].core);
    uint64_t early = counts->early;
    int r;

    do {
        net->effects.room = net->effects_room;
        r = ov_core_step(net->node[node].core, net->now, &event, &net->effects);
        net->steps++;
        if (event.kind == OV_ON_RECEIVED) {
            event.bytes = (const uint8_t *)event.bytes + net->effects.used;
            event.len -= net->effects.used;
        }
        carry_out(net, node, pipe);
    } while (r == 0 && net->effects.more);
    if (counts->early > early)
        note_early(net, node, event.conn);
    if (event.kind == OV_ON_RECEIVED && event.len > 0)
        assert_true(keep(net, &event, node));
    go_on(net, node);
    return r;
}

int net_step(struct net *net, unsigned node, const struct ov_event *event)
{
    return step(net, node, *event, 0);
}

/* ---- arrivals ---- */

static void fill(struct net *net, uint8_t bytes[OV_KEY])
{
    for (unsigned i = 0; i < OV_KEY; i++)
        bytes[i] = (uint8_t)chance(net);
}

static void arrive_connect(struct net *net, const struct net_mail *mail)
{
    struct net_end *end = &net->pipe[mail->pipe].end[1];
    unsigned from = net->pipe[mail->pipe].end[0].node;
    struct ov_address address = {.bytes = {[10] = 0xff, 0xff, 10, 0, 0, (uint8_t)from}};
    uint8_t bytes[OV_KEY];

    if (net->hung[from][end->node])
        return;
    if (!net->node[end->node].alive || net->unknown[from][end->node]) {
        post(net, mail->pipe, 0, NET_CLOSED, NULL, 0);
        return;
    }
    end->life = net->node[end->node].life;
    fill(net, bytes);
    post(net, mail->pipe, 0, NET_CONNECTED, NULL, 0);
    struct ov_event event = {.kind = OV_ON_ACCEPTED, .chance = bytes, .address = &address};
    assert_int_equal(step(net, end->node, event, mail->pipe), 0);
}

static void arrive(struct net *net, const struct net_mail *mail)
{
    struct net_end *end = &net->pipe[mail->pipe].end[mail->end];
    struct net_node *node = &net->node[end->node];
    uint8_t bytes[OV_KEY];
    struct ov_event event = {
        .conn = end->conn, .bytes = mail->bytes, .len = mail->len, .chance = bytes};

    if (mail->what == NET_CONNECT) {
        arrive_connect(net, mail);
        return;
    }
    if (node->alive && end->life != node->life && mail->what == NET_BYTES)
        post(net, mail->pipe, 1 - mail->end, NET_CLOSED, NULL, 0); /* a reset */
    if (!node->alive || end->life != node->life || !end->open)
        return;
    fill(net, bytes);
    event.kind = mail->what == NET_BYTES    ? OV_ON_RECEIVED
                 : mail->what == NET_CLOSED ? OV_ON_CLOSED
                                            : OV_ON_CONNECTED;
    if (mail->what == NET_CLOSED)
        end->open = false;
    assert_int_equal(step(net, end->node, event, mail->pipe), 0);
}

/* ---- time ---- */

static struct net_mail *next_mail(struct net *net)
{
    struct net_mail *next = NULL;
    for (struct net_mail *mail = net->mail; mail < net->mail + net->nmail; mail++)
        if (mail->at != 0 && (next == NULL || mail->at < next->at ||
                              (mail->at == next->at && mail->order < next->order)))
            next = mail;
    return next;
}

/* The next thing that happens by `until`; false: nothing does. */
static bool happen(struct net *net, uint64_t until)
{
    struct net_mail *mail = next_mail(net), taken;
    uint64_t at = mail != NULL ? mail->at : UINT64_MAX;
    unsigned due = net->nodes;

    for (unsigned i = 0; i < net->nodes; i++) {
        uint64_t next = net->node[i].alive ? ov_core_next(net->node[i].core) : UINT64_MAX;
        if (next < at) {
            at = next;
            due = i;
        }
    }
    if (at > until)
        return false;
    net->now = at > net->now ? at : net->now;
    if (due < net->nodes) {
        assert_int_equal(step(net, due, (struct ov_event){.kind = OV_ON_TIMER}, 0), 0);
        return true;
    }
    taken = *mail;
    *mail = (struct net_mail){0};
    arrive(net, &taken);
    free(taken.bytes);
    return true;
}

void net_run(struct net *net, uint64_t ns)
{
    uint64_t until = net->now + ns, most = net->steps + 1000000;
    while (happen(net, until))
        assert_true(net->steps < most); /* nothing goes round and round */
    net->now = until;
}

static bool all_joined(struct net *net)
{
    for (unsigned a = 0; a < net->nodes; a++)
        for (unsigned b = 0; b < a; b++)
            if (net->node[a].alive && net->node[b].alive && !net_joined(net, a, b))
                return false;
    return true;
}

bool net_run_until_up(struct net *net, uint64_t ns)
{
    uint64_t until = net->now + ns;
    while (!all_joined(net))
        if (!happen(net, until))
            return false;
    return true;
}

/* ---- what tests do ---- */

void net_know(struct net *net, unsigned node, unsigned other)
{
    struct ov_event event = {.kind = OV_ON_KNOW, .node = net->node[other].self.ident.node};
    assert_int_equal(step(net, node, event, 0), 0);
}

void net_forget(struct net *net, unsigned node, unsigned other)
{
    struct ov_event event = {.kind = OV_ON_FORGET, .node = net->node[other].self.ident.node};
    assert_int_equal(step(net, node, event, 0), 0);
}

void net_mesh(struct net *net)
{
    for (unsigned i = 0; i < net->nodes; i++)
        net_start(net, i);
    for (unsigned i = 0; i < net->nodes; i++)
        for (unsigned j = 0; j < net->nodes; j++)
            if (i != j)
                net_know(net, i, j);
}

void net_leave(struct net *net, unsigned node)
{
    assert_int_equal(step(net, node, (struct ov_event){.kind = OV_ON_LEAVE}, 0), 0);
}

void net_crash(struct net *net, unsigned node, bool quiet)
{
    net->node[node].alive = false;
    net->faulty = true;
    for (unsigned pipe = 0; pipe < net->npipes; pipe++)
        for (unsigned end = 0; end < 2; end++)
            if (net->pipe[pipe].end[end].node == node && net->pipe[pipe].end[end].open) {
                net->pipe[pipe].end[end].open = false;
                if (!quiet)
                    post(net, pipe, 1 - end, NET_CLOSED, NULL, 0);
            }
}

static bool is_between(const struct net *net, unsigned pipe, unsigned a, unsigned b)
{
    const struct net_end *end = net->pipe[pipe].end;
    return (end[0].node == a && end[1].node == b) || (end[0].node == b && end[1].node == a);
}

static void lose_mail(struct net *net, unsigned pipe)
{
    net->faulty = true;
    for (struct net_mail *mail = net->mail; mail < net->mail + NET_MAIL; mail++)
        if (mail->at != 0 && mail->pipe == pipe) {
            free(mail->bytes);
            *mail = (struct net_mail){0};
        }
}

void net_cut(struct net *net, unsigned a, unsigned b, enum ov_plane plane)
{
    for (unsigned i = 0; i < net->npipes; i++) {
        if (!is_between(net, i, a, b) || (plane != OV_EITHER && plane != net->pipe[i].plane))
            continue;
        lose_mail(net, i);
        post(net, i, 0, NET_CLOSED, NULL, 0);
        post(net, i, 1, NET_CLOSED, NULL, 0);
    }
}

static void see_closed(struct net *net, unsigned pipe, unsigned end)
{
    struct net_end *at = &net->pipe[pipe].end[end];
    struct ov_event event = {.kind = OV_ON_CLOSED, .conn = at->conn};
    if (!at->open)
        return;
    at->open = false;
    assert_int_equal(step(net, at->node, event, pipe), 0);
}

void net_lose(struct net *net, unsigned node, unsigned other, uint64_t told_ns)
{
    unsigned npipes = net->npipes;
    for (unsigned i = 0; i < npipes; i++)
        if (is_between(net, i, node, other) && !net->pipe[i].lost) {
            lose_mail(net, i);
            if (told_ns != UINT64_MAX) {
                net->pipe[i].end[0].last_at = net->pipe[i].end[1].last_at = net->now + told_ns;
                post(net, i, net->pipe[i].end[0].node == node, NET_CLOSED, NULL, 0);
            }
            net->pipe[i].lost = true;
        }
    for (unsigned i = 0; i < npipes; i++)
        if (is_between(net, i, node, other) && net->pipe[i].lost)
            see_closed(net, i, net->pipe[i].end[1].node == node);
}

int net_say(struct net *net, unsigned from, unsigned to, struct ov_frame frame)
{
    struct net_peer *peer = &net->node[from].peer[to];
    struct ov_event event = {
        .kind = OV_ON_SEND, .index = net->node[from].index[to], .frame = &frame};
    OV_SET(&frame, request, peer->sent + 1);
    int r = step(net, from, event, 0);
    peer->sent += r == 0;
    peer->sent_now += r == 0;
    return r;
}

int net_tell(struct net *net, unsigned from, unsigned to)
{
    struct ov_frame frame = {.kind = OV_TELL, .body = {body, sizeof body - 1}};
    OV_SET(&frame, contract, 1);
    OV_SET(&frame, method, 1);
    OV_SET(&frame, actor, 1);
    return net_say(net, from, to, frame);
}

int net_demonitor(struct net *net, unsigned from, unsigned to)
{
    struct ov_frame frame = {.kind = OV_DEMONITOR};
    OV_SET(&frame, monitor, 1);
    return net_say(net, from, to, frame);
}

static struct ov_conn *kept_by(struct net *net, unsigned from, unsigned to, enum ov_plane plane,
                               unsigned *pipe, unsigned *end)
{
    struct ov_core *core = net->node[from].core;
    struct ov_node *node = ov_node_get(core, net->node[to].self.ident.node);
    struct ov_conn *conn = node->kept[ov_plane_index(plane)];

    net->faulty = true;
    assert_non_null(conn);
    assert_true(find_end(net, from, conn->id, pipe, end));
    return conn;
}

void net_forge(struct net *net, unsigned from, unsigned to, enum ov_plane plane,
               const struct ov_frame *frames, unsigned n)
{
    unsigned pipe, end;
    struct ov_conn *conn = kept_by(net, from, to, plane, &pipe, &end);
    uint8_t bytes[1024];
    size_t at = 0, len;

    for (unsigned i = 0; i < n; i++, at += len)
        assert_int_equal(
            ov_stream_seal(&conn->stream, &frames[i], bytes + at, sizeof bytes - at, &len), 0);
    post_bytes(net, pipe, 1 - end, bytes, at);
}

void net_forge_record(struct net *net, unsigned from, unsigned to, enum ov_plane plane)
{
    static const uint8_t record[2 + 24] = {24, 0, 8, 0, 0, 0, OV_READY};
    unsigned pipe, end;

    (void)kept_by(net, from, to, plane, &pipe, &end);
    post(net, pipe, 1 - end, NET_BYTES, record, sizeof record);
}

/* ---- what tests look at ---- */

static unsigned pipe_of(const struct net *net, unsigned node, uint64_t conn)
{
    unsigned pipe, end;
    assert_true(find_end(net, node, conn, &pipe, &end));
    assert_true(net->pipe[pipe].end[end].open);
    return pipe;
}

bool net_joined(struct net *net, unsigned a, unsigned b)
{
    struct ov_node_view view[2];
    if (!net->node[a].peer[b].up || !net->node[b].peer[a].up || net_open(net, a, b) != 2)
        return false;
    assert_true(ov_core_node(net->node[a].core, net->node[a].index[b], &view[0]));
    assert_true(ov_core_node(net->node[b].core, net->node[b].index[a], &view[1]));
    for (unsigned plane = 0; plane < 2; plane++)
        if (pipe_of(net, a, view[0].conn[plane]) != pipe_of(net, b, view[1].conn[plane]))
            return false;
    return view[0].ident.boot == net->node[b].self.ident.boot &&
           view[1].ident.boot == net->node[a].self.ident.boot;
}

unsigned net_open(const struct net *net, unsigned a, unsigned b)
{
    unsigned n = 0;
    for (unsigned i = 0; i < net->npipes; i++)
        n += is_between(net, i, a, b) && (net->pipe[i].end[0].open || net->pipe[i].end[1].open);
    return n;
}

void net_expect_even(const struct net *net)
{
    for (unsigned a = 0; a < net->nodes; a++)
        for (unsigned b = 0; b < net->nodes; b++) {
            const struct net_peer *there = &net->node[a].peer[b], *here = &net->node[b].peer[a];
            if (a == b || !there->up || !here->up)
                continue;
            assert_int_equal(here->taken_now, there->sent_now);
            assert_int_not_equal(there->over, there->ups);
        }
}

void net_expect_wiped(struct net *net, unsigned node)
{
    struct net_node *at = &net->node[node];
    size_t size = ov_core_size(&at->config);

    ov_core_deinit(at->core);
    at->alive = false;
    for (size_t i = 0; i < size; i++)
        assert_int_equal(((uint8_t *)at->memory)[i], 0);
}
