/* SPDX-License-Identifier: MIT */
#include "overlay/core/noise.h"

#include <sodium.h>
#include <string.h>

/* ---- patterns ---- */

/* Of ES, the first letter is the initiator's key, the second the responder's. */
enum token { END, E, S, EE, ES, SE, PSK };

#define MESSAGES_MAX 3u
#define TOKENS_MAX 5u

struct pattern {
    const char *name;
    unsigned messages;
    bool psk, statics;
    enum token tokens[MESSAGES_MAX][TOKENS_MAX];
};

#define NAME(symbol, number, text) [OV_PATTERN_##symbol] = text,
static const char *const names[] = {OV_PATTERNS(NAME)};
#undef NAME

static const struct pattern patterns[] = {
    [OV_PATTERN_NONE] = {.messages = 2, .tokens = {{END}, {END}}},
    [OV_PATTERN_NNPSK0] = {.messages = 2, .psk = true, .tokens = {{PSK, E}, {E, EE}}},
    [OV_PATTERN_XXPSK3] = {.messages = 3,
                           .psk = true,
                           .statics = true,
                           .tokens = {{E}, {E, EE, S, ES}, {S, SE, PSK}}},
};

static const struct pattern *pattern_of(const struct ov_noise *noise)
{
    return &patterns[noise->pattern];
}

bool ov_noise_done(const struct ov_noise *noise)
{
    return noise->step == pattern_of(noise)->messages;
}

static bool my_turn(const struct ov_noise *noise)
{
    return !ov_noise_done(noise) && noise->step % 2 == (noise->role == OV_RESPONDER);
}

/* ---- begin ---- */

int ov_public_key(uint8_t public[OV_KEY], const uint8_t secret[OV_KEY])
{
    return crypto_scalarmult_base(public, secret) == 0 ? 0 : AX_E_INVALID;
}

int ov_noise_init(struct ov_noise *noise, enum ov_pattern pattern, enum ov_role role,
                  const struct ov_noise_keys *keys, const void *prologue, size_t len)
{
    *noise = (struct ov_noise){.pattern = pattern, .role = role};
    ov_symmetric_init(&noise->sym, names[pattern]);
    ov_symmetric_mix_hash(&noise->sym, prologue, len);
    if (pattern == OV_PATTERN_NONE)
        return 0;
    if (keys->ephemeral_secret == NULL || (patterns[pattern].statics && !keys->static_secret))
        return AX_E_INVALID;
    if (keys->psk != NULL)
        ov_noise_set_psk(noise, keys->psk);
    memcpy(noise->e, keys->ephemeral_secret, OV_KEY);
    if (patterns[pattern].statics)
        memcpy(noise->s, keys->static_secret, OV_KEY);
    return 0;
}

void ov_noise_set_psk(struct ov_noise *noise, const uint8_t psk[OV_KEY])
{
    memcpy(noise->psk, psk, OV_KEY);
    noise->has_psk = true;
}

/* ---- tokens ---- */

/* Mixes in what the two keys make together. A public key of small order makes zeros, whatever the
 * secret: libsodium refuses it. */
static int mix_shared(struct ov_noise *noise, const uint8_t secret[OV_KEY],
                      const uint8_t public[OV_KEY])
{
    uint8_t shared[OV_KEY];
    if (crypto_scalarmult(shared, secret, public) != 0)
        return AX_E_INVALID;
    ov_symmetric_mix_key(&noise->sym, shared);
    sodium_memzero(shared, sizeof shared);
    return 0;
}

/* What writing and reading have in common. */
static int mix_token(struct ov_noise *noise, enum token token)
{
    bool initiator = noise->role == OV_INITIATOR;
    switch (token) {
    case EE:
        return mix_shared(noise, noise->e, noise->re);
    case ES:
        return initiator ? mix_shared(noise, noise->e, noise->rs)
                         : mix_shared(noise, noise->s, noise->re);
    case SE:
        return initiator ? mix_shared(noise, noise->s, noise->re)
                         : mix_shared(noise, noise->e, noise->rs);
    case PSK:
        if (!noise->has_psk)
            return AX_E_INVALID;
        ov_symmetric_mix_key_and_hash(&noise->sym, noise->psk);
        return 0;
    default:
        return 0;
    }
}

/* With a psk, an ephemeral key is mixed into the key as well (section 9.2). */
static void mix_ephemeral(struct ov_noise *noise, const uint8_t public[OV_KEY])
{
    ov_symmetric_mix_hash(&noise->sym, public, OV_KEY);
    if (pattern_of(noise)->psk)
        ov_symmetric_mix_key(&noise->sym, public);
}

size_t ov_noise_overhead(const struct ov_noise *noise)
{
    bool keyed = noise->sym.cipher.keyed;
    size_t more = 0;
    if (ov_noise_done(noise))
        return 0;
    for (const enum token *t = pattern_of(noise)->tokens[noise->step]; *t != END; t++) {
        more += *t == E ? OV_KEY : *t == S ? OV_KEY + (keyed ? OV_TAG : 0) : 0;
        keyed = keyed || *t != S; /* all patterns with an e have a psk */
    }
    return more + (keyed ? OV_TAG : 0);
}

