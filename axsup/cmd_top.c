/* SPDX-License-Identifier: MIT */
/* cmd_top.c - who is busy. Two looks make a rate: an actor is known again by its ref. The first
 * look shows what there was since each actor's birth. */
#include "axsup/client.h"
#include "axsup/table.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define LOOKED_AT 500
#define SHOWN 20u

static int64_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* A list as an object of its members by what `key` says. */
static json_t *index_of(const json_t *list, const char *key)
{
    json_t *index = json_object();

    for (size_t i = 0; index && i < json_array_size(list); i++) {
        json_t *member = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(member, key));

        if (name)
            json_object_set(index, name, member);
    }
    return index;
}

static int by_rate(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int64_t busy = number(y, "busy_rate") - number(x, "busy_rate");
    int64_t turns = number(y, "turns_rate") - number(x, "turns_rate");

    return busy != 0 ? (busy > 0) - (busy < 0) : (turns > 0) - (turns < 0);
}

/* Gives each member what it did since `before`. */
static void rate(json_t *list, const json_t *before, const char *key)
{
    json_t *index = index_of(before, key);

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *member = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(member, key));
        const json_t *old = name ? json_object_get(index, name) : NULL;

        json_object_set_new(member, "busy_rate",
                            json_integer(number(member, "busy_ns") - number(old, "busy_ns")));
        json_object_set_new(member, "turns_rate",
                            json_integer(number(member, "turns") - number(old, "turns")));
    }
    json_decref(index);
}

static json_t *busiest(const json_t *list, size_t most)
{
    size_t count = json_array_size(list);
    json_t **rows = calloc(count + 1, sizeof(json_t *));
    json_t *top = json_array();

    for (size_t i = 0; rows && i < count; i++)
        rows[i] = json_array_get(list, i);
    if (rows)
        qsort(rows, count, sizeof(json_t *), by_rate);
    for (size_t i = 0; rows && i < count && i < most; i++)
        json_array_append(top, rows[i]);
    free(rows);
    return top;
}

static void print(const struct sup_arguments *arguments, const json_t *workers,
                  const json_t *actors)
{
    static const struct sup_column of_workers[] = {
        {"WORKER", "worker", sup_cell_plain, 0},     {"ACTORS", "actors", sup_cell_count, 1},
        {"MAIL", "mail", sup_cell_count, 1},         {"TURNS", "turns_rate", sup_cell_count, 1},
        {"BUSY", "busy_rate", sup_cell_duration, 1}, {"SLOW", "slow", sup_cell_count, 1},
        {"RESTARTS", "restarts", sup_cell_plain, 1},
    };
    static const struct sup_column of_actors[] = {
        {"ACTOR", "name", sup_cell_plain, 0},        {"REF", "ref", sup_cell_plain, 0},
        {"WORKER", "worker", sup_cell_plain, 0},     {"STATE", "state", sup_cell_plain, 0},
        {"MAIL", "mail", sup_cell_count, 1},         {"TURNS", "turns_rate", sup_cell_count, 1},
        {"BUSY", "busy_rate", sup_cell_duration, 1}, {"SLOW", "slow", sup_cell_count, 1},
        {"ON", "suspended_on", sup_cell_plain, 0},
    };
    json_t *top = busiest(actors, arguments->limit != 0 ? arguments->limit : SHOWN);

    if (!arguments->once && isatty(STDOUT_FILENO))
        fputs("\033[H\033[J", stdout);
    sup_table_print(stdout, workers, of_workers, LEN(of_workers));
    putchar('\n');
    sup_table_print(stdout, top, of_actors, LEN(of_actors));
    fflush(stdout);
    json_decref(top);
}

static int ask(const char *conf, json_t *request, json_t **document)
{
    struct sup_client client;
    char *result;
    int status = sup_client_ask(&client, conf, request, &result);

    *document = status == 0 ? json_loads(result, 0, NULL) : NULL;
    sup_client_close(&client);
    if (status == 0 && !*document)
        status = SUP_EXIT_FAILED;
    return status;
}

static int look(const char *conf, json_t **workers, json_t **actors)
{
    json_t *metrics = NULL;
    int status = ask(conf, json_pack("{s:s}", "command", "metrics"), &metrics);

    if (status == 0)
        status = ask(
            conf,
            json_pack("{s:s, s:s, s:i}", "command", "actors", "sort", "active", "limit", LOOKED_AT),
            actors);
    *workers = status == 0 ? json_incref(json_object_get(metrics, "workers")) : NULL;
    json_decref(metrics);
    return status;
}

int sup_cmd_top(const struct sup_arguments *arguments)
{
    json_t *old_workers = NULL, *old_actors = NULL;
    bool first = true;

    for (;;) {
        json_t *workers = NULL, *actors = NULL;
        int status = look(arguments->operands[0], &workers, &actors);

        if (status != 0) {
            json_decref(old_workers);
            json_decref(old_actors);
            return status == SUP_EXIT_NOT_RUNNING && !first ? 0 : status;
        }
        rate(workers, old_workers, "worker");
        rate(actors, old_actors, "ref");
        print(arguments, workers, actors);
        json_decref(old_workers);
        json_decref(old_actors);
        old_workers = workers;
        old_actors = actors;
        first = false;
        if (arguments->once || ferror(stdout))
            break;
        const struct timespec interval = {(time_t)(arguments->interval_ns / 1000000000u),
                                          (long)(arguments->interval_ns % 1000000000u)};
        nanosleep(&interval, NULL);
    }
    json_decref(old_workers);
    json_decref(old_actors);
    return 0;
}
