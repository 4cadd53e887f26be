/* The ledger: lines of strace's logs become calls, and folders of logs become a program's ledger.
 * The lines are strace 6.1's own, of `strace -ff -ttt -yy -s 0`. How a run is traced is test_kit's.
 */
#include "grader/testkit/ledger.h"

#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#include "grader/engine/process.h"
#include "grader/tests/helpers.h"

TestSuite(ledger, .timeout = 60);
TestSuite(ledger_line, .timeout = 60);

/* ---- Lines ---- */

static struct call parsed(const char *line) {
    struct call call;
    if (!ledger_parse_line(strdup(line), &call)) /* the call points into it */
        cr_assert_fail("no call was found in: %s", line);
    return call;
}

static bool is_call(const char *line) {
    struct call call;
    return ledger_parse_line(strdup(line), &call);
}

static void expect_text(const char *seen, const char *expected, const char *line) {
    bool same = seen == NULL || expected == NULL ? seen == expected : strcmp(seen, expected) == 0;
    cr_expect(same, "%s is not %s in: %s", seen == NULL ? "nothing" : seen,
              expected == NULL ? "nothing" : expected, line);
}

static void expect_call(const char *line, const char *name, const char *from, const char *to,
                        int64_t bytes) {
    struct call seen = parsed(line);
    expect_text(seen.name, name, line);
    expect_text(seen.from, from, line);
    expect_text(seen.to, to, line);
    expect_text(seen.error, NULL, line);
    cr_expect_eq(seen.bytes, bytes, "%lld bytes: %s", (long long)seen.bytes, line);
}

Test(ledger_line, tells_what_a_read_moved_from_where) {
    expect_call("1795351235.113583 read(3</tmp/st/plain>, \"\"..., 4096) = 10\n", "read",
                "/tmp/st/plain", NULL, 10);
    expect_call("1795351235.113668 read(3</tmp/st/plain>, \"\", 4096) = 0\n", "read",
                "/tmp/st/plain", NULL, 0);
    expect_call("1795351235.118093 readv(3</in/a>, [...], 2) = 7\n", "readv", "/in/a", NULL, 7);
    expect_call("1.0 pread64(3</in/a>, \"\"..., 5, 0) = 5\n", "pread64", "/in/a", NULL, 5);
    expect_call("1.0 preadv(3</in/a>, [...], 2, 0) = 7\n", "preadv", "/in/a", NULL, 7);
    expect_call("1.0 preadv2(3</in/a>, [...], 2, 0, 0) = 7\n", "preadv2", "/in/a", NULL, 7);
}

Test(ledger_line, tells_what_a_write_moved_to_where) {
    expect_call("1.0 write(1<pipe:[573170]>, \"\"..., 10) = 4\n", "write", NULL, "pipe:[573170]",
                4);
    expect_call("1.0 writev(4</t/out>, [...], 2) = 7\n", "writev", NULL, "/t/out", 7);
    expect_call("1.0 pwrite64(4</t/out>, \"\"..., 4, 9) = 4\n", "pwrite64", NULL, "/t/out", 4);
    expect_call("1.0 pwritev(4</t/out>, [...], 2, 0) = 7\n", "pwritev", NULL, "/t/out", 7);
    expect_call("1.0 pwritev2(4</t/out>, [...], 2, 0, 0) = 7\n", "pwritev2", NULL, "/t/out", 7);
    expect_call("1.0 vmsplice(6<pipe:[5]>, [...], 1, 0) = 3\n", "vmsplice", NULL, "pipe:[5]", 3);
}

