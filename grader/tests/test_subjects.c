/* The subjects of lab 05: each does to memory exactly what it says. Between two marks anonymous
 * memory, reserved memory, files and shared memory are compared to the page; what a subject's
 * allocator or threads take for themselves stands in the test that needs it. Left out: that a
 * forgotten subject ends after a minute, for nobody waits that long. */
#include <jansson.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "grader/tests/subject_seen.h"

enum {
    KIB = 20000, /* no multiple of anything */
    FILE_KIB = 4883,
    MOST_CHILDREN = 8,
    RECORDS = 5000,
    OTHER_USER = 12345,
};

TestSuite(subjects, .timeout = 60);

/* ---- touched and given back ---- */

Test(subjects, reserve_touches_a_quarter_and_drops_it) {
    struct subject subject = START("reserve", "20000"), start = subject;
    cr_expect_eq(go_on_to(&subject, "reserved"), KIB);
    expect_since(&start, &subject, KIB, 0, 0, 0);
    cr_expect_eq(go_on_to(&subject, "touched"), KIB / 4);
    expect_since(&start, &subject, KIB, KIB / 4, 0, 0);
    cr_expect_eq(go_on_to(&subject, "dropped"), 0);
    expect_since(&start, &subject, KIB, 0, 0, 0);
    expect_done(&subject);
}

Test(subjects, touch_goes_by_quarters) {
    struct subject subject = START("touch", "20000"), start = subject;
    for (int64_t i = 1; i <= 4; i++) {
        cr_expect_eq(go_on_to(&subject, "touched"), KIB * i / 4);
        expect_since(&start, &subject, KIB, KIB * i / 4, 0, 0);
    }
    expect_done(&subject);
}

Test(subjects, leak_waits_for_nobody_and_gives_nothing_back) {
    struct subject subject = START("leak", "400", "100"), start = subject;
    answer(&subject);
    for (int64_t i = 1; i <= 5; i++) {
        cr_expect_eq(await(&subject, "leaked"), 400 * i);
        /* it goes on meanwhile, so it may be a step further already */
        expect_anonymous_within(&subject, &start, 400 * i + 200, 200 + page_kib());
    }
    close(subject.socket);
    cr_expect_neq(end_of(&subject), 0);
}

Test(subjects, again_has_the_number_of_the_first_and_memory_of_its_own) {
    struct subject subject = START("again", "20000"), start = subject;
    cr_expect_eq(go_on_to(&subject, "touched"), KIB);
    expect_since(&start, &subject, KIB, KIB, 0, 0);
    cr_expect_eq(go_on_to(&subject, "again"), KIB / 2);
    /* its environment is a word longer, and where the loader puts things changes pages too */
    expect_anonymous_within(&subject, &start, KIB / 2, 4 * page_kib());
    expect_done(&subject);
}

/* ---- the allocator ---- */

Test(subjects, keep_frees_and_stays_until_it_trims) {
    struct subject subject = START("keep", "20000"), start = subject;
    cr_expect_eq(go_on_to(&subject, "allocated"), KIB);
    expect_anonymous_within(&subject, &start, KIB, page_kib());
    cr_expect_eq(go_on_to(&subject, "freed"), KIB);
    expect_anonymous_within(&subject, &start, KIB, page_kib());
    cr_expect_eq(go_on_to(&subject, "trimmed"), 0);
    /* left are the page where the free blocks begin, two where the last one lies, and two of blocks
     * that the thread's own cache holds back */
    expect_anonymous_within(&subject, &start, 0, 5 * page_kib());
    expect_done(&subject);
}

Test(subjects, unmap_frees_and_shrinks) {
    struct subject subject = START("unmap", "20000"), start = subject;
    cr_expect_eq(go_on_to(&subject, "allocated"), KIB);
    expect_anonymous_within(&subject, &start, KIB, 2 * page_kib()); /* and the block's own head */
    int64_t reserved = subject.status.vm_size_kib;
    cr_expect_eq(go_on_to(&subject, "freed"), KIB);
    expect_anonymous_within(&subject, &start, 0, page_kib());
    EXPECT_NEAR(reserved - subject.status.vm_size_kib, KIB, page_kib(), "VmSize given back");
    expect_done(&subject);
}

