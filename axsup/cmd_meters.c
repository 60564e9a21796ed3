/* SPDX-License-Identifier: MIT */
/* cmd_meters.c - what is measured, for people and for Prometheus: inspect, metrics, crashes. */
#include "axsup/client.h"
#include "axsup/table.h"

#include <inttypes.h>
#include <string.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Asks for a document and prints it. */
static int show(const struct sup_arguments *arguments, json_t *request,
                void (*print)(const struct sup_arguments *arguments, json_t *document))
{
    struct sup_client client;
    char *result;
    int status = sup_client_ask(&client, arguments->operands[0], request, &result);
    json_t *document = status == 0 ? json_loads(result, 0, NULL) : NULL;

    if (document)
        print(arguments, document);
    else if (status == 0) {
        sup_complain("the system gave an answer that makes no sense");
        status = SUP_EXIT_FAILED;
    }
    json_decref(document);
    sup_client_close(&client);
    return status;
}

static void print_json(json_t *document)
{
    (void)json_dumpf(document, stdout, JSON_COMPACT);
    putchar('\n');
}

/* ---- inspect ---- */

static bool is_duration(const char *key)
{
    size_t length = strlen(key);

    return length > 3 && strcmp(key + length - 3, "_ns") == 0;
}

static void print_pairs(const json_t *object, const char *between)
{
    const char *lead = "";
    char cell[SUP_CELL_ROOM];

    for (void *at = json_object_iter((json_t *)(uintptr_t)object); at;
         at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
        const char *key = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);

        if (json_is_array(value) || json_is_object(value))
            continue;
        if (is_duration(key))
            sup_cell_duration(value, object, cell, sizeof(cell));
        else
            sup_cell_plain(value, object, cell, sizeof(cell));
        printf("%s%.*s %s", lead, (int)strlen(key) - (is_duration(key) ? 3 : 0), key, cell);
        lead = between;
    }
    putchar('\n');
}

/* "below 2us: 15, ..." */
static void print_buckets(const json_t *document, const char *key)
{
    const json_t *buckets = json_object_get(document, key);
    const char *lead = " ";
    char cell[SUP_CELL_ROOM];

    if (!json_is_array(buckets))
        return;
    printf("%.*s:", (int)strlen(key) - 3, key);
    for (size_t i = 0; i < json_array_size(buckets); i++, lead = ", ") {
        const json_t *bucket = json_array_get(buckets, i);

        sup_cell_duration(json_array_get(bucket, 0), document, cell, sizeof(cell));
        printf("%s%" JSON_INTEGER_FORMAT " below %s", lead,
               json_integer_value(json_array_get(bucket, 1)), cell);
    }
    putchar('\n');
}

static void print_actor(const struct sup_arguments *arguments, json_t *document)
{
    static const char *const lists[] = {"monitors", "watchers", "links", "timers"};
    const json_t *groups = json_object_get(document, "groups");

    if (arguments->json) {
        print_json(document);
        return;
    }
    print_pairs(document, "\n");
    if (json_is_object(json_object_get(document, "next"))) {
        fputs("next: ", stdout);
        print_pairs(json_object_get(document, "next"), ", ");
    }
    print_buckets(document, "handling_ns");
    print_buckets(document, "queueing_ns");
    for (size_t i = 0; i < LEN(lists); i++) {
        const json_t *list = json_object_get(document, lists[i]);

        printf("%s: %zu\n", lists[i], json_array_size(list));
        for (size_t n = 0; n < json_array_size(list); n++) {
            fputs("    ", stdout);
            print_pairs(json_array_get(list, n), ", ");
        }
    }
    printf("groups: %zu\n", json_array_size(groups));
    for (size_t n = 0; n < json_array_size(groups); n++)
        printf("    %s\n", json_string_value(json_array_get(groups, n)));
}

int sup_cmd_inspect(const struct sup_arguments *arguments)
{
    return show(arguments,
                json_pack("{s:s, s:s}", "command", "inspect", "actor", arguments->operands[1]),
                print_actor);
}

/* ---- metrics ---- */

static const struct metric { /* of a worker, by its key in the document */
    const char *key, *name, *type, *help;
    double scale;
} metrics[] = {
    {"up", "ax_worker_up", "gauge", "Whether its process runs.", 1},
    {"incarnation", "ax_worker_incarnation", "gauge", "Processes started so far.", 1},
    {"restarts", "ax_worker_restarts_total", "counter", "Restarts.", 1},
    {"actors", "ax_worker_actors", "gauge", "Actors.", 1},
    {"mail", "ax_worker_mail", "gauge", "Messages that wait.", 1},
    {"turns", "ax_worker_messages_total", "counter", "Messages handled, coarse.", 1},
    {"late_replies", "ax_worker_late_replies_total", "counter", "Replies to asks given up.", 1},
    {"arena_used", "ax_worker_arena_used_bytes", "gauge", "Bytes of its arena in use.", 1},
    {"arena_max", "ax_worker_arena_max_bytes", "gauge", "Bytes that it may grow to.", 1},
    {"slow", "ax_worker_slow_messages_total", "counter", "Messages beyond slow_after.", 1},
    {"busy_ns", "ax_worker_busy_seconds_total", "counter", "Time in handlers, by samples.", 1e-9},
};

