/* SPDX-License-Identifier: MIT */
/* What must be so when all is at rest. Nothing here changes the model, but for `explained`. */
#include "model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static uint32_t faults;
static bool printing;

void fault(const char *format, ...)
{
    va_list args;
    if (++faults > 40 || !printing)
        return;
    fputs("  FAULT: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static bool is_gone(const struct model *model, uint64_t addr)
{
    const struct life *life = model_find(model, addr);
    return life != NULL && life->gone;
}

/* ---- messages ---- */

static void judge_mails(const struct model *model)
{
    VEC_EACH(&model->mails, mail)
    {
        uint32_t same = 0;
        while (same < mail->got.n && same < mail->sent.n &&
               mail->got.at[same] == mail->sent.at[same])
            same++;
        if (same < mail->got.n)
            fault("%s handles %" PRIu64 " from %s as number %u, %s", model_name(mail->to),
                  mail->got.at[same], model_name(mail->from), same,
                  same < mail->sent.n ? "which another one is" : "and so many were not sent");
        else if (same < mail->sent.n && !is_gone(model, mail->to))
            fault("%s has not handled %u of %u from %s, the first of them %" PRIu64,
                  model_name(mail->to), mail->sent.n - same, mail->sent.n, model_name(mail->from),
                  mail->sent.at[same]);
    }
}

static void judge_questions(const struct model *model)
{
    VEC_EACH(&model->questions, q)
    {
        const struct life *self = model_find(model, q->self);
        if (!q->asked)
            fault("question %" PRIu64 " was answered, not asked", q->number);
        else if (q->ended == 0 && !self->gone && (q->later || self->life == q->life))
            fault("question %" PRIu64 " of %s to %s has not ended", q->number, model_name(q->self),
                  model_name(q->who));
        else if (q->ended != 0 && q->error == 0 && q->served == 0)
            fault("question %" PRIu64 " has an answer that nobody gave", q->number);
        else if (q->ended != 0 && q->served != 0 && q->error != 0 && q->error != AX_E_TIMEOUT &&
                 q->error != AX_E_DEADLOCK)
            fault("question %" PRIu64 " of %s to %s was answered, and ends in %d", q->number,
                  model_name(q->self), model_name(q->who), q->error);
        else if (q->ended != 0 &&
                 (q->error == AX_E_NO_ACTOR || q->error == AX_E_CLOSED ||
                  q->error == AX_E_CANCELED) &&
                 !is_gone(model, q->who))
            fault("question %" PRIu64 " of %s to %s, who is there, ends in %d", q->number,
                  model_name(q->self), model_name(q->who), q->error);
    }
}

static void judge_timers(const struct model *model)
{
    VEC_EACH(&model->timers, timer)
    if (timer->rang + timer->canceled > 1)
        fault("a timer of %s went off %u times, and was canceled %u times", model_name(timer->self),
              timer->rang, timer->canceled);
    else if (timer->rang + timer->canceled == 0 && !is_gone(model, timer->self))
        fault("a timer of %s never went off", model_name(timer->self));
}

/* What is refused is refused because somebody is gone, or is about to be. */
static void judge_tried(const struct model *model)
{
    VEC_EACH(&model->tried, tried)
    {
        const struct tie *tie;
        bool bad = tried->error != 0 && !is_gone(model, tried->who);
        if (tried->op == OP_UNLINK) {
            const uint64_t low = tried->self < tried->who ? tried->self : tried->who;
            bad = false;
            VEC_EACH(&model->ties, each)
            if (each->a == low && each->a + each->b == tried->self + tried->who) {
                tie = each;
                bad = tie->acted != 3 && tried->state != EITHER && !is_gone(model, tried->who) &&
                      tried->error != (tried->state == ON ? 0 : AX_E_NO_ACTOR);
            }
        }
        if (bad)
            fault("%s: op %u at %s gives %d", model_name(tried->self), tried->op,
                  model_name(tried->who), tried->error);
    }
}

/* ---- monitors ---- */

static const struct end *end_of(const struct life *life, uint32_t number)
{
    VEC_EACH(&life->ends, end)
    if (end->life == number)
        return end;
    return NULL;
}

static void judge_notices(const struct model *model)
{
    VEC_EACH(&model->downs, down)
    {
        const struct life *who = model_find(model, down->from);
        const struct end *end = end_of(who, down->life);
        if (down->life == 0 && (!who->gone || NOTE_REASON(down->more) != AX_GONE))
            fault("%s is told that %s is gone", model_name(down->self), model_name(down->from));
        else if (down->life != 0 && end == NULL && who->old)
            fault("%s is told the end of life %u of %s, which has not ended",
                  model_name(down->self), down->life, model_name(down->from));
        else if (down->life != 0 && end != NULL && end->more != down->more)
            fault("%s is told %" PRIx64 " of the end of life %u of %s, the book %" PRIx64,
                  model_name(down->self), down->more, down->life, model_name(down->from),
                  end->more);
    }
}

static bool hears(const struct model *model, uint64_t self, uint32_t life)
{
    VEC_EACH(&model->downs, down)
    if (down->self == self && down->from == self && down->life == life)
        return true;
    return false;
}

/* Who monitors itself is told of each of its ends but those in which it went to rest. */
static void judge_own(const struct model *model, const struct watch *watch, const struct life *life)
{
    if (watch->flags & AX_MONITOR_FINAL || watch->at_open == 0)
        return;
    VEC_EACH(&life->ends, end)
    {
        const bool rest = NOTE_REASON(end->more) == AX_NORMAL;
        if (end->past || end->life < watch->at_open)
            continue;
        if (hears(model, life->addr, end->life) == rest)
            fault("%s is%s told its own end of life %u, by %s", model_name(life->addr),
                  rest ? "" : " not", end->life,
                  ax_reason_name((enum ax_reason)NOTE_REASON(end->more)));
    }
}

static void judge_watches(const struct model *model)
{
    VEC_EACH(&model->watches, watch)
    {
        const struct life *self = model_find(model, watch->self);
        const struct life *who = model_find(model, watch->who);
        if (watch->done && !who->gone)
            fault("%s is told the last end of %s, which is there", model_name(watch->self),
                  model_name(watch->who));
        if (self->gone || watch->off || watch->done)
            continue;
        if (who->gone)
            fault("%s is not told that %s is gone", model_name(watch->self),
                  model_name(watch->who));
        else if (self == who)
            judge_own(model, watch, self);
        else if (!(watch->flags & AX_MONITOR_FINAL) && watch->next != 0 && watch->next != who->life)
            fault("%s is not told the end of life %u of %s, which is in its %u. life",
                  model_name(watch->self), watch->next, model_name(watch->who), who->life);
    }
}

/* ---- lives ---- */

static void judge_lives(const struct model *model)
{
    VEC_EACH(&model->lives, each)
    {
        const struct life *life = *each;
        if (!life->begun && !life->gone)
            fault("%s has not begun", model_name(life->addr));
        if (!life->gone && life->upset != life->failed)
            fault("%s was told to fail %u times and failed %u times", model_name(life->addr),
                  life->upset, life->failed);
        if (life->gone && life->failed > life->upset)
            fault("%s fails by itself", model_name(life->addr));
        VEC_EACH(&life->ends, end)
        if (!end->past && end->more & NOTE_RETURNS && NOTE_REASON(end->more) != AX_SIGNAL &&
            NOTE_REASON(end->more) != AX_FAILED &&
            !(NOTE_REASON(end->more) == AX_NORMAL && (life->key != 0 || life->resting)))
            fault("%s goes on after its end by %s", model_name(life->addr),
                  ax_reason_name((enum ax_reason)NOTE_REASON(end->more)));
        for (uint32_t i = 0; life->key != 0 && !life->gone && i < model->lives.n; i++) {
            const struct life *other = model->lives.at[i];
            if (other != life && other->key == life->key && !other->gone)
                fault("%s and %s have the same key", model_name(life->addr),
                      model_name(other->addr));
        }
    }
}

uint32_t model_judge(struct model *model, bool print)
{
    faults = 0;
    printing = print;
    judge_lives(model);
    judge_ends(model);
    judge_notices(model);
    judge_watches(model);
    judge_mails(model);
    judge_questions(model);
    judge_timers(model);
    judge_tried(model);
    return faults;
}
