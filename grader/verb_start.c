/* grade start: a learner's own copy of a lab's starter, and a page for predictions. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/errors.h"
#include "common/io.h"
#include "grader/grading.h"
#include "grader/options.h"
#include "grader/predictions.h"
#include "grader/verbs.h"

static const struct argp_option option_list[] = {
    {"json", 'j', "FILE", 0, "write what was made as JSON; - is standard output", 0}, {0}};

/* A learner's file is never written over: that is what O_EXCL is for. */
static int copy_new(const char *from, const char *to) {
    size_t length;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    char *data = in < 0 ? NULL : read_whole(in, 1 << 20, &length);
    if (in >= 0)
        close(in);
    if (data == NULL) {
        error_errno(from);
        return -1;
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int status = out < 0 ? -1 : write_full(out, data, length);
    if (status < 0)
        error_errno(to);
    if (out >= 0)
        close(out);
    free(data);
    return status;
}

static int write_predictions(const struct manifest *manifest, const char *folder) {
    char path[PATH_BYTES + 16];
    snprintf(path, sizeof path, "%s/predict.yaml", folder);
    FILE *file = fopen(path, "wxe");
    if (file == NULL) {
        error_errno(path);
        return -1;
    }
    predictions_write_blank(manifest, file);
    return fclose(file);
}

static int fill(const struct lab *lab, const char *folder) {
    const struct manifest *manifest = lab->manifest;
    for (unsigned i = 0; i < manifest->files_count; i++) {
        char from[PATH_BYTES * 2], to[PATH_BYTES * 2];
        snprintf(from, sizeof from, "%s/starter/%s", lab->folder, manifest->files[i]);
        snprintf(to, sizeof to, "%s/%s", folder, manifest->files[i]);
        if (copy_new(from, to) < 0)
            return -1;
    }
    return write_predictions(manifest, folder);
}

static int report(const struct lab *lab, const char *folder, const char *json) {
    const char *name = lab->manifest->lab;
    if (json == NULL || strcmp(json, "-") != 0)
        printf("Made work/%s: %s, and predict.yaml for your predictions.\n"
               "Read labs/%s/README.md, then type: make check LAB=%.2s\n",
               name, lab->manifest->files[0], name, name);
    if (json == NULL)
        return 0;
    json_t *made = json_pack("{ss ss}", "lab", name, "folder", folder);
    int status = write_json(made, json);
    json_decref(made);
    return status;
}

int verb_start(int argc, char **argv) {
    static const struct grammar grammar = {
        option_list, "LAB", "Copies the lab's starter to work/LAB, which must not exist yet.", 1,
        1};
    struct options options = options_parse(&grammar, argc, argv);
    struct lab lab;
    char folder[PATH_BYTES];
    int exit_status = STATUS_NOT_MEASURED;
    if (lab_open(&lab, options.words[0]) < 0)
        return status_of_unopened(&lab);
    mkdir(lab_path(folder, "work"), 0755);
    if (mkdir(lab_path(folder, "work/%s", lab.manifest->lab), 0755) < 0)
        error_because(folder, "%s",
                      errno == EEXIST ? "you have begun this lab already; nothing changed"
                                      : strerror(errno));
    else if (fill(&lab, folder) == 0 && report(&lab, folder, options.json) == 0)
        exit_status = 0;
    lab_close(&lab);
    return exit_status;
}
