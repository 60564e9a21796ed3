/* SPDX-License-Identifier: MIT */
/* The run directory: made, locked, taken over, and removed as far as it was made. */
#include "axsup/rundir.h"

#include <ax/errors.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[60], path[80];
static struct sup_config *config;

static bool there(const char *file)
{
    char whole[200];
    struct stat st;

    snprintf(whole, sizeof whole, "%s%s%s", folder, *file ? "/" : "", file);
    return lstat(whole, &st) == 0;
}

static void touch(const char *file)
{
    char whole[200];

    snprintf(whole, sizeof whole, "%s/%s", folder, file);
    int fd = open(whole, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

/* A socket's file that nobody listens at any more, as a process leaves it that was killed. */
static void leave_socket(const char *file)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, file);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

/* Opens the run directory below our folder; the first mistake's message, or "". */
static int open_at(struct sup_rundir *rundir, const char *below, char message[300])
{
    struct sup_config_errors errors = {0};

    snprintf(path, sizeof path, "%s/%s", folder, below);
    config->run_dir = path;
    int result = sup_rundir_open(rundir, config, &errors);
    snprintf(message, 300, "%s", errors.first != NULL ? errors.first->message : "");
    sup_config_errors_deinit(&errors);
    return result;
}

static void test_made_and_removed(void **state)
{
    struct sup_rundir rundir;
    char message[300];

    (void)state;
    assert_int_equal(open_at(&rundir, "a/b/c", message), 0);
    assert_true(there("a/b/c/lock"));
    leave_socket("a/b/c/control");
    sup_rundir_close(&rundir);
    assert_false(there("a"));
    assert_true(there(""));
}

static void test_what_was_there_stays(void **state)
{
    struct sup_rundir rundir;
    char message[300];

    (void)state;
    assert_int_equal(mkdir((snprintf(path, sizeof path, "%s/old", folder), path), 0700), 0);
    touch("old/mine");
    assert_int_equal(open_at(&rundir, "old/new", message), 0);
    touch("old/new/mine");
    sup_rundir_close(&rundir);
    assert_true(there("old/mine"));
    assert_true(there("old/new/mine"));
    assert_false(there("old/new/lock"));
}

static void test_in_use(void **state)
{
    struct sup_rundir first, second;
    char message[300], pid[32];

    (void)state;
    assert_int_equal(open_at(&first, "used", message), 0);
    assert_int_equal(open_at(&second, "used", message), AX_E_INVALID);
    snprintf(pid, sizeof pid, "(pid %ld)", (long)getpid());
    assert_non_null(strstr(message, pid));
    assert_true(there("used/lock")); /* it is not ours to remove */
    sup_rundir_close(&second);
    assert_true(there("used/lock"));
    sup_rundir_close(&first);
    assert_false(there("used"));
}

static void test_taken_over_from_the_dead(void **state)
{
    struct sup_rundir rundir;
    char message[300];
    int ready[2], status;
    char byte = 0;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        byte = (char)(open_at(&rundir, "dead", message) == 0);
        leave_socket("dead/control");
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    const bool told = read(ready[0], &byte, 1) == 1;
    const int while_alive = open_at(&rundir, "dead", message);
    kill(pid, SIGKILL); /* before what may fail, so that it is left to nobody */
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(told);
    assert_int_equal(byte, 1);
    assert_int_equal(while_alive, AX_E_INVALID);
    assert_int_equal(open_at(&rundir, "dead", message), 0);
    assert_false(there("dead/control"));
    sup_rundir_close(&rundir);
    close(ready[0]);
    close(ready[1]);
}

static int probe(const char *whole, char message[300])
{
    struct sup_config_errors errors = {0};

    config->run_dir = whole;
    int result = sup_rundir_probe(config, &errors);
    snprintf(message, 300, "%s", errors.first != NULL ? errors.first->message : "");
    sup_config_errors_deinit(&errors);
    return result;
}

static void test_only_a_socket_is_removed(void **state)
{
    struct sup_rundir rundir;
    char message[300];

    (void)state;
    assert_int_equal(mkdir((snprintf(path, sizeof path, "%s/theirs", folder), path), 0700), 0);
    touch("theirs/control");
    assert_int_equal(open_at(&rundir, "theirs", message), AX_E_INVALID);
    assert_non_null(strstr(message, "theirs/control is a regular file, not a socket"));
    assert_int_equal(probe(path, message), AX_E_INVALID);
    assert_non_null(strstr(message, "theirs/control is a regular file, not a socket"));
    assert_true(there("theirs/control"));
    assert_false(there("theirs/lock"));
    assert_int_equal(unlink((snprintf(path, sizeof path, "%s/theirs/control", folder), path)), 0);
    leave_socket("theirs/control");
    assert_int_equal(open_at(&rundir, "theirs", message), 0);
    assert_false(there("theirs/control"));
    touch("theirs/control"); /* put there by somebody else */
    sup_rundir_close(&rundir);
    assert_true(there("theirs/control"));
    assert_int_equal(unlink((snprintf(path, sizeof path, "%s/theirs/control", folder), path)), 0);
    assert_int_equal(rmdir((snprintf(path, sizeof path, "%s/theirs", folder), path)), 0);
}

static void test_cannot_be_made(void **state)
{
    struct sup_rundir rundir;
    char message[300];

    (void)state;
    touch("file");
    assert_int_equal(open_at(&rundir, "file", message), AX_E_INVALID);
    assert_non_null(strstr(message, "Not a directory"));
    assert_int_equal(open_at(&rundir, "file/below", message), AX_E_INVALID);
    assert_int_equal(open_at(&rundir, "half/..not/x", message), 0);
    sup_rundir_close(&rundir);
    assert_false(there("half"));
}

static void test_an_untidy_path(void **state)
{
    static const char *const paths[] = {"x/y/", "x//y", "x/./y", "./x/y/.", "x/y//"};
    struct sup_rundir rundir;
    char message[300];

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(open_at(&rundir, paths[i], message), 0);
        assert_true(there("x/y/lock"));
        sup_rundir_close(&rundir);
        assert_false(there("x"));
    }
}

