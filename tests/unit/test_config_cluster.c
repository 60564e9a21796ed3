/* SPDX-License-Identifier: MIT */
/* The cluster part of a config: what is read from it, files of secrets, the worker that it adds,
 * and what that is told. What is wrong with its keys alone is in tests/conf-invalid. */
#include "axsup/cluster.h"

#include "overlay/store/store.h"

#include <ax/errors.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TOKEN "0123456789abcdef0123456789abcdef" /* 32 bytes */
#define KEY TOKEN TOKEN
#define PIN "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF"
#define PUBLIC "e91e79b4de059792ab2e0b883450a04c23da3d810d72784f7ad02e6502222952" /* of KEY */

static char folder[PATH_MAX]; /* of this run */

static unsigned long allocations, fail_at; /* the fail_at-th fails, 0 for none */

void *sup_pool_source(size_t size)
{
    return ++allocations == fail_at ? NULL : calloc(1, size);
}

struct loaded {
    int result;
    struct sup_config *config;
    struct sup_config_errors errors;
    char *said;
};

static struct loaded parse(const char *text)
{
    struct loaded l = {0};
    char file[PATH_MAX + 16];
    size_t size;

    snprintf(file, sizeof(file), "%s/axsup.json", folder);
    l.result = sup_config_parse(text, strlen(text), file, &l.config, &l.errors);
    FILE *to = open_memstream(&l.said, &size);
    sup_config_errors_print(&l.errors, to);
    fclose(to);
    return l;
}

static void end(struct loaded *l)
{
    l->config = sup_config_free(l->config);
    sup_config_errors_deinit(&l->errors);
    free(l->said);
}

