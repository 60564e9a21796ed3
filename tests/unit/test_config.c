/* SPDX-License-Identifier: MIT */
/* The config: what is read from a right one and what is said of a wrong one. */
#include "axsup/config.h"

#include <ax/errors.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SCHEMA "conf/axsup.schema.json"
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static char folder[PATH_MAX]; /* of this run, with an empty file counter.so in it */

/* Every allocation of a config comes from here; the fail_at-th fails, 0 for none. */
static unsigned long allocations, fail_at;

void *sup_pool_source(size_t size)
{
    return ++allocations == fail_at ? NULL : calloc(1, size);
}

struct loaded {
    int result;
    struct sup_config *config;
    struct sup_config_errors errors;
    char *said; /* what is printed of the errors */
};

static char *printed(const struct sup_config_errors *errors)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    sup_config_errors_print(errors, to);
    fclose(to);
    return text;
}

static struct loaded parse(const char *text)
{
    struct loaded l = {0};
    char file[PATH_MAX + 16];

    snprintf(file, sizeof(file), "%s/axsup.json", folder);
    l.result = sup_config_parse(text, strlen(text), file, &l.config, &l.errors);
    l.said = printed(&l.errors);
    return l;
}

static struct loaded load(const char *file)
{
    struct loaded l = {0};

    l.result = sup_config_load(file, &l.config, &l.errors);
    l.said = printed(&l.errors);
    return l;
}

static void end(struct loaded *l)
{
    l->config = sup_config_free(l->config);
    sup_config_errors_deinit(&l->errors);
    free(l->said);
}

static void write_file(const char *path, const char *text)
{
    FILE *to = fopen(path, "w");

    assert_non_null(to);
    fputs(text, to);
    assert_int_equal(fclose(to), 0);
}

static char *read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *from = fopen(path, "r");

    if (!from)
        fail_msg("%s: %s", path, strerror(errno));
    if (getdelim(&text, &size, '\0', from) < 0)
        *text = '\0';
    fclose(from);
    return text;
}

#define MINIMAL                                                                                    \
    "{ \"system\": \"demo\", \"workers\": [ { \"name\": \"w\", \"plugin\": \"counter.so\" } ] }"

static void defaults(void **state)
{
    struct loaded l = parse(MINIMAL);
    const struct sup_config *c = l.config;
    const struct sup_worker_config *w;

    (void)state;
    assert_string_equal(l.said, "");
    assert_int_equal(l.result, 0);
    assert_string_equal(c->system, "demo");
    assert_string_equal(c->folder, folder);
    assert_int_equal(c->max_message, 65536);
    assert_int_equal(c->lane, 0);
    assert_int_equal(c->n_listen, 0);
    assert_int_equal(c->deadletters, 256);
    assert_int_equal(c->events, 1024);
    assert_int_equal(c->shutdown_ns, 5000000000);
    assert_int_equal(c->n_workers, 1);
    w = c->workers;
    assert_string_equal(w->name, "w");
    assert_memory_equal(w->plugin, folder, strlen(folder));
    assert_string_equal(w->plugin + strlen(folder), "/counter.so");
    assert_null(w->user);
    assert_int_equal(w->count, 1);
    assert_int_equal(w->n_actors, 0);
    assert_int_equal(w->restart.policy, SUP_RESTART_ON_FAILURE);
    assert_int_equal(w->restart.max, 10);
    assert_int_equal(w->restart.window_ns, 60000000000);
    assert_int_equal(w->restart.backoff_ns[0], 10000000);
    assert_int_equal(w->restart.backoff_ns[1], 5000000000);
    assert_true(w->limits.memory == SUP_NO_LIMIT && w->limits.files == SUP_NO_LIMIT &&
                w->limits.core == SUP_NO_LIMIT && w->limits.cpu_ns == SUP_NO_LIMIT &&
                w->limits.stack == SUP_NO_LIMIT);
    assert_int_equal(w->spin_us, 50);
    assert_int_equal(w->load_timeout_ns, 5000000000);
    assert_int_equal(w->hang_after_ns, 0);
    assert_int_equal(w->slow_after_ns, 100000000);
    assert_int_equal(w->rerandomize, 3);
    assert_int_equal(w->arena, 16 << 20);
    assert_int_equal(w->max_actors, 1024);
    assert_int_equal(w->max_asks, 4096);
    assert_int_equal(w->max_handles, 10000);
    assert_int_equal(w->read_buffer, 256 << 10);
    assert_int_equal(w->write_buffer, 1 << 20);
    end(&l);
}

