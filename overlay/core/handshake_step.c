/* SPDX-License-Identifier: MIT */
#include "overlay/core/handshake_step.h"

#include "overlay/core/preamble.h"

#include <sodium.h>
#include <string.h>

/* ---- out ---- */

/* The struct has room for all that a handshake says at once. */
static uint8_t *begin_message(struct ov_handshake *hs)
{
    return hs->out + hs->out_len + 2;
}

static void end_message(struct ov_handshake *hs, size_t len)
{
    hs->out[hs->out_len] = (uint8_t)len;
    hs->out[hs->out_len + 1] = (uint8_t)(len >> 8);
    hs->out_len += 2 + (uint32_t)len;
}

int ov_handshake_say(struct ov_handshake *hs, const void *payload, size_t payload_len)
{
    size_t len;
    int r = ov_noise_write(&hs->noise, payload, payload_len, begin_message(hs), &len);
    if (r == 0)
        end_message(hs, len);
    return r;
}

/* The hello, or the answer to it, as record 0. */
static int say_hello(struct ov_handshake *hs, bool response)
{
    struct ov_frame frame = {.kind = OV_HELLO, .response = response};
    char text[OV_ID_TEXT];
    uint8_t plain[OV_HANDSHAKE_OUT / 2];
    uint32_t size;
    size_t len;
    struct ov_ident self = hs->self->ident;
    self.session = hs->session;
    struct ax_span id = {text, (uint32_t)ov_ident_format(&self, text)};
    OV_SET(&frame, version, hs->claim.version);
    OV_SET(&frame, session, id);
    OV_SET(&frame, max_frame, hs->self->max_frame);
    if (response)
        OV_SET(&frame, status, 0);
    int r = ov_frame_encode(&frame, plain, sizeof plain, &size);
    if (r == 0)
        r = ov_record_seal(&hs->send, plain, size, begin_message(hs), &len);
    if (r == 0)
        end_message(hs, len);
    return r;
}

int ov_handshake_noise(struct ov_handshake *hs, enum ov_role role, const uint8_t *prologue,
                       uint32_t len)
{
    const struct ov_self *self = hs->self;
    struct ov_noise_keys keys = {.psk = self->psks[0],
                                 .static_secret = self->static_secret,
                                 .ephemeral_secret = hs->ephemeral};
    int r = ov_noise_init(&hs->noise, self->pattern, role, &keys, prologue, len);
    sodium_memzero(hs->ephemeral, sizeof hs->ephemeral);
    return r;
}

/* ---- steps: each takes one whole message ---- */

static enum ov_refusal take_preamble(struct ov_handshake *hs, const uint8_t *bytes, uint32_t len)
{
    struct ov_preamble preamble;
    enum ov_refusal refusal = ov_preamble_read(bytes, len, &preamble);
    if (refusal != OV_REFUSED_NONE)
        return refusal;
    if (preamble.pattern != hs->self->pattern)
        return OV_REFUSED_PATTERN;
    if (strcmp(preamble.from.node, hs->self->ident.node) == 0)
        return OV_REFUSED_MYSELF;
    if (strcmp(preamble.to, hs->self->ident.node) != 0)
        return OV_REFUSED_TARGET;
    hs->claim.ident = preamble.from;
    hs->claim.plane = preamble.plane;
    hs->claim.dial = preamble.dial;
    hs->version_min = preamble.version_min;
    hs->version_max = preamble.version_max;
    hs->state = OV_WAIT_MESSAGE_1;
    return ov_handshake_noise(hs, OV_RESPONDER, bytes, len) == 0 ? OV_REFUSED_NONE
                                                                 : OV_REFUSED_TOKEN;
}

/* Reads a message with whichever token it was made with. */
static enum ov_refusal hear(struct ov_handshake *hs, const uint8_t *bytes, uint32_t len,
                            uint8_t *payload, size_t *payload_len)
{
    unsigned n = hs->claim.role == OV_RESPONDER && hs->self->ntokens > 0 ? hs->self->ntokens : 1;
    for (unsigned i = 0; i < n; i++) {
        if (hs->self->pattern != OV_PATTERN_NONE)
            ov_noise_set_psk(&hs->noise, hs->self->psks[hs->claim.token]);
        if (ov_noise_read(&hs->noise, bytes, len, payload, payload_len) == 0)
            return OV_REFUSED_NONE;
        hs->claim.token = i + 1 < n ? i + 1 : 0;
    }
    return OV_REFUSED_TOKEN;
}

static bool pin_holds(const struct ov_handshake *hs, const uint8_t key[OV_KEY])
{
    if (hs->self->pattern != OV_PATTERN_XXPSK3)
        return true;
    for (unsigned i = 0; i < hs->self->npins; i++)
        if (strcmp(hs->self->pins[i].node, hs->claim.ident.node) == 0)
            return sodium_memcmp(hs->self->pins[i].key, key, OV_KEY) == 0;
    return false;
}

/* The highest version that both have; 0: none. */
static uint16_t common_version(const struct ov_handshake *hs)
{
    uint16_t most =
        hs->self->version_max < hs->version_max ? hs->self->version_max : hs->version_max;
    uint16_t least =
        hs->self->version_min > hs->version_min ? hs->self->version_min : hs->version_min;
    return most >= least ? most : 0;
}

static void end_noise(struct ov_handshake *hs)
{
    uint8_t hash[OV_HASH];
    memcpy(hs->peer_key, hs->noise.rs, OV_KEY);
    ov_noise_finish(&hs->noise, &hs->send, &hs->receive, hash);
}

