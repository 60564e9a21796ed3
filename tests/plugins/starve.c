/* SPDX-License-Identifier: MIT */
/* starve.so - to be preloaded, no plugin: the AX_STARVE-th allocation of each process that runs
 * axsup for its command line (not as a template) fails. At the end of the process the file
 * AX_STARVE_LOG is made if there were so many. */
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
static pid_t owner;

__attribute__((constructor)) static void start(void)
{
    const char *which = getenv("AX_STARVE");

    left = which != NULL ? strtol(which, NULL, 10) : 0;
    owner = getpid();
    unsetenv("AX_STARVE");
}

static bool fails(void)
{
    const char *log;

    if (left == 0 || --left > 0 || getpid() != owner)
        return false;
    log = getenv("AX_STARVE_LOG");
    if (log != NULL)
        close(open(log, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
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
