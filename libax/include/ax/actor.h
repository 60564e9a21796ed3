/* SPDX-License-Identifier: MIT */
/* ax/actor.h - what an actor can do while it handles a message.
 *
 * Every call takes the context that the handler was given and is valid only inside it. A handler
 * is one turn: what it sends, spawns, monitors and changes in kept state takes effect together
 * when it returns, or not at all. Where a comment says "may suspend", the call ends the turn (what
 * was done so far becomes binding), lets other actors run, and starts a new turn when it returns.
 */
#ifndef AX_ACTOR_H
#define AX_ACTOR_H

#include <ax/errors.h>
#include <ax/order.h>
#include <ax/reflect.h>
#include <ax/types.h>
#include <stdbool.h>
#include <stdint.h>

#define AX_NANOSECONDS(n) ((uint64_t)(n))
#define AX_MICROSECONDS(n) ((uint64_t)(n)*1000u)
#define AX_MILLISECONDS(n) ((uint64_t)(n)*1000000u)
#define AX_SECONDS(n) ((uint64_t)(n)*1000000000u)
#define AX_FOREVER UINT64_MAX

/* Returns from the calling function with the error of `call`, if any. */
#define AX_TRY(call)                                                                               \
    do {                                                                                           \
        int ax_try_ = (call);                                                                      \
        if (ax_try_ != 0)                                                                          \
            return ax_try_;                                                                        \
    } while (0)

/* Fails the actor where `condition` is false: the turn is undone, the message is consumed, who
 * asked gets AX_E_CANCELED, and the actor restarts by its policy. */
#define AX_CHECK(ctx, condition)                                                                   \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            ax_fail((ctx), "check failed: " #condition);                                           \
    } while (0)

/* Fails the actor. The reason is logged before anything that the handler holds is freed, so it may
 * be text of a message, of a reply or on its stack. Does not return. */
_Noreturn void ax_fail(struct ax_ctx *ctx, const char *reason);

/* ---- asks and sends: called by what ax/contract.h generates ---- */

struct ax_part {         /* bytes for a str or bytes field; the runtime appends them to the image */
    uint32_t field, len; /* offset of the field in the fixed part; bytes, without a str's NUL */
    const void *ptr;
};

struct ax_outgoing {
    const struct ax_contract *contract;
    uint16_t method, nparts;
    uint32_t size; /* of the fixed part */
    const void *fixed;
    const struct ax_part *parts;
};

/* Returns 0, AX_E_FULL, AX_E_CLOSED, AX_E_NO_ACTOR, AX_E_TOO_BIG, AX_E_WRONG_CONTRACT or
 * AX_E_LIMIT (more than one turn may do). With `wait` it may suspend instead of AX_E_FULL. */
AX_MUST_USE int ax_tell_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out,
                         bool wait);

/* Suspends until the reply, an error or the deadline. Of a durable actor it may also return
 * AX_E_INVALID (`reply` lies neither on the stack nor in the state) or AX_E_NO_MEMORY (for the
 * stack), and nothing was sent. The reply's str and bytes stay readable until
 * the actor's next suspension or the end of the handler. Also AX_E_CANCELED, AX_E_TIMEOUT,
 * AX_E_DEADLOCK. A timeout of AX_FOREVER is none. */
AX_MUST_USE int ax_ask_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out,
                        void *reply, uint64_t timeout_ns, bool wait);

/* Never suspends: the reply comes to the actor's on_reply hook with this number in `ask`. */
AX_MUST_USE int ax_ask_async_(struct ax_ctx *ctx, struct ax_ref to, const struct ax_outgoing *out,
                              uint64_t timeout_ns, uint64_t *ask);

/* Sends a message to this actor itself after `delay_ns`. It survives the process. A turn is one
 * moment: its delays count from when it sets its first timer. Never suspends. */
AX_MUST_USE int ax_timer_(struct ax_ctx *ctx, const struct ax_outgoing *out, uint64_t delay_ns,
                          uint64_t *timer);
/* The same every `period_ns`, the first time after one period, until it is canceled or the actor
 * has ended. Moments are `period_ns` apart whatever happens between; one that finds the message of
 * an earlier one still unhandled, or that came when no process lived, gets none and is counted.
 * Also AX_E_INVALID for a period of 0. Never suspends. */
AX_MUST_USE int ax_timer_every_(struct ax_ctx *ctx, const struct ax_outgoing *out,
                                uint64_t period_ns, uint64_t *timer);
/* How many moments of a periodic timer got no message since this was asked last; 0 where there is
 * no such timer. Part of the turn. Never suspends. */
