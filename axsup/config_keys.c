/* SPDX-License-Identifier: MIT */
/* config_keys.c - every key of axsup.json, once.
 *
 * Rows read from left to right: the name in the file, the kind, the field it fills, whether it must
 * be there, range, default, meaning. Kinds and columns are explained in config_keys.h. */
#include "axsup/config_rows.h"
#include "libax/boot.h"

#define RESTART_KEYS(about_max, about_chance)                                                      \
    KEY(sup_restart_config, "policy", WORD, policy, WORDS("never", "on_failure", "always"),        \
        DEFAULT("on_failure"),                                                                     \
        ABOUT("When it is started again after its end: never, after a failure (whatever is not a " \
              "normal end), or always.")),                                                         \
        KEY(sup_restart_config, "max", INTEGER, max, RANGE(0, 1000000), DEFAULT(10),               \
            ABOUT("Restarts allowed within the window. One more and it is given up as "            \
                  "failed." about_max)),                                                           \
        KEY(sup_restart_config, "window", DURATION, window_ns, RANGE(MS, 24 * HOUR),               \
            DEFAULT("60s"),                                                                        \
            ABOUT("Time over which restarts are counted, up to the last end. Where the backoff "   \
                  "leaves room for no more than max restarts within it, it is never given up.")),  \
        KEY(sup_restart_config, "backoff", BACKOFF, backoff_ns, RANGE(0, HOUR),                    \
            .def = "[\"10ms\", \"5s\"]",                                                           \
            ABOUT(                                                                                 \
                "Wait before the first restart, and the most that the wait may grow to: it "       \
                "doubles with every restart until there has been none for a window. " about_chance \
                "\"0ms\" as the first is no wait at all."))

static const struct sup_key worker_restart_keys[] = {
    RESTART_KEYS("", "Up to a tenth of it is left to chance, within these bounds, so that workers "
                     "that died together do not come back in step. ")};
const struct sup_key_object sup_key_worker_restart =
    OBJECT(sup_restart_config, "worker_restart", "Worker restart",
           "What happens when a worker process has ended.", worker_restart_keys);

static const struct sup_key actor_restart_keys[] = {
    RESTART_KEYS(" Where more than 13 are allowed, up to one in 13 more may be granted.", ""),
    KEY(sup_restart_config, "mailbox", WORD, mailbox, WORDS("keep", "drop"), DEFAULT("keep"),
        ABOUT("Whether a restart keeps the messages that wait, or drops them as dead letters.")),
};
static const struct sup_key_object actor_restart =
    OBJECT(sup_restart_config, "actor_restart", "Actor restart",
           "What happens when an incarnation of an actor has ended.", actor_restart_keys);

static const struct sup_key limits_keys[] = {
    KEY(sup_limits_config, "memory", SIZE, memory, RANGE(16 * MIB, 1024 * GIB),
        ABOUT("Address space of the process, shared memory included. A value that is too little "
              "for what ax itself maps is refused with one that will do; the stack of each actor "
              "in an await, and what the plugin allocates, comes to that.")),
    KEY(sup_limits_config, "files", INTEGER, files, RANGE(16, 1048576),
        ABOUT("Open file descriptors.")),
    KEY(sup_limits_config, "core", SIZE, core, RANGE(0, 1024 * GIB),
        ABOUT("Size of a core file; \"0\" for none.")),
    KEY(sup_limits_config, "cpu", DURATION, cpu_ns, RANGE(SEC, 8760 * HOUR),
        ABOUT("Processor time of an incarnation, rounded up to seconds.")),
    KEY(sup_limits_config, "stack", SIZE, stack, RANGE(64 * KIB, GIB),
        ABOUT("Stack of the process.")),
};
static const struct sup_key_object limits =
    OBJECT(sup_limits_config, "limits", "Worker limits",
           "Resource limits of a worker process. What is absent stays as axsup itself has it.",
           limits_keys);

static const struct sup_key overload_keys[] = {
    KEY(sup_overload_config, "high", INTEGER, high, REQUIRED, RANGE(1, 1000000),
        ABOUT("Messages in the mailbox at which overload begins; not above capacity.")),
    KEY(sup_overload_config, "low", INTEGER, low, REQUIRED, RANGE(0, 999999),
        ABOUT("Messages in the mailbox at which overload ends; below high.")),
    KEY(sup_overload_config, "policy", WORD, policy, WORDS("reject", "block"), DEFAULT("reject"),
        ABOUT(
            "Whether a sender is told from the high mark on that the mailbox is full, until it is "
            "down at the low one, or nothing is refused below the capacity and overload is told "
            "as an event alone.")),
};
static const struct sup_key_object overload =
    OBJECT(sup_overload_config, "overload", "Actor overload",
           "Watermarks of a mailbox, below its capacity.", overload_keys);

