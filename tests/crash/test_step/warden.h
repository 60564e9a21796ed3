/* SPDX-License-Identifier: MIT */
/* A supervisor. Its `sum` is how often it has restarted a child, its `turns` how many run. */
#ifndef WARDEN_H
#define WARDEN_H

#include <ax/nursery.h>
#include <ax/supervisor.h>

enum warden_table {
    WARDEN_ALL = 1, /* three children, one for all */
    WARDEN_NAMED,   /* two, of which one has a name */
    WARDEN_FEW,     /* two, and one restart at most */
    WARDEN_FAR,     /* one, which the peer's nursery bears */
};

/* found   begins to supervise; once
 * retire  stops the children, and then itself */
#define AX_CONTRACT warden
#define AX_MESSAGES(TELL, ASK)                                                                     \
    AX_SUPERVISOR_MESSAGES(TELL, ASK)                                                              \
    TELL(found, (u32, table))                                                                      \
    TELL(retire, ())
#include <ax/contract.h>

#endif
