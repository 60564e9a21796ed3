/* SPDX-License-Identifier: MIT */
/* overlay/store/redis_conn.c - one connection to one of the addresses, made again for as long as
 * the store lives. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "overlay/store/redis_parts.h"
#include "overlay/store/redis_script.h"

#define READ_SIZE 4096u
#define UNREAD_MAX (1u << 20)

static const char *address(const struct ov_redis *redis)
{
    return redis->store->options.addresses[redis->address];
}

/* ---- its end ---- */

static void drop_resolve(struct ov_redis *redis)
{
    if (redis->resolve == NULL)
        return;
    epoll_ctl(redis->store->epoll, EPOLL_CTL_DEL, ov_resolve_fd(redis->resolve), NULL);
    redis->resolve = ov_resolve_drop(redis->resolve);
}

void ov_redis_conn_close(struct ov_redis *redis)
{
    drop_resolve(redis);
    ov_link_close(&redis->link);
    if (redis->reader != NULL)
        redisReaderFree(redis->reader);
    redis->reader = NULL;
    redis->out_first = redis->out_end = 0;
    redis->loading = false;
}

static void forget_sent(struct ov_redis *redis)
{
    uint32_t room = redis->store->options.room + 2;
    for (; redis->sent_n > 0; redis->sent_n--) {
        struct ov_redis_sent sent = redis->sent[redis->sent_first];
        redis->sent_first = (redis->sent_first + 1) % room;
        if (sent.word == OV_REDIS_ASK)
            ov_redis_lost(redis, sent.slot);
    }
}

void ov_redis_conn_drop(struct ov_redis *redis, const char *why)
{
    struct ov_store *store = redis->store;
    ov_store_complain(store, "redis %s: %s", address(redis), why);
    ov_redis_conn_close(redis);
    forget_sent(redis);
    redis->state = OV_REDIS_RESTING;
    redis->until = store->now + ov_store_backoff(store, ++redis->attempt);
    redis->address = (redis->address + 1) % store->options.n_addresses;
}

/* ---- dialling ---- */

static void be(struct ov_redis *redis, enum ov_redis_state state)
{
    redis->state = state;
    redis->until = redis->store->now + redis->store->options.timeout_ns;
}

/* One number of the host after another. */
static void dial(struct ov_redis *redis)
{
    while (redis->dialled < redis->resolved.n) {
        uint32_t i = redis->dialled++;
        be(redis, OV_REDIS_DIALING);
        if (ov_link_dial(&redis->link, redis->store->epoll,
                         (const struct sockaddr *)&redis->resolved.address[i],
                         redis->resolved.length[i], redis->tls, redis->parsed.host) == 0)
            return;
    }
    ov_redis_conn_drop(redis, redis->link.why[0] != '\0' ? redis->link.why : "has no address");
}

static void begin_to_resolve(struct ov_redis *redis)
{
    int error = ov_resolve_begin(&redis->resolve, &redis->parsed);
    if (error != 0) {
        ov_redis_conn_drop(redis, ax_strerror(error));
        return;
    }
    int fd = ov_resolve_fd(redis->resolve);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(redis->store->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        ov_redis_conn_drop(redis, ax_strerror(-errno));
    else
        be(redis, OV_REDIS_RESOLVING);
}

static void begin(struct ov_redis *redis)
{
    redis->dialled = 0;
    redis->link = (struct ov_link){0};
    redis->resolved = (struct ov_resolved){0};
    if (ov_store_address_parse(address(redis), &redis->parsed) != 0)
        ov_redis_conn_drop(redis, "is no address");
    else if (ov_resolve_now(&redis->parsed, &redis->resolved) == 0)
        dial(redis);
    else if (redis->parsed.is_unix)
        ov_redis_conn_drop(redis, "the path is too long");
    else
        begin_to_resolve(redis);
}

static void resolve(struct ov_redis *redis)
{
    if (!ov_resolve_ended(redis->resolve))
        return;
    int error = ov_resolve_end(redis->resolve, &redis->resolved);
    drop_resolve(redis);
    if (error != 0)
        ov_redis_conn_drop(redis, gai_strerror(error));
    else
        dial(redis);
}

static void greet(struct ov_redis *redis)
{
    char *command = NULL;
    struct ov_store *store = redis->store;
    redis->reader = redisReaderCreate();
    if (redis->reader == NULL) {
        ov_redis_conn_drop(redis, "no memory");
        return;
    }
    be(redis, OV_REDIS_GREETING);
    int length = ov_redis_hello(&command, store->options.user, store->password);
    ov_redis_conn_send(redis, OV_REDIS_HELLO, 0, command, length);
}

static void connect_on(struct ov_redis *redis)
{
    if (ov_link_step(&redis->link) != 0)
        dial(redis);
    else if (redis->link.state == OV_LINK_UP)
        greet(redis);
}

/* ---- writing ---- */

static bool make_room(struct ov_redis *redis, size_t length)
{
    size_t held = redis->out_end - redis->out_first;
    if (redis->out_first > 0)
        memmove(redis->out, redis->out + redis->out_first, held);
    redis->out_first = 0;
    redis->out_end = held;
    if (held + length <= redis->out_room)
        return true;
    char *larger = realloc(redis->out, 2 * (held + length));
    if (larger == NULL)
        return false;
    redis->out = larger;
    redis->out_room = 2 * (held + length);
    return true;
}

void ov_redis_conn_send(struct ov_redis *redis, enum ov_redis_word word, uint32_t slot,
                        char *command, int length)
{
    uint32_t room = redis->store->options.room + 2;
    redis->sent[(redis->sent_first + redis->sent_n++) % room] =
        (struct ov_redis_sent){.word = word, .slot = slot};
    if (length < 0 || !make_room(redis, (size_t)length)) {
        ov_redis_conn_drop(redis, "no memory");
    } else {
        memcpy(redis->out + redis->out_end, command, (size_t)length);
        redis->out_end += (size_t)length;
    }
    if (length >= 0)
        redisFreeCommand(command);
}

void ov_redis_conn_load(struct ov_redis *redis)
{
    char *command = NULL;
    int length = ov_redis_load(&command);
    redis->loading = true;
    ov_redis_conn_send(redis, OV_REDIS_LOAD, 0, command, length);
}

/* False: it has gone down. */
static bool write_out(struct ov_redis *redis)
{
    while (redis->out_first < redis->out_end) {
        ssize_t put = ov_link_write(&redis->link, redis->out + redis->out_first,
                                    redis->out_end - redis->out_first);
        if (put < 0)
            return false;
        if (put == 0)
            break;
        redis->out_first += (size_t)put;
    }
    ov_link_watch(&redis->link, redis->out_first < redis->out_end);
    return true;
}

/* ---- replies ---- */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Whose password it was, the server does not say. */
static void refused(struct ov_redis *redis, const char *error)
{
    const char *user = redis->store->options.user;
    char why[OV_STORE_ERROR_MAX];
    bool log_in = begins(error, "WRONGPASS") || begins(error, "NOPERM") || begins(error, "NOAUTH");
    if (user != NULL && log_in) {
        snprintf(why, sizeof why, "log in as %s: %s", user, error);
        error = why;
    }
    ov_redis_conn_drop(redis, error);
}

static void greeted(struct ov_redis *redis, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        refused(redis, reply->str);
    else if (!ov_redis_is_master(reply))
        ov_redis_conn_drop(redis, "is no master");
    else
        ov_redis_conn_load(redis);
}

static void loaded(struct ov_redis *redis, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING || reply->len != sizeof redis->sha - 1) {
        ov_redis_conn_drop(redis, reply->type == REDIS_REPLY_ERROR ? reply->str : "no SHA-1");
        return;
    }
    memcpy(redis->sha, reply->str, sizeof redis->sha);
    redis->loading = false;
    redis->attempt = 0;
    redis->state = OV_REDIS_READY;
    ov_store_well(redis->store);
}

