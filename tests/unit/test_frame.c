/* SPDX-License-Identifier: MIT */
/* The codec of frames: there and back for each kind, the bytes that ax_wire(7) says, and each
 * fault. */
#include "overlay/core/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AX_CONTRACT note
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(jot, (u32, page, str, line))                                                              \
    ASK(look, (u32, page), (bool, found))
#include <ax/contract.h>

#define SPAN(text) ((struct ax_span){(text), sizeof(text) - 1})
#define ID "node-a@boot-abc-session-1"

/* ---- writing frames by hand ---- */

struct bytes {
    uint32_t len;
    uint8_t data[1024];
};

static void add(struct bytes *b, const void *data, size_t len)
{
    memcpy(b->data + b->len, data, len);
    b->len += (uint32_t)len;
}

static void header(struct bytes *b, unsigned kind, unsigned flags)
{
    memset(b, 0, sizeof *b);
    b->len = OV_FRAME_HEADER;
    b->data[4] = (uint8_t)kind;
    b->data[5] = (uint8_t)flags;
}

static void field(struct bytes *b, unsigned tag, const void *value, uint16_t len)
{
    uint8_t head[] = {(uint8_t)tag, (uint8_t)(tag >> 8), (uint8_t)len, (uint8_t)(len >> 8)};
    add(b, head, sizeof head);
    add(b, value, len);
}

static void number(struct bytes *b, unsigned tag, uint64_t value, uint16_t len)
{
    uint8_t digits[8];
    for (unsigned i = 0; i < 8; i++)
        digits[i] = (uint8_t)(value >> (8 * i));
    field(b, tag, digits, len);
}

static void end_fields(struct bytes *b)
{
    b->data[6] = (uint8_t)(b->len - OV_FRAME_HEADER);
    b->data[7] = (uint8_t)((b->len - OV_FRAME_HEADER) >> 8);
}

/* Decodes from memory that ends where the frame does. */
static enum ov_fault decode(struct bytes *b, enum ov_plane plane, struct ov_frame *frame)
{
    for (unsigned i = 0; i < 4; i++)
        b->data[i] = (uint8_t)(b->len >> (8 * i));
    uint8_t *copy = malloc(b->len);
    assert_non_null(copy);
    memcpy(copy, b->data, b->len);
    enum ov_fault fault = ov_frame_decode(copy, b->len, plane, frame);
    free(copy);
    return fault;
}

static void expect_fault(struct bytes *b, enum ov_plane plane, enum ov_fault want)
{
    static const struct ov_frame nothing;
    struct ov_frame frame;
    assert_string_equal(ov_fault_text(decode(b, plane, &frame)), ov_fault_text(want));
    if (want != OV_FAULT_NONE)
        assert_memory_equal(&frame, &nothing, sizeof nothing);
}

/* A heartbeat whose fields are not ended yet. */
static void heartbeat(struct bytes *b)
{
    header(b, OV_HEARTBEAT, 0);
    number(b, OV_TAG_sequence, 7, 8);
}

static void expect_field_fault(struct bytes *b, enum ov_fault want)
{
    end_fields(b);
    expect_fault(b, OV_CONTROL, want);
}

/* ---- there and back ---- */

static struct ov_frame full;

