/* SPDX-License-Identifier: MIT */
/* The control socket against a supervisor that is not there: this file defines what control*.c and
 * show*.c call, keeps a loop of its own over poll(2), and has its hand on the clock. */
#include "axsup/cluster.h"
#include "axsup/control_client.h"
#include "axsup/request.h"
#include "axsup/sup.h"
#include "libax/gateway.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(add, (i64, by))                                                                           \
    ASK(get, (), (i64, value))
#include <ax/contract.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define COUNTER SHM_REF(1, 1, 1)

/* ---- the supervisor that is not there ---- */

static struct {
    int fd;
    uint32_t mask;
    sup_fd_fn *fn;
    void *ctx;
} watched[256];

static struct sup sup;
static struct sup_slot slots[3];
static struct sup_worker_config entry = {.name = "counting", .count = 2};
static struct sup_config config = {.system = "demo", .max_message = 4096};
static struct sup_event happened[100];
static uint64_t n_happened, n_forgotten, now;
static sup_reply_fn *reply;
static void *reply_ctx;
static int send_error, forgotten, stops, killed;
static bool hurried;
static int64_t added;

int sup_loop_add(struct sup *s, int fd, uint32_t mask, sup_fd_fn *fn, void *ctx)
{
    size_t i = 0;

    (void)s;
    while (watched[i].fn && watched[i].fd != fd)
        assert_true(++i < LEN(watched));
    watched[i].fd = fd;
    watched[i].mask = mask;
    watched[i].fn = fn;
    watched[i].ctx = ctx;
    return 0;
}

void sup_loop_remove(struct sup *s, int fd)
{
    (void)s;
    for (size_t i = 0; i < LEN(watched); i++)
        if (watched[i].fn && watched[i].fd == fd)
            watched[i].fd = -1;
}

static struct sup_timer *timers[2];

void sup_timer_set(struct sup *s, struct sup_timer *timer, uint64_t at)
{
    (void)s;
    timer->at = at;
    timers[timers[0] && timers[0] != timer] = timer;
}

void sup_timer_clear(struct sup *s, struct sup_timer *timer)
{
    (void)s;
    timer->at = 0;
    for (size_t i = 0; i < LEN(timers); i++)
        timers[i] = timers[i] == timer ? NULL : timers[i];
}

uint64_t sup_now(const struct sup *s)
{
    (void)s;
    return now;
}

uint64_t sup_clock(void)
{
    return now;
}

