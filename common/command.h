/*
 * Starting a command, as a shell does it.
 *
 * Left out: descriptors and signals, which the command inherits as they are; waiting for it, which
 * is the caller's, as its parent.
 */
#pragma once

#include <sys/types.h>

/*
 * Starts argv[0], looked for in PATH, with the arguments up to a NULL.
 * Returns its PID once it runs, so that /proc shows the command and no copy of the caller; -1 with
 * errno as fork(2) or execvp(3) set it, when there is no process.
 */
pid_t command_start(char *const argv[]);
