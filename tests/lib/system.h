/* SPDX-License-Identifier: MIT */
/* tests/lib/system.h - a running axsup, as a client sees it. Whatever goes wrong here ends the
 * test. */
#ifndef TESTS_SYSTEM_H
#define TESTS_SYSTEM_H

#include "axsup/client.h"

#include <jansson.h>
#include <sys/types.h>

struct system {
    struct sup_client client;
    pid_t pid;
    int pidfd;
    char folder[256];
};

/* Prints and ends the test as failed. What axsup wrote stays where it is. */
__attribute__((format(printf, 1, 2))) _Noreturn void give_up(const char *format, ...);

/* Makes its folder, which system_start does as well where there is none. */
void system_folder(struct system *system);
/* Writes `config` into the folder, runs axsup with it and connects. */
void system_start(struct system *system, const char *config);
/* Asks it to stop; its exit status. Removes the folder. */
int system_stop(struct system *system);

/* A number from the environment. */
uint64_t system_setting(const char *name, uint64_t otherwise);

/* The result of a request, to be freed; NULL where it is refused. Steals `request`. */
json_t *system_ask(struct system *system, json_t *request);
/* A pause of the test itself, which the end of axsup ends and fails. */
void system_wait(struct system *system, uint64_t ns);
/* How often a line of the log contains `text`. */
uint32_t system_logged(const struct system *system, const char *text);

#endif
