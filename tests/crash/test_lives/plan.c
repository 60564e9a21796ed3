/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include "tests/lib/system.h"

#define CROWD 48u /* about so many live */
#define WHOLE 1024u

/* xorshift64 (Marsaglia 2003). */
uint64_t dice_roll(struct dice *dice, uint64_t sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (dice->state >> 8) % sides;
}

struct plan {
    const struct model *model;
    struct dice *dice;
    const struct life *alive[WHOLE], *gone[WHOLE];
    uint32_t nalive, ngone;
};

static void gather(struct plan *plan)
{
    VEC_EACH(&plan->model->lives, each)
    {
        const struct life *life = *each;
        if (!life->begun)
            continue;
        if (life->gone && plan->ngone < WHOLE)
            plan->gone[plan->ngone++] = life;
        else if (!life->gone && plan->nalive < WHOLE)
            plan->alive[plan->nalive++] = life;
    }
    if (plan->nalive == 0)
        give_up("nobody lives");
}

static const struct life *any(struct plan *plan)
{
    return plan->alive[dice_roll(plan->dice, plan->nalive)];
}

/* Somebody who may end: the nurses stay, so that each worker has who can spawn. */
static const struct life *mortal(struct plan *plan)
{
    for (uint32_t tries = 0; tries < 100; tries++) {
        const struct life *life = any(plan);
        if (!life->nurse)
            return life;
    }
    return NULL;
}

/* Somebody to whom something is done; one in ten is gone already. */
static const struct life *target(struct plan *plan, bool ends)
{
    if (plan->ngone > 0 && dice_roll(plan->dice, 10) == 0)
        return plan->gone[dice_roll(plan->dice, plan->ngone)];
    return ends ? mortal(plan) : any(plan);
}

static uint64_t reason(struct plan *plan)
{
    static const uint8_t reasons[] = {AX_NORMAL, AX_NORMAL, AX_OTHER, AX_PROTOCOL, AX_KILLED};
    return reasons[dice_roll(plan->dice, sizeof reasons)];
}

/* One of those of `self` that are still there. */
static uint64_t a_monitor(struct plan *plan, const struct life *self)
{
    uint64_t found = 0;
    uint32_t n = 0;
    VEC_EACH(&plan->model->watches, watch)
    if (watch->self == self->addr && dice_roll(plan->dice, ++n) == 0)
        found = watch->monitor;
    return found;
}

/* A link of `self`, so that there is something to unlink. */
static const struct life *a_friend(struct plan *plan, const struct life *self)
{
    const struct life *found = NULL;
    uint32_t n = 0;
    VEC_EACH(&plan->model->ties, tie)
    if ((tie->a == self->addr || tie->b == self->addr) && tie->state != OFF &&
        dice_roll(plan->dice, ++n) == 0)
        found = model_find(plan->model, tie->a == self->addr ? tie->b : tie->a);
    return found;
}

/* How often each op is chosen, of 1000. */
static const uint16_t weights[OPS] = {
    [OP_SPAWN] = 60, [OP_LINK] = 80,   [OP_UNLINK] = 60, [OP_MONITOR] = 100, [OP_DEMONITOR] = 40,
    [OP_TRAP] = 50,  [OP_JOIN] = 50,   [OP_LEAVE] = 30,  [OP_TELL] = 150,    [OP_ASK] = 50,
    [OP_LATER] = 60, [OP_UPSET] = 15,  [OP_QUIT] = 14,   [OP_SIGNAL] = 14,   [OP_STOP] = 8,
    [OP_TIMER] = 50, [OP_CANCEL] = 20, [OP_PUT] = 60,    [OP_DELETE] = 20,   [OP_CLEAR] = 4,
    [OP_CHECK] = 20, [OP_KEY] = 30,    [OP_REST] = 15,
};

static enum op an_op(struct plan *plan)
{
    uint64_t at = dice_roll(plan->dice, 1000);
    for (uint32_t op = 0; op < OPS; op++) {
        if (at < weights[op])
            return (enum op)op;
        at -= weights[op];
    }
    return OP_TELL;
}

