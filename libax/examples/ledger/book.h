/* SPDX-License-Identifier: MIT */
/* book.h - what has been done, in files outside of the cluster: one for each account, to which its
 * owner appends. They stand for a database that all nodes reach, and outlive nodes and leases.
 *
 * A book is fenced: it takes nothing from an owner whose epoch is lower than the last that it has
 * seen. So an owner that was stopped in the middle of a turn, and goes on when its lease has run
 * out and somebody else has the account, changes nothing.
 *
 * A record is a line of BOOK_RECORD bytes:
 *     00000000000000000007 out  5b1d0c9b60a4b3f1 00000042 account-3
 * By the length of the file one is told that was not written to its end; the next one takes its
 * place. A whole machine's crash is not provided for: nothing is synced. */
#ifndef LEDGER_BOOK_H
#define LEDGER_BOOK_H

#include <ax/contract.h>

#define BOOK_RECORD 64u /* bytes, with the new line */
#define BOOK_NAME 12u   /* bytes of an account's name, with its NUL */

/* What a record says, a word of at most 4 letters. */
#define BOOK_OPEN "open" /* an owner begins; the first one with what the account has */
#define BOOK_OUT "out"   /* `amount` leaves for `peer` */
#define BOOK_IN "in"     /* `amount` has come from `peer` */
#define BOOK_PAID "paid" /* the other account has what left */
#define BOOK_TOLD "told" /* in a teller's book: it was told that this transfer is done */

struct book_record {
    uint64_t epoch, id;
    int64_t amount;
    char what[8], peer[BOOK_NAME];
};

/* The path of a book, in the folder of the environment's LEDGER, else in ./ledger. */
#define BOOK_PATH 512
void book_path(char path[static BOOK_PATH], const char *name);

/* Appends a record, and makes the book where there is none. AX_E_STALE: an owner with a higher
 * epoch has been there. -errno: it is not known whether the record is there. */
AX_MUST_USE int book_append(const char *name, const struct book_record *record);

/* As book_append; `amount` is for the first record of the book alone. */
AX_MUST_USE int book_open(const char *name, uint64_t epoch, int64_t amount);

/* Reads a record of BOOK_RECORD bytes. False: it is none. */
AX_MUST_USE bool book_parse(const char *text, struct book_record *record);

#endif
