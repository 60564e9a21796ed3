/* SPDX-License-Identifier: MIT */
/* The key-value server beside a real redis-server: the same commands to both, the same answers from
 * both, to the byte.
 *
 *   helper_kv_compare SOCKET PORT SEED COUNT
 *
 * Commands are made from a table and a seed: names with arguments of the right kind, now and then
 * of a wrong one, too many or too few. What has no order is sorted before it is compared, and of a
 * time to live only the sign counts. Half of the commands are sent with the protocol's version 3,
 * and some within transactions. Ends with 0 where all answers were the same. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- chance ---- */

static uint64_t state;

static uint64_t chance(uint64_t below)
{
    state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t x = state;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return (x ^ x >> 31) % below;
}

/* ---- a client ---- */

struct client {
    const char *name;
    int fd;
    size_t len, at;
    char *answer; /* the last one, whole */
    size_t size, room;
    char in[65536];
};

static void give_up_after(int fd)
{
    const struct timeval limit = {.tv_sec = 10};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
        die("setsockopt");
}

static void open_socket(struct client *client, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    client->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die(path);
    give_up_after(client->fd);
}

static void open_port(struct client *client, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    give_up_after(client->fd);
}

static void send_all(const struct client *client, const char *bytes, size_t size)
{
    while (size != 0) {
        ssize_t n = send(client->fd, bytes, size, MSG_NOSIGNAL);
        if (n <= 0)
            die(client->name);
        bytes += n;
        size -= (size_t)n;
    }
}

static char take_byte(struct client *client)
{
    if (client->at == client->len) {
        ssize_t n = recv(client->fd, client->in, sizeof client->in, 0);
        if (n <= 0)
            die(client->name);
        client->len = (size_t)n;
        client->at = 0;
    }
    if (client->size + 1 >= client->room) {
        client->room = client->room * 2 + 4096;
        client->answer = realloc(client->answer, client->room);
    }
    client->answer[client->size++] = client->in[client->at];
    client->answer[client->size] = 0;
    return client->in[client->at++];
}

static long take_line(struct client *client)
{
    size_t begin = client->size;
    while (take_byte(client) != '\n')
        ;
    return strtol(client->answer + begin, NULL, 10);
}

static void take_value(struct client *client)
{
    char type = take_byte(client);
    long count = take_line(client);
    if (type == '$' || type == '=')
        for (long i = 0; count >= 0 && i < count + 2; i++)
            (void)take_byte(client);
    else if (type == '*' || type == '~' || type == '>' || type == '%')
        for (long i = 0; i < (type == '%' ? 2 * count : count); i++)
            take_value(client);
}

static void take_answer(struct client *client)
{
    client->size = 0;
    take_value(client);
}

/* ---- what is the same although it is not ---- */

/* The end of the value that begins at `text`. */
static char *behind(char *text)
{
    char type = *text, *line = strchr(text, '\n') + 1;
    long count = strtol(text + 1, NULL, 10);
    if (type == '$' || type == '=')
        return count < 0 ? line : line + count + 2;
    if (type == '*' || type == '~' || type == '>' || type == '%')
        for (long i = 0; i < (type == '%' ? 2 * count : count); i++)
            line = behind(line);
    return line;
}

struct piece {
    char *at;
    size_t len;
};

