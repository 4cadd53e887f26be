/* Reading strace's logs. Their form is described in strace(1), under -ttt, -yy and -e inject. */
#include "grader/testkit/ledger.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

/* How a call's arguments say what moved. Descriptor positions count from 0; -1: none. */
struct call_shape {
    const char *name;
    int from;
    int to;
    int size;  /* argument that holds the length when the result doesn't (mmap); -1: the result does
                */
    int asked; /* argument that holds how many bytes were asked for, or the vector; -1: not told */
};

static const struct call_shape shapes[] = {
    {"read", 0, -1, -1, 2},     {"readv", 0, -1, -1, 1},     {"pread64", 0, -1, -1, 2},
    {"preadv", 0, -1, -1, 1},   {"preadv2", 0, -1, -1, 1},   {"recvfrom", 0, -1, -1, 2},
    {"recvmsg", 0, -1, -1, -1}, {"mmap", 4, -1, 1, 1},       {"write", -1, 0, -1, 2},
    {"writev", -1, 0, -1, 1},   {"pwrite64", -1, 0, -1, 2},  {"pwritev", -1, 0, -1, 1},
    {"pwritev2", -1, 0, -1, 1}, {"sendto", -1, 0, -1, 2},    {"sendmsg", -1, 0, -1, -1},
    {"sendfile", 1, 0, -1, -1}, {"splice", 0, 2, -1, -1},    {"copy_file_range", 0, 2, -1, -1},
    {"tee", 0, 1, -1, -1},      {"vmsplice", -1, 0, -1, -1}, {"execve", -1, -1, -1, -1},
    {"clone", -1, -1, -1, -1},  {"clone3", -1, -1, -1, -1},  {"fork", -1, -1, -1, -1},
    {"vfork", -1, -1, -1, -1},  {"recvmmsg", 0, -1, -1, -1}, {"sendmmsg", -1, 0, -1, -1},
};

/* Calls that move no bytes; `on` is the position of the descriptor that they are about. */
static const struct other_shape {
    const char *name;
    enum call_family family;
    int on;
} others[] = {
    {"accept", ACCEPTS, 0},     {"accept4", ACCEPTS, 0},   {"poll", WAITS, -1},
    {"ppoll", WAITS, -1},       {"select", WAITS, -1},     {"pselect6", WAITS, -1},
    {"epoll_wait", WAITS, 0},   {"epoll_pwait", WAITS, 0}, {"epoll_pwait2", WAITS, 0},
    {"epoll_ctl", INTEREST, 2}, {"connect", CONNECTS, 0},
};

static const struct call_shape *shape_of(const char *name) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    return NULL;
}

static const struct other_shape *other_shape_of(const char *name) {
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i].name, name) == 0)
            return &others[i];
    return NULL;
}

bool family_has(enum call_family family, const char *name) {
    const struct call_shape *shape = shape_of(name);
    const struct other_shape *other = other_shape_of(name);
    if (family > WRITES)
        return other != NULL && other->family == family;
    return shape != NULL && (family == READS ? shape->from : shape->to) >= 0;
}

const char *family_name(enum call_family family) {
    static const char *const names[] = {
        "reads", "writes", "accepts", "waits", "changes of interest", "connects"};
    return names[family];
}

/* The end of what a descriptor stands for: the '>' that closes the '<' before `text`. In names
 * strace writes '<', '>' and quotes as escapes; "->" between two addresses closes nothing. */
static char *name_end(char *text) {
    int depth = 1;
    bool quoted = false;
    for (; *text != '\0'; text++) {
        bool arrow = text[-1] == '-' && (isdigit((unsigned char)text[1]) || text[1] == '[');
        if (*text == '\\' && text[1] != '\0')
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && *text == '<')
            depth++;
        else if (!quoted && *text == '>' && !arrow && --depth == 0)
            return text;
    }
    return NULL;
}

/* The end of one argument: its comma or the closing parenthesis, outside quotes, names and
 * brackets. */
