/* SPDX-License-Identifier: MIT */
/* overlay/store/resolve.h - the addresses of a host's name, looked up by a thread of its own, as
 * getaddrinfo waits for as long as a name server does. A number or a path needs no thread. */
#ifndef OV_STORE_RESOLVE_H
#define OV_STORE_RESOLVE_H

#include <netdb.h>
#include <sys/socket.h>

#include "overlay/store/kind.h"

#define OV_RESOLVED_MAX 8u

struct ov_resolved {
    struct sockaddr_storage address[OV_RESOLVED_MAX];
    socklen_t length[OV_RESOLVED_MAX];
    uint32_t n;
};

struct ov_resolve;

/* Where no name has to be looked up. AX_E_INVALID: it is a name. */
AX_MUST_USE int ov_resolve_now(const struct ov_store_address *address,
                               struct ov_resolved *resolved);

/* Begins; the descriptor is readable when it has ended. */
AX_MUST_USE int ov_resolve_begin(struct ov_resolve **out, const struct ov_store_address *address);
int ov_resolve_fd(const struct ov_resolve *resolve);
bool ov_resolve_ended(const struct ov_resolve *resolve);
/* After it has ended: 0 or an error of getaddrinfo (gai_strerror). */
AX_MUST_USE int ov_resolve_end(struct ov_resolve *resolve, struct ov_resolved *resolved);
/* Whether it has ended or not: the thread frees what it still needs. Takes NULL, returns NULL. */
struct ov_resolve *ov_resolve_drop(struct ov_resolve *resolve);

#endif
