/* SPDX-License-Identifier: MIT */
/* overlay/store/options.c - the options of a store: checked, and kept as copies. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay/store/kind.h"

#define PASSWORD_MAX 1024u

/* ---- addresses ---- */

static int take_part(char *to, size_t size, const char *from, size_t length)
{
    if (length == 0 || length >= size)
        return AX_E_INVALID;
    memcpy(to, from, length);
    to[length] = '\0';
    return 0;
}

static int parse_unix(const char *path, struct ov_store_address *address)
{
    address->is_unix = true;
    return take_part(address->host, sizeof address->host, path, strlen(path));
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 5 && text[digits] == '\0' && strtoul(text, NULL, 10) <= 65535;
}

int ov_store_address_parse(const char *text, struct ov_store_address *address)
{
    *address = (struct ov_store_address){0};
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, address);
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !is_port(colon + 1))
        return AX_E_INVALID;
    size_t length = (size_t)(colon - text);
    if (text[0] == '[') {
        if (colon[-1] != ']')
            return AX_E_INVALID;
        text++;
        length -= 2;
    } else if (memchr(text, ':', length) != NULL) {
        return AX_E_INVALID; /* which of the colons is the port's? */
    }
    int error = take_part(address->host, sizeof address->host, text, length);
    return error != 0
               ? error
               : take_part(address->port, sizeof address->port, colon + 1, strlen(colon + 1));
}

static int take_addresses(struct ov_store *store, const struct ov_store_options *options)
{
    struct ov_store_address ignored;
    const char **copies = calloc(OV_STORE_ADDRESSES_MAX, sizeof *copies);
    store->options.addresses = copies;
    if (copies == NULL)
        return -ENOMEM;
    if (options->n_addresses > OV_STORE_ADDRESSES_MAX) {
        ov_store_complain(store, "more than %u addresses", OV_STORE_ADDRESSES_MAX);
        return AX_E_INVALID;
    }
    for (uint32_t i = 0; i < options->n_addresses; i++) {
        if (ov_store_address_parse(options->addresses[i], &ignored) != 0) {
            ov_store_complain(store, "\"%s\" is no address: HOST:PORT", options->addresses[i]);
            return AX_E_INVALID;
        }
        copies[i] = strdup(options->addresses[i]);
        if (copies[i] == NULL)
            return -ENOMEM;
        store->options.n_addresses = i + 1;
    }
    return 0;
}

/* ---- the password ---- */

static int read_password(struct ov_store *store, int fd)
{
    struct stat status;
    char text[PASSWORD_MAX + 1];
    if (fstat(fd, &status) != 0)
        return -errno;
    if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        ov_store_complain(store, "%s: can be read or written by others",
                          store->options.password_file);
        return AX_E_INVALID;
    }
    ssize_t length = read(fd, text, PASSWORD_MAX);
    if (length < 0)
        return -errno;
    text[length] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] == '\0') {
        ov_store_complain(store, "%s: has no password in its first line",
                          store->options.password_file);
        return AX_E_INVALID;
    }
    store->password = strdup(text);
    explicit_bzero(text, sizeof text);
    return store->password == NULL ? -ENOMEM : 0;
}

static int take_password(struct ov_store *store)
{
    const char *path = store->options.password_file;
    if (path == NULL)
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = fd < 0 ? -errno : read_password(store, fd);
    if (fd >= 0)
        close(fd);
    if (error < 0)
        ov_store_complain(store, "%s: %s", path, ax_strerror(error));
    return error < 0 ? AX_E_INVALID : error;
}

/* ---- all of it ---- */

/* 0, or -ENOMEM: `from` is NULL, or has a copy. */
static int copy(const char **to, const char *from)
{
    *to = from == NULL ? NULL : strdup(from);
    return from != NULL && *to == NULL ? -ENOMEM : 0;
}

static int take_texts(struct ov_store *store, const struct ov_store_options *from)
{
    struct ov_store_options *to = &store->options;
    int error = copy(&to->prefix, from->prefix == NULL ? "ax/" : from->prefix);
    error = error != 0 ? error : copy(&to->user, from->user);
    error = error != 0 ? error : copy(&to->password_file, from->password_file);
    error = error != 0 ? error : copy(&to->ca_file, from->ca_file);
    error = error != 0 ? error : copy(&to->cert_file, from->cert_file);
    return error != 0 ? error : copy(&to->key_file, from->key_file);
}

static const char *wrong_number(const struct ov_store_options *options)
{
    if (options->room == 0 || options->room > OV_STORE_ROOM_MAX)
        return "room: not from 1 to 65536";
    if (options->timeout_ns == 0)
        return "timeout: is 0";
    if (options->pause_ns == 0 || options->pause_ns >= options->timeout_ns)
        return "pause: is 0, or not less than the timeout";
    if (options->prefix != NULL && strlen(options->prefix) > OV_STORE_PREFIX_MAX)
        return "prefix: is too long";
    return NULL;
}

int ov_store_options_take(struct ov_store *store, const struct ov_store_options *options)
{
    const char *wrong = wrong_number(options);
    if (wrong != NULL) {
        ov_store_complain(store, "%s", wrong);
        return AX_E_INVALID;
    }
    store->options = (struct ov_store_options){.kind = store->kind->name,
                                               .tls = options->tls,
                                               .room = options->room,
                                               .timeout_ns = options->timeout_ns,
                                               .pause_ns = options->pause_ns};
    int error = take_texts(store, options);
    if (error == 0)
        error = take_addresses(store, options);
    if (error == -ENOMEM)
        ov_store_complain(store, "no memory");
    return error != 0 ? error : take_password(store);
}

void ov_store_options_clear(struct ov_store *store)
{
    struct ov_store_options *options = &store->options;
    const char **texts[] = {&options->prefix,  &options->user,      &options->password_file,
                            &options->ca_file, &options->cert_file, &options->key_file};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free((char *)*texts[i]);
    for (uint32_t i = 0; i < options->n_addresses; i++)
        free((char *)options->addresses[i]);
    free((void *)options->addresses);
    if (store->password != NULL)
        explicit_bzero(store->password, strlen(store->password));
    free(store->password);
    *options = (struct ov_store_options){0};
}
