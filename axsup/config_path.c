/* SPDX-License-Identifier: MIT */
/* config_path.c - the files and folders that a config names: where the system runs, and where its
 * plugins are. */
#include "axsup/config_read.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where installed plugins are; relative to the program's folder or absolute. */
#ifndef AX_PLUGIN_DIR
#define AX_PLUGIN_DIR "/usr/local/lib/axsup/plugins"
#endif

char *sup_config_path(struct sup_config *config, struct sup_config_errors *errors,
                      const char *folder, const char *name)
{
    size_t skip = strncmp(name, "./", 2) == 0 ? 2 : 0;
    size_t length = strlen(folder), size = length + 1 + strlen(name) + 1;
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    char *path = sup_pool_alloc(&config->pool, size);

    if (path)
        snprintf(path, size, "%s%s%s", folder, slash, name + skip);
    else
        errors->no_memory = true;
    return path;
}

/* The run directory where the config names none. */
static char *default_run_dir(struct sup_config *config, struct sup_config_errors *errors)
{
    const char *session = getenv("XDG_RUNTIME_DIR");
    char own[64];

    if (geteuid() == 0)
        return sup_config_path(config, errors, "/run/axsup", config->system);
    if (session && *session == '/') {
        char *folder = sup_config_path(config, errors, session, "axsup");

        return folder ? sup_config_path(config, errors, folder, config->system) : NULL;
    }
    snprintf(own, sizeof(own), "/tmp/axsup-%u", (unsigned)geteuid());
    return sup_config_path(config, errors, own, config->system);
}

void sup_config_check_run_dir(struct sup_config *config, struct sup_config_errors *errors)
{

    if (config->run_dir) {
        if (*config->run_dir != '/')
            config->run_dir = sup_config_path(config, errors, config->folder, config->run_dir);
    } else if (config->system && sup_config_usable(config->node, "run_dir")) {
        config->run_dir = default_run_dir(config, errors);
        config->run_dir_default = true;
    }
    if (config->run_dir && strlen(config->run_dir) > SUP_RUN_DIR_MAX) {
        sup_config_error(errors, config->node, "run_dir",
                         "%.80s... has %zu bytes: at most %d, so that the sockets in it can have "
                         "names; write a shorter path",
                         config->run_dir, strlen(config->run_dir), SUP_RUN_DIR_MAX);
        config->run_dir = NULL;
    }
}

/* Makes the path of a folder that is relative to the running program's; "" where that cannot be
 * known. */
static void from_program(const char *name, char folder[static PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    char *slash;

    folder[n > 0 ? n : 0] = '\0';
    slash = strrchr(folder, '/');
    if (slash)
        snprintf(slash + 1, PATH_MAX - (size_t)(slash + 1 - folder), "%s", name);
}

/* The folders of plugins that were built and of those that were installed. */
static void find_plugins(char beside_program[static PATH_MAX], char installed[static PATH_MAX])
{
    from_program("plugins", beside_program);
    if (*AX_PLUGIN_DIR != '/')
        from_program(AX_PLUGIN_DIR, installed);
    else
        snprintf(installed, PATH_MAX, "%s", AX_PLUGIN_DIR);
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

void sup_config_check_plugin(struct sup_config *config, struct sup_config_errors *errors,
                             struct sup_worker_config *worker)
{
    const char *name = worker->plugin;
    char beside_program[PATH_MAX], installed[PATH_MAX];
    const char *folders[] = {config->folder, beside_program, installed};
    size_t n = sizeof(folders) / sizeof(folders[0]);

    find_plugins(beside_program, installed);
    if (strchr(name, '/')) {
        worker->plugin = *name == '/' ? name : sup_config_path(config, errors, folders[0], name);
        if (!worker->plugin || is_file(worker->plugin))
            return;
        sup_config_error(errors, worker->node, "plugin",
                         "no such plugin: expected a file at %.256s", worker->plugin);
        worker->plugin = NULL;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        worker->plugin = sup_config_path(config, errors, folders[i], name);
        if (!worker->plugin || is_file(worker->plugin))
            return;
    }
    sup_config_error(errors, worker->node, "plugin",
                     "no such plugin: looked for %.64s in %.128s, %.128s and %.128s", name,
                     folders[0], folders[1], folders[2]);
    worker->plugin = NULL;
}

const char *sup_config_builtin(struct sup_config *config, struct sup_config_errors *errors,
                               const char *name)
{
    char beside_program[PATH_MAX], installed[PATH_MAX];
    const char *path;

    find_plugins(beside_program, installed);
    path = sup_config_path(config, errors, beside_program, name);
    return path && is_file(path) ? path : sup_config_path(config, errors, installed, name);
}
