/* SPDX-License-Identifier: MIT */
/* show_inspect.c - one actor, with what waits in it and for it: whom it watches and who watches it,
 * whom it is linked to, its groups and timers, the message that it has in hand or that comes next.
 *
 * The lists lie in the arena of the slot, whose process goes on meanwhile and may have written
 * anything: each unit is checked to be within it, and no list is followed for ever. A list that
 * changes while it is read may show an entry that is no more, or end early. */
#include "axsup/show.h"

#define MOST 1000u /* entries of a list that are shown */

struct look {
    struct sup_out *out;
    struct sup *sup;
    const struct sup_memory *memory;
    const struct ax_contract *contract;
};

/* So many bytes from a unit on, NULL where they are not. */
static const void *block_at(const struct look *look, uint32_t unit, uint64_t size)
{
    const struct sup_memory *memory = look->memory;
    const uint8_t *arena = (const uint8_t *)memory->view + memory->geo.arena_off;
    uint64_t at = (uint64_t)unit * SHM_UNIT, end = (uint64_t)memory->units * SHM_UNIT;

    return unit == 0 || at >= end || end - at < size ? NULL : arena + at;
}

static const void *unit_at(const struct look *look, uint32_t unit)
{
    return block_at(look, unit, SHM_UNIT);
}

static void show_peer(const struct look *look, const char *key, uint64_t ref)
{
    char name[SHM_NAME_MAX + 1] = "";

    if (ref != 0)
        (void)sup_record_names(look->sup, ref, name);
    sup_out_key(look->out, key);
    sup_show_who(look->out, ref, name);
}

/* Numbers are as another process has written them, and the highest bit of an ask's is set: who
 * reads JSON has 63 bits for them. */
static void show_number(const struct look *look, const char *key, uint64_t number)
{
    sup_out_key(look->out, key);
    sup_out_number(look->out, number & INT64_MAX);
}

static void show_number_or_null(const struct look *look, const char *key, bool is_number,
                                uint64_t number)
{
    if (is_number) {
        show_number(look, key, number);
        return;
    }
    sup_out_key(look->out, key);
    sup_out_null(look->out);
}

/* Of monitors and of links: `number` is the key of theirs. */
static void show_watches(const struct look *look, const char *key, const char *number,
                         uint32_t unit)
{
    const struct shm_watch *watch;

    sup_out_key(look->out, key);
    sup_out_open(look->out, '[');
    for (uint32_t n = 0; n < MOST && (watch = unit_at(look, unit)) != NULL; n++) {
        sup_out_open(look->out, '{');
        show_peer(look, "actor", shm_load(&watch->peer));
        sup_out_key(look->out, "ref");
        sup_out_ref(look->out, shm_load(&watch->peer));
        show_number(look, number, shm_load(&watch->id));
        sup_out_close(look->out, '}');
        unit = shm_load(&watch->next);
    }
    sup_out_close(look->out, ']');
}

static void show_groups(const struct look *look, uint32_t unit)
{
    const struct shm_membership *in;

    sup_out_key(look->out, "groups");
    sup_out_open(look->out, '[');
    for (uint32_t n = 0; n < MOST && (in = block_at(look, unit, sizeof *in)) != NULL; n++) {
        char name[sizeof in->group];
        memcpy(name, in->group, sizeof name);
        name[sizeof name - 1] = '\0';
        sup_out_string(look->out, name);
        unit = shm_load(&in->next);
    }
    sup_out_close(look->out, ']');
}

/* The word for a frame: a message's name, or what else it is. */
static const char *frame_name(const struct look *look, uint8_t kind, uint16_t method)
{
    switch (kind) {
    case SHM_TELL:
    case SHM_ASK:
        return look->contract != NULL && method < look->contract->nmethods
                   ? look->contract->methods[method].name
                   : NULL;
    case SHM_REPLY:
    case SHM_ERROR:
        return "(reply)";
    case SHM_DOWN:
        return "(down)";
    case SHM_EXIT:
        return "(exit)";
    case SHM_LIFE:
        return "(lifecycle)";
    default:
        return "(other)";
    }
}

