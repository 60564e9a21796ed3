/* SPDX-License-Identifier: MIT */
/* teller.c - a teller: one transfer after another, each seen through to its outcome.
 *
 * What it is about to ask for is in its kept state before it asks: the ask commits it. When the
 * answer does not come, because the ask was canceled or timed out or the teller's own process died
 * while it waited, it asks again with the same id, and the account does it at most once.
 *
 * It works by a timer, which is kept like its state. A process that dies in the middle of an await
 * takes the message with it that began it, here `work`, and the chain of timers would end: so each
 * restart begins a new chain, a round, and messages of an older round are ignored. */
#include "bank.h"

#include "account.h"
#define AX_IMPLEMENT
#include "teller.h"

#define PATIENCE AX_SECONDS(1)

/* The open transfer is `number` from account `from` to account `to`. */
AX_STATE(teller, (u64, round), (u64, dice), (bool, paused), (bool, open), (u64, number),
         (u32, from), (u32, to), (i64, sum), (u64, accepted), (u64, refused), (u64, canceled),
         (u64, unknown), (i64, marks), (i64, amount));

static void begin_round(struct ax_ctx *ctx, struct teller *self)
{
    self->round++;
    AX_CHECK(ctx, teller_work_after(ctx, self->round, 0, NULL) == 0);
}

static void on_start(struct ax_ctx *ctx, struct teller *self)
{
    self->dice = bank_mark((uint32_t)bank_arg(ctx, "number", 0), 1) | 1;
    begin_round(ctx, self);
}

static void on_restart(struct ax_ctx *ctx, struct teller *self)
{
    if (self->open)
        self->unknown++;
    if (self->open || !self->paused)
        begin_round(ctx, self);
}

/* xorshift64 (Marsaglia 2003). */
static uint64_t throw_dice(struct teller *self, uint64_t sides)
{
    self->dice ^= self->dice << 13;
    self->dice ^= self->dice >> 7;
    self->dice ^= self->dice << 17;
    return self->dice % sides;
}

static void choose(struct ax_ctx *ctx, struct teller *self)
{
    uint32_t accounts = (uint32_t)bank_arg(ctx, "accounts", 2);
    AX_CHECK(ctx, accounts >= 2);
    self->from = (uint32_t)throw_dice(self, accounts);
    self->to = (self->from + 1 + (uint32_t)throw_dice(self, accounts - 1)) % accounts;
    self->sum = 1 + (int64_t)throw_dice(self, 100);
    self->number++;
    self->open = true;
}

static void settle(struct ax_ctx *ctx, struct teller *self, bool accepted)
{
    self->open = false;
    if (!accepted) {
        self->refused++;
        return;
    }
    self->accepted++;
    self->amount += self->sum;
    self->marks =
        bank_sum(self->marks, bank_mark((uint32_t)bank_arg(ctx, "number", 0), self->number));
}

/* Asks for the open transfer. May suspend; then false means that no answer came. */
static bool ask(struct ax_ctx *ctx, struct teller *self)
{
    struct account_transfer_reply reply;
    char name[BANK_NAME_MAX];
    account_ref from, to;
    if (account_find(ctx, bank_name(name, "account", self->from), &from) != 0 ||
        account_find(ctx, bank_name(name, "account", self->to), &to) != 0)
        return false;
    uint32_t me = (uint32_t)bank_arg(ctx, "number", 0);
    int error = account_transfer(ctx, from, me, self->number, to, self->sum, &reply, PATIENCE);
    if (error == 0)
        settle(ctx, self, reply.accepted);
    else if (error == AX_E_CANCELED)
        self->canceled++;
    else if (error != AX_E_FULL)
        self->unknown++;
    return error == 0;
}

void teller_on_work(struct ax_ctx *ctx, struct teller *self, const struct teller_work *msg)
{
    if (msg->round != self->round)
        return;
    for (int64_t left = bank_arg(ctx, "burst", 16); left > 0; left--) {
        if (!self->open && self->paused)
            return;
        if (!self->open)
            choose(ctx, self);
        if (!ask(ctx, self))
            break;
    }
    uint64_t rest = AX_MICROSECONDS(bank_arg(ctx, "rest_us", 1000));
    AX_CHECK(ctx, teller_work_after(ctx, self->round, rest, NULL) == 0);
}

void teller_on_pause(struct ax_ctx *ctx, struct teller *self, const struct teller_pause *msg,
                     struct teller_pause_reply *reply)
{
    (void)ctx, (void)msg;
    self->paused = true;
    reply->resting = !self->open;
}

void teller_on_resume(struct ax_ctx *ctx, struct teller *self, const struct teller_resume *msg,
                      struct teller_resume_reply *reply)
{
    (void)msg;
    if (self->paused)
        begin_round(ctx, self);
    self->paused = false;
    reply->resting = false;
}

void teller_on_totals(struct ax_ctx *ctx, struct teller *self, const struct teller_totals *msg,
                      struct teller_totals_reply *reply)
{
    (void)ctx, (void)msg;
    *reply = (struct teller_totals_reply){
        .asked = self->number,
        .accepted = self->accepted,
        .refused = self->refused,
        .canceled = self->canceled,
        .unknown = self->unknown,
        .marks = self->marks,
        .amount = self->amount,
        .resting = self->paused && !self->open,
    };
}

AX_ACTOR(teller, .on_start = on_start, .on_restart = on_restart);
