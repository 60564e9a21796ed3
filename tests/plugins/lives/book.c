/* SPDX-License-Identifier: MIT */
#include "life.h"
#include "note.h"

#define AX_IMPLEMENT
#include "book.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct book { /* its process is not killed, so that files and plain memory will do */
    int out;
    char script[256];
    uint64_t orders;
};

static void write_note(struct ax_ctx *ctx, const struct book *self, const struct note *note)
{
    AX_CHECK(ctx, write(self->out, note, sizeof *note) == (ssize_t)sizeof *note);
}

/* "args": {"folder": ...} */
static void on_start(struct ax_ctx *ctx, struct book *self)
{
    const char *from = strstr(ax_args(ctx), "\"folder\":\""), *to;
    char path[300];
    AX_CHECK(ctx, from != NULL);
    from += strlen("\"folder\":\"");
    to = strchr(from, '"');
    AX_CHECK(ctx, to != NULL && to - from < 200);
    snprintf(path, sizeof path, "%.*s/book", (int)(to - from), from);
    snprintf(self->script, sizeof self->script, "%.*s/script", (int)(to - from), from);
    self->out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    AX_CHECK(ctx, self->out >= 0);
}

void book_on_note(struct ax_ctx *ctx, struct book *self, const struct book_note *msg)
{
    write_note(ctx, self,
               &(struct note){.kind = msg->kind,
                              .life = msg->life,
                              .error = msg->error,
                              .order = msg->order,
                              .self = msg->self,
                              .number = msg->number,
                              .who = msg->who,
                              .value = msg->value,
                              .more = msg->more});
    if (msg->kind == NOTE_BEGUN)
        AX_CHECK(ctx, ax_monitor(ctx, (struct ax_ref){.addr = msg->self}, NULL) == 0);
}

static void on_down(struct ax_ctx *ctx, struct book *self, const struct ax_down *down)
{
    write_note(ctx, self,
               &(struct note){.kind = NOTE_FATE,
                              .who = down->who.addr,
                              .value = down->incarnation,
                              .more = (uint64_t)down->reason |
                                      (down->will_restart ? NOTE_RETURNS : 0) |
                                      (down->suspect ? NOTE_SUSPECT : 0)});
}

void book_on_play(struct ax_ctx *ctx, struct book *self, const struct book_play *msg,
                  struct book_play_reply *reply)
{
    struct order order;
    (void)msg;
    FILE *file = fopen(self->script, "r");
    AX_CHECK(ctx, file != NULL);
    while (fread(&order, sizeof order, 1, file) == 1) {
        const life_ref to = {.ref = {.addr = order.to}};
        int error = life_act(ctx, to, order.op, order.number, (struct ax_ref){.addr = order.who},
                             order.value);
        reply->told += error == 0;
        write_note(ctx, self,
                   &(struct note){.kind = NOTE_ORDER,
                                  .error = error,
                                  .number = order.number,
                                  .who = order.to,
                                  .value = order.op});
    }
    (void)fclose(file);
}

void book_on_members(struct ax_ctx *ctx, struct book *self, const struct book_members *msg,
                     struct book_members_reply *reply)
{
    struct ax_ref who;
    (void)self;
    for (struct ax_members at = ax_members(msg->group); ax_member(ctx, &at, &who);)
        if (reply->count < 256)
            reply->who[reply->count++] = who.addr;
}

void book_on_holder(struct ax_ctx *ctx, struct book *self, const struct book_holder *msg,
                    struct book_holder_reply *reply)
{
    life_ref ref = {{0}};
    (void)self;
    const struct ax_span key = {.ptr = msg->key, .len = (uint32_t)strlen(msg->key)};
    reply->error = life_lookup(ctx, "lives", key, AX_SECONDS(20), &ref);
    reply->who = ref.ref.addr;
}

extern const union life_actor_type life_actor;

AX_ACTOR(book, .on_start = on_start, .on_down = on_down);
AX_PLUGIN("lives", &life_actor, &book_actor);
