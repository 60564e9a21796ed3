/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor dies. */
#include <signal.h>

__attribute__((constructor)) static void start(void)
{
    (void)raise(SIGSEGV);
}
