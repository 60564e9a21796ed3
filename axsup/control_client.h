/* SPDX-License-Identifier: MIT */
/* control_client.h - what control.c (sockets) and control_serve.c (answers) share. */
#ifndef SUP_CONTROL_CLIENT_H
#define SUP_CONTROL_CLIENT_H

#include "axsup/control.h"
#include "axsup/out.h"
#include "axsup/request.h"
#include "axsup/sup.h"

#define FOLLOW_AT_ONCE (64u << 10) /* bytes unsent from which a follower gets no more events */

enum control_state {
    CONTROL_FREE,
    CONTROL_READING,    /* the next request may come */
    CONTROL_EARLY,      /* it has come, and the workers are still being started */
    CONTROL_ASKING,     /* an actor is to reply */
    CONTROL_RESTARTING, /* a worker is to run again */
    CONTROL_RELOADING,  /* the workers of an entry are to run its plugin anew */
    CONTROL_STOPPING,   /* the system is to end */
    CONTROL_FOLLOWING,  /* gets events as they come */
    CONTROL_CLOSING,    /* gets what is written, nothing more */
};

struct control_client {
    struct sup_control *control;
    enum control_state state;
    int fd;
    uint32_t mask;     /* poll events asked for */
    uint64_t moved_at; /* when bytes last went either way, CLOCK_MONOTONIC ns */
    char *in;          /* what has come of requests; room of SUP_CONTROL_REQUEST_MAX at most */
    size_t in_room, in_size, in_used; /* bytes: allocated, filled, of these already served */
    bool asked;                       /* a whole request has come */
    bool again;         /* there is more to do at once, but others have their turn first */
    struct sup_out out; /* not yet sent */
    uint64_t seq;       /* FOLLOWING: the last event that it was given */
    uint64_t since;     /* FOLLOWING: what was forgotten up to this one is not missed */
    uint32_t slot;      /* RESTARTING */
    uint32_t life;      /* RESTARTING: the incarnation that is to end */
    const struct sup_template *template; /* RELOADING */
    const struct ax_method *method;      /* ASKING */
    char *what;                          /* ASKING: "counter.get", for a failure */
    struct control_far *far;             /* ASKING: what is for another node; see control_far.c */
};

struct sup_control {
    struct sup *sup;
    int listener;
    int spare; /* a descriptor to give up when there is none left to accept with */
    char path[SUP_RUN_DIR_MAX + sizeof("/" SUP_CONTROL_NAME)];
    bool bound;
    bool full;              /* no place or no descriptor is free, so nobody is accepted */
    struct sup_timer sweep; /* when silent clients are looked for next */
    bool begun;             /* each worker has run, or will not soon */
    struct sup_timer timer; /* until when early clients wait for that */
    struct control_client clients[SUP_CONTROL_CLIENTS];
};

/* Handles one request line: writes an answer, or leaves the client in a state that waits for it;
 * after CONTROL_EARLY it wants to be given the line again. */
void sup_control_serve(struct control_client *client, const char *line, size_t size);
/* Adds the events that a FOLLOWING client has room for, or looks whether what a RESTARTING or
 * RELOADING one waits for has come. False: nothing was added. */
bool sup_control_advance(struct control_client *client);
/* An answer without a result. */
void sup_control_answer_nothing(struct control_client *client);
/* Begins a result, which whoever calls writes; where it ended in an error a refusal replaces it. */
size_t sup_control_begin(struct control_client *client);
void sup_control_end(struct control_client *client, size_t start, int error);
/* control_message.c: messages to actors of this node. */
void sup_control_serve_message(struct control_client *client, const struct sup_request *request);
/* The message that a call or send is for; NULL: it is refused. */
const struct ax_method *sup_control_method(struct control_client *client,
                                           const struct ax_contract *contract,
                                           const struct sup_request *request);
/* What an ASKING client waits for has come: a sup_reply_fn; or it has been sent. */
void sup_control_replied(void *client, int error, const void *body, size_t size);
void sup_control_sent(struct control_client *client);
/* control_far.c: messages to actors of a registry of the cluster. */
bool sup_control_is_far(const struct control_client *client, const char *actor);
void sup_control_serve_far(struct control_client *client, const struct sup_request *request);
void sup_control_far_free(struct control_client *client);
/* control_worker.c: orders about workers, and whether what a client waits for has come. */
void sup_control_serve_worker(struct control_client *client, const struct sup_request *request);
void sup_control_serve_reload(struct control_client *client, const char *worker);
bool sup_control_look(struct control_client *client);
/* Tells a client that follows how many events it has missed before the one that is `next`. */
void sup_control_missed(struct control_client *client, uint64_t next);
/* Ends what the client waits for; it gets no answer. */
void sup_control_forget(struct control_client *client);
/* From now on clients may come. 0 or -errno. */
int sup_control_accept(struct sup_control *control);
/* Ends a client, whatever it does. */
void sup_control_drop(struct control_client *client);
/* Somebody who waits may have it. */
void sup_control_place_free(struct sup_control *control);
/* An answer that is no result; `error` as in an int of the tree, 0: it has no name. */
__attribute__((format(printf, 3, 4))) void sup_control_refuse(struct control_client *client,
                                                              int error, const char *format, ...);
/* The same for what is wrong however the system stands. */
__attribute__((format(printf, 2, 3))) void sup_control_refuse_usage(struct control_client *client,
                                                                    const char *format, ...);
/* False: nothing is wrong with which actors are to be listed, and how. Else it is refused. */
bool sup_control_refuse_filter(struct control_client *client, const struct sup_request *request);
/* There is nobody of that name, and who may be meant. */
void sup_control_refuse_actor(struct control_client *client, const char *who);
void sup_control_refuse_worker(struct control_client *client, const char *name);
void sup_control_refuse_message(struct control_client *client, const struct ax_contract *contract,
                                const char *message);
/* What was to be sent to an actor of that slot was not; `what` is the actor and its message. */
void sup_control_refuse_sent(struct control_client *client, const char *what, int error,
                             uint32_t slot);
/* Takes what its socket has. False: it has no more to say. */
bool sup_control_receive(struct control_client *client);
/* To be called after one of the above by whoever is not called from here: sends what is written,
 * asks the loop for what is needed next, reads on when it may. */
void sup_control_pump(struct control_client *client);

#endif
