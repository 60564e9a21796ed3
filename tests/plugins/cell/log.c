/* SPDX-License-Identifier: MIT */
#include "tests/plugins/cell/log.h"

#include <ax/errors.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE ((off_t)sizeof(struct cell_record))

void cell_path(char path[static CELL_PATH], const char *name)
{
    const char *folder = getenv("CELLS");
    snprintf(path, CELL_PATH, "%s/%s", folder == NULL ? "." : folder, name);
}

static bool counts(const struct cell_record *record)
{
    return !record->late && record->kind != CELL_AGAIN;
}

/* The last record that counts; zeroes where there is none. */
static int last(int fd, off_t end, struct cell_record *record)
{
    for (off_t at = end - SIZE; at >= 0; at -= SIZE) {
        if (pread(fd, record, sizeof *record, at) != SIZE)
            return -EIO;
        if (counts(record))
            return 0;
    }
    *record = (struct cell_record){0};
    return 0;
}

static void look_for_write(int fd, off_t end, struct cell_record *record)
{
    struct cell_record each;
    for (off_t at = 0; at < end && pread(fd, &each, sizeof each, at) == SIZE; at += SIZE)
        if (each.kind == CELL_WRITE && each.id == record->id && !each.late) {
            record->kind = CELL_AGAIN;
            record->value = each.value;
            return;
        }
}

/* The lock makes one step of looking at the last epoch and writing behind it. */
static int append(int fd, struct cell_record *record)
{
    struct cell_record before;
    struct stat st;
    if (flock(fd, LOCK_EX) != 0 || fstat(fd, &st) != 0)
        return -errno;
    off_t end = st.st_size - st.st_size % SIZE;
    int error = last(fd, end, &before);
    if (error != 0)
        return error;
    record->late = record->epoch < before.epoch;
    if (record->kind == CELL_WRITE)
        look_for_write(fd, end, record);
    if (record->kind == CELL_OPEN) {
        record->id = before.id;
        record->value = before.value;
    }
    if (pwrite(fd, record, sizeof *record, end) != SIZE)
        return -EIO;
    return record->late ? AX_E_STALE : 0;
}

int cell_append(const char *name, struct cell_record *record)
{
    char path[CELL_PATH];
    cell_path(path, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int error = append(fd, record);
    close(fd);
    return error;
}
