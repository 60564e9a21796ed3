/* SPDX-License-Identifier: MIT */
/* trouble.c - dies by signals, exits, hangs, and writes over shared memory that it may write. */
#define AX_IMPLEMENT
#include "trouble.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

AX_STATE(trouble, (i64, n));

void trouble_on_add(struct ax_ctx *ctx, struct trouble *self, const struct trouble_add *msg)
{
    (void)ctx;
    self->n += msg->by;
}

void trouble_on_die(struct ax_ctx *ctx, struct trouble *self, const struct trouble_die *msg)
{
    (void)ctx, (void)self;
    raise(msg->signal);
}

void trouble_on_leave(struct ax_ctx *ctx, struct trouble *self, const struct trouble_leave *msg)
{
    (void)ctx, (void)self;
    _exit(msg->code);
}

void trouble_on_hang(struct ax_ctx *ctx, struct trouble *self, const struct trouble_hang *msg)
{
    (void)ctx, (void)self, (void)msg;
    for (;;)
        pause();
}

/* From now on the process takes SIGTERM without ending. */
void trouble_on_deaf(struct ax_ctx *ctx, struct trouble *self, const struct trouble_deaf *msg)
{
    (void)ctx, (void)self, (void)msg;
    signal(SIGTERM, SIG_IGN);
}

/* Overwrites the first writable mapping whose line in /proc/self/maps holds the text, and goes on.
 */
void trouble_on_scribble(struct ax_ctx *ctx, struct trouble *self,
                         const struct trouble_scribble *msg)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");

    (void)self;
    AX_CHECK(ctx, maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char access[5];

        if (sscanf(line, "%lx-%lx %4s", &from, &to, access) != 3 || access[1] != 'w' ||
            strstr(line, msg->memory) == NULL)
            continue;
        memset((char *)from, 0xa5, to - from); // NOLINT(performance-no-int-to-ptr)
        break;
    }
    fclose(maps);
}

void trouble_on_get(struct ax_ctx *ctx, struct trouble *self, const struct trouble_get *msg,
                    struct trouble_get_reply *reply)
{
    (void)ctx, (void)msg;
    reply->value = self->n;
}

AX_ACTOR(trouble);
AX_PLUGIN("trouble", &trouble_actor);
