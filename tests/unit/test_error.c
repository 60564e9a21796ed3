/* SPDX-License-Identifier: MIT */
/* Each result has a text and a name, also one that nobody returns. */
#include <ax/errors.h>

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void known(void **state)
{
    (void)state;
    assert_string_equal(ax_strerror(0), "done");
    assert_string_equal(ax_error_name(0), "AX_OK");
    assert_string_equal(ax_strerror(AX_E_FULL), "mailbox full");
    assert_string_equal(ax_error_name(AX_E_FULL), "AX_E_FULL");
    assert_string_equal(ax_strerror(-ENOENT), "No such file or directory");
    assert_string_equal(ax_error_name(-ENOENT), "ENOENT");
}

static void unknown(void **state)
{
    static const int errors[] = {4711, -4711, INT_MAX, INT_MIN + 1, INT_MIN};
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        assert_string_equal(ax_strerror(errors[i]), "unknown error");
        assert_string_equal(ax_error_name(errors[i]), "?");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known), cmocka_unit_test(unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
