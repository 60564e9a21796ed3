/* SPDX-License-Identifier: MIT */
/* cmd_call.c - call, send, state: commands about one actor. */
#include "axsup/client.h"
#include "axsup/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* All of standard input, as far as a request can hold it; NULL after saying why not. */
static char *read_input(void)
{
    char *text = malloc(SUP_CONTROL_REQUEST_MAX);
    size_t size = text ? fread(text, 1, SUP_CONTROL_REQUEST_MAX, stdin) : 0;

    if (!text || ferror(stdin))
        sup_complain("standard input: %s", strerror(errno));
    else if (size == SUP_CONTROL_REQUEST_MAX)
        sup_complain("standard input: more than the %u bytes that a request can have",
                     SUP_CONTROL_REQUEST_MAX - 1);
    else if (memchr(text, '\0', size))
        sup_complain("standard input: holds a NUL, which JSON writes as \\u0000");
    else {
        text[size] = '\0';
        return text;
    }
    free(text);
    return NULL;
}

static int call(const struct sup_arguments *arguments, const char *command, bool print)
{
    const char *args = arguments->operands[3] ? arguments->operands[3] : "{}";
    char *input = NULL, *result;
    struct sup_client client;
    json_t *request;
    int status;

    if (strcmp(args, "-") == 0) {
        args = input = read_input();
        if (!input)
            return SUP_EXIT_USAGE;
    }
    request = json_pack("{s:s, s:s, s:s, s:s}", "command", command, "actor", arguments->operands[1],
                        "message", arguments->operands[2], "args", args);
    free(input);
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