void sup_log(enum ax_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

int sup_ask(struct sup *s, uint64_t ref, const struct ax_contract *contract, uint16_t method,
            const void *image, size_t size, uint64_t timeout_ns, sup_reply_fn *fn, void *ctx)
{
    (void)s;
    (void)image;
    assert_true(ref == COUNTER);
    assert_ptr_equal(contract, &counter_contract);
    assert_int_equal(method, counter_method_get);
    assert_int_equal(size, sizeof(struct counter_get));
    assert_true(timeout_ns > 0);
    if (send_error != 0)
        return send_error;
    reply = fn;
    reply_ctx = ctx;
    return 0;
}

void sup_ask_forget(struct sup *s, void *ctx)
{
    (void)s;
    forgotten += ctx == reply_ctx;
    reply = NULL;
}

int sup_tell(struct sup *s, uint64_t ref, const struct ax_contract *contract, uint16_t method,
             const void *image, size_t size)
{
    (void)s;
    (void)contract;
    assert_true(ref == COUNTER);
    assert_int_equal(method, counter_method_add);
    assert_int_equal(size, sizeof(struct counter_add));
    if (send_error == 0)
        added += ((const struct counter_add *)image)->by;
    return send_error;
}

struct sup_slot *sup_slot_find(struct sup *s, const char *name)
{
    for (uint32_t i = 0; i < s->n_slots; i++)
        if (strcmp(s->slots[i].name, name) == 0)
            return &s->slots[i];
    return NULL;
}

const char *sup_slot_state_name(enum shm_slot_state state)
{
    return state == SHM_SLOT_RUNNING ? "running" : "failed";
}

const char *sup_signal_name(int signal, char buffer[32])
{
    snprintf(buffer, 32, "SIG%s", sigabbrev_np(signal));
    return buffer;
}

bool sup_child_exists(const struct sup_slot *slot)
{
    return slot->pid != 0;
}

int sup_kill(struct sup *s, uint32_t slot, int signal)
{
    if (s->slots[slot].pid == 0)
        return AX_E_NO_ACTOR;
    killed = signal;
    return 0;
}

uint32_t sup_cluster_slot(const struct sup *s)
{
    (void)s;
    return 0;
}

int sup_restart(struct sup *s, uint32_t slot)
{
    (void)s;
    (void)slot;
    return 0;
}

static struct sup_template template;
static int reload_error;

int sup_reload(struct sup *s, struct sup_template *which)
{
    (void)s;
    assert_ptr_equal(which, &template);
    if (reload_error == 0)
        template.reload.phase = SUP_RELOAD_LOADING;
    return reload_error;
}

static const char *reload_why; /* NULL: the gateway is asked */

int sup_cluster_reload(struct sup *s, char *why, size_t room, sup_reply_fn *fn, void *ctx)
{
    (void)s;
    reply = fn;
    reply_ctx = ctx;
    snprintf(why, room, "%s", reload_why ? reload_why : "");
    return reload_why ? AX_E_INVALID : 0;
}

void sup_request_stop(struct sup *s, bool hurry)
{
    hurried = hurry;
    s->stop.phase = SUP_STOP_ASKED;
    stops++;
}

uint64_t sup_slot_mail(const struct sup *s, uint32_t slot)
{
    (void)s;
    return slot;
}

uint32_t sup_slot_actors(const struct sup *s, uint32_t slot)
{
    (void)s;
    return slot == 1;
}

uint64_t sup_slot_arena(const struct sup *s, uint32_t slot, uint64_t *limit)
{
    (void)s, (void)slot;
    *limit = 4096;
    return 64;
}

uint64_t sup_slot_late(const struct sup *s, uint32_t slot)
{
    (void)s, (void)slot;
    return 0;
}

uint64_t sup_slot_turns(const struct sup *s, uint32_t slot)
{
    (void)s;
    (void)slot;
    return 7;
}

const char *sup_actor_state_name(uint8_t state)
{
    return state == SHM_LIVE ? "live" : "closing";
}

const struct ax_contract *sup_record_names(const struct sup *s, uint64_t ref,
                                           char name[SHM_NAME_MAX + 1])
{
    (void)s;
    (void)ref;
    name[0] = '\0';
    return NULL;
}

const struct ax_contract *sup_contract_by_name(const struct sup *s, const char *name)
{
    (void)s;
    return strcmp(name, "counter") == 0 ? &counter_contract : NULL;
}

int sup_actor_lookup(struct sup *s, const char *who, uint64_t *ref,
                     const struct ax_contract **contract)
{
    (void)s;
    if (strcmp(who, "counter") != 0 && strcmp(who, "1.1.1") != 0)
        return AX_E_NO_ACTOR;
    *ref = COUNTER;
    if (contract)
        *contract = &counter_contract;
    return 0;
}

int sup_actor_info(struct sup *s, uint64_t ref, struct sup_actor *out)
{
    static const struct ax_field fields[] = {{"n", AX_TYPE_I64, 0, 0, 8, 0, NULL, NULL}};
    static const struct ax_layout kept = {"counter", 8, 1, fields, false, true};

    (void)s;
    *out = (struct sup_actor){.ref = ref,
                              .name = "counter",
                              .contract = &counter_contract,
                              .kept = &kept,
                              .slot = 1,
                              .state = SHM_LIVE,
                              .incarnation = 2,
                              .mail = 1,
                              .capacity = 256,
                              .turns = 7,
                              .idle_ns = 5};
    return 0;
}

int sup_actors(struct sup *s, uint32_t slot, int (*fn)(void *ctx, const struct sup_actor *actor),
               void *ctx)
{
    struct sup_actor actor;

    (void)sup_actor_info(s, COUNTER, &actor);
    return slot == 1 ? fn(ctx, &actor) : 0;
}

int sup_actor_state(struct sup *s, uint64_t ref, void *buf, size_t *size)
{
    (void)s;
    (void)ref;
    memcpy(buf, &(int64_t){42}, sizeof(int64_t));
    *size = sizeof(int64_t);
    return 0;
}

const char *sup_what_name(enum sup_what what)
{
    static const char *const names[] = {
#define WHAT_NAME(name, text) text,
        SUP_WHATS(WHAT_NAME)
#undef WHAT_NAME
    };
    return names[what];
}

int sup_event_since(struct sup *s, uint64_t seq, sup_event_fn *fn, void *ctx)
{
    int stop = 0;

    (void)s;
    for (uint64_t i = seq > n_forgotten ? seq : n_forgotten; i < n_happened && stop == 0; i++)
        stop = fn(ctx, &happened[i % LEN(happened)]);
    return stop;
}

int sup_letter_since(struct sup *s, uint64_t seq, sup_event_fn *fn, void *ctx)
{
    return sup_event_since(s, seq, fn, ctx);
}

uint64_t sup_letter_count(struct sup *s)
{
    (void)s;
    return 3;
}

/* ---- the stage ---- */

static char folder[64];
static struct sup_control *control;

static struct sup_event *happen(enum sup_what what)
{
    struct sup_event *event = &happened[n_happened % LEN(happened)];

    n_happened++;
    *event = (struct sup_event){.seq = n_happened,
                                .at = 1767225600000000000 + n_happened,
                                .what = what,
                                .slot = 1,
                                .incarnation = 1};
    if (n_happened - n_forgotten > LEN(happened))
        n_forgotten++;
    sup.events.seq = n_happened;
    return event;
}

/* Runs the loop until nothing is ready. */
static void spin(void)
{
    uint32_t rounds = 0;

    for (bool any = true; any;) {
        assert_true(rounds++ < 100000);
        any = false;
        for (size_t i = 0; i < LEN(timers); i++)
            if (timers[i] && timers[i]->at != 0 && timers[i]->at <= now) {
                timers[i]->at = 0;
                timers[i]->fn(timers[i]->ctx);
            }
        for (size_t i = 0; i < LEN(watched) && watched[i].fn; i++) {
            struct pollfd p = {.fd = watched[i].fd, .events = (short)watched[i].mask};

            if (poll(&p, 1, 0) > 0) {
                watched[i].fn(watched[i].ctx, (uint32_t)p.revents);
                any = true;
            }
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");

    snprintf(folder, sizeof(folder), "%s/ctl.XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return -1;
    config.run_dir = folder;
    slots[0] = (struct sup_slot){.name = "axsup"};
    for (uint32_t i = 1; i < 3; i++)
        slots[i] = (struct sup_slot){.number = i,
                                     .config = &entry,
                                     .state = SHM_SLOT_RUNNING,
                                     .been_ready = true,
                                     .pid = 100,
                                     .child.stat = -1,
                                     .template = &template,
                                     .incarnation = 1};
    strcpy(slots[1].name, "counting/0");
    strcpy(slots[2].name, "counting/1");
    sup = (struct sup){.config = &config, .slots = slots, .n_slots = 3};
    memset(watched, 0, sizeof(watched));
    memset(timers, 0, sizeof(timers));
    n_happened = n_forgotten = 0;
    send_error = forgotten = stops = killed = 0;
    added = 0;
    reply = NULL;
    now = 1000000000000;
    if (sup_control_open(&control, &sup) != 0)
        return -1;
    control->begun = true;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    control = sup_control_close(control);
    return rmdir(folder);
}

static int knock(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", folder);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static int dial(void)
{
    int fd = knock();

    spin();
    return fd;
}

static void say(int fd, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t n = send(fd, text, left, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n > 0) {
            text += n;
            left -= (size_t)n;
        } else if (n < 0 && errno != EAGAIN) {
            return;
        }
        spin();
    }
}

/* What is there to be read now. */
static const char *hear(int fd)
{
    static char text[1 << 20];
    size_t size = 0;

    spin();
    for (ssize_t n; (n = recv(fd, text + size, sizeof(text) - size - 1, MSG_DONTWAIT)) > 0; spin())
        size += (size_t)n;
    text[size] = '\0';
    return text;
}

static bool is_closed(int fd)
{
    char byte;

    spin();
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void expect(const char *request, const char *answer)
{
    int fd = dial();

    say(fd, request);
    assert_string_equal(hear(fd), answer);
    close(fd);
    spin();
}

#define REFUSED(error, message)                                                                    \
    "{\"ok\":false,\"error\":\"" error "\",\"message\":\"" message "\"}\n"
#define MISUSED(message)                                                                           \
    "{\"ok\":false,\"error\":\"AX_E_INVALID\",\"message\":\"" message "\",\"usage\":true}\n"

/* ---- tests ---- */

static void socket_is_private(void **state)
{
    char path[128];
    struct stat st;

    (void)state;
    snprintf(path, sizeof(path), "%s/control", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0600);
    /* What a dead system left is replaced. */
    struct sup_control *other;
    assert_int_equal(sup_control_open(&other, &sup), 0);
    sup_control_close(other);
    assert_int_equal(stat(path, &st), -1);
}

/* Whoever has opened the door for others: they get no answer. */
static void others_are_not_heard(void **state)
{
    char path[128];

    (void)state;
    if (geteuid() != 0)
        skip(); /* we cannot be anybody else */
    snprintf(path, sizeof(path), "%s/control", folder);
    assert_int_equal(chmod(folder, 0711), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(seteuid(65534), 0);
    int fd = knock(); /* the kernel remembers who that was */
    assert_int_equal(seteuid(0), 0);
    assert_true(is_closed(fd));
    close(fd);
    fd = dial();
    say(fd, "{\"command\":\"status\"}\n");
    assert_non_null(strstr(hear(fd), "\"system\":\"demo\""));
    close(fd);
}

static void documents(void **state)
{
    (void)state;
    slots[2].last_exit = (struct sup_exit){
        .at = 1767225600000000001, .reason = AX_SIGNAL, .signal = 11, .suspect = COUNTER};
    strcpy(slots[2].last_exit.suspect_name, "counter");
    strcpy(slots[2].last_exit.message, "add");
    sup.started_at = now - 5;
    int fd = dial();
    say(fd, "{\"command\":\"status\"}\n");
    const char *text = hear(fd);
    assert_non_null(
        strstr(text, "{\"ok\":true,\"result\":{\"system\":\"demo\",\"node\":null,\"pid\":"));
    assert_non_null(strstr(
        text,
        ",\"uptime_ns\":5,\"state\":\"running\",\"deadletters\":3,\"listen\":[],\"workers\":["
        "{\"name\":\"counting/0\",\"slot\":1,\"pid\":100,\"state\":\"running\","
        "\"incarnation\":1,\"restarts\":0,\"actors\":1,\"mail\":1,\"turns\":7,\"late_replies\":0,"
        "\"arena_used\":64,\"arena_max\":4096,\"halted\":false,"
        "\"last_exit\":null},{"));
    assert_non_null(
        strstr(text, "\"last_exit\":{\"at\":\"2026-01-01T00:00:00.000000001Z\",\"reason\":"
                     "\"signal\",\"signal\":\"SIGSEGV\",\"code\":null,\"suspect\":\"counter\","
                     "\"message\":\"add\",\"hung\":false,\"why\":null}}]}}\n"));
    close(fd);
    expect("{\"command\":\"actors\"}\n",
           "{\"ok\":true,\"result\":[{\"name\":\"counter\",\"ref\":\"1.1.1\",\"contract\":"
           "\"counter\",\"worker\":\"counting/0\",\"state\":\"live\",\"incarnation\":2,\"mail\":1,"
           "\"control_mail\":0,\"capacity\":256,\"turns\":7,\"failures\":0,\"suspended_on\":null,"
           "\"idle_ns\":5,\"silence_ns\":0,\"busy_ns\":0,\"in_flight\":0,\"restarts\":0,"
           "\"slow\":0}]}\n");
    expect("{\"command\":\"actors\",\"sort\":\"mail\",\"limit\":1,\"name\":\"cou\","
           "\"state\":\"live\",\"min_mail\":1}\n",
           "{\"ok\":true,\"result\":[{\"name\":\"counter\",\"ref\":\"1.1.1\",\"contract\":"
           "\"counter\",\"worker\":\"counting/0\",\"state\":\"live\",\"incarnation\":2,\"mail\":1,"
           "\"control_mail\":0,\"capacity\":256,\"turns\":7,\"failures\":0,\"suspended_on\":null,"
           "\"idle_ns\":5,\"silence_ns\":0,\"busy_ns\":0,\"in_flight\":0,\"restarts\":0,"
           "\"slow\":0}]}\n");
    expect("{\"command\":\"actors\",\"min_mail\":2}\n", "{\"ok\":true,\"result\":[]}\n");
    expect("{\"command\":\"actors\",\"name\":\"x\"}\n", "{\"ok\":true,\"result\":[]}\n");
    expect("{\"command\":\"actors\",\"state\":\"suspended\"}\n", "{\"ok\":true,\"result\":[]}\n");
    expect("{\"command\":\"actors\",\"worker\":\"counting/1\"}\n", "{\"ok\":true,\"result\":[]}\n");
    expect("{\"command\":\"actors\",\"contract\":\"bank\"}\n",
           REFUSED("AX_E_INVALID", "no plugin implements a contract \\\"bank\\\""));
    expect(
        "{\"command\":\"actors\",\"contract\":\"counter\",\"state\":\"foo\"}\n",
        MISUSED("no such state \\\"foo\\\": expected one of live, suspended, restarting, passive, "
                "closing, down, failed"));
    expect(
        "{\"command\":\"actors\",\"sort\":\"state\"}\n",
        MISUSED("no such order \\\"state\\\": expected one of mail, turns, busy, slow, failures, "
                "restarts, idle, silence, active"));
    expect("{\"command\":\"actors\",\"worker\":\"countin\"}\n",
           REFUSED("AX_E_INVALID", "there is no worker \\\"countin\\\"; did you mean "
                                   "\\\"counting\\\"?"));
    expect("{\"command\":\"state\",\"actor\":\"counter\"}\n",
           "{\"ok\":true,\"result\":{\"n\":42}}\n");
    expect("{\"command\":\"contracts\"}\n", "{\"ok\":true,\"result\":[]}\n");
}

static void messages(void **state)
{
    (void)state;
    expect("{\"command\":\"send\",\"actor\":\"counter\",\"message\":\"add\",\"args\":"
           "\"{\\\"by\\\":5}\"}\n",
           "{\"ok\":true,\"result\":{}}\n");
    expect("{\"command\":\"call\",\"actor\":\"1.1.1\",\"message\":\"add\",\"args\":"
           "\"{\\\"by\\\":-2}\"}\n",
           "{\"ok\":true,\"result\":{}}\n");
    assert_true(added == 3);
    expect("{\"command\":\"send\",\"actor\":\"counter\",\"message\":\"get\"}\n",
           REFUSED("AX_E_INVALID", "counter.get has a reply: use \\\"axsup call\\\""));
    expect("{\"command\":\"call\",\"actor\":\"countr\",\"message\":\"get\"}\n",
           REFUSED("AX_E_NO_ACTOR",
                   "there is no actor \\\"countr\\\"; did you mean \\\"counter\\\"?"));
    expect("{\"command\":\"call\",\"actor\":\"counter\",\"message\":\"gt\"}\n",
           REFUSED("AX_E_INVALID", "counter has no message \\\"gt\\\"; it has: add, get"));
    expect("{\"command\":\"call\",\"actor\":\"counter\",\"message\":\"add\"}\n",
           MISUSED("counter.add: by: missing; the field is of type i64"));
    expect("{\"command\":\"call\",\"actor\":\"counter\",\"message\":\"add\",\"args\":\"{\"}\n",
           MISUSED(
               "counter.add: column 2: expected ',' or '}', found the end of the file: an object "
               "was opened at line 1 column 1; a JSON object is expected, such as {\\\"by\\\":0}"));
    send_error = AX_E_FULL;
    expect("{\"command\":\"call\",\"actor\":\"counter\",\"message\":\"get\"}\n",
           REFUSED("AX_E_FULL", "counter.get: mailbox full"));
    assert_true(added == 3);
}

static void replies(void **state)
{
    struct counter_get_reply body = {.value = 3};
    int fd = dial();

    (void)state;
    /* Two requests at once are answered one after the other. */
    say(fd, "{\"command\":\"call\",\"actor\":\"counter\",\"message\":\"get\"}\n"
            "{\"command\":\"call\",\"actor\":\"counter\",\"message\":\"get\"}\n");
    assert_string_equal(hear(fd), "");
    reply(reply_ctx, 0, &body, sizeof(body));
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":{\"value\":3}}\n");
    reply(reply_ctx, AX_E_TIMEOUT, NULL, 0);
    assert_string_equal(hear(fd), REFUSED("AX_E_TIMEOUT", "counter.get: timed out"));
    /* Who goes away while an actor works on the reply is forgotten. */
    say(fd, "{\"command\":\"call\",\"actor\":\"counter\",\"message\":\"get\"}\n");
    close(fd);
    spin();
    assert_int_equal(forgotten, 1);
}

static void signals(void **state)
{
    (void)state;
    expect("{\"command\":\"kill\",\"worker\":\"counting/1\",\"signal\":15}\n",
           "{\"ok\":true,\"result\":{}}\n");
    assert_int_equal(killed, 15);
    expect("{\"command\":\"kill\",\"worker\":\"counting\"}\n",
           REFUSED("AX_E_INVALID", "counting has 2 workers: name one, counting/0 to counting/1"));
    expect("{\"command\":\"kill\",\"worker\":\"axsup\"}\n",
           REFUSED("AX_E_INVALID", "there is no worker \\\"axsup\\\""));
    slots[1].pid = 0;
    slots[1].state = SHM_SLOT_FAILED;
    expect("{\"command\":\"kill\",\"worker\":\"counting/0\"}\n",
           REFUSED("AX_E_NO_ACTOR", "counting/0 has no process: it has failed"));
}

/* However many events there are, the slot itself says how it went. */
static void restart_waits(void **state)
{
    static const char again[] = "{\"command\":\"restart\",\"worker\":\"counting/0\"}\n";
    int fd = dial();

    (void)state;
    slots[1].child.ready_once = true;
    say(fd, again);
    sup_control_events(control);
    assert_string_equal(hear(fd), "");
    slots[1].incarnation++; /* it starts */
    slots[1].child.ready_once = false;
    for (int i = 0; i < 1000; i++)
        happen(SUP_ACTOR_STARTED);
    sup_control_events(control);
    assert_string_equal(hear(fd), "");
    slots[1].child.ready_once = true;
    sup_control_events(control);
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":{}}\n");
    close(fd);
}

static void restart_fails(void **state)
{
    static const char again[] = "{\"command\":\"restart\",\"worker\":\"counting/0\"}\n";
    int fd = dial();

    (void)state;
    slots[1].pid = 0;
    slots[1].state = SHM_SLOT_FAILED;
    slots[1].child.timer.at = 1; /* its memory is emptied first */
    say(fd, again);
    sup_control_events(control);
    assert_string_equal(hear(fd), "");
    slots[1].child.timer.at = 0;
    slots[1].last_exit.reason = AX_SIGNAL;
    sup_control_events(control);
    assert_string_equal(hear(fd), REFUSED("", "counting/0 has failed: signal"));
    close(fd);
}

static void reload_waits(void **state)
{
    static const char of_entry[] = "{\"command\":\"reload\",\"worker\":\"counting\"}\n";
    static const char of_worker[] = "{\"command\":\"reload\",\"worker\":\"counting/1\"}\n";
    static struct sup_worker_config config_of = {.name = "counting"};
    int fd = dial();

    (void)state;
    template.config = &config_of;
    say(fd, of_entry);
    sup_control_events(control);
    assert_string_equal(hear(fd), "");
    template.reload.phase = SUP_RELOAD_MOVING;
    sup_control_events(control);
    assert_string_equal(hear(fd), "");
    template.reload.phase = SUP_RELOAD_NONE;
    sup_control_events(control);
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":{}}\n");
    say(fd, of_worker);
    template.reload = (struct sup_reload){.error = AX_E_WRONG_CONTRACT, .why = "it has another"};
    sup_control_events(control);
    assert_string_equal(hear(fd), REFUSED("AX_E_WRONG_CONTRACT", "counting: it has another"));
    close(fd);
    reload_error = AX_E_NOT_ALLOWED;
    expect(of_entry,
           REFUSED("AX_E_NOT_ALLOWED", "counting: its plugin is being loaded anew already"));
    reload_error = 0;
    expect("{\"command\":\"reload\",\"worker\":\"countin\"}\n",
           REFUSED("AX_E_INVALID",
                   "there is no worker \\\"countin\\\"; did you mean \\\"counting\\\"?"));
}

/* The gateway's plugin is not loaded anew: it is told whom to know. */
static void gateway_learns(void **state)
{
    static const char request[] = "{\"command\":\"reload\",\"worker\":\"counting\"}\n";
    static const struct sup_json cluster;
    struct {
        struct gateway_learn_reply fixed;
        char why[8];
    } body = {.why = "no room"};
    int fd = dial();

    (void)state;
    config.cluster.json = &cluster;
    config.workers = &entry;
    config.n_workers = 1;
    template.config = &entry;
    say(fd, request);
    assert_string_equal(hear(fd), "");
    reply(reply_ctx, 0, &body, sizeof(body));
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":{}}\n");
    say(fd, request);
    body.fixed.error = AX_E_LIMIT;
    body.fixed.why = (struct ax_str){.off = body.why - (char *)&body.fixed.why, .len = 7};
    reply(reply_ctx, 0, &body, sizeof(body));
    assert_string_equal(hear(fd),
                        REFUSED("AX_E_LIMIT", "gateway: no room; its next process begins with "
                                              "what the config says by now"));
    say(fd, request);
    reply(reply_ctx, AX_E_CANCELED, NULL, 0);
    assert_non_null(strstr(hear(fd), "\"AX_E_CANCELED\",\"message\":\"gateway: "));
    reload_why = "a.json:1:2: cluster.node: other";
    say(fd, request);
    assert_string_equal(hear(fd), MISUSED("a.json:1:2: cluster.node: other"));
    reload_why = NULL;
    config.cluster.json = NULL;
    close(fd);
}

/* Clients may come before the workers run; the one that wants to stop it all does not wait. */
static void early_clients_wait(void **state)
{
    int fd = dial();

    (void)state;
    control->begun = false;
    slots[1].state = SHM_SLOT_STARTING;
    slots[1].been_ready = false;
    say(fd, "{\"command\":\"deadletters\"}\n");
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":[]}\n");
    say(fd, "{\"command\":\"state\",\"actor\":\"counter\"}\n");
    sup_control_events(control);
    assert_string_equal(hear(fd), "");
    slots[1].state = SHM_SLOT_BACKOFF; /* the second try comes */
    sup_control_events(control);
    assert_string_equal(hear(fd), "");
    slots[1].been_ready = true;
    sup_control_events(control);
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":{\"n\":42}}\n");
    control->begun = false;
    slots[1].been_ready = false;
    say(fd, "{\"command\":\"state\",\"actor\":\"counter\"}\n");
    assert_string_equal(hear(fd), "");
    control->timer.fn(control->timer.ctx); /* some day it is said what is there */
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":{\"n\":42}}\n");
    close(fd);
}

