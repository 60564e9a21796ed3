/* SPDX-License-Identifier: MIT */
/* Images: JSON to them and back, validation, moving them. Beside tables of what is taken and what
 * is refused with which words, random layouts with random values in them, and the same with bytes
 * overwritten. A seed makes a failure repeatable: AX_SEED=n test_json. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "libax/contract.h"
#include "libax/json.h"
#include "tests/lib/everything.h"

#define ROOM 65536
static _Alignas(16) unsigned char image[ROOM], other[ROOM];
static char error[512];

/* ---- one at a time ---- */

static int to_image(const struct ax_layout *layout, const char *text, size_t cap, size_t *size)
{
    json_t *object =
        json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    int result;

    if (!object)
        fail_msg("the test's own JSON is wrong: %s", text);
    memset(image, 0xaa, sizeof(image));
    result = ax_json_to_image(layout, object, image, cap, size, error, sizeof(error));
    json_decref(object);
    return result;
}

/* What `text` becomes on the way there and back. */
static void there_and_back(const struct ax_layout *layout, const char *text, const char *want)
{
    size_t size;
    json_t *back;
    char *dumped;

    if (to_image(layout, text, ROOM, &size) != 0)
        fail_msg("%s: %s", text, error);
    assert_string_equal(error, "");
    back = ax_image_to_json(layout, image, size);
    assert_non_null(back);
    dumped = json_dumps(back, JSON_COMPACT);
    assert_string_equal(dumped, want);
    free(dumped);
    json_decref(back);
}

static const struct ax_layout *layout_of(const char *name)
{
    return ax_contract_find(&everything_contract, name)->msg;
}

static void test_values(void **state)
{
    static const char *const same[][2] = {
        {"nothing", "{}"},
        {"scalars",
         "{\"a\":true,\"b\":-128,\"c\":-32768,\"d\":-2147483648,\"e\":-9223372036854775808,"
         "\"f\":255,\"g\":65535,\"h\":4294967295,\"i\":\"18446744073709551615\","
         "\"j\":0.5,\"k\":-0.0}"},
        {"scalars", "{\"a\":false,\"b\":127,\"c\":32767,\"d\":2147483647,\"e\":9223372036854775807,"
                    "\"f\":0,\"g\":0,\"h\":0,\"i\":9223372036854775807,"
                    "\"j\":\"NaN\",\"k\":\"-Infinity\"}"},
        {"scalars", "{\"a\":false,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,"
                    "\"i\":\"9223372036854775808\",\"j\":\"Infinity\",\"k\":-1024.25}"},
        {"texts", "{\"reply\":\"h\u00e4\",\"timeout\":\"AAECAw==\",\"ctx\":\"1234567\",\"to\":1}"},
        {"texts", "{\"reply\":\"\",\"timeout\":\"\",\"ctx\":\"\",\"to\":1}"},
        {"texts", "{\"reply\":\"\",\"timeout\":\"+/8=\",\"ctx\":\"\",\"to\":1}"},
        {"refs", "{\"any\":\"255.16777215.4294967295\",\"one\":null,"
                 "\"two\":[\"1.2.3\",\"0.0.1@18446744073709551615\"]}"},
        {"lists",
         "{\"bytes\":[1,2,3],\"flags\":[true,false],\"floats\":[0.5,1.0],"
         "\"words\":[\"abc\",\"\",\"x\"],\"labels\":["
         "{\"word\":\"a\",\"at\":{\"x\":1.0,\"y\":2.0},\"shown\":true,\"tags\":[1,2,3]},"
         "{\"word\":\"b\",\"at\":{\"x\":3.0,\"y\":4.0},\"shown\":false,\"tags\":[4,5,6]}]}"},
        {"deep", "{\"label\":{\"word\":\"a\",\"at\":{\"x\":1.0,\"y\":2.0},\"shown\":true,"
                 "\"tags\":[1,2,3]},\"why\":\"because\"}"},
    };
    char *text;

    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        there_and_back(layout_of(same[i][0]), same[i][1], same[i][1]);
    /* Other ways to say the same. */
    there_and_back(&point_ax_layout, "{\"y\":1,\"x\":2}", "{\"x\":2.0,\"y\":1.0}");
    there_and_back(layout_of("refs"), "{\"any\":\"0.0.0\",\"one\":null,\"two\":[null,null]}",
                   "{\"any\":null,\"one\":null,\"two\":[null,null]}");
    text =
        strdup("{\"a\":true,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":\"007\","
               "\"j\":0,\"k\":0}");
    assert_non_null(text);
    there_and_back(layout_of("scalars"), text,
                   "{\"a\":true,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":7,"
                   "\"j\":0.0,\"k\":0.0}");
    free(text);
}

