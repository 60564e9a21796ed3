/* SPDX-License-Identifier: MIT */
/* config.c - from a file to a config: take the bytes, read the tree, fill the structs, check.
 *
 * Each step adds what it finds wrong to one list, and the next one goes on with what is left, so
 * that all mistakes are told in one run. Only a text without a tree ends it early. */
#include "axsup/config.h"

#include "axsup/config_read.h"

#include <ax/errors.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A mistake of the file as a whole, which has no line. */
static int no_file(struct sup_config_errors *errors, const char *what, int error)
{
    sup_config_error_at(errors, (struct sup_pos){0, 0}, "", "%s: %s", what, strerror(error));
    return errors->no_memory ? -ENOMEM : AX_E_INVALID;
}

/* Finds the absolute folder of the file; false after saying why there is none. */
static bool find_folder(struct sup_config *config, struct sup_config_errors *errors)
{
    const char *slash = strrchr(config->file, '/');
    char folder[PATH_MAX] = ".", absolute[PATH_MAX];
    size_t length = slash ? (size_t)(slash - config->file) + 1 : 1;

    if (length >= sizeof(folder)) {
        no_file(errors, "cannot be found", ENAMETOOLONG);
        return false;
    }
    if (slash)
        memcpy(folder, config->file, length);
    folder[length] = '\0';
    if (!realpath(folder, absolute)) {
        no_file(errors, "its folder cannot be found", errno);
        return false;
    }
    config->folder = sup_pool_text(&config->pool, absolute, strlen(absolute));
    errors->no_memory |= !config->folder;
    return config->folder != NULL;
}

enum extent { WHOLE, PLACE }; /* PLACE: what tells where the system is */

/* Reads the tree and all that hangs on it; false where there is nothing that could be used. */
static bool understand(struct sup_config *config, const char *text, size_t size, const char *file,
                       enum extent extent, struct sup_config_errors *errors)
{
    struct sup_json *root;

    config->file = sup_pool_text(&config->pool, file, strlen(file));
    if (!config->file) {
        errors->no_memory = true;
        return false;
    }
    if (!find_folder(config, errors))
        return false;
    root = sup_json_parse(text, size, &config->pool, errors);
    if (!root || root->kind == SUP_JSON_BAD)
        return false;
    if (root->kind != SUP_JSON_OBJECT) {
        sup_config_error(errors, root, NULL, "expected an object, {\"system\": ...}, found %s",
                         sup_json_kind_text(root->kind));
        return false;
    }
    if (extent == PLACE)
        sup_config_read_place(config, root, errors);
    else
        sup_config_read(config, root, errors);
    if (errors->no_memory)
        return true;
    if (extent == PLACE)
        sup_config_check_place(config, errors);
    else
        sup_config_check(config, errors);
    return true;
}

static int parse(const char *text, size_t size, const char *file, enum extent extent,
                 struct sup_config **out, struct sup_config_errors *errors)
{
    struct sup_pool pool = {0};
    struct sup_config *config = sup_pool_alloc(&pool, sizeof(*config));

    *out = NULL;
    sup_config_errors_name(errors, file);
    if (!config) {
        errors->no_memory = true;
        return -ENOMEM;
    }
    config->pool = pool;
    if (!understand(config, text, size, file, extent, errors))
        config = sup_config_free(config);
    if (errors->no_memory) {
        sup_config_free(config);
        return -ENOMEM;
    }
    *out = config;
    return sup_config_errors_any(errors) ? AX_E_INVALID : 0;
}

int sup_config_parse(const char *text, size_t size, const char *file, struct sup_config **out,
                     struct sup_config_errors *errors)
{
    return parse(text, size, file, WHOLE, out, errors);
}

/* Takes the bytes of a file, at most `room`. Returns how many, or -errno. */
static ssize_t take_bytes(int fd, char *to, size_t room)
{
    size_t n = 0;

    while (n < room) {
        ssize_t got = read(fd, to + n, room - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static int load_open(int fd, const char *file, enum extent extent, struct sup_config **out,
                     struct sup_config_errors *errors)
{
    struct sup_pool pool = {0};
    struct stat st;
    char *text;
    ssize_t n;
    int result;

    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return no_file(errors, "expected a file", EISDIR);
    text = sup_pool_alloc(&pool, SUP_CONFIG_FILE_MAX + 1);
    if (!text) {
        errors->no_memory = true;
        return -ENOMEM;
    }
    n = take_bytes(fd, text, SUP_CONFIG_FILE_MAX + 1);
    if (n < 0) {
        result = no_file(errors, "cannot be read", (int)-n);
    } else if (n > SUP_CONFIG_FILE_MAX) {
        sup_config_error_at(errors, (struct sup_pos){1, 1}, "top level",
                            "the file is too large: a config has at most 1M (%d bytes)",
                            SUP_CONFIG_FILE_MAX);
        result = errors->no_memory ? -ENOMEM : AX_E_INVALID;
    } else {
        result = parse(text, (size_t)n, file, extent, out, errors);
    }
    sup_pool_empty(&pool);
    return result;
}

static int load(const char *file, enum extent extent, struct sup_config **out,
                struct sup_config_errors *errors)
{
    int fd, result;

    *out = NULL;
    sup_config_errors_name(errors, file);
    if (errors->no_memory)
        return -ENOMEM;
    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return no_file(errors, "cannot be opened", errno);
    result = load_open(fd, file, extent, out, errors);
    close(fd);
    return result;
}

int sup_config_load(const char *file, struct sup_config **out, struct sup_config_errors *errors)
{
    return load(file, WHOLE, out, errors);
}

int sup_config_locate(const char *file, struct sup_config **out, struct sup_config_errors *errors)
{
    return load(file, PLACE, out, errors);
}

struct sup_config *sup_config_free(struct sup_config *config)
{
    if (config) {
        struct sup_pool pool = config->pool; /* it holds the config itself */

        sup_pool_empty(&pool);
    }
    return NULL;
}