uint64_t ax_timer_missed(struct ax_ctx *ctx, uint64_t timer);
/* AX_E_NO_ACTOR when it has gone off or was never set. A message of a periodic one that waits in
 * the mailbox is still handled. Never suspends. */
int ax_timer_cancel(struct ax_ctx *ctx, uint64_t timer);

struct ax_reply { /* what on_reply is given */
    uint64_t ask;
    int error; /* 0, AX_E_CANCELED, AX_E_TIMEOUT, AX_E_NO_ACTOR ... */
    uint16_t method;
    uint64_t contract; /* its hash */
    const void *body;  /* NULL with an error */
    uint32_t size;
    bool far; /* it came from another node */
};

/* The body of a reply to `method` of `contract`, checked; NULL when it is another's or an error. */
const void *ax_reply_body_(const struct ax_reply *reply, const struct ax_contract *contract,
                           uint16_t method);

/* Fills a str or bytes field of the reply of the ask being handled; the bytes are copied. Returns
 * AX_E_TOO_BIG beyond max_message. Never suspends. */
AX_MUST_USE int ax_reply_str(struct ax_ctx *ctx, struct ax_str *field, const char *text);
AX_MUST_USE int ax_reply_bytes(struct ax_ctx *ctx, struct ax_bytes *field, const void *ptr,
                               uint32_t len);

/* ---- spawn, names, exit ---- */

enum ax_restart { AX_RESTART_DEFAULT, AX_RESTART_NEVER, AX_RESTART_ON_FAILURE, AX_RESTART_ALWAYS };

enum ax_mailbox { AX_MAILBOX_DEFAULT, AX_MAILBOX_KEEP, AX_MAILBOX_DROP };

struct ax_spawn {              /* zero means the default */
    const char *name;          /* unique in the system; NULL: none. 1..63 bytes, no '/', no ref */
    uint32_t capacity;         /* messages; default 256, at most a million */
    uint32_t control_capacity; /* orders; default as many as messages, 8 at least, 1024 at most */
    uint32_t high, low;        /* refuse from `high` on until `low`; default never */
    bool block;                /* at `high` nothing is refused; it is told as an event alone */
    enum ax_restart restart;   /* default on failure */
    uint32_t max_restarts;     /* within the window; default 10, at most a million */
    uint64_t window_ns;        /* default 60 s */
    /* min * 2^n up to max, an hour at most; default 0 and 5 s, or min where that is more */
    uint64_t backoff_min_ns, backoff_max_ns;
    /* At a restart after a failure: tells and asks are kept, the default of X_spawn, or dropped and
     * who asked is told AX_E_CANCELED, the default of X_spawn_stateful. Orders, downs and replies
     * are kept in any case. */
    enum ax_mailbox mailbox;
    /* Told to stop, it takes nothing new, and handles what it has for so long before on_stop; what
     * is left then is dropped. Default 0: it is dropped at once. */
    uint64_t drain_ns;
    struct ax_span snapshot; /* given to `restore` before the first start; default none */
    uint8_t retries; /* of the message in hand when its process dies by its own doing; default 0:
                        it is dropped; 100 at most. Where the process is killed from outside the
                        message is handled again, up to 8 times in a row, whatever this says. */
};

/* A new actor of this contract in this worker. Without a name it is part of the turn and never
 * suspends; with one it may suspend, and is binding when it returns. Returns 0, AX_E_NAME_TAKEN,
 * AX_E_LIMIT (of what a turn may do, of actors, or of restart, overload and mail policies, of which
 * a worker has 256 at most, ever), AX_E_NO_MEMORY, AX_E_SHUTTING_DOWN, AX_E_WRONG_CONTRACT (the
 * plugin has no such actor), AX_E_INVALID (the name, or a name at all where the actor that spawns
 * is durable; a member beyond its limit, `low` not below `high`, a least backoff above the most),
 * AX_E_UNSUPPORTED (a snapshot for an actor without `restore`), AX_E_TOO_BIG (a snapshot above
 * max_message). An actor whose `restore` fails before its first start ends, reason failed. */
AX_MUST_USE int ax_spawn_(struct ax_ctx *ctx, const struct ax_contract *contract,
                          const struct ax_spawn *spawn, struct ax_ref *out);

/* Finds a named actor anywhere in the system; a local read. Returns 0, AX_E_NO_ACTOR or
 * AX_E_WRONG_CONTRACT. Never suspends. */
AX_MUST_USE int ax_find_(struct ax_ctx *ctx, const struct ax_contract *contract, const char *name,
                         struct ax_ref *out);

