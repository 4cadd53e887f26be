/* Step keep_alive: what lab 02 asks of a server, the event loop is asked as well. */
#include "labs/02-threads/tests/keep_alive.c"
