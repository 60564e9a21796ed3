/* SPDX-License-Identifier: MIT */
#include "tests/lib/system.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_NS 20000000000ull

uint64_t system_setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

void give_up(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("FAILED: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1); /* axsup gets SIGTERM with its parent's death */
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        give_up("cannot write %s", path);
}

static _Noreturn void become_axsup(const char *log, const char *conf)
{
    const char *build = getenv("AX_BUILD");
    char axsup[256];
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(126);
    snprintf(axsup, sizeof axsup, "%s/axsup", build == NULL ? "build" : build);
    execl(axsup, axsup, "run", conf, (char *)NULL);
    _exit(127);
}

static bool is_running(struct system *system)
{
    json_t *status = system_ask(system, json_pack("{s:s}", "command", "status"));
    const char *state = json_string_value(json_object_get(status, "state"));
    bool running = state != NULL && strcmp(state, "running") == 0;
    json_decref(status);
    return running;
}

static void connect_to(struct system *system, const char *conf)
{
    char control[300];
    uint64_t tries = START_NS / 1000000;
    snprintf(control, sizeof control, "%s/run/control", system->folder);
    while (access(control, F_OK) != 0 || sup_client_open(&system->client, conf) != 0) {
        if (tries-- == 0)
            give_up("axsup does not start");
        sup_client_close(&system->client);
        system_wait(system, 1000000);
    }
    while (!is_running(system)) {
        if (tries-- == 0)
            give_up("the workers do not start");
        system_wait(system, 1000000);
    }
}

void system_folder(struct system *system)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(system->folder, sizeof system->folder, "%s/system.XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(system->folder) == NULL)
        give_up("no folder for the test");
}

void system_start(struct system *system, const char *config)
{
    char conf[300], log[300];
    if (system->folder[0] == '\0')
        system_folder(system);
    snprintf(conf, sizeof conf, "%s/system.json", system->folder);
    snprintf(log, sizeof log, "%s/log", system->folder);
    write_file(conf, config);
    system->pid = fork();
    if (system->pid == 0)
        become_axsup(log, conf);
    system->pidfd = (int)syscall(SYS_pidfd_open, system->pid, 0);
    if (system->pidfd < 0)
        give_up("no process for axsup");
    connect_to(system, conf);
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"book",        "script",   "system.json", "log",
                                        "run/control", "run/lock", "run",         ""};
    char path[300];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)remove(path);
    }
}

int system_stop(struct system *system)
{
    int status;
    json_decref(system_ask(system, json_pack("{s:s}", "command", "stop")));
    sup_client_close(&system->client);
    if (waitpid(system->pid, &status, 0) != system->pid)
        give_up("axsup is lost");
    close(system->pidfd);
    remove_folder(system->folder);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

json_t *system_ask(struct system *system, json_t *request)
{
    char *line = NULL;
    if (sup_client_send(&system->client, request) != 0 ||
        sup_client_line(&system->client, &line) != 0)
        give_up("axsup is gone");
    json_error_t error;
    json_t *answer = json_loads(line, 0, &error);
    if (answer == NULL)
        give_up("an answer is no JSON: %s: %s", error.text, line);
    json_t *result =
        json_is_true(json_object_get(answer, "ok")) ? json_object_get(answer, "result") : NULL;
    json_incref(result);
    json_decref(answer);
    return result;
}

void system_wait(struct system *system, uint64_t ns)
{
    const struct timespec time = {.tv_sec = (time_t)(ns / 1000000000u),
                                  .tv_nsec = (long)(ns % 1000000000u)};
    struct pollfd end = {.fd = system->pidfd, .events = POLLIN};
    if (ppoll(&end, 1, &time, NULL) > 0)
        give_up("axsup has ended");
}

uint32_t system_logged(const struct system *system, const char *text)
{
    char path[300], line[2048];
    uint32_t lines = 0;
    snprintf(path, sizeof path, "%s/log", system->folder);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strstr(line, text) != NULL && lines++ < 10)
            fprintf(stderr, "  log: %s", line);
    if (file != NULL)
        fclose(file);
    return lines;
}
