/* SPDX-License-Identifier: MIT */
#include "door.h"

#define AX_IMPLEMENT
#include "line.h"

#include <ax/io.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS 16

struct line {
    uint64_t io, other; /* its peer; what it was told to connect to or to run */
    size_t have;
    uint32_t filled;
    char text[256];
};

void line_on_serve(struct ax_ctx *ctx, struct line *self, const struct line_serve *msg)
{
    (void)ctx;
    self->io = msg->io;
}

__attribute__((format(printf, 3, 4))) static void say(struct ax_ctx *ctx, const struct line *self,
                                                      const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    AX_CHECK(ctx, size >= 0 && (size_t)size < sizeof text);
    text[size] = '\n';
    AX_CHECK(ctx, ax_io_write(ctx, self->io, text, (uint32_t)size + 1) == 0);
}

void line_on_resume(struct ax_ctx *ctx, struct line *self, const struct line_resume *msg)
{
    (void)msg;
    say(ctx, self, "resumed");
    AX_CHECK(ctx, ax_io_read(ctx, self->io, true) == 0);
}

/* ---- what it is told ---- */

static void echo(struct ax_ctx *ctx, struct line *self, const char *text)
{
    say(ctx, self, "%s", text);
}

static void ask(struct ax_ctx *ctx, struct line *self, const char *text)
{
    struct door_echo_reply reply;
    door_ref far;
    AX_CHECK(ctx, door_find(ctx, "far", &far) == 0);
    AX_CHECK(ctx, door_echo(ctx, far, text, &reply, AX_SECONDS(10)) == 0);
    say(ctx, self, "%s", ax_str(&reply.text));
}

static void fail(struct ax_ctx *ctx, struct line *self, const char *text)
{
    (void)text;
    say(ctx, self, "never seen");
    ax_fail(ctx, "told to");
}

static void crash(struct ax_ctx *ctx, struct line *self, const char *text)
{
    (void)text;
    say(ctx, self, "never seen");
    abort();
}

static void quit(struct ax_ctx *ctx, struct line *self, const char *text)
{
    (void)text;
    say(ctx, self, "bye");
    AX_CHECK(ctx, ax_io_close(ctx, self->io) == 0);
    AX_CHECK(ctx, ax_io_write(ctx, self->io, "", 0) == AX_E_CLOSED);
    ax_stop(ctx);
}

/* Writes until it is told that it is enough; says how much that was when it has left. */
static void fill(struct ax_ctx *ctx, struct line *self, const char *text)
{
    char block[1000];
    int error;
    (void)text;
    memset(block, '.', sizeof block);
    while ((error = ax_io_write(ctx, self->io, block, sizeof block)) == 0)
        self->filled += (uint32_t)sizeof block;
    AX_CHECK(ctx, error == AX_E_FULL);
}

static void off(struct ax_ctx *ctx, struct line *self, const char *text)
{
    (void)text;
    say(ctx, self, "off");
    AX_CHECK(ctx, ax_io_read(ctx, self->io, false) == 0);
    AX_CHECK(ctx, line_resume_after(ctx, AX_MILLISECONDS(50), NULL) == 0);
}

static void dial(struct ax_ctx *ctx, struct line *self, const char *text)
{
    int error = ax_io_connect(ctx, text, &self->other);
    if (error != 0)
        say(ctx, self, "connect: %s", ax_error_name(error));
    else
        AX_CHECK(ctx, ax_io_write(ctx, self->other, "echo from far\n", 14) == 0);
}

/* Takes the next bytes by a call. */
static void call(struct ax_ctx *ctx, struct line *self, const char *text)
{
    uint32_t got;
    char bytes[64];
    int error = ax_io_recv(ctx, self->io, bytes, sizeof bytes - 1, AX_MILLISECONDS(1), &got);
    AX_CHECK(ctx, error == AX_E_TIMEOUT);
    AX_CHECK(ctx, ax_io_send(ctx, self->io, "go on\n", 6, AX_SECONDS(10)) == 0);
    error = ax_io_recv(ctx, self->io, bytes, sizeof bytes - 1, AX_SECONDS(10), &got);
    AX_CHECK(ctx, error == 0 && got > 0);
    bytes[got - 1] = '\0';
    say(ctx, self, "%s%s", text, bytes);
}