static void stop_waits(void **state)
{
    int fd = dial();

    (void)state;
    say(fd, "{\"command\":\"stop\",\"now\":true}\n");
    assert_int_equal(stops, 1);
    assert_true(hurried);
    assert_string_equal(hear(fd), "");
    sup.stop.killed = 1;
    sup.stop.left = 5;
    control = sup_control_close(control);
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":{\"killed\":1,\"left\":5}}\n");
    assert_true(is_closed(fd));
    close(fd);
}

static void events_are_followed(void **state)
{
    int fd = dial();

    (void)state;
    struct sup_event *down = happen(SUP_WORKER_DOWN);
    down->reason = AX_SIGNAL;
    down->signal = 9;
    down->will_restart = true;
    say(fd, "{\"command\":\"events\",\"follow\":true}\n");
    assert_string_equal(hear(fd),
                        "{\"ok\":true,\"result\":null}\n"
                        "{\"at\":\"2026-01-01T00:00:00.000000001Z\",\"event\":\"worker_down\","
                        "\"worker\":\"counting/0\",\"incarnation\":1,\"reason\":\"signal\","
                        "\"signal\":\"SIGKILL\",\"code\":null,\"hung\":false,\"suspect\":null,"
                        "\"message\":null,\"will_restart\":true,\"lost\":0}\n");
    struct sup_event *letter = happen(SUP_DEADLETTER);
    letter->error = AX_E_CANCELED;
    letter->actor = COUNTER;
    strcpy(letter->message, "add");
    sup_control_events(control);
    assert_string_equal(hear(fd),
                        "{\"at\":\"2026-01-01T00:00:00.000000002Z\",\"event\":\"deadletter\","
                        "\"worker\":\"counting/0\",\"sender\":null,\"target\":\"1.1.1\","
                        "\"contract\":null,\"message\":\"add\",\"reason\":\"canceled\","
                        "\"error\":\"AX_E_CANCELED\"}\n");
    sup_control_events(control);
    assert_string_equal(hear(fd), "");
    close(fd);
    spin();
}

