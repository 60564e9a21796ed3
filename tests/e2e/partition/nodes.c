/* SPDX-License-Identifier: MIT */
#include "tests/e2e/partition/partition.h"

#include "tests/e2e/stores/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT 4096

static struct {
    pid_t pid; /* axsup's; 0: it does not run */
    char config[256], control[256], log[256], step[256];
    int64_t *step_ns; /* shared with its processes */
} nodes[NODES];
static char axsup[512], plugin[512], stepped[512];

const char *node_name(unsigned node)
{
    static const char *const names[NODES] = {"a", "b", "c"};
    return names[node];
}

const char *node_control(unsigned node)
{
    return nodes[node].control;
}

/* ---- configs ---- */

/* Where a node finds another one: itself, or the proxy's door to it. */
static void set_address(char text[static 32], unsigned from, unsigned to, const unsigned pair[2])
{
    int door = from == pair[0] && to == pair[1] ? 1 : from == pair[1] && to == pair[0] ? 0 : -1;
    if (door < 0)
        snprintf(text, 32, "%s:%u", net_address(to), NODE_PORT);
    else
        snprintf(text, 32, HUB_ADDRESS ":%d", PROXY_PORT + door);
}

static void configure(unsigned node, uint64_t ttl_ms, const unsigned pair[2])
{
    char text[TEXT], name[16], one[32], two[32];
    const char *me = node_name(node);
    unsigned next = (node + 1) % NODES, last = (node + 2) % NODES;
    set_address(one, node, next, pair);
    set_address(two, node, last, pair);
    snprintf(name, sizeof name, "%s.json", me);
    snprintf(nodes[node].control, sizeof nodes[node].control, "%s/control", server_path(me));
    snprintf(nodes[node].log, sizeof nodes[node].log, "%s.log", server_path(me));
    snprintf(text, sizeof text,
             "{ \"system\": \"%s\", \"run_dir\": \"%s\", \"shutdown\": \"10s\",\n"
             "  \"cluster\": { \"node\": \"%s\", \"listen\": \"%s:%u\",\n"
             "    \"peers\": { \"%s\": \"%s\", \"%s\": \"%s\" },\n"
             "    \"token_file\": \"token\", \"store\": %s,\n"
             "    \"lease_ttl\": \"%lums\", \"lease_margin\": \"100ms\",\n"
             "    \"redial\": [\"50ms\", \"500ms\"],\n"
             "    \"registries\": [ { \"name\": \"cells\", \"shards\": 6 } ] },\n"
             "  \"workers\": [ { \"name\": \"cell\", \"plugin\": \"%s\",\n"
             "      \"registries\": [ { \"name\": \"cells\", \"contract\": \"cell\" } ] } ] }\n",
             me, server_path(me), me, net_address(node), NODE_PORT, node_name(next), one,
             node_name(last), two, store_config(), (unsigned long)ttl_ms, plugin);
    snprintf(nodes[node].config, sizeof nodes[node].config, "%s", server_file(name, text, 0600));
}

/* See tests/plugins/stepped.c. */
static void make_clock(unsigned node)
{
    char name[16];
    snprintf(name, sizeof name, "%s.step", node_name(node));
    snprintf(nodes[node].step, sizeof nodes[node].step, "%s", server_path(name));
    int fd = open(nodes[node].step, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    size_t size = sizeof *nodes[node].step_ns;
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
        server_give_up("%s: cannot be made", nodes[node].step);
    nodes[node].step_ns = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (nodes[node].step_ns == MAP_FAILED)
        server_give_up("%s: cannot be mapped", nodes[node].step);
    close(fd);
}

void node_step_clock(unsigned node, int64_t ns)
{
    *nodes[node].step_ns = ns;
}

/* AddressSanitizer wants to be loaded first, and does not mind who is loaded for the clock. */
static void allow_preload(void)
{
    const char *options = getenv("ASAN_OPTIONS");
    char text[TEXT];
    snprintf(text, sizeof text, "%s:verify_asan_link_order=0", options == NULL ? "" : options);
    setenv("ASAN_OPTIONS", text, 1);
}

void nodes_begin(uint64_t ttl_ms, const unsigned pair[2])
{
    const char *build = getenv("AX_BUILD");
    snprintf(axsup, sizeof axsup, "%s/axsup", build == NULL ? "build" : build);
    snprintf(plugin, sizeof plugin, "%s/tests/plugins/cell.so", build == NULL ? "build" : build);
    snprintf(stepped, sizeof stepped, "%s/tests/plugins/stepped.so",
             build == NULL ? "build" : build);
    const char *const args[] = {axsup, "keygen", "--token", server_path("token"), NULL};
    if (!server_run(args))
        server_give_up("%s keygen: see the log", axsup);
    proxy_begin(pair);
    allow_preload();
    for (unsigned i = 0; i < NODES; i++) {
        configure(i, ttl_ms, pair);
        make_clock(i);
        node_start(i);
    }
}

/* ---- their life ---- */

void node_start(unsigned node)
{
    const char *const args[] = {axsup, "run", nodes[node].config, NULL};
    if (nodes[node].pid != 0)
        return;
    setenv("CELL_NODE", node_name(node), 1);
    setenv("STEPPED", nodes[node].step, 1);
    setenv("LD_PRELOAD", stepped, 1);
    nodes[node].pid = net_spawn(node, args, nodes[node].log);
    unsetenv("LD_PRELOAD");
}

void node_kill(unsigned node)
{
    kill(nodes[node].pid, SIGKILL);
    waitpid(nodes[node].pid, NULL, 0);
    nodes[node].pid = 0;
}

bool node_stop(unsigned node)
{
    int status;
    const char *const args[] = {axsup, "stop", nodes[node].config, NULL};
    bool done = server_run(args);
    if (!done)
        kill(nodes[node].pid, SIGKILL);
    done = waitpid(nodes[node].pid, &status, 0) == nodes[node].pid && done && WIFEXITED(status);
    nodes[node].pid = 0;
    return done && WEXITSTATUS(status) == 0;
}

/* Whether it is a child of the node by that name. */
static bool is_process(pid_t pid, pid_t parent, const char *name)
{
    char path[64], comm[32] = "";
    int of = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool read = fscanf(file, "%*d (%31[^)]) %*c %d", comm, &of) == 2;
    fclose(file);
    return read && of == parent && strcmp(comm, name) == 0;
}

pid_t node_process(unsigned node, const char *name)
{
    pid_t found = 0;
    if (nodes[node].pid == 0 || strcmp(name, "axsup") == 0)
        return nodes[node].pid;
    DIR *proc = opendir("/proc");
    for (struct dirent *each; found == 0 && proc != NULL && (each = readdir(proc)) != NULL;) {
        pid_t pid = (pid_t)strtol(each->d_name, NULL, 10);
        if (pid > 0 && is_process(pid, nodes[node].pid, name))
            found = pid;
    }
    if (proc != NULL)
        closedir(proc);
    return found;
}
