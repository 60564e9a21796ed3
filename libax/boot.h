/* SPDX-License-Identifier: MIT */
/* libax/boot.h - the talk between axsup and a template process, and what a worker is told at birth.
 *
 * Stream socketpairs. Each message is a header, a payload, and file descriptors (SCM_RIGHTS, at
 * most BOOT_FDS with one sendmsg, so a message with more comes as several parts). axsup asks, the
 * template answers; nothing else is said:
 *
 *      axsup     BOOT_LOAD   payload: the plugin's path; limits and user are already in force
 *      template  BOOT_LOADED payload: JSON, {"plugin": name, "actors": [contract descriptions]}
 *                BOOT_ERROR  payload: text; the template exits
 *      axsup     BOOT_FORK   one descriptor: a socket of its own for the process that is forked
 *      template  BOOT_FORKED payload: the pid as uint64_t; a child of axsup (CLONE_PARENT)
 *                BOOT_ERROR  payload: text, why it cannot fork; the template goes on
 *
 * What has been forked is a spare. It waits at its socket for the one message that makes a worker
 * of it, and answers nothing:
 *
 *      axsup     BOOT_ENTER  payload: boot_pack(); descriptors in the order of boot_fds
 *
 * axsup believes none of it unchecked: sizes are bounded and the texts parsed. */
#ifndef LIBAX_BOOT_H
#define LIBAX_BOOT_H

#include "shm/port.h"

#define BOOT_FDS 200u
#define BOOT_MAX (1u << 20) /* bytes of a payload */
#define BOOT_SOCKET 3       /* the end of the template, and of a spare */

enum boot_type { BOOT_LOAD = 1, BOOT_LOADED, BOOT_ERROR, BOOT_FORK, BOOT_FORKED, BOOT_ENTER };

/* Exit codes of a worker that axsup understands. */
enum boot_exit {
    BOOT_EXIT_DONE = 0,      /* stopped as it was told */
    BOOT_EXIT_CORRUPT = 101, /* the slot's memory does not add up: start it empty */
    BOOT_EXIT_SETUP = 102,   /* could not attach; the reason was logged */
};

struct boot_actor { /* a configured actor of this worker; record 1 + its place in the list */
    char name[SHM_NAME_MAX + 1];
    char contract[64];
    char *args;     /* JSON text, owned; NULL: none */
    void *snapshot; /* what it begins from, owned; NULL: nothing */
    uint32_t snapshot_size;
    uint32_t capacity;
    uint32_t name_entry; /* in axsup's names table */
    struct shm_policy policy;
};

#define BOOT_REGISTRIES 16u

struct boot_registry {
    char name[SHM_NAME_MAX + 1];
    char contract[64];
    uint32_t first, slots; /* the processes that are homes of its keys */
    uint32_t shards;       /* of the cluster's; 0: the registry is this node's alone */
    uint32_t first_lease;  /* of those among the gateway's leases, counted from 1 */
    uint32_t keys;         /* that a home may have */
    uint32_t capacity;     /* of each actor's mailbox */
    uint64_t idle_ns;      /* 0: nobody is passivated */
    uint64_t forget_ns;    /* 0: who is passive stays */
    struct shm_policy policy;
};

#define BOOT_ENDS 8u /* more processes hardly die before one comes as far as telling of it */

struct boot_end { /* how a process of the slot ended; as struct shm_slot_down_body tells others */
    uint32_t suspect;
    uint8_t reason, signal;
    uint8_t spare[2];
};

#define BOOT_LISTENERS 17u /* of the config, and the gateway's */

/* ax_ref.node of an actor that stands for another one: `addr` is of this node, in the gateway's
 * slot. No node has that number. */
#define GATEWAY_VIA UINT64_C(1)

struct boot {
    char name[64]; /* of the worker, "counting/0" */
    uint32_t slot, incarnation;
    uint32_t epoch; /* grows when the slot starts empty: generations begin at epoch << 24 | 1 */
    uint32_t spin_us, cores, max_asks;
    uint32_t torment; /* die at each await of a durable actor */
    uint64_t slow_ns; /* a message that takes longer is slow, 0: none is */
    uint32_t
        fault; /* the last process died by its own doing (SIGSEGV, SIGABRT, exit, hung ...), not
                  by SIGKILL or SIGTERM from outside: the message in hand is under suspicion */
    uint32_t nends;
    struct boot_end ends[BOOT_ENDS]; /* of the processes before, the last one first */
    struct shm_geometry geo;
    uint32_t nregistries;
    struct boot_registry registries[BOOT_REGISTRIES];
    uint32_t max_handles, read_buffer, write_buffer; /* of its actors' I/O */
    uint64_t node;    /* what other nodes call this life of the node by, in refs; 0: no cluster */
    uint32_t gateway; /* the slot of libax/gateway.h; 0: none */
    uint32_t nlisteners;
    char listener[BOOT_LISTENERS][SHM_NAME_MAX + 1];
    int listener_fd[BOOT_LISTENERS]; /* behind boot_fds in the order; set by who receives it */
    uint32_t nactors;
    struct boot_actor *actors;
};

/* The order's payload, malloc'd. 0 or -ENOMEM. */
int boot_pack(const struct boot *boot, void **payload, size_t *size);
/* Checks and unpacks one. 0, -EBADMSG or -ENOMEM; boot_deinit frees what it holds. */
int boot_unpack(const void *payload, size_t size, struct boot *boot);
void boot_deinit(struct boot *boot);

/* The descriptors of an order as one array and back: priv, pub, a bell for each slot, then for each
 * other slot its public segment, the edge to it and the edge from it. */
uint32_t boot_fds_count(uint32_t slots);
void boot_fds_flatten(const struct shm_fds *fds, uint32_t slot, uint32_t slots, int *flat);
void boot_fds_restore(const int *flat, uint32_t slot, uint32_t slots, struct shm_fds *fds);

/* Sends one message with its descriptors; blocks. 0 or -errno. */
int boot_send(int socket, enum boot_type type, const void *payload, size_t size, const int *fds,
              uint32_t nfds);

struct boot_message {
    enum boot_type type;
    void *payload; /* malloc'd, NUL behind it */
    size_t size;
    int *fds; /* malloc'd; close-on-exec */
    uint32_t nfds;
};
/* Receives one; blocks up to `timeout_ns` (UINT64_MAX: for ever). 0, -EPIPE when the other side is
 * gone, -ETIMEDOUT, -EBADMSG, -errno. boot_message_deinit frees it and closes its descriptors that
 * are not -1. */
int boot_receive(int socket, struct boot_message *message, uint64_t timeout_ns);
void boot_message_deinit(struct boot_message *message);

/* The template process: never returns. Privileges are dropped already; BOOT_SOCKET is open. */
_Noreturn void boot_template_main(const char *name);

#endif
