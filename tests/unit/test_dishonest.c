/* SPDX-License-Identifier: MIT */
/* A peer that has the token, so that all it says can be read, and says in its handshake what no
 * node says: it is refused, and nothing of it is seen. One side here is a node's handshake, the
 * other one is put together from its parts. */
#include "overlay/core/handshake.h"
#include "overlay/core/preamble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ov_self self;
static struct ov_handshake hs;
static struct ov_noise noise; /* the peer's */
static struct ov_cipher send, receive;

static void set_up_self(void)
{
    self = (struct ov_self){.ident = {"node-a", 0xa0, 1},
                            .version_min = 2,
                            .version_max = 3,
                            .max_frame = OV_FRAME_MIN_MAX,
                            .pattern = OV_PATTERN_NNPSK0,
                            .ntokens = 1};
    memset(self.psks[0], 0x77, OV_KEY);
}

static void begin_noise(enum ov_role role, const uint8_t *prologue, uint32_t len)
{
    static const uint8_t ephemeral[OV_KEY] = {5};
    struct ov_noise_keys keys = {.psk = self.psks[0], .ephemeral_secret = ephemeral};
    assert_int_equal(ov_noise_init(&noise, OV_PATTERN_NNPSK0, role, &keys, prologue, len), 0);
}

static void end_noise(void)
{
    uint8_t hash[OV_HASH];
    ov_noise_finish(&noise, &send, &receive, hash);
}

/* A message or a record behind its length. */
static int give(const uint8_t *message, size_t len)
{
    uint8_t bytes[OV_HANDSHAKE_MAX] = {(uint8_t)len, (uint8_t)(len >> 8)};
    size_t used;
    memcpy(bytes + 2, message, len);
    return ov_handshake_take(&hs, bytes, len + 2, &used);
}

static void expect_refused(enum ov_refusal refusal)
{
    assert_string_equal(ov_refusal_text(hs.refusal), ov_refusal_text(refusal));
    assert_null(ov_handshake_peer(&hs));
    assert_int_equal(hs.state, OV_REFUSED);
}

/* ---- who dials says a hello that does not hold ---- */

static struct ov_frame hello(bool response)
{
    static const char id[] = "node-b@boot-b0-session-4";
    struct ov_frame frame = {.kind = OV_HELLO, .response = response};
    OV_SET(&frame, version, 3);
    OV_SET(&frame, session, ((struct ax_span){id, sizeof id - 1}));
    OV_SET(&frame, max_frame, 70000);
    if (response)
        OV_SET(&frame, status, 0);
    return frame;
}

/* Up to where the hello is due. */
static void dial_it(void)
{
    struct ov_preamble preamble = {.pattern = OV_PATTERN_NNPSK0,
                                   .plane = OV_CONTROL,
                                   .version_min = 1,
                                   .version_max = 9,
                                   .dial = 1,
                                   .from = {"node-b", 0xb0, 4},
                                   .to = "node-a"};
    uint8_t bytes[OV_HANDSHAKE_MAX], payload[OV_HANDSHAKE_MAX];
    uint32_t n = ov_preamble_write(&preamble, bytes);
    static const uint8_t ephemeral[OV_KEY] = {6};
    size_t len, used;

    set_up_self();
    ov_handshake_accept(&hs, &self, ephemeral);
    begin_noise(OV_INITIATOR, bytes, n);
    assert_int_equal(ov_handshake_take(&hs, bytes, n, &used), 0);
    assert_int_equal(ov_noise_write(&noise, NULL, 0, bytes, &len), 0);
    assert_int_equal(give(bytes, len), 0);
    assert_int_equal(ov_noise_read(&noise, hs.out + 2, hs.out_len - 2, payload, &len), 0);
    assert_int_equal(len, 2);
    assert_int_equal(payload[0], 3);
    hs.out_len = 0;
    end_noise();
}

static int say_bytes(const uint8_t *plain, size_t len)
{
    uint8_t record[OV_HANDSHAKE_MAX];
    size_t sealed;
    assert_int_equal(ov_record_seal(&send, plain, len, record, &sealed), 0);
    return give(record, sealed);
}

static int say(const struct ov_frame *frame)
{
    uint8_t plain[512];
    uint32_t size;
    assert_int_equal(ov_frame_encode(frame, plain, sizeof plain, &size), 0);
    return say_bytes(plain, size);
}

