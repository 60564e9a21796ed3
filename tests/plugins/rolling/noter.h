/* SPDX-License-Identifier: MIT */
/* noter.h - an actor of a registry of the cluster, which notes outside what it is asked to, and its
 * own life: its key is the name of a file. Lines are
 *     note ID EPOCH     and     begin 0 EPOCH, end 0 EPOCH */
#ifndef TEST_NOTER_H
#define TEST_NOTER_H

#define AX_CONTRACT noter
#define AX_MESSAGES(TELL, ASK) ASK(note, (u64, id), (u64, epoch))
#include <ax/contract.h>

#endif
