/* One line of strace's logs. Their form is described in strace(1), under -ttt, -yy and -e inject. */
#include "grader/testkit/ledger.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

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
    {"epoll_ctl", INTEREST, 2}, {"connect", CONNECTS, 0},  {"open", OPENS, -1},
    {"openat", OPENS, -1},      {"openat2", OPENS, -1},
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
        "reads", "writes", "accepts", "waits", "changes of interest", "connects", "opens"};
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
    if (family_has(OPENS, call->name) && call->error == NULL)
        call->from = descriptor_name(strchr(rest, '=')); /* the result, "= 3</proc/7/stat>" */
    return true;
}
