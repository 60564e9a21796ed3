/* SPDX-License-Identifier: MIT */
/* overlay/store/etcd_json.h - what is said to the JSON gateway of etcd 3.4 and later, and what it
 * says.
 *
 * A shard has two keys:
 *
 *      PREFIX REGISTRY/SHARD/owner   "EPOCH SESSION", attached to a lease of etcd, with which it
 * goes PREFIX REGISTRY/SHARD/epoch   the last epoch, never goes
 *
 * The gateway says and wants: keys and values in base64 with padding, numbers of 64 bits as texts;
 * it leaves out what is 0, false or empty. */
#ifndef OV_STORE_ETCD_JSON_H
#define OV_STORE_ETCD_JSON_H

#include <jansson.h>

#include "overlay/store/kind.h"

#define OV_ETCD_NUMBER 24u /* bytes of a number of 64 bits as text */

struct ov_etcd_seen {           /* of a shard, at one moment */
    struct ov_ident owner;      /* boot 0: nobody */
    uint64_t epoch;             /* the higher of what the two keys say */
    char lease[OV_ETCD_NUMBER]; /* of the owner's key */
    char owner_rev[OV_ETCD_NUMBER], epoch_rev[OV_ETCD_NUMBER]; /* "0": there is no such key */
};

/* Bodies; NULL: no memory. */
json_t *ov_etcd_look(const char *prefix, const struct ov_store_request *request);
/* Where both keys are as they were seen, the asker gets the shard under `lease` at `epoch`. */
json_t *ov_etcd_take(const char *prefix, const struct ov_store_request *request,
                     const struct ov_etcd_seen *seen, const char *lease, uint64_t epoch);
json_t *ov_etcd_grant(uint64_t ttl_ns);
json_t *ov_etcd_lease(const char *lease); /* to keep it, to revoke it, to ask what is left of it */
json_t *ov_etcd_login(const char *user, const char *password);

/* Of the answer to look or take. False: it makes no sense. */
bool ov_etcd_parse_seen(const json_t *answer, struct ov_etcd_seen *seen);
bool ov_etcd_succeeded(const json_t *answer);
/* The number of a lease that was granted. */
bool ov_etcd_parse_lease(const json_t *answer, char lease[OV_ETCD_NUMBER]);
/* The seconds that a lease has, of an answer to keep or look at it; below 0: it has gone. */
int64_t ov_etcd_kept(const json_t *answer);
int64_t ov_etcd_left(const json_t *answer);
/* What an error says, and its number; NULL: it is none. Lives as long as the answer. */
const char *ov_etcd_error(const json_t *answer, long status, int64_t *code);

#endif