static char *argument_end(char *text) {
    int depth = 0;
    bool quoted = false;
    for (; text != NULL && *text != '\0'; text++) {
        if (quoted) {
            if (*text == '\\' && text[1] != '\0')
                text++;
            else if (*text == '"')
                quoted = false;
        } else if (*text == '"') {
            quoted = true;
        } else if (*text == '<' && isdigit((unsigned char)text[-1])) {
            text = name_end(text + 1);
            if (text == NULL)
                return NULL;
        } else if (strchr("([{", *text) != NULL) {
            depth++;
        } else if (depth > 0 && strchr(")]}", *text) != NULL) {
            depth--;
        } else if (depth == 0 && (*text == ',' || *text == ')')) {
            return text;
        }
    }
    return NULL;
}

/* Cuts "3</in/file>" down to "/in/file", and "1</dev/full<char 1:7>>" to "/dev/full"; NULL when the
 * descriptor has no name ("-1"). */
static char *descriptor_name(char *argument) {
    static char unnamed[] = "?"; /* open, but the tracer was not told what it is */
    char *open = strchr(argument, '<');
    if (open == NULL && isdigit((unsigned char)*argument))
        return unnamed;
    char *close = open == NULL ? NULL : name_end(open + 1);
    if (close == NULL)
        return NULL;
    *close = '\0';
    char *device = strstr(open + 1, "<char ");
    if (device != NULL)
        *device = '\0';
    return open + 1;
}

enum { MOST_ARGUMENTS = 8 };

/* Splits the arguments in place. Returns what follows the closing parenthesis, or NULL. */
static char *split_arguments(char *text, char **arguments, int *count) {
    for (*count = 0;;) {
        while (*text == ' ')
            text++;
        char *end = argument_end(text);
        if (end == NULL)
            return NULL;
        bool last = *end == ')';
        *end = '\0';
        if (*count < MOST_ARGUMENTS)
            arguments[(*count)++] = text;
        text = end + 1;
        if (last)
            return text;
    }
}

/* "= 17" or "= 0x7f…" or "= -1 EINTR (Interrupted system call) (INJECTED)"; "= ?" is no result. */
static bool parse_result(char *text, struct call *call, int64_t *result) {
    char *equals = strchr(text, '=');
    if (equals == NULL || equals[1] != ' ' || equals[2] == '?' ||
        strstr(text, "(INJECTED)") != NULL)
        return false;
    char *end;
    *result = (int64_t)strtoull(equals + 2, &end, 0);
    if (*result == -1 && *end == ' ') {
        call->error = end + 1;
        *strchrnul(end + 1, ' ') = '\0';
    }
    return true;
}

static int64_t parse_time(char **line) {
    char *end;
    int64_t seconds = strtoll(*line, &end, 10), fraction = 0;
    int digits = 0;
    if (*end == '.')
        for (end++; isdigit((unsigned char)*end); end++, digits++)
            fraction = fraction * 10 + (*end - '0');
    for (; digits < 9; digits++)
        fraction *= 10;
    *line = end;
    return seconds * 1000000000 + fraction;
}

/* "65536", or "[{iov_base="..."..., iov_len=3}, {..., iov_len=4096}]" and its sum. */
static int64_t parse_asked(const char *argument) {
    static const char key[] = "iov_len=";
    int64_t sum = 0;
    if (*argument != '[')
        return strtoll(argument, NULL, 0);
    while ((argument = strstr(argument, key)) != NULL) {
        argument += sizeof key - 1;
        sum += strtoll(argument, NULL, 0);
    }
    return sum;
}

/* What its arguments and its result say of a call whose shape is known. */
static void describe(struct call *call, char **arguments, int count, int64_t result) {
    const struct call_shape *shape = shape_of(call->name);
    const struct other_shape *other = other_shape_of(call->name);
    if (other != NULL && other->on >= 0 && other->on < count)
        call->from = descriptor_name(arguments[other->on]);
    if (shape == NULL)
        return;
    if (shape->from >= 0 && shape->from < count)
        call->from = descriptor_name(arguments[shape->from]);
    if (shape->to >= 0 && shape->to < count)
        call->to = descriptor_name(arguments[shape->to]);
    if (call->error == NULL && result > 0)
        call->bytes = shape->size >= 0 ? strtoll(arguments[shape->size], NULL, 0) : result;
    if (shape->asked >= 0 && shape->asked < count)
        call->asked = parse_asked(arguments[shape->asked]);
}

