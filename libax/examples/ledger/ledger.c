/* SPDX-License-Identifier: MIT */
/* ledger.c - money that moves between accounts spread over a cluster, while nodes die.
 *
 * Accounts (account.c) are actors of a registry of the cluster: each is on the node that has the
 * lease of its shard. What an actor keeps ends with that lease, so what must last is outside, in
 * books (book.c) that are fenced by the lease's epoch. Tellers (teller.c), some on each node, move
 * money. tests/demo/cluster kills the nodes and adds up the books.
 *
 * Arguments of a teller, in the config's "args": accounts: how many there are; period_ms: between
 * two bursts of transfers. Its name in the config is that of its book, too. */
#include "account.h"
#include "teller.h"

AX_PLUGIN("ledger", &account_actor, &teller_actor);
