/* SPDX-License-Identifier: MIT */
/* A plugin whose constructor takes address space, of which a worker then has less. */
#include <ax/reflect.h>
#include <sys/mman.h>

#define GREED (16u << 20)

__attribute__((constructor)) static void start(void)
{
    (void)mmap(NULL, GREED, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

extern const struct ax_plugin ax_plugin;
const struct ax_plugin ax_plugin = {
    .magic = AX_PLUGIN_MAGIC, .abi = AX_PLUGIN_ABI, .name = "load_greedy"};
