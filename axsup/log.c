/* SPDX-License-Identifier: MIT */
/* log.c - one line at a time, in the shape of a worker's: time, level, who, text. Texts may come
 * from a plugin, so what is not printable is not printed. */
#include "axsup/sup.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void to_standard_error(enum ax_level level, const char *text)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    char line[1200];
    struct timespec now;
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    int n = snprintf(line, sizeof line, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ %s axsup: %s\n",
                     utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                     utc.tm_sec, now.tv_nsec / 1000, levels[level], text);
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* nobody reads it */
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
