/* SPDX-License-Identifier: MIT */
/* cmd_cluster.c - what the gateway knows of the cluster: nodes, sessions, shards, leases; and
 * drain.
 *
 * The gateway answers in pages of a list of objects. As text their members are the columns, in its
 * order, so that whatever it has to tell is shown. */
#include "axsup/client.h"
#include "axsup/table.h"
#include "libax/gateway.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 24
#define TITLE_ROOM 32

static int no_sense(void)
{
    sup_complain("the system gave an answer that makes no sense");
    return SUP_EXIT_FAILED;
}

/* Sends a request and takes its answer: *document is to be given back. */
static int ask(struct sup_client *client, json_t *request, json_t **document)
{
    char *result;
    int status = sup_client_send(client, request);

    *document = NULL;
    if (status == 0)
        status = sup_client_result(client, &result);
    if (status == 0 && (*document = json_loads(result, 0, NULL)) == NULL)
        status = no_sense();
    return status;
}

/* Opens the client and looks whether the system is a node of a cluster. */
static int open_node(struct sup_client *client, const char *file)
{
    json_t *status_of = NULL;
    int status = sup_client_open(client, file);

    if (status == 0)
        status = ask(client, json_pack("{s:s}", "command", "status"), &status_of);
    if (status == 0 && !json_is_string(json_object_get(status_of, "node"))) {
        sup_complain("%s is a system without a cluster: its config has no \"cluster\"",
                     client->config->system);
        status = SUP_EXIT_FAILED;
    }
    json_decref(status_of);
    return status;
}

static int call(struct sup_client *client, const char *message, const char *args,
                uint64_t timeout_ns, json_t **reply)
{
    return ask(client,
               json_pack("{s:s, s:s, s:s, s:s, s:I}", "command", "call", "actor", GATEWAY_NAME,
                         "message", message, "args", args, "timeout_ns", (json_int_t)timeout_ns),
               reply);
}

/* ---- lists ---- */

/* The items of a page as a list; NULL: they are none. */
static json_t *parse_items(const char *items)
{
    size_t size = items ? strlen(items) : 0;
    char *text = malloc(size + 3);
    json_t *list = NULL;

    if (items && text) {
        snprintf(text, size + 3, "[%s]", items);
        list = json_loads(text, 0, NULL);
    }
    free(text);
    return list;
}

static int read_page(struct sup_client *client, const char *what, uint64_t timeout_ns,
                     json_int_t *from, json_t *list)
{
    char args[96];
    json_t *page = NULL, *items;
    int status;

    snprintf(args, sizeof(args), "{\"what\":\"%s\",\"from\":%" JSON_INTEGER_FORMAT "}", what,
             *from);
    status = call(client, "inspect", args, timeout_ns, &page);
    if (status != 0)
        return status;
    json_int_t next = json_integer_value(json_object_get(page, "next"));
    items = parse_items(json_string_value(json_object_get(page, "items")));
    if (!items || (next != 0 && next <= *from) || json_array_extend(list, items) != 0)
        status = no_sense();
    *from = next;
    json_decref(items);
    json_decref(page);
    return status;
}

/* What is not known is null, in any row. */
static bool holds_numbers(const json_t *list, const char *key)
{
    json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        if (json_is_number(json_object_get(row, key)))
            return true;
    }
    return false;
}

/* "SINCE" of "since_ns". */
static struct sup_column column_of(const char *key, const json_t *list, char title[TITLE_ROOM])
{
    size_t n = strnlen(key, TITLE_ROOM - 1);
    bool duration = n > 3 && strcmp(key + n - 3, "_ns") == 0;

    n -= duration ? 3 : 0;
    for (size_t i = 0; i < n; i++)
        title[i] = (char)(key[i] == '_' ? ' ' : toupper((unsigned char)key[i]));
    title[n] = '\0';
    return (struct sup_column){title, key, duration ? sup_cell_duration : sup_cell_plain,
                               holds_numbers(list, key)};
}

static void print_table(json_t *list)
{
    char titles[COLUMNS_MAX][TITLE_ROOM];
    struct sup_column columns[COLUMNS_MAX];
    json_t *value, *first = json_array_get(list, 0);
    const char *key;
    size_t n = 0;

    json_object_foreach(first, key, value)
    {
        if (n < COLUMNS_MAX) {
            columns[n] = column_of(key, list, titles[n]);
            n++;
        }
    }
    if (n > 0)
        sup_table_print(stdout, list, columns, n);
    else
        puts("none");
}

static int show(const struct sup_arguments *arguments, const char *what)
{
    struct sup_client client;
    json_t *list = json_array();
    json_int_t from = 0;
    int status = open_node(&client, arguments->operands[0]);

    if (status == 0)
        do
            status = read_page(&client, what, arguments->timeout_ns, &from, list);
        while (status == 0 && from != 0);
    if (status == 0 && arguments->json) {
        (void)json_dumpf(list, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (status == 0) {
        print_table(list);
    }
    json_decref(list);
    sup_client_close(&client);
    return status;
}

int sup_cmd_nodes(const struct sup_arguments *arguments)
{
    return show(arguments, "nodes");
}

int sup_cmd_sessions(const struct sup_arguments *arguments)
{
    return show(arguments, "sessions");
}

int sup_cmd_shards(const struct sup_arguments *arguments)
{
    return show(arguments, "shards");
}

int sup_cmd_leases(const struct sup_arguments *arguments)
{
    return show(arguments, "leases");
}

int sup_cmd_counts(const struct sup_arguments *arguments)
{
    return show(arguments, "counts");
}

/* ---- drain ---- */

int sup_cmd_drain(const struct sup_arguments *arguments)
{
    struct sup_client client;
    json_t *reply = NULL;
    int status = open_node(&client, arguments->operands[0]);

    if (status == 0)
        status = call(&client, "drain", "{}", arguments->within_ns, &reply);
    json_decref(reply);
    sup_client_close(&client);
    return status;
}
