/* SPDX-License-Identifier: MIT */
/* libax/template.c - the process that loads a plugin once and forks each incarnation from then on.
 *
 * axsup never loads a plugin: whatever a constructor does happens here. Forking costs no dlopen and
 * no exec, memory is shared by copy on write, and every incarnation has the same addresses.
 *
 * It forks ahead: the process is a spare until it is told which slot it is to enter. Then neither
 * the fork nor the page faults that follow it are waited for.
 *
 * The fork is a raw clone with CLONE_PARENT, so the worker is axsup's child and axsup has its
 * status. Its exit signal must be 0 then (the child gets the template's own), and libc's idea of
 * its thread id is set by CLONE_CHILD_SETTID at the address libc registered. A plugin that started
 * threads is refused: they would not exist in the child. One that leaves processes is refused too,
 * and they are killed, for they would outlive the system. */
#include "libax/template.h"

#include "shm/obituary.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_TRIES 1000u /* a process that forks faster than it is killed is not waited for */

static _Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void refuse(const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)boot_send(BOOT_SOCKET, BOOT_ERROR, text, strlen(text), NULL, 0);
    _exit(1);
}

static uint32_t threads(void)
{
    uint32_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL)
        refuse("cannot be looked at for threads: %s", strerrordesc_np(errno));
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

/* ---- processes that a constructor has left ---- */

/* Reaps those that have ended. False: there are none left that live. */
static bool has_children(void)
{
    siginfo_t info;
    do
        info.si_pid = 0;
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL) == 0 && info.si_pid != 0);
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

/* The children of a child that ends are ours then: this process reaps what is below it. */
static void kill_children(void)
{
    for (unsigned tries = 0; tries < KILL_TRIES && has_children(); tries++) {
        FILE *children = fopen("/proc/thread-self/children", "re");
        long pid;
        while (children != NULL && fscanf(children, "%ld", &pid) == 1)
            (void)kill((pid_t)pid, SIGKILL); /* not reaped yet, so the number is still its own */
        if (children != NULL)
            fclose(children);
        (void)waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOWAIT | __WALL);
    }
}

static const struct ax_plugin *load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        refuse("cannot be loaded: %s", dlerror());
    const struct ax_plugin *plugin = dlsym(library, "ax_plugin");
    if (plugin == NULL || plugin->magic != AX_PLUGIN_MAGIC)
        refuse("is not an ax plugin: it has no AX_PLUGIN()");
    else if (plugin->abi != AX_PLUGIN_ABI)
        refuse("is built for plugin ABI %u, this is ABI %u: build it anew", plugin->abi,
               AX_PLUGIN_ABI);
    if (threads() != 1)
        refuse("started a thread in a constructor: only its own handlers may run in a worker");
    if (has_children()) {
        kill_children();
        refuse("started a process in a constructor, and left it: nobody would end it");
    }
    return plugin;
}

/* Their names, beside what there is of contract and state; steals `json`. NULL: too many. */
static json_t *add_maps(json_t *json, const struct ax_maps *maps)
{
    json_t *names = maps->count == 0 ? NULL : json_array();
    bool wrong = maps->count > AX_MAPS_MAX;
    for (uint32_t i = 0; i < maps->count && !wrong; i++)
        wrong = json_array_append_new(names, json_string(maps->names[i])) != 0;
    if (names != NULL)
        wrong |= json_object_set_new(json, "maps", names) != 0;
    if (!wrong)
        return json;
    json_decref(json);
    return NULL;
}

/* What a durable handler works on must be there in the next process as well. */
static void check_durable(const struct ax_plugin *plugin)
{
    for (uint32_t i = 0; i < plugin->nactors; i++) {
        const struct ax_actor_type *type = plugin->actors[i];
        if (type->durable && type->state_size != 0 && type->state->nfields == 0)
            refuse("its actor %s is AX_DURABLE, but its state does not outlive the process: "
                   "declare it with AX_STATE",
                   type->contract->name);
    }
}

static json_t *describe_actor(const struct ax_actor_type *type)
{
    char *text = NULL;
    if (ax_contract_describe(type->contract, type->state, &text) != 0)
        return NULL;
    json_t *json = json_loads(text, 0, NULL);
    free(text);
    if (json != NULL && type->restore != NULL &&
        json_object_set_new(json, "restore", json_true()) != 0) {
        json_decref(json);
        return NULL;
    }
    return json != NULL && type->maps != NULL ? add_maps(json, type->maps) : json;
}