static int by_bytes(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    int order = memcmp(x->at, y->at, x->len < y->len ? x->len : y->len);
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* Sorts the elements of an array, or pairs of them. */
static void sort(struct client *client, long pair)
{
    char *text = client->answer, type = *text, *at = strchr(text, '\n') + 1, *first = at;
    long count = strtol(text + 1, NULL, 10);
    if ((type != '*' && type != '~' && type != '%') || count <= 0)
        return;
    if (type != '%')
        count /= pair;
    struct piece *pieces = calloc((size_t)count, sizeof *pieces);
    char *copy = malloc(client->size), *out = copy;
    for (long i = 0; i < count; i++) {
        pieces[i].at = at;
        for (long j = 0; j < pair; j++)
            at = behind(at);
        pieces[i].len = (size_t)(at - pieces[i].at);
    }
    qsort(pieces, (size_t)count, sizeof *pieces, by_bytes);
    for (long i = 0; i < count; i++) {
        memcpy(out, pieces[i].at, pieces[i].len);
        out += pieces[i].len;
    }
    for (const char *from = copy; from < out; from++)
        *first++ = *from;
    free(copy);
    free(pieces);
}

static void normalize(struct client *client, const char *name)
{
    if (strcasecmp(name, "keys") == 0 || strcasecmp(name, "smembers") == 0)
        sort(client, 1);
    else if (strcasecmp(name, "hgetall") == 0)
        sort(client, 2);
    else if ((strcasecmp(name, "ttl") == 0 || strcasecmp(name, "pttl") == 0) &&
             client->answer[0] == ':' && client->answer[1] != '-' && client->answer[1] != '0') {
        client->size = (size_t)sprintf(client->answer, ":some\r\n");
    }
}

/* ---- commands ---- */

/* Kinds of arguments: k key, v value, i number, n small number, f field, t seconds, g pattern,
 * o options of SET, x options of EXPIRE, d any deadline; in capitals: one to three of them. */
static const struct {
    const char *name, *args;
} table[] = {
    {"get", "k"},      {"get", "k"},        {"set", "kv"},       {"set", "kvo"},
    {"set", "kvo"},    {"set", "ki"},       {"setnx", "kv"},     {"mget", "K"},
    {"mset", "kvkv"},  {"mset", "kv"},      {"del", "K"},        {"exists", "K"},
    {"incr", "k"},     {"decr", "k"},       {"incrby", "ki"},    {"decrby", "ki"},
    {"append", "kv"},  {"strlen", "k"},     {"getrange", "knn"}, {"setrange", "knv"},
    {"ttl", "k"},      {"pttl", "k"},       {"expire", "kt"},    {"expire", "ktx"},
    {"persist", "k"},  {"type", "k"},       {"keys", "g"},       {"dbsize", ""},
    {"lpush", "kV"},   {"rpush", "kV"},     {"lpop", "k"},       {"rpop", "k"},
    {"lpop", "kn"},    {"rpop", "kn"},      {"llen", "k"},       {"lrange", "knn"},
    {"hset", "kfvfv"}, {"hset", "kfi"},     {"hget", "kf"},      {"hdel", "kF"},
    {"hgetall", "k"},  {"hlen", "k"},       {"hincrby", "kfi"},  {"sadd", "kF"},
    {"srem", "kF"},    {"sismember", "kf"}, {"smembers", "k"},   {"scard", "k"},
    {"ping", ""},      {"ping", "v"},       {"echo", "v"},       {"select", "n"},
    {"nosuch", "kvV"}, {"flushall", ""},    {"unsubscribe", ""}, {"config", "v"},
    {"publish", "kv"}, {"discard", ""},     {"exec", ""},        {"hello", "n"},
};
#define ROWS (sizeof table / sizeof table[0])

struct request {
    char bytes[8192], name[32];
    size_t len;
    unsigned argc;
};

static void add_arg(struct request *request, const char *bytes, size_t len)
{
    char *at = request->bytes + request->len;
    at += sprintf(at, "$%zu\r\n", len);
    at = mempcpy(at, bytes, len);
    at = mempcpy(at, "\r\n", 2);
    request->len = (size_t)(at - request->bytes);
    request->argc++;
}

static void add_text(struct request *request, const char *text)
{
    add_arg(request, text, strlen(text));
}

static bool tagged; /* within a transaction: keys of one shard */

static const char *number(void)
{
    static const char *const odd[] = {"9223372036854775807",
                                      "-9223372036854775808",
                                      "abc",
                                      "",
                                      "9223372036854775808",
                                      "01",
                                      "1.5",
                                      " 1",
                                      "-0",
                                      "+1"};
    static char text[32];
    if (chance(8) == 0)
        return odd[chance(sizeof odd / sizeof odd[0])];
    snprintf(text, sizeof text, "%ld", (long)chance(2000) - 1000);
    return text;
}

static const char *small(void)
{
    static char text[32];
    if (chance(10) == 0)
        return number();
    snprintf(text, sizeof text, "%ld", (long)chance(14) - 5);
    return text;
}

static void add_value(struct request *request)
{
    char bytes[600];
    size_t len = chance(6) == 0 ? chance(sizeof bytes) : chance(12);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(chance(5) == 0 ? chance(256) : 'a' + chance(26));
    add_arg(request, bytes, len);
}

static void add_options(struct request *request)
{
    static const char *const plain[] = {"nx", "XX", "get", "KEEPTTL", "ex", "what"};
    static const char *const timed[] = {"EX", "px", "exat", "PXAT"};
    for (uint64_t n = chance(3) + 1; n != 0; n--) {
        if (chance(3) != 0) {
            add_text(request, plain[chance(chance(4) == 0 ? 6 : 4)]);
            continue;
        }
        uint64_t which = chance(4);
        add_text(request, timed[which]);
        if (chance(4) == 0)
            add_text(request, number());
        else
            add_text(request, which == 0 ? "1000" : which == 1 ? "1000000" : "99999999999999");
    }
}

static void add_seconds(struct request *request)
{
    static const char *const all[] = {
        "100", "1000", "500", "-1", "0", "9223372036854775807", "-9223372036854775808", "x"};
    add_text(request, all[chance(chance(3) == 0 ? 8 : 4)]);
}

static void add_kind(struct request *request, char kind)
{
    static const char *const patterns[] = {"*", "k?", "k[1-3]", "*[^45]", "{t}*",  "\\k1",
                                           "",  "k1", "[",      "*1*",    "k[3-1]"};
    static const char *const conditions[] = {"nx", "XX", "gt", "LT", "no"};
    char text[32];
    switch (kind) {
    case 'k':
        snprintf(text, sizeof text, "%sk%d", tagged || chance(2) ? "{t}" : "", (int)chance(8));
        add_text(request, text);
        break;
    case 'i':
        add_text(request, number());
        break;
    case 'n':
        add_text(request, small());
        break;
    case 'f':
        snprintf(text, sizeof text, "f%d", (int)chance(12));
        add_text(request, text);
        break;
    case 't':
        add_seconds(request);
        break;
    case 'g':
        add_text(request, patterns[chance(sizeof patterns / sizeof patterns[0])]);
        break;
    case 'o':
        add_options(request);
        break;
    case 'x':
        for (uint64_t n = chance(2) + 1; n != 0; n--)
            add_text(request, conditions[chance(chance(5) == 0 ? 5 : 4)]);
        break;
    default:
        add_value(request);
    }
}

static void add_name(struct request *request, const char *name)
{
    snprintf(request->name, sizeof request->name, "%s", name);
    char spelled[32];
    snprintf(spelled, sizeof spelled, "%s", name);
    for (char *at = spelled; *at != 0; at++)
        if (chance(4) == 0)
            *at = (char)toupper(*at);
    add_text(request, spelled);
}

/* The head of the array comes last, when the number of arguments is known. */
static void make(struct request *request, const char *name, const char *args)
{
    *request = (struct request){.len = 16};
    add_name(request, name);
    bool fewer = chance(25) == 0, more = chance(25) == 0;
    for (const char *at = args; *at != 0 && !(fewer && at[1] == 0); at++) {
        uint64_t times = isupper(*at) ? 1 + chance(3) : 1;
        while (times-- != 0)
            add_kind(request, (char)tolower(*at));
    }
    if (more)
        add_kind(request, 'v');
    char head[17];
    int len = snprintf(head, sizeof head, "*%u\r\n", request->argc);
    memcpy(request->bytes + 16 - len, head, (size_t)len);
    memmove(request->bytes, request->bytes + 16 - len, request->len - 16 + (size_t)len);
    request->len -= (size_t)(16 - len);
}

/* ---- side by side ---- */

static struct client redis = {.name = "redis-server"}, ours = {.name = "kv"};
static unsigned long sent, different;

static void show(const char *what, const char *bytes, size_t size)
{
    printf("  %s ", what);
    for (size_t i = 0; i < size && i < 400; i++)
        printf(isprint((unsigned char)bytes[i]) ? "%c" : "\\x%02x", (unsigned char)bytes[i]);
    printf("\n");
}

static void both(const struct request *request)
{
    send_all(&redis, request->bytes, request->len);
    send_all(&ours, request->bytes, request->len);
    take_answer(&redis);
    take_answer(&ours);
    sent++;
    normalize(&redis, request->name);
    normalize(&ours, request->name);
    if (redis.size == ours.size && memcmp(redis.answer, ours.answer, ours.size) == 0)
        return;
    printf("%lu: not the same answer\n", sent);
    show("request", request->bytes, request->len);
    show("redis  ", redis.answer, redis.size);
    show("kv     ", ours.answer, ours.size);
    different++;
}

static void one(const char *name, const char *args)
{
    struct request request;
    make(&request, name, args);
    both(&request);
}

/* Such as HELLO answers with who the server is, and what other commands do not count with. */
static bool is_unlike(size_t row)
{
    const char *name = table[row].name;
    return strcmp(name, "hello") == 0 || (strcmp(name, "select") == 0 && tagged) ||
           ((strcmp(name, "flushall") == 0 || strcmp(name, "unsubscribe") == 0 ||
             strcmp(name, "keys") == 0 || strcmp(name, "dbsize") == 0 ||
             strcmp(name, "publish") == 0 || strcmp(name, "smembers") == 0 ||
             strcmp(name, "hgetall") == 0 || strcmp(name, "ttl") == 0 ||
             strcmp(name, "pttl") == 0 || strcmp(name, "exec") == 0 ||
             strcmp(name, "discard") == 0) &&
            tagged);
}

static void any(void)
{
    size_t row = chance(ROWS);
    if (is_unlike(row) || (strcmp(table[row].name, "flushall") == 0 && chance(10) != 0) ||
        strcmp(table[row].name, "select") == 0)
        row = 0;
    one(table[row].name, table[row].args);
}

static void transaction(void)
{
    tagged = true;
    one("multi", "");
    for (uint64_t n = chance(6); n != 0; n--)
        any();
    one(chance(6) == 0 ? "discard" : "exec", "");
    one("discard", ""); /* an end that had an argument too many was none */
    tagged = false;
}

static void protocol(int version)
{
    struct request request = {.name = "hello"};
    request.len = (size_t)sprintf(request.bytes, "*2\r\n$5\r\nHELLO\r\n$1\r\n%d\r\n", version);
    send_all(&redis, request.bytes, request.len);
    send_all(&ours, request.bytes, request.len);
    take_answer(&redis);
    take_answer(&ours);
    if (redis.answer[0] != ours.answer[0])
        different++;
}

int main(int argc, char *argv[])
{
    if (argc != 5) {
        fprintf(stderr, "usage: helper_kv_compare SOCKET PORT SEED COUNT\n");
        return 2;
    }
    open_socket(&redis, argv[1]);
    open_port(&ours, (uint16_t)atoi(argv[2]));
    state = strtoull(argv[3], NULL, 10);
    unsigned long count = strtoul(argv[4], NULL, 10);
    for (int half = 0; half < 2; half++) {
        protocol(half + 2);
        while (sent < (half == 0 ? count / 2 : count) && different < 20) {
            if (chance(30) == 0)
                transaction();
            else
                any();
        }
    }
    printf("seed %s: %lu commands, %lu answers not the same\n", argv[3], sent, different);
    return different != 0;
}