static const char all_keys[] =
    "{ \"system\": \"all.of-it_1\", \"run_dir\": \"./run\", \"max_message\": \"1M\",\n"
    "  \"listen\": { \"a\": \"127.0.0.1:80\", \"b\": \"[::1]:0\", \"c\": \"/tmp/c\" },\n"
    "  \"lane\": \"4M\", \"deadletters\": 16, \"events\": 65536, \"shutdown\": \"1.5s\",\n"
    "  \"workers\": [ { \"name\": \"one\", \"plugin\": \"./counter.so\", \"count\": 2,\n"
    "    \"restart\": { \"policy\": \"always\", \"max\": 0, \"window\": \"1m\",\n"
    "                 \"backoff\": [\"10us\", \"10us\"] },\n"
    "    \"limits\": { \"memory\": \"8G\", \"files\": 64, \"core\": \"0\", \"cpu\": \"1h\",\n"
    "                \"stack\": \"8M\" },\n"
    "    \"spin_us\": 0, \"load_timeout\": \"20s\", \"hang_after\": \"250ms\",\n"
    "    \"slow_after\": \"20ms\",\n"
    "    \"rerandomize\": 0, \"arena\": \"1G\", \"max_actors\": 16000000, \"max_asks\": 16,\n"
    "    \"max_handles\": 5, \"read_buffer\": \"4K\", \"write_buffer\": \"8K\",\n"
    "    \"actors\": [\n"
    "      { \"name\": \"a\", \"contract\": \"counter\" },\n"
    "      { \"name\": \"b c\\u00fc\", \"contract\": \"_c9\", \"capacity\": 100,\n"
    "        \"restart\": { \"policy\": \"never\", \"mailbox\": \"drop\" },\n"
    "        \"overload\": { \"high\": 100, \"low\": 99, \"policy\": \"block\" },\n"
    "        \"suspect\": { \"retry\": 3 },\n"
    "        \"args\": { \"n\": [ 1, -2.5e3, true, null ], \"t\": \"\\\"\\n\\u20ac\" } },\n"
    "      { \"name\": \"c\", \"contract\": \"counter\", \"suspect\": \"drop\" },\n"
    "      { \"name\": \"d\", \"contract\": \"counter\", \"worker\": 0, \"suspect\": \"drop\" }\n"
    "    ] } ] }\n";

static void values_of_workers(const struct sup_worker_config *w)
{
    assert_int_equal(w->count, 2);
    assert_int_equal(w->restart.policy, SUP_RESTART_ALWAYS);
    assert_int_equal(w->restart.max, 0);
    assert_int_equal(w->restart.window_ns, 60000000000);
    assert_int_equal(w->restart.backoff_ns[0], 10000);
    assert_int_equal(w->restart.backoff_ns[1], 10000);
    assert_int_equal(w->limits.memory, UINT64_C(8) << 30);
    assert_int_equal(w->limits.files, 64);
    assert_int_equal(w->limits.core, 0);
    assert_int_equal(w->limits.cpu_ns, 3600000000000);
    assert_int_equal(w->limits.stack, 8 << 20);
    assert_int_equal(w->spin_us, 0);
    assert_int_equal(w->load_timeout_ns, 20000000000);
    assert_int_equal(w->hang_after_ns, 250000000);
    assert_int_equal(w->slow_after_ns, 20000000);
    assert_int_equal(w->rerandomize, 0);
    assert_int_equal(w->arena, 1 << 30);
    assert_int_equal(w->max_actors, 16000000);
    assert_int_equal(w->max_asks, 16);
    assert_int_equal(w->max_handles, 5);
    assert_int_equal(w->read_buffer, 4096);
    assert_int_equal(w->write_buffer, 8192);
}