/* The image is the one that the sender makes: fields as the compiler placed them. */
static void test_members(void **state)
{
    const struct everything_texts *texts = (struct everything_texts *)image;
    const struct everything_lists *lists = (struct everything_lists *)image;
    size_t size;

    (void)state;
    assert_int_equal(to_image(layout_of("texts"),
                              "{\"reply\":\"abc\",\"timeout\":\"AAE=\",\"ctx\":\"x\",\"to\":9}",
                              ROOM, &size),
                     0);
    assert_int_equal(size, sizeof(*texts) + 4 + 2);
    assert_string_equal(ax_str(&texts->reply), "abc");
    assert_int_equal(texts->timeout.len, 2);
    assert_memory_equal(ax_bytes(&texts->timeout), "\0\1", 2);
    assert_memory_equal(texts->ctx, "x\0\0\0\0\0\0", 8);
    assert_int_equal(texts->to, 9);
    assert_int_equal(
        to_image(layout_of("lists"),
                 "{\"bytes\":[7,8,9],\"flags\":[true,true],\"floats\":[1,2],"
                 "\"words\":[\"a\",\"b\",\"c\"],\"labels\":["
                 "{\"word\":\"a\",\"at\":{\"x\":1.0,\"y\":2.0},\"shown\":true,\"tags\":[1,2,3]},"
                 "{\"word\":\"b\",\"at\":{\"x\":3.0,\"y\":4.0},\"shown\":false,\"tags\":[4,5,6]}]}",
                 ROOM, &size),
        0);
    assert_int_equal(size, sizeof(*lists));
    assert_int_equal(lists->bytes[2], 9);
    assert_string_equal(lists->words[2], "c");
    assert_true(lists->labels[1].at.y == 4);
    assert_int_equal(lists->labels[1].tags[0], 4);
}

/* ---- refused ---- */

#define REST ",\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"j\":0,\"k\":0}"

static const struct {
    const char *message, *text, *want;
} refused[] = {
    {"nothing", "[]", "an object expected, not an array"},
    {"nothing", "null", "an object expected, not null"},
    {"nothing", "{\"x\":1}", "x: no such field"},
    {"nothing", "{\"x\\u001b[2J\":1}", "x?[2J: no such field"},
    {"scalars", "{}", "a: missing; the field is of type bool"},
    {"scalars", "{\"a\":1" REST, "a: bool expected, not an integer"},
    {"scalars", "{\"a\":null" REST, "a: bool expected, not null"},
    {"texts", "{\"replay\":\"\"}", "replay: no such field; did you mean 'reply'?"},
    {"texts", "{\"reply\":1,\"timeout\":\"\",\"ctx\":\"\",\"to\":1}",
     "reply: str expected, not an integer"},
    {"texts", "{\"reply\":\"a\\u0000b\",\"timeout\":\"\",\"ctx\":\"\",\"to\":1}",
     "reply: holds a NUL; only bytes can"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"A\",\"ctx\":\"\",\"to\":1}",
     "timeout: is not base64 with padding"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"AAE\",\"ctx\":\"\",\"to\":1}",
     "timeout: is not base64 with padding"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"====\",\"ctx\":\"\",\"to\":1}",
     "timeout: is not base64 with padding"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"A_8=\",\"ctx\":\"\",\"to\":1}",
     "timeout: is not base64 with padding"},
    {"texts", "{\"reply\":\"\",\"timeout\":[],\"ctx\":\"\",\"to\":1}",
     "timeout: bytes expected, not an array"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"\",\"ctx\":\"12345678\",\"to\":1}",
     "ctx: 8 bytes do not fit text(8), which holds 7 and a NUL"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"\",\"ctx\":\"a\\u0000\",\"to\":1}",
     "ctx: holds a NUL; only bytes can"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"\",\"ctx\":\"\",\"to\":300}",
     "to: 300 is out of range for u8 (0 to 255)"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"\",\"ctx\":\"\",\"to\":-1}",
     "to: -1 is out of range for u8 (0 to 255)"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"\",\"ctx\":\"\",\"to\":1.0}",
     "to: u8 expected, not a number with a fraction or exponent"},
    {"texts", "{\"reply\":\"\",\"timeout\":\"\",\"ctx\":\"\",\"to\":\"1\"}",
     "to: u8 expected, not a string"},
    {"refs", "{\"any\":\"1.2\",\"one\":null,\"two\":[null,null]}",
     "any: ref expected: \"slot.index.generation\" or null"},
    {"refs", "{\"any\":null,\"one\":5,\"two\":[null,null]}",
     "one: ref_to expected, not an integer"},
    {"refs", "{\"any\":null,\"one\":null,\"two\":[null]}", "two: 2 elements expected, not 1"},
    {"refs", "{\"any\":null,\"one\":null,\"two\":{}}",
     "two: an array of 2 expected, not an object"},
    {"refs", "{\"any\":null,\"one\":null,\"two\":[null,\"x\"]}",
     "two[1]: ref_to expected: \"slot.index.generation\" or null"},
    {"deep",
     "{\"label\":{\"word\":\"a\",\"at\":{\"x\":1,\"z\":2},\"shown\":true,\"tags\":[1,2,3]},"
     "\"why\":\"\"}",
     "label.at.z: no such field"},
    {"deep",
     "{\"label\":{\"word\":\"a\",\"at\":{\"x\":1,\"y\":2},\"shown\":true,\"tags\":[1,2,65536]},"
     "\"why\":\"\"}",
     "label.tags[2]: 65536 is out of range for u16 (0 to 65535)"},
    {"deep",
     "{\"label\":{\"word\":\"a\",\"at\":{\"x\":\"1\",\"y\":2},\"shown\":true,\"tags\":[1,2,6]},"
     "\"why\":\"\"}",
     "label.at.x: f64 expected, not a string"},
    {"deep", "{\"label\":[],\"why\":\"\"}", "label: an object expected, not an array"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        size_t size;

        assert_int_equal(to_image(layout_of(refused[i].message), refused[i].text, ROOM, &size),
                         AX_E_INVALID);
        assert_string_equal(error, refused[i].want);
    }
}

