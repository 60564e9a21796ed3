/* SPDX-License-Identifier: MIT */
/* starve.so - to be preloaded, no plugin: the AX_STARVE-th allocation of a process fails, and then
 * the file AX_STARVE_LOG is made. AX_STARVE_OF says of which: "axsup", which is run for its command
 * line; "template"; or "worker", what a template has forked. Where the file is there already, none
 * fails: only the first of several. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static long left;
static bool forked; /* those count that are not the process which was executed */
static pid_t owner;

__attribute__((constructor)) static void start(int argc, char **argv)
{
    const char *which = getenv("AX_STARVE"), *of = getenv("AX_STARVE_OF");
    bool template = argc > 1 && strcmp(argv[1], "--template") == 0;

    if (which == NULL || of == NULL || template == (strcmp(of, "axsup") == 0))
        return;
    left = strtol(which, NULL, 10);
    forked = strcmp(of, "worker") == 0;
    owner = getpid();
}

static bool fails(void)
{
    if (left == 0 || (getpid() != owner) != forked || --left > 0)
        return false;
    const char *log = getenv("AX_STARVE_LOG");
    int fd = log == NULL ? -1 : open(log, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    close(fd);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}
