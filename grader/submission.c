/* Taking a submission: the descriptor that is checked is the one that is read, so that nothing can
 * be put in its place between the two. */
#include "grader/submission.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"

enum { FILE_LIMIT_BYTES = 1 << 20 };

/* Opens a regular file; anything else is refused. O_NONBLOCK: a FIFO must not hold us up. */
static int open_plain(const char *path, char *why, size_t why_bytes) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    const char *problem = NULL;
    if (fd < 0)
        problem = errno == ELOOP ? "is a link; hand in the file itself" : strerror(errno);
    else if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        problem = "is not a regular file";
    else if (status.st_size > FILE_LIMIT_BYTES)
        problem = "is larger than 1 MiB";
    if (problem == NULL)
        return fd;
    snprintf(why, why_bytes, "%s", problem);
    if (fd >= 0)
        close(fd);
    return -1;
}

char *submission_read(const char *path, size_t *length, char *why, size_t why_bytes) {
    int fd = open_plain(path, why, why_bytes);
    if (fd < 0)
        return NULL;
    char *data = read_whole(fd, FILE_LIMIT_BYTES, length);
    if (data == NULL)
        snprintf(why, why_bytes, "%s", strerror(errno));
    close(fd);
    return data;
}

static int write_copy(const char *path, const char *data, size_t length) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return -1;
    int status = write_full(fd, data, length);
    close(fd);
    return status;
}

static void add_to_digest(SHA2_CTX *digest, const char *name, const char *data, size_t length) {
    SHA256Update(digest, (const uint8_t *)name, strlen(name) + 1);
    SHA256Update(digest, (const uint8_t *)&length, sizeof length);
    SHA256Update(digest, (const uint8_t *)data, length);
}

/* Takes one file. Returns 0, or -1 with the reason. */
static int take(const char *folder, const char *name, const char *source, SHA2_CTX *digest,
                char *why, size_t why_bytes) {
    char from[PATH_BYTES], to[PATH_BYTES], problem[256] = "";
    size_t length = 0;
    snprintf(from, sizeof from, "%s/%s", folder, name);
    snprintf(to, sizeof to, "%s/%s", source, name);
    char *data = submission_read(from, &length, problem, sizeof problem);
    if (data == NULL || write_copy(to, data, length) < 0) {
        snprintf(why, why_bytes, "%s: %s", name, problem[0] != '\0' ? problem : strerror(errno));
        free(data);
        return -1;
    }
    add_to_digest(digest, name, data, length);
    free(data);
    return 0;
}

int submission_take(struct submission *submission, const struct manifest *manifest,
                    const char *folder, const char *source, char *why, size_t why_bytes) {
    SHA2_CTX digest;
    SHA256Init(&digest);
    submission->folder = folder;
    for (unsigned i = 0; i < manifest->files_count; i++)
        if (take(folder, manifest->files[i], source, &digest, why, why_bytes) < 0)
            return -1;
    SHA256End(&digest, submission->digest);
    return 0;
}

static int add_file(SHA2_CTX *digest, const char *path) {
    char why[256];
    size_t length;
    char *data = submission_read(path, &length, why, sizeof why);
    if (data == NULL)
        return -1;
    add_to_digest(digest, strrchr(path, '/') + 1, data, length);
    free(data);
    return 0;
}

int lab_tests_digest(const struct lab *lab, char out[DIGEST_CHARACTERS]) {
    char pattern[PATH_BYTES + 16];
    glob_t tests = {0};
    SHA2_CTX digest;
    SHA256Init(&digest);
    int status = add_file(&digest, lab->manifest_path);
    snprintf(pattern, sizeof pattern, "%s/tests/*.c", lab->folder);
    if (glob(pattern, 0, NULL, &tests) != 0)
        status = -1;
    for (size_t i = 0; status == 0 && i < tests.gl_pathc; i++)
        status = add_file(&digest, tests.gl_pathv[i]);
    globfree(&tests);
    SHA256End(&digest, out);
    return status;
}