/* Whom the op is done to; false where there is nobody. */
static bool choose_who(struct plan *plan, const struct life *self, struct order *order)
{
    const struct life *who = NULL;
    switch (order->op) {
    case OP_LINK:
        who = target(plan, true);
        if (who == self || self->nurse)
            return false;
        break;
    case OP_SIGNAL:
    case OP_STOP:
        who = target(plan, true);
        break;
    case OP_UNLINK:
        who = a_friend(plan, self);
        break;
    case OP_QUIT:
        if (self->nurse)
            return false;
        who = any(plan);
        break;
    case OP_UPSET:
        who = any(plan);
        break;
    case OP_MONITOR:
    case OP_TELL:
    case OP_ASK:
    case OP_LATER:
        who = target(plan, false);
        break;
    default:
        return true;
    }
    order->who = who == NULL ? 0 : who->addr;
    return who != NULL;
}

static void choose_value(struct plan *plan, const struct life *self, struct order *order)
{
    struct dice *dice = plan->dice;
    switch (order->op) {
    case OP_SPAWN:
        order->value = dice_roll(dice, 8);
        if (self->nurse)
            order->value &= ~(uint64_t)SPAWN_LINKED;
        if (!(order->value & SPAWN_NEVER) && dice_roll(dice, 4) == 0)
            order->value |= SPAWN_NAMED;
        break;
    case OP_MONITOR:
        order->value = dice_roll(dice, 3) == 0 ? AX_MONITOR_FINAL : 0;
        break;
    case OP_DEMONITOR:
        order->value = a_monitor(plan, self);
        break;
    case OP_TRAP:
        order->value = dice_roll(dice, 2);
        break;
    case OP_JOIN:
    case OP_LEAVE:
        order->value = dice_roll(dice, LIVES_GROUPS);
        break;
    case OP_TELL:
        order->value = 1 + dice_roll(dice, 6);
        break;
    case OP_ASK:
    case OP_LATER:
        order->value = dice_roll(dice, 4) == 0 ? AX_MICROSECONDS(dice_roll(dice, 1000))
                                               : AX_MILLISECONDS(10 + dice_roll(dice, 50));
        break;
    case OP_QUIT:
    case OP_SIGNAL:
        order->value = reason(plan);
        break;
    case OP_TIMER:
        order->value = AX_MICROSECONDS(dice_roll(dice, 10000));
        break;
    case OP_KEY:
        order->value = dice_roll(dice, LIVES_KEYS);
        break;
    default:
        order->value = dice_roll(dice, 1000000);
    }
}

static bool make(struct plan *plan, struct order *order)
{
    const struct life *self = any(plan);
    order->op = an_op(plan);
    order->to = self->addr;
    order->who = 0;
    if (order->op == OP_SPAWN && plan->nalive > 2 * CROWD)
        return false;
    if (!choose_who(plan, self, order))
        return false;
    choose_value(plan, self, order);
    return true;
}

/* The other side links at the same time. */
static bool make_twin(struct plan *plan, const struct order *of, struct order *order)
{
    const struct life *who = model_find(plan->model, of->who);
    if (of->op != OP_LINK || who->gone || who->nurse || dice_roll(plan->dice, 3) != 0)
        return false;
    order->op = OP_LINK;
    order->to = of->who;
    order->who = of->to;
    return true;
}

uint32_t plan_make(const struct model *model, struct dice *dice, struct order *orders)
{
    static struct plan plan;
    const uint32_t want = 40 + (uint32_t)dice_roll(dice, PLAN_MOST - 40);
    uint32_t n = 0;
    plan = (struct plan){.model = model, .dice = dice};
    gather(&plan);
    for (uint32_t tries = 0; n < want && tries < 1000; tries++) {
        struct order *order = &orders[n];
        *order = (struct order){.number = (model->round + 1) << 10 | (n + 1)};
        if (plan.nalive < CROWD && n < 8) { /* a worker has at least a nurse */
            order->to = any(&plan)->addr;
            order->op = OP_SPAWN;
            choose_value(&plan, model_find(model, order->to), order);
            n++;
        } else if ((n > 0 && make_twin(&plan, order - 1, order)) || make(&plan, order)) {
            n++;
        }
    }
    return n;
}
