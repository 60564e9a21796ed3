/* SPDX-License-Identifier: MIT */
#include "overlay/core/handshake.h"

#include "overlay/core/handshake_step.h"
#include "overlay/core/preamble.h"

#include <sodium.h>
#include <string.h>

/* ---- ends ---- */

const struct ov_peer *ov_handshake_peer(const struct ov_handshake *hs)
{
    return hs->state == OV_CONFIRMED ? &hs->claim : NULL;
}

const char *ov_handshake_claim(const struct ov_handshake *hs)
{
    return hs->claim.ident.node[0] != 0 ? hs->claim.ident.node : NULL;
}

void ov_handshake_wipe(struct ov_handshake *hs)
{
    sodium_memzero(hs, sizeof *hs);
    hs->state = OV_REFUSED;
}

/* Only what is to be sent, and why, is left. */
static void refuse(struct ov_handshake *hs, enum ov_refusal refusal)
{
    sodium_memzero(&hs->noise, sizeof hs->noise);
    ov_cipher_wipe(&hs->send);
    ov_cipher_wipe(&hs->receive);
    sodium_memzero(hs->ephemeral, sizeof hs->ephemeral);
    sodium_memzero(hs->in, sizeof hs->in);
    hs->claim = (struct ov_peer){0};
    hs->in_len = 0;
    hs->state = OV_REFUSED;
    hs->refusal = refusal;
}

void ov_handshake_finish(struct ov_handshake *hs, struct ov_cipher *send, struct ov_cipher *receive)
{
    *send = hs->send;
    *receive = hs->receive;
    ov_handshake_wipe(hs);
}

/* ---- begin ---- */

bool ov_self_valid(const struct ov_self *self)
{
    const struct ov_ident *id = &self->ident;
    return ov_node_valid((struct ax_span){id->node, (uint32_t)strlen(id->node)}) && id->boot != 0 &&
           id->session != 0 && self->version_min != 0 && self->version_min <= self->version_max &&
           self->max_frame >= OV_FRAME_MIN_MAX && self->max_frame <= OV_FRAME_MAX &&
           self->ntokens <= OV_TOKENS_MAX &&
           (self->pattern == OV_PATTERN_NONE || self->ntokens > 0);
}

int ov_handshake_dial(struct ov_handshake *hs, const struct ov_self *self,
                      const struct ov_dial *dial, const uint8_t ephemeral[OV_KEY])
{
    struct ax_span to = {dial->to, (uint32_t)strlen(dial->to)};
    *hs = (struct ov_handshake){.state = OV_WAIT_MESSAGE_2, .self = self};
    hs->session = dial->session != 0 ? dial->session : self->ident.session;
    hs->claim = (struct ov_peer){.plane = dial->plane, .role = OV_INITIATOR, .dial = dial->number};
    if (!ov_self_valid(self) || !ov_node_valid(to) || strcmp(dial->to, self->ident.node) == 0)
        return AX_E_INVALID;
    struct ov_preamble preamble = {.pattern = (uint8_t)self->pattern,
                                   .plane = (uint8_t)dial->plane,
                                   .version_min = self->version_min,
                                   .version_max = self->version_max,
                                   .dial = dial->number,
                                   .from = self->ident};
    preamble.from.session = hs->session;
    memcpy(hs->claim.ident.node, to.ptr, to.len);
    memcpy(preamble.to, to.ptr, to.len);
    memcpy(hs->ephemeral, ephemeral, OV_KEY);
    hs->out_len = ov_preamble_write(&preamble, hs->out);
    int r = ov_handshake_noise(hs, OV_INITIATOR, hs->out, hs->out_len);
    return r != 0 ? r : ov_handshake_say(hs, NULL, 0);
}

void ov_handshake_accept(struct ov_handshake *hs, const struct ov_self *self,
                         const uint8_t ephemeral[OV_KEY])
{
    *hs = (struct ov_handshake){
        .state = OV_WAIT_PREAMBLE, .self = self, .session = self->ident.session};
    hs->claim.role = OV_RESPONDER;
    memcpy(hs->ephemeral, ephemeral, OV_KEY);
}

/* ---- in ---- */

/* How long the message is that begins in `in`; 0: not known yet; UINT32_MAX: it can be none. */
static uint32_t message_size(const struct ov_handshake *hs)
{
    if (hs->state == OV_WAIT_PREAMBLE)
        return ov_preamble_size(hs->in, hs->in_len);
    return hs->in_len < 2 ? 0 : 2u + (hs->in[0] | (uint32_t)hs->in[1] << 8);
}

/* Takes byte by byte what is needed to know a size, and then the rest of it. */
static enum ov_refusal gather(struct ov_handshake *hs, const uint8_t *bytes, size_t len,
                              size_t *used)
{
    uint32_t size = message_size(hs);
    uint32_t want = size == 0 ? 1 : size - hs->in_len;
    if (size == UINT32_MAX)
        return OV_REFUSED_PREAMBLE;
    if (size > hs->in_len + (OV_HANDSHAKE_MAX - hs->taken) || hs->taken == OV_HANDSHAKE_MAX)
        return OV_REFUSED_TOO_LONG;
    if (want > len - *used)
        want = (uint32_t)(len - *used);
    memcpy(hs->in + hs->in_len, bytes + *used, want);
    *used += want;
    hs->taken += want;
    hs->in_len += want;
    if (hs->in_len != message_size(hs))
        return message_size(hs) == UINT32_MAX ? OV_REFUSED_PREAMBLE : OV_REFUSED_NONE;
    size = hs->in_len;
    hs->in_len = 0;
    return ov_handshake_step(hs, hs->in, size);
}

int ov_handshake_take(struct ov_handshake *hs, const void *bytes, size_t len, size_t *used)
{
    enum ov_refusal refusal = hs->refusal;
    *used = 0;
    if (hs->state == OV_REFUSED)
        return refusal != OV_REFUSED_NONE ? ov_refusal_result(refusal) : AX_E_NOT_ALLOWED;
    while (*used < len && hs->state != OV_CONFIRMED && refusal == OV_REFUSED_NONE)
        refusal = gather(hs, bytes, len, used);
    if (refusal != OV_REFUSED_NONE)
        refuse(hs, refusal);
    return ov_refusal_result(refusal);
}

static const struct {
    int result;
    const char *text;
} refusals[] = {
#define ROW(symbol, result, text) {result, text},
    OV_REFUSALS(ROW)
#undef ROW
};

const char *ov_refusal_text(enum ov_refusal refusal)
{
    return (unsigned)refusal < OV_REFUSAL_COUNT ? refusals[refusal].text : "?";
}

int ov_refusal_result(enum ov_refusal refusal)
{
    return (unsigned)refusal < OV_REFUSAL_COUNT ? refusals[refusal].result : AX_E_PROTOCOL;
}
