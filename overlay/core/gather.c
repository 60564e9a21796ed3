/* SPDX-License-Identifier: MIT */
/* gather.c - frames that leave in one record. To seal costs as much for a few bytes as for a few
 * hundred, so where the config says so, frames are put one behind another until somebody has time
 * to send them: the next event that is no OV_ON_SEND, and OV_ON_TIMER is due at once.
 *
 * There are places for as many connections as a step has room to send to, and all of them together
 * have no more bytes than it has room for. */
#include "overlay/core/core_parts.h"

#include <string.h>

static struct ov_gathered *place_of(struct ov_core *core, const struct ov_conn *conn)
{
    for (unsigned i = 0; i < core->ngathered; i++)
        if (core->gathered[i].conn == conn)
            return &core->gathered[i];
    return NULL;
}

static size_t sealed_size(const struct ov_core *core)
{
    return core->gathered_bytes + (size_t)core->ngathered * (OV_SEALED_ROOM(0u));
}

static struct ov_gathered *take_place(struct ov_core *core, struct ov_conn *conn, uint32_t size)
{
    struct ov_gathered *place = place_of(core, conn);
    if (core->gathered_bytes + size > OV_GATHERED_BYTES ||
        (place == NULL && core->ngathered == OV_GATHERED_CONNS)) {
        ov_gather_send(core);
        place = NULL;
    }
    if (place == NULL) {
        place = &core->gathered[core->ngathered++];
        place->conn = conn;
        place->len = 0;
    }
    return place;
}

int ov_gather(struct ov_core *core, struct ov_conn *conn, const struct ov_frame *frame)
{
    const struct ov_effects *out = core->out;
    uint32_t size = 0;
    int r = ov_frame_encode(frame, core->frame, sizeof core->frame, &size);

    if (r != 0 && r != AX_E_TOO_BIG)
        return r;
    if (size > conn->stream.peer_frame)
        return AX_E_TOO_BIG;
    if (r != 0) { /* it goes alone, behind what is there */
        if (out->bytes_room < sealed_size(core) + OV_SEALED_ROOM((size_t)size))
            return AX_E_LIMIT;
        ov_gather_send(core);
        return AX_E_BUSY;
    }
    struct ov_gathered *place = take_place(core, conn, size);
    memcpy(place->bytes + place->len, core->frame, size);
    place->len += size;
    core->gathered_bytes += size;
    return 0;
}

/* Sealing fails only where a connection has used up its keys, which would take ages. */
void ov_gather_send(struct ov_core *core)
{
    struct ov_effects *out = core->out;
    for (unsigned i = 0; i < core->ngathered; i++) {
        const struct ov_gathered *place = &core->gathered[i];
        size_t len;
        if (place->conn != NULL && ov_stream_seal_plain(&place->conn->stream, place->bytes,
                                                        place->len, out->bytes + out->bytes_n,
                                                        out->bytes_room - out->bytes_n, &len) == 0)
            ov_conn_send(core, place->conn, len);
    }
    core->ngathered = core->gathered_bytes = 0;
}

void ov_gather_forget(struct ov_core *core, uint64_t conn)
{
    for (unsigned i = 0; i < core->ngathered; i++)
        if (core->gathered[i].conn->id == conn)
            core->gathered[i].conn = NULL;
}
