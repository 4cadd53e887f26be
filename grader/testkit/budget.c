/* Budgets: a relation between what was counted and what it may be, recorded whether it holds or
 * not. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "grader/testkit/kit.h"

struct target on_path(const char *name) {
    struct target target = {0};
    struct stat status;
    snprintf(target.name, sizeof target.name, "%s", program_path(name));
    snprintf(target.shown, sizeof target.shown, "%s", name);
    if (name[0] != '/' && stat(scratch_path(name), &status) == 0)
        target.least_bytes = status.st_size;
    return target;
}

struct target under(const char *folder) {
    struct target target = {0};
    snprintf(target.name, sizeof target.name, "%s*", folder);
    snprintf(target.shown, sizeof target.shown, "files under %s", folder);
    return target;
}

struct target on_stdin(const struct run *run) {
    struct target target = {.shown = "standard input", .least_bytes = run->fed_bytes};
    snprintf(target.name, sizeof target.name, "pipe:[%lu]",
             (unsigned long)run->process.stdin_inode);
    return target;
}

struct target on_stdout(const struct run *run) {
    struct target target = {.shown = "standard output",
                            .least_bytes = (int64_t)run->process.output.length};
    if (run->program.stdout_path != NULL)
        snprintf(target.name, sizeof target.name, "%s", run->program.stdout_path);
    else
        snprintf(target.name, sizeof target.name, "pipe:[%lu]",
                 (unsigned long)run->process.stdout_inode);
    return target;
}

struct target anywhere(void) {
    return (struct target){.shown = "anything"};
}

const struct ledger *ledger_of(const struct run *run) {
    if (!run->program.traced)
        unmeasured("this run was not traced");
    if (kit()->instrument != NULL)
        unmeasured("calls are not counted on an instrumented build");
    if (kit()->no_trace != NULL)
        unmeasured("calls can't be counted here: %s", kit()->no_trace);
    if (!run->ledger.measured)
        unmeasured("calls were not counted: %s", run->ledger.why_not);
    return &run->ledger;
}

/* ---- What a descriptor's name stands for ---- */

/* Libraries and the loader's own files are not the program's work. */
static bool is_systems(const char *name) {
    static const char *const places[] = {"/usr/", "/lib", "/etc/ld.so", "/submission/", "/sys/"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strncmp(name, places[i], strlen(places[i])) == 0)
            return true;
    return strcmp(name, kit()->program) == 0;
}

/* A socket of the server's: "TCP:[127.0.0.1:PORT->127.0.0.1:41234]", or without the other end. */
static bool is_connection(const struct run *run, const char *name) {
    char start[64];
    int length = snprintf(start, sizeof start, "TCP:[127.0.0.1:%d", run->port);
    return strncmp(name, start, (size_t)length) == 0 && strchr("-]", name[length]) != NULL;
}

/* A name as the test's author and the learner know it. */
static const char *known_name(const struct run *run, const char *name) {
    size_t length = strlen(program_directory());
    if (strcmp(name, on_stdin(run).name) == 0)
        return "standard input";
    if (strcmp(name, on_stdout(run).name) == 0)
        return "standard output";
    if (test_has_origin() && strncmp(name, "TCP:[", 5) == 0)
        return "connections"; /* a client's: each has a port of its own */
    if (run->port > 0 && is_connection(run, name))
        return strstr(name, "->") != NULL ? "connections" : "listening socket";
    if (strncmp(name, program_directory(), length) == 0 && name[length] == '/')
        return name + length + 1;
    char errors[64];
    snprintf(errors, sizeof errors, "pipe:[%lu]", (unsigned long)run->process.stderr_inode);
    return strcmp(name, errors) == 0 ? "standard error" : name;
}

/* Nothing comes back out of the devices; a terminal would give back what was written to its other
 * end. The others tell of signals, times and counts, and a call that moves files' bytes, such as
 * splice(2), does not work on them. */
static bool is_harmless(const char *name) {
    static const char *const devices[] = {"/dev/null",
                                          "/dev/zero",
                                          "/dev/full",
                                          "/dev/random",
                                          "/dev/urandom",
                                          "anon_inode:[signalfd]",
                                          "anon_inode:[timerfd]",
                                          "anon_inode:[eventfd]"};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        if (strcmp(name, devices[i]) == 0)
            return true;
    return false;
}

/* Whether a call was on a channel that the test did not give for it: a pipe, a socket, a file in
 * memory or in /tmp, /proc/self/mem; standard input where nothing was fed; an output that it reads
 * back. Bytes that take such a detour are moved twice, and both moves count. */
static bool is_own_channel(const struct run *run, enum call_family family, const char *name) {
    size_t length = strlen(program_directory());
    const char *known = known_name(run, name);
    bool is_fed = run->fed_bytes > 0;
    if (strncmp(name, program_directory(), length) == 0 && name[length] == '/')
        return !is_made_here(name + length + 1);
    if (strcmp(known, "standard input") == 0)
        return family == WRITES || !is_fed;
    if (strcmp(known, "standard output") == 0 || strcmp(known, "standard error") == 0)
        return family == READS;
    return !is_harmless(name) && !is_systems(name);
}