static const struct sup_key retry_keys[] = {
    KEY(sup_suspect_config, "retry", INTEGER, retry, REQUIRED, RANGE(1, 100),
        ABOUT("How often the message is handled again before it is dropped.")),
};
static const struct sup_key_object retry =
    OBJECT(sup_suspect_config, "suspect_retry", "Suspect retry",
           "The object form of an actor's suspect key.", retry_keys);

static const struct sup_key actor_keys[] = {
    KEY(sup_actor_config, "name", NAME, name, REQUIRED, RANGE(1, 63),
        ABOUT("Name of the actor, unique in the whole system, and not in the form of a ref as "
              "1.2.3.")),
    KEY(sup_actor_config, "contract", NAME, contract, REQUIRED, RANGE(1, 63),
        LETTERS("A-Za-z_", "A-Za-z0-9_"),
        ABOUT("Which of the plugin's contracts the actor implements.")),
    KEY(sup_actor_config, "capacity", INTEGER, capacity, RANGE(1, 1000000), DEFAULT(256),
        ABOUT("Messages that its mailbox holds.")),
    KEY(sup_actor_config, "control_capacity", INTEGER, control_capacity, RANGE(1, 1000000),
        ABSENT("as many as capacity says, but 8 at least and 1024 at most"),
        ABOUT("Orders that its control mailbox holds: pings and requests for a snapshot.")),
    KEY(sup_actor_config, "drain", DURATION, drain_ns, RANGE(0, HOUR), DEFAULT("0s"),
        ABOUT("How long the actor, when it is told to stop, goes on with the messages that it had "
              "accepted; what is left then is dropped.")),
    KEY(sup_actor_config, "worker", INTEGER, worker, RANGE(0, SUP_WORKERS_MAX - 1),
        ABSENT("its index in the list, modulo count"),
        ABOUT("Which of the entry's processes runs it, from 0; below count.")),
    KEY(sup_actor_config, "restart", OBJECT, restart, OF(actor_restart),
        ABOUT("When and how often the actor is started again.")),
    KEY(sup_actor_config, "overload", OBJECT, overload, OF(overload), ABSENT("no watermarks"),
        ABOUT("Begin and end of overload.")),
    KEY(sup_actor_config, "suspect", SUSPECT, suspect, WORDS("drop"), OF(retry), DEFAULT("drop"),
        ABOUT("What becomes of the message that was being handled when the process died by its own "
              "doing (a fault, an abort, an exit, a hang): dropped as a dead letter, or handled "
              "again. After a kill from outside it is handled again, up to 8 times in a row.")),
    KEY(sup_actor_config, "args", ARGS, args, RANGE(2, SUP_ARGS_MAX), ABSENT("no arguments"),
        ABOUT("Any JSON object; the actor gets it when it starts.")),
    KEY(sup_actor_config, "initial_snapshot", PATH, snapshot_file, ABSENT("no snapshot"),
        ABOUT("A file whose bytes, 1 to max_message, the actor's restore is given before its first "
              "start, as what its snapshot kept in another life. axsup reads it when it starts, "
              "and the actor begins from it whenever it begins without a memory: not after a "
              "restart, of itself or of its process. Where restore fails on it the actor ends.")),
};
const struct sup_key_object sup_key_actor =
    OBJECT(sup_actor_config, "actor", "Actor", "An entry of a worker's actors.", actor_keys);

