/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor ends the process. */
#include <stdlib.h>

__attribute__((constructor)) static void start(void)
{
    exit(7);
}