Test(subjects, arenas_reserve_much_and_outlive_their_threads) {
    enum { THREADS = 16, OF_A_THREAD_KIB = 40 }; /* the used part of its stack, its arena's head */
    struct subject subject = START("arenas", "16", "20000"), start = subject;
    cr_expect_eq(go_on_to(&subject, "allocated"), KIB);
    cr_expect_eq(subject.status.threads, THREADS + 1);
    expect_anonymous_within(&subject, &start, KIB, THREADS * OF_A_THREAD_KIB);
    cr_expect_geq(subject.status.vm_size_kib - start.status.vm_size_kib, 4 * KIB, "one heap");
    cr_expect_eq(go_on_to(&subject, "freed"), KIB);
    expect_anonymous_within(&subject, &start, KIB, THREADS * OF_A_THREAD_KIB);
    cr_expect_eq(go_on_to(&subject, "joined"), 0);
    cr_expect_eq(subject.status.threads, 1);
    expect_anonymous_within(&subject, &start, KIB, THREADS * OF_A_THREAD_KIB);
    expect_done(&subject);
}

/* An array of RECORDS objects; returns the sum of their values. */
static int64_t make_document(const char *path) {
    int64_t sum = 0;
    json_t *records = json_array();
    for (int64_t i = 0; i < RECORDS; sum += 3 * i - 7, i++)
        json_array_append_new(records,
                              json_pack("{s:s, s:I, s:[s, s]}", "name", "a \"name\"", "value",
                                        (json_int_t)(3 * i - 7), "tags", "], {", "}"));
    cr_assert_eq(json_dump_file(records, path, 0), 0);
    json_decref(records);
    return sum;
}

Test(subjects, parse_by_copies_holds_text_tree_and_records) {
    const char *path = own_file("document");
    struct stat file;
    make_document(path);
    stat(path, &file);
    struct subject subject = START("parse", "copy", path), start = subject;
    int64_t read_kib = go_on_to(&subject, "read");
    EXPECT_NEAR(read_kib, file.st_size / 1024, 0, "the mark");
    expect_anonymous_within(&subject, &start, read_kib, 5 * page_kib()); /* stdio, malloc */
    int64_t decoded_kib = go_on_to(&subject, "decoded");
    cr_expect_geq(decoded_kib, 5 * read_kib, "a tree is larger than its text");
    /* the allocator's own account leaves out the blocks between, that were needed and freed */
    expect_anonymous_within(&subject, &start, decoded_kib, decoded_kib / 20);
    expect_done(&subject);
}

Test(subjects, parse_as_a_stream_holds_one_record) {
    const char *path = own_file("document");
    struct stat file;
    make_document(path);
    stat(path, &file);
    struct subject subject = START("parse", "stream", path), start = subject;
    cr_expect_eq(go_on_to(&subject, "read"), file.st_size / 1024);
    expect_anonymous_within(&subject, &start, 0, 8 * page_kib());
    cr_expect_leq(go_on_to(&subject, "decoded"), 8 * page_kib());
    expect_done(&subject);
}

/* ---- files and shared memory ---- */

static const char *make_file_of(size_t bytes) {
    const char *path = own_file("file");
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    cr_assert_eq(ftruncate(fd, (off_t)bytes), 0);
    close(fd);
    return path;
}

Test(subjects, map_file_shows_the_file_when_mapped_and_not_when_read) {
    const char *path = make_file_of(FILE_KIB * 1024 - 23);
    struct subject subject = START("map_file", path), start = subject;
    cr_expect_eq(go_on_to(&subject, "mapped"), FILE_KIB);
    expect_since(&start, &subject, FILE_KIB, 0, FILE_KIB, 0);
    EXPECT_NEAR(file_kib(&subject) - file_kib(&start), FILE_KIB, page_kib(), "of files");
    cr_expect_eq(go_on_to(&subject, "unmapped"), 0);
    expect_since(&start, &subject, 0, 0, 0, 0);
    cr_expect_eq(go_on_to(&subject, "read"), FILE_KIB);
    expect_since(&start, &subject, 0, 0, 0, 0);
    expect_done(&subject);
}

/* KiB that the page cache has of a file. */
static int64_t cached_kib(const char *name, size_t bytes) {
    int64_t pages = 0;
    int fd = open(name, O_RDWR);
    unsigned char *mapped = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    static unsigned char here[1 << 16];
    cr_assert_neq(mapped, MAP_FAILED);
    cr_assert_eq(mincore(mapped, bytes, here), 0);
    for (size_t i = 0; i < bytes / (size_t)sysconf(_SC_PAGESIZE); i++)
        pages += here[i] & 1;
    munmap(mapped, bytes);
    close(fd);
    return pages * page_kib();
}

