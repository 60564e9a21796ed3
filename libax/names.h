/* SPDX-License-Identifier: MIT */
/* libax/names.h - names are unique in the system; finding one is a local read. */
#ifndef LIBAX_NAMES_H
#define LIBAX_NAMES_H

#include "libax/worker.h"

/* 0 and the ref, AX_E_NO_ACTOR, or AX_E_WRONG_CONTRACT; `hash` 0: any contract. */
int name_find(struct worker *w, const char *name, uint64_t hash, uint64_t *ref);
/* Asks axsup for the name; suspends. 0, AX_E_NAME_TAKEN, AX_E_LIMIT. */
int name_claim(struct worker *w, const char *name, uint64_t ref, uint32_t *entry);

#endif