static void test_writable_by_others(void **state)
{
    struct sup_rundir rundir;
    char message[300];

    (void)state;
    assert_int_equal(mkdir((snprintf(path, sizeof path, "%s/wide", folder), path), 0700), 0);
    assert_int_equal(chmod(path, 0770), 0);
    assert_int_equal(open_at(&rundir, "wide", message), AX_E_INVALID);
    assert_non_null(strstr(message, "can be written by others (mode 0770)"));
    assert_false(there("wide/lock"));
    assert_int_equal(chmod(path, 0750), 0);
    assert_int_equal(open_at(&rundir, "wide", message), 0);
    sup_rundir_close(&rundir);
    rmdir(path);
}

/* Where the config names none, others know beforehand where it will be. */
static void test_parents_of_the_default(void **state)
{
    struct sup_rundir rundir;
    char message[300], parent[80];

    (void)state;
    snprintf(parent, sizeof parent, "%s/guessed", folder);
    assert_int_equal(mkdir(parent, 0700), 0);
    assert_int_equal(chmod(parent, 0777), 0);
    assert_int_equal(open_at(&rundir, "guessed/s", message), 0);
    sup_rundir_close(&rundir);
    config->run_dir_default = true;
    assert_int_equal(open_at(&rundir, "guessed/s", message), AX_E_INVALID);
    assert_non_null(strstr(message, "name another directory"));
    assert_false(there("guessed/s"));
    assert_int_equal(chmod(parent, 0755), 0);
    assert_int_equal(open_at(&rundir, "guessed/s", message), 0);
    sup_rundir_close(&rundir);
    config->run_dir_default = false;
    rmdir(parent);
}

static void test_looked_at(void **state)
{
    struct sup_rundir rundir;
    char message[300];

    (void)state;
    snprintf(path, sizeof path, "%s/none/of/it", folder);
    assert_int_equal(probe(path, message), 0);
    assert_false(there("none"));
    assert_int_equal(probe("/proc/x", message), AX_E_INVALID);
    assert_non_null(strstr(message, "/proc/x cannot be made or used: no folder can be made there"));
    assert_int_equal(open_at(&rundir, "runs", message), 0);
    assert_true(sup_rundir_held(path));
    assert_int_equal(probe(path, message), 0); /* a system that runs there is no mistake */
    sup_rundir_close(&rundir);
    assert_false(sup_rundir_held(path));
    assert_false(there("runs"));
}

static int setup(void **state)
{
    struct sup_config_errors errors = {0};
    static const char text[] = "{\"system\": \"s\", \"workers\": []}";

    (void)state;
    snprintf(folder, sizeof folder, "%s/rundir.XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    if (strlen(folder) > 50 || mkdtemp(folder) == NULL)
        return -1;
    (void)sup_config_parse(text, sizeof text - 1, "test.json", &config, &errors);
    sup_config_errors_deinit(&errors);
    if (config == NULL)
        return -1;
    config->run_dir_default = false;
    return 0;
}

static int teardown(void **state)
{
    static const char *const left[] = {"old/new/mine", "old/new", "old/mine", "old",
                                       "file",         "dead",    ""};
    char whole[200];

    (void)state;
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        snprintf(whole, sizeof whole, "%s/%s", folder, left[i]);
        (void)remove(whole);
    }
    config = sup_config_free(config);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_and_removed),
        cmocka_unit_test(test_what_was_there_stays),
        cmocka_unit_test(test_in_use),
        cmocka_unit_test(test_taken_over_from_the_dead),
        cmocka_unit_test(test_only_a_socket_is_removed),
        cmocka_unit_test(test_cannot_be_made),
        cmocka_unit_test(test_an_untidy_path),
        cmocka_unit_test(test_writable_by_others),
        cmocka_unit_test(test_parents_of_the_default),
        cmocka_unit_test(test_looked_at),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
