/* SPDX-License-Identifier: MIT */
/* hang.h - ends a worker that handles one message for too long. Part of child.h. */
#ifndef SUP_HANG_H
#define SUP_HANG_H

#include <stdbool.h>
#include <stdint.h>

struct sup_slot;

struct sup_hang {               /* what was seen of the open turn so far */
    uint64_t turn;              /* 0: none is open */
    uint64_t seen_at;           /* CLOCK_MONOTONIC ns, of the last look */
    uint64_t age_ns;            /* time in which it could have ended */
    uint64_t ran_ns, waited_ns; /* of the process, at the last look */
    uint64_t dumped_by;         /* until when a core may be written, 0: none has begun */
    bool halted;                /* it was stopped at the last look */
};

void sup_hang_init(struct sup_slot *slot);
/* From now on, where the config wants it; until the process ends. */
void sup_hang_watch(struct sup_slot *slot);

/* What a look at a process tells of the time since the one before. */
struct sup_hang_look {
    uint64_t now;  /* CLOCK_MONOTONIC ns */
    uint64_t turn; /* that is open, 0: none */
    uint64_t ran_ns, waited_ns;
    bool runnable; /* on a processor, or waiting for one */
    bool halted;   /* by SIGSTOP or a debugger */
};

/* Takes a look into account; looks are meant to be `every_ns` apart. Calls nothing. How old the
 * open turn is, by the rule in hang.c. */
uint64_t sup_hang_age(struct sup_hang *hang, const struct sup_hang_look *look, uint64_t every_ns);

#endif