Test(ledger_line, knows_both_ends_of_a_copy_inside_the_kernel) {
    expect_call("1.0 sendfile(4</t/out>, 3</in/a>, NULL, 100) = 10\n", "sendfile", "/in/a",
                "/t/out", 10);
    expect_call("1.0 sendfile(4</t/out>, 3</in/a>, [2] => [6], 4) = 4\n", "sendfile", "/in/a",
                "/t/out", 4);
    expect_call("1.0 copy_file_range(3</in/a>, [0], 4</t/out>, [0], 6, 0) = 6\n", "copy_file_range",
                "/in/a", "/t/out", 6);
    expect_call("1.0 splice(3</in/a>, [6], 6<pipe:[5]>, NULL, 7, 0) = 4\n", "splice", "/in/a",
                "pipe:[5]", 4);
    expect_call("1.0 tee(5<pipe:[5]>, 8<pipe:[6]>, 3, 0) = 3\n", "tee", "pipe:[5]", "pipe:[6]", 3);
}

Test(ledger_line, counts_a_mapping_by_its_length_not_its_address) {
    expect_call("1.0 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</in/a>, 0) = 0x7ff4f6787000\n",
                "mmap", "/in/a", NULL, 4096);
    expect_call("1.0 mmap(0x7ff4f65c0000, 1400832, PROT_READ|PROT_EXEC, "
                "MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3</usr/lib/libc.so.6>, 0x26000) = "
                "0x7ff4f65c0000\n",
                "mmap", "/usr/lib/libc.so.6", NULL, 1400832);
    expect_call("1.0 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ff4\n",
                "mmap", NULL, NULL, 8192);
}

Test(ledger_line, names_sockets_by_both_addresses) {
    expect_call("1.0 recvfrom(14<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"\"..., 9, 0, NULL, NULL) = 2\n",
                "recvfrom", "TCP:[127.0.0.1:1->127.0.0.1:2]", NULL, 2);
    expect_call("1.0 write(13<TCPv6:[[::1]:40774->[::1]:41997]>, \"\"..., 5) = 5\n", "write", NULL,
                "TCPv6:[[::1]:40774->[::1]:41997]", 5);
    expect_call("1.0 sendto(9<UNIX-STREAM:[571->572]>, \"\"..., 3, 0, NULL, 0) = 3\n", "sendto",
                NULL, "UNIX-STREAM:[571->572]", 3);
    expect_call("1.0 read(5<UNIX-STREAM:[599->598,\"/tmp/st/so,ck>x\"]>, \"\"..., 1) = 1\n", "read",
                "UNIX-STREAM:[599->598,\"/tmp/st/so,ck>x\"]", NULL, 1);
    expect_call("1.0 read(8<UNIX-STREAM:[606->605,\"/t/q\\\"(]y\"]>, \"\"..., 1) = 1\n", "read",
                "UNIX-STREAM:[606->605,\"/t/q\\\"(]y\"]", NULL, 1);
    expect_call("1.0 recvmsg(14<TCP:[127.0.0.1:1->127.0.0.1:2]>, {msg_name=NULL, msg_namelen=0, "
                "msg_iov=[...], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 7\n",
                "recvmsg", "TCP:[127.0.0.1:1->127.0.0.1:2]", NULL, 7);
    expect_call("1.0 sendto(17<UDP:[578]>, \"\"..., 2, 0, {sa_family=AF_INET, "
                "sin_port=htons(43791), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 2\n",
                "sendto", NULL, "UDP:[578]", 2);
}

/* strace escapes what its own form gives a meaning to, but not brackets and commas. */
Test(ledger_line, is_not_led_astray_by_odd_names) {
    static const char *const names[] = {
        "/t/with space", "/t/quo\\\"te",     "/t/gt\\76x",    "/t/lt\\74x",
        "/t/comma,x",    "/t/par)x(",        "/t/new\\nline", "/t/esc\\33[31m",
        "/t/bad\\377",   "/t/back\\\\slash", "/t/x, 3) = 17", "/t/open(",
        "/t/open[[[{{",  "/t/close)]}",      "/t/arrow-",     "/t/back\\\\",
        "/t/\\\"",       "/t/= -1 EIO",      "/t/(INJECTED)", "/t/x, \\\"\\\", 1) = 1 (INJECTED)"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char line[256];
        snprintf(line, sizeof line, "1.5 read(3<%s>, \"\"..., 4096) = 10\n", names[i]);
        expect_call(line, "read", names[i], NULL, 10);
        snprintf(line, sizeof line, "1.5 sendfile(4<%s>, 3<%s>, NULL, 9) = 9\n", names[i],
                 names[i]);
        expect_call(line, "sendfile", names[i], names[i], 9);
    }
}