/* A file in the folder with these bytes and this mode. */
static void put(const char *name, const char *text, mode_t mode)
{
    char path[PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(chmod(path, mode), 0);
}

#define SYSTEM(cluster)                                                                            \
    "{ \"system\": \"demo\", \"listen\": { \"front\": \"127.0.0.1:0\" }, \"workers\": [ {"         \
    " \"name\": \"w\", \"plugin\": \"counter.so\", \"count\": 2, \"registries\": ["                \
    " { \"name\": \"users\", \"contract\": \"user\" }, { \"name\": \"carts\", \"contract\": "      \
    "\"cart\" } ] } ], \"cluster\": {" cluster "} }"
#define ALONE "\"node\": \"a\", \"listen\": \"127.0.0.1:0\""

static void none(void **state)
{
    struct loaded l = parse("{ \"system\": \"demo\", \"workers\": [ {"
                            " \"name\": \"w\", \"plugin\": \"counter.so\" } ] }");

    (void)state;
    assert_string_equal(l.said, "");
    assert_null(l.config->cluster.json);
    assert_int_equal(l.config->n_workers, 1);
    assert_int_equal(l.config->n_listen, 0);
    assert_false(sup_config_is_gateway(l.config, l.config->workers));
    end(&l);
}

/* The worker and the socket that a cluster adds. */
static void gateway(void **state)
{
    struct loaded l = parse(SYSTEM(ALONE ", \"allow_insecure_auth\": true, \"inbox\": 77,"
                                         " \"arena\": \"3M\", \"keys\": 3000"));
    const struct sup_config *c = l.config;
    const struct sup_worker_config *w = &c->workers[1];

    (void)state;
    assert_string_equal(l.said, "");
    assert_int_equal(c->n_workers, 2);
    assert_string_equal(c->workers[0].name, "w");
    assert_false(sup_config_is_gateway(c, c->workers));
    assert_true(sup_config_is_gateway(c, w));
    assert_string_equal(w->name, "gateway");
    assert_int_equal(*w->plugin, '/');
    assert_string_equal(strrchr(w->plugin, '/'), "/gateway.so");
    assert_int_equal(w->count, 1);
    assert_int_equal(w->arena, 3 << 20);
    assert_int_equal(w->restart.policy, SUP_RESTART_ON_FAILURE);
    assert_int_equal(w->restart.max, 10);
    assert_true(w->max_actors >= 3000 + 2048 + 4096);
    assert_int_equal(w->n_registries, 0);
    assert_int_equal(w->n_actors, 1);
    assert_string_equal(w->actors[0].name, "gateway");
    assert_string_equal(w->actors[0].contract, "gateway");
    assert_int_equal(w->actors[0].capacity, 77);
    assert_int_equal(c->n_listen, 2);
    assert_string_equal(c->listen[0].name, "front");
    assert_string_equal(c->listen[1].name, "cluster");
    end(&l);
}

/* A file of that name in the config's folder cannot stand in for the gateway's plugin. */
static void own_plugin(void **state)
{
    (void)state;
    put("gateway.so", "", 0755);
    struct loaded l = parse(SYSTEM(ALONE ", \"allow_insecure_auth\": true"));
    assert_string_equal(l.said, "");
    assert_int_not_equal(strncmp(l.config->workers[1].plugin, folder, strlen(folder)), 0);
    end(&l);
}

/* What is told of the args, beside "system" and "max_message". `more` is merged into it. */
static void assert_args(const struct loaded *l, const char *more)
{
    static const char common[] =
        "{\"system\": \"demo\", \"max_message\": 65536, \"boot\": \"1f00000000000002\","
        "\"node\": \"a\", \"listen\": \"cluster\", \"address\": \"127.0.0.1:0\", \"peers\": {},"
        "\"token\": null, \"accepted\": [], \"key\": null, \"pins\": {}, \"insecure\": true,"
        "\"store\": {\"kind\": \"memory\", \"node\": \"a\"}, \"registries\": [],"
        "\"lease_ttl_ns\": 2000000000, \"lease_margin_ns\": 200000000, \"answer_ns\": 500000000,"
        "\"round_ns\": 1000000000, \"heartbeat_ns\": 300000000, \"suspect_ns\": 1000000000,"
        "\"dead_ns\": 2000000000, \"connect_ns\": 2000000000,"
        "\"redial_ns\": [100000000, 2000000000], \"keepalive\": {\"idle_ns\": 30000000000,"
        "\"interval_ns\": 10000000000, \"probes\": 5}, \"requests\": 2048, \"ensures\": 128,"
        "\"keys\": 4096, \"monitors\": 4096, \"owner_cache_ns\": 500000000,"
        "\"key_cache_ns\": 5000000000, \"resolve_ns\": 100000000, \"give_up_ns\": 5000000000,"
        "\"retry_ns\": 300000000}";
    json_t *expected = json_loads(common, 0, NULL), *changes = json_loads(more, 0, NULL);
    char *text = sup_cluster_args(l->config, UINT64_C(0x1f00000000000002));
    json_t *args = json_loads(text, 0, NULL);

    assert_non_null(expected);
    assert_non_null(changes);
    assert_int_equal(json_object_update(expected, changes), 0);
    if (!json_equal(args, expected))
        fail_msg("the gateway is told %s", text);
    json_decref(args);
    json_decref(expected);
    json_decref(changes);
    free(text);
}

static void defaults(void **state)
{
    struct loaded l = parse(SYSTEM(ALONE ", \"allow_insecure_auth\": true"));

    (void)state;
    assert_string_equal(l.said, "");
    assert_args(&l, "{}");
    end(&l);
}

/* So long that who asks for a key of a node that has died is answered by the next owner. */
static void gives_up_late(void **state)
{
    struct loaded l = parse(SYSTEM(ALONE ", \"allow_insecure_auth\": true, \"lease_ttl\": \"20s\","
                                         " \"dead\": \"30s\""));

    (void)state;
    assert_string_equal(l.said, "");
    assert_args(&l, "{\"lease_ttl_ns\": 20000000000, \"answer_ns\": 5000000000,"
                    "\"dead_ns\": 30000000000, \"give_up_ns\": 51000000000}");
    end(&l);
    l = parse(SYSTEM(ALONE ", \"allow_insecure_auth\": true, \"lease_ttl\": \"20s\","
                           " \"give_up\": \"3s\""));
    assert_string_equal(l.said, "");
    assert_int_equal(l.config->cluster.give_up_ns, 3000000000);
    end(&l);
    l = parse(SYSTEM(ALONE ", \"allow_insecure_auth\": true, \"lease_ttl\": 20,"
                           " \"resolve\": \"30m\""));
    assert_non_null(strstr(l.said, "cluster.lease_ttl: "));
    assert_null(strstr(l.said, "cluster.give_up"));
    end(&l);
}

/* What follows is of configs that a build without some kinds refuses. */
static void need_all_kinds(void)
{
    unsigned n = 0;

    for (const char *const *kind = ov_store_kinds(); *kind; kind++)
        n++;
    if (n < 3)
        skip();
}

/* A build has the kinds that its makefile was told of; one without is told at once. */
static void kinds_left_out(void **state)
{
    static const char *const servers[] = {"redis", "etcd"};
    char text[512], expected[128], list[64] = "";

    (void)state;
    put("secret", TOKEN, 0600);
    for (const char *const *kind = ov_store_kinds(); *kind; kind++)
        snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s\"%s\"", *list ? " or " : "",
                 *kind);
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof(text),
                 SYSTEM(ALONE ", \"token_file\": \"secret\", \"store\": { \"%s\": { "
                              "\"endpoints\": [ \"127.0.0.1:1\" ] } }"),
                 servers[i]);
        struct loaded l = parse(text);
        snprintf(expected, sizeof(expected),
                 "cluster.store.%s: left out of this build: expected %s\n", servers[i], list);
        if (strstr(list, servers[i]))
            assert_string_equal(l.said, "");
        else
            assert_non_null(strstr(l.said, expected));
        end(&l);
    }
}