Test(subjects, page_cache_grows_and_is_nobodys) {
    struct statfs system;
    const char *path = own_file("cached");
    struct subject subject = START("page_cache", path, "20000"), start = subject;
    cr_assert_eq(statfs(own_file(""), &system), 0);
    bool drops = system.f_type != TMPFS_MAGIC && system.f_type != RAMFS_MAGIC;
    cr_expect_eq(go_on_to(&subject, "wrote"), KIB);
    EXPECT_NEAR(cached_kib(path, KIB * 1024), KIB, 0, "the page cache");
    expect_since(&start, &subject, 0, 0, 0, 0);
    cr_expect_eq(go_on_to(&subject, "read"), KIB);
    EXPECT_NEAR(cached_kib(path, KIB * 1024), KIB, 0, "the page cache");
    expect_since(&start, &subject, 0, 0, 0, 0);
    int64_t left = go_on_to(&subject, "dropped");
    EXPECT_NEAR(left, drops ? 0 : KIB, 0, "what it says is left");
    EXPECT_NEAR(cached_kib(path, KIB * 1024), left, 0, "the page cache");
    expect_since(&start, &subject, 0, 0, 0, 0);
    expect_done(&subject);
    cr_expect_neq(access(path, F_OK), 0, "its file is left");
}

Test(subjects, page_cache_writes_over_no_file) {
    const char *path = make_file_of(5);
    struct subject subject = START("page_cache", path, "400");
    answer(&subject);
    cr_expect_eq(WEXITSTATUS(end_of(&subject)), 1);
    cr_expect_eq(access(path, F_OK), 0);
}

Test(subjects, share_is_there_once_and_counted_twice) {
    struct subject subject = START("share", "20000"), start = subject;
    struct procfs_smaps_rollup child;
    pid_t children[2];
    cr_expect_eq(go_on_to(&subject, "touched"), KIB);
    expect_since(&start, &subject, KIB, 0, 0, KIB);
    cr_expect_eq(go_on_to(&subject, "shared"), KIB);
    expect_since(&start, &subject, KIB, 0, 0, KIB);
    cr_assert_eq(children_of(subject.pid, children, 2), 1);
    cr_assert_eq(procfs_smaps_rollup(children[0], &child), 0);
    cr_expect_geq(child.rss_kib, KIB);
    cr_expect_leq(child.pss_kib + subject.maps.pss_kib, KIB + 2 * start.maps.rss_kib);
    cr_expect_eq(go_on_to(&subject, "joined"), 0);
    expect_since(&start, &subject, KIB, 0, 0, KIB);
    cr_expect_eq(children_of(subject.pid, children, 2), 0);
    expect_done(&subject);
}

/* ---- children ---- */

/* The PSS of the parent's and its children's anonymous memory. (That of files depends on who else
 * has the C library mapped just now.) Each child must have so much that is its own alone; besides,
 * its first calls make copies of some pages of the stack and of variables. */
static int64_t family_pss(const struct subject *subject, size_t count, int64_t own_kib) {
    pid_t children[MOST_CHILDREN];
    int64_t sum = subject->maps.pss_anon_kib;
    cr_assert_eq(children_of(subject->pid, children, MOST_CHILDREN), count);
    for (size_t i = 0; i < count; i++) {
        struct procfs_smaps_rollup child;
        cr_assert_eq(procfs_smaps_rollup(children[i], &child), 0);
        EXPECT_NEAR(child.private_dirty_kib, own_kib, 12 * page_kib(), "the child's own");
        cr_expect_geq(child.anonymous_kib, KIB, "a forked child has it all");
        sum += child.pss_anon_kib;
    }
    return sum;
}

Test(subjects, copy_on_write_copies_what_the_children_write) {
    struct subject subject = START("copy_on_write", "20000", "3"), start = subject;
    cr_expect_eq(go_on_to(&subject, "touched"), KIB);
    expect_since(&start, &subject, KIB, KIB, 0, 0);
    cr_expect_eq(go_on_to(&subject, "forked"), 3);
    expect_since(&start, &subject, KIB, KIB, 0, 0);
    int64_t forked = family_pss(&subject, 3, 0);
    cr_expect_eq(go_on_to(&subject, "wrote"), KIB / 2);
    expect_since(&start, &subject, KIB, KIB, 0, 0);
    int64_t wrote = family_pss(&subject, 3, KIB / 2);
    if (subject.maps.pss_anon_kib >= 0) /* older kernels do not split it */
        EXPECT_NEAR(wrote - forked, 3 * (KIB / 2), 8 * page_kib(), "the copies");
    cr_expect_eq(go_on_to(&subject, "joined"), 0);
    expect_since(&start, &subject, KIB, KIB, 0, 0);
    cr_expect_eq(children_of(subject.pid, (pid_t[1]){0}, 1), 0);
    expect_done(&subject);
}