static void announce(const struct ax_plugin *plugin)
{
    json_t *actors = json_array();
    for (uint32_t i = 0; i < plugin->nactors; i++)
        if (json_array_append_new(actors, describe_actor(plugin->actors[i])) != 0)
            refuse("its contract number %u cannot be described", i + 1);
    json_t *all = json_pack("{s:s, s:o}", "plugin", plugin->name, "actors", actors);
    char *text = all == NULL ? NULL : json_dumps(all, JSON_COMPACT);
    if (text == NULL)
        refuse("its contracts cannot be described");
    else if (boot_send(BOOT_SOCKET, BOOT_LOADED, text, strlen(text), NULL, 0) != 0)
        _exit(1);
    free(text);
    json_decref(all);
}

static pid_t fork_sibling(void)
{
    pid_t *tid = NULL;
    struct clone_args args = {.flags = CLONE_PARENT};
    if (prctl(PR_GET_TID_ADDRESS, &tid, 0, 0, 0) == 0 && tid != NULL) {
        args.flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
        args.child_tid = (uint64_t)(uintptr_t)tid;
    }
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static _Noreturn void become_worker(struct boot_message *order, const struct ax_plugin *plugin)
{
    struct boot boot;
    struct shm_fds fds;
    if (boot_unpack(order->payload, order->size, &boot) != 0 ||
        order->nfds != boot_fds_count(boot.geo.slots) + boot.nlisteners)
        _exit(BOOT_EXIT_SETUP);
    memcpy(boot.listener_fd, order->fds + boot_fds_count(boot.geo.slots),
           boot.nlisteners * sizeof(int));
    boot_fds_restore(order->fds, boot.slot, boot.geo.slots, &fds);
    close(BOOT_SOCKET);
    (void)prctl(PR_SET_NAME, boot.name, 0, 0, 0);
    worker_main(&boot, &fds, plugin);
}

/* In the forked process: everything that any worker needs is done before it is known which one. */
static _Noreturn void wait_for_a_slot(int socket, pid_t axsup, const struct ax_plugin *plugin)
{
    struct boot_message order;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != axsup || /* it has died before */
        dup3(socket, BOOT_SOCKET, O_CLOEXEC) < 0)
        _exit(BOOT_EXIT_SETUP);
    close(socket);
    worker_touch();
    (void)worker_warm(); /* else it is tried again with the slot, and said */
    if (boot_receive(BOOT_SOCKET, &order, UINT64_MAX) != 0 || order.type != BOOT_ENTER)
        _exit(BOOT_EXIT_SETUP);
    become_worker(&order, plugin);
}

static int serve(const struct boot_message *order, pid_t axsup, const struct ax_plugin *plugin)
{
    pid_t pid = fork_sibling();
    if (pid == 0)
        wait_for_a_slot(order->fds[0], axsup, plugin);
    if (pid < 0) {
        char text[128];
        int len = snprintf(text, sizeof text, "cannot fork: %s", strerrordesc_np(errno));
        return boot_send(BOOT_SOCKET, BOOT_ERROR, text, (size_t)len, NULL, 0);
    }
    uint64_t answer = (uint64_t)pid;
    return boot_send(BOOT_SOCKET, BOOT_FORKED, &answer, sizeof answer, NULL, 0);
}

void boot_template_main(const char *name)
{
    struct boot_message message;
    (void)prctl(PR_SET_NAME, name, 0, 0, 0); /* else it is "exe" to ps */
    pid_t axsup = getppid(); /* which lives: the parent-death signal is set, and was checked */
    signal(SIGINT, SIG_IGN); /* a terminal's interrupt is axsup's to deal with */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* of what the plugin starts, however deep */
    shm_obituary_prepare();
    if (boot_receive(BOOT_SOCKET, &message, UINT64_MAX) != 0 || message.type != BOOT_LOAD)
        _exit(1);
    const struct ax_plugin *plugin = load(message.payload);
    boot_message_deinit(&message);
    check_durable(plugin);
    announce(plugin);
    (void)worker_prepare(plugin); /* else each worker tries, and says so */
    while (boot_receive(BOOT_SOCKET, &message, UINT64_MAX) == 0) {
        if (message.type != BOOT_FORK || message.nfds != 1 || serve(&message, axsup, plugin) != 0)
            break;
        boot_message_deinit(&message);
    }
    _exit(0);
}
