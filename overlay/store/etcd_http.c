/* SPDX-License-Identifier: MIT */
#include "overlay/store/etcd_http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define NS_PER_MS UINT64_C(1000000)
#define REPLY_MAX 65536u
#define CONNECTIONS_MAX 16L
#define ROUNDS_MAX 16u

struct post {
    struct ov_http *http;
    uint32_t tag, address;
    bool under_way;
    CURL *easy;
    struct curl_slist *headers;
    char why[CURL_ERROR_SIZE];
    char *reply;
    size_t length;
};

struct ov_http {
    struct ov_store *store;
    void (*ended)(void *own, uint32_t tag, const struct ov_http_result *result);
    void *own;
    CURLM *multi;
    uint64_t timer_at;
    uint32_t address, tags;
    struct post posts[];
};

const char *ov_http_address(const struct ov_http *http)
{
    return http->store->options.addresses[http->address];
}

uint64_t ov_http_next(const struct ov_http *http)
{
    return http->timer_at;
}

/* ---- what libcurl calls ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct ov_http *http = arg;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(http->store->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0);
    if (epoll_ctl(http->store->epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event))
        return -1;
    curl_multi_assign(http->multi, fd, http);
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    struct ov_http *http = arg;
    (void)multi;
    http->timer_at = ms < 0 ? UINT64_MAX : http->store->now + (uint64_t)ms * NS_PER_MS;
    return 0;
}

/* Less than all of it ends the request. */
static size_t on_bytes(char *bytes, size_t one, size_t n, void *arg)
{
    struct post *post = arg;
    (void)one;
    if (post->length + n > REPLY_MAX)
        return 0;
    if (post->reply == NULL)
        post->reply = malloc(REPLY_MAX);
    if (post->reply == NULL)
        return 0;
    memcpy(post->reply + post->length, bytes, n);
    post->length += n;
    return n;
}

/* ---- a request ---- */

static void clear(struct post *post)
{
    curl_slist_free_all(post->headers);
    free(post->reply);
    post->headers = NULL;
    post->reply = NULL;
    post->length = 0;
    post->under_way = false;
}

static bool set_headers(struct post *post, const char *token)
{
    char line[1024];
    post->headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (post->headers == NULL || token == NULL)
        return post->headers != NULL;
    int length = snprintf(line, sizeof line, "Authorization: %s", token);
    return length < (int)sizeof line && curl_slist_append(post->headers, line) != NULL;
}

static CURLcode set_tls(CURL *easy, const struct ov_store_options *options)
{
    CURLcode error = CURLE_OK;
    if (options->ca_file != NULL)
        error = curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
    if (error == CURLE_OK && options->cert_file != NULL)
        error = curl_easy_setopt(easy, CURLOPT_SSLCERT, options->cert_file);
    if (error == CURLE_OK && options->key_file != NULL)
        error = curl_easy_setopt(easy, CURLOPT_SSLKEY, options->key_file);
    return error;
}

/* An environment that names proxies is not meant for the store. */
static CURLcode set_options(struct post *post, const char *url, const char *body)
{
    const struct ov_store_options *options = &post->http->store->options;
    CURL *easy = post->easy;
    long connect_ms = (long)(options->timeout_ns / NS_PER_MS / 2 + 1);
    CURLcode error = curl_easy_setopt(easy, CURLOPT_URL, url);
    error = error != CURLE_OK ? error : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
    error = error != CURLE_OK ? error : curl_easy_setopt(easy, CURLOPT_PROXY, "");
    error = error != CURLE_OK ? error : curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    error = error != CURLE_OK ? error : set_tls(easy, options);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->why);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    return error;
}

/* The handle is used again for the next request of this tag. */
static bool prepare(struct post *post, const char *path, const json_t *body, const char *token)
{
    char url[512];
    const struct ov_http *http = post->http;
    if (post->easy == NULL)
        post->easy = curl_easy_init();
    if (post->easy == NULL || body == NULL)
        return false;
    curl_easy_reset(post->easy);
    post->why[0] = '\0';
    snprintf(url, sizeof url, "%s://%s%s", http->store->options.tls ? "https" : "http",
             ov_http_address(http), path);
    char *text = json_dumps(body, JSON_COMPACT);
    bool done =
        text != NULL && set_headers(post, token) && set_options(post, url, text) == CURLE_OK;
    if (text != NULL)
        explicit_bzero(text, strlen(text)); /* it may have a password */
    free(text);
    return done;
}

bool ov_http_post(struct ov_http *http, uint32_t tag, const char *path, json_t *body,
                  const char *token)
{
    struct post *post = &http->posts[tag];
    post->http = http;
    post->tag = tag;
    post->address = http->address;
    bool done = prepare(post, path, body, token) &&
                curl_multi_add_handle(http->multi, post->easy) == CURLM_OK;
    json_decref(body);
    post->under_way = done;
    if (!done)
        clear(post);
    return done;
}

/* ---- its end ---- */

