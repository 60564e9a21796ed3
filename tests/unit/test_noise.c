/* SPDX-License-Identifier: MIT */
/* Noise: byte for byte what tests/vectors/noise.json has (those of cacophony, another
 * implementation), and what must be refused. */
#include "overlay/core/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

/* ---- vectors ---- */

#define MESSAGE_MAX 512u

struct bytes {
    size_t len;
    uint8_t data[MESSAGE_MAX];
};

static json_t *vectors;

static struct bytes from_hex(const json_t *text)
{
    struct bytes b = {0};
    assert_true(json_is_string(text));
    assert_int_equal(sodium_hex2bin(b.data, sizeof b.data, json_string_value(text),
                                    json_string_length(text), NULL, &b.len, NULL),
                     0);
    return b;
}

static struct bytes member(const json_t *vector, const char *prefix, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "%s_%s", prefix, name);
    const json_t *value = json_object_get(vector, key);
    if (value == NULL)
        return (struct bytes){0};
    return from_hex(json_is_array(value) ? json_array_get(value, 0) : value);
}

static const json_t *vector_of(enum ov_pattern pattern)
{
    static const char *const names[] = {
        [OV_PATTERN_NNPSK0] = "Noise_NNpsk0_25519_ChaChaPoly_SHA512",
        [OV_PATTERN_XXPSK3] = "Noise_XXpsk3_25519_ChaChaPoly_SHA512"};
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *vector = json_array_get(vectors, i);
        const json_t *name = json_object_get(vector, "protocol_name");
        if (strcmp(json_string_value(name), names[pattern]) == 0)
            return vector;
    }
    fail_msg("no vector of %s", names[pattern]);
    return NULL;
}

static void begin(struct ov_noise *noise, enum ov_pattern pattern, enum ov_role role)
{
    const json_t *vector = vector_of(pattern);
    const char *who = role == OV_INITIATOR ? "init" : "resp";
    struct bytes e = member(vector, who, "ephemeral"), s = member(vector, who, "static"),
                 psk = member(vector, who, "psks"), prologue = member(vector, who, "prologue");
    struct ov_noise_keys keys = {psk.data, s.len > 0 ? s.data : NULL, e.data};
    assert_int_equal(ov_noise_init(noise, pattern, role, &keys, prologue.data, prologue.len), 0);
}

static void begin_both(struct ov_noise two[2], enum ov_pattern pattern)
{
    begin(&two[OV_INITIATOR], pattern, OV_INITIATOR);
    begin(&two[OV_RESPONDER], pattern, OV_RESPONDER);
}

static struct bytes message(enum ov_pattern pattern, size_t i, const char *part)
{
    const json_t *all = json_object_get(vector_of(pattern), "messages");
    return from_hex(json_object_get(json_array_get(all, i), part));
}

static void expect(const struct bytes *want, const uint8_t *got, size_t len)
{
    assert_int_equal(len, want->len);
    assert_memory_equal(got, want->data, len);
}

/* One message of the vector's, written by whose turn it is and read by the other. */
static void say(struct ov_noise two[2], enum ov_pattern pattern, size_t i)
{
    struct bytes payload = message(pattern, i, "payload"), want = message(pattern, i, "ciphertext");
    uint8_t out[MESSAGE_MAX], in[MESSAGE_MAX];
    size_t len;
    assert_int_equal(ov_noise_overhead(&two[i % 2]), want.len - payload.len);
    assert_int_equal(ov_noise_write(&two[i % 2], payload.data, payload.len, out, &len), 0);
    expect(&want, out, len);
    assert_int_equal(ov_noise_read(&two[1 - i % 2], out, len, in, &len), 0);
    expect(&payload, in, len);
}

static size_t messages_of(enum ov_pattern pattern)
{
    return pattern == OV_PATTERN_XXPSK3 ? 3 : 2;
}

