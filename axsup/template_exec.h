/* SPDX-License-Identifier: MIT */
/* template_exec.h - a template's process: made, listened to, ended. The parts of template.h. */
#ifndef SUP_TEMPLATE_EXEC_H
#define SUP_TEMPLATE_EXEC_H

#include "axsup/template.h"

/* Executes axsup as a template with limits and user in force, and gives it the order to load.
 * 0 or -errno; then there is no process. */
int sup_template_exec(struct sup_template *template);

/* Kills the process if there is one, reaps it, closes what belongs to it. */
void sup_template_end(struct sup_template *template);

/* How the process ended, in words, in `text`; "" is not possible. Waits briefly if it has not yet.
 */
const char *sup_template_status(struct sup_template *template, char text[96]);

/* Reads the contracts from what the template says of its plugin. The first time they are kept,
 * later they must be the same. NULL or what is wrong, static. */
const char *sup_template_learn(struct sup_template *template, const char *json, size_t size);

#endif
