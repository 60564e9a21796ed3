/* SPDX-License-Identifier: MIT */
#include "model.h"

#include "tests/lib/system.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *vec_room(void *at, uint32_t n, uint32_t *room, size_t size)
{
    if (n < *room)
        return at;
    *room = *room == 0 ? 8 : *room * 2;
    at = realloc(at, *room * size);
    if (at == NULL)
        give_up("no memory");
    return at;
}

const char *model_name(uint64_t addr)
{
    static char names[4][40];
    static unsigned next;
    char *name = names[next++ % 4];
    if (addr == BOOK)
        return "the book";
    snprintf(name, sizeof names[0], "%u.%u.%u", (unsigned)(addr >> 56),
             (unsigned)(addr >> 32 & 0xffffff), (unsigned)addr);
    return name;
}

void wrong(struct model *model, const char *format, ...)
{
    va_list args;
    model->wrongs++;
    fprintf(stderr, "  WRONG in round %" PRIu64 ": ", model->round);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

struct life *model_find(const struct model *model, uint64_t addr)
{
    VEC_EACH(&model->lives, each)
    if ((*each)->addr == addr)
        return *each;
    return NULL;
}

struct life *model_life(struct model *model, uint64_t addr)
{
    struct life *life = model_find(model, addr);
    if (life != NULL)
        return life;
    life = calloc(1, sizeof *life);
    if (life == NULL)
        give_up("no memory");
    life->addr = addr;
    life->life = life->at_open = 1;
    VEC_ADD(&model->lives, life);
    return life;
}

struct tie *model_tie(struct model *model, uint64_t a, uint64_t b)
{
    const uint64_t low = a < b ? a : b, high = a < b ? b : a;
    VEC_EACH(&model->ties, each)
    if (each->a == low && each->b == high)
        return each;
    return VEC_ADD(&model->ties, (struct tie){.a = low, .b = high});
}

struct mail *model_mail(struct model *model, uint64_t from, uint64_t to)
{
    VEC_EACH(&model->mails, each)
    if (each->from == from && each->to == to)
        return each;
    return VEC_ADD(&model->mails, (struct mail){.from = from, .to = to});
}

/* ---- the fates, which the book is told as any other that monitors ---- */

static void fate(struct model *model, const struct note *note)
{
    struct life *life = model_find(model, note->who);
    const uint32_t ended = (uint32_t)note->value;
    model->ends++;
    if (life == NULL) {
        wrong(model, "%s, long gone, ends again", model_name(note->who));
        return;
    }
    if (life->gone)
        wrong(model, "%s, which was gone, ends again", model_name(life->addr));
    if (!(note->more & NOTE_RETURNS)) {
        life->gone = true;
        life->reason = ended == 0 ? UNKNOWN : NOTE_REASON(note->more);
    }
    if (ended == 0)
        return;
    if (life->fates != 0 && ended != life->fates + 1)
        wrong(model, "the end of life %u of %s is told after that of %u", ended,
              model_name(life->addr), life->fates);
    life->fates = ended;
    if (life->life < ended + 1 && !life->gone)
        life->life = ended + 1;
    if (NOTE_REASON(note->more) == AX_FAILED && note->more & NOTE_RETURNS) /* else by a link */
        life->failed++;
    VEC_ADD(&life->ends, (struct end){ended, false, note->more});
}

/* ---- what an actor notes ---- */

static void in_order(struct model *model, struct life *self, const struct note *note)
{
    if (note->order != ++self->notes)
        wrong(model, "note %" PRIu64 " of %s comes after %" PRIu64, note->order,
              model_name(self->addr), self->notes - 1);
    self->notes = note->order;
    if (note->life <= self->fates)
        wrong(model, "the end of life %u of %s was told before what it had sent", note->life,
              model_name(self->addr));
    if (note->life < self->noted)
        wrong(model, "%s notes in life %u, then in %u", model_name(self->addr), self->noted,
              note->life);
    if (note->life == self->noted && self->ending)
        wrong(model, "%s goes on after its on_stop", model_name(self->addr));
    if (note->life != self->noted && note->kind != NOTE_BEGUN && note->kind != NOTE_AGAIN &&
        note->kind != NOTE_ENDING && self->noted != 0)
        wrong(model, "%s begins life %u with a note of kind %u, not on_restart",
              model_name(self->addr), note->life, note->kind);
    self->noted = note->life;
    self->ending = note->kind == NOTE_ENDING;
    if (self->life < note->life)
        self->life = note->life;
}

static void begun(struct model *model, struct life *self, const struct note *note)
{
    if (self->begun)
        wrong(model, "%s begins twice", model_name(self->addr));
    self->begun = true;
    self->key = note->number;
}

static void hit(struct model *model, struct life *self, const struct note *note)
{
    struct mail *mail = model_mail(model, note->who, self->addr);
    VEC_ADD(&mail->got, note->number);
    model->hits++;
    self->hits++;
    VEC_EACH(&model->downs, down)
    if (down->self == self->addr && down->from == note->who && down->life >= note->value)
        wrong(model, "%s was told the end of life %u of %s before what it had sent in life %u",
              model_name(self->addr), down->life, model_name(note->who), (unsigned)note->value);
}

static struct question *question(struct model *model, uint64_t number)
{
    VEC_EACH(&model->questions, each)
    if (each->number == number)
        return each;
    return VEC_ADD(&model->questions, (struct question){.number = number});
}

static struct question *question_of_ask(struct model *model, uint64_t self, uint64_t ask)
{
    VEC_EACH(&model->questions, each)
    if (each->self == self && each->later && each->ask == ask)
        return each;
    return NULL;
}

static void ended(struct model *model, struct life *self, const struct note *note)
{
    struct question *q = note->number != 0 ? question(model, note->number)
                                           : question_of_ask(model, self->addr, note->more);
    if (q == NULL) {
        wrong(model, "%s has an answer to an ask that is over, or was never asked",
              model_name(self->addr));
        return;
    }
    q->ended++;
    q->error = note->error;
    model->answers += note->error == 0;
    model->cancels += note->error == AX_E_CANCELED;
    if (q->ended > 1)
        wrong(model, "ask %" PRIu64 " of %s ends twice", q->number, model_name(self->addr));
    if (note->error == 0 && note->value != q->number)
        wrong(model, "ask %" PRIu64 " of %s has another's answer", q->number,
              model_name(self->addr));
}

static void rang(struct model *model, struct life *self, const struct note *note)
{
    VEC_EACH(&model->timers, timer)
    if (timer->number == note->number && timer->self == self->addr) {
        timer->rang++;
        return;
    }
    wrong(model, "%s: what was undone is there, or a timer that nobody set: %" PRIu64,
          model_name(self->addr), note->number);
}

static void exit_told(struct model *model, struct life *self, const struct note *note)
{
    model->told_exits++;
    VEC_EACH(&model->exits, exit)
    if (exit->self == self->addr && exit->from == note->who && note->more & NOTE_RETURNS &&
        exit->more & NOTE_RETURNS && exit->life >= note->value)
        wrong(model, "%s is told the exit of life %u of %s after that of %u",
              model_name(self->addr), (unsigned)note->value, model_name(note->who), exit->life);
    VEC_ADD(&model->exits,
            (struct notice){self->addr, note->who, (uint32_t)note->value, note->more});
    if (!self->trap && !self->trap_moved)
        wrong(model, "%s, which traps nothing, has an exit of %s", model_name(self->addr),
              model_name(note->who));
    if (note->more & NOTE_RETURNS)
        VEC_ADD(&model->downs,
                (struct notice){self->addr, note->who, (uint32_t)note->value, note->more});
}

void model_note(struct model *model, const struct note *note)
{
    model->notes++;
    if (note->kind == NOTE_FATE) {
        fate(model, note);
        return;
    }
    if (note->kind == NOTE_ORDER) {
        if (note->error == 0)
            VEC_ADD(&model_mail(model, BOOK, note->who)->sent, note->number);
        VEC_ADD(&model->tried, (struct tried){BOOK, note->who, OP_TELL, note->error, OFF});
        return;
    }
    struct life *self = model_life(model, note->self);
    in_order(model, self, note);
    switch (note->kind) {
    case NOTE_BEGUN:
        begun(model, self, note);
        break;
    case NOTE_ACT:
        model->ops[note->value % OPS]++;
        self->resting |= note->value == OP_REST;
        VEC_ADD(&model_mail(model, BOOK, self->addr)->got, note->number);
        break;
    case NOTE_DID:
        model_did(model, self, note);
        break;
    case NOTE_HIT:
        hit(model, self, note);
        break;
    case NOTE_SENT:
        if (note->error == 0)
            VEC_ADD(&model_mail(model, self->addr, note->who)->sent, note->number);
        VEC_ADD(&model->tried, (struct tried){self->addr, note->who, OP_TELL, note->error, OFF});
        break;
    case NOTE_SERVED: {
        if (note->number == 0) /* of the test itself */
            break;
        struct question *q = question(model, note->number);
        if (q->served++ != 0)
            wrong(model, "%s handles a question twice", model_name(self->addr));
        break;
    }
    case NOTE_ENDED:
        ended(model, self, note);
        break;
    case NOTE_DOWN:
        model_down(model, self, note);
        break;
    case NOTE_EXIT:
        exit_told(model, self, note);
        break;
    case NOTE_RANG:
        rang(model, self, note);
        break;
    default: /* that it goes on, or ends */
        break;
    }
}
