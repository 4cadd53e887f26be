/* Step truth: what is said of a process is what the process did. Each test takes the subject's word
 * for what it touched, and the kernel's for the same moment. */
#include "labs/05-rss/tests/observing.h"

TestSuite(truth);

enum { MIB = 1024 }; /* in KiB, as all sizes here */

/* What grew between two looks, against what the subject says it did. The kernel's batches may hide a
 * part of both looks. */
static void expect_grown(const char *what, int64_t before, int64_t after, int64_t by) {
    char grown[96];
    snprintf(grown, sizeof grown, "growth of %s, in KiB,", what);
    expect_close(grown, by, after - before, 2 * batching_kib() + PAGE_KIB);
}

#define EXPECT_GROWN(key, before, after, by) expect_grown(#key, (before).key, (after).key, by)

Test(truth, reserved_is_not_resident) {
    struct run *run = observe(OFTEN, COMMAND("reserve"), "65536");
    struct seen before = seen_at(run, "started");
    struct seen reserved = next(run, "reserved"), touched = next(run, "touched");
    measure("memory_of_reserve", touched.vm_rss_kib / MIB, "MiB");
    EXPECT_NUMBER("growth of vm_size_kib for 64 MiB reserved", 64 * MIB,
                  reserved.vm_size_kib - before.vm_size_kib);
    EXPECT_GROWN(vm_rss_kib, before, reserved, 0);
    EXPECT_NUMBER("growth of vm_size_kib for 16 MiB of them touched", 0,
                  touched.vm_size_kib - reserved.vm_size_kib);
    EXPECT_GROWN(vm_rss_kib, reserved, touched, touched.kib);
    struct seen dropped = next_as_kernel(run, "dropped");
    EXPECT_GROWN(vm_rss_kib, before, dropped, 0);
    EXPECT_NUMBER("growth of vm_size_kib when they were given back", 0,
                  dropped.vm_size_kib - touched.vm_size_kib);
}

Test(truth, page_by_page) {
    struct run *run = observe(OFTEN, COMMAND("touch"), "32768");
    struct seen before = seen_at(run, "started");
    for (int portion = 1; portion <= 4; portion++) {
        struct seen touched = next_as_kernel(run, "touched");
        EXPECT_NUMBER("KiB that the subject touched", 8 * MIB * portion, touched.kib);
        EXPECT_GROWN(rss_anon_kib, before, touched, touched.kib);
        EXPECT_GROWN(vm_rss_kib, before, touched, touched.kib);
    }
}

/* Each first touch of a page is a fault. The process has a name with brackets and blanks. */
Test(truth, a_fault_a_page) {
    const int64_t spare = 64;
    struct run *run = observe(OFTEN, COMMAND("brackets"), "16384");
    seen_at(run, "started");
    struct seen first = next(run, "touched"), second = next(run, "touched");
    const int64_t pages = 8 * MIB / PAGE_KIB;
    expect_between("minor faults for 8 MiB", pages, second.minor_faults - first.minor_faults,
                   pages + spare);
    expect_between("major faults, to begin with", 0, first.major_faults, pages);
    expect_between("and then", first.major_faults, second.major_faults, pages);
}

/* Three kinds of pages, which add up. */
Test(truth, a_mapped_file) {
    char *text = calloc(1, 16 << 20);
    make_output_folder("out", 0); /* on a disk: pages of a tmpfs are shared memory */
    FILE *file = fopen(output_path("data"), "we");
    if (text == NULL || file == NULL || fwrite(text, 1, 16 << 20, file) != 16 << 20 ||
        fclose(file) != 0)
        unmeasured("can't write %s", output_path("data"));
    free(text);
    struct run *run = observe(OFTEN, COMMAND("map_file"), "out/data");
    struct seen before = seen_at(run, "started");
    struct seen mapped = next_as_kernel(run, "mapped"), unmapped = next_as_kernel(run, "unmapped");
    EXPECT_GROWN(rss_file_kib, before, mapped, 16 * MIB);
    EXPECT_GROWN(rss_anon_kib, before, mapped, 0);
    EXPECT_GROWN(rss_file_kib, before, unmapped, 0);
    EXPECT_GROWN(rss_file_kib, before, next_as_kernel(run, "read"), 0);
}

static struct seen pss_at(struct run *run, const char *mark) {
    int64_t kib = await_mark(run, mark);
    struct seen seen = fresh_pss(run);
    seen.kib = kib;
    return seen;
}

static struct seen next_pss(struct run *run, const char *mark) {
    go_on(run);
    return pss_at(run, mark);
}

