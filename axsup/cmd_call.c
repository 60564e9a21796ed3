/* SPDX-License-Identifier: MIT */
/* cmd_call.c - call, send, state: commands about one actor. */
#include "axsup/client.h"

#include <string.h>

static int call(const struct sup_arguments *arguments, const char *command, bool print)
{
    const char *args = arguments->operands[3];
    struct sup_client client;
    char *result;
    int status;
    json_t *request = json_pack("{s:s, s:s, s:s, s:s}", "command", command, "actor",
                                arguments->operands[1], "message", arguments->operands[2], "args",
                                args && strcmp(args, "-") != 0 ? args : "{}");

    if (request && print)
        json_object_set_new(request, "timeout_ns", json_integer((json_int_t)arguments->timeout_ns));
    status = sup_client_ask(&client, arguments->operands[0], request, &result);
    if (status == 0 && print)
        puts(result);
    sup_client_close(&client);
    return status;
}

int sup_cmd_call(const struct sup_arguments *arguments)
{
    return call(arguments, "call", true);
}

int sup_cmd_send(const struct sup_arguments *arguments)
{
    return call(arguments, "send", false);
}

int sup_cmd_state(const struct sup_arguments *arguments)
{
    struct sup_client client;
    char *result;
    int status = sup_client_ask(
        &client, arguments->operands[0],
        json_pack("{s:s, s:s}", "command", "state", "actor", arguments->operands[1]), &result);

    if (status == 0)
        puts(result);
    sup_client_close(&client);
    return status;
}