static void set_up_full(void)
{
    full = (struct ov_frame){.body = SPAN("a body")};
    OV_SET(&full, request, 0x0102030405060708);
    OV_SET(&full, timeout, 2000000000);
    OV_SET(&full, status, AX_E_STALE);
    OV_SET(&full, version, 1);
    OV_SET(&full, session, SPAN(ID));
    OV_SET(&full, max_frame, OV_FRAME_MAX);
    OV_SET(&full, registry, SPAN("users"));
    OV_SET(&full, shard, 12);
    OV_SET(&full, epoch, 3);
    OV_SET(&full, key, SPAN("al\0ha"));
    OV_SET(&full, actor, 0xfedcba9876543210);
    OV_SET(&full, endpoint, SPAN("door"));
    OV_SET(&full, contract, 0x1122334455667788);
    OV_SET(&full, method, 0xabcd);
    OV_SET(&full, sender, 9);
    OV_SET(&full, answer, true);
    OV_SET(&full, monitor, 10);
    OV_SET(&full, final, false);
    OV_SET(&full, reason, 10);
    OV_SET(&full, incarnation, 11);
    OV_SET(&full, restart, true);
    OV_SET(&full, sequence, 0);
    OV_SET(&full, owner, SPAN("b@boot-1-session-2"));
    OV_SET(&full, retry, 13);
    OV_SET(&full, last, true);
    OV_SET(&full, detail, SPAN("n\xc3\xb6"));
}

static void expect_same(const struct ov_frame *a, const struct ov_frame *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->response, b->response);
    assert_true(a->has == b->has);
#define SAME_U8(name) assert_true(a->name == b->name)
#define SAME_U16 SAME_U8
#define SAME_U32 SAME_U8
#define SAME_U64 SAME_U8
#define SAME_ID SAME_U8
#define SAME_BOOL SAME_U8
#define SAME_BYTES(name)                                                                           \
    assert_int_equal(a->name.len, b->name.len);                                                    \
    assert_memory_equal(a->name.ptr, b->name.ptr, a->name.len)
#define SAME_TEXT SAME_BYTES
#define SAME_SESSION SAME_BYTES
#define SAME(name, tag, type, max)                                                                 \
    if (a->has & OV_HAS(name)) {                                                                   \
        SAME_##type(name);                                                                         \
    }
    OV_FIELDS(SAME)
    assert_int_equal(a->body.len, b->body.len);
    if (a->body.len > 0)
        assert_memory_equal(a->body.ptr, b->body.ptr, a->body.len);
}

static struct ov_frame of_kind(unsigned kind, bool response, uint64_t has)
{
    struct ov_frame frame = full;
    frame.kind = kind;
    frame.response = response;
    frame.has = has;
    frame.body.len = 0;
    return frame;
}

#define H OV_HAS
#define SHARD (H(registry) | H(shard) | H(epoch))
#define TARGET_KEY (SHARD | H(key))

/* A frame of each kind with all that it must have, and what else it may have. */
static const struct {
    unsigned kind;
    bool response, body;
    uint64_t must, more;
} rows[] = {
    {OV_HELLO, 0, 0, H(version) | H(session) | H(max_frame), H(detail)},
    {OV_HELLO, 1, 0, H(status), H(version) | H(session) | H(max_frame) | H(detail)},
    {OV_ENSURE, 0, 0, H(request) | H(timeout) | TARGET_KEY | H(contract), 0},
    {OV_ENSURE, 1, 0, H(request) | H(status), H(actor) | H(incarnation) | H(detail)},
    {OV_TELL, 0, 1, H(request) | H(contract) | H(method) | TARGET_KEY, H(sender) | H(answer)},
    {OV_TELL, 0, 1, H(request) | H(contract) | H(method) | H(actor), H(sender) | H(answer)},
    {OV_TELL, 1, 0, H(request) | H(status), H(detail)},
    {OV_ASK, 0, 1, H(request) | H(timeout) | H(contract) | H(method) | H(endpoint), H(sender)},
    {OV_ASK, 1, 1, H(request) | H(status), H(detail)},
    {OV_MONITOR, 0, 0, H(request) | H(monitor) | H(actor) | SHARD, H(final)},
    {OV_MONITOR, 1, 0, H(request) | H(status), H(detail)},
    {OV_DEMONITOR, 0, 0, H(request) | H(monitor), 0},
    {OV_DEMONITOR, 1, 0, H(request) | H(status), H(detail)},
    {OV_DOWN, 0, 0, H(request) | H(monitor) | H(reason), H(incarnation) | H(restart) | H(detail)},
    {OV_DOWN, 1, 0, H(request) | H(status), H(detail)},
    {OV_HEARTBEAT, 0, 0, H(sequence), 0},
    {OV_HEARTBEAT, 1, 0, H(sequence), 0},
    {OV_MOVED, 0, 0, H(request) | SHARD, H(owner)},
    {OV_BUSY, 0, 0, H(request), H(retry)},
    {OV_GOODBYE, 0, 0, H(status) | H(last), H(detail)},
    {OV_READY, 0, 0, 0, H(detail)},
    {OV_RELEASED, 0, 0, SHARD, 0},
};
#define ROWS (sizeof rows / sizeof *rows)

