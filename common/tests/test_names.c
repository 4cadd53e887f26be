/* Tests of common/names and common/counted: which names URLs get, and that no two are alike. */
#define _GNU_SOURCE 1
#include "common/names.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/counted.h"

TestSuite(names, .timeout = 60);
TestSuite(counted, .timeout = 60);

static void expect_name(const char *path, const char *expected) {
    void *given = NULL;
    cr_expect_str_eq(name_for(&given, path), expected, "%s becomes %s", path,
                     name_for(&given, path));
    counted_free(&given);
}

Test(names, are_the_last_part_of_a_path) {
    expect_name("/file", "file");
    expect_name("/a/b/file.tar.gz", "file.tar.gz");
    expect_name("/.hidden", ".hidden");
    expect_name("/...", "...");
}

Test(names, are_decoded_once) {
    expect_name("/a%20b", "a b");
    expect_name("/%C3%A4", "\xc3\xa4");
    expect_name("/%2541", "%41");
    expect_name("/100%", "100%");
    expect_name("/%4", "%4");
    expect_name("/%zz", "%zz");
}

Test(names, that_are_missing_are_made_up) {
    expect_name("/", "index.html");
    expect_name("/a/", "index.html");
    expect_name("", "index.html");
    expect_name("/.", "index.html");
    expect_name("/..", "index.html");
    expect_name("/a\nb%20", "index.html");
}

Test(names, that_would_lead_elsewhere_stay_encoded) {
    expect_name("/%2e%2e", "%2e%2e");
    expect_name("/%2E", "%2E");
    expect_name("/..%2f..%2fetc%2fpasswd", "..%2f..%2fetc%2fpasswd");
    expect_name("/%2Fetc", "%2Fetc");
    expect_name("/a%00b", "a%00b");
    expect_name("/a%0ab", "a%0ab");
    expect_name("/%7f", "%7f");
}

Test(names, of_any_length_leave_room_for_an_ending) {
    void *given = NULL;
    char *path = NULL;
    cr_assert_gt(asprintf(&path, "/%0*d", 5000, 7), 0);
    for (int i = 0; i < 3; i++)
        cr_expect_leq(strlen(name_for(&given, path)), 240);
    counted_free(&given);
}

Test(names, are_given_once) {
    void *given = NULL;
    cr_expect_str_eq(name_for(&given, "/x/file"), "file");
    cr_expect_str_eq(name_for(&given, "/y/file"), "file.2");
    cr_expect_str_eq(name_for(&given, "/z/file.3"), "file.3");
    cr_expect_str_eq(name_for(&given, "/x/file"), "file.4");
    counted_free(&given);
}

/* What one file is called while it is partial must not be what another is called in the end. */
Test(names, never_meet_with_an_ending) {
    static const char *const paths[] = {"/a",      "/a.part",      "/a.note", "/a.part.part",
                                        "/b.note", "/b",           "/c.part", "/c",
                                        "/c",      "/c.part.part", "/c.2"};
    enum { COUNT = sizeof paths / sizeof *paths };
    static const char *const endings[] = {"", ".part", ".note"};
    void *given = NULL, *all = NULL;
    for (size_t i = 0; i < COUNT; i++) {
        const char *name = name_for(&given, paths[i]);
        for (size_t k = 0; k < 3; k++) {
            char each[NAMES_BYTES + 8];
            snprintf(each, sizeof each, "%s%s", name, endings[k]);
            cr_expect_eq(counted_find(&all, each)->count++, 0, "%s is there twice", each);
        }
    }
    counted_free(&given);
    counted_free(&all);
}

/* Were each number tried from the beginning, this would take 50 million looks. */
Test(names, are_found_soon_among_ten_thousand_alike) {
    void *given = NULL, *all = NULL;
    for (int i = 0; i < 10000; i++)
        cr_assert_eq(counted_find(&all, name_for(&given, "/same"))->count++, 0);
    cr_expect_str_eq(name_for(&given, "/same"), "same.10001");
    counted_free(&given);
    counted_free(&all);
}

Test(counted, texts_keep_their_counts_and_places) {
    void *set = NULL;
    struct counted *first = counted_find(&set, "first");
    cr_expect_eq(first->count, 0);
    first->count = 7;
    for (int i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        counted_find(&set, text)->count = i;
    }
    cr_expect_eq(counted_find(&set, "first"), first);
    cr_expect_eq(first->count, 7);
    cr_expect_str_eq(first->text, "first");
    cr_expect_eq(counted_find(&set, "999")->count, 999);
    cr_expect_eq(counted_find(&set, "")->count, 0);
    counted_free(&set);
    cr_expect_null(set);
}

Test(names, folders_are_made_with_those_above) {
    char base[] = "/tmp/groundwork-names-XXXXXX", path[64], file[64];
    struct stat status;
    cr_assert_not_null(mkdtemp(base));
    snprintf(path, sizeof path, "%s/a//b/c/", base);
    for (int i = 0; i < 2; i++) { /* the second time it is there */
        int folder = folder_open(path);
        cr_assert_geq(folder, 0);
        cr_expect_eq(fstat(folder, &status), 0);
        cr_expect(S_ISDIR(status.st_mode));
        close(folder);
    }
    snprintf(file, sizeof file, "%s/file", base);
    close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    cr_expect_eq(folder_open(file), -1);
    cr_expect_eq(errno, ENOTDIR);
    char empty[] = "";
    cr_expect_eq(folder_open(empty), -1);
    cr_expect_eq(errno, ENOENT);
    char *command = NULL;
    cr_assert_gt(asprintf(&command, "rm -r '%s'", base), 0);
    cr_expect_eq(system(command), 0);
}