static void take_reply(struct ov_redis *redis, const redisReply *reply)
{
    if (redis->sent_n == 0) {
        ov_redis_conn_drop(redis, "a reply to nothing");
        return;
    }
    struct ov_redis_sent sent = redis->sent[redis->sent_first];
    redis->sent_first = (redis->sent_first + 1) % (redis->store->options.room + 2);
    redis->sent_n--;
    if (sent.word == OV_REDIS_HELLO)
        greeted(redis, reply);
    else if (sent.word == OV_REDIS_LOAD)
        loaded(redis, reply);
    else
        ov_redis_replied(redis, sent.slot, reply);
}

/* Each may end the connection, and the reader with it. */
static void take_replies(struct ov_redis *redis)
{
    while (redis->reader != NULL) {
        void *reply = NULL;
        if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK) {
            ov_redis_conn_drop(redis, redis->reader->errstr);
            return;
        }
        if (reply == NULL)
            break;
        take_reply(redis, reply);
        freeReplyObject(reply);
    }
    if (redis->reader != NULL && redis->reader->len > UNREAD_MAX)
        ov_redis_conn_drop(redis, "a reply without an end");
}

static void read_in(struct ov_redis *redis)
{
    char bytes[READ_SIZE];
    while (redis->reader != NULL) {
        ssize_t got = ov_link_read(&redis->link, bytes, sizeof bytes);
        if (got < 0)
            ov_redis_conn_drop(redis, redis->link.why);
        if (got <= 0)
            return;
        if (redisReaderFeed(redis->reader, bytes, (size_t)got) != REDIS_OK)
            ov_redis_conn_drop(redis, "no memory");
        else
            take_replies(redis);
    }
}

/* ---- the loop ---- */

/* What it has written before it was closed is read first: why. */
static void talk(struct ov_redis *redis)
{
    read_in(redis);
    if (redis->reader != NULL && !write_out(redis))
        ov_redis_conn_drop(redis, redis->link.why);
}

static void time_is_over(struct ov_redis *redis)
{
    static const char why[] = "no answer in time";
    if (redis->state == OV_REDIS_RESTING) {
        begin(redis);
    } else if (redis->state == OV_REDIS_DIALING) {
        ov_link_close(&redis->link);
        memcpy(redis->link.why, why, sizeof why);
        dial(redis);
    } else {
        ov_redis_conn_drop(redis, why);
    }
}

void ov_redis_conn_run(struct ov_redis *redis)
{
    if (redis->state != OV_REDIS_READY && redis->until <= redis->store->now)
        time_is_over(redis);
    if (redis->state == OV_REDIS_RESOLVING)
        resolve(redis);
    if (redis->state == OV_REDIS_DIALING)
        connect_on(redis);
    if (redis->state == OV_REDIS_GREETING || redis->state == OV_REDIS_READY)
        talk(redis);
}

uint64_t ov_redis_conn_next(const struct ov_redis *redis)
{
    return redis->state == OV_REDIS_READY ? UINT64_MAX : redis->until;
}
