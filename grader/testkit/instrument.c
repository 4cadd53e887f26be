/* Running a program that was built for an instrument, or under one: what is put in front of it, how
 * it reports, and that its limits are wider. What is counted or weighed is not judged then. */
#include <stdio.h>
#include <string.h>

#include "grader/testkit/kit.h"

enum { TIME_FACTOR = 20, MOST_CONNECTIONS = 400 };

static bool is(const char *name) {
    return kit()->instrument != NULL && strcmp(kit()->instrument, name) == 0;
}

int limit_for(int ms) {
    return kit()->instrument == NULL ? ms : ms * TIME_FACTOR;
}

int64_t connections_for(int64_t wanted) {
    return kit()->instrument == NULL || wanted < MOST_CONNECTIONS ? wanted : MOST_CONNECTIONS;
}

const char *const *instrument_words(void) {
    static const char *const none[] = {NULL};
    static const char *const valgrind[] = {"/usr/bin/valgrind",
                                           "-q", /* says nothing but what it finds */
                                           "--leak-check=full",
                                           "--show-leak-kinds=definite",
                                           "--errors-for-leak-kinds=definite",
                                           NULL};
    return is("valgrind") ? valgrind : none;
}

/* Leaks: the search would trace the program's own threads, and the sandbox refuses that. */
char *const *instrument_environment(void) {
    static char *words[16];
    size_t count = 0;
    for (char *const *word = sandbox_environment; *word != NULL; word++)
        words[count++] = *word;
    words[count++] = (char *)(uintptr_t) "ASAN_OPTIONS=detect_leaks=0:abort_on_error=1";
    words[count++] = (char *)(uintptr_t) "UBSAN_OPTIONS=print_stacktrace=1";
    words[count] = NULL;
    return kit()->instrument == NULL ? sandbox_environment : words;
}

void require_no_finding(const struct run *run) {
    static const char *const marks[] = {"Sanitizer: ", "runtime error: ", "\n==", NULL};
    if (kit()->instrument == NULL)
        return;
    const char *said = complaints(run);
    if (is("valgrind") && strstr(said, "WARNING: unhandled ") != NULL) /* the call fails, then */
        unmeasured("this valgrind does not know a system call that the program makes");
    const char *found = strncmp(said, "==", 2) == 0 ? said : NULL;
    for (const char *const *mark = marks; *mark != NULL && found == NULL; mark++)
        found = strstr(said, *mark);
    if (found == NULL)
        return;
    char expected[64];
    snprintf(expected, sizeof expected, "nothing that %s finds", kit()->instrument);
    fail_test(expected, "%.600s", found + strspn(found, "\n"));
}
