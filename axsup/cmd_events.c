/* SPDX-License-Identifier: MIT */
/* cmd_events.c - events, and following them. A line of text is the time, the event, the worker, and
 * then what is known besides, in the order in which the system gives it. */
#include "axsup/client.h"
#include "axsup/table.h"

#include <string.h>

static bool is_duration(const char *key)
{
    size_t length = strlen(key);

    return length > 3 && strcmp(key + length - 3, "_ns") == 0;
}

/* 0 is one as any, and not none of it. */
static bool is_number_of_one(const char *key)
{
    return strcmp(key, "shard") == 0;
}

/* " reason=signal", and nothing for what is null, false, 0 or said before. */
static void print_member(const char *key, const json_t *value, const json_t *event)
{
    char cell[SUP_CELL_ROOM];

    if (strcmp(key, "at") == 0 || strcmp(key, "event") == 0 || strcmp(key, "worker") == 0 ||
        strcmp(key, "ref") == 0 || json_is_null(value) || json_is_false(value) ||
        (json_is_integer(value) && json_integer_value(value) == 0 && !is_number_of_one(key)))
        return;
    if (is_duration(key)) {
        sup_cell_duration(value, event, cell, sizeof(cell));
        printf(" %.*s=%s", (int)strlen(key) - 3, key, cell);
    } else {
        sup_cell_plain(value, event, cell, sizeof(cell));
        printf(strchr(cell, ' ') ? " %s=\"%s\"" : " %s=%s", key, cell);
    }
}

static void print_event(json_t *event)
{
    char when[32], what[64], worker[SUP_CELL_ROOM];

    sup_cell_time(json_object_get(event, "at"), event, when, sizeof(when));
    sup_cell_plain(json_object_get(event, "event"), event, what, sizeof(what));
    sup_cell_plain(json_object_get(event, "worker"), event, worker, sizeof(worker));
    printf("%s %-17s %s", when, what, worker);
    for (void *at = json_object_iter(event); at; at = json_object_iter_next(event, at))
        print_member(json_object_iter_key(at), json_object_iter_value(at), event);
    putchar('\n');
}

static int print_line(const struct sup_arguments *arguments, const char *line)
{
    json_t *event = json_loads(line, 0, NULL);
    const json_t *missed = json_object_get(event, "missed");

    if (!event) {
        sup_complain("the system gave an answer that makes no sense");
        return SUP_EXIT_FAILED;
    }
    if (arguments->json)
        puts(line);
    else if (missed)
        sup_complain("%lld events were forgotten before they could be printed",
                     (long long)json_integer_value(missed));
    else
        print_event(event);
    json_decref(event);
    return 0;
}

/* Ends well when the system has stopped. */
static int follow(const struct sup_arguments *arguments, struct sup_client *client)
{
    char *line;
    int status = 0;

    client->patience_ns = UINT64_MAX / 2; /* events come when they come */
    while (status == 0 && !ferror(stdout)) {
        status = sup_client_follow(client, &line);
        if (status == 0 && !line)
            return 0;
        if (status == 0)
            status = print_line(arguments, line);
        fflush(stdout);
    }
    return status;
}

static int print_all(const struct sup_arguments *arguments, const char *result)
{
    json_t *list;

    if (arguments->json) {
        puts(result);
        return 0;
    }
    list = json_loads(result, 0, NULL);
    for (size_t i = 0; i < json_array_size(list); i++)
        print_event(json_array_get(list, i));
    json_decref(list);
    return 0;
}

int sup_cmd_events(const struct sup_arguments *arguments)
{
    struct sup_client client;
    char *result;
    int status = sup_client_ask(
        &client, arguments->operands[0],
        json_pack("{s:s, s:b}", "command", "events", "follow", arguments->follow), &result);

    if (status == 0)
        status = arguments->follow ? follow(arguments, &client) : print_all(arguments, result);
    sup_client_close(&client);
    return status;
}