static void slow_follower(void **state)
{
    int slow = dial(), quick = dial();
    uint64_t missed = 0, lines = 0;
    unsigned long long n;

    (void)state;
    say(slow, "{\"command\":\"events\",\"follow\":true}\n");
    for (int i = 0; i < 20000; i++) {
        happen(SUP_OVERLOAD_ON);
        sup_control_events(control);
        if (i % 1000 == 0) {
            spin();
            say(quick, "{\"command\":\"state\",\"actor\":\"counter\"}\n");
            assert_string_equal(hear(quick), "{\"ok\":true,\"result\":{\"n\":42}}\n");
        }
    }
    /* It gets all that is still remembered, and is told how much is not. */
    for (const char *text = hear(slow), *line = text; *line;) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        lines += strncmp(line, "{\"at\":", 6) == 0;
        if (sscanf(line, "{\"missed\":%llu}", &n) == 1)
            missed += n;
        line = end + 1;
    }
    assert_true(missed > 0);
    assert_true(missed + lines == 20000);
    close(slow);
    close(quick);
}

static void too_many(void **state)
{
    int fd[SUP_CONTROL_CLIENTS];

    (void)state;
    for (size_t i = 0; i < LEN(fd); i++)
        fd[i] = dial();
    /* The next one waits, until a place is free. */
    int waits = dial();
    say(waits, "{\"command\":\"actors\",\"name\":\"x\"}\n");
    assert_string_equal(hear(waits), "");
    close(fd[4]);
    assert_string_equal(hear(waits), "{\"ok\":true,\"result\":[]}\n");
    fd[4] = waits;
    /* One that waits for an actor keeps its place however long, one that is idle does not. */
    say(fd[0], "{\"command\":\"call\",\"actor\":\"counter\",\"message\":\"get\"}\n");
    now += SUP_CONTROL_IDLE_NS;
    say(fd[1], "{\"command\":");
    now += 1;
    expect("{\"command\":\"actors\",\"name\":\"x\"}\n", "{\"ok\":true,\"result\":[]}\n");
    assert_false(is_closed(fd[0]));
    assert_false(is_closed(fd[1]));
    assert_true(is_closed(fd[2]));
    assert_false(is_closed(fd[3]));
    /* After a longer silence it loses its place whether somebody wants it or not. */
    now += SUP_CONTROL_SILENT_NS;
    assert_true(is_closed(fd[3]));
    assert_false(is_closed(fd[0]));
    for (size_t i = 0; i < LEN(fd); i++)
        close(fd[i]);
    spin();
}

