/* SPDX-License-Identifier: MIT */
/* The parts of the key-value server that need no actors: the protocol's parser by any division of
 * its bytes, numbers, patterns, parcels, and the queue of answers. */
#include "libax/examples/kv/glob.h"
#include "libax/examples/kv/number.h"
#include "libax/examples/kv/owed.h"
#include "libax/examples/kv/parcel.h"
#include "libax/examples/kv/resp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Which is the server's; here nobody asks for it. */
void kv_info(struct reply *to, uint64_t keys, uint64_t expires)
{
    reply_integer(to, (int64_t)(keys * 1000 + expires));
}

static struct ax_span span(const char *text)
{
    return (struct ax_span){text, (uint32_t)strlen(text)};
}

/* ---- the parser ---- */

/* What comes of `bytes`, given in pieces of `step`, as text: [a|b] requests, . nothing, !error. */
static void parse(const char *bytes, size_t size, size_t step, char *out, size_t room)
{
    struct resp resp = {0};
    size_t begin = 0, given = 0;
    *out = 0;
    while (begin < size) {
        given = given + step < size ? given + step : size;
        uint32_t used;
        enum resp_result result =
            resp_parse(&resp, (const uint8_t *)bytes + begin, (uint32_t)(given - begin), &used);
        size_t len = strlen(out);
        if (result == RESP_MORE && given == size)
            break;
        if (result == RESP_MORE)
            continue;
        if (result == RESP_BROKEN) {
            snprintf(out + len, room - len, "!%s", resp.error);
            break;
        }
        if (result == RESP_EMPTY)
            snprintf(out + len, room - len, ".");
        for (uint32_t i = 0; result == RESP_REQUEST && i < resp.argc; i++) {
            len = strlen(out);
            snprintf(out + len, room - len, "%s%.*s%s", i == 0 ? "[" : "|", (int)resp.argv[i].len,
                     (const char *)resp.argv[i].ptr, i + 1 == resp.argc ? "]" : "");
        }
        begin += used;
        if (given < begin)
            given = begin;
    }
    resp_free(&resp);
}

static void test_requests(void **state)
{
    static const struct {
        const char *bytes, *wanted;
    } rows[] = {
        {"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", "[GET|a]"},
        {"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n", "[PING][PING]"},
        {"*2\r\n$0\r\n\r\n$10\r\n0123456789\r\n", "[|0123456789]"},
        {"PING\r\nset a \"b c\"\n", "[PING][set|a|b c]"},
        {"echo 'it\\'s' \"\\x41\\n\\\"\"\r\n", "[echo|it's|A\n\"]"},
        {"\r\n*0\r\n*-1\r\n", "..."},
        {"set a \"b\r\n", "!Protocol error: unbalanced quotes in request"},
        {"set \"a\"b\r\n", "!Protocol error: unbalanced quotes in request"},
        {"*x\r\n", "!Protocol error: invalid multibulk length"},
        {"*2147483648\r\n", "!Protocol error: invalid multibulk length"},
        {"*01\r\n", "!Protocol error: invalid multibulk length"},
        {"*1\r\n:1\r\n", "!Protocol error: expected '$', got ':'"},
        {"*1\r\n$-1\r\n", "!Protocol error: invalid bulk length"},
        {"*1\r\n$\r\n", "!Protocol error: invalid bulk length"},
        {"*1\r\n$786433\r\n", "!Protocol error: invalid bulk length"},
        {"*2\r\n$3\r\nGET\r\n$1", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t step = 1; step < 20; step++) {
            char out[256];
            parse(rows[i].bytes, strlen(rows[i].bytes), step, out, sizeof out);
            assert_string_equal(out, rows[i].wanted);
        }
}

static void test_too_long(void **state)
{
    static const char array[] = {'*', '1', '\r', '\n', '$'};
    static char bytes[70000];
    char out[256];
    (void)state;
    memset(bytes, 'a', sizeof bytes);
    parse(bytes, sizeof bytes, 4096, out, sizeof out);
    assert_string_equal(out, "!Protocol error: too big inline request");
    memset(bytes, '1', sizeof bytes);
    bytes[0] = '*';
    parse(bytes, sizeof bytes, 4096, out, sizeof out);
    assert_string_equal(out, "!Protocol error: too big mbulk count string");
    memcpy(bytes, array, sizeof array);
    parse(bytes, sizeof bytes, 4096, out, sizeof out);
    assert_string_equal(out, "!Protocol error: too big bulk count string");
}

/* ---- numbers and patterns ---- */

static void test_numbers(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "01",
                                      "-0",
                                      "-01",
                                      "1.0",
                                      "0x1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "18446744073709551616",
                                      "99999999999999999999"};
    static const int64_t good[] = {0, 1, -1, 10, -10, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    int64_t value;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(number_read(span(bad[i]), &value));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint8_t text[NUMBER_MAX];
        char wanted[32];
        uint32_t len = number_write(good[i], text);
        snprintf(wanted, sizeof wanted, "%lld", (long long)good[i]);
        assert_int_equal(len, strlen(wanted));
        assert_memory_equal(text, wanted, len);
        assert_true(number_read((struct ax_span){text, len}, &value));
        assert_true(value == good[i]);
    }
}

