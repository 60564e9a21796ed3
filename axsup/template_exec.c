/* SPDX-License-Identifier: MIT */
/* template_exec.c - the process of a template.
 *
 * Between fork and exec the child gives up what a plugin must not have: descriptors, user, the
 * right to gain privileges. The parent-death signal comes last, for a change of user takes it away.
 * What fails there is said over the socket, as by a template. */
#include "axsup/template_exec.h"

#include "axsup/files.h"
#include "axsup/sup.h"
#include "libax/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEND_SECONDS 2  /* a template that does not read its orders is broken */
#define TYPES_MAX 4096u /* actors of a plugin */
#define STATUS_WAIT_MS 200
#define NS_PER_S UINT64_C(1000000000)

/* ---- the child, before it is a template ---- */

static _Noreturn void give_up(const char *what)
{
    char text[256];
    int error = errno;

    snprintf(text, sizeof text, "cannot be loaded: %s: %s", what, strerrordesc_np(error));
    (void)boot_send(BOOT_SOCKET, BOOT_ERROR, text, strlen(text), NULL, 0);
    _exit(1);
}

static void limit(int resource, uint64_t value, const char *what)
{
    struct rlimit limits;

    if (value == SUP_NO_LIMIT)
        return;
    limits.rlim_cur = limits.rlim_max = value;
    if (setrlimit((__rlimit_resource_t)resource, &limits) != 0)
        give_up(what);
}

static void set_limits(const struct sup_limits_config *limits)
{
    uint64_t cpu = limits->cpu_ns;

    sup_files_restore();
    if (cpu != SUP_NO_LIMIT)
        cpu = (cpu + NS_PER_S - 1) / NS_PER_S;
    limit(RLIMIT_AS, limits->memory, "limits.memory cannot be set");
    limit(RLIMIT_NOFILE, limits->files, "limits.files cannot be set");
    limit(RLIMIT_CORE, limits->core, "limits.core cannot be set");
    limit(RLIMIT_CPU, cpu, "limits.cpu cannot be set");
    limit(RLIMIT_STACK, limits->stack, "limits.stack cannot be set");
}

static void set_user(const struct sup_worker_config *config)
{
    if (config->user == NULL)
        return;
    if (setgroups(0, NULL) != 0 || setresgid(config->gid, config->gid, config->gid) != 0 ||
        setresuid(config->uid, config->uid, config->uid) != 0)
        give_up("axsup cannot become its user (it must be root)");
}

static void set_descriptors(int socket)
{
    if (socket != BOOT_SOCKET && dup2(socket, BOOT_SOCKET) < 0)
        _exit(1);
    if (socket == BOOT_SOCKET)
        fcntl(socket, F_SETFD, 0);
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        give_up("/dev/null");
    if (close_range(BOOT_SOCKET + 1, ~0u, 0) != 0)
        give_up("close_range");
}

static void reset_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int n = 1; n < NSIG; n++)
        signal(n, SIG_DFL);
}

static _Noreturn void child(const struct sup_template *template, int socket, pid_t parent)
{
    const struct sup_worker_config *config = template->config;
    char program[] = "axsup", option[] = "--template", name[64];
    char *const arguments[] = {program, option, name, NULL};

    snprintf(name, sizeof name, "%s", config->name);
    reset_signals();
    set_descriptors(socket);
    set_limits(&config->limits);
    set_user(config);
    (void)setpgid(0, 0); /* a signal to the group of axsup is for axsup to deal with */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        give_up("no_new_privs");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        give_up("the parent-death signal");
    if (getppid() != parent)
        _exit(1);
    execv("/proc/self/exe", arguments);
    give_up("axsup cannot be executed");
}

/* ---- making and ending it ---- */

static int open_parent(struct sup_template *template, pid_t pid, int socket)
{
    const struct timeval patience = {.tv_sec = SEND_SECONDS};

    template->pid = pid;
    template->socket = socket;
    template->state = SUP_TEMPLATE_LOADING;
    template->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (template->pidfd < 0)
        return -errno;
    if (setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0)
        return -errno;
    return boot_send(socket, BOOT_LOAD, template->config->plugin, strlen(template->config->plugin),
                     NULL, 0);
}

int sup_template_exec(struct sup_template *template)
{
    int pair[2];
    pid_t parent = getpid();

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        child(template, pair[1], parent);
    int error = pid < 0 ? -errno : 0;
    close(pair[1]);
    if (error != 0) {
        close(pair[0]);
        return error;
    }
    error = open_parent(template, pid, pair[0]);
    /* one that is dead already says why when its answer is read */
    if (error == -EPIPE || error == -ECONNRESET)
        error = 0;
    if (error != 0)
        sup_template_end(template);
    return error;
}

