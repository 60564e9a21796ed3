/* SPDX-License-Identifier: MIT */
/* account.c - an account that any node may have, and that may move at any time.
 *
 * What the actor knows ends with its lease, so it is a copy of what the account's book says. An
 * owner opens the book, from when on earlier ones can no longer write, and reads it from the
 * start. Whatever changes is appended first, under the epoch of the lease, and then done to the
 * copy; a turn that is undone behind that is made good when the next incarnation reads on.
 *
 * Two accounts can be on two nodes, and no turn reaches over both. So a transfer is in the book of
 * the account it leaves, and that one asks the other to take it until it is told so, also
 * as a later owner on another node. Ids make it once. */
#include "book.h"

#define AX_IMPLEMENT
#include "account.h"

#include <ax/cluster.h>
#include <ax/io.h>
#include <ax/map.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define OPENING 1000
#define CHUNK 256u /* records that are read in a turn */
#define AT_ONCE 32 /* transfers that are delivered again in a turn */
#define PATIENCE AX_SECONDS(1)

AX_STATE(account, (u64, records), (i64, balance));
/* known: ids of transfers that have left or come. owing: those that are to be delivered. */
AX_MAPS(account, known, owing);

struct debt {
    int64_t amount;
    char to[BOOK_NAME];
};

static struct ax_span id_key(const uint64_t *id)
{
    return (struct ax_span){id, sizeof *id};
}

/* Names stand in books, between blanks, and are names of files. */
static bool is_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", name[i]) == NULL || name[i] == '\0')
            return false;
    return len > 0 && len < BOOK_NAME;
}

/* A key is not terminated. False: it is none that an account can have. */
static bool own_name(struct ax_ctx *ctx, char name[static BOOK_NAME])
{
    struct ax_span key = ax_key(ctx);
    if (!is_name(key.ptr, key.len))
        return false;
    memcpy(name, key.ptr, key.len);
    name[key.len] = '\0';
    return true;
}

/* ---- the copy ---- */

static void owe(struct ax_ctx *ctx, const struct book_record *record)
{
    struct debt debt = {.amount = record->amount};
    memcpy(debt.to, record->peer, sizeof debt.to);
    AX_CHECK(ctx, ax_map_put(ctx, account_owing, id_key(&record->id),
                             (struct ax_span){&debt, sizeof debt}) == 0);
}

static void apply(struct ax_ctx *ctx, struct account *self, const struct book_record *record)
{
    bool out = strcmp(record->what, BOOK_OUT) == 0;
    self->records++;
    if (strcmp(record->what, BOOK_PAID) == 0) {
        (void)ax_map_delete(ctx, account_owing, id_key(&record->id));
        return;
    }
    self->balance += out ? -record->amount : record->amount;
    if (out)
        owe(ctx, record);
    if (strcmp(record->what, BOOK_OPEN) != 0)
        AX_CHECK(ctx,
                 ax_map_put(ctx, account_known, id_key(&record->id), (struct ax_span){0}) == 0);
}

static bool is_known(struct ax_ctx *ctx, uint64_t id)
{
    return ax_map_get(ctx, account_known, id_key(&id), NULL) == 0;
}

/* Into the book and then into the copy. Where the book refuses it this is no longer the owner, and
 * ends. */
static void record(struct ax_ctx *ctx, struct account *self, const char *what, uint64_t id,
                   int64_t amount, const char *peer)
{
    struct book_record line = {.epoch = ax_lease_epoch(ctx), .id = id, .amount = amount};
    char name[BOOK_NAME];
    AX_CHECK(ctx, own_name(ctx, name));
    snprintf(line.what, sizeof line.what, "%s", what);
    snprintf(line.peer, sizeof line.peer, "%s", peer);
    int error = book_append(name, &line);
    if (error != 0)
        ax_fail(ctx, ax_strerror(error));
    apply(ctx, self, &line);
}

/* ---- from the book ---- */

