/* SPDX-License-Identifier: MIT */
/* libax/template.h - a template's child becomes the worker. */
#ifndef LIBAX_TEMPLATE_H
#define LIBAX_TEMPLATE_H

#include "libax/boot.h"

#include <ax/reflect.h>

/* What every incarnation would do again is done once, before the first is forked. 0 or -ENOMEM. */
int worker_prepare(const struct ax_plugin *plugin);

/* In the forked process, as long as it has no slot: makes what each worker has for itself. 0 or
 * -ENOMEM. */
int worker_warm(void);
/* And maps the pages that it will touch, those that it shares with the template as copies. */
void worker_touch(void);

/* Enters the slot that `boot` and `fds` describe and serves until it is told to stop. */
_Noreturn void worker_main(const struct boot *boot, const struct shm_fds *fds,
                           const struct ax_plugin *plugin);

#endif
