/* SPDX-License-Identifier: MIT */
/* main.c - axsup, the one program. It is also what each worker's template process executes. */
#include "axsup/command.h"
#include "libax/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What was printed must have arrived: a full disk is a failure too. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "axsup: standard output: %s\n", strerror(errno));
    return status != 0 ? status : SUP_EXIT_FAILED;
}

/* Whoever starts us may have closed them, and a file that we open would take the place: what is
 * logged would go into it. They are opened the wrong way round, so that who uses them still fails.
 */
static void take_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        while (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
                _exit(SUP_EXIT_FAILED);
}

int main(int argc, char **argv)
{
    struct sup_arguments arguments = {0};
    int status;

    take_standard_descriptors();
    /* Whoever ignores it and executes us would have the kernel take the ends of our children. */
    signal(SIGCHLD, SIG_DFL);
    if (argc > 2 && strcmp(argv[1], "--template") == 0)
        boot_template_main(argv[2]);
    status = sup_arguments_parse(argc, argv, &arguments, stdout, stderr);
    if (status == 0)
        return finish(arguments.command->run(&arguments));
    return status < 0 ? finish(SUP_EXIT_DONE) : status;
}
