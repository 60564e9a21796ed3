/* SPDX-License-Identifier: MIT */
/* account.c - an account: a balance, and a ledger that must agree with it.
 *
 * For each teller it knows the last transfer that it was asked for, and what it answered. A teller
 * has one transfer open at a time, so this is enough to do none twice. */
#include "bank.h"

#define AX_IMPLEMENT
#include "account.h"

#define TELLERS 16

AX_STRUCT(customer, (u64, last), (bool, accepted), (u64, transfers), (i64, marks));

AX_STATE(account, (i64, initial), (i64, balance), (u64, debits), (i64, debited), (i64, debit_marks),
         (u64, credits), (i64, credited), (i64, credit_marks),
         (array(nested(customer), TELLERS), customers));

static void on_start(struct ax_ctx *ctx, struct account *self)
{
    self->initial = self->balance = bank_arg(ctx, "balance", 1000);
}

/* The debit and the credit, or neither. */
static bool move(struct ax_ctx *ctx, struct account *self, const struct account_transfer *msg)
{
    int64_t mark = (int64_t)bank_mark(msg->teller, msg->number);
    if (msg->amount <= 0 || msg->amount > self->balance)
        return false;
    if (account_credit(ctx, msg->to, msg->amount, mark) != 0)
        return false;
    self->balance -= msg->amount;
    self->debits++;
    self->debited += msg->amount;
    self->debit_marks = bank_sum(self->debit_marks, (uint64_t)mark);
    return true;
}

void account_on_transfer(struct ax_ctx *ctx, struct account *self,
                         const struct account_transfer *msg, struct account_transfer_reply *reply)
{
    AX_CHECK(ctx, msg->teller < TELLERS);
    struct customer *customer = &self->customers[msg->teller];
    AX_CHECK(ctx, msg->number >= customer->last);
    if (msg->number > customer->last) {
        customer->last = msg->number;
        customer->accepted = move(ctx, self, msg);
        if (customer->accepted) {
            customer->transfers++;
            customer->marks = bank_sum(customer->marks, bank_mark(msg->teller, msg->number));
        }
    }
    reply->accepted = customer->accepted;
}

void account_on_credit(struct ax_ctx *ctx, struct account *self, const struct account_credit *msg)
{
    (void)ctx;
    self->balance += msg->amount;
    self->credits++;
    self->credited += msg->amount;
    self->credit_marks = bank_sum(self->credit_marks, (uint64_t)msg->mark);
}

void account_on_statement(struct ax_ctx *ctx, struct account *self,
                          const struct account_statement *msg,
                          struct account_statement_reply *reply)
{
    (void)ctx, (void)msg;
    *reply = (struct account_statement_reply){
        .initial = self->initial,
        .balance = self->balance,
        .debits = self->debits,
        .debited = self->debited,
        .debit_marks = self->debit_marks,
        .credits = self->credits,
        .credited = self->credited,
        .credit_marks = self->credit_marks,
    };
}

void account_on_served(struct ax_ctx *ctx, struct account *self, const struct account_served *msg,
                       struct account_served_reply *reply)
{
    AX_CHECK(ctx, msg->teller < TELLERS);
    reply->transfers = self->customers[msg->teller].transfers;
    reply->marks = self->customers[msg->teller].marks;
}

AX_ACTOR(account, .on_start = on_start);
