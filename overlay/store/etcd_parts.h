/* SPDX-License-Identifier: MIT */
/* overlay/store/etcd_parts.h - what etcd.c, which talks to the server, and etcd_step.c, which knows
 * what to say, know of each other. */
#ifndef OV_STORE_ETCD_PARTS_H
#define OV_STORE_ETCD_PARTS_H

#include "overlay/store/etcd_http.h"
#include "overlay/store/etcd_json.h"

#define OV_ETCD_TOKEN_MAX 900u

enum ov_etcd_step {
    OV_ETCD_LOOK,
    OV_ETCD_GRANT,
    OV_ETCD_TAKE,
    OV_ETCD_KEEP,
    OV_ETCD_REVOKE,
    OV_ETCD_LEFT,
};

struct ov_etcd_task { /* of a slot */
    enum ov_etcd_step step;
    bool waits;     /* to be sent */
    bool again;     /* was sent with a token that was no longer good */
    uint32_t tries; /* of TAKE */
    struct ov_etcd_seen seen;
    char lease[OV_ETCD_NUMBER];    /* granted; "": none yet */
    uint64_t epoch;                /* under which it is to be taken */
    enum ov_store_outcome outcome; /* once it is known what is LEFT */
};

struct ov_etcd {
    struct ov_store *store;
    struct ov_http *http;
    struct ov_etcd_task *tasks;
    uint32_t failures;             /* to connect, in a row */
    uint64_t rest_until;           /* no connection is tried before */
    bool logging_in;               /* by the tag behind the slots */
    uint64_t log_in_until;         /* and it is given up then */
    char token[OV_ETCD_TOKEN_MAX]; /* "": none */
};

/* ---- etcd.c ---- */

/* It is unknown what has become of it, and this is why. */
void ov_etcd_lose(struct ov_etcd *etcd, uint32_t slot, const char *why);

/* ---- etcd_step.c ---- */

const char *ov_etcd_path(const struct ov_etcd_task *task);
/* Of the next step. NULL: no memory. */
json_t *ov_etcd_body(const struct ov_etcd *etcd, uint32_t slot);
/* What was answered to the step decides on the next one, or ends the request. */
void ov_etcd_answered(struct ov_etcd *etcd, uint32_t slot, const json_t *answer);
/* The lease that was to be revoked had gone. */
void ov_etcd_had_gone(struct ov_etcd *etcd, uint32_t slot);

#endif
