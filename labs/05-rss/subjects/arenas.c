/*
 * arenas: THREADS threads allocate KIB between them in blocks of 1,000 bytes, free all but one block
 * each, and end. It reproduces the server that is fine with one thread and dies with sixteen: so
 * that threads need not wait for each other, glibc gives each a heap of its own, an arena. Each
 * reserves 64 MiB of addresses (VmSize jumps, RSS does not), each keeps what was freed in it as the
 * one in `keep` does, and it outlives its thread, for the next one. MALLOC_ARENA_MAX bounds them.
 *
 *     allocated KIB   in use, the threads alive
 *     freed KIB       not in use, still resident: a block in each, such as a result, holds the rest
 *     joined 0        no thread is left; the arenas and their memory are
 */
#include <pthread.h>

#include "marks.h"

enum {
    MOST_THREADS = 256,
    BLOCK_BYTES = 1000,
    TAKEN_BYTES = 1008, /* of the arena by each block: its size is kept before it */
};

struct block {
    struct block *next;
    char rest[BLOCK_BYTES - sizeof(struct block *)];
};

static int64_t share_kib;
static pthread_barrier_t stage; /* the threads and main, before and after each mark */

static struct block *new_block(struct block *next) {
    struct block *block = malloc(sizeof *block);
    if (block == NULL)
        err(EXIT_FAILURE, "malloc");
    ((volatile char *)block)[BLOCK_BYTES - 1] = 1;
    block->next = next;
    return block;
}

/* Returns the block that it keeps. */
static void *work(void *unused) {
    (void)unused;
    struct block *newest = new_block(NULL);
    for (int64_t taken = TAKEN_BYTES; taken < share_kib << 10; taken += TAKEN_BYTES)
        newest = new_block(newest);
    pthread_barrier_wait(&stage);

    pthread_barrier_wait(&stage);
    for (struct block *block = newest->next; block != NULL;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    pthread_barrier_wait(&stage);

    pthread_barrier_wait(&stage);
    return newest;
}

int main(int argc, char **argv) {
    char **words = start(argc, argv, 2, 2, "THREADS KIB");
    unsigned count = (unsigned)number_in(words[0], 1, MOST_THREADS);
    int64_t kib = number_in(words[1], 1, MOST_KIB);
    pthread_t threads[MOST_THREADS];

    share_kib = kib / count;
    pthread_barrier_init(&stage, NULL, count + 1);
    for (unsigned i = 0; i < count; i++)
        if ((errno = pthread_create(&threads[i], NULL, work, NULL)) != 0)
            err(EXIT_FAILURE, "pthread_create");
    pthread_barrier_wait(&stage);
    mark("allocated", kib);

    pthread_barrier_wait(&stage);
    pthread_barrier_wait(&stage);
    mark("freed", kib);

    void *kept[MOST_THREADS];
    pthread_barrier_wait(&stage);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], &kept[i]);
    mark("joined", 0);
    for (unsigned i = 0; i < count; i++)
        free(kept[i]);
    return done();
}
