/* SPDX-License-Identifier: MIT */
/* waiting.c - what has come for actors of this node that have no room for it at the moment.
 *
 * A burst is no reason to lose what was accepted elsewhere: what finds no room waits for some, and
 * all that comes behind it for the same actor does too, so that the order holds. Each actor has a
 * queue, so that what is for one waits for no other; the first of each is tried again and again.
 * Where there is much in a queue, or much of what has come by one connection waits, the connection
 * is not read meanwhile, and the peer will have to wait. But not for long: an actor that something
 * has waited for WAIT_NS gets AX_E_FULL, and is not waited for again before it has taken something;
 * where it is the lane to its process that is full, nobody there is. So nothing waits for longer
 * than WAIT_NS.
 *
 * A down comes after all that the actor that has ended had sent. Who has sent what is not known
 * here, only from which node it comes: so it waits for what has come from that before. */
#include "overlay/gateway/gw.h"

#include <string.h>

#define WAIT_NS UINT64_C(200000000)
#define LOOK_NS UINT64_C(500000)
#define STUCK_NS UINT64_C(2000000000)
#define STUCK_BITS 10u
#define QUEUE_MOST (1u << 16) /* bytes in a queue; more, and who sends them is not read */

struct waiting {
    struct waiting *next;
    struct gw_mail mail;   /* its frame is `frame` */
    struct ov_frame frame; /* its spans are in `bytes` */
    uint64_t since, nth;   /* nth: of all that have waited */
    uint64_t conn;         /* by which it has come; 0: by none */
    size_t size;
    uint8_t bytes[];
};

struct queue { /* of what waits for one actor; never empty */
    struct queue *next;
    uint64_t actor, bytes;
    struct waiting *first, **end;
};

static struct queue *queues, **last_queue = &queues;
static struct gw_table queue_of; /* by the actor */
static uint64_t waited;          /* so many have */

struct late { /* a down */
    struct late *next;
    struct ov_out down;
    uint32_t node;     /* of who has ended; GW_NO_NODE: any */
    uint64_t nth;      /* of what waits, the next one when it came */
    uint64_t awaiting; /* so many that are still there */
};

static struct late *downs, **last_down = &downs;

/* ---- those that are not waited for ---- */

static struct stuck { /* for STUCK_NS at least, and until it takes as many bytes again */
    uint64_t who, until;
    uint32_t bytes;
} stuck[1u << STUCK_BITS];

/* One may push another one out: that is waited for once more. */
static struct stuck *stuck_at(uint64_t who)
{
    return &stuck[who * UINT64_C(0x9e3779b97f4a7c15) >> (64 - STUCK_BITS)];
}

static bool is_stuck(uint64_t who)
{
    return stuck_at(who)->who == who;
}

/* All actors of its process. */
static uint64_t process_of(uint64_t actor)
{
    return actor >> 56 << 56;
}

static bool lane_is_full(struct ax_ctx *ctx, const struct gw_mail *mail)
{
    return far_lane_full(ctx, (struct ax_ref){mail->to, 0}, mail->frame->body.len);
}

/* It has taken something, which may be less. */
static void look_again(struct ax_ctx *ctx, uint64_t who)
{
    struct stuck *at = stuck_at(who);
    if (at->who == who && at->until <= gw.now &&
        !far_lane_full(ctx, (struct ax_ref){who, 0}, at->bytes))
        at->who = 0;
}

static bool is_hopeless(struct ax_ctx *ctx, const struct gw_mail *mail)
{
    return is_stuck(mail->to) || (is_stuck(process_of(mail->to)) && lane_is_full(ctx, mail));
}

static void give_up(struct ax_ctx *ctx, const struct gw_mail *mail)
{
    uint64_t who = lane_is_full(ctx, mail) ? process_of(mail->to) : mail->to;
    *stuck_at(who) = (struct stuck){who, gw.now + STUCK_NS, mail->frame->body.len};
}

static int deliver(struct ax_ctx *ctx, const struct gw_mail *mail)
{
    int error = gw_deliver(ctx, mail);
    if (error == 0) {
        look_again(ctx, mail->to);
        look_again(ctx, process_of(mail->to));
    }
    return error;
}

/* ---- queues ---- */

static void *make(struct ax_ctx *ctx, size_t size)
{
    void *made = malloc(size);
    if (made != NULL)
        return made;
    gw_die(ctx, "no memory");
}

static struct queue *find_queue(uint64_t actor)
{
    uint64_t at;
    return gw_table_get(&queue_of, actor, &at) ? (struct queue *)(uintptr_t)at : NULL;
}

static void join(struct queue *queue)
{
    queue->next = NULL;
    *last_queue = queue;
    last_queue = &queue->next;
}

static struct queue *make_queue(struct ax_ctx *ctx, uint64_t actor)
{
    struct queue *queue = make(ctx, sizeof *queue);
    *queue = (struct queue){.actor = actor, .end = &queue->first};
    if (gw_table_put(&queue_of, actor, (uintptr_t)queue) != 0)
        gw_die(ctx, "no memory");
    join(queue);
    return queue;
}

static struct ax_span put(uint8_t **at, struct ax_span from)
{
    const struct ax_span span = {*at, from.len};
    if (from.len > 0)
        memcpy(*at, from.ptr, from.len);
    *at += from.len;
    return span;
}