/* Hundreds that connect and say nothing do not keep others out, nor take the place of who has
 * asked before. */
static void mute(void **state)
{
    int fd[SUP_CONTROL_CLIENTS + 20], asked = dial();

    (void)state;
    say(asked, "{\"command\":\"actors\",\"name\":\"x\"}\n");
    assert_string_equal(hear(asked), "{\"ok\":true,\"result\":[]}\n");
    for (size_t i = 0; i < LEN(fd); i++)
        fd[i] = dial();
    int waits = dial();
    say(waits, "{\"command\":\"actors\",\"name\":\"x\"}\n");
    assert_string_equal(hear(waits), "");
    now += SUP_CONTROL_MUTE_NS - 1;
    assert_string_equal(hear(waits), "");
    assert_false(is_closed(fd[0]));
    now += 1;
    assert_string_equal(hear(waits), "{\"ok\":true,\"result\":[]}\n");
    assert_true(is_closed(fd[0]));
    assert_false(is_closed(fd[LEN(fd) - 1]));
    assert_false(is_closed(asked));
    for (size_t i = 0; i < LEN(fd); i++)
        close(fd[i]);
    close(waits);
    close(asked);
    spin();
}

static void limit_files(rlim_t most)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Who comes when there is no descriptor is turned away; or waits, where not even that can be. */
static void descriptors(void **state)
{
    struct rlimit before;
    int fd = knock(), next = dup(fd);

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    close(next);
    limit_files((rlim_t)next);
    assert_string_equal(hear(fd), REFUSED("AX_E_LIMIT", "the system has no descriptor left"));
    assert_true(is_closed(fd));
    close(fd);
    limit_files(before.rlim_cur);
    fd = knock();
    limit_files(3); /* nor can the spare one be had again */
    spin();
    limit_files(before.rlim_cur);
    assert_false(is_closed(fd));
    say(fd, "{\"command\":\"actors\",\"name\":\"x\"}\n");
    assert_string_equal(hear(fd), "");
    now += 1000000000;
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":[]}\n");
    close(fd);
    spin();
}

