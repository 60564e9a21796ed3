/* SPDX-License-Identifier: MIT */
#include "libax/event.h"

#include "shm/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The slot of a ring that comes next, its count logged; the oldest record goes. */
static struct shm_event *next(struct worker *w, uint64_t *count, struct shm_event *ring,
                              uint32_t size)
{
    struct shm_event *event = &ring[*count % size];
    memset(event, 0, sizeof *event);
    event->at = wall_clock();
    shm_set(&w->port, count, *count + 1);
    return event;
}

struct shm_event *event_next(struct worker *w, uint8_t what, uint32_t index)
{
    struct shm_event *event = next(w, &w->port.priv->events, w->port.events, w->port.geo.events);
    event->what = what;
    event->actor = actor_ref(w, index);
    event->incarnation = actor_at(w, index)->incarnation + w->boot->incarnation;
    return event;
}

void dead_letter(struct worker *w, const struct shm_frame *frame, int error)
{
    if (frame->kind != SHM_TELL && frame->kind != SHM_ASK)
        return;
    uint32_t target = actor_local(w, frame->to);
    struct shm_event *letter =
        next(w, &w->port.priv->letters, w->port.letters, w->port.geo.letters);
    letter->what = SHM_DEADLETTER;
    letter->actor = frame->to;
    letter->other = frame->from;
    letter->method = frame->method;
    letter->kind = frame->kind;
    letter->error = (uint32_t)error;
    if (target != 0) /* soon the ref will not tell */
        letter->contract = w->contracts[actor_at(w, target)->type].hash;
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

void worker_log(struct worker *w, enum ax_level level, const char *who, const char *text)
{
    char line[1024], shown[800];
    struct timespec now;
    struct tm utc;
    escape(shown, sizeof shown, text);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    int len =
        snprintf(line, sizeof line, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ %s %s %s: %s\n",
                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                 utc.tm_sec, now.tv_nsec / 1000, level_name(level), w->boot->name, who, shown);
    if (len >= (int)sizeof line) {
        len = sizeof line;
        line[len - 1] = '\n';
    }
    if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
        return; /* nobody reads our log: nothing to be done about it */
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