static enum ov_refusal take_message_1(struct ov_handshake *hs, const uint8_t *bytes, uint32_t len)
{
    uint8_t payload[OV_HANDSHAKE_MAX], version[2];
    size_t payload_len;
    enum ov_refusal refusal = hear(hs, bytes, len, payload, &payload_len);
    if (refusal != OV_REFUSED_NONE)
        return refusal;
    hs->claim.version = common_version(hs);
    version[0] = (uint8_t)hs->claim.version;
    version[1] = (uint8_t)(hs->claim.version >> 8);
    if (ov_handshake_say(hs, version, sizeof version) != 0)
        return OV_REFUSED_TOKEN;
    if (hs->claim.version == 0)
        return OV_REFUSED_VERSION;
    hs->state = ov_noise_done(&hs->noise) ? OV_WAIT_CONFIRM : OV_WAIT_MESSAGE_3;
    if (ov_noise_done(&hs->noise))
        end_noise(hs);
    return OV_REFUSED_NONE;
}

static enum ov_refusal take_message_2(struct ov_handshake *hs, const uint8_t *bytes, uint32_t len)
{
    uint8_t payload[OV_HANDSHAKE_MAX];
    size_t payload_len;
    enum ov_refusal refusal = hear(hs, bytes, len, payload, &payload_len);
    if (refusal != OV_REFUSED_NONE)
        return refusal;
    if (payload_len != 2)
        return OV_REFUSED_HELLO;
    if (!pin_holds(hs, hs->noise.rs))
        return OV_REFUSED_PIN;
    hs->claim.version = (uint16_t)(payload[0] | payload[1] << 8);
    if (hs->claim.version < hs->self->version_min || hs->claim.version > hs->self->version_max)
        return OV_REFUSED_VERSION;
    if (!ov_noise_done(&hs->noise) && ov_handshake_say(hs, NULL, 0) != 0)
        return OV_REFUSED_TOKEN;
    end_noise(hs);
    hs->state = OV_WAIT_ANSWER;
    return say_hello(hs, false) == 0 ? OV_REFUSED_NONE : OV_REFUSED_HELLO;
}

static enum ov_refusal take_message_3(struct ov_handshake *hs, const uint8_t *bytes, uint32_t len)
{
    uint8_t payload[OV_HANDSHAKE_MAX];
    size_t payload_len;
    enum ov_refusal refusal = hear(hs, bytes, len, payload, &payload_len);
    if (refusal != OV_REFUSED_NONE)
        return refusal;
    if (!pin_holds(hs, hs->noise.rs))
        return OV_REFUSED_PIN;
    end_noise(hs);
    hs->state = OV_WAIT_CONFIRM;
    return OV_REFUSED_NONE;
}

#define HELLO_FIELDS (OV_HAS(version) | OV_HAS(session) | OV_HAS(max_frame))

/* Whether a hello, or its answer, says what this side has known so far; takes what is new. */
static bool hello_holds(struct ov_handshake *hs, const struct ov_frame *frame)
{
    struct ov_ident ident;
    bool response = hs->claim.role == OV_INITIATOR;
    if (frame->kind != OV_HELLO || frame->response != response ||
        (frame->has & HELLO_FIELDS) != HELLO_FIELDS || frame->status != 0 ||
        frame->version != hs->claim.version || frame->max_frame < OV_FRAME_MIN_MAX ||
        ov_ident_parse(frame->session, &ident) != 0)
        return false;
    if (response ? strcmp(ident.node, hs->claim.ident.node) != 0
                 : !ov_ident_same(&ident, &hs->claim.ident))
        return false;
    hs->claim.ident = ident;
    hs->claim.max_frame = frame->max_frame < OV_FRAME_MAX ? frame->max_frame : OV_FRAME_MAX;
    return true;
}

static enum ov_refusal take_hello(struct ov_handshake *hs, const uint8_t *bytes, uint32_t len)
{
    uint8_t plain[OV_HANDSHAKE_MAX];
    struct ov_frame frame;
    size_t size;
    if (ov_record_open(&hs->receive, bytes, len, plain, &size) != 0)
        return OV_REFUSED_TOKEN;
    if (ov_frame_decode(plain, (uint32_t)size, hs->claim.plane, &frame) != OV_FAULT_NONE ||
        !hello_holds(hs, &frame))
        return OV_REFUSED_HELLO;
    if (!pin_holds(hs, hs->peer_key)) /* which may have been taken back since */
        return OV_REFUSED_PIN;
    if (hs->claim.role == OV_RESPONDER && say_hello(hs, true) != 0)
        return OV_REFUSED_HELLO;
    hs->state = OV_CONFIRMED;
    return OV_REFUSED_NONE;
}

enum ov_refusal ov_handshake_step(struct ov_handshake *hs, const uint8_t *bytes, uint32_t len)
{
    switch (hs->state) {
    case OV_WAIT_PREAMBLE:
        return take_preamble(hs, bytes, len);
    case OV_WAIT_MESSAGE_1:
        return take_message_1(hs, bytes + 2, len - 2);
    case OV_WAIT_MESSAGE_2:
        return take_message_2(hs, bytes + 2, len - 2);
    case OV_WAIT_MESSAGE_3:
        return take_message_3(hs, bytes + 2, len - 2);
    default:
        return take_hello(hs, bytes + 2, len - 2);
    }
}
