/* SPDX-License-Identifier: MIT */
#include "tests/e2e/stores/folder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[128];

_Noreturn void server_give_up(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

/* ---- the folder ---- */

const char *server_path(const char *name)
{
    static char paths[32][256];
    static unsigned next;
    char *path = paths[next++ % 32];
    if (folder[0] == '\0') {
        const char *tmp = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/stores.XXXXXX", tmp == NULL ? "/tmp" : tmp);
        if (mkdtemp(folder) == NULL)
            server_give_up("%s: cannot be made", folder);
    }
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *server_file(const char *name, const char *text, mode_t mode)
{
    const char *path = server_path(name);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, mode) != 0)
        server_give_up("%s: cannot be written", path);
    return path;
}

/* ---- children ---- */

void server_word(struct server_words *words, const char *word)
{
    words->word[words->n++] = word;
}

void server_option(struct server_words *words, const char *name, const char *format, ...)
{
    va_list args;
    char *text = words->text[words->texts++];
    va_start(args, format);
    vsnprintf(text, sizeof words->text[0], format, args);
    va_end(args);
    server_word(words, name);
    server_word(words, text);
}

pid_t server_spawn(const char *const *args, const char *log)
{
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        server_give_up("fork");
    if (pid > 0)
        return pid;
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || getppid() != parent)
        _exit(126);
    execvp(args[0], (char *const *)args);
    _exit(127);
}

bool server_run(const char *const *args)
{
    int status;
    pid_t pid = server_spawn(args, server_path("log"));
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void server_clean(void)
{
    const char *const args[] = {"rm", "-rf", folder, NULL};
    if (folder[0] != '\0')
        server_run(args);
}

/* ---- certificates ---- */

static bool make_ca(const char *key, const char *cert)
{
    const char *const args[] = {"openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:prime256v1",
                                "-nodes",
                                "-days",
                                "2",
                                "-subj",
                                "/CN=ca",
                                "-keyout",
                                key,
                                "-out",
                                cert,
                                NULL};
    return server_run(args);
}

bool server_certificates(void)
{
    const char *extension = server_file("ext", "subjectAltName=IP:127.0.0.1,DNS:localhost\n", 0600);
    const char *request = server_path("request"), *key = server_path("key.pem");
    const char *cert = server_path("cert.pem"), *ca = server_path("ca.pem");
    const char *ca_key = server_path("ca.key");
    const char *const ask[] = {
        "openssl", "req",   "-new",    "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes",  "-subj", "/CN=one", "-keyout", key,  "-out",     request,
        NULL};
    const char *const sign[] = {
        "openssl",         "x509",  "-req", "-in",      request,   "-CA",  ca,   "-CAkey", ca_key,
        "-CAcreateserial", "-days", "2",    "-extfile", extension, "-out", cert, NULL};
    return make_ca(ca_key, ca) && make_ca(server_path("other.key"), server_path("other.pem")) &&
           server_run(ask) && server_run(sign);
}
