/* SPDX-License-Identifier: MIT */
/* report.h - what is said about the lives of workers: log lines and events. */
#ifndef SUP_REPORT_H
#define SUP_REPORT_H

#include "axsup/sup.h"

/* An incarnation runs; it found that many messages in its mailboxes. */
void sup_report_ready(struct sup_slot *slot, uint64_t mail);
/* An incarnation has ended. Names the suspect, in slot->last_exit as well. */
struct sup_ended {
    struct sup_exit exit;
    uint32_t method;     /* of the message in hand, UINT32_MAX: not known */
    enum sup_next next;  /* what follows */
    uint64_t backoff_ns; /* before it does */
};
void sup_report_end(struct sup_slot *slot, struct sup_ended *ended);
/* It has handled one message for that long and is being ended. */
void sup_report_hang(struct sup_slot *slot, uint64_t for_ns);

#endif
