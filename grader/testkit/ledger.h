/* A ledger: the system calls that a program made, one entry a call, read from strace's own log.
 *
 * It can be asked how many calls of a family were made on a path or a pipe, how many bytes they
 * moved, by how many threads, and with which errors. Entries are in the order of time. Calls made
 * before the program's own exec (by the sandbox) are not in it; nor are those that strace made up
 * on our behalf (marked INJECTED), nor any that had not returned when the program ended. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Families, not names: any of these calls can move the same bytes. */
enum call_family {
    READS,  /* read readv pread64 preadv preadv2 recvfrom recvmsg mmap sendfile splice
               copy_file_range */
    WRITES, /* write writev pwrite64 pwritev pwritev2 sendto sendmsg sendfile splice copy_file_range
             */
    ACCEPTS,  /* accept accept4 */
    WAITS,    /* poll ppoll select pselect6 epoll_wait epoll_pwait epoll_pwait2 */
    INTEREST, /* epoll_ctl */
    CONNECTS, /* connect */
    OPENS,    /* open openat openat2, only for a run with `opens` */
};

/* One call. `from` and `to` are what its descriptors stood for, as strace -yy shows them: a path,
 * "pipe:[INODE]", "TCP:[...]"; NULL when it has none of that direction. */
struct call {
    int64_t time_ns; /* since the epoch, when it was entered */
    pid_t thread;
    const char *name;
    const char *from;
    const char *to;
    int64_t bytes;     /* moved; 0 when it failed */
    int64_t asked;     /* to be moved; 0 when the log doesn't tell */
    const char *error; /* "EINTR"; NULL when it succeeded */
};

struct ledger {
    struct call *calls;
    size_t count;
    size_t injected; /* calls that strace failed on our behalf, in no other number, or delayed */
    size_t threads;  /* of the program, its first one included */
    bool measured;   /* false: nothing below is known, for the reason in `why_not` */
    char why_not[256];
    char **strings; /* what the entries point to */
    size_t string_count;
};

/* Reads the logs DIRECTORY/t.TID of `strace -ff -ttt -yy -o DIRECTORY/t`.
 * program    path of the executable as its exec names it: counting starts there
 *            (a process that became one of /subjects/ before is the test's, and not in it)
 * whole      count every log from its first line (when the trace was filtered by path, so that
 *            neither exec nor clone is in it)
 * Returns 0, or -1 with errno; a log without the program's exec gives an unmeasured ledger. */
int ledger_read(struct ledger *ledger, const char *directory, const char *program, bool whole);

void ledger_release(struct ledger *ledger);

/* Parses one line of a log into a call, of any name. `line` is changed and must outlive the call, which points
 * into it. Returns false for lines that are no finished call of a program's own. */
bool ledger_parse_line(char *line, struct call *call);

/* Whether the family has that call. */
bool family_has(enum call_family family, const char *name);
const char *family_name(enum call_family family);

/* What a question or a budget is about: all calls of a family whose descriptor stood for `name`. */
struct call_tally {
    int64_t calls;
    int64_t bytes;
    int64_t failed;    /* of `calls` */
    int64_t cut_short; /* of `calls`: succeeded, with fewer bytes than were asked for */
    int64_t largest;   /* most bytes that one call moved */
    size_t threads;    /* distinct */
};
/* name NULL: on anything. One that ends in "->" stands for all connections from that address, one
 * that ends in "/" and a star for all paths below that folder. */
struct call_tally ledger_tally(const struct ledger *ledger, enum call_family family,
                               const char *name);

/* Whether a call's target is what `name` stands for, as above. */
bool ledger_names(const char *name, const char *target);

/* How many calls of any kind were entered in that time, in nanoseconds since the epoch. Whole only
 * for a run with `every_call`. */
int64_t ledger_calls_between(const struct ledger *ledger, int64_t from_ns, int64_t to_ns);

/* How many of the family's calls on `name` ended with that error, such as "EINTR". */
int64_t ledger_errors(const struct ledger *ledger, enum call_family family, const char *name,
                      const char *error);