Test(subjects, copy_on_write_has_one_child_unless_told) {
    struct subject subject = START("copy_on_write", "20000");
    go_on_to(&subject, "touched");
    cr_expect_eq(go_on_to(&subject, "forked"), 1);
    family_pss(&subject, 1, 0);
    go_on_to(&subject, "wrote");
    family_pss(&subject, 1, KIB / 2);
    go_on_to(&subject, "joined");
    expect_done(&subject);
}

Test(subjects, children_end_with_their_parent) {
    struct subject subject = START("copy_on_write", "20000", "3");
    pid_t children[MOST_CHILDREN];
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    go_on_to(&subject, "touched");
    go_on_to(&subject, "forked");
    size_t count = children_of(subject.pid, children, MOST_CHILDREN);
    kill(subject.pid, SIGKILL);
    end_of(&subject);
    int64_t deadline = deadline_in_ms(SUBJECT_PATIENCE_MS);
    for (size_t i = 0; i < count; i++) {
        while (waitpid(children[i], NULL, WNOHANG) == 0 && milliseconds_left(deadline) > 0)
            usleep(1000);
        cr_expect_neq(kill(children[i], SIGKILL), 0, "a child goes on");
    }
}

Test(subjects, spawn_leaves_its_peak_to_who_counts) {
    struct subject subject = START("spawn", "3", "200000"), start = subject;
    for (int64_t i = 1; i <= 3; i++) {
        cr_expect_eq(go_on_to(&subject, "spawned"), i);
        expect_since(&start, &subject, 0, 0, 0, 0);
        cr_expect_eq(children_of(subject.pid, (pid_t[1]){0}, 1), 0);
    }
    struct rusage usage; /* its ru_maxrss is also that of the largest child, and of who forked it */
    cr_expect_eq(go_on_to(&subject, "done"), 0);
    answer(&subject);
    cr_assert_eq(wait4(subject.pid, NULL, 0, &usage), subject.pid);
    cr_expect_geq(usage.ru_maxrss, 200000);
}

Test(subjects, zombie_is_one_until_it_is_reaped) {
    struct subject subject = START("zombie");
    pid_t pid = (pid_t)go_on_to(&subject, "zombie");
    struct procfs_status status;
    cr_assert_eq(procfs_status(pid, &status), 0);
    cr_expect_eq(status.state, 'Z');
    cr_expect_eq(status.vm_size_kib, -1);
    cr_expect_eq(go_on_to(&subject, "reaped"), 0);
    cr_expect_eq(procfs_status(pid, &status), -1);
    expect_done(&subject);
}

/* ---- who may look, and how it ends ---- */

/* The files of a process that is not dumpable belong to root. */
Test(subjects, hide_is_roots_to_look_at) {
    struct stat before, after;
    char path[64];
    uid_t user = geteuid() == 0 ? OTHER_USER : 0;
    struct subject subject = start_as((const char *const[]){"hide", "20000", NULL}, user);
    snprintf(path, sizeof path, "/proc/%d/status", subject.pid);
    char line[128];
    read_line(subject.socket, line, sizeof line);
    if (line[0] == '\0')
        cr_skip_test("user %d can't run what was built here", OTHER_USER);
    cr_assert_eq(procfs_status(subject.pid, &subject.status), 0);
    struct subject start = subject;
    cr_assert_eq(stat(path, &before), 0);
    answer(&subject);
    read_line(subject.socket, line, sizeof line);
    cr_expect_eq(strncmp(line, "hidden 20000 ", 13), 0, "`%s`", line);
    cr_assert_eq(stat(path, &after), 0);
    cr_expect_neq(before.st_uid, after.st_uid, "anybody may still look");
    cr_assert_eq(procfs_status(subject.pid, &subject.status), 0);
    EXPECT_NEAR(subject.status.rss_anon_kib - start.status.rss_anon_kib, KIB,
                page_kib() + lag_kib(1), "RssAnon");
    answer(&subject);
    read_line(subject.socket, line, sizeof line);
    answer(&subject);
    cr_expect_eq(end_of(&subject), 0);
}

Test(subjects, end_ends_as_it_is_told) {
    struct subject subject = START("end", "exit", "137");
    answer(&subject);
    int status = end_of(&subject);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 137);
    const char *const signals[] = {"9", "11", "13", "15"};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        signal(atoi(signals[i]), SIG_IGN); /* inherited, were it not for the subject */
        subject = START("end", "signal", signals[i]);
        answer(&subject);
        status = end_of(&subject);
        cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == atoi(signals[i]), "%s", signals[i]);
        cr_expect_not(WCOREDUMP(status));
    }
}

