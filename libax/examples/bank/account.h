/* SPDX-License-Identifier: MIT */
/* account.h - the contract of an account. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

/* transfer    asked by a teller: move `amount` from this account to another one. `teller` and
 *             `number` are the transfer's id; a teller's numbers grow. Asked again with the same
 *             id, the account says what became of it and does nothing.
 * credit      told by the other account, in the same turn as its debit. `mark` stands for the id.
 * statement   what is there and how it came to be: balance = initial + credited - debited. The
 *             marks are sums modulo 2^64 over the ids; two sets of ids are equal if their number
 *             and their sum are.
 * served      the transfers from this account that were done for one teller. */
#define AX_CONTRACT account
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(transfer, (u32, teller, u64, number, ref_to(account), to, i64, amount), (bool, accepted))  \
    TELL(credit, (i64, amount, i64, mark))                                                         \
    ASK(statement, (),                                                                             \
        (i64, initial, i64, balance, u64, debits, i64, debited, i64, debit_marks, u64, credits,    \
         i64, credited, i64, credit_marks))                                                        \
    ASK(served, (u32, teller), (u64, transfers, i64, marks))
#include <ax/contract.h>

#endif
