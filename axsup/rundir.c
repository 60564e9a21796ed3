/* SPDX-License-Identifier: MIT */
#include "axsup/rundir.h"

#include <ax/errors.h>

#include <errno.h>
#include <fcntl.h>
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
                         "folder",
                         rundir->path, pid);
        return AX_E_INVALID;
    }
    if (fd < 0)
        return refuse(errors, config, "cannot be opened", path, -fd);
    rundir->lock = fd;
    int error = write_pid(fd);
    if (error != 0)
        return refuse(errors, config, "cannot be written", path, -error);
    if (unlink(file_in(rundir, "control", path)) != 0 && errno != ENOENT)
        return refuse(errors, config, "is in the way and cannot be removed", path, errno);
    return 0;
}

int sup_rundir_open(struct sup_rundir *rundir, const struct sup_config *config,
                    struct sup_config_errors *errors)
{
    struct stat st;

    *rundir = (struct sup_rundir){.lock = -1};
    snprintf(rundir->path, sizeof rundir->path, "%s", config->run_dir);
    int error = make_parts(rundir);
    if (error == 0 && stat(rundir->path, &st) != 0)
        error = -errno;
    if (error == 0 && !S_ISDIR(st.st_mode))
        error = -ENOTDIR;
    if (error == 0 && st.st_uid != geteuid())
        error = -EPERM;
    error = error != 0 ? refuse(errors, config, "cannot be made or used", rundir->path, -error)
                       : take_lock(rundir, config, errors);
    if (error != 0)
        sup_rundir_close(rundir);
    return error;
}

void sup_rundir_close(struct sup_rundir *rundir)
{
    char path[ROOM];

    if (rundir->lock >= 0) {
        unlink(file_in(rundir, "control", path));
        unlink(file_in(rundir, "lock", path));
        close(rundir->lock);
        rundir->lock = -1;
    }
    if (rundir->made > 0)
        remove_parts(rundir);
}
