/* SPDX-License-Identifier: MIT */
/* Who must be gone, who may be, and what those who are linked to them are told. */
#include "model.h"

static bool untrapped(const struct life *life)
{
    return !life->trap && !life->trap_moved;
}

static bool trapped(const struct life *life)
{
    return life->trap && !life->trap_moved;
}

/* ---- who ends has a cause ---- */

static bool has_own_cause(const struct model *model, const struct life *life)
{
    const uint32_t reason = life->reason;
    if (life->was_gone || reason == UNKNOWN || (life->quit && life->quit_reason == reason) ||
        (life->stopped && reason == AX_NORMAL))
        return true;
    if (life->never && (reason == AX_SIGNAL || (reason == AX_FAILED && life->upset > 0)))
        return true;
    VEC_EACH(&model->signals, signal)
    if (signal->self == life->addr && signal->more == reason && reason != AX_NORMAL)
        return true;
    return false;
}

static bool tied_to_end(const struct model *model, const struct life *life)
{
    VEC_EACH(&model->ties, tie)
    {
        if (!tie->possible || (tie->a != life->addr && tie->b != life->addr))
            continue;
        const struct life *other = model_find(model, tie->a == life->addr ? tie->b : tie->a);
        if (!other->gone || !other->explained)
            continue;
        if (other->reason == life->reason ? life->reason != AX_NORMAL
                                          : other->reason == UNKNOWN || life->reason == AX_GONE)
            return true;
    }
    return false;
}

static void explain(struct model *model)
{
    bool more = true;
    VEC_EACH(&model->lives, life)
    (*life)->explained = (*life)->gone && has_own_cause(model, *life);
    while (more) {
        more = false;
        VEC_EACH(&model->lives, each)
        {
            struct life *life = *each;
            if (life->gone && !life->explained && tied_to_end(model, life))
                life->explained = more = true;
        }
    }
    VEC_EACH(&model->lives, life)
    if ((*life)->gone && !(*life)->explained)
        fault("%s is gone, %s, for no cause", model_name((*life)->addr),
              ax_reason_name((enum ax_reason)(*life)->reason));
}

/* ---- what must end, does ---- */

static void judge_orders(const struct model *model)
{
    VEC_EACH(&model->lives, life)
    if (!(*life)->gone && ((*life)->quit || (*life)->stopped))
        fault("%s has not ended, and %s", model_name((*life)->addr),
              (*life)->quit ? "wanted to" : "was told to");
    VEC_EACH(&model->signals, signal)
    {
        const struct life *to = model_find(model, signal->self);
        if (!to->gone &&
            (signal->more == AX_KILLED || (signal->more != AX_NORMAL && untrapped(to))))
            fault("%s was sent an exit, %s, by %s and is there", model_name(to->addr),
                  ax_reason_name((enum ax_reason)signal->more), model_name(signal->from));
    }
}

/* ---- links ---- */

static uint32_t signals_to(const struct model *model, uint64_t from, uint64_t to)
{
    uint32_t n = 0;
    VEC_EACH(&model->signals, signal)
    n += signal->self == to && signal->from == from && signal->more != AX_KILLED;
    return n;
}

static uint32_t exits_of(const struct model *model, uint64_t from, uint64_t to)
{
    uint32_t n = 0;
    VEC_EACH(&model->exits, exit)
    n += exit->self == to && exit->from == from && !(exit->more & NOTE_RETURNS);
    return n;
}

static bool has_exit(const struct model *model, const struct life *from, const struct life *to,
                     uint32_t life)
{
    VEC_EACH(&model->exits, exit)
    if (exit->self == to->addr && exit->from == from->addr && exit->life == life &&
        exit->more & NOTE_RETURNS)
        return true;
    return false;
}

/* Linked all through the round, and `to` traps all through it. */
static void judge_restarts(const struct model *model, const struct life *from,
                           const struct life *to)
{
    VEC_EACH(&from->ends, end)
    if (!end->past && end->more & NOTE_RETURNS && !has_exit(model, from, to, end->life))
        fault("%s is not told the exit of life %u of %s", model_name(to->addr), end->life,
              model_name(from->addr));
}

static void judge_side(const struct tie *tie, const struct life *from, const struct life *to)
{
    const bool sure = tie->state == ON && tie->acted == 0;
    const bool ended = from->gone && !from->was_gone;
    /* a link to who is gone is told at once, each time */
    const bool late = from->gone && tie->links > 0 && tie->unlinks == 0 &&
                      tie->acted == (to->addr == tie->a ? 1u : 2u) && tie->state == ON;
    if (to->gone || !from->gone || !untrapped(to))
        return;
    if ((sure && ended) || late)
        if (from->reason != AX_NORMAL && from->reason != UNKNOWN)
            fault("%s, linked to %s, which is gone, %s, is there", model_name(to->addr),
                  model_name(from->addr), ax_reason_name((enum ax_reason)from->reason));
}

static void judge_count(const struct model *model, const struct tie *tie, const struct life *from,
                        const struct life *to)
{
    const bool sure = tie->state == ON && tie->acted == 0;
    const uint32_t told = exits_of(model, from->addr, to->addr);
    const uint32_t sent = signals_to(model, from->addr, to->addr);
    uint32_t most = sent, least = sent;
    if (from->gone && tie->possible)
        most += (from->was_gone ? 0 : 1) + tie->links;
    if (sure && from->gone && !from->was_gone)
        least++;
    if (sure)
        most = from->gone && !from->was_gone ? sent + 1 : sent;
    if (told > most)
        fault("%s has %u exits of %s, and at most %u are due", model_name(to->addr), told,
              model_name(from->addr), most);
    if (told < least && trapped(to) && !to->gone)
        fault("%s has %u exits of %s, and %u are due", model_name(to->addr), told,
              model_name(from->addr), least);
    if (sure && trapped(to) && !to->gone)
        judge_restarts(model, from, to);
}

/* Exits of who is not linked and has sent none. */
static void judge_strays(const struct model *model)
{
    VEC_EACH(&model->exits, exit)
    {
        bool possible = false;
        VEC_EACH(&model->ties, tie)
        possible |= tie->possible && ((tie->a == exit->self && tie->b == exit->from) ||
                                      (tie->b == exit->self && tie->a == exit->from));
        if (exit->more & NOTE_RETURNS ? !possible
                                      : !possible && exits_of(model, exit->from, exit->self) !=
                                                         signals_to(model, exit->from, exit->self))
            fault("%s has an exit of %s, to which it is not linked", model_name(exit->self),
                  model_name(exit->from));
    }
    VEC_EACH(&model->signals, signal)
    {
        const struct life *to = model_find(model, signal->self);
        const uint32_t sent = signals_to(model, signal->from, signal->self);
        if (!to->gone && trapped(to) && exits_of(model, signal->from, signal->self) < sent)
            fault("%s has not had each of %u exits that %s sent", model_name(to->addr), sent,
                  model_name(signal->from));
    }
}

void judge_ends(struct model *model)
{
    explain(model);
    judge_orders(model);
    VEC_EACH(&model->ties, tie)
    {
        const struct life *a = model_find(model, tie->a), *b = model_find(model, tie->b);
        judge_side(tie, a, b);
        judge_side(tie, b, a);
        judge_count(model, tie, a, b);
        judge_count(model, tie, b, a);
    }
    judge_strays(model);
}