Test(ledger_line, names_devices_and_deleted_files_by_their_path) {
    expect_call("1.0 write(1</dev/full<char 1:7>>, \"\"..., 1) = 1\n", "write", NULL, "/dev/full",
                1);
    expect_call("1.0 write(4</t/out>(deleted), \"\"..., 1) = 1\n", "write", NULL, "/t/out", 1);
    expect_call("1.0 write(8</memfd:memory,\\76(x>(deleted), \"\"..., 1) = 1\n", "write", NULL,
                "/memfd:memory,\\76(x", 1);
}

Test(ledger_line, keeps_the_error_of_a_call_that_failed) {
    struct call call =
        parsed("1.0 read(0<pipe:[7]>, 0x7ff, 8) = -1 EINTR (Interrupted system call)\n");
    cr_expect_str_eq(call.error, "EINTR");
    cr_expect_str_eq(call.from, "pipe:[7]");
    cr_expect_eq(call.bytes, 0);
    call =
        parsed("1.0 read(0<pipe:[7]>, 0x7ff, 8) = -1 EAGAIN (Resource temporarily unavailable)\n");
    cr_expect_str_eq(call.error, "EAGAIN");
    call = parsed("1.0 read(-1, 0x7ffc5c476e00, 1) = -1 EBADF (Bad file descriptor)\n");
    cr_expect_str_eq(call.error, "EBADF");
    cr_expect_null(call.from);
}

#define CONNECTION(client) "5<TCP:[127.0.0.1:80->127.0.0.1:" #client "]>"

static void expect_on(const char *text, enum call_family family, const char *name) {
    struct call call = parsed(text);
    expect_text(call.from, name, text);
    for (enum call_family each = READS; each <= OPENS; each++)
        cr_expect_eq(family_has(each, call.name), each == family, "%s", text);
    cr_expect_eq(call.bytes, 0, "%s", text);
}

Test(ledger_line, tells_what_a_server_waits_for_and_with) {
    static const char all[] = "anon_inode:[eventpoll]", one[] = "TCP:[127.0.0.1:80->127.0.0.1:9]";
    static const char *const waits[] = {
        "1.0 poll([...], 1, 100)   = 1 ([...])\n", "1.0 poll([...], 1, 10) = 0 (Timeout)\n",
        "1.0 ppoll([...], 1, {tv_sec=0}, NULL, 8) = 1 ([...], left {tv_sec=0, tv_nsec=0})\n",
        "1.0 pselect6(6, [" CONNECTION(9) "], NULL, NULL, {tv_sec=0}, NULL) = 1 (in [5])\n"};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        expect_on(waits[i], WAITS, NULL);
    expect_on("1.0 epoll_wait(6<anon_inode:[eventpoll]>, [...], 1, 100) = 1\n", WAITS, all);
    expect_on("1.0 epoll_pwait(6<anon_inode:[eventpoll]>, [], 1, 0, NULL, 8) = 0\n", WAITS, all);
    expect_on("1.0 accept4(3<TCP:[127.0.0.1:80]>, {sa_family=AF_INET, sin_port=htons(9), "
              "sin_addr=inet_addr(\"127.0.0.1\")}, [16], SOCK_CLOEXEC) = " CONNECTION(9) "\n",
              ACCEPTS, "TCP:[127.0.0.1:80]");
    expect_on("1.0 epoll_ctl(6<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, " CONNECTION(
                  9) ", {events=EPOLLIN, data={u32=5, u64=5}}) = 0\n",
              INTEREST, one);
    expect_on(
        "1.0 epoll_ctl(6<anon_inode:[eventpoll]>, EPOLL_CTL_DEL, " CONNECTION(9) ", NULL) = 0\n",
        INTEREST, one);
    cr_expect(is_call("1.0 openat(AT_FDCWD</>, \"a\", O_RDONLY) = 3</a>\n"), "of no family");
    expect_text(parsed("1.0 accept(3<TCP:[1:80]>, NULL, NULL) = -1 EMFILE (Too many)\n").error,
                "EMFILE", "accept");
}

