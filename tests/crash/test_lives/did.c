/* SPDX-License-Identifier: MIT */
/* What the model takes from the result of an op, and from a down. */
#include "model.h"

#include <inttypes.h>

static void linked(struct model *model, struct life *self, uint64_t who, bool on)
{
    struct tie *tie = model_tie(model, self->addr, who);
    tie->acted |= self->addr == tie->a ? 1u : 2u;
    tie->links += on;
    tie->unlinks += !on;
    tie->possible |= on;
    if (tie->acted != 3 || (on ? tie->unlinks : tie->links) == 0)
        tie->state = on ? ON : OFF;
    else
        tie->state = EITHER;
}

/* Whether there was a link is known where the other one does nothing to it in this round. */
static void unlinked(struct model *model, struct life *self, const struct note *note)
{
    const struct tie *tie = model_tie(model, self->addr, note->who);
    VEC_ADD(&model->tried,
            (struct tried){self->addr, note->who, OP_UNLINK, note->error, tie->state});
    linked(model, self, note->who, false);
}

static void watched(struct model *model, struct life *self, uint64_t who, uint64_t monitor,
                    uint32_t flags)
{
    VEC_ADD(&model->watches,
            (struct watch){.monitor = monitor, .self = self->addr, .who = who, .flags = flags});
}

static struct watch *watch_of(struct model *model, uint64_t self, uint64_t monitor)
{
    VEC_EACH(&model->watches, watch)
    if (watch->self == self && watch->monitor == monitor)
        return watch;
    return NULL;
}

static void demonitored(struct model *model, struct life *self, const struct note *note)
{
    struct watch *watch = watch_of(model, self->addr, note->more);
    const bool there = watch != NULL && !watch->off && !watch->done;
    if (!there && note->error != AX_E_NO_ACTOR)
        wrong(model, "%s takes back a monitor that it has not: %d", model_name(self->addr),
              note->error);
    if (watch == NULL)
        return;
    if (there)
        VEC_ADD(&model->tried,
                (struct tried){self->addr, watch->who, OP_DEMONITOR, note->error, OFF});
    watch->off = true;
}

void model_down(struct model *model, struct life *self, const struct note *note)
{
    struct watch *watch = watch_of(model, self->addr, note->number);
    const uint32_t life = (uint32_t)note->value;
    const bool returns = note->more & NOTE_RETURNS;
    model->told_downs++;
    if (watch == NULL || watch->off || watch->done || watch->who != note->who) {
        wrong(model, "%s has a down of %s, life %u, of a monitor that %s", model_name(self->addr),
              model_name(note->who), life,
              watch == NULL || watch->who != note->who ? "is not there"
              : watch->off                             ? "was taken back"
                                                       : "has ended");
        return;
    }
    watch->done = !returns;
    if (watch->next == 0 && life != 0 && life < model_life(model, note->who)->at_open)
        wrong(model, "%s is told of an end of %s before it monitored it", model_name(self->addr),
              model_name(note->who));
    if (returns && watch->flags & AX_MONITOR_FINAL)
        wrong(model, "%s is told of a restart of %s, not only of the last end",
              model_name(self->addr), model_name(note->who));
    VEC_ADD(&model->downs, (struct notice){self->addr, note->who, life, note->more});
    if (life == 0)
        return;
    const bool gap = watch->self == watch->who && life > watch->next; /* judge_own looks at it */
    if (watch->next != 0 && life != watch->next && !gap && !(watch->flags & AX_MONITOR_FINAL))
        wrong(model, "%s has the down of life %u of %s, not of %u", model_name(self->addr), life,
              model_name(note->who), watch->next);
    watch->next = life + 1;
}

static void put(struct model *model, struct life *self, const struct note *note)
{
    const uint32_t entry = (uint32_t)(note->more % LIVES_ENTRIES);
    if (note->error != 0) {
        wrong(model, "%s cannot put: %d", model_name(self->addr), note->error);
        return;
    }
    self->entries += !self->has[entry];
    self->has[entry] = true;
    self->table[entry] = note->more;
}

static void removed(struct model *model, struct life *self, const struct note *note)
{
    const uint32_t entry = (uint32_t)(note->more % LIVES_ENTRIES);
    if (note->error != (self->has[entry] ? 0 : AX_E_NO_KEY))
        wrong(model, "%s deletes an entry that is %s: %d", model_name(self->addr),
              self->has[entry] ? "there" : "not there", note->error);
    self->entries -= self->has[entry];
    self->has[entry] = false;
}