/* One past either end of every integer's range. */
static void test_ranges(void **state)
{
    static const struct {
        const char *field, *below, *above, *range;
    } ends[] = {
        {"b", "-129", "128", "i8 (-128 to 127)"},
        {"c", "-32769", "32768", "i16 (-32768 to 32767)"},
        {"d", "-2147483649", "2147483648", "i32 (-2147483648 to 2147483647)"},
        {"f", "-1", "256", "u8 (0 to 255)"},
        {"g", "-1", "65536", "u16 (0 to 65535)"},
        {"h", "-1", "4294967296", "u32 (0 to 4294967295)"},
        {"i", "-1", "\"18446744073709551616\"", "u64 (0 to 18446744073709551615)"},
    };
    char text[256], want[128];
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        for (int above = 0; above < 2; above++) {
            const char *value = above ? ends[i].above : ends[i].below;
            size_t len = 0;

            for (const char *f = "abcdefghijk"; *f; f++)
                len += (size_t)snprintf(text + len, sizeof(text) - len, "%c\"%c\":%s",
                                        *f == 'a' ? '{' : ',', *f,
                                        *f == ends[i].field[0] ? value
                                        : *f == 'a'            ? "true"
                                                               : "0");
            snprintf(text + len, sizeof(text) - len, "}");
            assert_int_equal(to_image(layout_of("scalars"), text, ROOM, &size), AX_E_INVALID);
            snprintf(want, sizeof(want), "%s: %.*s is out of range for %s", ends[i].field,
                     (int)strcspn(value + (*value == '"'), "\""), value + (*value == '"'),
                     ends[i].range);
            assert_string_equal(error, want);
        }
    assert_int_equal(to_image(layout_of("scalars"),
                              "{\"a\":true,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,"
                              "\"i\":\"1x\",\"j\":0,\"k\":0}",
                              ROOM, &size),
                     AX_E_INVALID);
    assert_string_equal(error, "i: u64 expected: an integer, or a string of digits");
    assert_int_equal(to_image(layout_of("scalars"),
                              "{\"a\":true,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,"
                              "\"i\":0,\"j\":1e39,\"k\":0}",
                              ROOM, &size),
                     AX_E_INVALID);
    assert_string_equal(error, "j: 1e+39 is out of range for f32");
}

