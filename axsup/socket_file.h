/* SPDX-License-Identifier: MIT */
/* socket_file.h - the file of a Unix socket, which outlives a process that was killed.
 *
 * Whoever binds a socket removes such a file first. A path that is written wrong may be that of
 * something dear to somebody, so whatever is no socket stays where it is. */
#ifndef SUP_SOCKET_FILE_H
#define SUP_SOCKET_FILE_H

/* What stands in a socket's way: "is a regular file, not a socket"; static. NULL where a socket is
 * there, or nothing, or what cannot be seen. */
const char *sup_socket_file_obstacle(const char *path);
/* Removes a socket. 0, also where nothing is there; -ENOTSOCK where something else is; -errno. */
int sup_socket_file_remove(const char *path);

#endif