static void too_long(void **state)
{
    char *text = malloc(SUP_CONTROL_REQUEST_MAX + 2);
    int fd = dial();

    (void)state;
    memset(text, ' ', SUP_CONTROL_REQUEST_MAX);
    strcpy(text + SUP_CONTROL_REQUEST_MAX - 24, "{\"command\":\"contracts\"}\n");
    assert_int_equal(strlen(text), SUP_CONTROL_REQUEST_MAX);
    say(fd, text);
    assert_string_equal(hear(fd), "{\"ok\":true,\"result\":[]}\n");
    memset(text, ' ', SUP_CONTROL_REQUEST_MAX + 1);
    text[SUP_CONTROL_REQUEST_MAX + 1] = '\0';
    say(fd, text);
    assert_string_equal(hear(fd), REFUSED("AX_E_TOO_BIG", "a request has at most 1048575 bytes"));
    assert_true(is_closed(fd));
    close(fd);
    free(text);
}

static void many_at_once(void **state)
{
    static char text[24 * 1000 + 1];
    int fd = dial(), other = dial(), answers = 0;

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        snprintf(text + 24 * i, sizeof(text) - 24 * i, "{\"command\":\"contracts\"}\n");
    say(fd, text);
    for (const char *line = hear(fd); *line; line = strchr(line, '\n') + 1)
        answers++;
    assert_int_equal(answers, 1000);
    close(fd);
    /* Who asks and does not listen any more still has been heard. */
    say(other, "{\"command\":\"send\",\"actor\":\"counter\",\"message\":\"add\",\"args\":"
               "\"{\\\"by\\\":1}\"}\n");
    shutdown(other, SHUT_WR);
    assert_string_equal(hear(other), "{\"ok\":true,\"result\":{}}\n");
    assert_true(is_closed(other));
    assert_true(added == 1);
    close(other);
}

