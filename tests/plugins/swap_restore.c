/* SPDX-License-Identifier: MIT */
/* swap_restore.c - it begins from bytes that it is given. */
#define SWAP_VERSION 5
#define SWAP_HOOKS , .restore = restore
#include <stdint.h>

struct ax_ctx;
struct swap;

static void restore(struct ax_ctx *ctx, struct swap *self, const void *data, uint32_t size)
{
    (void)ctx, (void)self, (void)data, (void)size;
}

#include "tests/plugins/swap.h"
