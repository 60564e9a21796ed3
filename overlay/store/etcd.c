/* SPDX-License-Identifier: MIT */
/* overlay/store/etcd.c - leases in etcd 3.4 or later, by its JSON gateway: who waits, who is under
 * way, and under which token. What is said is in etcd_step.c. */
#include <errno.h>
#include <stdlib.h>

#include "overlay/store/etcd_parts.h"

#define CODE_NOT_FOUND 5
#define CODE_UNAVAILABLE 14
#define CODE_UNAUTHENTICATED 16

/* ---- sending ---- */

void ov_etcd_lose(struct ov_etcd *etcd, uint32_t slot, const char *why)
{
    etcd->tasks[slot].waits = false;
    ov_store_lose(etcd->store, slot);
    ov_store_complain(etcd->store, "etcd %s: %s", ov_http_address(etcd->http), why);
}

static void log_in(struct ov_etcd *etcd)
{
    const struct ov_store *store = etcd->store;
    etcd->log_in_until = store->now + store->options.timeout_ns;
    etcd->logging_in = ov_http_post(etcd->http, store->options.room, "/v3/auth/authenticate",
                                    ov_etcd_login(store->options.user, store->password), NULL);
}

/* Those whose time it is; none before there is a token, where one is needed. */
static void send_waiting(struct ov_etcd *etcd)
{
    struct ov_store *store = etcd->store;
    bool needs = store->password != NULL && etcd->token[0] == '\0';
    for (uint32_t i = 0; i < store->options.room && !etcd->logging_in; i++) {
        struct ov_etcd_task *task = &etcd->tasks[i];
        if (!task->waits || etcd->rest_until > store->now)
            continue;
        if (needs) {
            log_in(etcd);
            return;
        }
        task->waits = false;
        if (!ov_http_post(etcd->http, i, ov_etcd_path(task), ov_etcd_body(etcd, i),
                          etcd->token[0] != '\0' ? etcd->token : NULL))
            ov_etcd_lose(etcd, i, "no memory");
    }
}

/* ---- what comes back ---- */

static void rest(struct ov_etcd *etcd)
{
    if (etcd->rest_until <= etcd->store->now)
        etcd->rest_until = etcd->store->now + ov_store_backoff(etcd->store, ++etcd->failures);
}

static void logged_in(struct ov_etcd *etcd, const struct ov_http_result *result)
{
    int64_t code;
    const char *error = result->outcome == OV_HTTP_ANSWERED
                            ? ov_etcd_error(result->json, result->status, &code)
                            : "";
    const char *token = json_string_value(json_object_get(result->json, "token"));
    etcd->logging_in = false;
    if (error == NULL && token != NULL && strlen(token) < OV_ETCD_TOKEN_MAX) {
        memcpy(etcd->token, token, strlen(token) + 1);
        etcd->failures = 0;
        return;
    }
    if (error == NULL || error[0] != '\0') /* otherwise it has been said */
        ov_store_complain(etcd->store, "etcd %s: log in as %s: %s", ov_http_address(etcd->http),
                          etcd->store->options.user, error == NULL ? "no token" : error);
    rest(etcd);
}

/* A token of etcd's lasts for a few minutes; one of JWT only until users or roles are changed, and
 * what is said of that has the code of any wrong argument. */
static bool token_is_over(const char *error, int64_t code)
{
    return code == CODE_UNAUTHENTICATED || strstr(error, "revision of auth store is old") != NULL;
}

/* The step was not done. */
static void failed(struct ov_etcd *etcd, uint32_t slot, const char *error, int64_t code)
{
    struct ov_etcd_task *task = &etcd->tasks[slot];
    if (code == CODE_NOT_FOUND && task->step == OV_ETCD_REVOKE) {
        ov_etcd_had_gone(etcd, slot);
    } else if (token_is_over(error, code) && !task->again && etcd->store->password != NULL) {
        task->again = task->waits = true;
        etcd->token[0] = '\0';
    } else {
        ov_etcd_lose(etcd, slot, error);
        if (code == CODE_UNAVAILABLE) /* another one may know a leader */
            ov_http_leave(etcd->http, slot);
    }
}