static const char all_keys[] = SYSTEM(
    "\"node\": \"a\", \"listen\": \"[::1]:7000\", \"peers\": { \"b\": \"127.0.0.1:7001\", "
    "\"c\": \"/run/c\" }, \"token_file\": \"token\", \"accepted\": [ \"old\", \"./older\" ], "
    "\"key_file\": \"key\", \"pins\": { \"b\": \"" PIN "\", \"c\": \"" PIN "\" }, "
    "\"store\": { \"redis\": { \"endpoints\": [ \"127.0.0.1:6379\", \"unix:/run/redis\" ], "
    "\"prefix\": \"x/\", \"user\": \"u\", \"password_file\": \"word\", \"tls\": true, "
    "\"ca_file\": \"ca\", \"cert_file\": \"ca\", \"key_file\": \"cert_key\", "
    "\"timeout\": \"200ms\", \"pause\": \"20ms\" } }, "
    "\"registries\": [ { \"name\": \"carts\", \"shards\": 7, \"singletons\": [ \"x\" ] }, { "
    "\"name\": \"users\" } ], "
    "\"lease_ttl\": \"3s\", \"lease_margin\": \"100ms\", \"round\": \"4s\", "
    "\"heartbeat\": \"5ms\", \"suspect\": \"6ms\", \"dead\": \"7ms\", \"connect\": \"8ms\", "
    "\"redial\": [ \"9ms\", \"10ms\" ], "
    "\"keepalive\": { \"idle\": \"11s\", \"interval\": \"12s\", \"probes\": 13 }, "
    "\"requests\": 14, \"ensures\": 15, \"keys\": 30, \"monitors\": 17, "
    "\"owner_cache\": \"18ms\", \"key_cache\": \"19ms\", \"resolve\": \"20ms\", "
    "\"give_up\": \"21ms\", \"retry\": \"22ms\", \"inbox\": 23, \"arena\": \"24M\"");

static void put_all(void)
{
    put("token", TOKEN "\n", 0600);
    put("old", TOKEN, 0400);
    put("older", TOKEN TOKEN, 0600);
    put("key", KEY "\n", 0600);
    put("word", "secret\n", 0600);
    put("ca", "of ann\n-----BEGIN CERTIFICATE-----\n", 0644);
    put("cert_key", "-----BEGIN EC PRIVATE KEY-----\n", 0600);
}

