/* SPDX-License-Identifier: MIT */
/* What memory there is, from the texts that the kernel says it by, and what a system takes of it.
 */
#include "axsup/room.h"

#include <ax/errors.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

static const char meminfo[] = "MemTotal:        8388608 kB\n"
                              "MemFree:          102400 kB\n"
                              "MemAvailable:    4194304 kB\n"
                              "SwapCached:            0 kB\n"
                              "SwapTotal:       2097152 kB\n"
                              "SwapFree:        1048576 kB\n";

static void test_machine(void **state)
{
    struct sup_room room;

    (void)state;
    sup_room_machine(&room, meminfo);
    assert_int_equal(room.now, 5120 * MIB);
    assert_int_equal(room.ever, 10240 * MIB);
    sup_room_machine(&room, "MemTotal: 1024 kB\nMemAvailable: 512 kB");
    assert_int_equal(room.now, MIB / 2);
    assert_int_equal(room.ever, MIB);
}

static void test_what_is_not_known(void **state)
{
    static const char *const texts[] = {
        "", "\n", "MemTotal", "MemTotal:\n", "MemAvailable: x kB\n", "NoMemTotal: 5 kB\n"};
    struct sup_room room;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        sup_room_machine(&room, texts[i]);
        assert_true(room.now == UINT64_MAX && room.ever == UINT64_MAX);
    }
}

static void test_cgroup(void **state)
{
    static const char stat[] = "anon 52428800\nfile 31457280\ninactive_file 10485760\n"
                               "active_file 20971520\n";
    struct sup_room room;

    (void)state;
    sup_room_machine(&room, meminfo);
    sup_room_cgroup(&room, 0, NULL, NULL, NULL);
    sup_room_cgroup(&room, 0, "max\n", "104857600\n", stat);
    sup_room_cgroup(&room, 0, "", "", "");
    assert_int_equal(room.now, 5120 * MIB);
    sup_room_cgroup(&room, 0, "209715200\n", "104857600\n", stat); /* 200M, 100M, 30M of files */
    assert_int_equal(room.now, 130 * MIB);
    assert_int_equal(room.ever, 200 * MIB);
    sup_room_cgroup(&room, 0, "1073741824\n", "0\n", NULL); /* one above it has more */
    assert_int_equal(room.now, 130 * MIB);
    sup_room_cgroup(&room, 0, "104857600\n", "209715200\n", NULL); /* it was lowered */
    assert_int_equal(room.now, 0);
    assert_int_equal(room.ever, 100 * MIB);

    sup_room_machine(&room, meminfo);
    sup_room_cgroup(&room, 50 * MIB, "104857600\n", "52428800\n", NULL);
    assert_int_equal(room.now, 100 * MIB);
    assert_int_equal(room.ever, 150 * MIB);
}

static void test_of_this_process(void **state)
{
    struct sup_room room;

    (void)state;
    sup_room_read(&room);
    assert_true(room.now > 0 && room.now <= room.ever);
    assert_true(room.ever < UINT64_MAX);
}

/* The plugins are not there: that is not what is looked at. */
static struct sup_config *config_from(const char *text)
{
    struct sup_config_errors errors = {0};
    struct sup_config *config = NULL;

    (void)sup_config_parse(text, strlen(text), "/demo.json", &config, &errors);
    sup_config_errors_deinit(&errors);
    assert_non_null(config);
    return config;
}

/* Four entries; the last takes most. */
static struct sup_config *config_of(void)
{
    return config_from(
        "{ \"system\": \"demo\", \"workers\": [\n"
        "  { \"name\": \"a\", \"plugin\": \"a.so\", \"arena\": \"1G\" },\n"
        "  { \"name\": \"b\", \"plugin\": \"b.so\" },\n"
        "  { \"name\": \"c\", \"plugin\": \"c.so\", \"arena\": \"512M\", \"arena_max\": \"9G\" },\n"
        "  { \"name\": \"d\", \"plugin\": \"d.so\", \"count\": 2, \"arena\": \"1G\" } ] }");
}

static void test_now(void **state)
{
    struct sup_config *config = config_of();
    char text[SUP_ROOM_TEXT] = "";

    (void)state;
    assert_int_equal(sup_room_try(&(struct sup_room){3700 * MIB, 0}, config, text), 0);
    assert_string_equal(text, "");
    assert_int_equal(sup_room_try(&(struct sup_room){3600 * MIB, 0}, config, text), AX_E_NO_MEMORY);
    assert_non_null(strstr(text, "the system takes 36"));
    assert_non_null(strstr(text, "3600M are free"));
    assert_non_null(strstr(text, "the largest are 2 times 1G of d, 1G of a, 512M of c"));
    assert_null(strstr(text, "of b"));
    sup_config_free(config);
}

/* Of four slots each has one to each of the others. */
static void test_lanes(void **state)
{
    struct sup_config *config =
        config_from("{ \"system\": \"demo\", \"lane\": \"16M\", \"workers\": [ { \"name\": \"a\","
                    "  \"plugin\": \"a.so\", \"count\": 3, \"arena\": \"1M\" } ] }");
    char text[SUP_ROOM_TEXT] = "";

    (void)state;
    assert_int_equal(sup_room_try(&(struct sup_room){12 * 16 * MIB, 0}, config, text),
                     AX_E_NO_MEMORY);
    assert_int_equal(sup_room_try(&(struct sup_room){13 * 16 * MIB, 0}, config, text), 0);
    sup_config_free(config);
}

static void test_ever(void **state)
{
    struct sup_config *config = config_of();
    struct sup_config_errors errors = {0};

    (void)state;
    assert_int_equal(sup_room_check(&(struct sup_room){0, 3700 * MIB}, config, &errors), 0);
    assert_false(sup_config_errors_any(&errors));
    assert_int_equal(sup_room_check(&(struct sup_room){0, 3600 * MIB}, config, &errors),
                     AX_E_INVALID);
    assert_string_equal(errors.first->key, "workers[3].arena");
    assert_int_equal(errors.first->at.line, 5);
    assert_non_null(strstr(errors.first->message, "there are 3600M here in all"));
    assert_non_null(strstr(errors.first->message, "2 times 1G of d"));
    sup_config_errors_deinit(&errors);
    sup_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine), cmocka_unit_test(test_what_is_not_known),
        cmocka_unit_test(test_cgroup),  cmocka_unit_test(test_of_this_process),
        cmocka_unit_test(test_now),     cmocka_unit_test(test_lanes),
        cmocka_unit_test(test_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
