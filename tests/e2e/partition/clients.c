/* SPDX-License-Identifier: MIT */
/* clients.c - who works with the cells: some at each node, over its control socket, as axsup call
 * does. Each has one thing under way at a time.
 *
 * A few keys are worked with at a time. One that has been used enough, so that the search for an
 * order stays small, is left and a new one begun. */
#include "tests/e2e/partition/history.h"

#include "tests/e2e/stores/folder.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EACH 2u /* clients of a node */
#define CLIENTS (EACH * NODES)
#define LIVE 6u /* keys that are in use */
#define ENOUGH (LINEAR_OPS - 40)
#define UNKNOWN_MOST 8u /* of a key */
#define PATIENCE (2 * SECOND)
#define GRACE SECOND /* for who is to say that it took too long */
#define THINK (40 * MS)
#define AGAIN (50 * MS) /* after a failure */
#define NONE UINT32_MAX

static struct client {
    unsigned node;
    int fd; /* -1: none */
    bool waiting;
    bool last;        /* it asks for a key that is to be answered for, in the end */
    unsigned key, op; /* NONE: it is not written down */
    uint64_t at;      /* when it does something next, or waits no longer */
    size_t have;
    char in[1024];
} clients[CLIENTS];

static struct history *histories[KEYS_MAX];
static unsigned nkeys, live[LIVE];
static uint64_t dice, next_id;
static bool finishing;
static unsigned next_asked[NODES]; /* keys that are to be answered for, in the end */

unsigned clients_keys(void)
{
    return nkeys;
}

const struct history *clients_history(unsigned key)
{
    return histories[key];
}

/* ---- keys ---- */

static unsigned new_key(bool counter)
{
    struct history *history = calloc(1, sizeof *history);
    if (history == NULL || nkeys == KEYS_MAX)
        server_give_up("too many keys");
    history->counter = counter;
    snprintf(history->name, sizeof history->name, "%c%u", counter ? 'c' : 'r', nkeys);
    histories[nkeys] = history;
    return nkeys++;
}

static unsigned choose_key(void)
{
    unsigned *at = &live[roll(&dice, LIVE)];
    const struct history *history = histories[*at];
    if (history->n >= ENOUGH || history->unknown >= UNKNOWN_MOST)
        *at = new_key(history->counter);
    return *at;
}

static bool is_live(unsigned key)
{
    for (unsigned i = 0; i < LIVE; i++)
        if (live[i] == key)
            return true;
    return false;
}

/* ---- what is done ---- */

static struct op choose_op(const struct history *history)
{
    struct op op = {.did.kind = LINEAR_READ};
    unsigned what = (unsigned)roll(&dice, 5);
    if (finishing || what < 2)
        return op;
    op.id = ++next_id;
    op.did.argument = history->counter ? 1 + roll(&dice, 3) : op.id;
    op.did.expected = history->seen;
    op.did.kind = history->counter ? LINEAR_ADD : what == 2 ? LINEAR_WRITE : LINEAR_SWAP;
    return op;
}

static int write_request(char *text, size_t room, const char *key, const struct op *op)
{
    static const char *const messages[] = {[LINEAR_READ] = "get",
                                           [LINEAR_ADD] = "add",
                                           [LINEAR_WRITE] = "put",
                                           [LINEAR_SWAP] = "swap"};
    char args[128] = "{}", expected[48] = "";
    if (op->did.kind == LINEAR_SWAP)
        snprintf(expected, sizeof expected, ",\\\"expected\\\":%lu", op->did.expected);
    if (op->did.kind != LINEAR_READ)
        snprintf(args, sizeof args, "{\\\"id\\\":%lu,\\\"argument\\\":%lu%s}", op->id,
                 op->did.argument, expected);
    return snprintf(text, room,
                    "{\"command\":\"call\",\"actor\":\"cells/%s\",\"message\":\"%s\","
                    "\"args\":\"%s\",\"timeout_ns\":%lu}\n",
                    key, messages[op->did.kind], args, PATIENCE);
}

/* ---- how it ends ---- */

static void end(struct client *client, enum outcome outcome, uint64_t value, const char *error)
{
    struct history *history = histories[client->key];
    uint64_t now = now_ns();
    client->waiting = false;
    client->at = now + (outcome == OP_DONE ? finishing ? 0 : roll(&dice, THINK) : AGAIN);
    if (client->last && outcome == OP_DONE)
        next_asked[client->node]++;
    if (outcome == OP_DONE)
        history->seen = value;
    if (client->op == NONE)
        return;
    struct op *op = &history->ops[client->op];
    op->outcome = outcome;
    snprintf(op->error, sizeof op->error, "%s", error);
    op->did.told = outcome == OP_DONE;
    op->did.end = outcome == OP_DONE ? now : LINEAR_NEVER;
    op->did.result = value;
    history->unknown += outcome == OP_UNKNOWN && op->did.kind != LINEAR_READ;
}

static void hang_up(struct client *client)
{
    close(client->fd);
    client->fd = -1;
    client->have = 0;
    if (client->waiting)
        end(client, OP_UNKNOWN, 0, "no answer");
}

