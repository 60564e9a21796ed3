/* SPDX-License-Identifier: MIT */
#include "axsup/rundir.h"

#include "axsup/socket_file.h"

#include <ax/errors.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM (SUP_RUN_DIR_MAX + 16) /* the path and a file in it */

static int refuse(struct sup_config_errors *errors, const struct sup_config *config,
                  const char *what, const char *path, int error)
{
    sup_config_error(errors, config->node, "run_dir", "%s %s: %s", path, what, strerror(error));
    return AX_E_INVALID;
}

/* Some file systems, such as proc, have no folder made and say that there is none. */
static int refuse_place(struct sup_config_errors *errors, const struct sup_config *config,
                        const char *path, int error)
{
    if (error != ENOENT)
        return refuse(errors, config, "cannot be made or used", path, error);
    sup_config_error(errors, config->node, "run_dir",
                     "%s cannot be made or used: no folder can be made there", path);
    return AX_E_INVALID;
}

/* Takes the config's path without what has no meaning in it: "//", "/./" and a slash at the end. */
static void take_path(struct sup_rundir *rundir, const char *path)
{
    size_t n = 0;

    while (*path != '\0' && n + 1 < sizeof rundir->path) {
        size_t length = strcspn(path + 1, "/"); /* of the part behind the slash */
        bool empty = length == 0 || (length == 1 && path[1] == '.');
        if (!empty && n + 1 + length < sizeof rundir->path) {
            memcpy(rundir->path + n, path, 1 + length);
            n += 1 + length;
        }
        path += 1 + length;
    }
    rundir->path[n] = '\0';
    if (n == 0)
        snprintf(rundir->path, sizeof rundir->path, "/");
}

/* Makes the path part by part; counts the parts at its end that were not there. */
static int make_parts(struct sup_rundir *rundir)
{
    char part[SUP_RUN_DIR_MAX + 1];

    for (size_t i = 1; i <= strlen(rundir->path); i++) {
        if (rundir->path[i] != '/' && rundir->path[i] != '\0')
            continue;
        memcpy(part, rundir->path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) == 0)
            rundir->made++;
        else if (errno != EEXIST)
            return -errno;
    }
    return 0;
}

static void remove_parts(struct sup_rundir *rundir)
{
    char part[SUP_RUN_DIR_MAX + 1];

    memcpy(part, rundir->path, sizeof part);
    for (; rundir->made > 0 && rmdir(part) == 0; rundir->made--) {
        char *slash = strrchr(part, '/');
        if (slash == NULL || slash == part)
            break;
        *slash = '\0';
    }
    rundir->made = 0;
}

static const char *file_in(const struct sup_rundir *rundir, const char *file, char path[ROOM])
{
    snprintf(path, ROOM, "%s/%s", rundir->path, file);
    return path;
}

static long read_pid(int fd)
{
    char text[32] = "";

    return pread(fd, text, sizeof text - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
}

/* Locks the file that is there now: between open and lock another system may have removed it. The
 * descriptor, or -errno; -EWOULDBLOCK with *pid when somebody holds it. */
static int lock_file(const char *path, long *pid)
{
    for (;;) {
        struct stat here, there;
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
            return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int error = errno;
            *pid = read_pid(fd);
            close(fd);
            return -error;
        }
        if (fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino &&
            here.st_dev == there.st_dev)
            return fd;
        close(fd);
    }
}

static int write_pid(int fd)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        return -errno;
    return 0;
}

static int take_lock(struct sup_rundir *rundir, const struct sup_config *config,
                     struct sup_config_errors *errors)
{
    char path[ROOM];
    long pid = 0;
    int fd = lock_file(file_in(rundir, "lock", path), &pid);

    if (fd == -EWOULDBLOCK) {
        sup_config_error(errors, config->node, "run_dir",
                         "%s is in use by a living system (pid %ld); stop that one or use another "
                         "directory",
                         rundir->path, pid);
        return AX_E_INVALID;
    }
    if (fd < 0)
        return refuse(errors, config, "cannot be opened", path, -fd);
    rundir->lock = fd;
    int error = write_pid(fd);
    if (error != 0)
        return refuse(errors, config, "cannot be written", path, -error);
    error = sup_socket_file_remove(file_in(rundir, "control", path));
    return error != 0 ? refuse(errors, config, "is in the way and cannot be removed", path, -error)
                      : 0;
}

/* ---- whose it is ---- */