static void next_address(struct ov_http *http, const struct post *failed)
{
    if (failed->address == http->address)
        http->address = (http->address + 1) % http->store->options.n_addresses;
}

void ov_http_leave(struct ov_http *http, uint32_t tag)
{
    next_address(http, &http->posts[tag]);
}

void ov_http_cancel(struct ov_http *http, uint32_t tag)
{
    struct post *post = &http->posts[tag];
    if (!post->under_way)
        return;
    ov_store_complain(http->store, "etcd %s: no answer in time", ov_http_address(http));
    curl_multi_remove_handle(http->multi, post->easy);
    clear(post);
    next_address(http, post);
}

static bool is_unsent(CURLcode error)
{
    switch (error) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return true;
    default:
        return false;
    }
}

static struct ov_http_result result_of(struct post *post, CURLcode error)
{
    struct ov_http_result result = {.outcome = is_unsent(error) ? OV_HTTP_UNSENT : OV_HTTP_LOST};
    struct ov_http *http = post->http;
    if (error == CURLE_OK) {
        result.json = json_loadb(post->length > 0 ? post->reply : "", post->length, 0, NULL);
        curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &result.status);
        if (result.json != NULL)
            result.outcome = OV_HTTP_ANSWERED;
    }
    if (error == CURLE_OPERATION_TIMEDOUT)
        result.outcome = OV_HTTP_UNSENT; /* only connecting has a time of its own */
    if (result.outcome != OV_HTTP_ANSWERED) {
        ov_store_complain(http->store, "etcd %s: %s", http->store->options.addresses[post->address],
                          error == CURLE_OK      ? "an answer that is no JSON"
                          : post->why[0] != '\0' ? post->why
                                                 : curl_easy_strerror(error));
        next_address(http, post);
    }
    return result;
}

static void take_ended(struct ov_http *http)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(http->multi, &left)) != NULL;) {
        struct post *post = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        struct ov_http_result result = result_of(post, message->data.result);
        curl_multi_remove_handle(http->multi, post->easy);
        clear(post);
        http->ended(http->own, post->tag, &result);
        json_decref(result.json);
    }
}

/* ---- the loop ---- */

static void take_events(struct ov_http *http)
{
    struct epoll_event events[CONNECTIONS_MAX];
    int running, n = epoll_wait(http->store->epoll, events, CONNECTIONS_MAX, 0);
    for (int i = 0; i < n; i++) {
        bool in = (events[i].events & EPOLLIN) != 0, out = (events[i].events & EPOLLOUT) != 0;
        bool wrong = (events[i].events & (EPOLLERR | EPOLLHUP)) != 0;
        int mask = (in ? CURL_CSELECT_IN : 0) | (out ? CURL_CSELECT_OUT : 0) |
                   (wrong ? CURL_CSELECT_ERR : 0);
        if (events[i].data.fd != http->store->knock)
            curl_multi_socket_action(http->multi, events[i].data.fd, mask, &running);
    }
}

/* What ends may begin something else, of which libcurl says at once that it has to do with it. */
void ov_http_run(struct ov_http *http)
{
    int running;
    take_events(http);
    take_ended(http);
    for (uint32_t i = 0; i < ROUNDS_MAX && http->timer_at <= http->store->now; i++) {
        http->timer_at = UINT64_MAX;
        curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        take_ended(http);
    }
}

/* ---- its life ---- */

static CURLMcode set_multi(struct ov_http *http)
{
    CURLMcode error = curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    error = error ? error : curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    error = error ? error : curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    error = error ? error : curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    error = error ? error : curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
    return error ? error
                 : curl_multi_setopt(http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, CONNECTIONS_MAX);
}

int ov_http_open(struct ov_http **out, struct ov_store *store, uint32_t tags,
                 void (*ended)(void *own, uint32_t tag, const struct ov_http_result *result),
                 void *own)
{
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return -ENOMEM;
    struct ov_http *http = calloc(1, sizeof *http + tags * sizeof http->posts[0]);
    CURLM *multi = curl_multi_init();
    if (http == NULL || multi == NULL) {
        free(http);
        curl_multi_cleanup(multi);
        curl_global_cleanup();
        return -ENOMEM;
    }
    *http = (struct ov_http){.store = store,
                             .ended = ended,
                             .own = own,
                             .multi = multi,
                             .timer_at = UINT64_MAX,
                             .tags = tags};
    *out = http;
    return set_multi(http) == CURLM_OK ? 0 : -ENOMEM;
}

struct ov_http *ov_http_close(struct ov_http *http)
{
    if (http == NULL)
        return NULL;
    for (uint32_t i = 0; i < http->tags; i++) {
        struct post *post = &http->posts[i];
        if (post->under_way)
            curl_multi_remove_handle(http->multi, post->easy);
        clear(post);
        curl_easy_cleanup(post->easy);
    }
    curl_multi_cleanup(http->multi);
    free(http);
    curl_global_cleanup();
    return NULL;
}
