/* SPDX-License-Identifier: MIT */
/* overlay/core/agenda.h - entries of a table that something is to be done with, and when. Those
 * that need nothing are not in it: that is most of a table, and a step does not look at them. One
 * thread at a time.
 *
 * An entry has a task as a member, which is due now, or has been sent and is due again if no answer
 * comes; as all wait as long for that, these stand in the order of their time. */
#ifndef OV_AGENDA_H
#define OV_AGENDA_H

#include "overlay/core/links.h"

struct ov_task {
    struct ov_row row; /* first; of one of those below, or of none */
    uint64_t again_at; /* of one that was sent */
};

struct ov_agenda {
    struct ov_row due, sent;
};

static inline void ov_agenda_init(struct ov_agenda *agenda)
{
    ov_row_init(&agenda->due);
    ov_row_init(&agenda->sent);
}

static inline void ov_task_init(struct ov_task *task)
{
    ov_row_init(&task->row);
}

/* Nothing is to be done with it. */
static inline void ov_task_leave(struct ov_task *task)
{
    ov_row_leave(&task->row);
}

static inline void ov_task_due(struct ov_agenda *agenda, struct ov_task *task)
{
    ov_row_join(&agenda->due, &task->row);
}

/* `at` is no earlier than that of any that was sent before. */
static inline void ov_task_sent(struct ov_agenda *agenda, struct ov_task *task, uint64_t at)
{
    task->again_at = at;
    ov_row_join(&agenda->sent, &task->row);
}

/* The first that is due at `now`, which stays until it is sent or leaves; NULL: none is. */
static inline struct ov_task *ov_agenda_first(struct ov_agenda *agenda, uint64_t now)
{
    struct ov_task *sent = OV_ENTRY(agenda->sent.next, struct ov_task, row);
    if (!ov_row_empty(&agenda->due))
        return OV_ENTRY(agenda->due.next, struct ov_task, row);
    return ov_row_empty(&agenda->sent) || sent->again_at > now ? NULL : sent;
}

/* When there will be one; UINT64_MAX: never. */
static inline uint64_t ov_agenda_next(const struct ov_agenda *agenda)
{
    if (!ov_row_empty(&agenda->due))
        return 0;
    return ov_row_empty(&agenda->sent) ? UINT64_MAX
                                       : OV_ENTRY(agenda->sent.next, struct ov_task, row)->again_at;
}

#endif
