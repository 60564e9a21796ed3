/* SPDX-License-Identifier: MIT */
/* The status of a dying process: what is read from /proc/PID/stat. */
#include "axsup/proc_stat.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Fields 10 to 19 and 21 to 51, whose values do not count; between them the number of threads. */
#define BEFORE " 0 0 0 0 0 0 0 0 20 0 "
#define BEHIND " 0 5 0 0 1 2 3 4 5 6 7 8 9 10 11 12 13 17 0 0 0 0 0 0 1 2 3 4 5 6 7"
#define MIDDLE BEFORE "1" BEHIND

static void test_text(void **state)
{
    struct sup_proc_stat stat;

    (void)state;
    assert_int_equal(sup_proc_stat_parse("12 (axsup) R 1 2 3 4 5 4" MIDDLE " 9\n", &stat), 0);
    assert_true(stat.ending && stat.alone);
    assert_int_equal(stat.status, 9);
    assert_int_equal(sup_proc_stat_parse("12 (axsup) S 1 2 3 4 5 0" MIDDLE " 0\n", &stat), 0);
    assert_false(stat.ending);
    assert_int_equal(sup_proc_stat_parse("12 (axsup) R 1 2 3 4 5 4194564" MIDDLE " 768", &stat), 0);
    assert_true(stat.ending);
    assert_int_equal(WEXITSTATUS(stat.status), 3);
}

static void test_other_threads(void **state)
{
    struct sup_proc_stat stat;

    (void)state;
    assert_int_equal(sup_proc_stat_parse("12 (x) R 1 2 3 4 5 4" BEFORE "2" BEHIND " 9\n", &stat),
                     0);
    assert_true(stat.ending && !stat.alone);
    assert_int_equal(sup_proc_stat_parse("12 (x) R 1 2 3 4 5 4" BEFORE "11" BEHIND " 9\n", &stat),
                     0);
    assert_false(stat.alone);
    assert_int_equal(sup_proc_stat_parse("12 (x) X 1 2 3 4 5 4" BEFORE "0" BEHIND " 9\n", &stat),
                     0);
    assert_false(stat.alone);
}

static void test_names_that_mislead(void **state)
{
    struct sup_proc_stat stat;

    (void)state;
    assert_int_equal(sup_proc_stat_parse("12 (a) R 1 2 (b) R 1 2 3 4 5 4" MIDDLE " 11\n", &stat),
                     0);
    assert_true(stat.ending && stat.alone);
    assert_int_equal(stat.status, 11);
    assert_int_equal(sup_proc_stat_parse("12 ()))) R 1 2 3 4 5 4" MIDDLE " 6\n", &stat), 0);
    assert_int_equal(stat.status, 6);
}

static void test_what_is_no_stat(void **state)
{
    static const char cut[] = "12 (x) R 1 2 3 4 5 4" MIDDLE "\n";
    static const char *const texts[] = {"", "12", "12 (x", "12 (x)", "12 (x) R", "12 (x) R 1 2 3\n",
                                        cut};
    struct sup_proc_stat stat = {.status = -1};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(sup_proc_stat_parse(texts[i], &stat), -EBADMSG);
    assert_int_equal(stat.status, -1);
    assert_false(stat.ending || stat.alone);
}

static void end_by(int signal, int code)
{
    struct sup_proc_stat stat;
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
        assert_int_equal(sup_proc_stat_read(fd, &stat), 0);
        assert_true(!stat.ending && stat.alone);
        kill(pid, signal);
    }
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(sup_proc_stat_read(fd, &stat), 0);
    assert_true(stat.ending && stat.alone);
    assert_int_equal(WTERMSIG(stat.status), signal);
    assert_int_equal(WEXITSTATUS(stat.status), code);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(sup_proc_stat_read(fd, &stat) < 0);
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

static void *wait_for_ever(void *unused)
{
    for (;;)
        pause();
    return unused;
}

/* The first thread has ended, another lives: that is no end of the process. */
static void test_a_thread_that_is_left(void **state)
{
    struct sup_proc_stat stat;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, wait_for_ever, NULL) == 0)
            syscall(SYS_exit, 5);
        _exit(1);
    }
    int fd = sup_proc_stat_open(pid);
    assert_true(fd >= 0);
    do /* the kernel says that it ends, and then how */
        assert_int_equal(sup_proc_stat_read(fd, &stat), 0);
    while (!stat.ending || stat.status == 0);
    assert_false(stat.alone);
    assert_int_equal(WEXITSTATUS(stat.status), 5);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_other_threads),
        cmocka_unit_test(test_names_that_mislead),
        cmocka_unit_test(test_what_is_no_stat),
        cmocka_unit_test(test_processes),
        cmocka_unit_test(test_a_thread_that_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
