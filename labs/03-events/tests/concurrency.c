/* Step ready, the part that lab 02 asks of its threads as well. */
#define CONCURRENCY_STEP ready
#include "labs/02-threads/tests/concurrency.c"
