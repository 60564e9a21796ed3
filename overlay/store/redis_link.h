/* SPDX-License-Identifier: MIT */
/* overlay/store/redis_link.h - a connection to a server, plain or by TLS, that never waits.
 *
 * hiredis speaks the protocol here and does not have the socket: the version of Debian 12 (0.14)
 * knows no TLS, and looks names up while its caller waits. */
#ifndef OV_STORE_REDIS_LINK_H
#define OV_STORE_REDIS_LINK_H

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "overlay/store/kind.h"

enum ov_link_state {
    OV_LINK_DOWN,
    OV_LINK_CONNECTING,
    OV_LINK_SECURING, /* in the handshake of TLS */
    OV_LINK_UP,
};

struct ov_link {
    enum ov_link_state state;
    int epoll; /* the caller's, in which the socket is */
    int fd;
    uint32_t events; /* for which it is there */
    SSL *ssl;        /* NULL: plain */
    bool tls_writes; /* TLS has to write before it can go on */
    char why[128];   /* it is down */
};

/* What all connections of a store share; NULL where options say no TLS. Complains. */
AX_MUST_USE int ov_link_tls(struct ov_store *store, SSL_CTX **tls);

/* Begins to connect. `host` is whose certificate is wanted. */
AX_MUST_USE int ov_link_dial(struct ov_link *link, int epoll, const struct sockaddr *to,
                             socklen_t length, SSL_CTX *tls, const char *host);
/* Goes on until it is up or has to wait: 0. It may have gone down instead: -1, and `why` says why.
 */
AX_MUST_USE int ov_link_step(struct ov_link *link);
/* Of a link that is up: how many bytes; 0: none now; -1: it has gone down. */
ssize_t ov_link_read(struct ov_link *link, void *to, size_t size);
ssize_t ov_link_write(struct ov_link *link, const void *from, size_t size);
/* Says whether there is more to write. */
void ov_link_watch(struct ov_link *link, bool writes);
/* Of any link that was zeroed before it was dialled. */
void ov_link_close(struct ov_link *link);

#endif
