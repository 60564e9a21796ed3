/* SPDX-License-Identifier: MIT */
/* The books of the ledger example: who may append, and what becomes of a record that was not
 * written to its end. */
#include "libax/examples/ledger/book.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST "00000000000000000002 open 0000000000000000 00001000 -          \n"
#define SECOND "00000000000000000002 out  00000000deadbeef 00000042 account-11 \n"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/ledger.XXXXXX");
    return mkdtemp(folder) == NULL || setenv("LEDGER", folder, 1) != 0;
}

static int remove_folder(void **state)
{
    char path[BOOK_PATH];
    (void)state;
    book_path(path, "one");
    unlink(path);
    return rmdir(folder);
}

static struct book_record leaving(uint64_t epoch)
{
    return (struct book_record){
        .epoch = epoch, .what = BOOK_OUT, .id = 0xdeadbeef, .amount = 42, .peer = "account-11"};
}

static void assert_book(const char *expected)
{
    char path[BOOK_PATH], text[8 * BOOK_RECORD + 1] = "";
    book_path(path, "one");
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_int_equal(n, strlen(expected));
    assert_string_equal(text, expected);
}

static void records(void **state)
{
    struct book_record record = leaving(2), read;
    (void)state;
    assert_int_equal(book_open("one", 2, 1000), 0);
    assert_int_equal(book_append("one", &record), 0);
    assert_book(FIRST SECOND);
    assert_true(book_parse(SECOND, &read));
    assert_int_equal(read.epoch, 2);
    assert_int_equal(read.id, 0xdeadbeef);
    assert_int_equal(read.amount, 42);
    assert_string_equal(read.what, BOOK_OUT);
    assert_string_equal(read.peer, "account-11");
    assert_false(book_parse("00000000000000000002 out", &read));
}

/* An owner has opened the book, and what an earlier one does then is not taken. */
static void fence(void **state)
{
    struct book_record early = leaving(6), own = leaving(7);
    (void)state;
    assert_int_equal(book_open("one", 6, 1000), 0);
    assert_int_equal(book_append("one", &early), 0);
    assert_int_equal(book_open("one", 7, 1000), 0);
    assert_int_equal(book_append("one", &early), AX_E_STALE);
    assert_int_equal(book_open("one", 6, 1000), AX_E_STALE);
    assert_int_equal(book_append("one", &own), 0);
    assert_book("00000000000000000006 open 0000000000000000 00001000 -          \n"
                "00000000000000000006 out  00000000deadbeef 00000042 account-11 \n"
                "00000000000000000007 open 0000000000000000 00000000 -          \n"
                "00000000000000000007 out  00000000deadbeef 00000042 account-11 \n");
}

static void torn(void **state)
{
    struct book_record record = leaving(2);
    char path[BOOK_PATH];
    (void)state;
    assert_int_equal(book_open("one", 2, 1000), 0);
    book_path(path, "one");
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs("00000000000000000002 in   00000000", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(book_append("one", &record), 0);
    assert_book(FIRST SECOND);
}

static void unfit(void **state)
{
    struct book_record record = leaving(2);
    (void)state;
    record.amount = 1000000000;
    assert_int_equal(book_append("one", &record), -EMSGSIZE);
    assert_book("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(fence, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(torn, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(unfit, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
