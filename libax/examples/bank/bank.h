/* SPDX-License-Identifier: MIT */
/* bank.h - what the actors of the bank share. */
#ifndef BANK_H
#define BANK_H

#include <ax/actor.h>

/* The whole number that the actor's "args" have under a key; `otherwise` where there is none. */
int64_t bank_arg(struct ax_ctx *ctx, const char *key, int64_t otherwise);

/* 64 bits that stand for the id of a transfer, to be added up. */
uint64_t bank_mark(uint32_t teller, uint64_t number);

/* "kind-number", as the config names the actors. */
#define BANK_NAME_MAX 32
const char *bank_name(char name[static BANK_NAME_MAX], const char *kind, uint32_t number);

/* a + b modulo 2^64, for sums of marks. */
static inline int64_t bank_sum(int64_t a, uint64_t b)
{
    return (int64_t)((uint64_t)a + b);
}

#endif