Test(ledger_line, knows_all_connections_by_the_address_they_share) {
    cr_expect(ledger_names("TCP:[127.0.0.1:80->", "TCP:[127.0.0.1:80->127.0.0.1:9]"));
    cr_expect(!ledger_names("TCP:[127.0.0.1:80->", "TCP:[127.0.0.1:8080->127.0.0.1:9]"));
    cr_expect(!ledger_names("TCP:[127.0.0.1:80->", "TCP:[127.0.0.1:80]"));
    cr_expect(!ledger_names("/in/a", "/in/ab"));
}

Test(ledger_line, leaves_out_what_was_not_a_finished_call_of_the_program) {
    cr_expect(!is_call("1.0 read(3</in/a>, 0x7ff, 8) = -1 EINTR (Interrupted system call) "
                       "(INJECTED)\n"));
    cr_expect(!is_call("1.0 read(0<pipe:[7]>,  <unfinished ...>\n"));
    cr_expect(!is_call("1.0 read(0<pipe:[7]>, 0x7ff, 8) = ? ERESTARTSYS (To be restarted)\n"));
    cr_expect(!is_call("1.0 read(0<pipe:[7]>, 0x7ff, 8) = ?\n"));
    cr_expect(!is_call("1.0 <... read resumed>\"\"..., 8) = 8\n"));
    cr_expect(!is_call("1.0 +++ exited with 0 +++\n"));
    cr_expect(!is_call("1.0 --- SIGCHLD {si_signo=SIGCHLD} ---\n"));
    cr_expect(!is_call("1.0 read(3</in/a>, \"\"..., 40"), "a line that the end of the log cut");
    cr_expect(!is_call("1.0 read(3</in/a"), "a name that the end of the log cut");
    cr_expect(!is_call("\n"));
    cr_expect(!is_call(""));
}

Test(ledger_line, keeps_microseconds) {
    cr_expect_eq(parsed("1795351235.118093 read(3</a>, \"\"..., 5) = 5").time_ns,
                 1795351235118093000);
    cr_expect_eq(parsed("12 read(3</a>, \"\"..., 5) = 5").time_ns, 12000000000);
}

Test(ledger_line, families_hold_every_call_that_moves_bytes) {
    static const char *const both[] = {"sendfile", "splice", "copy_file_range", "tee"};
    static const char *const reads[] = {"read",    "readv",    "pread64", "preadv",
                                        "preadv2", "recvfrom", "recvmsg", "mmap"};
    static const char *const writes[] = {"write",    "writev", "pwrite64", "pwritev",
                                         "pwritev2", "sendto", "sendmsg",  "vmsplice"};
    for (size_t i = 0; i < 4; i++)
        cr_expect(family_has(READS, both[i]) && family_has(WRITES, both[i]), "%s", both[i]);
    for (size_t i = 0; i < 8; i++)
        cr_expect(family_has(READS, reads[i]) && !family_has(WRITES, reads[i]), "%s", reads[i]);
    for (size_t i = 0; i < 8; i++)
        cr_expect(family_has(WRITES, writes[i]) && !family_has(READS, writes[i]), "%s", writes[i]);
    cr_expect(!family_has(READS, "execve") && !family_has(READS, "reads"));
}

/* ---- Folders of logs ---- */

static struct ledger read_own_logs(bool whole) {
    struct ledger ledger;
    cr_assert_eq(ledger_read(&ledger, own_file(""), "/submission/p", whole), 0);
    return ledger;
}

#define EXEC(time) #time " execve(\"/submission/p\", [...], 0x7ff /* 5 vars */) = 0\n"
#define READ(time) #time " read(3</in/a>, \"\"..., 10) = 10\n"