/* ---- write ---- */

static int write_ephemeral(struct ov_noise *noise, uint8_t out[OV_KEY])
{
    int r = ov_public_key(out, noise->e);
    mix_ephemeral(noise, out);
    return r;
}

static int write_static(struct ov_noise *noise, uint8_t *out, size_t *len)
{
    uint8_t public[OV_KEY];
    int r = ov_public_key(public, noise->s);
    return r != 0 ? r : ov_symmetric_seal(&noise->sym, public, OV_KEY, out, len);
}

static int write_token(struct ov_noise *noise, enum token token, uint8_t **out)
{
    size_t len = token == E ? OV_KEY : 0;
    int r = token == E   ? write_ephemeral(noise, *out)
            : token == S ? write_static(noise, *out, &len)
                         : mix_token(noise, token);
    *out += len;
    return r;
}

static int write_message(struct ov_noise *noise, const void *payload, size_t len, uint8_t *out,
                         size_t *out_len)
{
    uint8_t *at = out;
    for (const enum token *t = pattern_of(noise)->tokens[noise->step]; *t != END; t++) {
        int r = write_token(noise, *t, &at);
        if (r != 0)
            return r;
    }
    int r = ov_symmetric_seal(&noise->sym, payload, len, at, out_len);
    *out_len += (size_t)(at - out);
    noise->step++;
    return r;
}

int ov_noise_write(struct ov_noise *noise, const void *payload, size_t len, void *out,
                   size_t *out_len)
{
    struct ov_noise next = *noise;
    int r = !my_turn(noise)                                 ? AX_E_NOT_ALLOWED
            : len > OV_NOISE_MAX - ov_noise_overhead(noise) ? AX_E_TOO_BIG
                                                            : 0;
    if (r == 0)
        r = write_message(&next, payload, len, out, out_len);
    if (r == 0)
        *noise = next;
    sodium_memzero(&next, sizeof next);
    return r;
}

/* ---- read ---- */

struct input {
    const uint8_t *at, *end;
};

static int read_token(struct ov_noise *noise, enum token token, struct input *in)
{
    size_t need = token == E   ? OV_KEY
                  : token == S ? OV_KEY + (noise->sym.cipher.keyed ? OV_TAG : 0)
                               : 0;
    size_t len;
    int r = 0;
    if ((size_t)(in->end - in->at) < need)
        return AX_E_INVALID;
    if (token == E) {
        memcpy(noise->re, in->at, OV_KEY);
        mix_ephemeral(noise, noise->re);
    } else if (token == S) {
        r = ov_symmetric_open(&noise->sym, in->at, need, noise->rs, &len);
    } else {
        r = mix_token(noise, token);
    }
    in->at += need;
    return r;
}

static int read_message(struct ov_noise *noise, struct input *in, void *payload, size_t *len)
{
    for (const enum token *t = pattern_of(noise)->tokens[noise->step]; *t != END; t++) {
        int r = read_token(noise, *t, in);
        if (r != 0)
            return r;
    }
    noise->step++;
    return ov_symmetric_open(&noise->sym, in->at, (size_t)(in->end - in->at), payload, len);
}

int ov_noise_read(struct ov_noise *noise, const void *message, size_t len, void *payload,
                  size_t *payload_len)
{
    struct ov_noise next = *noise;
    struct input in = {message, (const uint8_t *)message + len};
    int r = ov_noise_done(noise) || my_turn(noise) ? AX_E_NOT_ALLOWED
            : len > OV_NOISE_MAX                   ? AX_E_TOO_BIG
                                                   : 0;
    if (r == 0)
        r = read_message(&next, &in, payload, payload_len);
    if (r == 0)
        *noise = next;
    sodium_memzero(&next, sizeof next);
    return r;
}

/* ---- end ---- */

void ov_noise_finish(struct ov_noise *noise, struct ov_cipher *send, struct ov_cipher *receive,
                     uint8_t hash[OV_HASH])
{
    bool initiator = noise->role == OV_INITIATOR;
    ov_symmetric_split(&noise->sym, initiator ? send : receive, initiator ? receive : send);
    memcpy(hash, noise->sym.hash, OV_HASH);
    ov_noise_wipe(noise);
}

void ov_noise_wipe(struct ov_noise *noise)
{
    sodium_memzero(noise, sizeof *noise);
}

int ov_token_psk(const void *token, size_t len, uint8_t psk[OV_KEY])
{
    static const char label[] = "ax cluster token 1"; /* with its NUL */
    uint8_t hash[OV_HASH];
    crypto_hash_sha512_state state;
    if (len < OV_TOKEN_MIN)
        return AX_E_INVALID;
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, (const uint8_t *)label, sizeof label);
    crypto_hash_sha512_update(&state, token, len);
    crypto_hash_sha512_final(&state, hash);
    memcpy(psk, hash, OV_KEY);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(&state, sizeof state);
    return 0;
}
