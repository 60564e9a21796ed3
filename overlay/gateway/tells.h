/* SPDX-License-Identifier: MIT */
#ifndef GW_TELLS_H
#define GW_TELLS_H

#include "overlay/gateway/gw.h"

/* To an actor or an endpoint. Where it cannot be sent it is a dead letter. */
void gw_tells_send(struct ax_ctx *ctx, const struct shm_tell_what *tell,
                   struct ov_request *request);
/* The core says of one that it is lost. */
void gw_tells_dead(struct ax_ctx *ctx, const struct ov_out *out);
/* All that the core had has been written. */
void gw_tells_written(struct ax_ctx *ctx);
/* What it had not sent is lost. */
void gw_tells_gone(struct ax_ctx *ctx, const struct gw_link *link);
/* Those that a process before this one had not sent are dead letters. */
void gw_tells_lose(struct ax_ctx *ctx);

#endif