Test(ledger, begins_at_the_exec_of_the_program) {
    make_own_file("t.10", "1.0 execve(\"/launch\", [...], 0x7ff /* 5 vars */) = 0\n" READ(1.1)
                              EXEC(1.2) READ(1.3) READ(1.4));
    struct ledger ledger = read_own_logs(false);
    cr_expect(ledger.measured);
    cr_expect_eq(ledger.threads, 1);
    cr_expect_eq(ledger_tally(&ledger, READS, "/in/a").calls, 2);
    ledger_release(&ledger);
}

Test(ledger, does_not_begin_at_an_exec_that_failed_or_of_something_else) {
    make_own_file("t.10",
                  "1.0 execve(\"/submission/p\", [...], 0x7) = -1 ENOENT (No such file)\n" READ(
                      1.1) "1.2 execve(\"/submission/pp\", [...], 0x7) = 0\n" READ(1.3));
    struct ledger ledger = read_own_logs(false);
    cr_expect(!ledger.measured);
    cr_expect_neq(ledger.why_not[0], '\0');
    ledger_release(&ledger);
}

Test(ledger, follows_threads_and_children_and_leaves_the_sandbox_out) {
    make_own_file("t.1", READ(0.5) "0.6 clone(child_stack=NULL, flags=SIGCHLD) = 2\n" READ(5.0));
    make_own_file("t.2", READ(0.7) EXEC(1.0)
                             READ(1.1) "1.2 clone(child_stack=0x7, flags=CLONE_VM|CLONE_THREAD, "
                                       "parent_tid=[3 /* 31179 in "
                                       "strace's PID NS */], tls=0x7, child_tidptr=0x7) = 3 /* "
                                       "31179 in strace's PID NS */\n"
                                       "1.3 vfork()               = 31181\n" READ(2.0));
    make_own_file("t.31179", READ(1.25) "1.26 fork() = 4 /* 40 in strace's PID NS */\n");
    make_own_file("t.31181", "");
    make_own_file("t.40", READ(1.3) READ(1.4));
    struct ledger ledger = read_own_logs(false);
    struct call_tally tally = ledger_tally(&ledger, READS, "/in/a");
    cr_expect_eq(ledger.threads, 4);
    cr_expect_eq(tally.calls, 5);
    cr_expect_eq(tally.bytes, 50);
    cr_expect_eq(tally.threads, 3);
    for (size_t i = 1; i < ledger.count; i++)
        cr_expect(ledger.calls[i - 1].time_ns <= ledger.calls[i].time_ns, "in the order of time");
    ledger_release(&ledger);
}

/* strace comments on flags that it does not know, in the form that a translated number has. */
Test(ledger, follows_a_child_whose_flags_carry_a_comment) {
    make_own_file("t.2",
                  EXEC(1.0) "1.2 clone(child_stack=NULL, flags=0x400000 /* CLONE_??? */|SIGCHLD) "
                            "= 7 /* 40 in strace's PID NS */\n");
    make_own_file("t.40", ""); /* of an empty log only the birth tells */
    struct ledger ledger = read_own_logs(false);
    cr_expect_eq(ledger.threads, 2);
    ledger_release(&ledger);
}

/* A child can't hide what it did by an exec of the program afterwards. */
Test(ledger, counts_what_a_child_did_before_an_exec_of_the_program_again) {
    make_own_file("t.2", EXEC(1.0) READ(1.1) "1.2 fork() = 9\n");
    make_own_file("t.9", READ(1.3) READ(1.4) EXEC(1.5) READ(1.6));
    struct ledger ledger = read_own_logs(false);
    cr_expect_eq(ledger_tally(&ledger, READS, "/in/a").calls, 4);
    ledger_release(&ledger);
}

#define BECOMES_SUBJECT(time) #time " execve(\"/subjects/touch\", [...], 0x7ff /* 5 vars */) = 0\n"

