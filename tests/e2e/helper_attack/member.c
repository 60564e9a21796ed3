/* SPDX-License-Identifier: MIT */
/* member.c - a node x that has the token: it sends what a node of ours never would. */
#include "attack.h"

#include "overlay/core/cluster_parts.h"
#include "overlay/core/ident.h"
#include "overlay/gateway/own.h"
#include "tests/plugins/courier/shelf.h"

#include <ax/reflect.h>

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINKS 8
#define EFFECTS 64
#define OUT_ROOM (8u << 20)
#define STATUSES 256
#define OWED 65536u
#define WATCHES 512u /* that are not answered yet, at most */

static struct link {
    uint64_t conn; /* 0: free */
    int fd;
    bool fresh; /* the core has not been told yet that it is connected */
    uint8_t *out;
    size_t len;
} links[LINKS];

static const struct attack *attack;
static struct ov_core *core;
static struct ov_self self = {.version_min = 1,
                              .version_max = 1,
                              .max_frame = OV_FRAME_MAX,
                              .pattern = OV_PATTERN_NNPSK0,
                              .ntokens = 1};
static unsigned sent, answers, downs, status_count[STATUSES], reason_count[STATUSES];
static uint64_t owed[OWED]; /* requests that are to be answered */
static unsigned nowed;
static bool up;
static const char *over; /* why the session has ended; NULL: it goes on */

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct link *link_of(uint64_t conn)
{
    for (int i = 0; i < LINKS; i++)
        if (links[i].conn == conn)
            return &links[i];
    return NULL;
}

/* ---- the core ---- */

static void dial(uint64_t conn)
{
    struct link *link = link_of(0);
    if (link == NULL)
        give_up("too many connections");
    *link = (struct link){
        .conn = conn, .fd = connect_from(attack, 0x0101), .out = malloc(OUT_ROOM), .fresh = true};
}

static void hang_up(struct link *link)
{
    if (link == NULL)
        return;
    close(link->fd);
    free(link->out);
    *link = (struct link){0};
}

static void put(const struct ov_effect *effect)
{
    struct link *link = link_of(effect->conn);
    if (link == NULL)
        return;
    if (link->len + effect->len > OUT_ROOM)
        give_up("more than there is room for");
    memcpy(link->out + link->len, effect->bytes, effect->len);
    link->len += effect->len;
}

static void count(const struct ov_frame *frame)
{
    answers++;
    status_count[frame->kind == OV_BUSY ? AX_E_BUSY : frame->status]++;
}

/* What the node says: answers, and downs, which want an answer themselves. */
static void take(const struct ov_frame *frame)
{
    if (frame->response || frame->kind == OV_BUSY || frame->kind == OV_MOVED) {
        count(frame);
    } else if (frame->kind == OV_DOWN) {
        downs++;
        reason_count[frame->reason]++;
        if (nowed == OWED)
            give_up("more downs than there is room for");
        owed[nowed++] = frame->request;
    }
}

static void carry_out(const struct ov_effect *effect)
{
    switch (effect->kind) {
    case OV_DO_DIAL:
        dial(effect->conn);
        break;
    case OV_DO_SEND:
        put(effect);
        break;
    case OV_DO_CLOSE:
        hang_up(link_of(effect->conn));
        break;
    case OV_TELL_UP:
        up = true;
        break;
    case OV_TELL_DOWN:
        over = ov_end_text(effect->end);
        break;
    case OV_TELL_FRAME:
        take(&effect->frame);
        break;
    default:
        break;
    }
}

static void step(struct ov_event event)
{
    static struct ov_effect list[EFFECTS];
    static uint8_t bytes[OV_EFFECT_BYTES + 2 * OV_FRAME_MAX];
    struct ov_effects effects = {
        .list = list, .room = EFFECTS, .bytes = bytes, .bytes_room = sizeof bytes};
    do {
        if (ov_core_step(core, now(), &event, &effects) != 0)
            break;
        for (unsigned i = 0; i < effects.n; i++)
            carry_out(&effects.list[i]);
        event.bytes = (const uint8_t *)event.bytes + effects.used;
        event.len -= effects.used;
    } while (effects.more || (event.kind == OV_ON_RECEIVED && event.len > 0));
}