static void test_room(void **state)
{
    const char *text = "{\"reply\":\"abc\",\"timeout\":\"AAE=\",\"ctx\":\"x\",\"to\":9}";
    size_t whole = sizeof(struct everything_texts) + 4 + 2, size;
    json_t *bad_utf8;

    (void)state;
    assert_int_equal(to_image(layout_of("texts"), text, whole, &size), 0);
    for (size_t cap = 0; cap < whole; cap++) {
        assert_int_equal(to_image(layout_of("texts"), text, cap, &size), AX_E_TOO_BIG);
        assert_int_equal(image[cap], 0xaa); /* nothing behind the end was touched */
    }
    assert_non_null(strstr(error, "does not fit"));

    bad_utf8 = json_pack("{s:o,s:s,s:s,s:i}", "reply", json_string_nocheck("\xff"), "timeout", "",
                         "ctx", "", "to", 1);
    assert_int_equal(
        ax_json_to_image(layout_of("texts"), bad_utf8, image, ROOM, &size, error, sizeof(error)),
        AX_E_INVALID);
    assert_string_equal(error, "reply: is not UTF-8");
    assert_int_equal(ax_json_to_image(layout_of("texts"), bad_utf8, image, ROOM, &size, NULL, 0),
                     AX_E_INVALID);
    assert_int_equal(ax_json_to_image(layout_of("texts"), bad_utf8, image, ROOM, &size, error, 8),
                     AX_E_INVALID);
    assert_string_equal(error, "reply: ");
    json_decref(bad_utf8);
    assert_int_equal(
        ax_json_to_image(layout_of("texts"), NULL, image, ROOM, &size, error, sizeof(error)),
        AX_E_INVALID);
    assert_string_equal(error, "an object expected, not nothing");
}

