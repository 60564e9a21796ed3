/* SPDX-License-Identifier: MIT */
/* Handshakes of two nodes, whole, in pieces, changed, replayed and reflected: nothing of a peer is
 * to be seen before it has confirmed, and what is refused leaves nothing behind. */
#include "overlay/core/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

static struct ov_self self[2]; /* by role */
static struct ov_pin pins[2];
static struct ov_handshake hs[2];
static uint8_t chance[2][OV_KEY];

static void set_up_nodes(enum ov_pattern pattern)
{
    static const char *const names[] = {"node-a", "node-b"};
    for (unsigned i = 0; i < 2; i++) {
        self[i] = (struct ov_self){.ident = {.boot = 0xa0 + i, .session = 1 + i},
                                   .version_min = 1,
                                   .version_max = 3,
                                   .max_frame = i == 0 ? OV_FRAME_MAX : 65536,
                                   .pattern = pattern,
                                   .ntokens = 1,
                                   .pins = pins,
                                   .npins = 2};
        strcpy(self[i].ident.node, names[i]);
        strcpy(pins[i].node, names[i]);
        memset(self[i].psks[0], 0x77, OV_KEY);
        memset(self[i].static_secret, 0x51 + (int)i, OV_KEY);
        memset(chance[i], 0xc1 + (int)i, OV_KEY);
        assert_int_equal(ov_public_key(pins[i].key, self[i].static_secret), 0);
    }
    if (pattern == OV_PATTERN_NONE)
        self[0].ntokens = self[1].ntokens = 0;
}

static void begin_as(enum ov_plane plane, const char *to)
{
    struct ov_dial dial = {.to = to, .plane = plane, .number = 42};
    assert_int_equal(ov_handshake_dial(&hs[0], &self[0], &dial, chance[0]), 0);
    ov_handshake_accept(&hs[1], &self[1], chance[1]);
}

static void begin(enum ov_pattern pattern)
{
    set_up_nodes(pattern);
    begin_as(OV_CONTROL, "node-b");
}

/* Gives what `from` has said to the other, in pieces of `step` bytes. */
static int pass(unsigned from, size_t step)
{
    uint8_t bytes[OV_HANDSHAKE_OUT];
    size_t len = hs[from].out_len, used;
    memcpy(bytes, hs[from].out, len);
    hs[from].out_len = 0;
    for (size_t at = 0; at < len; at += used) {
        int r =
            ov_handshake_take(&hs[1 - from], bytes + at, len - at < step ? len - at : step, &used);
        if (r != 0)
            return r;
        assert_true(used > 0);
    }
    return 0;
}

/* Until both are silent, or one refuses. */
static int talk(size_t step)
{
    for (unsigned from = 0; hs[0].out_len + hs[1].out_len > 0; from = 1 - from) {
        int r = pass(from, step);
        if (r != 0)
            return r;
    }
    return 0;
}

static void expect_peers(void)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct ov_peer *peer = ov_handshake_peer(&hs[i]);
        assert_non_null(peer);
        assert_true(ov_ident_same(&peer->ident, &self[1 - i].ident));
        assert_int_equal(peer->role, i == 0 ? OV_INITIATOR : OV_RESPONDER);
        assert_int_equal(peer->version, 3);
        assert_int_equal(peer->dial, 42);
        assert_int_equal(peer->plane, OV_CONTROL);
        assert_int_equal(peer->max_frame, self[1 - i].max_frame);
    }
}

/* What one seals, the other opens, in both directions. */
static void expect_ciphers(void)
{
    struct ov_cipher send[2], receive[2];
    uint8_t bytes[64];
    size_t len;
    for (unsigned i = 0; i < 2; i++) {
        ov_handshake_finish(&hs[i], &send[i], &receive[i]);
        assert_null(ov_handshake_peer(&hs[i]));
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(ov_record_seal(&send[i], "frames", 6, bytes, &len), 0);
        assert_int_equal(ov_record_open(&receive[1 - i], bytes, len, bytes, &len), 0);
        assert_memory_equal(bytes, "frames", 6);
    }
}

static void test_all_patterns(void **state)
{
    (void)state;
    for (unsigned pattern = 0; pattern < OV_PATTERN_COUNT; pattern++)
        for (size_t step = 1; step < 300; step += 59) {
            begin(pattern);
            assert_int_equal(talk(step), 0);
            expect_peers();
            expect_ciphers();
        }
}