static const struct sup_key registry_keys[] = {
    KEY(sup_registry_config, "name", NAME, name, REQUIRED, RANGE(1, 63),
        ABOUT("Name of the registry, unique in the whole system.")),
    KEY(sup_registry_config, "contract", NAME, contract, REQUIRED, RANGE(1, 63),
        LETTERS("A-Za-z_", "A-Za-z0-9_"),
        ABOUT("Which of the plugin's contracts its actors implement.")),
    KEY(sup_registry_config, "keys", INTEGER, keys, RANGE(1, 16000000), DEFAULT(100000),
        ABOUT("Keys that each process of the entry has at a time; one more is refused. Each takes "
              "one of max_actors.")),
    KEY(sup_registry_config, "idle", DURATION, idle_ns, RANGE(10 * MS, 8760 * HOUR),
        .or_zero = true, DEFAULT("0s"),
        ABOUT(
            "An actor that has had no message for so long is passivated: on_stop runs, its memory "
            "is given back, and its next message starts its next life; what it keeps stays. "
            "\"0s\": nobody is passivated.")),
    KEY(sup_registry_config, "forget", DURATION, forget_ns, RANGE(20 * MS, 8760 * HOUR),
        .or_zero = true, DEFAULT("0s"),
        ABOUT("A passive actor that has been left alone for so long, since its last message, ends, "
              "and its key is free again; longer than idle. \"0s\": it stays.")),
    KEY(sup_registry_config, "capacity", INTEGER, capacity, RANGE(1, 1000000), DEFAULT(256),
        ABOUT("Messages that the mailbox of each actor holds.")),
    KEY(sup_registry_config, "control_capacity", INTEGER, control_capacity, RANGE(1, 1000000),
        ABSENT("as many as capacity says, but 8 at least and 1024 at most"),
        ABOUT("Orders that the control mailbox of each actor holds.")),
    KEY(sup_registry_config, "drain", DURATION, drain_ns, RANGE(0, HOUR), DEFAULT("0s"),
        ABOUT("How long an actor, when it is told to stop, goes on with the messages that it had "
              "accepted.")),
    KEY(sup_registry_config, "restart", OBJECT, restart, OF(actor_restart),
        ABOUT("When and how often each actor is started again.")),
    KEY(sup_registry_config, "overload", OBJECT, overload, OF(overload), ABSENT("no watermarks"),
        ABOUT("Begin and end of overload of each actor.")),
    KEY(sup_registry_config, "suspect", SUSPECT, suspect, WORDS("drop"), OF(retry), DEFAULT("drop"),
        ABOUT("As for an actor of the config.")),
};
static const struct sup_key_object registry = OBJECT(
    sup_registry_config, "registry", "Registry",
    "An entry of a worker's registries: actors that are found by a key and spawned when they are "
    "first asked for. The processes of the entry are the homes of the keys.",
    registry_keys);

