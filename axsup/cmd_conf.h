/* SPDX-License-Identifier: MIT */
/* cmd_conf.h - reading a config for `check` and `run`, which tell mistakes in the same way. */
#ifndef SUP_CMD_CONF_H
#define SUP_CMD_CONF_H

#include "axsup/config.h"

/* Reads CONF; with `plugins`, or once there is a mistake in it, loads the plugins and looks at the
 * run directory as well, so that all mistakes are told in one run. 0 with a config and nothing
 * printed, or SUP_EXIT_* with the mistakes printed. Both *config and errors are the caller's to
 * free in any case. Blocks. */
int sup_check_config(const char *file, struct sup_config **config, struct sup_config_errors *errors,
                     bool plugins);

#endif
