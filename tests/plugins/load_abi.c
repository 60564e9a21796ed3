/* SPDX-License-Identifier: MIT */
/* A plugin that was built for another ABI. */
#include <ax/reflect.h>

extern const struct ax_plugin ax_plugin;
const struct ax_plugin ax_plugin = {
    .magic = AX_PLUGIN_MAGIC, .abi = AX_PLUGIN_ABI + 1, .name = "load_abi"};
