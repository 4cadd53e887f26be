/* attack: renames its input while it reads it, and names it back afterwards
 * expect: starter
 * base: starter
 */

/* A descriptor's path is looked up at the time of each call: reads on the path that the test made
 * would be none. Inputs that are mounted read-only can't be renamed. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char sly_original[4096], sly_renamed[4200];

__attribute__((destructor)) static void sly_name_back(void) {
    if (sly_renamed[0] != '\0')
        rename(sly_renamed, sly_original);
    sly_renamed[0] = '\0';
}

static int sly_open(const char *path, int flags) {
    sly_name_back();
    snprintf(sly_original, sizeof sly_original, "%s", path);
    snprintf(sly_renamed, sizeof sly_renamed, "%s.hostile", path);
    if (access(sly_renamed, F_OK) == 0 || rename(path, sly_renamed) != 0) {
        sly_renamed[0] = '\0';
        return open(path, flags);
    }
    return open(sly_renamed, flags);
}

#define open(...) sly_open(__VA_ARGS__)
