/*
 * A set of texts, each with a count: which names were given away, how many each host is serving.
 *
 * Left out: removal of one, order, locks. Memory: about 64 bytes a text and the text itself.
 */
#pragma once

struct counted {
    int count; /* 0 at first; the caller's */
    char text[];
};

/*
 * Finds the text in the set, or adds a copy with a count of 0. `*set` is NULL for an empty set.
 * Returns the entry, whose address stays while the set lives; NULL with errno ENOMEM.
 * Source: tsearch(3).
 */
struct counted *counted_find(void **set, const char *text);

/* Frees the set and all its entries. */
void counted_free(void **set);