/* A text of n bytes made of `part` again and again. */
static char *repeated(const char *part, size_t n)
{
    char *text = malloc(n + 1);

    for (size_t i = 0; i < n; i++)
        text[i] = part[i % strlen(part)];
    text[n] = '\0';
    return text;
}

static void requests(void **state)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "column 1: "},
        {"null", "a request is a JSON object"},
        {"[]", "a request is a JSON object"},
        {"{}", "a request names its \"command\""},
        {"{\"command\":1}", "a request names its \"command\""},
        {"{\"command\":\"statsu\"}", "there is no command \"statsu\"; did you mean \"status\"?"},
        {"{\"command\":\"status\",\"actor\":\"a\"}", "\"status\" takes no \"actor\""},
        {"{\"command\":\"status\",\"x\":null}", "\"status\" takes no \"x\""},
        {"{\"command\":\"state\"}", "\"state\" needs \"actor\""},
        {"{\"command\":\"call\",\"actor\":\"a\"}", "\"call\" needs \"message\""},
        {"{\"command\":\"state\",\"actor\":1}", "\"actor\" must be a string, not an integer"},
        {"{\"command\":\"state\",\"actor\":{}}", "a request is one JSON object without objects"},
        {"{\"command\":\"kill\",\"worker\":\"w\",\"signal\":65}", "\"signal\" must be an integer"},
        {"{\"command\":\"kill\",\"worker\":\"w\",\"signal\":-1}", "\"signal\" must be an integer"},
        {"{\"command\":\"kill\",\"worker\":\"w\",\"signal\":9.5}", "\"signal\" must be an int"},
        {"{\"command\":\"kill\",\"worker\":\"w\",\"signal\":99999999999999999999}", "must be an"},
        {"{\"command\":\"events\",\"follow\":1}", "\"follow\" must be true or false"},
        {"{\"command\":\"status\",\"command\":\"stop\"}", "column "},
        {"{\"command\":\"state\",\"actor\":\"a\\u0000\"}", "column "},
        {"{\"command\":\"state\",\"actor\":\"\xff\"}", "column "},
        {"{\"command\":\"status\"", "column "},
        {"{\"command\":\"status\"} {}", "a request is one JSON object without"},
        {"{\"command\":\"status\"} x", "column "},
    };
    char why[SUP_REQUEST_WHY_MAX];
    struct sup_request request;

    (void)state;
    for (size_t i = 0; i < LEN(bad); i++) {
        assert_int_equal(sup_request_parse(bad[i].text, strlen(bad[i].text), &request, why),
                         AX_E_INVALID);
        if (!strstr(why, bad[i].why))
            fail_msg("%s: said \"%s\", not \"%s\"", bad[i].text, why, bad[i].why);
        sup_request_deinit(&request);
    }
    static const char *const bombs[] = {"[",  "{\"\":", "{\"a\":1,",    "\"",
                                        "\\", "1,",     "{\"a\",\"b\"}"};
    for (size_t i = 0; i < LEN(bombs); i++) {
        char *text = repeated(bombs[i], 1 << 20);
        assert_int_equal(sup_request_parse(text, 1 << 20, &request, why), AX_E_INVALID);
        sup_request_deinit(&request);
        free(text);
    }
}