static void checked(struct model *model, struct life *self, const struct note *note)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < LIVES_ENTRIES; i++)
        if (self->has[i])
            sum += lives_mark(i ^ lives_mark(self->table[i]));
    if ((uint32_t)note->error != self->entries || note->more != sum)
        wrong(model, "the map of %s has %d entries, not %u, or others", model_name(self->addr),
              note->error, self->entries);
    if (note->who != self->hits)
        wrong(model, "%s keeps %" PRIu64 " hits of %" PRIu64, model_name(self->addr), note->who,
              self->hits);
}

static void grouped(struct model *model, struct life *self, const struct note *note)
{
    const uint32_t bit = 1u << note->more;
    if (note->value == OP_JOIN) {
        if (note->error == 0)
            self->groups |= bit;
        VEC_ADD(&model->tried, (struct tried){self->addr, self->addr, OP_JOIN, note->error, OFF});
        return;
    }
    if (note->error != (self->groups & bit ? 0 : AX_E_NO_ACTOR))
        wrong(model, "%s leaves a group: %d", model_name(self->addr), note->error);
    self->groups &= ~bit;
}

static void asked(struct model *model, struct life *self, const struct note *note)
{
    struct question *q = NULL;
    VEC_EACH(&model->questions, each)
    if (each->number == note->number)
        q = each;
    if (q == NULL)
        q = VEC_ADD(&model->questions, (struct question){.number = note->number});
    q->asked = true;
    q->self = self->addr;
    q->who = note->who;
    q->life = note->life;
    q->later = note->value == OP_LATER;
    q->ask = note->more;
    if (note->error != 0) { /* refused at once */
        q->ended++;
        q->error = note->error;
    }
}

static void spawned(struct model *model, struct life *self, const struct note *note)
{
    const uint32_t how = NOTE_HOW(note->value);
    VEC_ADD(&model->tried, (struct tried){self->addr, self->addr, OP_SPAWN, note->error, OFF});
    if (note->error != 0)
        return;
    model_life(model, note->who)->never = (how & SPAWN_NEVER) != 0;
    if (how & SPAWN_LINKED)
        linked(model, self, note->who, true);
    if (how & SPAWN_WATCHED)
        watched(model, self, note->who, note->more, 0);
}

static void canceled(struct model *model, struct life *self, const struct note *note)
{
    VEC_EACH(&model->timers, timer)
    if (timer->self == self->addr && timer->timer == note->more) {
        timer->canceled += note->error == 0;
        return;
    }
    if (note->error == 0)
        wrong(model, "%s cancels a timer that has gone off", model_name(self->addr));
}

static void quits(struct model *model, struct life *self, const struct note *note)
{
    if (note->error != 0)
        wrong(model, "%s cannot end: %d", model_name(self->addr), note->error);
    if (!self->quit)
        self->quit_reason = (uint32_t)note->more;
    self->quit = true;
}

static void at_another(struct model *model, struct life *self, const struct note *note)
{
    VEC_ADD(&model->tried,
            (struct tried){self->addr, note->who, (uint32_t)note->value, note->error, OFF});
    if (note->error != 0)
        return;
    struct life *who = model_life(model, note->who);
    if (note->value == OP_LINK)
        linked(model, self, note->who, true);
    else if (note->value == OP_UPSET)
        who->upset++;
    else if (note->value == OP_STOP)
        who->stopped = true;
    else if (note->value == OP_SIGNAL)
        VEC_ADD(&model->signals, (struct notice){note->who, self->addr, note->life, note->more});
}

void model_did(struct model *model, struct life *self, const struct note *note)
{
    switch ((enum op)NOTE_OP(note->value)) {
    case OP_SPAWN:
        spawned(model, self, note);
        break;
    case OP_UNLINK:
        unlinked(model, self, note);
        break;
    case OP_MONITOR:
        if (note->error == 0)
            watched(model, self, note->who, note->more, NOTE_HOW(note->value));
        break;
    case OP_DEMONITOR:
        demonitored(model, self, note);
        break;
    case OP_TRAP:
        self->trap_moved = true;
        self->trap = note->more != 0;
        break;
    case OP_JOIN:
    case OP_LEAVE:
        grouped(model, self, note);
        break;
    case OP_ASK:
    case OP_LATER:
        asked(model, self, note);
        break;
    case OP_QUIT:
        quits(model, self, note);
        break;
    case OP_TIMER:
        VEC_ADD(&model->timers, (struct timer){note->number, self->addr, note->more, 0, 0});
        break;
    case OP_CANCEL:
        canceled(model, self, note);
        break;
    case OP_PUT:
        put(model, self, note);
        break;
    case OP_DELETE:
        removed(model, self, note);
        break;
    case OP_CLEAR:
        for (uint32_t i = 0; i < LIVES_ENTRIES; i++)
            self->has[i] = false;
        self->entries = 0;
        break;
    case OP_CHECK:
        checked(model, self, note);
        break;
    default:
        at_another(model, self, note);
    }
}
