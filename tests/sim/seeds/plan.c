/* SPDX-License-Identifier: MIT */
/* All of a seed's chance but for what the network, the store and the host do by their own: so that
 * a part can be left out, and the rest is what it was. */
#include "tests/sim/seeds/world.h"

#define BUSY_NS (15 * SIM_S) /* of workload and faults */

static const char *const names[] = {
#define PLAN_NAME(symbol, name) name,
    PLANS(PLAN_NAME)
#undef PLAN_NAME
};

/* How often each, of all that is of its sort. */
static const struct share {
    enum plan_kind kind;
    unsigned weight;
} works[] = {{PLAN_REQUEST, 78},
             {PLAN_WATCH, 6},
             {PLAN_END, 6},
             {PLAN_TAKE_BACK, 8},
             {PLAN_CANCEL, 2}},
  breaks[] = {{PLAN_CRASH, 10},  {PLAN_LEAVE, 4},       {PLAN_PARTITION, 7}, {PLAN_ONE_WAY, 6},
              {PLAN_PAUSE, 10},  {PLAN_LEASE_PAUSE, 4}, {PLAN_STORE, 10},    {PLAN_JUMP, 7},
              {PLAN_STALL, 3},   {PLAN_ATTACK, 10},     {PLAN_FLOOD, 2},     {PLAN_IMPOSTOR, 4},
              {PLAN_CORRUPT, 5}, {PLAN_CUT, 12},        {PLAN_CUT_HALF, 8},  {PLAN_ROTATE, 5},
              {PLAN_STRANGE, 2}, {PLAN_FORGET, 3},      {PLAN_STALE, 4},     {PLAN_STUCK, 4},
              {PLAN_BOOK, 5}};

/* splitmix64, as the simulation's, but not the same numbers. */
static uint32_t next(uint64_t *chance)
{
    uint64_t z = *chance += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

static void add(struct plan *plan, uint64_t *chance, uint64_t at, enum plan_kind kind)
{
    struct planned *planned = &plan->list[plan->n];
    *planned = (struct planned){.at = at, .kind = kind};
    planned->a = next(chance);
    planned->b = next(chance);
    planned->c = next(chance);
    planned->d = next(chance);
    plan->n += plan->n + 1 < PLAN_MOST;
}

static enum plan_kind choose(uint64_t *chance, const struct share *shares, unsigned n)
{
    unsigned sum = 0, at;
    for (unsigned i = 0; i < n; i++)
        sum += shares[i].weight;
    at = next(chance) % sum;
    for (unsigned i = 0; i + 1 < n; i++) {
        if (at < shares[i].weight)
            return shares[i].kind;
        at -= shares[i].weight;
    }
    return shares[n - 1].kind;
}

static void add_all(struct plan *plan, uint64_t *chance, uint64_t from, uint64_t gap_ms,
                    const struct share *shares, unsigned n)
{
    for (uint64_t at = from; at < BUSY_NS; at += next(chance) % gap_ms * SIM_MS)
        add(plan, chance, at, choose(chance, shares, n));
}

#define COUNT(array) (unsigned)(sizeof(array) / sizeof *(array))

void plan_make(struct plan *plan, uint64_t seed)
{
    static const enum locks locks[] = {NN, XX, NN, NN, XX, NN, NN, OPEN};
    uint64_t chance = ~seed * 0xd1342543de82ef95u;

    plan->seed = seed;
    plan->nodes = 2 + (unsigned)(seed % 4);
    plan->locks = locks[next(&chance) % COUNT(locks)];
    plan->small = next(&chance) % 4 == 0;
    plan->n = 0;
    for (unsigned i = 0; i < PLAN_MOST; i++)
        plan->off[i] = false;
    add(plan, &chance, 0, PLAN_DELAYS);
    for (unsigned node = 0; node < plan->nodes; node++)
        add(plan, &chance, 0, PLAN_DRIFT);
    add_all(plan, &chance, 0, 40, works, COUNT(works));
    add_all(plan, &chance, SIM_S, 3000, breaks, COUNT(breaks));
}

const char *plan_name(enum plan_kind kind)
{
    return names[kind];
}

void plan_print(const struct plan *plan, FILE *to)
{
    for (unsigned i = 0; i < plan->n; i++)
        if (!plan->off[i])
            fprintf(to, "    %8.4f  %c  %s (%u, %u, %u, %u)\n",
                    1 + (double)plan->list[i].at / (double)SIM_S,
                    'a' + (int)(plan->list[i].a % plan->nodes), names[plan->list[i].kind],
                    plan->list[i].a, plan->list[i].b, plan->list[i].c, plan->list[i].d);
}