static void check_vector(enum ov_pattern pattern)
{
    static const struct ov_noise nothing;
    struct ov_noise two[2];
    struct ov_cipher send[2], receive[2];
    uint8_t hash[OV_HASH];
    struct bytes want = from_hex(json_object_get(vector_of(pattern), "handshake_hash"));
    size_t i = 0, all = json_array_size(json_object_get(vector_of(pattern), "messages"));

    begin_both(two, pattern);
    for (; i < messages_of(pattern); i++) {
        assert_false(ov_noise_done(&two[0]) || ov_noise_done(&two[1]));
        say(two, pattern, i);
    }
    for (unsigned k = 0; k < 2; k++) {
        assert_true(ov_noise_done(&two[k]));
        ov_noise_finish(&two[k], &send[k], &receive[k], hash);
        expect(&want, hash, OV_HASH);
        assert_memory_equal(&two[k], &nothing, sizeof nothing);
    }
    assert_true(i + 3 <= all);
    for (; i < all; i++) {
        uint8_t out[MESSAGE_MAX];
        size_t len;
        struct bytes payload = message(pattern, i, "payload"),
                     sealed = message(pattern, i, "ciphertext");
        memcpy(out, payload.data, payload.len); /* in place */
        assert_int_equal(ov_record_seal(&send[i % 2], out, payload.len, out, &len), 0);
        expect(&sealed, out, len);
        assert_int_equal(ov_record_open(&receive[1 - i % 2], out, len, out, &len), 0);
        expect(&payload, out, len);
    }
}

static void test_vectors(void **state)
{
    (void)state;
    check_vector(OV_PATTERN_NNPSK0);
    check_vector(OV_PATTERN_XXPSK3);
}

/* ---- what is refused, and changes nothing ---- */

/* As it is, `reader` would take `good`; of `bad` it wants nothing to be left. */
static void refuse(struct ov_noise *reader, const uint8_t *bad, size_t len)
{
    struct ov_noise before = *reader;
    uint8_t in[MESSAGE_MAX];
    size_t in_len;
    assert_int_equal(ov_noise_read(reader, bad, len, in, &in_len), AX_E_INVALID);
    assert_memory_equal(reader, &before, sizeof before);
}

/* Each bit turned over and each end cut off, of each message. */
static void check_changed(enum ov_pattern pattern)
{
    struct ov_noise two[2];
    begin_both(two, pattern);
    for (size_t i = 0; i < messages_of(pattern); i++) {
        struct bytes good = message(pattern, i, "ciphertext");
        for (size_t bit = 0; bit < 8 * good.len; bit++) {
            struct bytes bad = good;
            bad.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
            /* X25519 does not look at the highest bit of a public key; the hash does. */
            refuse(&two[1 - i % 2], bad.data, bad.len);
        }
        for (size_t len = 0; len < good.len; len++)
            refuse(&two[1 - i % 2], good.data, len);
        say(two, pattern, i);
    }
}

static void test_changed_messages(void **state)
{
    (void)state;
    check_changed(OV_PATTERN_NNPSK0);
    check_changed(OV_PATTERN_XXPSK3);
}

static void test_another_prologue(void **state)
{
    struct bytes e = member(vector_of(OV_PATTERN_NNPSK0), "resp", "ephemeral"),
                 psk = member(vector_of(OV_PATTERN_NNPSK0), "resp", "psks");
    struct bytes first = message(OV_PATTERN_NNPSK0, 0, "ciphertext");
    struct ov_noise noise;

    (void)state;
    assert_int_equal(ov_noise_init(&noise, OV_PATTERN_NNPSK0, OV_RESPONDER,
                                   &(struct ov_noise_keys){psk.data, NULL, e.data}, "John Galu", 9),
                     0);
    refuse(&noise, first.data, first.len);
    assert_int_equal(ov_noise_init(&noise, OV_PATTERN_NNPSK0, OV_RESPONDER,
                                   &(struct ov_noise_keys){psk.data, NULL, e.data}, "John Gal", 8),
                     0);
    refuse(&noise, first.data, first.len);
}

