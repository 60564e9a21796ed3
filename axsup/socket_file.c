/* SPDX-License-Identifier: MIT */
#include "axsup/socket_file.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

const char *sup_socket_file_obstacle(const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return NULL;
    switch (st.st_mode & S_IFMT) {
    case S_IFSOCK:
        return NULL;
    case S_IFREG:
        return "is a regular file, not a socket";
    case S_IFDIR:
        return "is a directory, not a socket";
    case S_IFLNK:
        return "is a symbolic link, not a socket";
    case S_IFIFO:
        return "is a FIFO, not a socket";
    default:
        return "is a device, not a socket";
    }
}

int sup_socket_file_remove(const char *path)
{
    if (sup_socket_file_obstacle(path) != NULL)
        return -ENOTSOCK;
    return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}
