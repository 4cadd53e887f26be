/* Programs for a submission to look at: a lab ships them, and the kit lets them talk with the test.
 *
 * A subject does something, says exactly what in one line `WHAT KIB TIME_NS`, its mark, and goes on
 * when it is told to: so a test knows what holds while it looks. Either it runs beside the program,
 * in the same sandbox (`.beside`), and the word SUBJECT_PID among the program's arguments is its
 * number; or the program starts it itself (`.talks`), and it speaks over the standard input that it
 * gets from there. Marks from anybody but a subject are no marks. */
#pragma once

#include "grader/testkit/server.h"

/* A subject's path, as a program in the sandbox sees it. */
#define SUBJECT(name) ("/subjects/" name)

/* Lets the program run until the subject says its next mark, which must be that word.
 * Returns its KiB. */
int64_t await_mark(struct run *run, const char *what);
/* The next mark, whatever it is, when there is one within `wait_ms`: its KiB, and -1 when not. */
int64_t next_mark(struct run *run, int wait_ms);
/* Tells it to go on. */
void go_on(struct run *run);

/* Starts a program that is `late`; SUBJECT_PID stands for the process with that number inside, 0: for
 * the subject. So the subject can be somewhere, and have children, before anybody looks. */
void begin(struct run *run, pid_t inside);

/* The subject's number as the test sees it; 0 before its first mark. */
pid_t subject_pid(const struct run *run);
/* That number as the program sees it. */
pid_t subject_pid_inside(const struct run *run);

/* Waits until the subject, and whoever is still its child, has ended. */
void await_subject_end(struct run *run);
/* A new process, with so many KiB of memory touched, takes that number in the program's PID
 * namespace; the one that had it must have ended. It lives until the test does. */
void take_pid(struct run *run, pid_t inside, int64_t kib);

/* Whether the run has a memory control group of its own, which the program can see; ends the test
 * as unmeasured when not. */
void require_memory_group(const struct run *run);