/* Each down is taken, so that it does not come again. */
static void answer_downs(void)
{
    struct ov_frame answer = {.kind = OV_DOWN, .response = true};
    OV_SET(&answer, status, 0);
    while (nowed > 0) {
        OV_SET(&answer, request, owed[--nowed]);
        step((struct ov_event){.kind = OV_ON_SEND, .frame = &answer});
    }
}

/* ---- sockets ---- */

static void closed(struct link *link)
{
    uint64_t conn = link->conn;
    hang_up(link);
    step((struct ov_event){.kind = OV_ON_CLOSED, .conn = conn});
}

static void read_link(struct link *link)
{
    uint8_t bytes[65536];
    ssize_t n = recv(link->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        closed(link);
    else if (n > 0)
        step((struct ov_event){
            .kind = OV_ON_RECEIVED, .conn = link->conn, .bytes = bytes, .len = (size_t)n});
}

static void write_link(struct link *link)
{
    ssize_t n = send(link->fd, link->out, link->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n <= 0)
        return;
    link->len -= (size_t)n;
    memmove(link->out, link->out + n, link->len);
}

static void connected(void)
{
    uint8_t chance[OV_KEY];
    for (int i = 0; i < LINKS; i++) {
        if (!links[i].fresh)
            continue;
        links[i].fresh = false;
        randombytes_buf(chance, sizeof chance);
        step((struct ov_event){.kind = OV_ON_CONNECTED, .conn = links[i].conn, .chance = chance});
    }
}

static void round_once(void)
{
    struct pollfd fds[LINKS];
    connected();
    for (int i = 0; i < LINKS; i++)
        fds[i] = (struct pollfd){.fd = links[i].conn != 0 ? links[i].fd : -1,
                                 .events = (short)(POLLIN | (links[i].len > 0 ? POLLOUT : 0))};
    uint64_t next = ov_core_next(core), at = now();
    int wait = next <= at ? 0 : next - at > 1000000000u ? 1000 : (int)((next - at) / 1000000u) + 1;
    (void)poll(fds, LINKS, wait);
    for (int i = 0; i < LINKS; i++) {
        if (links[i].conn != 0 && (fds[i].revents & POLLOUT) != 0)
            write_link(&links[i]);
        if (links[i].conn != 0 && (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            read_link(&links[i]);
    }
    answer_downs();
    step((struct ov_event){.kind = OV_ON_TIMER});
}

static void join(void)
{
    struct ov_core_config config = {.self = &self,
                                    .nodes_max = 2,
                                    .seed = 1,
                                    .dial_ns = 5000000000u,
                                    .patience_ns = 5000000000u,
                                    .retry_min_ns = 10000000u,
                                    .retry_max_ns = 100000000u,
                                    .beat_ns = 200000000u,
                                    .suspect_ns = 10000000000u,
                                    .dead_ns = 20000000000u,
                                    .drain_ns = 1000000000u};
    self.ident.session = 1;
    randombytes_buf(&self.ident.boot, sizeof self.ident.boot);
    snprintf(self.ident.node, sizeof self.ident.node, "x");
    memcpy(self.psks[0], attack->psk, OV_KEY);
    size_t size = ov_core_size(&config);
    if (size == 0 || ov_core_init(&core, malloc(size), size, &config) != 0)
        give_up("core");
    step((struct ov_event){.kind = OV_ON_KNOW, .node = TARGET});
    while (!up)
        round_once();
}

/* ---- what it sends ---- */

#define REF(slot, index, gen) ((uint64_t)(slot) << 56 | (uint64_t)(index) << 32 | (gen))

/* Of slots, actors and lives that are not there, or are nobody's business, as slot 4, the gateway.
 */
static uint64_t odd_address(unsigned i)
{
    static const uint64_t odd[] = {
        REF(0, 0, 1),   REF(0, 1, 1),        REF(255, 1, 1), REF(255, 0xffffff, ~0u),
        REF(1, 0, 1),   REF(1, 0xffffff, 1), REF(1, 1, ~0u), REF(2, 77, 1),
        REF(4, 1, 1),   REF(4, 2, 1),        REF(3, 1, ~0u), REF(64, 1, 1),
        REF(127, 0, 0), REF(5, 1, 1),        UINT64_MAX,     1};
    return odd[i % (sizeof odd / sizeof *odd)];
}

static struct ov_frame call(enum ov_kind kind)
{
    static const uint64_t image[2] = {1};
    struct ov_frame frame = {.kind = kind, .body = {image, 8}};
    OV_SET(&frame, contract, 42);
    OV_SET(&frame, method, 1);
    if (kind == OV_TELL)
        OV_SET(&frame, answer, true);
    else
        OV_SET(&frame, timeout, UINT64_MAX);
    return frame;
}

static void set_text(struct ax_str *field, const char *text)
{
    *field = (struct ax_str){.off = text - (const char *)field, .len = (uint32_t)strlen(text)};
}

/* A question of node `asker` for a shard of a registry: what it asks is as it should be. */
static struct ax_span lease(const char *asker, uint32_t shard, uint64_t epoch)
{
    static uint8_t image[512] __attribute__((aligned(8)));
    struct lease_store_change change = {
        .op = OV_STORE_READ, .shard = shard, .epoch = epoch, .ttl_ns = 1};
    struct ov_ident ident = {.boot = 1, .session = 1};
    char text[OV_ID_TEXT];
    size_t size = 0;
    snprintf(ident.node, sizeof ident.node, "%s", asker);
    ov_ident_format(&ident, text);
    set_text(&change.registry, "counters");
    set_text(&change.asker, text);
    if (ax_layout_flatten(lease_store_contract.methods[0].msg, &change, image, sizeof image,
                          &size) != 0)
        give_up("flatten");
    return (struct ax_span){image, (uint32_t)size};
}

/* ask_lease asks for nothing that makes sense. */
static void ask_lease(struct ov_frame *frame, const char *kind)
{
    static const struct ax_span leases = {"/leases", 7};
    OV_SET(frame, endpoint, leases);
    if (strcmp(kind, "ask_lease_own") == 0)
        frame->body = lease("x", 0, 1);
    else if (strcmp(kind, "ask_lease_other") == 0)
        frame->body = lease("b", 0, 1);
    else if (strcmp(kind, "ask_lease_beyond") == 0)
        frame->body = lease("x", UINT32_MAX, 1);
    else if (strcmp(kind, "ask_lease_epoch") == 0)
        frame->body = lease("x", 0, UINT64_MAX);
}

static const struct ax_span shelf = {"shelf", 5};

struct ov_frame make_put(void)
{
    static struct shelf_put put = {.fill = 1};
    struct ov_frame frame = {.kind = OV_TELL, .body = {(const char *)&put, sizeof put}};
    OV_SET(&frame, endpoint, shelf);
    OV_SET(&frame, contract, ax_contract_hash(&shelf_contract));
    OV_SET(&frame, method, shelf_method_put);
    OV_SET(&frame, request, 1);
    OV_SET(&frame, answer, true);
    return frame;
}

struct ov_frame make_watch(void)
{
    struct ov_frame frame = {.kind = OV_MONITOR};
    OV_SET(&frame, endpoint, shelf);
    OV_SET(&frame, request, 1);
    OV_SET(&frame, monitor, 1);
    return frame;
}

/* Asks for more than it will ever read. */
static void ask_shelf(struct ov_frame *frame)
{
    static struct shelf_get get = {.fill = 1, .size = 8000};
    OV_SET(frame, endpoint, shelf);
    OV_SET(frame, contract, ax_contract_hash(&shelf_contract));
    OV_SET(frame, method, shelf_method_get);
    frame->body = (struct ax_span){(const char *)&get, sizeof get};
}

static struct ov_frame make_odd(unsigned i)
{
    static const struct ax_span counter = {"counter", 7};
    static char name[OV_ENDPOINT_MAX];
    const char *kind = attack->kind;
    bool watch = strncmp(kind, "watch", 5) == 0;
    bool deaf = strcmp(kind, "deaf") == 0;
    struct ov_frame frame = watch ? (struct ov_frame){.kind = OV_MONITOR}
                                  : call(deaf || strncmp(kind, "ask", 3) == 0 ? OV_ASK : OV_TELL);
    OV_SET(&frame, request, i + 1);
    if (watch)
        OV_SET(&frame, monitor, i + 1);
    if (strcmp(kind, "watch_one") == 0 || strcmp(kind, "contracts") == 0) {
        OV_SET(&frame, endpoint, counter);
    } else if (strcmp(kind, "long") == 0) {
        memset(name, 'n', sizeof name);
        const struct ax_span all = {name, sizeof name};
        OV_SET(&frame, endpoint, all);
    } else if (deaf) {
        ask_shelf(&frame);
    } else if (strncmp(kind, "ask_lease", 9) == 0) {
        ask_lease(&frame, kind);
    } else {
        OV_SET(&frame, actor, odd_address(i));
    }
    if (strcmp(kind, "contracts") == 0)
        OV_SET(&frame, contract, i + 1000000u);
    return frame;
}

#define REQUESTS (2048u + 128u) /* of the node at PORT, with the room for ensures */
#define LIVES 4u

/* An answer to what that node has asked, if anybody: the ids of all that its first process, whose
 * number is 0 or 1, can ask first, until all are used for the `LIVES`th time, one after another. */
static struct ov_frame make_unasked(unsigned i)
{
    static struct ov_slot slots[REQUESTS];
    static const uint64_t value = 4242;
    static struct ov_pool pool;
    struct ov_frame frame = {
        .kind = OV_ASK, .response = true, .body = {(const char *)&value, sizeof value}};
    if (i % (REQUESTS * LIVES) == 0) {
        ov_pool_init(&pool, slots, sizeof *slots, REQUESTS, OV_POOL_REQUESTS);
        ov_pool_begin(&pool, i / (REQUESTS * LIVES));
    }
    struct ov_slot *slot = ov_pool_take(&pool);
    OV_SET(&frame, request, slot->id);
    OV_SET(&frame, status, 0);
    ov_pool_give(&pool, slot);
    return frame;
}

static struct ov_frame make(unsigned i)
{
    struct ov_frame frame;
    if (strcmp(attack->kind, "unasked") == 0 && i + 1 < attack->count)
        return make_unasked(i);
    if (strcmp(attack->kind, "put") == 0)
        frame = make_put();
    else if (strcmp(attack->kind, "watch_shelf") == 0 || strcmp(attack->kind, "unasked") == 0)
        frame = make_watch();
    else
        return make_odd(i);
    OV_SET(&frame, request, i + 1);
    return frame;
}

static void print_counts(const char *what, const unsigned *counts)
{
    for (unsigned i = 0; i < STATUSES; i++)
        if (counts[i] != 0)
            printf(" %s%u=%u", what, i, counts[i]);
}

/* Asks and asks, so slowly that what has been asked is answered, and reads nothing any more, until
 * it is killed. */
_Noreturn static void be_deaf(void)
{
    while (sent < attack->count) {
        struct ov_frame frame = make(sent++);
        step((struct ov_event){.kind = OV_ON_SEND, .frame = &frame});
        for (int i = 0; i < LINKS; i++)
            while (links[i].len > 0)
                write_link(&links[i]);
        if (sent % 100 == 0)
            usleep(20000);
    }
    printf("asked %u\n", sent);
    fflush(stdout);
    for (;;)
        pause();
}

void be_member(const struct attack *the_attack)
{
    bool watch = strncmp(the_attack->kind, "watch", 5) == 0;
    unsigned wanted = strcmp(the_attack->kind, "unasked") == 0 ? 1 : the_attack->count;
    attack = the_attack;
    join();
    if (strcmp(attack->kind, "deaf") == 0)
        be_deaf();
    for (; sent < attack->count && over == NULL; sent++) {
        struct ov_frame frame = make(sent);
        step((struct ov_event){.kind = OV_ON_SEND, .frame = &frame});
        while (watch && over == NULL && sent >= answers + WATCHES) /* it is to stay up */
            round_once();
    }
    bool ends =
        watch && strcmp(attack->kind, "watch_one") != 0 && strcmp(attack->kind, "watch_shelf") != 0;
    while (over == NULL && (answers < wanted || (ends && downs < attack->count)))
        round_once();
    printf("%s answers=%u", over != NULL ? over : "up", answers);
    print_counts("status", status_count);
    print_counts("reason", reason_count);
    printf("\n");
}
