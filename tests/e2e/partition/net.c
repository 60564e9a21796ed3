/* SPDX-License-Identifier: MIT */
#include "tests/e2e/partition/partition.h"

#include "tests/e2e/stores/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define TEXT 2048

static int hub = -1, spaces[NODES];

static const char filter[] = "table inet faults {\n"
                             "  set deaf { type ipv4_addr; }\n"
                             "  set mute { type ipv4_addr; }\n"
                             "  chain in { type filter hook input priority 0;\n"
                             "    ip saddr @deaf drop; }\n"
                             "  chain out { type filter hook output priority 0;\n"
                             "    ip daddr @mute drop; }\n"
                             "}\n";

static int current_space(void)
{
    return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void enter(int space)
{
    if (setns(space, CLONE_NEWNET) != 0)
        server_give_up("setns: %s", strerror(errno));
}

const char *net_address(unsigned node)
{
    static char addresses[NODES][16];
    snprintf(addresses[node], sizeof addresses[node], "10.77.0.%u", 11 + node);
    return addresses[node];
}

/* ---- setting up ---- */

static bool ip_batch(const char *name, const char *text)
{
    const char *const args[] = {"ip", "-batch", server_file(name, text, 0600), NULL};
    return server_run(args);
}

static bool make_hub(void)
{
    return ip_batch("hub", "link set lo up\n"
                           "link add hub type bridge\n"
                           "addr add " HUB_ADDRESS "/24 dev hub\n"
                           "addr add " STORE_ADDRESS "/24 dev hub\n"
                           "link set hub up\n");
}

/* In the namespace that is entered last, so that the bridge is left for it. */
static bool make_node(unsigned node)
{
    char text[TEXT];
    if (unshare(CLONE_NEWNET) != 0)
        return false;
    spaces[node] = current_space();
    enter(hub);
    snprintf(text, sizeof text,
             "link add n%u type veth peer name eth netns /proc/%d/fd/%d\n"
             "link set n%u master hub\n"
             "link set n%u up\n",
             node, (int)getpid(), spaces[node], node, node);
    bool made = ip_batch("link", text);
    enter(spaces[node]);
    snprintf(text, sizeof text, "link set lo up\naddr add %s/24 dev eth\nlink set eth up\n",
             net_address(node));
    made = made && ip_batch("node", text);
    const char *const args[] = {"nft", "-f", server_file("filter", filter, 0600), NULL};
    made = made && server_run(args);
    enter(hub);
    return made;
}

static bool has(const char *program)
{
    const char *const args[] = {program, "-V", NULL};
    return server_run(args);
}

const char *net_begin(void)
{
    if (!has("ip"))
        return "no ip here: make deps";
    if (!has("nft"))
        return "no nft here: make deps";
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
        return "no network and mount namespaces here, or no right to make them";
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return "mounts cannot be kept private here";
    hub = current_space();
    if (!make_hub())
        return "no bridge can be made here";
    for (unsigned i = 0; i < NODES; i++)
        if (!make_node(i))
            return "no link with a packet filter can be made here";
    return NULL;
}

/* ---- in use ---- */

pid_t net_spawn(unsigned node, const char *const *args, const char *log)
{
    enter(spaces[node]);
    pid_t pid = server_spawn(args, log);
    enter(hub);
    return pid;
}

static void run_in(unsigned node, const char *const *args)
{
    enter(spaces[node]);
    bool done = server_run(args);
    enter(hub);
    if (!done)
        server_give_up("%s %s: see the log", args[0], args[1]);
}

static void filter_address(unsigned node, const char *set, const char *address, bool on)
{
    char element[32];
    snprintf(element, sizeof element, "{ %s }", address);
    const char *const args[] = {
        "nft", on ? "add" : "delete", "element", "inet", "faults", set, element, NULL};
    run_in(node, args);
}

void net_deaf(unsigned node, const char *address, bool on)
{
    filter_address(node, "deaf", address, on);
}

void net_mute(unsigned node, const char *address, bool on)
{
    filter_address(node, "mute", address, on);
}

void net_link(unsigned node, bool up)
{
    const char *const args[] = {"ip", "link", "set", "eth", up ? "up" : "down", NULL};
    run_in(node, args);
}
