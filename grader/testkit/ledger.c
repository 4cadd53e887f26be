/* Reading strace's logs: whose thread each was, and what they say together. */
#include "grader/testkit/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One log, of one thread, with what is needed to tell whose thread it was. */
struct log {
    pid_t thread;
    struct call *calls;
    size_t count;
    size_t capacity;
    size_t first;     /* of the program's own calls */
    size_t end;       /* behind the last of them: it became a subject then, or the log ends */
    bool is_programs; /* its thread is the program's or a descendant's */
    bool is_adopted;  /* a descendant's: counted from its first line */
    bool is_subjects; /* a thread that a subject started */
};

/* Returns a string that lives as long as the ledger. Few distinct ones occur, mostly the last. */
static const char *keep_string(struct ledger *ledger, const char *string) {
    if (string == NULL)
        return NULL;
    for (size_t i = ledger->string_count; i-- > 0;)
        if (strcmp(ledger->strings[i], string) == 0)
            return ledger->strings[i];
    char **grown = realloc(ledger->strings, (ledger->string_count + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    ledger->strings = grown;
    grown[ledger->string_count] = strdup(string);
    return grown[ledger->string_count++];
}

static int append_call(struct log *log, const struct call *call) {
    if (log->count == log->capacity) {
        size_t capacity = log->capacity == 0 ? 64 : log->capacity * 2;
        struct call *grown = realloc(log->calls, capacity * sizeof *grown);
        if (grown == NULL)
            return -1;
        log->calls = grown;
        log->capacity = capacity;
    }
    log->calls[log->count++] = *call;
    return 0;
}

/* A new thread's number, the call's result, stands behind its own namespace's:
 * "= 2 /% 9 in strace's PID NS %/". The flags before it may hold comments too. */
static pid_t new_thread(const char *line) {
    const char *result = NULL;
    for (const char *at = strstr(line, " = "); at != NULL; at = strstr(at + 1, " = "))
        result = at + 3;
    if (result == NULL)
        return -1;
    const char *ours = strstr(result, "/* ");
    return atoi(ours != NULL ? ours + 3 : result);
}

static bool ends_in(const char *line, const char *mark) {
    size_t length = strlen(line), size = strlen(mark);
    return length >= size && strcmp(line + length - size, mark) == 0;
}

/* Reads one log. Births are kept as calls whose `bytes` is the new thread's number. */
static int read_log(struct ledger *ledger, struct log *log, const char *path, const char *program) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    if (file == NULL)
        return -1;
    char start[512];
    log->end = SIZE_MAX;
    snprintf(start, sizeof start, "execve(\"%s\",", program);
    while (getline(&line, &size, file) > 0) {
        bool starts = strstr(line, start) != NULL;
        bool becomes_subject = strstr(line, "execve(\"/subjects/") != NULL;
        pid_t born = new_thread(line);
        struct call call;
        /* strace's marks stand behind all that a program can have a say in */
        ledger->injected += ends_in(line, " (INJECTED)\n") || ends_in(line, " (DELAYED)\n");
        if (!ledger_parse_line(line, &call))
            continue;
        call.thread = log->thread;
        call.name = keep_string(ledger, call.name);
        call.from = keep_string(ledger, call.from);
        call.to = keep_string(ledger, call.to);
        call.error = keep_string(ledger, call.error);
        if (strstr(call.name, "clone") != NULL || strstr(call.name, "fork") != NULL)
            call.bytes = call.error == NULL ? born : 0;
        if (starts && call.error == NULL && !log->is_programs) {
            log->is_programs = true;
            log->first = log->count;
        }
        if (becomes_subject && call.error == NULL && log->end == SIZE_MAX)
            log->end = log->count;
        if (append_call(log, &call) < 0)
            break;
    }
    if (log->end > log->count)
        log->end = log->count;
    free(line);
    fclose(file);
    return 0;
}

static bool is_birth(const struct call *call) {
    return call->name[0] == 'c' ? strncmp(call->name, "clone", 5) == 0
                                : strstr(call->name, "fork") != NULL;
}

/* When the program's exec was, in a log that has it. */
static int64_t start_of(const struct log *log) {
    return log->first < log->count ? log->calls[log->first].time_ns : INT64_MAX;
}

/* Calls what that thread is born to, for each birth in a part of a log. */
static void each_birth(struct log *logs, size_t count, const struct log *of, size_t from, size_t to,
                       void (*call)(struct log *born, bool *found), bool *found) {
    for (size_t i = from; i < to; i++)
        for (size_t k = 0; is_birth(&of->calls[i]) && k < count; k++)
            if (logs[k].thread == of->calls[i].bytes)
                call(&logs[k], found);
}

static void give_away(struct log *log, bool *found) {
    if (log->is_subjects)
        return;
    log->is_subjects = *found = true;
    log->end = 0;
}

/* Marks every thread that a subject made: they are the test's, like the subject itself. What became
 * one after the program began may be its own doing, and carry code of its own: that counts. */
static void leave_out_subjects(struct log *logs, size_t count, int64_t began_ns) {
    for (size_t i = 0; i < count; i++)
        if (logs[i].end < logs[i].count && logs[i].calls[logs[i].end].time_ns >= began_ns)
            logs[i].end = logs[i].count;
    for (bool found = true; found;) {
        found = false;
        for (size_t i = 0; i < count; i++)
            each_birth(logs, count, &logs[i], logs[i].end, logs[i].count, give_away, &found);
    }
}

static void adopt(struct log *log, bool *found) {
    if (log->is_adopted || log->is_subjects)
        return;
    log->is_programs = log->is_adopted = *found = true;
    log->first = 0; /* whatever it did before an exec of its own */
}

/* Marks every thread that the program made, and those that they made. One whose birth has no
 * result, for its parent died meanwhile, is known by beginning after the program did. */
static void follow_births(struct log *logs, size_t count) {
    struct log *program = NULL;
    bool found = true;
    for (size_t i = 0; i < count; i++)
        if (logs[i].is_programs && (program == NULL || start_of(&logs[i]) < start_of(program)))
            program = &logs[i];
    if (program == NULL)
        return;
    program->is_adopted = true; /* from its exec on, and not from its first line */
    leave_out_subjects(logs, count, start_of(program));
    for (size_t i = 0; i < count; i++)
        if (logs[i].count > 0 && logs[i].calls[0].time_ns >= start_of(program))
            adopt(&logs[i], &found);
    while (found) {
        found = false;
        for (size_t i = 0; i < count; i++)
            if (logs[i].is_programs)
                each_birth(logs, count, &logs[i], logs[i].first, logs[i].end, adopt, &found);
    }
}

static int by_time(const void *left, const void *right) {
    const struct call *a = left, *b = right;
    return a->time_ns < b->time_ns ? -1 : a->time_ns > b->time_ns;
}

/* Joins the program's logs into the ledger. */
static int join_logs(struct ledger *ledger, const struct log *logs, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += logs[i].is_programs ? logs[i].end - logs[i].first : 0;
    ledger->calls = calloc(total + 1, sizeof *ledger->calls);
    if (ledger->calls == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!logs[i].is_programs)
            continue;
        ledger->threads++;
        ledger->measured = true;
        for (size_t j = logs[i].first; j < logs[i].end; j++)
            if (!is_birth(&logs[i].calls[j]) && strcmp(logs[i].calls[j].name, "execve") != 0)
                ledger->calls[ledger->count++] = logs[i].calls[j];
    }
    qsort(ledger->calls, ledger->count, sizeof *ledger->calls, by_time);
    return 0;
}

