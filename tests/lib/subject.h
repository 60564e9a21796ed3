/* SPDX-License-Identifier: MIT */
/* tests/lib/subject.h - an actor for tests that look at the memory of a worker: its kept state
 * counts what came, and its messages leave something of every sort in the arena. */
#ifndef TESTS_SUBJECT_H
#define TESTS_SUBJECT_H

#include <ax/contract.h>

#define AX_CONTRACT subject
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, (i64, by))                                                                           \
    TELL(note, (str, words))                                                                       \
    ASK(get, (), (i64, sum, i64, told))                                                            \
    TELL(breed, ())                                                                                \
    TELL(arrange, (ref_to(subject), here, ref_to(subject), there))
#include <ax/contract.h>

/* Kept. `told`: downs and replies that came; nobody but axsup's slot may cause one. */
struct subject_counts {
    int64_t sum, told;
};

/* Its kept maps: what was noted, and one that its messages leave alone. */
enum { SUBJECT_NOTES, SUBJECT_OTHER };

/* With one actor type, "subject". */
extern const struct ax_plugin subject_plugin;

#endif
