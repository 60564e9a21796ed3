/* SPDX-License-Identifier: MIT */
/* control.h - the server side of the control socket: how other processes talk to a running system.
 *
 * A stream socket run_dir/control, mode 0600, for processes of the system's own uid and root alone.
 * A client sends requests, each one line of JSON (request.h), and gets for each, in order, one line
 *
 *      {"ok":true,"result":...}
 *      {"ok":false,"error":"AX_E_FULL","message":"counter.get: mailbox full"}
 *
 * where "error" is "" if the outcome has no name, and "usage":true follows where it is the request
 * that makes no sense. After an `events` request with "follow" the
 * result is null, and lines follow, one event each, until either side closes; {"missed":N} stands
 * for N events that were forgotten before the client took them, and {"end":true} comes last where
 * the system has stopped. A request may say for which "system" it is, and another one refuses it.
 *
 * A client may come before the workers run. What is about them and their actors then waits until
 * each has got somewhere; `status`, `events`, `contracts`, `deadletters` and `stop` do not.
 *
 * Whatever a client does, it holds up nobody else: nothing blocks, a request has at most
 * SUP_CONTROL_REQUEST_MAX bytes and does not nest, an answer is bounded, the next request is read
 * when the answer to the last one is taken, and there are at most SUP_CONTROL_CLIENTS. Who comes
 * when all places are taken waits; one that is silent for long loses its place
 * (control_accept.c). */
#ifndef SUP_CONTROL_H
#define SUP_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#define SUP_CONTROL_NAME "control"            /* of the socket, in run_dir */
#define SUP_CONTROL_REQUEST_MAX (1u << 20)    /* bytes, with the line's end */
#define SUP_CONTROL_ANSWER_MAX (32u << 20)    /* bytes */
#define SUP_CONTROL_CLIENTS 64u               /* at a time */
#define SUP_CONTROL_MUTE_NS 100000000ull      /* then who never asked makes room for who waits */
#define SUP_CONTROL_IDLE_NS 5000000000ull     /* then who has asked does */
#define SUP_CONTROL_SILENT_NS 300000000000ull /* then it is given up in any case */
#define SUP_CONTROL_TIMEOUT_NS 5000000000ull  /* of a call that names none */
#define SUP_CONTROL_EARLY_NS 5000000000ull    /* most that a system's start is waited for */
#define SUP_CONTROL_END "{\"end\":true}"      /* of a stream, without its line's end */
#define SUP_CONTROL_OK "{\"ok\":true,\"result\":"

struct sup;
struct sup_control;

/* Opens the socket in sup's run directory. 0 or -errno. */
int sup_control_open(struct sup_control **out, struct sup *sup);

/* Events have come: clients that follow them, or wait for one, get what is theirs. */
void sup_control_events(struct sup_control *control);

/* Answers those who wait for the end of the system, closes all and removes the socket. Before
 * sup_free. Takes NULL; returns NULL. */
struct sup_control *sup_control_close(struct sup_control *control);

#endif