/* Each side knows the other with the last message that it waits for, and not a byte earlier. */
static void check_when(enum ov_pattern pattern)
{
    begin(pattern);
    while (hs[0].out_len + hs[1].out_len > 0) {
        unsigned from = hs[0].out_len == 0;
        uint8_t bytes[OV_HANDSHAKE_OUT];
        uint32_t len = hs[from].out_len;
        size_t used;
        memcpy(bytes, hs[from].out, len);
        hs[from].out_len = 0;
        for (uint32_t i = 0; i < len; i++) {
            assert_null(ov_handshake_peer(&hs[1 - from]));
            assert_int_equal(ov_handshake_take(&hs[1 - from], bytes + i, 1, &used), 0);
            assert_int_equal(used, 1);
        }
        assert_true(ov_handshake_peer(&hs[1]) != NULL || ov_handshake_peer(&hs[0]) == NULL);
    }
    expect_peers();
}

static void test_known_with_the_last_byte(void **state)
{
    (void)state;
    for (unsigned pattern = 0; pattern < OV_PATTERN_COUNT; pattern++)
        check_when(pattern);
}

static void test_bytes_behind_it_are_left(void **state)
{
    uint8_t bytes[OV_HANDSHAKE_OUT + 3];
    size_t used;

    (void)state;
    begin(OV_PATTERN_NNPSK0);
    assert_int_equal(pass(0, 1000), 0);
    assert_int_equal(pass(1, 1000), 0);
    memcpy(bytes, hs[0].out, hs[0].out_len);
    memset(bytes + hs[0].out_len, 7, 3);
    assert_int_equal(ov_handshake_take(&hs[1], bytes, hs[0].out_len + 3, &used), 0);
    assert_int_equal(used, hs[0].out_len);
    assert_non_null(ov_handshake_peer(&hs[1]));
    assert_int_equal(ov_handshake_take(&hs[1], "abc", 3, &used), 0);
    assert_int_equal(used, 0);
}

/* ---- refused ---- */

static bool is_zero(const void *bytes, size_t len)
{
    return sodium_is_zero(bytes, len) == 1;
}

static void expect_refused(unsigned who, enum ov_refusal refusal)
{
    size_t used;
    assert_string_equal(ov_refusal_text(hs[who].refusal), ov_refusal_text(refusal));
    assert_int_equal(hs[who].state, OV_REFUSED);
    assert_null(ov_handshake_peer(&hs[who]));
    assert_int_equal(ov_handshake_take(&hs[who], "more", 4, &used), ov_refusal_result(refusal));
    assert_int_equal(used, 0);
    assert_true(is_zero(&hs[who].noise, sizeof hs[who].noise));
    assert_true(is_zero(&hs[who].send, sizeof hs[who].send));
    assert_true(is_zero(&hs[who].receive, sizeof hs[who].receive));
    assert_true(is_zero(&hs[who].claim, sizeof hs[who].claim));
    assert_true(is_zero(hs[who].ephemeral, OV_KEY));
}

/* Each bit of what is said, turned over: neither is fooled. Where the length before a message was
 * made longer, the reader waits for more, which its deadline ends. */
static void check_changed(enum ov_pattern pattern)
{
    uint32_t lens[8], n = 0;
    begin(pattern);
    for (unsigned from = 0; hs[from].out_len > 0; from = 1 - from) {
        lens[n++] = hs[from].out_len;
        assert_int_equal(pass(from, 1000), 0);
    }
    for (uint32_t turn = 0; turn < n; turn++)
        for (uint32_t bit = 0; bit < 8 * lens[turn]; bit++) {
            begin(pattern);
            for (uint32_t i = 0; i < turn; i++)
                assert_int_equal(pass(i % 2, 1000), 0);
            hs[turn % 2].out[bit / 8] ^= (uint8_t)(1u << bit % 8);
            int r = pass(turn % 2, 1000);
            assert_null(ov_handshake_peer(&hs[1 - turn % 2]));
            assert_true(r != 0 || hs[1 - turn % 2].in_len > 0);
        }
}

static void test_changed(void **state)
{
    (void)state;
    check_changed(OV_PATTERN_NNPSK0);
    check_changed(OV_PATTERN_XXPSK3);
}

static void test_another_token(void **state)
{
    (void)state;
    for (unsigned pattern = OV_PATTERN_NNPSK0; pattern <= OV_PATTERN_XXPSK3; pattern++) {
        begin(pattern);
        self[1].psks[0][31] ^= 1;
        assert_int_equal(talk(1000), AX_E_NOT_ALLOWED);
        expect_refused(1, OV_REFUSED_TOKEN);
        assert_int_equal(hs[1].out_len, 0);
    }
}

