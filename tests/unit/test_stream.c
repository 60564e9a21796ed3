/* SPDX-License-Identifier: MIT */
/* Records and frames of a connection that is up: whatever pieces they come in, what one has sent
 * the other reads, once and in order; what is not right ends the stream. */
#include "overlay/core/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX OV_FRAME_MAX
#define WIRE_ROOM (3u << 20)

static struct ov_stream one, other;
static uint8_t *in, *wire, *body;
static size_t wire_len;

static int set_up(void **state)
{
    (void)state;
    in = malloc(OV_STREAM_ROOM(MAX));
    wire = malloc(WIRE_ROOM);
    body = malloc(MAX);
    for (size_t i = 0; i < MAX; i++)
        body[i] = (uint8_t)(i * 31 + i / 251);
    one = (struct ov_stream){.send = {.keyed = true}, .peer_frame = MAX};
    memset(one.send.key, 0x5a, OV_KEY);
    other = (struct ov_stream){
        .receive = one.send, .plane = OV_DATA, .max_frame = MAX, .peer_frame = MAX, .in = in};
    wire_len = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(in);
    free(wire);
    free(body);
    return 0;
}

static struct ov_frame tell(uint64_t number, uint32_t len)
{
    struct ov_frame frame = {.kind = OV_TELL, .body = {body, len}};
    OV_SET(&frame, request, number);
    OV_SET(&frame, contract, 7);
    OV_SET(&frame, method, 1);
    OV_SET(&frame, actor, 9);
    return frame;
}

static void say(uint64_t number, uint32_t len)
{
    struct ov_frame frame = tell(number, len);
    size_t n;
    assert_int_equal(ov_stream_seal(&one, &frame, wire + wire_len, WIRE_ROOM - wire_len, &n), 0);
    wire_len += n;
}

/* Reads all of `wire` in pieces of `step` bytes; each frame must be the next one. */
static void expect_all(const uint32_t *lens, unsigned n, size_t step)
{
    struct ov_frame frame;
    unsigned seen = 0;
    for (size_t from = 0; from < wire_len; from += step) {
        size_t len = wire_len - from < step ? wire_len - from : step, used = 0;
        for (;;) {
            int r = ov_stream_next(&other, wire + from, len, &used, &frame);
            if (r == AX_E_BUSY) {
                ov_stream_compact(&other);
                continue;
            }
            assert_int_equal(r, 0);
            if (frame.kind == 0)
                break;
            assert_true(seen < n);
            assert_int_equal(frame.request, seen + 1);
            assert_int_equal(frame.body.len, lens[seen]);
            if (lens[seen] > 0)
                assert_memory_equal(frame.body.ptr, body, lens[seen]);
            seen++;
        }
        assert_int_equal(used, len);
    }
    assert_int_equal(seen, n);
}

static void test_in_any_pieces(void **state)
{
    static const uint32_t lens[] = {8, 1, 0, 300, 65400, 65520, 200000, 16, 1000000};
    static const size_t steps[] = {1, 2, 7, 4096, 65537, 1 << 20, 4 << 20};
    const unsigned n = sizeof lens / sizeof *lens;

    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (i > 0) {
            tear_down(state);
            set_up(state);
        }
        for (unsigned k = 0; k < n; k++)
            say(k + 1, lens[k]);
        expect_all(lens, n, steps[i]);
    }
}

/* Frames that were given out stay where they are until they are forgotten. */
static void test_frames_stay_until_forgotten(void **state)
{
    struct ov_frame frame[3];
    size_t used = 0;

    (void)state;
    for (unsigned i = 1; i <= 3; i++)
        say(i, 600000);
    assert_int_equal(ov_stream_next(&other, wire, wire_len, &used, &frame[0]), 0);
    assert_int_equal(ov_stream_next(&other, wire, wire_len, &used, &frame[1]), AX_E_BUSY);
    assert_memory_equal(frame[0].body.ptr, body, 600000);
    ov_stream_compact(&other);
    assert_int_equal(ov_stream_next(&other, wire, wire_len, &used, &frame[1]), 0);
    assert_int_equal(frame[1].request, 2);
}

/* Many frames in one record, as another implementation may write them. */
static void test_many_in_one_record(void **state)
{
    uint8_t plain[1000];
    uint32_t at = 0, size;
    size_t len;
    static const uint32_t lens[] = {8, 8, 8};

    (void)state;
    for (unsigned i = 1; i <= 3; i++) {
        struct ov_frame frame = tell(i, 8);
        assert_int_equal(ov_frame_encode(&frame, plain + at, sizeof plain - at, &size), 0);
        at += size;
    }
    assert_int_equal(ov_record_seal(&one.send, plain, at, wire + 2, &len), 0);
    wire[0] = (uint8_t)len;
    wire[1] = (uint8_t)(len >> 8);
    wire_len = len + 2;
    expect_all(lens, 3, 1);
}

static void test_limits(void **state)
{
    struct ov_frame frame = tell(1, 5000);
    size_t len;
    uint64_t before = one.send.n;

    (void)state;
    one.peer_frame = 4096;
    assert_int_equal(ov_stream_seal(&one, &frame, wire, WIRE_ROOM, &len), AX_E_TOO_BIG);
    one.peer_frame = MAX;
    assert_int_equal(ov_stream_seal(&one, &frame, wire, 5000, &len), AX_E_LIMIT);
    assert_int_equal(ov_stream_seal(&one, &frame, wire, 1, &len), AX_E_LIMIT);
    frame.kind = OV_GOODBYE;
    assert_int_equal(ov_stream_seal(&one, &frame, wire, WIRE_ROOM, &len), AX_E_INVALID);
    assert_int_equal(one.send.n, before);
    /* what OV_SEALED_ROOM says is enough, to the byte */
    for (uint32_t body_len = 65300; body_len < 65700; body_len += 8) {
        uint8_t plain[70000];
        uint32_t size;
        frame = tell(1, body_len);
        assert_int_equal(ov_frame_encode(&frame, plain, sizeof plain, &size), 0);
        assert_int_equal(ov_stream_seal(&one, &frame, wire, OV_SEALED_ROOM(size), &len), 0);
        assert_true(len <= OV_SEALED_ROOM(size));
    }
}

static void expect_end(int result)
{
    struct ov_frame frame;
    size_t used = 0;
    assert_int_equal(ov_stream_next(&other, wire, wire_len, &used, &frame), result);
}

static void test_ends(void **state)
{
    say(1, 8);
    wire[10] ^= 1; /* changed */
    expect_end(AX_E_INVALID);
    tear_down(state), set_up(state);
    say(1, 8);
    say(2, 8);
    memmove(wire, wire + wire_len / 2, wire_len / 2); /* one left out */
    expect_end(AX_E_INVALID);
    tear_down(state), set_up(state);
    wire[0] = wire[1] = 0; /* no record is empty */
    wire_len = 2;
    expect_end(AX_E_PROTOCOL);
    tear_down(state), set_up(state);
    other.max_frame = 4096; /* larger than is taken */
    say(1, 5000);
    expect_end(AX_E_TOO_BIG);
    tear_down(state), set_up(state);
    other.plane = OV_CONTROL; /* a tell rides the data plane */
    say(1, 8);
    expect_end(AX_E_PROTOCOL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_in_any_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_frames_stay_until_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_in_one_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
