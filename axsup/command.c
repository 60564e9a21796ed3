/* SPDX-License-Identifier: MIT */
/* command.c - the commands and the options there are. */
#include "axsup/command.h"

#define FIELD(name) offsetof(struct sup_arguments, name)

enum {
    JSON,
    FOLLOW,
    NOW,
    FOR,
    TIMEOUT,
    WORKER,
    CONTRACT,
    PREFIX,
    NAME,
    STATE,
    MIN_MAIL,
    SORT,
    LIMIT,
    ONCE,
    INTERVAL,
    WITHIN,
    TOKEN,
    PAIR
};
#define FILTERS                                                                                    \
    (BIT(WORKER) | BIT(CONTRACT) | BIT(NAME) | BIT(STATE) | BIT(MIN_MAIL) | BIT(SORT) | BIT(LIMIT))
#define BIT(option) (1u << (option))

const struct sup_option sup_options[] = {
    [JSON] = {"json", NULL, SUP_OPTION_FLAG, FIELD(json), NULL,
              "Print for programs: one JSON document, or one JSON object a line where the output "
              "is a stream. Times are RFC 3339 in UTC with nanoseconds, durations integer "
              "nanoseconds, sizes bytes; what is not known is null."},
    [FOLLOW] = {"follow", NULL, SUP_OPTION_FLAG, FIELD(follow), NULL,
                "Go on printing events as they happen, until the system stops."},
    [NOW] = {"now", NULL, SUP_OPTION_FLAG, FIELD(now), NULL,
             "Leave the mail that waits, and cancel what handlers wait for: actors are stopped as "
             "they are, and what they had not handled are dead letters. Also for a system that is "
             "stopping already."},
    [FOR] = {"for", "DURATION", SUP_OPTION_DURATION, FIELD(for_ns), NULL,
             "Stop after this time, as if told to by SIGTERM. The status is 1 also where a worker "
             "has never run, for each of its processes ended before it was ready."},
    [TIMEOUT] =
        {"timeout", "DURATION", SUP_OPTION_DURATION, FIELD(timeout_ns), "5s",
         "How long the reply may take; then the outcome is AX_E_TIMEOUT. A system that does not "
         "answer anybody any more is given up some seconds later, by every command."},
    [WORKER] = {"worker", "WORKER", SUP_OPTION_TEXT, FIELD(worker), NULL,
                "Only actors of this worker, \"counting/0\", or of all workers of this entry, "
                "\"counting\"."},
    [CONTRACT] = {"contract", "CONTRACT", SUP_OPTION_TEXT, FIELD(contract), NULL,
                  "Only actors of this contract."},
    [PREFIX] = {"prefix", "TEXT", SUP_OPTION_TEXT, FIELD(prefix), NULL,
                "Only entries of maps whose key begins with this."},
    [NAME] = {"name", "PREFIX", SUP_OPTION_TEXT, FIELD(name), NULL,
              "Only actors whose name begins so."},
    [STATE] = {"state", "STATE", SUP_OPTION_TEXT, FIELD(state), NULL,
               "Only actors in this state: live, suspended, restarting, passive, closing, "
               "down or failed."},
    [MIN_MAIL] = {"min-mail", "N", SUP_OPTION_COUNT, FIELD(min_mail), NULL,
                  "Only actors with as many messages waiting, or more."},
    [SORT] =
        {"sort", "FIELD", SUP_OPTION_TEXT, FIELD(sort), NULL,
         "The actors with most of it first: mail, turns, busy, slow, failures, restarts, idle, "
         "silence; or active, those first that did something last."},
    [LIMIT] = {"limit", "N", SUP_OPTION_NUMBER, FIELD(limit), NULL,
               "No more than the first N actors, all without it; the answer has room for some "
               "60,000. Of state: at most N entries of each map, 100 without it."},
    [ONCE] = {"once", NULL, SUP_OPTION_FLAG, FIELD(once), NULL, "Print once and end."},
    [INTERVAL] = {"interval", "DURATION", SUP_OPTION_DURATION, FIELD(interval_ns), "1s",
                  "The time between two looks."},
    [WITHIN] = {"within", "DURATION", SUP_OPTION_DURATION, FIELD(within_ns), "60s",
                "How long it may take; then the outcome is AX_E_TIMEOUT, and it goes on."},
    [TOKEN] = {"token", NULL, SUP_OPTION_FLAG, FIELD(token), NULL,
               "Make a token, which all nodes of a cluster share (token_file)."},
    [PAIR] = {"key", NULL, SUP_OPTION_FLAG, FIELD(key), NULL,
              "Make the key of one node (key_file) and print its public key, which the others "
              "have in their pins."},
};
const size_t sup_options_count = sizeof(sup_options) / sizeof(sup_options[0]);

