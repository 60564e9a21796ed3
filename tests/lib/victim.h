/* SPDX-License-Identifier: MIT */
/* tests/lib/victim.h - a worker of a small system in the test's own process: it enters its slot as
 * a process would, and does its rounds when it is told to. No handler of it may suspend or fail. */
#ifndef TESTS_VICTIM_H
#define TESTS_VICTIM_H

#include "libax/worker.h"
#include "shm/recover.h"
#include "tests/lib/node.h"

struct victim {
    struct worker worker;
    struct worker fresh; /* as it was with its buffers made and nothing done */
    struct boot boot;
    struct boot_actor actors[3];
    struct shm_recovery found;
    bool entered;
};

/* The slot's descriptors, of which the port keeps none. */
void victim_fds(const struct node *node, uint32_t slot, struct shm_fds *fds);
/* Three configured actors of the plugin's only type. */
void victim_init(struct victim *victim, const struct node *node, uint32_t slot);
void victim_free(struct victim *victim);

/* Opens the port and recovers; the same errors as shm_port_open and shm_recover. */
int victim_enter(struct victim *victim, const struct node *node, const struct ax_plugin *plugin);
/* What a process does next before its loop: revives actors, spawns configured ones. */
int victim_start(struct victim *victim);
/* All of it, in a system that is opened for it. */
int victim_begin(struct victim *victim, struct node *node, const struct ax_plugin *plugin);
/* It dies, and the next process enters and starts. */
int victim_die(struct victim *victim, const struct node *node, const struct ax_plugin *plugin);
/* Begins a turn in which the test does what a handler of that actor would. */
struct ax_ctx *victim_turn(struct victim *victim, uint32_t actor);
/* One round without parking. */
void victim_round(struct victim *victim);
void victim_leave(struct victim *victim);

#endif