static void values_of_actors(const struct sup_worker_config *w)
{
    const struct sup_actor_config *a = w->actors, *b = a + 1;

    assert_int_equal(w->n_actors, 4);
    assert_int_equal(a->capacity, 256);
    assert_int_equal(a->restart.policy, SUP_RESTART_ON_FAILURE);
    assert_int_equal(a->restart.mailbox, SUP_MAILBOX_KEEP);
    assert_int_equal(a->overload.high, 0);
    assert_int_equal(a->suspect.policy, SUP_SUSPECT_DROP);
    assert_null(a->args);
    assert_int_equal(a->worker, 0);
    assert_string_equal(b->name, "b c\xC3\xBC");
    assert_string_equal(b->contract, "_c9");
    assert_int_equal(b->capacity, 100);
    assert_int_equal(b->restart.policy, SUP_RESTART_NEVER);
    assert_int_equal(b->restart.mailbox, SUP_MAILBOX_DROP);
    assert_int_equal(b->overload.high, 100);
    assert_int_equal(b->overload.low, 99);
    assert_int_equal(b->overload.policy, SUP_OVERLOAD_BLOCK);
    assert_int_equal(b->suspect.policy, SUP_SUSPECT_RETRY);
    assert_int_equal(b->suspect.retry, 3);
    assert_string_equal(b->args, "{\"n\":[1,-2.5e3,true,null],\"t\":\"\\\"\\u000a\xE2\x82\xAC\"}");
    assert_int_equal(b->worker, 1);
    assert_int_equal(a[2].suspect.policy, SUP_SUSPECT_DROP);
    assert_int_equal(a[2].worker, 0);
    assert_int_equal(a[3].suspect.policy, SUP_SUSPECT_DROP);
    assert_int_equal(a[3].worker, 0); /* its index would have made it 1 */
}

static void values(void **state)
{
    struct loaded l = parse(all_keys);
    const struct sup_config *c = l.config;

    (void)state;
    assert_string_equal(l.said, "");
    assert_int_equal(l.result, 0);
    assert_string_equal(c->system, "all.of-it_1");
    assert_memory_equal(c->run_dir, folder, strlen(folder));
    assert_string_equal(c->run_dir + strlen(folder), "/run");
    assert_int_equal(c->max_message, 1 << 20);
    assert_int_equal(c->lane, 4 << 20);
    assert_int_equal(c->n_listen, 3);
    assert_string_equal(c->listen[1].name, "b");
    assert_string_equal(c->listen[2].address.of.local.sun_path, "/tmp/c");
    assert_int_equal(c->deadletters, 16);
    assert_int_equal(c->events, 65536);
    assert_int_equal(c->shutdown_ns, 1500000000);
    values_of_workers(c->workers);
    values_of_actors(c->workers);
    end(&l);
}

