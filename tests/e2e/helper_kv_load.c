/* SPDX-License-Identifier: MIT */
/* Clients of the key-value server that remember what they were told, while its processes die.
 *
 *   helper_kv_load PORT CLIENTS FILE
 *
 * Each client, by hiredis, has a counter and a row of keys of its own. It increments the one and
 * sets the next of the others, several at once; a connection that is reset is opened again, and
 * what was not answered may or may not have been done. It goes on until FILE is there. Then every
 * counter must be between what was acknowledged and that plus what was in doubt, every key that was
 * acknowledged must be there, and the answer to each INCR must have been greater than the one
 * before. Prints what it counted; ends with 0 where it all held. */
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS_MOST 64
#define AT_ONCE 4
#define BURST 500

struct client {
    redisContext *redis;
    long acknowledged, doubtful, last;
    long next, *keys, nkeys, room; /* keys: those whose SET was acknowledged */
    long first_of_row;
};

static int port;
static long resets, try_again, wrong, answers;

static void reconnect(struct client *client)
{
    const struct timeval limit = {.tv_sec = 10};
    if (client->redis != NULL) {
        redisFree(client->redis);
        resets++;
    }
    client->redis = redisConnectWithTimeout("127.0.0.1", port, limit);
    if (client->redis == NULL || client->redis->err) {
        printf("cannot connect: %s\n", client->redis ? client->redis->errstr : "no memory");
        exit(1);
    }
    if (redisSetTimeout(client->redis, limit) != REDIS_OK)
        exit(1);
}

static void send_row(struct client *client, int number)
{
    client->first_of_row = client->next;
    for (int i = 0; i < AT_ONCE; i++) {
        redisAppendCommand(client->redis, "INCR counter:%d", number);
        redisAppendCommand(client->redis, "SET key:%d:%ld %ld", number, client->next, client->next);
        client->next++;
    }
    int done = 0;
    while (!done && redisBufferWrite(client->redis, &done) == REDIS_OK)
        ;
}

static void note_key(struct client *client, long key)
{
    if (client->nkeys == client->room) {
        client->room = client->room * 2 + 1024;
        client->keys = realloc(client->keys, (size_t)client->room * sizeof *client->keys);
        if (client->keys == NULL)
            exit(1);
    }
    client->keys[client->nkeys++] = key;
}

static void take_incr(struct client *client, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_INTEGER) {
        if (reply->integer <= client->last) {
            printf("INCR answered %lld after %ld\n", reply->integer, client->last);
            wrong++;
        }
        client->last = (long)reply->integer;
        client->acknowledged++;
    } else {
        client->doubtful++;
        try_again++;
    }
}

static void take_set(struct client *client, const redisReply *reply, long key)
{
    if (reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "OK") == 0)
        note_key(client, key);
    else
        try_again++;
}

static void take_row(struct client *client)
{
    for (int i = 0; i < 2 * AT_ONCE; i++) {
        redisReply *reply;
        if (redisGetReply(client->redis, (void **)&reply) != REDIS_OK) {
            client->doubtful += AT_ONCE - i / 2 - i % 2;
            if (strstr(client->redis->errstr, "temporarily") != NULL) {
                printf("no answer within 10 s\n");
                wrong++;
            }
            reconnect(client);
            return;
        }
        answers++;
        if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "TRYAGAIN", 8) != 0) {
            printf("answer: %s\n", reply->str);
            wrong++;
        }
        if (i % 2 == 0)
            take_incr(client, reply);
        else
            take_set(client, reply, client->first_of_row + i / 2);
        freeReplyObject(reply);
    }
}

static redisReply *must(struct client *client, const char *format, int number, long key)
{
    for (int tries = 0; tries < 100; tries++) {
        redisReply *reply = redisCommand(client->redis, format, number, key);
        if (reply != NULL)
            return reply;
        reconnect(client);
    }
    printf("no answer to %s\n", format);
    exit(1);
}

/* Many at once; nobody kills any more. */
static void verify_keys(struct client *client, int number)
{
    for (long at = 0; at < client->nkeys; at += BURST) {
        long end = at + BURST < client->nkeys ? at + BURST : client->nkeys;
        redisReply *reply;
        for (long i = at; i < end; i++)
            redisAppendCommand(client->redis, "GET key:%d:%ld", number, client->keys[i]);
        for (long i = at; i < end; i++) {
            if (redisGetReply(client->redis, (void **)&reply) != REDIS_OK) {
                printf("GET: %s\n", client->redis->errstr);
                exit(1);
            }
            if (reply->type != REDIS_REPLY_STRING ||
                strtol(reply->str, NULL, 10) != client->keys[i]) {
                printf("key:%d:%ld was acknowledged and is lost\n", number, client->keys[i]);
                wrong++;
            }
            freeReplyObject(reply);
        }
    }
}

static void verify(struct client *client, int number)
{
    redisReply *reply = must(client, "GET counter:%d", number, 0);
    long value = reply->type == REDIS_REPLY_STRING ? strtol(reply->str, NULL, 10) : 0;
    if (value < client->acknowledged || value > client->acknowledged + client->doubtful) {
        printf("counter %d is %ld: %ld acknowledged, %ld in doubt\n", number, value,
               client->acknowledged, client->doubtful);
        wrong++;
    }
    freeReplyObject(reply);
    verify_keys(client, number);
}

int main(int argc, char *argv[])
{
    static struct client clients[CLIENTS_MOST];
    long acknowledged = 0, keys = 0;
    if (argc != 4) {
        fprintf(stderr, "usage: helper_kv_load PORT CLIENTS FILE\n");
        return 2;
    }
    port = atoi(argv[1]);
    int count = atoi(argv[2]) < CLIENTS_MOST ? atoi(argv[2]) : CLIENTS_MOST;
    for (int i = 0; i < count; i++)
        reconnect(&clients[i]);
    while (access(argv[3], F_OK) != 0) {
        for (int i = 0; i < count; i++)
            send_row(&clients[i], i);
        for (int i = 0; i < count; i++)
            take_row(&clients[i]);
    }
    for (int i = 0; i < count; i++) {
        verify(&clients[i], i);
        acknowledged += clients[i].acknowledged;
        keys += clients[i].nkeys;
        redisFree(clients[i].redis);
        free(clients[i].keys);
    }
    printf("%ld answers: %ld INCR and %ld SET acknowledged, %ld TRYAGAIN, %ld resets, %ld wrong\n",
           answers, acknowledged, keys, try_again, resets, wrong);
    return wrong != 0 || acknowledged == 0;
}
