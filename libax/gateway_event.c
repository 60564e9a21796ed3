/* SPDX-License-Identifier: MIT */
#include "libax/gateway_event.h"

#include "libax/event.h"

#include <string.h>

_Static_assert(2 * AX_WORDS_MAX >= GATEWAY_NAME_MAX, "a name fits in two records");

/* For the event that comes next: one part of a text, of `len` bytes. */
static void tell_text(struct worker *w, enum shm_words_part part, const char *text, size_t len)
{
    if (len == 0)
        return;
    struct shm_event *event = event_next(w, SHM_REASON_WORDS, 0);
    event->method = (uint16_t)part;
    memset(event->words, 0, SHM_WORDS);
    memcpy(event->words, text, len < AX_WORDS_MAX ? len : AX_WORDS_MAX);
}

void gateway_event(struct ax_ctx *ctx, const struct gateway_news *news)
{
    struct worker *w = ctx->worker;
    size_t len = strnlen(news->name, GATEWAY_NAME_MAX);
    size_t first = len < AX_WORDS_MAX ? len : AX_WORDS_MAX;

    tell_text(w, SHM_WORDS_NAME, news->name, first);
    tell_text(w, SHM_WORDS_NAME_END, news->name + first, len - first);
    tell_text(w, SHM_WORDS_REASON, news->why, news->why != NULL ? strlen(news->why) : 0);
    struct shm_event *event = event_next(w, (uint8_t)news->what, ctx->actor);
    event->incarnation = news->shard;
    event->number = news->number;
}
