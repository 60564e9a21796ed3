/* SPDX-License-Identifier: MIT */
/* Each key's answers have an order that explains them. */
#include "tests/sim/seeds/world.h"

#define EFFORT 20000u /* states of a history */

/* What is known of an operation when all has ended. False: it has not happened. */
static bool remembered(const struct op *op, struct linear_op *as)
{
    bool answered = op->status == 0;
    if (op->kind == OV_ENSURE || !ledger_may_be_done(op->status) ||
        (op->what == LINEAR_READ && !answered))
        return false;
    *as = (struct linear_op){.begin = op->begun_at,
                             .end = answered ? op->ended_at : LINEAR_NEVER,
                             .kind = op->what,
                             .argument = op->what == LINEAR_WRITE ? op->number << 16 : 1,
                             .result = op->value,
                             .told = answered && op->kind == OV_ASK};
    return true;
}

void history_check(struct world *world)
{
    static struct linear_op history[LINEAR_OPS + 1];
    for (unsigned key = 0; key < KEYS; key++) {
        unsigned n = 0;
        enum linear_verdict verdict;
        for (unsigned i = 0; i < world->nops; i++)
            if (world->ops[i].key == key && n < LINEAR_OPS + 1 &&
                remembered(&world->ops[i], &history[n]))
                n++;
        verdict = linear_check(history, n, EFFORT); /* of too many: too hard */
        world->tally.n[TOO_HARD] += verdict == LINEAR_TOO_HARD;
        if (verdict == LINEAR_NO)
            fail(world, "linear", "no order explains the answers of k%u", key);
    }
}
