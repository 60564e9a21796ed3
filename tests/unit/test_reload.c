/* SPDX-License-Identifier: MIT */
/* What one build of a plugin says of itself against what another one does: which of them can go on
 * where the other was, and what is said to be the matter where it cannot. */
#include "axsup/reload.h"

#include <ax/errors.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ADD "{\"name\":\"add\",\"kind\":\"tell\",\"fields\":[{\"name\":\"by\",\"type\":\"i64\"}]}"
#define GET "{\"name\":\"get\",\"kind\":\"ask\",\"fields\":[],\"reply\":[]}"
#define STATE ",\"state\":[{\"name\":\"n\",\"type\":\"i64\"}]"
#define MAPS ",\"maps\":[\"a\",\"b\"]"
#define TALLY(messages, rest)                                                                      \
    "{\"contract\":\"tally\",\"hash\":\"1\",\"messages\":[" messages "]" rest "}"
#define BANK "{\"contract\":\"bank\",\"hash\":\"2\",\"messages\":[]}"
#define PLUGIN(actors) "{\"plugin\":\"tally\",\"actors\":[" actors "]}"
#define BEFORE PLUGIN(TALLY(ADD "," GET, STATE MAPS) "," BANK)

static void fits(const char *text)
{
    char why[200] = "nothing";

    assert_int_equal(sup_reload_compare(BEFORE, text, strlen(text), why, sizeof why), 0);
    assert_string_equal(why, "nothing");
}

static void wrong(const char *text, int error, const char *what)
{
    char why[200] = "";

    assert_int_equal(sup_reload_compare(BEFORE, text, strlen(text), why, sizeof why), error);
    assert_string_equal(why, what);
}

static void differs(const char *text, const char *what)
{
    wrong(text, AX_E_WRONG_CONTRACT, what);
}

/* The plugin's own name, and whether there is a hook for snapshots, are nothing that memory holds.
 */
static void the_same(void **state)
{
    (void)state;
    fits(BEFORE);
    fits("{\"plugin\":\"other\",\"actors\":[" TALLY(ADD "," GET,
                                                    STATE MAPS ",\"restore\":true") "," BANK "]}");
}

static void messages(void **state)
{
    (void)state;
    differs(PLUGIN(TALLY(GET "," ADD, STATE MAPS) "," BANK), "has message tally.get where add was");
    differs(PLUGIN(TALLY(ADD "," GET "," ADD, STATE MAPS) "," BANK),
            "has one message more, tally.add");
    differs(PLUGIN(TALLY(ADD, STATE MAPS) "," BANK), "has no message tally.get");
    differs(PLUGIN(TALLY("{\"name\":\"add\",\"kind\":\"tell\",\"fields\":[{\"name\":\"by\","
                         "\"type\":\"i32\"}]}," GET,
                         STATE MAPS) "," BANK),
            "has a message tally.add of other fields");
}

static void states(void **state)
{
    (void)state;
    differs(PLUGIN(TALLY(ADD "," GET, MAPS) "," BANK), "keeps another state of tally");
    differs(
        PLUGIN(TALLY(ADD "," GET, ",\"state\":[{\"name\":\"m\",\"type\":\"i64\"}]" MAPS) "," BANK),
        "keeps another state of tally");
    differs(PLUGIN(TALLY(ADD "," GET, STATE) "," BANK), "keeps other maps of tally");
    differs(PLUGIN(TALLY(ADD "," GET, STATE ",\"maps\":[\"b\",\"a\"]") "," BANK),
            "keeps other maps of tally");
}

/* Memory names them by their places. */
static void actors(void **state)
{
    (void)state;
    differs(PLUGIN(BANK "," TALLY(ADD "," GET, STATE MAPS)),
            "has an actor of contract bank where that of tally was");
    differs(PLUGIN(TALLY(ADD "," GET, STATE MAPS)), "has no actor of contract bank");
    differs(PLUGIN(TALLY(ADD "," GET, STATE MAPS) "," BANK "," BANK),
            "has one actor more, of contract bank");
    differs(PLUGIN(TALLY(ADD "," GET, STATE MAPS) ",{\"contract\":\"bank\",\"hash\":\"3\","
                                                  "\"messages\":[]}"),
            "has another contract bank");
}

static void nonsense(void **state)
{
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "{\"plugin\":\"tally\"}",
                                        "{\"plugin\":\"tally\",\"actors\":3}",
                                        "{\"plugin\":3,\"actors\":[]}",
                                        "{\"actors\":[]}",
                                        "{\"plugin\":\"tally\",\"actors\":[]}x"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        wrong(texts[i], AX_E_INVALID, "says of itself what makes no sense");
    differs(PLUGIN("3,[]"), "has an actor without a contract");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same), cmocka_unit_test(messages), cmocka_unit_test(states),
        cmocka_unit_test(actors),   cmocka_unit_test(nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
