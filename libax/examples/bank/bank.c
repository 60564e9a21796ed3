/* SPDX-License-Identifier: MIT */
/* bank.c - a bank whose books are right, whatever dies and when.
 *
 * Accounts (account.c) lie in several processes, tellers (teller.c) in others; a teller asks one
 * account to transfer to another. The account debits itself and tells the other to credit, in one
 * turn: it takes effect as a whole or not at all, so there is no transaction between the two, no
 * log and no recovery code. The teller may die before it hears the outcome; then it asks again
 * with the same id. An auditor (auditor.c) monitors all of them. A saboteur (saboteur.c) takes its
 * process down, to show who is named and that the neighbours have lost nothing.
 *
 * Arguments, in the config's "args":
 *   account   balance: what is there at first
 *   teller    number: its own; accounts: how many there are; burst: transfers in a row;
 *             rest_us: and the time after them
 *   auditor   accounts, tellers: how many there are */
#include "bank.h"

#include "account.h"
#include "auditor.h"
#include "saboteur.h"
#include "teller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t bank_arg(struct ax_ctx *ctx, const char *key, int64_t otherwise)
{
    char quoted[40];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(ax_args(ctx), quoted);
    return at == NULL ? otherwise : strtoll(at + strlen(quoted), NULL, 10);
}

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014). */
uint64_t bank_mark(uint32_t teller, uint64_t number)
{
    uint64_t x = number * 0x9e3779b97f4a7c15u + teller;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

const char *bank_name(char name[static BANK_NAME_MAX], const char *kind, uint32_t number)
{
    snprintf(name, BANK_NAME_MAX, "%s-%u", kind, number);
    return name;
}

AX_PLUGIN("bank", &account_actor, &teller_actor, &auditor_actor, &saboteur_actor);
