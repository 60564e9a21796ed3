/* SPDX-License-Identifier: MIT */
#define AX_IMPLEMENT
#include "tests/plugins/leased/leased.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PERIOD AX_MILLISECONDS(5)

struct leased {
    char none;
};

void leased_on_note(struct ax_ctx *ctx, struct leased *self, const struct leased_note *msg)
{
    struct timespec now;
    char path[AX_KEY_MAX + 1] = "", line[64];
    struct ax_span key = ax_key(ctx);
    (void)self, (void)msg;
    memcpy(path, key.ptr, key.len);
    clock_gettime(CLOCK_BOOTTIME, &now);
    int len =
        snprintf(line, sizeof line, "%llu %lld%09ld %d\n", (unsigned long long)ax_lease_epoch(ctx),
                 (long long)now.tv_sec, now.tv_nsec, (int)getpid());
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    AX_CHECK(ctx, fd >= 0 && write(fd, line, (size_t)len) == len);
    close(fd);
}

void leased_on_epoch(struct ax_ctx *ctx, struct leased *self, const struct leased_epoch *msg,
                     struct leased_epoch_reply *reply)
{
    (void)self, (void)msg;
    reply->epoch = ax_lease_epoch(ctx);
}

static void begin(struct ax_ctx *ctx, struct leased *self)
{
    uint64_t timer;
    (void)self;
    AX_CHECK(ctx, leased_note_every(ctx, PERIOD, &timer) == 0);
}

AX_ACTOR(leased, .on_start = begin);
AX_PLUGIN("leased", &leased_actor);