static struct ov_frame of_row(size_t i)
{
    struct ov_frame frame = of_kind(rows[i].kind, rows[i].response, rows[i].must | rows[i].more);
    if (rows[i].body)
        frame.body = full.body;
    return frame;
}

static enum ov_plane plane_of(const struct ov_frame *frame)
{
    enum ov_plane plane = ov_frame_plane(frame->kind, frame->response);
    return plane != OV_EITHER ? plane : OV_CONTROL;
}

static void test_there_and_back(void **state)
{
    unsigned seen = 0;
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct ov_frame frame = of_row(i), back;
        struct bytes b = {0};
        uint32_t size, need;
        assert_int_equal(ov_frame_encode(&frame, b.data, sizeof b.data, &b.len), 0);
        assert_int_equal(ov_frame_size(b.data, b.len, OV_FRAME_MAX, &size), OV_FAULT_NONE);
        assert_int_equal(size, b.len);
        assert_int_equal(ov_frame_decode(b.data, b.len, plane_of(&frame), &back), OV_FAULT_NONE);
        expect_same(&frame, &back);
        if (back.body.len > 0)
            assert_int_equal(((const uint8_t *)back.body.ptr - b.data) % 8, 0);
        for (size_t cap = 0; cap < size; cap++) { /* and nothing is written beyond it */
            uint8_t *buf = malloc(cap + 1);
            assert_int_equal(ov_frame_encode(&frame, buf, cap, &need), AX_E_TOO_BIG);
            assert_int_equal(need, size);
            free(buf);
        }
        seen |= 1u << frame.kind;
    }
    for (unsigned kind = 1; kind < OV_KIND_COUNT; kind++)
        assert_true(seen >> kind & 1);
}

/* Without one of the fields that it must have, no frame is written, and none is read. */
static void test_missing_fields(void **state)
{
    uint32_t size;

    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (uint64_t left = rows[i].must | rows[i].more; left != 0; left &= left - 1) {
            struct ov_frame frame = of_row(i);
            uint8_t buf[1024];
            frame.has &= ~(left & -left);
            assert_int_equal(ov_frame_encode(&frame, buf, sizeof buf, &size),
                             (rows[i].must & left & -left) != 0 ? AX_E_INVALID : 0);
        }
    struct bytes b;
    header(&b, OV_DEMONITOR, 0);
    number(&b, OV_TAG_request, 1, 8);
    expect_field_fault(&b, OV_FAULT_FIELD_MISSING);
}

/* What ax_wire(7) shows in EXAMPLES. */
static void test_the_bytes_of_the_manual(void **state)
{
    static const uint8_t want[] = {
        0x40, 0, 0, 0, 3,    0,    0x2a, 0,                            /* header */
        1,    0, 8, 0, 0x2a, 0,    0,    0,    0,    0,    0,    0,    /* request 42 */
        0x0b, 0, 8, 0, 1,    0,    0,    0,    5,    0,    0,    1,    /* actor 1.5.1 */
        0x0d, 0, 8, 0, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, /* contract */
        0x0e, 0, 2, 0, 2,    0,                                        /* method 2 */
        0,    0, 0, 0, 0,    0,                                        /* padding */
        1,    2, 3, 4, 5,    6,    7,    8,                            /* body */
    };
    struct ov_frame frame = {.kind = OV_TELL};
    struct bytes b = {0};

    (void)state;
    OV_SET(&frame, request, 42);
    OV_SET(&frame, actor, 0x0100000500000001);
    OV_SET(&frame, contract, 0x0123456789abcdef);
    OV_SET(&frame, method, 2);
    frame.body = (struct ax_span){"\1\2\3\4\5\6\7\10", 8};
    assert_int_equal(ov_frame_encode(&frame, b.data, sizeof b.data, &b.len), 0);
    assert_int_equal(b.len, sizeof want);
    assert_memory_equal(b.data, want, sizeof want);
}