static int64_t calls_on_own_channels(const struct ledger *ledger, enum call_family family,
                                     const char *target) {
    const struct run *run = run_of(ledger);
    int64_t calls = 0;
    for (size_t i = 0; run != NULL && i < ledger->count; i++) {
        const struct call *call = &ledger->calls[i];
        const char *name = family == READS ? call->from : call->to;
        calls += name != NULL && !ledger_names(target, name) && family_has(family, call->name) &&
                 is_own_channel(run, family, name);
    }
    return calls;
}

/* ---- Budgets ---- */

static const char *const relation_words[] = {"at most", "at least", "exactly"};

static bool relation_holds(enum budget_relation relation, int64_t counted, int64_t limit) {
    switch (relation) {
    case BUDGET_MOST:
        return counted <= limit;
    case BUDGET_LEAST:
        return counted >= limit;
    default:
        return counted == limit;
    }
}

/* Why a budget is lost; NULL when it is kept. */
static const char *problem_with(enum call_family family, const struct call_tally *tally,
                                const struct target *target, enum budget_relation relation,
                                int64_t limit) {
    if (family <= WRITES && tally->bytes < target->least_bytes)
        return "the bytes came another way: these calls moved fewer than passed";
    return relation_holds(relation, tally->calls, limit) ? NULL : "";
}

static void note(json_t *fields, const char *what, const char *problem) {
    json_object_set_new(fields, "held", json_boolean(problem == NULL));
    json_object_set_new(fields, "problem", json_string(problem == NULL ? "" : problem));
    if (problem != NULL)
        json_object_set_new(fields, "steps", steps_so_far());
    record("budget", fields);
    if (problem != NULL)
        cr_expect_fail("over budget: %s", what);
}

/* How often a program is woken, and how many clients it then finds, is up to the scheduler: no
 * reference holds that. */
static bool family_wavers(enum call_family family) {
    return family == WAITS || family == ACCEPTS;
}

static bool call_wavers(const char *call) {
    for (enum call_family family = READS; family <= OPENS; family++)
        if (family_has(family, call) && family_wavers(family))
            return true;
    return false;
}

void budget(const struct ledger *ledger, enum call_family family, struct target target,
            enum budget_relation relation, const char *formula, int64_t limit, const char *why) {
    struct call_tally tally =
        ledger_tally(ledger, family, target.name[0] == '\0' ? NULL : target.name);
    if (relation != BUDGET_LEAST && family <= WRITES)
        tally.calls += calls_on_own_channels(ledger, family, target.name);
    const char *problem = problem_with(family, &tally, &target, relation, limit);
    char what[256];
    snprintf(what, sizeof what, "%s on %s", family_name(family), target.shown);
    note(json_pack("{ss ss ss sI sI sI sI ss ss sb}", "what", what, "relation",
                   relation_words[relation], "formula", formula, "limit", (json_int_t)limit,
                   "counted", (json_int_t)tally.calls, "bytes", (json_int_t)tally.bytes,
                   "bytes_expected", (json_int_t)target.least_bytes, "unit", "calls", "why", why,
                   "wavers", family_wavers(family)),
         what, problem);
}

void budget_number(const char *what, const char *unit, int64_t counted, const char *formula,
                   int64_t limit, const char *why) {
    if (kit()->instrument != NULL) {
        record("unmeasured",
               json_pack("{so}", "why",
                         json_sprintf("not judged on an instrumented build: %s", what)));
        return;
    }
    note(json_pack("{ss ss ss sI sI ss ss}", "what", what, "relation", "at most", "formula",
                   formula, "limit", (json_int_t)limit, "counted", (json_int_t)counted, "unit",
                   unit, "why", why),
         what, counted <= limit ? NULL : "");
}

void measure(const char *name, int64_t value, const char *unit) {
    if (kit()->instrument != NULL)
        return;
    record("measure",
           json_pack("{ss sI ss}", "name", name, "value", (json_int_t)value, "unit", unit));
}

void show(const char *what, int64_t value, const char *unit) {
    if (kit()->instrument != NULL)
        return;
    record("shown",
           json_pack("{ss sI ss}", "what", what, "value", (json_int_t)value, "unit", unit));
}

/* ---- The published ledger ---- */

enum { MOST_ROWS = 64 };

struct row {
    const char *call;
    const char *on;
    int64_t count;
    int64_t bytes;
};

static size_t count_into(struct row *rows, size_t count, const char *call, const char *on,
                         int64_t bytes) {
    size_t i = 0;
    while (i < count && (strcmp(rows[i].call, call) != 0 || strcmp(rows[i].on, on) != 0))
        i++;
    if (i == count) {
        if (count == MOST_ROWS)
            return count;
        rows[count++] = (struct row){.call = call, .on = on};
    }
    rows[i].count++;
    rows[i].bytes += bytes;
    return count;
}

void publish_ledger(const struct run *run, const char *title) {
    const struct ledger *ledger = ledger_of(run);
    struct row rows[MOST_ROWS];
    size_t count = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        const struct call *call = &ledger->calls[i];
        const char *sides[] = {call->from, call->to};
        for (size_t side = 0; side < 2; side++)
            if (sides[side] != NULL && !is_systems(sides[side]))
                count =
                    count_into(rows, count, call->name, known_name(run, sides[side]), call->bytes);
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, json_pack("{ss ss sI sI sb}", "call", rows[i].call, "on",
                                              rows[i].on, "count", (json_int_t)rows[i].count,
                                              "bytes", (json_int_t)rows[i].bytes, "wavers",
                                              call_wavers(rows[i].call)));
    }
    record("ledger", json_pack("{ss so}", "title", title, "rows", list));
}
