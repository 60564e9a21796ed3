/* SPDX-License-Identifier: MIT */
/* log.c - one line at a time, in the shape of a worker's: time, level, who, text. Texts may come
 * from a plugin, so what is not printable is not printed.
 *
 * A supervisor that waits for whoever reads its lines watches over nobody. So nothing here waits: a
 * line that standard error does not take at once is dropped and counted, and the next one that is
 * taken says how many are missing. Standard error is shared with the workers and with whoever
 * started us, who may count on it to block; what must not is a description of our own. */
#include "axsup/sup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
    int fd;           /* -1: not opened yet */
    bool is_socket;   /* it cannot be opened a second time, but be told not to wait */
    bool torn;        /* half of a line was taken */
    uint64_t dropped; /* lines since the last that was taken */
} to = {.fd = -1};

static void open_own(void)
{
    struct stat st;

    to.is_socket = fstat(STDERR_FILENO, &st) == 0 && S_ISSOCK(st.st_mode);
    if (!to.is_socket && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
        to.fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (to.fd < 0) /* a file, or what is another user's */
        to.fd = STDERR_FILENO;
}

static bool put(const char *text, size_t size)
{
    struct pollfd room = {.fd = to.fd, .events = POLLOUT};
    ssize_t n = -1;

    if (to.is_socket)
        n = send(to.fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (to.fd != STDERR_FILENO || poll(&room, 1, 0) == 1)
        n = write(to.fd, text, size);
    to.torn = n >= 0 && (size_t)n < size;
    return n >= 0 && !to.torn;
}

static int head(char *line, size_t room, enum ax_level level)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    struct timespec now;
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    return snprintf(line, room,
                    "%s%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ %s axsup: ", to.torn ? "\n" : "",
                    utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                    utc.tm_sec, now.tv_nsec / 1000, levels[level]);
}

static bool put_line(enum ax_level level, const char *text)
{
    char line[1200];
    int n = head(line, sizeof line, level);

    n += snprintf(line + n, sizeof line - (size_t)n, "%s\n", text);
    return put(line, (size_t)n);
}

static bool say_dropped(void)
{
    char text[96];

    snprintf(text, sizeof text, "%llu lines are missing here: standard error did not take them",
             (unsigned long long)to.dropped);
    return put_line(AX_WARN, text);
}

static void to_standard_error(enum ax_level level, const char *text)
{
    if (to.fd < 0)
        open_own();
    if (to.dropped > 0 && say_dropped())
        to.dropped = 0;
    if (to.dropped > 0 || !put_line(level, text))
        to.dropped++;
}

static sup_log_fn *target = to_standard_error;

void sup_log_to(sup_log_fn *log)
{
    target = log != NULL ? log : to_standard_error;
}

void sup_log(enum ax_level level, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    target(level, text);
}