static unsigned lines(const char *text)
{
    unsigned n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* Compares what is said of a file with NAME.expected: each line of that, and nothing else. */
static void one_invalid(const char *expected_file)
{
    char file[PATH_MAX], *expected = read_file(expected_file), *rest = expected, *line;
    unsigned others = geteuid() == 0 ? 0 : UINT_MAX; /* "only root ..." is not in the files */
    unsigned kinds = 0;                              /* "left out ...", a line each, neither */
    struct loaded l;

    snprintf(file, sizeof(file), "%.*s.json", (int)(strlen(expected_file) - strlen(".expected")),
             expected_file);
    l = load(file);
    assert_int_equal(l.result, AX_E_INVALID);
    assert_true(*expected);
    for (const char *at = l.said; (at = strstr(at, "left out of this build")); at++)
        kinds++;
    if (lines(l.said) > lines(expected) + kinds && !(others && strstr(l.said, "only root")))
        fail_msg("%s: said too much:\n%s", file, l.said);
    while ((line = strsep(&rest, "\n")) && *line)
        if (!strstr(l.said, line))
            fail_msg("%s: expected:\n%s\nbut it said:\n%s", file, line, l.said);
    end(&l);
    free(expected);
}

static void invalid(void **state)
{
    char here[PATH_MAX];
    glob_t found;

    (void)state;
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir("tests/conf-invalid"), 0); /* the lines begin with the bare name */
    assert_int_equal(glob("*.expected", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 45);
    for (size_t i = 0; i < found.gl_pathc; i++)
        one_invalid(found.gl_pathv[i]);
    globfree(&found);
    assert_int_equal(chdir(here), 0);
}

/* The configs that are installed. Whether the plugins are built is not for this test to say, and a
 * token is no sample. */
static void samples(void **state)
{
    glob_t found;

    (void)state;
    assert_int_equal(glob("conf/*.json", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct loaded l;

        if (strcmp(found.gl_pathv[i], SCHEMA) == 0)
            continue;
        l = load(found.gl_pathv[i]);
        for (const struct sup_config_error *e = l.errors.first; e; e = e->next)
            if (strncmp(e->message, "no such plugin", 14) != 0 &&
                strstr(e->message, "keygen --token") == NULL)
                fail_msg("%s", l.said);
        end(&l);
    }
    globfree(&found);
}

static void plugin_places(void **state)
{
    static const char text[] = "{ \"system\": \"d\", \"workers\": [\n"
                               "{ \"name\": \"a\", \"plugin\": \"nowhere.so\" },\n"
                               "{ \"name\": \"b\", \"plugin\": \"sub/counter.so\" } ] }";
    char program[PATH_MAX] = "", expected[3 * PATH_MAX];
    struct loaded l = parse(text);

    (void)state;
    assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
    *strrchr(program, '/') = '\0';
    snprintf(expected, sizeof(expected),
             ":2:26: workers[0].plugin: no such plugin: looked for "
             "nowhere.so in %s, %s/plugins and ",
             folder, program);
    assert_non_null(strstr(l.said, expected));
    snprintf(expected, sizeof(expected), "expected a file at %s/sub/counter.so\n", folder);
    assert_non_null(strstr(l.said, expected));
    assert_null(l.config->workers[0].plugin);
    assert_null(l.config->workers[1].plugin);
    end(&l);
}

/* Runs a check in a process that is not root, and has no session folder or another one. */
static void as_user(const char *session, void (*check)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (session)
            setenv("XDG_RUNTIME_DIR", session, 1);
        else
            unsetenv("XDG_RUNTIME_DIR");
        if (geteuid() == 0 && seteuid(65534) != 0)
            _exit(2);
        check();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s: line %d: %s\n", __func__, __LINE__, #condition);                  \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

#define WITH_USER(user)                                                                            \
    "{ \"system\": \"d\", \"workers\": [ { \"name\": \"w\", \"plugin\": \"counter.so\", "          \
    "\"user\": \"" user "\" } ] }"

static void user_refused(void)
{
    struct loaded l = parse(WITH_USER("root"));

    CHECK(l.result == AX_E_INVALID);
    CHECK(strstr(l.said, ":1:78: workers[0].user: only root can run a worker as another user"));
    end(&l);
}

static void users(void **state)
{
    struct loaded l;

    (void)state;
    as_user(NULL, user_refused);
    if (geteuid() != 0)
        return;
    l = parse(WITH_USER("nobody"));
    assert_int_equal(l.result, 0);
    assert_string_equal(l.config->workers->user, "nobody");
    assert_int_equal(l.config->workers->uid, 65534);
    end(&l);
}

static void run_dir_of_session(void)
{
    struct loaded l = parse(MINIMAL);

    CHECK(strcmp(l.config->run_dir, "/run/user/7/axsup/demo") == 0);
    end(&l);
}

static void run_dir_of_user(void)
{
    struct loaded l = parse(MINIMAL);
    char expected[64];

    snprintf(expected, sizeof(expected), "/tmp/axsup-%u/demo", (unsigned)geteuid());
    CHECK(strcmp(l.config->run_dir, expected) == 0);
    end(&l);
}

static void run_dirs(void **state)
{
    (void)state;
    as_user("/run/user/7", run_dir_of_session);
    as_user("run/user/7", run_dir_of_user); /* not absolute, so not to be used */
    as_user(NULL, run_dir_of_user);
    if (geteuid() == 0) {
        struct loaded l = parse(MINIMAL);

        assert_string_equal(l.config->run_dir, "/run/axsup/demo");
        end(&l);
    }
}

/* A later check adds its mistakes among the others, in the order of the file. */
static void errors_added_later(void **state)
{
    struct loaded l = parse("{ \"system\": \"d\",\n  \"events\": 1,\n  \"workers\": [\n"
                            "  { \"name\": \"w\", \"plugin\": \"counter.so\", \"actors\": [\n"
                            "    { \"name\": \"a\", \"contract\": \"bank\" } ],\n"
                            "    \"spin_us\": -1 } ] }");
    const struct sup_worker_config *w = l.config->workers;
    char *said;

    (void)state;
    sup_config_error(&l.errors, w->actors[0].node, "contract",
                     "unknown contract \"%s\": the plugin has \"counter\"", w->actors[0].contract);
    sup_config_error(&l.errors, w->node, "plugin", "is no plugin\x1b[0m\xff");
    sup_config_error(&l.errors, w->node, "count", "is not there, so it is told at its object");
    sup_config_errors_name(&l.errors, "c.json");
    said = printed(&l.errors);
    assert_string_equal(
        said, "c.json:2:13: events: expected an integer from 64 to 65536, found 1\n"
              "c.json:4:3: workers[0].count: is not there, so it is told at its object\n"
              "c.json:4:28: workers[0].plugin: is no plugin\\x1B[0m?\n"
              "c.json:5:32: workers[0].actors[0].contract: unknown contract \"bank\": the plugin "
              "has \"counter\"\n"
              "c.json:6:16: workers[0].spin_us: expected an integer from 0 to 10000, found -1\n");
    free(said);
    end(&l);
}

static void errors_have_a_limit(void **state)
{
    char *text = calloc(1, 100000), *to = text + sprintf(text, "{ \"workers\": [] ");
    struct loaded l;

    (void)state;
    for (int i = 0; i < 1000; i++)
        to += sprintf(to, ",\n\"key%d\": 1", i);
    strcpy(to, "}");
    l = parse(text);
    assert_int_equal(l.result, AX_E_INVALID);
    assert_int_equal(l.errors.count, SUP_CONFIG_ERRORS_MAX);
    assert_int_equal(lines(l.said), SUP_CONFIG_ERRORS_MAX + 1);
    assert_non_null(strstr(l.said, ": 902 more mistakes are not shown\n"));
    end(&l);
    free(text);
}

/* Each allocation fails once: an error, no crash, nothing lost. */
static void memory_of(const char *text, int otherwise)
{
    struct loaded l;
    unsigned long n = 0;

    do {
        allocations = 0;
        fail_at = ++n;
        l = parse(text);
        fail_at = 0;
        if (allocations >= n) {
            assert_int_equal(l.result, -ENOMEM);
            assert_null(l.config);
            assert_non_null(strstr(l.said, "out of memory"));
        } else {
            assert_int_equal(l.result, otherwise);
        }
        end(&l);
    } while (allocations >= n);
    assert_true(n > 30);
}

static void memory(void **state)
{
    char *wrong = read_file("tests/conf-invalid/many-mistakes.json");

    (void)state;
    memory_of(all_keys, 0);
    memory_of(wrong, AX_E_INVALID);
    free(wrong);
}

static void file_too_large(void **state)
{
    char path[PATH_MAX + 16];
    struct loaded l;

    (void)state;
    snprintf(path, sizeof(path), "%s/large.json", folder);
    write_file(path, "{");
    assert_int_equal(truncate(path, 10 << 20), 0);
    l = load(path);
    assert_int_equal(l.result, AX_E_INVALID);
    assert_non_null(strstr(l.said, "/large.json:1:1: top level: the file is too large: a config "
                                   "has at most 1M (1048576 bytes)\n"));
    end(&l);
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");
    char path[PATH_MAX], plugin[PATH_MAX + 16];

    (void)state;
    snprintf(path, sizeof(path), "%s/ax-config.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(path) || !realpath(path, folder) || chmod(folder, 0755) != 0)
        return -1;
    snprintf(plugin, sizeof(plugin), "%s/counter.so", folder);
    write_file(plugin, "");
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = {"counter.so", "large.json"};
    char path[PATH_MAX + 16];

    (void)state;
    for (size_t i = 0; i < LEN(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(values),
        cmocka_unit_test(invalid),
        cmocka_unit_test(samples),
        cmocka_unit_test(plugin_places),
        cmocka_unit_test(users),
        cmocka_unit_test(run_dirs),
        cmocka_unit_test(errors_added_later),
        cmocka_unit_test(errors_have_a_limit),
        cmocka_unit_test(memory),
        cmocka_unit_test(file_too_large),
    };
    const char *root = getenv("AX_ROOT");

    if (root && chdir(root) != 0)
        return 1;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
