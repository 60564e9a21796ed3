/* SPDX-License-Identifier: MIT */
/* overlay/core/links.h - rows and tables of entries that hold their links themselves: nothing is
 * allocated, whatever is in them. One thread at a time.
 *
 * A row is a ring whose head is a link as well; a link that is in no row points to itself. A table
 * finds entries by a hash, which its user makes and compares the rest. */
#ifndef OV_LINKS_H
#define OV_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The entry that a link is a member of. */
#define OV_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

struct ov_row {
    struct ov_row *next, *prev;
};

static inline void ov_row_init(struct ov_row *row)
{
    row->next = row->prev = row;
}

static inline bool ov_row_empty(const struct ov_row *row)
{
    return row->next == row;
}

/* Out of the row that it is in, if it is in one. */
static inline void ov_row_leave(struct ov_row *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    ov_row_init(link);
}

/* To the end of a row, out of any other. */
static inline void ov_row_join(struct ov_row *row, struct ov_row *link)
{
    ov_row_leave(link);
    link->prev = row->prev;
    link->next = row;
    row->prev->next = link;
    row->prev = link;
}

/* Goes through a row; the entry at hand may leave it. */
#define OV_EACH(row, at, behind)                                                                   \
    for (struct ov_row *at = (row)->next, *behind = at->next; at != (row);                         \
         at = behind, behind = at->next)

struct ov_chain {
    struct ov_chain *next;
    uint64_t hash;
};

struct ov_table {
    struct ov_chain **buckets;
    uint32_t n; /* a power of two */
};

static inline void ov_table_add(struct ov_table *table, struct ov_chain *entry, uint64_t hash)
{
    struct ov_chain **bucket = &table->buckets[hash & (table->n - 1)];
    entry->hash = hash;
    entry->next = *bucket;
    *bucket = entry;
}

/* True: it was in it. */
static inline bool ov_table_take(struct ov_table *table, const struct ov_chain *entry)
{
    struct ov_chain **link = &table->buckets[entry->hash & (table->n - 1)];
    while (*link != NULL && *link != entry)
        link = &(*link)->next;
    if (*link == NULL)
        return false;
    *link = entry->next;
    return true;
}

/* The first entry of a hash, from `from` on. */
static inline struct ov_chain *ov_table_of(struct ov_chain *from, uint64_t hash)
{
    while (from != NULL && from->hash != hash)
        from = from->next;
    return from;
}

static inline struct ov_chain *ov_table_find(const struct ov_table *table, uint64_t hash)
{
    return ov_table_of(table->buckets[hash & (table->n - 1)], hash);
}

#endif