/* Each byte of a psk counts; a wrong one can be followed by the right one. */
static void check_psk(enum ov_pattern pattern, size_t where)
{
    struct ov_noise two[2];
    struct bytes psk = member(vector_of(pattern), "resp", "psks");
    struct bytes good = message(pattern, where, "ciphertext");
    begin_both(two, pattern);
    for (size_t i = 0; i < where; i++)
        say(two, pattern, i);
    for (size_t i = 0; i < OV_KEY; i++) {
        struct bytes wrong = psk;
        wrong.data[i] ^= 1;
        ov_noise_set_psk(&two[1 - where % 2], wrong.data);
        refuse(&two[1 - where % 2], good.data, good.len);
    }
    ov_noise_set_psk(&two[1 - where % 2], psk.data);
    say(two, pattern, where);
}

static void test_wrong_psk(void **state)
{
    (void)state;
    check_psk(OV_PATTERN_NNPSK0, 0);
    check_psk(OV_PATTERN_XXPSK3, 2);
}

static void test_turns(void **state)
{
    struct ov_noise two[2];
    uint8_t out[MESSAGE_MAX];
    size_t len;

    (void)state;
    begin_both(two, OV_PATTERN_NNPSK0);
    assert_int_equal(ov_noise_write(&two[1], NULL, 0, out, &len), AX_E_NOT_ALLOWED);
    assert_int_equal(ov_noise_read(&two[0], out, 0, out, &len), AX_E_NOT_ALLOWED);
    say(two, OV_PATTERN_NNPSK0, 0);
    say(two, OV_PATTERN_NNPSK0, 1);
    for (unsigned k = 0; k < 2; k++) {
        assert_int_equal(ov_noise_overhead(&two[k]), 0);
        assert_int_equal(ov_noise_write(&two[k], NULL, 0, out, &len), AX_E_NOT_ALLOWED);
        assert_int_equal(ov_noise_read(&two[k], out, 0, out, &len), AX_E_NOT_ALLOWED);
    }
}

static void test_keys_that_are_missing(void **state)
{
    static const uint8_t key[OV_KEY] = {1};
    struct ov_noise noise;
    uint8_t out[MESSAGE_MAX];
    size_t len;

    (void)state;
    assert_int_equal(ov_noise_init(&noise, OV_PATTERN_NNPSK0, OV_INITIATOR,
                                   &(struct ov_noise_keys){.psk = key}, NULL, 0),
                     AX_E_INVALID);
    assert_int_equal(ov_noise_init(&noise, OV_PATTERN_XXPSK3, OV_INITIATOR,
                                   &(struct ov_noise_keys){.psk = key, .ephemeral_secret = key},
                                   NULL, 0),
                     AX_E_INVALID);
    assert_int_equal(ov_noise_init(&noise, OV_PATTERN_NNPSK0, OV_INITIATOR,
                                   &(struct ov_noise_keys){.ephemeral_secret = key}, NULL, 0),
                     0);
    assert_int_equal(ov_noise_write(&noise, NULL, 0, out, &len), AX_E_INVALID);
    ov_noise_set_psk(&noise, key);
    assert_int_equal(ov_noise_write(&noise, NULL, 0, out, &len), 0);
}

/* With keys of small order the shared secret would be 0, known to all who have the psk. */
static void test_public_keys_of_small_order(void **state)
{
    static const uint8_t points[][OV_KEY] = {
        {0}, {1}, {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
                   0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
                   0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00}};
    struct ov_noise noise;
    struct bytes psk = member(vector_of(OV_PATTERN_NNPSK0), "init", "psks");
    uint8_t first[OV_KEY + OV_TAG], in[MESSAGE_MAX], out[MESSAGE_MAX];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        begin(&noise, OV_PATTERN_NNPSK0, OV_RESPONDER);
        struct ov_symmetric liar = noise.sym; /* who has the psk, and such a key */
        ov_symmetric_mix_key_and_hash(&liar, psk.data);
        memcpy(first, points[i], OV_KEY);
        ov_symmetric_mix_hash(&liar, points[i], OV_KEY);
        ov_symmetric_mix_key(&liar, points[i]);
        assert_int_equal(ov_symmetric_seal(&liar, NULL, 0, first + OV_KEY, &len), 0);
        assert_int_equal(ov_noise_read(&noise, first, sizeof first, in, &len), 0);
        assert_int_equal(ov_noise_write(&noise, NULL, 0, out, &len), AX_E_INVALID);
    }
}

