/* SPDX-License-Identifier: MIT */
/* cmd_conf.c - check, schema: commands that need no running system. And bench. */
#include "axsup/cmd_conf.h"
#include "axsup/client.h"
#include "axsup/room.h"
#include "axsup/rundir.h"
#include "axsup/sup.h"

static int check_room(const struct sup_config *config, struct sup_config_errors *errors)
{
    struct sup_room room;

    sup_room_read(&room);
    return sup_room_check(&room, config, errors);
}

int sup_check_config(const char *file, struct sup_config **config, struct sup_config_errors *errors,
                     bool plugins)
{
    int error = sup_config_load(file, config, errors);

    if (*config && (plugins || error == AX_E_INVALID)) {
        int more = sup_check_plugins(*config, errors);
        error = error != 0 ? error : more;
        more = (*config)->run_dir ? sup_rundir_probe(*config, errors) : 0;
        error = error != 0 ? error : more;
        more = sup_listen_probe(*config, errors);
        error = error != 0 ? error : more;
        more = check_room(*config, errors);
        error = error != 0 ? error : more;
    }
    if (error == 0)
        return SUP_EXIT_DONE;
    if (sup_config_errors_any(errors))
        sup_config_errors_print(errors, stderr);
    else
        sup_complain("%s: %s (%s)", file, ax_strerror(error), ax_error_name(error));
    return error == AX_E_INVALID ? SUP_EXIT_USAGE : SUP_EXIT_FAILED;
}

int sup_cmd_check(const struct sup_arguments *arguments)
{
    struct sup_config_errors errors = {0};
    struct sup_config *config = NULL;
    int status = sup_check_config(arguments->operands[0], &config, &errors, true);

    sup_config_errors_deinit(&errors);
    sup_config_free(config);
    return status;
}

int sup_cmd_schema(const struct sup_arguments *arguments)
{
    (void)arguments;
    sup_config_schema(stdout);
    return SUP_EXIT_DONE;
}

int sup_cmd_bench(const struct sup_arguments *arguments)
{
    return sup_bench_main(arguments->argc, arguments->argv);
}
