/* SPDX-License-Identifier: MIT */
#include "libax/words.h"

#include "libax/event.h"
#include "libax/more.h"

#include <string.h>

_Static_assert(AX_WORDS_MAX + 1 == SHM_WORDS, "one length of words");

bool words_fit(const char *words)
{
    return strnlen(words, AX_WORDS_MAX + 1) <= AX_WORDS_MAX;
}

int words_keep(struct worker *w, uint32_t index, const char *words)
{
    char text[SHM_WORDS] = "";
    bool none = words[0] == '\0';
    struct shm_more *more = none ? more_of(&w->port, index) : more_get(w, index);
    if (more == NULL)
        return none ? 0 : AX_E_NO_MEMORY;
    memcpy(text, words, strnlen(words, AX_WORDS_MAX));
    for (uint32_t at = 0; at < SHM_WORDS; at += (uint32_t)sizeof(uint64_t))
        shm_log(&w->port, more->words + at);
    memcpy(more->words, text, sizeof text);
    return 0;
}

void words_tell(struct worker *w, uint32_t index, struct shm_down_body *body)
{
    const struct shm_more *more = more_of(&w->port, index);
    if (body->reason == SHM_OTHER && more != NULL)
        memcpy(body->words, more->words, SHM_WORDS - 1);
}

void words_note(struct worker *w, const struct shm_down_body *body)
{
    if (shm_likely(body->reason != SHM_OTHER || body->words[0] == '\0'))
        return;
    memcpy(event_next(w, SHM_REASON_WORDS, 0)->words, body->words, SHM_WORDS);
}
