/* SPDX-License-Identifier: MIT */
/* trouble.c - dies by signals, exits, hangs, and writes over shared memory that it may write. */
#define AX_IMPLEMENT
#include "trouble.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
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

static void *wait_for_ever(void *unused)
{
    for (;;)
        pause();
    return unused;
}

/* From now on the process has a thread that does nothing. */
void trouble_on_thread(struct ax_ctx *ctx, struct trouble *self, const struct trouble_thread *msg)
{
    pthread_t thread;

    (void)self, (void)msg;
    AX_CHECK(ctx, pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
}

/* The worker's own thread ends, and no other. */
void trouble_on_part(struct ax_ctx *ctx, struct trouble *self, const struct trouble_part *msg)
{
    (void)ctx, (void)self;
    syscall(SYS_exit, msg->code);
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

/* The first writable mapping whose line in /proc/self/maps holds the text. */
static uint8_t *find(const char *text, size_t *size)
{
    char line[512], access[5];
    unsigned long from = 0, to = 0;
    FILE *maps = fopen("/proc/self/maps", "r");

    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx %4s", &from, &to, access) == 3 && access[1] == 'w' &&
            strstr(line, text) != NULL)
            break;
        else
            from = to = 0;
    if (maps != NULL)
        fclose(maps);
    *size = to - from;
    return (uint8_t *)from; // NOLINT(performance-no-int-to-ptr)
}

/* Overwrites it, and goes on. */
void trouble_on_scribble(struct ax_ctx *ctx, struct trouble *self,
                         const struct trouble_scribble *msg)
{
    size_t size;
    uint8_t *memory = find(msg->memory, &size);

    (void)self;
    AX_CHECK(ctx, memory != NULL);
    memset(memory, 0xa5, size);
}

/* Says that a lane has one more message, which is none: the end of its data is the first word in
 * one of the first 32 lines. */
void trouble_on_forge(struct ax_ctx *ctx, struct trouble *self, const struct trouble_forge *msg)
{
    size_t size;
    uint8_t *memory = find(msg->memory, &size);

    (void)self;
    AX_CHECK(ctx, memory != NULL);
    memset(memory + 4096, 0xa5, size - 4096);
    for (size_t line = 0; line < 32; line++) {
        uint64_t end;
        memcpy(&end, memory + line * 64, sizeof end);
        end += 64;
        memcpy(memory + line * 64, &end, sizeof end);
    }
}

void trouble_on_get(struct ax_ctx *ctx, struct trouble *self, const struct trouble_get *msg,
                    struct trouble_get_reply *reply)
{
    (void)ctx, (void)msg;
    reply->value = self->n;
}

/* Logs it, and fails with it. */
void trouble_on_say(struct ax_ctx *ctx, struct trouble *self, const struct trouble_say *msg)
{
    (void)self;
    ax_log(ctx, AX_INFO, "%s", ax_str(&msg->text));
    ax_fail(ctx, ax_str(&msg->text));
}

/* What an ask of another actor, which may never answer, comes to. */
void trouble_on_ask_of(struct ax_ctx *ctx, struct trouble *self, const struct trouble_ask_of *msg,
                       struct trouble_ask_of_reply *reply)
{
    struct trouble_get_reply value;
    trouble_ref who;

    (void)self;
    AX_CHECK(ctx, trouble_find(ctx, msg->name, &who) == 0);
    reply->error = trouble_get(ctx, who, &value, AX_FOREVER);
}

AX_ACTOR(trouble);
AX_PLUGIN("trouble", &trouble_actor);