static const struct sup_key worker_keys[] = {
    KEY(sup_worker_config, "name", NAME, name, REQUIRED, RANGE(1, 48),
        LETTERS("A-Za-z0-9_", "A-Za-z0-9_.-"),
        ABOUT("Name of the entry, unique in the config. Its processes are NAME/0, NAME/1 and so "
              "on.")),
    KEY(sup_worker_config, "plugin", PATH, plugin, REQUIRED,
        ABOUT("The shared object to load. With a slash a path, relative to the directory of the "
              "config; without one it is looked for beside the config, then in the directory "
              "plugins beside the axsup program, then among the installed plugins.")),
    KEY(sup_worker_config, "count", INTEGER, count, RANGE(1, SUP_WORKERS_MAX), DEFAULT(1),
        ABOUT("How many processes run the plugin; a system has at most 63 in all.")),
    KEY(sup_worker_config, "actors", LIST, actors, RANGE(0, UINT32_MAX), OF(sup_key_actor),
        .count_offset = offsetof(struct sup_worker_config, n_actors), ABSENT("none"),
        ABOUT("Actors that are there from the start.")),
    KEY(sup_worker_config, "registries", LIST, registries, RANGE(0, BOOT_REGISTRIES), OF(registry),
        .count_offset = offsetof(struct sup_worker_config, n_registries), ABSENT("none"),
        ABOUT("Registries whose actors this entry's processes run; a system has at most 16.")),
    KEY(sup_worker_config, "restart", OBJECT, restart, OF(sup_key_worker_restart),
        ABOUT("When and how often a process is started again.")),
    KEY(sup_worker_config, "limits", OBJECT, limits, OF(limits), ABOUT("Resource limits.")),
    KEY(sup_worker_config, "user", NAME, user, RANGE(1, 63), ABSENT("the user of axsup"),
        ABOUT("User that the processes run as. Only root can set one; it is what keeps a hostile "
              "plugin from writing to the memory of others.")),
    KEY(sup_worker_config, "spin_us", INTEGER, spin_us, RANGE(0, 10000), DEFAULT(50),
        ABOUT("Microseconds that an idle worker looks for new messages before it sleeps, while "
              "another one runs that could send some. Where its last rests were short it gives the "
              "processor to others for four times as long, 200 at most, and looks in between. On "
              "one processor it sleeps at once.")),
    KEY(sup_worker_config, "load_timeout", DURATION, load_timeout_ns, RANGE(10 * MS, HOUR),
        DEFAULT("5s"), ABOUT("How long the plugin may take to load.")),
    KEY(sup_worker_config, "hang_after", DURATION, hang_after_ns, RANGE(MS, HOUR), .or_zero = true,
        DEFAULT("0s"),
        ABOUT("A message that is handled for longer than this is a hang, which ends the process by "
              "SIGABRT, and by SIGKILL where it does not end within a second; \"0s\" looks for "
              "none. Time in which the process is stopped or gets no processor does not count; "
              "time in which it is blocked in a system call does.")),
    KEY(sup_worker_config, "slow_after", DURATION, slow_after_ns, RANGE(10 * MS, HOUR),
        .or_zero = true, DEFAULT("100ms"),
        ABOUT("A message that is handled for longer than this is warned of and counted, with its "
              "actor and its time, to an eighth of this; \"0s\": none is. Time in which the actor "
              "is suspended does not count.")),
    KEY(sup_worker_config, "rerandomize", INTEGER, rerandomize, RANGE(0, 1000), DEFAULT(3),
        ABOUT(
            "Crashes by signal that are borne within a minute; with one more the plugin is loaded "
            "anew, at other addresses, and durable awaits end as canceled. Kills from outside do "
            "not count. 0: it never is.")),
    KEY(sup_worker_config, "torment", WORD, torment, WORDS("none", "await"), DEFAULT("none"),
        ABOUT("For tests: with await the process kills itself (SIGKILL) each time a handler of a "
              "durable actor has begun to wait, so that who keeps over an await what does not "
              "outlive the process, or waits for what does not, finds out. The worker's restart "
              "key must bear it.")),
    KEY(sup_worker_config, "arena", SIZE, arena, RANGE(MIB, 64 * GIB), DEFAULT("16M"),
        ABOUT(
            "Memory of a process that outlives it: mailboxes, kept state and maps, snapshots. All "
            "of it is allocated when the system starts, which is refused where there is less. One "
            "that cannot grow to have room for two of the largest messages, beside what is under "
            "way in lanes, is refused too.")),
    KEY(sup_worker_config, "arena_max", SIZE, arena_max, RANGE(MIB, 64 * GIB),
        ABSENT("as arena: it does not grow"),
        ABOUT(
            "Up to which size the arena grows, 4 MiB at a time, as it fills; not below arena. "
            "Beyond it sends, spawns and puts answer AX_E_NO_MEMORY, as they do where the machine "
            "has no more memory.")),
    KEY(sup_worker_config, "max_actors", INTEGER, max_actors, RANGE(1, 16000000), DEFAULT(1024),
        ABOUT("Actors that a process can have at a time.")),
    KEY(sup_worker_config, "max_asks", INTEGER, max_asks, RANGE(16, 65535), DEFAULT(4096),
        ABOUT("Asks of a process that can wait for their answer at a time.")),
    KEY(sup_worker_config, "max_handles", INTEGER, max_handles, RANGE(1, 1000000), DEFAULT(10000),
        ABOUT("Sockets, files and children that the actors of a process can have at a time. At the "
              "limit, and where there are no more file descriptors, new connections wait.")),
    KEY(sup_worker_config, "read_buffer", SIZE, read_buffer, RANGE(4 * KIB, GIB), DEFAULT("256K"),
        ABOUT("Bytes of a connection that are kept for an actor which cannot take them yet; then "
              "the peer has to wait.")),
    KEY(sup_worker_config, "write_buffer", SIZE, write_buffer, RANGE(4 * KIB, GIB), DEFAULT("1M"),
        ABOUT("Bytes of a connection that may wait to leave; with more than this an actor that "
              "writes is told that it is full.")),
    KEY(sup_worker_config, "max_memberships", INTEGER, max_memberships, RANGE(0, 16000),
        DEFAULT(1024), ABOUT("Groups that the actors of a process can be in at a time, all told.")),
};
const struct sup_key_object sup_key_worker =
    OBJECT(sup_worker_config, "worker", "Worker",
           "An entry of workers: a plugin and the processes that run it.", worker_keys);

