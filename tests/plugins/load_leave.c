/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor starts a process, and ends its own. */
#include <unistd.h>

__attribute__((constructor)) static void start(void)
{
    if (fork() != 0)
        _exit(8);
    for (;;)
        pause();
}