/* Each read is a turn, so that none has more to put into maps than a turn may. */
static void read_on(struct ax_ctx *ctx, struct account *self, uint64_t book)
{
    char text[CHUNK * BOOK_RECORD];
    struct book_record line;
    uint32_t got;
    do {
        AX_CHECK(ctx,
                 ax_io_pread(ctx, book, text, sizeof text, self->records * BOOK_RECORD, &got) == 0);
        for (uint32_t at = 0; at + BOOK_RECORD <= got; at += BOOK_RECORD) {
            AX_CHECK(ctx, book_parse(text + at, &line));
            apply(ctx, self, &line);
        }
    } while (got >= BOOK_RECORD);
}

static void take_over(struct ax_ctx *ctx, struct account *self)
{
    char name[BOOK_NAME], path[BOOK_PATH];
    uint64_t book;
    AX_CHECK(ctx, own_name(ctx, name));
    int error = book_open(name, ax_lease_epoch(ctx), OPENING);
    if (error != 0)
        ax_fail(ctx, ax_strerror(error));
    book_path(path, name);
    AX_CHECK(ctx, ax_io_open(ctx, path, O_RDONLY, 0, &book) == 0);
    read_on(ctx, self, book);
    AX_CHECK(ctx, ax_io_close(ctx, book) == 0);
}

static void on_start(struct ax_ctx *ctx, struct account *self)
{
    AX_CHECK(ctx, account_deliver_every(ctx, AX_MILLISECONDS(500), NULL) == 0);
    take_over(ctx, self);
}

/* ---- transfers ---- */

/* Where it is not to be had now, the timer tries again. */
static void deliver(struct ax_ctx *ctx, uint64_t id, struct debt debt)
{
    struct ax_span key = {debt.to, (uint32_t)strlen(debt.to)};
    char name[BOOK_NAME];
    account_ref to;
    if (own_name(ctx, name) && account_ref_key(ctx, "accounts", key, &to) == 0)
        (void)!account_credit_async(ctx, to, id, name, debt.amount, PATIENCE, NULL);
}

void account_on_transfer(struct ax_ctx *ctx, struct account *self,
                         const struct account_transfer *msg, struct account_transfer_reply *reply)
{
    struct debt debt = {.amount = msg->amount};
    reply->accepted = is_known(ctx, msg->id);
    if (reply->accepted || msg->amount <= 0 || msg->amount > self->balance ||
        !is_name(msg->to, strlen(msg->to)))
        return;
    record(ctx, self, BOOK_OUT, msg->id, msg->amount, msg->to);
    reply->accepted = true;
    memcpy(debt.to, msg->to, sizeof debt.to);
    deliver(ctx, msg->id, debt);
}

void account_on_credit(struct ax_ctx *ctx, struct account *self, const struct account_credit *msg,
                       struct account_credit_reply *reply)
{
    if (!is_name(msg->from, strlen(msg->from)))
        ax_fail(ctx, "a credit from nobody");
    if (!is_known(ctx, msg->id))
        record(ctx, self, BOOK_IN, msg->id, msg->amount, msg->from);
    reply->id = msg->id;
}

static void on_reply(struct ax_ctx *ctx, struct account *self, const struct ax_reply *reply)
{
    const struct account_credit_reply *done = account_credit_reply_of(reply);
    if (done != NULL && ax_map_get(ctx, account_owing, id_key(&done->id), NULL) == 0)
        record(ctx, self, BOOK_PAID, done->id, 0, "-");
}

void account_on_deliver(struct ax_ctx *ctx, struct account *self, const struct account_deliver *msg)
{
    struct ax_span key, value;
    struct debt debt;
    uint64_t cursor = 0, id;
    (void)self, (void)msg;
    for (int i = 0; i < AT_ONCE && ax_map_next(ctx, account_owing, &cursor, &key, &value) == 0;
         i++) {
        memcpy(&id, key.ptr, sizeof id);
        memcpy(&debt, value.ptr, sizeof debt);
        deliver(ctx, id, debt);
    }
}

void account_on_statement(struct ax_ctx *ctx, struct account *self,
                          const struct account_statement *msg,
                          struct account_statement_reply *reply)
{
    (void)msg;
    *reply = (struct account_statement_reply){.balance = self->balance,
                                              .owed = ax_map_count(ctx, account_owing),
                                              .epoch = ax_lease_epoch(ctx),
                                              .records = self->records};
}

AX_ACTOR(account, .on_start = on_start, .on_restart = take_over, .on_reply = on_reply);