static void values(void **state)
{
    char told[4096 + 8 * PATH_MAX];

    (void)state;
    need_all_kinds();
    put_all();
    struct loaded l = parse(all_keys);
    assert_string_equal(l.said, "");
    snprintf(
        told, sizeof(told),
        "{\"address\": \"[::1]:7000\", \"peers\": {\"b\": \"127.0.0.1:7001\", \"c\": \"/run/c\"},"
        "\"token\": \"%s/token\", \"accepted\": [\"%s/old\", \"%s/older\"], \"key\": \"%s/key\","
        "\"pins\": {\"b\": \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff\","
        "\"c\": \"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff\"},"
        "\"insecure\": false, \"store\": {\"kind\": \"redis\", \"endpoints\": [\"127.0.0.1:6379\","
        "\"unix:/run/redis\"], \"prefix\": \"x/\", \"user\": \"u\","
        "\"password_file\": \"%s/word\", \"tls\": true, \"ca_file\": \"%s/ca\","
        "\"cert_file\": \"%s/ca\", \"key_file\": \"%s/cert_key\", \"timeout_ns\": 200000000,"
        "\"pause_ns\": 20000000}, \"registries\": [{\"name\": \"carts\", \"contract\": \"cart\","
        "\"shards\": 7, \"singletons\": [\"x\"]}, {\"name\": \"users\", \"contract\": \"user\","
        "\"shards\": 64, \"singletons\": []}],"
        "\"lease_ttl_ns\": 3000000000, \"lease_margin_ns\": 100000000, \"answer_ns\": 200000000,"
        "\"round_ns\": 4000000000, \"heartbeat_ns\": 5000000, \"suspect_ns\": 6000000,"
        "\"dead_ns\": 7000000, \"connect_ns\": 8000000, \"redial_ns\": [9000000, 10000000],"
        "\"keepalive\": {\"idle_ns\": 11000000000, \"interval_ns\": 12000000000, \"probes\": 13},"
        "\"requests\": 14, \"ensures\": 15, \"keys\": 30, \"monitors\": 17,"
        "\"owner_cache_ns\": 18000000, \"key_cache_ns\": 19000000, \"resolve_ns\": 20000000,"
        "\"give_up_ns\": 21000000, \"retry_ns\": 22000000}",
        folder, folder, folder, folder, folder, folder, folder, folder);
    assert_args(&l, told);
    end(&l);
}

/* The config with a cluster of one key more is told just that. `%s` is the folder. */
static void assert_said(const char *more, const char *format)
{
    char text[2048], expected[PATH_MAX + 512];

    snprintf(text, sizeof(text), SYSTEM(ALONE ", %s"), more);
    snprintf(expected, sizeof(expected), format, folder);
    struct loaded l = parse(text);
    if (strstr(l.said, expected) == NULL || strchr(l.said, '\n') != strrchr(l.said, '\n'))
        fail_msg("%s: expected %s\nbut it said %s", more, expected, l.said);
    end(&l);
}

#define TOKEN_KEY "\"token_file\": \"secret\""

static void tokens(void **state)
{
    (void)state;
    put("secret", TOKEN, 0640);
    assert_said(TOKEN_KEY, "cluster.token_file: others than its owner can read or write it (mode "
                           "640): \"chmod 600 %s/secret\" would be right\n");
    put("secret", TOKEN, 0602);
    assert_said(TOKEN_KEY, "can read or write it (mode 602): \"chmod 600 %s/secret\"");
    put("secret", "0123456789abcdef0123456789abcde\n", 0600);
    assert_said(TOKEN_KEY, "cluster.token_file: the token in it has 31 bytes: at least 32; \"axsup "
                           "keygen --token FILE\" makes one\n");
    put("secret", "", 0600);
    assert_said(TOKEN_KEY, "the token in it has 0 bytes");
    char *large = calloc(1, SUP_TOKEN_FILE_MAX + 2);
    memset(large, 'a', SUP_TOKEN_FILE_MAX + 1);
    put("secret", large, 0600);
    assert_said(TOKEN_KEY, "cluster.token_file: more than 512 bytes");
    free(large);
    put("secret", TOKEN, 0600);
    put("other", TOKEN, 0604);
    assert_said(TOKEN_KEY ", \"accepted\": [ \"secret\", \"other\" ]",
                "cluster.accepted[1]: others than its owner can read or write it (mode 604)");
    assert_said("\"token_file\": \"none\"",
                "cluster.token_file: expected a file at %s/none: there is none; \"axsup keygen "
                "--token FILE\" makes one\n");
    assert_said("\"token_file\": \".\"", "cluster.token_file: expected a file, found a folder\n");
    assert_said("\"token_file\": \"/dev/null\"",
                "cluster.token_file: expected a file, found a device or a pipe\n");
}

