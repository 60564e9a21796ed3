/* SPDX-License-Identifier: MIT */
/* The status of a dying process: what is read from /proc/PID/stat. */
#include "axsup/proc_stat.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Fields 10 to 51, whose values do not count. */
#define MIDDLE                                                                                     \
    " 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 1 2 3 4 5 6 7 8 9 10 11 12 13 17 0 0 0 0 0 0 1 2 3 4 5 6 7"

static void test_text(void **state)
{
    int status = -1;

    (void)state;
    assert_int_equal(sup_proc_stat_parse("12 (axsup) R 1 2 3 4 5 4" MIDDLE " 9\n", &status), 1);
    assert_int_equal(status, 9);
    assert_int_equal(sup_proc_stat_parse("12 (axsup) S 1 2 3 4 5 0" MIDDLE " 0\n", &status), 0);
    assert_int_equal(sup_proc_stat_parse("12 (axsup) R 1 2 3 4 5 4194564" MIDDLE " 768", &status),
                     1);
    assert_int_equal(WEXITSTATUS(status), 3);
}

static void test_names_that_mislead(void **state)
{
    int status = -1;

    (void)state;
    assert_int_equal(sup_proc_stat_parse("12 (a) R 1 2 (b) R 1 2 3 4 5 4" MIDDLE " 11\n", &status),
                     1);
    assert_int_equal(status, 11);
    assert_int_equal(sup_proc_stat_parse("12 ()))) R 1 2 3 4 5 4" MIDDLE " 6\n", &status), 1);
    assert_int_equal(status, 6);
}

static void test_what_is_no_stat(void **state)
{
    static const char cut[] = "12 (x) R 1 2 3 4 5 4" MIDDLE "\n";
    static const char *const texts[] = {"", "12", "12 (x", "12 (x)", "12 (x) R", "12 (x) R 1 2 3\n",
                                        cut};
    int status = -1;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(sup_proc_stat_parse(texts[i], &status), -EBADMSG);
    assert_int_equal(status, -1);
}

static void end_by(int signal, int code)
{
    int status = -1;
    siginfo_t info;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        if (signal == 0)
            _exit(code);
        for (;;)
            pause();
    }
    int fd = sup_proc_stat_open(pid);
    assert_true(fd >= 0);
    if (signal != 0) {
        assert_int_equal(sup_proc_stat_ending(fd, &status), 0);
        kill(pid, signal);
    }
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(sup_proc_stat_ending(fd, &status), 1);
    assert_int_equal(WTERMSIG(status), signal);
    assert_int_equal(WEXITSTATUS(status), code);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(sup_proc_stat_ending(fd, &status) < 0);
    close(fd);
}

static void test_processes(void **state)
{
    (void)state;
    end_by(SIGKILL, 0);
    end_by(SIGTERM, 0);
    end_by(0, 0);
    end_by(0, 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_names_that_mislead),
        cmocka_unit_test(test_what_is_no_stat),
        cmocka_unit_test(test_processes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