static void test_patterns(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"a*", "a", true},
        {"*a", "bba", true},
        {"*a", "bab", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"[a-c]x", "bx", true},
        {"[c-a]x", "bx", true},
        {"[^a-c]x", "bx", false},
        {"[^a-c]x", "dx", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"[\\]]", "]", true},
        {"[abc", "c", true},
        {"*b*c*", "abbbcd", true},
        {"a\\", "a\\", true},
        {"**a**b**", "xaxbx", true},
        {"**a**b**", "xbxax", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(glob_match(span(rows[i].pattern), span(rows[i].text), false),
                         rows[i].matches);
    assert_true(glob_match(span("MAX*"), span("maxmemory"), true));
    char many[64];
    memset(many, 'a', sizeof many);
    assert_false(
        glob_match(span("*a*a*a*a*a*a*a*a*a*a*a*a*b"), (struct ax_span){many, sizeof many}, false));
}

/* ---- parcels ---- */

static void test_parcels(void **state)
{
    struct kv_buf parcel = {0};
    struct parcel_reader reader = {0};
    const struct ax_span set[] = {span("SET"), span("key"), {"\0\r\n", 3}};
    const struct ax_span get[] = {span("get"), span("")};
    (void)state;
    parcel_add(&parcel, &kv_commands[KV_SET], 3, set);
    parcel_add(&parcel, &kv_commands[KV_GET], 2, get);
    parcel_read(&reader, parcel.data, parcel.len);
    assert_int_equal(parcel_next(&reader), 1);
    assert_int_equal(reader.argc, 3);
    assert_true(kv_same(reader.argv[2], set[2]));
    assert_int_equal(parcel_next(&reader), 1);
    assert_true(reader.command == &kv_commands[KV_GET]);
    assert_int_equal(parcel_next(&reader), 0);
    for (uint32_t len = 1; len < parcel.len; len++) { /* cut anywhere it is one, or none */
        int result;
        parcel_read(&reader, parcel.data, len);
        while ((result = parcel_next(&reader)) > 0)
            ;
        assert_int_equal(result, len == 8 + 4 + 3 + 4 + 3 ? 0 : -1);
    }
    kv_buf_free(&parcel);
    free(reader.argv);
}

static void test_shards(void **state)
{
    uint32_t keys[4] = {0};
    (void)state;
    for (int i = 0; i < 4000; i++) {
        char key[32];
        snprintf(key, sizeof key, "key:%012d", i);
        keys[parcel_shard(span(key), 4)]++;
    }
    for (int i = 0; i < 4; i++)
        assert_in_range(keys[i], 800, 1200);
    assert_int_equal(parcel_shard(span("{tag}a"), 64), parcel_shard(span("b{tag}{x}"), 64));
    assert_int_equal(parcel_shard(span("{tag}a"), 64), parcel_shard(span("tag"), 64));
    assert_int_not_equal(parcel_shard(span("{}a"), 64), parcel_shard(span("{}b"), 64));
}

/* ---- answers ---- */

static struct kv_buf out;
static struct reply to = {.to = &out, .protocol = 2};

static void expect(const char *wanted)
{
    assert_int_equal(out.len, strlen(wanted));
    assert_memory_equal(out.data, wanted, out.len);
    out.len = 0;
}

static bool answer(struct owed *owed, uint8_t target, uint32_t number, const char *text, bool more)
{
    struct kv_buf pieces = {0};
    if (text != NULL) {
        uint32_t begin = piece_begin(&pieces);
        kv_buf_add(&pieces, text, (uint32_t)strlen(text));
        piece_end(&pieces, begin, more);
    }
    bool fits = owed_take(owed, &to, target, number, (struct ax_span){pieces.data, pieces.len});
    kv_buf_free(&pieces);
    return fits;
}