/* ---- faults ---- */

static void test_sizes(void **state)
{
    struct bytes b;
    uint32_t size = 1;
    struct ov_frame frame;

    (void)state;
    for (size_t len = 0; len < 4; len++) {
        assert_int_equal(ov_frame_size("\377\377\377", len, 64, &size), OV_FAULT_NONE);
        assert_int_equal(size, 0);
    }
    assert_int_equal(ov_frame_size("\7\0\0\0", 4, 64, &size), OV_FAULT_SHORT);
    assert_int_equal(ov_frame_size("\101\0\0\0", 4, 64, &size), OV_FAULT_TOO_BIG);
    assert_int_equal(size, 0);
    assert_int_equal(ov_frame_size("\100\0\0\0", 4, 64, &size), OV_FAULT_NONE);
    assert_int_equal(size, 64);
    heartbeat(&b);
    end_fields(&b);
    assert_int_equal(decode(&b, OV_CONTROL, &frame), OV_FAULT_NONE);
    for (uint32_t len = 0; len < b.len; len++)
        assert_int_equal(ov_frame_decode(b.data, len, OV_CONTROL, &frame), OV_FAULT_SHORT);
    for (b.len = 8; b.len < 20; b.len++) /* and its size says so, too */
        expect_fault(&b, OV_CONTROL, OV_FAULT_SHORT);
}

static void test_kinds_and_flags(void **state)
{
    struct bytes b;
    struct ov_frame frame;

    (void)state;
    for (unsigned kind = 0; kind < 256; kind++)
        if (kind == 0 || kind >= OV_KIND_COUNT) {
            header(&b, kind, 0);
            expect_fault(&b, OV_CONTROL, OV_FAULT_KIND);
            header(&b, kind, OV_FLAG_RESPONSE);
            expect_fault(&b, OV_CONTROL, OV_FAULT_KIND);
            header(&b, kind, OV_FLAG_SKIP);
            assert_int_equal(decode(&b, OV_CONTROL, &frame), OV_FAULT_NONE);
            assert_int_equal(frame.kind, 0);
        }
    for (unsigned flag = 4; flag < 256; flag *= 2) {
        heartbeat(&b);
        b.data[5] = (uint8_t)flag;
        expect_field_fault(&b, OV_FAULT_FLAGS);
    }
    for (unsigned kind = OV_MOVED; kind <= OV_RELEASED; kind++) {
        header(&b, kind, OV_FLAG_RESPONSE | OV_FLAG_SKIP);
        expect_fault(&b, OV_CONTROL, OV_FAULT_DIRECTION);
    }
    assert_string_equal(ov_kind_name(OV_ASK), "ask");
    assert_string_equal(ov_kind_name(0), "?");
    assert_string_equal(ov_kind_name(OV_KIND_COUNT), "?");
}

