/* Step budgets, the part that lab 02 asks as well. */
#include "labs/02-threads/tests/idle.c"
