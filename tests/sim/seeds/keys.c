/* SPDX-License-Identifier: MIT */
/* The registries and their keys: the last four are of the one with a single shard. */
#include "tests/sim/seeds/world.h"

#include <stdio.h>

const struct ov_registry world_registries[REGISTRIES] = {{"users", 8}, {"solo", 1}};

unsigned key_registry(unsigned key)
{
    return key >= KEYS - 4;
}

struct ax_span key_name(unsigned key, char name[8])
{
    return (struct ax_span){name, (uint32_t)snprintf(name, 8, "k%u", key)};
}

unsigned key_number(struct ax_span name)
{
    unsigned key = 0;
    for (uint32_t i = 1; i < name.len; i++)
        key = 10 * key + (unsigned)(((const char *)name.ptr)[i] - '0');
    return key;
}
