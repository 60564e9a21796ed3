/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor never returns. */
#include <unistd.h>

__attribute__((constructor)) static void start(void)
{
    for (;;)
        pause();
}
