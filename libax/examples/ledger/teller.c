/* SPDX-License-Identifier: MIT */
/* teller.c - moves money between accounts of the whole cluster, one transfer at a time.
 *
 * An error is no outcome: the account may have done it. So it asks again with the same id until it
 * is told. What it was told it notes in a book of its own, which nobody else writes to: by that is
 * seen in the end whether anything that was promised is missing. */
#include "account.h"
#include "book.h"

#define AX_IMPLEMENT
#include "teller.h"

#include <ax/cluster.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PATIENCE AX_SECONDS(1)
#define BURST 8 /* transfers in a turn of its timer */

AX_STATE(teller, (u64, told), (u64, refused), (u64, again), (bool, resting), (bool, open),
         (u64, id), (u32, from), (u32, to), (i64, amount));

/* A number of the config's "args". */
static uint32_t argument(struct ax_ctx *ctx, const char *key, uint32_t otherwise)
{
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(ax_args(ctx), quoted);
    return at == NULL ? otherwise : (uint32_t)strtoul(at + strlen(quoted), NULL, 10);
}

static void on_start(struct ax_ctx *ctx, struct teller *self)
{
    uint64_t period = AX_MILLISECONDS(argument(ctx, "period_ms", 20));
    (void)self;
    AX_CHECK(ctx, teller_work_every(ctx, period, NULL) == 0);
}

/* No two tellers and no two lives of one make the same id: it is chance. */
static void choose(struct ax_ctx *ctx, struct teller *self)
{
    uint32_t accounts = argument(ctx, "accounts", 12), dice[3];
    AX_CHECK(ctx, accounts >= 2);
    AX_CHECK(ctx, getrandom(&self->id, sizeof self->id, 0) == sizeof self->id);
    AX_CHECK(ctx, getrandom(dice, sizeof dice, 0) == sizeof dice);
    self->from = dice[0] % accounts;
    self->to = (self->from + 1 + dice[1] % (accounts - 1)) % accounts;
    self->amount = 1 + dice[2] % 100;
    self->open = true;
}

static void settle(struct ax_ctx *ctx, struct teller *self, bool accepted)
{
    struct book_record line = {.id = self->id, .amount = self->amount, .what = BOOK_TOLD};
    self->open = false;
    if (!accepted) {
        self->refused++;
        return;
    }
    self->told++;
    snprintf(line.peer, sizeof line.peer, "account-%u", self->from);
    AX_CHECK(ctx, book_append(ax_name(ctx, ax_self(ctx)), &line) == 0);
}

/* Asks for the open transfer. False: no answer came. */
static bool ask(struct ax_ctx *ctx, struct teller *self)
{
    struct account_transfer_reply reply;
    char from[BOOK_NAME], to[BOOK_NAME];
    account_ref account;
    int n = snprintf(from, sizeof from, "account-%u", self->from);
    snprintf(to, sizeof to, "account-%u", self->to);
    int error = account_ref_key(ctx, "accounts", (struct ax_span){from, (uint32_t)n}, &account);
    if (error == 0)
        error = account_transfer(ctx, account, self->id, to, self->amount, &reply, PATIENCE);
    if (error == 0)
        settle(ctx, self, reply.accepted);
    else
        self->again++;
    return error == 0;
}

void teller_on_work(struct ax_ctx *ctx, struct teller *self, const struct teller_work *msg)
{
    (void)msg;
    for (int i = 0; i < BURST; i++) {
        if (!self->open && self->resting)
            return;
        if (!self->open)
            choose(ctx, self);
        if (!ask(ctx, self))
            return;
    }
}

void teller_on_rest(struct ax_ctx *ctx, struct teller *self, const struct teller_rest *msg,
                    struct teller_rest_reply *reply)
{
    (void)ctx, (void)msg;
    self->resting = true;
    reply->idle = !self->open;
}

void teller_on_totals(struct ax_ctx *ctx, struct teller *self, const struct teller_totals *msg,
                      struct teller_totals_reply *reply)
{
    (void)ctx, (void)msg;
    *reply = (struct teller_totals_reply){.told = self->told,
                                          .refused = self->refused,
                                          .again = self->again,
                                          .idle = self->resting && !self->open};
}

AX_ACTOR(teller, .on_start = on_start);