static struct waiting *copy(struct ax_ctx *ctx, const struct gw_mail *mail)
{
    const struct ov_frame *frame = mail->frame;
    size_t size = sizeof(struct waiting) + frame->body.len + frame->endpoint.len;
    struct waiting *waiting = make(ctx, size);
    uint8_t *at = waiting->bytes;
    *waiting = (struct waiting){.mail = *mail, .frame = *frame, .since = gw.now, .size = size};
    waiting->frame.body = put(&at, frame->body);
    waiting->frame.endpoint = put(&at, frame->endpoint);
    waiting->mail.frame = &waiting->frame;
    return waiting;
}

static void wait_for_room(struct ax_ctx *ctx, const struct gw_mail *mail, struct queue *queue)
{
    struct waiting *waiting = copy(ctx, mail);
    waiting->nth = waited++;
    *queue->end = waiting;
    queue->end = &waiting->next;
    queue->bytes += waiting->size;
    waiting->conn = gw_links_wait(ctx, waiting->size, queue->bytes > QUEUE_MOST);
    if (gw.now + LOOK_NS < gw.room_at)
        gw.room_at = gw.now + LOOK_NS;
}

void gw_deliver_or_wait(struct ax_ctx *ctx, const struct gw_mail *mail)
{
    struct queue *queue = find_queue(mail->to);
    int error = queue != NULL ? AX_E_FULL : deliver(ctx, mail);
    if (error == AX_E_FULL && queue == NULL && !is_hopeless(ctx, mail))
        queue = make_queue(ctx, mail->to);
    if (queue != NULL)
        wait_for_room(ctx, mail, queue);
    else
        gw_served(ctx, mail, error);
}

/* ---- downs ---- */

static uint32_t node_of(struct ax_ctx *ctx, const struct ov_out *down)
{
    struct gw_identity identity;
    if (!gw_stands_for(ctx, down->token, &identity))
        return GW_NO_NODE;
    return identity.kind == GW_ENDPOINT ? gw_node_of_name(identity.name)
                                        : gw_node_of_boot(identity.node);
}

static bool is_from(const struct waiting *waiting, uint32_t node)
{
    return node == GW_NO_NODE || waiting->mail.node == node;
}

static uint64_t count_from(uint32_t node)
{
    uint64_t count = 0;
    for (const struct queue *queue = queues; queue != NULL; queue = queue->next)
        for (const struct waiting *each = queue->first; each != NULL; each = each->next)
            count += is_from(each, node);
    return count;
}

bool gw_waits_down(struct ax_ctx *ctx, const struct ov_out *out)
{
    uint32_t node = queues != NULL ? node_of(ctx, out) : GW_NO_NODE;
    uint64_t count = count_from(node);
    if (count == 0)
        return false;
    struct late *late = make(ctx, sizeof *late);
    *late = (struct late){.down = *out, .node = node, .nth = waited, .awaiting = count};
    late->down.detail = (struct ax_span){0};
    *last_down = late;
    last_down = &late->next;
    return true;
}

/* One waits no more, for which downs may have waited. */
static void tell_downs(struct ax_ctx *ctx, const struct waiting *gone)
{
    for (struct late **at = &downs, *late; (late = *at) != NULL;) {
        if (gone->nth < late->nth && is_from(gone, late->node))
            late->awaiting--;
        if (late->awaiting > 0) {
            at = &late->next;
            continue;
        }
        gw_watch_down(ctx, &late->down);
        *at = late->next;
        free(late);
        far_go_on(ctx);
    }
    for (last_down = &downs; *last_down != NULL;)
        last_down = &(*last_down)->next;
}

/* ---- again and again ---- */

/* False: it is to wait on. */
static bool try_again(struct ax_ctx *ctx, const struct waiting *waiting)
{
    const struct gw_mail *mail = &waiting->mail;
    int error = deliver(ctx, mail);
    if (error == AX_E_FULL && !is_hopeless(ctx, mail)) {
        if (gw.now - waiting->since < WAIT_NS)
            return false;
        give_up(ctx, mail);
    }
    gw_served(ctx, mail, error);
    return true;
}

static void drop_first(struct ax_ctx *ctx, struct queue *queue)
{
    struct waiting *gone = queue->first;
    queue->first = gone->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    queue->bytes -= gone->size;
    gw_links_waited(ctx, gone->conn, gone->size);
    tell_downs(ctx, gone);
    free(gone);
}

/* False: nothing of it is left, nor is it. */
static bool look_at(struct ax_ctx *ctx, struct queue *queue)
{
    while (queue->first != NULL && try_again(ctx, queue->first)) {
        drop_first(ctx, queue);
        far_go_on(ctx);
    }
    if (queue->first != NULL)
        return true;
    gw_table_take(&queue_of, queue->actor, NULL);
    free(queue);
    return false;
}

/* Those that have one lane are, one after another, the first to find room in it. */
static void rotate(void)
{
    struct queue *first = queues;
    if (first == NULL || first->next == NULL)
        return;
    queues = first->next;
    join(first);
}

void gw_waiting_look(struct ax_ctx *ctx)
{
    struct queue *all = queues;
    queues = NULL;
    last_queue = &queues;
    for (struct queue *next; all != NULL; all = next) {
        next = all->next;
        if (look_at(ctx, all))
            join(all);
    }
    rotate();
    gw.room_at = queues != NULL ? gw.now + LOOK_NS : UINT64_MAX;
}