/* All but tells and asks themselves ride the control plane; greetings are of both. */
static void test_planes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct ov_frame frame = of_row(i);
        struct bytes b;
        enum ov_plane other = plane_of(&frame) == OV_DATA ? OV_CONTROL : OV_DATA;
        bool either = frame.kind == OV_HELLO || frame.kind == OV_GOODBYE;
        bool data = !frame.response && (frame.kind == OV_TELL || frame.kind == OV_ASK);
        assert_int_equal(ov_frame_encode(&frame, b.data, sizeof b.data, &b.len), 0);
        assert_int_equal(plane_of(&frame) == OV_DATA, data);
        expect_fault(&b, other, either ? OV_FAULT_NONE : OV_FAULT_PLANE);
    }
    assert_int_equal(ov_frame_plane(OV_KIND_COUNT, false), OV_EITHER);
}

static void test_order_of_fields(void **state)
{
    struct bytes b;
    (void)state;
    heartbeat(&b);
    number(&b, OV_TAG_sequence, 7, 8);
    expect_field_fault(&b, OV_FAULT_FIELD_ORDER);
    heartbeat(&b);
    number(&b, 1000, 7, 2);
    number(&b, 999, 7, 2);
    expect_field_fault(&b, OV_FAULT_FIELD_ORDER);
    header(&b, OV_HEARTBEAT, 0);
    number(&b, 0, 0, 0); /* there is no field 0 */
    expect_field_fault(&b, OV_FAULT_FIELD_ORDER);
}

static void test_fields_that_are_not_known(void **state)
{
    static const unsigned tags[] = {OV_TAG_COUNT, 999, 0x7fff, OV_TAG_last};
    struct bytes b;
    struct ov_frame frame;

    (void)state;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) { /* the last one: not of this kind */
        heartbeat(&b);
        field(&b, tags[i], "unknown", 7);
        end_fields(&b);
        assert_int_equal(decode(&b, OV_CONTROL, &frame), OV_FAULT_NONE);
        assert_true(frame.has == OV_HAS(sequence) && frame.sequence == 7);
        heartbeat(&b);
        field(&b, tags[i] | OV_TAG_MUST, "unknown", 7);
        expect_field_fault(&b, OV_FAULT_FIELD_UNKNOWN);
    }
    header(&b, OV_HEARTBEAT, 0); /* what is known may be marked as well */
    number(&b, OV_TAG_sequence | OV_TAG_MUST, 7, 8);
    expect_field_fault(&b, OV_FAULT_NONE);
}

static void test_fields_that_are_cut(void **state)
{
    struct bytes b;
    (void)state;
    for (uint32_t extra = 1; extra < 12; extra++) {
        heartbeat(&b);
        number(&b, 999, 0, 8);
        b.len -= 12 - extra;
        expect_field_fault(&b, OV_FAULT_FIELD_CUT);
    }
    heartbeat(&b);
    field(&b, 999, "", 0);
    b.data[b.len - 2] = b.data[b.len - 1] = 0xff;
    expect_field_fault(&b, OV_FAULT_FIELD_CUT);
}

static void test_sizes_of_fields(void **state)
{
    static const char text[256] = "long";
    struct bytes b;

    (void)state;
    for (uint16_t len = 0; len < 10; len++)
        if (len != 8) {
            header(&b, OV_HEARTBEAT, 0);
            number(&b, OV_TAG_sequence, 0, len < 8 ? len : 8);
            for (; b.len < OV_FRAME_HEADER + 4u + len; b.len++)
                b.data[OV_FRAME_HEADER + 2]++;
            expect_field_fault(&b, OV_FAULT_FIELD_SIZE);
        }
    for (unsigned i = 0; i < 2; i++) {
        header(&b, OV_HELLO, OV_FLAG_RESPONSE);
        number(&b, OV_TAG_status, 0, 1);
        field(&b, OV_TAG_detail, text, i == 0 ? 0 : 256);
        expect_field_fault(&b, OV_FAULT_FIELD_SIZE);
    }
}

