/* SPDX-License-Identifier: MIT */
#include "libax/event.h"

#include "shm/names.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static uint64_t wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The record that comes next in a ring of `size`, its count logged; the oldest one goes. */
static void begin(struct worker *w, struct shm_event *event, uint64_t *count, uint32_t size)
{
    event->at = wall_clock();
    event->lap = shm_event_lap(*count, size);
    shm_set(&w->port, count, *count + 1);
}

struct shm_event *event_next(struct worker *w, uint8_t what, uint32_t index)
{
    uint64_t *count = &w->port.priv->events;
    struct shm_event *event = &w->port.events[*count % w->port.geo.events];
    memset(event, 0, sizeof *event);
    begin(w, event, count, w->port.geo.events);
    event->what = what;
    event->actor = actor_ref(w, index);
    event->incarnation = actor_at(w, index)->incarnation + w->boot->incarnation;
    return event;
}

struct shm_letter *letter_next(struct worker *w, int error)
{
    uint64_t *count = &w->port.priv->letters;
    struct shm_letter *letter = &w->port.letters[*count % w->port.geo.letters];
    memset(letter, 0, sizeof *letter);
    begin(w, &letter->event, count, w->port.geo.letters);
    letter->event.what = SHM_DEADLETTER;
    letter->event.error = (int16_t)error;
    return letter;
}

static void write_letter(struct worker *w, const struct shm_frame *frame, uint16_t method,
                         int error)
{
    uint32_t target = actor_local(w, frame->to);
    struct shm_event *letter = &letter_next(w, error)->event;
    letter->actor = frame->to;
    letter->other = frame->from;
    letter->method = method;
    letter->kind = frame->kind;
    if (target != 0) /* soon the ref will not tell */
        letter->contract = w->contracts[actor_at(w, target)->type].hash;
}

void dead_letter(struct worker *w, const struct shm_frame *frame, int error)
{
    if (frame->kind == SHM_TELL || frame->kind == SHM_ASK)
        write_letter(w, frame, frame->method, error);
}

void dead_signal(struct worker *w, const struct shm_frame *frame, int error)
{
    write_letter(w, frame, UINT16_MAX, error);
}

void actor_name(struct worker *w, uint32_t index, char *text)
{
    uint32_t name = w->port.cold[index].name;
    if (name != 0)
        shm_name_text(&w->port, name - 1, text);
    else
        ax_ref_format((struct ax_ref){.addr = actor_ref(w, index)}, text);
}

static const char *level_name(enum ax_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    return (unsigned)level < sizeof names / sizeof *names ? names[level] : "?";
}

/* Whoever reads the log goes by its lines, and a terminal does what it is told: a text makes no
 * line of its own, and gives no orders. */
static void escape(char *to, size_t room, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    for (; *text != '\0' && n + 5 <= room; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != 0x7f) {
            to[n++] = *text;
            continue;
        }
        to[n++] = '\\';
        to[n++] = c == '\n' ? 'n' : c == '\t' ? 't' : 'x';
        if (c != '\n' && c != '\t') {
            to[n++] = hex[c >> 4];
            to[n++] = hex[c & 15];
        }
    }
    to[n] = '\0';
}

/* ---- a line ----
 *
 * A worker that waited for whoever reads its lines would serve nobody. So a line that standard
 * error does not take at once is dropped and counted, and the next that is taken says how many are
 * missing. Whoever shares standard error may count on it to block, and another descriptor would be
 * one more that the worker holds: so it is asked for each line. Where the kernel cannot be asked to
 * write without waiting, another writer may be faster between the look and the write. */

static uint64_t lines_dropped; /* since the last that was taken */
static bool line_torn;         /* half of it was taken */

static ssize_t write_now(const char *text, size_t size)
{
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    const struct iovec all = {.iov_base = (void *)(uintptr_t)text, .iov_len = size};
    struct stat st;
    if (fstat(STDERR_FILENO, &st) != 0)
        return -1;
    if (S_ISSOCK(st.st_mode))
        return send(STDERR_FILENO, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (S_ISFIFO(st.st_mode)) {
        ssize_t n = pwritev2(STDERR_FILENO, &all, 1, -1, RWF_NOWAIT);
        if (n >= 0 || errno != EOPNOTSUPP)
            return n;
    }
    return poll(&room, 1, 0) == 1 ? write(STDERR_FILENO, text, size) : -1;
}

static bool put_line(struct worker *w, enum ax_level level, const char *who, const char *text)
{
    char line[1024];
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    int len = snprintf(line, sizeof line, "%s%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ %s %s %s: %s\n",
                       line_torn ? "\n" : "", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000, level_name(level),
                       w->boot->name, who, text);
    if (len >= (int)sizeof line) {
        len = sizeof line;
        line[len - 1] = '\n';
    }
    ssize_t n = write_now(line, (size_t)len);
    if (n >= 0)
        line_torn = n < len;
    return n == len;
}

static bool say_dropped(struct worker *w)
{
    char text[96];
    snprintf(text, sizeof text, "%llu lines are missing here: standard error did not take them",
             (unsigned long long)lines_dropped);
    return put_line(w, AX_WARN, "ax", text);
}

void worker_log(struct worker *w, enum ax_level level, const char *who, const char *text)
{
    char shown[800];
    escape(shown, sizeof shown, text);
    if (lines_dropped > 0 && say_dropped(w))
        lines_dropped = 0;
    if (lines_dropped > 0 || !put_line(w, level, who, shown))
        lines_dropped++;
}

void ax_log(struct ax_ctx *ctx, enum ax_level level, const char *format, ...)
{
    char text[768], who[SHM_NAME_MAX + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    actor_name(ctx->worker, ctx->actor, who);
    worker_log(ctx->worker, level, who, text);
}
