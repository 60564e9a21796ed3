/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor starts a daemon, in a session of its own, and a child. */
#include <ax/reflect.h>
#include <unistd.h>

static _Noreturn void wait_for_ever(void)
{
    for (;;)
        pause();
}

__attribute__((constructor)) static void start(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        wait_for_ever();
    }
    if (fork() == 0)
        wait_for_ever();
}

extern const struct ax_plugin ax_plugin;
const struct ax_plugin ax_plugin = {
    .magic = AX_PLUGIN_MAGIC, .abi = AX_PLUGIN_ABI, .name = "load_fork"};