static void test_sizes(void **state)
{
    static uint8_t big[OV_NOISE_MAX + 1], out[OV_NOISE_MAX + 1];
    struct ov_noise two[2];
    size_t len, most = OV_NOISE_MAX - OV_KEY - OV_TAG;

    (void)state;
    begin_both(two, OV_PATTERN_NNPSK0);
    assert_int_equal(ov_noise_read(&two[1], big, sizeof big, out, &len), AX_E_TOO_BIG);
    assert_int_equal(ov_noise_write(&two[0], big, most + 1, out, &len), AX_E_TOO_BIG);
    assert_int_equal(ov_noise_write(&two[0], big, most, out, &len), 0);
    assert_int_equal(len, OV_NOISE_MAX);
    assert_int_equal(ov_noise_read(&two[1], out, len, big, &len), 0);
    assert_int_equal(len, most);
}

static void test_no_cryptography(void **state)
{
    struct ov_noise two[2];
    struct ov_cipher send, receive;
    uint8_t out[16], hash[OV_HASH];
    size_t len;

    (void)state;
    for (unsigned k = 0; k < 2; k++)
        assert_int_equal(
            ov_noise_init(&two[k], OV_PATTERN_NONE, k, &(struct ov_noise_keys){0}, NULL, 0), 0);
    for (unsigned k = 0; k < 2; k++) {
        assert_int_equal(ov_noise_overhead(&two[k]), 0);
        assert_int_equal(ov_noise_write(&two[k], "open", 4, out, &len), 0);
        assert_memory_equal(out, "open", 4);
        assert_int_equal(ov_noise_read(&two[1 - k], out, len, out, &len), 0);
    }
    ov_noise_finish(&two[0], &send, &receive, hash);
    assert_false(send.keyed || receive.keyed);
}

/* ---- records ---- */

static struct ov_cipher keyed(uint64_t n)
{
    struct ov_cipher cipher = {.n = n, .keyed = true};
    memset(cipher.key, 7, sizeof cipher.key);
    return cipher;
}

/* The framework's REKEY is 32 bytes of the key stream, from its second block on. */
static void test_rekey(void **state)
{
    static const uint8_t zeros[OV_KEY];
    uint8_t nonce[12] = {0}, want[OV_KEY];
    struct ov_cipher cipher = keyed(5);

    (void)state;
    memset(nonce + 4, 0xff, 8);
    crypto_stream_chacha20_ietf_xor_ic(want, zeros, sizeof want, nonce, 1, cipher.key);
    ov_cipher_rekey(&cipher);
    assert_memory_equal(cipher.key, want, OV_KEY);
    assert_int_equal(cipher.n, 5);
}

static void test_records_rekey_by_count(void **state)
{
    struct ov_cipher tx = keyed(OV_REKEY - 2), rx = tx, first = tx, second = tx;
    uint8_t out[32], in[32];
    size_t len;

    (void)state;
    ov_cipher_rekey(&second);
    for (unsigned i = 0; i < 4; i++) {
        assert_memory_equal(tx.key, i < 2 ? first.key : second.key, OV_KEY);
        assert_int_equal(ov_record_seal(&tx, "rekeyed", 7, out, &len), 0);
        assert_int_equal(ov_record_open(&rx, out, len, in, &len), 0);
        assert_memory_equal(in, "rekeyed", 7);
    }
    assert_memory_equal(tx.key, rx.key, OV_KEY);
}