/* A token that is being replaced: dials use the first, and any is taken. */
static void test_rotation(void **state)
{
    (void)state;
    for (unsigned pattern = OV_PATTERN_NNPSK0; pattern <= OV_PATTERN_XXPSK3; pattern++)
        for (unsigned at = 0; at < 3; at++) {
            begin(pattern);
            memset(self[1].psks, 0x11, sizeof self[1].psks);
            memset(self[1].psks[at], 0x77, OV_KEY);
            self[1].ntokens = 3;
            assert_int_equal(talk(1000), 0);
            expect_peers();
            assert_int_equal(ov_handshake_peer(&hs[1])->token, at);
            expect_ciphers();
        }
    begin(OV_PATTERN_NNPSK0);
    memset(self[1].psks[0], 0x11, OV_KEY);
    memset(self[1].psks[1], 0x77, OV_KEY); /* there, but not counted */
    assert_int_equal(talk(1000), AX_E_NOT_ALLOWED);
}

/* With a token on one side only they refuse each other, whoever dials. */
static void test_token_on_one_side(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        set_up_nodes(OV_PATTERN_NNPSK0);
        self[i].pattern = OV_PATTERN_NONE;
        begin_as(OV_CONTROL, "node-b");
        assert_int_equal(talk(1000), AX_E_NOT_ALLOWED);
        expect_refused(1, OV_REFUSED_PATTERN);
    }
}

static void test_pins(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) { /* another key than what is pinned */
        begin(OV_PATTERN_XXPSK3);
        pins[i].key[0] ^= 1;
        assert_int_equal(talk(1000), AX_E_NOT_ALLOWED);
        expect_refused(1 - i, OV_REFUSED_PIN);
    }
    begin(OV_PATTERN_XXPSK3); /* the key of another node that is known */
    assert_int_equal(ov_public_key(pins[0].key, self[1].static_secret), 0);
    assert_int_equal(ov_public_key(pins[1].key, self[0].static_secret), 0);
    assert_int_equal(talk(1000), AX_E_NOT_ALLOWED);
    expect_refused(0, OV_REFUSED_PIN);
    begin(OV_PATTERN_XXPSK3); /* none */
    self[1].npins = 0;
    assert_int_equal(talk(1000), AX_E_NOT_ALLOWED);
    expect_refused(1, OV_REFUSED_PIN);
}

/* A pin that is taken back while its handshake is under way: what goes on is refused, also of the
 * last that each side hears, when the peer's key has been seen to be the right one. */
static void test_pin_is_taken_back(void **state)
{
    uint8_t bytes[OV_HANDSHAKE_OUT];
    size_t len, used, at = 0;
    (void)state;
    begin(OV_PATTERN_XXPSK3);
    assert_int_equal(pass(0, 1000), 0);
    assert_int_equal(pass(1, 1000), 0);
    len = hs[0].out_len;
    memcpy(bytes, hs[0].out, len);
    while (hs[1].state != OV_WAIT_CONFIRM)
        assert_int_equal(ov_handshake_take(&hs[1], bytes + at++, 1, &used), 0);
    assert_true(at < len);
    pins[0].key[0] ^= 1;
    assert_int_equal(ov_handshake_take(&hs[1], bytes + at, len - at, &used), AX_E_NOT_ALLOWED);
    expect_refused(1, OV_REFUSED_PIN);
    begin(OV_PATTERN_XXPSK3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pass(i % 2, 1000), 0);
    pins[1].key[0] ^= 1;
    assert_int_equal(pass(1, 1000), AX_E_NOT_ALLOWED);
    expect_refused(0, OV_REFUSED_PIN);
}

/* The one error that is told. */
static void test_no_common_version(void **state)
{
    (void)state;
    for (unsigned pattern = 0; pattern < OV_PATTERN_COUNT; pattern++) {
        set_up_nodes(pattern);
        self[1].version_min = self[1].version_max = 4;
        begin_as(OV_DATA, "node-b");
        assert_int_equal(pass(0, 1000), AX_E_UNSUPPORTED);
        expect_refused(1, OV_REFUSED_VERSION);
        assert_int_equal(pass(1, 1000), AX_E_UNSUPPORTED);
        expect_refused(0, OV_REFUSED_VERSION);
    }
    set_up_nodes(OV_PATTERN_NNPSK0);
    self[1].version_max = 2;
    begin_as(OV_DATA, "node-b");
    assert_int_equal(talk(1000), 0);
    assert_int_equal(ov_handshake_peer(&hs[0])->version, 2);
    assert_int_equal(ov_handshake_peer(&hs[1])->plane, OV_DATA);
}

