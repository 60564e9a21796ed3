/* SPDX-License-Identifier: MIT */
/* From one round to the next. */
#include "model.h"

#include <stdlib.h>

#define GHOSTS 40u /* actors that are gone, at whom things are still tried */

static void free_life(struct life *life)
{
    free(life->ends.at);
    free(life);
}

static void next_ends(struct life *life)
{
    uint32_t kept = 0;
    VEC_EACH(&life->ends, end)
    {
        if (end->past)
            continue;
        life->ends.at[kept] = *end;
        life->ends.at[kept++].past = true;
    }
    life->ends.n = kept;
}

static void next_lives(struct model *model)
{
    uint32_t gone = 0, kept = 0;
    VEC_EACH(&model->lives, life)
    gone += (*life)->gone;
    VEC_EACH(&model->lives, each)
    {
        struct life *life = *each;
        if (life->gone && gone > GHOSTS) {
            gone--;
            model->gone++;
            free_life(life);
            continue;
        }
        life->old = true;
        life->was_gone = life->gone;
        life->at_open = life->life;
        life->trap_moved = life->quit = life->stopped = life->resting = false;
        life->upset = life->failed = 0;
        next_ends(life);
        model->lives.at[kept++] = life;
    }
    model->lives.n = kept;
}

static bool is_alive(const struct model *model, uint64_t addr)
{
    const struct life *life = model_find(model, addr);
    return life != NULL && !life->gone;
}

static void next_watches(struct model *model)
{
    uint32_t kept = 0;
    VEC_EACH(&model->watches, watch)
    {
        if (!is_alive(model, watch->self) || !is_alive(model, watch->who))
            continue;
        /* it stands now at the latest; and to itself some ends are not told */
        if (watch->next == 0 || watch->self == watch->who)
            watch->next = model_find(model, watch->who)->life;
        watch->at_open = watch->next;
        model->watches.at[kept++] = *watch;
    }
    model->watches.n = kept;
}

static void next_ties(struct model *model)
{
    uint32_t kept = 0;
    VEC_EACH(&model->ties, tie)
    {
        if (tie->state == OFF || !is_alive(model, tie->a) || !is_alive(model, tie->b))
            continue;
        tie->possible = true;
        tie->acted = tie->links = tie->unlinks = 0;
        model->ties.at[kept++] = *tie;
    }
    model->ties.n = kept;
}

void model_next(struct model *model)
{
    VEC_EACH(&model->mails, mail)
    {
        free(mail->sent.at);
        free(mail->got.at);
    }
    model->mails.n = model->exits.n = model->signals.n = model->downs.n = 0;
    model->questions.n = model->timers.n = model->tried.n = 0;
    next_watches(model);
    next_ties(model);
    next_lives(model);
    model->round++;
}
