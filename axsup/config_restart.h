/* SPDX-License-Identifier: MIT */
/* config_restart.h - when a process or an actor is started again. A part of config.h. */
#ifndef SUP_CONFIG_RESTART_H
#define SUP_CONFIG_RESTART_H

#include <stdint.h>

enum sup_restart_policy { SUP_RESTART_NEVER, SUP_RESTART_ON_FAILURE, SUP_RESTART_ALWAYS };
enum sup_mailbox_policy { SUP_MAILBOX_KEEP, SUP_MAILBOX_DROP };

struct sup_restart_config {
    enum sup_restart_policy policy;
    enum sup_mailbox_policy mailbox; /* of an actor; a worker has none */
    unsigned max;                    /* restarts within the window; one more is the end */
    uint64_t window_ns;
    uint64_t backoff_ns[2]; /* before the first restart; the most that doubling may reach */
};

#endif