/* C code may send what is not UTF-8; people are shown the rest. */
static void test_mended(void **state)
{
    static const char *const cases[][2] = {
        {"a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b"},
        {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
        {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xf5\x80\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct everything_texts msg = {.to = 1};
        size_t size;
        json_t *object;

        msg.reply = (struct ax_str){(int64_t)((uintptr_t)cases[i][0] - (uintptr_t)&msg.reply),
                                    (uint32_t)strlen(cases[i][0]), 0};
        strcpy(msg.ctx, cases[i][0]);
        assert_int_equal(ax_layout_flatten(layout_of("texts"), &msg, image, ROOM, &size), 0);
        object = ax_image_to_json(layout_of("texts"), image, size);
        assert_string_equal(json_string_value(json_object_get(object, "reply")), cases[i][1]);
        assert_string_equal(json_string_value(json_object_get(object, "ctx")), cases[i][1]);
        json_decref(object);
    }
}

/* ---- images ---- */

/* reply "abc" and timeout {1,2} behind each other. */
static size_t good_image(struct everything_texts **msg)
{
    size_t size;

    assert_int_equal(
        to_image(layout_of("texts"),
                 "{\"reply\":\"abc\",\"timeout\":\"AQI=\",\"ctx\":\"1234567\",\"to\":1}", ROOM,
                 &size),
        0);
    *msg = (struct everything_texts *)image;
    return size;
}

static void test_validate(void **state)
{
    const struct ax_layout *layout = layout_of("texts");
    struct everything_texts *msg;
    size_t size = good_image(&msg);
    int64_t end = (int64_t)size - (int64_t)offsetof(struct everything_texts, reply);
    int64_t first = (int64_t)sizeof(*msg);
    int64_t bad[] = {1,       first - 1, -1,        -first,        end + 1,       end,
                     end - 3, INT64_MAX, INT64_MIN, INT64_MIN + 1, INT64_MAX - 4, INT64_C(1) << 32};

    (void)state;
    assert_int_equal(ax_layout_validate(layout, msg, size), 0);
    for (size_t i = 0; i < sizeof(*msg); i++)
        assert_int_equal(ax_layout_validate(layout, msg, i), AX_E_INVALID);
    assert_int_equal(ax_layout_validate(layout, msg, sizeof(*msg)), AX_E_INVALID);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        good_image(&msg);
        msg->reply.off = bad[i];
        assert_int_equal(ax_layout_validate(layout, msg, size), AX_E_INVALID);
    }
    good_image(&msg);
    msg->reply.len = 4; /* no NUL there */
    assert_int_equal(ax_layout_validate(layout, msg, size), AX_E_INVALID);
    msg->reply.len = UINT32_MAX;
    assert_int_equal(ax_layout_validate(layout, msg, size), AX_E_INVALID);
    good_image(&msg);
    msg->timeout.len = 3;
    assert_int_equal(ax_layout_validate(layout, msg, size), AX_E_INVALID);
    good_image(&msg);
    msg->timeout.zero = 1;
    assert_int_equal(ax_layout_validate(layout, msg, size), AX_E_INVALID);
    good_image(&msg);
    msg->timeout.off = 0;
    assert_int_equal(ax_layout_validate(layout, msg, size), AX_E_INVALID);
    msg->timeout.len = 0;
    assert_int_equal(ax_layout_validate(layout, msg, size), 0);
    memset(msg->ctx, 'x', 8);
    assert_int_equal(ax_layout_validate(layout, msg, size), AX_E_INVALID);
}

static void test_validate_fixed(void **state)
{
    struct everything_lists *lists = (struct everything_lists *)image;
    const struct ax_layout *layout = layout_of("lists");

    (void)state;
    memset(image, 0, sizeof(image));
    assert_int_equal(ax_layout_validate(layout, image, sizeof(*lists)), 0);
    assert_int_equal(ax_layout_validate(layout, image, ((sizeof(*lists) + 7) & ~(size_t)7)), 0);
    assert_int_equal(ax_layout_validate(layout, image, ((sizeof(*lists) + 7) & ~(size_t)7) + 1),
                     AX_E_INVALID);
    *(unsigned char *)&lists->flags[1] = 2;
    assert_int_equal(ax_layout_validate(layout, image, sizeof(*lists)), AX_E_INVALID);
    memset(image, 0, sizeof(image));
    *(unsigned char *)&lists->labels[1].shown = 0xff;
    assert_int_equal(ax_layout_validate(layout, image, sizeof(*lists)), AX_E_INVALID);
    memset(image, 0, sizeof(image));
    memset(lists->words[2], 'x', 4);
    assert_int_equal(ax_layout_validate(layout, image, sizeof(*lists)), AX_E_INVALID);
    memset(image, 0, sizeof(image));
    memset(lists->labels[0].word, 'x', 5);
    assert_int_equal(ax_layout_validate(layout, image, sizeof(*lists)), AX_E_INVALID);
    assert_int_equal(ax_layout_validate(layout_of("nothing"), NULL, 0), 0);
    assert_int_equal(ax_layout_validate(layout_of("nothing"), image, 8), AX_E_INVALID);
}

static void test_relocate(void **state)
{
    const struct ax_layout *layout = layout_of("texts");
    struct everything_texts *msg, copy, again;
    size_t size = good_image(&msg), flat;

    (void)state;
    memcpy(&copy, msg, sizeof(copy));
    ax_layout_relocate(layout, &copy, msg);
    assert_ptr_equal(ax_str(&copy.reply), ax_str(&msg->reply));
    assert_ptr_equal(ax_bytes(&copy.timeout), ax_bytes(&msg->timeout));
    memcpy(&again, &copy, sizeof(copy));
    ax_layout_relocate(layout, &again, &copy);
    assert_string_equal(ax_str(&again.reply), "abc");

    assert_int_equal(ax_layout_flatten(layout, &again, other, ROOM, &flat), 0);
    assert_int_equal(flat, size);
    assert_memory_equal(other, image, size);
    memset(other, 0xaa, sizeof(other));
    for (size_t cap = 0; cap < size; cap++) {
        assert_int_equal(ax_layout_flatten(layout, &again, other, cap, &flat), AX_E_TOO_BIG);
        assert_int_equal(flat, size);
        assert_int_equal(other[cap], 0xaa);
    }
    msg->reply = (struct ax_str){0, 0, 0};
    memcpy(&copy, msg, sizeof(copy));
    ax_layout_relocate(layout, &copy, msg);
    assert_string_equal(ax_str(&copy.reply), "");
}

static void test_ref_text(void **state)
{
    static const char *const bad[] = {"",
                                      "1",
                                      "1.2",
                                      "1.2.",
                                      "1.2.3.",
                                      "256.0.0",
                                      "0.16777216.0",
                                      "0.0.4294967296",
                                      "01.2.3",
                                      "1.2.3@",
                                      "1.2.3@0",
                                      "1.2.3 ",
                                      " 1.2.3",
                                      "-1.2.3",
                                      "1.2.3@18446744073709551616",
                                      "1.2.3@4@5",
                                      "99999999999999999999.0.0"};
    struct ax_ref ref = {0};
    char text[AX_REF_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (ax_ref_parse(bad[i], &ref))
            fail_msg("'%s' is not a ref", bad[i]);
    assert_true(ax_ref_parse("1.2.3", &ref));
    assert_int_equal(ref.addr, UINT64_C(1) << 56 | UINT64_C(2) << 32 | 3);
    assert_int_equal(ref.node, 0);
    ref = (struct ax_ref){UINT64_MAX, UINT64_MAX};
    assert_string_equal(ax_ref_format(ref, text), "255.16777215.4294967295@18446744073709551615");
    assert_true(ax_ref_parse(text, &ref));
    assert_true(ref.addr == UINT64_MAX && ref.node == UINT64_MAX);
}

/* ---- random layouts ---- */

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 32) % n);
}

