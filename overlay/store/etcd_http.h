/* SPDX-License-Identifier: MIT */
/* overlay/store/etcd_http.h - requests to the JSON gateway of etcd: a POST each, by libcurl, many
 * at a time and none that waits.
 *
 * Each has a tag below a fixed number, under which there is one at a time. A server that cannot be
 * reached is left for the next address; which one that is, all share. */
#ifndef OV_STORE_ETCD_HTTP_H
#define OV_STORE_ETCD_HTTP_H

#include <jansson.h>

#include "overlay/store/kind.h"

enum ov_http_outcome {
    OV_HTTP_ANSWERED, /* with a status and JSON, whatever they say */
    OV_HTTP_UNSENT,   /* there was no connection: nobody has seen it */
    OV_HTTP_LOST,     /* it may have been done, or not */
};

struct ov_http_result {
    enum ov_http_outcome outcome;
    long status;
    json_t *json; /* of ANSWERED */
};

struct ov_http;

/* `own` goes to `ended`, which is called within ov_http_run alone, and may post. */
AX_MUST_USE int ov_http_open(struct ov_http **out, struct ov_store *store, uint32_t tags,
                             void (*ended)(void *own, uint32_t tag,
                                           const struct ov_http_result *result),
                             void *own);
struct ov_http *ov_http_close(struct ov_http *http);

/* Steals `body`. `token`: for the header Authorization; NULL: none. False: no memory. */
AX_MUST_USE bool ov_http_post(struct ov_http *http, uint32_t tag, const char *path, json_t *body,
                              const char *token);
/* Takes back what is under way there, if anything is; its server was too slow. */
void ov_http_cancel(struct ov_http *http, uint32_t tag);
/* Others are to be asked at the next address, where they still are at the one of this tag. */
void ov_http_leave(struct ov_http *http, uint32_t tag);
void ov_http_run(struct ov_http *http);
uint64_t ov_http_next(const struct ov_http *http);
/* The address that is asked now. */
const char *ov_http_address(const struct ov_http *http);

#endif