/* Ends this actor after the present message or hook, reason normal. Never suspends. */
void ax_stop(struct ax_ctx *ctx);
/* Ends this incarnation after the present message, reason normal, and gives its memory back; the
 * next message starts the next one. Refs, mail, timers and kept state stay. Never suspends. */
void ax_passivate(struct ax_ctx *ctx);
/* Asks any actor to end, reason normal; it does so after the message in hand, or at once where it
 * waits for its restart. Its policy does not bring it back. Returns 0, AX_E_NO_ACTOR, AX_E_LIMIT,
 * or AX_E_NO_MEMORY (it is elsewhere). Never suspends. */
AX_MUST_USE int ax_stop_actor(struct ax_ctx *ctx, struct ax_ref who);

/* Has this actor, or the whole worker, been told to stop? Never suspends. */
bool ax_is_stop_requested(struct ax_ctx *ctx);
/* Asks an actor to end, as ax_stop_actor, and suspends until it is gone. 0, AX_E_NO_ACTOR,
 * AX_E_TIMEOUT (it goes on ending), AX_E_DEADLOCK (itself), AX_E_LIMIT, AX_E_NO_MEMORY. */
AX_MUST_USE int ax_stop_wait(struct ax_ctx *ctx, struct ax_ref who, uint64_t timeout_ns);

struct ax_ref ax_self(struct ax_ctx *ctx);
/* Who sent the message in hand; addr 0 when nobody can be answered. */
struct ax_ref ax_sender(struct ax_ctx *ctx);
/* 1 for the first life of this actor, then 2 ... */
uint32_t ax_incarnation(struct ax_ctx *ctx);
/* The "args" of the config entry as JSON text, "{}" where there are none. Static. */
const char *ax_args(struct ax_ctx *ctx);
/* Names a configured or spawned actor, "" for an anonymous one. Valid until the fourth call after
 * this one. */
const char *ax_name(struct ax_ctx *ctx, struct ax_ref who);
/* CLOCK_MONOTONIC, ns, as the worker's loop read it last, which is not each round: cheap, and
 * coarse. */
uint64_t ax_now(struct ax_ctx *ctx);

/* ---- monitors ---- */

enum ax_reason {
    AX_NORMAL,
    AX_SHUTDOWN,
    AX_FAILED,
    AX_KILLED,
    AX_SIGNAL,
    AX_EXITED,
    AX_HUNG,
    AX_GONE,
    AX_RESTART_INTENSITY,
    AX_CORRUPT,
    AX_LEASE_LOST,
    AX_NODE_DOWN,
    AX_PROTOCOL, /* for actors to use, as all of them are */
    AX_OTHER,
    AX_REASON_COUNT
};

#define AX_WORDS_MAX 47 /* bytes of what an actor says of AX_OTHER, without the NUL */

/* "normal", "signal" ...; static. */
const char *ax_reason_name(enum ax_reason reason);

struct ax_down { /* what on_down is given */
    uint64_t monitor;
    struct ax_ref who;
    uint32_t incarnation; /* the one that ended */
    enum ax_reason reason;
    int signal;        /* for AX_SIGNAL, else 0 */
    bool suspect;      /* its message was in hand when the process died */
    bool will_restart; /* false: it is gone; only an operator can bring it back */
    const char *words; /* for AX_OTHER, else empty; while the hook runs */
};

/* on_down is called at each end of an incarnation of `who`, and at once where it is gone already.
 * Lasts until it is gone or ax_demonitor. `monitor`, which may be NULL, is set to its number.
 * Returns 0 or, with nothing done, AX_E_LIMIT, AX_E_NO_MEMORY. Never suspends. */
AX_MUST_USE int ax_monitor(struct ax_ctx *ctx, struct ax_ref who, uint64_t *monitor);
/* The same with flags. AX_MONITOR_FINAL: on_down is called once, when `who` is gone for good. Also
 * AX_E_INVALID, for other flags. */
enum ax_monitor_flags { AX_MONITOR_FINAL = 1 };
AX_MUST_USE int ax_monitor_with(struct ax_ctx *ctx, struct ax_ref who, unsigned flags,
                                uint64_t *monitor);
/* After it no down of this monitor is delivered. Returns 0, AX_E_NO_ACTOR (there is no such
 * monitor), or, the monitor as it was, AX_E_LIMIT, AX_E_NO_MEMORY. Never suspends. */
int ax_demonitor(struct ax_ctx *ctx, uint64_t monitor);

/* ---- links ---- */

