/* SPDX-License-Identifier: MIT */
/* config_secret.c - files that others must not read: that they are there, have what they should,
 * and belong to whom will read them. What is in them is looked at and forgotten: the gateway reads
 * them for itself. */
#include "axsup/config_cluster_check.h"

#include "overlay/core/noise.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_DIGITS ((size_t)2 * SUP_PIN_BYTES)
#define WRONG(c, place, ...) sup_config_error((c)->errors, (place)->node, (place)->key, __VA_ARGS__)

/* The bytes of a secret without the new line at its end. */
static size_t without_end(const char *text, size_t n)
{
    return n > 0 && text[n - 1] == '\n' ? n - 1 : n;
}

static void check_token(struct cluster_checker *c, const struct cluster_place *place,
                        const char *text, size_t n)
{
    if (without_end(text, n) < SUP_TOKEN_MIN)
        WRONG(c, place,
              "the token in it has %zu bytes: at least %d; \"axsup keygen --token FILE\" makes one",
              without_end(text, n), SUP_TOKEN_MIN);
    else if (n > SUP_TOKEN_FILE_MAX)
        WRONG(c, place,
              "more than %d bytes: expected a token, \"axsup keygen --token FILE\" makes "
              "one",
              SUP_TOKEN_FILE_MAX);
}

/* Where all nodes have the same pins, these name this one, too. */
static void check_own_pin(struct cluster_checker *c, const char *digits)
{
    const struct sup_cluster_config *cluster = c->cluster;
    uint8_t secret[OV_KEY], own[OV_KEY];
    char text[KEY_DIGITS + 1];

    (void)sodium_hex2bin(secret, sizeof secret, digits, KEY_DIGITS, NULL, NULL, NULL);
    bool has = ov_public_key(own, secret) == 0;
    sodium_memzero(secret, sizeof secret);
    for (size_t i = 0; has && i < cluster->n_pins; i++)
        if (strcmp(cluster->pins[i].node, cluster->node) == 0 &&
            memcmp(cluster->pins[i].key, own, sizeof own) != 0)
            sup_config_error(c->errors, sup_json_get(cluster->json, "pins"), cluster->node,
                             "this node has another key: expected \"%s\", the public key of "
                             "key_file, or others with these pins refuse it",
                             sodium_bin2hex(text, sizeof text, own, sizeof own));
}

static void check_key(struct cluster_checker *c, const struct cluster_place *place,
                      const char *text, size_t n)
{
    size_t digits = without_end(text, n);

    if (digits != KEY_DIGITS || strspn(text, "0123456789abcdefABCDEF") != digits)
        WRONG(c, place,
              "expected a key of %zu hexadecimal digits: \"axsup keygen --key FILE\" makes one",
              KEY_DIGITS);
    else
        check_own_pin(c, text);
}

/* Text may stand before it, and the whole is the TLS library's to read. */
static void check_pem(struct cluster_checker *c, const struct cluster_place *place, int fd,
                      const char *line, const char *what)
{
    struct stat st;
    void *text = fstat(fd, &st) == 0 && st.st_size > 0
                     ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
                     : MAP_FAILED;
    bool has = text != MAP_FAILED && memmem(text, (size_t)st.st_size, "-----BEGIN ", 11) &&
               memmem(text, (size_t)st.st_size, line, strlen(line));

    if (text != MAP_FAILED)
        munmap(text, (size_t)st.st_size);
    if (!has)
        WRONG(c, place, "expected %s in PEM: the file has no \"-----BEGIN %s\"", what, line);
}

static void check_content(struct cluster_checker *c, const struct cluster_place *place,
                          enum cluster_secret what, int fd)
{
    char text[SUP_TOKEN_FILE_MAX + 2];
    ssize_t n = read(fd, text, sizeof text - 1);

    text[n > 0 ? n : 0] = '\0';
    if (n < 0)
        WRONG(c, place, "cannot be read: %s", strerror(errno));
    else if (what == CLUSTER_TOKEN)
        check_token(c, place, text, (size_t)n);
    else if (what == CLUSTER_KEY)
        check_key(c, place, text, (size_t)n);
    else if (n == 0)
        WRONG(c, place, "the file is empty");
    else if (what == CLUSTER_CERTIFICATE)
        check_pem(c, place, fd, "CERTIFICATE-----", "a certificate");
    else if (what == CLUSTER_CERTIFIED)
        check_pem(c, place, fd, "PRIVATE KEY-----", "a key");
    sodium_memzero(text, sizeof text);
}

static bool check_owner(struct cluster_checker *c, const struct cluster_place *place,
                        const char *path, const struct stat *st)
{
    if (st->st_mode & 077) {
        WRONG(c, place,
              "others than its owner can read or write it (mode %03o): \"chmod 600 %.256s\" would "
              "be right",
              (unsigned)st->st_mode & 0777, path);
        return false;
    }
    if (c->reader != 0 && st->st_uid != c->reader) {
        WRONG(c, place,
              "the gateway runs as user %u and cannot read it: \"chown %u %.256s\" would "
              "be right",
              (unsigned)c->reader, (unsigned)c->reader, path);
        return false;
    }
    return true;
}

const char *sup_cluster_path(struct cluster_checker *c, const char *path)
{
    return path == NULL || *path == '/'
               ? path
               : sup_config_path(c->config, c->errors, c->config->folder, path);
}

static void check_missing(struct cluster_checker *c, const struct cluster_place *place,
                          const char *path, enum cluster_secret what)
{
    static const char *const options[] = {[CLUSTER_TOKEN] = "--token", [CLUSTER_KEY] = "--key"};

    if (what == CLUSTER_TOKEN || what == CLUSTER_KEY)
        WRONG(c, place,
              "expected a file at %.256s: there is none; \"axsup keygen %s FILE\" makes one", path,
              options[what]);
    else
        WRONG(c, place, "expected a file at %.256s: there is none", path);
}

const char *sup_cluster_check_file(struct cluster_checker *c, const struct cluster_place *place,
                                   const char *name, enum cluster_secret what)
{
    const char *path = sup_cluster_path(c, name);
    struct stat st;

    if (path == NULL)
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        check_missing(c, place, path, what);
    else if (fd < 0)
        WRONG(c, place, "%.256s cannot be opened: %s", path, strerror(errno));
    else if (fstat(fd, &st) != 0)
        WRONG(c, place, "%.256s cannot be looked at: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        WRONG(c, place, "expected a file, found %s",
              S_ISDIR(st.st_mode) ? "a folder" : "a device or a pipe");
    else if (what == CLUSTER_CERTIFICATE || check_owner(c, place, path, &st))
        check_content(c, place, what, fd);
    if (fd >= 0)
        close(fd);
    return path;
}