static void test_names(void **state)
{
    struct ov_dial dial = {.to = "node-a", .plane = OV_CONTROL};
    (void)state;
    set_up_nodes(OV_PATTERN_NNPSK0);
    begin_as(OV_CONTROL, "node-c");
    assert_int_equal(talk(1000), AX_E_PROTOCOL);
    expect_refused(1, OV_REFUSED_TARGET);
    assert_int_equal(ov_handshake_dial(&hs[0], &self[0], &dial, chance[0]), AX_E_INVALID);
    dial.to = "b@boot-1-session-1";
    assert_int_equal(ov_handshake_dial(&hs[0], &self[0], &dial, chance[0]), AX_E_INVALID);
    dial.to = "node-b";
    strcpy(self[0].ident.node, "a@boot-1-session-1");
    assert_int_equal(ov_handshake_dial(&hs[0], &self[0], &dial, chance[0]), AX_E_INVALID);
    strcpy(self[0].ident.node, "node-b"); /* claims to be the other */
    strcpy(self[1].ident.node, "node-a");
    begin_as(OV_CONTROL, "node-a");
    strcpy(self[1].ident.node, "node-b");
    assert_int_equal(talk(1000), AX_E_PROTOCOL);
    expect_refused(1, OV_REFUSED_MYSELF);
}

/* What a node has said, given back to it: as a dial, and as the answer to its dial. */
static void test_reflection(void **state)
{
    uint8_t bytes[OV_HANDSHAKE_OUT];
    uint32_t len;
    size_t used;

    (void)state;
    begin(OV_PATTERN_NNPSK0);
    len = hs[0].out_len;
    memcpy(bytes, hs[0].out, len);
    ov_handshake_accept(&hs[1], &self[0], chance[1]);
    assert_int_equal(ov_handshake_take(&hs[1], bytes, len, &used), AX_E_PROTOCOL);
    expect_refused(1, OV_REFUSED_MYSELF);
    assert_int_equal(ov_handshake_take(&hs[0], bytes + len - 50, 50, &used), AX_E_NOT_ALLOWED);
    expect_refused(0, OV_REFUSED_TOKEN);
}

/* All that was said to a node, again: it answers, with another key, and knows nobody. */
static void test_replay(void **state)
{
    uint8_t said[2][OV_HANDSHAKE_OUT];
    uint32_t len[2];
    size_t used;

    (void)state;
    begin(OV_PATTERN_NNPSK0);
    for (unsigned i = 0; i < 2; i++) {
        len[i] = hs[0].out_len;
        memcpy(said[i], hs[0].out, len[i]);
        assert_int_equal(pass(0, 1000), 0);
        if (i == 0)
            assert_int_equal(pass(1, 1000), 0);
    }
    assert_non_null(ov_handshake_peer(&hs[1]));
    memset(chance[1], 0xc3, OV_KEY);
    ov_handshake_accept(&hs[1], &self[1], chance[1]);
    assert_int_equal(ov_handshake_take(&hs[1], said[0], len[0], &used), 0);
    assert_null(ov_handshake_peer(&hs[1]));
    assert_int_equal(ov_handshake_take(&hs[1], said[1], len[1], &used), AX_E_NOT_ALLOWED);
    expect_refused(1, OV_REFUSED_TOKEN);
}

/* The hello is held against what was said before. */
static void test_hello_must_hold(void **state)
{
    struct ov_ident other = {"node-c", 1, 1};
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        begin(OV_PATTERN_NNPSK0);
        assert_int_equal(pass(0, 1000), 0);
        switch (i) { /* what who has dialled is going to say */
        case 0:
            hs[0].session++;
            break;
        case 1:
            self[0].ident.boot++;
            break;
        case 2:
            self[0].ident = other;
            break;
        case 3:
            self[0].max_frame = OV_FRAME_MIN_MAX - 1;
            break;
        default:
            hs[1].claim.version--; /* and what who was dialled had chosen */
        }
        assert_int_equal(pass(1, 1000), 0);
        assert_int_equal(pass(0, 1000), AX_E_PROTOCOL);
        expect_refused(1, OV_REFUSED_HELLO);
    }
    begin(OV_PATTERN_NNPSK0);
    assert_int_equal(pass(0, 1000), 0);
    assert_int_equal(pass(1, 1000), 0);
    self[1].ident = other; /* the answer comes from somebody else */
    assert_int_equal(pass(0, 1000), 0);
    assert_int_equal(pass(1, 1000), AX_E_PROTOCOL);
    expect_refused(0, OV_REFUSED_HELLO);
}

