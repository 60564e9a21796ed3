/* SPDX-License-Identifier: MIT */
/* config.h - what axsup.json says, read and checked.
 *
 * The keys, their defaults, ranges and meanings stand in one table (config_keys.c) that drives the
 * reader, the JSON Schema, the listing for --help and the manual page. Durations are nanoseconds,
 * sizes bytes. Every object of the config keeps its JSON node, so that later checks can add their
 * mistakes with the position of a key:
 *
 *     sup_config_error(errors, worker->node, "plugin", "%s is not a plugin", worker->plugin); */
#ifndef SUP_CONFIG_H
#define SUP_CONFIG_H

#include "axsup/config_cluster.h"
#include "axsup/config_error.h"
#include "axsup/config_restart.h"

#include <sys/types.h>

#define SUP_WORKERS_MAX 63           /* worker processes of a system */
#define SUP_CONFIG_FILE_MAX 1048576  /* bytes of a config file */
#define SUP_RUN_DIR_MAX 90           /* bytes of run_dir: socket names in it must fit sun_path */
#define SUP_ARGS_MAX 4096            /* bytes of an actor's args as compact JSON */
#define SUP_LISTEN_NAME_MAX 63       /* bytes of the name of a listening socket */
#define SUP_LISTEN_CLUSTER "cluster" /* the gateway's */
#define SUP_NO_LIMIT UINT64_MAX      /* a limit that the config does not set */

enum sup_strategy { SUP_ONE_FOR_ONE, SUP_ONE_FOR_ALL, SUP_REST_FOR_ONE };
enum sup_overload_policy { SUP_OVERLOAD_REJECT, SUP_OVERLOAD_BLOCK };
enum sup_torment { SUP_TORMENT_NONE, SUP_TORMENT_AWAIT };
enum sup_suspect_policy { SUP_SUSPECT_DROP, SUP_SUSPECT_RETRY };

struct sup_overload_config {
    unsigned high, low; /* messages in the mailbox; high is 0 where the key is absent */
    enum sup_overload_policy policy;
};

struct sup_suspect_config {
    enum sup_suspect_policy policy;
    unsigned retry; /* times the message is handled again, for SUP_SUSPECT_RETRY */
};

/* SUP_NO_LIMIT where the key is absent: the limit that axsup itself has stays. */
struct sup_limits_config {
    uint64_t memory; /* bytes of address space */
    uint64_t files;  /* open descriptors */
    uint64_t core;   /* bytes of a core file */
    uint64_t cpu_ns; /* processor time */
    uint64_t stack;  /* bytes */
};

struct sup_actor_config {
    const struct sup_json *node;
    const char *name, *contract;
    const char *args;          /* compact JSON text of an object, NULL where absent */
    const char *snapshot_file; /* as it is written, NULL where absent */
    const void *snapshot;      /* its bytes, NULL where absent or wrong */
    uint32_t snapshot_size;
    unsigned capacity, control_capacity; /* the second is 0 where the key is absent */
    uint64_t drain_ns;
    unsigned worker; /* which process of its entry runs it, 0 .. count - 1 */
    struct sup_restart_config restart;
    struct sup_overload_config overload;
    struct sup_suspect_config suspect;
};

struct sup_registry_config {
    const struct sup_json *node;
    const char *name, *contract;
    unsigned keys;                       /* of each process */
    unsigned capacity, control_capacity; /* of each actor; as in sup_actor_config */
    uint64_t drain_ns;
    uint64_t idle_ns;   /* 0: nobody is passivated */
    uint64_t forget_ns; /* 0: who is passive stays */
    struct sup_restart_config restart;
    struct sup_overload_config overload;
    struct sup_suspect_config suspect;
};

struct sup_worker_config {
    const struct sup_json *node;
    const char *name;
    const char *plugin; /* absolute path of a file that is there; NULL where it was not found */
    const char *user;   /* NULL: axsup's own */
    uid_t uid;          /* of user; only with it */
    gid_t gid;
    unsigned count;
    struct sup_actor_config *actors;
    size_t n_actors;
    struct sup_registry_config *registries;
    size_t n_registries;
    struct sup_restart_config restart;
    struct sup_limits_config limits;
    unsigned spin_us, rerandomize, max_actors, max_asks, max_memberships, max_handles;
    uint64_t read_buffer, write_buffer;      /* bytes, of a handle */
    uint64_t load_timeout_ns, hang_after_ns; /* hang_after_ns 0: hangs are not looked for */
    uint64_t slow_after_ns;                  /* 0: no message is slow */
    uint64_t arena, arena_max;               /* UINT64_MAX: it does not grow */
    enum sup_torment torment;
};

