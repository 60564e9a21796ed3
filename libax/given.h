/* SPDX-License-Identifier: MIT */
/* libax/given.h - what a send was given that waits for room. */
#ifndef LIBAX_GIVEN_H
#define LIBAX_GIVEN_H

#include "libax/worker.h"

#include <stdlib.h>

/* Copies the texts and bytes of what the current actor is about to wait with, and lets `out`, which
 * must stay where it is, refer to the copy. 0, AX_E_NO_MEMORY. */
int given_keep(struct ax_ctx *ctx, struct ax_outgoing *out);
/* It has been sent, or will not be. */
static inline void given_drop(struct ax_ctx *ctx)
{
    if (ctx->given.copy != NULL) {
        free(ctx->given.copy);
        ctx->given = (struct given){0};
    }
}
/* For a successor: ctx->given and what it refers to are as they were, but for the copy, which is
 * made of these bytes. False: they cannot be it, or there is no memory. */
bool given_restore(struct ax_ctx *ctx, const void *bytes, uint32_t size);

#endif
