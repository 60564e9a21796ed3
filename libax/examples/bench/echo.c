/* SPDX-License-Identifier: MIT */
/* echo.c - bench_echo: counts what it is told and touches every line of it, as a handler that does
 * something with its message would. */
#include "drive.h"

#define AX_IMPLEMENT
#include "echo.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct bench_echo {
    uint64_t messages, sum;
};

#define LINE_WORDS 8u

void bench_echo_on_data(struct ax_ctx *ctx, struct bench_echo *self,
                        const struct bench_echo_data *msg)
{
    (void)ctx;
    self->messages++;
    self->sum += msg->words[0];
}

void bench_echo_on_blob(struct ax_ctx *ctx, struct bench_echo *self,
                        const struct bench_echo_blob *msg)
{
    const unsigned char *data = ax_bytes(&msg->data);
    uint64_t word, sum = 0;
    (void)ctx;
    for (uint32_t at = 0; at + sizeof word <= msg->data.len; at += LINE_WORDS * sizeof word) {
        memcpy(&word, data + at, sizeof word);
        sum += word;
    }
    self->messages++;
    self->sum += sum;
}

void bench_echo_on_echo(struct ax_ctx *ctx, struct bench_echo *self,
                        const struct bench_echo_echo *msg, struct bench_echo_echo_reply *reply)
{
    (void)ctx;
    (void)self;
    reply->value = msg->value;
}

void bench_echo_on_seen(struct ax_ctx *ctx, struct bench_echo *self,
                        const struct bench_echo_seen *msg, struct bench_echo_seen_reply *reply)
{
    (void)ctx;
    (void)msg;
    reply->messages = self->messages;
    reply->sum = self->sum;
    reply->at = bench_clock();
}

/* The mapping stays until the process ends: that is what it is for. */
void bench_echo_on_map(struct ax_ctx *ctx, struct bench_echo *self,
                       const struct bench_echo_map *msg, struct bench_echo_map_reply *reply)
{
    char path[64];
    (void)ctx;
    (void)self;
    snprintf(path, sizeof path, "/proc/%u/fd/%u", msg->pid, msg->fd);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    reply->done = mmap(NULL, msg->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
                       0) != MAP_FAILED;
    close(fd);
}

void bench_echo_on_hello(struct ax_ctx *ctx, struct bench_echo *self,
                         const struct bench_echo_hello *msg, struct bench_echo_hello_reply *reply)
{
    (void)ctx;
    (void)self;
    (void)msg;
    reply->pid = (uint32_t)getpid();
}

void bench_echo_on_probe(struct ax_ctx *ctx, struct bench_echo *self,
                         const struct bench_echo_probe *msg)
{
    uint64_t at = bench_clock();
    (void)self;
    if (bench_drive_served(ctx, msg->from, (uint32_t)getpid(), at) != 0)
        ax_log(ctx, AX_WARN, "nobody to tell that the probe has come");
}

static void start(struct ax_ctx *ctx, struct bench_echo *self)
{
    (void)self;
    bench_pin(ctx);
}

AX_ACTOR(bench_echo, .on_start = start);
