/* SPDX-License-Identifier: MIT */
#include "overlay/store/redis_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

/* ---- going down ---- */

void ov_link_close(struct ov_link *link)
{
    if (link->state == OV_LINK_DOWN)
        return;
    SSL_free(link->ssl);
    close(link->fd);
    link->ssl = NULL;
    link->state = OV_LINK_DOWN;
}

static int go_down(struct ov_link *link, const char *why)
{
    snprintf(link->why, sizeof link->why, "%s", why);
    ov_link_close(link);
    return -1;
}

static int fail(struct ov_link *link, int error)
{
    return go_down(link, ax_strerror(-error));
}

/* What OpenSSL says of the certificate is of more use than that a handshake has failed. */
static int fail_tls(struct ov_link *link)
{
    char text[112];
    long verdict = SSL_get_verify_result(link->ssl);
    unsigned long error = ERR_get_error();
    if (verdict != X509_V_OK)
        snprintf(text, sizeof text, "TLS: %s", X509_verify_cert_error_string(verdict));
    else if (error != 0 && ERR_reason_error_string(error) != NULL)
        snprintf(text, sizeof text, "TLS: %s", ERR_reason_error_string(error));
    else
        snprintf(text, sizeof text, "closed by the server");
    return go_down(link, text);
}

/* ---- TLS ---- */

static int load_files(struct ov_store *store, SSL_CTX *tls)
{
    const struct ov_store_options *options = &store->options;
    const char *wrong = NULL;
    if (options->ca_file != NULL && SSL_CTX_load_verify_locations(tls, options->ca_file, NULL) != 1)
        wrong = options->ca_file;
    else if (options->ca_file == NULL && SSL_CTX_set_default_verify_paths(tls) != 1)
        wrong = "the system's certificates";
    else if (options->cert_file != NULL &&
             SSL_CTX_use_certificate_chain_file(tls, options->cert_file) != 1)
        wrong = options->cert_file;
    else if (options->key_file != NULL &&
             SSL_CTX_use_PrivateKey_file(tls, options->key_file, SSL_FILETYPE_PEM) != 1)
        wrong = options->key_file;
    if (wrong == NULL)
        return 0;
    ov_store_complain(store, "%s: cannot be used: %s", wrong,
                      ERR_reason_error_string(ERR_get_error()));
    return AX_E_INVALID;
}

int ov_link_tls(struct ov_store *store, SSL_CTX **out)
{
    *out = NULL;
    if (!store->options.tls)
        return 0;
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (tls == NULL)
        return -ENOMEM;
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    int error = load_files(store, tls);
    if (error != 0)
        SSL_CTX_free(tls);
    else
        *out = tls;
    return error;
}

/* The name in the certificate, or the number of the address, must be the one that was dialled. */
static bool want_host(SSL *ssl, const char *host)
{
    struct in6_addr number;
    bool is_number =
        inet_pton(AF_INET, host, &number) == 1 || inet_pton(AF_INET6, host, &number) == 1;
    if (is_number)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* What a call of OpenSSL has come to: -1, it is down; 0, it is to be called again later. */
static int tls_waits(struct ov_link *link, int result)
{
    int error = SSL_get_error(link->ssl, result);
    link->tls_writes = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return 0;
    return error == SSL_ERROR_SYSCALL && errno != 0 ? fail(link, errno) : fail_tls(link);
}

/* ---- connecting ---- */

void ov_link_watch(struct ov_link *link, bool writes)
{
    bool out = writes || link->tls_writes || link->state == OV_LINK_CONNECTING;
    uint32_t events = EPOLLIN | (out ? EPOLLOUT : 0);
    struct epoll_event event = {.events = events, .data.fd = link->fd};
    if (link->state == OV_LINK_DOWN || events == link->events)
        return;
    if (epoll_ctl(link->epoll, link->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, link->fd,
                  &event) == 0)
        link->events = events;
}

static int secure_by(struct ov_link *link, SSL_CTX *tls, const char *host)
{
    link->ssl = SSL_new(tls);
    if (link->ssl == NULL || SSL_set_fd(link->ssl, link->fd) != 1 || !want_host(link->ssl, host))
        return go_down(link, "TLS: no memory");
    SSL_set_connect_state(link->ssl);
    return 0;
}

int ov_link_dial(struct ov_link *link, int epoll, const struct sockaddr *to, socklen_t length,
                 SSL_CTX *tls, const char *host)
{
    const int on = 1;
    *link = (struct ov_link){.epoll = epoll, .state = OV_LINK_CONNECTING};
    link->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0) {
        link->state = OV_LINK_DOWN;
        return fail(link, errno);
    }
    if (to->sa_family != AF_UNIX)
        setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls != NULL && secure_by(link, tls, host) != 0)
        return -1;
    if (connect(link->fd, to, length) != 0 && errno != EINPROGRESS)
        return fail(link, errno);
    ov_link_watch(link, true);
    return link->events == 0 ? fail(link, ENOMEM) : 0;
}

static int connected(struct ov_link *link)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0)
        return fail(link, error);
    if (getpeername(link->fd, (struct sockaddr *)&peer, &length) == 0)
        link->state = link->ssl != NULL ? OV_LINK_SECURING : OV_LINK_UP;
    return 0;
}

static int secured(struct ov_link *link)
{
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(link->ssl);
    if (result != 1)
        return tls_waits(link, result);
    link->tls_writes = false;
    link->state = OV_LINK_UP;
    return 0;
}

int ov_link_step(struct ov_link *link)
{
    int result = 0;
    if (link->state == OV_LINK_CONNECTING)
        result = connected(link);
    if (result == 0 && link->state == OV_LINK_SECURING)
        result = secured(link);
    ov_link_watch(link, false);
    return result;
}

/* ---- bytes ---- */

ssize_t ov_link_read(struct ov_link *link, void *to, size_t size)
{
    ERR_clear_error();
    errno = 0;
    if (link->ssl != NULL) {
        int got = SSL_read(link->ssl, to, (int)size);
        return got > 0 ? got : tls_waits(link, got);
    }
    ssize_t got = recv(link->fd, to, size, 0);
    if (got > 0)
        return got;
    if (got == 0)
        return go_down(link, "closed by the server");
    return errno == EAGAIN || errno == EINTR ? 0 : fail(link, errno);
}

ssize_t ov_link_write(struct ov_link *link, const void *from, size_t size)
{
    ERR_clear_error();
    errno = 0;
    if (link->ssl != NULL) {
        int put = SSL_write(link->ssl, from, (int)size);
        return put > 0 ? put : tls_waits(link, put);
    }
    ssize_t put = send(link->fd, from, size, MSG_NOSIGNAL);
    if (put >= 0)
        return put;
    return errno == EAGAIN || errno == EINTR ? 0 : fail(link, errno);
}