/* It, and its children, whenever they are born. */
Test(ledger, leaves_out_a_subject_that_was_there_before) {
    make_own_file("t.1", "0.1 fork() = 2\n0.2 fork() = 3\n");
    make_own_file("t.2", BECOMES_SUBJECT(0.3) READ(0.4) READ(1.1) "1.2 fork() = 4\n");
    make_own_file("t.3", EXEC(1.0) READ(1.3));
    make_own_file("t.4", READ(1.4) "1.5 fork() = 5\n");
    make_own_file("t.5", READ(1.6));
    struct ledger ledger = read_own_logs(false);
    cr_expect_eq(ledger.threads, 1);
    cr_expect_eq(ledger_tally(&ledger, READS, "/in/a").calls, 1);
    ledger_release(&ledger);
}

/* A program could have a subject carry its code (ld.so(8), LD_PRELOAD). */
Test(ledger, counts_a_subject_that_the_program_has_started) {
    make_own_file("t.2",
                  EXEC(1.0) "1.1 fork() = 9\n1.2 vfork() = ?\n" BECOMES_SUBJECT(1.3) READ(1.4));
    make_own_file("t.9", BECOMES_SUBJECT(1.3) READ(1.4) "1.5 fork() = 10\n");
    make_own_file("t.10", READ(1.6));
    make_own_file("t.11", BECOMES_SUBJECT(1.7) READ(1.8)); /* its birth has no result */
    struct ledger ledger = read_own_logs(false);
    cr_expect_eq(ledger.threads, 4);
    cr_expect_eq(ledger_tally(&ledger, READS, "/in/a").calls, 4);
    ledger_release(&ledger);
}

/* Nor by dying in the vfork that waits for it: then the call has no result. */
Test(ledger, counts_a_child_whose_birth_has_no_result) {
    make_own_file("t.1", READ(0.5));
    make_own_file("t.2", EXEC(1.0) "1.2 vfork() = ?\n");
    make_own_file("t.9", READ(1.3) READ(1.4));
    struct ledger ledger = read_own_logs(false);
    cr_expect_eq(ledger_tally(&ledger, READS, "/in/a").calls, 2);
    cr_expect_eq(ledger.threads, 2);
    ledger_release(&ledger);
}

Test(ledger, of_an_empty_or_missing_log_is_unmeasured) {
    make_own_file("t.2", "");
    struct ledger ledger = read_own_logs(false);
    cr_expect(!ledger.measured);
    cr_expect_neq(ledger.why_not[0], '\0');
    ledger_release(&ledger);
    remove(own_file("t.2"));
    ledger = read_own_logs(false);
    cr_expect(!ledger.measured);
    ledger_release(&ledger);
    ledger = read_own_logs(true);
    cr_expect(!ledger.measured, "not when everything counts, either");
    ledger_release(&ledger);
    cr_expect_lt(ledger_read(&ledger, own_file("nowhere"), "/submission/p", false), 0);
}

Test(ledger, of_a_path_alone_counts_every_line) {
    make_own_file("t.1", "");
    make_own_file("t.2",
                  READ(1.0) "1.1 read(3</in/a>, 0x7, 8) = -1 EINTR (Inter) (INJECTED)\n" READ(1.2));
    struct ledger ledger = read_own_logs(true);
    cr_expect(ledger.measured);
    cr_expect_eq(ledger_tally(&ledger, READS, "/in/a").calls, 2);
    ledger_release(&ledger);
}