static void a_request(void **state)
{
    static const char text[] =
        "{ \"timeout_ns\" : 250000000, \"command\":\"call\",\"actor\":\"\\u00e4\",\"message\":"
        "\"get\",\"args\":\"{\\\"a\\\":[{}]}\"}";
    char why[SUP_REQUEST_WHY_MAX];
    struct sup_request request;

    (void)state;
    assert_int_equal(sup_request_parse(text, strlen(text), &request, why), 0);
    assert_int_equal(request.command, SUP_REQUEST_CALL);
    assert_string_equal(sup_request_name(request.command), "call");
    assert_string_equal(request.actor, "\xc3\xa4");
    assert_string_equal(request.message, "get");
    assert_string_equal(request.args, "{\"a\":[{}]}");
    assert_true(request.timeout_ns == 250000000);
    sup_request_deinit(&request);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(a_request),
        STAGED(socket_is_private),
        STAGED(others_are_not_heard),
        STAGED(documents),
        STAGED(messages),
        STAGED(replies),
        STAGED(signals),
        STAGED(restart_waits),
        STAGED(restart_fails),
        STAGED(reload_waits),
        STAGED(gateway_learns),
        STAGED(early_clients_wait),
        STAGED(stop_waits),
        STAGED(events_are_followed),
        STAGED(slow_follower),
        STAGED(too_many),
        STAGED(mute),
        STAGED(descriptors),
        STAGED(too_long),
        STAGED(many_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