static void ended(void *own, uint32_t tag, const struct ov_http_result *result)
{
    struct ov_etcd *etcd = own;
    int64_t code;
    if (tag == etcd->store->options.room) {
        logged_in(etcd, result);
        return;
    }
    if (result->outcome == OV_HTTP_UNSENT) {
        rest(etcd);
        etcd->tasks[tag].waits = true;
        return;
    }
    if (result->outcome == OV_HTTP_LOST) {
        ov_store_lose(etcd->store, tag);
        return;
    }
    etcd->failures = 0;
    const char *error = ov_etcd_error(result->json, result->status, &code);
    if (error != NULL)
        failed(etcd, tag, error, code);
    else
        ov_etcd_answered(etcd, tag, result->json);
}

/* ---- the kind ---- */

static void etcd_submit(struct ov_store *store, uint32_t slot)
{
    struct ov_etcd *etcd = store->own;
    etcd->tasks[slot] = (struct ov_etcd_task){.step = OV_ETCD_LOOK, .waits = true};
}

static void etcd_forget(struct ov_store *store, uint32_t slot)
{
    struct ov_etcd *etcd = store->own;
    etcd->tasks[slot].waits = false;
    ov_http_cancel(etcd->http, slot);
}

static void etcd_run(struct ov_store *store)
{
    struct ov_etcd *etcd = store->own;
    if (etcd->logging_in && etcd->log_in_until <= store->now) {
        ov_http_cancel(etcd->http, store->options.room);
        etcd->logging_in = false;
        rest(etcd);
    }
    send_waiting(etcd);
    ov_http_run(etcd->http);
    send_waiting(etcd); /* what answers have brought about */
}

static uint64_t etcd_next(const struct ov_store *store)
{
    const struct ov_etcd *etcd = store->own;
    uint64_t next = ov_http_next(etcd->http);
    if (etcd->logging_in && etcd->log_in_until < next)
        next = etcd->log_in_until;
    for (uint32_t i = 0; i < store->options.room && !etcd->logging_in; i++)
        if (etcd->tasks[i].waits && etcd->rest_until < next)
            next = etcd->rest_until;
    return next;
}

static void etcd_close(struct ov_store *store)
{
    struct ov_etcd *etcd = store->own;
    ov_http_close(etcd->http);
    explicit_bzero(etcd->token, sizeof etcd->token);
    free(etcd->tasks);
    free(etcd);
}

static int check_options(struct ov_store *store)
{
    const struct ov_store_options *options = &store->options;
    bool is_unix = false;
    for (uint32_t i = 0; i < options->n_addresses; i++)
        is_unix |= strncmp(options->addresses[i], "unix:", 5) == 0;
    if (options->n_addresses == 0)
        ov_store_complain(store, "etcd: no address");
    else if (is_unix)
        ov_store_complain(store, "etcd: no unix sockets");
    else if ((options->user == NULL) != (store->password == NULL))
        ov_store_complain(store, "etcd: a user and a password, or neither");
    else
        return 0;
    return AX_E_INVALID;
}

static int etcd_open(struct ov_store *store)
{
    int error = check_options(store);
    if (error != 0)
        return error;
    struct ov_etcd *etcd = calloc(1, sizeof *etcd);
    if (etcd == NULL)
        return -ENOMEM;
    store->own = etcd;
    etcd->store = store;
    etcd->tasks = calloc(store->options.room, sizeof *etcd->tasks);
    error = etcd->tasks == NULL
                ? -ENOMEM
                : ov_http_open(&etcd->http, store, store->options.room + 1, ended, etcd);
    if (error != 0)
        ov_store_complain(store, "etcd: no memory");
    return error;
}

const struct ov_store_kind ov_store_kind_etcd = {
    .name = "etcd",
    .open = etcd_open,
    .close = etcd_close,
    .submit = etcd_submit,
    .forget = etcd_forget,
    .run = etcd_run,
    .next = etcd_next,
};