static void test_the_hello_that_holds(void **state)
{
    struct ov_frame frame = hello(false);
    (void)state;
    dial_it();
    assert_int_equal(say(&frame), 0);
    assert_non_null(ov_handshake_peer(&hs));
    assert_int_equal(ov_handshake_peer(&hs)->max_frame, 70000);
    dial_it(); /* more than there is, is as much as there is */
    frame.max_frame = UINT32_MAX;
    assert_int_equal(say(&frame), 0);
    assert_int_equal(ov_handshake_peer(&hs)->max_frame, OV_FRAME_MAX);
}

static void test_hellos_that_do_not(void **state)
{
    struct ov_frame frames[4];
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        frames[i] = hello(i == 1);
    frames[0] = (struct ov_frame){.kind = OV_READY};
    frames[2].version = 2;
    frames[3].max_frame = OV_FRAME_MIN_MAX - 1;
    for (unsigned i = 0; i < 4; i++) {
        dial_it();
        assert_int_equal(say(&frames[i]), AX_E_PROTOCOL);
        expect_refused(OV_REFUSED_HELLO);
    }
    dial_it(); /* no frame at all */
    assert_int_equal(say_bytes((const uint8_t *)"hello", 5), AX_E_PROTOCOL);
    expect_refused(OV_REFUSED_HELLO);
}

/* ---- who was dialled answers what it may not ---- */

static void be_dialled(void)
{
    struct ov_dial dial = {.to = "node-b", .plane = OV_CONTROL, .number = 7};
    static const uint8_t ephemeral[OV_KEY] = {6};
    uint8_t payload[OV_HANDSHAKE_MAX];
    uint32_t n;
    size_t len;

    set_up_self();
    assert_int_equal(ov_handshake_dial(&hs, &self, &dial, ephemeral), 0);
    n = ov_preamble_size(hs.out, hs.out_len);
    begin_noise(OV_RESPONDER, hs.out, n);
    assert_int_equal(ov_noise_read(&noise, hs.out + n + 2, hs.out_len - n - 2, payload, &len), 0);
    hs.out_len = 0;
}

static int answer(const uint8_t *version, size_t n)
{
    uint8_t bytes[OV_HANDSHAKE_MAX];
    size_t len;
    assert_int_equal(ov_noise_write(&noise, version, n, bytes, &len), 0);
    return give(bytes, len);
}

static void test_versions_that_were_not_offered(void **state)
{
    static const uint8_t versions[][2] = {{0, 0}, {1, 0}, {4, 0}, {3, 1}};
    (void)state;
    for (unsigned i = 0; i < sizeof versions / sizeof *versions; i++) {
        be_dialled();
        assert_int_equal(answer(versions[i], 2), AX_E_UNSUPPORTED);
        expect_refused(OV_REFUSED_VERSION);
    }
    be_dialled(); /* none */
    assert_int_equal(answer(versions[0], 1), AX_E_PROTOCOL);
    expect_refused(OV_REFUSED_HELLO);
}

static void test_an_answer_that_refuses(void **state)
{
    static const uint8_t version[2] = {3, 0};
    struct ov_frame frame;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        be_dialled();
        assert_int_equal(answer(version, 2), 0);
        end_noise();
        frame = hello(true);
        frame.status = i == 0 ? AX_E_NOT_ALLOWED : 0;
        assert_int_equal(say(&frame), i == 0 ? AX_E_PROTOCOL : 0);
        assert_int_equal(ov_handshake_peer(&hs) != NULL, i == 1);
    }
}

/* ---- the preamble, which anybody can write ---- */

static void test_preambles_that_end_too_soon(void **state)
{
    struct ov_preamble preamble = {.pattern = OV_PATTERN_NNPSK0,
                                   .plane = OV_DATA,
                                   .version_min = 1,
                                   .version_max = 1,
                                   .dial = 1,
                                   .from = {"node-b", 0xb0, 4},
                                   .to = "node-a"},
                       read;
    uint8_t bytes[OV_PREAMBLE_MAX];
    uint32_t len = ov_preamble_write(&preamble, bytes), names = len - 14;

    (void)state;
    assert_int_equal(ov_preamble_read(bytes, len, &read), OV_REFUSED_NONE);
    assert_int_equal(ov_preamble_read(bytes, len - 1, &read), OV_REFUSED_PREAMBLE);
    bytes[names] = 13; /* one name takes the place of both, and there is no other */
    memset(bytes + names + 1, 'b', 13);
    assert_int_equal(ov_preamble_read(bytes, len, &read), OV_REFUSED_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_hello_that_holds),
        cmocka_unit_test(test_hellos_that_do_not),
        cmocka_unit_test(test_versions_that_were_not_offered),
        cmocka_unit_test(test_an_answer_that_refuses),
        cmocka_unit_test(test_preambles_that_end_too_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
