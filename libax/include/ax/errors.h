/* SPDX-License-Identifier: MIT */
/* ax/errors.h - the one error doctrine of the tree.
 *
 * Every function that can fail returns an int: 0 means done; a negative value is -errno of the
 * system call that failed, forwarded unchanged; a positive value is an AX_E_* outcome that the
 * caller is expected to handle. ax_strerror() covers all three. The table below is the only place
 * where the outcomes are listed; names, texts and the manual come from it. */
#ifndef AX_ERRORS_H
#define AX_ERRORS_H

#define AX_MUST_USE __attribute__((warn_unused_result))

/* X(name, number, text) */
#define AX_ERRORS(X)                                                                               \
    X(FULL, 1, "mailbox full")                                                                     \
    X(CLOSED, 2, "actor closed")                                                                   \
    X(NO_ACTOR, 3, "no such actor")                                                                \
    X(CANCELED, 4, "canceled")                                                                     \
    X(TIMEOUT, 5, "timed out")                                                                     \
    X(DEADLOCK, 6, "ask would wait for itself")                                                    \
    X(NO_MEMORY, 7, "no memory left within the configured limit")                                  \
    X(NAME_TAKEN, 8, "name taken")                                                                 \
    X(SHUTTING_DOWN, 9, "shutting down")                                                           \
    X(INVALID, 10, "invalid argument or message")                                                  \
    X(TOO_BIG, 11, "message too big")                                                              \
    X(WRONG_CONTRACT, 12, "actor of another contract")                                             \
    X(NOT_ALLOWED, 13, "not allowed here")                                                         \
    X(LIMIT, 14, "limit reached")                                                                  \
    X(NOT_RUNNING, 15, "no such system is running")                                                \
    X(NO_KEY, 16, "no such key")                                                                   \
    X(UNSUPPORTED, 17, "not supported by this actor")                                              \
    X(FAILED, 18, "the actor failed in it")                                                        \
    X(NODE_DOWN, 19, "node down, but it may be alive")                                             \
    X(STALE, 20, "shard has another owner or epoch")                                               \
    X(BUSY, 21, "node has too many requests in hand")                                              \
    X(PROTOCOL, 22, "protocol violation")

enum ax_error {
    AX_OK = 0,
#define AX_ERROR_ENUM(name, number, text) AX_E_##name = number,
    AX_ERRORS(AX_ERROR_ENUM)
#undef AX_ERROR_ENUM
};

/* The text of a result: "done" for 0, the system's text for -errno, the table's for AX_E_*,
 * "unknown error" for others; never NULL. The string is static. Never suspends. */
const char *ax_strerror(int error);

/* The symbol of an outcome, "AX_E_FULL", or "EMFILE" for -errno; "?" where unknown. Static. */
const char *ax_error_name(int error);

#endif