const struct sup_command sup_commands[] = {
    {"run", "CONF", BIT(FOR), false, sup_cmd_run, "run a system in the foreground",
     "Checks the config, starts its workers and runs until SIGINT, SIGTERM, SIGHUP or \"axsup "
     "stop\". "
     "A system that takes more memory than is free is not started. "
     "A line on standard error says when the system runs, when a worker dies and why, and when it "
     "is started again. The workers are stopped in the reverse order of their start within the "
     "config's shutdown time, each within an equal share of what is left of it: one that hangs is "
     "ended by SIGTERM, then SIGKILL, and the others still stop in order. What was left unhandled "
     "is counted and said, and its messages are dead letters, whether a worker had a process or "
     "waited for one. The status is 0 where all of them stopped by themselves, else 1."},
    {"check", "CONF", 0, false, sup_cmd_check, "look for mistakes in a config",
     "Reads a config, loads its plugins, each in a process of its own, and looks whether its "
     "run_dir can be made and the machine, or the cgroup, can have as much memory as it takes. "
     "Every mistake is told with its file, line, column and key, all of them "
     "in one run. Nothing is started; a system that runs in the run_dir is no mistake."},
    {"schema", "", 0, false, sup_cmd_schema, "print the JSON Schema of axsup.json",
     "Prints the JSON Schema (draft 2020-12) of a config."},
    {"status", "CONF", BIT(JSON), false, sup_cmd_status, "show the system and its workers",
     "Shows the system and, for each worker, what state it is in, whether a signal such as SIGSTOP "
     "or a debugger has halted its process, how often it was restarted, how "
     "much mail waits in it, how many messages it has handled over all its processes (turns; "
     "of one that was killed the last few may be missing), how much of its arena is in use "
     "(arena_used of arena_max, bytes) and how its last process ended. In last_exit, why tells "
     "what kept a process from being started; a worker whose plugin is "
     "refused is given up at once. It shows also where the system listens."},
    {"actors", "CONF", BIT(JSON) | FILTERS, false, sup_cmd_actors, "list the actors",
     "Lists the actors, those with a name first, by name. A ref is written "
     "\"slot.index.generation\" and stands wherever ACTOR does. MAIL is what waits in the mailbox, "
     "and what the worker has not taken out of its lanes yet. The state is live, suspended in an "
     "await, restarting, passive until its next message, or closing; down while the worker has no "
     "process that runs, failed where it is not started again. BUSY is the time spent in handlers, "
     "by samples of 12.5 ms; SLOW counts messages that took longer than slow_after, up to 65,535; "
     "SILENCE is the time since the actor last handled anything or, where it waits, was sent "
     "anything."},
    {"inspect", "CONF ACTOR", BIT(JSON), false, sup_cmd_inspect,
     "show one actor and who waits for it",
     "Shows an actor: its meters, whom it asks and waits for, which message comes next, its "
     "timers, whom it monitors and who monitors it, whom it is linked to, and the groups it is in. "
     "Of an actor of the config, how long messages were handled and how long they waited before, "
     "as "
     "counts of those below each power of two: by one message in 64 or so of its worker. "
     "It is read from the slot's memory, as its state is."},
    {"top", "CONF", BIT(ONCE) | BIT(INTERVAL) | BIT(LIMIT), false, sup_cmd_top,
     "show who is busy, again and again",
     "Shows the workers and the actors that have been busiest since the look before, until it is "
     "interrupted or the system stops. Looks at the 500 actors that were active last."},
    {"metrics", "CONF", BIT(JSON), false, sup_cmd_metrics, "print what is measured",
     "Prints counters of the system and each worker in the text format of Prometheus, with "
     "histograms of how long messages are handled and how long they wait before that. The "
     "histograms are of one message in 64, the busy time is by samples of 12.5 ms."},
    {"crashes", "CONF", BIT(JSON), false, sup_cmd_crashes, "list the ends of workers",
     "Lists the workers' ends that the system still remembers, those that were asked for left out, "
     "oldest first: with the signal, the actor that was suspect and the message that it had in "
     "hand."},
    {"state", "CONF ACTOR", BIT(PREFIX) | BIT(LIMIT), false, sup_cmd_state,
     "print the kept state of an actor",
     "Prints the state that the actor's last committed turn has left, as one JSON object. It is "
     "read from the slot's memory: the worker is not asked, and may hang or be dead. Kept maps are "
     "in its member \"maps\": of each the count of its entries, and entries with key and value, in "
     "no order. What is not UTF-8 stands as {\"base64\": TEXT}. A map that changes meanwhile is "
     "shown "
     "entry by entry, each as a committed turn left it."},
    {"call", "CONF ACTOR MESSAGE [JSON]", BIT(TIMEOUT), false, sup_cmd_call,
     "ask an actor and print its reply",
     "Sends a message, with the fields of a JSON object, and prints the reply as one JSON object. "
     "Without JSON all of the message is {}; with \"-\" it is read from standard input. A field "
     "that is missing, unknown, of another type or out of range is named, and the status is 2. A "
     "message that has no reply is sent as \"axsup send\" does, and {} is printed. Integers are "
     "numbers, but a u64 above 9223372036854775807 is printed as a string of its digits, and is "
     "taken as one or as a number. Bytes are a string in base64, a ref is "
     "\"slot.index.generation\" or null. The whole has 1 MiB at most, also of a message that may "
     "be larger. Where the system is a node of a cluster, ACTOR may be REGISTRY/KEY: whoever has "
     "that key in a registry of the cluster, on whatever node, spawned "
     "where there is none."},
    {"send", "CONF ACTOR MESSAGE [JSON]", 0, false, sup_cmd_send, "send an actor a message",
     "Sends a message that has no reply and prints nothing; JSON is as in \"axsup call\". The "
     "status is 0 when it was accepted: "
     "from then on it is lost only where the actor's policy says so, and is a dead letter then."},
    {"contracts", "CONF", BIT(JSON), false, sup_cmd_contracts, "list contracts and their messages",
     "Lists the contracts that the system's plugins implement, with the fields of each message, "
     "of its reply and of the kept state, and the hash by which two builds know that they mean "
     "the same."},
    {"events", "CONF", BIT(JSON) | BIT(FOLLOW), false, sup_cmd_events, "show what has happened",
     "Prints the events that the system still remembers, oldest first by the time at "
     "which they happened. With --follow they come as axsup learns of them, those of actors up to "
     "50 ms later than those of workers; the status is "
     "0 where the system has stopped, and 1 where it has gone without a word."},
    {"deadletters", "CONF", BIT(JSON), false, sup_cmd_deadletters,
     "list messages that were not handled",
     "Lists the dead letters that the system still remembers, oldest first: messages that were "
     "accepted and not handled, with sender, target, message and reason."},
    {"kill", "CONF WORKER [SIGNAL]", 0, false, sup_cmd_kill, "send a worker a signal",
     "Sends a signal to a worker's process, by name or number; without one, KILL. The worker is "
     "restarted as its policy says. WORKER is \"counting/0\", or \"counting\" where the entry has "
     "one worker."},
    {"restart", "CONF WORKER", 0, false, sup_cmd_restart, "restart a worker",
     "Ends a worker's process and starts the next one at once. Its mail and kept state stay. Also "
     "starts a worker again that has failed or ended: its actors go on, under the same refs, "
     "although those who monitored them were told that they are gone."},
    {"reload", "CONF WORKER", 0, false, sup_cmd_reload, "load a worker's plugin anew",
     "Loads the plugin of the worker's entry from its file once more and has all workers of the "
     "entry go over to it, each ending its process when the one before it runs again, as in a "
     "restart: mail and kept state stay. A worker that had failed or stopped begins again, too. If "
     "one fails with the new plugin that is told, and the others go over all the same. "
     "Over is one whose process has started: what its actors do in on_restart comes after that, "
     "and the command does not wait for it. Contracts, "
     "kept states and maps must be the same, in the same order; a plugin that has others, or "
     "cannot be loaded, is refused with what is the matter, and the old one goes on. Then put the "
     "old file back: it is read again where the plugin has to be loaded anew, as rerandomize does. "
     "What a durable actor waits for is canceled: stacks and code are at other addresses. WORKER "
     "is \"counting\" or any worker of it, such as \"counting/0\". Put the "
     "new file in the place of the old one by renaming it: processes still run from the old one. "
     "Of the gateway of a cluster it is the config that is read once more: its peers, token_file, "
     "accepted and pins hold from then on, and no request fails by that. What else is different in "
     "the cluster is refused by its key, and nothing changes. The file is the one that the system "
     "was started with; ax_cluster(7) has more."},
    {"nodes", "CONF", BIT(JSON) | BIT(TIMEOUT), false, sup_cmd_nodes,
     "list the nodes of the cluster",
     "Lists the nodes that this one knows, and how each is: up, with a session; suspect, which has "
     "not answered for a while; leaving, which has given its shards away and wants none; cut off, "
     "which does not reach the lease store; down. They are the peers of its config, and others, "
     "without an address, while they are connected by their own. This and the four below ask the "
     "gateway; of a system whose config has no cluster the status is 1."},
    {"sessions", "CONF", BIT(JSON) | BIT(TIMEOUT), false, sup_cmd_sessions,
     "list the sessions with other nodes",
     "Lists the sessions that there are with other nodes: the session's id as the other one has "
     "it, the version that both speak, and of its two connections the numbers that the gateway has "
     "given them, control for what must not wait and data for messages. A number that is another "
     "one than before is a connection that was made anew."},
    {"shards", "CONF", BIT(JSON) | BIT(TIMEOUT), false, sup_cmd_shards,
     "list the shards of the cluster's registries",
     "Lists the shards of the registries that are spread over the cluster, and whose each is, as "
     "far as this node knows: it asks about those that it has messages for, and of the others it "
     "knows nothing."},
    {"leases", "CONF", BIT(JSON) | BIT(TIMEOUT), false, sup_cmd_leases,
     "list the leases that this node has",
     "Lists the leases of this node: the shard, the epoch, how long it is valid without being "
     "renewed, and its state. acquiring: the store is asked for it; held; renewing; draining: it "
     "is given away, and its actors end; releasing: they have; indeterminate: what the store has "
     "done is not known, and is asked; fenced: it is lost, and its actors have not ended yet."},
    {"counts", "CONF", BIT(JSON) | BIT(TIMEOUT), false, sup_cmd_counts,
     "show what the gateway counts",
     "Shows how many requests, monitors, keys and others the gateway has in hand beside how many "
     "it may have, and how often what it counts has happened since it began, which has no most. "
     "ax_cluster(7) says what each is."},
    {"drain", "CONF", BIT(WITHIN), false, sup_cmd_drain, "hand the shards over to other nodes",
     "Has this node give all its shards away, and take none from then on, and waits until it has "
     "none left. Actors of keys handle their mail before they end where their registry has a "
     "drain. \"axsup stop\" and SIGTERM do so as well, within half of the shutdown time; where "
     "that is too short, do this first."},
    {"keygen", "FILE", BIT(TOKEN) | BIT(PAIR), false, sup_cmd_keygen,
     "make a token or a key for a cluster",
     "Makes a secret by chance in a new file that its owner alone can read, as 64 hexadecimal "
     "digits: with --token one that all nodes share, with --key one of this node's own, whose "
     "public key is printed. A file that exists is not written over."},
    {"stop", "CONF", BIT(NOW), false, sup_cmd_stop, "stop the system",
     "Tells the system to stop, as SIGTERM does, and waits until its supervisor is gone. "
     "The status is 1 where workers had to be killed, as that of \"axsup run\" is then."},
    {"bench", "[ARGUMENT ...]", 0, true, sup_cmd_bench, "measure",
     "Measures the runtime beside what the machine can do at best, in one run. \"axsup bench "
     "--help\" lists its arguments."},
};
const size_t sup_commands_count = sizeof(sup_commands) / sizeof(sup_commands[0]);

const struct sup_named sup_signals[] = {
    {"SIGINT, SIGTERM, SIGHUP",
     "\"axsup run\" stops the system, also while plugins are still being loaded. "
     "A second one changes nothing: the stop has its deadline. "
     "SIGHUP comes when the terminal is closed; where axsup is started with it ignored, as by "
     "nohup, it stays so."},
    {"SIGKILL", "The workers and templates end with axsup; nothing is left but files in run_dir, "
                "which the next system takes over."},
    {"SIGPIPE", "Is ignored: whoever reads the log may go."},
    {"SIGCHLD", "Has its default action, whatever axsup was started with."},
    {NULL, NULL},
};

const struct sup_named sup_variables[] = {
    {"XDG_RUNTIME_DIR", "Where run_dir is, for users other than root, if the config names none and "
                        "this is an absolute path."},
    {"TMPDIR", "Where \"axsup bench\" makes its run directories; /tmp without it."},
    {NULL, NULL},
};
