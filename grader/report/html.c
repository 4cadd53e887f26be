#include "grader/report/html.h"
int html_write(const json_t *result, const char *path) { (void)result; (void)path; return 0; }
