/* SPDX-License-Identifier: MIT */
/* cmd_keygen.c - secrets of a cluster, in files that their owner alone can read. */
#include "axsup/client.h"
#include "overlay/core/noise.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define DIGITS ((size_t)2 * OV_KEY)

static int write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, text, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        text += n;
        size -= (size_t)n;
    }
    return fsync(fd) == 0 || errno == EINVAL ? 0 : -errno;
}

/* A file that is there is never written over: it may be the only copy of what it has. */
static int write_secret(const char *path, const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 && errno == EEXIST) {
        sup_complain("%s exists, and is not written over: give another name or remove it", path);
        return SUP_EXIT_FAILED;
    }
    if (fd < 0) {
        sup_complain("%s cannot be made: %s", path, strerror(errno));
        return SUP_EXIT_FAILED;
    }
    int error = write_all(fd, text, size);
    close(fd);
    if (error == 0)
        return 0;
    (void)unlink(path);
    sup_complain("%s cannot be written: %s", path, strerror(-error));
    return SUP_EXIT_FAILED;
}

/* The digits of 32 bytes by chance, with a new line, into a file. */
static int make_secret(const char *path, uint8_t secret[OV_KEY])
{
    char text[DIGITS + 2];

    randombytes_buf(secret, OV_KEY);
    sodium_bin2hex(text, DIGITS + 1, secret, OV_KEY);
    text[DIGITS] = '\n';
    int status = write_secret(path, text, DIGITS + 1);
    sodium_memzero(text, sizeof(text));
    return status;
}

int sup_cmd_keygen(const struct sup_arguments *arguments)
{
    uint8_t secret[OV_KEY], public[OV_KEY];
    char text[DIGITS + 1];

    if (arguments->token == arguments->key) {
        sup_complain("keygen: expected --token or --key, one of both");
        return SUP_EXIT_USAGE;
    }
    if (*arguments->operands[0] == '\0') {
        sup_complain("keygen: the name of the file is empty: expected where the secret is to be");
        return SUP_EXIT_USAGE;
    }
    if (sodium_init() < 0) {
        sup_complain("the machine gives no random numbers");
        return SUP_EXIT_FAILED;
    }
    int status = make_secret(arguments->operands[0], secret);
    if (status == 0 && arguments->key && ov_public_key(public, secret) == 0)
        puts(sodium_bin2hex(text, sizeof(text), public, OV_KEY));
    sodium_memzero(secret, sizeof(secret));
    return status;
}
