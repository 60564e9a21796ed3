/* SPDX-License-Identifier: MIT */
/* libax/given.c - while a send waits for room others run, and may write to what its texts and bytes
 * lie in. So they are copied before it waits: the parts of the message, and behind them what each
 * of them refers to. Whoever finds room at once sends from where they are.
 *
 * That of a durable actor is saved with its stack and laid out again for the next process, where it
 * has another address; the lengths are in it, and a dying process may have written to them. */
#include "libax/given.h"

#include <string.h>

static uint64_t bytes_of(const struct ax_outgoing *out)
{
    uint64_t bytes = (uint64_t)out->nparts * sizeof *out->parts;
    for (uint32_t i = 0; i < out->nparts; i++)
        bytes += out->parts[i].len;
    return bytes;
}

int given_keep(struct ax_ctx *ctx, struct ax_outgoing *out)
{
    if (out->nparts == 0)
        return 0;
    uint64_t size = bytes_of(out); /* it was admitted, so it is no larger than a message */
    struct ax_part *parts = malloc(size);
    if (parts == NULL)
        return AX_E_NO_MEMORY;
    uint8_t *at = (uint8_t *)(parts + out->nparts);
    for (uint32_t i = 0; i < out->nparts; i++) {
        parts[i] = out->parts[i];
        parts[i].ptr = at;
        if (parts[i].len != 0)
            memcpy(at, out->parts[i].ptr, parts[i].len);
        at += parts[i].len;
    }
    out->parts = parts;
    ctx->given = (struct given){.copy = parts, .out = out, .size = (uint32_t)size};
    return 0;
}

bool given_restore(struct ax_ctx *ctx, const void *bytes, uint32_t size)
{
    struct ax_outgoing *out = ctx->given.out;
    struct ax_part *parts = ctx->given.copy = malloc(size);
    if (parts == NULL || (uint64_t)out->nparts * sizeof *parts > size)
        return false;
    memcpy(parts, bytes, size);
    out->parts = parts;
    if (bytes_of(out) != size)
        return false;
    uint8_t *at = (uint8_t *)(parts + out->nparts);
    for (uint32_t i = 0; i < out->nparts; i++) {
        parts[i].ptr = at;
        at += parts[i].len;
    }
    return true;
}