static void file(struct ax_ctx *ctx, struct line *self, const char *path)
{
    uint32_t done;
    uint64_t io;
    char bytes[8] = "";
    int error = ax_io_open(ctx, path, O_RDWR | O_CREAT | O_EXCL, 0600, &io);
    if (error != 0) {
        say(ctx, self, "open: %s", ax_error_name(error));
        return;
    }
    AX_CHECK(ctx, ax_io_pwrite(ctx, io, "abcdef", 6, 0, &done) == 0 && done == 6);
    AX_CHECK(ctx, ax_io_fsync(ctx, io) == 0);
    AX_CHECK(ctx, ax_io_pread(ctx, io, bytes, 4, 3, &done) == 0 && done == 3);
    AX_CHECK(ctx, ax_io_write(ctx, io, "", 0) == AX_E_NOT_ALLOWED);
    AX_CHECK(ctx, ax_io_pread(ctx, self->io, bytes, 4, 3, &done) == AX_E_NOT_ALLOWED);
    AX_CHECK(ctx, ax_io_close(ctx, io) == 0);
    say(ctx, self, "%s", bytes);
}

static void run(struct ax_ctx *ctx, struct line *self, const char *text)
{
    const char *argv[WORDS + 1] = {NULL};
    char copy[256];
    unsigned n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, " "); word != NULL && n < WORDS; word = strtok(NULL, " "))
        argv[n++] = word;
    AX_CHECK(ctx, ax_io_spawn(ctx, argv, &self->other) == 0);
    AX_CHECK(ctx, ax_io_write(ctx, self->other, "to the child\n", 13) == 0);
    AX_CHECK(ctx, ax_io_finish(ctx, self->other) == 0);
}

static void drop(struct ax_ctx *ctx, struct line *self, const char *text)
{
    (void)text;
    AX_CHECK(ctx, ax_io_close(ctx, self->other) == 0);
    say(ctx, self, "dropped");
}

/* Says something, and something else when that has left. */
static void push(struct ax_ctx *ctx, struct line *self, const char *text)
{
    (void)text;
    AX_CHECK(ctx, ax_io_send(ctx, self->io, "pushed\n", 7, AX_SECONDS(10)) == 0);
    say(ctx, self, "it has left");
}

/* Ends the connection, and lives on. */
static void shut(struct ax_ctx *ctx, struct line *self, const char *text)
{
    (void)text;
    say(ctx, self, "bye");
    AX_CHECK(ctx, ax_io_close(ctx, self->io) == 0);
}

/* Says something and does not end before somebody has had the pipe open. */
static void nap(struct ax_ctx *ctx, struct line *self, const char *path)
{
    char c;
    int fd;
    say(ctx, self, "slept");
    AX_CHECK(ctx, (fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0);
    while (read(fd, &c, 1) > 0)
        continue;
    close(fd);
}

static void obey(struct ax_ctx *ctx, struct line *self, const char *line)
{
    static const struct {
        const char *word;
        void (*fn)(struct ax_ctx *ctx, struct line *self, const char *text);
    } all[] = {{"echo", echo}, {"ask", ask},   {"fail", fail}, {"crash", crash}, {"quit", quit},
               {"fill", fill}, {"off", off},   {"dial", dial}, {"call", call},   {"file", file},
               {"run", run},   {"drop", drop}, {"nap", nap},   {"push", push},   {"shut", shut}};
    size_t length = strcspn(line, " ");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strlen(all[i].word) == length && strncmp(line, all[i].word, length) == 0) {
            all[i].fn(ctx, self, line + length + (line[length] == ' '));
            return;
        }
    say(ctx, self, "what?");
}

/* ---- events ---- */

static void take(struct ax_ctx *ctx, struct line *self, char c)
{
    AX_CHECK(ctx, self->have < sizeof self->text - 1);
    self->text[self->have++] = c == '\n' ? '\0' : c;
    if (c != '\n')
        return;
    self->have = 0;
    obey(ctx, self, self->text);
}

static void take_all(struct ax_ctx *ctx, struct line *self, const struct ax_io_event *event)
{
    const char *data = event->data;
    if (event->io == self->other) {
        AX_CHECK(ctx, ax_io_write(ctx, self->io, data, event->size) == 0);
        return;
    }
    for (uint32_t i = 0; i < event->size; i++)
        take(ctx, self, data[i]);
}

static void on_io(struct ax_ctx *ctx, struct line *self, const struct ax_io_event *event)
{
    switch (event->what) {
    case AX_IO_DATA:
        take_all(ctx, self, event);
        break;
    case AX_IO_CONNECTED:
        say(ctx, self, "connected: %s", ax_error_name(event->error));
        break;
    case AX_IO_DRAINED:
        say(ctx, self, "drained %u", self->filled);
        self->filled = 0;
        break;
    case AX_IO_CLOSED:
        if (event->io == self->io)
            ax_stop(ctx);
        else
            say(ctx, self, "closed: %s", ax_error_name(event->error));
        break;
    case AX_IO_EXITED:
        say(ctx, self, "exited: %d", event->error);
        break;
    default:
        ax_fail(ctx, "an event that was not to come");
    }
}

static void leave(struct ax_ctx *ctx, struct line *self)
{
    (void)self;
    ax_stop(ctx);
}

AX_ACTOR(line, .on_restart = leave, .on_io = on_io);