static void drop(struct sup_template *template, int *fd)
{
    if (*fd < 0)
        return;
    if (template->sup != NULL)
        sup_loop_remove(template->sup, *fd);
    close(*fd);
    *fd = -1;
}

void sup_template_end(struct sup_template *template)
{
    if (template->pid > 0) {
        /* while it loads, its group is itself and what a constructor has started */
        if (template->state == SUP_TEMPLATE_LOADING)
            (void)kill(-template->pid, SIGKILL);
        kill(template->pid, SIGKILL); /* not reaped yet, so the number is still its own */
        while (waitpid(template->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (template->sup != NULL && template->sup->loop.open)
        sup_timer_clear(template->sup, &template->timer);
    drop(template, &template->pidfd);
    drop(template, &template->socket);
    sup_spare_end(&template->spare, template->sup);
    template->forking = false;
    template->pid = 0;
    template->state = SUP_TEMPLATE_NONE;
}

const char *sup_template_status(struct sup_template *template, char text[96])
{
    struct pollfd death = {.fd = template->pidfd, .events = POLLIN};
    siginfo_t info = {0};
    char name[32];

    if (poll(&death, 1, STATUS_WAIT_MS) <= 0 ||
        waitid(P_PID, (id_t) template->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0)
        snprintf(text, 96, "closed its socket");
    else if (info.si_code == CLD_EXITED)
        snprintf(text, 96, "ended the process with exit status %d", info.si_status);
    else
        snprintf(text, 96, "crashed by %s", sup_signal_name(info.si_status, name));
    return text;
}

/* ---- what it says of its plugin ---- */

static const char *learn_maps(struct sup_type *type, const json_t *names)
{
    size_t count = json_array_size(names);

    if (names == NULL)
        return NULL;
    if (!json_is_array(names) || count > AX_MAPS_MAX)
        return "what it says of its maps makes no sense";
    type->maps = calloc(count + 1, sizeof *type->maps);
    if (type->maps == NULL)
        return "there is no memory";
    for (; type->n_maps < count; type->n_maps++) {
        const char *name = json_string_value(json_array_get(names, type->n_maps));
        if (name == NULL || strlen(name) > AX_NAME_MAX)
            return "what it says of its maps makes no sense";
        snprintf(type->maps[type->n_maps], sizeof *type->maps, "%s", name);
    }
    return NULL;
}

/* "maps" and "restore" stand beside what ax_contract_describe says. */
static const char *learn_type(struct sup_type *type, json_t *description)
{
    const char *wrong = learn_maps(type, json_object_get(description, "maps"));
    char *text = NULL;

    type->restores = json_is_true(json_object_get(description, "restore"));
    (void)json_object_del(description, "maps");
    (void)json_object_del(description, "restore");
    if (wrong == NULL && (text = json_dumps(description, JSON_COMPACT)) == NULL)
        wrong = "there is no memory";
    if (wrong == NULL && ax_contract_parse(text, strlen(text), &type->contract, &type->kept) != 0)
        wrong = "what it says of a contract makes no sense";
    free(text);
    if (wrong == NULL) {
        type->hash = ax_contract_hash(type->contract);
        return NULL;
    }
    free(type->maps);
    type->maps = NULL;
    type->n_maps = 0;
    return wrong;
}

static const char *learn_types(struct sup_template *template, const json_t *actors)
{
    size_t count = json_array_size(actors);
    const char *wrong = NULL;

    if (!json_is_array(actors) || count > TYPES_MAX)
        return "what it says of its plugin makes no sense";
    template->types = calloc(count == 0 ? 1 : count, sizeof *template->types);
    if (template->types == NULL)
        return "there is no memory";
    for (size_t i = 0; i < count && wrong == NULL; i++) {
        wrong = learn_type(&template->types[i], json_array_get(actors, i));
        template->n_types += wrong == NULL;
    }
    return wrong;
}

const char *sup_template_learn(struct sup_template *template, const char *text, size_t size)
{
    if (template->described != NULL) /* executed anew */
        return strlen(template->described) == size && memcmp(template->described, text, size) == 0
                   ? NULL
                   : "its plugin has been replaced by another one: put the old one back, or stop "
                     "the "
                     "system and run it again (axsup reload takes one of the same contracts)";
    json_t *all = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    const char *plugin = json_string_value(json_object_get(all, "plugin"));
    const char *wrong = learn_types(template, json_object_get(all, "actors"));
    if (wrong == NULL && plugin == NULL)
        wrong = "what it says of its plugin makes no sense";
    if (wrong == NULL) {
        snprintf(template->plugin, sizeof template->plugin, "%s", plugin);
        template->described = strndup(text, size);
        if (template->described == NULL)
            wrong = "there is no memory";
    }
    json_decref(all);
    return wrong;
}