static void keys(void **state)
{
    static const char *const wrong[] = {
        "", "0", TOKEN, KEY "0", KEY "\n\n", ("g123456789abcdef0123456789abcdef" TOKEN)};

    (void)state;
    put("secret", TOKEN, 0600);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        put("key", wrong[i], 0600);
        assert_said(TOKEN_KEY ", \"pins\": {}, \"key_file\": \"key\"",
                    "cluster.key_file: expected a key of 64 hexadecimal digits: \"axsup keygen "
                    "--key FILE\" makes one\n");
    }
    assert_said(TOKEN_KEY ", \"pins\": {}, \"key_file\": \"none\"",
                "cluster.key_file: expected a file at %s/none: there is none; \"axsup keygen --key "
                "FILE\" makes one\n");
    put("key", KEY, 0644);
    assert_said(TOKEN_KEY ", \"pins\": {}, \"key_file\": \"key\"",
                "cluster.key_file: others than its owner can read or write it (mode 644)");
    put("key", KEY, 0600);
    assert_said(TOKEN_KEY ", \"key_file\": \"key\", \"pins\": { \"a\": \"" PIN "\" }",
                "cluster.pins.a: this node has another key: expected \"" PUBLIC
                "\", the public key "
                "of key_file, or others with these pins refuse it\n");
    struct loaded own = parse(SYSTEM(
        ALONE ", " TOKEN_KEY ", \"key_file\": \"key\", \"pins\": { \"a\": \"" PUBLIC "\" }"));
    assert_string_equal(own.said, "");
    end(&own);
    assert_said("\"allow_insecure_auth\": true, \"pins\": {}, \"key_file\": \"key\"",
                "cluster.key_file: a key is shown besides a token: expected a token_file, too\n");
}

static void passwords(void **state)
{
    (void)state;
    need_all_kinds();
    put("secret", TOKEN, 0600);
    put("word", "", 0600);
    assert_said(TOKEN_KEY ", \"store\": { \"etcd\": { \"endpoints\": [ \"[::1]:1\" ], "
                          "\"password_file\": \"word\" } }",
                "cluster.store.etcd.password_file: the file is empty\n");
    put("word", "x", 0620);
    assert_said(TOKEN_KEY ", \"store\": { \"etcd\": { \"endpoints\": [ \"etcd.local:1\" ], "
                          "\"password_file\": \"word\" } }",
                "cluster.store.etcd.password_file: others than its owner");
}

/* Whom the gateway runs as must be able to read what its owner alone may read. */
static void owners(void **state)
{
    const struct passwd *nobody = getpwnam("nobody");
    char expected[256], path[PATH_MAX + 16];

    (void)state;
    if (geteuid() != 0 || nobody == NULL)
        skip();
    put("secret", TOKEN, 0600);
    snprintf(expected, sizeof(expected),
             "cluster.token_file: the gateway runs as user %u and cannot read it: \"chown %u %%s/",
             (unsigned)nobody->pw_uid, (unsigned)nobody->pw_uid);
    assert_said(TOKEN_KEY ", \"user\": \"nobody\"", expected);
    snprintf(path, sizeof(path), "%s/secret", folder);
    assert_int_equal(chown(path, nobody->pw_uid, nobody->pw_gid), 0);
    struct loaded l = parse(SYSTEM(ALONE ", " TOKEN_KEY ", \"user\": \"nobody\""));
    assert_string_equal(l.said, "");
    assert_int_equal(l.config->workers[1].uid, nobody->pw_uid);
    end(&l);
    assert_int_equal(chown(path, 0, 0), 0);
}