static const struct sup_key top_keys[] = {
    KEY(sup_config, "system", NAME, system, REQUIRED, RANGE(1, 63),
        LETTERS("A-Za-z0-9_", "A-Za-z0-9_.-"), ABOUT("Name of the system.")),
    KEY(sup_config, "run_dir", PATH, run_dir,
        ABSENT("/run/axsup/SYSTEM for root, else $XDG_RUNTIME_DIR/axsup/SYSTEM, else "
               "/tmp/axsup-UID/SYSTEM"),
        ABOUT("Directory of the running system, with its control socket. One system at a time can "
              "use it. It belongs to the user of axsup and nobody else may write to it. Its "
              "absolute path has at most 90 bytes.")),
    KEY(sup_config, "workers", LIST, workers, REQUIRED, RANGE(1, SUP_WORKERS_MAX),
        OF(sup_key_worker), .count_offset = offsetof(struct sup_config, n_workers),
        ABOUT("Plugins to run. The sum of their counts is at most 63, and 62 with a cluster.")),
    KEY(sup_config, "listen", LISTEN, listen, RANGE(0, BOOT_LISTENERS - 1),
        .count_offset = offsetof(struct sup_config, n_listen), ABSENT("none"),
        ABOUT("Listening sockets by the names that actors know them by: \"127.0.0.1:6379\", "
              "\"[::1]:6379\" or, for a Unix socket, a path that begins with \"/\". Port 0 is any "
              "that is free; axsup status shows which. The system keeps them as long as it runs: "
              "while a worker is down, connections wait and none is refused. A socket that a "
              "killed system has left at the path is replaced; any other file is an error.")),
    KEY(sup_config, "cluster", OBJECT, cluster, OF(sup_key_cluster), ABSENT("it is in none"),
        ABOUT("Makes the system a node of a cluster. Without it nothing is sent to other machines, "
              "and nothing taken from them.")),
    KEY(sup_config, "strategy", WORD, strategy, WORDS("one_for_one", "one_for_all", "rest_for_one"),
        DEFAULT("one_for_one"),
        ABOUT(
            "Whom it concerns that a worker process has ended and is started again: itself alone, "
            "all processes, or itself and those behind it in the order of the config. Those "
            "concerned are stopped one at a time, the last one first, as by a restart by hand, "
            "and then started in order, each when the one before it runs; mail and kept state "
            "stay. Only its own ends count in a worker's limit of restarts. Where the strategy "
            "is not one_for_one, a worker that is given up, but for the policy never, stops the "
            "system, and axsup ends with 1.")),
    KEY(sup_config, "max_message", SIZE, max_message, RANGE(KIB, MIB), DEFAULT("64K"),
        ABOUT("The largest body of a message: its struct, in which a str or bytes takes 16 bytes, "
              "and behind it their data, each with one byte more.")),
    KEY(sup_config, "lane", SIZE, lane, RANGE(16 * KIB, 16 * MIB), .or_zero = true, DEFAULT("0"),
        ABOUT("Size of the ring from one process to another: a power of two, and at least 4K "
              "more than twice max_message; \"0\" lets it be chosen: at least four of max_message, "
              "64K, and up to seven processes 256K.")),
    KEY(sup_config, "deadletters", INTEGER, deadletters, RANGE(16, 65536), DEFAULT(256),
        ABOUT("Dead letters that are kept to be looked at; older ones are only counted.")),
    KEY(sup_config, "events", INTEGER, events, RANGE(64, 65536), DEFAULT(1024),
        ABOUT("Events that are kept for those who ask later: this many of workers, as many of "
              "actors, and as many of other nodes.")),
    KEY(sup_config, "shutdown", DURATION, shutdown_ns, RANGE(0, HOUR), DEFAULT("5s"),
        ABOUT("Time for a stop of the whole system. What has not ended by then gets SIGTERM and, a "
              "tenth of this time later (10 ms to 500 ms), SIGKILL.")),
};
const struct sup_key_object sup_key_top =
    OBJECT(sup_config, "system", "Top level", "The system.", top_keys);

void sup_key_objects(void (*each)(const struct sup_key_object *object, void *context),
                     void *context)
{
    static const struct sup_key_object *const all[] = {
        &sup_key_top,   &sup_key_worker, &sup_key_worker_restart,
        &limits,        &sup_key_actor,  &registry,
        &actor_restart, &overload,       &retry,
    };

    for (size_t i = 0; i < COUNT(all); i++)
        each(all[i], context);
    for (size_t i = 0; sup_key_cluster_objects[i]; i++)
        each(sup_key_cluster_objects[i], context);
}