/* After these nothing has been done, as ax_cluster(3) and ax_ask(3) say; after others who knows. */
static bool is_refusal(const char *error)
{
    static const char *const refusals[] = {"AX_E_STALE",    "AX_E_BUSY",   "AX_E_FULL",
                                           "AX_E_NO_ACTOR", "AX_E_CLOSED", "AX_E_LIMIT",
                                           "AX_E_NO_MEMORY"};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strcmp(error, refusals[i]) == 0)
            return true;
    return false;
}

static void answered(struct client *client)
{
    char error[ERROR_NAME] = "", done[8] = "";
    uint64_t value = 0;
    client->have = 0;
    if (sscanf(client->in, "{\"ok\":false,\"error\":\"%23[A-Z_]", error) == 1)
        end(client, is_refusal(error) ? OP_REFUSED : OP_UNKNOWN, 0, error);
    else if (sscanf(client->in, "{\"ok\":true,\"result\":{\"done\":%5[a-z],\"value\":%lu}}", done,
                    &value) != 2)
        server_give_up("an answer that makes no sense: %s", client->in);
    else if (strcmp(done, "true") == 0)
        end(client, OP_DONE, value, "");
    else
        end(client, OP_REFUSED, 0, "fenced");
}

static void receive(struct client *client)
{
    ssize_t n =
        recv(client->fd, client->in + client->have, sizeof client->in - 1 - client->have, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        hang_up(client);
        return;
    }
    client->have += (size_t)n;
    client->in[client->have] = '\0';
    if (client->in[client->have - 1] == '\n')
        answered(client);
}

/* ---- how it begins ---- */

static bool dial(struct client *client)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (client->fd >= 0)
        return true;
    snprintf(at.sun_path, sizeof at.sun_path, "%s", node_control(client->node));
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd >= 0 && connect(client->fd, (struct sockaddr *)&at, sizeof at) == 0)
        return true;
    close(client->fd);
    client->fd = -1;
    return false;
}

/* In the end each key is asked for at a node, and those that are in use at all. False: no more. */
static bool next_key(struct client *client)
{
    unsigned *next = &next_asked[client->node];
    if (!finishing) {
        client->key = choose_key();
        return true;
    }
    while (*next < nkeys && *next % NODES != client->node && !is_live(*next))
        ++*next;
    client->key = *next;
    return *next < nkeys && client == &clients[client->node]; /* one of each node does this */
}

static void begin(struct client *client)
{
    char text[512];
    client->at = now_ns() + AGAIN;
    if (!dial(client) || !next_key(client))
        return;
    struct history *history = histories[client->key];
    struct op op = choose_op(history);
    int size = write_request(text, sizeof text, history->name, &op);
    op.did.begin = now_ns();
    op.did.end = LINEAR_NEVER;
    if (send(client->fd, text, (size_t)size, MSG_NOSIGNAL) != size) { /* it is gone */
        hang_up(client);
        return;
    }
    client->waiting = true;
    client->last = finishing;
    client->at = op.did.begin + PATIENCE + GRACE;
    client->op = history->n < LINEAR_OPS ? history->n++ : NONE;
    if (client->op != NONE)
        history->ops[client->op] = op;
}

/* ---- all of them ---- */

void clients_begin(uint64_t seed)
{
    dice = seed;
    for (unsigned i = 0; i < LIVE; i++)
        live[i] = new_key(i % 2 == 0);
    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i] = (struct client){.node = i % NODES, .fd = -1};
}

static void look(struct client *client, short revents)
{
    if (client->waiting && revents != 0)
        receive(client);
    if (client->waiting && now_ns() >= client->at)
        hang_up(client);
    if (!client->waiting && now_ns() >= client->at)
        begin(client);
}

void clients_work(uint64_t until)
{
    struct pollfd fds[CLIENTS];
    uint64_t now = now_ns(), next = until;
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = (struct pollfd){.fd = clients[i].waiting ? clients[i].fd : -1, .events = POLLIN};
        next = clients[i].at < next ? clients[i].at : next;
    }
    (void)poll(fds, CLIENTS, next > now ? (int)((next - now) / MS) + 1 : 0);
    for (unsigned i = 0; i < CLIENTS; i++)
        look(&clients[i], fds[i].revents);
}

static bool is_finished(void)
{
    bool all = true;
    for (unsigned i = 0; i < CLIENTS; i++)
        all = all && !clients[i].waiting;
    for (unsigned i = 0; i < NODES; i++)
        all = all && next_asked[i] >= nkeys;
    return all;
}

bool clients_finish(uint64_t patience_ns)
{
    uint64_t until = now_ns() + patience_ns;
    finishing = true;
    while (!is_finished() && now_ns() < until)
        clients_work(until);
    return is_finished();
}

void clients_end(void)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (clients[i].fd >= 0)
            close(clients[i].fd);
    for (unsigned i = 0; i < nkeys; i++)
        free(histories[i]);
}