/* Fills a layout with random fields, as a compiler would lay them out. */
static void random_layout(struct ax_layout *layout, unsigned depth)
{
    uint32_t n = depth ? 1 + random_below(5) : random_below(12), align;
    struct ax_field *fields = test_calloc(n + 1, sizeof(*fields));

    *layout = (struct ax_layout){"l", 0, n, fields, false, true};
    for (uint32_t i = 0; i < n; i++) {
        static const char *const names[] = {"a", "b", "c", "d", "e", "f",
                                            "g", "h", "i", "j", "k", "l"};
        struct ax_field *field = &fields[i];
        uint32_t size;

        do
            field->type = (uint8_t)random_below(AX_TYPE_COUNT);
        while ((depth && (field->type == AX_TYPE_STR || field->type == AX_TYPE_BYTES)) ||
               (depth == 3 && field->type == AX_TYPE_NESTED));
        field->name = names[i];
        size = ax_type_table[field->type].size;
        if (field->type == AX_TYPE_TEXT)
            field->count = size = 1 + random_below(20);
        if (field->type == AX_TYPE_REF_TO)
            field->ref_to = "peer";
        if (field->type == AX_TYPE_NESTED) {
            struct ax_layout *nested = test_calloc(1, sizeof(*nested));

            random_layout(nested, depth + 1);
            field->nested = nested;
            size = nested->size;
            layout->plain &= nested->plain;
        }
        layout->has_var |= field->type == AX_TYPE_STR || field->type == AX_TYPE_BYTES;
        layout->plain &= field->type != AX_TYPE_BOOL && field->type != AX_TYPE_TEXT &&
                         field->type != AX_TYPE_STR && field->type != AX_TYPE_BYTES;
        field->size = size;
        if (field->type != AX_TYPE_STR && field->type != AX_TYPE_BYTES && random_below(3) == 0) {
            field->flags = AX_FIELD_ARRAY;
            field->count = 1 + random_below(4);
            field->size = size * field->count;
        }
        align = ax_field_align(field);
        field->offset = (layout->size + align - 1) / align * align;
        layout->size = field->offset + field->size;
    }
    align = ax_layout_align(layout);
    layout->size = (layout->size + align - 1) / align * align;
}

static void free_layout(const struct ax_layout *layout)
{
    for (uint32_t i = 0; i < layout->nfields; i++)
        if (layout->fields[i].nested) {
            free_layout(layout->fields[i].nested);
            test_free((void *)layout->fields[i].nested);
        }
    test_free((void *)layout->fields);
}

static json_t *random_object(const struct ax_layout *layout);