Test(ledger, tallies_by_family_name_and_error) {
    make_own_file(
        "t.2",
        EXEC(1.0) READ(
            1.1) "1.2 read(3</in/a>, \"\"..., 10) = 3\n"
                 "1.3 read(3</in/a>, 0x7, 10) = -1 EINTR (Interrupted system call)\n"
                 "1.4 read(0<pipe:[7]>, 0x7, 10) = -1 EAGAIN (Resource temporarily unavailable)\n"
                 "1.5 write(1<pipe:[8]>, \"\"..., 5) = 5\n"
                 "1.6 sendfile(1<pipe:[8]>, 3</in/a>, NULL, 2) = 2\n");
    struct ledger ledger = read_own_logs(false);
    struct call_tally tally = ledger_tally(&ledger, READS, "/in/a");
    cr_expect_eq(tally.calls, 4);
    cr_expect_eq(tally.bytes, 15);
    cr_expect_eq(tally.failed, 1);
    cr_expect_eq(tally.largest, 10);
    cr_expect_eq(tally.threads, 1);
    cr_expect_eq(ledger_tally(&ledger, READS, NULL).calls, 5);
    cr_expect_eq(ledger_tally(&ledger, WRITES, "pipe:[8]").bytes, 7);
    cr_expect_eq(ledger_tally(&ledger, READS, "pipe:[8]").calls, 0);
    cr_expect_eq(ledger_errors(&ledger, READS, "/in/a", "EINTR"), 1);
    cr_expect_eq(ledger_errors(&ledger, READS, NULL, "EAGAIN"), 1);
    cr_expect_eq(ledger_errors(&ledger, READS, "/in/a", "EAGAIN"), 0);
    ledger_release(&ledger);
}

Test(ledger, adds_up_all_connections_to_a_server) {
    make_own_file(
        "t.2", EXEC(1.0) "1.1 accept4(3<TCP:[127.0.0.1:80]>, NULL, NULL, 0) = " CONNECTION(
                   7) "\n1.2 read(" CONNECTION(7) ", \"\"..., 99) = 10\n"
                                                  "1.3 write(" CONNECTION(
                                                      7) ", \"\"..., 20) = 20\n"
                                                         "1.4 read(" CONNECTION(
                                                             8) ", \"\"..., 99) = 11\n"
                                                                "1.5 "
                                                                "read(6<TCP:[127.0.0.1:8080->127.0."
                                                                "0.1:9]>, \"\"..., 99) = 12\n"
                                                                "1.6 "
                                                                "read(6<TCP:[127.0.0.1:9->127.0.0."
                                                                "1:80]>, \"\"..., 99) = 13\n");
    struct ledger ledger = read_own_logs(false);
    const char *all = "TCP:[127.0.0.1:80->";
    cr_expect_eq(ledger_tally(&ledger, READS, all).calls, 2);
    cr_expect_eq(ledger_tally(&ledger, READS, all).bytes, 21);
    cr_expect_eq(ledger_tally(&ledger, WRITES, all).bytes, 20);
    cr_expect_eq(ledger_tally(&ledger, ACCEPTS, NULL).calls, 1);
    cr_expect_eq(ledger_tally(&ledger, ACCEPTS, "TCP:[127.0.0.1:80]").calls, 1);
    cr_expect_eq(ledger_tally(&ledger, ACCEPTS, all).calls, 0, "a listening socket is none");
    ledger_release(&ledger);
}

/* The first moment is in it, the last is not: of two that meet, no call is in both. */
Test(ledger, counts_the_calls_between_two_moments) {
    make_own_file("t.2", EXEC(1.0) "1.5 clone(child_stack=NULL, flags=SIGCHLD) = 9\n"
                                   "2.0 getpid() = 2\n3.0 poll([...], 1, 100) = 0 (Timeout)\n");
    make_own_file("t.9", "2.5 futex(0x7f, FUTEX_WAKE_PRIVATE, 1) = 0\n" READ(4.0));
    const int64_t second = 1000000000;
    struct ledger ledger = read_own_logs(false);
    cr_expect_eq(ledger_calls_between(&ledger, 2 * second, 4 * second), 3);
    cr_expect_eq(ledger_calls_between(&ledger, 2 * second, 3 * second), 2);
    cr_expect_eq(ledger_calls_between(&ledger, 3 * second, 4 * second), 1);
    cr_expect_eq(ledger_calls_between(&ledger, 5 * second, INT64_MAX), 0);
    ledger_release(&ledger);
}