static bool others_write(const struct stat *st)
{
    return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

/* The directory itself: 0, or a mistake was added. */
static int check_directory(const struct sup_config *config, const char *path,
                           struct sup_config_errors *errors)
{
    struct stat st;
    int error = stat(path, &st) != 0 ? errno : !S_ISDIR(st.st_mode) ? ENOTDIR : 0;

    if (error == 0 && st.st_uid != geteuid())
        error = EPERM;
    if (error != 0)
        return refuse(errors, config, "cannot be made or used", path, error);
    if (!others_write(&st))
        return 0;
    sup_config_error(errors, config->node, "run_dir",
                     "%s can be written by others (mode %04o), who could take the system's place: "
                     "chmod go-w it or use another directory",
                     path, (unsigned)(st.st_mode & 07777));
    return AX_E_INVALID;
}

/* Nobody but root and us can put another directory into its place. */
static int check_parents(const struct sup_config *config, const char *path,
                         struct sup_config_errors *errors)
{
    char part[SUP_RUN_DIR_MAX + 1];
    struct stat st;

    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        memcpy(part, path, (size_t)(slash - path));
        part[slash - path] = '\0';
        bool safe = lstat(part, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
                    (!others_write(&st) || (st.st_mode & S_ISVTX) || S_ISLNK(st.st_mode));
        if (safe)
            continue;
        sup_config_error(errors, config->node, "run_dir",
                         "%s, where it is if the config names none, belongs to somebody else or "
                         "can be written by others: name another directory",
                         part);
        return AX_E_INVALID;
    }
    return 0;
}

/* A system that was killed leaves its socket; anything else is somebody's file. */
static int check_control(const struct sup_config *config, const char *path,
                         struct sup_config_errors *errors)
{
    char file[ROOM];

    snprintf(file, sizeof file, "%s/control", path);
    const char *obstacle = sup_socket_file_obstacle(file);
    if (obstacle == NULL)
        return 0;
    sup_config_error(errors, config->node, "run_dir", "%s %s", file, obstacle);
    return AX_E_INVALID;
}

static int check_place(const struct sup_config *config, const char *path,
                       struct sup_config_errors *errors)
{
    int error = check_directory(config, path, errors);

    if (error == 0 && config->run_dir_default)
        error = check_parents(config, path, errors);
    return error == 0 ? check_control(config, path, errors) : error;
}

/* ---- the whole ---- */

int sup_rundir_open(struct sup_rundir *rundir, const struct sup_config *config,
                    struct sup_config_errors *errors)
{
    *rundir = (struct sup_rundir){.lock = -1};
    take_path(rundir, config->run_dir);
    int error = make_parts(rundir);
    error = error != 0 ? refuse_place(errors, config, rundir->path, -error)
                       : check_place(config, rundir->path, errors);
    if (error == 0)
        error = take_lock(rundir, config, errors);
    if (error != 0)
        sup_rundir_close(rundir);
    return error;
}

void sup_rundir_close(struct sup_rundir *rundir)
{
    char path[ROOM];

    if (rundir->lock >= 0) {
        (void)sup_socket_file_remove(file_in(rundir, "control", path));
        unlink(file_in(rundir, "lock", path));
        close(rundir->lock);
        rundir->lock = -1;
    }
    if (rundir->made > 0)
        remove_parts(rundir);
}

/* ---- without touching it ---- */

/* The directory if it is there, else the nearest one above it. -errno. */
static int find_nearest(char path[SUP_RUN_DIR_MAX + 1])
{
    struct stat st;

    while (stat(path, &st) != 0) {
        char *slash = strrchr(path, '/');
        if (errno != ENOENT)
            return -errno;
        if (slash == NULL || slash == path)
            return snprintf(path, 2, "/") > 0 ? 0 : -EINVAL;
        *slash = '\0';
    }
    return 0;
}

/* What can be made there can only be known by making something, of a name that nobody uses. */
static int try_mkdir(const char *path)
{
    char name[ROOM + 8];

    snprintf(name, sizeof name, "%s/.axsup-XXXXXX", path);
    if (mkdtemp(name) == NULL)
        return -errno;
    return rmdir(name) == 0 ? 0 : -errno;
}

int sup_rundir_probe(const struct sup_config *config, struct sup_config_errors *errors)
{
    struct sup_rundir rundir = {.lock = -1};
    char nearest[SUP_RUN_DIR_MAX + 1];

    take_path(&rundir, config->run_dir);
    memcpy(nearest, rundir.path, sizeof nearest);
    int error = find_nearest(nearest);
    if (error == 0 && strcmp(nearest, rundir.path) != 0)
        error = try_mkdir(nearest);
    else if (error == 0)
        error = check_place(config, nearest, errors);
    if (error == 0 && access(nearest, W_OK | X_OK) != 0)
        error = -errno;
    return error < 0 ? refuse_place(errors, config, rundir.path, -error) : error;
}

bool sup_rundir_held(const char *path)
{
    char file[ROOM];

    if (strlen(path) > SUP_RUN_DIR_MAX)
        return false;
    snprintf(file, sizeof file, "%s/lock", path);
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    long pid = read_pid(fd);
    close(fd);
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}
