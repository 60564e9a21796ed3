/* SPDX-License-Identifier: MIT */
#include "tests/plugins/rolling/book.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void book_add(struct ax_ctx *ctx, const char *name, const char *format, ...)
{
    char path[512], line[160];
    const char *folder = getenv("ROLLING");
    va_list list;
    AX_CHECK(ctx, folder != NULL);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    va_start(list, format);
    int len = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    AX_CHECK(ctx, fd >= 0 && write(fd, line, (size_t)len) == len);
    close(fd);
}