/* What is told of one text when a system runs with the other. */
static char *told(const char *was, const char *is)
{
    struct loaded now = parse(was), next = parse(is);
    char *said;
    size_t size;

    assert_string_equal(now.said, "");
    assert_string_equal(next.said, "");
    sup_config_check_change(now.config, next.config, &next.errors);
    FILE *to = open_memstream(&said, &size);
    sup_config_errors_print(&next.errors, to);
    fclose(to);
    end(&now);
    end(&next);
    return said;
}

/* all_keys with one text in it replaced. */
static char *changed_at(const char *old, const char *new)
{
    char text[sizeof(all_keys) + 512];
    const char *at = strstr(all_keys, old);

    assert_non_null(at);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - all_keys), all_keys, new, at + strlen(old));
    return told(all_keys, text);
}

/* Whom it knows, and by what, is what a node that runs can be told anew. */
static void changes(void **state)
{
    static const char *const pairs[][2] = {
        {"\"listen\": \"[::1]", "\"listen\": \"[::1]"},
        {"127.0.0.1:7001", "127.0.0.1:7009"},
        {", \"c\": \"/run/c\" }", " }"},
        {"\"c\": \"/run/c\" }", "\"c\": \"/run/d\" }"},
        {"[ \"old\", \"./older\" ]", "[ \"older\" ]"},
        {"\"token_file\": \"token\"", "\"token_file\": \"old\""},
        {"\"c\": \"" PIN, "\"c\": \"" KEY},
    };

    (void)state;
    need_all_kinds();
    put_all();
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char *said = changed_at(pairs[i][0], pairs[i][1]);
        assert_string_equal(said, "");
        free(said);
    }
}

/* Each other key is refused, by its name. */
static void no_changes(void **state)
{
    static const struct {
        const char *old, *new, *said;
    } rows[] = {
        {"\"node\": \"a\"", "\"node\": \"z\"",
         "cluster.node: cannot be changed while the system runs: expected \"a\", as when it was "
         "started; for another one stop it and start it again\n"},
        {"[::1]:7000", "[::1]:7009",
         "cluster.listen: cannot be changed while the system runs: "
         "expected \"[::1]:7000\", as"},
        {"\"key_file\": \"key\"", "\"key_file\": \"./key2\"", "cluster.key_file: cannot"},
        {"\"redis\": { \"endpoints\": [ \"127.0.0.1:6379\", \"unix:/run/redis\" ]",
         "\"etcd\": { \"endpoints\": [ \"127.0.0.1:6379\" ]",
         "cluster.store: cannot be changed while the system runs: expected what it was, as"},
        {"\"127.0.0.1:6379\"", "\"127.0.0.1:6378\"", "cluster.store: cannot"},
        {", \"unix:/run/redis\"", "", "cluster.store: cannot"},
        {"\"prefix\": \"x/\"", "\"prefix\": \"y/\"", "cluster.store: cannot"},
        {", \"user\": \"u\"", "", "cluster.store: cannot"},
        {"\"password_file\": \"word\"", "\"password_file\": \"old\"", "cluster.store: cannot"},
        {"\"pause\": \"20ms\"", "\"pause\": \"21ms\"", "cluster.store: cannot"},
        {"\"shards\": 7", "\"shards\": 8", "cluster.registries: cannot"},
        {", { \"name\": \"users\" }", "", "cluster.registries: cannot"},
        {"\"lease_ttl\": \"3s\"", "\"lease_ttl\": \"4s\"",
         "cluster.lease_ttl: cannot be changed while the system runs: expected \"3s\", as"},
        {"\"dead\": \"7ms\"", "\"dead\": \"8ms\"", "cluster.dead: cannot"},
        {"\"9ms\", \"10ms\"", "\"9ms\", \"11ms\"", "cluster.redial: cannot"},
        {"\"probes\": 13", "\"probes\": 12", "cluster.keepalive: cannot"},
        {"\"keys\": 30", "\"keys\": 31",
         "cluster.keys: cannot be changed while the system runs: expected 30, as"},
        {", \"inbox\": 23", "", "cluster.inbox: cannot"},
        {", \"arena\": \"24M\"", ", \"arena\": \"24M\", \"allow_insecure_auth\": true",
         "cluster.allow_insecure_auth: cannot be changed while the system runs: expected none, as"},
    };

    (void)state;
    need_all_kinds();
    put_all();
    put("key2", KEY "\n", 0600);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *said = changed_at(rows[i].old, rows[i].new);
        if (strstr(said, rows[i].said) == NULL || strchr(said, '\n') != strrchr(said, '\n'))
            fail_msg("%s: expected %s\nbut it said %s", rows[i].new, rows[i].said, said);
        free(said);
    }
}

