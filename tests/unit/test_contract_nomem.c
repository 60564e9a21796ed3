/* SPDX-License-Identifier: MIT */
/* Every allocation of describing and parsing a contract and of writing JSON fails once: the answer
 * is -ENOMEM or NULL, and nothing
 * leaks (what is still held is counted). The sources are included,
 * so that their calls of malloc are the ones below; jansson is given the same. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

#include "tests/lib/everything.h"

static long until_failure = -1; /* allocations that still succeed; -1: all */
static long held;

static bool fails(void)
{
    if (until_failure > 0)
        until_failure--;
    return until_failure == 0;
}

static void *counted(void *memory)
{
    held += memory != NULL;
    return memory;
}

static void *scarce_malloc(size_t size)
{
    return fails() ? NULL : counted(malloc(size));
}

static void *scarce_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(calloc(n, size));
}

static void scarce_free(void *memory)
{
    held -= memory != NULL;
    free(memory);
}

#define malloc(size) scarce_malloc(size)
#define calloc(n, size) scarce_calloc(n, size)
#define free(memory) scarce_free(memory)
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "libax/contract.c"
#include "libax/contract_parse.c"
#include "libax/image_json.c"
/* NOLINTEND(bugprone-suspicious-include) */
#undef malloc
#undef calloc
#undef free

/* Runs `what` with one failure further back each time, until none is met. jansson takes some of
 * them for a mistake in the text: then `other` is an answer too. It may also do without. */
static void exhaust(int (*what)(void), int other)
{
    long failures = 0;

    for (;; failures++) {
        int result;

        until_failure = failures + 1;
        result = what();
        assert_int_equal(held, 0);
        if (until_failure > 0)
            break;
        if (result != 0 || other == 0)
            assert_true(result == -ENOMEM || (other && result == other));
    }
    until_failure = -1;
    print_message("%ld allocations failed\n", failures);
    assert_true(failures > 0);
    assert_int_equal(what(), 0);
}

static int describe(void)
{
    char *text = NULL;
    int error = ax_contract_describe(&everything_contract, &label_ax_layout, &text);

    scarce_free(text);
    return error;
}

static char *text;

static int parse(void)
{
    struct ax_contract *contract = NULL;
    int error = ax_contract_parse(text, strlen(text), &contract, NULL);

    ax_contract_free(contract);
    return error;
}

static int show(const struct ax_layout *layout, const void *image, size_t size)
{
    json_t *object = ax_image_to_json(layout, image, size);

    json_decref(object);
    return object ? 0 : -ENOMEM;
}

static int show_lists(void)
{
    static const struct everything_lists lists;

    return show(&everything_ax_msg_lists, &lists, sizeof(lists));
}

static int show_texts(void)
{
    static _Alignas(8) unsigned char image[sizeof(struct everything_texts) + 8];
    struct everything_texts msg = {.to = 1, .ctx = "\xff"};
    size_t size;

    msg.timeout = (struct ax_bytes){(int64_t)((uintptr_t) "abc" - (uintptr_t)&msg.timeout), 3, 0};
    if (ax_layout_flatten(&everything_ax_msg_texts, &msg, image, sizeof(image), &size) != 0)
        return AX_E_TOO_BIG;
    return show(&everything_ax_msg_texts, image, size);
}

static int show_refs(void)
{
    static const struct everything_refs refs = {.any = {1, 2}};

    return show(&everything_ax_msg_refs, &refs, sizeof(refs));
}

static void test_describe(void **state)
{
    (void)state;
    exhaust(describe, 0);
}

static void test_parse(void **state)
{
    (void)state;
    assert_int_equal(ax_contract_describe(&everything_contract, &label_ax_layout, &text), 0);
    held = 0; /* but for the text */
    exhaust(parse, AX_E_INVALID);
    free(text);
}

static void test_show(void **state)
{
    (void)state;
    exhaust(show_lists, 0);
    exhaust(show_texts, 0);
    exhaust(show_refs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_show),
    };

    json_set_alloc_funcs(scarce_malloc, scarce_free);
    /* jansson seeds its hash tables at the first use. */
    json_object_seed(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
