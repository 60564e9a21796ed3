/* SPDX-License-Identifier: MIT */
/* main.c - axsup, the one program. It is also what each worker's template process executes. */
#include "axsup/command.h"
#include "libax/boot.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* What was printed must have arrived: a full disk is a failure too. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "axsup: standard output: %s\n", strerror(errno));
    return status != 0 ? status : SUP_EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct sup_arguments arguments = {0};
    int status;

    /* Whoever ignores it and executes us would have the kernel take the ends of our children. */
    signal(SIGCHLD, SIG_DFL);
    if (argc > 2 && strcmp(argv[1], "--template") == 0)
        boot_template_main(argv[2]);
    status = sup_arguments_parse(argc, argv, &arguments, stdout, stderr);
    if (status == 0)
        return finish(arguments.command->run(&arguments));
    return status < 0 ? finish(SUP_EXIT_DONE) : status;
}