static int is_log(const struct dirent *entry) {
    return strncmp(entry->d_name, "t.", 2) == 0;
}

int ledger_read(struct ledger *ledger, const char *directory, const char *program, bool whole) {
    *ledger = (struct ledger){0};
    struct dirent **names = NULL;
    int found = scandir(directory, &names, is_log, alphasort), status = -1;
    struct log *logs = found < 0 ? NULL : calloc((size_t)found + 1, sizeof *logs);
    for (int i = 0; logs != NULL && i < found; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]->d_name);
        logs[i].thread = atoi(names[i]->d_name + 2);
        if (read_log(ledger, &logs[i], path, program) < 0)
            goto out;
        if (whole && logs[i].count > 0)
            logs[i].is_programs = true;
    }
    if (logs == NULL)
        goto out;
    follow_births(logs, (size_t)found);
    status = join_logs(ledger, logs, (size_t)found);
    if (status == 0 && whole && found > 0)
        ledger->measured = true; /* a path that was never touched is a count of zero */
    if (status == 0 && !ledger->measured)
        snprintf(ledger->why_not, sizeof ledger->why_not, "the trace does not show the program");
out:
    for (int i = 0; i < found; i++) {
        if (logs != NULL)
            free(logs[i].calls);
        free(names[i]);
    }
    free(logs);
    free(names);
    return status;
}

void ledger_release(struct ledger *ledger) {
    for (size_t i = 0; i < ledger->string_count; i++)
        free(ledger->strings[i]);
    free(ledger->strings);
    free(ledger->calls);
    *ledger = (struct ledger){0};
}

bool ledger_names(const char *name, const char *target) {
    size_t length = strlen(name);
    bool is_address = length > 2 && strcmp(name + length - 2, "->") == 0;
    if (length > 2 && strcmp(name + length - 2, "/*") == 0)
        return strncmp(name, target, length - 1) == 0;
    return is_address ? strncmp(name, target, length) == 0 : strcmp(name, target) == 0;
}

int64_t ledger_calls_between(const struct ledger *ledger, int64_t from_ns, int64_t to_ns) {
    int64_t count = 0;
    for (size_t i = 0; i < ledger->count; i++)
        count += ledger->calls[i].time_ns >= from_ns && ledger->calls[i].time_ns < to_ns;
    return count;
}

/* Whether the call belongs to the family and is on that name. */
static bool is_on(const struct call *call, enum call_family family, const char *name) {
    const char *target = family == WRITES ? call->to : call->from;
    if (!family_has(family, call->name) || (target == NULL && family <= WRITES))
        return false;
    return name == NULL || (target != NULL && ledger_names(name, target));
}

struct call_tally ledger_tally(const struct ledger *ledger, enum call_family family,
                               const char *name) {
    struct call_tally tally = {0};
    pid_t seen[64];
    for (size_t i = 0; i < ledger->count; i++) {
        const struct call *call = &ledger->calls[i];
        if (!is_on(call, family, name))
            continue;
        tally.calls++;
        tally.bytes += call->bytes;
        tally.failed += call->error != NULL;
        tally.cut_short += call->error == NULL && call->bytes < call->asked;
        tally.largest = call->bytes > tally.largest ? call->bytes : tally.largest;
        size_t known = 0;
        while (known < tally.threads && known < 64 && seen[known] != call->thread)
            known++;
        if (known == tally.threads && known < 64)
            seen[tally.threads++] = call->thread;
    }
    return tally;
}

int64_t ledger_errors(const struct ledger *ledger, enum call_family family, const char *name,
                      const char *error) {
    int64_t count = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        const struct call *call = &ledger->calls[i];
        count +=
            is_on(call, family, name) && call->error != NULL && strcmp(call->error, error) == 0;
    }
    return count;
}
