/* SPDX-License-Identifier: MIT */
/* What libsodium has made of the secrets of a handshake is remembered, and not computed again: that
 * is most of what a handshake costs, and the simulation gives the connections of each run the same
 * secrets. The results are libsodium's own, refusals included. A program's symbols come before
 * those of its libraries, so the functions here stand before libsodium's of the same name. */
#include <dlfcn.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PLACES (1u << 15) /* of each table; the last one of each place is remembered */
#define KEY crypto_scalarmult_BYTES
#define HASH crypto_auth_hmacsha512_BYTES
#define TEXT (3 * HASH) /* a key, and the most that HKDF makes a hash of with it */

struct text { /* what a function was given, one thing behind another */
    size_t len;
    unsigned char bytes[TEXT];
} __attribute__((may_alias)); /* it lies in a state of libsodium's */

struct product {
    unsigned char of[2 * KEY]; /* the secret, and the public key or zeros */
    unsigned char is[KEY];
    int result;
    bool known;
};

struct hash {
    struct text of; /* no text: none yet */
    unsigned char is[HASH];
};

static struct product products[PLACES];
static struct hash hashes[PLACES];

static size_t place_of(const unsigned char *bytes, size_t len)
{
    uint64_t hash = 0, word;
    for (size_t i = 0; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash % PLACES;
}

/* ---- X25519: it has the same under longer names ---- */

static int multiply(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    unsigned char of[2 * KEY] = {0};
    struct product *product;

    memcpy(of, n, KEY);
    if (p != NULL)
        memcpy(of + KEY, p, KEY);
    product = &products[place_of(of, sizeof of)];
    if (!product->known || memcmp(product->of, of, sizeof of) != 0) {
        memcpy(product->of, of, sizeof of);
        product->result = p != NULL ? crypto_scalarmult_curve25519(product->is, n, p)
                                    : crypto_scalarmult_curve25519_base(product->is, n);
        product->known = true;
    }
    memcpy(q, product->is, KEY);
    return product->result;
}

int crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    return multiply(q, n, p);
}

int crypto_scalarmult_base(unsigned char *q, const unsigned char *n)
{
    return multiply(q, n, NULL);
}

/* ---- HMAC-SHA-512, under a key of HASH bytes: what is to be hashed is gathered first ---- */

typedef crypto_auth_hmacsha512_state hmac;

_Static_assert(sizeof(struct text) <= sizeof(hmac), "a state holds what is gathered");

static void *libsodiums(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL)
        abort();
    return function;
}

static void compute(struct hash *hash)
{
    static int (*init)(hmac *, const unsigned char *, size_t);
    static int (*update)(hmac *, const unsigned char *, unsigned long long);
    static int (*final)(hmac *, unsigned char *);
    hmac state;

    if (init == NULL) {
        init = (int (*)(hmac *, const unsigned char *, size_t))libsodiums(
            "crypto_auth_hmacsha512_init");
        update = (int (*)(hmac *, const unsigned char *, unsigned long long))libsodiums(
            "crypto_auth_hmacsha512_update");
        final = (int (*)(hmac *, unsigned char *))libsodiums("crypto_auth_hmacsha512_final");
    }
    (void)init(&state, hash->of.bytes, HASH);
    (void)update(&state, hash->of.bytes + HASH, hash->of.len - HASH);
    (void) final(&state, hash->is);
}

int crypto_auth_hmacsha512_init(hmac *state, const unsigned char *key, size_t len)
{
    struct text *text = (void *)state;
    if (len != HASH)
        abort();
    text->len = 0;
    return crypto_auth_hmacsha512_update(state, key, len);
}

int crypto_auth_hmacsha512_update(hmac *state, const unsigned char *bytes, unsigned long long len)
{
    struct text *text = (void *)state;
    if (len > sizeof text->bytes - text->len)
        abort();
    if (len > 0)
        memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    return 0;
}

int crypto_auth_hmacsha512_final(hmac *state, unsigned char *out)
{
    const struct text *text = (void *)state;
    struct hash *hash = &hashes[place_of(text->bytes, text->len)];

    if (hash->of.len != text->len || memcmp(hash->of.bytes, text->bytes, text->len) != 0) {
        hash->of.len = text->len;
        memcpy(hash->of.bytes, text->bytes, text->len);
        compute(hash);
    }
    memcpy(out, hash->is, HASH);
    return 0;
}
