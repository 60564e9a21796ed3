/* SPDX-License-Identifier: MIT */
#include "book.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder(void)
{
    const char *name = getenv("LEDGER");
    return name == NULL || *name == '\0' ? "ledger" : name;
}

void book_path(char path[static BOOK_PATH], const char *name)
{
    snprintf(path, BOOK_PATH, "%s/%s", folder(), name);
}

bool book_parse(const char *text, struct book_record *record)
{
    return sscanf(text, "%20" SCNu64 " %4s %16" SCNx64 " %8" SCNd64 " %11s", &record->epoch,
                  record->what, &record->id, &record->amount, record->peer) == 5;
}

static bool format(char text[static BOOK_RECORD + 1], const struct book_record *record)
{
    return snprintf(text, BOOK_RECORD + 1,
                    "%020" PRIu64 " %-4s %016" PRIx64 " %08" PRId64 " %-11s\n", record->epoch,
                    record->what, record->id, record->amount, record->peer) == BOOK_RECORD;
}

/* The epoch of the record that ends at `end`: the highest, for there is no record with a lower one
 * behind. */
static int last_epoch(int fd, off_t end, uint64_t *epoch)
{
    char text[BOOK_RECORD + 1] = "";
    struct book_record record;
    *epoch = 0;
    if (end == 0)
        return 0;
    if (pread(fd, text, BOOK_RECORD, end - (off_t)BOOK_RECORD) != (ssize_t)BOOK_RECORD)
        return -EIO;
    if (!book_parse(text, &record))
        return -EBADMSG;
    *epoch = record.epoch;
    return 0;
}

/* The lock makes one step of looking at the last epoch and writing behind it. */
static int append_locked(int fd, struct book_record *record, int64_t first)
{
    char text[BOOK_RECORD + 1];
    struct stat st;
    uint64_t epoch;
    if (flock(fd, LOCK_EX) != 0 || fstat(fd, &st) != 0)
        return -errno;
    off_t end = st.st_size - st.st_size % (off_t)BOOK_RECORD;
    AX_TRY(last_epoch(fd, end, &epoch));
    if (epoch > record->epoch)
        return AX_E_STALE;
    if (end == 0)
        record->amount += first;
    if (!format(text, record))
        return -EMSGSIZE;
    ssize_t n = pwrite(fd, text, BOOK_RECORD, end);
    return n == (ssize_t)BOOK_RECORD ? 0 : n < 0 ? -errno : -ENOSPC;
}

static int append(const char *name, struct book_record record, int64_t first)
{
    char path[BOOK_PATH];
    if (mkdir(folder(), 0700) != 0 && errno != EEXIST)
        return -errno;
    book_path(path, name);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int error = append_locked(fd, &record, first);
    close(fd);
    return error;
}

int book_append(const char *name, const struct book_record *record)
{
    return append(name, *record, 0);
}

int book_open(const char *name, uint64_t epoch, int64_t amount)
{
    struct book_record record = {.epoch = epoch, .what = BOOK_OPEN, .peer = "-"};
    return append(name, record, amount);
}
