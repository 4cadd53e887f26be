/* Step all_of_it: every URL once, each into a file of its own, and nowhere else. */
#include "labs/04-downloads/tests/fetching.h"

TestSuite(all_of_it);

Test(all_of_it, every_byte) {
    static const int64_t sizes[] = {0,    1,     2,     1000,   4095,   4096,
                                    4097, 16384, 65535, 100000, 262144, 1 << 20};
    enum { FILES = sizeof sizes / sizeof *sizes };
    char paths[FILES][32];
    const char *words[FILES + 3] = {INTO_OUT};
    struct origin *origin = begin();
    for (size_t i = 0; i < FILES; i++) {
        snprintf(paths[i], sizeof paths[i], "/file-%zu", i);
        serve_page(origin, whole(paths[i], sizes[i]));
        words[i + 2] = origin_url(origin, 1, paths[i]);
    }
    struct run *run = run_program(.arguments = words, .awaits_others = true, .limit_ms = 10000);
    EXPECT_EXIT(run, 0);
    for (size_t i = 0; i < FILES; i++)
        expect_fetched(paths[i] + 1, whole(paths[i], sizes[i]));
}

Test(all_of_it, from_standard_input) {
    char lines[512];
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    snprintf(lines, sizeof lines, "%s\r\n  %s \n%s", origin_url(origin, 1, "/a"),
             origin_url(origin, 1, "/b"), origin_url(origin, 1, "/c"));
    struct run *run = fetch_lines(lines, "-j", "2");
    EXPECT_EXIT(run, 0);
    expect_fetched("a", whole("/a", 1000));
    expect_fetched("b", whole("/b", 1000));
    expect_fetched("c", whole("/c", 1000));
}

Test(all_of_it, comments_and_blank_lines) {
    char lines[512];
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    snprintf(lines, sizeof lines, "# the first\n\n%s\n   \n#%s\n%s\n", origin_url(origin, 1, "/a"),
             origin_url(origin, 1, "/no"), origin_url(origin, 1, "/b"));
    struct run *run = fetch_lines(lines, "-j", "2");
    EXPECT_EXIT(run, 0);
    expect_fetched("a", whole("/a", 1000));
    expect_fetched("b", whole("/b", 1000));
    EXPECT_NUMBER("requests", 2, traffic_of(origin).requests);
}

/* Lines are counted as an editor counts them; the bad one is the 23rd. */
static void expect_numbered(struct run *run, const char *number) {
    char expected[64];
    EXPECT_COMPLAINT(run, number);
    snprintf(expected, sizeof expected, "its number in the message: %s", number);
    EXPECT(says_number(complaints(run), number), expected, "`%.200s`", complaints(run));
}

Test(all_of_it, a_bad_line) {
    static const char *const bad[] = {"htp://127.0.0.1/a", "http://", "ftp://127.0.0.1/a",
                                      "file:///etc/passwd", "no URL at all"};
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char lines[512];
        snprintf(lines, sizeof lines, "# one\n%s\n%.20s%s\n%s\n", origin_url(origin, 1, "/a"),
                 "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", bad[i], origin_url(origin, 1, "/b"));
        struct run *run = fetch_lines(lines, "-j", "2");
        EXPECT_EXIT(run, 1);
        expect_numbered(run, "23");
        expect_fetched("a", whole("/a", 1000));
        expect_fetched("b", whole("/b", 1000));
    }
}

Test(all_of_it, a_bad_argument) {
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    struct run *run =
        fetch(origin_url(origin, 1, "/a"), "htp://127.0.0.1/x", origin_url(origin, 1, "/b"));
    EXPECT_EXIT(run, 1);
    expect_numbered(run, "2");
    expect_fetched("a", whole("/a", 1000));
    expect_fetched("b", whole("/b", 1000));
}

Test(all_of_it, named_after_the_path) {
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    struct run *run = fetch(origin_url(origin, 1, "/deep/down/there?and=more"),
                            origin_url(origin, 1, "/"), origin_url(origin, 1, "/with%20a%20blank"),
                            origin_url(origin, 1, "/folder/"), origin_url(origin, 1, "/of%2525"));
    EXPECT_EXIT(run, 0);
    expect_fetched("there", whole("/deep/down/there?and=more", 1000));
    expect_fetched("index.html", whole("/", 1000));
    expect_fetched("with a blank", whole("/with%20a%20blank", 1000));
    expect_fetched("index.html.2", whole("/folder/", 1000));
    expect_fetched("of%25", whole("/of%2525", 1000)); /* decoded once */
}

/* Whatever a URL says, nothing appears outside of the folder, and no link in it is followed. */
Test(all_of_it, no_way_out) {
    static const char *const paths[] = {"/a/%2e%2e",  "/..%2fkept", "/%2fin%2fout%2fkept", "/bait",
                                        "/bait.part", "/catch",     "/nul%00byte"};
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    put_file("kept", "as it was");
    mkdir(output_path("inner"), 0755);
    if (symlink("../kept", output_path("inner/bait")) < 0 ||
        symlink("../kept", output_path("inner/bait.part.part")) < 0 ||
        symlink("../kept", output_path("inner/catch.part")) < 0)
        unmeasured("no symbolic link can be made");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct run *run = run_program(.arguments = WORDS("-o", "out/inner", "--retries", "0",
                                                         origin_url(origin, 1, paths[i])),
                                      .awaits_others = true, .limit_ms = 10000);
        EXPECT(exit_status(run) <= 1, "an end of its own", "exit status %d", exit_status(run));
        EXPECT(holds("kept", "as it was"), "a file beside the folder left alone",
               "other bytes in it after `%s`", paths[i]);
    }
    EXPECT_NUMBER("what is beside and around the folder", 2, entries_in(""));
}

Test(all_of_it, two_of_a_name) {
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    struct run *run = fetch("-j", "1", origin_url(origin, 1, "/a/same"),
                            origin_url(origin, 1, "/b/same"), origin_url(origin, 1, "/c/same"));
    EXPECT_EXIT(run, 0);
    expect_fetched("same", whole("/a/same", 1000));
    expect_fetched("same.2", whole("/b/same", 1000));
    expect_fetched("same.3", whole("/c/same", 1000));
}

Test(all_of_it, a_folder_that_is_missing) {
    make_output_folder("out", 0);
    struct origin *origin = start_origin();
    serve_page(origin, whole("/*", 1000));
    struct run *run =
        run_program(.arguments = WORDS("-o", "out/a/b/c", origin_url(origin, 1, "/file")),
                    .awaits_others = true, .limit_ms = 10000);
    EXPECT_EXIT(run, 0);
    expect_fetched("a/b/c/file", whole("/file", 1000));
}

Test(all_of_it, redirected) {
    struct origin *origin = begin();
    serve_page(origin, (struct page){.path = "/old", .location = "/new"});
    serve_page(origin, whole("/new", 1000));
    struct run *run = fetch(origin_url(origin, 1, "/old"));
    EXPECT_EXIT(run, 0);
    expect_fetched("old", whole("/new", 1000));
}

Test(all_of_it, impossible_options) {
    struct origin *origin = begin();
    serve_page(origin, whole("/*", 1000));
    static const char *const bad[] = {"-j0",       "-j-1",       "-jx",         "--per-host=0",
                                      "--retries", "--retries=", "--timeout=0", "--nonsense"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct run *run = fetch(bad[i]);
        EXPECT_EXIT(run, 2);
    }
    make_file("file", "x", 1);
    struct run *run = run_with("-o", "file", origin_url(origin, 1, "/a"));
    EXPECT_EXIT(run, 1);
    EXPECT_COMPLAINT(run, "file");
}