static void test_preambles(void **state)
{
    static const struct {
        unsigned at;
        uint8_t value;
        enum ov_refusal refusal;
    } rows[] = {
        {0, 'A', OV_REFUSED_PREAMBLE}, {7, 0, OV_REFUSED_PREAMBLE},  {8, 43, OV_REFUSED_PREAMBLE},
        {9, 1, OV_REFUSED_PREAMBLE},   {10, 2, OV_REFUSED_PATTERN},  {11, 0, OV_REFUSED_PLANE},
        {11, 3, OV_REFUSED_PLANE},     {12, 0, OV_REFUSED_PREAMBLE}, {12, 4, OV_REFUSED_PREAMBLE},
        {24, 0, OV_REFUSED_PREAMBLE},  {32, 0, OV_REFUSED_PREAMBLE}, {40, 0, OV_REFUSED_NAME},
        {40, 200, OV_REFUSED_NAME},    {40, 5, OV_REFUSED_NAME},     {41, 0xff, OV_REFUSED_NAME},
        {48, '\n', OV_REFUSED_NAME},   {47, 5, OV_REFUSED_PREAMBLE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(OV_PATTERN_NNPSK0);
        hs[0].out[rows[i].at] = rows[i].value;
        assert_int_not_equal(pass(0, 1000), 0);
        expect_refused(1, rows[i].refusal);
    }
}

/* No more than 1 KiB is taken, however slowly it comes. */
static void test_too_long(void **state)
{
    uint8_t bytes[2] = {0xff, 0xff};
    size_t used;

    (void)state;
    begin(OV_PATTERN_NNPSK0);
    assert_int_equal(ov_handshake_take(&hs[0], bytes, 2, &used), 0);
    assert_int_equal(ov_handshake_take(&hs[0], bytes, 1, &used), AX_E_PROTOCOL);
    expect_refused(0, OV_REFUSED_TOO_LONG);
    assert_true(sizeof hs[0] < 4096);
}

static void test_config_is_checked(void **state)
{
    struct ov_dial dial = {.to = "node-b", .plane = OV_CONTROL};
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        set_up_nodes(OV_PATTERN_NNPSK0);
        struct ov_self *s = &self[0];
        switch (i) {
        case 0:
            s->ident.boot = 0;
            break;
        case 1:
            s->ident.session = 0;
            break;
        case 2:
            s->version_min = 0;
            break;
        case 3:
            s->version_min = 4;
            break;
        case 4:
            s->max_frame = OV_FRAME_MIN_MAX - 1;
            break;
        case 5:
            s->max_frame = OV_FRAME_MAX + 1;
            break;
        case 6:
            s->ntokens = 0;
            break;
        default:
            s->ntokens = OV_TOKENS_MAX + 1;
        }
        assert_int_equal(ov_handshake_dial(&hs[0], s, &dial, chance[0]), AX_E_INVALID);
    }
}

static void test_refusals_have_texts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OV_REFUSAL_COUNT; i++) {
        assert_true(strlen(ov_refusal_text(i)) > 3);
        assert_int_equal(ov_refusal_result(i) == 0, i == OV_REFUSED_NONE);
    }
    assert_string_equal(ov_refusal_text(OV_REFUSAL_COUNT), "?");
    assert_int_equal(ov_refusal_result(OV_REFUSAL_COUNT), AX_E_PROTOCOL);
}

static void test_wipe(void **state)
{
    size_t used;
    (void)state;
    begin(OV_PATTERN_XXPSK3);
    ov_handshake_wipe(&hs[0]);
    hs[0].state = 0;
    assert_true(is_zero(&hs[0], sizeof hs[0]));
    hs[0].state = OV_REFUSED;
    assert_int_equal(ov_handshake_take(&hs[0], "x", 1, &used), AX_E_NOT_ALLOWED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_patterns),
        cmocka_unit_test(test_known_with_the_last_byte),
        cmocka_unit_test(test_bytes_behind_it_are_left),
        cmocka_unit_test(test_changed),
        cmocka_unit_test(test_another_token),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_token_on_one_side),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_pin_is_taken_back),
        cmocka_unit_test(test_no_common_version),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_reflection),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_hello_must_hold),
        cmocka_unit_test(test_preambles),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_config_is_checked),
        cmocka_unit_test(test_refusals_have_texts),
        cmocka_unit_test(test_wipe),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