static void assert_change(const char *was, const char *is, const char *expected)
{
    char *said = told(was, is);

    if (strstr(said, expected) == NULL || strchr(said, '\n') != strrchr(said, '\n'))
        fail_msg("expected %s\nbut it said %s", expected, said);
    free(said);
}

/* A key that neither has is not told of, though its default is another. */
static void derived(void **state)
{
    (void)state;
    put_all();
    assert_change(SYSTEM(ALONE ", " TOKEN_KEY), SYSTEM(ALONE ", " TOKEN_KEY ", \"dead\": \"20s\""),
                  "cluster.dead: cannot be changed while the system runs: expected none, as");
    assert_change(SYSTEM(ALONE ", " TOKEN_KEY ", \"give_up\": \"20s\""),
                  SYSTEM(ALONE ", " TOKEN_KEY),
                  "cluster.give_up: cannot be changed while the system runs: expected \"20s\", as");
}

/* Whether there is a token at all, and whether there is a cluster. */
static void no_other_kind(void **state)
{
#define INSECURE "\"allow_insecure_auth\": true"
    (void)state;
    need_all_kinds();
    put_all();
    assert_change(SYSTEM(ALONE ", " TOKEN_KEY), SYSTEM(ALONE ", " INSECURE),
                  "cluster.token_file: whether nodes know each other by a token cannot be changed "
                  "while the system runs: it was started with one; for the other stop it and start "
                  "it again\n");
    assert_change(SYSTEM(ALONE ", " INSECURE), SYSTEM(ALONE ", " TOKEN_KEY),
                  "cluster.token_file: whether nodes know each other by a token cannot be changed "
                  "while the system runs: it was started without one;");
    assert_change(SYSTEM(ALONE ", " INSECURE), SYSTEM(ALONE ", " INSECURE ", " TOKEN_KEY),
                  "it was started without one;");
    assert_change(all_keys,
                  "{ \"system\": \"demo\", \"workers\": [ {"
                  " \"name\": \"w\", \"plugin\": \"counter.so\" } ] }",
                  "cluster: missing: expected that of node \"a\", which runs\n");
#undef INSECURE
}

/* Each allocation fails once: an error, no crash, nothing lost. */
static void memory(void **state)
{
    struct loaded l;
    unsigned long n = 0;

    (void)state;
    need_all_kinds();
    put_all();
    do {
        allocations = 0;
        fail_at = ++n;
        l = parse(all_keys);
        fail_at = 0;
        assert_int_equal(l.result, allocations >= n ? -ENOMEM : 0);
        end(&l);
    } while (allocations >= n);
    assert_true(n > 60);
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof(folder), "%s/ax.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    put("counter.so", "", 0644);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"counter.so", "gateway.so", "token", "old",
                                        "older",      "key",        "key2",  "word",
                                        "ca",         "secret",     "other", "cert_key"};
    char path[PATH_MAX + 16];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none),          cmocka_unit_test(gateway),
        cmocka_unit_test(own_plugin),    cmocka_unit_test(defaults),
        cmocka_unit_test(values),        cmocka_unit_test(tokens),
        cmocka_unit_test(keys),          cmocka_unit_test(passwords),
        cmocka_unit_test(owners),        cmocka_unit_test(changes),
        cmocka_unit_test(no_changes),    cmocka_unit_test(derived),
        cmocka_unit_test(no_other_kind), cmocka_unit_test(memory),
        cmocka_unit_test(gives_up_late), cmocka_unit_test(kinds_left_out),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