Test(subjects, without_an_answer_it_ends_quietly) {
    struct subject subject = START("touch", "20000");
    shutdown(subject.socket, SHUT_WR);
    char line[128];
    read_line(subject.socket, line, sizeof line);
    cr_expect_str_eq(line, "");
    cr_expect_eq(WEXITSTATUS(end_of(&subject)), 1);
}

/* ---- by hand ---- */

/* Runs it with that as standard input and returns what it wrote; `*status` is its exit status. */
static const char *said(const char *input, int *status, const char *const *words) {
    static char text[4096];
    int in[2], out[2];
    size_t length = 0;
    cr_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    pid_t pid = fork();
    if (pid == 0)
        become(words, in[0], out[1], 0);
    close(in[0]);
    close(out[1]);
    write_full(in[1], input, strlen(input));
    close(in[1]);
    for (ssize_t count; (count = read(out[0], text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)count;
    text[length] = '\0';
    close(out[0]);
    cr_assert_eq(waitpid(pid, status, 0), pid);
    *status = WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
    return text;
}

#define SAID(input, status, ...) said(input, status, (const char *const[]){__VA_ARGS__, NULL})

/* The words of the marks without their times. */
static const char *words_of(const char *text) {
    static char words[1024];
    char word[32];
    int64_t number, time_ns;
    int length, used;
    for (used = 0; sscanf(text, "%31s %ld %ld\n%n", word, &number, &time_ns, &length) == 3;
         text += length)
        used += snprintf(words + used, sizeof words - (size_t)used, "%s %ld, ", word, number);
    return words;
}

Test(subjects, holds_each_stage_and_marks_standard_output) {
    int status;
    int64_t begin_ns = monotonic_ns();
    const char *text = SAID("", &status, "reserve", "--hold", "20", "20000");
    cr_expect_geq(monotonic_ns() - begin_ns, INT64_C(4) * 20 * 1000000);
    cr_expect_eq(status, 0);
    cr_expect_str_eq(words_of(text),
                     "started 0, reserved 20000, touched 5000, dropped 0, done 0, ");
}

Test(subjects, steps_by_lines_and_ends_without_them) {
    int status;
    const char *text = SAID("a\n\nlong line\n\n\n", &status, "reserve", "20000", "--step");
    cr_expect_eq(status, 0);
    cr_expect_str_eq(words_of(text),
                     "started 0, reserved 20000, touched 5000, dropped 0, done 0, ");
    text = SAID("\n", &status, "reserve", "20000", "--step");
    cr_expect_eq(status, 1);
    cr_expect_str_eq(words_of(text), "started 0, reserved 20000, ");
}

Test(subjects, says_nothing_when_quiet) {
    int status;
    cr_expect_str_eq(SAID("", &status, "reserve", "20000", "--quiet", "--hold", "0"), "");
    cr_expect_eq(status, 0);
}

Test(subjects, both_ways_to_parse_find_the_same_sum) {
    const char *const ways[] = {"copy", "stream"};
    const char *path = own_file("document");
    char sum[64];
    int status;
    snprintf(sum, sizeof sum, "\nsum %ld\n", make_document(path));
    for (int i = 0; i < 2; i++) {
        const char *text = SAID("", &status, "parse", ways[i], path, "--hold", "0");
        cr_expect_eq(status, 0);
        cr_expect_not_null(strstr(text, sum), "%s: %s", ways[i], text);
    }
}

Test(subjects, refuses_what_is_no_number) {
    int status;
    const char *const bad[] = {"", "0", "-1", "5x", "many", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        SAID("", &status, "touch", "--quiet", "--hold", "0", "--", bad[i]);
        cr_expect_eq(status, 2, "`%s`", bad[i]);
    }
    SAID("", &status, "touch");
    cr_expect_eq(status, 2);
    SAID("", &status, "touch", "1", "2");
    cr_expect_eq(status, 2);
    SAID("", &status, "touch", "--loud", "1");
    cr_expect_eq(status, 2);
}

/* What else a subject carried would be counted with its story. */
Test(subjects, carries_no_library_but_the_c_library) {
    struct subject subject = START("touch", "20000");
    char path[64], line[512], name[256];
    snprintf(path, sizeof path, "/proc/%d/maps", subject.pid);
    FILE *maps = fopen(path, "r");
    while (fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%*s %*s %*s %*s %*s /%255s", name) == 1)
            cr_expect(strstr(name, "subjects/touch") || strstr(name, "/libc") ||
                          strstr(name, "/ld-"),
                      "%s", line);
    fclose(maps);
    kill(subject.pid, SIGKILL);
    end_of(&subject);
}
