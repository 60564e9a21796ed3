/* SPDX-License-Identifier: MIT */
/* Logical names and session ids: only the exact suffix is a marker, and there is one form. */
#include "overlay/core/ident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ax_span span(const char *text)
{
    return (struct ax_span){text, (uint32_t)strlen(text)};
}

static void test_markers(void **state)
{
    static const struct {
        const char *text, *marker;
    } rows[] = {
        {"a@boot-12-session-3", "@boot-12-session-3"},
        {"a@boot-00ff-session-007", "@boot-00ff-session-007"},
        {"@boot-1-session-1", "@boot-1-session-1"},
        {"a@boot-1-session-1@boot-2-session-2", "@boot-2-session-2"},
        {"a@boot-1-session-2-session-3", ""},
        {"a@boot-x", ""},
        {"a@boot-12-session-", ""},
        {"a@boot--session-1", ""},
        {"a@boot-1-session-1 ", ""},
        {"a@boot-1-session-1a", ""},
        {"a@boot-1-session-x1", ""},
        {"a@boot-AB-session-1", ""},
        {"a@boot-12g-session-1", ""},
        {"a@boot-12-sessions-1", ""},
        {"a@Boot-12-session-1", ""},
        {"aboot-12-session-1", ""},
        {"a-boot-12-session-1", ""},
        {"oot-12-session-1", ""},
        {"-session-1", ""},
        {"1", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(ov_marker(span(rows[i].text)), strlen(rows[i].marker));
}

static void test_names(void **state)
{
    static const char *const
        good[] = {"a",         "node-a",
                  "a@boot-x",  "a@boot-12-session-",
                  "n\xc3\xb6", "a b",
                  "a@b",       "123456789012345678901234567890123456789012345678901234567890123"},
        *const bad[] = {"",
                        "a@boot-12-session-1",
                        "@boot-1-session-1",
                        "a\n",
                        "a\x7f",
                        "\xc3",
                        "1234567890123456789012345678901234567890123456789012345678901234"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ov_node_valid(span(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ov_node_valid(span(bad[i])));
    assert_false(ov_node_valid((struct ax_span){"a\0b", 3}));
}

static void test_there_and_back(void **state)
{
    static const struct ov_ident rows[] = {
        {"node-a", 0xabc, 1},
        {"a@boot-x", UINT64_MAX, UINT64_MAX},
        {"123456789012345678901234567890123456789012345678901234567890123", UINT64_MAX, UINT64_MAX},
    };
    char text[OV_ID_TEXT];
    struct ov_ident back;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = ov_ident_format(&rows[i], text);
        assert_int_equal(len, strlen(text));
        assert_int_equal(ov_ident_parse(span(text), &back), 0);
        assert_true(ov_ident_same(&rows[i], &back));
    }
    assert_int_equal(strlen(text), OV_ID_TEXT - 1);
    ov_ident_format(&rows[0], text);
    assert_string_equal(text, "node-a@boot-abc-session-1");
}

static void test_other_forms_are_refused(void **state)
{
    static const char *const bad[] = {
        "node-a",
        "@boot-1-session-1",
        "a@boot-01-session-1",
        "a@boot-0-session-1",
        "a@boot-1-session-0",
        "a@boot-1-session-01",
        "a@boot-10000000000000000-session-1",
        "a@boot-1-session-18446744073709551616",
        "a@boot-1-session-1@boot-2-session-2",
        "a\t@boot-1-session-1",
        "1234567890123456789012345678901234567890123456789012345678901234@boot-1-session-1",
        ("a@boot-00000000000000000000000000000000000000000000000000000000000000000000000000000000"
         "000000000000000000000000000000000000000001-session-1"),
    };
    struct ov_ident untouched = {"as it was", 1, 1}, before = untouched;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ov_ident_parse(span(bad[i]), &untouched), AX_E_INVALID);
    assert_memory_equal(&untouched, &before, sizeof before);
}

static void test_which_session_is_kept(void **state)
{
    const struct ov_ident first = {"a", 5, 1}, second = {"a", 5, 2}, reborn = {"a", 3, 1};

    (void)state;
    assert_true(ov_ident_supersedes(&second, &first));
    assert_false(ov_ident_supersedes(&first, &second));
    assert_false(ov_ident_supersedes(&first, &first));
    assert_true(ov_ident_supersedes(&reborn, &second));
    assert_true(ov_ident_same(&first, &first));
    assert_false(ov_ident_same(&first, &second));
    assert_false(ov_ident_same(&first, &reborn));
    assert_false(ov_ident_same(&first, &(struct ov_ident){"b", 5, 1}));
    assert_true(ov_ident_inherits(&second, &first));
    assert_true(ov_ident_inherits(&first, &first));
    assert_false(ov_ident_inherits(&first, &second));
    assert_false(ov_ident_inherits(&second, &reborn));
    assert_false(ov_ident_inherits(&second, &(struct ov_ident){"b", 5, 1}));
}

static void test_nonce(void **state)
{
    (void)state;
    assert_true(ov_boot_nonce((uint8_t[8]){1, 2, 3, 4, 5, 6, 7, 8}) == 0x0102030405060708ull);
    assert_true(ov_boot_nonce((uint8_t[8]){0}) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markers),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_other_forms_are_refused),
        cmocka_unit_test(test_which_session_is_kept),
        cmocka_unit_test(test_nonce),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
