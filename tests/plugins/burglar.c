/* SPDX-License-Identifier: MIT */
/* burglar.c - tries every door to memory that is not its process's own, and says what was behind:
 * a line each, "what: ENAME" or "what: open". */
#include <ax/contract.h>

#define AX_IMPLEMENT
#define AX_CONTRACT burglar
#define AX_MESSAGES(TELL, ASK) ASK(pry, (i32, supervisor, i32, neighbour), (str, report))
#include <ax/contract.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

AX_STATE(burglar, (i64, tries));

static struct {
    char text[8192];
    size_t used;
} report;

static void say(bool open, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(bool open, const char *format, ...)
{
    const char *name = open ? "open" : strerrorname_np(errno);
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    int n = snprintf(report.text + report.used, sizeof report.text - report.used, "%s: %s\n", what,
                     name != NULL ? name : "?");
    if (n > 0 && report.used + (size_t)n < sizeof report.text)
        report.used += (size_t)n;
}

static void open_file(const char *what, const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    say(fd >= 0, "%s", what);
    if (fd >= 0)
        close(fd);
}

/* Our own view of what somebody else writes, and what we may make of it. */
static void pry_mapping(const char *name, uint8_t *at, size_t size, const char *range)
{
    char path[128];
    snprintf(path, sizeof path, "/proc/self/map_files/%s", range);
    open_file("reopen through map_files", path, O_RDWR);
    say(mprotect(at, size, PROT_READ | PROT_WRITE) == 0, "mprotect %s", name);
    void *moved = mremap(at, 0, size, MREMAP_MAYMOVE); /* a second mapping of the same pages */
    if (moved != MAP_FAILED) {
        say(mprotect(moved, size, PROT_READ | PROT_WRITE) == 0, "mremap and mprotect %s", name);
        munmap(moved, size);
    }
    int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    if (mem >= 0) {
        uint8_t same = *at;
        say(pwrite(mem, &same, 1, (off_t)(uintptr_t)at) == 1, "write to %s by /proc/self/mem",
            name);
        close(mem);
    }
}

static void pry_mappings(void)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        char range[64], *dash, *name = strstr(line, "/memfd:");
        if (name == NULL || strstr(line, " r--s ") == NULL)
            continue;
        name[strcspn(name, " ")] = '\0';
        snprintf(range, sizeof range, "%.*s", (int)strcspn(line, " "), line);
        uint8_t *from =
            (uint8_t *)strtoull(range, &dash, 16); /* NOLINT(performance-no-int-to-ptr) */
        uint8_t *to =
            (uint8_t *)strtoull(dash + 1, NULL, 16); /* NOLINT(performance-no-int-to-ptr) */
        pry_mapping(name + strlen("/memfd:"), from, (size_t)(to - from), range);
    }
    if (maps != NULL)
        (void)fclose(maps);
}

/* Descriptors and memory of another process. */
static void pry_process(const char *who, pid_t pid)
{
    char path[64], text[64];
    uint64_t word = 0;
    struct iovec here = {&word, sizeof word}, there = {&report, sizeof word};
    for (int fd = 4; fd < 16; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
        snprintf(text, sizeof text, "open descriptor %d of %s", fd, who);
        open_file(text, path, O_RDWR);
    }
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    snprintf(text, sizeof text, "open the memory of %s", who);
    open_file(text, path, O_RDWR);
    say(process_vm_readv(pid, &here, 1, &there, 1, 0) > 0, "read the memory of %s", who);
    say(process_vm_writev(pid, &here, 1, &there, 1, 0) > 0, "write the memory of %s", who);
    say(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0, "trace %s", who);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd >= 0) {
        say(syscall(SYS_pidfd_getfd, pidfd, 4, 0) >= 0, "take a descriptor of %s", who);
        say(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0, "signal %s", who);
        close(pidfd);
    }
}

void burglar_on_pry(struct ax_ctx *ctx, struct burglar *self, const struct burglar_pry *msg,
                    struct burglar_pry_reply *reply)
{
    self->tries++;
    report.used = 0;
    pry_mappings();
    pry_process("axsup", msg->supervisor);
    pry_process("a neighbour", msg->neighbour);
    say(setuid(0) == 0, "become root");
    AX_CHECK(ctx, ax_reply_str(ctx, &reply->report, report.text) == 0);
}

AX_ACTOR(burglar);
AX_PLUGIN("burglar", &burglar_actor);