struct ax_exit { /* what on_exit is given */
    struct ax_ref from;
    uint32_t incarnation; /* the one that ended; of a signal: that of who sent it */
    enum ax_reason reason;
    int signal;        /* for AX_SIGNAL, else 0 */
    bool suspect;      /* its message was in hand when the process died */
    bool will_restart; /* false: it is gone for good, or it is a signal that was sent */
    const char *words; /* for AX_OTHER, else empty; while the hook runs */
};

/* Ties this actor to another one, anywhere: when either is gone for good, for a reason other than
 * normal, the other one ends for that reason too, and its policy does not bring it back. Where
 * `who` is gone already that comes at once, reason AX_GONE. Lasts over restarts of both and of
 * their processes, of which only who traps exits is told. A second link to the same actor is the
 * first one, and to itself none. Returns 0 or, with nothing done, AX_E_LIMIT, AX_E_NO_MEMORY. Never
 * suspends. */
AX_MUST_USE int ax_link(struct ax_ctx *ctx, struct ax_ref who);
/* After it no exit of this link is delivered, to either side. Returns 0, AX_E_NO_ACTOR (there is no
 * link), AX_E_LIMIT, AX_E_NO_MEMORY. Never suspends. */
int ax_unlink(struct ax_ctx *ctx, struct ax_ref who);
/* From now on exits of all reasons come to on_exit, behind what their sender had sent, and end
 * nothing; until it is turned off, over restarts too. Returns 0, AX_E_LIMIT, AX_E_NO_MEMORY. Never
 * suspends. */
AX_MUST_USE int ax_trap_exit(struct ax_ctx *ctx, bool on);
/* Ends this actor for good after the present message, for this reason; on_stop is called. A reason
 * that was given before stays. Returns 0, AX_E_INVALID (no reason), AX_E_LIMIT. Never suspends. */
AX_MUST_USE int ax_stop_exit(struct ax_ctx *ctx, enum ax_reason reason);
/* The same, reason AX_OTHER in these words of the actor's own, up to AX_WORDS_MAX bytes: they come
 * with its downs and exits, and are copied. Returns 0, AX_E_TOO_BIG, AX_E_NO_MEMORY, AX_E_LIMIT.
 * Never suspends. */
AX_MUST_USE int ax_stop_other(struct ax_ctx *ctx, const char *words);
/* Sends an exit to any actor, linked or not. It comes behind what this actor has sent, and does
 * what that of a linked actor that is gone would do. AX_KILLED cannot be trapped and overtakes: the
 * actor is gone without handling what it has, also where its handler awaits, and on_stop is not
 * called. Returns 0, AX_E_NO_ACTOR, AX_E_INVALID, AX_E_LIMIT, AX_E_NO_MEMORY; AX_E_FULL, but not
 * for AX_KILLED: the mailbox, which has room for 1024 exits beyond its capacity, or the way there
 * is full. Never suspends. */
AX_MUST_USE int ax_exit_actor(struct ax_ctx *ctx, struct ax_ref who, enum ax_reason reason);
/* The same, reason AX_OTHER in words, as ax_stop_other. Also AX_E_TOO_BIG. */
AX_MUST_USE int ax_exit_other(struct ax_ctx *ctx, struct ax_ref who, const char *words);

/* ---- groups ---- */

/* Makes this actor a member of the group of that name, for which anybody may look anywhere in the
 * system; being one already it stays one. Others see it when the turn commits. It is one over
 * restarts, until it leaves or is gone. A group is there while it has members. Returns 0,
 * AX_E_INVALID (the name: as an actor's), AX_E_CLOSED (it has been told to end), AX_E_NO_MEMORY, or
 * AX_E_LIMIT (of the turn, or of the worker's "max_memberships"). Never suspends. */
AX_MUST_USE int ax_join(struct ax_ctx *ctx, const char *group);
/* Returns 0, AX_E_NO_ACTOR (it is no member) or AX_E_LIMIT. Never suspends. */
int ax_leave(struct ax_ctx *ctx, const char *group);

struct ax_members { /* a cursor; a plain value that needs no end */
    uint64_t key[2];
    uint32_t slot, entry;
};

/* For each member, wherever it is:
 *
 *   for (struct ax_members at = ax_members("room"); ax_member(ctx, &at, &who);)
 *       (void)chat_say(ctx, chat_ref_of(who), text);
 *
 * Who is a member all the while is seen once; who joins or leaves meanwhile may be seen or not. The
 * body may join, leave and suspend. A local read that looks through all memberships of the system.
 * Never suspends. */
struct ax_members ax_members(const char *group);
bool ax_member(struct ax_ctx *ctx, struct ax_members *at, struct ax_ref *who);
/* One member, each in its turn, as this worker counts. Returns 0 or AX_E_NO_ACTOR. Never suspends.
 */
