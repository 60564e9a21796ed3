/* SPDX-License-Identifier: MIT */
/* auditor.c - watches everyone, counts who goes down, and measures how soon they serve again.
 *
 * A monitor outlives the process of the watcher and reports every end of an incarnation, so the
 * auditor sets each up once. At a down it asks the actor for its figures without waiting; the
 * mail is kept, so the answer comes from the next incarnation. */
#include "bank.h"

#include "account.h"
#include "teller.h"
#define AX_IMPLEMENT
#include "auditor.h"

#include <stdlib.h>
#include <string.h>

#define WATCHED 64
#define SAMPLES 63
#define PATIENCE AX_SECONDS(10)

/* down_at: CLOCK_MONOTONIC; ask: 0 while none is open */
AX_STRUCT(watched, (ref, who), (u64, down_at), (u64, ask));

AX_STATE(auditor, (u32, watching), (array(nested(watched), WATCHED), watched), (u64, downs),
         (u64, suspects), (u64, gone), (text(64), last), (u64, served), (u64, last_ns),
         (u64, longest_ns), (array(u64, SAMPLES), samples));

/* The accounts come first, then the tellers. */
static int find(struct ax_ctx *ctx, uint32_t number, struct ax_ref *who)
{
    uint32_t accounts = (uint32_t)bank_arg(ctx, "accounts", 0);
    char name[BANK_NAME_MAX];
    account_ref account;
    teller_ref teller;
    if (number < accounts) {
        AX_TRY(account_find(ctx, bank_name(name, "account", number), &account));
        *who = account.ref;
        return 0;
    }
    AX_TRY(teller_find(ctx, bank_name(name, "teller", number - accounts), &teller));
    *who = teller.ref;
    return 0;
}

void auditor_on_look(struct ax_ctx *ctx, struct auditor *self, const struct auditor_look *msg)
{
    (void)msg;
    uint32_t all = (uint32_t)(bank_arg(ctx, "accounts", 0) + bank_arg(ctx, "tellers", 0));
    AX_CHECK(ctx, all <= WATCHED);
    while (self->watching < all) {
        struct ax_ref who;
        if (find(ctx, self->watching, &who) != 0 || ax_monitor(ctx, who, NULL) != 0)
            break;
        self->watched[self->watching++].who = who;
    }
    if (self->watching < all)
        AX_CHECK(ctx, auditor_look_after(ctx, AX_MILLISECONDS(10), NULL) == 0);
}

static void on_start(struct ax_ctx *ctx, struct auditor *self)
{
    (void)self;
    AX_CHECK(ctx, auditor_look_after(ctx, 0, NULL) == 0);
}

static int ask(struct ax_ctx *ctx, uint32_t number, struct ax_ref who, uint64_t *id)
{
    if (number < (uint32_t)bank_arg(ctx, "accounts", 0))
        return account_statement_async(ctx, account_ref_of(who), PATIENCE, id);
    return teller_totals_async(ctx, teller_ref_of(who), PATIENCE, id);
}

static void on_down(struct ax_ctx *ctx, struct auditor *self, const struct ax_down *down)
{
    uint32_t i = 0;
    while (i < self->watching && self->watched[i].who.addr != down->who.addr)
        i++;
    if (i == self->watching)
        return;
    struct watched *watched = &self->watched[i];
    self->downs++;
    if (down->suspect) {
        self->suspects++;
        (void)ax_text_set(self->last, sizeof self->last, ax_name(ctx, down->who));
    }
    if (!down->will_restart) {
        self->gone++;
    } else if (watched->ask == 0 && ask(ctx, i, down->who, &watched->ask) == 0) {
        watched->down_at = ax_now(ctx);
    }
}

static void on_reply(struct ax_ctx *ctx, struct auditor *self, const struct ax_reply *reply)
{
    uint32_t i = 0;
    while (i < self->watching && self->watched[i].ask != reply->ask)
        i++;
    if (i == self->watching)
        return;
    self->watched[i].ask = 0;
    if (reply->error != 0)
        return;
    uint64_t took_ns = ax_now(ctx) - self->watched[i].down_at;
    self->samples[self->served++ % SAMPLES] = took_ns;
    self->last_ns = took_ns;
    if (took_ns > self->longest_ns)
        self->longest_ns = took_ns;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static uint64_t median(const struct auditor *self)
{
    uint64_t sorted[SAMPLES];
    size_t n = self->served < SAMPLES ? self->served : SAMPLES;
    memcpy(sorted, self->samples, sizeof sorted);
    qsort(sorted, n, sizeof sorted[0], by_size);
    return n == 0 ? 0 : sorted[n / 2];
}

void auditor_on_report(struct ax_ctx *ctx, struct auditor *self, const struct auditor_report *msg,
                       struct auditor_report_reply *reply)
{
    (void)ctx, (void)msg;
    reply->watching = self->watching;
    reply->downs = self->downs;
    reply->suspects = self->suspects;
    reply->gone = self->gone;
    memcpy(reply->last, self->last, sizeof reply->last);
    reply->served = self->served;
    reply->last_ns = self->last_ns;
    reply->median_ns = median(self);
    reply->longest_ns = self->longest_ns;
}

AX_ACTOR(auditor, .on_start = on_start, .on_down = on_down, .on_reply = on_reply);
