/* SPDX-License-Identifier: MIT */
/* kv.c - a key-value server that speaks the Redis protocol, and loses no write that it has
 * acknowledged when one of its processes dies.
 *
 * A shard (shard.c) has a part of the keys in kept maps. A connection is an actor too (session.c):
 * it reads requests, sends each to the shard that has its key, all for one shard in one message,
 * and puts the answers into order (owed.c). A front (front.c) in each worker lets connections in
 * and passes on what is published. Shards and connections may lie in one worker or in several; they
 * look alike to each other.
 *
 * There is no log and no recovery code. A change and its answer are one turn, so an answer that a
 * client has seen is of a change that the shard's next process goes on from. When a process dies
 * with requests in its mail, the next one handles them, each once: whose connection lies elsewhere
 * sees nothing but a pause. Connections of the process itself are reset.
 *
 * It is all of it smaller than Redis: strings of up to 768 KiB, names of fields up to 64 KiB,
 * one database, the commands of command.h, and transactions within one shard.
 *
 * Arguments of a front: shards, fronts: how many there are, named shard-0, front-0 and so on. */
#include "front.h"
#include "session.h"
#include "shard.h"

AX_PLUGIN("kv", &front_actor, &session_actor, &shard_actor);