static void test_values_of_fields(void **state)
{
    static const char *const details[] = {"\xff", "\xc3", "a\0b"};
    struct bytes b;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        header(&b, OV_HELLO, OV_FLAG_RESPONSE);
        number(&b, OV_TAG_status, 0, 1);
        field(&b, OV_TAG_detail, details[i], i < 2 ? 1 : 3);
        expect_field_fault(&b, OV_FAULT_FIELD_VALUE);
    }
    header(&b, OV_GOODBYE, 0);
    number(&b, OV_TAG_status, 0, 1);
    number(&b, OV_TAG_last, 2, 1);
    expect_field_fault(&b, OV_FAULT_FIELD_VALUE);
    header(&b, OV_BUSY, 0);
    number(&b, OV_TAG_request, 0, 8);
    expect_field_fault(&b, OV_FAULT_FIELD_VALUE);
    header(&b, OV_HELLO, 0);
    number(&b, OV_TAG_version, 1, 2);
    field(&b, OV_TAG_session, "node-a@boot-ABC-session-1", 25);
    number(&b, OV_TAG_max_frame, 4096, 4);
    expect_field_fault(&b, OV_FAULT_FIELD_VALUE);
}

static void test_targets(void **state)
{
    static const struct {
        uint64_t has;
        bool good;
    } cases[] = {
        {H(actor), true},
        {H(endpoint), true},
        {TARGET_KEY, true},
        {H(actor) | SHARD, true},
        {0, false},
        {H(key), false},
        {SHARD, false},
        {TARGET_KEY & ~H(epoch), false},
        {TARGET_KEY & ~H(shard), false},
        {TARGET_KEY & ~H(registry), false},
        {H(actor) | H(epoch), false},
        {H(actor) | H(endpoint), false},
        {H(actor) | TARGET_KEY, false},
        {H(endpoint) | SHARD, false},
        {H(endpoint) | TARGET_KEY, false},
    };
    struct bytes b;
    uint32_t size;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ov_frame frame = of_kind(OV_MONITOR, false, H(request) | H(monitor) | cases[i].has);
        assert_int_equal(ov_frame_encode(&frame, b.data, sizeof b.data, &size),
                         cases[i].good ? 0 : AX_E_INVALID);
    }
    header(&b, OV_MONITOR, 0);
    number(&b, OV_TAG_request, 1, 8);
    number(&b, OV_TAG_monitor, 1, 8);
    expect_field_fault(&b, OV_FAULT_TARGET);
}

static void test_bodies(void **state)
{
    struct ov_frame frame = of_kind(OV_ASK, true, H(request) | H(status));
    struct bytes b, good;
    uint32_t fields = OV_FRAME_HEADER + 12 + 5, begin = 32;

    (void)state;
    frame.body = SPAN("123456789");
    assert_int_equal(ov_frame_encode(&frame, good.data, sizeof good.data, &good.len), 0);
    assert_int_equal(good.len, begin + 9);
    for (uint32_t len = fields; len < good.len; len++) {
        b = good;
        b.len = len;
        expect_fault(&b, OV_CONTROL,
                     len > fields && len <= begin ? OV_FAULT_PADDING : OV_FAULT_NONE);
    }
    for (uint32_t i = fields; i < begin; i++) {
        b = good;
        b.data[i] = 1;
        expect_fault(&b, OV_CONTROL, OV_FAULT_PADDING);
    }
    heartbeat(&b);
    end_fields(&b);
    add(&b, "body", 4);
    expect_fault(&b, OV_CONTROL, OV_FAULT_BODY);
}

