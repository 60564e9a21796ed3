/* SPDX-License-Identifier: MIT */
#include "shm/names.h"

#include <string.h>

uint64_t shm_name_hash(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325ull;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 0x1000001b3ull;
    return hash != 0 ? hash : 1;
}

static const char *skip_number(const char *at)
{
    while (*at >= '0' && *at <= '9')
        at++;
    return at;
}

/* "1.2.3" or "1.2.3@4". */
bool shm_name_is_ref(const char *name)
{
    const char *at = name;
    for (unsigned part = 0; part < 4; part++) {
        const char *end = skip_number(at);
        if (end == at)
            return false;
        if (part >= 2 && *end == '\0')
            return true;
        if (*end != (part < 2 ? '.' : '@'))
            return false;
        at = end + 1;
    }
    return false;
}

bool shm_name_valid(const char *name)
{
    size_t len = strnlen(name, SHM_NAME_MAX + 1);
    if (len == 0 || len > SHM_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] == '/' || (uint8_t)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return !shm_name_is_ref(name);
}

/* A consistent copy of an entry; false when axsup keeps changing it. */
static bool snapshot(const struct shm_name *entry, struct shm_name *copy)
{
    for (int tries = 0; tries < 1000; tries++) {
        uint32_t before = shm_load_acquire(&entry->seq);
        memcpy(copy, entry, sizeof *copy);
        atomic_thread_fence(memory_order_acquire);
        if (!(before & 1) && shm_load(&entry->seq) == before) {
            copy->name[SHM_NAME_MAX] = '\0';
            return true;
        }
        shm_relax();
    }
    return false;
}

uint64_t shm_name_find(const struct shm_port *port, const char *name, uint32_t *entry)
{
    uint64_t hash = shm_name_hash(name);
    for (uint32_t probe = 0; probe < port->name_count; probe++) {
        uint32_t at = (uint32_t)((hash + probe) % port->name_count);
        uint64_t there = shm_load_acquire(&port->names[at].hash);
        if (there == 0)
            return 0; /* unused: the probe ends */
        struct shm_name copy;
        if (there != hash || !snapshot(&port->names[at], &copy) || copy.hash != hash ||
            strcmp(copy.name, name) != 0)
            continue;
        if (entry != NULL)
            *entry = at;
        return copy.ref;
    }
    return 0;
}

void shm_name_text(const struct shm_port *port, uint32_t entry, char *text)
{
    struct shm_name copy;
    bool found = entry < port->name_count && snapshot(&port->names[entry], &copy);
    memcpy(text, found ? copy.name : "", found ? sizeof copy.name : 1);
}
