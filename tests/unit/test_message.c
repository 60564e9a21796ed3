/* SPDX-License-Identifier: MIT */
/* Messages from text: integers of all lengths, and which field is told to be wrong. What else can
 * be wrong with a message is in test_json.c. */
#include "axsup/message.h"

#include <ax/errors.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <ax/contract.h>

AX_STRUCT(pair, (u64, wide), (i64, narrow));

#define AX_CONTRACT sums
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, (i64, by, u64, times, nested(pair), of, array(u64, 2), all, f64, real, str, word))
#include <ax/contract.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define MESSAGE(by, times, wide, narrow, first)                                                    \
    "{\"by\":" by ",\"times\":" times ",\"of\":{\"wide\":" wide ",\"narrow\":" narrow              \
    "},\"all\":[" first ",1],\"real\":100000000000000000000,\"word\":\"\"}"

#define EXPECTED                                                                                   \
    "; a JSON object is expected, such as {\"by\":0,\"times\":0,\"of\":{\"wide\":0,\"narrow\":0}," \
    "\"all\":[0,0],\"real\":0.0,\"word\":\"\"}"

static const struct ax_layout *layout(void)
{
    return sums_contract.methods[0].msg;
}

static void numbers_of_all_lengths(void **state)
{
    static const char text[] =
        MESSAGE("-9223372036854775808", "18446744073709551615", "9223372036854775808",
                "9223372036854775807", "10000000000000000000");
    char why[SUP_MESSAGE_WHY_MAX];
    void *image;
    size_t size;

    (void)state;
    assert_int_equal(sup_message_make(layout(), text, 4096, &image, &size, why), 0);
    const struct sums_add *add = image;
    assert_true(add->by == INT64_MIN && add->times == UINT64_MAX);
    assert_true(add->real > 9.9e19 && add->real < 1.1e20);
    assert_true(add->of.wide == UINT64_C(1) << 63 && add->of.narrow == INT64_MAX);
    assert_true(add->all[0] == UINT64_C(10000000000000000000) && add->all[1] == 1);
    free(image);
}

static void what_is_wrong(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {MESSAGE("9223372036854775808", "1", "1", "1", "1"),
         "by: 9223372036854775808 is out of range for i64 (-9223372036854775808 to "
         "9223372036854775807)"},
        {MESSAGE("1", "-9223372036854775809", "1", "1", "1"),
         "times: -9223372036854775809 is out of range for u64 (0 to 18446744073709551615)"},
        {MESSAGE("1", "18446744073709551616", "1", "1", "1"),
         "times: 18446744073709551616 is out of range for u64 (0 to 18446744073709551615)"},
        {MESSAGE("1", "1", "1", "9223372036854775808", "1"),
         "of.narrow: 9223372036854775808 is out of range for i64 (-9223372036854775808 to "
         "9223372036854775807)"},
        {MESSAGE("1", "1", "1", "1", "99999999999999999999999999999999999999999999999999"),
         "all[0]: 9999999999999999999999999999999999999999 is out of range for u64 (0 to "
         "18446744073709551615)"},
        {"{\"word\":9223372036854775808}", "word: str expected, not an integer"},
        {"{\"to\":9223372036854775808}", "to: no such field"},
        {"{\"by\":1e999}", "by: 1e999 is out of range for i64"},
        {"{\"real\":-1e309,\"times\":18446744073709551615}",
         "real: -1e309 is out of range for f64"},
        {"{\"times\":18446744073709551615,\"of\":{\"wide\":1e309}}",
         "of.wide: 1e309 is out of range for u64"},
        {"{\"by\":9223372036854775808", "column 26: expected ',' or '}', found the end of the "
                                        "file: an object was opened at line 1 column 1" EXPECTED},
        {"{\"by\":9223372036854775808,\n  \"to\":tru}",
         "line 2, column 8: expected a value, found tru: a string is written \"tru\"" EXPECTED},
        {"{\"by\":1,}", "column 8: no comma may stand before '}'" EXPECTED},
        {"", &EXPECTED[2]},
        {"5", &EXPECTED[2]},
        {" by=5", &EXPECTED[2]},
        {"[{}]", &EXPECTED[2]},
    };
    char why[SUP_MESSAGE_WHY_MAX];
    void *image;
    size_t size;

    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        assert_int_equal(sup_message_make(layout(), rows[i].text, 4096, &image, &size, why),
                         AX_E_INVALID);
        assert_string_equal(why, rows[i].why);
        assert_null(image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_all_lengths),
        cmocka_unit_test(what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