AX_MUST_USE int ax_pick(struct ax_ctx *ctx, const char *group, struct ax_ref *who);

/* ---- the lifecycle stream, meters ---- */

/* X(name, number, text, when): why an actor ended for good, beside its ax_reason. None says that
 * nobody could send to it any more: its address may lie in any mailbox, so that is never known. */
#define AX_STOP_REASONS(X)                                                                         \
    X(NORMAL, 0, "normal", "The exit of another actor, or a kill, ended it.")                      \
    X(PANIC, 1, "panic", "A handler failed, and its policy does not let it go on.")                \
    X(FACTORY_PANIC, 2, "factory panic", "Its state could not be made.")                           \
    X(LIFECYCLE_HOOK_PANIC, 3, "lifecycle hook panic", "The same as panic, in a hook.")            \
    X(CONTEXT_STOP, 4, "context stop", "It ended itself, or its registry forgot it.")              \
    X(SHUTDOWN_IMMEDIATE, 5, "shutdown immediate", "Told to end, without time for its mail.")      \
    X(SHUTDOWN_GRACEFUL, 6, "shutdown graceful", "Told to end; its mail was handled first.")       \
    X(SHUTDOWN_DEADLINE_EXCEEDED, 7, "shutdown deadline exceeded",                                 \
      "Told to end, and its time to drain ran out before its mail was handled.")

enum ax_stop_reason {
#define AX_STOP_REASON_ENUM(name, number, text, when) AX_STOP_##name = number,
    AX_STOP_REASONS(AX_STOP_REASON_ENUM)
#undef AX_STOP_REASON_ENUM
};

/* "normal", "context stop" ...; static. */
const char *ax_stop_reason_name(enum ax_stop_reason reason);

enum ax_life_event { AX_LIFE_STARTED, AX_LIFE_RESTARTED, AX_LIFE_STOPPED };

struct ax_life { /* what on_lifecycle is given */
    struct ax_ref who;
    enum ax_life_event event;
    uint32_t incarnation;     /* that began, or, of AX_LIFE_STOPPED, ended; from 1 */
    enum ax_reason reason;    /* of AX_LIFE_STOPPED */
    enum ax_stop_reason stop; /* the same */
    uint32_t missed;          /* events just before this one that found no room in the mailbox */
};

/* With `on`, on_lifecycle is called for each actor of the system that starts, restarts or ends from
 * now on, until it is called with false or this actor is gone: those of a worker in their order,
 * this one's own at once, those of others as axsup reads of them, within a twentieth of a second.
 * The events wait in the mailbox among other mail, within its capacity; those for which there is no
 * room are counted and left out. It stands over the death of the process, whose actors' restarts
 * are told to who has the stream. Returns 0, AX_E_NO_MEMORY, AX_E_LIMIT (of what a turn may do, or
 * of actors that have the stream, 64 in a worker). Never suspends. */
AX_MUST_USE int ax_lifecycle(struct ax_ctx *ctx, bool on);

struct ax_meters {
    bool closed;          /* it accepts no more mail */
    bool terminated;      /* it is gone for good; the rest is 0 then */
    uint32_t incarnation; /* from 1 */
    uint32_t restarts;
    uint32_t mail, capacity; /* messages that wait, the one in hand included */
    struct ax_ref waits_on;  /* whom it has been waiting for a while; addr 0: nobody */
    uint64_t silence_ns;     /* since it last handled something, or, where it waits, was sent
                                something: to a hundredth of a second */
    uint64_t idle_ns;        /* since it last finished something; 0 while it has anything to do */
    uint64_t busy_ns;        /* in handlers so far, by samples of 12.5 ms */
    uint32_t slow;           /* messages that took longer than slow_after; up to 65,535 */
    uint64_t handled;        /* messages and events */
    uint32_t failures;       /* of an actor of another worker no more than 65,535 are told */
};

/* What is measured of an actor anywhere in the system: a local read of what its worker has
 * published. Where no actor ever had the ref, or its node is another, it is terminated. Returns 0
 * or AX_E_NO_ACTOR (terminated). Never suspends. */
int ax_meters(struct ax_ctx *ctx, struct ax_ref who, struct ax_meters *out);

/* ---- logging ---- */

enum ax_level { AX_DEBUG, AX_INFO, AX_WARN, AX_ERROR };

/* One line on the worker's standard error: time, level, worker, actor, text; control characters as
 * \n, \t or \xNN. Not part of the turn:
 * a turn that is undone may have logged. Never suspends. */
void ax_log(struct ax_ctx *ctx, enum ax_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
