/* SPDX-License-Identifier: MIT */
/* kv.h - what is the same for all actors of a process: who the others are. */
#ifndef KV_H
#define KV_H

#include "owed.h"

#include <ax/actor.h>

/* Set by the front of this worker before it lets anyone in; refs outlive restarts. */
struct kv_system {
    uint32_t shards, fronts;
    struct ax_ref target[OWED_TARGETS]; /* shards, then fronts */
    struct ax_ref front;                /* this worker's */
};
extern struct kv_system kv_system;

#endif