/* Bytes that the arena of each process may grow to. */
static inline uint64_t sup_arena_most(const struct sup_worker_config *worker)
{
    return worker->arena_max != UINT64_MAX ? worker->arena_max : worker->arena;
}

struct sup_config {
    const struct sup_json *node;
    const char *file;     /* as it was given */
    const char *folder;   /* absolute; relative paths in the config begin here */
    const char *system;   /* NULL only where it was wrong */
    const char *run_dir;  /* absolute; NULL only where it was wrong */
    bool run_dir_default; /* the config names none */
    struct sup_worker_config *workers;
    size_t n_workers; /* the gateway last, where there is a cluster */
    struct sup_listen_config *listen;
    size_t n_listen; /* that of the cluster last, SUP_LISTEN_CLUSTER, where there is one */
    struct sup_cluster_config cluster;
    enum sup_strategy strategy;
    uint64_t max_message; /* bytes of the largest message body */
    uint64_t lane;        /* bytes, a power of two; 0: to be chosen from max_message */
    unsigned deadletters, events;
    uint64_t shutdown_ns;
    struct sup_pool pool; /* holds all of the above */
};

/* Whether that is the worker which speaks with other nodes: always the last one. */
static inline bool sup_config_is_gateway(const struct sup_config *config,
                                         const struct sup_worker_config *worker)
{
    return config->cluster.json != NULL && worker == &config->workers[config->n_workers - 1];
}

/* Reads a config file. Returns 0 with the config in `*out`; AX_E_INVALID with all mistakes added to
 * `errors`; -ENOMEM. With AX_E_INVALID `*out` holds what could be understood, for checks that find
 * further mistakes (to be freed as well), or NULL where the text was no JSON object. `errors` must
 * be zeroed or used before. Never suspends; may block on the file system and the user database. */
int sup_config_load(const char *file, struct sup_config **out, struct sup_config_errors *errors);

/* Reads of it only what tells where a running system is: `system` and `run_dir`, the rest is zero.
 * A system must be reachable when its config has changed since it was started, as long as this is
 * a JSON object. Results as above. */
int sup_config_locate(const char *file, struct sup_config **out, struct sup_config_errors *errors);

/* Adds to `errors` what a system that runs with the cluster of `now` cannot take over from `next`
 * without being stopped: all but peers, tokens and pins. Both are read without mistakes. */
void sup_config_check_change(const struct sup_config *now, const struct sup_config *next,
                             struct sup_config_errors *errors);

/* sup_config_load for a text in memory; `file` names it and gives the folder that paths begin at.
 */
int sup_config_parse(const char *text, size_t size, const char *file, struct sup_config **out,
                     struct sup_config_errors *errors);

/* Frees a config; takes NULL, returns NULL. */
struct sup_config *sup_config_free(struct sup_config *config);

/* The JSON Schema (draft 2020-12) of a config. */
void sup_config_schema(FILE *to);

/* The section KEYS of axsup.json(5), in mdoc. */
void sup_config_print_man(FILE *to);

/* A line for each key: path, what it takes, default. For "axsup check --help". */
void sup_config_print_keys(FILE *to);

#define SUP_UNIT_ROOM 32

/* Reads "250ms", "1.5s" (ns us ms s m h) or "64K", "1G" (bytes, K M G of 1024). Returns NULL and
 * sets the result, or a static text that says what would be right. */
const char *sup_parse_duration(const char *text, uint64_t *ns);
const char *sup_parse_size(const char *text, uint64_t *bytes);

/* Writes a value in the largest unit that has no fraction: "0s", "90s", "64K". Returns `buffer`,
 * which has SUP_UNIT_ROOM bytes. */
char *sup_format_duration(uint64_t ns, char *buffer);
char *sup_format_size(uint64_t bytes, char *buffer);

#endif