static void test_what_is_not_written(void **state)
{
    static char big[OV_FRAME_MAX + 16];
    struct ov_frame frame = of_kind(OV_HEARTBEAT, false, H(sequence) | H(detail));
    struct ov_frame texts = of_kind(OV_HELLO, true, H(status) | H(detail)), zero = of_row(6);
    uint32_t size;

    (void)state;
    assert_int_equal(ov_frame_encode(&frame, big, sizeof big, &size), AX_E_INVALID);
    frame.has = H(sequence);
    frame.body = SPAN("body");
    assert_int_equal(ov_frame_encode(&frame, big, sizeof big, &size), AX_E_INVALID);
    frame.kind = OV_KIND_COUNT;
    assert_int_equal(ov_frame_encode(&frame, big, sizeof big, &size), AX_E_INVALID);
    zero.request = 0;
    assert_int_equal(ov_frame_encode(&zero, big, sizeof big, &size), AX_E_INVALID);
    texts.detail = SPAN("\xff");
    assert_int_equal(ov_frame_encode(&texts, big, sizeof big, &size), AX_E_INVALID);
    texts.detail.len = 0;
    assert_int_equal(ov_frame_encode(&texts, big, sizeof big, &size), AX_E_INVALID);
    memset(big, 'x', 256);
    texts.detail = (struct ax_span){big, 256}; /* it may have 255 */
    assert_int_equal(ov_frame_encode(&texts, big + 256, sizeof big - 256, &size), AX_E_INVALID);
    frame = of_row(8);
    frame.body = (struct ax_span){calloc(1, OV_FRAME_MAX), OV_FRAME_MAX};
    assert_int_equal(ov_frame_encode(&frame, big, sizeof big, &size), AX_E_TOO_BIG);
    frame.body.len = OV_FRAME_MAX - 32;
    assert_int_equal(ov_frame_encode(&frame, big, sizeof big, &size), 0);
    assert_int_equal(size, OV_FRAME_MAX);
    frame.body.len += 8; /* there is room, but it is too long */
    assert_int_equal(ov_frame_encode(&frame, big, sizeof big, &size), AX_E_TOO_BIG);
    frame.body.len = OV_FRAME_MAX + 1;
    assert_int_equal(ov_frame_encode(&frame, big, sizeof big, &size), AX_E_INVALID);
    free((void *)frame.body.ptr);
}

/* A reason of later versions is another one. */
static void test_later_reasons(void **state)
{
    struct bytes b;
    struct ov_frame frame;

    (void)state;
    header(&b, OV_DOWN, 0);
    number(&b, OV_TAG_request, 1, 8);
    number(&b, OV_TAG_monitor, 1, 8);
    number(&b, OV_TAG_reason, 200, 1);
    end_fields(&b);
    assert_int_equal(decode(&b, OV_CONTROL, &frame), OV_FAULT_NONE);
    assert_int_equal(frame.reason, 13);
}

/* Each row of the tables stands in the manual. */
static void test_the_tables_of_the_manual(void **state)
{
    static char page[1 << 16];
    char path[4096], row[128];
    const char *root = getenv("AX_ROOT");
    static const char *const planes[] = {"either plane", "control", "data"};

    (void)state;
    snprintf(path, sizeof path, "%s/man/ax_wire.7", root != NULL ? root : ".");
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_in_range(fread(page, 1, sizeof page - 1, file), 1000, sizeof page - 2);
    fclose(file);
#define TYPE_U8(max) "u8"
#define TYPE_U16(max) "u16"
#define TYPE_U32(max) "u32"
#define TYPE_U64(max) "u64"
#define TYPE_ID(max) "id"
#define TYPE_BOOL(max) "bool"
#define TYPE_TEXT(max) "text " #max
#define TYPE_BYTES(max) "bytes " #max
#define TYPE_SESSION(max) "session"
#define IN_PAGE(name, tag, type, max)                                                              \
    assert_non_null(strstr(page, "\n.It " #tag " Ta " #name " Ta " TYPE_##type(max) " Ta "));
    OV_FIELDS(IN_PAGE)
    for (unsigned kind = 1; kind < OV_KIND_COUNT; kind++) {
        snprintf(row, sizeof row, "\n.It %u %s , No %s\n", kind, ov_kind_name(kind),
                 planes[ov_frame_plane(kind, false)]);
        assert_non_null(strstr(page, row));
    }
}

static void test_faults_have_texts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OV_FAULT_COUNT; i++) {
        assert_true(strlen(ov_fault_text(i)) > 3);
        assert_int_equal(ov_fault_result(i) == 0, i == OV_FAULT_NONE);
    }
    assert_string_equal(ov_fault_text(OV_FAULT_COUNT), "?");
    assert_int_equal(ov_fault_result(OV_FAULT_COUNT), AX_E_PROTOCOL);
}