bool ledger_parse_line(char *line, struct call *call) {
    *call = (struct call){.time_ns = parse_time(&line)};
    while (*line == ' ')
        line++;
    char *parenthesis = strchr(line, '(');
    if (parenthesis == NULL || !islower((unsigned char)*line))
        return false;
    *parenthesis = '\0';
    call->name = line;
    char *arguments[MOST_ARGUMENTS];
    int count = 0;
    int64_t result = 0;
    char *rest = split_arguments(parenthesis + 1, arguments, &count);
    if (rest == NULL || !parse_result(rest, call, &result))
        return false;
    describe(call, arguments, count, result);
    return true;
}

/* One log, of one thread, with what is needed to tell whose thread it was. */
struct log {
    pid_t thread;
    struct call *calls;
    size_t count;
    size_t capacity;
    size_t first;     /* of the program's own calls */
    bool is_programs; /* its thread is the program's or a descendant's */
    bool is_adopted;  /* a descendant's: counted from its first line */
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

/* strace's mark stands at the end of the line, after all that a program can have a say in. */
static bool is_injected(const char *line) {
    static const char mark[] = " (INJECTED)\n";
    size_t length = strlen(line);
    return length >= sizeof mark - 1 && strcmp(line + length - (sizeof mark - 1), mark) == 0;
}

/* Reads one log. Births are kept as calls whose `bytes` is the new thread's number. */
static int read_log(struct ledger *ledger, struct log *log, const char *path, const char *program) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    if (file == NULL)
        return -1;
    char start[512];
    snprintf(start, sizeof start, "execve(\"%s\",", program);
    while (getline(&line, &size, file) > 0) {
        bool starts = strstr(line, start) != NULL;
        pid_t born = new_thread(line);
        struct call call;
        bool injected = is_injected(line);
        if (!ledger_parse_line(line, &call)) {
            ledger->injected += injected;
            continue;
        }
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
        if (append_call(log, &call) < 0)
            break;
    }
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

static void adopt(struct log *log, bool *found) {
    if (log->is_adopted)
        return;
    log->is_programs = log->is_adopted = *found = true;
    log->first = 0; /* whatever it did before an exec of its own */
}

/* Marks every thread that the program made, and those that they made. One whose birth has no
 * result, for its parent died meanwhile, is known by beginning after the program did. */
static void follow_births(struct log *logs, size_t count) {
    const struct log *program = NULL;
    bool found = true;
    for (size_t i = 0; i < count; i++)
        if (logs[i].is_programs && (program == NULL || start_of(&logs[i]) < start_of(program)))
            program = &logs[i];
    for (size_t i = 0; program != NULL && i < count; i++)
        if (&logs[i] != program && logs[i].count > 0 &&
            logs[i].calls[0].time_ns >= start_of(program))
            adopt(&logs[i], &found);
    while (found) {
        found = false;
        for (size_t i = 0; i < count; i++)
            for (size_t j = logs[i].first; logs[i].is_programs && j < logs[i].count; j++)
                for (size_t k = 0; is_birth(&logs[i].calls[j]) && k < count; k++)
                    if (&logs[k] != program && logs[k].thread == logs[i].calls[j].bytes)
                        adopt(&logs[k], &found);
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
        total += logs[i].is_programs ? logs[i].count - logs[i].first : 0;
    ledger->calls = calloc(total + 1, sizeof *ledger->calls);
    if (ledger->calls == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!logs[i].is_programs)
            continue;
        ledger->threads++;
        ledger->measured = true;
        for (size_t j = logs[i].first; j < logs[i].count; j++)
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