static void show_timers(const struct look *look, uint32_t unit)
{
    const struct shm_timer *timer;
    uint64_t now = sup_clock();

    sup_out_key(look->out, "timers");
    sup_out_open(look->out, '[');
    for (uint32_t n = 0; n < MOST && (timer = block_at(look, unit, sizeof *timer)) != NULL; n++) {
        uint64_t at = shm_load(&timer->at);
        bool ask = shm_load(&timer->frame.kind) == SHM_ERROR;
        sup_out_open(look->out, '{');
        show_number(look, "timer", shm_load(&timer->id));
        show_number_or_null(look, "in_ns", at != UINT64_MAX, at > now ? at - now : 0);
        uint64_t period = shm_load(&timer->period);
        show_number_or_null(look, "every_ns", period != 0, period);
        sup_out_key(look->out, "message");
        sup_out_string(look->out, ask ? "(timeout of an ask)"
                                      : frame_name(look, SHM_TELL, shm_load(&timer->frame.method)));
        show_peer(look, "asked", ask ? shm_load(&timer->frame.from) : 0);
        sup_out_close(look->out, '}');
        unit = shm_load(&timer->next);
    }
    sup_out_close(look->out, ']');
}

/* The message at the head: it is in hand, or the next to be. */
static void show_head(const struct look *look, uint64_t word)
{
    uint64_t at = (word >> 32) * SHM_UNIT + (uint32_t)word;
    uint64_t bytes = (uint64_t)look->memory->units * SHM_UNIT;

    sup_out_key(look->out, "next");
    if (word == 0 || at & 7 || at > bytes || bytes - at < sizeof(struct shm_frame)) {
        sup_out_null(look->out);
        return;
    }
    const struct shm_frame *frame =
        (const struct shm_frame *)(const void *)((const uint8_t *)look->memory->view +
                                                 look->memory->geo.arena_off + at);
    uint8_t kind = shm_load(&frame->kind);
    sup_out_open(look->out, '{');
    sup_out_key(look->out, "message");
    sup_out_string(look->out, frame_name(look, kind, shm_load(&frame->method)));
    sup_out_key(look->out, "ask");
    sup_out_bool(look->out, kind == SHM_ASK);
    show_peer(look, "from", shm_load(&frame->from));
    sup_out_close(look->out, '}');
}

/* Of the records that actors of the config have had. */
static void show_histograms(const struct look *look, uint32_t slot, uint32_t index)
{
    const struct shm_geometry *geo = &look->memory->geo;
    const uint8_t *base = (const uint8_t *)look->sup->hub.port.peers[slot] + geo->histogram_off;
    const struct shm_histograms *own =
        index - 1 < geo->histograms ? (const struct shm_histograms *)(const void *)base + index - 1
                                    : NULL;

    sup_show_histogram(look->out, "handling_ns", own != NULL ? own->handling : NULL);
    sup_show_histogram(look->out, "queueing_ns", own != NULL ? own->queueing : NULL);
}

int sup_show_inspect(struct sup_out *out, struct sup *sup, uint64_t ref)
{
    struct sup_actor actor;
    uint32_t slot = SHM_REF_SLOT(ref), index = SHM_REF_INDEX(ref);
    int error = sup_show_info(sup, ref, &actor);

    if (error != 0)
        return error;
    struct look look = {out, sup, &sup->slots[slot].memory, actor.contract};
    const uint8_t *base = (const uint8_t *)look.memory->view;
    const struct shm_actor_cold *cold =
        (const struct shm_actor_cold *)(const void *)(base + look.memory->geo.cold_off) + index;
    const struct shm_actor *hot =
        (const struct shm_actor *)(const void *)(base + look.memory->geo.actor_off) + index;

    sup_out_open(out, '{');
    sup_show_actor(out, sup, &actor);
    sup_out_key(out, "closed");
    sup_out_bool(out, actor.state == SHM_CLOSING);
    sup_out_key(out, "terminated");
    sup_out_bool(out, false);
    const struct shm_more *more = block_at(&look, shm_load(&cold->more), sizeof *more);
    show_watches(&look, "monitors", "monitor", shm_load(&cold->monitors));
    show_watches(&look, "watchers", "monitor", shm_load(&cold->watchers));
    show_watches(&look, "links", "link", more != NULL ? shm_load(&more->links) : 0);
    show_groups(&look, more != NULL ? shm_load(&more->groups) : 0);
    show_timers(&look, shm_load(&cold->timers));
    show_head(&look, shm_load(&hot->mail.head));
    show_histograms(&look, slot, index);
    sup_out_close(out, '}');
    return 0;
}