/* The pages of libraries are shared with whoever else runs now, and their part moves with that. */
static void expect_pss(const char *what, struct seen before, struct seen seen, int64_t grown) {
    expect_close(what, grown, seen.pss_kib - before.pss_kib, seen.rss_file_kib + 64);
}

Test(truth, shared_memory) {
    struct run *run = observe(OFTEN, COMMAND("share"), "16384");
    struct seen before = pss_at(run, "started"), touched = next_pss(run, "touched"),
                shared = next_pss(run, "shared");
    EXPECT_GROWN(rss_shmem_kib, before, touched, 16 * MIB);
    EXPECT_GROWN(rss_anon_kib, before, touched, 0);
    expect_pss("growth of pss_kib, with one owner,", before, touched, 16 * MIB);
    EXPECT_GROWN(vm_rss_kib, touched, shared, 0);
    expect_pss("growth of pss_kib, with two owners,", before, shared, 8 * MIB);
    expect_pss("growth of pss_kib, with one again,", before, next_pss(run, "joined"), 16 * MIB);
}

Test(truth, copy_on_write) {
    struct run *run = observe(OFTEN, COMMAND("copy_on_write"), "16384");
    struct seen before = pss_at(run, "started"), touched = next_pss(run, "touched"),
                forked = next_pss(run, "forked");
    EXPECT_GROWN(rss_anon_kib, before, touched, 16 * MIB);
    EXPECT_GROWN(rss_anon_kib, touched, forked, 0);
    expect_pss("growth of pss_kib after fork, in KiB,", before, forked, 8 * MIB);
    struct seen wrote = next_pss(run, "wrote");
    EXPECT_GROWN(rss_anon_kib, touched, wrote, 0);
    expect_pss("growth of pss_kib when the child has copies of half,", before, wrote, 12 * MIB);
}

/* free(3) gives many small blocks to the allocator, malloc_trim(3) to the kernel; one large block goes
 * at once. */
Test(truth, freed_and_kept) {
    struct run *run = observe(OFTEN, COMMAND("keep"), "32768");
    struct seen before = seen_at(run, "started");
    struct seen allocated = next_as_kernel(run, "allocated"), freed = next_as_kernel(run, "freed");
    EXPECT_GROWN(rss_anon_kib, before, allocated, allocated.kib);
    EXPECT_GROWN(rss_anon_kib, allocated, freed, 0);
    EXPECT_GROWN(rss_anon_kib, before, next_as_kernel(run, "trimmed"), 0);
    end_of(run);

    run = observe(OFTEN, COMMAND("unmap"), "32768");
    before = seen_at(run, "started");
    allocated = next_as_kernel(run, "allocated");
    freed = next_as_kernel(run, "freed");
    EXPECT_GROWN(rss_anon_kib, before, allocated, allocated.kib);
    EXPECT_GROWN(rss_anon_kib, before, freed, 0);
    expect_between("what vm_size_kib falls by", freed.kib,
                   allocated.vm_size_kib - freed.vm_size_kib, freed.kib + PAGE_KIB);
}

Test(truth, sixteen_arenas) {
    struct run *run = observe(OFTEN, COMMAND("arenas"), "16", "32768");
    struct seen before = seen_at(run, "started"), allocated = next_as_kernel(run, "allocated");
    EXPECT_NUMBER("threads", 17, allocated.threads);
    EXPECT(allocated.vm_size_kib - before.vm_size_kib > 256 * MIB, "address space for each arena",
           "%" PRId64 " KiB more", allocated.vm_size_kib - before.vm_size_kib);
    expect_between("growth of rss_anon_kib", allocated.kib - 2 * batching_kib(),
                   allocated.rss_anon_kib - before.rss_anon_kib,
                   allocated.kib * 5 / 4 + 2 * batching_kib());
    next_as_kernel(run, "freed");
    EXPECT_NUMBER("threads when they have ended", 1, next_as_kernel(run, "joined").threads);
}

/* The same PID, other memory: what was opened for the old one tells nothing of it. */
Test(truth, after_an_exec) {
    struct run *run = observe(OFTEN, COMMAND("again"), "16384");
    struct seen before = pss_at(run, "started"), touched = next_pss(run, "touched"),
                again = next_pss(run, "again");
    expect_as_kernel(run, &again);
    EXPECT_GROWN(rss_anon_kib, before, touched, 16 * MIB);
    expect_close("growth of rss_anon_kib", 8 * MIB, again.rss_anon_kib - before.rss_anon_kib,
                 2 * batching_kib() + 64);
    expect_pss("growth of pss_kib", before, again, 8 * MIB);
}
