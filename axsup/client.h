/* SPDX-License-Identifier: MIT */
/* client.h - a command's side of the control socket (control.h has the protocol).
 *
 * The functions print what went wrong themselves, since every command says it in the same words,
 * and return an exit status of the program. They wait as long as an answer takes, if the system
 * still answers others; a command that gets none ends with AX_E_TIMEOUT. A request that the system
 * has not taken, as its client was too slow to send it (control_accept.c), is sent again, with what
 * is left of its timeout. */
#ifndef SUP_CLIENT_H
#define SUP_CLIENT_H

#include "axsup/command.h"
#include "axsup/config.h"

#include <jansson.h>

struct sup_client {
    struct sup_config *config;
    int fd;
    uint64_t patience_ns; /* with an answer; then the system is asked whether it lives */
    int server;           /* pidfd of the supervisor, -1 where there is none to be had */
    pid_t pid;            /* its, 0 where it cannot be seen from here */
    json_t *asked;        /* the request, until something of its answer has come, */
    char *request;        /* and its line, with its end */
    size_t request_size;
    uint64_t timeout_ns; /* that the request has, from asked_at on; 0: none */
    bool cut;            /* the connection had ended before all of it was sent */
    uint64_t asked_at;   /* CLOCK_MONOTONIC ns */
    char *buffer;
    size_t room, have, used; /* of buffer: bytes, filled, given out */
};

/* "axsup: TEXT" on standard error. */
__attribute__((format(printf, 1, 2))) void sup_complain(const char *format, ...);

/* Reads from CONF where its system is and connects to it; waits for one that is starting, and for a
 * moment for one that is about to. 0, SUP_EXIT_USAGE where the config is wrong,
 * SUP_EXIT_NOT_RUNNING, SUP_EXIT_FAILED. sup_client_close in any case. Blocks. */
int sup_client_open(struct sup_client *client, const char *file);
void sup_client_close(struct sup_client *client);

/* Sends a request; steals it. 0, SUP_EXIT_USAGE where it holds what is no UTF-8, else
 * SUP_EXIT_FAILED. */
int sup_client_send(struct sup_client *client, json_t *request);

/* The next line, without its end, valid until the next call. 0, or SUP_EXIT_NOT_RUNNING where the
 * system has gone; *line is NULL then and nothing is printed. Blocks. */
int sup_client_line(struct sup_client *client, char **line);

/* The next line of a stream; *line is NULL where it has ended with the system. Else as above, and
 * SUP_EXIT_FAILED, which is told, where the system has gone without saying so. */
int sup_client_follow(struct sup_client *client, char **line);

/* Reads the answer to a request: *result is the text of its result, valid until the next call. A
 * failure is printed as it was told. 0 or SUP_EXIT_*. Blocks. */
int sup_client_result(struct sup_client *client, char **result);

/* All of the above for a command with one request and one answer: opens, steals `request`, sends it
 * and reads the result. */
int sup_client_ask(struct sup_client *client, const char *file, json_t *request, char **result);

#endif
