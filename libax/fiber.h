/* SPDX-License-Identifier: MIT */
/* libax/fiber.h - stack-switching fibers: the worker's loop runs on one; a handler that awaits
 * leaves it parked there and another one goes on with the loop.
 *
 * The switch saves the callee-saved registers only; x87 and MXCSR control words are left alone.
 * On x86-64 it leaves by an indirect jump, which predicts by target, where `ret` would miss the
 * return stack each time (10.8 against 2.7 ns). Stack tops are coloured, or thousands of fibers
 * would share one cache set. A guard page ends each stack. */
#ifndef LIBAX_FIBER_H
#define LIBAX_FIBER_H

#include <stddef.h>
#include <stdint.h>

#define FIBER_PAGE 4096u
#define FIBER_STACK (256u << 10) /* bytes of address space; pages are touched as they are used */
#define FIBER_SPACE (FIBER_STACK + FIBER_PAGE) /* with its guard */

struct fiber {
    void *sp; /* first: the switch knows it */
    struct fiber *next;
    uint8_t *stack; /* lowest usable byte */
    size_t size;    /* up to the coloured top */
    void *asan;     /* fake stack while parked */
};

/* Gives `fiber` a stack. 0 or -errno. */
int fiber_init(struct fiber *fiber);
/* The same at an address, NULL: anywhere; its colour is that of the number. */
int fiber_init_at(struct fiber *fiber, void *at, uint32_t number);
void fiber_deinit(struct fiber *fiber);

/* The next switch to it enters `entry`, which must not return. */
void fiber_prepare(struct fiber *fiber, void (*entry)(void));

/* Parks `from` and goes on with `to`. */
void fiber_switch(struct fiber *from, struct fiber *to);

/* To be called first in an entry function and after each return of fiber_switch. */
void fiber_arrived(struct fiber *fiber);

#endif