/* Again, out of turn, changed, cut: refused, and the right one is taken afterwards. */
static void test_records_refused(void **state)
{
    struct ov_cipher tx = keyed(0), rx = keyed(0);
    uint8_t one[32], two[32], in[32];
    size_t len, got;

    (void)state;
    assert_int_equal(ov_record_seal(&tx, "one", 3, one, &len), 0);
    assert_int_equal(ov_record_seal(&tx, "two", 3, two, &len), 0);
    assert_int_equal(ov_record_open(&rx, two, len, in, &got), AX_E_INVALID);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(ov_record_open(&rx, one, cut, in, &got), AX_E_INVALID);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        one[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(ov_record_open(&rx, one, len, in, &got), AX_E_INVALID);
        one[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(ov_record_open(&rx, one, len, in, &got), 0);
    assert_int_equal(ov_record_open(&rx, one, len, in, &got), AX_E_INVALID);
    assert_int_equal(ov_record_open(&rx, two, len, in, &got), 0);
    assert_memory_equal(in, "two", 3);
}

static void test_records_at_their_limits(void **state)
{
    static uint8_t plain[OV_NOISE_MAX + 1], out[OV_NOISE_MAX + 1];
    struct ov_cipher tx = keyed(OV_NONCE_MAX - 1), rx = tx, open = {0};
    size_t len;

    (void)state;
    assert_int_equal(ov_record_seal(&tx, plain, OV_NOISE_MAX - OV_TAG + 1, out, &len),
                     AX_E_TOO_BIG);
    assert_int_equal(ov_record_open(&rx, out, OV_NOISE_MAX + 1, plain, &len), AX_E_TOO_BIG);
    assert_int_equal(ov_record_seal(&tx, plain, OV_NOISE_MAX - OV_TAG, out, &len), 0);
    assert_int_equal(ov_record_open(&rx, out, len, plain, &len), 0);
    assert_int_equal(ov_record_seal(&tx, plain, 1, out, &len), AX_E_LIMIT);
    assert_int_equal(ov_record_open(&rx, out, OV_TAG, plain, &len), AX_E_LIMIT);
    assert_int_equal(ov_record_seal(&open, plain, OV_NOISE_MAX + 1, out, &len), AX_E_TOO_BIG);
    ov_cipher_rekey(&open); /* which has no key */
    assert_false(open.keyed);
}

/* ---- tokens ---- */

static void test_token(void **state)
{
    static const char token[] = "0123456789abcdef0123456789abcdef\n",
                      label[] = "ax cluster token 1";
    uint8_t psk[OV_KEY], other[OV_KEY], want[OV_HASH], text[128];

    (void)state;
    memcpy(text, label, sizeof label);
    memcpy(text + sizeof label, token, 32);
    crypto_hash_sha512(want, text, sizeof label + 32);
    assert_int_equal(ov_token_psk(token, 32, psk), 0);
    assert_memory_equal(psk, want, OV_KEY);
    assert_int_equal(ov_token_psk(token, 33, other), 0);
    assert_memory_not_equal(psk, other, OV_KEY);
    assert_int_equal(ov_token_psk(token, 31, psk), AX_E_INVALID);
}

static int set_up(void **state)
{
    char path[4096];
    const char *root = getenv("AX_ROOT");
    (void)state;
    snprintf(path, sizeof path, "%s/tests/vectors/noise.json", root != NULL ? root : ".");
    json_t *file = json_load_file(path, 0, NULL);
    vectors = json_incref(json_object_get(file, "vectors"));
    json_decref(file);
    return vectors != NULL && sodium_init() >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_changed_messages),
        cmocka_unit_test(test_another_prologue),
        cmocka_unit_test(test_wrong_psk),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_keys_that_are_missing),
        cmocka_unit_test(test_public_keys_of_small_order),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_no_cryptography),
        cmocka_unit_test(test_rekey),
        cmocka_unit_test(test_records_rekey_by_count),
        cmocka_unit_test(test_records_refused),
        cmocka_unit_test(test_records_at_their_limits),
        cmocka_unit_test(test_token),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