/* ---- bodies against their contract ---- */

static void test_body_of_a_contract(void **state)
{
    struct {
        struct note_jot jot;
        char text[8];
    } image = {.jot = {.page = 3}, .text = "line"};
    struct note_look_reply reply = {.found = true};
    uint64_t hash = ax_contract_hash(&note_contract);
    struct ov_frame tell = {.kind = OV_TELL, .contract = hash, .method = 0},
                    answer = {.kind = OV_ASK, .response = true}, other;
    const struct ax_layout *layout;

    (void)state;
    image.jot.line = (struct ax_str){image.text - (char *)&image.jot.line, 4, 0};
    tell.body = (struct ax_span){&image, sizeof image};
    assert_int_equal(ov_frame_body(&tell, &note_contract, hash, 1, &layout), 0);
    assert_string_equal(layout->fields[1].name, "line");
    image.text[4] = 'x'; /* no NUL behind the text */
    assert_int_equal(ov_frame_body(&tell, &note_contract, hash, 0, &layout), AX_E_INVALID);
    image.text[4] = 0;
    image.jot.line.len = 4000;
    assert_int_equal(ov_frame_body(&tell, &note_contract, hash, 0, &layout), AX_E_INVALID);
    image.jot.line.len = 4;
    other = tell;
    other.contract++;
    assert_int_equal(ov_frame_body(&other, &note_contract, hash, 0, &layout), AX_E_WRONG_CONTRACT);
    other = tell;
    other.method = 1; /* which is an ask */
    assert_int_equal(ov_frame_body(&other, &note_contract, hash, 0, &layout), AX_E_INVALID);
    other.method = 2;
    assert_int_equal(ov_frame_body(&other, &note_contract, hash, 0, &layout), AX_E_INVALID);
    other = tell;
    other.kind = OV_DOWN;
    assert_int_equal(ov_frame_body(&other, &note_contract, hash, 0, &layout), AX_E_INVALID);
    other = tell;
    other.body.len = 0;
    assert_int_equal(ov_frame_body(&other, &note_contract, hash, 0, &layout), AX_E_INVALID);

    other = tell; /* which has no answer with a body */
    other.response = true;
    assert_int_equal(ov_frame_body(&other, &note_contract, hash, 0, &layout), AX_E_INVALID);

    answer.body = (struct ax_span){&reply, sizeof reply};
    assert_int_equal(ov_frame_body(&answer, &note_contract, hash, 1, &layout), 0);
    assert_int_equal(ov_frame_body(&answer, &note_contract, hash, 0, &layout), AX_E_INVALID);
    memset(&reply, 2, sizeof reply); /* no bool */
    assert_int_equal(ov_frame_body(&answer, &note_contract, hash, 1, &layout), AX_E_INVALID);
}

static int set_up(void **state)
{
    (void)state;
    set_up_full();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_missing_fields),
        cmocka_unit_test(test_the_bytes_of_the_manual),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_kinds_and_flags),
        cmocka_unit_test(test_planes),
        cmocka_unit_test(test_order_of_fields),
        cmocka_unit_test(test_fields_that_are_not_known),
        cmocka_unit_test(test_fields_that_are_cut),
        cmocka_unit_test(test_sizes_of_fields),
        cmocka_unit_test(test_values_of_fields),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_what_is_not_written),
        cmocka_unit_test(test_later_reasons),
        cmocka_unit_test(test_the_tables_of_the_manual),
        cmocka_unit_test(test_faults_have_texts),
        cmocka_unit_test(test_body_of_a_contract),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
