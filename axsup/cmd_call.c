/* SPDX-License-Identifier: MIT */
/* cmd_call.c - call, send, state: commands about one actor. */
#include "axsup/client.h"
#include "axsup/control.h"
#include "libax/utf8.h"

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
    else if (!ax_utf8_valid(text, size))
        sup_complain("standard input is not UTF-8");
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

/* ---- state ---- */

#define ENTRIES 100u /* of a map, where no limit is given */

/* All entries of a map that are asked for, request by request. NULL: it was told why not. */
static json_t *read_map(struct sup_client *client, const struct sup_arguments *arguments,
                        const char *name)
{
    uint64_t limit = arguments->limit != 0 ? arguments->limit : ENTRIES;
    json_t *entries = json_array();
    json_int_t cursor = 0;

    for (bool more = true; more && json_array_size(entries) < limit;) {
        json_int_t left = (json_int_t)(limit - json_array_size(entries));
        char *text;
        int status = sup_client_send(client, json_pack("{s:s, s:s, s:s, s:s*, s:I, s:I}", "command",
                                                       "map", "actor", arguments->operands[1],
                                                       "map", name, "prefix", arguments->prefix,
                                                       "limit", left, "cursor", cursor));
        json_t *answer =
            status == 0 && sup_client_result(client, &text) == 0 ? json_loads(text, 0, NULL) : NULL;
        if (answer == NULL) {
            json_decref(entries);
            return NULL;
        }
        json_array_extend(entries, json_object_get(answer, "entries"));
        more = json_is_integer(json_object_get(answer, "cursor"));
        cursor = json_integer_value(json_object_get(answer, "cursor"));
        json_decref(answer);
    }
    return entries;
}

/* Of each map the count and the entries. NULL: it was told why not. */
static json_t *read_maps(struct sup_client *client, const struct sup_arguments *arguments)
{
    const char *name;
    char *text;
    json_t *count, *maps = NULL;
    void *next;
    int status = sup_client_send(
        client, json_pack("{s:s, s:s}", "command", "map", "actor", arguments->operands[1]));

    if (status == 0 && sup_client_result(client, &text) == 0)
        maps = json_loads(text, 0, NULL);
    json_object_foreach_safe(maps, next, name, count)
    {
        json_t *entries = read_map(client, arguments, name);
        if (entries == NULL) {
            json_decref(maps);
            return NULL;
        }
        json_object_set_new(maps, name,
                            json_pack("{s:O, s:o}", "count", count, "entries", entries));
    }
    return maps;
}

/* The text of the state with the maps as its last member. */
static void print_state(const char *state, const json_t *maps)
{
    size_t size = strlen(state) - 1; /* its end */

    if (json_object_size(maps) == 0) {
        puts(state);
        return;
    }
    printf("%.*s%s\"maps\":", (int)size, state, state[size - 1] == '{' ? "" : ",");
    (void)json_dumpf(maps, stdout, JSON_COMPACT);
    puts("}");
}

int sup_cmd_state(const struct sup_arguments *arguments)
{
    struct sup_client client;
    char *result;
    int status = sup_client_ask(
        &client, arguments->operands[0],
        json_pack("{s:s, s:s}", "command", "state", "actor", arguments->operands[1]), &result);
    char *state = status == 0 ? strdup(result) : NULL;
    json_t *maps = status == 0 ? read_maps(&client, arguments) : NULL;

    if (state && maps)
        print_state(state, maps);
    else if (status == 0)
        status = SUP_EXIT_FAILED;
    json_decref(maps);
    free(state);
    sup_client_close(&client);
    return status;
}