/* Names in the config hold no character that would have to be escaped. */
static void print_metric(const struct metric *metric, const json_t *workers)
{
    printf("# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name, metric->type);
    for (size_t i = 0; i < json_array_size(workers); i++) {
        const json_t *worker = json_array_get(workers, i);
        double value = (double)json_integer_value(json_object_get(worker, metric->key));

        printf("%s{worker=\"%s\"} %.15g\n", metric->name,
               json_string_value(json_object_get(worker, "worker")), value * metric->scale);
    }
}

/* Buckets of Prometheus hold what is below them, too. The sum is not known; the middle of each
 * bucket stands for what is in it. */
static void print_histogram(const char *name, const char *worker, const json_t *buckets)
{
    int64_t below = 0;
    double sum = 0;

    for (size_t i = 0; i < json_array_size(buckets); i++) {
        const json_t *bucket = json_array_get(buckets, i);
        double edge = (double)json_integer_value(json_array_get(bucket, 0)) * 1e-9;
        int64_t count = json_integer_value(json_array_get(bucket, 1));

        below += count;
        sum += (double)count * edge * 0.75;
        printf("%s_bucket{worker=\"%s\",le=\"%.9g\"} %" PRId64 "\n", name, worker, edge, below);
    }
    printf("%s_bucket{worker=\"%s\",le=\"+Inf\"} %" PRId64 "\n", name, worker, below);
    printf("%s_sum{worker=\"%s\"} %.9g\n", name, worker, sum);
    printf("%s_count{worker=\"%s\"} %" PRId64 "\n", name, worker, below);
}

static void print_histograms(const char *key, const char *name, const char *help,
                             const json_t *workers)
{
    printf("# HELP %s %s\n# TYPE %s histogram\n", name, help, name);
    for (size_t i = 0; i < json_array_size(workers); i++) {
        const json_t *worker = json_array_get(workers, i);

        print_histogram(name, json_string_value(json_object_get(worker, "worker")),
                        json_object_get(worker, key));
    }
}

static void print_metrics(const struct sup_arguments *arguments, json_t *document)
{
    const json_t *workers = json_object_get(document, "workers");

    if (arguments->json) {
        print_json(document);
        return;
    }
    printf("# HELP ax_uptime_seconds Since axsup began.\n# TYPE ax_uptime_seconds gauge\n"
           "ax_uptime_seconds %.3f\n",
           (double)json_integer_value(json_object_get(document, "uptime_ns")) * 1e-9);
    printf("# HELP ax_dead_letters_total Messages that were not handled.\n"
           "# TYPE ax_dead_letters_total counter\nax_dead_letters_total %" JSON_INTEGER_FORMAT "\n",
           json_integer_value(json_object_get(document, "deadletters")));
    for (size_t i = 0; i < LEN(metrics); i++)
        print_metric(&metrics[i], workers);
    print_histograms("handling_ns", "ax_handling_seconds",
                     "How long messages are handled, of one in 64.", workers);
    print_histograms("queueing_ns", "ax_queueing_seconds",
                     "How long messages wait before that, of one in 64.", workers);
}

int sup_cmd_metrics(const struct sup_arguments *arguments)
{
    return show(arguments, json_pack("{s:s}", "command", "metrics"), print_metrics);
}

/* ---- crashes ---- */

static bool is_crash(const json_t *event)
{
    const char *what = json_string_value(json_object_get(event, "event"));
    const char *reason = json_string_value(json_object_get(event, "reason"));

    return what && strcmp(what, "worker_down") == 0 && reason && strcmp(reason, "shutdown") != 0;
}

static void print_crashes(const struct sup_arguments *arguments, json_t *document)
{
    static const struct sup_column columns[] = {
        {"TIME (UTC)", "at", sup_cell_time, 0},
        {"WORKER", "worker", sup_cell_plain, 0},
        {"INCARNATION", "incarnation", sup_cell_plain, 1},
        {"REASON", "reason", sup_cell_plain, 0},
        {"SIGNAL", "signal", sup_cell_plain, 0},
        {"CODE", "code", sup_cell_plain, 1},
        {"SUSPECT", "suspect", sup_cell_plain, 0},
        {"MESSAGE", "message", sup_cell_plain, 0},
        {"LOST", "lost", sup_cell_count, 1},
        {"RESTARTED", "will_restart", sup_cell_plain, 0},
    };
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(document); i++)
        if (is_crash(json_array_get(document, i)))
            json_array_append(list, json_array_get(document, i));
    if (arguments->json)
        print_json(list);
    else
        sup_table_print(stdout, list, columns, LEN(columns));
    json_decref(list);
}

int sup_cmd_crashes(const struct sup_arguments *arguments)
{
    return show(arguments, json_pack("{s:s}", "command", "events"), print_crashes);
}
