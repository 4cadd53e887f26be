/* A running program's limits: time, memory, processes, and ending it whole. For process.c alone. */
#pragma once

#include "grader/engine/process.h"

/* Ends the program when it is over a limit or its `tick` says so. */
void limits_check(struct process *process);

/* Ends the program and its descendants, reaps it, and notes why. */
void limits_end(struct process *process, enum process_end why);
