/* SPDX-License-Identifier: MIT */
/* porter.h - lets people in. */
#ifndef PORTER_H
#define PORTER_H

#define AX_CONTRACT porter
#define AX_MESSAGES(TELL, ASK) ASK(doors, (), (u64, let_in))
#include <ax/contract.h>

#endif
