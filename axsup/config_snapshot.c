/* SPDX-License-Identifier: MIT */
/* config_snapshot.c - what an actor of the config is to begin from: the bytes of a file. They are
 * read with the config, so that what is wrong with the file is told like any other mistake, and so
 * that a process which starts empty later on begins from the same. */
#include "axsup/config_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct snapshot {
    struct sup_config *config;
    struct sup_config_errors *errors;
    struct sup_actor_config *actor;
};

#define WRONG(s, ...)                                                                              \
    sup_config_error((s)->errors, (s)->actor->node, "initial_snapshot", __VA_ARGS__)

/* It may be written to meanwhile: a byte more than there should be tells that. */
static void take(struct snapshot *s, int fd, size_t size)
{
    unsigned char *bytes = sup_pool_alloc(&s->config->pool, size + 1);
    size_t n = 0;
    ssize_t got = 1;

    if (!bytes) {
        s->errors->no_memory = true;
        return;
    }
    while (n <= size && got != 0) {
        got = read(fd, bytes + n, size + 1 - n);
        if (got < 0 && errno != EINTR) {
            WRONG(s, "cannot be read: %s", strerror(errno));
            return;
        }
        n += got > 0 ? (size_t)got : 0;
    }
    if (n != size) {
        WRONG(s, "is being written: expected a file that stays as it is");
        return;
    }
    s->actor->snapshot = bytes;
    s->actor->snapshot_size = (uint32_t)size;
}

static void take_file(struct snapshot *s, int fd)
{
    const uint64_t most = s->config->max_message;
    char text[SUP_UNIT_ROOM];
    struct stat st;

    if (fstat(fd, &st) != 0)
        WRONG(s, "cannot be read: %s", strerror(errno));
    else if (!S_ISREG(st.st_mode))
        WRONG(s, "expected a file, found %s",
              S_ISDIR(st.st_mode) ? "a folder" : "a device or a pipe");
    else if (st.st_size == 0)
        WRONG(s, "the file is empty: expected the bytes that restore is given; without the key "
                 "the actor begins from none");
    else if ((uint64_t)st.st_size > most && sup_config_usable(s->config->node, "max_message"))
        WRONG(s, "the file has %lld bytes: at most max_message (%s)", (long long)st.st_size,
              sup_format_size(most, text));
    else if ((uint64_t)st.st_size <= most)
        take(s, fd, (size_t)st.st_size);
}

void sup_config_check_snapshot(struct sup_config *config, struct sup_config_errors *errors,
                               struct sup_actor_config *actor)
{
    struct snapshot s = {config, errors, actor};
    const char *name = actor->snapshot_file, *path = name;

    if (name == NULL)
        return;
    if (*name != '/')
        path = sup_config_path(config, errors, config->folder, name);
    if (path == NULL)
        return;
    /* where it is a pipe, nobody may be at its other end */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        WRONG(&s, "no such snapshot: expected a file at %.256s", path);
    else if (fd < 0)
        WRONG(&s, "%.256s cannot be opened: %s", path, strerror(errno));
    if (fd < 0)
        return;
    take_file(&s, fd);
    close(fd);
}