Test(ledger, ignores_other_files_of_the_folder) {
    make_own_file("t.2", EXEC(1.0) READ(1.1));
    make_own_file("other", EXEC(1.0) READ(1.1));
    struct ledger ledger = read_own_logs(false);
    cr_expect_eq(ledger_tally(&ledger, READS, "/in/a").calls, 1);
    ledger_release(&ledger);
}

/* ---- A real trace ---- */

enum { THREADS = 4, READS_EACH = 25 };

static void *read_some_bytes(void *path) {
    int fd = open(path, O_RDONLY);
    char byte;
    for (int i = 0; i < READS_EACH; i++)
        if (read(fd, &byte, 1) != 1)
            _exit(9);
    close(fd);
    return NULL;
}

/* Known counts: THREADS times READS_EACH reads, as many by a child, one sendfile, one failure. */
static int probe_threads(int argc, char **argv) {
    pthread_t threads[THREADS];
    if (argc < 3)
        return 8;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, read_some_bytes, argv[1]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pid_t child = fork();
    if (child == 0) {
        read_some_bytes(argv[1]);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    int in = open(argv[1], O_RDONLY), out = open(argv[2], O_WRONLY | O_CREAT, 0600);
    if (sendfile(out, in, NULL, 1000) != 1000 || read(out, argv, 1) >= 0)
        return 7;
    return 0;
}

static const struct probe probes[] = {{"threads", probe_threads}, {0}};
PROBES(probes)

/* strace's "t" beside the ledger's own name for it; skips where tracing is not possible. */
static void trace(char *const *command) {
    struct process process;
    char prefix[HELPER_PATH],
        *words[32] = {"strace",
                      "-ff",
                      "-ttt",
                      "-yy",
                      "-s",
                      "0",
                      "-qq",
                      "--decode-pids=pidns",
                      "--seccomp-bpf",
                      "-e",
                      "signal=none",
                      "-e",
                      "trace=read,sendfile,write,execve,clone,clone3,fork,vfork",
                      "-o",
                      prefix};
    size_t count = 15;
    snprintf(prefix, sizeof prefix, "%s/t", own_file(""));
    while (*command != NULL)
        words[count++] = *command++;
    const struct process_options options = {
        .arguments = words, .pin_to_one_cpu = true, .limit_ms = 30000};
    cr_assert_eq(process_run(&process, &options), 0);
    if (strstr(process.errors.data == NULL ? "" : process.errors.data, "ptrace") != NULL)
        cr_skip_test("strace may not trace here: %s", process.errors.data);
    cr_assert_eq(process.end, PROCESS_ENDED);
    cr_assert_eq(process.wait_status, 0, "%s", process.errors.data);
    process_release(&process);
}

Test(ledger, of_a_real_trace_holds_the_known_counts) {
    char *text = calloc(1, 4097);
    memset(text, 'x', 4096);
    const char *input = make_own_file("in put>,(", text), *output = own_file("out");
    char escaped[HELPER_PATH];
    snprintf(escaped, sizeof escaped, "%s", own_file("in put\\76,("));
    trace((char *const[]){(char *)own_path(), "probe", "threads", (char *)input, (char *)output,
                          NULL});
    struct ledger ledger;
    cr_assert_eq(ledger_read(&ledger, own_file(""), own_path(), false), 0);
    cr_assert(ledger.measured, "%s", ledger.why_not);
    struct call_tally tally = ledger_tally(&ledger, READS, escaped);
    cr_expect_eq(ledger.threads, THREADS + 2);
    cr_expect_eq(tally.calls, (THREADS + 1) * READS_EACH + 1);
    cr_expect_eq(tally.bytes, (THREADS + 1) * READS_EACH + 1000);
    cr_expect_eq(tally.largest, 1000);
    cr_expect_eq(tally.threads, THREADS + 2);
    cr_expect_eq(ledger_tally(&ledger, WRITES, output).bytes, 1000);
    cr_expect_eq(ledger_errors(&ledger, READS, output, "EBADF"), 1);
    ledger_release(&ledger);
    free(text);
}
