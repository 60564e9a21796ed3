/* SPDX-License-Identifier: MIT */
/* account.h - the contract of an account, in the registry "accounts". */
#ifndef LEDGER_ACCOUNT_H
#define LEDGER_ACCOUNT_H

/* transfer    asked by a teller: move `amount` to the account of another name. Asked again with the
 *             same id, nothing more is done
 * credit      asked by the other account, until it is answered
 * deliver     told by the account's own timer
 * statement   what there is; owed: how many transfers have left and are not known to have come;
 *             records: how many the book has */
#define AX_CONTRACT account
#define AX_MESSAGES(TELL, ASK)                                                                     \
    ASK(transfer, (u64, id, text(12), to, i64, amount), (bool, accepted))                          \
    ASK(credit, (u64, id, text(12), from, i64, amount), (u64, id))                                 \
    TELL(deliver, ())                                                                              \
    ASK(statement, (), (i64, balance, u64, owed, u64, epoch, u64, records))
#include <ax/contract.h>

#endif