static json_t *random_string(uint32_t room)
{
    static const char *const letters[] = {
        "a", "\"", "\\", "\n", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x92\xa9", "\x7f"};
    char text[64] = "";
    uint32_t n = random_below(room);

    while (strlen(text) + 4 < n)
        strcat(text, letters[random_below(8)]);
    return json_string(text);
}

static json_t *random_value(const struct ax_field *field)
{
    int64_t bits = (int64_t)((uint64_t)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX));
    static const char *const base64[] = {"", "AA==", "AAE=", "AAEC", "/+8="};
    char text[AX_REF_TEXT];

    switch (field->type) {
    case AX_TYPE_BOOL:
        return json_boolean(bits & 1);
    case AX_TYPE_I8:
        return json_integer((int8_t)bits);
    case AX_TYPE_I16:
        return json_integer((int16_t)bits);
    case AX_TYPE_I32:
        return json_integer((int32_t)bits);
    case AX_TYPE_I64:
        return json_integer(bits);
    case AX_TYPE_U8:
        return json_integer((uint8_t)bits);
    case AX_TYPE_U16:
        return json_integer((uint16_t)bits);
    case AX_TYPE_U32:
        return json_integer((uint32_t)bits);
    case AX_TYPE_U64:
        return bits < 0 ? json_sprintf("%" PRIu64, (uint64_t)bits) : json_integer(bits);
    case AX_TYPE_F32:
        return json_real((double)(float)bits);
    case AX_TYPE_F64:
        return bits & 1 ? json_string("Infinity") : json_real((double)bits / 3);
    case AX_TYPE_STR:
        return random_string(40);
    case AX_TYPE_BYTES:
        return json_string(base64[random_below(5)]);
    case AX_TYPE_TEXT:
        return random_string(ax_field_element(field));
    case AX_TYPE_NESTED:
        return random_object(field->nested);
    default:
        return bits ? json_string(ax_ref_format((struct ax_ref){(uint64_t)bits, bits & 1}, text))
                    : json_null();
    }
}

static json_t *random_object(const struct ax_layout *layout)
{
    json_t *object = json_object();

    for (uint32_t i = 0; i < layout->nfields; i++) {
        const struct ax_field *field = &layout->fields[i];
        json_t *value = NULL;

        if (field->flags & AX_FIELD_ARRAY) {
            value = json_array();
            for (uint32_t j = 0; j < field->count; j++)
                json_array_append_new(value, random_value(field));
        }
        json_object_set_new(object, field->name, value ? value : random_value(field));
    }
    return object;
}

/* Whatever was overwritten: refused, or shown without touching a byte beyond. */
static void damage(const struct ax_layout *layout, const unsigned char *good, size_t size)
{
    for (int i = 0; i < 20; i++) {
        size_t cut = random_below(4) ? size : random_below((uint32_t)size + 1);
        unsigned char *bad = malloc(cut ? cut : 1); /* of that size, for the sanitizer */
        json_t *shown;

        memcpy(bad, good, cut);
        for (uint32_t j = random_below(4); cut && j < 4; j++)
            bad[random_below((uint32_t)cut)] = (unsigned char)random_below(256);
        shown = ax_image_to_json(layout, bad, cut);
        assert_int_equal(shown != NULL, ax_layout_validate(layout, bad, cut) == 0);
        json_decref(shown);
        free(bad);
    }
}

static void round_trip(const struct ax_layout *layout)
{
    json_t *object = random_object(layout), *back;
    size_t size, flat;

    memset(image, 0xaa, sizeof(image));
    if (ax_json_to_image(layout, object, image, ROOM, &size, error, sizeof(error)) != 0)
        fail_msg("seed %" PRIu64 ": %s", seed, error);
    assert_int_equal(ax_layout_validate(layout, image, size), 0);
    back = ax_image_to_json(layout, image, size);
    assert_true(json_equal(object, back));
    memmove(other, image, layout->size);
    ax_layout_relocate(layout, other, image);
    assert_int_equal(ax_layout_flatten(layout, other, other + ROOM / 2, ROOM / 2, &flat), 0);
    assert_int_equal(flat, size);
    assert_memory_equal(other + ROOM / 2, image, size);
    damage(layout, image, size);
    json_decref(object);
    json_decref(back);
}

static void test_random(void **state)
{
    const char *given = getenv("AX_SEED");

    (void)state;
    seed = given ? strtoull(given, NULL, 10) | 1 : 1;
    for (int i = 0; i < 2000; i++) {
        struct ax_layout layout;
        struct ax_method method = {"m", false, &layout, NULL};
        struct ax_contract contract = {"c", 1, &method}, *parsed;
        char *text;

        random_layout(&layout, 0);
        assert_int_equal(ax_contract_describe(&contract, NULL, &text), 0);
        assert_int_equal(ax_contract_parse(text, strlen(text), &parsed, NULL), 0);
        assert_int_equal(parsed->methods[0].msg->size, layout.size);
        round_trip(&layout);
        round_trip(parsed->methods[0].msg);
        ax_contract_free(parsed);
        free(text);
        free_layout(&layout);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),   cmocka_unit_test(test_members),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_room),     cmocka_unit_test(test_mended),
        cmocka_unit_test(test_validate), cmocka_unit_test(test_validate_fixed),
        cmocka_unit_test(test_relocate), cmocka_unit_test(test_ref_text),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