static void test_order(void **state)
{
    struct owed owed = {0};
    (void)state;
    (void)kv_buf_reserve(&out, 64);
    owed_here(&owed, &to, span("+0\r\n"));
    expect("+0\r\n");
    owed_by(&owed, 1, 1, KV_JOIN_PASS, true);
    owed_by(&owed, 2, 1, KV_JOIN_PASS, true);
    owed_here(&owed, &to, span("+3\r\n"));
    owed_by(&owed, 1, 1, KV_JOIN_PASS, true);
    assert_true(answer(&owed, 2, 1, "+2\r\n", false));
    expect("");
    assert_true(answer(&owed, 1, 1, "+", true));
    assert_true(answer(&owed, 1, 1, "1\r\n", false));
    expect("+1\r\n+2\r\n+3\r\n");
    assert_true(answer(&owed, 1, 1, "+4\r\n", false));
    expect("+4\r\n");
    assert_int_equal(owed_count(&owed), 0);
    assert_false(answer(&owed, 1, 1, "+5\r\n", false)); /* nobody asked */
    owed_free(&owed);
}

static void test_joins(void **state)
{
    struct owed owed = {0};
    (void)state;
    for (uint8_t i = 0; i < 3; i++)
        owed_by(&owed, i, 1, KV_JOIN_SUM, i == 2);
    for (uint8_t i = 0; i < 3; i++)
        owed_by(&owed, i, 1, KV_JOIN_LIST, i == 2);
    for (uint8_t i = 0; i < 2; i++)
        owed_by(&owed, i, 1, KV_JOIN_OK, i == 1);
    for (uint8_t i = 3; i-- > 0;)
        assert_true(answer(&owed, i, 1, ":20\r\n", false));
    expect(":60\r\n");
    assert_true(answer(&owed, 0, 1, "*1\r\n$1\r\na\r\n", false));
    assert_true(answer(&owed, 1, 1, "*0\r\n", false));
    assert_true(answer(&owed, 2, 1, "*2\r\n$1\r\nb\r\n$0\r\n\r\n", false));
    expect("*3\r\n$1\r\na\r\n$1\r\nb\r\n$0\r\n\r\n");
    assert_true(answer(&owed, 1, 1, "+OK\r\n", false));
    assert_true(answer(&owed, 0, 1, "-OOM no\r\n", false));
    expect("-OOM no\r\n");
    owed_free(&owed);
}

/* An answer to a later message: the one to an earlier one never comes. */
static void test_lost(void **state)
{
    static const char lost[] = "-TRYAGAIN A process died before it could answer\r\n";
    struct owed owed = {0};
    (void)state;
    owed_by(&owed, 0, 1, KV_JOIN_PASS, true);
    owed_by(&owed, 1, 1, KV_JOIN_PASS, true);
    owed_by(&owed, 0, 2, KV_JOIN_PASS, true);
    assert_true(answer(&owed, 0, 3, NULL, false)); /* a fence */
    expect(lost);
    assert_true(answer(&owed, 1, 1, "+1\r\n", false));
    out.data[out.len] = 0;
    assert_int_equal(out.len, 5 - 1 + sizeof lost - 1);
    out.len = 0;
    for (uint32_t i = 1; i <= 1000; i++) /* over the ring's end, and by its growth */
        owed_by(&owed, 0, i, KV_JOIN_PASS, true);
    for (uint32_t i = 1; i <= 999; i++)
        assert_true(answer(&owed, 0, i, "+1\r\n", false));
    assert_int_equal(out.len, 999 * 4);
    out.len = 0;
    owed_lost(&owed, &to, 0, 1001);
    expect(lost);
    assert_int_equal(owed_count(&owed), 0);
    owed_free(&owed);
    kv_buf_free(&out);
}

/* ---- commands ---- */

static void test_commands(void **state)
{
    (void)state;
    for (int i = 0; i < KV_COMMAND_COUNT; i++)
        assert_true(kv_command_find(span(kv_commands[i].name)) == &kv_commands[i]);
    assert_true(kv_command_find(span("GeTrAnGe")) == &kv_commands[KV_GETRANGE]);
    assert_null(kv_command_find(span("")));
    assert_null(kv_command_find(span("ge")));
    assert_null(kv_command_find(span("unsubscribed")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests), cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_parcels),  cmocka_unit_test(test_shards),
        cmocka_unit_test(test_order),    cmocka_unit_test(test_joins),
        cmocka_unit_test(test_lost),     cmocka_unit_test(test_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
