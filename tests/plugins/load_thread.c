/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor starts a thread. */
#include <ax/reflect.h>
#include <pthread.h>
#include <unistd.h>

static void *sleeper(void *arg)
{
    for (;;)
        pause();
    return arg;
}

__attribute__((constructor)) static void start(void)
{
    pthread_t thread;

    (void)pthread_create(&thread, NULL, sleeper, NULL);
}

extern const struct ax_plugin ax_plugin;
const struct ax_plugin ax_plugin = {
    .magic = AX_PLUGIN_MAGIC, .abi = AX_PLUGIN_ABI, .name = "load_thread"};
