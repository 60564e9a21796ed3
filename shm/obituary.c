/* SPDX-License-Identifier: MIT */
#include "shm/obituary.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's list nodes lie 24 bytes behind the futex word of their mutex, and a mutex that is taken
 * later writes the `prev` in front of the node that was first. Ours has the same shape, so both
 * kinds can be on the list together. */
#define NODE_BEHIND_WORD 24
_Static_assert(offsetof(struct shm_public, death_next) - offsetof(struct shm_public, death) ==
                   NODE_BEHIND_WORD,
               "the futex has the shape of a glibc robust mutex");

static struct robust_list_head *list;

void shm_obituary_prepare(void)
{
    size_t size = 0;
    if (syscall(SYS_get_robust_list, 0, &list, &size) != 0)
        list = NULL;
}

int shm_obituary_arm(struct shm_public *pub)
{
    static struct robust_list_head own = {.list = {&own.list}, .futex_offset = -NODE_BEHIND_WORD};
    if (list == NULL || list->futex_offset != -NODE_BEHIND_WORD)
        list = &own;
    if (syscall(SYS_set_robust_list, list, sizeof *list) != 0)
        return -errno;
    struct robust_list *node = (struct robust_list *)(void *)&pub->death_next;
    node->next = list->list.next;
    pub->death_prev = &list->list;
    shm_order();
    list->list.next = node;
    shm_store_release(&pub->death, (uint32_t)syscall(SYS_gettid) | FUTEX_WAITERS);
    return 0;
}
