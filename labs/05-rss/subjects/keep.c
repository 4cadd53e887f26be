/*
 * keep: allocates KIB in blocks of 1,000 bytes and frees all but the last. It reproduces the leak
 * that is none: the program has freed everything, its heap profile says so, and RSS stays at its
 * peak for ever, for the allocator keeps free blocks for the next malloc(3). It gives memory back by
 * itself only from the top of the heap, and there one block is still in use.
 *
 *     allocated KIB   in use
 *     freed KIB       not in use, and still resident
 *     trimmed 0       malloc_trim(3) has given back each page that lay wholly in free blocks
 */
#include <malloc.h>

#include "marks.h"

enum {
    BLOCK_BYTES = 1000,
    TAKEN_BYTES = 1008, /* of the heap by each block: its size is kept before it */
};

struct block {
    struct block *next;
    char rest[BLOCK_BYTES - sizeof(struct block *)];
};

static struct block *new_block(void) {
    struct block *block = malloc(sizeof *block);
    if (block == NULL)
        err(EXIT_FAILURE, "malloc");
    /* both ends, as its user would: no page of the heap stays untouched between them */
    ((volatile char *)block)[BLOCK_BYTES - 1] = 1;
    block->next = NULL;
    return block;
}

int main(int argc, char **argv) {
    /* the heap is made with its first block; that is not part of the story */
    struct block *first = new_block();
    int64_t kib = number_in(*start(argc, argv, 1, 1, "KIB"), 4, MOST_KIB);

    struct block *last = first;
    for (int64_t taken = 0; taken < kib << 10; taken += TAKEN_BYTES)
        last = last->next = new_block();
    mark("allocated", kib);

    for (struct block *block = first; block != last;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    mark("freed", kib);

    malloc_trim(0);
    mark("trimmed", 0);
    free(last);
    return done();
}
