/* SPDX-License-Identifier: MIT */
/* helper_refuse - runs a command whose process and children are refused system calls:
 *
 *     helper_refuse CALL ERROR [CALL ERROR]... -- COMMAND...
 *
 * with a seccomp filter, so that what is refused is refused as a container would do it. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    long number;
} calls[] = {
    {"clone", SYS_clone},
    {"clone3", SYS_clone3},
    {"fallocate", SYS_fallocate},
    {"ftruncate", SYS_ftruncate},
    {"memfd_create", SYS_memfd_create},
    {"eventfd2", SYS_eventfd2},
    {"io_uring_setup", SYS_io_uring_setup},
    {"pidfd_open", SYS_pidfd_open},
    {"signalfd4", SYS_signalfd4},
    {"socketpair", SYS_socketpair},
    {"prctl", SYS_prctl},
};

static const struct {
    const char *name;
    int number;
} errors[] = {
    {"EPERM", EPERM},   {"ENOSYS", ENOSYS}, {"ENOSPC", ENOSPC}, {"ENOMEM", ENOMEM},
    {"EMFILE", EMFILE}, {"EAGAIN", EAGAIN}, {"EINVAL", EINVAL},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static long call_number(const char *name)
{
    for (size_t i = 0; i < COUNT(calls); i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].number;
    fprintf(stderr, "helper_refuse: no call %s\n", name);
    exit(125);
}

static int error_number(const char *name)
{
    for (size_t i = 0; i < COUNT(errors); i++)
        if (strcmp(errors[i].name, name) == 0)
            return errors[i].number;
    fprintf(stderr, "helper_refuse: no error %s\n", name);
    exit(125);
}

static void refuse(const char *call, const char *error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call_number(call), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error_number(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = COUNT(code), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        printf("seccomp filters cannot be set here: %s\n", strerror(errno));
        exit(77);
    }
}

int main(int argc, char **argv)
{
    int at = 1;

    for (; at + 1 < argc && strcmp(argv[at], "--") != 0; at += 2)
        refuse(argv[at], argv[at + 1]);
    if (at + 1 >= argc)
        return 125;
    execv(argv[at + 1], argv + at + 1);
    perror(argv[at + 1]);
    return 125;
}
