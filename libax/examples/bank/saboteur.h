/* SPDX-License-Identifier: MIT */
/* saboteur.h - the contract of an actor that takes its process down. */
#ifndef SABOTEUR_H
#define SABOTEUR_H

#define AX_CONTRACT saboteur
#define AX_MESSAGES(TELL, ASK) TELL(crash, ())
#include <ax/contract.h>

#endif
